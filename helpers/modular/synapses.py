"""Weights as a dense array, scipy CSR or rows per source, behind one ``dot``; and the rows of one target, for learning.

=============  ==========================  ==================================================
storage        ``W.dot(source)`` costs     for
=============  ==========================  ==================================================
dense          dst.size x src.size         small groups, full matrices
CSR (`True`)   existing synapses           graded sources
"event"        synapses of active sources  spikes; full graded sources cost more than dense
=============  ==========================  ==================================================
"""

import copy
from typing import NamedTuple

import numpy as np

from helpers.parameters import ParameterError, check_array

__all__ = ["Afferents", "Entries", "EventWeights", "afferents", "dense", "stored"]


def stored(values, sparse):
    """Return a dense matrix in the storage `sparse`: False, True (scipy CSR) or "event"."""
    if sparse is False:
        return values
    if sparse is True:
        from scipy.sparse import csr_array

        return csr_array(values)
    if sparse == "event":
        return EventWeights(values)
    raise ParameterError(f"sparse = {sparse!r} is unknown; choose one of: False, True, 'event'")


def dense(weights):
    """Return the weights of any storage as an array."""
    return weights.toarray() if hasattr(weights, "toarray") else np.asarray(weights)


class EventWeights:
    """Weights (dst.size, src.size) kept as one row for each source, for sources that are mostly 0.

    Parameters
    ----------
    matrix : array or scipy.sparse matrix, shape (dst.size, src.size)
        Its nonzero entries are the synapses.

    Examples
    --------
    >>> EventWeights([[0.0, 2.0], [1.0, 3.0]]).dot(np.array([False, True]))
    array([2., 3.])
    """

    def __init__(self, matrix):
        matrix = check_array("matrix", dense(matrix), ndim=2)
        sources, self.targets = np.nonzero(matrix.T)
        self.shape, self.dtype = matrix.shape, matrix.dtype
        self.weights = matrix[self.targets, sources]
        self.starts = np.searchsorted(sources, np.arange(matrix.shape[1] + 1))

    def dot(self, source):
        """Return the summed rows of the active sources, each times its activity; equals the dense product."""
        source = np.asarray(source)
        if source.shape != self.shape[1:]:
            raise ParameterError(f"source has shape {source.shape}; allowed: {self.shape[1:]}")
        active = np.flatnonzero(source)
        if not active.size:
            return np.zeros(self.shape[0], self.dtype)
        first, last = self.starts[active].tolist(), self.starts[active + 1].tolist()
        rows = [slice(a, b) for a, b in zip(first, last, strict=True)]
        weights = np.concatenate([self.weights[row] for row in rows])
        if source.dtype != bool:
            weights = weights * np.repeat(source[active], np.subtract(last, first))
        targets = np.concatenate([self.targets[row] for row in rows])
        return np.bincount(targets, weights, self.shape[0]).astype(self.dtype, copy=False)

    def toarray(self):
        """Return the dense matrix."""
        full = np.zeros(self.shape, self.dtype)
        full[self.targets, self._sources()] = self.weights
        return full

    def _sources(self):
        return np.repeat(np.arange(self.shape[1]), np.diff(self.starts))

    def copy(self):
        """Return a copy with weights of its own."""
        twin = copy.copy(self)
        twin.weights = self.weights.copy()
        return twin


class Entries(NamedTuple):
    """Some synapses: place in the flat weights, row (target) and source of each."""

    where: np.ndarray
    row: np.ndarray
    source: np.ndarray


class Afferents:
    """The existing synapses of a weight matrix, target by target, in any storage.

    A synapse exists if its weight is not 0 when this is made (CSR: if it is stored); it goes on existing at 0.
    `data` is a flat view of the weights, so that writing to it changes the matrix.
    """

    def __init__(self, weights):
        self.weights = weights
        entries, self.data = _listed(weights)
        order = np.argsort(entries.row, kind="stable")
        self._where, self._source = entries.where[order], entries.source[order]
        self._starts = np.searchsorted(entries.row[order], np.arange(weights.shape[0] + 1))

    def of(self, rows):
        """Return the :class:`Entries` onto the given targets."""
        counts = self._starts[rows + 1] - self._starts[rows]
        ends = np.cumsum(counts)
        place = np.repeat(self._starts[rows] - ends + counts, counts) + np.arange(counts.sum())
        return Entries(self._where[place], np.repeat(rows, counts), self._source[place])


def _listed(weights):
    """Return the :class:`Entries` of all synapses, in the order of storage, and the flat data they point into."""
    if isinstance(weights, EventWeights):
        where = np.arange(len(weights.weights))
        return Entries(where, weights.targets, weights._sources()), weights.weights
    if hasattr(weights, "indptr"):
        rows = np.repeat(np.arange(weights.shape[0]), np.diff(weights.indptr))
        return Entries(np.arange(len(rows)), rows, weights.indices), weights.data
    if not weights.flags.c_contiguous:
        raise ParameterError("W is a view in another order of memory; store numpy.ascontiguousarray(W)")
    rows, columns = np.nonzero(weights)
    return Entries(rows * weights.shape[1] + columns, rows, columns), weights.reshape(-1)


def afferents(synapse):
    """Return the :class:`Afferents` of ``synapse.W``, made anew when W has been replaced."""
    found = getattr(synapse, "_afferents", None)
    if found is None or found.weights is not synapse.W:
        found = synapse._afferents = Afferents(synapse.W)
    return found
