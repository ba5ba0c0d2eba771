"""The grid of winner-take-all circuits: sizes, links between circuits, and the state that learning changes.

Every input channel reaches every neuron, and a link between two circuits joins all their neurons; nothing joins the
members of one circuit but the softmax. All members of a circuit therefore hear the same sources, and adding a
constant to one source's weights onto all of them changes nothing (the gauge freedom of the weights).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from helpers.parameters import ParameterError, check_array, check_flag, check_integer, check_seed
from helpers.wta.params import NetworkParams

__all__ = ["Network", "NodeCollection", "State", "WTACircuit", "Wiring", "nest_init", "rng_seed", "streams"]

rng_seed = 3
_default = {"seed": rng_seed}


def nest_init(seed=rng_seed):
    """Set the seed that networks and inputs without one use, and say which engine runs; NEST is not needed.

    Examples
    --------
    >>> nest_init()
    WTA engine: compiled event loop, steps of 1 ms, seed 3
    """
    _default["seed"] = check_integer("seed", seed, 0)
    print(f"WTA engine: compiled event loop, steps of 1 ms, seed {seed}")


def streams(seed, key, n):
    """Return `n` independent generators; `key` keeps those of networks and inputs apart under one seed."""
    if isinstance(seed, np.random.Generator):
        return check_seed(seed).spawn(n)
    seed = _default["seed"] if seed is None else check_integer("seed", seed, 0)
    return [np.random.default_rng(child) for child in np.random.SeedSequence(seed, spawn_key=(key,)).spawn(n)]


class Wiring(NamedTuple):
    """Who hears whom, as index arrays.

    ``first[c]:first[c + 1]`` are the neurons of circuit c. ``source[row[k]:row[k + 1]]`` are the neurons that k
    hears, and the same slice of w_rec their weights. ``target[col[j]:col[j + 1]]`` are the neurons that hear j, and
    ``synapse`` the places of their weights in w_rec.
    """

    first: np.ndarray
    row: np.ndarray
    source: np.ndarray
    col: np.ndarray
    target: np.ndarray
    synapse: np.ndarray


class State(NamedTuple):
    """All that changes while a network runs, as arrays that the engines change in place.

    w_in, s_in, q_in (n_neurons, n_inputs) and w_rec, s_rec, q_rec (n_synapses,): weights with the running mean S
    and square Q of variance tracking. e1, e2 (n_inputs + n_neurons,): traces of each source. a, b (n_neurons,):
    weighted sums of them, u = a - b. stp_u, stp_r, last (n_neurons,): u, R and step of the last spike. mean_u,
    tau_d, tau_f, plastic, depressing: constants of each neuron. clock: steps done, steps learned.
    """

    w_in: np.ndarray
    s_in: np.ndarray
    q_in: np.ndarray
    w_rec: np.ndarray
    s_rec: np.ndarray
    q_rec: np.ndarray
    e1: np.ndarray
    e2: np.ndarray
    a: np.ndarray
    b: np.ndarray
    stp_u: np.ndarray
    stp_r: np.ndarray
    last: np.ndarray
    mean_u: np.ndarray
    tau_d: np.ndarray
    tau_f: np.ndarray
    plastic: np.ndarray
    depressing: np.ndarray
    clock: np.ndarray


class NodeCollection:
    """Some neurons: length, iteration, indexing and `global_id` as in PyNEST; other attributes may be set freely."""

    def __init__(self, ids, network=None):
        self.global_id, self.network = tuple(map(int, ids)), network

    def __len__(self):
        return len(self.global_id)

    def __iter__(self):
        return iter(self.global_id)

    def __getitem__(self, index):
        chosen = self.global_id[index]
        return NodeCollection(chosen if isinstance(index, slice) else (chosen,), self.network)

    def __repr__(self):
        return f"NodeCollection of {len(self)} neurons" + (
            f", {self.global_id[0]} to {self.global_id[-1]}" if self else ""
        )


class WTACircuit:
    """One circuit: its neurons `nc`, their number `k`, and its place `pos` on the grid."""

    def __init__(self, nc, pos):
        self.nc, self.pos, self.k = nc, tuple(map(int, pos)), len(nc)

    def get_node_collection(self):
        """Return the neurons."""
        return self.nc

    def get_pos(self):
        """Return (x, y)."""
        return self.pos

    def get_x(self):
        """Return x."""
        return self.pos[0]

    def get_y(self):
        """Return y."""
        return self.pos[1]

    def get_size(self):
        """Return the number of neurons."""
        return self.k

    def form_WTA(self):
        """Do nothing: members of a circuit are coupled by construction."""


class Network:
    """A grid of circuits with random sizes, linked at random.

    Parameters
    ----------
    grid_shape : (n, m)
        Circuits along x and y.
    seed : int or numpy.random.Generator, optional
        By default that of :func:`nest_init`.
    stp : {"correct", "lagged"} or None
        Depression of recurrent synapses: from the interval up to the spike, as in the original code from the one
        before, or none.
    save_figures, show_figures : bool
        What the visualize methods do with their figure.
    **options
        Fields of :class:`~helpers.wta.params.NetworkParams`.

    Attributes
    ----------
    params : NetworkParams
    k : int array (n_circuits,)
    positions : int array (n_circuits, 2)
    circuit : int array (n_neurons,)
    links : int array (n_links, 2)
        Linked circuits, from and to.
    wiring : Wiring
    state : State
    rng : numpy.random.Generator
        Draws the spikes.

    Raises
    ------
    ParameterError
        For an unknown argument or a value out of range.

    Examples
    --------
    >>> net = Network(grid_shape=(4, 3), k_min=2, k_max=5, n_inputs=100, seed=1)
    >>> len(net.circuits), net.get_circuit_grid().shape, len(net.get_node_collections()) == net.n_neurons
    (12, (3, 4), True)
    """

    def __init__(
        self, *, grid_shape=(10, 5), seed=None, stp="correct", save_figures=True, show_figures=True, **options
    ):
        n, m = _shape(grid_shape)
        switches = {name: options.pop(name) for name in ("use_stp", "use_stdp") if name in options}
        self.params = NetworkParams().replace(n=n, m=m, stp="off" if stp is None else stp, **options)
        self.save_figures, self.show_figures = (
            check_flag("save_figures", save_figures),
            check_flag("show_figures", show_figures),
        )
        self.seed = _default["seed"] if seed is None else seed
        *self._streams, self.rng = streams(seed, 0, 4)
        self.create_grid()
        self.form_connections()
        for name, on in switches.items():
            setattr(self, name, on)

    def __getattr__(self, name):
        from helpers.wta import legacy

        raise legacy.missing("Network", name)

    @property
    def use_stdp(self):
        """Whether weights learn in training; set it for all neurons."""
        return bool(self.state.plastic.any())

    @use_stdp.setter
    def use_stdp(self, on):
        self.state.plastic[:] = check_flag("use_stdp", on)

    @property
    def use_stp(self):
        """Whether spikes between circuits depress; set it for all neurons."""
        return bool(self.state.depressing.any())

    @use_stp.setter
    def use_stp(self, on):
        self.state.depressing[:] = check_flag("use_stp", on)

    @property
    def n_neurons(self):
        """Number of neurons."""
        return len(self.circuit)

    @property
    def time_ms(self):
        """Steps done so far, ms."""
        return int(self.state.clock[0])

    def create_grid(self):
        """Draw the circuit sizes; called by the constructor."""
        p = self.params
        self.place(self._streams[0].integers(p.k_min, p.k_max, size=p.n * p.m, endpoint=True))

    def place(self, k):
        """Give the circuits the sizes `k` (n_circuits,), ordered by x, then y."""
        p = self.params
        self.positions = np.array([(x, y) for x in range(p.n) for y in range(p.m)])
        self.k = check_array("k", k, shape=(p.n * p.m,), low=1).astype(int)
        self.circuit = np.repeat(np.arange(self.k.size), self.k)
        self.first = np.concatenate([[0], np.cumsum(self.k)])
        self.refresh_neurons()

    def refresh_neurons(self):
        """Rebuild the list of circuits and the collection of all neurons."""
        bounds = zip(self.first, self.first[1:], self.positions, strict=False)
        self.circuits = [WTACircuit(NodeCollection(range(i, j), self), pos) for i, j, pos in bounds]
        self.neuron_collection = NodeCollection(range(self.n_neurons), self)

    def form_connections(self):
        """Draw the links; called by the constructor."""
        p = self.params
        self.distances = np.linalg.norm(self.positions[:, None] - self.positions[None], axis=2)
        n_conn = min(p.n_conn, self.k.size * (self.k.size - 1))
        draw = draw_links if p.connectivity == "exponential" else draw_links_orig
        self.link(draw(self.distances, n_conn, p.lam, self._streams[1]))

    def link(self, links):
        """Link circuits, (n_links, 2) from and to, and set the state to that of an untrained network."""
        self.links = check_array("links", links, shape=(None, 2), low=0, high=self.k.size - 1, empty=True).astype(int)
        self.wiring = wire(self.links, self.first)
        self.state = initial_state(self.params, self.n_neurons, self.wiring.source.size, self._streams[2])

    def get_circuit_grid(self):
        """Return the (m, n) array of circuit sizes: row y, column x."""
        return self.k.reshape(self.params.n, self.params.m).T

    def get_node_collections(self, slice_min=None, slice_max=None):
        """Return the neurons of the circuits ``slice_min:slice_max`` (all by default) as a :class:`NodeCollection`."""
        return NodeCollection([i for c in self.circuits[slice_min:slice_max] for i in c.nc], self)

    def get_wta_by_id(self, id):
        """Return the circuit of a neuron."""
        return self.circuits[self.circuit[check_integer("id", id, 0, self.n_neurons - 1)]]

    def get_pos_by_id(self, id):
        """Return the grid position (x, y) of a neuron."""
        return self.get_wta_by_id(id).pos

    def visualize_circuits(self):
        """Draw the grid with the circuit sizes; show and save (grid_visualization) as the network's flags say."""
        self._visualize("plot_grid", "grid_visualization")

    def visualize_circuits_3d(self):
        """Draw the circuit sizes as a surface; show and save as the flags say."""
        self._visualize("plot_grid_3d", "grid_visualization_3d", projection="3d")

    def visualize_circuits_3d_barchart(self):
        """Draw the circuit sizes as bars; show and save as the flags say."""
        self._visualize("plot_grid_3d_bars", "grid_visualization_3d_bars", projection="3d")

    def _visualize(self, plot, name, **options):
        from helpers.wta import figures, show

        plotted = getattr(figures, plot)
        show.drawn(
            lambda fig: plotted(fig.add_subplot(**options), self), name, self, seed=self.seed, params=self.params
        )


def _shape(grid_shape):
    if not np.iterable(grid_shape) or len(grid_shape) != 2:
        raise ParameterError(f"grid_shape = {grid_shape!r}; allowed: (circuits along x, circuits along y)")
    return [check_integer("grid_shape", size, 1, 1000) for size in grid_shape]


def draw_links(distances, n_conn, lam, rng):
    """Link ordered pairs of circuits with p(d) = min(1, A exp(-lam d)); A gives `n_conn` links on average.

    Returns the links, (n_links, 2) from and to.
    """
    from scipy.optimize import brentq

    n = len(distances)
    off = ~np.eye(n, dtype=bool)
    d = distances[off]
    if n_conn == 0 or n_conn >= d.size:
        return np.argwhere(off)[: n_conn and None]

    def excess(log_a):
        return np.exp(np.minimum(log_a - lam * d, 0)).sum() - n_conn

    log_a = brentq(excess, -50, lam * d.max() + 1, xtol=1e-12)
    chosen = np.zeros((n, n), bool)
    chosen[off] = rng.random(d.size) < np.exp(np.minimum(log_a - lam * d, 0))
    return np.argwhere(chosen)


def draw_links_orig(distances, n_conn, lam, rng):
    """Link pairs as the original code does: draw d from Exp(mean 1/lam), pick a pair in (d - 1, d + 1], keep new ones.

    Because 1/lam exceeds the grid, the links do not become rarer with distance.
    """
    order = np.argsort(distances, axis=None, kind="stable")
    ranked, found = distances.ravel()[order], {}
    for _ in range(1000 * n_conn + 1000):
        if len(found) == n_conn:
            break
        low, high = np.searchsorted(ranked, rng.exponential(1 / lam) + np.array([-1, 1]), side="right")
        pair = divmod(int(order[rng.integers(low, high)]), len(distances)) if high > low else (0, 0)
        if pair[0] != pair[1]:
            found[pair] = True
    else:
        raise ParameterError(f"n_conn = {n_conn} pairs are not within reach of lam = {lam:g}; lower one of them")
    return np.array(list(found), int).reshape(-1, 2)


def wire(links, first):
    """Return the :class:`Wiring` of all-to-all links between circuits, sources in ascending order."""
    order = np.lexsort((links[:, 0], links[:, 1])) if len(links) else []
    heard = np.split(links[order, 0], np.searchsorted(links[order, 1], np.arange(1, len(first) - 1)))
    k = np.diff(first)
    lists = [np.concatenate([np.arange(first[s], first[s + 1]) for s in c] or [[]]).astype(np.int64) for c in heard]
    source = np.concatenate([np.tile(ids, size) for ids, size in zip(lists, k, strict=True)])
    fan_in = np.repeat([len(ids) for ids in lists], k)
    synapse = np.argsort(source, kind="stable")
    target = np.repeat(np.arange(first[-1]), fan_in)[synapse]
    col = np.concatenate([[0], np.cumsum(np.bincount(source, minlength=first[-1]))])
    return Wiring(first, np.concatenate([[0], np.cumsum(fan_in)]), source, col, target, synapse)


def initial_state(p, n_neurons, n_synapses, rng):
    """Return the :class:`State` of an untrained network: w = 0 (or ln U(0, 1)), S = 0, Q = 1, all traces 0."""
    start = np.zeros_like if p.initial_weights == "zero" else lambda x: np.log(1 - rng.random(x.shape))
    w_in, w_rec = start(np.empty((n_neurons, p.n_inputs))), start(np.empty(n_synapses))
    means = (p.stp_u, p.stp_tau_d_ms, p.stp_tau_f_ms)
    u, d, f = (rng.normal(mean, mean / 2, n_neurons) for mean in means)
    u, d, f = np.clip(u, 0, 1), np.maximum(d, 1), np.maximum(f, 1)
    e, v = np.zeros(p.n_inputs + n_neurons), np.zeros(n_neurons)
    last = np.full(n_neurons, -1 if p.stp == "lagged" else -(10**9))
    return State(
        *(w_in, np.zeros_like(w_in), np.ones_like(w_in), w_rec, np.zeros_like(w_rec), np.ones_like(w_rec)),
        *(e, e.copy(), v, v.copy(), u.copy(), np.ones(n_neurons), last, u, d, f),
        *(np.ones(n_neurons, bool), np.full(n_neurons, p.stp != "off"), np.zeros(2, np.int64)),
    )
