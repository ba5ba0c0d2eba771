"""The stdp numbers of acceptance.toml: the study cells of FINAL_2, swept through its store, and their controls."""

import numpy as np
import pytest

from helpers import runs, tuning, v1
from tests.cells import cells

NOTEBOOK = cells("FINAL_2", "model", "study")
PREFERRED = np.pi * np.arange(60) / 60
FIRST = NOTEBOOK.SIX[:3]
LAYER_2 = dict(layers=2, shared_delays=True, theta_deg=FIRST)
SPARSE = dict(layers=2, w_input_exc_us=0.6, w_input_inh_us=0.6, w_exc_exc_us=0.15, w_inh_inh_us=0.15)
SPARSE |= dict(w_exc_inh_us=0.15, w_inh_exc_us=0.15, w_exc_exc2_us=0.9, w_exc_inh2_us=0.9, w_inh_exc2_us=0.9)
SPARSE |= dict(shared_delays=True)


def over_seeds(n, point=NOTEBOOK.windows, **options):
    """Every entry of the result stacked over seeds 0 to n - 1, from the store of the notebook."""
    return runs.over(point, store=runs.store("v1_learning"), progress=False, n_jobs=1, seed=list(range(n)), **options)


def spikes(found, population="exc"):
    """Spikes per window, (n_seeds, n_windows)."""
    return found[population].sum(axis=2)


def widening(b_deg):
    """The mean bandwidth in the second half of the windows minus that in the first, by seed."""
    first, second = (runs.summary(half.T).mean for half in np.split(b_deg, 2, axis=1))
    return second - first


@pytest.fixture(scope="module")
def plastic():
    return over_seeds(16, plastic=True, keep_weights=True)


@pytest.fixture(scope="module")
def static():
    return over_seeds(16, plastic=False, keep_weights=True)


# --- six windows


def test_spikes_grow(plastic, record):
    first, last = spikes(plastic)[:, [0, 5]].T
    record("stdp.spikes_growth", last / first, repeats=True)
    record("stdp.first_window", first, repeats=True)


def test_inhibitory_cells_grow_too(plastic, record):
    record("stdp.inhibitory_spikes", spikes(plastic, "inh")[:, [0, 5]] / [436, 725], repeats=True)


def test_bandwidth(plastic, record):
    assert np.isfinite(plastic["b_deg"]).mean() > 0.9  # so the median leaves little out
    record("stdp.bandwidth_deg", np.nanmedian(plastic["b_deg"], axis=0).mean())


def test_the_peak_narrows_against_the_static_ring_by_the_fit_with_a_floor(plastic, static):
    """Second showing minus first, STDP minus static, paired by seed. The static ring stays where it is."""
    learned, control = widening(plastic["b_deg"]), widening(static["b_deg"])
    assert runs.summary(learned - control).high < 0
    assert runs.summary(control).low < 0 < runs.summary(control).high


def test_circular_variance_rises(plastic, static, record):
    cv = tuning.circular_variance(PREFERRED, plastic["exc"])
    record("stdp.cv", cv, repeats=True)
    difference = cv - tuning.circular_variance(PREFERRED, static["exc"])
    assert runs.summary(difference[:, 3:].mean(axis=1) - difference[:, :3].mean(axis=1)).low > 0


def test_static_ring_does_not_learn(static):
    mean = spikes(static).mean(axis=0)
    assert 0.85 <= mean[5] / mean[0] <= 1.15
    initial = dict(input_exc=0.4, input_inh=0.4, exc_exc=0.1, inh_inh=0.1, exc_inh=0.1, inh_exc=0.1)
    for name, weight in initial.items():
        w = static[f"w_{name}"]
        assert (w[np.isfinite(w)] == weight).all()


# --- variations


def test_without_lateral_connections_a_third_is_lost(plastic, record):
    alone, intact = over_seeds(8, lateral=False)["exc"], plastic["exc"][:8]
    record("stdp.no_lateral_ratio", alone.sum(axis=(1, 2)) / intact.sum(axis=(1, 2)), repeats=True)


def test_constant_orientation_widens(acceptance, record):
    b_deg = over_seeds(acceptance["stdp"]["constant_growth"]["seeds"], theta_deg=(40,) * 6)["b_deg"]
    record("stdp.constant_growth", widening(b_deg), repeats=True)


def test_constant_orientation_widens_by_learning_and_not_under_a_weak_rule():
    """Not in the static ring of the same seeds, nor where depression keeps the input below what one spike needs."""
    weaker = dict(rules={"causal": (37.5, 30.0, 0.01, 0.025)}, keep_weights=True)
    ways = ({}, dict(plastic=False), weaker)
    learned, static, weak = (widening(over_seeds(16, theta_deg=(40,) * 6, **way)["b_deg"]) for way in ways)
    assert runs.summary(learned - static).low > 0
    assert runs.summary(static).low < 0 < runs.summary(static).high and runs.summary(weak).low < 0
    assert runs.summary(learned - weak).low > 0


def test_widened_input_widens_the_output(acceptance, record):
    """Nine windows, the last three with B x 1.5; I to I starts at .2 uS, as in the published run."""
    wider = dict(theta_deg=FIRST * 3, b_theta_deg=(15.0,) * 6 + (22.5,) * 3, w_inh_inh_us=0.2)
    b_deg = over_seeds(acceptance["stdp"]["widened_input"]["seeds"], **wider)["b_deg"]
    change = widening(b_deg[:, 3:])
    record("stdp.widened_input", change, repeats=True)
    later = wider | dict(theta_deg=FIRST * 2, b_theta_deg=(15.0,) * 3 + (22.5,) * 3)
    static = widening(over_seeds(len(b_deg), plastic=False, **later)["b_deg"])
    assert runs.summary(static).mean > 2 * change.mean()  # without learning it follows its input


def test_five_to_one(record):
    record("stdp.five_to_one", np.nanmedian(over_seeds(8, n_inh=12)["b_deg"], axis=0))


# --- weights


def test_final_mean_weights(plastic, record):
    reference = dict(exc_exc=0.107, inh_inh=0.184, exc_inh=0.106, inh_exc=0.108, input_exc=0.519, input_inh=0.454)
    ratio = np.array([np.nanmean(plastic[f"w_{name}"]) / mean for name, mean in reference.items()])
    record("stdp.final_weights", ratio[:5])
    record("stdp.final_weight_xi", ratio[5])


@pytest.mark.parametrize("changes", [dict(layers=2), SPARSE], ids=["two layers", "sparse"])
def test_weights_stay_within_their_bounds(changes):
    found = over_seeds(1, keep_weights=True, **changes)
    assert [key for key in found if key.startswith("w_")] == [f"w_{name}" for name in v1.PROJECTIONS]
    for name, synapses in v1.wire(v1.RingParams(**changes), 0).items():
        w, initial = found[f"w_{name}"], synapses.weight_us[0]
        assert np.nanmin(w) >= 0 and np.nanmax(w) <= 2 * initial
        assert np.nanmax(np.abs(w - initial)) > 1e-4  # every projection learns


def test_the_input_weights_alone_narrow_the_response():
    b_deg = over_seeds(10, NOTEBOOK.swapped)
    put = [runs.summary(b - b_deg["static"]) for b in b_deg["put"].T]
    assert put[0].high < -1 and all(one.low > -1 for one in put[1:])
    back = [runs.summary(b - b_deg["static"]) for b in b_deg["back"].T]
    assert back[0].low > -1 and all(one.high < -1 for one in back[1:])
    unchanged = over_seeds(2, NOTEBOOK.trained, shown_deg=())["b_deg"][:, 0]
    np.testing.assert_array_equal(b_deg["static"][:2], unchanged)  # the same wiring, the same input


# --- the second layer, and the cut


@pytest.fixture(scope="module")
def wired():
    return over_seeds(8, **LAYER_2)


def test_layer_2_is_silent_as_wired(wired, record):
    record("stdp.layer2_wired", spikes(wired, "exc2"), repeats=True)


def test_layer_2_fires_with_delays_of_its_own(wired):
    """Shared delays let the inhibition of layer 1 meet every spike; drawn independently, many come before it."""
    free = spikes(over_seeds(8, layers=2, theta_deg=FIRST), "exc2")
    assert free.mean() > 4 * spikes(wired, "exc2").mean()


@pytest.mark.parametrize("change", [dict(w_inh_exc2_us=0.0), dict(w_exc_exc2_us=1.0)], ids=["less I", "more E"])
def test_layer_2_revives(change, record):
    record("stdp.layer2_revived", spikes(over_seeds(8, **LAYER_2, **change), "exc2"), repeats=True)


def test_layer_2_is_sparser(record):
    sparse = over_seeds(5, **SPARSE, fitted=False)
    one, two = (sparse[e].sum(axis=(1, 2)) + sparse[i].sum(axis=(1, 2)) for e, i in (("exc", "inh"), ("exc2", "inh2")))
    record("stdp.sparsification", two / one, repeats=True)
    record("stdp.sparsification_spikes", np.transpose([one / 13488, two / 7207]), repeats=True)
    free = over_seeds(5, **SPARSE | dict(w_inh_exc2_us=0.0), fitted=False)
    free = (free["exc2"] + free["inh2"]).sum(axis=(1, 2)) / (free["exc"] + free["inh"]).sum(axis=(1, 2))
    assert runs.summary(free - two / one).low > 0.05 and free.max() < 1  # the parallel inhibition makes a part of it


def test_activity_does_not_outlast_the_input():
    """Nothing to see without input; with the floor, what the floor alone calls forth, and not much more."""
    removed = over_seeds(4, NOTEBOOK.cut, layers=2, floor_hz=0.0)["spikes"]
    assert removed[..., 1].mean() < 1 and removed[:, 0, 0].mean() > 20
    kept = over_seeds(8, NOTEBOOK.cut, layers=2)["spikes"]
    on, cut, control = kept.mean(axis=0).T
    assert (np.abs(cut - control) < 0.15 * (on - control) + 1).all()


# --- the cells themselves


def test_a_profile_stands_at_the_difference_of_the_cells(rng):
    weights = np.where(rng.random((6, 6)) < 0.5, np.nan, 1.0)
    weights[2, 3], weights[5, 0] = 4.0, 4.0  # one step on, and around the end
    weights[0, 1] = np.nan
    weights[np.eye(6, dtype=bool)] = np.nan
    one_on = [weights[i, (i + 1) % 6] for i in range(6)]
    profile = NOTEBOOK.profile(weights)
    assert profile[1] == pytest.approx(np.nanmean(one_on)) and np.isnan(profile[0])


@pytest.mark.parametrize("b_deg", [8.0, 15.0])
def test_the_half_width_is_that_of_the_curve(b_deg):
    curve = 1000 * tuning.von_mises(PREFERRED, np.deg2rad(42), np.deg2rad(b_deg)) + 100
    expected = np.rad2deg(tuning.hwhh(np.deg2rad(b_deg)))
    for deg in (42, 150):  # wherever it stands
        counts = np.roll(curve, round((deg - 42) / 3)).round()
        assert NOTEBOOK.half_width_deg(counts[None], [deg]) == pytest.approx(expected, abs=2.5)


def test_rules_of_the_scan_have_the_signs_of_the_published_ones(monkeypatch):
    seen = []
    real = v1.simulate
    monkeypatch.setattr(v1, "simulate", lambda *args, **options: seen.append((args, options)) or real(*args, **options))
    found = NOTEBOOK.scan_point(2.0, 12.0, 0.004, 2.15, 0.46, 10.0, [3])
    assert found["spikes_stdp"].shape == (1, 2) and found["b_pooled_static"].shape == (2,)
    (params, shown), options = seen[0]
    np.testing.assert_allclose(np.rad2deg(shown), [40, 160, 100, 40])
    assert params.delay_min_ms == params.delay_max_ms == 2.0 and params.w_inh_exc_us == pytest.approx(0.1 / 2.15)
    assert [args[0].plastic for args, _ in seen] == [True, False]
    for name, (_, _, a_plus, a_minus) in v1.RULES.items():
        wanted = 120.0, 12.0, np.sign(a_plus) * 0.00184, np.sign(a_minus) * 0.004
        assert options["rules"][name] == pytest.approx(wanted)


def test_the_rules_that_narrow_most_do_not_on_new_seeds():
    """The table of the sixteen best rules of the scan: its rules, none of them narrower again, and one row anew."""
    scan, again = (
        np.genfromtxt(runs.ROOT / f"figs/v1/stdp_scan_{n}.csv", delimiter=",", names=True) for n in (4096, "best")
    )
    usable = np.where(scan["spikes_last"] < 1000, scan["narrowing_pooled_deg"], np.nan)
    best, levels = scan[np.argsort(-np.nan_to_num(usable, nan=-np.inf))[:16]], scan.dtype.names[:6]
    assert all(np.allclose(again[name].reshape(16, 6), best[name][:, None]) for name in levels)
    narrowing = again["narrowing_pooled_deg"].reshape(16, 6)
    assert best["narrowing_pooled_deg"].min() > 3 and not any(runs.summary(one).low > 0 for one in narrowing)
    seeds = [int(again["first_seed"][-1]) + k for k in range(4)]
    anew = NOTEBOOK.score(*(float(again[name][-1]) for name in levels), seeds=seeds)
    assert anew["narrowing_pooled_deg"] == pytest.approx(again["narrowing_pooled_deg"][-1], abs=1e-2)
