"""Spike trains as two arrays, times (ms) and cell ids: reading, counts, rates, variability. Knows no simulator.

One convention for windows: half-open, ``start <= t < stop``, so that windows which touch share no spike and lose none.
Borders are meant exactly, although ``3 * 0.1`` and ``1000 / 3`` are not: a spike that lies before a border by less
than the rounding of its time (1e-12 of it, or of 1 ms; 2e-6 for float32) lies on the border, in the window that starts
there.

NEST stamps a spike at the end of its time step, so that a spike of the last step of a window carries the time of the
border and counts in the next one. Where a border belongs to neither window, as in a network that is reset there, drop
the spikes on it first.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from helpers.parameters import ParameterError, check_array, check_integer, check_number, doors, plain

__all__ = ["fano_factor", "isi_cv", "pack", "rates_hz", "read_spikes", "unpack", "window_counts"]

Spikes = tuple[np.ndarray, np.ndarray]
IDS = ("id", "sender")
TIMES = {"time_ms": 1.0, "time_s": 1000.0}


def _checked(times_ms, ids, n_cells):
    times_ms = check_array("times_ms", times_ms, ndim=1, empty=True)
    ids = check_array("ids", ids, shape=times_ms.shape, empty=True, integer=True)
    if ids.size and not 0 <= ids.min() <= ids.max() < n_cells:
        hint = "to number the cells from 0, name them in read_spikes(..., cells=...) or subtract the first id"
        raise ParameterError(f"ids span {ids.min()} to {ids.max()}; allowed: 0 to {n_cells - 1}; {hint}")
    return times_ms, ids


def window_counts(
    times_ms: ArrayLike, ids: ArrayLike, *, n_cells: int, n_windows: int, window_ms: float, start_ms: float = 0.0
) -> np.ndarray:
    """Count the spikes of each cell in each window, ``start + k T <= t < start + (k + 1) T``.

    Parameters
    ----------
    times_ms, ids : (n_spikes,) arrays, finite times in any order and integer ids from 0 to n_cells - 1
    n_cells, n_windows : int, >= 1
    window_ms : float, length T of a window, > 0
    start_ms : float, start of the first window

    Returns
    -------
    ndarray of int, shape (n_windows, n_cells)
        Their sum over windows is ``rates_hz(...) * n_windows * window_ms / 1000`` of the same span.

    Raises
    ------
    ParameterError
        For the wrong type, shape or range; ids that do not start at 0 (NEST's) are refused with what to do.

    Examples
    --------
    >>> window_counts([1., 10., 12.], [0, 0, 1], n_cells=2, n_windows=2, window_ms=10.)
    array([[1, 0],
           [1, 1]])
    """
    n_cells = check_integer("n_cells", n_cells, 1)
    times_ms, ids = _checked(times_ms, ids, n_cells)
    n_windows = check_integer("n_windows", n_windows, 1)
    window_ms = check_number("window_ms", window_ms, 0, low_open=True, high_open=True)
    start_ms = check_number("start_ms", start_ms, low_open=True, high_open=True)
    borders_ms = start_ms + window_ms * np.arange(n_windows + 1)
    rounding = 2e-6 if times_ms.dtype == np.float32 else 1e-12
    times_ms = times_ms.astype(float)
    # A spike on a border is not before it: moved forward by its rounding, it counts in the window that starts there.
    times_ms += rounding * np.maximum(np.abs(times_ms), 1.0)
    window = np.searchsorted(borders_ms, times_ms, side="right") - 1
    inside = (window >= 0) & (window < n_windows)
    flat = np.bincount(window[inside] * n_cells + ids[inside], minlength=n_windows * n_cells)
    return flat.reshape(n_windows, n_cells)


def rates_hz(times_ms: ArrayLike, ids: ArrayLike, *, n_cells: int, start_ms: float, stop_ms: float) -> np.ndarray:
    """Return the mean rate (Hz) of each cell in ``start <= t < stop``, shape (n_cells,).

    Parameters and errors as in :func:`window_counts`; ``stop_ms > start_ms``.

    Examples
    --------
    >>> rates_hz([0., 10., 19.9, 20., 5.], [0, 0, 0, 0, 1], n_cells=2, start_ms=0., stop_ms=20.)
    array([150.,  50.])
    """
    start_ms = check_number("start_ms", start_ms, low_open=True, high_open=True)
    stop_ms = check_number("stop_ms", stop_ms, start_ms, low_open=True, high_open=True)
    window_ms = stop_ms - start_ms
    counts = window_counts(times_ms, ids, n_cells=n_cells, n_windows=1, window_ms=window_ms, start_ms=start_ms)
    return counts[0] / window_ms * 1000.0


def fano_factor(counts: ArrayLike) -> np.ndarray:
    """Return the variance over the mean of the counts along axis 0; nan where a cell is silent. Poisson: 1.

    Takes (n_repeats, ...) counts >= 0, at least 2 repeats; the variance has n - 1 below it.

    Examples
    --------
    >>> fano_factor([[3, 0], [5, 0]])
    array([0.5, nan])
    """
    counts = check_array("counts", counts, low=0)
    if counts.ndim == 0 or len(counts) < 2:
        raise ParameterError("counts holds fewer than 2 repeats; give them along axis 0")
    mean = counts.mean(axis=0)
    return np.divide(counts.var(axis=0, ddof=1), mean, out=np.full(np.shape(mean), np.nan), where=mean > 0)


def isi_cv(times_ms: ArrayLike, ids: ArrayLike, *, n_cells: int) -> np.ndarray:
    """Return the coefficient of variation (sd over mean) of each cell's interspike intervals, shape (n_cells,).

    nan below 3 spikes, or where all fall together. Poisson: 1; a clock: 0. Parameters as in :func:`window_counts`.

    Examples
    --------
    >>> isi_cv([0., 1., 4., 2.], [0, 0, 0, 1], n_cells=2).round(3)
    array([0.707,   nan])
    """
    trains = unpack(times_ms, ids, n_cells=n_cells)
    cv = np.full(len(trains), np.nan)
    for cell, train in enumerate(trains):
        intervals = np.diff(train)
        if intervals.size > 1 and intervals.mean() > 0:
            cv[cell] = intervals.std(ddof=1) / intervals.mean()
    return cv


def unpack(times_ms: ArrayLike, ids: ArrayLike, *, n_cells: int) -> list[np.ndarray]:
    """Return one sorted array of times (ms) per cell; parameters as in :func:`window_counts`.

    Examples
    --------
    >>> unpack([3., 1., 4.], [0, 1, 1], n_cells=2)
    [array([3.]), array([1., 4.])]
    """
    n_cells = check_integer("n_cells", n_cells, 1)
    times_ms, ids = _checked(times_ms, ids, n_cells)
    order = np.lexsort((times_ms, ids))
    return np.split(times_ms[order], np.cumsum(np.bincount(ids, minlength=n_cells))[:-1])


def pack(trains: Sequence[ArrayLike]) -> Spikes:
    """Return ``(times_ms, ids)`` in time order from one array of times (ms) per cell; inverse of :func:`unpack`.

    Times with a unit, such as those of a neo ``SpikeTrain``, are converted to ms.

    Examples
    --------
    >>> pack([[3.], [1., 4.]])
    (array([1., 3., 4.]), array([1, 0, 1]))
    """
    if not np.iterable(trains) or len(trains) == 0:
        raise ParameterError(f"trains = {trains!r} holds nothing; give one array of times per cell")
    trains = [check_array(f"train_ms[{i}]", train, ndim=1, empty=True) for i, train in enumerate(trains)]
    times_ms = np.concatenate(trains)
    ids = np.repeat(np.arange(len(trains)), list(map(len, trains)))
    order = np.argsort(times_ms, kind="stable")
    return times_ms[order], ids[order]


def read_spikes(source: Any, *, columns: Sequence[str] | None = None, cells: Sequence[int] | None = None) -> Spikes:
    """Return ``(times_ms, ids)`` in time order from files, neo spike trains or a table.

    Parameters
    ----------
    source : path, list of paths, neo object or table
        * a ``.dat`` file of NEST (its header names the columns), a ``.gdf`` file (id and time in ms, no header), a csv
          or any text with columns between blanks, tabs or commas; a list of files, one per thread of NEST, is joined;
        * a neo ``SpikeTrain``, a list of them or a ``Segment``: cell i is train i; times are those of the recording,
          so they start at ``t_start`` and not at 0;
        * an array with one row per spike, or a pandas frame.
    columns : sequence of str, optional
        Names of the columns from left to right where no header gives them; one is "id" or "sender", one "time_ms" or
        "time_s", others are passed over. The order is never guessed.
    cells : sequence of int, optional
        The id of each cell in the source, in the order in which the cells are to be numbered from 0, such as
        ``range(61, 121)``; by default ids stay as they are.

    Raises
    ------
    ParameterError
        In one line, with file, line number and what stands there, for what is not a spike.

    Examples
    --------
    >>> read_spikes([[7, 0.5], [8, 0.25]], columns=("id", "time_s"), cells=[7, 8])
    (array([250., 500.]), array([1, 0]))
    """
    source = getattr(source, "spiketrains", source)
    if isinstance(source, (str, Path)) or hasattr(source, "rescale"):
        source = [source]
    if hasattr(source, "columns"):  # pandas
        columns, source = source.columns if columns is None else columns, source.to_numpy()
    if not np.iterable(source) or len(source) == 0:
        raise ParameterError(f"source = {source!r} holds nothing; give files, spike trains or a table")
    first = next(iter(source))
    if hasattr(first, "rescale"):
        times_ms, ids = pack(source)
    else:
        found = []
        for table in source if isinstance(first, (str, Path)) else [source]:
            found += _spikes(table, columns)
        times_ms, ids = np.reshape(found, (-1, 2)).T
        ids = ids.astype(np.int64)
    if cells is not None:
        known, number = np.unique(check_array("cells", cells, ndim=1, integer=True), return_index=True)
        missing = np.setdiff1d(ids, known)
        if missing.size:
            raise ParameterError(f"cells lacks the id {missing[0]} of the source; name every cell once")
        ids = number[np.searchsorted(known, ids)]
    order = np.lexsort((ids, times_ms))
    return times_ms[order], ids[order]


def _from_file(path, columns):
    """Return the names of the columns and (line number, line, words) of each row of a text file."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as failure:
        raise ParameterError(f"{path} cannot be read ({failure}); give a text file of spikes") from None
    rows = []
    for number, line in enumerate(lines, 1):
        words = line.replace('"', " ").replace(",", " ").split()
        if words and words[0][0] != "#":
            rows.append((number, line, words))
    header = rows.pop(0)[-1] if rows and rows[0][-1][0][0].isalpha() else None
    if columns is None:
        columns = ("id", "time_ms") if header is None and path.suffix == ".gdf" else header
    return columns, rows


def _spikes(table, columns):
    """Return (time in ms, id) of each row; a thread of NEST may have no row, and then needs no columns."""
    if isinstance(table, (str, Path)):
        name, (columns, rows) = f"{Path(table).name}, line", _from_file(Path(table), columns)
    else:
        name, rows = "source, row", [(i, row, row) for i, row in enumerate(plain("source", table))]
    names = [] if columns is None else [str(word) for word in columns]
    id_names, time_names = set(names) & set(IDS), set(names) & set(TIMES)
    if rows and not (len(id_names) == len(time_names) == 1 and len(set(names)) == len(names)):
        allowed = f"one of {', '.join(IDS)} and one of {', '.join(TIMES)}, in order, such as ('id', 'time_ms')"
        raise ParameterError(f"{name} {rows[0][0]}: columns = {names}; allowed: {allowed}")
    id_name, time_name, spikes = min(id_names, default=""), min(time_names, default=""), []
    for number, line, words in rows:
        try:
            row = dict(zip(names, words, strict=True))
            cell, time_ms = float(row[id_name]), float(row[time_name]) * TIMES[time_name]
        except (ValueError, TypeError):
            cell = time_ms = np.nan
        if not (math.isfinite(time_ms) and cell.is_integer() and abs(cell) < 2**53):  # exact as a float
            allowed = f"finite numbers under {names}, the id an integer"
            raise ParameterError(f"{name} {number}: {str(line)[:60]!r} is no spike; allowed: {allowed}")
        spikes.append((time_ms, cell))
    return spikes


doors(globals())
