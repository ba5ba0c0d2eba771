"""The V1 ring on PyNN: NEST for every ring, Brian2 as a cross-check of static ones.

PyNN's units are implied: ms, mV, nF, nA, uS. What PyNN 0.13 needs handled is handled here and nowhere else:

* Conductance weights are positive and the receptor type is named, for inhibition too.
* The smallest delay is given to ``setup``; left to "auto", spike arrays arrive late on NEST.
* Spike arrays lie on the time grid, with at most one spike per cell and step (:func:`on_grid`).
* ``setup`` is called afresh for every run, with ``rng_seed`` and one thread; ``end`` removes what it leaves on disk.
* Populations have at least two cells.
* NEST clips the weights of its STDP synapse on one side only in each branch; with the sign-turned rules they leave
  [0, w_max]. They are clipped at each window's end and at retrieval, through NEST's own connection handles.
* On Brian2, spike sources keep its default clock, so that clock is set as well, and restored.
* On Brian2, STDP ignores the weight dependence: refused.
* Importing PyNN's NEST module tries to compile extensions if nest-config is on the path: it is not shown the path.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import time
import warnings
from dataclasses import dataclass
from unittest import mock

import numpy as np

from helpers.parameters import BackendError, check_choice
from helpers.v1 import wiring_pynn as wiring

__all__ = ["BACKENDS", "Recording", "check_backend", "on_grid", "run_network", "single_synapse"]

BACKENDS = {
    "nest": "pip install 'pynn>=0.13' 'nest-simulator>=3.10', or conda install -c conda-forge nest-simulator",
    "brian2": "pip install 'pynn>=0.13' 'brian2>=2.9'",
}
_ZERO_NS = 1e-6  # stands for 0 when weights are set: NEST wants the sign of the bound, and 0 has none
_FIRST_STEP = 2  # PyNN sends spike arrays through a relay: the earliest spike that NEST can deliver


@dataclass(frozen=True, eq=False)
class Recording:
    """What a run leaves behind.

    Attributes
    ----------
    spikes : dict
        Population -> (time steps (n,) int, cells (n,) int), ordered by step, then cell.
    weights : dict
        Projection -> (n_pre, n_post) in uS, NaN where there is no synapse.
    seconds : dict
        CPU seconds of "build", "run" (the simulator itself) and "read".
    """

    spikes: dict
    weights: dict
    seconds: dict


def check_backend(name, *, plastic=False):
    """Return `name` if that simulator can run the ring.

    Raises
    ------
    ParameterError
        For a name that is not in :data:`BACKENDS`.
    BackendError
        For a plastic ring on Brian2, or a simulator that is not installed.
    """
    check_choice("backend", name, BACKENDS)
    if name == "brian2" and plastic:
        raise BackendError(
            "backend 'brian2' cannot run a plastic ring: PyNN's STDP ignores the weight dependence there and clips "
            "weights on one side only; use backend='nest', or plastic=False"
        )
    _load(name)
    return name


def _load(name):
    """Import a simulator's PyNN module, quietly and without its attempt to compile extensions."""
    try:
        with warnings.catch_warnings(), mock.patch.dict(os.environ, PYNEST_QUIET="1", PATH=""):
            warnings.simplefilter("ignore")
            return importlib.import_module(f"pyNN.{name}")
    except ImportError as failure:
        raise BackendError(f"backend {name!r} is not installed ({failure}); {BACKENDS[name]}") from None


@contextlib.contextmanager
def _session(name, *, dt_ms, max_delay_ms, seed):
    """Set up a fresh simulator, give it out, and clean up after it."""
    sim = _load(name)
    with warnings.catch_warnings(), _quiet_loggers(), _brian2_settings(name, dt_ms):
        warnings.simplefilter("ignore")
        sim.setup(timestep=dt_ms, min_delay=dt_ms, max_delay=max_delay_ms, rng_seed=seed, threads=1)
        try:
            yield sim
        finally:
            sim.end()


@contextlib.contextmanager
def _quiet_loggers():
    """Silence what PyNN and Brian2 log about every projection, and give the loggers back as they were."""
    levels = {logging.getLogger(name): logging.getLogger(name).level for name in ("PyNN", "brian2")}
    for logger in levels:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for logger, level in levels.items():
            logger.setLevel(level)


@contextlib.contextmanager
def _brian2_settings(name, dt_ms):
    """Let Brian2 run on numpy (compiling costs more than a ring does) and give its spike sources our time step."""
    if name != "brian2":
        yield
        return
    brian2 = importlib.import_module("brian2")
    before = brian2.prefs["codegen.target"], brian2.defaultclock.dt
    brian2.prefs["codegen.target"], brian2.defaultclock.dt = "numpy", dt_ms * brian2.ms
    try:
        yield
    finally:
        brian2.prefs["codegen.target"], brian2.defaultclock.dt = before


def on_grid(trains, *, dt_ms, n_steps):
    """Return spike trains as increasing time steps, each at most once, from 2 to `n_steps` - 1.

    Parameters
    ----------
    trains : list of array
        Spike times (ms), one array per cell, in any order.
    dt_ms : float
        Time step.
    n_steps : int
        Length of the run.

    Examples
    --------
    >>> on_grid([[0.31, 0.28, 7.0]], dt_ms=0.1, n_steps=100)
    [array([ 3, 70])]
    """
    steps = (np.rint(np.asarray(train, float) / dt_ms).astype(int) for train in trains)
    return [np.unique(np.clip(train, _FIRST_STEP, n_steps - 1)) for train in steps]


def run_network(sizes, projections, steps, *, params, n_windows, backend, seed):
    """Build the ring, run it window by window and return a :class:`Recording`.

    Parameters
    ----------
    sizes : dict
        Population -> number of cells; "input" repeats the spikes given, the others are conductance cells.
    projections : list of wiring.Projection
    steps : list of int array
        Spikes of "input", from :func:`on_grid`.
    params : RingParams
    n_windows, seed : int
        `seed` goes to the simulator, whose own draws the ring does not use.
    backend : {"nest", "brian2"}
    """
    clock = [time.process_time()]
    with _session(backend, dt_ms=params.dt_ms, max_delay_ms=params.delay_max_ms, seed=seed) as sim:
        cells = {name: _population(sim, name, n, steps, params) for name, n in sizes.items()}
        links = [(_link(sim, p, cells, params), p) for p in projections if p.pre_ids.size]
        clock.append(time.process_time())
        _run(sim, links, params, n_windows)
        clock.append(time.process_time())
        spikes = {name: _read_spikes(cells[name], params.dt_ms) for name in sizes if name != "input"}
        weights = {p.name: wiring.weight_matrix(p, p.weight_us) for p in projections}
        if params.plastic:
            weights |= {p.name: _read_weights(link, p) for link, p in links}
    clock.append(time.process_time())
    seconds = dict(zip(("build", "run", "read"), np.diff(clock).tolist(), strict=True))
    return Recording({"input": _flat(steps), **spikes}, weights, seconds)


def _population(sim, name, n_cells, steps, params):
    if name == "input":
        return _source(sim, steps, params.dt_ms)
    return _cells(sim, n_cells, params, params.v_reset_mv)


def _source(sim, steps, dt_ms):
    return sim.Population(len(steps), sim.SpikeSourceArray(spike_times=[train * dt_ms for train in steps]))


def _cells(sim, n_cells, params, v_mv, record="spikes"):
    """Conductance cells with exponential synapses, starting at `v_mv`."""
    cells = sim.Population(
        n_cells,
        sim.IF_cond_exp(
            cm=params.cm_nf,
            tau_m=params.tau_m_ms,
            tau_refrac=params.tau_refrac_ms,
            tau_syn_E=params.tau_syn_exc_ms,
            tau_syn_I=params.tau_syn_inh_ms,
            e_rev_E=params.e_rev_exc_mv,
            e_rev_I=params.e_rev_inh_mv,
            v_rest=params.v_rest_mv,
            v_reset=params.v_reset_mv,
            v_thresh=params.v_thresh_mv,
        ),
        initial_values={"v": v_mv},
    )
    cells.record(record)
    return cells


def _link(sim, projection, cells, params):
    p = projection
    weights = np.full(len(p.pre_ids), p.weight_us)
    synapses = sim.FromListConnector(np.column_stack([p.pre_ids, p.post_ids, weights, p.delay_ms]))
    synapse = _plastic(sim, p) if params.plastic else sim.StaticSynapse()
    return sim.Projection(cells[p.pre], cells[p.post], synapses, synapse, receptor_type=p.receptor)


def _plastic(sim, projection):
    rule = projection.rule
    return sim.STDPMechanism(
        timing_dependence=sim.SpikePairRule(rule.tau_plus_ms, rule.tau_minus_ms, rule.a_plus, rule.a_minus),
        weight_dependence=sim.MultiplicativeWeightDependence(w_min=0.0, w_max=projection.w_max_us),
        dendritic_delay_fraction=1.0,
        weight=projection.weight_us,
    )


def _run(sim, links, params, n_windows):
    if not params.plastic:
        sim.run(params.window_ms * n_windows)
        return
    loose = [(link, projection) for link, projection in links if _can_escape(projection)]
    for _ in range(n_windows):
        sim.run(params.window_ms)
        for link, projection in loose:
            _clip(link, projection)


def _can_escape(projection):
    """NEST bounds potentiation above and depression below; a negative amplitude swaps the two."""
    rule = projection.rule
    return min(rule.a_plus, rule.a_minus) < 0


def _handles(link):
    """NEST's own handles of a projection's synapses: setting weights through PyNN takes longer than the run."""
    nest = importlib.import_module("nest")
    return nest.GetConnections(synapse_model=link.nest_synapse_model, synapse_label=link.nest_synapse_label)


def _clip(link, projection):
    """Bring a projection's weights back into [0, w_max] (inhibitory ones are negative inside NEST)."""
    synapses, bound_ns = _handles(link), 1000.0 * projection.w_max_us
    bounds = (-bound_ns, -_ZERO_NS) if projection.receptor == "inhibitory" else (_ZERO_NS, bound_ns)
    weights_ns = np.array(synapses.get("weight"))
    clipped_ns = np.clip(weights_ns, *bounds)
    if (clipped_ns != weights_ns).any():
        synapses.weight = clipped_ns.tolist()


def _read_weights(link, projection):
    """Return the weights that a projection has come to, (n_pre, n_post) in uS."""
    found = {key: np.array(values) for key, values in _handles(link).get(["source", "target", "weight"]).items()}
    matrix = np.full(projection.shape, np.nan)
    at = found["source"] - int(link.pre.all_cells[0]), found["target"] - int(link.post.all_cells[0])
    matrix[at] = np.clip(np.abs(found["weight"]) / 1000.0, 0.0, projection.w_max_us)
    return matrix


def _read_spikes(cells, dt_ms):
    """Return (time steps, cell indices) of a population, ordered by step, then cell."""
    ids, times = cells.get_data("spikes").segments[-1].spiketrains.multiplexed
    steps, ids = np.rint(np.asarray(times, float) / dt_ms).astype(int), np.asarray(ids, int) - int(cells.all_cells[0])
    order = np.lexsort((ids, steps))
    return steps[order], ids[order]


def _flat(trains):
    steps = np.concatenate(trains)
    ids = np.repeat(np.arange(len(trains)), [len(train) for train in trains])
    order = np.lexsort((ids, steps))
    return steps[order], ids[order]


def single_synapse(weight_us, *, params, backend, receptor="excitatory", spike_ms=20.0, delay_ms=1.0, stop_ms=60.0):
    """Return the membrane trace of a resting cell that receives one spike.

    Parameters
    ----------
    weight_us : float
        Peak conductance (uS).
    params : RingParams
        Cell constants and time step.
    backend : {"nest", "brian2"}
    receptor : {"excitatory", "inhibitory"}
    spike_ms, delay_ms, stop_ms : float
        Time of the presynaptic spike, delay of the synapse, end of the run.

    Returns
    -------
    v_mv : array (n_steps + 1,)
        Potential at 0, dt, 2 dt, ...
    """
    steps = on_grid([[spike_ms]] * 2, dt_ms=params.dt_ms, n_steps=round(stop_ms / params.dt_ms))
    with _session(backend, dt_ms=params.dt_ms, max_delay_ms=max(delay_ms, params.delay_max_ms), seed=1) as sim:
        cells = _cells(sim, 2, params, params.v_rest_mv, record="v")
        synapse = sim.StaticSynapse(weight=weight_us, delay=delay_ms)
        source = _source(sim, steps, params.dt_ms)
        sim.Projection(source, cells, sim.OneToOneConnector(), synapse, receptor_type=receptor)
        sim.run(stop_ms)
        return np.asarray(cells.get_data("v").segments[-1].analogsignals[0])[:, 0]
