"""The input: exact replay, rates, order of sequences in every mode, pieces against the whole, bad input."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.parameters import ParameterError
from helpers.wta import InputGenerator, Network, generate_poisson_spiketrain
from helpers.wta.inputs import _bernoulli

NET = Network(grid_shape=(2, 1), n_inputs=40, seed=0)


def make(**options):
    return InputGenerator(NET, **{"seed": 1, "t_pattern": 100, **options})


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
    for start, stop, pattern, _, complete in zip(*vars(s.phases).values(), strict=True):
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


def test_phases_tile_the_run_and_the_last_one_is_cut():
    p = make().generate_input(5000, 700).phases
    assert p.start_ms[0] == 700 and p.stop_ms[-1] == 5700
    assert np.array_equal(p.start_ms[1:], p.stop_ms[:-1]) and p.complete[:-1].all()
    noise = (p.stop_ms - p.start_ms)[(p.pattern < 0) & p.complete]
    assert noise.min() >= 100 and noise.max() <= 500
    p = make(use_noise=False, n_patterns=1).generate_input(250).phases
    assert p.complete.tolist() == [True, True, False] and p.shown(0).start_ms.tolist() == [0, 100]
    p = make(use_noise=False, n_patterns=1).generate_input(30).phases
    assert p.stop_ms.tolist() == [30] and not p.complete.any() and p.complete_patterns().size == 0


@given(cuts=st.lists(st.integers(1, 700), min_size=1, max_size=6))
def test_any_cutting_gives_the_same_input(cuts):
    whole, pieces = make(time_warp=(0.5, 2)), make(time_warp=(0.5, 2))
    expected = whole.generate_input(sum(cuts))
    pieces.start(0)
    parts = [pieces.advance(n) for n in cuts]
    assert np.array_equal(np.concatenate([p.time_ms for p in parts]), expected.time_ms)
    assert np.array_equal(np.concatenate([p.channel for p in parts]), expected.channel)
    assert tuple(dict.fromkeys(row for p in parts for row in p.rows)) == expected.rows


def test_sequences_are_contiguous_unless_noise_is_asked_for():
    s = make(pattern_sequences=[[0, 1], [2]]).generate_input(4000)
    assert s.phases.pattern.tolist()[:8] == [-1, 0, 1, -1, 2, -1, 0, 1]
    assert s.phases.sequence.tolist()[:5] == [-1, 0, 0, -1, 1]
    s = make(pattern_sequences=[[0, 1], [2]], noise_between_members=True).generate_input(4000)
    assert s.phases.pattern.tolist()[:8] == [-1, 0, -1, 1, -1, 2, -1, 0]
    assert -1 not in make(use_noise=False).generate_input(1000).phases.pattern


def modes(**options):
    inputs = make(n_patterns=4, t_pattern=10, use_noise=False, **options)
    return inputs.generate_input(20_000).phases.pattern


def test_iterate_and_alternating():
    for options in (dict(pattern_mode="alternating", p_switch=0.0), dict(pattern_mode="random_iterate")):
        assert modes(**options)[:6].tolist() == [0, 1, 2, 3, 0, 1]
    step = np.diff(modes(pattern_mode="random_iterate", p_switch=0.3)) % 4
    assert set(step) == {0, 1} and abs((step == 1).mean() - 0.3) < 0.05


def test_switching_goes_to_any_other():
    step = np.diff(modes(pattern_mode="switching", p_switch=0.6)) % 4
    share = np.bincount(step, minlength=4) / step.size
    np.testing.assert_allclose(share, [0.4, 0.2, 0.2, 0.2], atol=0.05)


def test_independent_draws_follow_their_probabilities():
    order = modes(pattern_mode="random_independent", probabilities=(8, 0, 1, 1))
    share = np.bincount(order, minlength=4) / len(order)
    np.testing.assert_allclose(share, [0.8, 0, 0.1, 0.1], atol=0.04)
    assert abs(np.mean(order[1:][order[:-1] == 0] == 0) - share[0]) < 0.05


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


def test_frozen_marks_the_spikes_of_a_pattern():
    """Noise on top of a pattern is not of the pattern, unless it falls on a spike of it."""
    inputs = make(n_patterns=1, r_input=20, r_noise_pattern=20)
    s, (times, channels) = inputs.generate_input(5000), inputs.pattern_list[0]
    starts = s.phases.start_ms[s.phases.pattern == 0]
    key = s.time_ms * 40 + s.channel
    assert np.array_equal(s.frozen, np.isin(key, np.add.outer(starts, times) * 40 + channels))
    inside = s.phases.per_ms(0, 5000)[s.time_ms] == 0
    assert not s.frozen[~inside].any() and 0.3 < s.frozen[inside].mean() < 0.7


# --- patterns: read, set, refused


def test_patterns_can_be_set_per_spike_and_per_channel():
    as_pairs, as_lists = (make(n_patterns=2, r_noise_pattern=0) for _ in range(2))
    as_lists.set_patterns([[times[c == i].tolist() for i in range(40)] for times, c in as_pairs.get_patterns()])
    one, two = as_pairs.generate_input(2000), as_lists.generate_input(2000)
    assert np.array_equal(one.time_ms, two.time_ms) and np.array_equal(one.channel, two.channel)
    for patterns in ([([5, 3, 5, 5], [0, 0, 39, 0]), ([], [])], [[[3, 5], *[[]] * 38, [5]], [[]] * 40]):
        as_pairs.set_patterns(patterns)
        found = [[a.tolist() for a in pattern] for pattern in as_pairs.get_patterns()]
        assert found == [[[3, 5, 5], [0, 0, 39]], [[], []]]
    old = as_pairs.pattern_list
    as_pairs.generate_input(100, force_refresh_patterns=True)
    assert as_pairs.pattern_list is not old


@pytest.mark.parametrize(
    ("patterns", "message"),
    [
        ([([100], [0]), ([], [])], "time_ms of a pattern goes up to 100"),
        ([([5], [40]), ([], [])], "channel of a pattern goes up to 40"),
        ([([5, 6], [1]), ([], [])], "channel of a pattern has shape"),
        ([([], [])], "patterns has 1 entries; allowed: n_patterns = 2"),
        ([[[1]] * 39, [[]] * 40], "a pattern lists the spikes of 39 channels; allowed: n_inputs = 40, or a tuple"),
        ([[[100]] + [[]] * 39, [[]] * 40], "time_ms of a pattern goes up to 100"),
    ],
)
def test_patterns_that_do_not_fit_are_refused(patterns, message):
    inputs = make(n_patterns=2)
    before = inputs.pattern_list
    with pytest.raises(ParameterError, match=rf"^{message}[^\n]*$"):
        inputs.set_patterns(patterns)
    assert inputs.pattern_list is before


# --- attributes


def test_what_the_last_run_saw():
    inputs = make(pattern_sequences=[[0, 1], [2]], t_pattern=[100, 150, 50])
    assert inputs.phase_times.size == inputs.pattern_trace.size == 0 and len(inputs.spiketrain) == inputs.n == 40
    assert (inputs.current_pattern_index, inputs.next_pattern_length) == (-1, 100)
    s = inputs.generate_input(2000, 300)
    rows = list(zip(s.phases.start_ms, s.phases.stop_ms, s.phases.pattern, strict=True))
    assert inputs.phase_times.tolist() == [start for start, _, _ in rows]
    assert inputs.pattern_trace.tolist() == [p for start, stop, p in rows for _ in range(start, stop)]
    assert inputs.pattern_trace.size == 2000 and inputs.current_pattern_index == rows[-1][2]
    assert inputs.next_pattern_length in (100, 50)  # the sequence that is shown or comes next begins with 0 or 2
    assert [train.tolist() for train in inputs.spiketrain] == [s.time_ms[s.channel == i].tolist() for i in range(40)]


def test_noise_alone():
    """A phase of noise as the parameters say, or of given length and rate."""
    inputs = make(r_noise=50, t_noise_range=(500, 800))
    phases = [inputs.generate_noise() for _ in range(40)]
    last = np.array([times.max() for times, _ in phases])
    assert last.min() > 450 and 700 < last.max() < 800 and max(c.max() for _, c in phases) == 39
    rate = sum(times.size for times, _ in phases) / 40 / (40 * 0.65)
    assert rate == pytest.approx(1000 * (1 - np.exp(-0.05)), rel=0.05)
    times, _ = inputs.generate_noise(10_000, 5)
    assert times.size / 40 / 10 == pytest.approx(5, rel=0.1) and inputs.schedule is None


# Assigned after construction: the input is the one of a generator made so.
CHANGES = dict(r_noise=40.0, r_noise_pattern=30.0, pattern_sequences=[[2], [1, 0]], pattern_mode="random_independent")
CHANGES |= dict(p_switch=0.1, probabilities=[9, 1], t_noise_range=[50.0, 60.0], use_noise=False, time_warp=[0.5, 0.8])
CHANGES |= dict(noise_between_members=True)


@pytest.mark.parametrize("name", CHANGES)
def test_what_is_assigned_acts_as_if_built_in(name):
    common = dict(pattern_sequences=[[0, 1], [2]], r_input=10)
    common |= dict(probabilities=dict(pattern_mode="random_independent")).get(name, {})
    changed, built, plain = make(**common), make(**common | {name: CHANGES[name]}), make(**common)
    setattr(changed, name, CHANGES[name])
    assert getattr(changed, name) == getattr(built, name) and changed.params == built.params
    one, two, three = (inputs.generate_input(6000) for inputs in (changed, built, plain))
    assert one.rows == two.rows and np.array_equal(one.time_ms, two.time_ms)
    assert one.rows != three.rows or not np.array_equal(one.time_ms, three.time_ms)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"r_nois": 5}, "r_nois is not a field"),
        ({"r_noise": -1}, "r_noise = -1 is out of range"),
        ({"r_noise_pattern": "2"}, "r_noise_pattern = '2' is not a number"),
        ({"n_patterns": 0}, "n_patterns = 0"),
        ({"n_patterns": 2, "pattern_sequences": [[0, 2]]}, "pattern in pattern_sequences = 2 is out of range"),
        ({"n_patterns": 2, "pattern_sequences": []}, "pattern_sequences = []"),
        ({"n_patterns": 2, "pattern_sequences": [[]]}, "= [] is not a list"),
        ({"n_patterns": 2, "pattern_sequences": [0, 1]}, "= 0 is not a list"),
        ({"n_patterns": 2, "t_pattern": [300.0]}, "t_pattern has 1 values"),
        ({"t_pattern": "long"}, "t_pattern = 'long'"),
        ({"t_pattern": 0}, "t_pattern = 0 is out of range"),
        ({"t_noise_range": [500, 100]}, "t_noise_range = "),
        ({"t_noise_range": [100]}, "t_noise_range = "),
        ({"pattern_mode": "random"}, "pattern_mode = 'random'"),
        ({"p_switch": 1.1}, "p_switch = 1.1"),
        ({"probabilities": [1, 1, 1]}, "probabilities = (1.0, 1.0, 1.0)"),
        ({"probabilities": [-1, 2]}, "probabilities = -1"),
        ({"probabilities": (x for x in (1.0, 2.0))}, "probabilities = <generator"),
        ({"time_warp": "x" * 1000}, "... is not a list"),
        ({"time_warp": (0, 2)}, "time_warp = "),
        ({"time_warp": 2}, "time_warp = 2"),
        ({"use_noise": 1}, "use_noise = 1 is not a switch"),
    ],
)
def test_bad_input(options, message):
    """Whether it is built with it or gets it later; then nothing has changed."""
    with pytest.raises(ParameterError, match=r"^target_network is a NoneType[^\n]*$"):
        InputGenerator(None)
    inputs = InputGenerator(NET, n_patterns=2, seed=0)
    for change in (lambda: InputGenerator(NET, seed=0, **options), lambda: inputs.set(**options)):
        with pytest.raises(ParameterError, match=r"^[^\n]*$") as failure:
            change()
        assert message in str(failure.value) or "belongs to the frozen patterns" in str(failure.value)
    assert inputs.params == InputGenerator(NET, n_patterns=2, seed=0).params
