"""Connections and initial weights.

MON cell m stands at m / (n_mon - 1) of the body. Of its k LL inputs, round_half_even(k q) are topographic: normal
around the facing neuromast, rounded, and clipped at the ends (not wrapped); the rest are uniform. MON -> TS the same
way, from the MON cell outwards. Draws are with replacement, so two cells may share several synapses, each plastic on
its own. The knob q is thus quantised, and at q = 0 the in-degree stays (the original switches to 3 % of all pairs).

TS cells inhibit each other on a ring although the wiring is a line: the two ends of the body inhibit each other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from helpers.lateral_line.params import NetworkParams, topographic_counts
from helpers.parameters import ParameterError, check_array, check_integer, doors

__all__ = ["Synapses", "Wiring", "draw", "given", "initial_weights", "lateral_inhibition", "stream", "tracked"]

LL_MON_SEED, TRACKED_SEED, SIMULATOR_SEED = 31, 777, 12345
N_TRACKED = 24


@dataclass(frozen=True, eq=False)
class Synapses:
    """Synapses in the order in which they were drawn, MON cell by MON cell: `pre` and `post`, (n_synapses,) int64."""

    pre: np.ndarray
    post: np.ndarray


@dataclass(frozen=True, eq=False)
class Wiring:
    """All connections of a network.

    Attributes
    ----------
    ll_mon, mon_ts : Synapses
    mon_inh, ts_inh : bool array (n_mon,), (n_ts,)
        Which cells drive the interneuron of their layer.
    """

    ll_mon: Synapses
    mon_ts: Synapses
    mon_inh: np.ndarray
    ts_inh: np.ndarray


def stream(seed: int, *key: int) -> np.random.Generator:
    """Return the generator of the simulator's part of a seed; `key` tells independent streams apart."""
    key = [check_integer("key", part, 0) for part in key]
    return np.random.default_rng([check_integer("seed", seed, 0) + SIMULATOR_SEED, *key])


def draw(params: NetworkParams, seed: int) -> Wiring:
    """Return the :class:`Wiring` of a seed.

    Streams: MON -> TS `seed`, LL -> MON `seed` + 31, as in the original, whose connections these are.

    Examples
    --------
    >>> from helpers.lateral_line.params import preset
    >>> wiring = draw(preset("ll_fast"), 123)
    >>> wiring.ll_mon.pre.size, wiring.mon_ts.pre.size
    (8000, 12800)
    """
    seed, (n_near_ll, n_near_ts) = check_integer("seed", seed, 0), topographic_counts(params)
    k_in, k_out, mon = params.ll_to_mon_in_degree, params.mon_to_ts_out_degree, np.arange(params.n_mon)
    rng = np.random.default_rng(seed + LL_MON_SEED)
    sources = _partners(params.n_mon, params.n_ll, k_in, n_near_ll, params.ll_to_mon_sigma, rng)
    rng = np.random.default_rng(seed)
    targets = _partners(params.n_mon, params.n_ts, k_out, n_near_ts, params.mon_to_ts_sigma, rng)
    return _with_interneurons(
        params, seed, Synapses(sources, np.repeat(mon, k_in)), Synapses(np.repeat(mon, k_out), targets)
    )


def _partners(n_mon, n, degree, n_near, sigma, rng):
    """Return (n_mon * degree,) partners among `n` cells, MON cell by MON cell: normal, uniform, then shuffled."""
    found = np.empty((n_mon, degree))
    for m in range(n_mon):
        if sigma < n:
            found[m, :n_near] = rng.normal(m / max(n_mon - 1, 1) * (n - 1), sigma, n_near)
        else:
            found[m, :n_near] = rng.integers(0, n, n_near)
        found[m, n_near:] = rng.integers(0, n, degree - n_near)
        rng.shuffle(found[m])
    return np.round(found).clip(0, n - 1).astype(int).ravel()


def _with_interneurons(params, seed, ll_mon, mon_ts):
    rng = stream(seed, 1)
    mon_inh = rng.random(params.n_mon) < params.mon_to_global_inh_p
    ts_inh = rng.random(params.n_ts) < params.ts_to_global_inh_p * params.use_ts_feedback_inh
    return Wiring(ll_mon, mon_ts, mon_inh, ts_inh)


def initial_weights(params: NetworkParams, seed: int, wiring: Wiring) -> dict[str, np.ndarray]:
    """Return {"ll_mon": mV, "mon_ts": dimensionless} initial weights: lower edge + jitter x U(0, 1), one-sided.

    A plastic LL -> MON starts from its own pair of values (recipe: 10 to 18 mV, mean 14). Those of plastic pathways are
    clipped to their ceiling, as learning would do.
    """
    edge, jitter = params.ll_mon_w_mean_mV, params.ll_mon_w_jitter_mV
    if params.ll_mon_use_stdp:
        edge, jitter = params.ll_mon_w_init_mV, params.ll_mon_w_jitter_stdp_mV
    rng = stream(seed, 2)
    ll_mon = edge + jitter * rng.random(wiring.ll_mon.pre.size)
    mon_ts = params.mon_ts_w_init + params.mon_ts_w_jitter * rng.random(wiring.mon_ts.pre.size)
    ceiling = params.ll_mon_wmax_mV if params.ll_mon_use_stdp else np.inf
    return {"ll_mon": np.minimum(ll_mon, ceiling), "mon_ts": np.minimum(mon_ts, params.mon_ts_wmax)}


def tracked(seed: int, n_synapses: int) -> np.ndarray:
    """Return the indices of the (at most 24) MON -> TS synapses whose weights the history keeps."""
    rng = np.random.default_rng(check_integer("seed", seed, 0) + TRACKED_SEED)
    n_synapses = check_integer("n_synapses", n_synapses, 0, 10**12)
    return rng.choice(n_synapses, min(N_TRACKED, n_synapses), replace=False)


def lateral_inhibition(params: NetworkParams) -> np.ndarray:
    """Return (n_ts,) inhibition in mV that a spike of TS cell 0 causes in cell d: peak (1 - d / radius) on the ring.

    Examples
    --------
    >>> from helpers.lateral_line.params import preset
    >>> float(lateral_inhibition(preset("ll_baseline")).sum().round(6))
    25.5
    """
    offset = np.arange(params.n_ts)
    distance = np.minimum(offset, params.n_ts - offset)
    mv = params.ts_local_inh_peak_mV * np.maximum(0, 1 - distance / params.ts_lateral_radius)
    return np.where(distance > 0, mv, 0.0)


def given(params: NetworkParams, seed: int, weights: dict) -> tuple[Wiring, dict[str, np.ndarray]]:
    """Return (Wiring, weights) of ``{"ll_mon": (i, j, w), "mon_ts": (i, j, w)}``, in the order given.

    Raises
    ------
    ParameterError
        If a pathway is missing, lengths differ, an index has no cell, or a weight is negative or not finite.
    """
    if not isinstance(weights, dict) or {"ll_mon", "mon_ts"} - set(weights):
        raise ParameterError('weights lack a pathway; give {"ll_mon": (i, j, w), "mon_ts": (i, j, w)}')
    ll_mon, w_ll_mon = _checked("ll_mon", weights["ll_mon"], params.n_ll, params.n_mon)
    mon_ts, w_mon_ts = _checked("mon_ts", weights["mon_ts"], params.n_mon, params.n_ts)
    return _with_interneurons(params, seed, ll_mon, mon_ts), {"ll_mon": w_ll_mon, "mon_ts": w_mon_ts}


def _checked(name, parts, n_pre, n_post):
    try:
        pre, post, w = parts
    except (TypeError, ValueError):
        raise ParameterError(f"{name} is not (i, j, w); give three arrays of one length") from None
    pre = check_array(f"{name} sources", pre, ndim=1, integer=True)
    post = check_array(f"{name} targets", post, ndim=1, integer=True)
    w = check_array(f"{name} weights", w, ndim=1, low=0).astype(float)
    if not pre.size == post.size == w.size:
        raise ParameterError(f"{name}: {pre.size} sources, {post.size} targets, {w.size} weights; lengths must agree")
    for what, index, n in (("source", pre, n_pre), ("target", post, n_post)):
        if index.min() < 0 or index.max() >= n:
            raise ParameterError(f"{name}: a {what} lies outside the layer; allowed: integers from 0 to {n - 1}")
    return Synapses(pre, post), w


doors(globals())
