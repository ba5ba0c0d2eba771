"""Plots of the random networks. Each takes axes and data, returns artists, and neither shows nor saves."""

from __future__ import annotations

import itertools

import numpy as np

from helpers.figures import OKABE_ITO, band
from helpers.parameters import check_array
from helpers.runs import summary

__all__ = [
    "attractor",
    "convergence",
    "curves",
    "dt_study",
    "separation",
    "spectra",
    "symmetry",
    "trajectories",
    "transition",
]

COLOURS = [OKABE_ITO[name] for name in ("blue", "vermillion", "green", "purple", "orange", "sky", "black", "grey")]
LAMBDA_1, LAMBDA_I = r"$\lambda_1$ ($1/\tau$)", r"$\lambda_i$ ($1/\tau$)"
FIELD = r"mean field, $N \to \infty$"
PERCENT = dict(xlabel="$i$ (% of $N$)", xlim=(0, 100))


def _zero(ax):
    ax.axhline(0, color="black", linewidth=0.5, zorder=0)


def _percent(n):
    return 100 * (np.arange(n) + 0.5) / n


def trajectories(ax, time, states, *, n_shown=6):
    """Draw the states (n_t, n) of the first few neurons against time."""
    lines = ax.plot(time, states[:, :n_shown], linewidth=0.8)
    _zero(ax)
    ax.set(xlabel=r"time ($\tau$)", ylabel="$h_i$", xlim=(time[0], time[-1]))
    return lines


def separation(ax, times, direct, tangent, *, rate=None, size=1e-6):
    """Draw the distance of two states that start `size` apart, and the one that the tangent map predicts.

    `direct` and `tangent` are ln of the growth (n_t,); `rate`, if given, is drawn as a line exp(rate t).
    """
    lines = ax.plot(times, size * np.exp(tangent), color=OKABE_ITO["vermillion"], label="tangent vector", linewidth=2.2)
    lines += ax.plot(times, size * np.exp(direct), color=OKABE_ITO["blue"], label="two states")
    if rate is not None:
        label = rf"$\exp(\lambda_1 t)$, $\lambda_1$ = {rate:.3f}"
        lines += ax.plot(times, size * np.exp(rate * times), color="black", linestyle=":", label=label)
    top = size * np.exp(np.max(direct))
    ax.set(yscale="log", xlabel=r"time ($\tau$)", ylabel="distance", ylim=(size / 10, 1e3 * max(top, size)))
    ax.legend(loc="upper left")
    return lines


def convergence(ax, times, running, *, indices=(0, 2, 4, 6)):
    """Draw running exponents of several runs, (n_runs, n_t, k), one colour for each index (from 0) that is there."""
    shown = [i for i in indices if i < running.shape[2]]
    lines = []
    for i, colour in zip(shown, itertools.cycle(COLOURS), strict=False):
        lines += ax.plot(times, running[:, :, i].T, color=colour, linewidth=0.8)
        lines[-1].set_label({1: "1st", 2: "2nd", 3: "3rd"}.get(i + 1, f"{i + 1}th"))
    _zero(ax)
    late = np.append(running[:, len(times) // 10 :, shown], 0)  # the first values would set the scale
    limits = late.min() - 0.15 * np.ptp(late), late.max() + 0.15 * np.ptp(late)
    ax.set(xlabel=r"averaged time ($\tau$)", ylabel=LAMBDA_I, xlim=(0, times[-1]), ylim=limits)
    ax.legend(title="exponent", loc="center left", bbox_to_anchor=(1, 0.5))
    return lines


def spectra(ax, exponents, *, title=None):
    """Draw whole spectra {label: (n_seeds, n)}, mean and 95 % interval over seeds, from dark to light in order."""
    from matplotlib import colormaps

    lines = []
    for (label, values), shade in zip(exponents.items(), np.linspace(0, 0.9, len(exponents)), strict=True):
        colour = colormaps["viridis"](shade)
        lines.append(band(ax, _percent(np.shape(values)[1]), values, color=colour, label=label))
    _zero(ax)
    ax.set(ylabel=LAMBDA_I, **PERCENT)
    ax.legend(title=title, loc="center left", bbox_to_anchor=(1, 0.5))
    return lines


def transition(ax, g, lambda_1, *, theory=None):
    """Draw lambda_1 (n_g, n_samples) as a strip of dots for each g, the medians as diamonds, and the zero line.

    `theory`, if given, is a pair (g, lambda_1) of the mean field.
    """
    g, lambda_1 = np.asarray(g, float), check_array("lambda_1", lambda_1, shape=(len(g), None))
    _zero(ax)
    strip = 0.03 * max(np.ptp(g), 0.1) * np.linspace(-1, 1, lambda_1.shape[1] + 2)[1:-1]
    lines = ax.plot(g[:, None] + strip, lambda_1, ".", color=COLOURS[0], alpha=0.7)
    lines[0].set_label("one network")
    style = dict(color=COLOURS[1], markeredgecolor="black", markeredgewidth=0.5, linewidth=0.6)
    lines += ax.plot(g, np.median(lambda_1, axis=1), "D-", label="median", **style)
    if theory is not None:
        lines += ax.plot(*theory, color="black", linestyle="--", label=FIELD)
    ax.set(xlabel=r"coupling $g$ (= $\sigma$)", ylabel=LAMBDA_1)
    ax.legend()
    return lines


def curves(ax, x, values, *, xlabel="coupling $g$", ylabel=LAMBDA_1, title=None, theory=None, mark=None):
    """Draw {label: (n_seeds, n_x)} over g, mean and 95 % interval over seeds, a marker and colour for each label.

    For lambda_1 by size, right against legacy Jacobian, loss of stability against chaos, dimension or entropy per
    neuron. `theory`, a pair (x, y), is drawn dashed; `mark`, a critical g, as a dotted line.
    """
    styles = zip(values.items(), itertools.cycle(COLOURS), itertools.cycle("osD^vP*X"))
    lines = [band(ax, x, data, color=c, marker=m, label=label) for (label, data), c, m in styles]
    if theory is not None:
        lines += ax.plot(*theory, color="black", linestyle="--", label=FIELD)
    if mark is not None:
        ax.axvline(mark, color="black", linestyle=":", linewidth=0.8)
        ax.text(mark, 0.02, f" $g_c$ = {mark:.4g}", transform=ax.get_xaxis_transform())
    _zero(ax)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.legend(title=title)
    return lines


def dt_study(ax, dt, values, *, limit, label=None, color=COLOURS[0], ylabel=LAMBDA_1):
    """Draw values (n_seeds, n_dt) over the Euler step, and as an open mark their limit (n_seeds,) at dt = 0."""
    artists = []
    for x, repeats, face in ((dt, values, color), ([0], np.reshape(limit, (-1, 1)), "white")):
        s = summary(repeats)
        bars = np.array([s.mean - s.low, s.high - s.mean]).tolist()
        style = dict(color=color, capsize=2, marker="o", markerfacecolor=face, label=label if x is dt else None)
        artists.append(ax.errorbar(x, s.mean, yerr=bars, **style))
    ax.set(xlabel=r"Euler step $dt$ ($\tau$)", ylabel=ylabel, xlim=(-0.04 * max(dt), 1.06 * max(dt)))
    return artists


def symmetry(ax, exponents):
    """Draw spectra {label: (n,)} about their mean (line) and the same turned upside down (dots): equal if symmetric."""
    lines = []
    for (label, values), colour in zip(exponents.items(), itertools.cycle(COLOURS), strict=False):
        centred, x = np.asarray(values) - np.mean(values), _percent(len(values))
        lines += ax.plot(x, centred, color=colour, label=label)
        lines += ax.plot(x, -centred[::-1], "o", color=colour, markersize=2, markevery=max(1, len(x) // 40))
    ax.set(ylabel=r"$\lambda_i$ - mean ($1/\tau$)", **PERCENT)
    ax.legend(title="dots: upside down")
    return lines


def attractor(ax, states, *, columns=(0, 1), names=("x", "y"), exponents=(), published=()):
    """Draw two columns of the states (n_t, n) of a map as dots, its exponents and the published above."""
    (dots,) = ax.plot(*states[:, list(columns)].T, ".", color=OKABE_ITO["blue"], markersize=1, rasterized=True)
    ax.set(xlabel=f"${names[0]}$", ylabel=f"${names[1]}$")
    rows = (("measured", exponents), ("published", published))
    title = [f"{word}: " + ", ".join(f"{x:.3f}" for x in values) for word, values in rows if len(values)]
    ax.set_title("\n".join(title), size=6)
    return dots
