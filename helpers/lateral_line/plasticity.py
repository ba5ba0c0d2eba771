"""Spike-timing-dependent plasticity of one synapse, written out, and homeostasis of a layer.

Pair-based, all to all, exponential traces of 20 ms. At a pre spike the weight falls by the post trace, at a post spike
it rises by the pre trace::

    additive        pre: w += x_post              post: w += x_pre
    multiplicative  pre: w += x_post w            post: w += x_pre (w_max - w)

x_pre jumps by A_pre > 0 at each pre spike, x_post by A_post < 0 at each post spike; 0 <= w <= w_max. Pre comes before
post within a step: depression does not see post spikes of its step, potentiation does see pre spikes. All synapses of
a cell see the same spikes, so one trace per cell is exact.
"""

from __future__ import annotations

import numpy as np

from helpers.parameters import check_array, check_choice, check_number

__all__ = ["RULES", "homeostasis", "pair_updates"]

RULES = ("multiplicative", "additive")


def pair_updates(weight, pre_steps, post_steps, *, rule, a_pre, a_post, w_max, tau_ms=20.0, dt_ms=1.0):
    """Return the weight of one synapse after its spikes: the slow, obvious version of the kernels' rule.

    Parameters
    ----------
    weight : float
        Initial weight, 0 to `w_max`.
    pre_steps, post_steps : array_like of int
        Time steps of the spikes, at most one per step.
    rule : {"multiplicative", "additive"}
    a_pre, a_post : float
        Steps of the traces, >= 0 and <= 0.

    Examples
    --------
    >>> pair_updates(0.5, [0], [0], rule="additive", a_pre=0.1, a_post=-0.1, w_max=1.0)
    0.6
    >>> round(pair_updates(0.5, [20], [0], rule="additive", a_pre=0.1, a_post=-0.1, w_max=1.0), 4)
    0.4632
    """
    check_choice("rule", rule, RULES)
    weight = check_number("weight", weight, 0, check_number("w_max", w_max, 0))
    check_number("a_pre", a_pre, 0)
    check_number("a_post", a_post, high=0)
    pre, post = (set(check_array("steps", s, ndim=1, empty=True).astype(int)) for s in (pre_steps, post_steps))
    multiplicative, decay = rule == "multiplicative", np.exp(-dt_ms / tau_ms)
    x_pre = x_post = 0.0
    for step in range(min(pre | post, default=0), max(pre | post, default=-1) + 1):
        x_pre, x_post = x_pre * decay, x_post * decay
        if step in pre:
            x_pre += a_pre
            weight = min(max(weight + x_post * (weight if multiplicative else 1), 0), w_max)
        if step in post:
            x_post += a_post
            weight = min(max(weight + x_pre * (w_max - weight if multiplicative else 1), 0), w_max)
    return float(weight)


def homeostasis(weights, post, *, n_post, eta, w_max, target=None):
    """Return weights pulled towards an equal incoming sum per cell.

    ``scale_j = clip(1 + eta (S* / S_j - 1), .9, 1.1)``, 1 where S_j is 0; then w is clipped to [0, w_max].

    Parameters
    ----------
    weights, post : array (n_synapses,)
        Weights and postsynaptic cells.
    n_post : int
    eta : float
        Strength; 0 changes nothing.
    w_max : float
    target : float, optional
        S*; by default the mean of the current sums, which equalises cells but bounds no total.

    Examples
    --------
    >>> homeostasis(np.array([1., 3.]), np.array([0, 1]), n_post=2, eta=.05, w_max=9.).round(3).tolist()
    [1.05, 2.95]
    """
    if eta == 0:
        return weights
    sums = incoming_sums(weights, post, n_post)
    target = sums.mean() if target is None else target
    ratio = target / np.where(sums > 1e-12, sums, 1)
    scale = np.where(sums > 1e-12, np.clip(1 + eta * (ratio - 1), 0.9, 1.1), 1.0)
    return np.clip(weights * scale[post], 0, w_max).astype(weights.dtype)


def incoming_sums(weights, post, n_post):
    """Return the (n_post,) sums of incoming weights."""
    return np.bincount(post, weights, n_post)


def incoming_target(weights, post, n_post):
    """Return the mean incoming sum over cells that have any: the fixed target of LL -> MON."""
    sums = incoming_sums(weights, post, n_post)
    return float(sums[sums > 0].mean()) if (sums > 0).any() else 0.0
