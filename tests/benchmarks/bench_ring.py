"""The V1 ring on NEST: several seeds in one process, and the simulator's own share of the time."""

import importlib

import numpy as np

from tests.benchmarks.run import row

WINDOWS_RAD = np.radians([40, 160, 100, 40, 160, 100])


def _seeds(quick):
    return range(2 if quick else 8)


def _series(quick, plastic):
    ring = importlib.import_module("helpers.v1.ring")
    params = ring.RingParams(plastic=plastic)
    ring.simulate(params, WINDOWS_RAD[:1], seed=0, backend="nest")

    def run():
        total = {}
        for seed in _seeds(quick):
            seconds = ring.simulate(params, WINDOWS_RAD, seed=seed, backend="nest").seconds
            total = {part: total.get(part, 0) + seconds[part] for part in seconds}
        return total

    return run


def static(quick):
    return _series(quick, plastic=False)


def plastic(quick):
    return _series(quick, plastic=True)


def rows(measure, quick):
    lines = []
    for kind in ("static", "plastic"):
        found = measure("bench_ring", kind, repeats=2, quick=quick)
        parts = ", ".join(f"{part} {seconds:.2f}" for part, seconds in found.value.items())
        share = found.value["run"] / (found.value["build"] + found.value["run"])
        what = f"{kind} ring on NEST, {len(_seeds(quick))} seeds x 6 s in one process ({parts} s)"
        note = f"the simulator's own share of build + run is {share:.0%}"
        lines.append(row(what, found, against=note))
    return lines
