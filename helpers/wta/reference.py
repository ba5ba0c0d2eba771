"""The readable engine: the same network in Brian2, in the event-driven form and the step order of the kernel.

u_k = a_k - b_k stands at the receiving neuron. One step: circuit sums, spikes, learning (post pathway) with the
traces as they are, decay, then this step's spikes in traces and depression (reset), and in a and b (pre pathway).
Given the same network and input it draws the same numbers as the kernel, so the two agree spike for spike.
"""

from __future__ import annotations

import numpy as np

from helpers.parameters import check_choice
from helpers.wta.kernel import Chunk

__all__ = ["run"]

TRACES = """
de1/dt = -e1 / tau_1 : 1
de2/dt = -e2 / tau_2 : 1
"""
NEURONS = """
da/dt = -a / tau_1 : 1
db/dt = -b / tau_2 : 1
rate = rate_max * exp(a - b - mean) / total : Hz
mean : 1 (linked)
total : 1 (linked)
u : 1
R : 1
last : 1
mean_u : 1
tau_d : 1
tau_f : 1
plastic : 1
depressing : 1
jump : 1
"""
SPIKE = """
before = u * R
R = 1 + (R - before - 1) * exp(-(t / ms - last - lag) / tau_d)
u = mean_u + u * (1 - mean_u) * exp(-(t / ms - last - lag) / tau_f)
last = t / ms
jump = 1 + depressing * (lag * before + (1 - lag) * u * R - 1)
e1 += jump
e2 += jump
"""
ETA = dict(
    tracked="eta = eta0 * (q - s * s) / (exp(-s) + 1)\n",
    annealed="eta = eta0 / (learned + t / ms + 1)\n",
    constant="eta = eta0\n",
)
LEARN = """
change = plastic_post * eta * (e1_pre - e2_pre - exp(w)) / clip(exp(w), eta, inf)
w += change
a_post += change * e1_pre
b_post += change * e2_pre
"""
TRACK = """
s += plastic_post * eta * (w - s)
q += plastic_post * eta * (w * w - q)
"""
ARRIVE = """
a_post += jump_pre * w
b_post += jump_pre * w
"""


def run(network, input_step, input_channel, n_steps, *, learn=True, uniforms=None, draw="network"):
    """Run `network` for `n_steps` in Brian2; arguments, result and effect are those of :func:`helpers.wta.kernel.run`.

    Parameters
    ----------
    draw : {"network", "brian2"}
        Where spikes are drawn: from the network's generator, as the kernel does (n_steps n_neurons numbers in
        memory), or by Brian2's ``rand()`` (long runs; seed it with ``brian2.seed``).

    Notes
    -----
    The code generation target is Brian2's own preference. Depression of each neuron is that of the network.
    """
    import brian2 as b2

    if check_choice("draw", draw, ("network", "brian2")) == "network" and uniforms is None:
        uniforms = network.rng.random((n_steps, network.n_neurons))
    names = _names(b2, network, input_step, input_channel, n_steps, uniforms)
    channels, neurons, circuits = _groups(b2, network, "rand()" if uniforms is None else "draw(t, i)", names)
    softmax = _softmax(b2, network, neurons, circuits)
    wiring, first = network.wiring, np.arange(network.n_neurons)
    places = (np.tile(np.arange(channels.N), neurons.N), np.repeat(first, channels.N))
    inputs = _synapses(b2, network, channels, neurons, places, "in", learn, names)
    places = (wiring.source, np.repeat(first, np.diff(wiring.row)))
    recurrent = _synapses(b2, network, neurons, neurons, places, "rec", learn, names)
    spikes = b2.SpikeMonitor(neurons)
    parts = [part for part in (channels, neurons, circuits, *softmax, inputs, recurrent, spikes) if part is not None]
    net = b2.Network(parts)
    net.schedule = ["start", "thresholds", "synapses", "groups", "resets", "end"]
    net.run(n_steps * b2.ms, namespace=names)
    _store(network, channels, neurons, inputs, recurrent, n_steps, learn)
    return Chunk(np.round(spikes.t / b2.ms).astype(np.int32), np.array(spikes.i), None)


def _names(b2, network, input_step, input_channel, n_steps, uniforms):
    p, given = network.params, np.zeros((n_steps, network.params.n_inputs))
    given[input_step, input_channel] = 1
    names = dict(tau_1=p.tau_decay_ms * b2.ms, tau_2=p.tau_rise_ms * b2.ms, rate_max=p.rate_max_hz * b2.Hz)
    names |= dict(eta0=p.eta0, lag=float(p.stp == "lagged"), learned=float(network.state.clock[1]))
    names |= dict(given=b2.TimedArray(given, dt=b2.ms))
    return names if uniforms is None else names | dict(draw=b2.TimedArray(uniforms, dt=b2.ms))


def _groups(b2, network, draw, names):
    """Make the channels, the neurons and the circuits, in the state of the network."""
    st, n_in = network.state, network.params.n_inputs
    options = dict(dt=b2.ms, method="euler" if network.params.kernel == "euler" else "exact", namespace=names)
    channels = b2.NeuronGroup(
        n_in, TRACES + "jump : 1", threshold="given(t, i) > .5", reset="e1 += 1; e2 += 1", **options
    )
    fire = f"{draw} < 1 - exp(-rate * dt)"
    neurons = b2.NeuronGroup(network.n_neurons, TRACES + NEURONS, threshold=fire, reset=SPIKE, **options)
    circuits = b2.NeuronGroup(network.k.size, "mean : 1\ntotal : 1", dt=b2.ms)
    for name in ("mean", "total"):
        setattr(neurons, name, b2.linked_var(circuits, name, index=network.circuit))
    for group, part in ((channels, slice(n_in)), (neurons, slice(n_in, None))):
        group.e1, group.e2, group.jump = st.e1[part], st.e2[part], 1
    for name, source in dict(u="stp_u", R="stp_r").items():
        setattr(neurons, name, getattr(st, source))
    for name in ("a", "b", "mean_u", "tau_d", "tau_f", "plastic", "depressing"):
        setattr(neurons, name, getattr(st, name))
    neurons.last = st.last - st.clock[0]
    return channels, neurons, circuits


def _softmax(b2, network, neurons, circuits):
    """Make the two sums over each circuit, of u and of exp(u - mean), before spikes are drawn."""
    sums = []
    for order, rule in enumerate(
        ("mean_post = (a_pre - b_pre) / N_incoming", "total_post = exp(a_pre - b_pre - mean_post)")
    ):
        part = b2.Synapses(neurons, circuits, f"{rule} : 1 (summed)", dt=b2.ms)
        part.connect(i=np.arange(neurons.N), j=network.circuit)
        updater = part.summed_updaters[rule.split()[0]]
        updater.when, updater.order = "before_thresholds", order
        sums.append(part)
    return sums


def _synapses(b2, network, source, target, places, kind, learn, names):
    """Make the plastic synapses of one kind, "in" or "rec"; None if there are none."""
    if not len(places[0]):
        return None
    p, st = network.params, network.state
    rule = "tracked" if p.variance_tracking else "constant" if p.constant_eta else "annealed"
    on_post = (ETA[rule] + LEARN + TRACK * p.variance_tracking) if learn else None
    part = b2.Synapses(source, target, "w : 1\ns : 1\nq : 1", on_pre=ARRIVE, on_post=on_post, dt=b2.ms, namespace=names)
    part.connect(i=places[0], j=places[1])
    for name in "wsq":
        setattr(part, name, getattr(st, f"{name}_{kind}").ravel())
    part.pre.when, part.pre.order = "resets", 1
    return part


def _store(network, channels, neurons, inputs, recurrent, n_steps, learn):
    """Write what changed back into the state of the network."""
    st = network.state
    for kind, part in (("in", inputs), ("rec", recurrent)):
        for name in "wsq" if part is not None else "":
            target = getattr(st, f"{name}_{kind}")
            target[:] = np.reshape(getattr(part, name)[:], target.shape)
    st.e1[:], st.e2[:] = (np.concatenate([getattr(group, e)[:] for group in (channels, neurons)]) for e in ("e1", "e2"))
    st.a[:], st.b[:], st.stp_u[:], st.stp_r[:] = neurons.a[:], neurons.b[:], neurons.u[:], neurons.R[:]
    st.last[:] = np.round(neurons.last[:]).astype(int) + st.clock[0]
    st.clock[:] += np.array([n_steps, n_steps * learn])
