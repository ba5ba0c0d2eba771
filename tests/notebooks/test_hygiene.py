"""The rules of tools/hygiene.py: every committed notebook and figure keeps them, and each rule can fail."""

from functools import cache
from pathlib import Path

import nbformat
import pytest
from nbformat import v4

from tools import hygiene
from tools.hygiene import DEV_RULES, FINAL_RULES, Page
from tools.notebooks import clean

ROOT = Path(__file__).resolve().parents[2]
FINAL = sorted((ROOT / "FINAL_notebooks").glob("FINAL_*.ipynb"))
DEV = sorted((ROOT / "dev").glob("*.ipynb"))
HOME = "/" + "home/somebody/data"  # in two pieces: no tracked file holds such a path


read = cache(Page.read)


def stem(path):
    return path.stem


# --- the committed files


@pytest.mark.parametrize("rule", FINAL_RULES)
@pytest.mark.parametrize("path", FINAL, ids=stem)
def test_final_notebook(path, rule):
    assert list(FINAL_RULES[rule](read(path))) == []


@pytest.mark.parametrize("rule", DEV_RULES)
@pytest.mark.parametrize("path", DEV, ids=stem)
def test_dev_notebook(path, rule):
    assert list(DEV_RULES[rule](read(path))) == []


def test_no_function_is_defined_in_two_notebooks():
    assert list(hygiene.repeated_functions(map(read, FINAL))) == []


def test_figures_are_complete_and_small():
    assert list(hygiene.figure_complaints(ROOT / "figs")) == []


# --- the rules themselves: a made-up notebook that keeps them all, then broken once for each


def good(path):
    """Write a notebook without complaints to `path` and return its page."""
    texts = ["# Ring\n\n<details><summary>Résumé</summary>Un anneau.</details>\n\nhttps://doi.org/10.1000/182"]
    texts += [f"## Step {i}\n\n" + "A prediction comes first, then the figure is read. " * 2 for i in range(1, 7)]
    texts += ["## Exercises\n\n1. Change it.\n\n<details>Like this.</details>", "## Conclusion", "## Limits"]
    tags = ["parameters", "nbval-check-output", "solution"]
    codes = [v4.new_code_cell(f"x_{i} = {i}", metadata={"tags": tags[i : i + 1]}) for i in range(7)]
    codes[1].outputs = [v4.new_output("stream", name="stdout", text="width 12.1\n")]
    page = v4.new_notebook(cells=[v4.new_markdown_cell(text) for text in texts])
    page.cells[2:2] = codes
    nbformat.write(clean(page), path)
    (path.parent / "README.md").write_text(f"* {path.name}")
    return Page.read(path)


def code(page, source, index=0):
    page.code[index].source = source


def output(page, kind, **content):
    page.code[3].outputs = [v4.new_output(kind, **content)]


def retitle(page, old, new):
    for cell in page.notebook.cells:
        cell.source = cell.source.replace(old, new)


def recount(page, *counts):
    for cell, count in zip(page.code, counts, strict=False):
        cell.execution_count = count


def add(page, number):
    page.notebook.cells += [v4.new_markdown_cell("more text") for _ in range(number)]


def enlarge(page):
    page.path.write_bytes(b" " * 1_000_001)


LISTING = "## Limits\n\n## More\n\n```\n# a comment in a listing\n```"
LONG_DEF = "def f(x):\n" + "    x += 1\n" * 5 + "    return x"
WIDGET = {"application/vnd.jupyter.widget-view+json": {"model_id": "a"}, "text/plain": "x"}
BREAKS = [  # rule, part of the complaint, how the notebook is broken
    ("cells", "14 cells", lambda p: p.notebook.cells.__delitem__(slice(14, None))),
    ("cells", "36 cells", lambda p: add(p, 19)),
    ("text_share", "0.71 text", lambda p: [p.notebook.cells.remove(c) for c in p.notebook.cells[10:15]]),
    ("words", "words for each line", lambda p: code(p, "\n".join(["y = 1"] * 60))),
    ("cell_length", "13 lines (median)", lambda p: [code(p, "\n".join(["y = 1"] * 13), i) for i in range(4)]),
    ("cell_length", "21 lines (90th percentile)", lambda p: code(p, "\n".join(["y = 1"] * 21))),
    ("cell_length", "41 lines (longest)", lambda p: code(p, "\n".join(["y = 1"] * 41))),
    ("headings", "5 headings", lambda p: retitle(p, "## Step", "Step") or retitle(p, "## Limits", LISTING)),
    ("short_functions", "def f has 7 lines", lambda p: code(p, "%%time\n" + LONG_DEF)),
    ("file_size", "1.00 MB", enlarge),
    ("title", "does not start", lambda p: retitle(p, "# Ring", "Ring")),
    ("title", "does not start", lambda p: p.notebook.cells.insert(0, v4.new_code_cell("# Ring"))),
    ("french_summary", "no French summary", lambda p: retitle(p, "Résumé", "Summary")),
    ("references", "no reference", lambda p: retitle(p, "10.1000/182", "")),
    ("exercises", "no heading", lambda p: retitle(p, "## Exercises", "Exercises")),
    ("exercises", "no folded answer", lambda p: retitle(p, "<details>Like", "<p>Like")),
    ("limits", "no heading", lambda p: retitle(p, "## Limits", "Limits")),
    ("tags", "tagged solution", lambda p: p.code[2].metadata.tags.clear()),
    ("tags", "tagged parameters", lambda p: p.code[0].metadata.tags.clear()),
    ("commands", "star import", lambda p: code(p, "from numpy import *")),
    ("commands", "%matplotlib inline", lambda p: code(p, "%matplotlib inline")),
    ("commands", "pip install", lambda p: code(p, "!pip install lmfit")),
    ("conclusion", "no heading", lambda p: retitle(p, "## Conclusion", "Conclusion")),
    ("executed_in_order", "[1, 3, 2", lambda p: recount(p, 1, 3, 2)),
    ("executed_in_order", "[None", lambda p: recount(p, None)),
    ("errors", "ZeroDivisionError", lambda p: output(p, "error", ename="ZeroDivisionError", evalue="", traceback=[])),
    ("quiet", "stderr", lambda p: output(p, "stream", name="stderr", text="UserWarning")),
    ("quiet", "widget", lambda p: output(p, "display_data", data=WIDGET)),
    ("quiet", "<Axes at 0x7f3a>", lambda p: output(p, "execute_result", data={"text/plain": "<Axes at 0x7f3a>"})),
    ("quiet", "interactive(", lambda p: output(p, "display_data", data={"text/plain": "interactive(children=())"})),
    ("machine_paths", "source holds", lambda p: code(p, f"open('{HOME}')")),
    ("machine_paths", "output holds", lambda p: output(p, "stream", name="stdout", text=HOME)),
    ("metadata", "holds widgets", lambda p: p.notebook.metadata.update(widgets={})),
    ("metadata", "language_info", lambda p: p.notebook.metadata.language_info.update(version="3.11.7")),
    ("metadata", "cell 1 holds collapsed", lambda p: p.notebook.cells[0].metadata.update(collapsed=True)),
]
DEV_NAME = "2026-11-20_ring.ipynb"


def complaints(page, rules):
    return {name: found for name, rule in rules.items() if (found := list(rule(page)))}


def test_a_good_notebook_has_no_complaints(tmp_path):
    page = good(tmp_path / DEV_NAME)
    assert complaints(page, FINAL_RULES | DEV_RULES) == {}


@pytest.mark.parametrize(("rule", "fragment", "break_it"), BREAKS, ids=[f"{b[0]}: {b[1]}" for b in BREAKS])
def test_each_rule_sees_its_own_fault(tmp_path, rule, fragment, break_it):
    page = good(tmp_path / DEV_NAME)
    break_it(page)
    found = complaints(Page(page.path, page.notebook), FINAL_RULES | DEV_RULES)
    assert rule in found and any(fragment in line for line in found[rule]), found


@pytest.mark.parametrize("name", ["ring.ipynb", "2026-13-20_ring.ipynb", "2026-11-20.ipynb", "20261120_ring.ipynb"])
def test_a_dev_notebook_with_another_name(tmp_path, name):
    assert list(complaints(good(tmp_path / name), DEV_RULES)) == ["dated_name"]


def test_a_dev_notebook_that_the_index_forgot(tmp_path):
    page = good(tmp_path / DEV_NAME)
    (tmp_path / "README.md").write_text("* another one")
    assert list(complaints(page, DEV_RULES)) == ["listed"]
    (tmp_path / "README.md").unlink()
    assert list(complaints(page, DEV_RULES)) == ["listed"]


def test_every_rule_is_broken_once():
    assert {rule for rule, *_ in BREAKS} | {"dated_name", "listed"} == set(FINAL_RULES | DEV_RULES)


def test_what_is_no_fault(tmp_path):
    page = good(tmp_path / DEV_NAME)
    code(page, "ratio = x_1/workers  # rate in spikes/s, see https://example.org/work/page; </root>")
    output(page, "display_data", data={"image/png": HOME, "text/plain": "<Figure size 640x480 with 1 Axes>"})
    assert complaints(Page(page.path, page.notebook), FINAL_RULES) == {}


def test_repeated_functions_are_seen_under_another_name(tmp_path):
    one, two = good(tmp_path / "FINAL_1.ipynb"), good(tmp_path / "FINAL_2.ipynb")
    code(one, "def f(x):\n    return x + 1")
    code(two, "def g(x):\n    # a remark\n    return x + 1")
    assert [line for line in hygiene.repeated_functions([one, two]) if "FINAL_1:f, FINAL_2:g" in line]
    code(two, "def g(x):\n    return x + 2")
    two = Page(two.path, two.notebook)
    assert list(hygiene.repeated_functions([one, two])) == []


@pytest.fixture
def figs(tmp_path):
    ring = [f"v1/ring.{suffix}" for suffix in ("pdf", "svg", "png", "json")]
    table = [f"v1/table.{suffix}" for suffix in ("csv", "tex", "json")]
    for name in (*ring, *table, "v1/cloud.gif", "scorecard.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    return tmp_path


def test_complete_figures_have_no_complaints(figs):
    assert list(hygiene.figure_complaints(figs)) == []


@pytest.mark.parametrize("suffix", [".pdf", ".svg", ".png", ".json"])
def test_a_missing_format_is_named(figs, suffix):
    (figs / "v1" / f"ring{suffix}").unlink()
    assert [f"v1/ring: no {suffix};" in line for line in hygiene.figure_complaints(figs)] == [True]


@pytest.mark.parametrize(("name", "size"), [("v1/ring.pdf", 1_000_001), ("v1/cloud.gif", 2_000_001)])
def test_a_large_file_is_named(figs, name, size):
    (figs / name).write_bytes(b"x" * (size - 1))
    assert list(hygiene.figure_complaints(figs)) == []
    (figs / name).write_bytes(b"x" * size)
    assert [line.startswith(name) for line in hygiene.figure_complaints(figs)] == [True]


def test_the_report_says_one_line_for_each_rule(tmp_path, capsys):
    good_page = good(_folder(tmp_path / "FINAL_notebooks") / "FINAL_1.ipynb")
    assert hygiene.report(tmp_path)
    assert capsys.readouterr().out.count("\nok   FINAL ") == len(FINAL_RULES)
    good_page.code[0].execution_count = 9
    nbformat.write(good_page.notebook, good_page.path)
    assert not hygiene.report(tmp_path)
    assert "BAD  FINAL executed_in_order: FINAL_1: execution counts" in capsys.readouterr().out


def _folder(path):
    path.mkdir()
    return path
