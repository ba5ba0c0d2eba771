"""Readout and trajectories: states with a known answer, a slow filter, and what must not be readable."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.parameters import ParameterError
from helpers.wta.params import Phases
from helpers.wta.readout import filtered_state, readout, trajectories
from tests.wta.test_measures import result, timeline

N = 12


def spiking(seed, *, rates=None, n_presentations=12):
    """A run in which the rates (Hz) of 12 neurons depend on the phase: rows noise, pattern 0, pattern 1."""
    rates = np.full((3, N), 20.0) if rates is None else rates
    phases, n_steps = timeline(n_presentations, patterns=(0, 1), t0_ms=0)
    rng, spikes = np.random.default_rng(seed), np.zeros((n_steps, N), bool)
    for start, stop, pattern in zip(phases.start_ms, phases.stop_ms, phases.pattern, strict=True):
        spikes[start:stop] = rng.random((stop - start, N)) < rates[pattern + 1] / 1000
    return result(None, phases, k=(N,), t0_ms=0, spikes=np.nonzero(spikes), inputs=np.nonzero(spikes[:, :3]))


DISTINCT = 5 + 195.0 * np.repeat(np.eye(3), 4, axis=1)


def test_filter_against_a_slow_version():
    run = spiking(0)
    state, x = filtered_state(run), np.zeros(N)
    for step in range(200):
        x = x * np.exp(-1 / 20)
        x[run.spike_id[run.spike_ms == step]] += 1
        np.testing.assert_allclose(state[step], x, rtol=1e-4, atol=1e-5)
    assert filtered_state(run, source="input").shape == (run.n_steps, 3)


def test_distinct_rates_are_read():
    found = readout(spiking(1, rates=DISTINCT), spiking(2, rates=DISTINCT))
    assert found.classes.tolist() == [-1, 0, 1]
    assert found.accuracy > 0.8 and found.between_patterns > 0.9
    np.testing.assert_allclose(found.confusion.sum(axis=1), 1)
    assert found.accuracy == pytest.approx(np.diag(found.confusion).mean())


def test_equal_rates_are_read_at_chance():
    found = [readout(spiking(2 * i), spiking(2 * i + 1)) for i in range(8)]
    assert np.mean([f.accuracy for f in found]) == pytest.approx(1 / 3, abs=0.04)
    assert np.mean([f.between_patterns for f in found]) == pytest.approx(1 / 2, abs=0.06)


@pytest.mark.parametrize("ridge", [0.1, 3000.0])
def test_ridge_against_least_squares_on_an_augmented_matrix(ridge):
    train, test = spiking(3, rates=DISTINCT), spiking(4, rates=DISTINCT)
    steps = np.arange(0, train.n_steps, 20)
    label = np.concatenate([np.full(p.stop - p.start, q) for p, q in phase_slices(train)])[steps]
    x, x_test = filtered_state(train)[steps].astype(float), filtered_state(test)[steps].astype(float)
    centred, target = x - x.mean(axis=0), (label[:, None] == [-1, 0, 1]).astype(float)
    rows = np.vstack([centred, np.sqrt(ridge) * np.eye(N)])
    beta = np.linalg.lstsq(rows, np.vstack([target - target.mean(axis=0), np.zeros((N, 3))]), rcond=None)[0]
    chosen = ((x_test - x.mean(axis=0)) @ beta + target.mean(axis=0)).argmax(axis=1) - 1
    slow = [[np.mean(chosen[label == a] == b) for b in (-1, 0, 1)] for a in (-1, 0, 1)]
    np.testing.assert_allclose(readout(train, test, ridge=ridge).confusion, slow)


def phase_slices(run):
    phases = run.phases
    return [(slice(a, b), p) for a, b, p in zip(phases.start_ms, phases.stop_ms, phases.pattern, strict=True)]


@given(st.integers(0, 1000))
def test_scores_are_fractions(seed):
    found = readout(spiking(seed, n_presentations=4), spiking(seed + 1, n_presentations=4))
    assert 0 <= found.accuracy <= 1 and ((found.confusion >= 0) & (found.confusion <= 1)).all()


def test_one_pattern_has_nothing_between_patterns():
    run = spiking(5)
    single = dataclasses.replace(run.phases, pattern=np.minimum(run.phases.pattern, 0))
    run = dataclasses.replace(run, phases=single)
    assert np.isnan(readout(run, run).between_patterns)


def test_trajectories_against_svd():
    run = spiking(6, rates=DISTINCT)
    found = trajectories(run)
    assert {p: s.shape for p, s in found.scores.items()} == {0: (6, 200, 3), 1: (6, 200, 3)}
    state = filtered_state(run)
    starts = [run.phases.shown(p).start_ms for p in (0, 1)]
    pooled = np.concatenate([state[s : s + 200] for s in np.concatenate(starts)]).astype(float)
    u, s, _ = np.linalg.svd(pooled - pooled.mean(axis=0), full_matrices=False)
    expected, scores = np.abs(u[:, :3] * s[:3]), np.concatenate([found.scores[p].reshape(-1, 3) for p in (0, 1)])
    np.testing.assert_allclose(np.abs(scores), expected, atol=1e-3 * s[0] / 10)
    np.testing.assert_allclose(found.explained, (s**2 / (s**2).sum())[:3], rtol=1e-4)
    assert (np.diff(found.explained) <= 0).all()


def silent_pattern():
    run = spiking(7)
    phases = Phases.of([(0, run.n_steps, -1, -1)], 0, run.n_steps)
    return dataclasses.replace(run, phases=phases)


BAD = [
    (lambda: readout(spiking(0), silent_pattern()), "train holds .-1, 0, 1., test .-1. .-1: noise."),
    (lambda: readout(silent_pattern(), silent_pattern()), "two at least"),
    (lambda: readout(spiking(0), spiking(1), ridge=0), "ridge = 0 is out of range"),
    (lambda: readout(spiking(0), spiking(1), source="rates"), "source = 'rates' is unknown"),
    (lambda: readout(spiking(0), spiking(1), every_ms=0), "every_ms = 0 is out of range"),
    (lambda: filtered_state(spiking(0), tau_ms=-1), "tau_ms = -1 is out of range"),
    (lambda: trajectories(silent_pattern()), "no complete presentation"),
    (lambda: trajectories(spiking(0), n_components=13), "n_components = 13 is out of range"),
]


@pytest.mark.parametrize(("call", "message"), BAD, ids=[m for _, m in BAD])
def test_bad_input_is_one_line(call, message):
    with pytest.raises(ParameterError, match=message) as refused:
        call()
    assert "\n" not in str(refused.value)
