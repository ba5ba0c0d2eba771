"""Map metrics: the reference table of the metric itself, a slow version, and what must not change them."""

from collections import namedtuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.lateral_line import metrics
from helpers.parameters import ParameterError
from tests.lateral_line import slow_metrics

N = 300
X = -0.5 + 0.005 * np.arange(1000)
BODY = (0.0, 4.0)


def body_cell(x):
    return np.round(np.clip(x / 4, 0, 1) * (N - 1)).astype(int)


def bump(sd):
    """A Gaussian bump that runs off the ends of the body: as many spikes per cell as its rounded height."""
    distance = np.arange(N) - X[:, None] / 4 * (N - 1)
    counts = np.round(40 * np.exp(-(distance**2) / (2 * sd**2))).astype(int)
    step, cell = np.nonzero(counts)
    return np.repeat(step, counts[step, cell]), np.repeat(cell, counts[step, cell])


def sigma(step, cell, window=None):
    return metrics.map_quality(step, cell, X, n_cells=N, window_cm=window).sigma_theta_rad


ON_BODY = np.flatnonzero((X >= 0) & (X <= 4))
CASES = {
    "perfect body map": ((np.arange(1000), body_cell(X)), 0.356, 0.007),
    "silent off the body": ((ON_BODY, body_cell(X[ON_BODY])), 0.367, 0.007),
    "perfect sweep map": ((np.arange(1000), np.round((X + 0.5) / 5 * (N - 1)).astype(int)), 0.009, None),
    "bump of 15": (bump(15), 0.309, 0.062),
    "bump of 30": (bump(30), 0.232, 0.157),
    "bump of 45": (bump(45), 0.213, 0.273),
    "bump of 60": (bump(60), 0.263, 0.386),
}


@pytest.mark.parametrize("name", CASES)
def test_reference_values_of_the_metric(name):
    spikes, full, window = CASES[name]
    bound = 0.006 if name.startswith("bump") else 0.001  # the table's bumps are random spikes
    assert sigma(*spikes) == pytest.approx(full, abs=bound)
    if window is not None:
        assert sigma(*spikes, BODY) == pytest.approx(window, abs=bound)


def test_the_floor_of_a_perfect_map(acceptance, record):
    low, high = acceptance["lateral_line"]["metric_floor"]["accept"]
    found = sigma(np.arange(1000), body_cell(X))
    record("lateral_line.metric_floor", found)
    assert low <= found <= high


def test_chance_is_above_two(acceptance, record):
    rngs = [np.random.default_rng(seed) for seed in range(20)]
    found = np.mean([sigma(np.repeat(np.arange(1000), 3), rng.integers(0, N, 3000)) for rng in rngs])
    low, high = acceptance["lateral_line"]["metric_chance"]["accept"]
    record("lateral_line.metric_chance", found)
    assert low <= found <= high
    few = [sigma(np.sort(rng.integers(0, 1000, 60)), rng.integers(0, N, 60)) for rng in rngs]
    assert np.mean(few) == pytest.approx(1.95, abs=0.3)


def test_sixty_random_spikes_are_mostly_valid(rng):
    quality = metrics.map_quality(np.sort(rng.integers(0, 1000, 60)), rng.integers(0, N, 60), X, n_cells=N)
    assert 0.6 < quality.valid_fraction < 0.8 and not quality.silent


def test_no_spikes_give_nan_and_say_so():
    quality = metrics.map_quality([], [], X, n_cells=N)
    assert quality.silent and np.isnan([quality.sigma_theta_rad, quality.delta_trial_rad]).all()
    assert (quality.valid_fraction, quality.n_valid_bins) == (0.0, 0)
    outside = metrics.map_quality([0, 1], [5, 6], X, n_cells=N, window_cm=BODY)
    assert outside.silent


def test_window_limits_valid_fraction_but_not_its_own_share():
    quality = metrics.map_quality(np.arange(1000), body_cell(X), X, n_cells=N, window_cm=BODY)
    assert quality.valid_fraction == pytest.approx(0.8, abs=0.002)
    assert quality.valid_fraction_window == 1.0


spikes = st.lists(st.tuples(st.integers(0, 59), st.integers(0, 10)), max_size=40)


@given(spikes, st.sampled_from([None, (0.5, 2.0)]))
def test_equals_the_slow_version(pairs, window):
    x = np.linspace(0, 3, 60)  # 11 cells: no set of directions cancels, short of all of them
    step, cell = np.array(pairs, int).reshape(-1, 2).T
    fast = metrics.map_quality(step, cell, x, n_cells=11, window_cm=window)
    found = fast.sigma_theta_rad, fast.delta_trial_rad, fast.valid_fraction, fast.n_valid_bins
    np.testing.assert_allclose(found, slow_metrics.map_quality(step, cell, x, 11, window), atol=1e-6)


@given(st.integers(0, 2**32 - 1), st.integers(0, N - 1))
def test_rotating_the_map_costs_nothing(seed, shift):
    rng = np.random.default_rng(seed)
    step, cell = np.arange(1000), (body_cell(X) + rng.integers(-20, 21, 1000)) % N
    one, two = (metrics.map_quality(step, c, X, n_cells=N) for c in (cell, (cell + shift) % N))
    assert two.sigma_theta_rad == pytest.approx(one.sigma_theta_rad, abs=1e-9)
    assert two.delta_trial_rad == pytest.approx(one.delta_trial_rad, abs=1e-9)
    turned = one.mean_offset_rad + 2 * np.pi * shift / N
    assert np.exp(1j * two.mean_offset_rad) == pytest.approx(np.exp(1j * turned), abs=1e-9)


@given(st.integers(0, 2**32 - 1), st.integers(1, 5))
def test_order_and_repetition_of_spikes_do_not_matter(seed, times):
    rng = np.random.default_rng(seed)
    step, cell = rng.integers(0, 1000, 200), rng.integers(0, N, 200)
    order = rng.permutation(200 * times)
    one = metrics.map_quality(step, cell, X, n_cells=N)
    two = metrics.map_quality(np.tile(step, times)[order], np.tile(cell, times)[order], X, n_cells=N)
    assert two.sigma_theta_rad == pytest.approx(one.sigma_theta_rad, abs=1e-6)
    assert two.valid_fraction == one.valid_fraction


def test_linear_error_of_a_perfect_map_is_below_a_cell():
    quality = metrics.map_quality(ON_BODY, body_cell(X[ON_BODY]), X, n_cells=N, window_cm=BODY)
    assert quality.rms_error_cm < 4 / N
    shifted = metrics.map_quality(ON_BODY, np.minimum(body_cell(X[ON_BODY]) + 30, N - 1), X, n_cells=N, window_cm=BODY)
    assert shifted.rms_error_cm == pytest.approx(4 * 30 / (N - 1), abs=0.03)


def test_mean_leaves_silent_repeats_out():
    good = metrics.map_quality(np.arange(1000), body_cell(X), X, n_cells=N)
    silent = metrics.map_quality([], [], X, n_cells=N)
    mean = metrics.mean_quality([good, silent])
    assert mean.sigma_theta_rad == good.sigma_theta_rad and not mean.silent
    assert mean.valid_fraction == good.valid_fraction / 2
    assert metrics.mean_quality([silent, silent]).silent


def test_permutation_destroys_a_perfect_map():
    found = metrics.permutation_chance(np.arange(1000), body_cell(X), X, n_cells=N, seed=1)
    assert found.shape == (20,) and found.min() > 1.4
    assert np.array_equal(found, metrics.permutation_chance(np.arange(1000), body_cell(X), X, n_cells=N, seed=1))


def test_tuning_of_a_perfect_map():
    curves = metrics.tuning_curves(np.arange(1000), body_cell(X), X, n_cells=N)
    assert curves.shape == (N, 50) and np.nansum(curves) * 0.02 == pytest.approx(1000)
    width = metrics.half_maximum_width(curves, np.ptp(X))
    assert np.nanmedian(width) == pytest.approx(np.ptp(X) / 50)
    preferred = metrics.preferred_position(np.arange(1000), body_cell(X), X, n_cells=N)
    assert metrics.spearman(preferred) == pytest.approx(1) and metrics.spearman(preferred[::-1]) == pytest.approx(-1)
    assert metrics.active_fraction(body_cell(X), n_cells=2 * N) == pytest.approx(0.5, abs=0.01)


Bad = namedtuple("Bad", "arguments fragment")
BAD = [
    Bad(dict(spike_step=[1000], spike_cell=[0]), "spike_step goes from 1000 to 1000; allowed: 0 to 999"),
    Bad(dict(spike_step=[0], spike_cell=[-1]), "spike_cell goes from -1"),
    Bad(dict(spike_step=[0, 1], spike_cell=[0]), "spike_step has 2 entries, spike_cell 1"),
    Bad(dict(spike_step=[0.5], spike_cell=[0]), "spike_step is not a list of integers"),
    Bad(dict(spike_step=[0], spike_cell=[0], window_cm=(3, 1)), "window_cm = (3, 1) is empty"),
    Bad(dict(spike_step=[0], spike_cell=[0], n_cells=0), "n_cells = 0 is out of range"),
    Bad(dict(spike_step=[0], spike_cell=[0], dt_s=0), "dt_s = 0 is out of range"),
    Bad(dict(spike_step=[0], spike_cell=[0], x_cm=[]), "x_cm is empty"),
]


@pytest.mark.parametrize("bad", BAD, ids=[bad.fragment for bad in BAD])
def test_bad_input_is_one_clear_line(bad):
    with pytest.raises(ParameterError) as caught:
        metrics.map_quality(**{"x_cm": X, "n_cells": N, **bad.arguments})
    assert bad.fragment in str(caught.value) and "\n" not in str(caught.value)
