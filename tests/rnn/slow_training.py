"""Slow, obvious versions of the trained exponents and of their gradient: numpy, one matrix D per step, no fusion."""

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


def states(tape):
    return [entry[1] for entry in tape if entry[0] == "step"]


def adjoint(p, slope_of_loss, *, window=None, kind, dt, h0, q0, n_transient, n_ons, n_frame, n_average):
    """Return the gradient of the loss by hand, backwards over the tape; `window` counts QR intervals between cuts."""
    layout = dict(kind=kind, dt=dt, h0=h0, q0=q0, n_transient=n_transient, n_ons=n_ons, n_frame=n_frame)
    exponents, tape = run(p, **layout, n_average=n_average)
    j, gain, shift = p["weights"], p["gains"], p["shifts"]
    found = {name: np.zeros_like(value) for name, value in p.items()}
    h_bar, q_bar = np.zeros_like(h0), np.zeros_like(q0)
    c = slope_of_loss(exponents) / (n_average * n_ons * dt)
    qr, step = n_frame + n_average, n_transient + (n_frame + n_average) * n_ons
    for kind_of, first, second in reversed(tape):
        if kind_of == "qr":
            qr -= 1
            m = -q_bar.T @ first
            inner = np.tril(m) + np.tril(m, -1).T + np.diag(c * (qr >= n_frame))
            q_bar = (q_bar + first @ inner) @ np.linalg.inv(second).T
            continue
        step -= 1
        h, q = first, second
        phi, slope, curvature = activation(kind, h, gain, shift)
        phi_bar, slope_bar = dt * j.T @ h_bar, np.zeros_like(h)
        found["weights"] += dt * np.outer(h_bar, phi)
        if step >= n_transient:
            found["weights"] += dt * q_bar @ (slope[:, None] * q).T
            slope_bar = dt * np.sum((j.T @ q_bar) * q, axis=1)
            q_bar = ((1 - dt) * np.eye(h.size) + dt * j @ np.diag(slope)).T @ q_bar
        h_bar = (1 - dt) * h_bar + phi_bar * slope + slope_bar * curvature
        if kind != "tanh":  # phi and phi' depend on x = b (h - s), and phi' = b f'(x) on b besides
            found["shifts"] -= phi_bar * slope + slope_bar * curvature
            found["gains"] += phi_bar * slope * (h - shift) / gain
            found["gains"] += slope_bar * (slope / gain + curvature * (h - shift) / gain)
        interval, inside = divmod(step - n_transient, n_ons)
        if window and step >= n_transient and inside == 0 and interval % window == 0:
            h_bar = np.zeros_like(h0)
    return found


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
