"""Compiled loops: propagation of spikes, STDP and normalisation of the rows that changed.

Each is bit-identical to the rule on whole arrays with sums taken in the order of storage. Synapses are listed source
by source (:class:`~helpers.modular.synapses.EventWeights`) or target by target
(:class:`~helpers.modular.synapses.Afferents`).
"""

from __future__ import annotations

import numpy as np

from helpers.compiled import compiled

__all__ = ["normalise", "propagate", "row_sums", "stdp"]

Array = np.ndarray


@compiled()
def propagate(starts: Array, targets: Array, weights: Array, source: Array, n_targets: int) -> Array:
    """Return the drive (n_targets,) float64: the weights of the sources that are not 0, times their activity."""
    drive = np.zeros(n_targets)
    for j in range(len(source)):
        if source[j] != 0:
            for k in range(starts[j], starts[j + 1]):
                drive[targets[k]] += weights[k] * source[j]
    return drive


@compiled()
def stdp(
    starts: Array, sources: Array, place: Array, data: Array, pre: Array, post: Array, pre_old: Array, post_old: Array,
    changed: Array, eta: float, simultaneous: float, low: float, high: float,
) -> None:  # fmt: skip
    """Change the weights ``data[place]`` by one iteration of STDP.

    Parameters
    ----------
    starts, sources, place, data : ndarray
        The synapses, target by target.
    pre, post, pre_old, post_old : ndarray of bool
        Spikes of sources and targets, now and before; the old ones become copies of the new.
    changed : ndarray of bool, shape (n_targets,)
        Is set where a weight was written.
    eta, simultaneous, low, high : float
        dw = eta (post pre_old - post_old pre + simultaneous post pre), the weight clipped to [low, high].
    """
    for i in range(len(post)):
        changed[i] = False
        if post[i] or post_old[i]:
            for k in range(starts[i], starts[i + 1]):
                j = sources[k]
                change = post[i] * (pre_old[j] + simultaneous * pre[j]) - post_old[i] * 1.0 * pre[j]
                if change != 0:
                    data[place[k]] = min(max(data[place[k]] + eta * change, low), high)
                    changed[i] = True
    pre_old[:] = pre
    post_old[:] = post


@compiled()
def row_sums(starts: Array, sources: Array, place: Array, data: Array, rows: Array, sums: Array) -> None:
    """Add to `sums` (n_targets,) the weights onto each target that `rows` picks."""
    for i in range(len(rows)):
        if rows[i]:
            total = 0.0
            for k in range(starts[i], starts[i + 1]):
                total += data[place[k]]
            sums[i] += total


@compiled()
def normalise(starts: Array, sources: Array, place: Array, data: Array, rows: Array, sums: Array, total: float) -> None:
    """Multiply the weights onto each target that `rows` picks by total / sum; a sum of 0 leaves them as they are."""
    for i in range(len(rows)):
        if rows[i] and sums[i] != 0:
            factor = total / sums[i]
            for k in range(starts[i], starts[i + 1]):
                data[place[k]] *= factor
