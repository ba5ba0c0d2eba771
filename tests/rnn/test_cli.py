"""The commands: every flag of the seed, what it does, what is refused, what is written, and going on after a stop."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import matplotlib
import numpy as np
import pytest

from helpers import runs
from helpers.parameters import Table
from helpers.rnn import cli, studies
from helpers.rnn.lyapunov import lyapunov_spectrum

matplotlib.use("Agg")
ROOT = Path(__file__).resolve().parents[2]
FAST = "--n_jobs 1 --transient 2 --n 6 --tsim 4"
CONVERGENCE = f"--tons 1 --activation tanh --nle 3 --n_samples 2 {FAST}"
TRANSITION = f"--gmin 1 --gmax 3 --m_g 3 --n_samples 2 {FAST}"
SPECTRUM = f"--n_samples 2 --variance_max 3 {FAST}"
BASE = {"lyapu_convergence": CONVERGENCE, "transition_2_chaos": TRANSITION, "spectrum": SPECTRUM}


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Run in an empty folder, without a progress bar."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CI", "1")
    yield tmp_path
    assert Path.cwd() == tmp_path  # a fixture that moved would let commands write elsewhere


def call(command, words):
    getattr(cli, command)(words.split() if isinstance(words, str) else words)


def changed(words, change):
    """Return the words with the flags of `change` replaced or added."""
    flags, words = change.split()[::2], words.split()
    pairs = [pair for pair in zip(words[::2], words[1::2], strict=True) if pair[0].lower() not in map(str.lower, flags)]
    return [word for pair in pairs for word in pair] + change.split()


def files(folder="."):
    found = sorted(p for p in Path(folder).rglob("*") if p.is_file() and ".sweeps" not in p.parts)
    return [p.relative_to(folder).as_posix() for p in found]


def captured(command, words, monkeypatch):
    """Return what a command would write, {name: content}, without drawing to files; figures as their names only."""
    kept = {}
    with monkeypatch.context() as patch:
        patch.setattr(cli, "_write", lambda o, files: kept.update(files))
        call(command, words)
    matplotlib.pyplot.close("all")
    text = {name: content.to_csv() if isinstance(content, Table) else content for name, content in kept.items()}
    return {name: content if isinstance(content, str) else None for name, content in text.items()}


def table(text):
    return list(csv.DictReader(text.splitlines()))


# --- flags

SEED = {  # the flags of the seed's help texts, and for spectrum of its code
    "lyapu_convergence": "--tons --activation --g --n_samples --n --nle --help",
    "transition_2_chaos": "--gmin --gmax --m_g --n_samples --activation --save --help",
    "spectrum": "--n --n_samples --variance_max --parameter --activation --save --help",
}

ADDED = "--dt --tSim --tsim --tOns --tons --seed --out --n_jobs --transient"


@pytest.mark.parametrize("command", SEED)
def test_help_shows_every_flag_of_the_seed(command, capsys):
    with pytest.raises(SystemExit) as stopped:
        call(command, "--help")
    text = capsys.readouterr().out
    assert stopped.value.code == 0
    assert text.startswith(f"Usage: {command} [OPTIONS]")
    words = text.replace(",", " ").split()
    for flag in f"{SEED[command]} {ADDED}".split():
        assert flag in words, flag
    assert "Show this message and exit." in text


def test_help_shows_the_words_of_the_seed(capsys):
    shown = {"lyapu_convergence": "[tanh|tanh_pos|tanh_streched]", "transition_2_chaos": "[std|pos|strech]"}
    for command, words in shown.items():
        with pytest.raises(SystemExit):
            call(command, "--help")
        text = capsys.readouterr().out
        assert words in text and "FLOAT" in text and "INTEGER" in text and "[required]" in text


def test_commands_are_installed_under_their_names():
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    for command in BASE:
        assert scripts[command] == f"helpers.rnn.cli:{command}"
        assert callable(getattr(cli, command))


def test_defaults_are_those_of_the_seed(monkeypatch):
    seen = {}
    monkeypatch.setattr(cli, "_convergence", lambda o: seen.update(convergence=vars(o)) or {})
    monkeypatch.setattr(cli, "_transition", lambda o: seen.update(transition=vars(o)) or {})
    monkeypatch.setattr(cli, "_spectrum", lambda o: seen.update(spectrum=vars(o)) or {})
    call("lyapu_convergence", "--tons 0.2 --activation tanh")
    call("transition_2_chaos", "--gmin 0 --gmax 2 --n_samples 1")
    call("spectrum", "--n_samples 1")
    expected = {
        "convergence": dict(g=1.5, n_samples=5, n=100, k=20, t_sim=700, dt=0.1, seed=0, out="data"),
        "transition": dict(m_g=7, activation="tanh", save=True, parameters=("weights",), n=1000, k=1, t_sim=200),
        "spectrum": dict(n=100, variance_max=12, activation="tanh", save=True, t_sim=200, t_ons=0.2, dt=0.1),
    }
    for command, values in expected.items():
        assert values.items() <= seen[command].items()
    assert files() == []


CHANGES = [
    ("lyapu_convergence", "--g 3"),
    ("lyapu_convergence", "--n 7"),
    ("lyapu_convergence", "--nle 2"),
    ("lyapu_convergence", "--n_samples 3"),
    ("lyapu_convergence", "--activation tanh_pos"),
    ("lyapu_convergence", "--tons 0.5"),
    ("lyapu_convergence", "--tsim 5"),
    ("lyapu_convergence", "--dt 0.2"),
    ("lyapu_convergence", "--transient 3"),
    ("lyapu_convergence", "--seed 1"),
    ("transition_2_chaos", "--gmin 0.5"),
    ("transition_2_chaos", "--gmax 4"),
    ("transition_2_chaos", "--m_g 2"),
    ("transition_2_chaos", "--n_samples 1"),
    ("transition_2_chaos", "--activation pos"),
    ("transition_2_chaos", "--activation strech --parameter gains"),
    ("transition_2_chaos", "--n 5"),
    ("transition_2_chaos", "--nle 2"),
    ("transition_2_chaos", "--tsim 5"),
    ("transition_2_chaos", "--dt 0.2"),
    ("transition_2_chaos", "--transient 3"),
    ("transition_2_chaos", "--seed 1"),
    ("spectrum", "--n 5"),
    ("spectrum", "--n_samples 3"),
    ("spectrum", "--variance_max 2"),
    ("spectrum", "--activation pos"),
    ("spectrum", "--activation pos --parameter shifts"),
    ("spectrum", "--tsim 5"),
    ("spectrum", "--dt 0.2"),
    ("spectrum", "--transient 3"),
    ("spectrum", "--seed 1"),
]


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """What the base command writes, per command, computed once."""
    kept = {}

    def once(command, monkeypatch):
        if command not in kept:
            words = f"{BASE[command]} --out {tmp_path_factory.mktemp(command)}"
            kept[command] = captured(command, words, monkeypatch)
        return kept[command]

    return once


@pytest.mark.parametrize(("command", "change"), CHANGES)
def test_every_flag_changes_the_numbers(command, change, plain, monkeypatch):
    before, after = plain(command, monkeypatch), captured(command, changed(BASE[command], change), monkeypatch)
    (one,), (two,) = ([text for name, text in found.items() if name.endswith(".csv")] for found in (before, after))
    logs = [{k: v for k, v in found.items() if k.endswith(".json")} for found in (before, after)]
    assert one != two or logs[0] != logs[1]
    if change.split()[0] in ("--dt", "--transient", "--seed", "--activation", "--tsim"):
        column = lambda text: [row["exponent"] for row in table(text)]  # noqa: E731
        assert column(one)[0] != column(two)[0]


@pytest.mark.parametrize(("command", "change"), [*((c, "--tons 0.5") for c in BASE), ("spectrum", "--n_jobs 2")])
def test_jobs_and_qr_interval_do_not_change_the_exponents(command, change, plain, monkeypatch):
    (one,) = [text for name, text in plain(command, monkeypatch).items() if name.endswith(".csv")]
    found = captured(command, changed(BASE[command], change), monkeypatch)
    (two,) = [text for name, text in found.items() if name.endswith(".csv")]
    one, two = ([float(row["exponent"]) for row in table(text)] for text in (one, two))
    np.testing.assert_allclose(one, two, atol=1e-9)


@pytest.mark.parametrize("flag", ["--nLE 2", "--nle 2", "--tOns 0.5", "--tons 0.5", "--tSim 6", "--tsim 6"])
def test_both_spellings(flag, monkeypatch):
    found = captured("lyapu_convergence", changed(CONVERGENCE, flag), monkeypatch)
    low = dict([(flag.lower().split()[0], flag.split()[1])])
    nle, tons, tsim = (low.get(name, old) for name, old in (("--nle", "3"), ("--tons", "1"), ("--tsim", "4")))
    assert f"tanh_N6_NLE{nle}_g1.5_Tons{float(tons)}_Tsim{tsim}_dt0.1.csv" in found


@pytest.mark.parametrize(
    ("word", "stem"),
    [
        ("std", "tanh"),
        ("TANH", "tanh"),
        ("Strech", "tanh_streched"),
        ("tanh_strech", "tanh_streched"),
        ("tanh_streched", "tanh_streched"),
        ("tanh_stretched", "tanh_streched"),
        ("pos", "tanh_positive"),
        ("tanh_pos", "tanh_positive"),
        ("tanh_positive", "tanh_positive"),
    ],
)
def test_every_activation_word(word, stem, monkeypatch):
    found = captured("lyapu_convergence", changed(CONVERGENCE, f"--activation {word}"), monkeypatch)
    assert all(name.startswith(f"{stem}_N6_") for name in found)


@pytest.mark.parametrize(("word", "kept"), [("True", True), ("1", True), ("no", False), ("FALSE", False)])
def test_save_takes_a_value(word, kept, capsys):
    call("transition_2_chaos", changed(TRANSITION, f"--save {word} --m_g 1 --gmin 3"))
    assert (files() != []) is kept
    assert Path("data").exists() is kept
    assert "median lambda_1" in capsys.readouterr().out


def test_out_is_the_folder(here):
    call("lyapu_convergence", changed(CONVERGENCE, "--out elsewhere/deep"))
    assert [p.name for p in here.iterdir()] == ["elsewhere"]
    assert len(files("elsewhere/deep")) == 3


# --- refusals

BAD = [
    ("lyapu_convergence", "--nle 7", "--nle = 7"),
    ("lyapu_convergence", "--nle 0", "--nle = 0"),
    ("lyapu_convergence", "--n 0", "--n = 0"),
    ("lyapu_convergence", "--n 5.5", "--n"),
    ("lyapu_convergence", "--dt 0.5 --tons 0.2", "--tons = 0.2"),
    ("lyapu_convergence", "--tons 9", "--tons = 9"),
    ("lyapu_convergence", "--dt 0", "--dt = 0"),
    ("lyapu_convergence", "--dt 1.5", "--dt = 1.5"),
    ("lyapu_convergence", "--dt nan", "--dt = nan"),
    ("lyapu_convergence", "--g nan", "--g = nan"),
    ("lyapu_convergence", "--g inf", "--g = inf"),
    ("lyapu_convergence", "--g -1", "--g = -1"),
    ("lyapu_convergence", "--g two", "--g"),
    ("lyapu_convergence", "--tsim -4", "--tsim = -4"),
    ("lyapu_convergence", "--tsim inf", "--tsim = inf"),
    ("lyapu_convergence", "--transient -1", "--transient = -1"),
    ("lyapu_convergence", "--activation relu", "relu"),
    ("lyapu_convergence", "--n_samples 0", "--n_samples = 0"),
    ("lyapu_convergence", "--seed -1", "--seed = -1"),
    ("lyapu_convergence", "--n_jobs 0", "--n_jobs = 0"),
    ("lyapu_convergence", "--unknown 3", "--unknown"),
    ("lyapu_convergence", "--sav True", "--sav"),
    ("transition_2_chaos", "--gmin 4", "--gmin = 4"),
    ("transition_2_chaos", "--gmax -1", "--gmax = -1"),
    ("transition_2_chaos", "--m_g 0", "--m_g = 0"),
    ("transition_2_chaos", "--n_samples 0", "--n_samples = 0"),
    ("transition_2_chaos", "--save maybe", "maybe"),
    ("transition_2_chaos", "--parameter bias", "bias"),
    ("transition_2_chaos", "--parameter gains", "plain tanh"),
    ("transition_2_chaos", "--activation relu", "relu"),
    ("spectrum", "--variance_max 0", "--variance_max = 0"),
    ("spectrum", "--n_samples 0", "--n_samples = 0"),
    ("spectrum", "--tons 5", "--tons = 5"),
]


@pytest.mark.parametrize(("command", "wrong", "says"), BAD)
def test_a_bad_value_is_one_line_and_leaves_nothing(command, wrong, says, here, capsys):
    with pytest.raises(SystemExit) as stopped:
        call(command, changed(BASE[command], wrong))
    out, err = capsys.readouterr()
    assert stopped.value.code == 2 and out == ""
    assert err.count("\n") == 1 and err.startswith(f"{command}: ") and says in err
    assert list(here.iterdir()) == []


@pytest.mark.parametrize(
    ("command", "given", "missing"),
    [
        ("lyapu_convergence", "--activation tanh", "--tons"),
        ("lyapu_convergence", "--tons 1", "--activation"),
        ("transition_2_chaos", "--gmin 1 --gmax 2", "--n_samples"),
        ("transition_2_chaos", "--gmin 1 --n_samples 2", "--gmax"),
        ("spectrum", "", "--n_samples"),
    ],
)
def test_a_missing_value_is_named(command, given, missing, here, capsys):
    with pytest.raises(SystemExit) as stopped:
        call(command, given)
    err = capsys.readouterr().err
    assert stopped.value.code == 2 and err.count("\n") == 1 and missing in err
    assert list(here.iterdir()) == []


def test_an_unwritable_folder_is_one_line(here, capsys):
    Path("taken").write_text("a file")
    with pytest.raises(SystemExit) as stopped:
        call("lyapu_convergence", changed(CONVERGENCE, "--out taken"))
    err = capsys.readouterr().err
    assert stopped.value.code == 2 and err.count("\n") == 1 and "taken" in err
    assert files() == ["taken"]


def test_a_failed_point_writes_no_file(monkeypatch, capsys):
    def fail(**point):
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr(studies, "exponents_point", fail)
    with pytest.raises(SystemExit) as stopped:
        call("transition_2_chaos", TRANSITION)
    err = capsys.readouterr().err
    assert stopped.value.code == 2 and err.count("\n") == 1 and "6 points of the sweep failed" in err
    assert files() == []


def test_files_are_written_together_or_not_at_all(monkeypatch, capsys):
    draft = cli._draft

    def full(path, content, suffix):
        if suffix == "svg":
            raise OSError(28, "No space left on device")
        draft(path, content, suffix)

    monkeypatch.setattr(cli, "_draft", full)
    with pytest.raises(SystemExit):
        call("transition_2_chaos", TRANSITION)
    assert "No space left" in capsys.readouterr().err
    assert files() == []


# --- files


def test_convergence_files():
    call("lyapu_convergence", changed(CONVERGENCE, "--g 2"))
    stem = "tanh_N6_NLE3_g2.0_Tons1.0_Tsim4_dt0.1"
    logs = f"data/logs/lyapu_convergence/{stem}"
    assert files() == [f"data/fig/lyapu_convergence/{stem}.png", f"{logs}.csv", f"{logs}.json"]
    log = json.loads(Path(f"{logs}.json").read_text())
    assert list(log) == ["sample_0", "sample_1"]
    starts = runs.seeds(0, 2)
    for sample, start in zip(log.values(), starts, strict=True):
        rnn = studies.network(n=6, g=2.0, seed=0)
        expected = lyapunov_spectrum(rnn, k=3, t_sim=4, t_ons=1, transient=2, seed=start, trace=True)
        np.testing.assert_allclose(sample["spectrum"], expected.running, rtol=1e-12)
        np.testing.assert_allclose(sample["times"], [1, 2, 3, 4])
        assert sample["tons"] == 1


def test_transition_files():
    call("transition_2_chaos", f"{TRANSITION} --activation pos --parameter gains --parameter weights --parameter gains")
    stem = "tanh_positive_N6_nSample2_tSim4_dt0.1_tOns0.2_gains_weights"
    fig, logs = f"data/fig/transition_2_chaos/{stem}", f"data/logs/transition_2_chaos/{stem}"
    assert files() == [f"{fig}.pdf", f"{fig}.svg", f"{logs}.csv"]
    rows = table(Path(f"{logs}.csv").read_text())
    assert list(rows[0]) == ["sample", "seed", "g", "index", "exponent", "stderr"]
    assert [(float(row["g"]), int(row["sample"])) for row in rows] == [(g, i) for g in (1, 2, 3) for i in (0, 1)]
    for row in rows:
        point = dict(n=6, g=float(row["g"]), seed=int(row["seed"]), activation="pos", parameters=("gains", "weights"))
        expected = lyapunov_spectrum(
            studies.network(**point), k=1, t_sim=4, t_ons=0.2, transient=2, seed=int(row["seed"])
        )
        assert float(row["exponent"]) == expected.exponents[0]
        assert float(row["stderr"]) == expected.stderr[0] > 0


def test_spectrum_files():
    call("spectrum", SPECTRUM)
    stem = "tanh_N6_nSample2_tSim4_dt0.1_tOns0.2_weights"
    ends = ("dim.pdf", "dim.svg", "entro.pdf", "entro.svg", "spect.pdf", "spect.svg")
    logs = f"data/logs/spectrum/{stem}"
    tables = [f"{logs}.csv", *(f"{logs}_{end}.json" for end in ("dim", "entropies", "spectrum"))]
    assert files() == [*(f"data/fig/spectrum/{stem}_{end}" for end in ends), *tables]
    log = {end: json.loads(Path(f"{logs}_{end}.json").read_text()) for end in ("dim", "entropies", "spectrum")}
    for name in log:
        assert list(log[name]) == ["1", "2", "4"]
    rows = table(Path(f"{logs}.csv").read_text())
    assert len(rows) == 3 * 2 * 6
    for sigma, spectra in log["spectrum"].items():
        for sample, exponents in enumerate(spectra):
            written = [r for r in rows if float(r["g"]) == float(sigma) and int(r["sample"]) == sample]
            assert [float(r["exponent"]) for r in written] == exponents == sorted(exponents, reverse=True)
            positive = sum(x for x in exponents if x > 0)
            assert log["entropies"][sigma][sample] == pytest.approx(positive, abs=1e-12)


# --- stopped, and called again

SLOW = "--gmin 1 --gmax 2 --m_g 4 --n_samples 2 --n 150 --nle 4 --tsim 60 --transient 5 --n_jobs 1"


def start(words, folder):
    code = "from helpers.rnn.cli import transition_2_chaos; transition_2_chaos()"
    return subprocess.Popen(
        [sys.executable, "-c", code, *words.split(), "--out", str(folder)],
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "MPLBACKEND": "Agg"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for_points(process, folder, n, seconds=120):
    until = time.time() + seconds
    while len(list(folder.rglob("*.npz"))) < n:
        assert process.poll() is None and time.time() < until, process.stderr.read()
        time.sleep(0.02)


def test_a_stopped_command_goes_on_and_ends_with_the_same_files(here):
    process = start(SLOW, here / "stopped")
    wait_for_points(process, here / "stopped", 2)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.count("\n") == 1 and "stopped; the same command goes on from here" in err
    kept = {path: path.stat().st_mtime_ns for path in (here / "stopped").rglob("*.npz")}
    assert 2 <= len(kept) < 8 and files("stopped") == []
    for folder in ("stopped", "whole"):
        process = start(SLOW, here / folder)
        _, err = process.communicate(timeout=120)
        assert process.returncode == 0 and err == ""
    assert all(path.stat().st_mtime_ns == before for path, before in kept.items())
    assert files("stopped") == files("whole") and len(files("whole")) == 3
    (name,) = [name for name in files("whole") if name.endswith(".csv")]
    assert (here / "stopped" / name).read_bytes() == (here / "whole" / name).read_bytes()
