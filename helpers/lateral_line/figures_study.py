"""Panels of the lateral-line notebook and of the run folder. Each takes axes and data, returns artists, saves nothing.

Learned series are drawn next to their controls: the colours belong to the series (:data:`SERIES`), grey is untrained.
"""

from __future__ import annotations

import numpy as np

from helpers.figures import OKABE_ITO, band
from helpers.lateral_line.params import topographic_counts
from helpers.lateral_line.stimulus import afferent_rates, dipole_velocity, neuromasts
from helpers.parameters import ParameterError, check_array

__all__ = [
    "bars",
    "curves",
    "distance_curves",
    "field_and_rates",
    "gradient",
    "map_raster",
    "n_mon_curves",
    "population_rate",
    "topography_counts",
    "training_course",
    "weight_histograms",
]

MAX_DOTS = 200_000
LAYERS = {"ll": "LL", "mon": "MON", "ts": "TS"}
COLOURS = {"ll": OKABE_ITO["black"], "mon": OKABE_ITO["blue"], "ts": OKABE_ITO["vermillion"]}
BEFORE, AFTER = OKABE_ITO["sky"], OKABE_ITO["vermillion"]
SERIES = {
    "U": ("grey", "U untrained"),
    "UF": ("grey", "UF untrained"),
    "T": ("vermillion", "T trained"),
    "TF": ("vermillion", "TF trained"),
    "P": ("purple", "P permuted"),
    "X0": ("sky", "X0 extract"),
    "X0 at 220 mV": ("blue", "X0 at 220 mV"),
    "matched / matched": ("blue", "trained, same mean"),
    "shuffled / shuffled": ("sky", "permuted, same mean"),
    "published": ("black", "published"),
}
SIGMA = r"$\sigma_\theta$ (rad)"


def message(ax, text):
    """Write a message into a panel that has no data; returns the text."""
    ax.set(xticks=[], yticks=[])
    return ax.text(0.5, 0.5, text, transform=ax.transAxes, ha="center", va="center", color=OKABE_ITO["grey"])


def dots(ax, x, y, *, color):
    """Draw spikes as rasterised dots, evenly thinned to 2e5, smaller where there are many; returns the artist."""
    stride = max(1, -(-len(x) // MAX_DOTS))
    size = float(np.clip(200 / np.sqrt(len(x) + 1), 0.8, 3))
    return ax.plot(x[::stride], y[::stride], ".", color=color, ms=size, mew=0, rasterized=True)[0]


def legend_above(ax):
    """Put a narrow legend above the right end of the axes, where it hides no data and takes no width."""
    narrow = dict(ncols=3, columnspacing=0.8, handlelength=1.0, handletextpad=0.4, borderaxespad=0.2)
    return ax.legend(loc="lower right", bbox_to_anchor=(1, 1), **narrow)


def layer_size(params, layer):
    """Return the number of cells of "ll", "mon" or "ts"."""
    return {"ll": params.n_ll, "mon": params.n_mon, "ts": params.n_ts}[layer]


def population_rate(recordings, layer, n_cells, *, smooth_s=0.02):
    """Return the mean rate in Hz of a layer at every step of recordings that follow each other, over a 20 ms box.

    Rate = spikes in the box / (its length inside the recordings x n_cells), shape (sum of n_steps,).
    """
    counts = np.concatenate([r.counts[layer] for r in recordings])
    if not counts.size:
        return np.zeros(0)
    box = np.ones(min(max(1, round(smooth_s / recordings[-1].dt_s)), counts.size))
    seconds = np.convolve(np.ones(counts.size), box, "same") * recordings[-1].dt_s
    return np.convolve(counts, box, "same") / seconds / n_cells


def raster(ax, recordings, layer, params, *, since_s=-np.inf, t0_s=0.0):
    """Draw the spikes of one layer (MON: the first 400 cells) over the time in recordings, from `since_s` on."""
    n = layer_size(params, layer)
    shown = min(n, 400) if layer == "mon" else n
    t = np.concatenate([r.t0_s + r.spikes[layer][0] * r.dt_s for r in recordings])
    cells = np.concatenate([r.spikes[layer][1] for r in recordings])
    keep = (cells < shown) & (t >= since_s)
    note = f" (first {shown})" if shown < n else ""
    ax.set(xlabel="time (s)", ylabel=f"{LAYERS[layer]} cell{note}", ylim=(-1, shown))
    if not keep.any():
        return message(ax, f"no {LAYERS[layer]} spike")
    return dots(ax, t[keep] - t0_s, cells[keep], color=COLOURS[layer])


def geometry(ax, result):
    """Draw the body with its neuromasts, where the sphere stood in training, its test path, and the sphere, in cm."""
    from matplotlib.patches import Circle

    p, train, test = result.params, result.preview, result.test
    length, distance = p.ll_body_length_cm, float(np.median(test.distance_cm))
    ax.plot(np.linspace(0, length, p.n_ll), np.zeros(p.n_ll), "|", color="black", label="neuromasts")
    at = np.unique(np.round(np.c_[train.x_cm, train.distance_cm], 4), axis=0)
    ax.plot(at[:, 0], at[:, 1], "s", color=OKABE_ITO["orange"], ms=1.5, label="training")
    ends = np.asarray(test.x_cm)[[0, -1]]
    ax.plot(ends, [distance + 0.1] * 2, color=COLOURS["ts"], label="test path")
    ax.plot(ends[1], distance + 0.1, ">" if ends[1] >= ends[0] else "<", color=COLOURS["ts"], ms=4)
    ax.add_patch(Circle((length / 2, distance), p.sphere_radius_cm, facecolor="0.92", edgecolor="0.5", zorder=0))
    ax.set(xlabel="x (cm)", ylabel="distance (cm)", aspect="equal", xlim=(-0.7, length + 0.7))
    ax.set_ylim(-0.3, max(distance, at[:, 1].max(initial=0)) + p.sphere_radius_cm + 0.2)
    legend_above(ax)


def rates(ax, recordings, params, layers, *, t0_s):
    """Draw population rates (20 ms) over recordings that follow each other, in seconds after `t0_s`."""
    t = np.concatenate([r.t0_s - t0_s + np.arange(r.n_steps) * r.dt_s for r in recordings])
    for layer in layers:
        rate = population_rate(recordings, layer, layer_size(params, layer))
        ax.plot(t, rate, color=COLOURS[layer], linewidth=0.8, label=LAYERS[layer])
    ax.set(xlabel="time (s)", ylabel="rate, 20 ms (Hz)", ylim=(0, None))
    if not any(r.counts[layer].any() for r in recordings for layer in layers):
        message(ax, f"no {' or '.join(LAYERS[layer] for layer in layers)} spike")
    elif len(layers) > 1:
        legend_above(ax)


def weight_course(ax, history, n_tracked):
    """Draw mean and SD of the MON->TS weights and some single ones (grey) over training time."""
    ax.set(xlabel="training time (s)", ylabel="MON→TS weight")
    t, mean, sd = (np.asarray(a) for a in (history.checkpoint_t_s, history.w_mean, history.w_std))
    if not t.size:
        return message(ax, "no training")
    ax.plot(t, np.asarray(history.tracked)[:, :n_tracked], color="0.75", linewidth=0.5, zorder=1)
    ax.plot(t, mean, ".-" if t.size < 20 else "-", color=COLOURS["ts"], label="mean ± SD")
    ax.fill_between(t, mean - sd, mean + sd, color=COLOURS["ts"], alpha=0.2, linewidth=0)
    if np.isfinite(history.stabilisation_t_s):
        ax.axvline(history.stabilisation_t_s, color="black", linestyle=":", label="stable")
    return legend_above(ax)


def pv_course(ax, history):
    """Draw the map metrics, measured on the spikes of single training intervals, over training time."""
    ax.set(xlabel="training time (s)", ylabel="spread (rad)")
    t, sigma, delta = (np.asarray(a, float) for a in (history.pv_t_s, history.pv_sigma_theta, history.pv_delta_trial))
    if not np.isfinite(sigma).any():
        return message(ax, "no TS spike in training" if t.size else "no training interval evaluated")
    ax.plot(t, sigma, ".-", color=OKABE_ITO["blue"], label=r"$\sigma_\theta$ (training)")
    ax.plot(t, delta, ".-", color=OKABE_ITO["orange"], label=r"$\delta_{trial}$ (training)")
    ax.set_ylim(0, None)
    return legend_above(ax)


def field_and_rates(axes, params, distances_cm=(0.8, 1.5)):
    """Draw the water velocity over the body and the afferent rates for a sphere above its middle, on two axes.

    Marked are the peak U R^3/(2 D^3) under the sphere and the zeros at D/sqrt 2 from it; the rates are clipped to
    0-200 Hz, which flattens the peak at D = .8 cm.
    """
    x, middle = np.linspace(0, params.ll_body_length_cm, 401), params.ll_body_length_cm / 2
    sphere = dict(speed_cm_s=params.speed_cm_s, radius_cm=params.sphere_radius_cm)
    for distance, name in zip(distances_cm, ("vermillion", "blue", "green", "purple"), strict=False):
        colour, label = OKABE_ITO[name], f"D = {distance:g} cm"
        axes[0].plot(x, dipole_velocity(x, middle, distance, **sphere)[0], color=colour, label=label)
        marks = middle + np.array([0, -1, 1]) * distance / np.sqrt(2)
        axes[0].plot(marks, dipole_velocity(marks, middle, distance, **sphere)[0], "o", color=colour, ms=3.5)
        axes[1].plot(neuromasts(params), afferent_rates(params, middle, distance)[0], ".-", color=colour, lw=0.8)
    axes[0].axhline(0, color="black", linewidth=0.5)
    axes[0].set(xlabel="neuromast x (cm)", ylabel="velocity (cm/s)")
    axes[1].set(xlabel="neuromast x (cm)", ylabel="LL rate (Hz)", ylim=(0, 215))
    return axes[0].legend()


def topography_counts(ax, params):
    """Draw how many synapses of a MON cell are topographic against the knob q: a staircase, round(k q)."""
    q, names = np.linspace(0, 1, 501), ("ll_to_mon_topography_strength", "mon_to_ts_topography_strength")
    counts = np.array([topographic_counts(params.replace(**dict.fromkeys(names, float(value)))) for value in q])
    degrees = (params.ll_to_mon_in_degree, params.mon_to_ts_out_degree)
    lines = []
    for count, degree, layer, text in zip(counts.T, degrees, ("mon", "ts"), ("LL→MON", "MON→TS"), strict=True):
        lines += ax.plot(q, count, color=COLOURS[layer], label=f"{text}, of {degree}")
        ax.plot(q, q * degree, color=COLOURS[layer], linewidth=0.6, linestyle=":")
    ax.set(xlabel="topography strength q", ylabel="topographic synapses", xlim=(0, 1), ylim=(0, None))
    ax.legend()
    return lines


def curves(ax, series, *, xlabel, ylabel=SIGMA, ylim=(0, None)):
    """Draw the mean over seeds of every series with its 95 % interval; published ones as open black marks.

    Parameters
    ----------
    series : dict
        {name: (x (n_x,), values (n_seeds, n_x))}; names of :data:`SERIES` have their own colour and label. NaN
        (silent networks) is left out.
    """
    if not series:
        raise ParameterError("series is empty; give {name: (x, values (n_seeds, n_x))}")
    lines = []
    for k, (name, (x, values)) in enumerate(series.items()):
        colour, label = SERIES.get(name, (list(OKABE_ITO)[k % len(OKABE_ITO)], name))
        style = dict(marker="o", linestyle="--" if name in ("UF", "TF") else "-", color=OKABE_ITO[colour], label=label)
        if name == "published":
            style |= dict(linestyle="none", fillstyle="none", markersize=5, zorder=3)
        lines.append(band(ax, x, np.atleast_2d(values), **style))
    ax.set(xlabel=xlabel, ylabel=ylabel, ylim=ylim)
    legend_above(ax)
    return lines


def gradient(ax, series, **options):
    """Draw a metric over the topography strength q; see :func:`curves`."""
    return curves(ax, series, **{"xlabel": "topography strength q", **options})


def distance_curves(ax, series, *, trained_cm=0.8, radius_cm=0.5, **options):
    """Draw a metric over the distance; dotted: the training distance; grey: the sphere would touch the body."""
    ax.axvspan(0, radius_cm, color="0.92", linewidth=0)
    ax.axvline(trained_cm, color="black", linestyle=":", linewidth=0.8)
    lines = curves(ax, series, **{"xlabel": "distance of the sphere D (cm)", **options})
    ax.set_xlim(0, None)
    return lines


def n_mon_curves(ax, series, **options):
    """Draw a metric over the number of MON cells, on a logarithmic axis."""
    lines = curves(ax, series, **{"xlabel": "MON cells", **options})
    ax.set_xscale("log", base=2)
    ticks = sorted({int(n) for x, _ in series.values() for n in x})
    ax.set_xticks(ticks, [str(n) for n in ticks])
    return lines


def bars(ax, labels, series, *, xlabel=SIGMA, chance=None):
    """Draw one row per label: a bar to the mean over seeds and one dot per seed, rows of several series side by side.

    Parameters
    ----------
    series : dict
        {name: values (n_seeds, n_labels)}, NaN left out.
    chance : float, optional
        Drawn as a dotted line.
    """
    height = 0.8 / max(len(series), 1)
    for k, (name, values) in enumerate(series.items()):
        values = check_array(name, np.atleast_2d(values), shape=(None, len(labels)), finite=False)
        colour, label = SERIES.get(name, (list(OKABE_ITO)[k], name))
        y = np.arange(len(labels)) + (k - (len(series) - 1) / 2) * height
        mean = [np.mean(v[np.isfinite(v)]) if np.isfinite(v).any() else np.nan for v in values.T]
        ax.barh(y, mean, 0.9 * height, color=OKABE_ITO[colour], alpha=0.45, label=label)
        ax.plot(values, np.broadcast_to(y, values.shape), ".", color=OKABE_ITO[colour], ms=4, mew=0)
        for place in y[~np.isfinite(mean)]:
            ax.text(0, place, " silent", va="center", size=6)
    if chance is not None:
        ax.axvline(chance, color="black", linestyle=":", linewidth=0.8, label="chance")
    ax.set_yticks(np.arange(len(labels)), labels)
    ax.set(xlabel=xlabel, xlim=(0, None), ylim=(len(labels) - 0.4, -0.6))
    return legend_above(ax) if len(series) > 1 or chance is not None else None


def weight_histograms(ax, before, after, *, high, label="weight", n_bins=40):
    """Draw the histograms of weights before and after training, from 0 to `high`; returns the two artists."""
    edges = np.linspace(0, max(high, 1e-9), n_bins + 1)
    first = ax.hist(np.clip(before, 0, high), edges, color=BEFORE, label="before")[2]
    last = ax.hist(np.clip(after, 0, high), edges, histtype="step", color=AFTER, linewidth=1.2, label="after")[2]
    ax.set(xlabel=label, ylabel="synapses")
    ax.legend(loc="upper left")
    return [first, last]


def map_raster(ax, recording, params, layer="ts"):
    """Draw cell index over sphere position, one dot per test spike, with the line of a perfect body map."""
    n = layer_size(params, layer)
    steps, cells = recording.spikes[layer]
    ax.set(xlabel="sphere x (cm)", ylabel=f"{LAYERS[layer]} index", ylim=(-1, n))
    if not len(steps):
        return message(ax, f"no {LAYERS[layer]} spike in the test")
    artist = dots(ax, np.asarray(recording.x_cm)[steps], cells, color=COLOURS[layer])
    line = [0, params.ll_body_length_cm], [0, n - 1]
    ax.plot(*line, color="black", linestyle="--", linewidth=1, label="perfect body map")
    legend_above(ax)
    return artist


def map_density(ax, recording, params, *, layer="ts", n_bins=25):
    """Draw which cells fire where: spikes by sphere position (columns) and cell (rows), each column summing to 1.

    The share takes out how much a layer fires, which hides the map in a raster. Columns without a spike stay white.
    """
    n, (steps, cells) = layer_size(params, layer), recording.spikes[layer]
    x = np.asarray(recording.x_cm)[steps]
    edges = np.linspace(0, params.ll_body_length_cm, n_bins + 1), np.linspace(0, n, n_bins + 1)
    counts = np.histogram2d(x, cells, edges)[0]
    total = counts.sum(axis=1, keepdims=True)
    share = np.divide(counts, total, out=np.full_like(counts, np.nan), where=total > 0)
    image = ax.pcolormesh(*edges, share.T, cmap="viridis", vmin=0, vmax=4 / n_bins, rasterized=True)
    ax.plot([0, params.ll_body_length_cm], [0, n - 1], color="white", linestyle="--", linewidth=1)
    ax.set(xlabel="sphere x (cm)", ylabel=f"{LAYERS[layer]} index")
    return image


def training_course(axes, course):
    """Draw the mean LL->MON weight and the layer rates over the trials, mean and interval over seeds, on two axes.

    Parameters
    ----------
    course : dict
        trial (n,), ll_mon_mean_mV, mon_hz, ts_hz (n_seeds, n), initial_mean_mV (n_seeds,), the dotted line: see
        :func:`helpers.lateral_line.studies.course_point`.
    """
    trial = course["trial"]
    lines = [band(axes[0], trial, course["ll_mon_mean_mV"], color=OKABE_ITO["green"])]
    axes[0].axhline(np.mean(course["initial_mean_mV"]), color=OKABE_ITO["green"], linestyle=":")
    for layer in ("mon", "ts"):
        lines.append(band(axes[1], trial, course[f"{layer}_hz"], color=COLOURS[layer], label=LAYERS[layer]))
    axes[0].set(xlabel="training trial", ylabel="mean LL→MON weight (mV)")
    axes[1].set(xlabel="training trial", ylabel="rate (Hz)", ylim=(0, None))
    axes[1].legend()
    return lines
