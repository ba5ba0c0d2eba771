"""The modes and the checks of the parameters; their values stand in the manual, which test_cli.py holds to them."""

import re

import pytest

from helpers.lateral_line import params
from helpers.lateral_line.params import NetworkParams, preset
from helpers.parameters import ParameterError


def test_without_plasticity_nothing_else_changes():
    before, still = preset("ll_baseline").to_dict(), params.without_plasticity(preset("ll_baseline")).to_dict()
    changed = {name for name in before if still[name] != before[name]}
    assert {still[name] for name in changed} == {0.0}
    assert changed == {f"{layer}_{step}" for layer in ("ll_mon", "mon_ts") for step in ("apre", "apost", "homeo_eta")}


BAD = {
    "n_training_trials = -1": dict(n_training_trials=-1),
    "distance_cm = 0 is out of range; allowed: a number in (0,": dict(distance_cm=0),
    "allowed: training_distance_min_cm <= training_distance_max_cm": dict(training_distance_min_cm=2.0),
    "allowed: 1 or -1": dict(direction=0),
    "give both": dict(eval_x_min_cm=1.0),
    "eval_x_min_cm < eval_x_max_cm": dict(eval_x_min_cm=2.0, eval_x_max_cm=2.0),
    "Euler": dict(dt_s=0.003),
    "smaller dt_s": dict(dt_s=0.002, trial_duration_s=0.001),
    "1 to 1e6": dict(speed_cm_s=1e-6),
    "vreset_mV < vth_mV": dict(vreset_mV=-50.0),
    "el_mV < vth_mV": dict(el_mV=-54.0),
    "raw, modulation": dict(ll_rate_mode="sum"),
}


def test_bad_values_are_refused_in_one_line():
    """Any hostile value of a field: tests/attack."""
    for message, change in BAD.items():
        with pytest.raises(ParameterError, match=rf"^[^\n]*{re.escape(message)}[^\n]*$"):
            NetworkParams().replace(**change)
    with pytest.raises(ParameterError, match="ll_thesis, ll_fast, ll_baseline, ll_fast_legacy"):
        preset("thesis")
