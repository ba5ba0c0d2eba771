"""The rules that every committed notebook and figure keeps, one function each.

A rule takes a :class:`Page` and yields complaints, each with what was found and what is allowed. Rules look at tags and
headings. ``tests/notebooks/test_hygiene.py`` holds the notebooks to them and breaks each rule once on purpose; how long
a ``model``, ``study`` or ``plot`` cell may be is held by ``tests/notebooks/test_cells.py``.
"""

import re
import subprocess
from pathlib import Path

import nbformat

from helpers import storage
from tools.common import ToolError

OPEN = ("FINAL_1", "FINAL_2", "FINAL_3", "FINAL_4", "FINAL_5", "FINAL_6", "FINAL_7", "FINAL_8")
TAGS = {"parameters", "result", "reading", "nbval-check-output", "play", "solution"}
COLLAPSED = {"plot", "check"}  # cells that JupyterLab and the book show closed
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
METADATA = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
FIGURE, TABLE = {".pdf", ".svg", ".png", ".json"}, {".csv", ".tex", ".json"}
CODE = re.compile(r"^```.*?^```|`[^`\n]+`", re.M | re.S)
BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"  # nbgrader's marks around what a student writes
GAP = re.compile(rf"^( *)# .*\n\1{BEGIN}\n((?:.*\n)*?)\1{END}$", re.M)  # what to write, then the lines
CHECK = re.compile(r"\Adef (check_\w+)\(\):\n(?:(?:    .*)?\n)+\1\(\)\Z")
MARKS = re.compile(rf"\n *(?:{BEGIN}|{END})$", re.M)
QUESTION = re.compile(
    r"\*\*Question\.\*\* [^<]+\?\n\n<details><summary>Answer</summary>\n\n[^<]+\n\n</details>\n\n"
    r"<details><summary>Question et réponse en français</summary>\n\n[^<]+\n\n</details>"
)
FOLDED = re.compile(r"<summary>(?!.*français|A plan for 45 and 90 minutes)")
NEEDED = {
    "it does not start with a title (# ...)": r"\A# ",
    "no French summary (the word Résumé)": r"(?i)\brésumé\b",
    "no reference with a DOI": r"\b10\.\d{4,9}/\S+",
    "no heading with the word Exercise": r"(?im)^#+ .*exercise",
    "no heading with the word Limits": r"(?im)^#+ .*limit",
    "no folded answers to the exercises": "<summary>Answers",
}
FORBIDDEN = {
    r"(?i)\b(?:specification|shipped)": ("text", "say which description or example is meant"),
    r"(?<![\w.)\]}])\.\d+": ("open text", "give numbers their leading zero"),
    r"(?m)^\s*from\s+\S+\s+import\s+\*": ("own code", "name what is imported"),
    r"%matplotlib\s+inline": ("own code", "it is the default"),
    r"\b(?:pip|conda|mamba|uv)\b.*\binstall\b": ("own code", "the set-up installs"),
    r"<[^<>\n]* at 0x[0-9a-f]+>": ("output", "end the cell with an assignment"),
    r"(?m)^\s*(?:interactive|[HV]?Box|Output)\(": ("output", "draw the first state of a widget"),
    r"(?<![\w.:</-])/(?:home|root|tmp|work|Users)\b\S{0,30}": ("any", "no path of somebody's machine"),
}


def tags(cell):
    """Return the tags of a cell."""
    return set(cell.metadata.get("tags", ()))


class Page:
    """A notebook, read from `path` or given, and the parts that the rules look at."""

    def __init__(self, path, notebook=None):
        self.path = Path(path)
        try:
            self.notebook = notebook or nbformat.read(path, as_version=4)
            if not notebook:
                nbformat.validate(self.notebook)  # read() only logs what is wrong
            self.cells = self.notebook.cells
            if not self.cells:
                raise ValueError("it has no cells")
            self.code = [cell for cell in self.cells if cell.cell_type == "code"]
            self.texts = [cell for cell in self.cells if cell.cell_type == "markdown"]
            self.text = "\n\n".join(cell.source for cell in self.texts)
        except Exception as error:  # whatever a damaged one makes nbformat raise
            raise ToolError(f"{self.path.stem}: not a notebook ({str(error)[:80]!r})") from None
        self.is_open = self.path.stem.startswith(OPEN)

    def outputs(self):
        """Yield (number of the code cell, output, text of it that a reader sees; pictures are not text)."""
        for number, cell in enumerate(self.code, 1):
            for out in cell.outputs:
                shown = out.get("text", "")
                for kind, data in out.get("data", {}).items():
                    shown += f"\n{data}" if kind.startswith("text/") else ""
                yield number, out, shown


def needed(page):
    """Starts with a title; has a French summary, a reference with a DOI, exercises with folded answers, limits."""
    for missing, pattern in NEEDED.items():
        if not re.search(pattern, page.text):
            yield missing


def forbidden(page):
    """No star import, installation, machine's path, bare object, "specification", "shipped", number like .5."""
    own = "\n".join(cell.source for cell in page.code if "quoted" not in tags(cell))
    shown = "\n".join(shown for *_, shown in page.outputs())
    places = {"output": shown, "any": "\n".join([shown, *(cell.source for cell in page.cells)])}
    if page.path.stem.startswith("FINAL_"):
        prose = CODE.sub("", page.text) if page.is_open else ""
        places |= {"text": page.text, "own code": own, "open text": prose}
    for pattern, (place, advice) in FORBIDDEN.items():
        for match in re.finditer(pattern, places.get(place, "")):
            yield f"{place} holds {match[0].strip()!r}: {advice}"


def tagged(page):
    """Has all the tags that the tools use; headings, readings and folded answers stand in cells of their own."""
    expected = TAGS | {"model", "study", "check", "question"} if page.is_open else TAGS
    for tag in sorted(expected.difference(*map(tags, page.cells))):
        yield f"no cell is tagged {tag}"
    for cell in page.texts:
        if "**Reading" in cell.source and "reading" not in tags(cell):
            yield f"a Reading without the tag reading: {cell.source[:40]!r}"
        if FOLDED.search(cell.source) and not tags(cell) & {"solution", "question"}:
            yield f"folded answers without the tag solution: {cell.source[:40]!r}"
        if heading := re.search(r"\n(#+ .*)", CODE.sub("", cell.source)):
            yield f"the heading {heading[1]!r} stands inside a cell; cut the cell before it"


def asked(page):
    """Three concept questions inside three steps, the answer folded, and both in French."""
    steps = [None]
    for cell in page.texts:
        heading = re.match(r"## (.*)", cell.source)
        steps[-1] = heading[1] if heading else steps[-1]
        if "question" in tags(cell):
            if not QUESTION.fullmatch(cell.source) or not str(steps[-1]).startswith("Step"):
                yield f"a question without its folded answer and its French, or outside a step: {cell.source[:40]!r}"
            steps.append(steps[-1])
    if page.is_open and len(set(steps[:-1])) != 3:
        yield f"questions in {len(set(steps[:-1]))} steps; three expected"


def gapped(page):
    """Two or three gaps in model cells: one to six lines below one that says what to write, a check cell after each."""
    found = []
    for cell, after in zip(page.code, [*page.code[1:], None], strict=True):
        gaps, marks = GAP.findall(cell.source), max(cell.source.count(BEGIN), cell.source.count(END))
        found += gaps
        if marks != len(gaps) or any(lines.count("\n") > 6 for _, lines in gaps):
            yield f"marks of a gap without a line above that says what to write, or around more than six: {marks}"
        if gaps and not (len(gaps) == 1 and "model" in tags(cell) and after and "check" in tags(after)):
            yield f"a gap that is not the only one of a model cell with a check after it: {gaps[0][1].strip()[:40]!r}"
        if "check" in tags(cell) and not CHECK.match(cell.source):
            yield f"a check cell is one function check_...() and its call: {cell.source[:40]!r}"
    if page.is_open and not 2 <= len(found) <= 3:
        yield f"{len(found)} gaps; two or three expected"


def dated(page):
    """Is called YYYY-MM-DD_topic.ipynb, stands in the index dev/README.md, and says what was concluded or decided."""
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])-([0-2]\d|3[01])_\w+\.ipynb", page.path.name):
        yield f"is called {page.path.name}; expected YYYY-MM-DD_topic.ipynb"
    index = page.path.with_name("README.md")
    if not index.exists() or page.path.name not in index.read_text(encoding="utf-8"):
        yield f"{page.path.name} is not listed in {index.parent.name}/README.md"
    if not re.search(r"(?im)^#+ .*(conclusion|decision)", page.text):
        yield "no heading with the word Conclusion or Decision"


def executed(page):
    """Every code cell ran once, from the first to the last, without errors, warnings and bars, or lost widgets."""
    counts = [cell.execution_count for cell in page.code]
    if counts != list(range(1, len(counts) + 1)):
        yield f"execution counts are {counts}; expected 1 to {len(counts)}: run `make notebooks`"
    for number, out, shown in page.outputs():
        if out.output_type == "error":
            yield f"code cell {number} shows {out.ename}: {out.evalue}"
        if out.get("name") == "stderr":
            yield f"code cell {number} wrote to stderr: {shown.strip()[:60]!r}"
        if "widget-view" in str([*out.get("data", {})]):
            yield f"code cell {number} holds a widget that shows nothing without a kernel"


def clean_metadata(page):
    """Only kernel name, language and cell tags, plots and checks collapsed; at most 1 MB."""
    if page.notebook.metadata != METADATA:
        yield f"metadata holds {dict(page.notebook.metadata)}: run `make notebooks`"
    for number, cell in enumerate(page.cells, 1):
        more, expected = set(cell.metadata) - {"tags"}, {"jupyter"} if tags(cell) & COLLAPSED else set()
        if more != expected:
            yield f"metadata of cell {number} holds {sorted(more)}, not {sorted(expected)}: run `make notebooks`"
    if (size := page.path.stat().st_size / 1e6) > 1:
        yield f"{size:.2f} MB; at most 1 MB"


FINAL_RULES = (needed, tagged, asked, gapped, forbidden, executed, clean_metadata)
DEV_RULES = (dated, forbidden, executed, clean_metadata)


# --- figures and files


def figure_complaints(figs):
    """Every figure and table has its formats and its size, and those of open notebooks their parameters.

    What has one name in ``figs/<model>/`` is a figure (pdf, svg, png, json), a table (csv, tex, json), an animation
    (gif) or the plain numbers of a table (csv). A file has at most 1 MB, an animation 2 MB.
    """
    formats = {}
    for path in sorted(figs.rglob("[!.]*.*")):
        size, allowed = path.stat().st_size / 1e6, 2 if path.suffix == ".gif" else 1
        if size > allowed:
            yield f"{path.relative_to(figs)}: {size:.2f} MB; at most {allowed} MB"
        if path.parent != figs and figs / "full" not in path.parents:  # of these only the tables are kept
            formats.setdefault(path.with_suffix(""), set()).add(path.suffix)
    for stem, found in formats.items():
        name, expected = stem.relative_to(figs), set() if found & {".gif", ".csv"} else FIGURE
        if missing := sorted((TABLE if ".tex" in found else expected) - found):
            yield f"{name}: no {', '.join(missing)}; a figure has pdf, svg, png and json, a table csv, tex and json"
        elif ".json" in found and (fault := record_fault(stem.with_suffix(".json"))):
            yield f"{name}: {fault}"


def record_fault(path):
    """Return what is wrong with the json of a figure, or nothing."""
    try:
        record = storage.read_json(path)
    except storage.DamagedFile as fault:
        return fault
    if str(record.get("notebook")).startswith(OPEN) and not record.get("parameters"):
        return "its json records no parameters; hand them to figures.save"


def committed_files(root):
    """Return the files under version control; without git, those of all folders whose name has no leading dot."""
    git = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=False)
    paths = [*root.glob("[!.]*"), *root.glob("[!.]*/**/*")]
    if git.returncode == 0:
        paths = map(root.joinpath, git.stdout.split("\0"))
    return sorted(path for path in paths if path.is_file() and "__pycache__" not in path.parts)


def report(root):
    """Print one line for each rule, or one for each complaint, and return whether all is well."""
    rows = {("figs", figure_complaints): list(figure_complaints(root / "figs"))}
    for folder, rules in (("FINAL_notebooks", FINAL_RULES), ("dev", DEV_RULES)):
        for page in map(Page, sorted((root / folder).glob("*.ipynb"))):
            for rule in rules:
                found = map(f"{page.path.stem}: {{}}".format, rule(page))
                rows.setdefault((folder, rule), []).extend(found)
    for (folder, rule), found in rows.items():
        for line in found or [rule.__doc__.split("\n")[0]]:
            print(f"{'BAD ' if found else 'ok  '} {folder} {rule.__name__}: {line}")
    return not any(rows.values())
