"""The slow, obvious version: explicit D, Householder QR after every step, ln|det D| by slogdet. Shares no code."""

import numpy as np


def phi(activation, h, gain, shift):
    if activation == "tanh":
        return np.tanh(h)
    return np.tanh(gain * (h - shift)) if activation == "tanh_streched" else 1 / (1 + np.exp(-2 * gain * (h - shift)))


def phi_prime(activation, h, gain, shift):
    if activation == "tanh":
        return 1 / np.cosh(h) ** 2
    factor = gain if activation == "tanh_streched" else gain / 2
    return factor / np.cosh(gain * (h - shift)) ** 2


def euler(rnn, h):
    return (1 - rnn.dt) * h + rnn.dt * rnn.weights @ phi(rnn.activation, h, rnn.gain, rnn.shift)


def jacobian(rnn, h):
    slope = phi_prime(rnn.activation, h, rnn.gain, rnn.shift)
    return (1 - rnn.dt) * np.eye(rnn.n) + rnn.dt * rnn.weights @ np.diag(slope)


def spectrum(rnn, h, q, *, t_sim, transient, frame_transient):
    """Return the exponents in the order of the frame, and the mean of ln|det D|/dt."""
    waits = [round(t / rnn.dt) for t in (transient, frame_transient, t_sim)]
    for _ in range(waits[0]):
        h = euler(rnn, h)
    total, volume = np.zeros(q.shape[1]), 0.0
    for step in range(waits[1] + waits[2]):
        d = jacobian(rnn, h)
        h = euler(rnn, h)
        q, r = np.linalg.qr(d @ q)
        if step >= waits[1]:
            total += np.log(np.abs(np.diag(r)))
            volume += np.linalg.slogdet(d)[1]
    return total / waits[2] / rnn.dt, volume / waits[2] / rnn.dt
