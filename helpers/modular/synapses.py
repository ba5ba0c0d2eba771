"""Weights as a dense array, scipy CSR or rows per source, behind one ``dot``; and the rows of one target, for learning.

=============  ==========================  ==================================================
storage        ``W.dot(source)`` costs     for
=============  ==========================  ==================================================
dense          dst.size x src.size         small groups, full matrices
CSR (`True`)   existing synapses           graded sources
"event"        synapses of active sources  spikes; full graded sources cost more than dense
=============  ==========================  ==================================================
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import numpy as np

from helpers.parameters import ParameterError, check_array, short

if TYPE_CHECKING:
    from helpers.modular.core import SynapseGroup

__all__ = ["Afferents", "EventWeights", "afferents", "dense", "placed", "stored"]

NUMBERS = "?bBhHiIlLqQfd"  # the dtypes of sources that the compiled loop takes


def stored(values: np.ndarray, sparse: bool | str) -> Any:
    """Return a dense matrix in the storage `sparse`: False, True (scipy CSR) or "event"."""
    if sparse is False:
        return values
    if np.ndim(values) != 2:
        raise ParameterError(f"values has shape {np.shape(values)}; allowed: a matrix")
    rows, columns = np.nonzero(values)
    return placed(values[rows, columns], rows, columns, values.shape, sparse)


def placed(
    values: np.ndarray, rows: np.ndarray, columns: np.ndarray, shape: tuple[int, int], sparse: bool | str
) -> Any:
    """Return the matrix with `values` at (rows, columns), which are in row order, and 0 elsewhere."""
    if sparse is False:
        full = np.zeros(shape, values.dtype)
        full[rows, columns] = values
        return full
    if sparse is not True and not (isinstance(sparse, str) and sparse == "event"):
        raise ParameterError(f"sparse = {short(sparse)} is unknown; choose one of: False, True, 'event'")
    from scipy.sparse import csr_array

    try:
        matrix = csr_array((values, columns, np.searchsorted(rows, np.arange(shape[0] + 1))), shape)
    except (ValueError, IndexError, OverflowError) as failure:
        raise ParameterError(f"values, rows, columns and shape do not fit ({short(str(failure))})") from None
    return matrix if sparse is True else EventWeights(matrix)


def dense(weights: Any) -> np.ndarray:
    """Return the weights of any storage as an array."""
    return weights.toarray() if hasattr(weights, "toarray") else np.asarray(weights)


class EventWeights:
    """Weights (dst.size, src.size) kept as one row for each source, for sources that are mostly 0.

    Parameters
    ----------
    matrix : array or scipy.sparse matrix, shape (dst.size, src.size)
        Its nonzero (of a scipy matrix: stored) entries are the synapses.

    Raises
    ------
    ParameterError
        If it is no matrix of finite numbers, or the places in a sparse one are out of range.

    Attributes
    ----------
    starts : ndarray, shape (src.size + 1,)
        The synapses of source j are ``starts[j]`` to ``starts[j + 1]``.
    targets, weights : ndarray, shape (n_synapses,)

    Examples
    --------
    >>> EventWeights([[0.0, 2.0], [1.0, 3.0]]).dot(np.array([False, True]))
    array([2., 3.])
    """

    def __init__(self, matrix: Any) -> None:
        from scipy.sparse import coo_array, csc_array, issparse

        matrix = matrix if issparse(matrix) else csc_array(check_array("matrix", matrix, ndim=2))
        try:  # a place out of range would lead scipy itself out of its memory
            if hasattr(matrix, "check_format"):
                matrix.copy().check_format(full_check=True)  # it changes what it checks
            else:
                coo_array(matrix)  # checks the places itself
            by_source = csc_array(matrix, copy=True)
        except (ValueError, IndexError) as failure:
            why = short(str(failure))
            raise ParameterError(f"matrix is no matrix with all of its places inside ({why}); make it anew") from None
        by_source.sum_duplicates()
        self.shape, self.weights = by_source.shape, check_array("matrix", by_source.data, empty=True)
        self.dtype, self.starts, self.targets = self.weights.dtype, by_source.indptr, by_source.indices

    def dot(self, source: np.ndarray) -> np.ndarray:
        """Return the summed rows of the active sources, each times its activity; equals the dense product."""
        from helpers.modular.kernel import propagate

        source = np.asarray(source)
        if source.shape != self.shape[1:] or source.dtype.char not in NUMBERS or not source.dtype.isnative:
            source = check_array("source", source, shape=self.shape[1:])
        return propagate(self.starts, self.targets, self.weights, source, self.shape[0]).astype(self.dtype, copy=False)

    def toarray(self) -> np.ndarray:
        """Return the dense matrix."""
        full = np.zeros(self.shape, self.dtype)
        full[self.targets, self.sources()] = self.weights
        return full

    def check_format(self) -> None:
        """Raise ValueError if the lists do not fit each other: compiled loops read them without a check."""
        _check_lists(self.starts, self.shape[1], (self.targets, self.shape[0]))
        if np.shape(self.weights) != np.shape(self.targets) or self.weights.dtype != self.dtype:
            raise ValueError("the weights of an EventWeights do not fit its targets")

    def sources(self) -> np.ndarray:
        """Return the source of each synapse, shape (n_synapses,)."""
        return np.repeat(np.arange(self.shape[1]), np.diff(self.starts))

    def copy(self) -> EventWeights:
        """Return a copy with weights of its own."""
        twin = copy.copy(self)
        twin.weights = self.weights.copy()
        return twin


class Afferents:
    """The existing synapses of a weight matrix, target by target, in any storage.

    A synapse exists if its weight is not 0 when this is made (CSR and event: if it is stored); it goes on existing at
    0. Those onto target i are ``starts[i]`` to ``starts[i + 1]``; each has its `source` and its place in `data`, a
    flat view of the weights, so that writing to ``data[place]`` changes the matrix.
    """

    def __init__(self, weights: Any) -> None:
        self.weights, self.kept = weights, _kept(weights)
        rows, source, place, self.data = _listed(weights)
        order = np.argsort(rows, kind="stable")
        self.source, self.place = source[order].astype(np.int32), place[order]
        self.starts = np.searchsorted(rows[order], np.arange(weights.shape[0] + 1))
        self.lists = self.starts, self.source, self.place, self.data

    def check_format(self) -> None:
        """Raise ValueError if the lists do not fit each other: compiled loops read them without a check."""
        n_targets, n_sources = self.weights.shape
        _check_lists(self.starts, n_targets, (self.source, n_sources), (self.place, self.data.size))
        if tuple(map(id, self.lists)) != tuple(map(id, (self.starts, self.source, self.place, self.data))):
            raise ValueError("the lists of an Afferents are not its own")


def _check_lists(starts, n, *ends):
    """Raise ValueError if `starts` does not cut n lists from each of the (places, number of places) in `ends`."""
    good = starts.dtype.kind == "i" and starts.shape == (n + 1,) and starts[0] == 0 and np.all(np.diff(starts) >= 0)
    for places, number in ends:
        good = good and places.dtype.kind == "i" and places.shape == (starts[-1],)
        good = good and np.all((places >= 0) & (places < number))
    if not good:
        raise ValueError("the lists of synapses do not fit each other")


def _listed(weights):
    """Return target, source and place of all synapses, in the order of storage, and the flat data."""
    data, flags = _kept(weights), getattr(_kept(weights), "flags", None)
    shaped = flags is not None and len(getattr(weights, "shape", ())) == 2
    if not shaped or data.dtype not in (np.float64, np.float32) or not (flags.writeable and flags.c_contiguous):
        text = f"W, {type(weights).__name__} of {getattr(data, 'dtype', 'objects')}, cannot be changed in place"
        raise ParameterError(f"{text}; allowed: numpy.ascontiguousarray(W, float), scipy CSR or EventWeights")
    if isinstance(weights, EventWeights):
        return weights.targets, weights.sources(), np.arange(len(data)), data
    if data is not weights:
        rows = np.repeat(np.arange(weights.shape[0]), np.diff(weights.indptr))
        return rows, weights.indices, np.arange(len(rows)), data
    rows, columns = np.nonzero(weights)
    return rows, columns, rows * weights.shape[1] + columns, np.asarray(weights).reshape(-1)


def _kept(weights):
    """Return the array that holds the weights of a dense, CSR or event matrix."""
    return weights.data if getattr(weights, "format", "") == "csr" else getattr(weights, "weights", weights)


def afferents(synapse: SynapseGroup) -> Afferents:
    """Return the :class:`Afferents` of ``synapse.W``, made anew when W or what holds its weights has been replaced."""
    found, weights = vars(synapse).get("_afferents"), synapse.W
    if found is None or found.weights is not weights or not (found.kept is weights or found.kept is _kept(weights)):
        if np.shape(weights) != synapse.shape:
            raise ParameterError(f"W of {synapse!r} has shape {np.shape(weights)}; allowed: {synapse.shape}")
        found = synapse._afferents = Afferents(weights)
    return found
