"""The grid of winner-take-all circuits: sizes, links between circuits, and the state that learning changes.

Every input channel reaches every neuron, and a link between two circuits joins all their neurons; nothing joins the
members of one circuit but the softmax. All members of a circuit therefore hear the same sources, and adding a
constant to one source's weights onto all of them changes nothing (the gauge freedom of the weights).
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from helpers.parameters import ParameterError, check_array, check_flag, check_integer, check_number, doors
from helpers.wta import figures, kernel
from helpers.wta.params import TRACKED, Guarded, NetworkParams

__all__ = ["Network", "NodeCollection", "State", "WTACircuit", "Wiring", "nest_init", "rng_seed", "streams"]

rng_seed = 3
_default = {"seed": rng_seed, "draws": 0}  # draws: of the free functions, which without a seed go on from the last


def nest_init(seed: int = rng_seed) -> None:
    """Set the seed that networks and inputs without one use, and say which engine runs; NEST is not needed.

    Examples
    --------
    >>> nest_init()
    WTA engine: compiled event loop, steps of 1 ms, seed 3
    """
    _default.update(seed=check_integer("seed", seed, 0), draws=0)
    print(f"WTA engine: compiled event loop, steps of 1 ms, seed {seed}")


def streams(seed: int | np.random.Generator | None, key: int, n: int, again: int = 0) -> list[np.random.Generator]:
    """Return `n` independent generators; `key` keeps those of networks and inputs apart under one seed.

    Without a seed, `again` tells the first, second, ... draw of a kind apart.
    """
    n, key = check_integer("n", n, 1, 10**6), check_integer("key", key, 0)
    if isinstance(seed, np.random.Generator):
        return seed.spawn(n)
    place = (key, check_integer("again", again, 0)) if seed is None and again else (key,)
    seed = _default["seed"] if seed is None else check_integer("seed", seed, 0)
    return [np.random.default_rng(child) for child in np.random.SeedSequence(seed, spawn_key=place).spawn(n)]


def next_stream(seed: int | np.random.Generator | None, key: int) -> np.random.Generator:
    """Return a generator for a free function: without a seed another one at every call, from :func:`nest_init` on."""
    _default["draws"] += seed is None
    return streams(seed, key, 1, again=_default["draws"] - 1)[0]


# Who hears whom. first[c]:first[c + 1] are the neurons of circuit c; source[row[k]:row[k + 1]] the neurons that k
# hears, and the same slice of w_rec their weights; target[col[j]:col[j + 1]] the neurons that hear j, and `synapse`
# the places of their weights in w_rec.
Wiring = namedtuple("Wiring", "first row source col target synapse")

# All that changes while a network runs, arrays that the engine changes in place. w, s, q of the inputs (n_neurons,
# n_inputs) and of the synapses (n_synapses,): weights, running mean S and square Q. e1, e2 (n_inputs + n_neurons,):
# traces of each source. Of each neuron: a, b, weighted sums of them, u = a - b; stp_u, stp_r, last: u, R and step of
# the last spike; and constants, rule is one of those of `params`. clock: steps done, steps learned.
CONSTANTS = "mean_u tau_d tau_f plastic depressing eta0 rule"
State = namedtuple("State", f"w_in s_in q_in w_rec s_rec q_rec e1 e2 a b stp_u stp_r last {CONSTANTS} clock")

# Parameters that a network takes over while it exists; the others are built in.
CHANGEABLE = (
    "stp",
    "eta0",
    "variance_tracking",
    "constant_eta",
    "kernel",
    "tau_decay_ms",
    "tau_rise_ms",
    "rate_max_hz",
)

SWITCHES = ("use_stp", "use_stdp", "save_figures", "show_figures")

# Names of PyNEST: what can be set for each neuron, what belongs to all neurons alike, and what can be read besides.
OF_NEURONS = dict(eta="eta0", use_variance_tracking="rule", use_stdp="plastic", use_stp="depressing")
OF_NETWORK = dict(tau_m="tau_decay_ms", tau_syn="tau_rise_ms", R_max="rate_max_hz")
READ_ONLY = ("V_m", "rate", "rate_fraction", "normalization_sum", "weights", "epsp_trace")


class NodeCollection(Guarded):
    """Some neurons, as in PyNEST: length, iteration, indexing, addition, `global_id`, get and set.

    Each neuron has `eta`, `use_variance_tracking`, `use_stdp` and `use_stp`. `tau_m` (slow part of the EPSP, ms),
    `tau_syn` (fast part, ms) and `R_max` (Hz) are the same for all neurons of a network. Read only: `V_m` (the
    potential u), `rate` (Hz), `rate_fraction`, `normalization_sum` (of exp(u) over the circuit), `weights` and
    `epsp_trace` (of the inputs, then of the neurons that are heard). `max_neuron_gid` may be set as the README of the
    NEST package asks; the engine does not need it.

    Examples
    --------
    >>> nc = Network(grid_shape=(2, 2), k_min=3, k_max=3, n_inputs=10, seed=1).get_node_collections()
    >>> nc[:2].eta = 0.01
    >>> nc[:3].get("eta"), (nc[:2] + nc[5]).global_id, [n.global_id for n in nc[:2]]
    ((0.01, 0.01, 0.05), (0, 1, 5), [0, 1])
    """

    def __init__(self, ids: Any, network: Network) -> None:
        limits = dict(low=0, high=network.n_neurons - 1, empty=True)
        self._ids = tuple(check_array("ids", ids, ndim=1, integer=True, **limits).tolist())
        self._keep(network=network)

    @property
    def global_id(self) -> Any:
        """The ids, a tuple; of a single neuron its id."""
        return self._ids[0] if len(self) == 1 else self._ids

    def tolist(self) -> list[int]:
        """Return the ids as a list."""
        return list(self._ids)

    def __len__(self) -> int:
        return len(self._ids)

    def __iter__(self) -> Iterator[NodeCollection]:
        return (NodeCollection((i,), self.network) for i in self._ids)

    def __getitem__(self, index: Any) -> NodeCollection:
        return NodeCollection(np.atleast_1d(np.array(self._ids, int)[index]), self.network)

    def __add__(self, other: NodeCollection) -> NodeCollection:
        if not isinstance(other, NodeCollection) or other.network is not self.network:
            raise ParameterError(f"other = {other!r}; allowed: a NodeCollection of the same network")
        return NodeCollection(sorted(set(self._ids) | set(other._ids)), self.network)

    def __contains__(self, neuron: Any) -> bool:
        return int(neuron) in self._ids

    def __eq__(self, other: object) -> bool:
        return isinstance(other, NodeCollection) and (self.network is other.network and self._ids == other._ids)

    def __hash__(self) -> int:
        return hash((id(self.network), self._ids))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self._ids, dtype)

    def __index__(self) -> int:
        if len(self) != 1:
            raise TypeError(f"{self!r} is not one neuron")
        return self._ids[0]

    def __repr__(self) -> str:
        span = f", {self._ids[0]} to {self._ids[-1]}" if self._ids else ""
        return f"NodeCollection of {len(self)} neurons{span}"

    def __getattr__(self, name: str) -> Any:
        if name in (*OF_NEURONS, *OF_NETWORK, *READ_ONLY, "max_neuron_gid"):
            return self.get(name)
        return super().__getattr__(name)

    def get(self, names: str | list | None = None) -> Any:
        """Return the value of one attribute, a tuple over neurons; of one neuron the value; of several names a dict."""
        if not isinstance(names, str):
            every = (*OF_NEURONS, *OF_NETWORK, *READ_ONLY)
            return {name: self.get(name) for name in (every if names is None else names)}
        net, values = self.network, []
        if names == "global_id":
            values = self._ids
        elif names in OF_NETWORK or names == "max_neuron_gid":
            values = [getattr(net, OF_NETWORK.get(names, "n_neurons"))] * len(self)
        elif names in ("weights", "epsp_trace"):
            values = [net.afferents(k)[names == "epsp_trace"] for k in self._ids]
        else:
            values = net.of_neurons(names)[list(self._ids)].tolist()
        return values[0] if len(self) == 1 else tuple(values)

    def set(self, values: Mapping | None = None, **named: Any) -> None:
        """Set attributes of these neurons, given by keyword or as a dict; a list holds one value per neuron.

        Raises
        ------
        ParameterError
            For a name that cannot be set, a value out of range, or part of a network where all must be alike.
        """
        checked = {}
        for name, value in {**(values or {}), **named}.items():
            checked[name] = self._checked(name, np.atleast_1d(value).tolist())
        for name, value in checked.items():
            if name in OF_NEURONS:
                getattr(self.network.state, OF_NEURONS[name])[list(self._ids)] = value
            elif name in OF_NETWORK:
                self.network.set(**{OF_NETWORK[name]: value})

    def _checked(self, name, values):
        """Return what to set, from one value or one for each neuron; refuses before anything is set."""
        net, one = self.network, len(values) == 1
        if name not in (*OF_NEURONS, *OF_NETWORK, "max_neuron_gid"):
            raise ParameterError(f"{name} of neurons cannot be set; what can: {', '.join((*OF_NEURONS, *OF_NETWORK))}")
        if not one and len(values) != len(self):
            count = f"{name} has {len(values)} values"
            raise ParameterError(f"{count}; allowed: one, or one for each of {len(self)} neurons")
        if name == "max_neuron_gid":
            return [check_integer(name, value, net.n_neurons - 1) for value in values]
        if name in OF_NETWORK:
            if len(self) != net.n_neurons or len(set(values)) != 1:
                raise ParameterError(f"{name} is the same for all neurons; set one for all, get_node_collections()")
            limits = NetworkParams.__dataclass_fields__[OF_NETWORK[name]].metadata["limits"]
            return check_number(name, values[0], **limits)
        if name == "eta":
            return check_array(name, values, low=0, high=1)
        flags = [check_flag(name, value) for value in values]
        return list(map(net.params.rule, flags)) if name == "use_variance_tracking" else flags


@dataclass(frozen=True)
class WTACircuit:
    """One circuit: its neurons `nc`, their number `k`, and its place `pos`, (x, y), on the grid."""

    nc: NodeCollection
    pos: tuple[int, int]

    @property
    def k(self) -> int:
        """Number of neurons."""
        return len(self.nc)

    def get_node_collection(self) -> NodeCollection:
        """Return the neurons."""
        return self.nc

    def get_pos(self) -> tuple[int, int]:
        """Return (x, y)."""
        return self.pos

    def get_x(self) -> int:
        """Return x."""
        return self.pos[0]

    def get_y(self) -> int:
        """Return y."""
        return self.pos[1]

    def get_size(self) -> int:
        """Return the number of neurons."""
        return self.k

    def form_WTA(self) -> None:
        """Do nothing: members of a circuit are coupled by construction."""


class Network(Guarded):
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
        Its fields are attributes too; those in `CHANGEABLE` may be assigned.
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
    >>> net.n_conn = 5
    Traceback (most recent call last):
    helpers.parameters.ParameterError: n_conn is fixed once the network is built; make a new one: Network(n_conn=...)
    """

    def __init__(
        self, *, grid_shape: Sequence = (10, 5), seed: int | np.random.Generator | None = None,
        stp: str | None = "correct", save_figures: bool = True, show_figures: bool = True, **options: Any,
    ) -> None:  # fmt: skip
        if len(grid_shape) != 2:
            raise ParameterError(f"grid_shape = {grid_shape!r}; allowed: (circuits along x, circuits along y)")
        n, m = check_integer("grid_shape", grid_shape[0], 1, 1000), check_integer("grid_shape", grid_shape[1], 1, 1000)
        switches = dict(save_figures=save_figures, show_figures=show_figures)
        for name in {"use_stp", "use_stdp"} & set(options):
            switches[name] = options.pop(name)
        check_integer("number of circuits, n m", n * m, 1, 5000)
        params = NetworkParams().replace(n=n, m=m, stp="off" if stp is None else stp, **options)
        *self._streams, rng = streams(seed, 0, 4)
        self._keep(params=params, seed=_default["seed"] if seed is None else seed, rng=rng)
        self.create_grid()
        self.form_connections()
        self.set(**switches)
        self._n_inputs_made = 0

    def set(self, **options: Any) -> None:
        """Change what may change in a network that is built; it acts from the next step on.

        Raises
        ------
        ParameterError
            For a value out of range, or what cannot change any more.
        """
        changed, switches = {}, {}
        for name, value in options.items():
            if name in SWITCHES:
                switches[name] = check_flag(name, value)
            elif name in CHANGEABLE:
                changed[name] = "off" if name == "stp" and value is None else value
            elif name in self.params.__dataclass_fields__:
                raise ParameterError(f"{name} is fixed once the network is built; make a new one: Network({name}=...)")
            else:
                raise ParameterError(f"{name} is not an attribute of Network that can be set")
        self._apply(self.params.replace(**changed), changed)
        for name, on in switches.items():
            if name in OF_NEURONS:
                self.neuron_collection.set({name: on})
            else:
                self._keep(**{name: on})

    def _apply(self, p, changed):
        """Take over parameters, and bring the constants of the neurons in line with those that changed."""
        if (p.stp == "off") != (self.params.stp == "off"):
            self.state.depressing[:] = p.stp != "off"
        self._keep(params=p)
        if "eta0" in changed:
            self.state.eta0[:] = p.eta0
        if "variance_tracking" in changed:
            self.state.rule[:] = p.rule(p.variance_tracking)
        elif "constant_eta" in changed:
            self.state.rule[self.state.rule != TRACKED] = p.rule(tracking=False)

    @property
    def grid_shape(self) -> tuple[int, int]:
        """Circuits along x and y."""
        return self.params.n, self.params.m

    @property
    def use_stdp(self) -> bool:
        """Whether weights learn in training."""
        return bool(self.state.plastic.any())

    @property
    def use_stp(self) -> bool:
        """Whether spikes between circuits depress."""
        return bool(self.state.depressing.any())

    @property
    def n_neurons(self) -> int:
        """Number of neurons."""
        return len(self.circuit)

    @property
    def time_ms(self) -> int:
        """Steps done so far, ms."""
        return int(self.state.clock[0])

    def create_grid(self) -> None:
        """Draw the circuit sizes; called by the constructor."""
        p = self.params
        self.place(self._streams[0].integers(p.k_min, p.k_max, size=p.n * p.m, endpoint=True))

    def place(self, k: Any) -> None:
        """Give the circuits the sizes `k` (n_circuits,), ordered by x, then y.

        Raises
        ------
        ParameterError
            Unless these are as many integers, 1 to 10,000.
        """
        p = self.params
        k = check_array("k", k, shape=(p.n * p.m,), low=1, high=10_000, integer=True)
        positions = np.stack(np.indices((p.n, p.m)), axis=-1).reshape(-1, 2)
        circuit, first = np.repeat(np.arange(k.size), k), np.concatenate([[0], np.cumsum(k)])
        self._keep(k=k, positions=positions, circuit=circuit, first=first)
        self.refresh_neurons()
        if "wiring" in self.__dict__:  # that of other sizes
            self.form_connections()

    def refresh_neurons(self) -> None:
        """Rebuild the list of circuits and the collection of all neurons."""
        circuits = []
        for c, (x, y) in enumerate(self.positions.tolist()):
            circuits.append(WTACircuit(NodeCollection(range(*self.first[c : c + 2]), self), (x, y)))
        self._keep(circuits=circuits, neuron_collection=NodeCollection(range(self.n_neurons), self))

    def form_connections(self) -> None:
        """Draw the links; called by the constructor."""
        p = self.params
        self._keep(distances=np.linalg.norm(self.positions[:, None] - self.positions[None], axis=2))
        n_conn = min(p.n_conn, self.k.size * (self.k.size - 1))
        draw = draw_links if p.connectivity == "exponential" else draw_links_orig
        self.link(draw(self.distances, n_conn, p.lam, self._streams[1]))

    def link(self, links: Any) -> None:
        """Link circuits, (n_links, 2) from and to, and set the state to that of an untrained network.

        Raises
        ------
        ParameterError
            For a circuit that is not there, a link of a circuit onto itself, or the same link twice.
        """
        links = check_links(links, self.k.size)
        self._keep(links=links, wiring=wire(links, self.first))
        self._keep(state=initial_state(self.params, self.n_neurons, self.wiring.source.size, self._streams[2]))

    def afferents(self, neuron: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the weights onto a neuron and the EPSPs they weigh: of all inputs, then of the neurons it hears."""
        st, n_in = self.state, self.params.n_inputs
        neuron = check_integer("neuron", neuron, 0, self.n_neurons - 1)
        chosen = slice(*self.wiring.row[neuron : neuron + 2])
        sources = np.concatenate([np.arange(n_in), n_in + self.wiring.source[chosen]])
        return np.concatenate([st.w_in[neuron], st.w_rec[chosen]]), (st.e1 - st.e2)[sources]

    def of_neurons(self, name: str) -> np.ndarray:
        """Return an attribute of :class:`NodeCollection` for all neurons, (n_neurons,)."""
        st = self.state
        if name == "use_variance_tracking":
            return st.rule == TRACKED
        if name in OF_NEURONS:
            return getattr(st, OF_NEURONS[name])
        rate = kernel.rates(self)
        values = dict(V_m=st.a - st.b, rate=rate, rate_fraction=rate / self.params.rate_max_hz)
        values["normalization_sum"] = np.bincount(self.circuit, np.exp(st.a - st.b))[self.circuit]
        if name not in values:
            known = ", ".join((*OF_NEURONS, *OF_NETWORK, *READ_ONLY))
            raise ParameterError(f"{name} is not an attribute of a neuron; there are {known}")
        return values[name]

    def get_circuit_grid(self) -> np.ndarray:
        """Return the (m, n) array of circuit sizes: row y, column x."""
        return self.k.reshape(self.params.n, self.params.m).T

    def get_node_collections(self, slice_min: int | None = None, slice_max: int | None = None) -> NodeCollection:
        """Return the neurons of the circuits ``slice_min:slice_max`` (all by default) as a :class:`NodeCollection`."""
        chosen = np.arange(self.k.size)[slice_min:slice_max]
        return NodeCollection(np.flatnonzero(np.isin(self.circuit, chosen)), self)

    def get_wta_by_id(self, id: int) -> WTACircuit:
        """Return the circuit of a neuron."""
        return self.circuits[self.circuit[check_integer("id", id, 0, self.n_neurons - 1)]]

    def get_pos_by_id(self, id: int) -> tuple[int, int]:
        """Return the grid position (x, y) of a neuron."""
        return self.get_wta_by_id(id).pos

    def visualize_circuits(self) -> None:
        """Draw the grid with the circuit sizes; show it, and save ``grid_visualization.png``, as the flags say."""
        figures.drawn(figures.plot_grid, "grid_visualization", self, self)

    def visualize_circuits_3d(self) -> None:
        """Draw the circuit sizes as a surface; show and save (grid_visualization_3d.png) as the flags say."""
        figures.drawn(figures.plot_grid_3d, "grid_visualization_3d", self, self, projection="3d")

    def visualize_circuits_3d_barchart(self) -> None:
        """Draw the circuit sizes as bars; show and save (grid_visualization_3d_bars.png) as the flags say."""
        figures.drawn(figures.plot_grid_3d_bars, "grid_visualization_3d_bars", self, self, projection="3d")


def draw_links(distances: np.ndarray, n_conn: int, lam: float, rng: np.random.Generator) -> np.ndarray:
    """Link ordered pairs of circuits with p(d) = min(1, A exp(-lam d)); A gives `n_conn` links on average.

    Returns the links, (n_links, 2) from and to.
    """
    n = len(distances)
    off = ~np.eye(n, dtype=bool)
    d = distances[off]
    if n_conn == 0 or n_conn >= d.size:
        return np.argwhere(off)[: n_conn and None]

    def probability(log_a):
        return np.exp(np.minimum(log_a - lam * d, 0))

    low, high = -50.0, lam * d.max() + 1
    while high - low > 1e-12:  # by halves
        log_a = (low + high) / 2
        if probability(log_a).sum() < n_conn:
            low = log_a
        else:
            high = log_a
    chosen = np.zeros((n, n), bool)
    chosen[off] = rng.random(d.size) < probability(high)
    return np.argwhere(chosen)


def draw_links_orig(distances: np.ndarray, n_conn: int, lam: float, rng: np.random.Generator) -> np.ndarray:
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


def check_links(links: Any, n_circuits: int) -> np.ndarray:
    """Return the links, (n_links, 2) from and to, if each joins two circuits that no other one joins this way."""
    links = check_array("links", links, shape=(None, 2), low=0, high=n_circuits - 1, empty=True, integer=True)
    pairs = links[:, 0] * n_circuits + links[:, 1]
    if (links[:, 0] == links[:, 1]).any() or np.unique(pairs).size < pairs.size:
        raise ParameterError("links joins a circuit to itself, or two circuits twice; give each ordered pair once")
    return links


def wire(links: np.ndarray, first: np.ndarray) -> Wiring:
    """Return the :class:`Wiring` of all-to-all links between circuits, sources in ascending order.

    `first` (n_circuits + 1,) holds the first neuron of each circuit.
    """
    k = np.diff(first)
    circuit = np.repeat(np.arange(k.size), k)
    linked = np.zeros((k.size, k.size), bool)
    linked[links[:, 1], links[:, 0]] = True
    heard = [np.tile(np.flatnonzero(sources[circuit]), size) for sources, size in zip(linked, k, strict=True)]
    source = np.concatenate(heard)
    fan_in = (linked @ k)[circuit]
    target = np.repeat(np.arange(circuit.size), fan_in)
    synapse = np.argsort(source, kind="stable")
    row = np.concatenate([[0], np.cumsum(fan_in)])
    col = np.concatenate([[0], np.cumsum(np.bincount(source, minlength=circuit.size))])
    return Wiring(first, row, source, col, target[synapse], synapse)


def initial_state(p: NetworkParams, n_neurons: int, n_synapses: int, rng: np.random.Generator) -> State:
    """Return the :class:`State` of an untrained network: w = 0 (or ln U(0, 1)), S = 0, Q = 1, all traces 0."""
    w_in, w_rec = np.zeros((n_neurons, p.n_inputs)), np.zeros(n_synapses)
    if p.initial_weights == "random":
        w_in, w_rec = np.log(1 - rng.random(w_in.shape)), np.log(1 - rng.random(n_synapses))
    u = np.clip(rng.normal(p.stp_u, p.stp_u / 2, n_neurons), 0, 1)
    d = np.maximum(rng.normal(p.stp_tau_d_ms, p.stp_tau_d_ms / 2, n_neurons), 1)
    f = np.maximum(rng.normal(p.stp_tau_f_ms, p.stp_tau_f_ms / 2, n_neurons), 1)
    e, v = np.zeros(p.n_inputs + n_neurons), np.zeros(n_neurons)
    return State(
        *(w_in, np.zeros_like(w_in), np.ones_like(w_in), w_rec, np.zeros_like(w_rec), np.ones_like(w_rec)),
        *(e, e.copy(), v, v.copy()),
        *(u.copy(), np.ones(n_neurons), np.full(n_neurons, -(10**9)), u, d, f),
        *(np.ones(n_neurons, bool), np.full(n_neurons, p.stp != "off"), np.full(n_neurons, p.eta0)),
        *(np.full(n_neurons, p.rule(p.variance_tracking)), np.zeros(2, np.int64)),
    )


def _neurons(nc):
    """Return the collection behind a circuit, a network or itself."""
    if isinstance(nc, WTACircuit):
        nc = nc.nc
    elif isinstance(nc, Network):
        nc = nc.neuron_collection
    if not isinstance(nc, NodeCollection):
        raise ParameterError(
            f"nc is a {type(nc).__name__}; allowed: a NodeCollection, as network.get_node_collections()"
        )
    return nc


def enable_stdp(nc: NodeCollection) -> None:
    """Let the weights onto these neurons learn."""
    _neurons(nc).set(use_stdp=True)


def disable_stdp(nc: NodeCollection) -> None:
    """Freeze the weights onto these neurons."""
    _neurons(nc).set(use_stdp=False)


def enable_stp(nc: NodeCollection) -> None:
    """Let the spikes of these neurons depress."""
    _neurons(nc).set(use_stp=True)


def disable_stp(nc: NodeCollection) -> None:
    """Send every spike of these neurons with amplitude 1."""
    _neurons(nc).set(use_stp=False)


def randomize_outgoing_connections(nc: NodeCollection, *, seed: int | np.random.Generator | None = None) -> None:
    """Set the weights from these neurons to ln of uniform numbers; traces start anew."""
    nc = _neurons(nc)
    net = nc.network
    chosen = np.isin(net.wiring.source, nc.tolist())
    net.state.w_rec[chosen] = np.log(1 - next_stream(seed, 4).random(chosen.sum()))
    for name in ("e1", "e2", "a", "b"):
        getattr(net.state, name)[:] = 0


doors(globals())
