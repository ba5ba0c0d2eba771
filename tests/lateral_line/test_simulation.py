"""Runs as a whole: freezing, controls, repetition, resuming bit for bit, history, silence, bad input."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from helpers.lateral_line import evaluate, metrics, simulate, training, wiring
from helpers.lateral_line.params import preset, without_plasticity
from helpers.parameters import BackendError, ParameterError

ROOT = Path(__file__).resolve().parents[2]
SHORT = preset("ll_fast").replace(
    n_training_trials=12, checkpoint_trials=3, checkpoint_save_every_n_checkpoints=1, trial_duration_s=0.4
)
VARIED = SHORT.replace(
    training_distance_max_cm=1.2,
    training_noise_scale_early=0.5,
    training_bidirectional=True,
    training_ordered_sweeps=False,
)
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Brian2 on pyparsing 3.3
QUICK = dict(test_repeats=2, controls=False)


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
    return simulate(SHORT, seed=5, test_repeats=3)


def test_same_seed_same_bits_other_seed_other(result):
    assert same(result, simulate(SHORT, seed=5, test_repeats=3))
    assert not same(result, simulate(SHORT, seed=6, test_repeats=3))
    assert same(simulate(SHORT.replace(seed=5), **QUICK).weights, result.weights)


def test_training_changes_weights_and_they_reproduce_the_test_when_reloaded(result):
    for name in ("ll_mon", "mon_ts"):
        before, after = result.initial_weights[name], result.weights[name]
        assert np.array_equal(before[0], after[0]) and not np.array_equal(before[2], after[2])
    again = evaluate(SHORT, result.weights, seed=5, test_repeats=3)
    for name in ("quality", "quality_window", "controls", "repeats", "weights", "initial_weights", "tuning_width_cm"):
        assert same(getattr(again, name), getattr(result, name)), name
    assert same(again.test.spikes, result.test.spikes)
    assert np.isnan(again.rates_hz["mon_train"]) and again.rates_hz["mon_test"] == result.rates_hz["mon_test"]


def test_evaluation_takes_synapses_in_any_order(result):
    order = np.random.default_rng(0).permutation(result.weights["ll_mon"][0].size)
    order = order[np.argsort(result.weights["ll_mon"][0][order], kind="stable")]
    shuffled = {"ll_mon": tuple(a[order] for a in result.weights["ll_mon"]), "mon_ts": result.weights["mon_ts"]}
    found = evaluate(SHORT, shuffled, seed=5, **QUICK)
    assert found.quality.sigma_theta_rad == pytest.approx(result.quality.sigma_theta_rad, abs=0.3)


def test_test_leaves_weights_alone_unless_told(result):
    for flag, name in (("keep_ll_mon_stdp_during_test", "ll_mon"), ("keep_mon_ts_stdp_during_test", "mon_ts")):
        kept = evaluate(SHORT.replace(**{flag: True}), result.weights, seed=5, **QUICK)
        assert same(kept.weights[name], result.weights[name])  # each repeat starts from the given weights
        assert not same(kept.test.spikes, result.test.spikes)


def test_without_plasticity_nothing_changes():
    for start in (SHORT, SHORT.replace(ll_mon_use_stdp=False)):
        still = simulate(without_plasticity(start), seed=5, **QUICK)
        assert same(still.weights, still.initial_weights)
        assert (still.history.w_mean_abs_delta == 0).all()


def test_fixed_ll_mon_weights_stay():
    fixed = simulate(SHORT.replace(ll_mon_use_stdp=False), seed=5, **QUICK)
    assert same(fixed.weights["ll_mon"], fixed.initial_weights["ll_mon"])
    assert not same(fixed.weights["mon_ts"], fixed.initial_weights["mon_ts"])


def test_controls_are_what_they_say(result):
    names = {
        f"{key}{tag}" for tag in ("", "_window") for key in ("sigma_theta_rad", "delta_trial_rad", "valid_fraction")
    }
    for control in ("untrained", "shuffled"):
        assert set(result.controls[control]) == names | {"ts_spikes_test"}
    untrained = simulate(SHORT.replace(n_training_trials=0), seed=5, test_repeats=3)
    expected = (
        untrained.quality.sigma_theta_rad,
        untrained.quality_window.valid_fraction_window,
        untrained.ts_spikes_test,
    )
    found = [result.controls["untrained"][k] for k in ("sigma_theta_rad", "valid_fraction_window", "ts_spikes_test")]
    assert found == pytest.approx(expected)
    permuted = wiring.stream(5, 5).permutation(result.weights["mon_ts"][2])
    weights = result.weights | {"mon_ts": (*result.weights["mon_ts"][:2], permuted)}
    shuffled = evaluate(SHORT, weights, seed=5, test_repeats=3, controls=False)
    assert result.controls["shuffled"]["ts_spikes_test"] == shuffled.ts_spikes_test
    assert 1 < result.controls["chance_rad"] < 3
    assert untrained.controls["untrained"]["sigma_theta_rad"] == expected[0]


def test_numbers_agree_with_the_recording(result):
    spikes = result.test.spikes["ts"]
    first = metrics.map_quality(*spikes, result.test.x_cm, n_cells=SHORT.n_ts)
    assert result.repeats["sigma_theta_rad"][0] == first.sigma_theta_rad
    assert result.repeats["ts_spikes_test"][0] == spikes[0].size == result.test.counts["ts"].sum()
    assert result.ts_spikes_test == result.repeats["ts_spikes_test"].mean()
    assert result.quality.sigma_theta_rad == pytest.approx(result.repeats["sigma_theta_rad"].mean())
    assert np.unique(result.repeats["ts_spikes_test"]).size == 3
    train = result.history.trial_spikes
    assert train.shape == (12, 3)
    assert result.rates_hz["mon_train"] == pytest.approx(train[:, 1].sum() / 800 / 4.8)
    assert result.spikes_total["ts"] == train[:, 2].sum() + spikes[0].size


def test_recordings_cover_the_last_seconds(result):
    assert (result.tail.n_steps, result.tail.t0_s) == (2000, pytest.approx(2.8))
    assert (result.preview.n_steps, result.preview.t0_s) == (4800, 0)
    assert result.test.t0_s == pytest.approx(4.8) and result.test.n_steps == 1000
    for layer in ("ll", "mon", "ts"):
        steps, cells = result.preview.spikes[layer]
        late = steps >= 2800
        assert np.array_equal(result.tail.spikes[layer][0], steps[late] - 2800)
        assert np.array_equal(result.tail.spikes[layer][1], cells[late])
        per_trial = result.preview.counts[layer].reshape(12, 400).sum(axis=1)
        assert np.array_equal(per_trial, result.history.trial_spikes[:, ("ll", "mon", "ts").index(layer)])
    assert result.preview.x_cm.shape == (4800,) and steps.dtype == cells.dtype == np.int32


def test_memory_does_not_grow_with_trials():
    """What a training keeps is a window: blocks of 20 s, and of the interval."""
    params = preset("ll_fast").replace(n_mon=50, n_ts=20, n_training_trials=400, checkpoint_trials=400)
    seen = simulate(params, seed=1, **QUICK)
    assert seen.preview.n_steps == 20_000 and seen.preview.t0_s == pytest.approx(300)
    blocks = [dataclasses.replace(seen.tail) for _ in range(100)]
    assert len(training._last(blocks, 20.0)) == 10 and len(training._last(blocks[:3], 20.0)) == 3


# --- resuming


@pytest.mark.parametrize("params", [SHORT, VARIED], ids=["recipe", "varied"])
def test_a_resumed_run_is_the_uninterrupted_run(params):
    states = []
    whole = simulate(params, seed=9, on_checkpoint=states.append, **QUICK)
    assert [int(state["trial_idx"]) for state in states] == [2, 5, 8, 11]
    for state in (states[0], states[2], states[3]):
        assert same(simulate(params, seed=9, start=state, **QUICK), whole)


def test_states_hold_plain_arrays_under_the_original_names():
    states = []
    simulate(SHORT, seed=9, on_checkpoint=states.append, **QUICK)
    names = "trial_idx mon_ts_w ll_mon_w_mV checkpoint_t_s w_mean_series w_std_series tracked_weight_series"
    names += " w_mean_abs_delta_series w_frac_delta_gt_1e3_series ts_ckpt_rate_series pv_ckpt_t_s pv_sigma_theta_series"
    assert set(f"{names} pv_delta_trial_series".split()) <= set(states[0])
    assert not any(np.asarray(value).dtype.hasobject for value in states[0].values())
    assert sum(np.asarray(value).nbytes for value in states[-1].values()) < 5e6


def test_checkpoints_come_after_every_nth_record():
    trials = []
    params = SHORT.replace(checkpoint_save_every_n_checkpoints=2)
    simulate(params, seed=9, on_checkpoint=lambda state: trials.append(int(state["trial_idx"])), **QUICK)
    assert trials == [5, 11]


def test_a_foreign_state_is_refused():
    states = []
    simulate(SHORT, seed=9, on_checkpoint=states.append, **QUICK)
    state = states[1]
    bad = {
        "start is of seed 9, after 6 trials; allowed: seed 8": (dict(seed=8), state),
        "at most 4 trials": (dict(params=SHORT.replace(n_training_trials=4), seed=9), state),
        "start lacks rng": (dict(seed=9), {k: v for k, v in state.items() if k != "rng"}),
        "start lacks w_mean_series": (dict(seed=9), {k: v for k, v in state.items() if k != "w_mean_series"}),
        "mon_ts_w is missing or not of shape (12800,)": (dict(seed=9), state | {"mon_ts_w": np.zeros(5)}),
    }
    for fragment, (arguments, start) in bad.items():
        with pytest.raises(ParameterError) as caught:
            simulate(**{"params": SHORT, **arguments}, start=start, **QUICK)
        assert fragment in str(caught.value) and "\n" not in str(caught.value)


# --- history


def test_history_has_one_entry_per_record(result):
    h = result.history
    np.testing.assert_allclose(h.checkpoint_t_s, [1.2, 2.4, 3.6, 4.8])
    np.testing.assert_allclose(h.pv_t_s, [2.4, 4.8])
    assert h.tracked.shape == (4, 24) and h.pv_sigma_theta.shape == h.pv_delta_trial.shape == (2,)
    expected = h.trial_spikes[:, 2].reshape(4, 3).sum(axis=1) / SHORT.n_ts / 1.2
    np.testing.assert_allclose(h.ts_rate_hz, expected)
    start = 8400 - 4800
    late = result.preview.spikes["ts"][0] >= start
    steps, cells = (part[late] for part in result.preview.spikes["ts"])
    found = metrics.map_quality(steps - start, cells, result.preview.x_cm[start:], n_cells=SHORT.n_ts)
    assert h.pv_sigma_theta[-1] == found.sigma_theta_rad


def test_the_last_trial_is_recorded_even_off_the_grid():
    h = simulate(SHORT.replace(n_training_trials=7), seed=1, **QUICK).history
    np.testing.assert_allclose(h.checkpoint_t_s, [1.2, 2.4, 2.8])


def test_homeostasis_acts_only_on_its_trials():
    params = without_plasticity(SHORT).replace(mon_ts_homeo_eta=0.05, mon_ts_homeo_every_trials=5)
    h = simulate(params.replace(checkpoint_trials=1, n_training_trials=11), seed=1, **QUICK).history
    changed = np.flatnonzero(np.diff(h.w_mean_abs_delta)) + 1
    assert changed.tolist() == [5, 10]  # a record comes before the homeostasis of its trial


def test_no_training_gives_empty_history_and_equal_weights():
    empty = simulate(SHORT.replace(n_training_trials=0), seed=5, **QUICK)
    assert same(empty.weights, empty.initial_weights) and empty.history.checkpoint_t_s.size == 0
    assert np.isnan(empty.rates_hz["ts_train"]) and np.isnan(empty.history.stabilisation_t_s)
    assert empty.tail.n_steps == 0 and empty.preview.spikes["mon"][0].size == 0


def test_a_silent_run_gives_nan_and_says_so():
    silent = simulate(preset("ll_fast_legacy").replace(n_training_trials=2), seed=123, test_repeats=1)
    assert silent.quality.silent and np.isnan(silent.quality.sigma_theta_rad)
    assert silent.ts_spikes_test == 0 and np.isnan(silent.controls["chance_rad"])
    assert np.isnan(silent.tuning_width_cm["ts"]).all()


# --- bad input, imports


BAD = [
    (dict(params={}), ParameterError, "params is a dict; allowed: a NetworkParams"),
    (dict(backend="neuron"), ParameterError, "choose one of: numba, brian2"),
    (dict(seed=-1), ParameterError, "seed = -1 is out of range"),
    (dict(seed=1.5), ParameterError, "seed = 1.5 is not an integer"),
    (dict(test_repeats=0), ParameterError, "test_repeats = 0 is out of range"),
    (dict(backend="brian2", on_checkpoint=print), BackendError, "cannot be saved and resumed"),
]


@pytest.mark.parametrize(("change", "error", "fragment"), BAD, ids=[bad[2] for bad in BAD])
def test_bad_input_is_one_clear_line(change, error, fragment):
    with pytest.raises(error) as caught:
        simulate(**{"params": SHORT.replace(n_training_trials=0), **change})
    assert fragment in str(caught.value) and "\n" not in str(caught.value)


def test_a_missing_engine_is_one_line_with_the_way_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "brian2", None)
    monkeypatch.delitem(sys.modules, "helpers.lateral_line.reference", raising=False)
    with pytest.raises(BackendError, match=r"backend 'brian2' is not installed .*pip install brian2"):
        simulate(SHORT, backend="brian2")


def test_the_package_is_light_and_numba_comes_with_the_first_run():
    code = (
        "import sys, helpers.lateral_line as ll; from helpers.lateral_line import params, stimulus, simulation;"
        "assert not {'numba', 'brian2', 'matplotlib.pyplot', 'scipy.signal'} & set(sys.modules); print(ll.__all__)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
