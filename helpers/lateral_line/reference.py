"""The network in Brian2: the readable reference of the kernel, equation by equation.

Same wiring, same parameters, same Euler steps of dt and the same order within a step: Brian2's schedule (groups,
thresholds, synapses with pre before post, resets) is the order of the model. Each synapse has traces of its own, as
the rule is usually written; the afferents' spikes are drawn here, the background is Brian2's. Potentials and
conductances are numbers in mV, times in ms. Slow: use it to check, not to train.
"""

from __future__ import annotations

import contextlib

import brian2 as b2
import numpy as np

from helpers.lateral_line import wiring as wires
from helpers.lateral_line.stimulus import LAYERS, recording

__all__ = ["Network"]

CELLS = """
dv/dt = (e_l - v + g_e - g_i) / tau_m : 1 (unless refractory)
dg_e/dt = -g_e / tau_s : 1
dg_i/dt = -g_i / tau_s : 1
"""
PLASTIC = """
w : 1
dxpre/dt = -xpre / tau_stdp : 1 (event-driven)
dxpost/dt = -xpost / tau_stdp : 1 (event-driven)
"""
MULTIPLICATIVE = dict(
    on_pre="g_e_post += gain * w; xpre += apre; w = clip(w + xpost * w, 0, w_max)",
    on_post="xpost += apost; w = clip(w + xpre * (w_max - w), 0, w_max)",
)
ADDITIVE = dict(
    on_pre="g_e_post += gain * w; xpre += apre; w = clip(w + xpost, 0, w_max)",
    on_post="xpost += apost; w = clip(w + xpre, 0, w_max)",
)
STATIC = dict(model="w : 1", on_pre="g_e_post += gain * w")


@contextlib.contextmanager
def _global_seed(seed):
    """Brian2 draws from numpy's global generator: seed it for a run, and leave it as it was."""
    before = np.random.get_state()  # noqa: NPY002
    try:
        b2.seed(seed)
        yield
    finally:
        np.random.set_state(before)  # noqa: NPY002


class Network:
    """The Brian2 network behind the same interface as :class:`helpers.lateral_line.kernel.Network`, but for saving.

    `weights` holds arrays that are written to the simulator before a run and read back after it.
    """

    def __init__(self, params, wiring, weights, *, rng, plastic=(True, True)):
        self.params, self.rng, self.dt = params, rng, params.dt_s * b2.second
        self.weights = {name: np.array(weights[name], float) for name in ("ll_mon", "mon_ts")}
        self.ll = b2.SpikeGeneratorGroup(params.n_ll, [], [] * b2.second, dt=self.dt, name="ll")
        self.mon, self.ts = self._layer("mon", params.n_mon, 2.0), self._layer("ts", params.n_ts, 2.0)
        self.inh = self._layer("inh", 2, 0.0)
        self.paths = {
            "ll_mon": self._plastic("ll_mon", wiring.ll_mon, self.ll, self.mon, plastic[0]),
            "mon_ts": self._plastic("mon_ts", wiring.mon_ts, self.mon, self.ts, plastic[1]),
        }
        monitors = {"mon": self.mon, "ts": self.ts, "inh": self.inh}
        self.monitors = {name: b2.SpikeMonitor(group, name=f"{name}_spikes") for name, group in monitors.items()}
        groups = [self.ll, self.mon, self.ts, self.inh, *self.paths.values(), *self.monitors.values()]
        self.brian = b2.Network(*groups, *self._inhibition(wiring), *self._background())

    def _layer(self, name, n, spread_mv):
        p, ms = self.params, b2.ms
        numbers = dict(e_l=p.el_mV, v_th=p.vth_mV, v_reset=p.vreset_mV, tau_m=p.tau_m_ms * ms, tau_s=p.tau_s_ms * ms)
        rules = dict(threshold="v > v_th", reset="v = v_reset", refractory=p.tau_ref_ms * ms, method="euler")
        layer = b2.NeuronGroup(n, CELLS, **rules, namespace=numbers, dt=self.dt, name=name)
        layer.v = p.el_mV + self.rng.uniform(0, spread_mv, n)
        return layer

    def _plastic(self, name, synapses, source, target, learns):
        p = self.params
        if name == "ll_mon":
            rule, learns = MULTIPLICATIVE, learns and p.ll_mon_use_stdp
            numbers = dict(gain=1.0, apre=p.ll_mon_apre, apost=p.ll_mon_apost, w_max=p.ll_mon_wmax_mV)
        else:
            rule = ADDITIVE
            numbers = dict(gain=p.mon_ts_gain_mV, apre=p.mon_ts_apre, apost=p.mon_ts_apost, w_max=p.mon_ts_wmax)
        learns = learns and (numbers["apre"] or numbers["apost"])
        rule = dict(model=PLASTIC, **rule) if learns else STATIC
        path = b2.Synapses(source, target, **rule, namespace=dict(numbers, tau_stdp=20 * b2.ms), dt=self.dt, name=name)
        path.connect(i=synapses.pre, j=synapses.post)
        return path

    def _inhibition(self, wiring):
        """Return lateral inhibition on the TS ring and the two loops over an interneuron, as far as they exist."""
        p, n, stencil = self.params, self.params.n_ts, wires.lateral_stencil(self.params)
        i, d = (grid.ravel() for grid in np.meshgrid(np.arange(n), np.flatnonzero(stencil), indexing="ij"))
        all_mon, all_ts, mon, ts = (
            np.arange(p.n_mon),
            np.arange(n),
            *map(np.flatnonzero, (wiring.mon_inh, wiring.ts_inh)),
        )
        links = (
            ("lateral", self.ts, self.ts, "g_i", i, (i + d) % n, stencil[d]),
            ("mon_to_inh", self.mon, self.inh, "g_e", mon, 0 * mon, p.mon_to_global_inh_drive_mV),
            ("inh_to_mon", self.inh, self.mon, "g_i", 0 * all_mon, all_mon, p.global_inh_to_mon_mV),
            ("ts_to_inh", self.ts, self.inh, "g_e", ts, 1 + 0 * ts, p.ts_to_global_inh_drive_mV),
            ("inh_to_ts", self.inh, self.ts, "g_i", 1 + 0 * all_ts, all_ts, p.global_inh_to_ts_mV),
        )
        return [self._static(*link) for link in links if link[4].size]

    def _static(self, name, source, target, variable, i, j, w):
        path = b2.Synapses(source, target, "w : 1", on_pre=f"{variable}_post += w", dt=self.dt, name=name)
        path.connect(i=i, j=j)
        path.w = w
        return path

    def _background(self):
        p = self.params
        inputs = ((self.mon, p.bg_rate_mon_hz, p.bg_w_mon_mV), (self.ts, p.bg_rate_ts_hz, p.bg_w_ts_mV))
        return [b2.PoissonInput(layer, "g_e", 1, rate * b2.Hz, float(w)) for layer, rate, w in inputs]

    def run(self, drive, t0_s=0.0):
        """Run through a :class:`~helpers.lateral_line.stimulus.Drive` and return the recording."""
        n_steps, first = drive.row.size, round(float(self.brian.t / self.dt))
        step, cell = np.nonzero(self.rng.random((n_steps, self.params.n_ll)) < drive.p[drive.row])
        seen = {name: monitor.num_spikes for name, monitor in self.monitors.items()}
        with _global_seed(int(self.rng.integers(2**31))):
            self.ll.set_spikes(cell, (first + step) * self.dt)
            for name, path in self.paths.items():
                path.w = self.weights[name]
            self.brian.run(n_steps * self.dt)
        for name, path in self.paths.items():
            self.weights[name][:] = path.w[:]
        found = {name: self._since(monitor, seen[name], first) for name, monitor in self.monitors.items()}
        found["ll"] = step, cell
        counts = {layer: np.bincount(found[layer][0], minlength=n_steps).astype(np.int32) for layer in LAYERS}
        cells = {layer: found[layer][1].astype(np.int32) for layer in LAYERS}
        return recording(self.params, drive, t0_s, counts, cells, np.bincount(found["inh"][1], minlength=2))

    def _since(self, monitor, n, first):
        """Return steps (from `first`) and cells of the spikes after the first `n`, by step, then cell."""
        step = np.round(np.asarray(monitor.t[n:] / self.dt)).astype(int) - first
        cell = np.asarray(monitor.i[n:])
        order = np.lexsort((cell, step))
        return step[order], cell[order]
