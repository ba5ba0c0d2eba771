"""Growth: CPU time and memory of each engine over at least a decade and a half of sizes, and the exponent of the time.

Every size runs in a process of its own. The exponent is the slope of log time on log size over the upper half of the
sizes, where the fixed costs no longer count, with the 95 % interval of the least-squares line; the bound is what the
algorithm says.
"""

import itertools
import time

import numpy as np
from scipy import stats

from tests.benchmarks.run import row

# What grows, its sizes, what one run is, and the exponent that the algorithm says.
ENGINES = {
    "cloud": ((96, 128, 192, 256, 384, 512, 768, 1024), "n x n pixels, 64 frames of an endless cloud", 2.0),
    "ring": (
        (50, 90, 160, 280, 500, 900, 1600, 2800, 5000),
        "n E and n I cells, all pairs by distance, 0.4 s, drawn",
        2.0,
    ),
    "lateral_line": (
        (500, 900, 1600, 2800, 5000, 9000, 16_000, 28_000, 50_000),
        "n MON cells, 20 trials of training",
        1.0,
    ),
    "wta": (
        (10, 20, 40, 70, 120, 230, 450, 870, 1700),
        "n circuits of 2 to 10 cells, 20 n synapses per cell, 2 s",
        2.0,
    ),
    "spectrum": ((100, 160, 250, 400, 630, 1000, 1600, 2500, 4000), "n units, 40 exponents, 40 steps", 2.0),
    "modular": (
        (10_000, 18_000, 32_000, 56_000, 100_000, 180_000, 320_000, 560_000, 1_000_000),
        "n cells of in-degree 10, 100 iterations",
        1.0,
    ),
}


def __getattr__(case):
    """Return the case of an engine and size, such as ``ring_480``."""
    name, _, n = case.rpartition("_")
    if name not in ENGINES or not n.isdigit():
        raise AttributeError(case)
    return lambda quick: globals()[name](int(n))


def _best(action, repeats=3):
    """Return an action that gives the least CPU seconds of some runs, as many as take two minutes at most."""

    def run():
        costs, begun = [], time.perf_counter()
        while len(costs) < repeats and (not costs or time.perf_counter() - begun < 60):
            start = time.process_time()
            action()
            costs.append(time.process_time() - start)
        return min(costs)

    return run


def cloud(n):
    from helpers import stimuli

    law = dict(theta_rad=0.5, b_theta_rad=0.3, sf_0=0.1, b_sf=0.05, b_v=0.5)
    frames = stimuli.motion_cloud_frames((n, n, 64), **law, seed=1)
    next(frames)
    return _best(lambda: [None for _ in itertools.islice(frames, 64)])


def ring(n):
    from helpers import v1

    weights = {f"w_{name}_us": 0.1 * 60 / n for name in ("exc_exc", "inh_inh", "exc_inh", "inh_exc")}
    params, directions = v1.RingParams(n_exc=n, n_inh=n, window_ms=200.0, **weights), np.radians([40, 160])
    v1.simulate(v1.RingParams(window_ms=200.0), directions[:1], seed=0)  # compiles
    return _best(lambda: v1.simulate(params, directions, seed=0))


def lateral_line(n):
    from helpers import lateral_line as ll
    from helpers.lateral_line import stimulus, wiring

    p = ll.preset("ll_baseline").replace(n_mon=n)
    wires, n_steps = ll.draw(p, 123), 10 * stimulus.trial_steps(p)
    network = ll.Network(p, wires, ll.initial_weights(p, 123, wires), rng=wiring.stream(123, 3))
    stream = stimulus.snapshots(p, 3 * n_steps, 123)
    network.run(stimulus.snapshot_drive(p, stream, 0, n_steps))
    blocks = [stimulus.snapshot_drive(p, stream, k * n_steps, n_steps) for k in (1, 2)]
    return _best(lambda: [network.run(block) for block in blocks])


def wta(n):
    from helpers import wta

    network = wta.Network(grid_shape=(n // 10, 10), n_inputs=100, n_conn=20 * n, seed=1)
    options = dict(r_input=5, r_noise=5, r_noise_pattern=2, n_patterns=1, t_noise_range=[300, 500], seed=1)
    inputs, recorder = wta.InputGenerator(network, **options), wta.Recorder(network, create_plot=False, keep_ms=1000)
    recorder.simulate(inputs, 500)
    return _best(lambda: recorder.simulate(inputs, 2000))


def spectrum(n):
    from helpers import rnn

    network = rnn.Rnn(rnn.random_weights(n, 1.5, seed=0))
    return _best(lambda: rnn.lyapunov_spectrum(network, k=40, t_sim=4.0, transient=0.0, frame_transient=0.0))


def modular(n):
    from helpers.modular import Behaviour, Network, NeuronGroup, SynapseGroup

    class Spiking(Behaviour):
        def set_variables(self, neurons):
            neurons.v, neurons.spike = neurons.vector("uniform"), neurons.vector(bool)
            for synapse in neurons.afferent_synapses["GLUTAMATE"]:
                synapse.W = synapse.get_random_synapse_mat(density=10 / neurons.size, sparse="event")

        def new_iteration(self, neurons):
            neurons.spike = neurons.v > 0.5
            neurons.v[neurons.spike] = 0
            neurons.v = 0.9 * neurons.v + neurons.vector("uniform", density=0.1)
            for synapse in neurons.afferent_synapses["GLUTAMATE"]:
                neurons.v += 0.02 * synapse.W.dot(synapse.src.spike)

    net = Network(seed=1)
    cells = NeuronGroup(net, n, {1: Spiking()})
    SynapseGroup(net, cells, cells, tag="GLUTAMATE")
    net.initialize()
    net.simulate_iterations(10, measure_block_time=False)
    return _best(lambda: net.simulate_iterations(100, measure_block_time=False))


def rows(measure, quick):
    """Return a line for each engine: time and memory at every size, exponent, bound, and whether they agree."""
    lines = []
    for name, (sizes, what, bound) in ENGINES.items():
        sizes = sizes[:3] if quick else sizes
        found = [measure("bench_growth", f"{name}_{n}", quick=quick) for n in sizes]
        upper = slice(min(len(sizes) // 2, len(sizes) - 3), None)
        fit = stats.linregress(np.log(sizes[upper]), np.log([one.value for one in found][upper]))
        half = fit.stderr * stats.t.ppf(0.975, len(sizes[upper]) - 2)
        listed = "; ".join(
            f"{n:,}: {one.value:.2g} s, {one.peak_mb:.0f} MB" for n, one in zip(sizes, found, strict=True)
        )
        found[-1].cpu_s = found[-1].value
        exponent = f"exponent {fit.slope:.2f} +- {half:.2f}"
        passed = fit.slope - half <= bound + 0.1
        lines.append(row(f"{name}: {what}: {listed}", found[-1], against=exponent, target=f"{bound:g}", passed=passed))
    return lines
