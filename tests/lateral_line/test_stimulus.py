"""Field, rates, training stream and test sweep against closed forms."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.lateral_line import stimulus
from helpers.lateral_line.params import preset
from helpers.parameters import ParameterError

BASE = preset("ll_baseline").replace(n_training_trials=20)
SPHERE = dict(speed_cm_s=5.0, radius_cm=0.5)


def velocity(x, distance=0.8, **options):
    return stimulus.dipole_velocity(x, 0.0, distance, **{**SPHERE, **options})[0]


# --- the field


@given(st.floats(-3, 3), st.floats(0.6, 3), st.floats(0, 2 * np.pi))
def test_field_is_minus_the_gradient_of_the_potential(x, distance, angle):
    """phi = -(U R^3 / 2) (e . r) / r^3 is the potential of the fluid around a moving sphere; v points against it."""
    e, h = np.array([np.cos(angle), np.sin(angle)]), 1e-4

    def phi(dx, dy):
        return -(5 * 0.5**3 / 2) * (e[0] * dx + e[1] * dy) / np.hypot(dx, dy) ** 3

    gradient = [
        (phi(x + h, -distance) - phi(x - h, -distance)) / (2 * h),
        (phi(x, -distance + h) - phi(x, -distance - h)) / (2 * h),
    ]
    found = stimulus.dipole_velocity(x, 0.0, distance, heading=tuple(e), **SPHERE)
    np.testing.assert_allclose(found, np.negative(gradient), atol=1e-5)


@pytest.mark.parametrize("distance", [0.8, 1.5])
def test_peak_zeros_and_minima(distance):
    peak = 5 * 0.5**3 / (2 * distance**3)
    assert velocity(0.0, distance) == pytest.approx(peak)
    assert velocity(distance / np.sqrt(2), distance) == pytest.approx(0, abs=1e-12)
    x = np.linspace(-4, 4, 80_001)
    v = velocity(x, distance)
    assert np.abs(x[v.argmin()]) == pytest.approx(np.sqrt(1.5) * distance, abs=1e-3)
    assert v.min() / peak == pytest.approx(-2 * 2.5**-2.5, abs=1e-6)


def test_published_numbers_of_the_field():
    assert velocity(0.0) == pytest.approx(0.6104, abs=1e-4) and velocity(0.98) == pytest.approx(-0.1235, abs=1e-4)
    assert velocity(0.0, 0.2) == pytest.approx(39.06, abs=0.01)


@given(st.floats(-4, 4), st.floats(0.3, 3), st.floats(0.1, 20))
def test_symmetries(x, distance, factor):
    assert velocity(-x, distance) == pytest.approx(velocity(x, distance), rel=1e-9, abs=1e-12)
    assert velocity(x, distance, heading=(-1.0, 0.0)) == -velocity(x, distance)
    assert velocity(x, distance, speed_cm_s=5 * factor) == pytest.approx(factor * velocity(x, distance), abs=1e-12)


def test_broadcasting_and_bad_input():
    v_x, v_y = stimulus.dipole_velocity(np.zeros((1, 7)), np.zeros((5, 1)), 0.8, **SPHERE)
    assert v_x.shape == v_y.shape == (5, 7)
    for change, fragment in ((dict(radius_cm=0), "radius_cm = 0"), (dict(speed_cm_s=-1), "speed_cm_s = -1")):
        with pytest.raises(ParameterError, match=fragment):
            velocity(0.0, **change)
    with pytest.raises(ParameterError, match="x_cm holds NaN"):
        velocity(np.nan)


# --- rates


def test_mean_training_rate_and_saturation():
    x = stimulus.neuromasts(BASE)
    near, far = stimulus.afferent_rates(BASE, x, 0.8), stimulus.afferent_rates(BASE, x, 1.5)
    assert near.mean() == pytest.approx(50.53, abs=0.02) and far.mean() == pytest.approx(44.99, abs=0.02)
    assert near.min() == pytest.approx(2.9, abs=0.1) and 6 <= (near[50] == 200).sum() <= 7


def test_a_sphere_that_moves_back_leaves_a_trough():
    rates = stimulus.afferent_rates(BASE, [2.0], 0.8, -1)[0]
    assert rates[50] == 0 and rates.max() == pytest.approx(40 + 300 * 0.1235, abs=0.2)


@pytest.mark.parametrize(("changes", "expected"), [
    (dict(), [10.0, 40.0, 200.0]),
    (dict(ll_rate_mode="modulation"), [0.0, 0.0, 160.0]),
    (dict(ll_rate_baseline_subtract_hz=20.0, ll_rate_gain=2.0), [0.0, 40.0, 360.0]),
    (dict(ll_rate_gain=0.0), [0.0, 0.0, 0.0]),
])  # fmt: skip
def test_drive(changes, expected):
    assert stimulus.ll_drive(BASE.replace(**changes), np.array([10.0, 40.0, 200.0])).tolist() == expected


# --- training stream


def test_ordered_sweeps_go_up_and_down():
    stream = stimulus.snapshots(BASE, 10_000, 1)
    x = stimulus.neuromasts(BASE)
    assert np.array_equal(stream.x_cm, np.concatenate([x, x[::-1]]))
    assert stream.x_cm[99] == stream.x_cm[100] and (stream.direction == 1).all() and (stream.distance_cm == 0.8).all()


def test_shuffled_positions_visit_every_place_once_a_cycle():
    params = BASE.replace(training_ordered_sweeps=False, training_bidirectional=True)
    stream = stimulus.snapshots(params, 50 * 230, 1)
    cycles = stream.x_cm[:200].reshape(2, 100)
    assert all(np.array_equal(np.sort(cycle), stimulus.neuromasts(params)) for cycle in cycles)
    assert not np.array_equal(*cycles) and stream.x_cm.size == 230
    assert stream.direction[:4].tolist() == [1, -1, 1, -1]


def test_the_three_rules_of_distance():
    many = dict(n_steps=200_000, seed=1)
    fixed = stimulus.snapshots(BASE.replace(training_fixed_distance=True), **many).distance_cm
    ranged = stimulus.snapshots(BASE.replace(training_distance_max_cm=1.8), **many).distance_cm
    assert (fixed == 1.5).all()
    assert ranged.min() >= 0.8 and ranged.max() <= 1.8 and ranged.mean() == pytest.approx(1.3, abs=0.02)


@pytest.mark.parametrize("changes", [{}, dict(training_noise_scale_early=1.0, training_distance_max_cm=1.2)])
def test_any_stretch_of_the_stream_is_the_same_as_the_whole(changes):
    params = BASE.replace(**changes)
    stream = stimulus.snapshots(params, 24_000, 3)
    whole = stimulus.snapshot_drive(params, stream, 0, 2400)
    part = stimulus.snapshot_drive(params, stream, 1210, 333)
    np.testing.assert_allclose(part.p[part.row], whole.p[whole.row][1210:1543], rtol=1e-12)
    assert np.array_equal(part.x_cm, whole.x_cm[1210:1543])


def test_slow_oracle_of_a_stretch():
    stream = stimulus.snapshots(BASE, 24_000, 3)
    drive = stimulus.snapshot_drive(BASE, stream, 4_990, 120)
    for step in (0, 9, 10, 59, 60, 119):
        k = (4_990 + step) // 50 % 200
        x = 4 * (k if k < 100 else 199 - k) / 99
        v = [0.3125 * (0.64 - 2 * (xi - x) ** 2) / ((xi - x) ** 2 + 0.64) ** 2.5 for xi in np.arange(100) * 4 / 99]
        np.testing.assert_allclose(drive.p[drive.row[step]], np.clip(40 + 300 * np.array(v), 0, 200) * 1e-3, atol=1e-9)


def test_noise_has_its_sd_its_correlation_and_its_switch():
    params = BASE.replace(training_noise_scale_early=1.0, training_noise_switch_fraction=0.5, n_training_trials=400)
    stream = stimulus.snapshots(params, stimulus.training_steps(params), 2)
    noise = stimulus._snapshot_noise(params, stream, np.arange(4800))
    assert noise.std() == pytest.approx(10, rel=0.05)
    correlation = np.corrcoef(noise.T)
    assert correlation[0, 25] == pytest.approx(np.exp(-((25 * 4 / 99) ** 2) / 2), abs=0.05)
    assert np.all(stimulus._snapshot_noise(params, stream, np.arange(4800, 9600)) == 0)


# --- test stream


def test_positions_of_the_sweep():
    x = stimulus.sweep_position(BASE)
    assert x.size == 1000 and x[0] == -0.5 and x[-1] == pytest.approx(4.495)
    back = stimulus.sweep_position(BASE.replace(direction=-1))
    assert back[0] == 4.5 and back[-1] == pytest.approx(-0.495)
    assert stimulus.sweep_position(BASE.replace(test_path_cm=4.0)).size == 800
    assert stimulus.sweep_position(BASE.replace(speed_cm_s=2.5)).size == 2000


def test_sweep_noise_is_slow_and_starts_at_zero():
    params = BASE.replace(sphere_radius_cm=1e-3)
    eta = np.array([stimulus.evaluation_drive(params, s).p for s in range(30)]) * 1e3 - 40
    assert np.allclose(eta[:, 0], 0, atol=1e-6)
    late = eta[:, 400:]
    assert late.std() == pytest.approx(10, rel=0.1)
    lagged = [np.mean(late[:, lag:] * late[:, : late.shape[1] - lag]) / late.var() for lag in (0, 100)]
    assert lagged == pytest.approx([1, np.exp(-1)], abs=0.12)


def test_repeats_differ_and_seeds_repeat():
    p = [stimulus.evaluation_drive(BASE, 123, k).p for k in (0, 0, 1)]
    assert np.array_equal(p[0], p[1]) and not np.array_equal(p[0], p[2])


def test_white_noise_is_added_after_clipping():
    silent = BASE.replace(ll_rate_gain=1.0, direction=-1, test_ll_noise_hz=5.0)
    added = (
        stimulus.evaluation_drive(silent, 1).p - stimulus.evaluation_drive(silent.replace(test_ll_noise_hz=0.0), 1).p
    ) * 1e3
    inner = added[np.abs(added) > 0]
    assert inner.std() == pytest.approx(5, rel=0.1) and stimulus.evaluation_drive(silent, 1).p.min() == 0
    assert stimulus.evaluation_drive(BASE.replace(test_ll_noise_hz=50.0), 1).p.max() > 0.21


def test_held_snapshots_in_the_test():
    drive = stimulus.evaluation_drive(BASE.replace(test_using_held_snapshots=True, ll_rate_mode="modulation"), 1)
    assert drive.x_cm.size == 1000 and np.unique(drive.x_cm).size == 20
    assert drive.x_cm.max() == pytest.approx(19 * 4 / 99)
    expected = stimulus.ll_drive(BASE.replace(ll_rate_mode="modulation"), stimulus.afferent_rates(BASE, [0.0], 0.8))
    np.testing.assert_allclose(drive.p[0] * 1e3, expected[0], atol=1e-9)
