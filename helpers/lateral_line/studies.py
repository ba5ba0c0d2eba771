"""Studies of the lateral-line map: one network per point, trained once and tested under several conditions.

Every ``*_point`` function takes plain numbers, trains at most one network and returns a dict of equally long arrays,
one entry per condition, so that ``helpers.runs.sweep`` can store and resume it. A condition says which LL->MON and
MON->TS weights are tested, and whether LL->MON stays plastic in the test as in the original. All conditions of a
point see the same test noise. :func:`over` and :func:`by_condition` turn the results of a sweep into arrays for the
plots, seeds along axis 0.

The series: U untrained, T trained, both with LL->MON plastic in the test; UF, TF the same, frozen; P trained with the
MON->TS weights permuted over synapses, frozen; X0 the published "extract" convention, trained MON->TS with initial
LL->MON weights, plastic. In a decomposition "a / b" means LL->MON weights a and MON->TS weights b, frozen.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from helpers.lateral_line import evaluate, simulate
from helpers.lateral_line.metrics import map_quality
from helpers.lateral_line.params import NetworkParams, preset
from helpers.parameters import ParameterError, check_choice

__all__ = [
    "by_condition",
    "course_point",
    "decomposition_point",
    "distance_point",
    "map_point",
    "measure",
    "metric_floor",
    "modification_point",
    "n_mon_point",
    "network",
    "over",
    "stimulus_point",
    "trained",
]

SERIES = ("U", "UF", "T", "TF", "P", "X0")
_FIRST = ("initial / initial", "trained / initial", "mean / initial", "0.8 initial / initial")
DECOMPOSITION = (*_FIRST, "initial / trained", "trained / trained", "1.25 trained / trained")
CONTROLLED = ("UF", "TF", "P", "trained / initial", "permuted / trained", "matched / matched", "shuffled / shuffled")
CONDITIONS = {
    "U": ("initial", "initial", True),
    "UF": ("initial", "initial", False),
    "T": ("trained", "trained", True),
    "TF": ("trained", "trained", False),
    "P": ("trained", "permuted", False),
    "X0": ("initial", "trained", True),
    **{name: (*name.split(" / "), False) for name in (*DECOMPOSITION, *CONTROLLED) if " / " in name},
}
STIMULI = {
    "base": {},
    "backward": {"direction": -1},
    "2.5 cm/s": {"speed_cm_s": 2.5},
    "10 cm/s": {"speed_cm_s": 10.0},
    "R = 0.3 cm": {"sphere_radius_cm": 0.3},
    "R = 0.7 cm": {"sphere_radius_cm": 0.7},
    "noise 2 Hz": {"test_ll_noise_hz": 2.0},
    "noise 5 Hz": {"test_ll_noise_hz": 5.0},
}
MODIFICATIONS = {
    "as published": {},
    "held LL→MON sum": {"ll_mon_homeo_eta": 1.0, "ll_mon_homeo_every_trials": 1},
    "fixed LL→MON": {"ll_mon_apre": 0.0, "ll_mon_apost": 0.0, "ll_mon_homeo_eta": 0.0},
    "strong TS inhibition": {"ts_local_inh_peak_mV": 4.5},
}
PUBLISHED = {
    "q": {"q": (0.1, 0.15, 0.2, 0.4, 0.6, 0.8), "sigma_theta_rad": (0.902, 0.455, 0.354, 0.330, 0.286, 0.278)},
    "distance": {
        "distance_cm": (0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.5, 2.0, 2.5, 3.0),
        "sigma_theta_rad": (1.15, 0.63, 0.36, 0.31, 0.48, 0.73, 1.16, 1.68, 1.69, 1.71),
    },
    "n_mon": {"n_mon": (400, 800, 1600, 3200), "sigma_theta_rad": (1.77, 1.04, 0.52, 0.30)},
    "stimulus": {"sigma_theta_rad": (0.33, 1.00, 0.65, 0.27, 1.27, 0.26, np.nan, np.nan)},
}


def network(q, *, n_trials, seed, mode="ll_baseline", **fields):
    """Return the parameters of a mode with topography strength `q` on both pathways and other fields changed.

    Examples
    --------
    >>> network(0.4, n_trials=0, seed=1, n_mon=400).mon_to_ts_topography_strength
    0.4
    """
    knobs = dict(ll_to_mon_topography_strength=q, mon_to_ts_topography_strength=q)
    return preset(mode).replace(**knobs, n_training_trials=n_trials, seed=seed, **fields)


@dataclass(frozen=True, eq=False)
class Trained:
    """A trained network: `params`, the weights before and after training, and the spikes per trial.

    `initial` and `final` are {"ll_mon", "mon_ts"} -> (i, j, w), as in ``Result``; `trial_spikes` (n_trials, 3).
    """

    params: NetworkParams
    initial: dict
    final: dict
    trial_spikes: np.ndarray


@functools.lru_cache(maxsize=4)
def trained(params):
    """Train the network of `params` (seed included) and return it as :class:`Trained`; the last four are kept."""
    result = simulate(params, test_repeats=1, controls=False)
    return Trained(params, result.initial_weights, result.weights, result.history.trial_spikes)


# --- conditions

# Each takes the initial and the final weights of a pathway and a generator.
PATHWAY = {
    "initial": lambda first, last, rng: first,
    "trained": lambda first, last, rng: last,
    "permuted": lambda first, last, rng: rng.permutation(last),
    "mean": lambda first, last, rng: np.full_like(last, last.mean()),
    "0.8 initial": lambda first, last, rng: 0.8 * first,
    "1.25 trained": lambda first, last, rng: 1.25 * last,
    "matched": lambda first, last, rng: last * (first.mean() / last.mean()),
    "shuffled": lambda first, last, rng: rng.permutation(last * (first.mean() / last.mean())),
}


def weights_of(net, condition, rng):
    """Return the weights of a condition, {"ll_mon", "mon_ts"} -> (i, j, w).

    "matched" is the trained pattern scaled to the initial mean weight of its pathway, "shuffled" the same permuted over
    the synapses: they compare patterns at equal drive.

    Examples
    --------
    >>> sorted(CONDITIONS)[:3]
    ['0.8 initial / initial', '1.25 trained / trained', 'P']
    """
    check_choice("condition", condition, CONDITIONS)
    weights = {}
    for pathway, rule in zip(("ll_mon", "mon_ts"), CONDITIONS[condition], strict=False):
        i, j, first = net.initial[pathway]
        weights[pathway] = (i, j, PATHWAY[rule](first, net.final[pathway][2], rng))
    return weights


def measure(net, conditions, *, repeats, **changes):
    """Test a network under each condition, with some fields of its parameters changed, and return a dict of arrays.

    Returns
    -------
    dict
        condition; sigma_theta_rad, delta_trial_rad, valid_fraction over the whole sweep; sigma_window_rad, valid_window
        inside the window; ts_spikes, mon_hz in the test; all (n_conditions,), means over the test repeats.
    """
    rows = []
    for condition in conditions:
        weights = weights_of(net, condition, np.random.default_rng([net.params.seed, 17]))
        params = net.params.replace(keep_ll_mon_stdp_during_test=CONDITIONS[condition][2], **changes)
        result = evaluate(params, weights, seed=params.seed, test_repeats=repeats, controls=False)
        rows.append({"condition": condition, **_measures(result)})
    return {key: np.array([row[key] for row in rows]) for key in rows[0]}


def _measures(result):
    whole, window = result.quality, result.quality_window
    return {
        "sigma_theta_rad": whole.sigma_theta_rad,
        "delta_trial_rad": whole.delta_trial_rad,
        "valid_fraction": whole.valid_fraction,
        "sigma_window_rad": window.sigma_theta_rad,
        "valid_window": window.valid_fraction_window,
        "ts_spikes": result.ts_spikes_test,
        "mon_hz": result.rates_hz["mon_test"],
    }


# --- points


def map_point(*, q, seed, n_trials=300, repeats=5, series=SERIES, **fields):
    """Test the series at one topography strength; `fields` as for :func:`network`."""
    return measure(trained(network(q, n_trials=n_trials, seed=seed, **fields)), series, repeats=repeats)


def decomposition_point(*, q, seed, n_trials=300, repeats=5, **fields):
    """Test which part of the trained weights changes the map: patterns, means, and the mean alone, all frozen."""
    return map_point(q=q, seed=seed, n_trials=n_trials, repeats=repeats, series=DECOMPOSITION, **fields)


def distance_point(*, distance_cm, q=0.2, seed, n_trials=300, repeats=5, series=("U", "T", "X0"), **fields):
    """Test a network, trained at its own distance, with the sphere at `distance_cm`."""
    net = trained(network(q, n_trials=n_trials, seed=seed, **fields))
    return measure(net, series, repeats=repeats, distance_cm=distance_cm)


def stimulus_point(*, stimulus, q=0.2, seed, n_trials=300, repeats=5, series=("U", "T", "X0"), **fields):
    """Test a network with one of :data:`STIMULI`."""
    check_choice("stimulus", stimulus, STIMULI)
    net = trained(network(q, n_trials=n_trials, seed=seed, **fields))
    return measure(net, series, repeats=repeats, **STIMULI[stimulus])


def n_mon_point(*, n_mon, q=0.2, seed, n_trials=300, repeats=5, **fields):
    """Train and test at the gain 220 mV x 3200 / `n_mon`, which keeps the drive of a TS cell.

    The last condition repeats the published mistake: X0 tested at 220 mV whatever the size.
    """
    net = trained(network(q, n_trials=n_trials, seed=seed, n_mon=n_mon, mon_ts_gain_mV=220 * 3200 / n_mon, **fields))
    right = measure(net, ("U", "T", "X0"), repeats=repeats)
    wrong = measure(net, ("X0",), repeats=repeats, mon_ts_gain_mV=220.0)
    wrong["condition"] = np.array(["X0 at 220 mV"])
    return {key: np.concatenate([right[key], wrong[key]]) for key in right}


def modification_point(*, modification, q=0.2, seed, n_trials=300, repeats=5, **fields):
    """Train with one of :data:`MODIFICATIONS` and test what was learned against its controls, all frozen.

    Learning matters if TF is better than UF, and worse after permuting either pathway; "matched" and "shuffled" make
    that comparison at the initial mean weights, so that it is not one of drive.
    """
    check_choice("modification", modification, MODIFICATIONS)
    fields = MODIFICATIONS[modification] | fields
    return map_point(q=q, seed=seed, n_trials=n_trials, repeats=repeats, series=CONTROLLED, **fields)


def course_point(*, q=0.2, seed, n_trials=300, every=5, **fields):
    """Return the course of a training: trial, mean and SD of the LL->MON weights (mV), rates since the last record."""
    params = network(q, n_trials=n_trials, seed=seed, checkpoint_trials=every, **fields)
    params = params.replace(checkpoint_save_every_n_checkpoints=1)
    rows = []

    def note(state):
        w = np.asarray(state["ll_mon_w_mV"], float)
        rows.append((int(state["trial_idx"]) + 1, w.mean(), w.std()))

    result = simulate(params, test_repeats=1, controls=False, on_checkpoint=note)
    trial, mean, sd = np.transpose(rows)
    spikes = np.add.reduceat(result.history.trial_spikes, np.r_[0, trial[:-1]].astype(int), axis=0)
    seconds, sizes = (
        np.diff(trial, prepend=0)[:, None] * params.trial_duration_s,
        (params.n_ll, params.n_mon, params.n_ts),
    )
    hz = dict(zip(("ll_hz", "mon_hz", "ts_hz"), (spikes / seconds / sizes).T, strict=True))
    first = result.initial_weights["ll_mon"][2]
    return {"trial": trial, "ll_mon_mean_mV": mean, "ll_mon_sd_mV": sd, "initial_mean_mV": first.mean(), **hz}


# --- the metric itself


def metric_floor(*, n_ts=300, seed=0):
    """Return sigma_theta of reference activities of `n_ts` cells in the published sweep, -.5 to 4.495 cm.

    Returns
    -------
    dict
        activity (names), sigma_theta_rad and sigma_window_rad (window 0-4 cm), (n_activities,): a perfect map of the
        body and of the sweep, bumps of activity that follow the sphere on and off the body (SD in cells of 300), and
        random spikes.
    """
    x, rng = -0.5 + 0.005 * np.arange(1000), np.random.default_rng(seed)
    steps, body = np.arange(1000), x / 4 * (n_ts - 1)
    cases = {"perfect body map": (steps, np.rint(np.clip(body, 0, n_ts - 1)))}
    cases["perfect sweep map"] = steps, (x + 0.5) / 5 * n_ts
    cases |= {f"bump, SD {sd} cells": _bump(body, sd * n_ts / 300, n_ts) for sd in (15, 30, 45, 60)}
    cases["3 random cells per ms"] = np.repeat(steps, 3), rng.integers(0, n_ts, 3000)
    cases["60 random spikes"] = np.sort(rng.integers(0, 1000, 60)), rng.integers(0, n_ts, 60)
    table = {"activity": list(cases), "sigma_theta_rad": [], "sigma_window_rad": []}
    for step, cell in cases.values():
        for key, window in (("sigma_theta_rad", None), ("sigma_window_rad", (0.0, 4.0))):
            quality = map_quality(step, np.asarray(cell).astype(int), x, n_cells=n_ts, window_cm=window)
            table[key].append(quality.sigma_theta_rad)
    return {key: np.array(values) for key, values in table.items()}


def _bump(centre, sd, n_cells):
    """Return spikes whose number per step and cell is 20 times a Gaussian of cell index, rounded."""
    counts = np.rint(20 * np.exp(-((np.arange(n_cells) - centre[:, None]) ** 2) / (2 * sd**2))).astype(int)
    step, cell = np.indices(counts.shape)
    return np.repeat(step.ravel(), counts.ravel()), np.repeat(cell.ravel(), counts.ravel())


# --- results of a sweep


def by_condition(results, metric):
    """Return {condition: (n_points,) values} of (point, result) pairs, in their order."""
    results = [result for _, result in results]
    if not results:
        raise ParameterError("results is empty; give the (point, result) pairs of a sweep")
    names = results[0]["condition"]
    return {str(name): np.array([result[metric][k] for result in results]) for k, name in enumerate(names)}


def over(results, name, metric, *, min_spikes=0):
    """Return {condition: (x, values (n_seeds, n_x))} of (point, result) pairs: a metric over parameter `name`.

    Seeds and x in the order of the sweep; a missing point is NaN, and so is one of fewer than `min_spikes` TS spikes
    (below about 250 a small sigma_theta means nothing).
    """
    results = list(results)
    seeds, x = (list(dict.fromkeys(point[key] for point, _ in results)) for key in ("seed", name))
    table = {}
    for point, result in results:
        place = seeds.index(point["seed"]), x.index(point[name])
        shown = np.where(result["ts_spikes"] >= min_spikes, result[metric], np.nan)
        for condition, value in zip(result["condition"], shown, strict=True):
            table.setdefault(str(condition), np.full((len(seeds), len(x)), np.nan))[place] = value
    return {condition: (np.array(x), values) for condition, values in table.items()}
