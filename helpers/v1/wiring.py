"""Populations, projections and learning rules of the V1 ring: arrays only, no simulator.

Every random draw comes from its own stream of the seed, so that leaving out one projection does not change the others,
and the synapses that :func:`wire` returns can be given to any simulator.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import stats  # the module: truncnorm itself holds the global random state, which no key may have

from helpers.parameters import ParameterError, check_array, check_choice, check_integer, check_number, doors, plain
from helpers.v1.params import RingParams

__all__ = ["PROJECTIONS", "RULES", "Projection", "Rule", "Synapses", "checked_rules", "draw_delays", "populations"]
__all__ += ["streams", "wire"]


class Rule(NamedTuple):
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


#: Rules of the published model. tau_minus is the same in all: NEST keeps it in the cell, not in the synapse.
RULES = {
    "causal": Rule(37.5, 30.0, 0.0375, 0.025),
    "anti-causal": Rule(22.5, 30.0, -0.0075, -0.025),
    "symmetric": Rule(48.0, 30.0, 0.025, -0.025),
}


class Projection(NamedTuple):
    """From one population to another: receptor, learning rule, who is connected, and the field of the weight."""

    pre: str
    post: str
    receptor: str
    rule: str
    pattern: str
    weight: str


#: The projections in the order in which they draw from the seed. The source wires the lateral connections of the second
#: layer twice; both sets act, so both are here.
PROJECTIONS = {
    "input_exc": Projection("input", "exc", "excitatory", "causal", "one_to_one", "w_input_exc_us"),
    "input_inh": Projection("input", "inh", "excitatory", "anti-causal", "one_to_one", "w_input_inh_us"),
    "exc_exc": Projection("exc", "exc", "excitatory", "symmetric", "ring", "w_exc_exc_us"),
    "inh_inh": Projection("inh", "inh", "inhibitory", "symmetric", "ring", "w_inh_inh_us"),
    "exc_inh": Projection("exc", "inh", "excitatory", "causal", "all_to_all", "w_exc_inh_us"),
    "inh_exc": Projection("inh", "exc", "inhibitory", "anti-causal", "all_to_all", "w_inh_exc_us"),
    "exc_exc2": Projection("exc", "exc2", "excitatory", "causal", "one_to_one", "w_exc_exc2_us"),
    "exc_inh2": Projection("exc", "inh2", "excitatory", "anti-causal", "one_to_one", "w_exc_inh2_us"),
    "inh_exc2": Projection("inh", "exc2", "inhibitory", "causal", "one_to_one", "w_inh_exc2_us"),
    "exc2_exc2": Projection("exc2", "exc2", "excitatory", "symmetric", "ring", "w_exc_exc_us"),
    "inh2_inh2": Projection("inh2", "inh2", "inhibitory", "symmetric", "ring", "w_inh_inh_us"),
    "exc2_inh2": Projection("exc2", "inh2", "excitatory", "causal", "all_to_all", "w_exc_inh_us"),
    "inh2_exc2": Projection("inh2", "exc2", "inhibitory", "anti-causal", "all_to_all", "w_inh_exc_us"),
    "exc2_exc2_near": Projection("exc2", "exc2", "excitatory", "symmetric", "near_ring", "w_exc_exc_us"),
    "inh2_inh2_again": Projection("inh2", "inh2", "inhibitory", "symmetric", "ring", "w_inh_inh_us"),
}


@dataclass(frozen=True, eq=False)
class Synapses:
    """The synapses of one projection: cells (n,) int, delays (n,) in ms on the time grid, weights (n,) in uS.

    `shape` is (n_pre, n_post).
    """

    shape: tuple[int, int]
    pre: np.ndarray
    post: np.ndarray
    delay_ms: np.ndarray
    weight_us: np.ndarray

    def matrix(self, weight_us: float | np.ndarray) -> np.ndarray:
        """Return weights per synapse as a (n_pre, n_post) array with NaN where there is no synapse."""
        matrix = np.full(self.shape, np.nan)
        shape = self.pre.shape if np.ndim(weight_us) else ()  # one each, or one for all
        matrix[self.pre, self.post] = check_array("weight_us", weight_us, shape=shape, empty=True)
        return matrix


def streams(seed: int) -> dict[str, np.random.SeedSequence]:
    """Return the random streams of one run: "input", "simulator" (unused), one per projection, "shared".

    Examples
    --------
    >>> list(streams(0))[:3]
    ['input', 'simulator', 'input_exc']
    """
    names = ["input", "simulator", *PROJECTIONS, "shared"]
    return dict(zip(names, np.random.SeedSequence(check_integer("seed", seed, 0)).spawn(len(names)), strict=True))


def populations(params: RingParams) -> dict[str, int]:
    """Return the size of each population: "input", "exc", "inh" and, with two layers, "exc2", "inh2"."""
    sizes = {"input": params.n_exc, "exc": params.n_exc, "inh": params.n_inh}
    return sizes if params.layers == 1 else {**sizes, "exc2": params.n_exc, "inh2": params.n_inh}


def draw_delays(n_synapses: int, params: RingParams, rng: np.random.Generator) -> np.ndarray:
    """Return delays (ms) on the time grid: normal, redrawn until inside [delay_min_ms, delay_max_ms]."""
    check_integer("n_synapses", n_synapses, 0, 10**9)
    mean, sd, low, high = params.delay_mean_ms, params.delay_sd_ms, params.delay_min_ms, params.delay_max_ms
    if low == high:
        drawn = np.full(n_synapses, low)
    else:
        cut = (low - mean) / sd, (high - mean) / sd
        drawn = stats.truncnorm.ppf(rng.random(n_synapses), *cut, loc=mean, scale=sd)
    first, last = np.ceil(low / params.dt_ms - 1e-9), np.floor(high / params.dt_ms + 1e-9)
    return np.clip(np.rint(drawn / params.dt_ms), first, max(first, last)) * params.dt_ms


def connected(pattern: str, shape: tuple[int, int], params: RingParams, rng: np.random.Generator) -> np.ndarray:
    """Return who is connected, (n_pre, n_post) of bool.

    Cell i stands at the angle 2 pi i / N of the unit circle. Lateral synapses ("ring", "near_ring") exist with
    P = exp(-decay d) of the chord d, from 0 to 2 radii, and never from a cell to itself. "one_to_one" between rings of
    unequal size (the 5:1 variant) is a random choice with `p_sparse`.
    """
    if pattern == "all_to_all":
        return np.ones(shape, dtype=bool)
    if pattern == "one_to_one":
        return np.eye(shape[0], dtype=bool) if shape[0] == shape[1] else rng.random(shape) < params.p_sparse
    decay = params.lateral_decay if pattern == "ring" else params.lateral_decay_2
    cell = np.arange(shape[0])
    chord = 2 * np.abs(np.sin(np.pi * (cell - cell[:, None]) / shape[0]))
    return (rng.random(shape) < np.exp(-decay * chord)) & ~np.eye(shape[0], dtype=bool)


def wire(params: RingParams, seed: int, given: dict | None = None) -> dict[str, Synapses]:
    """Draw the synapses of a ring: ``{projection: Synapses}``.

    ``lateral=False`` leaves out E->E and I->I inside each layer, ``inhibition=False`` leaves out E->I and I->E inside
    and between layers, and a weight of 0 leaves out its projection.

    Parameters
    ----------
    params : RingParams
    seed : int
    given : dict, optional
        ``{projection: (pre, post, delay_ms)}`` in place of what would be drawn; also what this function returned.

    Raises
    ------
    ParameterError
        For synapses of an unknown projection, cells that do not exist, a pair named twice, or delays below dt.

    Examples
    --------
    >>> from helpers.v1 import RingParams
    >>> {name: len(s.pre) for name, s in wire(RingParams(lateral=False), seed=0).items()}
    {'input_exc': 60, 'input_inh': 60, 'exc_inh': 3600, 'inh_exc': 3600}
    """
    sizes, stream, found = populations(params), streams(seed), {}
    given = dict(given or {})
    for name, p in PROJECTIONS.items():
        weight_us = getattr(params, p.weight)
        lateral = p.pattern in ("ring", "near_ring")
        between = {p.pre[:3], p.post[:3]} == {"exc", "inh"}
        absent = (lateral and not params.lateral) or (between and not params.inhibition)
        if p.post not in sizes or absent or weight_us == 0:
            continue
        shape = sizes[p.pre], sizes[p.post]
        if name in given:
            pre, post, delay_ms = checked_synapses(name, given.pop(name), shape, params)
        else:
            rng = np.random.default_rng(stream[name])
            post, pre = np.nonzero(connected(p.pattern, shape, params, rng).T)
            if params.shared_delays and p.pattern == "one_to_one":
                rng = np.random.default_rng(stream["shared"])
            delay_ms = draw_delays(len(pre), params, rng)
        found[name] = Synapses(shape, pre, post, delay_ms, np.full(len(pre), weight_us))
    for name in given:
        check_choice("synapses of projection", name, tuple(found))
    return found


def checked_synapses(name, synapses, shape, params):
    """Return the caller's synapses of one projection as arrays (pre, post, delay_ms), checked."""
    if isinstance(synapses, Synapses):
        synapses = synapses.pre, synapses.post, synapses.delay_ms
    if not isinstance(synapses, (tuple, list)) or len(synapses) != 3:
        raise ParameterError(f"synapses[{name!r}] is not (pre, post, delay_ms); give three arrays of one length")
    label, ids = f"synapses[{name!r}]", []
    for cells, n, end in zip(synapses[:2], shape, ("pre", "post"), strict=True):
        cells = check_array(f"{label} {end}", cells, ndim=1, low=0, high=n - 1, empty=True)
        if (cells % 1).any():
            raise ParameterError(f"{label} {end} holds {cells[cells % 1 > 0][0]:g}; allowed: whole numbers of cells")
        ids.append(cells.astype(int))
    if ids[0].shape != ids[1].shape:
        raise ParameterError(f"{label} has {ids[0].size} pre and {ids[1].size} post; allowed: one each per synapse")
    pairs = ids[0] * shape[1] + ids[1]
    if len(np.unique(pairs)) < len(pairs):
        raise ParameterError(f"{label} names a pair of cells twice; allowed: one synapse per pair")
    delay_ms = plain(f"{label} delay_ms", synapses[2], "ms")
    limits = dict(shape=ids[0].shape, low=params.dt_ms * (1 - 1e-9), high=1e3, empty=True)
    delay_ms = check_array(f"{label} delay_ms", delay_ms, **limits)
    return *ids, np.rint(delay_ms / params.dt_ms) * params.dt_ms


def checked_rules(given: dict | None) -> dict[str, Rule]:
    """Return :data:`RULES` with the caller's in their place.

    Raises
    ------
    ParameterError
        For an unknown name, a rule that is not four numbers, or rules that differ in tau_minus.
    """
    rules = dict(RULES)
    for name, rule in (given or {}).items():
        check_choice("rules", name, tuple(RULES))
        if not isinstance(rule, (tuple, list)) or len(rule) != 4:
            raise ParameterError(f"rules[{name!r}] is not (tau_plus_ms, tau_minus_ms, a_plus, a_minus)")
        checked = []
        for value, field in zip(rule, Rule._fields, strict=True):
            low = dict(low=1e-3, high=1e5) if field.startswith("tau") else dict(low=-10, high=10)
            value = plain(f"rules[{name!r}] {field}", value, "ms" if field.startswith("tau") else "")
            checked.append(check_number(f"rules[{name!r}] {field}", value, **low))
        rules[name] = Rule(*checked)
    if len({rule.tau_minus_ms for rule in rules.values()}) > 1:
        wrong = {name: rule.tau_minus_ms for name, rule in rules.items()}
        raise ParameterError(f"tau_minus_ms differs between rules ({wrong}); give all the same: it belongs to the cell")
    return rules


doors(globals())
