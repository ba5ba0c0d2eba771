"""The live view in a real JupyterLab: played, paused, stepped, changed and asked, with an empty console."""

import re

import nbformat
import pytest

from tests.browser.lab import ROOT, Lab

FINAL = ROOT / "FINAL_notebooks" / "FINAL_7_modular_networks.ipynb"
NETWORK = """
import numpy as np
from helpers.modular import *
from helpers.modular.ui import *

class Leak(Behaviour):
    def set_variables(self, neurons):
        neurons.activity = neurons.get_random_neuron_vec()
        self.decay_factor = self.get_init_attr("decay_factor", 0.9)
    def new_iteration(self, neurons):
        neurons.activity *= self.decay_factor

class Input(Behaviour):
    def set_variables(self, neurons):
        for synapse in neurons.afferent_synapses["GLUTAMATE"]:
            synapse.W = synapse.get_random_synapse_mat(density=0.1)
    def new_iteration(self, neurons):
        for synapse in neurons.afferent_synapses["GLUTAMATE"]:
            neurons.activity += synapse.W.dot(synapse.src.activity) / synapse.src.size
        neurons.activity += neurons.get_random_neuron_vec(density=0.01)

net = Network(seed=1)
cells = NeuronGroup(net, size=get_squared_dim(120), behaviour={1: Leak(), 2: Input()}, tag="cells")
SynapseGroup(net, src=cells, dst=cells, tag="GLUTAMATE")
net.initialize()
"""
VIEW = """
ui = Network_UI(net, modules=get_default_UI_modules(["activity"], ["W"]), label="small")
ui.run(300)
ui.show()
"""


@pytest.fixture(scope="module")
def opened(chromium, lab_server, tmp_path_factory):
    """The view of a small network, as a reader has it after running all cells."""
    folder = tmp_path_factory.mktemp("small")
    cells = [nbformat.v4.new_code_cell(NETWORK.strip()), nbformat.v4.new_code_cell(VIEW.strip())]
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), folder / "small.ipynb")
    with Lab.on(chromium, lab_server, folder) as lab:
        lab.open(folder / "small.ipynb").run_all()
        lab.page.get_by_test_id("live-view").wait_for()
        yield lab


@pytest.fixture
def small(opened, artefacts):
    """The same page for each test, the network back at iteration 300 with its first parameters."""
    opened.artefacts = artefacts
    opened.kernel("ui.pause(); ui.reset(parameters=True); ui.choose('speed', 1); ui.select(0, 60); ui.run(300)")
    wait_beyond(opened, 299)
    assert opened.problems() == []
    return opened


def count(lab):
    return int(lab.page.get_by_test_id("iteration").inner_text())


def wait_beyond(lab, n, *, timeout=20_000):
    lab.page.wait_for_function(
        "n => +document.querySelector('[data-testid=iteration]').textContent > n", arg=n, timeout=timeout
    )


def wait_value(lab, expression, wanted, *, seconds=2):
    """Ask the kernel until it answers `wanted`."""
    for _ in range(20 * seconds):
        if (answer := lab.kernel(f"print({expression})")) == wanted:
            return
        lab.page.wait_for_timeout(50)
    raise AssertionError(f"{expression} is {answer}, not {wanted}")


def press(lab, hook):
    lab.page.get_by_test_id(hook).click()


def standing(lab):
    """Return the counter after it has stood still for 0.3 s."""
    lab.page.wait_for_selector("[data-testid=live-view][data-playing=false]")
    before = count(lab)
    lab.page.wait_for_timeout(300)
    assert count(lab) == before == int(lab.kernel("print(ui.iteration)"))
    return before


def play_pause_step(lab):
    start = count(lab)
    press(lab, "play")
    wait_beyond(lab, start + 10)
    press(lab, "pause")
    before = standing(lab)
    for _ in range(3):
        press(lab, "step")
    wait_beyond(lab, before + 2)
    assert standing(lab) == before + 3


def cancel_a_run_forward(lab):
    before = count(lab)
    lab.page.get_by_test_id("ff-n").fill("10000000")
    press(lab, "ff")
    wait_beyond(lab, before + 100)
    assert lab.page.get_by_test_id("progress").is_visible()
    lab.kernel("import time; clicked = time.time()")
    press(lab, "cancel")
    assert before + 100 < standing(lab) < before + 10_000_000
    assert not lab.page.get_by_test_id("progress").is_visible()


def pick(lab, column, row, **options):
    """Click the middle of a place of the neuron grid, counted from its upper left corner."""
    grid = lab.page.get_by_test_id("grid")
    box = grid.bounding_box()
    shape = [int(grid.get_attribute(f"data-{name}")) for name in ("columns", "rows")]
    size = min(box["width"] / shape[0], box["height"] / shape[1])
    left, top = (box["width"] - size * shape[0]) / 2, (box["height"] - size * shape[1]) / 2
    grid.click(position={"x": left + (column + 0.5) * size, "y": top + (row + 0.5) * size}, **options)


# --- the small network


def test_play_pause_step_and_cancel(small):
    assert count(small) == 300
    play_pause_step(small)
    cancel_a_run_forward(small)
    press(small, "reset")
    wait_value(small, "net.iteration", "0")
    small.screenshot("reset")
    assert small.problems() == []


def test_parameters_move_by_pointer_and_by_key_and_apply_while_paused(small):
    slider = small.page.get_by_test_id("param-Leak-decay_factor")
    slider.fill("0.95")
    wait_value(small, "net['Leak', 0].decay_factor", "0.95")
    slider.focus()
    small.page.keyboard.press("ArrowLeft")
    wait_value(small, "net['Leak', 0].decay_factor < 0.95", "True")
    small.page.get_by_test_id("param-Leak-decay_factor-number").fill("0.5")
    small.page.keyboard.press("Enter")
    wait_value(small, "net['Leak', 0].decay_factor", "0.5")
    small.page.get_by_test_id("enabled-Input").uncheck()
    wait_value(small, "net['Input', 0].behaviour_enabled", "False")
    press(small, "defaults")
    wait_value(small, "net['Leak', 0].decay_factor, net['Input', 0].behaviour_enabled", "0.9 True")
    small.kernel("ui.set('Leak', 'decay_factor', 0.25)")
    small.page.wait_for_function("() => document.querySelector('[data-testid=param-Leak-decay_factor]').value == 0.25")
    assert small.problems() == []


def test_neurons_are_picked_where_they_stand(small):
    """120 neurons are 10 columns and 12 rows; neuron i is at column i mod 10, row i div 10 from below."""
    pick(small, 3, 11)
    wait_value(small, "ui.selected", "[3]")
    pick(small, 9, 0)
    wait_value(small, "ui.selected", "[119]")
    pick(small, 0, 10, modifiers=["Shift"])
    wait_value(small, "ui.selected", "[119, 10]")
    small.page.get_by_test_id("grid").focus()
    small.page.keyboard.press("ArrowRight")
    wait_value(small, "ui.selected", "[11]")
    small.page.keyboard.press("ArrowUp")
    wait_value(small, "ui.selected", "[21]")
    small.page.wait_for_selector("[data-testid=grid][data-selected='21']")
    assert small.problems() == []


def test_the_kernel_stays_free_and_errors_show_in_the_view(small):
    press(small, "play")
    wait_beyond(small, 305)
    assert small.kernel("print(1 + 1)") == "2"
    before = int(small.kernel("before = net.iteration; ui.run(2000); print(net.iteration - before)"))
    assert before == 2000
    small.page.get_by_test_id("speed").fill("1000")
    small.page.keyboard.press("Enter")
    wait_value(small, "ui.speed", "1000")
    wait_beyond(small, 5000)
    small.kernel("cells.activity = None")
    small.page.get_by_test_id("error").wait_for()
    assert "NoneType" in small.page.get_by_test_id("error").inner_text()
    small.page.wait_for_selector("[data-testid=live-view][data-playing=false]")
    assert small.problems() == []


def test_state_and_picture_are_downloaded_and_a_state_continues(small, tmp_path):
    with small.page.expect_download() as download:
        press(small, "save")
    download.value.save_as(tmp_path / "state.npz")
    assert re.fullmatch(r"small_300\.npz", download.value.suggested_filename)
    with small.page.expect_download() as download:
        press(small, "snapshot")
    assert download.value.suggested_filename == "small_300.png"
    press(small, "step")
    wait_value(small, "net.iteration", "301")
    value = small.kernel("print(float(cells.activity.sum()))")
    small.page.locator("[data-testid=live-view] input[type=file]").set_input_files(tmp_path / "state.npz")
    wait_value(small, "net.iteration", "300")
    press(small, "step")
    wait_value(small, "net.iteration", "301")
    assert small.kernel("print(float(cells.activity.sum()))") == value
    assert small.problems() == []


def test_both_themes_and_a_narrow_page(small):
    view = small.page.get_by_test_id("live-view")
    small.screenshot("light", view)
    small.theme("JupyterLab Dark")
    small.screenshot("dark", view)
    small.theme("JupyterLab Light")
    small.page.set_viewport_size({"width": 760, "height": 1200})
    small.page.wait_for_timeout(300)
    small.screenshot("narrow", view)
    assert view.evaluate("view => view.scrollWidth <= view.clientWidth")
    assert small.problems() == []


# --- the notebook of the collection


@pytest.mark.slow
@pytest.mark.skipif(not FINAL.exists(), reason="FINAL_7 is not written yet")
def test_the_live_view_of_final_7(lab):
    lab.open(FINAL).run_all(timeout_s=300)
    lab.cell(lab.tagged("live-view"))
    view = lab.page.get_by_test_id("live-view")
    view.wait_for()
    assert count(lab) == int(lab.kernel("print(ui.iteration)")) >= 300
    play_pause_step(lab)
    move_a_slider(lab, view.locator("input[type=range][data-testid^=param-]").first)
    pick(lab, 1, 0)
    lab.page.wait_for_selector("[data-testid=grid][data-selected='91']")
    assert lab.kernel("print(ui.selected)") == "[91]"
    cancel_a_run_forward(lab)
    lab.screenshot("FINAL_7", view)
    assert lab.problems() == []


def move_a_slider(lab, slider):
    """Press an arrow key on a parameter; the kernel then has what the slider shows."""
    behaviour, name = slider.get_attribute("data-testid").removeprefix("param-").rsplit("-", 1)
    before = slider.input_value()
    slider.focus()
    lab.page.keyboard.press("ArrowLeft")
    after = slider.input_value()
    assert float(after) < float(before)
    wait_value(lab, f"abs(ui.net[{behaviour!r}, 0].{name} - {after}) < 1e-12", "True")
