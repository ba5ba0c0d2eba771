"""Measure the collection against its peers: ``make bench``, or ``python tests/benchmarks/run.py [--quick]``.

Every number comes from a process of its own: CPU time is user + system, best of the stated repeats, after imports;
memory is the peak resident size of that process, interpreter included. A full run also writes ``results.md``.

A file ``bench_<name>.py`` beside this one holds cases, functions of ``quick`` that prepare and return the action to
be timed, and ``rows(measure, quick)``, which measures them and returns lines of the table.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import resource
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
COLUMNS = ("what", "CPU s", "peak MB", "against", "CPU s", "peak MB", "CPU ratio", "memory ratio", "target", "verdict")
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")}


def measure(module, case, *, repeats=1, quick=False):
    """Time one case in a new process; the result has cpu_s, peak_mb and value, what the action returned."""
    command = [sys.executable, "-m", "tests.benchmarks.run", "--one", module, case, str(repeats)]
    command += ["--quick"] if quick else []
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **ONE_THREAD}, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError((done.stderr.strip().splitlines() or ["no message"])[-1])
    return SimpleNamespace(**json.loads(done.stdout.splitlines()[-1]))


def _measure_here(module, case, repeats, quick):
    action = getattr(importlib.import_module(f"tests.benchmarks.{module}"), case)(quick)
    cpu_s, value = float("inf"), None
    for _ in range(int(repeats)):
        start = time.process_time()
        value = action()
        cpu_s = min(cpu_s, time.process_time() - start)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(dict(cpu_s=cpu_s, peak_mb=peak_mb, value=value)))


def row(what, ours, *, against="", peer=None, scale=1, target="", passed=None):
    """Return a line of the table; `scale` multiplies the CPU time of a peer measured on a part of the work."""
    cells = [what, f"{ours.cpu_s:.2f}", f"{ours.peak_mb:.0f}", against, "", "", "", ""]
    if peer is not None:
        cells[4:6] = f"{peer.cpu_s * scale:.2f}", f"{peer.peak_mb:.0f}"
        cells[6:8] = f"{peer.cpu_s * scale / ours.cpu_s:.1f}", f"{peer.peak_mb / ours.peak_mb:.1f}"
    verdict = {None: "", True: "met", False: "NOT MET"}[passed]
    return [*cells, target, verdict]


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
