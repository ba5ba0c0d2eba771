"""Files of a run: what is in them and of which type, that the same run gives the same bytes, and damaged files."""

import dataclasses
import json
import math

import numpy as np
import pytest

from helpers import lateral_line, storage
from helpers.lateral_line import files, measures
from helpers.lateral_line.params import NetworkParams, preset
from helpers.parameters import HelpersError, OutputError, ParameterError

PARAMS = preset("ll_fast").replace(
    n_mon=200, n_ts=20, trial_duration_s=0.1, n_training_trials=6, checkpoint_trials=2, test_repeats=2, seed=7
)


@pytest.fixture(scope="module")
def result():
    """A small run."""
    return lateral_line.simulate(PARAMS)


def written(result, folder):
    """Write the files of a run and return its folder."""
    files.begin(folder, result.params, mode="ll_fast", seed_start=7, multi_seed=1, seeds=[7], save_tag="tag")
    files.save_weights(result, folder / "artifacts", tag="tag", mode="ll_fast")
    files.save_scores(result, folder)
    files.write_summary(folder)
    return folder


@pytest.fixture
def folder(result, tmp_path):
    return written(result, tmp_path / "Runs" / "x")


@pytest.fixture
def npz(folder):
    return folder / "artifacts" / "tag_seed_7.npz"


def read(path):
    """Return the content of a json file in which NaN and infinity are not allowed."""
    return json.loads(path.read_text(), parse_constant=pytest.fail)


# --- what is written


def test_params_json_tells_how_to_repeat_the_run_also_without_git(folder, tmp_path, monkeypatch):
    record = read(folder / "params.json")
    names = "mode seed_start multi_seed run_folder network_params schema_version effective_topographic_counts versions"
    assert {*names.split(), "source", "git_commit", "seeds", "save_tag", "sha256"} == set(record)
    assert record["network_params"] == PARAMS.to_dict() and record["run_folder"] == "x"
    assert record["effective_topographic_counts"] == {"ll_mon": 2, "mon_ts": 3}
    monkeypatch.setenv("PATH", str(tmp_path))
    files.begin(tmp_path / "r", PARAMS, seeds=[7])
    bare = read(tmp_path / "r" / "params.json")
    assert bare["git_commit"] is None and len(bare["source"]) == 16 and bare["source"] == record["source"]


RESULTS = """seed:int distance_cm:float test_ll_noise_hz:float sigma_theta_rad:float valid_fraction:float
delta_trial_rad:float sigma_theta_ll_rad:float delta_trial_ll_rad:float sigma_w_ll_cm:float sigma_w_mon_cm:float
sigma_w_ts_cm:float ts_spikes_during_test_window:int stabilisation_t_s:NoneType"""
SUMMARY = """ll_mon_topo:float mon_ts_topo:float mon_ts_sigma:float mon_ts_gain_mV:float seed:int
ts_spikes_during_test_window:int pv_map_quality:dict pv_map_quality_window:dict controls:dict"""
QUALITY = "sigma_theta_rad:float delta_trial_rad:float valid_fraction:float usable:bool silent:bool n_spikes:float"
SIDECAR = """mode:str n_ll:int n_mon:int n_ts:int speed_cm_s:float distance_cm:float direction:float
training_noise_scale_early:float training_noise_scale_late:float mon_ts_apre:float mon_ts_apost:float
mon_ts_wmax:float schema_version:int network_params:dict"""


def test_types_are_those_of_the_documents(folder, npz):
    summary = read(folder / "run_summary.json")
    pairs = [(read(files.scores_file(folder, 7)), RESULTS), (summary, SUMMARY)]
    pairs += [(summary["pv_map_quality"], QUALITY), (summary["pv_map_quality_window"], QUALITY)]
    pairs += [(summary["controls"][name], "sigma_theta_rad:float usable:bool") for name in ("untrained", "shuffled")]
    pairs.append((read(npz.with_name("tag_seed_7_params.json")), SIDECAR))
    for record, names in pairs:
        for name, kind in (word.split(":") for word in names.split()):
            assert type(record[name]).__name__ == kind, name
    assert len(summary) == len([*SUMMARY.split(), "sha256"])


def test_scores_are_those_of_the_result(folder, result):
    step, cell = result.test.spikes["ts"]
    half = result.test.spikes | {"ts": (step[cell < 10], cell[cell < 10])}  # so that some cells have no width
    test, silent = dataclasses.replace(result.test, spikes=half), measures.map_quality([], [], [0.0, 1.0], n_cells=3)
    files.save_scores(dataclasses.replace(result, test=test, quality_window=silent), folder)
    scores, summary = read(files.scores_file(folder, 7)), read(folder / "run_summary.json")
    assert scores["pv_map_quality"] == summary["pv_map_quality"] == dataclasses.asdict(result.quality)
    assert scores["pv_map_quality_window"]["sigma_theta_rad"] is None, "what is no number becomes null"
    assert scores["sigma_theta_ll_rad"] == result.quality_ll.sigma_theta_rad
    assert scores["ts_spikes_during_test_window"] == round(np.mean(result.repeats["ts_spikes_test"]))
    assert scores["spikes_total"]["ts"] == scores["ts_spikes_during_training"] + step.size
    w, before = result.weights["mon_ts"][2], result.initial_weights["mon_ts"][2]
    assert scores["mon_ts"]["synapses"] == w.size == 3200
    assert math.isclose(scores["mon_ts"]["mean_abs_dw"], np.abs(w - before).mean(), rel_tol=0.02)
    assert scores["mon_ts"]["at_w_max"] == np.mean(w == PARAMS.mon_ts_wmax) > 0
    assert scores["mon_ts"]["at_0"] == np.mean(w == 0) > 0
    curves = measures.tuning_curves(*test.spikes["ts"], test.x_cm, n_cells=20)
    width = measures.half_maximum_width(curves, np.ptp(test.x_cm))
    assert np.isnan(width).sum() >= 10 and math.isclose(scores["sigma_w_ts_cm"], np.nanmean(width))
    window = np.convolve(np.bincount(step, minlength=test.n_steps), np.full(20, 1 / 20))
    assert math.isclose(scores["ts_max_rate_hz"], window.max() / 20 / 1e-3)


def test_weights_their_types_and_the_same_bytes_for_the_same_run(npz, tmp_path):
    names = "mon_ts_w mon_ts_i mon_ts_j ll_mon_i ll_mon_j ll_mon_w_mV ll_mon_w_init_mV mon_ts_w_init"
    with np.load(npz) as stored:
        kinds = {name: stored[name].dtype.str for name in set(stored.files) - {storage.CHECKSUM, storage.RECORD}}
    assert kinds == {name: "<i8" if name[-2:] in ("_i", "_j") else "<f8" for name in names.split()}
    again = written(lateral_line.simulate(PARAMS), tmp_path / "again" / "x")
    for path in npz.parents[1].rglob("*.*"):
        assert path.read_bytes() == (again / path.relative_to(npz.parents[1])).read_bytes()


# --- what is read


def test_the_seed_of_weights_is_the_given_one_or_that_in_the_name(npz, tmp_path):
    """The rest stands in the sidecar, if that is of the same run, or in the params.json, as in test_cli.py."""
    assert files.read_origin(npz) == ("ll_fast", PARAMS)
    assert files.read_origin(npz, seed=3)[1].seed == 3
    side, moved = npz.with_name("tag_seed_7_params.json"), tmp_path / "tag_seed_8.npz"
    moved.with_name("tag_seed_8_params.json").write_bytes(side.read_bytes())
    assert files.read_origin(moved) == ("ll_fast", PARAMS.replace(seed=8))
    storage.write_json(side, storage.read_json(side) | {"n_ts": 300, "mode": "ll_thesis"})
    with pytest.raises(ParameterError, match=rf"^[^\n]*{side.name}[^\n]*n_ts = 300, not 20 as in params.json[^\n]*$"):
        files.read_origin(npz)


def test_parameters_of_other_versions(folder):
    record, path = read(folder / "params.json"), folder / "params.json"
    network = record["network_params"] | {"n_mon": 200.0, "direction": -1, "some_old_field": 3, "speed_cm_s": 5}
    del network["test_repeats"], network["teacher_rate_hz"]
    path.write_text(json.dumps({"network_params": network}))
    wanted = PARAMS.replace(direction=-1.0, test_repeats=NetworkParams().test_repeats)
    assert files.read_run(path) == ({"network_params": network}, wanted)


UNMARKED = {storage.CHECKSUM: None, storage.RECORD: None}  # as in files of the original
BAD_WEIGHTS = {
    "changed": dict(mon_ts_w=np.zeros(3200)),
    "lacks": dict(ll_mon_i=None, **UNMARKED),
    "pickle": dict(mon_ts_w=np.array([{}], object), **UNMARKED),
}


@pytest.mark.parametrize("kind", BAD_WEIGHTS)
def test_bad_weight_files_end_in_one_line(npz, kind):
    """What is no npz, cut, or with any flipped bit: tests/attack."""
    with np.load(npz) as stored:
        arrays = dict(stored) | BAD_WEIGHTS[kind]
    np.savez(npz, **{name: array for name, array in arrays.items() if array is not None})
    with pytest.raises(OutputError, match=r"^[^\n]*tag_seed_7.npz[^\n]*$"):
        files.read_weights(npz, PARAMS)


def test_bad_params_json_ends_in_one_line(tmp_path):
    """What is no json, and damaged names: tests/attack."""
    for given in (3, {"n_mon": "x"}):
        (tmp_path / "params.json").write_text(json.dumps({"network_params": given}))
        with pytest.raises(HelpersError, match=r"^[^\n]*(n_mon|params\.json)[^\n]*$"):
            files.read_run(tmp_path / "params.json")


def test_a_record_that_json_cannot_hold_is_refused(tmp_path):
    with pytest.raises(ParameterError, match=r"^record holds what json cannot [^\n]*; give numbers[^\n]*$"):
        files.begin(tmp_path / "new", PARAMS, mode={1, 2})
    assert not list(tmp_path.iterdir())
