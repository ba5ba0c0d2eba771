"""The rules of tools/hygiene.py: every committed notebook and figure keeps them, and each rule can fail."""

import os
from copy import deepcopy
from pathlib import Path

import nbformat
import pytest
from nbformat import v4

from helpers import storage
from tools import hygiene
from tools.hygiene import DEV_RULES, FINAL_RULES, Page, tags
from tools.notebooks import clean

ROOT = Path(__file__).resolve().parents[2]
IN_FRENCH = "Question et réponse en français"
HOME = "/" + "home/somebody/data"  # in two pieces: no tracked file holds such a path
PAGES = {rules: list(map(Page, sorted(ROOT.glob(f"{folder}/*.ipynb")))) for folder, rules in
         (("FINAL_notebooks", FINAL_RULES), ("dev", DEV_RULES))}  # fmt: skip


@pytest.mark.parametrize(("rules", "rule"), [(rules, rule) for rules in PAGES for rule in rules])
def test_the_committed_notebooks_keep_it(rules, rule):
    assert PAGES[rules]
    assert {page.path.stem: found for page in PAGES[rules] if (found := list(rule(page)))} == {}


def test_the_committed_figures_are_complete_and_small():
    assert list(hygiene.figure_complaints(ROOT / "figs")) == []


# --- the rules themselves: a made-up notebook that keeps them all, then broken once for each


def good(path, *more):
    """Write a notebook without complaints to `path` and return its page."""
    text = {
        "": "# Ring\n\n<details><summary>Résumé en français</summary>Un anneau.</details>\n\nhttps://doi.org/10.1000/182",
        "result": "## The result first\n\nIt turns.",
        "reading": "**Reading.** It turns, `x = .5`, by 0.5.",
        "solution": "<details><summary>Answers</summary>Like this.</details>",
    }
    book = v4.new_notebook(cells=[v4.new_markdown_cell(s, metadata={"tags": [t] * bool(t)}) for t, s in text.items()])
    for number in (1, 2, 3):
        folds = "".join(f"\n\n<details><summary>{s}</summary>\n\nX.\n\n</details>" for s in ("Answer", IN_FRENCH))
        book.cells.append(v4.new_markdown_cell(f"## Step {number}. One"))
        book.cells.append(v4.new_markdown_cell(f"**Question.** Why {number}?{folds}", metadata={"tags": ["question"]}))
    book.cells += map(v4.new_markdown_cell, ("## Exercises\n\n1. Change it.", "## Conclusion", "## Limits"))
    for number, tag in enumerate(("parameters", "nbval-check-output", "play", "solution", "model", "study", "plot")):
        book.cells.append(v4.new_code_cell(f"x_{number} = {number}", metadata={"tags": [tag]}))
    for number in (1, 2):
        gap = f"def f_{number}():\n    # a number\n    ### BEGIN SOLUTION\n    return {number}\n    ### END SOLUTION"
        check = f"def check_f():\n    assert f_{number}() == {number}\n\n\ncheck_f()"
        pair = {"model": gap, "check": check}
        book.cells += [v4.new_code_cell(source, metadata={"tags": [tag]}) for tag, source in pair.items()]
    book.cells[14].outputs = [v4.new_output("stream", name="stdout", text="width 12.1\n")]
    nbformat.write(clean(book), path)
    (path.parent / "README.md").write_text(f"* {path.name}")
    return Page(path)


def code(page, source):
    page.code[0].source = source


def say(page, text):
    page.cells[0].source += f"\n\n{text}"


def replace(page, old, new):
    for cell in page.cells:
        cell.source = cell.source.replace(old, new)


def untag(page, tag, kind):
    for cell in page.cells:
        if tag in tags(cell) and cell.cell_type == kind:
            cell.metadata.tags = []


def output(page, kind, **content):
    page.code[3].outputs = [v4.new_output(kind, **content)]


MORE = "    # more\n    ### BEGIN SOLUTION\n    x = 1"
WIDGET = {"application/vnd.jupyter.widget-view+json": {"model_id": "a"}, "text/plain": "x"}
BREAKS = [  # rule, part of the complaint, how the notebook is broken
    ("needed", "title", lambda p: replace(p, "# Ring", "Ring")),
    ("needed", "no French", lambda p: replace(p, "Résumé", "Summary")),
    ("needed", "no reference", lambda p: replace(p, "10.1000/182", "")),
    ("needed", "Exercise", lambda p: replace(p, "## Exercises", "Exercises")),
    ("needed", "no folded", lambda p: replace(p, "<summary>Answers", "<p>")),
    ("needed", "Limits", lambda p: replace(p, "## Limits", "Limits")),
    ("tagged", "tagged parameters", lambda p: untag(p, "parameters", "code")),
    ("tagged", "tagged study", lambda p: untag(p, "study", "code")),
    ("tagged", "a Reading without", lambda p: untag(p, "reading", "markdown")),
    ("tagged", "folded answers without", lambda p: untag(p, "solution", "markdown")),
    ("tagged", "'## More'", lambda p: say(p, "```\n# no heading\n```\n\n## More")),
    ("asked", "without its folded answer", lambda p: replace(p, "<summary>Answer</summary>", "<summary>So</summary>")),
    ("asked", "and its French", lambda p: replace(p, IN_FRENCH, "En français")),
    ("asked", "outside a step", lambda p: replace(p, "## Step 2", "## Part 2")),
    ("asked", "2 steps; three", lambda p: p.cells.pop(9)),
    ("gapped", "without a line above", lambda p: replace(p, "# a number", "pass")),
    ("gapped", "more than six", lambda p: replace(p, "    return 1\n", "    return 1\n" + 6 * "    0\n")),
    ("gapped", "not the only one", lambda p: replace(p, "return 2", "return 2\n    ### END SOLUTION\n" + MORE)),
    ("gapped", "not the only one", lambda p: p.code[-2].metadata.update(tags=["study"])),
    ("gapped", "one function check", lambda p: replace(p, "\n\ncheck_f()", "\n\nx = 1\ncheck_f()")),
    ("gapped", "1 gaps; two or three", lambda p: [p.cells.pop(), p.cells.pop()]),
    ("forbidden", "'from numpy import *'", lambda p: code(p, "from numpy import *")),
    ("forbidden", "%matplotlib inline", lambda p: code(p, "%matplotlib inline")),
    ("forbidden", "pip install", lambda p: code(p, "!pip install lmfit")),
    ("forbidden", "specification", lambda p: say(p, "as the specification says")),
    ("forbidden", "'.5'", lambda p: say(p, "between $-.5$ and 1")),
    ("forbidden", "<Axes at 0x7f3a>", lambda p: output(p, "execute_result", data={"text/plain": "<Axes at 0x7f3a>"})),
    ("forbidden", "interactive(", lambda p: output(p, "display_data", data={"text/plain": "interactive(children=())"})),
    ("forbidden", HOME, lambda p: code(p, f"open('{HOME}')")),
    ("forbidden", HOME, lambda p: output(p, "stream", name="stdout", text=HOME)),
    ("dated", "Conclusion", lambda p: replace(p, "## Conclusion", "Conclusion")),
    ("dated", "not listed", lambda p: (p.path.parent / "README.md").write_text("* another one")),
    ("executed", "[3, 2", lambda p: p.code[0].update(execution_count=3)),
    ("executed", "ValueError", lambda p: output(p, "error", ename="ValueError", evalue="", traceback=[])),
    ("executed", "stderr", lambda p: output(p, "stream", name="stderr", text="UserWarning")),
    ("executed", "widget", lambda p: output(p, "display_data", data=WIDGET)),
    ("clean_metadata", "'version'", lambda p: p.notebook.metadata.language_info.update(version="3.11.7")),
    ("clean_metadata", "cell 1 holds ['collapsed']", lambda p: p.cells[0].metadata.update(collapsed=True)),
    ("clean_metadata", "not ['jupyter']", lambda p: p.code[-1].metadata.pop("jupyter")),
    ("clean_metadata", "1.00 MB", lambda p: p.path.write_bytes(b" " * 1_000_001)),
]


def complaints(page, rules=FINAL_RULES + DEV_RULES):
    page = Page(page.path, page.notebook)
    return {rule.__name__: found for rule in rules if (found := list(rule(page)))}


def test_each_rule_sees_its_own_fault(tmp_path):
    name = "FINAL_5.ipynb"
    assert complaints(good(tmp_path / "2026-11-20_ring.ipynb")) == {}
    for wrong in ("2026-13-20_ring.ipynb", "2026-11-20.ipynb", "20261120_ring.ipynb", name):
        assert list(complaints(good(tmp_path / wrong))) == ["dated"]
    notebook, size = Page(tmp_path / name).notebook, (tmp_path / name).stat().st_size
    for rule, fragment, break_it in BREAKS:
        page = Page(tmp_path / name, deepcopy(notebook))
        break_it(page)
        found = complaints(page)
        assert list(found) == [rule] if rule == "dated" else set(found) == {rule, "dated"}, (fragment, found)
        assert any(fragment in line for line in found[rule]), (fragment, found)
        (tmp_path / "README.md").write_text(name)
        os.truncate(tmp_path / name, size)
    assert {rule for rule, *_ in BREAKS} == {rule.__name__ for rule in FINAL_RULES + DEV_RULES}


def test_what_is_no_fault(tmp_path):
    page = good(tmp_path / "FINAL_5.ipynb")
    page.code[0].source = "ratio = x_1/workers  # rate in spikes/s, see https://example.org/work/page; </root>"
    page.code[1].metadata.tags.append("quoted")
    page.code[1].source = "from numpy import *"
    say(page, "Fig.2, v1.5, [1].5 and\n\n```\nx = .5\n```")
    output(page, "display_data", data={"image/png": HOME, "text/plain": "<Figure size 640x480 with 1 Axes>"})
    assert complaints(page, FINAL_RULES) == {}
    closed = good(tmp_path / "FINAL_9.ipynb")
    untag(closed, "model", "code")
    replace(closed, "    ### BEGIN SOLUTION\n", "")
    replace(closed, "\n    ### END SOLUTION", "")
    say(closed, "by .5")
    assert complaints(closed, FINAL_RULES) == {}, "only open notebooks need models, gaps and leading zeros"


# --- figures


def test_a_figure_lacks_a_format_its_parameters_or_is_too_large(tmp_path):
    (tmp_path / "v1").mkdir()
    for name in ("ring.pdf", "ring.svg", "ring.png", "table.csv", "table.tex", "table.numeric.csv", "cloud.gif"):
        (tmp_path / "v1" / name).write_bytes(b"x")
    (tmp_path / "scorecard.md").touch()
    storage.write_json(tmp_path / "v1/ring.json", {"notebook": "FINAL_5_rnn.ipynb", "parameters": {"n": 1}})
    storage.write_json(tmp_path / "v1/table.json", {"notebook": "FINAL_0_v1.ipynb", "parameters": None})
    storage.draft(tmp_path / "v1/ring.pdf").touch()  # a killed process left it
    assert list(hygiene.figure_complaints(tmp_path)) == []
    storage.write_json(tmp_path / "v1/ring.json", {"notebook": "FINAL_5_rnn.ipynb", "parameters": None})
    storage.write_json(tmp_path / "v1/table.json", {"files": {"csv": "another"}})
    no_parameters, another = hygiene.figure_complaints(tmp_path)
    assert no_parameters.startswith("v1/ring: ") and "the .csv beside it" in another
    (tmp_path / "v1/ring.svg").unlink()
    (tmp_path / "v1/table.csv").unlink()
    os.truncate(tmp_path / "v1/ring.pdf", 1_000_000)
    os.truncate(tmp_path / "v1/cloud.gif", 2_000_001)
    said = "v1/cloud.gif: 2.00 MB; at most 2 MB", "v1/ring: no .svg", "v1/table: no .csv"
    for complaint, begin in zip(hygiene.figure_complaints(tmp_path), said, strict=True):
        assert complaint.startswith(begin)


def test_the_report_says_one_line_for_each_rule(tmp_path, capsys):
    (tmp_path / "FINAL_notebooks").mkdir()
    page = good(tmp_path / "FINAL_notebooks/FINAL_1.ipynb")
    assert hygiene.report(tmp_path)
    assert capsys.readouterr().out.count("ok   ") == len(FINAL_RULES) + 1
    page.code[0].execution_count = 9
    nbformat.write(page.notebook, page.path)
    assert not hygiene.report(tmp_path)
    assert "BAD  FINAL_notebooks executed: FINAL_1: execution counts" in capsys.readouterr().out
