"""Counts, rates and variability against slow loops and closed forms; simulator-free."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import spikes
from helpers.parameters import ParameterError

N_CELLS = 4
TIMES = st.floats(-20.0, 120.0, allow_nan=False)
TRAINS = st.lists(st.tuples(TIMES, st.integers(0, N_CELLS - 1)), max_size=40)


def arrays(table):
    times_ms = np.array([time for time, _ in table], dtype=float)
    return times_ms, np.array([cell for _, cell in table], dtype=int)


def slow_counts(times_ms, ids, n_windows, window_ms):
    counts = np.zeros((n_windows, N_CELLS), dtype=int)
    for time, cell in zip(times_ms, ids, strict=True):
        for k in range(n_windows):
            counts[k, cell] += k * window_ms < time < (k + 1) * window_ms
    return counts


@given(TRAINS, st.floats(0.5, 60.0))
def test_window_counts_equal_the_slow_loop(table, window_ms):
    times_ms, ids = arrays(table)
    counts = spikes.window_counts(times_ms, ids, n_cells=N_CELLS, n_windows=3, window_ms=window_ms)
    assert np.array_equal(counts, slow_counts(times_ms, ids, 3, window_ms))


@given(st.integers(0, 60), st.floats(0.01, 60.0))
def test_window_counts_are_strict_to_the_last_bit(k, window_ms):
    """A spike on a border counts nowhere; one representable number beside it counts in its window."""
    border = k * window_ms
    times_ms = np.array([np.nextafter(border, -np.inf), border, np.nextafter(border, np.inf)])
    counts = spikes.window_counts(times_ms, [0, 0, 0], n_cells=N_CELLS, n_windows=61, window_ms=window_ms)
    assert np.array_equal(counts, slow_counts(times_ms, [0, 0, 0], 61, window_ms))
    assert counts.sum() == (1 if k == 0 else 2)


def test_window_counts_ignore_times_far_outside(recwarn):
    counts = spikes.window_counts([-1e300, 1e300, 5.0], [0, 0, 0], n_cells=1, n_windows=2, window_ms=1e-3)
    assert counts.sum() == 0 and not recwarn.list


def test_window_counts_of_no_spike():
    counts = spikes.window_counts([], [], n_cells=3, n_windows=2, window_ms=10.0)
    assert counts.shape == (2, 3) and counts.dtype.kind == "i" and not counts.any()


@given(TRAINS)
def test_pack_and_unpack_are_inverse(table):
    times_ms, ids = arrays(table)
    trains = spikes.unpack(times_ms, ids, n_cells=N_CELLS)
    assert len(trains) == N_CELLS
    for cell, train in enumerate(trains):
        assert np.array_equal(train, np.sort(times_ms[ids == cell]))
    packed_ms, packed_ids = spikes.pack(trains)
    assert np.all(np.diff(packed_ms) >= 0) and len(packed_ms) == len(times_ms)
    for train, again in zip(trains, spikes.unpack(packed_ms, packed_ids, n_cells=N_CELLS), strict=True):
        assert np.array_equal(train, again)


def test_pack_of_silent_cells():
    times_ms, ids = spikes.pack([[], []])
    assert times_ms.size == ids.size == 0 and ids.dtype.kind == "i"


def test_rates_count_the_half_open_interval():
    rates = spikes.rates_hz([0.0, 10.0, 19.9, 20.0, 5.0], [0, 0, 0, 0, 2], n_cells=3, start_ms=0.0, stop_ms=20.0)
    assert np.allclose(rates, [150.0, 0.0, 50.0])


def test_rates_of_a_poisson_train_lie_within_four_standard_errors(rng):
    rate_hz, seconds = np.array([5.0, 20.0, 80.0]), 200.0
    trains = [rng.uniform(0, 1000 * seconds, rng.poisson(rate * seconds)) for rate in rate_hz]
    found = spikes.rates_hz(*spikes.pack(trains), n_cells=3, start_ms=0.0, stop_ms=1000 * seconds)
    assert np.all(np.abs(found - rate_hz) < 4 * np.sqrt(rate_hz / seconds))


def test_fano_factor_of_poisson_counts_is_one(rng):
    """Standard error sqrt(2 / n) for large means: 0.032 at n = 2000; four of them are allowed."""
    fano = spikes.fano_factor(rng.poisson([5.0, 20.0, 100.0], size=(2000, 3)))
    assert np.all(np.abs(fano - 1) < 0.13)


def test_fano_factor_of_constant_counts_is_zero_and_of_silence_nan():
    assert np.array_equal(spikes.fano_factor([[3, 0], [3, 0]]), [0.0, np.nan], equal_nan=True)
    assert spikes.fano_factor([1, 3]) == 1.0


def test_isi_cv_of_poisson_is_one_and_of_a_clock_zero(rng):
    """Standard error of the CV of exponential intervals is 1 / sqrt(n): 0.016 at n = 4000; four are allowed."""
    poisson = np.cumsum(rng.exponential(10.0, 4000))
    times_ms, ids = spikes.pack([poisson, np.arange(0.0, 500.0, 10.0), [1.0, 2.0], []])
    cv = spikes.isi_cv(times_ms, ids, n_cells=4)
    assert abs(cv[0] - 1) < 0.064
    assert cv[1] == pytest.approx(0, abs=1e-12)
    assert np.isnan(cv[2:]).all()


def test_isi_cv_does_not_depend_on_the_order_of_the_spikes(rng):
    times_ms, ids = rng.uniform(0, 100, 60), rng.integers(0, 3, 60)
    order = rng.permutation(60)
    assert np.array_equal(
        spikes.isi_cv(times_ms, ids, n_cells=3), spikes.isi_cv(times_ms[order], ids[order], n_cells=3)
    )


@given(TRAINS, st.permutations(range(N_CELLS)))
def test_permuting_cells_permutes_every_output(table, names):
    times_ms, ids = arrays(table)
    renamed = np.array(names)[ids]
    for function, options in [
        (spikes.rates_hz, {"start_ms": 0.0, "stop_ms": 100.0}),
        (spikes.isi_cv, {}),
        (lambda *a, **o: spikes.window_counts(*a, n_windows=3, window_ms=30.0, **o).T, {}),
    ]:
        before = function(times_ms, ids, n_cells=N_CELLS, **options)
        after = function(times_ms, renamed, n_cells=N_CELLS, **options)
        assert np.array_equal(after[list(names)], before, equal_nan=True)


WINDOWS = {"n_cells": 2, "n_windows": 2, "window_ms": 10.0}
SPAN = {"n_cells": 2, "start_ms": 0.0, "stop_ms": 10.0}


@pytest.mark.parametrize(
    "function, arguments, options, fragment",
    [
        (spikes.window_counts, ([[1.0]], [[0]]), WINDOWS, "times_ms has 2 dimension"),
        (spikes.window_counts, ([np.nan], [0]), WINDOWS, "times_ms holds NaN or infinity"),
        (spikes.window_counts, (["a"], [0]), WINDOWS, "times_ms is not an array of numbers"),
        (spikes.window_counts, ([1.0], [0, 1]), WINDOWS, r"ids has shape \(2,\)"),
        (spikes.window_counts, ([1.0], [0.0]), WINDOWS, "one integer id per spike time"),
        (spikes.window_counts, ([1.0], [True]), WINDOWS, "one integer id per spike time"),
        (spikes.window_counts, ([1.0], [2]), WINDOWS, "ids span 2 to 2; allowed: 0 to 1"),
        (spikes.window_counts, ([1.0], [-1]), WINDOWS, "ids span -1 to -1"),
        (spikes.window_counts, ([1.0], [0]), {**WINDOWS, "n_cells": 0}, "n_cells = 0 is out of range"),
        (spikes.window_counts, ([1.0], [0]), {**WINDOWS, "n_windows": 1.0}, "n_windows = 1.0 is not an integer"),
        (spikes.window_counts, ([1.0], [0]), {**WINDOWS, "window_ms": 0}, "window_ms = 0 is out of range"),
        (spikes.window_counts, ([1.0], [0]), {**WINDOWS, "window_ms": np.inf}, "window_ms = inf is out of range"),
        (spikes.rates_hz, ([1.0], [0]), {**SPAN, "stop_ms": 0.0}, "stop_ms = 0 is out of range"),
        (spikes.rates_hz, ([1.0], [0]), {**SPAN, "start_ms": -np.inf}, "start_ms = -inf is out of range"),
        (spikes.rates_hz, ([1.0], [5]), SPAN, "ids span 5 to 5"),
        (spikes.fano_factor, ([3],), {}, "counts holds fewer than 2 repeats"),
        (spikes.fano_factor, (3,), {}, "counts holds fewer than 2 repeats"),
        (spikes.fano_factor, ([1, -1],), {}, "counts goes down to -1"),
        (spikes.isi_cv, ([1.0], [0]), {"n_cells": True}, "n_cells = True is not an integer"),
        (spikes.unpack, ([1.0], []), {"n_cells": 2}, "one integer id per spike time"),
        (spikes.pack, ([],), {}, "trains is empty"),
        (spikes.pack, (3,), {}, "trains = 3 is not a sequence"),
        (spikes.pack, ([[1.0], 2.0],), {}, r"trains\[1\] has 0 dimension"),
        (spikes.pack, ([[1.0], [np.inf]],), {}, r"trains\[1\] holds NaN or infinity"),
    ],
)
def test_bad_input_is_named(function, arguments, options, fragment):
    with pytest.raises(ParameterError, match=fragment) as refusal:
        function(*arguments, **options)
    assert "\n" not in str(refusal.value)
