"""The rules that every committed notebook and figure keeps, one function each.

A rule takes a :class:`Page` and yields complaints, each with what was found and what is allowed. The bounds are
the house style: text first, short cells, no surprises in the outputs. ``tests/notebooks/test_hygiene.py`` holds the
notebooks to them and breaks each rule once on purpose.
"""

from __future__ import annotations

import ast
import math
import re
import subprocess
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from statistics import median

import nbformat

__all__ = [
    "DEV_RULES",
    "FINAL_RULES",
    "Page",
    "committed_files",
    "figure_complaints",
    "pages",
    "repeated_functions",
    "report",
]

MB = 1_000_000
MAX_FILE, MAX_GIF = 1 * MB, 2 * MB
CELLS = (15, 35)
MIN_TEXT_SHARE, MIN_WORDS_PER_LINE, MIN_HEADINGS = 0.9, 4, 6
MEDIAN_LINES, P90_LINES, MAX_LINES, MAX_DEF_LINES = 12, 20, 40, 6
TAGS = ("parameters", "nbval-check-output", "solution")
FIGURE_FORMATS = (".pdf", ".svg", ".png", ".json")
MACHINE_PATH = re.compile(r"(?<![\w.:</-])/(?:home|root|tmp|work|Users)\b")
COMMANDS = {
    "star import": re.compile(r"^\s*from\s+\S+\s+import\s+\*", re.M),
    "%matplotlib inline": re.compile(r"%matplotlib\s+inline"),
    "installation": re.compile(r"\b(?:pip|conda|mamba|uv)\b.*\binstall\b"),
}

FINAL_RULES, DEV_RULES = {}, {}


def _rule(*registries):
    def register(function):
        for registry in registries:
            registry[function.__name__] = function
        return function

    return register


@dataclass(frozen=True)
class Page:
    """A notebook with its path, and the parts that the rules look at."""

    path: Path
    notebook: nbformat.NotebookNode

    @classmethod
    def read(cls, path):
        return cls(Path(path), nbformat.read(path, as_version=4))

    @cached_property
    def code(self):
        return [cell for cell in self.notebook.cells if cell.cell_type == "code"]

    @cached_property
    def own(self):
        """Code cells but those tagged ``quoted``: programs shown as their source has them."""
        return [cell for cell in self.code if "quoted" not in cell.metadata.get("tags", [])]

    @cached_property
    def texts(self):
        return [cell.source for cell in self.notebook.cells if cell.cell_type == "markdown"]

    @cached_property
    def text(self):
        return "\n\n".join(self.texts)

    @cached_property
    def headings(self):
        return re.findall(r"^#{1,6} .*$", re.sub(r"^```.*?^```", "", self.text, flags=re.M | re.S), re.M)

    @cached_property
    def lengths(self):
        """Written lines of each own code cell."""
        return [sum(bool(line.strip()) for line in cell.source.splitlines()) for cell in self.own]

    @cached_property
    def words_per_line(self):
        return len(re.sub(r"</?[a-z][^<>]*>", " ", self.text).split()) / max(1, sum(self.lengths))

    @cached_property
    def outputs(self):
        return [(number, out) for number, cell in enumerate(self.code, 1) for out in cell.outputs]

    @cached_property
    def functions(self):
        return [node for cell in self.own for node in ast.walk(_parsed(cell.source)) if _is_def(node)]

    def has_heading(self, word):
        return any(word in heading.lower() for heading in self.headings)


def _is_def(node):
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)


def _parsed(source):
    try:
        return ast.parse(re.sub(r"^(\s*)[%!].*$", r"\1pass", source, flags=re.M))
    except SyntaxError:
        return ast.Module(body=[], type_ignores=[])  # ruff names it, with the line


def _shown(out):
    """Return the text of an output that a reader sees; pictures are not text."""
    data = {kind: text for kind, text in out.get("data", {}).items() if kind.startswith("text/")}
    return "\n".join([str(out.get("text", "")), *map(str, data.values())])


# --- shape


@_rule(FINAL_RULES)
def cells(page):
    """15 to 35 cells."""
    found = len(page.notebook.cells)
    if not CELLS[0] <= found <= CELLS[1]:
        yield f"{found} cells; allowed {CELLS[0]} to {CELLS[1]}"


@_rule(FINAL_RULES)
def text_share(page):
    """At least 0.9 text cells for each code cell."""
    share = len(page.texts) / max(1, len(page.code))
    if share < MIN_TEXT_SHARE:
        yield f"{share:.2f} text cells for each code cell; at least {MIN_TEXT_SHARE}"


@_rule(FINAL_RULES)
def words(page):
    """At least four words of text for each line of code."""
    if page.words_per_line < MIN_WORDS_PER_LINE:
        yield f"{page.words_per_line:.1f} words for each line of code; at least {MIN_WORDS_PER_LINE}"


@_rule(FINAL_RULES)
def cell_length(page):
    """Code cells of at most 12 lines at the median, 20 at the 90th percentile, 40 ever."""
    if not page.lengths:
        return
    p90 = sorted(page.lengths)[math.ceil(0.9 * len(page.lengths)) - 1]
    found = {"median": median(page.lengths), "90th percentile": p90, "longest": max(page.lengths)}
    for (name, lines), allowed in zip(found.items(), (MEDIAN_LINES, P90_LINES, MAX_LINES), strict=True):
        if lines > allowed:
            yield f"code cells have {lines:g} lines ({name}); at most {allowed}"


@_rule(FINAL_RULES)
def headings(page):
    """At least six headings."""
    if len(page.headings) < MIN_HEADINGS:
        yield f"{len(page.headings)} headings; at least {MIN_HEADINGS}"


@_rule(FINAL_RULES)
def short_functions(page):
    """No function longer than six lines: it belongs in helpers."""
    for node in page.functions:
        lines = node.end_lineno - node.lineno + 1
        if lines > MAX_DEF_LINES:
            yield f"def {node.name} has {lines} lines; at most {MAX_DEF_LINES}, longer ones belong in helpers"


@_rule(FINAL_RULES, DEV_RULES)
def file_size(page):
    """At most 1 MB with outputs."""
    size = page.path.stat().st_size
    if size > MAX_FILE:
        yield f"{size / MB:.2f} MB; at most {MAX_FILE / MB:g} MB"


# --- content


@_rule(FINAL_RULES)
def title(page):
    """Starts with a title."""
    first = page.notebook.cells[0] if page.notebook.cells else None
    if first is None or first.cell_type != "markdown" or not first.source.startswith("# "):
        yield "does not start with a text cell whose first line is a title (# ...)"


@_rule(FINAL_RULES)
def french_summary(page):
    """Carries a summary in French."""
    if not re.search(r"\brésumé\b", page.text, re.I):
        yield "no French summary (the word Résumé in a text cell)"


@_rule(FINAL_RULES)
def references(page):
    """Cites its sources by DOI."""
    if not re.search(r"\b10\.\d{4,9}/\S+", page.text):
        yield "no reference with a DOI"


@_rule(FINAL_RULES)
def exercises(page):
    """Has exercises with folded answers."""
    start = re.search(r"^#+ .*exercise", page.text, re.I | re.M)
    if not start:
        yield "no heading with the word Exercise"
    elif "<details" not in page.text[start.start() :]:
        yield "no folded answer (<details>) after the heading of the exercises"


@_rule(FINAL_RULES)
def limits(page):
    """Says what the model leaves out."""
    if not page.has_heading("limit"):
        yield "no heading with the word Limits"


@_rule(FINAL_RULES)
def tags(page):
    """Has cells tagged parameters, nbval-check-output and solution."""
    found = {tag for cell in page.notebook.cells for tag in cell.metadata.get("tags", [])}
    for tag in TAGS:
        if tag not in found:
            yield f"no cell is tagged {tag}"


@_rule(FINAL_RULES)
def commands(page):
    """No star import, no %matplotlib inline, no installation."""
    for cell in page.own:
        for name, pattern in COMMANDS.items():
            if match := pattern.search(cell.source):
                yield f"{name}: {match[0].strip()!r}"


@_rule(DEV_RULES)
def conclusion(page):
    """States what was concluded or decided."""
    if not (page.has_heading("conclusion") or page.has_heading("decision")):
        yield "no heading with the word Conclusion or Decision"


@_rule(DEV_RULES)
def dated_name(page):
    """Is called YYYY-MM-DD_topic.ipynb."""
    day, _, topic = page.path.stem.partition("_")
    if not (topic and _is_day(day)):
        yield f"is called {page.path.name}; expected YYYY-MM-DD_topic.ipynb"


def _is_day(text):
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


@_rule(DEV_RULES)
def listed(page):
    """Stands in the index dev/README.md."""
    index = page.path.parent / "README.md"
    if not index.exists() or page.path.name not in index.read_text(encoding="utf-8"):
        yield f"{page.path.name} is not listed in {index.parent.name}/README.md"


# --- state of the file


@_rule(FINAL_RULES, DEV_RULES)
def executed_in_order(page):
    """Every code cell ran once, from the first to the last."""
    counts = [cell.execution_count for cell in page.code]
    if counts != list(range(1, len(counts) + 1)):
        yield f"execution counts are {counts}; expected 1 to {len(counts)}: run `make notebooks`"


@_rule(FINAL_RULES, DEV_RULES)
def errors(page):
    """No error among the outputs."""
    for number, out in page.outputs:
        if out.output_type == "error":
            yield f"code cell {number} shows {out.ename}: {out.evalue}"


@_rule(FINAL_RULES, DEV_RULES)
def quiet(page):
    """No warnings or bars, no widgets without their state, no bare object representation."""
    for number, out in page.outputs:
        if out.get("name") == "stderr":
            yield f"code cell {number} wrote to stderr: {out.text.strip().splitlines()[:1]}"
        if any("widget-view" in kind for kind in out.get("data", {})):
            yield f"code cell {number} holds a widget that shows nothing without a kernel"
        if match := re.search(r"<[^<>\n]* at 0x[0-9a-f]+>", _shown(out)):
            yield f"code cell {number} shows {match[0]}; end the cell with an assignment"
        if match := re.match(r"\s*(interactive|[HV]?Box|Output)\(", _shown(out)):
            yield f"code cell {number} shows only {match[0]}...); draw its first state as a figure in the same cell"


@_rule(FINAL_RULES, DEV_RULES)
def machine_paths(page):
    """No path of somebody's machine, in sources or outputs."""
    shown = [("source", cell.source) for cell in page.notebook.cells]
    shown += [("output", _shown(out)) for _, out in page.outputs]
    for where, text in shown:
        for match in MACHINE_PATH.finditer(text):
            yield f"{where} holds a machine's path: {text[match.start() :][:40].split()[0]}"


@_rule(FINAL_RULES, DEV_RULES)
def metadata(page):
    """Only kernel name, language and cell tags; no widget state, no editor settings."""
    found = page.notebook.metadata
    for key in sorted(set(found) - {"kernelspec", "language_info"}):
        yield f"metadata holds {key}: run `make notebooks`"
    if found.get("kernelspec", {}).get("name") != "python3" or set(found.get("language_info", {})) != {"name"}:
        yield "kernelspec is not python3, or language_info holds more than the name: run `make notebooks`"
    for number, cell in enumerate(page.notebook.cells, 1):
        for key in sorted(set(cell.metadata) - {"tags"}):
            yield f"metadata of cell {number} holds {key}: run `make notebooks`"


# --- all together


def repeated_functions(all_pages):
    """Yield a complaint for each function body that more than one notebook, or one notebook twice, defines."""
    places = defaultdict(list)
    for page in all_pages:
        for node in page.functions:
            body = ast.dump(node.args) + "".join(map(ast.dump, node.body))
            places[body].append(f"{page.path.stem}:{node.name}")
    for where in places.values():
        if len(where) > 1:
            yield f"the same function is defined in {', '.join(where)}; it belongs in helpers"


def figure_complaints(figs):
    """Yield a complaint for each file of `figs` that is too large and each figure that lacks a format.

    A figure is a set of files of one stem in ``figs/<model>/``. Animations (gif) and tables (csv, tex) have no other
    picture formats, only their json.
    """
    files = [path for path in sorted(figs.rglob("*")) if path.is_file()]
    stems = defaultdict(set)
    for path in files:
        allowed = MAX_GIF if path.suffix == ".gif" else MAX_FILE
        if path.stat().st_size > allowed:
            yield f"{path.relative_to(figs)}: {path.stat().st_size / MB:.2f} MB; at most {allowed / MB:g} MB"
        if path.parent != figs:
            stems[path.with_suffix("")].add(path.suffix)
    for stem, formats in stems.items():
        missing = [suffix for suffix in FIGURE_FORMATS if suffix not in formats]
        if missing and formats & set(FIGURE_FORMATS) and not formats & {".gif", ".csv", ".tex"}:
            yield f"{stem.relative_to(figs)}: no {', '.join(missing)}; every figure has pdf, svg, png and json"


def pages(root):
    """Return the FINAL and the dev notebooks under `root`."""
    final = [Page.read(path) for path in sorted((root / "FINAL_notebooks").glob("FINAL_*.ipynb"))]
    return final, [Page.read(path) for path in sorted((root / "dev").glob("*.ipynb"))]


def committed_files(root):
    """Return the files under version control; without git, those in the folders of the collection."""
    git = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=False)
    names = git.stdout.split("\0") if git.returncode == 0 else []
    folders = ("helpers", "tests", "tools", "FINAL_notebooks", "dev", "figs", ".ci")
    paths = [root / name for name in names if name]
    paths = paths or [*root.glob("*"), *(path for folder in folders for path in (root / folder).rglob("*"))]
    return sorted(path for path in paths if path.is_file() and "__pycache__" not in path.parts)


def report(root):
    """Print one line for each rule, or one for each complaint, and return whether all is well."""
    final, dev = pages(root)
    well = True
    for folder, group, rules in (("FINAL", final, FINAL_RULES), ("dev", dev, DEV_RULES)):
        for name, check in rules.items():
            found = [f"{page.path.stem}: {line}" for page in group for line in check(page)]
            well &= _print(f"{folder} {name}", check.__doc__, found)
    well &= _print("FINAL repeated_functions", "No function is defined twice.", list(repeated_functions(final)))
    well &= _print("figs", "Every figure in four formats, within its size.", list(figure_complaints(root / "figs")))
    for page in final:
        print(f"     {page.path.stem}: {len(page.notebook.cells)} cells, {page.words_per_line:.1f} words per code line")
    return well


def _print(name, rule, found):
    for line in found:
        print(f"BAD  {name}: {line}")
    if not found:
        print(f"ok   {name}: {rule}")
    return not found
