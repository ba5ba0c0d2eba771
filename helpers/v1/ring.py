"""The V1 ring: excitatory and inhibitory conductance cells on a circle of orientations, with plastic synapses.

One layer has N excitatory and N inhibitory cells and N Poisson inputs; cell i prefers the orientation pi i / N.
A run is a series of windows, each with its own orientation theta and bandwidth B. In a window input i fires at::

    r_i = (1 - noise) G exp((cos 2(theta_i - theta) - 1) / (4 B^2)) + noise G

so B is the standard deviation near the peak (form A of the bandwidths; the whole curve is :func:`input_rates`).
Model and constants: the public notebooks of two M2 internships (Marseille and Montreal, 2018-2019), after the ring
of Ben-Yishai, Bar-Or and Sompolinsky (1995, PNAS 92:3844).
"""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass

import numpy as np

from helpers.parameters import ParameterError, Parameters, check_array, check_integer, check_number, parameter
from helpers.spikes import window_counts
from helpers.stimuli import poisson_trains
from helpers.v1 import backends
from helpers.v1 import wiring_pynn as wiring

__all__ = ["RingParams", "RingResult", "input_rates", "simulate", "unitary_epsp_mv"]

_SOURCE = "published ring notebooks"
_MARKRAM = "published ring notebooks, after Markram et al. 2015"
_MCCORMICK = "published ring notebooks, after McCormick"


def _weight(default, meaning):
    return parameter(default, "uS", f"initial weight {meaning}; 0 leaves the projection out", _SOURCE, low=0, high=5)


@dataclass(frozen=True)
class RingParams(Parameters):
    """Parameters of the ring; the defaults are those of the published single-layer model.

    Weights are peak conductances and positive for inhibition too; each synapse starts at its weight and, if
    `plastic`, moves between 0 and `w_max_ratio` times it. One spike of .4 uS moves a resting cell by 11.4 mV and
    the threshold is 13 mV away, so a cell needs two inputs that nearly coincide.

    Raises
    ------
    ParameterError
        If a value is out of range, or if times do not fit together (delays in order and not below the time step,
        a whole number of steps in a window, reset and rest below threshold).

    Examples
    --------
    >>> RingParams(plastic=False).table("n_exc", "window_ms").rows[1][:3]
    ('window_ms', '1000', 'ms')
    """

    n_exc: int = parameter(60, "", "excitatory cells, and inputs", _SOURCE, low=2)
    n_inh: int = parameter(60, "", "inhibitory cells (12 in the 5:1 variant)", _SOURCE, low=2)
    gain_hz: float = parameter(20.0, "Hz", "peak input rate G", _SOURCE, low=0, high=1e4)
    noise: float = parameter(0.2, "", "share of G that does not depend on orientation", _SOURCE, low=0, high=1)
    b_theta_rad: float = parameter(np.pi / 12, "rad", "input bandwidth B", _SOURCE, low=0, low_open=True)
    window_ms: float = parameter(1000.0, "ms", "duration of one orientation", _SOURCE, low=0, high=1e6, low_open=True)
    plastic: bool = parameter(True, "", "STDP on all projections", _SOURCE)
    lateral: bool = parameter(True, "", "E to E and I to I connections", _SOURCE)
    inhibition: bool = parameter(True, "", "E to I and I to E connections", _SOURCE)
    layers: int = parameter(1, "", "rings, one above the other", _SOURCE, low=1, high=2)
    w_input_exc_us: float = _weight(0.4, "input to E")
    w_input_inh_us: float = _weight(0.4, "input to I")
    w_exc_exc_us: float = _weight(0.1, "E to E")
    w_inh_inh_us: float = _weight(0.1, "I to I (.2 in the run with a broader input)")
    w_exc_inh_us: float = _weight(0.1, "E to I")
    w_inh_exc_us: float = _weight(0.1, "I to E")
    w_exc_exc2_us: float = _weight(0.5, "E to E of layer 2")
    w_exc_inh2_us: float = _weight(0.5, "E to I of layer 2")
    w_inh_exc2_us: float = _weight(0.5, "I to E of layer 2")
    w_max_ratio: float = parameter(2.0, "", "largest weight over initial weight", _SOURCE, low=1)
    stdp_a: float = parameter(0.0, "", "amplitude of a scan of STDP; 0: the published rules", "here", low=0, high=1)
    stdp_tau_ms: float = parameter(30.0, "ms", "its time constant", "here", low=0, high=1e3, low_open=True)
    stdp_a_ratio: float = parameter(1.0, "", "its A plus over A minus", "here", low=0, high=1e2)
    stdp_tau_ratio: float = parameter(1.0, "", "its tau plus over tau minus", "here", low=0, high=1e2, low_open=True)
    shared_delays: bool = parameter(False, "", "one-to-one projections draw the same delays", "source's shared seed")
    lateral_decay: float = parameter(2.0, "1/radius", "lateral connections: P = exp(-decay d)", _SOURCE, low=0)
    lateral_decay_2: float = parameter(5.0, "1/radius", "the same, second E to E set of layer 2", _SOURCE, low=0)
    p_sparse: float = parameter(0.05, "", "one-to-one replaced by chance when n_inh != n_exc", _SOURCE, low=0, high=1)
    delay_mean_ms: float = parameter(3.0, "ms", "delay: mean of the normal", _SOURCE, low=0)
    delay_sd_ms: float = parameter(5.0, "ms", "delay: sd of the normal", _SOURCE, low=0, low_open=True)
    delay_min_ms: float = parameter(0.1, "ms", "delay: redrawn below", _SOURCE, low=0, low_open=True)
    delay_max_ms: float = parameter(5.0, "ms", "delay: redrawn above", _SOURCE, low=0, high=1e3, low_open=True)
    cm_nf: float = parameter(0.5, "nF", "membrane capacitance", _MCCORMICK, low=0, low_open=True)
    tau_m_ms: float = parameter(30.0, "ms", "membrane time constant", _MARKRAM, low=0, low_open=True)
    tau_refrac_ms: float = parameter(1.5, "ms", "refractory period", _MCCORMICK, low=0)
    tau_syn_exc_ms: float = parameter(0.25, "ms", "decay of excitatory conductance", _SOURCE, low=0, low_open=True)
    tau_syn_inh_ms: float = parameter(0.75, "ms", "decay of inhibitory conductance", _SOURCE, low=0, low_open=True)
    e_rev_exc_mv: float = parameter(0.0, "mV", "excitatory reversal potential", _SOURCE)
    e_rev_inh_mv: float = parameter(-70.0, "mV", "inhibitory reversal potential", _SOURCE)
    v_rest_mv: float = parameter(-65.5, "mV", "resting potential", _MCCORMICK)
    v_reset_mv: float = parameter(-56.5, "mV", "reset and initial potential, above rest", _MCCORMICK)
    v_thresh_mv: float = parameter(-52.5, "mV", "threshold", _MCCORMICK)
    dt_ms: float = parameter(0.1, "ms", "time step", _SOURCE, low=1e-3, high=1.0)

    def __post_init__(self):
        super().__post_init__()
        if not self.dt_ms <= self.delay_min_ms <= self.delay_max_ms:
            raise ParameterError(
                f"delay_min_ms = {self.delay_min_ms:g}, delay_max_ms = {self.delay_max_ms:g} are out of order; "
                f"allowed: dt_ms ({self.dt_ms:g}) <= delay_min_ms <= delay_max_ms"
            )
        if max(self.v_reset_mv, self.v_rest_mv) >= self.v_thresh_mv:
            raise ParameterError(
                f"v_thresh_mv = {self.v_thresh_mv:g} is too low; allowed: above v_reset_mv and v_rest_mv"
            )
        steps = self.window_ms / self.dt_ms
        if steps < 10 or abs(steps - round(steps)) > 1e-6:
            raise ParameterError(f"window_ms = {self.window_ms:g}; allowed: whole multiples of dt_ms, at least 10")


@dataclass(frozen=True, eq=False)
class RingResult:
    """What a run of the ring gives; two results are equal if all their arrays are.

    Attributes
    ----------
    params : RingParams
    theta_rad, b_theta_rad : array (n_windows,)
        Orientation and bandwidth of the input in each window.
    seed : int
    backend : str
    counts : dict
        Population -> (n_windows, n_cells) spikes strictly inside each window.
    spikes : dict
        Population -> (times in ms, cells), ordered by time, then cell.
    weights : dict
        Projection -> (n_pre, n_post) final weights in uS, >= 0, NaN where there is no synapse.
    seconds : dict
        CPU seconds of "wire", "build", "run" (the simulator itself) and "read"; not compared.
    """

    params: RingParams
    theta_rad: np.ndarray
    b_theta_rad: np.ndarray
    seed: int
    backend: str
    counts: dict
    spikes: dict
    weights: dict
    seconds: dict = dataclasses.field(compare=False)

    def __eq__(self, other):
        if not isinstance(other, RingResult):
            return NotImplemented
        names = [f.name for f in dataclasses.fields(self) if f.compare]
        return all(_same(getattr(self, name), getattr(other, name)) for name in names)

    __hash__ = None


def _same(one, two):
    if isinstance(one, dict):
        return one.keys() == two.keys() and all(_same(one[key], two[key]) for key in one)
    if isinstance(one, tuple):
        return all(map(np.array_equal, one, two))
    return np.array_equal(one, two, equal_nan=True) if isinstance(one, np.ndarray) else one == two


def input_rates(params, theta_rad, b_theta_rad=None):
    """Return the (n_windows, n_exc) input rates in Hz.

    ``r_i = (1 - noise) G exp((cos 2(theta_i - theta) - 1) / (4 B^2)) + noise G``; for B = inf all are G.

    Parameters
    ----------
    params : RingParams
    theta_rad : float or array (n_windows,)
        Orientation of the stimulus, rad; any real number (period pi).
    b_theta_rad : float or array (n_windows,), optional
        Bandwidth, rad, > 0, inf allowed; by default that of `params`.

    Raises
    ------
    ParameterError
        If the two lengths differ, or a value is out of range.

    Examples
    --------
    >>> input_rates(RingParams(), 0.0).round(1)[0, [0, 5, 30]]
    array([20. , 13.8,  4. ])
    """
    theta_rad, b_theta_rad = _windows(params, theta_rad, b_theta_rad)
    preferred = np.pi * np.arange(params.n_exc) / params.n_exc
    # (cos 2x - 1) / 4 = -sin^2(x) / 2, which does not cancel for a narrow curve
    with np.errstate(over="ignore"):
        tuned = np.exp(-0.5 * (np.sin(preferred - theta_rad[:, None]) / b_theta_rad[:, None]) ** 2)
    return params.gain_hz * ((1 - params.noise) * tuned + params.noise)


def _windows(params, theta_rad, b_theta_rad):
    """Return one checked theta and one B per window."""
    theta_rad = check_array("theta_rad", np.atleast_1d(theta_rad), ndim=1)
    if b_theta_rad is None:
        b_theta_rad = params.b_theta_rad
    given = check_array("b_theta_rad", np.atleast_1d(b_theta_rad), ndim=1, finite=False)
    if given.size not in (1, theta_rad.size):
        raise ParameterError(f"b_theta_rad has {given.size} values; allowed: one, or one per window ({theta_rad.size})")
    if not (given > 0).all():
        raise ParameterError(f"b_theta_rad holds {given[~(given > 0)][0]:g}; allowed: values > 0, or inf")
    return theta_rad, np.broadcast_to(given, theta_rad.shape).copy()


def _checked_trains(trains, params, total_ms):
    """Return the caller's spike trains as arrays, one per input, inside the run."""
    if isinstance(trains, str) or not hasattr(trains, "__len__") or len(trains) != params.n_exc:
        n = len(trains) if hasattr(trains, "__len__") else type(trains).__name__
        raise ParameterError(f"trains: {n} given; allowed: a list of {params.n_exc} arrays (n_exc), times in ms")
    limits = dict(ndim=1, low=0, high=total_ms, empty=True)
    return [check_array(f"trains[{i}]", train, **limits) for i, train in enumerate(trains)]


def simulate(params, theta_rad, *, b_theta_rad=None, trains=None, seed, backend="nest"):
    """Run the ring through a series of windows and return a :class:`RingResult`.

    Wiring, delays and input spikes are drawn here from `seed`, each from its own stream, and are the same on both
    backends; the simulator draws nothing. A plastic ring's weights are clipped to [0, w_max] after each window.

    Parameters
    ----------
    params : RingParams
    theta_rad : float or array (n_windows,)
        Orientation of the input in each window, rad.
    b_theta_rad : float or array (n_windows,), optional
        Its bandwidth, rad, > 0; inf gives a flat input. By default that of `params` in every window.
    trains : list of array, optional
        Spike times in ms, from 0 to n_windows window_ms, one array per input: replaces the tuned input.
        They are moved to the time grid; two spikes of a cell in one step become one.
    seed : int
        Seed of everything random, >= 0.
    backend : {"nest", "brian2"}
        Simulator. Brian2 runs static rings only.

    Raises
    ------
    ParameterError
        For an argument of the wrong type, length or range.
    BackendError
        If the simulator is missing, or cannot run this ring.

    Examples
    --------
    >>> result = simulate(RingParams(plastic=False, window_ms=100.0), [0.5, 1.0], seed=1)
    >>> result.counts["exc"].shape, result.weights["exc_exc"].shape
    ((2, 60), (60, 60))
    """
    if not isinstance(params, RingParams):
        raise ParameterError(f"params is a {type(params).__name__}; allowed: a RingParams")
    seed = check_integer("seed", seed, 0)
    theta_rad, b_theta_rad = _windows(params, theta_rad, b_theta_rad)
    if trains is not None:
        trains = _checked_trains(trains, params, params.window_ms * theta_rad.size)
    backends.check_backend(backend, plastic=params.plastic)
    recording, wire_s = _run(params, theta_rad, b_theta_rad, trains, seed, backend)
    spikes = {name: (steps * params.dt_ms, ids) for name, (steps, ids) in recording.spikes.items()}
    return RingResult(
        params=params,
        theta_rad=theta_rad,
        b_theta_rad=b_theta_rad,
        seed=seed,
        backend=backend,
        counts=_counts(recording.spikes, theta_rad.size, params),
        spikes=spikes,
        weights=recording.weights,
        seconds={"wire": wire_s, **recording.seconds},
    )


def _run(params, theta_rad, b_theta_rad, trains, seed, backend):
    """Draw the input and the wiring, run the network; return the recording and the CPU seconds of the draws."""
    start = time.process_time()
    streams = wiring.seed_streams(seed)
    if trains is None:
        rates_hz = input_rates(params, theta_rad, b_theta_rad)
        trains = poisson_trains(rates_hz, dt_ms=params.window_ms, seed=np.random.default_rng(streams["input"]))
    n_steps = theta_rad.size * round(params.window_ms / params.dt_ms)
    steps = backends.on_grid(trains, dt_ms=params.dt_ms, n_steps=n_steps)
    sizes, links = wiring.populations(params), wiring.projections(params, streams)
    wire_s = time.process_time() - start
    kernel_seed = int(streams["simulator"].generate_state(1)[0] % 2**30) + 1
    options = dict(params=params, n_windows=theta_rad.size, backend=backend, seed=kernel_seed)
    return backends.run_network(sizes, links, steps, **options), wire_s


def _counts(spikes, n_windows, params):
    """Count the spikes strictly inside each window, in time steps: on a border the ring is reset, and none counts."""
    n_steps = round(params.window_ms / params.dt_ms)
    clock, counts = dict(n_windows=n_windows, window_ms=float(n_steps)), {}
    for name, n in wiring.populations(params).items():
        steps, ids = spikes[name]
        inside = steps % n_steps != 0
        counts[name] = window_counts(steps[inside], ids[inside], n_cells=n, **clock)
    return counts


def unitary_epsp_mv(weight_us, *, backend="nest", params=RingParams()):
    """Return the peak depolarisation (mV) that one spike causes in a resting cell.

    Measured by a short simulation with the threshold lifted out of reach, so that a large value is not cut off;
    at rest the threshold of the default cell is 13 mV away, which one spike of about .47 uS passes.

    Parameters
    ----------
    weight_us : float
        Peak conductance (uS), from 0 to 5 (above, the Euler steps of Brian2 overshoot).
    backend : {"nest", "brian2"}
    params : RingParams
        Cell constants and time step.

    Raises
    ------
    ParameterError
        For a weight out of range or an unknown backend.
    BackendError
        If the simulator is not installed.

    Examples
    --------
    >>> round(unitary_epsp_mv(0.1), 2)
    3.07
    """
    weight_us = check_number("weight_us", weight_us, 0, 5)
    backends.check_backend(backend)
    lifted = params.replace(v_thresh_mv=max(params.e_rev_exc_mv, params.v_rest_mv, params.v_reset_mv) + 100)
    v_mv = backends.single_synapse(weight_us, params=lifted, backend=backend)
    return float(v_mv.max() - params.v_rest_mv)
