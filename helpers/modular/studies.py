"""The experiments on modular networks: one point of a sweep each, from plain numbers to a dict of arrays."""

from __future__ import annotations

import time

import numpy as np

from helpers.modular import Behaviour, Network, NeuronGroup, Recorder, SynapseGroup
from helpers.modular.learning import sorn_2009, sorn_like
from helpers.modular.synapses import dense

__all__ = ["Decay", "RandomInput", "brian2_point", "decay_network", "decay_point", "sorn_2009_point", "sorn_point"]


class Decay(Behaviour):
    """activity *= `decay`; it starts at U[0, 1)."""

    def set_variables(self, neurons):
        neurons.activity = neurons.get_random_neuron_vec()
        self.decay = self.get_init_attr("decay", 0.99)

    def new_iteration(self, neurons):
        neurons.activity *= self.decay


class RandomInput(Behaviour):
    """activity += W.dot(activity) / n for every afferent group, and U[0, 1) for a share `density` of the cells."""

    def set_variables(self, neurons):
        self.density = self.get_init_attr("density", 0.01)
        for synapse in neurons.afferent_synapses["GLUTAMATE"]:
            synapse.W = synapse.get_random_synapse_mat(density=0.1, sparse=self.get_init_attr("sparse", False))

    def new_iteration(self, neurons):
        for synapse in neurons.afferent_synapses["GLUTAMATE"]:
            neurons.activity += synapse.W.dot(synapse.src.activity) / synapse.src.size
        neurons.activity += neurons.get_random_neuron_vec(self.density)


def decay_network(size, *, seed, decay=0.99, density=0.01, swapped=False, sparse=False):
    """Return the initialised network of the second README program: decay at key 1, input at 2, or `swapped`."""
    net, keys = Network(seed=seed), (2, 1) if swapped else (1, 2)
    rules = dict(zip(keys, (Decay(decay=decay), RandomInput(density=density, sparse=sparse)), strict=True))
    recorder = Recorder(["n.activity", "np.mean(n.activity)"], tag="recorder")
    cells = NeuronGroup(net, size, {**rules, 9: recorder}, tag="cells")
    SynapseGroup(net, cells, cells, "GLUTAMATE")
    net.initialize()
    return net


def decay_point(*, n, seed, decay=0.99, density=0.01, swapped=False, n_iterations=1000):
    """Run the second README program; return the mean activity, its growth per iteration, and what theory says.

    Returns
    -------
    dict
        mean (n_iterations,); slope, of ln mean over the second half; ln_rho, the logarithm of `decay` times the
        spectral radius of 1 + W/n; late, the mean of the second half.

    Examples
    --------
    >>> found = decay_point(n=100, seed=1)
    >>> bool(abs(found["slope"] - found["ln_rho"]) < 1e-4)
    True
    """
    net = decay_network(n, seed=seed, decay=decay, density=density, swapped=swapped)
    net.simulate_iterations(n_iterations)
    mean, half = np.asarray(net["np.mean(n.activity)", 0]), n_iterations // 2
    radius = np.abs(np.linalg.eigvals(np.eye(n) + dense(net.SynapseGroups[0].W) / n)).max()
    slope = np.polyfit(np.arange(half), np.log(mean[-half:]), 1)[0]
    return dict(mean=mean, slope=slope, ln_rho=np.log(decay * radius), late=mean[-half:].mean())


def sorn_point(*, n, seed, without=(), n_iterations=2000):
    """Run the SORN-like network with some of its rules left out; averages are over the second half.

    Parameters
    ----------
    n, seed : int
    without : sequence of {"Homeostasis", "STDP", "Normalisation"}
    n_iterations : int

    Returns
    -------
    dict
        v and rate (n_iterations,), means over cells; v_late, rate_late; exhaustion, its late mean; row_sums (n,) and
        weights (n, n) at the end.
    """
    rates = Recorder(["np.mean(n.v)", "np.mean(n.spike)", "np.mean(n.exhaustion)"], tag="means")
    net = sorn_like(n, seed=seed, more={9: rates})
    for rule in without:
        net.remove_behaviour(rule) if rule != "Homeostasis" else _silence(net)
    net.initialize()
    net.simulate_iterations(n_iterations)
    last, late = dense(net.SynapseGroups[0].W), slice(n_iterations // 2, None)
    v, rate, exhaustion = (np.asarray(net[name, 0], float) for name in rates.variables)
    return dict(
        v=v,
        rate=rate,
        v_late=v[late].mean(),
        rate_late=rate[late].mean(),
        exhaustion=exhaustion[late].mean(),
        row_sums=last.sum(axis=1),
        weights=last,
    )


def _silence(net):
    """Leave homeostasis in place, for the recorder, with a rate of 0."""
    for rule in net["Homeostasis"]:
        rule.init_kwargs["eta"] = 0.0


def sorn_2009_point(*, seed, without=(), n_iterations=20_000, n_exc=200):
    """Run the SORN of 2009 with some of its rules left out.

    Parameters
    ----------
    seed : int
    without : sequence of {"IntrinsicPlasticity", "STDP", "Normalisation"}
    n_iterations, n_exc : int

    Returns
    -------
    dict
        rate (n_iterations,), the share of excitatory cells that spike; cell_rates (n_exc,) over the last quarter;
        row_sums (n_exc,) and weights (n_exc, n_exc) at the end; alive, the share of synapses above 1e-6.
    """
    net = sorn_2009(seed=seed, n_exc=n_exc, more={9: Recorder(["n.spike"], tag="spikes")})
    for rule in without:
        net.remove_behaviour(rule)
    net.initialize()
    recurrent = net["exc", 0].afferent_synapses["E-E"][0]
    existing = dense(recurrent.W) > 0
    net.simulate_iterations(n_iterations)
    spikes, weights = np.asarray(net["n.spike", 0]), dense(recurrent.W)
    return dict(
        rate=spikes.mean(axis=1),
        cell_rates=spikes[-n_iterations // 4 :].mean(axis=0),
        row_sums=weights.sum(axis=1),
        weights=weights,
        alive=(weights[existing] > 1e-6).mean(),
    )


def brian2_point(*, n, n_steps=2000, seed=0):
    """Time dv/dt = -v/tau (tau = 100 ms, dt = .1 ms, every value recorded) here and in Brian2, without compilation.

    Returns
    -------
    dict
        modular and brian2, CPU seconds of set-up and run; brian2_run, of the run alone; difference, the largest
        between the recorded values relative to the first.
    """
    import brian2

    brian2.prefs.codegen.target = "numpy"
    start = [time.process_time()]
    net = Network(seed=seed)
    cells = NeuronGroup(net, n, {1: Decay(decay=0.999), 9: Recorder(["n.activity"])})
    net.initialize()
    first = cells.activity.copy()
    net.simulate_iterations(n_steps)
    start.append(time.process_time())
    group = brian2.NeuronGroup(n, "dv/dt = -v/(100*ms) : 1", method="euler", dt=0.1 * brian2.ms)
    group.v = first
    monitor = brian2.StateMonitor(group, "v", record=True)
    other = brian2.Network(group, monitor)
    other.run(0 * brian2.ms)
    start.append(time.process_time())
    other.run(n_steps * 0.1 * brian2.ms)
    start.append(time.process_time())
    modular, _, run = np.diff(start)
    gap = np.abs(np.asarray(net["n.activity", 0])[:-1] - monitor.v.T[1:]).max() / first.max()
    return dict(modular=modular, brian2=start[3] - start[1], brian2_run=run, difference=gap)
