"""Run a network on its input and keep what was asked for: training, frozen tests, readout, weights over time.

A run goes through in pieces of at most one simulated second. Training keeps the last `keep_ms` of spikes and input,
so that its memory does not grow with its length; a test keeps everything, with the model rates.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import numpy as np

from helpers.parameters import BackendError, ParameterError, check_flag, check_integer, check_number, doors
from helpers.wta import figures, kernel, measures
from helpers.wta.inputs import InputGenerator, Schedule
from helpers.wta.network import Network, NodeCollection, streams
from helpers.wta.params import Guarded, Result

__all__ = ["Recorder", "measure_network"]

FLAGS = dict(create_plot=True, save_figures=False, show_figures=True, plot_history=False, order_neurons=True)
FLAGS |= dict(record_rate=False, record_potential=False)
PIECE_MS, HISTORY, MAX_SERIES_GB = 1000, 32, 1.0  # HISTORY: runs that plot_history shows


class Recorder(Guarded):
    """Runs one network and holds the last :class:`~helpers.wta.params.Result` in ``result``.

    Parameters
    ----------
    network : Network
    id_list : list of int, optional
        Neurons to read out; all by default.
    create_plot, save_figures, show_figures : bool
        Whether a run draws its raster, and what happens to it.
    plot_history : bool
        Draw all runs so far, and under them recorded weights and EPSPs, in place of the last run alone.
    order_neurons : bool
        Order the raster by mean activation time.
    dt_rec : float, optional
        Interval (ms) at which weights and EPSPs of the neurons read out are recorded, over the whole run; None: never.
    keep_ms : float
        Length of the recording that training keeps; a test keeps all.
    record_rate : bool
        Keep the model rates in training too, over `keep_ms`.
    record_potential : bool
        Keep the potentials u_k(t), in training over `keep_ms`.
    seed : int or numpy.random.Generator, optional
        Draws random readouts; by default that of :func:`~helpers.wta.network.nest_init`.

    Raises
    ------
    ParameterError
        For an unknown option or a value out of range; options can also be assigned.

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

    def __init__(
        self, network: Network, id_list: Any = None, *, seed: int | np.random.Generator | None = None, **options: Any
    ) -> None:  # fmt: skip
        self._keep(network=network)
        self._rng = streams(seed, 3, 1)[0]
        self.set(**{"id_list": id_list, "dt_rec": None, "keep_ms": 20_000.0, **FLAGS, **options})
        self.reset_recorders()

    def set(self, **options: Any) -> None:
        """Change any option of the constructor between runs.

        Raises
        ------
        ParameterError
            For an unknown option or a value out of range.
        """
        checked = {}
        for name, value in options.items():
            if name in FLAGS:
                checked[name] = check_flag(name, value)
            elif name == "id_list":
                checked[name] = self._ids(name, value)
            elif name in ("dt_rec", "keep_ms"):
                checked[name] = None if value is None else round(check_number(name, value, 1, 1e9))
            else:
                known = ", ".join((*FLAGS, "id_list", "dt_rec", "keep_ms"))
                raise ParameterError(f"{name} is not an option of Recorder; options: {known}")
        self._keep(**checked)

    def _ids(self, name, ids):
        last = self.network.n_neurons - 1
        if ids is None:
            return np.arange(last + 1)
        if isinstance(ids, NodeCollection) and ids.network is not self.network:
            raise ParameterError(f"{name} holds neurons of another network; take them from this one")
        ids = ids if np.iterable(ids) else [ids]
        ids = [int(i) if isinstance(i, NodeCollection) else i for i in ids]
        ids = np.array([check_integer(f"id in {name}", i, 0, last) for i in ids], int)
        if not ids.size:
            raise ParameterError(f"{name} is empty; give ids from 0 to {last}, or None for all")
        return ids

    def run_network(
        self, id_list: Any = None, node_collection: NodeCollection | None = None, readout_size: int | None = None,
        inpgen: InputGenerator | None = None, t_sim: float = 5000.0, title: str | None = None, train: bool = True,
        dt_rec: float | None = None, order_neurons: bool | None = None,
    ) -> list[int]:  # fmt: skip
        """Run for `t_sim` ms, draw if asked, and return the ids of the neurons read out.

        Parameters
        ----------
        id_list, node_collection, readout_size
            Which neurons: ids, else a collection, else so many at random, else those of the recorder.
        inpgen : InputGenerator
        title : str, optional
            Of the figure.
        train : bool
            Learn: all neurons, as in the NEST package; those that `disable_stdp` froze are set free, with a message.
            :meth:`simulate` leaves them frozen. Depression goes on in either case.
        dt_rec, order_neurons
            By default those of the recorder.

        Returns
        -------
        list of int
        """
        if id_list is None and node_collection is None and readout_size is not None:
            size = check_integer("readout_size", readout_size, 1, self.network.n_neurons)
            ids = np.sort(self._rng.choice(self.network.n_neurons, size, replace=False))
        elif id_list is None and node_collection is None:
            ids = self.id_list
        else:
            ids = self._ids("id_list", node_collection if id_list is None else id_list)
        order_neurons = check_flag("order_neurons", self.order_neurons if order_neurons is None else order_neurons)
        self._n_steps(inpgen, t_sim)  # refuses before anything changes
        frozen = int((~self.network.state.plastic).sum())
        if check_flag("train", train) and frozen:
            print(f"train=True: STDP is on again for {frozen} neurons")
            self.network.set(use_stdp=True)
        self._run(inpgen, t_sim, dt_rec, learn=train, ids=ids, record_rate=True)
        kept = replace(
            self.result, rate_hz=None, potential=None, series=self.result.series if self.plot_history else None
        )
        self._keep(history=[*self.history[1 - HISTORY :], kept])
        order = self.get_order() if order_neurons and self.result.phases.complete_patterns().size else None
        if self.create_plot or self.plot_history:
            self._draw(order, title)
        return ids.tolist()

    def _draw(self, order, title):
        history = self.history if self.plot_history else []
        n_rows = 4 if any(r.series is not None for r in history) else 2

        def draw(axes):
            if history:
                figures.plot_history(axes, history, order=order, ids=self.result.recorded_ids)
            else:
                figures.plot_run(axes, self.result, order=order, ids=self.result.recorded_ids)
            axes[-1].set_xlabel("time (ms)")
            axes[0].set_title(title or "")

        name = "history" if history else "run"
        figures.drawn(draw, name, self, size_mm=(120, 40 * n_rows), nrows=n_rows, sharex=True)

    def simulate(self, inpgen: InputGenerator, t: float, dt_rec: float | None = None) -> Result:
        """Train for `t` ms and return the :class:`~helpers.wta.params.Result`."""
        return self._run(inpgen, t, dt_rec, learn=True, record_rate=self.record_rate)

    def test(self, inpgen: InputGenerator, t: float, dt_rec: float | None = None) -> Result:
        """Run for `t` ms with frozen weights, rates recorded; depression goes on."""
        return self._run(inpgen, t, dt_rec, learn=False, record_rate=True)

    def _run(self, inpgen, t, dt_rec, *, learn, record_rate, ids=None):
        from tqdm.auto import tqdm

        net, t0, ids = self.network, self.network.time_ms, self.id_list if ids is None else ids
        n_steps = self._n_steps(inpgen, t)
        every = self.dt_rec if dt_rec is None else round(check_number("dt_rec", dt_rec, 1, 1e9))
        if every:
            kept_gb = 8e-9 * (n_steps // every + 1) * sum(np.size(part) for part in self._sample(ids).values())
            if kept_gb > MAX_SERIES_GB:
                hint = "record fewer neurons (id_list) or less often"
                raise ParameterError(f"dt_rec = {every} would keep {kept_gb:.1f} GB; allowed: {MAX_SERIES_GB}; {hint}")
        inpgen.start(t0)
        pieces, samples, done = [], [] if every is None else [self._sample(ids)], 0
        longest = max(min(PIECE_MS, 2_000_000 // net.n_neurons), 50)  # what fits in memory
        with tqdm(total=n_steps / 1000, unit="s", delay=2, disable=bool(os.environ.get("CI"))) as bar:
            while done < n_steps:
                length = min(longest, n_steps - done, every - done % every if every else longest)
                pieces.append(self._piece(inpgen, length, learn, record_rate))
                while (
                    learn and self.keep_ms and net.time_ms - pieces[0][0].t0_ms - pieces[0][0].n_steps >= self.keep_ms
                ):
                    pieces.pop(0)
                done += length
                bar.update(length / 1000)
                if every and done % every == 0:
                    samples.append(self._sample(ids))
        self._keep(result=self._finished(inpgen, pieces, ids, samples, learn))
        return self.result

    def _n_steps(self, inpgen, t):
        """Return the number of steps of a run that makes sense with this input."""
        if not isinstance(inpgen, InputGenerator):
            raise ParameterError(f"inpgen = {inpgen!r} is no input; make one: inpgen=InputGenerator(network, ...)")
        if inpgen.n != self.network.params.n_inputs:
            raise ParameterError(f"inpgen has {inpgen.n} channels; allowed: n_inputs = {self.network.params.n_inputs}")
        return round(check_number("t_sim", t, 1, 1e9))

    def _piece(self, inpgen, n_steps, learn, record_rate):
        """Run a piece; return its schedule and its chunk, with absolute times and rates in single precision."""
        given, t0 = inpgen.advance(n_steps), self.network.time_ms
        keep = dict(record_rate=record_rate, record_potential=self.record_potential)
        chunk = kernel.run(self.network, given.time_ms - t0, given.channel, n_steps, learn=learn, **keep)
        rate = chunk.rate_hz
        if rate is not None:
            self._worst = max(self._worst or 0.0, self._deviation(rate))
            rate = rate.astype(np.float32)
        return given, chunk._replace(spike_step=chunk.spike_step + t0, rate_hz=rate)

    def _deviation(self, rate_hz):
        sums = np.add.reduceat(rate_hz, self.network.first[:-1], axis=1)
        return float(np.abs(sums / self.network.params.rate_max_hz - 1).max())

    def _synapses(self, ids):
        """Return target and source of all synapses onto these neurons."""
        wiring = self.network.wiring
        heard = [wiring.source[slice(*wiring.row[k : k + 2])] for k in ids]
        return dict(target=np.repeat(ids, np.diff(wiring.row)[ids]), source=np.concatenate(heard))

    def _sample(self, ids):
        st, n_in = self.network.state, self.network.params.n_inputs
        w_rec = np.concatenate([self.network.afferents(k)[0][n_in:] for k in ids])
        y = st.e1 - st.e2
        return dict(t_ms=self.network.time_ms, w_in=st.w_in[ids], w_rec=w_rec, y=y[n_in + ids], y_in=y[:n_in])

    def _finished(self, inpgen, pieces, ids, samples, learn):
        """Join the pieces of a run; a phase cut between two of them becomes one again."""
        net, st = self.network, self.network.state
        schedules, chunks = zip(*pieces, strict=True)
        spike_ms, spike_id, rate_hz, potential = map(_joined, zip(*chunks, strict=True))
        time_ms, channel, frozen, rows = [], [], [], {}
        for part in schedules:
            time_ms.append(part.time_ms)
            channel.append(part.channel)
            frozen.append(part.frozen)
            rows |= dict.fromkeys(part.rows)
        t0, given = schedules[0].t0_ms, tuple(map(_joined, (time_ms, channel, frozen)))
        schedule = Schedule(t0, net.time_ms - t0, *given, tuple(rows))
        inpgen._keep(schedule=schedule)
        series = None
        if samples:
            series = {name: np.array([sample[name] for sample in samples]) for name in samples[0]}
            series |= self._synapses(ids)
        weights = dict(w_in=st.w_in.copy(), w_rec=st.w_rec.copy(), **self._synapses(np.arange(net.n_neurons)))
        return Result(
            t0, schedule.n_steps, net.circuit, net.k, net.positions, spike_ms, spike_id, *given, schedule.phases,
            rate_hz, potential, ids, series, weights, bool(learn and net.use_stdp),
        )  # fmt: skip

    def record_variables_step(self) -> dict[str, Any]:
        """Return time, weights and EPSPs of the moment, as one entry of ``result.series``."""
        return self._sample(self.id_list)

    def reset_recorders(self, inpgen: InputGenerator | None = None) -> None:
        """Forget all recordings; the network and its input stay as they are."""
        self._keep(result=None, history=[])
        self._worst = None
        if inpgen is not None:
            inpgen._keep(schedule=None)

    def verify_rate_fractions(self) -> float:
        """Return the largest |sum_k r_k / R_max - 1| over circuits and recorded steps; about 1e-15.

        Without recorded rates that of the present state.

        Raises
        ------
        BackendError
            If it exceeds 1e-9.
        """
        worst = self._deviation(kernel.rates(self.network)[None]) if self._worst is None else self._worst
        if not worst < 1e-9:
            raise BackendError(f"rate fractions of a circuit miss 1 by {worst:.2g}; allowed: 1e-9; please report this")
        return worst

    def get_order(self, result: Result | None = None, pattern: int | None = None) -> measures.Order:
        """Return (order, times, window) of the last complete presentation, a :class:`~helpers.wta.measures.Order`.

        The source's arguments (phase times, pattern trace, ...) stand in the result.

        Examples
        --------
        >>> net = Network(grid_shape=(2, 2), n_inputs=20, seed=1)
        >>> recorder = Recorder(net, create_plot=False)
        >>> order, times, window = recorder.get_order(
        ...     recorder.test(InputGenerator(net, n_patterns=1, t_pattern=100, seed=1), 1000)
        ... )
        >>> bool((np.diff(times[order]) >= 0).all()), window[1] - window[0]
        (True, 100)
        """
        if result is None and self.result is None:
            raise ParameterError("result is missing and nothing was run; call run_network first")
        return measures.mean_activation_order(self.result if result is None else result, pattern)


def _joined(parts):
    return None if parts[0] is None else np.concatenate(parts)


def measure_network(
    network: Network, id_list: Any = None, node_collection: NodeCollection | None = None,
    readout_size: int | None = None, inpgen: InputGenerator | None = None, t_sim: float = 5000.0,
) -> Result:  # fmt: skip
    """Run a frozen network once without figures and return the :class:`~helpers.wta.params.Result`."""
    recorder = Recorder(network, create_plot=False)
    recorder.run_network(id_list, node_collection, readout_size, inpgen, t_sim, train=False)
    return recorder.result


doors(globals())
