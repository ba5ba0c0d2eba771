"""The headline numbers of the lateral-line map against acceptance.toml; networks are trained once per module."""

import numpy as np
import pytest

from helpers.lateral_line import evaluate, simulate
from helpers.lateral_line.params import preset
from helpers.runs import profile

BASE = preset("ll_baseline").replace(n_training_trials=300, keep_ll_mon_stdp_during_test=True)
SEEDS = range(123, 128)
DISTANCES_CM = (0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.5)

pytestmark = pytest.mark.slow


def at(q):
    return BASE.replace(ll_to_mon_topography_strength=q, mon_to_ts_topography_strength=q)


def untrained(q, seed):
    return simulate(at(q).replace(n_training_trials=0), seed=seed, controls=False)


def sigmas(results, name="quality"):
    return np.array([getattr(result, name).sigma_theta_rad for result in results])


def within(bounds, values):
    return bounds["accept"][0] <= np.min(values) and np.max(values) <= bounds["accept"][1]


@pytest.fixture(scope="module")
def weak():
    """Five networks at q = .2 after 300 trials."""
    return [simulate(at(0.2), seed=seed) for seed in SEEDS]


@pytest.fixture(scope="module")
def strong():
    """Three networks at q = .8 after 300 trials."""
    return [simulate(at(0.8), seed=seed) for seed in SEEDS[:3]]


@pytest.fixture(scope="module")
def mixed(weak):
    """The published convention: trained MON -> TS with initial LL -> MON."""
    parts = [{"ll_mon": r.initial_weights["ll_mon"], "mon_ts": r.weights["mon_ts"]} for r in weak]
    return [evaluate(r.params, part, seed=r.seed, controls=False) for r, part in zip(weak, parts, strict=True)]


@pytest.fixture(scope="module")
def gradient():
    """Untrained networks: q -> ten results."""
    return {q: [untrained(q, seed) for seed in range(123, 133)] for q in (0.0, 0.1, 0.15, 0.2, 0.4, 0.6, 0.8)}


def test_the_map_is_there_before_training(gradient, acceptance, record):
    row = acceptance["lateral_line"]["untrained"]
    off = np.array([sigmas(gradient[q]).mean() for q in row["q"]]) - row["reference"]
    record("lateral_line.untrained", off)
    record("lateral_line.untrained_q0", sigmas(gradient[0.0]).mean())
    assert within(row, off)
    assert within(acceptance["lateral_line"]["untrained_q0"], sigmas(gradient[0.0]).mean())


def test_training_and_the_published_convention(weak, mixed, acceptance, record):
    row = acceptance["lateral_line"]["trained"]
    found = [sigmas(results, name).mean() for name in ("quality", "quality_window") for results in (weak, mixed)]
    record("lateral_line.trained", np.subtract(found, row["reference"]))
    assert within(row, np.subtract(found, row["reference"]))


def test_training_does_not_improve_the_map(weak, strong, acceptance, record):
    row = acceptance["lateral_line"]["trained_ratio"]
    ratios = [ratio(results, tag) for tag in ("", "_window") for results in (weak, strong)]
    record("lateral_line.trained_ratio", np.subtract(ratios, row["reference"]))
    assert within(row, np.subtract(ratios, row["reference"]))
    assert ratios[0] > 1


def ratio(results, tag):
    before = [result.controls["untrained"][f"sigma_theta_rad{tag}"] for result in results]
    return sigmas(results, f"quality{tag}").mean() / np.mean(before)


def test_permuting_the_learned_weights_changes_nothing(weak, acceptance, record):
    frozen = [evaluate(r.params.replace(keep_ll_mon_stdp_during_test=False), r.weights, seed=r.seed) for r in weak]
    permuted = np.mean([result.controls["shuffled"]["sigma_theta_rad"] for result in frozen])
    found = permuted / sigmas(frozen).mean()
    record("lateral_line.permuted_ratio", found)
    assert within(acceptance["lateral_line"]["permuted_ratio"], found)


def test_training_rates(weak, acceptance, record):
    row = acceptance["lateral_line"]["training_rates"]
    cells = np.array([BASE.n_ll, BASE.n_mon, BASE.n_ts])
    rates = weak[0].history.trial_spikes[20:].mean(axis=0) / cells / BASE.trial_duration_s
    record("lateral_line.training_rates", rates)
    assert (np.abs(rates / row["reference_hz"] - 1) < row["relative"]).all()


def test_weights_in_equilibrium(weak, acceptance, record):
    ll_mon = [result.weights["ll_mon"][2].mean() for result in weak]
    ceiling = BASE.mon_ts_wmax * (1 - 1e-6)
    saturated = [(result.weights["mon_ts"][2] >= ceiling).mean() for result in weak]
    record("lateral_line.ll_mon_weight_mv", ll_mon)
    record("lateral_line.saturated", saturated)
    assert within(acceptance["lateral_line"]["ll_mon_weight_mv"], ll_mon)
    assert within(acceptance["lateral_line"]["saturated"], saturated)


def test_interneurons_are_silent(weak, strong, gradient, acceptance, record):
    runs = [*weak, *strong, *(result for results in gradient.values() for result in results)]
    spikes = [result.spikes_total[name] for result in runs for name in ("mon_inh", "ts_inh")]
    spikes += [result.repeats[f"{name}_spikes_test"].sum() for result in runs for name in ("mon_inh", "ts_inh")]
    record("lateral_line.interneurons", np.sum(spikes))
    assert within(acceptance["lateral_line"]["interneurons"], spikes)


def test_strong_topography(strong, acceptance, record):
    valid = np.mean([result.quality.valid_fraction for result in strong])
    record("lateral_line.strong_topography", sigmas(strong).mean() - 0.28)
    record("lateral_line.strong_topography_valid", valid)
    assert within(acceptance["lateral_line"]["strong_topography"], sigmas(strong).mean() - 0.28)
    assert within(acceptance["lateral_line"]["strong_topography_valid"], valid)


def test_the_fast_mode_is_not_silent(acceptance, record):
    spikes = [simulate(preset("ll_fast"), seed=s, controls=False).ts_spikes_test for s in SEEDS]
    record("lateral_line.fast_spikes", spikes)
    assert within(acceptance["lateral_line"]["fast_spikes"], spikes)
    assert simulate(preset("ll_fast_legacy"), seed=123).quality.silent


def test_distance_tuning_needs_no_learning(weak, acceptance, record):
    """Seed 124, untrained and in the published convention."""
    result, rows = weak[1], acceptance["lateral_line"]
    parts = {
        "U": result.initial_weights,
        "X0": {"ll_mon": result.initial_weights["ll_mon"], "mon_ts": result.weights["mon_ts"]},
    }
    curves = np.array([[_sigma_at(result, part, d) for d in DISTANCES_CM] for part in parts.values()])
    minimum = np.array(DISTANCES_CM)[curves.argmin(axis=1)]
    ends = curves[:, [0, -1]] / curves.min(axis=1, keepdims=True)
    gap = np.abs(curves[0] - curves[1])[1:].max()
    record("lateral_line.distance", ends)
    record("lateral_line.distance_minimum", minimum)
    record("lateral_line.distance_agreement", gap)
    assert within(rows["distance"], ends)
    assert within(rows["distance_minimum"], minimum)
    assert within(rows["distance_agreement"], gap)


def _sigma_at(result, weights, distance_cm):
    params = result.params.replace(distance_cm=distance_cm)
    return evaluate(params, weights, seed=result.seed, controls=False).quality.sigma_theta_rad


@pytest.mark.skipif(profile() != "full", reason="NOTEBOOK_PROFILE=full runs all 10 000 trials")
def test_the_whole_recipe(acceptance, record):
    row = acceptance["lateral_line"]["full_recipe"]
    long = simulate(at(0.2).replace(n_training_trials=10_000), seed=123, test_repeats=8, controls=False)
    part = {"ll_mon": long.initial_weights["ll_mon"], "mon_ts": long.weights["mon_ts"]}
    published = evaluate(long.params, part, seed=123, test_repeats=8, controls=False)
    found = [sigmas([result], name)[0] for name in ("quality", "quality_window") for result in (long, published)]
    record("lateral_line.full_recipe", np.subtract(found, row["reference"]))
    assert within(row, np.subtract(found, row["reference"]))
