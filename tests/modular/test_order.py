"""Order of initialisation and iteration, its ties, and what changes it while the network runs."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.modular import Behavior, Behaviour, Network, NeuronDimension, NeuronGroup, Recorder, SynapseGroup

OLD_ORDER = ["A.5", "net1", "A1", "B1", "S1", "A2", "B2"]


class Logged(Behaviour):
    def set_variables(self, parent):
        self.name = f"{self.get_init_attr('name')}{self.get_init_attr('key')}".replace("0.5", ".5")
        self.get_init_attr("log").append(f"init {self.name}")

    def new_iteration(self, parent):
        self.get_init_attr("log").append(self.name)


def logged(log, name, *keys):
    return {key: Logged(name=name, key=key, log=log) for key in keys}


def example(log):
    net = Network(behaviour=logged(log, "net", 1))
    a = NeuronGroup(net, 3, logged(log, "A", 2, 1, 0.5), tag="A")
    SynapseGroup(net, a, a, tag="S", behaviour=logged(log, "S", 1))
    NeuronGroup(net, 2, logged(log, "B", 1, 2), tag="B")
    return net


def test_a7_order_of_the_seed():
    log = []
    net = example(log)
    assert log == []
    net.initialize()
    assert log == [f"init {name}" for name in OLD_ORDER]
    log.clear()
    net.simulate_iterations(2)
    assert log == 2 * OLD_ORDER
    assert [f"{item.name}" for _, item, _ in net.order()] == OLD_ORDER


@given(st.lists(st.dictionaries(st.integers(0, 3), st.none(), max_size=3), min_size=1, max_size=5), st.integers(0, 9))
def test_order_is_a_stable_sort_by_key_whatever_the_order_of_the_dictionaries(groups, shuffle):
    log, expected = [], []
    net = Network()
    for i, keys in enumerate(groups):
        order = np.random.default_rng(shuffle).permutation(list(keys)).tolist()
        NeuronGroup(net, 1, logged(log, f"g{i}k", *order), tag=f"t{i}")
        expected += [(key, i, f"g{i}k{key}") for key in keys]
    net.initialize()
    log.clear()
    net.simulate_iteration()
    assert log == [name for *_, name in sorted(expected)]


def test_new_spellings_serve_too():
    log = []

    class New(Behavior):
        def initialize(self, neurons):
            self.step = self.parameter("step", 1)

        def iteration(self, neurons):
            log.append(self.step)

    class Newer(New):
        def iteration(self, neurons):
            super().iteration(neurons)
            log.append("more")

    class OldInNew(New):
        def new_iteration(self, neurons):
            log.append("old")

    net = Network(behavior=[New(step=5)])
    cells = NeuronGroup(net, 1, behavior=[Newer(step=2), OldInNew()])
    net.initialize()
    net.simulate_iterations(1)
    assert log == [5, 2, "more", "old"]
    assert cells.behavior is cells.behaviour and list(cells.behavior) == [0, 1]


def test_run_on_init_happens_in_the_constructor_and_only_there():
    calls = []

    class Early(Behaviour):
        run_on_init = True

        def set_variables(self, neurons):
            calls.append("early")

    net = Network()
    NeuronGroup(net, 2, {3: Early()})
    assert calls == ["early"]
    net.initialize()
    assert calls == ["early"]


def test_a_behaviour_added_later_is_initialised_at_once_and_removed_ones_stop():
    log = []
    net = example(log)
    net.initialize()
    log.clear()
    group = net["B", 0]
    group.add_behaviour(1.5, Logged(name="new", key="", log=log))
    assert log == ["init new"]
    log.clear()
    net.simulate_iteration()
    assert log == [*OLD_ORDER[:5], "new", *OLD_ORDER[5:]]
    group.remove_behaviour(1.5)
    net["A", 0].remove_behavior(2)
    log.clear()
    net.simulate_iteration()
    assert log == [name for name in OLD_ORDER if name != "A2"]


def test_deactivation_by_key_tag_and_class():
    net = Network()
    cells = NeuronGroup(net, 1, {9: Recorder(["n.iteration"], tag="watch"), 10: Recorder(["n.size"])})
    net.initialize()
    for off, on in ((9, 9), ("watch", "recorder"), (Recorder, Recorder), (cells.behaviour[9], "Recorder")):
        net.deactivate(off)
        net.simulate_iteration()
        net.activate(on)
        net.simulate_iteration()
    assert list(cells["n.iteration", 0]) == [2, 4, 6, 8]
    assert len(cells["n.size", 0]) == 7, "only the class takes both"
    net.deactivate_mechanisms("recorder")
    net.simulate_iterations(3)
    assert len(cells["n.iteration", 0]) == 4
    assert net.remove_behaviour(Recorder) == [] or cells.behaviour == {}


def test_the_given_dictionary_stays_as_it_is():
    given_ = {1: Recorder(["n.x"])}
    net = Network()
    cells = NeuronGroup(net, NeuronDimension(2, 2), given_)
    assert list(given_) == [1] and set(cells.behaviour) == {0, 1}
    with pytest.warns(UserWarning, match="key 0 .* grid"):
        NeuronGroup(net, NeuronDimension(2, 2), {0: Recorder(["n.x"])})
    one, two = (SynapseGroup(net, cells, cells) for _ in range(2))
    one.add_behaviour(1, Recorder(["s.W"]))
    assert two.behaviour == {}


def test_progress_is_called_and_can_stop_the_run():
    net = Network()
    done = []
    net.initialize()
    net.simulate_iterations(10, progress=done.append)
    assert done[-1] == 10 and net.iteration == 10

    def stop(n):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        net.simulate_iterations(10**9, progress=stop)
    assert 10 < net.iteration < 10**9
    net.simulate_iterations(1)


def test_some_are_initialised_last():
    class Late(Logged):
        initialize_last = True

    log = []
    net = Network()
    NeuronGroup(net, 1, {1: Late(name="late", key=1, log=log), **logged(log, "k", 2, 3)})
    net.initialize()
    assert log == ["init k2", "init k3", "init late1"]
    net.simulate_iterations(1)
    assert log[3:] == ["late1", "k2", "k3"]


def test_the_time_of_the_last_block():
    class Sleep(Behaviour):
        def new_iteration(self, neurons):
            time.sleep(0.02 if neurons.iteration > 2 else 0)

    net = Network()
    NeuronGroup(net, 1, {1: Sleep()})
    net.initialize()
    assert net.simulate_iterations(2) is None
    assert 20 <= net.simulate_iterations(4, batch_size=1, measure_block_time=True) < 60
    assert 80 <= net.simulate_iterations(4, measure_block_time=True) < 200
    assert 0 <= net.simulate_iterations(0, measure_block_time=True) < 20 and net.iteration == 10


def test_the_timeline_shows_what_an_iteration_runs():
    import matplotlib.pyplot as plt

    from helpers.modular.figures import timeline

    net = Network(behaviour={0: Behaviour(tag="idle")})
    cells = NeuronGroup(net, 2, {**logged([], "A", 1, 2), 3: NewSpelling()}, tag="A")
    SynapseGroup(net, cells, cells, "S", {0: OnlyAtFirst()})
    fig, ax = plt.subplots()
    assert len(timeline(ax, net).get_offsets()) == 3
    assert [text.get_text() for text in ax.get_yticklabels()] == ["A"]
    plt.close(fig)


class OnlyAtFirst(Behaviour):
    def set_variables(self, parent):
        parent.W = np.zeros(parent.shape)


class NewSpelling(Behavior):
    def iteration(self, parent):
        pass
