"""The compiled cell, synapse and ring against PyNN on NEST, as the cells of FINAL_1 and FINAL_2 run it."""

import numpy as np
import pytest

from helpers import stimuli, v1
from tests.cells import cells
from tests.v1.test_kernel import one_synapse

FIRST, SECOND = cells("FINAL_1", "model"), cells("FINAL_2", "model")
pytestmark = pytest.mark.skipif(FIRST.sim is None, reason="NEST is not installed")


def test_one_cell_is_that_of_the_table(acceptance):
    epsp, rates = acceptance["ring"]["epsp_mv"], acceptance["ring"]["f_i"]
    measured = [FIRST.one_cell(40.0, w)[0].max() + 65.5 for w in epsp["weights_us"]]
    np.testing.assert_allclose(measured, epsp["reference"], rtol=epsp["relative"])
    measured = [len(FIRST.one_cell(2000.0, current=current)[1]) / 2 for current in rates["current_na"]]
    np.testing.assert_allclose(measured, rates["reference"], atol=0.5)


def test_one_synapse_with_imposed_spikes(record):
    """Forty synapses of five spikes on each side: few enough for NEST to stay inside the bounds with every rule."""
    rng, apart = np.random.default_rng(1), []
    pre = [np.append(np.sort(rng.choice(np.arange(30, 180), 5, replace=False)), 195) * 10.0 for _ in range(40)]
    post = [np.sort(rng.choice(np.arange(30, 180), 5, replace=False)) * 10.0 + 5.3 for _ in range(40)]
    assert {name: tuple(rule) for name, rule in v1.RULES.items()} == SECOND.RULES
    for name, rule in v1.RULES.items():
        found, fired = SECOND.one_synapse(pre, post, name)
        assert [len(train) for train in fired] == [5] * 40
        for w, t_pre, t_post in zip(found, pre, fired, strict=True):
            steps = [np.rint(np.asarray(t) / 0.1).astype(int).tolist() for t in (t_pre, t_post)]
            ours = one_synapse(rule, *steps, delay=10, w=0.5, w_max=1.0)[-1]
            apart += [abs(ours - w), abs(SECOND.learn(t_pre, t_post, 1.0, name) - w)]
    record("ring.nest_weight", max(apart))


def near(run, theirs):
    """Return for each of NEST's spikes whether the run has it within a step; it has as many of them, or nearly."""
    found = []
    for name, trains in theirs.items():
        t_ms, cell = run.spikes[name]
        for i, train in enumerate(trains):
            found += [np.abs(t_ms[cell == i] - t).min(initial=9) < 0.15 for t in np.array(train)]
        assert len(t_ms) == pytest.approx(sum(map(len, trains)), rel=0.02)
    return found


def named(synapses):
    return {f"{pre}_{post}": drawn for (pre, post), drawn in synapses.items()}


def test_static_spikes_agree_to_a_step(record):
    ring, shares = v1.RingParams(plastic=False), []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        trains, synapses = FIRST.draw_trains(0.7, rng), FIRST.draw_synapses(rng)
        run = v1.simulate(ring, 0.7, trains=trains, synapses=named(synapses), seed=0)
        shares += near(run, FIRST.ring(trains, synapses))
    record("ring.nest_spikes", np.mean(shares))


@pytest.mark.parametrize("seed", [21, 22])
def test_plastic_spikes_agree_and_weights_differ_by_the_step_of_a_spike(seed):
    params, synapses = v1.RingParams(window_ms=500.0), SECOND.draw_synapses(np.random.default_rng(seed))
    trains = stimuli.poisson_trains(v1.input_rates(params, 1.0), dt_ms=500.0, seed=seed)
    trains = [np.unique(np.maximum(train, 0.2).round(1)) for train in trains]
    run = v1.simulate(params, 1.0, trains=trains, synapses=named(synapses), seed=seed)
    spikes, weights = SECOND.plastic_ring(trains, synapses, 500.0)
    assert np.mean(near(run, spikes)) >= 0.97
    for name, w in named(weights).items():
        assert np.nanmean(np.abs(w - run.weights[name])) < 1e-4
