"""The WTA network: compiled loop against Brian2 and the numpy cells of FINAL_4, memory over time, cost over size.

Cost depends on what was learned, so every engine trains the same default network from the start. Brian2's code is
compiled and cached before the clock starts.
"""

import importlib
import math

import numpy as np

from tests.benchmarks.run import distance, row

SECONDS, DENSE_SECONDS = 100, 10


def _seconds(quick, full):
    return 2 if quick else full


def _network(grid=(10, 5), n_conn=1000):
    wta = importlib.import_module("helpers.wta")
    network = wta.Network(grid_shape=grid, n_inputs=100, n_conn=n_conn, seed=1)
    options = dict(r_input=5, r_noise=5, r_noise_pattern=2, n_patterns=1, t_noise_range=[300, 500], seed=1)
    return wta, network, wta.InputGenerator(network, **options)


def _training(quick, seconds, **options):
    wta, network, inputs = _network(**options)
    recorder = wta.Recorder(network, create_plot=False, keep_ms=2000)
    recorder.simulate(inputs, 500)
    t = 1000 * _seconds(quick, seconds)
    n, links = network.n_neurons, network.wiring.source.size

    def run():
        result = recorder.simulate(inputs, t)
        kept = (result.stop_ms - result.t0_ms) / t  # the spikes of the last 2 s stand for all
        fed, own = result.input_ms.size / kept, result.spike_ms.size / kept
        return dict(n=n, events=fed * n + own * (n_in + 2 * links / n), steps=n * t)

    n_in = network.n_inputs
    return run


def compiled(quick):
    return _training(quick, SECONDS)


def compiled_short(quick):
    return _training(quick, 20)


def compiled_long(quick):
    return _training(quick, 400)


def size_150(quick):
    return _training(quick, 20, grid=(5, 5), n_conn=500)


def size_600(quick):
    return _training(quick, 20, grid=(10, 10), n_conn=2000)


def size_1200(quick):
    return _training(quick, 20, grid=(20, 10), n_conn=4000)


def size_5000(quick):
    return _training(quick, 10, grid=(40, 21), n_conn=16800)


def dense(quick):
    """The cells of the notebook as they are; spikes are counted."""
    oracle = importlib.import_module("tests.wta.oracle")
    _, network, inputs = _network()
    n_steps = 1000 * _seconds(quick, DENSE_SECONDS)
    given, model = inputs.generate_input(n_steps), oracle.twin(network, changed=False)
    random = network.rng.random((n_steps, network.n_neurons))
    return lambda: len(oracle.steps(model, given.time_ms, given.channel, random)[0])


TRACES = """
de1/dt = -e1 / (20 * ms) : 1
de2/dt = -e2 / (2 * ms) : 1
A : 1
"""
NEURONS = """
da/dt = -a / (20 * ms) : 1
db/dt = -b / (2 * ms) : 1
total : 1 (linked)
U : 1
D : 1
F : 1
u : 1
R : 1
last : 1
"""
SPIKE = """
R = 1 + (R - u * R - 1) * exp(-(t / ms - last) / D)
u = U + u * (1 - U) * exp(-(t / ms - last) / F)
last = t / ms
A = u * R
e1 += A
e2 += A
"""
LEARN = """
eta = 0.05 * (q - s * s) / (exp(-s) + 1)
change = eta * (e1_pre - e2_pre - exp(w)) / clip(exp(w), eta, inf)
w += change
s += eta * (w - s)
q += eta * (w * w - q)
a_post += change * e1_pre
b_post += change * e2_pre
"""


def _in_brian2(b2, network, given):
    """Build the engine's event-driven form, u = a - b at the receiving neuron; given (n_steps, n_inputs) of 0 and 1."""
    options = dict(dt=b2.ms, method="euler", namespace={"given": b2.TimedArray(given, dt=b2.ms)})
    arrival = dict(threshold="given(t, i) > .5", reset="e1 += 1; e2 += 1")
    channels = b2.NeuronGroup(given.shape[1], TRACES, **arrival, **options)
    fire = "rand() < 1 - exp(-100 * Hz * dt * exp(a - b) / total)"
    neurons = b2.NeuronGroup(network.n_neurons, TRACES + NEURONS, threshold=fire, reset=SPIKE, **options)
    circuits = b2.NeuronGroup(network.k.size, "total : 1", dt=b2.ms)
    neurons.total = b2.linked_var(circuits, "total", index=network.circuit)
    softmax = b2.Synapses(neurons, circuits, "total_post = exp(a_pre - b_pre) : 1 (summed)", dt=b2.ms)
    softmax.connect(i=np.arange(network.n_neurons), j=network.circuit)
    softmax.summed_updaters["total_post"].when = "before_thresholds"
    st, channels.A, neurons.R, neurons.last = network.state, 1, 1, -1e9
    neurons.u, neurons.U, neurons.D, neurons.F = st.mean_u, st.mean_u, st.tau_d, st.tau_f
    net = b2.Network(channels, neurons, circuits, softmax)
    net.schedule = ["start", "thresholds", "synapses", "groups", "resets", "end"]
    target = np.repeat(np.arange(network.n_neurons), np.diff(network.wiring.row))
    for source, pairs in ((channels, {}), (neurons, dict(i=network.wiring.source, j=target))):
        arrive = "a_post += A_pre * w; b_post += A_pre * w"
        synapses = b2.Synapses(source, neurons, "w : 1\ns : 1\nq : 1", on_pre=arrive, on_post=LEARN, dt=b2.ms)
        synapses.connect(**pairs)
        synapses.q, synapses.pre.when, synapses.pre.order = 1, "resets", 1
        net.add(synapses)
    spikes = b2.SpikeMonitor(neurons, record=False)
    net.add(spikes)
    return net, spikes, synapses


def brian2_cython(quick):
    import brian2 as b2

    _, network, inputs = _network()
    n_steps = 1000 * _seconds(quick, SECONDS)
    schedule = inputs.generate_input(n_steps)
    given = np.zeros((n_steps, network.n_inputs))
    given[schedule.time_ms, schedule.channel] = 1
    _in_brian2(b2, network, given)[0].run(20 * b2.ms)  # compiles, or finds what was compiled
    net, spikes, _ = _in_brian2(b2, network, given)

    def run():
        net.run(n_steps * b2.ms)
        return int(spikes.num_spikes)

    return run


def rows(measure, quick):
    def timed(case, processes=1):
        return measure("bench_wta", case, processes=processes, quick=quick)

    per_s, ours = _seconds(quick, SECONDS), timed("compiled", 3)
    what = f"WTA training, {ours.value['n']} neurons, {per_s} s, "
    what += distance(ours, ours.value["events"], ours.value["steps"])
    passed = ours.cpu_s <= 0.025 * per_s
    lines = [row(what, ours, target="<= 0.025 CPU-s per simulated s", passed=passed)]
    try:
        peer = timed("brian2_cython", 2)
        passed = ours.cpu_s < peer.cpu_s
        lines.append(row(what, ours, against="Brian2, Cython, warm", peer=peer, target="faster", passed=passed))
    except RuntimeError as failure:
        lines.append(row(what, ours, against=f"Brian2, Cython: not measured, {failure}"))
    scale = per_s / _seconds(quick, DENSE_SECONDS)
    lines.append(row(what, ours, against="numpy cells of FINAL_4", peer=timed("dense", 3), scale=scale))
    return [*lines, _memory(timed, quick, ours), _growth(timed)]


def _memory(timed, quick, ours):
    longer = timed("compiled_long")
    what = f"WTA training, {_seconds(quick, 400)} s"
    passed = longer.peak_mb < 1.1 * ours.peak_mb
    return row(what, longer, against=f"{_seconds(quick, SECONDS)} s", peer=ours, target="same memory", passed=passed)


def _growth(timed):
    """Fit the exponent of CPU time over N at 20 links per circuit, per simulated second."""
    sizes = {"size_150": 20, "compiled_short": 20, "size_600": 20, "size_1200": 20, "size_5000": 10}
    found = {case: timed(case) for case in sizes}
    n = [found[case].value["n"] for case in sizes]
    seconds = [found[case].cpu_s / t for case, t in sizes.items()]
    x, y = [math.log(v) for v in n], [math.log(v) for v in seconds]
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    slope = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True)) / sum((a - mean_x) ** 2 for a in x)
    note = ", ".join(f"N = {a}: {b:.3f} s" for a, b in zip(n, seconds, strict=True))
    return row(
        f"WTA training per simulated s, 20 links per circuit: CPU ~ N^{slope:.2f}", found["size_5000"], against=note
    )
