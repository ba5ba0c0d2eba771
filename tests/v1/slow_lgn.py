"""The retina/LGN bank of the source written the obvious way, one position and one frame at a time.

Independent of ``helpers.v1.lgn``: formulas and constants come from the description of the source and from Cai,
DeAngelis and Freeman (1997). Only the cell centres, whose jitter is random, are given from outside.
"""

from __future__ import annotations

import math

import numpy as np

KERNEL_MS = 300


def temporal_filter(t_ms, form):
    """Difference of two gamma-like phases; ``form`` "cai" (published) or "coded" (as programmed)."""
    total = 0.0
    for sign, gain, rate, n in ((1, 0.92, 0.2, 7), (-1, 0.2, 0.12, 8)):
        u = rate * (t_ms + 6)
        phase = u**n * math.exp(-u)
        if form == "coded":
            total += sign * gain * 90 * phase * math.exp(-n) / n**2
        else:
            total += sign * gain * phase / (n**n * math.exp(-n))
    return total


def spatial_kernel():
    """ON kernel, centre sd 1 px, surround 1.2 px, sampled every .1 px on [-2, 2)."""
    z = np.zeros((40, 40))
    for i in range(40):
        for j in range(40):
            r2 = ((i - 20) / 10) ** 2 + ((j - 20) / 10) ** 2
            z[i, j] = math.exp(-r2 / 2) - math.exp(-r2 / (2 * 1.2**2)) / 1.2**2
    return z


def template(theta_rad, offsets, sf_0, b_sf=0.5, b_theta_rad=math.pi / 12, n=64):
    """Log-Gabor template at `offsets` from its centre, as a sum of cosine waves over an n x n frequency grid."""
    values = np.zeros(len(offsets))
    for k in range(-n // 2, n // 2):
        for m in range(-n // 2, n // 2):
            if k == m == 0:
                continue
            f = math.hypot(k, m) / n
            angle = math.atan2(m, k) - theta_rad
            radial = math.exp(-(math.log(f / sf_0) ** 2) / (2 * b_sf**2)) / f
            amplitude = radial * math.exp((math.cos(angle) - 1) / b_theta_rad**2)
            values += amplitude * np.cos(2 * np.pi * (k * offsets[:, 0] + m * offsets[:, 1]) / n)
    return values


def offsets(steps):
    """The 49 lattice positions about a cell centre."""
    return np.array([(dx, dy) for dx in steps for dy in steps])


def filtered(frames, form, held_ms, duration_ms):
    """Hold each frame (the last one as long as needed) and convolve causally with the temporal kernel."""
    held = np.array([frames[min(int(t / held_ms), len(frames) - 1)] for t in range(duration_ms)])
    kernel = np.array([temporal_filter(t, form) for t in range(KERNEL_MS)])
    return np.convolve(held, kernel)[:duration_ms]


def patches(movie, x, y):
    """Yield the 4 x 4 pixels about a position, upsampled ten times, frame after frame."""
    for t in range(movie.shape[2]):
        yield np.kron(movie[x - 2 : x + 2, y - 2 : y + 2, t], np.ones((10, 10)))


def legacy_level(movie, x, y, kind, fps=24, duration_ms=1000):
    """Level of one ON or OFF cell as in the source: extreme pixel, temporal filter, rescaling by the kernel."""
    z = spatial_kernel() if kind == "on" else -spatial_kernel()
    extreme = np.max if kind == "on" else np.min
    activation = [extreme(patch * z) for patch in patches(movie, x, y)]
    y_t = filtered(activation, "coded", int(1000 / fps), duration_ms)
    return np.array([v * z.max() if v > 0 else v * z.min() for v in y_t])


def legacy_halves(movie, x, y, theta_rad, fps=24, duration_ms=1000):
    """Sums over the ON and over the OFF positions of one cell: ON where the template is positive, OFF elsewhere.

    On the source's lattice: step 3 px, .05 cycles/px.
    """
    halves = {"on": np.zeros(duration_ms), "off": np.zeros(duration_ms)}
    places = offsets(range(-10, 10, 3))
    for (dx, dy), value in zip(places, template(theta_rad, places, sf_0=0.05), strict=True):
        kind = "on" if value > 0 else "off"
        halves[kind] += legacy_level(movie, x + dx, y + dy, kind, fps, duration_ms)
    return halves["on"], halves["off"]
