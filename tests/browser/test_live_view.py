"""The live view in a real JupyterLab: what it shows is compared with what the kernel holds, with an empty console."""

import json
import re

import numpy as np
import pytest

from tests.browser.lab import READY, notebook
from tests.cells import sources

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
WIDE = """
import numpy as np
from helpers.modular import *
from helpers.modular.ui import *

class Spikes(Behaviour):
    def set_variables(self, neurons):
        self.rate = self.get_init_attr("rate", 0.1)
        neurons.v = neurons.vector("uniform(0.0,1.0)") * self.get_init_attr("scale", 1)
        neurons.spike = neurons.v > 2
    def new_iteration(self, neurons):
        neurons.v = neurons.vector("uniform(0.0,1.0)") + np.sin(neurons.iteration * np.pi / 10)
        neurons.spike = neurons.vector("uniform(0.0,1.0)") < self.rate

net = Network(seed=3)
many = NeuronGroup(net, 1100, {1: Spikes(rate=0.1, scale=2)}, tag="many")
few = NeuronGroup(net, 12, {1: Spikes(rate=0.3, scale=2)}, tag="few")
synapses = SynapseGroup(net, many, many, tag="GLUTAMATE")
synapses.W = synapses.matrix("normal(0.0,1.0)", density=0.1)
net.initialize()

ui = Network_UI(net, modules=get_default_UI_modules(), label="wide")
ui.run(120)
ui.show()
"""
EXPLORER = """
from matplotlib.figure import Figure
from helpers.explorers import explore

def draw(a=1.0, b=2.0):
    fig = Figure(figsize=(3, 2))
    fig.add_axes((0, 0, 1, 1)).plot([0, a], [0, b])
    return fig

explore(draw, a=(0.0, 5.0), b=(0.0, 5.0))
"""
PANEL = """name => { const canvas = document.querySelector(`[data-testid="${name}"]`);
  return JSON.stringify([canvas.panel.header, Array.from(canvas.panel.data, (x) => (Number.isFinite(x) ? x : null)),
    canvas.labels, canvas.clientWidth, canvas.node.hidden]); }"""


def shown(lab, folder, *cells):
    """A page on a notebook of these cells, all of which have run, as a reader has it; it stays for the next test."""
    if lab.shown != f"{folder.name}/view.ipynb":
        lab.open(notebook(folder / "view.ipynb", *cells)).run_all()
        lab.page.get_by_test_id("live-view").wait_for()
    return lab


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return [tmp_path_factory.mktemp(name) for name in ("small", "wide", "final")]


@pytest.fixture
def small(lab, folders):
    """The view of a small network, back at iteration 300 with its first parameters."""
    shown(lab, folders[0], NETWORK, VIEW, EXPLORER)
    lab.kernel("ui.pause(); ui.reset(parameters=True); ui.speed.value = 1; ui.select(0, 60); ui.run(300)")
    settled(lab)
    assert lab.problems() == []
    return lab


@pytest.fixture
def wide(lab, folders):
    """The view of two groups with two variables each, on the first variable of the first group."""
    shown(lab, folders[1], WIDE)
    lab.kernel("ui.pause(); ui.reset(parameters=True); ui.shown.value = ['many: v']; ui.log.value = False")
    lab.kernel("ui.window.value = 1000; ui.run(120)")
    settled(lab)
    assert lab.problems() == []
    return lab


def count(lab):
    return int(lab.page.get_by_test_id("iteration").inner_text())


def wait_beyond(lab, n, *, timeout=20_000):
    lab.page.wait_for_function(
        "n => +document.querySelector('[data-testid=iteration]').textContent > n", arg=n, timeout=timeout
    )


def settled(lab):
    """Wait until the page shows the iteration of the kernel, and all that was sent is drawn."""
    wait_value(lab, "ui._seen == ui._seq, ui.queue", "True deque([])")
    wait_beyond(lab, int(lab.kernel("print(ui.net.iteration)")) - 1)


def wait_value(lab, expression, wanted, *, seconds=5):
    """Ask the kernel until it answers `wanted`."""
    for _ in range(20 * seconds):
        if (answer := lab.kernel(f"print({expression})")) == wanted:
            return
        lab.page.wait_for_timeout(50)
    raise AssertionError(f"{expression} is {answer}, not {wanted}")


def panel(lab, name):
    """Return (header, numbers as drawn) of a panel, as the canvas holds them; maps as (rows, columns), lowest first."""
    settled(lab)
    header, numbers, labels, width, hidden = json.loads(lab.page.evaluate(PANEL, name))
    assert not hidden
    for text, left, right in labels:
        assert left >= 0 and right <= width + 0.5, f"{text} is cut off"
    numbers = np.array(numbers, float)
    if header["kind"] == "map":
        numbers = numbers.reshape(header["columns"], header["rows"]).T
    if header["kind"] == "lines":
        numbers = numbers.reshape(1 + len(header["names"]), -1)
    return header | dict(labels=[text for text, *_ in labels]), numbers


def array(lab, expression):
    """Return an array of the kernel."""
    return np.array(json.loads(lab.kernel(f"import json; print(json.dumps(np.asarray({expression}, float).tolist()))")))


def coded(values, header):
    """Return the colour codes of values on the scale that a map shows."""
    low, high = float(header["low"]), float(header["high"])
    return np.rint(253 * np.clip((values - low) / (high - low), 0, 1))


def control(lab, name):
    return lab.page.locator(f".mv-{name}")


def press(lab, name):
    control(lab, name).click()


def type_into(lab, name, text):
    readout = control(lab, name).locator(".widget-readout")
    readout.click()
    readout.fill(text)
    readout.press("Enter")


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
    amount = control(lab, "amount").locator("input")
    amount.fill("10000000")
    amount.press("Enter")
    press(lab, "forward")
    wait_beyond(lab, before + 100)
    control(lab, "progress").wait_for()
    press(lab, "pause")
    assert before + 100 < standing(lab) < before + 10_000_000
    control(lab, "progress").wait_for(state="hidden")


def pick(lab, column, row, name="grid", **options):
    """Click the middle of a place of the neuron grid, counted from its upper left corner."""
    grid, (header, _) = lab.page.get_by_test_id(name), panel(lab, name)
    box = grid.bounding_box()
    shape = header["columns"], header["rows"]
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


def test_what_is_drawn_is_what_the_network_holds(small):
    small.kernel("ui.step()")
    activity = array(small, "cells.activity")
    header, grid = panel(small, "grid")
    np.testing.assert_array_equal(grid.ravel(), coded(activity, header))
    assert float(header["high"]) < 2 * activity.max(), "the scale of the present"
    header, raster = panel(small, "raster")
    assert header["x"] == [0.5, 500.5] and raster.shape == (120, 500)
    assert float(header["high"]) == pytest.approx(array(small, "ui.samples()[1]").max(), abs=0.5)
    np.testing.assert_array_equal(raster[:, :301], coded(array(small, "ui.samples()[1]").T, header))
    assert (raster[:, 301:] == 255).all()
    header, trace = panel(small, "trace")
    np.testing.assert_array_equal(trace[0], np.arange(301) + 1)
    np.testing.assert_allclose(trace[1], array(small, "ui.samples()[1].mean(axis=1)"), rtol=1e-12)
    np.testing.assert_array_equal(trace[2], array(small, "ui.samples()[1][:, 60]"))
    weights = array(small, "cells.afferent_synapses['GLUTAMATE'][0].W")
    header, drawn = panel(small, "weights")
    np.testing.assert_array_equal(drawn[::-1], coded(weights, header))
    header, drawn = panel(small, "afferents")
    np.testing.assert_array_equal(drawn.ravel(), coded(weights[60], header))
    assert small.problems() == []


def test_the_time_axis_is_true_where_iterations_ran_elsewhere(small):
    small.kernel("net.simulate_iterations(50); ui.run(20); net.simulate_iterations(7)")
    seen = [*range(1, 301), *range(351, 371)]
    assert count(small) == 377, "the counter follows iterations of a cell"
    _, trace = panel(small, "trace")
    assert np.isnan(trace[:, 300]).all()
    assert np.delete(trace[0], 300).tolist() == seen
    header, raster = panel(small, "raster")
    empty = (raster == 255).all(axis=0)
    assert header["x"] == [0.5, 500.5] and (np.flatnonzero(~empty) + 1).tolist() == seen
    small.kernel("second = Network_UI(net); second.run(13)")
    wait_beyond(small, 389)
    assert count(small) == 390
    assert small.kernel("print(second.samples()[0].tolist() == list(range(378, 391)))") == "True"
    small.screenshot("gaps", small.page.get_by_test_id("live-view"))
    assert small.problems() == []


def test_parameters_move_by_pointer_and_by_key_and_apply_while_paused(small):
    type_into(small, "param-Leak-decay_factor", "0.95")
    wait_value(small, "net['Leak', 0].decay_factor", "0.95")
    control(small, "param-Leak-decay_factor").locator(".noUi-handle").focus()
    small.page.keyboard.press("ArrowLeft")
    wait_value(small, "0.9 < net['Leak', 0].decay_factor < 0.95", "True")
    box = control(small, "param-Leak-decay_factor").locator(".noUi-base").bounding_box()
    small.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    wait_value(small, "abs(net['Leak', 0].decay_factor - 0.5) < 0.02", "True")
    control(small, "param-Input-enabled").locator("input").uncheck()
    wait_value(small, "net['Input', 0].behaviour_enabled", "False")
    press(small, "defaults")
    wait_value(small, "net['Leak', 0].decay_factor, net['Input', 0].behaviour_enabled", "0.9 True")
    small.kernel("ui.set('Leak', 'decay_factor', 0.25)")
    control(small, "param-Leak-decay_factor").get_by_text("0.25").wait_for()
    assert small.problems() == []


def test_neurons_are_picked_where_they_stand(small):
    """120 neurons are 10 columns and 12 rows; neuron i is at column i mod 10, row i div 10 from below."""
    pick(small, 3, 11)
    wait_value(small, "ui.picked(cells)", "[3]")
    pick(small, 9, 0)
    wait_value(small, "ui.picked(cells)", "[119]")
    pick(small, 0, 10, modifiers=["Shift"])
    wait_value(small, "ui.picked(cells)", "[119, 10]")
    header, trace = panel(small, "trace")
    assert [name.rsplit(" ", 1)[0] for name in header["names"]] == ["mean", "neuron 119", "neuron 10"]
    np.testing.assert_array_equal(trace[2], array(small, "ui.samples()[1][:, 119]"))
    small.page.get_by_test_id("grid").focus()
    small.page.keyboard.press("ArrowRight")
    wait_value(small, "ui.picked(cells)", "[11]")
    small.page.keyboard.press("ArrowUp")
    wait_value(small, "ui.picked(cells)", "[21]")
    assert panel(small, "grid")[0]["marks"] == [[1, 2]]
    assert small.problems() == []


def test_the_kernel_stays_free_and_an_error_names_behaviour_and_line(small):
    press(small, "play")
    wait_beyond(small, 305)
    assert small.kernel("print(1 + 1)") == "2"
    before = int(small.kernel("before = net.iteration; ui.run(2000); print(net.iteration - before)"))
    assert before == 2000
    type_into(small, "speed", "1000")
    wait_value(small, "ui.speed.value", "1000.0")
    wait_beyond(small, 5000)
    small.kernel("cells.activity = None")
    error = control(small, "error")
    line = 1 + NETWORK.strip().splitlines().index("        neurons.activity *= self.decay_factor")
    error.get_by_text(f"Leak.new_iteration, line {line}: neurons.activity *= self.decay_factor | TypeError").wait_for()
    small.page.wait_for_selector("[data-testid=live-view][data-playing=false]")
    assert not error.get_by_text("Traceback (most recent call last)").is_visible()
    error.locator("summary").click()
    assert error.get_by_text("Traceback (most recent call last)").is_visible()
    small.screenshot("error")
    assert small.problems() == []


def test_state_and_picture_are_downloaded_and_a_state_continues(small, tmp_path):
    with small.page.expect_download() as download:
        press(small, "save")
    download.value.save_as(tmp_path / "state.npz")
    assert re.fullmatch(r"small_300\.npz", download.value.suggested_filename)
    with small.page.expect_download() as download:
        press(small, "save_picture")
    assert download.value.suggested_filename == "small_300.png"
    press(small, "step")
    wait_value(small, "net.iteration", "301")
    value = small.kernel("print(float(cells.activity.sum()))")
    with small.page.expect_file_chooser() as chooser:
        press(small, "load")
    chooser.value.set_files(tmp_path / "state.npz")
    wait_value(small, "net.iteration", "300")
    press(small, "step")
    wait_value(small, "net.iteration", "301")
    assert small.kernel("print(float(cells.activity.sum()))") == value
    assert small.problems() == []


# --- views without a kernel, or without a place

KERNEL = "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel"
LOST = {
    "was restarted": f"{KERNEL}.restart()",
    "died": f"() => {{ {KERNEL}.requestExecute({{code: 'import os; os.kill(os.getpid(), 9)'}}).done.catch(() => 0); }}",
}


def test_a_view_whose_output_is_cleared_stops(small):
    press(small, "play")
    wait_beyond(small, 310)
    small.command("notebook:clear-all-cell-outputs")
    small.page.get_by_test_id("live-view").wait_for(state="detached")
    wait_value(small, "ui.playing", "False")
    stopped = small.kernel("print(net.iteration)")
    small.page.wait_for_timeout(300)
    assert small.kernel("print(net.iteration)") == stopped
    assert small.problems() == []


@pytest.mark.parametrize("end", LOST)
def test_a_lost_kernel_is_said(lab, folders, end):
    shown(lab, folders[0], NETWORK, VIEW, EXPLORER).run_all()
    lab.page.get_by_test_id("live-view").wait_for()
    press(lab, "play")
    wait_beyond(lab, 310)
    assert not lab.page.get_by_test_id("lost").is_visible()
    lab.page.evaluate(LOST[end])
    lab.page.get_by_test_id("lost").wait_for(timeout=20_000)
    text = lab.page.get_by_test_id("lost").inner_text()
    assert end in text and "Run the cells again" in text
    lab.screenshot(end)
    lab.page.wait_for_function(READY, timeout=20_000)


def test_a_reopened_notebook_shows_pictures(lab, folders):
    shown(lab, folders[0], NETWORK, VIEW, EXPLORER).run_all()
    pictures = lab.page.locator(".jp-OutputArea-output.jp-RenderedImage img")
    lab.page.get_by_test_id("live-view").wait_for()
    lab.page.locator(".widget-image").wait_for()
    assert pictures.count() == 2 and not pictures.first.is_visible() and not pictures.last.is_visible()
    lab.command("docmanager:save")
    lab.end()
    lab.visit(f"{folders[0].name}/view.ipynb")
    pictures.first.wait_for(timeout=60_000)
    pictures.last.scroll_into_view_if_needed()
    lost = lab.page.get_by_text("model not found")
    lost.first.wait_for(state="attached", timeout=20_000)
    lab.page.wait_for_timeout(500)
    assert pictures.count() == 2 and pictures.first.is_visible() and pictures.last.is_visible()
    for k in range(lost.count()):
        assert not lost.nth(k).is_visible()
    lab.screenshot("reopened")
    assert [p for p in lab.problems() if "widget model not found" not in p] == []
    lab.shown = None


# --- two groups with two variables each


def choose(lab, *names):
    control(lab, "shown").locator("select").select_option(list(names))
    wait_value(lab, "ui.shown.value", str(tuple(names)))


def test_several_groups_and_variables_keep_their_history(wide):
    choose(wide, "many: v", "few: spike")
    wide.kernel("ui.run(30)")
    assert panel(wide, "grid-1")[1].shape == (3, 4)
    assert panel(wide, "trace-1")[1][0].tolist() == list(range(121, 151)), "its history begins when it is first shown"
    choose(wide, "few: spike")
    wide.kernel("ui.run(30)")
    assert wide.page.get_by_test_id("grid-1").count() == 0
    header, raster = panel(wide, "raster")
    assert header["x"] == [120.5, 220.5]
    np.testing.assert_array_equal(raster[:, :60], 253 * array(wide, "ui.samples(few, 'spike')[1]").T)
    choose(wide, "many: v", "few: spike")
    _, trace = panel(wide, "trace")
    assert trace[0].tolist() == list(range(1, 181)), "also of the variable that was not shown for a while"
    np.testing.assert_array_equal(trace[1, -1:], array(wide, "[many.v.mean()]"))
    pick(wide, 1, 0, "grid-1")
    wait_value(wide, "ui.picked(few), ui.picked(many)", "[9] [550]")
    box = control(wide, "window").locator("input")
    box.fill("60")
    box.press("Enter")
    wait_value(wide, "ui.window.value", "60")
    assert panel(wide, "trace")[1][0].tolist() == list(range(121, 181))
    wide.kernel("ui.window.value = 1000")
    assert panel(wide, "trace")[1][0].tolist() == list(range(1, 181))
    wide.screenshot("several", wide.page.get_by_test_id("live-view"))
    assert wide.problems() == []


def test_histograms_are_of_the_data_at_any_size(wide):
    assert panel(wide, "weights")[1].shape == (367, 367)
    assert "block means" in panel(wide, "weights")[0]["title"]
    _, bars = panel(wide, "histogram")
    counts, edges = bars[:40], bars[40:]
    expected = array(wide, f"np.histogram(synapses.W[synapses.W != 0], np.array({edges.tolist()}))[0]")
    np.testing.assert_array_equal(counts, expected)
    assert counts.sum() == int(wide.kernel("print((synapses.W != 0).sum())"))
    assert wide.problems() == []


def test_a_log_axis_has_whole_labels(wide):
    wide.kernel("few.grown = np.ones(12)")
    choose(wide, "few: grown")
    wide.kernel("for k in range(60):\n    few.grown = np.full(12, 3.0**k)\n    ui.run(1)")
    control(wide, "log").locator("input").check()
    wait_value(wide, "ui.log.value", "True")
    header, trace = panel(wide, "trace")
    np.testing.assert_allclose(trace[1], 3.0 ** np.arange(60), rtol=1e-12)
    labels = [float(text) for text in header["labels"] if "e" in text or float(text) < 1 or text in ("1", "10")]
    decades = [np.log10(label) for label in labels]
    assert len(decades) >= 3 and np.allclose(decades, np.round(decades)), "whole powers of ten"
    wide.screenshot("log", wide.page.get_by_test_id("live-view"))
    wide.kernel("ui.log.value = False; del few.grown")
    assert wide.problems() == []


# --- the notebook of the collection


@pytest.mark.slow
def test_the_live_view_of_final_7(lab, folders):
    """The cell of the view, after the quoted programs before it."""
    cells = sources("FINAL_7", "parameters", "quoted")
    shown(lab, folders[2], "import numpy as np\nfrom helpers import runs", *cells)
    view = lab.page.get_by_test_id("live-view")
    settled(lab)
    assert count(lab) == int(lab.kernel("print(ui.iteration)")) >= 300
    play_pause_step(lab)
    move_a_slider(lab)
    pick(lab, 1, 0)
    wait_value(lab, "ui.picked(My_Neurons)", "[91]")
    assert panel(lab, "grid")[0]["marks"] == [[1, 9]]
    cancel_a_run_forward(lab)
    lab.theme("JupyterLab Dark")
    lab.screenshot("FINAL_7 dark", view)
    lab.theme("JupyterLab Light")
    lab.page.set_viewport_size({"width": 760, "height": 1200})
    lab.page.wait_for_timeout(300)
    lab.screenshot("FINAL_7", view)
    assert view.evaluate("view => view.scrollWidth <= view.clientWidth")
    lab.page.set_viewport_size({"width": 1400, "height": 1000})
    assert lab.problems() == []


def move_a_slider(lab):
    """Press an arrow key on a parameter; the kernel then has what the slider shows."""
    slider = control(lab, "param-Basic_Behaviour-decay_factor")
    slider.locator(".noUi-handle").focus()
    lab.page.keyboard.press("ArrowLeft")
    wait_value(lab, "My_Network['Basic_Behaviour', 0].decay_factor < 0.99", "True")
    after = float(slider.locator(".widget-readout").inner_text())
    assert lab.kernel(f"print(abs(My_Network['Basic_Behaviour', 0].decay_factor - {after}) < 1e-3)") == "True"
