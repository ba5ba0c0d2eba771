"""The learning ring: the stdp numbers of acceptance.toml over seeds, their controls, and the code around them."""

from collections import namedtuple
from types import SimpleNamespace

import joblib
import matplotlib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from matplotlib.artist import Artist
from matplotlib.container import Container
from scipy import stats

from helpers import runs, tuning
from helpers.figures import figure
from helpers.parameters import ParameterError
from helpers.v1 import backends, experiments, figures, figures_learning, learning, lgn, ring, wiring
from helpers.v1.ring import RingParams
from tests.v1.test_ring import published_bandwidth_deg, within

slow = pytest.mark.slow
PREFERRED = np.pi * np.arange(60) / 60
FIRST = (40, 160, 100)
LAYER_2 = dict(layers=2, shared_delays=True, theta_deg=FIRST)
SPARSE = dict(learning.SPARSE, shared_delays=True)


def over_seeds(n, function=learning.learn_point, **options):
    """Every entry of the result stacked over seeds 0 to n - 1; nothing is stored."""
    found = joblib.Parallel(n_jobs=2)(joblib.delayed(function)(seed=seed, **options) for seed in range(n))
    return {key: np.stack([result[key] for result in found]) for key in found[0]}


def spikes(found, population="exc"):
    """Spikes per window, (n_seeds, n_windows)."""
    return found[population].sum(axis=2)


@pytest.fixture(scope="module")
def plastic():
    return over_seeds(8)


@pytest.fixture(scope="module")
def static():
    return over_seeds(8, plastic=False)


@pytest.fixture(scope="module")
def wired():
    return over_seeds(4, **LAYER_2)


@pytest.fixture(scope="module")
def sparse():
    return over_seeds(5, **SPARSE)


@pytest.fixture
def store(tmp_path, monkeypatch):
    """Results of sweeps and tables go here."""
    monkeypatch.setattr(runs, "ROOT", tmp_path)
    return tmp_path


# --- the published numbers, plastic weights


@slow
def test_spikes_grow(plastic, acceptance, record):
    mean = spikes(plastic).mean(axis=0)
    assert acceptance["stdp"]["spikes_growth"]["seeds"] <= len(plastic["exc"])
    assert within(acceptance["stdp"]["spikes_growth"], mean[5] / mean[0])
    assert within(acceptance["stdp"]["first_window"], mean[0])
    record("stdp.spikes_growth", mean[5] / mean[0])
    record("stdp.first_window", mean[0])


@slow
def test_inhibitory_cells_grow_too(plastic, acceptance, record):
    ratio = spikes(plastic, "inh").mean(axis=0)[[0, 5]] / [436, 725]
    assert within(acceptance["stdp"]["inhibitory_spikes"], ratio)
    record("stdp.inhibitory_spikes", ratio)


@slow
def test_bandwidth(plastic, acceptance, record):
    b_deg = experiments.bandwidths_deg(plastic["exc"])
    assert np.isfinite(b_deg).all()  # no fit was refused, so the median leaves nothing out
    assert within(acceptance["stdp"]["bandwidth_deg"], np.median(b_deg, axis=0))
    record("stdp.bandwidth_deg", np.median(b_deg, axis=0))


@slow
def test_a_fit_with_a_floor_sees_a_narrowing_that_the_published_fit_hides(plastic, static):
    """Second showing minus first, each seed its own control. The floor grows with learning: without it B stays."""

    def change(found, fit):
        b_deg = np.apply_along_axis(fit, 2, found["exc"])
        return runs.summary((b_deg[:, 3:] - b_deg[:, :3]).mean(axis=1))

    learned, control = (change(found, experiments.bandwidths_deg) for found in (plastic, static))
    assert learned.mean > -2.5 and learned.high < 0
    assert control.low < 0 < control.high
    published = change(plastic, published_bandwidth_deg)
    assert published.low < 0 < published.high


@slow
def test_circular_variance_rises(plastic, static, acceptance, record):
    row = acceptance["stdp"]["cv"]
    cv = tuning.circular_variance(PREFERRED, plastic["exc"])
    np.testing.assert_allclose(cv.mean(axis=0), row["reference"], atol=row["absolute"], rtol=0)
    control = tuning.circular_variance(PREFERRED, static["exc"])
    rise = runs.summary((cv - control)[:, 3:].mean(axis=1) - (cv - control)[:, :3].mean(axis=1))
    assert rise.low > 0
    record("stdp.cv", cv.mean(axis=0))


@slow
def test_without_lateral_connections_a_third_is_lost(plastic, acceptance, record):
    without = over_seeds(4, lateral=False, weights=False)
    ratio = without["exc"].sum() / plastic["exc"][:4].sum()
    assert within(acceptance["stdp"]["no_lateral_ratio"], ratio)
    record("stdp.no_lateral_ratio", ratio)


@slow
def test_constant_orientation_does_not_narrow(acceptance, record):
    found = over_seeds(4, theta_deg=[40] * 6, weights=False)
    b_deg = np.nanmean(experiments.bandwidths_deg(found["exc"]), axis=0)
    assert within(acceptance["stdp"]["constant_growth"], b_deg[3:].mean() - b_deg[:3].mean())
    record("stdp.constant_growth", b_deg[3:].mean() - b_deg[:3].mean())


@slow
def test_widened_input_widens_the_output(acceptance, record):
    """Nine windows, the last three with B x 1.5; I to I starts at .2 uS, as in the published run."""
    b_in_deg = [15.0] * 6 + [22.5] * 3
    found = over_seeds(5, theta_deg=FIRST * 3, b_theta_deg=b_in_deg, w_inh_inh_us=0.2, weights=False)
    b_deg = np.nanmean(experiments.bandwidths_deg(found["exc"]), axis=0)
    assert within(acceptance["stdp"]["widened_input"], b_deg[6:].mean() - b_deg[3:6].mean())
    record("stdp.widened_input", b_deg[6:].mean() - b_deg[3:6].mean())


@slow
def test_five_to_one(acceptance, record):
    b_deg = np.nanmedian(experiments.bandwidths_deg(over_seeds(4, n_inh=12, weights=False)["exc"]), axis=0)
    assert within(acceptance["stdp"]["five_to_one"], b_deg)
    record("stdp.five_to_one", b_deg)


@slow
def test_final_mean_weights(plastic, acceptance, record):
    reference = dict(exc_exc=0.107, inh_inh=0.184, exc_inh=0.106, inh_exc=0.108, input_exc=0.519, input_inh=0.454)
    ratio = np.array([np.nanmean(plastic[f"w_{name}"]) / mean for name, mean in reference.items()])
    assert within(acceptance["stdp"]["final_weights"], ratio[:5])
    assert within(acceptance["stdp"]["final_weight_xi"], ratio[5])
    record("stdp.final_weights", ratio[:5])
    record("stdp.final_weight_xi", ratio[5])


# --- the second layer


@slow
def test_layer_2_is_silent_as_wired(wired, acceptance, record):
    mean = spikes(wired, "exc2").mean(axis=0)
    assert within(acceptance["stdp"]["layer2_wired"], mean)
    record("stdp.layer2_wired", mean)


@slow
def test_layer_2_fires_with_delays_of_its_own(wired):
    """Shared delays let the inhibition of layer 1 meet every spike; drawn independently, many come before it."""
    free = spikes(over_seeds(4, layers=2, theta_deg=FIRST[:1], weights=False), "exc2")
    assert free.min() > 10 and free.mean() > 4 * spikes(wired, "exc2")[:, 0].mean()


@slow
@pytest.mark.parametrize("change", [dict(w_inh_exc2_us=0.0), dict(w_exc_exc2_us=1.0)], ids=["less I", "more E"])
def test_layer_2_revives(change, acceptance, record):
    mean = spikes(over_seeds(4, **LAYER_2, **change, weights=False), "exc2").mean(axis=0)
    assert within(acceptance["stdp"]["layer2_revived"], mean)
    record("stdp.layer2_revived", mean)


@slow
def test_layer_2_is_sparser(sparse, acceptance, record):
    one, two = (
        (sparse[e].sum(axis=(1, 2)) + sparse[i].sum(axis=(1, 2))) for e, i in (("exc", "inh"), ("exc2", "inh2"))
    )
    assert acceptance["stdp"]["sparsification"]["seeds"] <= len(one)
    assert within(acceptance["stdp"]["sparsification"], two / one)
    totals = np.array([one.mean() / 13488, two.mean() / 7207])
    assert within(acceptance["stdp"]["sparsification_spikes"], totals)
    record("stdp.sparsification", (two / one).mean())
    record("stdp.sparsification_spikes", totals)


# --- bounds and the static control


@slow
@pytest.mark.parametrize(("name", "changes", "n"), [("plastic", {}, 6), ("wired", LAYER_2, 15), ("sparse", SPARSE, 15)])
def test_weights_stay_within_their_bounds(name, changes, n, request):
    found = request.getfixturevalue(name)
    params = RingParams(**{key: value for key, value in changes.items() if key != "theta_deg"})
    links = wiring.projections(params, wiring.seed_streams(0))
    assert [f"w_{link.name}" for link in links] == [key for key in found if key.startswith("w_")] and len(links) == n
    for link in links:
        w = found[f"w_{link.name}"]
        assert np.nanmin(w) >= 0 and np.nanmax(w) <= 2 * link.weight_us
        assert np.nanmax(np.abs(w - link.weight_us)) > 1e-4  # every projection learns
    if name != "wired":
        assert np.nanmax(found["w_inh_exc"]) == params.w_max_ratio * params.w_inh_exc_us  # reached, and it holds


def test_the_bounds_act_in_the_network_at_each_window(rng):
    """Final weights are clipped when they are read; that the synapses are too shows in what follows a window."""
    trains = [np.sort(rng.uniform(0, 400, n)) for n in rng.poisson(16, 60)]

    def final(n_windows, **change):
        params = RingParams(window_ms=400.0 / n_windows, **change)
        result = ring.simulate(params, np.zeros(n_windows), trains=trains, seed=0)
        return np.nan_to_num(result.weights["inh_exc"])

    np.testing.assert_allclose(final(8, w_max_ratio=3.0), final(1, w_max_ratio=3.0), rtol=1e-12)  # no bound is reached
    assert np.abs(final(8, w_max_ratio=1.02) - final(1, w_max_ratio=1.02)).max() > 1e-4


@slow
def test_static_ring_does_not_learn(static):
    mean = spikes(static).mean(axis=0)
    assert 0.85 <= mean[5] / mean[0] <= 1.15
    initial = dict(input_exc=0.4, input_inh=0.4, exc_exc=0.1, inh_inh=0.1, exc_inh=0.1, inh_exc=0.1)
    for name, weight in initial.items():
        w = static[f"w_{name}"]
        assert (w[np.isfinite(w)] == weight).all()


def test_learn_point_passes_the_windows_on_in_radians(monkeypatch):
    def simulate(params, theta_rad, *, b_theta_rad, seed):
        return SimpleNamespace(counts={"exc": (params, theta_rad, b_theta_rad, seed)}, weights={"a": 1.0})

    monkeypatch.setattr(learning.ring, "simulate", simulate)
    found = learning.learn_point(theta_deg=[0, 90], b_theta_deg=[18, np.inf], seed=3, noise=0.1)
    params, theta_rad, b_theta_rad, seed = found["exc"]
    assert params == RingParams(noise=0.1) and seed == 3 and found["w_a"] == 1
    np.testing.assert_allclose(theta_rad, [0, np.pi / 2])
    np.testing.assert_allclose(b_theta_rad, [np.pi / 10, np.inf])
    assert list(learning.learn_point(seed=3, weights=False)) == ["exc"]
    np.testing.assert_allclose(np.degrees(learning.learn_point(seed=3)["exc"][1]), [40, 160, 100, 40, 160, 100])


# --- the cut


@slow
def test_activity_does_not_outlast_the_input():
    """Nothing to see without input; with the background, no more than the background alone calls forth."""
    removed = over_seeds(4, learning.cut_point, floor=False)
    kind = removed["kind"][0]
    assert spikes(removed)[:, kind == "cut"].mean() < 1 and spikes(removed)[:, kind == "on"].mean() > 20
    kept = over_seeds(4, learning.cut_point, floor=True)
    cut, control = (spikes(kept)[:, kind == word].mean(axis=1) for word in ("cut", "control"))
    assert cut.mean() <= control.mean() and runs.summary(cut - control).low < 0


@pytest.fixture
def input_only(monkeypatch):
    """cut_point without its simulation: the counts are those of the spike trains it drew."""

    def simulate(params, theta_rad, *, trains, seed):
        edges = params.window_ms * np.arange(len(theta_rad) + 1)
        return SimpleNamespace(counts={"input": np.array([np.histogram(t, edges)[0] for t in trains]).T})

    monkeypatch.setattr(learning.ring, "simulate", simulate)


def test_halves_of_the_cut(input_only):
    found = learning.cut_point(seed=0, n_learn=1, n_cut=2)
    assert found["kind"].tolist() == ["on", "on", "on", "cut", "on", "cut", "control", "control"]
    np.testing.assert_allclose(np.degrees(found["theta_rad"]), [40, 40, 160, 160, 100, 100, 40, 40])
    kinds = learning.cut_point(seed=0, n_learn=3, n_cut=0)["kind"].tolist()
    assert kinds == ["on"] * 6 + ["control"] * 2


@pytest.mark.parametrize("floor_hz", [3.0, 0.0])
def test_rates_of_the_cut(input_only, floor_hz):
    found = [learning.cut_point(seed=seed, floor=floor_hz > 0, n_learn=1, n_cut=2) for seed in range(300)]
    rate_hz = np.full((8, 60), floor_hz)
    for half, theta_deg in enumerate([40, 40, 160, None, 100]):
        if theta_deg is not None:
            rate_hz[half] = 12 * tuning.von_mises(PREFERRED, np.radians(theta_deg), np.pi / 12) + 3
    mean = np.mean([result["input"] for result in found], axis=0)
    z = (mean - rate_hz / 2)[rate_hz > 0] / np.sqrt(rate_hz[rate_hz > 0] / 2 / 300)
    assert abs(z.mean()) < 4 / np.sqrt(z.size) and 0.9 < z.std() < 1.1
    assert not mean[rate_hz == 0].any()


def test_halves_are_averaged_by_what_they_show():
    kind = np.tile(["on", "on", "on", "cut", "on", "cut", "control", "control"], (2, 1))
    exc = np.arange(16).reshape(2, 8, 1) * np.ones(3)
    got = learning.halves({"kind": kind, "exc": exc}, {"kind": kind, "exc": 10 * exc})
    expected = {
        "tuned input": [3 * 3, 3 * 11],
        "cut, floor 3 Hz": [3 * 4, 3 * 12],
        "floor alone": [3 * 6.5, 3 * 14.5],
        "cut, no input": [30 * 4, 30 * 12],
    }
    assert {label: values.tolist() for label, values in got.items()} == expected
    assert list(learning.halves({"kind": kind, "exc": exc})) == list(expected)[:3]


def test_second_minus_first_pairs_the_showings():
    values = np.array([[1, 2, 3, 2, 4, 6], [1, 2, 3, 3, 4, np.nan]], dtype=float)
    table = learning.second_minus_first({"B": {"STDP": values, "static": values[:, [0, 1, 2, 0, 1, 2]]}})
    change = runs.summary([2.0, 2.0])  # (1 + 2 + 3) / 3 and, without the window that has no fit, (2 + 2) / 2
    assert table.rows[0] == ("B", "STDP", "2", f"{(4 + 3.5) / 2:.3g}", str(change))
    assert table.rows[1] == ("B", "static", "2", "2", str(runs.summary([0.0, 0.0])))


# --- rules and profiles


@pytest.mark.parametrize("rule", wiring.RULES)
def test_stdp_window_equals_the_formula(rule):
    r = wiring.RULES[rule]
    for lag in (-80.0, -3.0, 0.5, 40.0):
        for w in (0.0, 0.3, 1.0):
            size = r.a_plus * (1 - w) * np.exp(-lag / r.tau_plus_ms) if lag > 0 else None
            size = -r.a_minus * w * np.exp(lag / r.tau_minus_ms) if size is None else size
            assert learning.stdp_window(rule, lag, weight=w) == pytest.approx(size, abs=1e-15)
    assert learning.stdp_window(rule, [0.0, 5.0]).tolist() == [0, float(learning.stdp_window(rule, 5.0))]


@pytest.mark.parametrize("rule", wiring.RULES)
def test_stdp_window_is_what_nest_does_with_one_pair(rule):
    """Input at 20 and 120 ms: the first fires the cell, so its spike comes after the first and before the second."""
    w_max, cells = 1.2, np.arange(2)
    link = wiring.Projection(
        "x", "input", "exc", "excitatory", wiring.RULES[rule], 0.6, w_max, (2, 2), cells, cells, np.full(2, 2.0)
    )
    steps = backends.on_grid([[20.0, 120.0]] * 2, dt_ms=0.1, n_steps=1500)
    options = dict(params=RingParams(v_reset_mv=-65.5, window_ms=150.0), n_windows=1, backend="nest", seed=1)
    run = backends.run_network({"input": 2, "exc": 2}, [link], steps, **options)
    seen_ms, w = run.spikes["exc"][0][0] * 0.1 + 2.0, 0.6  # the whole delay is dendritic
    for t_pre in (20, 120):
        w += w_max * learning.stdp_window(rule, seen_ms - t_pre, weight=w / w_max)
    np.testing.assert_allclose(np.diag(run.weights["x"]), w, rtol=1e-9)


def test_froemke_dan():
    got = learning.froemke_dan([1e-9, -1e-9, 13.3, -34.5])
    np.testing.assert_allclose(got, [1.03, -0.51, 1.03 / np.e, -0.51 / np.e], rtol=1e-8)


weight = st.floats(0, 1) | st.just(np.nan)


@given(st.integers(2, 9).flatmap(lambda n: arrays(float, (n, n), elements=weight)))
def test_profile_equals_a_slow_loop(matrix):
    n = len(matrix)
    found = {k: [] for k in range(-(n // 2), n - n // 2)}
    for i in range(n):
        for j in range(n):
            steps = j - i  # post minus pre
            while steps >= n / 2:
                steps -= n
            while steps < -n / 2:
                steps += n
            if not np.isnan(matrix[i, j]):
                found[steps].append(matrix[i, j])
    difference, mean = learning.profile(matrix)
    np.testing.assert_allclose(difference, np.array(list(found)) * np.pi / n)
    np.testing.assert_allclose(mean, [np.mean(w) if w else np.nan for w in found.values()], atol=1e-12)


@slow
def test_lateral_weights_grow_most_between_similar_cells(plastic, static):
    """A synapse between cells of one orientation gains more than one between orthogonal cells, in every seed."""
    for found, expected in ((plastic, True), (static, False)):
        for matrix in found["w_exc_exc"]:
            difference, mean = learning.profile(matrix)
            near, far = mean[np.abs(difference) < 0.3], mean[np.abs(difference) > 1.2]
            assert (np.nanmean(near) > 1.01 * np.nanmean(far)) == expected


# --- scans

GRID = dict(tau_ms=[10.0, 30.0], a=[0.02], tau_ratio=[1.0], a_ratio=[0.5, 2.0])


@slow
def test_scan_equals_a_plain_loop_and_resumes(store, monkeypatch):
    rows = learning.scan([3, 4], **GRID, n_jobs=2)
    expected = []
    for tau_ms in GRID["tau_ms"]:
        for a_ratio in GRID["a_ratio"]:
            rule = dict(stdp_tau_ms=tau_ms, stdp_a=0.02, stdp_tau_ratio=1.0, stdp_a_ratio=a_ratio)
            shown = dict(theta_deg=(40, 160, 100, 40), window_ms=500.0, weights=False)
            counts = [learning.learn_point(**shown, **rule, seed=seed)["exc"] for seed in (3, 4)]
            n = np.sum(counts, axis=2)
            b_deg = experiments.bandwidths_deg(counts)
            expected.append([tau_ms, a_ratio, *scores(n[:, 3] / n[:, 0]), *scores(b_deg[:, 0] - b_deg[:, 3])])
    names = ("tau_ms", "a_ratio", "growth", "growth_sd", "narrowing_deg", "narrowing_sd")
    np.testing.assert_allclose([[row[name] for name in names] for row in rows], expected, rtol=1e-12)
    assert {(row["a"], row["tau_ratio"], row["n"]) for row in rows} == {(0.02, 1.0, 2)}

    def gone(*given):
        raise AssertionError("a stored point was computed again")

    monkeypatch.setattr("helpers.runs._run_point", gone)
    assert learning.scan([3, 4], **GRID, n_jobs=1) == rows


def scores(values):
    """Mean and standard deviation of the finite ones."""
    values = values[np.isfinite(values)]
    return [values.mean(), values.std(ddof=1)] if values.size > 1 else [values.sum() or np.nan, np.nan]


SCORES = {0: ([10, 0, 0, 20], 9.0), 1: ([10, 0, 0, 30], np.nan), 2: ([20, 0, 0, 20], 5.0)}


def made_up_point(*, tau_ms, a, tau_ratio, a_ratio, seed):
    n, b_last = SCORES[seed]
    if tau_ms < 0:
        raise RuntimeError("no such rule")
    return {"spikes": np.array(n), "b_deg": np.array([10.0, 99.0, 99.0, b_last])}


def test_scan_scores_and_their_spread(store, monkeypatch):
    monkeypatch.setattr(learning, "scan_point", made_up_point)
    (row,) = learning.scan([0, 1, 2], tau_ms=[1.0], a=[0.1], tau_ratio=[1.0], a_ratio=[1.0], n_jobs=1)
    assert (row["growth"], row["growth_sd"]) == (2.0, 1.0)
    assert row["narrowing_deg"] == 3.0 and row["narrowing_sd"] == pytest.approx(np.std([1, 5], ddof=1))


def test_a_failed_rule_leaves_the_others(store, monkeypatch):
    monkeypatch.setattr(learning, "scan_point", made_up_point)
    rest = dict(a=[0.1], tau_ratio=[1.0], a_ratio=[1.0], n_jobs=1)
    with pytest.warns(runs.SweepWarning, match="2 of 4 points failed"):
        assert [row["tau_ms"] for row in learning.scan([0, 2], tau_ms=[-1.0, 1.0], **rest)] == [1.0]
    with (
        pytest.warns(runs.SweepWarning),
        pytest.raises(ParameterError, match=r"every point of the scan failed; see \*.error.json"),
    ):
        learning.scan([0], tau_ms=[-1.0], **rest)


def test_scan_point_is_one_rule_on_four_short_windows(monkeypatch):
    seen = {}

    def learn_point(**options):
        seen.update(options)
        return {"exc": np.arange(240).reshape(4, 60)}

    monkeypatch.setattr(learning, "learn_point", learn_point)
    found = learning.scan_point(tau_ms=5.0, a=0.1, tau_ratio=2.0, a_ratio=3.0, seed=7)
    rule = dict(stdp_tau_ms=5.0, stdp_a=0.1, stdp_tau_ratio=2.0, stdp_a_ratio=3.0)
    assert seen == dict(rule, theta_deg=(40, 160, 100, 40), window_ms=500.0, seed=7, weights=False)
    assert found["spikes"].tolist() == [1770, 5370, 8970, 12570] and found["b_deg"].shape == (4,)


def test_scan_table_is_computed_once_and_then_checked(store, monkeypatch, capsys):
    """The table lies where the notebooks write figures; a quick run reads it and repeats some of its points."""
    called = []

    def scan(seeds, *, tau_ms, a, tau_ratio, a_ratio):
        called.append(tau_ms)
        points = [dict(tau_ms=t, a=a[0], tau_ratio=1.0, a_ratio=r) for t in tau_ms for r in a_ratio]
        return [dict(p, growth=len(called) / 10 + 1, growth_sd=0.1, narrowing_deg=np.nan, n=2) for p in points]

    monkeypatch.setattr(learning, "scan", scan)
    monkeypatch.setenv("NOTEBOOK_PROFILE", "quick")
    computed = learning.scan_table("test", [0, 1], GRID)
    assert called == [[10.0, 30.0]] and (store / "figs" / "v1" / "stdp_scan_test.csv").is_file()
    read = learning.scan_table("test", [0, 1], GRID, n_checked=3)
    assert called[1:] == [[10.0], [30.0], [30.0]]
    for one, other in zip(computed, read, strict=True):
        assert one.keys() == other.keys() and np.array_equal(list(one.values()), list(other.values()), equal_nan=True)
    told = capsys.readouterr().out
    assert told == "scan test: 4 points from stdp_scan_test.csv; 3 computed anew, growth within 27%\n"
    monkeypatch.setenv("NOTEBOOK_PROFILE", "full")
    assert learning.scan_table("test", [0, 1], GRID)[0]["growth"] == 1.5


# --- movies through the LGN bank


@pytest.fixture(scope="module")
def rates():
    params = RingParams(gain_hz=30.0, noise=0.1)
    return params, experiments.movie_rates([40, 130], [15, 15], seed=5, params=params)


def test_movie_rates_peak_at_the_stimulus_and_reach_the_gain(rates):
    params, rate_hz = rates
    assert rate_hz.shape == (2000, 60) and rate_hz.min() >= 0.1 * 30 - 1e-12
    for window, theta_deg in zip(rate_hz.reshape(2, 1000, 60).mean(axis=1), (40, 130), strict=True):
        assert window.max() == pytest.approx(params.gain_hz, rel=1e-12)
        decoded = tuning.decode_orientation(PREFERRED, window)
        assert abs(np.degrees(tuning.orientation_error(decoded, np.radians(theta_deg)))) < 20


def test_movie_rates_are_the_drive_of_one_cloud_per_window(rates):
    _, rate_hz = rates
    seed = runs.seeds(5, 2)[1]
    movie = experiments.stimulus(theta_deg=130, b_theta_deg=15, seed=seed)
    drive = lgn.respond(movie, fps=24, params=lgn.LgnParams(n_theta=60), seed=seed).drive.mean(axis=1)
    expected = 30 * (0.9 * drive / drive.mean(axis=1).max() + 0.1)
    np.testing.assert_allclose(rate_hz[1000:], expected.T, rtol=1e-12)


def test_lgn_learn_point_drives_the_ring_by_the_movie():
    learned, control = (learning.lgn_learn_point(theta_deg=[40], seed=1, plastic=p) for p in (True, False))
    assert learned["exc"].shape == (1, 60) and learned["w_exc_exc"].shape == learned["w_input_exc"].shape == (60, 60)
    assert np.array_equal(learned["input"], control["input"])
    expected = experiments.movie_rates([40], [15.0], seed=1, params=RingParams()).mean(axis=0)
    assert (learned["input"].sum() - expected.sum()) ** 2 < 16 * expected.sum()
    assert np.corrcoef(learned["input"][0], expected)[0, 1] > 0.5
    for name, initial in (("w_exc_exc", 0.1), ("w_input_exc", 0.4)):
        assert np.nanmin(control[name]) == np.nanmax(control[name]) == initial
        assert initial < np.nanmax(learned[name]) <= 2 * initial and np.nanmin(learned[name]) >= 0


def test_lgn_ring_point_gives_the_drive_and_the_spikes_on_request():
    found = experiments.lgn_ring_point(theta_deg=[130], b_theta_deg=[15.0], seed=5, keep_spikes=True)
    seed = runs.seeds(5, 1)[0]
    movie = experiments.stimulus(theta_deg=130, seed=seed)
    response = lgn.respond(movie, fps=24, params=lgn.LgnParams(n_theta=60), seed=seed)
    np.testing.assert_allclose(found["drive"], response.tuning()[None], rtol=1e-12)
    inside = (found["exc_ms"] > 0) & (found["exc_ms"] < 1000)
    np.testing.assert_array_equal(np.bincount(found["exc_ids"][inside], minlength=60), found["exc"][0])


def test_lgn_point_is_the_tuning_of_the_bank_for_one_cloud():
    found = experiments.lgn_point(theta_deg=60, b_theta_deg=15, v_x=0.5, seed=3, legacy=True)
    movie = experiments.stimulus(theta_deg=60, b_theta_deg=15, v_x=0.5, seed=3)
    expected = lgn.respond(movie, fps=24, params=lgn.LgnParams(legacy=True), seed=3).tuning()
    np.testing.assert_array_equal(found["tuning"], expected)


# --- points, seeds, fits and tables


def test_cloud_point_measures_the_cloud():
    found = experiments.cloud_point(b_theta_deg=20.0, seed=1)
    assert found["theta_rad"] == pytest.approx(1.0, abs=0.02)
    assert found["cv"] == pytest.approx(tuning.theoretical_cv(np.radians(20) / np.sqrt(2)), rel=0.05)


def test_stimulus_has_the_shape_of_the_bank_and_may_be_changed():
    assert experiments.stimulus(theta_deg=0, seed=0).shape == (64, 64, 128)
    assert experiments.stimulus(theta_deg=0, seed=0, shape=(32, 48, 96)).shape == (32, 48, 96)


def test_ring_point_is_static(monkeypatch):
    found = experiments.ring_point(theta_deg=[0, 90], b_theta_deg=[9, 18], seed=0, window_ms=50.0)
    assert found["exc"].shape == (2, 60)
    np.testing.assert_allclose(found["theta_rad"], [0, np.pi / 2])
    np.testing.assert_allclose(found["b_theta_rad"], [np.pi / 20, np.pi / 10])
    seen = []
    monkeypatch.setattr(learning.ring, "simulate", lambda params, *_, **__: seen.append(params) or 1 / 0)
    with pytest.raises(ZeroDivisionError):
        experiments.ring_point(theta_deg=[0], b_theta_deg=15, seed=0, lateral=False)
    assert seen == [RingParams(plastic=False, lateral=False)]


def test_orientation_vector_is_zero_for_a_flat_curve_and_one_for_a_single_orientation():
    assert experiments.orientation_vector(PREFERRED, np.ones(60)) == pytest.approx(0, abs=1e-12)
    assert experiments.orientation_vector(PREFERRED, np.eye(60)[7]) == pytest.approx(1)


def uneven_point(*, seed, scale):
    if seed == 13:
        raise RuntimeError("unlucky")
    return {"a": np.full(3, scale * seed), "spike_ms": np.arange(seed), "word": f"seed {seed}"}


def test_over_seeds_stacks_what_has_one_shape(store):
    found = experiments.over_seeds(uneven_point, np.arange(1, 4), n_jobs=1, scale=10)
    assert found["a"].tolist() == [[10] * 3, [20] * 3, [30] * 3]
    assert [len(times) for times in found["spike_ms"]] == [1, 2, 3] and isinstance(found["spike_ms"], list)
    assert found["word"].tolist() == ["seed 1", "seed 2", "seed 3"]


def test_over_seeds_says_how_many_failed_and_where(store):
    with (
        pytest.warns(runs.SweepWarning),
        pytest.raises(ParameterError, match=r"^1 of 3 runs failed; see \*.error.json in v1$"),
    ):
        experiments.over_seeds(uneven_point, [1, 13, 2], n_jobs=1, scale=10)
    (report,) = store.rglob("*.error.json")
    assert '"seed": 13' in report.read_text() and "unlucky" in report.read_text()


def test_over_conditions_keeps_the_conditions_apart(store):
    scales = {"small": dict(scale=1), "large": dict(scale=10)}
    found = experiments.over_conditions(uneven_point, iter([2, 5]), scales, n_jobs=1)
    assert {label: one["a"][:, 0].tolist() for label, one in found.items()} == {"small": [2, 5], "large": [20, 50]}
    assert [len(times) for times in found["large"]["spike_ms"]] == [2, 5]


@pytest.fixture
def counts(rng):
    """Made-up counts (5 seeds, 2 windows, 60 cells) of B = 12 and 20 deg at 60 deg."""
    mean = [20 * tuning.von_mises(PREFERRED, np.pi / 3, np.radians(b)) + 2 for b in (12, 20)]
    return rng.poisson(mean, (5, 2, 60))


def test_fit_rows_fits_every_row(counts):
    fits = experiments.fit_rows(counts)
    assert fits.shape == (5, 2) and experiments.fit_rows(counts[0, 0]).shape == ()
    assert fits[3, 1] == tuning.fit_tuning(PREFERRED, counts[3, 1])
    free = experiments.fit_rows(counts[:1], baseline=False)[0, 1]
    assert free == tuning.fit_tuning(PREFERRED, counts[0, 1], baseline=False) and free.bandwidth_rad != fits[0, 1]
    b_deg = experiments.bandwidths_deg(counts)
    np.testing.assert_allclose(b_deg.mean(axis=0), [12, 20], rtol=0.15)
    assert b_deg[3, 1] == pytest.approx(np.degrees(fits[3, 1].bandwidth_rad))


def test_refused_fits_are_nan(counts):
    counts[1, 0] = 0
    assert np.isnan(experiments.bandwidths_deg(counts)).tolist() == [[False] * 2, [True, False]] + [[False] * 2] * 3


@pytest.mark.parametrize("level", [0.95, 0.5])
def test_pooled_bandwidth_and_its_jackknife_written_out(counts, level):
    got = experiments.pooled_bandwidths_deg(counts, level=level)
    for window in range(2):
        rows = counts[:, window]
        estimate = np.degrees(tuning.fit_tuning(PREFERRED, rows.sum(axis=0)).bandwidth_rad)
        without = [np.delete(rows, seed, axis=0).sum(axis=0) for seed in range(5)]
        parts = [np.degrees(tuning.fit_tuning(PREFERRED, row).bandwidth_rad) for row in without]
        error = np.sqrt(4 / 5 * sum((part - np.mean(parts)) ** 2 for part in parts))
        half = stats.t.ppf((1 + level) / 2, 4) * error
        expected = [estimate, error * np.sqrt(5), estimate - half, estimate + half, 5]
        got_here = [value[window] for value in (got.mean, got.sd, got.low, got.high, got.n)]
        np.testing.assert_allclose(got_here, expected, rtol=1e-9)


def test_orientation_table():
    theta = np.pi * np.arange(12) / 12
    curves = {
        "at 60": np.stack([tuning.von_mises(theta, np.pi / 3, 0.4) * k for k in (1, 2, 3)]),
        "along x": np.array([1 + a * np.cos(2 * theta) for a in (0.1, 0.3)]),
    }
    table = experiments.orientation_table(theta, curves)
    assert table.columns == ("stimulus", "preferred (deg)", "orientation vector", "its part along x")
    length = 1 - tuning.theoretical_cv(0.4)
    part = runs.summary([length * np.cos(2 * np.pi / 3)] * 3)
    assert table.rows[0] == ("at 60", "60.0", f"{length:.3f}", str(part))
    assert table.rows[1][2:] == ("0.100", str(runs.summary([0.05, 0.15])))
    assert float(table.rows[1][1]) % 180 == 0


def test_ring_table_shows_no_bandwidth_of_an_untuned_ring(counts, rng):
    flat = rng.poisson(2, (5, 60))
    table = experiments.ring_table({"tuned": counts[:, 0], "flat": flat})
    assert table.columns == ("ring", "E spikes per s", "B (deg)", "circular variance")
    for row, spikes in zip(table.rows, (counts[:, 0], flat), strict=True):
        assert row[1] == str(runs.summary(spikes.sum(axis=1)))
        vector = np.abs((spikes * np.exp(2j * PREFERRED)).sum(axis=1)) / spikes.sum(axis=1)
        assert row[3] == str(runs.summary(1 - vector))
    assert table.rows[0][2] == str(runs.summary(experiments.bandwidths_deg(counts[:, 0])))
    assert table.rows[1][2] == "not tuned"


# --- plots

THETA_12 = np.pi * np.arange(12) / 12
NOISE = np.random.default_rng(1)
BUMP = NOISE.poisson(10 * tuning.von_mises(PREFERRED, 1.0, 0.3) + 1)
SIX = NOISE.random((4, 6))
CLOUD = NOISE.random((16, 16, 4))
RESULT = SimpleNamespace(
    params=RingParams(window_ms=100.0),
    theta_rad=np.array([0.5, 2.0]),
    counts={name: np.ones((2, 60)) for name in ("input", "inh", "exc")},
    spikes={name: (np.array([5.0, 150.0]), np.array([3, 40])) for name in ("input", "inh", "exc")},
)
SCANNED = [
    dict(tau_ms=t, a=a, growth=t * a, growth_sd=0.1, narrowing_deg=t - a, narrowing_sd=1.0)
    for t in (10.0, 20.0)
    for a in (0.01, 0.02, 0.04)
]
VARIANCE = tuning.fit_naka_rushton(np.radians([5, 10, 15, 20, 30, 40]), np.linspace(0.1, 0.8, 6))
SCAN_AXES = ("tau_ms", "a", "growth")
SCAN_LABELS = ("time constant (ms)", "amplitude", "growth (ratio)")

# axes: number of axes the function takes (0: one, not in a list); labels: parts of the x and y labels it must write
Plot = namedtuple("Plot", "axes args options labels")
DEG, CV = "orientation (deg)", "circular variance"
PLOTS = {
    "cloud_row": Plot(2, ([CLOUD, CLOUD], ["a", "b"]), {}, []),
    "spectrum": Plot(0, (CLOUD,), {}, [("cycles/px", "cycles/px")]),
    "recovery": Plot(0, ([5, 15], NOISE.random((2, 3))), {}, [("(deg)", CV)]),
    "bandwidth_curves": Plot(0, (), {}, [(DEG, "amplitude")]),
    "spatial_field": Plot(0, (lgn.LgnParams(),), {}, [("(px)", "(px)")]),
    "temporal_filters": Plot(0, (), {}, [("(ms)", "peak = 1")]),
    "gabors": Plot(12, (lgn.LgnParams(),), {}, []),
    "lattice_traces": Plot(0, (NOISE.normal(size=(49, 100)),), {}, [("(ms)", "LGN position")]),
    "lgn_tuning": Plot(0, (THETA_12, {"a": NOISE.random((3, 12))}), dict(marks_deg=[60]), [(DEG, "contrast units")]),
    "legacy_counts": Plot(0, (np.array([19, 22, 24]), np.array([0.3, 0.6, 0.8])), {}, [("ON positions", "(nA)")]),
    "ring_schematic": Plot(0, (), {}, []),
    "ring_raster": Plot(3, (RESULT,), {}, [("", "input\norientation (deg)"), ("", DEG), ("(ms)", DEG)]),
    "window_fit": Plot(0, (BUMP, tuning.fit_tuning(PREFERRED, BUMP)), {}, [(DEG, "spikes per window")]),
    "transfer": Plot(0, ([5, 15], runs.summary(NOISE.random((4, 2)))), {}, [("(deg)", "(deg)")]),
    "contrast_invariance": Plot(2, ([20, 30], *NOISE.random((2, 4, 2))), {}, [("(Hz)", "(deg)"), ("(Hz)", "spikes")]),
    "variance_tuning": Plot(
        0, ([5, 10, 15, 20, 30, 40], {"a": SIX}), dict(fits={"a": VARIANCE}), [(r"$B_\theta$ (deg)", CV)]
    ),
    "windows_of_rules": Plot(2, (), {}, [("(ms)", "(% of $w_{max}$)"), ("(ms)", "(%)")]),
    "learning_curves": Plot(0, ({"a": SIX, "b": SIX},), dict(ylabel="B (deg)"), [("window (1 s each)", "B (deg)")]),
    "weight_matrix": Plot(0, (SIX[:, :4],), dict(title="w", w_max=1), [("from (deg)", "to (deg)")]),
    "weight_profiles": Plot(
        0, ({"a": NOISE.random((3, 6, 6))},), dict(initial={"a": 0.1}), [("(deg)", "mean weight / initial")]
    ),
    "bars": Plot(0, ({"tuned input": SIX[:, 0], "cut": SIX[:, 1]},), dict(ylabel="spikes"), [("", "spikes")]),
    "heat_map": Plot(0, (SCANNED, *SCAN_AXES), dict(labels=SCAN_LABELS, centre=1.0), [("(ms)", "amplitude")]),
    "surface": Plot(0, (SCANNED, *SCAN_AXES), dict(labels=SCAN_LABELS), [("(ms)", "amplitude")]),
}


def plot_function(name):
    return getattr(figures if name in figures.__all__ else figures_learning, name)


def axes_for(name, n):
    options = dict(subplot_kw=dict(projection="3d")) if name == "surface" else {}
    fig, axes = figure(1, max(n, 1), squeeze=False, **options)
    return fig, axes[0]


@pytest.fixture
def canvas(tmp_path, monkeypatch):
    """Draw without a screen, in an empty folder; close what was drawn."""
    import matplotlib.pyplot as plt

    monkeypatch.chdir(tmp_path)
    with matplotlib.rc_context({"backend": "agg"}):
        yield plt
        plt.close("all")


def test_every_plot_function_is_in_the_table():
    assert sorted(PLOTS) == sorted([*figures.__all__, *figures_learning.__all__])


@pytest.mark.parametrize("name", PLOTS)
def test_plot_draws_labels_and_writes_nothing(name, canvas, tmp_path):
    plot = PLOTS[name]
    fig, axes = axes_for(name, plot.axes)
    artists = plot_function(name)(axes if plot.axes else axes[0], *plot.args, **plot.options)
    fig.canvas.draw()
    parts = list(artists) if isinstance(artists, (list, np.ndarray)) else [artists]
    assert parts and all(isinstance(part, (Artist, Container)) for part in parts)
    assert all(ax.has_data() for ax in axes)
    labels = [(ax.get_xlabel(), ax.get_ylabel()) for ax in axes]
    for (x, y), (x_part, y_part) in zip(labels, plot.labels or [("", "")] * len(axes), strict=True):
        assert x_part in x and y_part in y
    assert list(tmp_path.iterdir()) == [] and canvas.get_fignums() == [fig.number]


def test_window_fit_says_why_there_is_no_fit(canvas):
    _, (ax,) = axes_for("window_fit", 1)
    figures.window_fit(ax, np.zeros(60), tuning.fit_tuning(PREFERRED, np.zeros(60)))
    assert ax.get_title() == "no fit: the response is silent (all zero)"


def test_learning_curves_draw_means_at_the_windows_with_their_intervals(canvas, rng):
    _, (ax,) = axes_for("learning_curves", 1)
    values = rng.random((9, 6))
    (drawn,) = figures_learning.learning_curves(ax, {"a": values}, ylabel="B (deg)", start=4)
    x, y = drawn.lines[0].get_data()
    np.testing.assert_allclose(x, range(4, 10))
    np.testing.assert_allclose(y, values.mean(axis=0))
    segments = np.array(drawn.lines[2][0].get_segments())
    half = stats.t.ppf(0.975, 8) * values.std(axis=0, ddof=1) / 3
    np.testing.assert_allclose(np.diff(segments[:, :, 1])[:, 0], 2 * half)


def test_learning_curves_show_few_seeds_one_by_one(canvas, rng):
    _, (ax,) = axes_for("learning_curves", 1)
    values = rng.random((4, 6))
    (drawn,) = figures_learning.learning_curves(ax, {"a": values}, ylabel="B (deg)")
    assert not drawn.has_yerr
    np.testing.assert_allclose([line.get_ydata() for line in ax.lines if line.get_marker() == "."], values)


def test_heat_map_puts_each_score_at_its_place(canvas):
    _, (ax,) = axes_for("heat_map", 1)
    image = figures_learning.heat_map(ax, SCANNED[::-1], "tau_ms", "a", "narrowing_deg", labels=SCAN_LABELS)
    expected = [[t - a for t in (10, 20)] for a in (0.01, 0.02, 0.04)]
    np.testing.assert_allclose(image.get_array(), expected)
    assert [text.get_text() for text in ax.texts][1] == "20.0\n±1.0"
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["0.01", "0.02", "0.04"]


def test_surface_names_its_height(canvas):
    _, (ax,) = axes_for("surface", 1)
    figures_learning.surface(ax, SCANNED, *SCAN_AXES, labels=SCAN_LABELS)
    assert ax.get_zlabel() == "growth (ratio)"


def test_weights_are_drawn_with_the_origin_on_the_horizontal_axis(canvas):
    _, (ax,) = axes_for("weight_matrix", 1)
    image = figures_learning.weight_matrix(ax, np.array([[0.0, 1.0], [2.0, 3.0]]), title="", w_max=3)
    assert image.get_array()[1, 0] == 1 and image.origin == "lower"


# --- bad input

Bad = namedtuple("Bad", "call error fragment")
GOOD = dict(tau_ms=[5.0], a=[0.1], tau_ratio=[1.0], a_ratio=[1.0])
POINT = dict(tau_ms=5.0, a=0.1, tau_ratio=1.0, a_ratio=1.0)
FIELD = "width is not a field of RingParams"
SEED = "seed = -1 is out of range"
ROWS = np.ones((3, 2, 60))


def wrong(function, fragment, *args, **options):
    return Bad(lambda: function(*args, **options), ParameterError, fragment)


learn, cut, movie_learn = learning.learn_point, learning.cut_point, learning.lgn_learn_point
scan, window, table = learning.scan, learning.stdp_window, learning.scan_table
ex, pooled = experiments, experiments.pooled_bandwidths_deg
BAD = {
    "learn word": wrong(learn, "theta_deg is not an array of numbers", theta_deg="north", seed=0),
    "learn empty": wrong(learn, "theta_deg is empty", theta_deg=[], seed=0),
    "learn nan": wrong(learn, "theta_deg holds NaN", theta_deg=[np.nan], seed=0),
    "learn lengths": wrong(learn, "b_theta_rad has 3 values", theta_deg=[0, 1], b_theta_deg=[1, 2, 3], seed=0),
    "learn b word": wrong(learn, "b_theta_deg is not an array of numbers", b_theta_deg="wide", seed=0),
    "learn b nan": wrong(learn, "b_theta_rad holds nan", b_theta_deg=np.nan, seed=0),
    "learn seed": wrong(learn, SEED, seed=-1),
    "learn field": wrong(learn, FIELD, seed=0, width=3),
    "cut seed": wrong(cut, SEED, seed=-1),
    "cut n_learn": wrong(cut, "n_learn = -1 is out of range", seed=0, n_learn=-1),
    "cut n_cut": wrong(cut, "n_cut = 1.5 is not an integer", seed=0, n_cut=1.5),
    "cut floor": wrong(cut, "floor = 'no' is not a switch; allowed: True or False", seed=0, floor="no"),
    "cut plastic": wrong(cut, "plastic = 2 is not a switch", seed=0, plastic=2),
    "cut field": wrong(cut, FIELD, seed=0, width=3),
    "movie empty": wrong(movie_learn, "theta_deg is empty", theta_deg=[], seed=0),
    "movie number": wrong(movie_learn, "theta_deg has 0 dimension(s)", theta_deg=40, seed=0),
    "movie nan": wrong(movie_learn, "theta_deg holds NaN", theta_deg=[np.nan], seed=0),
    "movie word": wrong(movie_learn, "theta_deg is not an array of numbers", theta_deg=["n"], seed=0),
    "movie seed": wrong(movie_learn, SEED, theta_deg=[40], seed=-1),
    "movie b 0": wrong(movie_learn, "b_theta_deg = 0 is out of range", theta_deg=[40], seed=0, b_theta_deg=0),
    "movie b list": wrong(movie_learn, "b_theta_deg = [15] is not a number", theta_deg=[40], seed=0, b_theta_deg=[15]),
    "movie plastic": wrong(movie_learn, "plastic = 3 is not a switch", theta_deg=[40], seed=0, plastic=3),
    "point tau": wrong(learning.scan_point, "stdp_tau_ms = -1 is out of range", **{**POINT, "tau_ms": -1}, seed=0),
    "point nan": wrong(learning.scan_point, "stdp_tau_ms = nan", **{**POINT, "tau_ms": np.nan}, seed=0),
    "point a": wrong(learning.scan_point, "stdp_a = 'x' is not a number", **{**POINT, "a": "x"}, seed=0),
    "point seed": wrong(learning.scan_point, SEED, **POINT, seed=-1),
    "rule name": wrong(window, "rule = 'hebb' is unknown; choose one of: causal, anti_causal", "hebb", 1.0),
    "rule list": wrong(window, "rule = ['causal'] is unknown", ["causal"], 1.0),
    "rule nan": wrong(window, "lag_ms holds NaN", "causal", np.nan),
    "rule word": wrong(window, "lag_ms is not an array of numbers", "causal", "x"),
    "rule empty": wrong(window, "lag_ms is empty", "causal", []),
    "rule weight": wrong(window, "weight = 2 is out of range", "causal", 1.0, weight=2),
    "rule weight nan": wrong(window, "weight = nan is out of range", "causal", 1.0, weight=np.nan),
    "data nan": wrong(learning.froemke_dan, "lag_ms holds NaN", [1.0, np.nan]),
    "data word": wrong(learning.froemke_dan, "lag_ms is not an array of numbers", "x"),
    "profile list": wrong(learning.profile, "matrix has 1 dimension(s)", [1, 2]),
    "profile oblong": wrong(learning.profile, "matrix has shape (2, 3); allowed: as many rows", np.ones((2, 3))),
    "profile empty": wrong(learning.profile, "matrix is empty", np.ones((0, 0))),
    "scan no seeds": wrong(scan, "grid is empty", [], **GOOD),
    "scan seeds": wrong(scan, "grid holds seed = 3; give a list", 3, **GOOD),
    "scan tau": wrong(scan, "grid holds tau_ms = 5; give a list", [0], **{**GOOD, "tau_ms": 5}),
    "scan a": wrong(scan, "grid is empty", [0], **{**GOOD, "a": []}),
    "scan jobs": wrong(scan, "n_jobs = 0 starts no worker", [0], **GOOD, n_jobs=0),
    "scan store": wrong(scan, "store = 3 is not a path", [0], **GOOD, store=3),
    "table checked": wrong(table, "n_checked = 0 is out of range", "x", [0], GOOD, n_checked=0),
    "table seeds": wrong(table, "grid is empty", "x", [], GOOD),
    "change windows": wrong(
        learning.second_minus_first, "measures['B']['STDP'] has shape (3, 5)", {"B": {"STDP": np.ones((3, 5))}}
    ),
    "change words": wrong(learning.second_minus_first, "measures['B']['x'] is not an array", {"B": {"x": "wide"}}),
    "stimulus word": wrong(ex.stimulus, "theta_deg = 'n' is not a number", theta_deg="n", seed=0),
    "stimulus nan": wrong(ex.stimulus, "theta_deg = nan is out of range", theta_deg=np.nan, seed=0),
    "stimulus b": wrong(ex.stimulus, "b_theta_deg = 0 is out of range", theta_deg=0, b_theta_deg=0, seed=0),
    "stimulus seed": wrong(ex.stimulus, SEED, theta_deg=0, seed=-1),
    "cloud b": wrong(ex.cloud_point, "b_theta_deg = -1 is out of range", b_theta_deg=-1, seed=0),
    "cloud seed": wrong(ex.cloud_point, SEED, b_theta_deg=15, seed=-1),
    "lgn v": wrong(ex.lgn_point, "v_x = nan", theta_deg=0, b_theta_deg=15, v_x=np.nan, seed=0),
    "lgn seed": wrong(ex.lgn_point, SEED, theta_deg=0, b_theta_deg=15, v_x=1, seed=-1),
    "lgn rectify": wrong(
        ex.lgn_point, "rectify = 'v2' is unknown", theta_deg=0, b_theta_deg=15, v_x=1, seed=0, rectify="v2"
    ),
    "vector nan": wrong(ex.orientation_vector, "response holds NaN", [0, 1], [np.nan, 1]),
    "vector lengths": wrong(ex.orientation_vector, "response has shape (3,)", [0, 1], [1, 1, 1]),
    "ring word": wrong(ex.ring_point, "theta_deg is not an array of numbers", theta_deg="n", b_theta_deg=15, seed=0),
    "ring lengths": wrong(ex.ring_point, "b_theta_rad has 3 values", theta_deg=[0, 1], b_theta_deg=[15] * 3, seed=0),
    "ring seed": wrong(ex.ring_point, SEED, theta_deg=[0], b_theta_deg=15, seed=-1),
    "ring field": wrong(ex.ring_point, FIELD, theta_deg=[0], b_theta_deg=15, seed=0, width=3),
    "movies lengths": wrong(
        ex.lgn_ring_point, "b_theta_deg has shape (1,); allowed: (2)", theta_deg=[0, 1], b_theta_deg=[15], seed=0
    ),
    "movies empty": wrong(ex.lgn_ring_point, "theta_deg is empty", theta_deg=[], b_theta_deg=[], seed=0),
    "movies number": wrong(ex.lgn_ring_point, "theta_deg has 0 dimension(s)", theta_deg=0, b_theta_deg=15, seed=0),
    "rates lengths": wrong(ex.movie_rates, "b_theta_deg has shape (1,)", [0, 1], [15], seed=0, params=RingParams()),
    "rates nan": wrong(ex.movie_rates, "theta_deg holds NaN", [np.nan], [15], seed=0, params=RingParams()),
    "rates b nan": wrong(ex.movie_rates, "b_theta_deg = nan", [0], [np.nan], seed=0, params=RingParams()),
    "rates seed": wrong(ex.movie_rates, SEED, [0], [15], seed=-1, params=RingParams()),
    "conditions none": wrong(ex.over_conditions, "grid is empty", uneven_point, [0], {}),
    "conditions seed": wrong(ex.over_conditions, SEED, uneven_point, [-1], {"a": {}}),
    "seeds none": wrong(ex.over_seeds, "grid is empty", uneven_point, []),
    "seeds number": wrong(ex.over_seeds, "seeds = 3 is not a list", uneven_point, 3),
    "seeds word": wrong(ex.over_seeds, "seeds = '12' is not a list", uneven_point, "12"),
    "seeds float": wrong(ex.over_seeds, "seed = 1.5 is not an integer", uneven_point, [1.5]),
    "seeds -1": wrong(ex.over_seeds, SEED, uneven_point, [0, -1]),
    "seeds function": wrong(ex.over_seeds, "function = 'cloud' cannot be called", "cloud", [0]),
    "seeds jobs": wrong(ex.over_seeds, "n_jobs = 0 starts no worker", uneven_point, [0], n_jobs=0),
    "rows number": wrong(ex.fit_rows, "counts has 0 dimension(s)", 3),
    "rows word": wrong(ex.fit_rows, "counts is not an array of numbers", "abc"),
    "rows empty": wrong(ex.fit_rows, "counts is empty", []),
    "rows negative": wrong(ex.fit_rows, "response goes down to -1", [[-1.0] * 60]),
    "rows noise": wrong(ex.fit_rows, "noise = 'x' is unknown", [1.0] * 60, noise="x"),
    "widths ragged": wrong(ex.bandwidths_deg, "counts is not an array of numbers", [[1, 2], [3]]),
    "pooled 2-D": wrong(pooled, "counts has 2 dimension(s); allowed: 3", ROWS[0]),
    "pooled nan": wrong(pooled, "counts holds NaN", ROWS * np.nan),
    "pooled level": wrong(pooled, "level = 2 is out of range", ROWS, level=2),
    "table lengths": wrong(ex.orientation_table, "response has shape (11,)", THETA_12, {"a": np.ones((3, 11))}),
    "table flat": wrong(ex.orientation_table, "curves['a'] has 1 dimension(s)", THETA_12, {"a": np.ones(12)}),
    "table nan": wrong(ex.orientation_table, "curves['a'] holds NaN", THETA_12, {"a": np.full((3, 12), np.nan)}),
    "ring flat": wrong(ex.ring_table, "counts['a'] has 1 dimension(s)", {"a": np.ones(60)}),
    "ring negative": wrong(ex.ring_table, "response goes down to -1", {"a": -np.ones((3, 60))}),
    "curves": wrong(figures_learning.learning_curves, "curves is empty", None, {}, ylabel=""),
    "variances": wrong(figures.variance_tuning, "curves is empty", None, [5], {}),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_clear_line(case, store):
    bad = BAD[case]
    with pytest.raises(bad.error) as caught:
        bad.call()
    assert type(caught.value) is bad.error and bad.fragment in str(caught.value) and "\n" not in str(caught.value)


def test_every_public_function_has_a_case_of_bad_input():
    named = {
        cell.cell_contents for bad in BAD.values() for cell in bad.call.__closure__ if callable(cell.cell_contents)
    }
    listed = {getattr(module, name) for module in (learning, experiments) for name in module.__all__ if name.islower()}
    assert {function.__name__ for function in listed - named} == {"halves"}  # it only reads what cut_point returned


@pytest.mark.slow
def test_clipping_at_window_ends_changes_no_spike_count(monkeypatch):
    """The published rules exceed their bounds by less than 5 %, too little to move a spike of six windows."""
    clipped = learning.learn_point(seed=5, weights=False)["exc"]
    monkeypatch.setattr(backends, "_clip", lambda link, projection: None)
    assert np.array_equal(clipped, learning.learn_point(seed=5, weights=False)["exc"])
