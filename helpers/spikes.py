"""Spike trains as two arrays, times (ms) and cell ids: counts, rates, variability. Knows no simulator."""

from __future__ import annotations

import numpy as np

from helpers.parameters import ParameterError, check_array, check_integer, check_number

__all__ = ["fano_factor", "isi_cv", "pack", "rates_hz", "unpack", "window_counts"]


def _check(times_ms, ids, n_cells):
    times_ms = check_array("times_ms", times_ms, ndim=1, empty=True)
    ids = np.asarray(ids)
    if ids.shape != times_ms.shape or (ids.size and not np.issubdtype(ids.dtype, np.integer)):
        raise ParameterError(f"ids has shape {ids.shape}, type {ids.dtype}; allowed: one integer id per spike time")
    check_integer("n_cells", n_cells, 1)
    if ids.size and not 0 <= ids.min() <= ids.max() < n_cells:
        raise ParameterError(f"ids span {ids.min()} to {ids.max()}; allowed: 0 to {n_cells - 1}")
    return times_ms, ids.astype(int)


def window_counts(times_ms, ids, *, n_cells, n_windows, window_ms):
    """Count spikes of each cell strictly inside each window, k T < t < (k+1) T.

    Returns
    -------
    ndarray of int, shape (n_windows, n_cells)

    Examples
    --------
    >>> window_counts([1., 10., 12.], [0, 0, 1], n_cells=2, n_windows=2, window_ms=10.)
    array([[1, 0],
           [0, 1]])
    """
    times_ms, ids = _check(times_ms, ids, n_cells)
    check_integer("n_windows", n_windows, 1)
    check_number("window_ms", window_ms, 0, low_open=True, high_open=True)
    edges_ms = np.arange(n_windows + 1) * window_ms
    window = np.searchsorted(edges_ms, times_ms) - 1
    inside = (window >= 0) & (window < n_windows)
    inside[inside] = times_ms[inside] < edges_ms[window[inside] + 1]
    flat = np.bincount(window[inside] * n_cells + ids[inside], minlength=n_windows * n_cells)
    return flat.reshape(n_windows, n_cells)


def rates_hz(times_ms, ids, *, n_cells, start_ms, stop_ms):
    """Return the mean rate (Hz) of each cell in [start, stop)."""
    times_ms, ids = _check(times_ms, ids, n_cells)
    check_number("start_ms", start_ms, high_open=True, low_open=True)
    check_number("stop_ms", stop_ms, start_ms, low_open=True, high_open=True)
    inside = (times_ms >= start_ms) & (times_ms < stop_ms)
    return np.bincount(ids[inside], minlength=n_cells) / (stop_ms - start_ms) * 1000.0


def fano_factor(counts):
    """Return variance over mean of the counts along axis 0; nan where a cell is silent. Poisson: 1."""
    counts = check_array("counts", counts, low=0)
    if counts.ndim == 0 or len(counts) < 2:
        raise ParameterError("counts holds fewer than 2 repeats; give them along axis 0")
    mean = counts.mean(axis=0)
    return np.divide(counts.var(axis=0, ddof=1), mean, out=np.full(np.shape(mean), np.nan), where=mean > 0)


def isi_cv(times_ms, ids, *, n_cells):
    """Return the coefficient of variation of each cell's interspike intervals; nan below 3 spikes. Poisson: 1."""
    trains = unpack(times_ms, ids, n_cells=n_cells)
    return np.array([_cv(np.diff(train)) if len(train) > 2 else np.nan for train in trains])


def _cv(intervals):
    return intervals.std(ddof=1) / intervals.mean() if intervals.mean() > 0 else np.nan


def unpack(times_ms, ids, *, n_cells):
    """Return one sorted array of times per cell."""
    times_ms, ids = _check(times_ms, ids, n_cells)
    order = np.lexsort((times_ms, ids))
    return np.split(times_ms[order], np.cumsum(np.bincount(ids, minlength=n_cells))[:-1])


def pack(trains):
    """Return ``(times_ms, ids)`` in time order from one array of times per cell; inverse of :func:`unpack`.

    Examples
    --------
    >>> pack([[3.], [1., 4.]])
    (array([1., 3., 4.]), array([1, 0, 1]))
    """
    if not np.iterable(trains):
        raise ParameterError(f"trains = {trains!r} is not a sequence; give one array of times per cell")
    trains = [check_array(f"trains[{i}]", train, ndim=1, empty=True) for i, train in enumerate(trains)]
    if not trains:
        raise ParameterError("trains is empty; give one array of times per cell")
    times = np.concatenate(trains)
    ids = np.repeat(np.arange(len(trains)), [len(train) for train in trains])
    order = np.argsort(times, kind="stable")
    return times[order], ids[order]
