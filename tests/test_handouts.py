"""Student copies show no result, Reading or answer and still run; slides show all figures and lose no text."""

import base64
import builtins
import hashlib
import importlib
import json
import re
import shutil
import subprocess
import tarfile

import nbformat
import pytest

from tests.cells import bound, free
from tools import handouts, notebooks
from tools.common import ROOT
from tools.handouts import ANSWER, DETAILS, READING, deck, student
from tools.hygiene import BEGIN, GAP, Page, tags

PAGES = list(map(Page, notebooks.find()))
LONG = re.compile(r".{30,}")
NUMBER = re.compile(r"(?m)^(\d+)\. ")
code, text = nbformat.v4.new_code_cell, nbformat.v4.new_markdown_cell


def tag(*names):
    return {"tags": list(names)}


def printed(said):
    return [nbformat.v4.new_output("stream", text=said)]


PNG = bytes.fromhex("89504e470d0a1a0a0000000d494844520000000200000001080000000077")
DRAWN = nbformat.v4.new_output("display_data", data={"image/png": base64.b64encode(PNG).decode() + "\n"})
TABLE = nbformat.v4.new_output("display_data", data={"text/markdown": "| a |\n| --- |\n| 1 |"})
CODE = "\n".join(f"x_{i} = {i}" for i in range(30))
WRITE = "def double(x):\n    # twice x"
TWICE = f"{WRITE}\n    {BEGIN}\n    return 2 * x  # GONE\n    ### END SOLUTION"
CHECKED = "def check_double():\n    assert double(3) == 6, 'Twice 3 is 6.'\n\n\ncheck_double()"
ANSWERS = """<details>
<summary>Answers</summary>

1. GONE

<details><summary>Réponses en français</summary>

1. GONE

</details>

</details>"""
SMALL = [
    text("# Title\n\n**Why?**\n\n<details><summary>Résumé en français</summary>\n\nPourquoi ?\n\n</details>"),
    text("Because. SECRET", metadata=tag("result")),
    text("Model: none."),
    text("## What it teaches\n\n" + "One. " * 100 + "\n\n" + "Two. " * 50),
    text("![The model](../figs/m/model.png)\n\n*A drawing.*"),
    text("## Result first\n\n![alt](../figs/m/two.png)\n\n*GONE.*\n\n![b](../figs/m/two.png)", metadata=tag("result")),
    code("a = 1", metadata=tag("parameters")),
    text("## Step 1. A step\n\nText with $x$, see [the table](../figs/m/table.csv).\n\n$$y = x$$"),
    code(CODE, metadata=tag("model")),
    code(TWICE, metadata=tag("model")),
    code(CHECKED, metadata=tag("check")),
    code("print(a + 1)", outputs=printed("2\n"), execution_count=2),
    code("if a > 1:\n    figures.save(fig, 'm/one')", outputs=[DRAWN, DRAWN, TABLE], metadata=tag("plot")),
    text("**Reading.** SECRET one.", metadata=tag("reading")),
    text("**Reading.** SECRET two.", metadata=tag("reading")),
    text("Between. The next cell prints."),
    text("## Step 2. Printed\n\n**Predict** it. The cell below is all:\n\n" + "word " * 130 + "\n\n" + "End " * 60),
    code("print(3)", outputs=printed("3\n")),
    text("**Reading.** SECRET three.", metadata=tag("reading")),
    text("**Reading.** SECRET four.", metadata=tag("reading")),
    text("**Reading.** SECRET\n\n| five |\n| --- |\n| 5 |", metadata=tag("reading")),
    text("## Check\n\nThe next cell checks."),
    code("print(True)", outputs=printed("True\n"), metadata=tag("nbval-check-output")),
    text("## Exercises\n\n1. What?"),
    text(ANSWERS, metadata=tag("solution")),
    code("hidden = a + 41\nprint(hidden)", metadata=tag("solution"), outputs=printed("GONE\n"), execution_count=9),
    code("explore(draw)", metadata=tag("play"), outputs=[DRAWN]),
    text("## Limits\n\nAll."),
]


@pytest.fixture
def small(tmp_path):
    """A collection of one notebook below tmp_path; returns its page."""
    path = tmp_path / "FINAL_notebooks" / "FINAL_1_small.ipynb"
    path.parent.mkdir()
    (tmp_path / "figs/m").mkdir(parents=True)
    for name in ("one.png", "two.png", "model.png", "table.csv"):
        (tmp_path / "figs/m" / name).write_bytes(PNG)
    nbformat.write(nbformat.v4.new_notebook(cells=SMALL), path)
    return Page(path)


# --- student copies


def test_a_student_copy_shows_no_results_readings_solutions_and_outputs(small):
    before = nbformat.writes(small.notebook)
    copy = student(small.notebook)
    assert nbformat.writes(small.notebook) == before, "the original is left alone"
    written = nbformat.writes(copy)
    assert "GONE" not in written and "hidden" not in written
    assert "Pourquoi ?" in written and "Between." in written and CODE in [cell.source for cell in copy.cells]
    assert "SECRET" not in DETAILS.sub("", "\n".join(cell.source for cell in copy.cells)), "only folded"
    codes = Page(small.path, copy).code
    assert not any(cell.outputs or cell.execution_count for cell in codes)
    assert [cell.source for cell in codes[-2:]] == [handouts.STARTER, "explore(draw)"], "explorers stay"


def test_predict_run_reveal(small):
    """Readings are folded where they stand, below the run; what the result says in words comes before the exercises."""
    copy = Page(small.path, student(small.notebook))
    places = [number for number, cell in enumerate(copy.cells) if READING in cell.source or ANSWER in cell.source]
    own = [cell.source for cell in small.texts if "reading" in tags(cell)]
    own[0] += "\n\n![the picture that a right gap gives](../figs/m/one.png)"
    told = [(READING, text) for text in own] + [(ANSWER, "Because. SECRET")]
    assert [DETAILS.fullmatch(copy.cells[n].source).groups() for n in places] == told
    assert " ".join(copy.cells[n - 1].cell_type for n in places) == "code markdown code markdown markdown code"
    assert copy.cells[places[-1] + 1].source.startswith("## Exercises")


def test_a_gap_becomes_a_stub_and_is_graded_by_its_check(small):
    common = {"schema_version": 3, "task": False}
    gap_is = common | {"grade_id": "gap_of_check_double", "grade": False, "solution": True, "locked": False}
    check_is = common | {"grade_id": "check_double", "grade": True, "solution": False, "locked": True, "points": 1}
    for filled, shown in ((False, f"{WRITE}\n    # your code here\n    raise NotImplementedError()"), (True, TWICE)):
        gap, check = [cell for cell in student(small.notebook, filled).cells if "nbgrader" in cell.metadata]
        assert (gap.source, check.source) == (shown, CHECKED)
        assert gap.metadata == {"tags": ["model"], "nbgrader": gap_is}
        assert check.metadata == {"tags": ["check"], "nbgrader": check_is}, "and open: a check may be read"


def test_what_a_student_copy_refers_to_lies_beside_it(small, tmp_path):
    assert handouts.main(["student"], root=tmp_path) == 0
    out = tmp_path / "build/student"
    assert "[the table](figs/m/table.csv)" in (out / "FINAL_1_small.ipynb").read_text()
    found = sorted(path.name for path in out.glob("figs/m/*"))
    assert found == ["model.png", "one.png", "table.csv"], "no figure of a result"
    for cell in small.cells:
        cell.source = cell.source.replace("'m/one'", "'m/two'")
    assert "m/two.png" not in nbformat.writes(student(small.notebook)), "a result is not the expected picture"


def test_the_expected_picture_is_one_of_the_step_of_its_check():
    cells = [code(CHECKED, metadata=tag("check")), text("## Step 2"), code("figures.save(fig, 'm/x')")]
    cells.append(text("**Reading.**", metadata=tag("reading")))
    assert list(handouts.expected(cells)) == []
    del cells[1]
    assert list(handouts.expected(cells)) == [(cells[-1], "m/x")]


def test_a_copy_is_written_again_but_never_over_what_a_teacher_changed(small, tmp_path, capsys):
    """The folder that holds the work is moved aside under the next free number, as a whole, and that is said."""
    out, name = tmp_path / "build/student", "FINAL_1_small.ipynb"

    def made():
        capsys.readouterr()
        assert handouts.main(["student"], root=tmp_path) == 0
        return capsys.readouterr().out.splitlines()[:-1]

    def link():
        shutil.rmtree(out)
        out.symlink_to(tmp_path / "nowhere")

    changes = [
        ("notes.txt", lambda: (out / "notes.txt").write_text("for the class")),
        (name, lambda: (out / name).write_text("changed")),
        ("figs/m/one.png", lambda: (out / "figs/m/one.png").unlink()),
        (".written", link),
        (".written", lambda: (out / ".written").unlink()),  # another program's, or of an earlier version
    ]
    assert made() == []
    for number, (changed, change) in enumerate(changes, 1):
        assert made() == []
        change()
        aside = f"the folder is kept as build/student.{number}/"
        assert made() == [f"build/student/{changed} is not as it was written: {aside}"]
    aside = tmp_path / "build"
    assert (aside / "student.1/notes.txt").read_text() == "for the class"
    assert (aside / "student.2" / name).read_text() == "changed" and (aside / "student.4").is_symlink()
    assert len(list(aside.iterdir())) == 6, "and no draft"


SUMMARIES = {"Résumé en français", READING, ANSWER, "Answer", "Question et réponse en français"}
SUMMARIES |= {"A plan for 45 and 90 minutes"}
NOT_ALL = {"Exercices en français", "Légende en français", "La réponse en français"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path.stem[:7])
def test_a_committed_notebook_is_folded_and_graded_and_gives_no_answer_away(page):
    copy = Page(page.path, student(page.notebook))
    results, solutions = ([cell for cell in page.cells if tag in tags(cell)] for tag in ("result", "solution"))
    assert set(re.findall(r"<summary>([^<]*)</summary>", copy.text)) - NOT_ALL == SUMMARIES
    ran = False
    for cell in copy.cells:
        ran = cell.cell_type == "code" or (ran and not cell.source.startswith("## "))
        assert ran or READING not in cell.source, "first run, then reveal"
    for picture in handouts.PICTURE.findall("\n".join(cell.source for cell in results)):
        assert picture.partition("(")[2] not in copy.text
    ids = [cell.metadata.nbgrader.grade_id for cell in copy.code if "nbgrader" in cell.metadata]
    assert len(set(ids)) == len(ids) and [f"gap_of_{name}" for name in ids[1::2]] == ids[::2] != []
    own, rest = set(), set()  # long lines of solutions and gaps, and of the other code
    for cell in page.code:
        (own if cell in solutions else rest).update(LONG.findall(GAP.sub("", cell.source)))
        own.update(LONG.findall("\n".join(lines for _, lines in GAP.findall(cell.source))))
    handed_out = "\n".join(cell.source for cell in copy.cells)
    assert own - rest and not (own - rest) & set(LONG.findall(handed_out))


def test_every_name_of_a_student_copy_exists():
    for page in PAGES:
        known = set(dir(builtins)) | {"get_ipython", "display"}
        for cell, handed_out in zip(page.code, Page(page.path, student(page.notebook)).code, strict=True):
            code = compile(handed_out.source, page.path.stem, "exec")
            known |= bound(code)
            for _, lines in GAP.findall(cell.source):  # what they define stands in the line that says what to write
                known |= set(re.findall(r"\w+", lines))
            for module in re.findall(r"(?m)^from (\S+) import \*", handed_out.source):
                known |= set(importlib.import_module(module).__all__)
            assert free(code) - known == set(), handed_out.source


def test_at_least_three_exercises_each_with_an_answer():
    for page in PAGES:
        (asked,) = [cell for cell in page.texts if re.search(r"(?m)^#+ .*Exercise", cell.source)]
        (answered,) = [cell for cell in page.texts if "solution" in tags(cell)]
        blocks = [DETAILS.sub("", asked.source), *(inside for _, inside in DETAILS.findall(asked.source))]
        numbers, *french = map(NUMBER.findall, blocks)  # in English, and in French where they have been written
        assert len(numbers) >= 3 and french in ([], [numbers]), page.path.stem
        assert NUMBER.findall(answered.source) in (numbers, 2 * numbers), page.path.stem


def test_the_page_for_lecturers_lists_every_step_and_its_plans_fit():
    pages = re.split(r"(?m)^## ", (ROOT / "docs/teaching.md").read_text(encoding="utf-8"))[1:]
    for page, text in zip(PAGES, pages, strict=True):
        rows = re.findall(r"(?m)^\| (Step [^|]+?) \| ([^|]*) \| (\w*) +\| (\d*) *\| (\d+) \|$", text)
        headings = [cell.source.split("\n")[0][3:] for cell in page.texts if cell.source.startswith("## Step")]
        assert page.path.stem in text and [row[0] for row in rows] == headings
        checks = [re.match(r"def check_(\w+)", cell.source)[1] for cell in page.code if "check" in tags(cell)]
        assert re.findall(r"`(\w+)`", " ".join(row[1] for row in rows)) == checks
        assert [row[2] for row in rows].count("yes") == 3
        left = re.search(r"left for talk, play and exercises \| \| \| (\d+) \| (\d+) \|", text)
        plans = re.findall(r"\*\*(?:45|90) minutes:\*\* (.*); talk, play and exercises \((\d+)\)", page.text)
        for (plan, rest), column, total, whole in zip(plans, (3, 4), left.groups(), (45, 90), strict=True):
            steps = [(int(n), k) for n, k in re.findall(r"Step (\d+) \((\d+)\)", plan)]
            listed = [(n, row[column]) for n, row in enumerate(rows, 1) if row[column]]
            assert (steps, rest) == (listed, total), "the plan in the notebook is that of the page"
            assert sum(int(minutes) for _, minutes in steps) + int(rest) == whole


# --- slides


def test_slides_by_tags(small, monkeypatch):
    slides = deck(small)
    assert [(s["title"], s["picture"][:12], s["text"][:12], len(s["reveal"])) for s in slides] == [
        ("# Title", "", "**Why?**", 0),
        ("## What it teaches", "", "One. One. On", 0),
        ("## The model", "![The model]", "*A drawing.*", 0),
        ("## Step 1. A step", "", "Text with $x", 0),
        ("## Step 1. A step", "", "", 0),
        ("## Step 1. A step", "", "", 0),
        ("## Step 1. A step", "![](../figs/", "", 0),
        ("## Step 1. A step", "![](data:ima", "", 0),
        ("## Step 1. A step", "| a |\n| --- ", "", 2),
        ("## Step 2. Printed", "", "**Predict** ", 0),
        ("## Step 2. Printed", "", "End End End ", 0),
        ("## Step 2. Printed", "```text\n3\n``", "", 2),
        ("## Step 2. Printed", "", "", 1),
        ("## The answer", "", "", 1),
        ("## Result", "![alt](../fi", "*GONE.*", 0),
        ("## Result", "![b](../figs", "", 0),
        ("## Exercises", "", "1. What?", 0),
        ("## Limits", "", "All.", 0),
    ]
    assert slides[0]["notes"] == ["", "**Résumé en français.**\n\nPourquoi ?", "Model: none."]
    assert slides[1]["notes"] == [("Two. " * 50).strip()], "the first idea is on the slide"
    assert slides[4]["code"].count("\n") == handouts.CODE_LINES + 3 and "goes on in the notebook" in slides[4]["code"]
    assert slides[5]["notes"] == ["```\n2\n```"] and slides[8]["notes"] == ["Between. The code prints."]
    assert slides[9]["text"].startswith("**Predict** it. The code is all:\n\nword"), "not cut after a colon"
    assert slides[12]["notes"] == ["## Check\n\nThe code checks.", "```\nTrue\n```"], "a check is no slide"
    answers = "**Answers.**\n\n1. GONE\n\n**Réponses en français.**\n\n1. GONE"
    assert slides[16]["notes"] == ["", answers, "```\nGONE\n```"]
    monkeypatch.setattr(handouts, "TABLE_SIGNS", 5)
    large = [len(s["reveal"]) for s in deck(small) if "| a |" in s["picture"]]
    assert large == [0], "a large table leaves no room for its reading"


def test_a_model_is_shown_without_settings_and_cut_between_statements():
    whole = "import numpy as np\n\nnp.seterr()\nN = 3\n\n\ndef f(x):\n    return x"
    assert handouts.cut(whole) == "N = 3\n\ndef f(x):\n    return x"
    longer = whole + "\n\n\ndef g(x):\n" + "    x += 1\n" * 24 + "    return x\n\n\nM = 4"
    assert handouts.cut(longer) == handouts.cut(whole) + "\n\n# ... goes on in the notebook"
    alone = longer.partition("\n\n\ndef g")[2].join(["def g", ""])
    assert handouts.cut(alone).count("x += 1") == 23, "the first is cut"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path.stem[:7])
def test_every_figure_and_word_of_a_committed_notebook_is_on_a_slide_and_goes_on_nowhere_else(page):
    """No colon or comma at the end, no word of a cell that is not there, no True or False alone, no folding mark."""
    whole = ""
    for s in deck(page):
        shown = [s["title"], s["picture"], s["text"], *s["reveal"]]
        said = " ".join([*shown, *s["notes"]])
        assert not re.search(r"[:,]\s*$", s["text"]), s
        assert not re.search(r"(?i)next cell|cell below|<details|details>", said), s
        assert not re.search(r"(?m)^[^`]*\b(?:True|False)$", s["picture"]), s
        assert any(shown[1:]) or s["code"], s
        whole += f"{' '.join(said.split())} "
    saved = set(re.findall(r"figures\.save\(\s*\w+,\s*\"([\w/]+)\"", "\n".join(c.source for c in page.code)))
    assert saved and [name for name in saved if f"/{name}.png" not in whole] == []
    told = re.sub(r"next cell|cell below", "code", page.text).replace("## The result first", "## The result")
    while DETAILS.search(told):
        told = DETAILS.sub("", told)
    for block in re.split(r"\n\s*\n|\n(?=\d+\. )", told):
        assert " ".join(block.split()) in whole


def test_the_page_asks_for_nothing_but_its_scripts_and_those_from_elsewhere_carry_their_hash(small):
    page = handouts.slides_html(small, reveal="r", math="m.js")
    body = re.sub(r"<style.*?</style>", "", page, flags=re.S)
    data = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
    wanted = {data, "m.js", *(f"r/{name}" for name in handouts.INTEGRITY)}
    assert set(re.findall(r'(?:src|href)="([^"#][^"]*)"', body)) == wanted
    assert page.count('class="notes"') == 7 and "anchor-link" not in body and 'class="n">x_1' in body
    assert "integrity" not in page, "of files beside it there is none"
    online = handouts.slides_html(small)
    asked = re.findall(r'<(?:script|link)[^>]*(?:src|href)="(https:[^"]+)"([^>]*)>', online)
    carried = re.compile(r'integrity="sha384-[\w/+=]{64}" crossorigin="anonymous"')
    assert len(asked) == 5 and all(carried.search(rest) for _, rest in asked)


def test_the_hashes_are_those_of_the_packages():
    """Of the archives that offline pages take from npm, whose own hash is checked when they are unpacked."""
    mathjax = {handouts.MATHJAX_FILE: handouts.MATHJAX_SHA384}
    for package, files in ((handouts.REVEAL, handouts.INTEGRITY), (handouts.MATHJAX, mathjax)):
        archive = ROOT / ".store" / f"{package.replace('@', '-')}.tgz"
        if not archive.exists():
            pytest.skip("no archive from npm here")
        with tarfile.open(archive) as whole:
            for name, said in files.items():
                found = hashlib.sha384(whole.extractfile(f"package/{name}").read()).digest()
                assert said.removeprefix("sha384-") == base64.b64encode(found).decode()


HOSTILE = [
    "<script>alert(1)</script>",
    "[a](javascript:alert(1))",
    "<iframe src='https://example.org'></iframe><svg/onload=alert(1)>",
    "<p style='background:url(https://example.org)'>x</p>",
    "| a |\n| --- |\n| <img src=x onerror=alert(1)> |",
]


def test_what_a_notebook_holds_does_not_run_in_slides(small):
    before, words = handouts.slides_html(small), "\n\n".join(HOSTILE)
    told = {cell.cell_type: cell for cell in small.cells}
    told["markdown"].source += f"\n\n{words}"
    small.notebook.cells[1].source = f"# Title </title>{HOSTILE[0]}\n\n{words}"
    for cell in small.code:
        cell.outputs = [nbformat.v4.new_output("display_data", data={"text/markdown": words, "text/html": words})]
    page = handouts.slides_html(small)
    own = re.compile(r"<style>.*?</style>|<script>\s*Reveal.*?</script>", re.S)
    for pattern in (r"<script", r"<iframe", r"<svg", r"<[^>]* on\w+=", r"""href=["']javascript""", r"<[^>]*url\("):
        found = [len(re.findall(pattern, own.sub("", text))) for text in (before, page)]
        assert found[0] == found[1], pattern


PICTURES = ["data:image/png;base64,iVBORw0KGgo=", "DATA:IMAGE/GIF;base64,R0lG", "https://example.org/a.png", "a.png"]
LINKS = ["https://example.org/a:b?c#d", "mailto:a@example.org", "#step:1", "?a:b", "a/b:c.html", "b.html"]
RUNS = ["data:text/html;base64,PHNjcmlwdD4=", "data:text/html,<script>alert(1)</script>", "DATA:text/html,x"]
RUNS += ["da\tta:text/html,x", " data:text/html,x", "data&colon;text/html,x", "data&#58;text/html,x", "&#100;ata:x"]
RUNS += ["javascript:alert(1)", "java\nscript:alert(1)", "vbscript:x", "\x01data:text/html,x", "blob:null/x", "data:x"]
DRAWS = ["data:image/svg+xml;base64,PHN2Zz4=", "data:image/png,x", 'data:image/png;base64,x"onerror=alert(1)']


def addresses(page):
    """Return the addresses of the links, and of the pictures, of a page of slides."""
    return re.findall(r"<a\b[^>]*href=[\"']([^\"']*)", page), re.findall(r"<img\b[^>]*src=[\"']([^\"']*)", page)


@pytest.mark.parametrize("written", ["<a href='{}'>x</a>", "[x](<{}>)"])
def test_a_link_leads_to_a_page_and_only_a_picture_is_data(small, written):
    before = addresses(handouts.slides_html(small))
    shown = [written.replace("{}", address) for address in (*LINKS, *RUNS, *DRAWS, *PICTURES[:2])]
    shown += [f"<img src='{address}'>" for address in (*PICTURES, *RUNS, *DRAWS)]
    small.texts[-1].source += "\n\n" + "\n\n".join(shown)
    links, pictures = addresses(handouts.slides_html(small))
    assert links == before[0] + LINKS
    assert pictures == before[1] + PICTURES


FORMULAS = [
    r"\href{javascript:alert(1)}{x}",
    r"\href{data:text/html,<b>}{x}",
    r"\require{html}\def\h{\href}\h{javascript:alert(1)}{x}",
    r'\mmlToken{mi}[href="javascript:alert(1)"]{x}',
    r"\style{position:fixed;background:url(https://example.org)}{x}",
    r"\class{gone}{x}",
    r"\cssId{gone}{x}",
]


def test_no_formula_of_a_slide_is_a_link_or_has_a_style(small, tmp_path):
    """As a browser shows it: MathJax makes a link of it after the text was cleaned."""
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if not browser or not list((ROOT / ".store").glob("mathjax-*.tgz")):
        pytest.skip("no browser, or no archive from npm here")
    small.texts[-1].source += "\n\n" + "\n\n".join(f"${formula}$" for formula in FORMULAS)
    page = tmp_path / "page.html"
    page.write_text(handouts.slides_html(small, *handouts.write_offline(tmp_path, ROOT / ".store")), encoding="utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    command = [browser, *options, "--virtual-time-budget=20000", "--dump-dom", page.as_uri()]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    drawn = re.findall(r"<mjx-container.*?</mjx-container>", shown, re.S)
    assert len(drawn) == 2 + len(FORMULAS) and "data-mjx-error" not in shown
    for formula in drawn:
        assert not re.search(r"<a\b|javascript|[ \"]href=|gone|fixed|example", formula), formula


# --- bad input

OUTSIDE = ("../README.md", "../../../../etc/hostname", "figs/../../x")
EMPTY = nbformat.writes(nbformat.v4.new_notebook())


def holding(cell):
    """Return a change that adds a cell to a notebook, however broken, in a file beside which README.md lies."""

    def change(path):
        notebook = json.loads(path.read_text())
        notebook["cells"].append(cell)
        path.write_text(json.dumps(notebook))
        (path.parents[1] / "README.md").touch()

    return change


@pytest.mark.parametrize(
    ("argv", "change", "said"),
    [
        (["student", "FINAL_9"], lambda p: None, "no notebook is called 'FINAL_9'"),
        (["student"], lambda p: p.write_text("no json"), "FINAL_1_small: not a notebook"),
        (["slides"], lambda p: (p.parents[1] / "figs/m/two.png").unlink(), "figs/m/two.png is missing"),
        (["slides"], lambda p: nbformat.write(nbformat.v4.new_notebook(cells=SMALL[2:]), p), "does not start with a"),
        *[(["student"], holding(text(f"[a](../{name})")), "outside the collection") for name in OUTSIDE],
        (["slides"], holding(code("%magic", metadata=tag("model"))), "a model cell is not plain Python"),
        (["slides"], holding(code("x\0", metadata=tag("model"))), "a model cell is not plain Python"),
        (["student"], holding(code("x", metadata=tag("check"))), "no `def check_...` and its call"),
        (["student"], holding(code(TWICE)), "no `def check_...` and its call"),
        (["student"], holding(text("x") | {"metadata": {"tags": 3}}), "not a notebook"),
        *[([kind], holding(text("\ud800")), r"'\ud800', half a sign") for kind in ("student", "slides")],
        *[([kind], lambda p: p.write_text(EMPTY), "it has no cells") for kind in ("student", "slides")],
    ],
)
def test_a_fault_is_one_line_and_writes_nothing(argv, change, said, small, tmp_path, capsys):
    change(small.path)
    assert handouts.main(argv, root=tmp_path) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and err.startswith("handouts: ") and said in err
    assert not list(tmp_path.glob("build/*"))
