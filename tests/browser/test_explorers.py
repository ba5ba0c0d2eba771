"""The play cell of every FINAL notebook in a real JupyterLab: a slider moves, the picture and its value change."""

import nbformat
import pytest

from tests.browser.lab import Lab
from tests.test_explorers import FINAL, REDRAW_S, play_cells

KERNEL = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
CHANGED = "([image, old]) => image.src !== old && image.complete && image.naturalWidth > 300"


@pytest.fixture(scope="module")
def browser(chromium, lab_server, tmp_path_factory):
    """One context for all: JupyterLab's own files are then read from the cache."""
    with Lab.on(chromium, lab_server, tmp_path_factory.mktemp("explorers")) as lab:
        yield lab


@pytest.fixture
def opened(browser, artefacts, tmp_path, request):
    """The imports, parameters and play cells of a notebook, run in a page and a kernel of their own."""
    cells = [nbformat.v4.new_code_cell(source) for source in play_cells(request.param)]
    path = tmp_path / f"play_{request.param.stem}.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": KERNEL}), path)
    browser.artefacts = artefacts
    browser.open(path).run_all()
    browser.kernel("explorer = _")
    yield browser
    browser.page.goto("about:blank")
    for session in browser.server.request("api/sessions"):
        browser.server.request(f"api/sessions/{session['id']}", "DELETE")
    browser.problems()


def moved(lab, image, act):
    """Do something to the page and return the new picture's address, once the picture is there."""
    old = image.get_attribute("src")
    act()
    lab.page.wait_for_function(CHANGED, arg=[image.element_handle(), old])
    return image.get_attribute("src")


def type_into(readout, text):
    readout.click()
    readout.fill(text)
    readout.press("Enter")


def drag_to_the_end(lab, slider):
    handle, box = slider.locator(".noUi-handle").bounding_box(), slider.locator(".noUi-base").bounding_box()
    lab.page.mouse.move(handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2)
    lab.page.mouse.down()
    lab.page.mouse.move(box["x"] + box["width"] + 5, box["y"] + box["height"] / 2, steps=8)
    lab.page.mouse.up()


@pytest.mark.parametrize("opened", FINAL, ids=lambda path: path.stem, indirect=True)
def test_a_slider_moves_the_picture(opened, record_property):
    lab = opened
    output = lab.cell(-1).locator(".jp-OutputArea-output").last
    image, slider = output.locator("img"), output.locator(".widget-slider").first
    readout, note = slider.locator(".widget-readout"), output.get_by_text("redraw")
    image.wait_for()
    known = "w = next(iter(explorer._sliders.values())); print(w.min, w.max, w.description)"
    low, high, name = lab.kernel(known).split(" ", 2)
    assert slider.get_by_text(name, exact=True).is_visible()
    start = readout.inner_text()
    first = moved(lab, image, lambda: type_into(readout, low))
    assert float(readout.inner_text()) == float(low) != float(start)
    assert moved(lab, image, lambda: drag_to_the_end(lab, slider)) != first
    lab.page.wait_for_function("([node, high]) => +node.textContent === +high", arg=[readout.element_handle(), high])
    assert float(lab.kernel("print(next(iter(explorer.values.values())))")) == float(high)
    assert lab.kernel("print(repr(explorer.error))") == "''"
    assert lab.kernel("print(explorer._drawn == explorer.values)") == "True"
    seconds = float(note.inner_text().split()[1])
    record_property("redraw_s", seconds)
    print(f"{name}: redraw {seconds:.2f} s")
    assert seconds < REDRAW_S
    lab.screenshot("explorer", output)
    assert lab.problems() == []
