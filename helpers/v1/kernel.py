"""The loop of the V1 ring: conductance cells, delays and pair STDP on a grid of time steps, compiled by numba.

The same model as ``IF_cond_exp`` and ``stdp_synapse`` of NEST behind PyNN. Potentials in mV, times in ms or in steps of
dt, conductances in uS, capacitance in nF, currents in nA.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from helpers.compiled import compiled

__all__ = ["Cell", "Wires", "run"]

TINY = 1e-300  # what decays below it is 0: beside a potential it is lost, and numbers below 2e-308 are slow


class Cell(NamedTuple):
    """Constants of a conductance cell; `refractory` in steps."""

    cm: float
    tau_m: float
    refractory: int
    tau_exc: float
    tau_inh: float
    e_exc: float
    e_inh: float
    rest: float
    reset: float
    threshold: float


class Wires(NamedTuple):
    """The synapses, grouped by sending cell and projection; such a group is called a bundle.

    The sending cells are the inputs, then the cells of the network. Bundles of cell c are ``of_cell[c]`` to
    ``of_cell[c + 1]``, synapses of bundle b are ``first[b]`` to ``first[b + 1]``. Of each bundle: receptor (0
    excitatory, 1 inhibitory) and rule. Of each synapse: receiving cell, delay in steps, weight, and its bound.
    """

    of_cell: np.ndarray
    first: np.ndarray
    receptor: np.ndarray
    tau_plus: np.ndarray
    a_plus: np.ndarray
    a_minus: np.ndarray
    post: np.ndarray
    delay: np.ndarray
    weight: np.ndarray
    w_max: np.ndarray


class History(NamedTuple):
    """What the synapses need of the past.

    Of each cell: when it fired (steps), its trace just after each spike, and how often. Of each bundle: the last spike
    of its sender, and the trace of that spike and those before. Of each synapse: how many postsynaptic spikes it saw.
    """

    fired: np.ndarray
    trace: np.ndarray
    n_fired: np.ndarray
    last: np.ndarray
    k_plus: np.ndarray
    seen: np.ndarray


@compiled()
def membrane(v, g_exc, g_inh, drive, leak, e_exc, e_inh, half_exc, half_inh, dt):
    """Return the potential one step later: dv/dt = drive - leak v + g_exc (e_exc - v) + g_inh (e_inh - v).

    Runge-Kutta of fourth order, with the exact decay of the conductances inside the step: `half_exc` and `half_inh` are
    left of them after half of it. All conductances are divided by the capacitance (1/ms), drive is in mV/ms.
    """
    a0, b0 = drive + g_exc * e_exc + g_inh * e_inh, leak + g_exc + g_inh
    g_exc, g_inh = g_exc * half_exc, g_inh * half_inh
    a1, b1 = drive + g_exc * e_exc + g_inh * e_inh, leak + g_exc + g_inh
    g_exc, g_inh = g_exc * half_exc, g_inh * half_inh
    a2, b2 = drive + g_exc * e_exc + g_inh * e_inh, leak + g_exc + g_inh
    k1 = a0 - b0 * v
    k2 = a1 - b1 * (v + dt / 2 * k1)
    k3 = a1 - b1 * (v + dt / 2 * k2)
    k4 = a2 - b2 * (v + dt * k3)
    return v + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


@compiled()
def in_small_steps(v, g_exc, g_inh, drive, leak, e_exc, e_inh, half_exc, half_inh, dt):
    """The same in as many steps as strong conductances need: a step of Runge-Kutta is unstable from b dt = 2.8 on."""
    n = 1 + int(dt * (leak + g_exc + g_inh))
    half_exc, half_inh = half_exc ** (1 / n), half_inh ** (1 / n)
    for _ in range(n):
        v = membrane(v, g_exc, g_inh, drive, leak, e_exc, e_inh, half_exc, half_inh, dt / n)
        g_exc, g_inh = g_exc * half_exc**2, g_inh * half_inh**2
    return v


@compiled()
def advance(v, g_exc, g_inh, current, cell, half_exc, half_inh, dt, before):
    """Move the potentials of all cells one step on, in place; `before` is room for those that stand now."""
    per_cm, leak = 1 / cell.cm, 1 / cell.tau_m
    before[:] = v
    for i in range(len(v)):  # nothing but arithmetic, so that several cells go through the processor at once
        drive = cell.rest * leak + current[i] * per_cm
        v[i] = membrane(before[i], g_exc[i], g_inh[i], drive, leak, cell.e_exc, cell.e_inh, half_exc, half_inh, dt)
    strong = 0
    for i in range(len(v)):
        strong += leak + g_exc[i] + g_inh[i] >= 1 / dt
    for i in range(len(v) if strong else 0):
        if leak + g_exc[i] + g_inh[i] >= 1 / dt:
            now = before[i], g_exc[i], g_inh[i], cell.rest * leak + current[i] * per_cm, leak
            v[i] = in_small_steps(*now, cell.e_exc, cell.e_inh, half_exc, half_inh, dt)


@compiled()
def learn(s, b, post, step, wires, history, dt, tau_minus):
    """Change the weight of synapse `s` of bundle `b` by the presynaptic spike at `step` and all that led up to it.

    First every postsynaptic spike since the last presynaptic one meets the trace of the presynaptic spikes; then this
    spike meets the trace of the postsynaptic ones. A postsynaptic spike reaches the synapse `delay` steps later, and a
    pair at lag 0 does not weaken it. The weight stays in [0, w_max].
    """
    w, w_max, delay, fired = wires.weight[s], wires.w_max[s], wires.delay[s], history.fired[post]
    while history.seen[s] < history.n_fired[post] and fired[history.seen[s]] + delay <= step:
        lag = (fired[history.seen[s]] + delay - history.last[b]) * dt
        w += wires.a_plus[b] * (w_max - w) * history.k_plus[b] * np.exp(-lag / wires.tau_plus[b])
        w = min(max(w, 0.0), w_max)
        history.seen[s] += 1
    k = history.seen[s] - 1
    if k >= 0 and fired[k] + delay == step:
        k -= 1
    if k >= 0:
        lag = (step - fired[k] - delay) * dt
        w -= wires.a_minus[b] * w * history.trace[post, k] * np.exp(-lag / tau_minus)
    wires.weight[s] = min(max(w, 0.0), w_max)


@compiled()
def send(sender, step, wires, history, arriving, plastic, dt, tau_minus):
    """Let a spike go through all synapses of its cell: each learns, then hands on its weight after its delay."""
    for b in range(wires.of_cell[sender], wires.of_cell[sender + 1]):
        for s in range(wires.first[b], wires.first[b + 1]):
            post = wires.post[s]
            if plastic:
                learn(s, b, post, step, wires, history, dt, tau_minus)
            arriving[(step + wires.delay[s]) % len(arriving), wires.receptor[b], post] += wires.weight[s]
        passed = (step - history.last[b]) * dt
        history.k_plus[b] = history.k_plus[b] * np.exp(-passed / wires.tau_plus[b]) + 1.0
        history.last[b] = step


@compiled()
def fire(i, step, history, dt, tau_minus):
    """Write a spike of cell `i` into its history: when, and the trace sum exp(-(t - t_k)/tau_minus) with this spike."""
    k = history.n_fired[i]
    history.fired[i, k], history.trace[i, k] = step, 1.0
    if k > 0:
        passed = (step - history.fired[i, k - 1]) * dt
        history.trace[i, k] += history.trace[i, k - 1] * np.exp(-passed / tau_minus)
    history.n_fired[i] = k + 1


@compiled()
def run(
    cell: Cell,
    wires: Wires,
    tau_minus: float,
    plastic: bool,
    input_step: np.ndarray,
    input_cell: np.ndarray,
    n_input: int,
    n_cells: int,
    n_steps: int,
    dt: float,
    current: np.ndarray,
    watched: np.ndarray,
) -> tuple[History, np.ndarray]:
    """Run the network; return its :class:`History` and the potentials of the watched cells. Weights change in place.

    Parameters
    ----------
    cell : Cell
    wires : Wires
    tau_minus : float
        Time constant (ms) of the postsynaptic trace.
    plastic : bool
    input_step, input_cell : int array
        Spikes of the inputs, ordered by step.
    n_input, n_cells, n_steps : int
    dt : float
        Time step, ms.
    current : array (n_rows, n_cells)
        Injected current, nA; row k acts from k ms on, the last one to the end.
    watched : int array
        Cells whose potential is kept, (n_steps, n_watched).
    """
    n_slots = 1 + (wires.delay.max() if len(wires.delay) else 0)
    arriving = np.zeros((n_slots, 2, n_cells))  # conductance that will arrive, by step and receptor
    v, g_exc, g_inh = np.full(n_cells, cell.reset), np.zeros(n_cells), np.zeros(n_cells)
    before, silent, now = np.zeros(n_cells), np.zeros(n_cells, np.int64), np.zeros(n_cells, np.int64)
    half_exc, half_inh = np.exp(-dt / 2 / cell.tau_exc), np.exp(-dt / 2 / cell.tau_inh)
    left_exc, left_inh = half_exc**2, half_inh**2
    per_cm = 1 / cell.cm

    at_most = n_steps // (cell.refractory + 1) + 1
    fired, trace = np.zeros((n_cells, at_most), np.int64), np.zeros((n_cells, at_most))
    n_bundles, n_synapses = len(wires.receptor), len(wires.post)
    bundles = np.zeros(n_bundles, np.int64), np.zeros(n_bundles)
    history = History(fired, trace, np.zeros(n_cells, np.int64), *bundles, np.zeros(n_synapses, np.int64))
    kept = np.zeros((n_steps, len(watched)))
    next_input = 0

    for step in range(1, n_steps + 1):
        row = current[min(int((step - 1) * dt + 1e-9), len(current) - 1)]
        slot = arriving[step % n_slots]
        advance(v, g_exc, g_inh, row, cell, half_exc, half_inh, dt, before)
        n_now = 0
        for i in range(n_cells):
            if silent[i] > 0:
                silent[i] -= 1
                v[i] = cell.reset
            elif v[i] >= cell.threshold:
                v[i] = cell.reset
                silent[i] = cell.refractory
                fire(i, step, history, dt, tau_minus)
                now[n_now] = i
                n_now += 1
        for i in range(n_cells):
            exc, inh = g_exc[i] * left_exc + slot[0, i] * per_cm, g_inh[i] * left_inh + slot[1, i] * per_cm
            g_exc[i] = exc if abs(exc) > TINY else 0.0
            g_inh[i] = inh if abs(inh) > TINY else 0.0
        slot[:] = 0.0
        kept[step - 1] = v[watched]

        while next_input < len(input_step) and input_step[next_input] == step:
            send(input_cell[next_input], step, wires, history, arriving, plastic, dt, tau_minus)
            next_input += 1
        for i in now[:n_now]:
            send(n_input + i, step, wires, history, arriving, plastic, dt, tau_minus)
    return history, kept
