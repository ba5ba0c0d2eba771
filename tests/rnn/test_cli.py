"""The eight commands: flags and files of the source, what a flag does, refusals in one line, going on after a stop."""

import csv
import json
import os
import re
import sys
import tomllib
from importlib import import_module
from pathlib import Path
from unittest import mock

import matplotlib
import numpy as np
import pytest
from click.testing import CliRunner
from matplotlib.figure import Figure

from helpers import runs, storage
from helpers.parameters import BackendError, ParameterError
from helpers.rnn import cli, meanfield, options
from helpers.rnn.connectome import make_synthetic_roi
from helpers.rnn.lyapunov import lyapunov_spectrum
from helpers.rnn.model import random_weights

matplotlib.use("Agg")
ROOT = Path(__file__).resolve().parents[2]
FAST = "--n_jobs 1 --transient 2 --n 6 --tsim 4"
SHORT = "--n 8 --loss MSE --nLE 2 --tSim 8 --n_epochs 3 --transient 2"  # one plan: it is compiled once
BASE = {
    "lyapu_convergence": f"--tons 1 --activation tanh --nle 3 --n_samples 2 {FAST}",
    "transition_2_chaos": f"--gmin 1 --gmax 3 --m_g 3 --n_samples 2 {FAST}",
    "spectrum": f"--n_samples 2 --variance_max 3 {FAST}",
    "lyapu_benchmark": "--n 20 --tsim 5",
    "train_rd_model": f"--n_samples 1 --activation tanh_pos --g 1 {SHORT}",
    "train_rd_model_fixed_param": f"--n_samples 1 --activation tanh_pos --g 1 --number_param 9 0 0 {SHORT}",
    "train_flybrain_full": f"--n_samples 1 --activation tanh_pos {SHORT}",
    "train_flybrain_pop": SHORT,
}
TRAIN = list(BASE)[4:]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Run in an empty folder, without a progress bar."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CI", "1")
    return tmp_path


@pytest.fixture
def undrawn(monkeypatch):
    """Leave empty files where figures would be, and take no time for the mean field."""
    monkeypatch.setattr(Figure, "savefig", lambda figure, file, **options: None)
    monkeypatch.setattr(meanfield, "first_exponent", lambda g: 0.0)


def call(command, change=""):
    """Run a command with the flags of its base line, and with those of `change` replaced or added."""
    getattr(cli, command)(changed(command, change).split())


def changed(command, change):
    """Return the words of the base line with the flags of `change` replaced or added."""
    named = {word.lower() for word in change.split() if word.startswith("--")}
    groups = re.findall(r"(--\S+)((?: (?!--)\S+)*)", BASE[command])
    kept = [f"{flag}{values}" for flag, values in groups if flag.lower() not in named]
    return " ".join([*kept, change])


@pytest.fixture
def refusal(capsys):
    """Return a function: the one line with which a command refuses a change of its base line."""

    def line(command, change=""):
        capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            call(command, change)
        err = capsys.readouterr().err
        assert stopped.value.code == 2 and err.count("\n") == 1 and err.startswith(f"{command}: "), (change, err)
        return err

    return line


def files(folder="."):
    found = sorted(p for p in Path(folder).rglob("*") if p.is_file() and ".sweeps" not in p.parts)
    return [p.relative_to(folder).as_posix() for p in found]


def rows(path):
    return list(csv.DictReader(Path(path).read_text().splitlines()))


def times(folder):
    """Return when the stored points below a folder were written."""
    return {path: path.stat().st_mtime_ns for path in Path(folder).rglob("*.npz")}


# --- flags

TIMES = "--tons --tOns --tsim --tSim"
COMMON = f"--n_samples --nLE --nle --loss --activation --target --n_epochs --lr {TIMES}"
SEED = {  # the flags of the seed's help texts, in the other spelling too; for spectrum those of its code
    "lyapu_convergence": f"--activation --g --n_samples --n --nle --nLE {TIMES}",
    "transition_2_chaos": "--gmin --gmax --m_g --n_samples --activation --save --parameter",
    "spectrum": "--n --n_samples --variance_max --parameter --activation --save",
    "lyapu_benchmark": "--n",
    "train_rd_model": f"--n --g --train_weights --train_shifts --train_gains --number_param {COMMON}",
    "train_rd_model_fixed_param": f"--n --g --train_weights --train_gains --number_param --nle_after {COMMON}",
    "train_flybrain_full": f"--ROI --roi --early_stopping --transmitters --excitatory --min_weight --largest {COMMON}",
    "train_flybrain_pop": f"--subpopulation --ROI --roi --early_stopping {COMMON}",
}
ADDED = "--help --dt --seed --out --tSim --tsim"
DEFAULTS = {
    "lyapu_convergence": dict(g=1.5, n_samples=5, n=100, k=20, t_sim=700, transient=50, dt=0.1, seed=0, out="data"),
    "transition_2_chaos": dict(m_g=7, activation="std", save=True, n=1000, k=1, t_sim=200, t_ons=1, transient=200),
    "spectrum": dict(n=100, variance_max=12, activation="std", save=True, t_sim=200, t_ons=1, n_jobs=-1),
    "lyapu_benchmark": dict(n=200, t_sim=200, seed=0),
    "train_rd_model_fixed_param": dict(number_param=(100, 0, 0), t_ons=1, lr=1e-3),
    "train_rd_model": dict(target=0, t_ons=1, t_sim=200, n_epochs=10, lr=1e-3, train_weights=True, dale="free"),
    "train_flybrain_full": dict(
        nle_after=None, min_weight=1, n=60, lr=0.01, orientation="dale", data="data/connectomics", grad="full"
    ),
    "train_flybrain_pop": dict(n_samples=1, k=1, subpopulation="neurotransmitter", loss="l2", activation="tanh_pos"),
}
REQUIRED = {
    "lyapu_convergence": "activation t_ons",
    "transition_2_chaos": "gmax gmin n_samples",
    "spectrum": "n_samples",
    "lyapu_benchmark": "",
    "train_rd_model": "activation g k loss n n_samples",
    "train_rd_model_fixed_param": "activation g k loss n n_samples",
    "train_flybrain_full": "activation k loss n_samples",
    "train_flybrain_pop": "",
}
WORDS = {  # choices and ranges
    "lyapu_convergence": "[tanh|tanh_pos|tanh_streched]",
    "transition_2_chaos": "[std|pos|strech]",
    "train_rd_model": "[l2|MSE|MSE_",
    "train_flybrain_full": "[zero|random] [full|frozen|window] [dale|legacy] 0.0001<=x<=1] 1<=x<=100000",
    "train_flybrain_pop": "[cell_fibers|neurotransmitter]",
}


@pytest.mark.parametrize("command", BASE)
def test_help_shows_every_flag_of_the_seed_and_its_words(command):
    shown = CliRunner().invoke(getattr(cli, command), ["--help"])
    assert shown.exit_code == 0 and shown.stdout.startswith(f"Usage: {command} [OPTIONS]")
    words = shown.stdout.replace(",", " ").split()
    assert [flag for flag in f"{SEED[command]} {ADDED}".split() if flag not in words] == []
    text = " ".join(shown.stdout.split())
    assert [word for word in WORDS.get(command, "").split() if word not in text] == []
    defaults = {option.name: option.default for option in getattr(cli, command).params}
    assert DEFAULTS[command].items() <= defaults.items()
    assert sorted(o.name for o in getattr(cli, command).params if o.required) == REQUIRED[command].split()


def test_the_commands_are_installed():
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert {name: scripts[name] for name in BASE} == {name: f"helpers.rnn.cli:{name}" for name in BASE}


@pytest.mark.parametrize("missing", ["jax", "optax"])
def test_only_training_needs_jax_and_optax_and_says_what_to_install(missing):
    """All of the collection is imported anew in a process that lacks a package."""
    pytest.importorskip("jax")
    with mock.patch.dict(sys.modules, {missing: None}):
        for name in [name for name in sys.modules if name.split(".")[0] == "helpers"]:
            del sys.modules[name]
        command = import_module("helpers.rnn.cli").train_flybrain_pop
        assert CliRunner().invoke(command, ["--help"]).stdout.startswith("Usage: train_flybrain_pop [OPTIONS]")
        with pytest.raises(Exception, match=r"missing|not installed") as failed:
            import_module("helpers.rnn.training")
    assert type(failed.value).__name__ == "BackendError" and "pip install jax optax" in str(failed.value)


def test_shells_complete_the_flags(monkeypatch, capsys):
    monkeypatch.setenv("_TRAIN_FLYBRAIN_POP_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_CWORD", "1")
    for typed, found in (("--sub", "plain,--subpopulation"), ("--nle", "plain,--nle_after")):
        monkeypatch.setenv("COMP_WORDS", f"train_flybrain_pop {typed}")
        with pytest.raises(SystemExit):
            cli.train_flybrain_pop([])
        assert found in capsys.readouterr().out.split()


def parsed(command, words):
    """Return the values of the options, without running the command."""
    made = getattr(cli, command)
    return made.make_context(made.name, words.split()).params


def test_the_lines_of_the_manual_are_accepted():
    text = (ROOT / "COMMANDS.md").read_text()
    lines = re.findall(rf"^    ({'|'.join(BASE)}) (.*)$", text, flags=re.M)
    assert {name for name, _ in lines} == set(BASE)
    for command, words in lines:
        assert parsed(command, words)


def test_every_spelling_means_the_same():
    for command in BASE:
        known = {option.name for option in getattr(cli, command).params}
        for flag, name in (("nLE", "k"), ("tOns", "t_ons"), ("tSim", "t_sim")):
            spelled = (flag, flag.lower()) if name in known else ()
            assert all(parsed(command, changed(command, f"--{word} 2"))[name] == 2 for word in spelled)
    assert [parsed("train_flybrain_pop", f"--{word} XX")["roi"] for word in ("ROI", "roi")] == [("XX",), ("XX",)]
    words = changed("lyapu_convergence", "--activation TANH_Positive").split()
    with cli.lyapu_convergence.make_context("c", words) as context:
        assert options.opened("c", context.params).activation == "tanh_pos"
    assert parsed("train_rd_model", f"{BASE['train_rd_model']} --")["k"] == 2  # -- ends the flags
    stops = {"": 1e-6, " True": 1e-6, " f": None, " 9.5": 9.5, " -2": -2, " -1e-3": -1e-3, "=-2": -2}
    for word, value in stops.items():
        assert parsed("train_flybrain_pop", f"--early_stopping{word} --dt 0.2")["early_stopping"] == value
    assert parsed("train_flybrain_pop", "")["early_stopping"] is None


# --- refusals: one line, status 2, nothing written

BAD = {
    "lyapu_convergence": [
        ("--nle 7", "--nle = 7 is out of range"),
        ("--nle 0", "'--nle': 0 is not in the range"),
        ("--dt 0.5 --tons 0.2", "--tons = 0.2"),
        ("--tons 9", "--tons = 9"),
        ("--dt nan", "--dt = nan"),
        ("--g -1", "'--g': -1.0 is not in the range"),
        ("--activation relu", "'relu' is not one of 'tanh', 'std'"),
        ("--n_jobs 0", "--n_jobs = 0 starts no worker"),
        ("--sav True", "No such option '--sav'"),
        ("--out taken", "--out = taken cannot be written"),
        (f"--out {'é' * 300}", "cannot be looked for (File name too long); choose a writable folder"),
    ],
    "transition_2_chaos": [
        ("--gmin 4", "--gmin = 4 is out of range"),
        ("--parameter gains", "plain tanh takes weights only"),
        ("--out taken/m_g=3/x", "--out = taken/m_g=3/x cannot be written"),
    ],
    "spectrum": [("--variance_max 0", "'--variance_max': 0 is not in the range")],
    "lyapu_benchmark": [("--n 10", "'--n': 10 is not in the range"), ("--tOns 9", "--tOns = 9")],
    "train_rd_model_fixed_param": [
        ("--number_param 0 9 0", "--number_param, gains = 9"),
        ("--number_param 0 0 9", "--number_param, shifts = 9"),
        ("--number_param 57 0 0", "--number_param, weights = 57"),
    ],
    "train_rd_model": [
        ("--nLE 9", "--nLE = 9 is out of range"),
        ("--nle_after 9", "--nle_after = 9 is out of range"),
        ("--train_weights False", "nothing is trained"),
        ("--number_param 0 0 0", "nothing is trained: --number_param = 0 0 0"),
        ("--g 0", "--g = 0 makes all weights 0"),
        ("--activation tanh --train_gains True", "--activation = tanh has neither gains nor shifts"),
        ("--early_stopping soon", "'soon' is not a valid float"),
    ],
    "train_flybrain_full": [
        ("--ROI EB", "--ROI = 'EB' is unknown; choose one of: SYN, XX"),
        ("--roi XX --roi SYN", "--roi = 'XX+SYN' is unknown"),
        ("--ROI XX", "strongly connected parts, the largest of 1 of 2 neurons; load the region with --largest to"),
        ("--ROI XX --largest", "no two neurons that reach each other"),
        ("--excitatory", "belong to the published tables; --data data/connectomics has no traced-neurons.csv"),
        ("--n 3", "--n = 3"),
        ("--activation tanh", "--activation = tanh has neither gains nor shifts"),
        ("--data nowhere", "--data = nowhere is not a folder"),
        (f"--data {'é' * 300}", "is not a folder; give that of the regions"),
        ("--data taken --roi SYN", "--data = taken is not a folder"),
        ("--out taken/largest=True/x --largest", "--out = taken/largest=True/x cannot be written"),
    ],
}


@pytest.mark.parametrize("command", BAD)
def test_a_bad_value_is_one_line_and_leaves_nothing(command, refusal):
    if command in TRAIN:
        pytest.importorskip("optax")
    Path("taken").write_text("a file")
    region = Path("data/connectomics/XX")
    region.mkdir(parents=True)
    (region / "neurons.csv").write_text("bodyId,transmitter,cell_body_fiber,sign\n1,1,0,1\n2,0,0,-1\n")
    (region / "edges.csv").write_text("bodyId_pre,bodyId_post,weight\n1,2,3\n")
    before = sorted(Path().rglob("*"))
    for wrong, says in BAD[command]:
        assert says in refusal(command, wrong), wrong
        assert sorted(Path().rglob("*")) == before, wrong


def test_what_fails_later_is_one_line_too(refusal, monkeypatch):
    def broken(**point):
        raise RuntimeError("broken on purpose")

    def full(figure, path, format, **options):
        if format == "svg":
            raise OSError(28, "No space left on device")

    def fill(*args, **options):
        raise MemoryError("Unable to allocate 74.5 GiB")

    assert "the tangent is singular" in refusal("lyapu_convergence", "--g 0 --dt 1")
    assert "--data = data/connectomics is not a folder; give that of" in refusal("train_flybrain_full", "--ROI EB")
    for module, name, wrong, says in (
        (cli, "exponents_point", broken, "6 points of the sweep failed"),
        (Figure, "savefig", full, "No space left"),  # files are written together or not at all
    ):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, wrong)
            assert says in refusal("transition_2_chaos", "--activation pos")
    monkeypatch.setattr(cli, "random_weights", fill)
    wanted = "train_rd_model: out of memory (Unable to allocate 74.5 GiB); take fewer neurons or exponents\n"
    assert refusal("train_rd_model") == wanted
    assert files() == []


# --- the measuring commands: files, and numbers that follow from the flags


def test_g_scales_the_draws_of_what_it_acts_on():
    zero, one, three = (cli.network(n=500, g=g, seed=3, activation="pos") for g in (0.0, 1.0, 3.0))
    assert (zero.weights == 0).all() and (one.gain, one.shift) == (1.0, 0.0)
    np.testing.assert_array_equal(three.weights, random_weights(500, 3.0, seed=3))
    both = dict(n=500, seed=3, activation="pos", parameters=("shifts", "gains"))
    zero, one, three = (cli.network(g=g, **both) for g in (0.0, 1.0, 3.0))
    np.testing.assert_array_equal(three.weights, random_weights(500, 1.0, seed=3))
    for name in ("gain", "shift"):
        np.testing.assert_array_equal(getattr(zero, name), 1)
        np.testing.assert_allclose(getattr(three, name) - 1, 3 * (getattr(one, name) - 1))
        assert abs((getattr(one, name) - 1).std() * 500**0.5 - 1) < 0.1
    assert abs(np.corrcoef(one.gain, one.shift)[0, 1]) < 0.1


def test_convergence_files():
    call("lyapu_convergence", "--activation pos --g 2 --dt 0.2 --seed 1 --out elsewhere/deep")
    stem = "lyapunov_convergence/tanh_positive_N6_NLE3_g2.0_Tons1.0_Tsim4_dt0.2_n_samples2_transient2.0_seed1"
    assert os.listdir() == ["elsewhere"]
    assert files("elsewhere/deep") == [f"fig/{stem}.png", f"logs/{stem}.csv", f"logs/{stem}.json"]
    log = json.loads(Path(f"elsewhere/deep/logs/{stem}.json").read_text())
    table = rows(f"elsewhere/deep/logs/{stem}.csv")
    assert list(log) == ["sample_0", "sample_1"] and len(table) == 6
    for i, start in enumerate(runs.seeds(1, 2)):
        net = cli.network(n=6, g=2.0, seed=1, activation="pos", dt=0.2)
        expected = lyapunov_spectrum(net, k=3, t_sim=4, t_ons=1, transient=2, seed=start, trace=True)
        np.testing.assert_allclose(log[f"sample_{i}"]["spectrum"], expected.running, rtol=1e-12)
        np.testing.assert_allclose(log[f"sample_{i}"]["times"], [1, 2, 3, 4])
        assert log[f"sample_{i}"]["tons"] == 1
        written = [float(row["exponent"]) for row in table if row["state_seed"] == str(start)]
        np.testing.assert_allclose(written, expected.exponents, rtol=1e-12)


def test_transition_files():
    words = "--activation pos --parameter gains --parameter weights --parameter gains"
    call("transition_2_chaos", f"{words} --tons 0.2 --dt 0.05 --nle 2 --seed 1")
    stem = "transition_2_chaos/tanh_positive_N6_nSample2_tSim4_dt0.05_tOns0.2_gains_weights_nLE2_transient2.0_seed1"
    assert files("data") == [f"fig/{stem}.pdf", f"fig/{stem}.svg", f"logs/{stem}.csv"]
    table = rows(f"data/logs/{stem}.csv")
    assert list(table[0]) == ["sample", "seed", "g", "index", "exponent", "stderr"]
    points = [(g, i, j) for g in (1, 2, 3) for i in (0, 1) for j in (1, 2)]
    assert [(float(row["g"]), int(row["sample"]), int(row["index"])) for row in table] == points
    for row in table:
        g, seed, j = float(row["g"]), int(row["seed"]), int(row["index"]) - 1
        assert seed == runs.seeds(1, 2)[int(row["sample"])]
        net = cli.network(n=6, g=g, seed=seed, activation="pos", parameters=("gains", "weights"), dt=0.05)
        expected = lyapunov_spectrum(net, k=2, t_sim=4, t_ons=0.2, transient=2, seed=seed)
        assert float(row["exponent"]) == expected.exponents[j]
        assert float(row["stderr"]) == expected.stderr[j] > 0


def test_spectrum_files(undrawn, monkeypatch):
    over, asked = runs.over, []
    monkeypatch.setattr(runs, "over", lambda f, *, n_jobs, **grid: asked.append(n_jobs) or over(f, n_jobs=1, **grid))
    call("spectrum", "--n_jobs 2 --tons 0.5 --seed 1")
    assert asked == [2]
    stem = "spectrum_characterization/tanh_N6_nSample2_tSim4_dt0.1_tOns0.5_weights_variance_max3_transient2.0_seed1"
    ends = ("dim.pdf", "dim.svg", "entro.pdf", "entro.svg", "spect.pdf", "spect.svg")
    names = dict(dim="kaplan_yorke", entropies="entropy", spectrum="exponents")
    tables = [f"logs/{stem}.csv", *(f"logs/{stem}_{end}.json" for end in names)]
    assert files("data") == [*(f"fig/{stem}_{end}" for end in ends), *tables]
    table = rows(f"data/logs/{stem}.csv")
    assert len(table) == 3 * 2 * 6
    log = {end: json.loads(Path(f"data/logs/{stem}_{end}.json").read_text()) for end in names}
    for sigma in ("1", "2", "4"):
        for sample, seed in enumerate(runs.seeds(1, 2)):
            net = cli.network(n=6, g=float(sigma), seed=seed)
            expected = lyapunov_spectrum(net, k=6, t_sim=4, t_ons=0.5, transient=2, seed=seed)
            for end, name in names.items():
                assert log[end][sigma][sample] == np.asarray(getattr(expected, name)).tolist()
            written = [r for r in table if float(r["g"]) == float(sigma) and int(r["sample"]) == sample]
            assert [float(r["exponent"]) for r in written] == expected.exponents.tolist()


def test_benchmark_files(undrawn):
    call("lyapu_benchmark", "--tons 0.5 --dt 0.2 --seed 1")
    ends = ("0_convergence_vs_Tons", "1_time_vs_nle", "2_time_vs_tSim", "3_time_vs_netSize")
    mark = "N20_tOns0.5_tSim5.0_dt0.2_seed1"
    wanted = [f"fig/lyapunov_benchmark/{end}_{mark}.svg" for end in ends]
    assert files("data") == [*wanted, f"logs/lyapunov_benchmark/times_{mark}.csv"]
    table = rows(f"data/logs/lyapunov_benchmark/times_{mark}.csv")
    assert [sum(row["figure"] == end for row in table) for end in ends] == [0, 10, 10, 9]
    assert all(float(row["seconds"]) > 0 for row in table)


@pytest.mark.parametrize("command", ["transition_2_chaos", "spectrum"])
def test_save_false_prints_the_table_and_writes_nothing(command, here, capsys):
    call(command, "--save no")
    assert list(here.iterdir()) == []
    assert "median lambda_1" in capsys.readouterr().out


def test_the_stems_of_the_source_stay_those_of_the_defaults():
    for command, marks in {
        "lyapu_convergence": ("--tons 1 --activation tanh", ("n_samples",)),
        "spectrum": ("--n_samples 2", ("variance_max",)),
        "transition_2_chaos": ("--gmin 1 --gmax 2 --n_samples 2", ("k",)),
        "lyapu_benchmark": ("", ("t_sim", "t_ons", "dt")),
    }.items():
        words, names = marks
        with getattr(cli, command).make_context(command, words.split()) as context:
            given = dict(t_ons=1.0, activation="tanh") | context.params
            assert options.opened(command, given, names).marks == ""


def test_another_range_of_g_is_refused_and_the_same_is_not(undrawn, refusal):
    call("transition_2_chaos")
    kept = {name: Path("data", name).read_bytes() for name in files("data")}
    call("transition_2_chaos")
    call("transition_2_chaos", "--gmax 2 --save no")
    (table,) = Path("data").rglob("*.csv")
    for change in ("--gmin 0.5", "--gmax 2", "--m_g 2", ""):
        if not change:
            table.write_text("of another program\n\n1,2\n")
            kept[table.relative_to("data").as_posix()] = table.read_bytes()
        says = f"--out = data has {table} for other values of g; choose another folder"
        assert says in refusal("transition_2_chaos", change or "--gmax 3")
        assert kept == {name: Path("data", name).read_bytes() for name in files("data")}


def test_a_stopped_sweep_goes_on_and_ends_with_the_same_files(undrawn, monkeypatch, capsys):
    write = storage.write_arrays

    def stop(*args, **options):
        if len(times("stopped")) == 2:
            raise KeyboardInterrupt
        write(*args, **options)

    with monkeypatch.context() as patch, pytest.raises(SystemExit) as stopped:
        patch.setattr(storage, "write_arrays", stop)
        call("transition_2_chaos", "--out stopped")
    assert stopped.value.code == 130
    assert capsys.readouterr().err == "transition_2_chaos: stopped; the same command goes on from here\n"
    kept = times("stopped")
    assert len(kept) == 2 and files("stopped") == []
    for folder in ("stopped", "whole"):
        call("transition_2_chaos", f"--out {folder}")
    assert kept.items() <= times("stopped").items() and len(times("stopped")) == 6
    assert files("stopped") == files("whole") and len(files("whole")) == 3
    (name,) = [name for name in files("whole") if name.endswith(".csv")]
    assert Path("stopped", name).read_bytes() == Path("whole", name).read_bytes()


# --- training

FOLDERS = {
    "train_rd_model": "rd_RNN",
    "train_rd_model_fixed_param": "rd_RNN_fixed_param",
    "train_flybrain_full": "flybrain_RNN",
    "train_flybrain_pop": "flybrain_RNN_cell",
}
TAIL = "NLE2_Epochs3_MSE_0.00"
STEMS = {
    "train_rd_model": f"tanh_positive_WeightsTrue_ShiftsFalse_GainsFalse_N8_lr0.001_{TAIL}_g1.0_Tons1.0_Tsim8_dt0.1",
    "train_rd_model_fixed_param": f"tanh_positive_WeightsTrue_ShiftsFalse_GainsFalse_N8_lr0.001_{TAIL}_g1.0_Tons1.0_"
    "Tsim8_Param9_0_0",
    "train_flybrain_full": f"tanh_positive_ROI_SYN_N8_WeightsFalse_ShiftsTrue_GainsTrue_lr0.01_{TAIL}_Tons1.0_Tsim8"
    "_dt0.1",
    "train_flybrain_pop": "tanh_positive_ROI_SYN_N8_Subpop_neurotransmitter_WeightsFalse_ShiftsTrue_GainsTrue_lr0.01_"
    f"{TAIL}_Tons1.0_Tsim8_dt0.1",
}
STEMS = {command: f"{FOLDERS[command]}/{stem}_transient2.0" for command, stem in STEMS.items()}
KEYS = "training_loss training_lambda_max grad_gains grad_shifts grad_weights"


@pytest.fixture
def training():
    pytest.importorskip("jax")
    pytest.importorskip("optax")
    from helpers.rnn import training

    return training


def log(command, sample=0, out="data"):
    return storage.read_json(Path(f"{out}/logs/{STEMS[command]}_Sample{sample}_logs.json"))


def files_of(command, samples=1):
    stem = STEMS[command]
    found = [f"fig/{stem}_{end}_logs.png" for end in ("spectrum", "training")]
    found += [f"logs/{stem}_Sample{i}_logs.json" for i in range(samples)]
    return found + [f"models/{stem}_Sample{i}/model.npz" for i in range(samples)]


@pytest.fixture
def trainings(training, undrawn, monkeypatch):
    """Return the list of the seeds that are trained; all runs, but no figure is drawn."""
    kept, train = [], training.train

    def counted(rnn, *, seed, **settings):
        kept.append(seed)
        return train(rnn, seed=seed, **settings)

    monkeypatch.setattr(training, "train", counted)
    return kept


@pytest.mark.parametrize("command", TRAIN)
def test_files_and_logs_of_a_training(command, trainings):
    call(command)
    assert files("data") == files_of(command)
    found = log(command)
    assert [len(found[key]) for key in KEYS.split()] == [3] * 5 and float(found["time_training[s]"]) > 0
    assert np.shape(found["training_spectrum"]) == (3, 2)
    assert np.shape(found["spectrum"]) == np.shape(found["spectrum_before"]) == (2,)
    moved = ["weights"] if "rd_model" in command else ["gains", "shifts"]
    assert [g for g in ("gains", "shifts", "weights") if any(found[f"grad_{g}"])] == moved
    net, seed = cli.load_model(Path(f"data/models/{STEMS[command]}_Sample0")), runs.seeds(0, 1)[0]
    wanted = lyapunov_spectrum(net, k=2, t_sim=8.0, t_ons=1.0, seed=seed + 1000).exponents  # not the training's state
    np.testing.assert_allclose(found["spectrum"], wanted, rtol=1e-12)
    assert found["spectrum"] != found["spectrum_before"]


def test_a_model_is_read_back_and_is_the_trained_one(training):
    call("train_rd_model")
    assert files("data") == files_of("train_rd_model")
    folder = Path(f"data/models/{STEMS['train_rd_model']}_Sample0")
    net, seed = cli.load_model(folder), runs.seeds(0, 1)[0]
    settings = dict(k=2, t_sim=8.0, t_ons=1.0, transient=2.0, lr=1e-3, seed=seed, progress=False)
    wanted = training.train(net.replace(weights=random_weights(8, 1.0, seed=seed)), n_epochs=3, **settings)
    assert np.allclose(net.weights, wanted.rnn.weights, atol=1e-15)
    assert (net.activation, net.dt, net.types) == ("tanh_pos", 0.1, None)
    assert wanted.loss.tolist() == log("train_rd_model")["training_loss"]
    arrays, _ = storage.read_arrays(folder / "model.npz")
    assert {"W", "C", "H", "H0", "gains", "shifts", "types", "dt", "activation", "training_loss"} <= set(arrays)
    assert (arrays["W"] >= 0).all() and ((arrays["W"] != 0) == (arrays["C"] != 0)).all()
    cut = (folder / "model.npz").read_bytes()[:-200]
    (folder / "model.npz").write_bytes(cut)
    for path in (folder, "nowhere.npz"):
        with pytest.raises(ParameterError, match="not a stored model"):
            cli.load_model(path)


def test_a_model_is_written_before_its_spectrum_and_not_trained_again(trainings, monkeypatch, capsys):
    def stop(*args, **options):
        raise KeyboardInterrupt

    seeds = runs.seeds(0, 2)
    call("train_rd_model", "--n_samples 2 --out whole")
    assert trainings == seeds
    capsys.readouterr()
    with monkeypatch.context() as patch, pytest.raises(SystemExit) as stopped:
        patch.setattr(cli, "lyapunov_spectrum", stop)
        call("train_rd_model", "--n_samples 2 --out stopped")
    assert stopped.value.code == 130 and trainings == [*seeds, seeds[0]]
    assert capsys.readouterr().err == "train_rd_model: stopped; the same command goes on from here\n"
    assert files("stopped") == [f"models/{STEMS['train_rd_model']}_Sample0/model.npz"]
    for _ in range(2):
        call("train_rd_model", "--n_samples 2 --out stopped")
        assert trainings == [*seeds, *seeds]
    assert files("stopped") == files("whole") == files_of("train_rd_model", samples=2)
    for i in (0, 1):
        one, two = (log("train_rd_model", i, out) for out in ("whole", "stopped"))
        del one["time_training[s]"], two["time_training[s]"]
        assert one == two


def test_more_samples_and_more_exponents_train_only_what_is_new(trainings):
    call("train_rd_model")
    before = log("train_rd_model")
    call("train_rd_model", "--n_samples 2 --nle_after 5")
    assert trainings == runs.seeds(0, 2)
    after = log("train_rd_model")
    assert len(after["spectrum"]) == len(after["spectrum_before"]) == 5
    assert after["training_loss"] == before["training_loss"]


# --- networks and settings that trainings are asked for, without training


@pytest.fixture
def asked(training, monkeypatch):
    """Return the list of (network, settings) that trainings are asked for; none runs."""
    from matplotlib import pyplot as plt

    kept = []

    def train(rnn, *, k, n_epochs, **settings):
        kept.append((rnn, {"k": k, "n_epochs": n_epochs, **settings}))
        return training.TrainingResult(rnn, np.ones(n_epochs), np.zeros((n_epochs, k)), {})

    monkeypatch.setattr(training, "train", train)
    monkeypatch.setattr(options, "write", lambda o, files: plt.close("all"))
    return kept


def models():
    """Return the names of the stored models."""
    return sorted(path.parent.name for path in Path("data/models").rglob("model.npz"))


def test_every_flag_reaches_the_training(asked):
    flags = dict(
        k=("--nle 3", 3),
        loss=("--loss sinai", "Sinai"),
        target=("--target -1", -1),
        lr=("--lr 0.5", 0.5),
        t_sim=("--tsim 9", 9),
        t_ons=("--tons 0.4", 0.4),
        n_epochs=("--n_epochs 7", 7),
        early_stopping=("--early_stopping", 1e-6),
        init=("--init zero", "zero"),
        grad=("--grad window", "window"),
        window=("--window 2", 2),
        transient=("--transient 1", 1),
        dale=("--dale clip", "clip"),
        parameters=("--train_gains True --train_shifts True", ("weights", "shifts", "gains")),
    )
    words = " ".join(word for word, _ in flags.values())
    call("train_rd_model")
    call("train_rd_model", f"{words} --seed 1 --g 2 --dt 0.05 --activation strech --n 9")
    (_, before), (net, settings) = asked
    for name, (_, value) in flags.items():
        assert before[name] != settings[name] == value, name
    (seed,) = runs.seeds(1, 1)
    assert (net.n, net.dt, net.activation, settings["seed"]) == (9, 0.05, "tanh_streched", seed)
    assert (net.weights == random_weights(9, 2.0, seed=seed)).all()


def test_a_fixed_number_of_parameters(asked):
    call("train_rd_model", "--number_param 5 0 2")
    _, settings = asked[0]
    assert {name: mask.sum() for name, mask in settings["masks"].items()} == {"weights": 5, "shifts": 2}
    assert settings["parameters"] == ("weights", "shifts")
    (name,) = models()
    assert "_WeightsTrue_ShiftsTrue_GainsFalse_" in name and "_Tsim8_Param5_0_2_" in name


def test_what_the_stem_of_the_source_leaves_out_gets_a_stem_of_its_own(asked):
    words = ("", "--seed 3", "--grad window", "--init zero", "--early_stopping", "--transient 1", "--window 9")
    for change in (*words, "--orientation legacy", "--n 9"):
        call("train_flybrain_full", change)
    call("train_rd_model", "--dale clip --transient 10")
    start = STEMS["train_flybrain_full"].split("/")[1].removesuffix("_transient2.0")
    ends = ("", "_seed3", "_gradwindow", "_initzero", "_early_stopping1e-06", "_window9.0", "_orientationlegacy")
    for end in ends:
        wanted = sorted(f"{end}_transient2.0_Sample0".split("_"))
        assert any(sorted(name.removeprefix(start).split("_")) in (wanted, ["", *wanted]) for name in models()), end
    assert len(set(models())) == 10 and f"{start}_transient1.0_Sample0" in models()
    assert any("_ROI_SYN_N9_" in name for name in models())
    assert STEMS["train_rd_model"].split("/")[1].replace("transient2.0", "daleclip_Sample0") in models()


def test_regions(asked):
    stored = make_synthetic_roi(8, seed=5)
    stored.write("data/connectomics/XX")
    call("train_flybrain_full", "--ROI XX")
    call("train_flybrain_pop", "--subpopulation cell_fibers --orientation legacy")
    (full, settings), (shared, others) = asked
    assert (full.weights == stored.weights().toarray()).all() and full.types is None
    assert STEMS["train_flybrain_full"].split("/")[1].replace("SYN_N8", "XX") + "_Sample0" in models()
    roi = make_synthetic_roi(8, seed=0)
    assert shared.types.tolist() == roi.types("cell_fibers").tolist()
    assert (shared.weights == roi.weights("legacy").toarray()).all()
    assert any("Subpop_cell_fibers" in name and name.endswith("legacy_transient2.0_Sample0") for name in models())
    assert settings["parameters"] == others["parameters"] == ("shifts", "gains")


PUBLISHED = {
    "traced-neurons": "bodyId,type,instance\n1,PEN,x\n2,EPG,x\n3,PEN,x\n4,EPG,x\n5,EPG,x\n",
    "traced-roi-connections": "bodyId_pre,bodyId_post,roi,weight\n1,2,ATL(L),3\n1,2,ATL(R),4\n2,3,ATL(L),5\n"
    "3,1,ATL(R),6\n3,4,ATL(R),2\n4,3,EB,9\n1,5,ATL(L),9\n",
    "nt": "bodyId,transmitter\n1,ACh\n2,GABA\n3,acetylcholine\n4,glutamate\n5,ach\n",
}


@pytest.fixture
def published(here):
    """Write the tables of five neurons; return the flag of their folder."""
    (here / "fly").mkdir()
    for name, text in PUBLISHED.items():
        (here / "fly" / f"{name}.csv").write_text(text)
    return "--data fly"


@pytest.mark.parametrize(
    ("old", "new"),
    [("3,PEN", "3,XYZ"), ("1,PEN,x\n2,EPG", "1,EPG,x\n2,PEN"), ("3,", "6,"), ("2,GABA", "2,ACh")],
    ids=["another type", "types exchanged", "another neuron", "another sign"],
)
def test_a_model_of_other_tables_is_refused(asked, published, refusal, old, new):
    words = f"{published} --subpopulation cell_fibers --roi ATL(L) --roi ATL(R) --largest --transmitters fly/nt.csv"
    for _ in range(2):
        call("train_flybrain_pop", words)
    for path in Path("fly").iterdir():
        path.write_text(path.read_text().replace(old, new))
    assert "--out = data holds another network" in refusal("train_flybrain_pop", words)
    assert len(asked) == 1


def test_a_model_of_other_masks_is_refused(asked, training, monkeypatch, refusal):
    call("train_rd_model_fixed_param")
    drawn = training.fixed_number
    monkeypatch.setattr(training, "fixed_number", lambda net, seed, **numbers: drawn(net, seed=seed + 1, **numbers))
    assert "--out = data holds another network" in refusal("train_rd_model_fixed_param") and len(asked) == 1


def test_a_log_without_a_model_is_left_alone(asked, refusal):
    path = Path(f"data/logs/{STEMS['train_rd_model']}_Sample0_logs.json")
    path.parent.mkdir(parents=True)
    path.write_text("of the source")
    err = refusal("train_rd_model")
    assert f"--out = data has {path} but no data/models/" in err and "move that log, or choose another folder" in err
    assert asked == [] and path.read_text() == "of the source"


def test_a_damaged_log_is_written_again_and_a_longer_one_kept(asked):
    call("train_rd_model", "--nle_after 8")
    (path,) = Path("data").rglob("*_logs.json")
    long = path.read_text()
    call("train_rd_model")
    assert path.read_text() == long and len(json.loads(long)["spectrum"]) == 8
    path.unlink()
    call("train_rd_model")
    whole, foreign = path.read_text(), json.loads(long) | {"training_loss": [1, 2]}
    del (cut := json.loads(long))["spectrum_before"]
    for text in ('{"spec', '{"spectrum": 3}', "[]", "3", *map(storage.sealed, (cut, foreign))):
        path.write_text(text)
        call("train_rd_model")
        assert path.read_text() == whole, text
    assert len(asked) == 1


def test_published_tables_are_trained_as_they_are(asked, published, capsys):
    words = f"{published} --transmitters fly/nt.csv --roi ATL(L) --roi ATL(R) --largest"
    call("train_flybrain_full", words)
    assert "ATL(L)+ATL(R): 3 neurons, 67% of them excitatory, 3 connections\n" in capsys.readouterr().out
    call("train_flybrain_full", f"{words} --roi EB")
    call("train_flybrain_pop", f"{published} --excitatory --roi all --largest")
    sizes = [net.n for net, _ in asked]
    assert sizes == [3, 4, 4]
    assert asked[0][0].weights.tolist() == [[0, 0, 0.5], [0.5, 0, 0], [0, -0.5, 0]]
    assert (asked[2][0].weights >= 0).all() and asked[2][0].types.tolist() == [0, 0, 0, 0]
    assert any("ROI_ATL(L)+ATL(R)_Weights" in name and "_transmittersnt_" in name for name in models())


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("", "--ROI is missing: --data fly holds the published tables"),
        ("--roi ATL --excitatory --largest", "--roi = 'ATL' is unknown; choose one of: ATL(L), ATL(R), EB"),
        ("--roi EB", "--transmitters FILE, or take every neuron as excitatory with --excitatory, not both"),
        ("--roi all --excitatory", "the largest of 4 of 5 neurons; load the region with --largest to keep that one"),
        ("--ROI EB --excitatory --largest", "--min_weight = 1 leaves 1 of the 1 connections of 5 neurons"),
        ("--roi all --transmitters nothing.csv", "nothing.csv is not a table"),
    ],
)
def test_published_tables_that_do_not_fit_are_one_line(published, words, says, refusal):
    assert says in refusal("train_flybrain_full", f"{published} {words}")
    assert not Path("data").exists()


def test_a_loss_that_is_no_number_is_one_line(training, monkeypatch, refusal):
    def train(*args, **options):
        raise BackendError("the loss or its gradient is not finite at epoch 3")

    monkeypatch.setattr(training, "train", train)
    assert "not finite at epoch 3" in refusal("train_rd_model")
