"""The experiments of the learning notebook: one point of a sweep each, from a seed to a dict of arrays.

As in :mod:`helpers.v1.experiments`: plain numbers in (degrees), arrays out, fit for :func:`helpers.runs.sweep`.
"""

from __future__ import annotations

import csv

import numpy as np

from helpers import figures, runs, stimuli
from helpers.parameters import ParameterError, Table, check_array, check_choice, check_integer, check_number
from helpers.v1 import experiments, ring
from helpers.v1 import wiring_pynn as wiring

__all__ = [
    "SIX_DEG",
    "SPARSE",
    "cut_point",
    "froemke_dan",
    "halves",
    "learn_point",
    "lgn_learn_point",
    "profile",
    "scan",
    "scan_point",
    "scan_table",
    "second_minus_first",
    "stdp_window",
]

#: Orientations of the six windows of the published run.
SIX_DEG = (40, 160, 100, 40, 160, 100)

#: The two-layer ring of the sparsification figure: initial weight .15 uS, input gain 4, layer gain 6.
SPARSE = dict(
    layers=2,
    w_exc_exc_us=0.15,
    w_inh_inh_us=0.15,
    w_exc_inh_us=0.15,
    w_inh_exc_us=0.15,
    w_input_exc_us=0.6,
    w_input_inh_us=0.6,
    w_exc_exc2_us=0.9,
    w_exc_inh2_us=0.9,
    w_inh_exc2_us=0.9,
)


def learn_point(*, theta_deg=SIX_DEG, b_theta_deg=15.0, seed, weights=True, **changes):
    """Run the plastic ring through windows; return its counts and, as ``w_<projection>``, its final weights.

    Parameters
    ----------
    theta_deg : sequence of float
        One orientation per window.
    b_theta_deg : float or sequence of float
        Input bandwidth, one for all windows or one each.
    seed : int
    weights : bool
        Return the weight matrices (n_pre, n_post) in uS as well.
    **changes
        Fields of :class:`helpers.v1.ring.RingParams`, for example ``plastic=False`` for the control.
    """
    params = ring.RingParams().replace(**changes)
    theta_rad = np.deg2rad(check_array("theta_deg", theta_deg))
    b_theta_rad = np.deg2rad(check_array("b_theta_deg", b_theta_deg, finite=False))
    result = ring.simulate(params, theta_rad, b_theta_rad=b_theta_rad, seed=seed)
    matrices = {f"w_{name}": matrix for name, matrix in result.weights.items()} if weights else {}
    return {**result.counts, **matrices}


def cut_point(*, seed, plastic=True, floor=True, n_learn=2, n_cut=2, **changes):
    """Remove the input in the second half of some windows and count the halves.

    The windows show 40, 160, 100, ... deg. After `n_learn` whole windows come `n_cut` windows whose second half has
    no tuned input; two halves of the same background without any stimulus before them end the run, as control.

    Parameters
    ----------
    floor : bool
        Keep the background noise G in the cut halves (3 Hz at the gain of 15 Hz of the published run); False
        removes the input altogether.

    Returns
    -------
    dict
        "exc": (n_halves, n_cells) counts of half windows; "kind": (n_halves,) words "on", "cut" or "control";
        "theta_rad": (n_halves,).
    """
    n_learn, n_cut = check_integer("n_learn", n_learn, 0), check_integer("n_cut", n_cut, 0)
    if not isinstance(floor, bool):
        raise ParameterError(f"floor = {floor!r} is not a switch; allowed: True or False")
    params = ring.RingParams(gain_hz=15.0, window_ms=500.0).replace(plastic=plastic, **changes)
    theta = np.deg2rad(np.repeat(np.resize([40.0, 160.0, 100.0], n_learn + n_cut + 1), 2))
    kind = np.array(["on", "on"] * n_learn + ["on", "cut"] * n_cut + ["control", "control"])
    rate_hz = ring.input_rates(params, theta)
    rate_hz[kind != "on"] = params.noise * params.gain_hz if floor else 0.0
    trains = stimuli.poisson_trains(rate_hz, dt_ms=params.window_ms, seed=seed)
    result = ring.simulate(params, theta, trains=trains, seed=seed)
    return {**result.counts, "kind": kind, "theta_rad": theta}


def lgn_learn_point(*, theta_deg, seed, plastic=True, b_theta_deg=15.0):
    """Let movies drive the plastic ring through the LGN bank, one second each; return counts and weights."""
    theta_deg = check_array("theta_deg", theta_deg, ndim=1)
    windows = np.full(theta_deg.shape, check_number("b_theta_deg", b_theta_deg, 0, low_open=True))
    params = ring.RingParams(plastic=plastic)
    rate_hz = experiments.movie_rates(theta_deg, windows, seed=seed, params=params)
    trains = stimuli.poisson_trains(rate_hz, dt_ms=1.0, seed=seed)
    result = ring.simulate(params, np.deg2rad(theta_deg), trains=trains, seed=seed)
    return {**result.counts, "w_exc_exc": result.weights["exc_exc"], "w_input_exc": result.weights["input_exc"]}


def scan_point(*, tau_ms, a, tau_ratio, a_ratio, seed):
    """Score one rule of a scan over four windows of 500 ms at 40, 160, 100, 40 deg.

    Returns
    -------
    dict
        "spikes": excitatory spikes of the four windows; "b_deg": their fitted bandwidths, nan where refused.
    """
    changes = dict(stdp_tau_ms=tau_ms, stdp_a=a, stdp_tau_ratio=tau_ratio, stdp_a_ratio=a_ratio, window_ms=500.0)
    found = learn_point(theta_deg=(40, 160, 100, 40), seed=seed, weights=False, **changes)
    return {"spikes": found["exc"].sum(axis=1), "b_deg": experiments.bandwidths_deg(found["exc"])}


def stdp_window(rule, lag_ms, *, weight=0.5):
    """Return dw / w_max of one spike pair at lag t_post - t_pre, for a weight at a given share of w_max.

    Parameters
    ----------
    rule : str
        Key of :data:`helpers.v1.wiring.RULES`.
    lag_ms : array_like
        Negative: the postsynaptic spike comes first.

    Examples
    --------
    >>> stdp_window("causal", [10.0, -10.0]).round(4)
    array([ 0.0144, -0.009 ])
    """
    r = wiring.RULES[check_choice("rule", rule, tuple(wiring.RULES))]
    lag_ms, weight = check_array("lag_ms", lag_ms), check_number("weight", weight, 0, 1)
    up = r.a_plus * (1 - weight) * np.exp(-np.abs(lag_ms) / r.tau_plus_ms)
    down = -r.a_minus * weight * np.exp(-np.abs(lag_ms) / r.tau_minus_ms)
    return np.where(lag_ms > 0, up, np.where(lag_ms < 0, down, 0.0))


def froemke_dan(lag_ms):
    """Return the relative weight change measured in visual cortex: 1.03 e^(-t/13.3) and -.51 e^(t/34.5), t in ms.

    Sixty pairings; Froemke and Dan (2002) Nature 416:433, doi 10.1038/416433a.
    """
    lag_ms = check_array("lag_ms", lag_ms)
    return np.where(lag_ms > 0, 1.03 * np.exp(-np.abs(lag_ms) / 13.3), -0.51 * np.exp(-np.abs(lag_ms) / 34.5))


def profile(matrix):
    """Return ``(difference_rad, mean_weight)`` of a square weight matrix over orientation difference.

    The mean over synapses with the same difference of preferred orientation, in [-pi/2, pi/2).
    """
    matrix = check_array("matrix", matrix, ndim=2, finite=False)
    n = len(matrix)
    if matrix.shape != (n, n):
        raise ParameterError(f"matrix has shape {matrix.shape}; allowed: as many rows as columns")
    step = (np.arange(n)[None, :] - np.arange(n)[:, None] + n // 2) % n
    present = np.isfinite(matrix)
    total = np.bincount(step[present], matrix[present], minlength=n)
    count = np.bincount(step[present], minlength=n)
    mean = np.divide(total, count, out=np.full(n, np.nan), where=count > 0)
    return (np.arange(n) - n // 2) * np.pi / n, mean


def scan(seeds, *, tau_ms, a, tau_ratio, a_ratio, store=None, n_jobs=-1):
    """Run :func:`scan_point` on a grid and return its mean growth and narrowing with their spread over seeds.

    Each of the four grids is a list; two of them usually hold one value. `store` defaults to that of the notebooks.

    Returns
    -------
    list of dict
        Per point: the four numbers, ``growth`` (spikes of window 4 over window 1) and ``narrowing_deg`` (B of
        window 1 minus window 4), each with ``_sd`` over seeds.
    """
    grid = dict(tau_ms=tau_ms, a=a, tau_ratio=tau_ratio, a_ratio=a_ratio, seed=seeds)
    found = runs.sweep(scan_point, grid, store=store or runs.store("v1_scan"), n_jobs=n_jobs)
    rows = {}
    for point, result in found:
        key = tuple(point[name] for name in ("tau_ms", "a", "tau_ratio", "a_ratio"))
        rows.setdefault(key, []).append(
            (result["spikes"][3] / result["spikes"][0], -np.diff(result["b_deg"][[0, 3]])[0])
        )
    if not rows:
        raise ParameterError("every point of the scan failed; see *.error.json in its store")
    return [_scored(key, np.array(values)) for key, values in rows.items()]


def _scored(key, values):
    point = dict(zip(("tau_ms", "a", "tau_ratio", "a_ratio"), key, strict=True))
    growth, narrowing = (runs.summary(column) for column in values.T)
    scores = dict(growth=growth.mean, growth_sd=growth.sd, narrowing_deg=narrowing.mean, narrowing_sd=narrowing.sd)
    return {**point, **{name: float(value) for name, value in scores.items()}, "n": len(values)}


def second_minus_first(measures):
    """Return the table of paired changes between the first three windows and the same orientations shown again.

    Parameters
    ----------
    measures : dict
        ``{measure: {condition: (n_seeds, 6)}}``. A window without a fit (nan) is left out of its seed's mean.
    """
    rows = []
    for measure, conditions in measures.items():
        for condition, values in conditions.items():
            name = f"measures[{measure!r}][{condition!r}]"
            values = check_array(name, values, shape=(None, 6), finite=False)
            first, second = np.nanmean(values[:, :3], axis=1), np.nanmean(values[:, 3:], axis=1)
            change = np.nanmean(values[:, 3:] - values[:, :3], axis=1)
            cells = (f"{first.mean():.3g}", f"{second.mean():.3g}", str(runs.summary(change)))
            rows.append((measure, condition, *cells))
    return Table(("measure", "weights", "windows 1-3", "windows 4-6", "change"), tuple(rows))


def halves(floor, removed=None):
    """Return {label: (n_seeds,)} mean counts of half windows of :func:`cut_point` runs with and without the floor."""
    kind = floor["kind"][0]
    last = [k for k in range(1, len(kind)) if kind[k] == "cut"]
    before = [k - 1 for k in last]

    def mean(found, where):
        return found["exc"][:, where].sum(axis=2).mean(axis=1)

    control = np.flatnonzero(kind == "control")
    found = {
        "tuned input": mean(floor, before),
        "cut, floor 3 Hz": mean(floor, last),
        "floor alone": mean(floor, control),
    }
    return found if removed is None else {**found, "cut, no input": mean(removed, last)}


def scan_table(name, seeds, grid, *, n_checked=1):
    """Return the rows of a scan: computed at full profile, else read from ``figs/v1/stdp_scan_<name>.csv``.

    The full profile writes the table. The quick one reads it, computes `n_checked` points anew and says how far
    they are from the table; without a table it computes everything.
    """
    check_integer("n_checked", n_checked, 1)
    path = runs.ROOT / "figs" / "v1" / f"stdp_scan_{name}.csv"
    if runs.profile() == "full" or not path.is_file():
        rows = scan(seeds, **grid)
        cells = tuple(tuple(repr(value) for value in row.values()) for row in rows)
        figures.save_table(Table(tuple(rows[0]), cells), f"v1/stdp_scan_{name}", params=grid)
        return rows
    with path.open() as file:
        rows = [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]
    picked = rows[-n_checked:]
    points = [{key: [row[key]] for key in ("tau_ms", "a", "tau_ratio", "a_ratio")} for row in picked]
    anew = [scan(seeds, **point)[0] for point in points]
    gap = max(abs(new["growth"] / old["growth"] - 1) for new, old in zip(anew, picked, strict=True))
    print(f"scan {name}: {len(rows)} points from {path.name}; {n_checked} computed anew, growth within {gap:.0%}")
    return rows
