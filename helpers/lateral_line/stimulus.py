"""The moving sphere and what the afferents make of it: field, firing rates, training snapshots, test sweep.

Neuromast i of n sits at x_i = L i / (n - 1) on a straight body. A sphere of radius R at (X, D) moves with speed U along
e; an unbounded ideal fluid moves around it as around a three-dimensional dipole (potential flow). With dx = x - X,
dy = -D, rho^2 = dx^2 + dy^2::

    c   = -U R^3 / (2 rho^5)
    v_x = c [(2 dx^2 - dy^2) e_x + 3 dx dy e_y]
    v_y = c [3 dx dy e_x - (dx^2 - 2 dy^2) e_y]

For e = (1, 0) the peak U R^3 / (2 D^3) lies under the sphere, zeros at |dx| = D / sqrt 2, minima of -.2024 peaks at
|dx| = sqrt(3/2) D. The sign is minus that of the fluid velocity: the sensitive axis points against the motion, and a
sphere that moves backwards gives a trough with weak flanks, not a mirror image. No skin is in it, and for
D <= R the sphere overlaps the body and the numbers mean nothing. After Goulet et al. 2008 (J Comp Physiol A 194:1).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np

from helpers.lateral_line.params import NetworkParams
from helpers.parameters import (
    ParameterError,
    check_array,
    check_integer,
    check_number,
    check_seed,
    check_together,
    doors,
)

__all__ = ["Drive", "afferent_rates", "dipole_velocity", "neuromasts", "snapshot_drive", "snapshots", "sweep_position"]
__all__ += ["teacher_rates", "test_drive", "trial_steps"]

REST_HZ, MAX_HZ, SENSITIVITY_PER_CM = 40.0, 200.0, 300.0
NOISE_HZ, NOISE_TAU_S, NOISE_LENGTH_CM = 10.0, 0.1, 1.0
FIXED_DISTANCE_CM = 1.5
MARGIN_CM = 0.5
SWEEP_SEED, TEST_NOISE_SEED = 999, 8888


def dipole_velocity(
    x_cm: Any, sphere_x_cm: Any, distance_cm: Any, *, speed_cm_s: float, radius_cm: float, heading: tuple = (1.0, 0.0)
) -> tuple[np.ndarray, np.ndarray]:
    """Return (v_x, v_y) in cm/s at points `x_cm` of the body; arguments broadcast.

    Parameters
    ----------
    x_cm, sphere_x_cm : array_like
        Point on the body and position of the sphere along it, cm.
    distance_cm : array_like
        Distance D of the sphere from the body, cm; physical for D > R only.
    speed_cm_s, radius_cm : float
        Speed U >= 0 and radius R > 0.
    heading : (e_x, e_y)
        Unit vector of the motion; each part may be an array.

    Examples
    --------
    >>> v_x, v_y = dipole_velocity([0.0, 0.98], 0.0, 0.8, speed_cm_s=5, radius_cm=0.5)
    >>> v_x.round(4)
    array([ 0.6104, -0.1235])
    """
    speed_cm_s = check_number("speed_cm_s", speed_cm_s, 0, 1e6)
    radius_cm = check_number("radius_cm", radius_cm, 0, 1e6, low_open=True)
    if len(heading) != 2:
        raise ParameterError(f"heading has {len(heading)} parts; allowed: 2, along the body and away from it")
    places = dict(x_cm=x_cm, sphere_x_cm=sphere_x_cm, distance_cm=distance_cm)
    for name, place in (places | {"heading[0]": heading[0], "heading[1]": heading[1]}).items():
        places[name] = check_array(name, place, low=-1e6, high=1e6)
    check_together(**places)
    dx, dy, (e_x, e_y) = places["x_cm"] - places["sphere_x_cm"], -places["distance_cm"], heading
    rho2 = np.maximum(dx**2 + dy**2, 1e-9)
    c = -0.5 * speed_cm_s * radius_cm**3 / rho2**2.5
    v_x = c * ((2 * dx**2 - dy**2) * e_x + 3 * dx * dy * e_y)
    v_y = c * (3 * dx * dy * e_x - (dx**2 - 2 * dy**2) * e_y)
    return v_x, v_y


def neuromasts(params: NetworkParams) -> np.ndarray:
    """Return the (n_ll,) positions of the neuromasts in cm, from 0 to the body length."""
    return np.linspace(0.0, params.ll_body_length_cm, params.n_ll)


def afferent_rates(
    params: NetworkParams, sphere_x_cm: Any, distance_cm: Any, direction: Any = 1, noise_hz: Any = 0.0
) -> np.ndarray:
    """Return firing rates ``clip(r0 + A v + noise, 0, r_max)`` in Hz, shape (n, n_ll) for n sphere positions.

    r0 = 40 Hz, A = 300 per cm, r_max = 200 Hz. The peak is clipped in the published setting (223 Hz at D = .8 cm).

    Examples
    --------
    >>> from helpers.lateral_line.params import preset
    >>> afferent_rates(preset("ll_baseline"), [2.0], 0.8).max()
    np.float64(200.0)
    """
    given = dict(sphere_x_cm=sphere_x_cm, distance_cm=distance_cm, direction=direction)
    x, distance, sign = (np.atleast_1d(check_array(name, value, ndim=(0, 1))) for name, value in given.items())
    sphere = dict(speed_cm_s=params.speed_cm_s, radius_cm=params.sphere_radius_cm, heading=(sign[:, None], 0.0))
    v_x, _ = dipole_velocity(neuromasts(params), x[:, None], distance[:, None], **sphere)
    noise_hz = check_array("noise_hz", noise_hz)
    check_together(rates_hz=v_x, noise_hz=noise_hz)
    return np.clip(REST_HZ + SENSITIVITY_PER_CM * v_x + noise_hz, 0, MAX_HZ)


def _probability(params, rates_hz):
    """Return spike probabilities per step of the drive max(0, (r - b) gain); b: extra baseline, + r0 in modulation."""
    baseline_hz = params.ll_rate_baseline_subtract_hz + (REST_HZ if params.ll_rate_mode == "modulation" else 0.0)
    return np.maximum(0, (rates_hz - baseline_hz) * params.ll_rate_gain) * params.dt_s


def teacher_rates(params: NetworkParams, sphere_x_cm: Any) -> np.ndarray:
    """Return the rates of the visual teacher in Hz, (n, n_ts): a Gaussian around the cell that faces the sphere.

    Cell k stands at k / (n_ts - 1) of the body; a sphere beyond its ends is taught as one at the end.

    Examples
    --------
    >>> from helpers.lateral_line.params import preset
    >>> teacher_rates(preset("ll_baseline").replace(teacher_rate_hz=50.0), [0.0, 4.0]).argmax(axis=1)
    array([  0, 299])
    """
    x_cm = np.atleast_1d(check_array("sphere_x_cm", sphere_x_cm, ndim=(0, 1)))
    share = np.clip(x_cm / params.ll_body_length_cm, 0, 1)
    away = np.arange(params.n_ts) - share[:, None] * (params.n_ts - 1)
    return params.teacher_rate_hz * np.exp(-(away**2) / (2 * params.teacher_sigma**2))


@dataclass(frozen=True, eq=False)
class Drive:
    """Input of a stretch of time: tables of spike probabilities and, for each step, the row that holds.

    Attributes
    ----------
    p : array (n_rows, n_ll)
        Probability of an afferent's spike per step (drive in Hz times dt); 0 and 1 impose a spike train.
    row : array (n_steps,), uint32
    x_cm : array (n_steps,)
        Position of the sphere.
    teacher_p : array (n_rows, n_ts), or (0, 0) for none
        Probability of a spike of the teacher per step.
    """

    p: np.ndarray
    row: np.ndarray
    x_cm: np.ndarray
    teacher_p: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))


# --- training


@dataclass(frozen=True, eq=False)
class Snapshots:
    """The training stream: one held sphere after the other; arrays (n_snapshots,)."""

    x_cm: np.ndarray
    distance_cm: np.ndarray
    direction: np.ndarray
    noise_scale: np.ndarray
    hold_steps: int
    seed: int


def trial_steps(params: NetworkParams) -> int:
    """Return the number of steps of one trial."""
    return max(1, round(params.trial_duration_s / params.dt_s))


def snapshots(params: NetworkParams, n_steps: int, seed: int) -> Snapshots:
    """Return the :class:`Snapshots` that fill `n_steps` steps.

    Positions are the neuromasts, up and down again (end points twice in a row), or shuffled in each cycle. Distance:
    1.5 cm if `training_fixed_distance`; else uniform between the two bounds (constant where they are equal). With
    `training_bidirectional` every second snapshot moves backwards. The noise is `early` before the switch, then `late`.
    """
    rng, n_steps = check_seed(seed), check_integer("n_steps", n_steps, 0, 10**12)
    hold_steps = max(1, round(params.training_position_hold_s / params.dt_s))
    n = -(-n_steps // hold_steps)
    bins = np.arange(params.n_ll)
    if params.training_ordered_sweeps:
        at = np.resize(np.concatenate([bins, bins[::-1]]), n)
    else:
        cycles = np.tile(bins, (-(-n // params.n_ll), 1))
        at = rng.permuted(cycles, axis=1).ravel()[:n]
    if params.training_fixed_distance:
        distance_cm = np.full(n, FIXED_DISTANCE_CM)
    else:
        distance_cm = rng.uniform(params.training_distance_min_cm, params.training_distance_max_cm, n)
    early = np.arange(n) * hold_steps < params.training_noise_switch_fraction * n_steps
    return Snapshots(
        x_cm=neuromasts(params)[at],
        distance_cm=distance_cm,
        direction=np.where(np.arange(n) % 2 == 1, -1, 1) if params.training_bidirectional else np.ones(n, int),
        noise_scale=np.where(early, params.training_noise_scale_early, params.training_noise_scale_late),
        hold_steps=hold_steps,
        seed=seed,
    )


def snapshot_drive(params: NetworkParams, stream: Snapshots, first: int, n_steps: int) -> Drive:
    """Return the :class:`Drive` of steps first ... first + n_steps - 1: only these rates are ever in memory."""
    check_integer("n_steps", n_steps, 1, stream.x_cm.size * stream.hold_steps - check_integer("first", first, 0))
    shown = np.arange(first, first + n_steps) // stream.hold_steps
    used = np.arange(shown[0], shown[-1] + 1)
    p = _probability(params, _snapshot_rates(params, stream, used))
    drive = Drive(p, (shown - shown[0]).astype(np.uint32), stream.x_cm[shown])
    if params.teacher_rate_hz > 0:
        drive = replace(drive, teacher_p=teacher_rates(params, stream.x_cm[used]) * params.dt_s)
    return drive


def _snapshot_rates(params, stream, used):
    """Return the rates of these snapshots; each has a noise stream of its own, so any stretch can be drawn alone."""
    noise_hz = np.zeros((used.size, params.n_ll))
    if stream.noise_scale[used].any():
        factor = _noise_factor(params)
        for row, k in zip(noise_hz, used, strict=True):
            z = np.random.default_rng([stream.seed, 1, k]).standard_normal(params.n_ll)
            row += NOISE_HZ * stream.noise_scale[k] * (factor @ z)
    return afferent_rates(params, stream.x_cm[used], stream.distance_cm[used], stream.direction[used], noise_hz)


def _noise_factor(params):
    """Return the Cholesky factor of the spatial noise correlation exp(-(x_i - x_j)^2 / (2 l^2)), l = 1 cm."""
    x_cm = neuromasts(params)
    correlation = np.exp(-((x_cm[:, None] - x_cm) ** 2) / (2 * NOISE_LENGTH_CM**2))
    return np.linalg.cholesky(correlation + 1e-9 * np.eye(x_cm.size))


# --- test


def sweep_position(params: NetworkParams) -> np.ndarray:
    """Return the (n_steps,) sphere positions of the test sweep in cm, from .5 cm before the body onwards."""
    n_steps = int(np.ceil(round(params.test_path_cm / params.speed_cm_s / params.dt_s, 6)))
    moved = params.speed_cm_s * params.dt_s * np.arange(n_steps)
    return moved - MARGIN_CM if params.direction > 0 else params.ll_body_length_cm + MARGIN_CM - moved


@lru_cache(maxsize=8)  # several sets of weights see the same test
def test_drive(params: NetworkParams, seed: int, repeat: int = 0) -> Drive:
    """Return the :class:`Drive` of one test: a continuous sweep with slow noise, or held snapshots.

    The sweep's noise is an Ornstein-Uhlenbeck process per neuromast (10 Hz, 100 ms, correlated over 1 cm) that
    starts at zero; `test_ll_noise_hz` adds white noise after clipping.
    """
    x_cm, repeat = sweep_position(params), check_integer("repeat", repeat, 0, 2**31)
    if params.test_using_held_snapshots:
        stream = snapshots(params, x_cm.size, seed + SWEEP_SEED + 2**32 * repeat)
        shown = np.arange(x_cm.size) // stream.hold_steps
        x_cm = stream.x_cm[shown]
        rates_hz = _snapshot_rates(params, stream, np.arange(stream.x_cm.size))[shown]
    else:
        noise_hz = _slow_noise(params, x_cm.size, seed, repeat)
        rates_hz = afferent_rates(params, x_cm, params.distance_cm, np.sign(params.direction), noise_hz)
    if params.test_ll_noise_hz:
        rng = np.random.default_rng([seed + TEST_NOISE_SEED, repeat])
        rates_hz = np.maximum(0, rates_hz + params.test_ll_noise_hz * rng.standard_normal(rates_hz.shape))
    return Drive(_probability(params, rates_hz), np.arange(x_cm.size, dtype=np.uint32), x_cm)


def _slow_noise(params, n_steps, seed, repeat):
    """Euler-Maruyama: eta += -eta dt / tau + sqrt(2 sigma^2 dt / tau) (C z), eta(0) = 0; shape (n_steps, n_ll)."""
    share, rng = params.dt_s / NOISE_TAU_S, np.random.default_rng([seed + SWEEP_SEED, repeat])
    z = rng.standard_normal((n_steps, params.n_ll)) @ _noise_factor(params).T
    noise = NOISE_HZ * np.sqrt(2 * share) * z
    noise[0] = 0
    for step in range(1, n_steps):
        noise[step] += (1 - share) * noise[step - 1]
    return noise


doors(globals())
