"""Two play cells in a real JupyterLab: a slider moves, the picture and its value change."""

import pytest

from tests.browser.lab import ROOT, notebook
from tests.test_explorers import FINAL, REDRAW_S

PLAYED = [0, 4]  # FINAL_1 begins with a slider of integers, FINAL_5 with one of floats
CHANGED = "([image, old]) => image.src !== old && image.complete && image.naturalWidth > 300"


@pytest.fixture
def opened(lab, tmp_path):
    """One notebook and kernel for both: each cell runs the cells of a FINAL notebook in a namespace of their own."""
    if not (lab.shown or "").endswith("play.ipynb"):
        first = "import sys; sys.path.insert(0, %r)\nfrom tests.test_explorers import FINAL, play_cells, played"
        cells = [f"explorer_{k} = played(play_cells(FINAL[{k}]))\nexplorer_{k}" for k in PLAYED]
        lab.open(notebook(tmp_path / "play.ipynb", first % str(ROOT), *cells)).run_all()
    return lab


def moved(lab, image, act):
    """Do something to the page and return the new picture's address, once the picture is there."""
    old = image.get_attribute("src")
    act()
    lab.page.wait_for_function(CHANGED, arg=[image.element_handle(), old])
    return image.get_attribute("src")


def drag_to_the_end(lab, slider):
    handle, box = slider.locator(".noUi-handle").bounding_box(), slider.locator(".noUi-base").bounding_box()
    lab.page.mouse.move(handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2)
    lab.page.mouse.down()
    lab.page.mouse.move(box["x"] + box["width"] + 5, box["y"] + box["height"] / 2, steps=8)
    lab.page.mouse.up()


@pytest.mark.parametrize("k", PLAYED, ids=lambda k: FINAL[k].stem)
def test_a_slider_moves_the_picture(opened, k):
    lab, explorer = opened, f"explorer_{k}"
    output = lab.cell(1 + PLAYED.index(k)).locator(".jp-OutputArea-output").last
    image, slider = output.locator("img"), output.locator(".widget-slider").first
    readout, note = slider.locator(".widget-readout"), output.get_by_text("redraw")
    image.wait_for()
    known = f"w = next(iter({explorer}._sliders.values())); print(w.min, w.max, w.description)"
    low, high, name = lab.kernel(known).split(" ", 2)
    assert slider.get_by_text(name, exact=True).is_visible()
    start = readout.inner_text()
    first = moved(lab, image, lambda: lab.type_into(slider, low))
    assert float(readout.inner_text()) == float(low) != float(start)
    assert moved(lab, image, lambda: drag_to_the_end(lab, slider)) != first
    lab.page.wait_for_function("([node, high]) => +node.textContent === +high", arg=[readout.element_handle(), high])
    assert float(lab.kernel(f"print(next(iter({explorer}.values.values())))")) == float(high)
    assert lab.kernel(f"print(repr({explorer}.error), {explorer}._drawn == {explorer}.values)") == "'' True"
    assert float(note.inner_text().split()[1]) < REDRAW_S
