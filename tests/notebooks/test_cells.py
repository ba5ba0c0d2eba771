"""The model stands in the notebook: each `model` cell of an open notebook runs alone, and is compared with the engine.

What can be seen without running a cell (its tags, its length) is in tools/hygiene.py. Each rule here takes a
:class:`~tools.hygiene.Page` and yields complaints; below, a small notebook that keeps them all is broken once for each.
"""

import ast
import builtins
import dis
import inspect
import json
import os
import re
import subprocess
import sys
from functools import cache
from types import CodeType

import matplotlib.pyplot as plt
import nbformat
import pytest
from joblib import Parallel, delayed, parallel_config
from nbformat import v4

import helpers
from helpers import figures, runs
from tests.cells import FINAL, bound, cells, notebook_path, run
from tools.hygiene import OPEN, Page, tags

FIELD_TOOLS = ("numpy", "scipy", "pyNN", "nest", "brian2", "jax", "optax", "MotionClouds", "LogGabor", "lmfit")
FIELD_TOOLS += ("helpers.modular",)  # the toolbox whose form a behaviour is written in
COMPARISON = re.compile(r"engine == cells: True|engine == cells.*largest difference", re.I)
NEAR = 3  # code cells after a model cell among which the comparison stands


def tagged(page, tag):
    """Return the sources of the code cells with a tag."""
    return tuple(cell.source for cell in page.code if tag in tags(cell))


@cache
def alone(texts):
    """For each of the model cells of a notebook: its source, the names it adds, those it uses in vain, its failure."""
    found, above, before = [], [], set(vars(run("", "<nothing>")))
    for text in texts:
        try:
            module = run("\n".join([*above, text]), "<model cell>")
        except Exception as problem:
            found.append((text, set(), set(), f"{type(problem).__name__}: {problem}"))
            continue
        found.append((text, set(vars(module)) - before, missing(text, module), None))
        before = set(vars(module))
        above.append(text)
    return found


def used(code):
    """Return the names that code, and all functions in it, look up outside themselves."""
    names = {step.argval for step in dis.get_instructions(code) if step.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
    return (names - bound(code)).union(*(used(inner) for inner in code.co_consts if isinstance(inner, CodeType)))


def missing(text, module):
    """Return the names that a cell uses and that neither it, the module nor Python has."""
    return used(compile(text, "<cell>", "exec")) - set(vars(module)) - set(dir(builtins))


def first_line(text):
    return text.strip().splitlines()[0]


# --- the rules


def runs_alone(page):
    """After the model cells above it, and without anything else, a model cell runs and finds all names it uses."""
    for text, _, names, failure in alone(tagged(page, "model")):
        if failure:
            yield f"{first_line(text)!r} stops with {failure}"
        elif names:
            yield f"{first_line(text)!r} uses {', '.join(sorted(names))}, which no model cell defines"


def defines_something(page):
    """A model cell adds a name to the namespace that it did not import."""
    for text, added, _, failure in alone(tagged(page, "model")):
        imported = {a.asname or a.name.split(".")[0] for node in imports(text) for a in node.names}
        if not failure and not {name for name in added - imported if not name.startswith("__")}:
            yield f"{first_line(text)!r} defines nothing"


def uses_no_seed(page):
    """A model is handed its seed; it does not take the notebook's."""
    for text in tagged(page, "model"):
        names = {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
        if names & {"SEED", "SEEDS"}:
            yield f"{first_line(text)!r} uses the notebook's SEED; take a seed as argument"


def uses_field_tools(page):
    """A model is written in the field's own tools, not in ours."""
    for text in tagged(page, "model"):
        for node in imports(text):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module or "."]
            for name in names:
                allowed = (*FIELD_TOOLS, *sys.stdlib_module_names)
                if not any(f"{name}.".startswith(f"{tool}.") for tool in allowed):
                    yield f"{first_line(text)!r} imports {name}; allowed: {', '.join(FIELD_TOOLS)}, standard library"


def imports(text):
    return [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import | ast.ImportFrom)]


def studies_run_with_the_model(page):
    """A study cell finds all names it uses in the model cells and the study cells: it imports what it needs of ours."""
    texts = tagged(page, "study")
    module = run("\n".join([*tagged(page, "model"), *texts]), "<model and study cells>")
    for text in texts:
        if names := missing(text, module):
            yield f"{first_line(text)!r} uses {', '.join(sorted(names))}; import or define it in the study cell"


def is_compared_with_the_engine(page):
    """Soon after a model cell, a visible and executed cell prints how the engine compares with the cells."""
    models = [number for number, cell in enumerate(page.code, 1) if "model" in tags(cell)]
    for number, _, shown in page.outputs():
        cell, near = page.code[number - 1], any(0 < number - model <= NEAR for model in models)
        hidden = cell.metadata.get("jupyter", {}).get("source_hidden") or "plot" in tags(cell)
        if near and cell.execution_count and not hidden and COMPARISON.search(shown):
            return
    yield f"no visible cell within {NEAR} of a model cell prints 'engine == cells: True' or the largest difference"


RULES = (runs_alone, defines_something, uses_no_seed, uses_field_tools, studies_run_with_the_model)
RULES += (is_compared_with_the_engine,)


@pytest.fixture
def no_figures(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("a model cell draws or saves a figure")

    monkeypatch.setattr(plt, "figure", refuse)
    monkeypatch.setattr(figures, "save", refuse)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("name", OPEN)
def test_open_notebook(name, rule, no_figures):
    assert list(rule(Page(notebook_path(name)))) == []


# --- the rules themselves: a small notebook that keeps them all, then broken once for each

MAP = 'import numpy as np\n\n\ndef leak(x, g):\n    """x\' = g x."""\n    return g * np.asarray(x)'
TWICE = "def twice(x, g):\n    return leak(leak(x, g), g)\n\n\nclass Cell:\n    tau_ms = 20\n    decay = 1 / tau_ms"
POINT = "def point(g, seed):\n    return {'x': twice(np.arange(2.0), g) + seed}"
SAME = "engine == cells: True\n"
DRAW = "import matplotlib.pyplot as plt\n\nplt.figure()"


def cell(text, *tags, output=None, count=1, **metadata):
    outputs = [] if output is None else [v4.new_output("stream", text=output)]
    return v4.new_code_cell(text, metadata=metadata | {"tags": list(tags)}, outputs=outputs, execution_count=count)


def good():
    compared = cell("print(...)", output=SAME)
    book = [cell("SEED = 1", "parameters"), cell("raise RuntimeError", "play"), cell(MAP, "model")]
    return [*book, cell(TWICE, "model"), compared, cell(POINT, "study"), cell("x = 1", "plot")]


def write(folder, code, name="FINAL_0_leak"):
    text = v4.new_markdown_cell("# Leak", metadata={"tags": ["reading"]})
    nbformat.write(v4.new_notebook(cells=[text, *code]), folder / f"{name}.ipynb")
    return folder


BREAKS = [  # rule, part of the complaint, number of the cell, what stands there instead
    (runs_alone, "NameError", 2, cell(MAP + "\nleak(1, SEED)", "model")),
    (runs_alone, "uses later", 3, cell(TWICE + "\ndef more():\n    return later()", "model")),
    (runs_alone, "draws or saves a figure", 3, cell(DRAW, "model")),
    (defines_something, "defines nothing", 3, cell("import numpy as np\nimport scipy.linalg", "model")),
    (uses_no_seed, "notebook's SEED", 3, cell("def twice(x, g):\n    return SEED", "model")),
    (uses_field_tools, "imports helpers.rnn", 3, cell("from helpers.rnn import model\n" + TWICE, "model")),
    (uses_field_tools, "imports pandas", 3, cell(TWICE + "\n\ndef f():\n    import pandas", "model")),
    (studies_run_with_the_model, "uses SEED", 5, cell(POINT.replace("+ seed", "+ SEED"), "study")),
    (is_compared_with_the_engine, "no visible cell", 4, cell("x", output="engine == cells: False\n")),
    (is_compared_with_the_engine, "no visible cell", 4, cell("x", "plot", output=SAME)),
    (is_compared_with_the_engine, "no visible cell", 4, cell("x", output=SAME, count=None)),
    (is_compared_with_the_engine, "no visible cell", 4, cell("x", output=SAME, jupyter={"source_hidden": True})),
    (is_compared_with_the_engine, "no visible cell", slice(4, 5), [cell("x = 1")] * 3 + good()[4:5]),
]


def complaints(code, rule):
    return list(rule(Page("FINAL_0", v4.new_notebook(cells=code))))


def test_a_good_notebook_has_no_complaints(no_figures):
    assert [complaints(good(), rule) for rule in RULES] == [[]] * len(RULES)
    difference = cell("x", output="engine == cells on 5 networks, largest difference 3e-16\n")
    assert complaints([*good()[:4], difference], is_compared_with_the_engine) == []


@pytest.mark.parametrize(("rule", "part", "number", "instead"), BREAKS, ids=[f"{b[0].__name__}-{b[1]}" for b in BREAKS])
def test_each_rule_sees_its_own_fault(no_figures, rule, part, number, instead):
    broken = good()
    broken[number] = instead
    assert any(part in line for line in complaints(broken, rule)), complaints(broken, rule)


# --- tests.cells itself


def test_cells_runs_the_tagged_cells_and_nothing_else(tmp_path):
    """In a namespace of its own; a function has its source, and goes to workers by value, not by its name."""
    found = cells("FINAL_0", "model", root=write(tmp_path, good()))
    assert inspect.getsource(found.twice) == TWICE.partition("\n\n")[0] + "\n"
    assert not hasattr(found, "SEED") and not hasattr(found, "point")
    found.leak = None
    point = cells("FINAL_0", "study", "model", root=tmp_path).point
    (x,) = Parallel(n_jobs=2)([delayed(point)(2.0, 1)])
    assert x["x"].tolist() == point(2.0, 1)["x"].tolist() == [1.0, 5.0]
    for name, *wrong in (("FINAL_0", "model", "stduy"), ("FINAL_0",), ("FINAL_9", "model")):
        with pytest.raises(ValueError, match="tagged" if name == "FINAL_0" else "unpack"):
            cells(name, *wrong, root=tmp_path)


def test_a_sweep_of_cells_finds_what_the_notebook_has_stored(tmp_path):
    """The functions of a kernel live in __main__, wherever their cells stand; so do these, and the key is the same."""
    point = cells("FINAL_0", "model", "study", root=write(tmp_path, good())).point
    sweep = "list(runs.sweep(point, [dict(g=2.0, seed=1)], store='store', n_jobs=1, progress=False))"
    kernel = "import json, sys; from IPython.core.interactiveshell import InteractiveShell as S"
    kernel += "; [S.instance().run_cell(cell).raise_error() for cell in json.loads(sys.argv[1])]"
    book = ["from helpers import runs", "SEED = 1", MAP, TWICE, "other = 2", POINT, sweep]
    call = [sys.executable, "-c", kernel, json.dumps(book)]
    subprocess.run(call, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(FINAL.parent)}, check=True)
    (kept,) = (tmp_path / "store").glob("*.npz")
    written = kept.stat().st_mtime_ns
    list(runs.sweep(point, [dict(g=2.0, seed=1)], store=tmp_path / "store", n_jobs=1, progress=False))
    assert [(p, p.stat().st_mtime_ns) for p in (tmp_path / "store").glob("*.npz")] == [(kept, written)]


# --- the recipe of ARCHITECTURE.md


def test_the_recipe_for_a_new_model_runs_as_written(tmp_path, monkeypatch, capsys):
    """Its files, its cells and its test are put where they say, and run in their order."""
    text = (FINAL.parent / "ARCHITECTURE.md").read_text(encoding="utf-8")
    monkeypatch.setattr(helpers, "__path__", [*helpers.__path__, str(tmp_path / "helpers")])
    monkeypatch.setattr("tests.cells.FINAL", tmp_path)
    monkeypatch.setattr(runs, "ROOT", tmp_path)
    monkeypatch.chdir(tmp_path)
    in_notebook = []
    for place, code in re.findall(r"^```python\n# ([^\n]+)\n(.*?)^```", text, flags=re.M | re.S):
        if place.endswith(".py"):
            (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / place).write_text(code)
        else:
            in_notebook.append(cell(code, place.removeprefix("FINAL_9 ")))
    write(tmp_path, in_notebook, "FINAL_9_leaky")
    with parallel_config(backend="threading"):  # other processes do not know the new room
        kernel = cells("FINAL_9", "model", "compared", "study", "plot")
    assert "engine == cells: True" in capsys.readouterr().out
    assert float(kernel.found["rate_hz"][0].mean()) < float(kernel.found["rate_hz"][-1].mean())
    assert pytest.main(["-q", "-p", "no:cacheprovider", str(tmp_path / "tests/leaky/test_simulate.py")]) == 0
    for rule in RULES[:-1]:
        assert list(rule(Page(notebook_path("FINAL_9")))) == []
