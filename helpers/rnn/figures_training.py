"""Plots of the training on the spectrum. Each takes axes and data, returns artists, and neither shows nor saves.

Data by label come as {label: (n_seeds, ...)}; one colour and marker for each label.
"""

from __future__ import annotations

import numpy as np
from matplotlib.ticker import NullFormatter

from helpers.figures import OKABE_ITO, band
from helpers.parameters import ParameterError, check_array

__all__ = ["distributions", "gradient_check", "losses", "norms", "spectra", "training"]

COLOURS = [OKABE_ITO[name] for name in ("blue", "vermillion", "green", "purple", "orange", "sky", "black", "grey")]


def _styled(data):
    """Return (label, values, colour, marker) for each entry of a dict."""
    if not 0 < len(data) <= len(COLOURS):
        raise ParameterError(f"{len(data)} curves given; allowed: 1 to {len(COLOURS)}, as {{label: values}}")
    return [(*item, *style) for item, style in zip(data.items(), zip(COLOURS, "osD^vP*X", strict=True), strict=False)]


def losses(ax, histories, *, ylabel="loss", log=True):
    """Draw {label: (n_seeds, n_epochs)} over epochs: each seed thin, their median thick."""
    lines = []
    for label, values, colour, _ in _styled(histories):
        values = np.atleast_2d(check_array("histories", values, ndim=(1, 2), finite=False))
        ax.plot(values.T, color=colour, linewidth=0.5, alpha=0.5)
        lines += ax.plot(np.median(values, axis=0), color=colour, label=label)
    ax.set(xlabel="epoch", ylabel=ylabel, yscale="log" if log else "linear")
    ax.yaxis.set_minor_formatter(NullFormatter())
    ax.legend()
    return lines


def training(axes, histories, exponents):
    """Draw the loss and, on the second of two axes, the largest exponent over epochs.

    Parameters
    ----------
    axes : two axes
    histories : dict of array (n_seeds, n_epochs)
        Losses; one seed may come as (n_epochs,).
    exponents : dict of array (n_seeds, n_epochs, k)
        Those behind them, descending.
    """
    lines = losses(axes[0], histories, log=all(np.min(values) > 0 for values in histories.values()))
    largest = {label: np.asarray(values)[..., 0] for label, values in exponents.items()}
    lines += losses(axes[1], largest, ylabel=r"$\lambda_{\max}$ ($1/\tau$)", log=False)
    axes[1].axhline(0, color="black", linewidth=0.5, zorder=0)
    return lines


def spectra(ax, exponents, *, title=None, claimed=None, bound=None, targets=None):
    """Draw whole spectra {label: (n_seeds, n)}, one seed as (n,), against i in per cent of n, mean and 95 % interval.

    Parameters
    ----------
    claimed : dict of array (k,), optional
        What the training's own run said of its last epoch: open circles, by label.
    bound : float, optional
        Exponent that cannot be exceeded: a dashed line.
    targets : dict of array (k,), optional
        What was trained for: a dotted line, by label.
    """
    lines = []
    for label, values, colour, _ in _styled(exponents):
        values = np.atleast_2d(values)
        percent = 100 * (np.arange(values.shape[1]) + 0.5) / values.shape[1]
        lines.append(band(ax, percent, values, color=colour, label=label))
        for found, style in (((claimed or {}).get(label), "o"), ((targets or {}).get(label), ":")):
            if found is not None:
                ax.plot(percent[: len(found)], found, style, color=colour, fillstyle="none", markersize=4, linewidth=2)
    ax.axhline(0, color="black", linewidth=0.5, zorder=0)
    if bound is not None:
        lines.append(ax.axhline(bound, color="black", linestyle="--", linewidth=0.9, label=f"bound {bound:.3f}"))
    ax.set(xlabel="$i$ (% of $N$)", ylabel=r"$\lambda_i$ ($1/\tau$)", xlim=(0, 100))
    ax.legend(title=title)
    return lines


def norms(ax, x, values, *, xlabel=r"averaged time $T$ ($\tau$)", ylabel=r"$\|\partial\lambda_1/\partial J\|$"):
    """Draw {label: (n_seeds, n_x)}, positive, on a log axis: a marker for each seed and a line through the medians.

    Made for gradient norms over the horizon; with other labels, for final losses over k or n.
    """
    lines = []
    for label, given, colour, marker in _styled(values):
        given = check_array("values", given, shape=(None, len(x)), low=0, finite=False)
        ax.plot(x, given.T, marker, color=colour, markersize=3, alpha=0.6)
        lines += ax.plot(x, np.median(given, axis=0), color=colour, marker=marker, markersize=3, label=label)
    ax.set(xlabel=xlabel, ylabel=ylabel, yscale="log")
    ax.legend()
    return lines


def gradient_check(ax, exact, differences):
    """Draw {group: gradient} against {group: central differences}, and the line of equality."""
    lines = []
    for label, values, colour, marker in _styled(exact):
        lines += ax.plot(
            np.ravel(differences[label]), np.ravel(values), marker, color=colour, markersize=3, label=label
        )
    ax.axline((0, 0), slope=1, color="black", linewidth=0.5, zorder=0)
    ax.set(xlabel="central difference", ylabel="gradient")
    ax.legend()
    return lines


def distributions(ax, groups, *, xlabel, n_bins=40):
    """Draw the densities of {label: values} (weights, gains or shifts) as outlines over common bins."""
    edges = np.histogram_bin_edges(np.concatenate([np.ravel(values) for values in groups.values()]), n_bins)
    artists = []
    for label, values, colour, _ in _styled(groups):
        artists += ax.hist(np.ravel(values), edges, density=True, histtype="step", color=colour, label=label)[2]
    ax.set(xlabel=xlabel, ylabel="density")
    ax.legend()
    return artists
