"""Figures are byte-stable, complete or absent, carry their provenance, and can be read by everyone."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import matplotlib
import numpy as np
import pytest

matplotlib.use("Agg")

from matplotlib import pyplot as plt
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D

from helpers import figures
from helpers.parameters import OutputError, ParameterError, Parameters, Table, parameter
from helpers.runs import summary

ROOT = Path(__file__).resolve().parents[1]
SUFFIXES = ("json", "pdf", "png", "svg")


@dataclass(frozen=True)
class Gain(Parameters):
    gain_hz: float = parameter(20.0, "Hz", "gain")


@pytest.fixture(autouse=True)
def style():
    """The style of the collection for each test, without leftovers for the next."""
    with plt.rc_context():
        figures.use_style()
        yield
        plt.close("all")


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "figs" / "demo"


def draw(seed=0):
    """One of everything whose bytes might vary: lines, shade, image, markers, clipping, letters, formula."""
    rng = np.random.default_rng(seed)
    fig, axes = figures.figure(2, 2, height_mm=80)
    figures.band(axes[0, 0], np.arange(20), rng.normal(size=(6, 20)), label="mean")
    axes[0, 0].legend()
    figures.show_frame(axes[0, 1], rng.random((8, 8)), clip_path=plt.Circle((4, 4), 3, transform=axes[0, 1].transData))
    figures.raster(axes[1, 0], rng.uniform(0, 100, 300), rng.integers(0, 10, 300))
    axes[1, 1].scatter(rng.random(9), rng.random(9), c=rng.random(9), hatch="//")
    axes[1, 1].set_title(r"$\theta_0$ and text")
    figures.panel_letters(axes)
    return fig


def light(start=0):
    """A figure without text: quick to write where only the writing matters."""
    fig, ax = figures.figure(width_mm=25, height_mm=25)
    ax.plot([start, 1, 0])
    ax.set_axis_off()
    return fig


CHILD = r"""
import importlib.util, sys
import matplotlib
matplotlib.use("Agg")
spec = importlib.util.spec_from_file_location("drawn", sys.argv[1])
drawn = sys.modules["drawn"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(drawn)
drawn.figures.use_style()
for name in sys.argv[2:]:
    fig = drawn.draw()
    gain = drawn.Gain(gain_hz=5)
    drawn.figures.save(fig, f"demo/{name}", seed=drawn.np.int64(3), params=gain, caption="R\u00e9ponse \u00b1 \u03c3")
"""


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Return the files of two processes, each of which saved the same figure; the first did it twice, drawn afresh."""
    base, children = tmp_path_factory.mktemp("saved"), []
    shutil.copytree(ROOT / "helpers", base / "helpers", ignore=shutil.ignore_patterns("__pycache__"))
    settings = {"one": {"PYTHONHASHSEED": "1"}, "two": {"PYTHONHASHSEED": "2", "TZ": "Asia/Tokyo", "LC_ALL": "C"}}
    for name, extra in settings.items():
        env = {**os.environ, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "NOTEBOOK_FIGS": str(base / name), **extra}
        names = ["panel", "again"] if name == "one" else ["panel"]
        children.append(subprocess.Popen([sys.executable, "-c", CHILD, __file__, *names], env=env, cwd=base))
    assert [child.wait(120) for child in children] == [0, 0]
    return [contents(base / name / "demo") for name in settings]


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_save_writes_every_format_and_nothing_else(saved):
    assert sorted(saved[0]) == sorted(f"{name}.{suffix}" for name in ("again", "panel") for suffix in SUFFIXES)
    assert saved[0]["panel.pdf"].startswith(b"%PDF") and saved[0]["panel.png"].startswith(b"\x89PNG")
    assert b"<svg" in saved[0]["panel.svg"][:2000]


def test_fresh_figures_have_identical_bytes(saved):
    for suffix in ("pdf", "svg", "png"):
        assert saved[0][f"panel.{suffix}"] == saved[0][f"again.{suffix}"], suffix
    assert saved[0]["panel.json"].replace(b"demo/panel", b"demo/again") == saved[0]["again.json"]


def test_bytes_do_not_depend_on_process_hash_seed_locale_or_time_zone(saved):
    assert {name: saved[0][name] for name in saved[1]} == saved[1] and len(saved[1]) == 4


def test_other_data_gives_other_bytes(folder):
    figures.save(light(), "demo/panel")
    first = contents(folder)
    figures.save(light(start=2), "demo/panel")
    changed = {name for name, body in contents(folder).items() if body != first[name]}
    assert changed == {"panel.pdf", "panel.svg", "panel.png"}


def test_a_figure_saved_without_the_style_is_as_repeatable_and_editable(folder):
    plt.rcdefaults()
    for name in ("one", "two"):
        fig, ax = plt.subplots(figsize=(1, 1))
        figures.show_frame(ax, np.eye(3), clip_path=plt.Circle((1, 1), 1, transform=ax.transData))
        ax.set_title("plain text")
        figures.save(fig, f"demo/{name}")
    files = contents(folder)
    assert files["one.svg"] == files["two.svg"] and files["one.pdf"] == files["two.pdf"]
    assert b">plain text</text>" in files["one.svg"] and b"/FontFile2" in files["one.pdf"]


def test_json_records_how_to_repeat_the_figure_and_no_date(saved):
    text = saved[0]["panel.json"].decode()
    record = json.loads(text)
    assert record["figure"] == "demo/panel" and record["caption"] == "Réponse ± σ"
    assert record["seed"] == 3 and record["parameters"] == {"type": "Gain", "gain_hz": 5.0}
    assert record["profile"] in ("quick", "full") and record["threads"]["simulator"] == 1
    assert record["versions"]["numpy"] == np.__version__ and "python" in record["versions"]
    assert re.fullmatch("[0-9a-f]{16}", record["source"]) and text.endswith("}\n")
    assert not re.search(r"\d{4}-\d{2}-\d{2}|\d{2}:\d{2}|\bdate|\btime|duration", text, re.IGNORECASE)


def test_no_file_holds_a_date(saved):
    for name, body in saved[0].items():
        assert not re.search(rb"CreationDate|<dc:date>|tIME", body), name


def test_fonts_are_embedded_as_truetype_and_svg_keeps_text(saved):
    pdf, svg = saved[0]["panel.pdf"], saved[0]["panel.svg"].decode()
    assert b"/FontFile2" in pdf and b"/Type0" in pdf and b"/Type3" not in pdf
    assert re.search(r"<text[^>]*>A</text>", svg) and re.search(r"<text[^>]*>time \(ms\)</text>", svg)


def test_a_dense_raster_fits_but_the_same_as_vectors_is_refused(folder, rng):
    times_ms, ids = rng.uniform(0, 1000, 30_000), rng.integers(0, 60, 30_000)
    fig, ax = figures.figure(height_mm=40)
    ax.set_axis_off()
    figures.raster(ax, times_ms, ids)
    figures.save(fig, "demo/raster")
    assert all(len(body) < 1e6 for body in contents(folder).values())
    fig, ax = figures.figure(height_mm=40)
    ax.set_axis_off()
    ax.plot(times_ms, ids, ".")
    with pytest.raises(OutputError, match=r"vectors\.svg has \d\.\d MB; allowed: 1; rasterise"):
        figures.save(fig, "demo/vectors")
    assert sorted(contents(folder)) == [f"raster.{suffix}" for suffix in SUFFIXES]


def test_too_large_a_figure_leaves_the_old_good_files(folder, monkeypatch):
    figures.save(light(), "demo/panel")
    before = contents(folder)
    monkeypatch.setattr(figures, "LIMIT_MB", 0.001)
    with pytest.raises(OutputError, match=r"MB; allowed: 0\.001"):
        figures.save(light(start=2), "demo/panel")
    assert contents(folder) == before


@pytest.mark.parametrize(
    "failure, expected",
    [(OSError(28, "No space left on device"), OutputError), (ValueError("bad mathtext"), ValueError)],
)
@pytest.mark.parametrize("suffix", ["pdf", "svg", "png"])
def test_a_failure_in_the_middle_leaves_nothing_new_and_keeps_the_old(folder, monkeypatch, suffix, failure, expected):
    figures.save(light(), "demo/panel")
    before = contents(folder)
    fig = light(start=2)
    whole = fig.savefig

    def half(path, *, format, metadata):
        if format != suffix:
            return whole(path, format=format, metadata=metadata)
        Path(path).write_bytes(b"half")
        raise failure

    monkeypatch.setattr(fig, "savefig", half)
    for name in ("demo/panel", "demo/fresh"):
        with pytest.raises(expected) as caught:
            figures.save(fig, name)
        assert "\n" not in str(caught.value)
    assert contents(folder) == before


def test_an_interrupt_in_the_middle_leaves_nothing_new(folder, monkeypatch):
    fig = light()
    monkeypatch.setattr(
        fig, "savefig", lambda path, **_: (Path(path).touch(), (_ for _ in ()).throw(KeyboardInterrupt))
    )
    with pytest.raises(KeyboardInterrupt):
        figures.save(fig, "demo/panel")
    assert contents(folder) == {}


@pytest.mark.parametrize("blocked", ["figs", "figs/demo"])
def test_unwritable_folder_is_one_line(tmp_path, blocked):
    """A file stands where a folder is needed: refused for every user, root included."""
    place = tmp_path / blocked
    place.parent.mkdir(exist_ok=True)
    place.write_text("in the way")
    with pytest.raises(OutputError, match=r"cannot write .*; choose a writable folder") as caught:
        figures.save(light(), "demo/panel")
    assert "\n" not in str(caught.value) and place.read_text() == "in the way"
    with pytest.raises(OutputError):
        figures.save_table(Table(("a",), ((1,),)), "demo/table")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_folder_in_place_of_one_file_leaves_the_other_formats_as_they_were(folder, suffix):
    figures.save(light(), "demo/panel")
    (folder / f"panel.{suffix}").unlink()
    (folder / f"panel.{suffix}").mkdir()
    before = {path.name: path.is_dir() or path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(OutputError, match=rf"panel\.{suffix} is a folder"):
        figures.save(light(start=2), "demo/panel")
    assert {path.name: path.is_dir() or path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize(
    "name",
    ["", "panel", "a/b/c", "../panel", "demo/..", "/demo/panel", "/panel", "demo/panel.pdf", ".", "demo/", 3, None],
)
def test_bad_names_are_refused_before_anything_is_written(tmp_path, name):
    for write in (lambda: figures.save(light(), name), lambda: figures.save_table(Table(("a",), ((1,),)), name)):
        with pytest.raises(ParameterError, match="is not of the form 'model/name'"):
            write()
    assert not (tmp_path / "figs").exists()


def test_bad_arguments_of_save_are_named(folder):
    fig, ax = figures.figure()
    with pytest.raises(ParameterError, match="fig is a Axes; give a matplotlib Figure"):
        figures.save(ax, "demo/panel")
    with pytest.raises(ParameterError, match="a parameter of type Generator cannot be recorded"):
        figures.save(fig, "demo/panel", seed=np.random.default_rng(0))
    with pytest.raises(ParameterError, match="a parameter of type set cannot be recorded"):
        figures.save(fig, "demo/panel", params={"cells": {1, 2}})
    with pytest.raises(ParameterError, match=r"table is a list; give a helpers\.parameters\.Table"):
        figures.save_table([(1, 2)], "demo/table")
    assert not folder.exists()


def test_figures_go_to_the_collection_unless_redirected(monkeypatch):
    monkeypatch.delenv("NOTEBOOK_FIGS")
    assert figures.figs_folder() == ROOT / "figs"
    monkeypatch.setenv("NOTEBOOK_FIGS", "elsewhere")
    assert figures.figs_folder() == Path("elsewhere")


def test_save_table_writes_csv_tex_and_json(folder):
    table = Table(("B_θ (deg)", "n"), (("15 & more", 54), ("µ ± σ", "7 %")))
    figures.save_table(table, "demo/fits", seed=1, params={"gain": np.float32(0.5)}, caption="widths")
    assert sorted(contents(folder)) == ["fits.csv", "fits.json", "fits.tex"]
    with (folder / "fits.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == [["B_θ (deg)", "n"], ["15 & more", "54"], ["µ ± σ", "7 %"]]
    tex = (folder / "fits.tex").read_text(encoding="utf-8")
    assert [tex.count(rule) for rule in (r"\toprule", r"\midrule", r"\bottomrule")] == [1, 1, 1]
    assert r"B\_θ (deg) & n \\" in tex and r"15 \& more & 54 \\" in tex and r"7 \% \\" in tex
    record = json.loads((folder / "fits.json").read_text(encoding="utf-8"))
    assert (record["table"], record["seed"], record["parameters"]) == ("demo/fits", 1, {"gain": 0.5})
    first = contents(folder)
    figures.save_table(table, "demo/fits", seed=1, params={"gain": np.float32(0.5)}, caption="widths")
    assert contents(folder) == first


def test_plot_functions_return_artists_and_write_nothing(tmp_path, monkeypatch, rng):
    monkeypatch.chdir(tmp_path)
    fig, axes = figures.figure(1, 3)
    line = figures.band(axes[0], np.arange(5), rng.normal(size=(4, 5)), color="C1", label="rate")
    assert isinstance(line, Line2D) and line.axes is axes[0] and line.get_label() == "rate"
    assert isinstance(figures.show_frame(axes[1], np.zeros((2, 3))), AxesImage)
    assert isinstance(figures.raster(axes[2], [1.0], [0]), Line2D)
    assert len(figures.panel_letters(axes)) == 3
    assert figures.orientation_axis(axes[0]) is None
    assert not list(tmp_path.iterdir()) and plt.fignum_exists(fig.number)


def test_band_draws_the_mean_and_its_interval(rng):
    values = rng.normal(size=(8, 5))
    _, ax = figures.figure()
    line = figures.band(ax, np.arange(5), values)
    s = summary(values)
    assert np.allclose(line.get_ydata(), s.mean)
    (shade,) = ax.collections
    corners = shade.get_paths()[0].vertices
    assert np.allclose(shade.get_facecolor()[0, :3], matplotlib.colors.to_rgb(line.get_color()))
    for x in range(5):
        drawn = corners[np.isclose(corners[:, 0], x), 1]
        assert np.allclose([drawn.min(), drawn.max()], [s.low[x], s.high[x]])


@pytest.mark.parametrize("values", [np.zeros(5), np.zeros((3, 4)), "word", np.zeros((0, 5))])
def test_band_names_bad_values(values):
    _, ax = figures.figure()
    with pytest.raises(ParameterError, match="values"):
        figures.band(ax, np.arange(5), values)


def test_raster_is_rasterised_and_labelled():
    _, ax = figures.figure()
    dots = figures.raster(ax, [3.0, 5.0], [0, 2])
    assert dots.get_rasterized() and np.array_equal(dots.get_xydata(), [[3, 0], [5, 2]])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("time (ms)", "cell")


def test_panel_letters_run_through_the_axes_in_bold():
    _, axes = figures.figure(2, 2)
    letters = figures.panel_letters(axes)
    assert [text.get_text() for text in letters] == list("ABCD")
    assert [text.axes for text in letters] == list(axes.ravel())
    assert {text.get_weight() for text in letters} == {"bold"}
    (one,) = figures.panel_letters(axes[0, 0], start="E")
    assert one.get_text() == "E"


def test_show_frame_draws_large_x_and_small_y_lower_right():
    fig, ax = plt.subplots(figsize=(2, 2), dpi=50, layout="none")
    ax.set_position([0, 0, 1, 1])
    frame = np.zeros((10, 10))
    frame[9, 0] = 1.0
    figures.show_frame(ax, frame)
    fig.canvas.draw()
    bright = np.asarray(fig.canvas.buffer_rgba())[..., 0] > 128
    rows, columns = np.nonzero(bright)
    assert rows.min() >= 88 and columns.min() >= 88


def test_show_frame_refuses_what_is_not_a_frame():
    _, ax = figures.figure()
    for frame in (np.zeros(3), np.zeros((2, 2, 2)), [[np.nan]], "frame"):
        with pytest.raises(ParameterError, match="frame"):
            figures.show_frame(ax, frame)


def test_orientation_axis_spans_one_period_in_degrees():
    _, ax = figures.figure()
    figures.orientation_axis(ax)
    assert ax.get_xlim() == pytest.approx((0, np.pi)) and ax.get_xlabel() == "orientation (deg)"
    degrees = [float(label.get_text()) for label in ax.get_xticklabels()]
    assert np.allclose(np.deg2rad(degrees), ax.get_xticks())


@pytest.mark.parametrize("width_mm, height_mm", [(160.0, 60.0), (78, 40.5)])
def test_figure_size_is_in_millimetres(folder, width_mm, height_mm):
    fig, _ = figures.figure(width_mm=width_mm, height_mm=height_mm)
    assert np.allclose(fig.get_size_inches() * 25.4, [width_mm, height_mm])
    figures.save(fig, "demo/size")
    box = re.search(rb"/MediaBox \[([^\]]*)\]", (folder / "size.pdf").read_bytes())[1].split()
    assert np.allclose(np.float64(box[2:]) / 72 * 25.4, [width_mm, height_mm], atol=0.5)


@pytest.mark.parametrize("size", [{"width_mm": 5}, {"height_mm": 500}, {"width_mm": "wide"}, {"height_mm": np.nan}])
def test_figure_refuses_sizes_off_the_page(size):
    with pytest.raises(ParameterError, match=next(iter(size))):
        figures.figure(**size)


# Machado, Oliveira and Fernandes 2009, deuteranopia at severity 1, on linear RGB.
DEUTERANOPIA = np.array(
    [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
)
RGB_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.119192, 0.9503041]]
)


def lab(colour, vision):
    """Return CIELAB (D65) of an sRGB colour seen through a matrix on linear RGB."""
    rgb = np.array(matplotlib.colors.to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = RGB_TO_XYZ @ np.clip(vision @ linear, 0, 1) / RGB_TO_XYZ.sum(axis=1)
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("vision", [np.eye(3), DEUTERANOPIA], ids=["usual", "deuteranopia"])
def test_first_six_colours_stay_apart(vision):
    """CIE76 distance of at least 15 for every pair, about six just-noticeable differences (2.3)."""
    cycle = plt.rcParams["axes.prop_cycle"].by_key()["color"][:6]
    assert {colour.upper() for colour in cycle} <= set(figures.OKABE_ITO.values())
    seen = {colour: lab(colour, vision) for colour in cycle}
    distances = {(a, b): np.linalg.norm(seen[a] - seen[b]) for a, b in combinations(cycle, 2)}
    assert min(distances.values()) > 15, min(distances, key=distances.get)


def test_the_simulation_does_confuse_red_and_green():
    """The bound means something: a green and a red of a careless palette come closer than five."""
    assert np.linalg.norm(lab("#A05A2C", DEUTERANOPIA) - lab("#6B7A2C", DEUTERANOPIA)) < 5
    assert np.linalg.norm(lab("#A05A2C", np.eye(3)) - lab("#6B7A2C", np.eye(3))) > 40


def test_a_figure_and_a_table_cannot_share_a_name(tmp_path, monkeypatch):
    monkeypatch.setenv("NOTEBOOK_FIGS", str(tmp_path))
    table = Table(("a",), ((1,),))
    figures.save_table(table, "model/one")
    figures.save_table(table, "model/one")
    with pytest.raises(OutputError, match="'model/one' is taken"):
        figures.save(figures.figure()[0], "model/one")
