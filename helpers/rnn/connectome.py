r"""Networks with the wiring of a brain region: counts of synapses, signs, types, and where they come from.

A region is a set of neurons with a sign (+1 excitatory, -1 inhibitory), a transmitter and a cell body fibre each, and
a matrix of synapse counts A, A_ij from neuron i to neuron j. The dynamics takes J_ij from j to i. The counts of the
excitatory and of the inhibitory senders are balanced by turns over senders and receivers (Sinkhorn), ending on the
receivers, so that the inputs of a neuron sum to +1/2 and to -1/2 where it has such inputs. Then sum_j |J_ij| <= 1,
and for any state

.. math:: \lambda_1 \le \ln(1 - dt + dt\,\max\varphi')/dt

which is -0.5129 for tanh_pos of gain 1 at dt = .1: such a network cannot be chaotic before its gains are trained.

``orientation="dale"`` gives every column of J (a sender) one sign. The source gives it to the rows: there the receiver
decides on the sign of a synapse (``"legacy"``).

No data come with the collection and nothing is fetched. A folder of two tables describes a region::

    neurons.csv  bodyId, transmitter, cell_body_fiber, sign
    edges.csv    bodyId_pre, bodyId_post, weight

Transmitters are coded 0 gaba, 1 acetylcholine, 2 glutamate, 3 serotonin, 4 octopamine, 5 dopamine, 6 neither. The
hemibrain (Scheffer et al. 2020, CC-BY 4.0) publishes its traced adjacencies in tables that :func:`load_traced` reads.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from helpers import storage
from helpers.parameters import (
    ParameterError,
    Table,
    check_array,
    check_choice,
    check_integer,
    check_number,
    check_seed,
)
from helpers.rnn.model import Rnn

__all__ = ["TRANSMITTERS", "Roi", "convert_legacy", "exponent_bound", "load_roi", "load_traced", "make_synthetic_roi"]

TRANSMITTERS = ("gaba", "acetylcholine", "glutamate", "serotonin", "octopamine", "dopamine", "neither")
SHARES = (0.25, 0.5, 0.15, 0.02, 0.03, 0.03, 0.02)
N_FIBRES, N_SINKHORN, N_DRAWS = 12, 10, 1000
NEURONS = ("bodyId", "transmitter", "cell_body_fiber", "sign")
EDGES = ("bodyId_pre", "bodyId_post", "weight")
LEGACY = (
    ("adjacency_scc", "ei_neuron_types", "nid_scc"),
    ("neurotransmitter_assignments", "cell_body_fiber_assignments"),
)


@dataclasses.dataclass(frozen=True, eq=False)
class Roi:
    """The wiring of a region of n neurons.

    Parameters
    ----------
    ids : array of int (n,)
        Ascending.
    counts : array (n, n)
        Synapses from row to column, >= 0; strongly connected. The diagonal is ignored.
    signs : array (n,)
        +1 or -1, of the neuron as a sender.
    transmitter, fibre : array of int (n,)
        Type codes, >= 0.

    Raises
    ------
    ParameterError
        For repeated ids, negative counts, wrong signs or lengths, or a graph that is not strongly connected.
    """

    ids: np.ndarray
    counts: np.ndarray
    signs: np.ndarray
    transmitter: np.ndarray
    fibre: np.ndarray

    def __post_init__(self):
        counts = check_array("counts", self.counts, ndim=2, low=0).astype(float)
        n = len(counts)
        check_array("counts", counts, shape=(n, n))
        np.fill_diagonal(counts, 0)
        whole = {name: check_array(name, getattr(self, name), shape=(n,), low=0) for name in ("transmitter", "fibre")}
        ids, signs = np.asarray(self.ids), check_array("signs", self.signs, shape=(n,))
        if ids.shape != (n,) or (ids[1:] <= ids[:-1]).any():
            raise ParameterError(f"ids {ids.shape} is not {n} ascending numbers; sort the neurons, each once")
        if (np.abs(signs) != 1).any():
            raise ParameterError("signs holds other values than 1 (excitatory) and -1 (inhibitory)")
        parts = csgraph.connected_components(sparse.csr_array(counts), connection="strong")[0]
        if parts != 1:
            raise ParameterError(f"counts falls into {parts} strongly connected parts; keep one, such as the largest")
        fields = dict(counts=counts, ids=ids, signs=signs) | {name: code.astype(int) for name, code in whole.items()}
        for name, value in fields.items():
            object.__setattr__(self, name, value)

    @property
    def n(self):
        return len(self.counts)

    def types(self, subpopulation):
        """Return the type of each neuron, 0 to n_types - 1 in the order of the codes.

        Parameters
        ----------
        subpopulation : {"cell_fibers", "neurotransmitter"}
        """
        codes = {"cell_fibers": self.fibre, "neurotransmitter": self.transmitter}
        return np.unique(codes[check_choice("subpopulation", subpopulation, tuple(codes))], return_inverse=True)[1]

    def weights(self, orientation="dale"):
        """Return the effective J (n, n), J_ij from j to i, balanced; see the module."""
        parts = [_balanced(np.where(self.signs[:, None] == sign, self.counts, 0)) for sign in (1, -1)]
        senders = parts[0] - parts[1]
        return senders.T if check_choice("orientation", orientation, ("dale", "legacy")) == "dale" else senders

    def rnn(self, activation="tanh_pos", *, orientation="dale", subpopulation=None, dt=0.1):
        """Return the :class:`~helpers.rnn.model.Rnn`, gain 1 and shift 0, one of each per neuron or per type.

        Examples
        --------
        >>> rnn = make_synthetic_roi(30, seed=1).rnn("tanh_pos")
        >>> j = rnn.weights
        >>> np.where(j > 0, j, 0).sum(axis=1).round(12).tolist() == [0.5] * 30, rnn.gain.shape
        (True, (30,))
        """
        types = None if subpopulation is None else self.types(subpopulation)
        size = self.n if types is None else types.max() + 1
        return Rnn(self.weights(orientation), activation, np.ones(size), np.zeros(size), dt, types=types)

    def write(self, folder):
        """Write neurons.csv and edges.csv into a folder."""
        pre, post = np.nonzero(self.counts)
        edges = zip(self.ids[pre], self.ids[post], self.counts[pre, post], strict=True)
        neurons = zip(self.ids, self.transmitter, self.fibre, self.signs.astype(int), strict=True)
        tables = {
            "neurons": Table(NEURONS, tuple(neurons)),
            "edges": Table(EDGES, tuple((*e, int(w)) for *e, w in edges)),
        }
        for name, table in tables.items():
            storage.write_text(Path(folder) / f"{name}.csv", table.to_csv())


def exponent_bound(rnn):
    """Return what lambda_1 of a network can never exceed: ln(1 - dt + dt c)/dt.

    c is the smaller of the largest row and the largest column sum of |J_ij| max phi'_j, two norms of the tangent map.

    Examples
    --------
    >>> round(exponent_bound(make_synthetic_roi(40, seed=0).rnn("tanh_pos")), 4)
    -0.5129
    """
    highest = {"tanh": 1.0, "tanh_streched": np.abs(rnn.gains), "tanh_pos": np.abs(rnn.gains) / 2}[rnn.activation]
    scaled = np.abs(rnn.weights) * highest
    return float(np.log(1 - rnn.dt + rnn.dt * min(scaled.sum(axis=0).max(), scaled.sum(axis=1).max())) / rnn.dt)


def _balanced(counts):
    """Return counts of one sign of senders, scaled by turns to sums of 1/2 per sender and, last, per receiver."""
    for axis in (1, 0) * N_SINKHORN:
        total = 2 * counts.sum(axis=axis, keepdims=True)
        counts = counts / np.where(total > 0, total, 1)
    return counts


def make_synthetic_roi(n, *, density=0.15, seed=0):
    """Return a random :class:`Roi` that stands in for a connectome where there are no data.

    Counts are geometric (p = .1, mean 10) on a random share `density` of the pairs. The inputs of a neuron are drawn
    until it has an excitatory and an inhibitory one, and all of it until the graph is strongly connected. Half of
    the neurons are cholinergic, and these excite. Fibres are uniform over 12.

    Parameters
    ----------
    n : int
        At least 4.
    density : float
        In (0, 1]; one that gives no such graph is refused.
    seed : int or numpy.random.Generator

    Examples
    --------
    >>> roi = make_synthetic_roi(40, seed=0)
    >>> roi.n, sorted(set(roi.signs.tolist())), bool((roi.counts.diagonal() == 0).all())
    (40, [-1.0, 1.0], True)
    """
    check_integer("n", n, 4, 10_000)
    check_number("density", density, 0, 1, low_open=True)
    rng = check_seed(seed)
    ids = np.sort(rng.choice(10**9, n, replace=False))
    for _ in range(N_DRAWS):
        transmitter, fibre = rng.choice(7, n, p=SHARES), rng.integers(N_FIBRES, size=n)
        signs = np.where(transmitter == TRANSMITTERS.index("acetylcholine"), 1, -1)
        if abs(signs.sum()) > n - 4:  # two of each sign, or one of them lacks an input
            continue
        counts = _drawn(signs, density, rng)
        if counts is None:
            break
        if csgraph.connected_components(counts, connection="strong")[0] == 1:
            return Roi(ids, counts, signs, transmitter, fibre)
    raise ParameterError(f"density = {density:g} gives no connected graph of {n} neurons; take a higher one")


def _drawn(signs, density, rng):
    """Return counts in which every neuron has inputs of both signs, or None; what lacks one is drawn again."""
    n = signs.size
    counts, lacking = np.zeros((n, n)), np.ones(n, bool)
    for _ in range(N_DRAWS):
        shape = n, lacking.sum()
        counts[:, lacking] = rng.geometric(0.1, shape) * (rng.random(shape) < density)
        np.fill_diagonal(counts, 0)
        lacking = ~(counts[signs > 0].any(axis=0) & counts[signs < 0].any(axis=0))
        if not lacking.any():
            return counts
    return None


def load_roi(path):
    """Return the :class:`Roi` in a folder with neurons.csv and edges.csv.

    Raises
    ------
    ParameterError
        For a missing or malformed table, an unknown or repeated neuron, negative counts, or a disconnected graph.

    Examples
    --------
    >>> import tempfile
    >>> roi = make_synthetic_roi(10, density=0.5, seed=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     roi.write(folder)
    ...     bool((load_roi(folder).counts == roi.counts).all())
    True
    """
    neurons = _table(Path(path) / "neurons.csv", NEURONS)
    edges = _table(Path(path) / "edges.csv", EDGES)
    return _joined(neurons, edges)


def load_traced(folder, neurons, *, roi=None, min_weight=1):
    """Return a :class:`Roi` from the published traced adjacencies, unpacked in a folder by the user.

    Parameters
    ----------
    folder : path-like
        With ``traced-total-connections.csv`` (bodyId_pre, bodyId_post, weight) or, to choose a region,
        ``traced-roi-connections.csv`` (the same and roi).
    neurons : path-like
        A table with the columns of neurons.csv: the published ones hold neither transmitters nor fibres. Neurons
        that it leaves out are left out.
    roi : str, optional
        Word in the column roi, such as EB.
    min_weight : int
        Smallest count of synapses that makes a connection.

    Returns
    -------
    Roi
        The largest strongly connected part.
    """
    kind, columns = ("total", EDGES) if roi is None else ("roi", (*EDGES, "roi"))
    known, edges = _table(neurons, NEURONS), _table(Path(folder) / f"traced-{kind}-connections.csv", columns)
    if roi is not None:
        check_choice("roi", roi, tuple(np.unique(edges["roi"])))
        edges = edges[edges["roi"] == roi]
    inside = np.isin(edges["bodyId_pre"], known["bodyId"]) & np.isin(edges["bodyId_post"], known["bodyId"])
    return _joined(known, edges[inside & (edges["weight"] >= check_integer("min_weight", min_weight, 1))], largest=True)


def convert_legacy(folder, *, allow_pickle=False):
    """Return the :class:`Roi` in the five files of the source: three npy, and two pickled dictionaries id -> code.

    Parameters
    ----------
    allow_pickle : bool
        Must be set: reading a pickle runs whatever code its author put there. Do so for your own files only.
    """
    import pickle

    if not allow_pickle:
        raise ParameterError(
            "the legacy files are pickles, which can run any code; if you trust them, allow_pickle=True"
        )
    try:
        counts, excites, ids = (np.load(Path(folder) / f"{name}.npy", allow_pickle=False) for name in LEGACY[0])
        tables = [pickle.loads((Path(folder) / f"{name}.pkl").read_bytes()) for name in LEGACY[1]]
        codes = [np.array([int(table[i]) for i in ids.tolist()]) for table in tables]
    except (OSError, ValueError, KeyError, TypeError, pickle.UnpicklingError) as failure:
        raise ParameterError(f"{folder} is not a folder of the five legacy files: {_first(failure)}") from None
    neurons = np.rec.fromarrays([ids, *codes, 2 * excites - 1], names=NEURONS)
    pre, post = np.nonzero(counts.T)  # the source's W is the transpose, from row to column
    return _joined(neurons, np.rec.fromarrays([ids[pre], ids[post], counts.T[pre, post]], names=EDGES))


def _first(failure):
    return str(failure).splitlines()[0] if str(failure) else type(failure).__name__


def _table(path, columns):
    """Return the wanted columns of a csv file as a structured array: whole numbers, and text for roi."""
    kinds = [(name, "U64" if name == "roi" else np.int64) for name in columns]
    try:
        with open(path, encoding="utf-8") as file:
            head = [word.strip().strip('"') for word in file.readline().split(",")]
            lines = file.readlines()
        where = [head.index(name) for name in columns]
        if not lines:
            raise ValueError("it has no rows")
        return np.loadtxt(lines, kinds, delimiter=",", usecols=where, ndmin=1, quotechar='"', comments=None)
    except (OSError, ValueError) as failure:
        wanted = f"a table with the columns {', '.join(columns)}, whole numbers"
        raise ParameterError(f"{path} is not {wanted}: {_first(failure)}") from None


def _joined(neurons, edges, largest=False):
    """Return the Roi of two tables; with `largest`, of the largest strongly connected part."""
    neurons = neurons[np.argsort(neurons["bodyId"])]
    ids = neurons["bodyId"]
    unknown = ~np.isin([edges["bodyId_pre"], edges["bodyId_post"]], ids)
    if unknown.any() or (edges["weight"] < 0).any() or np.unique(ids).size < ids.size:
        raise ParameterError("edges with unknown neurons or negative weights, or repeated neurons; repair the tables")
    pre, post = (np.searchsorted(ids, edges[name]) for name in EDGES[:2])
    counts = sparse.coo_array((edges["weight"].astype(float), (pre, post)), shape=(ids.size,) * 2).tocsr()
    if largest:
        labels = csgraph.connected_components(counts, connection="strong")[1]
        kept = labels == np.bincount(labels).argmax()
        counts, neurons = counts[kept][:, kept], neurons[kept]
    fields = (neurons[name] for name in ("sign", "transmitter", "cell_body_fiber"))
    return Roi(neurons["bodyId"], counts.toarray(), *fields)
