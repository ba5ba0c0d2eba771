"""Run a network on its input and keep what was asked for: training, frozen tests, readout, weights over time.

A run goes through in pieces of at most one simulated second. Training keeps the last `keep_ms` of spikes and input,
so that its memory does not grow with its length; a test keeps everything, with the model rates.
"""

from __future__ import annotations

import os
from collections import deque
from dataclasses import replace

import numpy as np

from helpers.parameters import BackendError, ParameterError, check_flag, check_integer, check_number
from helpers.wta import files, measures
from helpers.wta.inputs import InputGenerator, Schedule
from helpers.wta.network import Network, streams
from helpers.wta.params import Result
from helpers.wta.show import drawn

__all__ = ["Recorder", "measure_network"]

FLAGS = ("create_plot", "save_figures", "show_figures", "plot_history", "order_neurons", "record_rate")
PIECE_MS = 1000


class Recorder:
    """Runs one network and holds the last :class:`~helpers.wta.params.Result` in ``result``.

    Parameters
    ----------
    network : Network
    id_list : list of int, optional
        Neurons to read out; all by default.
    create_plot, save_figures, show_figures : bool
        Whether a run draws its raster, and what happens to it.
    plot_history : bool
        Draw recorded weights and EPSPs too.
    order_neurons : bool
        Order the raster by mean activation time.
    dt_rec : float, optional
        Interval (ms) at which weights and EPSPs of the neurons read out are recorded, over the whole run; None: never.
    keep_ms : float
        Length of the recording that training keeps; a test keeps all.
    record_rate : bool
        Keep the model rates in training too, over `keep_ms`.
    seed : int or numpy.random.Generator, optional
        Draws random readouts; by default that of :func:`~helpers.wta.network.nest_init`.

    Examples
    --------
    >>> net = Network(grid_shape=(2, 2), n_inputs=20, seed=1)
    >>> inputs = InputGenerator(net, n_patterns=1, t_pattern=100, seed=1)
    >>> recorder = Recorder(net, create_plot=False)
    >>> recorder.simulate(inputs, 2000).learned
    True
    >>> recorder.test(inputs, 1000).rate_hz.shape == (1000, net.n_neurons)
    True
    """

    def __init__(self, network, id_list=None, *, seed=None, **options):
        if not isinstance(network, Network):
            raise ParameterError(f"network is a {type(network).__name__}; allowed: a Network")
        self.network, self.result = network, None
        self._rng = streams(seed, 3, 1)[0]
        start = dict(zip(FLAGS, (True, False, True, False, True, False), strict=True))
        self.set(**{"id_list": id_list, "dt_rec": None, "keep_ms": 20_000.0, **start, **options})
        self.reset_recorders()

    def set(self, **options):
        """Change any option of the constructor between runs.

        Raises
        ------
        ParameterError
            For an unknown option or a value out of range.
        """
        checks = dict.fromkeys(FLAGS, check_flag) | {"id_list": self._ids, "dt_rec": _interval, "keep_ms": _interval}
        for name, value in options.items():
            if name not in checks:
                raise ParameterError(f"{name} is not an option of Recorder; options: {', '.join(checks)}")
            setattr(self, name, checks[name](name, value))

    def _ids(self, name, ids):
        if ids is None:
            return np.arange(self.network.n_neurons)
        last = self.network.n_neurons - 1
        ids = np.array([check_integer(f"id in {name}", i, 0, last) for i in (ids if np.iterable(ids) else [ids])], int)
        if not ids.size:
            raise ParameterError(f"{name} is empty; give ids from 0 to {last}, or None for all")
        return ids

    def run_network(
        self,
        id_list=None,
        node_collection=None,
        readout_size=None,
        inpgen=None,
        t_sim=5000.0,
        title=None,
        train=True,
        dt_rec=None,
        order_neurons=None,
    ):
        """Run for `t_sim` ms, draw if asked, and return the ids of the neurons read out.

        Parameters
        ----------
        id_list, node_collection, readout_size
            Which neurons: ids, else a collection, else so many at random, else those of the recorder.
        inpgen : InputGenerator
        title : str, optional
            Of the figure.
        train : bool
            Learn; depression goes on in either case.
        dt_rec, order_neurons
            By default those of the recorder.

        Returns
        -------
        list of int
        """
        ids, train = self._readout(id_list, node_collection, readout_size), check_flag("train", train)
        ordered = check_flag("order_neurons", self.order_neurons if order_neurons is None else order_neurons)
        keep = dict(record_rate=True, keep_ms=self.keep_ms if train else None)
        self._run(inpgen, t_sim, dt_rec, learn=train, ids=ids, **keep)
        self.history.append(replace(self.result, rate_hz=None))
        order = self.get_order() if ordered and len(measures.pattern_ids(self.result)) else None
        if self.create_plot:
            self._draw("plot_run", self.result, order, title)
        if self.plot_history:
            self._draw("plot_history", list(self.history), order, title)
        return ids.tolist()

    def _readout(self, id_list, node_collection, readout_size):
        if id_list is not None or node_collection is not None:
            return self._ids("id_list", node_collection if id_list is None else id_list)
        if readout_size is None:
            return self.id_list
        size = check_integer("readout_size", readout_size, 1, self.network.n_neurons)
        return np.sort(self._rng.choice(self.network.n_neurons, size, replace=False))

    def simulate(self, inpgen, t, dt_rec=None, *, resume=False, checkpoint=None, every_ms=10_000.0):
        """Train for `t` ms and return the :class:`~helpers.wta.params.Result`.

        Parameters
        ----------
        resume : bool
            Go on with the input where it stands, instead of a new schedule.
        checkpoint : path, optional
            File that holds the run, every `every_ms`; :func:`helpers.wta.files.load` gives it back.
        """
        options = dict(resume=resume, checkpoint=checkpoint, every_ms=_interval("every_ms", every_ms))
        return self._run(inpgen, t, dt_rec, record_rate=self.record_rate, keep_ms=self.keep_ms, **options)

    def test(self, inpgen, t, dt_rec=None, *, resume=False):
        """Run for `t` ms with frozen weights, rates recorded; depression goes on."""
        return self._run(inpgen, t, dt_rec, learn=False, record_rate=True, keep_ms=None, resume=resume)

    def _run(self, inpgen, t, dt_rec, *, learn=True, ids=None, resume=False, checkpoint=None, every_ms=1e4, **keep):
        from tqdm.auto import tqdm

        n_steps, t0 = self._checked(inpgen, t, resume), self.network.time_ms
        every = _interval("dt_rec", self.dt_rec if dt_rec is None else dt_rec)
        if not resume:
            inpgen.start(t0)
        ids, tape = self.id_list if ids is None else ids, _Tape(**keep)
        samples = [] if every is None else [self._sample(ids)]
        with tqdm(total=n_steps / 1000, unit="s", delay=2, disable=bool(os.environ.get("CI"))) as bar:
            for length in _pieces(n_steps, self.network.n_neurons, every, every_ms if checkpoint else None):
                self._piece(inpgen, length, learn, tape)
                bar.update(length / 1000)
                done = self.network.time_ms - t0
                if every and done % every == 0:
                    samples.append(self._sample(ids))
                if checkpoint and (done % every_ms == 0 or done == n_steps):
                    files.save(self.network, checkpoint, inpgen, left_ms=n_steps - done)
        self.result = self._finished(inpgen, tape, ids, samples, learn)
        return self.result

    def _checked(self, inpgen, t, resume):
        """Return the number of steps of a run that makes sense with this input."""
        if not isinstance(inpgen, InputGenerator):
            raise ParameterError(f"inpgen = {inpgen!r} is no input; make one: inpgen=InputGenerator(network, ...)")
        if inpgen.n != self.network.params.n_inputs:
            raise ParameterError(f"inpgen has {inpgen.n} channels; allowed: n_inputs = {self.network.params.n_inputs}")
        t, longest = check_number("t_sim", t, 1, 1e9), max(inpgen.params.t_pattern)
        if longest > t and not resume:
            raise ParameterError(f"a pattern of {longest:g} ms is longer than the run, t_sim = {t:g}; run longer")
        return round(t)

    def _piece(self, inpgen, n_steps, learn, tape):
        from helpers.wta import kernel

        given, t0 = inpgen.advance(n_steps), self.network.time_ms
        steps = (given.time_ms - t0, given.channel)
        out = kernel.run(self.network, *steps, n_steps, learn=learn, record_rate=tape.record_rate)
        if out.rate_hz is not None:
            self._worst = max(self._worst or 0.0, self._deviation(out.rate_hz))
        tape.add(given, out.spike_step + t0, out.spike_id, out.rate_hz)

    def _deviation(self, rate_hz):
        sums = np.add.reduceat(rate_hz, self.network.first[:-1], axis=1)
        return float(np.abs(sums / self.network.params.rate_max_hz - 1).max())

    def _sample(self, ids):
        st, n_in = self.network.state, self.network.params.n_inputs
        y, chosen = st.e1 - st.e2, self._synapses(ids)
        arrays = dict(w_in=st.w_in[ids], w_rec=st.w_rec[chosen], y=y[n_in + ids], y_in=y[:n_in])
        return dict(t_ms=self.network.time_ms, **arrays)

    def _synapses(self, ids):
        """Return the places in w_rec of all synapses onto these neurons."""
        row = self.network.wiring.row
        return np.concatenate([np.arange(row[k], row[k + 1]) for k in ids])

    def _named(self, ids):
        """Return target and source of the synapses onto these neurons."""
        wiring = self.network.wiring
        return dict(target=np.repeat(ids, np.diff(wiring.row)[ids]), source=wiring.source[self._synapses(ids)])

    def _finished(self, inpgen, tape, ids, samples, learn):
        net, st = self.network, self.network.state
        inpgen.schedule = tape.schedule()
        series = {name: np.array([s[name] for s in samples]) for name in samples[0]} if samples else None
        everyone = self._named(np.arange(net.n_neurons))
        return Result(
            t0_ms=tape.t0_ms,
            n_steps=inpgen.schedule.n_steps,
            circuit=net.circuit,
            k=net.k,
            positions=net.positions,
            spike_ms=tape.joined("spike_ms"),
            spike_id=tape.joined("spike_id"),
            input_ms=inpgen.schedule.time_ms,
            input_channel=inpgen.schedule.channel,
            phases=inpgen.schedule.phases,
            rate_hz=tape.joined("rate_hz") if tape.record_rate else None,
            recorded_ids=ids,
            series=series and {**series, **self._named(ids)},
            weights=dict(w_in=st.w_in.copy(), w_rec=st.w_rec.copy(), **everyone),
            learned=bool(learn and net.use_stdp),
        )

    def record_variables_step(self):
        """Return the weights and EPSPs of the moment, as one entry of ``result.series``."""
        return self._sample(self.id_list)

    def reset_recorders(self, inpgen=None):
        """Forget all recordings; the network and its input stay as they are."""
        self.result, self.history, self._worst = None, deque(maxlen=32), None
        if inpgen is not None:
            inpgen.schedule = None

    def verify_rate_fractions(self):
        """Return the largest |sum_k r_k / R_max - 1| over circuits and recorded steps; about 1e-15.

        Without recorded rates that of the present state.

        Raises
        ------
        BackendError
            If it exceeds 1e-9.
        """
        from helpers.wta import kernel

        worst = self._deviation(kernel.rates(self.network)[None]) if self._worst is None else self._worst
        if not worst < 1e-9:
            raise BackendError(f"rate fractions of a circuit miss 1 by {worst:.2g}; allowed: 1e-9; please report this")
        return worst

    def get_order(self, result=None, pattern=None):
        """Return the :class:`~helpers.wta.measures.Order` of the neurons in the last complete presentation.

        Replaces the source's arguments (phase times, pattern trace, ...), which a result holds.
        """
        if result is None and self.result is None:
            raise ParameterError("result is missing and nothing was run; call run_network first")
        return measures.mean_activation_order(self.result if result is None else result, pattern)

    def _draw(self, plot, results, order, title):
        from helpers.wta import figures

        def draw(fig):
            axes = fig.subplots(2, 1, sharex=True)
            getattr(figures, plot)(axes, results, order=order, ids=self.result.recorded_ids)
            axes[1].set_xlabel("time (ms)")
            axes[0].set_title(title or "")

        drawn(draw, plot.removeprefix("plot_"), self, seed=self.network.seed, params=self.network.params)


class _Tape:
    """Pieces of a run, the oldest dropped once `keep_ms` lies behind them."""

    def __init__(self, record_rate, keep_ms):
        self.record_rate, self.keep_ms, self.pieces = record_rate, keep_ms, deque()

    def add(self, given, spike_ms, spike_id, rate_hz):
        rate_hz = None if rate_hz is None else rate_hz.astype(np.float32)
        self.pieces.append(dict(given=given, spike_ms=spike_ms, spike_id=spike_id, rate_hz=rate_hz))
        stop = given.t0_ms + given.n_steps
        while self.keep_ms and stop - self.pieces[0]["given"].t0_ms - self.pieces[0]["given"].n_steps >= self.keep_ms:
            self.pieces.popleft()

    @property
    def t0_ms(self):
        return self.pieces[0]["given"].t0_ms

    def joined(self, name):
        return np.concatenate([piece[name] for piece in self.pieces])

    def schedule(self):
        """Join the pieces of the schedule; a phase cut between two pieces becomes one again."""
        parts = [piece["given"] for piece in self.pieces]
        t0, stop = self.t0_ms, parts[-1].t0_ms + parts[-1].n_steps
        rows = dict.fromkeys(row for part in parts for row in part.rows)
        times = (np.concatenate([getattr(part, name) for part in parts]) for name in ("time_ms", "channel"))
        return Schedule(t0, stop - t0, *times, tuple(rows))


def _interval(name, value):
    return None if value is None else round(check_number(name, value, 1, 1e9))


def _pieces(n_steps, n_neurons, *intervals):
    """Yield the lengths of pieces that end at every multiple of the intervals and fit in memory."""
    size, done = max(min(PIECE_MS, 2_000_000 // n_neurons), 50), 0
    while done < n_steps:
        ends = [done + size, n_steps, *((done // every + 1) * every for every in intervals if every)]
        yield int(min(ends)) - done
        done = int(min(ends))


def measure_network(network, id_list=None, node_collection=None, readout_size=None, inpgen=None, t_sim=5000.0):
    """Run a frozen network once without figures and return the :class:`~helpers.wta.params.Result`."""
    recorder = Recorder(network, create_plot=False)
    recorder.run_network(id_list, node_collection, readout_size, inpgen, t_sim, train=False)
    return recorder.result
