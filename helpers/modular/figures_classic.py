"""Plots of the classic models. Each takes axes and data, returns artists, and neither shows nor saves."""

from __future__ import annotations

import numpy as np

from helpers.figures import OKABE_ITO, band, raster

__all__ = ["power", "rasters", "recall", "trace", "volley_growth"]

COLOURS = [OKABE_ITO[name] for name in ("blue", "vermillion", "green", "purple", "orange", "black")]


def rasters(ax, trains, sizes, *, size=0.6):
    """Draw the spikes of several groups, [(times_ms, ids), ...] with their numbers of cells, one above the other."""
    first = np.concatenate([[0], np.cumsum(sizes)])
    parts = zip(trains, first, COLOURS, strict=False)
    dots = [raster(ax, times, ids + below, color=colour, size=size) for (times, ids), below, colour in parts]
    ax.set(ylim=(0, first[-1]))
    return dots


def power(ax, f_hz, spectra, *, limits=(2, 100), published=()):
    """Draw {label: (n_seeds, n_f)} as bands over frequency; `published` (low, high) ranges in Hz are shaded."""
    shown = (f_hz >= limits[0]) & (f_hz <= limits[1])
    for low, high in published:
        ax.axvspan(low, high, color=OKABE_ITO["grey"], alpha=0.2, linewidth=0)
    pairs = zip(spectra.items(), COLOURS, strict=False)
    lines = [band(ax, f_hz[shown], np.array(p)[:, shown], color=c, label=label) for (label, p), c in pairs]
    ax.set(xlabel="frequency (Hz)", ylabel="power (spikes$^2$/Hz)", xlim=limits, ylim=(0, None))
    ax.legend()
    return lines


def trace(ax, times, v, *, label, colour="blue", ylabel="V (mV)", xlabel="time (ms)", **options):
    """Draw one voltage against time, its spike count or what else is said in `label`."""
    (line,) = ax.plot(times, v, color=OKABE_ITO[colour], linewidth=0.7, label=label, rasterized=True, **options)
    ax.set(xlabel=xlabel, ylabel=ylabel, xlim=(times[0], times[-1]))
    return line


def volley_growth(ax, counts, *, title="volley"):
    """Draw {label: (n_seeds, n_pools)} spikes of each pool, one line a run, and the size of a pool."""
    lines = []
    for (label, runs), colour in zip(counts.items(), COLOURS, strict=False):
        pools = np.arange(1, np.shape(runs)[1] + 1)
        lines += ax.plot(pools, np.transpose(runs), color=colour, marker=".", linewidth=0.8)
        lines[-1].set_label(label)
    ax.set(xlabel="pool", ylabel="spikes in 4 ms", xticks=pools, ylim=(0, None))
    ax.legend(title=title, loc="center left", bbox_to_anchor=(1, 0.5))
    return lines


def recall(ax, n_patterns, overlaps, *, n):
    """Draw {label: (n_seeds, n_loads)} overlap against the number of patterns, and the capacity .138 n."""
    pairs = zip(overlaps.items(), COLOURS, strict=False)
    lines = [band(ax, n_patterns, o, color=c, marker="o", label=label) for (label, o), c in pairs]
    ax.axvline(0.138 * n, color="black", linestyle=":", linewidth=0.8, label=".138 N")
    ax.set(xlabel="patterns stored", ylabel="overlap after recall", ylim=(-0.05, 1.05))
    ax.legend()
    return lines
