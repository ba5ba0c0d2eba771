"""The pictures of the WTA package: grid, rasters, history; and where a figure is shown or saved for a user.

Each plot takes axes and data and returns artists; :func:`drawn` makes the figure by the flags of the README's API.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from helpers import figures
from helpers.figures import OKABE_ITO, raster, traces
from helpers.parameters import ParameterError, check_array, doors, short
from helpers.spikes import pack
from helpers.storage import in_memory, write

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from helpers.wta.measures import Order
    from helpers.wta.params import Guarded, Result

__all__ = ["drawn", "plot_grid", "plot_grid_3d", "plot_grid_3d_bars", "plot_history", "plot_run", "plot_spiketrain"]

PATTERN, NOISE = OKABE_ITO["vermillion"], OKABE_ITO["black"]
COLOURS = list(map(OKABE_ITO.get, ("vermillion", "blue", "green", "purple", "orange", "sky")))


def drawn(
    draw: Callable, name: str, owner: Guarded, *args: Any, size_mm: tuple = (120.0, 80.0), **options: Any
) -> None:
    """Make a figure, let ``draw(axes, *args)`` fill it, save and show it as the flags of `owner` say, and close it.

    Saved as ``<name>.png`` in the folder where the user works, with a message. Without a display nothing is shown and
    nothing waits.

    Parameters
    ----------
    draw : callable
        Called with the axes.
    owner : Network or Recorder
        Has save_figures and show_figures.
    **options
        Of ``Figure.subplots``, as n rows, or `projection` of the axes.
    """
    import matplotlib.pyplot as plt

    size_mm = check_array("size_mm", size_mm, shape=(2,), low=10, high=1000)
    if "projection" in options:
        options = {"subplot_kw": options}
    with plt.style.context(Path(figures.__file__).with_name("thesis.mplstyle")):
        fig = plt.figure(figsize=size_mm / 25.4, layout="constrained")
        try:
            draw(fig.subplots(**options), *args)
            if owner.save_figures:
                path = Path(f"{name}.png")
                write(path, in_memory(lambda file: fig.savefig(file, format="png")))
                print(f"saved {path.absolute()}")
            if owner.show_figures and plt.get_backend().lower() != "agg":
                plt.show()
        finally:
            plt.close(fig)


# --- the grid of circuits


def _grid(network):
    """Return the (m, n) array of K of a network, or the array itself."""
    grid = network.get_circuit_grid() if hasattr(network, "get_circuit_grid") else network
    return check_array("grid", grid, ndim=2, low=1)


def plot_grid(ax: Axes, network: Any) -> Any:
    """Draw the number of neurons K of each circuit of a network (or an (m, n) array) as colour and number."""
    grid = _grid(network)
    image = ax.imshow(grid, origin="lower", cmap="viridis", rasterized=True)
    for (y, x), k in np.ndenumerate(grid):
        colour = "white" if k < (grid.min() + grid.max()) / 2 else "black"
        ax.text(x, y, f"{k:.0f}", ha="center", va="center", fontsize=7, color=colour)
    ax.set(xlabel=f"{grid.sum():.0f} neurons in {grid.size} circuits", ylabel="circuit, row")
    ax.set(xticks=range(grid.shape[1]), yticks=range(grid.shape[0]))
    return image


def _label_3d(ax):
    ax.set(xlabel="x", ylabel="y", zlabel="neurons K")
    ax.set_box_aspect(None, zoom=0.85)


def plot_grid_3d(ax: Axes, network: Any) -> list:
    """Draw K over the grid as a surface with one point per circuit; `ax` has ``projection="3d"``."""
    grid = _grid(network)
    y, x = (axis.ravel() for axis in np.indices(grid.shape))
    points = ax.scatter(x, y, grid.ravel(), color=NOISE, s=8, depthshade=False)
    _label_3d(ax)
    if min(grid.shape) < 2:
        return [points]  # a line of circuits spans no surface
    return [ax.plot_trisurf(x, y, grid.ravel(), cmap="viridis", alpha=0.7), points]


def plot_grid_3d_bars(ax: Axes, network: Any) -> Any:
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


def plot_run(
    axes: Sequence, result: Result, *, order: Order | None = None, ids: Any = None, markersize: float = 0.8
) -> list:  # fmt: skip
    """Draw the network raster over the input raster, pattern phases shaded.

    Red: network spikes during a pattern, and the frozen spikes of the input. Black: the others, among them the noise on
    top of a pattern.

    Parameters
    ----------
    axes : two Axes
        Network, input.
    result : Result
    order : Order, optional
        From :func:`measures.mean_activation_order`: rows in that order instead of by neuron index.
    ids : array of int, optional
        Draw these neurons only.
    """
    figures.check_axes(axes[:2], 2)
    sequence = np.arange(result.n_neurons) if order is None else order.ids
    if ids is not None:
        ids = check_array("ids", ids, integer=True, empty=True)
    kept = sequence if ids is None else sequence[np.isin(sequence, ids)]
    if not len(kept):
        raise ParameterError(f"ids = {short(ids)} names no neuron; allowed: 0 to {result.n_neurons - 1}")
    row = np.full(result.n_neurons, -1)
    row[kept] = np.arange(len(kept))
    drawn = row[result.spike_id] >= 0
    times, rows = result.spike_ms[drawn], row[result.spike_id[drawn]]
    shown = result.phases.per_ms(result.t0_ms, result.n_steps)[times - result.t0_ms] >= 0
    artists = []
    for ax, x, y, red in (
        (axes[0], times, rows, shown),
        (axes[1], result.input_ms, result.input_channel, result.input_frozen),
    ):
        artists.append(raster(ax, x[~red], y[~red], color=NOISE, size=markersize))
        artists.append(raster(ax, x[red], y[red], color=PATTERN, size=markersize))
        shade(ax, result)
    label = "neuron (index)" if order is None else "neuron (by mean\nactivation time)"
    axes[0].set(ylabel=label, xlabel="", ylim=(-1, len(kept)))
    axes[1].set(ylabel="input channel")
    return artists


def shade(ax: Axes, result: Result) -> None:
    """Shade the pattern phases, one colour per pattern, and limit the axis to the run."""
    phases = result.phases
    for start, stop, pattern in zip(phases.start_ms, phases.stop_ms, phases.pattern, strict=True):
        if pattern >= 0:
            ax.axvspan(start, stop, color=COLOURS[pattern % len(COLOURS)], alpha=0.12, linewidth=0)
    ax.set_xlim(result.t0_ms, result.stop_ms)


def plot_history(axes: Sequence, results: list[Result], *, order: Order | None = None, ids: Any = None) -> list:
    """Draw several runs of one network after each other, with lines where a run begins.

    Parameters
    ----------
    axes : two or four Axes
        Network and input as :func:`plot_run`; then weights, in grey the first 100 of those recorded and in red the
        mean of all input weights, and EPSPs of the neurons read out, in red their mean.
    results : list of Result
        Those with `series` have weights and EPSPs.
    """
    figures.check_axes(axes, 4 if len(axes) > 2 else 2)
    if not len(results):
        raise ParameterError("results is empty; give those of at least one run")
    artists = []
    for r in results:
        artists += plot_run(axes, r, order=order, ids=ids, markersize=0.5)
        if len(axes) > 2 and r.series is not None and len(r.series["t_ms"]) > 1:
            w = r.series["w_in"].reshape(len(r.series["t_ms"]), -1)
            for ax, values, text in ((axes[2], w, "input weights"), (axes[3], r.series["y"], "EPSP y")):
                artists += traces(ax, r.series["t_ms"], values, n_shown=100, colors=[OKABE_ITO["grey"]])
                artists += ax.plot(r.series["t_ms"], values.mean(axis=1), color=PATTERN)
                ax.set(xlabel="", ylabel=text)
    for ax in axes:
        for r in results[1:]:
            ax.axvline(r.t0_ms, color=OKABE_ITO["blue"], linewidth=0.8)
        ax.set_xlim(results[0].t0_ms, results[-1].stop_ms)
    return artists


def plot_spiketrain(ax: Axes, trains: Any) -> Any:
    """Draw input spikes: a tuple (time_ms, channel), or a list with the times (ms) of each channel."""
    times_ms, channel = trains if isinstance(trains, tuple) else pack(trains)
    artist = raster(ax, times_ms, channel, color=NOISE, size=2)
    artist.set_marker("|")
    ax.set_ylabel("input channel")
    return artist


doors(globals())
