"""Quick beside full: do the tables of the thesis scale say what those of the quick profile say?

Usage: ``NOTEBOOK_FIGS=figs/full make full``, then ``make scale``, which writes ``figs/full/README.md``: per
notebook seeds, time and memory (from ``runs.csv``, which the run leaves), per table how many means with an interval are
confirmed, and each one that is not.
"""

import ast
import csv
import re
import sys
from collections import Counter
from pathlib import Path

from helpers import runs, storage
from tools.common import ROOT, guarded

NUMBER = r"(-?[\d.]+(?:e[+-]?\d+)?)"
MEAN = re.compile(rf"{NUMBER} [\[(]{NUMBER}(?:,| to) {NUMBER}[\])](?:, n = \d+)?")  # an interval, or (low to high)
CONFIRMED, NEAR, APART, SIGN, OPEN = "inside", "overlapping", "apart", "the other sign", "no longer apart from 0"
BOTH = "networks of both signs"
HEAD = """# At thesis scale

`NOTEBOOK_FIGS=figs/full make full` runs the notebooks with the seeds, trials and sizes of their full profile; the
tables stand beside this page, the figures are not kept. A mean of the quick profile counts as confirmed if the mean at
full scale lies inside its 95 % interval (or range over networks, where the table has that), *overlapping* if only the
intervals meet. The quick seeds are the first of the full ones, so the two are not independent; where sizes differ too
(below), so do the networks. What changes is said in the notebook. Written by `make scale`. For LaTeX:
`NOTEBOOK_FIGS=figs/full make thesis`.

FINAL_2 stands here without its scan of 4,096 rules, which costs about 85 CPU-minutes more (1.24 s a rule on two busy
cores). The table of the scan, in `figs/v1/`, was computed once; 780 of its rules were computed again by the code of
27 November 2026, equal in all five digits.
"""


def cells(path):
    """Return {(row, column): text} of a table; a row is called by its first cell, and its number if that repeats."""
    with path.open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file.read().replace("|", r"\|").splitlines())
    seen, found = Counter(), {}
    for name, *texts in rows:
        seen[name] += 1
        called = name if seen[name] == 1 else f"{name} ({seen[name]})"
        for column, text in zip(head[1:], texts, strict=True):
            found[called, column] = text
    return found


def verdict(quick, full):
    """Return what the full scale does to a mean with an interval, or None where either text is none.

    >>> verdict("2 [1, 3], n = 5", "2.5 [2.2, 2.8], n = 20"), verdict("2 [1, 3], n = 5", "3.2 [2.9, 3.5], n = 20")
    ('inside', 'overlapping')
    >>> verdict("2 [1, 3], n = 5", "-1 [-2, -0.1], n = 20"), verdict("2 [1, 3], n = 5", "0.5 [-0.1, 1.1], n = 20")
    ('the other sign', 'no longer apart from 0')
    """
    small, large = MEAN.fullmatch(quick), MEAN.fullmatch(full)
    if not small or not large:
        return None
    mean, low, high = map(float, small.groups())
    mean_full, low_full, high_full = map(float, large.groups())
    if "[" in full and low * high > 0 and low_full * high_full <= 0:
        return OPEN
    if "(" in full and low * high > 0 and low_full * high_full < 0:
        return BOTH
    if low * high > 0 and mean * mean_full < 0:
        return SIGN
    if low <= mean_full <= high:
        return CONFIRMED
    return NEAR if low_full <= high and low <= high_full else APART


def beside(figs, path, name):
    """Return {(row, column): (quick, full, verdict)} of a table and the quick one that it repeats."""
    if not (figs / name).exists():
        return {}
    large, said = cells(path), {}
    for key, text in cells(figs / name).items():
        if found := verdict(text, large.get(key, "")):
            said[key] = text, large[key], found
    return said


def page(figs, full):
    """Return the text of the page: runs, counts of each table, and what was not confirmed."""
    lines = [HEAD, "| notebook | seeds and sizes | wall s | CPU s | peak MB |", "| --- | --- | ---: | ---: | ---: |"]
    with (full / "runs.csv").open(encoding="utf-8", newline="") as file:
        for name, *numbers in list(csv.reader(file))[1:]:
            lines.append(f"| {name} | {sizes(name)} | {' | '.join(numbers)} |")
    counts = ["", "| table | means | inside | overlapping | others |", "| --- | ---: | ---: | ---: | ---: |"]
    others = [
        "",
        "Not inside:",
        "",
        "| table | row | column | quick | full | |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for path in sorted(full.glob("*/*.csv")):
        name, number = path.relative_to(full), Counter()
        if name.stem.endswith(".numeric"):
            continue
        for (row, column), (quick, large, found) in beside(figs, path, name).items():
            number[found] += 1
            if found != CONFIRMED:
                mark = found if found == NEAR else f"**{found}**"
                others.append(f"| {name.with_suffix('')} | {row} | {column} | {quick} | {large} | {mark} |")
        if total := number.total():
            rest = total - number[CONFIRMED] - number[NEAR]
            counts.append(f"| {name.with_suffix('')} | {total} | {number[CONFIRMED]} | {number[NEAR]} | {rest} |")
    return "\n".join([*lines, *counts, *others]) + "\n"


def sizes(name):
    """Return the choices of a notebook for its full profile, as its cells say them: NAME value."""
    found = []
    for cell in runs.notebook_cells(ROOT / "FINAL_notebooks" / f"{name}.ipynb"):
        if "parameters" in cell["tags"]:
            for line in ast.parse(cell["source"]).body:
                for call in ast.walk(line):
                    if isinstance(call, ast.Call) and ast.unparse(call.func) == "runs.choose":
                        full = next((word.value for word in call.keywords if word.arg == "full"), call.args[-1:])
                        found.append(f"`{ast.unparse(line.targets[0])}` {ast.unparse(full)}")
    return ", ".join(found)


def main(root=ROOT):
    """Write the page and return the exit code."""
    full = root / "figs" / "full"

    def write():
        storage.write_text(full / "README.md", page(root / "figs", full))
        print(Path("figs/full/README.md"))

    return guarded("scale", write)


if __name__ == "__main__":
    sys.exit(main())
