"""The figures of a run folder, under the names of the original model.

Every ``draw_<name>(result, fig)`` fills an empty matplotlib Figure and neither shows nor saves; :data:`FIGURES` has
them under the base names of their files, with their heights in mm. :func:`draw_seed` and :func:`draw_series` add
legends and the verdict of the test, which also says what is missing, and write the files: all of a call, or none.

Colours are those of the layers (LL black, MON blue, TS vermillion) and of the conditions (untrained grey, trained
vermillion). With an evaluation window the plots over x hold the steps with the sphere inside it, and no others.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from helpers.figures import OKABE_ITO, TEXT_MM, matrix, panel_letters, raster
from helpers.lateral_line import stimulus
from helpers.lateral_line.kernel import LAYERS, Recording
from helpers.lateral_line.params import NetworkParams
from helpers.lateral_line.simulate import BIN_S, Result
from helpers.parameters import ParameterError, check_array, check_choice, check_integer, doors, short
from helpers.storage import write_all

__all__ = ["FIGURES", "draw_seed", "draw_series", "geometry", "legends", "map_density", "map_raster", "verdict"]

STYLE, DPI = Path(__file__).parents[1] / "thesis.mplstyle", 160
N_BINS, MAX_BINS, MAX_DOTS, MON_SHOWN = 40, 800, 20_000, 400
COLOURS = {"ll": OKABE_ITO["black"], "mon": OKABE_ITO["blue"], "ts": OKABE_ITO["vermillion"]}
UNTRAINED, TRAINED, MARK = OKABE_ITO["grey"], OKABE_ITO["vermillion"], OKABE_ITO["green"]


# --- panels


def _found(quality):
    if quality.usable:
        return rf"$\sigma_\theta$ {quality.sigma_theta_rad:.2f}, $\delta_{{trial}}$ {quality.delta_trial_rad:.2f} rad"
    return f"too few spikes for a map: {quality.n_spikes:.0f} spikes, {quality.n_valid_bins:.0f} bins"


def verdict(result: Result) -> str:
    """Return the spread of the test's map, of the controls, and what the run lacks, in two lines.

    The body comes first, then the whole sweep, or the evaluation window alone, if one is given. Controls are those on
    the body or in the window. A map of too few spikes has no number.
    """
    p, controls = result.params, result.controls
    text = f"on the body {_found(result.quality_window)}; whole sweep {_found(result.quality)}"
    if p.eval_x_min_cm is not None:
        text = f"for x from {p.eval_x_min_cm:g} to {p.eval_x_max_cm:g} cm {_found(result.quality)}"
    notes = []
    if controls:
        chance = controls["chance_window_rad"] if result.quality_window.usable else np.nan
        untrained, shuffled = (controls[name]["sigma_theta_rad_window"] for name in ("untrained", "shuffled"))
        there = f"untrained {untrained:.2f}, shuffled {shuffled:.2f}, chance {chance:.2f}".replace("nan", "unusable")
        notes.append(rf"$\sigma_\theta$ of controls there: {there}")
    for layer in LAYERS:
        if not result.test.counts[layer].any():
            notes.append(f"no {layer.upper()} spike")
    if not p.n_training_trials:
        notes.append("no training")
    return f"{text}\n{'; '.join(notes)}"


def _say(ax, text):
    ax.text(0.05, 0.9, text, transform=ax.transAxes, color=UNTRAINED)


def _size(params, layer):
    return getattr(params, f"n_{layer}")


def _dots(ax, x, cells, layer):
    """Draw spikes as dots that get smaller where they are many, so that their density shows; returns the artist."""
    artist = raster(ax, x, cells, color=COLOURS[layer], size=np.clip(200 / np.sqrt(len(x) + 1), 0.9, 4))
    artist.set_markeredgewidth(0)
    return artist


def _x_range(recording, params):
    """Return what the plots over x show, in cm: the evaluation window, or the whole sweep if none is given."""
    return (recording.x_cm.min(), recording.x_cm.max()) if params.eval_x_min_cm is None else params.window_cm


def _over_x(ax, params, layer, x_range):
    """Draw a perfect map of the body as a dashed line, name the axes, and limit them to what is shown."""
    n, line = _size(params, layer), dict(color=OKABE_ITO["purple"], linewidth=1.5, label="perfect body map")
    ax.plot([0, params.ll_body_length_cm], [0, n - 1], "--", **line)
    ax.set(xlabel="sphere x (cm)", ylabel=f"{layer.upper()} index", xlim=x_range, ylim=(-1, n))


def _rates_over_x(recording, params, layer):
    """Return the edges of 40 bins of x in cm, and rates (n_cells, 40) in Hz, NaN where the sphere never was."""
    x, (steps, cells) = recording.x_cm, recording.spikes[layer]
    edges = np.linspace(*_x_range(recording, params), N_BINS + 1)
    counts = np.histogram2d(cells, x[steps], (np.arange(_size(params, layer) + 1) - 0.5, edges))[0]
    seconds = np.histogram(x, edges)[0] * recording.dt_s
    return edges, counts / np.where(seconds > 0, seconds, np.nan)


def map_raster(ax: Axes, recording: Recording, params: NetworkParams, layer: str = "ts") -> Any:
    """Draw cell index over sphere position, one dot per spike of a test; returns the dots.

    The dashed line is a perfect map of the body: cell k of n at k / (n - 1) of its length.
    """
    steps, cells = recording.spikes[check_choice("layer", layer, LAYERS)]
    x, (low, high) = recording.x_cm[steps], _x_range(recording, params)
    inside = (low <= x) & (x <= high)
    artist = _dots(ax, x[inside], cells[inside], layer)
    _over_x(ax, params, layer, (low, high))
    if not inside.any():
        _say(ax, f"no {layer.upper()} spike in the test")
    return artist


def map_density(ax: Axes, recording: Recording, params: NetworkParams, *, layer: str = "ts", n_bins: int = 25) -> Any:
    """Draw which cells fire where: spikes by sphere position (columns) and cell (rows), each column summing to 1.

    The share takes out how much a layer fires, which hides the map in a raster. Columns span the body, or the
    evaluation window; those without a spike stay white. `n_bins` is the number of columns and of rows. Returns the
    image.
    """
    check_choice("layer", layer, LAYERS)
    rows = np.linspace(-0.5, _size(params, layer) - 0.5, check_integer("n_bins", n_bins, 1) + 1)
    edges, (steps, cells) = np.linspace(*params.window_cm, n_bins + 1), recording.spikes[layer]
    counts = np.histogram2d(cells, recording.x_cm[steps], (rows, edges))[0]
    share = counts / np.where(counts.any(axis=0), counts.sum(axis=0), np.nan)
    image = ax.pcolormesh(edges, rows, share, cmap="viridis", vmin=0, vmax=4 / n_bins, rasterized=True)
    _over_x(ax, params, layer, params.window_cm)
    return image


def geometry(ax: Axes, result: Result) -> None:
    """Draw the body with its neuromasts, the first cycle of training positions, the test path and the sphere, in cm."""
    p, (start, end) = result.params, result.test.x_cm[[0, -1]]
    stream = stimulus.snapshots(p, p.n_training_trials * stimulus.trial_steps(p), result.seed)
    ax.plot(stimulus.neuromasts(p), np.zeros(p.n_ll), "|", color=COLOURS["ll"], label="neuromasts")
    x_cm, distance_cm = stream.x_cm[: 2 * p.n_ll], stream.distance_cm[: 2 * p.n_ll]
    ax.plot(x_cm, distance_cm, "s", color=OKABE_ITO["orange"], ms=1.5, label="training")
    ahead = ">" if end > start else "<"
    ax.plot([start, end], [p.distance_cm + 0.1] * 2, marker=ahead, markevery=[1], color=MARK, label="test path")
    ax.add_patch(matplotlib.patches.Circle((p.ll_body_length_cm / 2, p.distance_cm), p.sphere_radius_cm, color="0.85"))
    ax.set(xlabel="x (cm)", ylabel="distance (cm)")
    ax.set_aspect("equal", adjustable="datalim")


def _rasters(axes, result, *, since_s, zero_s):
    """Draw the spikes of the three layers (MON: the first 400 cells) over time, evenly thinned to 20,000 dots."""
    test, p = result.test, result.params
    for ax, layer in zip(axes, LAYERS, strict=True):
        (t_s, cells), (steps, test_cells) = result.history.dots[layer], test.spikes[layer]
        t_s, cells = np.append(t_s, test.t0_s + steps * test.dt_s), np.append(cells, test_cells)
        n = min(p.n_mon, MON_SHOWN) if layer == "mon" else _size(p, layer)
        shown = np.flatnonzero((t_s >= since_s) & (cells < n))
        shown = shown[:: shown.size // MAX_DOTS + 1]
        _dots(ax, t_s[shown] - zero_s, cells[shown], layer)
        ax.axvline(test.t0_s - zero_s, color=MARK, linestyle="--")
        note = f" (first {n})" if n < _size(p, layer) else ""
        ax.set(xlabel="", ylabel=f"{layer.upper()} cell{note}", ylim=(-1, n))
        if not shown.size:
            _say(ax, f"no {layer.upper()} spike")


def _rates(ax, result, layers, *, since_s, zero_s):
    """Draw population rates in bins of 20 ms, or of a multiple where these would be more than 800.

    The bins of the training are spread evenly over its time, since the last one of a block may hold fewer steps.
    """
    test, binned = result.test, result.history.binned
    span_s = test.t0_s + test.n_steps * test.dt_s - since_s
    times = (np.arange(len(binned)) + 0.5) * test.t0_s / max(len(binned), 1)
    times = np.append(times, test.t0_s + (np.arange(test.n_steps) + 0.5) * test.dt_s)
    wanted_s = BIN_S * (span_s / BIN_S // MAX_BINS + 1)
    edges = np.linspace(since_s, since_s + span_s, max(1, round(span_s / wanted_s)) + 1)
    for layer in layers:
        counts = np.append(binned[:, LAYERS.index(layer)], test.counts[layer])
        rate_hz = np.histogram(times, edges, weights=counts)[0] / np.diff(edges) / _size(result.params, layer)
        ax.stairs(rate_hz, edges - zero_s, color=COLOURS[layer], baseline=None, label=layer.upper())
    ax.axvline(test.t0_s - zero_s, color=MARK, linestyle="--")
    ax.set(xlabel="time (s)", ylabel=f"rate in {1e3 * wanted_s:.0f} ms (Hz)", xlim=edges[[0, -1]] - zero_s)
    ax.set_ylim(0, 1.05 * ax.get_ylim()[1])


def _courses(axes, history, n_tracked):
    """Draw, on two axes, MON->TS weights (mean, SD, single ones) and the map metrics over the time of training."""
    t, mean, sd = history.checkpoint_t_s, history.w_mean, history.w_std
    axes[0].plot(t, history.tracked[:, :n_tracked], color="0.75", linewidth=0.4, zorder=0)
    axes[0].plot(t, mean, ".-", ms=2.5, color=TRAINED, label="mean ± SD")
    axes[0].fill_between(t, mean - sd, mean + sd, color=TRAINED, alpha=0.2, linewidth=0)
    if np.isfinite(history.stabilisation_t_s):
        axes[0].axvline(history.stabilisation_t_s, color="black", linestyle=":", label="stable")
    axes[1].plot(history.pv_t_s, history.pv_sigma_theta, ".-", color=MARK, label=r"$\sigma_\theta$")
    axes[1].plot(history.pv_t_s, history.pv_delta_trial, ".-", color=OKABE_ITO["purple"], label=r"$\delta_{trial}$")
    axes[0].set(xlabel="training time (s)", ylabel="MON→TS weight")
    axes[1].set(xlabel="training time (s)", ylabel="spread in training (rad)", xlim=axes[0].get_xlim())
    axes[1].set_ylim(0, 1.05 * axes[1].get_ylim()[1])
    if not np.isfinite(history.pv_sigma_theta).any():
        _say(axes[1], "no map measured in training")


def _grid(result, fig, layer, shape, xlabel, ylabel):
    """Return (cell, axes) for cells spread over a layer, in titled panels that share their axes."""
    cells = np.unique(np.linspace(0, _size(result.params, layer) - 1, shape[0] * shape[1]).round().astype(int))
    panels = list(zip(cells, fig.subplots(*shape, sharex=True, sharey=True).flat, strict=False))
    for cell, ax in panels:
        ax.set_title(f"{layer.upper()} {cell}", pad=2)
    fig.supxlabel(xlabel, size=8)
    fig.supylabel(ylabel, size=8)
    return panels


# --- figures


def draw_spatial_two_stage(result: Result, fig: Figure) -> None:
    """Draw the summary: geometry, rasters and rates of the whole run, weights before and after, courses."""
    axes, p = fig.subplots(4, 2), result.params
    geometry(axes[0, 0], result)
    _rasters(axes.flat[1:4], result, since_s=0, zero_s=0)
    _rates(axes[2, 0], result, ("mon", "ts"), since_s=0, zero_s=0)
    for ax in axes.flat[1:4]:
        ax.set(xlabel="time (s)", xlim=axes[2, 0].get_xlim())
    weights = [result.initial_weights["mon_ts"][2], result.weights["mon_ts"][2]]
    edges = np.linspace(0, max(p.mon_ts_wmax, weights[0].max()), N_BINS + 1)
    axes[2, 1].hist(weights[0], edges, color=UNTRAINED, label="untrained")
    axes[2, 1].hist(weights[1], edges, color=TRAINED, label="trained", histtype="step", linewidth=1.2)
    axes[2, 1].set(xlabel="MON→TS weight", ylabel="synapses")
    _courses(axes[3], result.history, 8)
    panel_letters(axes, x=-0.14)


def draw_test_phase_only(result: Result, fig: Figure) -> None:
    """Draw the first test from its start: sphere position, rasters of the three layers, population rates."""
    test, axes = result.test, fig.subplots(5, 1, sharex=True, height_ratios=(0.6, 1, 1, 1, 0.8))
    axes[0].plot(np.arange(test.n_steps) * test.dt_s, test.x_cm, color="black")
    axes[0].axhspan(0, result.params.ll_body_length_cm, color="0.92", zorder=0)
    axes[0].set(ylabel="sphere x (cm)")
    _rasters(axes[1:4], result, since_s=test.t0_s, zero_s=test.t0_s)
    _rates(axes[4], result, LAYERS, since_s=test.t0_s, zero_s=test.t0_s)


def draw_transition(result: Result, fig: Figure) -> None:
    """Draw the TS rate (20 ms) from 2 s before the end of training to the end of the test."""
    end_s = result.test.t0_s
    _rates(fig.subplots(), result, ("ts",), since_s=max(0, end_s - 2), zero_s=end_s)
    fig.axes[0].set_xlabel("time from the end of training (s)")


def draw_learning_curves(result: Result, fig: Figure) -> None:
    """Draw the course of the MON->TS weights, their mean change, and of the map metrics in training."""
    axes, history = fig.subplots(2, 1), result.history
    _courses(axes, history, 12)
    twin = axes[0].twinx()
    twin.plot(history.checkpoint_t_s, history.w_mean_abs_delta, "--", color=MARK)
    twin.set_ylabel("mean |change| (dashed)", color=MARK)
    twin.spines["right"].set_visible(True)


def draw_weights(result: Result, fig: Figure, *, path: str, shape: tuple) -> None:
    """Draw the incoming weights of single cells over the index of the source, trained and untrained (circles).

    `path` is "ll_mon", with stems, or "mon_ts", where a line marks the place of the cell in a perfect map.
    """
    source, target = path.split("_")
    (i, j, after), before, n = result.weights[path], result.initial_weights[path][2], _size(result.params, target)
    ylabel = f"{source.upper()}→{target.upper()} weight" + " (mV)" * (path == "ll_mon") + ", grey: untrained"
    for cell, ax in _grid(result, fig, target, shape, f"{source.upper()} index", ylabel):
        own = j == cell
        ax.plot(i[own], before[own], "o", color=UNTRAINED, fillstyle="none", ms=3, mew=0.4)
        ax.plot(i[own], after[own], "o", color=TRAINED, ms=2)
        if path == "ll_mon":
            ax.vlines(i[own], 0, after[own], color=TRAINED, linewidth=0.9)
        else:
            place = cell / max(n - 1, 1) * (result.params.n_mon - 1)
            ax.axvline(place, color=OKABE_ITO["purple"], label=None if cell else "perfect body map")
    ax.set_ylim(0)


def draw_tuning(result: Result, fig: Figure, *, layer: str = "ts", shape: tuple = (4, 4)) -> None:
    """Draw the rates of single cells spread over a layer against the sphere position in the first test (40 bins)."""
    edges, rates = _rates_over_x(result.test, result.params, layer)
    for cell, ax in _grid(result, fig, layer, shape, "sphere x (cm)", "rate in one test sweep (Hz)"):
        ax.stairs(np.nan_to_num(rates[cell]), edges, color=COLOURS[layer], fill=True)
    ax.set(xlim=edges[[0, -1]], ylim=(0, None))


def draw_weight_profile(result: Result, fig: Figure) -> None:
    """Draw the mean incoming weight of each TS cell, and the share of its synapses at the ceiling."""
    ax, (_, j, after), w_max = fig.subplots(), result.weights["mon_ts"], result.params.mon_ts_wmax
    count = np.maximum(np.bincount(j, minlength=result.params.n_ts), 1)
    ax.plot(np.bincount(j, result.initial_weights["mon_ts"][2], count.size) / count, color=UNTRAINED, label="untrained")
    ax.plot(np.bincount(j, after, count.size) / count, color=TRAINED, label="trained")
    ax.set(xlabel="TS index", ylabel="mean incoming MON→TS weight", ylim=(0, None))
    twin = ax.twinx()
    twin.plot(np.bincount(j, after >= w_max * (1 - 1e-6), count.size) / count, color=MARK, linewidth=0.6)
    twin.set_ylabel("share of synapses at the ceiling", color=MARK)
    twin.set_ylim(0, 1)
    twin.spines["right"].set_visible(True)


def draw_spikes_vs_x(result: Result, fig: Figure, *, layer: str = "ts") -> None:
    """Draw cell index over sphere position, one dot per spike of the first test; see :func:`map_raster`."""
    map_raster(fig.subplots(), result.test, result.params, layer)


def draw_drive(result: Result, fig: Figure, *, winner: bool = False) -> None:
    """Draw the feed-forward drive of the TS cells in mV/ms over the sphere position (40 bins), or whose is largest.

    drive[k, b] = gain sum_s w_s r[m_s, b] over the synapses s onto k, r the rates of the MON cells m_s in bin b.
    """
    ax, p, (i, j, w) = fig.subplots(), result.params, result.weights["mon_ts"]
    edges, rates = _rates_over_x(result.test, p, "mon")
    drive = np.empty((p.n_ts, N_BINS))
    for b in range(N_BINS):
        drive[:, b] = p.mon_ts_gain_mV / 1e3 * np.bincount(j, w * rates[i, b], p.n_ts)
    some = drive.max(axis=0) > 0
    if winner:
        ax.plot(((edges[1:] + edges[:-1]) / 2)[some], drive[:, some].argmax(axis=0), "o-", color=COLOURS["ts"])
    else:
        extent = (edges[0], edges[-1], -0.5, p.n_ts - 0.5)
        limits = dict(vmin=0, vmax=drive.max(where=drive > 0, initial=1e-3))
        matrix(ax, drive, label="MON→TS drive (mV/ms)", extent=extent, origin="lower", aspect="auto", **limits)
    _over_x(ax, p, "ts", (edges[0], edges[-1]))


def draw_multiseed_summary(scores: list, fig: Figure) -> None:
    """Draw sigma_theta and delta_trial of every seed, the lines their means; see :func:`draw_series`."""
    for k, ax in enumerate(fig.subplots(1, 2)):
        for run, colour, shift in (("untrained", UNTRAINED, -0.1), ("trained", TRAINED, 0.1)):
            seeds = np.array([score["seed"] for score in scores])
            values = np.array([score[run][k] for score in scores], float)
            usable = np.isfinite(values)
            ax.plot(seeds + shift, values, "o", color=colour, label=f"{run} (line: mean)")
            if usable.any():
                ax.axhline(values[usable].mean(), color=colour)
            for seed in seeds[~usable]:
                ax.text(seed + shift, 0, " unusable", rotation=90, ha="center", va="bottom", color=colour)
        ax.set(xlabel="seed", ylabel=(r"$\sigma_\theta$ (rad)", r"$\delta_{trial}$ (rad)")[k])
        ax.set(xlim=(seeds.min() - 0.6, seeds.max() + 0.6), ylim=(0, 1.05 * ax.get_ylim()[1]))
        ax.locator_params(axis="x", integer=True)


FIGURES = {
    "brian2_spatial_two_stage": (draw_spatial_two_stage, 215),
    "brian2_test_phase_only": (draw_test_phase_only, 190),
    "brian2_learning_curves": (draw_learning_curves, 120),
    "brian2_llmon_weights": (partial(draw_weights, path="ll_mon", shape=(2, 3)), 100),
    "brian2_ts_tuning": (draw_tuning, 115),
    "brian2_mon_tuning_examples": (partial(draw_tuning, layer="mon", shape=(2, 4)), 85),
    "brian2_mon_ts_weight_profile": (draw_weight_profile, 80),
    "brian2_mon_to_ts_receptive_fields": (partial(draw_weights, path="mon_ts", shape=(4, 2)), 130),
    "brian2_ts_spikes_vs_x_test": (draw_spikes_vs_x, 100),
    "brian2_mon_spikes_vs_x_test": (partial(draw_spikes_vs_x, layer="mon"), 100),
    "brian2_ll_spikes_vs_x_test": (partial(draw_spikes_vs_x, layer="ll"), 100),
    "brian2_mon_ts_drive_heatmap": (draw_drive, 95),
    "brian2_mon_ts_drive_winner": (partial(draw_drive, winner=True), 85),
    "brian2_ts_pop_rate_train_test_transition": (draw_transition, 80),
}
# The figures of `which="some"`, and the names of their copies in the modes of the thesis.
COPIES = {
    "brian2_spatial_two_stage": "LL_THESIS_BASELINE_ACTIVE_latest",
    "brian2_test_phase_only": "LL_THESIS_BASELINE_TEST_ONLY_latest",
}


# --- writing


def legends(fig: Figure) -> None:
    """Put a narrow legend above the right end of each panel that has labels, where it hides no data."""
    for ax in fig.axes:
        if ax.get_legend_handles_labels()[0]:
            narrow = dict(ncols=4, columnspacing=0.8, handlelength=1.0, handletextpad=0.4, borderaxespad=0.1)
            ax.legend(loc="lower right", bbox_to_anchor=(1, 1), **narrow)


def _png(draw, data, height_mm, title):
    """Return a figure as the bytes of a png; margins are fixed, as a layout that measures its texts costs half."""
    with matplotlib.rc_context(fname=STYLE):
        fig = Figure(figsize=(TEXT_MM / 25.4, height_mm / 25.4), dpi=DPI, layout="none")
        draw(data, fig)
        legends(fig)
        fig.suptitle(title, size=7, x=0.02, y=1 - 2 / height_mm, ha="left", va="top")
        fig.subplots_adjust(left=0.1, right=0.91, bottom=11 / height_mm, top=1 - 15 / height_mm, hspace=0.4, wspace=0.3)
        page = io.BytesIO()
        FigureCanvasAgg(fig).print_png(page, metadata={"Software": None}, pil_kwargs={"compress_level": 3})
    return page.getvalue()


def draw_seed(result: Result, folder: Path, *, which: str = "all", first: bool = False, mode: str = "") -> None:
    """Write the figures of one seed into a folder, made if missing: all of them, or none if anything fails.

    Parameters
    ----------
    result : Result
    folder : Path
        Files are ``<base>_u_<speed>_nMON_<n>_nTS_<n>_seed_<s>.png``, base of :data:`FIGURES`; old ones are replaced.
    which : {"all", "some", "none"}
        "some": the summary and the test.
    first : bool
        The first seed of a run: also write each figure without ``_seed_<s>``.
    mode : str
        In "ll_thesis" and "ll_baseline" the first seed also gives the two ``LL_THESIS_BASELINE_*_latest.png``.

    Raises
    ------
    ParameterError
        If `which` is none of the three.
    OutputError
        If the folder cannot be written.
    """
    check_choice("figures", which, ("none", "some", "all"))
    p, title, files = result.params, verdict(result), {}
    for base in {"none": (), "some": COPIES, "all": FIGURES}[which]:
        draw, height_mm = FIGURES[base]
        png = _png(draw, result, height_mm, title)
        name = f"{base}_u_{p.speed_cm_s:.1f}_nMON_{p.n_mon}_nTS_{p.n_ts}"
        names = [f"{name}_seed_{result.seed}"]
        if first:
            names.append(name)
        if first and mode in ("ll_thesis", "ll_baseline") and base in COPIES:
            names.append(COPIES[base])
        for name in names:
            files[Path(folder) / f"{name}.png"] = partial(Path.write_bytes, data=png)
    write_all(files)


def draw_series(scores: list[dict], folder: Path) -> None:
    """Write ``brian2_multiseed_summary_n<N>.png`` of N seeds into a folder.

    Parameters
    ----------
    scores : list of dict
        For each seed {"seed": number, "trained": (sigma_theta_rad, delta_trial_rad), "untrained": the same}; NaN for
        an unusable test, which is marked and enters no mean.

    Raises
    ------
    ParameterError
        If there are no scores, or one of them is no such dict.
    """
    for score in scores:
        if not isinstance(score, Mapping) or {"seed", "trained", "untrained"} - set(score):
            raise ParameterError(f"scores holds {short(score)}; give dicts with seed, trained and untrained")
        check_integer("seed in scores", score["seed"])
        for run in ("trained", "untrained"):
            check_array(f"{run} in scores", score[run], shape=(2,), finite=False)
    if not len(scores):
        raise ParameterError("scores is empty; give those of at least one seed")
    png = _png(draw_multiseed_summary, scores, 80, "")
    write_all({Path(folder) / f"brian2_multiseed_summary_n{len(scores)}.png": partial(Path.write_bytes, data=png)})


doors(globals())
