"""The map metrics written out as they are defined: a matrix of rates, smoothed cell by cell, bin by bin."""

import cmath
import math

import numpy as np


def circular_mean(angles):
    return cmath.phase(sum(cmath.exp(1j * a) for a in angles) / len(angles))


def circular_sd(angles):
    length = abs(sum(cmath.exp(1j * a) for a in angles)) / len(angles)
    return math.sqrt(max(0.0, -2 * math.log(min(1.0, max(length, 1e-12)))))


def wrap(angle):
    return (angle + math.pi) % (2 * math.pi) - math.pi


def map_quality(spike_step, spike_cell, x_cm, n_cells, window_cm=None):
    """Return (sigma_theta, delta_trial, valid_fraction, n_valid_bins) of spikes; at least 20 steps."""
    n_steps = len(x_cm)
    rates = np.zeros((n_steps, n_cells))
    for step, cell in zip(spike_step, spike_cell, strict=True):
        rates[step, cell] += 1000.0
    inside = [window_cm is None or window_cm[0] <= x < window_cm[1] for x in x_cm]
    rates[~np.array(inside)] = 0
    smooth = np.array([np.convolve(rate, np.ones(20) / 20, "same") for rate in rates.T]).T
    phi = 2 * np.pi * np.arange(n_cells) / n_cells
    n_bins, bins = min(100, n_cells), {}
    for t in range(n_steps):
        if inside[t] and smooth[t].sum() > 1e-6:
            a, b = (min(x_cm), max(x_cm) + 1e-12) if window_cm is None else window_cm
            true = 2 * np.pi * (x_cm[t] - a) / (b - a)
            decoded = cmath.phase((smooth[t] * np.exp(1j * phi)).sum() / smooth[t].sum())
            bins.setdefault(min(int(true / (2 * np.pi) * n_bins), n_bins - 1), []).append(wrap(decoded - true))
    if not bins:
        return math.nan, math.nan, 0.0, 0
    bias = {b: circular_mean(deltas) for b, deltas in bins.items()}
    spread = [circular_sd([d - bias[b] for d in bins[b]]) if len(bins[b]) > 1 else 0.0 for b in bins]
    valid = sum(len(deltas) for deltas in bins.values()) / n_steps
    return circular_sd(list(bias.values())), math.sqrt(np.mean(np.square(spread))), valid, len(bins)
