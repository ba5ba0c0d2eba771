"""The fast engine: one compiled loop over steps of 1 ms, driven by events.

The potential u_k = sum_i w_ki y_i, y_i = e1_i - e2_i, is kept at the receiving neuron as u = a - b: a spike of i adds
w A_i to a and b, learning adds dw e1_i and dw e2_i, and both decay like the traces. Because y changes by decay and
jumps only, and w at spikes of k only, this equals the sum. Order of one step, as in the original code: rates from the
state so far; spikes; learning with the same y; decay; arrival of this step's spikes, input and network; depression.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from helpers.parameters import ParameterError, check_array, check_integer

__all__ = ["Chunk", "rates", "run"]

TRACKED, ANNEALED, CONSTANT = 0, 1, 2
LOG2_E, LN2_HIGH, LN2_LOW, ROUND = 1.4426950408889634, 0.6931471803691238, 1.9082149292705877e-10, 1.5 * 2**52


class Chunk(NamedTuple):
    """Spikes (step counted from the start of the call, neuron) and, if asked for, the rates in Hz, float64."""

    spike_step: np.ndarray
    spike_id: np.ndarray
    rate_hz: np.ndarray | None


class _Options(NamedTuple):
    decay1: float
    decay2: float
    rate_max: float
    eta0: float
    rule: int
    lag: int
    learn: bool


@intrinsic
def _bits(_, x):
    """Return the 64 bits of a float as an integer."""
    return types.int64(types.float64), lambda _c, builder, _s, args: builder.bitcast(args[0], ir.IntType(64))


@intrinsic
def _float(_, x):
    """Return the float that 64 bits stand for."""
    return types.float64(types.int64), lambda _c, builder, _s, args: builder.bitcast(args[0], ir.DoubleType())


@njit(cache=True, inline="always")
def _exp(x):
    """Return exp(x) to 2e-16 for |x| < 700, by arithmetic that the compiler turns into vector code.

    x = n ln 2 + r, |r| < .35; Taylor series of exp(r) to order 13; n goes into the exponent bits. Adding 1.5 2^52
    rounds to the integer n and leaves it in the low bits.
    """
    x = min(max(x, -700.0), 700.0)
    shifted = x * LOG2_E + ROUND
    n = shifted - ROUND
    r = (x - n * LN2_HIGH) - n * LN2_LOW
    p = 1 / 6227020800 * r + 1 / 479001600
    p = ((p * r + 1 / 39916800) * r + 1 / 3628800) * r + 1 / 362880
    p = ((p * r + 1 / 40320) * r + 1 / 5040) * r + 1 / 720
    p = ((p * r + 1 / 120) * r + 1 / 24) * r + 1 / 6
    p = ((p * r + 0.5) * r + 1.0) * r + 1.0
    return _float(_bits(p) + (_bits(shifted) << np.int64(52)))


@njit(cache=True)
def _softmax(first, a, b, scale, rate):
    """Fill `rate` with scale exp(u) / sum over the circuit, u = a - b; the maximum is taken off first."""
    for c in range(first.size - 1):
        top = -np.inf
        for k in range(first[c], first[c + 1]):
            top = max(top, a[k] - b[k])
        for k in range(first[c], first[c + 1]):
            rate[k] = a[k] - b[k] - top
    for k in range(rate.size):
        rate[k] = _exp(rate[k])
    for c in range(first.size - 1):
        total = 0.0
        for k in range(first[c], first[c + 1]):
            total += rate[k]
        for k in range(first[c], first[c + 1]):
            rate[k] *= scale / total


@njit(cache=True)
def _fire(rate, uniforms, fired):
    """Let neurons fire with p = 1 - exp(-r dt), which is below r dt; return how many did."""
    n = 0
    for k in range(rate.size):
        x = 1e-3 * rate[k]
        if uniforms[k] < x and uniforms[k] < -np.expm1(-x):
            fired[n] = k
            n += 1
    return n


@njit(cache=True, error_model="numpy")
def _learn_row(w, s, q, e1, e2, dw, eta0, rule):
    """Learn the weights of one neuron, w += eta (y - P) / max(P, eta), P = exp(w); leave the changes in `dw`.

    With variance tracking eta = eta0 (Q - S^2) / (exp(-S) + 1), and S, Q follow w and w^2 at rate eta.
    """
    for i in range(w.size):
        p, eta = _exp(w[i]), eta0
        if rule == 0:
            eta = eta0 * (q[i] - s[i] * s[i]) / (_exp(-s[i]) + 1)
        dw[i] = eta * (e1[i] - e2[i] - p) / max(p, eta)
        new = w[i] + dw[i]
        w[i] = new
        if rule == 0:
            s[i] += eta * (new - s[i])
            q[i] += eta * (new * new - q[i])


@njit(cache=True, fastmath={"reassoc"})
def _dot(x, y):
    total = 0.0
    for i in range(x.size):
        total += x[i] * y[i]
    return total


@njit(cache=True)
def _learn(k, wiring, st, eta0, rule, scratch):
    """Learn all weights onto neuron k, which has just fired, and move its potential along."""
    n_in, low, high = st.w_in.shape[1], wiring.row[k], wiring.row[k + 1]
    n = n_in + high - low
    e1, e2, dw = scratch[0, :n], scratch[1, :n], scratch[2, :n]
    e1[:n_in], e2[:n_in] = st.e1[:n_in], st.e2[:n_in]
    for i in range(low, high):
        source = n_in + wiring.source[i]
        e1[n_in + i - low], e2[n_in + i - low] = st.e1[source], st.e2[source]
    _learn_row(st.w_in[k], st.s_in[k], st.q_in[k], e1[:n_in], e2[:n_in], dw[:n_in], eta0, rule)
    rec = (st.w_rec[low:high], st.s_rec[low:high], st.q_rec[low:high])
    _learn_row(*rec, e1[n_in:], e2[n_in:], dw[n_in:], eta0, rule)
    st.a[k] += _dot(dw, e1)
    st.b[k] += _dot(dw, e2)


@njit(cache=True)
def _amplitude(k, st, lag):
    """Return A = u R of this spike and advance u, R over the interval D since the last one.

    u' = U + u (1 - U) exp(-D/F), R' = 1 + (R - u R - 1) exp(-D/tau_D); A = u' R'. The original code (lag 1) uses
    A = u R of before, one spike late, and D - 1.
    """
    before, interval = st.stp_u[k] * st.stp_r[k], st.clock[0] - st.last[k] - lag
    st.stp_r[k] = 1 + (st.stp_r[k] - before - 1) * np.exp(-interval / st.tau_d[k])
    st.stp_u[k] = st.mean_u[k] + st.stp_u[k] * (1 - st.mean_u[k]) * np.exp(-interval / st.tau_f[k])
    st.last[k] = st.clock[0]
    return before if lag else st.stp_u[k] * st.stp_r[k]


@njit(cache=True)
def _send(k, wiring, st, amplitude):
    """Let a spike of neuron k arrive at its targets and in its own traces."""
    for i in range(wiring.col[k], wiring.col[k + 1]):
        jump = amplitude * st.w_rec[wiring.synapse[i]]
        st.a[wiring.target[i]] += jump
        st.b[wiring.target[i]] += jump
    st.e1[st.w_in.shape[1] + k] += amplitude
    st.e2[st.w_in.shape[1] + k] += amplitude


@njit(cache=True)
def _receive(channel, st):
    for k in range(st.a.size):
        st.a[k] += st.w_in[k, channel]
        st.b[k] += st.w_in[k, channel]
    st.e1[channel] += 1
    st.e2[channel] += 1


@njit(cache=True)
def _decay(st, opt):
    st.e1[:] *= opt.decay1
    st.e2[:] *= opt.decay2
    st.a[:] *= opt.decay1
    st.b[:] *= opt.decay2


@njit(cache=True)
def _step(wiring, st, opt, channels, uniforms, rate, fired, scratch):
    """Advance one step; return the number of spikes, whose neurons stand in `fired`."""
    _softmax(wiring.first, st.a, st.b, opt.rate_max, rate)
    n = _fire(rate, uniforms, fired)
    if opt.learn:
        st.clock[1] += 1
        eta0 = opt.eta0 / st.clock[1] if opt.rule == 1 else opt.eta0
        for k in fired[:n]:
            if st.plastic[k]:
                _learn(k, wiring, st, eta0, opt.rule, scratch)
    _decay(st, opt)
    for channel in channels:
        _receive(channel, st)
    for k in fired[:n]:
        _send(k, wiring, st, _amplitude(k, st, opt.lag) if st.depressing[k] else 1.0)
    st.clock[0] += 1
    return n


@njit(cache=True)
def _loop(wiring, st, opt, bounds, channels, uniforms, rate, spike_step, spike_id):
    n_neurons, n_spikes = st.a.size, 0
    unkept, fired, scratch = np.empty(n_neurons), np.empty(n_neurons, np.int64), np.empty((3, st.e1.size))
    for s in range(bounds.size - 1):
        row = rate[s] if rate.shape[0] else unkept
        n = _step(wiring, st, opt, channels[bounds[s] : bounds[s + 1]], uniforms[s], row, fired, scratch)
        spike_step[n_spikes : n_spikes + n] = s
        spike_id[n_spikes : n_spikes + n] = fired[:n]
        n_spikes += n
    return n_spikes


def _options(params, learn):
    rule = TRACKED if params.variance_tracking else CONSTANT if params.constant_eta else ANNEALED
    taus = (params.tau_decay_ms, params.tau_rise_ms)
    decays = (1 - 1 / tau if params.kernel == "euler" else np.exp(-1 / tau) for tau in taus)
    return _Options(*decays, params.rate_max_hz, params.eta0, rule, int(params.stp == "lagged"), learn)


def run(
    network, input_step, input_channel, n_steps, *, learn=True, record_rate=False, forced_spikes=None, uniforms=None
):
    """Run `network` for `n_steps` of 1 ms and return a :class:`Chunk`; its state and generator move on.

    Parameters
    ----------
    network : Network
    input_step, input_channel : int array
        Input spikes ordered by step, steps counted from the start of the call.
    learn : bool
        Plastic weights.
    record_rate : bool
        Keep the rates r_k of every step.
    forced_spikes : bool array (n_steps, n_neurons), optional
        Output spikes imposed instead of drawn.
    uniforms : array (n_steps, n_neurons), optional
        Numbers in [0, 1) that decide on spikes in place of the network's generator.

    Raises
    ------
    ParameterError
        If an array has the wrong shape, or an input lies outside the run.
    """
    n_steps, shape = check_integer("n_steps", n_steps, 1), (n_steps, network.n_neurons)
    if forced_spikes is not None:
        uniforms = np.where(check_array("forced_spikes", forced_spikes, shape=shape) > 0, -1.0, 2.0)
    bounds = np.searchsorted(input_step, np.arange(n_steps + 1))
    if bounds[0] != 0 or bounds[-1] != len(input_step) or np.any(np.diff(input_step) < 0):
        raise ParameterError(f"input_step is not ordered within [0, {n_steps}); sort it and cut it to the run")
    check_array("input_channel", input_channel, low=0, high=network.params.n_inputs - 1, empty=True)
    uniforms = network.rng.random(shape) if uniforms is None else check_array("uniforms", uniforms, shape=shape)
    rate = np.empty(shape if record_rate else (0, network.n_neurons))
    spike_step, spike_id = (np.empty(n_steps * network.n_neurons, np.int32) for _ in range(2))
    opt = _options(network.params, bool(learn))
    arrays = (bounds, np.ascontiguousarray(input_channel, np.int64), uniforms, rate, spike_step, spike_id)
    n = _loop(network.wiring, network.state, opt, *arrays)
    return Chunk(spike_step[:n].copy(), spike_id[:n].copy(), rate if record_rate else None)


def rates(network):
    """Return the model rates r_k (Hz) of the current state, float64 (n_neurons,)."""
    rate = np.empty(network.n_neurons)
    _softmax(network.wiring.first, network.state.a, network.state.b, network.params.rate_max_hz, rate)
    return rate
