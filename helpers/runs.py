"""Seeds, profile, provenance, summaries over seeds, and sweeps that survive interruption.

The truth of a sweep is its folder of files, one per parameter point. The name of a file is a key of all that its
numbers depend on: the function with everything it refers to, and the point. So a finished point is never computed
again, an edit never brings back an old number, and a failed point leaves its traceback while the rest go on.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.metadata
import itertools
import json
import os
import platform
import random
import re
import sys
import time
import traceback
import uuid
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from helpers import __version__, keys, storage
from helpers.parameters import (
    BackendError,
    OutputError,
    ParameterError,
    check_array,
    check_choice,
    check_integer,
    check_number,
    doors,
    short,
    unit_of,
)
from helpers.storage import PathLike
from helpers.workers import SweepWarning, afar, workers

if TYPE_CHECKING:
    import xarray

__all__ = [
    "Summary",
    "SweepWarning",
    "choose",
    "collect",
    "current_notebook",
    "notebook_cells",
    "over",
    "profile",
    "provenance",
    "seeds",
    "source_hash",
    "store",
    "summary",
    "sweep",
]

Study = Callable[..., Mapping[str, Any]]  # what is swept: a point in, a dict of arrays out
Dims = Mapping[str, Sequence[str]] | None
KINDS = dict.fromkeys("iuf", "numbers") | dict(b="switches", U="text", c="complex numbers")

ROOT = Path(__file__).resolve().parents[1]
RECORDED = ("numpy", "scipy", "matplotlib", "lmfit", "joblib", "pynn", "nest-simulator", "brian2", "numba", "jax")
MODULES = {"pynn": "pyNN", "nest-simulator": "nest"}

HOME = uuid.uuid4().hex  # a worker that imports this module has another one
FAILED, DIFFERS = "failed", "differs"
ARRIVAL_S = 90  # a network file system shows a new file after up to a minute


def profile() -> str:
    """Return "quick" (default) or "full", from the environment variable NOTEBOOK_PROFILE."""
    return check_choice("NOTEBOOK_PROFILE", os.environ.get("NOTEBOOK_PROFILE", "quick"), ("quick", "full"))


def choose(quick: Any, full: Any) -> Any:
    """Return the value for the current :func:`profile`."""
    return full if profile() == "full" else quick


def seeds(seed: int, n: int) -> list[int]:
    """Return `n` independent integer seeds grown from one root seed, the same on every machine.

    Examples
    --------
    >>> seeds(0, 3) == seeds(0, 5)[:3]
    True
    """
    children = np.random.SeedSequence(check_integer("seed", seed, 0)).spawn(check_integer("n", n, 1))
    return [int(child.generate_state(1)[0]) for child in children]


@dataclass(frozen=True)
class Summary:
    """Mean, standard deviation, interval of the mean, and number of finite values per column."""

    mean: np.ndarray
    sd: np.ndarray
    low: np.ndarray
    high: np.ndarray
    n: np.ndarray

    def __str__(self) -> str:
        if np.ndim(self.mean):
            return repr(self)
        return f"{self.mean:.3g} [{self.low:.3g}, {self.high:.3g}], n = {self.n}"


def summary(values: Any, *, level: float = 0.95) -> Summary:
    """Summarise repeats along axis 0: mean and Student t interval of the mean, NaN left out.

    The interval is mean +- t_(n-1) sd / sqrt n: exact for normal values at any n, where a percentile bootstrap of
    8 seeds covers 88 % instead of 95 %. Columns with fewer than two values have no interval (nan).

    Parameters
    ----------
    values : array_like, shape (n_seeds, ...)
    level : float
        Coverage of the interval, in (0, 1).

    Examples
    --------
    >>> print(summary([1., 2., 3., float("nan")]))
    2 [-0.484, 4.48], n = 3
    """
    from scipy.special import stdtrit

    values = check_array("values", values, finite=False)
    if values.ndim == 0:
        raise ParameterError("values is a single number; give one value per seed along axis 0")
    level = check_number("level", level, 0, 1, low_open=True, high_open=True)
    n = np.sum(~np.isnan(values), axis=0)
    with warnings.catch_warnings(), np.errstate(invalid="ignore", divide="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)
        mean, sd = np.nanmean(values, axis=0, dtype=float), np.nanstd(values, axis=0, ddof=1, dtype=float)
        half = np.where(n > 1, stdtrit(np.maximum(n - 1, 1), (1 + level) / 2) * sd / np.sqrt(n), np.nan)
    return Summary(mean, sd, mean - half, mean + half, n)


def source_hash(notebook: PathLike | None = None) -> str:
    """Return a short hash of the code behind a figure: a notebook's code cells and the modules that they use.

    These are the modules of ``helpers`` in the import statements of the cells, and what those import in turn; other
    rooms leave the hash alone. Without a notebook it covers every room of ``helpers``.
    """
    if notebook is None:
        return keys.source_key()[:16]
    code = [cell["source"] for cell in notebook_cells(notebook) if cell["kind"] == "code"]
    modules = set()
    for source in code:
        with contextlib.suppress(SyntaxError, ValueError, RecursionError, MemoryError):  # a cell that cannot run
            modules |= keys.imported_modules(source)
    return hashlib.sha256(("\n".join(code) + keys.source_key(modules)).encode()).hexdigest()[:16]


def notebook_cells(path: PathLike) -> list[dict[str, Any]]:
    """Return kind ("code", "markdown"), source and tags of each cell of a notebook, or raise :class:`OutputError`."""
    try:
        cells = []
        for cell in json.loads(Path(path).read_text(encoding="utf-8"))["cells"]:
            tags = list(cell["metadata"].get("tags", ()))
            cells.append({"kind": cell["cell_type"], "source": "".join(cell["source"]), "tags": tags})
        return cells
    except Exception as failure:
        place, why = str(path)[-300:], " ".join(str(failure).split())[:200]
        raise OutputError(f"{place} is no notebook ({why}); restore it") from None


def store(name: str) -> Path:
    """Return the folder for the sweeps of a name, ``.store/<name>``, emptied by ``make clean``."""
    return ROOT / ".store" / name


def provenance(*, seed: Any = None, params: Any = None) -> dict[str, Any]:
    """Return what a reader needs to repeat a result: seed, parameters, versions, threads, profile, source.

    No date, run time or commit: the same run gives the same record.
    """
    notebook = current_notebook()
    versions = {name: _version(name) for name in RECORDED if MODULES.get(name, name) in sys.modules}
    return {
        "notebook": notebook.name if notebook else None,
        "source": source_hash(notebook),
        "seed": _plain(seed),
        "parameters": _plain(params),
        "profile": profile(),
        "threads": {"blas": os.environ.get("OMP_NUM_THREADS", "default"), "simulator": 1},
        "versions": {"helpers": __version__, "python": platform.python_version(), **versions},
    }


def current_notebook() -> Path | None:
    """Return the path of the running notebook, as Jupyter, the runner or VS Code announce it; None elsewhere."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    told = os.environ.get("JPY_SESSION_NAME") or (shell.user_ns.get("__vsc_ipynb_file__", "") if shell else "")
    places = [ROOT / told, ROOT / "FINAL_notebooks" / Path(told).name, ROOT / "dev" / Path(told).name]
    return next((place for place in places if place.suffix == ".ipynb" and place.is_file()), None)


@functools.cache
def _version(name):
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


def _plain(value):
    """Return parameters as JSON types; floats keep their value, arrays become lists, infinities words."""
    if is_dataclass(value) and not isinstance(value, type):
        return _plain({"type": type(value).__name__, **{f.name: getattr(value, f.name) for f in fields(value)}})
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (np.ndarray, np.generic)):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not np.isfinite(value):
        return str(value)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise ParameterError(f"a parameter of type {type(value).__name__} cannot be recorded; use numbers, text or lists")


def sweep(
    function: Study, grid: Mapping | Iterable, *, store: PathLike, n_jobs: int = -1, progress: bool = True
) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Evaluate `function` over a grid of parameters, one file per point; resume where a run stopped.

    Parameters
    ----------
    function : callable
        ``function(**point)`` for a mapping, ``function(point)`` for a parameter object. Returns a dict of
        arrays, numbers or strings. A function defined in a notebook can go to workers.
    grid : mapping or iterable
        ``{name: values, ...}`` for every combination, or the points themselves.
    store : path-like
        Folder of the result files. The name of a file is a key of all that can change its numbers: the point; the
        code of the function, its defaults and the values bound to it; the functions and global values that it refers
        to, and those that these refer to; the modules of ``helpers`` among them; the versions of packages. Files
        that a function reads, and the environment, are not in it.
    n_jobs : int
        joblib workers; -1 uses every core, 1 stays in this process. A worker that does not know what this process
        has changed leaves its points to this process.

    Notes
    -----
    Several machines can share one sweep, if they share the folder of the store. The scheduler of a Dask cluster is
    named by the environment variable NOTEBOOK_CLUSTER, ``tcp://host:8786``, or ``joblib.parallel_config("dask",
    client=...)`` is put around the call; n_jobs other than 1 then means all of its workers. Or each of n processes runs
    the whole with NOTEBOOK_PART, ``k/n``: it computes every n-th point, then what is still missing, in an order
    of its own.

    Yields
    ------
    (point, result)
        In grid order; a failed point is left out, and a :class:`SweepWarning` at the end counts them.

    Raises
    ------
    ParameterError
        For a bad grid, or a variable of the function whose value cannot be part of a key, such as an open file.
    OutputError
        If the store cannot be written.
    BackendError
        If a worker is killed again and again, cannot be reached, has other code than this process, or another store.

    Examples
    --------
    >>> import tempfile
    >>> def square(x): return {"y": x * x}
    >>> with tempfile.TemporaryDirectory() as store:
    ...     [(p["x"], float(r["y"])) for p, r in sweep(square, {"x": [1, 2]}, store=store, n_jobs=1)]
    [(1, 1.0), (2, 4.0)]
    """
    points = _points(grid)
    store = Path(store).absolute()  # a worker may live in another folder
    if check_integer("n_jobs", n_jobs, -64, 1024) == 0:
        raise ParameterError("n_jobs = 0 starts no worker; allowed: -1 (every core) or a positive integer")
    key = _function_key(function)
    paths = [store / _file_name(key, point) for point in points]
    try:
        store.mkdir(parents=True, exist_ok=True)
        if not os.access(store, os.W_OK):
            raise PermissionError(0, "Permission denied")
    except OSError as failure:
        raise OutputError(f"cannot write into {store} ({failure.strerror}); choose a writable folder") from None
    storage.remove_drafts(store)
    return _sweep(function, points, key, paths, n_jobs, progress)


def _sweep(function, points, key, paths, n_jobs, progress):
    from joblib import delayed
    from tqdm.auto import tqdm

    name, folder = getattr(function, "__name__", "sweep"), paths[0].parent
    bar = functools.partial(tqdm, disable=not progress or bool(os.environ.get("CI")))
    cluster = os.environ.get("NOTEBOOK_CLUSTER", "") if n_jobs != 1 else ""

    def computed(todo, most):  # no worker without a point; one point alone may still have to go to other machines
        run, n = delayed(_run_point), min(n_jobs, max(2, most))
        return workers((run(function, points[i], folder, key, HOME) for i in todo), n, cluster=cluster)

    if part := os.environ.get("NOTEBOOK_PART"):
        with computed(_of_part(part, paths), len(paths)) as done:
            for _ in bar(done, desc=f"{name}, part {part}"):
                pass
    failed, waiting = 0, {i for i, path in enumerate(paths) if not path.exists()}
    with computed(sorted(waiting), len(waiting)) as done:
        checked = _checked(done, name, n_jobs != 1 and afar(cluster))
        for i, point in enumerate(bar(points, desc=name)):
            path = next(checked) if i in waiting else paths[i]
            result = None if path in (FAILED, DIFFERS) else _read(path)
            if result is None and path != FAILED:  # damaged, or left to this process
                path = _run_point(function, point, folder, key, HOME)
                result = None if path == FAILED else storage.read_arrays(path)[0]
            if result is None:
                failed += 1
            else:
                yield point, result
        next(done, None)  # at its end joblib keeps the workers; closed before, it stops them
    if failed:
        message = f"{failed} of {len(points)} points failed; tracebacks: {folder}/*.error.json; call again"
        warnings.warn(message, SweepWarning, stacklevel=2)


def _of_part(text, paths):
    """Return an iterator over the points of a part, "k/n": its own, then any, but for those that have been computed."""
    found = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text)
    if not (found and 1 <= int(found[1]) <= int(found[2])):
        raise ParameterError(f"NOTEBOOK_PART = {short(text)} is no part of a whole; give k/n, with k from 1 to n")
    k, n = map(int, found.groups())
    others = [i for i in range(len(paths)) if i % n != k - 1]
    random.Random(k).shuffle(others)  # so that two that help a third seldom meet
    return (i for i in (*range(k - 1, len(paths), n), *others) if not paths[i].exists())


def _checked(done, name, others):
    """Pass on what workers return; on other machines (`others`) they have the same code, and their files arrive."""
    strange = False
    for path in done:
        last = time.monotonic() + ARRIVAL_S
        if path == DIFFERS and others:
            text = "a worker of the cluster has other code or packages than this process; start it from this checkout"
            raise BackendError(text)
        if path == DIFFERS and not strange:
            strange = True
            text = f"workers lack what was changed here at run time: {name} is computed by this process alone"
            warnings.warn(text, SweepWarning, stacklevel=3)
        while others and path != FAILED and not path.exists():
            if time.monotonic() > last:
                text = f"a worker has written {path}, which is not to be found here; all machines share that folder"
                raise BackendError(text)
            time.sleep(0.5)
        yield path


def _run_point(function, point, folder, key, home):
    """Compute one point and return the path of its file, or FAILED, or DIFFERS for a worker with another function."""
    now = _function_key(function)
    if now != key and home != HOME:
        return DIFFERS
    path = folder / _file_name(now, point)
    if home != HOME and path.exists():  # another machine was here before
        return path
    error = path.with_suffix(".error.json")
    try:
        result = function(**point) if isinstance(point, Mapping) else function(point)
        if not isinstance(result, Mapping) or not result:
            raise ParameterError(f"the function returned {type(result).__name__}; return a dict of arrays or numbers")
        storage.write_arrays(path, result, {"name": path.name, "point": _plain(point)})
    except Exception:
        failure = {"point": _plain(point), "traceback": traceback.format_exc()}
        storage.write_text(error, json.dumps(failure, indent=1))
        return FAILED
    error.unlink(missing_ok=True)
    return path


def _function_key(function):
    return keys.function_key(function) + json.dumps([platform.python_version(), [_version(name) for name in RECORDED]])


def _file_name(key, point):
    point = sorted(point.items(), key=lambda item: str(item[0])) if isinstance(point, Mapping) else point
    return hashlib.sha256((key + keys.value_key(point, "point")).encode()).hexdigest()[:20] + ".npz"


def _read(path):
    """Return the result in a file, or None if it is damaged, or was written under another name."""
    try:
        arrays, record = storage.read_arrays(path)
        return arrays if record["name"] == path.name else None
    except (storage.DamagedFile, KeyError, TypeError):
        return None


def _points(grid):
    if isinstance(grid, Mapping):
        values = [_values(name, values) for name, values in grid.items()]
        points = [dict(zip(grid, combination, strict=True)) for combination in itertools.product(*values)]
    elif np.iterable(grid):
        points = list(grid)
    else:
        raise ParameterError(f"grid = {short(grid)} is not a grid; give a mapping of lists, or a list of points")
    if not points:
        raise ParameterError("grid is empty; give at least one parameter point")
    for point in points:
        if not isinstance(point, Mapping) and (isinstance(point, type) or not is_dataclass(point)):
            raise ParameterError(f"grid holds {short(point)}; each point is a mapping or a parameter dataclass")
        _plain(point)
    return points


def _values(name, values):
    if isinstance(values, (str, bytes)) or not np.iterable(values):
        text = short(values)
        raise ParameterError(f"grid holds {name} = {text}; give a list of values, [{text}] for a single one")
    return values.tolist() if isinstance(values, np.ndarray) and values.ndim == 1 else list(values)


def collect(
    function: Study, grid: Mapping, *, store: PathLike, n_jobs: int = -1, progress: bool = True, dims: Dims = None
) -> xarray.Dataset:
    """Run :func:`sweep` and return its results as one labelled dataset.

    Parameters
    ----------
    function, store, n_jobs, progress
        As in :func:`sweep`; every point returns the same names and shapes.
    grid : mapping
        ``{name: value}``. A list or array is swept and becomes a dimension, in the order given, with its values as
        coordinate; values that repeat, or are not numbers or words, are counted 0, 1, ... instead. Anything else,
        a tuple or a word too, is fixed and stands in ``attrs``.
    dims : mapping, optional
        Names of the axes that a result has of itself, ``{"exponents": ("i",)}``; else ``exponents_0``, ...
        A name that is not in the result is passed over, so that one mapping serves several functions.

    Returns
    -------
    xarray.Dataset
        ``attrs["units"]`` of variables and coordinates from the end of their names (``tau_ms``, ``speed_cm_s``).

    Raises
    ------
    OutputError
        If points failed; it names the folder of their tracebacks. The others are kept.
    ParameterError
        If the points differ in names or shapes, or names of axes do not fit.

    Examples
    --------
    >>> import tempfile
    >>> def noise(sd_mv, seed): return {"v_mv": np.random.default_rng(seed).normal(0, sd_mv, 50)}
    >>> with tempfile.TemporaryDirectory() as store:
    ...     found = collect(noise, {"sd_mv": 2.0, "seed": [0, 1, 2]}, store=store, n_jobs=1, dims={"v_mv": ["step"]})
    >>> found["v_mv"].dims, found["v_mv"].attrs["units"], found["v_mv"].std("step").sizes["seed"]
    (('seed', 'step'), 'mV', 3)
    """
    import xarray

    for name, axes in (dims := dims or {}).items():
        listed = isinstance(axes, (list, tuple)) and all(isinstance(axis, str) for axis in axes)
        if not listed or len(set(axes)) < len(axes):
            raise ParameterError(f"dims[{short(name)}] = {short(axes)}; give a list of names, one for each axis")
    swept, stacked = _stacked(function, grid, store, n_jobs, progress)
    coordinates = {name: (name, _labels(values), _units(name)) for name, values in swept.items()}
    variables = {}
    for name, values in stacked.items():
        own = values.ndim - len(swept)
        axes = tuple(dims.get(name, [f"{name}_{k}" for k in range(own)]))
        if len(axes) != own:
            raise ParameterError(f"dims names {axes} for {name!r}, which has {own} axes of its own; name each of them")
        variables[name] = ((*swept, *axes), values, _units(name))
    fixed = {name: value for name, value in grid.items() if name not in swept}
    try:
        return xarray.Dataset(variables, coordinates, fixed)
    except ValueError as failure:
        why = " ".join(str(failure).split())
        raise ParameterError(f"the names of results and axes do not fit ({why}); rename them in dims") from None


def over(
    function: Study, *, store: PathLike, n_jobs: int = -1, progress: bool = True, **grid: Any
) -> dict[str, np.ndarray]:
    """Run :func:`sweep` and stack: every grid value that is a list or array becomes a leading axis, in the order given.

    The unlabelled form of :func:`collect`: a dict of arrays (length of first list, of second, ..., own shape).

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as store:
    ...     over(lambda b, p: {"power": b**p}, store=store, n_jobs=1, b=[2, 3], p=[1, 2])["power"].tolist()
    [[2, 4], [3, 9]]
    """
    return _stacked(function, grid, store, n_jobs, progress)[1]


def _stacked(function, grid, store, n_jobs, progress):
    """Return the lists of a grid, and {name: results over them}."""
    swept = {name: _values(name, values) for name, values in grid.items() if isinstance(values, (list, np.ndarray))}
    points = {name: swept.get(name, [value]) for name, value in grid.items()}
    found = [result for _, result in sweep(function, points, store=store, n_jobs=n_jobs, progress=progress)]
    shape = tuple(len(values) for values in swept.values())
    if missing := int(np.prod(shape)) - len(found):
        raise OutputError(f"{missing} points of the sweep failed; tracebacks: {store}/*.error.json; call again")
    stacked = {}
    for result in found[1:]:
        for name in {**result, **found[0]}:
            forms = [np.shape(part[name]) if name in part else None for part in (found[0], result)]
            if forms[0] != forms[1]:
                raise ParameterError(f"{name!r} has shape {forms[0]} or {forms[1]}; return one shape at every point")
            kinds = [KINDS.get(np.asarray(part[name]).dtype.kind, "others") for part in (found[0], result)]
            if kinds[0] != kinds[1]:
                raise ParameterError(f"{name!r} holds {kinds[0]} or {kinds[1]}; return one of them at every point")
    for name, first in found[0].items():
        stacked[name] = np.reshape([result[name] for result in found], shape + np.shape(first))
    return swept, stacked


def _labels(values):
    """Return the values of an axis as its coordinate, or their places where they are no labels."""
    for kind in (str, (bool, int, float, np.generic)):
        if all(isinstance(value, kind) for value in values) and len(set(values)) == len(values):
            return np.asarray(values)
    return np.arange(len(values))


def _units(name):
    """Return {"units": ...} of a variable or coordinate from the end of its name, or nothing."""
    unit = unit_of(name)
    return {"units": unit} if unit else {}


doors(globals())
