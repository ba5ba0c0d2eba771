"""Motion clouds against closed forms, loops and the MotionClouds package; the other stimuli; bad input."""

import functools
import itertools
import random
import tracemalloc

import numpy as np
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
SMALL = dict(theta_rad=0.4, b_theta_rad=0.3, sf_0=0.15, b_sf=0.1)


def cloud(shape=(32, 32, 16), *, seed=1, **changes):
    return stimuli.motion_cloud(shape, **{**SMALL, **changes}, seed=seed)


def frames(shape=(32, 32, 16), *, seed=1, **changes):
    return stimuli.motion_cloud_frames(shape, **{**SMALL, **changes}, seed=seed)


def expected_cv(b_rad):
    k = 1 / (2 * b_rad**2)
    return 1 - special.i1e(k) / special.i0e(k)


def assert_mean_is(values, wanted, tolerance, min_standard_errors=4):
    """The mean over seeds is within a tolerance that is known to be at least four standard errors wide."""
    standard_error = np.std(values, ddof=1) / np.sqrt(len(values))
    assert tolerance >= min_standard_errors * standard_error
    assert abs(np.mean(values) - wanted) <= tolerance


# --- motion clouds: closed forms


def endless(shape, *, seed, **law):
    """Two N_t frames of an endless cloud, from within a fade on; the window takes the jump from last to first."""
    frames, n = stimuli.motion_cloud_frames(shape, **law, seed=seed), 2 * shape[2]
    movie = np.stack(list(itertools.islice(frames, shape[2] // 3, shape[2] // 3 + n)), axis=2)
    return movie * np.sin(np.pi * (np.arange(n) + 0.5) / n)


DRAWN = [(name, stimuli.motion_cloud) for name in CLOUDS]
DRAWN += [(name, endless) for name in CLOUDS if CLOUDS[name][3][2] % 2 == 0]  # an odd length is refused, see below


@pytest.mark.parametrize("name, draw", DRAWN)
def test_clouds_have_the_moments_of_their_law(name, draw, acceptance, record):
    b_deg, theta_deg, speed, shape, n_seeds = CLOUDS[name]
    law = dict(theta_rad=np.radians(theta_deg), b_theta_rad=np.radians(b_deg), sf_0=SF_0, b_sf=B_SF, **speed)
    movies = (draw(shape, **law, method="raw", seed=seed) for seed in range(n_seeds))
    found = [vars(stimuli.cloud_statistics(movie)) for movie in movies]
    measured = {field: np.array([one[field] for one in found]) for field in found[0]}
    cv, spread, rules = expected_cv(law["b_theta_rad"]), speed["b_v"] / np.sqrt(2), acceptance["clouds"]
    if draw is endless:  # the fade and the window smear f_t with a standard deviation of 1/(2 N_t) and 1/(4 N_t)
        per_f2 = np.exp(LOG_SD**2 - 2 * (np.log(SF_0) + LOG_SD**2 / 2))  # mean of 1/f_R^2
        spread = np.sqrt(spread**2 + per_f2 * (1 / 4 + 1 / 16) / shape[2] ** 2)
    rule = rules["orientation_cv"]
    bound = max(rule["absolute"], rule["relative"] * cv)
    assert_mean_is(measured["cv"], cv, bound, rule["min_standard_errors"])
    record("clouds.orientation_cv", measured["cv"].mean() - cv)
    if b_deg < np.inf:
        error_deg = (np.degrees(measured["theta_rad"]) - theta_deg + 90) % 180 - 90
        assert_mean_is(error_deg, 0, 1 if b_deg < 40 else 4)
    rule = rules["velocity"]
    for axis in ("v_x", "v_y"):
        narrow = b_deg < rule["narrow_below_deg"]
        assert_mean_is(measured[axis], speed[axis], rule["absolute_narrow" if narrow else "absolute"])
        record("clouds.velocity", measured[axis].mean() - speed[axis])
    assert_mean_is(measured["speed_spread"], spread, rules["speed_spread"]["relative"] * spread)
    record("clouds.speed_spread", measured["speed_spread"].mean() / spread - 1)
    rule, mean_sf, sd_sf = rules["log_frequency"], SF_0 * np.exp(LOG_SD**2 / 2), LOG_SD / np.sqrt(2)
    for field, wanted, relative in (("log_mean_sf", mean_sf, "relative_mean"), ("log_sd_sf", sd_sf, "relative_sd")):
        assert_mean_is(measured[field], wanted, rule[relative] * wanted)
        record("clouds.log_frequency", measured[field].mean() / wanted - 1)
    if draw is endless:  # the window changes it
        return
    rule = rules["kurtosis"]
    assert_mean_is(measured["kurtosis"], rule["reference"], rule["accept"][1] - rule["reference"])
    record("clouds.kurtosis", measured["kurtosis"].mean())


def test_an_endless_cloud_is_the_same_in_every_frame_and_never_repeats():
    """Over eight fades and 40 draws: variance, change from frame to frame, and covariance over the end of a fade."""
    shape, law = (32, 32, 16), SMALL | dict(b_v=0.5)
    endless_ones = (stimuli.motion_cloud_frames(shape, **law, method="raw", seed=s) for s in range(40))
    z = np.array([list(itertools.islice(frames, 64)) for frames in endless_ones])
    # Each phase of a fade, over draws, fades and pixels; a step has the law of the cloud times cos(pi/2L).
    steps = np.moveaxis((z[:, :-1] * z[:, 1:]).reshape(40, 63, -1).mean(axis=2), 1, 0)
    variances = (z**2).reshape(40, 8, 8, -1).mean(axis=(0, 1, 3))
    clouds = np.array([stimuli.motion_cloud(shape, **law, method="raw", seed=s) for s in range(40)])
    one_step = (clouds[..., :-1] * clouds[..., 1:]).mean()
    assert np.abs(variances - 1).max() < 0.03
    within = [steps[k::8].mean() for k in range(7)]  # the eighth passes from one fade to the next
    assert np.abs(np.array(within) - one_step * np.cos(np.pi / 16)).max() < 0.03
    assert abs(steps[7::8].mean() - one_step * np.cos(np.pi / 16)) < 0.03
    far = (z[:, :32] * z[:, 32:]).mean(axis=(2, 3))
    errors = far.mean(axis=0) / far.std(axis=0, ddof=1) * np.sqrt(len(far))
    assert np.abs(errors).max() < 4, "two clouds later nothing is left"


def test_an_endless_cloud_follows_its_seed_and_keeps_its_memory():
    first, again, other = (stimuli.motion_cloud_frames((32, 32, 16), **SMALL, seed=seed) for seed in (1, 1, 2))
    shown = [next(first) for _ in range(20)]
    assert np.array_equal(shown, [next(again) for _ in range(20)]) and not np.array_equal(shown[0], next(other))
    grey = stimuli.motion_cloud_frames((32, 32, 16), **SMALL, contrast=0.0, seed=1)
    assert shown[0].dtype == np.float32 and (next(grey) == 0.5).all()
    tracemalloc.start()
    for _ in range(3):
        list(itertools.islice(first, 16))
    tracemalloc.reset_peak()
    base = tracemalloc.get_traced_memory()[0]
    for frame in itertools.islice(first, 160):
        del frame
    grown = tracemalloc.get_traced_memory()[0] - base
    tracemalloc.stop()
    assert grown < 32 * 32 * 16 * 4, "less than a cloud more after ten of them"


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


def standard_errors(law, power, moving):
    """Those of one draw: the powers of its bins are exponentially distributed, and come in conjugate pairs."""
    f_x, f_y, f_t, f_r = full_grid(power.shape)
    s, phase = np.log(1 + law["b_sf"] / law["sf_0"]), np.exp(2j * (np.arctan2(f_y, f_x) - law["theta_rad"]))
    rows = [phase.imag, phase.real, np.log(f_r), (np.log(f_r) - np.average(np.log(f_r), weights=power)) ** 2 / 2 / s]
    if moving:
        rest = (f_t + law["v_x"] * f_x + law["v_y"] * f_y) / f_r
        rows += [2 * rest, rest**2 / law["b_v"]]
    deviations = [power * (row - np.average(row, weights=power)) for row in rows]
    return np.sqrt([2 * np.sum(d**2) for d in deviations]) / power.sum()


def log_floats(low, high):
    return st.floats(np.log(low), np.log(high)).map(lambda x: float(np.exp(x)))


def laws(b_theta_rad, sf_0, b_sf, speed, b_v):
    return st.fixed_dictionaries(
        dict(
            theta_rad=st.floats(-4, 4),
            b_theta_rad=log_floats(*b_theta_rad) | st.just(np.inf),
            sf_0=log_floats(*sf_0),
            b_sf=log_floats(*b_sf),
            v_x=st.floats(-speed, speed),
            v_y=st.floats(-speed, speed),
            b_v=log_floats(*b_v) | st.sampled_from([0.0, np.inf]),
            alpha=st.floats(-1, 2),
        )
    )


def grids(low, frames):
    return st.tuples(st.integers(low, 48), st.integers(low, 48), st.sampled_from(frames))


ANYTHING = st.tuples(grids(12, [1, 2, 7, 24, 33]), laws((0.01, 3), (0.01, 0.5), (0.001, 1), 3, (0.01, 10)))
MODERATE = st.tuples(grids(32, [1, 24, 33, 48]), laws((0.1, 3), (0.12, 0.22), (0.03, 0.09), 1, (0.15, 0.6)))


def only(shape, *law):
    names = ("theta_rad", "b_theta_rad", "sf_0", "b_sf", "v_x", "v_y", "b_v", "alpha")
    return example(case=(shape, dict(zip(names, law, strict=True))), seed=1)


@only((36, 37, 24), -2.74, 0.384, 0.08, 0.081, 1.17, -1.09, 0.1, 0.0)  # wrong in theta alone
@only((27, 21, 24), 0.17, 0.155, 0.134, 0.035, 0.14, -1.24, 0.31, 0.0)  # in circular variance alone
@only((32, 39, 16), -2.98, 0.199, 0.234, 0.119, 0.86, 0.99, 0.85, 0.0)  # in speed alone
@settings(max_examples=100)
@given(case=ANYTHING | MODERATE, seed=st.integers(0, 2**32))
def test_a_cloud_is_returned_as_asked_or_refused(case, seed):
    """Returned exactly where the formula on the grid keeps its moments; then the movie has them, up to its scatter."""
    shape, law = case
    power, moving = formula_power(shape, **law), shape[2] > 1 and 0 < law["b_v"] < np.inf
    error, bound = errors(moments(power), law, moving)
    try:
        movie = stimuli.motion_cloud(shape, **law, method="raw", seed=seed)
    except ParameterError as failure:
        event("refused")
        assert np.max(error / bound) > 0.95
        assert "\n" not in str(failure) and any(f"{name} = {value:g}" in str(failure) for name, value in law.items())
    else:
        event("returned")
        assert np.max(error / bound) < 1.02
        measured_error, _ = errors(vars(stimuli.cloud_statistics(movie)), law, moving)
        assert np.all(measured_error < bound + 6 * standard_errors(law, power, moving))


HELD = dict(theta_rad=0.0, b_theta_rad=0.3, sf_0=0.125, b_sf=0.06, v_x=0.5, v_y=0.0, b_v=0.4, alpha=0.0)


GUILTY = [
    ("b_theta_rad", "between the frequencies", 1e-200, 0.02),
    ("b_sf", "between the frequencies", 1e-300, 0.002),
    ("b_sf", "Nyquist limit", 0.4, 1e300),
    ("sf_0", "Nyquist limit", 0.45, 0.5),
    ("sf_0", "lowest frequency", 0.01, 0.02),
    ("alpha", "lowest frequency", 20, 1e6),
    ("b_v", "between the frequencies of shape[2]", 1e-300, 0.08),
    ("b_v", "frame rate", 3, 1e300),
    ("v_x", "frame rate", 3, 1e300),
]


@given(st.one_of(*(st.tuples(st.just(row), log_floats(*row[2:])) for row in GUILTY)))
def test_the_argument_that_the_grid_cannot_hold_is_named(case):
    (name, bound, *_), value = case
    with pytest.raises(ParameterError) as failure:
        cloud((48, 48, 48), **{**HELD, name: value})
    assert f"{name} = {value:g}" in str(failure.value) and bound in str(failure.value)
    assert cloud((48, 48, 48), **HELD).shape == (48, 48, 48)


def test_log_gabor_beyond_the_grid_names_the_bound():
    for changes, text in {
        ("b_theta_rad", 1e-3): "b_theta_rad = 0.001 (0.0048 bins)",
        ("b_sf", 1e-3): "b_sf = 0.001 (0.0048 bins)",
        ("sf_0", 0.45): "sf_0 = 0.45 with b_sf = 0.5 passes the Nyquist limit",
        ("sf_0", 0.02): "sf_0 = 0.02 with b_sf = 0.5 passes the lowest frequency of the grid, 1/32",
    }.items():
        with pytest.raises(ParameterError) as failure:
            log_gabor(**dict([changes]))
        assert text in str(failure.value)


# --- cloud_statistics against averages over the full spectrum


@pytest.mark.parametrize("shape", [(15, 13, 8), (17, 9, 5), (9, 17, 2), (11, 9, 3)])
def test_cloud_statistics_equal_averages_over_the_full_spectrum(shape, rng):
    movie = rng.exponential(size=shape) + 3
    found, z = vars(stimuli.cloud_statistics(movie)), movie - movie.mean()
    wanted = moments(np.abs(np.fft.fftn(z)) ** 2) | {"kurtosis": stats.kurtosis(movie, axis=None, fisher=False)}
    for field, value in wanted.items():
        assert found[field] == pytest.approx(value, rel=1e-9, abs=1e-12), field


def test_cloud_statistics_of_one_frame_have_no_velocity():
    found = stimuli.cloud_statistics(cloud((32, 32, 1)))
    assert np.isnan([found.v_x, found.v_y, found.speed_spread]).all()
    assert found.theta_rad == pytest.approx(0.4, abs=0.2)


# --- motion clouds: conventions, seen in pixels


@pytest.mark.parametrize("v_x, v_y", [(-2, 0), (1, -1)])
def test_positive_velocity_moves_towards_growing_indices(v_x, v_y):
    movie = cloud((64, 64, 96), b_theta_rad=np.inf, v_x=v_x, v_y=v_y, b_v=0.15, sf_0=0.1, b_sf=0.05, method="raw")
    forward = np.roll(movie, (v_x, v_y), axis=(0, 1))
    backward = np.roll(movie, (-v_x, -v_y), axis=(0, 1))
    ahead, behind = (np.corrcoef(m[..., 3].ravel(), movie[..., 4].ravel())[0, 1] for m in (forward, backward))
    assert ahead > 0.97
    assert behind < 0.8


def test_theta_is_the_direction_of_the_steepest_change():
    cloud_135 = dict(theta_rad=np.radians(135), b_theta_rad=0.15, sf_0=0.05, b_sf=0.03)
    gradients = []
    for seed in range(4):
        d_x, d_y = np.gradient(cloud((128, 128, 1), **cloud_135, seed=seed)[..., 0])
        gradients.append(np.mean((d_x + 1j * d_y) ** 2))
    assert abs(np.degrees(np.angle(np.mean(gradients) * np.exp(-2j * np.radians(135))) / 2)) < 3


def test_no_speed_bandwidth_freezes_the_cloud():
    for v_x in (0.0, 1.0):
        movie = cloud((64, 64, 16), b_v=0, v_x=v_x)
        np.testing.assert_allclose(movie, np.repeat(movie[..., :1], 16, axis=2), atol=1e-6)
        assert np.ptp(movie[..., 0]) > 0.4


@pytest.mark.parametrize("shape", [(48, 48, 16), (48, 48, 15)])
def test_every_temporal_frequency_has_its_share(shape):
    """White in time: the self-conjugate planes f_t = 0 and 1/2 hold as much power as any other."""
    power = sum(np.abs(np.fft.fftn(cloud(shape, b_v=np.inf, method="raw", seed=s))) ** 2 for s in range(40))
    share = power.sum(axis=(0, 1)) / power.sum() * shape[2]
    np.testing.assert_allclose(share, 1, atol=0.12)
    inner = np.delete(share, [0, shape[2] // 2])
    assert share[0] == pytest.approx(inner.mean(), abs=0.08)
    assert inner.std() < 0.05


# --- motion clouds: values and seeds


@given(seed=st.integers(0, 2**63), contrast=st.floats(0, 1))
def test_michelson_touches_one_end_and_contrast_scales_about_the_grey(seed, contrast):
    movie = cloud(seed=seed)
    assert movie.dtype == np.float32
    assert np.sum((movie == 0) | (movie == 1)) == 1 and np.abs(movie - 0.5).max() == 0.5
    assert movie.mean(dtype=float) == pytest.approx(0.5, abs=1e-6)
    np.testing.assert_array_equal(movie, cloud(seed=seed))
    np.testing.assert_allclose(cloud(seed=seed, contrast=contrast) - 0.5, contrast * (movie - 0.5), atol=2e-6)


@pytest.mark.parametrize("contrast", [0.0, 0.3, 2.5])
def test_energy_and_raw_fix_the_standard_deviation(contrast):
    movie, raw = cloud(method="energy", contrast=contrast), cloud(method="raw", contrast=contrast)
    assert [raw.mean(dtype=float), raw.std(dtype=float)] == pytest.approx([0, 1], abs=1e-5)
    np.testing.assert_allclose(movie, 0.5 + 0.5 * contrast * raw, atol=1e-5)  # not clipped


def test_seeds_and_generators():
    generator = np.random.default_rng(3)
    np.testing.assert_array_equal(cloud(seed=3), cloud(seed=np.int64(3)))
    np.testing.assert_array_equal(cloud(seed=3), cloud(seed=generator))
    assert not np.array_equal(cloud(seed=3), cloud(seed=generator))
    assert abs(np.corrcoef(cloud(seed=3).ravel(), cloud(seed=4).ravel())[0, 1]) < 0.3


def test_global_random_state_is_neither_read_nor_changed(tmp_path):
    np.random.seed(5)  # noqa: NPY002
    before, python_before = np.random.get_state(), random.getstate()  # noqa: NPY002
    first = cloud(seed=3)
    stimuli.poisson_trains([[10.0]], dt_ms=100, seed=3)
    stimuli.read_movie(stimuli.write_movie(first, tmp_path / "a.gif", fps=25))
    after = np.random.get_state()  # noqa: NPY002
    assert random.getstate() == python_before
    np.testing.assert_array_equal(before[1], after[1])
    assert before[2:] == after[2:]
    np.random.seed(6)  # noqa: NPY002
    np.testing.assert_array_equal(first, cloud(seed=3))


# --- against the MotionClouds package


@pytest.fixture
def package():
    """The MotionClouds package; it seeds the global generator, whose state is put back."""
    state = np.random.get_state()  # noqa: NPY002
    yield pytest.importorskip("MotionClouds")
    np.random.set_state(state)  # noqa: NPY002


def block_shares(power):
    """Share of the power in blocks of 8 x 8 x 4 bins of a spectrum with the origin in the middle."""
    n_x, n_y, n_t = (n // block for n, block in zip(power.shape, (8, 8, 4), strict=True))
    return power.reshape(n_x, 8, n_y, 8, n_t, 4).sum(axis=(1, 3, 5)).ravel() / power.sum()


def spectrum_shares(movie):
    return block_shares(np.fft.fftshift(np.abs(np.fft.fftn(movie - movie.mean())) ** 2))


@pytest.mark.parametrize("theta_deg, v_y, alpha", [(60, 0.0, 1.0), (110, -0.6, 0.0)])
def test_spectrum_is_the_squared_envelope_of_the_package(package, theta_deg, v_y, alpha):
    shape, n_seeds = (64, 64, 32), 16
    law = dict(sf_0=0.125, B_sf=0.1, V_X=0.5, V_Y=v_y, B_V=0.4, B_theta=0.3, alpha=alpha, theta=np.radians(theta_deg))
    envelope = package.envelope_gabor(*package.get_grids(*shape), **law)
    wanted = block_shares(envelope**2)
    ours = dict(sf_0=0.125, b_sf=0.1, v_x=0.5, v_y=v_y, b_v=0.4, b_theta_rad=0.3, alpha=alpha)
    ours = [cloud(shape, theta_rad=law["theta"], **ours, method="raw", seed=s) for s in range(n_seeds)]
    theirs = [package.random_cloud(envelope, seed=s) for s in range(n_seeds)]
    kept = wanted > 0.002
    assert wanted[kept].sum() > 0.85
    for movies in (ours, theirs):
        shares = np.array([spectrum_shares(movie)[kept] for movie in movies])
        error = shares.std(axis=0, ddof=1) / np.sqrt(n_seeds)
        z = (shares.mean(axis=0) - wanted[kept]) / error
        assert np.abs(z).max() < 5
        assert np.sqrt(np.mean(z**2)) < 1.5
        assert np.median(error / wanted[kept]) < 0.12


@pytest.mark.parametrize("name", ["Michelson", "Energy"])
def test_rectification_equals_that_of_the_package(package, name):
    raw, ours = cloud(method="raw"), cloud(method=name.lower(), contrast=0.7)
    np.testing.assert_allclose(ours, package.rectif(raw, contrast=0.7, method=name), atol=1e-6)


# --- log-Gabor

FIELD = dict(x=16, y=16, sf_0=0.15, b_sf=0.5, theta_rad=0.5, b_theta_rad=0.26)


def log_gabor(shape=(32, 32), **changes):
    return stimuli.log_gabor(shape, **{**FIELD, **changes})


def test_log_gabor_equals_the_package(tmp_path, monkeypatch):
    """Against the LogGabor package on a 64 x 64 grid; it writes a log file where it stands."""
    monkeypatch.chdir(tmp_path)
    module = pytest.importorskip("LogGabor")
    names = "white_n_learning white_N white_N_0 white_f_0 white_alpha white_steepness do_whitening do_mask noise"
    options = dict.fromkeys([*names.split(), "use_cache", "verbose", "seed"], 0)
    options |= dict.fromkeys(["figpath", "matpath", "datapath"], str(tmp_path))
    options |= dict(N_X=64, N_Y=64, N_image=1, base_levels=1.618, n_theta=12, B_theta=0.26, B_sf=0.5, mask_exponent=3.0)
    peer = module.LogGabor(options)
    for theta_deg, (x, y), sf_0 in [(30, (20, 41), 0.15), (90, (20, 41), 0.05), (140, (32, 32), 0.15)]:
        theta = np.radians(theta_deg)
        theirs = peer.invert(peer.loggabor(x, y, sf_0=sf_0, B_sf=0.5, theta=theta, B_theta=np.pi / 12))
        ours = stimuli.log_gabor((64, 64), x=x, y=y, sf_0=sf_0, b_sf=0.5, theta_rad=theta, b_theta_rad=np.pi / 12)
        assert np.corrcoef(ours.ravel(), theirs.ravel())[0, 1] > 0.999


def test_phases_0_and_90_deg_are_in_quadrature():
    even, odd = (log_gabor(theta_rad=np.radians(160), phase=phase) for phase in (0.0, np.pi / 2))
    assert abs(np.sum(even * odd)) < 1e-9 and abs(odd[16, 16]) < 1e-9
    assert even.argmax() == np.hypot(even, odd).argmax() == 16 * 32 + 16
    middle = (slice(1, None), slice(1, None))
    np.testing.assert_allclose(even[middle], even[middle][::-1, ::-1], atol=1e-3 * even.max())
    np.testing.assert_allclose(odd[middle], -odd[middle][::-1, ::-1], atol=1e-2 * even.max())


def test_log_gabor_has_unit_norm_zero_mean_and_a_sign():
    for changes in (dict(), dict(phase=1.0), dict(b_theta_rad=np.inf), dict(x=3.3, y=-40.0)):
        field = log_gabor(**changes)
        assert np.linalg.norm(field) == pytest.approx(1)
        assert field.mean() == pytest.approx(0, abs=1e-12)
    np.testing.assert_allclose(log_gabor(phase=np.pi), -log_gabor(), atol=1e-12)


def test_centre_translates_and_wraps():
    np.testing.assert_allclose(log_gabor(x=20, y=13), np.roll(log_gabor(), (4, -3), axis=(0, 1)), atol=1e-9)
    np.testing.assert_allclose(log_gabor(x=16 + 32, y=16 - 32), log_gabor(), atol=1e-9)
    half = log_gabor(x=16.5)
    np.testing.assert_allclose(half[16, 16], half[17, 16], rtol=0.2)
    assert half[16:18, 16].min() > half[[14, 19], 16].max()


# --- grating


@pytest.mark.parametrize("v_x, v_y", [(-2, 0), (0, 3), (2, -1)])
def test_grating_drifts_by_its_velocity(v_x, v_y):
    movie = stimuli.grating((40, 40, 5), theta_rad=np.arctan2(3, 4), sf_0=0.125, v_x=v_x, v_y=v_y)
    assert movie.dtype == np.float32
    for t, frame in enumerate(np.moveaxis(movie, 2, 0)):
        np.testing.assert_allclose(frame, np.roll(movie[..., 0], (t * v_x, t * v_y), axis=(0, 1)), atol=1e-5)


def test_grating_has_one_wave_vector_phase_and_contrast():
    frame = stimuli.grating((40, 40, 1), theta_rad=np.arctan2(3, 4), sf_0=0.125)[..., 0]
    power = np.abs(np.fft.fft2(frame - 0.5)) ** 2
    assert power[[4, -4], [3, -3]].sum() == pytest.approx(power.sum(), rel=1e-5)
    dark = stimuli.grating((8, 8, 1), theta_rad=0.0, sf_0=0.25, phase=np.pi, contrast=0.4)
    assert dark[0, 0, 0] == pytest.approx(0.3)
    assert np.ptp(stimuli.grating((8, 8, 3), theta_rad=1.0, sf_0=0.1, contrast=0.0)) == 0


def test_grating_is_the_cloud_of_zero_bandwidth():
    """Both formulas put the direction of motion and of the wave vector in the same place."""
    movie = stimuli.grating((64, 64, 64), theta_rad=np.arctan2(3, 4), sf_0=5 / 64, v_x=1.0, v_y=1.0)
    found = stimuli.cloud_statistics(movie)
    normal = np.array([0.8, 0.6])
    assert found.theta_rad == pytest.approx(np.arctan2(3, 4), abs=1e-3)
    assert normal @ [found.v_x, found.v_y] == pytest.approx(normal @ [1.0, 1.0], abs=1e-3)


# --- Poisson trains


def poisson_p_value(seed, rate_hz=25.0, dt_ms=200.0, n_cells=500):
    """Chi-squared of the counts of many cells against the Poisson law of mean 5, tails pooled."""
    trains = stimuli.poisson_trains(np.full((1, n_cells), rate_hz), dt_ms=dt_ms, seed=seed)
    law = stats.poisson(rate_hz * dt_ms / 1000)
    edges = np.arange(1, 10)
    counts = np.clip([len(times) for times in trains], edges[0], edges[-1] + 1)
    wanted = np.diff(np.r_[0, law.cdf(edges), 1]) * n_cells
    return stats.chisquare(np.bincount(counts, minlength=11)[1:], wanted).pvalue


def test_counts_are_poisson_at_two_levels():
    p_values = [poisson_p_value(seed) for seed in range(100)]
    assert stats.kstest(p_values, "uniform").pvalue > 0.01


def test_times_are_uniform_inside_a_step_and_intervals_exponential():
    (times,) = stimuli.poisson_trains(np.full((40, 1), 2000.0), dt_ms=250.0, seed=7)
    assert len(times) > 15_000
    assert stats.kstest(times % 250 / 250, "uniform").pvalue > 0.01
    assert stats.kstest(times / 10_000, "uniform").pvalue > 0.01
    (times,) = stimuli.poisson_trains(np.full((1000, 1), 50.0), dt_ms=10.0, seed=8)
    assert stats.kstest(np.diff(times), "expon", args=(0, 20.0)).pvalue > 0.01


def test_inhomogeneous_rate_is_recovered():
    rate_hz = 40 + 35 * np.sin(np.linspace(0, 2 * np.pi, 50))[:, None] * np.ones(800)
    trains = stimuli.poisson_trains(rate_hz, dt_ms=20.0, seed=9)
    counts = np.histogram(np.concatenate(trains), bins=50, range=(0, 1000))[0]
    wanted = rate_hz.sum(axis=1) * 0.02
    z = (counts - wanted) / np.sqrt(wanted)
    assert np.abs(z).max() < 4
    assert 0.6 < np.mean(z**2) < 1.5


def test_cells_keep_their_own_rate_and_order():
    rate_hz = np.zeros((6, 3))
    rate_hz[:, 1], rate_hz[2, 2] = 200, 500
    silent, steady, burst = stimuli.poisson_trains(rate_hz, dt_ms=100.0, seed=10)
    assert len(silent) == 0
    assert 60 < len(steady) < 190
    assert (burst >= 200).all() and (burst < 300).all() and len(burst) > 20
    for times in (steady, burst):
        assert (np.diff(times) >= 0).all()
        assert times[0] >= 0 and times[-1] < 600


def test_cells_are_independent_and_follow_the_seed():
    draw = functools.partial(stimuli.poisson_trains, np.full((500, 2), 50.0), dt_ms=100.0)
    one, same, other, generator = (draw(seed=seed) for seed in (11, 11, 12, np.random.default_rng(11)))
    counts = [np.histogram(times, bins=500, range=(0, 50_000))[0] for times in one]
    assert abs(np.corrcoef(*counts)[0, 1]) < 4 / np.sqrt(500)
    for a, b, c, d in zip(one, same, generator, other, strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(a, c)
        assert not np.array_equal(a, d)


# --- bad input

OK_GRATING = dict(theta_rad=0.0, sf_0=0.1)


def grating(shape=(8, 8, 2), **changes):
    return stimuli.grating(shape, **{**OK_GRATING, **changes})


def trains(rate_hz=((5.0,),), **changes):
    return stimuli.poisson_trains(rate_hz, **{**dict(dt_ms=1.0, seed=1), **changes})


BAD = [
    *[(f, dict(seed=seed), f"seed = {seed!r} is") for f in (cloud, trains) for seed in (None, -1)],
    *[(f, dict(theta_rad=bad), f"theta_rad = {bad}") for f in (cloud, grating) for bad in (np.inf,)],
    *[(f, dict(sf_0=bad), f"sf_0 = {bad} is out of range") for f in (cloud, grating, log_gabor) for bad in (0, 0.51)],
    *[(f, dict(b_sf=bad), f"b_sf = {bad} is out of range") for f in (cloud, log_gabor) for bad in (np.inf,)],
    *[(f, dict(b_theta_rad=bad), f"b_theta_rad = {bad}") for f in (cloud, log_gabor) for bad in (0, np.nan)],
    (frames, dict(shape=(32, 32, 3)), "shape[2] = 3 cannot be halved; give an even number of frames, at least 4"),
    (frames, dict(b_v=0), "b_v = 0 freezes the cloud"),
    (frames, dict(sf_0=0.6), "sf_0 = 0.6 is out of range"),
    (frames, dict(method="michelson"), "method = 'michelson' is unknown; choose one of: energy, raw"),
    (frames, dict(contrast=-1), "contrast = -1 is out of range"),
    (cloud, dict(shape=(8, 8)), "shape = (8, 8) is not (N_x, N_y, N_t)"),
    (cloud, dict(shape=(8, 8, 0)), "shape[2] = 0 is out of range"),
    (cloud, dict(v_x=np.inf), "v_x = inf is out of range"),
    (cloud, dict(b_v=-0.5), "b_v = -0.5 is out of range"),
    (cloud, dict(alpha=np.nan), "alpha = nan"),
    (cloud, dict(contrast=1.1), "contrast = 1.1 is out of range; allowed: a number in [0, 1]"),
    (cloud, dict(method="Michelson"), "method = 'Michelson' is unknown; choose one of: michelson, energy, raw"),
    (stimuli.cloud_statistics, dict(movie=np.zeros((4, 4))), "movie has 2 dimension"),
    (stimuli.cloud_statistics, dict(movie=np.ones((4, 4, 1)) * np.arange(3)), "movie has no spatial contrast, so"),
    (grating, dict(shape=(8, 8)), "shape = (8, 8) is not (N_x, N_y, N_t)"),
    (grating, dict(contrast=2), "contrast = 2 is out of range"),
    (log_gabor, dict(shape=(8, 8, 1)), "shape = (8, 8, 1) is not (N_x, N_y)"),
    (trains, dict(rate_hz=[[-1.0]]), "rate_hz goes down to -1"),
    (trains, dict(rate_hz=[5.0]), "rate_hz has 1 dimension"),
    (trains, dict(rate_hz=[[1e30]]), "rate_hz goes up to 1e+30"),
    *[(trains, dict(dt_ms=dt_ms), f"dt_ms = {dt_ms} is out of range") for dt_ms in (0, np.inf)],
]


@pytest.mark.parametrize("function, arguments, fragment", BAD, ids=[f"{f.__name__}-{t}" for f, _, t in BAD])
def test_bad_input_is_refused_in_one_line(function, arguments, fragment):
    with pytest.raises(ParameterError) as failure:
        function(**arguments)
    assert fragment in str(failure.value)
    assert "\n" not in str(failure.value)
