"""The three training commands: flags in every spelling, files by stem, resume, and bad values in one line."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("jax")
pytest.importorskip("optax")

from helpers.parameters import BackendError, ParameterError
from helpers.rnn import cli_training as cli
from helpers.rnn import training
from helpers.rnn.connectome import make_synthetic_roi
from helpers.rnn.model import random_weights
from helpers.runs import seeds

ROOT = Path(__file__).resolve().parents[2]
SHORT = "--tSim 8 --n_epochs 3 --transient 2"  # one plan for most tests
RD = f"--n 8 --n_samples 1 --nLE 2 --loss MSE --activation tanh_pos --g 1 {SHORT}"
FULL = f"--n 8 --n_samples 1 --nLE 2 --loss MSE --activation tanh_pos {SHORT}"
POP = f"--n 8 --loss MSE --nle 2 {SHORT}"
KEYS = [
    "training_loss",
    "training_lambda_max",
    "spectrum",
    "grad_gains",
    "grad_shifts",
    "grad_weights",
    "time_training[s]",
]
TAIL = "NLE2_Epochs3_MSE_0.00"
STEMS = {
    "train_rd_model": f"tanh_positive_WeightsTrue_ShiftsFalse_GainsFalse_N8_lr0.001_{TAIL}_g1.0_Tons0.2_Tsim8_dt0.1",
    "train_flybrain_full": f"tanh_positive_ROI_SYN_WeightsFalse_ShiftsTrue_GainsTrue_lr0.01_{TAIL}_Tons0.2_Tsim8_dt0.1",
    "train_flybrain_pop": "tanh_positive_ROI_SYN_Subpop_neurotransmitter_WeightsFalse_ShiftsTrue_GainsTrue_lr0.01_"
    f"{TAIL}_Tons0.2_Tsim8_dt0.1",
}
ARGUMENTS = {"train_rd_model": RD, "train_flybrain_full": FULL, "train_flybrain_pop": POP}


@pytest.fixture(autouse=True)
def in_tmp(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CI", "1")


def call(command, text):
    getattr(cli, command)(text.split())


def files(folder="data"):
    return sorted(str(p.relative_to(folder)) for p in Path(folder).rglob("*") if p.is_file())


def log(command, sample=0, stem=None):
    path = Path("data/logs") / command / f"{stem or STEMS[command]}_Sample{sample}_logs.json"
    return json.loads(path.read_text())


# --- what a command leaves


@pytest.mark.parametrize("command", list(STEMS))
def test_files_and_logs(command):
    call(command, ARGUMENTS[command])
    name = f"{STEMS[command]}_Sample0"
    ends = [f"fig/{command}/{name}_{end}_logs.png" for end in ("spectrum", "training")] + [
        f"logs/{command}/{name}_logs.json"
    ]
    assert files() == sorted(
        ends + [f"models/{command}/{name}/{f}" for f in ("model.npz", "settings.json", "state.npz")]
    )
    found = log(command)
    assert set(KEYS) <= set(found) and float(found["time_training[s]"]) > 0
    lengths = [len(found[key]) for key in KEYS if key not in ("spectrum", "time_training[s]")]
    assert lengths == [3] * 5 and np.shape(found["training_spectrum"]) == (3, 2)
    assert np.shape(found["spectrum"]) == (2, 8)
    moved = {"train_rd_model": ["weights"]}.get(command, ["gains", "shifts"])
    assert [n for n in ("gains", "shifts", "weights") if any(found[f"grad_{n}"])] == moved


def test_a_model_is_read_back_and_is_the_trained_one():
    call("train_rd_model", RD)
    folder = Path("data/models/train_rd_model") / f"{STEMS['train_rd_model']}_Sample0"
    rnn = cli.load_model(folder)
    settings = dict(k=2, t_sim=8.0, transient=2.0, lr=1e-3, seed=seeds(0, 1)[0], progress=False)
    untrained = rnn.replace(weights=random_weights(8, 1.0, seed=seeds(0, 1)[0]))
    wanted = training.train(untrained, n_epochs=3, **settings)
    assert np.allclose(rnn.weights, wanted.rnn.weights, atol=1e-15) and rnn.activation == "tanh_pos" and rnn.dt == 0.1
    assert wanted.loss.tolist() == log("train_rd_model")["training_loss"]
    with np.load(folder / "model.npz", allow_pickle=False) as file:
        assert set(file.files) == {"W", "C", "H", "H0", "gains", "shifts", "types", "dt", "activation"}
        assert (file["W"] >= 0).all() and ((file["W"] != 0) == (file["C"] != 0)).all()
    with pytest.raises(ParameterError, match="not a stored model"):
        cli.load_model("nowhere.npz")


def test_a_population_shares_gains():
    call("train_flybrain_pop", f"{POP} --subpopulation cell_fibers --orientation legacy")
    folder = next(Path("data/models/train_flybrain_pop").iterdir())
    rnn, roi = cli.load_model(folder), make_synthetic_roi(8, seed=0)
    assert rnn.types.tolist() == roi.types("cell_fibers").tolist() and rnn.gain.size == np.unique(roi.fibre).size
    assert (rnn.weights == roi.weights("legacy")).all() and "Subpop_cell_fibers" in folder.name


def test_a_stored_region():
    make_synthetic_roi(8, seed=5).write("data/connectomics/XX")
    call("train_flybrain_full", f"{FULL} --ROI XX")
    stem = STEMS["train_flybrain_full"].replace("SYN", "XX")
    model = cli.load_model(Path("data/models/train_flybrain_full") / f"{stem}_Sample0")
    assert (model.weights == make_synthetic_roi(8, seed=5).weights()).all()


def test_both_spellings_and_all_activation_words_mean_the_same():
    words = {"tanh_pos": "pos", "tanh_streched": "tanh_stretched"}
    for word, other in words.items():
        call("train_rd_model", f"{RD} --activation {word} --out a")
        second = RD.replace("nLE", "nle").replace("tSim", "tsim") + f" --tons .2 --activation {other} --out b"
        call("train_rd_model", second)
    assert files("a") == files("b") and len(files("a")) == 12


def test_samples_differ_and_a_second_call_goes_on(monkeypatch):
    text = RD.replace("--n_samples 1", "--n_samples 2")
    call("train_rd_model", text)
    first = [log("train_rd_model", i)["training_loss"] for i in (0, 1)]
    assert first[0] != first[1]
    monkeypatch.setattr(training, "_epoch", None)
    call("train_rd_model", text)
    assert [log("train_rd_model", i)["training_loss"] for i in (0, 1)] == first


@pytest.mark.parametrize(("word", "stops"), [("", False), ("True", False), ("False", False), ("9.5", True)])
def test_early_stopping_is_a_threshold(word, stops):
    call("train_rd_model", f"{RD} --early_stopping {word}")
    assert len(log("train_rd_model")["training_loss"]) == (1 if stops else 3)


def test_a_fixed_number_of_parameters():
    call("train_rd_model", f"{RD} --number_param 5 0 2 --lr 0.1")
    rnn = cli.load_model(next(Path("data/models/train_rd_model").iterdir()))
    start = random_weights(8, 1.0, seed=seeds(0, 1)[0])
    assert (~np.isclose(rnn.weights, start, atol=1e-12)).sum() == 5
    assert (rnn.gain == 1).all() and (rnn.shift != 0).sum() == 2


# --- bad values


@pytest.mark.parametrize(
    ("command", "text", "message"),
    [
        ("train_rd_model", "--n 8", "required"),
        ("train_rd_model", f"{RD} --nLE 9", "k = 9"),
        ("train_rd_model", f"{RD} --nLE 0", "--k = 0"),
        ("train_rd_model", f"{RD} --loss l1", "MSE_Custom"),
        ("train_rd_model", f"{RD} --activation relu", "activation"),
        ("train_rd_model", f"{RD} --train_weights False", "nothing is trained"),
        ("train_rd_model", f"{RD} --number_param 0 0 0", "nothing is trained"),
        ("train_rd_model", f"{RD} --number_param 57 0 0", "n_weights = 57"),
        ("train_rd_model", f"{RD} --train_weights maybe", "--train_weights"),
        ("train_rd_model", f"{RD} --activation tanh --train_gains True", "neither gains nor shifts"),
        ("train_rd_model", f"{RD} --tOns 9", "t_ons = 9"),
        ("train_rd_model", f"{RD} --tSim 0", "t_sim = 0"),
        ("train_rd_model", f"{RD} --n_epochs 0", "--n_epochs = 0"),
        ("train_rd_model", f"{RD} --n_samples -1", "--n_samples = -1"),
        ("train_rd_model", f"{RD} --lr nan", "lr = nan"),
        ("train_rd_model", f"{RD} --g many", "--g"),
        ("train_rd_model", f"{RD} --g -1", "g = -1"),
        ("train_rd_model", f"{RD} --early_stopping soon", "early_stopping"),
        ("train_rd_model", f"{RD} --grad none", "full, frozen, window"),
        ("train_rd_model", f"{RD} --sigma 3", "unrecognized"),
        ("train_flybrain_full", f"{FULL} --ROI EB", "'EB' is unknown; choose one of: SYN, XX"),
        ("train_flybrain_full", f"{FULL} --ROI XX", "strongly connected"),
        ("train_flybrain_full", f"{FULL} --n 3", "n = 3"),
        ("train_flybrain_full", f"{FULL} --activation tanh", "neither gains nor shifts"),
        ("train_flybrain_full", f"{FULL} --orientation up", "dale, legacy"),
        ("train_flybrain_pop", f"{POP} --subpopulation all", "cell_fibers, neurotransmitter"),
        ("train_rd_model", f"{RD} --out file/x", "cannot write"),
    ],
)
def test_bad_values_end_in_one_line_and_leave_nothing(command, text, message, capsys):
    Path("file").write_text("")
    region = Path("data/connectomics/XX")
    region.mkdir(parents=True)
    (region / "neurons.csv").write_text("bodyId,transmitter,cell_body_fiber,sign\n1,1,0,1\n2,0,0,-1\n")
    (region / "edges.csv").write_text("bodyId_pre,bodyId_post,weight\n1,2,3\n")
    before = files(".")
    with pytest.raises(SystemExit) as stopped:
        call(command, text)
    error = capsys.readouterr().err
    assert stopped.value.code == 2 and files(".") == before
    assert error.count("\n") == 1 and error.startswith(f"{command}: ") and message in error


def test_a_loss_that_is_no_number_and_a_stop_end_in_one_line(monkeypatch, capsys):
    for failure, code, words in (
        (BackendError("the loss or its gradient is not finite at epoch 3"), 2, "not finite at epoch 3"),
        (KeyboardInterrupt(), 130, "goes on"),
    ):
        monkeypatch.setattr(training, "train", lambda *args, failure=failure, **options: (_ for _ in ()).throw(failure))
        with pytest.raises(SystemExit) as stopped:
            call("train_rd_model", RD)
        error = capsys.readouterr().err
        assert stopped.value.code == code and words in error and error.count("\n") == 1


# --- help


@pytest.mark.parametrize("command", list(STEMS))
def test_help_lists_the_flags_without_jax(command):
    code = (
        f"import sys; sys.modules['jax'] = None\nfrom helpers.rnn.cli_training import {command}; {command}(['--help'])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"Usage: {command} [OPTIONS]")
    wanted = [
        "--n_samples",
        "--nLE",
        "--nle",
        "--loss",
        "--activation",
        "--target",
        "--tOns",
        "--tSim",
        "--n_epochs",
        "--lr",
    ]
    own = ["--g", "--train_weights"] if command == "train_rd_model" else ["--ROI", "--orientation"]
    assert [flag for flag in wanted + own if flag not in done.stdout] == []


def test_the_commands_are_declared():
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert {name: scripts[name] for name in STEMS} == {name: f"helpers.rnn.cli_training:{name}" for name in STEMS}
