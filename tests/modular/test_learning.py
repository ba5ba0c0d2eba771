"""The compiled rules equal those of the cells of FINAL_7; identities of the two SORN networks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.modular import Behaviour, Network, NeuronGroup, Recorder, SynapseGroup, kernel
from helpers.modular.learning import STDP, Normalisation
from helpers.modular.synapses import Afferents, EventWeights, dense, stored
from helpers.parameters import ParameterError
from tests.cells import cells

STORAGES = (False, True, "event")
BOOK = cells("FINAL_7", "model", "study")
FAST, CELLS = (STDP, Normalisation), (BOOK.STDP, BOOK.Normalisation)


def sorn_like(seed, storage="event", rules=FAST, **options):
    """The network of 100 cells with the rules of the engine or of the cells."""
    return BOOK.sorn_like(100, seed, rules=(BOOK.Homeostasis, *rules), storage=storage, **options)


class Driven(Behaviour):
    """Spikes are drawn; the same for every storage."""

    def set_variables(self, neurons):
        self.random, self.rate = np.random.default_rng(self.get_init_attr("seed")), self.get_init_attr("rate", 0.2)
        neurons.spike = neurons.vector(bool)

    def new_iteration(self, neurons):
        neurons.spike = self.random.random(neurons.size) < self.rate


def driven_network(storage, seed, n=12, simultaneous=1, rate=0.2, rules=FAST):
    """Two sources onto one group, whose weights share a sum."""
    net = Network(seed=seed)
    stdp, normalisation = rules
    learn = {4: stdp(eta=0.3, high=3.0, simultaneous=simultaneous), 5: normalisation(total=3.0)}
    a = NeuronGroup(net, n, {1: Driven(seed=seed, rate=rate), **learn}, tag="a")
    b = NeuronGroup(net, n // 2, {1: Driven(seed=seed + 1, rate=rate)}, tag="b")
    for src in (a, b):
        SynapseGroup(net, src, a, "GLUTAMATE", {0: BOOK.Weights(density=0.3, storage=storage)})
    net.initialize()
    return net


@settings(max_examples=50)
@given(
    storage=st.sampled_from(STORAGES), seed=st.integers(0, 50), n=st.sampled_from([2, 12, 30]),
    simultaneous=st.sampled_from([0, 1, 0.4]), rate=st.sampled_from([0.0, 0.1, 0.5]),
)  # fmt: skip
def test_a16_the_loops_equal_the_cells(storage, seed, n, simultaneous, rate):
    """Two groups of synapses with a common sum, over sizes and rates that the notebook does not show."""
    options = dict(seed=seed, n=n, simultaneous=simultaneous, rate=rate)
    net, plain = driven_network(storage, **options), driven_network(False, rules=CELLS, **options)
    for _ in range(12):
        for each in (net, plain):
            each.simulate_iteration()
        for synapse, expected in zip(net.SynapseGroups, plain.SynapseGroups, strict=True):
            np.testing.assert_allclose(dense(synapse.W), expected.W, rtol=1e-12, atol=1e-12)


def whole_stdp(weights, exists, spikes, old, rule):
    """The rule on the whole matrix, in the order of operations of the loop."""
    (pre, post), (pre_old, post_old), (eta, simultaneous, low, high) = spikes, old, rule
    change = np.outer(post, pre_old + simultaneous * pre) - np.outer(post_old, pre * 1.0)
    written = exists & (change != 0)
    clipped = np.minimum(np.maximum(weights + eta * change, low), high).astype(weights.dtype)
    return np.where(written, clipped, weights), written.any(axis=1)


@settings(max_examples=60)
@given(
    storage=st.sampled_from(STORAGES), dtype=st.sampled_from([np.float64, np.float32]), seed=st.integers(0, 99),
    simultaneous=st.sampled_from([0.0, 1.0, 0.3]), rate=st.sampled_from([0.0, 0.1, 0.6]),
)  # fmt: skip
def test_the_loops_are_bit_identical_to_the_rules_on_whole_arrays(storage, dtype, seed, simultaneous, rate):
    rng, shape, rule = np.random.default_rng(seed), (9, 14), (0.37, simultaneous, 0.1, 2.5)
    full = (rng.random(shape) * 3 * (rng.random(shape) < 0.4)).astype(dtype)
    exists, held = full != 0, stored(full.copy(), storage)
    listed, changed = Afferents(held), np.zeros(9, bool)
    old = np.zeros(14, bool), np.zeros(9, bool)
    for _ in range(6):
        spikes = rng.random(14) < rate, rng.random(9) < rate
        before = old[0].copy(), old[1].copy()
        full, written = whole_stdp(full, exists, spikes, before, rule)
        kernel.stdp(*listed.lists, *spikes, *old, changed, *rule)
        np.testing.assert_array_equal(dense(held), full)
        np.testing.assert_array_equal(changed, written)
        np.testing.assert_array_equal(old[0], spikes[0])
        np.testing.assert_array_equal(old[1], spikes[1])

        sums = np.zeros(9)
        kernel.row_sums(*listed.lists, changed, sums)
        rows, columns = np.nonzero(exists)
        expected = np.where(changed, np.bincount(rows, full[rows, columns], 9), 0)  # summed one after the other
        np.testing.assert_array_equal(sums, expected)
        factors = np.divide(1.7, expected, out=np.ones(9), where=expected != 0)
        kernel.normalise(*listed.lists, changed, sums, 1.7)
        full = (full * factors[:, None]).astype(dtype)
        np.testing.assert_array_equal(dense(held), full)

        columns, rows = np.nonzero(full.T)
        for source in (spikes[0], rng.normal(size=14) * spikes[0]):
            drive = np.bincount(rows, full[rows, columns] * source[columns], 9).astype(dtype)
            np.testing.assert_array_equal(EventWeights(full).dot(source), drive)


@pytest.fixture(scope="module")
def plain():
    """The network with the rules of the cells, after 300 iterations."""
    net = sorn_like(3, False, CELLS, more={9: Recorder(["n.spike", "n.v"])})
    net.simulate_iterations(300)
    return net


@pytest.mark.parametrize("storage", STORAGES)
def test_a9_rows_sum_to_the_total_after_each_iteration_and_all_is_as_in_the_cells(storage, plain, acceptance, record):
    net, worst = sorn_like(3, storage, more={9: Recorder(["n.spike", "n.v"])}), 0
    for _ in range(300):
        net.simulate_iteration()
        sums = dense(net.SynapseGroups[0].W).sum(axis=1)
        worst = max(worst, np.abs(sums[sums > 0] - 10).max())
    record("modular.row_sums", worst / 10)
    assert worst / 10 < acceptance["modular"]["row_sums"]["absolute"]
    np.testing.assert_array_equal(net["n.spike", 0], plain["n.spike", 0])
    np.testing.assert_allclose(net["n.v", 0], plain["n.v", 0], rtol=0, atol=1e-12)
    np.testing.assert_allclose(dense(net.SynapseGroups[0].W), plain.SynapseGroups[0].W, rtol=0, atol=1e-12)


def learning_network(rules, **options):
    """Six cells, half of which spike in each iteration, and their synapses onto themselves."""
    net = Network(seed=1, **options)
    cells = NeuronGroup(net, 6, {1: Driven(seed=0, rate=0.5), **rules})
    synapse = SynapseGroup(net, cells, cells, "GLUTAMATE", {0: BOOK.Weights(density=1.0)})
    net.initialize()
    return net, synapse


def test_a9_single_precision(acceptance):
    net, synapse = learning_network({4: STDP(eta=0.1), 5: Normalisation(total=1.0)}, dtype=np.float32)
    net.simulate_iterations(200)
    assert synapse.W.dtype == np.float32
    assert np.abs(synapse.W.sum(axis=1) - 1).max() < acceptance["modular"]["row_sums"]["absolute_f32"]


def test_a_part_of_a_group_learns_but_is_not_normalised():
    net, whole = learning_network({4: STDP(eta=0.1)})
    group = whole.src
    part = SynapseGroup(net, group, group.subGroup(group.id > 3), "GLUTAMATE", {0: BOOK.Weights(density=1.0)})
    net.initialize()
    before = part.W.copy()
    net.simulate_iterations(3)
    assert before.shape == (2, 6) and (before != part.W).any()
    with pytest.raises(ParameterError, match=r"goes to a part of .*normalise whole groups only"):
        group.add_behaviour(5, Normalisation())


def test_arrays_of_another_size_are_refused_before_the_loop():
    net = driven_network("event", 1)
    net.simulate_iterations(2)
    net.SynapseGroups[1].W = np.ones((14, 6))
    with pytest.raises(ParameterError, match=r"W of .* has shape \(14, 6\); allowed: \(12, 6\)"):
        net.simulate_iterations(1)
    net.b.deactivate(Driven)
    net.b.spike = np.ones(5000, bool)
    with pytest.raises(ParameterError, match=r"spikes of .* have shapes \(12,\), \(5000,\); W \(12, 6\)"):
        net.simulate_iterations(1)


def test_a_replaced_matrix_is_normalised_whole():
    net, synapse = learning_network({4: STDP(eta=0.0), 5: Normalisation(total=2.0)})
    for storage, held in ((False, None), (True, "data"), ("event", "weights")):
        synapse.W = stored(np.full((6, 6), 5.0), storage)
        net.simulate_iteration()
        np.testing.assert_allclose(dense(synapse.W).sum(axis=1), 2, rtol=1e-12)
        if held:  # or the array of its numbers
            setattr(synapse.W, held, getattr(synapse.W, held) * 4)
            net.simulate_iteration()
            np.testing.assert_allclose(dense(synapse.W).sum(axis=1), 2, rtol=1e-12)


def test_without_stdp_every_iteration_normalises_all_rows_but_those_that_sum_to_0():
    net, synapse = learning_network({5: Normalisation(total=2.0)})
    synapse.W[2], synapse.W[3] = 9, 0
    net.simulate_iteration()
    np.testing.assert_allclose(synapse.W.sum(axis=1), [2, 2, 2, 0, 2, 2], rtol=1e-12)


def test_a8_homeostasis_identity(acceptance, record):
    net = sorn_like(5, more={3.5: Recorder(["n.v"]), 9: Recorder(["n.exhaustion"])})
    net.simulate_iterations(1500)
    measured, exhaustion, errors = net["n.v", 0], net["n.exhaustion", 0], []
    for first, last in ((100, 101), (10, 500), (0, 1499)):
        mean = np.mean(measured[first + 1 : last + 1], axis=0) - 0.05
        errors.append(np.abs(mean - (exhaustion[last] - exhaustion[first]) / (0.001 * (last - first))).max())
    assert max(errors) < acceptance["modular"]["homeostasis_identity"]["absolute"]
    record("modular.homeostasis_identity", max(errors))


def test_weights_have_no_autapses_on_request():
    net = BOOK.sorn(0)
    for tags, shape in {"E-E": (200, 200), "GABA": (200, 40), "exc => inh": (40, 200)}.items():
        w = dense(net[tags, 0].W)
        sums = w.sum(axis=1)
        np.testing.assert_allclose(sums[sums > 0], 1, rtol=1e-12)
        assert w.shape == shape
    assert not dense(net["E-E", 0].W).diagonal().any()
    assert (dense(net["E-E", 0].W) > 0).sum(axis=1).mean() == pytest.approx(10, abs=1)
