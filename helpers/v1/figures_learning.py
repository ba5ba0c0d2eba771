"""Plots of the learning notebook. Each takes axes and data, returns artists, and neither shows nor saves."""

from __future__ import annotations

import numpy as np

from helpers.figures import OKABE_ITO
from helpers.parameters import ParameterError
from helpers.runs import summary
from helpers.v1 import learning

__all__ = ["bars", "heat_map", "learning_curves", "surface", "weight_matrix", "weight_profiles", "windows_of_rules"]

CYCLE = ("vermillion", "blue", "green", "purple", "orange", "grey")


def windows_of_rules(axes, rules=("causal", "anti_causal", "symmetric", "symmetric_minus")):
    """Draw the weight change of one pair against its lag: the rules on axes 0, Froemke and Dan's data on axes 1."""
    lag_ms = np.linspace(-100, 100, 402)
    for rule, colour in zip(rules, CYCLE, strict=False):
        change = 100 * learning.stdp_window(rule, lag_ms)
        axes[0].plot(lag_ms, change, color=OKABE_ITO[colour], label=rule.replace("_", "-"))
    axes[0].set(ylabel="$\\Delta w$ of one pair (% of $w_{max}$)", ylim=(-2.6, 3.6))
    axes[0].legend(ncols=2, loc="upper center", columnspacing=1)
    axes[1].plot(lag_ms, 100 * learning.froemke_dan(lag_ms), color="black", label="visual cortex, 60 pairs")
    unit = np.abs(learning.stdp_window("causal", lag_ms)).max()
    scaled = 103 * learning.stdp_window("causal", lag_ms) / unit
    axes[1].plot(lag_ms, scaled, color=OKABE_ITO["vermillion"], label="causal rule, scaled")
    axes[1].set(ylabel="$\\Delta w$ (%)", ylim=(-80, 150))
    axes[1].legend(loc="upper left")
    for ax in axes:
        ax.axhline(0, color="black", linewidth=0.5)
        ax.set_xlabel("lag post − pre (ms)")
    return axes


def learning_curves(ax, curves, *, ylabel, start=1):
    """Draw {label: (n_seeds, n_windows)} against the window number: mean, 95 % interval; below 5 seeds, each seed."""
    if not curves:
        raise ParameterError("curves is empty; give {label: (n_seeds, n_windows)}")
    artists = []
    for shift, ((label, values), colour) in enumerate(zip(curves.items(), CYCLE, strict=False)):
        s = summary(values)
        x = start + np.arange(s.mean.size) + 0.08 * (shift - (len(curves) - 1) / 2)
        few = len(values) < 5
        if few:
            ax.plot(x, np.transpose(values), ".", color=OKABE_ITO[colour], alpha=0.5, markersize=3)
        spread = None if few else [s.mean - s.low, s.high - s.mean]
        style = dict(marker="o", capsize=2, color=OKABE_ITO[colour], label=label)
        artists.append(ax.errorbar(x, s.mean, yerr=spread, **style))
    ax.set(xlabel="window (1 s each)", ylabel=ylabel, ylim=(0, None))
    ax.set_xticks(range(start, start + max(np.shape(v)[1] for v in curves.values())))
    ax.legend()
    return artists


def weight_matrix(ax, matrix, *, title, w_max):
    """Draw weights (n_pre, n_post) in uS over orientation; white where there is no synapse."""
    extent = (0, 180, 0, 180)
    image = ax.imshow(matrix.T, origin="lower", vmin=0, vmax=w_max, extent=extent, rasterized=True)
    ax.set(xticks=[0, 90, 180], yticks=[0, 90, 180], xlabel="from (deg)", ylabel="to (deg)", title=title)
    return image


def weight_profiles(ax, matrices, *, initial):
    """Draw {label: (n_seeds, n, n)}: mean weight over difference of preferred orientation, relative to the start."""
    lines = []
    for (label, stack), colour in zip(matrices.items(), CYCLE, strict=False):
        found = [learning.profile(matrix) for matrix in stack]
        difference = np.rad2deg(found[0][0])
        s = summary(np.array([mean for _, mean in found]) / initial[label])
        lines += ax.plot(difference, s.mean, color=OKABE_ITO[colour], label=label)
        ax.fill_between(difference, s.low, s.high, color=OKABE_ITO[colour], alpha=0.25, linewidth=0)
    ax.axhline(1, color="black", linewidth=0.5)
    ax.set(xlabel="$\\Delta$ orientation (deg)", ylabel="mean weight / initial", xticks=[-90, 0, 90], ylim=(0.95, 1.32))
    ax.legend()
    return lines


def bars(ax, groups, *, ylabel):
    """Draw {label: (n_seeds,)} as bars with the single seeds as dots and, from 5 seeds on, the 95 % interval."""
    drawn = []
    for i, ((label, values), colour) in enumerate(zip(groups.items(), CYCLE, strict=False)):
        s = summary(values)
        drawn.append(ax.bar(i, s.mean, color=OKABE_ITO[colour], alpha=0.45, width=0.7, label=label))
        if len(values) >= 5:
            ax.errorbar(i, s.mean, yerr=[[s.mean - s.low], [s.high - s.mean]], color="black", capsize=2, linewidth=0.8)
        ax.plot(np.full(len(values), i + 0.25), values, ".", color=OKABE_ITO[colour])
    ax.set_xticks(range(len(groups)), [label.replace(" ", "\n", 1) for label in groups])
    ax.set(ylabel=ylabel, ylim=(0, None))
    return drawn


def heat_map(ax, rows, x, y, score, *, labels, centre=None):
    """Draw a score of scan rows (list of dicts) over two of their numbers, with the spread over seeds written in."""
    xs, ys = (sorted({row[name] for row in rows}) for name in (x, y))
    grid = np.full((2, len(ys), len(xs)), np.nan)
    spread = score.removesuffix("_deg") + "_sd"
    for row in rows:
        grid[:, ys.index(row[y]), xs.index(row[x])] = row[score], row[spread]
    span = {} if centre is None else dict(zip(("vmin", "vmax"), _around(grid[0], centre), strict=True))
    image = ax.imshow(grid[0], origin="lower", aspect="auto", cmap="viridis" if centre is None else "RdBu_r", **span)
    for (i, j), value in np.ndenumerate(grid[0]):
        ax.text(j, i, f"{value:.1f}\n±{grid[1, i, j]:.1f}", ha="center", va="center", size=6, color=_ink(image, value))
    ax.set_xticks(range(len(xs)), [f"{v:g}" for v in xs])
    ax.set_yticks(range(len(ys)), [f"{v:g}" for v in ys])
    ax.set(xlabel=labels[0], ylabel=labels[1])
    return image


def _around(values, centre):
    reach = np.nanmax(np.abs(values - centre))
    return centre - reach, centre + reach


def _ink(image, value):
    """Black on light colours, white on dark ones."""
    red, green, blue, _ = image.cmap(image.norm(value))
    return "black" if 0.3 * red + 0.6 * green + 0.1 * blue > 0.5 else "white"


def surface(ax, rows, x, y, score, *, labels):
    """Draw a score of scan rows as a surface over two of their numbers (3-D axes); returns the artist."""
    xs, ys = (np.array(sorted({row[name] for row in rows})) for name in (x, y))
    z = np.array([[next(r[score] for r in rows if r[x] == i and r[y] == j) for i in xs] for j in ys])
    artist = ax.plot_surface(*np.meshgrid(xs, ys), z, cmap="viridis", edgecolor="white", linewidth=0.3)
    ax.set(xlabel=labels[0], ylabel=labels[1], zlabel=labels[2])
    ax.tick_params(labelsize=6, pad=-1)
    ax.set_box_aspect(None, zoom=0.85)
    return artist
