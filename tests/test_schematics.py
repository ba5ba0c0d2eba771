"""Each model has a schematic that is up to date, can be read and printed, and stands in its notebook."""

import io
import itertools
import json
import re

import matplotlib
import pytest

from docs import schematics
from helpers import figures
from tests.test_thesis import texts
from tools.common import ROOT
from tools.hygiene import Page, tags
from tools.notebooks import find

FOLDER = ROOT / "figs" / "schematics"
MODELS = list(schematics.MODELS)
PAGES = list(map(Page, find()))


@pytest.fixture(scope="module", params=MODELS)
def drawn(request):
    """A schematic as its code draws it now: name, figure, and its svg."""
    page = io.BytesIO()
    with schematics.style(), matplotlib.rc_context(figures.OUTPUT):
        fig = schematics.MODELS[request.param]()
        fig.savefig(page, format="svg", metadata=figures.FORMATS["svg"], dpi=figures.DPI["svg"])
        yield request.param, fig, page.getvalue().decode()


def test_it_is_what_its_code_draws(drawn):
    """Another matplotlib may place a curve otherwise: then only the words are compared."""
    name, _, svg = drawn
    record = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    kept = (FOLDER / f"{name}.svg").read_text(encoding="utf-8")
    assert record["caption"] == " ".join(schematics.MODELS[name].__doc__.split()), "run `make schematics`"
    if record["versions"]["matplotlib"] == matplotlib.__version__:
        assert kept == svg, "run `make schematics`"
    assert re.findall(r"<!-- (.*?) -->", kept) == re.findall(r"<!-- (.*?) -->", svg), "run `make schematics`"


def test_it_fits_the_page_and_its_text_can_be_read_at_120_mm(drawn):
    """8 pt at 160 mm are 6 pt at 120 mm."""
    width, height = 25.4 * drawn[1].get_size_inches()
    assert width == pytest.approx(figures.TEXT_MM) and height <= 75
    assert {text: pt for text, pt in texts(FOLDER / f"{drawn[0]}.svg") if pt < 8} == {}


def test_no_text_meets_another_or_the_edge(drawn):
    fig = drawn[1]
    fig.draw_without_rendering()
    boxes = [(text.get_text(), text.get_window_extent()) for text in fig.axes[0].texts if text.get_text()]
    assert len(boxes) > 5
    for (one, box), (other, box_of_other) in itertools.combinations(boxes, 2):
        assert not box.padded(-0.5).overlaps(box_of_other.padded(-0.5)), (one, other, "by more than a pixel")
    assert [text for text, box in boxes if box.x0 < 0 or box.x1 > fig.bbox.x1 or box.y0 < 0] == []


def test_nothing_else_lies_there():
    names = {f"{name}.{suffix}" for name in MODELS for suffix in ("pdf", "svg", "png", "json")}
    assert {path.name for path in FOLDER.iterdir()} == names


@pytest.mark.parametrize(("name", "page"), [*zip(MODELS, PAGES, strict=True)], ids=MODELS)
def test_its_notebook_shows_it_before_the_first_step(name, page):
    """With alternative text, a caption in English and a folded one in French, in a cell that class copies keep."""
    (place,) = [i for i, cell in enumerate(page.cells) if "/schematics/" in cell.source]
    assert page.cells[place - 1].source.startswith("## What this notebook teaches")
    alt, caption, french = re.fullmatch(
        rf"!\[(.+)\]\(\.\./figs/schematics/{name}\.png\)\n\n\*(.+)\*\n\n"
        r"<details><summary>Légende en français</summary>\n\n\*(.+)\*\n\n</details>",
        page.cells[place].source,
    ).groups()
    assert min(map(len, (alt, caption, french))) > 40 and not tags(page.cells[place])
