"""The modular core against PymoNNto 0.9.6 and 3.0.6, each in an environment of its own, all in the same run.

Program E (the README's, recorded) and the spiking workload (leak .9, threshold .5, no recorder) are one text for both
sides, import line and storage apart. The SORN-like program of 3.0.6 is written with its API: outer products, clip and
sums over the whole matrix. Times are those of the iterations, best of three blocks, after initialisation.
"""

import json
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from tests.benchmarks.run import ONE_THREAD, ROOT, row

NEEDS = {"0.9.6": ("imageio", "matplotlib"), "3.0.6": ("imageio", "matplotlib", "scipy")}
IMPORTS = {None: "helpers.modular", "0.9.6": "PymoNNto", "3.0.6": "PymoNNto"}


class Offline(RuntimeError):
    """The package index could not be reached, or does not hold the package."""


def environment(version):
    """Return the Python of an environment with that PymoNNto, made once in the folder for temporary files."""
    folder = Path(tempfile.gettempdir()) / f"pymonnto-{version}-{sys.version_info.major}{sys.version_info.minor}"
    python = folder / "bin" / "python"
    if not (folder / "ready").exists():
        venv.create(folder, with_pip=True, clear=True)
        for packages in (("--no-deps", f"PymoNNto=={version}"), (f"numpy=={np.__version__}", *NEEDS[version])):
            _install(python, packages)
        (folder / "ready").touch()
    return python


def _install(python, packages):
    command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise Offline((done.stderr.strip().splitlines() or ["no message"])[-1])


def run_text(version, text):
    """Run a program under a version of PymoNNto, or ours (None), in an empty folder; return what it prints."""
    python = environment(version) if version else sys.executable
    env = {**os.environ, **ONE_THREAD, "MPLBACKEND": "agg", "PYTHONPATH": "" if version else str(ROOT)}
    with tempfile.TemporaryDirectory() as folder:
        full = f"from {IMPORTS[version]} import *\n{text}"
        done = subprocess.run([python, "-c", full], cwd=folder, env=env, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError((done.stderr.strip().splitlines() or ["no message"])[-1])
    return done.stdout


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
from helpers.modular.learning import sorn_like
net = sorn_like({n}, seed=1)
"""
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
TIMING = """
import contextlib, io, json, resource, time
with contextlib.redirect_stdout(io.StringIO()):
    net.initialize(info=False)
    for _ in range(20):
        net.simulate_iteration()
    best = float('inf')
    for _ in range(3):
        start = time.process_time()
        for _ in range({blocks}):
            net.simulate_iterations(100)
        best = min(best, time.process_time() - start)
print(json.dumps(dict(cpu_s=best, peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)))
"""


def timed(version, text, n, blocks, sparse=""):
    """Return the CPU seconds of 100 `blocks` iterations and the peak memory."""
    text = text.format(n=n, sparse=f", sparse={sparse}" if sparse else "") + TIMING.format(blocks=blocks)
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


def rows(measure, quick):
    """Return the lines of the table; `measure` is not used, as the peers need their own Python."""
    return [*_core_rows(quick), *_sorn_rows(quick)]


def _core_rows(quick):
    peers = {}
    for what, text, sparse, n, blocks, least in CASES:
        blocks = max(1, blocks // 4) if quick else blocks
        ours = timed(None, text + SYNAPSES, n, blocks, sparse)
        peer = peers.get((what, n)) or timed("0.9.6", text + SYNAPSES, n, blocks)
        peers[what, n] = peer
        yield _line(f"{what}, N = {n}, {STORAGE[sparse]}, {100 * blocks} iterations", ours, "0.9.6", peer, least)


def _sorn_rows(quick):
    for n, least in ((100, 1.0), (1000, 50.0)):
        blocks = (1 if quick else 4) * (10 if n == 100 else 1)
        ours, peer = timed(None, SORN_OURS, n, blocks), timed("3.0.6", SORN_NEW, n, blocks)
        yield _line(f"SORN-like, N = {n}, event-driven, {100 * blocks} iterations", ours, "3.0.6", peer, least)


def _line(what, ours, version, peer, least):
    passed = None if least is None else peer.cpu_s / ours.cpu_s >= least
    target = "" if least is None else f">= {least:g} x"
    return row(what, ours, against=f"PymoNNto {version}", peer=peer, target=target, passed=passed)
