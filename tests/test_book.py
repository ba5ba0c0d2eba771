"""The book: what it says of a notebook, and what stops it. The site itself is opened in tests/browser/test_book.py."""

import io
import re
import shutil
import tarfile
from pathlib import Path

import nbformat
import pytest
from nbformat import v4

from tools import book
from tools.hygiene import Page

ROOT = Path(__file__).resolve().parents[1]
NAME = "FINAL_1_small"
README = f"""# A collection

One paragraph.

## Two commands

`make figs`

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

Yes.

<details><summary>Résumé en français</summary>

Il est petit.

</details>"""


def page(*texts, code=(), path="FINAL_notebooks/FINAL_1_small.ipynb"):
    cells = [v4.new_markdown_cell(text) for text in texts]
    cells += [v4.new_code_cell(c, execution_count=1, outputs=[v4.new_output("stream", text="1\n")]) for c in code]
    return Page(Path(path), v4.new_notebook(cells=cells))


@pytest.fixture
def root(tmp_path):
    """A repository of one notebook, with the pages of the real one but for the API."""
    for name, text in {
        "README.md": README,
        "dev/README.md": "# Explorations\n",
        "figs/scorecard.md": "# Scorecard\n",
    }.items():
        (tmp_path / "root" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "root" / name).write_text(text)
    root = tmp_path / "root"
    for name in ("COMMANDS.md", "CHANGELOG.md", "CONTRIBUTING.md"):
        (root / name).write_text(f"# {name}\n")
    (root / "figs/v1").mkdir()
    shutil.copy(ROOT / "figs/v1/mc.png", root / "figs/v1/one.png")
    shutil.copytree(ROOT / "docs", root / "docs")
    (root / "docs/api.rst").write_text("API\n===\n")
    (root / "dev").mkdir(exist_ok=True)
    nbformat.write(page("# Question", code=["1"]).notebook, root / "dev/2026-11-20_question.ipynb")
    write(root, page(FIRST, "## Figure\n\n![One](../figs/v1/one.png)\n\n[next](#figure)", code=["1"]))
    return root


def write(root, page):
    target = root / "FINAL_notebooks" / f"{NAME}.ipynb"
    target.parent.mkdir(exist_ok=True)
    nbformat.write(page.notebook, target)


def edit(root, change):
    notebook = nbformat.read(root / "FINAL_notebooks" / f"{NAME}.ipynb", 4)
    change(notebook.cells)
    write(root, Page(Path(NAME), notebook))


# --- what a notebook says of itself


def test_reading_time_counts_words_and_lines():
    assert book.minutes(page("word " * 400, code=["x = 1\n" * 20])) == 3
    assert book.minutes(page("word " * 199 + "$a + b + c + d$")) == 1
    assert book.minutes(page("p < .1 " + "word " * 397 + "x > 1 <b>word</b>")) == 3, "a < is not a tag"


def test_references_are_merged_sorted_and_whole():
    last = "**References.**\nZoe (2001) J 1:2, [10.1016/S0893-6080(01)00144-7](https://doi.org/10.1016/S0893-6080(01)00144-7)."
    one = page("Text ([Ann 1999](https://doi.org/10.1000/ABC), see there).", last)
    two = page("Ann (1999) K 3:4, [10.1000/abc](https://doi.org/10.1000/abc).", path="FINAL_notebooks/FINAL_2_x.ipynb")
    first, second = book.references([one, two]).splitlines()
    assert first.startswith("- Ann (1999) K 3:4, [10.1000/abc](https://doi.org/10.1000/abc).")
    assert "[1](FINAL_notebooks/FINAL_1_small.ipynb) · [2](FINAL_notebooks/FINAL_2_x.ipynb)" in first
    assert "(https://doi.org/10.1016/S0893-6080(01)00144-7)." in second


def test_every_module_of_helpers_has_an_api_page():
    listed = set(re.findall(r"helpers\.(\w+)", (ROOT / "docs/api.rst").read_text()))
    there = {path.stem for path in (ROOT / "helpers").glob("*.py") if path.stem != "__init__"}
    there |= {path.parent.name for path in (ROOT / "helpers").glob("*/__init__.py")}
    assert listed == there


def test_glossary_has_fifty_terms_in_two_languages():
    text = (ROOT / "docs/glossary.md").read_text()
    entries = re.findall(r"^(\S.*)\n(\S.*)\n  (.+)\n\n  \*?(.+)$", text, re.M)
    assert len(entries) >= 50 and len({entry[0] for entry in entries}) == len(entries)
    assert not [entry for entry in entries if re.search(r" [:;!?»]|« ", entry[1] + entry[3])], "no-break spaces"


# --- what stops the book


def no_outputs(root):
    edit(root, lambda cells: cells[-1].update(outputs=[], execution_count=None))


def never_run(root):
    edit(root, lambda cells: cells.append(v4.new_code_cell("2")))


def error_shown(root):
    error = v4.new_output("error", ename="ValueError", evalue="x", traceback=[])
    edit(root, lambda cells: cells[-1].outputs.append(error))


def missing_figure(root):
    (root / "figs/v1/one.png").unlink()


def missing_html_figure(root):
    edit(root, lambda cells: cells[0].update(source=FIRST + '\n\n<img src="../figs/none.png">'))


def broken_link(root):
    edit(root, lambda cells: cells[0].update(source=FIRST + "\n\n[away](../away.md)"))


def link_out_of_the_tree(root):
    edit(root, lambda cells: cells[0].update(source=FIRST + "\n\n[away](../../../away.md)"))


def broken_link_of_a_page(root):
    (root / "CONTRIBUTING.md").write_text("# C\n\n[gone](tests/gone.py), but `[code](is/none)`\n")


def no_question(root):
    edit(root, lambda cells: cells[0].update(source=FIRST.replace("**", "")))


def no_run_time(root):
    (root / "README.md").write_text(README.replace(f"{NAME}.ipynb", "other.ipynb"))


def no_section(root):
    (root / "README.md").write_text(README.replace("## Two commands", "## Two"))


FAULTS = {
    no_outputs: f"{NAME}: no outputs",
    never_run: f"{NAME}: code cell 2 was never run",
    error_shown: f"{NAME}: code cell 1 shows ValueError",
    missing_figure: f"FINAL_notebooks/{NAME}.ipynb: missing figure ../figs/v1/one.png",
    missing_html_figure: f"FINAL_notebooks/{NAME}.ipynb: missing figure ../figs/none.png",
    broken_link: f"FINAL_notebooks/{NAME}.ipynb: broken link ../away.md",
    link_out_of_the_tree: f"FINAL_notebooks/{NAME}.ipynb: broken link ../../../away.md",
    broken_link_of_a_page: "CONTRIBUTING.md: broken link tests/gone.py",
    no_question: f"{NAME}: no question",
    no_run_time: f"{NAME}: no run time",
    no_section: "README.md: no section 'Two commands'",
}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_fault_is_one_line_with_its_name_and_leaves_the_old_site(fault, root, capsys):
    fault(root)
    out = root / "build/book"
    out.mkdir(parents=True)
    (out / "old.html").touch()
    assert book.main(["--out", str(out)], root=root) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"book: {FAULTS[fault]}") and err.count("\n") == 1
    assert [path.name for path in root.glob("build/**/*")] == ["book", "old.html"]


def test_a_small_site_is_built_and_touches_nothing_else(root, capsys):
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    assert book.main([], root=root) == 0
    assert capsys.readouterr().out.startswith(tuple("123456789"))
    site = root / "build/book"
    landing, notebook = (site / "index.html").read_text(), (site / f"FINAL_notebooks/{NAME}.html").read_text()
    assert "One paragraph." in landing and "reading time 1 min, run time 7 s" in landing and "An answer." in landing
    assert "Reading time 1 min, run time 7 s." in notebook and "Is it small?" in notebook
    assert "Il est petit." in (site / "fr.html").read_text() and "La liste" not in (site / "fr.html").read_text()
    after = {path: path.read_bytes() for path in root.rglob("*") if path.is_file() and site not in path.parents}
    assert {path for path in after if "__pycache__" not in path.parts} == set(before)
    assert all(after[path] == before[path] for path in before)


def test_a_warning_of_sphinx_is_an_error_with_its_page(root, capsys):
    edit(root, lambda cells: cells[0].update(source=FIRST + "\n\n[nowhere](#nowhere)"))
    assert book.main([], root=root) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and f"FINAL_notebooks/{NAME}.ipynb" in err and "nowhere" in err
    assert not list(root.glob("build/*"))


# --- MathJax


def fake_npm(tmp_path, monkeypatch, body):
    npm = tmp_path / "bin/npm"
    npm.parent.mkdir()
    npm.write_text(f"#!/bin/sh\n{body}\n")
    npm.chmod(0o755)
    monkeypatch.setattr(book.shutil, "which", lambda name: str(npm))


def archive(path, content):
    with tarfile.open(path, "w:gz") as tar:
        for name in (f"package/es5/{book.MATHJAX_FILE}", "package/LICENSE"):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))


def test_without_npm_offline_is_one_line(root, monkeypatch, capsys):
    monkeypatch.setattr(book.shutil, "which", lambda name: None)
    assert book.main(["--offline"], root=root) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and "npm is not installed" in err
    assert not list(root.glob(".store/**/*")) and not list(root.glob("build/*"))


def test_npm_without_network_is_one_line(tmp_path, monkeypatch):
    fake_npm(tmp_path, monkeypatch, "exit 1")
    with pytest.raises(book.BookError, match="could not fetch mathjax@"):
        book.mathjax(tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_another_file_than_the_pinned_one_is_not_used(tmp_path, monkeypatch):
    archive(tmp_path / "other.tgz", b"alert(1)")
    fake_npm(tmp_path, monkeypatch, f'cp {tmp_path}/other.tgz "$5/mathjax-{book.MATHJAX}.tgz"')
    with pytest.raises(book.BookError, match="checksum"):
        book.mathjax(tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_mathjax_is_fetched_once(tmp_path, monkeypatch):
    archive(tmp_path / "good.tgz", b"MathJax")
    monkeypatch.setattr(book, "MATHJAX_SHA256", book.hashlib.sha256(b"MathJax").hexdigest())
    fake_npm(tmp_path, monkeypatch, f'cp {tmp_path}/good.tgz "$5/mathjax-{book.MATHJAX}.tgz"')
    folder = book.mathjax(tmp_path / "cache")
    assert (folder / book.MATHJAX_FILE).read_bytes() == b"MathJax" and (folder / "LICENSE-MathJax").exists()
    monkeypatch.setattr(book.shutil, "which", lambda name: pytest.fail("fetched again"))
    assert book.mathjax(tmp_path / "cache") == folder
