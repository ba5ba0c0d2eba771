"""The commands of the random networks: four that measure Lyapunov exponents, and four that train on them.

Flags, folders and files are named as in the source, in both spellings where its text and its code differ. All values
are checked before anything is written. Below ``--out`` a command leaves, in a folder of its own (rd_RNN for
train_rd_model, see COMMANDS.md),

* ``logs/``: tables (csv) and logs (json). The log of a training holds, for each epoch, training_loss,
  training_lambda_max, training_spectrum (the k exponents) and grad_weights, grad_gains, grad_shifts (0 for what is not
  trained), then spectrum (the exponents after it, from an independent run), spectrum_before and time_training[s];
* ``fig/``: the figures;
* ``models/.../<stem>_Sample<i>/model.npz``, written as soon as a training ends, with W >= 0, C (signs; W C is J), H,
  H0, gains, shifts, types, dt and activation, read by :func:`load_model`, and the history of the training;
* ``.sweeps/``: the finished points, from which a stopped sweep goes on.

What the stem of the source does not tell, such as another seed, follows at its end; what it cannot tell, a range of g,
a network, or a log of another program, is refused where it would be overwritten. A stopped command ends with 130,
and the same command goes on: finished points and samples are not computed again. A wrong value is one line and exit
status 2, and so is a loss that is no longer finite, or a lack of memory.
"""

from __future__ import annotations

import contextlib
import csv
import itertools
import json
import os
import re
import tempfile
import time
import warnings
import zlib
from pathlib import Path
from typing import Any

import click
import numpy as np
from click import FloatRange, IntRange
from scipy import sparse
from tqdm.auto import tqdm

from helpers import figures, runs, storage
from helpers.parameters import ParameterError, Table, check_array, check_choice, check_integer, check_number, doors
from helpers.rnn import figures as plots
from helpers.rnn import meanfield
from helpers.rnn import options as flags
from helpers.rnn.connectome import DENSE, load_roi, load_traced, make_synthetic_roi
from helpers.rnn.losses import loss_label, loss_name
from helpers.rnn.lyapunov import initial, lyapunov_spectrum
from helpers.rnn.model import Rnn, random_weights

__all__ = ["load_model", "lyapu_benchmark", "lyapu_convergence", "spectrum", "train_flybrain_full"]
__all__ += ["train_flybrain_pop", "train_rd_model", "train_rd_model_fixed_param", "transition_2_chaos"]

# Axes of the numbers in a model.npz. The others are texts, and the types, integers.
SHAPES = dict(W=("n", "n"), C=("n", "n"), H=("n",), H0=("n",), gains=("types",), shifts=("types",), dt=())
SHAPES |= dict(training_loss=("epochs",), training_spectrum=("epochs", "k"))
SHAPES |= dict.fromkeys(("grad_weights", "grad_shifts", "grad_gains"), ("epochs",))
TEXTS = ("activation", "time_training[s]")
LOGGED = ("training_loss", "training_spectrum", "grad_weights", "grad_shifts", "grad_gains", "time_training[s]")


# --- exponents


def network(*, n, g, seed, activation="tanh", parameters=("weights",), dt=0.1):
    """Return the random :class:`~helpers.rnn.model.Rnn` of a sweep over g.

    A seed fixes the normal draws and g scales them, so the networks of one seed at several g differ in nothing else.

    Parameters
    ----------
    n, seed : int
    g : float
        Spread of what is drawn, >= 0: weights N(0, g^2/n); gains and shifts N(1, g^2/n), one per neuron.
    activation : str
        Any spelling. Plain tanh has neither gain nor shift.
    parameters : sequence of {"weights", "shifts", "gains"}
        What g acts on. The rest is fixed: weights of g = 1, gain 1, shift 0.
    dt : float

    Examples
    --------
    >>> rnn = network(n=4, g=2.0, seed=1, activation="pos", parameters=("weights", "gains"))
    >>> bool((rnn.weights == random_weights(4, 2.0, seed=1)).all()), rnn.gain.shape, rnn.shift
    (True, (4,), 0.0)
    """
    gains, shifts = 1.0, 0.0
    if "gains" in parameters:
        gains = 1 + g / np.sqrt(n) * np.random.default_rng([seed, 1]).standard_normal(n)
    if "shifts" in parameters:
        shifts = 1 + g / np.sqrt(n) * np.random.default_rng([seed, 2]).standard_normal(n)
    weights = random_weights(n, g if "weights" in parameters else 1.0, seed=seed)
    return Rnn(weights, activation, gains, shifts, dt)


def exponents_point(*, n, g, seed, activation, dt, parameters=("weights",), state_seed=None, **options):
    """Return the exponents of one :func:`network`, a point of the sweeps, as a dict of arrays.

    `state_seed`, by default `seed`, is that of the initial state and frame; `options` are those of
    :func:`~helpers.rnn.lyapunov.lyapunov_spectrum`.
    """
    rnn = network(n=n, g=g, seed=seed, activation=activation, parameters=parameters, dt=dt)
    found = lyapunov_spectrum(rnn, seed=seed if state_seed is None else state_seed, **options)
    return {name: value for name, value in vars(found).items() if value is not None}


def _swept(o, *, keep=True, **grid):
    """Run a sweep in a folder below --out, or for ``--save False`` in one that goes again."""
    check_integer("k", o.k, 1, o.n, hint="at most --n")
    if o.n_jobs == 0:
        raise ParameterError("--n_jobs = 0 starts no worker; allowed: -1 (every core) or a positive integer")
    fixed = {name: getattr(o, name) for name in ("n", "k", "dt", "t_sim", "t_ons", "transient", "activation")}
    folder = contextlib.nullcontext(Path(o.out) / ".sweeps") if keep else tempfile.TemporaryDirectory()
    with folder as store, warnings.catch_warnings():
        warnings.simplefilter("ignore", runs.SweepWarning)  # the error of `over` says it
        return runs.over(exponents_point, store=store, n_jobs=o.n_jobs, **fixed, **grid)


def _rows(point, exponents, errors):
    """Return a row (*point, index, exponent, standard error) for each exponent of a point."""
    return [(*point, i + 1, float(x), float(error)) for i, (x, error) in enumerate(zip(exponents, errors, strict=True))]


@flags.command("lyapu_convergence")
@flags.with_options(flags.T_ONS(required=True), flags.ACTIVATION(required=True), flags.G(default=1.5))
@flags.with_options(flags.N_SAMPLES(default=5), flags.N(default=100), flags.K(default=20), flags.T_SIM(default=700.0))
@flags.with_options(flags.TRANSIENT(default=50.0), flags.JOBS, flags.EVERYWHERE)
def lyapu_convergence(**options: Any) -> None:
    """Simulates the convergence of Lyapunov exponents in a recurrent neural network (RNN) model.

    One network, n_samples initial states. Writes the running exponents (json), the final ones with standard errors
    (csv) and a figure (png).
    """
    o = flags.opened("lyapunov_convergence", options, marks=("n_samples",))
    starts = runs.seeds(o.seed, o.n_samples)
    found = _swept(o, g=o.g, seed=o.seed, state_seed=starts, trace=True)
    if not np.isfinite(found["running"]).all():
        raise ParameterError("an exponent is -inf, as the tangent is singular; take --dt below 1, or another --g")
    rows, log = [], {}
    for i, start in enumerate(starts):
        times, spectra = found["times"][i].tolist(), found["running"][i].tolist()
        log[f"sample_{i}"] = dict(times=times, tons=o.t_ons, spectrum=spectra)
        rows += _rows((i, start), found["exponents"][i], found["stderr"][i])
    table = Table(("sample", "state_seed", "index", "exponent", "stderr"), tuple(rows))
    click.echo(Table(table.columns, table.rows[:: o.k]).to_markdown())
    fig, ax = figures.figure(height_mm=75)
    plots.convergence(ax, found["times"][0], found["running"])
    stem = f"{o.folder}/{o.word}_N{o.n}_NLE{o.k}_g{o.g}_Tons{o.t_ons}_Tsim{o.t_sim:.10g}_dt{o.dt}{o.marks}"
    flags.write(o, {f"logs/{stem}.json": json.dumps(log), f"logs/{stem}.csv": table.to_csv(), f"fig/{stem}.png": fig})


def _study(o, g):
    """Sweep over g and samples, print lambda_1; return the results (n_g, n_samples, ...) and the table of exponents."""
    o.parameters = tuple(dict.fromkeys(o.parameters))
    if o.activation == "tanh" and o.parameters != ("weights",):
        raise ParameterError("--parameter: plain tanh takes weights only; choose strech or pos for shifts and gains")
    o.stem = f"{o.folder}/{o.word}_N{o.n}_nSample{o.n_samples}_tSim{o.t_sim:.10g}_dt{o.dt}_tOns{o.t_ons}"
    o.stem += f"_{'_'.join(o.parameters)}{o.marks}"
    path = Path(o.out) / f"logs/{o.stem}.csv"
    if o.save and path.exists():  # the stem does not tell the range of g
        stored = set()
        with contextlib.suppress(csv.Error, IsADirectoryError):  # such as a quote without end
            stored = {row.get("g") for row in csv.DictReader(path.read_text(errors="replace").splitlines())}
        if stored != set(map(str, g.tolist())):
            raise ParameterError(f"out = {o.out} has {path} for other values of g; choose another folder")
    seeds, rows, shown = runs.seeds(o.seed, o.n_samples), [], []
    found = _swept(o, keep=o.save, g=g.tolist(), seed=seeds, parameters=o.parameters)
    for i, x in enumerate(g.tolist()):
        for j, seed in enumerate(seeds):
            rows += _rows((j, seed, x), found["exponents"][i, j], found["stderr"][i, j])
        first = found["exponents"][i, :, 0]
        shown.append((f"{x:g}", f"{np.median(first):.4f}", runs.summary(first)))
    click.echo(Table(("g", "median lambda_1", "mean [95 %]"), tuple(shown)).to_markdown())
    return found, Table(("sample", "seed", "g", "index", "exponent", "stderr"), tuple(rows)).to_csv()


@flags.command("transition_2_chaos")
@click.option("--gmin", required=True, type=FloatRange(0, 1e4), help="Minimum value for coupling strength g")
@click.option("--gmax", required=True, type=FloatRange(0, 1e4), help="Maximum value for coupling strength g")
@click.option("--m_g", default=7, type=IntRange(1, 10_000), help="Number of g values between gmin and gmax")
@flags.with_options(flags.N(default=1000), flags.K(default=1), flags.TRANSIENT(default=200.0), flags.STUDY)
def transition_2_chaos(**options: Any) -> None:
    """Generates multiple RNN models with varying coupling values and calculates Lyapunov spectrum.

    The same seeds serve every g. Writes the exponents with standard errors (csv) and a figure (pdf, svg).
    """
    o = flags.opened("transition_2_chaos", options, marks=("k",))
    check_number("gmin", o.gmin, 0, o.gmax, hint="at most --gmax")
    g = np.linspace(o.gmin, o.gmax, o.m_g)
    found, table = _study(o, g)
    if not o.save:
        return
    theory = None
    if o.activation != "tanh_pos" and o.parameters == ("weights",):
        fine = np.linspace(o.gmin, o.gmax, 31)
        theory = fine, [meanfield.first_exponent(x) for x in fine]
    fig, ax = figures.figure(height_mm=75)
    plots.transition(ax, g, found["exponents"][..., 0], theory=theory)
    flags.write(o, {f"logs/{o.stem}.csv": table, f"fig/{o.stem}.pdf": fig, f"fig/{o.stem}.svg": fig})


@flags.command("spectrum")
@click.option("--variance_max", default=12, type=IntRange(1, 13), help="sigma = 2^0 to 2^(variance_max - 1)")
@flags.with_options(flags.N(default=100), flags.TRANSIENT(default=50.0), flags.STUDY)
def spectrum(**options: Any) -> None:
    """Calculates whole Lyapunov spectra, their dimension and entropy, at sigma = g = 1, 2, 4, ...

    Writes exponents, Kaplan-Yorke dimensions and entropies of every sample by sigma (json), all of them with standard
    errors (csv), and three figures (pdf, svg).
    """
    o = flags.opened("spectrum_characterization", options | {"k": options["n"]}, marks=("variance_max",))
    g = 2.0 ** np.arange(o.variance_max)
    found, table = _study(o, g)
    if not o.save:
        return
    words, files = [f"{x:.0f}" for x in g], {f"logs/{o.stem}.csv": table}
    for end, name in (("spectrum", "exponents"), ("entropies", "entropy"), ("dim", "kaplan_yorke")):
        log = dict(zip(words, found[name].tolist(), strict=True))
        files[f"logs/{o.stem}_{end}.json"] = json.dumps(log)
    drawn = {}
    for end, name, label in (("dim", "kaplan_yorke", "$D_{KY}/N$"), ("entro", "entropy", "$H/N$")):
        drawn[end], ax = figures.figure(width_mm=100)
        figures.dots(ax, {" + ".join(o.parameters): found[name] / o.n}, x=g, within=(0, np.inf))
        ax.set_xscale("log", base=2)
        ax.set(xlabel=r"$\sigma$", ylabel=label)
    drawn["spect"], ax = figures.figure(width_mm=100, height_mm=80)
    plots.spectra(ax, dict(zip(words, found["exponents"], strict=True)), title=r"$\sigma$")
    for end, fig in drawn.items():
        files[f"fig/{o.stem}_{end}.pdf"] = files[f"fig/{o.stem}_{end}.svg"] = fig
    flags.write(o, files)


@flags.command("lyapu_benchmark")
@flags.with_options(flags.N(default=200, type=IntRange(20, 10_000)), flags.USUAL)
def lyapu_benchmark(**options: Any) -> None:
    """Times the Lyapunov exponents on this machine, and shows the first of them over the time between two QRs.

    Writes four figures (svg): the running first exponent for several tOns, and the seconds over the number of
    exponents, the averaged time and the size of the network; and the numbers of the last three (csv).
    """
    o = flags.opened("lyapunov_benchmark", options | dict(activation="tanh"), marks=("t_sim", "t_ons", "dt"))
    end = f"N{o.n}{o.marks}"
    usual = dict(seed=o.seed, activation=o.activation, dt=o.dt)
    fig, ax = figures.figure(width_mm=100)
    for t_ons in (0.2, 1.0, 2.0, 5.0):
        found = exponents_point(n=o.n, g=5.0, k=10, t_sim=o.t_sim, t_ons=min(t_ons, o.t_sim), trace=True, **usual)
        ax.plot(found["times"], found["running"][:, 0], label=f"tOns {t_ons:g}", linewidth=0.8)
    ax.set(xlabel=r"averaged time ($\tau$)", ylabel=r"$\lambda_1$ ($1/\tau$)")
    ax.legend()
    files, rows = {f"fig/{o.folder}/0_convergence_vs_Tons_{end}.svg": fig}, []
    cases = {
        "1_time_vs_nle": ("k", "number of exponents", range(1, o.n, o.n // 10)),
        "2_time_vs_tSim": ("t_sim", r"averaged time ($\tau$)", np.linspace(o.t_sim / 10, o.t_sim, 10).tolist()),
        "3_time_vs_netSize": ("n", "number of neurons", range(o.n // 2, 5 * o.n, o.n // 2)),
    }
    for name, (changed, label, values) in cases.items():
        fig, ax = figures.figure(width_mm=100)
        for value in tqdm(values, desc=name, disable=bool(os.environ.get("CI"))):
            point = dict(n=o.n, k=10, t_sim=o.t_sim) | {changed: value}
            point["k"] = value // 10 if changed == "n" else point["k"]
            start = time.perf_counter()
            exponents_point(g=1.5, t_ons=min(o.t_ons, point["t_sim"]), **point, **usual)
            rows.append((name, *point.values(), time.perf_counter() - start))
            ax.plot(value, rows[-1][-1], "D", color=figures.OKABE_ITO["blue"], markersize=4)
        ax.set(xlabel=label, ylabel="seconds")
        files[f"fig/{o.folder}/{name}_{end}.svg"] = fig
    table = Table(("figure", "n", "nLE", "tSim", "seconds"), tuple(rows))
    flags.write(o, files | {f"logs/{o.folder}/times_{end}.csv": table.to_csv()})


# --- training


@flags.command("train_rd_model")
@flags.with_options(flags.RANDOM, flags.NUMBER(), flags.TRAINING)
def train_rd_model(**options: Any) -> None:
    """Trains random RNN models with a loss on their Lyapunov spectrum."""
    _train_random(flags.opened("rd_RNN", options))


@flags.command("train_rd_model_fixed_param")
@flags.with_options(flags.RANDOM, flags.NUMBER(default=(100, 0, 0)), flags.TRAINING)
def train_rd_model_fixed_param(**options: Any) -> None:
    """Trains a fixed number of weights, gains and shifts, drawn at random, of random RNN models."""
    _train_random(flags.opened("rd_RNN_fixed_param", options))


def _train_random(o):
    trained, masks, samples, o.ids = (o.train_weights, o.train_shifts, o.train_gains), None, [], ()
    if o.number_param is not None:
        n_weights, n_gains, n_shifts = o.number_param
        trained = n_weights > 0, n_shifts > 0, n_gains > 0
        o.marks = f"_Param{n_weights}_{n_gains}_{n_shifts}{o.marks}"
    if not any(trained):
        found = "set --train_weights, --train_shifts or --train_gains to True"
        found = found if o.number_param is None else "--number_param = 0 0 0; give one number above 0"
        raise ParameterError(f"nothing is trained: {found}")
    if o.g == 0 and trained == (True, False, False):
        raise ParameterError("g = 0 makes all weights 0, which training leaves as they are; allowed: above 0")
    from helpers.rnn.training import fixed_number

    for seed in runs.seeds(o.seed, o.n_samples):
        net = Rnn(random_weights(o.n, o.g, seed=seed), o.activation, np.ones(o.n), np.zeros(o.n), o.dt)
        if o.number_param is not None:
            masks = fixed_number(net, n_weights=n_weights, n_gains=n_gains, n_shifts=n_shifts, seed=seed)
        samples.append((net, masks))
    stem = "{}_Weights{}_Shifts{}_Gains{}_N{}".format(o.word, *trained, o.n)
    _train(o, stem, samples, tuple(itertools.compress(flags.GROUPS, trained)))


@flags.command("train_flybrain_full")
@flags.with_options(flags.N_SAMPLES(required=True), flags.K(required=True), flags.LOSS(required=True))
@flags.with_options(flags.ACTIVATION(required=True), flags.REGION)
def train_flybrain_full(**options: Any) -> None:
    """Trains the gain and the shift of every neuron of a connectome-constrained RNN; its weights stay."""
    _train_region(flags.opened("flybrain_RNN", options))


@flags.command("train_flybrain_pop")
@flags.with_options(flags.N_SAMPLES(default=1), flags.K(default=1), flags.LOSS(default="l2"))
@flags.with_options(flags.ACTIVATION(default="tanh_pos"), flags.SUBPOPULATION(default="neurotransmitter"), flags.REGION)
def train_flybrain_pop(**options: Any) -> None:
    """Trains gains and shifts that the neurons of a population share, in a connectome-constrained RNN."""
    _train_region(flags.opened("flybrain_RNN_cell", options), options["subpopulation"])


def _train_region(o, subpopulation=None):
    words, data = o.roi or ("SYN",), Path(o.data)
    asked = click.get_current_context().get_parameter_source("data").name != "DEFAULT"
    if not os.path.isdir(data) and (asked or words != ("SYN",)):
        raise ParameterError(f"data = {data} is not a folder; give that of the regions or of the published tables")
    published = (data / "traced-neurons.csv").exists() and o.roi != ("SYN",)
    if published and not o.roi:
        raise ParameterError(f"--ROI is missing: --data {data} holds the published tables; give words of roi, or all")
    if not published and (o.transmitters or o.excitatory or o.min_weight > 1):
        found = f"the published tables; --data {data} has no traced-neurons.csv"
        raise ParameterError(f"--transmitters, --excitatory and --min_weight belong to {found}")
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", UserWarning)
        if published:
            asked = dict(excitatory=o.excitatory, min_weight=o.min_weight, largest=o.largest)
            roi = load_traced(data, o.transmitters, roi=None if words == ("all",) else words, **asked)
        elif words == ("SYN",):
            roi = make_synthetic_roi(o.n, seed=o.seed)
        else:
            known = sorted(path.parent.name for path in data.glob("*/neurons.csv"))
            roi = load_roi(data / check_choice("roi", "+".join(words), ("SYN", *known)), largest=o.largest)
    for warning in told:
        click.echo(warning.message, err=True)
    name = "+".join(words) if len(words) <= 3 else f"{words[0]}+{len(words) - 1}more"  # a file name has a limit
    excite = f"{(roi.signs > 0).mean():.0%} of them excitatory"
    click.echo(f"{name}: {roi.n} neurons, {excite}, {roi.counts.nnz} connections")
    o.ids = roi.ids
    rnn = roi.rnn(o.activation, orientation=o.orientation, subpopulation=subpopulation, dt=o.dt, dense=True)
    name += f"_N{o.n}" if words == ("SYN",) and o.n != 60 else ""
    name += f"_Subpop_{subpopulation}" if subpopulation else ""
    name = re.sub(r"[^\w()'+. -]", "_", name)  # a word of a table is no way to another folder
    stem = f"{o.word}_ROI_{name}_WeightsFalse_ShiftsTrue_GainsTrue"
    _train(o, stem, [(rnn, None)] * o.n_samples, ("shifts", "gains"))


def _train(o, stem, samples, groups):
    """Train the samples, pairs of a network and its masks or None, that are not finished, and write what they leave."""
    if o.activation == "tanh" and groups != ("weights",):
        raise ParameterError("activation = tanh has neither gains nor shifts; choose tanh_pos or tanh_streched")
    o.n_after = o.k if o.nle_after is None else check_integer("nle_after", o.nle_after, 1, samples[0][0].n)
    stem += f"_lr{o.lr}_NLE{o.k}_Epochs{o.n_epochs}_{loss_label(loss_name(o.loss), o.target)}"
    stem += f"_g{o.g}" if hasattr(o, "g") else ""
    stem += f"_Tons{o.t_ons}_Tsim{o.t_sim:.10g}"
    # where the source counts parameters it leaves dt out
    stem += o.marks if o.marks.startswith("_Param") and o.dt == 0.1 else f"_dt{o.dt}{o.marks}"
    logs = []
    for i, ((rnn, masks), seed) in enumerate(zip(samples, runs.seeds(o.seed, o.n_samples), strict=True)):
        logs.append(_sample(o, f"{o.folder}/{stem}_Sample{i}", rnn, masks, groups, seed))
    fig, axes = figures.figure(1, 2, height_mm=65, layout="constrained")
    plots.training(axes, logs)
    shown, ax = figures.figure(width_mm=110, height_mm=75, layout="constrained")
    plots.trained(ax, logs)
    name = f"fig/{o.folder}/{stem}"
    flags.write(o, {f"{name}_training_logs.png": fig, f"{name}_spectrum_logs.png": shown})


def _sample(o, name, rnn, masks, groups, seed):
    """Return the log of a sample: train it, measure it, write model.npz and then the log; or read what is there."""
    from helpers.rnn.training import train

    names = ("k", "target", "loss", "lr", "t_sim", "t_ons", "transient", "window", "init", "grad", "n_epochs")
    settings = {key: getattr(o, key) for key in (*names, "early_stopping")}
    settings |= dict(parameters=groups, dale=getattr(o, "dale", "free"), seed=seed)
    types = np.arange(rnn.n) if rnn.types is None else rnn.types
    arrays = rnn.weights, rnn.gain, rnn.shift, types, o.ids, *(masks or {}).values()
    network = zlib.crc32(b"".join([np.asarray(array).tobytes() for array in arrays]))
    record = json.loads(json.dumps(settings | dict(network=network)))
    path, log_path = Path(o.out) / "models" / name / "model.npz", Path(o.out) / f"logs/{name}_logs.json"
    if log_path.exists() and not path.exists():
        raise ParameterError(f"out = {o.out} has {log_path} but no {path}; move that log, or choose another folder")
    try:
        net, kept, found = stored_model(path, rnn.n, o.k)
    except storage.DamagedFile:  # or not there
        found, start = record, time.perf_counter()
        result = train(rnn, masks=masks, **settings)
        h0, net = np.zeros(rnn.n) if o.init == "zero" else initial(rnn, 1, None, seed)[0], result.rnn
        kept = dict(W=np.abs(net.weights), C=np.sign(net.weights), H=h0, H0=h0, gains=net.gain, shifts=net.shift)
        kept |= dict(types=types, dt=net.dt, activation=net.activation)
        kept |= dict(training_loss=result.loss, training_spectrum=result.spectra)
        for group in flags.GROUPS:
            kept[f"grad_{group}"] = result.gradient_norms.get(group, np.zeros(result.loss.size))
        kept["time_training[s]"] = f"{time.perf_counter() - start:.2f}"
        storage.write_arrays(path, kept, record)
        click.echo(path)
    fixed = rnn.activation, rnn.dt, types.tolist()
    if found != record or (net.activation, net.dt, kept["types"].tolist()) != fixed:
        raise ParameterError(f"out = {o.out} holds another network as {name}; choose another folder")
    log = {key: np.asarray(kept[key]).tolist() for key in LOGGED}
    log["training_lambda_max"] = kept["training_spectrum"][:, 0].tolist()
    stored = stored_log(log_path, log, o.n_after)
    if stored is not None:
        return stored
    for key, net in (("spectrum_before", rnn), ("spectrum", load_model(path))):
        if np.count_nonzero(net.weights) < 0.1 * net.n**2 and net.n > DENSE:
            net = net.replace(weights=sparse.csr_array(net.weights))
        times = dict(t_sim=o.t_sim, t_ons=o.t_ons, seed=seed + 1000)  # another state and frame than in the training
        log[key] = lyapunov_spectrum(net, k=o.n_after, progress=True, **times).exponents.tolist()
    storage.write_json(log_path, log)
    click.echo(log_path)
    return log


def stored_log(path, log, n):
    """Return a stored log that holds all of `log`, and `n` exponents or more before and after; None for any other."""
    try:
        stored = storage.read_json(path)
        sizes = [check_array(key, stored[key], ndim=1, finite=False).size for key in ("spectrum_before", "spectrum")]
        return stored if stored | log == stored and min(sizes) >= n else None
    except (storage.DamagedFile, ValueError, KeyError):  # not there, or not a log of these commands
        return None


def load_model(path: str | Path) -> Rnn:
    """Return the :class:`~helpers.rnn.model.Rnn` in a ``model.npz``, or in the folder that holds it.

    Raises
    ------
    ParameterError
        If it is not a model of this collection, or damaged.
    """
    path = Path(path) / "model.npz" if os.path.isdir(path) else Path(path)
    try:
        return stored_model(path)[0]
    except storage.DamagedFile as failure:
        raise ParameterError(f"{path} is not a stored model ({failure}); give a model.npz of this collection") from None


def stored_model(path, n=None, k=None):
    """Return the network, the arrays and the record of a ``model.npz`` of the names, types and shapes that are written.

    `n` and `k` are the numbers of neurons and of exponents that it must have. A damaged file is a DamagedFile, and one
    that holds something else a ParameterError.
    """
    kept, record = storage.read_arrays(path)
    try:
        storage.check_names("the arrays", kept, (*SHAPES, *TEXTS, "types"))
        n = np.size(kept["H"]) if n is None else n
        types = check_array("types", kept["types"], shape=(n,), integer=True, low=0)
        sizes = dict(n=n, k=k, epochs=np.size(kept["training_loss"]), types=int(types.max()) + 1)
        for name, axes in SHAPES.items():
            if kept[name].dtype != np.float64:
                raise ParameterError(f"{name} holds {kept[name].dtype}; allowed: float64")
            shape = tuple(sizes[axis] for axis in axes)
            check_array(name, kept[name], shape=shape, low=0 if name.startswith("grad_") else None)
        for name in TEXTS:
            if not isinstance(kept[name], str):
                raise ParameterError(f"{name} holds {kept[name].dtype}; allowed: text")
        check_number("time_training[s]", float(kept["time_training[s]"]), 0, 1e12)
        if not np.array_equal(np.abs(kept["C"]), np.sign(kept["W"])):
            raise ParameterError("W holds values below 0, or C is not their sign; allowed: W >= 0, C -1, 0 or 1")
        types = None if np.array_equal(types, np.arange(types.size)) else types
        gains, shifts, dt = kept["gains"], kept["shifts"], float(kept["dt"])
        return Rnn(kept["W"] * kept["C"], str(kept["activation"]), gains, shifts, dt, types=types), kept, record
    except ValueError as failure:
        text = f"is not a stored model ({failure}); move it, or give a model.npz of this collection"
        raise ParameterError(f"{path} {text}") from None


doors(globals())
