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
    again = capture(net)
    restore(net, expected)  # after which lists of places have memory of their own
    assert same(capture(net), again)


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
    with pytest.raises(ParameterError, match=rf"^[^\n]*{message}[^\n]*$"):
        load_state(other, tmp_path / "state.npz")
    assert same(capture(other), before)


def test_a_missing_and_a_foreign_file_are_refused_in_one_line(tmp_path):
    """Damaged ones are among tests/attack."""
    np.savez(tmp_path / "foreign.npz", a=np.zeros(3))
    for name in ("foreign", "missing"):
        with pytest.raises(ParameterError, match=r"^[^\n]* is no saved state [^\n]*$"):
            load_state(network(), tmp_path / f"{name}.npz")


# --- files that somebody else has made


def opened(path):
    """Return [format, form, objects, bodies] and the arrays of a file of `save_state`."""
    arrays, parts = read_arrays(path)
    return parts, [arrays[f"array_{i}"] for i in range(len(arrays))]


def written(path, parts, arrays):
    write_arrays(path, {f"array_{i}": array for i, array in enumerate(arrays)}, parts)


def test_memory_that_is_read_as_another_type(tmp_path):
    """Parts of complex numbers stay views; others get memory of their own."""
    net = network()
    cells, pairs = net["cells", 0], np.ones(9, dtype=[("a", int), ("b", float)])
    cells.z = np.exp(1j * np.arange(7))
    cells.real, cells.flags, cells.pairs, cells.b = cells.z.real, cells.spike.view(np.int8), pairs[:7], pairs["b"]
    save_state(net, tmp_path / "a")
    load_state(net, tmp_path / "a.npz")
    assert np.shares_memory(cells.real, cells.z) and not np.shares_memory(cells.flags, cells.spike)
    assert cells.flags.dtype == np.int8 and cells.pairs.tolist() == [(1, 1.0)] * 7 and cells.b.tolist() == [1.0] * 9


def test_nothing_that_is_written_shares_the_memory_of_places(tmp_path):
    net = network("event")
    net["cells", 0].late = net["GLUTAMATE", 0].W.targets
    save_state(net, tmp_path / "a")
    load_state(net, tmp_path / "a.npz")
    assert not np.shares_memory(net["cells", 0].late, net["GLUTAMATE", 0].W.targets)


def places(inside):
    """Yield (list or dictionary, place in it) of every number, word and list in a nested one."""
    for key in inside if isinstance(inside, dict) else range(len(inside)):
        yield inside, key
        if isinstance(inside[key], list | dict):
            yield from places(inside[key])


@pytest.mark.parametrize("sparse", [False, True, "event"])
def test_a_state_changed_anywhere_loads_or_is_refused_in_one_line(sparse, tmp_path, rng):
    """Numbers, words and lists of a file, drawn from all, are replaced one at a time."""
    net = network(sparse)
    save_state(net, tmp_path / "a")
    before = numbers(net)
    for _ in range(60):
        parts, arrays = opened(tmp_path / "a.npz")
        every_place = list(places(parts))
        inside, key = every_place[rng.integers(len(every_place))]
        inside[key] = [-1, 10**9, "x", None, [], {}, [0], 0.5][rng.integers(8)]
        written(tmp_path / "b.npz", parts, arrays)
        try:
            load_state(net, tmp_path / "b.npz")
        except ParameterError as refused:
            assert "\n" not in str(refused) and numbers(net) == before
        else:
            net = network(sparse)


class Drive(Behaviour):
    """What is read from the file is drawn in every iteration."""

    def set_variables(self, neurons):
        self.draw, self.limit = self.get_init_attr("draw", "zeros()"), self.get_init_attr("limit", 1)
        self.energy, self.last, self.calls = 0, None, [max]

    def new_iteration(self, neurons):
        neurons.spike = neurons.vector(self.draw) < self.limit
        self.energy, self.last = self.energy + neurons.spike, neurons.iteration


def learner():
    """Return a network of 6 cells that learns on compiled loops, after two iterations."""
    net = Network(seed=1)
    rules = {1: Drive(draw="uniform(0, 2)"), 2: learning.STDP(eta=0.1), 3: learning.Normalisation()}
    cells = NeuronGroup(net, 6, rules, tag="cells")
    SynapseGroup(net, cells, cells, tag="GLUTAMATE").W = 1.0 + np.arange(36.0).reshape(6, 6)
    net.initialize()
    net.simulate_iterations(2)
    return net


def spikes_and_weights(net):
    return [net["cells", 0].spike.tolist(), net["GLUTAMATE", 0].W.tolist(), net.iteration]


def test_what_was_not_there_or_nothing_or_a_number_may_have_grown(tmp_path):
    net, other = learner(), Network(seed=2)
    save_state(net, tmp_path / "a")
    net.simulate_iterations(5)
    for key in ("energy", "last"):
        setattr(net["Drive", 0], key, None if key == "energy" else 3.5)
    load_state(net, tmp_path / "a.npz")
    drive = net["Drive", 0]
    assert drive.energy.shape == (6,) and drive.last == 2 and drive.calls == [max] and net.iteration == 2
    cells = NeuronGroup(other, 6, {1: Drive(), 2: learning.STDP(), 3: learning.Normalisation()}, tag="cells")
    SynapseGroup(other, cells, cells, tag="GLUTAMATE").W = np.ones((6, 6))
    other.initialize()
    assert drive.energy is not other["Drive", 0].energy == 0
    load_state(other, tmp_path / "a.npz")
    for each in (net, other):
        each.simulate_iterations(5)
    assert spikes_and_weights(net) == spikes_and_weights(other)


def test_a_text_of_a_file_is_not_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    net = learner()
    save_state(net, "a")
    parts, arrays = opened("a.npz")
    parts[2]["group 0, behaviour 1 Drive"]["draw"] = "__import__('os').system('touch RUN') or 0.0"
    written("b.npz", parts, arrays)
    load_state(net, "b.npz")
    with pytest.raises(ParameterError, match="cannot be drawn"):
        net.simulate_iterations(1)
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["a.npz", "b.npz"]


def put(name, key, value):
    """Set an attribute of an object to a plain value, a list of plain values, or an array."""

    def change(parts, arrays):
        if isinstance(value, list):
            parts[3].append(["list", value])
        elif isinstance(value, np.ndarray):
            arrays.append(value)
            parts[3].append(["array", [len(arrays) - 1]])
        parts[2][name][key] = [len(parts[3]) - 1] if isinstance(value, list | np.ndarray) else value

    return change


def without(name, key):
    return lambda parts, arrays: parts[2][name].pop(key)


def replaced(old, new):
    """Replace a text in what is kept in `bodies`."""

    def change(parts, arrays):
        parts[3] = json.loads(json.dumps(parts[3]).replace(old, new))

    return change


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


def aliased(parts, arrays):
    """Let the weights of an EventWeights or CSR be the memory of their places."""
    held = {}
    for kind, inside in parts[3]:
        if kind == "tuple" and inside and inside[0] in ("targets", "indices", "weights", "data"):
            held[inside[0]] = inside[1][0]
    places = held.get("targets", held.get("indices"))
    kind, inside = parts[3][places]
    inside = inside if kind == "array" else parts[3][inside[0][0]][1]
    arrays[inside[0]] = arrays[inside[0]].astype(np.int64)
    start = len(parts[3])
    parts[3] += [["list", [arrays[inside[0]].size]], ["list", [8]]]
    parts[3][places] = ["array", inside]
    parts[3][held.get("weights", held.get("data"))] = ["view", [[places], [start], "<f8", 0, [start + 1]]]


def late_weights(parts, arrays):
    """Add weights whose shape is a list, which could be changed later."""
    kind, inside = parts[3][parts[2]["synapses 0"]["W"][0]]
    pairs = [parts[3][pair[0]][1] for pair in parts[3][inside[0][0]][1]]
    start = len(parts[3])
    parts[3] += [["tuple", pair] for pair in pairs if "shape" not in pair[0]]
    parts[3] += [["list", [7, 7]], ["tuple", [next(name for name, _ in pairs if "shape" in name), [len(parts[3])]]]]
    new = [*range(start, start + len(pairs) - 1), len(parts[3]) - 1]
    parts[3] += [["dict", [[k] for k in new]], [kind, [[len(parts[3])]]]]
    parts[2]["group 0"]["added"] = [len(parts[3]) - 1]


def unfolding(kind):
    """Set an attribute that holds 2^60 lists, or one whose hash would never end."""

    def change(parts, arrays):
        parts[3].append([kind, [1]])
        for _ in range(60):
            parts[3].append([kind, [[len(parts[3]) - 1]] * 2])
        if kind == "tuple":
            parts[3].append(["tuple", [[len(parts[3]) - 1], 1]])
            parts[3].append(["dict", [[len(parts[3]) - 1]]])
        parts[2]["group 0"]["late"] = [len(parts[3]) - 1]

    return change


def endless(parts, arrays):
    put("group 0", "x", [[len(parts[3])]])(parts, arrays)


def own_attributes(parts):
    """Return the list of the places of the (name, value) of the Afferents."""
    inside = next(inside for kind, inside in parts[3] if kind == "Afferents")
    return parts[3][inside[0][0]][1]


def big_endian_starts(parts, arrays):
    pairs = dict(parts[3][place[0]][1] for place in own_attributes(parts))
    (k,) = parts[3][pairs["starts"][0]][1]
    arrays[k] = arrays[k].astype(">i8")


def more(name):
    """Give the Afferents one more attribute."""

    def change(parts, arrays):
        parts[3].append(["tuple", [name, 1]])
        own_attributes(parts).append([len(parts[3]) - 1])

    return change


DRIVE, RULE, SYNAPSES = "group 0, behaviour 1 Drive", "group 0, behaviour 2 STDP", "synapses 0"
MISFITS = {
    "own word of Python": (put(DRIVE, "__dict__", []), "Drive.'__dict__' is not part"),
    "method": (put("group 0", "add_behaviour", "text"), "group 0.'add_behaviour' is not part"),
    "keywords": (put("group 0", "init_kwargs", ["__import__('os')"]), "group 0.'init_kwargs' is not part"),
    "tags": (put("group 0", "tags", "text"), "group 0.'tags' is not part"),
    "groups": (put("network", "NeuronGroups", []), "network.'NeuronGroups' is a link"),
    "source": (put(SYNAPSES, "src", 1), "synapses 0.'src' is a link"),
    "functions": (put(DRIVE, "calls", [1]), "Drive.'calls' is a link"),
    "text as iteration": (put("network", "iteration", "x"), "network.'iteration' is a str; allowed: number"),
    "half an iteration": (put("network", "iteration", 0.5), "network.iteration is 0.5; allowed: a whole"),
    "iterations": (put("network", "iteration", 2**31), "network.iteration is 2147483648; allowed: a whole"),
    "iteration before 0": (put("network", "iteration", -1), "network.iteration is -1; allowed: a whole"),
    "size": (put("group 0", "size", 10**9), "group 0.size is 1000000000; allowed: 6"),
    "text as parameter": (put(RULE, "eta", "x"), "STDP.'eta' is a str; allowed: number"),
    "array as parameter": (put(RULE, "eta", np.ones(2)), r"STDP.'eta' is a ndarray of \(2,\) float64; .*number"),
    "None as parameter": (put(RULE, "eta", None), "STDP.'eta' is a NoneType; allowed: number"),
    "list as number": (put(DRIVE, "last", []), "Drive.'last' is a list; allowed: number"),
    "parameter that is gone": (without(RULE, "eta"), "STDP lacks eta"),
    "tag that is gone": (without(RULE, "tag"), "STDP lacks tag"),
    "spikes that are gone": (without(SYNAPSES, "pre_old"), "synapses 0 lacks pre_old"),
    "sums that are gone": (without("group 0, behaviour 3 Normalisation", "_seen"), "Normalisation lacks _seen"),
    "generator that is gone": (without("network", "rng"), "network lacks rng"),
    "another generator": (replaced('"PCG64"', '"PCG64DXSM"'), "generator PCG64DXSM; allowed: generator PCG64"),
    "no generator": (replaced('"PCG64"', '"__class__"'), "bit_generator"),
    "state of a generator": (replaced('["has_uint32", 0]', '["has_uint32", 2]'), "has_uint32 = 2"),
    "late dates": (put("group 0", "late", np.zeros(2, "M8[s]")), "group 0.'late' holds an array"),
    "late big-endian": (put("group 0", "late", np.zeros(2, ">i4")), "group 0.'late' holds an array"),
    "big-endian starts": (big_endian_starts, "_afferents' holds an array"),
    "method of weights": (more("check_format"), "Afferents cannot have"),
    "more in weights": (more("x"), "data of an Afferents"),
    "view of objects": (first_view(2, "|O8"), "a view of float64 as"),
    "view of whole numbers": (first_view(2, "<i8"), "a view of float64 as"),
    "view elsewhere": (first_view(3, 10**6), "strides is incompatible"),
    "fewer bodies": (lambda parts, arrays: parts[3].pop(), ""),
    "endless": (endless, ""),
    "lists without end": (unfolding("list"), "without end"),
    "hash without end": (unfolding("tuple"), "without end"),
}
OF_WEIGHTS = [(every("f", lambda array: array[:-1]), sparse) for sparse in (False, True, "event")]
OF_WEIGHTS += [(every("i", lambda array: array + 1000), sparse) for sparse in (True, "event")]
OF_WEIGHTS += [(change, sparse) for change in (aliased, late_weights) for sparse in (True, "event")]


def is_refused(net, change, folder, words=""):
    """Assert that a changed file is refused in one line, which has these words, and that nothing was loaded."""
    save_state(net, folder / "a")
    net.simulate_iterations(1)
    synapse, rule = net["GLUTAMATE", 0], net.NeuronGroups[0].behaviour[1]
    before, links = capture(net), (synapse.src, net.NeuronGroups[0], dict(rule.init_kwargs))
    parts, arrays = opened(folder / "a.npz")
    change(parts, arrays)
    written(folder / "b.npz", parts, arrays)
    with pytest.raises(ParameterError, match=rf"^[^\n]* is no saved state [^\n]*{words}[^\n]*$") as refused:
        load_state(net, folder / "b.npz")
    assert len(str(refused.value)) < 450 and same(capture(net), before)
    assert links == (synapse.src, net.NeuronGroups[0], rule.init_kwargs)
    net.simulate_iterations(1)


@pytest.mark.parametrize("case", MISFITS)
def test_an_attribute_that_does_not_fit_is_named_and_nothing_is_loaded(case, tmp_path):
    is_refused(learner(), MISFITS[case][0], tmp_path, MISFITS[case][1])


@pytest.mark.parametrize(("change", "sparse"), [*OF_WEIGHTS, (every("f", np.float32), False)])
def test_weights_that_do_not_fit_are_refused(change, sparse, tmp_path):
    is_refused(network(sparse), change, tmp_path)
