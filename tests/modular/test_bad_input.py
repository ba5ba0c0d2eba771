"""Whatever is wrong is said in one line, at once, and changes nothing."""

import time
import warnings

import numpy as np
import pytest
from scipy.sparse import csc_array

from helpers import modular
from helpers.modular import Network, NeuronDimension, NeuronGroup, Recorder, SynapseGroup, draws, learning
from helpers.modular.synapses import EventWeights, stored
from helpers.modular.tags import Behaviour
from helpers.parameters import HelpersError, ParameterError


def net_and_cells():
    net = Network(seed=0)
    return net, NeuronGroup(net, 3, tag="cells")


def started(net, cells, behaviour):
    cells.add_behaviour(1, behaviour)
    net.initialize()


# an action on a network and its group of 3 cells, and words of its error
CASES = {
    "size": (lambda n, c: NeuronGroup(n, 0), "size = 0 .*from 1"),
    "group without network": (lambda n, c: NeuronGroup(None, 3), "net = None is not a Network"),
    "unknown src": (lambda n, c: SynapseGroup(n, "cell", c), "src = 'cell' .* known: cells, NeuronGroup"),
    "partition": (lambda n, c: SynapseGroup(n, c, c, partition=True), "partition = True is not supported"),
    "negative key": (lambda n, c: NeuronGroup(n, 3, {-1: Behaviour()}), "key = -1"),
    "text as key": (lambda n, c: NeuronGroup(n, 3, {"1": Behaviour()}), "key = '1'"),
    "nan as key": (lambda n, c: NeuronGroup(n, 3, {float("nan"): Behaviour()}), "key = nan"),
    "taken key": (lambda n, c: c.add_behaviour(1, Behaviour()) and c.add_behaviour(1, Behaviour()), "key = 1 is taken"),
    "class, not object": (lambda n, c: NeuronGroup(n, 3, {1: Behaviour}), "give an object"),
    "no dictionary": (lambda n, c: NeuronGroup(n, 3, 7), "is not a dictionary"),
    "both spellings": (lambda n, c: NeuronGroup(n, 3, {}, behavior={}), "one argument in two spellings"),
    "tag that is a number": (lambda n, c: NeuronGroup(n, 3, tag=5), "tag = 5 is not text"),
    "network dtype": (lambda n, c: Network(dtype=int), "float64 or float32"),
    "setting": (lambda n, c: Network(settings={"syn_dim": "SxD"}), "setting = 'syn_dim' is unknown; .*: dtype"),
    "width": (lambda n, c: NeuronDimension(width=0), "width = 0"),
    "group size beside a grid": (lambda n, c: NeuronGroup(n, 3, {0: NeuronDimension(2)}), "size = 3 .*not 2 x 1 x 1"),
    "scale of another shape": (lambda n, c: c.vector("uniform", [1, 2]), "scale .*one for each of \\(3,\\)"),
    "scale that is text": (lambda n, c: c.vector("uniform", "2"), "scale is not an array of numbers"),
    "mode of None": (lambda n, c: c.vector(None), "mode = None cannot be drawn"),
    "draw that is not known": (lambda n, c: Behaviour(a="uniform_gap(1, 2)").parameter("a", 0, c), "cannot be drawn"),
    "density of 2": (lambda n, c: c.get_random_neuron_vec(density=2.0), "density goes up to 2"),
    "densities": (lambda n, c: c.get_random_neuron_vec(density=[0.5, 0.5]), "density has 2 entries"),
    "mask of halves": (lambda n, c: c.subGroup([1, 0.5, 0]), "mask holds 0.5; allowed: True and False"),
    "connectivity of True": (lambda n, c: SynapseGroup(n, c, c, connectivity=True), "= True is not a number"),
    "connectivity of nan": (lambda n, c: SynapseGroup(n, c, c, connectivity="np.nan"), "'np.nan' .* NaN"),
    "unknown name": (lambda n, c: SynapseGroup(n, c, c, connectivity="s_ids > 1"), "known: np, s_id, d_id"),
    "size as a variable": (lambda n, c: Behaviour(size=7).set_parameters_as_variables(c), "size of .*choose another"),
    "expression": (lambda n, c: Recorder(["n.activity +"]), "no recordable expression"),
    "functions of one name": (lambda n, c: Recorder([lambda n: 1, lambda n: 2]), "'<lambda>' is the name of two"),
    "gapwidth": (lambda n, c: started(n, c, Recorder(["n.v"], gapwidth=-1)), "gapwidth = -1"),
    "max_length": (lambda n, c: Recorder(["n.v"], max_length=0), "max_length = 0"),
    "complex source": (lambda n, c: EventWeights(np.eye(2)).dot([1j, 0]), "source is not an array of numbers"),
    "source": (lambda n, c: EventWeights(np.eye(2)).dot(np.ones(3)), "source has shape \\(3,\\)"),
    "storage": (lambda n, c: stored(np.eye(2), "csr"), "sparse = 'csr' is unknown"),
    "weights with nan": (lambda n, c: EventWeights([[np.nan]]), "NaN"),
    "direction": (lambda n, c: c.synapses("sideways"), "direction = 'sideways'"),
    "unknown behaviour": (lambda n, c: c.deactivate("STDP"), "matches 'STDP'; known: none"),
    "lookup with more": (lambda n, c: n["x", 0, "list"], "not a lookup"),
    "rate of learning": (lambda n, c: started(n, c, learning.STDP(eta="fast")), "eta = 'fast' is not a number"),
    "bounds of weights": (lambda n, c: started(n, c, learning.STDP(low=2, high=1)), "high = 1 .*a number in \\[2"),
}


@pytest.mark.parametrize("case", CASES)
def test_one_line(case):
    action, words = CASES[case]
    net, cells = net_and_cells()
    with pytest.raises(HelpersError, match=words) as caught:
        action(net, cells)
    assert "\n" not in str(caught.value)
    assert net.NeuronGroups == [cells] and net.SynapseGroups == [] and net.iteration == 0


def test_simulating_before_initialize():
    net, cells = net_and_cells()
    for tag in ("late", "later"):
        with pytest.raises(RuntimeError, match="call initialize"):
            net.simulate_iterations(3)
        net.initialize()
        NeuronGroup(net, 2, tag=tag)
    assert net.iteration == cells.iteration == 0


def test_wrong_shape_of_w():
    net, cells = net_and_cells()
    SynapseGroup(net, cells, NeuronGroup(net, 2, tag="two")).W = np.zeros((3, 2))
    with pytest.raises(ParameterError, match=r"W of .* has shape .*allowed: .*\(2, 3\)"):
        net.initialize()


def test_an_expression_that_fails_names_what_there_is():
    net, cells = net_and_cells()
    cells.activity = np.zeros(3)
    started(net, cells, Recorder(["n.activty"]))
    with pytest.raises(ParameterError, match=r"'n.activty' .*AttributeError.*known: .*activity") as caught:
        net.simulate_iterations(1)
    assert isinstance(caught.value.__cause__, AttributeError)


def test_unread_keywords_warn_with_the_known_ones():
    net, cells = net_and_cells()
    with pytest.warns(UserWarning, match="Normalisation: .* totle are never read; known: synapses, total"):
        started(net, cells, learning.Normalisation(totle=1, synapses="All"))
    with pytest.warns(UserWarning, match="gap are never read; known: gapwidth, max_length"):
        cells.add_behaviour(2, modular.EventRecorder("v", gap=3))
    NeuronGroup(net, 1, tag="cells")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        net.initialize(warnings=False)


def test_a_behaviour_belongs_to_one_place():
    net, cells = net_and_cells()
    item, grid = Behaviour(tag="leak"), NeuronDimension(4)
    cells.add_behaviour(1, item)
    NeuronGroup(net, grid, tag="second")
    owned = "<Behaviour 'leak', 'Behaviour'> at key 2 already belongs to <NeuronGroup 'cells'.*make one behaviour"
    for words, share in (
        (owned, lambda: SynapseGroup(net, cells, cells, behaviour={2: item})),
        (owned, lambda: cells.add_behaviour(2, item)),
        ("belongs to <NeuronGroup 'second'", lambda: NeuronGroup(net, grid)),
        ("stands at another key", lambda: NeuronGroup(net, 2, [other := Behaviour(), other])),
    ):
        with pytest.raises(ParameterError, match=words):
            share()
    assert len(net.NeuronGroups) == 2 and net.SynapseGroups == []
    cells.remove_behaviour(item)
    with pytest.raises(ParameterError):
        NeuronGroup(net, 0, {1: item})
    assert NeuronGroup(net, 2, {2: item}).behaviour[2] is item, "removed, or of a group that failed, it is free"


@pytest.mark.parametrize("early", [False, True])
def test_a_behaviour_that_fails_when_added_leaves_nothing_behind(early):
    class Broken(Behaviour):
        run_on_init = early

        def set_variables(self, neurons):
            neurons.v, neurons.size = np.zeros(3), 4
            neurons.network.late = neurons.network.NeuronGroups[1].late = 1
            raise ZeroDivisionError

    net, cells = net_and_cells()
    other = NeuronGroup(net, 2, tag="other")
    net.initialize()
    before, broken = [dict(vars(parent)) for parent in (net, cells, other)], Broken()
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            cells.add_behaviour(1, broken)
    assert [vars(parent) for parent in (net, cells, other)] == before
    net.simulate_iteration()


WEIGHTS = {
    "int": np.ones((3, 3), int),
    ">f8": np.ones((3, 3), ">f8"),
    "csc": csc_array(np.ones((3, 3))),
    "rows": np.ones((3, 3)).tolist(),
    "backwards": np.ones((3, 3))[:, ::-1],
    "read-only": np.broadcast_to(1.0, (3, 3)).copy(),
}
WEIGHTS["read-only"].setflags(write=False)


@pytest.mark.parametrize("kind", WEIGHTS)
def test_weights_that_learning_would_round_or_mistake_are_refused(kind):
    net, cells = net_and_cells()
    SynapseGroup(net, cells, cells, "GLUTAMATE").W = WEIGHTS[kind]
    with pytest.raises(ParameterError, match=r"^W.*allowed: numpy.ascont") as caught:
        started(net, cells, learning.Normalisation())
    assert "\n" not in str(caught.value)


# --- modes, which are a small language of their own

MODES = {
    "normal(3, 0.1) * 2": lambda rng: rng.normal(3, 0.1, 3) * 2,
    " uniform(low=-80, high=0)": lambda rng: rng.uniform(-80, 0, 3),
    "-gamma(2.0, scale=3) + 1": lambda rng: 1 - rng.gamma(2.0, 3, 3),
    "normal": lambda rng: rng.normal(size=3),
    **dict.fromkeys(("uniform", "random()", "rand", "rnd()", "uniform(0, 1)"), lambda rng: rng.random(3)),
    "2 ** -1 * ones() + 10 ** 3 % 7 // 2 - 1 / 3": lambda rng: 0.5 + 10**3 % 7 // 2 - 1 / 3 + np.zeros(3),
    "choice([-1, 1], p=(0.25, 0.75))": lambda rng: rng.choice([-1, 1], 3, p=[0.25, 0.75]),
    "integers(0, 2, endpoint=True)": lambda rng: rng.integers(0, 2, 3, endpoint=True),
    "normal(normal(0, 1), rand())": lambda rng: rng.normal(rng.normal(0, 1, 3), rng.random(3)),
    "np.exp(normal(-1, 0.5)) + np.pi": lambda rng: np.exp(rng.normal(-1, 0.5, 3)) + np.pi,
    "binomial(2 ** 4, 0.5)": lambda rng: rng.binomial(16, 0.5, 3),
}


@pytest.mark.parametrize("mode", MODES)
def test_a_mode_is_what_numpy_draws(mode):
    net, cells = net_and_cells()
    rng = np.random.default_rng(0)
    for _ in range(2):
        assert cells.vector(mode).tolist() == MODES[mode](rng).tolist()
    assert net.rng.random() == rng.random()
    assert draws.is_draw(mode) == ("(" in mode)


PROGRAMS = ["[normal(0) for normal in [np.f2py.os.system]]", "(lambda: normal(0))()", "normal(0).__class__"]
PROGRAMS += ["np.random.seed(1)", "np.fromfile(normal(0))", "normal(0)[0]", "normal(*[0])", "normal(**{'loc': 0})"]
PROGRAMS += ["normal('0')", "normal(size=10**9)", "normal(0) if 1 else 0", "(x := normal(0))", "normal(0); 1", "np(1)"]
PROGRAMS += ["normal(0) + __class__", "normal(0) << 60", "normal(1j)", "open(1)", "normal(0)\0", "f'{normal(0)}'"]
PROGRAMS += ["{normal(0)}", "not normal(0)", "(yield normal(0))", "__import__('os')", "(" * 400 + "normal(0)"]
PROGRAMS += ["normal(0)" + 1000 * " " + "+1"]
HUGE = "9" * 300
TOO_LARGE = ["9**9**9", "[9**300] ** [9**300]", f"[{HUGE}] ** [{HUGE}]", "np.maximum(ones(), 10**300) ** 10**300"]
TOO_LARGE += ["9**9*9**9*9**9 + ones()", "normal(10**9**9)", "-" * 990 + "normal(0)", "1+" * 480 + "normal(0)"]


@pytest.mark.parametrize("mode", PROGRAMS + TOO_LARGE)
def test_a_mode_is_never_a_program_and_takes_no_time(mode):
    cells, begun = net_and_cells()[1], time.perf_counter()
    with pytest.raises(ParameterError, match=r"^mode = .* cannot be drawn [^\n]*; give one like 'normal") as caught:
        cells.vector(mode)
    assert len(str(caught.value)) < 400 and time.perf_counter() - begun < 5
    if mode in PROGRAMS:
        assert not draws.is_draw(mode)
        assert Behaviour(a=mode).parameter("a", "", cells) == mode, "it stays text"
