"""The compiled ring against PyNN on NEST, as the cells of FINAL_1 and FINAL_2 run it."""

import numpy as np
import pytest

from helpers import v1
from helpers.v1.wiring import RULES
from tests.cells import cells
from tests.v1.test_kernel import one_synapse

SEEDS = range(8)


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
