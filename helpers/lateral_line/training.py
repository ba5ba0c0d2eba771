"""The training loop: trials, records, homeostasis, windows of recent spikes, and the state from which it resumes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from helpers.lateral_line import metrics, plasticity, stimulus
from helpers.lateral_line import wiring as wires
from helpers.lateral_line.stimulus import LAYERS
from helpers.parameters import ParameterError

__all__ = ["History", "Training", "stabilisation_time"]

PREVIEW_S, INTERVAL_S, BLOCK_TRIALS = 20.0, 120.0, 10
SERIES = {name: f"{name}_series" for name in ("w_mean", "w_std", "w_mean_abs_delta", "w_frac_delta_gt_1e3")}
SERIES |= {"tracked": "tracked_weight_series", "ts_rate_hz": "ts_ckpt_rate_series", "pv_t_s": "pv_ckpt_t_s"}
SERIES |= {f"pv_{name}": f"pv_{name}_series" for name in ("sigma_theta", "delta_trial")}
SERIES |= {"checkpoint_t_s": "checkpoint_t_s"}  # field of History -> name in the original's checkpoint


@dataclass(frozen=True, eq=False)
class History:
    """What training left behind, one entry per record (after every `checkpoint_trials` trials and at the end).

    Attributes
    ----------
    checkpoint_t_s : array (n_records,)
    w_mean, w_std, w_mean_abs_delta, w_frac_delta_gt_1e3 : array (n_records,)
        MON -> TS weights: mean, sd, mean |w - w0|, share with |w - w0| > 1e-3.
    tracked : array (n_records, 24)
        Weights of 24 synapses drawn from the seed.
    ts_rate_hz : array (n_records,)
        Mean TS rate since the last record.
    pv_t_s, pv_sigma_theta, pv_delta_trial : array (n_evaluations,)
        Map metrics of the spikes since the last record (at most two minutes), theta spread over the positions shown.
    stabilisation_t_s : float
        First record after four successive changes of the mean weight below .5 % of the final mean, or NaN.
    trial_spikes : array (n_trials, 3)
        Spikes of LL, MON and TS in each trial.
    """

    checkpoint_t_s: np.ndarray
    w_mean: np.ndarray
    w_std: np.ndarray
    tracked: np.ndarray
    w_mean_abs_delta: np.ndarray
    w_frac_delta_gt_1e3: np.ndarray
    ts_rate_hz: np.ndarray
    pv_t_s: np.ndarray
    pv_sigma_theta: np.ndarray
    pv_delta_trial: np.ndarray
    stabilisation_t_s: float
    trial_spikes: np.ndarray


def stabilisation_time(t_s, w_mean):
    """Return the time of the first record after four successive changes below .5 % of the final mean, or NaN.

    Examples
    --------
    >>> stabilisation_time([1, 2, 3, 4, 5, 6], [0.5, 0.9, 1, 1, 1, 1]), stabilisation_time([1, 2], [1, 1])
    (nan, nan)
    >>> stabilisation_time([1, 2, 3, 4, 5, 6], [0.5, 1, 1, 1, 1, 1])
    6.0
    """
    w_mean = np.asarray(w_mean, float)
    small = np.abs(np.diff(w_mean)) < 0.005 * np.abs(w_mean[-1:])
    settled = [i for i in range(3, small.size) if small[i - 3 : i + 1].all()]
    return float(t_s[settled[0] + 1]) if settled else np.nan


def _last(blocks, seconds):
    """Return the recordings from the end that are needed to cover `seconds`."""
    covered = np.cumsum([block.n_steps * block.dt_s for block in reversed(blocks)])
    return blocks[-(1 + int(np.sum(covered < seconds - 1e-9))) :]


def _map_quality(blocks, params):
    """Return the quality of the TS map over successive recordings."""
    offsets = np.cumsum([0, *(block.n_steps for block in blocks)])
    steps = [block.spikes["ts"][0] + offset for block, offset in zip(blocks, offsets, strict=False)]
    cells, x_cm = [block.spikes["ts"][1] for block in blocks], [block.x_cm for block in blocks]
    spikes = map(np.concatenate, (steps, cells, x_cm))
    return metrics.map_quality(*spikes, n_cells=params.n_ts, dt_s=params.dt_s)


class Training:
    """A training under way; `network` is an engine with `run`, `weights`, and for resuming `state` and `restore`."""

    def __init__(self, params, seed, wiring, weights, network=None):
        self.params, self.seed, self.wiring, self.network, self.before = params, seed, wiring, network, weights
        self.n_steps = stimulus.trial_steps(params)
        self.stream = stimulus.snapshots(params, stimulus.training_steps(params), seed)
        self.tracked = wires.tracked(params, seed, wiring.mon_ts.pre.size)
        self.target = plasticity.incoming_target(weights["ll_mon"], wiring.ll_mon.post, params.n_mon)
        self.trial, self.inhibitory = 0, np.zeros(2, np.int64)
        self.trial_spikes = np.zeros((params.n_training_trials, 3), np.int64)
        self.series = {name: [] for name in SERIES}
        self.blocks, self.interval = [], []

    @property
    def weights(self):
        """Current weights, {"ll_mon", "mon_ts"}."""
        return self.before if self.network is None else self.network.weights

    def run(self, *, bar, on_checkpoint=None):
        """Run all trials that are left; `bar` is a tqdm bar."""
        p = self.params
        with bar:
            while self.trial < p.n_training_trials:
                bar.update(self._advance())
                recorded = self.trial % p.checkpoint_trials == 0 or self.trial == p.n_training_trials
                if recorded:
                    self._record()
                self._homeostasis()
                due = len(self.series["w_mean"]) % p.checkpoint_save_every_n_checkpoints == 0
                if recorded and due and on_checkpoint is not None:
                    on_checkpoint(self.state())

    def _advance(self):
        """Run to the next trial after which something has to be done; return the number of trials."""
        p = self.params
        periods = p.checkpoint_trials, p.ll_mon_homeo_every_trials, p.mon_ts_homeo_every_trials, BLOCK_TRIALS
        stop = min(p.n_training_trials, *((self.trial // n + 1) * n for n in periods))
        first, n_trials = self.trial * self.n_steps, stop - self.trial
        drive = stimulus.snapshot_drive(p, self.stream, first, n_trials * self.n_steps)
        block = self.network.run(drive, first * p.dt_s)
        counts = [n.reshape(n_trials, -1).sum(axis=1) for n in block.counts.values()]
        self.trial_spikes[self.trial : stop] = np.transpose(counts)
        self.inhibitory += block.inhibitory
        self.interval = _last([*self.interval, block], INTERVAL_S)
        self.blocks = _last([*self.blocks, block], PREVIEW_S)
        self.trial = stop
        return n_trials

    def _record(self):
        p, s = self.params, self.series
        w, t_s = self.weights["mon_ts"].astype(float), self.trial * self.n_steps * p.dt_s
        change = np.abs(w - self.before["mon_ts"])
        new = dict(checkpoint_t_s=t_s, w_mean=w.mean(), w_std=w.std(), tracked=w[self.tracked])
        new |= dict(w_mean_abs_delta=change.mean(), w_frac_delta_gt_1e3=(change > 1e-3).mean())
        counts = np.concatenate([block.counts["ts"] for block in self.interval])
        new["ts_rate_hz"] = counts.mean() / p.n_ts / p.dt_s
        if (len(s["w_mean"]) + 1) % p.pv_eval_every_checkpoints == 0:
            quality = _map_quality(self.interval, p)
            new |= dict(pv_t_s=t_s, pv_sigma_theta=quality.sigma_theta_rad, pv_delta_trial=quality.delta_trial_rad)
        for name, value in new.items():
            s[name].append(value)
        self.interval = []

    def _homeostasis(self):
        p, w = self.params, self.weights
        if self.trial % p.ll_mon_homeo_every_trials == 0 and p.ll_mon_use_stdp:
            rule = dict(n_post=p.n_mon, eta=p.ll_mon_homeo_eta, w_max=p.ll_mon_wmax_mV, target=self.target)
            w["ll_mon"][:] = plasticity.homeostasis(w["ll_mon"], self.wiring.ll_mon.post, **rule)
        if self.trial % p.mon_ts_homeo_every_trials == 0:
            rule = dict(n_post=p.n_ts, eta=p.mon_ts_homeo_eta, w_max=p.mon_ts_wmax)
            w["mon_ts"][:] = plasticity.homeostasis(w["mon_ts"], self.wiring.mon_ts.post, **rule)

    def history(self):
        """Return the :class:`History` so far."""
        series = {name: np.array(values, float) for name, values in self.series.items()}
        series["tracked"] = series["tracked"].reshape(-1, self.tracked.size)
        settled = stabilisation_time(series["checkpoint_t_s"], series["w_mean"])
        return History(**series, stabilisation_t_s=settled, trial_spikes=self.trial_spikes)

    def recent(self, seconds=PREVIEW_S):
        """Return the :class:`~helpers.lateral_line.stimulus.Recording` of the last seconds of training, at most 20."""
        end = self.trial * self.n_steps
        first = max(0, end - round(min(seconds, PREVIEW_S) / self.params.dt_s))
        counts, cells = {}, {}
        for layer in LAYERS:
            parts = [np.zeros(0, np.int32), *(block.counts[layer] for block in self.blocks)]
            counts[layer] = np.concatenate(parts)[-(end - first) :] if end else parts[0]
            cells[layer] = np.concatenate([parts[0], *(block.spikes[layer][1] for block in self.blocks)])
            cells[layer] = cells[layer][cells[layer].size - counts[layer].sum() :]
        return self._recording(first, counts, cells)

    def _recording(self, first, counts, cells):
        drive = stimulus.shown(self.stream, first, counts["ll"].size)
        return stimulus.recording(self.params, drive, first * self.params.dt_s, counts, cells)

    def state(self):
        """Return everything that changes as {name: array}; the names of the original's checkpoint are among them."""
        own = dict(trial_idx=np.int64(self.trial - 1), seed=np.int64(self.seed), inhibitory=self.inhibitory.copy())
        own |= {SERIES[name]: np.array(values, float) for name, values in self.series.items()}
        recent = self.recent()
        own |= {f"recent_{layer}_counts": recent.counts[layer] for layer in LAYERS}
        own |= {f"recent_{layer}_cells": recent.spikes[layer][1] for layer in LAYERS}
        return {**own, "trial_spikes": self.trial_spikes[: self.trial].copy(), **self.network.state()}

    def restore(self, state):
        """Take over a :meth:`state`; raises ParameterError if it is not one of this run."""
        recent = [{layer: f"recent_{layer}_{part}" for layer in LAYERS} for part in ("counts", "cells")]
        wanted = {"trial_idx", "seed", "rng", "inhibitory", "trial_spikes", *SERIES.values()}
        missing = sorted(wanted.union(*(keys.values() for keys in recent)) - set(state))
        if missing:
            raise ParameterError(f"start lacks {missing[0]}; give a state made by on_checkpoint")
        seed, trial = int(state["seed"]), int(state["trial_idx"]) + 1
        if seed != self.seed or not 0 < trial <= self.params.n_training_trials:
            allowed = f"allowed: seed {self.seed}, at most {self.params.n_training_trials} trials"
            raise ParameterError(f"start is of seed {seed}, after {trial} trials; {allowed}")
        self.network.restore(state)
        self.trial, self.inhibitory = trial, np.array(state["inhibitory"])
        self.trial_spikes[:trial] = state["trial_spikes"]
        self.series = {name: list(state[key]) for name, key in SERIES.items()}
        counts, cells = ({layer: state[key] for layer, key in keys.items()} for keys in recent)
        self.blocks = [self._recording(trial * self.n_steps - counts["ll"].size, counts, cells)]
