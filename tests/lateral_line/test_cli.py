"""The command: every flag, figure and file of the seed document; series that survive kill -9; evaluation; bad input."""

import dataclasses
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import numpy as np
import pytest

from helpers import lateral_line, storage
from helpers.lateral_line import cli, figures
from helpers.lateral_line.params import MODES, NetworkParams, preset, without_plasticity

ROOT = Path(__file__).resolve().parents[2]
SMALL = "--mode ll_fast --set n_mon=200 --set n_ts=20 --set trial_duration_s=.1 --set test_repeats=2"
SMALL += " --set checkpoint_trials=2 --n-training-trials 4 --figures none"
NPZ = "artifacts/latest_seed_123.npz"
RESULTS = "artifacts/seed_{}_results.json"
OF_A_SEED = ("artifacts/latest_seed_{}.npz", "artifacts/latest_seed_{}_params.json", RESULTS)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CI", "true")
    return tmp_path


def go(words, *more):
    return cli.main([*words.split(), *more])


@pytest.fixture
def dry(here, monkeypatch):
    """Stop before the first seed; the function returns what params.json says of a command line."""
    monkeypatch.setattr(cli, "run", lambda todo, **how: None)

    def written(words):
        shutil.rmtree("Runs", ignore_errors=True)
        assert go(f"--run-name a {words}") == 0
        return read("Runs/a/params.json")

    return written


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Finished runs of the small network: a, and the series m of two seeds, with figures."""
    folder = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("CI", "true")
        assert go(f"{SMALL} --run-name a") == 0
        assert go(f"{SMALL} --figures some --run-name m --multi-seed 2") == 0
    return folder / "Runs"


@pytest.fixture
def runs(here, finished):
    """A copy of the finished runs in the working folder."""
    return Path(shutil.copytree(finished, "Runs"))


def read(path):
    return json.loads(Path(path).read_text())


def content(folder):
    """Return the bytes and times of all files by their paths."""
    files = [path for path in sorted(Path(folder).rglob("*")) if path.is_file()]
    return {str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


def refused(capsys, words):
    """Return the one line with which a command line is refused."""
    capsys.readouterr()
    assert go(words) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and err.startswith("lateral_line: error: "), err
    return err


# --- what the seed document names

FIGURES = """brian2_ts_tuning
brian2_spatial_two_stage brian2_test_phase_only brian2_learning_curves brian2_llmon_weights
brian2_mon_ts_weight_profile brian2_mon_to_ts_receptive_fields brian2_ts_spikes_vs_x_test brian2_mon_spikes_vs_x_test
brian2_mon_tuning_examples brian2_mon_ts_drive_heatmap brian2_mon_ts_drive_winner
brian2_ts_pop_rate_train_test_transition"""
STDOUT = """mean rate train/test (Hz): LL | , MON | TS spikes train/test: | saved latest_seed_123.npz, latest_seed
final PV: sigma_theta = | delta_trial = | valid_fraction = | mode: ll_fast | config: n_training_trials=4 n_ll=100
topographic LL->MON 2, MON->TS 3 | total spikes: LL | largest TS rate: | 3200 MON->TS synapses: mean abs(dw)
abs(dw) above 1e-3 | at w_max | at 0 | stabilisation time: not reached | untrained | shuffled | chance"""
OTHER = dict(eval_x_min_cm=0.5, eval_x_max_cm=2.5, ll_rate_mode="modulation")


def other(name):
    """Return a value of a field that ll_thesis does not have."""
    value = getattr(preset("ll_thesis"), name)
    if isinstance(value, bool):
        return not value
    return value + 3 if isinstance(value, int) else OTHER.get(name) or value * 0.75 or 3.5


def test_every_flag_sets_its_field(dry):
    """Which one it is stands in the manual."""
    wanted, words = {name: other(name) for name in cli.FLAGS.values()}, []
    for flag, name in cli.FLAGS.items():
        if isinstance(wanted[name], bool):
            words.append(flag if wanted[name] else f"--no-{flag[2:]}")
        else:
            words += [flag, str(wanted[name])]
    assert dry(" ".join(words))["network_params"] == preset("ll_thesis").replace(**wanted).to_dict()


def test_every_field_can_be_set_by_name_and_a_flag_wins(dry):
    wanted = preset("ll_fast_legacy").to_dict()
    words = [f"--set {name}={value}" for name, value in wanted.items() if value is not None]
    assert dry(f"--mode ll_baseline {' '.join(words)}")["network_params"] == wanted
    both = dry("--set eval_x_max_cm=2 --eval-x-min .5 --set distance_cm=3 --distance-cm 2")["network_params"]
    assert [both[name] for name in ("eval_x_min_cm", "eval_x_max_cm", "distance_cm")] == [0.5, 2, 2]
    record = dry("--mode ll_fast --disable-all-stdp --multi-seed -3")
    assert record["network_params"] == without_plasticity(preset("ll_fast")).to_dict()
    assert record["mode"] == "ll_fast" and record["multi_seed"] == 1


def test_names_of_figures_weights_and_their_copies(here, monkeypatch):
    monkeypatch.setattr(figures, "DPI", 20)
    words = "--mode ll_thesis --figures all --save-tag a\\b --run-name x/y --save-weights-dir w/v"
    assert go(f"{SMALL} {words}") == 0
    names = {f"{base}_u_5.0_nMON_200_nTS_20{seed}.png" for base in FIGURES.split() for seed in ("", "_seed_123")}
    names |= {"LL_THESIS_BASELINE_ACTIVE_latest.png", "LL_THESIS_BASELINE_TEST_ONLY_latest.png"}
    drawn = {path.name: path.read_bytes() for path in Path("Runs/x_y/figures").iterdir()}
    assert names <= set(drawn) and len(drawn) == len(names) + 2 * ("brian2_ll_spikes" in "".join(drawn))
    assert [name for name in drawn if drawn[name] != drawn[name.replace("_seed_123", "")]] == []
    copies = {path.name: path.read_bytes() for path in Path("w/v").iterdir()}
    assert sorted(copies) == ["a_b_seed_123.npz", "a_b_seed_123_params.json"] and not Path("SavedModels").exists()
    assert copies == {name: Path("Runs/x_y/artifacts", name).read_bytes() for name in copies}


def test_files_of_a_series(finished):
    assert not (finished / "a" / "figures").exists()
    folder = finished / "m"
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    drawn = {name for name in names if name.startswith("figures/")}
    assert len(drawn) == 7 and "figures/brian2_multiseed_summary_n2.png" in drawn
    wanted = {name.format(seed) for name in OF_A_SEED for seed in (123, 124)}
    assert names - drawn == wanted | {"params.json", "run_summary.json"}
    record = read(folder / "params.json")
    assert [record[key] for key in ("mode", "seed_start", "multi_seed", "run_folder")] == ["ll_fast", 123, 2, "m"]


# --- series: finished seeds stay


def test_a_seed_of_a_series_alone_gives_the_same_bytes_in_a_folder_named_by_the_time(runs):
    assert go(f"{SMALL} --seed-start 124", "--run-name", " ") == 0
    (alone,) = [path for path in runs.iterdir() if re.fullmatch(r"\d{8}_\d{6}", path.name)]
    for name in OF_A_SEED:
        assert (alone / name.format(124)).read_bytes() == (runs / "m" / name.format(124)).read_bytes()


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGINT])
def test_stopped_after_the_first_seed_the_same_command_does_the_others(sent, here, capsys, monkeypatch):
    """Ctrl-C is one line; sent while the workers start: tests/test_runs.py."""
    words = f"{SMALL} --run-name a --multi-seed 4 --n-training-trials 60"
    env = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "helpers.lateral_line", *words.split()]
    pipes = dict(stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    process = subprocess.Popen(command, env=env, start_new_session=True, **pipes)
    while process.poll() is None and not list(Path("Runs").glob("a/artifacts/*_results.json")):
        time.sleep(0.01)
    os.killpg(process.pid, sent)
    _, err = process.communicate(timeout=60)
    if sent == signal.SIGINT:
        assert err.startswith("lateral_line: stopped; the same command with --run-name a goes on\n")
        assert "Traceback" not in err and process.returncode == 130  # joblib may add words on its workers
    done = content("Runs/a")
    kept = {name.split("_")[1] for name in done if name.endswith("_results.json")}
    assert 1 <= len(kept) < 4 and "run_summary.json" not in done
    monkeypatch.setattr("joblib.cpu_count", lambda: 1)
    assert go(words) == 0
    out = capsys.readouterr().out
    assert sorted([*re.findall(r"seed (\d+): saved", out), *kept]) == ["123", "124", "125", "126"]
    now = content("Runs/a")
    stay = [name for name in done if name == "params.json" or any(f"seed_{seed}" in name for seed in kept)]
    assert [name for name in stay if now[name] != done[name]] == []
    assert [entry["seed"] for entry in read("Runs/a/run_summary.json")["runs"]] == list(range(123, 127))


def test_what_a_run_says_and_that_a_finished_one_computes_nothing(here, capsys, monkeypatch):
    assert go(f"{SMALL} --run-name a") == 0
    said, before = capsys.readouterr().out.splitlines(), content("Runs/a")
    found = "\n".join(said).replace("|dw| >", "abs(dw) above").replace("|dw|", "abs(dw)")
    assert [text for text in STDOUT.replace("\n", " | ").split(" | ") if text not in found] == []
    assert said[0] == said[-1] == "run directory: Runs/a"
    monkeypatch.setattr(lateral_line, "simulate", None)
    assert go(f"{SMALL} --run-name a") == 0
    again, now = capsys.readouterr().out.splitlines(), content("Runs/a")
    assert said[3].startswith("seed 123: saved") and again[3] == "every seed is finished: nothing is computed"
    assert said[:3] + said[4:] == again[:3] + again[4:]
    assert {name: data for name, (data, _) in now.items()} == {name: data for name, (data, _) in before.items()}
    assert [name for name in now if now[name] != before[name]] == ["run_summary.json"]


def test_what_a_finished_seed_lacks_is_made(runs):
    """Figures, weights and copies, each by itself; the rest keeps its bytes."""
    before = content("Runs/a")
    assert go(f"{SMALL} --run-name a --figures some") == 0 and len(list(Path("Runs/a/figures").iterdir())) == 4
    assert go(f"{SMALL} --run-name a --save-weights-dir copies") == 0 and len(list(Path("copies").iterdir())) == 2
    (runs / "a" / NPZ).unlink()
    assert go(f"{SMALL} --run-name a") == 0
    after = content("Runs/a")
    assert {name: after[name][0] for name in before} == {name: file[0] for name, file in before.items()}


def test_unusable_tests_are_named_and_enter_no_mean(runs, capsys):
    third = read(runs / "m" / RESULTS.format(123))
    for seed, sigma in ((123, 0.25), (124, None), (125, 0.75)):
        quality = third["pv_map_quality"] | {"usable": sigma is not None, "sigma_theta_rad": sigma}
        scores = third | {"seed": seed, "sigma_theta_rad": sigma, "pv_map_quality": quality}
        scores["network_params"] = third["network_params"] | {"seed": seed}
        storage.write_json(runs / "m" / RESULTS.format(seed), scores)
    (runs / "m/artifacts/latest_seed_125.npz").touch()
    record = read(runs / "m/params.json") | {"seeds": [123, 124, 125], "multi_seed": 3}
    storage.write_json(runs / "m/params.json", record)
    assert go(f"{SMALL} --multi-seed 3 --run-name m") == 0
    out = capsys.readouterr().out
    assert "sigma_theta 0.500 +- 0.354 rad" in out and "2 usable seeds" in out
    assert [line.split(":")[0] for line in out.splitlines() if "unusable" in line] == ["seed 124"]
    assert "seed 124: final PV: sigma_theta = none rad" in out


# --- evaluation


def evaluated(capsys, words):
    """Return (results, warnings) of an evaluation."""
    shutil.rmtree("Runs/e", ignore_errors=True)
    capsys.readouterr()
    assert go(f"{words} --run-name e --figures none") == 0, capsys.readouterr().err
    return read(next(Path("Runs/e").glob("artifacts/*_results.json"))), capsys.readouterr().err


def test_evaluation_repeats_the_tests_of_a_run_or_makes_others(runs, capsys):
    evaluated(capsys, "--evaluate Runs/m")
    for seed in (123, 124):
        again, first = (read(runs / name / RESULTS.format(seed)) for name in ("e", "m"))
        same = {key for key in first if first[key] == again[key]}
        assert {"repeats", "controls", "pv_map_quality", "pv_map_quality_window", "sigma_w_ts_cm"} <= same
    record, origin = read("Runs/e/params.json"), read("Runs/m/params.json")
    assert record["network_params"] == origin["network_params"] and record["mode"] == "ll_fast"
    assert record["evaluated_from"] == "Runs/m" and record["seeds"] == [123, 124]
    assert len(read("Runs/e/run_summary.json")["runs"]) == 2 and not list(Path("Runs/e").rglob("*.npz"))
    moved, _ = evaluated(capsys, f"--evaluate Runs/a/{NPZ} --distance-cm 1.1 --set test_repeats=3")
    assert moved["distance_cm"] == 1.1 and len(moved["repeats"]["sigma_theta_rad"]) == 3


def test_files_of_the_original(runs, capsys):
    """No schema, LL->MON weights before training, another sidecar; and a mid_checkpoint, which has no synapses."""
    npz, checkpoint = runs / "a" / NPZ, runs / "a/artifacts/mid_checkpoint.npz"
    before, _ = evaluated(capsys, f"--evaluate {npz} --ll-mon-weights initial")
    with np.load(npz) as stored:
        arrays = {name: stored[name] for name in stored.files if name[:3] in ("ll_", "mon") and "init" not in name}
        trained, arrays["ll_mon_w_mV"] = arrays["ll_mon_w_mV"], stored["ll_mon_w_init_mV"]
    np.savez_compressed(npz, **arrays)
    path, whole = runs / "a/params.json", read(runs / "a/params.json")
    record = {key: whole[key] for key in ("mode", "seed_start", "multi_seed", "network_params")}
    path.write_text(json.dumps(record))
    # the original's sidecar tells the sizes, the sphere and its own name of the mode
    told = dict(mode="ll_fast", n_ll=100, n_mon=200, n_ts=20, distance_cm=0.8, direction=1.0, mon_ts_wmax=0.028)
    npz.with_name("latest_seed_123_params.json").write_text(json.dumps(told))
    mixed, err = evaluated(capsys, f"--evaluate {npz}")
    assert "warning: latest_seed_123.npz is of the original program: its LL->MON weights are those before" in err
    assert err.count("\n") == 1 and read("Runs/e/params.json")["mode"] == "ll_fast"
    np.savez(checkpoint, trial_idx=3, mon_ts_w=arrays["mon_ts_w"], ll_mon_w_mV=trained)
    own, err = evaluated(capsys, f"--evaluate {checkpoint}")
    assert err == "" and own["repeats"] == read(runs / "a" / RESULTS.format(123))["repeats"]
    np.savez(checkpoint, trial_idx=3, mon_ts_w=arrays["mon_ts_w"])
    without, err = evaluated(capsys, f"--evaluate {checkpoint}")
    assert "has no LL->MON weights: the initial ones" in err
    assert before["repeats"] == without["repeats"] == mixed["repeats"] != own["repeats"]
    path.write_text(json.dumps(record | {"multi_seed": 2}))
    assert "add --seed-start" in refused(capsys, f"--evaluate {checkpoint}")
    path.unlink()
    assert "name the --mode" in refused(capsys, f"--evaluate {npz}")
    assert "integers from 0 to 49" in refused(capsys, f"--mode ll_fast --set n_mon=50 --evaluate {checkpoint}")
    evaluated(capsys, f"--mode ll_fast --evaluate {npz} --set test_repeats=2")
    used = read("Runs/e/params.json")
    assert used["mode"] == told.pop("mode") and used["network_params"] | told == used["network_params"]


# --- warnings and bad input


def test_a_sphere_in_the_body_and_a_silent_mode_are_warned_of(dry, capsys):
    body = "radius 0.5 cm is not physical"
    rows = {"--distance-cm .5": body, "--training-distance-min-cm .4": body, "--mode ll_fast_legacy": "stays silent"}
    for words, warning in rows.items():
        dry(words)
        err = capsys.readouterr().err
        assert err.count("\n") == 1 and err.startswith("lateral_line: warning: ") and warning in err


CHANGED = [
    ("is of other parameters, another seed or an earlier version; delete it, and the same", {"network_params": {}}),
    ("is of other parameters, another seed", {"seed": 124}),
    ("more unknown or missing", {"more": 1}),
    ("seed_123_results.json: controls = 3", {"controls": 3}),
    ("sigma_theta_rad = 'x'; allowed: a number or null", {"sigma_theta_rad": "x"}),
    ("controls: chance_rad, chance_window_rad, shuffled unknown or missing", {"controls": {"untrained": {}}}),
]


def test_measures_of_another_run_or_with_other_content_are_refused_in_one_line(runs, capsys):
    """Their checksum is right."""
    path = runs / "a" / RESULTS.format(123)
    whole = storage.read_json(path)
    for message, changes in CHANGED:
        storage.write_json(path, whole | changes)
        before = content(".")
        assert message in refused(capsys, f"{SMALL} --run-name a")
        assert content(".") == before


FILE = f"Runs/m/{NPZ}"
REFUSED = {
    "--ts-feedback-p 2": "--ts-feedback-p: ts_to_global_inh_p = 2 is out of range; allowed: a number in [0, 1]",
    "--n-mon 3": "--set name=value",
    "--set n_mom=3": "near it: n_mon",
    "--set n_mon": "not a valid integer",
    "--run-name ..": "--run-name",
    "--evaluate Runs/m --multi-seed 2": "--multi-seed",
    f"--evaluate {FILE} --save-weights-dir w": "--save-weights-dir",
    "--evaluate Runs/m --seed-start 123": "2 weight files of 1 seeds",
    "--evaluate Runs": "0 weight files",
    f"--evaluate {FILE} --ll-mon-topo 0.8": "no effect on stored weights",
    f"--evaluate {FILE} --mode ll_baseline": "is of a run in mode ll_fast",
    "--ll-mon-weights initial": "--evaluate only",
    f"{SMALL} --run-name a --save-tag t --distance-cm 1.1": "save_tag = t, not latest; distance_cm = 1.1, not 0.8; ch",
    f"{SMALL} --run-name broken": "delete it",
    f"{SMALL} --run-name bare": "exists without a params.json",
    f"{SMALL} --run-name m --multi-seed 2 --save-weights-dir taken/w": "taken",
    f"{SMALL} --run-name a\udcff": r"'a\udcff' holds NUL or is no UTF-8",
    f"{SMALL} --save-weights-dir w\0": r"'w\x00' holds NUL or is no UTF-8",
}


def test_what_is_refused_is_one_line_and_changes_nothing(runs, capsys):
    Path("taken").write_text("")
    for name in ("broken", "bare"):
        shutil.copytree(runs / "a", runs / name)
    (runs / "bare" / "params.json").unlink()
    (runs / "broken" / RESULTS.format(123)).write_text("{}")
    before = content(".")
    for words, message in REFUSED.items():
        assert message in refused(capsys, words)
    assert content(".") == before and len(list(runs.iterdir())) == 4


def test_a_folder_that_cannot_be_written_is_one_line_and_a_seed_without_its_figures_unfinished(runs, capsys):
    """Of a full disk: tests/attack."""
    results = runs / "a" / RESULTS.format(123)
    results.unlink()
    (runs / "a" / "figures").write_text("")
    assert "/Runs/a/figures" in refused(capsys, f"{SMALL} --run-name a --figures some")
    assert not results.exists()
    assert go(f"{SMALL} --run-name a") == 0
    shutil.rmtree("Runs")
    Path("Runs").write_text("")
    assert "cannot make Runs/a" in refused(capsys, f"{SMALL} --run-name a")


# --- the manual


def test_the_table_in_the_manual_is_that_of_the_parameters():
    rows = [f"| flag | field | {' | '.join(MODES)} | unit | meaning |", "| --- " * 8 + "|"]
    for field in dataclasses.fields(NetworkParams):
        flags = " ".join(f"`{flag}`" for flag, name in cli.FLAGS.items() if name == field.name) or "`--set`"
        shown = []
        for mode in MODES:
            value = getattr(preset(mode), field.name)
            words = {True: "on", False: "off", None: "-"}
            shown.append(words[value] if isinstance(value, bool) or value is None else str(value).removesuffix(".0"))
        rows.append(f"| {' | '.join([flags, field.name, *shown, field.metadata['unit'], field.metadata['meaning']])} |")
    text = (ROOT / "COMMANDS.md").read_text(encoding="utf-8")
    found = re.search(r"<!-- lateral_line flags -->\n(.*?)\n<!-- /lateral_line flags -->", text, re.S)
    assert found[1].strip() == "\n".join(rows)


def test_the_lines_of_the_manual_are_accepted_and_the_command_installed():
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert scripts["lateral_line"] == "helpers.lateral_line.cli:main"
    section = (ROOT / "COMMANDS.md").read_text(encoding="utf-8").split("## Lateral line command")[1].split("\n## ")[0]
    lines = re.findall(r"^    lateral_line ([^#\n]*)", section, flags=re.M)
    assert len(lines) >= 4
    for line in lines:
        assert cli.command.make_context("lateral_line", re.sub(r"--evaluate \S+", "", line).split())
    run_flags = {flag for option in cli.command.params for flag in option.opts} - set(cli.FLAGS)
    assert {flag for flag in run_flags if f"`{flag}`" not in section} == set()
