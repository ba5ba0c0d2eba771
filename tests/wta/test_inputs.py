"""The input: exact replay, rates, order of sequences in every mode, pieces against the whole, bad input."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.parameters import ParameterError
from helpers.wta.inputs import InputGenerator, _bernoulli, generate_poisson_spiketrain
from helpers.wta.network import Network

NET = Network(grid_shape=(2, 1), n_inputs=40, seed=0)


def make(**options):
    return InputGenerator(NET, **{"seed": 1, "t_pattern": 100, **options})


def shown(schedule):
    return [int(p) for p in schedule.phases.pattern if p >= 0]


def test_bins_are_independent_poisson():
    rng = np.random.default_rng(0)
    flat = np.concatenate([_bernoulli(rng, 500, 20, 100.0) + 10_000 * i for i in range(40)])
    counts = np.bincount(flat, minlength=400_000).reshape(-1, 20)
    p = 1 - np.exp(-0.1)
    assert counts.max() == 1
    assert abs(counts.mean() - p) < 4 * np.sqrt(p * (1 - p) / 400_000)
    per_block = counts.reshape(40, -1).sum(axis=1)
    assert 0.5 < per_block.var() / (10_000 * p * (1 - p)) < 1.8  # binomial, not a fixed number
    pairs = np.corrcoef(counts[:-1].ravel(), counts[1:].ravel())[0, 1]
    assert abs(pairs) < 0.01


def test_poisson_spiketrain():
    train = generate_poisson_spiketrain(200_000, 20, seed=3)
    assert abs(train.size / 200 - 1000 * (1 - np.exp(-0.02))) < 1.4 and (np.diff(train) > 0).all()
    assert np.array_equal(train, generate_poisson_spiketrain(200_000, 20, seed=3))


def test_patterns_are_replayed_exactly():
    inputs = make(n_patterns=2, r_noise_pattern=0, r_input=20, pattern_sequences=[[0], [1]])
    s = inputs.generate_input(3000, t_origin=500)
    assert s.t0_ms == 500 and s.time_ms.min() >= 500 and s.time_ms.max() < 3500
    for start, stop, pattern, complete in zip(
        s.phases.start_ms, s.phases.stop_ms, s.phases.pattern, s.phases.complete, strict=True
    ):
        if pattern >= 0 and complete:
            inside = (s.time_ms >= start) & (s.time_ms < stop)
            assert np.array_equal(s.time_ms[inside] - start, inputs.get_patterns()[pattern][0])
            assert np.array_equal(s.channel[inside], inputs.get_patterns()[pattern][1])


def test_noise_is_added_to_a_pattern_and_rates_add_up():
    inputs = make(n_patterns=1, r_input=10, r_noise=0, r_noise_pattern=4, use_noise=False, t_pattern=1000)
    s = inputs.generate_input(60_000)
    fixed = inputs.pattern_list[0][0].size
    rate = s.time_ms.size / 60 / 40
    expected = fixed / 40 + (1 - fixed / 40_000) * 1000 * (1 - np.exp(-0.004))
    assert abs(rate - expected) < 4 * np.sqrt(4 / 60 / 40)
    assert len(np.unique(s.time_ms * 40 + s.channel)) == s.time_ms.size  # at most one per channel and step


def test_phases_tile_the_run():
    p = make().generate_input(5000, 700).phases
    assert p.start_ms[0] == 700 and p.stop_ms[-1] == 5700
    assert np.array_equal(p.start_ms[1:], p.stop_ms[:-1]) and p.complete[:-1].all()
    noise = (p.stop_ms - p.start_ms)[(p.pattern < 0) & p.complete]
    assert noise.min() >= 100 and noise.max() <= 500


def test_a_cut_presentation_is_marked():
    p = make(use_noise=False, n_patterns=1).generate_input(250).phases
    assert p.complete.tolist() == [True, True, False] and p.stop_ms[-1] == 250
    assert len(p.shown(0)) == 2


@given(cuts=st.lists(st.integers(1, 700), min_size=1, max_size=6))
def test_any_cutting_gives_the_same_input(cuts):
    whole, pieces = make(time_warp=(0.5, 2)), make(time_warp=(0.5, 2))
    expected = whole.generate_input(sum(cuts))
    pieces.start(0)
    parts = [pieces.advance(n) for n in cuts]
    assert np.array_equal(np.concatenate([p.time_ms for p in parts]), expected.time_ms)
    assert np.array_equal(np.concatenate([p.channel for p in parts]), expected.channel)
    assert tuple(dict.fromkeys(row for p in parts for row in p.rows)) == expected.rows


def test_sequences_are_contiguous_by_default():
    s = make(n_patterns=3, pattern_sequences=[[0, 1], [2]]).generate_input(4000)
    assert s.phases.pattern.tolist()[:8] == [-1, 0, 1, -1, 2, -1, 0, 1]
    assert s.phases.sequence.tolist()[:5] == [-1, 0, 0, -1, 1]


def test_noise_between_members_as_in_the_nest_package():
    s = make(n_patterns=3, pattern_sequences=[[0, 1], [2]], noise_between_members=True).generate_input(4000)
    assert s.phases.pattern.tolist()[:8] == [-1, 0, -1, 1, -1, 2, -1, 0]


def test_without_noise_sequences_follow_each_other():
    assert -1 not in make(use_noise=False).generate_input(1000).phases.pattern


def modes(**options):
    inputs = make(n_patterns=4, t_pattern=10, use_noise=False, **options)
    return shown(inputs.generate_input(20_000))


def test_iterate_and_alternating():
    assert modes(pattern_mode="alternating", p_switch=0.0)[:6] == [0, 1, 2, 3, 0, 1]
    assert modes(pattern_mode="random_iterate")[:6] == [0, 1, 2, 3, 0, 1]
    order = np.array(modes(pattern_mode="random_iterate", p_switch=0.3))
    step = np.diff(order) % 4
    assert set(step) == {0, 1} and abs((step == 1).mean() - 0.3) < 0.05


def test_switching_goes_to_any_other():
    step = np.diff(modes(pattern_mode="switching", p_switch=0.6)) % 4
    share = np.bincount(step, minlength=4) / step.size
    np.testing.assert_allclose(share, [0.4, 0.2, 0.2, 0.2], atol=0.05)


def test_independent_draws_follow_their_probabilities():
    order = modes(pattern_mode="random_independent", probabilities=(8, 0, 1, 1))
    share = np.bincount(order, minlength=4) / len(order)
    np.testing.assert_allclose(share, [0.8, 0, 0.1, 0.1], atol=0.04)
    pairs = np.bincount(order[1:])[0] / (len(order) - 1)
    assert abs(np.mean([b == 0 for a, b in pairwise(order) if a == 0]) - pairs) < 0.05


def test_time_warp_stretches_patterns():
    inputs = make(n_patterns=1, r_input=20, r_noise_pattern=0)
    plain = inputs.get_patterns()[0]
    inputs.set(time_warp=(2, 2))
    s = inputs.generate_input(2000)
    start = s.phases.shown(0).start_ms[0]
    assert s.phases.shown(0).stop_ms[0] - start == 200
    inside = (s.time_ms >= start) & (s.time_ms < start + 200)
    assert np.array_equal(s.time_ms[inside] - start, 2 * plain[0])
    inputs.set(time_warp=(0.5, 2))
    p = inputs.generate_input(60_000).phases.shown(0)
    length = p.stop_ms - p.start_ms
    assert length.min() < 65 and length.max() > 185 and abs(length.mean() - 125) < 12


def test_a_cue_alone_after_training_on_sequences():
    inputs = make(n_patterns=2, pattern_sequences=[[0, 1], [1], [0]], p_switch=0.0)
    inputs.generate_input(2000)
    inputs._sequence = 2
    inputs.set(pattern_sequences=[[0]])
    assert set(shown(inputs.generate_input(2000))) == {0}


def test_patterns_can_be_set_and_read():
    inputs = make(n_patterns=2)
    inputs.set_patterns([([5, 3, 3], [1, 0, 0]), ([], [])])
    assert [a.tolist() for a in inputs.get_patterns()[0]] == [[3, 5], [0, 1]]
    with pytest.raises(ParameterError, match="time_ms of a pattern"):
        inputs.set_patterns([([100], [0]), ([], [])])
    old = inputs.pattern_list
    inputs.generate_input(100, force_refresh_patterns=True)
    assert inputs.pattern_list is not old


def test_what_the_last_run_saw():
    inputs = make()
    assert inputs.phase_times.size == 0 and len(inputs.spiketrain) == inputs.n == 40
    s = inputs.generate_input(2000)
    assert inputs.phase_times[0] == 0 and np.array_equal(inputs.pattern_trace, s.phases.pattern)
    assert sum(map(len, inputs.spiketrain)) == s.time_ms.size
    times, channels = inputs.generate_noise(1000, 50)
    assert times.max() < 1000 and channels.max() < 40


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"r_nois": 5}, "r_nois is not a field"),
        ({"r_noise": -1}, "r_noise = -1 is out of range"),
        ({"r_input": -0.1}, "r_input = -0.1 is out of range"),
        ({"r_noise_pattern": "2"}, "r_noise_pattern = '2' is not a number"),
        ({"n_patterns": 0}, "n_patterns = 0"),
        ({"n_patterns": 2, "pattern_sequences": [[0, 2]]}, "pattern in pattern_sequences = 2 is out of range"),
        ({"n_patterns": 2, "pattern_sequences": []}, "pattern_sequences = []"),
        ({"n_patterns": 2, "pattern_sequences": [[]]}, "pattern_sequences holds []"),
        ({"n_patterns": 2, "pattern_sequences": [0, 1]}, "pattern_sequences holds 0"),
        ({"n_patterns": 2, "t_pattern": [300.0]}, "t_pattern has 1 values"),
        ({"t_pattern": "long"}, "t_pattern = 'long'"),
        ({"t_pattern": 0}, "t_pattern = 0 is out of range"),
        ({"t_noise_range": [500, 100]}, "t_noise_range = (500.0, 100.0)"),
        ({"t_noise_range": [100]}, "t_noise_range = (100.0,)"),
        ({"pattern_mode": "random"}, "pattern_mode = 'random'"),
        ({"p_switch": 1.1}, "p_switch = 1.1"),
        ({"probabilities": [1]}, "probabilities = (1.0,)"),
        ({"probabilities": [-1, 2]}, "probabilities = -1"),
        ({"time_warp": (0, 2)}, "time_warp = (0.0, 2.0)"),
        ({"time_warp": 2}, "time_warp = 2"),
        ({"use_noise": "yes"}, "use_noise = 'yes'"),
    ],
)
def test_bad_input(options, message):
    with pytest.raises(ParameterError, match=r"^[^\n]*$") as failure:
        InputGenerator(NET, seed=0, **options)
    assert message in str(failure.value)


def test_what_belongs_to_the_frozen_patterns_is_refused_later():
    with pytest.raises(ParameterError, match="n_patterns belongs to the frozen patterns"):
        make().set(n_patterns=4)
    with pytest.raises(ParameterError, match="target_network is a NoneType"):
        InputGenerator(None)
    assert not hasattr(make(), "parrots")
