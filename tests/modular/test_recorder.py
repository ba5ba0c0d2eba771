"""Recorders: when they sample, what an expression may be, and that a lookup is a live sequence."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.modular import Behaviour, EventRecorder, Network, NeuronGroup, Recorder, SynapseGroup
from helpers.modular.recorder import Series
from helpers.parameters import ParameterError


class Counter(Behaviour):
    """level is 10 times the iteration; spike of neuron (iteration mod size)."""

    def set_variables(self, neurons):
        neurons.level, neurons.spike = neurons.vector(), neurons.vector(bool)

    def new_iteration(self, neurons):
        neurons.level += 10
        neurons.spike = neurons.id == neurons.iteration % neurons.size


def network(recorder, n=7):
    net = Network()
    cells = NeuronGroup(net, 3, {1: Counter(), 9: recorder}, tag="cells")
    net.initialize()
    net.simulate_iterations(n)
    return net, cells


KEPT = [
    (dict(), [1, 2, 3, 4, 5, 6, 7]), (dict(gapwidth=1), [1, 2, 3, 4, 5, 6, 7]), (dict(gapwidth=2), [2, 4, 6]),
    (dict(gapwidth=3), [3, 6]), (dict(max_length=3), [5, 6, 7]), (dict(gapwidth=2, max_length=2), [4, 6]),
]  # fmt: skip


@pytest.mark.parametrize(("options", "expected"), KEPT)
def test_a6_gaps_and_max_length(options, expected):
    net, _ = network(Recorder(["n.iteration"], **options))
    assert list(net["n.iteration", 0]) == expected


def test_the_count_of_the_gaps_stands_still_while_recording_is_off():
    net, _ = network(Recorder(["n.iteration"], gapwidth=4), n=10)
    net.simulate_iterations(3, disable_recording=True)
    net.simulate_iterations(5)
    samples = net["n.iteration", 0]
    assert list(samples) == [4, 8, 15]
    net.initialize()
    net.simulate_iterations(4)
    assert list(samples) == [22], "to initialise again clears"


EXPRESSIONS = dict.fromkeys(("n.level", "s.level", "neurons.level", "synapse.level", "level"), (10, 10, 10))
EXPRESSIONS |= {"id": [0, 1, 2], "np.mean(n.level)": 10, "np.mean(level) + iteration": 11, "n.level[0]": 10}
EXPRESSIONS |= {"sum(level)": 30, "[n + size for n in s.id]": [3, 4, 5], "max(level, key=lambda value: value)": 10}


def test_expressions():
    net, _ = network(Recorder(list(EXPRESSIONS)), n=1)
    for expression, value in EXPRESSIONS.items():
        np.testing.assert_array_equal(net[expression, 0][0], value, err_msg=expression)


@pytest.mark.parametrize("name", ["n", "s"])
def test_a_variable_of_the_name_n(name):
    net = Network()
    cells = NeuronGroup(net, 2, {9: Recorder([name, "n.iteration", f"n.{name}"])})
    setattr(cells, name, np.array([1.0, 2]))
    net.initialize()
    net.simulate_iterations(1)
    assert net[name, 0][0].tolist() == net[f"n.{name}", 0][0].tolist() == [1, 2]
    assert list(net["n.iteration", 0]) == [1]


def test_switches():
    net, cells = network(Recorder(["n.iteration"]), n=2)
    net.recording_off()
    net.simulate_iterations(1)
    net.recording_on()
    net.simulate_iterations(2, disable_recording=True)
    net.simulate_iterations(1)
    cells.recording = False
    net.simulate_iterations(1, disable_recording=True)
    net.simulate_iterations(1)
    assert list(net["n.iteration", 0]) == [1, 2, 6]


def double_level(neurons):
    return 2 * neurons.level[0]


def test_variables_can_be_added_and_all_reset():
    net, cells = network(Recorder("n.iteration", gapwidth=2, save_as_numpy=True, tag="r"), n=3)
    net.r.add_variables(["level", "n.iteration"])
    net.r.add_variables(double_level)
    net.simulate_iterations(4)
    assert list(net["n.iteration", 0]) == [2, 4, 6] and net["level", 0][:, 0].tolist() == [40, 60]
    assert list(cells["double_level", 0]) == [80, 120]
    net.r.reset()
    net.simulate_iterations(3)
    assert list(net["n.iteration", 0]) == [9], "the gaps are counted from the reset"


def test_recorders_are_cleared_by_key_tag_or_expression():
    net, cells = network(Recorder(["n.iteration", "level"], tag="first"), n=2)
    cells.add_behaviour(10, Recorder(["iteration"], tag="second"))
    net.simulate_iterations(2)

    with pytest.raises(ParameterError, match=r"keys = \{'other'\} name no recorder; known: .*n\.iteration"):
        net.clear_recorder(["n.iteration", "other"])
    for keys, left in ((10, [4, 4, 0]), (["level"], [4, 0, 0]), ("first", [0, 0, 0])):
        net.clear_recorder(keys)
        assert [len(net[name, 0]) for name in ("n.iteration", "level", "iteration")] == left


# --- series


def test_a_series_is_a_live_sequence():
    net, _ = network(Recorder(["n.level", "np.mean(n.level)"]), n=3)
    samples, mean = net["n.level", 0], net["np.mean(n.level)", 0]
    array = np.asarray(samples)
    with pytest.raises(ValueError, match="read-only"):
        array[0] = 1
    with pytest.raises(IndexError):
        samples[3]
    net.simulate_iterations(500)
    assert len(samples) == 503 and np.asarray(samples).shape == (503, 3) and array.shape == (3, 3)
    assert samples[1:3].tolist() == [[20] * 3, [30] * 3] and mean.index(20) == 1 and 5030 in mean
    assert np.array(mean, dtype=int).dtype == int and "503 samples" in repr(samples)


@given(st.lists(st.sampled_from([1, 2.5, True, 1 + 2j, (1, 2), [0.5, 1.5], "ab", "abcd", {"a": 1}, None]), max_size=9))
def test_a_series_keeps_what_it_is_given(values):
    series = Series()
    for value in values:
        series.append(value)
    assert len(series) == len(values)
    for kept, value in zip(series, values, strict=True):
        assert np.array_equal(kept, value) if not isinstance(value, dict) else kept == value


@given(st.integers(1, 7), st.integers(1, 300))
def test_max_length_equals_the_tail_of_a_list_and_takes_no_more_memory(length, n):
    series, values = Series(max_length=length), np.arange(2 * n).reshape(n, 2)
    for value in values:
        series.append(value)
    np.testing.assert_array_equal(series, values[-length:])
    assert len(series._buffer) < 100


def test_samples_are_copies_types_widen_and_large_ones_reserve_no_room_for_many():
    series, state, held = Series(), np.arange(3), {"a": 1}
    series.append(state)
    state[:] = 9
    series.append(np.array([0.5, 1, 2]))
    np.testing.assert_array_equal(series, [[0, 1, 2], [0.5, 1, 2]])
    series.append(held)
    held["a"] = 2
    assert series[2] == {"a": 1} and series[0].tolist() == [0, 1, 2]
    series.clear()
    series.append(np.zeros((1000, 1000)))
    assert len(series._buffer) == 1


# --- events


def test_events():
    net, cells = network(EventRecorder("spike", tag="events"), n=7)
    events = np.asarray(net["spike", 0])
    assert events.dtype == np.int32 and events.tolist() == [[t, t % 3] for t in range(1, 8)]
    assert list(cells["spike.t", 0]) == list(range(1, 8)) and list(cells["spike.i", 0]) == [t % 3 for t in range(1, 8)]
    assert net["spike.j"] == [] and net["spike.j", 0] is None
    net.clear_recorder()
    net.simulate_iterations(1, disable_recording=True)
    assert np.asarray(net["events", 0]["spike", 0]).shape == (0, 2)
    with pytest.raises(ParameterError, match=r"cannot record 'n.iteration' .*nonzero"):
        network(EventRecorder("n.iteration"), n=1)


def test_events_of_a_matrix_have_both_indices():
    net = Network()
    cells = NeuronGroup(net, 3, {1: Counter()}, tag="cells")
    fired = EventRecorder(variables=["W * (n.iteration % 2)", "n.dst.spike"], max_length=4)
    synapse = SynapseGroup(net, cells, cells, behaviour={9: fired})
    synapse.W = np.array([[0, 1, 0], [0, 0, 0], [2, 0, 0]])
    net.initialize()
    net.simulate_iterations(3)
    name = "W * (n.iteration % 2)"
    assert np.asarray(net[name, 0]).tolist() == [[1, 0, 1], [1, 2, 0], [3, 0, 1], [3, 2, 0]]
    columns = {axis: net[f"{name}.{axis}", 0].tolist() for axis in "tij"}
    assert columns == dict(t=[1, 1, 3, 3], i=[0, 2, 0, 2], j=[1, 0, 1, 0])
    assert np.asarray(net["n.dst.spike", 0]).tolist() == [[1, 1], [2, 2], [3, 0]]
    net.simulate_iterations(2)
    assert net[f"{name}.t", 0].tolist() == [3, 3, 5, 5], "the oldest rows are dropped"
