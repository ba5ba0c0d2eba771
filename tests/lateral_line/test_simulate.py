"""Runs as a whole against plain loops over trials and tests; freezing, controls, few spikes, memory, bad input."""

import importlib
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import lateral_line as ll
from helpers.lateral_line import measures, stimulus, wiring
from helpers.lateral_line.params import preset, without_plasticity
from helpers.parameters import ParameterError

engine = importlib.import_module("helpers.lateral_line.simulate")  # the name is that of the function, too
SHORT = preset("ll_fast").replace(n_training_trials=12, checkpoint_trials=3, trial_duration_s=0.4, test_repeats=2)
LAYERS = ("ll", "mon", "ts")
FROZEN = dict(ll_mon=False, mon_ts=False)


@pytest.fixture(scope="module")
def result():
    return ll.simulate(SHORT, seed=5)


def quick(**changes):
    return ll.simulate(SHORT.replace(**changes), seed=5, controls=False)


def values(paths):
    """Return the weights alone of {pathway: (i, j, w)}."""
    return {name: path[2] for name, path in paths.items()}


# --- training


def trained_by_hand(p, seed):
    """Train trial by trial; return the recordings, the weights after each trial, and those at the end."""
    wires, n_steps = ll.draw(p, seed), stimulus.trial_steps(p)
    network = ll.Network(p, wires, ll.initial_weights(p, seed, wires), rng=wiring.stream(seed, 3))
    stream = stimulus.snapshots(p, p.n_training_trials * n_steps, seed)
    target = np.bincount(wires.ll_mon.post, network.weights("ll_mon")).mean()
    rules = {
        "ll_mon": dict(n_post=p.n_mon, eta=p.ll_mon_homeo_eta, w_max=p.ll_mon_wmax_mV, target=target),
        "mon_ts": dict(n_post=p.n_ts, eta=p.mon_ts_homeo_eta, w_max=p.mon_ts_wmax),
    }
    trials, weights = [], [{name: network.weights(name) for name in rules}]
    for k in range(p.n_training_trials):
        trials.append(network.run(stimulus.snapshot_drive(p, stream, k * n_steps, n_steps), k * n_steps * p.dt_s))
        weights.append({name: network.weights(name) for name in rules})
        for name, rule in rules.items():
            if (k + 1) % getattr(p, f"{name}_homeo_every_trials") == 0:
                scaled = engine.homeostasis(weights[-1][name], getattr(wires, name).post, **rule)
                network.set_weights(name, scaled)
    return trials, weights, {name: network.weights(name) for name in rules}


@pytest.mark.parametrize("trial_s", [0.4, 1.13])
def test_training_is_a_plain_loop_over_trials(trial_s):
    """Homeostasis acts on weights that have been recorded and kept already; the last trial is off the grid.

    Neither homeostasis nor a kept trial cuts what a record tells of the map.
    The engine runs several trials in one piece, and the kernel cuts pieces after 2000 steps.
    """
    p = SHORT.replace(
        n_training_trials=11, checkpoint_trials=2, trial_duration_s=trial_s,
        ll_mon_homeo_eta=0.02, ll_mon_homeo_every_trials=4, mon_ts_homeo_eta=0.05, mon_ts_homeo_every_trials=7,
        mon_to_global_inh_p=0.5, mon_to_global_inh_drive_mV=40.0, ts_to_global_inh_drive_mV=300.0, teacher_rate_hz=9.0,
    )  # fmt: skip
    found = ll.simulate(p, seed=5, controls=False, keep=(3, 5, 11))
    trials, weights, last = trained_by_hand(p, 5)
    np.testing.assert_equal(values(found.initial_weights), weights[0])
    np.testing.assert_equal(values(found.weights), last)
    assert list(found.kept) == [3, 5, 11]
    for trial, kept in found.kept.items():
        np.testing.assert_equal(values(kept), weights[trial])

    h, chosen, records = found.history, wiring.tracked(5, 12_800), [0, 2, 4, 6, 8, 10, 11]
    np.testing.assert_allclose(h.checkpoint_t_s, np.multiply(records, trial_s))
    for k, trial in enumerate(records):
        w, w_mv = weights[trial]["mon_ts"], weights[trial]["ll_mon"]
        moved = np.abs(w - weights[0]["mon_ts"])
        measured = h.w_mean[k], h.w_std[k], h.w_mean_abs_delta[k], h.w_frac_delta_gt_1e3[k]
        assert measured == pytest.approx((w.mean(), w.std(), moved.mean(), (moved > 1e-3).mean()))
        assert (h.ll_mon_mean_mV[k], h.ll_mon_std_mV[k]) == pytest.approx((w_mv.mean(), w_mv.std()))
        assert np.array_equal(h.tracked[k], w[chosen])

    counts = np.array([[trial.counts[layer].sum() for layer in LAYERS] for trial in trials])
    assert np.array_equal(h.trial_spikes, counts) and np.array_equal(h.binned.sum(axis=0), counts.sum(axis=0))
    if trial_s == 0.4:
        assert np.array_equal(h.binned.reshape(11, 20, 3).sum(axis=1), counts)
    for layer in LAYERS:
        t_s = np.concatenate([trial.t0_s + trial.spikes[layer][0] * p.dt_s for trial in trials])
        np.testing.assert_allclose(h.dots[layer][0], t_s, atol=1e-9)
        assert np.array_equal(h.dots[layer][1], np.concatenate([trial.spikes[layer][1] for trial in trials]))
        assert found.spikes_total[layer] == t_s.size + found.test.spikes[layer][0].size
    inhibitory = np.sum([trial.inhibitory for trial in trials], axis=0) + found.test.inhibitory
    assert [found.spikes_total["mon_inh"], found.spikes_total["ts_inh"]] == inhibitory.tolist() and inhibitory.all()
    assert [found.repeats[f"{name}_inh_spikes_test"][0] for name in ("mon", "ts")] == found.test.inhibitory.tolist()

    # the map since the last record, at every second one; too few spikes have none
    np.testing.assert_allclose(h.pv_t_s, np.multiply([4, 8, 11], trial_s))
    for k, part in enumerate((trials[2:4], trials[6:8], trials[10:])):
        step = np.concatenate([trial.spikes["ts"][0] + n * trial.n_steps for n, trial in enumerate(part)])
        cell = np.concatenate([trial.spikes["ts"][1] for trial in part])
        x_cm = np.concatenate([trial.x_cm for trial in part])
        q = measures.map_quality(step, cell, x_cm, n_cells=80)
        expected = (q.sigma_theta_rad, q.delta_trial_rad) if q.usable else (np.nan, np.nan)
        np.testing.assert_allclose((h.pv_sigma_theta[k], h.pv_delta_trial[k]), expected, rtol=1e-9)
        assert q.usable == (k < 2 or trial_s > 1)


def test_what_does_not_learn_stays():
    for changes, learning in ((without_plasticity(SHORT).to_dict(), []), (dict(ll_mon_use_stdp=False), ["mon_ts"])):
        found = quick(**changes)
        before, after = values(found.initial_weights), values(found.weights)
        assert [name for name in before if (before[name] != after[name]).any()] == learning


def test_dots_are_thinned_evenly(result, monkeypatch):
    """At most 600, all of them spikes, and in every quarter of the training the same share as without thinning."""
    monkeypatch.setattr(engine, "MAX_DOTS", 600)
    for layer, (t_s, cell) in quick().history.dots.items():
        every = result.history.dots[layer]
        assert 300 <= t_s.size <= 600 and set(zip(t_s, cell, strict=True)) <= set(zip(*every, strict=True))
        shares = [np.histogram(times, 4, (0, 4.8))[0] / times.size for times in (t_s, every[0])]
        np.testing.assert_allclose(*shares, atol=0.01)


def test_stabilisation_is_the_fifth_record_of_a_plateau():
    t_s = np.arange(1.0, 9.0)
    assert engine.stabilisation_time(t_s, [0.5, 0.8, 1, 1.0049, 1.0098, 1.0049, 1, 1]) == 7  # below .5 %
    assert np.isnan(engine.stabilisation_time(t_s, [0.5, 0.8, 1, 1.0051, 1, 1.0051, 1, 1]))


@given(st.integers(0, 999), st.floats(0, 1), st.sampled_from([None, 0.1, 6.0, 50.0]), st.sampled_from([1.05, 9.0]))
def test_homeostasis_is_a_plain_loop_over_synapses(seed, eta, target, w_max):
    rng = np.random.default_rng(seed)
    w, post = rng.uniform(0, w_max, 9) * rng.integers(0, 2, 9), rng.integers(0, 5, 9)
    sums = [w[post == cell].sum() for cell in range(6)]
    wanted, expected = np.mean(sums) if target is None else target, w.copy()
    for k, cell in enumerate(post):
        if sums[cell]:
            scale = np.clip(1 + eta * (wanted / sums[cell] - 1), 0.9, 1.1)
            expected[k] = min(w[k] * scale, w_max)
    found = engine.homeostasis(w, post, n_post=6, eta=eta, w_max=w_max, target=target)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


# --- test


@pytest.mark.parametrize("ends", [None, (1.0, 3.0)])
def test_a_test_is_a_plain_loop_over_its_repeats(ends, result):
    """Without a window, `quality` is of the whole sweep and `quality_window` of the body."""
    p = SHORT if ends is None else SHORT.replace(eval_x_min_cm=ends[0], eval_x_max_cm=ends[1])
    found = ll.evaluate(p, result.weights, seed=5, controls=True)
    windows, tests = {"": ends, "_window": ends or (0.0, 4.0), "_ll": ends}, []
    for repeat in range(2):
        weights, rng = values(result.weights), wiring.stream(5, 4, repeat)
        network = ll.Network(p, ll.draw(p, 5), weights, rng=rng, plastic=FROZEN)
        tests.append(network.run(ll.test_drive(p, 5, repeat)))
    np.testing.assert_equal(found.test.spikes, tests[0].spikes)
    for tag, window in windows.items():
        layer, n_cells = ("ll", 100) if tag == "_ll" else ("ts", 80)
        options = dict(n_cells=n_cells, window_cm=window)
        qualities = [measures.map_quality(*test.spikes[layer], test.x_cm, **options) for test in tests]
        assert getattr(found, f"quality{tag}") == measures.mean_quality(qualities)
        for name in ("sigma_theta_rad", "delta_trial_rad", "valid_fraction", "usable") if layer == "ts" else ():
            assert found.repeats[f"{name}{tag}"].tolist() == [getattr(quality, name) for quality in qualities]
    for name, window in (("chance_rad", ends), ("chance_window_rad", windows["_window"])):
        chance = ll.permutation_chance(
            *tests[0].spikes["ts"], tests[0].x_cm, n_cells=80, seed=wiring.stream(5, 6), window_cm=window
        )
        assert found.controls[name] == chance.mean() and 1 < chance.mean() < 3

    train = result.history.trial_spikes.sum(axis=0)
    for layer, n, trained in zip(LAYERS, (100, 800, 80), train, strict=True):
        spikes = [test.counts[layer].sum() for test in tests]
        assert found.repeats[f"{layer}_spikes_test"].tolist() == spikes
        assert found.rates_hz[f"{layer}_test"] == pytest.approx(np.mean(spikes) / n)
        assert result.rates_hz[f"{layer}_train"] == pytest.approx(trained / n / 4.8)
    assert found.ts_spikes_test == np.mean(spikes) and np.isnan(found.rates_hz["mon_train"])
    if ends is None:
        for name in ("quality", "quality_window", "quality_ll", "controls", "repeats", "weights", "initial_weights"):
            np.testing.assert_equal(getattr(found, name), getattr(result, name))
        np.testing.assert_equal(found.test.spikes, result.test.spikes)
        assert found.test.t0_s == 0 and result.test.t0_s == 4.8 and quick().controls == {}


def test_controls_are_what_they_say(result):
    permuted = wiring.stream(5, 5).permutation(result.weights["mon_ts"][2])
    shuffled = result.weights | {"mon_ts": (*result.weights["mon_ts"][:2], permuted)}
    for name, weights in (("untrained", result.initial_weights), ("shuffled", shuffled)):
        tested = ll.evaluate(SHORT, weights, seed=5)
        expected = {"ts_spikes_test": tested.ts_spikes_test}
        for tag, q in (("", tested.quality), ("_window", tested.quality_window)):
            expected |= {f"sigma_theta_rad{tag}": q.sigma_theta_rad, f"delta_trial_rad{tag}": q.delta_trial_rad}
            expected[f"valid_fraction{tag}"] = q.valid_fraction_window if tag else q.valid_fraction
            expected[f"usable{tag}"] = q.usable
        assert result.controls[name] == expected and expected["usable"]


def test_a_frozen_test_does_not_ask_what_learns_and_a_plastic_one_begins_from_the_given_weights(result):
    frozen = SHORT.replace(ll_mon_use_stdp=False, mon_ts_apre=0.5)
    np.testing.assert_equal(ll.evaluate(frozen, result.weights, seed=5).test.spikes, result.test.spikes)
    for flag in ("keep_ll_mon_stdp_during_test", "keep_mon_ts_stdp_during_test"):
        kept = ll.evaluate(SHORT.replace(**{flag: True}), result.weights, seed=5)
        np.testing.assert_equal(kept.weights, result.weights)
        assert not np.array_equal(kept.test.counts["ts"], result.test.counts["ts"])


def test_a_run_of_a_few_spikes_is_not_usable():
    few = quick(n_training_trials=4, mon_ts_gain_mV=65.0)
    assert 0 < few.ts_spikes_test < 250 and not few.quality.usable and not few.repeats["usable"].any()
    assert np.isnan(ll.evaluate(few.params, few.weights, seed=5, controls=True).controls["chance_rad"])
    assert np.isfinite(few.repeats["sigma_theta_rad"]).any() and np.isnan(few.quality.sigma_theta_rad)


# --- memory, bad input


def test_memory_does_not_grow_with_trials(monkeypatch):
    """What a hundred more trials leave behind: half a kB each of counts, not their spikes."""
    monkeypatch.setattr(engine, "MAX_DOTS", 1000)
    peaks = []
    for n_trials in (10, 40, 140):
        tracemalloc.start()
        quick(n_mon=50, n_ts=20, n_training_trials=n_trials, checkpoint_trials=n_trials, test_path_cm=0.1)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[2] - peaks[1] < 100 * 2000


def test_bad_input_is_one_clear_line():
    with pytest.raises(ParameterError, match=r"^params is a dict; allowed: NetworkParams[^\n]*$"):
        ll.simulate({})
    with pytest.raises(ParameterError, match=r"^keep = 13 is out of range; allowed: an integer from 1 to 12[^\n]*$"):
        ll.simulate(SHORT, keep=(5, 13))
