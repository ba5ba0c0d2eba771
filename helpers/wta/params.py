"""Parameters, input phases and results of the WTA sequence model, and what guards the attributes of its objects.

Model: Klampfl and Maass 2013 (J Neurosci 33:11515); numbers and names of its NEST replication (Michau 2022).
Neurons and circuits are numbered from 0, so that an id is an index into every array; times are whole ms from the
network's first step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from helpers.parameters import (
    HelpersError,
    ParameterError,
    Parameters,
    check_array,
    check_integer,
    check_number,
    doors,
    parameter,
    short,
)

__all__ = ["Guarded", "InputParams", "LegacyError", "NetworkParams", "Phases", "Result"]

_KM = "Klampfl and Maass 2013, public code"
TRACKED, ANNEALED, CONSTANT = 0, 1, 2  # eta by variance tracking, eta0 / step, eta0
MODES = ("random_iterate", "random_independent", "alternating", "switching")

# What the NEST package has and this one does not, with what to use instead.
_EVENTS = "recorder.result holds spikes, rates and weights"
_SERIES = "run with dt_rec and read recorder.result.series"
_WIRED = "inputs reach the neurons without relays; inpgen.schedule holds their spikes"
_WIRING = "network.links lists linked circuits, network.wiring neurons"
_IMPOSED = "impose output spikes with helpers.wta.kernel.run(..., forced_spikes=)"
_GONE = dict(multimeter=_EVENTS, spikerecorder=_EVENTS, noiserecorder=_EVENTS, weight_recorder=_SERIES)
_GONE |= dict(epsp_recorder=_SERIES, spike_generators=_WIRED, poisson_generators=_WIRED, parrots=_WIRED)
_GONE |= dict(connect_parrots=_WIRED, update_presyn_ids=_WIRING, presyn_ids=_WIRING, visualize_connections=_WIRING)
_GONE |= dict(generate_nest_code="the model is helpers.wta.kernel", fixed_spiketimes=_IMPOSED)


class LegacyError(HelpersError, AttributeError):
    """A name of the NEST package that has no meaning without NEST; the message says what to use."""


class Guarded:
    """An object whose public attributes can all be read, and assigned where that takes effect; else it is an error.

    What is not an attribute is looked for in `params`. Assigning calls ``set``, which knows what may change and what
    follows from it; the object itself keeps its attributes with ``_keep``.
    """

    def _keep(self, **values):
        self.__dict__.update(values)

    def __getattr__(self, name: str) -> Any:
        params = self.__dict__.get("params")
        if params is not None and name in params.__dataclass_fields__:
            return getattr(params, name)
        raise missing(type(self).__name__, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_"):
            super().__setattr__(name, value)
        else:
            self.set(**{name: value})


def missing(owner: str, name: str) -> AttributeError:
    """Return the error for a name that `owner` does not have, with the replacement if the NEST package has it."""
    if name in _GONE:
        return LegacyError(f"{name} belongs to NEST and does not exist here; instead: {_GONE[name]}")
    return AttributeError(f"{owner} has no attribute {name}")


@dataclass(frozen=True)
class NetworkParams(Parameters):
    """Parameters of the circuits and of learning; the defaults are the published ones where the codes agree.

    Raises
    ------
    ParameterError
        If a value is out of range, or k_min > k_max.

    Examples
    --------
    >>> NetworkParams(k_max=25).table("k_max", "rate_max_hz").rows[1][:3]
    ('rate_max_hz', '100', 'Hz')
    """

    n: int = parameter(10, "", "circuits along x", _KM, low=1, high=1000)
    m: int = parameter(5, "", "circuits along y", _KM, low=1, high=1000)
    k_min: int = parameter(2, "", "smallest circuit, neurons", _KM, low=1, high=10000)
    k_max: int = parameter(10, "", "largest circuit, neurons", _KM, low=1, high=10000)
    n_inputs: int = parameter(50, "", "input channels, each to all (published runs: 100)", _KM, low=1, high=10**5)
    n_conn: int = parameter(1000, "", "linked ordered pairs of circuits, capped by what the grid has", _KM, low=0)
    lam: float = parameter(0.088, "1/grid unit", "decay of links with distance", _KM, low=0, low_open=True)
    connectivity: str = parameter("exponential", "", "how pairs are drawn", "here", options=("exponential", "orig"))
    stp: str = parameter("correct", "", "depression of recurrent synapses", _KM, options=("correct", "lagged", "off"))
    variance_tracking: bool = parameter(True, "", "one adaptive rate per synapse", "Nessler et al. 2013, eq 71")
    constant_eta: bool = parameter(False, "", "without variance tracking: eta0 instead of eta0 / step", "here")
    eta0: float = parameter(0.05, "", "scale of the learning rate", _KM, low=0, high=1)
    kernel: str = parameter("euler", "", "decay per step: 1 - dt/tau or exp(-dt/tau)", _KM, options=("euler", "exact"))
    initial_weights: str = parameter("zero", "", "0, or ln of a uniform number", _KM, options=("zero", "random"))
    tau_decay_ms: float = parameter(20.0, "ms", "slow part of the EPSP", _KM, low=1, high=1e4)
    tau_rise_ms: float = parameter(2.0, "ms", "fast part of the EPSP", _KM, low=1, high=1e4)
    rate_max_hz: float = parameter(100.0, "Hz", "summed rate of a circuit", _KM, low=0, high=1000, low_open=True)
    stp_u: float = parameter(0.5, "", "mean U; sd is half of it, clipped to [0, 1]", _KM, low=0, high=1)
    stp_tau_d_ms: float = parameter(110.0, "ms", "mean recovery time D; sd half, at least 1", _KM, low=1, high=1e5)
    stp_tau_f_ms: float = parameter(5.0, "ms", "mean facilitation time F; sd half, at least 1", _KM, low=1, high=1e5)

    def __post_init__(self):
        super().__post_init__()
        if self.k_min > self.k_max:
            raise ParameterError(f"k_min = {self.k_min} is above k_max = {self.k_max}; allowed: k_min <= k_max")

    def rule(self, tracking: bool) -> int:
        """Return how the rate eta of a neuron's weights goes: TRACKED, or else CONSTANT or ANNEALED."""
        if tracking:
            return TRACKED
        return CONSTANT if self.constant_eta else ANNEALED

    @property
    def decay(self) -> tuple[float, float]:
        """Factors by which the slow and the fast trace decay in a step of 1 ms."""
        if self.kernel == "exact":
            return float(np.exp(-1 / self.tau_decay_ms)), float(np.exp(-1 / self.tau_rise_ms))
        return 1 - 1 / self.tau_decay_ms, 1 - 1 / self.tau_rise_ms


@dataclass(frozen=True)
class InputParams(Parameters):
    """Parameters of the input: frozen Poisson patterns in sequences, with noise before each sequence.

    `pattern_mode` says which sequence comes next: "random_iterate" the following one with probability `p_switch`,
    else the same again; "alternating" always the following one; "switching" any other one with probability
    `p_switch`; "random_independent" a draw from `probabilities` (None: all alike).

    Raises
    ------
    ParameterError
        If a value is out of range, or lengths and pattern numbers do not fit together.
    """

    r_noise_pattern: float = parameter(
        4.0, "Hz", "noise added to a pattern", "NEST package (2 in the figures)", low=0, high=1e3
    )
    r_noise: float = parameter(5.0, "Hz", "rate between patterns", _KM, low=0, high=1e3)
    r_input: float = parameter(3.0, "Hz", "rate of a pattern", "NEST package (5 in the figures)", low=0, high=1e3)
    n_patterns: int = parameter(3, "", "frozen patterns", "NEST package", low=1, high=10000)
    pattern_sequences: tuple = ((0, 1), (2,))
    pattern_mode: str = parameter("random_iterate", "", "choice of the next sequence", "NEST package", options=MODES)
    p_switch: float = parameter(1.0, "", "probability of leaving the sequence", "NEST package", low=0, high=1)
    probabilities: tuple = None
    t_pattern: tuple = parameter((300.0,) * 3, "ms", "length of each pattern", _KM, low=1, high=1e6)
    t_noise_range: tuple = parameter((100.0, 500.0), "ms", "range of the noise phases", "NEST package", low=0, high=1e7)
    use_noise: bool = parameter(True, "", "noise phases between sequences", "NEST package")
    noise_between_members: bool = parameter(False, "", "noise inside sequences too (NEST package)", "here")
    time_warp: tuple = None

    def __post_init__(self):
        super().__post_init__()
        sequences, last = [], self.n_patterns - 1
        for sequence in _listed("pattern_sequences", self.pattern_sequences):
            numbers = _listed("pattern_sequences, [[0, 1], [2]] for example: a sequence", sequence)
            for number in numbers:
                check_integer("pattern in pattern_sequences", number, 0, last, hint=f"n_patterns = {last + 1}")
            sequences.append(tuple(int(number) for number in numbers))
        object.__setattr__(self, "pattern_sequences", tuple(sequences))
        if len(self.t_pattern) != self.n_patterns:
            raise ParameterError(f"t_pattern has {len(self.t_pattern)} values; allowed: n_patterns = {self.n_patterns}")
        for name, low in (("t_noise_range", 0), ("time_warp", 0.01), ("probabilities", 0)):
            if getattr(self, name) is not None:
                values = [check_number(name, value, 0, 1e7) for value in _listed(name, getattr(self, name))]
                object.__setattr__(self, name, tuple(values))
                if name != "probabilities" and (len(values) != 2 or not low <= values[0] <= values[1]):
                    raise ParameterError(f"{name} = {values}; allowed: two numbers in order, from {low:g}")
        if self.probabilities and (len(self.probabilities) != len(sequences) or sum(self.probabilities) <= 0):
            raise ParameterError(f"probabilities = {self.probabilities}; allowed: one per sequence, not all zero")


def _listed(name, value):
    if isinstance(value, str) or not np.iterable(value) or not hasattr(value, "__len__") or not len(value):
        raise ParameterError(f"{name} = {short(value)} is not a list; give at least one entry")
    return value


@dataclass(frozen=True, eq=False)
class Phases:
    """The timeline of the input, one entry per phase, in order and without gaps.

    Attributes
    ----------
    start_ms, stop_ms : int array (n_phases,)
        First step, and first step after; absolute times.
    pattern : int array (n_phases,)
        Pattern shown, -1: noise.
    sequence : int array (n_phases,)
        Sequence that the pattern belongs to, -1: noise.
    complete : bool array (n_phases,)
        False where the recording cuts the phase.

    Examples
    --------
    >>> phases = Phases.of([(0, 200, -1, -1), (200, 500, 0, 0), (500, 800, 1, 0)], 0, 700)
    >>> phases.stop_ms, phases.complete, phases.shown(0).start_ms
    (array([200, 500, 700]), array([ True,  True, False]), array([200]))
    """

    start_ms: np.ndarray
    stop_ms: np.ndarray
    pattern: np.ndarray
    sequence: np.ndarray
    complete: np.ndarray

    @classmethod
    def of(cls, rows: list, t0_ms: int, stop_ms: int) -> Phases:
        """Build from rows (start, stop, pattern, sequence); phases are cut to [t0_ms, stop_ms)."""
        start, stop, pattern, sequence = np.array(rows, int).reshape(-1, 4).T
        complete = (start >= t0_ms) & (stop <= stop_ms)
        phases = cls(np.maximum(start, t0_ms), np.minimum(stop, stop_ms), pattern, sequence, complete)
        return phases.where(phases.start_ms < phases.stop_ms)

    def where(self, chosen: np.ndarray) -> Phases:
        """Return the chosen phases."""
        chosen = check_array("chosen", chosen, shape=self.start_ms.shape, empty=True).astype(bool)
        return Phases(*(values[chosen] for values in vars(self).values()))

    def __len__(self) -> int:
        return len(self.start_ms)

    def shown(self, pattern: int) -> Phases:
        """Return the complete presentations of one pattern (-1: complete noise phases)."""
        return self.where((self.pattern == pattern) & self.complete)

    def complete_patterns(self) -> np.ndarray:
        """Return the patterns with at least one complete presentation, ascending."""
        return np.unique(self.pattern[self.complete & (self.pattern >= 0)])

    def per_ms(self, t0_ms: int, n_steps: int) -> np.ndarray:
        """Return the pattern of each step from `t0_ms` on, int array (n_steps,): -1 noise, -2 outside every phase."""
        label, t0_ms = np.full(check_integer("n_steps", n_steps, 0), -2), check_integer("t0_ms", t0_ms)
        for start, stop, pattern in zip(self.start_ms, self.stop_ms, self.pattern, strict=True):
            label[start - t0_ms : stop - t0_ms] = pattern
        return label


@dataclass(frozen=True, eq=False)
class Result:
    """What a run leaves: the last part of a training run, all of a test.

    Attributes
    ----------
    t0_ms, n_steps : int
        First step of the recording, absolute, and number of steps (1 ms each).
    circuit : int array (n_neurons,)
        Circuit of each neuron.
    k : int array (n_circuits,)
        Neurons of each circuit.
    positions : int array (n_circuits, 2)
        x, y on the grid.
    spike_ms, spike_id : int array (n_spikes,)
        Ordered by time, then neuron. A spike at t is drawn from ``rate_hz[t - t0_ms]``.
    input_ms, input_channel : int array (n_input_spikes,)
    input_frozen : bool array (n_input_spikes,)
        True for the spikes of a pattern, False for noise, also for the noise on top of a pattern.
    phases : Phases
    rate_hz : float32 array (n_steps, n_neurons) or None
        Model rate r_k(t); None if it was not recorded (training, by default).
    potential : float64 array (n_steps, n_neurons) or None
        u_k(t), with ``record_potential``.
    recorded_ids : int array
        Neurons chosen for readout; they limit figures and series, not the other arrays.
    series : dict or None
        Every dt_rec: "t_ms" (n_t,), "w_in" (n_t, n_recorded, n_inputs), "w_rec" (n_t, n_synapses of the recorded),
        "y" (n_t, n_recorded) and "y_in" (n_t, n_inputs), the outgoing EPSPs; "target" and "source" name w_rec.
    weights : dict
        At the end: "w_in" (n_neurons, n_inputs), "w_rec" (n_synapses,) with "target" and "source".
    learned : bool
        Whether weights were plastic.
    """

    t0_ms: int
    n_steps: int
    circuit: np.ndarray
    k: np.ndarray
    positions: np.ndarray
    spike_ms: np.ndarray
    spike_id: np.ndarray
    input_ms: np.ndarray
    input_channel: np.ndarray
    input_frozen: np.ndarray
    phases: Phases
    rate_hz: np.ndarray | None
    potential: np.ndarray | None
    recorded_ids: np.ndarray
    series: dict | None
    weights: dict
    learned: bool

    @property
    def n_neurons(self) -> int:
        """Number of neurons of the network."""
        return len(self.circuit)

    @property
    def n_inputs(self) -> int:
        """Number of input channels."""
        return self.weights["w_in"].shape[1]

    @property
    def stop_ms(self) -> int:
        """First step after the recording, absolute."""
        return self.t0_ms + self.n_steps


doors(globals())
