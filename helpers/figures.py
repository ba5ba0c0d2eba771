"""One look for every figure, and the only place that writes one.

Sizes are millimetres at final print size; colours are the Okabe-Ito palette, which survives red-green blindness;
orientation, being cyclic, takes a cyclic map. Plot functions take axes and return artists; :func:`save` writes.
"""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

import numpy as np

from helpers.parameters import OutputError, ParameterError, Table, check_array, check_integer, check_number
from helpers.runs import ROOT, provenance, summary

__all__ = [
    "COLUMN_MM",
    "CYCLIC",
    "OKABE_ITO",
    "TEXT_MM",
    "band",
    "figure",
    "orientation_axis",
    "panel_letters",
    "raster",
    "save",
    "save_animation",
    "save_table",
    "show_frame",
    "summary_table",
    "use_style",
]

TEXT_MM, COLUMN_MM = 160.0, 78.0
CYCLIC = "twilight"
OKABE_ITO = {
    "blue": "#0072B2",
    "vermillion": "#D55E00",
    "green": "#009E73",
    "purple": "#CC79A7",
    "orange": "#E69F00",
    "sky": "#56B4E9",
    "black": "#000000",
    "yellow": "#F0E442",
    "grey": "#7F7F7F",
}
FORMATS = {"pdf": {"CreationDate": None}, "svg": {"Date": None}, "png": {"Software": None}}
# What makes the bytes repeatable and the text editable holds for every saved figure, whatever its style.
OUTPUT = {"pdf.fonttype": 42, "svg.fonttype": "none", "svg.hashsalt": "neural-notebooks"}
LIMIT_MB = 1.0


def use_style():
    """Switch matplotlib to the style of the collection."""
    import matplotlib.pyplot as plt

    plt.style.use(Path(__file__).with_name("thesis.mplstyle"))


def figure(n_rows=1, n_cols=1, *, width_mm=TEXT_MM, height_mm=60.0, **options):
    """Return ``(fig, axes)`` of a given final size in millimetres; `options` go to ``plt.subplots``."""
    import matplotlib.pyplot as plt

    for name, value in (("width_mm", width_mm), ("height_mm", height_mm)):
        check_number(name, value, 10, 400)
    return plt.subplots(n_rows, n_cols, figsize=(width_mm / 25.4, height_mm / 25.4), **options)


def panel_letters(axes, *, start="A", x=-0.04, y=1.03):
    """Write bold panel letters above the left end of each axes; returns the texts."""
    letters = (chr(ord(start) + i) for i in range(26))
    return [
        ax.annotate(letter, (x, y), xycoords="axes fraction", weight="bold", size=10, ha="right", va="bottom")
        for letter, ax in zip(letters, np.ravel(axes), strict=False)
    ]


def show_frame(ax, frame, **options):
    """Draw a frame (N_x, N_y): x to the right, y upwards, so that angles are those of the formulas."""
    frame = check_array("frame", frame, ndim=2)
    artist = ax.imshow(frame.T, origin="lower", cmap=options.pop("cmap", "gray"), rasterized=True, **options)
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    return artist


def orientation_axis(ax, *, label="orientation (deg)"):
    """Label an x axis of radians in degrees over one period, [0, 180]."""
    ax.set_xticks(np.pi * np.arange(0, 5) / 4, ["0", "45", "90", "135", "180"])
    ax.set(xlim=(0, np.pi), xlabel=label)


def band(ax, x, values, *, level=0.95, color=None, label=None, **options):
    """Draw the mean over seeds (axis 0 of `values`) with its interval as a shade; returns the line."""
    values = check_array("values", values, shape=(None, len(x)), finite=False)
    s = summary(values, level=level)
    (line,) = ax.plot(x, s.mean, color=color, label=label, **options)
    ax.fill_between(x, s.low, s.high, color=line.get_color(), alpha=0.25, linewidth=0)
    return line


def raster(ax, times_ms, ids, *, color="black", size=0.6):
    """Draw spikes as dots, rasterised; returns the artist."""
    (dots,) = ax.plot(times_ms, ids, ".", color=color, markersize=size, rasterized=True)
    ax.set(xlabel="time (ms)", ylabel="cell")
    return dots


def figs_folder():
    """Return the folder of the figures: NOTEBOOK_FIGS if set, else ``figs/`` of the collection."""
    return Path(os.environ.get("NOTEBOOK_FIGS") or ROOT / "figs")


def save(fig, name, *, seed=None, params=None, caption=""):
    """Write a figure as pdf, svg and png with a provenance json beside it; all of them or none.

    Parameters
    ----------
    fig : matplotlib.figure.Figure
    name : str
        "model/name", without suffix, below the figures folder.
    seed, params
        Recorded; `params` may be a parameter dataclass or a mapping.
    caption : str
        What to see; recorded for the thesis export.

    Raises
    ------
    OutputError
        The folder cannot be written, or a file is over 1 MB (rasterise dense artists).
    """
    import matplotlib

    base = _base(name, "figure")
    if not hasattr(fig, "savefig"):
        raise ParameterError(f"fig is a {type(fig).__name__}; give a matplotlib Figure")
    record = {"figure": name, "caption": caption, **provenance(seed=seed, params=params)}
    writers = {
        suffix: lambda path, suffix=suffix, meta=meta: fig.savefig(path, format=suffix, metadata=meta)
        for suffix, meta in FORMATS.items()
    }
    writers["json"] = _text_writer(json.dumps(record, indent=1, ensure_ascii=False))
    with matplotlib.rc_context(OUTPUT):
        _settle(fig)
        _write_all(base, writers)


def _settle(fig):
    """Lay the figure out once and round the places of its axes: the solver's last bits differ from run to run."""
    fig.draw_without_rendering()
    places = [(ax, ax.get_position(original=True).bounds) for ax in fig.axes]
    fig.set_layout_engine("none")
    for ax, bounds in places:
        ax.set_position(np.round(bounds, 5))


def save_animation(fig, draw, name, *, n_frames, fps=12.0, dpi=110, seed=None, params=None, caption=""):
    """Write a looping GIF (at most 2 MB) of ``draw(k)`` for k = 0 .. n_frames - 1, with its provenance json.

    Parameters
    ----------
    fig : matplotlib.figure.Figure
        What `draw` changes; its size and `dpi` give the pixels.
    draw : callable
        Called with the frame number before each frame is rendered.
    n_frames : int
        At most 64.
    """
    check_integer("n_frames", n_frames, 1, 64)
    check_number("fps", fps, 0, 50, low_open=True)
    record = {"animation": name, "caption": caption, **provenance(seed=seed, params=params)}
    frames = [_rendered(fig, draw, k, dpi) for k in range(n_frames)]
    options = dict(format="gif", save_all=True, append_images=frames[1:], duration=round(1000 / fps), loop=0)
    writers = {"gif": lambda path: frames[0].save(path, **options)}
    writers["json"] = _text_writer(json.dumps(record, indent=1, ensure_ascii=False))
    _write_all(_base(name, "animation"), writers)


def _rendered(fig, draw, k, dpi):
    import io

    from PIL import Image

    draw(k)
    page = io.BytesIO()
    fig.savefig(page, format="png", dpi=dpi)
    return Image.open(page).convert("RGB").quantize(64)


def summary_table(label, results, columns):
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


def save_table(table, name, *, seed=None, params=None, caption=""):
    """Write a :class:`~helpers.parameters.Table` as csv and LaTeX (booktabs) with its provenance json."""
    if not isinstance(table, Table):
        raise ParameterError(f"table is a {type(table).__name__}; give a helpers.parameters.Table")
    record = {"table": name, "caption": caption, **provenance(seed=seed, params=params)}
    text = {"csv": table.to_csv(), "tex": table.to_latex(), "json": json.dumps(record, indent=1, ensure_ascii=False)}
    _write_all(_base(name, "table"), {suffix: _text_writer(body) for suffix, body in text.items()})


def _text_writer(body):
    return lambda path: path.write_text(body.rstrip() + "\n", encoding="utf-8")


def _base(name, kind):
    """Return the path without suffix; a name that another kind of file already has is refused: they share the json."""
    parts = Path(str(name)).parts
    if len(parts) != 2 or ".." in parts or Path(str(name)).suffix or os.path.isabs(str(name)):
        raise ParameterError(f"name = {name!r} is not of the form 'model/name' without suffix")
    base = figs_folder() / name
    with contextlib.suppress(OSError, ValueError):
        if kind not in json.loads(base.with_name(f"{base.name}.json").read_text(encoding="utf-8")):
            raise OutputError(f"name = {name!r} is taken, but not by a {kind}; choose another name")
    return base


def _write_all(base, writers):
    """Write every format under a draft name, check sizes, and only then give them their names."""
    drafts = {suffix: base.with_name(f".{base.name}-{os.getpid()}.{suffix}") for suffix in writers}
    try:
        base.parent.mkdir(parents=True, exist_ok=True)
        for suffix, write in writers.items():
            write(drafts[suffix])
            size_mb = drafts[suffix].stat().st_size / 1e6
            limit = LIMIT_MB * (2 if suffix == "gif" else 1)
            if size_mb > limit:
                raise OutputError(f"{base.name}.{suffix} has {size_mb:.1f} MB; allowed: {limit:g}; rasterise artists")
        targets = {suffix: base.with_name(f"{base.name}.{suffix}") for suffix in writers}
        for target in targets.values():
            if target.is_dir():
                raise OutputError(f"{target.name} is a folder; rename it, the figure needs its place")
        for suffix, draft in drafts.items():
            draft.replace(targets[suffix])
    except OSError as failure:
        raise OutputError(f"cannot write {base} ({failure.strerror or failure}); choose a writable folder") from None
    finally:
        for draft in drafts.values():
            _discard(draft)


def _discard(path):
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return
