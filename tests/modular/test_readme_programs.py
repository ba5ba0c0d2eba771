"""The programs of the seed's README, written anew with the same calls, and the numbers they have to give."""

import warnings

import numpy as np
import pytest
from matplotlib.figure import Figure

from helpers.modular import Behaviour, Network, NeuronGroup, Recorder, SynapseGroup, figures

DECAY = 0.99


class Basic(Behaviour):
    def set_variables(self, neurons):
        neurons.activity = neurons.get_random_neuron_vec()
        self.decay_factor = DECAY

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


def program(seed=None, behaviour=()):
    net = Network(seed=seed)
    cells = NeuronGroup(net=net, tag="my_neurons", size=100, behaviour=dict(behaviour))
    SynapseGroup(net=net, src=cells, dst=cells, tag="GLUTAMATE")
    net.initialize()
    net.simulate_iterations(1000)
    return net


def recorder():
    return Recorder(tag="my_recorder", variables=["n.activity", "np.mean(n.activity)"])


@pytest.fixture(scope="module")
def decayed():
    """The network whose activity decays, after the run."""
    return program(0, {1: Basic(), 9: recorder()})


def test_a1_structure(capsys):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        net = program()
    assert net.iteration == net["my_neurons", 0].iteration == net.SynapseGroups[0].iteration == 1000
    assert capsys.readouterr() == ("", "")


def test_a2_a3_every_neuron_and_the_mean_decay(decayed):
    samples, mean = np.asarray(decayed["n.activity", 0]), np.asarray(decayed["np.mean(n.activity)", 0])
    assert samples.shape == (1000, 100) and samples.dtype == np.float64
    repeated = np.multiply.accumulate(np.vstack([samples[0], np.full((999, 100), DECAY)]), axis=0)
    np.testing.assert_array_equal(samples, repeated)
    assert mean[-1] / mean[0] == pytest.approx(DECAY**999, rel=1e-12)
    np.testing.assert_allclose(mean, samples.mean(axis=1), rtol=1e-12)


def test_a4_tag_table(decayed):
    net, cells = decayed, decayed.NeuronGroups[0]
    assert net["my_neurons"] == [cells]
    assert net["my_recorder"] == cells["my_recorder"] == [cells.behaviour[9]]
    assert len(net["n.activity"]) == len(cells["n.activity"]) == 1
    assert len(net["n.activity", 0]) == 1000
    assert cells["n.activity", 0] is cells["n.activity"][0] is cells["my_recorder", 0]["n.activity"][0]
    assert net["my_recorder", 0]["n.activity", 0] is net["n.activity", 0]
    assert net["unknown"] == [] and net["unknown", 0] is None
    assert net["n.activity", 0, "np"].shape == (1000, 100)
    with pytest.raises(TypeError):
        net["n.activity", "np"]


def test_a5_legacy_draws_at_seed_42(acceptance, record):
    row = acceptance["modular"]["input_program"]
    np.random.seed(42)  # noqa: NPY002
    net = program("legacy", {1: Basic(), 2: Input(), 9: recorder()})
    mean = np.asarray(net["np.mean(n.activity)", 0])
    assert np.count_nonzero(net.SynapseGroups[0].W) == row["nonzeros"]
    record("modular.input_program", mean[[0, 9, 99, 999]])


def test_matplotlib_and_the_plots_take_what_was_recorded(decayed):
    samples, mean, ax = decayed["n.activity", 0], decayed["np.mean(n.activity)", 0], Figure().subplots()
    assert len(ax.plot(samples)) == 100
    (line,) = ax.plot(mean, color="black")
    np.testing.assert_array_equal(line.get_ydata(), mean)
    drawn, growing = figures.activity(ax, samples, log=True, growth=0.04)
    np.testing.assert_array_equal(drawn.get_ydata(), np.mean(samples, axis=1))
    np.testing.assert_allclose(np.diff(np.log(growing.get_ydata())), 0.04, rtol=1e-9)
