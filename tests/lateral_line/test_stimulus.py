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


def test_bad_headings_are_one_clear_line():
    for said, heading in ((r"heading\[1\]", (1.0, float("nan"))), ("heading has 1 parts", (1.0,))):
        with pytest.raises(ParameterError, match=f"^{said}[^\n]*$"):
            stimulus.dipole_velocity(0.0, 0.0, 0.8, **SPHERE, heading=heading)


# --- rates


@given(
    st.lists(st.tuples(st.floats(-1, 5), st.floats(0.3, 2.5), st.sampled_from([-1, 1])), min_size=1, max_size=4),
    st.floats(0.1, 20),
    st.floats(0.1, 2),
)
def test_rates_are_those_of_the_cell(notebook, places, speed, radius):
    x_cm, distance, direction = np.array(places).T
    params = BASE.replace(speed_cm_s=speed, sphere_radius_cm=radius)
    found = stimulus.afferent_rates(params, x_cm, distance, direction)
    field = notebook.dipole(notebook.neuromast_cm - x_cm[:, None], distance[:, None], speed, radius)
    np.testing.assert_allclose(found, np.clip(40 + 300 * direction[:, None] * field, 0, 200), atol=1e-9)


def test_drive_of_a_rate():
    drives = {
        (10.0, 40.0, 200.0): dict(),
        (0.0, 0.0, 160.0): dict(ll_rate_mode="modulation"),
        (0.0, 40.0, 360.0): dict(ll_rate_baseline_subtract_hz=20.0, ll_rate_gain=2.0),
    }
    for expected, changes in drives.items():
        found = stimulus._probability(BASE.replace(**changes), np.array([10.0, 40.0, 200.0]))
        np.testing.assert_allclose(found * 1e3, expected, atol=1e-12)


# --- training stream


def test_shuffled_positions_visit_every_place_once_a_cycle():
    params = BASE.replace(training_ordered_sweeps=False)
    stream = stimulus.snapshots(params, 50 * 230, 1)
    cycles = stream.x_cm[:200].reshape(2, 100)
    assert all(np.array_equal(np.sort(cycle), stimulus.neuromasts(params)) for cycle in cycles)
    assert not np.array_equal(*cycles) and stream.x_cm.size == 230


def test_the_three_rules_of_distance():
    many = dict(n_steps=200_000, seed=1)
    fixed = stimulus.snapshots(BASE.replace(training_fixed_distance=True), **many).distance_cm
    ranged = stimulus.snapshots(BASE.replace(training_distance_max_cm=1.8), **many).distance_cm
    assert (fixed == 1.5).all() and (stimulus.snapshots(BASE, **many).distance_cm == 0.8).all()
    assert ranged.min() >= 0.8 and ranged.max() <= 1.8 and ranged.mean() == pytest.approx(1.3, abs=0.02)
    assert ranged.std() == pytest.approx(1 / np.sqrt(12), abs=0.01)


@pytest.mark.parametrize(("hold_s", "steps"), [(0.05, 50), (0.0304, 30), (1e-4, 1)])
def test_any_stretch_shows_its_snapshots_up_and_down(hold_s, steps):
    """Each is held this long and has its own distance, direction and teacher."""
    params = BASE.replace(training_position_hold_s=hold_s, training_bidirectional=True, training_distance_max_cm=1.2)
    params = params.replace(teacher_rate_hz=50.0)
    stream = stimulus.snapshots(params, 24_000, 3)
    assert stream.hold_steps == steps and stream.x_cm.size == 24_000 / steps
    drive, shown = stimulus.snapshot_drive(params, stream, 4_990, 120), (4_990 + np.arange(120)) // steps
    x = 4 * np.minimum(shown % 200, 199 - shown % 200) / 99
    np.testing.assert_allclose(drive.x_cm, x)
    rates = stimulus.afferent_rates(params, x, stream.distance_cm[shown], 1 - 2 * (shown % 2))
    np.testing.assert_allclose(per_step(drive), rates, atol=1e-9)
    np.testing.assert_allclose(drive.teacher_p[drive.row], stimulus.teacher_rates(params, x) * 1e-3)


def test_training_noise_has_its_sd_its_correlation_and_its_switch():
    params = POINTLIKE.replace(training_noise_scale_early=1.0, training_noise_switch_fraction=0.5)
    stream = stimulus.snapshots(params, 480_000, 2)
    assert (stream.direction == 1).all()
    noise = stimulus.snapshot_drive(params, stream, 0, 480_000).p * 1e3 - 40
    early, late = np.split(noise, 2)
    assert early.std() == pytest.approx(10, rel=0.05) and np.allclose(late, 0, atol=1e-5)
    assert np.corrcoef(early.T)[0, 25] == pytest.approx(np.exp(-((25 * 4 / 99) ** 2) / 2), abs=0.05)
    assert np.abs(np.corrcoef(early[:-1, 50], early[1:, 50])[0, 1]) < 0.05
    part = stimulus.snapshot_drive(params, stream, 1_210, 333)
    np.testing.assert_allclose(per_step(part)[:40] - 40, noise[[24] * 40], rtol=1e-9)


def test_the_teacher_faces_the_sphere():
    params = BASE.replace(teacher_rate_hz=80.0, teacher_sigma=5.0, n_ts=41)
    found = stimulus.teacher_rates(params, [-0.5, 0.0, 1.0, 4.0, 7.0])
    assert found.argmax(axis=1).tolist() == [0, 0, 10, 40, 40] and (found.max(axis=1) == 80).all()
    assert found[2, 15] == found[2, 5] == pytest.approx(80 * np.exp(-0.5))


# --- test sweep


SWEEPS = {
    (1000, -0.5, 4.495): dict(),
    (1000, 4.5, -0.495): dict(direction=-0.3),
    (2000, -0.5, 4.4975): dict(speed_cm_s=2.5),
    (1001, -0.5, 4.5): dict(test_path_cm=5.001),
}


@pytest.mark.parametrize("ends", SWEEPS)
def test_the_sweep_passes_the_body_and_its_rates_are_the_field_and_noise(ends):
    params = BASE.replace(distance_cm=1.1, **SWEEPS[ends])
    drive = stimulus.test_drive(params, 4)
    x, rates = drive.x_cm, per_step(drive)
    assert (x.size, x[0], x[-1]) == pytest.approx(ends)
    np.testing.assert_allclose(np.diff(x), np.diff(x)[0])
    field = stimulus.afferent_rates(params, x, 1.1, np.sign(params.direction))
    noise = per_step(stimulus.test_drive(POINTLIKE.replace(**SWEEPS[ends]), 4)) - 40
    free = (rates > 0) & (rates < 200) & (field > 0) & (field < 200)
    np.testing.assert_allclose((rates - field)[free], noise[free], atol=1e-4)
    assert free.mean() > 0.5


def test_sweep_noise_is_slow_and_starts_at_zero():
    eta = np.array([stimulus.test_drive(POINTLIKE, 5, repeat).p for repeat in range(30)]) * 1e3 - 40
    assert np.allclose(eta[:, 0], 0, atol=1e-6) and eta[:, 1].std() == pytest.approx(10 * np.sqrt(0.02), rel=0.1)
    late = eta[:, 400:]
    assert late.std() == pytest.approx(10, rel=0.1)
    lagged = [np.mean(late[:, lag:] * late[:, : late.shape[1] - lag]) / late.var() for lag in (0, 100)]
    assert lagged == pytest.approx([1, np.exp(-1)], abs=0.12)
    across = np.mean(late[:, :, 0] * late[:, :, 25]) / late.var()
    assert across == pytest.approx(np.exp(-((25 * 4 / 99) ** 2) / 2), abs=0.12)
    assert not np.array_equal(eta[0], eta[1]) and not np.array_equal(stimulus.test_drive(POINTLIKE, 6).p, eta[0])


def test_white_noise_is_added_after_clipping_and_differs_between_repeats():
    backwards = BASE.replace(direction=-1.0, test_ll_noise_hz=5.0)
    drives = [stimulus.test_drive(backwards, 1, repeat) for repeat in (0, 1)]
    quiet = [stimulus.test_drive(backwards.replace(test_ll_noise_hz=0.0), 1, repeat) for repeat in (0, 1)]
    added = []
    for noisy, without in zip(drives, quiet, strict=True):
        added.append((noisy.p - without.p)[(quiet[0].p > 0.03) & (quiet[1].p > 0.03)] * 1e3)
    assert np.std(added) == pytest.approx(5, rel=0.03) and np.mean(added) == pytest.approx(0, abs=0.05)
    assert abs(np.corrcoef(added)[0, 1]) < 0.05
    assert drives[0].p.min() == 0 and stimulus.test_drive(BASE.replace(test_ll_noise_hz=50.0), 1).p.max() > 0.21


def test_held_snapshots_in_the_test():
    params = BASE.replace(test_using_held_snapshots=True, ll_rate_mode="modulation")
    drive = stimulus.test_drive(params, 1)
    np.testing.assert_allclose(drive.x_cm, np.repeat(np.arange(20) * 4 / 99, 50))
    expected = np.maximum(0, stimulus.afferent_rates(BASE, drive.x_cm, 0.8) - 40)
    np.testing.assert_allclose(per_step(drive), expected, atol=1e-9)
    noisy = [stimulus.test_drive(params.replace(training_noise_scale_early=1.0), 1, repeat).p for repeat in (0, 1)]
    assert not np.array_equal(*noisy)
