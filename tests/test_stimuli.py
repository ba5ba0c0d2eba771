"""Motion clouds against closed forms, loops and the MotionClouds package; the other stimuli; bad input."""

import collections
import itertools
import random
import re
import tracemalloc
from functools import partial

import numpy as np
import pandas as pd
import pytest
from hypothesis import event, example, given, settings
from hypothesis import strategies as st
from scipy import special, stats

from helpers import stimuli
from helpers.parameters import ParameterError

# Frequencies are low enough that no power folds over, and b_v f_R N_t >= 1.5 resolves the speed plane in f_t.
# Degrees here; the last two numbers of a row are the shape and the number of seeds.
CLOUDS = {
    "8 deg, fast upwards": (8, 120, dict(v_x=0.0, v_y=1.2, b_v=0.3), (128, 128, 64), 12),
    "20 deg past the seam, odd grid": (20, 1, dict(v_x=-0.8, v_y=-0.4, b_v=0.4), (125, 135, 63), 8),
    "35 deg, still": (35, 0, dict(v_x=0.0, v_y=0.0, b_v=0.5), (96, 128, 64), 8),
    "60 deg": (60, 30, dict(v_x=-0.6, v_y=0.3, b_v=0.4), (128, 128, 64), 6),
    "isotropic": (np.inf, 0, dict(v_x=0.6, v_y=0.6, b_v=0.3), (128, 128, 64), 6),
}
SF_0, B_SF = 0.125, 0.05
LOG_SD = np.log(1 + B_SF / SF_0)
SMALL = dict(shape=(32, 32, 16), theta_rad=0.4, b_theta_rad=0.3, sf_0=0.15, b_sf=0.1, seed=1)
FIELD = dict(shape=(32, 32), x=16, y=16, sf_0=0.15, b_sf=0.5, theta_rad=0.5, b_theta_rad=0.26)
cloud, frames = partial(stimuli.motion_cloud, **SMALL), partial(stimuli.motion_cloud_frames, **SMALL)
grating = partial(stimuli.grating, shape=(8, 8, 2), theta_rad=0.0, sf_0=0.1)
log_gabor = partial(stimuli.log_gabor, **FIELD)
trains = partial(stimuli.poisson_trains, dt_ms=1.0, seed=1)


def expected_cv(b_rad):
    k = 1 / (2 * b_rad**2)
    return 1 - special.i1e(k) / special.i0e(k)


def assert_mean_is(values, wanted, tolerance, min_standard_errors=4):
    """The mean over seeds is within a tolerance that is known to be at least four standard errors wide."""
    assert tolerance >= min_standard_errors * np.std(values, ddof=1) / np.sqrt(len(values))
    assert abs(np.mean(values) - wanted) <= tolerance


# --- motion clouds: closed forms


@pytest.mark.parametrize("name", CLOUDS)
def test_clouds_have_the_moments_of_their_law(name, acceptance, record):
    b_deg, theta_deg, speed, shape, n_seeds = CLOUDS[name]
    law = dict(theta_rad=np.radians(theta_deg), b_theta_rad=np.radians(b_deg), sf_0=SF_0, b_sf=B_SF, **speed)
    movies = (stimuli.motion_cloud(shape, **law, method="raw", seed=seed) for seed in range(n_seeds))
    measured = pd.DataFrame(map(stimuli.cloud_statistics, movies))
    if b_deg < np.inf:
        error_deg = (np.degrees(measured["theta_rad"]) - theta_deg + 90) % 180 - 90
        assert_mean_is(error_deg, 0, 1 if b_deg < 40 else 4)
    cv, spread, rules = expected_cv(law["b_theta_rad"]), speed["b_v"] / np.sqrt(2), acceptance["clouds"]
    mean_sf, sd_sf = SF_0 * np.exp(LOG_SD**2 / 2), LOG_SD / np.sqrt(2)
    velocity, logs, cvs = rules["velocity"], rules["log_frequency"], rules["orientation_cv"]
    slow = velocity["absolute_narrow" if b_deg < velocity["narrow_below_deg"] else "absolute"]
    truth = [
        ("orientation_cv", "cv", cv, max(cvs["absolute"], cvs["relative"] * cv)),
        ("velocity", "v_x", speed["v_x"], slow),
        ("velocity", "v_y", speed["v_y"], slow),
        ("speed_spread", "speed_spread", spread, rules["speed_spread"]["relative"] * spread),
        ("log_frequency", "log_mean_sf", mean_sf, logs["relative_mean"] * mean_sf),
        ("log_frequency", "log_sd_sf", sd_sf, logs["relative_sd"] * sd_sf),
        ("kurtosis", "kurtosis", rules["kurtosis"]["reference"], rules["kurtosis"]["accept"][1] - 3),
    ]
    for row, field, wanted, bound in truth:
        assert_mean_is(measured[field], wanted, bound, cvs["min_standard_errors"])
        mean = measured[field].mean()
        absolute = mean if row == "kurtosis" else mean - wanted
        record(f"clouds.{row}", mean / wanted - 1 if row in ("speed_spread", "log_frequency") else absolute)


def test_an_endless_cloud_is_the_same_in_every_frame_and_never_repeats():
    """Over eight fades and 40 draws: variance, change from frame to frame, and covariance over the end of a fade."""
    z = np.array([list(itertools.islice(frames(b_v=0.5, method="raw", seed=seed), 64)) for seed in range(40)])
    clouds = np.array([cloud(b_v=0.5, method="raw", seed=seed) for seed in range(40)])
    # Each phase of a fade, over draws, fades and pixels; a step has the law of the cloud times cos(pi/2L).
    variances = (z**2).reshape(40, 8, 8, -1).mean(axis=(0, 1, 3))
    assert np.abs(variances - 1).max() < 0.03
    steps = (z[:, :-1] * z[:, 1:]).mean(axis=(0, 2, 3))
    one_step = (clouds[..., :-1] * clouds[..., 1:]).mean() * np.cos(np.pi / 16)
    phases = [steps[k::8].mean() for k in range(8)]  # the eighth passes from one fade to the next
    assert np.abs(np.array(phases) - one_step).max() < 0.03
    far = (z[:, :32] * z[:, 32:]).mean(axis=(2, 3))
    errors = far.mean(axis=0) / far.std(axis=0, ddof=1) * np.sqrt(len(far))
    assert np.abs(errors).max() < 4, "two clouds later nothing is left"


def test_an_endless_cloud_keeps_its_memory():
    endless, held = frames(), []
    tracemalloc.start()
    for n_frames in (48, 160):
        collections.deque(itertools.islice(endless, n_frames), maxlen=0)
        held.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert held[1] - held[0] < 32 * 32 * 16 * 4, "less than a cloud more after ten of them"


# --- motion clouds: what the grid does not hold


def full_grid(shape):
    f_x, f_y, f_t = np.meshgrid(*(np.fft.fftfreq(n) for n in shape), indexing="ij")
    f_r = np.hypot(f_x, f_y)
    f_r[0, 0] = 1
    return f_x, f_y, np.abs(f_t) if shape[2] == 2 else f_t, f_r


def formula_power(shape, *, theta_rad, b_theta_rad, sf_0, b_sf, v_x, v_y, b_v, alpha):
    """The squared formula on the whole complex grid, in double precision."""
    f_x, f_y, f_t, f_r = full_grid(shape)
    log_f = np.log(f_r / sf_0)
    power = -2 * (1 + alpha) * log_f - (log_f / np.log(1 + b_sf / sf_0)) ** 2
    power += (np.cos(2 * (np.arctan2(f_y, f_x) - theta_rad)) - 1) / (2 * b_theta_rad**2)
    if b_v == 0:
        power[..., 1:] = -np.inf
    elif shape[2] > 1 and b_v < np.inf:
        power -= ((f_t + v_x * f_x + v_y * f_y) / (b_v * f_r)) ** 2
    power[0, 0] = -np.inf
    return np.exp(power - power.max())


def moments(power):
    """What CloudStatistics says of a movie, from its power on the whole complex grid."""
    f_x, f_y, f_t, f_r = full_grid(power.shape)
    weights = power * (f_r < 1)
    resultant = np.average(np.exp(2j * np.arctan2(f_y, f_x)), weights=weights)
    log_mean = np.average(np.log(f_r), weights=weights)
    u, p = np.array([f_x / f_r, f_y / f_r]).reshape(2, -1), weights.ravel()
    v = np.linalg.lstsq((u * p) @ u.T, -(u * p) @ (f_t / f_r).ravel(), rcond=1e-9)[0]
    return dict(
        theta_rad=np.angle(resultant) / 2 % np.pi,
        cv=1 - abs(resultant),
        v_x=v[0],
        v_y=v[1],
        speed_spread=np.sqrt(np.average(((f_t + v[0] * f_x + v[1] * f_y) / f_r) ** 2, weights=weights)),
        log_mean_sf=np.exp(log_mean),
        log_sd_sf=np.sqrt(np.average((np.log(f_r) - log_mean) ** 2, weights=weights)),
    )


def errors(found, law, moving):
    """Distances of moments from the formula (resultant, ln f, its sd, rms speed, spread) and their bounds."""
    theta, s, cv = law["theta_rad"], np.log(1 + law["b_sf"] / law["sf_0"]), expected_cv(law["b_theta_rad"])
    resultant = (1 - found["cv"]) * np.exp(2j * (found["theta_rad"] - theta))
    log_mean = np.log(law["sf_0"]) + (moving / 2 - law["alpha"]) * s**2
    error = found["v_x"] - law["v_x"] + 1j * (found["v_y"] - law["v_y"])
    across, along = (error * np.exp(-1j * theta)).real, (error * np.exp(-1j * theta)).imag
    sd, spread = s / np.sqrt(2), law["b_v"] / np.sqrt(2)
    rows = [
        (resultant.imag, min(np.radians(2), law["b_theta_rad"])),
        (resultant.real - (1 - cv), max(0.006, 0.08 * cv)),
        (np.log(found["log_mean_sf"]) - log_mean, min(0.05, s / 2)),
        (found["log_sd_sf"] - sd, max(0.1 * sd, 0.006)),
        (np.sqrt(across**2 * (1 - cv / 2) + along**2 * cv / 2), 0.05),
        (found["speed_spread"] - spread, max(0.1 * spread, 0.006)),
    ]
    return np.abs(rows[: 6 if moving else 4]).T


def log_floats(low, high):
    return st.floats(np.log(low), np.log(high)).map(lambda x: float(np.exp(x)))


NAMES = ("theta_rad", "b_theta_rad", "sf_0", "b_sf", "v_x", "v_y", "b_v", "alpha")


def cases(low, frames, b_theta_rad, sf_0, b_sf, speed, b_v):
    """Shapes and laws, {name: value}, within limits."""
    widths = log_floats(*b_theta_rad) | st.just(np.inf), log_floats(*sf_0), log_floats(*b_sf)
    speeds = st.floats(-speed, speed), st.floats(-speed, speed), log_floats(*b_v) | st.sampled_from([0.0, np.inf])
    law = st.tuples(st.floats(-4, 4), *widths, *speeds, st.floats(-1, 2))
    shape = st.tuples(st.integers(low, 48), st.integers(low, 48), st.sampled_from(frames))
    return st.tuples(shape, law.map(lambda values: dict(zip(NAMES, values, strict=True))))


ANYTHING = cases(12, [1, 2, 7, 24, 33], (0.01, 3), (0.01, 0.5), (0.001, 1), 3, (0.01, 10))
MODERATE = cases(32, [1, 24, 33, 48], (0.1, 3), (0.12, 0.22), (0.03, 0.09), 1, (0.15, 0.6))


def only(shape, *law):
    return example(case=(shape, dict(zip(NAMES, law, strict=True))), seed=1)


@only((36, 37, 24), -2.74, 0.384, 0.08, 0.081, 1.17, -1.09, 0.1, 0.0)  # wrong in theta alone
@only((27, 21, 24), 0.17, 0.155, 0.134, 0.035, 0.14, -1.24, 0.31, 0.0)  # in circular variance alone
@only((32, 39, 16), -2.98, 0.199, 0.234, 0.119, 0.86, 0.99, 0.85, 0.0)  # in speed alone
@settings(max_examples=100)
@given(case=ANYTHING | MODERATE, seed=st.integers(0, 2**32))
def test_a_cloud_is_returned_as_asked_or_refused(case, seed):
    """Returned exactly where the formula, on the grid, keeps its moments."""
    shape, law = case
    moving = shape[2] > 1 and 0 < law["b_v"] < np.inf
    error, bound = errors(moments(formula_power(shape, **law)), law, moving)
    try:
        movie = stimuli.motion_cloud(shape, **law, method="raw", seed=seed)
    except ParameterError as failure:
        event("refused")
        assert np.max(error / bound) > 0.95
        assert "\n" not in str(failure) and any(f"{name} = {value:g}" in str(failure) for name, value in law.items())
    else:
        event("returned")
        assert np.max(error / bound) < 1.02
        assert movie.shape == shape and np.isfinite(movie).all()


HELD = dict(theta_rad=0.0, b_theta_rad=0.3, sf_0=0.125, b_sf=0.06, v_x=0.5, v_y=0.0, b_v=0.4, alpha=0.0)


GUILTY = [
    ("b_theta_rad", "between the frequencies", 1e-200, 0.02),
    ("b_sf", "between the frequencies", 1e-300, 0.002),
    ("b_sf", "Nyquist limit", 0.4, 1e300),
    ("alpha", "lowest frequency", 20, 1e6),
    ("b_v", "between the frequencies of shape[2]", 1e-300, 0.08),
    ("v_x", "frame rate", 3, 1e300),
]


@given(st.one_of(*(st.tuples(st.just(row), log_floats(*row[2:])) for row in GUILTY)))
def test_the_argument_that_the_grid_cannot_hold_is_named(case):
    (name, bound, *_), value = case
    with pytest.raises(ParameterError) as failure:
        cloud(shape=(48, 48, 48), **{**HELD, name: value})
    assert f"{name} = {value:g}" in str(failure.value) and bound in str(failure.value)
    assert cloud(shape=(48, 48, 48), **HELD).shape == (48, 48, 48)


# --- cloud_statistics against averages over the full spectrum


@pytest.mark.parametrize("shape", [(15, 13, 8), (17, 9, 5), (9, 17, 2), (11, 9, 3)])
def test_cloud_statistics_equal_averages_over_the_full_spectrum(shape, rng):
    movie = rng.exponential(size=shape) + 3
    found, z = vars(stimuli.cloud_statistics(movie)), movie - movie.mean()
    wanted = moments(np.abs(np.fft.fftn(z)) ** 2) | {"kurtosis": stats.kurtosis(movie, axis=None, fisher=False)}
    for field, value in wanted.items():
        assert found[field] == pytest.approx(value, rel=1e-9, abs=1e-12), field
    still = stimuli.cloud_statistics(movie[..., :1])
    assert np.isnan([still.v_x, still.v_y, still.speed_spread]).all() and 0 < still.cv < 1


# --- motion clouds: values and seeds


@pytest.mark.parametrize("shape", [(48, 48, 16), (48, 48, 15)])
def test_no_speed_bandwidth_freezes_the_cloud_and_an_infinite_one_makes_it_white_in_time(shape):
    """White: the self-conjugate planes f_t = 0 and 1/2 hold as much power as any other."""
    frozen = cloud(shape=shape, b_v=0, v_x=1.0)
    np.testing.assert_allclose(frozen, np.repeat(frozen[..., :1], shape[2], axis=2), atol=1e-6)
    assert np.ptp(frozen[..., 0]) > 0.4
    power = sum(np.abs(np.fft.fftn(cloud(shape=shape, b_v=np.inf, method="raw", seed=s))) ** 2 for s in range(40))
    share = power.sum(axis=(0, 1)) / power.sum() * shape[2]
    np.testing.assert_allclose(share, 1, atol=0.12)
    inner = np.delete(share, [0, shape[2] // 2])
    assert share[0] == pytest.approx(inner.mean(), abs=0.08)
    assert inner.std() < 0.05


@given(seed=st.integers(0, 2**63), contrast=st.floats(0, 1))
def test_the_methods_scale_one_texture_about_the_grey(seed, contrast):
    movie, raw = cloud(seed=seed), cloud(seed=seed, method="raw")
    assert movie.dtype == np.float32
    assert np.sum((movie == 0) | (movie == 1)) == 1 and np.abs(movie - 0.5).max() == 0.5
    assert [raw.mean(dtype=float), raw.std(dtype=float)] == pytest.approx([0, 1], abs=1e-5)
    np.testing.assert_allclose(movie - 0.5, 0.5 * raw / np.abs(raw).max(), atol=2e-6)
    np.testing.assert_allclose(cloud(seed=seed, contrast=contrast) - 0.5, contrast * (movie - 0.5), atol=2e-6)
    energy = cloud(seed=seed, method="energy", contrast=2.5 * contrast)
    np.testing.assert_allclose(energy, 0.5 + 1.25 * contrast * raw, atol=1e-5)  # not clipped
    endless, raw = (next(frames(seed=seed, **o)) for o in (dict(contrast=contrast), dict(method="raw")))
    np.testing.assert_allclose(endless, 0.5 + 0.5 * contrast * raw, atol=1e-5)


DRAWS = {
    "cloud": cloud,
    "frames": lambda seed: list(itertools.islice(frames(seed=seed), 20)),
    "trains": lambda seed: trains([[10.0]], dt_ms=1000, seed=seed)[0],
}


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
def test_the_seed_or_the_generator_decides_and_the_global_state_is_neither_read_nor_changed(draw):
    generator, python_before = np.random.default_rng(3), random.getstate()
    np.random.seed(5)  # noqa: NPY002
    first = draw(seed=3)
    assert np.array_equal(first, draw(seed=generator)) and not np.array_equal(first, draw(seed=generator))
    assert random.getstate() == python_before and np.random.random() == 0.22199317108973948  # noqa: NPY002
    assert np.array_equal(first, draw(seed=np.int64(3))) and not np.array_equal(first, draw(seed=4))


# --- against the MotionClouds package


def block_shares(power):
    """Share of the power in blocks of 8 x 8 x 4 bins of a spectrum (64, 64, 32) with the origin in the middle."""
    return power.reshape(8, 8, 8, 8, 8, 4).sum(axis=(1, 3, 5)).ravel() / power.sum()


def test_spectrum_is_the_squared_envelope_of_the_package():
    package, shape, theta_rad = pytest.importorskip("MotionClouds"), (64, 64, 32), np.radians(110)
    theirs = dict(sf_0=0.125, B_sf=0.1, V_X=0.5, V_Y=-0.6, B_V=0.4, B_theta=0.3, alpha=1.0, theta=theta_rad)
    ours = dict(sf_0=0.125, b_sf=0.1, v_x=0.5, v_y=-0.6, b_v=0.4, b_theta_rad=0.3, alpha=1.0, theta_rad=theta_rad)
    wanted = block_shares(package.envelope_gabor(*package.get_grids(*shape), **theirs) ** 2)
    powers = [np.abs(np.fft.fftn(cloud(shape=shape, **ours, method="raw", seed=seed))) ** 2 for seed in range(16)]
    shares, kept = [block_shares(np.fft.fftshift(power)) for power in powers], wanted > 0.002
    error = np.std(shares, axis=0, ddof=1)[kept] / np.sqrt(16)
    z = (np.mean(shares, axis=0) - wanted)[kept] / error
    assert np.abs(z).max() < 5 and np.sqrt(np.mean(z**2)) < 1.5
    assert wanted[kept].sum() > 0.85 and np.median(error / wanted[kept]) < 0.12


# --- log-Gabor


@settings(max_examples=10)
@given(x=st.floats(-40, 40), y=st.floats(-40, 40), phase=st.floats(-4, 4), theta_rad=st.floats(-4, 4))
@pytest.mark.parametrize("b_theta_rad", [0.3, np.inf])
def test_log_gabor_is_the_sum_of_its_waves(b_theta_rad, x, y, phase, theta_rad):
    """Wave by wave: its place, phase, width and scale, around the borders too."""
    field = log_gabor(shape=(24, 20), x=x, y=y, phase=phase, theta_rad=theta_rad, b_theta_rad=b_theta_rad)
    f_x, f_y, _, f_r = (f.ravel() for f in full_grid((24, 20, 1)))
    wanted = np.zeros((24, 20))
    for u, v, f in zip(f_x[1:], f_y[1:], f_r[1:], strict=True):
        weight = np.exp(-(np.log(f / 0.15) ** 2) / (2 * 0.5**2)) / f
        weight *= np.exp((np.cos(np.arctan2(v, u) - theta_rad) - 1) / b_theta_rad**2)
        along_x, along_y = np.ogrid[:24, :20]
        wanted += weight * np.cos(2 * np.pi * (u * (along_x - x) + v * (along_y - y)) + phase)
    np.testing.assert_allclose(field, wanted / np.linalg.norm(wanted), atol=1e-9)
    assert field.mean() == pytest.approx(0, abs=1e-12)


# --- grating


@pytest.mark.parametrize("v_x, v_y", [(-2, 0), (0, 3), (2, -1)])
def test_grating_drifts_by_its_velocity_and_has_one_wave_vector(v_x, v_y):
    """And the statistics of a movie find its direction and velocity there."""
    movie = stimuli.grating((40, 40, 40), theta_rad=np.arctan2(3, 4), sf_0=0.125, v_x=v_x, v_y=v_y)
    assert movie.dtype == np.float32
    for t, frame in enumerate(np.moveaxis(movie, 2, 0)):
        np.testing.assert_allclose(frame, np.roll(movie[..., 0], (t * v_x, t * v_y), axis=(0, 1)), atol=1e-5)
    power = np.abs(np.fft.fft2(movie[..., 0] - 0.5)) ** 2
    assert power[[4, -4], [3, -3]].sum() == pytest.approx(power.sum(), rel=1e-5)
    found, along = stimuli.cloud_statistics(movie), 0.8 * v_x + 0.6 * v_y
    assert [found.theta_rad, 0.8 * found.v_x + 0.6 * found.v_y] == pytest.approx([np.arctan2(3, 4), along], abs=1e-3)
    dark = stimuli.grating((8, 8, 1), theta_rad=0.0, sf_0=0.25, phase=np.pi, contrast=0.4)
    assert dark[:3, 0, 0] == pytest.approx([0.3, 0.5, 0.7])


# --- Poisson trains


def test_counts_are_poisson_with_the_rate_of_their_cell_and_step_and_independent():
    rate_hz = np.random.default_rng(1).uniform(0, 80, (400, 20))
    rate_hz[:, 5], rate_hz[50] = 25, 0
    drawn = stimuli.poisson_trains(rate_hz, dt_ms=200.0, seed=2)
    counts = np.array([np.histogram(times, bins=400, range=(0, 80_000))[0] for times in drawn]).T
    assert all((np.diff(times) >= 0).all() and times[0] >= 0 and times[-1] < 80_000 for times in drawn)
    assert not counts[50].any() and counts.sum() == sum(map(len, drawn))
    law = stats.poisson(0.2 * rate_hz)
    chance = np.random.default_rng(3).uniform(size=counts.shape)  # makes the ranks of integers uniform
    ranks = np.delete(law.cdf(counts - 1) + chance * law.pmf(counts), 50, axis=0)
    assert stats.kstest(ranks.ravel(), "uniform").pvalue > 0.01
    assert stats.kstest(ranks[:, 5], "uniform").pvalue > 0.01
    between = np.corrcoef(ranks.T) - np.eye(20)
    assert np.abs(between).max() < 4 / np.sqrt(len(ranks))
    assert abs(np.corrcoef(ranks[:-1].ravel(), ranks[1:].ravel())[0, 1]) < 4 / np.sqrt(ranks.size)


def test_the_intervals_of_a_constant_rate_are_exponential_within_and_across_steps():
    (times,) = stimuli.poisson_trains(np.full((1000, 1), 50.0), dt_ms=10.0, seed=8)
    assert stats.kstest(np.diff(times), "expon", args=(0, 20.0)).pvalue > 0.01


# --- bad input


BAD = [
    *[(f, dict(theta_rad=np.inf), "theta_rad = inf") for f in (cloud, grating, log_gabor)],
    *[(f, dict(sf_0=0.51), "sf_0 = 0.51 is out of range") for f in (cloud, frames, grating, log_gabor)],
    *[(f, dict(contrast=1.1), "contrast = 1.1 is out of range; allowed: a number in [0, 1]") for f in (cloud, grating)],
    (cloud, dict(shape=(8, 8)), "shape = (8, 8) is not (N_x, N_y, N_t)"),
    (cloud, dict(b_v=-0.5), "b_v = -0.5 is out of range"),
    *[(frames, dict(shape=(32, 32, n)), f"shape[2] = {n} cannot be halved; give an even number") for n in (2, 5)],
    (frames, dict(b_v=0), "b_v = 0 freezes the cloud"),
    (frames, dict(method="michelson"), "method = 'michelson' is unknown; choose one of: energy, raw"),
    (stimuli.cloud_statistics, dict(movie=np.ones((4, 4, 1)) * np.arange(3)), "movie has no spatial contrast, so"),
    (log_gabor, dict(shape=(8, 1)), "shape[1] = 1 is out of range"),
    (log_gabor, dict(b_theta_rad=1e-3), "b_theta_rad = 0.001 (0.0048 bins)"),
    (log_gabor, dict(sf_0=0.02), "sf_0 = 0.02 with b_sf = 0.5 passes the lowest frequency of the grid, 1/32"),
    (trains, dict(rate_hz=[[-1.0]]), "rate_hz goes down to -1"),
]


@pytest.mark.parametrize("function, arguments, fragment", BAD, ids=[fragment for *_, fragment in BAD])
def test_bad_input_is_refused_in_one_line(function, arguments, fragment):
    with pytest.raises(ParameterError, match=rf"^[^\n]*{re.escape(fragment)}[^\n]*$"):
        function(**arguments)
