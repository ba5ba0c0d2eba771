"""The commands ``train_rd_model``, ``train_flybrain_full`` and ``train_flybrain_pop``: flags, checks, files.

Names of flags and files are those of the seed, both spellings where its text and its code differ. All values are
checked before anything is written. Each sample then leaves, below ``--out``:

* ``logs/<command>/<stem>_Sample<i>_logs.json``: training_loss, training_lambda_max, grad_weights, grad_gains and
  grad_shifts, one value for each epoch (0 for what is not trained), training_spectrum (the k exponents of each epoch),
  spectrum (all n exponents before and after, recomputed by an independent run) and time_training[s];
* ``fig/<command>/<stem>_Sample<i>_training_logs.png`` and ``_spectrum_logs.png``;
* ``models/<command>/<stem>_Sample<i>/model.npz``: W >= 0, C (signs; W C is J), H, H0, gains, shifts, types, dt and
  activation, read by :func:`load_model`; beside it the state from which a stopped command goes on.

Bad values end with one line and exit status 2, and so does a loss that is no longer finite; a stopped command ends
with 130, and called again it goes on.
"""

from __future__ import annotations

import inspect
import json
import time
from pathlib import Path

import numpy as np

from helpers import figures, runs
from helpers.parameters import HelpersError, OutputError, ParameterError, check_choice, check_integer, check_number
from helpers.rnn import cli
from helpers.rnn.connectome import load_roi, make_synthetic_roi
from helpers.rnn.losses import loss_label, loss_name
from helpers.rnn.lyapunov import initial, lyapunov_spectrum
from helpers.rnn.model import Rnn, activation_name, random_weights

__all__ = ["load_model", "train_flybrain_full", "train_flybrain_pop", "train_rd_model"]

GROUPS = ("weights", "shifts", "gains")
FLAGS = {
    "loss": ("--loss", str, "Loss [l2|MSE|MSE_Custom|sum|Sinai|entropy]"),
    "target": ("--target", float, "Target of the exponents, for l2 and MSE"),
    "n_epochs": ("--n_epochs", int, "Number of epochs"),
    "lr": ("--lr", float, "Learning rate of Adam"),
    **{f"train_{name}": (f"--train_{name}", bool, f"Optimisation of the {name}") for name in GROUPS},
    "roi": ("--ROI --roi", str, "Region: SYN (synthetic), or a folder of neurons.csv and edges.csv below --data"),
    "subpopulation": ("--subpopulation", str, "What shares a gain and a shift [cell_fibers|neurotransmitter]"),
    "orientation": ("--orientation", str, "Whose sign a synapse has: sender or receiver [dale|legacy]"),
    "data": ("--data", str, "Folder of the regions"),
    "init": ("--init", str, "Initial state [zero|random]"),
    "grad": ("--grad", str, "What the gradient goes through [full|frozen|window]"),
    "window": ("--window", float, "Time between two cuts, for --grad window"),
    "dale": ("--dale", str, "Weights may change sign, or stop at 0 [clip|free]"),
    "early_stopping": (
        "--early_stopping",
        str,
        "Stop at this loss; without a value, or True, at 1e-6; False for never",
    ),
    "number_param": ("--number_param", int, "Train only so many weights, gains and shifts, drawn at random"),
    "transient": ("--transient", float, "Time before the frame starts"),
}
WORDS = {"subpopulation": ("cell_fibers", "neurotransmitter"), "orientation": ("dale", "legacy")}
FREE = dict(early_stopping="False", init="random", grad="full", window=15.0, transient=10.0, dt=0.1, seed=0, out="data")
TIMES = dict(target=0.0, t_ons=0.2, t_sim=200.0, n_epochs=10)
REGION = dict(**TIMES, lr=0.01, n=60, orientation="dale", data="data/connectomics", **FREE)


def _parser(command, about, defaults):
    options = dict(usage="%(prog)s [OPTIONS]", formatter_class=cli._Layout, add_help=False, allow_abbrev=False)
    made = cli._Parser(prog=command, description=about, **options)
    for name, default in defaults.items():
        spellings, kind, *_, text = FLAGS.get(name) or cli.FLAGS[name]
        needed = default is cli.REQUIRED
        options = dict(dest=name, required=needed, default=default, metavar=cli.METAVAR[kind])
        options |= dict(help=text + (" [required]" if needed else f" [default: {default}]"))
        options |= {"early_stopping": dict(nargs="?", const="True"), "number_param": dict(nargs=3)}.get(name, {})
        made.add_argument(*spellings.split(), type=str if kind is bool else kind, **options)
    made.add_argument("--help", action="help", help="Show this message and exit.")
    return made


def _main(command, build, defaults, argv):
    made = _parser(command.__name__, inspect.getdoc(command), defaults)
    o = made.parse_args(argv)
    o.command = command.__name__
    try:
        _check(o)
        figures.use_style()
        _run(o, *build(o))
    except HelpersError as failure:
        made.error(failure)
    except KeyboardInterrupt:
        made.exit(130, f"{made.prog}: stopped; the same command goes on from the last stored epoch\n")


def _check(o):
    o.activation = activation_name(o.activation)
    for name, low in dict(n=1, n_samples=1, k=1, n_epochs=1, seed=0).items():
        check_integer(f"--{name}", getattr(o, name), low)
    for name, words in WORDS.items():
        check_choice(f"--{name}", getattr(o, name, words[0]), words)
    stop = str(o.early_stopping).lower()
    o.early_stopping = 1e-6 if stop in cli.YES[:2] else None if stop in cli.NO[:2] else _number("early_stopping", stop)


def _number(name, text):
    try:
        return check_number(f"--{name}", float(text))
    except ValueError:
        raise ParameterError(f"--{name} = {text!r} is not a number; allowed: a loss, True or False") from None


def _flag(o, name):
    return check_choice(f"--{name}", str(getattr(o, name)).lower(), cli.YES + cli.NO) in cli.YES


def _tail(o):
    """Return the end of a stem and what is said of the training between lr and dt."""
    loss, times = loss_label(loss_name(o.loss), o.target), f"Tons{o.t_ons}_Tsim{cli._whole(o.t_sim)}_dt{o.dt}"
    coupling = f"_g{o.g}" if "g" in o else ""
    return f"lr{o.lr}_NLE{o.k}_Epochs{o.n_epochs}_{loss}{coupling}_{times}"


def _run(o, stem, samples, groups):
    """Train all samples, pairs of a network and its masks or None, after a check of each."""
    import matplotlib.pyplot as plt

    from helpers.rnn.gradients import TrainingParams, double, prepared
    from helpers.rnn.training import train

    names = ("k", "target", "loss", "lr", "t_sim", "t_ons", "transient", "window", "init", "grad")
    settings = {name: getattr(o, name) for name in names} | dict(parameters=groups, dale=getattr(o, "dale", "free"))
    with double():
        for rnn, masks in samples:
            prepared(rnn, TrainingParams(**settings), masks)
    for i, ((rnn, masks), seed) in enumerate(zip(samples, runs.seeds(o.seed, o.n_samples), strict=True)):
        name = f"{stem}_Sample{i}"
        store, start = Path(o.out) / "models" / o.command / name, time.perf_counter()
        options = dict(masks=masks, early_stopping=o.early_stopping, store=store, n_epochs=o.n_epochs, seed=seed)
        result = train(rnn, **settings, **options)
        found = [lyapunov_spectrum(net, k=net.n, t_sim=o.t_sim, seed=seed).exponents for net in (rnn, result.rnn)]
        h0 = np.zeros(rnn.n) if o.init == "zero" else initial(rnn, 1, None, seed)[0]
        _save_model(store / "model.npz", result.rnn, h0)
        files = _files(o, name, result, found, time.perf_counter() - start)
        cli._write(o, files)
        for fig in list(files.values())[1:]:
            plt.close(fig)


def _files(o, name, result, found, seconds):
    """Return the log and the two figures of a sample."""
    from helpers.rnn import figures_training as plots

    zeros = np.zeros(result.loss.size)
    log = dict(training_loss=result.loss.tolist(), training_lambda_max=result.spectra[:, 0].tolist())
    log |= dict(spectrum=[x.tolist() for x in found], training_spectrum=result.spectra.tolist())
    log |= {f"grad_{group}": result.gradient_norms.get(group, zeros).tolist() for group in GROUPS}
    log |= {"time_training[s]": f"{seconds:.2f}"}
    fig, axes = figures.figure(1, 2, height_mm=65, layout="constrained")
    plots.training(axes, {o.loss: result.loss}, {o.loss: result.spectra})
    both, ax = figures.figure(width_mm=110, height_mm=75, layout="constrained")
    labels = ("before", "after, recomputed")
    plots.spectra(ax, dict(zip(labels, found, strict=True)), claimed={labels[1]: result.spectra[-1]})
    return {
        f"{name}_logs.json": json.dumps(log, indent=1),
        f"{name}_training_logs.png": fig,
        f"{name}_spectrum_logs.png": both,
    }


def _save_model(path, rnn, h0):
    types = np.arange(rnn.n) if rnn.types is None else rnn.types
    arrays = dict(W=np.abs(rnn.weights), C=np.sign(rnn.weights), H=h0, H0=h0, gains=rnn.gain, shifts=rnn.shift)
    arrays |= dict(types=types, dt=rnn.dt, activation=rnn.activation)

    def write(draft):
        with draft.open("wb") as file:
            np.savez(file, **arrays)

    try:
        runs._place(path, write)
    except OSError as failure:
        raise OutputError(f"cannot write {path} ({failure.strerror}); choose another --out") from None


def load_model(path):
    """Return the :class:`~helpers.rnn.model.Rnn` in a model.npz, or in the folder that holds it."""
    path = Path(path) / "model.npz" if Path(path).is_dir() else Path(path)
    try:
        with np.load(path, allow_pickle=False) as file:
            kept = {name: file[name][()] for name in ("gains", "shifts", "types", "dt")}
            weights, activation = file["W"] * file["C"], str(file["activation"])
    except (OSError, ValueError, KeyError) as failure:
        raise ParameterError(f"{path} is not a stored model ({failure}); give a model.npz of this collection") from None
    types = None if np.array_equal(kept["types"], np.arange(len(weights))) else kept["types"]
    return Rnn(weights, activation, kept["gains"], kept["shifts"], float(kept["dt"]), types=types)


def train_rd_model(argv=None):
    """Trains random RNN models with a loss on their Lyapunov spectrum."""
    needed = dict.fromkeys(("n", "n_samples", "k", "loss", "activation", "g"), cli.REQUIRED)
    chosen = dict(lr=1e-3, train_weights=True, train_shifts=False, train_gains=False, number_param=None, dale="free")
    _main(train_rd_model, _random, {**needed, **TIMES, **chosen, **FREE}, argv)


def _random(o):
    """Return stem, samples and trained groups of ``train_rd_model``."""
    seeds, ones = runs.seeds(o.seed, o.n_samples), np.ones(o.n)
    nets = [Rnn(random_weights(o.n, o.g, seed=seed), o.activation, ones, 0 * ones, o.dt) for seed in seeds]
    if o.number_param is None:
        trained = {name: _flag(o, f"train_{name}") for name in GROUPS}
        samples, mark = [(net, None) for net in nets], ""
    else:
        from helpers.rnn.training import fixed_number

        numbers = dict(zip(("n_weights", "n_gains", "n_shifts"), o.number_param, strict=True))
        samples = [(net, fixed_number(net, **numbers, seed=seed)) for net, seed in zip(nets, seeds, strict=True)]
        trained = {name: numbers[f"n_{name}"] > 0 for name in GROUPS}
        mark = f"_Number{'_'.join(map(str, o.number_param))}"
    if not any(trained.values()):
        raise ParameterError("nothing is trained: set --train_weights, --train_shifts or --train_gains to True")
    flags = "".join(f"_{name.capitalize()}{value}" for name, value in trained.items())
    stem = f"{cli._word(o)}{flags}{mark}_N{o.n}_{_tail(o)}"
    return stem, samples, tuple(name for name in GROUPS if trained[name])


def train_flybrain_full(argv=None):
    """Trains the gain and the shift of every neuron of a connectome-constrained RNN; its weights stay.

    ``--n`` is the size of the synthetic region.
    """
    needed = dict.fromkeys(("n_samples", "k", "loss", "activation"), cli.REQUIRED)
    _main(train_flybrain_full, _region, {**needed, "roi": "SYN", **REGION}, argv)


def train_flybrain_pop(argv=None):
    """Trains gains and shifts that the neurons of a population share, in a connectome-constrained RNN.

    ``--n`` is the size of the synthetic region.
    """
    defaults = dict(n_samples=1, k=1, subpopulation="neurotransmitter", roi="SYN", activation="tanh_pos", loss="l2")
    _main(train_flybrain_pop, _region, {**defaults, **REGION}, argv)


def _region(o):
    """Return stem, samples and trained groups of a region."""
    subpopulation = getattr(o, "subpopulation", None)
    roi = make_synthetic_roi(o.n, seed=o.seed) if o.roi == "SYN" else _stored(o)
    rnn = roi.rnn(o.activation, orientation=o.orientation, subpopulation=subpopulation, dt=o.dt)
    mark = f"_Subpop_{subpopulation}" if subpopulation else ""
    stem = f"{cli._word(o)}_ROI_{o.roi}{mark}_WeightsFalse_ShiftsTrue_GainsTrue_{_tail(o)}"
    return stem, [(rnn, None)] * o.n_samples, ("shifts", "gains")


def _stored(o):
    known = sorted(path.parent.name for path in Path(o.data).glob("*/neurons.csv"))
    check_choice("--ROI", o.roi, ("SYN", *known))
    return load_roi(Path(o.data) / o.roi)
