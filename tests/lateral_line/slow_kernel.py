"""The network as its equations say it, cell by cell and synapse by synapse; LL spikes imposed, no background."""

import math


class Cell:
    def __init__(self, v):
        self.v, self.g_e, self.g_i, self.last = v, 0.0, 0.0, -(10**9)


class Synapse:
    def __init__(self, pre, post, w):
        self.pre, self.post, self.w, self.x_pre, self.x_post = pre, post, w, 0.0, 0.0


def integrate(cells, p, step):
    fired = []
    for i, c in enumerate(cells):
        free = (step - c.last) * p.dt_s * 1e3 >= p.tau_ref_ms - 1e-9
        if free:
            c.v += p.dt_s * 1e3 / p.tau_m_ms * (p.el_mV - c.v + c.g_e - c.g_i)
        c.g_e -= p.dt_s * 1e3 / p.tau_s_ms * c.g_e
        c.g_i -= p.dt_s * 1e3 / p.tau_s_ms * c.g_i
        if free and c.v > p.vth_mV:
            fired.append(i)
    return fired


def clip(w, w_max):
    return min(max(w, 0.0), w_max)


def deliver(synapses, fired, cells, gain, a_pre, w_max, multiplicative):
    for s in synapses:
        if s.pre in fired:
            cells[s.post].g_e += gain * s.w
            s.x_pre += a_pre
            s.w = clip(s.w + s.x_post * (s.w if multiplicative else 1), w_max)


def potentiate(synapses, fired, a_post, w_max, multiplicative):
    for s in synapses:
        if s.post in fired:
            s.x_post += a_post
            s.w = clip(s.w + s.x_pre * (w_max - s.w if multiplicative else 1), w_max)


def inhibit(p, wiring, fired, mon, ts, inh):
    for i in fired["mon"]:
        inh[0].g_e += p.mon_to_global_inh_drive_mV * wiring.mon_inh[i]
    for i in fired["ts"]:
        inh[1].g_e += p.ts_to_global_inh_drive_mV * wiring.ts_inh[i]
        for j in range(p.n_ts):
            d = min(abs(i - j), p.n_ts - abs(i - j))
            if 0 < d <= p.ts_lateral_radius:
                ts[j].g_i += p.ts_local_inh_peak_mV * (1 - d / p.ts_lateral_radius)
    for k, layer, w in ((0, mon, p.global_inh_to_mon_mV), (1, ts, p.global_inh_to_ts_mV)):
        for c in layer if k in fired["inh"] else []:
            c.g_i += w


def traces_decay(synapses, keep):
    for s in synapses:
        s.x_pre, s.x_post = s.x_pre * keep, s.x_post * keep


def run(p, wiring, weights, v_mon, v_ts, ll_spikes):
    """Return (spikes of MON, of TS, of interneurons as lists of (step, cell)), (weights LL->MON, MON->TS)."""
    mon, ts, inh = [Cell(v) for v in v_mon], [Cell(v) for v in v_ts], [Cell(p.el_mV), Cell(p.el_mV)]
    paths = []
    for name in ("ll_mon", "mon_ts"):
        path = getattr(wiring, name)
        paths.append([Synapse(*s) for s in zip(path.pre, path.post, map(float, weights[name]), strict=True)])
    ll_mon, mon_ts = paths
    found = {"mon": [], "ts": [], "inh": []}
    keep = math.exp(-p.dt_s / 0.02)
    for step, ll in enumerate(ll_spikes):
        traces_decay(ll_mon + mon_ts, keep)
        fired = {"mon": integrate(mon, p, step), "ts": integrate(ts, p, step), "inh": integrate(inh, p, step)}
        deliver(ll_mon, set(ll), mon, 1.0, p.ll_mon_apre, p.ll_mon_wmax_mV, True)
        deliver(mon_ts, set(fired["mon"]), ts, p.mon_ts_gain_mV, p.mon_ts_apre, p.mon_ts_wmax, False)
        inhibit(p, wiring, fired, mon, ts, inh)
        potentiate(ll_mon, set(fired["mon"]), p.ll_mon_apost, p.ll_mon_wmax_mV, True)
        potentiate(mon_ts, set(fired["ts"]), p.mon_ts_apost, p.mon_ts_wmax, False)
        for name, layer in (("mon", mon), ("ts", ts), ("inh", inh)):
            for i in fired[name]:
                layer[i].v, layer[i].last = p.vreset_mV, step
                found[name].append((step, i))
    return found, ([s.w for s in ll_mon], [s.w for s in mon_ts])
