"""The programs of the seed's README, written anew with the same calls, and the numbers they have to give."""

import warnings

import matplotlib
import numpy as np
import pytest

from helpers.modular import Behaviour, Network, NeuronGroup, Recorder, SynapseGroup, get_squared_dim

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


def program(*, seed=None, with_input=False, size=100, n=1000, behaviours=True):
    net = Network(seed=seed)
    steps = {1: Basic()} | ({2: Input()} if with_input else {})
    steps[9] = Recorder(tag="my_recorder", variables=["n.activity", "np.mean(n.activity)"])
    cells = NeuronGroup(net=net, tag="my_neurons", size=size, behaviour=steps if behaviours else {})
    SynapseGroup(net=net, src=cells, dst=cells, tag="GLUTAMATE")
    net.initialize()
    net.simulate_iterations(n)
    return net


def test_a1_structure(capsys):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        net = program(behaviours=False)
    assert net.iteration == net["my_neurons", 0].iteration == net.SynapseGroups[0].iteration == 1000
    assert capsys.readouterr() == ("", "")


def test_a2_a3_every_neuron_and_the_mean_decay():
    net = program(seed=0)
    samples, mean = np.asarray(net["n.activity", 0]), np.asarray(net["np.mean(n.activity)", 0])
    assert samples.shape == (1000, 100) and samples.dtype == np.float64
    repeated = np.multiply.accumulate(np.vstack([samples[0], np.full((999, 100), DECAY)]), axis=0)
    np.testing.assert_array_equal(samples, repeated)
    assert mean[-1] / mean[0] == pytest.approx(DECAY**999, rel=1e-12)
    np.testing.assert_allclose(mean, samples.mean(axis=1), rtol=1e-12)


def test_a4_tag_table():
    net = program(seed=2)
    cells = net.NeuronGroups[0]
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
    net = program(seed="legacy", with_input=True)
    mean = np.asarray(net["np.mean(n.activity)", 0])
    assert np.count_nonzero(net.SynapseGroups[0].W) == row["nonzeros"]
    record("modular.input_program", mean[[0, 9, 99, 999]])


def growth(net):
    mean = np.log(net["np.mean(n.activity)", 0])
    return np.polyfit(np.arange(500, 1000), mean[500:], 1)[0]


def radius(net, decay=DECAY):
    weights = net.SynapseGroups[0].W
    return np.abs(np.linalg.eigvals(decay * (np.eye(len(weights)) + weights / len(weights)))).max()


def test_a5b_growth_is_the_spectral_radius(acceptance, record):
    nets = [program(seed=s, with_input=True) for s in range(12)]
    errors = [growth(net) - np.log(radius(net)) for net in nets]
    assert np.abs(errors).max() < acceptance["modular"]["growth"]["slope"]
    record("modular.growth", np.mean([radius(net) for net in nets]))


def test_a_decay_of_0_9_is_stable(monkeypatch):
    monkeypatch.setitem(globals(), "DECAY", 0.9)
    means = [np.mean(program(seed=s, with_input=True, n=3000)["np.mean(n.activity)", 0][500:]) for s in range(6)]
    # v = .9 v (1 + .05) + .005, with the spread of the row sums of W over 100 cells
    assert np.mean(means) == pytest.approx(0.005 / 0.055, rel=0.05)


def test_the_plots_and_pyplot_take_what_was_recorded():
    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    from helpers.modular import figures

    net = program(seed=3, with_input=True, size=get_squared_dim(100), n=200)
    _, axes = plt.subplots(2)
    mean, line = figures.activity(axes[0], net["n.activity", 0], log=True, growth=0.04)
    np.testing.assert_allclose(np.diff(np.log(line.get_ydata())), 0.04, rtol=1e-9)
    np.testing.assert_array_equal(mean.get_ydata(), np.mean(net["n.activity", 0], axis=1))
    figures.weight_histogram(axes[1], {"W": net.SynapseGroups[0].W})
    assert all(ax.get_xlabel() and ax.get_ylabel() for ax in axes)
    assert len(axes[0].plot(net["n.activity", 0])) == net["my_neurons", 0].size == 100
    (line,) = axes[0].plot(net["np.mean(n.activity)", 0], color="black")
    np.testing.assert_array_equal(line.get_ydata(), net["np.mean(n.activity)", 0])
    plt.close("all")
