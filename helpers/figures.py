"""One look for every figure, the plots that all rooms share, and the only place that writes a figure.

Sizes are millimetres at final print size; colours are the Okabe-Ito palette, which survives red-green blindness;
orientation, being cyclic, takes a cyclic map. Plot functions take axes and data, return artists, and neither show nor
save. A legend never lies on data: labels stand at the right end of their lines, or right of the axes. An interval is
drawn where five or more seeds carry it and where it stays in the possible range; elsewhere the seeds are shown.
"""

from __future__ import annotations

import ast
import contextlib
import io
import itertools
import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any

import numpy as np

from helpers.parameters import (
    OutputError,
    ParameterError,
    Table,
    check_array,
    check_choice,
    check_integer,
    check_number,
)
from helpers.runs import ROOT, provenance, summary
from helpers.storage import write_all

__all__ = [
    "COLUMN_MM",
    "CYCLIC",
    "OKABE_ITO",
    "TEXT_MM",
    "THESIS_MM",
    "band",
    "bands",
    "dots",
    "figure",
    "label_lines",
    "matrix",
    "notebook_parameters",
    "orientation_axis",
    "panel_letters",
    "raster",
    "save",
    "save_animation",
    "save_table",
    "show_frame",
    "summary_table",
    "traces",
    "use_style",
]

TEXT_MM, COLUMN_MM, THESIS_MM = 160.0, 78.0, 120.0
CYCLIC = "twilight"
OKABE_ITO = {
    "blue": "#0072B2",
    "vermillion": "#D55E00",
    "green": "#009E73",
    "purple": "#CC79A7",
    "orange": "#E69F00",
    "sky": "#56B4E9",
    "black": "#000000",
    "grey": "#7F7F7F",
    "yellow": "#F0E442",  # last: too pale for a line on white
}
COLOURS = list(OKABE_ITO.values())[:8]
MIN_SEEDS = 5  # with fewer, the seeds say more than an interval
FORMATS = {"pdf": {"CreationDate": None}, "svg": {"Date": None}, "png": {"Software": None}}
DPI = {"pdf": 200, "svg": 200, "png": 300}  # of pdf and svg: the rasterised artists
LIMIT_MB = {"gif": 2.0}  # others: 1
# What makes the bytes repeatable and the text editable holds for every saved figure, whatever its style.
OUTPUT = {"pdf.fonttype": 42, "svg.fonttype": "none", "svg.hashsalt": "neural-notebooks"}


# --- the page


def use_style() -> None:
    """Switch matplotlib to the style of the collection: 8 pt text at final size, open frames, embedded fonts."""
    import matplotlib.pyplot as plt

    plt.style.use(Path(__file__).with_name("thesis.mplstyle"))


def figure(
    n_rows: int = 1, n_cols: int = 1, *, width_mm: float = TEXT_MM, height_mm: float = 60.0, **options: Any
) -> tuple:
    """Return ``(fig, axes)`` of a given final size in millimetres; `options` go to ``plt.subplots``.

    ``TEXT_MM`` is the width of a page, ``COLUMN_MM`` of one of two columns, ``THESIS_MM`` of a narrow page. The
    environment variable NOTEBOOK_WIDTH_MM, if set, is the width of the page at hand: no figure is drawn wider, and
    height and size of the text stay. So ``NOTEBOOK_WIDTH_MM=120 make figs`` redraws everything for a narrow page.

    Raises
    ------
    ParameterError
        A side outside [10, 400] mm.

    Examples
    --------
    >>> fig, axes = figure(1, 2, width_mm=COLUMN_MM, height_mm=40)
    >>> axes.shape, [round(25.4 * float(inch)) for inch in fig.get_size_inches()]
    ((2,), [78, 40])
    """
    import matplotlib.pyplot as plt

    page = os.environ.get("NOTEBOOK_WIDTH_MM", "400")
    page = float(page) if page.replace(".", "", 1).isdigit() else page
    for name, value in (("width_mm", width_mm), ("height_mm", height_mm), ("NOTEBOOK_WIDTH_MM", page)):
        check_number(name, value, 10, 400)
    return plt.subplots(n_rows, n_cols, figsize=(min(width_mm, page) / 25.4, height_mm / 25.4), **options)


def panel_letters(axes, *, start: str = "A", x: float = -0.04, y: float = 1.03) -> list:
    """Write bold panel letters above the left end of each axes; returns the texts."""
    letters = (chr(ord(start) + i) for i in range(26))
    return [
        ax.annotate(letter, (x, y), xycoords="axes fraction", weight="bold", size=10, ha="right", va="bottom")
        for letter, ax in zip(letters, np.ravel(axes), strict=False)
    ]


def orientation_axis(ax, *, label: str = "orientation (deg)") -> None:
    """Label an x axis of radians in degrees over one period, [0, 180]."""
    ax.set_xticks(np.pi * np.arange(0, 5) / 4, ["0", "45", "90", "135", "180"])
    ax.set(xlim=(0, np.pi), xlabel=label)


def label_lines(ax, lines, *, where: str | None = "end", title: str | None = None) -> None:
    """Name lines by their labels, never on data.

    Parameters
    ----------
    lines : list of matplotlib.lines.Line2D
        With labels; a line without a finite value is left out.
    where : {"end", "right", None}
        "end": beside the axes at the height of the line's right end, in its colour; labels that would overlap are
        moved apart as little as possible, also those of several calls, and a thin line leads to each. The places
        are found when the figure is drawn, so limits and scales may change afterwards. "right": a legend right of
        the axes. None: no labels.
    title : str, optional
        Stands above the labels.
    """
    if where is None:
        return
    if check_choice("labels", where, ("end", "right")) == "right":
        ax.legend(handles=lines, title=title, loc="center left", bbox_to_anchor=(1, 0.5))
        return
    if title:
        ax.annotate(title, (1, 1), (4, 5), xycoords="axes fraction", textcoords="offset points", va="bottom")
    for line in lines:
        x, y = line.get_data()
        shown = np.flatnonzero(np.isfinite(y))
        if len(shown):
            leader = dict(arrowstyle="-", color=line.get_color(), linewidth=0.5, shrinkA=0, shrinkB=1, relpos=(0, 0.5))
            style = dict(color=line.get_color(), va="center", annotation_clip=False, arrowprops=leader, gid="line end")
            text = ax.annotate(line.get_label(), (x[shown[-1]], y[shown[-1]]), (0, 0), **style)
            text.anncoords = lambda renderer, text=text: _place(ax, text, renderer)
            if line.get_marker() in ("None", None, ""):  # a marker at the very edge would be cut
                line.sticky_edges.x.append(x[shown[-1]])


def _place(ax, text, renderer):
    """Return the shift to the place of one label: all labels of the axes in order, a line apart, near their ends."""
    from matplotlib.transforms import Affine2D
    from scipy.optimize import isotonic_regression

    point = renderer.points_to_pixels(1.0)
    texts = [other for other in ax.texts if other.get_gid() == "line end"]
    texts.sort(key=lambda other: other.xy[1])
    step = 1.2 * point * max(other.get_fontsize() * (1 + other.get_text().count("\n")) for other in texts)
    apart = step * np.arange(len(texts))
    bottom, top = ax.bbox.y0, max(ax.bbox.y0, ax.bbox.y1 - apart[-1])
    ends = np.clip([ax.transData.transform(other.xy)[1] for other in texts], ax.bbox.y0, ax.bbox.y1)
    places = np.clip(isotonic_regression(ends - apart).x, bottom, top) + apart
    return Affine2D().translate(ax.bbox.x1 + 4 * point, places[texts.index(text)])


# --- the plots of all rooms


def _colours(labels, colors):
    """Return one colour for each label, from a mapping, a list, or the palette."""
    found = [colors[label] for label in labels if label in colors] if isinstance(colors, Mapping) else colors or COLOURS
    if len(found) < len(labels):
        raise ParameterError(f"colors has {len(found)} for {len(labels)} labels; give one for each, or draw fewer")
    return found


def _carried(found, within):
    """Return where an interval may be drawn: enough seeds, and inside the possible range."""
    return (found.n >= MIN_SEEDS) & (found.low >= within[0]) & (found.high <= within[1])


def band(ax, x, values, *, level: float = 0.95, color=None, label=None, **options: Any):
    """Draw the mean over seeds (axis 0 of `values`) with its interval as a shade; returns the line."""
    values = check_array("values", values, shape=(None, len(x)), finite=False)
    s = summary(values, level=level)
    (line,) = ax.plot(x, s.mean, color=color, label=label, **options)
    ax.fill_between(x, s.low, s.high, color=line.get_color(), alpha=0.25, linewidth=0)
    return line


def bands(
    ax,
    x: np.ndarray,
    curves: Mapping[str, np.ndarray],
    *,
    level: float = 0.95,
    labels: str | None = "end",
    title: str | None = None,
    markers: bool = False,
    colors=None,
    within: tuple[float, float] = (-np.inf, np.inf),
) -> list:
    """Draw curves over `x`: the mean over seeds as a line, its Student t interval as a shade; returns the lines.

    Where fewer than five seeds carry the mean, or the interval leaves the possible range, the seeds stand as points
    in place of the interval.

    Parameters
    ----------
    x : array, shape (n_x,)
    curves : {label: array (n_seeds, n_x)}
        A single curve may have shape (n_x,); NaN is left out.
    level : float
        Coverage of the interval, in (0, 1).
    labels, title
        Where the labels stand and what stands above them, see :func:`label_lines`.
    markers : bool
        Mark the means, by another sign for each label.
    colors : list or {label: colour}, optional
        By default up to eight of Okabe and Ito.
    within : (low, high)
        The possible range, e.g. (0, 1) for a share.

    Examples
    --------
    >>> fig, ax = figure()
    >>> seeds = np.random.default_rng(0).random((8, 5))
    >>> lines = bands(ax, np.arange(5), {"plastic": seeds, "static": seeds / 2}, within=(0, 1))
    >>> [line.get_label() for line in lines]
    ['plastic', 'static']
    """
    x, lines = check_array("x", x, ndim=1), []
    styles = zip(curves.items(), _colours(curves, colors), itertools.cycle("osD^vP*X"), strict=False)
    for (label, values), colour, marker in styles:
        values = check_array(f"curves[{label!r}]", np.atleast_2d(values), shape=(None, len(x)), finite=False)
        s = summary(values, level=level)
        lines += ax.plot(x, s.mean, color=colour, label=label, marker=marker if markers else "None")
        shaded = _carried(s, within)
        shaded &= np.convolve(shaded, (1, 1, 1), "same") > 1  # a shade needs two neighbours
        ax.fill_between(x, s.low, s.high, where=shaded, color=colour, alpha=0.2, linewidth=0)
        if len(values) > 1 and not shaded.all():
            ax.plot(x, np.where(shaded, np.nan, values).T, ".", color=colour, alpha=0.5, markersize=2.5)
    label_lines(ax, lines, where=labels, title=title)
    return lines


def dots(
    ax,
    groups: Mapping[str, np.ndarray],
    *,
    x: np.ndarray | None = None,
    level: float = 0.95,
    labels: str | None = "end",
    title: str | None = None,
    colors=None,
    within: tuple[float, float] = (-np.inf, np.inf),
    width_pt: float = 8.0,
) -> list:
    """Draw every seed as a dot, and beside each strip of dots the mean with its interval; returns the means.

    The seeds stand in the same order in every strip. The interval is left out under five seeds, and where it leaves
    the possible range.

    Parameters
    ----------
    groups : {label: array (n_seeds,)}, or with `x` {label: array (n_x, n_seeds)}
        Without `x` the labels stand below their strips.
    x : array, shape (n_x,), optional
        Places of the strips; those of several labels stand side by side.
    level, labels, title, colors, within
        As for :func:`bands`.
    width_pt : float
        Width of a strip, points.

    Examples
    --------
    >>> fig, ax = figure()
    >>> means = dots(ax, {"static": [1.0, 1.2, 0.9], "plastic": [2.0, 2.2, 1.7]})
    >>> [text.get_text() for text in ax.get_xticklabels()]
    ['static', 'plastic']
    """
    from matplotlib.transforms import ScaledTranslation

    def shifted(points):
        return ax.transData + ScaledTranslation(points / 72, 0, ax.figure.dpi_scale_trans)

    check_number("width_pt", width_pt, 0, 100)
    lines = []
    for k, ((label, values), colour) in enumerate(zip(groups.items(), _colours(groups, colors), strict=False)):
        place = np.array([k]) if x is None else check_array("x", x, ndim=1)
        values = check_array(f"groups[{label!r}]", np.atleast_2d(values), shape=(len(place), None), finite=False)
        slot = 0 if x is None else (k - (len(groups) - 1) / 2) * (width_pt + 6)
        strip = slot + width_pt * ((np.arange(values.shape[1]) + 0.5) / values.shape[1] - 0.5) - 2
        for seed, shift in zip(values.T, strip, strict=True):
            ax.plot(place, seed, ".", color=colour, alpha=0.6, markersize=3, transform=shifted(shift))
        s = summary(values.T, level=level)
        bars = np.where(_carried(s, within), [s.mean - s.low, s.high - s.mean], np.nan)
        style = dict(color=colour, fmt="_", markersize=5, markeredgewidth=1.4, elinewidth=1.0, label=label)
        lines.append(ax.errorbar(place, s.mean, bars, transform=shifted(slot + width_pt / 2 + 2), **style)[0])
        ax.update_datalim(np.column_stack([np.repeat(place, values.shape[1]), values.ravel()]))
    if x is None:
        ax.set_xticks(range(len(groups)), list(groups) if labels else [""] * len(groups))
        ax.set_xlim(-0.6, len(groups) - 0.4)
    else:
        label_lines(ax, lines, where=labels, title=title)
    ax.autoscale_view()
    return lines


def raster(ax, times_ms, ids, *, color="black", size: float = 0.6):
    """Draw spikes as dots, rasterised; returns the artist."""
    (dots,) = ax.plot(times_ms, ids, ".", color=color, markersize=size, rasterized=True)
    ax.set(xlabel="time (ms)", ylabel="cell")
    return dots


def traces(ax, t, values, *, n_shown: int = 6, offset: float | None = None, colors=None) -> list:
    """Draw the first `n_shown` columns of `values` (n_t, n) against `t` (n_t,); returns the lines.

    With `offset` (in the unit of the values) each trace stands that much above the one before, and the ticks of the
    y axis are the numbers of the traces, from 0.

    Examples
    --------
    >>> fig, ax = figure()
    >>> len(traces(ax, np.arange(50) / 10, np.random.default_rng(0).normal(size=(50, 9)), offset=4))
    6
    """
    t = check_array("t", t, ndim=1)
    shown = check_array("values", values, shape=(len(t), None), finite=False)[:, : check_integer("n_shown", n_shown, 1)]
    n, lines = shown.shape[1], []
    for k, colour in zip(range(n), itertools.cycle(colors or COLOURS), strict=False):
        lines += ax.plot(t, shown[:, k] + k * (offset or 0), color=colour, linewidth=0.8)
    ax.set_xlim(t[0], t[-1])
    if offset:
        ax.set_yticks(offset * np.arange(n), range(n))
        ax.set_ylabel(f"trace, {offset:g} apart")
    return lines


def matrix(
    ax,
    values,
    *,
    label: str,
    cmap=None,
    symmetric: bool = False,
    xlabel: str = "column $j$",
    ylabel: str = "row $i$",
    origin: str = "upper",
    **options: Any,
):
    """Draw a matrix as an image with a colour bar; returns the image.

    Parameters
    ----------
    values : array, shape (n_rows, n_columns)
        NaN (no synapse) is light grey.
    label : str
        Of the colour bar: quantity and unit.
    symmetric : bool
        White is 0, and the two signs reach equally far.
    origin : {"upper", "lower"}
        Where row 0 lies.
    **options
        For ``ax.imshow``, e.g. vmin, vmax, extent, aspect.

    Examples
    --------
    >>> fig, ax = figure()
    >>> image = matrix(ax, [[0.5, -1.0], [0.25, 0.0]], label="weight (mV)", symmetric=True)
    >>> image.get_clim()
    (-1.0, 1.0)
    """
    import matplotlib

    values = check_array("values", values, ndim=2, finite=False)
    if symmetric:
        limit = float(np.max(np.abs(values), where=np.isfinite(values), initial=0))
        options = {"vmin": -limit, "vmax": limit, **options}
    colours = matplotlib.colormaps.get_cmap(cmap or ("RdBu_r" if symmetric else "viridis")).with_extremes(bad="0.85")
    image = ax.imshow(values, cmap=colours, origin=origin, rasterized=True, **options)
    ax.figure.colorbar(image, ax=ax, label=label)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    return image


def show_frame(ax, frame, **options: Any):
    """Draw a frame (N_x, N_y): x to the right, y upwards, so that angles are those of the formulas."""
    frame = check_array("frame", frame, ndim=2)
    artist = ax.imshow(frame.T, origin="lower", cmap=options.pop("cmap", "gray"), rasterized=True, **options)
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    return artist


# --- the files


def figs_folder() -> Path:
    """Return the folder of the figures: NOTEBOOK_FIGS if set, else ``figs/`` of the collection."""
    return Path(os.environ.get("NOTEBOOK_FIGS") or ROOT / "figs")


def save(fig, name: str, *, seed=None, params=None, caption: str = "") -> None:
    """Write a figure as pdf, svg and png (300 dpi) with a provenance json beside it; all of them or none.

    Parameters
    ----------
    fig : matplotlib.figure.Figure
    name : str
        "model/name", without suffix, below the figures folder.
    seed
        Recorded.
    params : parameter dataclass or mapping, optional
        Recorded, over the values of the notebook's cell tagged ``parameters``, see :func:`notebook_parameters`.
    caption : str
        Complete by itself, for a reader of the thesis who has not read the notebook: what each panel shows, for
        which network and size, what line, shade, dots and colours mean, the number of seeds, and the symbols.
        Markdown with formulas between dollar signs.

    Raises
    ------
    ParameterError
        A bad name, or no parameters: outside a notebook `params` must be given.
    OutputError
        The folder cannot be written, or a file is over 1 MB (rasterise dense artists).
    """
    import matplotlib

    if not hasattr(fig, "savefig"):
        raise ParameterError(f"fig is a {type(fig).__name__}; give a matplotlib Figure")
    record = _record("figure", name, seed, params, caption)
    fills = {
        suffix: lambda path, suffix=suffix: fig.savefig(path, format=suffix, metadata=FORMATS[suffix], dpi=DPI[suffix])
        for suffix in FORMATS
    }
    with matplotlib.rc_context(OUTPUT):
        _settle(fig)
        _write(name, record, fills)


def _settle(fig):
    """Lay the figure out once and round the places of its axes: the solver's last bits differ from run to run."""
    fig.draw_without_rendering()
    places = [(ax, ax.get_position(original=True).bounds) for ax in fig.axes]
    fig.set_layout_engine("none")
    for ax, bounds in places:
        ax.set_position(np.round(bounds, 5))


def save_animation(
    fig,
    draw: Callable[[int], object],
    name: str,
    *,
    n_frames: int,
    fps: float = 12.0,
    dpi: float = 110,
    seed=None,
    params=None,
    caption: str = "",
) -> None:
    """Write a looping GIF (at most 2 MB) of ``draw(k)`` for k = 0 .. n_frames - 1, with its provenance json.

    Parameters
    ----------
    fig : matplotlib.figure.Figure
        What `draw` changes; its size and `dpi` give the pixels.
    draw : callable
        Called with the frame number before each frame is rendered.
    n_frames : int
        At most 64.
    seed, params, caption
        As for :func:`save`.
    """
    from PIL import Image

    def fill(path):
        frames = []
        for k in range(n_frames):
            draw(k)
            page = io.BytesIO()
            fig.savefig(page, format="png", dpi=dpi)
            frames.append(Image.open(page).convert("RGB").quantize(64))
        options = dict(save_all=True, append_images=frames[1:], duration=round(1000 / fps), loop=0)
        frames[0].save(path, format="gif", **options)

    check_integer("n_frames", n_frames, 1, 64)
    check_number("fps", fps, 0, 50, low_open=True)
    _write(name, _record("animation", name, seed, params, caption), {"gif": fill})


def summary_table(label: str, results: Mapping[str, Any], columns: Mapping[str, Callable]) -> Table:
    """Return a Table with a row for each of {name: result} and a column for each of {head: function of a result}.

    Arrays over seeds become their mean with a 95 % interval; anything else is shown as it is.

    Examples
    --------
    >>> found = {"static": {"rate": np.array([1.0, 1.0])}, "plastic": {"rate": np.array([2.0, 2.0])}}
    >>> table = summary_table("network", found, {"rate (Hz)": lambda r: r["rate"], "seeds": lambda r: len(r["rate"])})
    >>> table.rows[1][0], str(table.rows[1][1]), table.rows[1][2]
    ('plastic', '2 [2, 2], n = 2', 2)
    """

    def shown(value):
        return summary(value) if isinstance(value, np.ndarray) and value.ndim else value

    rows = ((name, *(shown(column(found)) for column in columns.values())) for name, found in results.items())
    return Table((label, *columns), tuple(rows))


def save_table(table: Table, name: str, *, seed=None, params=None, caption: str = "") -> None:
    """Write a :class:`~helpers.parameters.Table` with its provenance json; all files or none.

    As shown: NAME.csv and NAME.tex (booktabs); as plain numeric columns: NAME.numeric.csv. `seed`, `params` and
    `caption` as for :func:`save`.
    """
    if not isinstance(table, Table):
        raise ParameterError(f"table is a {type(table).__name__}; give a helpers.parameters.Table")
    texts = {"csv": table.to_csv(), "tex": table.to_latex()}
    if hasattr(table, "to_numeric_csv"):
        texts["numeric.csv"] = table.to_numeric_csv()
    record = _record("table", name, seed, params, caption)
    _write(name, record, {suffix: _text(body) for suffix, body in texts.items()})


def _text(body):
    return lambda path: path.write_text(body.rstrip() + "\n", encoding="utf-8")


def _record(kind, name, seed, params, caption):
    """Return what the json holds, after a look at the name: files of two kinds would share their json."""
    parts = Path(str(name)).parts
    if len(parts) != 2 or ".." in parts or Path(str(name)).suffix or os.path.isabs(str(name)):
        raise ParameterError(f"name = {name!r} is not of the form 'model/name' without suffix")
    with contextlib.suppress(OSError, ValueError):
        if kind not in json.loads((figs_folder() / f"{name}.json").read_text(encoding="utf-8")):
            raise OutputError(f"name = {name!r} is taken, but not by a {kind}; choose another name")
    known = notebook_parameters()
    if params is None and not known:
        raise ParameterError("params = None records nothing; give the parameters that the result depends on")
    record = provenance(seed=seed, params=[known, {} if params is None else params])
    known, given = record["parameters"]
    if not isinstance(given, dict):
        raise ParameterError(f"params is a {type(params).__name__}; give a mapping or a parameter dataclass")
    return {kind: name, "caption": caption, **record, "parameters": {**known, **given}}


def notebook_parameters() -> dict[str, Any]:
    """Return the plain values that the running notebook's cell tagged ``parameters`` assigns; {} outside a notebook.

    Plain are numbers, text, arrays, parameter dataclasses, and lists, tuples and mappings of these. Where the kernel
    does not know its notebook, those of all names in capitals are taken.
    """
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is None:
        return {}
    announced = os.environ.get("JPY_SESSION_NAME") or shell.user_ns.get("__vsc_ipynb_file__", "")
    names = _assigned(Path(announced), shell) if announced.endswith(".ipynb") else []
    names = names or [name for name in shell.user_ns if name.isupper()]
    return {name: shell.user_ns[name] for name in names if _is_plain(shell.user_ns.get(name, print))}


def _assigned(notebook, shell):
    """Return the names that the cell tagged ``parameters`` assigns, in order; none if the file is not there."""
    places = [notebook, *(ROOT / folder / notebook.name for folder in ("FINAL_notebooks", "dev"))]
    path = next((place for place in places if place.is_file()), None)
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"] if path else []
    sources = ["".join(cell["source"]) for cell in cells if "parameters" in cell["metadata"].get("tags", [])]
    names = []
    for statement in ast.parse(shell.transform_cell("\n".join(sources))).body:
        for target in getattr(statement, "targets", [getattr(statement, "target", None)]):
            names += [node.id for node in ast.walk(target or ast.Pass()) if isinstance(node, ast.Name)]
    return names


def _is_plain(value):
    if is_dataclass(value) and not isinstance(value, type):
        value = vars(value)
    if isinstance(value, Mapping):
        return all(map(_is_plain, value.values()))
    if isinstance(value, (list, tuple)):
        return all(map(_is_plain, value))
    return value is None or np.asarray(value).dtype.kind in "biufU"


def _write(name, record, fills):
    """Fill the files of one name and its json, each within its size, and only then give them their names."""
    base = figs_folder() / name

    def limited(suffix, fill):
        def write(draft):
            fill(draft)
            size_mb, limit = draft.stat().st_size / 1e6, LIMIT_MB.get(suffix, 1.0)
            if size_mb > limit:
                raise OutputError(f"{base.name}.{suffix} has {size_mb:.1f} MB; allowed: {limit:g}; rasterise artists")

        return write

    fills = {**fills, "json": _text(json.dumps(record, indent=1, ensure_ascii=False))}
    write_all({base.with_name(f"{base.name}.{suffix}"): limited(suffix, fill) for suffix, fill in fills.items()})
