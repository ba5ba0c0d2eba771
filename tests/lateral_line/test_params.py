"""The parameter table: every value and flag of the published model, its modes, its checks, and the README."""

import dataclasses
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.lateral_line import cli, params
from helpers.lateral_line.params import MODES, NetworkParams, preset, topographic_counts
from helpers.parameters import ParameterError

ROOT = Path(__file__).resolve().parents[2]

# Field, flag, x if the flag stands in the original's README, value in: base, ll_thesis, published recipe.
TABLE = """
n_ll                                 --n-ll                           . 100 100 100
n_mon                                --n-mon                          . 3200 3200 3200
n_ts                                 --n-ts                           . 300 300 300
dt_s                                 --dt-s                           . 0.001 0.001 0.001
trial_duration_s                     --trial-duration-s               . 1.2 1.2 1.2
n_training_trials                    --n-training-trials              x 200 1000 10000
checkpoint_trials                    --checkpoint-trials              . 10 5 5
pv_eval_every_checkpoints            --pv-eval-every-checkpoints      . 2 2 2
checkpoint_save_every_n_checkpoints  --checkpoint-save-every-n        . 10 10 10
training_position_hold_s             --training-position-hold-s       . 0.05 0.05 0.05
training_noise_scale_early           --training-noise-early           . 0 0 0
training_noise_scale_late            --training-noise-late            . 0 0 0
training_noise_switch_fraction       --training-noise-switch          . 0.5 0.5 0.5
test_ll_noise_hz                     --test-ll-noise-hz               . 0 0 0
training_ordered_sweeps              --training-ordered-sweeps        . on on on
training_fixed_distance              --training-fixed-distance        . on off off
training_bidirectional               --training-bidirectional         . off off off
training_distance_min_cm             --training-distance-min-cm       x 0.8 0.8 0.8
training_distance_max_cm             --training-distance-max-cm       x 1.8 0.8 0.8
speed_cm_s                           --speed-cm-s                     . 5 5 5
distance_cm                          --distance-cm                    x 1.5 0.8 0.8
direction                            --direction                      . 1 1 1
sphere_radius_cm                     --sphere-radius-cm               . 0.5 0.5 0.5
ll_rate_mode                         --ll-rate-mode                   x raw raw raw
ll_rate_baseline_subtract_hz         --ll-baseline-subtract-hz        x 0 0 0
ll_rate_gain                         --ll-rate-gain                   x 1 1 1
ll_body_length_cm                    --ll-body-length-cm              . 4 4 4
test_path_cm                         --test-path-cm                   . 4 5 5
eval_x_min_cm                        --eval-x-min                     . - - -
eval_x_max_cm                        --eval-x-max                     . - - -
seed                                 --seed-start                     x 123 123 123
vth_mV                               --vth-mv                         . -54 -54 -54
vreset_mV                            --vreset-mv                      . -60 -60 -60
el_mV                                --el-mv                          . -74 -74 -74
tau_ref_ms                           --tau-ref-ms                     . 2 2 2
tau_m_ms                             --tau-m-ms                       . 10 10 10
tau_s_ms                             --tau-s-ms                       . 2 2 2
p_ll_to_mon                          --p-ll-to-mon                    . 0.03 0.03 0.03
ll_to_mon_in_degree                  --ll-mon-in-degree               . 3 10 10
ll_to_mon_sigma                      --ll-mon-sigma                   . 15 15 15
ll_to_mon_topography_strength        --ll-mon-topo                    x 0.01 0.08 0.2
ll_mon_w_mean_mV                     --ll-mon-w-mean-mv               . 7 11.5 11.5
ll_mon_w_jitter_mV                   --ll-mon-w-jitter-mv             . 3 3 3
ll_mon_use_stdp                      --use-ll-mon-stdp                x off off on
ll_mon_apre                          --ll-mon-apre                    x 0.01 0.01 0.01
ll_mon_apost                         --ll-mon-apost                   x -0.0105 -0.0105 -0.0105
ll_mon_wmax_mV                       --ll-mon-wmax-mv                 x 20 20 20
ll_mon_w_init_mV                     --ll-mon-w-init-mv               x 10 10 10
ll_mon_w_jitter_stdp_mV              --ll-mon-w-jitter-stdp-mv        . 2 2 8
ll_mon_homeo_eta                     --ll-mon-homeo-eta               . 0 0 0.005
ll_mon_homeo_every_trials            --ll-mon-homeo-every-trials      . 10 10 10
mon_to_ts_out_degree                 --mon-ts-out-degree              x 16 16 16
mon_to_ts_sigma                      --mon-ts-sigma                   x 120 10 10
mon_to_ts_topography_strength        --mon-ts-topo                    x 0.05 0.08 0.2
mon_ts_apre                          --mon-ts-apre                    . 0.02 0.01 0.01
mon_ts_apost                         --mon-ts-apost                   . -0.021 -0.006 -0.006
mon_ts_wmax                          --mon-ts-wmax                    . 0.045 0.028 0.028
mon_ts_w_init                        --mon-ts-w-init                  . 0.02 0.02 0.02
mon_ts_w_jitter                      --mon-ts-w-jitter                . 0.01 0.005 0.005
mon_ts_homeo_eta                     --mon-ts-homeo-eta               . 0 0 0.001
mon_ts_homeo_every_trials            --mon-ts-homeo-every-trials      . 10 10 10
mon_ts_gain_mV                       --mon-ts-gain-mv                 x 30 72 220
keep_mon_ts_stdp_during_test         --keep-mon-ts-stdp-during-test   x off off off
test_using_held_snapshots            --test-using-held-snapshots      x off off off
mon_to_global_inh_p                  --mon-global-inh-p               . 0.06 0.03 0.03
mon_to_global_inh_drive_mV           --mon-global-inh-drive-mv        . 0.5 0.5 0.5
global_inh_to_mon_mV                 --mon-global-inh-mv              x 1.4 1.15 1.8
ts_lateral_radius                    --ts-lateral-radius              x 14 18 18
ts_local_inh_peak_mV                 --ts-local-inh-peak-mv           x 1 0.9 1.5
use_ts_feedback_inh                  --use-ts-feedback-inh            x off on on
ts_to_global_inh_p                   --ts-feedback-p                  x 0.12 0.08 0.08
ts_to_global_inh_drive_mV            --ts-feedback-drive-mv           x 0.35 0.25 0.25
global_inh_to_ts_mV                  --ts-feedback-inh-mv             x 0.8 0.2 0.2
bg_rate_mon_hz                       --bg-rate-mon-hz                 x 22 22 18
bg_rate_ts_hz                        --bg-rate-ts-hz                  x 12 20 20
bg_w_mon_mV                          --bg-w-mon-mv                    . 1.5 1.5 1.5
bg_w_ts_mV                           --bg-w-ts-mv                     x 0.6 0.85 0.85
"""
ROWS = [line.split() for line in TABLE.strip().splitlines()]
RECIPE = """--mode ll_thesis --use-ll-mon-stdp --ll-mon-topo 0.2 --mon-ts-topo 0.2 --ll-mon-in-degree 10
--ll-mon-w-jitter-stdp-mv 8 --ll-mon-w-init-mv 10 --ll-mon-apre 0.010 --ll-mon-apost -0.0105 --ll-mon-wmax-mv 20
--ll-mon-homeo-eta 0.005 --mon-ts-homeo-eta 0.001 --mon-ts-gain-mv 220 --ts-local-inh-peak-mv 1.5 --bg-rate-mon-hz 18
--mon-global-inh-mv 1.8 --n-training-trials 10000 --seed-start 123 --training-distance-min-cm 0.8
--training-distance-max-cm 0.8"""
NEW = {"keep_ll_mon_stdp_during_test", "test_repeats"}
FIELDS = {field.name: field for field in dataclasses.fields(NetworkParams)}


def same(text, value):
    if isinstance(value, bool) or value is None:
        return text == {True: "on", False: "off", None: "-"}[value]
    return text == value if isinstance(value, str) else float(text) == value


def applied(*argv):
    """Return the parameters that a command line gives."""
    args = cli.parser().parse_args(argv)
    return cli._apply(preset(args.mode or "ll_thesis"), args)


def test_the_table_is_complete():
    assert {row[0] for row in ROWS} | NEW == set(FIELDS) and len(ROWS) == 77


@pytest.mark.parametrize(("mode", "column"), [(None, 3), ("ll_thesis", 4), ("ll_baseline", 5)])
def test_values_of_the_modes(mode, column):
    values = preset(mode) if mode else NetworkParams()
    wrong = {row[0]: getattr(values, row[0]) for row in ROWS if not same(row[column], getattr(values, row[0]))}
    assert wrong == {}


def test_small_modes():
    small = dict(n_mon=800, n_ts=80, trial_duration_s=0.8, n_training_trials=40)
    assert preset("ll_fast_legacy") == NetworkParams(**small)
    fast = preset("ll_baseline").replace(**small, mon_to_ts_sigma=3, ts_lateral_radius=5)
    assert preset("ll_fast") == fast and fast.distance_cm == 0.8 and fast.test_path_cm == 5


def test_the_published_command_line_is_the_mode_ll_baseline():
    assert applied(*RECIPE.split()) == preset("ll_baseline")


def another(field, value):
    """Return the words of a flag that changes a field, and the value it should then have."""
    flag = field.metadata["flags"][0]
    if isinstance(value, bool):
        return [f"--no-{flag[2:]}" if value else flag], not value
    if field.metadata["options"]:
        return [flag, "modulation"], "modulation"
    if field.name in ("direction", "n_training_trials"):
        return [flag, "-1" if field.name == "direction" else "0"], -1 if field.name == "direction" else 0
    if isinstance(value, int):
        return [flag, str(value + 1)], value + 1
    new = 1.0 if value is None else value * 1.01 if value else 0.001
    return [flag, repr(new)], new


PAIRED = {
    "eval_x_min_cm": ["--eval-x-max", "3"],
    "eval_x_max_cm": ["--eval-x-min", "0.5"],
    "training_distance_min_cm": ["--training-distance-max-cm", "2"],
}


@pytest.mark.parametrize("name", FIELDS)
def test_every_flag_changes_its_field_and_no_other(name):
    words, value = another(FIELDS[name], getattr(preset("ll_thesis"), name))
    more = PAIRED.get(name, [])
    partners = {key for key in FIELDS if more and params.flags()[key][0] == more[0]}
    got = applied(*words, *more)
    assert getattr(got, name) == value
    changed = {key for key in FIELDS if getattr(got, key) != getattr(preset("ll_thesis"), key)}
    assert changed == {name} | partners


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[1])
def test_flags_have_their_published_names(row):
    assert row[1] == params.flags()[row[0]][0]


README_FLAGS = """
--bg-rate-mon-hz --bg-rate-ts-hz --bg-w-ts-mv --disable-all-stdp --distance-cm --keep-mon-ts-stdp-during-test
--ll-baseline-subtract-hz --ll-mon-apost --ll-mon-apre --ll-mon-topo --ll-mon-w-init-mv --ll-mon-wmax-mv
--ll-rate-gain --ll-rate-mode --mode --mon-global-inh-mv --mon-ts-gain-mv --mon-ts-out-degree --mon-ts-sigma
--mon-ts-topo --multi-seed --n-training-trials --run-name --save-tag --save-weights-dir --seed-start
--test-using-held-snapshots --training-distance-max-cm --training-distance-min-cm --ts-feedback-drive-mv
--ts-feedback-inh-mv --ts-feedback-p --ts-lateral-radius --ts-local-inh-peak-mv --use-ll-mon-stdp
--use-ts-feedback-inh
"""


def test_every_flag_of_the_originals_readme_exists():
    spelt = {flag for action in cli.parser()._actions for flag in action.option_strings}
    assert len(README_FLAGS.split()) == 36 and set(README_FLAGS.split()) <= spelt
    assert {row[1] for row in ROWS if row[2] == "x"} <= set(README_FLAGS.split())
    assert {"--eval-x-min-cm", "--eval-x-max-cm", "--resume-from"} <= spelt


def test_topography_is_quantised():
    knob = {0.08: (1, 1), 0.1: (1, 2), 0.15: (2, 2), 0.2: (2, 3), 0.4: (4, 6), 0.6: (6, 10), 0.8: (8, 13), 0: (0, 0)}
    thesis = preset("ll_thesis")
    for q, counts in knob.items():
        set_to = thesis.replace(ll_to_mon_topography_strength=q, mon_to_ts_topography_strength=q)
        assert topographic_counts(set_to) == counts
    assert topographic_counts(preset("ll_fast_legacy")) == (0, 1)


def test_without_plasticity():
    still = params.without_plasticity(preset("ll_baseline"))
    changed = {name for name in FIELDS if getattr(still, name) != getattr(preset("ll_baseline"), name)}
    assert {getattr(still, name) for name in changed} == {0.0}
    assert changed == {f"{layer}_{step}" for layer in ("ll_mon", "mon_ts") for step in ("apre", "apost", "homeo_eta")}


BAD = [
    (dict(n_training_trials=-1), "n_training_trials = -1"),
    (dict(n_mon=0), "n_mon = 0"),
    (dict(n_mon=2.5), "not an integer"),
    (dict(distance_cm=0), "distance_cm = 0 is out of range; allowed: a number in (0,"),
    (dict(distance_cm=float("nan")), "distance_cm"),
    (dict(ts_to_global_inh_p=1.5), "allowed: a number in [0, 1]"),
    (dict(ll_to_mon_topography_strength=1.01), "[0, 1]"),
    (dict(training_distance_min_cm=2.0), "allowed: training_distance_min_cm <= training_distance_max_cm"),
    (dict(tau_m_ms=0), "tau_m_ms"),
    (dict(mon_ts_apost=0.01), "mon_ts_apost"),
    (dict(ll_mon_apre=-0.01), "ll_mon_apre"),
    (dict(direction=0), "allowed: 1 or -1"),
    (dict(eval_x_min_cm=1.0), "give both"),
    (dict(eval_x_min_cm=2.0, eval_x_max_cm=2.0), "eval_x_min_cm < eval_x_max_cm"),
    (dict(eval_x_min_cm=0.0, eval_x_max_cm=float("inf")), "eval_x_max_cm"),
    (dict(dt_s=0.003), "Euler"),
    (dict(dt_s=0.002, trial_duration_s=0.001), "smaller dt_s"),
    (dict(speed_cm_s=1e-6), "1 to 1e6"),
    (dict(vreset_mV=-50.0), "vreset_mV < vth_mV"),
    (dict(ll_rate_mode="sum"), "raw, modulation"),
    (dict(training_bidirectional=1), "True or False"),
    (dict(seed=-1), "seed"),
]


@pytest.mark.parametrize(("change", "message"), BAD, ids=lambda value: str(value)[:40])
def test_bad_values_are_refused_in_one_line(change, message):
    with pytest.raises(ParameterError) as refused:
        NetworkParams().replace(**change)
    assert message in str(refused.value) and "\n" not in str(refused.value)


def test_unknown_mode_is_refused():
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


def test_the_table_of_flags_in_commands_md_is_the_generated_one():
    text = (ROOT / "COMMANDS.md").read_text(encoding="utf-8")
    found = re.search(r"<!-- lateral_line flags -->\n(.*?)\n<!-- /lateral_line flags -->", text, re.S)
    assert found[1].strip() == params.flag_table().to_markdown()


def test_the_table_of_flags_names_every_field_once():
    table = params.flag_table()
    assert [row[1] for row in table.rows] == list(FIELDS) and table.columns[2:6] == MODES
