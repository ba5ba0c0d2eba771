"""Counts, rates and variability against exact arithmetic, slow loops and closed forms; readers; simulator-free."""

import statistics
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import spikes
from helpers.parameters import ParameterError

WINDOW = st.fractions(Fraction(1, 5), 400, max_denominator=30)


@given(
    st.lists(st.integers(-50, 30000), max_size=20),
    st.sampled_from([Fraction(1), Fraction(1, 10), Fraction(1, 40), Fraction(1, 3)]),
    st.one_of(st.integers(1, 50), WINDOW, st.sampled_from([Fraction(3, 10), Fraction(1000, 3)])),
    st.integers(-30, 30),
)
def test_counts_and_rates_are_exact_on_a_grid(steps, dt, window, start):
    """Borders in fractions, where nothing rounds, against times and windows in floats, rounded in every way."""
    window = window if isinstance(window, Fraction) else window * dt
    exact, ids = [start + step * dt for step in steps], np.arange(len(steps)) % 2
    expected = np.zeros((7, 2), int)
    for time, cell in zip(exact, ids, strict=True):
        k = (time - start) // window
        if 0 <= k < 7:
            expected[k, cell] += 1
    by_product = float(start) + float(dt) * np.array(steps, float)
    by_quotient = float(start) + np.array(steps, float) / float(1 / dt)
    in_seconds = (by_product / 1000) * 1000
    for times_ms in (by_product, by_quotient, in_seconds, np.nextafter(by_product, -np.inf)):
        counts = spikes.window_counts(times_ms, ids, n_cells=2, n_windows=7, window_ms=float(window), start_ms=start)
        assert np.array_equal(counts, expected) and counts.dtype.kind == "i"
        for stop in (start + 7 * float(window), np.nextafter(float(start + 7 * window), np.inf)):
            rates = spikes.rates_hz(times_ms, ids, n_cells=2, start_ms=start, stop_ms=stop)
            assert rates == pytest.approx(1000 * expected.sum(axis=0) / float(7 * window), rel=1e-12)


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_a_border_belongs_to_the_window_that_starts_there_also_in_single_precision_and_after_many_sums():
    counted = {"n_cells": 1, "n_windows": 4, "window_ms": 0.3}
    single = spikes.window_counts(np.float32([0.3, 0.3, 0.9, 0.9]), [0] * 4, **counted)
    assert single[:, 0].tolist() == [0, 2, 0, 2]
    summed = np.cumsum(np.full(1000, 0.1))
    counts = spikes.window_counts(summed, np.zeros(1000, int), n_cells=1, n_windows=100, window_ms=1.0)
    assert counts[0] == 9 and np.all(counts[1:] == 10)
    beside = spikes.window_counts([0.3 - 1e-9, 0.3 + 1e-9, -1e300, 1e300], [0] * 4, **counted)
    assert beside[:, 0].tolist() == [1, 1, 0, 0], "times far outside count nowhere"


@given(st.lists(st.tuples(st.floats(-20, 120), st.integers(0, 3)), max_size=40))
def test_pack_and_unpack_are_inverse(table):
    times_ms, ids = [time for time, _ in table], [cell for _, cell in table]
    trains = spikes.unpack(times_ms, ids, n_cells=4)
    assert [train.tolist() for train in trains] == [sorted(t for t, cell in table if cell == k) for k in range(4)]
    packed_ms, packed_ids = spikes.pack(trains)
    assert np.all(np.diff(packed_ms) >= 0) and packed_ids.dtype.kind == "i"
    np.testing.assert_equal(spikes.unpack(packed_ms, packed_ids, n_cells=4), trains)


@given(st.lists(st.lists(st.integers(0, 3), min_size=3, max_size=3), min_size=2, max_size=6))
def test_fano_factor_is_the_variance_over_the_mean_and_of_silence_nan(counts):
    for column, found in zip(np.transpose(counts).tolist(), spikes.fano_factor(counts), strict=True):
        wanted = statistics.variance(column) / statistics.mean(column) if any(column) else np.nan
        assert found == pytest.approx(wanted, abs=1e-12, nan_ok=True)
    assert spikes.fano_factor([1, 3]) == 1.0


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_isi_cv_of_poisson_is_one_and_of_a_clock_zero(rng):
    """Standard error of the CV of exponential intervals is 1 / sqrt(n): 0.016 at n = 4000; four are allowed."""
    poisson = np.cumsum(rng.exponential(10.0, 4000))
    trains = [poisson, np.arange(0.0, 500.0, 10.0), [1.0, 2.0], [], [0.0, 1.0, 4.0], [2.0, 2.0, 2.0]]
    times_ms, ids = spikes.pack(trains)
    order = rng.permutation(ids.size)
    cv = spikes.isi_cv(times_ms[order], ids[order], n_cells=6)
    assert abs(cv[0] - 1) < 0.064 and cv[1] == pytest.approx(0, abs=1e-12)
    assert np.isnan(cv[[2, 3, 5]]).all() and cv[4] == pytest.approx(np.sqrt(0.5))


NAMED = {"columns": ("id", "time_ms")}


@pytest.mark.parametrize(
    "function, arguments, options, fragment",
    [
        (spikes.unpack, ([[1.0]], [[0]]), {"n_cells": 2}, "times_ms has 2 dimension"),
        (spikes.unpack, ([1.0], [0, 1]), {"n_cells": 2}, r"ids has shape \(2,\); allowed: \(1\)"),
        (spikes.unpack, ([1.0], [0.0]), {"n_cells": 2}, "ids is not an array of integers"),
        (spikes.unpack, ([1.0], [2]), {"n_cells": 2}, r"ids span 2 to 2; allowed: 0 to 1; .*read_spikes.*subtract"),
        (spikes.unpack, ([1.0], [-1]), {"n_cells": 2}, "ids span -1 to -1"),
        (spikes.rates_hz, ([1.0], [0]), {"n_cells": 2, "start_ms": 0.0, "stop_ms": 0.0}, "stop_ms = 0 is out of range"),
        (spikes.fano_factor, ([3],), {}, "counts holds fewer than 2 repeats"),
        (spikes.pack, ([],), {}, r"trains = \[\] holds nothing"),
        (spikes.read_spikes, ([],), {}, r"source = \[\] holds nothing"),
        (spikes.read_spikes, ([[0.5, 1]],), NAMED, r"source, row 0: '\[0.5, 1\]' is no spike; .* the id an integer"),
        (spikes.read_spikes, ([[1, 2, 0.5]],), {"columns": ("id", "id", "time_ms")}, r"columns = \['id', 'id', 'time"),
        (spikes.read_spikes, ([[1, 0.5]],), NAMED | {"cells": [2]}, "cells lacks the id 1"),
    ],
)
def test_bad_input_is_named(function, arguments, options, fragment):
    with pytest.raises(ParameterError, match=rf"^[^\n]*{fragment}[^\n]*$"):
        function(*arguments, **options)


# --- readers

# As NEST 3.10 wrote them: one file per thread, each with its header; the .gdf of NEST 2 has none.
THREADS = (
    "# NEST version: 3.10.0\n# RecordingBackendASCII version: 2\nsender\ttime_ms\n61\t2.800\n63\t4.100\n61\t12.100\n",
    "# NEST version: 3.10.0\n# RecordingBackendASCII version: 2\nsender\ttime_ms\n62\t4.100\n62\t5.200\n",
)
SPIKES = ([2.8, 4.1, 4.1, 5.2, 12.1], [0, 1, 2, 1, 0])


def written(folder, text, name):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def assert_spikes(found):
    np.testing.assert_allclose(found[0], SPIKES[0], rtol=1e-12)
    assert found[1].tolist() == SPIKES[1] and found[1].dtype.kind == "i"


def test_files_of_nest_are_read_and_joined(tmp_path):
    paths = [written(tmp_path, text, f"ring-7-{i}.dat") for i, text in enumerate(THREADS)]
    silent = written(tmp_path, THREADS[0][:70], "ring-7-2.dat")
    assert_spikes(spikes.read_spikes([*paths, silent], cells=range(61, 64)))
    assert spikes.read_spikes(str(paths[0]))[1].tolist() == [61, 63, 61]
    assert spikes.read_spikes(silent)[0].size == 0
    assert spikes.read_spikes(written(tmp_path, "time_ms id\n2.5 61\n", "headed.gdf"))[1].tolist() == [61]
    body = "".join(line + "\t\n" for text in THREADS for line in text.splitlines()[3:])
    assert_spikes(spikes.read_spikes(written(tmp_path, body, "ring.gdf"), cells=[61, 62, 63]))


@pytest.mark.parametrize(
    "text, columns",
    [
        ('\ufeff"time_s","weight","id"\r\n.0028,1,0\r\n.0041,1,1\r\n.0041,1,2\r\n.0052,1,1\r\n.0121,1,0', None),
        ("12.1 0\n2.8 0\n\n# late\n4.1 2\n4.1 1\n5.2 1\n", ("time_ms", "id")),
        ("t n\n2.8 0\n4.1 2\n4.1 1\n5.2 1\n12.1 0\n", ("time_ms", "id")),
    ],
)
def test_tables_are_read_by_the_names_of_their_columns(tmp_path, text, columns):
    assert_spikes(spikes.read_spikes(written(tmp_path, text, "spikes.csv"), columns=columns))
    assert_spikes(spikes.read_spikes(np.column_stack(SPIKES[::-1]), columns=("sender", "time_ms")))


@pytest.mark.parametrize(
    "text, fragment",
    [
        ("sender\ttime_step\ttime_offset\n1\t28\t0.0\n", r"bad.dat, line 2: columns = \['sender', 'time_step'"),
        ("1\t2.8\n", r"bad.dat, line 1: columns = \[\]; allowed: .*such as \('id', 'time_ms'\)"),
        ("# x\nid time_ms\n1 2.8\n1 2,9\n", r"bad.dat, line 4: '1 2,9' is no spike; .* under \['id', 'time_ms'\]"),
        ("id time_ms\n99999999999999999999 1.0\n", "bad.dat, line 2"),
        ("id time_ms\n" + "x" * 5000, "bad.dat, line 2: 'xxx"),
        (b"\x93NUMPY\x01\x00v\xff\xfe", "bad.dat cannot be read .*give a text file of spikes"),
        (None, "bad.dat cannot be read .*No such file"),
    ],
)
def test_bad_files_are_named_with_the_line(tmp_path, text, fragment):
    path = tmp_path / "bad.dat" if text is None else written(tmp_path, text, "bad.dat")
    with pytest.raises(ParameterError, match=rf"^[^\n]*{fragment}[^\n]*$") as refusal:
        spikes.read_spikes(path)
    assert len(str(refusal.value)) < 300 + len(str(path))
