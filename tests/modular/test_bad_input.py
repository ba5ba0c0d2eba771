"""Whatever is wrong is said in one line, at once, and changes nothing."""

import warnings

import numpy as np
import pytest
from scipy.sparse import coo_array, csc_array

from helpers.modular import (
    Behaviour,
    EventRecorder,
    Network,
    NeuronDimension,
    NeuronGroup,
    Recorder,
    SynapseGroup,
    get_squared_dim,
)
from helpers.modular.learning import STDP, Normalisation
from helpers.modular.synapses import EventWeights, stored
from helpers.parameters import BackendError, HelpersError, ParameterError


def net_and_cells():
    net = Network(seed=0)
    return net, NeuronGroup(net, 3, tag="cells")


def connected(net, cells, connectivity):
    grid = NeuronGroup(net, get_squared_dim(4))
    try:
        return SynapseGroup(net, grid, grid, connectivity=connectivity)
    finally:
        net.NeuronGroups.remove(grid)


def add_to_part(cells):
    try:
        cells.subGroup([1, 0, 1]).add_behaviour(1, Behaviour())
    except AttributeError as failure:
        raise ParameterError(str(failure)) from None


CASES = {
    "size of -1": (lambda n, c: NeuronGroup(n, -1), "size = -1 .*from 1"),
    "size of 0": (lambda n, c: NeuronGroup(n, 0), "size = 0"),
    "size of 2.5": (lambda n, c: NeuronGroup(n, 2.5), "size = 2.5 is not an integer"),
    "group without network": (lambda n, c: NeuronGroup(None, 3), "net = None is not a Network"),
    "synapses without network": (lambda n, c: SynapseGroup("net", c, c), "net = 'net' is not a Network"),
    "unknown src": (lambda n, c: SynapseGroup(n, "cell", c), "src = 'cell' .* known: cells, NeuronGroup"),
    "src of another network": (lambda n, c: SynapseGroup(n, net_and_cells()[1], c), "another network"),
    "negative key": (lambda n, c: NeuronGroup(n, 3, {-1: Behaviour()}), "key = -1"),
    "text as key": (lambda n, c: NeuronGroup(n, 3, {"1": Behaviour()}), "key = '1'"),
    "nan as key": (lambda n, c: NeuronGroup(n, 3, {float("nan"): Behaviour()}), "key = nan"),
    "class, not object": (lambda n, c: NeuronGroup(n, 3, {1: Behaviour}), "give an object"),
    "no behaviour": (lambda n, c: NeuronGroup(n, 3, {1: "x"}), "'x' at key 1 is not a behaviour"),
    "no dictionary": (lambda n, c: NeuronGroup(n, 3, 7), "is not a dictionary"),
    "tag that is no text": (lambda n, c: NeuronGroup(n, 3, tag=[1]), "tag"),
    "network dtype": (lambda n, c: Network(dtype=int), "float64 or float32"),
    "network seed": (lambda n, c: Network(seed=-3), "seed = -3"),
    "width": (lambda n, c: NeuronDimension(width=0), "width = 0"),
    "squared": (lambda n, c: get_squared_dim(-4), "n = -4"),
    "scale of another shape": (lambda n, c: c.vector("uniform", [1, 2]), "scale .*one for each of \\(3,\\)"),
    "scale of more dimensions": (lambda n, c: c.vector("uniform", np.ones((3, 3))), "scale .*one for each of"),
    "scale that is text": (lambda n, c: c.vector("uniform", "2"), "scale is not an array of numbers"),
    "mode of None": (lambda n, c: c.vector(None), "mode = None cannot be drawn"),
    "mask of halves": (lambda n, c: c.subGroup([1, 0.5, 0]), "mask holds 0.5; allowed: True and False"),
    "behaviour of a sub-group": (lambda n, c: add_to_part(c), "behaviours belong to the whole group"),
    "connectivity of True": (lambda n, c: connected(n, c, True), "connectivity = True is not a number"),
    "connectivity of -1": (lambda n, c: connected(n, c, -1), "connectivity = -1 is out of range"),
    "connectivity that is nan": (lambda n, c: connected(n, c, "np.nan"), "connectivity = 'np.nan' .* NaN"),
    "connectivity that is text": (lambda n, c: connected(n, c, "'x'"), "not an array of numbers"),
    "connectivity of a matrix": (lambda n, c: connected(n, c, np.eye(3)), "connectivity = array.* cannot be evaluated"),
    "group size beside a grid": (lambda n, c: NeuronGroup(n, 3, {0: NeuronDimension(2)}), "size = 3 .*not 2 x 1 x 1"),
    "grid for a group that has a size": (lambda n, c: c.add_behaviour(0, get_squared_dim(4)), "size = 3 .*2 x 2 x 1"),
    "tag that is a number": (lambda n, c: NeuronGroup(n, 3, tag=5), "tag = 5 is not text"),
    "dtype that is none": (lambda n, c: Network(dtype="x"), "dtype = 'x' is not known; allowed: float64"),
    "recorder of nothing": (lambda n, c: Recorder(None), "None is no recordable expression"),
    "functions of one name": (lambda n, c: Recorder([lambda n: 1, lambda n: 2]), "'<lambda>' is the name of two"),
    "size as a variable": (lambda n, c: Behaviour(size=7).set_parameters_as_variables(c), "size of .*choose another"),
    "complex source": (lambda n, c: EventWeights(np.eye(2)).dot([1j, 0]), "source is not an array of numbers"),
    "density of 2": (lambda n, c: c.get_random_neuron_vec(density=2.0), "density goes up to 2"),
    "density of -1": (lambda n, c: c.get_random_neuron_vec(density=-1), "density goes down"),
    "densities": (lambda n, c: c.get_random_neuron_vec(density=[0.5, 0.5]), "density has 2 entries"),
    "mode": (lambda n, c: c.vector("triangle()"), "mode = 'triangle\\(\\)' cannot be drawn"),
    "mode that imports": (lambda n, c: c.vector("__import__('os')"), "cannot be drawn"),
    "storage": (lambda n, c: stored(np.eye(2), "csr"), "sparse = 'csr' is unknown"),
    "weights with nan": (lambda n, c: EventWeights([[np.nan]]), "NaN"),
    "source": (lambda n, c: EventWeights(np.eye(2)).dot(np.ones(3)), "source has shape \\(3,\\)"),
    "expression": (lambda n, c: Recorder(["n.activity +"]), "no recordable expression"),
    "expression that is a number": (lambda n, c: Recorder([3]), "no recordable expression"),
    "gapwidth": (lambda n, c: c.add_behaviour(9, Recorder(["n.v"], gapwidth=-1)) and n.initialize(), "gapwidth = -1"),
    "max_length": (lambda n, c: Recorder(["n.v"], max_length=0), "max_length = 0"),
    "direction": (lambda n, c: c.synapses("sideways"), "direction = 'sideways'"),
    "unknown synapse tag": (lambda n, c: c.afferent_synapses["GLU"], "'GLU'; known: All"),
    "block": (lambda n, c: n.initialize() or n.simulate_iterations(3, batch_size=-2), "batch_size = -2"),
    "draw that is not known": (lambda n, c: Behaviour(a="uniform_gap(1, 2)").parameter("a", 0, c), "cannot be drawn"),
    "unknown behaviour": (lambda n, c: c.deactivate("STDP"), "matches 'STDP'; known: none"),
    "lookup with more": (lambda n, c: n["x", 0, "list"], "not a lookup"),
    "iterations": (lambda n, c: n.initialize() or n.simulate_iterations("1000*ms"), "iterations = '1000"),
    "negative iterations": (lambda n, c: n.initialize() or n.simulate_iterations(-1), "iterations = -1"),
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
    for run in (net.simulate_iteration, lambda: net.simulate_iterations(3)):
        with pytest.raises(RuntimeError, match="initialize"):
            run()
    net.initialize()
    NeuronGroup(net, 2, tag="late")
    with pytest.raises(BackendError, match="call initialize"):
        net.simulate_iterations(1)
    net.initialize()
    net.simulate_iterations(1)
    assert net.iteration == cells.iteration == 1


@pytest.mark.parametrize("shape", [(3, 2), (2, 3, 1), (6,)])
def test_wrong_shape_of_w(shape):
    net, cells = net_and_cells()
    synapse = SynapseGroup(net, cells, NeuronGroup(net, 2, tag="two"), "S")
    synapse.W = np.zeros(shape)
    with pytest.raises(ParameterError, match=r"W of .* has shape .*allowed: .*\(2, 3\)"):
        net.initialize()


def test_an_expression_that_fails_names_what_there_is():
    net, cells = net_and_cells()
    cells.add_behaviour(9, Recorder(["n.activty"]))
    cells.activity = np.zeros(3)
    net.initialize()
    with pytest.raises(ParameterError, match=r"'n.activty' .*AttributeError.*known: .*activity") as caught:
        net.simulate_iterations(1)
    assert isinstance(caught.value.__cause__, AttributeError)


def test_unread_keywords_warn_with_the_known_ones():
    class Reads(Behaviour):
        def set_variables(self, neurons):
            self.eta, self.target = self.get_init_attr("eta", 1.0), self.get_init_attr("target", 0.0)

    net, cells = net_and_cells()
    cells.v = np.zeros(3)
    cells.add_behaviour(1, Reads(eta=0.1, etta=0.2))
    with pytest.warns(UserWarning, match="Reads: .* etta are never read; known: eta, target"):
        net.initialize()
    with pytest.warns(UserWarning, match="gap are never read; known: gapwidth, max_length"):
        cells.add_behaviour(2, EventRecorder("v", gap=3))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        net.initialize(warnings=False)


def test_a_behaviour_belongs_to_one_place():
    net, cells = net_and_cells()
    item, rules = Behaviour(tag="leak"), {1: Behaviour()}
    cells.add_behaviour(1, item)
    owned = (
        "<Behaviour 'leak', 'Behaviour'> at key 2 already belongs to <NeuronGroup 'cells'.*make one behaviour for each"
    )
    for share in (
        lambda: NeuronGroup(net, 2, {2: item}),
        lambda: SynapseGroup(net, cells, cells, behaviour={2: item}),
        lambda: Network(behaviour={2: item}),
        lambda: cells.add_behaviour(2, item),
    ):
        with pytest.raises(ParameterError, match=owned):
            share()
    NeuronGroup(net, 2, rules, tag="first")
    grid = get_squared_dim(4)
    NeuronGroup(net, grid, tag="second")
    with pytest.raises(ParameterError, match="belongs to <NeuronGroup 'first'"):
        NeuronGroup(net, 2, rules)
    with pytest.raises(ParameterError, match="belongs to <NeuronGroup 'second'"):
        NeuronGroup(net, grid)
    with pytest.raises(ParameterError, match="stands at another key"):
        NeuronGroup(net, 2, {1: (twice := Behaviour()), 2: twice})
    assert len(net.NeuronGroups) == 3 and net.SynapseGroups == []
    cells.remove_behaviour(item)
    assert NeuronGroup(net, 2, {2: item}).behaviour[2] is item


def test_a_group_that_fails_leaves_its_behaviours_free():
    net, _cells = net_and_cells()
    item = Behaviour()
    with pytest.raises(ParameterError):
        NeuronGroup(net, 0, {1: item})
    with pytest.raises(ParameterError):
        Network(behaviour={1: item}, dtype=int)
    assert NeuronGroup(net, 2, {1: item}).behaviour[1] is item


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
    net.simulate_iteration()
    before = [dict(vars(parent)) for parent in (net, cells, other)]
    broken = Broken()
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            cells.add_behaviour(1, broken)
    assert [vars(parent) for parent in (net, cells, other)] == before
    assert cells.behaviour == {} and cells.size == 3 and not hasattr(net, "late")
    net.simulate_iteration()
    assert net.iteration == 2
    cells.add_behaviour(1, Behaviour())


def test_a_taken_key():
    _net, cells = net_and_cells()
    first = cells.add_behaviour(1, Behaviour())
    with pytest.raises(ParameterError, match="key = 1 is taken"):
        cells.add_behaviour(1, Behaviour())
    assert cells.behaviour == {1: first}


def test_an_ambiguous_tag_of_a_source():
    net, _cells = net_and_cells()
    NeuronGroup(net, 2, tag="cells")
    with pytest.raises(ParameterError, match="tag of 2 neuron groups"):
        SynapseGroup(net, "cells", "cells")


def wrong_weights():
    w = np.ones((3, 3))
    fixed = w.copy()
    fixed.setflags(write=False)
    found = {kind: w.astype(kind) for kind in ("int", "bool", "float16", "complex", ">f8")}
    return found | dict(
        fixed=fixed, backwards=w[:, ::-1], csc=csc_array(w), coo=coo_array(w), rows=w.tolist(), none=None
    )


@pytest.mark.parametrize("kind", wrong_weights())
def test_weights_that_learning_would_round_or_mistake_are_refused(kind):
    net, cells = net_and_cells()
    cells.add_behaviour(1, Normalisation())
    SynapseGroup(net, cells, cells, "GLUTAMATE").W = wrong_weights()[kind]
    with pytest.raises(ParameterError, match=r"^W.*allowed: (numpy.ascont|\(3, 3\))") as caught:
        net.initialize()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (STDP(eta="fast"), "eta = 'fast' is not a number"),
        (STDP(eta=np.nan), "eta = nan"),
        (STDP(low=2, high=1), r"high = 1 is out of range; allowed: a number in \[2"),
        (Normalisation(total=[1, 2]), r"total = \[1, 2\] is not a number"),
    ],
)
def test_parameters_of_learning_are_checked_at_the_start(rule, words):
    net, cells = net_and_cells()
    cells.add_behaviour(1, rule)
    SynapseGroup(net, cells, cells, "GLUTAMATE").W = np.ones((3, 3))
    with pytest.raises(ParameterError, match=words):
        net.initialize()
    assert net.iteration == 0
