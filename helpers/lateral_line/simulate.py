"""Training, test and controls of the lateral-line map.

A run: draw wiring and weights; train trial after trial with all state carried over; then test. Every test starts
from a rested network with cleared traces and frozen weights (unless kept plastic on purpose) and depends on nothing
but parameters, weights and seed, so that stored weights reproduce it bit for bit. One sweep is one sample: tests are
repeated with independent noise, and the untrained and the permuted network see the same noise as the trained one.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from helpers.lateral_line import measures, stimulus
from helpers.lateral_line import wiring as wires
from helpers.lateral_line.kernel import LAYERS, Network, Recording
from helpers.lateral_line.params import NetworkParams
from helpers.parameters import check_array, check_integer, doors

__all__ = ["History", "Result", "evaluate", "homeostasis", "simulate", "stabilisation_time"]

BLOCK_TRIALS, BIN_S, MAX_DOTS = 10, 0.02, 200_000


@dataclass(frozen=True, eq=False)
class History:
    """What training left behind: records at its start, after every `checkpoint_trials` trials, and at its end.

    Attributes
    ----------
    checkpoint_t_s : array (n_records,)
        The first is 0.
    w_mean, w_std, w_mean_abs_delta, w_frac_delta_gt_1e3 : array (n_records,)
        MON -> TS weights: mean, sd, mean |w - w0|, share with |w - w0| > 1e-3.
    ll_mon_mean_mV, ll_mon_std_mV : array (n_records,)
        LL -> MON weights.
    tracked : array (n_records, 24)
        Weights of 24 MON -> TS synapses drawn from the seed.
    pv_t_s, pv_sigma_theta, pv_delta_trial : array (n_evaluations,)
        Map metrics of the spikes since the last record, or the last multiple of ten trials, with theta spread over
        the positions shown; NaN where too few spikes make them worthless.
    stabilisation_t_s : float
        First record after four successive changes of the mean weight below .5 % of the final mean, or NaN.
    trial_spikes : array (n_trials, 3)
        Spikes of LL, MON and TS in each trial.
    binned : array (n_bins, 3)
        Spikes of LL, MON and TS in bins of 20 ms.
    dots : dict
        "ll", "mon", "ts" -> (t_s, cell): the spikes, evenly thinned to at most 2e5 over the whole training.
    """

    checkpoint_t_s: np.ndarray
    w_mean: np.ndarray
    w_std: np.ndarray
    w_mean_abs_delta: np.ndarray
    w_frac_delta_gt_1e3: np.ndarray
    ll_mon_mean_mV: np.ndarray
    ll_mon_std_mV: np.ndarray
    tracked: np.ndarray
    pv_t_s: np.ndarray
    pv_sigma_theta: np.ndarray
    pv_delta_trial: np.ndarray
    stabilisation_t_s: float
    trial_spikes: np.ndarray
    binned: np.ndarray
    dots: dict


@dataclass(frozen=True, eq=False)
class Result:
    """What a run gives. NaN stands for what cannot be told (no training, too few spikes).

    Attributes
    ----------
    params : NetworkParams
    seed : int
    initial_weights, weights : dict
        "ll_mon" (mV) and "mon_ts" (dimensionless) -> (i, j, w): source, target, weight, in the order of the wiring.
        `weights` are those after training, before any test; those of a plastic pathway lie in [0, w_max].
    kept : dict
        Trial number -> weights after that trial, for the trials asked for.
    rates_hz : dict
        "ll_train", ... "ts_test": mean rate per cell, over all training trials and over the test repeats.
    spikes_total : dict
        "ll", "mon", "ts", "mon_inh", "ts_inh": training plus first test.
    ts_spikes_test : float
        Mean over test repeats.
    quality : MapQuality
        Of TS, over the whole sweep, or inside the evaluation window if one is given; mean over the usable repeats.
    quality_window : MapQuality
        The same inside the window, which is the body unless one is given.
    quality_ll : MapQuality
        The same as `quality`, of the afferents.
    controls : dict
        "untrained" (initial weights) and "shuffled" (MON -> TS weights permuted over synapses), each with
        sigma_theta_rad, delta_trial_rad, valid_fraction, the same with suffix "_window", usable, and ts_spikes_test;
        "chance_rad", "chance_window_rad": mean sigma_theta over 20 renumberings of the TS cells. Empty if not wanted.
    repeats : dict
        The metrics and spike numbers of each test, name -> (n_repeats,).
    history : History
    test : Recording
        The first test.
    """

    params: NetworkParams
    seed: int
    initial_weights: dict
    weights: dict
    kept: dict
    rates_hz: dict
    spikes_total: dict
    ts_spikes_test: float
    quality: measures.MapQuality
    quality_window: measures.MapQuality
    quality_ll: measures.MapQuality
    controls: dict
    repeats: dict
    history: History
    test: Recording


def simulate(
    params: NetworkParams, *, seed: int | None = None, controls: bool = True, progress: bool = False, keep: tuple = ()
) -> Result:
    """Train and test one network and return its :class:`Result`.

    Parameters
    ----------
    params : NetworkParams
    seed : int, optional
        By default `params.seed`. Same seed: same arrays, bit for bit.
    controls : bool
        Also test the untrained and the permuted network, and find the chance level.
    progress : bool
        Show a bar with trials per second.
    keep : sequence of int
        Trials after which the weights are kept too, before homeostasis acts.

    Raises
    ------
    ParameterError
        For an argument of the wrong type or range.

    Examples
    --------
    >>> from helpers.lateral_line.params import preset
    >>> result = simulate(preset("ll_fast").replace(n_training_trials=0, test_repeats=1), controls=False)
    >>> result.ts_spikes_test > 1000
    True
    """
    seed = check_integer("seed", params.seed if seed is None else seed, 0)
    for trial in keep:
        check_integer("keep", trial, 1, params.n_training_trials)
    wiring = wires.draw(params, seed)
    before = wires.initial_weights(params, seed, wiring)
    training = _train(params, seed, wiring, before, progress, set(keep))
    return _result(params, seed, wiring, before, training, controls)


def evaluate(params: NetworkParams, weights: dict, *, seed: int, controls: bool = False) -> Result:
    """Test a network with given weights, without any training, and return its :class:`Result`.

    Parameters
    ----------
    weights : dict
        {"ll_mon": (i, j, w in mV), "mon_ts": (i, j, w)}, in any order, as in ``Result.weights``.

    Other arguments as for :func:`simulate`. The untrained control has the initial weights of `seed` on these synapses.
    """
    params, seed = params.replace(n_training_trials=0), check_integer("seed", seed, 0)
    wiring, given = wires.given(params, seed, weights)
    before = wires.initial_weights(params, seed, wiring)
    return _result(params, seed, wiring, before, _train(params, seed, wiring, given, False, set()), controls)


# --- training


@dataclass(frozen=True, eq=False)
class _Training:
    """What a training gives: weights at its end, kept ones {trial: weights}, history, spikes of the interneurons."""

    weights: dict
    kept: dict
    history: History
    inhibitory: np.ndarray


def _train(params, seed, wiring, before, progress, keep):
    """Train block after block of at most ten trials; a block ends wherever something has to be done."""
    from tqdm.auto import tqdm

    p, n_steps = params, stimulus.trial_steps(params)
    network = Network(p, wiring, before, rng=wires.stream(seed, 3))
    stream = stimulus.snapshots(p, p.n_training_trials * n_steps, seed)
    target = np.bincount(wiring.ll_mon.post, before["ll_mon"], p.n_mon)
    target = target[target > 0].mean() if target.any() else 0.0
    log = _Log(p, seed, before, network)
    ends, inhibitory, kept, first = {p.n_training_trials, *keep} - {0}, np.zeros(2, int), {}, 0
    for period in (p.checkpoint_trials, p.ll_mon_homeo_every_trials, p.mon_ts_homeo_every_trials, BLOCK_TRIALS):
        ends.update(range(period, p.n_training_trials, period))
    bar = tqdm(total=p.n_training_trials, unit="trial", desc="training", disable=not progress or "CI" in os.environ)
    for last in sorted(ends):
        drive = stimulus.snapshot_drive(p, stream, first * n_steps, (last - first) * n_steps)
        block = network.run(drive, first * n_steps * p.dt_s)
        inhibitory += block.inhibitory
        log.spikes(block, last - first)
        if last % p.checkpoint_trials == 0 or last == p.n_training_trials:
            log.record(last * n_steps * p.dt_s)
        if last in keep:
            kept[last] = {name: network.weights(name) for name in before}
        if last % p.ll_mon_homeo_every_trials == 0 and p.ll_mon_use_stdp and p.ll_mon_homeo_eta:
            rule = dict(n_post=p.n_mon, eta=p.ll_mon_homeo_eta, w_max=p.ll_mon_wmax_mV, target=target)
            network.set_weights("ll_mon", homeostasis(network.weights("ll_mon"), wiring.ll_mon.post, **rule))
        if last % p.mon_ts_homeo_every_trials == 0 and p.mon_ts_homeo_eta:
            rule = dict(n_post=p.n_ts, eta=p.mon_ts_homeo_eta, w_max=p.mon_ts_wmax)
            network.set_weights("mon_ts", homeostasis(network.weights("mon_ts"), wiring.mon_ts.post, **rule))
        bar.update(last - first)
        first = last
    bar.close()
    weights = {name: network.weights(name) for name in before}
    return _Training(weights, kept, log.history(), inhibitory)


class _Log:
    """Collects the :class:`History` of a training."""

    def __init__(self, params, seed, before, network):
        self.params, self.before, self.network = params, before["mon_ts"], network
        self.synapses = wires.tracked(seed, self.before.size)
        self.records, self.evaluations, self.trials, self.binned = [], [], [], []
        self.recent = []  # blocks of which the next record tells the map
        self.dots = dict.fromkeys(LAYERS, (np.zeros(0), np.zeros(0, np.int32)))
        self.stride = dict.fromkeys(LAYERS, 1)
        self.record(0.0)

    def spikes(self, block, n_trials):
        """Count the spikes of a block by trial and by bin, and keep a thinned sample."""
        p, steps = self.params, round(BIN_S / self.params.dt_s) or 1
        if sum(map(len, self.trials)) % BLOCK_TRIALS == 0:
            self.recent = []
        self.recent.append(block)
        counts = np.transpose([block.counts[layer] for layer in LAYERS])
        self.trials.append(counts.reshape(n_trials, -1, 3).sum(axis=1))
        self.binned.append(np.add.reduceat(counts, np.arange(0, len(counts), steps)))
        for layer in LAYERS:
            (step, cell), (t_s, cells) = block.spikes[layer], self.dots[layer]
            t_s = np.append(t_s, block.t0_s + step[:: self.stride[layer]] * p.dt_s)
            cells = np.append(cells, cell[:: self.stride[layer]])
            while t_s.size > MAX_DOTS:
                t_s, cells = t_s[::2].copy(), cells[::2].copy()
                self.stride[layer] *= 2
            self.dots[layer] = t_s, cells

    def record(self, t_s):
        """Note the weights, and at every n-th record the quality of the map in the blocks before it."""
        p, w, w_mv = self.params, self.network.weights("mon_ts"), self.network.weights("ll_mon")
        change = np.abs(w - self.before)
        moved = dict(w_mean_abs_delta=change.mean(), w_frac_delta_gt_1e3=(change > 1e-3).mean())
        ll_mon = dict(ll_mon_mean_mV=w_mv.mean(), ll_mon_std_mV=w_mv.std())
        weights = dict(w_mean=w.mean(), w_std=w.std(), tracked=w[self.synapses], **moved, **ll_mon)
        self.records.append(dict(checkpoint_t_s=t_s, **weights))
        if self.recent and (len(self.records) - 1) % p.pv_eval_every_checkpoints == 0:
            first = np.cumsum([0, *(len(block.x_cm) for block in self.recent[:-1])])
            step = np.concatenate([k + block.spikes["ts"][0] for k, block in zip(first, self.recent, strict=True)])
            cell = np.concatenate([block.spikes["ts"][1] for block in self.recent])
            x_cm = np.concatenate([block.x_cm for block in self.recent])
            q = measures.map_quality(step, cell, x_cm, n_cells=p.n_ts, dt_s=p.dt_s)
            sigma, delta = (q.sigma_theta_rad, q.delta_trial_rad) if q.usable else (np.nan, np.nan)
            self.evaluations.append(dict(pv_t_s=t_s, pv_sigma_theta=sigma, pv_delta_trial=delta))
        self.recent = []

    def history(self):
        """Return the History so far."""
        series = {name: np.array([record[name] for record in self.records]) for name in self.records[0]}
        for name in ("pv_t_s", "pv_sigma_theta", "pv_delta_trial"):
            series[name] = np.array([found[name] for found in self.evaluations])
        series["stabilisation_t_s"] = stabilisation_time(series["checkpoint_t_s"][1:], series["w_mean"][1:])
        none = np.zeros((0, 3), int)
        series["trial_spikes"], series["binned"] = (
            np.concatenate([none, *self.trials]),
            np.concatenate([none, *self.binned]),
        )
        return History(**series, dots=self.dots)


def stabilisation_time(t_s: ArrayLike, w_mean: ArrayLike) -> float:
    """Return the time of the first record after four successive changes below .5 % of the final mean, or NaN.

    Examples
    --------
    >>> stabilisation_time([1, 2, 3, 4, 5, 6], [0.5, 0.9, 1, 1, 1, 1]), stabilisation_time([1, 2], [1, 1])
    (nan, nan)
    >>> stabilisation_time([1, 2, 3, 4, 5, 6], [0.5, 1, 1, 1, 1, 1])
    6.0
    """
    w_mean = check_array("w_mean", w_mean, ndim=1, finite=False, empty=True)
    t_s = check_array("t_s", t_s, shape=w_mean.shape, empty=True)
    small = np.abs(np.diff(w_mean)) < 0.005 * np.abs(w_mean[-1:])
    for i in range(3, small.size):
        if small[i - 3 : i + 1].all():
            return float(t_s[i + 1])
    return np.nan


def homeostasis(
    weights: np.ndarray, post: np.ndarray, *, n_post: int, eta: float, w_max: float, target: float | None = None
) -> np.ndarray:
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
    n_post, weights = check_integer("n_post", n_post, 1, 10**9), check_array("weights", weights, ndim=1)
    post = check_array("post", post, shape=weights.shape, integer=True, low=0, high=n_post - 1)
    sums = np.bincount(post, weights, n_post)
    target = sums.mean() if target is None else target
    ratio = target / np.where(sums > 1e-12, sums, 1)
    scale = np.where(sums > 1e-12, np.clip(1 + eta * (ratio - 1), 0.9, 1.1), 1.0)
    return np.clip(weights * scale[post], 0, w_max)


# --- test


def _result(params, seed, wiring, before, training, controls):
    p, trained = params, _Tested(params, wiring, training.weights, seed)
    test, history = trained.recordings[0], training.history
    rates, totals = {}, {}
    for k, (layer, n) in enumerate(zip(LAYERS, (p.n_ll, p.n_mon, p.n_ts), strict=True)):
        spikes, seconds = history.trial_spikes[:, k].sum(), p.n_training_trials * stimulus.trial_steps(p) * p.dt_s
        rates[f"{layer}_train"] = float(spikes / n / seconds) if seconds else np.nan
        rates[f"{layer}_test"] = float(trained.spikes[f"{layer}_spikes_test"].mean() / n / (test.n_steps * p.dt_s))
        totals[layer] = int(spikes + test.spikes[layer][1].size)
    for k, name in enumerate(("mon_inh", "ts_inh")):
        totals[name] = int(training.inhibitory[k] + test.inhibitory[k])
    return Result(
        params=p,
        seed=seed,
        initial_weights=_triples(wiring, before),
        weights=_triples(wiring, training.weights),
        kept={trial: _triples(wiring, weights) for trial, weights in training.kept.items()},
        rates_hz=rates,
        spikes_total=totals,
        ts_spikes_test=float(trained.spikes["ts_spikes_test"].mean()),
        quality=measures.mean_quality(trained.qualities),
        quality_window=measures.mean_quality(trained.qualities_window),
        quality_ll=measures.mean_quality(trained.qualities_ll),
        controls=_controls(p, seed, wiring, before, training.weights, test) if controls else {},
        repeats=trained.repeats(),
        history=history,
        test=test,
    )


def _triples(wiring, weights):
    found = {}
    for name, w in weights.items():
        path = getattr(wiring, name)
        found[name] = path.pre, path.post, w
    return found


class _Tested:
    """Repeated tests of one set of weights, each from rest and with noise of its own."""

    def __init__(self, params, wiring, weights, seed):
        p, plastic = params, dict(ll_mon=params.keep_ll_mon_stdp_during_test and params.ll_mon_use_stdp)
        plastic["mon_ts"] = p.keep_mon_ts_stdp_during_test
        t0_s = p.n_training_trials * stimulus.trial_steps(p) * p.dt_s
        self.recordings, self.qualities, self.qualities_window, self.qualities_ll = [], [], [], []
        self.spikes = {f"{name}_spikes_test": [] for name in (*LAYERS, "mon_inh", "ts_inh")}
        whole = None if p.eval_x_min_cm is None else p.window_cm
        for repeat in range(p.test_repeats):
            network = Network(p, wiring, weights, rng=wires.stream(seed, 4, repeat), plastic=plastic)
            test = network.run(stimulus.test_drive(p, seed, repeat), t0_s)
            self.recordings.append(test)
            options = dict(n_cells=p.n_ts, dt_s=p.dt_s)
            self.qualities.append(measures.map_quality(*test.spikes["ts"], test.x_cm, window_cm=whole, **options))
            self.qualities_window.append(
                measures.map_quality(*test.spikes["ts"], test.x_cm, window_cm=p.window_cm, **options)
            )
            options["n_cells"] = p.n_ll
            self.qualities_ll.append(measures.map_quality(*test.spikes["ll"], test.x_cm, window_cm=whole, **options))
            numbers = *(test.spikes[layer][1].size for layer in LAYERS), *test.inhibitory
            for values, number in zip(self.spikes.values(), numbers, strict=True):
                values.append(number)
        self.spikes = {name: np.array(values) for name, values in self.spikes.items()}

    def repeats(self):
        """Return {name: (n_repeats,)} of the metrics and the spike numbers."""
        found = dict(self.spikes)
        for name in ("sigma_theta_rad", "delta_trial_rad", "valid_fraction", "usable"):
            found[name] = np.array([getattr(q, name) for q in self.qualities])
            found[f"{name}_window"] = np.array([getattr(q, name) for q in self.qualities_window])
        return found


def _controls(params, seed, wiring, before, after, test):
    permuted = {**after, "mon_ts": wires.stream(seed, 5).permutation(after["mon_ts"])}
    found = {}
    for name, weights in (("untrained", before), ("shuffled", permuted)):
        tested = _Tested(params, wiring, weights, seed)
        row = found[name] = {"ts_spikes_test": float(tested.spikes["ts_spikes_test"].mean())}
        for tag, qualities in (("", tested.qualities), ("_window", tested.qualities_window)):
            q = measures.mean_quality(qualities)
            row |= {f"sigma_theta_rad{tag}": q.sigma_theta_rad, f"delta_trial_rad{tag}": q.delta_trial_rad}
            row |= {
                f"valid_fraction{tag}": q.valid_fraction_window if tag else q.valid_fraction,
                f"usable{tag}": q.usable,
            }
    whole = None if params.eval_x_min_cm is None else params.window_cm
    for name, window_cm in (("chance_rad", whole), ("chance_window_rad", params.window_cm)):
        options = dict(n_cells=params.n_ts, window_cm=window_cm)
        usable = measures.map_quality(*test.spikes["ts"], test.x_cm, **options).usable
        chance = measures.permutation_chance(*test.spikes["ts"], test.x_cm, seed=wires.stream(seed, 6), **options)
        found[name] = float(chance.mean()) if usable else np.nan
    return found


doors(globals())
