"""The moving sphere and what the afferents make of it: field, firing rates, training snapshots, test sweep.

Neuromast i of n sits at x_i = L i / (n - 1) on a straight body. A sphere of radius R at (X, D) moves with speed U along
e; its far field is that of a three-dimensional dipole (potential flow). With dx = x - X, dy = -D, rho^2 = dx^2 + dy^2::

    c   = -U R^3 / (2 rho^5)
    v_x = c [(2 dx^2 - dy^2) e_x + 3 dx dy e_y]
    v_y = c [3 dx dy e_x - (dx^2 - 2 dy^2) e_y]

For e = (1, 0) the peak U R^3 / (2 D^3) lies under the sphere, zeros at |dx| = D / sqrt 2, minima of -.2024 peaks at
|dx| = sqrt(3/2) D. The sign is minus that of the fluid velocity: the sensitive axis points against the motion, and a
sphere that moves backwards gives a trough with weak flanks, not a mirror image. The far field knows no surface: for
D <= R the sphere overlaps the body and the numbers mean nothing. After Goulet et al. 2008 (J Comp Physiol A 194:1).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from helpers.parameters import check_array, check_number

__all__ = ["Drive", "Recording", "afferent_rates", "dipole_velocity", "evaluation_drive", "ll_drive", "neuromasts"]
__all__ += ["recording", "shown", "snapshot_drive", "snapshots", "sweep_position", "training_steps", "trial_steps"]

REST_HZ, MAX_HZ, SENSITIVITY_PER_CM = 40.0, 200.0, 300.0
NOISE_HZ, NOISE_TAU_S, NOISE_LENGTH_CM = 10.0, 0.1, 1.0
FIXED_DISTANCE_CM = 1.5
MARGIN_CM = 0.5
LAYERS = ("ll", "mon", "ts")
SWEEP_SEED, TEST_NOISE_SEED = 999, 8888


def dipole_velocity(x_cm, sphere_x_cm, distance_cm, *, speed_cm_s, radius_cm, heading=(1.0, 0.0)):
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
    speed_cm_s = check_number("speed_cm_s", speed_cm_s, 0)
    radius_cm = check_number("radius_cm", radius_cm, 0, low_open=True)
    dx = check_array("x_cm", x_cm) - check_array("sphere_x_cm", sphere_x_cm)
    dy = -check_array("distance_cm", distance_cm)
    e_x, e_y = heading
    rho2 = np.maximum(dx**2 + dy**2, 1e-9)
    c = -0.5 * speed_cm_s * radius_cm**3 / rho2**2.5
    v_x = c * ((2 * dx**2 - dy**2) * e_x + 3 * dx * dy * e_y)
    v_y = c * (3 * dx * dy * e_x - (dx**2 - 2 * dy**2) * e_y)
    return v_x, v_y


def neuromasts(params):
    """Return the (n_ll,) positions of the neuromasts in cm, from 0 to the body length."""
    return np.linspace(0.0, params.ll_body_length_cm, params.n_ll)


def afferent_rates(params, sphere_x_cm, distance_cm, direction=1, noise_hz=0.0):
    """Return firing rates ``clip(r0 + A v + noise, 0, r_max)`` in Hz, shape (n, n_ll) for n sphere positions.

    r0 = 40 Hz, A = 300 per cm, r_max = 200 Hz. The peak is clipped in the published setting (223 Hz at D = .8 cm).

    Examples
    --------
    >>> from helpers.lateral_line.params import preset
    >>> afferent_rates(preset("ll_baseline"), [2.0], 0.8).max()
    np.float64(200.0)
    """
    x, distance, sign = np.atleast_1d(sphere_x_cm), np.atleast_1d(distance_cm), np.atleast_1d(direction)
    sphere = dict(speed_cm_s=params.speed_cm_s, radius_cm=params.sphere_radius_cm, heading=(sign[:, None], 0.0))
    v_x, _ = dipole_velocity(neuromasts(params), x[:, None], distance[:, None], **sphere)
    return np.clip(REST_HZ + SENSITIVITY_PER_CM * v_x + noise_hz, 0, MAX_HZ)


def ll_drive(params, rates_hz):
    """Return the drive ``max(0, (r - b) gain)`` in Hz; b is the extra baseline, plus r0 in mode "modulation"."""
    baseline_hz = params.ll_rate_baseline_subtract_hz + (REST_HZ if params.ll_rate_mode == "modulation" else 0.0)
    return np.maximum(0, (rates_hz - baseline_hz) * params.ll_rate_gain)


@dataclass(frozen=True, eq=False)
class Drive:
    """Input of a stretch of time: a table of spike probabilities and, for each step, the row that holds.

    Attributes
    ----------
    p : array (n_rows, n_ll)
        Probability of a spike per step (drive in Hz times dt); 0 and 1 impose a spike train.
    row : array (n_steps,), uint32
    x_cm, distance_cm, direction : array (n_steps,)
        The sphere.
    """

    p: np.ndarray
    row: np.ndarray
    x_cm: np.ndarray
    distance_cm: np.ndarray
    direction: np.ndarray


@dataclass(frozen=True, eq=False)
class Recording:
    """Spikes of a stretch of time, and the sphere that caused them.

    Attributes
    ----------
    dt_s, t0_s : float
        Step, and time of step 0 since the start of the run.
    n_steps : int
    x_cm, distance_cm, direction : array (n_steps,)
    spikes : dict
        "ll", "mon", "ts" -> (steps int32, cells int32), ordered by step, then cell.
    counts : dict
        "ll", "mon", "ts" -> (n_steps,) int32: spikes per step, for population rates.
    inhibitory : array (2,)
        Spikes of the interneurons of MON and TS.
    """

    dt_s: float
    t0_s: float
    n_steps: int
    x_cm: np.ndarray
    distance_cm: np.ndarray
    direction: np.ndarray
    spikes: dict
    counts: dict
    inhibitory: np.ndarray

    def totals(self):
        """Return (5,) numbers of spikes: LL, MON, TS, interneuron of MON, of TS."""
        return np.array([*(cells.size for _, cells in self.spikes.values()), *self.inhibitory])


def recording(params, drive, t0_s, counts, cells, inhibitory=(0, 0)):
    """Return the :class:`Recording` of (n_steps,) spike counts and the cells in order, {layer: array} each."""
    n_steps = drive.row.size
    steps = {layer: np.repeat(np.arange(n_steps, dtype=np.int32), n) for layer, n in counts.items()}
    spikes = {layer: (steps[layer], cells[layer]) for layer in LAYERS}
    sphere = drive.x_cm, drive.distance_cm, drive.direction
    return Recording(params.dt_s, t0_s, n_steps, *sphere, spikes, counts, np.array(inhibitory))


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


def training_steps(params):
    """Return the number of steps of the whole training, round(trials x duration / dt)."""
    return params.n_training_trials * trial_steps(params)


def trial_steps(params):
    """Return the number of steps of one trial."""
    return max(1, round(params.trial_duration_s / params.dt_s))


def snapshots(params, n_steps, seed):
    """Return the :class:`Snapshots` that fill `n_steps` steps.

    Positions are the neuromasts, up and down again (end points twice in a row), or shuffled in each cycle. Distance:
    1.5 cm if `training_fixed_distance`; else uniform between the two bounds (constant where they are equal). With
    `training_bidirectional` every second snapshot moves backwards. The noise is `early` before the switch, then `late`.
    """
    rng = np.random.default_rng(seed)
    hold_steps = max(1, round(params.training_position_hold_s / params.dt_s))
    n = -(-n_steps // hold_steps)
    early = np.arange(n) * hold_steps < params.training_noise_switch_fraction * n_steps
    return Snapshots(
        x_cm=neuromasts(params)[_position_bins(params, n, rng)],
        distance_cm=_distances(params, n, rng),
        direction=np.where(np.arange(n) % 2 == 1, -1, 1) if params.training_bidirectional else np.ones(n, int),
        noise_scale=np.where(early, params.training_noise_scale_early, params.training_noise_scale_late),
        hold_steps=hold_steps,
        seed=seed,
    )


def _position_bins(params, n, rng):
    bins = np.arange(params.n_ll)
    if params.training_ordered_sweeps:
        return np.resize(np.concatenate([bins, bins[::-1]]), n)
    cycles = np.tile(bins, (-(-n // params.n_ll), 1))
    return rng.permuted(cycles, axis=1).ravel()[:n]


def _distances(params, n, rng):
    if params.training_fixed_distance:
        return np.full(n, FIXED_DISTANCE_CM)
    return rng.uniform(params.training_distance_min_cm, params.training_distance_max_cm, n)


def shown(stream, first, n_steps, p=None):
    """Return the :class:`Drive` of steps first ... first + n_steps - 1, with a given table or none."""
    k = np.arange(first, first + n_steps) // stream.hold_steps
    row = (k - first // stream.hold_steps).astype(np.uint32)
    return Drive(p, row, stream.x_cm[k], stream.distance_cm[k], stream.direction[k])


def snapshot_drive(params, stream, first, n_steps):
    """Return the :class:`Drive` of steps first ... first + n_steps - 1: only these rates are ever in memory."""
    used = np.arange(first // stream.hold_steps, (first + n_steps - 1) // stream.hold_steps + 1)
    return shown(stream, first, n_steps, ll_drive(params, _snapshot_rates(params, stream, used)) * params.dt_s)


def _snapshot_rates(params, stream, used):
    sphere = stream.x_cm[used], stream.distance_cm[used], stream.direction[used]
    return afferent_rates(params, *sphere, _snapshot_noise(params, stream, used))


def _snapshot_noise(params, stream, used):
    """Return the noise of these snapshots in Hz; each has its own stream, so that any stretch can be drawn alone."""
    scale = NOISE_HZ * stream.noise_scale[used]
    if not scale.any():
        return 0.0
    z = np.array([np.random.default_rng([stream.seed, 1, k]).standard_normal(params.n_ll) for k in used])
    return scale[:, None] * (z @ noise_factor(neuromasts(params)).T)


def noise_factor(x_cm):
    """Return the Cholesky factor of the spatial noise correlation exp(-(x_i - x_j)^2 / (2 l^2)), l = 1 cm."""
    correlation = np.exp(-((x_cm[:, None] - x_cm) ** 2) / (2 * NOISE_LENGTH_CM**2))
    return np.linalg.cholesky(correlation + 1e-9 * np.eye(x_cm.size))


# --- test


def sweep_position(params):
    """Return the (n_steps,) sphere positions of the test sweep in cm, from .5 cm before the body onwards."""
    n_steps = int(np.ceil(round(params.test_path_cm / params.speed_cm_s / params.dt_s, 6)))
    moved = params.speed_cm_s * params.dt_s * np.arange(n_steps)
    return moved - MARGIN_CM if params.direction >= 0 else params.ll_body_length_cm + MARGIN_CM - moved


def evaluation_drive(params, seed, repeat=0):
    """Return the :class:`Drive` of one test: a continuous sweep with slow noise, or held snapshots.

    The sweep's noise is an Ornstein-Uhlenbeck process per neuromast (10 Hz, 100 ms, correlated over 1 cm) that
    starts at zero; `test_ll_noise_hz` adds white noise after clipping.
    """
    n_steps = sweep_position(params).size
    if params.test_using_held_snapshots:
        stream = snapshots(params, n_steps, seed + SWEEP_SEED + 2**32 * repeat)
        held = shown(stream, 0, n_steps)
        sphere = held.x_cm, held.distance_cm, held.direction
        rates_hz = _snapshot_rates(params, stream, np.arange(stream.x_cm.size))[held.row]
    else:
        ones = np.ones(n_steps)
        sphere = sweep_position(params), params.distance_cm * ones, np.sign(params.direction) * ones
        rates_hz = afferent_rates(params, *sphere, _slow_noise(params, n_steps, seed, repeat))
    rng = np.random.default_rng([seed + TEST_NOISE_SEED, repeat])
    if params.test_ll_noise_hz:
        rates_hz = np.maximum(0, rates_hz + params.test_ll_noise_hz * rng.standard_normal(rates_hz.shape))
    return Drive(ll_drive(params, rates_hz) * params.dt_s, np.arange(n_steps, dtype=np.uint32), *sphere)


def _slow_noise(params, n_steps, seed, repeat):
    """Euler-Maruyama: eta += -eta dt / tau + sqrt(2 sigma^2 dt / tau) (C z), eta(0) = 0; shape (n_steps, n_ll)."""
    share, rng = params.dt_s / NOISE_TAU_S, np.random.default_rng([seed + SWEEP_SEED, repeat])
    z = rng.standard_normal((n_steps, params.n_ll)) @ noise_factor(neuromasts(params)).T
    noise = NOISE_HZ * np.sqrt(2 * share) * z
    noise[0] = 0
    for step in range(1, n_steps):
        noise[step] += (1 - share) * noise[step - 1]
    return noise
