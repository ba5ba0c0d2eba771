"""The commands ``lyapu_convergence``, ``transition_2_chaos`` and ``spectrum``: flags, checks, files.

Names of flags and files are those of the seed (both spellings where its text and its code differ). A command checks
all values first, sweeps with :func:`helpers.runs.sweep` in a folder below ``--out``, so that a stopped one goes on
where it was, and then writes all its files or none: tables and logs to ``OUT/logs/<command>``, figures to
``OUT/fig/<command>``. Bad values end with one line and exit status 2.
"""

from __future__ import annotations

import argparse
import contextlib
import inspect
import json
import tempfile
import uuid
import warnings
from pathlib import Path

import numpy as np

from helpers import figures, runs
from helpers.parameters import (
    HelpersError,
    OutputError,
    ParameterError,
    Table,
    check_choice,
    check_integer,
    check_number,
)
from helpers.rnn import studies
from helpers.rnn.model import activation_name

__all__ = ["lyapu_convergence", "spectrum", "transition_2_chaos"]

REQUIRED = object()
YES, NO = ("true", "t", "1", "yes", "y", "on"), ("false", "f", "0", "no", "n", "off")


# Destination: spellings, type, lowest and highest value, help.
FLAGS = {
    "t_ons": ("--tOns --tons", float, 1e-4, 1e6, "Time between two QR factorisations, from dt to tSim"),
    "activation": ("--activation", str, None, None, "Activation function, in any spelling"),
    "g": ("--g", float, 0, 1e4, "Synaptic distribution parameter: weights are N(0, g^2/n)"),
    "gmin": ("--gmin", float, 0, 1e4, "Minimum value for coupling strength g"),
    "gmax": ("--gmax", float, 0, 1e4, "Maximum value for coupling strength g"),
    "m_g": ("--m_g", int, 1, 10_000, "Number of g values between gmin and gmax"),
    "variance_max": ("--variance_max", int, 1, 13, "Number of sigma values: 2^0 to 2^(variance_max - 1)"),
    "n_samples": ("--n_samples", int, 1, 100_000, "Number of samples"),
    "n": ("--n", int, 1, 100_000, "Size of the model, number of neurons used"),
    "k": ("--nLE --nle", int, 1, 100_000, "Number of Lyapunov exponents computed, at most n"),
    "dt": ("--dt", float, 1e-4, 1, "Euler step; all times are in time constants of the neurons"),
    "t_sim": ("--tSim --tsim", float, 1e-4, 1e7, "Averaged time, counted after the transients"),
    "transient": ("--transient", float, 0, 1e7, "Time left out; 20 more for the frame"),
    "parameters": ("--parameter", str, None, None, "What g acts on; repeat the flag for several"),
    "save": ("--save", bool, None, None, "Options to save the output; False prints the table only"),
    "seed": ("--seed", int, 0, 2**63, "Seed of networks and initial states"),
    "out": ("--out", str, None, None, "Folder of the outputs"),
    "n_jobs": ("--n_jobs", int, -64, 1024, "Parallel processes; -1 uses every core"),
}
METAVAR = {float: "FLOAT", int: "INTEGER", bool: "BOOLEAN", str: "TEXT"}
COMMON = dict(dt=0.1, transient=50.0, seed=0, out="data", n_jobs=-1)
STUDY = dict(n_samples=REQUIRED, activation="std", parameters=["weights"], save=True, t_ons=0.2, t_sim=200.0)


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        self.exit(2, f"{self.prog}: {' '.join(str(message).split())}\n")


class _Layout(argparse.HelpFormatter):
    def add_usage(self, usage, actions, groups, prefix=None):
        super().add_usage(usage, actions, groups, "Usage: ")


def parser(command, about, flags, words):
    """Return the parser of a command; `flags` gives destinations of :data:`FLAGS` a default, or REQUIRED."""
    options = dict(usage="%(prog)s [OPTIONS]", formatter_class=_Layout, add_help=False, allow_abbrev=False)
    made = _Parser(prog=command, description=about, **options)
    group = made.add_argument_group("Options")
    for name, default in flags.items():
        spellings, kind, _, _, text = FLAGS[name]
        needed = default is REQUIRED
        shown = "required" if needed else f"default: {' '.join(np.ravel(default).astype(str))}"
        options = dict(dest=name, required=needed, default=argparse.SUPPRESS, help=f"{text} [{shown}]")
        options |= dict(action="append") if name == "parameters" else {}
        options["metavar"] = {"activation": words, "parameters": "[weights|shifts|gains]"}.get(name) or METAVAR[kind]
        group.add_argument(*spellings.split(), type=str if kind is bool else kind, **options)
    group.add_argument("--help", action="help", help="Show this message and exit.")
    return made


def _main(command, run, flags, words, argv):
    """Parse, check, run, write; what is wrong is one line and status 2, a stopped command one line and 130."""
    made = parser(command.__name__, inspect.getdoc(command), flags, words)
    o = argparse.Namespace(**{**flags, **vars(made.parse_args(argv))}, command=command.__name__)
    try:
        _check(o)
        figures.use_style()
        files = run(o)
        if getattr(o, "save", True):
            _write(o, files)
    except HelpersError as failure:
        made.error(failure)
    except KeyboardInterrupt:
        made.exit(130, f"{made.prog}: stopped; the same command goes on from here\n")


def _check(o):
    """Check every value, and the pairs that have to fit together; nothing has been written yet."""
    for name in [name for name in FLAGS if name in o]:
        spellings, kind, low, high, _ = FLAGS[name]
        if low is not None:
            (check_integer if kind is int else check_number)(spellings.split()[-1], getattr(o, name), low, high)
    o.activation = activation_name(o.activation)
    check_number("--tons", o.t_ons, o.dt, o.t_sim, hint="at least --dt, at most --tsim")
    if "k" in o:
        check_integer("--nle", o.k, 1, o.n, hint="at most --n")
    if "gmin" in o:
        check_number("--gmin", o.gmin, 0, o.gmax, hint="at most --gmax")
    if o.n_jobs == 0:
        raise ParameterError("--n_jobs = 0 starts no worker; allowed: -1 (every core) or a positive integer")
    if "save" in o:
        o.save = check_choice("--save", str(o.save).lower(), YES + NO) in YES
    if "parameters" in o:
        o.parameters = tuple(dict.fromkeys(o.parameters))
        studies.network(n=1, g=1.0, seed=0, activation=o.activation, parameters=o.parameters)


def _swept(o, **grid):
    """Run the sweep of a command below --out, or for ``--save False`` in a folder that goes again."""
    names = ("n", "k", "dt", "t_sim", "t_ons", "transient", "activation", "parameters")
    fixed = {name: getattr(o, name) for name in names if name in o}
    kept = contextlib.nullcontext(Path(o.out) / ".sweeps" / runs.source_hash())
    with kept if getattr(o, "save", True) else tempfile.TemporaryDirectory() as store, warnings.catch_warnings():
        warnings.simplefilter("ignore", runs.SweepWarning)  # the error of `over` says it
        return studies.over(studies.exponents_point, store=store, n_jobs=o.n_jobs, **fixed | grid)


def _write(o, files):
    """Write tables, logs and figures {name: content} under draft names, and then give them their names."""
    drafts = {}
    try:
        for name, content in files.items():
            folder = Path(o.out) / ("logs" if isinstance(content, (str, Table)) else "fig") / o.command
            folder.mkdir(parents=True, exist_ok=True)
            drafts[folder / name] = folder / f".{uuid.uuid4().hex}"
            _draft(drafts[folder / name], content, suffix=name.rsplit(".")[-1])
        for path, draft in drafts.items():
            draft.replace(path)
            print(path)
    except OSError as failure:
        raise OutputError(f"cannot write into {o.out} ({failure.strerror or failure}); choose another --out") from None
    finally:
        for draft in drafts.values():
            draft.unlink(missing_ok=True)


def _draft(path, content, suffix):
    if hasattr(content, "savefig"):
        content.savefig(path, format=suffix, metadata=figures.FORMATS[suffix])
    else:
        path.write_text(content.to_csv() if isinstance(content, Table) else content, encoding="utf-8")


def _word(o):
    """Return the activation as file names spell it."""
    return {"tanh_pos": "tanh_positive"}.get(o.activation, o.activation)


def _whole(x):
    return int(x) if x == int(x) else x


def _rows(points, found):
    """Return one row (*point, i, exponent, standard error) for each exponent of each point."""
    results = zip(points, found["exponents"].tolist(), found["stderr"].tolist(), strict=True)
    return [(*p, i + 1, x, e) for p, xs, es in results for i, (x, e) in enumerate(zip(xs, es, strict=True))]


def _study(o, g):
    """Run a study over g; return the results with one axis for all points, and their (sample, seed, g)."""
    seeds = runs.seeds(o.seed, o.n_samples)
    found = _swept(o, g=list(g), seed=seeds)
    points = [(i, seed, float(x)) for x in g for i, seed in enumerate(seeds)]
    return {name: values.reshape(len(points), *values.shape[2:]) for name, values in found.items()}, points


def _stem(o):
    run = f"{_word(o)}_N{o.n}_nSample{o.n_samples}_tSim{_whole(o.t_sim)}_dt{o.dt}_tOns{o.t_ons}"
    return f"{run}_{'_'.join(o.parameters)}"


def lyapu_convergence(argv=None):
    """Simulates the convergence of Lyapunov exponents in a recurrent neural network (RNN) model.

    One network, n_samples initial states. Writes the running exponents (json), the final ones with standard errors
    (csv) and a figure (png).
    """
    flags = dict(t_ons=REQUIRED, activation=REQUIRED, g=1.5, n_samples=5, n=100, k=20, t_sim=700.0, **COMMON)
    _main(lyapu_convergence, _convergence, flags, "[tanh|tanh_pos|tanh_streched]", argv)


def _convergence(o):
    from helpers.rnn import figures as plots

    starts = runs.seeds(o.seed, o.n_samples)
    found = _swept(o, g=o.g, seed=o.seed, state_seed=starts, trace=True)
    traces = zip(found["times"].tolist(), found["running"].tolist(), strict=True)
    log = {f"sample_{i}": dict(times=t, tons=o.t_ons, spectrum=trace) for i, (t, trace) in enumerate(traces)}
    table = Table(("sample", "state_seed", "index", "exponent", "stderr"), _rows(enumerate(starts), found))
    print(Table(table.columns, [row for row in table.rows if row[2] == 1]).to_markdown())
    fig, ax = figures.figure(height_mm=75)
    plots.convergence(ax, found["times"][0], found["running"])
    stem = f"{_word(o)}_N{o.n}_NLE{o.k}_g{o.g}_Tons{o.t_ons}_Tsim{_whole(o.t_sim)}_dt{o.dt}"
    return {f"{stem}.json": json.dumps(log), f"{stem}.csv": table, f"{stem}.png": fig}


def transition_2_chaos(argv=None):
    """Generates multiple RNN models with varying coupling values and calculates Lyapunov spectrum.

    The same seeds serve every g. Writes the exponents with standard errors (csv) and a figure (pdf, svg).
    """
    flags = dict(gmin=REQUIRED, gmax=REQUIRED, m_g=7, **STUDY, n=1000, k=1, **COMMON | {"transient": 200.0})
    _main(transition_2_chaos, _transition, flags, "[std|pos|strech]", argv)


def _transition(o):
    from helpers.rnn import figures as plots
    from helpers.rnn import meanfield

    g = np.linspace(o.gmin, o.gmax, o.m_g)
    found, points = _study(o, g)
    table = Table(("sample", "seed", "g", "index", "exponent", "stderr"), _rows(points, found))
    lambda_1 = found["exponents"][:, 0].reshape(g.size, o.n_samples)
    print(Table(("g", "median lambda_1", "mean [95 %]"), _summaries(g, lambda_1)).to_markdown())
    theory = None
    if o.activation != "tanh_pos" and o.parameters == ("weights",):
        fine = np.linspace(o.gmin, o.gmax, 31)
        theory = fine, [meanfield.first_exponent(x) for x in fine]
    fig, ax = figures.figure(height_mm=75)
    plots.transition(ax, g, lambda_1, theory=theory)
    return {f"{_stem(o)}.csv": table, f"{_stem(o)}.pdf": fig, f"{_stem(o)}.svg": fig}


def _summaries(g, values):
    return [(f"{x:g}", f"{np.median(row):.4f}", runs.summary(row)) for x, row in zip(g, values, strict=True)]


def spectrum(argv=None):
    """Calculates whole Lyapunov spectra, their dimension and entropy, at sigma = g = 1, 2, 4, ...

    Writes exponents, Kaplan-Yorke dimensions and entropies of every sample by sigma (json), all of them with standard
    errors (csv), and three figures (pdf, svg).
    """
    flags = dict(variance_max=12, **STUDY, n=100, **COMMON)
    _main(spectrum, _spectrum, flags, "[std|pos|strech]", argv)


def _spectrum(o):
    from helpers.rnn import figures as plots

    g = 2.0 ** np.arange(o.variance_max)
    o.k = o.n
    found, points = _study(o, g)
    by_g = {name: values.reshape(g.size, o.n_samples, *values.shape[1:]) for name, values in found.items()}
    stem, words = _stem(o), [str(int(x)) for x in g]
    names = {"spectrum": "exponents", "entropies": "entropy", "dim": "kaplan_yorke"}
    logs = {end: dict(zip(words, by_g[name].tolist(), strict=True)) for end, name in names.items()}
    files = {f"{stem}_{end}.json": json.dumps(log) for end, log in logs.items()}
    files[f"{stem}.csv"] = Table(("sample", "seed", "g", "index", "exponent", "stderr"), _rows(points, found))
    print(Table(("sigma", "median lambda_1", "mean [95 %]"), _summaries(g, by_g["exponents"][..., 0])).to_markdown())
    for end, name, label in (("dim", "kaplan_yorke", "$D_{KY}/N$"), ("entro", "entropy", "$H/N$")):
        fig, ax = figures.figure(width_mm=100)
        plots.curves(ax, g, {" + ".join(o.parameters): by_g[name].T / o.n}, ylabel=label, xlabel=r"$\sigma$")
        ax.set_xscale("log", base=2)
        files |= {f"{stem}_{end}.{suffix}": fig for suffix in ("pdf", "svg")}
    fig, ax = figures.figure(width_mm=100, height_mm=80)
    plots.spectra(ax, dict(zip(words, by_g["exponents"], strict=True)), title=r"$\sigma$")
    return files | {f"{stem}_spect.{suffix}": fig for suffix in ("pdf", "svg")}
