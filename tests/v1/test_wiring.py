"""Who is connected to whom, after how long, and with what rule."""

import re

import numpy as np
import pytest

from helpers.parameters import ParameterError
from helpers.v1 import PROJECTIONS, RULES, RingParams, wire
from helpers.v1.wiring import checked_rules

STATIC = RingParams(plastic=False)


def test_lateral_synapses_fall_off_with_distance():
    alone = STATIC.replace(inhibition=False, w_input_exc_us=0.0, w_input_inh_us=0.0)
    matrices = [np.isfinite(wire(alone, s)["exc_exc"].matrix(0.1)) for s in range(200)]
    place = np.exp(2j * np.pi * np.arange(60) / 60)
    rate, expected = np.mean(matrices, axis=0), np.exp(-2 * np.abs(place - place[:, None]))
    off = ~np.eye(60, dtype=bool)
    z = (rate - expected)[off] / np.sqrt(expected * (1 - expected) / 200)[off]
    assert abs(z.mean()) < 0.1 and 0.9 < z.std() < 1.1 and not rate[~off].any()


def test_delays_are_a_truncated_normal_on_the_grid():
    delays = np.concatenate([s.delay_ms for seed in range(5) for s in wire(STATIC, seed).values()])
    assert (delays.min(), delays.max()) == pytest.approx((0.1, 5.0), abs=1e-12)
    np.testing.assert_allclose(delays / 0.1, np.rint(delays / 0.1), atol=1e-9)
    assert delays.mean() == pytest.approx(2.60, abs=0.02)  # closed form: 2.598
    assert delays.std() == pytest.approx(1.39, abs=0.02)
    coarse = dict(dt_ms=0.4, delay_min_ms=0.5, tau_refrac_ms=1.6, window_ms=100.0)
    for change, ends in ((dict(delay_min_ms=3.5, delay_max_ms=3.5), (3.5, 3.5)), (coarse, (0.8, 4.8))):
        delays = np.concatenate([s.delay_ms for s in wire(STATIC.replace(**change), 0).values()])
        assert (delays.min(), delays.max()) == pytest.approx(ends)


def test_full_and_paired_projections():
    links = wire(STATIC, 0)
    for name in ("input_exc", "input_inh"):
        assert np.array_equal(links[name].pre, np.arange(60)) and np.array_equal(links[name].post, np.arange(60))
    assert all(len(links[name].pre) == 3600 for name in ("exc_inh", "inh_exc"))
    assert [name for name in links if PROJECTIONS[name].receptor == "inhibitory"] == ["inh_inh", "inh_exc"]
    assert all(set(s.weight_us) == {0.4 if name.startswith("input") else 0.1} for name, s in links.items())
    alone = STATIC.replace(n_inh=12, inhibition=False, lateral=False)  # fewer, reached by chance
    assert np.mean([len(wire(alone, s)["input_inh"].pre) for s in range(100)]) == pytest.approx(36, abs=2)


@pytest.mark.parametrize(
    ("change", "left_out"),
    [
        (dict(lateral=False), "exc_exc inh_inh exc2_exc2 inh2_inh2 exc2_exc2_near inh2_inh2_again"),
        (dict(inhibition=False), "exc_inh inh_exc exc_inh2 inh_exc2 exc2_inh2 inh2_exc2"),
        (dict(w_input_inh_us=0.0), "input_inh"),
    ],
)
def test_a_lesion_leaves_out_its_projections_and_draws_the_others_as_before(change, left_out):
    full = wire(STATIC.replace(layers=2), 0)
    rest = wire(STATIC.replace(layers=2, **change), 0)
    assert list(full) == list(PROJECTIONS) and set(full) - set(rest) == set(left_out.split())
    assert all(np.array_equal(rest[name].delay_ms, full[name].delay_ms) for name in rest)
    assert len({(s.pre.size, s.delay_ms[0]) for s in full.values()}) == len(full)  # each from its own stream


def test_one_seed_shared_by_all_one_to_one_delays():
    shared, own = (wire(STATIC.replace(layers=2, shared_delays=value), 0) for value in (True, False))
    paired = [name for name in shared if PROJECTIONS[name].pattern == "one_to_one"]
    assert len(paired) == 5
    assert all(np.array_equal(shared[name].delay_ms, shared["input_exc"].delay_ms) for name in paired)
    assert not np.array_equal(own["exc_exc2"].delay_ms, own["inh_exc2"].delay_ms)


def test_wiring_and_rules_of_ones_own():
    given = {"exc_exc": ([0, 1], [1, 0], [0.54, 3.0])}
    links = wire(STATIC, 0, given)
    assert links["exc_exc"].delay_ms.tolist() == pytest.approx([0.5, 3.0]) and given["exc_exc"][2] == [0.54, 3.0]
    assert np.array_equal(links["exc_inh"].delay_ms, wire(STATIC, 0)["exc_inh"].delay_ms)
    np.testing.assert_array_equal(links["exc_exc"].matrix(0.2)[:2, :2], [[np.nan, 0.2], [0.2, np.nan]])
    with pytest.raises(ParameterError, match=r"^weight_us has shape \(3,\); allowed: \(2\)$"):
        links["exc_exc"].matrix(np.ones(3))
    pairs = np.indices((60, 12)).reshape(2, -1)  # all of them, each once
    assert wire(STATIC.replace(n_inh=12), 0, {"exc_inh": (*pairs, np.ones(720))})["exc_inh"].pre.size == 720
    rules = checked_rules({"causal": (10, 30, 0.1, 0.2)})
    assert rules["causal"] == (10.0, 30.0, 0.1, 0.2) and rules["symmetric"] == RULES["symmetric"]
    assert checked_rules(None) == RULES and checked_rules(None) is not RULES


@pytest.mark.parametrize(
    ("function", "given", "fragment"),
    [
        (wire, {"exc_exc2": ([0], [0], [1.0])}, "projection = 'exc_exc2' is unknown; choose one of: input_exc"),
        (wire, {"exc_exc": ([0], [0])}, "is not (pre, post, delay_ms)"),
        (wire, {"exc_exc": ([60], [0], [1.0])}, "pre goes up to 60"),
        (wire, {"exc_exc": ([0.5], [0], [1.0])}, "pre holds 0.5; allowed: whole numbers"),
        (wire, {"exc_exc": ([0, 1], [0], [1.0])}, "has 2 pre and 1 post"),
        (wire, {"exc_exc": ([0, 0], [1, 1], [1.0, 2.0])}, "names a pair of cells twice"),
        (wire, {"exc_exc": ([0], [1], [0.05])}, "delay_ms goes down to 0.05"),
        (checked_rules, {"hebb": (1, 1, 1, 1)}, "rules = 'hebb' is unknown; choose one of: causal"),
        (checked_rules, {"causal": (1, 1, 1)}, "is not (tau_plus_ms, tau_minus_ms, a_plus, a_minus)"),
        (checked_rules, {"causal": (20, 25, 1, 1)}, "tau_minus_ms differs between rules"),
    ],
)
def test_bad_synapses_and_rules_are_one_clear_line(function, given, fragment):
    with pytest.raises(ParameterError, match=rf"^[^\n]*{re.escape(fragment)}[^\n]*$"):
        function(*[STATIC, 0] * (function is wire), given)
