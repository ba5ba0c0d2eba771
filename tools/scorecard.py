"""Write figs/scorecard.md: each claim, the published number, ours, the bound and how it came about, and a verdict.

Usage: ``make scorecard``. The numbers come from the acceptance tests themselves: the suite is run with
``--scorecard``, each test hands its number to the ``record`` fixture, and this file lays them beside
``tests/acceptance.toml``. The run takes no options from the environment (PYTEST_ADDOPTS and the like). Exit code 1 if a
row misses its bound, 2 if the run did not end or left out tests that rows need: then nothing is written.
"""

import os
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from xml.etree import ElementTree

from helpers import storage
from tools.common import ROOT, TEMPLATES, ToolError, guarded


def rows(table, prefix=""):
    """Return {name: row} of every row of the acceptance file, in order."""
    found = {}
    for key, value in table.items():
        if isinstance(value, dict):
            name = f"{prefix}{key}"
            found |= {name: value} if "origin" in value else rows(value, f"{name}.")
    return found


def bounds(row):
    """Return the bounds of a row in words; those of a part of it after the name of the part."""
    found = []
    for key, value in row.items():
        kind, _, part = key.partition("_")
        if kind == "accept":
            found.append(f"{part} {value[0]} to {value[1]}".strip().replace("to inf", "or more"))
        elif kind in ("absolute", "relative"):
            found.append(f"{key.replace('_', ' ')} {value}")
    return ", ".join(found)


def line(name, row, values):
    """Return the line of a row: what was published, what was measured (one number, a few, or a range), and so on."""
    shown = ", ".join(map("{:.3g}".format, values or ())) or "–"
    if values and len(values) > 6:
        shown = f"{min(values):.3g} to {max(values):.3g} ({len(values)} values)"
    verdict = row.get("verdict", "reproduced" if "published" in row else "new")
    if values is None:
        verdict = "**missed or not measured**"
    origin = f"{row['bound']}: {row['why']}" if "why" in row else row["bound"]
    cells = row.get("quantity", name), row.get("published", "–"), shown, bounds(row), origin, verdict
    return f"| `{name}`: " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |\n"


def main():
    """Run the acceptance tests on every core, write the scorecard, say how many rows stand; return the exit code."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    acceptance, measured = rows(tomllib.loads((ROOT / "tests" / "acceptance.toml").read_text())), {}
    with tempfile.TemporaryDirectory() as folder:
        options = ["-q", "-p", "no:cacheprovider", "-n", "auto", "--maxprocesses=4", "--dist", "loadscope"]
        report = Path(folder, "report.xml")
        options += [f"--scorecard={folder}", f"--junit-xml={report}"]
        command = [sys.executable, "-m", "pytest", *options, "tests"]
        code = subprocess.run(command, cwd=ROOT, env=environment).returncode
        try:
            skipped = ElementTree.parse(report).findall(".//skipped")
            for path in Path(folder).glob("*.json"):  # one for each worker; a failed test leaves its row out
                for name, values in storage.read_json(path).items():
                    measured[name] = [float("nan") if value is None else value for value in values]
        except (storage.DamagedFile, OSError, ElementTree.ParseError):  # that of a worker that died
            code = "of a worker that died"
    if code not in (0, 1) or not measured:
        raise ToolError(f"the tests did not run to their end (exit {code}); figs/scorecard.md is left as it was")
    missing = [name for name in acceptance if name not in measured]
    if missing and (code == 0 or skipped):
        why = f" ({skipped[0].get('message')})" if skipped else ""
        raise ToolError(
            f"{len(missing)} rows ({missing[0]}, ...) were not measured, their tests did not run{why}; "
            "figs/scorecard.md is left as it was"
        )
    text = (TEMPLATES / "scorecard.md").read_text()
    text += "".join(line(name, row, measured.get(name)) for name, row in acceptance.items())
    storage.write_text(ROOT / "figs" / "scorecard.md", text)
    print(f"{len(acceptance) - len(missing)} of {len(acceptance)} rows inside their bounds; figs/scorecard.md written")
    return int(code != 0)


if __name__ == "__main__":
    sys.exit(guarded("scorecard", main))
