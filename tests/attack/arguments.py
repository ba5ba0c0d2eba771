"""Hostile arguments over every public callable and every flag: ``python -m tests.attack.arguments 10000``.

Each call of :mod:`tests.attack.valid` is made again with one argument replaced. What may come of it is a result, or one
line of ours. All else is a fault: an exception of Python, numpy or a package, a crash, a hang, a warning of numpy about
numbers, a result of nan for a number that is not finite, a switch that is taken for a number. Calls run in a child
process, which announces each of them, so that what it dies of is known; its memory is limited.
"""

import collections
import contextlib
import decimal
import fractions
import io
import itertools
import json
import linecache
import numbers
import os
import random
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path

import numpy as np

LIMIT_S, LIMIT_BYTES, MAX_LINE = 10, 6 * 2**30, 600
ROOT = Path(__file__).resolve().parents[2]


def of_valid(change):
    """Mark a maker that changes the good value, and leaves alone what is not an array of numbers."""

    def changed(value):
        array = np.asarray(value)
        return change(array) if array.dtype.kind in "iuf" and array.ndim else value

    changed.of_valid = True
    return changed


def read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


def inside(value):
    """Put a value at the first place of a list or array."""

    def changed(array):
        array = array.astype(type(value))
        array.flat[0] = value
        return array

    return of_valid(changed)


def quantity(unit):
    import brian2

    return 3 * getattr(brian2, unit)


HOSTILE = {
    **{repr(x): (lambda x=x: x) for x in (float("nan"), float("inf"), -float("inf"), -1, 0, -0.0, 0.5, 1e-15, 1e300, -1e300)},
    **{f"{x:.3g}": (lambda x=x: x) for x in (2**31, 2**40, 2**63, -(2**63) - 1, 10**30)},
    "True": lambda: True, "None": lambda: None, "''": str, "'x'": lambda: "x", "NUL": lambda: "a\0b", "bytes": lambda: b"x",
    "long text": lambda: "x" * 10_000, "[]": list, "()": tuple, "{}": dict, "set": lambda: {1, 2}, "range": lambda: range(3),
    "generator": lambda: (x for x in (1.0, 2.0)), "function": lambda: lambda: None, "two arguments": lambda: lambda a, b: a,
    "class": lambda: int, "object": object, "module": lambda: np, "complex": lambda: 1 + 1j, "fraction": lambda: fractions.Fraction(1, 3),
    "decimal": lambda: decimal.Decimal("1.5"), "date": lambda: np.datetime64("2020-01-01"), "np.True_": lambda: np.True_,
    "[nan]": lambda: [float("nan")], "[None]": lambda: [None], "['x']": lambda: ["x"], "[-1]": lambda: [-1], "[2**63]": lambda: [2**63],
    "ragged": lambda: [[1.0], [1.0, 2.0]], "{'x': 1}": lambda: {"x": 1}, "{1: None}": lambda: {1: None}, "pairs": lambda: [(1, 2), (3, 4)],
    "empty array": lambda: np.empty(0), "empty (0, 3)": lambda: np.empty((0, 3)), "ones 7": lambda: np.ones(7), "ones (3, 2, 2)": lambda: np.ones((3, 2, 2)),
    "0-d": lambda: np.array(1.5), "ints": lambda: np.array([-1, 10**6]), "objects": lambda: np.array([1, None, "x"], object), "words": lambda: np.array(["a", "b"]),
    "masked": lambda: np.ma.array([1.0, 2.0, 3.0], mask=[0, 1, 0]), "record": lambda: np.zeros(2, [("a", int)]), "int8": lambda: np.ones(3, np.int8), "mV": lambda: quantity("mV"), "kg": lambda: quantity("kilogram"),
    "nan inside": inside(float("nan")), "inf inside": inside(float("inf")), "-1 inside": inside(-1), "10**6 inside": inside(10**6), "first alone": of_valid(lambda a: a[:1]), "one more axis": of_valid(lambda a: a[None]), "turned": of_valid(lambda a: a.T[..., ::-1]),
    "big-endian": of_valid(lambda a: a.astype(a.dtype.newbyteorder(">"))), "read-only": of_valid(read_only), "every second": of_valid(lambda a: np.repeat(a, 2, axis=0)[::2]), "Fortran": of_valid(np.asfortranarray), "float32": of_valid(lambda a: a.astype(np.float32)), "float16": of_valid(lambda a: a.astype(np.float16)),
}  # fmt: skip
WORDS = [
    "nan",
    "inf",
    "-inf",
    "1e999",
    "-1",
    "0",
    "-0.0",
    "1e-15",
    "1e-300",
    "1e300",
    "0.5",
    str(2**31),
    str(2**63),
    str(10**30),
    "",
    " ",
]
WORDS += ["x", "a\0b", "True", "None", "[]", "1,2", "1+1j", "--", "../../x", "é" * 300, "0x10", "1_000", "٣", "½"]
LARGE = (f"{2**31:.3g}", f"{2**40:.3g}")
NOT_FINITE = ("nan", "inf", "-inf")
IMPORTANT = re.compile(r"^(Runtime|Complex|VisibleDeprecation|Deprecation)Warning$")


# --- what is judged


def is_ours(failure):
    """Whether an exception is one of ours, or raised by a statement of ours, in one line."""
    from helpers.parameters import HelpersError

    text = str(failure)
    if "\n" in text or len(text) > MAX_LINE or not text:
        return False
    if isinstance(failure, HelpersError):
        return True
    frames = traceback.extract_tb(failure.__traceback__)
    last = frames[-1] if frames else None
    stated = (
        last
        and "/helpers/" in last.filename
        and linecache.getline(last.filename, last.lineno).strip().startswith("raise")
    )
    return bool(stated) and isinstance(failure, TypeError | ValueError | AttributeError)


def where(failure):
    """Return the innermost place of ours in a traceback, as file:line."""
    places = [
        f"{Path(f.filename).parent.name}/{Path(f.filename).name}:{f.lineno}"
        for f in traceback.extract_tb(failure.__traceback__)
        if "/helpers/" in f.filename
    ]
    return places[-1] if places else "called"


def numbers_in(result, depth=0):
    """Yield the floats in a result."""
    if isinstance(result, float | np.floating):
        yield float(result)
    elif isinstance(result, np.ndarray) and result.dtype.kind == "f":
        yield from result.ravel()[:1000].tolist()
    elif isinstance(result, tuple | list) and depth < 3:
        for item in result[:50]:
            yield from numbers_in(item, depth + 1)


def judged(name, item, owner, arguments, argument, label):
    """Return None, or [kind of fault, words] of one call."""
    from tests.attack import valid

    with (
        warnings.catch_warnings(record=True) as told,
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
    ):
        warnings.simplefilter("always")
        try:
            good = arguments[argument]()
        except Exception:
            good = None
        try:
            result = valid.called(name, item, owner, arguments, argument, HOSTILE[label])
            if hasattr(result, "__next__"):
                result = list(itertools.islice(result, 100))
        except TimeoutError:  # so long was asked for
            return None if label in LARGE else ["hang", f"more than {LIMIT_S} s"]
        except MemoryError as failure:  # numpy's own line says how much
            return None if label in LARGE and "Unable to allocate" in str(failure) else ["MemoryError", str(failure)]
        except BaseException as failure:
            if is_ours(failure):
                return None
            kind = type(failure).__name__
            return [kind, f"{where(failure)} {' '.join(str(failure).split())[:150]}"]
    found = {
        w.category.__name__: w
        for w in told
        if IMPORTANT.match(w.category.__name__) and "/site-packages/" not in str(w.filename).replace("/numpy/", "/")
    }
    for kind, warning in found.items():
        return [kind, f"{Path(warning.filename).name}:{warning.lineno} {str(warning.message)[:100]}"]
    scalar = isinstance(good, numbers.Real) and not isinstance(good, bool)
    if label in ("True", "np.True_") and scalar and not isinstance(result, dict):
        return ["switch taken as a number", ""]
    if label in NOT_FINITE and scalar and any(x != x for x in numbers_in(result)):
        return ["nan for what is not finite", ""]
    return None


# --- commands


def commands():
    """Return {name: (run, words)} of the commands, quick ones."""
    from helpers.lateral_line import cli as ll
    from helpers.rnn import cli
    from tests.lateral_line.test_cli import SMALL
    from tests.rnn.test_cli import BASE

    def of_click(name):
        def run(words):
            getattr(cli, name).main(words)
            return 0

        return run

    found = {f"rnn.{name}": (of_click(name), getattr(cli, name), words) for name, words in BASE.items()}
    found["lateral_line"] = ll.main, ll.command, f"{SMALL} --run-name a"
    return found


def flag_cases():
    cases = []
    for name, (_, command, _) in commands().items():
        for option in command.params:
            flags = [flag for flag in option.opts if flag.startswith("--") and flag != "--help"]
            cases += [("command", name, flags[-1], word) for word in WORDS for _ in flags[:1]]
        if name == "lateral_line":
            from helpers.lateral_line.params import NetworkParams

            cases += [
                ("command", name, "--set", f"{field}={word}")
                for field in NetworkParams.__dataclass_fields__
                for word in WORDS
            ]
    return cases


def judged_command(name, flag, word):
    run, command, base = commands()[name]
    kept, words = [], base.split()
    option = next(option for option in command.params if flag in option.opts)
    while words:  # the flag goes, in any spelling, with its values
        first = words.pop(0)
        if first in option.opts and flag != "--set":
            while words and not words[0].startswith("--"):
                words.pop(0)
        else:
            kept.append(first)
    values = (
        []
        if getattr(option, "is_flag", False) and not getattr(option, "_flag_needs_value", False)
        else [word] * option.nargs
    )
    err = io.StringIO()
    with (
        warnings.catch_warnings(record=True) as told,
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(err),
    ):
        warnings.simplefilter("always")
        try:
            status = run([*kept, flag, *values])
        except SystemExit as left:
            status = left.code
        except TimeoutError:
            return ["hang", f"more than {LIMIT_S} s"]
        except BaseException as failure:
            return [type(failure).__name__, f"{where(failure)} {' '.join(str(failure).split())[:150]}"]
    lines = [line for line in err.getvalue().splitlines() if line.strip()]
    if status not in (0, 2, None) or (status == 2 and (len(lines) > 3 or "Traceback" in err.getvalue())):
        return [f"status {status}", " | ".join(lines)[:150]]
    for warning in told:
        if warning.category is RuntimeWarning:
            return ["RuntimeWarning", f"{Path(warning.filename).name}:{warning.lineno} {str(warning.message)[:100]}"]
    return None


# --- the child, and who watches it


def all_cases():
    """Return the list of all cases: ("call", callable, argument, hostile value) and ("command", command, flag, word)."""
    from tests.attack import valid

    cases = []
    for name, (_, _, arguments) in valid.calls()[0].items():
        cases += [("call", name, argument, label) for argument in arguments for label in HOSTILE]
    return cases + flag_cases()


def late(*_):
    raise TimeoutError


def child(path):
    """Judge the cases of a file, one after the other; say which is begun, and what came of it."""
    from tests.attack import valid

    resource.setrlimit(resource.RLIMIT_AS, (LIMIT_BYTES, LIMIT_BYTES))
    out = os.fdopen(os.dup(1), "w")
    signal.signal(signal.SIGALRM, late)
    known, _ = valid.calls()
    for i, (kind, name, argument, value) in enumerate(json.loads(Path(path).read_text())):
        print(json.dumps(["begun", i]), file=out, flush=True)
        signal.alarm(LIMIT_S)
        start = time.perf_counter()
        try:
            if kind == "call":
                fault = judged(name, *known[name], argument, value)
            else:
                fault = judged_command(name, argument, value)
        except TimeoutError:
            fault = ["hang", f"more than {LIMIT_S} s"]
        finally:
            signal.alarm(0)
        print(json.dumps(["done", i, fault, round(time.perf_counter() - start, 2)]), file=out, flush=True)


def watched(cases, report):
    """Judge cases in a child, which is started anew after what kills it; return {case: fault}."""
    import selectors

    faults, first, seconds = {}, 0, collections.Counter()
    with tempfile.TemporaryDirectory() as folder:
        while first < len(cases):
            todo = Path(folder, "cases.json")
            todo.write_text(json.dumps(cases[first:]))
            here = tempfile.mkdtemp(dir=folder)
            words = [sys.executable, "-m", "tests.attack.arguments", "--child", str(todo)]
            env = os.environ | dict(
                PYTHONPATH=str(ROOT), CI="true", NOTEBOOK_FIGS=f"{here}/figs", MPLBACKEND="agg", PYTHONFAULTHANDLER=""
            )
            process = subprocess.Popen(
                words, cwd=here, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
            )
            ready, at, begun = selectors.DefaultSelector(), -1, -1
            ready.register(process.stdout, selectors.EVENT_READ)
            while True:
                if not ready.select(3 * LIMIT_S + (300 if at < 0 else 0)):
                    process.kill()
                    reason = ["hang", "a compiled loop, killed"]
                    break
                line = process.stdout.readline()
                if not line:
                    reason = ["crash", f"status {process.wait()}"]
                    break
                word, at, *found = json.loads(line)
                begun = at
                if word == "done":
                    begun = -1
                    case = cases[first + at]
                    seconds[case[1]] += found[1]
                    report(case)
                    if found[0]:
                        faults[tuple(case)] = found[0]
            process.wait()
            if begun >= 0:
                faults[tuple(cases[first + begun])] = reason
            if begun < 0 and at < 0:
                raise RuntimeError(f"the child did not begin: {reason}")
            first += at + 1
    return faults, seconds


def main(number):
    """Judge `number` hostile calls, drawn with a fixed seed, print what was found, and return how many are faults."""
    cases = all_cases()
    random.Random(1).shuffle(cases)
    cases = cases[: int(number)]
    start, done = time.perf_counter(), itertools.count(1)

    def report(case):
        if next(done) % 500 == 0:
            print(f"... {time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)

    faults, seconds = watched(cases, report)
    kinds, callables = collections.Counter(), collections.Counter()
    for case, (kind, _) in faults.items():
        kinds[kind] += 1
        callables[case[1]] += 1
    print(f"arguments: {len(faults)} faults in {len(cases)} hostile calls, {time.perf_counter() - start:.0f} s")
    print("by kind:", dict(kinds.most_common()))
    print("by callable:", dict(callables.most_common()))
    if os.environ.get("ATTACK_LOG"):
        lines = [json.dumps([*case, *fault]) for case, fault in faults.items()]
        Path(os.environ["ATTACK_LOG"]).write_text("\n".join(lines) + f"\n{seconds.most_common(30)}\n")
    return len(faults)


if __name__ == "__main__":
    if sys.argv[1] == "--child":
        child(sys.argv[2])
    else:
        sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else 10_000) > 0)
