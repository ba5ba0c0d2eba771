"""The input: exact replay, rates, order of sequences in every mode, pieces against the whole, bad input."""

import numpy as np
import pytest

from helpers.wta import InputGenerator, Network

NET = Network(grid_shape=(2, 1), n_inputs=40, seed=0)


def make(**options):
    return InputGenerator(NET, **{"seed": 1, "t_pattern": 100, **options})


def share_of_spikes(rate_hz):
    return 1 - np.exp(-rate_hz / 1000)


def test_noise_is_independent_poisson():
    """Of given length and rate, or a phase as the parameters say."""
    inputs, p = make(r_noise=50, t_noise_range=(500, 800)), share_of_spikes(100)
    counts = np.zeros((40, 500, 40))
    for block in counts:
        np.add.at(block, inputs.generate_noise(500, 100), 1)
    assert counts.max() == 1 and abs(counts.mean() - p) < 4 * np.sqrt(p * (1 - p) / counts.size)
    assert 0.5 < counts.sum(axis=(1, 2)).var() / (20_000 * p * (1 - p)) < 1.8  # binomial, not a fixed number
    assert abs(np.corrcoef(counts[:, :-1].ravel(), counts[:, 1:].ravel())[0, 1]) < 0.01
    phases = [inputs.generate_noise()[0] for _ in range(40)]
    last = np.array([times.max() for times in phases])
    assert last.min() > 450 and 700 < last.max() < 800 and inputs.schedule is None
    assert np.concatenate(phases).size / (40 * 40 * 650) == pytest.approx(share_of_spikes(50), rel=0.05)


def test_patterns_are_replayed_exactly_under_fresh_noise():
    inputs = make(n_patterns=2, r_input=20, r_noise=10, r_noise_pattern=30)
    s, frozen = inputs.generate_input(30_000, t_origin=500), []
    for start, stop, pattern, *_ in zip(*vars(s.phases).values(), strict=True):
        if pattern >= 0:
            times, channels = inputs.get_patterns()[pattern]
            replayed = (start + times) * 40 + channels
            frozen.append(replayed[replayed < stop * 40])  # the last one is cut
    place = s.time_ms * 40 + s.channel
    assert (np.diff(place) > 0).all() and s.time_ms.min() >= 500 and s.time_ms.max() < 30_500
    assert np.array_equal(place[s.frozen], np.concatenate(frozen))
    label = s.phases.per_ms(500, 30_000)
    for shown, rate_hz in ((label < 0, 10), (label >= 0, 30)):
        fixed, fresh = (shown[s.time_ms[chosen] - 500].sum() for chosen in (s.frozen, ~s.frozen))
        expected = (40 * shown.sum() - fixed) * share_of_spikes(rate_hz)
        assert abs(fresh - expected) < 4 * np.sqrt(expected)


def test_phases_tile_the_run_and_the_last_one_is_cut():
    p = make().generate_input(5000, 700).phases
    assert p.start_ms[0] == 700 and p.stop_ms[-1] == 5700
    assert np.array_equal(p.start_ms[1:], p.stop_ms[:-1]) and p.complete[:-1].all()
    noise = (p.stop_ms - p.start_ms)[(p.pattern < 0) & p.complete]
    assert noise.min() >= 100 and noise.max() <= 500
    assert make(use_noise=False, n_patterns=1).generate_input(250).phases.complete.tolist() == [True, True, False]


def test_noise_comes_before_each_sequence_or_each_member():
    members = dict(noise_between_members=True)
    for patterns, options in (
        ([-1, 0, 1, -1, 2, -1, 0, 1], {}),
        ([-1, 0, -1, 1, -1, 2, -1, 0], members),
        ([0, 1, 2, 0, 1, 2, 0, 1], members | {"use_noise": False}),
    ):
        phases = make(pattern_sequences=[[0, 1], [2]], **options).generate_input(4000).phases
        assert phases.pattern.tolist()[:8] == patterns
        assert phases.sequence.tolist()[:8] == [{-1: -1, 0: 0, 1: 0, 2: 1}[pattern] for pattern in patterns]


FOUR = [0.25] * 4
NEXT = {
    "alternating": (dict(p_switch=0.0), [0, 1, 0, 0], FOUR),
    "random_iterate": (dict(p_switch=0.3), [0.7, 0.3, 0, 0], FOUR),
    "switching": (dict(p_switch=0.6), [0.4, 0.2, 0.2, 0.2], FOUR),
    "random_independent": (dict(probabilities=(8, 0, 1, 1)), [0.66, 0.09, 0.16, 0.09], [0.8, 0, 0.1, 0.1]),
}


@pytest.mark.parametrize("mode", NEXT)
def test_the_mode_says_which_sequence_comes_next(mode):
    """How often the next of four patterns is so many further, and how often each is shown."""
    options, steps, shares = NEXT[mode]
    inputs = make(n_patterns=4, t_pattern=10, use_noise=False, pattern_mode=mode, **options)
    order = inputs.generate_input(20_000).phases.pattern
    for found, expected in ((np.diff(order) % 4, steps), (order, shares)):
        share = np.bincount(found, minlength=4) / found.size
        np.testing.assert_allclose(share, expected, atol=0.05)
        assert not share[np.array(expected) == 0].any()
    assert order[0] == 0 or mode == "random_independent"


def test_time_warp_stretches_patterns():
    inputs = make(n_patterns=1, r_input=20, r_noise_pattern=0, time_warp=(2, 2))
    s = inputs.generate_input(2000)
    start, stop = s.phases.shown(0).start_ms[0], s.phases.shown(0).stop_ms[0]
    inside = (s.time_ms >= start) & (s.time_ms < stop)
    assert stop - start == 200 and np.array_equal(s.time_ms[inside] - start, 2 * inputs.get_patterns()[0][0])
    inputs.set(time_warp=(0.5, 2))
    p = inputs.generate_input(60_000).phases.shown(0)
    length = p.stop_ms - p.start_ms
    assert length.min() < 65 and length.max() > 185 and abs(length.mean() - 125) < 12


def test_patterns_can_be_set_per_spike_and_per_channel():
    inputs = make(n_patterns=2)
    old = inputs.get_patterns()
    for patterns in ([([5, 3, 5, 5], [0, 0, 39, 0]), ([], [])], [[[3, 5], *[[]] * 38, [5]], [[]] * 40]):
        inputs.set_patterns(patterns)
        found = [[a.tolist() for a in pattern] for pattern in inputs.get_patterns()]
        assert found == [[[3, 5, 5], [0, 0, 39]], [[], []]]
    broken = make(t_pattern=100.6, r_input=100.0)  # 101 steps, with spikes in the last one
    assert max(broken.get_patterns()[0][0]) == 100
    broken.set_patterns(broken.get_patterns())
    inputs.generate_input(100, force_refresh_patterns=True)
    sizes = [times.size for times, _ in inputs.get_patterns()]
    assert min(sizes) > 0 and not np.array_equal(inputs.get_patterns()[0][0], old[0][0])


# --- attributes


def test_what_the_last_run_saw():
    inputs = make(pattern_sequences=[[0, 1], [2]], t_pattern=[100, 150, 50])
    assert inputs.phase_times.size == inputs.pattern_trace.size == 0 and len(inputs.spiketrain) == inputs.n == 40
    assert (inputs.current_pattern_index, inputs.next_pattern_length) == (-1, 100)
    s = inputs.generate_input(560, 300)
    assert np.array_equal(inputs.phase_times, s.phases.start_ms)
    assert np.array_equal(inputs.pattern_trace, s.phases.per_ms(300, 560))
    assert inputs.current_pattern_index == s.phases.pattern[-1]
    assert inputs.next_pattern_length in (100, 50)  # the sequence that is shown or comes next begins with 0 or 2
    assert [train.tolist() for train in inputs.spiketrain] == [s.time_ms[s.channel == i].tolist() for i in range(40)]


# Other than they are by default; each acts, by the tests above.
CHANGES = dict(r_noise=40.0, r_noise_pattern=30.0, pattern_sequences=[[2], [1, 0]], pattern_mode="random_independent")
CHANGES |= dict(probabilities=[9, 1], t_noise_range=[50.0, 60.0], time_warp=[0.5, 0.8], noise_between_members=True)


def test_what_is_assigned_acts_as_if_built_in():
    changed, built = make(), make(**CHANGES)
    for name, value in CHANGES.items():
        setattr(changed, name, value)
        assert getattr(changed, name) == getattr(built, name)
    one, two = changed.generate_input(6000), built.generate_input(6000)
    assert one.rows == two.rows and np.array_equal(one.time_ms, two.time_ms)
