"""Student copies and slides of the FINAL notebooks.

Usage, with the Python of the set-up (``make student`` and ``make slides`` call it)::

    python -m tools.handouts student [names...]             build/student/: no answers, no solutions
    python -m tools.handouts slides [--offline] [names...]  build/slides/: reveal.js, 15 to 22 slides each

A student copy keeps all else: text, French summary, starter cells and the other outputs; what it refers to is copied
beside it. Slides are computed from the notebook's form, nothing is stored in it: title, goals, result, each Step as
text and as figure with its Reading, check, answer, limits, exercises. What is too long for a slide moves to the
speaker notes (key S). Exit codes: 0 well, 2 a wrong call or a notebook that cannot be used, with one line.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import re
import shutil
import struct
import subprocess
import sys
import tarfile
import tempfile
from copy import deepcopy
from dataclasses import dataclass, field, replace
from pathlib import Path

import nbformat

from tools.book import MATHJAX, MATHJAX_FILE, BookError, mathjax
from tools.notebooks import ROOT, NameUnknown, find

__all__ = ["HandoutError", "Slide", "deck", "main", "slides_html", "student"]

MOST_SLIDES = 22  # for 20 minutes: about a minute each, title and exercises take less
TEXT_WORDS, READING_WORDS, LINE_WORDS = 105, 64, 38
STARTER = "# Your solution of the exercise goes here."
DETAILS = re.compile(r"\s*<details\b[^>]*>\s*<summary>(.*?)</summary>(.*?)</details>", re.S | re.I)
LINK = re.compile(r"(!?)\[([^\]]*)\]\((\.\./[^)\s#]+)[^)]*\)")
PICTURE = re.compile(r"\]\((\.\./[^)]+\.(png|gif))\)")
SAVED = re.compile(r"""figures\.save\(\s*\w+,\s*["']([\w/]+)["']""")
PANEL = re.compile(r"(?:^|(?<=[.:;?)] ))(?=[A-H](?:(?:, | and | to )[A-H])*(?: \([^)]*\))?: )")
REVEAL = "4.6.1"
REVEAL_SHA512 = "1CW0auaXNPmwmvQ7TwpszwVxMi2Xr5cTS3J3EBC/HHgbPF32Dn7aiu/LKWDOGjMbaDwKQiGmfqcoGQ74HUHCMw=="
CDN = f"https://unpkg.com/reveal.js@{REVEAL}", f"https://unpkg.com/mathjax@{MATHJAX}/es5/{MATHJAX_FILE}"
TEMPLATE = Path(__file__).with_name("slides.html.j2").read_text(encoding="utf-8")


class HandoutError(ValueError):
    """A notebook that cannot be handed out, or a program that is missing; one line."""


# --- student copies


def student(notebook):
    """Return a copy without folded answers (French summaries stay), with an empty cell for each solution."""
    copy = deepcopy(notebook)
    for cell in copy.cells:
        if cell.cell_type == "markdown":
            cell.source = DETAILS.sub(lambda m: m[0] if "résumé" in m[1].lower() else "", cell.source)
        elif "solution" in cell.metadata.get("tags", ()):
            cell.source, cell.outputs, cell.execution_count = STARTER, [], None
    return copy


def references(path, notebook):
    """Return what the texts refer to outside their folder, as paths below the collection; all of it exists."""
    texts = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    found = sorted({name for *_, name in LINK.findall(texts)})
    for name in found:
        if not (path.parent / name).is_file():
            raise HandoutError(f"{path.stem}: {name} is missing; draw it with `make figs` or mend the link")
    return [name.removeprefix("../") for name in found]


def write_student(path, notebook, out):
    """Write the student copy of the notebook at `path`, and what it refers to, into the folder `out`."""
    copy, names = student(notebook), references(path, notebook)
    for name in names:
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path.parents[1] / name, out / name)
    (out / path.name).write_text(nbformat.writes(copy).replace("](../", "]("), encoding="utf-8")


# --- what fits on a slide


def sentences(text):
    """Split a paragraph behind full stops, never inside a formula or bold text."""
    ends = [m.end() for m in re.finditer(r"[.!?][*)\"]*\s+(?=[A-Z*$(])", text)]
    whole = [end for end in ends if all(text[:end].count(mark) % 2 == 0 for mark in ("$", "**"))]
    whole = [end for end in whole if not re.fullmatch(r"\*\*[^*]+\*\*\s+", text[:end])]  # a label is no sentence
    return [text[a:b].strip() for a, b in zip([0, *whole], [*whole, None], strict=True)]


def first(text, words):
    """Return the sentences of a paragraph that fit in a number of words, at least one; a list is never cut."""
    parts = [text] if re.match(r"([-*]|\d+\.|\|) ", text) else sentences(text)
    n = next((n for n in range(len(parts), 1, -1) if len(" ".join(parts[:n]).split()) <= words), 1)
    clause = parts[0].split("; ")[0]
    long = n == 1 and len(parts[0].split()) > 1.5 * words and clause.count("$") % 2 == 0 and "(" not in clause
    return f"{clause}." if long and clause != parts[0] else " ".join(parts[:n])


def lead(texts, words):
    """Return the paragraphs that fit in a number of words; formulas and predictions always stay."""
    must = {text for text in texts if "$$" in text or re.match(r"\W*Predict", text)}
    left, shown = words - sum(len(text.split()) for text in must), []
    for text in texts:
        cut_label = text.startswith("**") and len(text.split()) > left
        if text in must or not shown or (left >= 12 and not cut_label):
            shown.append(text if text in must else first(text, left))
            left -= 0 if text in must else len(shown[-1].split())
    return shown


def prediction(texts):
    """Return the short sentence that says what to expect, else the first short one; "" if there is none."""
    known = [s for t in texts if "$$" not in t and "|" not in t[:2] for s in sentences(t)]
    short = [s for s in known if len(s.split()) <= LINE_WORDS and not s.endswith((":", ","))]
    return next((s for s in short if re.search(r"predict|should|expect", s, re.I)), short[0] if short else "")


def reading(text):
    """Return a Reading in short: one bullet for each panel, or its first sentences."""
    panels = [part.strip() for part in PANEL.split(text.removeprefix("**Reading.**").strip())]
    panels = [part for part in panels if part]
    shown = [first(part, READING_WORDS // len(panels)) for part in panels]
    bold = ["- " + re.sub(r"^([A-H][^:]{0,40}):", r"**\1**", part) for part in shown]
    return "\n".join(bold) if bold[1:] else shown[0]


# --- from a notebook to slides


@dataclass(frozen=True)
class Slide:
    """One slide in Markdown: heading, a line of prediction, picture, text; `kind` decides what may be merged."""

    kind: str
    title: str
    texts: tuple = ()
    picture: str = ""
    line: str = ""
    notes: tuple = ()
    wide: bool = True

    def rank(self):
        """Return what is folded first: no formula before formula, text between figures before a Step's, short first."""
        text = "".join(self.texts)
        return "$$" in text, self.kind == "step", len(text.split())

    def cells(self):
        """Return its cells; their tags are the classes that the style sheet lays out."""
        mark = "#" if self.kind == "title" else "##"
        text = "\n\n".join(self.texts)
        layout = "stack" if self.wide or not (self.picture and text) else "pair"
        words = len(text.split())
        size = "large" if words <= 70 else "plain" if words <= 110 else "dense"
        shown = "table" if self.picture.startswith("|") else "picture"
        parts = {"line": self.line, shown: self.picture, "text": text}
        cells = [_cell("slide", f"{mark} {self.title}", self.kind, layout, size)]
        cells += [_cell("-", source, name) for name, source in parts.items() if source]
        return cells + ([_cell("notes", "\n\n".join(self.notes))] if self.notes else [])


def _cell(kind, source, *tags):
    return nbformat.v4.new_markdown_cell(source, metadata={"slideshow": {"slide_type": kind}, "tags": list(tags)})


@dataclass
class Section:
    """What stands under one heading: ("text" | "picture" | "table" | "print", source) in order, and folded text."""

    title: str
    items: list = field(default_factory=list)
    folded: list = field(default_factory=list)

    def of(self, kind):
        return [source for sort, source in self.items if sort == kind]


def sections(path, notebook):
    """Split a notebook at its headings."""
    found = []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            found[-1].items += outputs(path, cell)
            continue
        for block in re.split(r"\n\s*\n", DETAILS.sub("", cell.source).strip()):
            if block.startswith("#"):
                found.append(Section(block.lstrip("# ").strip()))
            elif block.strip():
                kind = "picture" if block.startswith("![") else "text"
                found[-1].items.append((kind, LINK.sub(lambda m: m[0] if m[1] else m[2], block)))
        found[-1].folded += [f"**{name}.** {text.strip()}" for name, text in DETAILS.findall(cell.source)]
    return found


def outputs(path, cell):
    """Return what a code cell shows: the saved figure if there is one, else its picture; table; printed text."""
    saved = [f"../figs/{name}.png" for name in SAVED.findall(cell.source)]
    saved = [name for name in saved if (path.parent / name).is_file()]
    data = [out.get("data", {}) for out in cell.outputs]
    drawn = [f"data:image/png;base64,{''.join(d['image/png'].split())}" for d in data if "image/png" in d]
    shown = [("picture", f"![figure]({name})") for name in (saved or drawn)]
    shown += [("table", d["text/markdown"]) for d in data if "text/markdown" in d]
    return shown + [("print", out.text) for out in cell.outputs if out.get("name") == "stdout"]


def is_wide(path, picture):
    """Say whether the text goes below a picture and not beside it: at least 1.9 times as wide as high."""
    name = re.search(r"\((\.\./[^)]+\.png)\)", picture)
    width, height = struct.unpack(">II", (path.parent / name[1]).read_bytes()[16:24]) if name else (0, 1)
    return width >= 1.9 * height


def step(path, section):
    """Return the slides of a Step: text, then each figure or table with its Reading; text between gets its own."""
    slides, waiting, kind = [], [], "step"
    for sort, source in section.items:
        if sort == "text" and source.startswith("**Reading") and slides:
            i = next((i for i, s in enumerate(slides) if s.picture and not s.texts), len(slides) - 1)
            slides[i] = replace(slides[i], texts=(*slides[i].texts, reading(source)), notes=(*slides[i].notes, source))
        elif sort == "text":
            waiting.append(source)
        elif sort in ("picture", "table"):
            slides += text_slide(kind, section.title, waiting)
            wide = sort == "table" or is_wide(path, source)
            slides.append(Slide("figure", section.title, picture=source, wide=wide))
            waiting, kind = [], "bridge"
        elif slides:  # printed numbers
            slides[-1] = replace(slides[-1], notes=(*slides[-1].notes, f"```\n{source.strip()}\n```"))
    return slides + text_slide(kind, section.title, waiting)


def text_slide(kind, title, texts, words=TEXT_WORDS, notes=()):
    """Return a slide of what fits, in a list; the whole goes to the notes if it was cut. No text, no slide."""
    shown = tuple(lead(texts, words))
    return [Slide(kind, title, shown, notes=(*(texts if list(shown) != texts else ()), *notes))] if texts else []


def deck(path, notebook):
    """Return the slides of a notebook, exercises last, at most `MOST_SLIDES` of them."""
    if not notebook.cells or not notebook.cells[0].source.startswith("# "):
        raise HandoutError(f"{path.stem}: does not start with a title (# ...)")
    if not any(cell.get("outputs") for cell in notebook.cells):
        raise HandoutError(f"{path.stem}: no outputs, so no slides; run `make notebooks`")
    front, *rest = sections(path, notebook)
    question, answer, model = [*front.of("text"), "", ""][:3]
    notes = (*front.of("text")[1:], *front.folded)
    slides = [Slide("title", front.title, (question, first(model, LINE_WORDS)), notes=notes)]
    last = {"check": [], "answer": [Slide("answer", "The answer", (answer,))], "limit": [], "exercise": []}
    for section in rest:
        name = next((name for name in last if name in section.title.lower()), None)
        if section.title.startswith("Step"):
            slides += step(path, section)
        elif name == "check":
            printed = tuple(f"```\n{text.strip()}\n```" for text in section.of("print")[:1])
            last[name] = [Slide(name, "Check", printed, notes=tuple(section.of("text")))]
        elif name == "limit":
            last[name] = text_slide(name, "Limits", section.of("text")[:1], notes=section.of("text")[1:])
        elif name:
            last[name] = text_slide(name, section.title, section.of("text"), 1000, section.folded)
        else:
            picture = "".join(section.of("picture")[:1])
            (slide,) = text_slide("opening", section.title, section.of("text") or [""])
            slides.append(replace(slide, picture=picture, wide=is_wide(path, picture)))
    return shorten([*slides, *(slide for part in last.values() for slide in part)])


def shorten(slides):
    """Fold texts into the notes and the line of the figure behind them until the deck is short enough.

    First the texts between two figures of a Step, then the Steps' own, shortest first, those with a formula last.
    """
    slides = list(slides)
    while len(slides) > MOST_SLIDES:
        found = [(s, i) for i, s in enumerate(slides[:-1]) if s.kind in ("bridge", "step")]
        found = [(s, i) for s, i in found if slides[i + 1].kind == "figure"]
        if not found:
            break
        text, i = min(found, key=lambda pair: pair[0].rank())
        whole, figure = text.notes or text.texts, slides[i + 1]
        slides[i : i + 2] = [replace(figure, line=prediction(whole), notes=(*whole, *figure.notes))]
    return slides


# --- writing them


def slides_html(path, notebook, reveal=CDN[0], math=CDN[1]):
    """Return the page of slides of a notebook; `reveal` and `math` are where reveal.js and MathJax lie."""
    from nbconvert.exporters import SlidesExporter

    references(path, notebook)
    cells = [cell for slide in deck(path, notebook) for cell in slide.cells()]
    for cell in cells:
        cell.source = PICTURE.sub(lambda m: f"](data:image/{m[2]};base64,{_base64(path.parent / m[1])})", cell.source)
    places = {"metadata": {"name": path.stem}, "mathjax": math}
    options = {"reveal_url_prefix": reveal, "reveal_theme": "white", "exclude_anchor_links": True}
    exporter = SlidesExporter(raw_template=TEMPLATE, **options)
    return exporter.from_notebook_node(nbformat.v4.new_notebook(cells=cells), resources=places)[0]


def _base64(file):
    return base64.b64encode(file.read_bytes()).decode()


def fetch_reveal(cache):
    """Return the archive of reveal.js, fetched from the npm registry once and checked."""
    archive, npm = Path(cache) / f"reveal.js-{REVEAL}.tgz", shutil.which("npm")
    if not archive.exists():
        archive.parent.mkdir(parents=True, exist_ok=True)
        command = [npm, "pack", f"reveal.js@{REVEAL}", "--silent", "--pack-destination", str(archive.parent)]
        if not npm or subprocess.run(command, cwd=cache, capture_output=True, timeout=300, check=False).returncode:
            raise HandoutError(
                f"OFFLINE=1 needs reveal.js@{REVEAL} from npm once: is npm installed, and the network there?"
            )
    if base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode() != REVEAL_SHA512:
        archive.unlink()
        raise HandoutError(f"reveal.js@{REVEAL} from npm has another checksum than expected; not used")
    return archive


def write_offline(out, cache):
    """Put reveal.js and MathJax below `out`; return where they lie, for :func:`slides_html`."""
    scripts = mathjax(cache)
    with tarfile.open(fetch_reveal(cache)) as tar:
        wanted = [m for m in tar if re.match(r"package/(dist|plugin/notes|LICENSE)", m.name)]
        for member in wanted:
            member.name = member.name.replace("package", "reveal.js", 1)
        tar.extractall(out, wanted, filter="data")
    shutil.copytree(scripts, out / "mathjax", dirs_exist_ok=True)
    return "reveal.js", f"mathjax/{MATHJAX_FILE}"


# --- the command line


def main(argv=None, *, root=ROOT):
    """Run one command and return its exit code."""
    parser = argparse.ArgumentParser(prog="handouts", description="Student copies and slides of the FINAL notebooks.")
    parser.add_argument("command", choices=("student", "slides"))
    parser.add_argument("names", nargs="*", help="file names or their beginnings; default: all FINAL notebooks")
    parser.add_argument("--offline", action="store_true", help="slides: put reveal.js and MathJax beside them")
    options = parser.parse_intermixed_args(argv)
    try:
        build(options, root)
    except (NameUnknown, HandoutError, BookError) as error:
        print(f"handouts: {error}", file=sys.stderr)
        return 2
    return 0


def build(options, root):
    """Write what `options` ask for; an earlier folder is replaced only by a whole new one."""
    out, paths = root / "build" / options.command, find(options.names, root=root)
    with tempfile.TemporaryDirectory() as work:
        fresh = Path(work)
        places = write_offline(fresh, root / ".store") if options.offline else CDN
        for path in paths:
            if options.command == "student":
                write_student(path, read(path), fresh)
            else:
                name, page = f"{path.stem}.slides.html", slides_html(path, read(path), *places)
                (fresh / name).write_text(page, encoding="utf-8")
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(fresh, out)
    print(f"{len(paths)} notebooks: {out.relative_to(root)}/")


def read(path):
    """Return the notebook at `path`."""
    try:
        return nbformat.read(path, as_version=4)
    except (ValueError, OSError) as error:
        raise HandoutError(f"{path.stem}: not a notebook ({str(error).splitlines()[0][:80]})") from None


if __name__ == "__main__":
    sys.exit(main())
