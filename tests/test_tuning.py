"""Fits recover what was put in, their error bars hold, and data that the model does not describe are refused."""

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats
from scipy.optimize import curve_fit

from helpers.parameters import ParameterError
from helpers.tuning import (
    NakaRushtonFit,
    circular_variance,
    convert_bandwidth,
    decode_orientation,
    fit_naka_rushton,
    fit_tuning,
    hwhh,
    orientation_error,
    theoretical_cv,
    von_mises,
)
from tests.benchmarks.bench_tuning import plain_fit_fails

RING = np.pi * np.arange(60) / 60
B_RING = np.pi / 12
MODELS = ("von_mises", "gaussian")
CAT_B = np.linspace(np.pi / 2, np.pi / 32, 8) / 2.5  # bandwidths of the recordings
angles = st.floats(0, np.pi)
NOISE = np.random.default_rng(3).normal(size=60)
ERROR = dict(bandwidth_rad="bandwidth_err_rad", amplitude="amplitude_err", baseline="baseline_err")


def counts_of(rng, mean, fano=1, n_draws=1):
    """Counts with variance fano x mean: Poisson, or negative binomial; (n_draws, mean.size)."""
    shape = (n_draws, mean.size)
    return rng.poisson(mean, shape) if fano == 1 else rng.negative_binomial(mean / (fano - 1), 1 / fano, shape)


def ring_counts(rng, preferred_rad, n_draws, fano=1):
    """Counts of the ring input: 20 Hz, a fifth of it noise floor, 1 s."""
    return counts_of(rng, 16 * von_mises(RING, preferred_rad, B_RING) + 4, fano, n_draws)


def holds(bounds, hits, expected=0.95):
    """Whether a share lies within `bounds`, with three binomial standard errors of room for the draws."""
    room = 3 * np.sqrt(expected * (1 - expected) / len(hits))
    return bounds[0] - room <= np.mean(hits) <= bounds[1] + room


def wrapped_gaussian(theta_rad, preferred_rad, b_rad):
    turns = np.pi * np.arange(-20, 21)[:, None]
    return np.exp(-((theta_rad - preferred_rad + turns) ** 2) / (2 * b_rad**2)).sum(axis=0)


def numbers(fit):
    return np.array([value for value in dataclasses.asdict(fit).values() if isinstance(value, float)])


def assert_refused(fit, fragment):
    assert not fit.ok and fragment in fit.reason
    assert len(numbers(fit)) >= 8 and np.isnan(numbers(fit)).all()
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
    record("tuning.coverage", np.mean([hit for case in DISPERSED for hit in coverage(*case)]))


def coverage(fano, n, b_deg, peak, baseline, model):
    """Whether the intervals of B and of the angle hold the truth, over 36 draws."""
    rng, b_rad = np.random.default_rng(fano * n), np.radians(b_deg)
    theta_rad, shape = np.pi * np.arange(n) / n, dict(von_mises=von_mises, gaussian=wrapped_gaussian)[model]
    mean = peak * shape(theta_rad, 3.1, b_rad) + (0.2 * peak if baseline else 1e-9)
    fits = [fit_tuning(theta_rad, y, baseline=baseline, model=model) for y in counts_of(rng, mean, fano, 36)]
    fits = [fit for fit in fits if fit.ok]
    assert len(fits) > 30
    assert 0.8 * fano < np.mean([fit.dispersion for fit in fits]) < 1.15 * fano
    width = [abs(fit.bandwidth_rad - b_rad) < 1.96 * fit.bandwidth_err_rad for fit in fits]
    angle = [abs(orientation_error(fit.preferred_rad, 3.1)) < 1.96 * fit.preferred_err_rad for fit in fits]
    assert all(holds((0.9, 1), hits) for hits in (width, angle))
    return width + angle


def test_errors_against_the_fisher_information_by_finite_differences():
    """Noise-free counts: only the profile of B and the gain over a constant lengthen the errors, by a few per cent."""
    truth, step = np.array([1.2, B_RING, 160.0, 40.0]), 1e-6
    mean = lambda p: p[3] + p[2] * np.exp((np.cos(2 * (RING - p[0])) - 1) / (4 * p[1] ** 2))  # noqa: E731
    slopes = np.array([(mean(truth + step * e) - mean(truth - step * e)) / (2 * step) for e in np.eye(4)])
    wanted = np.sqrt(np.diag(np.linalg.inv(slopes / mean(truth) @ slopes.T)))
    fit = fit_tuning(RING, mean(truth))
    found = np.array([fit.preferred_err_rad, fit.bandwidth_err_rad, fit.amplitude_err, fit.baseline_err])
    assert found[[0, 2, 3]] == pytest.approx(wanted[[0, 2, 3]], rel=2e-3)
    assert 1.01 < found[1] / wanted[1] / (found[0] / wanted[0]) < 1.05  # the profile above B is longer


def test_a_drive_is_fitted_as_scipy_does(rng):
    drive = 50 * von_mises(RING, 2.0, 0.3) - 3 + rng.normal(0, 2, 60)
    curve = lambda t, p, b, a, o: o + a * von_mises(t, p, b)  # noqa: E731
    best, covariance = curve_fit(curve, RING, drive, p0=[2, 0.3, 50, 0])
    fit = fit_tuning(RING, drive, noise="gaussian")
    found = [fit.preferred_rad, fit.bandwidth_rad, fit.amplitude, fit.baseline]
    assert found == pytest.approx(best.tolist(), rel=1e-5)
    assert fit.dispersion == pytest.approx(((drive - curve(RING, *best)) ** 2).sum() / 56, rel=1e-6)
    t_factor = stats.t.ppf(0.975, 56) / 1.96
    assert fit.preferred_err_rad == pytest.approx(t_factor * np.sqrt(covariance[0, 0]), rel=0.01)


@pytest.mark.parametrize("noise", ["poisson", "gaussian"])
@pytest.mark.parametrize(("model", "shape"), [("von_mises", von_mises), ("gaussian", wrapped_gaussian)])
@pytest.mark.parametrize(("b_deg", "preferred_rad"), [(5, 0.0), (15, np.pi - 0.02), (30, 0.8)])
def test_noise_free_curves_are_recovered(model, shape, noise, b_deg, preferred_rad):
    b_rad = np.radians(b_deg)
    fit = fit_tuning(RING, 200 * shape(RING, preferred_rad, b_rad) + 30, model=model, noise=noise)
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
    mean, jacobian = fit.curve(RING), np.empty((60, 4))
    log_ratio = np.log(np.where(counts > 0, counts, 1) / mean)
    assert fit.deviance == pytest.approx(2 * (counts * log_ratio - (counts - mean)).sum(), rel=1e-9)
    values = [fit.preferred_rad, fit.bandwidth_rad, fit.amplitude, fit.baseline]
    for k in range(4):
        p, b, a, o = values + 1e-6 * np.eye(4)[k]
        jacobian[:, k] = (o + a * von_mises(RING, p, b) - mean) / 1e-6
    hat = jacobian @ np.linalg.inv(jacobian.T / mean @ jacobian) @ jacobian.T / mean
    expected = ((1 - np.diag(hat)) * mean / (mean + 0.5)).sum()
    assert fit.dispersion == pytest.approx(((counts - mean) ** 2 / (mean + 0.5)).sum() / expected, rel=1e-5)


def test_empty_floor_gives_a_baseline_without_error_bar():
    fit = fit_tuning(RING, np.round(20 * von_mises(RING, 1, B_RING)))
    assert fit.ok and fit.baseline < 0.01 and np.isnan(fit.baseline_err)
    fixed = fit_tuning(RING, np.round(20 * von_mises(RING, 1, B_RING)), baseline=False)
    assert fixed.ok and fixed.baseline == fixed.baseline_err == 0


def test_coarse_uneven_and_repeated_samples(rng):
    theta_rad = np.tile(np.pi * np.arange(12) / 12, 5) + np.pi * rng.integers(-3, 3, 60)
    for angles_rad in (theta_rad, rng.uniform(0, np.pi, 60)):
        counts = rng.poisson(50 * von_mises(angles_rad, 3.1, 0.35) + 5)
        fit = fit_tuning(angles_rad, counts)
        assert fit.ok and abs(fit.bandwidth_rad - 0.35) < 3 * fit.bandwidth_err_rad
        assert abs(orientation_error(fit.preferred_rad, 3.1)) < 3 * fit.preferred_err_rad


def test_a_closed_half_circle_counts_its_end_once(rng):
    """0 and pi are one orientation: a curve drawn to its end gives the numbers of the open one."""
    theta_rad = np.pi * np.arange(12) / 12
    counts = rng.poisson(30 * von_mises(theta_rad, 0.1, 0.4) + 3)
    for turns in (1, 2):  # directions over 2 pi too
        open_rad, both = np.concatenate([theta_rad + k * np.pi for k in range(turns)]), np.tile(counts, turns)
        closed_rad, closed = np.append(open_rad, turns * np.pi), np.append(both, counts[0])
        assert fit_tuning(closed_rad, closed) == fit_tuning(open_rad, both)
        assert circular_variance(closed_rad, closed) == circular_variance(open_rad, both)
        assert decode_orientation(closed_rad, closed) == decode_orientation(open_rad, both)


@pytest.mark.parametrize("measure", [circular_variance, decode_orientation])
@pytest.mark.parametrize(
    "theta_rad",
    [RING[:40], np.delete(RING, 7), np.append(RING, RING[5]), RING**1.1, [0.0, np.pi / 2], [0, np.pi]],
)
def test_uneven_angles_are_refused_where_gaps_would_look_like_tuning(measure, theta_rad):
    with pytest.raises(ParameterError, match="theta_rad covers the half circle unevenly"):
        measure(theta_rad, np.ones(np.size(theta_rad)))


# --- properties --------------------------------------------------------------------------------------------------


@settings(max_examples=6)
@given(shift_rad=st.floats(-10, 10), order=st.permutations(range(60)))
def test_rotating_and_reordering_the_samples_turns_the_fit(shift_rad, order):
    counts = ring_counts(np.random.default_rng(5), 0.4, 1, fano=2)[0]
    still, turned = fit_tuning(RING, counts), fit_tuning(RING[list(order)] + shift_rad, counts[list(order)])
    moved = orientation_error(turned.preferred_rad, still.preferred_rad)
    assert orientation_error(moved, shift_rad) == pytest.approx(0, abs=1e-5)
    for name in ("bandwidth_rad", "preferred_err_rad", "bandwidth_err_rad", "dispersion", "p_fit"):
        assert getattr(turned, name) == pytest.approx(getattr(still, name), rel=2e-3)


@settings(max_examples=6)
@given(preferred_rad=angles, scale=st.floats(1e-12, 1e12))
def test_scaling_a_drive_scales_the_amplitude_only(preferred_rad, scale):
    drive = 3 * von_mises(RING, preferred_rad, B_RING) - 1 + 0.1 * NOISE
    one, many = (fit_tuning(RING, factor * drive, noise="gaussian") for factor in (1, scale))
    assert one.ok and [many.amplitude / scale, many.baseline / scale] == pytest.approx(
        [one.amplitude, one.baseline], rel=1e-6
    )
    assert [many.bandwidth_rad, many.bandwidth_err_rad] == pytest.approx(
        [one.bandwidth_rad, one.bandwidth_err_rad], rel=1e-4
    )
    assert many.dispersion / scale**2 == pytest.approx(one.dispersion, rel=1e-5)
    assert abs(orientation_error(many.preferred_rad, one.preferred_rad)) < 1e-6


@given(rates=st.lists(st.floats(0, 1e3), min_size=8, max_size=8).filter(lambda r: sum(r) > 0), shift_rad=angles)
def test_circular_variance_is_bounded_and_invariant_to_rotation(rates, shift_rad):
    theta_rad = np.pi * np.arange(8) / 8
    value = circular_variance(theta_rad, rates)
    assert 0 <= value <= 1
    assert circular_variance(theta_rad + shift_rad, rates) == pytest.approx(value, abs=1e-12)
    assert circular_variance(theta_rad, np.array(rates) / sum(rates) / 9) == pytest.approx(value, abs=1e-9)


@given(
    b_rad=st.floats(1e-3, 3), source=st.sampled_from(["A", "B", "C", "power"]), target=st.sampled_from(["A", "B", "C"])
)
def test_conversions_are_inverse_of_each_other(b_rad, source, target):
    assert convert_bandwidth(convert_bandwidth(b_rad, source, target), target, source) == pytest.approx(b_rad)


@given(estimate=st.floats(-20, 20), true=st.floats(-20, 20))
def test_orientation_error_is_wrapped(estimate, true):
    error = orientation_error(estimate, true)
    assert -np.pi / 2 <= error < np.pi / 2
    assert np.sin(error - (estimate - true)) == pytest.approx(0, abs=1e-12)


# --- closed forms ------------------------------------------------------------------------------------------------


def test_half_width_table():
    assert np.degrees(hwhh(np.radians([5, 15, 30]))) == pytest.approx([5.90, 17.95, 38.06], abs=0.005)
    b_rad = np.array([0.01, 0.3, 0.8])
    assert hwhh(b_rad) == pytest.approx(np.arccos(1 - 4 * b_rad**2 * np.log(2)) / 2, rel=1e-9)
    assert von_mises(hwhh(b_rad), 0, b_rad) == pytest.approx(0.5)
    assert np.isnan(hwhh(np.radians(48.8))) and not np.isnan(hwhh(np.radians(48.6))) and np.isnan(hwhh(np.inf))


def test_von_mises_is_form_a():
    theta_rad = np.linspace(-4, 4, 41)
    assert von_mises(theta_rad, 0.3, 0.4) == pytest.approx(np.exp((np.cos(2 * (theta_rad - 0.3)) - 1) / (4 * 0.4**2)))
    assert von_mises(theta_rad, 0.3, np.inf).tolist() == [1.0] * 41
    assert von_mises([0.0, 0.1], 0, 1e-200).tolist() == [1, 0]
    assert von_mises(theta_rad[:, None], [0.0, 1.0], [0.2, 0.3]).shape == (41, 2)


@pytest.mark.parametrize(("form", "factor"), [("B", 1), ("C", 1), ("power", 2)])
def test_converted_bandwidths_draw_the_same_curve(form, factor):
    delta = np.linspace(0, np.pi, 31)
    curve = lambda b: np.exp((np.cos(2 * delta) - 1) / (factor * b**2))  # noqa: E731
    assert curve(convert_bandwidth(0.3, "A", form)) == pytest.approx(von_mises(delta, 0, 0.3))
    assert curve(0.3) == pytest.approx(von_mises(delta, 0, convert_bandwidth(0.3, form, "A")))


@pytest.mark.parametrize("b_deg", [0.5, 15, 90, 1000])
def test_theoretical_circular_variance_against_integration(b_deg):
    b_rad = np.radians(b_deg)
    edge = min(np.pi / 2, 12 * b_rad)
    area, _ = integrate.quad(von_mises, -edge, edge, args=(0, b_rad))
    vector, _ = integrate.quad(lambda d: von_mises(d, 0, b_rad) * np.cos(2 * d), -edge, edge)
    assert theoretical_cv(b_rad) == pytest.approx(1 - vector / area, rel=1e-6)


def test_theoretical_circular_variance_at_the_ends():
    assert theoretical_cv(np.inf) == 1 and theoretical_cv(1e-200) == 0
    assert theoretical_cv([0.1, 0.2, np.nan]).shape == (3,)
    assert circular_variance(RING, von_mises(RING, 0.3, B_RING)) == pytest.approx(theoretical_cv(B_RING), rel=1e-9)


def test_decoding_against_the_closed_form():
    for preferred_rad in (0.0, 0.5, np.pi / 2, 3.1):
        found = decode_orientation(RING, von_mises(RING, preferred_rad, 0.4))
        assert orientation_error(found, preferred_rad) == pytest.approx(0, abs=1e-12)
    one, other = von_mises(RING, 0.2, 0.1), von_mises(RING, 0.2 + np.pi / 4, 0.1)  # vectors at a right angle
    assert decode_orientation(RING, 3 * one + other) == pytest.approx(0.2 + np.arctan2(1, 3) / 2)


def test_population_measures_take_leading_axes():
    response = np.stack([von_mises(RING, 1, 0.3), np.zeros(60), np.ones(60)]).reshape(3, 1, 60)
    variance, angle = circular_variance(RING, response), decode_orientation(RING, response)
    assert variance.shape == angle.shape == (3, 1)
    assert variance[2, 0] == pytest.approx(1) and np.isnan(variance[1, 0])
    assert angle[0, 0] == pytest.approx(1) and np.isnan(angle[1:, 0]).all()
    assert isinstance(decode_orientation(RING, response[0, 0]), float)
    assert 0 <= decode_orientation([-1e-20, np.pi / 3, 2 * np.pi / 3], [3, 1, 1]) < np.pi


# --- refusals ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("theta_rad", "response", "fragment"),
    [
        (RING[:5], [1, 5, 9, 5, 1], "only 5 distinct orientations"),
        ([], [], "only 0 distinct orientations"),
        (np.tile(RING[::20], 5), np.tile([1, 9, 4], 5), "only 3 distinct orientations"),
        (np.linspace(0, np.pi, 6), [1, 3, 9, 9, 3, 1], "only 5 distinct orientations"),
        (RING, np.where(np.arange(60) == 7, np.inf, 5), "NaN or infinity"),
        (RING, np.zeros(60), "silent"),
        (RING, np.full(60, 0.1) * 3, "flat"),
        (RING, 5 + np.arange(60) % 2, "not significantly better"),
        (RING, 100 * np.eye(60)[20], "the bandwidth ended at a bound"),
    ],
)
def test_refusals(theta_rad, response, fragment):
    for model, noise in itertools.product(MODELS, ("poisson", "gaussian")):
        assert_refused(fit_tuning(theta_rad, response, model=model, noise=noise), fragment)


def test_a_cosine_has_no_bandwidth():
    for model in MODELS:
        fit = fit_tuning(RING, np.cos(2 * (RING - 1)), model=model, noise="gaussian")
        assert_refused(fit, "the bandwidth ended at a bound")


@pytest.mark.parametrize("noise", ["poisson", "gaussian"])
def test_samples_that_miss_the_peak_give_no_error_bars(noise):
    """Six samples of one flank: the curve passes through them and says nothing about the peak."""
    theta_rad = np.array([0.0, 0.02, 0.04, 0.06, 0.08, 0.10])
    fit = fit_tuning(theta_rad, 1000 + 1e4 * theta_rad, noise=noise)
    assert not fit.ok and np.isnan(numbers(fit)).all()
    assert "error bar" in fit.reason or "at a bound" in fit.reason


def test_flat_counts_are_rarely_called_tuned(record):
    tuned = []
    for fano in (1, 2, 3):
        rng = np.random.default_rng(fano)
        for n, mean, model in ((60, 2, "von_mises"), (24, 20, "von_mises"), (12, 8, "gaussian")):
            theta_rad = np.pi * np.arange(n) / n
            tuned += [fit_tuning(theta_rad, y, model=model).ok for y in counts_of(rng, np.full(n, mean), fano, 12)]
    record("tuning.flat", np.mean(tuned))


def test_a_narrow_bump_is_tested_once_for_every_place_where_chance_could_have_put_it():
    """The F test of scipy against a constant, at 0.5 % over pi / (4 B) places: about ten at 6 deg."""

    def curve(theta_rad, preferred_rad, b_rad, height, offset):
        return offset + height * von_mises(theta_rad, preferred_rad, b_rad)

    noise, tuned, once = np.random.default_rng(0).normal(size=60), [], []
    for height in (1.5, 1.75, 2.0, 2.25):
        truth = (1.0, np.radians(6), height, 0.0)
        y = noise + curve(RING, *truth)
        best = curve_fit(curve, RING, y, p0=truth)[0]
        left = ((y - curve(RING, *best)) ** 2).sum()
        p = stats.f.sf((((y - y.mean()) ** 2).sum() / left - 1) * 56 / 3, 3, 56)
        once.append(p < 0.005)
        tuned.append(p * np.pi / (4 * best[1]) < 0.005)
        assert fit_tuning(RING, y, noise="gaussian").ok == tuned[-1], height
    assert all(once) and tuned == [False, False, True, True]


def test_flat_drives_are_rarely_called_tuned(acceptance, rng):
    tuned = [
        fit_tuning(RING[::step], y[::step], noise="gaussian").ok for step in (1, 5) for y in rng.normal(size=(12, 60))
    ]
    assert holds(acceptance["tuning"]["flat"]["accept"], tuned, expected=0.02)


@pytest.mark.parametrize("fano", [1, 2, 3])
def test_shapes_that_the_model_does_not_describe_are_refused(record, fano):
    rng, across = np.random.default_rng(fano), von_mises(RING, 0.7 + np.pi / 2, B_RING)
    for shape in (0.2 + von_mises(RING, 0.7, B_RING) + 0.5 * across, 0.2 + von_mises(RING, 0.7, B_RING) + across):
        refused = [not fit_tuning(RING, y).ok for y in counts_of(rng, 60 * shape, fano, 6)]
        record("tuning.refused", np.mean(refused))


def test_noise_free_shapes_that_the_model_does_not_describe_are_refused():
    square = 1.0 * (np.abs(orientation_error(RING, 0.7)) < np.radians(35))
    across = von_mises(RING, 0.7 + np.pi / 2, B_RING)
    two = fit_tuning(RING, 60 * (0.2 + von_mises(RING, 0.7, B_RING) + 0.5 * across))
    assert_refused(two, "does not describe the data")
    assert_refused(fit_tuning(RING, 200 * square + 40), "does not describe the data")
    skewed = np.where(orientation_error(RING, 0.7) > 0, von_mises(RING, 0.7, 0.6), von_mises(RING, 0.7, 0.1))
    assert_refused(fit_tuning(RING, 500 * skewed + 20), "does not describe the data")
    assert_refused(fit_tuning(RING, 60 * von_mises(RING, 0.7, B_RING) + 15, baseline=False), "does not describe")


def test_a_curve_through_every_sample_leaves_nothing_to_judge_the_noise():
    theta_rad = np.pi * np.arange(12) / 12
    fit = fit_tuning(theta_rad, np.round(40 * von_mises(theta_rad, 0.5, np.radians(9))), baseline=False)
    assert_refused(fit, "too few orientations lie under the curve")


def test_wide_windows_are_refused_less_often_than_plain_least_squares_fails():
    """Counts shaped like those of the ring: fits of counts keep what a plain fit loses to its bounds."""
    rng, refused, failed = np.random.default_rng(8), 0, 0
    for b_deg, floor in ((30, 1.0), (40, 3.0)):
        for counts in counts_of(rng, 15 * von_mises(RING, 1.0, np.radians(b_deg)) + floor, 1, 12):
            refused += not fit_tuning(RING, counts).ok
            failed += plain_fit_fails(RING, counts)
    assert refused <= failed + 2


# --- wrong input -------------------------------------------------------------------------------------------------

ONES = np.ones(60)


@pytest.mark.parametrize(
    ("call", "fragment"),
    [
        (lambda: fit_tuning(RING, ONES[:50]), "response has shape (50,); allowed: (60)"),
        (lambda: fit_tuning(RING.reshape(6, 10), ONES), "theta_rad has 2 dimension(s)"),
        (lambda: fit_tuning(RING, ["a"] * 60), "response is not an array of numbers"),
        (lambda: fit_tuning(RING, -ONES), "response goes down to -1; allowed: values >= 0"),
        (lambda: fit_tuning(np.where(RING > 3, np.nan, RING), ONES), "theta_rad holds NaN or infinity"),
        (lambda: fit_tuning(RING, ONES, model="cosine"), "model = 'cosine' is unknown; choose one of: von_mises"),
        (lambda: fit_tuning(RING, ONES, noise="binomial"), "noise = 'binomial' is unknown; choose one of: poisson"),
        (lambda: fit_tuning(RING, ONES, baseline="no"), "baseline = 'no' is not a switch; allowed: True or False"),
        (lambda: circular_variance(RING, -ONES), "response goes down to -1; allowed: values >= 0"),
        (lambda: circular_variance(RING, ONES[:3]), "response has shape (3,); allowed: (..., 60)"),
        (lambda: circular_variance([], []), "theta_rad is empty"),
        (lambda: decode_orientation(RING, 1.0), "response has shape (); allowed: (..., 60)"),
        (lambda: decode_orientation(RING, ONES * np.inf), "response holds NaN or infinity"),
        (lambda: orientation_error("a", 0), "estimate_rad is not an array of numbers"),
        (lambda: orientation_error(-np.inf, 0), "estimate_rad goes down to -inf; allowed: values >= -1e+15"),
        (lambda: orientation_error(0, [0, np.inf]), "true_rad goes up to inf; allowed: values <= 1e+15"),
        (lambda: NakaRushtonFit(True, "", *[1.0] * 8).curve(np.inf), "b_theta_rad holds NaN or infinity"),
        (lambda: NakaRushtonFit(True, "", *[1.0] * 8).curve(0), "b_theta_rad goes down to 0"),
        (lambda: hwhh(0), "b_theta_rad goes down to 0; allowed: bandwidths > 0"),
        (lambda: theoretical_cv(-1), "b_theta_rad goes down to -1"),
        (lambda: von_mises(RING, 0, 0), "b_theta_rad goes down to 0"),
        (lambda: von_mises(RING, np.nan, 1), "preferred_rad holds NaN or infinity"),
        (lambda: convert_bandwidth(1, "D", "A"), "source = 'D' is unknown; choose one of: A, B, C, power"),
        (lambda: convert_bandwidth(1, "A", 2), "target = 2 is a int; allowed: str"),
        (lambda: convert_bandwidth(-1, "A", "B"), "b_rad goes down to -1"),
        (lambda: fit_naka_rushton(CAT_B, ONES[:7]), "cv has shape (7,); allowed: (8)"),
        (lambda: fit_naka_rushton(-CAT_B, ONES[:8]), "b_theta_rad goes down to"),
        (lambda: fit_naka_rushton(CAT_B, 2 * ONES[:8]), "cv goes up to 2; allowed: values <= 1"),
    ],
)
def test_wrong_input_is_named(call, fragment):
    with pytest.raises(ParameterError) as caught:
        call()
    assert fragment in str(caught.value) and "\n" not in str(caught.value)


# --- variance tuning ---------------------------------------------------------------------------------------------


def naka_rushton(b_rad, f0, f_max, n, b50_rad):
    return f0 + f_max * b_rad**n / (b_rad**n + b50_rad**n)


@pytest.mark.parametrize(
    ("f0", "f_max", "n", "b50_deg"), [(0.2, 0.6, 3, 17), (0.75, 0.2, np.exp(3.6), 19.2), (0.1, 0.9, 2, 30)]
)
def test_naka_rushton_is_recovered(f0, f_max, n, b50_deg):
    cv = naka_rushton(CAT_B, f0, f_max, n, np.radians(b50_deg))
    fit = fit_naka_rushton(CAT_B, cv)
    assert fit.ok and fit.reason == ""
    assert [fit.f0, fit.f_max, fit.n, np.degrees(fit.b50_rad)] == pytest.approx(
        [f0, f_max, n, b50_deg], rel=1e-4, abs=1e-6
    )
    assert fit.curve(CAT_B) == pytest.approx(cv, abs=1e-6)


def test_naka_rushton_intervals(rng):
    cv = naka_rushton(CAT_B, 0.3, 0.5, 4, 0.3) + rng.normal(0, 0.02, (50, 8))
    fits = [fit for fit in (fit_naka_rushton(CAT_B, y) for y in cv) if fit.ok]
    z = [[(fit.n - 4) / fit.n_err, (fit.b50_rad - 0.3) / fit.b50_err_rad] for fit in fits]
    assert len(fits) > 37  # Student's t of 8 - 4 degrees of freedom is in the errors
    assert ((np.abs(z) < 1.96).mean(axis=0) > 0.86).all() and ((np.abs(z) < 1.96).mean(axis=0) <= 0.99).all()


@pytest.mark.parametrize(
    ("b_rad", "cv", "fragment"),
    [
        (CAT_B[:4], [0.9, 0.8, 0.5, 0.2], "only 4 distinct bandwidths"),
        (CAT_B, np.full(8, 0.5), "flat"),
        (CAT_B, 1 - CAT_B, "not significantly better"),
        (CAT_B, [0.5, 0.6, 0.5, 0.6, 0.5, 0.6, 0.5, 0.6], "not significantly better"),
        (CAT_B, 1.0 * (CAT_B > 0.3), "the exponent ended at a bound"),
        (CAT_B, naka_rushton(CAT_B, 0, 0.9, 2, 0.4), "the f0 ended at a bound"),
        (CAT_B, naka_rushton(CAT_B, 0.2, 1.1, 2, 0.6), "leaves the possible range: f0 + f_max = 1.3"),
    ],
)
def test_naka_rushton_refusals(b_rad, cv, fragment):
    assert_refused(fit_naka_rushton(b_rad, cv), fragment)
