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

No data come with the collection and nothing is fetched. A folder of two tables describes a region
(:func:`load_roi`)::

    neurons.csv  bodyId, transmitter, cell_body_fiber, sign
    edges.csv    bodyId_pre, bodyId_post, weight

and so do the tables of traced adjacencies that the hemibrain (Scheffer et al. 2020, CC-BY 4.0) publishes
(:func:`load_traced`)::

    traced-neurons.csv          bodyId, type, instance
    traced-roi-connections.csv  bodyId_pre, bodyId_post, roi, weight

Columns may stand in any order and among others, quoted or not; a byte-order mark is skipped, and 12.0 is the number 12.
Transmitters are words (acetylcholine, ACh, GABA, ...) or codes: 0 gaba, 1 acetylcholine, 2 glutamate, 3 serotonin,
4 octopamine, 5 dopamine, 6 neither, as are unknown, NA and an empty cell. Rows without a word are skipped, an edge that
stands in several rows has the sum of their weights, a row has at most 10^9 synapses, and a word 200 letters.

All matrices are sparse: 20,000 neurons with 100 synapses each are loaded, balanced and measured in .4 GB.
"""

from __future__ import annotations

import csv
import dataclasses
import decimal
import functools
import sys
import warnings
from array import array
from collections.abc import Sequence
from os import PathLike
from pathlib import Path

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from helpers import storage
from helpers.parameters import ParameterError, check_array, check_choice, check_integer, check_number, check_seed, doors
from helpers.rnn.model import Rnn, check_places

__all__ = ["TRANSMITTERS", "Roi", "convert_legacy", "exponent_bound", "load_roi", "load_traced", "make_synthetic_roi"]

TRANSMITTERS = ("gaba", "acetylcholine", "glutamate", "serotonin", "octopamine", "dopamine", "neither")
CODES = {word: code for code, name in enumerate(TRANSMITTERS) for word in (name, str(code), f"{code}.0")}
CODES |= {"ach": 1, "glu": 2, "glut": 2, "ser": 3, "5ht": 3, "5-ht": 3, "oct": 4, "oa": 4, "da": 5, "dop": 5}
CODES |= dict.fromkeys(("unknown", "unclear", "none", "na", "nan", ""), 6)
SHARES = (0.25, 0.5, 0.15, 0.02, 0.03, 0.03, 0.02)
N_FIBRES, N_SINKHORN, N_DRAWS = 12, 10, 1000
MOST = 10**9  # synapses in one row of a table
LONGEST = 200  # letters of a word in a table: an array of words takes as much for each of them as for the longest
DENSE = 2000  # neurons up to which a network gets a dense matrix, which BLAS and training prefer
NEURONS = ("bodyId", "transmitter", "cell_body_fiber", "sign")
EDGES = ("bodyId_pre", "bodyId_post", "weight")
TEXT = ("roi", "transmitter", "cell_body_fiber", "type")
COUNTS, ASSIGNED = ("adjacency_scc", "ei_neuron_types", "nid_scc"), ("neurotransmitter", "cell_body_fiber")


@dataclasses.dataclass(frozen=True, eq=False)
class Roi:
    """The wiring of a region of n neurons.

    Parameters
    ----------
    ids : array of int (n,)
        Ascending.
    counts : array or sparse array (n, n)
        Synapses from row to column, 0 to 2^52; strongly connected, n >= 2. The diagonal is ignored. Kept as csr.
    signs : array (n,)
        +1 or -1, of the neuron as a sender.
    transmitter, fibre : array of int (n,)
        Type codes, >= 0.

    Raises
    ------
    ParameterError
        For repeated ids, negative counts, wrong signs or lengths, fractions where whole numbers are meant, a sparse
        matrix with an index outside of its shape, or a graph that is not strongly connected.
    """

    ids: np.ndarray
    counts: np.ndarray | sparse.sparray | sparse.spmatrix
    signs: np.ndarray
    transmitter: np.ndarray
    fibre: np.ndarray

    def __post_init__(self):
        given = self.counts
        if sparse.issparse(given):
            check_places("counts", given)
        else:
            given = check_array("counts", given, ndim=2)
        n = given.shape[0]
        if given.shape != (n, n) or n < 2:
            raise ParameterError(f"counts has shape {given.shape}; allowed: square, of two neurons or more")
        counts = sparse.coo_array(given, dtype=float)
        check_array("counts", counts.data, low=0, high=2**52, empty=True)  # sums of rows stay exact
        counts.data[counts.row == counts.col] = 0
        counts = counts.tocsr()
        counts.eliminate_zeros()
        ids, signs = check_array("ids", self.ids, integer=True), check_array("signs", self.signs, shape=(n,))
        transmitter = check_array("transmitter", self.transmitter, shape=(n,), low=0, integer=True)
        fibre = check_array("fibre", self.fibre, shape=(n,), low=0, integer=True)
        if ids.shape != (n,) or (ids[1:] <= ids[:-1]).any():
            raise ParameterError(f"ids {ids.shape} is not {n} ascending numbers; sort the neurons, each once")
        if (np.abs(signs) != 1).any():
            raise ParameterError("signs holds other values than 1 (excitatory) and -1 (inhibitory)")
        parts, labels = csgraph.connected_components(counts, connection="strong")
        if parts != 1:
            found = f"{parts} strongly connected parts, the largest of {np.bincount(labels).max()} of {n} neurons"
            raise ParameterError(f"counts falls into {found}; load the region with largest=True to keep that one")
        codes = dict(transmitter=transmitter, fibre=fibre)
        self.__dict__.update(ids=ids, counts=counts, signs=signs, **codes)  # the dataclass is frozen

    @property
    def n(self) -> int:
        return self.counts.shape[0]

    def types(self, subpopulation: str) -> np.ndarray:
        """Return the type of each neuron, 0 to n_types - 1 in the order of the codes.

        Parameters
        ----------
        subpopulation : {"cell_fibers", "neurotransmitter"}
        """
        codes = {"cell_fibers": self.fibre, "neurotransmitter": self.transmitter}
        return np.unique(codes[check_choice("subpopulation", subpopulation, tuple(codes))], return_inverse=True)[1]

    def weights(self, orientation: str = "dale") -> sparse.csr_array:
        """Return the effective J (n, n), sparse, J_ij from j to i, balanced; see the module."""
        counts = self.counts.tocoo()
        (pre, post), values = counts.coords, counts.data.copy()
        # a receiver counts twice: its excitatory and its inhibitory inputs are scaled apart
        receivers = post + self.n * (self.signs[pre] < 0)
        for groups in (pre, receivers) * N_SINKHORN:
            values /= 2 * np.bincount(groups, values)[groups]
        ends = (post, pre) if check_choice("orientation", orientation, ("dale", "legacy")) == "dale" else (pre, post)
        return sparse.csr_array((values * self.signs[pre], ends), shape=(self.n, self.n))

    def rnn(
        self,
        activation: str = "tanh_pos",
        *,
        orientation: str = "dale",
        subpopulation: str | None = None,
        dt: float = 0.1,
        dense: bool | None = None,
    ) -> Rnn:
        """Return the :class:`~helpers.rnn.model.Rnn`, gain 1 and shift 0, one of each per neuron or per type.

        Parameters
        ----------
        activation : str
            Any spelling.
        orientation : {"dale", "legacy"}
            Whose sign a synapse has, see the module.
        subpopulation : {"cell_fibers", "neurotransmitter"}, optional
            What shares a gain and a shift; by default no two neurons do.
        dt : float
        dense : bool, optional
            Whether the weights are an array, which training needs, or sparse; by default an array for n <= 2000.

        Examples
        --------
        >>> rnn = make_synthetic_roi(30, seed=1).rnn("tanh_pos")
        >>> j = rnn.weights
        >>> np.where(j > 0, j, 0).sum(axis=1).round(12).tolist() == [0.5] * 30, rnn.gain.shape
        (True, (30,))
        """
        types = None if subpopulation is None else self.types(subpopulation)
        size = self.n if types is None else types.max() + 1
        weights = self.weights(orientation)
        if dense or (dense is None and self.n <= DENSE):
            weights = weights.toarray()
        return Rnn(weights, activation, np.ones(size), np.zeros(size), dt, types=types)

    def write(self, folder: str | PathLike) -> None:
        """Write neurons.csv and edges.csv into a folder, both or none; :func:`load_roi` reads them."""
        pre, post = self.counts.nonzero()
        neurons = self.ids, self.transmitter, self.fibre, self.signs
        edges = self.ids[pre], self.ids[post], self.counts[pre, post]
        files, style = {}, dict(fmt="%d", delimiter=",", comments="")
        for name, head, columns in (("neurons", NEURONS, neurons), ("edges", EDGES, edges)):
            rows = np.array(columns, dtype=np.int64).T
            files[Path(folder) / f"{name}.csv"] = functools.partial(np.savetxt, X=rows, header=",".join(head), **style)
        storage.write_all(files)


def exponent_bound(rnn: Rnn) -> float:
    """Return what lambda_1 of a network, dense or sparse, can never exceed: ln(1 - dt + dt c)/dt.

    c is the smaller of the largest row and the largest column sum of |J_ij| max phi'_j, two norms of the tangent map.

    Examples
    --------
    >>> round(exponent_bound(make_synthetic_roi(40, seed=0).rnn("tanh_pos")), 4)
    -0.5129
    """
    slopes = {"tanh": 1.0, "tanh_streched": np.abs(rnn.gains), "tanh_pos": np.abs(rnn.gains) / 2}[rnn.activation]
    slopes, sizes = np.broadcast_to(slopes, rnn.n), abs(rnn.weights)
    largest = min((sizes @ slopes).max(), (sizes.sum(axis=0) * slopes).max())
    return float(np.log(1 - rnn.dt + rnn.dt * largest) / rnn.dt)


def make_synthetic_roi(n: int, *, density: float = 0.15, seed: int | np.random.Generator = 0) -> Roi:
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


def load_roi(path: str | PathLike, *, largest: bool = False) -> Roi:
    """Return the :class:`Roi` in a folder with neurons.csv and edges.csv.

    Parameters
    ----------
    path : path-like
    largest : bool
        Keep the largest strongly connected part, and not refuse a graph that falls into several.

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
    ...     int(abs(load_roi(folder).counts - roi.counts).sum())
    0
    """
    ids, words, fibres, signs = _table(Path(path) / "neurons.csv", NEURONS).values()
    edges = _edges(Path(path) / "edges.csv", EDGES)
    return _joined((ids, _transmitters(words), _codes(fibres), signs), edges, largest)


def load_traced(
    folder: str | PathLike,
    transmitters: str | PathLike | None = None,
    *,
    excitatory: bool = False,
    roi: str | Sequence[str] | None = None,
    min_weight: int = 1,
    largest: bool = True,
) -> Roi:
    """Return a :class:`Roi` from the published traced adjacencies, unpacked in a folder by the user.

    Parameters
    ----------
    folder : path-like
        With ``traced-neurons.csv`` (bodyId, and type if it is there: the fibre of a neuron) and
        ``traced-roi-connections.csv`` (bodyId_pre, bodyId_post, roi, weight). Without `roi`, the table
        ``traced-total-connections.csv`` (the same without roi) serves in its place where it exists.
    transmitters : path-like
        A table of bodyId and transmitter, in words or codes, as the published ones have none: acetylcholine excites,
        all others inhibit, those without a known one too, with a warning. Columns sign and cell_body_fiber are used
        where they exist. Neurons that it leaves out are left out, with a warning.
    excitatory : bool
        Take every neuron as excitatory and cholinergic, in place of such a table.
    roi : str or sequence of str, optional
        Words of the column roi, such as "EB", or ("ATL(L)", "ATL(R)").
    min_weight : int
        Smallest number of synapses, summed over the chosen ROIs, that makes a connection.
    largest : bool
        Keep the largest strongly connected part, and not refuse a graph that falls into several.

    Raises
    ------
    ParameterError
        For a missing or malformed table, a word that it does not have, ids of another table, a threshold that
        leaves nothing, or a largest part with fewer than two neurons: with what was found.
    """
    if (transmitters is None) != bool(excitatory):
        what = "the published tables have no transmitters: give a table of bodyId and transmitter as transmitters=FILE"
        raise ParameterError(f"{what}, or take every neuron as excitatory with excitatory=True, not both")
    columns = _table(Path(folder) / "traced-neurons.csv", NEURONS[:1], extra=("type",))
    ids = columns["bodyId"]
    fibres = columns.get("type", np.zeros(ids.size, str))
    if excitatory:
        neurons = ids, np.ones(ids.size, int), _codes(fibres), np.ones(ids.size)
    else:
        neurons = _described(ids, fibres, transmitters)
    table, total = Path(folder) / "traced-roi-connections.csv", Path(folder) / "traced-total-connections.csv"
    if roi is None:
        pre, post, weight = _edges(total, EDGES) if total.exists() else _edges(table, (*EDGES, "roi"))[:3]
    else:
        pre, post, weight, words = _edges(table, (*EDGES, "roi"))
        asked = [roi] if isinstance(roi, str) else list(roi)
        if not asked:
            raise ParameterError("roi is empty; give words of the column roi, or None for all of its rows")
        for word in asked:
            check_choice("roi", word, tuple(sorted(set(words.tolist()))))
        weight = np.where(np.isin(words, asked), weight, 0)
    min_weight = check_integer("min_weight", min_weight, 1)
    return _joined(neurons, (pre, post, weight), largest, min_weight, within=True)


def convert_legacy(folder: str | PathLike, *, allow_pickle: bool = False) -> Roi:
    """Return the :class:`Roi` in the five files of the source: three npy, and two pickled dictionaries id -> code.

    Parameters
    ----------
    folder : path-like
    allow_pickle : bool
        Must be set: reading a pickle runs whatever code its author put there. Do so for your own files only.
    """
    import pickle

    if not allow_pickle:
        text = "the legacy files are pickles, which can run any code"
        raise ParameterError(f"{text}; if you trust them, allow_pickle=True")
    try:
        counts, excites, ids = (np.load(Path(folder) / f"{name}.npy", allow_pickle=False) for name in COUNTS)
        codes = []
        for name in ASSIGNED:
            table = pickle.loads((Path(folder) / f"{name}_assignments.pkl").read_bytes())
            codes.append(np.array([int(table[i]) for i in ids.tolist()]))
        counts = check_array("adjacency_scc", counts, shape=(ids.size, ids.size)).T
        pre, post = np.nonzero(counts)  # the source's W is the transpose, from row to column
        signs = 2 * check_array("ei_neuron_types", excites, shape=ids.shape) - 1
        return _joined((ids, *codes, signs), (ids[pre], ids[post], counts[pre, post]))
    except Exception as failure:  # whatever a damaged file makes numpy and pickle raise
        why = " ".join(str(failure).split())
        raise ParameterError(f"{folder} is not a folder of the five legacy files: {why}") from None


def _whole(word, column=""):
    """Return a whole number, also where it is written as 12.0; exact for the ids of 18 digits that floats round."""
    try:
        number = int(word) if word.isdigit() else decimal.Decimal(word)
        if abs(number) < 2**63 and number == int(number):
            return int(number)
    except (ValueError, ArithmeticError):  # a word, or nan
        pass
    raise ValueError(f"{word!r} in column {column} is not a whole number below 2^63")


def _cell(name, word):
    """Return a cell: the word in a column of text, else its whole number."""
    if len(word) > LONGEST:
        raise ValueError(f"a word of {len(word)} letters in column {name}, allowed are {LONGEST}")
    return sys.intern(word) if name in TEXT else _whole(word, name)


def _table(path, columns, extra=()):
    """Return the columns of a csv file, and those of `extra` that it has, as arrays of whole numbers or of text."""
    line = 0
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file, skipinitialspace=True, strict=True)  # strict: an unclosed quote is an error
            head = list(map(str.strip, next(rows, [])))
            missing = [name for name in columns if name not in head]
            if missing:
                raise ValueError(f"no column {missing[0]}, found {', '.join(head) or 'nothing'}")
            kept = {name: [] if name in TEXT else array("q") for name in (*columns, *extra) if name in head}
            for row in rows:
                if not any(map(str.strip, row)):
                    continue
                line = rows.line_num
                for name, values in kept.items():
                    values.append(_cell(name, row[head.index(name)].strip()))
        if not line:
            raise ValueError("it has no rows")
        ids, times = np.unique(kept.get("bodyId", [0]), return_counts=True)
        if times.max() > 1:
            raise ValueError(f"{(times > 1).sum()} repeated neurons, the first {ids[times.argmax()]}")
    except (OSError, ValueError, IndexError, csv.Error) as failure:
        wanted = f"a table with the columns {', '.join(columns)}, whole numbers"
        where = f"line {line}: " if line else ""
        where = f"a wrong quote after {where}" if isinstance(failure, csv.Error) else where
        raise ParameterError(f"{path} is not {wanted}: {where}{' '.join(str(failure).split())}") from None
    return {name: np.array(values) for name, values in kept.items()}


def _edges(path, columns):
    """Return the columns of a table of edges, with a warning if rows come again."""
    table = _table(path, columns)
    keys = [table[name] for name in columns if name != "weight"]
    order, again = np.lexsort(keys), True
    for key in keys:
        again &= key[order][1:] == key[order][:-1]
    if np.any(again):
        text = f"{path} has {np.sum(again)} rows that are there before, but for the weight; their weights are summed"
        warnings.warn(text, stacklevel=4)
    return tuple(table.values())


def _transmitters(words):
    """Return the codes (n,) of transmitters in words or codes."""
    kinds, places = np.unique(np.char.lower(words), return_inverse=True)
    codes = [CODES[check_choice("transmitter", kind, tuple(CODES))] for kind in kinds.tolist()]
    return np.array(codes)[places]


def _codes(words):
    """Return text (n,) as codes: its own numbers where all of it is whole numbers >= 0, else places in sorted order."""
    try:
        codes = np.array(list(map(_whole, words)))
        if codes.min() >= 0:
            return codes
    except ValueError:
        pass
    return np.unique(words, return_inverse=True)[1]


def _described(ids, fibres, path):
    """Return the neurons of `ids` that a table of transmitters knows, as columns in the order of NEURONS."""
    table = _table(path, NEURONS[:2], extra=NEURONS[2:])
    known, mine, theirs = np.intersect1d(ids, table["bodyId"], return_indices=True)
    if not known.size:
        found = f"its {table['bodyId'].size} start with {table['bodyId'][0]}, those of traced-neurons.csv with {ids[0]}"
        raise ParameterError(f"{path} has none of the {ids.size} neurons: {found}; give a table of the same data set")
    if known.size < ids.size:
        text = f"{path} leaves out {ids.size - known.size} of {ids.size} neurons, and so does the region"
        warnings.warn(text, stacklevel=4)
    codes = _transmitters(table["transmitter"][theirs])
    unknown = np.count_nonzero(codes == CODES["unknown"])
    if unknown and "sign" not in table:
        text = f"{path} knows no transmitter of {unknown} of {known.size} neurons, which count as inhibitory"
        warnings.warn(text, stacklevel=4)
    signs = table["sign"][theirs] if "sign" in table else np.where(codes == CODES["acetylcholine"], 1, -1)
    fibres = table["cell_body_fiber"][theirs] if "cell_body_fiber" in table else fibres[mine]
    return known, codes, _codes(fibres), signs


def _joined(neurons, edges, largest=False, min_weight=1, within=False):
    """Return the Roi of the columns NEURONS and EDGES.

    With `largest`, of the largest strongly connected part; with `within`, edges to other neurons are left out.
    """
    order = np.argsort(neurons[0])
    ids, transmitter, fibre, sign = (column[order] for column in neurons)
    pre, post, weight = edges
    inside = np.isin(pre, ids) & np.isin(post, ids)
    if not (inside.any() if within else inside.all()):
        i = np.argmin(inside)
        found = f"{(~inside).sum()} of {inside.size} edges with unknown neurons, the first from {pre[i]} to {post[i]}"
        raise ParameterError(f"{found}; the {ids.size} neurons start with {ids[0]}; give tables of the same data set")
    if ((weight < 0) | (weight > MOST)).any():
        raise ParameterError(f"weights from {weight.min()} to {weight.max()}; allowed: 0 to {MOST}; repair the table")
    pre, post, weight = pre[inside], post[inside], weight[inside]
    places = np.searchsorted(ids, pre), np.searchsorted(ids, post)
    counts = sparse.coo_array((np.where(pre == post, 0.0, weight), places), shape=(ids.size,) * 2).tocsr()
    found = f"the {np.count_nonzero(counts.data)} connections of {ids.size} neurons"
    found += f", at most {counts.max():g} synapses each"
    counts.data[counts.data < min_weight] = 0
    counts.eliminate_zeros()
    labels = csgraph.connected_components(counts, connection="strong")[1]
    kept = np.flatnonzero(labels == np.bincount(labels).argmax()) if largest else np.arange(ids.size)
    if not counts.nnz or kept.size < 2:
        left = f"{counts.nnz or 'none'} of {found}, and no two neurons that reach each other"
        raise ParameterError(f"min_weight = {min_weight} leaves {left}; take a smaller one, or another region")
    return Roi(ids[kept], counts[kept][:, kept], sign[kept], transmitter[kept], fibre[kept])


doors(globals())
