"""Fits recover what was put in, their error bars hold, and data that the model does not describe are refused."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.optimize import curve_fit

from helpers import tuning
from helpers.parameters import ParameterError
from helpers.tuning import circular_variance, decode_orientation, fit_tuning, orientation_error, von_mises

RING, TWELVE = np.pi * np.arange(60) / 60, np.pi * np.arange(12) / 12
TURNED = np.tile(TWELVE, 5) + np.pi * np.random.default_rng(1).integers(-3, 3, 60)
UNEVEN = np.random.default_rng(2).uniform(0, np.pi, 60)
B_RING = np.pi / 12
CAT_B = np.linspace(np.pi / 2, np.pi / 32, 8) / 2.5  # bandwidths of the recordings
ERROR = dict(bandwidth_rad="bandwidth_err_rad", amplitude="amplitude_err", baseline="baseline_err")


def counts_of(rng, mean, fano=1, n_draws=1):
    """Counts with variance fano x mean: Poisson, or negative binomial; (n_draws, mean.size)."""
    shape = (n_draws, mean.size)
    return rng.poisson(mean, shape) if fano == 1 else rng.negative_binomial(mean / (fano - 1), 1 / fano, shape)


def ring_counts(rng, preferred_rad, n_draws, fano=1):
    """Counts of the ring input: 20 Hz, a fifth of it noise floor, 1 s."""
    return counts_of(rng, 16 * von_mises(RING, preferred_rad, B_RING) + 4, fano, n_draws)


def curve(theta_rad, preferred_rad, b_rad, amplitude, baseline):
    return baseline + amplitude * von_mises(theta_rad, preferred_rad, b_rad)


def wrapped_gaussian(theta_rad, preferred_rad, b_rad):
    turns = np.pi * np.arange(-20, 21)[:, None]
    return np.exp(-((theta_rad - preferred_rad + turns) ** 2) / (2 * b_rad**2)).sum(axis=0)


SHAPES = dict(von_mises=von_mises, gaussian=wrapped_gaussian)
FORMS = {"A": 4, "B": 1, "C": 1, "power": 2}  # times B^2, below cos 2d - 1


def assert_refused(fit, fragment):
    assert not fit.ok and fragment in fit.reason
    numbers = [value for value in dataclasses.asdict(fit).values() if isinstance(value, float)]
    assert len(numbers) >= 8 and np.isnan(numbers).all()
    assert np.isnan(fit.curve([0.1, 0.2])).all()


# --- recovery and error bars -------------------------------------------------------------------------------------


def test_bandwidth_is_recovered_from_poisson_counts(rng, record):
    fits = [fit_tuning(RING, counts) for counts in ring_counts(rng, 0.0, 200)]
    b_deg = np.degrees([fit.bandwidth_rad for fit in fits])
    assert np.isfinite(b_deg).mean() > 0.97 and all(fit.ok or "shape" in fit.reason for fit in fits)
    record("fit.bandwidth", np.nanmedian(b_deg))
    record("fit.bandwidth", np.nanstd(b_deg), "sd")
    fits = [fit for fit in fits if fit.ok]
    assert all(0 <= fit.preferred_rad < np.pi for fit in fits)
    truth = dict(bandwidth_rad=B_RING, amplitude=16, baseline=4)
    z = [[abs(getattr(fit, key) - x) / getattr(fit, ERROR[key]) for key, x in truth.items()] for fit in fits]
    angle = [abs(orientation_error(fit.preferred_rad, 0)) / fit.preferred_err_rad for fit in fits]
    for held in (*(np.transpose(z) < 1.96), np.array(angle) < 1.96):
        record("fit.coverage", np.mean(held))


DISPERSED = [
    (1, 60, 30, 10, True, "von_mises"),
    (3, 60, 15, 20, True, "gaussian"),
    (3, 60, 10, 15, False, "von_mises"),
    (2, 12, 25, 60, False, "von_mises"),
    (3, 24, 20, 40, True, "von_mises"),
]


def test_intervals_hold_the_truth_whatever_the_dispersion(record):
    """Whether the intervals of B and of the angle hold the truth, over 36 draws of each."""
    hits = []
    for fano, n, b_deg, peak, baseline, model in DISPERSED:
        rng, b_rad, theta_rad = np.random.default_rng(fano * n), np.radians(b_deg), np.pi * np.arange(n) / n
        mean = peak * SHAPES[model](theta_rad, 3.1, b_rad) + (0.2 * peak if baseline else 1e-9)
        fits = [fit_tuning(theta_rad, y, baseline=baseline, model=model) for y in counts_of(rng, mean, fano, 36)]
        fits = [fit for fit in fits if fit.ok]
        assert len(fits) > 30
        assert 0.8 * fano < np.mean([fit.dispersion for fit in fits]) < 1.15 * fano
        width = [abs(fit.bandwidth_rad - b_rad) < 1.96 * fit.bandwidth_err_rad for fit in fits]
        angle = [abs(orientation_error(fit.preferred_rad, 3.1)) < 1.96 * fit.preferred_err_rad for fit in fits]
        room = 3 * np.sqrt(0.95 * 0.05 / len(fits))  # standard errors of the share
        assert min(np.mean(width), np.mean(angle)) >= 0.9 - room
        hits += width + angle
    record("tuning.coverage", np.mean(hits))


def slopes(values):
    """Derivatives of the curve with respect to preferred angle, B, amplitude and baseline, by finite differences."""
    steps = 1e-6 * np.eye(4)
    return np.transpose([(curve(RING, *values + step) - curve(RING, *values - step)) / 2e-6 for step in steps])


def test_errors_against_the_fisher_information_by_finite_differences():
    """Noise-free counts: only the profile of B and the gain over a constant lengthen the errors, by a few per cent."""
    truth, mean = np.array([1.2, B_RING, 160.0, 40.0]), 160 * von_mises(RING, 1.2, B_RING) + 40
    wanted = np.sqrt(np.diag(np.linalg.inv(slopes(truth).T / mean @ slopes(truth))))
    fit = fit_tuning(RING, mean)
    found = [fit.preferred_err_rad, fit.amplitude_err, fit.baseline_err]
    assert found == pytest.approx(wanted[[0, 2, 3]], rel=2e-3)
    assert 1.01 < fit.bandwidth_err_rad / wanted[1] / (fit.preferred_err_rad / wanted[0]) < 1.05  # profile above B


@pytest.mark.parametrize("scale", [1, 1e-12, 1e12])
def test_a_drive_is_fitted_as_scipy_does_in_any_unit(scale):
    drive = 50 * von_mises(RING, 2.0, 0.3) - 3 + np.random.default_rng(3).normal(0, 2, 60)
    best, covariance = curve_fit(curve, RING, drive, p0=[2, 0.3, 50, 0])
    fit = fit_tuning(RING, scale * drive, noise="gaussian")
    found = [fit.preferred_rad, fit.bandwidth_rad, fit.amplitude / scale, fit.baseline / scale]
    assert found == pytest.approx(best.tolist(), rel=1e-5)
    squares = ((drive - curve(RING, *best)) ** 2).sum() * scale**2
    assert [fit.deviance, fit.dispersion] == pytest.approx([squares, squares / 56], rel=1e-6)
    t_factor = stats.t.ppf(0.975, 56) / 1.96
    angle_err, _, amplitude_err, _ = t_factor * np.sqrt(np.diag(covariance))
    assert [fit.preferred_err_rad, fit.amplitude_err / scale] == pytest.approx([angle_err, amplitude_err], rel=0.01)


@pytest.mark.parametrize("noise", ["poisson", "gaussian"])
@pytest.mark.parametrize("model", SHAPES)
@pytest.mark.parametrize(
    ("b_deg", "preferred_rad", "theta_rad"),
    [(5, 0.0, RING), (15, np.pi - 0.02, UNEVEN), (20, 3.1, TURNED), (30, 0.8, RING)],
)
def test_noise_free_curves_are_recovered(model, noise, b_deg, preferred_rad, theta_rad):
    b_rad, shape = np.radians(b_deg), SHAPES[model]
    fit = fit_tuning(theta_rad, 200 * shape(theta_rad, preferred_rad, b_rad) + 30, model=model, noise=noise)
    assert fit.ok and fit.reason == "" and fit.model == model and fit.p_fit > 0.5
    assert abs(orientation_error(fit.preferred_rad, preferred_rad)) < 1e-5
    assert [fit.bandwidth_rad, fit.amplitude, fit.baseline] == pytest.approx([b_rad, 200, 30], rel=1e-4)
    assert fit.curve(RING + 8 * np.pi) == pytest.approx(200 * shape(RING, preferred_rad, b_rad) + 30, rel=1e-4)
    assert [fit.deviance, fit.dispersion] == pytest.approx([0, 0], abs=1e-5)
    half = fit.curve(fit.preferred_rad + fit.hwhh_rad) - fit.baseline
    assert half == pytest.approx((fit.curve(fit.preferred_rad) - fit.baseline) / 2, rel=1e-6)


def test_deviance_and_dispersion_written_out(rng):
    counts = ring_counts(rng, 0.7, 1, fano=2)[0]
    fit = fit_tuning(RING, counts)
    mean = fit.curve(RING)
    log_ratio = np.log(np.where(counts > 0, counts, 1) / mean)
    assert fit.deviance == pytest.approx(2 * (counts * log_ratio - (counts - mean)).sum(), rel=1e-9)
    jacobian = slopes(np.array([fit.preferred_rad, fit.bandwidth_rad, fit.amplitude, fit.baseline]))
    hat = jacobian @ np.linalg.inv(jacobian.T / mean @ jacobian) @ jacobian.T / mean
    expected = ((1 - np.diag(hat)) * mean / (mean + 0.5)).sum()
    assert fit.dispersion == pytest.approx(((counts - mean) ** 2 / (mean + 0.5)).sum() / expected, rel=1e-5)
    # the errors of angle and amplitude: Fisher's, for this dispersion and Student's t, longer where the gain is small
    fisher = np.sqrt(np.diag(np.linalg.inv(jacobian.T / mean @ jacobian)))[[0, 2]]
    flat = 2 * (counts * np.log(np.where(counts > 0, counts, 1) / counts.mean())).sum()
    gain = (flat - fit.deviance) / 3 / fit.dispersion
    factor = stats.t.ppf(0.975, expected) / 1.96 * np.sqrt(fit.dispersion) * np.sqrt(1 + (8 / gain) ** 2)
    assert [fit.preferred_err_rad, fit.amplitude_err] == pytest.approx(fisher * factor, rel=1e-5)
    assert fit.dispersion > 1.1 and gain < 60


def test_empty_floor_gives_a_baseline_without_error_bar():
    fit = fit_tuning(RING, np.round(20 * von_mises(RING, 1, B_RING)))
    assert fit.ok and fit.baseline < 0.01 and np.isnan(fit.baseline_err)


def test_a_closed_half_circle_counts_its_end_once(rng):
    """0 and pi are one orientation: a curve drawn to its end gives the numbers of the open one."""
    counts = rng.poisson(30 * von_mises(TWELVE, 0.1, 0.4) + 3)
    for turns in (1, 2):  # directions over 2 pi too
        open_rad, both = np.pi * np.arange(12 * turns) / 12, np.tile(counts, turns)
        closed_rad, closed = np.append(open_rad, turns * np.pi), np.append(both, counts[0])
        for measure in (fit_tuning, circular_variance, decode_orientation):
            assert measure(closed_rad, closed) == measure(open_rad, both)


@pytest.mark.parametrize("measure", [circular_variance, decode_orientation])
def test_uneven_angles_are_refused_where_gaps_would_look_like_tuning(measure):
    for theta_rad in (RING[:40], np.delete(RING, 7), np.append(RING, RING[5]), RING**1.1, RING[::30], [0, np.pi]):
        with pytest.raises(ParameterError, match="theta_rad covers the half circle unevenly"):
            measure(theta_rad, np.ones(np.size(theta_rad)))


@given(estimate=st.floats(-20, 20), true=st.floats(-20, 20))
def test_orientation_error_is_wrapped(estimate, true):
    error = orientation_error(estimate, true)
    assert -np.pi / 2 <= error < np.pi / 2
    assert np.sin(error - (estimate - true)) == pytest.approx(0, abs=1e-12)


# --- closed forms ------------------------------------------------------------------------------------------------


def test_von_mises_is_form_a_and_falls_to_half_at_the_half_width():
    theta_rad, b_rad = np.linspace(-4, 4, 41), np.array([0.01, 0.3, 0.8])
    assert von_mises(theta_rad, 0.3, 0.4) == pytest.approx(np.exp((np.cos(2 * (theta_rad - 0.3)) - 1) / (4 * 0.4**2)))
    assert von_mises(theta_rad, 0.3, np.inf).tolist() == [1.0] * 41
    assert von_mises([0.0, 0.1], 0, 1e-200).tolist() == [1, 0]
    assert tuning.hwhh(b_rad) == pytest.approx(np.arccos(1 - 4 * b_rad**2 * np.log(2)) / 2, rel=1e-9)
    assert np.isnan(tuning.hwhh(np.radians([48.8, 48.6, np.inf]))).tolist() == [True, False, True]


@pytest.mark.parametrize("source", FORMS)
@pytest.mark.parametrize("target", FORMS)
def test_converted_bandwidths_draw_the_same_curve(source, target):
    delta, b_rad = np.linspace(0, np.pi, 31), np.array([[0.1], [0.3], [2.0]])
    converted = tuning.convert_bandwidth(b_rad, source, target)
    wanted = np.exp((np.cos(2 * delta) - 1) / (FORMS[source] * b_rad**2))
    assert np.exp((np.cos(2 * delta) - 1) / (FORMS[target] * converted**2)) == pytest.approx(wanted)


def test_theoretical_circular_variance_against_integration():
    b_rad, fine_rad = np.radians([0.5, 15, 90, 1000]), np.linspace(0, np.pi, 2000, endpoint=False)
    curves = von_mises(fine_rad, 0, b_rad[:, None])
    wanted = 1 - (curves * np.cos(2 * fine_rad)).sum(axis=1) / curves.sum(axis=1)
    np.testing.assert_allclose(tuning.theoretical_cv(b_rad), wanted, rtol=1e-9)
    np.testing.assert_array_equal(tuning.theoretical_cv([np.inf, 1e-200, np.nan]), [1, 0, np.nan])


def test_circular_variance_and_decoding_against_the_closed_forms():
    one, other = von_mises(RING, 0.2, 0.1), von_mises(RING, 0.2 + np.pi / 4, 0.1)  # vectors at a right angle
    assert decode_orientation(RING, 3 * one + other) == pytest.approx(0.2 + np.arctan2(1, 3) / 2)
    assert 0 <= decode_orientation([-1e-20, np.pi / 3, 2 * np.pi / 3], [3, 1, 1]) < np.pi
    several = np.stack([one, np.zeros(60), np.ones(60)]).reshape(3, 1, 60)
    variance, angle = circular_variance(RING, several), decode_orientation(RING, several)
    wanted = np.array([[tuning.theoretical_cv(0.1), np.nan, 1], [0.2, np.nan, np.nan]])
    np.testing.assert_allclose([variance, angle], wanted[..., None], rtol=1e-9)
    assert (circular_variance(RING, np.eye(60)) >= 0).all() and isinstance(circular_variance(RING, one), float)


# --- refusals ----------------------------------------------------------------------------------------------------

BUMP, ACROSS = von_mises(RING, 0.7, B_RING), von_mises(RING, 0.7 + np.pi / 2, B_RING)
SQUARE = 1.0 * (np.abs(orientation_error(RING, 0.7)) < np.radians(35))
SKEWED = np.where(orientation_error(RING, 0.7) > 0, von_mises(RING, 0.7, 0.6), von_mises(RING, 0.7, 0.1))


EVERY = [dict(model=model, noise=noise) for model in SHAPES for noise in ("poisson", "gaussian")]
FLANK = np.linspace(0, 0.1, 6)  # the curve passes through these samples, and they say nothing about its peak


@pytest.mark.parametrize(
    ("theta_rad", "response", "ways", "fragment"),
    [
        ([], [], EVERY, "only 0 distinct orientations"),
        (np.linspace(0, np.pi, 6), [1, 3, 9, 9, 3, 1], EVERY, "only 5 distinct orientations"),
        (RING, np.where(np.arange(60) == 7, np.inf, 5), EVERY, "NaN or infinity"),
        (RING, np.zeros(60), EVERY, "silent"),
        (RING, np.full(60, 0.1) * 3, EVERY, "flat"),
        (RING, 5 + np.arange(60) % 2, EVERY, "not significantly better"),
        (RING, 100 * np.eye(60)[20], EVERY, "the bandwidth ended at a bound"),
        (RING, np.cos(2 * (RING - 1)), EVERY[1::2], "the bandwidth ended at a bound"),
        (RING, 60 * (0.2 + BUMP + 0.5 * ACROSS), [{}], "does not describe the data"),
        (RING, 200 * SQUARE + 40, [{}], "does not describe the data"),
        (RING, 500 * SKEWED + 20, [{}], "does not describe the data"),
        (RING, 60 * BUMP + 15, [dict(baseline=False)], "does not describe the data"),
        (TWELVE, np.round(40 * von_mises(TWELVE, 0.5, 0.157)), [dict(baseline=False)], "too few orientations lie"),
        (FLANK, 1000 + 1e4 * FLANK, EVERY[:2], "error bar"),
    ],
)
def test_what_has_no_tuning_or_another_shape_is_refused(theta_rad, response, ways, fragment):
    for options in ways:
        assert_refused(fit_tuning(theta_rad, response, **options), fragment)


def test_residuals_of_counts_are_those_of_the_deviance_and_fall_as_they_say():
    mean = np.full(5, 20.0)
    y = mean + np.array([0, 1e-5, -1e-5, 3, -3])
    residual, slope = tuning._residuals(y, mean, "poisson")
    deviance = stats.poisson.logpmf([23, 17], [23, 17]) - stats.poisson.logpmf([23, 17], 20)
    np.testing.assert_allclose(residual[3:] ** 2, 2 * deviance)
    step = 1e-3
    high, low = (tuning._residuals(y, mean + change, "poisson")[0] for change in (step, -step))
    np.testing.assert_allclose(slope, (high - low) / (2 * step), rtol=1e-5)


@pytest.mark.parametrize("error_deg", [35, 44, 46])
def test_a_preferred_angle_known_to_less_than_45_deg_is_refused(error_deg, monkeypatch):
    broad = 100 * (1 + von_mises(RING, 0.7, 0.9))  # wider than 45 deg
    errors = np.array([np.radians(error_deg), 0.1, 0.1, 0.1])
    monkeypatch.setattr(tuning._Bump, "interval_errors", lambda curve, values: errors)
    assert fit_tuning(RING, broad).ok == (error_deg < 45), fit_tuning(RING, broad).reason


def test_flat_counts_are_rarely_called_tuned(record):
    tuned = []
    for fano in (1, 2, 3):
        rng = np.random.default_rng(fano)
        for n, mean, model in ((60, 2, "von_mises"), (24, 20, "von_mises"), (12, 8, "gaussian")):
            theta_rad = np.pi * np.arange(n) / n
            tuned += [fit_tuning(theta_rad, y, model=model).ok for y in counts_of(rng, np.full(n, mean), fano, 12)]
    record("tuning.flat", np.mean(tuned))


def f_test(theta_rad, y, truth):
    """Return p against a constant, B, and the squares around the mean and around the curve, by scipy."""
    best = curve_fit(curve, theta_rad, y, p0=truth)[0]
    whole, left = ((y - y.mean()) ** 2).sum(), ((y - curve(theta_rad, *best)) ** 2).sum()
    return stats.f.sf((whole / left - 1) * 56 / 3, 3, 56), best[1], whole, left


def test_a_narrow_bump_is_tested_once_for_every_place_where_chance_could_have_put_it():
    """The F test of scipy against a constant, at 0.5 % over pi / (4 B) places: about ten at 6 deg."""
    noise, tuned = np.random.default_rng(0).normal(size=60), []
    for height in (1.5, 1.75, 2.0, 2.25):
        truth = (1.0, np.radians(6), height, 0.0)
        y = noise + curve(RING, *truth)
        p, b_rad, _, _ = f_test(RING, y, truth)
        assert p < 0.005
        tuned.append(p * np.pi / (4 * b_rad) < 0.005)
        assert fit_tuning(RING, y, noise="gaussian").ok == tuned[-1], height
    assert tuned == [False, False, True, True]


def test_broad_tuning_is_also_tested_as_a_cosine():
    """At 1 %, against the variance that the best bump leaves; the bump itself would need 0.5 %."""
    noise, tuned = np.random.default_rng(12).normal(size=60), []
    cosine = np.stack([np.ones(60), np.cos(2 * UNEVEN), np.sin(2 * UNEVEN)], axis=1)
    for height in (1.5, 1.6, 1.7, 1.75):
        truth = (1.0, np.radians(40), height, 0.0)
        y = noise + curve(UNEVEN, *truth)
        p, _, whole, left = f_test(UNEVEN, y, truth)
        assert p > 0.005
        along = whole - ((y - cosine @ np.linalg.lstsq(cosine, y)[0]) ** 2).sum()
        tuned.append(stats.f.sf(along / 2 / (left / 56), 2, 56) < 0.01)
        assert fit_tuning(UNEVEN, y, noise="gaussian").ok == tuned[-1], height
    assert tuned == [False, False, True, True]


@pytest.mark.parametrize("fano", [1, 2, 3])
def test_noisy_second_peaks_are_refused(record, fano):
    rng = np.random.default_rng(fano)
    for height in (0.5, 1):
        counts = counts_of(rng, 60 * (0.2 + BUMP + height * ACROSS), fano, 6)
        record("tuning.refused", np.mean([not fit_tuning(RING, y).ok for y in counts]))


# --- wrong input -------------------------------------------------------------------------------------------------

ONES = np.ones(60)


@pytest.mark.parametrize(
    ("call", "fragment"),
    [
        (lambda: fit_tuning(RING, ONES[:50]), "response has shape (50,); allowed: (60)"),
        (lambda: fit_tuning(RING, -ONES), "response goes down to -1; allowed: values >= 0"),
        (lambda: circular_variance(RING, -ONES), "response goes down to -1; allowed: values >= 0"),
        (lambda: decode_orientation(RING, 1.0), "response has shape (); allowed: (..., 60)"),
        (lambda: orientation_error(0, [0, np.inf]), "true_rad goes up to inf; allowed: values <= 1e+15"),
        (lambda: tuning.hwhh(0), "b_theta_rad goes down to 0; allowed: bandwidths > 0"),
        (lambda: tuning.convert_bandwidth(1, "D", "A"), "source = 'D' is unknown; choose one of: A, B, C, power"),
        (lambda: tuning.fit_naka_rushton(CAT_B, 2 * ONES[:8]), "cv goes up to 2; allowed: values <= 1"),
        (lambda: tuning.NakaRushtonFit(True).curve(np.inf), "b_theta_rad holds NaN or infinity"),
    ],
)
def test_wrong_input_is_named(call, fragment):
    with pytest.raises(ParameterError) as caught:
        call()
    assert fragment in str(caught.value) and "\n" not in str(caught.value)


# --- variance tuning ---------------------------------------------------------------------------------------------


def naka_rushton(b_rad, f0, f_max, n, b50_rad):
    return f0 + f_max * b_rad**n / (b_rad**n + b50_rad**n)


@pytest.mark.parametrize("n", [5, 8])
@pytest.mark.parametrize("truth", [(0.2, 0.6, 3, 0.3), (0.75, 0.2, np.exp(3.6), 0.335), (0.1, 0.9, 2, 0.52)])
def test_naka_rushton_is_recovered(truth, n):
    """Five bandwidths are enough for four parameters."""
    b_rad = np.linspace(CAT_B[0], CAT_B[-1], n)
    cv = naka_rushton(b_rad, *truth)
    fit = tuning.fit_naka_rushton(b_rad, cv)
    assert fit.ok and fit.reason == ""
    assert [fit.f0, fit.f_max, fit.n, fit.b50_rad] == pytest.approx(truth, rel=1e-4, abs=1e-6)
    assert fit.curve(b_rad) == pytest.approx(cv, abs=1e-6)


def test_naka_rushton_intervals(rng):
    cv = naka_rushton(CAT_B, 0.3, 0.5, 4, 0.3) + rng.normal(0, 0.02, (50, 8))
    fits = [fit for fit in (tuning.fit_naka_rushton(CAT_B, y) for y in cv) if fit.ok]
    z = [[(fit.n - 4) / fit.n_err, (fit.b50_rad - 0.3) / fit.b50_err_rad] for fit in fits]
    assert len(fits) > 37  # Student's t of 8 - 4 degrees of freedom is in the errors
    assert ((np.abs(z) < 1.96).mean(axis=0) > 0.86).all() and ((np.abs(z) < 1.96).mean(axis=0) <= 0.99).all()


@pytest.mark.parametrize(
    ("b_rad", "cv", "fragment"),
    [
        (CAT_B[:4], [0.9, 0.8, 0.5, 0.2], "only 4 distinct bandwidths"),
        (CAT_B, [0.5, 0.6, 0.5, 0.6, 0.5, 0.6, 0.5, 0.6], "not significantly better"),
        (CAT_B, 1.0 * (CAT_B > 0.3), "the exponent ended at a bound"),
        (CAT_B, naka_rushton(CAT_B, 0, 0.9, 2, 0.4), "the f0 ended at a bound"),
        (CAT_B, naka_rushton(CAT_B, 0.2, 1.1, 2, 0.6), "leaves the possible range: f0 + f_max = 1.3"),
    ],
)
def test_naka_rushton_refusals(b_rad, cv, fragment):
    assert_refused(tuning.fit_naka_rushton(b_rad, cv), fragment)
