"""The V1 ring: excitatory and inhibitory conductance cells on a circle of orientations, with plastic synapses.

One layer has N excitatory and N inhibitory cells and N Poisson inputs; cell i prefers the orientation pi i / N.
A run is a series of windows, each with its own orientation theta and bandwidth B. Model and constants: the public
notebooks of two M2 internships (Marseille and Montreal, 2018-2019), after the ring of Ben-Yishai, Bar-Or and
Sompolinsky (1995, PNAS 92:3844). ``FINAL_1`` and ``FINAL_2`` build it in PyNN on NEST; this is the same, compiled.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from helpers.parameters import ParameterError, check_array, check_choice, check_integer, doors, plain
from helpers.spikes import window_counts
from helpers.stimuli import poisson_trains
from helpers.v1 import kernel
from helpers.v1.params import RingParams
from helpers.v1.wiring import PROJECTIONS, checked_rules, populations, streams, wire

__all__ = ["RingResult", "input_rates", "simulate"]


@dataclass(frozen=True, eq=False)
class RingResult:
    """What a run of the ring gives.

    Attributes
    ----------
    params : RingParams
    theta_rad, b_theta_rad : array (n_windows,)
        Stimulus of each window.
    seed : int
    counts : dict
        Population -> (n_windows, n_cells) spikes strictly inside each window.
    spikes : dict
        Population -> (times in ms, cells), ordered by time, then cell.
    weights : dict
        Projection -> (n_pre, n_post) final weights in uS, >= 0, NaN where there is no synapse.
    v_mv : dict
        Recorded population -> (n_steps, n_cells) potentials at dt, 2 dt, ...
    n_merged : int
        Input spikes that fell into the step of another spike of the same input, and were sent once.
    """

    params: RingParams
    theta_rad: np.ndarray
    b_theta_rad: np.ndarray
    seed: int
    counts: dict[str, np.ndarray]
    spikes: dict[str, tuple[np.ndarray, np.ndarray]]
    weights: dict[str, np.ndarray]
    v_mv: dict[str, np.ndarray]
    n_merged: int


def input_rates(params: RingParams, theta_rad: ArrayLike, b_theta_rad: ArrayLike | None = None) -> np.ndarray:
    """Return the (n_windows, n_exc) input rates in Hz.

    ``r_i = (1 - noise) G exp((cos 2(theta_i - theta) - 1) / (4 B^2)) + noise G``; for B = inf all are G.

    Parameters
    ----------
    params : RingParams
    theta_rad : float or array (n_windows,)
        Orientation of the stimulus, rad; any real number (period pi).
    b_theta_rad : float or array (n_windows,), optional
        Bandwidth, rad, > 0, inf allowed; by default that of `params`.

    Raises
    ------
    ParameterError
        If the two lengths differ, or a value is out of range.

    Examples
    --------
    >>> input_rates(RingParams(), 0.0).round(1)[0, [0, 5, 30]]
    array([20. , 13.8,  4. ])
    """
    theta_rad, b_theta_rad = checked_windows(params, theta_rad, b_theta_rad)
    preferred = np.pi * np.arange(params.n_exc) / params.n_exc
    # (cos 2x - 1) / 4 = -sin^2(x) / 2, which does not cancel for a narrow curve
    with np.errstate(over="ignore"):
        tuned = np.exp(-0.5 * (np.sin(preferred - theta_rad[:, None]) / b_theta_rad[:, None]) ** 2)
    return params.gain_hz * ((1 - params.noise) * tuned + params.noise)


def checked_windows(params, theta_rad, b_theta_rad):
    """Return one checked theta and one B per window."""
    theta_rad = check_array("theta_rad", np.atleast_1d(theta_rad), ndim=1)
    given = params.b_theta_rad if b_theta_rad is None else b_theta_rad
    given = check_array("b_theta_rad", np.atleast_1d(given), ndim=1, finite=False)
    if given.size not in (1, theta_rad.size):
        raise ParameterError(f"b_theta_rad has {given.size} values; allowed: one, or one per window ({theta_rad.size})")
    if not (given > 0).all():
        raise ParameterError(f"b_theta_rad holds {given[~(given > 0)][0]:g}; allowed: values > 0, or inf")
    return theta_rad, np.broadcast_to(given, theta_rad.shape).copy()


def simulate(
    params: RingParams,
    theta_rad: ArrayLike,
    *,
    b_theta_rad: ArrayLike | None = None,
    trains: list | None = None,
    weights: dict | None = None,
    current_na: dict | None = None,
    synapses: dict | None = None,
    rules: dict | None = None,
    record: Sequence[str] | str = (),
    seed: int,
) -> RingResult:
    """Run the ring through a series of windows.

    Wiring, delays and input spikes are drawn from `seed`, each from its own stream; nothing else is random.

    Parameters
    ----------
    params : RingParams
    theta_rad : float or array (n_windows,)
        Orientation of the input in each window, rad.
    b_theta_rad : float or array (n_windows,), optional
        Its bandwidth, rad, > 0; inf gives a flat input. By default that of `params` in every window.
    trains : list of array, optional
        Spike times in ms, from 0 to n_windows window_ms, one array per input: replaces the tuned input. They are
        moved to the time grid, from its first step on; two spikes of one input in a step are sent once.
    weights : dict, optional
        ``{projection: (n_pre, n_post)}`` in uS, with NaN where there is no synapse: where the synapses start. The
        weights of an earlier result of the same seed continue that run; with ``plastic=False`` they stay frozen.
        Another seed has other synapses and is refused, but where all are there (``lateral=False``) none can tell.
    current_na : dict, optional
        ``{population: current}`` injected into cells, nA: a number, one per cell, or (n_ms, n_cells), one row per ms.
    synapses : dict, optional
        ``{projection: (pre, post, delay_ms)}``: a wiring of your own, in place of the drawn one.
    rules : dict, optional
        ``{name: (tau_plus_ms, tau_minus_ms, a_plus, a_minus)}`` in place of rules of :data:`helpers.v1.RULES`.
    record : sequence of str
        Populations whose membrane potential is kept.
    seed : int
        Seed of everything random, >= 0.

    Raises
    ------
    ParameterError
        For an argument of the wrong type, length or range, weights of another wiring among them.

    Warns
    -----
    UserWarning
        Of rates that saturate: if more than one in a hundred input spikes was sent together with another of the same
        input and step, or if cells fire at nearly every step that their refractory period leaves.

    Examples
    --------
    >>> result = simulate(RingParams(plastic=False, window_ms=100.0), [0.5, 1.0], seed=1)
    >>> result.counts["exc"].shape, result.weights["exc_exc"].shape
    ((2, 60), (60, 60))
    """
    seed = check_integer("seed", seed, 0)
    theta_rad, b_theta_rad = checked_windows(params, theta_rad, b_theta_rad)
    sizes, rules = populations(params), checked_rules(rules)
    n_steps = theta_rad.size * round(params.window_ms / params.dt_ms)
    room = sum(sizes.values()) * (n_steps // (round(params.tau_refrac_ms / params.dt_ms) + 1))
    if room > 1e9:
        raise ParameterError(
            f"the run is too long to hold its spikes ({n_steps:.2g} steps, up to {room:.1g} spikes); allowed: 1e9; run "
            "it in parts, each with the weights of the one before"
        )

    if trains is None:
        rng = np.random.default_rng(streams(seed)["input"])
        trains = poisson_trains(input_rates(params, theta_rad, b_theta_rad), dt_ms=params.window_ms, seed=rng)
    else:
        trains = checked_trains(trains, params, params.window_ms * theta_rad.size)
    input_step, input_cell, n_merged = on_grid(trains, params.dt_ms, n_steps)

    links = wire(params, seed, synapses)
    for name, matrix in (weights or {}).items():
        check_choice("weights of projection", name, tuple(links))
        links[name].weight_us[:] = checked_weights(name, matrix, links[name], params)
    cells, n_input, n_cells = {}, sizes.pop("input"), 0
    for name, n in sizes.items():
        cells[name] = np.arange(n_cells, n_cells + n)
        n_cells += n
    wires, order = bundled(links, {"input": np.arange(-n_input, 0), **cells}, n_cells, rules, params)
    record = [record] if isinstance(record, str) else list(record)
    recorded = {check_choice("record", name, tuple(cells)): cells[name] for name in record}

    history, potentials = kernel.run(
        constants(params),
        wires,
        rules["causal"].tau_minus_ms,
        params.plastic,
        input_step,
        input_cell,
        n_input,
        n_cells,
        n_steps,
        params.dt_ms,
        injected(current_na, cells, n_cells, theta_rad.size * params.window_ms),
        np.concatenate([np.empty(0, int), *recorded.values()]),
    )

    steps = {"input": (input_step, input_cell)}
    for name, local in cells.items():
        part = slice(local[0], local[-1] + 1)
        steps[name] = in_order(history.fired[part], history.n_fired[part])
        warn_of_saturation(name, history.n_fired[part], n_steps * params.dt_ms, params)
    of_synapse = np.empty(len(order))
    of_synapse[order] = wires.weight
    parts = np.split(of_synapse, np.cumsum([len(s.pre) for s in links.values()]))
    columns = np.split(potentials, np.cumsum([len(local) for local in recorded.values()]), axis=1)
    sizes = populations(params)
    return RingResult(
        params=params,
        theta_rad=theta_rad,
        b_theta_rad=b_theta_rad,
        seed=seed,
        counts={name: counted(*found, sizes[name], theta_rad.size, params) for name, found in steps.items()},
        spikes={name: (step * params.dt_ms, cell) for name, (step, cell) in steps.items()},
        weights={name: s.matrix(part) for (name, s), part in zip(links.items(), parts, strict=False)},
        v_mv=dict(zip(recorded, columns, strict=False)),
        n_merged=n_merged,
    )


def counted(step, cell, n_cells, n_windows, params):
    """Return the spikes in each window as (n_windows, n_cells); one on the border of two belongs to neither."""
    per_window = round(params.window_ms / params.dt_ms)
    inside = step % per_window != 0
    clock = dict(n_windows=n_windows, window_ms=float(per_window))
    return window_counts(step[inside], cell[inside], n_cells=n_cells, **clock)


def constants(params):
    """Return the constants of a cell as the kernel takes them."""
    p = params
    taus = p.tau_syn_exc_ms, p.tau_syn_inh_ms
    reversal = p.e_rev_exc_mv, p.e_rev_inh_mv
    refractory = round(p.tau_refrac_ms / p.dt_ms)
    return kernel.Cell(p.cm_nf, p.tau_m_ms, refractory, *taus, *reversal, p.v_rest_mv, p.v_reset_mv, p.v_thresh_mv)


def bundled(links, cells, n_cells, rules, params):
    """Return the synapses as the kernel takes them, and where each stood in the projections, one after the other."""
    rows, empty = [PROJECTIONS[name] for name in links], [np.empty(0, int)]
    pre = np.concatenate([cells[row.pre][s.pre] for row, s in zip(rows, links.values(), strict=True)] or empty)
    post = np.concatenate([cells[row.post][s.post] for row, s in zip(rows, links.values(), strict=True)] or empty)
    delay = np.concatenate([np.rint(s.delay_ms / params.dt_ms) for s in links.values()] or empty).astype(int)
    weight_us = np.concatenate([s.weight_us for s in links.values()] or empty).astype(float)
    number = np.repeat(np.arange(len(links)), [len(s.pre) for s in links.values()])
    w_max = np.array([params.w_max_ratio * getattr(params, row.weight) for row in rows], float)[number]

    order = np.lexsort((number, pre))  # by sending cell (inputs stand before 0), then projection
    pre, number = pre[order], number[order]
    start = np.flatnonzero((np.diff(pre, prepend=pre[:1] - 1) != 0) | (np.diff(number, prepend=-1) != 0))
    rule = np.array([rules[row.rule] for row in rows], float).reshape(-1, 4)[number[start]]
    tau_plus, _, a_plus, a_minus = np.ascontiguousarray(rule.T)
    receptor = np.array([row.receptor == "inhibitory" for row in rows], int)[number[start]]
    senders = np.concatenate([*cells.values(), [n_cells]])
    of_cell, first = np.searchsorted(pre[start], senders), np.append(start, len(pre))
    synapse = post[order], delay[order], weight_us[order], w_max[order]
    return kernel.Wires(of_cell, first, receptor, tau_plus, a_plus, a_minus, *synapse), order


def warn_of_saturation(name, n_fired, total_ms, params):
    """Say how many cells of a population fire about as often as their refractory period allows."""
    highest_hz = 1000 / (params.dt_ms * (1 + round(params.tau_refrac_ms / params.dt_ms)))
    n = int((n_fired > 0.95 * highest_hz * total_ms / 1000).sum())
    if n and total_ms >= 50:
        warnings.warn(
            f"{n} of {len(n_fired)} cells of {name!r} fire at the highest rate that tau_refrac_ms and dt_ms allow "
            f"({highest_hz:.0f} Hz): their rates say nothing more about the input",
            stacklevel=4,
        )


def in_order(fired, n_fired):
    """Return the spikes of a population as (steps, cells), ordered by step, then cell."""
    step = np.concatenate([row[:n] for row, n in zip(fired, n_fired, strict=True)])
    cell = np.repeat(np.arange(len(fired)), n_fired)
    order = np.lexsort((cell, step))
    return step[order], cell[order]


def on_grid(trains, dt_ms, n_steps):
    """Return the trains as (steps, cells, merged): ordered, one spike per input and step, from step 1 to the last."""
    step = np.clip(np.rint(np.concatenate(trains) / dt_ms).astype(int), 1, n_steps)
    cell = np.repeat(np.arange(len(trains)), [len(train) for train in trains])
    both = np.unique(step * len(trains) + cell)
    n_merged = len(step) - len(both)
    if n_merged > 0.01 * len(step):
        warnings.warn(
            f"{n_merged} of {len(step)} input spikes fall into a time step ({dt_ms:g} ms) that holds another spike of "
            "the same input, and are sent once; lower the rates, or dt_ms",
            stacklevel=4,
        )
    return both // len(trains), both % len(trains), n_merged


def checked_trains(trains, params, total_ms):
    """Return the caller's spike trains as arrays, one per input, inside the run."""
    if isinstance(trains, str) or not hasattr(trains, "__len__") or len(trains) != params.n_exc:
        n = len(trains) if hasattr(trains, "__len__") else type(trains).__name__
        raise ParameterError(f"trains: {n} given; allowed: a list of {params.n_exc} arrays (n_exc), times in ms")
    limits = dict(ndim=1, low=0, high=total_ms, empty=True)
    return [check_array(f"trains[{i}]", plain(f"trains[{i}]", train, "ms"), **limits) for i, train in enumerate(trains)]


def checked_weights(name, matrix, synapses, params):
    """Return the caller's weights of one projection per synapse; they must belong to this wiring."""
    label, present = f"weights[{name!r}]", np.isfinite(synapses.matrix(1.0))
    matrix = check_array(label, plain(label, matrix, "uS"), shape=synapses.shape, finite=False)
    differ = int((np.isfinite(matrix) != present).sum())
    if differ:
        raise ParameterError(
            f"{label} belongs to another ring: {differ} synapses differ; give the seed it learned with"
        )
    high = params.w_max_ratio * getattr(params, PROJECTIONS[name].weight) if params.plastic else 100.0
    return check_array(label, matrix[synapses.pre, synapses.post], low=0, high=high * (1 + 1e-9), empty=True)


def injected(current_na, cells, n_cells, total_ms):
    """Return the injected current as (n_rows, n_cells) in nA, one row per ms, or one for the whole run."""
    n_ms, current = max(1, int(np.ceil(total_ms))), np.zeros((1, n_cells))
    for name, given in (current_na or {}).items():
        local = cells[check_choice("current_na", name, tuple(cells))]
        given = check_array(f"current_na[{name!r}]", given, ndim=(0, 1, 2), low=-1e3, high=1e3)
        if given.shape not in ((), local.shape, (n_ms, local.size)):
            raise ParameterError(
                f"current_na[{name!r}] has shape {given.shape}; allowed: a number, ({local.size},), "
                f"or ({n_ms}, {local.size}), one row per ms"
            )
        if given.ndim == 2 and len(current) == 1:
            current = np.repeat(current, n_ms, axis=0)
        current[:, local] = given
    return current


doors(globals())
