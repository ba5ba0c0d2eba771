"""What the live view shows: positions, the history of one variable, colour codes, weights, and the static figure.

Pictures travel as bytes: the codes 0 to 254 run from the low to the high end of the scale, 255 is NaN or infinity.
"""

from __future__ import annotations

import io
import math
from pathlib import Path

import anywidget
import numpy as np
import scipy.sparse
import traitlets

from helpers.figures import OKABE_ITO
from helpers.modular.recorder import Recorder
from helpers.modular.synapses import EventWeights

__all__ = ["History", "View", "behaviours", "codes", "limits", "parameters", "picture", "row", "thumbnail"]

MAX_ROWS, MAX_SIDE, MAX_PICKED = 500, 512, 5
PICKED = [OKABE_ITO[name] for name in ("vermillion", "blue", "green", "purple", "orange")]
HIDDEN = ("id", "x", "y", "z", "mask")


class View(anywidget.AnyWidget):
    """The canvas in the notebook; it holds what is set once or changes rarely. Frames are custom messages."""

    _esm = Path(__file__).with_name("live_view.js").read_text(encoding="utf-8")
    spec = traitlets.Dict().tag(sync=True)
    iteration = traitlets.Int().tag(sync=True)


def vectors(group):
    """Return the names of the numeric vectors of a group, one value for each neuron."""
    items = [(name, v) for name, v in vars(group).items() if name not in HIDDEN and isinstance(v, np.ndarray)]
    return [name for name, v in items if v.shape == (group.size,) and v.dtype.kind in "biuf" and name[0] != "_"]


def columns(group):
    """Return the width of the neuron grid: the group's own, else that of a near square. Neuron i is at i mod width."""
    return getattr(group, "width", math.isqrt(group.size - 1) + 1)


class History:
    """The last `window` samples of a variable: mean and picked neurons (trace), and at most 500 rows (raster)."""

    def __init__(self, size, window):
        self.window, self.end, self.total, self.stride = window, 0, 0, -(-size // MAX_ROWS)
        self.sent, self.scale = 0, None  # what the view has seen
        self.raster = np.zeros((2 * window, -(-size // self.stride)))
        self.trace = np.full((2 * window, 1 + MAX_PICKED), np.nan)

    def add(self, values, picked):
        """Append a sample; when the buffers are full their last window moves to the front."""
        if self.end == 2 * self.window:
            for buffer in (self.raster, self.trace):
                buffer[: self.window] = buffer[self.window :]
            self.end = self.window
        self.raster[self.end] = values[:: self.stride]
        self.trace[self.end, 0] = values.mean()
        self.trace[self.end, 1 : 1 + len(picked)] = values[picked]
        self.end, self.total = self.end + 1, self.total + 1

    def pick(self, picked):
        """Let the traces be those of other neurons; their past is known where the raster holds every neuron."""
        known = self.raster[: self.end, picked] if self.stride == 1 else np.nan
        self.trace[: self.end, 1 : 1 + len(picked)] = known

    def last(self, n=None):
        """Return the slice of the last `n` samples, at most one window."""
        n = self.window if n is None else min(n, self.window)
        return slice(max(0, self.end - n), self.end)


def limits(values):
    """Return round limits (low, high) around the finite values; they change rarely while the values grow.

    Examples
    --------
    >>> limits(np.array([0.0, 0.52, np.nan]))
    (0.0, 0.55)
    """
    values = np.asarray(values, float)
    low, high = (float(f(values, initial=i)) for f, i in ((np.min, np.inf), (np.max, -np.inf)))
    if not (math.isfinite(low) and math.isfinite(high)):
        values = values[np.isfinite(values)]
        low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
    low = 0.0 if 0 <= low <= high / 2 else low
    if not 0 < high - low < math.inf:
        return low, low + (abs(low) or 1.0)
    unit = 10.0 ** math.floor(math.log10(high - low)) / 2
    return float(f"{math.floor(low / unit) * unit:.12g}"), float(f"{math.ceil(high / unit) * unit:.12g}")


def codes(values, low, high):
    """Return values as bytes, 0 at `low`, 254 at `high`, 255 where they are not finite."""
    values = np.asarray(values, float)
    finite = np.isfinite(values)
    scaled = (np.where(finite, values, low) / 2 - low / 2) / (high / 2 - low / 2)  # halves cannot overflow
    return np.where(finite, np.rint(254 * np.clip(scaled, 0, 1)), 255).astype(np.uint8)


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
        found, shape = weights.tocoo(), [len(start) for start in starts]
        place = np.ravel_multi_index((found.row // steps[0], found.col // steps[1]), shape)
        sums = np.bincount(place, found.data, math.prod(shape)).reshape(shape)
    else:
        sums = np.add.reduceat(np.add.reduceat(weights, starts[1], axis=1), starts[0], axis=0)  # 4 times faster so
    sides = [np.diff(start, append=n) for n, start in zip(weights.shape, starts, strict=True)]
    return sums / np.outer(*sides)


def matrix(weights):
    """Return weights as an array or a scipy matrix, without copying them."""
    if not isinstance(weights, EventWeights):
        return weights
    return scipy.sparse.csc_array((weights.weights, weights.targets, weights.starts), shape=weights.shape)


def row(weights, neuron):
    """Return the weights onto one neuron as a dense vector (n_sources,)."""
    return weights[[neuron]].toarray().ravel() if scipy.sparse.issparse(weights) else weights[neuron]


def behaviours(net):
    """Return {identity: (behaviour, parent, key)}, the class name, numbered from the second on; recorders left out."""
    found, seen = {}, {}
    for parent in (net, *net.NeuronGroups, *net.SynapseGroups):
        for key, item in parent.behaviour.items():
            name = type(item).__name__
            if not (isinstance(item, Recorder) or item.run_on_init):
                seen[name] = seen.get(name, 0) + 1
                found[name if seen[name] == 1 else f"{name}-{seen[name]}"] = item, parent, key
    return found


def parameters(behaviour):
    """Return {name: value} of the finite numbers among the keyword arguments and attributes of a behaviour."""
    found = behaviour.init_kwargs | {name: v for name, v in vars(behaviour).items() if name[0] != "_"}
    kinds = int | float | np.integer | np.floating
    return {n: v for n, v in found.items() if isinstance(v, kinds) and type(v) is not bool and math.isfinite(v)}


# --- what is sent: json, and raw buffers


def spec(ui):
    """Return what does not change while a view is open."""
    groups = [dict(tag=g.tags[0], size=g.size, columns=columns(g), variables=ui.variables(g)) for g in ui.groups]
    boxes = [
        dict(
            id=name,
            parent=f"{parent.tags[0]}, key {key:g}",
            whole=[k for k, v in parameters(b).items() if type(v) is int],
        )
        for name, (b, parent, key) in behaviours(ui.net).items()
    ]
    panels = [kind for kind, _ in ui.modules]
    return dict(label=ui.label, groups=groups, shown=len(ui.shown), panels=panels, behaviours=boxes, status=status(ui))


def status(ui):
    """Return what the controls show."""
    known = {name: item for name, (item, *_) in behaviours(ui.net).items()}
    numbers = [[name, key, float(v)] for name, item in known.items() for key, v in parameters(item).items()]
    enabled = [[name, bool(item.behaviour_enabled)] for name, item in known.items()]
    plain = {name: getattr(ui, name) for name in ("iteration", "playing", "progress", "speed", "error")}
    return plain | dict(parameters=numbers, enabled=enabled)


def frame(ui):
    """Return (header, buffers): a picture of each shown group, the trace, the columns of the raster that are new."""
    history, now, scale = ui.history, ui.history.last(), ui.scale()
    full = scale != history.scale
    fresh = history.last(None if full else history.total - history.sent)
    history.sent, history.scale = history.total, scale
    bounds = [scale, *(limits(ui.values(group)) for group in ui.shown[1:])]
    buffers = [codes(ui.values(group), *pair).tobytes() for group, pair in zip(ui.shown, bounds, strict=True)]
    buffers += [history.trace[now, : 1 + len(ui.selected)].tobytes(), codes(history.raster[fresh], *scale).tobytes()]
    numbers = _texts((ui.values().mean(), *ui.values()[ui.selected]))
    header = dict(
        full=full, count=now.stop - now.start, fresh=fresh.stop - fresh.start, window=ui.window, values=numbers
    )
    header |= dict(groups=[ui.groups.index(group) for group in ui.shown], bounds=[_texts(pair) for pair in bounds])
    header |= dict(rows=history.raster.shape[1], stride=history.stride, variable=ui.variable, selected=ui.selected)
    return header, buffers


def _texts(numbers):
    return [f"{float(x):.4g}" for x in numbers]


def weights(ui):
    """Return (header, buffers): the weight matrix as a thumbnail and the weights onto the neuron picked last."""
    found = ui.weights()
    header = dict(names=[f"{synapse.tags[0]}: {name}" for synapse, name, _ in found])
    if not found:
        return header, []
    synapse, _, values = found[ui.synapse % len(found)]
    small, onto = thumbnail(values), row(values, ui.selected[-1])
    bounds = limits(np.append(small, onto))
    header |= dict(synapse=ui.synapse % len(found), src=ui.groups.index(synapse.src), neuron=ui.selected[-1])
    header |= dict(shape=small.shape, size=values.shape, bounds=_texts(bounds))
    return header, [codes(small, *bounds).tobytes(), codes(onto, *bounds).tobytes()]


# --- the static figure


def picture(ui):
    """Return a matplotlib Figure of a live view, 160 mm wide: neurons, trace over raster, weights."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    group, now, scale = ui.shown[0], ui.history.last(), dict(zip(("vmin", "vmax"), ui.scale(), strict=True))
    time = np.arange(ui.iteration - (now.stop - now.start), ui.iteration) + 1
    span = (time[0] - 0.5, time[-1] + 0.5) if time.size else (0.5, 1.5)
    with rc_context(fname=Path(__file__).parents[1] / "thesis.mplstyle"):
        fig = Figure(figsize=(160 / 25.4, 70 / 25.4), layout="constrained")
        axes = fig.subplot_mosaic(
            [["grid", "trace", "weights"], ["grid", "raster", "weights"]], width_ratios=(1, 1.7, 1)
        )
        padded = np.append(ui.values().astype(float), np.full(-group.size % columns(group), np.nan))
        _image(
            axes["grid"], padded.reshape(-1, columns(group)), f"{group.tags[0]}: {ui.variable}", origin="lower", **scale
        )
        options = dict(aspect="auto", extent=(*span, -0.5, group.size - 0.5), origin="lower", rasterized=True)
        axes["raster"].imshow(ui.history.raster[now].T, **options, **scale)
        axes["raster"].set(xlabel="iteration", ylabel="neuron")
        lines = list(zip(["mean", *ui.selected], ["black", *PICKED], ui.history.trace[now].T, strict=False))
        for name, colour, line in lines[::-1]:
            axes["trace"].plot(
                time, line, color=colour, label=name if name == "mean" else f"neuron {name}", linewidth=0.9
            )
        axes["trace"].legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=3, borderpad=0, columnspacing=1)
        axes["trace"].set(xlim=span, ylabel=ui.variable, xticklabels=[])
        axes["weights"].set_axis_off()
        for synapse, name, weights in ui.weights()[ui.synapse :][:1]:
            extent = (0, weights.shape[1], weights.shape[0], 0)
            _image(axes["weights"], thumbnail(weights), f"{synapse.tags[0]}: {name}", extent=extent)
    return fig


def _image(ax, image, title, **options):
    ax.figure.colorbar(ax.imshow(image, rasterized=True, **options), ax=ax, location="bottom", shrink=0.8, aspect=18)
    ax.set_axis_off()
    ax.set_title(title)


def png(figure):
    """Return a figure as the bytes of a PNG."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=150, facecolor="white", metadata={"Software": None})
    return file.getvalue()
