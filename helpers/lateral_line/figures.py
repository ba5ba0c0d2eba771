"""The figures of a run folder, under the names of the original model.

Every ``draw_<name>(result, fig)`` fills an empty matplotlib Figure from a ``Result`` and neither shows nor saves;
:data:`FIGURES` lists them under the base names of their files. Where data are missing (a silent layer, a run without
training) the panel says so, and the file is written all the same. :func:`save_all` is the only part that writes: it
draws each figure once, copies it for its second name, and puts the whole set in place at the end. No pyplot state is
read or left behind.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np

from helpers.figures import OKABE_ITO, OUTPUT, TEXT_MM, panel_letters
from helpers.lateral_line import figures_study as panels
from helpers.lateral_line.figures_study import AFTER, COLOURS, LAYERS, layer_size, legend_above, message
from helpers.lateral_line.metrics import tuning_curves
from helpers.parameters import OutputError, ParameterError

__all__ = ["FIGURES", "draw_multiseed_summary", "figure_name", "save_all", "ts_drive"]

STYLE = Path(__file__).parents[1] / "thesis.mplstyle"
DPI, RUN_S, N_BINS = 160, 20.0, 40  # RUN_S: what a raster of the training shows, two sweeps up and down the body
THESIS_MODES = ("ll_thesis", "ll_baseline")
THESIS_COPIES = {
    "brian2_spatial_two_stage": "LL_THESIS_BASELINE_ACTIVE_latest.png",
    "brian2_test_phase_only": "LL_THESIS_BASELINE_TEST_ONLY_latest.png",
}
FIGURES, HEIGHTS_MM = {}, {}


def _named(base, height_mm):
    """Enter a draw function into :data:`FIGURES` under the base name of its file."""

    def enter(draw):
        FIGURES[base], HEIGHTS_MM[base] = draw, height_mm
        return draw

    return enter


def figure_name(base, params, seed=None):
    """Return the file name of a figure: ``<base>_u_<speed>_nMON_<n>_nTS_<n>[_seed_<s>].png``.

    Examples
    --------
    >>> from helpers.lateral_line.params import preset
    >>> figure_name("brian2_ts_tuning", preset("ll_thesis"), 123)
    'brian2_ts_tuning_u_5.0_nMON_3200_nTS_300_seed_123.png'
    """
    tail = "" if seed is None else f"_seed_{seed}"
    return f"{base}_u_{params.speed_cm_s:.1f}_nMON_{params.n_mon}_nTS_{params.n_ts}{tail}.png"


# --- numbers behind the panels


def _spread(n, k):
    """Return `k` indices spread evenly over `n` cells, fewer if there are fewer cells."""
    return np.unique(np.linspace(0, n - 1, min(k, n)).round().astype(int))


def _tuning(result, layer):
    """Return (n_cells, 40) rates in Hz in the test over equal bins of the range of x."""
    test = result.test
    options = dict(n_cells=layer_size(result.params, layer), dt_s=test.dt_s, n_bins=N_BINS)
    return np.nan_to_num(tuning_curves(*test.spikes[layer], test.x_cm, **options))


def _centres(recording):
    low, high = np.min(recording.x_cm), np.max(recording.x_cm)
    return low + (np.arange(N_BINS) + 0.5) * (high - low) / N_BINS


def ts_drive(result):
    """Return the feed-forward drive of the TS cells in mV/s over the sphere position, shape (n_ts, 40).

    drive[k, b] = gain sum_m W[k, m] r[m, b]: the rates r of the MON cells in bin b times the summed weights W of all
    synapses from m to k, as one sparse product.
    """
    from scipy.sparse import coo_matrix

    p, (i, j, w) = result.params, result.weights["mon_ts"]
    matrix = coo_matrix((np.asarray(w, float), (j, i)), shape=(p.n_ts, p.n_mon)).tocsr()
    return p.mon_ts_gain_mV * (matrix @ _tuning(result, "mon"))


# --- figures


def _verdict(result):
    """Return the test result next to its controls, in two lines."""
    q, controls = result.quality, result.controls or {}
    text = rf"test: $\sigma_\theta$ {q.sigma_theta_rad:.2f} rad"
    text += rf" (body only {result.quality_window.sigma_theta_rad:.2f}), $\delta_{{trial}}$ {q.delta_trial_rad:.2f} rad"
    text += f", valid {q.valid_fraction:.2f}, {result.ts_spikes_test:.0f} TS spikes"
    named = {k: controls[k]["sigma_theta_rad"] for k in ("untrained", "shuffled") if k in controls}
    shown = [f"{k} {_number(v)}" for k, v in (named | {"chance": controls.get("chance_rad")}).items()]
    return f"{text}\n" + r"$\sigma_\theta$ of controls: " + ", ".join(shown) + " rad" if named else text


def _number(value):
    return "-" if value is None or np.isnan(value) else f"{value:.2f}"


@_named("brian2_spatial_two_stage", 215)
def draw_spatial_two_stage(result, fig):
    """Draw the summary: geometry, rasters of the end of the training and the test, rates, weights, map metrics."""
    axes, end_s, p = fig.subplots(4, 2), result.test.t0_s, result.params
    fig.suptitle(_verdict(result), size=8, x=0.02, ha="left")
    panels.geometry(axes[0, 0], result)
    for ax, layer in zip(axes.flat[1:4], LAYERS, strict=True):
        panels.raster(ax, (result.preview, result.test), layer, p, since_s=end_s - RUN_S)
    panels.rates(axes[2, 0], (result.tail, result.test), p, ("mon", "ts"), t0_s=0.0)
    for ax in axes.flat[1:5]:
        ax.axvline(end_s, color="black", linewidth=0.8, linestyle="--")
    before, after = result.initial_weights["mon_ts"][2], result.weights["mon_ts"][2]
    panels.weight_histograms(axes[2, 1], before, after, high=max(p.mon_ts_wmax, np.max(before)), label="MON→TS weight")
    panels.weight_course(axes[3, 0], result.history, 8)
    panels.pv_course(axes[3, 1], result.history)
    panel_letters(axes, x=-0.14)


@_named("brian2_test_phase_only", 190)
def draw_test_phase_only(result, fig):
    """Draw the test from its start: sphere position, rasters of the three layers, population rates."""
    test, p = result.test, result.params
    axes = fig.subplots(5, 1, sharex=True, height_ratios=(0.6, 1, 1, 1, 0.8))
    axes[0].plot(np.arange(test.n_steps) * p.dt_s, test.x_cm, color="black")
    axes[0].axhspan(0, p.ll_body_length_cm, color="0.92", zorder=0)
    axes[0].set(ylabel="sphere x (cm)", title=_verdict(result))
    for ax, layer in zip(axes[1:4], LAYERS, strict=True):
        panels.raster(ax, (test,), layer, p, t0_s=test.t0_s)
        ax.set_xlabel("")
    panels.rates(axes[4], (test,), p, tuple(LAYERS), t0_s=test.t0_s)
    axes[4].set(xlabel="time from test start (s)", xlim=(0, test.n_steps * p.dt_s))


@_named("brian2_learning_curves", 120)
def draw_learning_curves(result, fig):
    """Draw the course of the MON->TS weights, their mean change, and of the map metrics in training."""
    axes, h = fig.subplots(2, 1), result.history
    panels.weight_course(axes[0], h, 12)
    twin = axes[0].twinx()
    twin.plot(h.checkpoint_t_s, h.w_mean_abs_delta, color=OKABE_ITO["blue"], linestyle="--")
    twin.set_ylabel("mean |change| (dashed)", color=OKABE_ITO["blue"])
    twin.spines["right"].set_visible(True)
    panels.pv_course(axes[1], h)


def _grid(result, fig, shape, cells, layer):
    """Return the axes of a grid with one titled panel per cell."""
    axes = fig.subplots(*shape, sharex=True, sharey=True, squeeze=False)
    for ax in axes.flat[len(cells) :]:
        ax.set_axis_off()
    for ax, cell in zip(axes.flat, cells, strict=False):
        ax.set_title(f"{LAYERS[layer]} {cell}", pad=2)
    return axes.flat


@_named("brian2_llmon_weights", 95)
def draw_llmon_weights(result, fig):
    """Draw the LL->MON weights of six MON cells over the LL index, before (circles) and after training (stems)."""
    cells = _spread(result.params.n_mon, 6)
    axes = _grid(result, fig, (2, 3), cells, "mon")
    i, j, after = (np.asarray(a) for a in result.weights["ll_mon"])
    before = np.asarray(result.initial_weights["ll_mon"][2])
    for ax, cell in zip(axes, cells, strict=False):
        own = j == cell
        ax.vlines(i[own], 0, after[own], color=AFTER, linewidth=0.9)
        ax.plot(i[own], after[own], "o", color=AFTER, ms=3, label="after")
        ax.plot(i[own], before[own], "o", color="black", ms=4, fillstyle="none", label="before")
    axes[0].set(ylim=(0, None), xlim=(-3, result.params.n_ll + 2))
    fig.legend(*axes[0].get_legend_handles_labels(), loc="outside upper right", ncols=2)
    fig.supxlabel("LL index (along the body)", size=8)
    fig.supylabel("LL→MON weight (mV)", size=8)


def _draw_tuning(layer, shape):
    def draw(result, fig):
        """Draw the rate of single cells, spread over the layer, against the sphere position in the test (40 bins)."""
        fig.supxlabel("sphere x (cm)", size=8)
        fig.supylabel("rate in one test sweep (Hz)", size=8)
        if not len(result.test.spikes[layer][0]):
            return message(fig.subplots(), f"no {LAYERS[layer]} spike in the test")
        cells, curves = _spread(layer_size(result.params, layer), shape[0] * shape[1]), _tuning(result, layer)
        axes = _grid(result, fig, shape, cells, layer)
        for ax, cell in zip(axes, cells, strict=False):
            ax.fill_between(_centres(result.test), curves[cell], step="mid", color=COLOURS[layer], linewidth=0)
        return axes

    return draw


draw_ts_tuning = _named("brian2_ts_tuning", 110)(_draw_tuning("ts", (4, 4)))
draw_mon_tuning_examples = _named("brian2_mon_tuning_examples", 75)(_draw_tuning("mon", (2, 4)))


@_named("brian2_mon_ts_weight_profile", 75)
def draw_mon_ts_weight_profile(result, fig):
    """Draw the mean incoming weight of each TS cell, and the share of its synapses at the ceiling."""
    ax, n = fig.subplots(), result.params.n_ts
    _, j, w = (np.asarray(a) for a in result.weights["mon_ts"])
    count = np.maximum(np.bincount(j, minlength=n), 1)
    ax.plot(np.bincount(j, w, n) / count, color=COLOURS["ts"])
    ax.set(xlabel="TS index", ylabel="mean incoming MON→TS weight", ylim=(0, None), xlim=(-1, n))
    twin = ax.twinx()
    full = np.bincount(j, w >= result.params.mon_ts_wmax * (1 - 1e-6), n) / count
    twin.fill_between(np.arange(n), full, step="mid", color="0.8", linewidth=0)
    twin.set(ylim=(0, 1), ylabel="share of synapses at the ceiling (grey)")
    twin.spines["right"].set_visible(True)
    ax.set_zorder(twin.get_zorder() + 1)
    ax.patch.set_visible(False)


@_named("brian2_mon_to_ts_receptive_fields", 130)
def draw_mon_to_ts_receptive_fields(result, fig):
    """Draw the incoming weights of eight TS cells over the MON index; the vertical line is the cell's own place."""
    p, cells = result.params, _spread(result.params.n_ts, 8)
    i, j, w = (np.asarray(a) for a in result.weights["mon_ts"])
    for ax, cell in zip(_grid(result, fig, (4, 2), cells, "ts"), cells, strict=False):
        ax.axvline(cell / max(p.n_ts - 1, 1) * (p.n_mon - 1), color="0.6", linewidth=0.8)
        ax.plot(i[j == cell], w[j == cell], ".", color=COLOURS["ts"], ms=2.5)
        ax.set_ylim(0, 1.05 * max(w.max(initial=0), p.mon_ts_wmax))
    fig.supxlabel("MON index (line: the place of the TS cell in a perfect map)", size=8)
    fig.supylabel("MON→TS weight", size=8)


def _draw_spikes_vs_x(layer):
    def draw(result, fig):
        """Draw cell index over sphere position, one dot per spike of the test."""
        ax = fig.subplots()
        fig.suptitle(_verdict(result) if layer == "ts" else "", size=8, x=0.02, ha="left")
        return panels.map_raster(ax, result.test, result.params, layer)

    return draw


draw_ts_spikes_vs_x_test = _named("brian2_ts_spikes_vs_x_test", 100)(_draw_spikes_vs_x("ts"))
draw_mon_spikes_vs_x_test = _named("brian2_mon_spikes_vs_x_test", 90)(_draw_spikes_vs_x("mon"))
draw_ll_spikes_vs_x_test = _named("brian2_ll_spikes_vs_x_test", 90)(_draw_spikes_vs_x("ll"))


def _draw_drive(paint):
    """Return a draw function that has `paint(ax, result, drive)` fill the panel, unless MON is silent."""

    def draw(result, fig):
        """Draw the feed-forward drive of the TS cells over the sphere position."""
        ax, p = fig.subplots(), result.params
        ax.set(xlabel="sphere x (cm)", ylabel="TS index")
        if not len(result.test.spikes["mon"][0]):
            return message(ax, "no MON spike in the test")
        paint(ax, result, ts_drive(result))
        ax.plot([0, p.ll_body_length_cm], [0, p.n_ts - 1], color="black", ls="--", lw=1, label="perfect body map")
        ax.set_ylim(-1, p.n_ts)
        return legend_above(ax)

    return draw


def _heatmap(ax, result, drive):
    extent = (np.min(result.test.x_cm), np.max(result.test.x_cm), -0.5, len(drive) - 0.5)
    image = ax.imshow(drive / 1000, origin="lower", aspect="auto", extent=extent, cmap="viridis", vmin=0)
    ax.figure.colorbar(image, ax=ax, label="MON→TS drive (mV/ms)")


def _winner(ax, result, drive):
    some = drive.max(axis=0) > 0
    ax.plot(_centres(result.test)[some], drive.argmax(axis=0)[some], "o-", color=COLOURS["ts"], linewidth=0.6)
    ax.set_ylabel("TS index with the largest drive")


draw_mon_ts_drive_heatmap = _named("brian2_mon_ts_drive_heatmap", 90)(_draw_drive(_heatmap))
draw_mon_ts_drive_winner = _named("brian2_mon_ts_drive_winner", 80)(_draw_drive(_winner))


@_named("brian2_ts_pop_rate_train_test_transition", 70)
def draw_ts_pop_rate_train_test_transition(result, fig):
    """Draw the TS rate (20 ms) from 2 s before the end of training to the end of the test."""
    ax = fig.subplots()
    panels.rates(ax, (result.tail, result.test), result.params, ("ts",), t0_s=result.test.t0_s)
    ax.axvline(0, color="black", linewidth=0.8, linestyle="--")
    ax.set(xlabel="time from the end of training (s)", ylabel="TS rate, 20 ms (Hz)")


def draw_multiseed_summary(scores, fig):
    """Draw sigma_theta and delta_trial of every seed (line: mean) next to the untrained control.

    Parameters
    ----------
    scores : sequence of dict
        One per seed: seed; trained and untrained, each a pair (sigma_theta_rad, delta_trial_rad), nan if silent.
    """
    x = np.arange(len(scores))
    for k, (ax, name) in enumerate(zip(fig.subplots(1, 2), (r"\sigma_\theta", r"\delta_{trial}"), strict=True)):
        for run, colour in (("untrained", OKABE_ITO["grey"]), ("trained", COLOURS["ts"])):
            values = np.array([score[run][k] for score in scores], float)
            ax.plot(x, values, "o", color=colour, label=run)
            ax.axhline(np.mean(values[np.isfinite(values)] if np.isfinite(values).any() else np.nan), color=colour)
            for place in x[np.isnan(values) & (run == "trained")]:
                ax.text(place, 0, "silent", rotation=90, ha="center", va="bottom", color=colour)
        ax.set_xticks(x, [str(score["seed"]) for score in scores], rotation=90 if len(x) > 10 else 0)
        ax.set(xlabel="seed", ylabel=f"${name}$ (rad)", ylim=(0, None))
        legend_above(ax)


# --- writing


def _blank(height_mm):
    """Return an empty Figure on an Agg canvas, outside pyplot."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    return FigureCanvasAgg(Figure(figsize=(TEXT_MM / 25.4, height_mm / 25.4))).figure


def _paint(draw, data, height_mm, path):
    fig = _blank(height_mm)
    draw(data, fig)
    fig.savefig(path, format="png", dpi=DPI, metadata={"Software": None})


def save_all(results, folder, *, mode):
    """Draw the complete set of a run and put it into `folder`: all files, or none if anything fails.

    Parameters
    ----------
    results : iterable of Result
        One per seed, in order; read once, so a generator keeps memory flat.
    folder : path-like
        ``Runs/<name>/figures``; made if missing. Files of the same names are replaced.
    mode : str
        The run's mode; "ll_thesis" and "ll_baseline" add the two ``LL_THESIS_BASELINE_*`` copies.

    Returns
    -------
    list of Path
        The files, sorted: every figure with ``_seed_<s>`` for each seed and without for the first, and for several
        seeds ``brian2_multiseed_summary_n<N>.png``.

    Raises
    ------
    OutputError
        The folder cannot be written.
    ParameterError
        There is no result.
    """
    import matplotlib

    folder = Path(folder)
    draft = folder.with_name(f".{folder.name}-{os.getpid()}")
    try:
        draft.mkdir(parents=True)
        with matplotlib.rc_context(rc=OUTPUT, fname=STYLE):
            _draw_set(results, draft, mode)
        folder.mkdir(exist_ok=True)
        return [path.replace(folder / path.name) for path in sorted(draft.iterdir())]
    except OSError as failure:
        raise OutputError(f"cannot write {folder} ({failure.strerror or failure}); choose a writable folder") from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _draw_set(results, folder, mode):
    scores = []
    for result in results:
        _draw_seed(result, folder, None if scores else mode)
        scores.append(_score(result))
    if not scores:
        raise ParameterError("results is empty; give at least one Result")
    if len(scores) > 1:
        _paint(draw_multiseed_summary, scores, 75, folder / f"brian2_multiseed_summary_n{len(scores)}.png")


def _draw_seed(result, folder, mode):
    """Write the set of one seed; for the first seed (`mode` given) also the names without seed and thesis copies."""
    for base, draw in FIGURES.items():
        path = folder / figure_name(base, result.params, result.seed)
        _paint(draw, result, HEIGHTS_MM[base], path)
        if mode is not None:
            shutil.copyfile(path, folder / figure_name(base, result.params))
        if mode in THESIS_MODES and base in THESIS_COPIES:
            shutil.copyfile(path, folder / THESIS_COPIES[base])


def _score(result):
    names, untrained = ("sigma_theta_rad", "delta_trial_rad"), (result.controls or {}).get("untrained", {})
    trained = [getattr(result.quality, name) for name in names]
    return {"seed": result.seed, "trained": trained, "untrained": [untrained.get(name, np.nan) for name in names]}
