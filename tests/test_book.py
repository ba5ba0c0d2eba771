"""The book: what it says of a notebook, and what stops it. The site itself is opened in tests/browser/test_book.py."""

import base64
import hashlib
import os
import re
import shutil
import socket
import tarfile
from pathlib import Path

import nbformat
import pytest
from nbformat import v4

from helpers import storage
from tools import book, common
from tools.hygiene import BEGIN, END, Page

ROOT = Path(__file__).resolve().parents[1]
NAME = "FINAL_1_small"
NOTEBOOK = f"FINAL_notebooks/{NAME}.ipynb"
README = f"""# A collection

One paragraph.

## Two commands

`make figs`

## Notebooks

| notebook | question | answer | time |
| --- | --- | --- | --- |
| [1](FINAL_notebooks/{NAME}.ipynb) | Q | An answer. | 7 s / 2 seeds |

## En français

Une histoire : courte.

**Carnets.** La liste.

**Suite.** La fin.
"""
FIRST = """# 1 · Small

**Is it small?**

<details><summary>Résumé en français</summary>

Est-il petit ?

</details>"""
ANSWER = "Yes.\n\n<details><summary>La réponse en français</summary>\n\nIl est petit.\n\n</details>"


def page(*texts, code=(), path=NOTEBOOK):
    cells = [v4.new_markdown_cell(text) for text in texts]
    cells += [v4.new_code_cell(c, execution_count=1, outputs=[v4.new_output("stream", text="1\n")]) for c in code]
    return Page(Path(path), v4.new_notebook(cells=cells))


@pytest.fixture
def root(tmp_path):
    return make(tmp_path)


def make(tmp_path):
    """Return a repository of one notebook, with the pages of the real one but for the API."""
    root = tmp_path / "root"
    for name in ("README.md", "tests/benchmarks/results.md", NOTEBOOK, *book.TEXTS):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"# {name}\n" if name != "README.md" else README)
    (root / "figs/v1").mkdir()
    shutil.copy(ROOT / "figs/v1/mc.png", root / "figs/v1/one.png")
    shutil.copytree(ROOT / "docs", root / "docs")
    shutil.copytree(ROOT / "tools/cluster", root / "tools/cluster")
    (root / "docs/api.rst").write_text("API\n===\n")
    nbformat.write(page("# Question", code=["1"]).notebook, root / "dev/2026-11-20_question.ipynb")
    small = page(FIRST, ANSWER, "## Figure\n\n![One](../figs/v1/one.png)\n\n[next](#figure)", code=["1"])
    nbformat.write(small.notebook, root / NOTEBOOK)
    return root


def edit(root, change):
    notebook = nbformat.read(root / NOTEBOOK, 4)
    change(notebook.cells)
    nbformat.write(notebook, root / NOTEBOOK)


# --- what a notebook says of itself


def test_reading_time_counts_words_and_lines():
    assert book.minutes(page("word " * 400, code=["x = 1\n" * 20])) == 3
    assert book.minutes(page("word " * 198 + "$$a + b + c + d$$")) == 1
    assert book.minutes(page("p < .1 " + "word " * 397 + "x > 1 <b>word</b>")) == 3, "a < is not a tag"
    drawn = page("word", code=["x = 1\n" * 20])
    for tag in ("plot", "check"):
        drawn.code[0].metadata.tags = [tag]
        assert book.minutes(drawn) == 1, "a plot is collapsed, and a check"


def test_references_are_merged_sorted_and_whole():
    last = "**References.**\nZoe (2001) J 1:2, [10.1016/S0893-6080(01)00144-7](https://doi.org/10.1016/S0893-6080(01)00144-7)."
    one = page("Text ([Ann 1999](https://doi.org/10.1000/ABC), see there).", last)
    two = page("Ann (1999) K 3:4, [10.1000/abc](https://doi.org/10.1000/abc).", path="FINAL_notebooks/FINAL_2_x.ipynb")
    first, second = book.references([one, two]).splitlines()
    assert first.startswith("- Ann (1999) K 3:4, [10.1000/abc](https://doi.org/10.1000/abc).")
    assert "[1](FINAL_notebooks/FINAL_1_small.ipynb) · [2](FINAL_notebooks/FINAL_2_x.ipynb)" in first
    assert "(https://doi.org/10.1016/S0893-6080(01)00144-7)." in second


def test_glossary_has_fifty_terms_in_two_languages():
    text = (ROOT / "docs/glossary.md").read_text()
    lists = re.findall(r"^```\{glossary\}\n(.+?)\n```$", text, re.M | re.S)
    written = [entry for terms in lists for entry in re.split(r"\n\n(?=\S)", terms)]
    entries = re.findall(r"^(\S.*)\n(\S.*)\n  (.+)\n\n  \*?(.+)$", text, re.M)
    assert len(written) == len(entries) >= 50, "each has a term and a definition in both languages"


# --- what stops the book


FAULTS = {  # what is said of it: the file, and what is replaced in it
    f"{NAME}: execution counts are [None]": (NOTEBOOK, '"execution_count": 1', '"execution_count": null'),
    f"{NAME}: no question": (NOTEBOOK, "**Is it small?**", "Is it small?"),
    "README.md: no section 'Two commands'": ("README.md", "## Two", "##"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_one_line_with_its_name_and_leaves_the_old_site(fault, root, capsys):
    name, old, new = FAULTS[fault]
    (root / name).write_text((root / name).read_text().replace(old, new))
    (root / "build/book").mkdir(parents=True)
    (root / "build/book/old.html").touch()
    assert book.main([], root=root) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"book: {fault}") and err.count("\n") == 1
    assert [path.name for path in root.glob("build/**/*")] == ["book", "old.html"]


def contents(root):
    """{path: bytes} of all files but those that Python compiles."""
    return {path: path.read_bytes() for path in root.rglob("*") if path.is_file() and path.suffix != ".pyc"}


def test_what_is_missing_or_does_not_answer_is_an_error_with_its_page_and_nothing_else_changes(root, capsys):
    links = '[nowhere](#nowhere), [away](../away.md), ![gone](../figs/gone.png)\n\n<img src="../figs/none.png">'
    edit(root, lambda cells: cells[2].update(source=f"{cells[2].source}\n\n{links}"))
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        dead = f"http://127.0.0.1:{unused.getsockname()[1]}/dead"
    asked = f"[gone](tests/gone.py), but `[code](is/none)`\n\n[there]({dead})\n"
    (root / "CONTRIBUTING.md").write_text(f"# C\n\n{asked}")
    with (root / "docs/conf.py").open("a") as settings:
        settings.write('linkcheck_ignore = ["https:"]\n')  # what the pages of docs/ link to
    before = contents(root)
    assert book.main(["--links"], root=root) == 2
    left = set(capsys.readouterr().err.splitlines())
    missing_on = dict.fromkeys(("nowhere", "away.md", "gone.png", "none.png"), NOTEBOOK)
    missing_on |= dict.fromkeys(("gone.py", dead), "CONTRIBUTING.md")
    for missing, page in missing_on.items():
        found = {line for line in left if line.startswith(f"book: {page}") and missing in line}
        assert found, missing
        left -= found
    assert left == set(), "no other page has a fault"
    assert contents(root) == before


MORE = "![Model](../figs/schematics/one.png)\n\n*How it works.*\n\n"
MORE += "<details><summary>Exercices en français</summary>\n\n1. Pourquoi ?\n\n</details>"


def test_the_pages_of_a_small_collection(root, tmp_path):
    """The picture of a tile is a result; the French one holds the summary and the answer alone."""

    def add(cells):
        cells[-1].metadata.tags = ["plot"]
        cells.insert(1, v4.new_markdown_cell(MORE))
        gap = f"def f():\n    # one\n    {BEGIN}\n    return 1\n    {END}"
        cells.append(v4.new_code_cell(gap, execution_count=2))

    edit(root, add)
    tree = tmp_path / "tree"
    book.lay_out(root, tree)
    book.bring_links(root, tree)
    index, french = (tree / "index.md").read_text(), (tree / "fr.md").read_text()
    assert "One paragraph." in index and "`make figs`" in index and "An answer." in index and "book:" not in index
    assert f"[![1 · Small](figs/v1/one.png)](FINAL_notebooks/{NAME}.ipynb)\n\n[1 · Small]" in index
    assert "Is it small?\n\nreading time 1 min, run time 7 s\n:::" in index
    assert "Est-il petit ? Il est petit.\n\nlecture : 1 min\n:::" in french
    assert "Une histoire\u00a0: courte." in french and "La fin." in french and "La liste" not in french
    assert (tree / "figs/v1/one.png").is_file() and "20*" in (tree / "dev/README.md").read_text()
    copy = nbformat.read(tree / f"FINAL_notebooks/{NAME}.ipynb", 4)
    assert "# 1 · Small\n\n:::{container} times\nReading time 1 min.\n:::\n" in copy.cells[0].source
    assert copy.cells[-2].metadata.tags == ["plot", "hide-input"]
    assert copy.cells[-1].source == "def f():\n    # one\n    return 1", "without nbgrader's marks"


# --- the site of a small collection


PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="
DRAWN = v4.new_output("display_data", {"image/png": PNG, "text/plain": "a figure"})
TERMS = """## Step 1. A spike in a heading

A spike and `STDP` in code; [a seed](#figure), $control$. Then STDP, two seeds and a second spike.

<details><summary>Résumé en français</summary>

Sans inhibition, pas de contrôle.

</details>

| after | folds |
| --- | --- |
| inhibition | x |"""


HOSTILE = ["<script>alert(1)</script>", "<iframe src='https://example.org'></iframe>", "<svg/onload=alert(1)>"]
HOSTILE += ["<p onclick='alert(1)' style='background:url(https://example.org)'>x</p>"]
HOSTILE += ["```{image} ../figs/v1/one.png\n:alt: x\n:target: javascript:alert(1)\n```"]
FOLDED = "<details><summary>Résumé en français</summary>\n\na\n\n</details>"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The pages of a small collection, as Sphinx made them."""
    root = make(tmp_path_factory.mktemp("book"))
    storage.write_json(root / "figs/v1/one.json", {"figure": "v1/one", "caption": 'A: what $N$ spikes "do".'})

    def add(cells):
        source = 'figures.save(fig, "v1/one", caption="x")'
        cells.append(v4.new_code_cell(source, metadata={"tags": ["plot"]}, execution_count=2, outputs=[DRAWN]))
        cells.append(v4.new_markdown_cell(TERMS))
        cells.append(v4.new_code_cell("draw()", execution_count=3, outputs=[DRAWN]))
        cells.append(v4.new_markdown_cell("**Reading.** It falls. Then more.\n\n![](../figs/v1/one.png)"))
        words = "\n\n".join([*HOSTILE, FOLDED])
        shown = {"text/html": words, "text/markdown": words, "application/javascript": "alert(1)"}
        shown = [v4.new_output("display_data", {kind: data}) for kind, data in shown.items()]
        cells += [v4.new_markdown_cell(words), v4.new_code_cell("shown", execution_count=4, outputs=shown)]

    edit(root, add)
    out = root / "build/book"
    book.build(root, out)
    return out


def test_every_picture_has_words_can_be_enlarged_and_the_code_of_a_plot_is_folded(site):
    text = (site / f"FINAL_notebooks/{NAME}.html").read_text()
    pictures = " ".join(re.findall(r"<img\b[^>]*>", text))
    assert pictures.count("<img") == len(re.findall(r' alt="[^"]', pictures))
    assert pictures.count('alt="A: what N spikes &quot;do&quot;."') == 2, "of the plot cell, and of ![]()"
    assert "alt=\"Picture of the section 'Step 1. A spike in a heading'. It falls. Then more.\"" in pictures
    folded = re.findall(r'<details class="[^"]*hide[^"]*".*?</details>', text, re.S)
    assert len(folded) == 1 and "figures" in folded[0]
    assert "zoom.js" in text and (site / "_static/zoom.js").is_file()


def test_what_a_notebook_holds_does_not_run_in_the_book(site):
    """Formulas are made bare before MathJax is there; how, is seen in the slides."""
    text = (site / f"FINAL_notebooks/{NAME}.html").read_text()
    runs = (r"<script[^>]*>\s*alert", "<iframe", "<svg/", "onclick=.alert", "href=.javascript", r"<[^>]*url\(")
    for pattern in runs:
        assert not re.search(pattern, text), pattern
    assert text.count("&lt;script") == 4, "of the text, two outputs and javascript"
    assert text.count(FOLDED.partition("\n")[0]) == text.count("Résumé en français") == 5, "folds stay"
    assert text.index("const bare =") < text.index(book.MATHJAX_FILE)


def test_terms_are_linked_once_and_not_in_headings_code_links_formulas_or_french(site):
    text = (site / f"FINAL_notebooks/{NAME}.html").read_text()
    linked = re.findall(r'href="\.\./glossary\.html#(term-[^"]+)"[^>]*><span[^>]*>(.*?)</span>', text)
    assert linked == [
        ("term-spike-action-potential", "spike"),
        ("term-spike-timing-dependent-plasticity-STDP", "STDP"),
        ("term-seed", "seeds"),
        ("term-inhibition", "inhibition"),
    ]
    headings = re.findall(r"<h\d>.*?</h\d>", text, re.S)
    assert not [heading for heading in headings if "glossary" in heading]
    assert text.index("pas de contrôle") < text.index('#term-inhibition"'), "French text has no links"
    assert "std-term" not in (site / "COMMANDS.html").read_text()


def test_every_row_of_scorecard_and_explorations_stands_on_one_page_of_a_model():
    pages = {path.stem: path.read_text() for path in (ROOT / "docs").glob("model_*.md")}
    assert set(pages) == {f"model_{model}" for model in ("v1", "lateral_line", "wta", "rnn", "modular")}
    assert set(pages) == set(re.findall(r"^model_\w+$", (ROOT / "docs/index.md").read_text(), re.M))
    tables = {"scorecard": "figs/scorecard.md", "explorations": "dev/README.md", "notebooks": "README.md"}
    for table, file in tables.items():
        wanted = [re.search(rf"<!-- book: {table} (\S+) -->", text)[1] for text in pages.values()]
        marked = r"^\| (?:`\w+\.|\d{4}-|\[FINAL).*"
        for row in re.findall(marked, (ROOT / file).read_text(), re.M):
            assert sum(bool(re.search(pattern, row)) for pattern in wanted) == 1, row[:60]


# --- packages of npm


def test_a_package_is_fetched_once_and_only_with_npm_and_its_checksum(tmp_path, monkeypatch):
    archive, npm, cache, out = (tmp_path / name for name in ("p.tgz", "npm", "cache", "out"))
    with tarfile.open(archive, "w:gz") as tar:
        for name in ("package/dist/a.js", "package/LICENSE", "package/src/b.js"):
            tar.addfile(tarfile.TarInfo(name))
    npm.write_text(f'#!/bin/sh\ncp {archive} "$5/p-1.0.tgz"\n')
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    whole = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()

    def unpack(integrity=whole):
        common.npm_unpack("p@1.0", integrity, "dist/|LICENSE", cache, out)
        return sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file())

    with pytest.raises(common.ToolError, match="another checksum"):
        unpack(integrity="other")
    assert not list(cache.iterdir()) and not out.exists()
    assert unpack() == ["LICENSE", "dist/a.js"]
    npm.write_text("#!/bin/sh\nexit 1\n")
    assert unpack() == ["LICENSE", "dist/a.js"], "from the archive that is kept"
    for path in (tmp_path, cache):  # an npm that fails, and none
        shutil.rmtree(cache)
        monkeypatch.setenv("PATH", str(path))
        with pytest.raises(common.ToolError, match="is npm installed, and the network there"):
            unpack()
