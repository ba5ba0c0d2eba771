"""The state of a network: what is in it, that a restored network continues bit for bit, and what is refused."""

import io
from collections import deque

import numpy as np
import pytest

from helpers.modular import Behaviour, Network, NeuronGroup, Recorder, SynapseGroup, learning
from helpers.modular.state import capture, load_state, restore, save_state
from helpers.parameters import OutputError, ParameterError
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


@pytest.mark.parametrize("sparse", [False, True, "event"])
@pytest.mark.parametrize("before", [0, 1, 20])
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


def test_what_was_shared_is_shared_again():
    net = network()
    fresh, cells = capture(net), net.NeuronGroups[0]
    assert cells.old is cells.spike
    net.simulate_iterations(3)
    restore(net, fresh)
    behaviour = net["Everything", 0]
    assert cells.old is cells.spike and np.shares_memory(cells.x, cells.x_and_y)
    assert behaviour.shared is net.rng and behaviour.line.maxlen == 3 and not hasattr(cells, "late")
    assert behaviour.rates == {1: [0.1, np.float32(0.2)], "two": (3, None)}
    assert type(behaviour.rates[1][1]) is np.float32


def test_a_state_is_a_value():
    net = network()
    state = capture(net)
    for _ in range(2):
        net.simulate_iterations(4)
        restore(net, state)
        assert numbers(net) == numbers(network())


@pytest.mark.parametrize("storage", [False, True, "event"])
@pytest.mark.parametrize("build", ["sorn_like", "sorn"])
def test_learning_networks_continue_bit_for_bit(build, storage):
    book, fast = cells_of("FINAL_7", "model"), (learning.STDP, learning.Normalisation)
    if build == "sorn":
        net = book.sorn(1, rules=fast, n_exc=60, n_inh=12, storage=storage)
    else:
        net = book.sorn_like(50, 1, rules=(book.Homeostasis, *fast), storage=storage)
    net.simulate_iterations(60)
    state = capture(net)
    net.simulate_iterations(40)
    expected = capture(net)
    restore(net, state)
    net.simulate_iterations(40)
    found = capture(net)
    assert found.objects == expected.objects and found.bodies == expected.bodies
    assert all(np.array_equal(a, b) for a, b in zip(found.arrays, expected.arrays, strict=True))


def test_legacy_generators_come_back():
    np.random.seed(3)  # noqa: NPY002
    net = Network(seed="legacy")
    cells = NeuronGroup(net, 4)
    net.initialize()
    state = capture(net)
    first = cells.get_random_neuron_vec()
    restore(net, state)
    np.testing.assert_array_equal(cells.get_random_neuron_vec(), first)


def test_the_file_holds_json_and_arrays_and_no_pickle(tmp_path):
    net = network(True)
    save_state(net, tmp_path / "state.npz")
    assert opened(tmp_path / "state.npz")[0][0] == "helpers.modular state 2"
    with np.load(tmp_path / "state.npz", allow_pickle=False) as file:
        assert all(file[name].dtype.kind in "biufU" for name in file.files)
    assert [path.name for path in tmp_path.iterdir()] == ["state.npz"]
    stream = io.BytesIO()
    save_state(net, stream)
    stream.seek(0)
    load_state(net, stream)


def test_recorders_keep_what_they_recorded():
    net = network()
    state = capture(net)
    net.simulate_iterations(4)
    restore(net, state)
    assert len(net["n.x", 0]) == 4


def test_what_cannot_be_stored_is_named_and_stays():
    class Odd(Behaviour):
        def set_variables(self, neurons):
            self.thing, self.function, self.group = object(), max, neurons

    net = network(other={3: Odd()})
    with pytest.warns(UserWarning, match=r"group 0, behaviour 3 Odd.thing \(object\)$"):
        state = capture(net)
    thing = net["Odd", 0].thing
    restore(net, state)
    assert net["Odd", 0].thing is thing and net["Odd", 0].group is net.NeuronGroups[0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(size=8), r"group 0 is of size 7 in it and of size 8 here"),
        (dict(other={4: Behaviour()}), r"behaviour 4 Behaviour is absent in it and present here"),
    ],
)
def test_a_state_of_another_network_is_refused_in_one_line_and_changes_nothing(change, message, tmp_path):
    save_state(network(), tmp_path / "state.npz")
    other = network(**change)
    before = numbers(other)
    with pytest.raises(ParameterError, match=message) as error:
        load_state(other, tmp_path / "state.npz")
    assert "\n" not in str(error.value) and numbers(other) == before


def test_the_ends_and_sizes_of_synapses_must_be_the_same():
    def network(ends):
        net = Network()
        groups = [NeuronGroup(net, 4, tag=tag) for tag in "ab"]
        groups.append(groups[0].subGroup([True, False, True, True]))
        SynapseGroup(net, *[groups[i] for i in ends])
        net.initialize()
        return net

    state = capture(network((0, 1)))
    restore(network((0, 1)), state)
    for ends, here in (((1, 0), "1 -> 0"), ((0, 0), "0 -> 0"), ((2, 1), r"0 -> 1, \(4, 3\)")):
        with pytest.raises(ParameterError, match=rf"synapses 0 is 0 -> 1, \(4, 4\) in it and {here}"):
            restore(network(ends), state)


@pytest.mark.parametrize("content", [None, b"", b"not a zip", "npz"])
def test_other_files_are_refused_in_one_line(content, tmp_path):
    path = tmp_path / "file.npz"
    if content == "npz":
        np.savez(path, a=np.zeros(3))
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises(ParameterError, match="is no saved state") as error:
        load_state(network(), path)
    assert "\n" not in str(error.value)


def test_a_failed_save_leaves_the_old_file(tmp_path, monkeypatch):
    net = network()
    save_state(net, tmp_path / "state.npz")
    before = (tmp_path / "state.npz").read_bytes()
    monkeypatch.setattr(np, "savez", lambda *_, **__: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OutputError, match="disk full"):
        save_state(net, tmp_path / "state.npz")
    assert [path.name for path in tmp_path.iterdir()] == ["state.npz"]
    assert (tmp_path / "state.npz").read_bytes() == before
    with pytest.raises(ParameterError, match="does not exist"):
        save_state(net, tmp_path / "none" / "state.npz")


def test_a_state_in_single_precision_is_of_another_network():
    single = Network(dtype="float32")
    NeuronGroup(single, 3)
    double = Network()
    NeuronGroup(double, 3)
    with pytest.raises(ParameterError, match="network is of float32 in it"):
        restore(double, capture(single))
    restore(single, capture(single))


# --- files that somebody else has made


def opened(path):
    """Return [format, form, objects, bodies] and the arrays of a file of `save_state`."""
    arrays, parts = read_arrays(path)
    return parts, [arrays[f"array_{i}"] for i in range(len(arrays))]


def written(path, parts, arrays):
    write_arrays(path, {f"array_{i}": array for i, array in enumerate(arrays)}, parts)


def body(parts, kind, change):
    """Change the first body of a kind: a list of what it is made of."""
    next(inside for name, inside in parts[3] if name == kind).__setitem__(*change)


def attribute(name, value):
    return lambda parts, arrays: parts[2]["group 0"].update({name: value})


def object_view(parts, arrays):
    body(parts, "view", (2, "|O8"))


def view_beyond(parts, arrays):
    body(parts, "view", (3, 10**6))


def other_shape(parts, arrays):
    arrays[:] = [array[:-1] if array.shape else array for array in arrays]


def other_type(parts, arrays):
    arrays[:] = [array.astype(np.float32) if array.dtype == float and array.shape else array for array in arrays]


def far_synapse(parts, arrays):
    for array in arrays:
        if array.dtype.kind == "i" and array.ndim:
            array += 1000


def other_generator(parts, arrays):
    for _, inside in parts[3]:
        for k, word in enumerate(inside):
            inside[k] = "__class__" if word == "PCG64" else word


def no_body(parts, arrays):
    del parts[3][-1]


def endless(parts, arrays):
    parts[3].append(["list", [[len(parts[3])]]])
    parts[2]["group 0"]["x"] = [len(parts[3]) - 1]


HOSTILE = [
    (attribute("init_kwargs", {"size": "__import__('os')"}), [False]),
    (attribute("add_behaviour", "text"), [False]),
    (attribute("tags", ["a"]), [False]),
    (object_view, [False]),
    (view_beyond, [False]),
    (other_shape, [False, True, "event"]),
    (other_type, [False]),
    (far_synapse, [True, "event"]),
    (other_generator, [False]),
    (no_body, [False]),
    (endless, [False]),
]


@pytest.mark.parametrize(("change", "sparse"), [(change, kind) for change, kinds in HOSTILE for kind in kinds])
def test_a_hostile_file_is_refused_in_one_line_and_changes_nothing(change, sparse, tmp_path):
    net = network(sparse)
    save_state(net, tmp_path / "a")
    parts, arrays = opened(tmp_path / "a.npz")
    change(parts, arrays)
    written(tmp_path / "b.npz", parts, arrays)
    before, world = numbers(net), np.random.get_state()[1].tolist()  # noqa: NPY002
    with pytest.raises(ParameterError) as refused:
        load_state(net, tmp_path / "b.npz")
    assert "\n" not in str(refused.value) and len(str(refused.value)) < 400
    assert numbers(net) == before and np.random.get_state()[1].tolist() == world  # noqa: NPY002


def test_a_file_seeds_numpy_only_in_a_network_of_the_global_generator(tmp_path):
    legacy = Network(seed="legacy")
    save_state(legacy, tmp_path / "a")
    world = np.random.get_state()[1].tolist()  # noqa: NPY002
    with pytest.raises(ParameterError, match="global one"):
        load_state(Network(seed=1), tmp_path / "a.npz")
    assert np.random.get_state()[1].tolist() == world  # noqa: NPY002


@pytest.mark.parametrize("sparse", [False, True, "event"])
def test_a_state_changed_anywhere_loads_or_is_refused_in_one_line(sparse, tmp_path):
    """Every number, word and list of a file is replaced in turn; a network that was loaded can be run."""
    net, rng = network(sparse), np.random.default_rng(3)
    save_state(net, tmp_path / "a")
    before = numbers(net)
    for _ in range(150):
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
