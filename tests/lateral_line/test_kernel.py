"""The kernel against closed forms, a slow version of the equations, and Brian2."""

import numba
import numpy as np
import pytest
from scipy import stats

from helpers.lateral_line import kernel, simulate, stimulus, wiring
from helpers.lateral_line.params import preset, without_plasticity
from helpers.parameters import ParameterError

SMALL = preset("ll_fast").replace(
    n_ll=20, n_mon=40, n_ts=16, bg_rate_mon_hz=0.0, bg_rate_ts_hz=0.0, mon_ts_gain_mV=900.0, ts_lateral_radius=4,
    mon_to_global_inh_p=0.5, mon_to_global_inh_drive_mV=40.0, ts_to_global_inh_p=0.5, ts_to_global_inh_drive_mV=60.0,
    ll_mon_apre=0.05, ll_mon_apost=-0.05,
)  # fmt: skip


pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Brian2 on pyparsing 3.3


def imposed(spikes):
    """A drive whose LL cells spike where `spikes` (n_steps, n_ll) is 1."""
    n_steps = len(spikes)
    row = np.arange(n_steps, dtype=np.uint32)
    return stimulus.Drive(np.asarray(spikes, float), row, np.zeros(n_steps), np.ones(n_steps), np.ones(n_steps, int))


def network(params, engine=kernel.Network, seed=3, **options):
    wires = wiring.draw(params, seed)
    weights = wiring.initial_weights(params, seed, wires)
    return engine(params, wires, weights, rng=wiring.stream(seed, 3), **options), wires, weights


def one_cell(w_mv=10.0, **changes):
    """One LL cell on one MON cell at rest."""
    p = SMALL.replace(n_ll=2, n_mon=1, n_ts=1, ll_to_mon_in_degree=1, ll_mon_w_jitter_stdp_mV=0.0, **changes)
    net, _, _ = network(without_plasticity(p))
    net.weights["ll_mon"][:] = w_mv
    net.net.mon.v[:] = p.el_mV
    return net


# --- closed forms


def test_euler_epsp_has_its_closed_form():
    """x_n = .1 w (.9^n - .5^n) / .4: the peak differs from that of the exact solution."""
    net = one_cell()
    net.run(imposed(np.ones((1, 2))))
    rise = []
    for _ in range(30):
        net.run(imposed(np.zeros((1, 2))))
        rise.append(net.net.mon.v[0] + 74)
    n = np.arange(1, 31)
    np.testing.assert_allclose(rise, 0.1 * 10 * (0.9**n - 0.5**n) / 0.4, atol=2e-5)


@pytest.mark.parametrize(("tau_ref_ms", "interval"), [(0, 1), (1, 1), (2, 2), (3, 3), (5, 5), (2.5, 3)])
def test_refractory_cell_waits(tau_ref_ms, interval):
    net = one_cell(w_mv=1e4, tau_ref_ms=float(tau_ref_ms), ll_mon_wmax_mV=1e5)
    steps, _ = net.run(imposed(np.ones((30, 2)))).spikes["mon"]
    assert steps[0] == 1 and set(np.diff(steps)) == {interval}


def test_a_spike_inhibits_its_neighbours_on_the_ring():
    p = preset("ll_baseline").replace(n_mon=1, n_ll=2, bg_rate_mon_hz=0.0, bg_rate_ts_hz=0.0)
    net, _, _ = network(p)
    net.net.ts.v[7] = -50.0
    net.run(imposed(np.zeros((1, 2))))
    found = net.net.ts.g_i
    assert found.sum() == pytest.approx(25.5) and found[7] == 0
    assert found[8] == found[6] == pytest.approx(1.5 * 17 / 18) and found[7 - 17] == found[7 + 17] > 0
    assert found[7 - 18] == found[7 + 18] == 0


def test_poisson_drive_has_the_given_rates():
    p = SMALL.replace(n_ll=3)
    net, _, _ = network(p)
    drive = stimulus.Drive(np.array([[0.0, 0.02, 1.0]]), np.zeros(20_000, np.uint32), *[np.zeros(20_000)] * 3)
    counts = np.bincount(net.run(drive).spikes["ll"][1], minlength=3)
    assert counts[0] == 0 and counts[2] == 20_000 and abs(counts[1] - 400) < 80


@pytest.mark.parametrize("p", [0.0, 0.018, 0.5, 1.0])
def test_background_skips_are_independent_coin_flips(p, rng):
    n_cells, n_steps = 50, 4000
    counts = np.zeros(n_cells, np.float32)
    with np.errstate(divide="ignore"):
        skip = float(-np.log1p(-p))
    per_step = []
    for _ in range(n_steps):
        before = counts.sum()
        kernel._background(rng, counts, np.float32(1), skip)
        per_step.append(counts.sum() - before)
    if p in (0.0, 1.0):
        assert (counts == p * n_steps).all()
        return
    z = (counts - p * n_steps) / np.sqrt(p * (1 - p) * n_steps)
    assert stats.kstest(z, "norm").pvalue > 1e-3
    assert np.var(per_step) == pytest.approx(n_cells * p * (1 - p), rel=0.1)


# --- against the slow version and Brian2


@pytest.fixture(scope="module")
def spikes():
    return np.random.default_rng(5).random((300, SMALL.n_ll)) < 0.06


@pytest.fixture(scope="module")
def fast(spikes):
    net, _, _ = network(SMALL)
    return net.run(imposed(spikes)), net.weights


def pairs(recording, layer):
    return list(zip(*(part.tolist() for part in recording.spikes[layer]), strict=True))


def test_equals_the_slow_version_spike_by_spike(spikes, fast):
    from tests.lateral_line import slow_kernel

    net, wires, weights = network(SMALL)
    trains = [np.flatnonzero(row).tolist() for row in spikes]
    v_mon, v_ts = net.net.mon.v.astype(float), net.net.ts.v.astype(float)
    found, after = slow_kernel.run(SMALL, wires, weights, v_mon, v_ts, trains)
    recording, learned = fast
    assert len(found["mon"]) > 200 and len(found["ts"]) > 50 and len(found["inh"]) > 5
    assert pairs(recording, "mon") == found["mon"] and pairs(recording, "ts") == found["ts"]
    assert recording.inhibitory.tolist() == np.bincount([i for _, i in found["inh"]], minlength=2).tolist()
    np.testing.assert_allclose(learned["ll_mon"], after[0], rtol=1e-4)
    np.testing.assert_allclose(learned["mon_ts"], after[1], rtol=1e-4, atol=1e-6)
    assert np.abs(learned["mon_ts"] - weights["mon_ts"]).max() > 0.005


@pytest.fixture
def brian2_numpy():
    """Brian2 without compilation, which would take a minute the first time."""
    import brian2

    before = brian2.prefs.codegen.target
    brian2.prefs.codegen.target = "numpy"
    yield
    brian2.prefs.codegen.target = before


def test_brian2_gives_the_same_spikes_and_weights(spikes, fast, brian2_numpy):
    from helpers.lateral_line.reference import Network

    net, _, _ = network(SMALL, Network)
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    recording, (kernels, learned) = net.run(imposed(spikes)), fast
    assert np.array_equal(before, np.random.get_state()[1])  # noqa: NPY002
    for layer in ("ll", "mon", "ts"):
        assert pairs(recording, layer) == pairs(kernels, layer)
    assert recording.inhibitory.tolist() == kernels.inhibitory.tolist()
    for name in learned:
        np.testing.assert_allclose(net.weights[name], learned[name], rtol=1e-4, atol=1e-6)


@pytest.mark.slow
def test_the_two_engines_agree_over_seeds(brian2_numpy, acceptance, record):
    p = preset("ll_fast").replace(n_training_trials=10)
    options = dict(test_repeats=1, controls=False)
    rows = {b: [summary(simulate(p, seed=s, backend=b, **options)) for s in range(5)] for b in ("numba", "brian2")}
    t = stats.ttest_ind(rows["brian2"], rows["numba"], axis=0).statistic
    record("lateral_line.engines", t)
    low, high = acceptance["lateral_line"]["engines"]["accept"]
    assert low <= t.min() and t.max() <= high


def summary(result):
    weights = [result.weights[name][2] for name in ("ll_mon", "mon_ts")]
    moments = [moment for w in weights for moment in (w.mean(), w.std())]
    rates = [result.rates_hz[name] for name in ("ll_train", "mon_train", "ts_train", "mon_test")]
    return [*rates, *moments, result.quality.sigma_theta_rad]


# --- state, freezing, determinism


def test_state_and_restore_go_on_bit_for_bit(rng):
    p = preset("ll_fast").replace(n_training_trials=2)
    stream = stimulus.snapshots(p, 1600, 0)
    one, _, _ = network(p)
    one.run(stimulus.snapshot_drive(p, stream, 0, 800))
    state = one.state()
    two, _, _ = network(p, seed=3)
    two.restore(state)
    a, b = (net.run(stimulus.snapshot_drive(p, stream, 800, 800)) for net in (one, two))
    assert all(np.array_equal(a.spikes[k][1], b.spikes[k][1]) for k in a.spikes)
    assert all(np.array_equal(one.state()[k], two.state()[k]) for k in state)
    with pytest.raises(ParameterError, match="start: mon_v is missing or not of shape"):
        two.restore(state | {"mon_v": np.zeros(3)})


def test_cutting_a_run_changes_nothing():
    p = preset("ll_fast").replace(n_training_trials=4)
    stream = stimulus.snapshots(p, 3200, 0)
    whole, parts = network(p)[0], network(p)[0]
    a = whole.run(stimulus.snapshot_drive(p, stream, 0, 3200)).spikes["ts"][1]
    cuts = [parts.run(stimulus.snapshot_drive(p, stream, k, n)).spikes["ts"][1] for k, n in ((0, 7), (7, 3193))]
    assert a.size > 100 and np.array_equal(a, np.concatenate(cuts))
    assert np.array_equal(whole.weights["mon_ts"], parts.weights["mon_ts"])


@pytest.mark.parametrize("plastic", [(False, False), (True, False), (False, True)])
def test_frozen_pathways_keep_their_weights(plastic, spikes):
    net, _, weights = network(SMALL, plastic=plastic)
    net.run(imposed(spikes))
    changed = [not np.array_equal(net.weights[name], weights[name]) for name in ("ll_mon", "mon_ts")]
    assert changed == list(plastic)


def test_weights_stay_within_their_bounds(fast):
    for name, top in (("ll_mon", SMALL.ll_mon_wmax_mV), ("mon_ts", SMALL.mon_ts_wmax)):
        assert fast[1][name].min() >= 0 and fast[1][name].max() <= np.float32(top)


def test_without_a_writable_cache_the_kernel_still_compiles(monkeypatch):
    real = numba.njit

    def refusing(cache=False, **options):
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return real(**options)

    monkeypatch.setattr(numba, "njit", refusing)
    assert kernel._jit(lambda x: x + 1)(1) == 2
