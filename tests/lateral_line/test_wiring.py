"""Wiring: counts for every published q, ends of the body, weights, and the ring of inhibition."""

import numpy as np
import pytest

from helpers.lateral_line import wiring
from helpers.lateral_line.params import preset, topographic_counts
from helpers.parameters import ParameterError
from tests.lateral_line import slow_wiring

BASE = preset("ll_baseline")
FAST = preset("ll_fast")


def at(q, base=BASE, **changes):
    return base.replace(ll_to_mon_topography_strength=q, mon_to_ts_topography_strength=q, **changes)


COUNTS = [(0.0, 0, 0), (0.08, 1, 1), (0.1, 1, 2), (0.15, 2, 2), (0.2, 2, 3), (0.4, 4, 6), (0.6, 6, 10), (0.8, 8, 13)]


@pytest.mark.parametrize(("q", "ll_mon", "mon_ts"), [*COUNTS, (1.0, 10, 16)])
def test_the_knob_is_quantised(q, ll_mon, mon_ts):
    assert topographic_counts(at(q)) == (ll_mon, mon_ts)


@pytest.mark.parametrize(("q", "ll_mon", "mon_ts"), COUNTS)
def test_this_many_synapses_are_topographic(q, ll_mon, mon_ts):
    """With a spread of nothing they all face their MON cell; of the others one in n does so by chance."""
    wires = wiring.draw(at(q, FAST, ll_to_mon_sigma=1e-6, mon_to_ts_sigma=1e-6), 5)
    m = np.arange(FAST.n_mon) / (FAST.n_mon - 1)
    faces_ll = wires.ll_mon.pre == np.round(m * (FAST.n_ll - 1))[wires.ll_mon.post]
    faces_ts = wires.mon_ts.post == np.round(m * (FAST.n_ts - 1))[wires.mon_ts.pre]
    assert faces_ll.sum() / FAST.n_mon == pytest.approx(ll_mon + (10 - ll_mon) / FAST.n_ll, abs=0.04)
    assert faces_ts.sum() / FAST.n_mon == pytest.approx(mon_ts + (16 - mon_ts) / FAST.n_ts, abs=0.06)


def test_sizes_degrees_and_multapses():
    wires = wiring.draw(BASE, 123)
    assert wires.ll_mon.pre.size == 32_000 and wires.mon_ts.pre.size == 51_200
    assert (np.bincount(wires.ll_mon.post) == 10).all() and (np.bincount(wires.mon_ts.pre) == 16).all()
    pairs = wires.mon_ts.pre * 300 + wires.mon_ts.post
    assert 0 < pairs.size - np.unique(pairs).size < 3000
    for path in (wires.ll_mon, wires.mon_ts):
        assert (np.diff(path.pre) >= 0).all()


@pytest.mark.parametrize("q", [0.0, 0.15, 0.8])
def test_equals_the_slow_version(q):
    params = at(q, FAST)
    wires = wiring.draw(params, 9)
    sources = slow_wiring.partners(9 + 31, params.n_mon, params.n_ll, 10, q, params.ll_to_mon_sigma)
    targets = slow_wiring.partners(9, params.n_mon, params.n_ts, 16, q, params.mon_to_ts_sigma)
    order = np.lexsort((wires.ll_mon.pre, wires.ll_mon.post))
    assert wires.ll_mon.pre[order].reshape(-1, 10).tolist() == [sorted(row) for row in sources]
    assert wires.mon_ts.post.reshape(-1, 16).tolist() == targets


def test_draws_beyond_the_ends_are_clipped_not_wrapped():
    wires = wiring.draw(at(1.0, FAST, ll_to_mon_sigma=15.0), 0)
    ends = wires.ll_mon.pre[wires.ll_mon.post < 20]
    assert (ends == 0).mean() > 0.4 and (ends > 60).sum() == 0


def test_a_spread_beyond_the_layer_is_uniform():
    wires = wiring.draw(at(1.0, FAST, mon_to_ts_sigma=120.0), 0)
    counts = np.bincount(wires.mon_ts.post[wires.mon_ts.pre < 100], minlength=FAST.n_ts)
    assert counts.max() < 60 and counts.min() > 3


def test_initial_weights_are_one_sided():
    wires = wiring.draw(BASE, 1)
    w = wiring.initial_weights(BASE, 1, wires)
    assert w["ll_mon"].min() >= 10 and w["ll_mon"].max() <= 18 and w["ll_mon"].mean() == pytest.approx(14, abs=0.05)
    assert w["mon_ts"].min() >= 0.02 and w["mon_ts"].max() <= 0.025
    fixed = wiring.initial_weights(preset("ll_thesis"), 1, wiring.draw(preset("ll_thesis"), 1))["ll_mon"]
    assert fixed.min() >= 11.5 and fixed.max() <= 14.5


def test_masks_of_the_interneurons():
    wires = wiring.draw(BASE, 1)
    assert wires.mon_inh.sum() == pytest.approx(96, abs=35) and wires.ts_inh.sum() == pytest.approx(24, abs=16)
    assert not wiring.draw(BASE.replace(use_ts_feedback_inh=False), 1).ts_inh.any()


@pytest.mark.parametrize(("n_ts", "radius", "peak"), [(300, 18, 1.5), (80, 5, 1.5), (9, 20, 1.0), (1, 3, 1.0)])
def test_lateral_stencil(n_ts, radius, peak):
    found = wiring.lateral_stencil(BASE.replace(n_ts=n_ts, ts_lateral_radius=radius, ts_local_inh_peak_mV=peak))
    distance = [min(d, n_ts - d) for d in range(n_ts)]
    expected = [peak * (1 - d / radius) if 0 < d <= radius else 0.0 for d in distance]
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_same_seed_same_wiring():
    one, two, other = (wiring.draw(FAST, seed) for seed in (4, 4, 5))
    assert np.array_equal(one.ll_mon.pre, two.ll_mon.pre) and np.array_equal(one.mon_ts.post, two.mon_ts.post)
    assert not np.array_equal(one.mon_ts.post, other.mon_ts.post)
    assert np.unique(wiring.tracked(FAST, 4, 12_800)).size == 24


GOOD = {"ll_mon": (np.array([1, 0]), np.array([0, 1]), np.array([2.0, 3.0])), "mon_ts": ([0], [0], [0.1])}
BAD = {
    "weights lack a pathway": {"ll_mon": GOOD["ll_mon"]},
    "ll_mon: 1 sources, 2 targets, 2 weights": GOOD | {"ll_mon": ([0], [0, 1], [1.0, 1.0])},
    "ll_mon: a source lies outside the layer; allowed: integers from 0 to 99": GOOD | {"ll_mon": ([100], [0], [1.0])},
    "mon_ts: a target lies outside the layer": GOOD | {"mon_ts": ([0], [-1], [1.0])},
    "mon_ts weights goes down to -1": GOOD | {"mon_ts": ([0], [0], [-1.0])},
    "mon_ts weights holds NaN": GOOD | {"mon_ts": ([0], [0], [np.nan])},
}


def test_given_weights_are_ordered_by_source():
    synapses, weights = wiring.checked_weights(FAST, GOOD)
    assert synapses["ll_mon"].pre.tolist() == [0, 1] and weights["ll_mon"].tolist() == [3.0, 2.0]


@pytest.mark.parametrize("fragment", BAD)
def test_bad_weights_are_one_clear_line(fragment):
    with pytest.raises(ParameterError) as caught:
        wiring.checked_weights(FAST, BAD[fragment])
    assert fragment in str(caught.value) and "\n" not in str(caught.value)
