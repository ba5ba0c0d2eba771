"""Build the book: a static site of the notebooks as they are committed, the API, the scorecard and the glossary.

Usage: ``make book``, or ``make book OFFLINE=1`` for a site that needs no network, formulas included. The pages are laid
out in a temporary folder that mirrors the repository, so relative links stay what they are; nothing is executed and
no tracked file is written. Faults are one line each with the name of the page, exit code 2, and an earlier site stays.
"""

import argparse
import math
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat

from tools.common import ROOT, TEMPLATES, ToolError, fresh_folder, guarded, npm_unpack
from tools.hygiene import CODE, COLLAPSED, MARKS, Page, executed, tags
from tools.notebooks import clean

MATHJAX = "mathjax@3.2.2"  # 4 keeps its fonts in packages of their own
MATHJAX_FILE = "es5/tex-svg-full.js"  # without -full it fetches extensions
MATHJAX_SHA512 = "Bt+SSVU8eBG27zChVewOicYs7Xsdt40qm4+UpHyX7k0/O9NliPc+x77k1/FEsPsjKPZGJvtRZM1vO+geW0OhGw=="
MATHJAX_SHA384 = "sha384-4kE/rQ11E8xT9QgrCBTyvenkuPfQo8rXYQvJZuMgxyPOoUfpatjQPlgdv6V5yhUK"  # of the file: for browsers
BARE = TEMPLATES / "bare.js"  # for MathJax, of the slides as well
TEXTS = (
    "dev/README.md",
    "figs/scorecard.md",
    "figs/full/README.md",
    "COMMANDS.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "ARCHITECTURE.md",
)
TOCTREE = "\n```{toctree}\n:hidden:\n:glob:\n\n20*\n```\n"
LINK = re.compile(r"\[(?:[^\[\]]|!\[[^\]]*\]\([^()]*\))*\]\(([^\s()]+)\)|(?:src|href)=\"([^\"]+)\"")
DOI = re.compile(r"(?:\[([^\]]+)\]\()?https?://doi\.org/(10\.\d{4,9}/(?:[^\s\]<>()]|\([^\s()]*\))*[^\s\]<>().,;:])")


# --- what a notebook says of itself


def card(page, readme):
    """Return what the landing pages show of a FINAL notebook, {name: text}; its run time stands in README.md."""
    found = {
        "title": re.findall(r"\A# (.+)", page.text),
        "question": re.findall(r"^\*\*(.+?)\*\*$", page.text, re.M | re.S)[:1],
        "figure": re.findall(r"!\[[^\]]*\]\((?!\S*/schematics/)(?:\.\./)*([^\s()]+)\)", page.text)[:1],
        "summary_fr": re.findall(r">(?:Résumé|La réponse) en français</summary>(.+?)</details>", page.text, re.S),
        "run_time": re.findall(rf"^\|.*{page.path.name}.*\| *([^|/]+?)(?: /[^|]*)?\|$", readme, re.M),
    }
    for name, texts in found.items():
        found[name] = " ".join(" ".join(texts).split())
        if not texts:
            raise ToolError(f"{page.path.stem}: no {name.replace('_', ' ')} in its text or in README.md")
    return found | {"link": f"FINAL_notebooks/{page.path.name}"}


def minutes(page):
    """Return the minutes to read a notebook: 200 words a minute, 20 lines of code but for plots and checks."""
    words = len(re.sub(r"</?[a-z][^<>]*>|\(https?:\S+\)|\$\$.+?\$\$", " ", page.text, flags=re.S).split())
    shown = "\n".join(cell.source for cell in page.code if not tags(cell) & COLLAPSED)
    return math.ceil(words / 200 + len(re.findall(r"^\s*\S", shown, re.M)) / 20)


def references(pages):
    """Return a list of the papers cited by DOI, in alphabetical order, each with the notebooks that cite it."""
    entries, cited = {}, {}
    for page in pages:
        name = page.path.stem.split("_")[1] if page.path.stem.startswith("FINAL_") else "dev"
        source = f"[{name}]({page.path.parent.name}/{page.path.name})"
        for line in page.text.splitlines():
            found = DOI.findall(line)
            listed = len(found) == 1 and re.search(r"\(\d{4}\)", line.split("[")[0])
            for label, doi in found:
                if listed or doi.lower() not in entries:
                    entries[doi.lower()] = line if listed else f"[{label or doi}](https://doi.org/{doi})"
                cited.setdefault(doi.lower(), {})[source] = page
    lines = [f"- {entry.strip('- ')} {' · '.join(cited[doi])}" for doi, entry in entries.items()]
    return "\n".join(sorted(lines, key=str.casefold))


# --- the pages


def parts(readme, pages):
    """Return what stands for each ``<!-- book: name -->`` of docs/."""
    sections = dict(re.findall(r"^## (.+?)\n+(.+?)(?=\n## |\Z)", readme, re.M | re.S))
    missing = sorted({"Two commands", "Notebooks", "En français"} - set(sections))
    if missing:
        raise ToolError(f"README.md: no section {missing[0]!r}, which the book shows")
    french = re.sub(r" (?=[:;!?»](?:\s|$))|(?<=«) ", "\u00a0", sections["En français"])
    history, _, rest = re.sub(r"\*\*Carnets.*?(\n\n|\Z)", "", french, flags=re.S).partition("\n\n")
    tile, tiles, tiles_fr = (TEMPLATES / "tile.md").read_text(), "", ""
    for page in pages:
        if page.path.parent.name == "FINAL_notebooks":
            known, read = card(page, readme), minutes(page)
            times = f"reading time {read} min, run time {known['run_time']}"
            tiles += tile.format(text=known["question"], times=times, **known)
            tiles_fr += tile.format(text=known["summary_fr"], times=f"lecture : {read} min", **known)
    found = {"story": readme.split("\n\n")[1], "gallery": tiles, "references": references(pages)}
    found |= {"commands": sections["Two commands"], "notebooks": sections["Notebooks"]}
    return found | {"histoire": history, "résumés": tiles_fr, "suite": rest}


def filled(text, found):
    """Return a page with its parts; of a table named with a pattern only the rows stay in which it is found.

    >>> filled("<!-- book: papers 2$ -->", {"papers": "Text.\\n\\n| a |\\n| - |\\n| 1 |\\n| 2"})
    '| a |\\n| - |\\n| 2'
    """

    def part(match):
        text, pattern = found[match[1]], match[2]
        rows = re.findall(r"^\|.*", text, re.M)
        return "\n".join([*rows[:2], *filter(re.compile(pattern).search, rows[2:])]) if pattern else text

    return re.sub(r"<!-- book: (\w+)(?: (\S+))? -->", part, text)


def lay_out(root, tree):
    """Write every page of the book below `tree`."""
    pages, faults = [], []
    for path in sorted([*root.glob("FINAL_notebooks/*.ipynb"), *root.glob("dev/*.ipynb")]):
        pages.append(Page(path))
        faults += map(f"{path.stem}: {{}}".format, executed(pages[-1]))
    if faults:
        raise ToolError("\n".join(faults))
    texts = parts((root / "README.md").read_text(encoding="utf-8"), pages)
    texts["explorations"] = (root / "dev/README.md").read_text(encoding="utf-8").replace("](20", "](dev/20")
    texts["scorecard"] = (root / "figs/scorecard.md").read_text(encoding="utf-8")
    texts["benchmarks"] = (root / "tests/benchmarks/results.md").read_text(encoding="utf-8").partition("\n")[2]
    files = {page.path.relative_to(root): dressed(page) for page in pages}
    for path in [*map(root.joinpath, TEXTS), *root.glob("docs/*.md"), *root.glob("docs/*.rst")]:
        place = path.relative_to(root / "docs" if path.parent.name == "docs" else root)
        files[place] = filled(path.read_text(encoding="utf-8"), texts)
    files[Path("dev/README.md")] += TOCTREE
    for place, text in files.items():
        (tree / place).parent.mkdir(parents=True, exist_ok=True)
        (tree / place).write_text(text, encoding="utf-8")


def dressed(page):
    """Return the text of a copy of a notebook without widgets, with its reading time, plots and checks collapsed."""
    copy = clean(nbformat.from_dict(page.notebook))
    title, _, rest = copy.cells[0].source.partition("\n")
    copy.cells[0].source = f"{title}\n\n:::{{container}} times\nReading time {minutes(page)} min.\n:::\n{rest}"
    for cell in copy.cells:
        cell.source = MARKS.sub("", cell.source)
        if tags(cell) & COLLAPSED:
            cell.metadata.tags.append("hide-input")
    return nbformat.writes(copy)


def bring_links(root, tree):
    """Copy the files that pages link to into the tree; what is missing, Sphinx says."""
    for path in sorted([*tree.rglob("*.ipynb"), *tree.rglob("*.md")]):
        text = Page(path).text if path.suffix == ".ipynb" else path.read_text(encoding="utf-8")
        for match in LINK.finditer(CODE.sub("", text)):
            place = Path(os.path.normpath(path.parent / (match[1] or match[2]).partition("#")[0]))
            source = root / os.path.relpath(place, tree)
            if place.is_relative_to(tree) and source.is_file() and not place.exists():
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, place)


# --- building


def build(root, out, *, offline=False, links=False):
    """Build the site in `out`, or ask all its links there; an earlier one is replaced only by a whole new one."""
    with fresh_folder(out) as site:
        work, tree, environment = site.parent, site.parent / "tree", dict(os.environ)
        if offline:
            npm_unpack(MATHJAX, MATHJAX_SHA512, f"{MATHJAX_FILE}|LICENSE", root / ".store", work / "mathjax")
            environment["BOOK_MATHJAX"] = str(work / "mathjax")
        lay_out(root, tree)
        bring_links(root, tree)
        options = ["-q", "-N", "-W", "--keep-going", "-d", str(work / "doctrees"), "-c", str(root / "docs")]
        options += ["-b", "linkcheck"] if links else []
        command = [sys.executable, "-m", "sphinx", *options, str(tree), str(site)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            said = done.stderr.replace(f"{tree}/", "")
            raise ToolError("\n".join(re.findall(r"^.*(?:WARNING|ERROR|CRITICAL): .*$", said, re.M)) or said[-300:])
    pages = f"{len(list(out.rglob('*.html')))} pages: {out / 'index.html'}"
    print(f"every link answers: {out / 'output.txt'}" if links else pages)


def main(argv=None, *, root=ROOT):
    """Build the book and return the exit code."""
    parser = argparse.ArgumentParser(prog="book", description="Build the static site of the collection.")
    parser.add_argument("--offline", action="store_true", help="take MathJax from npm: no page asks the network")
    parser.add_argument("--links", action="store_true", help="write no pages, but ask every link: build/links")
    options = parser.parse_args(argv)
    out = root / "build" / ("links" if options.links else "book")
    return guarded("book", lambda: build(root, out, **vars(options)))


if __name__ == "__main__":
    sys.exit(main())
