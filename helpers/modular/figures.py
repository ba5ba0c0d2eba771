"""Plots of modular networks. Each takes axes and data, returns artists, and neither shows nor saves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from helpers.figures import OKABE_ITO
from helpers.modular.core import Network
from helpers.modular.synapses import dense
from helpers.parameters import check_array, check_number, doors

__all__ = ["activity", "timeline", "weight_histogram"]

COLOURS = [OKABE_ITO[name] for name in ("blue", "vermillion", "green", "purple", "orange", "sky", "black")]


def activity(
    ax: Axes, samples: Any, *, n_shown: int = 30, log: bool = False, growth: float | None = None
) -> list[Artist]:
    """Draw recorded vectors (n_t, n) of the first cells in grey and their mean in black.

    `growth`, if given, is a rate per iteration, drawn as the line mean(t_half) exp(growth (t - t_half)).
    """
    samples = check_array("samples", samples, ndim=2, finite=False)
    t, mean = np.arange(1, len(samples) + 1), samples.mean(axis=1)
    ax.plot(t, samples[:, :n_shown], color=OKABE_ITO["grey"], linewidth=0.4, alpha=0.5, rasterized=True)
    lines = ax.plot(t, mean, color="black", linewidth=1.4, label="mean")
    if growth is not None:
        half = len(t) // 2
        growth = check_number("growth", growth, -1e6, 1e6)
        with np.errstate(over="ignore"):
            line = mean[half] * np.exp(growth * (t - t[half]))
        label = f"growth {growth:.4f} per iteration"
        lines += ax.plot(t, line, color=OKABE_ITO["vermillion"], linestyle="--", label=label)
    ax.set(ylabel="activity", xlim=(0, len(t)), yscale="log" if log else "linear", xlabel="iteration")
    ax.legend()
    return lines


def timeline(ax: Axes, net: Network) -> Artist:
    """Draw what one iteration runs, from left to right: a row for each parent, a column for each behaviour."""
    rows, keys, places = {}, [], []  # rows: {parent: its row}
    for key, item, parent in net.order():
        if item._hook("new_iteration", "iteration"):
            x, row = len(keys), rows.setdefault(parent, len(rows))
            up = (0, -12) if x % 2 else (0, 6)
            ax.annotate(type(item).__name__, (x, row), up, textcoords="offset points", ha="center", fontsize=6.5)
            keys.append(f"{key:g}")
            places.append(row)
    dots = ax.scatter(range(len(keys)), places, s=60, c=[COLOURS[row % len(COLOURS)] for row in places], zorder=2)
    ax.set_xticks(range(len(keys)), keys)
    ax.set_yticks(range(len(rows)), [parent.tags[0] for parent in rows])
    ax.set(xlabel="key, in the order of execution", xlim=(-0.7, len(keys) - 0.3), ylim=(len(rows) - 0.5, -0.6))
    ax.grid(axis="y", zorder=0)
    return dots


def weight_histogram(ax: Axes, weights: Mapping[str, Any]) -> list[Artist]:
    """Draw {label: weight matrix in any storage}: how many existing synapses have which weight (log axis)."""
    full = [check_array("weights", dense(matrix), ndim=2) for matrix in weights.values()]
    edges = np.linspace(0, max(map(np.max, full), default=1), 41)
    for label, matrix, colour in zip(weights, full, COLOURS, strict=False):
        ax.hist(matrix[matrix != 0], edges, histtype="step", color=colour, label=label, linewidth=1.2)
    ax.set(xlabel="weight", ylabel="synapses", yscale="log")
    ax.legend()
    return ax.patches


doors(globals())
