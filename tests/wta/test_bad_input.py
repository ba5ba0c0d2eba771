"""What is refused is one line and changes nothing: networks, inputs, recorders, the loop, measures, figures."""

import copy
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.figure import Figure

from helpers import wta
from helpers.parameters import ParameterError
from helpers.wta import InputGenerator, Network, Recorder, figures, kernel, measures

NONE = np.empty(0, int)


def small(**options):
    return Network(**{"grid_shape": (3, 2), "n_inputs": 10, "n_conn": 20, "seed": 1, **options})


@pytest.fixture(scope="module")
def result():
    """A test of 600 ms with one presentation, of another network."""
    net = small(k_min=2, k_max=2)
    inputs = InputGenerator(net, n_patterns=1, t_pattern=100, t_noise_range=(300, 300), seed=1)
    return wta.measure_network(net, inpgen=inputs, t_sim=600)


@pytest.fixture
def bench(result):
    """Objects that have not run: a network with frozen neurons `nc`, an input of two patterns and a recorder."""
    net = small()
    inputs, recorder = InputGenerator(net, n_patterns=2, t_pattern=100, seed=1), Recorder(net, create_plot=False)
    wta.disable_stdp(net)
    return SimpleNamespace(net=net, nc=net.neuron_collection, inputs=inputs, rec=recorder, result=result)


def make(b, **options):
    return InputGenerator(b.net, **options)


def run(b, n_steps=10, **options):
    return kernel.run(b.net, **dict(input_step=NONE, input_channel=NONE, n_steps=n_steps) | options)


def axes(n):
    return Figure().subplots(n)


REFUSED = {
    # networks and their neurons
    "stp = 'fast'": lambda b: setattr(b.net, "stp", "fast"),
    "n_conn is fixed once the network is built": lambda b: b.net.set(eta0=0.2, n_conn=3),
    "grid_shape is ": lambda b: setattr(b.net, "grid_shape", (2, 2)),
    "k is ": lambda b: setattr(b.net, "k", 3),
    "time_ms is ": lambda b: setattr(b.net, "time_ms", 3),
    "seed is ": lambda b: setattr(b.net, "seed", 3),
    "use_stdp = 'no' is not a switch": lambda b: b.net.set(eta0=0.2, use_stdp="no"),
    "tau_m = 0.1 is out of range": lambda b: b.nc.set(eta=0.2, tau_m=0.1),
    "V_m of neurons cannot be set; what can: eta": lambda b: b.nc.set({"use_stdp": True, "V_m": 0}),
    "use_stdp has 2 values": lambda b: b.nc.set(use_stdp=[True, False]),
    "tau_m is the same for all neurons": lambda b: setattr(b.nc[:2], "tau_m", 10),
    "typo is not an attribute of a neuron": lambda b: b.nc.get("typo"),
    "other = [^\n]*same network": lambda b: b.nc + small().get_node_collections(),
    "nc is a list": lambda b: wta.enable_stdp([0, 1]),
    "links joins a circuit to itself, ": lambda b: b.net.link([[0, 0]]),
    "links joins .* or two circuits twice": lambda b: b.net.link([[0, 1], [0, 1]]),
    "links goes up to 6": lambda b: b.net.link([[0, 6]]),
    "links .* integer": lambda b: b.net.link([[0.6, 1.9]]),
    "k .* integer": lambda b: b.net.place([1.9, 2.9, 3.5, 1.2, 1, 1]),
    "k has shape": lambda b: b.net.place([1] * 5),
    "k goes down to 0": lambda b: b.net.place([0] * 6),
    "k_min = 5 is above k_max = 4": lambda b: small(k_min=5, k_max=4),
    "grid_shape = ": lambda b: small(grid_shape=(1, 2, 3)),
    "number of circuits[^\n]*5000": lambda b: small(grid_shape=(300, 300)),
    "n_conn = 5 pairs are not": lambda b: small(grid_shape=(3, 1), n_conn=5, connectivity="orig", lam=50.0),
    # inputs
    "pattern in pattern_sequences = 3 is out of range": lambda b: make(b, pattern_sequences=[[0, 3]]),
    r"pattern_sequences, .* = \[\] is not a list": lambda b: make(b, pattern_sequences=[[], [1]]),
    "t_pattern has 1 values": lambda b: make(b, n_patterns=2, t_pattern=[300.0]),
    "t_pattern belongs to the frozen patterns": lambda b: b.inputs.set(t_pattern=200),
    "n_patterns belongs to the frozen patterns": lambda b: setattr(b.inputs, "n_patterns", 3),
    "schedule ": lambda b: setattr(b.inputs, "schedule", 3),
    r"t_noise_range = \[500.0, 100.0\]": lambda b: b.inputs.set(r_noise=7, t_noise_range=[500, 100]),
    r"time_warp = \[0.0, 2.0\]": lambda b: b.inputs.set(time_warp=(0, 2)),
    r"probabilities = \(1.0, 1.0, 1.0\)": lambda b: b.inputs.set(probabilities=[1, 1, 1]),
    r"probabilities = \(0.0, 0.0\)": lambda b: b.inputs.set(probabilities=[0, 0]),
    "time_ms of pattern_0 goes up to 100": lambda b: b.inputs.set_patterns([([100], [0]), ([], [])]),
    "channel of pattern_0 goes up to 10": lambda b: b.inputs.set_patterns([([5], [10]), ([], [])]),
    "patterns has 1 entries; allowed: n_patterns = 2": lambda b: b.inputs.set_patterns([([], [])]),
    "a pattern lists the spikes of 9 channels": lambda b: b.inputs.set_patterns([[[1]] * 9, [[]] * 10]),
    "t_origin = -inf": lambda b: b.inputs.generate_input(100, t_origin=-np.inf),
    # runs
    "inpgen = None is no input": lambda b: b.rec.run_network(t_sim=1000),
    "inpgen has 10 channels": lambda b: Recorder(small(n_inputs=3)).test(b.inputs, 1000),
    "dt_rec = 1 would keep .* GB": lambda b: b.rec.test(b.inputs, 1e8, dt_rec=1),
    "result is missing and nothing was run": lambda b: b.rec.get_order(),
    "id_list .* another network": lambda b: b.rec.run_network(small().neuron_collection, inpgen=b.inputs),
    "train = 'yes' is not a switch": lambda b: b.rec.run_network(inpgen=b.inputs, train="yes"),
    "create_plot = 1 is not a switch": lambda b: b.rec.set(keep_ms=77, create_plot=1),
    "typo is not an option": lambda b: b.rec.set(typo=1),
    "result is not an option": lambda b: setattr(b.rec, "result", 3),
    "id_list is empty": lambda b: b.rec.set(id_list=[]),
    "n_steps = 0": lambda b: run(b, 0),
    "input_step is not ordered": lambda b: run(b, input_step=np.array([5, 3]), input_channel=np.array([0, 0])),
    "input_step .* within .0, 10.;": lambda b: run(b, input_step=np.array([10]), input_channel=np.array([0])),
    "input_step .* cut it to the run": lambda b: run(b, input_step=np.array([-1]), input_channel=np.array([0])),
    "input_channel goes up to 10": lambda b: run(b, input_step=np.array([1]), input_channel=np.array([10])),
    "forced_spikes has shape": lambda b: run(b, forced_spikes=np.zeros((9, 2))),
    "random has shape": lambda b: run(b, random=np.zeros(3)),
    # measures and figures
    "result.rate_hz is None": lambda b: measures.assemblies(replace(b.result, rate_hz=None)),
    "pattern = 1 has no complete presentation; present: .0.": lambda b: measures.assemblies(b.result, 1),
    "result holds no complete": lambda b: measures.assemblies(replace(b.result, phases=b.result.phases.shown(-1))),
    "items holds 'a'; give Assemblies": lambda b: measures.overlap(["a", "b"]),
    "ids = .* names no neuron; allowed: 0 to 11": lambda b: figures.plot_run(axes(2), b.result, ids=[99]),
    "results is empty": lambda b: figures.plot_history(axes(2), []),
    "axes is no list of 4 axes": lambda b: figures.plot_history(axes(3), [b.result]),
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_is_refused_changes_nothing(message, bench):
    objects = bench.net, bench.inputs, bench.rec
    before, state = [vars(one).copy() for one in objects], copy.deepcopy((bench.net.state, bench.net.rng))
    with pytest.raises(ParameterError, match=rf"^{message}[^\n]*$"):
        REFUSED[message](bench)
    assert [vars(one) for one in objects] == before
    np.testing.assert_equal(bench.net.state, state[0])
    assert bench.net.rng.random() == state[1].random()
