"""The live view without a browser: run, step, change, play on an event loop, and what would be sent to a view."""

import asyncio
import base64
import functools
import re
import signal
import sys
import threading
import time
from datetime import UTC, datetime

import numpy as np
import pytest

from helpers.modular import Behaviour, Network, NeuronGroup, Recorder, SynapseGroup, get_squared_dim, history, panels
from helpers.modular import ui as live
from helpers.modular.synapses import stored
from helpers.modular.ui import Network_UI, get_default_UI_modules
from helpers.parameters import HelpersError
from tests.modular.test_readme_programs import Input

MODULES = get_default_UI_modules(["activity"], ["W"])


class Leak(Behaviour):
    def set_variables(self, neurons):
        neurons.activity = neurons.get_random_neuron_vec()
        self.decay_factor = self.get_init_attr("decay_factor", 0.99)
        self.period = 3

    def new_iteration(self, neurons):
        neurons.activity *= self.decay_factor
        self.seen = self.decay_factor


def network(groups=1):
    """Return a network of groups of 12, 13, ... neurons, each with synapses onto itself."""
    net = Network(seed=1)
    for k in range(groups):
        behaviour = {1: Leak(), 2: Input(), 9: Recorder(["n.activity"])}
        cells = NeuronGroup(net, get_squared_dim(12 + k), behaviour, tag=f"cells{k}")
        SynapseGroup(net, cells, cells, tag="GLUTAMATE")
    net.initialize()
    return net


def sent(shown):
    """Give a view a mouth, and return the list of (header, buffers) that it would send."""
    shown.widget()
    shown._canvases.add("page")
    messages = []
    shown._canvas.send = lambda header, buffers=(): messages.append((header, list(buffers)))
    return messages


def viewed(modules=None, *, groups=1, **options):
    """Return a network, its view, and the list of what the view sends."""
    net = network(groups)
    shown = Network_UI(net, modules, **options)
    return net, shown, sent(shown)


def view_of(behaviour, size=12):
    """Return a view of one group with one behaviour, and its only pair of group and variable."""
    net = Network(seed=1)
    NeuronGroup(net, size, {1: behaviour}, tag="cells")
    net.initialize()
    shown = Network_UI(net)
    return shown, *shown.pairs()


def say(shown, do, *arguments):
    """Let the canvas send a message, as the page does."""
    shown._receive(None, {"do": do, "args": list(arguments)}, [])


def panel(messages, name):
    """Return (header, numbers) of a panel as it was sent last."""
    header, buffers = next(message for message in reversed(messages) if message[0].get("panels"))
    place = [found["name"] for found in header["panels"]].index(name)
    found, content = header["panels"][place], buffers[place]
    if found["kind"] != "map":
        return found, np.frombuffer(content)
    return found, np.frombuffer(content, np.uint8).reshape(-1, found["rows"]).T


def in_loop(test):
    """Run a test that is a coroutine on an event loop of its own."""

    @functools.wraps(test)
    def run(*arguments, **options):
        asyncio.run(test(*arguments, **options))

    return run


# --- headless


def test_a18_running_in_the_view_is_running_the_network():
    plain, watched = network(), network()
    shown = Network_UI(watched, modules=MODULES, label="My_Network_UI", group_display_count=1)
    assert watched.iteration == 0
    shown.run(20)
    shown.fast_forward(20)
    shown.step(10)
    shown.set("Leak", "decay_factor", 0.5)
    shown.step(0)
    assert watched["Leak", 0].seen == 0.99
    shown.step()
    plain.simulate_iterations(50)
    plain["Leak", 0].decay_factor = 0.5
    plain.simulate_iterations(1)
    recorded, (times, values) = np.array(watched["n.activity", 0]), shown.samples()
    np.testing.assert_array_equal(recorded, plain["n.activity", 0])
    np.testing.assert_array_equal(times, np.arange(1, 52))
    np.testing.assert_array_equal(values, recorded)
    mean, picked = panels.trace(shown, *shown.pairs()[0]).y.values()
    np.testing.assert_allclose(mean, recorded.mean(axis=1), rtol=1e-15)
    np.testing.assert_array_equal(picked, recorded[:, 6])


def test_reset_goes_back_and_keeps_the_parameters_unless_told():
    net = network(groups=2)
    net.simulate_iterations(7)
    shown, second, other = Network_UI(net), net.NeuronGroups[1].behaviour[1], net["Input", 0]
    shown.run(30)
    seen = net.cells0.activity.copy()
    shown.reset()
    assert net.iteration == 7 and len(net["n.activity", 0]) == 0
    shown.run(30)
    np.testing.assert_array_equal(net.cells0.activity, seen)
    second.init_kwargs["decay_factor"] = 0.99
    for take_back in (shown.defaults, lambda: shown.reset(parameters=True)):
        shown.set("Leak-2", "decay_factor", 0.5)
        shown.set(second, "period", 5)
        assert second.period == 5 and type(second.period) is int
        shown.set(second, "period", 2.5)
        shown.enable(other, False)
        shown.reset()
        assert net["Leak", 0].decay_factor == 0.99 and second.decay_factor == second.init_kwargs["decay_factor"] == 0.5
        assert second.period == 2.5 and not other.behaviour_enabled
        take_back()
        assert second.decay_factor == second.init_kwargs["decay_factor"] == 0.99
        assert second.period == 3 and other.behaviour_enabled


def test_the_last_samples_are_kept_for_ever_and_a_new_past_replaces_the_old(rng, monkeypatch):
    monkeypatch.setattr(history, "MAX_WINDOW", 20)
    kept, seen = history.History(600), {}
    for now in (1, 2, 3, 10, 11, 3, 3, *range(4, 80)):
        values = rng.random(600)
        kept.add(now, values, [3, 8])
        seen = {before: old for before, old in seen.items() if before < now} | {now: values}
        for window in (5, 20):
            found, expected = kept.last(now, window), [time for time in seen if time > now - window]
            assert kept.times[found].tolist() == expected
            np.testing.assert_array_equal(kept.rows[found], [seen[time][::2] for time in expected])
            np.testing.assert_array_equal(kept.trace[found, 1:3], [seen[time][[3, 8]] for time in expected])
    kept.pick([9, 4])
    assert np.isnan(kept.trace[found, 1]).all(), "9 is not among the rows"
    np.testing.assert_array_equal(kept.trace[found, 2], [seen[time][4] for time in expected])
    assert kept.times[kept.last(90, 5)].size == 0, "the window ends now, not at the last sample"


def test_iterations_outside_the_view_are_a_gap():
    net = network()
    shown = Network_UI(net)
    shown.run(10)
    net.simulate_iterations(5)
    shown.run(4)
    net.simulate_iterations(6)
    seen, recorded, pair = [*range(1, 11), *range(16, 20)], np.array(net["n.activity", 0]), shown.pairs()[0]
    assert shown.samples()[0].tolist() == seen
    lines = panels.trace(shown, *pair)
    assert lines.span == (1, 100) and np.isnan(lines.x[10]) and len(lines.x) == 15
    mean = next(iter(lines.y.values()))
    np.testing.assert_array_equal(np.delete(mean, 10), recorded.mean(axis=1)[np.array(seen) - 1])
    image, known = panels.raster(shown, *pair).values, np.isin(np.arange(1, 101), seen)
    assert image.shape == (12, 100) and (image.mask == ~known).all()
    np.testing.assert_array_equal(image.data[:, known], recorded[np.array(seen) - 1].T)
    assert panels.fourier(shown, *pair) is None
    shown.run(9)
    np.testing.assert_allclose(panels.fourier(shown, *pair).x, np.arange(1, 5) / 9)  # of the nine since the gap


@pytest.mark.parametrize("storage", [False, True, "event"])
def test_weights_run_from_above_and_those_of_a_part_stand_at_their_sources(storage):
    net = Network(seed=1)
    cells = NeuronGroup(net, get_squared_dim(9), {1: Leak()}, tag="cells")
    synapse = SynapseGroup(net, cells.subGroup(cells.x == 0), cells.subGroup(cells.id > 4), tag="S")
    synapse.W = stored(np.arange(1.0, 13).reshape(4, 3), storage)
    net.initialize()
    shown = Network_UI(net)
    weights, afferents = (shown.panels()[name] for name in ("weights", "afferents"))
    assert weights().values[-1].tolist() == [1, 2, 3], "row 0 of a map is the lowest"
    assert not afferents().values.any(), "neuron 4 has no synapse of the part"
    shown.select("cells", 6)
    assert afferents().values.tolist() == [[0, 4, 0], [0, 5, 0], [0, 6, 0]]


def test_a_long_window_shows_every_kth_iteration_at_its_place(monkeypatch):
    monkeypatch.setattr(panels, "MAX_COLUMNS", 100)
    shown = Network_UI(network(), window=250)
    shown.run(260)
    image, (times, values) = panels.raster(shown, *shown.pairs()[0]), shown.samples()
    assert image.values.shape == (12, 84) and image.title == "neurons by iteration (1 in 3)"
    assert image.x == (10.5, 260.5) and times[0] == 11
    np.testing.assert_array_equal(image.values, values[::3].T)


def test_several_variables_are_shown_and_keep_their_history():
    net, shown, messages = viewed(groups=2, group_display_count=2)
    shown.run(10)
    shown.shown.value = ["cells1: activity"]
    shown.run(10)
    assert "grid-1" not in messages[-1][0]["names"] and panel(messages, "grid")[0]["title"] == "cells1: activity"
    shown.shown.value = ["cells0: activity", "cells1: activity"]
    assert panel(messages, "grid-1")[0]["rows"] == 13
    np.testing.assert_array_equal(shown.samples(*shown.pairs()[0])[1], net["n.activity", 0])
    shown.window.value = 15
    assert shown.samples()[0].tolist() == list(range(6, 21))


def test_what_appears_late_is_offered():
    net, shown, messages = viewed()
    shown.run(0)
    assert ("Leak", "decay_factor") in shown.controls.changers
    net.cells0.late = np.arange(12)
    net.cells0.add_behaviour(5, Behaviour(strength=0.25))
    shown.run(1)
    assert shown.shown.options == ("cells0: activity", "cells0: late")
    assert ("Behaviour", "strength") in shown.controls.changers
    shown.shown.value = ["cells0: late"]
    header, numbers = panel(messages, "grid")
    assert header["title"] == "cells0: late" and numbers[0, 0] == 0 and numbers[-1, -1] == round(253 * 11 / 15)


def test_a_parameter_of_the_start_needs_a_new_start():
    class Start(Behaviour):
        def set_variables(self, neurons):
            neurons.start = neurons.vector("zeros()") + self.get_init_attr("offset", 0)

    shown, (cells, _) = view_of(Start(offset=0.5))
    sent(shown)
    shown.run(5)
    shown.set("Start", "offset", 0.75)
    assert (cells.start == 0.5).all() and shown.controls.buttons["initialize"].button_style == "warning"
    shown.controls.buttons["initialize"].click()
    assert (cells.start == 0.75).all() and shown.iteration == 0
    shown.run(3)
    shown.reset()
    assert shown.iteration == 0 and (cells.start == 0.75).all(), "reset goes back to the new start"


# --- what travels


@pytest.mark.parametrize(("low", "high"), [(-70, -50), (-1e308, 1e308), (0, 1e-300)])
def test_codes_are_linear_and_mark_what_is_not_finite(low, high):
    values = np.array([low, low / 2 + high / 2, high, np.nan, np.inf, -np.inf])
    assert panels.codes(values, low, high).tolist() == [0, 126, 253, 254, 254, 254]
    assert panels.codes(np.ma.masked_invalid(values), low, high).tolist() == [0, 126, 253, 255, 255, 255]


@pytest.mark.parametrize("values", [[0, 0.52], [-70, -50.5], [3, 3], [np.nan, 2.0], [], [1e16, np.inf], [False, True]])
def test_limits_hold_all_finite_values(values):
    values = np.array(values)
    low, high = panels.limits(values)
    finite = values[np.isfinite(values)]
    assert low < high and (finite >= low).all() and (finite <= high).all()


@pytest.mark.parametrize(
    ("shape", "steps"), [((3, 5), (1, 1)), ((20, 16), (2, 1)), ((33, 3), (3, 1)), ((5, 17), (1, 2))]
)
def test_of_many_weights_block_means_are_shown_but_the_histogram_is_of_all(shape, steps, rng, monkeypatch):
    monkeypatch.setattr(panels, "MAX_SIDE", 16)
    net = Network()
    src, dst = (NeuronGroup(net, n, {1: Leak()}, tag=tag) for n, tag in ((shape[1], "src"), (shape[0], "dst")))
    synapse = SynapseGroup(net, src, dst)
    net.initialize()
    dense, (rows, columns) = rng.random(shape) * (rng.random(shape) < 0.5), steps
    means = np.zeros((-(-shape[0] // rows), -(-shape[1] // columns)))
    for i, j in np.ndindex(means.shape):
        means[i, j] = dense[i * rows : (i + 1) * rows, j * columns : (j + 1) * columns].mean()
    expected, edges = np.histogram(dense[dense != 0], 40, panels.limits(dense[dense != 0]))
    for storage in (False, True, "event"):
        synapse.W = stored(dense, storage)
        shown = Network_UI(net).panels()
        image, bars = shown["weights"](), shown["histogram"]()
        np.testing.assert_allclose(image.values[::-1], means, atol=1e-15)
        assert ("block means" in image.title) == (means.shape != shape)
        np.testing.assert_array_equal(bars.counts, expected)
        np.testing.assert_array_equal(bars.edges, edges)
        assert bars.title == f"{(dense != 0).sum()} weights not zero"
        np.testing.assert_array_equal(shown["afferents"]().values.compressed(), dense[shape[0] // 2])


class Course(Behaviour):
    """The variable v is a function of the iteration."""

    def set_variables(self, neurons):
        neurons.v = self.get_init_attr("of")(0)

    def new_iteration(self, neurons):
        neurons.v = self.get_init_attr("of")(neurons.iteration)


def test_intervals_and_rate_of_spikes():
    shown, pair = view_of(Course(of=lambda t: t % np.array([2, 5, 1000]) == 0), 3)
    messages = sent(shown)
    shown.run(100)
    shown.net.simulate_iterations(7)
    shown.run(3)
    bars = panels.isi(shown, *pair)
    counts = dict(zip((bars.edges[:-1] + 0.5).tolist(), bars.counts.tolist(), strict=True))
    assert counts == {1: 0, 2: 50, 3: 0, 4: 0, 5: 19}, "50 and 20 spikes, then one and one beyond the gap"
    assert bars.title.endswith(f"rate {(50 + 20 + 2 + 1) / 309:.3g}")
    assert panel(messages, "trace")[0]["names"] == ["mean 0.6667", "neuron 1 1"] and not shown.error.value


def test_a_graded_variable_has_an_event_when_it_rises_above_the_middle():
    shown, pair = view_of(Course(of=lambda t: np.sin(2 * np.pi * (t + 0.5) / np.array([8, 16]))), 2)
    shown.run(160)
    bars = panels.isi(shown, *pair)
    found = {round(edge + 0.5): count for edge, count in zip(bars.edges, bars.counts, strict=False) if count}
    assert found == {8: 19, 16: 9}, "events at 8, 16, ... 160 and at 16, 32, ... 160"
    lines = panels.fourier(shown, *pair)
    power = lines.y["mean"]
    assert sorted(lines.x[np.argsort(power)[-2:]]) == pytest.approx([1 / 16, 1 / 8])
    assert power[np.isclose(lines.x, 1 / 8)][0] == pytest.approx(160 / 16), "(amplitude 1/2 of the mean) ** 2 n / 4"


def test_a_panel_of_ones_own_is_shown_and_what_fails_is_named_with_its_line():
    class Broken(Behaviour):
        def new_iteration(this, neurons):  # whatever it calls itself
            neurons.late = 1 / 0

    def halves(shown):
        times, values = shown.samples()
        return panels.Lines(times, {"lower": values[:, :6].mean(axis=1), "upper": values[:, 6:].mean(axis=1)})

    def broken(shown):
        return [][0]

    net, shown, messages = viewed([*MODULES, broken, halves])
    shown.run(30)
    header, numbers = panel(messages, "halves")
    assert header["names"] == ["lower", "upper"]
    np.testing.assert_array_equal(numbers.reshape(3, -1)[2], np.array(net["n.activity", 0])[:, 6:].mean(axis=1))
    assert "<summary>panel broken: IndexError" in shown.error.value
    net["cells0", 0].add_behaviour(7, Broken())
    shown.ask("step")  # the panel fails once more
    line = Broken.new_iteration.__code__.co_firstlineno + 1
    words = f"<details><summary>Broken.new_iteration, line {line}: neurons.late = 1 / 0 | ZeroDivisionError"
    assert shown.error.value.startswith(words) and "simulate_iteration" in shown.error.value


def test_what_is_sent_is_what_is():
    net, shown, messages = viewed(window=10)
    for n, window in ((0, (0.5, 10.5)), (4, (0.5, 10.5)), (13, (7.5, 17.5))):
        shown.run(n)
        recorded, seen = np.array(net["n.activity", 0]).reshape(-1, 12), min(10, net.iteration)
        header, numbers = panel(messages, "raster")
        assert header["x"] == window and messages[-1][0]["iteration"] == net.iteration
        np.testing.assert_array_equal(numbers[:, :seen], panels.codes(recorded[-10:].T, *panels.limits(recorded[-10:])))
        assert (numbers[:, seen:] == 255).all()
    times, _, picked = panel(messages, "trace")[1].reshape(3, -1)
    np.testing.assert_array_equal([times, picked], [np.arange(8, 18), recorded[-10:, 6]])
    net.cells0.activity *= 0.01
    shown.run(0)
    (header, grid), now = panel(messages, "grid"), net.cells0.activity
    np.testing.assert_array_equal(grid.ravel(), panels.codes(now, *panels.limits(now)))
    assert float(header["high"]) < 0.1 < panels.limits(recorded[-10:])[1], "the scale of the present, not of the window"


def test_the_bundle_has_picture_and_clean_text(monkeypatch):
    """The picture is drawn without pyplot, which would choose a backend for the whole process."""
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    shown = Network_UI(network(), label="mine")
    shown.run(3)
    data = shown._repr_mimebundle_()
    assert data["text/plain"] == repr(shown) == "Network_UI('mine': 12 neurons, iteration 3)"
    picture = base64.b64decode(data["image/png"])
    assert picture.startswith(b"\x89PNG") and b"Software" not in picture
    assert get_default_UI_modules("activity", "W") == MODULES, "one variable may be given as text"


# --- the messages of a view, without and with an event loop


def uploaded(content):
    return [dict(name="a.npz", type="", size=len(content), content=content, last_modified=datetime.now(UTC))]


def test_buttons_and_boxes_act_at_once_without_an_event_loop():
    net, shown, messages = viewed(groups=2, group_display_count=2)
    say(shown, "opened", "a")
    buttons = shown.controls.buttons
    buttons["step"].click()
    decay = shown.controls.changers["Leak", "decay_factor"]
    decay.value = 0.5
    shown.controls.changers["Input", "enabled"].value = False
    assert net.iteration == 1 and net["Leak", 0].decay_factor == 0.5 and not net["Input", 0].behaviour_enabled
    buttons["defaults"].click()
    assert net["Leak", 0].decay_factor == decay.value == 0.99
    shown.set("Leak", "decay_factor", 40)
    assert decay.value == 40, "a slider grows"
    for column, row, add in ((0, 2, False), (0, 4, True), (2, 0, False)):
        say(shown, "click", "grid-1", column, row, add)
    assert shown.picked(net.NeuronGroups[1]) == [2, 4] and shown.picked(net.NeuronGroups[0]) == [6]
    assert panel(messages, "grid-1")[0]["marks"] == [(0, 2), (0, 4)], "13 neurons stand in one column"
    buttons["save"].click()
    header, (saved,) = messages[-1]
    assert header["name"] == "Network_UI_1.npz"
    buttons["step"].click()
    shown.load.value = uploaded(saved)
    assert net.iteration == 1 and shown.error.value == "" and shown.load.value == ()
    buttons["play"].click()
    assert "call run(n) instead" in shown.error.value
    shown.load.value = uploaded(b"no")
    assert "is no saved state" in shown.error.value


def test_two_views_of_one_network_show_the_same_iteration():
    net = network()
    one, two = Network_UI(net), Network_UI(net)
    sent(one)
    messages = sent(two)
    one.run(5)
    assert messages[-1][0]["iteration"] == 5 and two.samples()[0].size == 0
    two.run(5)
    assert two.samples()[0].tolist() == [6, 7, 8, 9, 10] and one.samples()[0].tolist() == [1, 2, 3, 4, 5]
    one.reset()
    two.run(2)
    assert two.samples()[0].tolist() == [1, 2], "a new past replaces the old one"


def test_a_variable_of_another_shape_is_not_seen_until_it_is_back():
    shapes = {1: 12, 2: 12, 3: 4, 4: (2, 12)}
    shown, _ = view_of(Course(of=lambda t: np.zeros(shapes.get(t, 12))))
    shown.run(5)
    assert shown.samples()[0].tolist() == [1, 2, 5]


@in_loop
async def test_without_a_canvas_that_answers_play_stops(monkeypatch):
    monkeypatch.setattr(live, "CALL_S", 0.1)
    _net, shown, messages = viewed()
    shown.play()
    for answers in (True, False):
        messages.clear()
        say(shown, "gone", "a")
        await asyncio.sleep(0.05)
        assert dict(kind="call") in [header for header, _ in messages]
        if answers:
            say(shown, "opened", "b")
        await asyncio.sleep(0.2)
        assert shown.playing is answers


@in_loop
async def test_play_pause_forward_and_changes_while_it_plays_also_in_a_run_that_blocks_the_loop():
    net, shown, messages = viewed()
    shown.play()
    shown.play()
    await asyncio.sleep(0.3)
    assert net.iteration > 3 and shown.playing
    assert len([m for m in messages if m[0].get("panels")]) <= 2 * 2 + live.IN_FLIGHT, "frames wait for the view"
    threading.Thread(target=shown.ask, args=("set", "Leak", "decay_factor", 0.25)).start()
    await asyncio.sleep(0.1)
    assert net["Leak", 0].seen == 0.25
    before = net.iteration
    shown.run(1000)
    assert net.iteration == before + 1000 and shown.playing
    threading.Timer(0.05, shown.ask, ("set", "Leak", "decay_factor", 0.5)).start()
    threading.Timer(0.2, shown.ask, ("pause",)).start()
    shown.run(10**7)
    assert net["Leak", 0].seen == 0.5
    stopped = net.iteration
    await asyncio.sleep(0.1)
    assert net.iteration == stopped < 10**7 and not shown.playing and messages[-1][0]["playing"] is False
    shown.forward(50)
    await asyncio.wait_for(shown._task, 5)
    assert net.iteration == stopped + 50 and not shown.playing and shown.progress.value == 0
    shown.forward(10**8)
    await asyncio.sleep(0.2)
    assert 0 < shown.progress.value < 1 and not messages[-1][0]["panels"]
    shown.ask("pause")
    await asyncio.wait_for(shown._task, 0.2)


@in_loop
async def test_speed_is_iterations_per_frame_and_no_slice_is_long():
    shown = Network_UI(network())
    shown.play()
    await asyncio.sleep(0.5)
    assert 3 <= shown.iteration <= 20
    shown.speed.value = 1000
    end, longest = time.perf_counter() + 10, 0.0  # at one iteration per frame there would be 300
    while shown.iteration < 500 and time.perf_counter() < end:
        turn = time.process_time()
        await asyncio.sleep(0)
        longest = max(longest, time.process_time() - turn)
    shown.pause()
    assert shown.iteration >= 500 and longest < 0.1


def test_an_interrupt_stops_between_two_iterations():
    class Slow(Behaviour):
        def new_iteration(self, neurons):
            self.half = True
            time.sleep(0.01)
            self.half = False

    net = network()
    net.add_behaviour(5, Slow())
    shown, old = Network_UI(net), signal.getsignal(signal.SIGINT)
    threading.Timer(0.1, signal.raise_signal, (signal.SIGINT,)).start()
    with pytest.raises(KeyboardInterrupt, match="the network is whole"):
        shown.run(10_000)
    assert 0 < shown.iteration < 1000 and net["Slow", 0].half is False
    assert signal.getsignal(signal.SIGINT) is old


# --- bad input


BAD = {
    "name = 'decay' is unknown; choose one of: decay_factor": lambda u: u.set("Leak", "decay", 1),
    "'Leek' is 0 behaviours, not one; known: Leak, Input": lambda u: u.set("Leek", "decay_factor", 1),
    "index = 12 is out of range; allowed: an integer from 0 to 11": lambda u: u.select(0, 12),
    "known vectors: activity": lambda u: Network_UI(u.net, get_default_UI_modules(["v"])),
    "module = 'g' is unknown; choose one of: grid, trace": lambda u: Network_UI(u.net, [("g",)]),
    "module = 'grid' is no (kind, variables)": lambda u: Network_UI(u.net, ["grid"]),
    "window = 5 is out of range": lambda u: Network_UI(u.net, window=5),
    "call initialize": lambda u: Network_UI(Network()),
}


@pytest.mark.parametrize("message", BAD)
def test_bad_input_is_refused_in_one_line(message):
    with pytest.raises(HelpersError, match=rf"^[^\n]*{re.escape(message)}[^\n]*$"):
        BAD[message](Network_UI(network()))
