"""Plasticity as behaviours: STDP and normalisation restricted to what spiked, homeostasis, and two SORN networks.

STDP and normalisation touch the rows of the cells that spike in this or the last iteration, in any storage of W, and
equal the update of the whole matrix as long as no normalised weight is outside STDP's bounds. A cell of the SORN-like
network whose autapse weighs more than threshold N / gain (5 at N = 100) spikes for ever and can switch the network
into a second, fully active state. Sources: the SORN-like network of the seed's collection; Lazar, Pipa, Triesch
(2009), Front. Comput. Neurosci. 3:23, doi:10.3389/neuro.10.023.2009.
"""

from __future__ import annotations

import numpy as np

from helpers.modular import kernel
from helpers.modular.core import Network, NeuronGroup, SynapseGroup
from helpers.modular.synapses import afferents, stored
from helpers.modular.tags import Behaviour
from helpers.parameters import ParameterError, check_integer

__all__ = ["STDP", "Drive", "Homeostasis", "IntrinsicPlasticity", "LeakyCells", "NoisyInput"]
__all__ += ["Normalisation", "ThresholdCells", "Weights", "sorn_2009", "sorn_like"]


class Weights(Behaviour):
    """Of a SynapseGroup: W ~ U[0, 1) with `density`, rows scaled to sum to `total` (None: as drawn), in a `storage`.

    ``autapses=False`` leaves out the synapses of a cell onto itself. Storages are those of
    :func:`~helpers.modular.synapses.stored`.
    """

    def set_variables(self, synapse):
        weights = synapse.get_random_synapse_mat(self.get_init_attr("density", 0.1))
        if not self.get_init_attr("autapses", True) and synapse.src is synapse.dst:
            np.fill_diagonal(weights, 0)
        if (total := self.get_init_attr("total", None)) is not None:
            weights *= _factors(weights.sum(axis=1), total)[:, None]
        synapse.W = stored(weights, self.get_init_attr("storage", False))


def _factors(sums, total):
    """Return total / sum, and 1 where the sum is 0: a row without synapses stays as it is."""
    return np.divide(total, sums, out=np.ones(len(sums)), where=sums != 0)


class LeakyCells(Behaviour):
    """spike = v > `threshold`; spiking cells go to v = 0; then v *= `decay`."""

    def set_variables(self, neurons):
        self.threshold, self.decay = self.get_init_attr("threshold", 0.5), self.get_init_attr("decay", 0.9)
        neurons.v, neurons.spike = neurons.vector(), neurons.vector(bool)

    def new_iteration(self, neurons):
        neurons.spike = neurons.v > self.threshold
        neurons.v[neurons.spike] = 0
        neurons.v *= self.decay


class NoisyInput(Behaviour):
    """v += U[0, 1) for a share `density` of the cells, and `gain` W.dot(spike) / src.size for each afferent group."""

    def set_variables(self, neurons):
        self.density, self.gain = self.get_init_attr("density", 0.01), self.get_init_attr("gain", 10.0)

    def new_iteration(self, neurons):
        neurons.v += neurons.get_random_neuron_vec(self.density)
        for synapse in neurons.afferent_synapses["GLUTAMATE"]:
            neurons.v += synapse.W.dot(synapse.src.spike) * (self.gain / synapse.src.size)


class Homeostasis(Behaviour):
    """exhaustion += `eta` (v - `target`), then v -= exhaustion.

    Over n iterations the mean of the measured v minus the target is (exhaustion_end - exhaustion_start) / (eta n).
    """

    def set_variables(self, neurons):
        self.target, self.eta = self.get_init_attr("target", 0.05), self.get_init_attr("eta", 0.001)
        neurons.exhaustion = neurons.vector()

    def new_iteration(self, neurons):
        neurons.exhaustion += self.eta * (neurons.v - self.target)
        neurons.v -= neurons.exhaustion


class IntrinsicPlasticity(Behaviour):
    """threshold += `eta` (spike - `target`): every cell comes to spike at the target rate."""

    def set_variables(self, neurons):
        self.target, self.eta = self.get_init_attr("target", 0.1), self.get_init_attr("eta", 0.001)

    def new_iteration(self, neurons):
        neurons.threshold += self.eta * (neurons.spike - self.target)


class STDP(Behaviour):
    """dw = `eta` (post pre_old - post_old pre + `simultaneous` post pre) on existing synapses, clipped to [low, high].

    Only rows of cells that spike now or spiked before can change; ``synapse.changed`` (dst.size,) tells those that did
    to :class:`Normalisation`. `synapses` is the tag of the afferent groups.
    """

    def set_variables(self, neurons: NeuronGroup) -> None:
        """Read the parameters and forget earlier spikes."""
        self.eta, self.simultaneous = self.get_init_attr("eta", 0.00015), self.get_init_attr("simultaneous", 1)
        self.low, self.high = self.get_init_attr("low", 0.0), self.get_init_attr("high", 10.0)
        self.tag = self.get_init_attr("synapses", "GLUTAMATE")
        for synapse in neurons.afferent_synapses[self.tag]:
            synapse.pre_old, synapse.post_old = synapse.src.vector(bool), synapse.dst.vector(bool)
            synapse.changed = synapse.dst.vector(bool)

    def new_iteration(self, neurons: NeuronGroup) -> None:
        """Change the weights onto the cells that spiked."""
        rule = float(self.eta), float(self.simultaneous), float(self.low), float(self.high)
        for synapse in neurons.afferent_synapses[self.tag]:
            pre, post = np.asarray(synapse.src.spike, bool), np.asarray(synapse.dst.spike, bool)
            if post.shape + pre.shape != synapse.shape:
                raise ParameterError(f"spikes of {synapse!r} have shapes {post.shape}, {pre.shape}; W {synapse.shape}")
            old, lists = (synapse.pre_old, synapse.post_old), afferents(synapse).lists
            kernel.stdp(*lists, pre, post, *old, synapse.changed, *rule)


class Normalisation(Behaviour):
    """Scale the weights onto each cell so that they sum to `total` over all afferent groups with the tag `synapses`.

    Rows that sum to 0 stay. All rows are scaled at the start, whenever a W is another object, and always if a group
    has no ``changed``; else only the changed rows.
    """

    def set_variables(self, neurons: NeuronGroup) -> None:
        """Read the parameters and scale all rows."""
        self.total, self.tag = self.get_init_attr("total", 10.0), self.get_init_attr("synapses", "GLUTAMATE")
        self._seen = []
        self.new_iteration(neurons)

    def new_iteration(self, neurons: NeuronGroup) -> None:
        """Scale the rows that changed."""
        rows, sums, found = np.zeros(neurons.size, bool), np.zeros(neurons.size), []
        for synapse in neurons.afferent_synapses[self.tag]:
            if synapse.dst is not neurons:
                raise ParameterError(f"{synapse!r} goes to a part of {neurons!r}; normalise whole groups only")
            rows |= vars(synapse).get("changed", True)
            found.append(afferents(synapse))
        if found != self._seen:
            rows[:], self._seen = True, found
        for each in found:
            kernel.row_sums(*each.lists, rows, sums)
        for each in found:
            kernel.normalise(*each.lists, rows, sums, float(self.total))


def sorn_like(n, *, seed, storage="event", homeostasis=True, more=None):
    """Return the SORN-like network of `n` cells, not yet initialised; `more` are further behaviours, such as recorders.

    Order: cells 1, input 2, homeostasis 3, STDP 4, normalisation 5. Group 'cells', synapses 'GLUTAMATE'.
    """
    net = Network(seed=seed)
    rules = {3: Homeostasis()} if homeostasis else {}
    rules = {1: LeakyCells(), 2: NoisyInput(), **rules, 4: STDP(), 5: Normalisation(), **(more or {})}
    cells = NeuronGroup(net, check_integer("n", n, 1), rules, tag="cells")
    SynapseGroup(net, cells, cells, "GLUTAMATE", {0: Weights(density=0.1, storage=storage)})
    return net


class Drive(Behaviour):
    """drive = sum of W.dot(spike) over the afferent 'GLUTAMATE' groups, minus that over 'GABA'."""

    def new_iteration(self, neurons):
        neurons.drive = neurons.vector()
        for tag, sign in (("GLUTAMATE", 1), ("GABA", -1)):
            for synapse in neurons.afferent_synapses[tag]:
                neurons.drive += sign * synapse.W.dot(synapse.src.spike)


class ThresholdCells(Behaviour):
    """spike = drive > threshold; thresholds start at U[0, `highest`), a share `start` of the cells spikes at first."""

    def set_variables(self, neurons):
        neurons.threshold = neurons.vector("uniform", self.get_init_attr("highest", 1.0))
        neurons.spike = neurons.vector("uniform") < self.get_init_attr("start", 0.1)

    def new_iteration(self, neurons):
        neurons.spike = neurons.drive > neurons.threshold


def sorn_2009(*, seed, n_exc=200, n_inh=40, storage="event", more=None):
    """Return the autonomous SORN of 2009, not yet initialised: groups 'exc' and 'inh'; `more` behaviours go to 'exc'.

    x(t+1) = W_EE x - W_EI y > T_E, y(t+1) = W_IE x > T_I, all from time t; rows of each W sum to 1; E-E synapses
    (10 per cell on average, no autapses) follow STDP, T_E follows intrinsic plasticity to 0.1.
    """
    net, stdp = Network(seed=seed), STDP(eta=0.001, simultaneous=0, high=1.0, synapses="E-E")
    rules = {3: stdp, 4: Normalisation(total=1.0, synapses="E-E"), 5: IntrinsicPlasticity(), **(more or {})}
    exc = NeuronGroup(net, n_exc, {1: Drive(), 2: ThresholdCells(highest=0.5), **rules}, tag="exc")
    inh = NeuronGroup(net, n_inh, {1: Drive(), 2: ThresholdCells()}, tag="inh")
    recurrent = Weights(density=min(1.0, 10 / n_exc), total=1.0, autapses=False, storage=storage)
    SynapseGroup(net, exc, exc, "GLUTAMATE,E-E", {0: recurrent})
    SynapseGroup(net, inh, exc, "GABA", {0: Weights(density=1.0, total=1.0)})
    SynapseGroup(net, exc, inh, "GLUTAMATE", {0: Weights(density=1.0, total=1.0)})
    return net
