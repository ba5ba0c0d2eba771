"""Plots of the random networks that the commands draw. Each takes axes and data, returns artists, and never saves."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from helpers.figures import COLOURS, OKABE_ITO, bands, check_axes, label_lines
from helpers.parameters import ParameterError, check_array, check_integer, doors, short

__all__ = ["convergence", "spectra", "trained", "training", "transition"]

LAMBDA_1, LAMBDA_I = r"$\lambda_1$ ($1/\tau$)", r"$\lambda_i$ ($1/\tau$)"


def convergence(ax: Axes, times: np.ndarray, running: np.ndarray, *, indices: Sequence[int] = (0, 2, 4, 6)) -> list:
    """Draw running exponents of several runs, (n_runs, n_t, k), one colour for each index (from 0) that is there."""
    times = check_array("times", times, ndim=1)
    running = check_array("running", running, shape=(None, times.size, None), finite=False)
    shown = [i for i in indices if check_integer("indices", i, 0) < running.shape[2]]
    lines = []
    for i, colour in zip(shown, itertools.cycle(COLOURS), strict=False):
        lines += ax.plot(times, running[:, :, i].T, color=colour, linewidth=0.8)
        lines[-1].set_label({1: "1st", 2: "2nd", 3: "3rd"}.get(i + 1, f"{i + 1}th"))
    ax.axhline(0, color="black", linewidth=0.5, zorder=0)
    late = np.append(running[:, len(times) // 10 :, shown], 0)  # the first values would set the scale
    limits = late.min() - 0.15 * np.ptp(late), late.max() + 0.15 * np.ptp(late)
    ax.set(xlabel=r"averaged time ($\tau$)", ylabel=LAMBDA_I, xlim=(0, times[-1]), ylim=limits)
    label_lines(ax, lines[len(running) - 1 :: len(running)], where="right", title="exponent")
    return lines


def spectra(ax: Axes, exponents: Mapping[str, np.ndarray], *, title: str | None = None) -> list:
    """Draw whole spectra {label: (n_seeds, n)}, from dark to light in the order given."""
    from matplotlib import colormaps

    colours = colormaps["viridis"](np.linspace(0, 0.9, len(exponents)))
    lines = []
    for (label, values), colour in zip(exponents.items(), colours, strict=True):
        values = check_array(f"exponents[{short(label)}]", values, ndim=2, finite=False)
        n = values.shape[1]
        lines += bands(ax, 100 * (np.arange(n) + 0.5) / n, {str(label): values}, labels=None, colors=[colour])
    ax.axhline(0, color="black", linewidth=0.5, zorder=0)
    ax.set(ylabel=LAMBDA_I, xlabel="$i$ (% of $N$)", xlim=(0, 100))
    label_lines(ax, lines, where="right", title=title)
    return lines


def transition(ax: Axes, g: Sequence[float], lambda_1: np.ndarray, *, theory: tuple | None = None) -> list:
    """Draw lambda_1 (n_g, n_samples) as a strip of dots for each g, the medians as diamonds, and the zero line.

    `theory`, if given, is a pair (g, lambda_1) of the mean field.
    """
    g, lambda_1 = check_array("g", g, ndim=1), check_array("lambda_1", lambda_1, shape=(len(g), None))
    ax.axhline(0, color="black", linewidth=0.5, zorder=0)
    strip = 0.03 * max(np.ptp(g), 0.1) * np.linspace(-1, 1, lambda_1.shape[1] + 2)[1:-1]
    lines = ax.plot(g[:, None] + strip, lambda_1, ".", color=OKABE_ITO["blue"], alpha=0.7)
    lines[0].set_label("one network")
    style = dict(color=OKABE_ITO["vermillion"], markeredgecolor="black", markeredgewidth=0.5, linewidth=0.6)
    named = [lines[0], *ax.plot(g, np.median(lambda_1, axis=1), "D-", label="median", **style)]
    if theory is not None:
        theory = check_array("theory", theory, shape=(2, None))
        named += ax.plot(*theory, color="black", linestyle="--", label=r"mean field, $N \to \infty$")
    ax.set(xlabel=r"coupling $g$ (= $\sigma$)", ylabel=LAMBDA_1)
    label_lines(ax, named, where="right")
    return lines + named[1:]


def training(axes: Sequence[Axes], logs: Sequence[Mapping]) -> list:
    """Draw the loss and, on the second of two axes, the largest exponent over epochs, a line for each log."""
    lines = []
    check_axes(axes, 2)
    for courses in _courses(logs, "training_loss", "training_lambda_max"):
        for ax, course in zip(axes, courses, strict=True):
            lines += ax.plot(course, color=OKABE_ITO["blue"], linewidth=0.8)
    axes[0].set(xlabel="epoch", ylabel="loss", yscale="log" if axes[0].dataLim.y0 > 0 else "linear")
    axes[1].set(xlabel="epoch", ylabel=r"$\lambda_{\max}$ ($1/\tau$)")
    return lines


def trained(ax: Axes, logs: Sequence[Mapping]) -> list:
    """Draw the first exponents before and after each training against their number, from 1."""
    lines = []
    for courses in _courses(logs, "spectrum_before", "spectrum"):
        for course, colour in zip(courses, ("grey", "vermillion"), strict=True):
            lines += ax.plot(np.arange(1, course.size + 1), course, ".-", color=OKABE_ITO[colour])
    lines[0].set_label("before")
    lines[1].set_label("after")
    ax.axhline(0, color="black", linewidth=0.5, zorder=0)
    ax.set(xlabel="$i$", ylabel=LAMBDA_I)
    ax.legend()
    return lines


def _courses(logs, *names):
    """Return the arrays of these names of each log."""
    for log in logs:
        if not isinstance(log, Mapping) or set(names) - set(log):
            raise ParameterError(f"logs holds {short(log)}; give mappings with {' and '.join(names)}")
    if not len(logs):
        raise ParameterError("logs is empty; give at least one")
    return [[check_array(name, log[name], ndim=1, finite=False) for name in names] for log in logs]


doors(globals())
