"""Student copies hold no answer and still run; slides make a lecture of 20 minutes and lose no text."""

import ast
import builtins
import importlib
import re
import subprocess
from types import SimpleNamespace

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools import handouts, notebooks
from tools.handouts import DETAILS, deck, first, lead, reading, sentences, student

FINAL = notebooks.find()
NOTEBOOKS = {path: nbformat.read(path, as_version=4) for path in FINAL}
code, text = nbformat.v4.new_code_cell, nbformat.v4.new_markdown_cell
each = pytest.mark.parametrize("path", FINAL, ids=lambda path: path.stem[:7])

SMALL = [
    text(
        "# Title\n\n**Why?**\n\nBecause.\n\nModel: none.\n\n"
        "<details><summary>Résumé en français</summary>\n\nOui.\n\n</details>"
    ),
    text("## The result first\n\n![alt](../figs/m/one.png)\n\n*Caption.*"),
    code("a = 1", metadata={"tags": ["parameters"]}),
    text("## Step 1. A step\n\nText with $x$.\n\n$$y = x$$\n\nPrediction: it is two."),
    code("print(a + 1)", outputs=[nbformat.v4.new_output("stream", text="2\n")], execution_count=2),
    text("**Reading.** It is two.\n\n## Check and play"),
    code("print(3)", metadata={"tags": ["nbval-check-output"]}, outputs=[nbformat.v4.new_output("stream", text="3\n")]),
    text("## Exercises\n\n1. What?\n\n<details>\n<summary>Answers</summary>\n\n1. SECRET\n\n</details>\n\nGo on."),
    code("b = a", outputs=[nbformat.v4.new_output("stream", text="kept\n")]),
    code("hidden = a + 41\nprint(hidden)", metadata={"tags": ["solution"]}, execution_count=9,
         outputs=[nbformat.v4.new_output("stream", text="SECRET\n")]),
    text("## Limits and references\n\n**What the model leaves out.** All."),
]  # fmt: skip
PNG = bytes.fromhex("89504e470d0a1a0a0000000d494844520000000200000001080000000077")


@pytest.fixture
def small(tmp_path):
    """A collection of one notebook below tmp_path; returns the notebook's path."""
    path = tmp_path / "FINAL_notebooks" / "FINAL_1_small.ipynb"
    path.parent.mkdir()
    (tmp_path / "figs/m").mkdir(parents=True)
    (tmp_path / "figs/m/one.png").write_bytes(PNG)
    nbformat.write(nbformat.v4.new_notebook(cells=SMALL), path)
    return path


# --- student copies


def test_a_student_copy_loses_answers_and_solutions_only():
    notebook = nbformat.v4.new_notebook(cells=SMALL)
    copy = student(notebook)
    assert "SECRET" in nbformat.writes(notebook), "the original is left alone"
    assert "SECRET" not in nbformat.writes(copy) and "hidden" not in nbformat.writes(copy)
    assert "Résumé" in copy.cells[0].source and "Oui." in copy.cells[0].source
    assert copy.cells[7].source.split("\n\n") == ["## Exercises", "1. What?", "Go on."]
    assert copy.cells[8].outputs[0].text == "kept\n"
    solution = copy.cells[9]
    assert (solution.source, solution.outputs, solution.execution_count) == (handouts.STARTER, [], None)


def test_a_student_copy_runs(small, tmp_path):
    assert handouts.main(["student"], root=tmp_path) == 0
    run = notebooks.execute(tmp_path / "build/student/FINAL_1_small.ipynb")
    assert run.failure == "" and run.notebook.cells[4].outputs[0].text == "2\n"


def test_what_a_student_copy_refers_to_lies_beside_it(small, tmp_path):
    assert handouts.main(["student"], root=tmp_path) == 0
    out = tmp_path / "build/student"
    assert "![alt](figs/m/one.png)" in (out / "FINAL_1_small.ipynb").read_text()
    assert (out / "figs/m/one.png").read_bytes() == PNG


@each
def test_no_answer_is_left(path):
    copy = student(NOTEBOOKS[path])
    folded = [name for cell in copy.cells for name, _ in DETAILS.findall(cell.source)]
    assert folded == ["Résumé en français"]
    is_solution = ["solution" in cell.metadata.get("tags", ()) for cell in copy.cells]
    pairs = list(zip(NOTEBOOKS[path].cells, is_solution, strict=True))
    own = {line for cell, tagged in pairs if tagged for line in cell.source.splitlines() if len(line) > 30}
    own -= {line for cell, tagged in pairs if not tagged for line in cell.source.splitlines()}
    assert own and not own & {line for cell in copy.cells for line in cell.source.splitlines()}


@each
def test_every_name_of_a_student_copy_exists(path):
    known = set(dir(builtins)) | {"get_ipython"}
    for cell in student(NOTEBOOKS[path]).cells:
        if cell.cell_type == "code":
            tree = compile(cell.source, path.stem, "exec", ast.PyCF_ONLY_AST)
            known |= stored(tree)
            assert {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)} - known == set(), cell.source


def stored(tree):
    """Return the names that a cell defines, at any depth."""
    names = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
    names |= {n.arg for n in ast.walk(tree) if isinstance(n, ast.arg)}
    names |= {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.ClassDef)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
            names |= set(importlib.import_module(node.module).__all__)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    return names


def numbered(source):
    return re.findall(r"^(\d+)\. ", source, re.M)


@each
def test_three_to_five_exercises_each_with_an_answer(path):
    (cell,) = [c for c in NOTEBOOKS[path].cells if re.match(r"#+ .*exercise", c.source, re.I)]
    asked = numbered(DETAILS.sub("", cell.source))
    answers = "\n".join(answer for _, answer in DETAILS.findall(cell.source))
    assert 3 <= len(asked) <= 5
    assert numbered(answers) == asked, f"the answers are: {answers.strip()[:200]}"


# --- what fits


@pytest.mark.parametrize(
    ("paragraph", "parts"),
    [
        ("One. Two.", ["One.", "Two."]),
        ("It is .5 e.g. here. Next.", ["It is .5 e.g. here.", "Next."]),
        ("**Label.** What it says. More.", ["**Label.** What it says.", "More."]),
        ("A $x. Y$ b. C.", ["A $x. Y$ b.", "C."]),
        ("**Bold. Still bold.** Then.", ["**Bold. Still bold.** Then."]),
    ],
)
def test_sentences(paragraph, parts):
    assert sentences(paragraph) == parts


@given(
    st.lists(st.sampled_from(["One two.", "**B.** x.", "$a. B$ c.", "It is (so).", "No end", "Why? So!"]), min_size=1)
)
def test_no_word_is_lost_between_sentences(parts):
    paragraph = " ".join(parts)
    assert " ".join(sentences(paragraph)).split() == paragraph.split()


@given(st.lists(st.integers(1, 30), min_size=1, max_size=8), st.integers(1, 60))
def test_first_fits_or_is_one_sentence(lengths, words):
    parts = ["A" + " w" * (n - 1) + "." for n in lengths]
    kept = first(" ".join(parts), words)
    assert " ".join(parts).startswith(kept)
    assert len(kept.split()) <= words or kept == parts[0]


def test_lead_keeps_formula_and_prediction():
    texts = ["w " * 50 + "end.", "$$x$$", "w " * 100 + "end.", "Prediction: it falls."]
    assert lead(texts, 60) == [texts[0], "$$x$$", "Prediction: it falls."]


def test_a_reading_is_one_bullet_for_each_panel():
    assert reading("**Reading.** A: up. B and C: down. So it is.") == "- **A** up.\n- **B and C** down. So it is."
    assert reading("**Reading.** It rises (A).") == "It rises (A)."


# --- slides


@each
def test_a_lecture_of_twenty_minutes(path):
    slides = deck(path, NOTEBOOKS[path])
    assert 15 <= len(slides) <= 22
    kinds = [slide.kind for slide in slides]
    assert kinds[0] == "title" and kinds[-4:] == ["check", "answer", "limit", "exercise"]
    assert {len(slide.title) > 0 for slide in slides} == {True}


@each
def test_every_saved_figure_is_shown_and_every_word_is_on_a_slide_or_in_its_notes(path):
    slides, cells = deck(path, NOTEBOOKS[path]), NOTEBOOKS[path].cells
    shown = " ".join(slide.picture for slide in slides)
    saved = [name for cell in cells if cell.cell_type == "code" for name in handouts.SAVED.findall(cell.source)]
    assert saved and [name for name in saved if f"/{name}.png" not in shown] == []
    whole = plain(" ".join(t for s in slides for t in (*s.texts, *s.notes, s.picture, s.line)))
    texts = [b for c in cells if c.cell_type == "markdown" for b in re.split(r"\n\s*\n", DETAILS.sub("", c.source))]
    played = "The next cell prints"  # said of the notebook, kept all the same
    assert [b for b in texts if b.strip() and b[0] != "#" and plain(b) not in whole and played not in b] == []


def plain(source):
    return " ".join(re.sub(r"!?\[([^\]]*)\]\(\.\./[^)]*\)", r"\1", source).split())


def test_too_many_slides_fold_into_the_figure_behind_them(monkeypatch):
    slides = [
        handouts.Slide("step", "S", ("Long text with $$x$$.",)),
        handouts.Slide("figure", "S", picture="p"),
        handouts.Slide("bridge", "S", ("It should rise.",)),
        handouts.Slide("figure", "S", picture="q", notes=("n",)),
    ]
    monkeypatch.setattr(handouts, "MOST_SLIDES", 3)
    shorter = handouts.shorten(slides)
    assert shorter[:2] == slides[:2] and len(shorter) == 3
    assert (shorter[2].line, shorter[2].notes) == ("It should rise.", ("It should rise.", "n"))


def test_the_page_asks_for_nothing_but_its_two_scripts(small):
    page = handouts.slides_html(small, nbformat.read(small, as_version=4), reveal="r", math="m.js")
    body = re.sub(r"<style.*?</style>", "", page, flags=re.S)
    assert sorted(set(re.findall(r'(?:src|href)="([^"#][^"]*)"', body))) == [
        f"data:image/png;base64,{handouts.base64.b64encode(PNG).decode()}",
        "m.js", "r/dist/reveal.css", "r/dist/reveal.js", "r/dist/theme/white.css", "r/plugin/notes/notes.js",
    ]  # fmt: skip
    assert page.count('class="notes"') >= 2 and "SECRET" in page, "answers are in the speaker's notes"


# --- bad input


@pytest.mark.parametrize(
    ("argv", "change", "said"),
    [
        (["student", "FINAL_9"], lambda p: None, "no notebook is called 'FINAL_9'"),
        (["slides"], lambda p: p.unlink(), "no FINAL_*.ipynb"),
        (["student"], lambda p: p.write_text("no json"), "FINAL_1_small: not a notebook"),
        (["slides"], lambda p: (p.parents[1] / "figs/m/one.png").unlink(), "../figs/m/one.png is missing"),
        (["student"], lambda p: (p.parents[1] / "figs/m/one.png").unlink(), "../figs/m/one.png is missing"),
        (["slides"], lambda p: nbformat.write(nbformat.v4.new_notebook(cells=SMALL[1:]), p), "does not start with a"),
        (["slides"], lambda p: nbformat.write(nbformat.v4.new_notebook(cells=SMALL[:1]), p), "no outputs"),
    ],
)
def test_a_fault_is_one_line_and_writes_nothing(argv, change, said, small, tmp_path, capsys):
    change(small)
    assert handouts.main(argv, root=tmp_path) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and err.startswith("handouts: ") and said in err
    assert not (tmp_path / "build").exists()


def test_without_npm_or_with_another_archive_nothing_is_used(tmp_path, monkeypatch):
    for npm, code in ((None, 0), ("npm", 1)):
        monkeypatch.setattr(handouts.shutil, "which", lambda name, npm=npm: npm)
        monkeypatch.setattr(subprocess, "run", lambda *a, code=code, **k: SimpleNamespace(returncode=code))
        with pytest.raises(handouts.HandoutError, match="is npm installed, and the network there"):
            handouts.fetch_reveal(tmp_path)
    (tmp_path / f"reveal.js-{handouts.REVEAL}.tgz").write_bytes(b"other")
    with pytest.raises(handouts.HandoutError, match="another checksum"):
        handouts.fetch_reveal(tmp_path)
    assert list(tmp_path.iterdir()) == []
