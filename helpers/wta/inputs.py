"""Input of the WTA network: frozen Poisson patterns shown in sequences, with noise phases before them.

A train is binned to 1 ms with at most one spike per channel and step, so that a Poisson rate r gives a spike with
probability 1 - exp(-r dt). Times are absolute; nothing is drawn ahead of the phase that needs it, so a long run
holds one phase in memory.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from helpers.parameters import ParameterError, check_array, check_integer, check_number
from helpers.wta.network import Network, streams
from helpers.wta.params import InputParams, Phases

__all__ = ["InputGenerator", "Schedule", "generate_poisson_spiketrain"]


@dataclass(frozen=True, eq=False)
class Schedule:
    """Input spikes from `t0_ms` on: absolute `time_ms` and `channel`, ordered by time, and the phases.

    `rows` holds (start, stop, pattern, sequence) of each phase, uncut; `phases` cuts them to the schedule.
    """

    t0_ms: int
    n_steps: int
    time_ms: np.ndarray
    channel: np.ndarray
    rows: tuple

    @property
    def phases(self):
        """The :class:`~helpers.wta.params.Phases`."""
        return Phases.of(self.rows, self.t0_ms, self.t0_ms + self.n_steps)


def _bernoulli(rng, n_steps, n_channels, rate_hz):
    """Return the flat indices (step n_channels + channel, ordered) at which independent Poisson bins hold a spike.

    A binomial number of places without repetition: the same law as one draw per bin, at a cost per spike.
    """
    n = n_steps * n_channels
    return np.sort(rng.choice(n, rng.binomial(n, -np.expm1(-1e-3 * rate_hz)), replace=False, shuffle=False))


def generate_poisson_spiketrain(t_duration, rate, *, seed=None):
    """Return the spike times (whole ms) of a Poisson train of `rate` Hz over `t_duration` ms, at most one per ms.

    Examples
    --------
    >>> generate_poisson_spiketrain(500, 10, seed=1)
    array([ 37, 186, 211, 313, 428, 433, 496])
    """
    steps = round(check_number("t_duration", t_duration, 0, 1e9))
    return _bernoulli(streams(seed, 2, 1)[0], steps, 1, check_number("rate", rate, 0, 1e3))


class InputGenerator:
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
        Change fields with :meth:`set`.
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
    """

    def __init__(self, target_network, *, seed=None, **options):
        if not isinstance(target_network, Network):
            raise ParameterError(f"target_network is a {type(target_network).__name__}; allowed: a Network")
        self.network, self.n = target_network, target_network.params.n_inputs
        self.params = InputParams().replace(**_completed(options))
        self._frozen, self._rng = streams(seed, 1, 2)
        self.schedule, self._sequence = None, -1
        self.create_patterns()
        self.start(0)

    def __getattr__(self, name):
        from helpers.wta import legacy

        raise legacy.missing("InputGenerator", name)

    @property
    def phase_times(self):
        """Start of each phase of the last run, ms."""
        return self.schedule.phases.start_ms if self.schedule else np.empty(0, int)

    @property
    def pattern_trace(self):
        """Pattern of each phase of the last run, -1: noise."""
        return self.schedule.phases.pattern if self.schedule else np.empty(0, int)

    @property
    def spiketrain(self):
        """Spike times of each channel in the last run, a list of arrays (ms)."""
        s = self.schedule
        return [s.time_ms[s.channel == i] if s else np.empty(0, int) for i in range(self.n)]

    def set(self, **options):
        """Change parameters, as `pattern_sequences` or `time_warp` for a test; the patterns stay frozen.

        Raises
        ------
        ParameterError
            Also for `n_patterns` or a `t_pattern` that the frozen patterns do not have.
        """
        fixed = [name for name in ("n_patterns", "t_pattern", "r_input") if name in options]
        if fixed:
            raise ParameterError(f"{fixed[0]} belongs to the frozen patterns; make a new InputGenerator")
        self.params, self._sequence = self.params.replace(**options), -1

    def create_patterns(self):
        """Draw the frozen patterns; called by the constructor."""
        p = self.params
        flat = [_bernoulli(self._frozen, round(t), self.n, p.r_input) for t in p.t_pattern]
        self.pattern_list = [tuple(np.divmod(spikes, self.n)) for spikes in flat]

    def get_patterns(self):
        """Return the frozen patterns, a list of (time_ms, channel)."""
        return self.pattern_list

    def set_patterns(self, patterns):
        """Replace the frozen patterns by as many (time_ms, channel) within their lengths."""
        if len(patterns) != self.params.n_patterns:
            raise ParameterError(
                f"patterns has {len(patterns)} entries; allowed: n_patterns = {self.params.n_patterns}"
            )
        checked = []
        for (times, channels), t_ms in zip(patterns, self.params.t_pattern, strict=True):
            times = check_array("time_ms of a pattern", times, ndim=1, low=0, high=t_ms - 1, empty=True).astype(int)
            limits = dict(shape=times.shape, low=0, high=self.n - 1, empty=True)
            checked.append((times, check_array("channel of a pattern", channels, **limits).astype(int)))
        self.pattern_list = [tuple(np.divmod(np.unique(t * self.n + c), self.n)) for t, c in checked]

    def generate_noise(self, duration, rate=None):
        """Return (time_ms, channel) of noise on all channels, at `r_noise` unless `rate` is given."""
        rate = self.params.r_noise if rate is None else rate
        flat = _bernoulli(self._rng, round(duration), self.n, check_number("rate", rate, 0, 1e3))
        return tuple(np.divmod(flat, self.n))

    def get_next_pattern_id(self):
        """Advance to the next sequence by `pattern_mode` and return its first pattern."""
        p, n = self.params, len(self.params.pattern_sequences)
        if p.pattern_mode == "random_independent":
            weights = np.ones(n) if p.probabilities is None else np.array(p.probabilities)
            self._sequence = int(self._rng.choice(n, p=weights / weights.sum()))
        elif self._sequence < 0 or p.pattern_mode == "alternating" or self._rng.random() < p.p_switch:
            jump = self._rng.integers(1, n) if p.pattern_mode == "switching" and n > 1 and self._sequence >= 0 else 1
            self._sequence = int(self._sequence + jump) % n
        return p.pattern_sequences[self._sequence][0]

    def generate_input(self, duration, t_origin=0.0, force_refresh_patterns=False):
        """Draw a new schedule of `duration` ms from `t_origin` on and return it; a run does this by itself.

        Parameters
        ----------
        force_refresh_patterns : bool
            Draw new frozen patterns first.
        """
        if force_refresh_patterns:
            self.create_patterns()
        self.start(round(t_origin))
        self.schedule = self.advance(round(check_number("duration", duration, 1, 1e9)))
        return self.schedule

    def start(self, t0_ms):
        """Begin a new schedule at `t0_ms`: noise if there is any, then the next sequence."""
        self._now = self._stop = check_integer("t0_ms", t0_ms, 0)
        self._left, self._rows, self._ahead = [], [], np.empty(0, np.int64)

    def advance(self, n_steps):
        """Return the next `n_steps` of the schedule; any cutting into pieces gives the same spikes."""
        begin, end = self._now, self._now + check_integer("n_steps", n_steps, 1)
        self._rows = [row for row in self._rows if row[1] > begin]
        pieces = [self._ahead]
        while self._stop < end:
            pieces.append(self._phase())
        flat = np.concatenate(pieces)
        cut = np.searchsorted(flat, end * self.n)
        self._ahead, self._now = flat[cut:], end
        time_ms, channel = np.divmod(flat[:cut], self.n)
        return Schedule(begin, n_steps, time_ms, channel, tuple(self._rows))

    def _phase(self):
        """Draw the next phase and return its spikes as flat indices (absolute step n + channel)."""
        start, p = self._stop, self.params
        if not self._left:
            self.get_next_pattern_id()
            members = p.pattern_sequences[self._sequence]
            gap = [-1] if p.use_noise else []
            self._left = [*(m for i in members for m in [*gap, i])] if p.noise_between_members else [*gap, *members]
        pattern = self._left.pop(0)
        length, flat = self._noise() if pattern < 0 else self._presented(pattern)
        self._stop = start + length
        self._rows.append((start, self._stop, pattern, self._sequence if pattern >= 0 else -1))
        return start * self.n + flat

    def _noise(self):
        low, high = self.params.t_noise_range
        length = round(self._rng.uniform(low, high))
        return length, _bernoulli(self._rng, length, self.n, self.params.r_noise)

    def _presented(self, pattern):
        """Replay a pattern, stretched by U(time_warp) if set, with fresh noise on top."""
        p = self.params
        warp = 1.0 if p.time_warp is None else self._rng.uniform(*p.time_warp)
        length = max(round(p.t_pattern[pattern] * warp), 1)
        times, channels = self.pattern_list[pattern]
        replay = np.minimum((times * warp).astype(int), length - 1) * self.n + channels
        return length, np.union1d(replay, _bernoulli(self._rng, length, self.n, p.r_noise_pattern))

    def visualize_spiketrain(self, st=None):
        """Draw a spike train, (time_ms, channel) or a list of times per channel; the last run's by default."""
        from helpers.wta import figures, show

        st = self.spiketrain if st is None else st
        show.drawn(lambda fig: figures.plot_spiketrain(fig.add_subplot(), st), "spiketrain", self.network)


def _completed(options):
    """Fill in what follows from the number of patterns."""
    n = check_integer("n_patterns", options.get("n_patterns", 3), 1, 10000)
    t_pattern = options.get("t_pattern", 300.0)
    if np.ndim(t_pattern) == 0 and not isinstance(t_pattern, str):
        options = {**options, "t_pattern": (t_pattern,) * n}
    if n != 3:
        options = {"pattern_sequences": [[i] for i in range(n)], **options}
    return options
