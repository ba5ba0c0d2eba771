"""The same call gives the same bits in another process, order and hash seed, and on two BLAS threads.

Each public callable is called as in :mod:`tests.attack.valid`, and the numbers in its result are hashed. Sweeps with
one and two workers are compared in test_runs, other processors in test_processors.
"""

import contextlib
import dataclasses
import hashlib
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from helpers import lateral_line, v1, wta
from helpers.lateral_line import kernel as lateral_line_kernel
from helpers.parameters import HelpersError
from helpers.v1 import kernel as v1_kernel
from helpers.wta import kernel as wta_kernel

ROOT = Path(__file__).resolve().parents[1]
DRAWS_OR_WRITES = {"figures", "panels", "view", "ui", "cli", "explorers", "files", "storage", "state", "doors"}
LEFT_OUT = {"runs.provenance", "runs.notebook_cells"}  # versions that are loaded, a path


def numbers(result, depth=0):
    """Yield the numbers and words in a result as bytes: arrays, containers, tables, and the fields of our objects."""
    if isinstance(result, np.ndarray) and result.dtype != object:
        yield f"{result.dtype.str}{result.shape}".encode() + result.tobytes()
    elif isinstance(result, bool | int | float | complex | str | np.generic):
        yield repr(result).encode()
    elif depth < 7:
        for item in parts(result):
            yield from numbers(item, depth + 1)


def parts(result):
    """Return what a container, a table or an object of ours consists of."""
    if isinstance(result, Mapping):
        return [*result.keys(), *result.values()]
    if isinstance(result, list | tuple | np.ndarray):
        return result
    if hasattr(result, "__next__"):  # a movie may never end
        return itertools.islice(result, 100)
    ours = dataclasses.is_dataclass(result) or type(result).__module__.startswith("helpers.")
    if ours or hasattr(result, "data_vars") or hasattr(result, "tocsr"):
        return [value for name, value in sorted(vars(result).items()) if name[0] != "_"]
    return [result.values] if hasattr(result, "to_dataset") else []


def digests(backwards):
    """Return {name: hash of the numbers in the result} of a call of all that computes."""
    from tests.attack import valid

    found, calls = {}, sorted(valid.calls()[0].items(), reverse=backwards)
    for name, (item, owner, arguments) in calls:
        if name not in LEFT_OUT and not DRAWS_OR_WRITES & set(name.split(".")):
            digest = hashlib.sha256()
            with contextlib.suppress(HelpersError):
                for part in numbers(valid.called(name, item, owner, arguments)):
                    digest.update(part)
            found[name] = digest.hexdigest()[:16]
    return found


def test_the_same_call_gives_the_same_bits(tmp_path):
    program = "import json, sys; from tests.test_determinism import digests; print(json.dumps(digests(%s)))"
    runs = []
    for n, backwards in ((1, False), (2, True)):
        here = tmp_path / str(n)
        here.mkdir()
        given = {"PYTHONHASHSEED": str(n), "OMP_NUM_THREADS": str(n), "OPENBLAS_NUM_THREADS": str(n)}
        given |= {"PYTHONPATH": str(ROOT), "TQDM_DISABLE": "1", "PYTHONWARNINGS": "ignore"}
        command = [sys.executable, "-c", program % backwards]
        runs.append(subprocess.Popen(command, cwd=here, env=os.environ | given, stdout=subprocess.PIPE, text=True))
    said = [run.communicate()[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], said
    first, second = (json.loads(text.splitlines()[-1]) for text in said)
    assert {name: (bits, second[name]) for name, bits in first.items() if bits != second[name]} == {}
    assert first.keys() == second.keys() and len(set(first.values())) > 150  # few of them hold nothing, or the same


def test_the_loop_of_an_engine_is_compiled_once():
    """Whatever it learns, records or is driven by, and however long it runs: its arrays have one type and layout."""
    fast, ring = lateral_line.preset("ll_fast"), v1.RingParams(window_ms=50.0)
    for params in (fast, fast.replace(teacher_rate_hz=50.0), lateral_line.preset("ll_fast_legacy")):
        run = lateral_line.simulate(params, seed=1, controls=False)
        lateral_line.evaluate(params, run.weights, seed=2)
    for stp, step in (("correct", "euler"), ("lagged", "exact"), (None, "euler")):
        net = wta.Network(grid_shape=(2, 1), k_min=2, k_max=3, n_inputs=20, n_conn=4, seed=1, stp=stp, kernel=step)
        inputs, recorder = wta.InputGenerator(net, n_patterns=1, seed=1), wta.Recorder(net, create_plot=False)
        recorder.simulate(inputs, 2500)
        recorder.test(inputs, 1500)
    for params in (ring, ring.replace(plastic=False), ring.replace(layers=2), ring.replace(lateral=False)):
        weights = v1.simulate(params, [0.5], seed=1).weights
        v1.simulate(params, [0.5], weights=weights, current_na={"exc": 0.1}, record=("exc",), seed=1)
    loops = lateral_line_kernel._run, wta_kernel._loop, v1_kernel.run
    assert [len(loop.signatures) for loop in loops] == [1, 1, 1]
