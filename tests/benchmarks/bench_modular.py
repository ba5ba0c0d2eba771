"""The modular core against PymoNNto 0.9.6 and 3.0.6, each in an environment of its own, all in the same run.

Program E (the README's, recorded) and the spiking workload (leak .9, threshold .5, no recorder) are one text for both
sides, import line and storage apart. The SORN-like program of 3.0.6 is written with its API: outer products, clip and
sums over the whole matrix. Times are those of the iterations, best of three blocks, after initialisation.
"""

import json
import os
import sys
import tempfile
from types import SimpleNamespace

import numpy as np

from tests.benchmarks.run import ROOT, environment, row, said_by

NEEDS = {"0.9.6": ("imageio", "matplotlib"), "3.0.6": ("imageio", "matplotlib", "scipy")}
IMPORTS = {None: "helpers.modular", "0.9.6": "PymoNNto", "3.0.6": "PymoNNto"}


def published(version):
    """Return the Python of an environment with that PymoNNto; Offline where it cannot be installed."""
    own = ("--no-deps", f"PymoNNto=={version}")
    return environment(f"PymoNNto-{version}", own, (f"numpy=={np.__version__}", *NEEDS[version]))


def run_text(version, text):
    """Run a program under a version of PymoNNto, or ours (None), in an empty folder; return what it prints."""
    python = published(version) if version else sys.executable
    env = {**os.environ, "MPLBACKEND": "agg", "PYTHONPATH": "" if version else str(ROOT)}
    with tempfile.TemporaryDirectory() as folder:
        full = f"from {IMPORTS[version]} import *\n{text}"
        return said_by(python, full, cwd=folder, env=env)


PROGRAM_E = """
import numpy as np
class Basic(Behaviour):
    def set_variables(self, neurons):
        neurons.activity = neurons.get_random_neuron_vec()
        self.decay_factor = 0.99
    def new_iteration(self, neurons):
        neurons.activity *= self.decay_factor
class Input(Behaviour):
    def set_variables(self, neurons):
        for synapse in neurons.afferent_synapses['GLUTAMATE']:
            synapse.W = synapse.get_random_synapse_mat(density=0.1{sparse})
    def new_iteration(self, neurons):
        for synapse in neurons.afferent_synapses['GLUTAMATE']:
            neurons.activity += synapse.W.dot(synapse.src.activity) / synapse.src.size
        neurons.activity += neurons.get_random_neuron_vec(density=0.01)
net = Network()
cells = NeuronGroup(net=net, tag='my_neurons', size={n}, behaviour={{1: Basic(), 2: Input(),
    9: Recorder(tag='my_recorder', variables=['n.activity', 'np.mean(n.activity)'])}})
"""
SPIKING = """
import numpy as np
class Spiking(Behaviour):
    def set_variables(self, neurons):
        neurons.v, neurons.spike = neurons.get_neuron_vec(), neurons.get_neuron_vec()
        for synapse in neurons.afferent_synapses['GLUTAMATE']:
            synapse.W = synapse.get_random_synapse_mat(density=0.1{sparse})
    def new_iteration(self, neurons):
        fired = neurons.v > 0.5
        neurons.spike = fired * 1.0
        neurons.v[fired] = 0
        neurons.v *= 0.9
        neurons.v += neurons.get_random_neuron_vec(density=0.01)
        for synapse in neurons.afferent_synapses['GLUTAMATE']:
            neurons.v += synapse.W.dot(synapse.src.spike) / synapse.src.size
net = Network()
cells = NeuronGroup(net=net, tag='cells', size={n}, behaviour={{1: Spiking()}})
"""
SYNAPSES = """
SynapseGroup(net=net, src=cells, dst=cells, tag='GLUTAMATE')
"""
SORN_OURS = """
from helpers.modular.learning import STDP, Normalisation
class Cells(Behaviour):
    def set_variables(self, n):
        n.v, n.spike = n.vector(), n.vector(bool)
    def new_iteration(self, n):
        n.spike = n.v > 0.5
        n.v[n.spike] = 0
        n.v *= 0.9
class Input(Behaviour):
    def set_variables(self, n):
        for s in n.synapses(afferent, 'GLUTAMATE'):
            s.W = s.matrix('uniform', density=0.1, sparse='event')
    def new_iteration(self, n):
        n.v += n.vector('uniform', density=0.01)
        for s in n.synapses(afferent, 'GLUTAMATE'):
            n.v += s.W.dot(s.src.spike) * (10 / n.size)
class Homeostasis(Behaviour):
    def set_variables(self, n):
        n.exhaustion = n.vector()
    def new_iteration(self, n):
        n.exhaustion += 0.001 * (n.v - 0.05)
        n.v -= n.exhaustion
net = Network(seed=1)
cells = NeuronGroup(net=net, tag='cells', size={n}, behaviour={{1: Cells(), 2: Input(), 3: Homeostasis(), 4: STDP(),
    5: Normalisation(){recorders}}})
SynapseGroup(net=net, src=cells, dst=cells, tag='GLUTAMATE')
"""
RECORDERS = ", 9: Recorder(['v', 'np.mean(v)']), 10: EventRecorder(variables=['spike'])"
SORN_NEW = """
import numpy as np
class Cells(Behavior):
    def initialize(self, n):
        n.v, n.spike = n.vector(), n.vector()
    def iteration(self, n):
        fired = n.v > 0.5
        n.spike = fired.astype(n.v.dtype)
        n.v[fired] = 0
        n.v *= 0.9
class Input(Behavior):
    def initialize(self, n):
        for s in n.synapses(afferent, 'GLUTAMATE'):
            s.W = s.matrix('uniform', density=0.1)
            s.exists = s.W > 0
    def iteration(self, n):
        n.v += n.vector('uniform', density=0.01)
        for s in n.synapses(afferent, 'GLUTAMATE'):
            n.v += 10 * s.W.dot(s.src.spike) / n.size
class Homeostasis(Behavior):
    def initialize(self, n):
        n.exhaustion = n.vector()
    def iteration(self, n):
        n.exhaustion += 0.001 * (n.v - 0.05)
        n.v -= n.exhaustion
class STDP(Behavior):
    def initialize(self, n):
        n.spike_old = n.vector()
    def iteration(self, n):
        for s in n.synapses(afferent, 'GLUTAMATE'):
            post, pre = s.dst.spike[:, None], s.src.spike[None, :]
            dw = post * s.src.spike_old[None, :] - s.dst.spike_old[:, None] * pre + post * pre
            s.W = np.clip(s.W + 0.00015 * dw * s.exists, 0, 10)
        n.spike_old = n.spike.copy()
class Normalisation(Behavior):
    def initialize(self, n):
        self.iteration(n)
    def iteration(self, n):
        for s in n.synapses(afferent, 'GLUTAMATE'):
            sums = s.W.sum(axis=1)
            s.W *= (10 / np.where(sums > 0, sums, 10))[:, None]
net = Network(settings={{'dtype': float32}}) if 'float32' in dir() else Network()
cells = NeuronGroup(net=net, tag='cells', size={n}, behavior={{1: Cells(), 2: Input(), 3: Homeostasis(), 4: STDP(),
    5: Normalisation()}})
SynapseGroup(net=net, src=cells, dst=cells, tag='GLUTAMATE')
"""
# what the example of the public repository computes: three outer products, |W| summed, a new W twice an iteration
SORN_PUBLISHED = """
class Cells(Behavior):
    def initialize(self, n):
        n.v = n.vector()
    def iteration(self, n):
        fired = n.v > 0.5
        n.spike = fired.astype(n.def_dtype)
        n.v[fired] = 0.0
        n.v *= 0.9
        n.v += n.vector('uniform', density=0.01)
class Input(Behavior):
    def initialize(self, n):
        for s in n.synapses(afferent, 'GLUTAMATE'):
            s.W = s.matrix('uniform', density=0.1)
            s.exists = s.W > 0
    def iteration(self, n):
        for s in n.synapses(afferent, 'GLUTAMATE'):
            n.v += s.W.dot(s.src.spike) / s.src.size * 10
class Homeostasis(Behavior):
    def initialize(self, n):
        n.exhaustion = n.vector()
    def iteration(self, n):
        above, below = (n.v > 0.05).astype(n.def_dtype), (n.v < 0.05).astype(n.def_dtype)
        n.exhaustion += 0.001 * (above * (n.v - 0.05) + below * (n.v - 0.05))
        n.v -= n.exhaustion
class STDP(Behavior):
    def initialize(self, n):
        n.spike_old = n.vector()
    def iteration(self, n):
        for s in n.synapses(afferent, 'GLUTAMATE'):
            causal = s.dst.spike[:, None] * s.src.spike_old[None, :]
            acausal = s.dst.spike_old[:, None] * s.src.spike[None, :]
            together = s.dst.spike[:, None] * s.src.spike[None, :]
            s.W = np.clip(s.W + 0.00015 * (causal - acausal + together) * s.exists, 0.0, 10.0)
        n.spike_old = n.spike.copy()
class Normalisation(Behavior):
    def initialize(self, n):
        n.sums = n.vector()
    def iteration(self, n):
        n.sums *= 0.0
        for s in n.synapses(afferent, 'GLUTAMATE'):
            n.sums += np.abs(s.W).sum(axis=1)
        n.sums /= 10
        for s in n.synapses(afferent, 'GLUTAMATE'):
            s.W = s.W / (n.sums[:, None] + (n.sums[:, None] == 0))
net = Network()
cells = NeuronGroup(net=net, tag='cells', size={n}, behavior={{1: Cells(), 2: Input(), 3: Homeostasis(), 4: STDP(),
    5: Normalisation(){recorders}}})
SynapseGroup(net=net, src=cells, dst=cells, tag='GLUTAMATE')
"""
BRIAN2 = r"""
import brian2, json, time
brian2.BrianLogger.log_level_error()
brian2.prefs.codegen.target = 'cython'
brian2.defaultclock.dt = 1 * brian2.ms
equations = 'v : 1\nexhaustion : 1\nspike : 1\nold : 1\ntotal : 1'
cells = brian2.NeuronGroup({n}, equations, threshold='v > 0.5', reset='v = 0')
w = brian2.Synapses(cells, cells, 'w : 1\ntotal_post = w : 1 (summed)', on_pre='v_post += 10 * w / {n}')
w.connect(p=0.1)
w.w = 'rand()'
cells.run_regularly('old = spike\nspike = int(v > 0.5)', when='before_thresholds')
cells.run_regularly('u = rand()\nv = 0.9 * v + 100 * u * int(u < 0.01)', when='after_resets', order=0)
w.pre.when, w.pre.order = 'after_resets', 1
cells.run_regularly('exhaustion += 0.001 * (v - 0.05)\nv -= exhaustion', when='after_resets', order=2)
change = '0.00015 * (spike_post * old_pre - old_post * spike_pre + spike_post * spike_pre)'
w.run_regularly('w = clip(w + ' + change + ', 0, 10)', when='after_resets', order=3)
w.summed_updaters['total_post'].when, w.summed_updaters['total_post'].order = 'after_resets', 4
w.run_regularly('w *= 10 / total_post', when='after_resets', order=5)
net = brian2.Network(cells, w)
net.run(20 * brian2.ms)
costs = []
for _ in range(3):
    start = time.process_time()
    net.run({blocks} * 100 * brian2.ms)
    costs.append(time.process_time() - start)
print(json.dumps(dict(cpu_s=min(costs), costs=costs, peak_mb=peak_mb())))
"""
TIMING = """
import contextlib, io, json, time
with contextlib.redirect_stdout(io.StringIO()):
    net.initialize(info=False)
    for _ in range(20):
        net.simulate_iteration()
    costs = []
    for _ in range(3):
        start = time.process_time()
        for _ in range({blocks}):
            net.simulate_iterations(100)
        costs.append(time.process_time() - start)
print(json.dumps(dict(cpu_s=min(costs), costs=costs, peak_mb=peak_mb())))
"""


def timed(version, text, n, blocks, sparse="", recorders=""):
    """Return the CPU seconds of 100 `blocks` iterations and the peak memory."""
    text += "" if text is BRIAN2 else TIMING
    sparse = f", sparse={sparse}" if sparse else ""
    text = text.format(n=n, sparse=sparse, recorders=recorders, blocks=blocks)
    return SimpleNamespace(**json.loads(run_text(version, text).splitlines()[-1]))


# what, text of ours, storage, text of the peer, version, N, blocks of 100 iterations, least ratio
CASES = [
    ("program E", PROGRAM_E, "", 100, 50, 1.0),
    ("program E", PROGRAM_E, "", 1000, 10, None),
    ("program E", PROGRAM_E, "True", 1000, 10, None),
    ("program E", PROGRAM_E, "", 5000, 4, None),
    ("program E", PROGRAM_E, "True", 5000, 4, 2.3),
    ("spiking", SPIKING, "", 100, 50, 1.0),
    ("spiking", SPIKING, "'event'", 1000, 10, None),
    ("spiking", SPIKING, "'event'", 5000, 4, 40.0),
]
STORAGE = {"": "dense", "True": "CSR", "'event'": "event-driven"}


def sparse_draw(quick):
    """Draw a million synapses between 10,000 cells."""
    from helpers.modular import Network, NeuronGroup, SynapseGroup

    cells = NeuronGroup(Network(seed=1), 10_000)
    synapse = SynapseGroup(cells.network, cells, cells)
    return lambda: len(synapse.get_random_synapse_mat(0.01, sparse="event").weights)


def rows(measure, quick):
    """Return the lines of the table; the peers need their own Python."""
    drawn = measure("bench_modular", "sparse_draw", repeats=3, quick=quick)
    passed, target = drawn.cpu_s < 0.3 and drawn.peak_mb < 150, "< 0.3 s, < 150 MB"
    line = row("weights of 10,000 cells at 1 %, event-driven, drawn", drawn, target=target, passed=passed)
    return [line, *_core_rows(quick), *_sorn_rows(quick)]


def _core_rows(quick):
    peers = {}
    for what, text, sparse, n, blocks, least in CASES:
        blocks = max(1, blocks // 4) if quick else blocks
        ours = timed(None, text + SYNAPSES, n, blocks, sparse)
        peer = peers.get((what, n)) or timed("0.9.6", text + SYNAPSES, n, blocks)
        peers[what, n] = peer
        yield _line(f"{what}, N = {n}, {STORAGE[sparse]}, {100 * blocks} iterations", ours, "0.9.6", peer, least)


# N, blocks of 100 iterations of ours and of a peer, least ratio to the example, and to our own rewriting of it
SORN_CASES = [(100, 40, 10, 1.0, 1.0), (1000, 40, 1, 300.0, 60.0)]


def _sorn_rows(quick):
    for n, many, few, least_example, least_rewriting in SORN_CASES:
        many = many // 4 if quick else many
        plain, recorded = timed(None, SORN_OURS, n, many), timed(None, SORN_OURS, n, many, recorders=RECORDERS)
        example = timed("3.0.6", SORN_PUBLISHED, n, few)
        with_recorders = timed("3.0.6", SORN_PUBLISHED, n, few, recorders=RECORDERS)
        for name, ours, peer, least in (
            ("3.0.6, as published, without its recorders", plain, example, least_example),
            ("3.0.6, as published, all recorded", recorded, with_recorders, None),
            ("3.0.6, rewritten", plain, timed("3.0.6", SORN_NEW, n, few), least_rewriting),
            ("Brian2, cython", plain, timed(None, BRIAN2, n, few), None),
        ):
            costs = [cost * few / many for cost in ours.costs]
            ours = SimpleNamespace(cpu_s=min(costs), costs=costs, peak_mb=ours.peak_mb)
            yield _line(f"SORN-like, N = {n}, event-driven, {100 * few} iterations", ours, name, peer, least)


def _line(what, ours, version, peer, least):
    passed = None if least is None else peer.cpu_s / ours.cpu_s >= least
    target = "" if least is None else f">= {least:g} x"
    against = version if version.startswith("Brian2") else f"PymoNNto {version}"
    return row(what, ours, against=against, peer=peer, target=target, passed=passed)
