"""Figures and tables for a thesis: ``make thesis`` writes build/thesis/.

Usage, with the Python of the set-up::

    python -m tools.thesis [models...]      figures/, tables/, figures.tex, tables.tex, signs.tex, main.tex, README.md

Every figure is a pdf at final size with embedded fonts, and a png; captions come from the json beside it. Numbers in
tables are aligned at their decimal points (dcolumn). ``signs.tex`` tells LaTeX what Greek letters and signs are; one
that it does not know stops the export with its name. NOTEBOOK_FIGS names a folder in place of figs/, as for notebooks.
Exit codes: 0 well, 2 nothing to gather or something that LaTeX cannot print.
"""

import os
import re
import shutil
import sys
import textwrap
from itertools import starmap
from pathlib import Path

from helpers import storage
from tools.common import ROOT, TEMPLATES, ToolError, fresh_folder, guarded

SPECIAL = {mark: f"\\{mark}" for mark in "&%#_{}$"}
SPECIAL |= {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
NUMBER = re.compile(r"(-?\d+)(\.\d+)?(?:e([-+]?\d+))?(\\%)?( [\[(].+)?")


def latex(text):
    """Return plain text as LaTeX; formulas between dollar signs stay formulas.

    >>> latex("λ of tanh_pos, 95 % at $g_c$")
    'λ of tanh\\\\_pos, 95 \\\\% at $g_c$'
    """
    parts = re.split(r"((?<!\\)\$[^$]+(?<!\\)\$)", text)
    parts[::2] = [part.translate(str.maketrans(SPECIAL)) for part in parts[::2]]
    return "".join(parts)


def caption(path):
    """Return the caption that the json beside a figure or table records; without one, its name.

    The json tells the digests of the files beside it, so that none of another figure, or a half-written one, goes in.
    """
    try:
        found = storage.read_json(path.with_suffix(".json")).get("caption")
    except storage.DamagedFile as fault:
        raise ToolError(f"{fault}, with `make figs`") from None
    return found or path.stem.replace("_", " ").capitalize() + "."


def column(head, *cells):
    """Return the kind of a column and its cells; the numbers of one that holds mostly numbers get a common point.

    What stands behind the numbers, such as intervals, fills a column of its own; ``%`` goes to the head.

    >>> column("B (deg)", "$-$1.5 [$-$2, 1]", "12 [11, 13]", "not tuned")[1][1:]
    ['-1.5 & [$-$2, 1]', '12 & [11, 13]', '\\\\multicolumn{2}{l}{not tuned}']
    """
    found = [NUMBER.fullmatch(cell.replace("$-$", "-")) for cell in cells]
    numbers, written = list(filter(None, found)), []
    if 2 * len(numbers) <= len(cells):
        return "l", [head, *cells]
    wholes, places, powers, percents, intervals = zip(*map(re.Match.groups, numbers), strict=True)
    spread, many = any(intervals), r"\multicolumn{2}{l}" if any(intervals) else r"\multicolumn{1}{c}"
    for cell, number in zip(cells, found, strict=True):
        text = f"{many}{{{cell}}}"
        if number:
            text = number[1] + (number[2] or "") + ("" if all(percents) else number[4] or "")
            text += rf"\cdot10^{{{int(number[3])}}}" if number[3] else ""
            interval = re.sub(r"(?<!e)-", "$-$", (number[5] or "").strip())
            text += " & " + re.sub(r"e\+?(-?)0*(\d+)", r"$\\cdot10^{\1\2}$", interval) if spread else ""
        written.append(text)
    lines = textwrap.wrap(head + r" (\%)" * all(percents), 100 if "$" in head else 14, break_long_words=False)
    head = many + r"{\shortstack[" + many[-2] + "]{" + r"\\".join(lines) + "}}"
    after = max(map(len, filter(None, places)), default=1) - 1 + 5 * any(powers)
    return f"D{{.}}{{.}}{{{max(map(len, wholes))}.{after}}}" + r"@{~}>{\scriptsize}l" * spread, [head, *written]


def aligned(table):
    """Return the ``tabular`` of a saved table with its numbers aligned at their decimal points."""
    rows = []
    for line in table.splitlines():
        if line.endswith(r" \\"):
            rows.append(line.removesuffix(r" \\").split(" & "))
    kinds, columns = zip(*starmap(column, zip(*rows, strict=True)), strict=True)
    head, *body = [" & ".join(row) + r" \\" for row in zip(*columns, strict=True)]
    lines = [rf"\begin{{tabular}}{{{''.join(kinds)}}}", r"\toprule", head, r"\midrule", *body, r"\bottomrule"]
    return "\n".join([*lines, r"\end{tabular}", ""])


def check(name, text):
    """Raise :class:`ToolError` for what pdflatex would stumble over in a text: a check without LaTeX."""
    known = (TEMPLATES / "thesis" / "signs.tex").read_text(encoding="utf-8")
    for sign in text:
        if sign > "ÿ" and sign not in "œŒ–—‘’“”…" and f"{{{ord(sign):04X}}}" not in known:
            raise ToolError(f"{name}: the sign {sign!r} (U+{ord(sign):04X}) is not in tools/templates/thesis/signs.tex")
    bare = re.sub(r"\\\\|\\[&%#_{}$]", "", text)
    if bare.count("{") != bare.count("}") or re.search(r"[_^#$]", re.sub(r"\$[^$]*\$", "", bare)):
        raise ToolError(
            f"{name}: braces or dollar signs do not balance, or a bare _, ^ or #: {' '.join(text.split())[:60]}"
        )


def write(figs, target, models=()):
    """Write the folder `target`; an earlier one is replaced only by a whole new one."""
    counts = []
    with fresh_folder(target) as out:
        shutil.copytree(TEMPLATES / "thesis", out, dirs_exist_ok=True)
        for folder, suffix, other in (("figures", ".pdf", ".png"), ("tables", ".tex", ".csv")):
            template, texts = (out / f"{folder}.tex").read_text(), []
            for path in sorted(figs.glob(f"*/*{suffix}")):
                if models and path.parent.name not in models:
                    continue
                place, text = f"{folder}/{path.parent.name}/{path.name}", latex(caption(path))
                (out / place).parent.mkdir(parents=True, exist_ok=True)
                if suffix == ".tex":
                    table = path.read_text(encoding="utf-8")
                    check(place, text + table)
                    if len(seeds := set(re.findall(r"\], (n = \d+)", table))) == 1:  # said once
                        table = re.sub(r"(?<=\]), n = \d+", "", table)
                        text += f" Intervals: {seeds.pop()}."
                    (out / place).write_text(aligned(table), encoding="utf-8")
                else:
                    check(place, text)
                    shutil.copyfile(path, out / place)
                shutil.copyfile(path.with_suffix(other), (out / place).with_suffix(other))
                said = {"caption": text, "short": re.split(r"(?<=\.) (?=[A-Z])", text)[0]}  # for the list of figures
                texts.append(template % (said | {"place": place, "label": f"{path.parent.name}:{path.stem}"}))
            (out / f"{folder}.tex").write_text("\n".join(texts), encoding="utf-8")
            counts.append(len(texts))
        if not counts[0]:
            raise ToolError(f"no pdf in figs/{'|'.join(models) or '*'}/; draw the figures with `make figs`")
    print(f"{counts[0]} figures, {counts[1]} tables: build/thesis/")


def main(argv=None, *, root=ROOT):
    """Gather everything and return the exit code."""
    models, figs = sys.argv[1:] if argv is None else argv, Path(os.environ.get("NOTEBOOK_FIGS") or root / "figs")
    return guarded("thesis", lambda: write(figs, root / "build" / "thesis", models))


if __name__ == "__main__":
    sys.exit(main())
