"""Write figs/scorecard.md: each claim, the published number, ours, the bound fixed beforehand, and a verdict.

Usage: ``make scorecard``. The numbers come from the acceptance tests themselves: the suite is run with
``--scorecard``, each test hands its number to the ``record`` fixture, and this file lays them beside
``tests/acceptance.toml``. Exit code 1 if a row misses its bound or was not measured.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BOUNDS = ("absolute", "absolute_narrow", "relative", "relative_mean", "relative_sd", "sd_below", "bias_below")
HEAD = """# Scorecard

Every claim that rests on a number: what the source published, what this collection measures, the bound that was
fixed in `tests/acceptance.toml` before measuring, and the verdict. Made by `make scorecard`.

| claim | published | ours | bound | verdict |
| --- | --- | --- | --- | --- |
"""


def rows(table, prefix=""):
    """Yield (name, row) of every row of the acceptance file, in order."""
    for key, value in table.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict) and "origin" not in value:
            yield from rows(value, name + ".")
        elif isinstance(value, dict):
            yield name, value


def measure(folder):
    """Run the acceptance tests on every core; return ({row: numbers}, exit code); a failed test leaves its row out."""
    options = ["-q", "-p", "no:cacheprovider", "-n", "auto", "--maxprocesses=4", "--dist", "loadscope"]
    command = [sys.executable, "-m", "pytest", *options, f"--scorecard={folder}", "tests"]
    code = subprocess.run(command, cwd=ROOT).returncode
    measured = {}
    for path in Path(folder).glob("*.json"):  # one for each worker
        measured |= json.loads(path.read_text())
    return measured, code


def shown(values):
    """Return measured numbers as text: one, a few, or the range of many."""
    if not values:
        return "–"
    if len(values) <= 6:
        return ", ".join(f"{value:.3g}" for value in values)
    return f"{min(values):.3g} to {max(values):.3g} ({len(values)} values)"


def bound(row):
    """Return the tolerance of a row in words."""
    parts = []
    if "accept" in row:
        low, high = row["accept"]
        parts.append(f"≥ {low:g}" if high == float("inf") else f"{low:g} to {high:g}")
    for key in BOUNDS:
        if key in row:
            values = row[key] if isinstance(row[key], list) else [row[key]]
            parts.append(f"{key.replace('_', ' ')} " + " / ".join(f"{value:g}" for value in values))
    return ", ".join(parts)


def verdict(row, measured):
    """Return what to say of a row: its verdict, or that it was missed or not measured."""
    if measured is None:
        return "full profile only" if row.get("profile") == "full" else "**missed or not measured**"
    if "verdict" in row:
        return row["verdict"]
    return "reproduced" if "published" in row else "new"


def line(name, row, measured):
    cells = (row.get("quantity", name), row.get("published", "–"), shown(measured), bound(row), verdict(row, measured))
    return f"| `{name}`: " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"


def main():
    """Measure, write the scorecard, say how many rows stand; return the exit code."""
    acceptance = dict(rows(tomllib.loads((ROOT / "tests" / "acceptance.toml").read_text())))
    with tempfile.TemporaryDirectory() as folder:
        measured, code = measure(folder)
    target = ROOT / "figs" / "scorecard.md"
    target.parent.mkdir(exist_ok=True)
    target.write_text(HEAD + "\n".join(line(name, row, measured.get(name)) for name, row in acceptance.items()) + "\n")
    due = {name for name, row in acceptance.items() if name in measured or row.get("profile") != "full"}
    print(f"{len(measured)} of {len(due)} rows inside their bounds; {target.relative_to(ROOT)} written")
    return int(code != 0 or len(measured) < len(due))


if __name__ == "__main__":
    sys.exit(main())
