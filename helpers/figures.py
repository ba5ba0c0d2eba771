"""One look for every figure, the plots that all rooms share, and the only place that writes a figure.

Sizes are millimetres at final print size; colours are the Okabe-Ito palette, which survives red-green blindness;
orientation, being cyclic, takes a cyclic map. Plot functions take axes and data, return artists, and neither show nor
save. No legend lies on data. An interval needs five seeds and a place in the possible range, else the seeds are shown.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import re
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from symtable import symtable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from helpers.language import translate
from helpers.parameters import (
    OutputError,
    ParameterError,
    Table,
    check_array,
    check_integer,
    check_number,
    doors,
    short,
)
from helpers.runs import ROOT, current_notebook, notebook_cells, provenance, summary
from helpers.storage import DamagedFile, in_memory, read_json, sealed, write_all

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

__all__ = [
    "band", "bands", "dots", "figure", "label_lines", "matrix", "notebook_parameters", "orientation_axis",
    "panel_letters", "raster", "save", "save_animation", "save_table", "show_frame", "summary_table", "traces",
    "use_style",
]  # fmt: skip

TEXT_MM, COLUMN_MM, THESIS_MM = 160.0, 78.0, 120.0
CYCLIC = "twilight"
OKABE_ITO = {"blue": "#0072B2", "vermillion": "#D55E00", "green": "#009E73", "purple": "#CC79A7", "orange": "#E69F00"}
OKABE_ITO |= {"sky": "#56B4E9", "black": "#000000", "grey": "#7F7F7F", "yellow": "#F0E442"}  # yellow is pale on white
COLOURS = list(OKABE_ITO.values())[:8]
ANYWHERE = (-np.inf, np.inf)
MIN_SEEDS = 5  # fewer say more as points than as an interval
FORMATS = {"pdf": {"CreationDate": None}, "svg": {"Date": None}, "png": {"Software": None}}
DPI = {"pdf": 200, "svg": 200, "png": 300}  # of pdf and svg: what is rasterised in them
# What makes the bytes repeatable and the text editable holds for every saved figure, whatever its style.
OUTPUT = {"pdf.fonttype": 42, "svg.fonttype": "none", "svg.hashsalt": "neural-notebooks"}
LAID_OUT = {"figure.constrained_layout.use": False, "figure.autolayout": False}  # a layout engine draws each file twice


def use_style() -> None:
    """Switch matplotlib to the style of the collection: 8 pt text at final size, open frames, embedded fonts."""
    import matplotlib.pyplot as plt

    plt.style.use(Path(__file__).with_name("thesis.mplstyle"))


def figure(
    n_rows: int = 1, n_cols: int = 1, *, width_mm: float = TEXT_MM, height_mm: float = 60.0, **options: Any
) -> tuple[Figure, Any]:
    """Return ``(fig, axes)`` of a final size in millimetres, sides in [10, 400]; `options` go to ``plt.subplots``.

    No figure is wider than the environment variable NOTEBOOK_WIDTH_MM, if it is set; height and text keep their size.
    So ``NOTEBOOK_WIDTH_MM=120 make figs`` redraws everything for a thesis of one narrow column.
    """
    import matplotlib.pyplot as plt

    n_rows, n_cols = check_integer("n_rows", n_rows, 1, 100), check_integer("n_cols", n_cols, 1, 100)
    page_mm = check_number("NOTEBOOK_WIDTH_MM", float(os.environ.get("NOTEBOOK_WIDTH_MM") or 400), 10, 400)
    width_mm = min(check_number("width_mm", width_mm, 10, 400), page_mm)
    height_mm = check_number("height_mm", height_mm, 10, 400)
    return plt.subplots(n_rows, n_cols, figsize=(width_mm / 25.4, height_mm / 25.4), **options)


def check_axes(axes: Any, n: int | None = None) -> None:
    """Raise a ParameterError if `axes` are not `n` axes of matplotlib; without `n`, any number of them."""
    found = list(np.ravel(np.array(axes, object)))
    if not all(hasattr(ax, "add_artist") for ax in found) or len(found) != (len(found) if n is None else n):
        raise ParameterError(f"axes is no list of {n or ''} axes; give those of figures.figure(n_rows, n_cols)")


def check_colours(name: str, colours: Any) -> list:
    """Return the colours in `colours`, one or a list, if matplotlib knows them, else raise a ParameterError."""
    from matplotlib.colors import is_color_like

    given = [colours] if isinstance(colours, str) or is_color_like(colours) else colours
    given = list(given) if np.iterable(given) else [given]
    if not given or not all(map(is_color_like, given)):
        raise ParameterError(f"{name} = {short(colours)} is no colour, nor a list of some; give names or #RRGGBB")
    return given


def panel_letters(axes: Any, *, start: str = "A", x: float = -0.04, y: float = 1.03) -> list:
    """Write bold panel letters above the left end of each axes; returns the texts."""
    texts = []
    check_axes(axes)
    for k, ax in enumerate(np.ravel(axes)):
        style = dict(xycoords="axes fraction", weight="bold", size=10, ha="right", va="bottom")
        texts.append(ax.annotate(chr(ord(start) + k), (x, y), **style))
    return texts


def orientation_axis(ax: Axes, *, label: str = "orientation (deg)") -> None:
    """Label an x axis of radians in degrees over one period, [0, 180]."""
    ax.set_xticks(np.pi * np.arange(0, 5) / 4, ["0", "45", "90", "135", "180"])
    ax.set(xlim=(0, np.pi), xlabel=label)


def label_lines(ax: Axes, lines: list[Line2D], *, where: str | None = "end", title: str | None = None) -> None:
    """Write the labels of lines, below a title, where they lie on no data: at the "end", "right" (a legend) or None.

    "end": beside the axes, as high as the right end of each line, in its colour, a thin line leading there; moved apart
    (least squares) where labels would overlap, at the time of drawing, so that limits and scales may change later.
    """
    if where not in ("end", "right", None):
        raise ParameterError(f"labels = {short(where)} is no place; allowed: 'end', 'right' or None")
    if where == "right":
        ax.legend(handles=lines, title=title, loc="center left", bbox_to_anchor=(1, 0.5))
    if where != "end":
        return
    ax.annotate(title or "", (1, 1), (4, 5), xycoords="axes fraction", textcoords="offset points", va="bottom")
    for line in lines:
        (x, y), color = line.get_data(), line.get_color()
        style = dict(color=color, va="center", annotation_clip=False, gid="line end")
        if line.get_linestyle() != "None":  # a leader would cross other marks
            style["arrowprops"] = dict(arrowstyle="-", color=color, lw=0.5, shrinkA=0, shrinkB=1, relpos=(0, 0.5))
        for end in np.isfinite(y).nonzero()[0][-1:]:  # none of a line that is nowhere
            text = ax.annotate(line.get_label(), (x[end], y[end]), (0, 0), **style)
            text.anncoords = partial(_beside, ax, text)


def _beside(ax, text, renderer):
    """Return the shift to the place of one label among all labels of the axes: in order, a line apart."""
    from matplotlib.transforms import Affine2D
    from scipy.optimize import isotonic_regression

    def height(label):
        return ax.transData.transform(label.xy)[1]

    labels = sorted((label for label in ax.texts if label.get_gid() == "line end"), key=height)
    point = renderer.points_to_pixels(1.0)
    size = max(label.get_fontsize() * (1 + label.get_text().count("\n")) for label in labels)
    apart = 1.2 * size * point * np.arange(len(labels))
    places = isotonic_regression(np.clip(list(map(height, labels)), ax.bbox.y0, ax.bbox.y1) - apart).x
    places = np.clip(places, ax.bbox.y0, max(ax.bbox.y0, ax.bbox.y1 - apart[-1])) + apart
    return Affine2D().translate(ax.bbox.x1 + 4 * point, places[labels.index(text)])


def band(ax: Axes, x: ArrayLike, values: ArrayLike, *, level: float = 0.95, **options: Any) -> Any:
    """Draw the mean over seeds (axis 0 of `values`) with its interval as a shade; returns the line."""
    x = check_array("x", x, ndim=1)
    s = summary(check_array("values", values, shape=(None, len(x)), finite=False), level=level)
    (line,) = ax.plot(x, s.mean, **options)
    ax.fill_between(x, s.low, s.high, color=line.get_color(), alpha=0.25, linewidth=0)
    return line


def bands(
    ax: Axes, x: ArrayLike, curves: Mapping[str, ArrayLike], *, level: float = 0.95, labels: str | None = "end",
    title: str | None = None, markers: bool = False, colors: Any = None, within: tuple[float, float] = ANYWHERE,
) -> list:  # fmt: skip
    """Draw curves: the mean over seeds as a line, its Student t interval as a shade; returns the lines.

    Where fewer than five seeds carry the mean, or the interval leaves the possible range, seeds stand as points.

    `curves` is {label: array (n_seeds, n_x)}, NaN left out; a single curve may have shape (n_x,), as `x` has. `level`,
    in (0, 1), is the coverage of the interval, `within` the possible range (low, high). `labels` ("end", "right", None)
    and `title` are those of :func:`label_lines`; `markers` mark the means, by another sign for each label; `colors` is
    a list or {label: colour}, by default up to eight of Okabe and Ito.

    >>> fig, ax = figure()
    >>> shares = np.random.default_rng(0).random((8, 5))
    >>> lines = bands(ax, np.arange(5), {"plastic": shares, "static": shares / 2}, within=(0, 1))
    >>> [line.get_label() for line in lines]
    ['plastic', 'static']
    """
    x, colors, lines = check_array("x", x, ndim=1), _colours(curves, colors), []
    for k, (label, values) in enumerate(curves.items()):
        values = _rows(f"curves[{short(label)}]", values, (None, len(x)))
        s, shaded = _intervals(values, level, within)
        marker = "osD^vP*X"[k % 8] if markers else "None"
        lines += ax.plot(x, s.mean, color=colors[label], label=label, marker=marker)
        shaded &= np.convolve(shaded, (1, 1, 1))[1:-1] > 1  # a shade needs a neighbour
        ax.fill_between(x, s.low, s.high, where=shaded, color=colors[label], alpha=0.2, linewidth=0)
        if len(values) > 1 and not shaded.all():
            ax.plot(x, np.where(shaded, np.nan, values).T, ".", color=colors[label], alpha=0.5, markersize=2.5)
    label_lines(ax, lines, where=labels, title=title)
    return lines


def dots(
    ax: Axes, groups: Mapping[str, ArrayLike], *, x: ArrayLike | None = None, level: float = 0.95,
    labels: str | None = "end", colors: Any = None, within: tuple[float, float] = ANYWHERE,
) -> list:  # fmt: skip
    """Draw every seed as a dot, and beside each strip of dots the mean with its interval; returns the means.

    `groups` is {label: array (n_seeds,)}, the labels below their strips, or with `x`, shape (n_x,), {label: array
    (n_x, n_seeds)}, the strips of several labels side by side. Intervals under five seeds or beyond the possible range
    are left out; the other arguments are those of :func:`bands`.

    >>> fig, ax = figure()
    >>> means = dots(ax, {"static": [1.0, 1.2, 0.9], "plastic": [2.0, 2.2, 1.7]})
    >>> [text.get_text() for text in ax.get_xticklabels()]
    ['static', 'plastic']
    """
    from matplotlib.transforms import offset_copy

    lines, n, colors = [], len(groups), _colours(groups, colors)
    places = None if x is None else check_array("x", x, ndim=1)
    shifted = partial(offset_copy, ax.transData, ax.figure, units="points")
    for k, (label, values) in enumerate(groups.items()):
        place, slot = ([k], 0) if x is None else (places, 10 * (k - (n - 1) / 2))
        values = _rows(f"groups[{short(label)}]", values, (len(place), None))
        ax.plot(place, values, ".", color=colors[label], alpha=0.5, markersize=4, transform=shifted(slot - 2))
        ax.update_datalim(np.column_stack([np.repeat(place, values.shape[1]), values.ravel()]))
        s, carried = _intervals(values.T, level, within)
        half = np.where(carried, s.high - s.mean, np.nan)
        style = dict(color=colors[label], fmt="_", markersize=5, markeredgewidth=1.4, elinewidth=1.0)
        lines.append(ax.errorbar(place, s.mean, half, transform=shifted(slot + 2.5), **style)[0])
        lines[-1].set_label(label)
    if x is None:
        ax.set_xticks(range(n), list(groups) if labels else [""] * n)
        ax.set_xlim(-0.6, n - 0.4)
    else:
        ax.margins(x=0.06 + 10 * n / (ax.bbox.width * 72 / ax.figure.dpi))  # the layout may yet shrink it
        label_lines(ax, lines, where=labels)
    ax.autoscale_view()
    return lines


def _colours(labels, colors):
    """Return {label: colour} from a mapping, a list, or the palette."""
    if not isinstance(colors, Mapping):
        colors = dict(zip(labels, COLOURS if colors is None else check_colours("colors", colors), strict=False))
    if missing := sorted(set(labels) - set(colors)):
        raise ParameterError(f"colors has none for {short(missing)}; give one for each of {len(labels)}, or draw fewer")
    return colors


def _rows(name, values, shape):
    """Return checked values with two axes, also where a single row is given without its first."""
    values = np.atleast_2d(check_array(name, values, finite=False))
    return check_array(name, values, shape=shape, finite=False)


def _intervals(values, level, within):
    """Return the summary over seeds (axis 0), and where they carry an interval that lies in the possible range."""
    low, high = check_array("within", within, shape=(2,), finite=False)
    s = summary(values, level=level)
    return s, (s.n >= MIN_SEEDS) & (s.low >= low) & (s.high <= high)


def raster(ax: Axes, times_ms: ArrayLike, ids: ArrayLike, *, color: Any = "black", size: float = 0.6) -> Any:
    """Draw spikes as dots, rasterised; returns the artist. `ids`, shape (n_spikes,), are the heights of the dots."""
    check_colours("color", color)
    times_ms = check_array("times_ms", times_ms, ndim=1, empty=True)
    ids = check_array("ids", ids, shape=times_ms.shape, empty=True)
    (spikes,) = ax.plot(times_ms, ids, ".", color=color, markersize=size, rasterized=True)
    ax.set(xlabel="time (ms)", ylabel="cell")
    return spikes


def traces(
    ax: Axes, t: ArrayLike, values: ArrayLike, *, n_shown: int = 6, offset: float = 0, colors: Any = None
) -> list:
    """Draw the first `n_shown` columns of `values` (n_t, n) against `t` (n_t,); returns the lines.

    With `offset` (unit of the values) each stands that much above the one before, and the y axis numbers them from 0.

    >>> fig, ax = figure()
    >>> len(traces(ax, np.arange(50) / 10, np.random.default_rng(0).normal(size=(50, 9)), offset=4))
    6
    """
    t, offset, lines = check_array("t", t, ndim=1), check_number("offset", offset), []
    values = check_array("values", values, shape=(len(t), None), finite=False)
    colors = COLOURS if colors is None else check_colours("colors", colors)
    for k, trace in enumerate(values.T[: check_integer("n_shown", n_shown, 1)]):
        lines += ax.plot(t, trace + k * offset, color=colors[k % len(colors)], linewidth=0.8)
    ax.set_xlim(t[0], t[-1])
    if offset:
        ax.set_yticks(offset * np.arange(len(lines)), range(len(lines)))
        ax.set_ylabel(f"trace, {offset:g} apart")
    return lines


def matrix(ax: Axes, values: ArrayLike, *, label: str, symmetric: bool = False, **options: Any) -> Any:
    """Draw a matrix as an image, row 0 on top, with a colour bar; returns the image.

    NaN (no synapse) is light grey; `label` gives quantity and unit of the colours; if `symmetric`, white is 0 and both
    signs reach equally far. `options` are xlabel, ylabel, and those of ``imshow``: cmap, vmin, vmax, extent, origin.

    >>> fig, ax = figure()
    >>> matrix(ax, [[0.5, -1.0], [0.25, 0.0]], label="weight (mV)", symmetric=True).get_clim()
    (-1.0, 1.0)
    """
    values = check_array("values", values, ndim=2, finite=False)
    options = dict(cmap="RdBu_r" if symmetric else "viridis", rasterized=True) | options
    if symmetric:
        limit = float(np.max(np.abs(values), where=np.isfinite(values), initial=0))
        options = dict(vmin=-limit, vmax=limit) | options
    ax.set(xlabel=options.pop("xlabel", "column $j$"), ylabel=options.pop("ylabel", "row $i$"))
    image = ax.imshow(values, **options)
    image.set_cmap(image.cmap.with_extremes(bad="0.85"))
    ax.figure.colorbar(image, ax=ax, label=label)
    return image


def show_frame(ax: Axes, frame: ArrayLike, **options: Any) -> Any:
    """Draw a frame (N_x, N_y): x to the right, y upwards, so that angles are those of the formulas."""
    frame = check_array("frame", frame, ndim=2)
    artist = ax.imshow(frame.T, origin="lower", cmap=options.pop("cmap", "gray"), rasterized=True, **options)
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    return artist


def figs_folder() -> Path:
    """Return the folder of the figures: NOTEBOOK_FIGS if set, else ``figs/`` of the collection."""
    return Path(os.environ.get("NOTEBOOK_FIGS") or ROOT / "figs")


def save(fig: Figure, name: str, *, seed: Any = None, params: Any = None, caption: str = "") -> None:
    """Write a figure as pdf, svg and png (300 dpi) with a provenance json beside it; all of them or none.

    Parameters
    ----------
    name : str
        "model/name", without suffix, below the figures folder.
    seed, params : optional
        Recorded; `params` (dataclass or mapping) over the :func:`notebook_parameters`, and needed without a notebook.
    caption : str
        Complete by itself, for someone who has not read the notebook: what each panel shows, of which network and
        size, what lines, shades, dots and colours mean, how many seeds, every symbol. Markdown, formulas between $.

    With NOTEBOOK_LANGUAGE=fr the labels are written in French (:mod:`helpers.language`), here and in the notebook.
    """
    import matplotlib

    files = {s: partial(fig.savefig, format=s, metadata=FORMATS[s], dpi=DPI[s]) for s in FORMATS}
    translate(fig)
    with matplotlib.rc_context(OUTPUT | LAID_OUT):
        fig.draw_without_rendering()  # lays the figure out
        fig.set_layout_engine(None)
        for ax in fig.axes:  # the last bits of the layout differ from run to run
            ax.set_position(np.round(ax.get_position(original=True).bounds, 5))
        _write("figure", name, files, seed=seed, params=params, caption=caption)


def save_animation(
    fig: Figure, draw: Callable, name: str, *, n_frames: int, fps: float = 12.5, dpi: float = 110, **recorded: Any
) -> None:
    """Write a looping GIF (at most 2 MB, 64 frames) of ``draw(k)`` for k = 0 .. n_frames - 1, with its provenance.

    `draw` changes `fig`, whose size gives the pixels with `dpi`; `fps`, 0.01 to 50, is rounded as by
    :func:`helpers.movies.write_movie`; `recorded` are seed, params and caption, as for :func:`save`.
    """
    from PIL import Image

    from helpers.movies import gif_frame_ms

    n_frames, dpi = check_integer("n_frames", n_frames, 1, 64), check_number("dpi", dpi, 1, 1000)
    duration_ms = gif_frame_ms(f"{name}.gif", check_number("fps", fps, 0.01, 50), stacklevel=4)

    def fill(draft):
        frames = []
        for k in range(n_frames):
            draw(k)
            translate(fig)
            page = io.BytesIO()
            fig.savefig(page, format="png", dpi=dpi)
            frames.append(Image.open(page).convert("RGB").quantize(64))
        frames[0].save(draft, format="gif", save_all=True, append_images=frames[1:], duration=duration_ms, loop=0)

    _write("animation", name, {"gif": fill}, **recorded)


def summary_table(label: str, results: Mapping[str, Any], columns: Mapping[str, Callable]) -> Table:
    """Return a Table with a row for each of {name: result} and a column for each of {head: function of a result}.

    Arrays over seeds become their mean with a 95 % interval; anything else is shown as it is.

    >>> found = {"static": {"rate": np.array([1.0, 1.0])}, "plastic": {"rate": np.array([2.0, 2.0])}}
    >>> table = summary_table("network", found, {"rate (Hz)": lambda r: r["rate"], "seeds": lambda r: len(r["rate"])})
    >>> table.rows[1][0], str(table.rows[1][1]), table.rows[1][2]
    ('plastic', '2 [2, 2], n = 2', 2)
    """
    for head, column in columns.items():
        if not callable(column):
            raise ParameterError(f"columns[{short(head)}] = {short(column)} is no function; give one of a result")
    rows = []
    for name, found in results.items():
        row = [name]
        for column in columns.values():
            cell = column(found)
            row.append(summary(cell) if isinstance(cell, np.ndarray) and cell.ndim else cell)
        rows.append(tuple(row))
    return Table((label, *columns), tuple(rows))


def save_table(table: Table, name: str, *, seed: Any = None, params: Any = None, caption: str = "") -> None:
    """Write a table as shown (csv, tex with booktabs) and as plain numbers (NAME.numeric.csv); see :func:`save`."""
    files = {"csv": table.to_csv(), "tex": table.to_latex(), "numeric.csv": table.to_numeric_csv()}
    _write("table", name, files, seed=seed, params=params, caption=caption)


def _record(kind, name, seed=None, params=None, caption=""):
    """Return what the json holds, after a look at the name: files of two kinds would share their json."""
    if not re.fullmatch(r"[\w-]+/[\w-]+", str(name)):
        raise ParameterError(f"name = {short(name)} is not of the form 'model/name' without suffix")
    with contextlib.suppress(DamagedFile):  # not there, or drawn again
        if kind not in read_json(figs_folder() / f"{name}.json"):
            raise OutputError(f"name = {short(name)} is taken, but not by a {kind}; choose another name")
    known = notebook_parameters()
    if params is None and not known:
        raise ParameterError("params = None leaves no way to repeat this; give the parameters it depends on")
    record = provenance(seed=seed, params=[known, {} if params is None else params])
    known, given = record["parameters"]
    if not isinstance(given, dict):
        raise ParameterError(f"params is a {type(params).__name__}; give a mapping or a parameter dataclass")
    return {kind: name, "caption": caption, **record, "parameters": known | given}


def _write(kind, name, files, **recorded):
    """Write the files of one name, {suffix: text or function of a path}, and its json with their digests, in size."""
    record = _record(kind, name, **recorded) | {"files": {}}

    def fill(suffix, draft):
        content = sealed(record) if suffix == "json" else files[suffix]
        if isinstance(content, str):
            draft.write_text(content.rstrip() + "\n", encoding="utf-8")
        else:
            in_memory(content)(draft)
        record["files"][suffix] = hashlib.sha256(draft.read_bytes()).hexdigest()
        size_mb, limit = draft.stat().st_size / 1e6, 2 if suffix == "gif" else 1
        if size_mb > limit:
            raise OutputError(f"{name}.{suffix} has {size_mb:.1f} MB; allowed: {limit}; rasterise dense artists")

    write_all({figs_folder() / f"{name}.{suffix}": partial(fill, suffix) for suffix in (*files, "json")})


def notebook_parameters() -> dict[str, Any]:
    """Return the plain values that the running notebook's cell tagged ``parameters`` assigns; {} outside a notebook.

    Plain are numbers, text, arrays, dataclasses, and lists, tuples and mappings of these. A kernel that does not know
    its notebook gives those of all names in capitals of two letters and more.
    """
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is None:
        return {}
    path, names = current_notebook(), [name for name in shell.user_ns if name.isupper() and len(name) > 1]
    for cell in notebook_cells(path) if path else ():
        if "parameters" in cell["tags"]:
            with contextlib.suppress(SyntaxError):  # the file is edited just now
                table = symtable(shell.transform_cell(cell["source"]), "parameters", "exec")
                names = [symbol.get_name() for symbol in table.get_symbols() if symbol.is_assigned()]
    return {name: shell.user_ns[name] for name in names if name in shell.user_ns and _is_plain(shell.user_ns[name])}


def _is_plain(value):
    if hasattr(type(value), "__dataclass_fields__"):
        value = [getattr(value, name) for name in value.__dataclass_fields__]
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return all(map(_is_plain, value))
    number_or_text = isinstance(value, (int, float, str, np.ndarray, np.generic))
    return value is None or (number_or_text and np.asarray(value).dtype.kind in "biufU" and np.size(value) <= 1000)


doors(globals())
