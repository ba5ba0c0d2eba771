"""Measures against rates whose answers are known: perfect sequences, uniform softmax, shuffled times, closed forms."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import pearsonr, spearmanr

from helpers.parameters import ParameterError
from helpers.wta import measures
from helpers.wta.params import Phases, Result

LENGTH, NOISE, N_CIRCUITS = 200, 100, 5


def timeline(n_presentations, patterns=(0,), t0_ms=1000, lengths=None):
    rows, t = [], t0_ms
    for i in range(n_presentations):
        length = LENGTH if lengths is None else lengths[i]
        rows.append((t, t + NOISE, -1, -1))
        rows.append((t + NOISE, t + NOISE + length, patterns[i % len(patterns)], 0))
        t += NOISE + length
    return Phases.of(rows, t0_ms, t), t - t0_ms


def result(rate_hz, phases, *, k=(4,) * N_CIRCUITS, t0_ms=1000, spikes=((), ()), inputs=((), ()), w_in=None):
    """Build a Result around rates (n_steps, n_neurons) or, for None, spikes alone."""
    k = np.array(k)
    n_steps = int(phases.stop_ms[-1] - t0_ms) if rate_hz is None else len(rate_hz)
    (spike_ms, spike_id), (input_ms, channel) = (tuple(np.array(a, int) for a in pair) for pair in (spikes, inputs))
    return Result(
        t0_ms=t0_ms,
        n_steps=n_steps,
        circuit=np.repeat(np.arange(len(k)), k),
        k=k,
        positions=np.column_stack([np.arange(len(k)), np.zeros(len(k), int)]),
        spike_ms=spike_ms,
        spike_id=spike_id,
        input_ms=input_ms,
        input_channel=channel,
        phases=phases,
        rate_hz=None if rate_hz is None else np.asarray(rate_hz, np.float32),
        recorded_ids=np.arange(k.sum()),
        series=None,
        weights={"w_in": np.zeros((k.sum(), 3)) if w_in is None else w_in},
        learned=False,
    )


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


@pytest.fixture
def perfect():
    phases, n_steps = timeline(4)
    return result(sequence(phases, n_steps), phases)


def test_a_perfect_sequence(perfect):
    found = measures.assemblies(perfect)
    assert (found.n50, found.n90, found.n_presentations, found.n_neurons) == (10, 10, 4, 20)
    assert (
        found.rho == pytest.approx(1) and found.cc == pytest.approx(1) and found.sigma_ms == pytest.approx(0, abs=1e-4)
    )
    assert found.h_pattern == pytest.approx(0) and found.h_noise == pytest.approx(0)
    np.testing.assert_array_equal(found.members, np.sort(np.r_[np.arange(5) * 4, np.arange(5) * 4 + 1]))
    np.testing.assert_allclose(found.time_ms[1::4], 49.5 + 25 * np.arange(5), atol=1e-3)


def test_the_order_of_a_perfect_sequence(perfect):
    order = measures.mean_activation_order(perfect)
    assert [i for i in order.ids if i % 4 == 1] == [1, 5, 9, 13, 17]
    assert (order.start_ms, order.stop_ms) == (1000 + 3 * 300 + 100, 1000 + 4 * 300)
    np.testing.assert_allclose(order.time_ms[1::4], 49.5 + 25 * np.arange(5), atol=1e-3)


def test_order_falls_back_on_spikes(perfect):
    on = 1000 + 3 * 300 + 100
    spikes = ((on + 10, on + 50, on + 90), (7, 2, 4))
    order = measures.mean_activation_order(
        dataclasses.replace(perfect, rate_hz=None, spike_ms=np.array(spikes[0]), spike_id=np.array(spikes[1]))
    )
    np.testing.assert_allclose(order.time_ms[[7, 2, 4]], [10, 50, 90], atol=1e-3)


def test_a_uniform_softmax_has_entropy_sum_ln_k():
    k = (2, 5, 7)
    phases, n_steps = timeline(3)
    rate = np.tile(np.repeat(100 / np.array(k), k), (n_steps, 1))
    found = measures.assemblies(result(rate, phases, k=k))
    assert found.n50 == 0 and np.isnan([found.rho, found.cc, found.sigma_ms]).all()
    assert found.h_pattern == pytest.approx(np.log(k).sum(), rel=1e-6) == found.h_noise


def test_shuffled_times_are_uncorrelated(rng):
    n, n_circuits = 20, 150
    phases, n_steps = timeline(n)
    rate = np.zeros((n_steps, n_circuits, 2))
    rate[:, :, 0] = 100
    for start in phases.start_ms[phases.pattern >= 0] - 1000:
        on = start + rng.integers(0, LENGTH - 30, n_circuits)
        for c in range(n_circuits):
            rate[on[c] : on[c] + 30, c] = (0, 100)
    found = measures.assemblies(result(rate.reshape(n_steps, -1), phases, k=(2,) * n_circuits))
    assert found.n90 < n_circuits + 30
    times = measures.activation_times(
        rate.reshape(n_steps, -1)[
            measures.presentations(result(rate.reshape(n_steps, -1), phases, k=(2,) * n_circuits))
        ]
    )
    assert abs(spearmanr(times[0, 1::2], times[1, 1::2])[0]) < 0.25


def test_rho_cc_sigma_against_scipy(rng):
    phases, n_steps = timeline(3)
    shifts = rng.integers(-15, 16, (3, N_CIRCUITS))
    r = result(sequence(phases, n_steps, shift=lambda i: shifts[i]), phases)
    found = measures.assemblies(r)
    courses = r.rate_hz[measures.presentations(r)].astype(float)
    t = np.array([[49.5 + 25 * c + s[c] for c in range(N_CIRCUITS)] for s in shifts])
    pairs = [(0, 1), (0, 2), (1, 2)]
    used = measures.activation_times(courses)[:, found.members]
    assert found.rho == pytest.approx(np.mean([spearmanr(used[a], used[b])[0] for a, b in pairs]))
    both = [i for i in range(20) if (courses.max(axis=1)[:, i] > 90).all()]
    cc = [np.mean([pearsonr(courses[a, :, i], courses[b, :, i])[0] for i in both]) for a, b in pairs]
    assert found.cc == pytest.approx(np.mean(cc), abs=1e-5)
    np.testing.assert_allclose(measures.activation_times(courses)[:, 1::4], t, atol=1e-3)
    spread = measures._spread(t, LENGTH)
    assert spread == pytest.approx(np.median(t.std(axis=0, ddof=1)), abs=1e-6)


def test_cc_takes_neurons_above_90_hz_in_both_presentations():
    """Presentations 0 and 1 are alike; in 2 neuron 1 reaches 60 Hz only, at another time; neuron 2 never exceeds 60."""
    phases, n_steps = timeline(3)
    rate = np.tile([100.0, 0.0, 0.0], (n_steps, 1))
    for on, high in ((150, 100), (450, 100), (710, 60)):
        rate[on : on + 40] = 100 - high, high, 0
    for start in phases.start_ms[phases.pattern == 0] - 1000:
        rate[start + 120 : start + 180] = 40, 0, 60
    alike = pearsonr(rate[100:300, 0], rate[700:900, 0])[0]
    found = measures.assemblies(result(rate, phases, k=(3,)))
    assert found.cc == pytest.approx(np.mean([1, alike, alike]), abs=1e-5)


def test_sigma_is_taken_on_the_circle():
    times = np.array([[199.0], [1.0], [199.0], [1.0]])
    assert measures._spread(times, 200) == pytest.approx(np.std([-1, 1, -1, 1], ddof=1))


def test_warped_presentations_are_compared_at_relative_times():
    phases, n_steps = timeline(3, lengths=(100, 200, 400))
    rate = np.zeros((n_steps, 2))
    for start, stop in zip(phases.start_ms[1::2] - 1000, phases.stop_ms[1::2] - 1000, strict=True):
        quarter = (stop - start) // 4
        rate[start + quarter : start + 2 * quarter, 0] = 100
    rate[:, 1] = 100 - rate[:, 0]
    found = measures.assemblies(result(rate, phases, k=(2,)))
    assert found.n50 == 2 and found.cc == pytest.approx(1, abs=1e-6) and found.sigma_ms < 0.6


def test_two_patterns_and_their_overlap():
    phases, n_steps = timeline(4, patterns=(0, 1))
    rate = np.tile([100, 0, 0, 0], (n_steps, 1))
    for pattern, neuron in ((0, 1), (1, 2)):
        for start in phases.start_ms[phases.pattern == pattern] - 1000:
            rate[start + 50 : start + 90] = np.eye(4)[neuron] * 100
    r = result(rate, phases, k=(4,))
    assert measures.pattern_ids(r).tolist() == [0, 1]
    first, second = (measures.assemblies(r, p) for p in (0, 1))
    assert first.members.tolist() == [0, 1] and second.members.tolist() == [0, 2]
    np.testing.assert_allclose(measures.overlap([first, second]), [[1, 1 / 3], [1 / 3, 1]])
    assert measures.assemblies(r).pattern == 0


def test_a_cut_presentation_is_left_out():
    phases = Phases.of([(0, 100, -1, -1), (100, 300, 0, 0), (300, 400, -1, -1), (400, 600, 0, 0)], 0, 500)
    r = result(np.full((500, 2), 50.0), phases, k=(2,), t0_ms=0)
    assert measures.presentations(r).shape == (1, 200)
    assert measures.step_pattern(r)[[0, 150, 350, 450]].tolist() == [-1, 0, -1, 0]
    assert np.isnan(measures.assemblies(r).rho)


@given(st.integers(2, 400), st.integers(0, 10**6))
def test_activation_time_of_a_rotated_course(n, seed):
    rng = np.random.default_rng(seed)
    course, shift = np.exp(3 * np.cos(2 * np.pi * (np.arange(n) - rng.uniform(0, n)) / n)), int(rng.integers(n))
    before, after = (measures.activation_times(c[:, None])[0] for c in (course, np.roll(course, shift)))
    assert 0 <= after < n
    difference = (after - before - shift) % n
    assert min(difference, n - difference) < 1e-6 * n or n == 2


@given(st.lists(st.integers(1, 6), min_size=1, max_size=5), st.integers(0, 10**6))
def test_entropy_lies_between_zero_and_sum_ln_k(k, seed):
    rng = np.random.default_rng(seed)
    rate = np.concatenate([rng.dirichlet(np.full(n, 0.3), 300) for n in k], axis=1) * 100
    phases = Phases.of([(0, 300, -1, -1)], 0, 300)
    h = measures.entropy(result(rate, phases, k=k, t0_ms=0))
    assert (h >= -1e-9).all() and (h <= np.log(k).sum() + 1e-6).all()


# --- equilibrium


def test_input_epsps_against_a_slow_version(rng):
    phases = Phases.of([(50, 150, -1, -1)], 50, 150)
    x = rng.random((100, 3)) < 0.1
    when, channel = np.nonzero(x)
    r = result(None, phases, k=(2,), t0_ms=50, inputs=(when + 50, channel))
    e1, e2, slow = np.zeros(3), np.zeros(3), []
    for step in range(100):
        slow.append(e1 - e2)
        e1, e2 = e1 * 0.95 + x[step], e2 * 0.5 + x[step]
    np.testing.assert_allclose(measures.input_epsps(r), slow, atol=1e-5)


def test_equilibrium_of_weights_at_their_fixed_point(rng):
    phases = Phases.of([(0, 20000, -1, -1)], 0, 20000)
    when, channel = np.nonzero(rng.random((20000, 3)) < (0.002, 0.005, 0.02))
    spikes = np.nonzero(rng.random((20000, 2)) < (0.05, 0.001))
    r = result(None, phases, k=(2,), t0_ms=0, spikes=spikes, inputs=(when, channel))
    y = measures.input_epsps(r)[spikes[0][spikes[1] == 0]].mean(axis=0)
    exact = dataclasses.replace(r, weights={"w_in": np.tile(np.log(y), (2, 1)) * 0.8 + 0.1})
    found = measures.equilibrium(exact)
    assert len(found.weight) == 3  # the second neuron has too few spikes
    assert found.r == pytest.approx(1) and found.slope == pytest.approx(0.8, abs=1e-4)
    assert found.bias == pytest.approx(np.median(-0.2 * np.log(y) + 0.1), abs=1e-4)
    np.testing.assert_allclose(found.log_y, measures.fixed_point([2, 5, 20]), atol=0.25)


def test_fixed_point_is_the_mean_epsp_of_poisson_spikes(rng):
    phases = Phases.of([(0, 200000, -1, -1)], 0, 200000)
    when, channel = np.nonzero(rng.random((200000, 3)) < -np.expm1(-np.array([5.0, 20, 50]) / 1000))
    for kernel in ("euler", "exact"):
        y = measures.input_epsps(result(None, phases, t0_ms=0, inputs=(when, channel)), kernel=kernel).mean(axis=0)
        np.testing.assert_allclose(np.log(y), measures.fixed_point([5, 20, 50], kernel=kernel), atol=0.08)


# --- closed forms


def test_epsp_facts():
    assert measures.epsp(5.117) == pytest.approx(0.6968, abs=1e-4) == measures.epsp(np.arange(0, 20, 0.01)).max()
    np.testing.assert_allclose(
        measures.epsp(np.arange(6), kernel="euler"), [0, 0.45, 0.6525, 0.732375, 0.75200625, 0.7425309], atol=1e-6
    )
    assert (measures.epsp([-3, -0.1]) == 0).all()


def first_crossing_between_steps(kernel):
    """The published crossing: a straight line between 0 and 1 ms. The curve itself crosses earlier, .33 and .23 ms."""
    low, high = measures.stdp_window([0, 1], kernel=kernel).dw
    return -low / (high - low)


def test_stdp_window_of_the_exact_kernel():
    window = measures.stdp_window([-20, 0, 1, 2, 5, 10, 20, 30])
    np.testing.assert_allclose(window.dw, [-1, -1, 1.558, 2.985, 4.170, 3.451, 1.730, 0.656], atol=1e-3)
    assert window.zero_ms == pytest.approx(40.1, abs=0.05) == 20 * np.log(measures.C_PAPER)
    assert measures.stdp_window([window.first_zero_ms]).dw[0] == pytest.approx(0, abs=1e-9)
    assert first_crossing_between_steps("exact") == pytest.approx(0.39, abs=0.005)
    assert window.peak_ms == pytest.approx(5.12, abs=0.01) and window.peak == pytest.approx(4.1707, abs=1e-3)


def test_stdp_window_of_the_euler_kernel():
    window = measures.stdp_window([4], kernel="euler")
    assert window.dw[0] == pytest.approx(4.580, abs=1e-3)
    assert first_crossing_between_steps("euler") == pytest.approx(0.30, abs=0.005)
    assert window.zero_ms == pytest.approx(39.1, abs=0.05)


def test_a_heavy_weight_only_depresses():
    window = measures.stdp_window([5], w=2.0)
    assert window.peak < 0 and np.isnan([window.zero_ms, window.first_zero_ms]).all()


def test_steady_depression_against_the_recursion():
    isi = np.array([10.0, 20, 50, 100, 200])
    u, r = np.full(5, 0.5), np.ones(5)
    for _ in range(500):
        r = 1 + (r - u * r - 1) * np.exp(-isi / 110)
        u = 0.5 + u * 0.5 * np.exp(-isi / 5)
    np.testing.assert_allclose(measures.stp_amplitude(isi), u * r, atol=1e-12)
    np.testing.assert_allclose(measures.stp_amplitude(isi), [0.08083, 0.14292, 0.26754, 0.37387, 0.45584], atol=1e-4)


# --- bad input


def no_pattern():
    return result(np.full((300, 2), 50.0), Phases.of([(0, 300, -1, -1)], 0, 300), k=(2,), t0_ms=0)


BAD = [
    (lambda r: measures.assemblies(dataclasses.replace(r, rate_hz=None)), "rate_hz is None"),
    (lambda r: measures.assemblies(r, 1), "pattern = 1 has no complete presentation; present: .0."),
    (lambda r: measures.assemblies(r, "0"), "pattern = '0' is not an integer"),
    (lambda r: measures.assemblies(no_pattern()), "no complete presentation"),
    (lambda r: measures.mean_activation_order(no_pattern()), "no complete presentation"),
    (lambda r: measures.mean_activation_order(r, 3), "pattern = 3"),
    (lambda r: measures.equilibrium(r), "no neuron has 300 spikes; the most active has 0"),
    (lambda r: measures.equilibrium(r, min_spikes=0), "min_spikes = 0"),
    (lambda r: measures.spike_steps(r, "noise"), "source = 'noise' is unknown"),
    (lambda r: measures.epsp([1.0], kernel="rk4"), "kernel = 'rk4' is unknown"),
    (lambda r: measures.epsp([np.nan]), "t_ms holds NaN"),
    (lambda r: measures.stp_amplitude([-1.0]), "isi_ms goes down to -1"),
    (lambda r: measures.stp_amplitude([1.0], u=0), "u = 0 is out of range"),
    (lambda r: measures.fixed_point(-1.0), "rate_hz goes down to -1"),
]


@pytest.mark.parametrize(("call", "message"), BAD, ids=[m for _, m in BAD])
def test_bad_input_is_one_line(perfect, call, message):
    with pytest.raises(ParameterError, match=message) as refused:
        call(perfect)
    assert "\n" not in str(refused.value)
