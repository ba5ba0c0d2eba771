"""The live view without a browser: run, step, change, play on an event loop, and what would be sent to a view."""

import asyncio
import base64
import re
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from helpers.modular import Behaviour, Network, NeuronGroup, Recorder, SynapseGroup, get_squared_dim, ui, view
from helpers.modular.synapses import EventWeights
from helpers.parameters import BackendError, ParameterError

Network_UI, get_default_UI_modules = ui.Network_UI, ui.get_default_UI_modules
MODULES = get_default_UI_modules(["activity"], ["W"])


class Leak(Behaviour):
    def set_variables(self, neurons):
        neurons.activity = neurons.get_random_neuron_vec()
        self.decay_factor = self.get_init_attr("decay_factor", 0.99)
        self.period = 3

    def new_iteration(self, neurons):
        neurons.activity *= self.decay_factor
        self.seen = self.decay_factor


class Input(Behaviour):
    def set_variables(self, neurons):
        for synapse in neurons.afferent_synapses["All"]:
            synapse.W = synapse.get_random_synapse_mat(density=0.1)

    def new_iteration(self, neurons):
        for synapse in neurons.afferent_synapses["All"]:
            neurons.activity += synapse.W.dot(synapse.src.activity) / synapse.src.size
        neurons.activity += neurons.get_random_neuron_vec(density=0.01)


def network(size=12, *, groups=1):
    net = Network(seed=1)
    for k in range(groups):
        behaviour = {1: Leak(), 2: Input(), 9: Recorder(["n.activity"])}
        cells = NeuronGroup(net, get_squared_dim(size + k), behaviour, tag=f"cells{k}")
        SynapseGroup(net, cells, cells, tag="GLUTAMATE")
    net.initialize()
    return net


def sent(shown):
    """Give a view a mouth, and return the list of (header, buffers) that it would send."""
    shown._repr_mimebundle_()
    messages = []
    shown._view.send = lambda header, buffers=(): messages.append((header, list(buffers)))
    return messages


def say(shown, do, *arguments, buffers=()):
    """Let the view send a message, as the widget does."""
    shown._receive(None, {"do": do, "args": list(arguments)}, list(buffers))


# --- headless


def test_a18_step_set_run_pause():
    net = network()
    shown = Network_UI(net, modules=MODULES, label="My_Network_UI", group_display_count=1)
    assert net.iteration == 0 and len(net["n.activity", 0]) == 0
    for _ in range(5):
        shown.step()
    shown.set("Leak", "decay_factor", 0.5)
    shown.step(0)
    assert net["Leak", 0].seen == 0.99
    shown.run(100)
    shown.pause()
    assert net["Leak", 0].seen == 0.5
    assert shown.iteration == net.iteration == 105 and len(net["n.activity", 0]) == 105


def test_running_in_the_view_is_running_the_network():
    plain, watched = network(), network()
    plain.simulate_iterations(50)
    shown = Network_UI(watched)
    shown.run(20)
    shown.fast_forward(20)
    shown.step(10)
    np.testing.assert_array_equal(watched["cells0", 0].activity, plain["cells0", 0].activity)
    recorded = np.array(watched["n.activity", 0])
    np.testing.assert_array_equal(shown.history.raster[shown.history.last()], recorded)
    np.testing.assert_allclose(shown.history.trace[shown.history.last(), 0], recorded.mean(axis=1), rtol=1e-15)
    np.testing.assert_array_equal(shown.history.trace[shown.history.last(), 1], recorded[:, 6])


def test_reset_goes_back_and_keeps_the_parameters_unless_told():
    net = network()
    net.simulate_iterations(7)
    shown = Network_UI(net)
    shown.run(30)
    first = net["cells0", 0].activity.copy()
    shown.reset()
    assert net.iteration == 7 and len(net["n.activity", 0]) == 0
    shown.run(30)
    np.testing.assert_array_equal(net["cells0", 0].activity, first)
    shown.set(Leak, "decay_factor", 0.5)
    shown.enable("Input", False)
    shown.reset()
    assert net["Leak", 0].decay_factor == 0.5 and not net["Input", 0].behaviour_enabled
    shown.reset(parameters=True)
    assert net["Leak", 0].decay_factor == 0.99 and net["Input", 0].behaviour_enabled


def test_parameters_are_found_set_and_given_back():
    net = network(3, groups=2)
    shown = Network_UI(net)
    second = net.NeuronGroups[1].behaviour[1]
    second.init_kwargs["decay_factor"] = 0.99
    shown.set("Leak-2", "decay_factor", 0.7)
    assert net["Leak", 0].decay_factor == 0.99 and second.decay_factor == second.init_kwargs["decay_factor"] == 0.7
    shown.set(second, "period", 5)
    assert second.period == 5 and type(second.period) is int
    shown.set(second, "period", 2.5)
    shown.defaults()
    assert second.decay_factor == second.init_kwargs["decay_factor"] == 0.99 and second.period == 3


def test_the_window_holds_the_last_samples_for_ever(rng):
    history, samples = view.History(600, 20), rng.random((75, 600))
    for values in samples:
        history.add(values, [3, 8])
        done = history.total
        expected = samples[max(0, done - 20) : done]
        np.testing.assert_array_equal(history.raster[history.last()], expected[:, ::2])
        np.testing.assert_array_equal(history.trace[history.last(), 1:3], expected[:, [3, 8]])
    history.pick([9])
    assert np.isnan(history.trace[history.last(), 1]).all()


# --- what travels


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-70, -50), (0, 1e300), (-1e308, 1e308), (0, 1e-300)])
def test_codes_are_linear_and_mark_what_is_not_finite(low, high):
    values = np.array([low, low / 2 + high / 2, high, np.nan, np.inf, -np.inf])
    assert view.codes(values, low, high).tolist() == [0, 127, 254, 255, 255, 255]


@pytest.mark.parametrize("values", [[0, 0.52], [-70, -50.5], [3, 3], [np.nan, 2.0], [], [1e16, np.inf], [False, True]])
def test_limits_hold_all_finite_values(values):
    values = np.array(values)
    low, high = view.limits(values)
    finite = values[np.isfinite(values)]
    assert low < high and (finite >= low).all() and (finite <= high).all()


@pytest.mark.parametrize("shape", [(3, 5), (600, 512), (1025, 30)])
def test_thumbnails_are_block_means_in_every_storage(shape, rng):
    from scipy import sparse

    dense = rng.random(shape) * (rng.random(shape) < 0.2)
    rows, columns = (-(-n // 512) for n in shape)
    slow = [
        [dense[i : i + rows, j : j + columns].mean() for j in range(0, shape[1], columns)]
        for i in range(0, shape[0], rows)
    ]
    for weights in (dense, sparse.csr_array(dense), EventWeights(dense)):
        np.testing.assert_allclose(view.thumbnail(view.matrix(weights)), slow, atol=1e-15)
        np.testing.assert_array_equal(view.row(view.matrix(weights), 2), dense[2])


def test_a_view_can_rebuild_the_raster_from_what_is_sent():
    net = network()
    shown = Network_UI(net, window=10)
    messages, raster = sent(shown), np.empty((0, 12), np.uint8)
    for n in (0, 1, 3, 4, 9, 30):
        shown._frame_at = time.perf_counter() + 100
        shown.run(n)
        header, buffers = messages[-1]
        frame = header["frame"]
        fresh = np.frombuffer(buffers[2], np.uint8).reshape(-1, frame["rows"])
        assert frame["full"] or frame["fresh"] == min(n, 10), "what was sent is not sent again"
        kept = raster[:0] if frame["full"] else raster[len(raster) + frame["fresh"] - frame["count"] :]
        raster = np.concatenate([kept, fresh])[-frame["count"] or len(raster) + len(fresh) :]
        np.testing.assert_array_equal(raster, view.codes(shown.history.raster[shown.history.last()], *shown.scale()))
        assert np.frombuffer(buffers[1]).reshape(-1, 2).shape[0] == frame["count"] == min(10, net.iteration)
        assert header["iteration"] == net.iteration and frame["selected"] == [6]
    assert header["weights"]["shape"] == (12, 12) and len(buffers[3]) == 144 and len(buffers[4]) == 12


def test_the_bundle_has_picture_widget_and_clean_text():
    shown = Network_UI(network(), label="mine")
    shown.run(3)
    data = shown._repr_mimebundle_()
    assert data["text/plain"] == repr(shown) == "Network_UI('mine': 12 neurons, iteration 3)"
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG") and b"Software" not in data["image/png"].encode()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert data["image/png"] == shown._repr_mimebundle_()["image/png"]
    assert Network_UI(network()).show() is None


def test_the_picture_leaves_no_pyplot_behind():
    code = (
        "import sys; from helpers.modular import *; from helpers.modular.ui import *; net = Network(seed=1);"
        "g = NeuronGroup(net, 5, tag='a'); g.v = g.get_random_neuron_vec(); net.initialize(); ui = Network_UI(net);"
        "ui.run(3); ui._repr_mimebundle_(); ui.show(); print('matplotlib.pyplot' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False" and done.stderr == ""


@pytest.mark.parametrize("kind", [bool, np.int32, np.float32])
def test_spikes_counts_and_single_precision_are_shown(kind):
    net = network(groups=2)
    for group in net.NeuronGroups:
        group.count = np.arange(group.size).astype(kind)
    shown = Network_UI(net, get_default_UI_modules(["count"]), group_display_count=2)
    messages = sent(shown)
    shown.run(3)
    shown.snapshot()
    assert messages[-1][0]["frame"]["values"] == [
        f"{net.NeuronGroups[0].count.mean():.4g}",
        f"{6.0 if kind is not bool else 1.0:.4g}",
    ]
    assert messages[-1][0]["error"] == ""


def test_star_import_brings_two_names():
    assert ui.__all__ == ["Network_UI", "get_default_UI_modules"]
    assert [kind for kind, _ in get_default_UI_modules()][-1] == "parameters"


# --- the messages of a view, without and with an event loop


def test_buttons_and_boxes_act_at_once_without_an_event_loop():
    net = network(groups=2)
    shown = Network_UI(net, group_display_count=2)
    messages = sent(shown)
    say(shown, "_ready")
    say(shown, "step")
    say(shown, "set", "Leak", "decay_factor", 0.5)
    say(shown, "enable", "Input", False)
    say(shown, "select", 1, 2, False)
    say(shown, "select", 1, 4, True)
    say(shown, "choose", "speed", 20)
    assert net.iteration == 1 and net["Leak", 0].decay_factor == 0.5 and not net["Input", 0].behaviour_enabled
    assert shown.selected == [2, 4] and shown.shown[0] is net.NeuronGroups[1] and shown.speed == 20
    assert messages[-1][0]["frame"]["groups"] == [1, 0] and messages[-1][0]["speed"] == 20
    say(shown, "_download")
    say(shown, "step")
    say(shown, "_load", buffers=[memoryview(messages[-2][1][0])])
    assert net.iteration == 1
    say(shown, "_picture")
    assert messages[-1][0]["name"] == "Network_UI_1.png"
    say(shown, "play")
    assert "call run(n) instead" in messages[-1][0]["error"]
    say(shown, "__init__")
    say(shown, "_load", buffers=[b"no"])
    assert "is no saved state" in messages[-1][0]["error"]


def test_play_pause_and_changes_while_it_plays():
    async def main():
        net = network()
        shown = Network_UI(net)
        messages = sent(shown)
        shown.play()
        shown.play()
        await asyncio.sleep(0.3)
        assert net.iteration > 3 and shown.playing
        assert len([m for m in messages if "frame" in m[0]]) <= 2 * 2 + ui.IN_FLIGHT, "frames wait for the view"
        threading.Thread(target=say, args=(shown, "set", "Leak", "decay_factor", 0.25)).start()
        await asyncio.sleep(0.1)
        assert net["Leak", 0].seen == 0.25
        before = net.iteration
        shown.run(1000)
        assert net.iteration == before + 1000 and shown.playing
        say(shown, "pause")
        stopped = net.iteration
        await asyncio.sleep(0.1)
        assert net.iteration == stopped and not shown.playing and messages[-1][0]["playing"] is False
        return net

    asyncio.run(main())


def test_a_change_from_another_thread_arrives_during_a_blocking_run():
    async def main():
        net = network()
        shown = Network_UI(net)
        threading.Timer(0.1, say, (shown, "set", "Leak", "decay_factor", 0.25)).start()
        threading.Timer(0.4, say, (shown, "pause")).start()
        seen = [net["Leak", 0].decay_factor]
        shown.run(10**7)  # the event loop stands still
        assert seen == [0.99] and net["Leak", 0].seen == 0.25 and net.iteration < 10**7

    asyncio.run(main())


def test_speed_is_iterations_per_frame_and_no_slice_is_long():
    async def main():
        shown = Network_UI(network())
        shown.play()
        await asyncio.sleep(0.5)
        assert 3 <= shown.iteration <= 20
        shown.choose("speed", 1000)
        start, longest = time.perf_counter(), 0.0
        while time.perf_counter() < start + 0.5:
            turn = time.perf_counter()
            await asyncio.sleep(0)
            longest = max(longest, time.perf_counter() - turn)
        shown.pause()
        assert shown.iteration > 500 and longest < 0.1

    asyncio.run(main())


def test_a_run_forward_reports_and_is_cancelled_in_time():
    async def main():
        shown = Network_UI(network())
        messages = sent(shown)
        say(shown, "_leap", 50)
        await asyncio.sleep(0.2)
        assert shown.iteration == 50 and not shown.playing and shown.progress is None
        say(shown, "_leap", 10**8)
        await asyncio.sleep(0.2)
        assert 0 < shown.progress < 1 and any(m[0]["progress"] for m in messages)
        start = time.perf_counter()
        say(shown, "pause")
        await asyncio.wait([shown._task])
        assert time.perf_counter() - start < 0.2 and shown.progress is None

    asyncio.run(main())


def test_an_error_while_playing_is_shown_and_stops():
    async def main():
        net = network()
        shown = Network_UI(net)
        messages = sent(shown)
        shown.play()
        await asyncio.sleep(0.05)
        net["cells0", 0].activity = None
        await asyncio.wait([shown._task])
        assert not shown.playing and "NoneType" in messages[-1][0]["error"]

    asyncio.run(main())


def test_an_interrupt_stops_between_two_iterations():
    class Slow(Behaviour):
        def new_iteration(self, neurons):
            self.half = True
            time.sleep(0.01)
            self.half = False

    shown = Network_UI(network())
    shown.net.add_behaviour(5, Slow())
    old = signal.getsignal(signal.SIGINT)
    timer = threading.Timer(0.1, signal.raise_signal, (signal.SIGINT,))
    timer.start()
    with pytest.raises(KeyboardInterrupt, match="the network is whole"):
        shown.run(10_000)
    assert 0 < shown.iteration < 1000 and shown.net["Slow", 0].half is False
    assert signal.getsignal(signal.SIGINT) is old
    shown.run(2)


# --- bad input


BAD = {
    "parameter": (lambda u: u.set("Leak", "decay", 1), "name = 'decay' is unknown; choose one of: decay_factor"),
    "behaviour": (lambda u: u.set("Leek", "decay_factor", 1), "'Leek' is 0 behaviours, not one; known: Leak, Input"),
    "text": (lambda u: u.set("Leak", "decay_factor", "1"), "is not a number"),
    "nan": (lambda u: u.set("Leak", "decay_factor", np.nan), "out of range"),
    "infinity": (lambda u: u.set("Leak", "decay_factor", np.inf), "out of range"),
    "neuron": (lambda u: u.select(0, 12), r"index = 12 is out of range; allowed: an integer from 0 to 11"),
    "group": (lambda u: u.select("cells", 0), "choose one of: cells0"),
    "speed": (lambda u: u.choose("speed", 0), "from 1 to 1000"),
    "window": (lambda u: u.choose("window", 2.5), "not an integer"),
    "setting": (lambda u: u.choose("colour", 1), "choose one of: speed"),
    "variable": (lambda u: u.choose("variable", "W"), "choose one of: activity"),
    "iterations": (lambda u: u.run(-1), "n = -1 is out of range"),
    "modules": (lambda u: Network_UI(u.net, get_default_UI_modules(["v"])), "known vectors: activity"),
    "count": (lambda u: Network_UI(u.net, group_display_count=0), "group_display_count = 0"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused_in_one_line(case):
    call, message = BAD[case]
    shown = Network_UI(network())
    with pytest.raises(ParameterError, match=re.escape(message) if "(" in message else message) as error:
        call(shown)
    assert "\n" not in str(error.value) and shown.iteration == 0


def test_a_network_has_to_be_initialised_and_play_needs_a_loop():
    net = Network(seed=1)
    NeuronGroup(net, 3)
    with pytest.raises(BackendError, match="call initialize"):
        Network_UI(net)
    with pytest.raises(BackendError, match=r"call run\(n\) instead"):
        Network_UI(network()).play()
