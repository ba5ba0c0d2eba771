"""Runs as a whole: bits, kept weights, history, freezing, window, controls, few spikes, memory, bad input."""

import dataclasses
import importlib
import tracemalloc

import numpy as np
import pytest

from helpers import lateral_line as ll
from helpers.lateral_line import measures, wiring
from helpers.lateral_line.params import preset, without_plasticity
from helpers.parameters import ParameterError

engine = importlib.import_module("helpers.lateral_line.simulate")  # the name is that of the function, too
SHORT = preset("ll_fast").replace(n_training_trials=12, checkpoint_trials=3, trial_duration_s=0.4, test_repeats=2)
INHIBITED = dict(mon_to_global_inh_p=0.5, mon_to_global_inh_drive_mV=40.0, ts_to_global_inh_drive_mV=300.0)
LAYERS = ("ll", "mon", "ts")


def same(one, two):
    """Whether two results (or parts of them) are equal, bit for bit."""
    if dataclasses.is_dataclass(one):
        return all(same(getattr(one, f.name), getattr(two, f.name)) for f in dataclasses.fields(one))
    if isinstance(one, dict):
        return one.keys() == two.keys() and all(same(one[key], two[key]) for key in one)
    if isinstance(one, tuple):
        return len(one) == len(two) and all(map(same, one, two))
    if isinstance(one, (np.ndarray, float)):
        return np.array_equal(one, two, equal_nan=True)
    return one == two


@pytest.fixture(scope="module")
def result():
    return ll.simulate(SHORT, seed=5)


def quick(seed=5, controls=False, **changes):
    return ll.simulate(SHORT.replace(**changes), seed=seed, controls=controls)


# --- the same bits


def test_same_seed_same_bits_other_seed_other(result):
    assert same(result, quick(controls=True))
    assert same(ll.simulate(SHORT.replace(seed=5), controls=False).weights, result.weights)
    other = quick(seed=6)
    assert not same(result.weights, other.weights) and not same(result.history.w_mean, other.history.w_mean)


def test_kept_weights_are_those_of_a_shorter_run():
    """Homeostasis acts after trial 10, on weights that have been kept already."""
    still = dict(ll_mon_homeo_eta=0.0, mon_ts_homeo_eta=0.0)
    whole = ll.simulate(SHORT, seed=5, controls=False, keep=(5, 10, 11))
    assert list(whole.kept) == [5, 10, 11]
    assert same(whole.kept[5], quick(n_training_trials=5).weights)
    assert same(whole.kept[10], quick(n_training_trials=10, **still).weights)
    assert same(whole.kept[11], quick(n_training_trials=11).weights)
    assert not same(whole.kept[10], quick(n_training_trials=10).weights)


def test_weights_reproduce_the_test_bit_for_bit(result):
    again = ll.evaluate(SHORT, result.weights, seed=5, controls=True)
    names = ("quality", "quality_window", "quality_ll", "controls", "repeats", "weights", "initial_weights")
    for name in names:
        assert same(getattr(again, name), getattr(result, name)), name
    assert same(again.test.spikes, result.test.spikes) and again.test.t0_s == 0 and result.test.t0_s == 4.8
    assert np.isnan(again.rates_hz["mon_train"]) and again.rates_hz["mon_test"] == result.rates_hz["mon_test"]


# --- weights


def test_weights_lie_within_their_bounds_in_the_order_of_the_wiring():
    found = quick(mon_ts_wmax=0.023, mon_ts_apre=0.1, ll_mon_wmax_mV=13.3)
    p, before, after = found.params, found.initial_weights, found.weights
    assert np.array_equal(after["ll_mon"][1], np.repeat(np.arange(p.n_mon), 10))  # MON cell by MON cell
    assert np.array_equal(after["mon_ts"][0], np.repeat(np.arange(p.n_mon), 16))
    for name, top in (("ll_mon", 13.3), ("mon_ts", 0.023)):
        assert same(before[name][:2], after[name][:2]) and not same(before[name][2], after[name][2])
        assert after[name][2].min() >= 0 and after[name][2].max() <= top
    assert after["mon_ts"][2].max() == 0.023
    assert np.array_equal(before["ll_mon"][2], ll.initial_weights(p, 5, ll.draw(p, 5))["ll_mon"])


def test_what_does_not_learn_stays():
    still = ll.simulate(without_plasticity(SHORT), seed=5, controls=False)
    assert same(still.weights, still.initial_weights) and not still.history.w_mean_abs_delta.any()
    fixed = quick(ll_mon_use_stdp=False)
    assert same(fixed.weights["ll_mon"], fixed.initial_weights["ll_mon"])
    assert not same(fixed.weights["mon_ts"], fixed.initial_weights["mon_ts"])


def test_a_frozen_test_does_not_ask_what_learns(result):
    expected = ll.evaluate(SHORT, result.weights, seed=5)
    for change in (dict(ll_mon_use_stdp=False), dict(mon_ts_apre=0.5, ll_mon_apost=-1.0)):
        assert same(ll.evaluate(SHORT.replace(**change), result.weights, seed=5).test, expected.test)
    for flag in ("keep_ll_mon_stdp_during_test", "keep_mon_ts_stdp_during_test"):
        kept = ll.evaluate(SHORT.replace(**{flag: True}), result.weights, seed=5)
        assert same(kept.weights, result.weights)  # each repeat starts from the given weights
        assert not same(kept.test.spikes["ts"], result.test.spikes["ts"])


# --- numbers and controls


def test_numbers_agree_with_the_recording(result):
    spikes, test, train = result.test.spikes["ts"], result.test, result.history.trial_spikes
    assert result.repeats["ts_spikes_test"][0] == spikes[0].size == test.counts["ts"].sum()
    assert result.ts_spikes_test == result.repeats["ts_spikes_test"].mean() and test.n_steps == 1000
    weights = {name: path[2] for name, path in result.weights.items()}
    frozen = dict(rng=wiring.stream(5, 4, 1), plastic=dict(ll_mon=False, mon_ts=False))
    second = ll.Network(SHORT, ll.draw(SHORT, 5), weights, **frozen).run(ll.test_drive(SHORT, 5, 1))
    assert result.repeats["ts_spikes_test"][1] == second.counts["ts"].sum() != spikes[0].size
    for k, (layer, n) in enumerate(zip(LAYERS, (100, 800, 80), strict=True)):
        assert result.rates_hz[f"{layer}_train"] == pytest.approx(train[:, k].sum() / n / 4.8)
        assert result.rates_hz[f"{layer}_test"] == pytest.approx(result.repeats[f"{layer}_spikes_test"].mean() / n)
        assert result.spikes_total[layer] == train[:, k].sum() + test.spikes[layer][0].size


@pytest.mark.parametrize("ends", [None, (1.0, 3.0)])
def test_a_given_window_restricts_the_quality_itself(ends, result):
    """Without one, `quality` is of the whole sweep and `quality_window` of the body."""
    given = {} if ends is None else dict(eval_x_min_cm=ends[0], eval_x_max_cm=ends[1])
    found = ll.evaluate(SHORT.replace(**given), result.weights, seed=5, controls=True)
    assert same(found.test.spikes, result.test.spikes)
    for tag, window in (("", ends), ("_window", ends or (0.0, 4.0))):
        first = measures.map_quality(*found.test.spikes["ts"], found.test.x_cm, n_cells=80, window_cm=window)
        assert found.repeats[f"sigma_theta_rad{tag}"][0] == first.sigma_theta_rad
        quality = getattr(found, f"quality{tag}")
        assert quality.sigma_theta_rad == pytest.approx(found.repeats[f"sigma_theta_rad{tag}"].mean())
        chance = found.controls["chance_rad" if not tag else "chance_window_rad"]
        rng, spikes = wiring.stream(5, 6), found.test.spikes["ts"]
        assert chance == ll.permutation_chance(*spikes, found.test.x_cm, n_cells=80, seed=rng, window_cm=window).mean()
    ll_quality = measures.map_quality(*found.test.spikes["ll"], found.test.x_cm, n_cells=100, window_cm=ends)
    assert found.quality_ll.sigma_theta_rad == pytest.approx(ll_quality.sigma_theta_rad, abs=0.3)


def test_controls_are_what_they_say(result):
    permuted = wiring.stream(5, 5).permutation(result.weights["mon_ts"][2])
    shuffled = result.weights | {"mon_ts": (*result.weights["mon_ts"][:2], permuted)}
    for name, weights in (("untrained", result.initial_weights), ("shuffled", shuffled)):
        tested, control = ll.evaluate(SHORT, weights, seed=5), result.controls[name]
        expected = {"ts_spikes_test": tested.ts_spikes_test}
        for tag, q in (("", tested.quality), ("_window", tested.quality_window)):
            expected |= {f"sigma_theta_rad{tag}": q.sigma_theta_rad, f"delta_trial_rad{tag}": q.delta_trial_rad}
            expected[f"valid_fraction{tag}"] = q.valid_fraction_window if tag else q.valid_fraction
            expected[f"usable{tag}"] = q.usable
        assert control == expected and control["usable"]
    assert 1 < result.controls["chance_rad"] < 3 and quick().controls == {}


def test_interneurons_are_counted():
    found = quick(n_training_trials=2, **INHIBITED)
    assert found.repeats["mon_inh_spikes_test"].min() > 0 and found.repeats["ts_inh_spikes_test"].min() > 0
    trained = quick(n_training_trials=2, test_repeats=1, test_path_cm=0.005, **INHIBITED).spikes_total
    for name in ("mon_inh", "ts_inh"):
        in_training = found.spikes_total[name] - found.repeats[f"{name}_spikes_test"][0]
        assert in_training > 0 and in_training == trained[name]


def test_a_run_of_a_few_spikes_is_not_usable():
    few = quick(n_training_trials=4, mon_ts_gain_mV=65.0, pv_eval_every_checkpoints=1, checkpoint_trials=1)
    assert 0 < few.ts_spikes_test < 250 and not few.quality.usable and not few.repeats["usable"].any()
    assert np.isnan(ll.evaluate(few.params, few.weights, seed=5, controls=True).controls["chance_rad"])
    assert np.isfinite(few.repeats["sigma_theta_rad"]).any() and np.isnan(few.quality.sigma_theta_rad)
    assert few.history.trial_spikes[:, 2].any() and np.isnan(few.history.pv_sigma_theta).all()


def test_held_snapshots_can_be_a_map():
    """They show twenty places, and each of them is decoded."""
    held = quick(n_training_trials=0, test_using_held_snapshots=True)
    assert held.ts_spikes_test > 10_000 and held.quality.valid_fraction > 0.9
    assert held.quality.usable and held.quality.n_valid_bins == 20


# --- history


def test_history_begins_at_zero_and_has_one_entry_per_record(result):
    h, before, after = result.history, result.initial_weights, result.weights
    np.testing.assert_allclose(h.checkpoint_t_s, [0, 1.2, 2.4, 3.6, 4.8])
    np.testing.assert_allclose(h.pv_t_s, [2.4, 4.8])
    chosen = wiring.tracked(5, 12_800)
    for k, weights in ((0, before), (-1, after)):
        w, w_mv, moved = weights["mon_ts"][2], weights["ll_mon"][2], np.abs(weights["mon_ts"][2] - before["mon_ts"][2])
        found = h.w_mean[k], h.w_std[k], h.w_mean_abs_delta[k], h.w_frac_delta_gt_1e3[k]
        assert found == pytest.approx((w.mean(), w.std(), moved.mean(), (moved > 1e-3).mean()))
        assert (h.ll_mon_mean_mV[k], h.ll_mon_std_mV[k]) == pytest.approx((w_mv.mean(), w_mv.std()))
        assert np.array_equal(h.tracked[k], w[chosen])
    assert h.w_mean_abs_delta[0] == 0 < h.w_mean_abs_delta[-1]


def test_learning_curve_is_of_the_spikes_since_the_last_record():
    """The dots of a short run are all spikes, and the sphere is where the stream says."""
    found = quick(trial_duration_s=0.8, n_training_trials=10, checkpoint_trials=5, pv_eval_every_checkpoints=1)
    h, (t_s, cell) = found.history, found.history.dots["ts"]
    step, x = np.rint(t_s * 1000).astype(int), np.resize([*range(100), *range(99, -1, -1)], 160) * 4 / 99
    for k, first in enumerate((0, 4000)):
        used = (step >= first) & (step < first + 4000)
        held = np.repeat(x, 50)[first : first + 4000]
        expected = measures.map_quality(step[used] - first, cell[used], held, n_cells=80)
        numbers = expected.sigma_theta_rad, expected.delta_trial_rad
        assert expected.usable and (h.pv_sigma_theta[k], h.pv_delta_trial[k]) == pytest.approx(numbers, rel=1e-9)


@pytest.mark.parametrize("trial_s", [0.4, 0.33])
def test_spikes_by_trial_by_bin_and_one_by_one_are_the_same(trial_s):
    h, steps = quick(trial_duration_s=trial_s).history, round(trial_s * 1000)
    assert np.array_equal(h.trial_spikes.sum(axis=0), h.binned.sum(axis=0)) and h.trial_spikes.all()
    if steps % 20 == 0:
        assert np.array_equal(h.binned.reshape(12, -1, 3).sum(axis=1), h.trial_spikes)
    for k, layer in enumerate(LAYERS):
        step = np.rint(h.dots[layer][0] * 1000).astype(int)
        assert np.array_equal(np.bincount(step // steps, minlength=12), h.trial_spikes[:, k])


def test_dots_are_thinned_evenly(result, monkeypatch):
    """At most 600, all of them spikes, and in every quarter of the training the same share as without thinning."""
    monkeypatch.setattr(engine, "MAX_DOTS", 600)
    for layer, (t_s, cell) in quick().history.dots.items():
        every = result.history.dots[layer]
        assert 300 <= t_s.size <= 600 and set(zip(t_s, cell, strict=True)) <= set(zip(*every, strict=True))
        shares = [np.histogram(times, 4, (0, 4.8))[0] / times.size for times in (t_s, every[0])]
        np.testing.assert_allclose(*shares, atol=0.01)


def test_the_last_trial_is_recorded_even_off_the_grid():
    np.testing.assert_allclose(quick(n_training_trials=7).history.checkpoint_t_s, [0, 1.2, 2.4, 2.8])


def test_no_training_leaves_the_record_of_the_start():
    empty = quick(n_training_trials=0)
    assert same(empty.weights, empty.initial_weights) and empty.history.checkpoint_t_s.tolist() == [0]
    assert np.isnan(empty.rates_hz["ts_train"]) and np.isnan(empty.history.stabilisation_t_s)
    assert empty.history.trial_spikes.shape == empty.history.binned.shape == (0, 3) and empty.history.pv_t_s.size == 0
    assert empty.history.dots["mon"][0].size == 0


def test_stabilisation_is_the_fifth_record_of_a_plateau():
    t_s, w = np.arange(1.0, 9.0), [0.5, 0.8, 1, 1.004, 1.008, 1.004, 1, 1]
    assert engine.stabilisation_time(t_s, w) == 7  # changes of at most .4 %
    assert np.isnan(engine.stabilisation_time(t_s, [0.5, 0.8, 1, 1.006, 1, 1.006, 1, 1]))
    assert np.isnan(engine.stabilisation_time([], [])) and np.isnan(engine.stabilisation_time([1], [1]))


# --- homeostasis


def test_homeostasis_pulls_sums_to_the_target():
    w, post = np.array([1.0, 2.0, 3.0, 4.0]), np.array([0, 0, 1, 1])
    found = engine.homeostasis(w, post, n_post=3, eta=0.1, w_max=10.0, target=6.0)
    np.testing.assert_allclose(found, [1.1, 2.2, 3 * (1 - 0.1 / 7), 4 * (1 - 0.1 / 7)])
    for _ in range(300):
        w = engine.homeostasis(w, post, n_post=3, eta=0.1, w_max=10.0, target=6.0)
    np.testing.assert_allclose(np.bincount(post, w), [6, 6], rtol=1e-6)
    free = engine.homeostasis(np.array([1.0, 3.0, 0.0]), np.arange(3), n_post=3, eta=0.05, w_max=9.0)
    np.testing.assert_allclose(free, [1 + 0.05 * (4 / 3 - 1), 3 * (1 + 0.05 * (4 / 9 - 1)), 0])


@pytest.mark.parametrize(("target", "w_max", "expected"), [(50, 9, 1.1), (0.1, 9, 0.9), (50, 1.05, 1.05)])
def test_scale_and_weight_are_clipped(target, w_max, expected):
    found = engine.homeostasis(np.array([1.0]), np.array([0]), n_post=1, eta=1, w_max=w_max, target=target)
    assert found[0] == expected


@pytest.mark.parametrize("name", ["mon_ts", "ll_mon"])
def test_homeostasis_acts_on_its_trials_and_pathway_after_the_record(name):
    p = without_plasticity(SHORT).replace(**{f"{name}_homeo_eta": 0.05, f"{name}_homeo_every_trials": 5})
    found = ll.simulate(p.replace(checkpoint_trials=1, n_training_trials=11), seed=1, controls=False)
    h, (_, post, w) = found.history, found.initial_weights[name]
    course = h.w_mean_abs_delta if name == "mon_ts" else h.ll_mon_std_mV
    assert (np.flatnonzero(np.diff(course)) + 1).tolist() == [6, 11]
    rule = dict(n_post=post.max() + 1, eta=0.05, w_max=1e3)
    rule["target"] = None if name == "mon_ts" else np.bincount(post, w).mean()
    for _ in range(2):
        w = engine.homeostasis(w, post, **rule)
    np.testing.assert_allclose(found.weights[name][2], w, rtol=1e-12)
    assert same(ll.simulate(p.replace(n_training_trials=11), seed=1, controls=False).weights, found.weights)


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


BAD = {
    "params is a dict; allowed: NetworkParams": dict(params={}),
    "seed = -1 is out of range": dict(seed=-1),
    "seed = 1.5 is not an integer": dict(seed=1.5),
    "keep = 0 is out of range": dict(keep=[0]),
    "keep = 13 is out of range; allowed: an integer from 1 to 12": dict(keep=(5, 13)),
}


def test_bad_input_is_one_clear_line():
    for fragment, change in BAD.items():
        with pytest.raises(ParameterError) as caught:
            ll.simulate(**{"params": SHORT} | change)
        assert fragment in str(caught.value) and "\n" not in str(caught.value)
