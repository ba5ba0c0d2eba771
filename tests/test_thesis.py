"""The thesis export compiles, and every figure can be printed: size, fonts, text, colours without red and green."""

import itertools
import json
import re
import shutil
import subprocess
from pathlib import Path

import matplotlib
import matplotlib.colors
import numpy as np
import PIL.Image
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import storage
from helpers.figures import COLOURS, COLUMN_MM, OKABE_ITO, TEXT_MM, use_style
from helpers.parameters import Table
from tools import thesis
from tools.common import ToolError
from tools.thesis import aligned, check, column, latex

ROOT = Path(__file__).resolve().parents[1]
FIGURES = sorted((ROOT / "figs").glob("*/*.pdf"))
SMALLEST_PT = 6.0
SCRIPT = 0.7  # size of sub- and superscripts in mathtext, as in TeX
# Four to five just noticeable differences of 2.3 (Mahy, Van Eycken, Oosterlinck 1994, Color Res Appl 19:105).
SMALLEST_DELTA_E = 10.0


# --- text


def test_text_for_latex():
    assert latex("50 % & 3_4 #1 {x} of B_θ $B_\\theta$") == r"50 \% \& 3\_4 \#1 \{x\} of B\_θ $B_\theta$"
    assert latex(r"a\b~^ for 5 $") == r"a\textbackslash{}b\textasciitilde{}\textasciicircum{} for 5 \$"


@given(st.text(alphabet="aZ 9.,:;()[]%&#_{}~^\\±µλΔ₁²→°–é", max_size=40))
def test_any_text_of_known_signs_is_sound(text):
    check("a", latex(text))


@pytest.mark.parametrize("text", ["{a", "$a", "a_b"])
def test_what_latex_would_stumble_over_is_said(text):
    with pytest.raises(ToolError, match="a: braces or dollar signs do not balance, or a bare _"):
        check("a", text)


# --- the folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("thesis") / "out"
    thesis.write(ROOT / "figs", out)
    return out


def test_the_folder_has_every_figure_and_table(folder):
    figures, tables = ((folder / name).read_text() for name in ("figures.tex", "tables.tex"))
    for kind, text, place in (("pdf", figures, r"\\includegraphics\{(.*?)\}"), ("tex", tables, r"\\input\{(.*?)\}")):
        shown = [folder / name for name in re.findall(place, text)]
        assert shown == sorted(folder.glob(f"*/*/*.{kind}"))
        assert len(shown) == len([*(ROOT / "figs").glob(f"*/*.{kind}")])
    labels = re.findall(r"\\label\{(.*)\}", figures + tables)
    assert len(set(labels)) == len(labels) and "fig:v1:mc" in labels
    assert r"]{One frame of MotionClouds of growing" in figures


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="pdflatex is not installed: only the syntax was checked")
def test_it_compiles_and_fits_a_default_report(folder, tmp_path):
    """Text of 121 mm and 193 mm: no figure, table or caption is wider than the line or higher than the page."""
    copy = shutil.copytree(folder, tmp_path / "copy")
    signs = " ".join(re.findall(r"% (.)$", (copy / "signs.tex").read_text(), re.M))
    shown = latex(f"{signs} œŒ–—‘’“”… éàÅ & ~^\\ $α₁²$ 10⁻¹⁰")
    main = (copy / "main.tex").read_text().replace(r"\listoftables", r"\listoftables " + shown)
    (copy / "main.tex").write_text(main)
    needs = r"\usepackage[utf8]{inputenc}\usepackage{graphicx,booktabs,dcolumn,amsmath}\input{signs}\extrafloats{500}"
    body = r"\begin{document}\input{figures}\clearpage\input{tables}\end{document}"
    (copy / "report.tex").write_text(rf"\documentclass{{report}}{needs}\maxdeadcycles=1000{body}")
    for name in ("main.tex", "report.tex"):
        command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", name]
        for _ in range(2):  # the second time with the lists of the first
            done = subprocess.run(command, cwd=copy, capture_output=True, text=True, errors="replace", check=False)
            assert done.returncode == 0, re.findall(r"^!.*", done.stdout, re.M)
        assert not re.findall("Overfull.*|.*too large.*|.*undefined.*", done.stdout)


# --- tables


def test_numbers_are_aligned_with_real_minus_signs_and_what_is_behind_them_apart():
    kind, (head, *cells) = column("width of the peak (deg)", "$-$1.5 [$-$2, 1], n = 8", "12.25 [11, 13], n = 7", "none")
    assert kind == r"D{.}{.}{2.2}@{~}>{\scriptsize}l"
    assert head == r"\multicolumn{2}{l}{\shortstack[l]{width of the\\peak (deg)}}"
    assert cells == ["-1.5 & [$-$2, 1], n = 8", "12.25 & [11, 13], n = 7", r"\multicolumn{2}{l}{none}"]


def test_powers_shares_and_texts_in_a_column():
    head = r"\multicolumn{1}{c}{\shortstack[c]{a}}"
    powers = [head, r"-2\cdot10^{-15}", r"3.2\cdot10^{4}"]
    assert column("a", "$-$2e$-$15", "3.2e+04") == ("D{.}{.}{2.6}", powers)
    assert column("a", "5.0\\%", "35.7\\%")[1] == [head.replace("a}", r"a (\%)}"), "5.0", "35.7"]
    assert column("a", "5 [3e+04, 4]")[1][1:] == [r"5 & [3$\cdot10^{4}$, 4]"]
    for texts in (("60 deg", "isotropic"), ("0.69, $-$0.48", "1.0, 2.0"), ("60", "6–7")):
        assert column("a", *texts) == ("l", ["a", *texts])


@given(st.lists(st.floats(-1e5, 1e5).map(lambda x: f"{x:.3g}"), min_size=1, max_size=5))
def test_no_number_is_lost(numbers):
    saved = Table(("x",), tuple((number,) for number in numbers)).to_latex()
    lines = aligned(saved).splitlines()[4:-2]
    read = [re.sub(r"\\cdot10\^\{(.*)\}", r"e\1", line.removesuffix(r" \\")) for line in lines]
    assert [float(number) for number in read] == [float(number) for number in numbers]


def test_most_saved_tables_have_columns_of_numbers(folder):
    tables = {path.stem: path.read_text() for path in folder.glob("tables/*/*.tex")}
    without = {name for name, text in tables.items() if "D{.}{.}" not in text}
    assert without <= {"sorn_2009", "calibration"}, "lists of numbers in one cell stay text"
    assert all("\n-0.109 &" not in text and "[-" not in text for text in tables.values()), "a hyphen is no minus"
    said = (folder / "tables.tex").read_text()
    assert said.count("Intervals: n = ") > 5 and "], n =" not in tables["ring_controls"], "once, not in each cell"


# --- what lies beside a figure


def test_captions_name_every_panel_and_records_have_their_parameters():
    records = {path: json.loads(path.read_text()) for path in sorted((ROOT / "figs").glob("*/*.json"))}
    for path, record in records.items():
        assert record["parameters"] and len(record["caption"]) >= 80, name(path)
    style = r'<text style="(?:font-weight: 700; font-size: 10px|font: 700 10px)[^>]*>([A-Z])</text>'
    for pdf in FIGURES:
        text = records[pdf.with_suffix(".json")]["caption"]
        named = set(re.findall(r"\b[A-Z]\b", text))
        for first, last in re.findall(r"\b([A-Z]) to ([A-Z])\b", text):
            named |= set(map(chr, range(ord(first), ord(last))))
        assert set(re.findall(style, pdf.with_suffix(".svg").read_text())) <= named, name(pdf)


def test_another_width_is_drawn_again_and_gathered_from_its_own_folder(small, tmp_path, monkeypatch):
    command = ["make", "-n", "thesis", "WIDTH=120", "LANGUAGE=fr", "NB=FINAL_5"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    drawn, schematics, gathered = lines = [line for line in told if "NOTEBOOK_FIGS" in line]
    assert "figs --profile quick FINAL_5" in drawn and "docs.schematics" in schematics and "tools.thesis" in gathered
    assert all("NOTEBOOK_WIDTH_MM=120 NOTEBOOK_LANGUAGE=fr" in line for line in lines)
    assert len(set(re.findall(r"NOTEBOOK_FIGS=(\S+)", "\n".join(told)))) == 1
    (tmp_path / "figs").rename(tmp_path / "elsewhere")
    monkeypatch.setenv("NOTEBOOK_FIGS", str(tmp_path / "elsewhere"))
    assert thesis.main([], root=tmp_path) == 0 and (tmp_path / "build/thesis/figures/m/one.pdf").is_file()


@pytest.fixture
def small(tmp_path):
    """A collection with one figure; returns its json."""
    place = tmp_path / "figs" / "m"
    place.mkdir(parents=True)
    (place / "one.pdf").write_bytes(b"%PDF")
    (place / "one.png").touch()
    storage.write_json(place / "one.json", {"figure": "m/one", "caption": "What α is."})
    return place / "one.json"


def test_a_figure_without_caption_is_called_by_its_name(small, tmp_path):
    for caption, expected in (("What α is.", "What α is."), ("", "One.")):
        storage.write_json(small, {"figure": "m/one", "caption": caption})
        assert thesis.main(["m"], root=tmp_path) == 0
        assert rf"\caption[{{{expected}}}]{{{expected}}}" in (tmp_path / "build/thesis/figures.tex").read_text()


@pytest.mark.parametrize(
    ("argv", "change", "said"),
    [
        (["none"], lambda record: None, "no pdf in figs/none/"),
        ([], lambda record: record.write_text("{"), "delete it and make it again, with `make figs`"),
        ([], lambda record: storage.write_json(record, {"caption": "中"}), "m/one.pdf: the sign '中'"),
        ([], lambda record: storage.write_json(record, {"files": {"pdf": "another"}}), "the .pdf beside it is not"),
    ],
)
def test_a_fault_is_one_line_and_writes_nothing(argv, change, said, small, tmp_path, capsys):
    change(small)
    assert thesis.main(argv, root=tmp_path) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and err.startswith("thesis: ") and said in err
    assert not list(tmp_path.glob("build/*"))


# --- the figures as they will be printed


def name(pdf):
    return f"{pdf.parent.name}/{pdf.stem}"


def test_size_in_mm(folder):
    """From one column to the width of the text, and no higher than a page; the svg and the png have the same size.

    Word and LibreOffice insert a png at the size that its pixels and its resolution give.
    """
    for pdf in FIGURES:
        box = re.search(rb"/MediaBox \[ ?([\d. ]+)\]", pdf.read_bytes())[1].split()
        width, height = (float(x) * 25.4 / 72 for x in box[2:])
        assert COLUMN_MM - 0.1 <= width <= TEXT_MM + 0.1 and height <= 230, name(pdf)
        svg = re.findall(r'(?:width|height)="([\d.]+)pt"', pdf.with_suffix(".svg").read_text()[:2000])
        assert np.allclose([float(x) * 25.4 / 72 for x in svg], (width, height)), name(pdf)
        with PIL.Image.open(folder / "figures" / pdf.parent.name / f"{pdf.stem}.png") as picture:
            assert abs(25.4 * picture.width / picture.info["dpi"][0] - width) < 0.2, name(pdf)


def test_every_font_is_embedded():
    """All fonts are TrueType (Type 42) with their file inside; none is one of the readers' own."""
    for pdf in FIGURES:
        raw = pdf.read_bytes()
        kinds = re.findall(rb"/Type /Font\b.*?/Subtype /(\w+)", raw, re.S)
        descriptors = re.findall(rb"/Type /FontDescriptor\b.*?>>", raw, re.S)
        assert set(kinds) == {b"Type0", b"CIDFontType2"}, name(pdf)
        assert len(descriptors) == kinds.count(b"CIDFontType2"), name(pdf)
        assert all(b"/FontFile2" in descriptor for descriptor in descriptors), name(pdf)


def test_no_text_is_too_small(tmp_path):
    """At least 6 pt at final size; sub- and superscripts are 0.7 of their text and count with it."""
    tick = '<text><tspan style="font: 7px x">10</tspan><tspan style="font: 4.9px x">3</tspan></text>'
    made_up = f'<svg width="100pt" viewBox="0 0 100 50">{tick}<text style="font-size: 5.5px; x">b</text></svg>'
    (tmp_path / "a.svg").write_text(made_up)
    assert texts(tmp_path / "a.svg") == [("103", 7.0), ("b", 5.5)]
    for pdf in FIGURES:
        assert [found for found in texts(pdf.with_suffix(".svg")) if found[1] < SMALLEST_PT] == [], name(pdf)


def texts(svg):
    """Return (text, size) of every text of a figure; the svg keeps text as text, and a px is a pt of its view box."""
    source, found = svg.read_text(), []
    width, box = (float(re.search(rf'<svg[^>]* {name}="(?:0 0 )?([\d.]+)', source)[1]) for name in ("width", "viewBox"))
    for text in re.findall(r"<text\b.*?</text>", source, re.S):
        sizes = [float(size) for size in re.findall(r"font(?:-size)?:[^;\"]*?([\d.]+)px", text)]
        scripts = {round(max(sizes) * SCRIPT**k, 3) for k in (1, 2)}
        size = min(size for size in sizes if round(size, 3) not in scripts)
        found.append((re.sub(r"<[^>]+>|\s+", "", text), size * width / box))
    return found


# --- colours

# Machado, Oliveira, Fernandes (2009), IEEE Trans Vis Comput Graph 15:1291, table 1: deuteranopia, severity 1.
DEUTERANOPIA = [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
TO_XYZ = [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
WHITE = [0.95047, 1.0, 1.08883]  # D65


def linear(colour):
    """Return linear RGB of an sRGB colour."""
    rgb = np.array(matplotlib.colors.to_rgb(colour))
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    """Return CIELAB of linear RGB."""
    x = np.array(TO_XYZ) @ np.clip(rgb, 0, 1) / WHITE
    f = np.where(x > (6 / 29) ** 3, np.cbrt(x), x / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def distance(one, other, matrix=DEUTERANOPIA):
    """Return the CIELAB distance of two colours as a deuteranope sees them."""
    return float(np.linalg.norm(lab(np.array(matrix) @ linear(one)) - lab(np.array(matrix) @ linear(other))))


def close(colours):
    """Return the pairs of colours that a deuteranope could take for one another."""
    return [pair for pair in itertools.combinations(colours, 2) if distance(*pair) < SMALLEST_DELTA_E]


def test_the_simulation_against_known_colours():
    eye = np.eye(3)
    assert np.allclose(lab(linear("white")), (100, 0, 0), atol=0.02)
    assert np.allclose(lab(linear("red")), (53.24, 80.09, 67.20), atol=0.02)  # the published CIELAB of sRGB red
    assert np.allclose(np.array(DEUTERANOPIA) @ np.ones(3), 1, atol=1e-5), "greys stay grey"
    assert distance("#c04040", "#708030", eye) > 2 * distance("#c04040", "#708030"), "red and green come together"


def test_the_cycle_of_colours_survives_deuteranopia():
    """The first six stay about six just noticeable differences apart, for any eye."""
    use_style()
    cycle = [matplotlib.colors.to_hex(style["color"]).upper() for style in matplotlib.rcParams["axes.prop_cycle"]]
    assert cycle == COLOURS
    assert close([colour for name, colour in OKABE_ITO.items() if name != "grey"]) == []
    for eye in (np.eye(3), DEUTERANOPIA):
        assert min(distance(a, b, eye) for a, b in itertools.combinations(COLOURS[:6], 2)) > 15


def test_the_colours_of_a_figure_survive_deuteranopia():
    """Filled areas and solid lines; dashed and dotted lines are told apart by their dashes."""
    alike = [set(pair) for pair in close(colour.lower() for colour in OKABE_ITO.values())]
    for pdf in FIGURES:
        styles = re.findall(r'style="([^"]*)"', pdf.with_suffix(".svg").read_text())
        solid = " ".join(style for style in styles if "stroke-dasharray" not in style)
        used = set(re.findall(r"(?:fill|stroke): (#\w{6})", solid.lower()))
        assert not [pair for pair in alike if pair <= used], name(pdf)
