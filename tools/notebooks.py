"""Run, rewrite, check and copy the notebooks.

Usage, with the Python of the set-up (``make figs``, ``full``, ``notebooks`` and ``lab`` call it)::

    python tools/notebooks.py figs  [--profile quick|full] [--part k/n] [names...]   run copies; they write figs/
    python tools/notebooks.py write [--profile quick|full] [--dev] [names...]        run, then rewrite with outputs
    python tools/notebooks.py check                                                  the notebook rules, one line each
    python tools/notebooks.py work  [names...]                                       copies to play with, in work/

A name is a file name, or any beginning of one (``FINAL_3``). A notebook that fails is named with its cell, the
others still run. Of n such runs with one store, each with its ``--part``, every one computes a share of the points
(:func:`helpers.runs.sweep`). Exit codes: 0 all well, 1 something failed, 2 wrong call.
"""

import argparse
import asyncio
import atexit
import base64
import functools
import io
import itertools
import logging
import os
import re
import signal
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from queue import Empty
from types import SimpleNamespace

import nbformat
import PIL.Image
from jupyter_client import AsyncKernelClient
from jupyter_client.channels import AsyncZMQSocketChannel
from nbclient import NotebookClient
from tqdm import tqdm

if not __package__:  # started as a script, Python puts tools/ on the path and not its parent
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from helpers import storage
from tools import hygiene
from tools.common import ROOT, ToolError, guarded

CELL_TIMEOUT_S = {"quick": 600, "full": None}
WIDGET, STILL = "application/vnd.jupyter.widget-view+json", 'class="still"'  # a widget, and the style beside it


def find(names=(), *, root=ROOT, dev=False):
    """Return the paths of the notebooks called `names`, in reading order; all the FINAL ones if none is named.

    Raises
    ------
    ToolError
        A name fits no notebook, there is none at all, or `dev` is set without names.
    """
    folder, pattern = (root / "dev", "*.ipynb") if dev else (root / "FINAL_notebooks", "FINAL_*.ipynb")
    known, found = {path.stem: path for path in sorted(folder.glob(pattern))}, set()
    if not known:
        raise ToolError(f"no {pattern} in {folder.name}/")
    if dev and not names:
        raise ToolError(f"name the dev notebooks to write; there are: {', '.join(known)}")
    for name in names or known:
        stem = Path(name).name.removesuffix(".ipynb")
        fitting = {stem} & set(known) or set(filter(re.compile(re.escape(stem)).match, known))
        if not fitting:
            raise ToolError(f"no notebook is called {name!r}; there are: {', '.join(known)}")
        found |= fitting
    return list(map(known.get, sorted(found)))


# --- running one


class Channel(AsyncZMQSocketChannel):
    """A channel that looks again every few seconds: zmq.asyncio may lose a wake-up (pyzmq issue 2173).

    The message then waits in its socket, and kernel and client wait for each other for ever.
    """

    look_s = 5.0

    async def get_msg(self, timeout=None):
        end = None if timeout is None else time.monotonic() + timeout
        while end is None or time.monotonic() + self.look_s < end:
            with suppress(Empty):
                return await super().get_msg(self.look_s)
        return await super().get_msg(max(0.0, end - time.monotonic()))


class KernelClient(AsyncKernelClient):
    """The client of a kernel, with these channels."""

    shell_channel_class = iopub_channel_class = Channel


class Client(NotebookClient):
    """A client that measures the memory of its kernel, and whose kernel an interrupt ends with all its workers.

    nbclient alone takes an interrupt for a kernel that died, so that the next notebook would be run.
    """

    memory_mb, stopped = 0.0, False

    def __init__(self, *given, **named):
        super().__init__(*given, **named)
        self.cpu_s = {}  # of each process, by its id

    @property
    def process(self):
        """The process id of the kernel; 0 while there is none."""
        return getattr(getattr(self.km, "provisioner", None), "pid", None) or 0

    def create_kernel_manager(self):
        manager = super().create_kernel_manager()
        manager.client_factory = KernelClient
        return manager

    def measure(self, **_):
        self.memory_mb = max(self.memory_mb, memory_mb(self.process))
        self.cpu_s |= cpu_s(self.process)

    def watch(self, ended):
        while not ended.wait(0.5):
            self.measure()

    def stop(self):
        self.stopped = True
        atexit.unregister(self._cleanup_kernel)  # of a kernel that will be gone
        with suppress(OSError):
            if self.process:  # 0 would be our own group
                os.killpg(self.process, signal.SIGKILL)

    async def async_start_new_kernel(self, **named):
        with suppress(NotImplementedError):  # Windows
            for sign in (signal.SIGINT, signal.SIGTERM):  # in place of what nbclient has just set
                asyncio.get_running_loop().add_signal_handler(sign, self.stop)
        await super().async_start_new_kernel(**named)
        if self.stopped:  # before there was a process
            self.stop()


def execute(path, profile="quick", part=None):
    """Run a copy of the notebook at `path` in memory, from its own folder; or the `part` "k/n" of its sweeps first.

    The file is only read. The kernel finds the notebook's path in ``JPY_SESSION_NAME``, as under JupyterLab, so
    that a figure can record where it was drawn.

    Returns
    -------
    namespace
        name, seconds, memory_mb and cpu_s (0 where unknown), failure (one line, empty if all cells ran), notebook.

    Raises
    ------
    KeyboardInterrupt
        After an interrupt, or SIGTERM, when the kernel and its workers have ended.
    """
    run = SimpleNamespace(name=path.stem, memory_mb=0.0, cpu_s=0.0, failure="", notebook=None)
    start, place, bar = time.perf_counter(), "", tqdm(disable=True)
    client, ended = None, threading.Event()

    def started(cell, cell_index):
        nonlocal place
        place = f"cell {cell_index + 1} ({cell.source.strip().split(chr(10))[0][:60]}): "
        bar.update(cell_index - bar.n)

    try:
        run.notebook = nbformat.read(path, as_version=4)
        print(f"{path.stem}: {len(run.notebook.cells)} cells", flush=True)
        bar = tqdm(total=len(run.notebook.cells), disable=not sys.stderr.isatty(), unit="cell", leave=False)
        client = Client(run.notebook, kernel_name="python3", on_cell_start=started)
        client.on_cell_executed = client.measure
        client.timeout, client.resources = CELL_TIMEOUT_S[profile], {"metadata": {"path": str(path.parent)}}
        client.extra_arguments = ["--log-level=40"]  # else each kernel warns that it listens on a local port
        client.record_timing, client.coalesce_streams = False, True
        threading.Thread(target=client.watch, args=[ended], daemon=True).start()
        client.execute(env=kernel_environment(path, profile) | ({"NOTEBOOK_PART": part} if part else {}))
        run.failure = widget_failure(client)
    except Exception as error:  # whatever it is, the next notebook has to run
        name, said = getattr(error, "ename", type(error).__name__), getattr(error, "evalue", str(error))
        run.failure = f"{place}{name}: {said.strip().split(chr(10))[0]}"
    bar.close()
    ended.set()
    if client and client.stopped:
        raise KeyboardInterrupt
    run.seconds = time.perf_counter() - start
    if client:
        run.memory_mb, run.cpu_s = client.memory_mb, sum(client.cpu_s.values())
    return run


def widget_failure(client):
    """Return the first error inside an output widget: a broken slider cell does not stop the notebook."""
    for widget in client.comm_objects.values():
        for out in getattr(widget, "outputs", ()):
            if out["output_type"] == "error":
                return f"a widget: {out['ename']}: {out['evalue']}"
    return ""


def kernel_environment(path, profile):
    """Return the environment of a kernel: profile, one BLAS thread, silent bars, and the notebook it runs."""
    settings = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "TQDM_DISABLE"), "1")
    settings |= {"NOTEBOOK_PROFILE": profile, "JPY_SESSION_NAME": str(path), "CI": "true"}
    settings |= {"MPLBACKEND": ""}  # one set in the caller's shell would keep the pictures out of the outputs
    return os.environ | settings


def memory_mb(pid):
    """Return the memory of a process and its descendants, what they share counted once; 0 where /proc is missing."""
    kilobytes = 0
    for process in family(pid):
        with suppress(OSError):  # it has just ended
            kilobytes += int(re.search(r"Pss:\s+(\d+)", Path(f"/proc/{process}/smaps_rollup").read_text())[1])
    return kilobytes / 1024


def cpu_s(pid):
    """Return the CPU seconds, user and system, of a process and its descendants, {id: s}; {} where /proc is missing."""
    found = {}
    for process in family(pid):
        with suppress(OSError):
            ticks = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11:13]
            found[process] = sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")
    return found


def family(pid):
    """Return the ids, as text, of a process and its descendants."""
    processes = [str(pid)]
    for process in processes:
        with suppress(OSError):
            for task in Path(f"/proc/{process}/task").glob("*/children"):
                processes += task.read_text().split()
    return processes


def note(run, folder):
    """Keep a run at thesis scale: its outputs, and a row with its time and memory for ``tools.scale``."""
    path = folder / "runs.csv"
    head, *rows = path.read_text().splitlines() if path.exists() else ["notebook,wall s,CPU s,peak MB"]
    mine = f"{run.name},{run.seconds:.0f},{run.cpu_s:.0f},{run.memory_mb:.0f}"
    kept = itertools.filterfalse(re.compile(rf"{run.name},").match, rows)
    storage.write_text(path, "\n".join([head, *sorted([*kept, mine])]) + "\n")
    storage.write_text(folder / f"{run.name}.ipynb", nbformat.writes(clean(run.notebook)).rstrip("\n") + "\n")


# --- rewriting one


def clean(notebook):
    """Reduce an executed notebook, in place, to what belongs in the repository, and return it.

    Kept: sources, tags, outputs that a reader without a kernel can see. Dropped: widget state, timings, stderr,
    editor metadata. Cell ids are numbered, execution counts run from 1, plots and checks are collapsed.
    """
    notebook.metadata = nbformat.from_dict(hygiene.METADATA)
    notebook.nbformat_minor, count = 5, 0
    for number, cell in enumerate(notebook.cells, 1):
        found = cell.metadata.get("tags")
        cell.id, cell.metadata = f"cell-{number:02d}", nbformat.from_dict({"tags": found} if found else {})
        if hygiene.tags(cell) & hygiene.COLLAPSED:
            cell.metadata.jupyter = {"source_hidden": True}
        if cell.cell_type == "code":
            cell.execution_count = count = count + 1
            cell.outputs = kept(cell.outputs, count)
    return notebook


def kept(outputs, count):
    """Return the outputs of a cell that stay: a widget has only its text form, and only if nothing else is seen."""
    still, widgets = [], []
    for out in outputs:
        if "execution_count" in out:
            out.execution_count = count
        if "image/png" in out.get("data", {}):
            out.data["image/png"] = packed(out.data["image/png"])
        is_widget = (data := out.get("data", {})).pop(WIDGET, None) and set(data) <= {"text/plain"}
        if (is_widget := is_widget or STILL in data.get("text/html", "")) and data.get("text/plain"):
            widgets.append(out)
        elif out.get("name") != "stderr" and not is_widget:
            still.append(out)
    seen = any(out.get("data") or out.get("text", "").strip() for out in still)
    return still if seen else still + widgets


def packed(picture):
    """Return a PNG (base64) with the same pixels in fewer bytes, where there is such a one."""
    image, smaller = PIL.Image.open(io.BytesIO(base64.b64decode(picture))), io.BytesIO()
    if image.mode == "RGBA" and image.getextrema()[3] == (255, 255):  # nothing shows through
        image = image.convert("RGB")
    image.save(smaller, "PNG", optimize=True, dpi=image.info.get("dpi"))
    found = base64.b64encode(smaller.getvalue()).decode()
    return found if len(found) < len(picture) else picture


# --- copies to play with


def work(paths, folder):
    """Bring copies of notebooks in `folder` up to date; say which their owner has changed: those are never overwritten.

    What was copied stands in ``.copied/`` beside the copies, to compare with.
    """
    changed, pristine = [], folder / ".copied"
    pristine.mkdir(parents=True, exist_ok=True)
    for path in paths:
        copy, known = folder / path.name, pristine / path.name
        ours = [place.read_bytes() for place in (known, path) if place.exists()]
        if copy.exists() and copy.read_bytes() not in ours:
            changed.append(path.stem)
        else:
            fill = functools.partial(Path.write_bytes, data=path.read_bytes())
            storage.write_all({copy: fill, known: fill})
    if changed:
        print(f"{folder.name}/: kept as you changed them: {', '.join(changed)}; delete a copy to get it fresh")


# --- the command line


def main(argv=None, *, root=ROOT):
    """Run one command and return its exit code."""
    parser = argparse.ArgumentParser(prog="notebooks", description="Run, rewrite, check and copy the notebooks.")
    parser.add_argument("command", choices=("figs", "write", "check", "work"))
    parser.add_argument("names", nargs="*", help="file names or their beginnings; default: all FINAL notebooks")
    parser.add_argument("--profile", choices=tuple(CELL_TIMEOUT_S), default="quick")
    parser.add_argument("--part", help="k/n: the k-th of n runs that share the points of the sweeps")
    parser.add_argument("--dev", action="store_true", help="write: the names are those of dev/ notebooks")
    return guarded("notebooks", lambda: command(parser.parse_intermixed_args(argv), root))


def command(options, root):
    """Do what the options say and return the exit code."""
    if options.command == "check":
        return int(not hygiene.report(root))
    paths = find(options.names, root=root, dev=options.dev and options.command == "write")
    if options.command == "work":
        return work(paths, root / "work")
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # a kernel that dies is reported by its cell
    table, good = [f"\n{'notebook':35}  seconds  peak MB    CPU s  outcome"], 0
    for path in paths:
        run = execute(path, options.profile, options.part)
        if run.failure:
            print(f"FAILED {run.name}: {run.failure}", flush=True)
        elif options.command == "write":
            storage.write_text(path, nbformat.writes(clean(run.notebook)).rstrip("\n") + "\n")
        good, outcome = good + (not run.failure), f"FAILED: {run.failure}" if run.failure else "ok"
        table.append(f"{run.name:35}  {run.seconds:7.1f}  {run.memory_mb:7.0f}  {run.cpu_s:7.0f}  {outcome}")
        if options.profile == "full" and not run.failure and (folder := os.environ.get("NOTEBOOK_FIGS")):
            note(run, Path(folder))
    print(*table, f"{good} of {len(paths)} notebooks ran without an error", sep="\n")
    return int(good < len(paths))


if __name__ == "__main__":
    sys.exit(main())
