"""Wiring as it is described: one MON cell after the other, plain lists."""

import numpy as np


def partners(seed, n_mon, n, degree, q, sigma):
    """Return, for each MON cell, its partners: topographic draws, then uniform ones, then shuffled."""
    rng, found = np.random.default_rng(seed), []
    for m in range(n_mon):
        n_topographic = round(degree * q)  # Python rounds half to even
        centre = m / (n_mon - 1) * (n - 1)
        near = [min(max(int(np.round(x)), 0), n - 1) for x in rng.normal(centre, sigma, n_topographic)]
        cells = np.array(near + rng.integers(0, n, degree - n_topographic).tolist())
        rng.shuffle(cells)
        found.append(cells.tolist())
    return found
