"""Live view and explorer in a real JupyterLab: what they show is what the kernel holds, with an empty console."""

import json

import numpy as np
import pytest

from tests.browser.lab import notebook
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
few = NeuronGroup(net, 12, {2: Input()}, tag="few")
few.activity = np.zeros(12)
SynapseGroup(net, src=cells, dst=cells, tag="GLUTAMATE")
net.initialize()
"""
VIEW = """
ui = Network_UI(net, label="small")
ui.run(300)
ui.show()
"""
EXPLORER = """
from matplotlib.figure import Figure
from helpers.explorers import explore

def draw(a=1.0, b=2.0):
    fig = Figure(figsize=(4, 3))
    fig.add_axes((0, 0, 1, 1), xlim=(0, 5), ylim=(0, 5)).plot([0, a], [0, b])
    return fig

explorer = explore(draw, a=(0.5, 5.0), b=(0.0, 5.0))
explorer
"""
AGAIN = """
ui.pause()
ui.reset(parameters=True)
ui.speed.value, ui.window.value, ui.log.value, ui.shown.value = 1, 1000, False, ["cells: activity"]
ui.select(0, 60)
ui.run(300)
"""
PANEL = """name => { const canvas = document.querySelector(`[data-testid="${name}"]`);
  return JSON.stringify([canvas.panel.header, Array.from(canvas.panel.data, (x) => (Number.isFinite(x) ? x : null)),
    canvas.labels, canvas.clientWidth, canvas.node.hidden]); }"""
BEYOND = "n => +document.querySelector('[data-testid=iteration]').textContent > n"
CHANGED = "([image, old]) => image.src !== old && image.complete && image.naturalWidth > 300"
KERNEL = "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel"
DIES = f"() => {{ {KERNEL}.requestExecute({{code: 'import os; os.kill(os.getpid(), 9)'}}).done.catch(() => 0); }}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("small")


@pytest.fixture
def small(lab, folder):
    """A view of a small network, as a reader has it who ran all cells, back at iteration 300 with its parameters."""
    if lab.shown != f"{folder.name}/view.ipynb":
        lab.open(notebook(folder / "view.ipynb", NETWORK, VIEW, EXPLORER))
    if not lab.page.get_by_test_id("live-view").count():
        lab.run_all()
        lab.page.get_by_test_id("live-view").wait_for()
    lab.kernel(AGAIN)
    settled(lab)
    assert lab.problems() == []
    return lab


def count(lab):
    return int(lab.page.get_by_test_id("iteration").inner_text())


def wait_beyond(lab, n):
    lab.page.wait_for_function(BEYOND, arg=n, timeout=20_000)


def settled(lab):
    """Wait until the page shows the iteration of the kernel, and all that was sent is drawn."""
    wait_value(lab, "ui._seen == ui._seq, ui.queue", "True deque([])")
    wait_beyond(lab, int(lab.kernel("print(ui.net.iteration)")) - 1)


def wait_value(lab, expression, wanted):
    """Ask the kernel for 5 s until it answers `wanted`."""
    for _ in range(100):
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


def fill(lab, name, text):
    box = control(lab, name).locator("input")
    box.fill(text)
    box.press("Enter")


def choose(lab, *names):
    control(lab, "shown").locator("select").select_option(list(names))
    wait_value(lab, "ui.shown.value", str(tuple(names)))


def standing(lab):
    """Return the counter after it has stood still for 0.3 s."""
    lab.page.wait_for_selector("[data-testid=live-view][data-playing=false]")
    before = count(lab)
    lab.page.wait_for_timeout(300)
    assert count(lab) == before == int(lab.kernel("print(ui.iteration)"))
    return before


def pick(lab, column, row, name="grid", **options):
    """Click the middle of a place of the neuron grid, counted from its upper left corner."""
    grid, (header, _) = lab.page.get_by_test_id(name), panel(lab, name)
    box = grid.bounding_box()
    shape = header["columns"], header["rows"]
    size = min(box["width"] / shape[0], box["height"] / shape[1])
    left, top = (box["width"] - size * shape[0]) / 2, (box["height"] - size * shape[1]) / 2
    grid.click(position={"x": left + (column + 0.5) * size, "y": top + (row + 0.5) * size}, **options)


def says_that_its_kernel(lab, end, how):
    """End the kernel while the view plays; the view says what became of it."""
    press(lab, "play")
    wait_beyond(lab, count(lab) + 10)
    lost = lab.page.get_by_test_id("lost")
    assert not lost.is_visible()
    lab.page.evaluate(how)
    lost.wait_for(timeout=20_000)
    assert end in lost.inner_text() and "Run the cells again" in lost.inner_text()


# --- a small network


def test_play_pause_step_cancel_and_reset(small):
    assert count(small) == 300
    press(small, "play")
    wait_beyond(small, 310)
    press(small, "pause")
    before = standing(small)
    for _ in range(3):
        press(small, "step")
    wait_beyond(small, before + 2)
    assert standing(small) == before + 3
    fill(small, "amount", "10000000")
    press(small, "forward")
    wait_beyond(small, before + 103)
    control(small, "progress").wait_for()
    press(small, "pause")
    assert before + 100 < standing(small) < before + 10_000_000
    control(small, "progress").wait_for(state="hidden")
    press(small, "reset")
    wait_value(small, "net.iteration", "0")


def test_what_is_drawn_is_what_the_network_holds_also_after_iterations_elsewhere(small):
    small.kernel("net.simulate_iterations(50); ui.run(20); net.simulate_iterations(7)")
    seen = [*range(1, 301), *range(351, 371)]
    wait_beyond(small, 376)
    assert count(small) == 377, "the counter follows iterations of a cell"
    header, grid = panel(small, "grid")
    np.testing.assert_array_equal(grid.ravel(), coded(array(small, "cells.activity"), header))
    header, raster = panel(small, "raster")
    assert header["x"] == [0.5, 500.5] and raster.shape == (120, 500)
    empty = (raster == 255).all(axis=0)
    assert (np.flatnonzero(~empty) + 1).tolist() == seen
    np.testing.assert_array_equal(raster[:, ~empty], coded(array(small, "ui.samples()[1]").T, header))
    header, trace = panel(small, "trace")
    assert np.isnan(trace[:, 300]).all()
    trace = np.delete(trace, 300, axis=1)
    assert trace[0].tolist() == seen
    np.testing.assert_allclose(trace[1], array(small, "ui.samples()[1].mean(axis=1)"), rtol=1e-12)
    np.testing.assert_array_equal(trace[2], array(small, "ui.samples()[1][:, 60]"))
    weights = array(small, "cells.afferent_synapses['GLUTAMATE'][0].W")
    header, drawn = panel(small, "weights")
    np.testing.assert_array_equal(drawn[::-1], coded(weights, header))
    counts, edges = panel(small, "histogram")[1][:40], panel(small, "histogram")[1][40:]
    np.testing.assert_array_equal(counts, np.histogram(weights[weights != 0], edges)[0])


def test_parameters_are_typed_and_moved_and_apply_while_paused(small):
    leak = control(small, "param-Leak-decay_factor")
    small.type_into(leak, "0.95")
    wait_value(small, "net['Leak', 0].decay_factor", "0.95")
    box = leak.locator(".noUi-base").bounding_box()
    small.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    wait_value(small, "abs(net['Leak', 0].decay_factor - 0.5) < 0.02", "True")
    control(small, "param-Input-enabled").locator("input").uncheck()
    wait_value(small, "net['Input', 0].behaviour_enabled", "False")
    press(small, "defaults")
    wait_value(small, "net['Leak', 0].decay_factor, net['Input', 0].behaviour_enabled", "0.9 True")
    small.kernel("ui.set('Leak', 'decay_factor', 0.25)")
    leak.get_by_text("0.25").wait_for()


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


def test_several_groups_in_a_window_and_one_on_a_log_axis(small):
    small.kernel("few.grown = np.ones(12)")
    choose(small, "cells: activity", "few: grown")
    fill(small, "window", "60")
    wait_value(small, "ui.window.value", "60")
    small.kernel("for k in range(60):\n    few.grown = np.full(12, 3.0**k)\n    ui.run(1)")
    assert panel(small, "trace")[1][0].tolist() == panel(small, "trace-1")[1][0].tolist() == [*range(301, 361)]
    assert panel(small, "grid-1")[1].shape == (3, 4)
    pick(small, 1, 0, "grid-1")
    wait_value(small, "ui.picked(few), ui.picked(cells)", "[9] [60]")
    choose(small, "few: grown")
    control(small, "log").locator("input").check()
    wait_value(small, "ui.log.value", "True")
    header, trace = panel(small, "trace")
    assert small.page.get_by_test_id("grid-1").count() == 0
    np.testing.assert_allclose(trace[1], 3.0 ** np.arange(60), rtol=1e-12)
    labels = [float(text) for text in header["labels"] if "e" in text or float(text) < 1 or text in ("1", "10")]
    decades = np.log10(labels)
    assert len(decades) >= 3 and np.allclose(decades, np.round(decades)), "whole powers of ten"


def test_state_and_picture_are_downloaded_and_a_state_continues(small, tmp_path):
    with small.page.expect_download() as download:
        press(small, "save_picture")
    assert download.value.suggested_filename == "small_300.png"
    with small.page.expect_download() as download:
        press(small, "save")
    download.value.save_as(tmp_path / "state.npz")
    assert download.value.suggested_filename == "small_300.npz"
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


def test_the_kernel_stays_free_and_an_error_names_behaviour_and_line(small):
    small.type_into(control(small, "speed"), "1000")
    press(small, "play")
    wait_beyond(small, 3000)
    small.kernel("cells.activity = None")
    error, trace = control(small, "error"), control(small, "error").get_by_text("Traceback (most recent call last)")
    line = 1 + NETWORK.strip().splitlines().index("        neurons.activity *= self.decay_factor")
    error.get_by_text(f"Leak.new_iteration, line {line}: neurons.activity *= self.decay_factor | TypeError").wait_for()
    small.page.wait_for_selector("[data-testid=live-view][data-playing=false]")
    assert not trace.is_visible()
    error.locator("summary").click()
    assert trace.is_visible()


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


def test_a_slider_of_an_explorer_moves_its_picture(small):
    output = small.cell(2).locator(".jp-OutputArea-output").last
    image, slider = output.locator("img"), output.locator(".widget-slider").first
    image.wait_for()
    assert slider.get_by_text("a", exact=True).is_visible()
    first = moved(small, image, lambda: small.type_into(slider, "0.5"))
    assert small.kernel("print(explorer.values)") == "{'a': 0.5, 'b': 2.0}"
    assert moved(small, image, lambda: drag_to_the_end(small, slider)) != first
    wait_value(small, "explorer.values, repr(explorer.error)", "{'a': 5.0, 'b': 2.0} ''")
    assert float(slider.locator(".widget-readout").inner_text()) == 5 and output.get_by_text("redraw").is_visible()


# --- views without a kernel, or without a place


def test_a_view_whose_output_is_cleared_stops(small):
    press(small, "play")
    wait_beyond(small, 310)
    small.command("notebook:clear-all-cell-outputs")
    small.page.get_by_test_id("live-view").wait_for(state="detached")
    wait_value(small, "ui.playing", "False")
    stopped = small.kernel("print(net.iteration)")
    small.page.wait_for_timeout(300)
    assert small.kernel("print(net.iteration)") == stopped


def test_a_dead_kernel_is_said_and_a_reopened_notebook_shows_pictures(small):
    pictures = small.page.locator(".jp-OutputArea-output.jp-RenderedImage img")
    small.page.locator(".widget-image").wait_for()
    assert pictures.count() == 2 and not pictures.first.is_visible() and not pictures.last.is_visible()
    says_that_its_kernel(small, "died", DIES)
    small.command("docmanager:save")
    name = small.shown
    small.end()
    small.visit(name)
    pictures.first.wait_for(timeout=60_000)
    pictures.last.scroll_into_view_if_needed()
    lost = small.page.get_by_text("model not found")
    lost.first.wait_for(state="attached", timeout=20_000)
    small.page.wait_for_timeout(500)
    assert pictures.count() == 2 and pictures.first.is_visible() and pictures.last.is_visible()
    for k in range(lost.count()):
        assert not lost.nth(k).is_visible()
    assert [p for p in small.problems() if "widget model not found" not in p] == []
    small.shown = None


# --- the notebook of the collection


@pytest.mark.slow
def test_the_live_view_of_final_7(lab, tmp_path):
    """The cell of the view, after the quoted programs before it."""
    cells = sources("FINAL_7", "parameters", "quoted")
    lab.open(notebook(tmp_path / "view.ipynb", "import numpy as np\nfrom helpers import runs", *cells)).run_all()
    view = lab.page.get_by_test_id("live-view")
    view.wait_for()
    settled(lab)
    assert count(lab) == int(lab.kernel("print(ui.iteration)")) >= 300
    assert panel(lab, "grid")[1].size == int(lab.kernel("print(My_Neurons.size)"))
    lab.page.set_viewport_size({"width": 760, "height": 1200})
    lab.page.wait_for_function("view => view.scrollWidth <= view.clientWidth", arg=view.element_handle())
    lab.command("apputils:change-theme", {"theme": "JupyterLab Dark"})
    lab.page.wait_for_selector("body[data-jp-theme-name='JupyterLab Dark']", state="attached")
    lab.page.set_viewport_size({"width": 1400, "height": 1000})
    assert lab.problems() == []
    says_that_its_kernel(lab, "was restarted", f"{KERNEL}.restart()")
    lab.end()
