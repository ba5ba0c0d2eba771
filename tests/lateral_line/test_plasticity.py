"""The rule for one synapse: closed forms, bounds, one trace per cell, and homeostasis."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.lateral_line import kernel, plasticity, wiring
from helpers.lateral_line.params import preset
from helpers.parameters import ParameterError

steps = st.sets(st.integers(0, 80), max_size=25).map(sorted)
RULE = dict(a_pre=0.05, a_post=-0.06, w_max=1.0)


@pytest.mark.parametrize("lag", [0, 1, 7, 40])
def test_one_pair_follows_the_window(lag):
    up, down = 0.05 * np.exp(-lag / 20), -0.06 * np.exp(-lag / 20)
    assert plasticity.pair_updates(0.4, [0], [lag], rule="additive", **RULE) == pytest.approx(0.4 + up)
    assert plasticity.pair_updates(0.4, [0], [lag], rule="multiplicative", **RULE) == pytest.approx(0.4 + up * 0.6)
    if lag:
        assert plasticity.pair_updates(0.4, [lag], [0], rule="additive", **RULE) == pytest.approx(0.4 + down)
        found = plasticity.pair_updates(0.4, [lag], [0], rule="multiplicative", **RULE)
        assert found == pytest.approx(0.4 + down * 0.4)


def test_a_thesis_pair_moves_a_weight_by_a_third_of_its_range():
    p = preset("ll_thesis")
    rule = dict(rule="additive", a_pre=p.mon_ts_apre, a_post=p.mon_ts_apost, w_max=p.mon_ts_wmax)
    assert plasticity.pair_updates(0.01, [3], [3], **rule) - 0.01 == pytest.approx(0.357 * 0.028, rel=1e-3)


@given(steps, steps, st.sampled_from(plasticity.RULES), st.floats(0, 1))
def test_weight_stays_within_bounds(pre, post, rule, weight):
    assert 0 <= plasticity.pair_updates(weight, pre, post, rule=rule, **RULE) <= 1


@given(steps, steps, st.floats(0.1, 0.9))
def test_additive_rule_is_the_sum_over_all_pairs(pre, post, weight):
    """All to all: as long as no bound is met, every pair of spikes counts by itself."""
    rule = dict(a_pre=1e-4, a_post=-1e-4, w_max=1.0)
    pairs = [1e-4 * np.exp(-abs(b - a) / 20) * (1 if b >= a else -1) for a in pre for b in post]
    found = plasticity.pair_updates(weight, pre, post, rule="additive", **rule)
    assert found == pytest.approx(weight + sum(pairs), abs=1e-12)


@pytest.mark.parametrize("pathway", ["ll_mon", "mon_ts"])
def test_one_trace_per_cell_equals_one_trace_per_synapse(pathway, rng):
    """Random trains through the kernel's two passes, every synapse checked alone, multapses too."""
    p = preset("ll_fast").replace(n_ll=6, n_mon=8, n_ts=5, ll_mon_apre=0.05, ll_mon_apost=-0.07)
    wires = wiring.draw(p, 2)
    w = wiring.initial_weights(p, 2, wires)[pathway]
    synapses, before = getattr(wires, pathway), w.copy()
    path = kernel._pathway(p, pathway, w, synapses, (True, True))
    n_pre, n_post = (p.n_ll, p.n_mon) if pathway == "ll_mon" else (p.n_mon, p.n_ts)
    pre, post = rng.random((400, n_pre)) < 0.05, rng.random((400, n_post)) < 0.05
    run_passes(path, pre, post)
    rule = dict(a_pre=float(path.a_pre), a_post=float(path.a_post), w_max=float(path.w_max))
    kind = "multiplicative" if pathway == "ll_mon" else "additive"
    for k, (i, j) in enumerate(zip(synapses.pre, synapses.post, strict=True)):
        trains = np.flatnonzero(pre[:, i]), np.flatnonzero(post[:, j])
        alone = plasticity.pair_updates(min(float(before[k]), rule["w_max"]), *trains, rule=kind, **rule)
        assert w[k] == pytest.approx(alone, rel=2e-4, abs=1e-6)


def run_passes(path, pre, post):
    """The order of a step: traces decay, deliveries with depression, pre traces, post traces, potentiation."""
    keep = np.float32(np.exp(-1 / 20))
    x_pre, x_post, g = (np.zeros(n, np.float32) for n in (pre.shape[1], post.shape[1], post.shape[1]))
    for a, b in zip(pre, post, strict=True):
        x_pre *= keep
        x_post *= keep
        sources, targets = (np.flatnonzero(row).astype(np.int32) for row in (a, b))
        kernel._deliver(sources, path, g, x_post)
        x_pre[sources] += 1
        x_post[targets] += 1
        kernel._potentiate(targets, path, x_pre)


def test_the_delivered_weight_is_that_before_depression():
    p = preset("ll_fast").replace(n_ll=2, n_mon=2, n_ts=2)
    wires = wiring.draw(p, 0)
    w = wiring.initial_weights(p, 0, wires)["ll_mon"]
    before, g = w.copy(), np.zeros(2, np.float32)
    path = kernel._pathway(p, "ll_mon", w, wires.ll_mon, (True, True))
    kernel._deliver(np.array([0, 1], np.int32), path, g, np.full(2, 5, np.float32))
    np.testing.assert_allclose(g, np.bincount(wires.ll_mon.post, before, 2), rtol=1e-5)
    np.testing.assert_allclose(w, before * (1 - 0.0105 * 5), rtol=1e-5)


# --- homeostasis


def test_homeostasis_pulls_sums_to_the_target():
    w, post = np.array([1.0, 2.0, 3.0, 4.0]), np.array([0, 0, 1, 1])
    found = plasticity.homeostasis(w, post, n_post=3, eta=0.1, w_max=10.0, target=6.0)
    np.testing.assert_allclose(found, [1.1, 2.2, 3 * (1 - 0.1 / 7), 4 * (1 - 0.1 / 7)])
    for _ in range(300):
        w = plasticity.homeostasis(w, post, n_post=3, eta=0.1, w_max=10.0, target=6.0)
    np.testing.assert_allclose(np.bincount(post, w), [6, 6], rtol=1e-6)


def test_without_a_target_sums_are_equalised_and_their_mean_is_not_bounded():
    w, post = np.array([1.0, 3.0, 0.0]), np.array([0, 1, 2])
    found = plasticity.homeostasis(w, post, n_post=3, eta=0.05, w_max=9.0)
    np.testing.assert_allclose(found, [1 + 0.05 * (4 / 3 - 1), 3 * (1 + 0.05 * (4 / 9 - 1)), 0])


def test_scale_and_weight_are_clipped():
    assert plasticity.homeostasis(np.array([1.0]), np.array([0]), n_post=1, eta=1, w_max=9, target=50)[0] == 1.1
    assert plasticity.homeostasis(np.array([1.0]), np.array([0]), n_post=1, eta=1, w_max=9, target=0.1)[0] == 0.9
    assert plasticity.homeostasis(np.array([1.0]), np.array([0]), n_post=1, eta=1, w_max=1.05, target=50)[0] == 1.05
    w = np.array([3.0], np.float32)
    assert plasticity.homeostasis(w, np.array([0]), n_post=1, eta=0, w_max=1) is w


def test_target_leaves_cells_without_input_out():
    assert plasticity.incoming_target(np.array([2.0, 4.0]), np.array([0, 2]), 5) == 3.0
    assert plasticity.incoming_target(np.zeros(0), np.zeros(0, int), 5) == 0.0


BAD = [
    (dict(rule="hebbian"), "choose one of: multiplicative, additive"),
    (dict(weight=2.0), "weight = 2 is out of range"),
    (dict(a_pre=-0.1), "a_pre = -0.1 is out of range"),
    (dict(a_post=0.1), "a_post = 0.1 is out of range"),
    (dict(w_max=-1.0), "w_max = -1 is out of range"),
]


@pytest.mark.parametrize(("change", "fragment"), BAD)
def test_bad_input_is_one_clear_line(change, fragment):
    given = dict(weight=0.5, pre_steps=[0], post_steps=[1], rule="additive", **RULE) | change
    with pytest.raises(ParameterError) as caught:
        plasticity.pair_updates(**given)
    assert fragment in str(caught.value) and "\n" not in str(caught.value)
