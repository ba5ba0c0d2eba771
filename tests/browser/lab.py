"""A real JupyterLab in a real browser: what every browser test needs, and nothing about a particular notebook.

:func:`server` runs JupyterLab on the loopback interface with a token, in folders of its own (settings, kernels, home,
workspace), quiet (no news, no update check) and with a neutral working directory. :class:`Lab` is one page of it::

    lab.open("FINAL_notebooks/FINAL_7_modular_networks.ipynb")   # a copy of the file, a new kernel, ready
    lab.run_all()
    assert lab.kernel("print(ui.iteration)") == "300"
    assert lab.problems() == []

:meth:`Lab.problems` lists console messages, page errors, failed requests, answers from 400 on, and every request that
leaves the server's address. :func:`watch` collects the same on any playwright page.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OWN = ("JUPYTER", "IPYTHON", "MPL", "XDG")  # settings of whoever runs the tests: all folders then follow HOME
QUIET = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/docmanager-extension:plugin": {"autosave": False},
}
OPTIONS = (
    "--no-browser",
    "--allow-root",
    "--ServerApp.ip=127.0.0.1",
    "--ServerApp.port=0",
    "--LabApp.expose_app_in_browser=True",
    "--LabApp.news_url=",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.extension_manager=readonly",
)
READY = """() => { const panel = window.jupyterapp?.shell.currentWidget;
  return panel?.context?.isReady && panel.sessionContext?.session?.kernel?.status === 'idle'; }"""
RUN_ALL = """async (limit) => {
  const late = new Promise((_, fail) => setTimeout(() => fail(new Error(`cells still run after ${limit} ms`)), limit));
  await Promise.race([late, window.jupyterapp.commands.execute('notebook:run-all-cells')]);
  return window.jupyterapp.shell.currentWidget.content.widgets.flatMap((cell) =>
    cell.model.type === 'code' ? cell.model.outputs.toJSON().filter((out) => out.output_type === 'error') : []);
}"""
TO_CELL = """(number) => {
  const cells = window.jupyterapp.shell.currentWidget.content;
  cells.activeCellIndex = number;
  return cells.scrollToItem(number, 'start');
}"""
IN_KERNEL = """async (code) => {
  const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
  const future = kernel.requestExecute({ code, store_history: false }), out = [];
  future.onIOPub = ({ header, content }) => {
    if (header.msg_type === 'stream') out.push(content.text);
    if (header.msg_type === 'execute_result') out.push(content.data['text/plain']);
    if (header.msg_type === 'error') out.push(`${content.ename}: ${content.evalue}`);
  };
  const reply = (await future.done).content.status;
  return [reply, out.join('')];
}"""


@dataclass(frozen=True)
class Server:
    """A running JupyterLab: its address (ending in a slash), token, and the folder whose notebooks it serves."""

    url: str
    token: str
    folder: Path


@contextlib.contextmanager
def server(base):
    """Run JupyterLab below the folder `base`; its notebooks stand in ``base/notebooks``. Yields a :class:`Server`.

    The kernels find `helpers` and the notebook environment of the tests. All sessions are ended with the server.
    """
    config, runtime, home = base / "config", base / "runtime", base / "home"
    for place in (config / "labconfig", runtime, home, base / "notebooks"):
        place.mkdir(parents=True)
    shutil.copytree(ROOT / "figs", base / "notebooks" / "figs")  # the server serves no link that leads outside
    (config / "labconfig" / "default_setting_overrides.json").write_text(json.dumps(QUIET))
    token = secrets.token_hex(16)
    environment = {key: value for key, value in os.environ.items() if not key.startswith(OWN)}
    environment |= {"HOME": str(home), "JUPYTER_CONFIG_DIR": str(config), "JUPYTER_RUNTIME_DIR": str(runtime)}
    environment |= {"PYTHONPATH": str(ROOT), "NOTEBOOK_FIGS": str(base / "figs"), "NOTEBOOK_PROFILE": "quick"}
    command = [sys.executable, "-m", "jupyterlab", *OPTIONS, f"--IdentityProvider.token={token}"]
    command.append(f"--ServerApp.root_dir={base / 'notebooks'}")
    with (base / "server.log").open("w") as log:  # a neutral folder: the current one comes first on the import path
        process = subprocess.Popen(command, cwd=home, env=environment, stdout=log, stderr=log)
    try:
        yield _answering(process, base, runtime / f"jpserver-{process.pid}.json", token)
    finally:
        process.terminate()  # ends the kernels too
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answering(process, base, file, token):
    """Wait until the server answers, and return it."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError, ValueError):
            running = Server(json.loads(file.read_text())["url"], token, base / "notebooks")
            urllib.request.urlopen(f"{running.url}api?token={token}", timeout=10).close()
            return running
        time.sleep(0.1)
    raise RuntimeError(f"JupyterLab did not start:\n{(base / 'server.log').read_text()[-2000:]}")


def notebook(path, *cells):
    """Write a notebook of code cells."""
    import nbformat

    cells = [nbformat.v4.new_code_cell(cell.strip()) for cell in cells]
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), path)
    return path


def watch(page, allowed):
    """Return a list that fills with all that should not happen on a page: see :meth:`Lab.problems`."""
    found = []
    bad = {"error", "warning"}

    def lost(request):  # JupyterLab cancels a relative picture to fetch it by its own address: not a failure
        if request.failure != "net::ERR_ABORTED":
            found.append(f"request failed: {request.url} ({request.failure})")

    page.on("console", lambda m: found.append(f"console {m.type}: {m.text}") if m.type in bad else None)
    page.on("pageerror", lambda error: found.append(f"page error: {error}"))
    page.on("requestfailed", lost)
    page.on("response", lambda r: found.append(f"answer {r.status}: {r.url}") if r.status >= 400 else None)
    own = (allowed, "data:", "blob:", allowed.replace("http", "ws", 1))
    page.on("request", lambda r: None if r.url.startswith(own) else found.append(f"outside request: {r.url}"))
    return found


class Lab:
    """One page of a browser on a :class:`Server`."""

    def __init__(self, server, page):
        self.server, self.page, self.shown = server, page, None
        self._problems = watch(page, server.url)

    def open(self, notebook):
        """Open a copy of a notebook (a path below the repository, or an absolute one) and wait for its idle kernel.

        The copy stands in a folder beside ``figs``, as in the repository, so that its pictures are found; pictures that
        lie beside the notebook, as those of a student copy do, go with it.
        """
        self.end()
        source = ROOT / notebook
        name = f"{source.parent.name}/{source.name}"
        (self.server.folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(source, self.server.folder / name)
        if (source.parent / "figs").is_dir():
            shutil.copytree(source.parent / "figs", (self.server.folder / name).parent / "figs", dirs_exist_ok=True)
        self.visit(name)
        self.page.wait_for_function(READY, timeout=60_000)
        self.page.locator("#jupyterlab-splash").wait_for(state="detached")
        return self

    def visit(self, name):
        """Go to a notebook of the server, without waiting for its kernel."""
        self.page.goto(f"{self.server.url}lab/tree/{name}?reset&token={self.server.token}")
        self.shown = name

    def command(self, name, arguments=None):
        """Execute a command of JupyterLab and wait for its end; returns what it returns."""
        return self.page.evaluate("([n, a]) => window.jupyterapp.commands.execute(n, a ?? {})", [name, arguments])

    def run_all(self, *, timeout_s=120):
        """Run all cells and return when the last one is done; an error in a cell, or no end in time, raises."""
        errors = self.page.evaluate(RUN_ALL, 1000 * timeout_s)
        if errors:
            raise AssertionError(f"{errors[0]['ename']}: {errors[0]['evalue']}")

    def kernel(self, code):
        """Run code in the notebook's kernel, also while it plays; returns the printed text, an error raises."""
        status, text = self.page.evaluate(IN_KERNEL, code)
        if status != "ok":
            raise AssertionError(text)
        return text.strip()

    def cell(self, number):
        """Return the locator of a cell (from 0), scrolled into view so that it is drawn."""
        self.page.evaluate(TO_CELL, number)
        return self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook .jp-Cell.jp-mod-active")

    def type_into(self, slider, text):
        """Type a number over the one beside a slider."""
        readout = slider.locator(".widget-readout")
        readout.click()
        readout.fill(text)
        readout.press("Enter")

    def problems(self):
        """Return what went wrong since the last call: console errors, page errors, failed and outside requests."""
        found = self._problems[:]
        self._problems.clear()
        return found

    def end(self):
        """Leave the notebook and end its kernel; what that reports is no problem."""
        self.page.evaluate("() => window.jupyterapp?.serviceManager.sessions.shutdownAll()")
        self.page.goto("about:blank")
        self.shown = None
        self.problems()
