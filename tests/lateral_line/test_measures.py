"""Map metrics: reference table, the cells of FINAL_3 on random spikes, what changes nothing, tests of a few spikes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.lateral_line import measures
from helpers.parameters import ParameterError

N = 300
X = -0.5 + 0.005 * np.arange(1000)
BODY = (0.0, 4.0)


def body_cell(x):
    return np.round(np.clip(x / 4, 0, 1) * (N - 1)).astype(int)


def quality(step, cell, window=None):
    return measures.map_quality(step, cell, X, n_cells=N, window_cm=window)


PERFECT = np.arange(1000), body_cell(X)
ON_BODY = np.flatnonzero((X >= 0) & (X <= 4))


def test_the_floor_of_a_perfect_map(record):
    record("lateral_line.metric_floor", quality(*PERFECT).sigma_theta_rad)
    assert quality(*PERFECT, BODY).sigma_theta_rad == pytest.approx(0.007, abs=0.001)


def test_chance_is_above_two(record):
    rngs = [np.random.default_rng(seed) for seed in range(20)]
    spikes = [(np.repeat(np.arange(1000), 3), rng.integers(0, N, 3000)) for rng in rngs]
    record("lateral_line.metric_chance", np.mean([quality(*each).sigma_theta_rad for each in spikes]))


# --- against the cells


def slow_quality(notebook, step, cell, x_cm, n_cells, window):
    """Return metrics and fractions from the cells and a loop over bins; the linear error from a loop over steps."""
    a, b = (x_cm.min(), x_cm.max() + 1e-12) if window is None else window
    inside, n_bins, bins, squares = (x_cm >= a) & (x_cm < b), min(100, n_cells), {}, []
    step, cell = step[inside[step]], cell[inside[step]]
    angle = notebook.decode(step, cell, n_cells, x_cm.size)
    for n in np.flatnonzero(inside & ~np.isnan(angle)):
        true = 2 * np.pi * (x_cm[n] - a) / (b - a)
        bins.setdefault(min(int(true / (2 * np.pi) * n_bins), n_bins - 1), []).append(angle[n] - true)
        near = cell[(n - 10 <= step) & (step < n + 10)]
        squares.append((a + (b - a) * near.mean() / (n_cells - 1) - x_cm[n]) ** 2)
    if not bins:
        return np.nan, np.nan, np.nan, 0.0, 0, 0.0, np.nan
    with np.errstate(invalid="ignore"):  # a resultant of 1 + 2e-16
        sigma = np.nan_to_num(notebook.sigma_theta(step, cell, x_cm, n_cells, a, b, n_bins))
    means = np.array([np.mean(np.exp(1j * np.array(found))) for found in bins.values()])
    delta = np.sqrt(np.mean(-2 * np.log(np.minimum(1, np.abs(means)))))
    shares = len(squares) / x_cm.size, len(bins), len(squares) / inside.sum()
    return sigma, delta, np.sqrt(np.mean(squares)), *shares, np.mean(means / np.abs(means))


@given(
    st.lists(st.tuples(st.integers(0, 59), st.integers(0, 10)), max_size=40),
    st.sampled_from([None, (0.5, 2.0), (-1.0, 1.3)]),
    st.booleans(),
)
def test_metrics_are_those_of_the_cells(notebook, pairs, window, backwards):
    x = np.linspace(0, 3, 60)[:: -1 if backwards else 1]  # 11 cells: no set of directions cancels, short of all
    step, cell = np.array(pairs, int).reshape(-1, 2).T
    fast = measures.map_quality(step, cell, x, n_cells=11, window_cm=window)
    found = fast.sigma_theta_rad, fast.delta_trial_rad, fast.rms_error_cm, fast.valid_fraction, fast.n_valid_bins
    *expected, resultant = slow_quality(notebook, step, cell, x, 11, window)
    np.testing.assert_allclose((*found, fast.valid_fraction_window), expected, atol=1e-6)
    assert np.isnan(resultant) or np.abs(resultant) * np.exp(1j * fast.mean_offset_rad) == pytest.approx(resultant)
    inside = np.ones(60, bool) if window is None else (x >= window[0]) & (x < window[1])
    assert fast.n_spikes == inside[step].sum() and fast.silent == (fast.valid_fraction == 0)


# --- what the numbers mean


def test_a_few_spikes_are_no_map():
    """250 spikes in half of the bins make a test usable, no less; a box of 20 steps widens 490 of them to 50 bins."""
    enough = np.linspace(0, 999, 250).astype(int)
    assert quality(enough, body_cell(X[enough])).usable
    assert not quality(enough[1:], body_cell(X[enough[1:]])).usable
    for n_steps, usable in ((490, True), (470, False)):
        crowded = np.linspace(0, n_steps - 1, 1000).astype(int)
        found = quality(crowded, body_cell(X[crowded]))
        assert found.usable == usable == (found.n_valid_bins >= 50)


def test_only_usable_tests_enter_a_mean():
    good, other = quality(*PERFECT), quality(ON_BODY, body_cell(X[ON_BODY]))
    few, silent = quality([500, 501], [150, 150]), quality([], [])
    mean = measures.mean_quality(iter([good, few, other]))
    for name in measures.METRICS + measures.COUNTS:
        assert getattr(mean, name) == pytest.approx((getattr(good, name) + getattr(other, name)) / 2)
    assert mean.usable and not mean.silent
    half = measures.mean_quality([good, few, silent, other])  # not more than half
    assert not half.usable and not half.silent and half.n_spikes == (good.n_spikes + 2 + other.n_spikes) / 4
    assert np.isnan([getattr(half, name) for name in measures.METRICS]).all()
    assert measures.mean_quality([silent] * 2).silent
    for qualities in ("words", []):
        with pytest.raises(ParameterError, match=r"^qualities = [^\n]* is no list of MapQuality"):
            measures.mean_quality(qualities)


def test_renumbering_the_cells_gives_chance():
    found = measures.permutation_chance(*PERFECT, X, n_cells=N, seed=1)
    assert found.shape == (20,) and found.min() > 1.4
    inside = measures.permutation_chance(*PERFECT, X, n_cells=N, seed=1, window_cm=BODY, n_permutations=3)
    order = np.random.default_rng(1).permutation(N)
    assert inside.shape == (3,) and inside[0] == quality(PERFECT[0], order[PERFECT[1]], BODY).sigma_theta_rad


def test_tuning_curves_count_spikes_per_time():
    x = np.repeat([0.0, 1.0, 3.0], 100)
    found = measures.tuning_curves([5, 120, 121, 299], [0, 1, 1, 0], x, n_cells=2, n_bins=3)
    np.testing.assert_allclose(found, [[10, 0, 10], [0, 20, 0]])
    assert np.isnan(measures.tuning_curves([], [], x, n_cells=1)[0, 5])
    curves = [[0, 4, 8, 4, 1], [0, 0, 0.9, 0, 0], [np.nan, 2, 2, 0.99, 0], [0, 0, 1, 0, 0]]
    np.testing.assert_array_equal(measures.half_maximum_width(curves, 5.0), [3, np.nan, 2, 1])


BAD = [dict(spike_step=[1000]), dict(spike_cell=[-1]), dict(spike_step=[0, 1]), dict(window_cm=(3, 1))]


@pytest.mark.parametrize("change", BAD)
def test_bad_input_is_one_clear_line(change):
    with pytest.raises(ParameterError, match=rf"^{next(iter(change))}[^\n]*$"):
        measures.map_quality(**dict(spike_step=[0], spike_cell=[0], x_cm=X, n_cells=N) | change)
