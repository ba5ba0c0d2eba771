"""Slow, obvious versions of the trained exponents and of their slopes: numpy, one matrix D per step, no fusion."""

import numpy as np


def activation(kind, h, gain, shift):
    """Return phi, phi' and phi''."""
    gain, shift = (1.0, 0.0) if kind == "tanh" else (gain, shift)
    t = np.tanh(gain * (h - shift))
    first, second = gain * (1 - t * t), -2 * gain**2 * t * (1 - t * t)
    return ((1 + t) / 2, first / 2, second / 2) if kind == "tanh_pos" else (t, first, second)


def run(p, *, kind, dt, h0, q0, n_transient, n_ons, n_frame, n_average, trajectory=None, legacy=False):
    """Return the exponents and a tape of (h, A, Q, R) for the way back; `trajectory` replaces the states h_t."""
    j, gain, shift = p["weights"], p["gains"], p["shifts"]
    h, q, logs, tape, at = h0.copy(), q0.copy(), [], [], 0
    for n in range(n_transient + (n_frame + n_average) * n_ons):
        here = h if trajectory is None else trajectory[n]
        phi, slope, _ = activation(kind, here, gain, shift)
        slope = gain / np.cosh(here) ** 2 if legacy else slope  # the source's, for every activation
        tape.append(("step", here, q))
        if n >= n_transient:
            q = ((1 - dt) * np.eye(h.size) + dt * j @ np.diag(slope)) @ q
        h = (1 - dt) * here + dt * j @ phi
        at = n - n_transient + 1
        if at > 0 and at % n_ons == 0:
            q, r = np.linalg.qr(q)
            signs = np.sign(r.diagonal())
            q, r = q * signs, r * signs[:, None]
            tape.append(("qr", q, r))
            logs.append(np.log(r.diagonal()))
    return np.sum(logs[n_frame:], axis=0) / (n_average * n_ons * dt), tape


def central_differences(function, p, entries, step=1e-5):
    """Return the slopes of function(p) along chosen entries, {group: flat indices}, by a formula of fourth order."""
    found = {}
    for name, places in entries.items():
        found[name] = np.array([_slope(function, p, name, place, step) for place in places])
    return found


def _slope(function, p, name, place, step):
    values = []
    for factor in (-2, -1, 1, 2):
        moved = p[name].copy()
        moved.flat[place] += factor * step
        values.append(function({**p, name: moved}))
    return (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * step)
