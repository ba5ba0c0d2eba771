"""Interrupts and kills at any moment: the next call finishes, with the same bytes, and nothing is left lying about.

An attempt starts some work in an empty folder, sends it SIGINT or SIGKILL at a random moment, and calls it again. What
is expected: it ends, and all its workers, within 5 s; the second call succeeds; its files are those of a run without
interrupt, byte for byte (but for the seconds that a training took); no draft and no other file is left.

Set-up (tools/bootstrap.py) would download packages: tests/test_bootstrap.py interrupts it with stand-ins.
"""

import atexit
import contextlib
import hashlib
import importlib
import json
import os
import random
import signal
import sys
import tempfile
import threading
import time
import traceback
import uuid
from collections import Counter
from multiprocessing import get_context
from multiprocessing.connection import wait
from pathlib import Path

import numpy as np

from helpers import runs, storage

ROOT = runs.ROOT
# Loaded before an attempt is forked; not by the workers, which import this module as well.
LOADED = ("helpers.figures", "helpers.lateral_line.cli", "helpers.lateral_line.simulate", "helpers.rnn.cli")
LOADED += ("tools.notebooks", "tools.thesis", "matplotlib.backends.backend_pdf", "matplotlib.backends.backend_svg")
SEED, NUMBER, LANES = 21, 200, 2
ENDS_S, LASTS_S = 5.0, 120.0
MARK = "NEURAL_ATTACK"  # in the environment of all that an attempt starts


# --- the work; each kind runs in an empty folder, the current one, and returns an exit code


def point(x):
    time.sleep(0.02)
    return {"y": np.random.default_rng(x).random(20_000), "word": "x" * x}


def sweep(n_jobs):
    list(runs.sweep(point, {"x": list(range(12))}, store="store", n_jobs=n_jobs, progress=False))


def draw():
    from helpers import figures
    from helpers.parameters import Table

    os.environ["NOTEBOOK_FIGS"] = "figs"
    fig, ax = figures.figure(width_mm=40, height_mm=30)
    ax.plot(np.sin(np.arange(50)))
    figures.save(fig, "a/line", params={"n": 1}, caption="A line.")
    figures.save_table(Table(("n",), ((1,),)), "a/table", params={"n": 1}, caption="A table.")


def export():
    """Figures, and with them the folder for LaTeX."""
    from tools import thesis

    draw()
    return thesis.main([], root=Path.cwd())


def lateral_line(seeds):
    from helpers.lateral_line import cli

    small = "--mode ll_fast --set n_mon=60 --set n_ts=10 --set trial_duration_s=.05 --set test_repeats=1 --figures none"
    words = f"{small} --set checkpoint_trials=1 --n-training-trials 2 --run-name a --multi-seed {seeds}"
    return cli.main(words.split())


def transition():
    from helpers.rnn import cli

    words = "--gmin 1 --gmax 2 --m_g 4 --n 30 --n_samples 2 --tsim 20 --transient 5 --n_jobs 1 --out out"
    cli.transition_2_chaos.main(words.split())


def training():
    from helpers.rnn import cli

    words = "--n 6 --n_samples 2 --nle 2 --loss l2 --activation pos --g 1 --n_epochs 2 --tsim 6 --transient 1 --out out"
    cli.train_rd_model.main(words.split())


def copies():
    from tools import notebooks

    folder = Path("FINAL_notebooks")
    for k in range(20):
        storage.write_text(folder / f"FINAL_{k}.ipynb", f'{{"cells": [], "k": {k}}}' * 1000)
    notebooks.work(sorted(folder.glob("*.ipynb")), Path("work"))


CELL = """
import numpy as np
from helpers import figures, runs
def point(x):
    return {"y": np.arange(x)}
n = len(list(runs.sweep(point, {"x": [1, 2, 3]}, store="../store", n_jobs=2, progress=False)))
fig, ax = figures.figure(width_mm=40, height_mm=30)
figures.save(fig, "a/line", params={"n": n}, caption="A line.")
"""


def notebook():
    from tools import notebooks

    os.environ["NOTEBOOK_FIGS"] = str(Path("figs").absolute())
    cell = dict(cell_type="code", source=CELL, metadata={}, outputs=[], execution_count=None, id="a")
    book = dict(cells=[cell], metadata={}, nbformat=4, nbformat_minor=5)
    storage.write_text(Path("FINAL_notebooks/FINAL_1.ipynb"), json.dumps(book))
    return notebooks.main(["figs"], root=Path.cwd())


KINDS = {  # work, share of the attempts, whether it needs a process of its own
    "sweep": (lambda: sweep(1), 37, False),
    "sweep with workers": (lambda: sweep(2), 12, False),
    "figures": (draw, 35, False),
    "export": (export, 25, False),
    "lateral line": (lambda: lateral_line(1), 40, False),
    "lateral line, two seeds": (lambda: lateral_line(2), 6, False),
    "rnn command": (transition, 20, False),
    "copies": (copies, 15, False),
    "training": (training, 4, True),
    "notebook": (notebook, 6, True),
}


# --- one attempt


def start(kind, folder, mark):
    """Start the work of a kind in a folder and return the process id; what it says goes to a file beside the folder."""
    work, _, alone = KINDS[kind]
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        os.setsid()
        atexit._clear()  # what was registered before is for the parent
        signal.signal(signal.SIGINT, signal.default_int_handler)
        said = os.open(f"{folder}.txt", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        os.dup2(said, 1)
        os.dup2(said, 2)
        os.chdir(folder)
        os.environ |= {MARK: mark, "CI": "true", "PYTHONPATH": str(ROOT)}
        if alone:
            os.execv(sys.executable, [sys.executable, "-m", "tests.attack.interrupts", kind])
        code = ended(work)
        threading._shutdown()
        atexit._run_exitfuncs()
    finally:
        os._exit(code)


def ended(work):
    """Do some work and return its exit code."""
    try:
        return work() or 0
    except KeyboardInterrupt:
        return 130
    except SystemExit as end:
        return end.code or 0
    except BaseException:
        traceback.print_exc()
        return 1


def wait_for(pid, seconds):
    """Return the exit code of a child, or None if it lives on."""
    until = time.time() + seconds
    while time.time() < until:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    return None


def marked(mark):
    """Return the processes that carry a mark."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if f"{MARK}={mark}".encode() in (place / "environ").read_bytes():
                found.append(int(place.name))
    return found


def left_alive(mark, seconds):
    """Return the processes of an attempt that outlive it by so many seconds, and end them."""
    until = time.time() + seconds
    while (alive := marked(mark)) and time.time() < until:
        time.sleep(0.1)
    for pid in alive:
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)
    return alive


def content(folder):
    """Return {path: digest} of a folder, but for the seconds that a training took."""
    found = {}
    for path in sorted(Path(folder).rglob("*")):
        if path.is_file() or not any(path.iterdir()):
            found[str(path.relative_to(folder))] = digest(path) if path.is_file() else "empty folder"
    return found


def digest(path):
    body = path.read_bytes()
    with contextlib.suppress(storage.DamagedFile):
        if path.name == "model.npz":
            arrays, record = storage.read_arrays(path)
            body = repr([(k, v.tolist()) for k, v in sorted(arrays.items()) if "time" not in k] + [record]).encode()
        if path.name.endswith("_logs.json"):
            body = json.dumps({k: v for k, v in storage.read_json(path).items() if "time" not in k}).encode()
    return hashlib.sha256(body).hexdigest()


def patience():
    """Return by how much longer things take on a machine with other work."""
    return max(1.0, os.getloadavg()[0] / os.cpu_count())


def attempt(kind, seed, folder, expected, seconds):
    """Interrupt the work of a kind once and call it again; return the faults, a dict {word: what was seen}."""
    rng, mark, faults = random.Random(seed), uuid.uuid4().hex, {}
    sent, moment = rng.choice([signal.SIGINT, signal.SIGKILL]), rng.random() * seconds
    folder.mkdir()
    pid = start(kind, folder, mark)
    time.sleep(moment)
    os.kill(pid, sent)
    if wait_for(pid, ENDS_S * patience()) is None:
        faults["hang"] = "still runs"
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    if alive := left_alive(mark, ENDS_S * patience()):
        faults["workers"] = f"{len(alive)} left"
    pid = start(kind, folder, mark)
    code = wait_for(pid, LASTS_S)
    if code is None:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    if code != 0:
        faults["next call"] = f"exit {code}: {Path(f'{folder}.txt').read_text()[-300:]}"
    found = content(folder)
    if others := {name for name in expected if found.get(name) != expected[name]}:
        faults["bytes"] = f"other or missing: {', '.join(sorted(others))}"
    if litter := set(found) - set(expected):
        faults["litter"] = ", ".join(sorted(litter))
    left_alive(mark, 0.5)
    return {word: f"{sent.name} after {moment:.2f} of {seconds:.2f} s: {more}" for word, more in faults.items()}


def whole(kind, above):
    """Run a kind twice without interrupt and return what it leaves, and the seconds of the second run."""
    for k in range(2):
        folder, begin = Path(above, f"{kind} whole {k}"), time.time()
        folder.mkdir()
        code = wait_for(start(kind, folder, uuid.uuid4().hex), LASTS_S)
        assert code == 0, f"{kind} fails without any interrupt: {Path(f'{folder}.txt').read_text()[-800:]}"
    assert content(folder) == content(Path(above, f"{kind} whole 0")), f"{kind}: two runs differ"
    return content(folder), time.time() - begin


def lane(attempts, out):
    """Do attempts, (number, kind), in a process of its own."""
    with tempfile.TemporaryDirectory() as above:
        known = {}
        for module in LOADED:
            importlib.import_module(module)
        for k, kind in attempts:
            if kind not in known:
                known[kind] = whole(kind, above)
            out.send((kind, attempt(kind, f"{SEED} {k}", Path(above, str(k)), *known[kind])))
    out.send("done")


def drawn(number, kinds):
    """Return the kinds of so many attempts, each with its share, one after another."""
    shares = {kind: KINDS[kind][1] for kind in kinds}
    counts = {kind: round(number * share / sum(shares.values())) for kind, share in shares.items()}
    kinds = [kind for kind, n in counts.items() for _ in range(n)]
    return (kinds + list(shares) * number)[:number]


WORDS = {
    "broke": "lanes broken off",
    "hang": "go on",
    "workers": "leave workers",
    "next call": "fail then",
    "bytes": "differ",
    "litter": "litter",
}


def attempts(number, kinds):
    """Yield (kind, faults) of so many attempts as they come, None for a lane that breaks off."""
    fork, pipes, todo = get_context("fork"), [], list(enumerate(drawn(number, kinds)))
    for k in range(LANES):
        here, there = fork.Pipe(False)
        fork.Process(target=lane, args=(todo[k::LANES], there)).start()
        there.close()
        pipes.append(here)
    while pipes:
        for pipe in wait(pipes):
            try:
                result = pipe.recv()
            except EOFError:
                result = None
            if result in (None, "done"):
                pipes.remove(pipe)
            if result != "done":
                yield result


def main(number=None, kinds=tuple(KINDS)):
    """Interrupt that often, print what went wrong, and return whether anything did."""
    number, begin, seen = number or NUMBER, time.time(), Counter()
    for done, result in enumerate(attempts(number, kinds), 1):
        kind, faults = result or ("?", {"broke": "a lane broke off"})
        for word, more in faults.items():
            seen[word] += 1
            print(f"{kind}: {word}: {more}", flush=True)
        if done % max(1, number // 10) == 0:
            print(f"interrupts: {done} of {number}, {time.time() - begin:.0f} s", flush=True)
    faults = ", ".join(f"{seen[word]} {words}" for word, words in WORDS.items())
    print(f"interrupts: {number} tried: {faults}")
    return int(bool(seen))


if __name__ == "__main__":
    sys.exit(ended(KINDS[sys.argv[1]][0]))
