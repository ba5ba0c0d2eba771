"""The V1 ring: our engine against the same rings built in PyNN and run by NEST, and its growth with the cells.

Both get the wiring of `v1.wire` and the same input spikes, six windows of one second per seed. The times cover a whole
run: drawing (ours), building, simulating and reading spikes and weights.
"""

import logging
import os
import time
import warnings

import numpy as np

from tests.benchmarks.run import distance, row

WINDOWS_RAD = np.radians([40, 160, 100, 40, 160, 100])
MOST_S, RATIO = {"static": 0.03, "plastic": 0.05}, 10
SIZES = (60, 120, 240, 480, 960)


def _params(kind, **changes):
    from helpers import v1

    return v1.RingParams(plastic=kind == "plastic", **changes)


def _seeds(quick, peer=False):
    return range((2 if peer else 4) if quick else (4 if peer else 16))


def _ours(kind, quick):
    from helpers import v1

    params = _params(kind)
    v1.simulate(params, WINDOWS_RAD[:1], seed=0)  # compiles

    def run():
        return [int(v1.simulate(params, WINDOWS_RAD, seed=seed).counts["exc"].sum()) for seed in _seeds(quick)]

    return run


def _nest(kind, quick):
    from helpers import v1

    params, given = _params(kind), []
    for seed in _seeds(quick, peer=True):
        time_ms, cell = v1.simulate(params, WINDOWS_RAD, seed=seed).spikes["input"]
        trains = [time_ms[(cell == i) & (time_ms > params.dt_ms)].tolist() for i in range(params.n_exc)]
        given.append((trains, v1.wire(params, seed)))
    pynn_ring(params, *given[0], stop_ms=10.0)  # the first run of a process loads modules

    def run():
        return [pynn_ring(params, *each, stop_ms=params.window_ms * WINDOWS_RAD.size) for each in given]

    return run


def pynn_ring(params, trains_ms, links, stop_ms):
    """Run the ring in PyNN on NEST; returns the excitatory spikes and the CPU seconds of the simulator alone."""
    os.environ["PYNEST_QUIET"] = "1"
    warnings.simplefilter("ignore")
    logging.getLogger("PyNN").setLevel(logging.ERROR)
    import pyNN.nest as sim

    from helpers import v1

    p = params
    sim.setup(timestep=p.dt_ms, min_delay=p.dt_ms, max_delay=p.delay_max_ms, threads=1)
    cell = dict(cm=p.cm_nf, tau_m=p.tau_m_ms, tau_refrac=p.tau_refrac_ms, tau_syn_E=p.tau_syn_exc_ms)
    cell |= dict(tau_syn_I=p.tau_syn_inh_ms, e_rev_E=p.e_rev_exc_mv, e_rev_I=p.e_rev_inh_mv)
    cell |= dict(v_rest=p.v_rest_mv, v_reset=p.v_reset_mv, v_thresh=p.v_thresh_mv)
    cells = {"input": sim.Population(p.n_exc, sim.SpikeSourceArray(spike_times=trains_ms))}
    for name, n in (("exc", p.n_exc), ("inh", p.n_inh)):
        cells[name] = sim.Population(n, sim.IF_cond_exp(**cell), initial_values={"v": p.v_reset_mv})
        cells[name].record("spikes")
    projections = []
    for name, s in links.items():
        way, w = v1.PROJECTIONS[name], s.weight_us[0]
        tau_plus, tau_minus, a_plus, a_minus = v1.RULES[way.rule]
        stdp = sim.STDPMechanism(
            timing_dependence=sim.SpikePairRule(tau_plus, tau_minus, a_plus, a_minus),
            weight_dependence=sim.MultiplicativeWeightDependence(w_min=0.0, w_max=p.w_max_ratio * w),
            weight=w,
            dendritic_delay_fraction=1.0,
        )
        table = sim.FromListConnector(np.column_stack([s.pre, s.post, s.weight_us, s.delay_ms]))
        synapse = stdp if p.plastic else sim.StaticSynapse()
        to = cells[way.pre], cells[way.post]
        projections.append(sim.Projection(*to, table, synapse, receptor_type=way.receptor))
    start = time.process_time()
    sim.run(stop_ms)
    seconds = time.process_time() - start
    n_spikes = sum(len(train) for train in cells["exc"].get_data("spikes").segments[-1].spiketrains)
    if p.plastic:
        _ = [link.get("weight", format="array") for link in projections]
    sim.end()
    return n_spikes, seconds


def ours_static(quick):
    return _ours("static", quick)


def ours_plastic(quick):
    return _ours("plastic", quick)


def nest_static(quick):
    return _nest("static", quick)


def nest_plastic(quick):
    return _nest("plastic", quick)


def sizes(quick):
    """Return CPU seconds per simulated second and synapses of growing rings, recurrent weights divided by the size."""
    from helpers import v1

    def run():
        found = []
        for n in SIZES[:3] if quick else SIZES:
            weights = {f"w_{name}_us": 0.1 * 60 / n for name in ("exc_exc", "inh_inh", "exc_inh", "inh_exc")}
            params, best = _params("plastic", n_exc=n, n_inh=n, window_ms=500.0, **weights), np.inf
            for seed in range(3):
                start = time.process_time()
                v1.simulate(params, WINDOWS_RAD[:2], seed=seed)
                best = min(best, time.process_time() - start)
            found.append((n, best, sum(s.pre.size for s in v1.wire(params, 0).values())))
        return found

    v1.simulate(_params("plastic"), WINDOWS_RAD[:1], seed=0)
    return run


def _least(kind, n_seeds):
    """Return how many synaptic events and steps of cells the runs of so many seeds hold, judged by the first.

    A spike is an event at each of its targets; where weights learn, a target's spike is one at each of its sources.
    """
    from helpers import v1

    p, events = _params(kind), 0
    spikes = v1.simulate(p, WINDOWS_RAD, seed=0).spikes
    for name, s in v1.wire(p, 0).items():
        way = v1.PROJECTIONS[name]
        events += np.bincount(s.pre, minlength=p.n_exc)[spikes[way.pre][1]].sum()
        if p.plastic:
            events += np.bincount(s.post, minlength=p.n_exc)[spikes[way.post][1]].sum()
    return n_seeds * events, n_seeds * (p.n_exc + p.n_inh) * WINDOWS_RAD.size * p.window_ms / p.dt_ms


def rows(measure, quick):
    lines = []
    for kind in MOST_S:
        ours = measure("bench_ring", f"ours_{kind}", repeats=5, quick=quick)
        nest = measure("bench_ring", f"nest_{kind}", repeats=3, quick=quick)
        n, n_nest = len(_seeds(quick)), len(_seeds(quick, peer=True))
        spikes, run_s = np.sum(nest.value, axis=0)
        per_s = ours.cpu_s / (n * WINDOWS_RAD.size)
        what = f"{kind} ring, {n} seeds x 6 s in one process: {per_s:.3f} s per simulated second, "
        what += distance(ours, *_least(kind, n))
        same = f"E spikes {spikes:.0f}, here {sum(ours.value[:n_nest])}"
        part = f"{n_nest} seeds, times {n / n_nest:g}; its run alone {run_s * n / n_nest:.1f} s"
        against = f"PyNN on NEST ({part}; {same})"
        passed = per_s <= MOST_S[kind] and nest.cpu_s * n / n_nest >= RATIO * ours.cpu_s
        labels = dict(against=against, target=f"<= {MOST_S[kind]:g} s per second, >= {RATIO}x CPU", passed=passed)
        lines.append(row(what, ours, peer=nest, scale=n / n_nest, **labels))
    found = measure("bench_ring", "sizes", quick=quick)
    growth = ", ".join(f"{n} cells {seconds:.3f} s ({synapses:,} synapses)" for n, seconds, synapses in found.value)
    what = f"plastic rings, recurrent weights times 60 / cells, CPU s per simulated second: {growth}"
    return [*lines, row(what, found)]
