"""The studies of the map: what each condition tests, exactly, on small networks; and their way through a sweep."""

import numpy as np
import pytest

from helpers.lateral_line import simulate, studies
from helpers.parameters import ParameterError
from helpers.runs import sweep

SMALL = dict(mode="ll_fast", n_mon=240, n_ts=40, mon_ts_gain_mV=700.0)
POINT = dict(q=0.4, seed=5, n_trials=6, repeats=2, **SMALL)


@pytest.fixture(scope="module")
def net():
    return studies.trained(studies.network(0.4, n_trials=6, seed=5, **SMALL))


class Identity:
    """A generator whose permutation changes nothing."""

    def permutation(self, values):
        return np.array(values)


def row(table, condition):
    k = list(table["condition"]).index(condition)
    return {name: values[k] for name, values in table.items() if name != "condition"}


# --- networks and conditions


def test_network_sets_both_knobs_and_refuses_unknown_fields():
    params = studies.network(0.3, n_trials=7, seed=9, n_mon=500)
    assert (params.ll_to_mon_topography_strength, params.mon_to_ts_topography_strength) == (0.3, 0.3)
    assert (params.n_training_trials, params.seed, params.n_mon, params.mon_ts_gain_mV) == (7, 9, 500, 220)
    with pytest.raises(ParameterError, match="n_cells is not a field"):
        studies.network(0.3, n_trials=7, seed=9, n_cells=4)


def test_a_network_is_trained_once(monkeypatch):
    calls = []
    monkeypatch.setattr(studies, "simulate", lambda *a, **k: calls.append(a) or simulate(*a, **k))
    params = studies.network(0.4, n_trials=1, seed=77, **SMALL)
    assert studies.trained(params) is studies.trained(params.replace()) and len(calls) == 1


@pytest.mark.parametrize("condition", studies.CONDITIONS)
def test_every_condition_keeps_the_wiring(condition, net):
    weights = studies.weights_of(net, condition, np.random.default_rng(0))
    for pathway, (i, j, w) in weights.items():
        assert np.array_equal(i, net.initial[pathway][0]) and np.array_equal(j, net.initial[pathway][1])
        assert w.shape == i.shape and (w >= 0).all()


def test_conditions_take_the_weights_they_name(net):
    def w(condition, rng=None):
        weights = studies.weights_of(net, condition, rng or np.random.default_rng(0))
        return weights["ll_mon"][2], weights["mon_ts"][2]

    first, last = ([net_w[k][2] for k in ("ll_mon", "mon_ts")] for net_w in (net.initial, net.final))
    assert not np.array_equal(first[0], last[0]) and not np.array_equal(first[1], last[1])
    for name, expected in {
        "U": first,
        "UF": first,
        "T": last,
        "TF": last,
        "X0": (first[0], last[1]),
        "trained / initial": (last[0], first[1]),
        "initial / trained": (first[0], last[1]),
        "mean / initial": (np.full(last[0].size, last[0].mean()), first[1]),
        "0.8 initial / initial": (0.8 * first[0], first[1]),
        "1.25 trained / trained": (1.25 * last[0], last[1]),
        "matched / matched": [b * a.mean() / b.mean() for a, b in zip(first, last, strict=True)],
    }.items():
        assert all(np.allclose(a, b) for a, b in zip(w(name), expected, strict=True)), name
    ll_mon, mon_ts = w("P")
    assert np.array_equal(ll_mon, last[0]) and np.array_equal(np.sort(mon_ts), np.sort(last[1]))
    assert not np.array_equal(mon_ts, last[1])
    assert np.array_equal(w("P", Identity())[1], last[1])
    assert all(np.isclose(a.mean(), b.mean()) for a, b in zip(w("shuffled / shuffled"), first, strict=True))


def test_an_unknown_condition_is_refused(net):
    with pytest.raises(ParameterError, match="condition = 'X' is unknown; choose one of: U, UF"):
        studies.weights_of(net, "X", np.random.default_rng(0))


# --- tests under conditions


def test_permuting_by_the_identity_is_the_trained_network(net, monkeypatch):
    monkeypatch.setitem(studies.PATHWAY, "permuted", lambda first, last, rng: last)
    table = studies.measure(net, ("TF", "P"), repeats=2)
    assert row(table, "TF") == row(table, "P")


def test_frozen_series_are_the_run_and_its_control(net):
    result = simulate(net.params, test_repeats=2)
    table = studies.measure(net, ("UF", "TF"), repeats=2)
    trained, untrained = row(table, "TF"), row(table, "UF")
    assert trained["sigma_theta_rad"] == result.quality.sigma_theta_rad
    assert trained["sigma_window_rad"] == result.quality_window.sigma_theta_rad
    assert trained["ts_spikes"] == result.ts_spikes_test > 0
    assert untrained["sigma_theta_rad"] == result.controls["untrained"]["sigma_theta_rad"]
    assert untrained["ts_spikes"] == result.controls["untrained"]["ts_spikes_test"]


def test_the_original_series_stay_plastic_in_the_test(net, monkeypatch):
    kept = {}

    def watch(params, weights, **options):
        kept[len(kept)] = params.keep_ll_mon_stdp_during_test, options["seed"]
        return real(params, weights, **options)

    real = studies.evaluate
    monkeypatch.setattr(studies, "evaluate", watch)
    table = studies.measure(net, studies.SERIES, repeats=1)
    assert dict(zip(table["condition"], kept.values(), strict=True)) == {
        name: (name in ("U", "T", "X0"), 5) for name in studies.SERIES
    }
    assert row(table, "U") != row(table, "UF")


def test_without_training_the_series_coincide():
    table = studies.map_point(**POINT | {"n_trials": 0})
    assert row(table, "U") == row(table, "T") == row(table, "X0")
    assert row(table, "UF") == row(table, "TF")


def test_points_are_deterministic(net):
    once, again = (studies.measure(net, ("P", "X0"), repeats=1) for _ in range(2))
    assert all(np.array_equal(once[key], again[key]) for key in once)


# --- points


def watched(monkeypatch):
    """Replace the test by a note of the parameters it was given."""
    seen = []
    real = studies.evaluate
    monkeypatch.setattr(studies, "evaluate", lambda p, w, **o: seen.append(p) or real(p, w, **o))
    return seen


def test_distance_and_stimulus_change_the_test_only(monkeypatch, net):
    seen = watched(monkeypatch)
    monkeypatch.setattr(
        studies, "trained", lambda params: net if params == net.params else pytest.fail("other network")
    )
    point = {**POINT, "repeats": 1, "series": ("U",)}
    studies.distance_point(distance_cm=1.2, **point)
    for name in studies.STIMULI:
        studies.stimulus_point(stimulus=name, **point)
    assert [p.distance_cm for p in seen[:2]] == [1.2, 0.8]
    for params, changes in zip(seen[1:], studies.STIMULI.values(), strict=True):
        assert params == net.params.replace(keep_ll_mon_stdp_during_test=True, **changes)


def test_the_gain_follows_the_number_of_mon_cells(monkeypatch):
    seen = watched(monkeypatch)
    point = dict(q=0.4, seed=5, n_trials=2, repeats=1, mode="ll_fast", n_ts=40)
    table = studies.n_mon_point(n_mon=160, **point)
    assert list(table["condition"]) == ["U", "T", "X0", "X0 at 220 mV"]
    assert [p.mon_ts_gain_mV for p in seen] == [4400, 4400, 4400, 220]
    assert row(table, "X0 at 220 mV")["ts_spikes"] < row(table, "X0")["ts_spikes"]


def test_holding_the_sum_keeps_the_weights_that_otherwise_collapse():
    means = {}
    for name in ("as published", "held LL→MON sum", "fixed LL→MON"):
        fields = SMALL | studies.MODIFICATIONS[name]
        net = studies.trained(studies.network(0.2, n_trials=10, seed=5, **fields))
        means[name] = net.final["ll_mon"][2].mean() / net.initial["ll_mon"][2].mean()
    assert means["as published"] < 0.9
    assert 0.95 < means["held LL→MON sum"] < 1.0
    assert means["fixed LL→MON"] == 1


def test_modification_point_brings_its_controls():
    point = {**POINT, "repeats": 1, "n_trials": 2}
    table = studies.modification_point(modification="held LL→MON sum", **point)
    assert tuple(table["condition"]) == studies.CONTROLLED
    assert row(table, "TF")["mon_hz"] == row(table, "P")["mon_hz"] > 0


@pytest.mark.parametrize(
    "call",
    [
        lambda: studies.stimulus_point(stimulus="sideways", **POINT),
        lambda: studies.modification_point(modification="magic", **POINT),
        lambda: studies.map_point(**POINT | {"q": 1.5}),
        lambda: studies.map_point(**POINT | {"mode": "fast"}),
        lambda: studies.map_point(**POINT | {"repeats": 0}),
        lambda: studies.by_condition([], "ts_spikes"),
    ],
)
def test_bad_input_is_one_line(call):
    with pytest.raises(ParameterError) as failure:
        call()
    assert "\n" not in str(failure.value)


def test_the_course_shows_the_collapse():
    course = studies.course_point(q=0.4, seed=5, n_trials=12, every=5, **SMALL)
    result = simulate(studies.network(0.4, n_trials=12, seed=5, **SMALL), test_repeats=1, controls=False)
    assert list(course["trial"]) == [5, 10, 12]
    assert course["initial_mean_mV"] == result.initial_weights["ll_mon"][2].mean()
    assert course["ll_mon_mean_mV"][-1] == pytest.approx(result.weights["ll_mon"][2].mean(), rel=1e-5)
    assert course["ll_mon_mean_mV"][-1] < course["initial_mean_mV"] - 1
    for layer in ("ll", "mon", "ts"):
        mean = np.average(course[f"{layer}_hz"], weights=[5, 5, 2])
        assert mean == pytest.approx(result.rates_hz[f"{layer}_train"])


# --- sweeps


def test_points_go_through_a_resumable_sweep(tmp_path, monkeypatch):
    grid = dict(q=[0.4, 0.2], seed=[5, 6], n_trials=[1], repeats=[1], series=[("UF", "TF")])
    grid |= {key: [value] for key, value in SMALL.items()}
    first = list(sweep(studies.map_point, grid, store=tmp_path, n_jobs=1, progress=False))
    monkeypatch.setattr("helpers.runs._run_point", lambda *given: pytest.fail("computed again"))
    again = list(sweep(studies.map_point, grid, store=tmp_path, n_jobs=1, progress=False))
    table = studies.over(first, "q", "ts_spikes")
    assert set(table) == {"UF", "TF"} and list(table["UF"][0]) == [0.4, 0.2]
    for name, (_, values) in studies.over(again, "q", "ts_spikes").items():
        assert values.shape == (2, 2) and np.array_equal(values, table[name][1]) and values.min() > 0
    assert table["TF"][1][1, 0] == row(first[1][1], "TF")["ts_spikes"]


def test_over_and_by_condition_place_each_value():
    def result(s, d):
        return {"condition": np.array(["a", "b"]), "m": np.array([s + d, -1.0]), "ts_spikes": np.array([9 * d, 0])}

    points = [(dict(seed=s, d=d), result(s, d)) for s in (10, 20) for d in (1, 2) if (s, d) != (20, 1)]
    x, values = studies.over(points, "d", "m")["a"]
    assert list(x) == [1, 2] and np.array_equal(values, [[11, 12], [np.nan, 22]], equal_nan=True)
    assert studies.over(points, "d", "m", min_spikes=10)["a"][1][0].tolist() == pytest.approx([np.nan, 12], nan_ok=True)
    assert studies.by_condition(points, "m")["a"].tolist() == [11, 12, 22]


# --- the metric's own values


def test_metric_floor_has_the_reference_values():
    floor = studies.metric_floor()
    sigma = dict(
        zip(floor["activity"], zip(floor["sigma_theta_rad"], floor["sigma_window_rad"], strict=True), strict=True)
    )
    for name, full, window in [
        ("perfect body map", 0.356, 0.007),
        ("bump, SD 15 cells", 0.309, 0.062),
        ("bump, SD 30 cells", 0.232, 0.157),
        ("bump, SD 45 cells", 0.213, 0.273),
        ("bump, SD 60 cells", 0.263, 0.386),
    ]:
        assert sigma[name] == pytest.approx((full, window), abs=0.01), name
    assert sigma["perfect sweep map"][0] < 0.01
    assert all(1.3 < value < 3 for name in ("3 random cells per ms", "60 random spikes") for value in sigma[name])
