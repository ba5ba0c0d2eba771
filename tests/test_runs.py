"""Seeds, summaries, provenance, and sweeps that survive failures, damage and being killed."""

import functools
import importlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import uuid
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from helpers import runs
from helpers.parameters import BackendError, OutputError, ParameterError, Parameters, parameter
from helpers.runs import SweepWarning, sweep

ROOT = Path(__file__).resolve().parents[1]
HEAVY = ("matplotlib.pyplot", "joblib", "tqdm", "scipy.signal", "brian2", "nest", "pyNN", "numba", "jax", "pandas")


@dataclass(frozen=True)
class Point(Parameters):
    x: float = parameter(1.0)
    n: int = parameter(3)

    @functools.cached_property
    def heavy(self):
        return self.x * 100


@pytest.fixture
def store(tmp_path):
    return tmp_path / "store"


@pytest.fixture
def log(tmp_path):
    """A folder in which every call of :func:`noted` leaves one file, whichever process it runs in."""
    folder = tmp_path / "log"
    folder.mkdir()
    return str(folder)


def n_calls(log):
    return len(os.listdir(log))


def noted(x, log):
    (Path(log) / uuid.uuid4().hex).touch()
    return {"square": x * x, "trace": np.full(3, x, dtype=np.float32), "word": f"x={x}"}


def picky(x, log):
    if x == 2 and (Path(log).parent / "broken").exists():
        raise RuntimeError("x is two")
    return noted(x, log)


def of_object(point):
    return {"product": point.x * point.n}


def plus(x, b):
    return {"y": f"{x}{b}"}


def bound_to(b):
    def scaled(x):
        return {"y": f"{x}{b}"}

    return scaled


@dataclass(frozen=True)
class Scale:
    """A function that carries a value: an object that can be called, with a method that can be swept too."""

    by: float

    def __call__(self, x):
        return {"y": self.by * x}

    def down(self, x):
        return {"y": x / self.by}


def unstorable(kind):
    return UNSTORABLE[kind][0]


def process(x):
    return {"pid": os.getpid()}


def deadly(x, log):
    noted(x, log)
    if x == 3 and n_calls(log) < 8:
        os.kill(os.getpid(), signal.SIGKILL)
    return {"x": x}


def silent_failures(iterator):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SweepWarning)
        return list(iterator)


def same(one, two):
    """Whether two lists of (point, result) agree, bit for bit."""
    return len(one) == len(two) and all(
        p == q and r.keys() == s.keys() and all(np.array_equal(r[key], s[key]) for key in r)
        for (p, r), (q, s) in zip(one, two, strict=True)
    )


# Profile and seeds


@pytest.mark.parametrize("value, word", [(None, "quick"), ("quick", "quick"), ("full", "full")])
def test_profile_comes_from_the_environment(monkeypatch, value, word):
    monkeypatch.delenv("NOTEBOOK_PROFILE", raising=False)
    if value:
        monkeypatch.setenv("NOTEBOOK_PROFILE", value)
    assert runs.profile() == word
    assert runs.choose(quick=1, full=2) == {"quick": 1, "full": 2}[word]


@pytest.mark.parametrize("value", ["", "Quick", "fast", "full "])
def test_a_misspelt_profile_is_refused(monkeypatch, value):
    monkeypatch.setenv("NOTEBOOK_PROFILE", value)
    for call in (runs.profile, lambda: runs.choose(1, 2), runs.provenance):
        with pytest.raises(ParameterError, match=r"NOTEBOOK_PROFILE = .* is unknown; choose one of: quick, full"):
            call()


def test_seeds_are_the_same_everywhere_prefix_stable_and_distinct():
    assert runs.seeds(0, 3) == [3757552657, 673228719, 3241444873]
    assert runs.seeds(5, 300)[:7] == runs.seeds(5, 7)
    assert len({*runs.seeds(0, 300), *runs.seeds(1, 300)}) == 600
    assert all(type(seed) is int and 0 <= seed < 2**32 for seed in runs.seeds(0, 50))


def test_seeds_leave_the_global_generator_alone():
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    runs.seeds(0, 10)
    runs.summary(np.arange(5.0))
    assert np.array_equal(np.random.get_state()[1], before)  # noqa: NPY002


@pytest.mark.parametrize(
    "seed, n, name", [(-1, 3, "seed"), (None, 3, "seed"), (0, 0, "n"), (0, 2.0, "n"), (True, 1, "seed")]
)
def test_bad_seeds_are_named(seed, n, name):
    with pytest.raises(ParameterError, match=rf"^{name} = "):
        runs.seeds(seed, n)


# Summaries


def test_summary_agrees_with_closed_forms(rng):
    values = rng.normal(3, 2, size=(400, 3))
    s = runs.summary(values)
    assert np.allclose(s.mean, values.mean(axis=0)) and np.allclose(s.sd, values.std(axis=0, ddof=1))
    assert np.array_equal(s.n, [400, 400, 400])
    half_width = 1.9659 * s.sd / np.sqrt(400)  # t with 399 degrees of freedom
    assert np.allclose(s.low, s.mean - half_width, atol=1e-5)
    assert np.allclose(s.high, s.mean + half_width, atol=1e-5)


def test_summary_leaves_out_nan_per_column(rng):
    values = rng.normal(size=(30, 2))
    values[10:, 1] = np.nan
    s = runs.summary(values)
    assert np.array_equal(s.n, [30, 10])
    assert s.mean[1] == pytest.approx(values[:10, 1].mean()) and s.sd[1] == pytest.approx(values[:10, 1].std(ddof=1))
    assert np.all((s.low < s.mean) & (s.mean < s.high))


def test_one_value_or_none_has_no_interval(recwarn):
    s = runs.summary([[1.0, np.nan, 2.0], [np.nan, np.nan, 4.0]])
    assert np.array_equal(s.n, [1, 0, 2]) and np.array_equal(s.mean, [1.0, np.nan, 3.0], equal_nan=True)
    for edge in (s.low, s.high, s.sd):
        assert np.array_equal(np.isnan(edge), [True, True, False])
    assert np.isnan(runs.summary([5.0]).low) and not recwarn.list


@pytest.mark.parametrize(
    "draw, n, low, high", [("normal", 5, 0.935, 0.965), ("normal", 20, 0.935, 0.965), ("exponential", 20, 0.88, 0.95)]
)
def test_the_interval_covers_the_true_mean_as_often_as_it_says(rng, draw, n, low, high):
    """2000 experiments: 95 % for normal values, also with few of them; a little less for skewed ones."""
    s = runs.summary(getattr(rng, draw)(size=(n, 2000)))
    truth = {"normal": 0, "exponential": 1}[draw]
    assert low < np.mean((s.low <= truth) & (truth <= s.high)) < high


def test_summary_is_repeatable_and_wider_at_a_higher_level():
    values = np.random.default_rng(0).normal(size=12)
    first, second, wide = runs.summary(values), runs.summary(values), runs.summary(values, level=0.99)
    assert (first.low, first.high) == (second.low, second.high)
    assert wide.low < first.low < first.high < wide.high


def test_summary_prints_one_line_for_a_number_and_its_fields_for_arrays():
    assert str(runs.summary([1.0, 2.0, 3.0])) == "2 [-0.484, 4.48], n = 3"
    assert str(runs.summary(np.ones((3, 2)))).startswith("Summary(mean=array(")


@pytest.mark.parametrize(
    "values, options, fragment",
    [
        (1.0, {}, "values is a single number"),
        ([], {}, "values is empty"),
        ("word", {}, "values is not an array of numbers"),
        ([1, 2], {"level": 1}, "level = 1 is out of range"),
        ([1, 2], {"level": 95}, "level = 95 is out of range"),
    ],
)
def test_bad_summaries_are_named(values, options, fragment):
    with pytest.raises(ParameterError, match=fragment):
        runs.summary(values, **options)


# Provenance


def test_provenance_is_json_without_dates_and_the_same_twice():
    params = {
        "point": Point(x=np.float32(0.5)),
        "grid": np.arange(3),
        "zero": np.array(2.5),
        "edge": [np.inf, np.nan],
        "flag": np.True_,
        "none": None,
        "pair": (1, "a"),
    }
    record = runs.provenance(seed=np.int64(3), params=params)
    text = json.dumps(record, allow_nan=False)
    assert text == json.dumps(runs.provenance(seed=np.int64(3), params=params))
    assert json.loads(text)["parameters"] == {
        "point": {"type": "Point", "x": 0.5, "n": 3},
        "grid": [0, 1, 2],
        "zero": 2.5,
        "edge": ["inf", "nan"],
        "flag": True,
        "none": None,
        "pair": [1, "a"],
    }
    assert record["seed"] == 3 and record["versions"]["numpy"] == np.__version__
    assert set(record) == {"notebook", "source", "seed", "parameters", "profile", "threads", "versions"}
    assert not re.search(r"\d{4}-\d{2}-\d{2}|\d{2}:\d{2}|\bdate|\btime", text)


@pytest.mark.parametrize("value", [{1, 2}, object(), 1j, b"bytes", Path("x"), Point, np.random.default_rng(0)])
def test_what_cannot_be_recorded_is_refused(value):
    for record in ({"seed": value}, {"params": {"a": [value]}}):
        with pytest.raises(ParameterError, match=r"a parameter of type \w+ cannot be recorded"):
            runs.provenance(**record)


def write_notebook(path, *, code="1 + 1", text="Title", outputs=()):
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": [text]},
        {"cell_type": "code", "metadata": {}, "source": [code], "outputs": list(outputs), "execution_count": None},
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}), encoding="utf-8")
    return path


@pytest.mark.parametrize("folder", ["FINAL_notebooks", "dev"])
def test_provenance_names_the_notebook_it_runs_in(tmp_path, monkeypatch, folder):
    monkeypatch.setattr(runs, "ROOT", tmp_path)
    path = write_notebook(tmp_path / folder / "FINAL_1_test.ipynb")
    for name in (str(path), "FINAL_1_test.ipynb", f"/elsewhere/{path.name}"):
        monkeypatch.setenv("JPY_SESSION_NAME", name)
        assert runs.provenance()["notebook"] == "FINAL_1_test.ipynb"
    assert runs.provenance()["source"] == runs.source_hash(path) != runs.source_hash()


@pytest.mark.parametrize("name", [None, "", "missing.ipynb", "FINAL_1_test.py", "/"])
def test_provenance_without_a_notebook(tmp_path, monkeypatch, name):
    monkeypatch.setattr(runs, "ROOT", tmp_path)
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    if name is not None:
        monkeypatch.setenv("JPY_SESSION_NAME", name)
    assert runs.provenance()["notebook"] is None


def test_source_hash_follows_the_code_cells_only(tmp_path):
    path = tmp_path / "a.ipynb"
    first = runs.source_hash(write_notebook(path))
    output = {"output_type": "stream", "name": "stdout", "text": ["2"]}
    assert runs.source_hash(write_notebook(path, text="Réponse", outputs=[output])) == first
    assert runs.source_hash(write_notebook(path, code="1 + 2")) != first
    assert re.fullmatch("[0-9a-f]{16}", first)


def test_source_hash_follows_every_helper_and_the_style(tmp_path, monkeypatch):
    package = tmp_path / "helpers"
    (package / "room").mkdir(parents=True)
    for name in ("runs.py", "room/deep.py", "thesis.mplstyle", "notes.txt"):
        (package / name).write_text("a = 1\n")
    monkeypatch.setattr(runs, "__file__", str(package / "runs.py"))
    seen = [runs.source_hash()]
    for name in ("runs.py", "room/deep.py", "thesis.mplstyle"):
        (package / name).write_text("a = 2\n")
        seen.append(runs.source_hash())
    (package / "room/deep.py").rename(package / "room/deeper.py")
    seen.append(runs.source_hash())
    assert len(set(seen)) == 5
    (package / "notes.txt").write_text("changed")
    assert runs.source_hash() == seen[-1]


def test_importing_the_shared_modules_loads_nothing_heavy():
    code = f"import sys, helpers.runs, helpers.figures; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# Sweeps: results, order, resume


def test_results_equal_a_plain_loop_whatever_the_number_of_workers(tmp_path, log):
    grid = {"x": [3.0, 1.0, 0.1], "log": [log]}
    plain = [({"x": x, "log": log}, noted(x, log)) for x in grid["x"]]
    alone = list(sweep(noted, grid, store=tmp_path / "one", n_jobs=1))
    both = list(sweep(noted, grid, store=tmp_path / "two", n_jobs=2, progress=False))
    assert same(alone, plain) and same(both, plain)
    assert alone[0][1]["trace"].dtype == np.float32 and alone[0][1]["word"] == "x=3.0"
    assert float(alone[0][1]["square"]) == 9.0


def test_a_mapping_gives_the_product_in_order(store):
    grid = {"x": np.array([2, 1]), "n": (10, 20)}
    points = [point for point, _ in sweep(lambda x, n: {"y": x * n}, grid, store=store, n_jobs=1)]
    assert points == [{"x": 2, "n": 10}, {"x": 2, "n": 20}, {"x": 1, "n": 10}, {"x": 1, "n": 20}]
    assert {type(point["x"]) for point in points} == {int}


def test_points_may_be_parameter_objects_from_any_iterable(store):
    points = [Point(x=2.0), Point(x=3.0, n=5)]
    found = list(sweep(of_object, (point for point in points), store=store, n_jobs=1))
    assert [point for point, _ in found] == points and [float(r["product"]) for _, r in found] == [6.0, 15.0]


def test_a_finished_sweep_is_not_computed_again(store, log):
    small, large = {"x": [1, 2], "log": [log]}, {"x": [0, 1, 2, 3], "log": [log]}
    first = list(sweep(noted, small, store=store, n_jobs=1))
    assert n_calls(log) == 2
    assert same(list(sweep(noted, small, store=store, n_jobs=1)), first) and n_calls(log) == 2
    assert same(list(sweep(noted, large, store=store, n_jobs=2))[1:3], first) and n_calls(log) == 4


def test_points_that_differ_only_in_type_or_function_do_not_share_a_file(store):
    functions = [process, bound_to(1), bound_to(2), functools.partial(plus, b=1), functools.partial(plus, b=2)]
    for function in [*functions, Scale(1.0), Scale(2.0), Scale(1.0).down]:
        list(sweep(function, [{"x": 1}, {"x": 1.0}, {"x": True}], store=store, n_jobs=1))
    assert len(list(store.glob("*.npz"))) == 8 * 3


def test_bound_values_are_part_of_what_is_resumed(store):
    """A partial and a closure give their own results, and no address stands in what they are found by."""
    for make in (bound_to, lambda b: functools.partial(plus, b=b)):
        found = [next(sweep(make(b), {"x": [1]}, store=store, n_jobs=1))[1]["y"] for b in (1, 2, 1)]
        assert found == ["11", "12", "11"]
    assert len(list(store.glob("*.npz"))) == 4
    assert "0x" not in json.dumps(runs._identity(functools.partial(plus, b=1)))


def test_a_cached_property_of_a_point_does_not_change_its_file(store):
    point = Point()
    list(sweep(of_object, [point], store=store, n_jobs=1))
    assert point.heavy == 100.0
    list(sweep(of_object, [point], store=store, n_jobs=1))
    assert len(list(store.glob("*.npz"))) == 1


def test_a_point_given_twice_is_answered_twice(store, log):
    grid = [{"x": 1, "log": log}] * 4
    with_threads = list(threaded(noted, grid, store))
    assert len(with_threads) == 4 and {int(r["square"]) for _, r in with_threads} == {1}


def threaded(function, grid, store, **options):
    import joblib

    with joblib.parallel_config(backend="threading"):
        yield from sweep(function, grid, store=store, n_jobs=2, progress=False, **options)


def test_the_backend_is_the_callers(tmp_path):
    grid = {"x": [1, 2, 3]}
    here = {int(r["pid"]) for _, r in threaded(process, grid, tmp_path / "threads")}
    apart = {int(r["pid"]) for _, r in sweep(process, grid, store=tmp_path / "processes", n_jobs=2, progress=False)}
    assert here == {os.getpid()} and os.getpid() not in apart


def test_a_relative_store_is_found_by_workers_started_elsewhere(tmp_path, monkeypatch):
    list(sweep(process, {"x": [0]}, store=tmp_path / "first", n_jobs=2, progress=False))
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    found = list(sweep(process, {"x": [1, 2]}, store="relative", n_jobs=2, progress=False))
    assert len(found) == 2 and len(list((tmp_path / "other/relative").glob("*.npz"))) == 2


def test_a_changed_function_is_computed_again(store, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    module, found = tmp_path / "changing_module.py", []
    for factor in (2, 3, 2):
        module.write_text(f"def scale(x):\n    return {{'y': {factor} * x}}\n")
        importlib.invalidate_caches()
        loaded = importlib.import_module("changing_module")
        found.append(int(next(sweep(loaded.scale, {"x": [5]}, store=store, n_jobs=1))[1]["y"]))
        del sys.modules["changing_module"]
    assert found == [10, 15, 10] and len(list(store.glob("*.npz"))) == 2


# Sweeps: failures


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_failing_point_is_recorded_and_tried_again(store, log, n_jobs):
    flag = Path(log).parent / "broken"
    flag.touch()
    grid = {"x": [1, 2, 3], "log": [log]}
    with pytest.warns(SweepWarning, match=r"^1 of 3 points failed; tracebacks: .*\.error\.json; call again$"):
        found = list(sweep(picky, grid, store=store, n_jobs=n_jobs, progress=False))
    assert [point["x"] for point, _ in found] == [1, 3]
    (report,) = store.glob("*.error.json")
    record = json.loads(report.read_text())
    assert record["point"] == {"x": 2, "log": log}
    assert "RuntimeError: x is two" in record["traceback"] and "in picky" in record["traceback"]
    flag.unlink()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = list(sweep(picky, grid, store=store, n_jobs=n_jobs, progress=False))
    assert [int(r["square"]) for _, r in found] == [1, 4, 9] and n_calls(log) == 3
    assert [path.suffix for path in store.iterdir()] == [".npz"] * 3


UNSTORABLE = {
    "nothing": (None, "returned NoneType; return a dict"),
    "empty": ({}, "returned dict"),
    "list": ([1], "returned list"),
    "object": ({"a": object()}, "result 'a' is not an array, number or string"),
    "set": ({"a": 1, "b": {1, 2}}, "result 'b' is not an array"),
    "function": ({"a": plus}, "result 'a' is not an array"),
    "ragged": ({"a": [[1], [1, 2]]}, "inhomogeneous"),
    "hidden object": ({"a": np.zeros(1, dtype=[("o", object)])}, "result 'a' is not an array"),
    "name file": ({"file": 1}, "a result cannot have the name 'file'"),
    "name allow_pickle": ({"allow_pickle": 1}, "a result cannot have the name 'allow_pickle'"),
    "name point_json": ({"point_json": 1}, "a result cannot have the name 'point_json'"),
}


def test_a_result_that_cannot_be_stored_is_a_recorded_failure(store):
    with pytest.warns(SweepWarning, match="11 of 11 points failed"):
        assert list(sweep(unstorable, {"kind": UNSTORABLE}, store=store, n_jobs=1)) == []
    reports = [json.loads(path.read_text()) for path in store.iterdir()]
    assert len(reports) == len(UNSTORABLE)
    for report in reports:
        assert UNSTORABLE[report["point"]["kind"]][1] in report["traceback"]


def test_all_points_failing_yields_nothing_but_the_warning(store):
    with pytest.warns(SweepWarning, match="2 of 2 points failed"):
        assert list(sweep(lambda x: 1 / 0, {"x": [0, 1]}, store=store, n_jobs=1)) == []


def truncated(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flipped(path):
    body = bytearray(path.read_bytes())
    body[body.index(b"NUMPY") + 130] ^= 0xFF
    path.write_bytes(body)


DAMAGE = {
    "truncated": truncated,
    "one byte missing": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "one bit flipped": flipped,
    "empty": lambda path: path.write_bytes(b""),
    "garbage": lambda path: path.write_bytes(bytes(range(256)) * 20),
    "text": lambda path: path.write_text("not a result"),
    "foreign npz": lambda path: np.savez(path, square=7.0),
    "npy": lambda path: path.open("wb").write(b"\x93NUMPY\x01\x00"),
    "pickled": lambda path: np.savez(path, square=np.array([object], dtype=object), point_json=""),
    "of another point": lambda path: shutil.copy(next(p for p in path.parent.glob("*.npz") if p != path), path),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_file_is_computed_again(store, log, damage):
    grid = {"x": [1, 2, 3], "log": [log]}
    good = list(sweep(noted, grid, store=store, n_jobs=1))
    damage(sorted(store.glob("*.npz"))[1])
    assert same(list(sweep(noted, grid, store=store, n_jobs=1)), good) and n_calls(log) == 4
    assert same(list(sweep(noted, grid, store=store, n_jobs=1)), good) and n_calls(log) == 4


def test_an_interrupt_keeps_what_is_finished(store, log):
    def interrupted(x, log):
        if x == 3 and n_calls(log) == 2:
            raise KeyboardInterrupt
        return noted(x, log)

    grid = {"x": [1, 2, 3, 4], "log": [log]}
    with pytest.raises(KeyboardInterrupt):
        list(sweep(interrupted, grid, store=store, n_jobs=1))
    assert [path.suffix for path in store.iterdir()] == [".npz"] * 2
    Path(log, "again").touch()
    assert [point["x"] for point, _ in sweep(interrupted, grid, store=store, n_jobs=1)] == [1, 2, 3, 4]
    assert n_calls(log) == 5


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_sweep_closed_early_can_be_taken_up_again(store, log, n_jobs):
    grid = {"x": list(range(6)), "log": [log]}
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        started = sweep(noted, grid, store=store, n_jobs=n_jobs, progress=False)
        assert next(started)[0]["x"] == 0
        started.close()
        for point, _ in sweep(noted, grid, store=store, n_jobs=n_jobs, progress=False):
            if point["x"] == 1:
                break
        found = list(sweep(noted, grid, store=store, n_jobs=n_jobs, progress=False))
    assert not [warning for warning in said if "cancelled" in str(warning.message)]
    assert [int(r["square"]) for _, r in found] == [0, 1, 4, 9, 16, 25]
    assert {path.suffix for path in store.iterdir() if not path.name.startswith(".")} == {".npz"}
    if n_jobs == 1:
        assert n_calls(log) == 6


def test_abandoned_drafts_are_removed_but_not_those_of_a_neighbour(store):
    store.mkdir()
    old, fresh = store / ".old.tmp", store / ".fresh.tmp"
    old.touch()
    fresh.touch()
    os.utime(old, (time.time() - 7200,) * 2)
    list(sweep(process, {"x": [1]}, store=store, n_jobs=1))
    assert fresh.exists() and not old.exists()


def test_a_killed_worker_is_one_line_and_the_next_call_finishes(store, log):
    grid = {"x": list(range(6)), "log": [log]}
    with pytest.raises(BackendError, match=r"a worker was killed .*finished points are kept; call again") as caught:
        list(sweep(deadly, grid, store=store, n_jobs=2, progress=False))
    assert "\n" not in str(caught.value)
    while n_calls(log) < 8:
        Path(log, uuid.uuid4().hex).touch()
    assert [int(r["x"]) for _, r in sweep(deadly, grid, store=store, n_jobs=2, progress=False)] == list(range(6))


# Sweeps: stores that cannot be written, bad input, silence


@pytest.mark.parametrize("where", ["store", "store/below", "store/far/below"])
def test_an_unwritable_store_is_one_line(tmp_path, where):
    (tmp_path / "store").write_text("a file in place of the folder")
    with pytest.raises(OutputError, match=r"cannot write into .*; choose a writable folder") as caught:
        sweep(process, {"x": [1]}, store=tmp_path / where, n_jobs=1)
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_store_is_one_line(store):
    store.mkdir(mode=0o500)
    with pytest.raises(OutputError, match="Permission denied"):
        sweep(process, {"x": [1]}, store=store, n_jobs=1)


def test_a_store_lost_on_the_way_is_one_line(store):
    def losing(x, store):
        if x == 2:
            shutil.rmtree(store)
            Path(store).touch()
        return {"y": x}

    with pytest.raises(OutputError, match=r"cannot write into .* any more") as caught:
        list(sweep(losing, {"x": [1, 2, 3], "store": [str(store)]}, store=store, n_jobs=1))
    assert "\n" not in str(caught.value)


def test_a_full_disk_is_a_recorded_failure_without_a_half_file(store, monkeypatch):
    def full(file, **arrays):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    assert silent_failures(sweep(plus, [{"x": 1, "b": 2}], store=store, n_jobs=1)) == []
    assert [path.name.endswith(".error.json") for path in store.iterdir()] == [True]


GRID = {"x": [1]}


@pytest.mark.parametrize(
    "function, grid, options, fragment",
    [
        (3, GRID, {}, "function = 3 cannot be called"),
        (process, {}, {"n_jobs": 0}, "n_jobs = 0 starts no worker"),
        (process, GRID, {"n_jobs": 1.5}, "n_jobs = 1.5 is not an integer"),
        (process, GRID, {"n_jobs": 10**6}, "n_jobs = 1000000 is out of range"),
        (process, [], {}, "grid is empty"),
        (process, {"x": []}, {}, "grid is empty"),
        (process, 3, {}, "grid = 3 is not a grid"),
        (process, Point(), {}, r"grid = Point\(.* is not a grid"),
        (process, [1, 2], {}, "grid holds 1; each point is a mapping or a parameter dataclass"),
        (process, [Point], {}, "each point is a mapping or a parameter dataclass"),
        (process, {"x": 1}, {}, r"grid holds x = 1; give a list of values, \[1\] for a single one"),
        (process, {"x": "abc"}, {}, "grid holds x = 'abc'; give a list"),
        (process, {"x": [{1, 2}]}, {}, "a parameter of type set cannot be recorded"),
        (functools.partial(plus, b={1}), GRID, {}, "a parameter of type set cannot be recorded"),
        (process, GRID, {"store": None}, "store = None is not a path"),
        (process, GRID, {"store": 3}, "store = 3 is not a path"),
    ],
)
def test_bad_sweeps_are_named_at_the_call(store, function, grid, options, fragment):
    with pytest.raises(ParameterError, match=fragment) as caught:
        sweep(function, grid, **{"store": store, "n_jobs": 1, **options})
    assert "\n" not in str(caught.value)


# Sweeps: whole processes

SCRIPT = """
import hashlib, sys, time
import numpy as np
from helpers.runs import sweep

def slow(x):
    time.sleep(0.02)
    return {"noise": np.random.default_rng(x).normal(size=40_000), "x": x}

if __name__ == "__main__":
    store, n_jobs, n_points = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    total = hashlib.sha256()
    for point, result in sweep(slow, {"x": range(n_points)}, store=store, n_jobs=n_jobs):
        total.update(repr(point).encode() + result["noise"].tobytes() + bytes(int(result["x"])))
    print(total.hexdigest())
"""


@pytest.fixture
def start(tmp_path):
    """Return a function that starts the sweep above in a process group of its own."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)

    def start(store, *, n_jobs, n_points=40, **extra):
        env = {key: value for key, value in os.environ.items() if key != "CI"}
        env |= {"PYTHONPATH": str(ROOT), "JOBLIB_TEMP_FOLDER": str(tmp_path), **extra}
        command = [sys.executable, str(script), str(store), str(n_jobs), str(n_points)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen(command, env=env, start_new_session=True, **pipes)

    return start


def finished(child):
    out, err = child.communicate(timeout=60)
    assert child.returncode == 0, err
    return out, err


def strike(child, store, sent, more, delay_s):
    """Wait until `more` points have been added and a little longer, then send the signal to the whole group."""
    already, end = len(list(store.glob("*.npz"))), time.monotonic() + 60
    while len(list(store.glob("*.npz"))) < already + more and child.poll() is None and time.monotonic() < end:
        time.sleep(0.002)
    time.sleep(delay_s)
    if child.poll() is None:
        os.killpg(child.pid, sent)
    child.communicate(timeout=60)


def test_killed_at_random_and_resumed_equals_uninterrupted(tmp_path, store, start, rng):
    whole = start(tmp_path / "whole", n_jobs=1)
    for n_jobs, sent in ((2, signal.SIGKILL), (2, signal.SIGINT)):
        child = start(store, n_jobs=n_jobs)
        strike(child, store, sent, more=2, delay_s=rng.uniform(0, 0.06))
        assert child.returncode not in (0, None)
        assert all(path.suffix == ".npz" or path.name.startswith(".") for path in store.iterdir())
        for path in store.glob("*.npz"):
            with np.load(path, allow_pickle=False) as file:
                assert file["noise"].shape == (40_000,)
    assert 4 <= len(list(store.glob("*.npz"))) < 40
    assert finished(start(store, n_jobs=2))[0] == finished(whole)[0]
    assert sorted(p.name for p in store.glob("*.npz")) == sorted(p.name for p in (tmp_path / "whole").glob("*.npz"))


def test_two_processes_may_share_a_store(tmp_path, store, start):
    children = [start(store, n_jobs=1) for _ in range(2)]
    answers = [finished(child)[0] for child in children]
    assert answers[0] == answers[1] and len(answers[0]) == 65
    assert [path.suffix for path in store.iterdir()] == [".npz"] * 40


def test_silent_under_ci_and_a_bar_elsewhere(tmp_path, start):
    quiet = start(tmp_path / "quiet", n_jobs=2, n_points=4, CI="true")
    shown = start(tmp_path / "shown", n_jobs=1, n_points=4)
    assert finished(quiet)[1] == ""
    assert "slow: 100%" in finished(shown)[1]
