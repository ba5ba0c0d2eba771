"""Field, rates, training stream, teacher and test sweep against closed forms and the cells of FINAL_3."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.lateral_line import stimulus
from helpers.lateral_line.params import preset
from helpers.parameters import ParameterError

BASE = preset("ll_baseline").replace(n_training_trials=20)
SPHERE = dict(speed_cm_s=5.0, radius_cm=0.5)
POINTLIKE = BASE.replace(sphere_radius_cm=1e-3)  # nothing but 40 Hz and noise


def velocity(x, distance=0.8, **options):
    return stimulus.dipole_velocity(x, 0.0, distance, **{**SPHERE, **options})[0]


def per_step(drive):
    """Rates in Hz of each step, (n_steps, n_ll)."""
    return drive.p[drive.row] * 1e3


# --- the field


@given(st.floats(-3, 3), st.floats(0.6, 3), st.floats(0, 2 * np.pi))
def test_field_is_minus_the_gradient_of_the_potential(x, distance, angle):
    """phi = -(U R^3 / 2) (e . r) / r^3 is the potential of the fluid around a moving sphere; v points against it."""
    e, h = np.array([np.cos(angle), np.sin(angle)]), 1e-4

    def phi(dx, dy):
        return -(5 * 0.5**3 / 2) * (e[0] * dx + e[1] * dy) / np.hypot(dx, dy) ** 3

    along = (phi(x + h, -distance) - phi(x - h, -distance)) / (2 * h)
    away = (phi(x, -distance + h) - phi(x, -distance - h)) / (2 * h)
    found = stimulus.dipole_velocity(x, 0.0, distance, heading=tuple(e), **SPHERE)
    np.testing.assert_allclose(found, [-along, -away], atol=1e-5)


@given(st.floats(-6, 6), st.floats(0.3, 3), st.floats(0.1, 20), st.floats(0.1, 2))
def test_field_is_that_of_the_cell(notebook, dx, distance, speed, radius):
    found = velocity(dx, distance, speed_cm_s=speed, radius_cm=radius)
    assert found == pytest.approx(notebook.dipole(dx, distance, speed, radius), rel=1e-9, abs=1e-12)
    assert velocity(dx, distance, speed_cm_s=speed, radius_cm=radius, heading=(-1.0, 0.0)) == -found


def test_broadcasting_and_bad_input():
    v_x, v_y = stimulus.dipole_velocity(np.zeros((1, 7)), np.zeros((5, 1)), 0.8, **SPHERE)
    assert v_x.shape == v_y.shape == (5, 7)
    for change in (dict(radius_cm=0), dict(speed_cm_s=-1)):
        with pytest.raises(ParameterError, match=f"^{next(iter(change))} = [^\n]*$"):
            velocity(0.0, **change)
    nan = float("nan")
    for heading, said in {
        (1.0, nan): r"heading\[1\]",
        (nan, 0.0): r"heading\[0\]",
        (1.0,): "heading has 1 parts",
    }.items():
        with pytest.raises(ParameterError, match=f"^{said}[^\n]*$"):
            velocity(0.0, heading=heading)


# --- rates


@given(st.lists(st.floats(-1, 5), min_size=1, max_size=4), st.floats(0.3, 2.5))
def test_rates_are_those_of_the_cell(notebook, x_cm, distance):
    found = stimulus.afferent_rates(BASE, x_cm, distance)
    np.testing.assert_allclose(found, notebook.rate_hz(x_cm, distance), atol=1e-9)


def test_a_sphere_that_moves_back_leaves_a_trough():
    rates = stimulus.afferent_rates(BASE, [2.0], 0.8, -1)[0]
    assert rates[50] == 0 and rates.max() == pytest.approx(40 + 300 * 0.1235, abs=0.2)


@pytest.mark.parametrize(("changes", "expected"), [
    (dict(), [10.0, 40.0, 200.0]),
    (dict(ll_rate_mode="modulation"), [0.0, 0.0, 160.0]),
    (dict(ll_rate_baseline_subtract_hz=20.0, ll_rate_gain=2.0), [0.0, 40.0, 360.0]),
    (dict(ll_rate_gain=0.0), [0.0, 0.0, 0.0]),
])  # fmt: skip
def test_drive_of_a_rate(changes, expected):
    found = stimulus._probability(BASE.replace(**changes), np.array([10.0, 40.0, 200.0]))
    np.testing.assert_allclose(found * 1e3, expected, atol=1e-12)


def test_poisson_cell_draws_these_rates(notebook):
    rates = np.tile([0.0, 40.0, 200.0], (20_000, 1))
    step, cell = notebook.poisson(rates, np.random.default_rng(0))
    np.testing.assert_allclose(np.bincount(cell, minlength=3) / 20, [0, 40, 200], rtol=0.05)
    assert (np.diff(step) >= 0).all()


# --- training stream


def test_ordered_sweeps_go_up_and_down():
    stream, x = stimulus.snapshots(BASE, 10_001, 1), stimulus.neuromasts(BASE)
    assert np.array_equal(stream.x_cm, [*x, *x[::-1], x[0]]) and stream.x_cm[99] == stream.x_cm[100]
    assert (stream.direction == 1).all() and (stream.distance_cm == 0.8).all() and not stream.noise_scale.any()


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
    assert ranged.std() == pytest.approx(1 / np.sqrt(12), abs=0.01)


NOISY = dict(training_noise_scale_early=1.0, training_distance_max_cm=1.2, training_bidirectional=True)
TAUGHT = dict(teacher_rate_hz=50.0, training_ordered_sweeps=False)


@pytest.mark.parametrize("changes", [NOISY, TAUGHT])
def test_any_stretch_of_the_stream_is_the_same_as_the_whole(changes):
    params = BASE.replace(**changes)
    stream = stimulus.snapshots(params, 24_000, 3)
    whole = stimulus.snapshot_drive(params, stream, 0, 2400)
    part = stimulus.snapshot_drive(params, stream, 1210, 333)
    np.testing.assert_allclose(per_step(part), per_step(whole)[1210:1543], rtol=1e-12)
    assert np.array_equal(part.x_cm, whole.x_cm[1210:1543])
    if changes is TAUGHT:
        assert np.array_equal(part.teacher_p[part.row], whole.teacher_p[whole.row][1210:1543])
    else:
        assert part.teacher_p.size == 0


@pytest.mark.parametrize(("hold_s", "steps"), [(0.05, 50), (0.0304, 30), (1e-4, 1)])
def test_a_snapshot_is_held_this_long(hold_s, steps, notebook):
    params = BASE.replace(training_position_hold_s=hold_s)
    stream = stimulus.snapshots(params, 24_000, 3)
    assert stream.hold_steps == steps
    drive = stimulus.snapshot_drive(params, stream, 4_990, 120)
    place = (4_990 + np.arange(120)) // steps % 200
    x = 4 * np.minimum(place, 199 - place) / 99
    np.testing.assert_allclose(drive.x_cm, x)
    np.testing.assert_allclose(per_step(drive), notebook.rate_hz(x, 0.8), atol=1e-9)


def test_bidirectional_snapshots_and_distances_reach_the_rates():
    params = BASE.replace(training_bidirectional=True, training_distance_max_cm=1.2)
    stream = stimulus.snapshots(params, 1000, 3)
    drive = stimulus.snapshot_drive(params, stream, 0, 1000)
    for k in range(20):
        expected = stimulus.afferent_rates(params, stream.x_cm[k], stream.distance_cm[k], 1 - 2 * (k % 2))
        np.testing.assert_allclose(per_step(drive)[50 * k + 49], expected[0], atol=1e-9)


def test_training_noise_has_its_sd_its_correlation_and_its_switch():
    params = POINTLIKE.replace(training_noise_scale_early=1.0, training_noise_switch_fraction=0.5)
    stream = stimulus.snapshots(params, 480_000, 2)
    noise = stimulus.snapshot_drive(params, stream, 0, 480_000).p * 1e3 - 40
    early, late = np.split(noise, 2)
    assert early.std() == pytest.approx(10, rel=0.05) and np.allclose(late, 0, atol=1e-5)
    assert np.corrcoef(early.T)[0, 25] == pytest.approx(np.exp(-((25 * 4 / 99) ** 2) / 2), abs=0.05)
    assert np.abs(np.corrcoef(early[:-1, 50], early[1:, 50])[0, 1]) < 0.05


def test_the_teacher_faces_the_sphere():
    params = BASE.replace(teacher_rate_hz=80.0, teacher_sigma=5.0, n_ts=41)
    found = stimulus.teacher_rates(params, [-0.5, 0.0, 1.0, 4.0, 7.0])
    assert found.argmax(axis=1).tolist() == [0, 0, 10, 40, 40] and (found.max(axis=1) == 80).all()
    assert found[2, 15] == found[2, 5] == pytest.approx(80 * np.exp(-0.5))
    drive = stimulus.snapshot_drive(params, stimulus.snapshots(params, 10_000, 0), 0, 10_000)
    np.testing.assert_allclose(drive.teacher_p, stimulus.teacher_rates(params, drive.x_cm[::50]) * 1e-3)


# --- test sweep


@pytest.mark.parametrize(("changes", "n", "first", "last"), [
    (dict(), 1000, -0.5, 4.495),
    (dict(direction=-0.3), 1000, 4.5, -0.495),
    (dict(speed_cm_s=2.5), 2000, -0.5, 4.4975),
    (dict(test_path_cm=5.001), 1001, -0.5, 4.5),
])  # fmt: skip
def test_positions_of_the_sweep(changes, n, first, last):
    x = stimulus.sweep_position(BASE.replace(**changes))
    assert x.size == n and (x[0], x[-1]) == pytest.approx((first, last))
    np.testing.assert_allclose(np.diff(x), np.diff(x)[0])


@pytest.mark.parametrize("direction", [1.0, -1.0])
def test_rates_of_the_sweep_are_the_field_and_noise(direction):
    params = BASE.replace(direction=direction, distance_cm=1.1)
    drive = stimulus.test_drive(params, 4)
    field = stimulus.afferent_rates(params, drive.x_cm, 1.1, direction)
    noise = stimulus.test_drive(POINTLIKE, 4).p * 1e3 - 40
    free = (per_step(drive) > 0) & (per_step(drive) < 200) & (field > 0) & (field < 200)
    np.testing.assert_allclose((per_step(drive) - field)[free], noise[free], atol=1e-4)
    assert free.mean() > 0.5 and np.array_equal(drive.x_cm, stimulus.sweep_position(params))


def test_sweep_noise_is_slow_and_starts_at_zero():
    eta = np.array([stimulus.test_drive(POINTLIKE, 5, repeat).p for repeat in range(30)]) * 1e3 - 40
    assert np.allclose(eta[:, 0], 0, atol=1e-6) and eta[:, 1].std() == pytest.approx(10 * np.sqrt(0.02), rel=0.1)
    late = eta[:, 400:]
    assert late.std() == pytest.approx(10, rel=0.1)
    lagged = [np.mean(late[:, lag:] * late[:, : late.shape[1] - lag]) / late.var() for lag in (0, 100)]
    assert lagged == pytest.approx([1, np.exp(-1)], abs=0.12)
    across = np.mean(late[:, :, 0] * late[:, :, 25]) / late.var()
    assert across == pytest.approx(np.exp(-((25 * 4 / 99) ** 2) / 2), abs=0.12)


def test_repeats_differ_and_seeds_repeat():
    p = [stimulus.test_drive(BASE, *key).p for key in ((123, 0), (123, 0), (123, 1), (124, 0))]
    assert np.array_equal(p[0], p[1])
    assert not np.array_equal(p[0], p[2]) and not np.array_equal(p[0], p[3])


def test_white_noise_is_added_after_clipping():
    backwards = BASE.replace(direction=-1.0)
    noisy, quiet = (stimulus.test_drive(backwards.replace(test_ll_noise_hz=hz), 1).p * 1e3 for hz in (5.0, 0.0))
    added = (noisy - quiet)[quiet > 30]
    assert added.std() == pytest.approx(5, rel=0.03) and added.mean() == pytest.approx(0, abs=0.05)
    assert noisy.min() == 0 and stimulus.test_drive(BASE.replace(test_ll_noise_hz=50.0), 1).p.max() > 0.21
    again = stimulus.test_drive(backwards.replace(test_ll_noise_hz=5.0), 1, 1).p * 1e3
    assert not np.array_equal(again, noisy)


def test_held_snapshots_in_the_test():
    params = BASE.replace(test_using_held_snapshots=True, ll_rate_mode="modulation", training_noise_scale_early=1.0)
    drive = stimulus.test_drive(params.replace(training_noise_scale_early=0.0), 1)
    assert drive.x_cm.size == 1000 and np.unique(drive.x_cm).size == 20
    assert drive.x_cm.max() == pytest.approx(19 * 4 / 99)
    expected = np.maximum(0, stimulus.afferent_rates(BASE, drive.x_cm, 0.8) - 40)
    np.testing.assert_allclose(per_step(drive), expected, atol=1e-9)
    noisy = [stimulus.test_drive(params, 1, repeat).p for repeat in (0, 1)]
    assert not np.array_equal(*noisy)
