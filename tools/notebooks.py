"""Run, rewrite and check the notebooks.

Usage, with the Python of the set-up (``make figs``, ``make full`` and ``make notebooks`` call it)::

    python tools/notebooks.py figs  [--profile quick|full] [names...]           run copies; they write figs/
    python tools/notebooks.py write [--profile quick|full] [--dev] [names...]   run, then rewrite with outputs
    python tools/notebooks.py check                                             the notebook rules, one line each

A name is a file name, or any beginning of one (``FINAL_3``). A notebook that fails is named with its cell, the
others still run. Exit codes: 0 all well, 1 something failed, 2 wrong call.
"""

from __future__ import annotations

import argparse
import logging
import os
import re
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from tqdm import tqdm

ROOT = Path(__file__).resolve().parents[1]
if not __package__:  # started as a script, Python puts tools/ on the path and not its parent
    sys.path.insert(0, str(ROOT))

from tools import hygiene  # noqa: E402

__all__ = ["Run", "clean", "execute", "find", "main", "save"]

CELL_TIMEOUT_S = {"quick": 600, "full": None}
WIDGET = "application/vnd.jupyter.widget-view+json"


@dataclass(frozen=True)
class Run:
    """One executed notebook: `failure` is one line, empty if all cells ran; memory is 0 where it is unknown."""

    name: str
    seconds: float
    memory_mb: float
    failure: str
    notebook: nbformat.NotebookNode | None


class NameUnknown(ValueError):
    """No notebook, or no notebook of that name."""


# --- which notebooks


def find(names=(), *, root=ROOT, dev=False):
    """Return the paths of the notebooks called `names`, in reading order; all the FINAL ones if none is named.

    Raises
    ------
    NameUnknown
        A name fits no notebook, there is none at all, or `dev` is set without names.
    """
    folder, pattern = (root / "dev", "*.ipynb") if dev else (root / "FINAL_notebooks", "FINAL_*.ipynb")
    known = sorted(folder.glob(pattern))
    if not known:
        raise NameUnknown(f"no {pattern} in {folder.name}/")
    if dev and not names:
        raise NameUnknown(f"name the dev notebooks to write; there are: {', '.join(p.stem for p in known)}")
    return sorted({path for name in names for path in _called(name, known)}) if names else known


def _called(name, known):
    stem = Path(name).name.removesuffix(".ipynb")
    exact = [path for path in known if path.stem == stem]
    found = exact or [path for path in known if path.stem.startswith(stem)]
    if not found:
        raise NameUnknown(f"no notebook is called {name!r}; there are: {', '.join(p.stem for p in known)}")
    return found


# --- running one


def execute(path, profile="quick"):
    """Run a copy of the notebook at `path` in memory, from its own folder, and return a :class:`Run`.

    The file is only read. The kernel finds the notebook's path in ``JPY_SESSION_NAME``, as under JupyterLab, so
    that a figure can record where it was drawn.
    """
    start, watch = time.perf_counter(), _Watch(path)
    try:
        watch.run(profile)
    except Exception as error:  # whatever it is, the next notebook has to run
        watch.failure = watch.describe(error)
    finally:
        watch.bar.close()
    return Run(path.stem, time.perf_counter() - start, watch.memory_mb, watch.failure, watch.notebook)


class _Watch:
    """Follows one execution: progress bar, peak memory, and the cell at work."""

    def __init__(self, path):
        self.path, self.notebook, self.cell, self.index = path, None, None, 0
        self.memory_mb, self.failure, self.bar = 0.0, "", tqdm(disable=True)

    def run(self, profile):
        self.notebook = nbformat.read(self.path, as_version=4)
        self.bar = _bar(self.path.stem, len(self.notebook.cells))
        self.client = NotebookClient(
            self.notebook,
            kernel_name="python3",
            timeout=CELL_TIMEOUT_S[profile],
            resources={"metadata": {"path": str(self.path.parent)}},
            extra_arguments=["--log-level=40"],  # else each kernel warns that it listens on a local port
            record_timing=False,
            coalesce_streams=True,
            on_cell_start=self.started,
            on_cell_executed=self.finished,
        )
        self.client.execute(env=kernel_environment(self.path, profile))
        self.failure = self.hidden_failure()

    def hidden_failure(self):
        """Return the first error inside an output widget: a broken slider cell does not stop the notebook."""
        widgets = self.client.comm_objects.values()
        errors = [out for w in widgets for out in getattr(w, "outputs", []) if out["output_type"] == "error"]
        return f"a widget: {errors[0]['ename']}: {errors[0]['evalue']}" if errors else ""

    def started(self, cell, cell_index):
        self.cell, self.index = cell, cell_index
        self.bar.update(cell_index - self.bar.n)

    def finished(self, cell, cell_index, execute_reply):
        self.memory_mb = max(self.memory_mb, peak_memory_mb(getattr(self.client.km.provisioner, "pid", None)))
        self.bar.update(cell_index + 1 - self.bar.n)

    def describe(self, error):
        """Return one line: the cell, its first line, and what it raised."""
        name, text = type(error).__name__, str(error)
        if isinstance(error, CellExecutionError):
            name, text = error.ename, error.evalue
        what = f"{name}: {text.strip().splitlines()[0] if text.strip() else ''}".strip(": ")
        if self.cell is None:
            return what
        source = self.cell.source.strip().splitlines() or [""]
        return f"cell {self.index + 1} ({source[0][:60]}): {what}"


def _bar(name, cells):
    """Return a bar for a terminal; elsewhere a plain line and a silent bar."""
    if sys.stderr.isatty():
        return tqdm(total=cells, desc=name, unit="cell")
    print(f"{name}: {cells} cells", flush=True)
    return tqdm(disable=True)


def kernel_environment(path, profile):
    """Return the environment of a kernel: profile, one BLAS thread, silent bars, and the notebook it runs."""
    settings = {"NOTEBOOK_PROFILE": profile, "JPY_SESSION_NAME": str(path), "CI": "true", "TQDM_DISABLE": "1"}
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    # A backend set in the caller's shell would keep the pictures out of the outputs.
    inherited = {key: value for key, value in os.environ.items() if key != "MPLBACKEND"}
    return inherited | threads | settings


def peak_memory_mb(pid):
    """Return the peak resident memory of a process plus those of its living children; 0 where /proc is missing."""
    lists = [_read(task) for task in Path(f"/proc/{pid}/task").glob("*/children")]
    statuses = [_read(Path(f"/proc/{p}/status")) for p in [pid, *" ".join(lists).split()]]
    return sum(int(kb) for kb in re.findall(r"VmHWM:\s+(\d+)", "\n".join(statuses))) / 1024


def _read(path):
    try:
        return path.read_text()
    except OSError:  # a thread or child that has just ended
        return ""


# --- rewriting one


def clean(notebook):
    """Reduce an executed notebook, in place, to what belongs in the repository, and return it.

    Kept: sources, tags, outputs that a reader without a kernel can see. Dropped: widget state, timings, stderr,
    editor metadata. Cell ids are numbered, execution counts run from 1.
    """
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    notebook.metadata = nbformat.from_dict({"kernelspec": kernel, "language_info": {"name": "python"}})
    notebook.nbformat_minor = 5
    for number, cell in enumerate(notebook.cells, 1):
        cell.id = f"cell-{number:02d}"
        cell.metadata = nbformat.from_dict({k: v for k, v in cell.metadata.items() if k == "tags" and v})
    for count, cell in enumerate((c for c in notebook.cells if c.cell_type == "code"), 1):
        cell.execution_count = count
        cell.outputs = _kept(cell.outputs, count)
    return notebook


def _kept(outputs, count):
    outputs = [out for out in outputs if out.get("name") != "stderr" and not _is_bar(out)]
    for out in outputs:
        if "execution_count" in out:
            out.execution_count = count
    still = [out for out in outputs if not _only_widget(out)]
    if any(out.get("data") or out.get("text", "").strip() for out in still):
        outputs = still  # else the widget's text form is all that a reader can see
    for out in outputs:
        out.get("data", {}).pop(WIDGET, None)
    return [out for out in outputs if out.output_type == "stream" or out.get("data") or out.output_type == "error"]


def _only_widget(out):
    data = out.get("data", {})
    return WIDGET in data and set(data) <= {WIDGET, "text/plain"}


def _is_bar(out):
    return _only_widget(out) and bool(re.search(r"(\d%\|.*\||it/s\])", out.data.get("text/plain", "")))


def save(notebook, path):
    """Write `notebook` over `path` in one step: after a failure the old file is still whole."""
    nbformat.validate(notebook)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(nbformat.writes(notebook).rstrip("\n") + "\n", encoding="utf-8")
        shutil.copymode(path, temporary)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


# --- the command line


def main(argv=None, *, root=ROOT):
    """Run one command and return its exit code."""
    options = _parser().parse_args(argv)
    if options.command == "check":
        return 0 if hygiene.report(root) else 1
    try:
        paths = find(options.names, root=root, dev=getattr(options, "dev", False))
    except NameUnknown as error:
        print(f"notebooks: {error}", file=sys.stderr)
        return 2
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # a kernel that dies is reported by its cell
    runs = [_one(path, options) for path in paths]
    print(summary(runs))
    return int(any(run.failure for run in runs))


def _one(path, options):
    run = execute(path, options.profile)
    if options.command == "write" and not run.failure:
        save(clean(run.notebook), path)
    if run.failure:
        print(f"FAILED {run.name}: {run.failure}", flush=True)
    return run


def summary(runs):
    """Return the table shown at the end: notebook, seconds, peak memory, outcome."""
    width = max(len(run.name) for run in runs)
    lines = [f"{'notebook':{width}}  seconds  peak MB  outcome"]
    for run in runs:
        outcome = f"FAILED: {run.failure}" if run.failure else "ok"
        memory = f"{run.memory_mb:.0f}" if run.memory_mb else "?"
        lines.append(f"{run.name:{width}}  {run.seconds:7.1f}  {memory:>7}  {outcome}")
    failed = sum(bool(run.failure) for run in runs)
    return "\n".join(["", *lines, f"{len(runs) - failed} of {len(runs)} notebooks ran without an error"])


def _parser():
    parser = argparse.ArgumentParser(prog="notebooks", description="Run, rewrite and check the notebooks.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (("figs", "run copies, which write figs/"), ("write", "run and rewrite with outputs")):
        command = commands.add_parser(name, help=text)
        command.add_argument("names", nargs="*", help="file names or their beginnings; default: all FINAL notebooks")
        command.add_argument("--profile", choices=tuple(CELL_TIMEOUT_S), default="quick")
    command.add_argument("--dev", action="store_true", help="the names are those of dev/ notebooks")
    commands.add_parser("check", help="hold the notebooks against the rules")
    return parser


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("notebooks: stopped; no notebook is half-written")
