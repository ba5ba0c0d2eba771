"""Build the book: a static site of the notebooks as they are committed, the API, the scorecard and the glossary.

Usage: ``make book``, or ``make book OFFLINE=1`` for a site that needs no network, formulas included. The pages are laid
out in a temporary folder that mirrors the repository, so relative links stay what they are; nothing is executed and
no tracked file is written. A fault is one line with the name of the page, exit code 2, and an earlier site stays.
"""

from __future__ import annotations

import argparse
import hashlib
import math
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import nbformat

from tools.hygiene import Page, pages
from tools.notebooks import clean

__all__ = ["BookError", "Card", "build", "main", "mathjax", "minutes", "references"]

ROOT = Path(__file__).resolve().parents[1]
WORDS_PER_MINUTE, LINES_PER_MINUTE = 200, 20
MATHJAX = "3.2.2"  # 4 keeps its fonts in packages of their own
MATHJAX_FILE = "tex-svg-full.js"  # without -full it fetches extensions
MATHJAX_SHA256 = "a4354ff94fd868aea0cc6eaaa79a57fda0588646fc46ee3700a349ee0a11cbe6"
TEXTS = ("dev/README.md", "figs/scorecard.md", "COMMANDS.md", "CHANGELOG.md", "CONTRIBUTING.md")
TAG = re.compile(r"</?[a-z][^<>]*>|\(https?:\S+\)")  # and addresses: nobody reads them
FORMULA = re.compile(r"\$\$.+?\$\$|\$[^$\n]+\$", re.S)
CODE = re.compile(r"^(```+|~~~+).*?^\1|`[^`\n]+`", re.M | re.S)
FIGURE = re.compile(r"!\[([^\]]*)\]\(([^\s()]+)\)")
LINK = re.compile(r"(!?)\[(?:[^\[\]]|!\[[^\]]*\]\([^()]*\))*\]\(([^\s()]+)\)|(src|href)=\"([^\"]+)\"")
DOI = re.compile(r"(?:\[([^\]]+)\]\()?https?://doi\.org/(10\.\d{4,9}/[^\s\]<>]+)")


class BookError(Exception):
    """What stops the book: one fault a line."""


# --- what a notebook says of itself


@dataclass(frozen=True)
class Card:
    """A FINAL notebook as the landing pages show it."""

    page: Page
    title: str
    question: str
    summary_fr: str
    figure: str
    answer: str
    run_time: str

    @classmethod
    def of(cls, page, readme):
        """Read the card of a notebook; answer and run time stand in its row of README.md, or in its first cell."""
        row = next((line for line in readme.splitlines() if line.startswith("|") and page.path.name in line), "")
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", row)] + [""] * 5
        said = _first(r"[Rr]un time[^:.]*: (?:quick )?(?:about )?([^;.(]+)", page.text)
        found = {
            "title": _first(r"^# (.+?)$", page.text),
            "question": _first(r"^\*\*(.+?)\*\*$", page.text),
            "summary_fr": _first(r"<summary>Résumé[^<]*</summary>(.+?)</details>", page.text),
            "figure": _first(r"!\[[^\]]*\]\((?:\.\./)*([^\s()]+)\)", page.text),
            "run_time": cells[4].split(" / ")[0] or said,
        }
        for name, value in found.items():
            if not value:
                raise BookError(f"{page.path.stem}: no {name.replace('_', ' ')} in its text, which the book shows")
        return cls(page, answer=cells[3], **found)

    @property
    def link(self):
        return f"FINAL_notebooks/{self.page.path.name}"

    @property
    def alt(self):
        return FIGURE.search(self.page.text)[1] or self.title

    @property
    def times(self):
        return f"reading time {minutes(self.page)} min, run time {self.run_time}"

    def tile(self, text, last):
        """Return the tile of a gallery: figure, title, a text and a last line."""
        parts = [f"[![{self.alt}]({self.figure})]({self.link})", f"[{self.title}]({self.link})", text, last]
        return ":::{container} tile\n" + "\n\n".join(parts) + "\n:::"


def _first(pattern, text):
    match = re.search(pattern, text, re.M | re.S)
    return " ".join(match[1].split()) if match else ""


def minutes(page):
    """Return the minutes to read a notebook: its words at 200 a minute, its lines of code at 20."""
    words = len(FORMULA.sub("x", TAG.sub(" ", page.text)).split())
    return math.ceil(words / WORDS_PER_MINUTE + sum(page.lengths) / LINES_PER_MINUTE)


def output_faults(page):
    """Yield what is wrong with the outputs of a notebook."""
    never = [number for number, cell in enumerate(page.code, 1) if cell.execution_count is None]
    if page.code and not page.outputs:
        yield "no outputs: write it with tools/notebooks.py"
    elif never:
        yield f"code cell {never[0]} was never run: write it with tools/notebooks.py"
    yield from (f"code cell {n} shows {out.ename}" for n, out in page.outputs if out.output_type == "error")


def references(all_pages):
    """Return a list of the papers cited by DOI, in alphabetical order, each with the notebooks that cite it."""
    entries, cited = {}, {}
    for page in all_pages:
        for line in page.text.splitlines():
            for label, text in DOI.findall(line):
                doi = _trimmed(text)
                listed = len(DOI.findall(line)) == 1 and re.search(r"\(\d{4}\)", line.split("[")[0])
                entry = line.strip("- ") if listed else f"[{label or doi}](https://doi.org/{doi})"
                if listed or doi.lower() not in entries:
                    entries[doi.lower()] = entry
                cited.setdefault(doi.lower(), {})[page.path] = page
    lines = [f"- {entry} {' · '.join(map(_source, cited[doi].values()))}" for doi, entry in entries.items()]
    return "\n".join(sorted(lines, key=str.casefold))


def _trimmed(doi):
    doi = doi.rstrip(".,;:")
    while doi.endswith(")") and doi.count(")") > doi.count("("):
        doi = doi[:-1].rstrip(".,;:")
    return doi


def _source(page):
    final = page.path.stem.startswith("FINAL_")
    name = page.path.stem.split("_")[1] if final else "dev"
    return f"[{name}]({page.path.parent.name}/{page.path.name})"


# --- the pages


def section(readme, heading):
    """Return the text of README.md below a heading."""
    found = re.search(rf"^## {heading}\n+(.+?)(?=\n## |\Z)", readme, re.M | re.S)
    if not found:
        raise BookError(f"README.md: no section {heading!r}, which the book shows")
    return found[1].strip()


def parts(readme, cards, all_pages):
    """Return what stands for each ``<!-- book: name -->`` of docs/."""
    french = [text for text in section(readme, "En français").split("\n\n") if not text.startswith("**Carnets")]
    french = [re.sub(r" (?=[:;!?»](?:\s|$))|(?<=«) ", "\u00a0", text) for text in french]
    rows = [
        f"| [{c.title}]({c.link}) | {c.answer or c.question} | {minutes(c.page)} min | {c.run_time} |" for c in cards
    ]
    head = "| notebook | in one line | reading time | run time |\n| --- | --- | --- | --- |\n"
    return {
        "story": readme.split("\n\n")[1],
        "gallery": _gallery("gallery", (c.tile(c.question, c.times) for c in cards)),
        "commands": section(readme, "Two commands"),
        "table": head + "\n".join(rows),
        "references": references(all_pages),
        "histoire": french[0],
        "résumés": _gallery("gallery wide", (c.tile(c.summary_fr, f"lecture : {minutes(c.page)} min") for c in cards)),
        "suite": "\n\n".join(french[1:]),
    }


def _gallery(classes, tiles):
    return f"::::{{container}} {classes}\n" + "\n\n".join(tiles) + "\n::::"


def lay_out(root, tree):
    """Write every page of the book below `tree`; raise :class:`BookError` with all that is missing."""
    final, dev = pages(root)
    faults = [f"{page.path.stem}: {fault}" for page in final + dev for fault in output_faults(page)]
    if faults:
        raise BookError("\n".join(faults))
    readme = (root / "README.md").read_text(encoding="utf-8")
    cards = [Card.of(page, readme) for page in final]
    times = {card.page.path: card.times for card in cards}
    for page in final + dev:
        write_notebook(page, tree, times.get(page.path, f"reading time {minutes(page)} min"))
    for name in TEXTS:
        _write(tree / name, (root / name).read_text(encoding="utf-8"))
    with (tree / "dev/README.md").open("a", encoding="utf-8") as index:
        index.write("\n```{toctree}\n:hidden:\n:glob:\n\n20*\n```\n")
    texts = parts(readme, cards, final + dev)
    for path in (root / "docs").glob("*.md"):
        text = path.read_text(encoding="utf-8")
        _write(tree / path.name, re.sub(r"<!-- book: (\w+) -->", lambda found: texts[found[1]], text))
    shutil.copy(root / "docs/api.rst", tree)
    faults = {}  # one for each place: a figure of the gallery is missing in its notebook first
    for path in sorted(tree.rglob("*")):
        faults = dict(bring_links(path, root, tree)) | faults
    if faults:
        raise BookError("\n".join(faults.values()))


def _write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def write_notebook(page, tree, times):
    """Write a copy of a notebook, without widgets and with its times below the title."""
    copy = clean(nbformat.from_dict(page.notebook))
    title, _, rest = copy.cells[0].source.partition("\n")
    copy.cells[0].source = f"{title}\n\n:::{{container}} times\n{times[0].upper()}{times[1:]}.\n:::\n{rest}"
    _write(tree / page.path.parent.name / page.path.name, nbformat.writes(copy))


def bring_links(path, root, tree):
    """Copy the files that a page links to into the tree; yield each other place with its fault."""
    if path.suffix not in (".md", ".ipynb"):
        return
    name = path.relative_to(tree)
    text = Page.read(path).text if path.suffix == ".ipynb" else path.read_text(encoding="utf-8")
    for match in LINK.finditer(CODE.sub("", text)):
        target = (match[2] or match[4]).partition("#")[0]
        place = Path(os.path.normpath(path.parent / target))
        if not target or re.match(r"[a-z]+:", target) or place.is_file():
            continue
        if not place.is_relative_to(tree) or not (root / place.relative_to(tree)).is_file():
            yield place, f"{name}: {'missing figure' if match[1] or match[3] == 'src' else 'broken link'} {target}"
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / place.relative_to(tree), place)


# --- MathJax


def mathjax(cache):
    """Return the folder with MathJax's one file, fetched from the npm registry once and checked."""
    folder = Path(cache) / f"mathjax-{MATHJAX}"
    if not _is_mathjax(folder / MATHJAX_FILE):
        npm = shutil.which("npm")
        if not npm:
            raise BookError("OFFLINE=1 takes MathJax from the npm registry, and npm is not installed")
        with tempfile.TemporaryDirectory() as fresh:
            _fetch(npm, fresh)
            shutil.copytree(Path(fresh) / "out", folder, dirs_exist_ok=True)
    return folder


def _fetch(npm, fresh):
    command = [npm, "pack", f"mathjax@{MATHJAX}", "--silent", "--pack-destination", fresh]
    done = subprocess.run(command, cwd=fresh, capture_output=True, text=True, timeout=300, check=False)
    archive = Path(fresh) / f"mathjax-{MATHJAX}.tgz"
    if done.returncode or not archive.exists():
        raise BookError(f"npm could not fetch mathjax@{MATHJAX}, which OFFLINE=1 needs once: no network?")
    (Path(fresh) / "out").mkdir()
    with tarfile.open(archive) as tar:
        for member, name in ((f"es5/{MATHJAX_FILE}", MATHJAX_FILE), ("LICENSE", "LICENSE-MathJax")):
            (Path(fresh) / "out" / name).write_bytes(tar.extractfile(f"package/{member}").read())
    if not _is_mathjax(Path(fresh) / "out" / MATHJAX_FILE):
        raise BookError(f"mathjax@{MATHJAX} from npm has another checksum than tools/book.py expects; not used")


def _is_mathjax(path):
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == MATHJAX_SHA256


# --- building


def build(root, out, *, offline=False):
    """Build the site in `out`; an earlier one is replaced only by a whole new one."""
    out = Path(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    scripts = {"BOOK_MATHJAX": str(mathjax(root / ".store"))} if offline else {}
    with tempfile.TemporaryDirectory(prefix=".book-", dir=out.parent) as work:
        tree, site, log = (Path(work) / name for name in ("tree", "site", "warnings"))
        lay_out(root, tree)
        options = ["-q", "-N", "-W", "--keep-going", "-w", str(log), "-d", str(Path(work) / "doctrees")]
        command = [sys.executable, "-m", "sphinx", *options, "-c", str(root / "docs"), str(tree), str(site)]
        done = subprocess.run(command, env=os.environ | scripts, capture_output=True, text=True, check=False)
        if done.returncode:
            said = log.read_text() if log.exists() and log.stat().st_size else done.stderr or done.stdout
            raise BookError("\n".join(_warnings(said, tree)) or f"Sphinx stopped with code {done.returncode}")
        shutil.rmtree(out, ignore_errors=True)
        site.rename(out)


def _warnings(said, tree):
    lines = [line.strip().replace(f"{tree}/", "") for line in said.splitlines() if line.strip()]
    return [line for line in lines if re.search(r"WARNING|ERROR|CRITICAL", line)] or lines[-1:]


def main(argv=None, *, root=ROOT):
    """Build the book and return the exit code."""
    parser = argparse.ArgumentParser(prog="book", description="Build the static site of the collection.")
    parser.add_argument("--offline", action="store_true", help="take MathJax from npm: no page asks the network")
    parser.add_argument("--out", type=Path, default=root / "build" / "book", help="folder of the site")
    options, start = parser.parse_args(argv), time.perf_counter()
    try:
        build(root, options.out, offline=options.offline)
    except BookError as error:
        print("\n".join(f"book: {line}" for line in str(error).splitlines()), file=sys.stderr)
        return 2
    size = sum(path.stat().st_size for path in options.out.rglob("*") if path.is_file()) / 1e6
    count = len(list(options.out.rglob("*.html")))
    print(f"{count} pages, {size:.1f} MB in {time.perf_counter() - start:.0f} s: {options.out / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
