"""Order of initialisation and iteration, its ties, and what changes it while the network runs."""

import time

import pytest

from helpers.modular import Behavior, Behaviour, Network, NeuronDimension, NeuronGroup, Recorder, SynapseGroup

ORDER = ["A0.5", "net1", "A1", "B1", "S1", "A2", "B2"]


class Logged(Behaviour):
    def set_variables(self, parent):
        self.name = f"{self.get_init_attr('name')}{self.get_init_attr('key')}"
        self.get_init_attr("log").append(f"init {self.name}")

    def new_iteration(self, parent):
        self.get_init_attr("log").append(self.name)


class NewSpelling(Behavior):
    def initialize(self, parent):
        self.log = self.parameter("log")

    def iteration(self, parent):
        self.log.append("new")


class OldInNew(NewSpelling):
    def new_iteration(self, parent):
        self.log.append("old")


def logged(log, name, *keys):
    return {key: Logged(name=name, key=key, log=log) for key in keys}


def test_a7_the_order_of_the_seed_also_when_behaviours_come_and_go():
    log = []
    net = Network(behaviour=logged(log, "net", 1))
    a = NeuronGroup(net, 3, logged(log, "A", 2, 1, 0.5), tag="A")
    SynapseGroup(net, a, a, tag="S", behaviour=logged(log, "S", 1))
    b = NeuronGroup(net, 2, logged(log, "B", 1, 2), tag="B")
    assert log == []
    net.initialize()
    assert log == [f"init {name}" for name in ORDER]
    log.clear()
    net.simulate_iterations(2)
    assert log == 2 * ORDER == 2 * [item.name for _, item, _ in net.order()]
    log.clear()
    b.add_behaviour(1.5, Logged(name="new", key="", log=log))
    net.simulate_iteration()
    assert log == ["init new", *ORDER[:5], "new", *ORDER[5:]]
    b.remove_behaviour(1.5)
    a.remove_behavior(2)
    log.clear()
    net.simulate_iteration()
    assert log == [name for name in ORDER if name != "A2"]


def test_of_two_spellings_of_a_hook_the_most_derived_runs():
    log = []
    net = Network(behavior=[NewSpelling(log=log)])
    cells = NeuronGroup(net, 1, behavior=[OldInNew(log=log), NewSpelling(log=log)])
    net.initialize()
    net.simulate_iterations(1)
    assert log == ["new", "old", "new"]
    assert cells.behavior is cells.behaviour and list(cells.behavior) == [0, 1] and Behavior is Behaviour


def test_some_are_initialised_in_the_constructor_and_some_last():
    class Early(Logged):
        run_on_init = True

    class Late(Logged):
        initialize_last = True

    log = []
    net = Network()
    given_ = {1: Late(name="late", key=1, log=log), 3: Early(name="early", key=3, log=log), **logged(log, "k", 2)}
    NeuronGroup(net, 1, given_)
    assert log == ["init early3"]
    net.initialize()
    net.simulate_iterations(1)
    assert log[1:] == ["init k2", "init late1", "late1", "k2", "early3"]


def test_deactivation_by_key_tag_and_class():
    net = Network()
    cells = NeuronGroup(net, 1, {9: Recorder(["n.iteration"], tag="watch"), 10: Recorder(["n.size"])})
    net.initialize()
    for off, on in ((9, 9), ("watch", "recorder"), (Recorder, Recorder), (cells.behaviour[9], "Recorder")):
        net.deactivate_mechanisms(off)
        net.simulate_iteration()
        net.activate(on)
        net.simulate_iteration()
    assert list(cells["n.iteration", 0]) == [2, 4, 6, 8]
    assert len(cells["n.size", 0]) == 7, "only the class takes both"
    assert len(net.remove_behaviour(Recorder)) == 2 and cells.behaviour == {}


def test_the_given_dictionary_stays_as_it_is():
    given_, net = {1: Recorder(["n.x"])}, Network()
    cells = NeuronGroup(net, NeuronDimension(2, 2), given_)
    assert list(given_) == [1] and set(cells.behaviour) == {0, 1}
    with pytest.warns(UserWarning, match="key 0 .* grid"):
        NeuronGroup(net, NeuronDimension(2, 2), {0: Recorder(["n.x"])})
    one, two = (SynapseGroup(net, cells, cells) for _ in range(2))
    one.add_behaviour(1, Recorder(["s.W"]))
    assert two.behaviour == {}


def test_progress_is_called_and_can_stop_the_run_which_leaves_the_recorders_on():
    def stop(n):
        raise KeyboardInterrupt

    net, done = Network(behaviour={1: Recorder(["n.iteration"])}), []
    net.initialize()
    net.simulate_iterations(10, progress=done.append)
    assert done[-1] == 10
    with pytest.raises(KeyboardInterrupt):
        net.simulate_iterations(10**9, disable_recording=True, progress=stop)
    stopped = net.iteration
    assert 10 < stopped < 10**9
    net.simulate_iterations(1)
    assert list(net["n.iteration", 0]) == [*range(1, 11), stopped + 1]


def test_the_time_of_the_last_block():
    class Sleep(Behaviour):
        def new_iteration(self, network):
            time.sleep(0.02)

    net = Network(behaviour={1: Sleep()})
    net.initialize()
    assert 20 <= net.simulate_iterations(4, batch_size=1, measure_block_time=True) < 60
    assert 80 <= net.simulate_iterations(4, measure_block_time=True) < 200
    assert net.simulate_iterations(0) is None and net.iteration == 8
