"""The state of a network: what is in it, that a restored network continues bit for bit, and what is refused."""

import io
import json
from collections import deque

import numpy as np
import pytest

from helpers.modular import Behaviour, Network, NeuronGroup, Recorder, SynapseGroup, learning
from helpers.modular.state import capture, load_state, restore, save_state
from helpers.parameters import ParameterError
from helpers.storage import read_arrays, write_arrays
from tests.cells import cells as cells_of


class Everything(Behaviour):
    """State of every kind: views, shared and swapped arrays, delay lines, own generators, late attributes."""

    def set_variables(self, neurons):
        rng = neurons.network.rng
        neurons.x_and_y = rng.random((neurons.size, 2))
        neurons.x, neurons.y = neurons.x_and_y.T
        neurons.old = neurons.spike = np.zeros(neurons.size, bool)
        self.line = deque([np.zeros(neurons.size)] * 3, maxlen=3)
        self.own, self.shared, self.draw = np.random.default_rng(5), rng, rng.random
        self.gain, self.steps, self.rates = 0.5, 0, {1: [0.1, np.float32(0.2)], "two": (3, None)}

    def new_iteration(self, neurons):
        self.steps += 1
        neurons.x_and_y *= 0.9
        neurons.x += self.gain * self.draw(neurons.size) + self.line[0]
        neurons.y += self.own.random() + self.shared.normal(size=neurons.size)
        neurons.old, neurons.spike = neurons.spike, neurons.x > neurons.y
        self.line.append(neurons.spike * self.rates[1][0])
        if not hasattr(neurons, "late"):
            neurons.late = 0.0
        neurons.late += neurons.old.sum()
        neurons.x -= 0.01 * neurons.late


class Couple(Behaviour):
    """Propagation and a change of the weights, in whatever storage."""

    def set_variables(self, synapse):
        synapse.W = synapse.get_random_synapse_mat(0.3, sparse=self.get_init_attr("sparse", False))

    def new_iteration(self, synapse):
        synapse.dst.x += 0.1 * synapse.W.dot(synapse.src.spike)
        data = synapse.W if isinstance(synapse.W, np.ndarray) else getattr(synapse.W, "weights", None)
        (synapse.W.data if data is None else data)[...] *= 0.99


def network(sparse=False, *, size=7, seed=1, other=()):
    net = Network(seed=seed)
    keys = {1: Everything(), 9: Recorder(["n.x"]), **dict(other)}
    cells = NeuronGroup(net, size, keys, tag="cells")
    SynapseGroup(net, cells, cells, tag="GLUTAMATE", behaviour={2: Couple(sparse=sparse)})
    net.initialize()
    return net


def numbers(net):
    """Return all that the dynamics depend on, as one list of plain numbers."""
    cells, weights = net.NeuronGroups[0], net.SynapseGroups[0].W
    dense = weights if isinstance(weights, np.ndarray) else weights.toarray()
    parts = [cells.x_and_y, cells.x, cells.y, cells.old, cells.spike, getattr(cells, "late", -1), dense, net.iteration]
    return np.concatenate([np.ravel(part).astype(float) for part in parts]).tolist()


def same(one, two):
    """Return whether two states are equal bit for bit."""
    arrays = all(np.array_equal(a, b) for a, b in zip(one.arrays, two.arrays, strict=True))
    return one.objects == two.objects and one.bodies == two.bodies and arrays


@pytest.mark.parametrize("sparse", [False, True, "event"])
@pytest.mark.parametrize("before", [0, 20])
def test_a_loaded_network_continues_bit_for_bit(sparse, before, tmp_path):
    net = network(sparse)
    net.simulate_iterations(before)
    save_state(net, tmp_path / "state")
    expected = []
    for _ in range(5):
        net.simulate_iteration()
        expected.append(numbers(net))
    other = network(sparse, seed=2)
    for target in (net, other):  # the same one after it went on, and a fresh one
        load_state(target, tmp_path / "state.npz")
        for wanted in expected:
            target.simulate_iteration()
            assert numbers(target) == wanted
        assert target["Everything", 0].steps == before + 5


def test_a_state_is_a_value_and_what_was_shared_is_shared_again():
    net = network()
    fresh, cells, behaviour = capture(net), net.NeuronGroups[0], net["Everything", 0]
    for _ in range(2):
        net.simulate_iterations(4)
        restore(net, fresh)
        assert numbers(net) == numbers(network()) and not hasattr(cells, "late")
        assert cells.old is cells.spike and np.shares_memory(cells.x, cells.x_and_y)
        assert behaviour.shared is net.rng and behaviour.line.maxlen == 3
        assert behaviour.rates == {1: [0.1, np.float32(0.2)], "two": (3, None)}
        assert type(behaviour.rates[1][1]) is np.float32
    assert len(net["n.x", 0]) == 8, "recorders keep what they recorded"


@pytest.mark.parametrize("storage", [False, True, "event"])
def test_learning_networks_continue_bit_for_bit(storage):
    book = cells_of("FINAL_7", "model")
    net = book.sorn(1, rules=(learning.STDP, learning.Normalisation), n_exc=60, n_inh=12, storage=storage)
    net.simulate_iterations(60)
    state = capture(net)
    net.simulate_iterations(40)
    expected = capture(net)
    restore(net, state)
    net.simulate_iterations(40)
    assert same(capture(net), expected)


def test_the_global_generator_is_set_only_in_a_network_that_uses_it(tmp_path):
    np.random.seed(3)  # noqa: NPY002
    net = Network(seed="legacy")
    cells = NeuronGroup(net, 4)
    save_state(net, tmp_path / "a")
    first = cells.get_random_neuron_vec()
    load_state(net, tmp_path / "a.npz")
    np.testing.assert_array_equal(cells.get_random_neuron_vec(), first)
    world, other = np.random.get_state()[1].tolist(), Network(seed=1)  # noqa: NPY002
    NeuronGroup(other, 4)
    with pytest.raises(ParameterError, match="global one"):
        load_state(other, tmp_path / "a.npz")
    assert np.random.get_state()[1].tolist() == world  # noqa: NPY002


def test_the_file_holds_json_and_arrays_and_no_pickle(tmp_path):
    net, stream = network(True), io.BytesIO()
    save_state(net, tmp_path / "state.npz")
    assert opened(tmp_path / "state.npz")[0][0] == "helpers.modular state 2"
    with np.load(tmp_path / "state.npz", allow_pickle=False) as file:
        assert all(file[name].dtype.kind in "biufU" for name in file.files)
    save_state(net, stream)
    stream.seek(0)
    load_state(net, stream)
    with pytest.raises(ParameterError, match="does not exist"):
        save_state(net, tmp_path / "none" / "state.npz")


def test_what_cannot_be_stored_is_named_and_stays():
    class Odd(Behaviour):
        def set_variables(self, neurons):
            self.thing, self.function, self.group = object(), max, neurons

    net = network(other={3: Odd()})
    odd = net["Odd", 0]
    kept = odd.thing, odd.function, odd.group
    with pytest.warns(UserWarning, match=r"group 0, behaviour 3 Odd.thing \(object\)$"):
        state = capture(net)
    restore(net, state)
    assert (odd.thing, odd.function, odd.group) == kept


def linked(ends=(0, 1), dtype=float):
    """Return a network of two groups and a part of the first, with synapses between two of the three."""
    net = Network(dtype=dtype)
    groups = [NeuronGroup(net, 4, tag=tag) for tag in "ab"]
    groups.append(groups[0].subGroup([True, False, True, True]))
    SynapseGroup(net, *[groups[i] for i in ends])
    net.initialize()
    return net


OTHERS = [
    (network, dict(size=8), r"group 0 is of size 7 in it and of size 8 here"),
    (network, dict(other={4: Behaviour()}), r"behaviour 4 Behaviour is absent in it and present here"),
    (linked, dict(ends=(1, 0)), r"synapses 0 is 0 -> 1, \(4, 4\) in it and 1 -> 0"),
    (linked, dict(ends=(0, 0)), r"synapses 0 is 0 -> 1, \(4, 4\) in it and 0 -> 0"),
    (linked, dict(ends=(2, 1)), r"synapses 0 is 0 -> 1, \(4, 4\) in it and 0 -> 1, \(4, 3\)"),
    (linked, dict(dtype=np.float32), r"network is present in it and of float32 here"),
]


@pytest.mark.parametrize(("build", "change", "message"), OTHERS)
def test_a_state_of_another_network_is_refused_in_one_line_and_changes_nothing(build, change, message, tmp_path):
    save_state(build(), tmp_path / "state.npz")
    load_state(build(), tmp_path / "state.npz")
    other = build(**change)
    before = capture(other)
    with pytest.raises(ParameterError, match=message) as error:
        load_state(other, tmp_path / "state.npz")
    assert "\n" not in str(error.value) and same(capture(other), before)


@pytest.mark.parametrize("content", [None, {"a": np.zeros(3)}])
def test_a_missing_and_a_foreign_file_are_refused_in_one_line(content, tmp_path):
    """Damaged ones are among tests/attack."""
    if content:
        np.savez(tmp_path / "file.npz", **content)
    with pytest.raises(ParameterError, match="is no saved state") as error:
        load_state(network(), tmp_path / "file.npz")
    assert "\n" not in str(error.value)


# --- files that somebody else has made


def opened(path):
    """Return [format, form, objects, bodies] and the arrays of a file of `save_state`."""
    arrays, parts = read_arrays(path)
    return parts, [arrays[f"array_{i}"] for i in range(len(arrays))]


def written(path, parts, arrays):
    write_arrays(path, {f"array_{i}": array for i, array in enumerate(arrays)}, parts)


def attribute(name, value):
    return lambda parts, arrays: parts[2]["group 0"].update({name: value})


def first_view(place, value):
    """Change one of the things that the first view is made of."""

    def change(parts, arrays):
        view = next(inside for kind, inside in parts[3] if kind == "view")
        view[place] = value

    return change


def every(kind, new):
    """Change every array of a kind of numbers."""

    def change(parts, arrays):
        arrays[:] = [new(array) if array.dtype.kind == kind and array.ndim else array for array in arrays]

    return change


def other_generator(parts, arrays):
    parts[3] = json.loads(json.dumps(parts[3]).replace("PCG64", "__class__"))


def endless(parts, arrays):
    parts[3].append(["list", [[len(parts[3])]]])
    parts[2]["group 0"]["x"] = [len(parts[3]) - 1]


HOSTILE = [
    (attribute("init_kwargs", {"size": "__import__('os')"}), False),
    (attribute("add_behaviour", "text"), False),
    (attribute("tags", "text"), False),
    (first_view(2, "|O8"), False),
    (first_view(3, 10**6), False),
    *[(every("f", lambda array: array[:-1]), sparse) for sparse in (False, True, "event")],
    (every("f", np.float32), False),
    *[(every("i", lambda array: array + 1000), sparse) for sparse in (True, "event")],
    (other_generator, False),
    (lambda parts, arrays: parts[3].pop(), False),
    (endless, False),
]


@pytest.mark.parametrize(("change", "sparse"), HOSTILE)
def test_a_hostile_file_is_refused_in_one_line_and_changes_nothing(change, sparse, tmp_path):
    net = network(sparse)
    save_state(net, tmp_path / "a")
    parts, arrays = opened(tmp_path / "a.npz")
    change(parts, arrays)
    written(tmp_path / "b.npz", parts, arrays)
    before = numbers(net)
    with pytest.raises(ParameterError) as refused:
        load_state(net, tmp_path / "b.npz")
    assert "\n" not in str(refused.value) and len(str(refused.value)) < 400
    assert numbers(net) == before


@pytest.mark.parametrize("sparse", [False, True, "event"])
def test_a_state_changed_anywhere_loads_or_is_refused_in_one_line(sparse, tmp_path):
    """Every number, word and list of a file is replaced in turn; a network that was loaded can be run."""
    net, rng = network(sparse), np.random.default_rng(3)
    save_state(net, tmp_path / "a")
    before = numbers(net)
    for _ in range(100):
        parts, arrays = opened(tmp_path / "a.npz")
        place = parts[rng.integers(1, 4)]
        while isinstance(place, (list, dict)) and place:
            keys = list(place) if isinstance(place, dict) else range(len(place))
            key = keys[rng.integers(len(keys))]
            if rng.random() < 0.4 or not isinstance(place[key], (list, dict)) or not place[key]:
                place[key] = [-1, 10**9, "x", None, [], {}, [0], 0.5][rng.integers(8)]
                break
            place = place[key]
        written(tmp_path / "b.npz", parts, arrays)
        try:
            load_state(net, tmp_path / "b.npz")
        except ParameterError as refused:
            assert "\n" not in str(refused) and numbers(net) == before
        else:
            net = network(sparse)
