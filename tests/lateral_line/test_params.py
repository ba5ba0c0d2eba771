"""The parameter table: every value of the published model, its modes, and its checks."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.lateral_line import params
from helpers.lateral_line.params import MODES, NetworkParams, preset, topographic_counts
from helpers.parameters import ParameterError

# Field: base; ll_thesis and published recipe where they differ from what stands left of them.
TABLE = """
n_ll 100 | n_mon 3200 | n_ts 300 | dt_s 0.001 | trial_duration_s 1.2 | n_training_trials 200 1000 10000
checkpoint_trials 10 5 | pv_eval_every_checkpoints 2 | training_position_hold_s 0.05 | training_noise_scale_early 0
training_noise_scale_late 0 | training_noise_switch_fraction 0.5 | test_ll_noise_hz 0 | training_ordered_sweeps on
training_fixed_distance on off | training_bidirectional off | training_distance_min_cm 0.8
training_distance_max_cm 1.8 0.8 | speed_cm_s 5 | distance_cm 1.5 0.8 | direction 1 | sphere_radius_cm 0.5
ll_rate_mode raw | ll_rate_baseline_subtract_hz 0 | ll_rate_gain 1 | ll_body_length_cm 4 | test_path_cm 4 5
eval_x_min_cm - | eval_x_max_cm - | seed 123 | vth_mV -54 | vreset_mV -60 | el_mV -74 | tau_ref_ms 2 | tau_m_ms 10
tau_s_ms 2 | ll_to_mon_in_degree 3 10 | ll_to_mon_sigma 15 | ll_to_mon_topography_strength 0.01 0.08 0.2
ll_mon_w_mean_mV 7 11.5 | ll_mon_w_jitter_mV 3 | ll_mon_use_stdp off off on | ll_mon_apre 0.01 | ll_mon_apost -0.0105
ll_mon_wmax_mV 20 | ll_mon_w_init_mV 10 | ll_mon_w_jitter_stdp_mV 2 2 8 | ll_mon_homeo_eta 0 0 0.005
ll_mon_homeo_every_trials 10 | mon_to_ts_out_degree 16 | mon_to_ts_sigma 120 10
mon_to_ts_topography_strength 0.05 0.08 0.2 | mon_ts_apre 0.02 0.01 | mon_ts_apost -0.021 -0.006
mon_ts_wmax 0.045 0.028 | mon_ts_w_init 0.02 | mon_ts_w_jitter 0.01 0.005 | mon_ts_homeo_eta 0 0 0.001
mon_ts_homeo_every_trials 10 | mon_ts_gain_mV 30 72 220 | keep_mon_ts_stdp_during_test off
test_using_held_snapshots off | mon_to_global_inh_p 0.06 0.03 | mon_to_global_inh_drive_mV 0.5
global_inh_to_mon_mV 1.4 1.15 1.8 | ts_lateral_radius 14 18 | ts_local_inh_peak_mV 1 0.9 1.5
use_ts_feedback_inh off on | ts_to_global_inh_p 0.12 0.08 | ts_to_global_inh_drive_mV 0.35 0.25
global_inh_to_ts_mV 0.8 0.2 | bg_rate_mon_hz 22 22 18 | bg_rate_ts_hz 12 20 | bg_w_mon_mV 1.5 | bg_w_ts_mV 0.6 0.85
"""
ROWS = [row.split() for row in TABLE.strip().replace("\n", " | ").split(" | ")]
NEW = {"keep_ll_mon_stdp_during_test", "test_repeats", "teacher_rate_hz", "teacher_sigma", "teacher_w_mV"}
FIELDS = {field.name: field for field in dataclasses.fields(NetworkParams)}
WORDS = {"on": True, "off": False, "-": None, "raw": "raw"}


def test_the_table_is_complete():
    assert {row[0] for row in ROWS} | NEW == set(FIELDS) and len(ROWS) == 75


@pytest.mark.parametrize(("mode", "column"), [(None, 1), ("ll_thesis", 2), ("ll_baseline", 3)])
def test_values_of_the_modes(mode, column):
    values = preset(mode) if mode else NetworkParams()
    for name, *cells in ROWS:
        text = cells[min(column, len(cells)) - 1]
        expected = WORDS[text] if text in WORDS else float(text)
        assert getattr(values, name) == expected, name
        assert isinstance(getattr(values, name), bool) == isinstance(expected, bool), name


def test_small_modes_and_what_is_new_is_off():
    small = dict(n_mon=800, n_ts=80, trial_duration_s=0.8, n_training_trials=40)
    assert preset("ll_fast_legacy") == NetworkParams(**small)
    fast = preset("ll_baseline").replace(**small, mon_to_ts_sigma=3, ts_lateral_radius=5)
    assert preset("ll_fast") == fast and fast.distance_cm == 0.8 and fast.test_path_cm == 5
    for mode in MODES:
        p = preset(mode)
        assert (p.teacher_rate_hz, p.keep_ll_mon_stdp_during_test, p.test_repeats) == (0, False, 5)


def test_topography_rounds_half_to_even():
    assert topographic_counts(preset("ll_fast_legacy")) == (0, 1)
    assert topographic_counts(preset("ll_thesis").replace(ll_to_mon_topography_strength=0.25)) == (2, 1)


def test_without_plasticity():
    still = params.without_plasticity(preset("ll_baseline"))
    changed = {name for name in FIELDS if getattr(still, name) != getattr(preset("ll_baseline"), name)}
    assert {getattr(still, name) for name in changed} == {0.0}
    assert changed == {f"{layer}_{step}" for layer in ("ll_mon", "mon_ts") for step in ("apre", "apost", "homeo_eta")}


BAD = [
    (dict(n_training_trials=-1), "n_training_trials = -1"),
    (dict(n_mon=2.5), "not an integer"),
    (dict(distance_cm=0), "distance_cm = 0 is out of range; allowed: a number in (0,"),
    (dict(ts_to_global_inh_p=1.5), "allowed: a number in [0, 1]"),
    (dict(training_distance_min_cm=2.0), "allowed: training_distance_min_cm <= training_distance_max_cm"),
    (dict(mon_ts_apost=0.01), "mon_ts_apost"),
    (dict(direction=0), "allowed: 1 or -1"),
    (dict(eval_x_min_cm=1.0), "give both"),
    (dict(eval_x_min_cm=2.0, eval_x_max_cm=2.0), "eval_x_min_cm < eval_x_max_cm"),
    (dict(dt_s=0.003), "Euler"),
    (dict(dt_s=0.002, trial_duration_s=0.001), "smaller dt_s"),
    (dict(speed_cm_s=1e-6), "1 to 1e6"),
    (dict(vreset_mV=-50.0), "vreset_mV < vth_mV"),
    (dict(el_mV=-54.0), "el_mV < vth_mV"),
    (dict(ll_rate_mode="sum"), "raw, modulation"),
    (dict(training_bidirectional=1), "True or False"),
    (dict(teacher_sigma=0.0), "teacher_sigma"),
    (dict(test_repeats=0), "test_repeats = 0"),
]


def test_bad_values_are_refused_in_one_line():
    for change, message in BAD:
        with pytest.raises(ParameterError) as refused:
            NetworkParams().replace(**change)
        assert message in str(refused.value) and "\n" not in str(refused.value)
    with pytest.raises(ParameterError, match="ll_thesis, ll_fast, ll_baseline, ll_fast_legacy"):
        preset("thesis")


def test_the_window_is_the_body_unless_given():
    assert NetworkParams().window_cm == (0, 4)
    assert NetworkParams(eval_x_min_cm=1.0, eval_x_max_cm=2.5).window_cm == (1, 2.5)


@given(st.sampled_from(sorted(FIELDS)), st.one_of(st.floats(), st.integers(), st.text(max_size=5), st.none()))
def test_a_field_is_either_accepted_or_refused_in_one_line(name, value):
    try:
        changed = NetworkParams().replace(**{name: value})
    except ParameterError as refused:
        assert "\n" not in str(refused)
    else:
        assert getattr(changed, name) == value
