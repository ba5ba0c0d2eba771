"""Classic models as short behaviours on the modular core, a ``build_<model>`` for each, and what is measured on them.

In every network an iteration visits three keys: 1 the cells move, fire and are reset; 2 their outside drive is drawn;
3 on the synapse groups, spikes arrive and add to the drive of the next iteration. Recorders stand at 9. Voltages are
mV, times ms, unless a model has no units.
"""

from __future__ import annotations

import numpy as np
from scipy.special import exprel

from helpers.modular import Behaviour, EventRecorder, Network, NeuronGroup, Recorder, SynapseGroup
from helpers.modular.synapses import EventWeights
from helpers.parameters import check_array, check_choice, check_integer, check_number

__all__ = [
    "build_brunel_hakim",
    "build_cell",
    "build_hopfield",
    "build_izhikevich",
    "build_lif",
    "build_synfire",
    "bursts",
    "peak_hz",
    "population_count",
    "shifted",
    "spectrum",
    "spike_trains",
    "volleys",
]


class Weights(Behaviour):
    """Weights `scale` U(0, 1), all to all; with `p`, `scale` (single precision) on a random share p."""

    def set_variables(self, synapse):
        scale, p = self.get_init_attr("scale", 1.0), self.get_init_attr("p")
        u = synapse.network.rng.random(synapse.shape, np.float64 if p is None else np.float32)
        synapse.W = EventWeights(scale * u if p is None else np.float32(scale) * (u < p))


class Propagate(Behaviour):
    """On a synapse group: a spike of src moves dst by W `delay_steps` iterations later, at least 1 (key 3 to key 1)."""

    def set_variables(self, synapse):
        self.ring = np.zeros((self.get_init_attr("delay_steps", 1), synapse.src.size), bool)

    def new_iteration(self, synapse):
        slot = synapse.iteration % len(self.ring)
        self.ring[slot] = synapse.src.spike
        arrived = self.ring[(slot + 1) % len(self.ring)]
        if arrived.any():
            synapse.dst.drive += synapse.W.dot(arrived)


class Drive(Behaviour):
    """Set drive = `scale` times a draw of the generator, "random" for U(0, 1) or "standard_normal", anew each time."""

    def set_variables(self, cells):
        self.scale, self.draw = self.get_init_attr("scale", 0.0), self.get_init_attr("draw", "random")
        self.new_iteration(cells)

    def new_iteration(self, cells):
        draw = getattr(cells.network.rng, self.draw) if self.scale else np.zeros
        cells.drive = self.scale * draw(cells.size)


class Spiking(Behaviour):
    """Cells that `start`, `move`, spike where v >= `threshold` if `free` of `refractory_steps`, and `land` at reset."""

    threshold, reset, refractory_steps = 0.0, 0.0, 0

    def set_variables(self, cells):
        for name in ("threshold", "reset", "refractory_steps"):
            setattr(self, name, self.get_init_attr(name, getattr(type(self), name)))
        cells.spike, cells.free = np.zeros(cells.size, bool), np.ones(cells.size, bool)
        cells.last = np.full(cells.size, -(10**9))
        self.start(cells)

    def new_iteration(self, cells):
        cells.free = cells.iteration - cells.last > self.refractory_steps
        self.move(cells)
        cells.spike = (cells.v >= self.threshold) & cells.free
        cells.last[cells.spike] = cells.iteration
        self.land(cells)

    def land(self, cells):
        cells.v[cells.spike] = self.reset


class Lif(Spiking):
    """dv/dt = -65 - v + drive by Euler, steps of .1 time constants; reset -80, start U(-80, 0) mV.

    Gerstner, Kistler, Naud, Paninski (2014) Neuronal Dynamics, ch. 1, doi:10.1017/CBO9781107447615.
    """

    reset = -80.0

    def start(self, cells):
        cells.v = -80 * cells.network.rng.random(cells.size)

    def move(self, cells):
        cells.v += 0.1 * (-65 - cells.v + cells.drive)


class Izhikevich(Spiking):
    """v' = .04 v^2 + 5 v + 140 - u + I, u' = a (b v - u), 1 ms per iteration; at 30 mV v = c and u = u + d.

    v takes two half steps. `kind` "exc": a .02, b .2, c = -65 + 15 r^2, d = 8 - 6 r^2; "inh": a = .02 + .08 r,
    b = .25 - .05 r, c -65, d 2, with r ~ U(0, 1) for each cell.
    Izhikevich (2003) IEEE Trans Neural Netw 14:1569, doi:10.1109/TNN.2003.820440.
    """

    threshold = 30.0

    def start(self, cells):
        r, exc = cells.network.rng.random(cells.size), self.get_init_attr("kind", "exc") == "exc"
        cells.a, cells.b = (0.02, 0.2) if exc else (0.02 + 0.08 * r, 0.25 - 0.05 * r)
        cells.c, cells.d = (-65 + 15 * r**2, 8 - 6 * r**2) if exc else (-65 + 0 * r, 2 + 0 * r)
        cells.v = np.full(cells.size, -65.0)
        cells.u = cells.b * cells.v

    def move(self, cells):
        for _ in range(2):
            cells.v += 0.5 * (0.04 * cells.v**2 + 5 * cells.v + 140 - cells.u + cells.drive)
        cells.u += cells.a * (cells.b * cells.v - cells.u)

    def land(self, cells):
        cells.v[cells.spike] = cells.c[cells.spike]
        cells.u[cells.spike] += cells.d[cells.spike]


class BrunelHakim(Spiking):
    """tau dV/dt = mu - V + sigma sqrt(tau) xi, exact step of .1 ms; arriving spikes add their weight to V.

    tau 20 ms, `mu` 25, `sigma` 1, threshold 20, reset 10 mV, refractory 2 ms. `frozen`: V rests, and hears nothing,
    while refractory; else only the threshold is off, as in Brian2.
    Brunel, Hakim (1999) Neural Comput 11:1621, doi:10.1162/089976699300016179.
    """

    threshold, reset, refractory_steps = 20.0, 10.0, 20

    def start(self, cells):
        self.mu, self.sigma = self.get_init_attr("mu", 25.0), self.get_init_attr("sigma", 1.0)
        self.frozen = self.get_init_attr("frozen", True)
        cells.v = np.full(cells.size, self.reset)

    def move(self, cells):
        decay = np.exp(-0.1 / 20)
        noise = self.sigma * np.sqrt((1 - decay**2) / 2) * cells.network.rng.standard_normal(cells.size)
        v = self.mu + (cells.v - self.mu) * decay + noise + cells.drive
        cells.v = np.where(cells.free, v, cells.v) if self.frozen else v


class SynfireCell(Spiking):
    """tau V' = x + V_r - V, tau_s x' = y - x, dy = (m - y/tau_s) dt + s dW, Euler .1 ms; arriving spikes add to y.

    tau 10, tau_s .325 ms, V_r -70, threshold -55 mV, m 25.27 mV/ms, `noise` s = 39.24 mV/sqrt(ms), refractory 1 ms.
    Diesmann, Gewaltig, Aertsen (1999) Nature 402:529, doi:10.1038/990101.
    """

    threshold, reset, refractory_steps = -55.0, -70.0, 10

    def start(self, cells):
        self.noise = self.get_init_attr("noise", 39.24)
        cells.pool = cells.id // self.get_init_attr("pool_size", 100)
        cells.v = -70 + 15 * cells.network.rng.random(cells.size)
        cells.x, cells.y = np.zeros(cells.size), np.full(cells.size, 25.27 * 0.325)

    def move(self, cells):
        v, x, y = cells.v, cells.x, cells.y
        noise = self.noise * np.sqrt(0.1) * cells.network.rng.standard_normal(cells.size)
        cells.v, cells.x = v + 0.1 * (x - 70 - v) / 10, x + 0.1 * (y - x) / 0.325
        cells.y = y + 0.1 * (25.27 - y / 0.325) + noise + cells.drive


class Volley(Behaviour):
    """One spike of each neuron at 50 ms + N(0, `sd_ms`^2): the input of a synfire chain, as its pool -1."""

    def set_variables(self, cells):
        times_ms = 50 + self.get_init_attr("sd_ms", 1.0) * cells.network.rng.standard_normal(cells.size)
        self.step = np.round(times_ms / 0.1).astype(int)
        cells.spike, cells.pool = np.zeros(cells.size, bool), np.full(cells.size, -1)

    def new_iteration(self, cells):
        cells.spike = self.step == cells.iteration


class Chain(Behaviour):
    """Each neuron of pool k reaches every neuron of pool k + 1 with the same weight `scale` (mV)."""

    def set_variables(self, synapse):
        after = synapse.dst.pool[:, None] == synapse.src.pool[None, :] + 1
        synapse.W = EventWeights(self.get_init_attr("scale", 4.86) * after)


class Hebb(Behaviour):
    """W = X^T X, no diagonal, of random patterns X of +-1. Hopfield (1982) PNAS 79:2554, doi:10.1073/pnas.79.8.2554."""

    def set_variables(self, synapse):
        shape = self.get_init_attr("n_patterns", 20), synapse.src.size
        synapse.src.patterns = x = synapse.network.rng.choice([-1.0, 1.0], shape)
        synapse.W = x.T @ x
        np.fill_diagonal(synapse.W, 0)


class Recall(Behaviour):
    """A sweep in each iteration: in random order s_i = sign(sum_j W_ij s_j), unchanged at 0, for all probes at once.

    Probes are up to `n_probes` patterns with a share `flips` of the signs turned; `stored` False takes patterns that
    were never learned. Keeps `s` (n_probes, n), and of each probe the `overlap` with its target and the `energy`
    -s W s / 2N, which no update can raise while W is symmetric without diagonal.
    """

    def set_variables(self, cells):
        rng, x = cells.network.rng, cells.patterns[: self.get_init_attr("n_probes", 50)]
        self.target = x if self.get_init_attr("stored", True) else rng.choice([-1.0, 1.0], x.shape)
        cells.s = self.target * np.where(rng.random(x.shape) < self.get_init_attr("flips", 0.1), -1, 1)
        self.w = cells.afferent_synapses["All"][0].W
        self.measure(cells, cells.s @ self.w)

    def new_iteration(self, cells):
        field = cells.s @ self.w
        for i in cells.network.rng.permutation(cells.size):
            against = np.flatnonzero(cells.s[:, i] * field[:, i] < 0)
            if against.size:
                cells.s[against, i] *= -1
                field[against] += 2 * cells.s[against, i, None] * self.w[i]
        self.measure(cells, field)

    def measure(self, cells, field):
        cells.overlap, cells.energy = np.mean(cells.s * self.target, axis=1), -0.5 * np.mean(cells.s * field, axis=1)


def _step(slopes, state, current, dt, method):
    a = slopes(state, current)
    if method == "euler":
        return state + dt * a
    b = slopes(state + dt / 2 * a, current)
    c = slopes(state + dt / 2 * b, current)
    return state + dt / 6 * (a + 2 * b + 2 * c + slopes(state + dt * c, current))


def _rates(v, shift):
    """Return alpha and beta (1/ms) of the gates m, h, n of 1952, each (3, ...); `shift` (mV) is added to v in each."""
    am, ah, an, bm, bh, bn = shift
    alpha = 1 / exprel(-(v + am) / 10), 0.07 * np.exp(-(v + ah) / 20), 0.1 / exprel(-(v + an) / 10)
    beta = 4 * np.exp(-(v + bm) / 18), 1 / (1 + np.exp(-(v + bh) / 10)), 0.125 * np.exp(-(v + bn) / 80)
    return np.array(alpha), np.array(beta)


class Cell(Behaviour):
    """A cell dX/dt = slopes(X, I), by `method` "euler" or "rk4" with step `dt_ms`; `state` is (n_variables, n_cells).

    I = `current` (one number, or one for each cell) plus the `steps` (start_ms, stop_ms, amplitude) that are on. A
    spike is an upward crossing of `level` by the first variable, v.
    """

    level = 0.0

    def set_variables(self, cells):
        self.dt_ms, self.current = self.get_init_attr("dt_ms", 0.01), self.get_init_attr("current", 0.0)
        self.method, self.steps = self.get_init_attr("method", "euler"), self.get_init_attr("steps", ())
        cells.state = np.array(self.start())[:, None] * np.ones(cells.size)
        cells.v, cells.spike = cells.state[0], np.zeros(cells.size, bool)

    def new_iteration(self, cells):
        t_ms, before = (cells.iteration - 1) * self.dt_ms, cells.v
        current = self.current + sum(height for on, off, height in self.steps if on <= t_ms < off)
        cells.state = _step(self.slopes, cells.state, current, self.dt_ms, self.method)
        cells.v = cells.state[0]
        cells.spike = (before < self.level) & (cells.v >= self.level)


class HodgkinHuxley(Cell):
    """C V' = I - 120 m^3 h (V - 50) - 36 n^4 (V + 77) - .3 (V + 54.387), C 1 uF/cm2, I uA/cm2, rates of 1952 at -65 mV.

    Hodgkin, Huxley (1952) J Physiol 117:500, doi:10.1113/jphysiol.1952.sp004764.
    """

    shift = (40, 65, 55, 65, 35, 65)

    def start(self):
        alpha, beta = _rates(-65.0, self.shift)
        return [-65.0, *(alpha / (alpha + beta))]

    def slopes(self, state, current):
        v, m, h, n = state
        alpha, beta = _rates(v, self.shift)
        ionic = 120 * m**3 * h * (v - 50) + 36 * n**4 * (v + 77) + 0.3 * (v + 54.387)
        return np.concatenate([[current - ionic], alpha - (alpha + beta) * state[1:]])


class WangBuzsaki(Cell):
    """C V' = I - 35 m^3 h (V - 55) - 9 n^4 (V + 90) - .1 (V + 65), m at its steady state, gates 5 times faster.

    Wang, Buzsaki (1996) J Neurosci 16:6402, doi:10.1523/JNEUROSCI.16-20-06402.1996.
    """

    shift = (35, 58, 34, 60, 28, 44)

    def start(self):
        return [-70.0, 1.0, 0.0]

    def slopes(self, state, current):
        v, h, n = state
        alpha, beta = _rates(v, self.shift)
        m = alpha[0] / (alpha[0] + beta[0])
        ionic = 35 * m**3 * h * (v - 55) + 9 * n**4 * (v + 90) + 0.1 * (v + 65)
        return np.concatenate([[current - ionic], 5 * (alpha - (alpha + beta) * np.array([m, h, n]))[1:]])


class HindmarshRose(Cell):
    """x' = y - x^3 + 3 x^2 + I - z, y' = 1 - 5 x^2 - y, z' = .001 (4 (x + 1.6) - z); no units.

    Hindmarsh, Rose (1984) Proc R Soc B 221:87, doi:10.1098/rspb.1984.0024.
    """

    level = 1.0

    def start(self):
        return [-1.6, 1 - 5 * 1.6**2, 0.0]

    def slopes(self, state, current):
        x, y, z = state
        return np.array([y - x**3 + 3 * x**2 + current - z, 1 - 5 * x**2 - y, 0.001 * (4 * (x + 1.6) - z)])


def _group(net, tag, size, *parts):
    behaviour = {**dict(enumerate(parts, 1)), 9: EventRecorder("spike")}
    return NeuronGroup(net=net, size=check_integer("size", size, 1), tag=tag, behaviour=behaviour)


def _ready(net, *links):
    """Link the groups, (src, dst, weights, delay in iterations), and initialise."""
    for src, dst, weights, delay_steps in links:
        parts = {2: weights, 3: Propagate(delay_steps=check_integer("delay_steps", delay_steps, 1))}
        SynapseGroup(net=net, src=src, dst=dst, behaviour=parts)
    net.initialize()
    return net


def _exc_inh(seed, sizes, parts, scales):
    """Link two groups all to all, each source with its scale of the weights."""
    net = Network(seed=seed)
    groups = [_group(net, tag, n, *part) for tag, n, part in zip(("exc", "inh"), sizes, parts, strict=True)]
    return _ready(net, *[(s, d, Weights(scale=w), 1) for s, w in zip(groups, scales, strict=True) for d in groups])


def build_lif(n_exc=800, n_inh=200, *, drive=90.0, seed):
    """Return the network "exc" (threshold -10 mV), "inh" (-30) of :class:`Lif`: I = `drive` U + sum W s, W +-U(0, 1).

    >>> net = build_lif(80, 20, seed=0)
    >>> net.simulate_iterations(10)
    >>> net["exc", 0].v.shape
    (80,)
    """
    parts = [(Lif(threshold=v), Drive(scale=drive)) for v in (-10.0, -30.0)]
    return _exc_inh(seed, (n_exc, n_inh), parts, (1.0, -1.0))


def build_izhikevich(n_exc=800, n_inh=200, *, exc_scale=0.5, inh_scale=-1.0, seed):
    """Return the network "exc", "inh" of 2003: drive 5 N and 2 N, weights `exc_scale` U and `inh_scale` U."""
    drives = [Drive(scale=x, draw="standard_normal") for x in (5.0, 2.0)]
    parts = zip([Izhikevich(kind=kind) for kind in ("exc", "inh")], drives, strict=True)
    return _exc_inh(seed, (n_exc, n_inh), parts, (exc_scale, inh_scale))


def build_brunel_hakim(n=5000, *, p=0.2, j_mv=0.1, delay_steps=20, frozen=True, seed):
    """Return one group "cells" that inhibits itself: a spike lowers V by `j_mv`, `delay_steps` of .1 ms later."""
    check_number("p", p, 0, 1)
    net = Network(seed=seed)
    cells = _group(net, "cells", n, BrunelHakim(frozen=frozen), Drive())
    return _ready(net, *([(cells, cells, Weights(scale=-j_mv, p=p), delay_steps)] if j_mv else []))


def build_synfire(n_spikes=85, sd_ms=1.0, *, n_pools=10, pool_size=100, noise=39.24, seed):
    """Return a "chain" of pools that a "volley" hits at 50 ms; delay 5 ms, .1 ms per iteration."""
    sd_ms = check_number("sd_ms", sd_ms, 0, 10)
    net = Network(seed=seed)
    volley = NeuronGroup(net=net, size=n_spikes, tag="volley", behaviour={1: Volley(sd_ms=sd_ms)})
    chain = _group(net, "chain", n_pools * pool_size, SynfireCell(noise=noise, pool_size=pool_size), Drive())
    return _ready(net, (volley, chain, Chain(), 50), (chain, chain, Chain(), 50))


def build_hopfield(n_patterns=20, n=784, *, flips=0.1, n_probes=50, stored=True, seed):
    """Return a "memory" of random patterns and its probes; one iteration is one asynchronous sweep."""
    check_integer("n_patterns", n_patterns, 1)
    net, part = Network(seed=seed), Recall(flips=check_number("flips", flips, 0, 1), n_probes=n_probes, stored=stored)
    group = NeuronGroup(net=net, size=n, tag="memory", behaviour={2: part, 9: Recorder(["n.overlap", "n.energy"])})
    SynapseGroup(net=net, src=group, dst=group, behaviour={1: Hebb(n_patterns=n_patterns)})
    return _ready(net)


def build_cell(model, current=0.0, *, dt_ms=0.01, method="euler", steps=(), gap=10):
    """Return uncoupled "cells", one for each `current`, of a subclass of :class:`Cell`; v at every `gap`-th step."""
    check_choice("method", method, ("euler", "rk4"))
    dt_ms = check_number("dt_ms", dt_ms, 0, 1, low_open=True)
    net, current = Network(seed=0), np.atleast_1d(check_array("current", current, ndim=(0, 1)))
    part = model(current=current, dt_ms=dt_ms, method=method, steps=steps)
    _group(net, "cells", current.size, part, Recorder("n.v", gapwidth=gap))
    return _ready(net)


def spike_trains(group, *, dt_ms):
    """Return (times_ms, ids) of the spikes that the group's EventRecorder holds."""
    events = np.asarray(group["spike", 0])
    return events[:, 0] * dt_ms, events[:, 1].astype(int)


def population_count(times_ms, *, start_ms, stop_ms, bin_ms):
    """Return the number of spikes in each bin of (start, stop]; the edges lie between the steps of the times."""
    span = start_ms + bin_ms / 2, stop_ms + bin_ms / 2
    return np.histogram(times_ms, round((stop_ms - start_ms) / bin_ms), span)[0].astype(float)


def spectrum(counts, *, bin_ms, segment_ms):
    """Return (frequencies in Hz, power) of a population count by Welch's method with Hann segments."""
    from scipy.signal import welch

    return welch(counts, fs=1000 / bin_ms, nperseg=round(segment_ms / bin_ms))


def peak_hz(f_hz, power, low, high):
    """Return the frequency of the largest power in (low, high) Hz."""
    inside = (f_hz > low) & (f_hz < high)
    return float(f_hz[inside][np.argmax(power[inside])])


def shifted(times_ms, ids, *, n_cells, start_ms, stop_ms, seed):
    """Return the times with each neuron's train turned by a random amount: same rates, no common rhythm."""
    turn = np.random.default_rng(seed).uniform(0, stop_ms - start_ms, n_cells)
    return start_ms + (times_ms - start_ms + turn[ids]) % (stop_ms - start_ms)


def volleys(times_ms, ids, *, pool_size=100, n_pools=10, window_ms=4.0):
    """Return (n_pools, 3): spikes in the fullest window of each pool, their mean time and SD (ms)."""
    rows = np.full((n_pools, 3), np.nan)
    for k in range(n_pools):
        times = np.append(times_ms[ids // pool_size == k], np.inf)
        size = np.searchsorted(times[:-1], times + window_ms, side="right") - np.arange(times.size)
        found = times[size.argmax() :][: size.max()]
        rows[k] = found.size, *((found.mean(), found.std()) if found.size else (np.nan, np.nan))
    return rows


def bursts(times, *, pause=100.0):
    """Return the spike times as a list of bursts, cut at silences longer than `pause`."""
    return np.split(times, np.flatnonzero(np.diff(times) > pause) + 1)
