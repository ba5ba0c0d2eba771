"""The grid: sizes, links against their law, wiring against a slow reading, names of the API, bad input."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import wta
from helpers.parameters import HelpersError, ParameterError
from helpers.wta import Network, NodeCollection, kernel, network, params
from helpers.wta.network import draw_links, draw_links_orig, wire
from tests.cells import cells
from tests.wta import oracle


@pytest.fixture(scope="module")
def net():
    return Network(n_inputs=100, seed=5)


def small(**options):
    return Network(**{"grid_shape": (3, 2), "n_inputs": 10, "n_conn": 20, "seed": 1, **options})


def run(net, n_steps=200, learn=True):
    rng = np.random.default_rng(0)
    given, random = np.nonzero(rng.random((n_steps, net.n_inputs)) < 0.05), rng.random((n_steps, net.n_neurons))
    return kernel.run(net, *given, n_steps, learn=learn, random=random, record_potential=True)


# --- sizes and links


def test_default_grid(net):
    assert net.k.size == 50 and net.k.min() >= 2 and net.k.max() <= 10
    assert net.get_circuit_grid().shape == (5, 10) and net.n_neurons == net.k.sum() == len(net.neuron_collection)
    assert net.get_circuit_grid()[3, 7] == net.get_wta_by_id(net.first[7 * 5 + 3]).k


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


def test_links_are_capped_by_the_grid():
    for kind in ("exponential", "orig"):
        assert len(Network(grid_shape=(3, 2), n_inputs=1, n_conn=1000, connectivity=kind, seed=0).links) == 30
    assert len(Network(grid_shape=(1, 1), n_inputs=1, seed=0).links) == 0


def test_untrained_state(net):
    state = net.state
    assert not state.w_in.any() and not state.w_rec.any() and (state.q_in == 1).all() and not state.s_in.any()
    assert (state.mean_u >= 0).all() and (state.mean_u <= 1).all() and state.tau_f.min() >= 1
    assert abs(state.mean_u.mean() - 0.5) < 0.06 and abs(state.tau_d.mean() - 110) < 13
    assert (state.last * 1.0 < -1e8).all(), "no spike has ever been: the first finds each neuron at rest"
    for w in (made := Network(n_inputs=100, initial_weights="random", n_conn=1000, seed=2).state).w_in, made.w_rec:
        assert abs(w.mean() + 1) < 0.06 and w.max() <= 0 and np.isfinite(w).all()


def test_seeds_repeat_and_streams_differ():
    one, two, other = (Network(n_inputs=3, seed=s) for s in (7, 7, 8))
    assert np.array_equal(one.links, two.links) and np.array_equal(one.state.mean_u, two.state.mean_u)
    assert not np.array_equal(one.k, other.k)
    draws = [rng.random() for key in (0, 1) for rng in network.streams(7, key, 4)]
    assert len(set(draws)) == 8
    one, two = (Network(n_inputs=3, seed=np.random.default_rng(1)) for _ in range(2))
    assert np.array_equal(one.links, two.links)


def test_nest_init_sets_the_seed_and_reports(capsys):
    try:
        wta.nest_init(11)
        assert "seed 11" in capsys.readouterr().out
        assert np.array_equal(Network(n_inputs=2).k, Network(n_inputs=2, seed=11).k)
    finally:
        wta.nest_init()
    assert np.array_equal(Network(n_inputs=2).k, Network(n_inputs=2, seed=wta.rng_seed).k)


# --- attributes: all can be read; an assigned one acts or is refused


def test_what_the_source_lets_read_can_be_read():
    net = Network(grid_shape=(4, 3), k_min=3, k_max=5, n_inputs=7, n_conn=9, lam=0.5, save_figures=False, seed=0)
    found = {name: getattr(net, name) for name in ("n", "m", "k_min", "k_max", "n_inputs", "n_conn", "lam")}
    assert found == dict(n=4, m=3, k_min=3, k_max=5, n_inputs=7, n_conn=9, lam=0.5) and net.grid_shape == (4, 3)
    assert (net.save_figures, net.show_figures, net.use_stp, net.use_stdp) == (False, True, True, True)
    assert len(net.circuits) == 12 and len(net.neuron_collection) == net.n_neurons
    assert net.distances.shape == (12, 12) and net.distances[0, -1] == np.hypot(3, 2)
    circuit = net.circuits[4]
    assert circuit.get_pos() == circuit.pos == (circuit.get_x(), circuit.get_y()) == (1, 1)
    assert circuit.get_size() == circuit.k == net.k[4] and circuit.form_WTA() is None
    assert circuit.get_node_collection().global_id == circuit.nc.global_id
    assert net.get_pos_by_id(circuit.nc[0].global_id) == (1, 1) and net.get_wta_by_id(net.first[5] - 1) is circuit


def same_run(one, two):
    a, b = run(one), run(two)
    same = np.array_equal(a.spike_id, b.spike_id) and np.array_equal(a.potential, b.potential)
    return same and np.array_equal(one.state.w_in, two.state.w_in)


CHANGES = dict(eta0=0.2, variance_tracking=False, kernel="exact", tau_decay_ms=10.0, tau_rise_ms=5.0, rate_max_hz=30.0)
CHANGES |= dict(stp=None, use_stp=False, use_stdp=False, constant_eta=True)


@pytest.mark.parametrize(("name", "value"), CHANGES.items())
def test_what_is_assigned_to_a_network_acts_as_if_built_in(name, value):
    options = dict(variance_tracking=False) if name == "constant_eta" else {}
    changed, built, other = small(**options), small(**options | {name: value}), small(**options)
    setattr(changed, name, value)
    assert getattr(changed, name) == ("off" if value is None else value)
    first, second, third = (run(net) for net in (changed, built, other))
    assert np.array_equal(first.potential, second.potential) and not np.array_equal(first.potential, third.potential)
    assert np.array_equal(changed.state.w_in, built.state.w_in)


def test_lagged_depression_acts_when_it_is_assigned_as_if_built_in():
    lagged = small()
    lagged.stp = "lagged"
    assert same_run(lagged, small(stp="lagged")) and not same_run(lagged, small())


BAD_VALUES = dict(eta0=2, stp="fast", kernel="alpha", tau_decay_ms=0, rate_max_hz=-1, variance_tracking=1, use_stp="no")


def test_a_refused_value_changes_nothing():
    net = small()
    for name, value in BAD_VALUES.items():
        with pytest.raises(ParameterError, match=rf"^{name} = [^\n]*(allowed|choose one of): [^\n]*$"):
            setattr(net, name, value)
    recorder, nc = wta.Recorder(net, create_plot=False), net.get_node_collections()
    for change in (
        lambda: net.set(eta0=0.2, n_conn=3),
        lambda: net.set(eta0=0.2, use_stdp="no"),
        lambda: recorder.set(keep_ms=77, colour=1),
        lambda: nc.set(eta=0.2, tau_m=-1),
        lambda: nc.set({"use_stdp": False, "V_m": 0}),
    ):
        with pytest.raises(ParameterError):
            change()
    assert net.params == small().params and recorder.keep_ms == 20_000 and same_run(net, small())
    wta.disable_stdp(nc)
    with pytest.raises(ParameterError, match="inpgen"):
        recorder.run_network(inpgen=None)
    assert not net.use_stdp


FIXED = "n m grid_shape k_min k_max n_inputs n_conn lam connectivity initial_weights stp_u typo multimeter params k "
FIXED += "wiring distances circuit first positions links state seed circuits n_neurons time_ms"
FROZEN = "n_patterns t_pattern r_input"
SEEN = "params n network schedule pattern_list spiketrain pattern_trace phase_times next_pattern_length typo parrots"


def test_what_belongs_to_the_object_cannot_be_assigned():
    net = small()
    inputs, recorder = wta.InputGenerator(net, n_patterns=1, seed=1), wta.Recorder(net, create_plot=False)
    for owner, names, words in (
        (net, FIXED, ""),
        (inputs, FROZEN, "belongs to the frozen"),
        (inputs, SEEN, ""),
        (recorder, "network result history", ""),
    ):
        for name in names.split():
            before = getattr(owner, name, None)
            with pytest.raises(ParameterError, match=rf"^{name} [^\n]*{words}[^\n]*$"):
                setattr(owner, name, 3)
            assert np.array_equal(getattr(owner, name, None), before) or getattr(owner, name, None) is before
    with pytest.raises(AttributeError, match="k"):
        net.circuits[0].k = 99


# --- node collections


def test_collections_as_in_pynest(net):
    nc = net.get_node_collections()
    nc.max_neuron_gid = max(nc.global_id)
    assert nc.global_id == tuple(range(len(nc))) and len(net.get_node_collections(2, 4)) == net.k[2] + net.k[3]
    assert nc[3].global_id == 3 and nc[-1].global_id == len(nc) - 1 and nc[2:5].global_id == (2, 3, 4)
    assert nc[[4, 1]].global_id == (4, 1) and nc[:0].global_id == ()
    assert [one.global_id for one in nc] == list(range(len(nc))) and all(isinstance(one, NodeCollection) for one in nc)
    assert (nc[:2] + nc[5] + nc[1:3]).global_id == (0, 1, 2, 5) and nc[:3].tolist() == [0, 1, 2]
    assert sum((c.nc for c in net.circuits[1:]), net.circuits[0].nc).global_id == nc.global_id
    with pytest.raises(ParameterError, match=r"^other = [^\n]*same network$"):
        nc + small().get_node_collections()


def test_get_and_set(net):
    nc = small().get_node_collections()
    assert nc[:2].get("eta") == (0.05, 0.05) and nc[0].get("eta") == nc[0].eta == 0.05
    nc[1:3].set(eta=[0.1, 0.2])
    nc[4].set({"use_stp": False, "use_variance_tracking": False})
    assert nc.get(["eta", "use_stp"])["eta"][:4] == (0.05, 0.1, 0.2, 0.05)
    assert nc.use_stp == nc.use_variance_tracking == tuple(i != 4 for i in range(len(nc)))
    assert set(nc.get()) >= {"V_m", "rate", "rate_fraction", "normalization_sum", "weights", "epsp_trace", "tau_m"}
    assert (nc[0].tau_m, nc[0].tau_syn, nc[0].R_max, nc[0].use_stdp) == (20, 2, 100, True)
    nc.tau_m, nc.tau_syn, nc.R_max = 10, 5, 30
    other = small(tau_decay_ms=10, tau_rise_ms=5, rate_max_hz=30)
    other.get_node_collections().set(eta=nc.eta, use_stp=nc.use_stp, use_variance_tracking=nc.use_variance_tracking)
    assert same_run(nc.network, other) and nc[2].tau_m == 10 == nc.network.tau_decay_ms


def test_what_neurons_let_read_is_what_the_cells_compute():
    net = small()
    run(net)
    nc, rates = net.get_node_collections(), cells("FINAL_4", "model").rates
    y = net.state.e1 - net.state.e2
    u = np.nansum(oracle.dense(net, "w") * y, axis=1)
    np.testing.assert_allclose(nc.V_m, u, atol=1e-10)
    np.testing.assert_allclose(nc.rate, rates(u, net.circuit), rtol=1e-9)
    np.testing.assert_allclose(nc.rate_fraction, np.array(nc.rate) / 100, rtol=1e-9)
    np.testing.assert_allclose(np.exp(u) / nc.normalization_sum, nc.rate_fraction, rtol=1e-9)
    np.testing.assert_allclose([w @ e for w, e in zip(nc.weights, nc.epsp_trace, strict=True)], u, atol=1e-10)
    assert len(nc[0].weights) == 10 + np.diff(net.wiring.row)[0] and nc[:1].V_m == nc[0].V_m == nc.V_m[0]


WRONG = [
    (lambda nc: nc.set(eta=-1), "eta goes down to -1"),
    (lambda nc: nc.set(eta=[0.1, 0.2]), "eta has"),
    (lambda nc: nc.set(use_stdp=[True, False]), "use_stdp has 2 values"),
    (lambda nc: setattr(nc, "use_stp", 1), "use_stp = "),
    (lambda nc: setattr(nc[:2], "tau_m", 10), "tau_m is the same for all neurons"),
    (lambda nc: setattr(nc, "tau_m", 0), "tau_"),
    (lambda nc: setattr(nc, "V_m", 0), "V_m of neurons cannot be set; what can: eta"),
    (lambda nc: setattr(nc, "global_id", 0), "global_id of neurons cannot be set"),
    (lambda nc: setattr(nc, "typo", 0), "typo of neurons cannot be set"),
    (lambda nc: setattr(nc, "max_neuron_gid", 0), "max_neuron_gid = 0"),
    (lambda nc: nc.get("typo"), "typo is not an attribute of a neuron"),
    (lambda nc: setattr(nc, "weights", 0), "weights of neurons cannot be set"),
]


def test_what_neurons_refuse():
    net = small()
    for change, message in WRONG:
        with pytest.raises(ParameterError, match=rf"^{message}[^\n]*$"):
            change(net.get_node_collections())
    assert net.params == small().params and same_run(net, small())


def test_switches_for_some_neurons():
    net = small()
    some = net.get_node_collections(0, 1)
    wta.disable_stdp(some)
    wta.disable_stp(some)
    assert not net.state.plastic[: len(some)].any() and net.use_stdp and net.use_stp
    run(net)
    assert not net.state.w_in[: len(some)].any() and net.state.w_in[len(some) :].any()
    wta.enable_stdp(some)
    wta.enable_stp(some)
    assert net.state.plastic.all() and net.state.depressing.all()
    net.use_stdp = net.use_stp = False
    assert not net.state.plastic.any() and not net.state.depressing.any()
    before = net.state.w_rec.copy()
    wta.randomize_outgoing_connections(some, seed=1)
    chosen = np.isin(net.wiring.source, some.tolist())
    assert (net.state.w_rec[chosen] < 0).all() and np.array_equal(net.state.w_rec[~chosen], before[~chosen])


# --- names of NEST, bad input


@pytest.mark.parametrize("bad", [-1, 10**6, 1.5])
def test_ids_that_do_not_exist(net, bad):
    for ask in (net.get_pos_by_id, net.get_wta_by_id):
        with pytest.raises(ParameterError, match=r"^id = .*allowed"):
            ask(bad)


def test_names_of_nest_say_what_to_use(net):
    for owner in (net, net.neuron_collection, wta.InputGenerator(net), wta.Recorder(net), wta):
        for name in params._GONE:
            with pytest.raises(wta.LegacyError, match=rf"^{name} belongs to NEST [^\n]*; instead: [^\n]+$"):
                getattr(owner, name)
        with pytest.raises(AttributeError, match="has no attribute typo"):
            owner.typo  # noqa: B018
    assert not hasattr(net, "spikerecorder") and issubclass(wta.LegacyError, HelpersError)
    assert wta.NEURON_MODEL_NAME == "iaf_psc_exp_wta__with_stdp_stp" and wta.SYNAPSE_MODEL == "stdp_stp"
    assert wta.SYNAPSE_MODEL_NAME == "stdp_stp__with_iaf_psc_exp_wta" and wta.rng_seed == 3


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
        ({"use_stdp": 2}, "use_stdp = 2 is not a switch"),
        ({"grid_shape": (5, 2), "n_conn": 60, "connectivity": "orig", "lam": 50.0}, "n_conn = 60 pairs are not within"),
    ],
)
def test_bad_input(options, message):
    with pytest.raises(ParameterError, match=r"^[^\n]*$") as failure:
        Network(**{"n_inputs": 2, **options})
    assert str(failure.value).startswith(message)


# --- nothing is ignored, and nothing is half done


def test_what_is_read_can_be_set_and_fractions_have_no_limit():
    net = Network(grid_shape=(2, 1), n_inputs=5, seed=1)
    nc = net.get_node_collections()
    for name in ("tau_m", "tau_syn", "R_max", "eta", "use_stdp", "use_variance_tracking"):
        setattr(nc, name, getattr(nc, name))
    with pytest.raises(ParameterError, match=r"^tau_m = "):
        nc.tau_m = 0.1
    net.state.a[:] -= 2000  # far below what exp can hold
    assert np.isfinite(nc.rate_fraction).all() and sum(nc.rate_fraction) == pytest.approx(2)
    phases = wta.InputGenerator(net, n_patterns=1, seed=1).generate_input(3000).phases
    assert len(phases) == len(phases.start_ms) > 5


def test_settings_of_some_neurons_outlive_those_of_all():
    net = Network(grid_shape=(2, 2), n_inputs=5, seed=1)
    nc = net.get_node_collections()
    nc.use_variance_tracking = False
    net.constant_eta = True
    assert not any(nc.use_variance_tracking) and (net.state.rule == params.CONSTANT).all()
    wta.disable_stp(nc[:3])
    net.stp = "lagged"
    assert nc.use_stp == (False,) * 3 + (True,) * (len(nc) - 3)
    net.stp = None
    assert not any(nc.use_stp)


def test_without_a_seed_every_draw_is_another_one():
    wta.nest_init(5)
    trains = [wta.generate_poisson_spiketrain(500, 50) for _ in range(2)]
    net = Network(grid_shape=(2, 1), n_inputs=5)
    patterns = [wta.InputGenerator(net, n_patterns=1).get_patterns()[0] for _ in range(2)]
    assert not np.array_equal(*trains) and not np.array_equal(patterns[0][0], patterns[1][0])
    wta.nest_init(5)  # and all of it repeats
    assert np.array_equal(wta.generate_poisson_spiketrain(500, 50), trains[0])
    again = wta.InputGenerator(Network(grid_shape=(2, 1), n_inputs=5), n_patterns=1).get_patterns()[0]
    assert np.array_equal(again[0], patterns[0][0])
    wta.nest_init()


def test_another_grid_gets_wiring_and_state_of_its_own():
    net = Network(grid_shape=(3, 2), k_min=2, k_max=9, n_inputs=5, seed=1)
    before = net.k.copy()
    net.create_grid()
    assert not np.array_equal(net.k, before) and net.state.a.size == net.n_neurons == net.wiring.row.size - 1
    inputs = wta.InputGenerator(net, n_patterns=1, t_pattern=50, seed=1)
    assert wta.Recorder(net, create_plot=False).test(inputs, 100).rate_hz.shape == (100, net.n_neurons)


def test_collections_can_be_compared_searched_and_read_out():
    net = Network(grid_shape=(2, 2), n_inputs=5, seed=1)
    nc, other = net.get_node_collections(), Network(grid_shape=(2, 2), n_inputs=5, seed=1).get_node_collections()
    assert nc == net.neuron_collection and nc != other and len({nc, net.neuron_collection}) == 1
    assert 3 in nc and nc[3] in nc and 999 not in nc and nc.get("global_id") == nc.global_id
    assert np.array_equal(np.asarray(nc[:3]), [0, 1, 2])
    recorder = wta.Recorder(net, create_plot=False)
    inputs = wta.InputGenerator(net, n_patterns=1, t_pattern=50, seed=1)
    assert recorder.run_network(id_list=[nc[0], nc[5]], inpgen=inputs, t_sim=100) == [0, 5]
    for wrong, what in (
        (lambda: recorder.run_network(node_collection=other, inpgen=inputs, t_sim=100), "another network"),
        (lambda: wta.disable_stdp([0, 1]), "list"),
        (lambda: recorder.test(inputs, 1e8, dt_rec=1), r"dt_rec = 1 would keep .* GB"),
        (lambda: recorder.get_order([1, 2]), "list"),
        (lambda: Network(grid_shape=(300, 300)), "5000"),
    ):
        with pytest.raises(ParameterError, match=what):
            wrong()
    wta.disable_stdp(net.circuits[0])
    assert not net.state.plastic[net.circuit == 0].any() and net.state.plastic[net.circuit > 0].all()
