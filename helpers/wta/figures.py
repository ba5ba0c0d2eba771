"""Plots of the WTA network. Each takes axes and data, returns artists, and neither shows nor saves."""

from __future__ import annotations

import numpy as np

from helpers.figures import OKABE_ITO, band, raster
from helpers.parameters import ParameterError, check_array
from helpers.runs import summary
from helpers.spikes import pack
from helpers.wta import measures

__all__ = [
    "plot_ablations",
    "plot_assemblies",
    "plot_cue",
    "plot_epsp",
    "plot_equilibrium",
    "plot_grid",
    "plot_grid_3d",
    "plot_grid_3d_bars",
    "plot_growth",
    "plot_history",
    "plot_run",
    "plot_spiketrain",
    "plot_stdp",
    "plot_stp",
    "plot_traces",
    "plot_trajectories",
]

PATTERN, NOISE = OKABE_ITO["vermillion"], OKABE_ITO["black"]
COLOURS = [OKABE_ITO[name] for name in ("vermillion", "blue", "green", "purple", "orange", "sky")]


# --- the grid of circuits


def _grid(network):
    """Return the (m, n) array of K of a network, or the array itself."""
    grid = network.get_circuit_grid() if hasattr(network, "get_circuit_grid") else network
    return check_array("grid", grid, ndim=2, low=1)


def plot_grid(ax, network):
    """Draw the number of neurons K of each circuit of a network (or an (m, n) array) as colour and number."""
    grid = _grid(network)
    image = ax.imshow(grid, origin="lower", cmap="viridis", rasterized=True)
    for (y, x), k in np.ndenumerate(grid):
        colour = "white" if k < (grid.min() + grid.max()) / 2 else "black"
        ax.text(x, y, f"{k:.0f}", ha="center", va="center", fontsize=7, color=colour)
    ax.set(xlabel=f"{grid.sum():.0f} neurons in {grid.size} circuits", ylabel="y")
    ax.set(xticks=range(grid.shape[1]), yticks=range(grid.shape[0]))
    return image


def _label_3d(ax):
    ax.set(xlabel="x", ylabel="y", zlabel="neurons K")
    ax.set_box_aspect(None, zoom=0.85)


def plot_grid_3d(ax, network):
    """Draw K over the grid as a surface with one point per circuit; `ax` has ``projection="3d"``."""
    grid = _grid(network)
    y, x = (axis.ravel() for axis in np.indices(grid.shape))
    points = ax.scatter(x, y, grid.ravel(), color=NOISE, s=8, depthshade=False)
    _label_3d(ax)
    if min(grid.shape) < 2:
        return [points]  # a line of circuits spans no surface
    return [ax.plot_trisurf(x, y, grid.ravel(), cmap="viridis", alpha=0.7), points]


def plot_grid_3d_bars(ax, network):
    """Draw K over the grid as bars of any grid size; `ax` has ``projection="3d"``."""
    from matplotlib import colormaps

    grid = _grid(network)
    y, x = (axis.ravel() for axis in np.indices(grid.shape))
    k = grid.ravel()
    colours = colormaps["viridis"]((k - k.min()) / max(np.ptp(k), 1))
    bars = ax.bar3d(x - 0.4, y - 0.4, np.zeros(k.size), 0.8, 0.8, k, color=colours, edgecolor="black", linewidth=0.2)
    _label_3d(ax)
    return bars


# --- spikes


def plot_run(axes, result, *, order=None, ids=None, markersize=0.8):
    """Draw the network raster over the input raster: red inside pattern phases (shaded), black in noise.

    Parameters
    ----------
    axes : two Axes
        Network, input.
    result : Result
    order : Order, optional
        From :func:`measures.mean_activation_order`: rows in that order instead of by neuron index.
    ids : array of int, optional
        Draw these neurons only.

    Returns
    -------
    list of artists
    """
    top, bottom = axes
    row = _rows(result.n_neurons, order, ids)
    kept = row[result.spike_id] >= 0
    artists = _by_phase(top, result, result.spike_ms[kept], row[result.spike_id[kept]], markersize)
    artists += _by_phase(bottom, result, result.input_ms, result.input_channel, markersize)
    label = "neuron (index)" if order is None else "neuron (by mean\nactivation time)"
    top.set(ylabel=label, xlabel="", ylim=(-1, row.max() + 1))
    bottom.set(ylabel="input channel")
    return artists


def _rows(n_neurons, order, ids):
    """Return the raster row of each neuron, -1 for those not drawn."""
    sequence = np.arange(n_neurons) if order is None else order.ids
    kept = sequence if ids is None else sequence[np.isin(sequence, ids)]
    if not len(kept):
        raise ParameterError(f"ids = {ids!r} names no neuron; allowed: 0 to {n_neurons - 1}")
    row = np.full(n_neurons, -1)
    row[kept] = np.arange(len(kept))
    return row


def _by_phase(ax, result, times_ms, rows, markersize):
    inside = measures.step_pattern(result)[times_ms - result.t0_ms] >= 0
    artists = [
        raster(ax, times_ms[part], rows[part], color=colour, size=markersize)
        for part, colour in ((~inside, NOISE), (inside, PATTERN))
    ]
    _shade(ax, result)
    return artists


def _shade(ax, result):
    """Shade the pattern phases, one colour per pattern, and limit the axis to the run."""
    phases = result.phases
    for start, stop, pattern in zip(phases.start_ms, phases.stop_ms, phases.pattern, strict=True):
        if pattern >= 0:
            ax.axvspan(start, stop, color=COLOURS[pattern % len(COLOURS)], alpha=0.12, linewidth=0)
    ax.set_xlim(result.t0_ms, result.stop_ms)


def plot_history(axes, results, *, order=None, ids=None, markersize=0.5):
    """Draw several runs of one network after each other on the same two axes, with lines where a run begins."""
    artists = [plot_run(axes, r, order=order, ids=ids, markersize=markersize) for r in results]
    for ax in axes:
        for r in results[1:]:
            ax.axvline(r.t0_ms, color=OKABE_ITO["blue"], linewidth=0.8)
        ax.set_xlim(results[0].t0_ms, results[-1].stop_ms)
    return artists


def plot_spiketrain(ax, trains):
    """Draw input spikes: a tuple (time_ms, channel), or a list with the times (ms) of each channel."""
    times_ms, channel = trains if isinstance(trains, tuple) else pack(trains)
    artist = raster(ax, times_ms, channel, color=NOISE, size=2)
    artist.set_marker("|")
    ax.set_ylabel("input channel")
    return artist


# --- closed forms


def plot_epsp(ax):
    """Draw the unweighted EPSP, exact and in Euler steps of 1 ms, with the peak of the latter."""
    t = np.arange(0, 60.1, 0.1)
    y = measures.epsp(t[::10], kernel="euler")
    lines = ax.plot(t, measures.epsp(t), color=NOISE, label="exact")
    lines += ax.plot(t[::10], y, ".", color=PATTERN, markersize=2.5, label="Euler, 1 ms")
    ax.annotate(f"{y.max():.3f} at {y.argmax()} ms", (y.argmax() + 3, y.max()), color=PATTERN)
    ax.set(xlabel="time since the spike (ms)", ylabel="EPSP y", ylim=(0, 0.85))
    ax.legend(loc="center right")
    return lines


def plot_stdp(ax, *, kernel="exact", limit_ms=75):
    """Draw the STDP window of the published rule at w = 0, with its peak and its zero crossing."""
    window = measures.stdp_window(np.linspace(-limit_ms, limit_ms, 1501), kernel=kernel)
    line = ax.plot(window.lag_ms, window.dw, color=NOISE)
    ax.axhline(0, color=OKABE_ITO["grey"], linewidth=0.6)
    for x, y, text in (
        (window.peak_ms, window.peak, f"{window.peak:.2f} at {window.peak_ms:.1f} ms"),
        (window.zero_ms, 0, f"0 at {window.zero_ms:.1f} ms"),
    ):
        ax.plot(x, y, "o", color=PATTERN, markersize=4)
        ax.annotate(text, (x, y), (6, 3), textcoords="offset points", color=PATTERN)
    ax.set(xlabel="$t_{post} - t_{pre}$ (ms)", ylabel="weight change")
    return line


def plot_stp(ax, isi_ms=None, **parameters):
    """Draw the steady amplitude u R of a depressing synapse against the interspike interval of a regular train."""
    isi = np.geomspace(2, 1000, 200) if isi_ms is None else isi_ms
    line = ax.plot(isi, measures.stp_amplitude(isi, **parameters), color=NOISE)
    ax.set(xlabel="interspike interval (ms)", ylabel="amplitude $uR$", xscale="log", ylim=(0, None))
    return line


# --- measures over seeds


def plot_growth(axes, seconds, n50, rho, h_pattern):
    """Draw n50, rho and the entropy in the pattern, each (n_seeds, n_times), against training time in seconds."""
    texts = ("neurons above 50 Hz", r"rank correlation $\rho$", "entropy in the pattern (nats)")
    lines = []
    for ax, values, text, colour in zip(axes, (n50, rho, h_pattern), texts, COLOURS[:3], strict=True):
        lines.append(band(ax, seconds, values, color=colour, marker="o", markersize=3))
        ax.set(xlabel="training (s)", ylabel=text)
    axes[0].set_ylim(bottom=0)
    axes[1].set_ylim(top=1)
    return lines


def _dots(ax, position, values, colour):
    """Draw one dot per seed and, beside them, the mean with its 95 % interval."""
    values = check_array("values", values, ndim=1, finite=False)
    s = summary(values)
    ax.plot(np.full(len(values), position - 0.12), values, ".", color=colour, alpha=0.5)
    error = None if np.isnan(s.low) else [[s.mean - s.low], [s.high - s.mean]]
    return ax.errorbar(position + 0.12, s.mean, yerr=error, fmt="o", color=colour, markersize=4, capsize=2)


def plot_ablations(ax, values, *, ylabel, chance=None):
    """Draw {condition: one value per seed} as dots, with mean and 95 % interval, and, if given, chance as a line."""
    artists = [_dots(ax, i, v, COLOURS[i % len(COLOURS)]) for i, v in enumerate(values.values())]
    ax.set_xticks(range(len(values)), list(values), rotation=25, ha="right")
    ax.set(ylabel=ylabel, xlim=(-0.5, len(values) - 0.5))
    if chance is not None:
        ax.axhline(chance, color=OKABE_ITO["grey"], linewidth=0.8, linestyle="--", label="chance")
        ax.legend(loc="lower right")
    return artists


def plot_assemblies(ax, first, second):
    """Draw the peak rate of each neuron in the second pattern against the first; colour tells the assembly."""
    x, y = first.peak_hz, second.peak_hz
    names = ("neither", f"only {first.pattern}", f"only {second.pattern}", "both")
    artists = []
    for i, (name, colour) in enumerate(zip(names, (OKABE_ITO["grey"], *COLOURS[:3]), strict=True)):
        own = (x > 50) + 2 * (y > 50) == i
        artists += ax.plot(x[own], y[own], ".", color=colour, label=f"{name}: {own.sum()}")
    ax.set(xlabel=f"peak in pattern {first.pattern} (Hz)", ylabel=f"peak in pattern {second.pattern} (Hz)")
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
    return artists


def plot_cue(ax, replay_hz, baseline_hz, sequence_hz):
    """Draw the rate of the second half's assembly in noise, after the cue, and in the sequence; one line per seed."""
    rows = np.array([baseline_hz, replay_hz, sequence_hz], float)
    lines = []
    for values, colour in zip(rows.T, COLOURS * len(rows.T), strict=False):
        lines += ax.plot(range(3), values, "o-", color=colour, markersize=3, linewidth=0.8)
    ax.set_xticks(range(3), ["noise", "after\nthe cue", "in the\nsequence"])
    ax.set(ylabel="rate of assembly 2 (Hz)", ylim=(0, None), xlim=(-0.3, 2.3))
    return lines


def plot_equilibrium(ax, equilibrium):
    """Draw input weights against ln E[y | spike] with the identity, the fixed point of the rule."""
    dots = ax.plot(equilibrium.log_y, equilibrium.weight, ".", color=NOISE, markersize=0.8, alpha=0.3, rasterized=True)
    ends = [equilibrium.log_y.min(), equilibrium.log_y.max()]
    line = ax.plot(ends, ends, color=PATTERN, label="$w = \\ln E[y]$")
    ax.set(xlabel="$\\ln$ mean EPSP at spikes", ylabel="input weight")
    ax.set_title(f"r = {equilibrium.r:.2f}, slope {equilibrium.slope:.2f}")
    ax.legend(loc="upper left")
    return [*dots, *line]


def plot_trajectories(ax, trajectories):
    """Draw the three components of every presentation and, thick, their mean; `ax` has ``projection="3d"``."""
    lines = []
    for i, (pattern, scores) in enumerate(trajectories.scores.items()):
        colour = COLOURS[i % len(COLOURS)]
        for course in scores:
            lines += ax.plot(*course.T[:3], color=colour, linewidth=0.4, alpha=0.5)
        lines += ax.plot(*scores.mean(axis=0).T[:3], color=colour, linewidth=1.6, label=f"pattern {pattern}")
    share = [f"PC{i + 1} ({100 * e:.0f} %)" for i, e in enumerate(trajectories.explained[:3])]
    ax.set(xlabel=share[0], ylabel=share[1], zlabel=share[2])
    ax.set_box_aspect(None, zoom=0.85)
    ax.legend()
    return lines


def plot_traces(ax, t_ms, series, *, ylabel):
    """Draw weights or EPSPs recorded at times t_ms, `series` (n_times, n_traces), thin, with their mean."""
    series = check_array("series", series, shape=(len(t_ms), None))
    seconds = np.asarray(t_ms) / 1000
    lines = ax.plot(seconds, series, color=OKABE_ITO["grey"], linewidth=0.4, alpha=0.6, rasterized=True)
    lines += ax.plot(seconds, series.mean(axis=1), color=PATTERN, label="mean")
    ax.set(xlabel="time (s)", ylabel=ylabel)
    ax.legend(loc="best")
    return lines
