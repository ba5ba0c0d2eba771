"""The network on numba: an event-driven loop over 1 ms steps.

Cells are leaky integrators, forward Euler on purpose (the published rates depend on it)::

    v += dt/tau_m (E_L - v + g_e - g_i), with the g of the last step; then g -= dt/tau_s g       (g in mV)
    v > V_th: spike, v = V_reset; held for tau_ref (a spike in step n: held in n + 1, integrates in n + 2 for 2 ms)

Order of a step: integrate all cells; thresholds and Poisson spikes; all deliveries with depression; all potentiation;
resets. A MON spike reaches TS in its own step and moves v there in the next. What makes it fast: all synapses of a
cell share one trace (exact, see :mod:`~helpers.lateral_line.plasticity`), so a synapse is one float32; background
spikes are drawn by geometric skips; nothing is recorded but spike counts per step and the cells in order.
"""

from __future__ import annotations

from collections import namedtuple

import numba
import numpy as np

from helpers.lateral_line import wiring as wires
from helpers.lateral_line.stimulus import LAYERS, recording
from helpers.parameters import ParameterError

__all__ = ["Network"]

STDP_TAU_S = 0.02
CHUNK_STEPS = 2000

# A layer: arrays (n_cells,) of potential and conductances in mV, steps it is still held, STDP trace.
Cells = namedtuple("Cells", "v g_e g_i held trace")
# Plastic synapses ordered by source (first, post), an index of them by target (first_in, incoming, pre), and a rule.
Pathway = namedtuple("Pathway", "w first post first_in incoming pre gain a_pre a_post w_max plastic multiplicative")
# Numbers of a step: float32 in mV or per step; hold in steps; skip = -ln(1 - p) of the background, 0 for none.
NUMBERS = "e_l v_th v_reset leak keep keep_trace w_bg_mon w_bg_ts mon_to_inh inh_to_mon ts_to_inh inh_to_ts"
Constants = namedtuple("Constants", f"{NUMBERS} hold skip_mon skip_ts")
# inh: the interneurons of MON and TS; mon_inh, ts_inh: who drives them; lateral: ring stencil (offset, mV).
Net = namedtuple("Net", "ll_trace mon ts inh ll_mon mon_ts mon_inh ts_inh lateral_at lateral_mv c")


def _jit(function):
    """Compile with a cache on disk; where no folder for it can be written, without."""
    options = dict(nogil=True, error_model="numpy")
    try:
        return numba.njit(cache=True, **options)(function)
    except RuntimeError:
        return numba.njit(**options)(function)


@_jit
def _integrate(cells, c):
    for i in range(cells.v.size):
        free = np.float32(cells.held[i] == 0)
        cells.v[i] += free * c.leak * (c.e_l - cells.v[i] + cells.g_e[i] - cells.g_i[i])
        cells.held[i] = max(cells.held[i] - 1, 0)
        cells.g_e[i] *= c.keep
        cells.g_i[i] *= c.keep
        cells.trace[i] *= c.keep_trace


@_jit
def _threshold(v, v_th, out):
    n = 0
    for i in range(v.size):
        if v[i] > v_th:
            out[n] = i
            n += 1
    return n


@_jit
def _poisson(rng, p, out):
    n = 0
    for i in range(p.size):
        if rng.random() < p[i]:
            out[n] = i
            n += 1
    return n


@_jit
def _background(rng, g_e, w, skip):
    if skip == 0:
        return
    i = np.int64(rng.standard_exponential() / skip)
    while i < g_e.size:
        g_e[i] += w
        i += 1 + np.int64(rng.standard_exponential() / skip)


@_jit
def _deliver(spikes, path, g_e, post_trace):
    """Pre side: add the weight to the conductance, then depress it by the post trace."""
    for s in spikes:
        for k in range(path.first[s], path.first[s + 1]):
            j, w = path.post[k], path.w[k]
            g_e[j] += path.gain * w
            if path.plastic:
                change = path.a_post * post_trace[j]
                if path.multiplicative:
                    change *= w
                path.w[k] = min(max(w + change, np.float32(0)), path.w_max)


@_jit
def _potentiate(spikes, path, pre_trace):
    """Post side: raise the weights onto the spiking cells by the pre traces."""
    for s in spikes:
        for m in range(path.first_in[s], path.first_in[s + 1]):
            k = path.incoming[m]
            change = path.a_pre * pre_trace[path.pre[m]]
            if path.multiplicative:
                change *= path.w_max - path.w[k]
            path.w[k] = min(max(path.w[k] + change, np.float32(0)), path.w_max)


@_jit
def _inhibit_neighbours(spikes, g_i, at, mv):
    for s in spikes:
        for k in range(at.size):
            j = s + at[k]
            g_i[j if j < g_i.size else j - g_i.size] += mv[k]


@_jit
def _interneuron(inh, which, spikes, mask, w_in, g_i, w_out, c):
    """Let an interneuron spike and inhibit its layer, then excite it; return how often it fired (0 or 1)."""
    fires = inh.v[which] > c.v_th
    if fires:
        _fire(inh, which, c)
        g_i += w_out
    for s in spikes:
        inh.g_e[which] += w_in * mask[s]
    return int(fires)


@_jit
def _fire(cells, i, c):
    cells.v[i] = c.v_reset
    cells.held[i] = max(c.hold - 1, 0)


@_jit
def _finish(spikes, cells, path, pre_trace, c):
    """Potentiate, then reset the cells that fired."""
    if path.plastic:
        _potentiate(spikes, path, pre_trace)
    for s in spikes:
        _fire(cells, s, c)


@_jit
def _count(trace, spikes):
    for s in spikes:
        trace[s] += np.float32(1)


@_jit
def _step(rng, net, p, ll_out, mon_out, ts_out, inh_counts):
    """Advance by one step; return the numbers of LL, MON and TS spikes, whose cells are written to the outputs."""
    c = net.c
    _integrate(net.mon, c)
    _integrate(net.ts, c)
    _integrate(net.inh, c)
    net.ll_trace[:] *= c.keep_trace
    ll = ll_out[: _poisson(rng, p, ll_out)]
    mon = mon_out[: _threshold(net.mon.v, c.v_th, mon_out)]
    ts = ts_out[: _threshold(net.ts.v, c.v_th, ts_out)]
    _background(rng, net.mon.g_e, c.w_bg_mon, c.skip_mon)
    _background(rng, net.ts.g_e, c.w_bg_ts, c.skip_ts)
    inh_counts[0] += _interneuron(net.inh, 0, mon, net.mon_inh, c.mon_to_inh, net.mon.g_i, c.inh_to_mon, c)
    inh_counts[1] += _interneuron(net.inh, 1, ts, net.ts_inh, c.ts_to_inh, net.ts.g_i, c.inh_to_ts, c)
    _inhibit_neighbours(ts, net.ts.g_i, net.lateral_at, net.lateral_mv)
    _deliver(ll, net.ll_mon, net.mon.g_e, net.mon.trace)
    _deliver(mon, net.mon_ts, net.ts.g_e, net.ts.trace)
    _count(net.ll_trace, ll)
    _count(net.mon.trace, mon)
    _count(net.ts.trace, ts)
    _finish(mon, net.mon, net.ll_mon, net.ll_trace, c)
    _finish(ts, net.ts, net.mon_ts, net.mon.trace, c)
    return ll.size, mon.size, ts.size


@_jit
def _run(rng, net, p, row, counts, ll, mon, ts, inh_counts):
    """Run row.size steps; write (3, n_steps) spike counts, and the cells one after the other."""
    n_ll = n_mon = n_ts = 0
    for step in range(row.size):
        found = _step(rng, net, p[row[step]], ll[n_ll:], mon[n_mon:], ts[n_ts:], inh_counts)
        counts[0, step], counts[1, step], counts[2, step] = found
        n_ll += found[0]
        n_mon += found[1]
        n_ts += found[2]


class Network:
    """A network in the middle of its life; at first at rest, with random potentials E_L + U(0, 2) mV.

    Parameters
    ----------
    params : NetworkParams
    wiring : Wiring
    weights : dict
        {"ll_mon": mV, "mon_ts": dimensionless}, in the order of the wiring; copied.
    rng : numpy.random.Generator
        Source of all its spikes, and of the initial potentials.
    plastic : (bool, bool)
        Whether LL -> MON and MON -> TS learn.
    """

    def __init__(self, params, wiring, weights, *, rng, plastic=(True, True)):
        self.params, self.rng = params, rng
        self.weights = {name: np.array(weights[name], np.float32) for name in ("ll_mon", "mon_ts")}
        raised = rng.uniform(0, 2, params.n_mon), rng.uniform(0, 2, params.n_ts), np.zeros(2)
        at = wires.lateral_stencil(params)
        self.net = Net(
            np.zeros(params.n_ll, np.float32),
            *(_cells(params.el_mV + mv) for mv in raised),
            *(_pathway(params, name, self.weights[name], getattr(wiring, name), plastic) for name in self.weights),
            *(mask.astype(np.float32) for mask in (wiring.mon_inh, wiring.ts_inh)),
            np.flatnonzero(at).astype(np.int32),
            at[at != 0].astype(np.float32),
            _constants(params),
        )

    def run(self, drive, t0_s=0.0):
        """Run through a :class:`~helpers.lateral_line.stimulus.Drive` and return the recording."""
        inhibitory = np.zeros(2, np.int64)
        starts = range(0, drive.row.size, CHUNK_STEPS)
        chunks = [self._chunk(drive.p, drive.row[k : k + CHUNK_STEPS], inhibitory) for k in starts]
        counts, cells = (
            [np.concatenate(parts) for parts in zip(*half, strict=True)] for half in zip(*chunks, strict=True)
        )
        counts, cells = (dict(zip(LAYERS, arrays, strict=True)) for arrays in (counts, cells))
        return recording(self.params, drive, t0_s, counts, cells, inhibitory)

    def _chunk(self, p, row, inhibitory):
        """Return counts and cells of the layers; pages of the buffers that no spike reaches are never touched."""
        sizes = self.params.n_ll, self.params.n_mon, self.params.n_ts
        counts, cells = np.zeros((3, row.size), np.int32), [np.empty(n * row.size, np.int32) for n in sizes]
        _run(self.rng, self.net, p, row, counts, *cells, inhibitory)
        return counts, [written[:n].copy() for written, n in zip(cells, counts.sum(axis=1), strict=True)]

    def state(self):
        """Return copies of every array that changes, under its name, and the state of the generator."""
        return {**{name: array.copy() for name, array in self._arrays().items()}, "rng": _rng_words(self.rng)}

    def restore(self, state):
        """Take over what :meth:`state` returned; raises ParameterError if it is of a network of another size."""
        for name, array in self._arrays().items():
            if name not in state or np.shape(state[name]) != array.shape:
                raise ParameterError(
                    f"start: {name} is missing or not of shape {array.shape}; give a state of this run"
                )
            array[:] = state[name]
        self.rng.bit_generator.state = _rng_state(state["rng"])

    def _arrays(self):
        layers = {"mon": self.net.mon, "ts": self.net.ts, "inh": self.net.inh}
        found = {f"{layer}_{key}": array for layer, cells in layers.items() for key, array in cells._asdict().items()}
        weights = {"ll_mon_w_mV": self.weights["ll_mon"], "mon_ts_w": self.weights["mon_ts"]}
        return {**weights, **found, "ll_trace": self.net.ll_trace}


def _cells(v):
    v = v.astype(np.float32)
    return Cells(v, np.zeros_like(v), np.zeros_like(v), np.zeros(v.size, np.int32), np.zeros_like(v))


def _constants(p):
    dt_ms = p.dt_s * 1e3
    rates = p.el_mV, p.vth_mV, p.vreset_mV, dt_ms / p.tau_m_ms, 1 - dt_ms / p.tau_s_ms, np.exp(-p.dt_s / STDP_TAU_S)
    inhibition = (
        p.mon_to_global_inh_drive_mV,
        p.global_inh_to_mon_mV,
        p.ts_to_global_inh_drive_mV,
        p.global_inh_to_ts_mV,
    )
    hold = int(np.ceil(round(p.tau_ref_ms / dt_ms, 6)))
    chance = np.minimum(1, np.array([p.bg_rate_mon_hz, p.bg_rate_ts_hz]) * p.dt_s)
    with np.errstate(divide="ignore"):
        skips = (-np.log1p(-chance)).tolist()
    return Constants(*map(np.float32, (*rates, p.bg_w_mon_mV, p.bg_w_ts_mV, *inhibition)), hold, *skips)


def _pathway(p, name, w, synapses, plastic):
    sizes, rule, learns = {
        "ll_mon": ((p.n_ll, p.n_mon), (1.0, p.ll_mon_apre, p.ll_mon_apost, p.ll_mon_wmax_mV), p.ll_mon_use_stdp),
        "mon_ts": ((p.n_mon, p.n_ts), (p.mon_ts_gain_mV, p.mon_ts_apre, p.mon_ts_apost, p.mon_ts_wmax), True),
    }[name]
    incoming = np.argsort(synapses.post, kind="stable")
    post, incoming, pre = (a.astype(np.uint32) for a in (synapses.post, incoming, synapses.pre[incoming]))
    first, first_in = (_offsets(index, n) for index, n in zip((synapses.pre, synapses.post), sizes, strict=True))
    learns = bool(learns and plastic[name == "mon_ts"] and any(rule[1:3]))
    return Pathway(w, first, post, first_in, incoming, pre, *map(np.float32, rule), learns, name == "ll_mon")


def _offsets(index, n):
    """Return (n + 1,) offsets of the sorted groups of `index`."""
    return np.concatenate([[0], np.cumsum(np.bincount(index, minlength=n))]).astype(np.int64)


def _rng_words(rng):
    """Return the state of a PCG64 generator as (6,) uint64: 128-bit state and increment, and its 32-bit buffer."""
    state = rng.bit_generator.state
    words = [part for key in ("state", "inc") for part in divmod(state["state"][key], 2**64)]
    return np.array([*words, state["has_uint32"], state["uinteger"]], np.uint64)


def _rng_state(words):
    high, low, inc_high, inc_low, has_uint32, uinteger = (int(word) for word in words)
    inner = {"state": high * 2**64 + low, "inc": inc_high * 2**64 + inc_low}
    return {"bit_generator": "PCG64", "state": inner, "has_uint32": has_uint32, "uinteger": uinteger}
