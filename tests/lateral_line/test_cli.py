"""The command: a whole run, resuming after kill -9 bit for bit, evaluation, series of seeds, and bad input."""

import collections
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import weakref
from pathlib import Path

import numpy as np
import pytest

from helpers import lateral_line
from helpers.lateral_line import cli, figures, files
from helpers.lateral_line.params import preset

ROOT = Path(__file__).resolve().parents[2]
SMALL = ["--mode", "ll_fast", "--n-mon", "60", "--n-ts", "20", "--trial-duration-s", ".1", "--test-repeats", "2"]
TRIALS = ["--n-training-trials", "12", "--checkpoint-trials", "2", "--checkpoint-save-every-n", "1"]
LONG = ["--n-training-trials", "150", "--checkpoint-trials", "1", "--checkpoint-save-every-n", "1"]
UNDRAWN = "import helpers.lateral_line.figures as f; f.save_all = lambda r, *a, **k: list(r)\n"
UNDRAWN += "import sys; from helpers.lateral_line.cli import main; sys.exit(main())"


@pytest.fixture
def undrawn(monkeypatch):
    """Leave the figures out: they take longer than the rest of these runs."""
    seen = []

    def save_all(results, folder, *, mode):
        collections.deque(results, maxlen=0)
        seen.append((folder, mode))

    monkeypatch.setattr(figures, "save_all", save_all)
    return seen


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CI", "true")
    return tmp_path


@pytest.fixture
def a_run(here, undrawn):
    assert cli.main([*SMALL, *TRIALS, "--run-name", "a"]) == 0
    return Path("Runs/a")


def content(folder):
    """Bytes of the results of a run, by name."""
    names = ("latest_seed_123.npz", "latest_seed_123_params.json", "seed_123_results.json", "../run_summary.json")
    return {name: (folder / "artifacts" / name).read_bytes() for name in names}


def read(path):
    return json.loads(Path(path).read_text())


def refused(capsys, *argv):
    """Return the one line with which a command line is refused."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as stopped:
        cli.main(list(argv))
    err = capsys.readouterr().err
    assert stopped.value.code == 2 and err.count("\n") == 1 and err.startswith("lateral_line: error: "), err
    return err


def start(folder, *argv, code=None):
    """Start the command in its own process."""
    command = [sys.executable, *(["-c", code] if code else ["-m", "helpers.lateral_line"]), *argv]
    env = os.environ | {"PYTHONPATH": str(ROOT), "CI": "true", "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        command, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


# --- a whole run


def test_a_run_with_its_figures(here, capsys):
    assert cli.main([*SMALL, *TRIALS, "--mode", "ll_thesis", "--use-ll-mon-stdp", "--run-name", "a/b"]) == 0
    run = Path("Runs/a_b")
    drawn = {path.name for path in (run / "figures").iterdir()}
    wanted = {f"{base}_u_5.0_nMON_60_nTS_20{s}.png" for base in FIGURE_NAMES.split() for s in ("", "_seed_123")}
    assert wanted | {"LL_THESIS_BASELINE_ACTIVE_latest.png", "LL_THESIS_BASELINE_TEST_ONLY_latest.png"} <= drawn
    assert read(run / "params.json")["mode"] == "ll_thesis"
    out = capsys.readouterr().out
    assert [text for text in STDOUT if text not in out] == []
    assert out.splitlines()[0] == out.splitlines()[-1] == "run directory: Runs/a_b"


FIGURE_NAMES = """brian2_spatial_two_stage brian2_test_phase_only brian2_learning_curves brian2_llmon_weights
brian2_ts_tuning brian2_mon_ts_weight_profile brian2_mon_to_ts_receptive_fields brian2_ts_spikes_vs_x_test
brian2_mon_spikes_vs_x_test brian2_mon_tuning_examples brian2_mon_ts_drive_heatmap brian2_mon_ts_drive_winner
brian2_ts_pop_rate_train_test_transition"""
STDOUT = [
    "mean rate train/test (Hz): LL", "MON", "TS spikes train/test:", "saved latest_seed_123.npz", "sigma_theta =",
    "valid_fraction =", "mode: ll_thesis", "config: n_ll=100 n_mon=60", "topographic LL->MON 1 of 10, MON->TS 1 of 16",
    "total spikes: ll", "TS spikes in the test:", "MON->TS synapses: 960", "MON rate in the test:", "peak rate:",
    "mean |dw|", "|dw| > 1e-3", "at w_max", "at 0", "stabilisation time: ", "final PV: sigma_theta",
    "delta_trial", "control, untrained", "control, shuffled",
]  # fmt: skip


def test_layout_and_repetition(a_run, undrawn):
    names = {str(path.relative_to(a_run)) for path in a_run.rglob("*") if path.is_file()}
    assert names == {"params.json", "run_summary.json"} | {f"artifacts/{name}" for name in (
        "latest_seed_123.npz", "latest_seed_123_params.json", "seed_123_results.json", "mid_checkpoint.npz",
        "mid_checkpoint_seed_123.npz", "mid_checkpoint_seed_123.previous.npz",
    )}  # fmt: skip
    assert undrawn == [(a_run / "figures", "ll_fast")]
    assert cli.main([*SMALL, *TRIALS, "--run-name", "again", "--save-tag", "latest"]) == 0
    assert content(Path("Runs/again")) == content(a_run)


def test_blank_names_take_the_time_and_a_taken_name_is_refused(a_run, capsys):
    before = content(a_run)
    assert cli.main([*SMALL, "--n-training-trials", "0", "--run-name", " "]) == 0
    assert sorted(path.name for path in Path("Runs").iterdir())[0].startswith("20")
    assert "exists already" in refused(capsys, *SMALL, *TRIALS, "--run-name", "a")
    assert content(a_run) == before


def test_copies_of_the_weights(here, undrawn):
    assert cli.main([*SMALL, *TRIALS, "--run-name", "a", "--save-tag", "t", "--save-weights-dir", "w/v"]) == 0
    copies = {path.name: path.read_bytes() for path in Path("w/v").iterdir()}
    assert copies == {name: Path("Runs/a/artifacts", name).read_bytes() for name in copies}
    assert sorted(copies) == ["t_seed_123.npz", "t_seed_123_params.json"]
    assert not Path("SavedModels").exists()


def test_the_module_is_the_command(here):
    done = start(here, "--help")
    out, err = done.communicate(timeout=60)
    assert done.returncode == 0 and err == "" and "--resume-from" in out and "usage: lateral_line" in out


def test_start_up_loads_no_engine():
    code = "import sys; from helpers.lateral_line import cli; cli.parser(); print(*sys.modules)"
    done = start(ROOT, code=code)
    loaded = set(done.communicate(timeout=60)[0].split())
    assert not loaded & {"numba", "brian2", "matplotlib.pyplot", "joblib"}


# --- several seeds


@pytest.fixture(scope="module")
def two_seeds(tmp_path_factory):
    """A series of two seeds, run once."""
    folder = tmp_path_factory.mktemp("series")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("CI", "true")
        patch.setattr(figures, "save_all", lambda results, *_, **__: collections.deque(results, maxlen=0))
        assert cli.main([*SMALL, *TRIALS, "--run-name", "m", "--multi-seed", "2"]) == 0
    return folder / "Runs" / "m"


@pytest.fixture
def series(here, two_seeds):
    return Path(shutil.copytree(two_seeds, "Runs/m"))


def test_a_series_is_its_single_seeds(a_run, series):
    for name in ("latest_seed_123.npz", "seed_123_results.json", "latest_seed_123_params.json"):
        assert Path("Runs/m/artifacts", name).read_bytes() == (a_run / "artifacts" / name).read_bytes()
    assert [entry["seed"] for entry in read("Runs/m/run_summary.json")["runs"]] == [123, 124]
    assert read("Runs/m/params.json")["multi_seed"] == 2
    assert not Path("Runs/m/artifacts/mid_checkpoint.npz").exists()
    second = read("Runs/m/artifacts/seed_124_results.json")
    assert second["pv_map_quality"] != read("Runs/m/artifacts/seed_123_results.json")["pv_map_quality"]


def test_a_series_holds_one_result_at_a_time(here, monkeypatch):
    alive, most = [], []
    result = lateral_line.simulate(preset("ll_fast").replace(n_mon=60, n_ts=20, n_training_trials=0, test_repeats=1))

    def results(job, start):
        for seed in job.seeds:
            made = cli.dataclasses.replace(result, seed=seed)
            alive.append(weakref.ref(made))
            yield made
            del made

    def save_all(results, folder, *, mode):
        for _ in results:
            most.append(sum(ref() is not None for ref in alive))

    monkeypatch.setattr(cli, "_results", results)
    monkeypatch.setattr(figures, "save_all", save_all)
    assert cli.main([*SMALL, "--run-name", "m", "--multi-seed", "6"]) == 0
    assert len(most) == 6 and max(most) <= 2


def test_a_number_of_seeds_below_one_is_one(here, undrawn):
    assert cli.main([*SMALL, "--n-training-trials", "0", "--run-name", "m", "--multi-seed", "-3"]) == 0
    assert read("Runs/m/params.json")["multi_seed"] == 1


# --- interruption and resuming


def wait_for_checkpoint(process, run, after=-1):
    """Wait until a checkpoint later than a trial lies there; return its trial."""
    path = run / "artifacts" / "mid_checkpoint_seed_123.npz"
    while process.poll() is None:
        try:
            with np.load(path) as stored:
                if int(stored["trial_idx"]) > after:
                    return int(stored["trial_idx"])
        except OSError:
            pass
        time.sleep(0.01)
    raise AssertionError(process.stderr.read())


@pytest.mark.slow
def test_killed_at_random_trials_and_resumed_is_uninterrupted(here, undrawn, rng, tmp_path):
    run, reached = tmp_path / "Runs" / "a", -1
    command = [*SMALL, *LONG, "--run-name", "a"]
    for _ in range(2):
        process = start(tmp_path, *command)
        wait_for_checkpoint(process, run, reached)
        time.sleep(rng.uniform(0, 0.5))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        state, _ = files.load_checkpoint(run, files.read_run(run)[1], "numba")
        assert reached < int(state["trial_idx"]) < 149 and not (run / "run_summary.json").exists()
        reached, command = int(state["trial_idx"]), ["--resume-from", "Runs/a"]
    done = start(tmp_path, *command, code=UNDRAWN)
    assert done.wait(timeout=120) == 0, done.stderr.read()
    assert cli.main([*SMALL, *LONG, "--run-name", "whole"]) == 0
    assert content(run) == content(Path("Runs/whole"))


def test_a_signal_leaves_a_checkpoint_and_says_how_to_go_on(tmp_path):
    process = start(tmp_path, *SMALL, *LONG, "--checkpoint-save-every-n", "40", "--run-name", "a")
    wait_for_checkpoint(process, tmp_path / "Runs" / "a")
    time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, (out, err)
    assert err == "lateral_line: interrupted; continue with: lateral_line --resume-from Runs/a\n"
    assert not list((tmp_path / "Runs" / "a").glob("figures*/*"))


class Stopper:
    """Raises KeyboardInterrupt in the middle of a training, after some records."""

    def __init__(self, monkeypatch, records):
        self.left, write = records, cli._Keeper.__call__

        def call(keeper, state):
            write(keeper, state)
            self.left -= 1
            if self.left == 0:
                raise KeyboardInterrupt

        monkeypatch.setattr(cli._Keeper, "__call__", call)


@pytest.mark.parametrize(("records", "every"), [(1, 10), (3, 2), (6, 10)])
def test_an_interrupt_keeps_the_last_record(a_run, monkeypatch, capsys, records, every):
    with monkeypatch.context() as patched:
        Stopper(patched, records)
        argv = [*SMALL, *TRIALS, "--checkpoint-save-every-n", str(every), "--run-name", "b"]
        assert cli.main(argv) == 130
    assert "--resume-from Runs/b" in capsys.readouterr().err
    with np.load("Runs/b/artifacts/mid_checkpoint.npz") as stored:
        assert int(stored["trial_idx"]) == 2 * records - 1
    simulate, starts = lateral_line.simulate, []
    spy = lambda p, start, **more: starts.append(int(start["trial_idx"])) or simulate(p, start=start, **more)  # noqa: E731
    monkeypatch.setattr(lateral_line, "simulate", spy)
    assert cli.main(["--resume-from", "b"]) == 0 and starts == [2 * records - 1]
    same = ("latest_seed_123.npz", "../run_summary.json")
    assert [content(Path("Runs/b"))[name] for name in same] == [content(a_run)[name] for name in same]
    with np.load("Runs/b/artifacts/mid_checkpoint.npz") as stored:
        assert (np.diff(stored["checkpoint_t_s"]) > 0).all() and stored["checkpoint_t_s"].size == 6


def test_an_interrupt_before_the_first_record_leaves_no_folder(here, monkeypatch, capsys):
    monkeypatch.setattr(cli.lateral_line, "simulate", lambda *_, **__: signal.raise_signal(signal.SIGTERM))
    assert cli.main([*SMALL, *TRIALS, "--run-name", "a"]) == 130
    assert "nothing was saved" in capsys.readouterr().err and not Path("Runs/a").exists()


def test_a_damaged_checkpoint_gives_way_to_the_older_one(a_run, capsys):
    whole = content(a_run)
    newest = a_run / "artifacts" / "mid_checkpoint_seed_123.npz"
    newest.write_bytes(newest.read_bytes()[:-400])
    assert cli.main(["--resume-from", str(a_run)]) == 0
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and "going on from the older checkpoint" in err and "123.npz" in err
    assert content(a_run) == whole


def test_resuming_a_finished_run_changes_nothing(a_run):
    whole = content(a_run)
    assert cli.main(["--resume-from", "Runs/a"]) == 0
    assert content(a_run) == whole


def test_resuming_refuses_what_is_not_the_run(a_run, here, capsys):
    whole = content(a_run)
    assert "n_mon = 61, not 60" in refused(capsys, "--resume-from", "Runs/a", "--n-mon", "61")
    assert "a resumed run keeps its parameters" in refused(capsys, "--resume-from", "Runs/a", "--disable-all-stdp")
    assert "ll_thesis" in refused(capsys, "--resume-from", "Runs/a", "--mode", "ll_thesis")
    assert "brian2" in refused(capsys, "--resume-from", "Runs/a", "--backend", "brian2")
    assert "no such folder" in refused(capsys, "--resume-from", "Runs/b")
    Path("Runs/c").mkdir()
    assert "params.json" in refused(capsys, "--resume-from", "Runs/c")
    Path("Runs/c/params.json").write_text((a_run / "params.json").read_text())
    assert "no checkpoint of seed 123" in refused(capsys, "--resume-from", "Runs/c")
    assert content(a_run) == whole and [path.name for path in Path("Runs/c").iterdir()] == ["params.json"]


def test_a_series_is_resumed_seed_by_seed_in_a_folder_of_its_own(series, undrawn, capsys):
    whole = content(Path("Runs/m"))
    assert "resumed one by one; add --seed-start 123 to 124" in refused(capsys, "--resume-from", "m")
    assert "do not go together" in refused(capsys, "--resume-from", "m", "--multi-seed", "2")
    assert "--seed-start" in refused(capsys, "--resume-from", "m", "--seed-start", "125")
    assert cli.main(["--resume-from", "m", "--seed-start", "124"]) == 0
    one = Path("Runs/m_seed_124")
    for name in ("latest_seed_124.npz", "seed_124_results.json"):
        assert (one / "artifacts" / name).read_bytes() == Path("Runs/m/artifacts", name).read_bytes()
    assert read(one / "run_summary.json")["seed"] == 124 and content(Path("Runs/m")) == whole


# --- evaluation


def test_evaluation_repeats_the_test_bit_for_bit(a_run):
    assert cli.main(["--evaluate", "Runs/a/artifacts/latest_seed_123.npz", "--run-name", "e"]) == 0
    again, first = read("Runs/e/artifacts/seed_123_results.json"), read(a_run / "artifacts/seed_123_results.json")
    differing = {key for key in first if first[key] != again[key]}
    assert differing <= {"rates_hz"} and again["rates_hz"]["ts_test"] == first["rates_hz"]["ts_test"]
    record = read("Runs/e/params.json")
    assert record["mode"] == "ll_fast" and record["evaluated_from"].endswith("latest_seed_123.npz")
    assert record["network_params"] == read(a_run / "params.json")["network_params"]
    assert not list(Path("Runs/e").rglob("*.npz"))


def test_evaluation_with_initial_weights_and_another_stimulus(a_run, monkeypatch):
    given = []
    monkeypatch.setattr(cli, "_finish", lambda results, job: 0)
    monkeypatch.setattr(lateral_line, "evaluate", lambda params, weights, **more: given.append((params, weights)))
    npz = "Runs/a/artifacts/latest_seed_123.npz"
    assert cli.main(["--evaluate", npz, "--ll-mon-weights", "initial", "--distance-cm", "1"]) == 0
    assert cli.main(["--evaluate", npz, "--ll-mon-weights", "final", "--run-name", "f"]) == 0
    final, initial = files.read_weights(Path(npz))
    (params, mixed), (own, trained) = given
    assert params == own.replace(distance_cm=1.0)
    np.testing.assert_array_equal(mixed["ll_mon"][2], initial["ll_mon"][2])
    np.testing.assert_array_equal(mixed["mon_ts"][2], final["mon_ts"][2])
    np.testing.assert_array_equal(trained["ll_mon"][2], final["ll_mon"][2])


def test_evaluation_of_a_lone_old_file_needs_a_mode(a_run, capsys):
    with np.load("Runs/a/artifacts/latest_seed_123.npz") as stored:
        np.savez("latest_seed_7.npz", **{name: stored[name] for name in stored.files if "init" not in name})
    assert "name the --mode" in refused(capsys, "--evaluate", "latest_seed_7.npz")
    assert "n_mon" in refused(capsys, "--evaluate", "latest_seed_7.npz", *SMALL, "--n-mon", "50")
    assert cli.main(["--evaluate", "latest_seed_7.npz", *SMALL, "--run-name", "e"]) == 0
    assert "those before training" in capsys.readouterr().err
    assert read("Runs/e/params.json")["mode"] == "unknown"


# --- warnings and bad input


def test_a_sphere_in_the_body_is_warned_of(here, undrawn, capsys):
    assert cli.main([*SMALL, "--n-training-trials", "0", "--distance-cm", ".5", "--run-name", "a"]) == 0
    assert "distance 0.5 cm <= radius 0.5 cm" in capsys.readouterr().err
    assert cli.main([*SMALL, "--n-training-trials", "0", "--run-name", "b"]) == 0
    assert "radius" not in capsys.readouterr().err


BAD = [
    ("--n-training-trials -1", "--n-training-trials: n_training_trials = -1 is out of range"),
    ("--distance-cm -1", "(0, 1e+06]"),
    ("--distance-cm 0", "(0, 1e+06]"),
    ("--distance-cm nan", "distance_cm"),
    ("--ts-feedback-p 2", "[0, 1]"),
    ("--ll-mon-topo 1.5", "[0, 1]"),
    ("--mon-ts-topo -.1", "[0, 1]"),
    ("--training-distance-min-cm 2", "training_distance_max_cm"),
    ("--tau-m-ms 0", "tau_m_ms"),
    ("--tau-s-ms -2", "tau_s_ms"),
    ("--mon-ts-apost .01", "[-1, 0]"),
    ("--ll-mon-apre -.01", "[0, 1]"),
    ("--eval-x-min 1", "give both"),
    ("--eval-x-max-cm 1", "give both"),
    ("--eval-x-min 2 --eval-x-max 1", "eval_x_min_cm < eval_x_max_cm"),
    ("--direction 0", "1 or -1"),
    ("--n-mon 1e3", "invalid int value"),
    ("--n-mon many", "invalid int value"),
    ("--speed-cm-s fast", "invalid float value"),
    ("--ll-rate-mode sum", "invalid choice"),
    ("--mode thesis", "invalid choice"),
    ("--backend nest", "invalid choice"),
    ("--n-mo 3", "unrecognized arguments"),
    ("more", "unrecognized arguments"),
    ("--seed-start -4", "seed"),
    ("--seed-start 2147483647 --multi-seed 2", "seed"),
    ("--run-name ..", "--run-name"),
    ("--save-tag a/b", "--save-tag"),
    ("--resume-from nowhere", "no such folder"),
    ("--resume-from x --evaluate y", "do not go together"),
    ("--resume-from x --run-name y", "do not go together"),
    ("--evaluate x --multi-seed 2", "do not go together"),
    ("--ll-mon-weights initial", "--evaluate"),
    ("--evaluate nowhere.npz", "nowhere.npz"),
    ("--test-repeats 0", "test_repeats"),
    ("--dt-s .005", "Euler"),
    ("--save-weights-dir taken", "cannot make taken"),
]


@pytest.mark.parametrize(("words", "message"), BAD, ids=[words for words, _ in BAD])
def test_bad_input_is_one_line_and_creates_nothing(here, capsys, words, message):
    Path("taken").write_text("")
    assert message in refused(capsys, *words.split())
    assert [path.name for path in here.iterdir()] == ["taken"] and Path("taken").read_text() == ""


def test_a_missing_engine_is_one_line(here, capsys, monkeypatch):
    monkeypatch.setattr(cli.importlib.util, "find_spec", lambda name: None)
    assert "brian2 is not installed" in refused(capsys, *SMALL, "--backend", "brian2")
    assert list(here.iterdir()) == []


def test_a_place_that_cannot_be_written_is_one_line(here, capsys):
    Path("Runs").write_text("")
    assert "cannot make Runs/a" in refused(capsys, *SMALL, "--run-name", "a")


def test_the_engine_is_chosen(here, monkeypatch):
    asked = []
    monkeypatch.setattr(lateral_line, "simulate", lambda params, **options: asked.append(options) or 1 / 0)
    for backend in ("numba", "brian2"):
        with pytest.raises(ZeroDivisionError):
            cli.main([*SMALL, "--backend", backend, "--run-name", "a"])
    assert [options["backend"] for options in asked] == ["numba", "brian2"]
    assert ["on_checkpoint" in options for options in asked] == [True, False] and not Path("Runs/a").exists()
