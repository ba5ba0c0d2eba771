"""The circuits on numba: one loop over steps of 1 ms, driven by events.

The potential u_k = sum_i w_ki y_i, y_i = e1_i - e2_i, is kept at the receiving neuron as u = a - b: a spike of i adds
w A_i to a and b, learning adds dw e1_i and dw e2_i, and both decay like the traces. Because y changes by decay and
jumps only, and w at spikes of k only, this equals the sum. Order of one step, as in the original code: rates from the
state so far; spikes; learning with the same y; decay; arrival of this step's spikes, input and network; depression.
Exponentials take most of the time, so those of many numbers are computed at once.
"""

from __future__ import annotations

import math
from collections import namedtuple
from typing import TYPE_CHECKING

import numpy as np
from numba.core import event

from helpers.compiled import compiled
from helpers.parameters import ParameterError, check_array, check_integer, doors
from helpers.wta.params import ANNEALED, TRACKED

if TYPE_CHECKING:
    from helpers.wta.network import Network

__all__ = ["Chunk", "rates", "run"]

# Of exp: 1 / k!, k = 13 to 0; 1 / ln 2; ln 2 as two numbers, the first exact times a whole number; 1.5 2^52; bits of 1.
TERMS = tuple(1 / math.factorial(13 - k) for k in range(14))
LN2_INVERSE, LN2_HIGH, LN2_LOW = 1 / math.log(2), 6.93147180369123816490e-01, 1.90821492927058770002e-10
SHIFT, ONE = 1.5 * 2.0**52, 1023 << 52
TINY = 1e-300  # a trace below it is 0: beside exp(w) it is lost, and numbers below 2e-308 are slow

# What a run gives: spikes (step counted from the start of the call, neuron), rates in Hz and potentials (or None).
Chunk = namedtuple("Chunk", "spike_step spike_id rate_hz potential")
# Numbers of a step: decay of the two traces, R_max in spikes per ms, whether depression lags one spike, and learning.
Numbers = namedtuple("Numbers", "keep_slow keep_fast rate_max lag learn")


@compiled()
def _exponentials(x, sign, out):
    """Fill `out` with exp(sign x), to the last bit but one, without a call or branch: three times as fast as `np.exp`.

    exp(z) = 2^n exp(r) with n the whole number next to z / ln 2, and |r| = |z - n ln 2| < .35, where 14 terms of the
    series are exact. Added to 1.5 2^52, n stands in the last bits of a double; moved up to its exponent, these are 2^n.
    """
    for i in range(x.size):
        z = min(max(sign * x[i], -708.0), 709.0)  # beyond these 2^n is no double
        shifted = z * LN2_INVERSE + SHIFT
        n = shifted - SHIFT
        r = z - n * LN2_HIGH - n * LN2_LOW
        series = 0.0
        for k in range(14):
            series = series * r + TERMS[k]
        bits = (np.float64(shifted).view(np.int64) << 52) + ONE
        out[i] = series * np.int64(bits).view(np.float64) if not z <= -708 else 0.0


@compiled()
def _softmax(first, a, b, rate_max, rate):
    """Fill `rate` with R_max exp(u) / sum over the circuit, u = a - b; the maximum is taken off first."""
    below = np.empty_like(a)
    for c in range(first.size - 1):
        top = -np.inf
        for k in range(first[c], first[c + 1]):
            top = max(top, a[k] - b[k])
        for k in range(first[c], first[c + 1]):
            below[k] = a[k] - b[k] - top
    _exponentials(below, 1, rate)
    for c in range(first.size - 1):
        total = 0.0
        for k in range(first[c], first[c + 1]):
            total += rate[k]
        for k in range(first[c], first[c + 1]):
            rate[k] *= rate_max / total


@compiled()
def _fire(rate, random, fired):
    """Let neurons fire with p = 1 - exp(-r dt), which is below r dt; return how many did."""
    n = 0
    for k in range(rate.size):
        if random[k] < rate[k] and random[k] < -np.expm1(-rate[k]):
            fired[n] = k
            n += 1
    return n


@compiled(error_model="numpy")
def _learn_row(w, s, q, e1, e2, source, eta0, rule):
    """Learn weights onto one neuron, w += eta (y - P) / max(P, eta), P = exp(w), y = e1 - e2 of the source of each.

    With variance tracking eta = eta0 (Q - S^2) / (exp(-S) + 1), and S, Q follow w and w^2 at rate eta. Returns the
    sums of dw e1 and of dw e2, by which the two parts of the potential move.
    """
    da, db, p, decrease = 0.0, 0.0, np.empty_like(w), np.empty_like(w)
    _exponentials(w, 1, p)
    if rule == TRACKED:
        _exponentials(s, -1, decrease)
    for i in range(w.size):
        slow, fast, eta = e1[source[i]], e2[source[i]], eta0
        if rule == TRACKED:
            eta = eta0 * (q[i] - s[i] * s[i]) / (decrease[i] + 1)
        change = eta * (slow - fast - p[i]) / max(p[i], eta)
        w[i] += change
        if rule == TRACKED:
            s[i] += eta * (w[i] - s[i])
            q[i] += eta * (w[i] * w[i] - q[i])
        da += change * slow
        db += change * fast
    return da, db


@compiled()
def _learn(k, wiring, st, channels):
    """Learn all weights onto neuron k, which has just fired, and move its potential along."""
    n_in, low, high = channels.size, wiring.row[k], wiring.row[k + 1]
    eta0 = st.eta0[k] / st.clock[1] if st.rule[k] == ANNEALED else st.eta0[k]
    w, s, q = st.w_in[k], st.s_in[k], st.q_in[k]
    da_in, db_in = _learn_row(w, s, q, st.e1, st.e2, channels, eta0, st.rule[k])
    w, s, q = st.w_rec[low:high], st.s_rec[low:high], st.q_rec[low:high]
    da, db = _learn_row(w, s, q, st.e1[n_in:], st.e2[n_in:], wiring.source[low:high], eta0, st.rule[k])
    st.a[k] += da_in + da
    st.b[k] += db_in + db


@compiled()
def _receive(st, channels, c):
    """Let all traces decay for a step, and the spikes of these input channels arrive at all neurons."""
    for i in range(st.e1.size):
        slow, fast = st.e1[i] * c.keep_slow, st.e2[i] * c.keep_fast
        st.e1[i] = slow if slow > TINY else 0.0
        st.e2[i] = fast if fast > TINY else 0.0
    for k in range(st.a.size):
        st.a[k] *= c.keep_slow
        st.b[k] *= c.keep_fast
    for channel in channels:
        for k in range(st.a.size):
            st.a[k] += st.w_in[k, channel]
            st.b[k] += st.w_in[k, channel]
        st.e1[channel] += 1
        st.e2[channel] += 1


@compiled()
def _send(k, wiring, st, lag):
    """Let a spike of neuron k arrive with amplitude A at its targets and in its own traces.

    D is the interval since its last spike: u' = U + u (1 - U) exp(-D/F), R' = 1 + (R - u R - 1) exp(-D/tau_D) and
    A = u' R'. The original code (lag 1) uses A = u R of before, one spike late, and D - 1; all have a spike at -1.
    """
    amplitude = 1.0
    if st.depressing[k]:
        before, last = st.stp_u[k] * st.stp_r[k], max(st.last[k], -1) if lag else st.last[k]
        interval = st.clock[0] - last - lag
        st.stp_r[k] = 1 + (st.stp_r[k] - before - 1) * np.exp(-interval / st.tau_d[k])
        st.stp_u[k] = st.mean_u[k] + st.stp_u[k] * (1 - st.mean_u[k]) * np.exp(-interval / st.tau_f[k])
        st.last[k] = st.clock[0]
        amplitude = before if lag else st.stp_u[k] * st.stp_r[k]
    for i in range(wiring.col[k], wiring.col[k + 1]):
        jump = amplitude * st.w_rec[wiring.synapse[i]]
        st.a[wiring.target[i]] += jump
        st.b[wiring.target[i]] += jump
    j = st.w_in.shape[1] + k
    st.e1[j] += amplitude
    st.e2[j] += amplitude


@compiled()
def _loop(wiring, st, c, bounds, channels, random, rate, potential, spike_step, spike_id):
    n_spikes, rate_now, fired = 0, np.empty(st.a.size), np.empty(st.a.size, np.int64)
    every_channel = np.arange(st.w_in.shape[1])
    for s in range(bounds.size - 1):
        _softmax(wiring.first, st.a, st.b, c.rate_max, rate_now)
        if potential.shape[0]:
            potential[s] = st.a - st.b
        if rate.shape[0]:
            rate[s] = 1000 * rate_now
        n = _fire(rate_now, random[s], fired)
        st.clock[1] += c.learn
        for k in fired[:n]:
            if c.learn and st.plastic[k]:
                _learn(k, wiring, st, every_channel)
        _receive(st, channels[bounds[s] : bounds[s + 1]], c)
        for k in fired[:n]:
            _send(k, wiring, st, c.lag)
        spike_step[n_spikes : n_spikes + n] = s
        spike_id[n_spikes : n_spikes + n] = fired[:n]
        n_spikes += n
        st.clock[0] += 1
    return n_spikes


class _Announcement(event.Listener):
    """Says once that the engine is compiled, which happens once per installation and takes a while."""

    def __init__(self):
        self.said = False

    def on_start(self, event):
        if not self.said:
            print("compiling the WTA engine, once per installation: about 10 s ...", flush=True)
        self.said = True

    def on_end(self, event):
        """Do nothing: a line is enough."""


def run(
    network: Network, input_step: np.ndarray, input_channel: np.ndarray, n_steps: int, *, learn: bool = True,
    record_rate: bool = False, record_potential: bool = False, forced_spikes: np.ndarray | None = None,
    random: np.ndarray | None = None,
) -> Chunk:  # fmt: skip
    """Run `network` for `n_steps` of 1 ms and return a :class:`Chunk`; its state and generator move on.

    Parameters
    ----------
    network : Network
    input_step, input_channel : int array
        Input spikes ordered by step, steps counted from the start of the call.
    learn : bool
        Plastic weights.
    record_rate, record_potential : bool
        Keep the rates r_k, and the potentials u_k, of every step.
    forced_spikes : bool array (n_steps, n_neurons), optional
        Output spikes imposed instead of drawn.
    random : array (n_steps, n_neurons), optional
        Numbers in [0, 1) that decide on spikes in place of the network's generator.

    Raises
    ------
    ParameterError
        If an array has the wrong shape, or an input lies outside the run.
    """
    n_steps, p = check_integer("n_steps", n_steps, 1, 10**9), network.params
    input_step = check_array("input_step", input_step, ndim=1, integer=True, empty=True)
    shape = (n_steps, network.n_neurons)
    if forced_spikes is not None:
        random = np.where(check_array("forced_spikes", forced_spikes, shape=shape) > 0, -1.0, 2.0)
    bounds = np.searchsorted(input_step, np.arange(n_steps + 1))
    if bounds[0] != 0 or bounds[-1] != len(input_step) or np.any(np.diff(input_step) < 0):
        raise ParameterError(f"input_step is not ordered within [0, {n_steps}); sort it and cut it to the run")
    limits = dict(shape=input_step.shape, low=0, high=p.n_inputs - 1, empty=True)
    channels = check_array("input_channel", input_channel, **limits).astype(np.int64)
    random = network.rng.random(shape) if random is None else check_array("random", random, shape=shape)
    rate, potential = (np.empty(shape if kept else (0, shape[1])) for kept in (record_rate, record_potential))
    spike_step, spike_id = np.empty(random.size, np.int32), np.empty(random.size, np.int32)
    c = Numbers(*p.decay, p.rate_max_hz / 1000, int(p.stp == "lagged"), bool(learn))
    with event.install_listener("numba:compile", _Announcement()):
        n = _loop(network.wiring, network.state, c, bounds, channels, random, rate, potential, spike_step, spike_id)
    return Chunk(
        spike_step[:n].copy(),
        spike_id[:n].copy(),
        rate if record_rate else None,
        potential if record_potential else None,
    )


def rates(network: Network) -> np.ndarray:
    """Return the model rates r_k (Hz) of the current state, float64 (n_neurons,)."""
    rate = np.empty(network.n_neurons)
    _softmax(network.wiring.first, network.state.a, network.state.b, network.params.rate_max_hz, rate)
    return rate


doors(globals())
