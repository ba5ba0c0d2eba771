"""Measures against rates whose answers are known, and the study cells of FINAL_4 that read runs by them."""

import itertools
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from helpers.wta import Assemblies, assemblies, measures
from helpers.wta.params import Phases, Result
from tests.cells import cells, notebook_path

LENGTH, NOISE, N_CIRCUITS = 200, 100, 5


def timeline(n_presentations, patterns=(0,), t0_ms=1000, lengths=None):
    rows, t = [], t0_ms
    for i in range(n_presentations):
        length = LENGTH if lengths is None else lengths[i]
        rows.append((t, t + NOISE, -1, -1))
        rows.append((t + NOISE, t + NOISE + length, patterns[i % len(patterns)], 0))
        t += NOISE + length
    return Phases.of(rows, t0_ms, t), t - t0_ms


def result(rate_hz, phases, *, k=(4,) * N_CIRCUITS, t0_ms=1000, spikes=((), ()), inputs=((), ()), n_inputs=3):
    """Build a Result around rates (n_steps, n_neurons) or, for None, spikes alone."""
    k, (spike_ms, spike_id), (input_ms, channel) = np.array(k), np.array(spikes, int), np.array(inputs, int)
    n_steps = int(phases.stop_ms[-1] - t0_ms) if rate_hz is None else len(rate_hz)
    rate_hz = None if rate_hz is None else np.asarray(rate_hz, np.float32)
    grid = dict(k=k, circuit=np.repeat(np.arange(len(k)), k), positions=np.stack([np.arange(len(k)), 0 * k], axis=1))
    events = dict(spike_ms=spike_ms, spike_id=spike_id, input_ms=input_ms, input_channel=channel)
    kept = dict(input_frozen=input_ms < 0, potential=None, recorded_ids=np.arange(k.sum()), series=None, learned=False)
    weights = {"w_in": np.zeros((k.sum(), n_inputs))}
    return Result(t0_ms, n_steps, **grid, **events, **kept, phases=phases, rate_hz=rate_hz, weights=weights)


def sequence(phases, n_steps, *, shift=lambda i: np.zeros(N_CIRCUITS), t0_ms=1000):
    """Neuron 0 of each circuit c always wins, but for 40 ms of a pattern from 30 + 25 c on, where neuron 1 does.

    `shift(i)` moves the windows of presentation i, by circuit.
    """
    rate = np.zeros((n_steps, N_CIRCUITS, 4))
    rate[:, :, 0] = 100
    for i, start in enumerate(phases.start_ms[phases.pattern >= 0] - t0_ms):
        for c in range(N_CIRCUITS):
            on = int(start + 30 + 25 * c + shift(i)[c])
            rate[on : on + 40, c] = (0, 100, 0, 0)
    return rate.reshape(n_steps, -1)


# --- assemblies


def test_a_shaken_sequence(rng):
    """Times, order, rho and sigma of windows that are moved by known amounts; the winners are the members."""
    phases, n_steps = timeline(3)
    shifts = rng.integers(-15, 16, (3, N_CIRCUITS))
    r = result(sequence(phases, n_steps, shift=lambda i: shifts[i]), phases)
    found, order, courses = assemblies(r), measures.mean_activation_order(r), r.rate_hz[measures.presentations(r)]
    assert (found.n50, found.n90, found.silent, found.n_presentations, found.n_neurons) == (10, 10, 10, 3, 20)
    np.testing.assert_array_equal(found.members, np.sort(np.r_[np.arange(5) * 4, np.arange(5) * 4 + 1]))
    times, expected = measures.activation_times(courses), 49.5 + 25 * np.arange(N_CIRCUITS) + shifts
    np.testing.assert_allclose(times[:, 1::4], expected, atol=1e-3)
    np.testing.assert_allclose(order.time_ms[1::4], expected[-1], atol=1e-3)
    assert order.window == (1000 + 2 * 300 + 100, 1000 + 3 * 300) and (np.diff(order.time_ms[order.ids]) >= 0).all()
    used = times[:, found.members]
    pairs = [stats.spearmanr(used[a], used[b])[0] for a, b in itertools.combinations(range(3), 2)]
    assert found.rho == pytest.approx(np.mean(pairs))
    assert found.sigma_ms == measures.spread(used, LENGTH)
    assert measures.spread(expected, LENGTH) == pytest.approx(np.median(expected.std(axis=0, ddof=1)), abs=1e-6)
    assert found.cc == pytest.approx(measures.rate_correlation(courses.astype(float)), abs=1e-5)


def test_without_rates_the_spikes_tell_the_order():
    phases, _ = timeline(1)
    r = result(None, phases, spikes=([1110, 1150, 1190], [7, 2, 4]))
    np.testing.assert_allclose(measures.mean_activation_order(r).time_ms[[7, 2, 4]], [10, 50, 90], atol=1e-3)


def test_members_peak_above_50_hz_in_the_mean_over_presentations():
    """Six neurons that peak for 2 ms of each presentation; in one of the three the second is above 50 Hz."""
    phases, n_steps = timeline(3)
    peaks, rate = [52, 48, 91, 89, 1.1, 0.9], np.full((n_steps, 6), 0.5)
    for start in phases.start_ms[phases.pattern == 0] - 1000:
        rate[start + 20 : start + 22] = peaks
    rate[120:122, 1] = 51
    found = assemblies(result(rate, phases, k=(6,)))
    assert (found.n50, found.n90, found.silent, found.members.tolist()) == (3, 1, 1, [0, 2, 3])
    np.testing.assert_allclose(found.peak_hz, [52, (51 + 2 * 48) / 3, 91, 89, 1.1, 0.9], rtol=1e-6)


@given(st.integers(0, 10**6))
def test_rates_are_correlated_where_a_neuron_exceeds_90_hz_in_both_presentations(seed):
    """Some never do, and one is high all the time, so that it has no correlation."""
    r = np.random.default_rng(seed).random((3, 30, 5))
    r *= np.random.default_rng(seed + 1).choice([85, 100], (3, 1, 5))
    r[..., 4], pairs = 95, []
    for a, b in itertools.combinations(range(3), 2):
        both = np.flatnonzero((r[a].max(axis=0) > 90) & (r[b].max(axis=0) > 90))
        found = [stats.pearsonr(r[a, :, i], r[b, :, i])[0] for i in both if i != 4]
        pairs += [np.mean(found)] if found else []
    expected = np.mean(pairs) if pairs else np.nan
    assert measures.rate_correlation(r) == pytest.approx(expected, nan_ok=True)


def test_each_pattern_has_an_assembly_of_its_own_and_noise_is_what_lies_between_all():
    phases, n_steps = timeline(4, patterns=(0, 1))
    rate = np.full((n_steps, 4), 25.0)
    rate[phases.per_ms(1000, n_steps) >= 0] = [100, 0, 0, 0]
    for pattern, neuron in ((0, 1), (1, 2)):
        for start in phases.shown(pattern).start_ms - 1000:
            rate[start + 50 : start + 90] = np.eye(4)[neuron] * 100
    r = result(rate, phases, k=(4,))
    found = [assemblies(r, pattern) for pattern in (0, 1)]
    assert [one.members.tolist() for one in found] == [[0, 1], [0, 2]] and assemblies(r).pattern == 0
    for one in found:
        assert one.h_noise == pytest.approx(np.log(4)) and one.h_pattern == pytest.approx(0, abs=1e-6)
    assert measures.mean_activation_order(r, 0).time_ms[1] == pytest.approx(69.5)  # that of another one is the last


def test_a_cut_presentation_is_left_out():
    phases = Phases.of([(0, 100, -1, -1), (100, 300, 0, 0), (300, 400, -1, -1), (400, 600, 0, 0)], 0, 500)
    r = result(np.full((500, 2), 50.0), phases, k=(2,), t0_ms=0)
    found = assemblies(r)
    assert measures.presentations(r).shape == (1, 200) and np.isnan([found.rho, found.cc, found.sigma_ms]).all()
    assert found.n50 == 0 and found.h_pattern == pytest.approx(np.log(2)) == found.h_noise
    assert phases.per_ms(-1, 600)[[0, 1, 151, 351, 451, 501]].tolist() == [-2, -1, 0, -1, 0, -2]


# --- properties


@pytest.mark.filterwarnings("ignore:An input array is constant")
@given(st.integers(2, 5), st.integers(2, 12), st.integers(0, 10**6))
def test_rank_correlation_is_the_mean_over_pairs(n_shown, n_neurons, seed):
    times = np.random.default_rng(seed).random((n_shown, n_neurons))
    assert np.isnan(measures.rank_correlation(times[:1])) and np.isnan(measures.rank_correlation(times[:, :1]))
    for rows in (times, np.round(3 * times)):  # silent or constant neurons have equal times: no order of their own
        pairs = [stats.spearmanr(one, other)[0] for one, other in itertools.combinations(rows, 2)]
        assert measures.rank_correlation(rows) == pytest.approx(np.mean(pairs), abs=1e-9, nan_ok=True)


@given(st.lists(st.sets(st.integers(0, 12)), min_size=1, max_size=4))
def test_overlap_is_that_of_sets(sets):
    empty = dict.fromkeys(Assemblies.__dataclass_fields__, 0)
    found = measures.overlap([Assemblies(**empty | {"members": np.array(sorted(s), int)}) for s in sets])
    for i, a in enumerate(sets):
        for j, b in enumerate(sets):
            expected = len(a & b) / len(a | b) if a | b else np.nan
            assert found[i, j] == expected or (np.isnan(found[i, j]) and np.isnan(expected))


@given(st.lists(st.integers(2, 90), min_size=1, max_size=6), st.integers(0, 50))
def test_presentations_are_read_at_the_same_relative_times(lengths, t0_ms):
    phases, n_steps = timeline(len(lengths), lengths=lengths, t0_ms=t0_ms)
    found = measures.presentations(result(np.zeros((n_steps, 20)), phases, t0_ms=t0_ms))
    n = int(np.median(lengths))
    assert found.shape == (len(lengths), n)
    for steps, start, length in zip(found, phases.shown(0).start_ms - t0_ms, lengths, strict=True):
        assert steps[0] == start and steps[-1] < start + length
        assert (np.abs((steps - start) / length - np.arange(n) / n) < 1 / length).all()


@given(st.lists(st.floats(0, 1e3), min_size=2, max_size=6), st.floats(0, 1e3))
def test_spread_is_taken_on_the_circle(times, turned):
    times, period = np.array(times)[:, None] % 50, 200
    plain, moved = measures.spread(times, period), measures.spread((times + turned) % period, period)
    assert moved == pytest.approx(plain, abs=1e-6) == pytest.approx(np.std(times, ddof=1), abs=period / 4)
    assert measures.spread(np.array([[199.0], [1], [199], [1]]), 200) == pytest.approx(np.std([-1, 1, -1, 1], ddof=1))


@given(st.lists(st.integers(1, 6), min_size=1, max_size=5), st.integers(0, 10**6))
def test_entropy_is_summed_over_circuits(k, seed):
    rng = np.random.default_rng(seed)
    rate = np.concatenate([rng.dirichlet(np.full(n, 0.3), 300) for n in k], axis=1) * 100
    h = measures.entropy(result(rate, Phases.of([(0, 300, -1, -1)], 0, 300), k=k, t0_ms=0))
    np.testing.assert_allclose(h, special.entr(rate / 100).sum(axis=1), atol=1e-4)


# --- the study cells: windows after a cue


@pytest.fixture(scope="module")
def notebook():
    return cells("FINAL_4", "model", "study")


MEMBERS_OF_8, TRAINED_MS = np.array([1, 2, 4, 5, 7]), np.array([20.0, 60, 100, 140, 180])


def cues(rng, n_cues=6):
    """A test of random rates in which a cue of 200 ms comes after 700 ms of noise, and noise after the last one."""
    rows = []
    for t in range(0, n_cues * 900, 900):
        rows += [(t, t + 700, -1, -1), (t + 700, t + 900, 0, 0)]
    stop = n_cues * 900 + 700
    phases = Phases.of([*rows, (n_cues * 900, stop, -1, -1)], 0, stop)
    return result(rng.random((stop, 8)), phases, k=(8,), t0_ms=0)


def test_windows_read_200_ms_of_the_members_after_every_cue(notebook, rng):
    tests = [cues(rng), cues(rng)]
    found = notebook.windows(tests, MEMBERS_OF_8, TRAINED_MS)
    for name, at in dict(after=0, late=250, before=-400).items():
        read = []
        for alone in tests:
            for stop in alone.phases.shown(0).stop_ms:
                read.append(alone.rate_hz[stop + at : stop + at + 200, MEMBERS_OF_8])
        course = np.mean(read, axis=0)
        times = np.arange(200) @ course / course.sum(axis=0)
        assert found[f"{name}_hz"] == pytest.approx(np.mean(read), rel=1e-5)
        assert found[f"{name}_rho"] == pytest.approx(stats.spearmanr(times, TRAINED_MS)[0])
        assert found[f"{name}_far_rho"] == pytest.approx(stats.spearmanr(times[2:], TRAINED_MS[2:])[0])


def test_a_replay_in_rate_has_twice_the_rate_of_before_and_half_that_of_the_sequence():
    """The line that decides stands in a cell that shows; it is run on six networks, of which two replay."""
    shown = [cell for cell in json.loads(notebook_path("FINAL_4").read_text())["cells"] if cell["cell_type"] == "code"]
    (line,) = [line for cell in shown for line in cell["source"] if line.startswith("replays = ")]
    before, after = np.array([10.0, 10, 10, 10, 10, 1]), np.array([21.0, 19, 21, 19, 10, 9])
    names = dict(ratio=after / before, hz=dict(after=after, sequence=np.array([41.0, 37, 43, 39, 10, 17])))
    exec(line, names)
    assert names["replays"].tolist() == [True, False, False, False, False, True]


def test_new_winners_were_not_above_50_hz_in_the_second_before(notebook):
    recorder, inputs = notebook.untrained(1, "no depression")
    wins = [set(np.flatnonzero(np.bincount(recorder.simulate(inputs, 1000).spike_id) > 50)) for _ in range(5)]
    found = notebook.new_winners(1, seconds=5)["count"].tolist()
    assert found == [len(now - then) for then, now in itertools.pairwise(wins)] and max(found) > 2


def test_the_fixed_point_reads_the_epsp_that_the_spike_saw(notebook):
    """y of a step is what the network kept before it: the same as the recorded series of that step."""
    recorder, inputs = notebook.untrained(1)
    recorder.simulate(inputs, 300)
    recorder.id_list = [0]
    result = recorder.test(inputs, 400, dt_rec=1)
    fired, y = measures.spike_steps(result), result.series["y_in"][:-1]
    enough = fired.sum(axis=0) >= 6
    mean_y = fired[:, enough].T @ y / fired[:, enough].sum(axis=0)[:, None]
    found = notebook.fixed_point(result, min_spikes=6)["log_y"].reshape(mean_y.shape)
    assert np.median(np.abs(np.exp(found) - mean_y) / mean_y.mean()) < 0.01


def test_mixed_weights_are_the_same_weights_of_other_neurons(notebook, rng):
    """What else the cell `cue` does is held by the rows of acceptance.toml that it fills."""
    net = notebook.untrained(1)[0].network
    net.state.w_rec[:] = before = rng.random(net.state.w_rec.size)
    notebook.mix(net, rng)
    for k in range(net.n_neurons):
        onto = slice(*net.wiring.row[k : k + 2])
        assert np.array_equal(np.sort(net.state.w_rec[onto]), np.sort(before[onto]))
    assert not np.array_equal(net.state.w_rec, before)


@pytest.mark.parametrize(("apart", "low", "high"), [(3.0, 0.99, 1.0), (0.0, 0.25, 0.42)])
def test_the_readout_tells_apart_what_differs(apart, low, high, notebook, rng):
    """Three classes, unequally frequent: balanced accuracy is 1 where they differ, a third where they do not."""
    shown = rng.choice([-1, 0, 1], 4000, p=[0.7, 0.2, 0.1])
    x = rng.normal(size=(4000, 10))
    x[:, :3] += apart * 2 * (shown[:, None] == [-1, 0, 1])
    assert low <= notebook.read(x[:2000], shown[:2000], x[2000:], shown[2000:]) <= high


def test_the_readout_sees_low_passed_spikes(notebook):
    """One spike of each kind, in step 0 and 20: they decay by e every 20 ms from then on."""
    phases, _ = timeline(1, t0_ms=500)
    r = result(None, phases, t0_ms=500, spikes=([500], [7]), inputs=([520], [2]))
    network, given, shown = notebook.seen(r)
    decay = np.exp(-np.arange(15.0))
    np.testing.assert_allclose(network[:, 7], decay, atol=1e-6)
    np.testing.assert_allclose(given[1:, 2], decay[:-1], atol=1e-6)
    assert np.count_nonzero(network[0]) == 1 and not given[0].any() and shown.tolist() == [-1] * 5 + [0] * 10
