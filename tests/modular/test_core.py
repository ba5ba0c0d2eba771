"""Tags and lookups that never go stale, draws, which synapses exist, sub-groups and grids."""

import copy
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.modular import Behaviour, Network, NeuronDimension, NeuronGroup, Recorder, SynapseGroup, get_squared_dim
from helpers.modular.panels import width
from helpers.modular.synapses import dense
from helpers.parameters import ParameterError

ROOT = Path(__file__).resolve().parents[2]
NAMES = {"Network", "NeuronGroup", "SynapseGroup", "Behaviour", "Behavior", "Recorder", "EventRecorder"}
NAMES |= {"NeuronDimension", "get_squared_dim", "np", "afferent", "efferent"}


class Marks(Behaviour):
    pass


def pair():
    net = Network(tag="net", seed=0)
    a = NeuronGroup(net, 3, {1: Marks(tag="x, y"), 2: Recorder(["n.size"])}, tag="A,first")
    b = NeuronGroup(net, 2, {1: Marks(tag="x")}, tag="B")
    s = SynapseGroup(net, a, b, tag="GLUTAMATE,GLU")
    return net, a, b, s


def between(n_src, n_dst, seed=1):
    """Return a synapse group between two groups."""
    net = Network(seed=seed)
    return SynapseGroup(net, NeuronGroup(net, n_src, tag="a"), NeuronGroup(net, n_dst, tag="b"))


def test_a19_import_leaves_nothing_behind_and_is_light(tmp_path):
    code = "import time, numpy; t = time.process_time()\nfrom helpers.modular import *\n"
    code += "import sys; print(time.process_time() - t)\n"
    code += "print(*[k for k in dir() if k[0] != '_']); print(*sys.modules)"
    options = dict(cwd=tmp_path, capture_output=True, text=True, check=True, env={"PYTHONPATH": str(ROOT)})
    seconds, names, loaded = subprocess.run([sys.executable, "-B", "-c", code], **options).stdout.splitlines()
    assert float(seconds) < 0.5 and set(names.split()) == NAMES | {"time", "numpy", "t", "sys"}
    loaded = {module.partition(".")[0] for module in loaded.split()}
    assert not loaded & {"PyQt5", "matplotlib", "scipy", "numba", "ipywidgets", "anywidget", "pandas"}
    assert list(tmp_path.iterdir()) == []


# --- tags


def test_tags_are_added_and_are_attributes_where_the_name_is_free():
    net, a, _b, s = pair()
    assert a.add_tag("new, A,newer") is a and a.tags == ["A", "first", "NeuronGroup", "new", "newer"]
    assert NeuronGroup(net, 1, tag=["p", "q,r"]).tags == ["p", "q", "r", "NeuronGroup"]
    assert (net.A, net.newer, net.GLU, net.A_to_B) == (a, a, s, s)
    assert a.Recorder is a.recorder is a.behaviour[2] and net.x is a.x is a.behaviour[1]
    late = NeuronGroup(net, 1, tag="size,late")
    assert net.late is late and late.size == 1, "an attribute comes before a tag"
    for parent, name in ((net, "nothing"), (a, "B"), (a, "n.size"), (s, "W")):
        assert not hasattr(parent, name)
    with pytest.raises(AttributeError, match=r"NeuronGroup .*'A'.* has no attribute and no tag 'voltage'"):
        _ = a.voltage


def test_a7b_lookups_are_depth_first_and_never_stale():
    net, a, b, s = pair()
    one, two = a.behaviour[1], b.behaviour[1]
    assert net["net"] == net["Network"] == [net] and net["NeuronGroup"] == [a, b] and net["first", 0] is a
    assert net["x"] == net["Marks"] == [one, two] and a["x"] == net["y"] == [one] and net["x", -1] is two
    assert net["GLU"] == [s] and a["GLU"] == [], "a synapse group is found from the network only"
    assert net[1] == [one, two] and a[2.0] == [a.behaviour[2]] and net[7] == net["later"] == net["n.iteration"] == []
    with pytest.raises(IndexError):
        net["x", 2]
    with pytest.raises(TypeError):
        iter(net)
    late = NeuronGroup(net, 1, {9: Recorder(["n.iteration"])}, tag="later")
    a.tags.append("renamed")
    assert net["later"] == [late] and net["renamed"] == [a] and net["n.iteration", 0] is late["n.iteration", 0]


def test_groups_with_one_tag_get_letters_then_numbers():
    net = Network()
    groups = [NeuronGroup(net, 1, tag=tag) for tag in ("A", "A,more", None, None, *["A"] * 27)]
    assert groups[2].tags == ["NG", "NeuronGroup"]
    with pytest.warns(UserWarning, match="taken by another neuron group") as caught:
        net.initialize()
    assert {warning.filename for warning in caught} == {__file__}, "each names the line that has to change"
    net.initialize()
    tags = [group.tags[0] for group in groups]
    assert tags[:5] == ["A", "Ab", "NG", "NGb", "Ac"] and tags[-4:] == ["Az", "A27", "A28", "A29"]


def test_afferent_and_efferent_synapses_exist_at_once():
    net, a, b, s = pair()
    assert s.tags == ["GLUTAMATE", "GLU", "A => B", "A_to_B", "SynapseGroup"]
    late = NeuronGroup(net, 4, tag="late")
    t = SynapseGroup(net, "first", "late", tag="GABA")
    for tag in ("All", "SynapseGroup"):
        assert a.efferent_synapses[tag] == [s, t] and b.afferent_synapses[tag] == [s]
    assert late.afferent_synapses["GLU"] == [] and late.afferent_synapses["GABA"] == [t]
    assert b.synapses("afferent", "A => B") == [s] == a.synapses("efferent", "GLU") and b.synapses("efferent") == []
    assert t.shape == (4, 3) and t.src is a and t.dst is late
    known = "All, GLUTAMATE, GLU, A => B, A_to_B, SynapseGroup, GABA, A => late"
    with pytest.raises(KeyError, match=f"^no synapse group carries the tag 'gaba'; known: {known}"):
        a.afferent_synapses["gaba"]
    with pytest.raises(ParameterError, match="is the tag of 3 neuron groups, not of one; known: A, first"):
        SynapseGroup(net, "NeuronGroup", a)
    s.tags.append("changed")
    net.initialize()
    assert b.afferent_synapses["changed"] == [s]


# --- draws


def test_legacy_getters_make_two_draws():
    synapse, shares = between(50, 50, seed="legacy"), np.linspace(0, 1, 50)
    np.random.seed(7)  # noqa: NPY002
    vector, rows = synapse.src.get_random_neuron_vec(density=0.3), synapse.get_random_synapse_mat(density=shares)
    single, whole = (synapse.src.get_random_neuron_vec(density=density) for density in (None, 1.0))
    old = np.random.RandomState(7)
    np.testing.assert_array_equal(vector, old.rand(50) * (old.rand(50) <= 0.3))
    np.testing.assert_array_equal(rows, old.rand(50, 50) * (old.rand(50, 50) <= shares[:, None]))
    np.testing.assert_array_equal([single, whole], old.rand(2, 50))


@pytest.mark.parametrize("density", [0.05, np.linspace(0, 0.5, 400), None])
def test_what_is_kept_at_a_density_is_uniform(density):
    synapse, share = between(400, 400), 1 if density is None else np.mean(density)
    vectors = np.array([synapse.src.get_random_neuron_vec(density) for _ in range(400)])
    for drawn in (vectors, synapse.get_random_synapse_mat(density)):
        kept = drawn[drawn > 0]
        assert drawn.shape == (400, 400) and kept.size / drawn.size == pytest.approx(share, abs=0.004)
        assert kept.mean() == pytest.approx(0.5, abs=0.01) and kept.var() == pytest.approx(1 / 12, rel=0.05)


@pytest.mark.parametrize("density", [0.004, 0.97, np.linspace(0, 0.6, 50)])
def test_every_entry_exists_with_the_same_probability(density):
    synapse, n = between(30, 50, seed=8), 400
    drawn = np.array([synapse.matrix("ones", density=density) for _ in range(n)])
    expected = np.broadcast_to(np.reshape(density, (-1, 1)), (50, 30))
    counts, spread = drawn.sum(axis=0), np.sqrt(n * expected * (1 - expected))
    np.testing.assert_array_equal(counts[spread == 0], n * expected[spread == 0])
    z = (counts - n * expected)[spread > 0] / spread[spread > 0]
    assert abs(z.mean()) < 4 / np.sqrt(z.size) and z.std() == pytest.approx(1, abs=4 / np.sqrt(2 * z.size))
    totals = drawn.sum(axis=(1, 2))
    assert totals.var() == pytest.approx((expected * (1 - expected)).sum(), rel=0.3), "entries are independent"
    places = np.flatnonzero(drawn[0])
    assert (np.diff(places) == 1).any() == (np.max(density) > 0.1), "neighbours exist together"


@pytest.mark.parametrize("connectivity", [None, "s_id != d_id"])
def test_a_large_sparse_matrix_needs_the_memory_of_its_synapses(connectivity):
    """In full, ones of float64 would take 72 MB."""
    net = Network(seed=1)
    cells = NeuronGroup(net, 3000)
    synapse = SynapseGroup(net, cells, cells, connectivity=connectivity)
    for sparse in (True, "event"):
        tracemalloc.start()
        held = synapse.matrix("uniform", density=0.01, sparse=sparse)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        count = held.nnz if sparse is True else len(held.weights)
        assert peak < 20e6 and held.shape == (3000, 3000) and count == pytest.approx(90_000, rel=0.02)
        assert held.toarray().diagonal().any() == (connectivity is None)


@pytest.mark.parametrize("mode", ["uniform", "normal(2, 1)", 3])
@pytest.mark.parametrize("density", [0.2, 1.0, None, np.linspace(0, 1, 30)])
def test_the_storages_hold_the_same_numbers(mode, density):
    full = between(20, 30, seed=5).matrix(mode, density=density)
    assert type(full) is np.ndarray
    for sparse in (True, "event"):
        found = between(20, 30, seed=5).matrix(mode, density=density, sparse=sparse)
        np.testing.assert_array_equal(dense(found), full)


def test_modes_scale_and_dtype():
    net = Network(seed=2, settings={"dtype": "float32"})
    cells = NeuronGroup(net, 1000)
    assert net.def_dtype == cells.def_dtype == cells.vector().dtype == np.float32 and Network().def_dtype == np.float64
    assert not cells.get_neuron_vec().any() and (cells.vector(3, scale=2) == 6).all()
    assert cells.vector(bool).dtype == bool and cells.vector(int).dtype.kind == "i"
    assert (cells.vector("ones", density=0.3) > 0).mean() == pytest.approx(0.3, abs=0.06)
    assert Network().rng.random() != Network().rng.random(), "without a seed every network draws other numbers"
    synapse = SynapseGroup(net, cells, cells)
    synapse.enabled = False
    assert not synapse.get_random_synapse_mat(0.1).any() and not synapse.get_random_synapse_mat().any()


def test_scale_and_mode_as_arrays_belong_to_rows_and_columns_at_any_density():
    values, columns = np.arange(1.0, 13).reshape(3, 4), np.array([1.0, 10, 100, 1000])
    for density in (None, 0.5, [0.2, 0.9, 1]):
        weights = between(4, 3, seed=4).matrix(values, columns, density)
        assert (weights != 0).any()
        np.testing.assert_array_equal(weights[weights != 0], (values * columns)[weights != 0])


# --- parameters

TEXTS = [(text, 2.5, text) for text in ("uniform", "file(1).txt", "0;-65", "(3)", "", "a+b", "exc => inh")]
TEXTS += [("fast", np.zeros(2), "fast"), ("3", None, "3"), ("1", True, "1"), ("-1e-3", 1.0, -1e-3)]
TEXTS += [("50%", 1.0, 0.5), ("50%", 1, 0.5), ("200 %", 1, 2), ("7", np.float32(1), np.float32(7))]


@pytest.mark.parametrize(("text", "default", "value"), TEXTS)
def test_text_that_is_no_draw_stays_text_and_numbers_take_the_type_of_the_default(text, default, value):
    synapse = between(2, 3)
    for target in (None, synapse.src, synapse, synapse.network):
        found = Marks(a=text).get_init_attr("a", default, target)
        assert found == value and type(found) is type(value)


def test_parameters_are_read_or_become_variables():
    cells = NeuronGroup(Network(seed=1), 400)
    item = Marks(v="normal(5, 1)", name="E(1)", rate=3, list=[1, 2])
    assert item.parameter("rate", 1, required=True) == 3 and item.get_init_attr("none", 7) == 7
    with pytest.raises(ParameterError, match=r"has no keyword argument c; give Marks\(c=...\)"):
        item.parameter("c", required=True)
    item.set_parameters_as_variables(cells)
    assert cells.v.shape == (400,) and cells.v.mean() == pytest.approx(5, abs=0.3)
    assert (cells.name, cells.rate, cells.list) == ("E(1)", 3, [1, 2])
    item.set_parameters_as_variables(item)
    assert (item.v, item.name, item.rate) == ("normal(5, 1)", "E(1)", 3)
    synapse = SynapseGroup(cells.network, cells, cells)
    assert Marks(w="uniform(1, 2)").parameter("w", neurons=synapse).shape == (400, 400)


# --- which synapses exist


def test_enabled_may_be_a_matrix():
    synapse = between(40, 30)
    synapse.enabled = np.random.default_rng(0).random((30, 40)) < 0.5
    for density in (None, 1.0, 0.4, np.full(30, 0.4)):
        made = synapse.matrix("uniform(1, 2)", density=density) > 0
        assert not made[~synapse.enabled].any() and made[synapse.enabled].mean() > 0.3
    assert (synapse.get_random_synapse_mat(1.0) > 0).sum() == synapse.enabled.sum()
    for kind in (float, bool):
        synapse.enabled = np.ones((40, 30), kind)
        with pytest.raises(ParameterError, match=r"enabled has shape \(40, 30\); allowed: \(30, 40\)"):
            synapse.matrix("uniform")


CONNECTED = {
    "s_id != d_id": lambda dx, dy, s, d: s != d,
    "in_box(1)": lambda dx, dy, s, d: (dx <= 1) & (dy <= 1),
    "in_circle(3) & (s_id > 2)": lambda dx, dy, s, d: (np.hypot(dx, dy) <= 3) & (s > 2),
    "np.abs(sx - dx) <= 1": lambda dx, dy, s, d: dx <= 1,
    2: lambda dx, dy, s, d: (np.hypot(dx, dy) <= 2) & (s != d),
    "True": lambda dx, dy, s, d: s >= 0,
    lambda synapse, s_id, sx, sy, sz, d_id, *_: (sy == -1) & (s_id == d_id): lambda dx, dy, s, d: (s == d) & (d < 4),
}


@pytest.mark.parametrize("connectivity", CONNECTED)
def test_connectivity(connectivity):
    net = Network(seed=1)
    cells = NeuronGroup(net, NeuronDimension(4, 3))
    synapse = SynapseGroup(net, cells, cells, connectivity=connectivity)
    apart = [abs(axis[:, None] - axis) for axis in (cells.x, cells.y)]
    d_id, s_id = np.indices((12, 12))
    np.testing.assert_array_equal(synapse.enabled, CONNECTED[connectivity](*apart, s_id, d_id))
    np.testing.assert_array_equal(synapse.matrix("ones") > 0, synapse.enabled)


def test_a_behaviour_tagged_like_a_position_is_none():
    net = Network(seed=1)
    cells = NeuronGroup(net, 12, {k: Behaviour(tag=tag) for k, tag in enumerate(["x", "y", "z", "width"])})
    other = SynapseGroup(net, cells, cells, connectivity=lambda synapse, s_id, sx, sy, sz, d_id, *_: s_id != d_id)
    assert other.enabled.sum() == 132 and width(cells) == 4, "a function needs no grid"
    with pytest.raises(ParameterError, match=r"'sx' is not defined.*positions need groups on a grid"):
        SynapseGroup(net, cells, cells, connectivity="sx != dx")


# --- sub-groups


def test_a_sub_group_reads_and_writes_through_its_mask():
    net = Network(seed=1)
    cells = NeuronGroup(net, get_squared_dim(12), tag="cells")
    cells.v, cells.delayed, cells.level = np.arange(12.0), np.zeros((3, 12)), 5
    part = cells.subGroup(cells.x > 0)
    assert part.size == 4 and part.x.tolist() == [1.0] * 4 and part.v.tolist() == [2, 5, 8, 11] and part.level == 5
    part.v += 100
    part.v[:] = -1  # a copy, as every choice by a mask
    part.delayed = np.ones((3, 4))
    assert cells.v.tolist() == [0, 1, 102, 3, 4, 105, 6, 7, 108, 9, 10, 111]
    assert cells.delayed.sum(axis=0).tolist() == [0, 0, 3] * 4 and part.delayed.shape == (3, 4)
    assert part.vector("uniform").shape == part.get_random_neuron_vec(0.5).shape == part.get_neuron_vec().shape == (4,)
    inner = part.subGroup([True, False, True, False])
    assert inner.v.tolist() == [102, 108] and inner.size == 2 and inner.BaseNeuronGroup is cells
    twin = copy.deepcopy(part)
    twin.v = 0
    assert twin.v.tolist() == [0] * 4 and part.v[0] == 102
    for name in ("level", "new"):
        with pytest.raises(ParameterError, match=f"{name} is no vector of <NeuronGroup 'cells'.*set it on the group"):
            setattr(part, name, 1)
    with pytest.raises(AttributeError, match="behaviours belong to the whole group"):
        part.add_behaviour(1, Behaviour())
    with pytest.raises(ParameterError, match=r"mask has shape \(3,\); allowed: \(4\)"):
        part.subGroup([True, False, True])


def test_synapses_between_sub_groups():
    net = Network(seed=1)
    cells = NeuronGroup(net, 5, tag="cells")
    cells.v = np.arange(1.0, 6)
    synapse = SynapseGroup(net, cells.subGroup(cells.id < 2), cells.subGroup(cells.id > 1), "S")
    synapse.W = np.array([[1.0, 0], [0, 1], [1, 1]])
    assert synapse.shape == (3, 2) and cells.afferent_synapses["S"] == cells.efferent_synapses["S"] == [synapse]
    synapse.dst.v += synapse.W.dot(synapse.src.v)
    assert cells.v.tolist() == [1, 2, 4, 6, 8]
    with pytest.raises(ParameterError, match="belongs to another network"):
        SynapseGroup(net, NeuronGroup(Network(), 5).subGroup(np.ones(5)), cells)


# --- grids


def test_a7c_positions():
    for size, behaviour in ((NeuronDimension(2, 3, 2), None), (12, {0: NeuronDimension(2, 3, 2)})):
        cells = NeuronGroup(Network(), size, behaviour)
        assert cells.x.tolist() == [-0.5, 0.5] * 6
        assert cells.y.tolist() == [-1, -1, 0, 0, 1, 1] * 2
        assert cells.z.tolist() == [-0.5] * 6 + [0.5] * 6
        assert cells.id.tolist() == list(range(12)) and cells.vector().shape == (12,)
    late = NeuronGroup(Network(), 3)
    late.add_behaviour(0, NeuronDimension(3, centered=False))
    assert late.size == 3 and late.x.tolist() == [0, 1, 2], "a grid fits a group of as many cells"


@given(st.integers(1, 3000))
def test_the_width_is_the_largest_divisor_up_to_the_root(n):
    grid = get_squared_dim(n, depth=2)
    assert grid.width == max(w for w in range(1, int(n**0.5) + 1) if n % w == 0) and grid.width * grid.height == n
    assert grid.depth == 2
