"""The grid: sizes, links against their law, wiring against a slow reading, names of the API, bad input."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import helpers.wta as wta
from helpers.parameters import HelpersError, ParameterError
from helpers.wta import legacy, network
from helpers.wta.network import Network, draw_links, draw_links_orig, wire


@pytest.fixture(scope="module")
def net():
    return Network(n_inputs=100, seed=5)


def test_default_grid(net):
    assert net.k.size == 50 and net.k.min() >= 2 and net.k.max() <= 10
    assert net.get_circuit_grid().shape == (5, 10)
    assert net.get_circuit_grid()[3, 7] == net.get_wta_by_id(net.first[7 * 5 + 3]).k
    assert net.n_neurons == net.k.sum() == len(net.get_node_collections())


def test_sizes_are_uniform_over_seeds():
    k = np.concatenate([Network(seed=s, n_inputs=1, n_conn=0).k for s in range(40)])
    counts = np.bincount(k, minlength=11)[2:]
    expected = k.size / 9
    assert ((counts - expected) ** 2 / expected).sum() < 26.1  # chi square, 8 degrees, p = .001


@given(sizes=st.lists(st.integers(1, 4), min_size=2, max_size=6), data=st.data())
def test_wiring_is_all_to_all_between_linked_circuits(sizes, data):
    n = len(sizes)
    pairs = [(i, j) for i in range(n) for j in range(n) if i != j]
    links = np.array(data.draw(st.lists(st.sampled_from(pairs), unique=True)), int).reshape(-1, 2)
    first = np.concatenate([[0], np.cumsum(sizes)])
    w = wire(links, first)
    linked, circuit = {tuple(pair) for pair in links.tolist()}, np.repeat(np.arange(n), sizes)
    for k in range(first[-1]):
        heard = [j for j in range(first[-1]) if (circuit[j], circuit[k]) in linked]
        assert w.source[w.row[k] : w.row[k + 1]].tolist() == heard
        places = w.synapse[w.col[k] : w.col[k + 1]]
        assert (w.source[places] == k).all() and w.source.size == w.target.size
        for target, place in zip(w.target[w.col[k] : w.col[k + 1]], places, strict=True):
            assert w.row[target] <= place < w.row[target + 1]


def distances(net):
    off = ~np.eye(net.k.size, dtype=bool)
    return net.distances[off], off


def test_exponential_links_follow_their_law(net):
    d, off = distances(net)
    rng, lam = np.random.default_rng(0), 0.5
    drawn = np.zeros(d.size)
    for _ in range(60):
        linked = np.zeros(off.shape, bool)
        linked[tuple(draw_links(net.distances, 600, lam, rng).T)] = True
        drawn += linked[off]
    assert abs(drawn.sum() / 60 - 600) < 4 * np.sqrt(600 / 60)
    near, far = drawn[d < 1.1].mean(), drawn[(d > 2.9) & (d < 3.1)].mean()
    assert abs(near / far - np.exp(2 * lam)) < 0.45  # d = 1 against d = 3


def test_original_links_do_not_decay(net):
    d, off = distances(net)
    p = []
    for seed in range(5):
        linked = np.zeros(off.shape, bool)
        links = draw_links_orig(net.distances, 1000, 0.088, np.random.default_rng(seed))
        assert len(links) == 1000 == len(np.unique(links, axis=0)) and (links[:, 0] != links[:, 1]).all()
        linked[tuple(links.T)] = True
        p.append([linked[off][np.abs(d - at) < 0.5].mean() for at in (1, 3, 6, 9)])
    near, third, sixth, ninth = np.mean(p, axis=0)
    assert 0.5 < near < 0.62 and 0.28 < third < 0.38 and 0.35 < sixth < 0.5 and 0.7 < ninth < 0.9


def test_links_are_capped_by_the_grid():
    for kind in ("exponential", "orig"):
        assert len(Network(grid_shape=(3, 2), n_inputs=1, n_conn=1000, connectivity=kind, seed=0).links) == 30
    assert len(Network(grid_shape=(1, 1), n_inputs=1, seed=0).links) == 0


def test_untrained_state(net):
    state = net.state
    assert not state.w_in.any() and not state.w_rec.any() and (state.q_in == 1).all() and not state.s_in.any()
    assert (state.mean_u >= 0).all() and (state.mean_u <= 1).all() and state.tau_f.min() >= 1
    assert abs(state.mean_u.mean() - 0.5) < 0.06 and abs(state.tau_d.mean() - 110) < 13


def test_random_initial_weights():
    w = Network(n_inputs=100, initial_weights="random", n_conn=0, seed=2).state.w_in
    assert abs(w.mean() + 1) < 0.03 and w.max() <= 0 and np.isfinite(w).all()


def test_seeds_repeat_and_streams_differ():
    one, two, other = (Network(n_inputs=3, seed=s) for s in (7, 7, 8))
    assert np.array_equal(one.links, two.links) and np.array_equal(one.state.mean_u, two.state.mean_u)
    assert not np.array_equal(one.k, other.k)
    draws = [np.random.default_rng(c).random() for c in np.random.SeedSequence(7, spawn_key=(0,)).spawn(4)]
    assert len(set(draws) | {network.streams(7, 1, 1)[0].random()}) == 5


def test_nest_init_sets_the_seed_and_reports(capsys):
    try:
        wta.nest_init(11)
        assert "seed 11" in capsys.readouterr().out
        assert np.array_equal(Network(n_inputs=2).k, Network(n_inputs=2, seed=11).k)
    finally:
        wta.nest_init()
    assert np.array_equal(Network(n_inputs=2).k, Network(n_inputs=2, seed=wta.rng_seed).k)


def test_node_collections(net):
    nc = net.get_node_collections()
    nc.max_neuron_gid = max(nc.global_id)
    assert nc.max_neuron_gid == net.n_neurons - 1
    assert len(net.get_node_collections(2, 4)) == net.k[2] + net.k[3]
    assert nc[3].global_id == (3,) and nc[2:5].global_id == (2, 3, 4) and list(nc)[:2] == [0, 1]
    circuit = net.get_wta_by_id(0)
    assert circuit.get_pos() == (0, 0) == net.get_pos_by_id(0) and circuit.get_size() == len(
        circuit.get_node_collection()
    )
    assert (circuit.get_x(), circuit.get_y()) == circuit.pos and circuit.form_WTA() is None


def test_switches_for_some_neurons():
    net = Network(grid_shape=(2, 2), n_inputs=2, seed=0)
    some = net.get_node_collections(0, 1)
    wta.disable_stdp(some)
    wta.disable_stp(some)
    assert not net.state.plastic[: len(some)].any() and net.use_stdp and net.use_stp
    wta.enable_stdp(some)
    wta.enable_stp(some)
    assert net.state.plastic.all() and net.state.depressing.all()
    net.use_stdp = net.use_stp = False
    assert not net.state.plastic.any() and not net.state.depressing.any()
    wta.randomize_outgoing_connections(some, seed=1)
    chosen = np.isin(net.wiring.source, list(some))
    assert (net.state.w_rec[chosen] < 0).all() and not net.state.w_rec[~chosen].any()


def test_names_of_nest_say_what_to_use(net):
    for ask in (lambda: net.multimeter, lambda: wta.generate_nest_code, lambda: net.epsp_recorder):
        with pytest.raises(HelpersError, match="instead"):
            ask()
    assert not hasattr(net, "spikerecorder") and not hasattr(wta, "update_presyn_ids")
    with pytest.raises(AttributeError, match="no attribute typo"):
        net.typo  # noqa: B018
    assert wta.NEURON_MODEL_NAME == "iaf_psc_exp_wta__with_stdp_stp" and legacy.SYNAPSE_MODEL == "stdp_stp"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"k_mim": 2}, "k_mim is not a field"),
        ({"k_min": 5, "k_max": 4}, "k_min = 5 is above k_max = 4"),
        ({"k_min": 0}, "k_min = 0 is out of range"),
        ({"k_max": 2.5}, "k_max = 2.5 is not an integer"),
        ({"grid_shape": 10}, "grid_shape = 10"),
        ({"grid_shape": (10, 0)}, "grid_shape = 0 is out of range"),
        ({"n_inputs": -1}, "n_inputs = -1"),
        ({"n_conn": -1}, "n_conn = -1"),
        ({"lam": 0}, "lam = 0 is out of range"),
        ({"connectivity": "random"}, "connectivity = 'random'"),
        ({"stp": "fast"}, "stp = 'fast'"),
        ({"kernel": "alpha"}, "kernel = 'alpha'"),
        ({"eta0": float("nan")}, "eta0 = nan"),
        ({"variance_tracking": 1}, "variance_tracking = 1 is not a switch"),
        ({"seed": -1}, "seed = -1"),
        ({"seed": "a"}, "seed = 'a'"),
        ({"use_stdp": "no"}, "use_stdp = 'no' is not a switch"),
        ({"n_conn": 2000, "connectivity": "orig", "lam": 50.0, "n_inputs": 2}, "not within reach"),
    ],
)
def test_bad_input(options, message):
    with pytest.raises(ParameterError, match=r"^[^\n]*$") as failure:
        Network(**{"n_inputs": 2, **options})
    assert message in str(failure.value)


@pytest.mark.parametrize("ask", ["get_pos_by_id", "get_wta_by_id"])
@pytest.mark.parametrize("bad", [-1, 10**6, 1.5])
def test_ids_that_do_not_exist(net, ask, bad):
    with pytest.raises(ParameterError, match=r"^id = .*allowed"):
        getattr(net, ask)(bad)
