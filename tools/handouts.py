"""Student copies, graded assignments and slides of the FINAL notebooks, by the tags of their cells.

Usage, with the Python of the set-up (``make student``, ``assignments`` and ``slides`` call it)::

    python -m tools.handouts student [names...]             build/student/: no outputs and solutions, gaps to fill
    python -m tools.handouts assignments [names...]         build/assignments/: the same, gaps filled, for nbgrader
    python -m tools.handouts slides [--offline] [names...]  build/slides/: reveal.js, speaker notes with the key S

A student copy has no outputs, results and solutions. The gaps of its model cells are to be filled, and the check below
each says what is wrong; every Reading is folded, to be opened after the run. What the copy refers to lies beside it.
Slides: each text cell with a heading, each ``model`` cell, each figure or table with its Reading, and the result. All
else is in the speaker notes. Exit codes: 0 well, 2 a wrong call or a notebook that cannot be used, with one line.
"""

import argparse
import base64
import re
import shutil
import sys
from copy import deepcopy

import jinja2
import nbformat
from nbconvert.filters import markdown2html_mistune
from pygments.formatters import HtmlFormatter

from tools.book import MATHJAX, MATHJAX_FILE, MATHJAX_SHA512
from tools.common import ROOT, TEMPLATES, ToolError, fresh_folder, guarded, npm_unpack
from tools.hygiene import BEGIN, CHECK, GAP, MARKS, Page, tags
from tools.notebooks import find

STARTER = "# Your solution of the exercise goes here."
STUB = "# your code here\nraise NotImplementedError()"
GRADED = {"schema_version": 3, "task": False}  # of nbgrader, for each cell that it knows
READING = "Open after you have run the cells above (à ouvrir après l'exécution)"
ANSWER = "The answer: open at the end (la réponse : à ouvrir à la fin)"
DETAILS = re.compile(r"\s*<details\b[^>]*>\s*<summary>(.*?)</summary>\s*(.*?)\s*</details>", re.S | re.I)
PICTURE = re.compile(r"!\[[^\]]*\]\(\.\./[^)]+\.(?:png|gif)\)")
LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(\.\./[^)]*\)")
REFERENCE = re.compile(r"\]\(\.\./([^)\s#]+)")
SAVED = re.compile(r"\bsave\(\s*\w+,\s*[\"']([\w/]+)[\"']")
CODE_LINES = 24
REVEAL = "reveal.js@4.6.1"
REVEAL_SHA512 = "1CW0auaXNPmwmvQ7TwpszwVxMi2Xr5cTS3J3EBC/HHgbPF32Dn7aiu/LKWDOGjMbaDwKQiGmfqcoGQ74HUHCMw=="
CDN = f"https://unpkg.com/{REVEAL}", f"https://unpkg.com/{MATHJAX}/{MATHJAX_FILE}"


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
        own = dict(grade_id=CHECK.match(cell.source)[1], grade=True, solution=False, locked=True, points=1)
        cell.metadata = {"tags": ["check"], "nbgrader": GRADED | own}
    elif BEGIN in cell.source:
        own = dict(grade_id=f"gap_of_{CHECK.match(after.source)[1]}", grade=False, solution=True, locked=False)
        cell.metadata["nbgrader"] = GRADED | own
        cell.source = cell.source if filled else GAP.sub(stubbed, cell.source)


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
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(page.path.parents[1] / name, out / name)
    (out / page.path.name).write_text(nbformat.writes(copy).replace("](../", "]("), encoding="utf-8")


# --- slides


def deck(page):
    """Return the slides of a notebook, each a dictionary of Markdown: title, picture, text, code, and a list: notes."""
    slides, title = [], ""
    if not page.text.startswith("# "):
        raise ToolError(f"{page.path.stem}: does not start with a title (# ...)")
    for cell in page.cells:
        folded = list(map("**{0[0]}.** {0[1]}".format, DETAILS.findall(cell.source)))
        text, last = DETAILS.sub("", cell.source).strip(), slides[-1] if slides else {}
        if cell.cell_type == "code":
            slides += coded(page, title, cell)
            printed = "".join(out.get("text", "") for out in cell.outputs)
            slides[-1]["notes"] += [f"```\n{printed}```"] * bool(printed)
        elif text.startswith("#"):
            title, _, text = text.partition("\n")
            for picture in PICTURE.findall(text) or [""]:
                slides.append(slide(title, picture=picture, text=PICTURE.sub("", text), notes=folded))
                text, folded = "", []
        elif "reading" in tags(cell) and last["picture"] and not last["text"]:
            last["text"] = text
        elif tags(cell) & {"reading", "result"}:
            slides.append(slide("## The result" if "result" in tags(cell) else title, text=text, notes=folded))
        else:
            last["notes"] += [text, *folded]
    return slides


def slide(title, picture="", text="", code="", notes=()):
    """Return one slide."""
    return {"title": title, "picture": picture, "text": text.strip(), "code": code, "notes": list(notes)}


def coded(page, title, cell):
    """Return the slides of a code cell: of a model its code, then each table and figure, as saved in figs/ or shown."""
    slides, lines = [], MARKS.sub("", cell.source).split("\n") if "model" in tags(cell) else []
    saved = [name for name in SAVED.findall(cell.source) if (page.path.parents[1] / f"figs/{name}.png").is_file()]
    for start in range(0, len(lines), CODE_LINES):
        slides.append(slide(title, code="\n".join(["```python", *lines[start : start + CODE_LINES], "```"])))
    for out in cell.outputs if not tags(cell) & {"play", "solution"} else ():
        data = out.get("data", {})
        if "image/png" in data:
            shown = f"../figs/{saved.pop(0)}.png" if saved else f"data:image/png;base64,{data['image/png'].strip()}"
            slides.append(slide(title, picture=f"![]({shown})"))
        elif "text/markdown" in data:
            slides.append(slide(title, picture=data["text/markdown"]))
    return slides


def slides_html(page, reveal=CDN[0], math=CDN[1]):
    """Return the page of slides of a notebook; `reveal` and `math` are where reveal.js and MathJax lie."""

    def html(source):
        for picture in PICTURE.findall(source):
            name = picture.rpartition("(")[2][:-1]
            data = base64.b64encode((page.path.parent / name).read_bytes()).decode()
            source = source.replace(name, f"data:image/{name[-3:]};base64,{data}")
        return re.sub(r'<a class="anchor-link".*?</a>', "", markdown2html_mistune(LINK.sub(r"\1", source)))

    template, style = (TEMPLATES / "slides.html.j2").read_text(), HtmlFormatter().get_style_defs(".highlight")
    return jinja2.Template(template).render(slides=deck(page), html=html, style=style, reveal=reveal, math=math)


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
