"""The network on numba: an event-driven loop over 1 ms steps.

Cells are leaky integrators, forward Euler on purpose (the published rates depend on it)::

    v += dt/tau_m (E_L - v + g_e - g_i), with the g of the last step; then g -= dt/tau_s g       (g in mV)
    v > V_th: spike, v = V_reset; held for tau_ref (a spike in step n: held in n + 1, integrates in n + 2 for 2 ms)

Order of a step: integrate all cells; thresholds and Poisson spikes; all deliveries with depression; all potentiation;
resets. A MON spike reaches TS in its own step and moves v there in the next. What makes it fast: all synapses of a
cell share one trace, so a synapse is one number; background
spikes are drawn by geometric skips; nothing is recorded but spike counts per step and the cells in order.

Plasticity, pair-based, all to all, traces of 20 ms. At a pre spike the weight falls by the post trace, at a post spike
it rises by the pre trace, 0 <= w <= w_max::

    additive        pre: w += x_post              post: w += x_pre
    multiplicative  pre: w += x_post w            post: w += x_pre (w_max - w)

x_pre jumps by A_pre > 0 at each pre spike, x_post by A_post < 0 at each post spike. All synapses of a cell see the
same spikes, so one trace per cell, which counts spikes, is exact: x_pre = A_pre times the trace of the cell.
"""

from __future__ import annotations

import functools
from collections import namedtuple
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from helpers.compiled import compiled
from helpers.lateral_line import wiring as wires
from helpers.lateral_line.params import NetworkParams
from helpers.lateral_line.stimulus import Drive
from helpers.parameters import check_array, check_choice, check_number, doors

__all__ = ["LAYERS", "Network", "Recording", "pair_updates"]

LAYERS = ("ll", "mon", "ts")
RULES = ("multiplicative", "additive")
STDP_TAU_S = 0.02
CHUNK_STEPS = 2000

# A layer: arrays (n_cells,) of potential and conductances in mV, steps it is still held, STDP trace.
Cells = namedtuple("Cells", "v g_e g_i held trace")
# Plastic synapses ordered by source (first, post), an index of them by target (first_in, incoming, pre), and a rule.
Pathway = namedtuple("Pathway", "w first post first_in incoming pre gain a_pre a_post w_max plastic multiplicative")
# Numbers of a step, in mV or per step; hold in steps; skip = -ln(1 - p) of the background, 0 for none.
NUMBERS = "e_l v_th v_reset leak keep keep_trace w_bg_mon w_bg_ts w_teacher mon_to_inh inh_to_mon ts_to_inh inh_to_ts"
Constants = namedtuple("Constants", f"{NUMBERS} hold skip_mon skip_ts")
# inh: the interneurons of MON and TS; mon_inh, ts_inh: who drives them; lateral: ring stencil (offset, mV).
Net = namedtuple("Net", "ll_trace mon ts inh ll_mon mon_ts mon_inh ts_inh lateral_at lateral_mv c")


_jit = compiled(nogil=True, error_model="numpy")


@_jit
def _integrate(cells, c):
    for i in range(cells.v.size):
        if cells.held[i] == 0:
            cells.v[i] += c.leak * (c.e_l - cells.v[i] + cells.g_e[i] - cells.g_i[i])
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
    i = np.floor(rng.standard_exponential() / skip)  # a float: of a small rate it is larger than any integer
    while i < g_e.size:
        g_e[int(i)] += w
        i += 1 + np.floor(rng.standard_exponential() / skip)


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
                path.w[k] = min(max(w + change, 0.0), path.w_max)


@_jit
def _potentiate(spikes, path, pre_trace):
    """Post side: raise the weights onto the spiking cells by the pre traces."""
    for s in spikes:
        for m in range(path.first_in[s], path.first_in[s + 1]):
            k = path.incoming[m]
            change = path.a_pre * pre_trace[path.pre[m]]
            if path.multiplicative:
                change *= path.w_max - path.w[k]
            path.w[k] = min(max(path.w[k] + change, 0.0), path.w_max)


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
        trace[s] += 1


@_jit
def _step(rng, net, p, teacher, ll_out, mon_out, ts_out, inh_counts):
    """Advance by one step; return the numbers of LL, MON and TS spikes, whose cells are written to the outputs."""
    c = net.c
    _integrate(net.mon, c)
    _integrate(net.ts, c)
    _integrate(net.inh, c)
    net.ll_trace[:] *= c.keep_trace
    ll = ll_out[: _poisson(rng, p, ll_out)]
    for k in ts_out[: _poisson(rng, teacher, ts_out)]:
        net.ts.g_e[k] += c.w_teacher
    mon = mon_out[: _threshold(net.mon.v, c.v_th, mon_out)]
    ts = ts_out[: _threshold(net.ts.v, c.v_th, ts_out)]
    _background(rng, net.mon.g_e, c.w_bg_mon, c.skip_mon)
    _background(rng, net.ts.g_e, c.w_bg_ts, c.skip_ts)
    inh_counts[0] += _interneuron(net.inh, 0, mon, net.mon_inh, c.mon_to_inh, net.mon.g_i, c.inh_to_mon, c)
    inh_counts[1] += _interneuron(net.inh, 1, ts, net.ts_inh, c.ts_to_inh, net.ts.g_i, c.inh_to_ts, c)
    for k in range(net.lateral_at.size):
        for s in ts:
            net.ts.g_i[(s + net.lateral_at[k]) % net.ts.g_i.size] += net.lateral_mv[k]
    _deliver(ll, net.ll_mon, net.mon.g_e, net.mon.trace)
    _deliver(mon, net.mon_ts, net.ts.g_e, net.ts.trace)
    _count(net.ll_trace, ll)
    _count(net.mon.trace, mon)
    _count(net.ts.trace, ts)
    _finish(mon, net.mon, net.ll_mon, net.ll_trace, c)
    _finish(ts, net.ts, net.mon_ts, net.mon.trace, c)
    return ll.size, mon.size, ts.size


@_jit
def _run(rng, net, p, teacher_p, row, counts, ll, mon, ts, inh_counts):
    """Run row.size steps; write (3, n_steps) spike counts, and the cells one after the other."""
    n_ll = n_mon = n_ts = 0
    for step in range(row.size):
        teacher = teacher_p[row[step]] if len(teacher_p) else teacher_p.ravel()
        found = _step(rng, net, p[row[step]], teacher, ll[n_ll:], mon[n_mon:], ts[n_ts:], inh_counts)
        counts[0, step], counts[1, step], counts[2, step] = found
        n_ll += found[0]
        n_mon += found[1]
        n_ts += found[2]


@dataclass(frozen=True, eq=False)
class Recording:
    """Spikes of a stretch of time, and where the sphere was.

    Attributes
    ----------
    dt_s, t0_s : float
        Step, and time of step 0 since the start of the run.
    x_cm : array (n_steps,)
    spikes : dict
        "ll", "mon", "ts" -> (steps int32, cells int32), ordered by step, then cell.
    counts : dict
        "ll", "mon", "ts" -> (n_steps,) int32: spikes per step.
    inhibitory : array (2,)
        Spikes of the interneurons of MON and TS.
    """

    dt_s: float
    t0_s: float
    x_cm: np.ndarray
    spikes: dict
    counts: dict
    inhibitory: np.ndarray

    @property
    def n_steps(self) -> int:
        """Number of steps."""
        return self.x_cm.size


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
    plastic : dict
        Whether {"ll_mon", "mon_ts"} learn; by default both do, LL -> MON only with `ll_mon_use_stdp`.

    Attributes
    ----------
    mon, ts : Cells
        Arrays of the layers, (n_cells,): ``network.mon.v`` are the potentials in mV.
    """

    def __init__(
        self, params: NetworkParams, wiring: wires.Wiring, weights: Mapping[str, np.ndarray], *,
        rng: np.random.Generator, plastic: dict | None = None,
    ) -> None:  # fmt: skip
        p, self.params, self.rng = params, params, rng
        learns = dict(ll_mon=p.ll_mon_use_stdp, mon_ts=True) | (plastic or {})
        ll_mon = dict(gain=1, a_pre=p.ll_mon_apre, a_post=p.ll_mon_apost, w_max=p.ll_mon_wmax_mV, multiplicative=True)
        mon_ts = dict(gain=p.mon_ts_gain_mV, a_pre=p.mon_ts_apre, a_post=p.mon_ts_apost, w_max=p.mon_ts_wmax)
        mon_ts["multiplicative"] = False
        to_mon, to_ts = _sorted(wiring.ll_mon, p.n_ll, p.n_mon), _sorted(wiring.mon_ts, p.n_mon, p.n_ts)
        self.order = {"ll_mon": to_mon[1], "mon_ts": to_ts[1]}
        self.mon, self.ts = (_cells(p.el_mV + rng.uniform(0, 2, n)) for n in (p.n_mon, p.n_ts))
        inhibition = wires.lateral_inhibition(p)
        self.net = Net(
            ll_trace=np.zeros(p.n_ll),
            mon=self.mon,
            ts=self.ts,
            inh=_cells(p.el_mV + np.zeros(2)),
            ll_mon=_pathway(to_mon[0], learns["ll_mon"], **ll_mon),
            mon_ts=_pathway(to_ts[0], learns["mon_ts"], **mon_ts),
            mon_inh=wiring.mon_inh.astype(float),
            ts_inh=wiring.ts_inh.astype(float),
            lateral_at=np.flatnonzero(inhibition).astype(np.int32),
            lateral_mv=inhibition[inhibition != 0].astype(float),
            c=_constants(p),
        )
        for name, w in weights.items():
            self.set_weights(name, w)

    def weights(self, name: str) -> np.ndarray:
        """Return a copy of the weights of "ll_mon" (mV) or "mon_ts", in the order of the wiring."""
        w = np.empty(self.order[check_choice("name", name, tuple(self.order))].size)
        w[self.order[name]] = getattr(self.net, name).w
        return w

    def set_weights(self, name: str, w: np.ndarray) -> None:
        """Replace the weights of "ll_mon" (mV) or "mon_ts", given in the order of the wiring."""
        order = self.order[check_choice("name", name, tuple(self.order))]
        getattr(self.net, name).w[:] = check_array(f"weights of {name}", w, shape=order.shape)[order]

    def run(self, drive: Drive, t0_s: float = 0.0) -> Recording:
        """Run through a :class:`~helpers.lateral_line.stimulus.Drive` and return the :class:`Recording`."""
        p, n_steps, inhibitory = self.params, drive.row.size, np.zeros(2, np.int64)
        rows, teacher_p = check_array("drive.p", drive.p, shape=(None, p.n_ll)), np.zeros((0, 0))
        row = check_array("drive.row", drive.row, ndim=1, low=0, high=len(rows) - 1, empty=True).astype(np.uint32)
        if len(drive.teacher_p):
            teacher_p = check_array("drive.teacher_p", drive.teacher_p, shape=(len(rows), p.n_ts))
        counts, cells = np.zeros((3, n_steps), np.int32), {layer: [] for layer in LAYERS}
        for first in range(0, n_steps, CHUNK_STEPS):
            part = row[first : first + CHUNK_STEPS]
            # Pages of these buffers that no spike reaches are never touched.
            fired = [np.empty(n * part.size, np.int32) for n in (p.n_ll, p.n_mon, p.n_ts)]
            found = np.zeros((3, part.size), np.int32)  # of one layout, so that the loop is compiled once
            _run(self.rng, self.net, rows, teacher_p, part, found, *fired, inhibitory)
            counts[:, first : first + part.size] = found
            for layer, written, n in zip(LAYERS, fired, found.sum(axis=1), strict=True):
                cells[layer].append(written[:n].copy())
        spikes, steps = {}, np.arange(n_steps, dtype=np.int32)
        for layer, count in zip(LAYERS, counts, strict=True):
            spikes[layer] = np.repeat(steps, count), np.concatenate(cells[layer])
        counts = dict(zip(LAYERS, counts, strict=True))
        return Recording(p.dt_s, t0_s, drive.x_cm, spikes, counts, inhibitory)


def _cells(v):
    return Cells(v, g_e=0 * v, g_i=0 * v, held=np.zeros(v.size, np.int32), trace=0 * v)


@functools.lru_cache(maxsize=8)  # the networks of a test have the same synapses
def _sorted(synapses, n_pre, n_post):
    """Return synapses as the kernel wants them, and the order by source that leads there from the wiring's order."""
    order = _order(synapses.pre, n_pre)
    pre, post = synapses.pre[order], synapses.post[order]
    incoming = _order(post, n_post)
    index = dict(first=_offsets(pre, n_pre), post=post.astype(np.uint32), first_in=_offsets(post, n_post))
    return index | dict(incoming=incoming.astype(np.uint32), pre=pre[incoming].astype(np.uint32)), order


def _pathway(index, plastic, *, gain, a_pre, a_post, w_max, multiplicative):
    """Return the Pathway over sorted synapses, its weights still to be set."""
    return Pathway(
        w=np.zeros(index["post"].size),
        **index,
        gain=float(gain),
        a_pre=float(a_pre),
        a_post=float(a_post),
        w_max=float(w_max),
        plastic=bool(plastic and (a_pre or a_post)),
        multiplicative=multiplicative,
    )


def _order(index, n):
    """Return the stable order of indices below `n`; numpy sorts short integers ten times faster."""
    return np.argsort(index.astype(np.min_scalar_type(n)), kind="stable")


def _offsets(index, n):
    """Return (n + 1,) offsets of the sorted groups of `index`."""
    return np.concatenate([[0], np.cumsum(np.bincount(index, minlength=n))]).astype(np.int64)


def _constants(p):
    dt_ms = p.dt_s * 1e3
    return Constants(
        e_l=p.el_mV,
        v_th=p.vth_mV,
        v_reset=p.vreset_mV,
        leak=dt_ms / p.tau_m_ms,
        keep=1 - dt_ms / p.tau_s_ms,
        keep_trace=np.exp(-p.dt_s / STDP_TAU_S),
        w_bg_mon=p.bg_w_mon_mV,
        w_bg_ts=p.bg_w_ts_mV,
        w_teacher=p.teacher_w_mV,
        mon_to_inh=p.mon_to_global_inh_drive_mV,
        inh_to_mon=p.global_inh_to_mon_mV,
        ts_to_inh=p.ts_to_global_inh_drive_mV,
        inh_to_ts=p.global_inh_to_ts_mV,
        hold=int(np.ceil(round(p.tau_ref_ms / dt_ms, 6))),
        skip_mon=_skip(p.bg_rate_mon_hz * p.dt_s),
        skip_ts=_skip(p.bg_rate_ts_hz * p.dt_s),
    )


def _skip(chance):
    """Return -ln(1 - p), by which exponential draws become the geometric gaps between spikes of probability p."""
    return float(-np.log1p(-chance)) if chance < 1 else np.inf


def pair_updates(
    weight: float, pre_steps: ArrayLike, post_steps: ArrayLike, *, rule: str, a_pre: float, a_post: float, w_max: float,
    tau_ms: float = 20.0, dt_ms: float = 1.0,
) -> float:  # fmt: skip
    """Return the weight of one synapse after its spikes, by the rule that the network runs.

    Parameters
    ----------
    weight : float
        Initial weight, 0 to `w_max`.
    pre_steps, post_steps : array_like of int
        Time steps of the spikes, at most one per step.
    rule : {"multiplicative", "additive"}
    a_pre, a_post : float
        Steps of the traces, >= 0 and <= 0.
    tau_ms, dt_ms : float
        Time constant of the traces; length of a step.

    Examples
    --------
    >>> pair_updates(0.5, [0], [0], rule="additive", a_pre=0.1, a_post=-0.1, w_max=1.0)
    0.6
    >>> round(pair_updates(0.5, [20], [0], rule="additive", a_pre=0.1, a_post=-0.1, w_max=1.0), 4)
    0.4632
    """
    check_choice("rule", rule, RULES)
    weight = check_number("weight", weight, 0, check_number("w_max", w_max, 0))
    decay = np.exp(-check_number("dt_ms", dt_ms, 0, low_open=True) / check_number("tau_ms", tau_ms, 0, low_open=True))
    pre, post = (set(check_array("steps", s, ndim=1, empty=True).astype(int)) for s in (pre_steps, post_steps))
    check_number("a_pre", a_pre, 0)
    check_number("a_post", a_post, high=0)
    one, numbers = wires.Synapses(np.zeros(1, int), np.zeros(1, int)), dict(a_pre=a_pre, a_post=a_post, w_max=w_max)
    path = _pathway(_sorted(one, 1, 1)[0], True, gain=0, multiplicative=rule == "multiplicative", **numbers)
    path.w[0] = weight
    g_e, x_pre, x_post = np.zeros(1), np.zeros(1), np.zeros(1)
    for step in range(min(pre | post, default=0), max(pre | post, default=-1) + 1):
        x_pre, x_post = x_pre * decay, x_post * decay
        pre_fires, post_fires = [0] * (step in pre), [0] * (step in post)
        _deliver.py_func(pre_fires, path, g_e, x_post)
        _count.py_func(x_pre, pre_fires)
        _count.py_func(x_post, post_fires)
        _potentiate.py_func(post_fires, path, x_pre)
    return float(path.w[0])


doors(globals())
