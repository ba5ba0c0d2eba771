"""The compiled ring against PyNN on NEST, as the cells of FINAL_1 and FINAL_2 run it."""

import numpy as np
import pytest

from helpers import tuning, v1
from helpers.v1.wiring import RULES
from tests.cells import cells
from tests.v1.test_kernel import one_synapse

SEEDS = range(8)
FOUR = np.deg2rad([40, 160, 100, 40])
THETA = np.pi * np.arange(60) / 60


@pytest.fixture(scope="module")
def first():
    pytest.importorskip("pyNN.nest")
    return cells("FINAL_1", "model")


@pytest.fixture(scope="module")
def second():
    pytest.importorskip("pyNN.nest")
    return cells("FINAL_2", "model")


def test_one_synapse_with_imposed_spikes(second, record):
    """Forty synapses of five spikes on each side: few enough for NEST to stay inside the bounds with every rule."""
    rng, apart = np.random.default_rng(1), []
    pre = [np.append(np.sort(rng.choice(np.arange(30, 180), 5, replace=False)), 195) * 10.0 for _ in range(40)]
    post = [np.sort(rng.choice(np.arange(30, 180), 5, replace=False)) * 10.0 + 5.3 for _ in range(40)]
    for rule in RULES:
        found, fired = second.one_synapse(pre, post, rule)
        assert [len(train) for train in fired] == [5] * 40
        for w, t_pre, t_post in zip(found, pre, fired, strict=True):
            steps = [np.rint(np.asarray(t) / 0.1).astype(int).tolist() for t in (t_pre, t_post)]
            ours = one_synapse(RULES[rule], *steps, delay=10, w=0.5, w_max=1.0)[-1]
            apart += [abs(ours - w), abs(second.learn(t_pre, t_post, 1.0, rule) - w)]
    record("ring.nest_weight", max(apart))


def test_static_spikes_agree_to_a_step(first, record):
    ring, shares = v1.RingParams(plastic=False), []
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        trains, synapses = first.draw_trains(0.7, rng), first.draw_synapses(rng)
        given = {f"{pre}_{post}": drawn for (pre, post), drawn in synapses.items()}
        ours = v1.simulate(ring, 0.7, trains=trains, synapses=given, seed=0)
        for name, theirs in first.ring(trains, synapses).items():
            t_ms, cell = ours.spikes[name]
            for i, train in enumerate(theirs):
                own = np.append(t_ms[cell == i], np.inf)
                shares += [np.abs(own - t).min() < 0.15 for t in train]
    record("ring.nest_spikes", np.mean(shares))


def statistics(spikes, weights):
    """What the acceptance rows are made of: counts, bandwidth, variance, decoding, mean weights."""
    exc = spikes["exc"]
    found = {"exc": exc.sum(axis=1), "inh": spikes["inh"].sum(axis=1), "cv": tuning.circular_variance(THETA, exc)}
    found["b_deg"] = np.rad2deg([tuning.fit_tuning(THETA, row).bandwidth_rad for row in exc])
    found["error"] = np.rad2deg(tuning.orientation_error(tuning.decode_orientation(THETA, exc), FOUR))
    found["growth"] = exc[3].sum() / exc[0].sum()
    return found | {name: np.nanmean(matrix) for name, matrix in weights.items()}


def counted(trains):
    """Spikes of each cell in windows of a second, (4, 60)."""
    return np.array([np.histogram(train, bins=1000.0 * np.arange(5))[0] for train in trains]).T


@pytest.mark.slow
def test_statistics_agree_within_two_standard_errors(second):
    """Single trajectories part, since a spike that moves by a step moves others; what they are drawn from does not."""
    ours, theirs = [], []
    for seed in SEEDS:
        drawn = v1.wire(v1.RingParams(), seed)
        given = {name: (s.pre, s.post, s.delay_ms) for name, s in drawn.items()}
        t_ms, cell = v1.simulate(v1.RingParams(plastic=False, lateral=False), FOUR, seed=seed).spikes["input"]
        trains = [t_ms[(cell == i) & (t_ms > 0.15)] for i in range(60)]  # PyNN sends nothing in the first step
        run = v1.simulate(v1.RingParams(), FOUR, trains=trains, synapses=given, seed=seed)
        ours.append(statistics(run.counts, run.weights))
        pairs = {tuple(name.split("_")): synapses for name, synapses in given.items()}
        spikes, weights = second.plastic_ring(trains, pairs, 4000.0)
        named = {"_".join(pair): matrix for pair, matrix in weights.items()}
        theirs.append(statistics({name: counted(found) for name, found in spikes.items()}, named))
    for name in ours[0]:
        one, two = (np.array([found[name] for found in runs], float) for runs in (ours, theirs))
        error = np.nanstd(two, axis=0, ddof=1) / np.sqrt(len(SEEDS))
        assert (np.abs(np.nanmean(one, axis=0) - np.nanmean(two, axis=0)) <= 2 * error + 1e-9).all(), name
