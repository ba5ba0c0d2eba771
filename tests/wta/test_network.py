"""The grid: sizes, links against their law, wiring against a slow reading, names of the API, bad input."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import wta
from helpers.wta import Network, kernel, network, params
from helpers.wta.network import draw_links, draw_links_orig, wire
from tests.cells import cells
from tests.wta import oracle


@pytest.fixture(scope="module")
def net():
    return Network(n_inputs=100, seed=5)


def small(**options):
    return Network(**{"grid_shape": (3, 2), "n_inputs": 10, "n_conn": 20, "seed": 1, **options})


def run(net, n_steps=200):
    rng = np.random.default_rng(0)
    given, random = np.nonzero(rng.random((n_steps, net.n_inputs)) < 0.05), rng.random((n_steps, net.n_neurons))
    return kernel.run(net, *given, n_steps, random=random, record_potential=True)


def same_run(one, two):
    same = np.array_equal(run(one).potential, run(two).potential)
    return same and np.array_equal(one.state.w_in, two.state.w_in)


# --- sizes and links


def test_sizes_are_uniform_and_stand_on_the_grid(net):
    k = np.concatenate([Network(seed=s, n_inputs=1, n_conn=0).k for s in range(40)])
    counts, expected = np.bincount(k, minlength=11)[2:], k.size / 9
    assert ((counts - expected) ** 2 / expected).sum() < 26.1  # chi square, 8 degrees, p = .001
    circuit = net.circuits[7 * 5 + 3]
    assert net.get_circuit_grid()[3, 7] == circuit.get_size() == len(circuit.get_node_collection()) == net.k[7 * 5 + 3]
    assert circuit.get_pos() == (circuit.get_x(), circuit.get_y()) == (7, 3)
    for neuron in (circuit.nc[0].global_id, circuit.nc[-1].global_id):
        assert net.get_pos_by_id(neuron) == (7, 3) and net.get_wta_by_id(neuron) is circuit
    assert net.distances.shape == (50, 50) and net.distances[0, -1] == np.hypot(9, 4)


@given(sizes=st.lists(st.integers(1, 4), min_size=2, max_size=6), data=st.data())
def test_wiring_is_all_to_all_between_linked_circuits(sizes, data):
    """Whom a neuron hears; who hears it has to agree with that, as test_kernel.py shows."""
    n = len(sizes)
    pairs = [(i, j) for i in range(n) for j in range(n) if i != j]
    links = np.array(data.draw(st.lists(st.sampled_from(pairs), unique=True)), int).reshape(-1, 2)
    w = wire(links, np.concatenate([[0], np.cumsum(sizes)]))
    linked, circuit = {tuple(pair) for pair in links.tolist()}, np.repeat(np.arange(n), sizes)
    for k in range(circuit.size):
        heard = [j for j in range(circuit.size) if (circuit[j], circuit[k]) in linked]
        assert w.source[w.row[k] : w.row[k + 1]].tolist() == heard


def linked(net, links):
    """Return the distance of each ordered pair of circuits, and whether it is linked."""
    off, table = ~np.eye(net.k.size, dtype=bool), np.zeros((net.k.size, net.k.size), bool)
    table[tuple(links.T)] = True
    return net.distances[off], table[off]


def test_exponential_links_follow_their_law(net):
    rng, lam, drawn = np.random.default_rng(0), 0.5, 0.0
    for _ in range(60):
        d, found = linked(net, draw_links(net.distances, 600, lam, rng))
        drawn = drawn + found
    assert abs(drawn.sum() / 60 - 600) < 4 * np.sqrt(600 / 60)
    near, far = drawn[d < 1.1].mean(), drawn[(d > 2.9) & (d < 3.1)].mean()
    assert abs(near / far - np.exp(2 * lam)) < 0.45  # d = 1 against d = 3


def test_original_links_do_not_decay(net):
    p = []
    for seed in range(5):
        links = draw_links_orig(net.distances, 1000, 0.088, np.random.default_rng(seed))
        assert len(links) == 1000 == len(np.unique(links, axis=0)) and (links[:, 0] != links[:, 1]).all()
        d, found = linked(net, links)
        p.append([found[np.abs(d - at) < 0.5].mean() for at in (1, 3, 6, 9)])
    near, third, sixth, ninth = np.mean(p, axis=0)
    assert 0.5 < near < 0.62 and 0.28 < third < 0.38 and 0.35 < sixth < 0.5 and 0.7 < ninth < 0.9


def test_a_distance_that_no_pair_has_links_nobody():
    """With 1/lam = 11 most draws on a small grid are such; of 30 pairs each is then linked first as often as others."""
    first = [tuple(draw_links_orig(small().distances, 1, 0.088, np.random.default_rng(seed))[0]) for seed in range(60)]
    assert max(map(first.count, first)) < 12


def test_links_are_capped_by_the_grid():
    for kind in ("exponential", "orig"):
        assert len(small(n_conn=1000, connectivity=kind).links) == 30
    assert len(small(grid_shape=(1, 1)).links) == 0


def test_untrained_state(net):
    state = net.state
    assert not state.w_in.any() and not state.w_rec.any() and (state.q_in == 1).all() and not state.s_in.any()
    assert (state.mean_u >= 0).all() and (state.mean_u <= 1).all() and state.tau_f.min() >= 1
    assert abs(state.mean_u.mean() - 0.5) < 0.06 and abs(state.tau_d.mean() - 110) < 13
    assert (state.last * 1.0 < -1e8).all(), "no spike has ever been: the first finds each neuron at rest"
    for w in (made := Network(n_inputs=100, initial_weights="random", n_conn=1000, seed=2).state).w_in, made.w_rec:
        assert abs(w.mean() + 1) < 0.06 and w.max() <= 0 and np.isfinite(w).all()


def test_another_grid_gets_wiring_and_state_of_its_own():
    net = small()
    before = net.k.copy()
    net.create_grid()
    assert not np.array_equal(net.k, before) and net.state.a.size == net.n_neurons == net.wiring.row.size - 1
    assert run(net).potential.shape == (200, net.n_neurons)


# --- seeds


def test_seeds_repeat_and_streams_differ():
    for make_seed in (lambda: 7, lambda: np.random.default_rng(1)):
        one, two = (Network(n_inputs=3, seed=make_seed()) for _ in range(2))
        assert np.array_equal(one.links, two.links) and np.array_equal(one.state.mean_u, two.state.mean_u)
    assert not np.array_equal(one.k, Network(n_inputs=3, seed=8).k)
    assert len({rng.random() for key in (0, 1) for rng in network.streams(7, key, 4)}) == 8


def test_without_a_seed_every_draw_is_another_one_and_nest_init_repeats_them():
    def drawn():
        wta.nest_init(5)
        net = Network(grid_shape=(2, 1), n_inputs=5)
        patterns = [wta.InputGenerator(net, n_patterns=1).get_patterns()[0][0] for _ in range(2)]
        return [wta.generate_poisson_spiketrain(500, 50) for _ in range(2)] + patterns

    try:
        first, again = drawn(), drawn()
        assert not np.array_equal(first[0], first[1]) and not np.array_equal(first[2], first[3])
        assert all(map(np.array_equal, first, again))
        assert np.array_equal(Network(n_inputs=2).k, Network(n_inputs=2, seed=5).k)
    finally:
        wta.nest_init()


# --- attributes: all can be read; an assigned one acts or is refused, as in test_bad_input.py

CHANGES = [("eta0", 0.2), ("variance_tracking", False), ("kernel", "exact"), ("tau_decay_ms", 10.0)]
CHANGES += [("tau_rise_ms", 5.0), ("rate_max_hz", 30.0), ("stp", "lagged"), ("stp", None), ("use_stp", False)]
CHANGES += [("use_stdp", False), ("constant_eta", True)]


@pytest.mark.parametrize(("name", "value"), CHANGES)
def test_what_is_assigned_to_a_network_acts_as_if_built_in(name, value):
    options = dict(variance_tracking=False) if name == "constant_eta" else {}
    changed, built, other = small(**options), small(**options | {name: value}), small(**options)
    setattr(changed, name, value)
    assert getattr(changed, name) == ("off" if value is None else value)
    assert same_run(changed, built) and not same_run(small(**options | {name: value}), other)


def test_names_of_nest_say_what_to_use(net):
    for owner in (net, net.neuron_collection, wta.InputGenerator(net), wta.Recorder(net), wta):
        for name in params._GONE:
            with pytest.raises(wta.LegacyError, match=rf"^{name} belongs to NEST [^\n]*; instead: [^\n]+$"):
                getattr(owner, name)
        with pytest.raises(AttributeError, match="has no attribute typo"):
            owner.typo  # noqa: B018
    assert not hasattr(net, "spikerecorder")


# --- node collections


def test_collections_as_in_pynest(net):
    nc = net.get_node_collections()
    nc.max_neuron_gid = max(nc.global_id)
    assert nc.global_id == tuple(range(len(nc))) and len(net.get_node_collections(2, 4)) == net.k[2] + net.k[3]
    assert nc[-1].global_id == len(nc) - 1 and nc[[4, 1]].global_id == nc[[4, 1]].get("global_id") == (4, 1)
    assert (nc[:2] + nc[5] + nc[1:3]).global_id == (0, 1, 2, 5) and nc[:3].tolist() == np.asarray(nc[:3]).tolist()
    assert sum((c.nc for c in net.circuits[1:]), net.circuits[0].nc) == nc != small().neuron_collection
    assert len({nc, net.neuron_collection}) == 1 and 3 in nc and nc[3] in nc and 999 not in nc


def test_get_and_set():
    nc = small().get_node_collections()
    nc[1:3].set(eta=[0.1, 0.2])
    nc[4].set({"use_stp": False, "use_variance_tracking": False})
    assert nc.get(["eta", "use_stp"])["eta"][:4] == (0.05, 0.1, 0.2, 0.05) and nc[0].get("eta") == nc[0].eta == 0.05
    assert nc.use_stp == nc.use_variance_tracking == tuple(i != 4 for i in range(len(nc)))
    assert (nc[0].tau_m, nc[0].tau_syn, nc[0].R_max, nc[0].use_stdp) == (20, 2, 100, True)
    nc.tau_m, nc.tau_syn, nc.R_max = 10, 5, 30
    net = nc.network
    assert (net.tau_decay_ms, net.tau_rise_ms, net.rate_max_hz) == (10, 5, 30) and nc[2].tau_m == 10


def test_what_neurons_let_read_is_what_the_cells_compute():
    net = small()
    run(net)
    nc, rates = net.get_node_collections(), cells("FINAL_4", "model").rates
    u = np.nansum(oracle.dense(net, "w") * (net.state.e1 - net.state.e2), axis=1)
    np.testing.assert_allclose(nc.V_m, u, atol=1e-10)
    np.testing.assert_allclose(nc.get()["rate"], rates(u, net.circuit), rtol=1e-9)
    np.testing.assert_allclose(nc.rate_fraction, np.array(nc.rate) / 100, rtol=1e-9)
    np.testing.assert_allclose(np.exp(u) / nc.normalization_sum, nc.rate_fraction, rtol=1e-9)
    np.testing.assert_allclose([w @ e for w, e in zip(nc.weights, nc.epsp_trace, strict=True)], u, atol=1e-10)
    assert nc[:1].V_m == nc.V_m[0]


def test_switches_for_some_neurons():
    net = small()
    some, n = net.circuits[0], net.k[0]
    wta.disable_stdp(some)
    wta.disable_stp(some.nc)
    assert not net.state.plastic[:n].any() and net.state.plastic[n:].all() and net.use_stdp and net.use_stp
    net.stp = "lagged"
    assert net.get_node_collections().use_stp == (False,) * n + (True,) * (net.n_neurons - n)
    wta.enable_stdp(some)
    wta.enable_stp(net)
    assert net.state.plastic.all() and net.state.depressing.all()
    net.get_node_collections().use_variance_tracking = False
    net.constant_eta = True
    assert (net.state.rule == params.CONSTANT).all()


def test_randomized_weights_of_some_neurons_and_traces_that_start_anew():
    net = small()
    run(net)
    before, chosen = net.state.w_rec.copy(), net.wiring.source < net.k[0]
    wta.randomize_outgoing_connections(net.circuits[0], seed=1)
    assert (net.state.w_rec[chosen] < 0).all() and np.array_equal(net.state.w_rec[~chosen], before[~chosen])
    assert not net.state.e1.any() and not net.state.b.any()
