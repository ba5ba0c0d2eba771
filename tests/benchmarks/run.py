"""Measure the collection against its peers: ``make bench``, or ``python tests/benchmarks/run.py [--quick]``.

Every number comes from a process of its own: CPU time is user + system, best of the stated repeats, after imports;
memory is the peak resident size of that process, interpreter included. A full run also writes ``results.md``.

A file ``bench_<name>.py`` beside this one holds cases, functions of ``quick`` that prepare and return the action to
be timed, and ``rows(measure, quick)``, which measures them and returns lines of the table.
"""

from __future__ import annotations

import argparse
import functools
import importlib
import inspect
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
import venv
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
COLUMNS = (
    "what",
    "CPU s",
    "peak MB",
    "against",
    "CPU s",
    "peak MB",
    "CPU ratio (range)",
    "memory ratio",
    "target",
    "verdict",
)
MINUTES = 10  # for one installation
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")}


def measure(module, case, *, repeats=1, processes=1, quick=False):
    """Time one case in new processes; the result has cpu_s, the best of costs, peak_mb and value, what came back."""
    command = ["-m", "tests.benchmarks.run", "--one", module, case, str(repeats), *(["--quick"] if quick else [])]
    found = [json.loads(_said([sys.executable, *command], cwd=ROOT).splitlines()[-1]) for _ in range(processes)]
    costs = [cost for one in found for cost in one["costs"]]
    return SimpleNamespace(**found[-1] | dict(costs=costs, cpu_s=min(costs)))


def _said(command, env=os.environ, **options):
    done = subprocess.run(command, env={**env, **ONE_THREAD}, capture_output=True, text=True, **options)
    if done.returncode:
        raise RuntimeError((done.stderr.strip().splitlines() or ["no message"])[-1])
    return done.stdout


def _measure_here(module, case, repeats, quick):
    action = getattr(importlib.import_module(f"tests.benchmarks.{module}"), case)(quick)
    costs, value = [], None
    for _ in range(int(repeats)):
        start = time.process_time()
        value = action()
        costs.append(time.process_time() - start)
    print(json.dumps(dict(costs=costs, peak_mb=peak_mb(), value=value)))


def row(what, ours, *, against="", peer=None, scale=1, target="", passed=None):
    """Return a line of the table; `scale` multiplies the CPU time of a peer measured on a part of the work."""
    cells = [what, f"{ours.cpu_s:.2f}", f"{ours.peak_mb:.0f}", against, "", "", "", ""]
    if peer is not None:
        cells[4:6] = f"{peer.cpu_s * scale:.2f}", f"{peer.peak_mb:.0f}"
        cells[6:8] = _ratio(ours, peer, scale), f"{peer.peak_mb / ours.peak_mb:.1f}"
    verdict = {None: "", True: "met", False: "NOT MET"}[passed]
    return [*cells, target, verdict]


def _ratio(ours, peer, scale):
    """Return the ratio of the best times, and its range over the repeats where both have some."""
    mine, theirs = (getattr(one, "costs", [one.cpu_s]) for one in (ours, peer))
    text = f"{peer.cpu_s * scale / ours.cpu_s:.1f}"
    if min(len(mine), len(theirs)) < 2:
        return text
    return f"{text} ({min(theirs) * scale / max(mine):.1f} to {max(theirs) * scale / min(mine):.1f})"


@functools.cache
def bare_loops():
    """Return the seconds of an addition at a random place, and of a cell's step: a leak, and a conductance that decays.

    No engine of spikes and synapses can do with less than one of these per synaptic event and per cell and step.
    """
    import numba
    import numpy as np

    @numba.njit
    def events(g, target):
        for k in range(target.size):
            g[target[k]] += 1e-9

    @numba.njit
    def steps(v, g, n):
        for _ in range(n):
            for i in range(v.size):
                v[i] = 0.99 * v[i] + g[i]
                g[i] *= 0.9

    target, g, v = np.random.default_rng(0).integers(0, 1000, 10**6), np.zeros(1000), np.zeros(1000)
    best = [float("inf")] * 2
    for _ in range(5):
        for k, action in enumerate((lambda: events(g, target), lambda: steps(v, g, 1000))):
            start = time.process_time()
            action()
            best[k] = min(best[k], time.process_time() - start)
    return best[0] / 10**6, best[1] / 10**6


def distance(ours, events, cell_steps):
    """Return in words how far a run is from the bare loops over its synaptic events and its cells' steps."""
    per_event, per_step = bare_loops()
    bound = events * per_event + cell_steps * per_step
    return f"{ours.cpu_s / bound:.1f}x the bare loops over {events:.1e} synaptic events and {cell_steps:.1e} cell steps"


def peak_mb():
    """Return the peak resident memory of this program; the ru_maxrss of a process begins at that of its parent."""
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) / 1024 for line in file if line.startswith("VmHWM"))


class Offline(RuntimeError):
    """The package index could not be reached in time, or does not hold the package."""


def environment(name, *installs):
    """Return the Python of an environment of its own, made once in the folder for temporary files by calls of pip."""
    folder = Path(tempfile.gettempdir()) / f"bench-{name}-{sys.version_info.major}{sys.version_info.minor}"
    python = folder / "bin" / "python"
    if not (folder / "ready").exists():
        venv.create(folder, with_pip=True, clear=True)
        for packages in installs:
            command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages]
            try:
                done = subprocess.run(command, capture_output=True, text=True, timeout=60 * MINUTES)
            except subprocess.TimeoutExpired:
                raise Offline(f"{name} was not installed within {MINUTES} minutes") from None
            if done.returncode:
                said = (done.stderr.strip().splitlines() or ["no message"])[-1]
                raise Offline(f"{name} cannot be installed ({said})")
        (folder / "ready").touch()
    return python


def said_by(python, program, **options):
    """Return what a program that may call `peak_mb` prints, run by the Python of an :func:`environment`."""
    return _said([python, "-c", f"{inspect.getsource(peak_mb)}\n{program}"], **options)


def _rows(name, quick):
    module = importlib.import_module(f"tests.benchmarks.{name}")
    try:
        return module.rows(measure, quick)
    except RuntimeError as failure:
        return [[f"{name}: not measured, {failure}", *[""] * (len(COLUMNS) - 1)]]


def _markdown(rows):
    lines = [COLUMNS, ["---"] * len(COLUMNS), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _conditions():
    packages = ", ".join(f"{name} {metadata.version(name)}" for name in ("numpy", "scipy"))
    return (
        f"Python {platform.python_version()}, {packages}, {os.cpu_count()} cores, one thread. CPU time is user + "
        "system, best of the repeats, after imports; peak resident memory with interpreter; one process per number. "
        "Both columns of a line were measured in the same run. Rewritten by `make bench`."
    )


def main():
    """Run every benchmark, or those named, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small sizes, results.md stays as it is")
    parser.add_argument(
        "--only", nargs="+", metavar="NAME", default=[], help="bench_NAME.py; results.md stays as it is"
    )
    parser.add_argument("--one", nargs=3, metavar=("MODULE", "CASE", "REPEATS"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        return _measure_here(*options.one, options.quick)
    names = [path.stem for path in sorted(HERE.glob("bench_*.py"))]
    unknown = [name for name in options.only if f"bench_{name}" not in names]
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}; choose from {', '.join(n.removeprefix('bench_') for n in names)}")
    chosen = [n for n in names if not options.only or n.removeprefix("bench_") in options.only]
    rows = [line for name in chosen for line in _rows(name, options.quick)]
    text = f"{_conditions()}\n\n{_markdown(rows)}\n"
    print(text)
    if not options.quick and not options.only:
        (HERE / "results.md").write_text(f"# Benchmarks\n\n{text}")


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
