"""The numbers of acceptance.toml for FINAL_3: its study cells, swept through its store."""

import functools

import numpy as np
import pytest

from helpers import lateral_line as ll
from helpers import runs
from tests.cells import cells

NOTEBOOK = cells("FINAL_3", "model", "study")
SERIES = NOTEBOOK.SERIES
SEEDS = list(range(123, 128))  # those of the notebook, with which the store is shared
AS_THERE = dict(repeats=5, keep_ll_mon_stdp_during_test=True)  # LL->MON plastic in the test, as in the source
STOPS = tuple(range(25, 33))

pytestmark = pytest.mark.slow


def swept(point, **grid):
    return runs.over(point, store=runs.store("lateral_line"), n_jobs=1, progress=False, **grid)


@functools.cache
def long(q, n_seeds):
    """Untrained, trained, and trained MON->TS alone, after 300 trials, tested as in the source: (n_seeds, 3)."""
    mixes = tuple(SERIES[name] for name in ("untrained", "trained", "MON→TS only"))
    found = swept(NOTEBOOK.map_point, seed=SEEDS[:n_seeds], q=q, n_trials=300, mixes=mixes, **AS_THERE)
    return {name: values[:, 0] for name, values in found.items()}


@functools.cache
def born(q):
    found = swept(NOTEBOOK.map_point, seed=SEEDS, q=q, n_trials=0, mixes=(SERIES["untrained"],), **AS_THERE)
    return {name: values[:, 0, 0] for name, values in found.items()}


@functools.cache
def short(q):
    """The five series of the notebook after 25 trials, frozen: (n_seeds, 5)."""
    found = swept(NOTEBOOK.map_point, seed=SEEDS, q=q, n_trials=25, mixes=tuple(SERIES.values()))
    return {name: values[:, 0] for name, values in found.items()}


@functools.cache
def course():
    return swept(NOTEBOOK.course, seed=SEEDS[:2], q=0.2, n_trials=300)


# --- the map before and after


def test_the_map_is_there_before_training(acceptance, record):
    row = acceptance["lateral_line"]["untrained"]
    off = np.array([born(q)["sweep_rad"].mean() for q in row["q"]]) - row["reference"]
    record("lateral_line.untrained", off)
    record("lateral_line.untrained_q0", born(0.0)["sweep_rad"], repeats=True)


def test_training_and_the_published_convention(acceptance, record):
    row, weak = acceptance["lateral_line"]["trained"], long(0.2, 5)
    found = [*weak["sweep_rad"].mean(axis=0)[1:], *weak["body_rad"].mean(axis=0)[1:]]
    record("lateral_line.trained", np.subtract(found, row["reference"]))


def test_training_against_untrained(acceptance, record):
    row, found = acceptance["lateral_line"]["trained_ratio"], []
    for metric in ("sweep_rad", "body_rad"):
        for one in (long(0.2, 5), long(0.8, 5)):
            untrained, trained, _ = one[metric].T
            found.append(trained / untrained)
    record("lateral_line.trained_ratio", np.transpose(found) - row["reference"], repeats=True)


def test_less_drive_does_what_training_does(record):
    names, found = list(SERIES), []
    for q in (0.1, 0.2, 0.4, 0.8):
        body = short(q)["body_rad"]
        ratio = {name: (body[:, k] / body[:, 0]).mean() for k, name in enumerate(names)}
        found.append((ratio["trained"], ratio["less drive"]))
    trained, less = np.transpose(found)
    record("lateral_line.less_drive", less / trained)
    assert (trained[:2] > 1.1).all() and (trained[2:] < 0.95).all()
    assert (less[:2] > 1.1).all() and (less[2:] < 0.95).all()


def test_strong_topography(record):
    strong = long(0.8, 5)
    record("lateral_line.strong_topography", strong["sweep_rad"][:, 1] - 0.28, repeats=True)
    record("lateral_line.strong_topography_valid", strong["valid"][:, 1], repeats=True)


# --- weights, rates, spikes


def test_training_rates(record):
    record("lateral_line.training_rates", course()["rates_hz"][0, 20:].mean(axis=0))


def test_weights_in_equilibrium(record):
    record("lateral_line.ll_mon_weight_mv", course()["mean_mv"][:, -1])
    record("lateral_line.saturated", course()["at_bound"])


def test_interneurons_are_silent(record):
    tested = [long(0.2, 5), long(0.8, 5), *map(born, (0.0, 0.2, 0.8)), short(0.2), short(0.8)]
    spikes = np.concatenate([np.ravel(one["inhibitory"]) for one in tested])
    record("lateral_line.interneurons", spikes.sum())


def test_the_fast_mode_is_not_silent(record):
    spikes = [ll.simulate(ll.preset("ll_fast"), seed=seed, controls=False).ts_spikes_test for seed in SEEDS]
    record("lateral_line.fast_spikes", spikes)
    assert ll.simulate(ll.preset("ll_fast_legacy"), seed=123, controls=False).quality.silent


# --- distance, phase, teacher


def test_distance_tuning_needs_no_learning(record):
    """Seed 124, untrained and in the published convention."""
    distances = (0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.5)
    mixes = tuple(SERIES[name] for name in ("untrained", "MON→TS only"))
    fields = dict(n_trials=300, mixes=mixes, distances_cm=distances)
    curves = swept(NOTEBOOK.map_point, seed=124, q=0.2, **fields, **AS_THERE)["sweep_rad"]
    assert np.isnan(curves[0]).all() and np.isfinite(curves[1:]).all()
    record("lateral_line.distance", curves[-1] / np.nanmin(curves, axis=0))
    record("lateral_line.distance_minimum", np.array(distances)[np.nanargmin(curves, axis=0)])
    record("lateral_line.distance_agreement", np.abs(curves[1:, 0] - curves[1:, 1]).max())


def test_the_map_remembers_the_last_sweep(record):
    swept_up = swept(NOTEBOOK.phases, seed=SEEDS, q=0.8, trials=STOPS, ordered=True)
    shuffled = swept(NOTEBOOK.phases, seed=SEEDS, q=0.8, trials=STOPS[::2], ordered=False)
    shift, other = (one["offset_cm"][:, :, 0] - one["offset_cm"][:, :, 1] for one in (swept_up, shuffled))
    ratio = swept_up["sweep_rad"][:, :, 1] / swept_up["sweep_rad"][:, :, 0]
    towards = np.transpose([-shift[:, 0], shift[:, 4]])  # the ends of the body at which the sphere stood last
    record("lateral_line.last_sweep_shift", towards, repeats=True)
    record("lateral_line.last_sweep_shuffled", other.mean(axis=0))
    record("lateral_line.last_sweep_ratio", ratio[:, [2, 0]], repeats=True)


def test_a_teacher_makes_the_map_without_topography(record):
    alone = swept(NOTEBOOK.taught, seed=SEEDS, gain_mv=0.0, teacher_hz=100.0, step=0.05, w_max=0.2, n_trials=25)
    heard = swept(NOTEBOOK.taught, seed=SEEDS, gain_mv=220.0, teacher_hz=100.0, step=0.05, w_max=0.2, n_trials=25)
    controls = np.concatenate([alone["body_rad"][:, 1], heard["body_rad"][:, 0]])
    record("lateral_line.teacher", alone["body_rad"][:, 0])
    record("lateral_line.teacher_offset", alone["offset_cm"][:, 0])
    record("lateral_line.teacher_controls", controls)


# --- the whole recipe


def test_the_whole_recipe(acceptance, record):
    """The table that FINAL_3 leaves at thesis scale: all 10 000 trials."""
    table = np.genfromtxt(runs.ROOT / "figs/full/lateral_line/recipe.csv", delimiter=",", skip_header=1)
    found = [*table[:, 2], *table[:, 1]]
    record("lateral_line.full_recipe", np.subtract(found, acceptance["lateral_line"]["full_recipe"]["reference"]))
