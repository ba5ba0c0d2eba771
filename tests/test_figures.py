"""Figures are byte-stable, complete or absent, carry their provenance, and can be read by everyone."""

import inspect
import json
import os
import re
import struct
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import matplotlib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

matplotlib.use("Agg")

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from helpers import figures, runs
from helpers.parameters import OutputError, ParameterError, Parameters, Table, parameter

ROOT = Path(__file__).resolve().parents[1]
GIVEN = {"params": {"g": 1.5}}
TABLE = Table(("B_θ (deg)", "rate (Hz)"), (("15 & more", runs.summary(np.arange(3.0))),))


@dataclass(frozen=True)
class Gain(Parameters):
    gain_hz: float = parameter(20.0, "Hz", "gain")


@pytest.fixture(autouse=True)
def style(monkeypatch):
    """The style of the collection for each test; the code is not hashed each time."""
    monkeypatch.setattr(runs, "source_hash", lambda notebook=None: "0" * 16)
    figures.use_style()


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "figs" / "demo"


@pytest.fixture
def ax():
    """Axes of 2 by 1 inches at a known place."""
    return plt.figure(figsize=(4, 2), dpi=100, layout="none").add_axes((0.2, 0.25, 0.5, 0.5))


def sketch(**formats):
    """Return a figure where only the writing matters: each format is given bytes."""
    fig = Figure()
    fig.savefig = lambda file, *, format, metadata, dpi: file.write(formats.get(format, b"new"))
    return fig


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


# --- what is written


def draw():
    """One of everything whose bytes might vary: lines, shade, labels, raster, image, clipping, hatch; in any style."""
    rng = np.random.default_rng(0)
    fig, ax = figures.figure(height_mm=40, width_mm=78, layout="constrained")
    figures.bands(ax, np.arange(20), {"one": rng.normal(size=(6, 20)), "two": rng.normal(size=(3, 20))})
    figures.raster(ax, rng.uniform(0, 10, 300), rng.integers(0, 3, 300))
    ax.scatter(rng.random(9), rng.random(9), c=rng.random(9), hatch="//")
    figures.show_frame(ax, np.eye(8), clip_path=plt.Circle((4, 4), 3, transform=ax.transData))
    params = {"gain_hz": np.float32(0.5), "g": (1, np.inf)}
    figures.save(fig, "demo/panel", seed=np.int64(3), params=params, caption="R\u00e9ponse \u00b1 \u03c3")


IMPORTS = "import matplotlib, numpy as np\nfrom matplotlib import pyplot as plt\nfrom helpers import figures\n"
CHILD = f"{IMPORTS}{inspect.getsource(draw)}\ndraw()"


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Return the files of the same figure from this process and one with other settings, both without the style."""
    base = tmp_path_factory.mktemp("saved")
    names = {"NOTEBOOK_FIGS": str(base / "there"), "PYTHONHASHSEED": "2", "TZ": "Asia/Tokyo", "LC_ALL": "C"}
    env = os.environ | names | {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "MPLBACKEND": "Agg"}
    child = subprocess.Popen([sys.executable, "-c", CHILD], env=env, cwd=ROOT)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NOTEBOOK_FIGS", str(base / "here"))
        draw()
    assert child.wait(120) == 0
    return [contents(base / place / "demo") for place in ("here", "there")]


def test_save_writes_every_format_without_a_date_and_with_text_as_text(saved):
    here, _ = saved
    pdf, svg, png = here["panel.pdf"], here["panel.svg"].decode(), here["panel.png"]
    assert pdf.startswith(b"%PDF") and b"/FontFile2" in pdf and b"/Type0" in pdf and b"/Type3" not in pdf
    assert struct.unpack(">II", png[16:24]) == (int(78 / 25.4 * 300), int(40 / 25.4 * 300))
    assert all(re.search(rf"<text[^>]*>{word}</text>", svg) for word in ("two", r"time \(ms\)"))
    for name, body in here.items():
        assert not re.search(rb"CreationDate|<dc:date>|tIME", body), name
    assert not re.search(rb"\d{4}-\d{2}-\d{2}|\d{2}:\d{2}", here["panel.json"])


def test_bytes_do_not_depend_on_process_hash_seed_locale_or_time_zone(saved):
    here, there = map(dict, saved)
    one, two = (json.loads(files.pop("panel.json")) for files in (here, there))
    assert here == there and here.keys() == {"panel.pdf", "panel.svg", "panel.png"}
    imported = dict.fromkeys(("versions", "threads", "sha256"))  # differ by what else is imported
    assert one | imported == two | imported
    assert two["figure"] == "demo/panel" and two["caption"] == "Réponse ± σ"
    assert two["seed"] == 3 and two["parameters"] == {"gain_hz": 0.5, "g": [1, "inf"]}


def test_save_table_writes_it_as_shown_and_as_plain_numbers(folder):
    figures.save_table(TABLE, "demo/fits", seed=1, **GIVEN)
    texts = {"fits.csv": TABLE.to_csv(), "fits.numeric.csv": TABLE.to_numeric_csv(), "fits.tex": TABLE.to_latex()}
    written = {name: body.decode() for name, body in contents(folder).items()}
    record = json.loads(written.pop("fits.json"))
    assert written == texts
    assert (record["table"], record["seed"], record["parameters"]) == ("demo/fits", 1, {"g": 1.5})


def test_an_animation_loops_through_its_frames_at_the_rate_that_its_gif_can_hold_and_says_so(folder):
    fig = plt.figure(figsize=(1, 1), layout="none")
    ax = fig.add_axes((0, 0, 1, 1))

    def paint(k):
        ax.set_facecolor(("red", "lime", "blue")[k])

    with pytest.warns(UserWarning, match=r"^demo/turn\.gif has 7\.143 frames per second, not 7;") as told:
        figures.save_animation(fig, paint, "demo/silent", n_frames=1, dpi=40, **GIVEN)
        figures.save_animation(fig, paint, "demo/turn", n_frames=3, fps=7, dpi=40, **GIVEN)
    told = [warning for warning in told if "frames per second" in str(warning.message)]
    assert len(told) == 1, "the default is a rate that a gif can hold"
    assert told[0].filename == __file__ and (folder / "turn.json").exists()
    with Image.open(folder / "turn.gif") as gif:
        assert (gif.n_frames, gif.info["loop"], gif.info["duration"], gif.size) == (3, 0, 140, (40, 40))
        for k in range(3):
            gif.seek(k)
            assert np.argmax(gif.convert("RGB").getpixel((20, 20))) == k


# --- complete or absent


def test_too_large_a_file_or_a_taken_name_leaves_nothing_new_and_keeps_the_old(folder):
    for _ in range(2):
        figures.save(sketch(pdf=b"old", svg=bytes(999_000)), "demo/panel", **GIVEN)
    before = contents(folder)
    with pytest.raises(OutputError, match=r"demo/panel\.svg has 1\.1 MB; allowed: 1; rasterise"):
        figures.save(sketch(svg=bytes(1_100_000)), "demo/panel", **GIVEN)
    with pytest.raises(OutputError, match="'demo/panel' is taken, but not by a table"):
        figures.save_table(TABLE, "demo/panel", **GIVEN)
    assert contents(folder) == before


# --- the parameters of a notebook

CELL = """%matplotlib inline
SEED = 5
SEEDS = [SEED + k for k in range(2)]
N, K = (60, 2 + 2 * later)
plan: dict = dict(n=N, rates_hz=np.array([1.0, 2.0]))
net = Gain()
store = Path("here")
def train(x): y = x; return y
"""
SPACE = {"SEED": 5, "SEEDS": [5, 6], "N": 80, "K": np.int64(6), "plan": {"n": 60, "rates_hz": np.array([1.0, 2.0])}}
SPACE |= {"net": Gain(), "store": Path("here"), "train": print, "k": 9, "y": 1, "later": 2, "RATE": 0.5, "LOG": [open]}
SPACE |= {"RAW": memoryview(b"ab")}  # numbers for numpy, but nothing that a json can hold


@pytest.fixture
def notebook(tmp_path, monkeypatch):
    """A kernel at work on a notebook in a folder of its own; N was changed by hand after the cell ran."""
    from IPython.core.inputtransformer2 import TransformerManager

    cells = [{"cell_type": "code", "metadata": {}, "source": "OTHER = 1"}]
    cells += [{"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": CELL.splitlines(keepends=True)}]
    path = tmp_path / "copy.ipynb"
    path.write_text(json.dumps({"cells": cells}))
    shell = SimpleNamespace(user_ns=dict(SPACE), transform_cell=TransformerManager().transform_cell)
    monkeypatch.setattr("IPython.get_ipython", lambda: shell)
    monkeypatch.setenv("JPY_SESSION_NAME", str(path))
    return shell


def recorded(folder, **arguments):
    figures.save(sketch(), "demo/panel", **arguments)
    return json.loads((folder / "panel.json").read_text())["parameters"]


def test_the_plain_values_of_the_parameters_cell_are_recorded(notebook, folder):
    known = {"SEED": 5, "SEEDS": [5, 6], "N": 80, "K": 6, "plan": {"n": 60, "rates_hz": [1.0, 2.0]}}
    known["net"] = {"type": "Gain", "gain_hz": 20.0}
    assert recorded(folder) == known
    assert recorded(folder, params={"N": 7, "g": 1.5}) == known | {"N": 7, "g": 1.5}
    assert recorded(folder, params=Gain(gain_hz=1)) == known | {"type": "Gain", "gain_hz": 1.0}


def test_a_kernel_that_does_not_know_its_notebook_records_the_names_in_capitals(notebook, folder, monkeypatch):
    monkeypatch.setenv("JPY_SESSION_NAME", "session-1")
    monkeypatch.setitem(notebook.user_ns, "WEIGHTS", np.zeros((40, 40)))  # a matrix of the model is no parameter
    assert recorded(folder) == {"SEED": 5, "SEEDS": [5, 6], "RATE": 0.5}
    monkeypatch.delenv("JPY_SESSION_NAME")
    monkeypatch.setitem(notebook.user_ns, "__vsc_ipynb_file__", str(folder.parents[1] / "copy.ipynb"))
    assert list(recorded(folder)) == ["SEED", "SEEDS", "N", "K", "plan", "net"]


# --- labels


LINE = 1.2 * 8 / 72 * 100  # pixels


def ends_of(ax):
    return [text for text in ax.texts if text.get_gid() == "line end"]


def place(text):
    """Return the point, in pixels, left of the middle of a label."""
    text.update_positions(text.figure.canvas.get_renderer())
    return text.get_transform().transform((0, 0))


@settings(max_examples=10)
@given(ends=st.lists(st.floats(-1, 2), min_size=1, max_size=6), scale=st.sampled_from(["linear", "log"]))
def test_end_labels_overlap_neither_each_other_nor_the_axes(ends, scale):
    """Whatever the ends, also outside the limits: right of the axes, in the order of the ends, a line apart."""
    ax = plt.figure(figsize=(4, 2), dpi=100, layout="none").add_axes((0.2, 0.2, 0.5, 0.6))
    figures.label_lines(ax, [ax.plot([0, 1, 2], [0.5, 0.5, end], label=f"curve {end}")[0] for end in ends])
    ax.set(yscale=scale, ylim=(0.01, 1))
    x, y = np.transpose([place(text) for text in ends_of(ax)])
    clipped = np.clip(ends, 0.01, 1)
    steps = np.subtract.outer(y, y)[np.subtract.outer(clipped, clipped) > 1e-6]
    assert np.all(steps >= LINE - 1e-6) and np.all(np.diff(np.sort(y)) >= LINE - 1e-6)
    assert y.min() >= ax.bbox.y0 - 1e-6 and y.max() <= ax.bbox.y1 + 1e-6 and np.all(x > ax.bbox.x1 + 4)


@pytest.mark.parametrize(("word", "n_lines"), [("b", 1), ("b\nbelow", 2)])
def test_two_labels_move_apart_by_half_their_lines_each_and_free_ones_stay(ax, word, n_lines):
    figures.bands(ax, [0, 1], {"low": [0, 0.01], "a": [0, 0.7]})
    figures.bands(ax, [0, 1], {word: [0, 0.71], "cut": [0.3, np.nan], "gone": [np.nan, np.nan]}, colors=["C5"] * 3)
    ax.set_ylim(0, 1)
    height = {text.get_text(): place(text)[1] for text in ends_of(ax)}
    low, middle, last = (ax.transData.transform((1, y))[1] for y in (0.01, 0.705, 0.3))
    half = n_lines * LINE / 2
    assert height == pytest.approx({"low": low, "a": middle - half, word: middle + half, "cut": last})
    assert all(text.arrow_patch for text in ends_of(ax)), "a leader goes to the end of each line"


def test_more_curves_than_markers_have_the_colours_of_their_labels_and_a_legend_stands_beside_the_axes(ax):
    curves, colors = {str(k): np.full(3, k) for k in range(10)}, dict.fromkeys("024356789", "k") | {"1": "red"}
    lines = figures.bands(ax, [1, 2, 3], curves, markers=True, colors=colors, labels="right")
    assert [line.get_marker() for line in lines] == list("osD^vP*Xos") and not points_of(ax)
    ax.figure.canvas.draw()
    assert ax.get_legend().get_window_extent().x0 > ax.bbox.x1 and not ends_of(ax)
    figures.label_lines(ax, lines[:2], title="size")
    assert [text.get_color() for text in ends_of(ax)] == ["k", "red"]
    plain = figures.bands(ax, [0, 1], {"a": [0, 1], "b": [1, 2]})
    assert [line.get_color() for line in plain] == [figures.OKABE_ITO["blue"], figures.OKABE_ITO["vermillion"]]


LONG = "x" * 10_000


@pytest.mark.parametrize(
    ("call", "what"),
    [
        (lambda ax: figures.save(sketch(), "../panel", **GIVEN), "name = '../panel' is not of the form 'model/name'"),
        (lambda ax: figures.save_table(TABLE, "demo/a.pdf", **GIVEN), "name = 'demo/a.pdf' is not of the form"),
        (lambda ax: figures.save(sketch(), "demo/panel", params={"cells": {1}}), "a parameter of type set cannot be"),
        (lambda ax: figures.save(sketch(), "demo/panel", params=[1, 2]), "params is a list; give a mapping or"),
        (lambda ax: figures.save(sketch(), "demo/panel"), "params = None leaves no way to repeat this"),
        (lambda ax: figures.save_animation(sketch(), print, "demo/turn", n_frames=65, **GIVEN), "n_frames = 65"),
        (lambda ax: figures.save_animation(sketch(), print, "a/b", n_frames=1, fps=1e-3, **GIVEN), "fps = 0.001"),
        (lambda ax: figures.bands(ax, [0, 1], {"a": [0, 1]}, labels=LONG), "labels = .* is no place"),
        (lambda ax: figures.bands(ax, [0, 1], {LONG: [0, 1, 2]}), r"curves\[.* has shape"),
        (lambda ax: figures.bands(ax, [0], {str(k): [0] for k in range(9)}), r"colors has none for \['8'\]; give one"),
        (lambda ax: figures.bands(ax, [0], {"a": [0]}, level=1.0), "level = 1"),
        (lambda ax: figures.bands(ax, [0], {"a": [0]}, within=(0, 1, 2)), "within has shape"),
        (lambda ax: figures.band(ax, [0, 1], np.zeros((3, 4))), "values has shape"),
        (lambda ax: figures.dots(ax, {"a": np.zeros((2, 8))}, x=[1, 10, 100]), r"groups\['a'\] has shape"),
        (lambda ax: figures.matrix(ax, [1.0], label=""), "values has 1 dimension"),
        (lambda ax: figures.traces(ax, np.arange(3), np.zeros((50, 9))), "values has shape"),
        (lambda ax: figures.show_frame(ax, [[np.nan]]), "frame holds NaN"),
        (lambda ax: figures.summary_table("network", {}, {LONG: None}), r"columns\[.* is no function; give one of a"),
        (lambda ax: figures.figure(width_mm=5), "width_mm = 5 is out of range"),
        (lambda ax: runs.notebook_cells(LONG), ""),
    ],
)
def test_what_is_wrong_is_refused_in_one_line_without_long_texts_and_nothing_is_written(ax, call, what, tmp_path):
    with pytest.raises((ParameterError, OutputError), match=rf"^{what}[^\n]*$") as caught:
        call(ax)
    assert len(str(caught.value)) <= 600 and not (tmp_path / "figs").exists()


# --- the shared plots


def shade_at(shade, x):
    """Return the lowest and the highest point of a shade at one x; none where there is no shade."""
    corners = np.concatenate([path.vertices for path in shade.get_paths()] or [np.empty((0, 2))])
    drawn = corners[np.isclose(corners[:, 0], x), 1]
    return (drawn.min(), drawn.max()) if len(drawn) else None


def points_of(ax):
    return [line for line in ax.lines if line.get_marker() == "."]


def test_bands_draw_mean_and_student_interval(ax, rng):
    values = rng.normal(size=(8, 5))
    values[0, 2] = np.nan
    (line,) = figures.bands(ax, np.arange(5), {"a": values}, level=0.9)
    assert np.allclose(line.get_ydata(), np.nanmean(values, axis=0)) and line.get_label() == "a"
    twin = figures.band(ax, np.arange(5), values, level=0.9)
    assert np.array_equal(line.get_xydata(), twin.get_xydata()) and not points_of(ax)
    s = runs.summary(values, level=0.9)
    half = 1.894579 * values[:, 0].std(ddof=1) / np.sqrt(8)  # Student, one side 0.95, from a printed table
    assert s.high[0] - s.mean[0] == pytest.approx(half, rel=1e-6)
    for shade in ax.collections:
        np.testing.assert_allclose([shade_at(shade, x) for x in range(5)], np.transpose([s.low, s.high]))


def test_seeds_stand_as_points_where_an_interval_has_no_place(ax):
    """Columns: carried by five seeds; by eight; four seeds; below the range; carried but alone; above the range."""
    steady = np.linspace(0.4, 0.6, 8)
    values = np.tile(steady, (7, 1)).T
    values[:3, 0] = values[:4, 2] = np.nan
    values[:, 3], values[:, 4] = [0.01] * 7 + [0.9], steady
    values[:, 5] = 1 - values[:, 3]
    figures.bands(ax, np.arange(7), {"a": values}, within=(0, 1))
    (shade,) = ax.collections
    assert [shade_at(shade, x) is not None for x in range(7)] == [True, True, False, False, False, False, False]
    shown = np.array([line.get_ydata() for line in points_of(ax)])
    assert np.array_equal(np.isfinite(shown), np.isfinite(values) & (np.arange(7) > 1))
    assert np.nanmin(shown) >= 0 and np.nanmax(shown) <= 1


def test_dots_of_categories_stand_beside_their_mean_and_interval(ax, rng):
    groups = {"static": rng.normal(1, 0.1, 8), "few": np.array([2.0, 3.0, 2.5]), "share": np.array([1.0] * 7 + [-5.0])}
    means = figures.dots(ax, groups, within=(-9, 1.2))
    for k, (mean, values) in enumerate(zip(means, groups.values(), strict=True)):
        seeds = [line for line in points_of(ax) if line.get_xdata()[0] == k]
        assert [line.get_ydata()[0] for line in seeds] == values.tolist()
        assert mean.get_ydata() == pytest.approx(values.mean())
        assert mean.get_transform().transform((k, 1))[0] - seeds[0].get_transform().transform((k, 1))[0] > 4
    assert [np.size(bar.get_segments()) > 0 for bar in ax.collections] == [True, False, False]
    s = runs.summary(groups["static"])
    assert ax.collections[0].get_segments()[0][:, 1] == pytest.approx([s.low, s.high])
    assert ax.get_ylim()[1] > 3 and np.mean(ax.get_xlim()) == 1 and not ends_of(ax)


def test_dots_over_an_axis_stand_side_by_side_inside_the_axes(ax, rng):
    x = [1, 10, 100]
    groups = {name: rng.normal(size=(3, n)) for name, n in (("a", 8), ("b", 8), ("c", 3))}
    means = figures.dots(ax, groups, x=x)
    ax.set_xscale("log")
    ax.figure.canvas.draw()
    labels = [(text.get_text(), text.arrow_patch) for text in ends_of(ax)]
    assert labels == [("a", None), ("b", None), ("c", None)], "a leader would cross the dots"
    assert np.array_equal(means[0].get_ydata(), groups["a"].mean(axis=1))
    at = np.array([line.get_transform().transform(line.get_xydata())[:, 0] for line in means])
    assert np.all(np.diff(at, axis=0) > 100 * 8 / 72)  # an interval and its dots take 8 pt
    assert at.mean(axis=0) == pytest.approx(ax.transData.transform([(place, 0) for place in x])[:, 0] + 100 * 2.5 / 72)
    drawn = np.array([line.get_transform().transform(line.get_xydata())[:, 0] for line in points_of(ax)])
    assert drawn.min() > ax.bbox.x0 + 2 and at.max() < ax.bbox.x1 - 3


def test_matrix_has_row_0_on_top_units_and_an_even_map(ax):
    values = np.array([[1.0, -4.0, np.nan], [0.5, np.inf, 2.0]])
    image = figures.matrix(ax, values, label="weight (mV)", symmetric=True)
    assert image.get_clim() == (-4, 4) and image.get_rasterized()
    assert min(image.to_rgba(0.0)) > 0.95 and image.cmap(np.ma.masked)[:3] == pytest.approx([0.85] * 3)
    assert ax.get_ylim() == (1.5, -0.5) and ax.figure.axes[1].get_ylabel() == "weight (mV)"
    image = figures.matrix(ax, values, label="", symmetric=True, vmin=0, origin="lower", ylabel="pre")
    assert ax.get_ylim() == (-0.5, 1.5)
    assert image.get_clim() == (0, 4) and (ax.get_xlabel(), ax.get_ylabel()) == ("column $j$", "pre")


def test_traces_are_the_first_columns_apart_by_the_offset(ax, rng):
    values = rng.normal(size=(50, 9))
    lines = figures.traces(ax, np.arange(50), values, n_shown=3, offset=4, colors=["red", "blue"])
    assert [line.get_color() for line in lines] == ["red", "blue", "red"]
    assert np.allclose([line.get_ydata() for line in lines], (values[:, :3] + [0, 4, 8]).T)
    assert np.array_equal(ax.get_yticks(), [0, 4, 8]) and ax.get_xlim() == (0, 49)


def test_show_frame_draws_large_x_and_small_y_lower_right(ax, rng):
    frame = rng.random((4, 6))
    image = figures.show_frame(ax, frame)
    assert np.array_equal(image.get_array(), frame.T) and image.get_extent() == [-0.5, 3.5, -0.5, 5.5]


# --- the page


def test_panel_letters_raster_and_orientation_axis(ax):
    _, axes = figures.figure(2, 2)
    letters = figures.panel_letters(axes)
    assert [(text.get_text(), text.axes) for text in letters] == list(zip("ABCD", axes.ravel(), strict=True))
    assert figures.panel_letters(ax, start="E")[0].get_text() == "E"
    spikes = figures.raster(ax, [3.0, 5.0], [0, 2])
    assert spikes.get_rasterized() and np.array_equal(spikes.get_xydata(), [[3, 0], [5, 2]])
    figures.orientation_axis(ax)
    assert ax.get_xlim() == pytest.approx((0, np.pi))
    assert np.allclose(np.deg2rad([float(label.get_text()) for label in ax.get_xticklabels()]), ax.get_xticks())


def test_sizes_are_millimetres_and_no_figure_is_wider_than_the_page(monkeypatch):
    for page, width in (("", 160), ("120", 120)):
        monkeypatch.setenv("NOTEBOOK_WIDTH_MM", page)
        fig, _ = figures.figure(width_mm=figures.TEXT_MM, height_mm=40.5)
        assert np.allclose(fig.get_size_inches() * 25.4, [width, 40.5])
    monkeypatch.setenv("NOTEBOOK_WIDTH_MM", "3")
    with pytest.raises(ParameterError, match="NOTEBOOK_WIDTH_MM = 3 is out of range"):
        figures.figure()
