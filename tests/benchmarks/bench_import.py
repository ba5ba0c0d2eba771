"""What it costs to import the package: new interpreters, start-up included."""

import resource
import subprocess
import sys

from tests.benchmarks.run import row

CPU_TARGET_S = 1.0
HEAVY = ("brian2", "nest", "pyNN", "jax", "numba")
STATEMENTS = {
    "bare": "pass",
    "package": "import helpers",
    "shared": "import helpers.stimuli, helpers.tuning",
    "v1": "from helpers import v1",
}
ALLOWED = {"v1": {"numba"}}


def _import(case):
    heavy = sorted(set(HEAVY) - ALLOWED.get(case, set()))
    code = f"{STATEMENTS[case]}; import sys; sys.exit(any(name in sys.modules for name in {heavy}))"

    def start():
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", code], check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, after.ru_maxrss / 1024

    return lambda: min(start() for _ in range(5))


def bare(quick):
    return _import("bare")


def package(quick):
    return _import("package")


def shared(quick):
    return _import("shared")


def v1(quick):
    return _import("v1")


def rows(measure, quick):
    lines, start = [], ""
    for case, statement in STATEMENTS.items():
        found = measure("bench_import", case, quick=quick)
        found.cpu_s, found.peak_mb = found.value
        if case == "bare":
            start = f"bare Python takes {found.cpu_s:.2f} s, {found.peak_mb:.0f} MB"
            continue
        passed = found.cpu_s < CPU_TARGET_S if case == "package" else None
        target = f"< {CPU_TARGET_S:g} s, no simulator" if case == "package" else "no simulator"
        lines.append(row(f"`{statement}`", found, against=start, target=target, passed=passed))
    return lines
