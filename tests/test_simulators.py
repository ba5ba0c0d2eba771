"""Without a simulator a notebook runs to its end; a cell that needs it says so in a line and shows what is stored."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from helpers import simulators
from helpers.parameters import ParameterError
from tests.cells import bound, free, loaded, needed, notebook_path
from tools.hygiene import Page, tags
from tools.notebooks import execute

ROOT = Path(__file__).resolve().parents[1]
SIMULATED = ("FINAL_1", "FINAL_2", "FINAL_3", "FINAL_7")
HIDDEN = ("nest", "pyNN", "brian2", "jax", "optax", "MotionClouds", "LogGabor", "playwright", "sphinx")
HIDDEN += ("imageio_ffmpeg",)
HIDE = f"""
import sys

class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {HIDDEN}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Hidden())
"""


@pytest.fixture
def hidden(tmp_path, monkeypatch):
    """Start every Python of this test as one that lacks what the light set-up leaves out, with an empty PATH."""
    (tmp_path / "sitecustomize.py").write_text(HIDE)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{ROOT}")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("NOTEBOOK_FIGS", str(tmp_path / "figs"))


def lines(outputs):
    """Return the lines of text in the outputs of a cell."""
    shown = [out.get("text") or out.get("data", {}).get("text/markdown", "") for out in outputs]
    return "\n".join("".join(text) for text in shown).splitlines()


def pictures(outputs):
    return {out["data"]["image/png"] for out in outputs if "image/png" in out.get("data", {})}


def needs(cell):
    """Whether a cell asks for a simulator; one that prints numbers of a whole notebook would need all of it."""
    return "installed(" in cell.source and "nbval-check-output" not in tags(cell)


def bare(notebook):
    """Yield what a cell that does not ask uses of a simulator, of what runs one, or of its results."""
    tainted = {"sim", "b2", "nest", "brian2", "jax"}
    simulators = frozenset(tainted)
    for cell in Page("", notebook).code:
        if not {"model", "study"} & tags(cell) and "installed(" not in cell.source:
            yield from sorted(tainted & free(compile(cell.source, "<cell>", "exec")))
        for node in ast.parse(cell.source).body:
            code = compile(ast.Module([node], []), "<cell>", "exec")
            asks = isinstance(node, ast.If) and "installed(" in ast.unparse(node.test)
            runs = isinstance(node, ast.FunctionDef) and tainted & loaded(code)
            tainted = tainted | bound(code) if asks or runs else tainted - (bound(code) - simulators)


@pytest.mark.slow
@pytest.mark.parametrize("name", SIMULATED)
def test_without_simulators_the_cells_that_need_them_say_so_and_show_what_is_stored(name, hidden, tmp_path):
    page, path = Page(notebook_path(name)), tmp_path / notebook_path(name).name
    asking = {k for k, cell in enumerate(page.code) if needs(cell)}
    page.notebook.cells = [page.code[k] for k in needed([cell.source for cell in page.code], asking)]
    nbformat.write(page.notebook, path)
    run = execute(path)
    assert run.failure == ""
    for cell, now in zip(page.notebook.cells, run.notebook.cells, strict=True):
        if needs(cell):
            before, after = lines(cell.outputs), lines(now.outputs)
            assert sum("is not installed (" in line and "stored output:" in line for line in after) == 1
            assert set(before) <= set(after) and pictures(cell.outputs) <= pictures(now.outputs)


def test_no_other_cell_depends_on_a_simulator():
    for name in SIMULATED:
        assert list(bare(Page(notebook_path(name)).notebook)) == [], name
    for name in ("FINAL_4", "FINAL_5", "FINAL_8"):
        code = "\n".join(cell.source for cell in Page(notebook_path(name)).code)
        assert not re.search(rf"(import|from) ({'|'.join(HIDDEN)})", code), name


def test_a_cell_that_would_die_without_its_simulator_is_seen():
    cell = nbformat.v4.new_code_cell
    model = cell("def run():\n    return sim.run()", metadata={"tags": ["model"]})
    asks = cell("if installed('NEST'):\n    found = run()")
    uses = {"found = 1\nprint(found)": [], "run()": ["run"], "sim.x()": ["sim"], "[found]": ["found"]}
    for last, used in uses.items():
        assert list(bare(nbformat.v4.new_notebook(cells=[model, asks, cell(last)]))) == used


def test_the_first_cell_of_the_notebook_that_needs_jax_says_so(hidden):
    page = Page(notebook_path("FINAL_6"))
    first = 1 + page.cells.index(page.code[0])
    assert re.match(f"cell {first} .*JAX.*pip install jax", execute(page.path).failure)


def test_the_rooms_can_be_imported_without_simulators(hidden):
    code = "from helpers import v1, lateral_line, wta, rnn, modular, explorers, stimuli, movies, simulators\n"
    code += "import helpers.modular.ui\nprint(simulators.installed('Brian2'))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    said = "Brian2 is not installed (to add it: %pip install brian2); nothing is stored."
    assert done.stdout.splitlines() == [said, "False"]


def test_an_installed_simulator_is_passed_in_silence(capsys, monkeypatch):
    monkeypatch.setitem(simulators.MODULES, "JAX", "json")
    assert simulators.installed("JAX") is True
    assert capsys.readouterr().out == ""
    with pytest.raises(ParameterError, match="NEST, Brian2, JAX"):
        simulators.installed("nest")
