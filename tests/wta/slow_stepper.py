"""The obvious version of the network: dense matrices and sums, step by step, in the order of the original code.

u = W y with one row of W per neuron over all sources (input channels, then neurons), NaN where there is no synapse.
Nothing is shared with the compiled loop but the wiring that both are given.
"""

import numpy as np


class Stepper:
    """A copy of a network that starts from its present state; `step` advances it by 1 ms."""

    def __init__(self, network):
        p, st, wiring = network.params, network.state, network.wiring
        n, n_in = network.n_neurons, p.n_inputs
        self.p, self.n_in, self.circuit = p, n_in, network.circuit
        self.w, self.s, self.q = (np.full((n, n_in + n), np.nan) for _ in range(3))
        target = np.repeat(np.arange(n), np.diff(wiring.row))
        for dense, inputs, recurrent in (
            (self.w, st.w_in, st.w_rec),
            (self.s, st.s_in, st.s_rec),
            (self.q, st.q_in, st.q_rec),
        ):
            dense[:, :n_in] = inputs
            dense[target, n_in + wiring.source] = recurrent
        self.rec = target, n_in + wiring.source
        self.e1, self.e2 = st.e1.copy(), st.e2.copy()
        self.u, self.r = st.stp_u.copy(), st.stp_r.copy()
        self.mean_u, self.d, self.f = st.mean_u, st.tau_d, st.tau_f
        self.isi = (st.clock[0] - st.last - (p.stp == "lagged")).astype(float)
        self.n_learned = int(st.clock[1])

    def rates(self):
        """Return r_k in Hz of the present state, from the sum over all sources."""
        self.potential = np.nansum(self.w * (self.e1 - self.e2), axis=1)
        x = np.exp(self.potential)
        return self.p.rate_max_hz * x / np.bincount(self.circuit, x)[self.circuit]

    def step(self, inputs, uniforms, learn=True):
        """Advance by 1 ms with these input channels and one uniform number per neuron; return (spikes, rates)."""
        rate = self.rates()
        fired = uniforms < 1 - np.exp(-rate * 1e-3)
        y = self.e1 - self.e2
        if learn:
            self.n_learned += 1
            self.learn(fired, y)
        arrived = np.zeros(self.e1.size)
        arrived[inputs] = 1
        arrived[self.n_in :][fired] = self.amplitudes(fired)
        taus = (self.p.tau_decay_ms, self.p.tau_rise_ms)
        slow, fast = (1 - 1 / tau if self.p.kernel == "euler" else np.exp(-1 / tau) for tau in taus)
        self.e1 = self.e1 * slow + arrived
        self.e2 = self.e2 * fast + arrived
        return np.flatnonzero(fired), rate

    def learn(self, fired, y):
        """Update the rows of the neurons that fired."""
        w, s, q = self.w[fired], self.s[fired], self.q[fired]
        eta = np.full(w.shape, self.p.eta0)
        if self.p.variance_tracking:
            eta = self.p.eta0 * (q - s**2) / (np.exp(-s) + 1)
        elif not self.p.constant_eta:
            eta /= self.n_learned
        with np.errstate(invalid="ignore"):
            self.w[fired] = w = w + eta * (y - np.exp(w)) / np.maximum(np.exp(w), eta)
        if self.p.variance_tracking:
            self.s[fired], self.q[fired] = s + eta * (w - s), q + eta * (w**2 - q)

    def amplitudes(self, fired):
        """Return u R of the neurons that fired; advance depression."""
        if self.p.stp == "off":
            return np.ones(fired.sum())
        lagged = self.p.stp == "lagged"
        before = self.u * self.r
        r = 1 + (self.r - before - 1) * np.exp(-self.isi / self.d)
        u = self.mean_u + self.u * (1 - self.mean_u) * np.exp(-self.isi / self.f)
        self.r, self.u = np.where(fired, r, self.r), np.where(fired, u, self.u)
        self.isi = np.where(fired, 0 if lagged else 1, self.isi + 1)
        return (before if lagged else self.u * self.r)[fired]


def run(network, input_step, input_channel, uniforms, learn=True):
    """Step a copy of the network; return (stepper, spikes as an array of (step, neuron))."""
    stepper, spikes = Stepper(network), []
    for s, draws in enumerate(uniforms):
        fired, _ = stepper.step(input_channel[input_step == s], draws, learn)
        spikes += [(s, k) for k in fired]
    return stepper, np.array(spikes, int).reshape(-1, 2)
