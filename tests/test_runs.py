"""Seeds, summaries, provenance, and sweeps that survive failures, damage, edits and being killed."""

import functools
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

import joblib
import numpy as np
import pytest

from helpers import keys, parameters, runs
from helpers.parameters import BackendError, OutputError, ParameterError, Parameters, parameter
from helpers.runs import SweepWarning, collect, sweep
from tests.cells import run

ROOT = Path(__file__).resolve().parents[1]
HEAVY = ("matplotlib.pyplot", "joblib", "tqdm", "scipy.signal", "brian2", "nest", "numba", "jax", "pandas", "xarray")


@dataclass(frozen=True)
class Point(Parameters):
    x: float = parameter(1.0)
    n: int = parameter(3)


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


POINTS = run(
    """
import os, signal, uuid
from pathlib import Path
import numpy as np
from helpers import parameters, runs

def noted(x, log):
    (Path(log) / uuid.uuid4().hex).touch()
    return {"square": x * x, "trace": np.full(3, x, dtype=np.float32), "word": f"x={x}"}

def picky(x, log):
    if x == 2 and (Path(log).parent / "broken").exists():
        raise RuntimeError("x is two")
    return noted(x, log)

def process(x):
    return {"pid": os.getpid()}

def deadly(x, log):
    noted(x, log)
    if x == 3 and len(os.listdir(log)) < 8:
        os.kill(os.getpid(), signal.SIGKILL)
    return {"x": x}

def tabled(x):
    return {"y": parameters.UNITS.get("mine", "none"), "here": os.getpid()}
""",
    "<points>",  # as a notebook has them: workers need not import this module
)
noted, picky, process = POINTS.noted, POINTS.picky, POINTS.process


def plus(x, b):
    return {"y": f"{x}{b}"}


def same(one, two):
    """Whether two lists of (point, result) agree, bit for bit."""
    return len(one) == len(two) and all(
        p == q and r.keys() == s.keys() and all(np.array_equal(r[key], s[key]) for key in r)
        for (p, r), (q, s) in zip(one, two, strict=True)
    )


# Profile and seeds


@pytest.mark.parametrize("value, word", [(None, "quick"), ("full", "full")])
def test_profile_comes_from_the_environment(monkeypatch, value, word):
    monkeypatch.delenv("NOTEBOOK_PROFILE", raising=False)
    if value:
        monkeypatch.setenv("NOTEBOOK_PROFILE", value)
    assert runs.profile() == runs.choose(quick="quick", full="full") == word


@pytest.mark.parametrize("value", ["", "Quick"])
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


# Summaries


def test_summary_agrees_with_closed_forms(rng):
    values = rng.normal(3, 2, size=(400, 3))
    values[10:, 1] = np.nan
    s, wide = runs.summary(values), runs.summary(values, level=0.99)
    n, t = np.array([400, 10, 400]), np.array([1.96593, 2.26216, 1.96593])  # t with n - 1 degrees of freedom
    mean, sd = np.nanmean(values, axis=0), np.nanstd(values, axis=0, ddof=1)
    for found, wanted in ((s.mean, mean), (s.sd, sd), (s.n, n)):
        np.testing.assert_allclose(found, wanted)
    np.testing.assert_allclose([s.low, s.high], [mean - t * sd / np.sqrt(n), mean + t * sd / np.sqrt(n)], rtol=1e-5)
    assert np.all(wide.low < s.low) and np.all(s.high < wide.high)
    assert str(runs.summary([1.0, 2.0, 3.0])) == "2 [-0.484, 4.48], n = 3" and str(s).startswith("Summary(mean=array(")


def test_one_value_or_none_has_no_interval(recwarn):
    s = runs.summary([[1.0, np.nan, 2.0], [np.nan, np.nan, 4.0]])
    assert np.array_equal(s.n, [1, 0, 2]) and np.array_equal(s.mean, [1.0, np.nan, 3.0], equal_nan=True)
    for edge in (s.low, s.high, s.sd):
        assert np.array_equal(np.isnan(edge), [True, True, False])
    assert np.isnan(runs.summary([5.0]).low) and not recwarn.list


@pytest.mark.parametrize("draw, n, low, high", [("normal", 5, 0.935, 0.965), ("exponential", 20, 0.88, 0.95)])
def test_the_interval_covers_the_true_mean_as_often_as_it_says(rng, draw, n, low, high):
    """2000 experiments: 95 % for normal values, also with few of them; a little less for skewed ones."""
    s = runs.summary(getattr(rng, draw)(size=(n, 2000)))
    truth = {"normal": 0, "exponential": 1}[draw]
    assert low < np.mean((s.low <= truth) & (truth <= s.high)) < high


@pytest.mark.parametrize(
    "call, fragment",
    [
        (lambda: runs.seeds(None, 3), "seed = None"),
        (lambda: runs.seeds(-1, 3), "seed = -1"),
        (lambda: runs.seeds(0, 0), "n = 0"),
        (lambda: runs.seeds(True, 1), "seed = True"),
        (lambda: runs.summary(1.0), "values is a single number"),
        (lambda: runs.summary([]), "values is empty"),
        (lambda: runs.summary([1, 2], level=1), "level = 1 is out of range"),
    ],
)
def test_bad_seeds_and_summaries_are_named(call, fragment):
    with pytest.raises(ParameterError, match=fragment):
        call()


# Provenance


def test_provenance_is_json_without_dates_and_the_same_twice():
    given = {"point": Point(x=np.float32(0.5)), "grid": np.arange(3), "zero": np.array(2.5), "edge": [np.inf, np.nan]}
    given |= {"flag": np.True_, "none": None, "pair": (1, "a")}
    wanted = {"point": {"type": "Point", "x": 0.5, "n": 3}, "grid": [0, 1, 2], "zero": 2.5, "edge": ["inf", "nan"]}
    wanted |= {"flag": True, "none": None, "pair": [1, "a"]}
    record = runs.provenance(seed=np.int64(3), params=given)
    text = json.dumps(record, allow_nan=False)
    assert text == json.dumps(runs.provenance(seed=np.int64(3), params=given))
    assert json.loads(text)["parameters"] == wanted
    assert record["seed"] == 3 and record["versions"]["numpy"] == np.__version__
    assert set(record) == {"notebook", "source", "seed", "parameters", "profile", "threads", "versions"}
    assert not re.search(r"\d{4}-\d{2}-\d{2}|\d{2}:\d{2}|\bdate|\btime", text)


@pytest.mark.parametrize("value", [{1, 2}, 1j, b"bytes", Path("x"), Point])
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


def test_provenance_names_the_notebook_it_runs_in(tmp_path, monkeypatch):
    monkeypatch.setattr(runs, "ROOT", tmp_path)
    for folder in ("FINAL_notebooks", "dev"):
        path = write_notebook(tmp_path / folder / f"{folder}_test.ipynb", code=folder)
        for name in (str(path), path.name, f"/elsewhere/{path.name}"):
            monkeypatch.setenv("JPY_SESSION_NAME", name)
            assert runs.provenance()["notebook"] == path.name
        assert runs.provenance()["source"] == runs.source_hash(path) != runs.source_hash()
    for name in ("", "missing.ipynb", "FINAL_1_test.py", "/"):
        monkeypatch.setenv("JPY_SESSION_NAME", name)
        assert runs.provenance()["notebook"] is None
    monkeypatch.delenv("JPY_SESSION_NAME")
    assert runs.provenance()["notebook"] is None


def test_source_hash_follows_the_code_cells_only(tmp_path):
    path = tmp_path / "a.ipynb"
    first = runs.source_hash(write_notebook(path))
    output = {"output_type": "stream", "name": "stdout", "text": ["2"]}
    assert runs.source_hash(write_notebook(path, text="Réponse", outputs=[output])) == first
    assert runs.source_hash(write_notebook(path, code="1 + 2")) != first
    assert re.fullmatch("[0-9a-f]{16}", first)


def test_source_hash_follows_the_modules_that_the_cells_import(tmp_path, monkeypatch):
    path, asked = tmp_path / "a.ipynb", []
    monkeypatch.setattr(keys, "source_key", lambda names=None: asked.append(names) or "0" * 64)
    runs.source_hash(write_notebook(path, code="%matplotlib inline\nfrom helpers import runs\nimport helpers.v1.lgn"))
    assert asked == [{"helpers.runs", "helpers.v1.lgn"}] and runs.source_hash() == "0" * 16 and asked[1] is None


def test_importing_the_shared_modules_loads_nothing_heavy():
    code = f"import sys, helpers.runs, helpers.figures; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# Sweeps: results, order, resume


def test_results_equal_a_plain_loop_whatever_the_number_of_workers(tmp_path, log, monkeypatch):
    """The store of the workers is relative, and they were started elsewhere by the point before."""
    grid = {"x": [3.0, 1.0, 0.1], "log": [log]}
    plain = [({"x": x, "log": log}, noted(x, log)) for x in grid["x"]]
    alone = list(sweep(noted, grid, store=tmp_path / "one", n_jobs=1))
    (_, apart), *_ = sweep(process, {"x": [0, 1]}, store=tmp_path / "first", n_jobs=2, progress=False)
    monkeypatch.chdir(tmp_path)
    both = list(sweep(noted, grid, store="two", n_jobs=2, progress=False))
    assert same(alone, plain) and same(both, plain) and len(list((tmp_path / "two").glob("*.npz"))) == 3
    assert alone[0][1]["trace"].dtype == np.float32 and alone[0][1]["word"] == "x=3.0"
    with joblib.parallel_config(backend="threading"):
        here = {int(r["pid"]) for _, r in sweep(process, {"x": [1, 2, 3]}, store=tmp_path / "threads", n_jobs=2)}
    assert here == {os.getpid()} != {int(apart["pid"])}, "the backend is the caller's"


def test_a_grid_is_a_product_in_order_or_any_points(store, log):
    grid = {"x": np.array([2, 1]), "n": (10, 20)}
    points = [point for point, _ in sweep(lambda x, n: {"y": x * n}, grid, store=store, n_jobs=1)]
    assert points == [{"x": 2, "n": 10}, {"x": 2, "n": 20}, {"x": 1, "n": 10}, {"x": 1, "n": 20}]
    assert {type(point["x"]) for point in points} == {int}
    points = [Point(x=2.0), Point(x=3.0, n=5)]
    found = list(sweep(lambda p: {"y": p.x * p.n}, (point for point in points), store=store, n_jobs=1))
    assert [point for point, _ in found] == points and [float(r["y"]) for _, r in found] == [6.0, 15.0]
    with joblib.parallel_config(backend="threading"):
        found = list(sweep(noted, [{"x": 1, "log": log}] * 4, store=store, n_jobs=2))
    assert [int(r["square"]) for _, r in found] == [1] * 4, "a point given twice is answered twice"


def test_a_finished_sweep_is_not_computed_again(store, log):
    small, large = {"x": [1, 2], "log": [log]}, {"x": [0, 1, 2, 3], "log": [log]}
    first = list(sweep(noted, small, store=store, n_jobs=1))
    assert n_calls(log) == 2
    assert same(list(sweep(noted, small, store=store, n_jobs=1)), first) and n_calls(log) == 2
    assert same(list(sweep(noted, large, store=store, n_jobs=2))[1:3], first) and n_calls(log) == 4


def test_points_that_differ_only_in_type_or_function_do_not_share_a_file(store):
    functions = [process, *(functools.partial(plus, b=b) for b in (1, 2)), *(lambda x: {"y": x}, lambda x: {"y": -x})]
    for function in functions:
        list(sweep(function, [{"x": 1}, {"x": 1.0}, {"x": True}], store=store, n_jobs=1))
    assert len(list(store.glob("*.npz"))) == len(functions) * 3


# Sweeps: edits


def test_an_edit_between_two_points_goes_to_the_points_after_it_and_to_their_key(store):
    """A sweep is lazy: the number computed after the edit must not be found as one from before it."""
    space = {"__name__": "__main__", "a": 1}
    exec("def f(x):\n    return {'y': a * x}", space)
    started = sweep(space["f"], {"x": [1, 2]}, store=store, n_jobs=1)
    found = [int(next(started)[1]["y"])]
    space["a"] = 5
    found.append(int(next(started)[1]["y"]))
    for a in (1, 5):
        space["a"] = a
        found += [int(r["y"]) for _, r in sweep(space["f"], {"x": [1, 2]}, store=store, n_jobs=1)]
    assert found == [1, 10, 1, 2, 5, 10]


def test_what_workers_do_not_know_is_computed_here(store, monkeypatch):
    """A worker imports helpers afresh: a table changed at run time is missing there, and the point comes back."""
    grid = {"x": [1, 2, 3]}
    for value, home in (("none", False), ("new", True), ("none", False)):
        if value == "new":
            monkeypatch.setitem(parameters.UNITS, "mine", value)
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            found = [r for _, r in sweep(POINTS.tabled, grid, store=store, n_jobs=2, progress=False)]
        assert {str(r["y"]) for r in found} == {value} and {int(r["here"]) == os.getpid() for r in found} == {home}
        text = [str(w.message) for w in said if w.category is SweepWarning]
        assert len(text) == home and all("workers lack" in line and "tabled" in line for line in text)
        monkeypatch.undo()


EDITS = {  # cell of a notebook: the numbers of its sweep afterwards
    "gain = 2.0\ndef rule(x): return gain * x\ndef point(x): return {'y': rule(x), 'pid': os.getpid()}": [2.0, 6.0],
    "rule = lambda x: gain + x": [3.0, 5.0],
    "gain = 5.0": [6.0, 8.0],
    "def rule(x):\n    # as at first\n    return gain * x\ngain = 2.0": [2.0, 6.0],
    "point = lambda x: {'y': -rule(x), 'pid': 0}": [-2.0, -6.0],
}


def test_numbers_follow_the_edits_of_a_running_notebook(store):
    """Two workers that stay: the function that a point calls, a global, back again, the point itself."""
    space = {"__name__": "__main__", "os": os}
    for cell, numbers in EDITS.items():
        exec(cell, space)
        with warnings.catch_warnings():
            warnings.simplefilter("error", SweepWarning)
            found = runs.over(space["point"], store=store, n_jobs=2, progress=False, x=[1.0, 3.0])
        assert found["y"].tolist() == numbers and os.getpid() not in found["pid"]
    assert len(list(store.glob("*.npz"))) == 8


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
    "object": ({"a": object()}, "'a' is not an array, number or string"),
    "ragged": ({"a": [[1], [1, 2]]}, "inhomogeneous"),
    "name": ({"sha256": 1}, "an array cannot have the name 'sha256'"),
}


def test_a_result_that_cannot_be_stored_is_a_recorded_failure(store):
    results = {kind: result for kind, (result, _) in UNSTORABLE.items() if kind != "object"}
    with pytest.warns(SweepWarning, match="6 of 6 points failed"):
        points = sweep(lambda kind: results.get(kind, {"a": print}), {"kind": UNSTORABLE}, store=store, n_jobs=1)
        assert list(points) == []
    reports = [json.loads(path.read_text()) for path in store.iterdir()]
    assert len(reports) == len(UNSTORABLE)
    for report in reports:
        assert UNSTORABLE[report["point"]["kind"]][1] in report["traceback"]


def test_a_damaged_file_or_one_of_another_point_is_computed_again(store, log):
    grid = {"x": [1, 2, 3], "log": [log]}
    good = list(sweep(noted, grid, store=store, n_jobs=1))
    one, two, three = sorted(store.glob("*.npz"))
    one.write_bytes(one.read_bytes()[:-1])
    shutil.copy(three, two)
    assert same(list(sweep(noted, grid, store=store, n_jobs=2)), good) and n_calls(log) == 5
    assert same(list(sweep(noted, grid, store=store, n_jobs=1)), good) and n_calls(log) == 5


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


def test_an_interrupt_of_the_terminal_is_for_the_process_that_sweeps(store):
    def blocked(x):
        return {"blocked": signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, [])}

    found = [bool(result["blocked"]) for _, result in sweep(blocked, {"x": [1, 2, 3]}, store=store, n_jobs=2)]
    assert found == [True] * 3 and not blocked(0)["blocked"]


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_sweep_closed_early_can_be_taken_up_again(store, log, n_jobs):
    grid = {"x": list(range(6)), "log": [log]}
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        for point, _ in sweep(noted, grid, store=store, n_jobs=n_jobs, progress=False):
            if point["x"] == 1:
                break
        found = list(sweep(noted, grid, store=store, n_jobs=1, progress=False))
    assert not [warning for warning in said if "cancelled" in str(warning.message)]
    assert [int(r["square"]) for _, r in found] == [0, 1, 4, 9, 16, 25]
    assert {path.suffix for path in store.iterdir() if not path.name.startswith(".")} == {".npz"}
    assert n_calls(log) == 6 or n_jobs == 2


def test_a_killed_worker_is_one_line_and_the_next_call_finishes(store, log):
    grid = {"x": list(range(6)), "log": [log]}
    with pytest.raises(BackendError, match=r"a worker was killed .*finished points are kept; call again") as caught:
        list(sweep(POINTS.deadly, grid, store=store, n_jobs=2, progress=False))
    assert "\n" not in str(caught.value)
    while n_calls(log) < 8:
        Path(log, uuid.uuid4().hex).touch()
    assert [int(r["x"]) for _, r in sweep(POINTS.deadly, grid, store=store, n_jobs=1, progress=False)] == list(range(6))


# Sweeps: stores that cannot be written, bad input, silence


def test_an_unwritable_store_is_one_line(tmp_path):
    (tmp_path / "store").write_text("a file in place of the folder")
    for where in ("store", "store/far/below"):
        with pytest.raises(OutputError, match=r"^[^\n]*cannot write into .*; choose a writable folder"):
            sweep(process, {"x": [1]}, store=tmp_path / where, n_jobs=1)


def test_a_store_lost_on_the_way_is_one_line(store):
    def losing(x, store):
        if x == 2:
            shutil.rmtree(store)
            Path(store).touch()
        return {"y": x}

    with pytest.raises(OutputError, match=r"cannot write .*; choose a writable folder") as caught:
        list(sweep(losing, {"x": [1, 2, 3], "store": [str(store)]}, store=store, n_jobs=1))
    assert "\n" not in str(caught.value)


def test_a_full_disk_is_a_recorded_failure_without_a_half_file(store, monkeypatch):
    def full(file, **arrays):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.warns(SweepWarning):
        assert list(sweep(plus, [{"x": 1, "b": 2}], store=store, n_jobs=1)) == []
    assert [path.name.endswith(".error.json") for path in store.iterdir()] == [True]


GRID = {"x": [1]}


@pytest.mark.parametrize(
    "function, grid, options, fragment",
    [
        (3, GRID, {}, "function = 3 cannot be called"),
        (process, {}, {"n_jobs": 0}, "n_jobs = 0 starts no worker"),
        (process, [], {}, "grid is empty"),
        (process, Point(), {}, r"grid = Point\(.* is not a grid"),
        (process, [1, 2], {}, "grid holds 1; each point is a mapping or a parameter dataclass"),
        (process, {"x": 1}, {}, r"grid holds x = 1; give a list of values, \[1\] for a single one"),
        (process, {"x": [{1, 2}]}, {}, "a parameter of type set cannot be recorded"),
        (functools.partial(plus, b=(i for i in ())), GRID, {}, "function holds a generator, which has no key"),
        (process, GRID, {"store": None}, "store = None is not a path"),
    ],
)
def test_bad_sweeps_are_named_at_the_call(store, function, grid, options, fragment):
    with pytest.raises(ParameterError, match=fragment) as caught:
        sweep(function, grid, **{"store": store, "n_jobs": 1, **options})
    assert "\n" not in str(caught.value)


# Sweeps: whole processes

SCRIPT = """
import sys, time
import numpy as np
from helpers.runs import sweep

def slow(x):
    time.sleep(0.02)
    return {"noise": np.random.default_rng(x).normal(size=40_000)}

for point, result in sweep(slow, {"x": range(12)}, store=sys.argv[1], n_jobs=int(sys.argv[2])):
    print(point["x"], result["noise"].sum())
"""


def start(tmp_path, store, n_jobs):
    """Start the sweep above in a process group of its own."""
    (tmp_path / "script.py").write_text(SCRIPT)
    env = os.environ | {"PYTHONPATH": str(ROOT), "JOBLIB_TEMP_FOLDER": str(tmp_path), "CI": "true"}
    command = [sys.executable, str(tmp_path / "script.py"), str(store), str(n_jobs)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, env=env, start_new_session=True, **pipes)


def test_killed_at_random_and_resumed_by_two_equals_uninterrupted(tmp_path, store, rng):
    child, end = start(tmp_path, store, 2), time.monotonic() + 60
    while len(list(store.glob("*.npz"))) < 2 and child.poll() is None and time.monotonic() < end:
        time.sleep(0.002)
    time.sleep(rng.uniform(0, 0.03))
    os.killpg(child.pid, signal.SIGKILL)
    child.communicate(timeout=60)
    assert 2 <= len(list(store.glob("*.npz"))) < 12 and not list(store.glob("*.json"))
    children = [start(tmp_path, store, 1) for _ in range(2)]
    answers = [child.communicate(timeout=60) for child in children]
    wanted = "".join(f"{x} {np.random.default_rng(x).normal(size=40_000).sum()}\n" for x in range(12))
    assert answers == [(wanted, "")] * 2
    assert [path.suffix for path in store.iterdir() if not path.name.startswith(".")] == [".npz"] * 12


def test_silent_under_ci_and_a_bar_elsewhere(tmp_path, monkeypatch, capfd):
    for name in ("quiet", "shown"):
        monkeypatch.setenv("CI", "true") if name == "quiet" else monkeypatch.delenv("CI")
        list(sweep(process, {"x": [1, 2]}, store=tmp_path / name, n_jobs=1))
        assert ("process: 100%" in capfd.readouterr().err) == (name == "shown")


# Labelled results


def chaos(n, g, seed, note="plain"):
    """Two axes of its own, numbers and words; the value says where it belongs."""
    exponents = np.arange(n) + 100 * g + 10_000 * seed
    return {"exponents": exponents, "rate_hz": np.float32(g), "course_mv": np.outer(exponents, [1, 2]), "word": "a" * n}


def collected(tmp_path, grid, function=chaos, **options):
    return collect(function, grid, store=tmp_path / "store", n_jobs=1, progress=False, **options)


def test_results_are_collected_under_the_names_of_the_grid(tmp_path):
    grid = {"seed": [3, 4, 5], "n": 2, "g": np.array([0.5, 2.0]), "note": ("a", "tuple")}
    found = collected(tmp_path, grid, dims={"exponents": ("i",)})
    assert found["exponents"].dims == ("seed", "g", "i")
    assert found["course_mv"].dims[2:] == ("course_mv_0", "course_mv_1")
    assert found["seed"].values.tolist() == [3, 4, 5] and found["g"].values.tolist() == [0.5, 2.0]
    assert found.attrs == {"n": 2, "note": ("a", "tuple")} and found["word"].values.tolist() == [["aa"] * 2] * 3
    assert found["exponents"].sel(g=2.0).mean("seed").values.tolist() == [40_200, 40_201]
    assert found["exponents"].sel(g=0.5, seed=5).values.tolist() == [50_050, 50_051]
    assert found["rate_hz"].dtype == np.float32 and found["rate_hz"].attrs == {"units": "Hz"}
    plain = runs.over(chaos, store=tmp_path / "store", n_jobs=1, progress=False, **grid)
    assert plain.keys() == set(found.data_vars) and all(np.array_equal(plain[key], found[key]) for key in plain)


UNITS = {"tau_ms": "ms", "rate_hz": "Hz", "v_cm_s": "cm/s", "s": None, "x_y": None, "current_na": "nA"}


def test_units_come_from_the_end_of_names(tmp_path):
    found = collected(tmp_path, {"tau_ms": [1.0]}, lambda tau_ms: dict.fromkeys(set(UNITS) - {"tau_ms"}, 1))
    assert {name: found[name].attrs.get("units") for name in UNITS} == UNITS


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ([2, 1], [2, 1]),
        (["b", "a"], ["b", "a"]),
        ([True, False], [True, False]),
        ([1, 1], [0, 1]),
        ([None, 1.0], [0, 1]),
        ([[1], [1, 2]], [0, 1]),
        (np.eye(2), [0, 1]),
    ],
)
def test_labels_are_the_values_where_these_can_be_labels(tmp_path, values, labels):
    found = collected(tmp_path, {"v": values}, lambda v: {"y": str(v)})
    assert found["v"].values.tolist() == labels and found["y"].values.tolist() == [str(v) for v in values]


@pytest.mark.parametrize(
    ("function", "grid", "dims", "fragment"),
    [
        (lambda x: {"y": np.zeros(x)}, {"x": [1, 2]}, {}, r"'y' has shape \(1,\) or \(2,\); return one shape"),
        (lambda x: {f"y{x}": 0}, {"x": [1, 2]}, {}, r"'y2' has shape None or \(\)"),
        (lambda x: {"y": [0]}, {"x": [1]}, {"y": ("i", "j")}, r"dims names \('i', 'j'\) for 'y', which has 1 axes"),
        (lambda x: {"y": [0]}, {"x": [1, 2]}, {"y": ("x",)}, r"names of results and axes do not fit \(.*\); rename"),
        (lambda x: {"y": [0], "z": [0, 1]}, {"x": [1]}, {"y": "i", "z": "i"}, r"names of results and axes do not fit"),
        (lambda x: {"x": 0}, {"x": [1]}, {}, r"names of results and axes do not fit"),
        (lambda x: {"y": 0}, [{"x": 1}], {}, r"is not a mapping"),
    ],
)
def test_results_that_do_not_fit_are_one_line(tmp_path, function, grid, dims, fragment):
    with pytest.raises(ParameterError, match=rf"^[^\n]*{fragment}[^\n]*$"):
        collected(tmp_path, grid, function, dims=dims)


def test_failed_points_are_named_and_the_others_kept(tmp_path, log):
    (tmp_path / "broken").touch()
    grid = {"x": [1, 2, 3], "log": log}
    message = r"^1 points? of the sweep failed; tracebacks: [^\n]*store/\*\.error\.json"
    with pytest.warns(SweepWarning), pytest.raises(OutputError, match=message):
        collected(tmp_path, grid, picky)
    (tmp_path / "broken").unlink()
    assert collected(tmp_path, grid, picky)["square"].values.tolist() == [1, 4, 9] and n_calls(log) == 3
