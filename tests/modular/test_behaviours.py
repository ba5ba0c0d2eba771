"""The classic models against closed forms, the published equations written out again, scipy's solver and Brian2."""

import copy

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import solve_discrete_lyapunov

from helpers.modular import Behaviour, EventRecorder, Network, NeuronGroup, SynapseGroup, behaviours
from helpers.modular.synapses import dense
from helpers.parameters import ParameterError


class Constant(Behaviour):
    """A drive that does not change."""

    def set_variables(self, cells):
        cells.drive = np.array(self.get_init_attr("value"))


class Beat(Behaviour):
    """A spike in one iteration."""

    def new_iteration(self, cells):
        cells.spike = np.full(cells.size, cells.iteration == 3)


def spikes(group):
    """Return the events as a set of (iteration, index)."""
    return set(map(tuple, np.asarray(group["spike", 0]).tolist()))


def block(net):
    """Return all weights of a network of two groups as one matrix."""
    ee, ie, ei, ii = (dense(synapse.W) for synapse in net.SynapseGroups)
    return np.block([[ee, ei], [ie, ii]])


def joined(net, name):
    parts = [np.broadcast_to(getattr(net[tag, 0], name), net[tag, 0].size) for tag in ("exc", "inh")]
    return np.concatenate(parts).astype(float)


# --- shared parts


@pytest.mark.parametrize("delay", [1, 2, 7])
def test_a_spike_moves_its_target_after_the_delay(delay):
    net = Network(seed=0)
    source = NeuronGroup(net=net, size=2, tag="source", behaviour={1: Beat()})
    parts = {1: behaviours.BrunelHakim(mu=10.0, sigma=0.0), 2: behaviours.Drive()}
    cells = NeuronGroup(net=net, size=3, tag="cells", behaviour=parts)
    parts = {2: behaviours.Weights(scale=2.0, p=1.0), 3: behaviours.Propagate(delay_steps=delay)}
    SynapseGroup(net=net, src=source, dst=cells, behaviour=parts)
    net.initialize()
    seen = []
    for _ in range(15):
        net.simulate_iteration()
        seen.append(cells.v[0])
    assert int(np.argmax(np.array(seen) > 10)) + 1 == 3 + delay
    assert max(seen) == pytest.approx(14.0)


def test_weights_are_uniform_or_a_random_share():
    net = behaviours.build_izhikevich(200, 100, seed=1)
    w = block(net)
    assert w[:, :200].min() >= 0 and w[:, :200].mean() == pytest.approx(0.25, abs=0.005)
    assert w[:, 200:].max() <= 0 and w[:, 200:].mean() == pytest.approx(-0.5, abs=0.01)
    sparse = dense(behaviours.build_brunel_hakim(400, p=0.2, seed=1).SynapseGroups[0].W)
    np.testing.assert_allclose(np.unique(sparse), [-0.1, 0.0], rtol=1e-7)
    assert (sparse < 0).mean() == pytest.approx(0.2, abs=0.01)


# --- cells of the networks against closed forms


def test_lif_intervals_are_those_of_the_closed_form():
    """From reset -80 to threshold -30 at v_inf = -65 + I: n = ceil(ln((v_inf + 80)/(v_inf + 30)) / -ln .9) steps."""
    drive = np.array([20.0, 34.0, 36.0, 45.0, 80.0, 200.0])
    net = Network(seed=0)
    parts = {1: behaviours.Lif(threshold=-30.0), 2: Constant(value=drive), 9: EventRecorder("spike")}
    cells = NeuronGroup(net=net, size=drive.size, tag="cells", behaviour=parts)
    net.initialize()
    net.simulate_iterations(400)
    times, ids = behaviours.spike_trains(cells, dt_ms=1)
    settled = times > 100  # the first cells start above threshold
    assert not set(ids[settled]) & {0, 1}
    for k, v_inf in enumerate(drive - 65):
        if v_inf > -30:
            n = np.ceil(np.log((v_inf + 80) / (v_inf + 30)) / -np.log(0.9))
            assert set(np.diff(times[ids == k])) == {n}


@pytest.mark.parametrize(("frozen", "interval"), [(True, 20 + 220), (False, 220)])
def test_brunel_hakim_without_noise_and_coupling(frozen, interval):
    """Reset 10 to threshold 20 at mu 25 takes 20 ln 3 = 21.97 ms, after 2 ms at rest if V is frozen."""
    net = behaviours.build_brunel_hakim(1, j_mv=0, frozen=frozen, seed=0)
    net["BrunelHakim", 0].sigma = 0.0
    net.simulate_iterations(2000)
    times, _ = behaviours.spike_trains(net["cells", 0], dt_ms=1)
    assert set(np.diff(times)) == {interval}


def test_synfire_cell_fluctuates_as_its_linear_map():
    """Without threshold (V, x, y) is a linear map with noise: its covariance solves the discrete Lyapunov equation."""
    net = behaviours.build_synfire(1, n_pools=20, seed=3)
    cells = net["chain", 0]
    net["SynfireCell", 0].threshold = np.inf
    net.simulate_iterations(1500)
    a = np.array([[1 - 0.01, 0.01, 0], [0, 1 - 0.1 / 0.325, 0.1 / 0.325], [0, 0, 1 - 0.1 / 0.325]])
    sd = np.sqrt(np.diag(solve_discrete_lyapunov(a, np.diag([0, 0, 39.24**2 * 0.1]))))
    mean = 25.27 * 0.325
    for values, m, s in zip((cells.v + 70, cells.x, cells.y), (mean,) * 3, sd, strict=True):
        assert values.mean() == pytest.approx(m, abs=4 * s / np.sqrt(cells.size))
        assert values.std() == pytest.approx(s, rel=0.08)


# --- networks against the equations written out again


def test_izhikevich_is_the_network_of_2003():
    net = behaviours.build_izhikevich(160, 40, exc_scale=2.5, inh_scale=-5.0, seed=2)
    rng, weights = copy.deepcopy(net.rng), block(net)
    a, b, c, d, i = (joined(net, name) for name in ("a", "b", "c", "d", "drive"))
    net.simulate_iterations(300)
    v = np.full(200, -65.0)
    u, expected = b * v, set()
    for t in range(1, 301):  # the loop of the published listing, one half step later in the numbering
        v = v + 0.5 * (0.04 * v**2 + 5 * v + 140 - u + i)
        v = v + 0.5 * (0.04 * v**2 + 5 * v + 140 - u + i)
        u = u + a * (b * v - u)
        fired = np.flatnonzero(v >= 30)
        expected |= {(t, int(k)) for k in fired}
        v[fired], u[fired] = c[fired], u[fired] + d[fired]
        i = np.concatenate([5 * rng.standard_normal(160), 2 * rng.standard_normal(40)])
        i = i + weights[:, fired].sum(axis=1)
    found = spikes(net["exc", 0]) | {(t, k + 160) for t, k in spikes(net["inh", 0])}
    assert len(found) > 200 and found == expected


def test_izhikevich_parameters():
    net = behaviours.build_izhikevich(seed=4)
    exc, inh = net["exc", 0], net["inh", 0]
    r = np.sqrt((exc.c + 65) / 15)
    np.testing.assert_allclose(exc.d, 8 - 6 * r**2, atol=1e-12)
    np.testing.assert_allclose(inh.b, 0.25 - 0.05 * (inh.a - 0.02) / 0.08, atol=1e-12)
    assert (exc.a, exc.b) == (0.02, 0.2) and set(inh.c) == {-65.0} and set(inh.d) == {2.0}


def test_lif_network_is_its_loop():
    net = behaviours.build_lif(160, 40, seed=5)
    rng, weights = copy.deepcopy(net.rng), block(net)
    v, i = joined(net, "v").copy(), joined(net, "drive")
    threshold = np.repeat([-10.0, -30.0], [160, 40])
    net.simulate_iterations(200)
    expected = set()
    for t in range(1, 201):
        v += 0.1 * ((-65 - v) + i)
        fired = np.flatnonzero(v >= threshold)
        expected |= {(t, int(k)) for k in fired}
        v[fired] = -80
        i = 90 * np.concatenate([rng.random(160), rng.random(40)]) + weights[:, fired].sum(axis=1)
    found = spikes(net["exc", 0]) | {(t, k + 160) for t, k in spikes(net["inh", 0])}
    assert len(found) > 500 and found == expected


@pytest.mark.parametrize("frozen", [True, False])
def test_brunel_hakim_is_its_loop(frozen):
    net = behaviours.build_brunel_hakim(200, j_mv=1.0, frozen=frozen, seed=6)
    rng, weights = copy.deepcopy(net.rng), dense(net.SynapseGroups[0].W)
    net.simulate_iterations(1200)
    v, last, fired, expected = np.full(200, 10.0), np.full(200, -1000), [np.zeros(200)] * 1201, set()
    for t in range(1, 1201):
        arriving = weights @ fired[t - 20] if t > 20 else np.zeros(200)
        moved = 25 + (v - 25) * np.exp(-0.005) + np.sqrt((1 - np.exp(-0.01)) / 2) * rng.standard_normal(200) + arriving
        free = t - last > 20
        v = np.where(free, moved, v) if frozen else moved
        fired[t] = ((v >= 20) & free).astype(float)
        now = fired[t] > 0
        v, last = np.where(now, 10.0, v), np.where(now, t, last)
        expected |= {(t, int(k)) for k in np.flatnonzero(now)}
    assert len(expected) > 100 and spikes(net["cells", 0]) == expected


def energy(s, w):
    return -0.5 * s @ w @ s


def test_hopfield_updates_one_by_one_and_the_energy_never_rises():
    net = behaviours.build_hopfield(6, 60, flips=0.3, seed=7)
    cells, rng = net["memory", 0], copy.deepcopy(net.rng)
    w, s = net.SynapseGroups[0].W, cells.s.copy()
    np.testing.assert_allclose(w, w.T)
    assert not np.diag(w).any()
    net.simulate_iterations(3)
    for _ in range(3):
        for i in rng.permutation(60):
            for probe in s:
                before, field = energy(probe, w), w[i] @ probe
                probe[i] = np.sign(field) if field else probe[i]
                assert energy(probe, w) <= before + 1e-12
    np.testing.assert_array_equal(cells.s, s)
    np.testing.assert_allclose(cells.energy, [energy(probe, w) / 60 for probe in s])
    np.testing.assert_allclose(cells.overlap, (s * cells.patterns).mean(axis=1))


def test_hopfield_forgets_what_was_never_stored():
    overlaps = {}
    for stored in (True, False):
        net = behaviours.build_hopfield(20, 400, stored=stored, seed=8)
        assert net["memory", 0].overlap.mean() == pytest.approx(0.8, abs=0.02)
        net.simulate_iterations(10)
        overlaps[stored] = net["memory", 0].overlap.mean()
    assert overlaps[True] == 1.0 and overlaps[False] < 0.25


# --- single cells against the textbook forms under scipy's solver


def hodgkin_huxley(t, y):
    v, m, h, n = y
    am, bm = 0.1 * (v + 40) / (1 - np.exp(-(v + 40) / 10)), 4 * np.exp(-(v + 65) / 18)
    ah, bh = 0.07 * np.exp(-(v + 65) / 20), 1 / (1 + np.exp(-(v + 35) / 10))
    an, bn = 0.01 * (v + 55) / (1 - np.exp(-(v + 55) / 10)), 0.125 * np.exp(-(v + 65) / 80)
    dv = 10 - 120 * m**3 * h * (v - 50) - 36 * n**4 * (v + 77) - 0.3 * (v + 54.387)
    return [dv, am * (1 - m) - bm * m, ah * (1 - h) - bh * h, an * (1 - n) - bn * n]


def wang_buzsaki(t, y):
    v, h, n = y
    am, bm = -0.1 * (v + 35) / (np.exp(-0.1 * (v + 35)) - 1), 4 * np.exp(-(v + 60) / 18)
    ah, bh = 0.07 * np.exp(-(v + 58) / 20), 1 / (np.exp(-0.1 * (v + 28)) + 1)
    an, bn = -0.01 * (v + 34) / (np.exp(-0.1 * (v + 34)) - 1), 0.125 * np.exp(-(v + 44) / 80)
    dv = 10 - 35 * (am / (am + bm)) ** 3 * h * (v - 55) - 9 * n**4 * (v + 90) - 0.1 * (v + 65)
    return [dv, 5 * (ah * (1 - h) - bh * h), 5 * (an * (1 - n) - bn * n)]


def hindmarsh_rose(t, y):
    x, y, z = y
    return [y - x**3 + 3 * x**2 + 10 - z, 1 - 5 * x**2 - y, 0.001 * (4 * (x + 1.6) - z)]


PAIRS = [
    (behaviours.HodgkinHuxley, hodgkin_huxley),
    (behaviours.WangBuzsaki, wang_buzsaki),
    (behaviours.HindmarshRose, hindmarsh_rose),
]


def run(model, dt, method, n):
    net = behaviours.build_cell(model, 10.0, dt_ms=dt, method=method, gap=1)
    start = net["cells", 0].state[:, 0].copy()
    net.simulate_iterations(n)
    return start, np.asarray(net["n.v", 0])[:, 0]


@pytest.mark.parametrize(("model", "slopes"), PAIRS, ids=lambda x: x.__name__)
def test_cells_follow_their_equations(model, slopes):
    start, v = run(model, 0.01, "rk4", 2000)
    at = 0.01 * np.arange(1, 2001)
    exact = solve_ivp(slopes, (0, 20), start, t_eval=at, rtol=1e-10, atol=1e-12, method="DOP853").y[0]
    assert np.ptp(exact) > 2  # it fires
    np.testing.assert_allclose(v, exact, atol=1e-4 * np.ptp(exact))
    errors = [np.abs(run(model, dt, "euler", round(1 / dt))[1][-1] - exact[99]) for dt in (0.01, 0.005)]
    assert 1.6 < errors[0] / errors[1] < 2.5  # Euler is of first order


def test_hodgkin_huxley_rates_are_finite_where_the_textbook_form_is_not():
    alpha, _ = behaviours._rates(-40.0, behaviours.HodgkinHuxley.shift)
    assert alpha[0] == pytest.approx(1.0)
    assert behaviours._rates(-55.0, behaviours.HodgkinHuxley.shift)[0][2] == pytest.approx(0.1)


def test_cells_of_one_group_are_independent_and_steps_add_to_the_current():
    alone = behaviours.build_cell(behaviours.WangBuzsaki, 2.0)
    both = behaviours.build_cell(behaviours.WangBuzsaki, [0.0, 1.0], steps=((0.0, 100.0, 1.0),))
    for net in (alone, both):
        net.simulate_iterations(3000)
    np.testing.assert_array_equal(np.asarray(alone["n.v", 0])[:, 0], np.asarray(both["n.v", 0])[:, 1])


# --- measures


def test_volleys_and_bursts():
    times = np.array([1.0, 10.0, 10.5, 11.0, 30.0, 2.0, 20.0, 21.0])
    ids = np.array([0, 1, 2, 3, 4, 100, 101, 102])
    order = np.argsort(times)
    found = behaviours.volleys(times[order], ids[order], n_pools=3)
    np.testing.assert_allclose(found[0], [3, 10.5, np.std([10, 10.5, 11])])
    np.testing.assert_allclose(found[1], [2, 20.5, 0.5])
    assert found[2, 0] == 0 and np.isnan(found[2, 1:]).all()
    assert [b.size for b in behaviours.bursts(np.array([1.0, 2.0, 300.0, 301.0, 302.0]))] == [2, 3]


def test_spectrum_finds_a_rhythm_and_turning_the_trains_removes_it(rng):
    ids = np.repeat(np.arange(500), 20)
    times = (np.tile(np.arange(20) * 50.0, 500) + rng.normal(0, 3, 10_000)) % 1000
    options = dict(start_ms=0, stop_ms=1000)
    counts = behaviours.population_count(times, bin_ms=1, **options)
    f, power = behaviours.spectrum(counts, bin_ms=1, segment_ms=500)
    assert behaviours.peak_hz(f, power, 5, 100) == 20.0
    turned = behaviours.shifted(times, ids, n_cells=500, seed=1, **options)
    f, flat = behaviours.spectrum(behaviours.population_count(turned, bin_ms=1, **options), bin_ms=1, segment_ms=500)
    assert flat.max() < 0.05 * power.max()
    assert turned.min() >= 0 and turned.max() < 1000 and turned.size == times.size


def test_counts_fall_into_the_bin_of_their_step():
    steps = np.arange(1, 10_001)
    counts = behaviours.population_count(steps * 0.1, start_ms=0, stop_ms=1000, bin_ms=0.1)
    np.testing.assert_array_equal(counts, np.ones(10_000))


def test_same_seed_same_spikes():
    runs = []
    for seed in (1, 1, 2):
        net = behaviours.build_synfire(60, seed=seed)
        net.simulate_iterations(300)
        runs.append(np.asarray(net["chain", 0]["spike", 0]))
    np.testing.assert_array_equal(runs[0], runs[1])
    assert runs[0].shape != runs[2].shape or (runs[0] != runs[2]).any()


# --- bad input


@pytest.mark.parametrize(
    ("build", "options"),
    [
        (behaviours.build_lif, dict(n_exc=0)),
        (behaviours.build_izhikevich, dict(n_inh=-1)),
        (behaviours.build_brunel_hakim, dict(n=10, p=1.5)),
        (behaviours.build_brunel_hakim, dict(n=10, delay_steps=0)),
        (behaviours.build_synfire, dict(n_spikes=0)),
        (behaviours.build_synfire, dict(sd_ms=-1.0)),
        (behaviours.build_hopfield, dict(n_patterns=0)),
        (behaviours.build_hopfield, dict(flips=2.0)),
        (behaviours.build_lif, dict(seed=-1)),
    ],
)
def test_bad_input_is_named(build, options):
    with pytest.raises(ParameterError, match="allowed"):
        build(**{"seed": 0, **options})


@pytest.mark.parametrize("options", [dict(method="rk3"), dict(dt_ms=0.0), dict(current=[[1.0]]), dict(current="high")])
def test_bad_cell_options_are_named(options):
    with pytest.raises(ParameterError):
        behaviours.build_cell(behaviours.HindmarshRose, **options)


# --- another simulator


def brunel_hakim_in_brian2(seed, delay_ms):
    """Return (rate in Hz, spectral peak in Hz) of 1 s less .2 s, V running while refractory."""
    import brian2 as b2

    b2.prefs.codegen.target = "numpy"
    b2.seed(seed)
    b2.start_scope()
    equations = "dv/dt = (25*mV - v + 1*mV*sqrt(20*ms)*xi)/(20*ms) : volt"
    options = dict(threshold="v > 20*mV", reset="v = 10*mV", refractory=2 * b2.ms, method="euler")
    cells = b2.NeuronGroup(5000, equations, dt=0.1 * b2.ms, **options)
    cells.v = 10 * b2.mV
    synapses = b2.Synapses(cells, cells, on_pre="v -= .1*mV", delay=delay_ms * b2.ms, dt=0.1 * b2.ms)
    synapses.connect(p=0.2)
    monitor = b2.SpikeMonitor(cells)
    network = b2.Network(cells, synapses, monitor)
    network.run(1000 * b2.ms)
    times = np.asarray(monitor.t / b2.ms)
    counts = behaviours.population_count(times, start_ms=200, stop_ms=1000, bin_ms=0.1)
    f, power = behaviours.spectrum(counts, bin_ms=0.1, segment_ms=200)
    return counts.sum() / 5000 / 0.8, behaviours.peak_hz(f, power, 40, 1000)


@pytest.mark.slow
@pytest.mark.parametrize(("delay_ms", "delay_steps"), [(2.0, 21), (1.9, 20)])
def test_brunel_hakim_agrees_with_brian2(delay_ms, delay_steps):
    """Brian2 delivers spikes after the threshold of a step, so its delay of 2 ms is felt 2.1 ms later."""
    rate, peak = brunel_hakim_in_brian2(1, delay_ms)
    net = behaviours.build_brunel_hakim(frozen=False, delay_steps=delay_steps, seed=1)
    net.simulate_iterations(10_000)
    times, _ = behaviours.spike_trains(net["cells", 0], dt_ms=0.1)
    counts = behaviours.population_count(times, start_ms=200, stop_ms=1000, bin_ms=0.1)
    f, power = behaviours.spectrum(counts, bin_ms=0.1, segment_ms=200)
    assert counts.sum() / 5000 / 0.8 == pytest.approx(rate, rel=0.02)
    assert behaviours.peak_hz(f, power, 40, 1000) == pytest.approx(peak, abs=5)
