"""Tags and lookups that never go stale, synapse dictionaries, getters and grids."""

import copy
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.modular import (
    Behavior,
    Behaviour,
    Network,
    NeuronDimension,
    NeuronGroup,
    Recorder,
    SynapseGroup,
    get_squared_dim,
)
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


def test_a19_import_leaves_nothing_behind_and_is_light(tmp_path):
    code = "import time, numpy; t = time.process_time()\nfrom helpers.modular import *\n"
    code += "import sys; print(time.process_time() - t)\n"
    code += "print(sorted(k for k in dir() if k[0] != '_')); print(*sys.modules)"
    options = dict(cwd=tmp_path, capture_output=True, text=True, check=True, env={"PYTHONPATH": str(ROOT)})
    seconds, names, loaded = subprocess.run([sys.executable, "-B", "-c", code], **options).stdout.splitlines()
    assert float(seconds) < 0.5 and set(eval(names)) == NAMES | {"time", "numpy", "t", "sys"}
    loaded = {module.partition(".")[0] for module in loaded.split()}
    assert not loaded & {"PyQt5", "matplotlib", "scipy", "numba", "ipywidgets", "anywidget", "pandas"}
    assert list(tmp_path.iterdir()) == [] and Behavior is Behaviour


# --- tags


def test_tags_can_be_added():
    net, a, _b, _s = pair()
    assert a.add_tag("new, A,newer") is a and a.tags == ["A", "first", "NeuronGroup", "new", "newer"]
    assert net["newer"] == [net.newer] == [a]
    with pytest.raises(ParameterError, match="tag = 3 is not text"):
        a.add_tag(3)
    assert NeuronGroup(net, 1, tag=["p", "q,r"]).tags == ["p", "q", "r", "NeuronGroup"]


def test_a_tag_is_an_attribute_where_the_name_is_free():
    net, a, b, s = pair()
    assert (net.A, net.B, net.first, net.GLU, net.A_to_B) == (a, b, a, s, s)
    assert a.Recorder is a.recorder is a.behaviour[2] and net.x is a.x is a.behaviour[1]
    late = NeuronGroup(net, 1, tag="size,late")
    assert net.late is late and late.size == 1, "an attribute comes before a tag"
    for parent, name in ((net, "nothing"), (a, "B"), (a, "n.size"), (s, "W")):
        assert not hasattr(parent, name)
    with pytest.raises(AttributeError, match=r"NeuronGroup .*'A'.* has no attribute and no tag 'voltage'"):
        _ = a.voltage


def test_lookup_is_depth_first():
    net, a, b, s = pair()
    one, two = a.behaviour[1], b.behaviour[1]
    assert net["net"] == net["Network"] == [net]
    assert net["x"] == net["Marks"] == [one, two] and a["x"] == [one] and net["y"] == [one]
    assert net["NeuronGroup"] == [a, b] and net["first", 0] is a and net["GLU"] == [s]
    assert a["GLU"] == [], "a synapse group is found from the network only"
    assert net["x", -1] is two and net["nothing", 3] is None
    with pytest.raises(IndexError):
        net["x", 2]
    assert net[1] == [one, two] and a[1, 0] is one and a[2.0] == [a.behaviour[2]] and net[7] == []
    with pytest.raises(TypeError):
        iter(net)


def test_a7b_lookups_are_never_stale():
    net, a, _b, _s = pair()
    assert net["later"] == [] and net["n.iteration"] == []
    late = NeuronGroup(net, 1, {9: Recorder(["n.iteration"])}, tag="later")
    assert net["later"] == [late] and len(net["n.iteration", 0]) == 0
    net.initialize()
    net.simulate_iterations(3)
    samples = net["n.iteration", 0]
    assert list(samples) == [1, 2, 3]
    net.clear_recorder()
    net.simulate_iterations(2)
    assert len(samples) == len(net["n.iteration", 0]) == 2 and list(samples) == [4, 5]
    a.tags.append("renamed")
    assert net["renamed"] == [a]


def test_duplicate_and_missing_tags():
    net = Network()
    groups = [NeuronGroup(net, 1, tag=tag) for tag in ("A", "A", None, "A,more", None)]
    assert groups[2].tags == ["NG", "NeuronGroup"]
    with pytest.warns(UserWarning, match="taken by another neuron group") as caught:
        net.initialize()
    assert [warning.filename for warning in caught] == [__file__] * 3, "each names the line that has to change"
    assert [g.tags[0] for g in groups] == ["A", "Ab", "NG", "Ac", "NGb"]
    net.initialize()  # no second warning
    many = Network()
    groups = [NeuronGroup(many, 1, tag="A") for _ in range(29)]
    many.initialize(warnings=False)
    tags = [group.tags[0] for group in groups]
    assert len(set(tags)) == 29 and tags[-4:] == ["Az", "A27", "A28", "A29"]


def test_afferent_and_efferent_synapses_exist_at_once():
    net, a, b, s = pair()
    assert s.tags == ["GLUTAMATE", "GLU", "A => B", "A_to_B", "SynapseGroup"]
    late = NeuronGroup(net, 4, tag="late")
    t = SynapseGroup(net, "first", "late", tag="GABA")
    for tag in ("All", "SynapseGroup"):
        assert a.efferent_synapses[tag] == [s, t] and b.afferent_synapses[tag] == [s]
    assert late.afferent_synapses["GLU"] == [] and late.afferent_synapses["GABA"] == [t]
    assert b.synapses("afferent", "A => B") == [s] == a.synapses("efferent", "GLU")
    assert t.shape == (4, 3) and t.src is a and t.dst is late
    known = "All, GLUTAMATE, GLU, A => B, A_to_B, SynapseGroup, GABA, A => late"
    with pytest.raises(KeyError, match=f"^no synapse group carries the tag 'gaba'; known: {known}"):
        a.afferent_synapses["gaba"]
    s.tags.append("changed")
    net.initialize()
    assert b.afferent_synapses["changed"] == [s]


# --- getters


def test_legacy_getters_make_two_draws():
    net = Network(seed="legacy")
    cells = NeuronGroup(net, 50)
    synapse = SynapseGroup(net, cells, cells)
    np.random.seed(7)  # noqa: NPY002
    vector, matrix = cells.get_random_neuron_vec(density=0.3), synapse.get_random_synapse_mat(density=0.2)
    rows = synapse.get_random_synapse_mat(density=np.linspace(0, 1, 50))
    single, after = cells.get_random_neuron_vec(density=None), cells.get_random_neuron_vec()
    old = np.random.RandomState(7)
    np.testing.assert_array_equal(vector, old.rand(50) * (old.rand(50) <= 0.3))
    np.testing.assert_array_equal(matrix, old.rand(50, 50) * (old.rand(50, 50) <= 0.2))
    np.testing.assert_array_equal(rows, old.rand(50, 50) * (old.rand(50, 50) <= np.linspace(0, 1, 50)[:, None]))
    np.testing.assert_array_equal(single, old.rand(50))
    np.testing.assert_array_equal(after, old.rand(50))


@pytest.mark.parametrize("density", [0.05, np.full(400, 0.25), None])
def test_densities_without_rescaling(density):
    net = Network(seed=1)
    cells = NeuronGroup(net, 400)
    share = 1 if density is None else np.mean(density)
    matrix = SynapseGroup(net, cells, cells).get_random_synapse_mat(density)
    kept = matrix[matrix > 0]
    assert kept.size / matrix.size == pytest.approx(share, abs=0.004)
    assert kept.mean() == pytest.approx(0.5, abs=0.01) and kept.var() == pytest.approx(1 / 12, rel=0.05)
    vector = cells.get_random_neuron_vec(density)
    assert vector.shape == (400,) and (vector > 0).mean() == pytest.approx(share, abs=0.1)
    many = np.concatenate([cells.get_random_neuron_vec(density) for _ in range(200)])
    assert many.mean() == pytest.approx(share / 2, rel=0.05) and many.max() > 0.99


@pytest.mark.parametrize("density", [0.004, 0.3, 0.97, np.linspace(0, 0.6, 50), np.linspace(0, 1, 50)])
def test_every_entry_exists_with_the_same_probability(density):
    net, n = Network(seed=8), 400
    synapse = SynapseGroup(net, NeuronGroup(net, 30, tag="a"), NeuronGroup(net, 50, tag="b"))
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


@pytest.mark.parametrize(("n", "autapses", "most"), [(10_000, True, 150e6), (3000, False, 20e6)])
def test_a_large_sparse_matrix_needs_the_memory_of_its_synapses(n, autapses, most):
    """In full, ones of float64 would take 800 and 72 MB."""
    net = Network(seed=1)
    cells = NeuronGroup(net, n)
    synapse = SynapseGroup(net, cells, cells, connectivity=None if autapses else "s_id != d_id")
    for sparse in (True, "event"):
        tracemalloc.start()
        held = synapse.matrix("uniform", density=0.01, sparse=sparse)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        count = held.nnz if sparse is True else len(held.weights)
        assert peak < most and held.shape == (n, n) and count == pytest.approx(0.01 * n**2, rel=0.02)
    assert autapses or not synapse.matrix("uniform", density=0.01, sparse=True).diagonal().any()


@pytest.mark.parametrize("mode", ["uniform", "normal(2, 1)", 3])
@pytest.mark.parametrize("density", [0.2, 1.0, None, np.linspace(0, 1, 30)])
def test_the_storages_hold_the_same_numbers(mode, density):
    def weights(sparse):
        net = Network(seed=5)
        cells = NeuronGroup(net, 30)
        synapse = SynapseGroup(net, cells, cells)
        return synapse.matrix(mode, density=density, sparse=sparse)

    full = weights(False)
    assert type(full) is np.ndarray
    for sparse in (True, "event"):
        np.testing.assert_array_equal(dense(weights(sparse)), full)


def test_vector_and_matrix_modes():
    net = Network(seed=2, dtype=np.float32)
    cells = NeuronGroup(net, 1000)
    synapse = SynapseGroup(net, cells, cells)
    assert cells.vector().dtype == np.float32 and not cells.vector().any()
    assert (cells.vector(3) == 3).all() and (cells.vector("ones", scale=2) == 2).all()
    assert cells.vector(bool).dtype == bool and cells.vector(int).dtype.kind == "i"
    for mode in ("uniform", "random", "rand", "rnd()", "uniform(0, 1)"):
        assert cells.vector(mode).mean() == pytest.approx(0.5, abs=0.05)
    normal = cells.vector("normal(3, 0.1)*2")
    assert normal.mean() == pytest.approx(6, abs=0.05) and normal.std() == pytest.approx(0.2, rel=0.1)
    assert (cells.vector("ones", density=0.3) > 0).mean() == pytest.approx(0.3, abs=0.06)
    assert synapse.matrix("normal(0, 1)").shape == (1000, 1000)
    assert synapse.matrix("ones", density=0.01, sparse=True).nnz == pytest.approx(10_000, rel=0.05)
    synapse.enabled = False
    assert not synapse.get_random_synapse_mat().any()
    assert not cells.get_neuron_vec().any() and synapse.get_synapse_mat().shape == (1000, 1000)


def test_the_default_dtype_and_settings():
    net = Network(settings={"dtype": "float32"})
    cells = NeuronGroup(net, 2)
    assert net.def_dtype == cells.def_dtype == SynapseGroup(net, cells, cells).def_dtype == np.float32
    assert Network().def_dtype == np.float64
    with pytest.raises(ParameterError, match="setting = 'syn_dim' is unknown; choose one of: dtype"):
        Network(settings={"syn_dim": "SxD"})


@pytest.mark.parametrize(
    "text", ["fast", "uniform", "file(1).txt", "0;-65", "a+b", "print(1)", "exc => inh", "(3)", ""]
)
@pytest.mark.parametrize("default", [None, 1, 2.5, "slow", np.zeros(2), True])
def test_text_that_is_no_draw_stays_text(text, default):
    cells = NeuronGroup(Network(), 3)
    for target in (None, cells, SynapseGroup(cells.network, cells, cells), cells.network):
        assert Marks(mode=text).get_init_attr("mode", default, target) == text


NUMBERS = [("50%", 1.0, 0.5), ("50%", 1, 0.5), ("200 %", 1, 2), ("3", 0, 3), ("3", 0.0, 3.0), ("3.5", 0, 3.5)]
NUMBERS += [("-1e-3", 1.0, -1e-3), ("3", None, "3"), ("3", "2", "3"), ("1", True, "1")]
NUMBERS += [("7", np.float32(1), np.float32(7))]


@pytest.mark.parametrize(("text", "default", "value"), NUMBERS)
def test_numbers_as_text_take_the_type_of_the_default(text, default, value):
    for target in (None, NeuronGroup(Network(), 3)):
        found = Marks(a=text).parameter("a", default, target)
        assert found == value and type(found) is type(value)


def test_parameters_become_variables():
    cells = NeuronGroup(Network(seed=1), 400)
    item = Marks(v="normal(5, 1)", name="E(1)", rate=3, list=[1, 2])
    item.set_parameters_as_variables(cells)
    assert cells.v.shape == (400,) and cells.v.mean() == pytest.approx(5, abs=0.3)
    assert (cells.name, cells.rate, cells.list) == ("E(1)", 3, [1, 2])
    item.set_parameters_as_variables(item)
    assert (item.v, item.name, item.rate) == ("normal(5, 1)", "E(1)", 3)
    assert item._read == {"v", "name", "rate", "list"}
    synapse = SynapseGroup(cells.network, cells, cells)
    assert Marks(w="uniform(1, 2)").parameter("w", neurons=synapse).shape == (400, 400)


def test_parameters_of_a_behaviour():
    cells, item = NeuronGroup(Network(seed=3), 500), Marks(a=0, b="normal(5, 1)")
    assert item.init_kwargs == {"a": 0, "b": "normal(5, 1)"} and item.get_init_attr("none", 7) == 7
    assert item.parameter("a", 1, required=True) == 0 and item.get_init_attr("b") == "normal(5, 1)"
    assert item.get_init_attr("b", 0, neurons=cells).mean() == pytest.approx(5, abs=0.3)
    with pytest.raises(ParameterError, match=r"has no keyword argument c; give Marks\(c=...\)"):
        item.parameter("c", required=True)


def test_seeds():
    def draw(seed):
        return NeuronGroup(Network(seed=seed), 5).get_random_neuron_vec()

    np.testing.assert_array_equal(draw(4), draw(4))
    np.testing.assert_array_equal(draw(4), draw(np.random.default_rng(4)))
    assert (draw(None) != draw(None)).all()


# --- which synapses exist


def test_enabled_may_be_a_matrix():
    net = Network(seed=1)
    cells = NeuronGroup(net, 40)
    synapse = SynapseGroup(net, cells, NeuronGroup(net, 30, tag="B"))
    synapse.enabled = np.random.default_rng(0).random((30, 40)) < 0.5
    for sparse in (False, True, "event"):
        for density in (None, 1.0, 0.4, np.full(30, 0.4)):
            made = dense(synapse.matrix("uniform(1, 2)", density=density, sparse=sparse)) > 0
            assert not made[~synapse.enabled].any() and made[synapse.enabled].mean() > 0.3
        assert (dense(synapse.get_random_synapse_mat(1.0, sparse)) > 0).sum() == synapse.enabled.sum()
    for kind in (float, bool):
        synapse.enabled = np.ones((40, 30), kind)
        with pytest.raises(ParameterError, match=r"enabled has shape \(40, 30\); allowed: \(30, 40\)"):
            synapse.matrix("uniform")


CONNECTED = {
    "s_id != d_id": lambda dx, dy, s, d: s != d,
    "in_box(1)": lambda dx, dy, s, d: (dx <= 1) & (dy <= 1),
    "in_circle(1.5) & (s_id > 2)": lambda dx, dy, s, d: (np.hypot(dx, dy) <= 1.5) & (s > 2),
    "np.abs(sx - dx) <= 1": lambda dx, dy, s, d: dx <= 1,
    2: lambda dx, dy, s, d: (np.hypot(dx, dy) <= 2) & (s != d),
    "True": lambda dx, dy, s, d: True,
}


@pytest.mark.parametrize("connectivity", CONNECTED)
def test_connectivity(connectivity):
    net = Network(seed=1)
    cells = NeuronGroup(net, NeuronDimension(4, 3))
    synapse = SynapseGroup(net, cells, cells, connectivity=connectivity)
    for i in range(12):
        for j in range(12):
            dx, dy = abs(cells.x[i] - cells.x[j]), abs(cells.y[i] - cells.y[j])
            assert synapse.enabled[i, j] == CONNECTED[connectivity](dx, dy, j, i)
    np.testing.assert_array_equal(synapse.matrix("ones") > 0, synapse.enabled)


def test_connectivity_by_a_function_and_between_groups():
    net = Network(seed=1)
    a, b = NeuronGroup(net, 3, tag="a"), NeuronGroup(net, 2, tag="b")
    one = SynapseGroup(net, a, b, connectivity=lambda synapse, s_id, sx, sy, sz, d_id, *_: s_id == d_id)
    assert one.enabled.tolist() == [[True, False, False], [False, True, False]]
    autapses = SynapseGroup(net, a, a, connectivity="s_id != d_id").get_random_synapse_mat(1.0, sparse="event")
    assert not autapses.toarray().diagonal().any() and len(autapses.weights) == 6
    before = list(net.SynapseGroups)
    for wrong, words in (("in_box(2)", "positions need groups on a grid"), ("s_ids > 1", "known: np, s_id"), ([], "")):
        with pytest.raises(ParameterError, match=f"connectivity = .* cannot be evaluated .*{words}"):
            SynapseGroup(net, a, b, connectivity=wrong)
    with pytest.raises(ParameterError, match="partition = True is not supported"):
        SynapseGroup(net, a, b, partition=True)
    assert net.SynapseGroups == before


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
    assert part.BaseNeuronGroup is cells.BaseNeuronGroup is cells
    for name in ("level", "new"):
        with pytest.raises(ParameterError, match=f"{name} is no vector of <NeuronGroup 'cells'.*set it on the group"):
            setattr(part, name, 1)
    with pytest.raises(ParameterError, match=r"mask has shape \(3,\); allowed: \(12\)"):
        cells.subGroup([True, False, True])


def test_synapses_between_sub_groups():
    class Send(Behaviour):
        def new_iteration(self, synapse):
            synapse.dst.v += synapse.W.dot(synapse.src.v)

    net = Network(seed=1)
    cells = NeuronGroup(net, 5, tag="cells")
    cells.v = np.arange(1.0, 6)
    low, high = cells.subGroup(cells.id < 2), cells.subGroup(cells.id > 1)
    synapse = SynapseGroup(net, low, high, "S", {1: Send()})
    synapse.W = np.array([[1.0, 0], [0, 1], [1, 1]])
    assert synapse.shape == (3, 2) and cells.afferent_synapses["S"] == cells.efferent_synapses["S"] == [synapse]
    net.initialize()
    net.simulate_iteration()
    assert cells.v.tolist() == [1, 2, 4, 6, 8]
    other = NeuronGroup(Network(), 5).subGroup(np.ones(5))
    with pytest.raises(ParameterError, match="belongs to another network"):
        SynapseGroup(net, other, cells)


# --- grids


def test_a7c_positions():
    cells = NeuronGroup(Network(), NeuronDimension(2, 2, 2))
    assert cells.x.tolist() == [-0.5, 0.5] * 4
    assert cells.y.tolist() == [-0.5, -0.5, 0.5, 0.5] * 2
    assert cells.z.tolist() == [-0.5] * 4 + [0.5] * 4
    assert cells.id.tolist() == list(range(8)) and cells.vector().shape == (8,)
    loose = NeuronGroup(Network(), NeuronDimension(3, 1, centered=False))
    assert loose.x.tolist() == [0, 1, 2]


@given(st.integers(1, 3000))
def test_the_width_is_the_largest_divisor_up_to_the_root(n):
    grid = get_squared_dim(n, depth=2)
    assert grid.width == max(w for w in range(1, int(n**0.5) + 1) if n % w == 0) and grid.width * grid.height == n
    assert grid.depth == 2


def test_a_part_of_a_part_and_its_copy():
    cells = NeuronGroup(Network(), 5)
    cells.v = np.arange(5.0)
    part = cells.subGroup(cells.id > 1)
    inner = part.subGroup([True, False, True])
    assert inner.v.tolist() == [2, 4] and inner.size == 2 and inner.BaseNeuronGroup is cells
    twin = copy.deepcopy(part)
    twin.v = 0
    assert twin.v.tolist() == [0, 0, 0] and part.v.tolist() == [2, 3, 4] and copy.copy(inner).size == 2
    with pytest.raises(ParameterError, match="mask has shape"):
        part.subGroup(cells.id > 1)


def test_scale_and_mode_as_arrays_belong_to_rows_and_columns_at_any_density():
    values, columns = np.arange(1.0, 13).reshape(3, 4), np.array([1.0, 10, 100, 1000])
    for density in (None, 0.5, [0.2, 0.9, 1]):
        net = Network(seed=4)
        synapse = SynapseGroup(net, NeuronGroup(net, 4, tag="A"), NeuronGroup(net, 3, tag="B"))
        weights = synapse.matrix(values, columns, density)
        assert (weights != 0).any() and np.isin(weights, [0, *(values * columns).flat]).all()
        np.testing.assert_array_equal(weights[weights != 0], (values * columns)[weights != 0])


def test_a_grid_fits_a_group_of_as_many_cells():
    cells = NeuronGroup(Network(seed=1), 12)
    cells.add_behaviour(0, NeuronDimension(width=2, height=3, depth=2))
    assert cells.size == 12 and np.ptp(cells.x) == 1 and np.ptp(cells.y) == 2 and np.ptp(cells.z) == 1
