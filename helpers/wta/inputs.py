"""Input of the WTA network: frozen Poisson patterns shown in sequences, with noise phases before them.

A train is binned to 1 ms with at most one spike per channel and step, so that a Poisson rate r gives a spike with
probability 1 - exp(-r dt). Times are absolute; nothing is drawn ahead of the phase that needs it, so a long run
holds one phase in memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from helpers.parameters import ParameterError, check_array, check_integer, check_number, doors
from helpers.wta import figures
from helpers.wta.network import Network, next_stream, streams
from helpers.wta.params import Guarded, InputParams, Phases

__all__ = ["InputGenerator", "Schedule", "generate_poisson_spiketrain"]


@dataclass(frozen=True, eq=False)
class Schedule:
    """Input spikes from `t0_ms` on: absolute `time_ms` and `channel`, ordered by time, and the phases.

    `frozen` marks the spikes of a pattern, in contrast to noise. `rows` holds
    (start, stop, pattern, sequence) of each phase, uncut; `phases` cuts them to the schedule.
    """

    t0_ms: int
    n_steps: int
    time_ms: np.ndarray
    channel: np.ndarray
    frozen: np.ndarray
    rows: tuple

    @property
    def phases(self) -> Phases:
        """The :class:`~helpers.wta.params.Phases`."""
        return Phases.of(self.rows, self.t0_ms, self.t0_ms + self.n_steps)


def _bernoulli(rng, n_steps, n_channels, rate_hz):
    """Return the flat indices (step n_channels + channel, ordered) at which independent Poisson bins hold a spike.

    A binomial number of places without repetition: the same law as one draw per bin, at a cost per spike.
    """
    n = n_steps * n_channels
    return np.sort(rng.choice(n, rng.binomial(n, -np.expm1(-1e-3 * rate_hz)), replace=False, shuffle=False))


def generate_poisson_spiketrain(
    t_duration: float, rate: float, *, seed: int | np.random.Generator | None = None
) -> np.ndarray:
    """Return the spike times (whole ms) of a Poisson train of `rate` Hz over `t_duration` ms, at most one per ms.

    Examples
    --------
    >>> generate_poisson_spiketrain(500, 10, seed=1)
    array([ 37, 186, 211, 313, 428, 433, 496])
    """
    steps = round(check_number("t_duration", t_duration, 0, 1e9))
    return _bernoulli(next_stream(seed, 2), steps, 1, check_number("rate", rate, 0, 1e3))


class InputGenerator(Guarded):
    """Input for one network.

    Parameters
    ----------
    target_network : Network
    seed : int or numpy.random.Generator, optional
        By default that of :func:`~helpers.wta.network.nest_init`.
    **options
        Fields of :class:`~helpers.wta.params.InputParams`. `t_pattern` may be one number for all patterns; without
        `pattern_sequences` every pattern is a sequence of its own (of 3 patterns: [[0, 1], [2]]).

    Attributes
    ----------
    params : InputParams
        Its fields are attributes too, and may be assigned but for those of the frozen patterns.
    pattern_list : list of (time_ms, channel)
        The frozen patterns, spike times from the start of the pattern.
    schedule : Schedule or None
        What the last run saw.

    Raises
    ------
    ParameterError
        For an unknown argument or a value out of range.

    Examples
    --------
    >>> net = Network(grid_shape=(2, 2), n_inputs=10, seed=1)
    >>> inputs = InputGenerator(net, n_patterns=2, t_pattern=200, pattern_sequences=[[0, 1]], seed=1)
    >>> inputs.generate_input(1500).phases.pattern
    array([-1,  0,  1, -1,  0,  1, -1])
    >>> inputs.r_noise = 10.0
    """

    def __init__(
        self, target_network: Network, *, seed: int | np.random.Generator | None = None, **options: Any
    ) -> None:  # fmt: skip
        self._keep(network=target_network, n=target_network.params.n_inputs, schedule=None)
        n = check_integer("n_patterns", options.get("n_patterns", 3), 1, 10000)
        t_pattern = options.get("t_pattern", 300.0)
        if np.ndim(t_pattern) == 0 and not isinstance(t_pattern, str):
            options["t_pattern"] = (t_pattern,) * n
        if n != 3:
            options.setdefault("pattern_sequences", [[i] for i in range(n)])
        self._keep(params=InputParams().replace(**options))
        self._frozen, self._rng = streams(seed, 1, 2, again=target_network._n_inputs_made)
        target_network._n_inputs_made += seed is None  # without a seed, the next one has other patterns
        self._sequence = -1
        self.create_patterns()
        self.start(0)

    @property
    def phase_times(self) -> np.ndarray:
        """Start of each phase of the last run, ms."""
        return self.schedule.phases.start_ms if self.schedule else np.empty(0, int)

    @property
    def pattern_trace(self) -> np.ndarray:
        """Pattern of each ms of the last run, -1: noise."""
        s = self.schedule
        return s.phases.per_ms(s.t0_ms, s.n_steps) if s else np.empty(0, int)

    @property
    def current_pattern_index(self) -> int:
        """Pattern of the last phase of the last run, -1: noise or no run."""
        return int(self.schedule.phases.pattern[-1]) if self.schedule else -1

    @property
    def next_pattern_length(self) -> float:
        """Length (ms) of the pattern that the last run showed or was about to show; of the first before any run."""
        return self.params.t_pattern[self.params.pattern_sequences[max(self._sequence, 0)][0]]

    @property
    def spiketrain(self) -> list[np.ndarray]:
        """Spike times of each channel in the last run, a list of arrays (ms)."""
        s = self.schedule
        return [s.time_ms[s.channel == i] if s else np.empty(0, int) for i in range(self.n)]

    def set(self, **options: Any) -> None:
        """Change parameters, as `pattern_sequences` or `time_warp` for a test; the patterns stay frozen.

        Raises
        ------
        ParameterError
            Also for `n_patterns`, `t_pattern` and `r_input`, which the frozen patterns have.
        """
        for name in ("n_patterns", "t_pattern", "r_input"):
            if name in options:
                raise ParameterError(f"{name} belongs to the frozen patterns; make a new InputGenerator")
        self._keep(params=self.params.replace(**options))
        self._sequence = -1

    def create_patterns(self) -> None:
        """Draw the frozen patterns; called by the constructor."""
        patterns = []
        for t_ms in self.params.t_pattern:
            flat = _bernoulli(self._frozen, round(t_ms), self.n, self.params.r_input)
            patterns.append(tuple(np.divmod(flat, self.n)))
        self._keep(pattern_list=patterns)

    def get_patterns(self) -> list:
        """Return the frozen patterns, a list of (time_ms, channel)."""
        return self.pattern_list

    def set_patterns(self, patterns: list) -> None:
        """Replace the frozen patterns by as many others, whose spikes lie within their lengths.

        Parameters
        ----------
        patterns : list
            Each a tuple (time_ms, channel), or a list with the spike times (ms) of each channel.
        """
        p = self.params
        n_given = len(patterns) if np.iterable(patterns) else 0
        if n_given != p.n_patterns:
            raise ParameterError(f"patterns has {n_given} entries; allowed: n_patterns = {p.n_patterns}")
        checked = []
        for i, (pattern, t_ms) in enumerate(zip(patterns, p.t_pattern, strict=True)):
            if not isinstance(pattern, tuple) or len(pattern) != 2:
                n_trains = len(pattern) if np.iterable(pattern) else 0
                if n_trains != self.n:
                    what = f"a pattern lists the spikes of {n_trains} channels"
                    raise ParameterError(f"{what}; allowed: n_inputs = {self.n}, or a tuple (time_ms, channel)")
                channels = np.repeat(np.arange(self.n), [np.size(train) for train in pattern])
                pattern = (np.concatenate([np.ravel(train) for train in pattern]), channels)
            times, channels = pattern
            last_ms, limits = round(t_ms) - 1, dict(low=0, empty=True)
            times = check_array(f"time_ms of pattern_{i}", times, ndim=1, high=last_ms, **limits).astype(int)
            limits |= dict(shape=times.shape, high=self.n - 1)
            channels = check_array(f"channel of pattern_{i}", channels, **limits).astype(int)
            checked.append(tuple(np.divmod(np.unique(times * self.n + channels), self.n)))
        self._keep(pattern_list=checked)

    def generate_noise(self, duration: float | None = None, rate: float | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return (time_ms, channel) of noise on all channels, a phase of `t_noise_range` at `r_noise` if not said."""
        if duration is None:
            duration = self._rng.uniform(*self.params.t_noise_range)
        rate = self.params.r_noise if rate is None else check_number("rate", rate, 0, 1e3)
        duration = round(check_number("duration", duration, 0, 1e9))
        return tuple(np.divmod(_bernoulli(self._rng, duration, self.n, rate), self.n))

    def get_next_pattern_id(self) -> int:
        """Advance to the next sequence by `pattern_mode` and return its first pattern."""
        p, n = self.params, len(self.params.pattern_sequences)
        if p.pattern_mode == "random_independent":
            weights = np.ones(n) if p.probabilities is None else np.array(p.probabilities)
            self._sequence = int(self._rng.choice(n, p=weights / weights.sum()))
        elif self._sequence < 0 or p.pattern_mode == "alternating" or self._rng.random() < p.p_switch:
            jump = self._rng.integers(1, n) if p.pattern_mode == "switching" and n > 1 and self._sequence >= 0 else 1
            self._sequence = int(self._sequence + jump) % n
        return p.pattern_sequences[self._sequence][0]

    def generate_input(self, duration: float, t_origin: float = 0.0, force_refresh_patterns: bool = False) -> Schedule:
        """Draw a new schedule of `duration` ms from `t_origin` on and return it; a run does this by itself.

        Parameters
        ----------
        force_refresh_patterns : bool
            Draw new frozen patterns first.
        """
        if force_refresh_patterns:
            self.create_patterns()
        self.start(round(check_number("t_origin", t_origin, 0, 1e9)))
        self._keep(schedule=self.advance(round(check_number("duration", duration, 1, 1e9))))
        return self.schedule

    def start(self, t0_ms: int) -> None:
        """Begin a new schedule at `t0_ms`: noise if there is any, then the next sequence."""
        self._now = self._stop = check_integer("t0_ms", t0_ms, 0)
        self._left, self._rows, self._ahead = [], [], np.empty((0, 2), np.int64)

    def advance(self, n_steps: int) -> Schedule:
        """Return the next `n_steps` of the schedule; any cutting into pieces gives the same spikes."""
        begin, end = self._now, self._now + check_integer("n_steps", n_steps, 1)
        self._rows = [row for row in self._rows if row[1] > begin]
        pieces = [self._ahead]
        while self._stop < end:
            pieces.append(self._phase())
        spikes = np.concatenate(pieces)
        cut = np.searchsorted(spikes[:, 0], end * self.n)
        self._ahead, self._now = spikes[cut:], end
        time_ms, channel = np.divmod(spikes[:cut, 0], self.n)
        return Schedule(begin, n_steps, time_ms, channel, spikes[:cut, 1] > 0, tuple(self._rows))

    def _phase(self):
        """Draw the next phase and return its spikes: columns absolute step n + channel, and 1 if it is frozen."""
        p = self.params
        if not self._left:
            self.get_next_pattern_id()
            members = p.pattern_sequences[self._sequence]
            self._left = [-1] * p.use_noise + [members[0]]
            for member in members[1:]:
                self._left += [-1] * (p.use_noise and p.noise_between_members) + [member]
        pattern, warp = self._left.pop(0), 1.0
        if pattern < 0:
            length, rate = round(self._rng.uniform(*p.t_noise_range)), p.r_noise
            replay = np.empty(0, np.int64)
        else:
            if p.time_warp is not None:
                warp = self._rng.uniform(*p.time_warp)
            length, rate = max(round(p.t_pattern[pattern] * warp), 1), p.r_noise_pattern
            times, channels = self.pattern_list[pattern]
            replay = np.minimum((times * warp).astype(int), length - 1) * self.n + channels
        flat = np.union1d(replay, _bernoulli(self._rng, length, self.n, rate))
        start, self._stop = self._stop, self._stop + length
        self._rows.append((start, self._stop, pattern, self._sequence if pattern >= 0 else -1))
        return np.column_stack([start * self.n + flat, np.isin(flat, replay)])

    def visualize_spiketrain(self, st: Any = None) -> None:
        """Draw a spike train, (time_ms, channel) or a list of times per channel; the last run's by default."""
        figures.drawn(figures.plot_spiketrain, "spiketrain", self.network, self.spiketrain if st is None else st)


doors(globals())
