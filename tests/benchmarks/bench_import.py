"""What it costs to import the package: new interpreters, start-up included."""

import resource
import subprocess
import sys

from tests.benchmarks.run import row

CPU_TARGET_S = 1.0
HEAVY = ("brian2", "nest", "pyNN", "jax", "numba")
CHECK = f"; import sys; sys.exit(any(name in sys.modules for name in {HEAVY}))"
STATEMENTS = {
    "bare": "pass",
    "package": "import helpers",
    "v1": "import helpers.stimuli, helpers.tuning, helpers.v1.lgn",
}


def _import(statement):
    def start():
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", statement + CHECK], check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, after.ru_maxrss / 1024

    return lambda: min(start() for _ in range(5))


def bare(quick):
    return _import(STATEMENTS["bare"])


def package(quick):
    return _import(STATEMENTS["package"])


def v1(quick):
    return _import(STATEMENTS["v1"])


def rows(measure, quick):
    lines, start = [], ""
    for case, statement in STATEMENTS.items():
        found = measure("bench_import", case, quick=quick)
        found.cpu_s, found.peak_mb = found.value
        if case == "bare":
            start = f"bare Python takes {found.cpu_s:.2f} s, {found.peak_mb:.0f} MB"
            continue
        passed = found.cpu_s < CPU_TARGET_S if case == "package" else None
        target = f"< {CPU_TARGET_S:g} s, no simulator" if case == "package" else ""
        lines.append(row(f"`{statement}`", found, against=start, target=target, passed=passed))
    return lines
