"""Seeds, summaries, provenance, and sweeps that survive failures, damage, edits and being killed."""

import functools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import uuid
import warnings
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import joblib
import nbformat
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
from unittest import mock
import numpy as np
from helpers import parameters

def noted(x, log):
    (Path(log) / uuid.uuid4().hex).touch()
    return {"square": x * x, "trace": np.full(3, x, dtype=np.float32), "word": f"x={x}"}

def picky(x, log):
    broken = Path(log).parent / "broken"
    if x == 2 and broken.exists():
        broken.write_text(broken.read_text() + "tried ")
        raise RuntimeError("x is two")
    return noted(x, log)

def process(x):
    return {"pid": os.getpid(), "unit": parameters.UNITS.get("mine", "none")}

def deadly(x, log):
    result = noted(x, log)
    if x == 3 and len(os.listdir(log)) < 8:
        os.kill(os.getpid(), signal.SIGKILL)
    return result
""",
    "<points>",  # as a notebook has them: workers need not import this module
)
noted, picky, process = POINTS.noted, POINTS.picky, POINTS.process


def squares(found):
    return [int(result["square"]) for _, result in found]


# Profile, seeds and summaries


def test_profile_comes_from_the_environment_and_a_misspelt_one_is_refused(monkeypatch):
    monkeypatch.delenv("NOTEBOOK_PROFILE", raising=False)
    assert runs.profile() == runs.choose(quick="quick", full="full") == "quick"
    monkeypatch.setenv("NOTEBOOK_PROFILE", "full")
    assert runs.profile() == runs.choose(quick="quick", full="full") == "full"
    monkeypatch.setenv("NOTEBOOK_PROFILE", "Quick")
    with pytest.raises(ParameterError, match=r"NOTEBOOK_PROFILE = .* is unknown; choose one of: quick, full"):
        runs.choose(1, 2)


def test_seeds_are_the_same_everywhere_prefix_stable_and_distinct():
    assert runs.seeds(0, 3) == [3757552657, 673228719, 3241444873]
    assert runs.seeds(5, 300)[:7] == runs.seeds(5, 7)
    assert len({*runs.seeds(0, 300), *runs.seeds(1, 300)}) == 600
    assert all(type(seed) is int for seed in runs.seeds(0, 5))


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_summary_agrees_with_closed_forms_and_one_value_or_none_has_no_interval(rng):
    values = rng.normal(3, 2, size=(400, 4))
    for column, n in enumerate((400, 10, 1, 0)):
        values[n:, column] = np.nan
    s, first = runs.summary(values), values[:10, 1]
    np.testing.assert_array_equal(s.n, [400, 10, 1, 0])
    np.testing.assert_allclose(s.mean, [values[:, 0].mean(), first.mean(), values[0, 2], np.nan])
    np.testing.assert_allclose(s.sd, [values[:, 0].std(ddof=1), first.std(ddof=1), np.nan, np.nan])
    half = np.array([1.96593, 2.26216, np.nan, np.nan]) * s.sd / np.sqrt(s.n.clip(1))  # t with n - 1 degrees of freedom
    np.testing.assert_allclose([s.low, s.high], [s.mean - half, s.mean + half], rtol=1e-5)
    assert str(s).startswith("Summary(mean=array(")
    with pytest.raises(ParameterError, match="values is a single number"):
        runs.summary(1.0)


# Provenance


def test_provenance_is_json_without_dates_or_refused_and_the_same_twice():
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
    for value in ({1, 2}, Point):
        with pytest.raises(ParameterError, match=r"a parameter of type \w+ cannot be recorded"):
            runs.provenance(seed=3, params={"a": [value]})


def write_notebook(path, *, code="1 + 1", text="Title", printed="1"):
    cells = [nbformat.v4.new_markdown_cell(text), nbformat.v4.new_code_cell(code)]
    cells[1].outputs = [nbformat.v4.new_output("stream", text=printed)]
    path.parent.mkdir(exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
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


def test_source_hash_follows_the_code_cells_and_the_modules_that_they_import(tmp_path, monkeypatch):
    path, asked = tmp_path / "a.ipynb", []
    first = runs.source_hash(write_notebook(path))
    assert runs.source_hash(write_notebook(path, text="Réponse", printed="2")) == first
    assert runs.source_hash(write_notebook(path, code="1 + 2")) != first
    assert re.fullmatch("[0-9a-f]{16}", first)
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
    np.testing.assert_equal([alone, both], [plain, plain])
    assert len(list((tmp_path / "two").glob("*.npz"))) == 3
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
        found = sweep(noted, [{"x": 1, "log": log}] * 4, store=store, n_jobs=2)
        assert squares(found) == [1] * 4, "a point given twice is answered twice"


def test_a_finished_point_is_not_computed_again_but_a_damaged_or_foreign_file_is(store, log):
    small, large = {"x": [1, 2], "log": [log]}, {"x": [0, 1, 2, 3], "log": [log]}
    for _ in range(2):
        assert squares(sweep(noted, small, store=store, n_jobs=1)) == [1, 4] and n_calls(log) == 2
    assert squares(sweep(noted, large, store=store, n_jobs=2)) == [0, 1, 4, 9] and n_calls(log) == 4
    one, two, three, _ = sorted(store.glob("*.npz"))
    one.write_bytes(one.read_bytes()[:-1])
    shutil.copy(three, two)
    for n_jobs in (2, 1):
        assert squares(sweep(noted, large, store=store, n_jobs=n_jobs)) == [0, 1, 4, 9] and n_calls(log) == 6


def test_no_worker_is_asked_for_without_a_point(store, monkeypatch):
    begun = mock.Mock(side_effect=lambda jobs, n_jobs, real=runs.workers, **options: real(jobs, 1, **options))
    monkeypatch.setattr(runs, "workers", begun)
    for n_points, n_jobs in ((1, 1000), (5, 1000), (8, 1000), (8, -1)):  # of which 1, 4, 3 and 0 are to be computed
        list(sweep(process, {"x": list(range(n_points))}, store=store, n_jobs=n_jobs))
    assert [call.args[1] for call in begun.call_args_list] == [2, 4, 3, -1]


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
    for value, home in (("none", False), ("new", True), ("none", False)):
        if home:
            monkeypatch.setitem(parameters.UNITS, "mine", value)
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always", SweepWarning)
            found = [r for _, r in sweep(process, {"x": [1, 2, 3]}, store=store, n_jobs=2, progress=False)]
        assert {str(r["unit"]) for r in found} == {value} and {int(r["pid"]) == os.getpid() for r in found} == {home}
        text = [str(w.message) for w in said if w.category is SweepWarning]
        assert len(text) == home and all("workers lack" in line and "process" in line for line in text)
        monkeypatch.undo()


# Sweeps: failures and interrupts


def test_a_failing_point_is_recorded_and_tried_again(store, log):
    flag = Path(log).parent / "broken"
    flag.touch()
    grid = {"x": [1, 2, 3], "log": [log]}
    with pytest.warns(SweepWarning, match=r"^1 of 3 points failed; tracebacks: .*\.error\.json; call again$"):
        found = list(sweep(picky, grid, store=store, n_jobs=2, progress=False))
    assert [point["x"] for point, _ in found] == [1, 3] and flag.read_text() == "tried "
    message = r"^1 points? of the sweep failed; tracebacks: [^\n]*store/\*\.error\.json"
    with pytest.warns(SweepWarning), pytest.raises(OutputError, match=message):
        collect(picky, {"x": [1, 2, 3], "log": log}, store=store, n_jobs=1)
    (report,) = store.glob("*.error.json")
    record = json.loads(report.read_text())
    assert record["point"] == {"x": 2, "log": log}
    assert "RuntimeError: x is two" in record["traceback"] and "in picky" in record["traceback"]
    flag.unlink()
    with warnings.catch_warnings():
        warnings.simplefilter("error", SweepWarning)
        assert squares(sweep(picky, grid, store=store, n_jobs=1, progress=False)) == [1, 4, 9] and n_calls(log) == 3
    assert [path.suffix for path in store.iterdir()] == [".npz"] * 3


def test_a_result_that_cannot_be_stored_is_a_recorded_failure(store):
    results = {"returned NoneType; return a dict": None, "returned dict; return": {}, "name 'sha256'": {"sha256": 1}}
    with pytest.warns(SweepWarning, match="3 of 3 points failed"):
        assert list(sweep(lambda said: results[said], {"said": results}, store=store, n_jobs=1)) == []
    failures = [json.loads(path.read_text()) for path in store.glob("*.error.json")]
    assert len(failures) == 3 and all(failure["point"]["said"] in failure["traceback"] for failure in failures)


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
    assert squares(sweep(interrupted, grid, store=store, n_jobs=1)) == [1, 4, 9, 16] and n_calls(log) == 5


def test_an_interrupt_of_the_terminal_is_for_the_process_that_sweeps(store):
    def blocked(x):
        return {"blocked": signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, [])}

    found = [bool(result["blocked"]) for _, result in sweep(blocked, {"x": [1, 2, 3]}, store=store, n_jobs=2)]
    assert found == [True] * 3 and not blocked(0)["blocked"]


@pytest.mark.filterwarnings("error:.*cancelled")
def test_a_sweep_closed_early_can_be_taken_up_again(store, log):
    grid = {"x": list(range(6)), "log": [log]}
    started = sweep(noted, grid, store=store, n_jobs=2, progress=False)
    next(started)
    started.close()
    assert squares(sweep(noted, grid, store=store, n_jobs=1, progress=False)) == [0, 1, 4, 9, 16, 25]
    assert {path.suffix for path in store.iterdir() if not path.name.startswith(".")} == {".npz"}


def test_a_killed_worker_is_one_line_and_the_next_call_finishes(store, log):
    grid = {"x": list(range(6)), "log": [log]}
    message = r"^a worker was killed [^\n]*finished points are kept; call again[^\n]*$"
    with pytest.raises(BackendError, match=message):
        list(sweep(POINTS.deadly, grid, store=store, n_jobs=2, progress=False))
    while n_calls(log) < 8:
        Path(log, uuid.uuid4().hex).touch()
    assert squares(sweep(POINTS.deadly, grid, store=store, n_jobs=1, progress=False)) == [0, 1, 4, 9, 16, 25]


# Sweeps: stores that cannot be written, bad input, silence


def test_an_unwritable_store_is_one_line(tmp_path):
    (tmp_path / "store").write_text("a file in place of the folder")
    for where in ("store", "store/far/below"):
        with pytest.raises(OutputError, match=r"^[^\n]*cannot write into .*; choose a writable folder"):
            sweep(process, {"x": [1]}, store=tmp_path / where, n_jobs=1)


def test_bad_sweeps_are_named_at_the_call(store):
    endless = functools.partial(process, y=(i for i in ()))
    for function, grid, options, words in (
        (process, {}, {"n_jobs": 0}, "n_jobs = 0 starts no worker"),
        (process, {"x": [1]}, {"store": "a\0b"}, "store = 'a.x00b' is a str; allowed: PathLike"),
        (process, [], {}, "grid is empty"),
        (process, [1, 2], {}, "grid holds 1; each point is a mapping or a parameter dataclass"),
        (process, {"x": 1}, {}, r"grid holds x = 1; give a list of values, \[1\] for a single one"),
        (process, {"x": [{1, 2}]}, {}, "a parameter of type set cannot be recorded"),
        (endless, {"x": [1]}, {}, "function holds a generator, which has no key"),
    ):
        with pytest.raises(ParameterError, match=rf"^[^\n]*{words}[^\n]*$"):
            sweep(function, grid, **{"store": store, "n_jobs": 1, **options})


def test_silent_under_ci_and_a_bar_elsewhere(tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("CI", "true")
    list(sweep(process, {"x": [1, 2]}, store=tmp_path / "quiet", n_jobs=1))
    assert capfd.readouterr().err == ""
    monkeypatch.delenv("CI")
    list(sweep(process, {"x": [1, 2]}, store=tmp_path / "shown", n_jobs=1))
    assert "process: 100%" in capfd.readouterr().err


# Labelled results


def chaos(n, tau_ms, seed, note="plain"):
    """Two axes of its own, numbers and words; the value says where it belongs."""
    exponents = np.arange(n) + 100 * tau_ms + 10_000 * seed
    course_mv = np.outer(exponents, [1, 2])
    return {"exponents": exponents, "rate_hz": np.float32(tau_ms), "course_mv": course_mv, "word": "a" * n}


def collected(tmp_path, grid, function=chaos, **options):
    return collect(function, grid, store=tmp_path / "store", n_jobs=1, progress=False, **options)


def test_results_are_collected_under_the_names_of_the_grid_with_their_units(tmp_path):
    grid = {"seed": [3, 4, 5], "n": 2, "tau_ms": np.array([0.5, 2.0]), "note": ("a", "tuple")}
    found = collected(tmp_path, grid, dims={"exponents": ("i",)})
    assert found["exponents"].dims == ("seed", "tau_ms", "i")
    assert found["course_mv"].dims[2:] == ("course_mv_0", "course_mv_1")
    assert found["seed"].values.tolist() == [3, 4, 5] and found["tau_ms"].values.tolist() == [0.5, 2.0]
    assert found.attrs == {"n": 2, "note": ("a", "tuple")} and found["word"].values.tolist() == [["aa"] * 2] * 3
    assert found["exponents"].sel(tau_ms=2.0).mean("seed").values.tolist() == [40_200, 40_201]
    assert found["exponents"].sel(tau_ms=0.5, seed=5).values.tolist() == [50_050, 50_051]
    units = {name: found[name].attrs.get("units") for name in ("tau_ms", "seed", "rate_hz", "course_mv", "word")}
    assert units == {"tau_ms": "ms", "seed": None, "rate_hz": "Hz", "course_mv": "mV", "word": None}
    assert found["rate_hz"].dtype == np.float32
    plain = runs.over(chaos, store=tmp_path / "store", n_jobs=1, progress=False, **grid)
    assert plain.keys() == set(found.data_vars) and all(np.array_equal(plain[key], found[key]) for key in plain)


def test_labels_are_the_values_where_these_can_be_labels(tmp_path):
    counted = [1, 1], [None, 1.0], [[1], [1, 2]]
    for values in (["b", "a"], [True, False], *counted):
        found = collected(tmp_path, {"v": values}, lambda v: {"y": str(v)})
        assert found["y"].values.tolist() == [str(v) for v in values]
        assert found["v"].values.tolist() == ([0, 1] if values in counted else values)


def test_results_that_do_not_fit_are_one_line(tmp_path):
    for results, dims, words in (
        ([{"y": [0]}, {"y": [0, 0]}], {}, r"'y' has shape \(1,\) or \(2,\); return one shape"),
        ([{"y": 0}, {"y": 0, "z": 0}], {}, r"'z' has shape None or \(\)"),
        ([{"y": 0, "z": 0}, {"y": 0}], {}, r"'z' has shape \(\) or None"),
        ([{"y": "a"}, {"y": 2.5}], {}, "'y' holds text or numbers; return one of them"),
        ([{"y": True}, {"y": 2.5}], {}, "'y' holds switches or numbers; return one of them"),
        ([{"y": [0]}], {"y": ("i", "i")}, r"dims\['y'\] = \('i', 'i'\); give a list of names"),
        ([{"y": [0]}], {"y": None}, r"dims\['y'\] = None; give a list of names"),
        ([{"y": [0]}], {"y": ("i", "j")}, r"dims names \('i', 'j'\) for 'y', which has 1 axes"),
        ([{"y": [0]}] * 2, {"y": ("x",)}, r"names of results and axes do not fit \(.*\); rename"),
    ):
        with pytest.raises(ParameterError, match=rf"^[^\n]*{words}[^\n]*$"):
            collected(tmp_path, {"x": list(range(len(results)))}, lambda x, all=results: all[x], dims=dims)
