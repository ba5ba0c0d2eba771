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

What the stem of the source does not tell, such as another seed, follows at its end. A stopped command ends with 130, and
the same command goes on: finished points and samples are not computed again. A wrong value is one line and exit status
2, and so is a loss that is no longer finite, or a lack of memory.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import json
import os
import re
import sys
import tempfile
import time
import warnings
import zlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import numpy as np
from click import Choice, FloatRange, IntRange
from scipy import sparse
from tqdm.auto import tqdm

from helpers import figures, runs, storage
from helpers.parameters import HelpersError, ParameterError, Table, check_choice, check_integer, check_number
from helpers.rnn import figures as plots
from helpers.rnn import meanfield
from helpers.rnn.connectome import DENSE, load_roi, load_traced, make_synthetic_roi
from helpers.rnn.losses import LOSSES, loss_label, loss_name
from helpers.rnn.lyapunov import initial, lyapunov_spectrum
from helpers.rnn.model import SPELLINGS, Rnn, activation_name, random_weights

__all__ = [
    "load_model",
    "lyapu_benchmark",
    "lyapu_convergence",
    "spectrum",
    "train_flybrain_full",
    "train_flybrain_pop",
    "train_rd_model",
    "train_rd_model_fixed_param",
    "transition_2_chaos",
]

GROUPS = ("weights", "shifts", "gains")
# What goes to the end of a stem if it is not the default.
MARKS = ("seed", "orientation", "grad", "window", "init", "transient", "dale", "early_stopping")
MARKS += ("transmitters", "excitatory", "min_weight", "largest")


class Command(click.Command):
    """A click command whose errors are one line and status 2, and that says in one line that it was stopped."""

    def main(self, args=None, prog_name=None, **settings):
        """Run the command with `args`, by default those of the process."""
        args = sys.argv[1:] if args is None else list(args)
        try:
            return super().main(args, self.name, standalone_mode=False)
        except MemoryError as failure:
            message = f"out of memory ({failure}); take fewer neurons or exponents"
        except click.ClickException as failure:
            message = failure.format_message()
        except HelpersError as failure:
            message = str(failure)
        click.echo(f"{self.name}: {self._as_typed(' '.join(message.split()), args)}", err=True)
        sys.exit(2)

    def _as_typed(self, message, args):
        """Return a message in which arguments have the names of their flags, in the spelling that was typed."""
        message = re.sub(r"\bn_(weights|gains|shifts) = ", r"--number_param, \1 = ", message)
        typed = {word.split("=")[0] for word in args}
        for option in self.params:
            flag = next((word for word in option.opts if word in typed), option.opts[-1])
            message = message.replace(" / ".join(f"'{word}'" for word in option.opts), f"'{flag}'")
            for ending, after in (("=True", ""), ("=", " "), (" = ", " = ")):
                message = re.sub(rf"(?<![\w-]){option.name}{ending}", flag + after, message)
        return message

    def parse_args(self, ctx, args):
        """Put a blank before negative numbers, which click takes for flags where the value may be left out."""
        return super().parse_args(ctx, [re.sub(r"(^|=)-(?=[\d.e+-]+$)", r"\1 -", word) for word in args])

    def invoke(self, ctx):
        """Run the function of the command. An interrupt is caught here: in `main` click has printed an empty line."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo(f"{self.name}: stopped; the same command goes on from here", err=True)
            sys.exit(130)


def threshold(ctx, param, word):
    """Return the loss at which a training stops: 1e-6 for True, none for False."""
    words = {"true": 1e-6, "t": 1e-6, "false": None, "f": None}
    return words[word.lower()] if word.lower() in words else FloatRange(-1e6, 1e6).convert(word, param, ctx)


# --- options: those in capitals take their default from the command, the lists are shared as they are


def option(*flags, **settings):
    """Return a decorator that still takes settings: ``option("--n", type=int)(default=100)``."""
    return functools.partial(click.option, *flags, **settings)


def with_options(*options):
    """Return the decorator that adds all the options, to be shown in this order."""

    def add(function):
        for decorate in reversed(options):
            function = decorate(function)
        return function

    return add


command = functools.partial(click.command, cls=Command, context_settings={"show_default": True})
COUNT, GROUP, GRAD = IntRange(1, 100_000), Choice(GROUPS), Choice(["full", "frozen", "window"])
WORD = Choice(list(SPELLINGS), case_sensitive=False)
LOSS_WORD = Choice([*LOSSES, "Sinai"], case_sensitive=False)

WORDS, LOSS_WORDS = "[tanh|tanh_pos|tanh_streched]", "[l2|MSE|MSE_Custom|sum|Sinai|entropy]"
N = option("--n", type=COUNT, help="Size of the model, number of neurons used")
K = option("--nLE", "--nle", "k", type=COUNT, help="Number of Lyapunov exponents, at most n")
N_SAMPLES = option("--n_samples", type=COUNT, help="Number of samples")
ACTIVATION = option("--activation", type=WORD, metavar=WORDS, help="Activation function, in any spelling")
G = option("--g", type=FloatRange(0, 1e4), help="Synaptic distribution parameter: weights are N(0, g^2/n)")
T_ONS = option("--tOns", "--tons", "t_ons", type=FloatRange(1e-4, 1e6), help="Time between two QRs, from dt to tSim")
T_SIM = option("--tSim", "--tsim", "t_sim", type=FloatRange(1e-4, 1e7), help="Averaged time, after the transients")
TRANSIENT = option("--transient", type=FloatRange(0, 1e7), help="Time left out, before that of the frame")
LOSS = option("--loss", type=LOSS_WORD, metavar=LOSS_WORDS, help="Loss; from sum on they are maximised")
LR = option("--lr", type=FloatRange(0, 1e6, min_open=True), help="Learning rate of Adam")
PARAMETER = option("--parameter", "parameters", type=GROUP, multiple=True, help="What g acts on; may be repeated")

EVERYWHERE = with_options(
    click.option("--dt", default=0.1, type=FloatRange(1e-4, 1), help="Euler step; all times are in time constants"),
    click.option("--seed", default=0, type=IntRange(0, 2**63), help="Seed of networks and initial states"),
    click.option("--out", default="data", help="Folder of the outputs"),
)
USUAL = with_options(T_ONS(default=1.0), T_SIM(default=200.0), EVERYWHERE)
JOBS = click.option("--n_jobs", default=-1, type=IntRange(-64, 1024), help="Processes; -1 uses every core")
STUDY = with_options(
    N_SAMPLES(required=True),
    ACTIVATION(default="std", metavar="[std|pos|strech]"),
    PARAMETER(default=["weights"]),
    click.option("--save", default=True, type=bool, help="False prints the table and writes nothing"),
    JOBS,
    USUAL,
)
STOP = option("--early_stopping", help="Stop at this loss; without a value, or True, at 1e-6", callback=threshold)
NUMBER = option("--number_param", nargs=3, type=IntRange(0), help="Train only so many weights, gains and shifts")
TRAINING = with_options(
    click.option("--target", default=0.0, type=FloatRange(-1e6, 1e6), help="Target of the exponents, for l2 and MSE"),
    click.option("--n_epochs", default=10, type=IntRange(1), help="Number of epochs"),
    STOP(default="False", is_flag=False, flag_value="True"),
    click.option("--init", default="random", type=Choice(["zero", "random"]), help="Initial state"),
    click.option("--grad", default="full", type=GRAD, help="What the gradient goes through; in chaos not full"),
    click.option("--window", default=15.0, type=FloatRange(1e-4, 1e6), help="Time between two cuts, for --grad window"),
    click.option("--nle_after", type=COUNT, help="Exponents measured before and after, at most n; by default nLE"),
    TRANSIENT(default=10.0),
    USUAL,
)
RANDOM = with_options(
    *(N(required=True), N_SAMPLES(required=True), K(required=True), LOSS(required=True)),
    *(ACTIVATION(required=True), G(required=True), LR(default=1e-3)),
    click.option("--train_weights", default=True, type=bool, help="Optimisation of the weights"),
    click.option("--train_shifts", default=False, type=bool, help="Optimisation of the shifts"),
    click.option("--train_gains", default=False, type=bool, help="Optimisation of the gains"),
    click.option("--dale", default="free", type=Choice(["clip", "free"]), help="Weights stop at 0, or change sign"),
)
SIGN, SHARED = Choice(["dale", "legacy"]), Choice(["cell_fibers", "neurotransmitter"])
SUBPOPULATION = option("--subpopulation", type=SHARED, help="What shares a gain and a shift")
ROI = option("--ROI", "--roi", "roi", multiple=True, help="SYN (synthetic, of size n), a folder below --data, or words")
PUBLISHED = "For the published tables: "
REGION = with_options(
    N(default=60),
    ROI(metavar="[SYN|FOLDER|WORD ...|all]"),
    click.option("--orientation", default="dale", type=SIGN, help="Whose sign a synapse has: sender or receiver"),
    click.option("--data", default="data/connectomics", help="Folder of the regions, or of the published tables"),
    click.option("--transmitters", type=click.Path(), help=f"{PUBLISHED}a table of bodyId and transmitter"),
    click.option("--excitatory", is_flag=True, help=f"{PUBLISHED}every neuron excites, for want of transmitters"),
    click.option("--min_weight", default=1, type=IntRange(1), help=f"{PUBLISHED}fewest synapses of a connection"),
    click.option("--largest", is_flag=True, help="Keep the largest strongly connected part of the region"),
    LR(default=0.01),
    TRAINING,
)


# --- what the commands share


def _opened(folder, options):
    """Return the options of a command after the checks that all need, with its folder and words for its file names."""
    for key, value in options.items():
        if value != value:  # click lets nan pass
            raise ParameterError(f"{key} = nan is not a number")
    o = SimpleNamespace(folder=folder, **options)
    o.activation = activation_name(o.activation)
    o.word = {"tanh_pos": "tanh_positive"}.get(o.activation, o.activation)
    check_number("t_ons", o.t_ons, o.dt, o.t_sim, hint="at least --dt, at most --tsim")
    context = click.get_current_context(silent=True)
    defaults = {option.name: option.default for option in context.command.params} if context else options
    o.marks = ""
    for name in MARKS:
        if options.get(name) not in (defaults.get(name), None):
            o.marks += f"_{name}{Path(str(options[name])).stem if name == 'transmitters' else options[name]}"
    figures.use_style()
    return o


def _write(o, files):
    """Write {name: text, arrays or figure} below --out, all of them or none, and say where."""
    import matplotlib.pyplot as plt

    fills = {}
    for name, content in files.items():
        path = Path(o.out) / name
        if isinstance(content, str):
            fills[path] = functools.partial(Path.write_text, data=content, encoding="utf-8")
        elif isinstance(content, dict):
            fills[path] = functools.partial(storage.write_arrays, arrays=content)
        else:
            kind = path.suffix[1:]
            fills[path] = functools.partial(content.savefig, format=kind, metadata=figures.FORMATS[kind])
    storage.write_all(fills)
    plt.close("all")
    click.echo("\n".join(map(str, fills)))


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


@command("lyapu_convergence")
@with_options(T_ONS(required=True), ACTIVATION(required=True), G(default=1.5), N_SAMPLES(default=5))
@with_options(N(default=100), K(default=20), T_SIM(default=700.0), TRANSIENT(default=50.0), JOBS, EVERYWHERE)
def lyapu_convergence(**options: Any) -> None:
    """Simulates the convergence of Lyapunov exponents in a recurrent neural network (RNN) model.

    One network, n_samples initial states. Writes the running exponents (json), the final ones with standard errors
    (csv) and a figure (png).
    """
    o = _opened("lyapunov_convergence", options)
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
    _write(o, {f"logs/{stem}.json": json.dumps(log), f"logs/{stem}.csv": table.to_csv(), f"fig/{stem}.png": fig})


def _study(o, g):
    """Sweep over g and samples, print lambda_1; return the results (n_g, n_samples, ...) and the table of exponents."""
    o.parameters = tuple(dict.fromkeys(o.parameters))
    if o.activation == "tanh" and o.parameters != ("weights",):
        raise ParameterError("--parameter: plain tanh takes weights only; choose strech or pos for shifts and gains")
    seeds, rows, shown = runs.seeds(o.seed, o.n_samples), [], []
    found = _swept(o, keep=o.save, g=g.tolist(), seed=seeds, parameters=o.parameters)
    for i, x in enumerate(g.tolist()):
        for j, seed in enumerate(seeds):
            rows += _rows((j, seed, x), found["exponents"][i, j], found["stderr"][i, j])
        first = found["exponents"][i, :, 0]
        shown.append((f"{x:g}", f"{np.median(first):.4f}", runs.summary(first)))
    click.echo(Table(("g", "median lambda_1", "mean [95 %]"), tuple(shown)).to_markdown())
    o.stem = f"{o.folder}/{o.word}_N{o.n}_nSample{o.n_samples}_tSim{o.t_sim:.10g}_dt{o.dt}_tOns{o.t_ons}"
    o.stem += f"_{'_'.join(o.parameters)}{o.marks}"
    return found, Table(("sample", "seed", "g", "index", "exponent", "stderr"), tuple(rows)).to_csv()


@command("transition_2_chaos")
@click.option("--gmin", required=True, type=FloatRange(0, 1e4), help="Minimum value for coupling strength g")
@click.option("--gmax", required=True, type=FloatRange(0, 1e4), help="Maximum value for coupling strength g")
@click.option("--m_g", default=7, type=IntRange(1, 10_000), help="Number of g values between gmin and gmax")
@with_options(N(default=1000), K(default=1), TRANSIENT(default=200.0), STUDY)
def transition_2_chaos(**options: Any) -> None:
    """Generates multiple RNN models with varying coupling values and calculates Lyapunov spectrum.

    The same seeds serve every g. Writes the exponents with standard errors (csv) and a figure (pdf, svg).
    """
    o = _opened("transition_2_chaos", options)
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
    _write(o, {f"logs/{o.stem}.csv": table, f"fig/{o.stem}.pdf": fig, f"fig/{o.stem}.svg": fig})


@command("spectrum")
@click.option("--variance_max", default=12, type=IntRange(1, 13), help="sigma = 2^0 to 2^(variance_max - 1)")
@with_options(N(default=100), TRANSIENT(default=50.0), STUDY)
def spectrum(**options: Any) -> None:
    """Calculates whole Lyapunov spectra, their dimension and entropy, at sigma = g = 1, 2, 4, ...

    Writes exponents, Kaplan-Yorke dimensions and entropies of every sample by sigma (json), all of them with standard
    errors (csv), and three figures (pdf, svg).
    """
    o = _opened("spectrum_characterization", options | {"k": options["n"]})
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
    _write(o, files)


@command("lyapu_benchmark")
@with_options(N(default=200), T_SIM(default=200.0), EVERYWHERE)
def lyapu_benchmark(**options: Any) -> None:
    """Times the Lyapunov exponents on this machine, and shows the first of them over the time between two QRs.

    Writes four figures (svg): the running first exponent for several tOns, and the seconds over the number of
    exponents, the averaged time and the size of the network; and the numbers of the last three (csv).
    """
    o = _opened("lyapunov_benchmark", options | dict(t_ons=min(1.0, options["t_sim"]), activation="tanh"))
    check_integer("n", o.n, 20)
    usual = dict(seed=o.seed, dt=o.dt, activation="tanh")
    fig, ax = figures.figure(height_mm=75)
    for t_ons in (0.2, 1.0, 2.0, 5.0):
        found = exponents_point(n=o.n, g=5.0, k=10, t_sim=max(o.t_sim, 5.0), t_ons=t_ons, trace=True, **usual)
        ax.plot(found["times"], found["running"][:, 0], label=f"{t_ons:g}", linewidth=0.8)
    ax.set(xlabel=r"averaged time ($\tau$)", ylabel=r"$\lambda_1$ ($1/\tau$)")
    ax.legend(title="tOns")
    files, rows = {f"fig/{o.folder}/0_convergence_vs_Tons_N{o.n}.svg": fig}, []
    cases = {
        "nle": ("number of exponents", [(o.n, k, o.t_sim) for k in range(1, o.n, o.n // 10)]),
        "tSim": (r"averaged time ($\tau$)", [(2 * o.n, 10, t) for t in np.linspace(o.t_sim / 10, o.t_sim, 10)]),
        "netSize": ("neurons", [(n, n // 10, o.t_sim) for n in range(o.n // 2, 5 * o.n, o.n // 2)]),
    }
    for place, (name, (label, points)) in enumerate(cases.items()):
        x, seconds = [point[("netSize", "nle", "tSim").index(name)] for point in points], []
        for n, k, t_sim in tqdm(points, desc=name, disable=bool(os.environ.get("CI"))):
            start = time.perf_counter()
            exponents_point(n=n, g=1.5, k=k, t_sim=float(t_sim), t_ons=min(o.t_ons, t_sim), **usual)
            seconds.append(time.perf_counter() - start)
            rows.append((name, n, k, t_sim, seconds[-1]))
        fig, ax = figures.figure(width_mm=100)
        ax.plot(x, seconds, "D-", markersize=4)
        ax.set(xlabel=label, ylabel="seconds")
        files[f"fig/{o.folder}/{place + 1}_time_vs_{name}_N{o.n}.svg"] = fig
    table = Table(("over", "n", "nLE", "tSim", "seconds"), tuple(rows))
    _write(o, files | {f"logs/{o.folder}/times_N{o.n}.csv": table.to_csv()})


# --- training


@command("train_rd_model")
@with_options(RANDOM, NUMBER(), TRAINING)
def train_rd_model(**options: Any) -> None:
    """Trains random RNN models with a loss on their Lyapunov spectrum."""
    _train_random(_opened("rd_RNN", options))


@command("train_rd_model_fixed_param")
@with_options(RANDOM, NUMBER(default=(100, 0, 0)), TRAINING)
def train_rd_model_fixed_param(**options: Any) -> None:
    """Trains a fixed number of weights, gains and shifts, drawn at random, of random RNN models."""
    _train_random(_opened("rd_RNN_fixed_param", options))


def _train_random(o):
    trained, masks, samples = (o.train_weights, o.train_shifts, o.train_gains), None, []
    if o.number_param is not None:
        n_weights, n_gains, n_shifts = o.number_param
        trained = n_weights > 0, n_shifts > 0, n_gains > 0
        o.marks = f"_Param{n_weights}_{n_gains}_{n_shifts}{o.marks}"
    if not any(trained):
        raise ParameterError("nothing is trained: set --train_weights, --train_shifts or --train_gains to True")
    from helpers.rnn.training import fixed_number

    for seed in runs.seeds(o.seed, o.n_samples):
        net = Rnn(random_weights(o.n, o.g, seed=seed), o.activation, np.ones(o.n), np.zeros(o.n), o.dt)
        if o.number_param is not None:
            masks = fixed_number(net, n_weights=n_weights, n_gains=n_gains, n_shifts=n_shifts, seed=seed)
        samples.append((net, masks))
    stem = "{}_Weights{}_Shifts{}_Gains{}_N{}".format(o.word, *trained, o.n)
    _train(o, stem, samples, tuple(itertools.compress(GROUPS, trained)))


@command("train_flybrain_full")
@with_options(N_SAMPLES(required=True), K(required=True), LOSS(required=True))
@with_options(ACTIVATION(required=True), REGION)
def train_flybrain_full(**options: Any) -> None:
    """Trains the gain and the shift of every neuron of a connectome-constrained RNN; its weights stay."""
    _train_region(_opened("flybrain_RNN", options))


@command("train_flybrain_pop")
@with_options(N_SAMPLES(default=1), K(default=1), LOSS(default="l2"), ACTIVATION(default="tanh_pos"))
@with_options(SUBPOPULATION(default="neurotransmitter"), REGION)
def train_flybrain_pop(**options: Any) -> None:
    """Trains gains and shifts that the neurons of a population share, in a connectome-constrained RNN."""
    _train_region(_opened("flybrain_RNN_cell", options), options["subpopulation"])


def _train_region(o, subpopulation=None):
    words, data = o.roi or ("SYN",), Path(o.data)
    published = (data / "traced-neurons.csv").exists() and o.roi != ("SYN",)
    if published and not o.roi:
        raise ParameterError(f"--ROI is missing: --data {data} holds the published tables; give words of roi, or all")
    if not published and (o.transmitters or o.excitatory or o.min_weight > 1):
        flags = "--transmitters, --excitatory and --min_weight"
        raise ParameterError(f"{flags} belong to the published tables; --data {data} has no traced-neurons.csv")
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
    name = "+".join(words)
    excite = f"{(roi.signs > 0).mean():.0%} of them excitatory"
    click.echo(f"{name}: {roi.n} neurons, {excite}, {roi.counts.nnz} connections")
    rnn = roi.rnn(o.activation, orientation=o.orientation, subpopulation=subpopulation, dt=o.dt, dense=True)
    name += f"_N{o.n}" if words == ("SYN",) and o.n != 60 else ""
    name += f"_Subpop_{subpopulation}" if subpopulation else ""
    stem = f"{o.word}_ROI_{name}_WeightsFalse_ShiftsTrue_GainsTrue"
    _train(o, stem, [(rnn, None)] * o.n_samples, ("shifts", "gains"))


def _train(o, stem, samples, groups):
    """Train the samples, pairs of a network and its masks or None, that are not finished, and write what they leave."""
    o.n_after = o.k if o.nle_after is None else check_integer("nle_after", o.nle_after, 1, samples[0][0].n)
    stem += f"_lr{o.lr}_NLE{o.k}_Epochs{o.n_epochs}_{loss_label(loss_name(o.loss), o.target)}"
    stem += f"_g{o.g}" if hasattr(o, "g") else ""
    stem += f"_Tons{o.t_ons}_Tsim{o.t_sim:.10g}"
    fixed = getattr(o, "number_param", None) is not None  # the source leaves dt out there
    stem += o.marks if fixed and o.dt == 0.1 else f"_dt{o.dt}{o.marks}"
    logs = []
    for i, ((rnn, masks), seed) in enumerate(zip(samples, runs.seeds(o.seed, o.n_samples), strict=True)):
        logs.append(_sample(o, f"{o.folder}/{stem}_Sample{i}", rnn, masks, groups, seed))
    fig, axes = figures.figure(1, 2, height_mm=65, layout="constrained")
    shown, last = figures.figure(width_mm=110, height_mm=75, layout="constrained")
    for log in logs:
        axes[0].plot(log["training_loss"], color=figures.OKABE_ITO["blue"], linewidth=0.8)
        axes[1].plot(log["training_lambda_max"], color=figures.OKABE_ITO["blue"], linewidth=0.8)
        for name, colour in (("spectrum_before", "grey"), ("spectrum", "vermillion")):
            x, label = (
                np.arange(1, o.n_after + 1),
                name.replace("spectrum_before", "before").replace("spectrum", "after"),
            )
            last.plot(x, log[name], ".-", color=figures.OKABE_ITO[colour], label=label if log is logs[0] else None)
    axes[0].set(
        xlabel="epoch",
        ylabel="loss",
        yscale="log" if min(map(min, (log["training_loss"] for log in logs))) > 0 else "linear",
    )
    axes[1].set(xlabel="epoch", ylabel=r"$\lambda_{\max}$ ($1/\tau$)")
    last.axhline(0, color="black", linewidth=0.5, zorder=0)
    last.set(xlabel="$i$", ylabel=r"$\lambda_i$ ($1/\tau$)")
    last.legend()
    name = f"fig/{o.folder}/{stem}"
    _write(o, {f"{name}_training_logs.png": fig, f"{name}_spectrum_logs.png": shown})


def _sample(o, name, rnn, masks, groups, seed):
    """Return the log of a sample: train it, measure it, write model.npz and then the log; or read what is there."""
    from helpers.rnn.training import train

    names = ("k", "target", "loss", "lr", "t_sim", "t_ons", "transient", "window", "init", "grad")
    settings = {key: getattr(o, key) for key in names}
    settings |= dict(parameters=groups, dale=getattr(o, "dale", "free"), seed=seed)
    more = dict(n_epochs=o.n_epochs, early_stopping=o.early_stopping)
    record = json.loads(json.dumps(settings | more | dict(network=zlib.crc32(rnn.weights.tobytes()))))
    path, log_path = Path(o.out) / "models" / name / "model.npz", Path(o.out) / f"logs/{name}_logs.json"
    try:
        kept, found = storage.read_arrays(path)
    except storage.DamagedFile:  # or none
        found, start = None, time.perf_counter()
        result = train(rnn, masks=masks, **settings, **more)
        h0, net = np.zeros(rnn.n) if o.init == "zero" else initial(rnn, 1, None, seed)[0], result.rnn
        kept = dict(W=np.abs(net.weights), C=np.sign(net.weights), H=h0, H0=h0, gains=net.gain, shifts=net.shift)
        kept |= dict(types=np.arange(net.n) if net.types is None else net.types, dt=net.dt, activation=net.activation)
        kept |= dict(training_loss=result.loss, training_spectrum=result.spectra)
        for group in GROUPS:
            kept[f"grad_{group}"] = result.gradient_norms.get(group, np.zeros(result.loss.size))
        kept["time_training[s]"] = f"{time.perf_counter() - start:.2f}"
        storage.write_arrays(path, kept, record)
        click.echo(path)
    if found not in (None, record):
        raise ParameterError(f"--out = {o.out} holds another network as {name}; choose another --out")
    if found and log_path.exists():
        log = json.loads(log_path.read_text())
        if len(log["spectrum"]) == o.n_after:
            return log
    log = dict(
        training_loss=kept["training_loss"].tolist(), training_lambda_max=kept["training_spectrum"][:, 0].tolist()
    )
    log["training_spectrum"] = kept["training_spectrum"].tolist()
    log |= {f"grad_{group}": kept[f"grad_{group}"].tolist() for group in GROUPS}
    for key, net in (("spectrum_before", rnn), ("spectrum", load_model(path))):
        net = net.replace(weights=sparse.csr_array(net.weights)) if net.n > DENSE and groups[0] != "weights" else net
        found = lyapunov_spectrum(net, k=o.n_after, t_sim=o.t_sim, t_ons=o.t_ons, seed=seed, progress=True)
        log[key] = found.exponents.tolist()
    log["time_training[s]"] = str(kept["time_training[s]"])
    storage.write_text(log_path, json.dumps(log, indent=1))
    click.echo(log_path)
    return log


def load_model(path: str | Path) -> Rnn:
    """Return the :class:`~helpers.rnn.model.Rnn` in a ``model.npz``, or in the folder that holds it.

    Raises
    ------
    ParameterError
        If it is not a model of this collection, or damaged.
    """
    path = Path(path) / "model.npz" if Path(path).is_dir() else Path(path)
    try:
        kept = storage.read_arrays(path)[0]
        weights, types = kept["W"] * kept["C"], kept["types"]
        types = None if np.array_equal(types, np.arange(len(weights))) else types
        return Rnn(weights, str(kept["activation"]), kept["gains"], kept["shifts"], float(kept["dt"]), types=types)
    except (storage.DamagedFile, KeyError) as failure:
        raise ParameterError(f"{path} is not a stored model ({failure}); give a model.npz of this collection") from None
