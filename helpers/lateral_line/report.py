"""What a run says on standard output: rates, spikes, weights and the map, next to its controls."""

from __future__ import annotations

import numpy as np

from helpers.lateral_line.params import topographic_counts

__all__ = ["describe", "facts", "series"]


def facts(result):
    """Return what the report needs of a result as plain numbers; the result itself can then be dropped."""
    w, before = result.weights["mon_ts"][2], result.initial_weights["mon_ts"][2]
    delta, top, rates = np.abs(w - before), result.params.mon_ts_wmax, dict(result.rates_hz)
    return {
        "seed": result.seed, "rates_hz": rates, "spikes_total": dict(result.spikes_total), "n_mon_ts": w.size,
        "ts_spikes_test": result.ts_spikes_test, "ts_spikes_train": _training_spikes(result.params, rates["ts_train"]),
        "ts_peak_hz": _peak_rate_hz(result), "stabilisation_t_s": result.history.stabilisation_t_s,
        "weights": (delta.mean(), (delta > 1e-3).mean(), (w >= top * (1 - 1e-6)).mean(), (w <= 1e-9).mean()),
        "quality": result.quality, "window": result.quality_window, "controls": result.controls,
    }  # fmt: skip


def _training_spikes(params, rate_hz):
    return np.nan_to_num(rate_hz) * params.n_ts * params.n_training_trials * params.trial_duration_s


def _peak_rate_hz(result):
    """Return the largest TS population rate of the test, smoothed over 20 steps, in Hz per cell."""
    test = result.test
    counts = np.bincount(test.spikes["ts"][0], minlength=test.n_steps)
    return np.convolve(counts, np.ones(20) / 20, "same").max() / (result.params.n_ts * test.dt_s)


def describe(job, all_facts):
    """Return the lines of the report, one text."""
    lines = [line for facts in all_facts for line in _seed_lines(facts)]
    lines += [f"mode: {job.mode}", _config_line(job)]
    lines += _detail_lines(all_facts[0]) if len(all_facts) == 1 else [series(all_facts)]
    t_s = all_facts[0]["stabilisation_t_s"]
    lines.append(f"stabilisation time: {f'{t_s:.1f} s' if np.isfinite(t_s) else 'not reached'}")
    lines.append(f"final PV: {_quality(all_facts[0]['quality'])}; in the window: {_quality(all_facts[0]['window'])}")
    return "\n".join([*lines, f"run directory: {job.folder}"])


def _seed_lines(f):
    rate = f["rates_hz"]
    yield (
        f"seed {f['seed']}: mean rate train/test (Hz): LL {rate['ll_train']:.2f}/{rate['ll_test']:.2f}, "
        f"MON {rate['mon_train']:.2f}/{rate['mon_test']:.2f}; "
        f"TS spikes train/test: {f['ts_spikes_train']:.0f}/{f['ts_spikes_test']:.0f}"
    )
    yield f"seed {f['seed']}: sigma_theta = {_rad(f['quality'])}, valid_fraction = {f['quality'].valid_fraction:.3f}"
    for name in ("untrained", "shuffled"):
        if name in f["controls"]:
            control = f["controls"][name]
            yield (
                f"seed {f['seed']}: control, {name}: sigma_theta = {control['sigma_theta_rad']:.3f} rad, "
                f"valid_fraction = {control['valid_fraction']:.3f}"
            )


def _rad(quality):
    return "none (silent)" if quality.silent else f"{quality.sigma_theta_rad:.3f} rad"


def _quality(q):
    return (
        f"sigma_theta = {_rad(q)}, delta_trial = {q.delta_trial_rad:.3f} rad, valid_fraction = {q.valid_fraction:.3f}"
    )


def _config_line(job):
    p, (ll_mon, mon_ts) = job.params, topographic_counts(job.params)
    return (
        f"config: n_ll={p.n_ll} n_mon={p.n_mon} n_ts={p.n_ts} trials={p.n_training_trials} x {p.trial_duration_s:g} s "
        f"distance={p.distance_cm:g} cm speed={p.speed_cm_s:g} cm/s topographic LL->MON {ll_mon} of "
        f"{p.ll_to_mon_in_degree}, MON->TS {mon_ts} of {p.mon_to_ts_out_degree} gain={p.mon_ts_gain_mV:g} mV "
        f"seeds={job.seeds[0]}-{job.seeds[-1]} backend={job.backend}"
    )


def _detail_lines(f):
    mean, moved, top, bottom = f["weights"]
    return [
        "total spikes: " + ", ".join(f"{layer} {n}" for layer, n in f["spikes_total"].items()),
        f"TS spikes in the test: {f['ts_spikes_test']:.1f} (mean of repeats); peak rate: {f['ts_peak_hz']:.1f} Hz",
        f"MON->TS synapses: {f['n_mon_ts']}; MON rate in the test: {f['rates_hz']['mon_test']:.2f} Hz",
        f"MON->TS weights: mean |dw| = {mean:.5f}, |dw| > 1e-3: {moved:.1%}, at w_max: {top:.1%}, at 0: {bottom:.1%}",
    ]


def series(all_facts):
    """Return mean and standard deviation over the seeds that are not silent."""
    heard = [f["quality"] for f in all_facts if not f["quality"].silent]
    if len(heard) < 2:
        return f"fewer than two of {len(all_facts)} seeds have a map: no mean over seeds"
    values = np.array([(q.sigma_theta_rad, q.delta_trial_rad) for q in heard])
    (sigma, delta), (sd_sigma, sd_delta) = values.mean(axis=0), values.std(axis=0, ddof=1)
    silent = f" ({len(all_facts) - len(heard)} silent left out)" if len(heard) < len(all_facts) else ""
    return f"sigma_theta = {sigma:.3f} +- {sd_sigma:.3f} rad, delta_trial = {delta:.3f} +- {sd_delta:.3f} rad{silent}"
