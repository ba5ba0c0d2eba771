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
import inspect
import io
import itertools
import json
import linecache
import numbers
import os
import random
import resource
import selectors
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path

import numpy as np

from helpers.lateral_line import cli as lateral_line_cli
from helpers.lateral_line.params import NetworkParams
from helpers.parameters import HelpersError
from helpers.rnn import cli as rnn_cli
from tests.attack import valid
from tests.lateral_line.test_cli import SMALL
from tests.rnn.test_cli import BASE

LIMIT_S, DEAD_S, LIMIT_BYTES, MAX_LINE = 10, 200, 6 * 2**30, 600
ROOT = Path(__file__).resolve().parents[2]


def of_valid(change):
    """Mark a maker that changes the good value, and leaves alone what is not an array of numbers."""

    def changed(value):
        try:
            array = np.asarray(value)
        except ValueError:  # rows of different lengths
            return value
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
        array.flat[:1] = value
        return array

    return of_valid(changed)


def quantity(unit):
    import brian2

    return 3 * getattr(brian2, unit)


NUMBERS = (float("nan"), float("inf"), -float("inf"), -1, 0, -0.0, 0.5, 1e-15, 1e300, -1e300)
INTEGERS = (2**31, 2**40, 2**63, -(2**63) - 1, 10**30)
VALUES = [True, None, "", "x", "a\0b", b"x", [], (), {}, {1, 2}, range(3), int, 1 + 1j, [float("nan")], [None], ["x"]]
VALUES += [[-1], [2**63], [[1.0], [1.0, 2.0]], {"x": 1}, {1: None}, [(1, 2), (3, 4)], fractions.Fraction(1, 3)]
VALUES += [decimal.Decimal("1.5"), np.datetime64("2020-01-01"), np.True_]
HOSTILE = {repr(value): (lambda value=value: valid.copied(value)) for value in (*NUMBERS, *VALUES)}
HOSTILE |= {f"{value:.3g}": (lambda value=value: value) for value in INTEGERS}
HOSTILE |= {
    "long text": lambda: "x" * 10_000,
    "generator": lambda: (x for x in (1.0, 2.0)),
    "function": lambda: lambda: None,
    "of two": lambda: lambda a, b: a,
    "object": object,
    "module": lambda: np,
    "empty array": lambda: np.empty(0),
    "empty (0, 3)": lambda: np.empty((0, 3)),
    "ones 7": lambda: np.ones(7),
    "ones (3, 2, 2)": lambda: np.ones((3, 2, 2)),
    "0-d": lambda: np.array(1.5),
    "ints": lambda: np.array([-1, 10**6]),
    "objects": lambda: np.array([1, None, "x"], object),
    "words": lambda: np.array(["a", "b"]),
    "masked": lambda: np.ma.array([1.0, 2.0, 3.0], mask=[0, 1, 0]),
    "record": lambda: np.zeros(2, [("a", int)]),
    "int8": lambda: np.ones(3, np.int8),
    "mV": lambda: quantity("mV"),
    "kg": lambda: quantity("kilogram"),
    "nan inside": inside(float("nan")),
    "inf inside": inside(float("inf")),
    "-1 inside": inside(-1),
    "10**6 inside": inside(10**6),
    "first alone": of_valid(lambda a: a[:1]),
    "one more axis": of_valid(lambda a: a[None]),
    "turned": of_valid(lambda a: a.T[..., ::-1]),
    "big-endian": of_valid(lambda a: a.astype(a.dtype.newbyteorder(">"))),
    "read-only": of_valid(read_only),
    "every second": of_valid(lambda a: np.repeat(a, 2, axis=0)[::2]),
    "Fortran": of_valid(np.asfortranarray),
    "float32": of_valid(lambda a: a.astype(np.float32)),
    "float16": of_valid(lambda a: a.astype(np.float16)),
}
NOT_FINITE, LARGE = ("nan", "inf", "-inf"), (f"{2**31:.3g}", f"{2**40:.3g}")
WORDS = ["nan", "inf", "-inf", "1e999", "-1", "0", "-0.0", "1e-15", "1e-300", "1e300", "0.5", str(2**31), str(2**63)]
WORDS += [str(10**30), "", " ", "x", "a\0b", "True", "None", "[]", "1,2", "1+1j", "--", "../../x", "é" * 300, "0x10"]
WORDS += ["1_000", "٣", "½"]


# --- what is judged


def is_ours(failure):
    """Whether an exception is one of ours, or raised by a statement of ours, in one line."""
    text = str(failure)
    if "\n" in text or len(text) > MAX_LINE or not text:
        return False
    last = (traceback.extract_tb(failure.__traceback__) or [None])[-1]
    stated = last and "/helpers/" in last.filename and linecache.getline(last.filename, last.lineno).strip()
    own = bool(stated) and stated.startswith("raise")
    return isinstance(failure, HelpersError) or (own and isinstance(failure, TypeError | ValueError | AttributeError))


def named(failure):
    """Return [kind, innermost place of ours and words] of an exception."""
    place = "called"
    for frame in traceback.extract_tb(failure.__traceback__):
        if "/helpers/" in frame.filename:
            place = f"{Path(frame.filename).parent.name}/{Path(frame.filename).name}:{frame.lineno}"
    return [type(failure).__name__, f"{place} {' '.join(str(failure).split())[:150]}"]


@contextlib.contextmanager
def listening():
    """Yield a list of the warnings about numbers inside, and what is written to the error stream; prints nothing."""
    err = io.StringIO()
    with warnings.catch_warnings(record=True) as told, contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("always")
        with contextlib.redirect_stderr(err):
            yield told, err


def warned(told):
    """Return a fault for the first warning of numpy about numbers, or None."""
    for warning in told:
        if issubclass(warning.category, RuntimeWarning):
            return [
                warning.category.__name__,
                f"{Path(warning.filename).name}:{warning.lineno} {warning.message}"[:150],
            ]
    return None


def holds_nan(result, depth=0):
    """Whether a number, or one in a list or array, is nan."""
    if isinstance(result, float | np.floating):
        return result != result
    if isinstance(result, np.ndarray):
        return result.dtype.kind == "f" and bool(np.isnan(result).any())
    return isinstance(result, tuple | list) and depth < 3 and any(holds_nan(item, depth + 1) for item in result)


def judged(known, name, argument, label):
    """Return None, or [kind of fault, words] of one call."""
    item, owner, arguments = known[name]
    with listening() as (told, _):
        try:
            result = valid.called(name, item, owner, arguments, argument, HOSTILE[label])
            result = list(itertools.islice(result, 100)) if hasattr(result, "__next__") else result
        except TimeoutError:  # so long was asked for
            return None if label in LARGE else ["hang", f"more than {LIMIT_S} s"]
        except MemoryError as failure:  # numpy's own line says how much
            return None if label in LARGE and "Unable to allocate" in str(failure) else ["MemoryError", str(failure)]
        except BaseException as failure:
            return None if is_ours(failure) else named(failure)
        good, parameter = arguments[argument](), inspect.signature(item).parameters.get(argument)
    scalar = isinstance(good, numbers.Real) and not isinstance(good, bool)
    scalar &= parameter is not None and "Any" not in str(parameter.annotation)  # else it may be of any type
    if scalar and label in ("True", "np.True_") and not isinstance(result, dict):
        return ["switch taken as a number", ""]
    if scalar and label in NOT_FINITE and holds_nan(result):
        return ["nan for what is not finite", ""]
    return warned(told)


# --- commands


def of_click(command):
    def run(words):
        command.main(words)
        return 0

    return run


COMMANDS = {name: (of_click(getattr(rnn_cli, name)), getattr(rnn_cli, name), words) for name, words in BASE.items()}
COMMANDS["lateral_line"] = lateral_line_cli.main, lateral_line_cli.command, f"{SMALL} --run-name a"


def judged_command(name, flag, word):
    """Return None, or [kind of fault, words] of a command with one flag set to a word."""
    run, command, base = COMMANDS[name]
    option, kept = next(option for option in command.params if flag in option.opts), []
    for group in f" {base}".split(" --")[1:]:  # the flag goes, in any spelling, with its values
        if flag == "--set" or f"--{group.split()[0]}" not in option.opts:
            kept += f"--{group}".split()
    values = [] if option.is_flag and not option._flag_needs_value else [word] * option.nargs
    with listening() as (told, err):
        try:
            status = run([*kept, flag, *values])
        except SystemExit as left:
            status = left.code
        except TimeoutError:
            return ["hang", f"more than {LIMIT_S} s"]
        except BaseException as failure:
            return named(failure)
    lines = [line for line in err.getvalue().splitlines() if line.strip()]
    if status not in (0, 2, None) or (status == 2 and (len(lines) > 3 or "Traceback" in err.getvalue())):
        return [f"status {status}", " | ".join(lines)[:150]]
    return warned(told)


# --- the child, and who watches it


def all_cases():
    """Return the list of all cases: ("call", callable, argument, hostile value), ("command", command, flag, word)."""
    cases = []
    for name, (_, _, arguments) in valid.calls()[0].items():
        cases += [("call", name, argument, label) for argument in arguments for label in HOSTILE]
    for name, (_, command, _) in COMMANDS.items():
        flags = [option.opts[-1] for option in command.params if option.opts[-1].startswith("--")]
        cases += [("command", name, flag, word) for flag in flags for word in WORDS]
    fields = NetworkParams.__dataclass_fields__
    return cases + [("command", "lateral_line", "--set", f"{field}={word}") for field in fields for word in WORDS]


def late(*_):
    raise TimeoutError


def child(path):
    """Judge the cases of a file, one after the other; say which is begun, and what came of it."""
    resource.setrlimit(resource.RLIMIT_AS, (LIMIT_BYTES, LIMIT_BYTES))
    out, known = os.fdopen(os.dup(1), "w"), valid.calls()[0]
    signal.signal(signal.SIGPROF, late)
    for i, (kind, name, argument, value) in enumerate(json.loads(Path(path).read_text())):
        print(json.dumps(["begun", i]), file=out, flush=True)
        start = time.perf_counter()
        try:
            signal.setitimer(signal.ITIMER_PROF, LIMIT_S)  # of the processor: others may use it too
            fault = judged(known, name, argument, value) if kind == "call" else judged_command(name, argument, value)
        except TimeoutError:
            fault = ["hang", f"more than {LIMIT_S} s"]
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        print(json.dumps(["done", i, fault, round(time.perf_counter() - start, 2)]), file=out, flush=True)


def lives(cases, folder):
    """Start a child on cases; yield (number of the case, fault, seconds) until it ends, or dies of the last one."""
    Path(folder, "cases.json").write_text(json.dumps(cases))
    env = os.environ | dict(PYTHONPATH=str(ROOT), CI="true", NOTEBOOK_FIGS=f"{folder}/figs", MPLBACKEND="agg")
    words = [sys.executable, "-m", "tests.attack.arguments", "--child", "cases.json"]
    process = subprocess.Popen(words, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    ready, begun = selectors.DefaultSelector(), None
    ready.register(process.stdout, selectors.EVENT_READ)
    while ready.select(DEAD_S) and (line := process.stdout.readline()):
        word, i, *found = json.loads(line)
        begun = i if word == "begun" else None
        if word == "done":
            yield i, *found
    if process.poll() is None and begun is not None and not ready.select(0):
        process.kill()
        yield begun, ["hang", "in a compiled loop"], DEAD_S
    elif process.wait() and begun is not None:
        yield begun, ["crash", f"status {process.returncode}"], 0
    process.kill()
    process.wait()


def watched(cases):
    """Judge cases in a child, which is started anew after what kills it; yield (case, fault, seconds)."""
    while cases:
        with tempfile.TemporaryDirectory() as folder:
            last = -1
            for last, fault, seconds in lives(cases, folder):
                yield cases[last], fault, seconds
        if last < 0:
            raise RuntimeError("the child did not begin")
        cases = cases[last + 1 :]


def main(number=None):
    """Judge `number` hostile calls, drawn with a fixed seed, print what was found, and return how many are faults."""
    cases, number = all_cases(), number or 10_000
    random.Random(1).shuffle(cases)
    start, faults, seconds = time.perf_counter(), {}, collections.Counter()
    for done, (case, fault, took) in enumerate(watched(cases[: int(number)]), 1):
        seconds[case[1]] += took
        if fault:
            faults[case] = fault
        if done % 500 == 0:
            print(f"... {done} calls, {time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)
    kinds = collections.Counter(kind for kind, _ in faults.values())
    callables = collections.Counter(case[1] for case in faults)
    print(f"arguments: {len(faults)} faults in {number} hostile calls, {time.perf_counter() - start:.0f} s")
    print("by kind:", dict(kinds.most_common()), "\nby callable:", dict(callables.most_common()))
    if "ATTACK_LOG" in os.environ:
        lines = [json.dumps([*case, *fault]) for case, fault in faults.items()]
        Path(os.environ["ATTACK_LOG"]).write_text("\n".join([*lines, str(seconds.most_common(30)), ""]))
    return len(faults)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2])
    else:
        sys.exit(main(*map(int, sys.argv[1:2])) > 0)
