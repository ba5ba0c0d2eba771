"""Ring geometry, connection lists and learning rules of the V1 ring: arrays only, no simulator.

Both simulators receive the same lists, so a difference between them is a difference of integration. Every random
draw comes from its own stream of the seed, so that leaving out one projection does not change the others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

__all__ = [
    "RULES",
    "Projection",
    "StdpRule",
    "chord_distance",
    "draw_delays",
    "populations",
    "projections",
    "ring_positions",
    "seed_streams",
    "stdp_rule",
    "weight_matrix",
]


@dataclass(frozen=True)
class StdpRule:
    """All-to-all pair rule with multiplicative weight dependence, w in [0, w_max].

    The whole delay d is dendritic, so the synapse sees the presynaptic spike at t_pre and the postsynaptic one at
    t_post + d. For each pair, with s = t_post + d - t_pre::

        s > 0:  dw = +a_plus  (w_max - w) exp(-s / tau_plus)
        s < 0:  dw = -a_minus  w          exp(+s / tau_minus)

    A negative amplitude turns its branch round: the anti-causal and symmetric rules are made in this way.
    """

    tau_plus_ms: float
    tau_minus_ms: float
    a_plus: float
    a_minus: float


RULES = {
    "causal": StdpRule(37.5, 30.0, 0.0375, 0.025),
    "anti_causal": StdpRule(22.5, 30.0, -0.0075, -0.025),
    "symmetric": StdpRule(48.0, 30.0, 0.025, -0.025),
    "symmetric_minus": StdpRule(30.0, 30.0, -0.04375, 0.025),
}
"""Rules of the published model; the last is defined there and used nowhere. tau_minus is the same in all: NEST keeps
it in the cell, not in the synapse."""


def stdp_rule(name, params):
    """Return a rule of :data:`RULES`, or its sign pattern with the amplitude and time constant of a scan.

    With ``params.stdp_a`` > 0 every branch has ``|A_minus| = stdp_a``, ``|A_plus| = stdp_a stdp_a_ratio``,
    ``tau_minus = stdp_tau_ms`` and ``tau_plus = stdp_tau_ms stdp_tau_ratio``; the signs stay those of the rule.

    Parameters
    ----------
    name : str
        Key of :data:`RULES`.
    params : RingParams
    """
    rule = RULES[name]
    if params.stdp_a == 0:
        return rule
    a_plus = np.sign(rule.a_plus) * params.stdp_a * params.stdp_a_ratio
    a_minus = np.sign(rule.a_minus) * params.stdp_a
    return StdpRule(params.stdp_tau_ms * params.stdp_tau_ratio, params.stdp_tau_ms, float(a_plus), float(a_minus))


@dataclass(frozen=True, eq=False)
class Projection:
    """The synapses from one population to another.

    Attributes
    ----------
    name, pre, post : str
        Name of the projection and of its two populations.
    receptor : str
        "excitatory" or "inhibitory"; weights are positive in both cases.
    rule : StdpRule
        Used when the ring is plastic.
    weight_us, w_max_us : float
        Initial weight and upper bound, uS.
    shape : tuple
        (n_pre, n_post).
    pre_ids, post_ids, delay_ms : array (n_synapses,)
        One entry per synapse, ordered by postsynaptic cell.
    """

    name: str
    pre: str
    post: str
    receptor: str
    rule: StdpRule
    weight_us: float
    w_max_us: float
    shape: tuple
    pre_ids: np.ndarray
    post_ids: np.ndarray
    delay_ms: np.ndarray


# name, pre, post, receptor, learning rule, pattern, weight field; "ring" decays with the distance between cells
_LAYER_1 = (
    ("input_exc", "input", "exc", "excitatory", "causal", "one_to_one", "w_input_exc_us"),
    ("input_inh", "input", "inh", "excitatory", "anti_causal", "one_to_one", "w_input_inh_us"),
    ("exc_exc", "exc", "exc", "excitatory", "symmetric", "ring", "w_exc_exc_us"),
    ("inh_inh", "inh", "inh", "inhibitory", "symmetric", "ring", "w_inh_inh_us"),
    ("exc_inh", "exc", "inh", "excitatory", "causal", "all_to_all", "w_exc_inh_us"),
    ("inh_exc", "inh", "exc", "inhibitory", "anti_causal", "all_to_all", "w_inh_exc_us"),
)
# the source wires the second layer's lateral connections twice; both sets act, so both are here
_LAYER_2 = (
    ("exc_exc2", "exc", "exc2", "excitatory", "causal", "one_to_one", "w_exc_exc2_us"),
    ("exc_inh2", "exc", "inh2", "excitatory", "anti_causal", "one_to_one", "w_exc_inh2_us"),
    ("inh_exc2", "inh", "exc2", "inhibitory", "causal", "one_to_one", "w_inh_exc2_us"),
    ("exc2_exc2", "exc2", "exc2", "excitatory", "symmetric", "ring", "w_exc_exc_us"),
    ("inh2_inh2", "inh2", "inh2", "inhibitory", "symmetric", "ring", "w_inh_inh_us"),
    ("exc2_inh2", "exc2", "inh2", "excitatory", "causal", "all_to_all", "w_exc_inh_us"),
    ("inh2_exc2", "inh2", "exc2", "inhibitory", "anti_causal", "all_to_all", "w_inh_exc_us"),
    ("exc2_exc2_near", "exc2", "exc2", "excitatory", "symmetric", "near_ring", "w_exc_exc_us"),
    ("inh2_inh2_again", "inh2", "inh2", "inhibitory", "symmetric", "ring", "w_inh_inh_us"),
)
_LATERAL = {row[0] for row in _LAYER_1 + _LAYER_2 if row[5] in ("ring", "near_ring")}
_INHIBITION = {"exc_inh", "inh_exc", "exc2_inh2", "inh2_exc2", "exc_inh2", "inh_exc2"}


def seed_streams(seed):
    """Return the streams of one run, each a :class:`numpy.random.SeedSequence`: "input", "simulator", projections.

    Parameters
    ----------
    seed : int
        Seed of the run, >= 0.

    Examples
    --------
    >>> list(seed_streams(0))[:3]
    ['input', 'simulator', 'input_exc']
    """
    names = ["input", "simulator", *(row[0] for row in _LAYER_1 + _LAYER_2), "shared"]
    return dict(zip(names, np.random.SeedSequence(seed).spawn(len(names)), strict=True))


def ring_positions(n_cells):
    """Return the (n_cells, 2) places of the cells on the unit circle: cell i at the angle 2 pi i / N.

    Cell i stands for the orientation pi i / N, so one turn of the circle is one period of orientation.

    Examples
    --------
    >>> ring_positions(4).round(3)[1]
    array([0., 1.])
    """
    angle = 2 * np.pi * np.arange(n_cells) / n_cells
    return np.column_stack([np.cos(angle), np.sin(angle)])


def chord_distance(n_cells):
    """Return the (n_cells, n_cells) straight-line distances between the cells, from 0 to 2 radii.

    Examples
    --------
    >>> float(chord_distance(60)[0, 1].round(4)), float(chord_distance(60)[0, 30])
    (0.1047, 2.0)
    """
    places = ring_positions(n_cells)
    return np.linalg.norm(places[:, None] - places[None], axis=-1)


def draw_delays(n_synapses, params, rng):
    """Return delays (ms) on the time grid: normal, redrawn until inside [delay_min_ms, delay_max_ms].

    Redrawing gives the truncated normal distribution, drawn here through its inverse, without a loop.

    Parameters
    ----------
    n_synapses : int
    params : RingParams
        Fields delay_mean_ms, delay_sd_ms, delay_min_ms, delay_max_ms, dt_ms.
    rng : numpy.random.Generator
    """
    mean, sd, bounds = params.delay_mean_ms, params.delay_sd_ms, np.array([params.delay_min_ms, params.delay_max_ms])
    low, high = ndtr((bounds - mean) / sd)
    drawn = mean + sd * ndtri(rng.uniform(low, high, n_synapses))
    return np.rint(np.clip(drawn, *bounds) / params.dt_ms) * params.dt_ms


def populations(params):
    """Return the size of each population: "input", "exc", "inh" and, with two layers, "exc2", "inh2"."""
    sizes = {"input": params.n_exc, "exc": params.n_exc, "inh": params.n_inh}
    return sizes if params.layers == 1 else {**sizes, "exc2": params.n_exc, "inh2": params.n_inh}


def projections(params, streams):
    """Return the projections of a ring as a list of :class:`Projection`.

    ``lateral=False`` leaves out E->E and I->I inside each layer, ``inhibition=False`` leaves out E->I and I->E inside
    and between layers, and a weight of 0 leaves out its projection.

    Parameters
    ----------
    params : RingParams
    streams : dict
        From :func:`seed_streams`.
    """
    rows = _LAYER_1 if params.layers == 1 else _LAYER_1 + _LAYER_2
    absent = (set() if params.lateral else _LATERAL) | (set() if params.inhibition else _INHIBITION)
    kept = [row for row in rows if row[0] not in absent and getattr(params, row[6]) > 0]
    return [_projection(row, params, streams) for row in kept]


def _projection(row, params, streams):
    rng = np.random.default_rng(streams[row[0]])
    name, pre, post, receptor, rule, pattern, weight_field = row
    sizes, weight_us = populations(params), getattr(params, weight_field)
    connected = _PATTERNS[pattern]((sizes[pre], sizes[post]), params, rng)
    post_ids, pre_ids = np.nonzero(connected.T)
    if params.shared_delays and pattern == "one_to_one":
        rng = np.random.default_rng(streams["shared"])
    delay_ms = draw_delays(len(pre_ids), params, rng)
    bounds = weight_us, params.w_max_ratio * weight_us
    stdp = stdp_rule(rule, params)
    return Projection(name, pre, post, receptor, stdp, *bounds, connected.shape, pre_ids, post_ids, delay_ms)


def _one_to_one(shape, params, rng):
    """The identity; between rings of unequal size (the 5:1 variant) a random choice with p_sparse."""
    return np.eye(shape[0], dtype=bool) if shape[0] == shape[1] else rng.random(shape) < params.p_sparse


def _decaying(shape, decay, rng):
    """P = exp(-decay d) over the chord distance d in radii; no synapse of a cell onto itself."""
    return (rng.random(shape) < np.exp(-decay * chord_distance(shape[0]))) & ~np.eye(shape[0], dtype=bool)


_PATTERNS = {
    "one_to_one": _one_to_one,
    "all_to_all": lambda shape, params, rng: np.ones(shape, dtype=bool),
    "ring": lambda shape, params, rng: _decaying(shape, params.lateral_decay, rng),
    "near_ring": lambda shape, params, rng: _decaying(shape, params.lateral_decay_2, rng),
}


def weight_matrix(projection, weight_us):
    """Return weights per synapse, or one for all, as a (n_pre, n_post) array with NaN where there is no synapse."""
    matrix = np.full(projection.shape, np.nan)
    matrix[projection.pre_ids, projection.post_ids] = weight_us
    return matrix
