"""Panels of the live view: functions of the view that return a :class:`Map`, :class:`Lines` or :class:`Bars`.

A panel of your own is such a function in the list of modules::

    def return_map(ui):
        times, values = ui.samples()
        mean = values.mean(axis=1)
        return Lines(mean[:-1], {"mean": mean[1:]}, title="mean, now against before")

    Network_UI(net, modules=[*get_default_UI_modules(), return_map]).show()
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse

from helpers.figures import OKABE_ITO
from helpers.modular.synapses import EventWeights
from helpers.parameters import doors

if TYPE_CHECKING:  # matplotlib is loaded by the first picture
    from matplotlib.axes import Axes

__all__ = ["Bars", "Lines", "Map", "Modules", "get_default_UI_modules", "limits"]

MAX_SIDE, MAX_COLUMNS, N_BINS = 512, 1000, 40
SPANS = (100, 200, 500, 1000, 2000, 5000)
Modules = list[tuple[str, tuple[str, ...]] | Callable]
COLOURS = ["black", *(OKABE_ITO[name] for name in ("vermillion", "blue", "green", "purple", "orange"))] * 3


@dataclass
class Map:
    """A matrix in colours; row 0 is the lowest, NaN and infinity are grey, masked entries stay empty.

    Parameters
    ----------
    values : array (rows, columns)
    title : str
    limits : (low, high), optional
        Ends of the colours; round numbers around the values by default.
    x, y : (first, last), optional
        What the sides stand for; without them there are no axes and the pixels are square.
    marks : list of (column, row)
        Entries with a frame, or rows with an arrow where the column is -1.
    """

    values: np.ndarray
    title: str = ""
    limits: tuple | None = None
    x: tuple | None = None
    y: tuple | None = None
    marks: list = field(default_factory=list)

    def encoded(self) -> tuple[dict[str, Any], bytes]:
        """Return (header, bytes) for the canvas."""
        low, high = self.limits or limits(np.ma.compressed(self.values))
        header = dict(kind="map", title=self.title, x=self.x, y=self.y, marks=self.marks)
        header |= dict(rows=self.values.shape[0], columns=self.values.shape[1], low=f"{low:.4g}", high=f"{high:.4g}")
        return header, codes(self.values.T, low, high).tobytes()  # column by column

    def draw(self, ax: Axes) -> None:
        """Draw into matplotlib axes."""
        low, high = self.limits or limits(np.ma.compressed(self.values))
        options = dict(extent=(*self.x, *self.y), aspect="auto") if self.x else {}
        image = ax.imshow(self.values, origin="lower", vmin=low, vmax=high, rasterized=True, **options)
        ax.figure.colorbar(image, ax=ax)
        ax.axis(self.x is not None)


@dataclass
class Lines:
    """Curves {name: y values} over common `x`; NaN interrupts a curve. `span` is (first, last) of the x axis."""

    x: np.ndarray
    y: dict
    title: str = ""
    span: tuple | None = None
    log: bool = False

    def encoded(self) -> tuple[dict[str, Any], bytes]:
        """Return (header, bytes) for the canvas."""
        header = dict(kind="lines", names=list(self.y), title=self.title, span=self.span, log=self.log)
        return header, np.array([self.x, *self.y.values()], float).tobytes()

    def draw(self, ax: Axes) -> None:
        """Draw into matplotlib axes."""
        for (name, y), colour in zip(self.y.items(), COLOURS, strict=False):
            ax.plot(self.x, y, color=colour, label=name, linewidth=0.9)
        ax.set(xlim=self.span, yscale="log" if self.log else "linear")
        ax.legend(fontsize=5, borderpad=0)


@dataclass
class Bars:
    """Counts (n,) between `edges` (n + 1,), as :func:`numpy.histogram` returns them."""

    counts: np.ndarray
    edges: np.ndarray
    title: str = ""

    def encoded(self) -> tuple[dict[str, Any], bytes]:
        """Return (header, bytes) for the canvas."""
        return dict(kind="bars", title=self.title), np.concatenate([self.counts, self.edges]).astype(float).tobytes()

    def draw(self, ax: Axes) -> None:
        """Draw into matplotlib axes."""
        ax.stairs(self.counts, self.edges, fill=True, color=OKABE_ITO["sky"])


def limits(values: np.ndarray) -> tuple[float, float]:
    """Return round limits (low, high) around the finite values; they change rarely while the values grow.

    Examples
    --------
    >>> limits(np.array([0.0, 0.52, np.nan]))
    (0.0, 0.55)
    """
    values = np.asarray(values, float)
    low, high = float(np.min(values, initial=np.inf)), float(np.max(values, initial=-np.inf))
    if not (math.isfinite(low) and math.isfinite(high)):
        values = values[np.isfinite(values)]
        low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
    low = 0.0 if 0 <= low <= high / 2 else low
    if not 0 < high - low < math.inf:
        return low, low + (abs(low) or 1.0)
    unit = 10.0 ** math.floor(math.log10(high - low)) / 2
    return float(f"{math.floor(low / unit) * unit:.12g}"), float(f"{math.ceil(high / unit) * unit:.12g}")


def codes(values, low, high):
    """Return values as bytes, 0 at `low`, 253 at `high`, 254 where they are not finite, 255 where they are masked."""
    scaled = np.ma.getdata(values) * 0.5  # halves cannot overflow
    scaled -= low / 2
    scaled *= 253 / (high / 2 - low / 2)
    np.rint(np.clip(scaled, 0, 253, out=scaled), out=scaled)
    with np.errstate(invalid="ignore"):  # of NaN
        found = scaled.astype(np.uint8)
    found[~np.isfinite(np.ma.getdata(values))] = 254
    found[np.ma.getmaskarray(values)] = 255
    return found


# --- one variable of one group


def width(group):
    """Return the columns of the neuron grid: the group's own, else of a near square. Neuron i is at i mod width."""
    columns = getattr(group, "width", None)
    return columns if isinstance(columns, numbers.Integral) else math.isqrt(group.size - 1) + 1  # else a tag "width"


def on_grid(group, values, picked):
    """Return (values (size,) as a masked matrix at the positions of the neurons, places of the picked ones)."""
    columns = width(group)
    cells = np.ma.array(np.append(values, np.zeros(-group.size % columns)))
    cells[group.size :] = np.ma.masked
    return cells.reshape(-1, columns), [(neuron % columns, neuron // columns) for neuron in picked]


def span(ui):
    """Return (first, last) iteration of the time axes: the window, or less while there are fewer samples."""
    first = ui.iteration
    for pair in ui.pairs():
        first = int(min([first, *(ui.samples(*pair)[0][:1] - 1)]))
    length = next((n for n in SPANS if n >= ui.iteration - first), ui.window.value)
    return first + 1, first + min(length, ui.window.value)


def grid(ui, group, variable):
    """The present values at the positions of the neurons, in the colours of the present."""
    values = np.asarray(getattr(group, variable), float)
    cells, marks = on_grid(group, values, ui.picked(group))
    return Map(cells, f"{group.tags[0]}: {variable}", limits(values), marks=marks)


def trace(ui, group, variable):
    """Mean and picked neurons over iterations; a curve ends where iterations were not seen."""
    history, lines = ui.history(group, variable), {}
    now = history.last(ui.iteration, ui.window.value)
    times, values = history.times[now], history.trace[now]
    gaps = np.flatnonzero(np.diff(times) > 1) + 1
    times, values = np.insert(times.astype(float), gaps, np.nan), np.insert(values, gaps, np.nan, axis=0)
    for k, name in enumerate(["mean", *(f"neuron {neuron}" for neuron in ui.picked(group))]):
        lines[f"{name} {values[-1, k]:.4g}" if times.size else name] = values[:, k]
    return Lines(times, lines, f"{group.tags[0]}: {variable}", span(ui), ui.log.value)


def raster(ui, group, variable):
    """Neurons against iterations; iterations that were not seen stay empty."""
    stride, (times, values), (first, last) = ui.history(group, variable).stride, ui.samples(group, variable), span(ui)
    every = -(-(last - first + 1) // MAX_COLUMNS)
    columns, late = np.divmod(times - first, every)
    image = np.zeros(((last - first) // every + 1, values.shape[1]))
    unseen = np.ones(image.shape, bool)
    image[columns[late == 0]], unseen[columns[late == 0]] = values[late == 0], False
    title = f"neurons (1 in {stride}) by iteration (1 in {every})".replace(" (1 in 1)", "")
    marks, x, y = [(-1, n // stride) for n in ui.picked(group)], (first - 0.5, last + 0.5), (-0.5, group.size - 0.5)
    return Map(np.ma.array(image, mask=unseen).T, title, limits(values), x, y, marks)


def isi(ui, group, variable):
    """Histogram of the iterations between two events of a neuron, and the rate of events.

    An event is a value above the middle of the range; of a graded variable only the step from below. No interval spans
    iterations that were not seen.
    """
    times, values = ui.samples(group, variable)
    if len(times) < 2:
        return None
    low, high = np.nanmin(values), np.nanmax(values)
    found, gaps = values > low / 2 + high / 2, np.append(0, np.cumsum(np.diff(times) > 1))
    if not ((values == low) | (values == high)).all():
        found[1:] &= ~found[:-1] & (np.diff(gaps) == 0)[:, None]
        found[0] = False
    neurons, at = np.nonzero(found.T)
    intervals = np.diff(times[at])[(np.diff(neurons) == 0) & (np.diff(gaps[at]) == 0)]
    step = -(-int(intervals.max(initial=1)) // N_BINS)
    counts, edges = np.histogram(intervals, np.arange(0.5, intervals.max(initial=1) + step + 0.5, step))
    spread = f", CV {intervals.std() / intervals.mean():.2f}" if intervals.size else ""
    return Bars(counts, edges, f"{group.tags[0]}: {variable}, event intervals{spread}, rate {found.mean():.3g}")


def fourier(ui, group, variable):
    """Power of the mean by frequency in cycles per iteration, since the last iteration that was not seen."""
    history = ui.history(group, variable)
    now = history.last(ui.iteration, ui.window.value)
    gaps = np.flatnonzero(np.diff(history.times[now]) > 1)
    mean = history.trace[now, 0][gaps[-1] + 1 if gaps.size else 0 :]
    if len(mean) < 8:
        return None
    power = np.abs(np.fft.rfft(mean - mean.mean())) ** 2 / len(mean)
    title = f"{group.tags[0]}: {variable}, power by cycles per iteration"
    return Lines(np.fft.rfftfreq(len(mean))[1:], {"mean": power[1:]}, title, (0, 0.5), ui.log.value)


# --- one synapse group


def matrix(weights):
    """Return weights as an array or a scipy matrix, without copying them."""
    if not isinstance(weights, EventWeights):
        return weights
    return scipy.sparse.csc_array((weights.weights, weights.targets, weights.starts), shape=weights.shape)


def thumbnail(weights):
    """Return weights as a dense matrix of at most 512 x 512; beyond it each entry is the mean of a block.

    Examples
    --------
    >>> thumbnail(np.ones((1024, 600))).shape
    (512, 300)
    """
    steps = [-(-n // MAX_SIDE) for n in weights.shape]
    starts = [np.arange(0, n, step) for n, step in zip(weights.shape, steps, strict=True)]
    if scipy.sparse.issparse(weights):
        found, shape = weights.tocoo(), (len(starts[0]), len(starts[1]))
        place = np.ravel_multi_index((found.row // steps[0], found.col // steps[1]), shape)
        sums = np.bincount(place, found.data, math.prod(shape)).reshape(shape)
    else:
        sums = np.add.reduceat(np.add.reduceat(weights, starts[1], axis=1), starts[0], axis=0)  # 4 times faster so
    sides = [np.diff(start, append=n) for n, start in zip(weights.shape, starts, strict=True)]
    return sums / np.outer(*sides)


def weights(ui, name, synapse, values):
    """The weight matrix, targets from above; beyond 512 rows or columns each entry is the mean of a block."""
    small = thumbnail(values)
    blocks = "" if small.shape == values.shape else ", block means"
    return Map(small[::-1], f"{name}, {values.shape[0]} × {values.shape[1]}{blocks}")


def afferents(ui, name, synapse, values):
    """The weights onto the neuron picked last, at the positions of their sources; 0 outside a part of a group."""
    src, dst = synapse.src.BaseNeuronGroup, synapse.dst.BaseNeuronGroup
    neuron, row = ui.picked(dst)[-1], np.zeros(src.size)
    row[synapse.src.mask] = values[np.flatnonzero(np.arange(dst.size)[synapse.dst.mask] == neuron)].sum(axis=0)
    cells, marks = on_grid(src, row, [neuron] if src is dst else [])
    return Map(cells, f"onto neuron {neuron}", marks=marks)


def histogram(ui, name, synapse, values):
    """Histogram of all weights that are not zero, at any size of the matrix."""
    values = values.data if scipy.sparse.issparse(values) else values
    values = values[values != 0]
    return Bars(*np.histogram(values, N_BINS, limits(values)), f"{values.size} weights not zero")


ROW = dict(grid=grid, trace=trace, raster=raster)  # these three stand in one row
OF_NEURONS = ROW | dict(isi=isi, fourier=fourier)
OF_SYNAPSES = dict(weights=weights, afferents=afferents, histogram=histogram)


def get_default_UI_modules(
    neuron_variables: str | Sequence[str] = (), synapse_variables: str | Sequence[str] = ("W",)
) -> Modules:
    """Return all panels as (kind, variables that it may show); drop from the list what is not wanted.

    A function of the view that returns a :class:`Map`, :class:`Lines` or :class:`Bars` may stand in the list too.

    Examples
    --------
    >>> get_default_UI_modules(["activity"], ["W"])[0]
    ('grid', ('activity',))
    """
    both = neuron_variables, synapse_variables
    neurons, synapses = (tuple([names] if isinstance(names, str) else names) for names in both)
    modules = dict.fromkeys(OF_NEURONS, neurons) | dict.fromkeys(OF_SYNAPSES, synapses)
    return [*modules.items(), ("parameters", ())]


doors(globals())
