"""Motion clouds against closed forms, loops and the MotionClouds package; the other stimuli; bad input."""

import functools
import random
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from helpers import stimuli
from helpers.parameters import OutputError, ParameterError

# Frequencies are low enough that no power folds over, and b_v f_R N_t >= 1.5 resolves the speed plane in f_t.
# Degrees here; the last two numbers of a row are the shape and the number of seeds.
CLOUDS = {
    "8 deg": (8, 40, dict(v_x=1.0, v_y=0.0, b_v=0.3), (128, 128, 64), 20),
    "8 deg, fast upwards": (8, 120, dict(v_x=0.0, v_y=1.2, b_v=0.3), (128, 128, 64), 20),
    "20 deg at the seam": (20, 179, dict(v_x=0.5, v_y=-0.7, b_v=0.4), (128, 128, 64), 12),
    "20 deg past the seam, odd grid": (20, 1, dict(v_x=-0.8, v_y=-0.4, b_v=0.4), (127, 129, 61), 12),
    "35 deg, downwards": (35, 90, dict(v_x=0.0, v_y=-1.0, b_v=0.3), (128, 128, 64), 8),
    "35 deg, still": (35, 0, dict(v_x=0.0, v_y=0.0, b_v=0.5), (96, 128, 64), 8),
    "60 deg": (60, 30, dict(v_x=-0.6, v_y=0.3, b_v=0.4), (128, 128, 64), 8),
    "isotropic": (np.inf, 0, dict(v_x=0.6, v_y=0.6, b_v=0.3), (128, 128, 64), 8),
}
SF_0, B_SF = 0.125, 0.05
LOG_SD = np.log(1 + B_SF / SF_0)
SMALL = dict(theta_rad=0.4, b_theta_rad=0.3, sf_0=0.15, b_sf=0.1)


def cloud(shape=(32, 32, 16), *, seed=1, **changes):
    return stimuli.motion_cloud(shape, **{**SMALL, **changes}, seed=seed)


def expected_cv(b_rad):
    k = 1 / (2 * b_rad**2)
    return 1 - special.i1e(k) / special.i0e(k)


@functools.cache
def measured(name):
    """Statistics of the raw clouds of a parameter set, a dictionary of arrays over seeds."""
    b_deg, theta_deg, speed, shape, n_seeds = CLOUDS[name]
    angles = dict(theta_rad=np.radians(theta_deg), b_theta_rad=np.radians(b_deg))
    draw = functools.partial(stimuli.motion_cloud, shape, **angles, sf_0=SF_0, b_sf=B_SF, **speed, method="raw")
    found = [stimuli.cloud_statistics(draw(seed=seed)) for seed in range(n_seeds)]
    return {field: np.array([getattr(one, field) for one in found]) for field in vars(found[0])}


def assert_mean_is(values, wanted, tolerance, min_standard_errors=4):
    """The mean over seeds is within a tolerance that is known to be at least four standard errors wide."""
    standard_error = np.std(values, ddof=1) / np.sqrt(len(values))
    assert tolerance >= min_standard_errors * standard_error
    assert abs(np.mean(values) - wanted) <= tolerance


# --- motion clouds: closed forms


@pytest.mark.parametrize("name", CLOUDS)
def test_orientation_cv(name, acceptance, record):
    rule = acceptance["clouds"]["orientation_cv"]
    wanted = expected_cv(np.radians(CLOUDS[name][0]))
    tolerance = max(rule["absolute"], rule["relative"] * wanted)
    assert_mean_is(measured(name)["cv"], wanted, tolerance, rule["min_standard_errors"])
    record("clouds.orientation_cv", measured(name)["cv"].mean() - wanted)


@pytest.mark.parametrize("name", [name for name in CLOUDS if name != "isotropic"])
def test_mean_orientation(name):
    b_deg, theta_deg = CLOUDS[name][:2]
    error_deg = (np.degrees(measured(name)["theta_rad"]) - theta_deg + 90) % 180 - 90
    assert_mean_is(error_deg, 0, 1 if b_deg < 40 else 4)


@pytest.mark.parametrize("name", CLOUDS)
@pytest.mark.parametrize("axis", ["v_x", "v_y"])
def test_velocity(name, axis, acceptance, record):
    rule = acceptance["clouds"]["velocity"]
    narrow = CLOUDS[name][0] < rule["narrow_below_deg"]
    tolerance = rule["absolute_narrow"] if narrow else rule["absolute"]
    assert_mean_is(measured(name)[axis], CLOUDS[name][2][axis], tolerance)
    record("clouds.velocity", measured(name)[axis].mean() - CLOUDS[name][2][axis])


@pytest.mark.parametrize("name", CLOUDS)
def test_speed_spread(name, acceptance, record):
    wanted = CLOUDS[name][2]["b_v"] / np.sqrt(2)
    assert_mean_is(measured(name)["speed_spread"], wanted, acceptance["clouds"]["speed_spread"]["relative"] * wanted)
    record("clouds.speed_spread", measured(name)["speed_spread"].mean() / wanted - 1)


@pytest.mark.parametrize("name", CLOUDS)
def test_log_frequency(name, acceptance, record):
    rule = acceptance["clouds"]["log_frequency"]
    mean, sd = SF_0 * np.exp(LOG_SD**2 / 2), LOG_SD / np.sqrt(2)
    assert_mean_is(measured(name)["log_mean_sf"], mean, rule["relative_mean"] * mean)
    assert_mean_is(measured(name)["log_sd_sf"], sd, rule["relative_sd"] * sd)
    record(
        "clouds.log_frequency",
        [measured(name)[k].mean() / w - 1 for k, w in (("log_mean_sf", mean), ("log_sd_sf", sd))],
    )


@pytest.mark.parametrize("name", CLOUDS)
def test_kurtosis(name, acceptance, record):
    rule = acceptance["clouds"]["kurtosis"]
    assert_mean_is(measured(name)["kurtosis"], rule["reference"], rule["accept"][1] - rule["reference"])
    record("clouds.kurtosis", measured(name)["kurtosis"].mean())


@pytest.mark.parametrize("alpha", [1.0, -1.0])
def test_alpha_shifts_the_log_mean_frequency(alpha):
    """A factor f^-alpha on the amplitude moves the mean of ln f by -alpha s^2."""
    draws = [cloud((128, 128, 1), sf_0=SF_0, b_sf=B_SF, alpha=alpha, method="raw", seed=seed) for seed in range(8)]
    found = [np.log(stimuli.cloud_statistics(one).log_mean_sf) for one in draws]
    wanted = np.log(SF_0) - alpha * LOG_SD**2
    assert_mean_is(found, wanted, 0.03)


# --- cloud_statistics against loops


def slow_statistics(movie):
    """The moments by loops over every bin of the full complex spectrum."""
    z = movie - movie.mean()
    power = np.abs(np.fft.fftn(z)) ** 2
    rows = [np.fft.fftfreq(n) for n in movie.shape]
    total = vector = log_sum = log_square = 0.0
    normal, target = np.zeros((2, 2)), np.zeros(2)
    bins = [index for index in np.ndindex(movie.shape) if index[0] or index[1]]
    for i, j, k in bins:
        p, f, f_t = power[i, j, k], np.array([rows[0][i], rows[1][j]]), rows[2][k]
        radius = np.hypot(*f)
        total += p
        vector += p * np.exp(2j * np.arctan2(f[1], f[0]))
        log_sum += p * np.log(radius)
        log_square += p * np.log(radius) ** 2
        normal += p * np.outer(f, f) / radius**2
        target -= p * f_t * f / radius**2
    v = np.linalg.solve(normal, target)
    residual = 0.0
    for i, j, k in bins:
        f = np.array([rows[0][i], rows[1][j]])
        residual += power[i, j, k] * (rows[2][k] + v @ f) ** 2 / (f @ f)
    mean = log_sum / total
    return {
        "theta_rad": np.angle(vector / total) / 2 % np.pi,
        "cv": 1 - abs(vector) / total,
        "v_x": v[0],
        "v_y": v[1],
        "speed_spread": np.sqrt(residual / total),
        "log_mean_sf": np.exp(mean),
        "log_sd_sf": np.sqrt(log_square / total - mean**2),
        "kurtosis": np.mean(z**4) / np.mean(z**2) ** 2,
    }


@pytest.mark.parametrize("shape", [(15, 13, 8), (15, 13, 9), (9, 17, 2), (11, 9, 3)])
def test_cloud_statistics_equal_loops_over_the_full_spectrum(shape, rng):
    movie = rng.exponential(size=shape) + 3
    fast, slow = vars(stimuli.cloud_statistics(movie)), slow_statistics(movie)
    for field, value in slow.items():
        assert fast[field] == pytest.approx(value, rel=1e-9, abs=1e-12), field


def test_cloud_statistics_of_a_cloud_equal_loops_on_an_even_grid():
    movie = cloud((32, 24, 16), sf_0=0.1, b_sf=0.05, v_x=-0.5, v_y=0.8)
    fast, slow = vars(stimuli.cloud_statistics(movie)), slow_statistics(movie.astype(float))
    for field, value in slow.items():
        assert fast[field] == pytest.approx(value, rel=1e-3, abs=1e-3), field


def test_cloud_statistics_of_one_frame_have_no_velocity():
    found = stimuli.cloud_statistics(cloud((32, 32, 1)))
    assert np.isnan([found.v_x, found.v_y, found.speed_spread]).all()
    assert found.theta_rad == pytest.approx(0.4, abs=0.2)


# --- motion clouds: conventions, seen in pixels


@pytest.mark.parametrize("v_x, v_y", [(1, 0), (-2, 0), (0, 1), (0, -1), (1, -1)])
def test_positive_velocity_moves_towards_growing_indices(v_x, v_y):
    movie = cloud((64, 64, 8), b_theta_rad=np.inf, v_x=v_x, v_y=v_y, b_v=0.01, sf_0=0.1, b_sf=0.05, method="raw")
    forward = np.roll(movie, (v_x, v_y), axis=(0, 1))
    backward = np.roll(movie, (-v_x, -v_y), axis=(0, 1))
    ahead, behind = (np.corrcoef(m[..., 3].ravel(), movie[..., 4].ravel())[0, 1] for m in (forward, backward))
    assert ahead > 0.98
    assert behind < 0.8


@pytest.mark.parametrize("theta_deg", [0, 30, 90, 135])
def test_theta_is_the_direction_of_the_steepest_change(theta_deg):
    gradients = []
    for seed in range(4):
        frame = cloud(
            (128, 128, 1), theta_rad=np.radians(theta_deg), b_theta_rad=0.15, sf_0=0.05, b_sf=0.03, seed=seed
        )[..., 0]
        d_x, d_y = np.gradient(frame)
        gradients.append(np.mean((d_x + 1j * d_y) ** 2))
    error_deg = np.degrees(np.angle(np.mean(gradients) * np.exp(-2j * np.radians(theta_deg))) / 2)
    assert abs(error_deg) < 3


# --- motion clouds: values, seeds, extremes


@pytest.mark.parametrize("seed", range(5))
def test_michelson_touches_one_end_exactly(seed):
    movie = cloud(seed=seed)
    assert movie.min() >= 0 and movie.max() <= 1
    assert (movie.min() == 0) != (movie.max() == 1)
    assert np.sum((movie == 0) | (movie == 1)) == 1
    assert movie.mean(dtype=float) == pytest.approx(0.5, abs=1e-6)


@pytest.mark.parametrize("contrast", [0.0, 0.3, 1.0, 2.5])
def test_energy_fixes_the_standard_deviation(contrast):
    movie = cloud(method="energy", contrast=contrast)
    assert movie.std(dtype=float) == pytest.approx(0.5 * contrast, rel=1e-5)
    assert movie.mean(dtype=float) == pytest.approx(0.5, abs=1e-6)


def test_energy_is_not_clipped():
    movie = cloud(method="energy")
    assert movie.min() < 0 and movie.max() > 1


def test_raw_has_zero_mean_and_unit_variance_whatever_the_contrast():
    movie = cloud(method="raw")
    assert movie.mean(dtype=float) == pytest.approx(0, abs=1e-6)
    assert movie.var(dtype=float) == pytest.approx(1, rel=1e-5)
    np.testing.assert_array_equal(movie, cloud(method="raw", contrast=0.2))


@pytest.mark.parametrize("method", ["michelson", "energy", "raw"])
def test_clouds_are_single_precision(method):
    assert cloud(method=method).dtype == np.float32


def test_same_seed_same_bits_and_other_seed_another_cloud():
    np.testing.assert_array_equal(cloud(seed=3), cloud(seed=3))
    np.testing.assert_array_equal(cloud(seed=3), cloud(seed=np.int64(3)))
    assert abs(np.corrcoef(cloud(seed=3).ravel(), cloud(seed=4).ravel())[0, 1]) < 0.3


def test_generator_is_accepted_and_advances():
    generator = np.random.default_rng(3)
    np.testing.assert_array_equal(cloud(seed=3), cloud(seed=generator))
    assert not np.array_equal(cloud(seed=3), cloud(seed=generator))


def test_global_random_state_is_neither_read_nor_changed(tmp_path):
    np.random.seed(5)  # noqa: NPY002
    before, python_before = np.random.get_state(), random.getstate()  # noqa: NPY002
    first = cloud(seed=3)
    stimuli.poisson_trains([[10.0]], dt_ms=100, seed=3)
    stimuli.save_animation(first, tmp_path / "a.gif")
    after = np.random.get_state()  # noqa: NPY002
    assert random.getstate() == python_before
    np.testing.assert_array_equal(before[1], after[1])
    assert before[2:] == after[2:]
    np.random.seed(6)  # noqa: NPY002
    np.testing.assert_array_equal(first, cloud(seed=3))


EXTREMES = [
    dict(b_theta_rad=np.radians(0.5)),
    dict(b_theta_rad=1e-3),
    dict(b_theta_rad=1e-200, theta_rad=0.0),
    dict(b_theta_rad=np.inf),
    dict(b_v=0.0),
    dict(b_v=0, v_x=0, v_y=0),
    dict(b_v=1e-30),
    dict(b_v=1e-300, v_x=0.0),
    dict(b_v=np.inf),
    dict(b_v=1e300),
    dict(v_x=1e300),
    dict(b_sf=1e-3),
    dict(b_sf=10.0),
    dict(sf_0=1e-4),
    dict(alpha=-50.0),
    dict(alpha=50.0),
    dict(theta_rad=-1e6),
    dict(contrast=0.0),
]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("changes", EXTREMES, ids=str)
@pytest.mark.parametrize("shape", [(32, 32, 16), (33, 31, 17), (24, 31, 1), (31, 24, 2), (8, 9, 3)], ids=str)
def test_extreme_bandwidths_and_odd_sizes_are_safe(changes, shape):
    movie = cloud(shape, **changes)
    assert movie.shape == shape
    assert np.isfinite(movie).all()
    assert movie.min() >= 0 and movie.max() <= 1


def test_smallest_grids_are_safe():
    for shape in ((2, 2, 1), (2, 3, 1), (2, 2, 2), (3, 3, 3)):
        assert np.isfinite(cloud(shape)).all()


def test_narrow_cloud_on_an_axis_is_one_wave_vector_direction():
    movie = cloud((64, 64, 1), theta_rad=np.pi / 2, b_theta_rad=np.radians(0.1))
    np.testing.assert_allclose(movie - movie[:1], 0, atol=1e-5)
    assert np.ptp(movie) > 0.5


@pytest.mark.parametrize("v_x", [0.0, 1.0])
def test_no_speed_bandwidth_freezes_the_cloud(v_x):
    movie = cloud((64, 64, 16), b_v=0, v_x=v_x)
    np.testing.assert_allclose(movie, np.repeat(movie[..., :1], 16, axis=2), atol=1e-6)
    assert np.ptp(movie[..., 0]) > 0.4


def mean_lag_correlation(movie, lag):
    z = (movie - movie.mean(axis=(0, 1))).reshape(-1, movie.shape[2])
    z = z / np.linalg.norm(z, axis=0)
    return np.mean(np.sum(z[:, lag:] * z[:, :-lag], axis=0))


@pytest.mark.parametrize("lag", [1, 2, 16])
def test_infinite_speed_bandwidth_makes_frames_independent(lag):
    movie = cloud((64, 64, 64), b_v=np.inf)
    assert abs(mean_lag_correlation(movie, lag)) < 0.03
    slow = cloud((64, 64, 64), b_v=0.05, v_x=0)
    assert mean_lag_correlation(slow, 1) > 0.9


@pytest.mark.parametrize("shape", [(48, 48, 16), (48, 48, 15)])
def test_every_temporal_frequency_has_its_share(shape):
    """White in time: the self-conjugate planes f_t = 0 and 1/2 hold as much power as any other."""
    power = sum(np.abs(np.fft.fftn(cloud(shape, b_v=np.inf, method="raw", seed=s))) ** 2 for s in range(40))
    share = power.sum(axis=(0, 1)) / power.sum() * shape[2]
    np.testing.assert_allclose(share, 1, atol=0.12)
    inner = np.delete(share, [0, shape[2] // 2])
    assert share[0] == pytest.approx(inner.mean(), abs=0.08)
    assert inner.std() < 0.05


ANGLES = st.floats(-7, 7, allow_nan=False)


@given(theta=ANGLES, seed=st.integers(0, 2**32), n_t=st.integers(1, 7))
def test_theta_and_theta_plus_pi_are_the_same_cloud(theta, seed, n_t):
    one, other = (cloud((18, 17, n_t), theta_rad=t, seed=seed, method="raw") for t in (theta, theta + np.pi))
    np.testing.assert_allclose(one, other, atol=1e-4)


@given(theta=ANGLES, b=st.floats(0.01, 10), b_v=st.floats(0.05, 5), seed=st.integers(0, 2**63))
def test_seed_fixes_every_bit(theta, b, b_v, seed):
    one, same = (cloud((13, 16, 6), theta_rad=theta, b_theta_rad=b, b_v=b_v, seed=seed) for _ in range(2))
    np.testing.assert_array_equal(one, same)
    assert np.abs(one - 0.5).max() == 0.5


@given(contrast=st.floats(0, 1), seed=st.integers(0, 2**32), method=st.sampled_from(["michelson", "energy"]))
def test_contrast_scales_about_the_grey(contrast, seed, method):
    full, scaled = (cloud((16, 16, 4), contrast=c, seed=seed, method=method) for c in (1.0, contrast))
    np.testing.assert_allclose(scaled - 0.5, contrast * (full - 0.5), atol=2e-6)


@given(seed=st.integers(0, 2**32), v_x=st.floats(-2, 2), v_y=st.floats(-2, 2))
def test_reversing_time_reverses_velocity_in_the_statistics(seed, v_x, v_y):
    movie = cloud((15, 17, 6), v_x=v_x, v_y=v_y, seed=seed)
    forward, backward = (stimuli.cloud_statistics(m) for m in (movie, movie[..., ::-1]))
    np.testing.assert_allclose([forward.v_x, forward.v_y], [-backward.v_x, -backward.v_y], atol=1e-4)
    assert forward.cv == pytest.approx(backward.cv, abs=1e-5)


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
    shape, n_seeds = (64, 64, 32), 24
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
        assert np.median(error / wanted[kept]) < 0.1


@pytest.mark.parametrize("name", ["Michelson", "Energy"])
def test_rectification_equals_that_of_the_package(package, name):
    raw = cloud((32, 32, 8), method="raw")
    ours = cloud((32, 32, 8), method=name.lower(), contrast=0.7)
    np.testing.assert_allclose(ours, package.rectif(raw, contrast=0.7, method=name), atol=1e-6)


# --- log-Gabor

FIELD = dict(x=16, y=16, sf_0=0.15, b_sf=0.5, theta_rad=0.5, b_theta_rad=0.26)


def log_gabor(shape=(32, 32), **changes):
    return stimuli.log_gabor(shape, **{**FIELD, **changes})


@pytest.fixture
def log_gabor_package(tmp_path, monkeypatch):
    """The LogGabor package on a 64 x 64 grid; it writes a log file where it stands."""
    monkeypatch.chdir(tmp_path)
    module = pytest.importorskip("LogGabor")
    names = "white_n_learning white_N white_N_0 white_f_0 white_alpha white_steepness do_whitening do_mask noise"
    settings = dict.fromkeys([*names.split(), "use_cache", "verbose", "seed"], 0)
    settings |= dict.fromkeys(["figpath", "matpath", "datapath"], str(tmp_path))
    settings |= dict(
        N_X=64, N_Y=64, N_image=1, base_levels=1.618, n_theta=12, B_theta=0.26, B_sf=0.5, mask_exponent=3.0
    )
    return module.LogGabor(settings)


@pytest.mark.parametrize("theta_deg", [0, 30, 90, 140])
@pytest.mark.parametrize("centre", [(32, 32), (20, 41)])
@pytest.mark.parametrize("sf_0", [0.05, 0.15])
def test_log_gabor_equals_the_package(log_gabor_package, theta_deg, centre, sf_0):
    angles = (np.radians(theta_deg), np.pi / 12)
    spectrum = log_gabor_package.loggabor(*centre, sf_0=sf_0, B_sf=0.5, theta=angles[0], B_theta=angles[1])
    theirs = log_gabor_package.invert(spectrum)
    law = dict(sf_0=sf_0, b_sf=0.5, theta_rad=angles[0], b_theta_rad=angles[1])
    ours = stimuli.log_gabor((64, 64), x=centre[0], y=centre[1], **law)
    assert np.corrcoef(ours.ravel(), theirs.ravel())[0, 1] > 0.999


@pytest.mark.parametrize("theta_deg", [0, 30, 75, 90, 160])
def test_phases_0_and_90_deg_are_in_quadrature(theta_deg):
    even, odd = (log_gabor(theta_rad=np.radians(theta_deg), phase=phase) for phase in (0.0, np.pi / 2))
    assert abs(np.sum(even * odd)) < 1e-9
    assert even.argmax() == 16 * 32 + 16
    assert abs(odd[16, 16]) < 1e-9
    envelope = np.hypot(even, odd)
    assert envelope.argmax() == 16 * 32 + 16
    middle = (slice(1, None), slice(1, None))
    np.testing.assert_allclose(even[middle], even[middle][::-1, ::-1], atol=1e-3 * even.max())
    np.testing.assert_allclose(odd[middle], -odd[middle][::-1, ::-1], atol=1e-2 * even.max())


def test_phase_of_half_a_turn_flips_the_sign():
    np.testing.assert_allclose(log_gabor(phase=np.pi), -log_gabor(), atol=1e-12)


def test_log_gabor_has_unit_norm_and_zero_mean():
    for changes in (dict(), dict(phase=1.0), dict(b_theta_rad=np.inf), dict(b_theta_rad=1e-3), dict(x=3.3, y=-40.0)):
        field = log_gabor(**changes)
        assert np.linalg.norm(field) == pytest.approx(1)
        assert field.mean() == pytest.approx(0, abs=1e-12)


def test_centre_translates_and_wraps():
    np.testing.assert_allclose(log_gabor(x=20, y=13), np.roll(log_gabor(), (4, -3), axis=(0, 1)), atol=1e-9)
    np.testing.assert_allclose(log_gabor(x=16 + 32, y=16 - 32), log_gabor(), atol=1e-9)
    half = log_gabor(x=16.5)
    np.testing.assert_allclose(half[16, 16], half[17, 16], rtol=0.2)
    assert half[16:18, 16].min() > half[[14, 19], 16].max()


def test_log_gabor_wave_vector():
    field = stimuli.log_gabor((64, 64), x=32, y=32, sf_0=0.15, b_sf=0.2, theta_rad=np.arctan2(3, 4), b_theta_rad=0.1)
    power = np.abs(np.fft.fft2(field)) ** 2
    f_x, f_y = (np.fft.fftfreq(64)[k] for k in np.unravel_index(power.argmax(), power.shape))
    assert np.hypot(f_x, f_y) == pytest.approx(0.15, abs=0.02)
    assert np.arctan2(f_y, f_x) % np.pi == pytest.approx(np.arctan2(3, 4), abs=0.08)


# --- grating


@pytest.mark.parametrize("v_x, v_y", [(1, 0), (-2, 0), (0, 3), (2, -1)])
def test_grating_drifts_by_its_velocity(v_x, v_y):
    movie = stimuli.grating((40, 40, 5), theta_rad=np.arctan2(3, 4), sf_0=0.125, v_x=v_x, v_y=v_y)
    assert movie.dtype == np.float32
    for t, frame in enumerate(np.moveaxis(movie, 2, 0)):
        np.testing.assert_allclose(frame, np.roll(movie[..., 0], (t * v_x, t * v_y), axis=(0, 1)), atol=1e-5)


def test_grating_has_one_wave_vector_in_the_direction_of_theta():
    frame = stimuli.grating((40, 40, 1), theta_rad=np.arctan2(3, 4), sf_0=0.125)[..., 0]
    power = np.abs(np.fft.fft2(frame - 0.5)) ** 2
    assert power[[4, -4], [3, -3]].sum() == pytest.approx(power.sum(), rel=1e-5)


def test_grating_phase_and_contrast():
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
    p_values = [poisson_p_value(seed) for seed in range(200)]
    assert stats.kstest(p_values, "uniform").pvalue > 0.01


def test_times_are_uniform_inside_a_step():
    (times,) = stimuli.poisson_trains(np.full((40, 1), 2000.0), dt_ms=250.0, seed=7)
    assert len(times) > 15_000
    assert stats.kstest(times % 250 / 250, "uniform").pvalue > 0.01
    assert stats.kstest(times / 10_000, "uniform").pvalue > 0.01


def test_intervals_are_exponential():
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


def test_cells_are_independent():
    trains = stimuli.poisson_trains(np.full((500, 2), 50.0), dt_ms=100.0, seed=11)
    counts = [np.histogram(times, bins=500, range=(0, 50_000))[0] for times in trains]
    assert abs(np.corrcoef(*counts)[0, 1]) < 4 / np.sqrt(500)


def test_trains_follow_the_seed():
    one, same, other = (stimuli.poisson_trains([[50.0, 80.0]], dt_ms=1000.0, seed=seed) for seed in (1, 1, 2))
    for a, b in zip(one, same, strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(one[0], other[0])
    generator = np.random.default_rng(1)
    np.testing.assert_array_equal(one[1], stimuli.poisson_trains([[50.0, 80.0]], dt_ms=1000.0, seed=generator)[1])


# --- animations


def read_gif(path):
    image_module = pytest.importorskip("PIL.Image")
    with image_module.open(path) as image:
        frames = []
        for k in range(image.n_frames):
            image.seek(k)
            frames.append(np.asarray(image.convert("L")))
        return np.array(frames), image.info


def test_animation_holds_every_frame(tmp_path):
    movie = cloud((20, 12, 9))
    path = stimuli.save_animation(movie, tmp_path / "new" / "folder" / "cloud.gif", fps=25, scale=3)
    assert path == tmp_path / "new" / "folder" / "cloud.gif"
    frames, info = read_gif(path)
    assert frames.shape == (9, 3 * 12, 3 * 20)
    assert info["duration"] == 40
    assert info["loop"] == 0
    assert [p.name for p in path.parent.iterdir()] == ["cloud.gif"]


def test_animation_has_x_to_the_right_and_y_upwards(tmp_path):
    movie = cloud((10, 7, 3))
    frames, _ = read_gif(stimuli.save_animation(movie, str(tmp_path / "a.gif"), scale=1))
    np.testing.assert_allclose(frames / 255, movie.transpose(2, 1, 0)[:, ::-1], atol=0.01)
    corner = np.zeros((5, 4, 1))
    corner[3, 1] = 1
    image = read_gif(stimuli.save_animation(corner, tmp_path / "b.gif", scale=1))[0][0]
    assert np.argwhere(image > 128).tolist() == [[4 - 1 - 1, 3]]


def test_animation_over_budget_leaves_nothing(tmp_path):
    noise = np.random.default_rng(1).random((64, 64, 10))
    with pytest.raises(OutputError, match=r"big.gif would have .* MB; allowed: 0.01"):
        stimuli.save_animation(noise, tmp_path / "big.gif", max_mb=0.01)
    assert list(tmp_path.iterdir()) == []


def test_refused_animation_leaves_the_old_one(tmp_path):
    path = stimuli.save_animation(cloud((16, 16, 2)), tmp_path / "a.gif")
    before = path.read_bytes()
    with pytest.raises(OutputError):
        stimuli.save_animation(cloud((64, 64, 9)), path, max_mb=0.001)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("inside", ["a.gif", "deeper/a.gif"])
def test_unwritable_folder_is_one_line(tmp_path, inside):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(OutputError, match="choose a writable folder") as failure:
        stimuli.save_animation(cloud((8, 8, 2)), tmp_path / "file" / inside)
    assert type(failure.value) is OutputError
    assert "\n" not in str(failure.value)
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_folder_in_place_of_the_animation_is_one_line(tmp_path):
    (tmp_path / "a.gif").mkdir()
    with pytest.raises(OutputError, match=r"cannot write .*a\.gif"):
        stimuli.save_animation(cloud((8, 8, 2)), tmp_path / "a.gif")
    assert [p.name for p in tmp_path.iterdir()] == ["a.gif"]


# --- bad input

OK_GRATING = dict(theta_rad=0.0, sf_0=0.1)
GREY = np.full((8, 8, 2), 0.5)


def grating(shape=(8, 8, 2), **changes):
    return stimuli.grating(shape, **{**OK_GRATING, **changes})


def trains(rate_hz=((5.0,),), **changes):
    return stimuli.poisson_trains(rate_hz, **{**dict(dt_ms=1.0, seed=1), **changes})


def animation(movie=GREY, path="never.gif", **changes):
    return stimuli.save_animation(movie, path, **changes)


SEEDS = {seed: f"seed = {seed!r} is not an integer" for seed in (1.5, "a", None, True)} | {-1: "seed = -1 is out of"}
BAD = [
    *[(cloud, dict(seed=seed), text) for seed, text in SEEDS.items()],
    *[(trains, dict(seed=seed), text) for seed, text in SEEDS.items()],
    (cloud, dict(shape=(8, 8)), "shape = (8, 8) is not (N_x, N_y, N_t)"),
    (cloud, dict(shape=64), "shape = 64 is not (N_x, N_y, N_t)"),
    (cloud, dict(shape=None), "shape = None is not"),
    (cloud, dict(shape="abc"), "shape = 'abc' is not"),
    (cloud, dict(shape=(8, 8, 0)), "shape[2] = 0 is out of range"),
    (cloud, dict(shape=(1, 8, 8)), "shape[0] = 1 is out of range"),
    (cloud, dict(shape=(8, -8, 8)), "shape[1] = -8 is out of range"),
    (cloud, dict(shape=(8, 8.0, 8)), "shape[1] = 8.0 is not an integer"),
    (cloud, dict(theta_rad=np.nan), "theta_rad = nan"),
    (cloud, dict(theta_rad=np.inf), "theta_rad = inf"),
    (cloud, dict(theta_rad="0"), "theta_rad = '0' is not a number"),
    (cloud, dict(theta_rad=[0.0]), "theta_rad = [0.0] is not a number"),
    (cloud, dict(b_theta_rad=0), "b_theta_rad = 0 is out of range"),
    (cloud, dict(b_theta_rad=-0.1), "b_theta_rad = -0.1 is out of range"),
    (cloud, dict(b_theta_rad=np.nan), "b_theta_rad = nan"),
    (cloud, dict(b_theta_rad=None), "b_theta_rad = None is not a number"),
    (cloud, dict(b_theta_rad=1e-200), "no bin of the (32, 32) grid is inside"),
    (cloud, dict(sf_0=0), "sf_0 = 0 is out of range"),
    (cloud, dict(sf_0=-0.1), "sf_0 = -0.1 is out of range"),
    (cloud, dict(sf_0=15.0), "sf_0 = 15 is out of range"),
    (cloud, dict(sf_0=np.nan), "sf_0 = nan"),
    (cloud, dict(b_sf=0.0), "b_sf = 0 is out of range"),
    (cloud, dict(b_sf=-1), "b_sf = -1 is out of range"),
    (cloud, dict(b_sf=np.inf), "b_sf = inf is out of range"),
    (cloud, dict(v_x=np.inf), "v_x = inf is out of range"),
    (cloud, dict(v_y=np.nan), "v_y = nan"),
    (cloud, dict(v_x=1j), "v_x = 1j is not a number"),
    (cloud, dict(b_v=-0.5), "b_v = -0.5 is out of range"),
    (cloud, dict(b_v=np.nan), "b_v = nan"),
    (cloud, dict(alpha=np.nan), "alpha = nan"),
    (cloud, dict(alpha=np.inf), "alpha = inf"),
    (cloud, dict(contrast=1.1), "contrast = 1.1 is out of range; allowed: a number in [0, 1]"),
    (cloud, dict(contrast=-0.1), "contrast = -0.1 is out of range"),
    (cloud, dict(contrast=-1, method="energy"), "contrast = -1 is out of range"),
    (cloud, dict(contrast=np.inf, method="energy"), "contrast = inf is out of range"),
    (cloud, dict(contrast=True), "contrast = True is not a number"),
    (cloud, dict(method="Michelson"), "method = 'Michelson' is unknown; choose one of: michelson, energy, raw"),
    (cloud, dict(method=None), "method = None is unknown"),
    (stimuli.cloud_statistics, dict(movie=np.zeros((4, 4))), "movie has 2 dimension"),
    (stimuli.cloud_statistics, dict(movie=np.full((4, 4, 4), 0.1)), "movie has no spatial contrast"),
    (stimuli.cloud_statistics, dict(movie=np.full((4, 4, 4), np.nan)), "movie holds NaN"),
    (stimuli.cloud_statistics, dict(movie=np.zeros((4, 0, 4))), "movie is empty"),
    (stimuli.cloud_statistics, dict(movie="cloud"), "movie is not an array of numbers"),
    (stimuli.cloud_statistics, dict(movie=np.ones((4, 4, 1)) * np.arange(3)), "movie has no spatial contrast, so"),
    (grating, dict(shape=(8, 8)), "shape = (8, 8) is not (N_x, N_y, N_t)"),
    (grating, dict(theta_rad=np.nan), "theta_rad = nan"),
    (grating, dict(sf_0=0.0), "sf_0 = 0 is out of range"),
    (grating, dict(sf_0=0.6), "sf_0 = 0.6 is out of range"),
    (grating, dict(v_x=np.inf), "v_x = inf"),
    (grating, dict(v_y="fast"), "v_y = 'fast' is not a number"),
    (grating, dict(phase=np.nan), "phase = nan"),
    (grating, dict(contrast=2), "contrast = 2 is out of range"),
    (grating, dict(contrast=-1), "contrast = -1 is out of range"),
    (log_gabor, dict(shape=(8, 8, 1)), "shape = (8, 8, 1) is not (N_x, N_y)"),
    (log_gabor, dict(shape=8), "shape = 8 is not (N_x, N_y)"),
    (log_gabor, dict(shape=(8, 1)), "shape[1] = 1 is out of range"),
    (log_gabor, dict(x=np.nan), "x = nan"),
    (log_gabor, dict(y="0"), "y = '0' is not a number"),
    (log_gabor, dict(sf_0=0), "sf_0 = 0 is out of range"),
    (log_gabor, dict(b_sf=-1), "b_sf = -1 is out of range"),
    (log_gabor, dict(theta_rad=np.inf), "theta_rad = inf"),
    (log_gabor, dict(b_theta_rad=0.0), "b_theta_rad = 0 is out of range"),
    (log_gabor, dict(phase=np.nan), "phase = nan"),
    (trains, dict(rate_hz=[[-1.0]]), "rate_hz goes down to -1"),
    (trains, dict(rate_hz=[[np.nan]]), "rate_hz holds NaN"),
    (trains, dict(rate_hz=[[np.inf]]), "rate_hz holds NaN or infinity"),
    (trains, dict(rate_hz=[5.0]), "rate_hz has 1 dimension"),
    (trains, dict(rate_hz=5.0), "rate_hz has 0 dimension"),
    (trains, dict(rate_hz=np.zeros((0, 3))), "rate_hz is empty"),
    (trains, dict(rate_hz=[["a"]]), "rate_hz is not an array of numbers"),
    (trains, dict(rate_hz=[[1e30]]), "rate_hz goes up to 1e+30"),
    (trains, dict(dt_ms=0), "dt_ms = 0 is out of range"),
    (trains, dict(dt_ms=-1), "dt_ms = -1 is out of range"),
    (trains, dict(dt_ms=np.inf), "dt_ms = inf is out of range"),
    (trains, dict(dt_ms=np.nan), "dt_ms = nan"),
    (animation, dict(movie=GREY[0]), "movie has 2 dimension"),
    (animation, dict(movie=GREY[:, :, :0]), "movie is empty"),
    (animation, dict(movie=GREY * np.nan), "movie holds NaN"),
    (animation, dict(movie=GREY + 1), "movie goes up to 1.5"),
    (animation, dict(movie=GREY - 1), "movie goes down to -0.5"),
    (animation, dict(movie=np.zeros((4, 4, 65))), "movie has 65 frames; allowed: 64"),
    (animation, dict(path="cloud.png"), "path = 'cloud.png' is not a GIF"),
    (animation, dict(path=None), "path = None is not a path"),
    (animation, dict(fps=0), "fps = 0 is out of range"),
    (animation, dict(fps=np.nan), "fps = nan"),
    (animation, dict(scale=0), "scale = 0 is out of range"),
    (animation, dict(scale=1.5), "scale = 1.5 is not an integer"),
    (animation, dict(max_frames="many"), "max_frames = 'many' is not an integer"),
    (animation, dict(max_mb=-1), "max_mb = -1 is out of range"),
]


@pytest.mark.parametrize("function, arguments, fragment", BAD, ids=[f"{f.__name__}-{t}" for f, _, t in BAD])
def test_bad_input_is_refused_in_one_line(function, arguments, fragment, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ParameterError) as failure:
        function(**arguments)
    assert type(failure.value) is ParameterError
    assert fragment in str(failure.value)
    assert "\n" not in str(failure.value)
    assert list(tmp_path.iterdir()) == []


def test_parameter_sets_are_free_of_aliasing_and_resolved():
    """Three standard deviations of frequency and speed stay inside the band, and the plane spans a few bins."""
    highest = SF_0 * np.exp(LOG_SD**2 / 2 + 3 * LOG_SD / np.sqrt(2))
    assert highest < 0.5
    for b_deg, theta_deg, speed, shape, _ in CLOUDS.values():
        along = abs(speed["v_x"] * np.cos(np.radians(theta_deg)) + speed["v_y"] * np.sin(np.radians(theta_deg)))
        along = along if b_deg < 10 else np.hypot(speed["v_x"], speed["v_y"])
        assert SF_0 * (along + 3 * speed["b_v"] / np.sqrt(2)) < 0.5
        assert speed["b_v"] * SF_0 * shape[2] >= 1.5


def test_consecutive_frames_of_independent_clouds_differ():
    frames = np.moveaxis(cloud((16, 16, 4), b_v=np.inf), 2, 0)
    assert all(not np.array_equal(a, b) for a, b in pairwise(frames))
