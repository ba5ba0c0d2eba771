"""Student copies, graded assignments and slides of the FINAL notebooks, by the tags of their cells.

Usage, with the Python of the set-up (``make student``, ``assignments`` and ``slides`` call it)::

    python -m tools.handouts student [names...]             build/student/: no outputs and solutions, gaps to fill
    python -m tools.handouts assignments [names...]         build/assignments/: the same, gaps filled, for nbgrader
    python -m tools.handouts slides [--offline] [names...]  build/slides/: reveal.js, speaker notes with the key S

A student copy has no outputs, results and solutions. The gaps of its model cells are to be filled, and the check below
each says what is wrong; every Reading is folded, to be opened after the run. What the copy refers to lies beside it.
Slides: the schematic, each text cell with a heading, each ``model`` cell, each figure or table, below which its
Readings are revealed, and before the exercises the result. All else is in the speaker notes.
Each call writes its folder anew. One in which you changed or added a file is kept, as build/student.1/ and so on.

Exit codes: 0 well, 2 a wrong call or a notebook that cannot be used, with one line.
"""

import argparse
import ast
import base64
import re
import shutil
import sys
from copy import deepcopy

import bleach
import jinja2
import nbformat
from bleach.css_sanitizer import CSSSanitizer
from nbconvert.filters import markdown2html_mistune
from pygments.formatters import HtmlFormatter

from tools.book import BARE, MATHJAX, MATHJAX_FILE, MATHJAX_SHA384, MATHJAX_SHA512
from tools.common import ROOT, TEMPLATES, ToolError, fresh_folder, guarded, npm_unpack
from tools.hygiene import BEGIN, CHECK, GAP, MARKS, Page, tags
from tools.notebooks import find

STARTER = "# Your solution of the exercise goes here."
STUB = "# your code here\nraise NotImplementedError()"
GRADED = {"schema_version": 3, "task": False}  # of nbgrader, for each cell that it knows
READING = "Open after you have run the cells above (à ouvrir après l'exécution)"
ANSWER = "The answer: open at the end (la réponse : à ouvrir à la fin)"
INNER = r"((?:(?!<details\b).)*?)"  # of folded parts in one another the inner one comes first
DETAILS = re.compile(rf"\s*<details\b[^>]*>\s*<summary>([^<]*)</summary>\s*{INNER}\s*</details>", re.S | re.I)
PICTURE = re.compile(r"!\[[^\]]*\]\(\.\./[^)]+\.(?:png|gif)\)")
LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(\.\./[^)]*\)")
REFERENCE = re.compile(r"\]\(\.\./([^)\s#]+)")
SAVED = re.compile(r"\bsave\(\s*\w+,\s*[\"']([\w/]+)[\"']")
CODE_LINES, SHOWN_LINES, TABLE_SIGNS, WORDS = 24, 14, 900, 125  # of a slide; a larger table stands alone
REVEAL = "reveal.js@4.6.1"
REVEAL_SHA512 = "1CW0auaXNPmwmvQ7TwpszwVxMi2Xr5cTS3J3EBC/HHgbPF32Dn7aiu/LKWDOGjMbaDwKQiGmfqcoGQ74HUHCMw=="
TAGS = ["h1", "h2", "h3", "h4", "p", "br", "hr", "a", "img", "em", "strong", "del", "sub", "sup", "code", "pre", "div"]
TAGS += ["span", "blockquote", "ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td", "details", "summary"]
ATTRIBUTES = {"img": ["alt"], "ol": ["start"]}
# Of bleach's protocols "data" would go for links as well. What comes before the first / ? or # has no colon, not even
# one that is written &colon;, unless it is one of these; the data of a picture are one that runs nothing.
ADDRESS = re.compile(r"(?:https?:|mailto:|[^:&/?#]*(?:[/?#]|$))", re.I)
DATA = re.compile(r"data:image/(?:png|gif|jpeg|webp);base64,[\w+/=]*", re.I | re.A)
ALIGN = CSSSanitizer(allowed_css_properties=["text-align"])
CDN = f"https://unpkg.com/{REVEAL}", f"https://unpkg.com/{MATHJAX}/{MATHJAX_FILE}"
INTEGRITY = {  # sha384 of the scripts and styles, which a browser checks
    "dist/reveal.css": "NFDRDnQoPtd7zsTgVN98iodRrlDYYZtFmL4GQJ+SRnPTUeCxwu9lkZNwrtTwcD13",
    "dist/theme/white.css": "upG5vn2fDJatseGzaOq6V1hlbPD7PGxB9UjmpXEUUV2KZ26kF9MfnYotnyw8YSQm",
    "dist/reveal.js": "1BgZRI35wIBSv5NogsksvIdAsgAPqwRFj4SJUH7dDP14i/J8zwleEEcTA1TTHId3",
    "plugin/notes/notes.js": "uGY994LqWhR6DceAusk0BjkwDgzWyj6cq0OskKeUtyUOqv4s77I7JAyepDX+NSi/",
}


# --- student copies


def student(notebook, filled=False):
    """Return a class copy: no outputs, results, solutions; a solution's code cell is empty, Readings are folded.

    Gaps are stubs unless `filled`. The first Reading after a gap shows how the picture of its step should look, unless
    that is the result; what the result says in words is folded before the exercises.
    """
    cells = deepcopy(notebook.cells)
    results = [cell.source for cell in cells if "result" in tags(cell)]
    for reading, name in expected(cells):
        if f"/{name}.png)" not in "".join(results):
            reading.source += f"\n\n![the picture that a right gap gives](../figs/{name}.png)"
    copy = nbformat.v4.new_notebook(metadata=notebook.metadata)
    for cell, after in zip(cells, [*cells[1:], None], strict=True):
        if cell.cell_type == "code":
            hand_out(cell, after, filled)
        elif "reading" in tags(cell):
            cell.source = folded(READING, cell.source)
        elif re.match("#+ .*Exercise", cell.source):
            copy.cells += [
                nbformat.v4.new_markdown_cell(folded(ANSWER, said)) for said in results if not PICTURE.search(said)
            ]
        if cell.cell_type == "code" or not tags(cell) & {"result", "solution"}:
            copy.cells.append(cell)
    return copy


def expected(cells):
    """Yield the first Reading below a check that has a figure above it in its step, and the name of that figure."""
    waits, name = False, None
    for cell in cells:
        saved = SAVED.search(cell.source)
        if "check" in tags(cell) or cell.source.startswith("## "):
            waits, name = "check" in tags(cell), None
        elif waits and saved:
            waits, name = False, saved[1]
        elif name and "reading" in tags(cell):
            yield cell, name
            name = None


def hand_out(cell, after, filled):
    """Empty a code cell; one with a gap, to be checked by the cell `after` it, or a check is also graded."""
    cell.outputs, cell.execution_count = [], None
    if "solution" in tags(cell):
        cell.source = STARTER
    elif "check" in tags(cell):
        own = dict(grade_id=check_name(cell), grade=True, solution=False, locked=True, points=1)
        cell.metadata = {"tags": ["check"], "nbgrader": GRADED | own}
    elif BEGIN in cell.source:
        own = dict(grade_id=f"gap_of_{check_name(after)}", grade=False, solution=True, locked=False)
        cell.metadata["nbgrader"] = GRADED | own
        cell.source = cell.source if filled else GAP.sub(stubbed, cell.source)


def check_name(cell):
    """Return the name of the function that a check cell defines and calls."""
    found = cell and CHECK.match(cell.source)
    if not found:
        raise ToolError(
            f"no `def check_...` and its call, for a gap or the tag check, in {cell and cell.source[:40]!r}"
        )
    return found[1]


def stubbed(gap):
    """Return a gap with its line of what to write, and instead of the lines between the marks a stub."""
    hint = gap[0].partition("\n")[0]
    return "\n".join([hint, *(gap[1] + line for line in STUB.split("\n"))])


def folded(summary, text):
    """Return text that opens at a click on the summary."""
    return f"<details><summary>{summary}</summary>\n\n{text}\n\n</details>"


def write_student(page, out, filled=False):
    """Write the class copy of a notebook, and the files that its text refers to, into the folder `out`."""
    copy = student(page.notebook, filled)
    for name in REFERENCE.findall(Page(page.path, copy).text):
        if not (out / name).resolve().is_relative_to(out.resolve()):
            raise ToolError(f"{page.path.stem}: ../{name} lies outside the collection; bring the file into it")
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(page.path.parents[1] / name, out / name)
    (out / page.path.name).write_text(nbformat.writes(copy).replace("](../", "]("), encoding="utf-8")


# --- slides


def deck(page):
    """Return the slides of a notebook, each a dictionary of Markdown: title, picture, text, code, reveal and notes.

    What gives the answer away (cells tagged ``result``) waits until the exercises. The title above a check that prints
    numbers for a test, and text without a title, are for the speaker.
    """
    slides, answers, title, printed = [], [], "", ""
    if not page.text.startswith("# "):
        raise ToolError(f"{page.path.stem}: does not start with a title (# ...)")
    for cell, following in zip(page.cells, [*page.cells[1:], page.cells[0]], strict=True):
        text, notes = parted(cell.source)
        if cell.cell_type == "code":
            printed = "".join(out.get("text", "") for out in cell.outputs)
            made, notes = coded(page, title, cell), [f"```\n{printed}```"] * bool(printed)
        elif "nbval-check-output" in tags(following):
            made, notes = [], [text, *notes]
        else:
            title = text.partition("\n")[0] if text.startswith("#") else title
            made = worded(tags(cell), title, text, slides, printed)
            notes = notes if made else [text, *notes]
        if "Exercise" in title:
            slides, answers = slides + answers, []
        place = answers if "result" in tags(cell) else slides
        place += made
        place[-1]["notes"] += notes
    return slides


def worded(kind, title, text, slides, printed):
    """Return the slides of a text cell. A Reading is revealed below its figure or table, or what was printed."""
    last, one_block = slides[-1] if slides else {}, "\n" not in text
    if "reading" in kind and (picture := PICTURE.search(text)):
        return [slide(title, picture=picture[0], text="\n\n".join(map(str.strip, PICTURE.split(text))))]
    if "reading" in kind and one_block and roomy(last):
        last["reveal"].append(text)
        return [slides.pop()]
    if "reading" in kind:
        told = (
            one_block and 0 < printed.count("\n") <= SHOWN_LINES and not re.search(r"\b(?:True|False)$", printed, re.M)
        )
        shown = f"```text\n{printed}```" if told else ""
        return [slide(title, picture=shown, reveal=[text])]
    if text.startswith("# "):
        question, _, about = text.partition("\n\n")[2].partition("\n\n")
        return [slide(title, text=question, notes=[about])]
    if text.startswith("#") or PICTURE.match(text):
        named = title.removesuffix(" first") if text.startswith("#") else "## The model"  # no result comes first here
        made = pictured(named, text.removeprefix(title))
        if not made[0]["picture"] and not re.search("Step|Exercise", title):  # the first idea is shown
            made = [made[0] | {"notes": [more["text"] for more in made[1:]]}]
        return made
    answers = []
    for part in text.split("\n\n") if "result" in kind else ():
        answers.append(slide("## The answer", reveal=[part]))
    return answers


def roomy(last):
    """Whether a slide shows something to be read and has room for its Reading."""
    small = last["picture"].startswith("!") or len(last["picture"]) < TABLE_SIGNS
    return not last["text"] and small and bool(last["picture"] or last["reveal"])


def parted(source):
    """Return the text of a cell before what is folded in it, and a list of the rest, opened; code stands elsewhere."""
    text, mark, rest = re.sub(r"\b(?:next cell|cell below)\b", "code", source).partition("<details")
    rest = mark + rest
    while DETAILS.search(rest):
        rest = DETAILS.sub(r"\n\n**\1.**\n\n\2", rest)
    return text.strip(), [rest.strip()] * bool(rest)


def pictured(title, text):
    """Return a slide for each picture, with the text after it; without any, one for each WORDS words.

    A text is cut between blocks, but where a sentence goes on.
    """
    if pictures := PICTURE.findall(text):
        texts = map(str.strip, PICTURE.split(text)[1:])
        return [slide(title, picture=picture, text=after) for picture, after in zip(pictures, texts, strict=True)]
    made = [slide(title)]
    for block in re.split(r"\n(?=\n|\d+\. )", text.strip()):
        goes_on = made[-1]["text"].endswith((":", ",")) or re.match(r"\s*(?:[a-z]|\$\$)", block)
        if made[-1]["text"] and not goes_on and len(f"{made[-1]['text']} {block}".split()) > WORDS:
            made.append(slide(title))
        made[-1]["text"] = f"{made[-1]['text']}\n{block}".strip("\n")
    return made


def slide(title, **parts):
    """Return one slide."""
    return dict(title=title, picture="", text="", code="", reveal=[], notes=[]) | parts


def coded(page, title, cell):
    """Return the slides of a code cell: of a model its code, then each table and figure, as saved in figs/ or shown."""
    saved = [name for name in SAVED.findall(cell.source) if (page.path.parents[1] / f"figs/{name}.png").is_file()]
    try:
        code = cut(MARKS.sub("", cell.source)) if "model" in tags(cell) else ""
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:  # ValueError: NUL
        raise ToolError(f"{page.path.stem}: a model cell is not plain Python ({error}); mend it") from None
    slides = [slide(title, code=f"```python\n{code}\n```")] if "model" in tags(cell) else []
    for out in cell.outputs if not tags(cell) & {"play", "solution"} else ():
        data = out.get("data", {})
        if "image/png" in data:
            shown = f"../figs/{saved.pop(0)}.png" if saved else f"data:image/png;base64,{data['image/png'].strip()}"
            slides.append(slide(title, picture=f"![]({shown})"))
        elif "text/markdown" in data:
            slides.append(slide(title, picture=data["text/markdown"]))
    return slides


def cut(source):
    """Return the statements of a model, without imports and settings, as far as they fit on a slide."""
    lines, shown, left = source.split("\n"), [], False
    for node in ast.parse(source).body:
        block = lines[node.lineno - 1 : node.end_lineno]
        if isinstance(node, ast.Assign | ast.FunctionDef | ast.ClassDef) and not left:
            left = len(shown) + len(block) > CODE_LINES
            if not left or not shown:
                shown += [""] * (bool(shown) and not isinstance(node, ast.Assign)) + block[:CODE_LINES]
    return "\n".join(shown) + "\n\n# ... goes on in the notebook" * left


def kept(tag, name, value):
    """Whether a tag keeps an attribute: the address of a link is no data, that of a picture only those of a picture."""
    if (tag, name) in {("a", "href"), ("img", "src")}:
        return bool(ADDRESS.match(value) or (tag == "img" and DATA.fullmatch(value)))
    return name in {"class", "id", "style", *ATTRIBUTES.get(tag, ())}


def cleaned(html):
    """Return HTML in which nothing runs: of tags TAGS stay, of attributes what is kept, and the rest becomes text."""
    return bleach.clean(html, TAGS, kept, protocols={"http", "https", "mailto", "data"}, css_sanitizer=ALIGN)


def slides_html(page, reveal=CDN[0], math=CDN[1]):
    """Return the page of slides of a notebook; `reveal` and `math` are where reveal.js and MathJax lie."""

    def html(source):
        for picture in PICTURE.findall(source):
            name = picture.rpartition("(")[2][:-1]
            data = base64.b64encode((page.path.parent / name).read_bytes()).decode()
            source = source.replace(name, f"data:image/{name[-3:]};base64,{data}")
        written = re.sub(r'<a class="anchor-link".*?</a>', "", markdown2html_mistune(LINK.sub(r"\1", source)))
        return cleaned(written).replace("<p><strong>Predict", '<p class="ask"><strong>Predict')

    template, style = (TEMPLATES / "slides.html.j2").read_text(), HtmlFormatter().get_style_defs(".highlight")
    hashes = {name: f"sha384-{found}" for name, found in INTEGRITY.items()} | {"math": MATHJAX_SHA384}
    shown = dict(slides=deck(page), style=style, reveal=reveal, math=math, hashes=hashes if "//" in reveal else {})
    return jinja2.Template(template).render(shown, html=html, bare=BARE.read_text())


def write_offline(out, cache):
    """Put reveal.js and MathJax below `out`; return where they lie, for :func:`slides_html`."""
    npm_unpack(MATHJAX, MATHJAX_SHA512, f"{MATHJAX_FILE}|LICENSE", cache, out / "mathjax")
    npm_unpack(REVEAL, REVEAL_SHA512, "dist|plugin/notes|LICENSE", cache, out / "reveal.js")
    return "reveal.js", f"mathjax/{MATHJAX_FILE}"


# --- the command line


def build(options, root):
    """Write what `options` ask for; an earlier folder is replaced only by a whole new one."""
    out, paths = root / "build" / options.command, find(options.names, root=root)
    if (out / "gradebook.db").exists():
        raise ToolError(
            f"{out.relative_to(root)}/ holds a gradebook; grade in a copy of the folder, and move this one away"
        )
    with fresh_folder(out) as fresh:
        places = write_offline(fresh, root / ".store") if options.offline else CDN
        for page in map(Page, paths):
            if options.command == "student":
                write_student(page, fresh)
            elif options.command == "assignments":
                (place := fresh / "source" / page.path.stem).mkdir(parents=True)
                write_student(page, place, filled=True)
            else:
                (fresh / f"{page.path.stem}.slides.html").write_text(slides_html(page, *places), encoding="utf-8")
        if options.command == "assignments":
            text = jinja2.Template((TEMPLATES / "nbgrader_config.py.j2").read_text()).render(stub=STUB)
            (fresh / "nbgrader_config.py").write_text(text + "\n", encoding="utf-8")
    print(f"{len(paths)} notebooks: {out.relative_to(root)}/")


def main(argv=None, *, root=ROOT):
    """Run one command and return its exit code."""
    parser = argparse.ArgumentParser(prog="handouts", description="Class copies and slides of the FINAL notebooks.")
    parser.add_argument("command", choices=("student", "assignments", "slides"))
    parser.add_argument("names", nargs="*", help="file names or their beginnings; default: all FINAL notebooks")
    parser.add_argument("--offline", action="store_true", help="slides: put reveal.js and MathJax beside them")
    options = parser.parse_intermixed_args(argv)
    return guarded("handouts", lambda: build(options, root))


if __name__ == "__main__":
    sys.exit(main())
