"""STDP and normalisation as behaviours on compiled loops; the same rules stand as plain numpy in FINAL_7.

Both touch the rows of the cells that spike in this or the last iteration, in any storage of W, and equal the update of
the whole matrix as long as no normalised weight is outside STDP's bounds.
"""

from __future__ import annotations

import numpy as np

from helpers.modular import kernel
from helpers.modular.core import NeuronGroup
from helpers.modular.synapses import afferents
from helpers.modular.tags import Behaviour
from helpers.parameters import ParameterError, check_number

__all__ = ["STDP", "Normalisation"]


class STDP(Behaviour):
    """dw = `eta` (post pre_old - post_old pre + `simultaneous` post pre) on existing synapses, clipped to [low, high].

    Only rows of cells that spike now or spiked before can change; ``synapse.changed`` (dst.size,) tells those that did
    to :class:`Normalisation`. `synapses` is the tag of the afferent groups.
    """

    def set_variables(self, neurons: NeuronGroup) -> None:
        """Read the parameters and forget earlier spikes."""
        for name, default in dict(eta=0.00015, simultaneous=1, low=0.0, high=10.0).items():
            least = self.low if name == "high" else -np.inf
            setattr(self, name, check_number(name, self.get_init_attr(name, default), least))
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
        self.total = check_number("total", self.get_init_attr("total", 10.0))
        self.tag = self.get_init_attr("synapses", "GLUTAMATE")
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
