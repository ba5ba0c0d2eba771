"""The eight commands: flags as in the manual, what a flag does, refusals in one line, going on after a stop."""

import csv
import json
import re
import shutil
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
from helpers.parameters import ParameterError
from helpers.rnn import cli, meanfield
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
    named = {word.lower() for word in change.split() if word.startswith("--")}
    groups = re.findall(r"(--\S+)((?: (?!--)\S+)*)", BASE[command])
    kept = [f"{flag}{values}" for flag, values in groups if flag.lower() not in named]
    getattr(cli, command)(" ".join([*kept, change]).split())


def raising(failure):
    """Return a function that raises an error whatever it is given."""

    def fail(*args, **options):
        raise failure

    return fail


@pytest.fixture
def refusal(capsys):
    """Return a function: the one line with which a command ends that gets a change of its base line."""

    def line(command, change="", status=2):
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            call(command, change)
        err = capsys.readouterr().err
        assert ended.value.code == status and err.count("\n") == 1 and err.startswith(f"{command}: "), (change, err)
        return err

    return line


STOPPED = "stopped; the same command goes on from here\n"


def files(folder="."):
    found = sorted(p for p in Path(folder).rglob("*") if p.is_file() and ".sweeps" not in p.parts)
    return [p.relative_to(folder).as_posix() for p in found]


def rows(path):
    return list(csv.DictReader(Path(path).read_text().splitlines()))


def numbers(table, column="exponent", **where):
    """Return the numbers in a column of the rows that have these words in other columns."""
    return [float(row[column]) for row in table if where.items() <= row.items()]


# --- flags


def told_as(option):
    """Return the words, of which one stands in the manual as the default of an option."""
    default = option.default[0] if isinstance(option.default, list | tuple) else option.default
    if option.required:
        return {"required"}
    if default is False:
        return {"off", "False"}
    if isinstance(default, float):
        return {f"{default:g}"}
    return {str(default)} if isinstance(default, int | str) else {"none", "as", "SYN"}


def test_the_tables_of_the_manual_are_the_flags_and_their_defaults():
    """The one of the measuring commands has a column for each, the other one serves all that train."""
    text = (ROOT / "COMMANDS.md").read_text().partition("## Random networks: commands")[2].partition("### From")[0]
    told, known = {}, set()
    for line in re.findall(r"^\| `--.*", text, flags=re.M):
        flags, *cells, _ = line.split("|")[1:-1]
        for command, cell in zip(["training"] if len(cells) == 1 else BASE, cells, strict=False):
            if cell.strip() not in ("", "all"):  # all exponents: there is no such flag
                for flag in re.findall(r"--\w+", flags):
                    told[command, flag] = set(re.findall(r"[\w./-]+", cell))
    for command in BASE.keys() - {"lyapu_benchmark"}:
        for option in getattr(cli, command).params:
            for flag in option.opts:
                key = "training" if command in TRAIN else command, flag
                assert told_as(option) & told[key], key
                known.add(key)
    assert known == told.keys()


def parsed(command, words):
    """Return the values of the options, without running the command."""
    made = getattr(cli, command)
    return made.make_context(made.name, words.split()).params


def test_the_lines_of_the_manual_are_accepted_and_their_commands_installed():
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    lines = re.findall(rf"^    ({'|'.join(BASE)}) (.*)$", (ROOT / "COMMANDS.md").read_text(), flags=re.M)
    assert {name for name, _ in lines} == set(BASE)
    for name, words in lines:
        assert parsed(name, words) and scripts[name] == f"helpers.rnn.cli:{name}"


@pytest.mark.parametrize("missing", ["jax", "optax"])
def test_only_training_needs_jax_and_optax_and_says_what_to_install(missing):
    """All of the collection is imported anew in a process that lacks a package."""
    pytest.importorskip("jax")
    with mock.patch.dict(sys.modules, {missing: None}):
        for name in [name for name in sys.modules if name.split(".")[0] == "helpers"]:
            del sys.modules[name]
        anew = import_module("helpers.rnn.cli")
        for name in BASE:
            assert CliRunner().invoke(getattr(anew, name), ["--help"]).stdout.startswith(f"Usage: {name} [OPTIONS]")
        with pytest.raises(Exception, match=r"missing|not installed") as failed:
            import_module("helpers.rnn.training")
    assert type(failed.value).__name__ == "BackendError" and "pip install jax optax" in str(failed.value)


def test_values_of_early_stopping():
    stops = {"": 1e-6, " True": 1e-6, " f": None, " 9.5": 9.5, " -2": -2, " -1e-3": -1e-3, "=-2": -2}
    for word, value in stops.items():
        assert parsed("train_flybrain_pop", f"--early_stopping{word} --dt 0.2")["early_stopping"] == value


# --- refusals: one line, status 2, nothing written

TABLES = {  # a region that is not connected, and the published tables of five neurons
    "data/connectomics/XX/neurons": "bodyId,transmitter,cell_body_fiber,sign\n1,1,0,1\n2,0,0,-1\n",
    "data/connectomics/XX/edges": "bodyId_pre,bodyId_post,weight\n1,2,3\n",
    "fly/traced-neurons": "bodyId,type,instance\n1,PEN,x\n2,EPG,x\n3,PEN,x\n4,EPG,x\n5,EPG,x\n",
    "fly/traced-roi-connections": "bodyId_pre,bodyId_post,roi,weight\n1,2,ATL(L),3\n1,2,ATL(R),4\n2,3,ATL(L),5\n"
    "3,1,ATL(R),6\n3,4,ATL(R),2\n4,3,EB,9\n1,5,ATL(L),9\n",
    "fly/nt": "bodyId,transmitter\n1,ACh\n2,GABA\n3,acetylcholine\n4,glutamate\n5,ach\n",
}


@pytest.fixture
def tables(here):
    """Write the tables, and a file where a folder could be."""
    for name, text in TABLES.items():
        path = here / f"{name}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (here / "taken").write_text("a file")


BAD = [
    ("lyapu_convergence", "--nle 7", "--nle = 7 is out of range"),
    ("lyapu_convergence", "--dt 0.5 --tons 0.2", "--tons = 0.2"),
    ("lyapu_convergence", "--dt nan", "--dt = nan"),
    ("lyapu_convergence", "--n_jobs 0", "--n_jobs = 0 starts no worker"),
    ("lyapu_convergence", "--sav True", "No such option '--sav'"),
    ("lyapu_convergence", "--g 0 --dt 1", "the tangent is singular"),
    ("lyapu_convergence", f"--out {'é' * 300}", "cannot be looked for (File name too long); choose a writable folder"),
    ("transition_2_chaos", "--gmin 4", "--gmin = 4 is out of range"),
    ("transition_2_chaos", "--parameter gains", "plain tanh takes weights only"),
    ("train_rd_model_fixed_param", "--number_param 0 9 0", "--number_param, gains = 9"),
    ("train_rd_model", "--nLE 9", "--nLE = 9 is out of range"),
    ("train_rd_model", "--train_weights False", "nothing is trained"),
    ("train_rd_model", "--number_param 0 0 0", "nothing is trained: --number_param = 0 0 0"),
    ("train_rd_model", "--g 0", "--g = 0 makes all weights 0"),
    ("train_rd_model", "--activation tanh --train_gains True", "--activation = tanh has neither gains nor shifts"),
    ("train_flybrain_full", "--roi XX --roi EB", "--roi = 'XX+EB' is unknown; choose one of: SYN, XX"),
    ("train_flybrain_full", "--ROI XX", "the largest of 1 of 2 neurons; load the region with --largest to"),
    ("train_flybrain_full", "--excitatory", "--data data/connectomics has no traced-neurons.csv"),
    ("train_flybrain_full", f"--data {'é' * 300} --roi SYN", "is not a folder; give that of the regions"),
    ("train_flybrain_full", "--out taken/largest=True/x --largest", "--out = taken/largest=True/x cannot be written"),
    ("train_flybrain_full", "--data fly", "--ROI is missing: --data fly holds the published tables"),
    ("train_flybrain_full", "--data fly --roi EB", "transmitter as --transmitters FILE, or take every neuron as"),
]


@pytest.mark.parametrize(("command", "change", "says"), BAD)
def test_a_bad_value_is_one_line_and_leaves_nothing(command, change, says, tables, refusal, undrawn, training):
    before = sorted(Path().rglob("*"))
    assert says in refusal(command, change)
    assert [path for path in sorted(Path().rglob("*")) if ".sweeps" not in path.parts] == before


def test_what_fails_later_is_one_line_too(refusal, monkeypatch, training):
    memory = MemoryError("Unable to allocate 74.5 GiB")
    for module, name, failure, command, says in (
        (cli, "exponents_point", RuntimeError("broken"), "transition_2_chaos", "6 points of the sweep failed"),
        (cli, "random_weights", memory, "train_rd_model", f"out of memory ({memory}); take fewer neurons or exponents"),
        (training, "train", OSError(28, "No space left"), "train_rd_model", "No space left; give --out, or the option"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, raising(failure))
            assert says in refusal(command)
    assert files() == []


# --- the measuring commands: files, and numbers that follow from the flags


def test_g_scales_the_draws_of_what_it_acts_on():
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
    assert files() == [f"elsewhere/deep/{end}" for end in (f"fig/{stem}.png", f"logs/{stem}.csv", f"logs/{stem}.json")]
    log = json.loads(Path(f"elsewhere/deep/logs/{stem}.json").read_text())
    table = rows(f"elsewhere/deep/logs/{stem}.csv")
    assert list(log) == ["sample_0", "sample_1"] and len(table) == 6
    for i, start in enumerate(runs.seeds(1, 2)):
        net = cli.network(n=6, g=2.0, seed=1, activation="pos", dt=0.2)
        expected = lyapunov_spectrum(net, k=3, t_sim=4, t_ons=1, transient=2, seed=start, trace=True)
        np.testing.assert_allclose(log[f"sample_{i}"]["spectrum"], expected.running, rtol=1e-12)
        np.testing.assert_allclose(log[f"sample_{i}"]["times"], [1, 2, 3, 4])
        assert log[f"sample_{i}"]["tons"] == 1
        np.testing.assert_allclose(numbers(table, state_seed=str(start)), expected.exponents, rtol=1e-12)


def test_a_transition_with_more_samples_computes_only_the_new_ones():
    words = "--activation pos --parameter gains --parameter weights --parameter gains --tons 0.2 --nle 2"
    call("transition_2_chaos", f"{words} --n_samples 1")
    kept = {path: path.stat().st_mtime_ns for path in Path("data/.sweeps").rglob("*.npz")}
    call("transition_2_chaos", words)
    points = {path: path.stat().st_mtime_ns for path in Path("data/.sweeps").rglob("*.npz")}
    assert len(kept) == 3 and len(points) == 6 and kept.items() <= points.items()
    stem = "transition_2_chaos/tanh_positive_N6_nSample2_tSim4_dt0.1_tOns0.2_gains_weights_nLE2_transient2.0"
    wanted = [f"fig/{stem}.pdf", f"fig/{stem}.svg", f"logs/{stem}.csv"]
    assert [name for name in files("data") if stem in name] == wanted
    table = rows(f"data/logs/{stem}.csv")
    assert [row["sample"] + row["index"] for row in table] == ["01", "02", "11", "12"] * 3
    for g in (1.0, 2.0, 3.0):
        for seed in runs.seeds(0, 2):
            net = cli.network(n=6, g=g, seed=seed, activation="pos", parameters=("gains", "weights"))
            expected = lyapunov_spectrum(net, k=2, t_sim=4, t_ons=0.2, transient=2, seed=seed)
            assert numbers(table, g=str(g), seed=str(seed)) == expected.exponents.tolist()
            assert numbers(table, "stderr", g=str(g), seed=str(seed)) == expected.stderr.tolist()


def test_spectrum_files(undrawn, monkeypatch):
    over = mock.Mock(side_effect=lambda f, *, n_jobs, real=runs.over, **grid: real(f, n_jobs=1, **grid))
    monkeypatch.setattr(runs, "over", over)
    call("spectrum", "--n_jobs 2 --tons 0.1 --seed 1")
    assert over.call_args.kwargs["n_jobs"] == 2
    stem = "spectrum_characterization/tanh_N6_nSample2_tSim4_dt0.1_tOns0.1_weights_variance_max3_transient2.0_seed1"
    ends = ("dim.pdf", "dim.svg", "entro.pdf", "entro.svg", "spect.pdf", "spect.svg")
    names = dict(dim="kaplan_yorke", entropies="entropy", spectrum="exponents")
    tables = [f"logs/{stem}.csv", *(f"logs/{stem}_{end}.json" for end in names)]
    assert files("data") == [*(f"fig/{stem}_{end}" for end in ends), *tables]
    log = {end: json.loads(Path(f"data/logs/{stem}_{end}.json").read_text()) for end in names}
    for sigma in ("1", "2", "4"):
        for sample, seed in enumerate(runs.seeds(1, 2)):
            net = cli.network(n=6, g=float(sigma), seed=seed)
            expected = lyapunov_spectrum(net, k=6, t_sim=4, t_ons=0.1, transient=2, seed=seed)
            for end, name in names.items():
                assert log[end][sigma][sample] == np.asarray(getattr(expected, name)).tolist()


def test_benchmark_files(undrawn):
    call("lyapu_benchmark", "--tons 0.5 --seed 1")
    ends = ("0_convergence_vs_Tons", "1_time_vs_nle", "2_time_vs_tSim", "3_time_vs_netSize")
    mark = "N20_tOns0.5_tSim5.0_seed1"
    wanted = [f"fig/lyapunov_benchmark/{end}_{mark}.svg" for end in ends]
    assert files("data") == [*wanted, f"logs/lyapunov_benchmark/times_{mark}.csv"]
    table = rows(f"data/logs/lyapunov_benchmark/times_{mark}.csv")
    assert [len(numbers(table, "seconds", figure=end)) for end in ends] == [0, 10, 10, 9]
    assert min(numbers(table, "seconds")) > 0


@pytest.mark.parametrize("command", ["transition_2_chaos", "spectrum"])
def test_save_false_prints_the_table_and_writes_nothing(command, here, capsys):
    call(command, "--save no")
    assert list(here.iterdir()) == []
    assert "median lambda_1" in capsys.readouterr().out


def test_another_range_of_g_is_refused_and_the_same_is_not(undrawn, refusal):
    for change in ("", "", "--gmax 2 --save no"):
        call("transition_2_chaos", change)
    (table,) = Path("data").rglob("*.csv")
    for change, text in (("--gmin 0.5", table.read_text()), ("", "of another program\n\n1,2\n")):
        table.write_text(text)
        says = f"--out = data has {table} for other values of g; choose another folder"
        assert says in refusal("transition_2_chaos", change)
        assert table.read_text() == text
    table.unlink()
    table.mkdir()
    assert says in refusal("transition_2_chaos")


# --- training

TAIL = "NLE2_Epochs3_MSE_0.00"
RANDOM = f"tanh_positive_WeightsTrue_ShiftsFalse_GainsFalse_N8_lr0.001_{TAIL}_g1.0_Tons1.0_Tsim8"
REGION = f"WeightsFalse_ShiftsTrue_GainsTrue_lr0.01_{TAIL}_Tons1.0_Tsim8_dt0.1_transient2.0"
STEMS = {
    "train_rd_model": f"rd_RNN/{RANDOM}_dt0.1_transient2.0",
    "train_rd_model_fixed_param": f"rd_RNN_fixed_param/{RANDOM}_Param9_0_0_transient2.0",
    "train_flybrain_full": f"flybrain_RNN/tanh_positive_ROI_SYN_N8_{REGION}",
    "train_flybrain_pop": f"flybrain_RNN_cell/tanh_positive_ROI_SYN_N8_Subpop_neurotransmitter_{REGION}",
}


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
def test_files_and_logs_of_a_training(command, training, undrawn, monkeypatch):
    train = mock.Mock(wraps=training.train)
    monkeypatch.setattr(training, "train", train)
    call(command)
    assert files("data") == files_of(command)
    found, again = log(command), train(*train.call_args.args, **train.call_args.kwargs)
    keys = ("training_loss", "training_lambda_max", "grad_gains", "grad_shifts", "grad_weights")
    assert [len(found[key]) for key in keys] == [3] * 5 and float(found["time_training[s]"]) > 0
    assert found["training_loss"] == again.loss.tolist() and found["training_spectrum"] == again.spectra.tolist()
    moved = ["weights"] if "rd_model" in command else ["gains", "shifts"]
    assert [g for g in ("gains", "shifts", "weights") if any(found[f"grad_{g}"])] == moved
    net = cli.load_model(Path(f"data/models/{STEMS[command]}_Sample0"))
    for name in ("weights", "gain", "shift", "types", "dt", "activation"):
        np.testing.assert_array_equal(getattr(net, name), getattr(again.rnn, name))
    seed = runs.seeds(0, 1)[0] + 1000  # not the state of the training
    np.testing.assert_allclose(
        found["spectrum"], lyapunov_spectrum(net, k=2, t_sim=8.0, seed=seed).exponents, rtol=1e-12
    )
    assert len(found["spectrum_before"]) == 2 and found["spectrum"] != found["spectrum_before"]


# --- networks and settings that trainings are asked for, without training


@pytest.fixture
def asked(training, undrawn, monkeypatch):
    """Return the list of (network, settings) that trainings are asked for; none runs."""
    kept = []

    def train(rnn, *, k, n_epochs, **settings):
        kept.append((rnn, {"k": k, "n_epochs": n_epochs, **settings}))
        return training.TrainingResult(rnn, np.ones(n_epochs), np.zeros((n_epochs, k)), {})

    monkeypatch.setattr(training, "train", train)
    return kept


def models():
    """Return the names of the stored models."""
    return sorted(path.parent.name for path in Path("data/models").rglob("model.npz"))


def test_a_model_is_written_before_its_spectrum_and_what_is_finished_not_trained_again(asked, monkeypatch, refusal):
    command, seeds = "train_rd_model", runs.seeds(0, 3)
    with monkeypatch.context() as patch:
        patch.setattr(cli, "lyapunov_spectrum", raising(KeyboardInterrupt))
        assert refusal(command, "--n_samples 2", 130).endswith(STOPPED)
    assert files() == [f"data/models/{STEMS[command]}_Sample0/model.npz"]
    for _ in range(2):
        call(command, "--n_samples 2")
        assert files("data") == files_of(command, samples=2)
    call(command, "--n_samples 2 --out whole")
    for i in (0, 1):
        one, two = (log(command, i, out) | {"time_training[s]": ""} for out in ("whole", "data"))
        assert one == two
    call(command, "--n_samples 3 --nle_after 5")
    assert [settings["seed"] for _, settings in asked] == [*seeds[:2], *seeds[:2], seeds[2]]
    longer = log(command)
    assert len(longer["spectrum"]) == len(longer["spectrum_before"]) == 5


def test_every_flag_reaches_the_training(asked):
    words = "--nle 3 --loss sinai --target -1 --lr 0.5 --tsim 9 --tons 0.4 --n_epochs 7 --early_stopping --init zero"
    wanted = dict(k=3, loss="Sinai", target=-1, lr=0.5, t_sim=9, t_ons=0.4, n_epochs=7, early_stopping=1e-6)
    words += " --grad window --window 2 --transient 1 --dale clip --train_gains True --train_shifts True"
    wanted |= dict(init="zero", grad="window", window=2, transient=1, dale="clip")
    wanted |= dict(parameters=("weights", "shifts", "gains"), seed=runs.seeds(1, 1)[0])
    call("train_rd_model")
    call("train_rd_model", f"{words} --seed 1 --g 2 --dt 0.05 --activation STRECH --n 9")
    (_, before), (net, settings) = asked
    for name, value in wanted.items():
        assert before[name] != settings[name] == value, name
    assert (net.n, net.dt, net.activation) == (9, 0.05, "tanh_streched")
    assert (net.weights == random_weights(9, 2.0, seed=wanted["seed"])).all()


def test_a_fixed_number_of_parameters_is_a_mask(asked):
    call("train_rd_model", "--number_param 5 0 2")
    ((_, settings),) = asked
    assert {name: mask.sum() for name, mask in settings["masks"].items()} == {"weights": 5, "shifts": 2}
    assert settings["parameters"] == ("weights", "shifts")
    assert re.search("_WeightsTrue_ShiftsTrue_GainsFalse_.*_Tsim8_Param5_0_2_", *models())


def altered(arrays):
    """Yield (name, array) of what an array of a model must not be; None where it is missing."""
    outside = dict(W=-1, C=0.5, dt=1.5, types=-1, grad_weights=-1, grad_shifts=-1, grad_gains=-1)
    for name, array in arrays.items():
        others, array = [None, "x"], np.asarray(array)
        if array.dtype.kind == "U":
            others += ["nan", "-1", 3.0]
        else:
            others += [array * np.nan, array.astype(np.float32), array[..., None], np.append(array, array)]
        if name in outside:
            others += [np.full_like(array, outside[name])]
        for other in others:
            yield name, other
    yield from (("more", np.ones(3)), ("W", 0 * arrays["W"]), ("C", 0 * arrays["C"]))


def test_a_model_that_holds_something_else_is_refused_and_not_overwritten(asked, refusal):
    """With a valid checksum: what is damaged in other ways is found by that."""
    call("train_rd_model")
    (path,) = Path("data").rglob("model.npz")
    arrays, record = storage.read_arrays(path)
    assert (arrays["W"] >= 0).all() and (arrays["C"] == np.sign(asked[0][0].weights)).all()
    line = r"^[^\n]*model\.npz is not a stored model \([^\n]*\); [^\n]*$"
    said = {"time_training[s]": "", "training_loss": "training_"}
    for name, wrong in altered(arrays):
        changed = {key: array for key, array in (arrays | {name: wrong}).items() if array is not None}
        storage.write_arrays(path, changed, record)
        with pytest.raises(ParameterError, match=line) as found:
            cli.stored_model(path, 8, 2)
        assert said.get(name, name) in str(found.value)
    shared = dict(types=np.zeros(8, int), gains=np.ones(1), shifts=np.zeros(1))
    for change in (dict(C=arrays["W"]), dict(dt=0.05), dict(activation="tanh_streched"), shared):
        storage.write_arrays(path, arrays | change, record)
        before = {file: Path(file).read_bytes() for file in files()}
        says = "model.npz is not a stored model" if "C" in change else "holds another network"
        assert says in refusal("train_rd_model")
        assert {file: Path(file).read_bytes() for file in files()} == before
    with pytest.raises(ParameterError, match="not a stored model"):
        cli.load_model("nowhere.npz")
    assert len(asked) == 1


def test_what_the_stem_of_the_source_leaves_out_gets_a_stem_of_its_own(asked):
    stem, wanted = f"{Path(STEMS['train_flybrain_full']).name}_Sample0", []
    for change in ("", "seed 3", "grad window", "init zero", "early_stopping 0.5", "window 9.5", "orientation legacy"):
        call("train_flybrain_full", f"--{change}" if change else "")
        wanted.append(sorted(f"{stem}_{change.replace(' ', '')}".strip("_").split("_")))
    call("train_flybrain_full", "--n 9")
    wanted.append(sorted(stem.replace("SYN_N8", "SYN_N9").split("_")))
    assert sorted(sorted(name.split("_")) for name in models()) == sorted(wanted)


def test_regions(asked):
    stored = make_synthetic_roi(8, seed=5)
    stored.write("data/connectomics/XX")
    call("train_flybrain_full", "--ROI XX")
    call("train_flybrain_pop", "--subpopulation cell_fibers --orientation legacy")
    (full, settings), (shared, others) = asked
    assert (full.weights == stored.weights().toarray()).all() and full.types is None
    roi = make_synthetic_roi(8, seed=0)
    assert shared.types.tolist() == roi.types("cell_fibers").tolist()
    assert (shared.weights == roi.weights("legacy").toarray()).all()
    (one, two) = models()
    assert "_ROI_XX_Weights" in one + two and "_Subpop_cell_fibers_" in one + two
    assert settings["parameters"] == others["parameters"] == ("shifts", "gains")


ATL = "--data fly --roi ATL(L) --roi ATL(R) --largest --transmitters fly/nt.csv"


def test_published_tables_are_trained_as_they_are(asked, tables, capsys):
    call("train_flybrain_full", ATL)
    assert "ATL(L)+ATL(R): 3 neurons, 67% of them excitatory, 3 connections\n" in capsys.readouterr().out
    call("train_flybrain_pop", "--data fly --excitatory --roi all --largest --min_weight 3")
    (one, _), (other, _) = asked
    assert one.weights.tolist() == [[0, 0, 0.5], [0.5, 0, 0], [0, -0.5, 0]]
    assert (other.weights >= 0).all() and other.types.tolist() == [0, 0, 0]
    assert any("ROI_ATL(L)+ATL(R)_Weights" in name and "_transmittersnt_" in name for name in models())


def test_a_word_of_a_table_leads_to_no_other_folder(asked, tables):
    path, before = Path("fly/traced-roi-connections.csv"), files()
    path.write_text(path.read_text().replace("ATL(L)", "../../../../escaped"))
    call("train_flybrain_full", f"{ATL} --out deep/a".replace("ATL(L)", "../../../../escaped"))
    made = [name for name in files() if name not in before]
    assert len(made) == 4 and all(re.match(r"deep/a/(fig|logs|models)/flybrain_RNN/[^/]*_ROI_", name) for name in made)


@pytest.mark.parametrize("change", ["types", "a neuron", "a sign", "masks"])
def test_a_model_of_another_network_is_refused(asked, tables, training, monkeypatch, refusal, change):
    command, words = "train_flybrain_pop", f"{ATL} --subpopulation cell_fibers"
    if change == "masks":
        command, words = "train_rd_model_fixed_param", ""
    for _ in range(2):
        call(command, words)
    drawn = training.fixed_number
    monkeypatch.setattr(training, "fixed_number", lambda net, seed, **given: drawn(net, seed=seed + 1, **given))
    replaced = {"types": ("1,PEN,x\n2,EPG", "1,EPG,x\n2,PEN"), "a neuron": ("3,", "6,"), "a sign": ("2,GABA", "2,ACh")}
    for path in Path("fly").iterdir():
        path.write_text(path.read_text().replace(*replaced.get(change, ("", ""))))
    assert "--out = data holds another network" in refusal(command, words)
    assert len(asked) == 1


def test_a_damaged_log_is_written_again_and_a_longer_one_or_one_without_its_model_left_alone(asked, refusal):
    call("train_rd_model", "--nle_after 8")
    (path,) = Path("data").rglob("*_logs.json")
    long = path.read_text()
    call("train_rd_model")
    assert path.read_text() == long and len(json.loads(long)["spectrum"]) == 8
    for text in ('{"spec', '{"spectrum": 3}', storage.sealed(json.loads(long) | {"training_loss": [1, 2]})):
        path.write_text(text)
        call("train_rd_model", "--nle_after 8")
        assert path.read_text() == long, text
    shutil.rmtree("data/models")
    err = refusal("train_rd_model")
    assert f"--out = data has {path} but no data/models/" in err and "move that log, or choose another folder" in err
    assert len(asked) == 1 and path.read_text() == long
