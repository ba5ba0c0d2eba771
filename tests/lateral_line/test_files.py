"""Files of a run: what is in them and of which type, that the same run gives the same bytes, and damaged files."""

import dataclasses
import json
import math
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

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


def written(result, folder, **record):
    """Write the files of a run and return its folder."""
    files.begin(folder, result.params, mode="ll_fast", seed_start=7, multi_seed=1, seeds=[7], **record)
    files.save_weights(result, folder / "artifacts", tag="tag", mode="ll_fast")
    files.save_scores(result, folder)
    files.write_summary(folder)
    return folder


@pytest.fixture
def folder(result, tmp_path):
    return written(result, tmp_path / "Runs" / "x", save_tag="tag")


@pytest.fixture
def npz(folder):
    return folder / "artifacts" / "tag_seed_7.npz"


def read(path):
    """Return the content of a json file in which NaN and infinity are not allowed."""
    return json.loads(path.read_text(), parse_constant=pytest.fail)


def one_line(failure, *words):
    text = str(failure.value)
    return "\n" not in text and all(word in text for word in words)


# --- what is written


def test_params_json(folder):
    record = read(folder / "params.json")
    names = "mode seed_start multi_seed run_folder network_params schema_version effective_topographic_counts versions"
    assert {*names.split(), "source", "git_commit", "seeds", "save_tag", "sha256"} == set(record)
    assert record["network_params"] == PARAMS.to_dict() and record["run_folder"] == "x"
    assert record["effective_topographic_counts"] == {"ll_mon": 2, "mon_ts": 3}
    assert record["versions"]["numpy"] == np.__version__ and "numba" in record["versions"]
    assert len(record["source"]) == 16 and (record["git_commit"] is None or len(record["git_commit"]) == 40)
    assert files.read_run(folder / "params.json")[1] == PARAMS


def test_without_git_the_source_hash_remains(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    files.begin(tmp_path / "r", PARAMS, seeds=[7])
    assert read(tmp_path / "r" / "params.json")["git_commit"] is None
    assert read(tmp_path / "r" / "params.json")["source"]


RESULTS = """seed:int distance_cm:float test_ll_noise_hz:float sigma_theta_rad:float valid_fraction:float
delta_trial_rad:float sigma_theta_ll_rad:float delta_trial_ll_rad:float sigma_w_ll_cm:float sigma_w_mon_cm:float
sigma_w_ts_cm:float ts_spikes_during_test_window:int stabilisation_t_s:NoneType"""
SUMMARY = """ll_mon_topo:float mon_ts_topo:float mon_ts_sigma:float mon_ts_gain_mV:float seed:int
ts_spikes_during_test_window:int pv_map_quality:dict pv_map_quality_window:dict controls:dict"""
QUALITY = "sigma_theta_rad:float delta_trial_rad:float valid_fraction:float usable:bool silent:bool n_spikes:float"
SIDECAR = """mode:str n_ll:int n_mon:int n_ts:int speed_cm_s:float distance_cm:float direction:float
training_noise_scale_early:float training_noise_scale_late:float mon_ts_apre:float mon_ts_apost:float
mon_ts_wmax:float schema_version:int network_params:dict"""


def typed(record, names):
    """Return the names whose value is not of the type that the document says."""
    pairs = [name.split(":") for name in names.split()]
    return [name for name, kind in pairs if type(record[name]).__name__ != kind]


def test_types_are_those_of_the_documents(folder, npz):
    summary = read(folder / "run_summary.json")
    assert typed(read(files.scores_file(folder, 7)), RESULTS) == []
    assert typed(read(npz.with_name("tag_seed_7_params.json")), SIDECAR) == []
    assert typed(summary, SUMMARY) == [] and len(summary) == len([*SUMMARY.split(), "sha256"])
    for quality in (summary["pv_map_quality"], summary["pv_map_quality_window"]):
        assert typed(quality, QUALITY) == []
    for control in ("untrained", "shuffled"):
        assert typed(summary["controls"][control], "sigma_theta_rad:float usable:bool") == []


def test_scores_are_those_of_the_result(folder, result):
    step, cell = result.test.spikes["ts"]
    half = result.test.spikes | {"ts": (step[cell < 10], cell[cell < 10])}  # so that some cells have no width
    test = dataclasses.replace(result.test, spikes=half)
    files.save_scores(dataclasses.replace(result, test=test), folder)
    scores, summary = read(files.scores_file(folder, 7)), read(folder / "run_summary.json")
    assert scores["pv_map_quality"] == summary["pv_map_quality"] == dataclasses.asdict(result.quality)
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


def test_what_is_no_number_becomes_null(result, tmp_path):
    silent = measures.map_quality([], [], [0.0, 1.0], n_cells=3)
    changed = dataclasses.replace(result, quality=silent, quality_ll=silent)
    scores = read(files.save_scores(changed, tmp_path))
    assert scores["sigma_theta_rad"] is scores["delta_trial_ll_rad"] is None
    assert scores["pv_map_quality"]["rms_error_cm"] is None and scores["pv_map_quality"]["silent"] is True


def test_several_seeds_are_listed(result, tmp_path):
    tmp_path = tmp_path / "run"
    files.begin(tmp_path, PARAMS, seeds=[7, 9])
    for seed in (9, 7):
        files.save_scores(dataclasses.replace(result, seed=seed), tmp_path)
    scores = files.write_summary(tmp_path)
    summary = read(tmp_path / "run_summary.json")
    assert [found["seed"] for found in scores] == [entry["seed"] for entry in summary["runs"]] == [7, 9]
    assert set(summary["runs"][0]) == {name.split(":")[0] for name in SUMMARY.split()[4:]} and "seed" not in summary


def test_weights_and_their_bytes(npz, result, tmp_path):
    with np.load(npz) as stored:
        names = "mon_ts_w mon_ts_i mon_ts_j ll_mon_i ll_mon_j ll_mon_w_mV ll_mon_w_init_mV mon_ts_w_init"
        assert set(names.split()) == set(stored.files) - {storage.CHECKSUM, storage.RECORD}
        kinds = {name: stored[name].dtype.str for name in names.split()}
        assert kinds == {name: "<i8" if name[-2:] in ("_i", "_j") else "<f8" for name in names.split()}
        np.testing.assert_array_equal(stored["ll_mon_w_init_mV"], result.initial_weights["ll_mon"][2])
        assert stored["ll_mon_w_mV"].size == 2000 and stored["mon_ts_j"].max() < 20
    again = written(lateral_line.simulate(PARAMS), tmp_path / "again" / "x", save_tag="tag")
    for path in npz.parents[1].rglob("*.*"):
        assert path.read_bytes() == (again / path.relative_to(npz.parents[1])).read_bytes()
    assert {entry.date_time for entry in zipfile.ZipFile(npz).infolist()} == {(1980, 1, 1, 0, 0, 0)}


# --- what is read


@pytest.mark.parametrize("initial", [False, True])
def test_weights_are_read_back(npz, result, initial):
    weights, remark = files.read_weights(npz, PARAMS, initial=initial)
    mixed = result.weights | ({"ll_mon": result.initial_weights["ll_mon"]} if initial else {})
    assert remark == "" and set(weights) == {"ll_mon", "mon_ts"}
    for pathway, columns in weights.items():
        for read_column, column in zip(columns, mixed[pathway], strict=True):
            np.testing.assert_array_equal(read_column, column)


def test_a_mid_checkpoint_is_put_on_the_synapses_of_its_seed(tmp_path, result):
    path, w = tmp_path / "mid_checkpoint.npz", result.weights["mon_ts"][2]
    np.savez(path, trial_idx=5, mon_ts_w=w, ll_mon_w_mV=result.weights["ll_mon"][2])
    weights, remark = files.read_weights(path, PARAMS)
    for pathway in weights:
        for column, ours in zip(weights[pathway], result.weights[pathway], strict=True):
            np.testing.assert_array_equal(column, ours)
    np.savez(path, trial_idx=5, mon_ts_w=w)
    fixed, said = files.read_weights(path, PARAMS)
    np.testing.assert_array_equal(fixed["ll_mon"][2], result.initial_weights["ll_mon"][2])
    assert remark == "" and "initial" in said


def test_where_parameters_come_from(folder, npz, tmp_path):
    side = npz.with_name("tag_seed_7_params.json")
    assert files.read_origin(npz) == ("ll_fast", PARAMS)
    assert files.read_origin(npz, seed=3)[1].seed == 3
    npz.rename(tmp_path / "tag_seed_8.npz")
    side.rename(tmp_path / "tag_seed_8_params.json")
    assert files.read_origin(tmp_path / "tag_seed_8.npz") == ("ll_fast", PARAMS.replace(seed=8))
    (tmp_path / "params.json").write_bytes((folder / "params.json").read_bytes())
    (tmp_path / "tag_seed_8_params.json").unlink()
    assert files.read_origin(tmp_path / "tag_seed_8.npz") == ("ll_fast", PARAMS.replace(seed=8))
    (tmp_path / "params.json").unlink()
    assert files.read_origin(tmp_path / "w.npz", mode="ll_fast") == ("ll_fast", preset("ll_fast"))
    with pytest.raises(ParameterError) as failure:
        files.read_origin(tmp_path / "w.npz")
    assert one_line(failure, "w.npz", "--mode")


def test_parameters_of_other_versions(folder):
    record, path = read(folder / "params.json"), folder / "params.json"
    network = record["network_params"] | {"n_mon": 200.0, "direction": -1, "some_old_field": 3, "speed_cm_s": 5}
    del network["test_repeats"], network["teacher_rate_hz"]
    path.write_text(json.dumps({"network_params": network}))
    wanted = PARAMS.replace(direction=-1.0, test_repeats=NetworkParams().test_repeats)
    assert files.read_run(path) == ({"network_params": network}, wanted)


def test_a_sidecar_of_another_run_is_noticed(npz):
    side = npz.with_name("tag_seed_7_params.json")
    storage.write_json(side, storage.read_json(side) | {"n_ts": 300, "mode": "ll_thesis"})
    with pytest.raises(ParameterError) as failure:
        files.read_origin(npz)
    assert one_line(failure, "n_ts = 300, not 20 as in params.json", side.name)


def spoil(npz, **changes):
    """Write the arrays again, some changed, and those that become None left out."""
    with np.load(npz) as stored:
        arrays = dict(stored) | changes
    np.savez(npz, **{name: array for name, array in arrays.items() if array is not None})


BAD_WEIGHTS = {
    "text": lambda npz: npz.write_text("weights"),
    "cut": lambda npz: npz.write_bytes(npz.read_bytes()[:2000]),
    "array": lambda npz: np.save(npz.open("wb"), np.zeros(3)),
    "pickle": lambda npz: np.savez(npz, mon_ts_w=np.array([{}], object)),
    "missing": lambda npz: npz.unlink(),
    "folder": lambda npz: (npz.unlink(), npz.mkdir()),
    "changed": lambda npz: spoil(npz, mon_ts_w=np.zeros(3200)),
    "lacks": lambda npz: spoil(npz, ll_mon_i=None, sha256=None),
}


@pytest.mark.parametrize("kind", BAD_WEIGHTS)
def test_bad_weight_files_end_in_one_line(npz, kind):
    BAD_WEIGHTS[kind](npz)
    with pytest.raises(OutputError) as failure:
        files.read_weights(npz, PARAMS)
    assert one_line(failure, "tag_seed_7.npz")


@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_no_flipped_bit_goes_unnoticed(result, tmp_path_factory, place, bit):
    path = files.save_weights(result, tmp_path_factory.mktemp("bits"), tag="t", mode="m")[0]
    data = bytearray(path.read_bytes())
    data[int(place * len(data))] ^= 1 << bit
    path.write_bytes(bytes(data))
    try:
        weights, _ = files.read_weights(path, PARAMS)
    except HelpersError as failure:
        assert "\n" not in str(failure)
    else:  # a byte that carries nothing, such as padding of the zip directory
        for pathway, columns in weights.items():
            for column, ours in zip(columns, result.weights[pathway], strict=True):
                np.testing.assert_array_equal(column, ours)


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '{"network_params": 3}', '{"network_params": {"n_mon": "x"}}'])
def test_bad_params_json_ends_in_one_line(folder, text):
    (folder / "params.json").write_text(text)
    with pytest.raises(HelpersError) as failure:
        files.read_run(folder / "params.json")
    assert one_line(failure, "n_mon" if "n_mon" in text else "params.json")


# --- the folder of another run


@pytest.mark.parametrize("mode", [np.array([1, None], object), {1, 2}, object()])
def test_a_record_that_json_cannot_hold_is_refused(folder, tmp_path, mode):
    for place in (folder, tmp_path / "new"):
        with pytest.raises(ParameterError) as failure:
            files.begin(place, PARAMS, mode=mode)
        assert one_line(failure, "record holds what json cannot", "give numbers")


def test_a_folder_is_kept_for_its_run(folder):
    before = (folder / "params.json").read_bytes()
    same = dict(mode="ll_fast", seed_start=7, multi_seed=1, seeds=[7], save_tag="tag")
    files.begin(folder, PARAMS, **same)
    for params, record, text in (
        (PARAMS.replace(mon_ts_gain_mV=100.0), same, "mon_ts_gain_mV = 100.0, not 220.0"),
        (PARAMS, same | {"mode": "ll_thesis", "save_tag": "b"}, "mode = ll_thesis, not ll_fast; save_tag = b, not tag"),
        (PARAMS, same | {"evaluated_from": "x"}, "evaluated_from = x, not None"),
    ):
        with pytest.raises(ParameterError) as failure:
            files.begin(folder, params, **record)
        assert one_line(failure, text, "--run-name")
    assert (folder / "params.json").read_bytes() == before
