"""PymoNNto 0.9.6 as oracle, in an environment of its own: the README programs and the order of execution."""

import json

import numpy as np
import pytest

from tests.benchmarks.bench_modular import PROGRAM_E, SYNAPSES, published, run_text
from tests.benchmarks.run import Offline

VERSION = "0.9.6"
RUN = """
net.initialize()
net.simulate_iterations(1000)
import hashlib, json
samples, mean = np.array(net['n.activity', 0]), np.array(net['np.mean(n.activity)', 0])
print(json.dumps([hashlib.sha256(samples.tobytes()).hexdigest(), samples.shape, [float(x).hex() for x in mean]]))
"""
ORDER_AND_GRIDS = """
log = []
class Logged(Behaviour):
    def set_variables(self, parent):
        self.name = self.get_init_attr('name', '')
        log.append('init ' + self.name)
    def new_iteration(self, parent):
        log.append(self.name)
net = Network(behaviour={1: Logged(name='net1')})
a = NeuronGroup(net=net, size=3, behaviour={k: Logged(name=f'A{k}') for k in (2, 1, 0.5)}, tag='A')
SynapseGroup(net=net, src=a, dst=a, tag='S', behaviour={1: Logged(name='S1')})
NeuronGroup(net=net, size=2, behaviour={k: Logged(name=f'B{k}') for k in (1, 2)}, tag='A')
net.initialize()
net.simulate_iterations(2)
names = [group.tags[0] for group in net.NeuronGroups]
cells = [NeuronGroup(net=Network(), size=get_squared_dim(n), behaviour={}) for n in (100, 12, 10, 7, 99)]
cells.append(NeuronGroup(net=Network(), size=NeuronDimension(width=2, height=2, depth=2), behaviour={}))
places = [[float(v) for axis in (c.x, c.y, c.z) for v in axis] for c in cells]
import json
print(json.dumps([log, names, places]))
"""


@pytest.fixture(scope="module", autouse=True)
def installed():
    try:
        published(VERSION)
    except Offline as failure:
        pytest.skip(f"PymoNNto {VERSION} could not be installed, the package index is out of reach: {failure}")


def both(text, ours=None):
    """Return the last line that each side prints, read as JSON."""
    return [json.loads(run_text(v, t).splitlines()[-1]) for v, t in ((None, ours or text), (VERSION, text))]


def test_the_readme_program_is_bit_identical():
    text = "import numpy\nnumpy.random.seed(42)\n" + PROGRAM_E.format(n=100, sparse="") + SYNAPSES + RUN
    ours, theirs = both(text, text.replace("Network()", "Network(seed='legacy')"))
    assert ours[1] == theirs[1] == [1000, 100]
    assert ours == theirs
    assert np.isfinite([float.fromhex(x) for x in ours[2]]).all()


def test_the_order_of_execution_the_renamed_tag_and_the_grids():
    ours, theirs = both(ORDER_AND_GRIDS)
    assert ours == theirs
    assert ours[0][7:14] == ["A0.5", "net1", "A1", "B1", "S1", "A2", "B2"]
