"""The cells of FINAL_8 against closed forms, the published equations written out again and scipy's solver."""

import copy
import functools
from itertools import pairwise

import numpy as np
import pytest

from helpers.modular import EventRecorder, Network, NeuronGroup
from helpers.modular.synapses import dense
from tests.cells import cells


@functools.cache
def f8():
    """Return the cells of FINAL_8."""
    return cells("FINAL_8", "model", "study")


def spikes(group):
    """Return the events as a set of (iteration, index)."""
    return set(map(tuple, np.asarray(group["spike", 0]).tolist()))


def test_weights_are_uniform_or_a_random_share():
    synapses = f8().izhikevich_network(1, sizes=(200, 100)).SynapseGroups  # from "exc", then from "inh"
    for synapse, scale in zip(synapses, (0.5, 0.5, -1.0, -1.0), strict=True):
        w = dense(synapse.W) / scale
        np.testing.assert_allclose([w.mean(), w.std(), w.max()], [1 / 2, 1 / np.sqrt(12), 1], rtol=0.02)
        assert w.min() >= 0
    sparse = dense(f8().brunel_hakim_network(1, n=400).SynapseGroups[0].W)
    np.testing.assert_allclose(np.unique(sparse), [-0.1, 0.0])
    assert (sparse < 0).mean() == pytest.approx(0.2, abs=0.01)


# --- cells of the networks against closed forms


def test_lif_intervals_are_those_of_the_closed_form():
    """From reset -80 to threshold -30 at v_inf = -65 + I: n = ceil(ln((v_inf + 80)/(v_inf + 30)) / -ln .9) steps."""
    drive = np.array([20.0, 34.0, 36.0, 45.0, 80.0, 200.0])
    net = Network(seed=0)
    parts = {1: f8().LIF(threshold=-30.0), 2: f8().Drive(draw=drive), 9: EventRecorder("spike")}
    NeuronGroup(net, drive.size, parts, tag="cells")
    net.initialize()
    net.simulate_iterations(400)
    times, ids = f8().spikes(net)
    settled = times > 100  # the first cells start above threshold
    assert not set(ids[settled]) & {0, 1}
    for k, v_inf in enumerate(drive - 65):
        if v_inf > -30:
            n = np.ceil(np.log((v_inf + 80) / (v_inf + 30)) / -np.log(0.9))
            assert set(np.diff(times[ids == k])) == {n}


# --- networks against the equations written out again


def test_izhikevich_is_the_network_of_2003():
    net = f8().izhikevich_network(2, sizes=(160, 40), scales=(2.5, -5.0))
    rng, exc, inh = copy.deepcopy(net.rng), net["exc", 0], net["inh", 0]
    ee, ie, ei, ii = (dense(synapse.W) for synapse in net.SynapseGroups)
    weights = np.block([[ee, ei], [ie, ii]])
    assert (set(exc.a), set(exc.b), set(inh.c), set(inh.d)) == ({0.02}, {0.2}, {-65.0}, {2.0})
    np.testing.assert_allclose(exc.d, 8 - 6 * (exc.c + 65) / 15, atol=1e-12)
    np.testing.assert_allclose(inh.b, 0.25 - 0.05 * (inh.a - 0.02) / 0.08, atol=1e-12)
    a, b, c, d, i = (np.concatenate([getattr(group, name) for group in (exc, inh)]) for name in "abcdI")
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
    found = spikes(exc) | {(t, k + 160) for t, k in spikes(inh)}
    assert len(found) > 200 and found == expected


@pytest.mark.parametrize("running", [True, False])
def test_brunel_hakim_is_its_loop(running):
    net = f8().brunel_hakim_network(6, J_mv=1.0, n=200, running=running)
    rng, weights = copy.deepcopy(net.rng), dense(net.SynapseGroups[0].W)
    net.simulate_iterations(1200)
    v, last, fired, expected = np.full(200, 10.0), np.full(200, -1000), [np.zeros(200)] * 1201, set()
    for t in range(1, 1201):
        arriving = weights @ fired[t - 20] if t > 20 else np.zeros(200)
        moved = 25 + (v - 25) * np.exp(-0.005) + np.sqrt((1 - np.exp(-0.01)) / 2) * rng.standard_normal(200) + arriving
        free = t - last > 20
        v = moved if running else np.where(free, moved, v)
        fired[t] = ((v >= 20) & free).astype(float)
        now = fired[t] > 0
        v, last = np.where(now, 10.0, v), np.where(now, t, last)
        expected |= {(t, int(k)) for k in np.flatnonzero(now)}
    assert len(expected) > 100 and spikes(net["cells", 0]) == expected


def test_synfire_chain_is_its_loop():
    """With so much noise that cells fire again as soon as they may."""
    net = f8().synfire_chain(4, 85, noise=900.0, n_pools=2)
    group, rng, steps = net["chain", 0], copy.deepcopy(net.rng), net["Volley", 0].steps
    v, x, y, last = group.V.copy(), group.x.copy(), group.y.copy(), np.full(200, -1000)
    net.simulate_iterations(900)
    fired, expected = np.zeros((901, 200), bool), set()
    for t in range(1, 901):
        heard = np.zeros(200)
        heard[:100] = 4.86 * (steps == t - 50).sum()
        heard[100:] = 4.86 * fired[max(t - 50, 0), :100].sum()
        noise = 900.0 * np.sqrt(0.1) * rng.normal(0, 1, 200)
        v, x, y = v + (x - 70 - v) / 100, x + 0.1 / 0.325 * (y - x), y + 2.527 - 0.1 * y / 0.325 + noise + heard
        fired[t] = (v >= -55) & (t - last > 10)
        v[fired[t]], last[fired[t]] = -70, t
        expected |= {(t, int(k)) for k in np.flatnonzero(fired[t])}
    assert len(expected) > 300 and spikes(group) == expected


@pytest.mark.parametrize("order", ["random", "fixed", "synchronous"])
def test_hopfield_updates_in_each_order_and_one_by_one_the_energy_never_rises(order):
    net = f8().hopfield_memory(7, 60, 6, flips=0.3, order=order)
    group, rng = net["memory", 0], copy.deepcopy(net.rng)
    w, s = net.SynapseGroups[0].W, group.s.copy()
    np.testing.assert_allclose(w, w.T)
    assert not np.diag(w).any()
    net.simulate_iterations(3)
    for _ in range(3):
        if order == "synchronous":
            s = np.where(s @ w == 0, s, np.sign(s @ w))
            continue
        for i in rng.permutation(60) if order == "random" else range(60):
            before, field = energies(s, w), s @ w[i]
            s[:, i] = np.where(field == 0, s[:, i], np.sign(field))
            assert (energies(s, w) <= before + 1e-12).all()
    np.testing.assert_array_equal(group.s, s)
    if order == "random":
        np.testing.assert_allclose(group.field, s @ w)


def energies(s, w):
    return -0.5 * (s @ w * s).sum(axis=1)


def test_hopfield_forgets_what_was_never_stored():
    assert f8().hopfield(8, 400, 20, flips=0.1, stored=False)["overlap"][-1] < 0.25


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


PAIRS = dict(HodgkinHuxley=hodgkin_huxley, WangBuzsaki=wang_buzsaki, HindmarshRose=hindmarsh_rose)


def run(model, dt, method, n):
    net = f8().cell(model, 10.0, dt, method)
    net.simulate_iterations(n)
    return np.asarray(net["n.v", 0])[:, 0]


@pytest.mark.parametrize("name", PAIRS)
def test_cells_follow_their_equations(name):
    from scipy.integrate import solve_ivp

    model, slopes = getattr(f8(), name), PAIRS[name]
    at = 0.01 * np.arange(1, 2001)
    exact = solve_ivp(slopes, (0, 20), model.start, t_eval=at, rtol=1e-10, atol=1e-12, method="DOP853").y[0]
    assert np.ptp(exact) > 2  # it fires
    np.testing.assert_allclose(run(model, 0.01, "rk4", 2000), exact, atol=1e-4 * np.ptp(exact))
    errors = [np.abs(run(model, dt, "euler", round(1 / dt))[-1] - exact[99]) for dt in (0.01, 0.005)]
    assert 1.6 < errors[0] / errors[1] < 2.5  # Euler is of first order


def test_the_hodgkin_huxley_cell_has_rates_at_its_singular_points_and_starts_at_rest():
    model = f8().HodgkinHuxley
    assert model().slopes(np.array([-40.0, 0.0, 0.0, 0.0]), 0.0)[1] == pytest.approx(1.0)
    assert model().slopes(np.array([-55.0, 0, 0, 0]), 0.0)[3] == pytest.approx(0.1)
    state, current = f8().at_rest(model, -65.0)
    np.testing.assert_allclose(model.start, state, atol=1e-6)
    assert abs(current) < 0.01


# --- theories


def test_the_fokker_planck_equation_gives_the_rate_of_siegert():
    """1 / rate = REST + tau sqrt(pi) times the integral of e^(u^2) (1 + erf u) from reset to threshold, in sigma."""
    from scipy.integrate import quad
    from scipy.special import erfcx

    for mu, s2 in ((25.0, 1.0), (18.0, 1.7), (15.0, 9.0)):
        span = (10 - mu) / s2**0.5, (20 - mu) / s2**0.5
        expected = 1 / (2 + 20 * np.sqrt(np.pi) * quad(lambda u: erfcx(-u), *span)[0])
        assert f8().steady(mu, s2)[1] == pytest.approx(expected, rel=0.002), (mu, s2)


def test_the_linear_mode_is_that_of_the_whole_equation():
    """A small deviation from the steady state grows, or decays, and oscillates as the mode says."""
    for delay in (0.9, 1.0, 1.1):
        growth, frequency = f8().mode(delay)
        rate = f8().population(delay, t_ms=50.0)[300:] / f8().steady_rate() - 1  # other modes have gone
        before = np.flatnonzero((rate[:-1] < 0) & (rate[1:] >= 0))
        crossings = 0.05 * (before - rate[before] / (rate[before + 1] - rate[before]))
        heights = [np.abs(rate[a:b]).max() for a, b in pairwise(before)]
        assert 1 / np.diff(crossings).mean() == pytest.approx(frequency, rel=0.01), delay
        assert np.polyfit(crossings[:-1], np.log(heights), 1)[0] == pytest.approx(growth, abs=0.01), delay


def test_the_theory_of_the_memory():
    """The critical load, and the overlap there."""
    assert f8().recalled(0.1379) == pytest.approx(0.967, abs=0.002) and f8().recalled(0.1385) == 0
