"""The play cell of FINAL_5 in a real JupyterLab: a slider moves, the picture and its value change."""

from tests.browser.lab import ROOT, notebook
from tests.test_explorers import REDRAW_S

CHANGED = "([image, old]) => image.src !== old && image.complete && image.naturalWidth > 300"
PLAYED = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from tests.test_explorers import FINAL, play_cells, played
explorer = played(play_cells(FINAL[4]))
explorer
"""


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


def test_a_slider_moves_the_picture(lab, tmp_path):
    lab.open(notebook(tmp_path / "play.ipynb", PLAYED)).run_all()
    output = lab.cell(0).locator(".jp-OutputArea-output").last
    image, slider = output.locator("img"), output.locator(".widget-slider").first
    readout, note = slider.locator(".widget-readout"), output.get_by_text("redraw")
    image.wait_for()
    known = "w = next(iter(explorer._sliders.values())); print(w.min, w.max, w.description)"
    low, high, name = lab.kernel(known).split(" ", 2)
    assert slider.get_by_text(name, exact=True).is_visible()
    start = readout.inner_text()
    first = moved(lab, image, lambda: lab.type_into(slider, low))
    assert float(readout.inner_text()) == float(low) != float(start)
    assert moved(lab, image, lambda: drag_to_the_end(lab, slider)) != first
    lab.page.wait_for_function("([node, high]) => +node.textContent === +high", arg=[readout.element_handle(), high])
    assert float(lab.kernel("print(next(iter(explorer.values.values())))")) == float(high)
    assert lab.kernel("print(repr(explorer.error), explorer._drawn == explorer.values)") == "'' True"
    assert float(note.inner_text().split()[1]) < REDRAW_S
