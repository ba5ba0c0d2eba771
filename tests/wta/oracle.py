"""The cells of FINAL_4 in the state of a network: what the engine is held to.

Options that no cell has are small changes of the cells: another constant, another rule for a neuron, another `send`.
"""

from functools import partial

import numpy as np

from tests.cells import cells

__all__ = ["dense", "same", "steps", "twin"]


def dense(net, name):
    """The state's array `name` (w, s or q) in the cells' shape, nan where there is no synapse."""
    n_in = net.params.n_inputs
    full = np.full((net.n_neurons, n_in + net.n_neurons), np.nan)
    full[:, :n_in] = getattr(net.state, f"{name}_in")
    target = np.repeat(np.arange(net.n_neurons), np.diff(net.wiring.row))
    full[target, n_in + net.wiring.source] = getattr(net.state, f"{name}_rec")
    return full


def twin(net, *, changed=True):
    """Return the `Circuits` of the cells with wiring, weights and options of an untrained network.

    Without `changed` they are exactly those of the notebook, which hold for the default options.
    """
    notebook, p = cells("FINAL_4", "model"), net.params
    start = dense(net, "w"), net.circuit, net.state.mean_u, net.state.tau_d, net.state.tau_f
    if not changed:
        return notebook.Circuits(*start)
    tau = np.array([[p.tau_decay_ms], [p.tau_rise_ms]])
    notebook.keep = np.exp(-1 / tau) if p.kernel == "exact" else 1 - 1 / tau
    notebook.rates = partial(notebook.rates, R_max=p.rate_max_hz)
    model = _changed(notebook)(*start)
    model.net, model.learned = net, 0
    model.interval[:] = 0 if p.stp == "lagged" else 1e9
    return model


def _changed(notebook):
    class Changed(notebook.Circuits):
        def step(self, inputs, random, training=True):
            y = self.e[0] - self.e[1]
            fired = super().step(inputs, random, training=False)
            self.learned += training
            for k in np.flatnonzero(fired & self.net.state.plastic & training):
                self.learn(k, y)
            return fired

        def learn(self, k, y):
            """Apply the cell's rule; without tracking, S = 0 and Q = 2 make eta0 (Q - S^2) / (e^-S + 1) equal eta0."""
            w, S, Q, eta = self.W[k], self.S[k], self.Q[k], self.net.state.eta0[k]
            if self.net.get_node_collections()[k].use_variance_tracking:
                self.W[k], self.S[k], self.Q[k] = notebook.learn(w, S, Q, y, eta)
            else:
                eta = eta if self.net.constant_eta else eta / self.learned
                self.W[k] = notebook.learn(w, 0 * w, 0 * w + 2, y, eta)[0]

        def send(self, fired):
            before = fired * self.u * self.R
            amplitude = super().send(fired)
            if self.net.stp == "lagged":  # u and R of the spike before, and the interval to it less 1 ms
                self.interval[fired] = 0
                amplitude = before
            return np.where(self.net.state.depressing, amplitude, fired)

    return Changed


def steps(model, time_ms, channel, random, training=True):
    """Run the cells; return step and neuron of each spike, and the potential (n_steps, n_neurons) used in each step."""
    inputs = np.zeros((len(random), model.W.shape[1] - len(model.W)))
    inputs[time_ms, channel] = 1
    fired, potential = [], []
    for arriving, numbers in zip(inputs, random, strict=True):
        potential.append(np.nansum(model.W * (model.e[0] - model.e[1]), axis=1))
        fired.append(model.step(arriving, numbers, training))
    return *np.nonzero(fired), np.array(potential)


def same(net, model, chunk, expected):
    """Check that engine and cells fired the same spikes and stand in the same state."""
    step, neuron, potential = expected
    assert np.array_equal(chunk.spike_step, step) and np.array_equal(chunk.spike_id, neuron)
    for name, theirs in (("w", model.W), ("s", model.S), ("q", model.Q)):
        synapse = ~np.isnan(model.W)
        np.testing.assert_allclose(dense(net, name)[synapse], theirs[synapse], rtol=0, atol=1e-12)
    np.testing.assert_allclose([net.state.e1, net.state.e2], model.e, rtol=0, atol=1e-12)
    np.testing.assert_allclose(chunk.potential, potential, rtol=0, atol=1e-10)
