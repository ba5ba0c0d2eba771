"""The eight commands: flags and files of the source, what a flag does, refusals in one line, going on after a stop."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import click
import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from click.testing import CliRunner
from matplotlib.figure import Figure

from helpers import figures, runs, storage
from helpers.parameters import BackendError, ParameterError
from helpers.rnn import cli, meanfield, options
from helpers.rnn.connectome import make_synthetic_roi
from helpers.rnn.lyapunov import lyapunov_spectrum
from helpers.rnn.model import ACTIVATIONS, Rnn, random_weights

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
    "train_rd_model_fixed_param": f"--n_samples 1 --activation tanh_pos --g 1 --number_param 9 2 0 {SHORT}",
    "train_flybrain_full": f"--n_samples 1 --activation tanh_pos {SHORT}",
    "train_flybrain_pop": SHORT,
}
MEASURE, TRAIN = list(BASE)[:3], list(BASE)[4:]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Run in an empty folder, without a progress bar."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CI", "1")
    return tmp_path


def call(command, words):
    getattr(cli, command)(words.split())


def changed(command, change):
    """Return the words of the base command with the flags of `change` replaced or added."""
    words = BASE[command].split()
    named = {word.lower() for word in change.split() if word.startswith("--")}
    groups = re.findall(r"(--\S+)((?: (?!--)\S+)*)", " ".join(words))
    kept = [f"{flag}{values}" for flag, values in groups if flag.lower() not in named]
    return " ".join([*kept, change])


def files(folder="."):
    found = sorted(p for p in Path(folder).rglob("*") if p.is_file() and ".sweeps" not in p.parts)
    return [p.relative_to(folder).as_posix() for p in found]


def rows(text):
    return list(csv.DictReader(text.splitlines()))


# --- flags

SEED = {  # the flags of the seed's help texts, in the other spelling too; for spectrum those of its code
    "lyapu_convergence": "--tons --tOns --activation --g --n_samples --n --nle --nLE --dt --tsim --tSim",
    "transition_2_chaos": "--gmin --gmax --m_g --n_samples --activation --save --parameter",
    "spectrum": "--n --n_samples --variance_max --parameter --activation --save",
    "lyapu_benchmark": "--n --seed",
    "train_rd_model": "--n --n_samples --nLE --nle --loss --activation --target --tOns --tons --tSim --tsim --g "
    "--n_epochs --lr --train_weights --train_shifts --train_gains --number_param",
    "train_rd_model_fixed_param": "--n --n_samples --nle --nLE --loss --activation --target --tons --tOns --tsim "
    "--tSim --g --n_epochs --lr --train_weights --train_shifts --train_gains --number_param --nle_after",
    "train_flybrain_full": "--n_samples --nLE --nle --loss --ROI --roi --activation --target --tOns --tons --tSim "
    "--tsim --n_epochs --lr --early_stopping --transmitters --excitatory --min_weight --largest --nle_after",
    "train_flybrain_pop": "--n_samples --nle --nLE --subpopulation --ROI --roi --activation --loss --target --tOns "
    "--tons --tSim --tsim --n_epochs --lr --early_stopping",
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
WORDS = {
    "lyapu_convergence": "[tanh|tanh_pos|tanh_streched]",
    "transition_2_chaos": "[std|pos|strech]",
    "train_rd_model": "[l2|MSE",
    "train_flybrain_pop": "[cell_fibers|neurotransmitter]",
}


@pytest.mark.parametrize("command", BASE)
def test_help_shows_every_flag_of_the_seed_and_its_words(command):
    shown = CliRunner().invoke(getattr(cli, command), ["--help"])
    assert shown.exit_code == 0 and shown.stdout.startswith(f"Usage: {command} [OPTIONS]")
    words = shown.stdout.replace(",", " ").split()
    assert [flag for flag in f"{SEED[command]} {ADDED}".split() if flag not in words] == []
    assert WORDS.get(command, "Show this message and exit.") in shown.stdout
    defaults = {option.name: option.default for option in getattr(cli, command).params}
    assert DEFAULTS[command].items() <= defaults.items()
    assert sorted(o.name for o in getattr(cli, command).params if o.required) == REQUIRED[command].split()


def test_commands_are_installed_and_help_needs_no_jax():
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert {name: scripts[name] for name in BASE} == {name: f"helpers.rnn.cli:{name}" for name in BASE}
    code = "import sys; sys.modules['jax'] = None; from helpers.rnn import cli; sys.exit(cli.train_flybrain_pop())"
    done = subprocess.run([sys.executable, "-c", code, "--help"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.startswith("Usage: train_flybrain_pop [OPTIONS]")


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
    names = [(flag, name) for flag, name in zip(["nLE", "tOns", "tSim"], ["k", "t_ons", "t_sim"], strict=True)]
    for command in BASE:
        known = {option.name for option in getattr(cli, command).params}
        for flag, name in [pair for pair in names if pair[1] in known]:
            found = [parsed(command, changed(command, f"--{word} 2"))[name] for word in (flag, flag.lower())]
            assert found == [2, 2]
    assert [parsed("train_flybrain_pop", f"--{word} XX")["roi"] for word in ("ROI", "roi")] == [("XX",), ("XX",)]
    for name, words in ACTIVATIONS.items():
        for word in words:
            words = changed("lyapu_convergence", f"--activation {word.upper()}").split()
            with cli.lyapu_convergence.make_context("c", words) as context:
                assert options.opened("c", context.params).activation == name
    for word, value in {"True": True, "1": True, "t": True, "no": False, "FALSE": False, "off": False}.items():
        assert parsed("transition_2_chaos", f"{BASE['transition_2_chaos']} --save {word}")["save"] is value
    assert parsed("train_rd_model", f"{BASE['train_rd_model']} --")["k"] == 2  # -- ends the flags
    stops = {"": 1e-6, " True": 1e-6, " f": None, " 9.5": 9.5, " -2": -2, " -1e-3": -1e-3, "=-2": -2}
    for word, value in stops.items():
        assert parsed("train_flybrain_pop", f"--early_stopping{word} --dt 0.2")["early_stopping"] == value
    assert parsed("train_flybrain_pop", "")["early_stopping"] is None


# --- what every flag does: the numbers, without drawing


@pytest.fixture
def numbers(monkeypatch):
    """Return a function: what a command would write but for its figures, {name: text}."""
    kept = {}

    def write(o, files):
        kept.update({name: content for name, content in files.items() if isinstance(content, str)})

    monkeypatch.setattr(options, "write", write)
    for module, name in ((cli.plots, "convergence"), (cli.plots, "transition"), (cli.plots, "spectra")):
        monkeypatch.setattr(module, name, lambda *args, **options: None)
    monkeypatch.setattr(figures, "dots", lambda *args, **options: None)
    monkeypatch.setattr(meanfield, "first_exponent", lambda g: 0.0)

    def found(command, words):
        kept.clear()
        call(command, words)
        plt.close("all")
        return dict(kept)

    return found


def first_table(found):
    return next(rows(text) for name, text in found.items() if name.endswith(".csv"))


CHANGES = {
    "lyapu_convergence": "--g 3, --n 7, --nle 2, --n_samples 3, --activation tanh_pos, --activation strech --g 3, "
    "--tons 0.5, --tsim 5, --dt 0.2, --transient 3, --seed 1",
    "transition_2_chaos": "--gmin 0.5, --gmax 4, --m_g 2, --n_samples 1, --activation pos, --n 5, --nle 2, --tsim 5, "
    "--activation strech --parameter gains, --dt 0.2, --transient 3, --seed 1",
    "spectrum": "--n 5, --n_samples 3, --variance_max 1, --activation pos, --activation pos --parameter shifts, "
    "--tsim 5, --dt 0.2, --transient 3, --seed 1",
}
MOVES = ("--dt", "--transient", "--seed", "--activation", "--tsim")


@pytest.mark.parametrize("command", MEASURE)
def test_every_flag_changes_the_numbers(command, numbers):
    before = numbers(command, BASE[command])
    for change in CHANGES[command].split(", "):
        after = numbers(command, changed(command, change))
        assert list(before.values()) != list(after.values()), change
        if change.startswith(MOVES):
            assert first_table(before)[0]["exponent"] != first_table(after)[0]["exponent"], change


@pytest.mark.parametrize(("command", "change"), [*((c, "--tons 0.5") for c in MEASURE), ("spectrum", "--n_jobs 2")])
def test_jobs_and_qr_interval_do_not_change_the_exponents(command, change, numbers):
    found = [first_table(numbers(command, words)) for words in (BASE[command], changed(command, change))]
    one, two = ([float(row["exponent"]) for row in table] for table in found)
    np.testing.assert_allclose(one, two, atol=1e-9)


@pytest.mark.parametrize(
    ("parameters", "fixed"), [(("weights",), "gain shift"), (("gains",), "shift"), (("shifts", "gains"), "")]
)
def test_g_scales_the_draws_of_what_it_acts_on(parameters, fixed):
    nets = [cli.network(n=500, g=g, seed=3, activation="pos", parameters=parameters) for g in (0.0, 1.0, 3.0)]
    for net, g in zip(nets, (0, 1, 3), strict=True):
        expected = random_weights(500, g if "weights" in parameters else 1.0, seed=3)
        np.testing.assert_array_equal(net.weights, expected)
        for name in fixed.split():
            assert getattr(net, name) == {"gain": 1.0, "shift": 0.0}[name]
    for name in {"gain", "shift"} - set(fixed.split()):
        zero, one, three = (getattr(net, name) for net in nets)
        np.testing.assert_array_equal(zero, 1)
        np.testing.assert_allclose(three - 1, 3 * (one - 1))
        assert abs((one - 1).std() * 500**0.5 - 1) < 0.1
    if len(parameters) == 2:
        assert abs(np.corrcoef(nets[1].gain, nets[1].shift)[0, 1]) < 0.1


@pytest.mark.parametrize("command", ["transition_2_chaos", "spectrum"])
def test_save_false_prints_the_table_and_writes_nothing(command, here, capsys):
    call(command, changed(command, "--save no"))
    assert list(here.iterdir()) == []
    assert "median lambda_1" in capsys.readouterr().out


# --- refusals: one line, status 2, nothing written

BAD = {
    "lyapu_convergence": [
        ("--nle 7", "--nle = 7 is out of range"),
        ("--nle 0", "'--nle': 0 is not in the range"),
        ("--n 5.5", "'5.5' is not a valid integer"),
        ("--dt 0.5 --tons 0.2", "--tons = 0.2"),
        ("--tons 9", "--tons = 9"),
        ("--dt 1.5", "'--dt': 1.5 is not in the range"),
        ("--dt nan", "--dt = nan"),
        ("--tsim inf", "'--tsim': inf"),
        ("--g nan", "--g = nan"),
        ("--g -1", "'--g': -1.0 is not in the range"),
        ("--g two", "'two' is not a valid float"),
        ("--activation relu", "'relu' is not one of 'tanh', 'std'"),
        ("--seed -1", "'--seed': -1 is not"),
        ("--n_jobs 0", "--n_jobs = 0 starts no worker"),
        ("--sav True", "No such option '--sav'"),
        ("surplus", "unexpected extra argument (surplus)"),
        ("--out", "'--out' requires an argument"),
        ("--out taken", "taken"),
    ],
    "transition_2_chaos": [
        ("--gmin 4", "--gmin = 4 is out of range"),
        ("--m_g 0", "'--m_g': 0"),
        ("--n_samples 0", "'--n_samples': 0"),
        ("--save maybe", "'maybe' is not a valid boolean"),
        ("--parameter bias", "'bias' is not one of 'weights', 'shifts', 'gains'"),
        ("--parameter gains", "plain tanh takes weights only"),
        ("--out taken/m_g=3/x", "--out = taken/m_g=3/x cannot be written"),
    ],
    "spectrum": [("--variance_max 0", "'--variance_max': 0"), ("--nle 2", "No such option '--nle'")],
    "lyapu_benchmark": [("--n 10", "'--n': 10 is not in the range"), ("--tOns 9", "--tOns = 9")],
    "train_rd_model_fixed_param": [
        ("--number_param 0 9 0", "--number_param, gains = 9"),
        ("--number_param 0 0 9", "--number_param, shifts = 9"),
    ],
    "train_rd_model": [
        ("--nLE 9", "--nLE = 9 is out of range"),
        ("--nle 9", "--nle = 9 is out of range"),
        ("--nLE 0", "'--nLE': 0 is not in the range"),
        ("--nle_after 9", "--nle_after = 9 is out of range"),
        ("--loss l1", "'l1' is not one of"),
        ("--train_weights False", "nothing is trained"),
        ("--number_param 0 0 0", "nothing is trained: --number_param = 0 0 0"),
        ("--g 0", "--g = 0 makes all weights 0"),
        ("--number_param 57 0 0", "--number_param, weights = 57"),
        ("--number_param 1 0", "'--number_param' requires 3 arguments"),
        ("--activation tanh --train_gains True", "--activation = tanh has neither gains nor shifts"),
        ("--tOns 9", "--tOns = 9"),
        ("--lr 0", "'--lr': 0.0 is not in the range"),
        ("--early_stopping soon", "'soon' is not a valid float"),
        ("--grad none", "'none' is not one of 'full', 'frozen', 'window'"),
        ("--out taken/x", "--out = taken/x cannot be written"),
        ("--out taken/n=3/x", "--out = taken/n=3/x cannot be written"),
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
        ("--data taken --roi SYN", "--data = taken is not a folder"),
        ("--data nowhere --ROI EB", "--data = nowhere is not a folder"),
        ("--out taken/largest=True/x --largest", "--out = taken/largest=True/x cannot be written"),
        ("--orientation up", "'up' is not one of 'dale', 'legacy'"),
    ],
    "train_flybrain_pop": [("--subpopulation all", "'all' is not one of 'cell_fibers', 'neurotransmitter'")],
}


@pytest.mark.parametrize("command", BASE)
def test_a_bad_value_is_one_line_and_leaves_nothing(command, capsys):
    if command in TRAIN:
        pytest.importorskip("optax")
    Path("taken").write_text("a file")
    region = Path("data/connectomics/XX")
    region.mkdir(parents=True)
    (region / "neurons.csv").write_text("bodyId,transmitter,cell_body_fiber,sign\n1,1,0,1\n2,0,0,-1\n")
    (region / "edges.csv").write_text("bodyId_pre,bodyId_post,weight\n1,2,3\n")
    before = sorted(Path().rglob("*"))
    missing = [("", f"'{flag}'") for flag in ("--activation", "--gmin", "--n_samples")][:1]
    cases = [(changed(command, wrong), says) for wrong, says in BAD[command]]
    capsys.readouterr()
    for words, says in cases + [(words, "Missing option") for words, _ in missing if REQUIRED[command]]:
        with pytest.raises(SystemExit) as stopped:
            call(command, words)
        out, err = capsys.readouterr()
        assert stopped.value.code == 2 and re.fullmatch(r"(SYN: \d neurons, .*\n)?", out), words
        assert err.count("\n") == 1 and err.startswith(f"{command}: ") and says in err, (words, err)
        assert sorted(Path().rglob("*")) == before, words


def test_a_region_needs_the_folder_of_the_data(capsys):
    with pytest.raises(SystemExit):
        call("train_flybrain_full", changed("train_flybrain_full", "--ROI EB"))
    assert "--data = data/connectomics is not a folder; give that of" in capsys.readouterr().err


def test_a_runner_of_click_sees_the_same_line():
    done = CliRunner().invoke(cli.spectrum, ["--n_samples", "0"])
    assert done.exit_code == 2 and done.stderr.count("\n") == 1 and done.stderr.startswith("spectrum: Invalid value")


def test_a_singular_tangent_is_one_line(capsys):
    with pytest.raises(SystemExit) as stopped:
        call("lyapu_convergence", changed("lyapu_convergence", "--g 0 --dt 1"))
    err = capsys.readouterr().err
    assert stopped.value.code == 2 and err.count("\n") == 1 and "the tangent is singular" in err and files() == []


def broken(**point):
    raise RuntimeError("broken on purpose")


def test_a_failed_point_writes_no_file(monkeypatch, capsys):
    monkeypatch.setattr(cli, "exponents_point", broken)
    with pytest.raises(SystemExit) as stopped:
        call("transition_2_chaos", BASE["transition_2_chaos"])
    err = capsys.readouterr().err
    assert stopped.value.code == 2 and err.count("\n") == 1 and "6 points of the sweep failed" in err
    assert files() == []


def test_files_are_written_together_or_not_at_all(monkeypatch, capsys):
    def full(figure, path, format, **options):
        if format == "svg":
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(Figure, "savefig", full)
    with pytest.raises(SystemExit):
        call("transition_2_chaos", BASE["transition_2_chaos"])
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and "No space left" in err
    assert files() == []


# --- files of the measuring commands


def test_convergence_files():
    call("lyapu_convergence", changed("lyapu_convergence", "--g 2 --out elsewhere/deep"))
    stem = "lyapunov_convergence/tanh_N6_NLE3_g2.0_Tons1.0_Tsim4_dt0.1_n_samples2_transient2.0"
    assert os.listdir() == ["elsewhere"]
    assert files("elsewhere/deep") == [f"fig/{stem}.png", f"logs/{stem}.csv", f"logs/{stem}.json"]
    log = json.loads(Path(f"elsewhere/deep/logs/{stem}.json").read_text())
    table = rows(Path(f"elsewhere/deep/logs/{stem}.csv").read_text())
    assert list(log) == ["sample_0", "sample_1"] and len(table) == 6
    for i, start in enumerate(runs.seeds(0, 2)):
        net = Rnn(random_weights(6, 2.0, seed=0))
        expected = lyapunov_spectrum(net, k=3, t_sim=4, t_ons=1, transient=2, seed=start, trace=True)
        np.testing.assert_allclose(log[f"sample_{i}"]["spectrum"], expected.running, rtol=1e-12)
        np.testing.assert_allclose(log[f"sample_{i}"]["times"], [1, 2, 3, 4])
        assert log[f"sample_{i}"]["tons"] == 1
        written = [float(row["exponent"]) for row in table if row["state_seed"] == str(start)]
        np.testing.assert_allclose(written, expected.exponents, rtol=1e-12)


def test_transition_files():
    words = "--activation pos --parameter gains --parameter weights --parameter gains --tons 0.2"
    call("transition_2_chaos", f"{BASE['transition_2_chaos']} {words}")
    stem = "transition_2_chaos/tanh_positive_N6_nSample2_tSim4_dt0.1_tOns0.2_gains_weights_transient2.0"
    assert files("data") == [f"fig/{stem}.pdf", f"fig/{stem}.svg", f"logs/{stem}.csv"]
    table = rows(Path(f"data/logs/{stem}.csv").read_text())
    assert list(table[0]) == ["sample", "seed", "g", "index", "exponent", "stderr"]
    assert [(float(row["g"]), int(row["sample"])) for row in table] == [(g, i) for g in (1, 2, 3) for i in (0, 1)]
    for row in table:
        g, seed = float(row["g"]), int(row["seed"])
        net = cli.network(n=6, g=g, seed=seed, activation="pos", parameters=("gains", "weights"))
        expected = lyapunov_spectrum(net, k=1, t_sim=4, t_ons=0.2, transient=2, seed=seed)
        assert float(row["exponent"]) == expected.exponents[0]
        assert float(row["stderr"]) == expected.stderr[0] > 0


def test_spectrum_files():
    call("spectrum", BASE["spectrum"])
    stem = "spectrum_characterization/tanh_N6_nSample2_tSim4_dt0.1_tOns1.0_weights_variance_max3_transient2.0"
    ends = ("dim.pdf", "dim.svg", "entro.pdf", "entro.svg", "spect.pdf", "spect.svg")
    tables = [f"logs/{stem}.csv", *(f"logs/{stem}_{end}.json" for end in ("dim", "entropies", "spectrum"))]
    assert files("data") == [*(f"fig/{stem}_{end}" for end in ends), *tables]
    log = {
        end: json.loads(Path(f"data/logs/{stem}_{end}.json").read_text()) for end in ("dim", "entropies", "spectrum")
    }
    for name in log:
        assert list(log[name]) == ["1", "2", "4"]
    table = rows(Path(f"data/logs/{stem}.csv").read_text())
    assert len(table) == 3 * 2 * 6
    for sigma, spectra in log["spectrum"].items():
        for sample, exponents in enumerate(spectra):
            written = [r for r in table if float(r["g"]) == float(sigma) and int(r["sample"]) == sample]
            assert [float(r["exponent"]) for r in written] == exponents == sorted(exponents, reverse=True)
            positive = sum(x for x in exponents if x > 0)
            assert log["entropies"][sigma][sample] == pytest.approx(positive, abs=1e-12)


@pytest.mark.parametrize(
    ("command", "change"),
    [
        ("lyapu_convergence", "--n_samples 1"),
        ("spectrum", "--variance_max 2"),
        ("transition_2_chaos", "--nle 2"),
        *(("lyapu_benchmark", change) for change in ("--seed 1", "--tsim 4", "--tons 0.5", "--dt 0.2")),
    ],
)
def test_what_the_stem_does_not_tell_has_names_of_its_own(command, change, monkeypatch):
    named = []
    monkeypatch.setattr(options, "write", lambda o, files: named.append(set(files)))
    point = dict(times=np.arange(2), running=np.zeros((2, 3)), exponents=np.zeros(3), stderr=np.zeros(3))
    if command == "lyapu_benchmark":
        monkeypatch.setattr(cli, "exponents_point", lambda **options: point)
    for words in (BASE[command], changed(command, change)):
        call(command, words)
        plt.close("all")
    assert len(named) == 2 and not named[0] & named[1]


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


def test_another_range_of_g_is_refused_and_the_same_is_not(capsys):
    call("transition_2_chaos", BASE["transition_2_chaos"])
    kept = {name: Path("data", name).read_bytes() for name in files("data")}
    call("transition_2_chaos", BASE["transition_2_chaos"])
    call("transition_2_chaos", changed("transition_2_chaos", "--gmax 2 --save no"))
    (table,) = Path("data").rglob("*.csv")
    for change in ("--gmin 0.5", "--gmax 2", "--m_g 2", ""):
        capsys.readouterr()
        if not change:
            table.write_text("of another program\n\n1,2\n")
            kept[table.relative_to("data").as_posix()] = table.read_bytes()
        with pytest.raises(SystemExit) as stopped:
            call("transition_2_chaos", changed("transition_2_chaos", change or "--gmax 3"))
        err = capsys.readouterr().err
        assert stopped.value.code == 2 and err.count("\n") == 1
        assert f"--out = data has {table} for other values of g; choose another folder" in err
        assert kept == {name: Path("data", name).read_bytes() for name in files("data")}


SLOW = "--gmin 1 --gmax 2 --m_g 3 --n_samples 2 --n 120 --nle 4 --tsim 60 --transient 5 --n_jobs 1"


def test_a_stopped_sweep_goes_on_and_ends_with_the_same_files(here, monkeypatch):
    code = "import sys; from helpers.rnn.cli import transition_2_chaos; sys.exit(transition_2_chaos())"
    process = subprocess.Popen(
        [sys.executable, "-c", code, *SLOW.split(), "--out", "stopped"],
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "MPLBACKEND": "Agg"},
        stderr=subprocess.PIPE,
        text=True,
    )
    until = time.time() + 120
    while len(list(Path("stopped").rglob("*.npz"))) < 2:
        assert process.poll() is None and time.time() < until, process.stderr.read()
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err == "transition_2_chaos: stopped; the same command goes on from here\n"
    kept = {path: path.stat().st_mtime_ns for path in Path("stopped").rglob("*.npz")}
    assert 2 <= len(kept) < 6 and files("stopped") == []
    monkeypatch.setattr(Figure, "savefig", lambda figure, file, **options: None)
    for folder in ("stopped", "whole"):
        call("transition_2_chaos", f"{SLOW} --out {folder}")
    assert all(path.stat().st_mtime_ns == before for path, before in kept.items())
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
    "train_rd_model_fixed_param": f"tanh_positive_WeightsTrue_ShiftsFalse_GainsTrue_N8_lr0.001_{TAIL}_g1.0_Tons1.0_"
    "Tsim8_Param9_2_0",
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


@pytest.mark.parametrize("command", TRAIN)
def test_files_and_logs_of_a_training(command, training):
    call(command, BASE[command])
    assert files("data") == files_of(command)
    found = log(command)
    assert [len(found[key]) for key in KEYS.split()] == [3] * 5 and float(found["time_training[s]"]) > 0
    assert np.shape(found["training_spectrum"]) == (3, 2)
    assert np.shape(found["spectrum"]) == np.shape(found["spectrum_before"]) == (2,)
    moved = {"train_rd_model": ["weights"], "train_rd_model_fixed_param": ["gains", "weights"]}.get(command)
    assert [g for g in ("gains", "shifts", "weights") if any(found[f"grad_{g}"])] == (moved or ["gains", "shifts"])
    net, seed = cli.load_model(Path(f"data/models/{STEMS[command]}_Sample0")), runs.seeds(0, 1)[0]
    wanted = lyapunov_spectrum(net, k=2, t_sim=8.0, t_ons=1.0, seed=seed + 1000).exponents  # not the training's state
    np.testing.assert_allclose(found["spectrum"], wanted, rtol=1e-12)
    assert found["spectrum"] != found["spectrum_before"]


def test_a_model_is_read_back_and_is_the_trained_one(training):
    call("train_rd_model", BASE["train_rd_model"])
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


@pytest.fixture
def trainings(training, monkeypatch):
    """Return the list of the seeds that are trained; all runs, but no figure is drawn."""
    kept, train = [], training.train

    def counted(rnn, *, seed, **settings):
        kept.append(seed)
        return train(rnn, seed=seed, **settings)

    monkeypatch.setattr(training, "train", counted)
    monkeypatch.setattr(Figure, "savefig", lambda figure, file, **options: None)
    return kept


def test_a_model_is_written_before_its_spectrum_and_not_trained_again(trainings, monkeypatch, capsys):
    def stop(*args, **options):
        raise KeyboardInterrupt

    words, seeds = changed("train_rd_model", "--n_samples 2"), runs.seeds(0, 2)
    call("train_rd_model", f"{words} --out whole")
    assert trainings == seeds
    with monkeypatch.context() as patch:
        patch.setattr(cli, "lyapunov_spectrum", stop)
        capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            call("train_rd_model", f"{words} --out stopped")
    assert stopped.value.code == 130 and trainings == [*seeds, seeds[0]]
    assert capsys.readouterr().err == "train_rd_model: stopped; the same command goes on from here\n"
    assert files("stopped") == [f"models/{STEMS['train_rd_model']}_Sample0/model.npz"]
    call("train_rd_model", f"{words} --out stopped")
    assert trainings == [*seeds, *seeds]
    assert files("stopped") == files("whole") == files_of("train_rd_model", samples=2)
    for i in (0, 1):
        one, two = (log("train_rd_model", i, out) for out in ("whole", "stopped"))
        del one["time_training[s]"], two["time_training[s]"]
        assert one == two
    call("train_rd_model", f"{words} --out stopped")
    assert trainings == [*seeds, *seeds]


def test_more_samples_and_more_exponents_train_only_what_is_new(trainings):
    call("train_rd_model", BASE["train_rd_model"])
    before = log("train_rd_model")
    call("train_rd_model", changed("train_rd_model", "--n_samples 2 --nle_after 5"))
    assert trainings == runs.seeds(0, 2)
    after = log("train_rd_model")
    assert len(after["spectrum"]) == len(after["spectrum_before"]) == 5
    net = cli.load_model(Path(f"data/models/{STEMS['train_rd_model']}_Sample0"))
    wanted = lyapunov_spectrum(net, k=5, t_sim=8.0, t_ons=1.0, seed=trainings[0] + 1000).exponents
    np.testing.assert_allclose(after["spectrum"], wanted, rtol=1e-12)
    assert after["training_loss"] == before["training_loss"]


def test_another_network_under_the_same_name_is_refused(trainings, capsys):
    for seed in (0, 1):
        make_synthetic_roi(8, seed=seed).write(f"data/connectomics{seed}/XX")
    words = changed("train_flybrain_full", "--roi XX")
    call("train_flybrain_full", f"{words} --data data/connectomics0")
    capsys.readouterr()
    with pytest.raises(SystemExit) as stopped:
        call("train_flybrain_full", f"{words} --data data/connectomics1")
    err = capsys.readouterr().err
    assert stopped.value.code == 2 and err.count("\n") == 1 and "--out = data holds another network" in err


def fly(types="AAAABBBB", ids=range(1, 9), transmitter="ACh"):
    """Write the published tables of eight neurons in a ring, with these types."""
    Path("ring").mkdir(exist_ok=True)
    neurons = [f"{i},{kind}\n" for i, kind in zip(ids, types, strict=True)]
    edges = [f"{i},{o},EB,5\n" for i, o in zip(ids, [*ids[1:], ids[0]], strict=True)]
    kinds = [f"{i},{transmitter}\n" for i in ids]
    for name, head, rows in (
        ("traced-neurons", "bodyId,type", neurons),
        ("traced-roi-connections", "bodyId_pre,bodyId_post,roi,weight", edges),
        ("nt", "bodyId,transmitter", kinds),
    ):
        Path(f"ring/{name}.csv").write_text(f"{head}\n{''.join(rows)}")


RING = "--subpopulation cell_fibers --data ring --roi EB --transmitters ring/nt.csv"


@pytest.mark.parametrize(
    "change", [dict(types="ABCDABCD"), dict(types="ABABABAB"), dict(ids=range(11, 19)), dict(transmitter="gaba")]
)
def test_a_model_of_other_tables_is_refused(asked, change, capsys):
    words = changed("train_flybrain_pop", RING)
    fly()
    call("train_flybrain_pop", words)
    call("train_flybrain_pop", words)
    fly(**change)
    capsys.readouterr()
    with pytest.raises(SystemExit) as stopped:
        call("train_flybrain_pop", words)
    err = capsys.readouterr().err
    assert stopped.value.code == 2 and err.count("\n") == 1
    assert "--out = data holds another network" in err and len(asked) == 1


def test_a_model_of_other_masks_is_refused(asked, training, monkeypatch, capsys):
    words = BASE["train_rd_model_fixed_param"]
    call("train_rd_model_fixed_param", words)
    drawn = training.fixed_number
    monkeypatch.setattr(training, "fixed_number", lambda net, seed, **numbers: drawn(net, seed=seed + 1, **numbers))
    with pytest.raises(SystemExit):
        call("train_rd_model_fixed_param", words)
    assert "--out = data holds another network" in capsys.readouterr().err and len(asked) == 1


def test_a_log_without_a_model_is_left_alone(asked, capsys):
    path = Path(f"data/logs/{STEMS['train_rd_model']}_Sample0_logs.json")
    path.parent.mkdir(parents=True)
    path.write_text("of the source")
    with pytest.raises(SystemExit) as stopped:
        call("train_rd_model", BASE["train_rd_model"])
    err = capsys.readouterr().err
    assert stopped.value.code == 2 and err.count("\n") == 1 and asked == [] and path.read_text() == "of the source"
    assert f"--out = data has {path} but no data/models/" in err and "move that log, or choose another folder" in err


def test_a_damaged_log_is_written_again_and_a_longer_one_kept(asked):
    call("train_rd_model", changed("train_rd_model", "--nle_after 8"))
    (path,) = Path("data").rglob("*_logs.json")
    long = path.read_text()
    call("train_rd_model", BASE["train_rd_model"])
    assert path.read_text() == long and len(json.loads(long)["spectrum"]) == 8
    path.unlink()
    call("train_rd_model", BASE["train_rd_model"])
    whole, foreign = path.read_text(), json.loads(long) | {"training_loss": [1, 2]}
    del (cut := json.loads(long))["spectrum_before"]
    for text in ('{"spec', "{}", '{"spectrum": 3}', "[]", "3", "", *map(storage.sealed, (cut, foreign))):
        path.write_text(text)
        call("train_rd_model", BASE["train_rd_model"])
        assert path.read_text() == whole, text
    assert len(asked) == 1


def test_what_the_stem_of_the_source_leaves_out_gets_a_stem_of_its_own(asked):
    words = ("", "--seed 3", "--grad window", "--init zero", "--early_stopping", "--transient 1", "--window 9")
    for change in (*words, "--orientation legacy", "--n 9"):
        call("train_flybrain_full", changed("train_flybrain_full", change))
    call("train_rd_model", changed("train_rd_model", "--dale clip --transient 10"))
    found = sorted(path.parent.name for path in Path("data").rglob("model.npz"))
    start = STEMS["train_flybrain_full"].split("/")[1].removesuffix("_transient2.0")
    ends = ("", "_seed3", "_gradwindow", "_initzero", "_early_stopping1e-06", "_window9.0", "_orientationlegacy")
    for end in ends:
        wanted = sorted(f"{end}_transient2.0_Sample0".split("_"))
        assert any(sorted(name.removeprefix(start).split("_")) in (wanted, ["", *wanted]) for name in found), end
    assert len(set(found)) == 10 and f"{start}_transient1.0_Sample0" in found
    assert any("_ROI_SYN_N9_" in name for name in found)
    assert STEMS["train_rd_model"].split("/")[1].replace("transient2.0", "daleclip_Sample0") in found


@pytest.fixture
def asked(training, monkeypatch):
    """Return the list of (network, settings) that trainings are asked for; none runs."""
    kept = []

    def train(rnn, *, k, n_epochs, **settings):
        kept.append((rnn, {"k": k, "n_epochs": n_epochs, **settings}))
        return training.TrainingResult(rnn, np.ones(n_epochs), np.zeros((n_epochs, k)), {})

    monkeypatch.setattr(training, "train", train)
    monkeypatch.setattr(options, "write", lambda o, files: plt.close("all"))
    return kept


def test_every_flag_reaches_the_training(asked):
    changes = dict(
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
        window=("--window 3", 3),
        transient=("--transient 1", 1),
        dale=("--dale clip", "clip"),
        parameters=("--train_gains True --train_shifts True", ("weights", "shifts", "gains")),
    )
    call("train_rd_model", BASE["train_rd_model"])
    (_, before), *_ = asked
    for name, (words, value) in changes.items():
        call("train_rd_model", changed("train_rd_model", words))
        assert before[name] != asked[-1][1][name] == value, name
    for words in ("--seed 1", "--g 2", "--dt 0.05", "--activation strech", "--n 9"):
        call("train_rd_model", changed("train_rd_model", words))
        was, now = (vars(net) for net in (asked[0][0], asked[-1][0]))
        assert any(not np.array_equal(was[name], now[name]) for name in ("weights", "dt", "activation")), words


@pytest.mark.parametrize("command", ["train_rd_model", "train_rd_model_fixed_param"])
def test_a_fixed_number_of_parameters(asked, command):
    call(command, changed(command, "--number_param 5 0 2"))
    _, settings = asked[0]
    assert {name: mask.sum() for name, mask in settings["masks"].items()} == {"weights": 5, "shifts": 2}
    assert settings["parameters"] == ("weights", "shifts")
    (path,) = Path("data").rglob("model.npz")
    assert "_WeightsTrue_ShiftsTrue_GainsFalse_" in str(path) and "_Tsim8_Param5_0_2_" in str(path)


def test_regions(asked):
    stored = make_synthetic_roi(8, seed=5)
    stored.write("data/connectomics/XX")
    call("train_flybrain_full", changed("train_flybrain_full", "--ROI XX"))
    call("train_flybrain_pop", changed("train_flybrain_pop", "--subpopulation cell_fibers --orientation legacy"))
    (full, settings), (shared, others) = asked
    assert (full.weights == stored.weights().toarray()).all() and full.types is None
    names = [path.parent.name for path in Path("data/models").rglob("model.npz")]
    assert STEMS["train_flybrain_full"].split("/")[1].replace("SYN_N8", "XX") + "_Sample0" in names
    roi = make_synthetic_roi(8, seed=0)
    assert shared.types.tolist() == roi.types("cell_fibers").tolist()
    assert (shared.weights == roi.weights("legacy").toarray()).all()
    assert any("Subpop_cell_fibers" in name and name.endswith("legacy_transient2.0_Sample0") for name in names)
    assert settings["parameters"] == others["parameters"] == ("shifts", "gains")


PUBLISHED = {
    "traced-neurons": "bodyId,type,instance\n1,PEN,x\n2,EPG,x\n3,PEN,x\n4,EPG,x\n5,EPG,x\n",
    "traced-roi-connections": "bodyId_pre,bodyId_post,roi,weight\n1,2,ATL(L),3\n1,2,ATL(R),4\n2,3,ATL(L),5\n"
    "3,1,ATL(R),6\n3,4,ATL(R),2\n4,3,EB,9\n1,5,ATL(L),9\n",
    "nt": "bodyId,transmitter\n1,ACh\n2,GABA\n3,acetylcholine\n4,glutamate\n5,ach\n",
}


@pytest.fixture
def published(here):
    (here / "fly").mkdir()
    for name, text in PUBLISHED.items():
        (here / "fly" / f"{name}.csv").write_text(text)
    return "--data fly"


def test_published_tables_are_trained_as_they_are(asked, published, capsys):
    words = f"{published} --transmitters fly/nt.csv --roi ATL(L) --roi ATL(R) --largest"
    call("train_flybrain_full", changed("train_flybrain_full", words))
    assert "ATL(L)+ATL(R): 3 neurons, 67% of them excitatory, 3 connections\n" in capsys.readouterr().out
    call("train_flybrain_full", changed("train_flybrain_full", f"{words} --roi EB"))
    call("train_flybrain_pop", changed("train_flybrain_pop", f"{published} --excitatory --roi all --largest"))
    sizes = [net.n for net, _ in asked]
    assert sizes == [3, 4, 4]
    assert asked[0][0].weights.tolist() == [[0, 0, 0.5], [0.5, 0, 0], [0, -0.5, 0]]
    assert (asked[2][0].weights >= 0).all() and asked[2][0].types.tolist() == [0, 0, 0, 0]
    names = [path.parent.name for path in Path("data/models").rglob("model.npz")]
    assert any("ROI_ATL(L)+ATL(R)_Weights" in name and "_transmittersnt_" in name for name in names)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("", "--ROI is missing: --data fly holds the published tables"),
        ("--roi ATL --excitatory", "--roi = 'ATL' is unknown; choose one of: ATL(L), ATL(R), EB"),
        ("--roi EB", "--transmitters FILE, or take every neuron as excitatory with --excitatory, not both"),
        ("--roi all --excitatory", "the largest of 4 of 5 neurons; load the region with --largest to keep that one"),
        ("--ROI EB --excitatory", "--min_weight = 1 leaves 1 of the 1 connections of 5 neurons"),
        ("--roi all --excitatory --min_weight 99", "--min_weight = 99 leaves none of the 6 connections"),
        ("--roi all --transmitters nothing.csv", "nothing.csv is not a table"),
        ("--roi all --transmitters fly/traced-neurons.csv", "no column transmitter, found bodyId, type, instance"),
    ],
)
def test_published_tables_that_do_not_fit_are_one_line(published, words, says, capsys):
    words = words if "is missing" in says or "largest of" in says else f"{words} --largest"
    with pytest.raises(SystemExit) as stopped:
        call("train_flybrain_full", changed("train_flybrain_full", f"{published} {words}"))
    err = capsys.readouterr().err
    assert stopped.value.code == 2 and err.count("\n") == 1 and says in err, err
    assert not Path("data").exists()


def test_a_published_region_is_trained_from_end_to_end(trainings, published):
    words = changed("train_flybrain_pop", f"{published} --roi all --largest --transmitters fly/nt.csv --nle 1 --lr 0.1")
    call("train_flybrain_pop", words)
    (path,) = Path("data").rglob("model.npz")
    net = cli.load_model(path)
    assert net.n == 4 and net.gain.shape == (3,) and (net.gain != 1).all()
    assert (np.sign(net.weights).sum(axis=0) != 0).all()


def test_a_loss_that_is_no_number_is_one_line(training, monkeypatch, capsys):
    def train(*args, **options):
        raise BackendError("the loss or its gradient is not finite at epoch 3")

    monkeypatch.setattr(training, "train", train)
    with pytest.raises(SystemExit) as stopped:
        call("train_rd_model", BASE["train_rd_model"])
    err = capsys.readouterr().err
    assert stopped.value.code == 2 and err.count("\n") == 1 and "not finite at epoch 3" in err


def test_a_lack_of_memory_is_one_line(capsys, monkeypatch):
    def fill(*args, **options):
        raise MemoryError("Unable to allocate 74.5 GiB")

    monkeypatch.setattr(cli, "random_weights", fill)
    with pytest.raises(SystemExit) as stopped:
        call("train_rd_model", BASE["train_rd_model"])
    err = capsys.readouterr().err
    wanted = "train_rd_model: out of memory (Unable to allocate 74.5 GiB); take fewer neurons or exponents\n"
    assert stopped.value.code == 2 and err == wanted


def test_benchmark_files(monkeypatch):
    monkeypatch.setattr(Figure, "savefig", lambda figure, file, **options: None)
    call("lyapu_benchmark", BASE["lyapu_benchmark"])
    ends = ("0_convergence_vs_Tons", "1_time_vs_nle", "2_time_vs_tSim", "3_time_vs_netSize")
    wanted = [f"fig/lyapunov_benchmark/{end}_N20_tSim5.0.svg" for end in ends]
    assert files("data") == [*wanted, "logs/lyapunov_benchmark/times_N20_tSim5.0.csv"]
    table = rows(Path("data/logs/lyapunov_benchmark/times_N20_tSim5.0.csv").read_text())
    assert [sum(row["figure"] == end for row in table) for end in ends] == [0, 10, 10, 9]
    assert all(float(row["seconds"]) > 0 for row in table)


def test_shells_complete_the_flags():
    code = "from helpers.rnn.cli import train_flybrain_pop; train_flybrain_pop()"
    env = os.environ | {"_TRAIN_FLYBRAIN_POP_COMPLETE": "bash_complete", "COMP_CWORD": "1", "PYTHONPATH": str(ROOT)}
    for typed, found in (("--sub", "plain,--subpopulation"), ("--nle", "plain,--nle_after")):
        env["COMP_WORDS"] = f"train_flybrain_pop {typed}"
        done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
        assert found in done.stdout.split(), done


def test_help_tells_choices_and_ranges():
    shown = " ".join(CliRunner().invoke(cli.train_flybrain_full, ["--help"]).stdout.split())
    for text in (
        "[zero|random]",
        "[full|frozen|window]",
        "[dale|legacy]",
        "0.0001<=x<=1]",
        "1<=x<=100000",
        "[l2|MSE|MSE_",
    ):
        assert text in shown, text


def test_the_commands_are_those_of_click():
    assert all(isinstance(getattr(cli, name), click.Command) for name in BASE)
