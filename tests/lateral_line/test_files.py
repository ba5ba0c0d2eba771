"""Files of a run: what is in them, that the same run gives the same bytes, old formats, and damaged checkpoints."""

import dataclasses
import json
import os
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import lateral_line
from helpers.lateral_line import files
from helpers.lateral_line.params import NetworkParams, preset
from helpers.parameters import OutputError, ParameterError

PARAMS = preset("ll_fast").replace(
    n_mon=60, n_ts=20, trial_duration_s=0.1, n_training_trials=6, checkpoint_trials=2, test_repeats=2,
    checkpoint_save_every_n_checkpoints=1,
)  # fmt: skip


@pytest.fixture(scope="module")
def run():
    """A small run and the states on its way."""
    states = []
    return lateral_line.simulate(PARAMS, on_checkpoint=states.append), states


@pytest.fixture
def folder(run, tmp_path):
    """The files of the small run."""
    folder = tmp_path / "Runs" / "x"
    files.write_start(folder, PARAMS, mode="ll_fast", save_tag="tag")
    files.save_weights(run[0], folder, tag="tag", mode="ll_fast")
    files.save_scores(run[0], folder)
    files.write_summary(folder)
    return folder


@pytest.fixture
def npz(folder):
    return folder / "artifacts" / "tag_seed_123.npz"


def read(path):
    return json.loads(path.read_text())


def one_line(failure):
    return "\n" not in str(failure.value)


# --- the run folder


def test_names_of_folders(tmp_path):
    assert files.new_folder("a/b\\c", tmp_path).name == "a_b_c"
    assert files.new_folder("  ", tmp_path).name[8] == "_" and len(files.new_folder(None, tmp_path).name) == 15
    assert list(tmp_path.iterdir()) == []
    for name in ("..", "x" * 300):
        with pytest.raises(ParameterError, match="--run-name"):
            files.new_folder(name, tmp_path)


def test_a_name_that_is_taken_is_refused_and_a_time_is_counted_on(tmp_path, monkeypatch):
    (tmp_path / "a").mkdir()
    with pytest.raises(OutputError, match="--resume-from"):
        files.new_folder("a", tmp_path)

    class Noon(files.datetime):
        @classmethod
        def now(cls):
            return cls(2026, 11, 20, 12)

    monkeypatch.setattr(files, "datetime", Noon)
    (tmp_path / "20261120_120000").mkdir()
    assert files.new_folder("", tmp_path).name == "20261120_120000_2"


def test_params_json(folder):
    record = read(folder / "params.json")
    assert {"mode", "seed_start", "multi_seed", "run_folder", "network_params", "schema_version"} <= set(record)
    assert record["network_params"] == PARAMS.to_dict() and record["run_folder"] == "x"
    assert record["effective_topographic_counts"] == {"ll_mon": 2, "mon_ts": 3}
    assert record["versions"]["numpy"] == np.__version__ and len(record["source"]) == 16
    assert record["git_commit"] is None or len(record["git_commit"]) == 40
    assert files.read_run(folder)[1] == PARAMS


def test_without_git_the_source_hash_remains(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    files.write_start(tmp_path / "r", PARAMS, mode="ll_fast")
    record = read(tmp_path / "r" / "params.json")
    assert record["git_commit"] is None and record["source"]


def test_run_summary_of_one_seed(folder, run):
    summary = read(folder / "run_summary.json")
    assert [summary[key] for key in ("ll_mon_topo", "mon_ts_topo", "mon_ts_sigma", "mon_ts_gain_mV")] == [
        0.2,
        0.2,
        3,
        220,
    ]
    assert summary["seed"] == 123 and summary["ts_spikes_during_test_window"] == run[0].ts_spikes_test
    assert summary["pv_map_quality"]["valid_fraction"] == run[0].quality.valid_fraction
    assert {"sigma_theta_rad", "delta_trial_rad", "valid_fraction"} <= set(summary["pv_map_quality_window"])
    assert (
        "sigma_theta_rad" in summary["controls"]["untrained"] and "sigma_theta_rad" in summary["controls"]["shuffled"]
    )


def test_run_summary_of_several_seeds_lists_those_that_are_done(folder, run):
    files.write_start(folder, PARAMS, mode="ll_fast", multi_seed=3)
    files.save_scores(dataclasses.replace(run[0], seed=125), folder)
    summary = files.write_summary(folder)
    assert [entry["seed"] for entry in summary["runs"]] == [123, 125] and "seed" not in summary
    assert set(summary["runs"][0]) == set(files.SUMMARY)


RESULTS = """seed distance_cm test_ll_noise_hz sigma_theta_rad valid_fraction delta_trial_rad sigma_theta_ll_rad
delta_trial_ll_rad sigma_w_ll_cm sigma_w_mon_cm sigma_w_ts_cm"""


def test_results_of_a_seed(folder):
    assert set(RESULTS.split()) <= set(read(folder / "artifacts" / "seed_123_results.json"))


def test_what_is_no_number_becomes_null():
    assert files.plain({"a": (np.float32(np.nan), np.inf, np.int64(3)), 2: np.array([1.5])}) == {
        "a": [None, None, 3],
        "2": [1.5],
    }


# --- weights


def test_npz_holds_final_and_initial_weights(npz, run):
    with np.load(npz) as stored:
        names = {"mon_ts_w", "mon_ts_i", "mon_ts_j", "ll_mon_i", "ll_mon_j", "ll_mon_w_mV", "ll_mon_w_init_mV"}
        assert set(stored.files) == names | {"mon_ts_w_init"}
        assert {stored[name].dtype.str for name in stored.files} == {"<f8", "<i8"}
        assert stored["mon_ts_w"].size == 60 * 16 and stored["ll_mon_w_mV"].size == 60 * 10
        assert stored["ll_mon_i"].max() < 100 and stored["mon_ts_j"].max() < 20
        np.testing.assert_array_equal(stored["ll_mon_w_mV"], run[0].weights["ll_mon"][2])
        np.testing.assert_array_equal(stored["ll_mon_w_init_mV"], run[0].initial_weights["ll_mon"][2])


def test_the_same_run_gives_the_same_bytes(npz, run, tmp_path):
    again = lateral_line.simulate(PARAMS)
    path, _ = files.save_weights(again, tmp_path, tag="tag", mode="ll_fast")
    assert path.read_bytes() == npz.read_bytes()
    assert {entry.date_time for entry in zipfile.ZipFile(npz).infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert files.save_scores(again, tmp_path).read_bytes() == (npz.parent / "seed_123_results.json").read_bytes()


def test_weights_are_read_back(npz, run):
    final, initial = files.read_weights(npz)
    for stored, kept in ((final, run[0].weights), (initial, run[0].initial_weights)):
        for layer in ("ll_mon", "mon_ts"):
            for a, b in zip(stored[layer], kept[layer], strict=True):
                np.testing.assert_array_equal(a, b)
    files.check_fit(final, PARAMS, npz)
    with pytest.raises(ParameterError, match="n_mon"):
        files.check_fit(final, PARAMS.replace(n_mon=59), npz)


def test_sidecar_tells_mode_and_parameters(npz):
    side = read(npz.with_name("tag_seed_123_params.json"))
    assert side["mode"] == "ll_fast" and side["schema_version"] == 2 and set(files.SIDECAR) <= set(side)
    moved = npz.parent.parent.parent / "elsewhere.npz"
    npz.rename(moved)
    npz.with_name("tag_seed_123_params.json").rename(moved.with_name("elsewhere_params.json"))
    assert files.read_origin(moved) == ("ll_fast", PARAMS)


# --- files of the original program


@pytest.fixture
def old(npz):
    """The same run as the original wrote it: no schema, constant mode, no initial weights, 1.0 for a count."""
    with np.load(npz) as stored:
        arrays = {name: stored[name] for name in stored.files if "init" not in name}
    np.savez_compressed(npz, **arrays)
    side = {"mode": "ll_thesis", **{key: getattr(PARAMS, key) for key in files.SIDECAR}}
    npz.with_name("tag_seed_123_params.json").write_text(json.dumps(side))
    network = {k: v for k, v in PARAMS.to_dict().items() if k not in ("test_repeats", "keep_ll_mon_stdp_during_test")}
    network |= {"direction": 1.0, "some_old_field": 3}
    record = {"mode": "ll_fast", "seed_start": 123, "multi_seed": 1, "run_folder": "x", "network_params": network}
    (npz.parents[1] / "params.json").write_text(json.dumps(record))
    return npz


def test_old_files_load(old):
    final, initial = files.read_weights(old)
    assert initial is None and final["ll_mon"][2].size == 600
    mode, params = files.read_origin(old)
    assert mode == "ll_fast" and params == PARAMS.replace(test_repeats=NetworkParams().test_repeats)


def test_an_old_sidecar_alone_tells_no_mode(old):
    (old.parents[1] / "params.json").unlink()
    assert files.read_origin(old) == ("unknown", None)


def test_an_old_sidecar_of_another_run_is_noticed(old):
    side = old.with_name("tag_seed_123_params.json")
    side.write_text(json.dumps(read(side) | {"n_ts": 300}))
    with pytest.raises(ParameterError, match="n_ts = 300 there, 20 in params") as failure:
        files.read_origin(old)
    assert one_line(failure)


def spoil(npz, **changes):
    with np.load(npz) as stored:
        arrays = dict(stored)
    np.savez(npz, **{name: array for name, array in (arrays | changes).items() if array is not None})


BAD_WEIGHTS = {
    "text": lambda npz: npz.write_text("weights"),
    "empty": lambda npz: npz.write_bytes(b""),
    "cut": lambda npz: npz.write_bytes(npz.read_bytes()[:2000]),
    "array": lambda npz: np.save(npz.open("wb"), np.zeros(3)),
    "pickle": lambda npz: np.savez(npz, mon_ts_w=np.array([{}], object)),
    "foreign": lambda npz: np.savez(npz, x=1),
    "missing": lambda npz: npz.unlink(),
    "folder": lambda npz: (npz.unlink(), npz.mkdir()),
    "lacks": lambda npz: spoil(npz, ll_mon_i=None),
    "lengths": lambda npz: spoil(npz, mon_ts_i=np.zeros(3, int)),
    "negative": lambda npz: spoil(npz, mon_ts_i=np.full(960, -1)),
    "nan": lambda npz: spoil(npz, mon_ts_w=np.full(960, np.nan)),
    "words": lambda npz: spoil(npz, mon_ts_w=np.full(960, "a")),
}


@pytest.mark.parametrize("kind", BAD_WEIGHTS)
def test_bad_weight_files_end_in_one_line(npz, kind):
    BAD_WEIGHTS[kind](npz)
    with pytest.raises(OutputError, match="tag_seed_123") as failure:
        files.read_weights(npz)
    assert one_line(failure)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"network_params": 3}'])
def test_bad_params_json_ends_in_one_line(folder, text):
    (folder / "params.json").write_text(text)
    with pytest.raises(OutputError, match=r"params\.json") as failure:
        files.read_run(folder)
    assert one_line(failure)


# --- checkpoints


@pytest.fixture
def saved(run, tmp_path):
    """Two checkpoints, one after the other."""
    for state in run[1][:2]:
        files.save_checkpoint(state, tmp_path, PARAMS, "numba")
    return tmp_path


def newest(folder):
    return folder / "artifacts" / "mid_checkpoint_seed_123.npz"


def trial(folder, params=PARAMS):
    state, reasons = files.load_checkpoint(folder, params, "numba")
    return int(state["trial_idx"]), reasons


ORIGINAL_KEYS = """trial_idx mon_ts_w ll_mon_w_mV checkpoint_t_s w_mean_series w_std_series tracked_weight_series
w_mean_abs_delta_series w_frac_delta_gt_1e3_series ts_ckpt_rate_series pv_ckpt_t_s pv_sigma_theta_series
pv_delta_trial_series"""


def test_a_checkpoint_is_the_state(saved, run):
    state, reasons = files.load_checkpoint(saved, PARAMS, "numba")
    assert reasons == [] and set(state) == set(run[1][1]) and set(ORIGINAL_KEYS.split()) <= set(state)
    for name, array in run[1][1].items():
        np.testing.assert_array_equal(state[name], array)
    assert (saved / "artifacts" / "mid_checkpoint.npz").read_bytes() == newest(saved).read_bytes()
    assert files.has_checkpoint(saved, 123) and not files.has_checkpoint(saved, 124)


def test_seeds_of_a_series_have_their_own_checkpoint_only(run, tmp_path):
    files.save_checkpoint(run[1][0], tmp_path, PARAMS, "numba", alone=False)
    assert [path.name for path in (tmp_path / "artifacts").iterdir()] == ["mid_checkpoint_seed_123.npz"]


DAMAGE = {
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-300]),
    "empty": lambda path: path.write_bytes(b""),
    "foreign": lambda path: np.savez(path, x=1),
    "missing": lambda path: path.unlink(),
    "original": lambda path: np.savez(path, trial_idx=3, mon_ts_w=np.zeros(3)),
    "changed": lambda path: spoil(path, mon_ts_w=np.zeros(960, np.float32)),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_the_older_checkpoint_takes_over(saved, kind):
    DAMAGE[kind](newest(saved))
    index, reasons = trial(saved)
    assert index == 1 and len(reasons) == (kind != "missing")


@pytest.mark.parametrize("kind", [k for k in DAMAGE if k != "missing"])
def test_without_an_older_one_there_is_one_clear_line_and_no_file_changes(run, tmp_path, kind):
    files.save_checkpoint(run[1][0], tmp_path, PARAMS, "numba", alone=False)
    DAMAGE[kind](newest(tmp_path))
    before = newest(tmp_path).read_bytes()
    with pytest.raises(OutputError, match="mid_checkpoint_seed_123") as failure:
        trial(tmp_path)
    assert one_line(failure) and newest(tmp_path).read_bytes() == before


@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_no_flipped_bit_goes_unnoticed(run, tmp_path_factory, place, bit):
    folder = tmp_path_factory.mktemp("bits")
    files.save_checkpoint(run[1][0], folder, PARAMS, "numba", alone=False)
    data = bytearray(newest(folder).read_bytes())
    data[int(place * len(data))] ^= 1 << bit
    newest(folder).write_bytes(bytes(data))
    try:
        state, _ = files.load_checkpoint(folder, PARAMS, "numba")
    except (OutputError, ParameterError) as failure:
        assert "\n" not in str(failure)
    else:  # a byte that carries nothing, such as padding of the zip directory
        assert all(np.array_equal(state[name], array, equal_nan=True) for name, array in run[1][0].items())


def test_other_parameters_are_named(saved):
    for params, text in ((PARAMS.replace(mon_ts_gain_mV=100), "mon_ts_gain_mV = 220.0, not 100.0"),):
        with pytest.raises(ParameterError, match=text) as failure:
            trial(saved, params)
        assert one_line(failure)
    with pytest.raises(ParameterError, match="backend = numba, not brian2"):
        files.load_checkpoint(saved, PARAMS, "brian2")
    with pytest.raises(OutputError, match="no checkpoint of seed 123"):
        trial(saved / "nowhere")


def test_the_checkpoint_of_another_seed_is_refused(saved):
    newest(saved).rename(saved / "artifacts" / "mid_checkpoint_seed_124.npz")
    with pytest.raises(ParameterError, match="seed = 123, not 124"):
        trial(saved, PARAMS.replace(seed=124))


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_write_that_fails_leaves_the_old_file_and_no_draft(saved, run, monkeypatch, call):
    def full(*_):
        raise OSError(28, "No space left on device")

    files.save_checkpoint(run[1][1], saved, PARAMS, "numba")
    target = (os, "fsync") if call == "fsync" else (files.Path, "replace")
    names = sorted(path.name for path in (saved / "artifacts").iterdir())
    with monkeypatch.context() as broken:
        broken.setattr(*target, full)
        with pytest.raises(OutputError) as failure:
            files.save_checkpoint(run[1][2], saved, PARAMS, "numba")
    assert one_line(failure) and trial(saved)[0] == 3
    assert sorted(path.name for path in (saved / "artifacts").iterdir()) == names


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write") as failure:
        files.write_json(tmp_path / "file" / "a.json", {})
    assert one_line(failure)
