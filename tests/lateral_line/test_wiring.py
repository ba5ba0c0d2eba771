"""Wiring against the cell of FINAL_3: counts for every published q, ends of the body, weights. Ring: test_kernel.py."""

import re

import numpy as np
import pytest

from helpers.lateral_line import wiring
from helpers.lateral_line.params import preset, topographic_counts
from helpers.parameters import ParameterError

BASE, FAST = preset("ll_baseline"), preset("ll_fast")
# q, and how many of 10 LL -> MON and of 16 MON -> TS synapses it makes topographic
COUNTS = [(0.0, 0, 0), (0.08, 1, 1), (0.15, 2, 2), (0.6, 6, 10), (1.0, 10, 16)]


@pytest.mark.parametrize(("q", "near_ll", "near_ts"), COUNTS)
def test_partners_are_those_of_the_cell(q, near_ll, near_ts, notebook):
    """With sizes and a seed of its own for every q."""
    p = BASE.replace(n_mon=31 + 2 * near_ts, n_ll=23, n_ts=47, ll_to_mon_sigma=2.5, mon_to_ts_sigma=4.0)
    p, seed = p.replace(ll_to_mon_topography_strength=q, mon_to_ts_topography_strength=q), near_ts
    assert topographic_counts(p) == (near_ll, near_ts)
    wires, rng = wiring.draw(p, seed), np.random.default_rng
    sources = notebook.partners(p.n_mon, p.n_ll, 10, q, 2.5, rng(seed + 31))
    targets = notebook.partners(p.n_mon, p.n_ts, 16, q, 4.0, rng(seed))
    assert np.array_equal(wires.ll_mon.pre.reshape(-1, 10), sources)
    assert np.array_equal(wires.mon_ts.post.reshape(-1, 16), targets)
    assert np.array_equal(wires.ll_mon.post, np.repeat(np.arange(p.n_mon), 10))
    assert np.array_equal(wires.mon_ts.pre, np.repeat(np.arange(p.n_mon), 16))


def test_a_spread_as_wide_as_the_layer_is_uniform():
    """The public model's rule, which the cell leaves out."""
    wires = wiring.draw(FAST.replace(mon_to_ts_topography_strength=1.0, mon_to_ts_sigma=80.0), 0)
    counts = np.bincount(wires.mon_ts.post[wires.mon_ts.pre < 100], minlength=FAST.n_ts)
    assert counts.max() < 60 and counts.min() > 3


@pytest.mark.parametrize("plastic", [True, False])
def test_initial_weights_fill_their_one_sided_range(plastic):
    """Those of plastic pathways stay below their ceiling."""
    p = BASE.replace(ll_mon_use_stdp=plastic, ll_mon_w_init_mV=3.0, mon_ts_w_jitter=0.1, mon_ts_wmax=0.2)
    wires = wiring.draw(p, 1)
    weights = wiring.initial_weights(p, 1, wires)
    low, jitter = (3.0, 8.0) if plastic else (11.5, 3.0)
    for w, edge, width in ((weights["ll_mon"], low, jitter), (weights["mon_ts"], 0.02, 0.1)):
        share = (w - edge) / width
        assert share.min() == pytest.approx(0, abs=1e-3)
        assert share.max() == pytest.approx(1, abs=1e-3) and share.mean() == pytest.approx(0.5, abs=0.01)
        assert share.std() == pytest.approx(np.sqrt(1 / 12), abs=0.005)
    clipped = wiring.initial_weights(p.replace(ll_mon_wmax_mV=5.0, mon_ts_wmax=0.022), 1, wires)
    assert clipped["mon_ts"].max() == 0.022
    assert np.array_equal(clipped["ll_mon"], np.minimum(weights["ll_mon"], 5.0) if plastic else weights["ll_mon"])


def test_masks_of_the_interneurons():
    p = BASE.replace(mon_to_global_inh_p=0.3, ts_to_global_inh_p=0.6, n_ts=3000)
    wires = wiring.draw(p, 1)
    assert wires.mon_inh.mean() == pytest.approx(0.3, abs=0.04) and wires.ts_inh.mean() == pytest.approx(0.6, abs=0.04)
    without = wiring.draw(p.replace(use_ts_feedback_inh=False), 1)
    assert not without.ts_inh.any() and np.array_equal(without.mon_inh, wires.mon_inh)


def test_another_seed_is_another_network():
    drawn = [wiring.draw(FAST, seed) for seed in (4, 5)]
    for one, other in zip(*[(w.ll_mon.pre, w.mon_ts.post, w.mon_inh, w.ts_inh) for w in drawn], strict=True):
        assert not np.array_equal(one, other)
    assert not np.array_equal(*[wiring.initial_weights(FAST, seed, drawn[0])["mon_ts"] for seed in (4, 5)])
    assert np.unique(wiring.tracked(4, 12_800)).size == 24 and wiring.tracked(4, 5).size == 5


GOOD = {"ll_mon": ([1, 0], [0, 1], [2.0, 3.0]), "mon_ts": ([0], [0], [0.1])}
BAD = {
    "weights lack a pathway": {"ll_mon": GOOD["ll_mon"]},
    "ll_mon: 1 sources, 2 targets, 2 weights": GOOD | {"ll_mon": ([0], [0, 1], [1.0, 1.0])},
    "ll_mon: a source lies outside the layer; allowed: integers from 0 to 99": GOOD | {"ll_mon": ([100], [0], [1.0])},
    "mon_ts: a target lies outside the layer": GOOD | {"mon_ts": ([0], [-1], [1.0])},
    "ll_mon is not (i, j, w)": GOOD | {"ll_mon": 7},
    "mon_ts sources is not an array": GOOD | {"mon_ts": ([[1], [1, 2]], [0], [1.0])},
    "mon_ts weights goes down to -1": GOOD | {"mon_ts": ([0], [0], [-1.0])},
}


def test_given_synapses_keep_their_order_and_bad_ones_are_one_clear_line():
    wires, weights = wiring.given(FAST, 3, GOOD)
    assert wires.ll_mon.pre.tolist() == [1, 0] and weights["ll_mon"].tolist() == [2.0, 3.0]
    assert np.array_equal(wires.mon_inh, wiring.draw(FAST, 3).mon_inh)
    for fragment, weights in BAD.items():
        with pytest.raises(ParameterError, match=rf"^[^\n]*{re.escape(fragment)}[^\n]*$"):
            wiring.given(FAST, 0, weights)
