"""Would the tests see it? ``make mutants`` breaks one operator or number of an engine at a time and runs its tests.

Usage: ``python -m tests.mutants [N] [part] [last stage]`` (240 mutants of all parts, all stages). The places are drawn
by a fixed seed from all operators, comparisons and numbers of the modules below, outside checks and messages. Each
mutant lives in a copy of the last commit; it is killed by a test that fails or takes five times as long. First each
meets the tests and examples of its module, the survivors then the tests of its part, the acceptance tests, and the
notebooks, whose cells are the reference of the engines. ``build/mutants.jsonl`` keeps every result with a hash of
module and tests, so that a stopped run goes on. ``tests/mutants.toml`` lists survivors that change nothing to see, each
with why; they are run, but do not count. Exit code 1 below 95 %.
"""

import ast
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue

from tools.common import ROOT

PARTS = {
    "v1": ("kernel lgn simulate wiring", "FINAL_1 FINAL_2"),
    "lateral_line": ("kernel measures simulate stimulus wiring", "FINAL_3"),
    "wta": ("kernel measures inputs network", "FINAL_4"),
    "rnn": ("lyapunov gradients losses meanfield model training connectome", "FINAL_5 FINAL_6"),
    "modular": ("core kernel learning synapses draws grid", "FINAL_7 FINAL_8"),
    "": ("tuning spikes stimuli", "FINAL_1"),
}
SWAPS = {"+": "-", "-": "+", "*": "/", "/": "*", "**": "*", "//": "/", "%": "*"}
SWAPS |= {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==", "and": "or", "or": "and"}
LEFT_OUT = ast.Raise | ast.AnnAssign | ast.arguments | ast.JoinedStr  # messages, types, defaults
WORKERS, SEED, FACTOR = 2, 20, 5
STAGES = ("module", "part", "acceptance", "notebooks")
LATE, NO_TESTS = 1800, 5  # seconds for the stages after the first; exit code of pytest


def nodes(tree):
    """Yield the nodes of a module but those of messages, types, defaults and checks."""
    if isinstance(tree, LEFT_OUT) or (isinstance(tree, ast.Call) and getattr(tree.func, "id", "").startswith("check_")):
        return
    yield tree
    for child in ast.iter_child_nodes(tree):
        yield from nodes(child)


def joined(node):
    """Return the two nodes that an operator joins, or None."""
    if isinstance(node, ast.BinOp):
        return node.left, node.right
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        return node.left, node.comparators[0]
    if isinstance(node, ast.BoolOp):
        return node.values[0], node.values[1]
    return (node.target, node.value) if isinstance(node, ast.AugAssign) else None


def places(path):
    """Return [(offset, old, new)] of all places in a module where it can be broken; offsets count bytes."""
    text, found, starts = path.read_bytes(), [], [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    for node in nodes(ast.parse(text)):
        first = starts[node.lineno - 1] + node.col_offset if hasattr(node, "lineno") else 0
        if pair := joined(node):
            left, right = pair
            first = starts[left.end_lineno - 1] + left.end_col_offset
            gap = text[first : starts[right.lineno - 1] + right.col_offset].decode()
            sign = gap.strip(" ()\n").removesuffix("=") if isinstance(node, ast.AugAssign) else gap.strip(" ()\n")
            if SWAPS.get(sign):
                found.append((first + gap.index(sign), sign, SWAPS[sign]))
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Not):
            found.append((first, "-" if isinstance(node.op, ast.USub) else "not ", ""))
        elif isinstance(node, ast.Constant) and type(node.value) in (int, float):
            old = text[first : starts[node.end_lineno - 1] + node.end_col_offset].decode()
            new = node.value + 1 if isinstance(node.value, int) else node.value * 1.1 + (node.value == 0)
            found.append((first, old, repr(new)))
    return found


def line_at(text, offset):
    """Return the line around a place, without its indentation."""
    return text[text.rfind(b"\n", 0, offset) + 1 :].partition(b"\n")[0].strip()


def broken(text, offset, old, new):
    """Return the bytes of a module with one place changed."""
    end = offset + len(old.encode())
    assert text[offset:end] == old.encode(), (offset, old, new)
    return text[:offset] + new.encode() + text[end:]


def drawn(number, only):
    """Return the mutants, [(part, path, offset, old, new, hash of the module)]: those with the least hashes.

    The hash is of the seed, the line and what changes in it, so that an edit elsewhere leaves the others drawn.
    """
    every = []
    for part, (modules, _) in PARTS.items():
        for module in modules.split() if only in (None, part) else ():
            path = Path("helpers", part, f"{module}.py")
            text = (ROOT / path).read_bytes()
            digest, seen = hashlib.sha256(text).hexdigest()[:16], Counter()
            for offset, old, new in places(ROOT / path):
                seen[where := f"{SEED} {path} {line_at(text, offset)} {old} {new}"] += 1
                order = hashlib.sha256(f"{where} {seen[where]}".encode()).hexdigest()
                every.append((order, (part, str(path), offset, old, new, digest)))
    return [mutant for _, mutant in sorted(every)[:number]]


def run(copy, command, limit):
    """Return whether a command of pytest passes in a copy of the collection, and the seconds it took."""
    settings = {"PYTHONPATH": copy, "CI": "true", "OMP_NUM_THREADS": "1", "NOTEBOOK_FIGS": copy / "out"}
    settings["PYTHONDONTWRITEBYTECODE"] = "1"  # a mutant of the same length and second would be taken for the other
    env = os.environ | {name: str(value) for name, value in settings.items()}
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-n0", "-p", "no:cacheprovider", *command]
    start = time.time()
    try:
        done = subprocess.run(command, cwd=copy, env=env, capture_output=True, timeout=limit, check=False)
    except subprocess.TimeoutExpired:
        return False, limit
    return done.returncode in (0, NO_TESTS), time.time() - start


def stages(path, part):
    """Return {name: command} of what judges a mutant of a module, the quickest first."""

    def files(*patterns):
        return [str(file.relative_to(ROOT)) for pattern in patterns for file in sorted(ROOT.glob(pattern))]

    stem, (modules, notebooks) = Path(path).stem, (names.split() for names in PARTS[part])
    options = ["--nbval-lax", "--nbval-current-env", "--nbval-cell-timeout=300"]
    options.append("--nbval-sanitize-with=tests/notebooks/nbval_sanitize.cfg")
    room = ["--ignore-glob=*acceptance*", f"tests/{part}"]
    return {
        "module": ["--doctest-modules", *files(f"tests/{part}/test_{stem}.py"), f"helpers/{part}", "-k", stem],
        "part": room if part else files(*(f"tests/test_{name}.py" for name in modules)),
        "acceptance": files(f"tests/{part or 'v1'}/test_acceptance*.py"),
        "notebooks": options + files(*(f"FINAL_notebooks/{name}_*.ipynb" for name in notebooks)),
    }


def passes(copy, command, limit, mutant):
    """Break one place in a copy, run a command, mend it; return whether the command passes."""
    _, path, offset, old, new, _ = mutant
    whole = (copy / path).read_bytes()
    (copy / path).write_bytes(broken(whole, offset, old, new))
    try:
        return run(copy, command, limit)[0]
    finally:
        (copy / path).write_bytes(whole)


def tests_digest(command):
    """Return a digest of the test files and notebooks that a command names; changed, a survivor meets them anew."""
    names = [word for word in command if not word.startswith("-")]
    files = sorted(file for name in names for file in (ROOT / name, *(ROOT / name).rglob("*.py")) if file.is_file())
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]


def main(number=240, only=None, last="notebooks"):
    """Run the mutants stage by stage as far as `last`, print the score and the survivors, and return the exit code."""
    log, limits, copies = ROOT / "build" / "mutants.jsonl", {}, Queue()
    log.parent.mkdir(exist_ok=True)
    known = {key: result for key, result in map(json.loads, log.read_text().splitlines())} if log.exists() else {}
    dead = {json.dumps(json.loads(key)[0]) for key, survived in known.items() if not survived}
    mutants = alive = drawn(number, None if only == "all" else only)
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(WORKERS) as pool:
        for k in range(WORKERS):
            copies.put(copy := Path(folder, str(k)))
            subprocess.run(["git", "clone", "-q", str(ROOT), str(copy)], check=True)
        for stage in STAGES[: STAGES.index(last) + 1]:
            alive = [mutant for mutant in alive if json.dumps(mutant) not in dead]
            commands = {mutant: stages(mutant[1], mutant[0])[stage] for mutant in alive}
            keys = {m: json.dumps([m, stage, tests_digest(command)]) for m, command in commands.items()}
            todo = [mutant for mutant, key in keys.items() if key not in known]
            print(f"{stage}: {len(alive)} mutants, {len(todo)} to run", flush=True)
            for command in dict.fromkeys(tuple(commands[mutant]) for mutant in todo) if stage == STAGES[0] else ():
                passed, seconds = run(copy, command, LATE)
                assert passed, f"the tests fail without any mutant: {' '.join(command)}"
                limits[command] = FACTOR * seconds + 60

            def one(mutant, stage=stage, commands=commands, keys=keys):
                copy, command = copies.get(), commands[mutant]
                survived = passes(copy, command, limits.get(tuple(command), LATE), mutant)
                copies.put(copy)
                with log.open("a") as lines:
                    lines.write(json.dumps([keys[mutant], survived]) + "\n")
                print("survives" if survived else "dies", stage, *mutant[1:5], flush=True)
                return survived

            known |= dict(zip(map(keys.get, todo), pool.map(one, todo), strict=True))
            alive = [mutant for mutant in alive if known[keys[mutant]]]
    return verdict(alive, len(mutants))


def verdict(alive, number):
    """Print the survivors and the score, in which those that mutants.toml calls the same do not count."""
    judged, same = tomllib.loads((ROOT / "tests" / "mutants.toml").read_text()), 0
    for _, path, offset, old, new, _ in alive:
        text = (ROOT / path).read_bytes()
        why = judged.get(path, {}).get(line := line_at(broken(text, offset, old, new), offset).decode())
        same += why is not None
        print(f"survived: {path}:{text[:offset].count(10) + 1}: {old!r} -> {new!r}: {line}: {why or 'not judged'}")
    killed, number = number - len(alive), number - same
    print(f"{killed} of {number} mutants killed: {killed / number:.1%}; {same} more change nothing to see")
    return int(killed < 0.95 * number)


if __name__ == "__main__":
    sys.exit(main(int((*sys.argv, 240)[1]), *sys.argv[2:4]))
