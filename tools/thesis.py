"""Figures and tables for a thesis: ``make thesis`` writes build/thesis/.

Usage, with the Python of the set-up::

    python -m tools.thesis [models...]      figures/, tables/, figures.tex, tables.tex, main.tex, README.md

Every figure is a pdf at final size with embedded fonts; captions come from the json beside it. All text is plain
LaTeX for pdflatex with graphicx, booktabs and amsmath: Greek letters and signs become commands, and a sign without a
command stops the export with its name. Exit codes: 0 well, 2 nothing to gather or something that LaTeX cannot print.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
import tempfile
from pathlib import Path

from tools.notebooks import ROOT

__all__ = ["ThesisError", "entries", "faults", "latex", "main"]

NAMES = (
    "alpha beta gamma delta varepsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho varsigma sigma tau "
    "upsilon varphi chi psi omega"
)
GREEK = {chr(0x3B1 + i): name for i, name in enumerate(NAMES.split())}
GREEK |= {sign.upper(): name.removeprefix("var").capitalize() for sign, name in GREEK.items() if sign in "γδθλξπσφψω"}
SIGNS = {sign: f"\\{name}" for sign, name in GREEK.items()}
SIGNS["ο"] = "o"  # LaTeX has no command for it
UP, DOWN = "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ⁿ", "₀₁₂₃₄₅₆₇₈₉"
LEVEL = str.maketrans(UP + DOWN, "0123456789-+n0123456789")
SIGNS |= {
    "±": r"\pm", "×": r"\times", "·": r"\cdot", "−": "-", "≤": r"\leq", "≥": r"\geq", "≈": r"\approx", "≠": r"\neq",
    "∞": r"\infty", "→": r"\rightarrow", "←": r"\leftarrow", "↔": r"\leftrightarrow", "°": r"^{\circ}",
    "µ": r"\mu", "∝": r"\propto", "√": r"\surd", "Σ": r"\Sigma", "∑": r"\sum", "⟨": r"\langle", "⟩": r"\rangle",
}  # fmt: skip
TEXT = {"–": "--", "—": "---", "’": "'", "‘": "`", "“": "``", "”": "''", "…": r"\ldots{}", "\u00a0": "~"}
SPECIAL = {mark: f"\\{mark}" for mark in "&%#_{}"}
SPECIAL |= {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "$": r"\$"}
PREAMBLE = r"""\documentclass[11pt,a4paper]{report}
\usepackage[utf8]{inputenc}
\usepackage[T1]{fontenc}
\IfFileExists{lmodern.sty}{\usepackage{lmodern}}{}
\usepackage{amsmath}
\usepackage{booktabs}
\usepackage{graphicx}
\setlength{\textwidth}{160mm}
\setlength{\oddsidemargin}{\dimexpr(\paperwidth-\textwidth)/2-1in\relax}
\maxdeadcycles=1000 % pages of floats and no text
\extrafloats{500}
\begin{document}
\listoffigures
\listoftables
\input{figures}
\input{tables}
\end{document}
"""
README = """# Figures and tables for LaTeX

`pdflatex main.tex`, run twice, prints all of it. To include it in a thesis:

1. Copy `figures/` and `tables/` beside the main file of the thesis.
2. Put `\\usepackage{graphicx,booktabs,amsmath}` into its preamble, with `\\usepackage[utf8]{inputenc}` for pdflatex.
3. Copy from `figures.tex` and `tables.tex` what is needed, and cite it with `\\ref{fig:model:name}`.

The figures are at final size, text width 160 mm and column width 78 mm: `\\includegraphics` without a scale keeps the
text at 7 to 8 pt. The json beside each figure in `figs/` names seed, parameters, versions and a hash of the code.
Captions are short; the notebooks say under **Reading** what to see.
"""
FIGURE = r"""\begin{figure}[htbp]
  \centering
  \includegraphics{%s}
  \caption{%s}
  \label{fig:%s}
\end{figure}
"""
TABLE = r"""\begin{table}[htbp]
  \centering\small
  \caption{%s}
  \label{tab:%s}
  \resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{\input{%s}}
\end{table}
"""


class ThesisError(ValueError):
    """Something that cannot be gathered; one line."""


# --- text for LaTeX


def latex(text, *, escape=True):
    """Return plain text as LaTeX; formulas between dollar signs stay formulas.

    Parameters
    ----------
    text : str
    escape : bool
        False for text that is LaTeX already: only signs beyond ASCII are replaced.

    Raises
    ------
    ThesisError
        A sign has no LaTeX command here.

    Examples
    --------
    >>> latex("λ₁ of tanh_pos, 95 % ± $g_c$")
    '$\\\\lambda _{1}$ of tanh\\\\_pos, 95 \\\\% $\\\\pm$ $g_c$'
    """
    parts = re.split(r"((?<!\\)\$[^$]+(?<!\\)\$)", text)
    return "".join(_formula(part) if i % 2 else _plain(part, escape) for i, part in enumerate(parts))


def _formula(text):
    for marks, script in ((UP, "^"), (DOWN, "_")):
        text = re.sub(f"[{marks}]+", lambda m, script=script: f"{script}{{{m[0].translate(LEVEL)}}}", text)
    return "".join(SIGNS[c] + " " * SIGNS[c][-1].isalpha() if c in SIGNS else _known({}, c) for c in text)


def _plain(text, escape):
    signs, out = "".join(map(re.escape, (*SIGNS, *UP, *DOWN))), []
    for i, part in enumerate(re.split(f"([{signs}]+)", text)):
        if i % 2:
            out.append(f"${_formula(part).strip()}$")
        else:
            out += [_known(TEXT | (SPECIAL if escape else {}), mark) for mark in part]
    return "".join(out)


def _known(signs, mark):
    """Return the command of a sign; ASCII and the letters of Western languages stand for themselves."""
    if mark in signs:
        return signs[mark]
    if mark in "\n\t" or " " <= mark <= "~" or "À" <= mark <= "ÿ" or mark in "œŒ":
        return mark
    raise ThesisError(f"the sign {mark!r} (U+{ord(mark):04X}) has no LaTeX command here; add it to tools/thesis.py")


# --- gathering


def entries(figs, suffix, models=()):
    """Return the files of one kind with their captions, in order."""
    found = []
    for path in sorted(figs.glob(f"*/*{suffix}")):
        if not models or path.parent.name in models:
            found.append((path, caption(path)))
    return found


def caption(path):
    """Return the caption recorded for a figure or table; without one, its name.

    A figure and a table of one name share their json, which then describes the one written last.
    """
    record = path.with_suffix(".json")
    try:
        known = json.loads(record.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise ThesisError(f"{path.parent.name}/{record.name} is missing or broken; draw it with `make figs`") from None
    kind = "table" if path.suffix == ".tex" else "figure"
    return (kind in known and known.get("caption")) or path.stem.replace("_", " ").capitalize() + "."


def write(figs, out, models=()):
    """Write the folder `out`; return the numbers of figures and tables."""
    figures, tables = entries(figs, ".pdf", models), entries(figs, ".tex", models)
    if not figures:
        raise ThesisError(f"no pdf in figs/{'|'.join(models) or '*'}/; draw the figures with `make figs`")
    for kind, found in (("figures", figures), ("tables", tables)):
        for path, _ in found:
            _place(path, out / kind)
    texts = [_float(FIGURE, path, text, "figures") for path, text in figures]
    (out / "figures.tex").write_text("\n".join(texts), encoding="utf-8")
    texts = [_float(TABLE, path, text, "tables") for path, text in tables]
    (out / "tables.tex").write_text("\n".join(texts), encoding="utf-8")
    (out / "main.tex").write_text(PREAMBLE, encoding="utf-8")
    (out / "README.md").write_text(README, encoding="utf-8")
    return len(figures), len(tables)


def _place(path, folder):
    target = folder / path.parent.name / path.name
    target.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".pdf":
        shutil.copyfile(path, target)
    else:
        target.write_text(_named(path, path.read_text(encoding="utf-8"), escape=False), encoding="utf-8")


def _float(template, path, text, folder):
    label, place = f"{path.parent.name}:{path.stem}", f"{folder}/{path.parent.name}/{path.name}"
    text = _named(path, text)
    return template % ((place, text, label) if template is FIGURE else (text, label, place))


def _named(path, text, **options):
    try:
        return latex(text, **options)
    except ThesisError as error:
        raise ThesisError(f"{path.parent.name}/{path.stem}: {error}") from None


def faults(folder):
    """Return what pdflatex would stumble over in the files of `folder`, one line each: a check without LaTeX."""
    sources = {path.relative_to(folder): path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.tex"))}
    found, everything = [], "".join(sources.values())
    for name, text in sources.items():
        bare = re.sub(r"\\\\|\\[&%#_{}$]|(?<!\\)%.*", "", text)
        words = re.sub(r"\$[^$]*\$|\\(?:label|input|includegraphics)\{[^}]*\}", "", bare)
        found += [f"{name}: braces do not balance"] * (bare.count("{") != bare.count("}"))
        found += [f"{name}: dollar signs do not balance"] * (bare.count("$") % 2)
        found += [f"{name}: a bare {mark}" for mark in "_^#" if mark in words]
        found += [f"{name}: the sign {mark!r}" for mark in sorted(set(re.findall(r"[^\x00-\x7fÀ-ÿœŒ]", text)))]
        files = re.findall(r"\\(?:includegraphics|input)\{([^}]*)\}", text)
        there = {str(path.relative_to(folder)) for path in folder.rglob("*.*")}
        found += [f"{name}: {file} is missing" for file in files if not there & {file, f"{file}.tex"}]
    labels = re.findall(r"\\label\{([^}]*)\}", everything)
    return found + [f"the label {label} stands twice" for label in sorted({x for x in labels if labels.count(x) > 1})]


def main(argv=None, *, root=ROOT):
    """Gather everything and return the exit code; an earlier build/thesis is replaced only by a whole new one."""
    parser = argparse.ArgumentParser(prog="thesis", description="Figures and tables for LaTeX, in build/thesis/.")
    parser.add_argument("models", nargs="*", help="folders of figs/; default: all")
    options, out = parser.parse_args(argv), root / "build" / "thesis"
    with tempfile.TemporaryDirectory() as work:
        try:
            n_figures, n_tables = write(root / "figs", Path(work), options.models)
            if found := faults(Path(work)):
                raise ThesisError(found[0])
        except ThesisError as error:
            print(f"thesis: {error}", file=sys.stderr)
            return 2
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(work, out)
    print(f"{n_figures} figures, {n_tables} tables: build/thesis/")
    return 0


if __name__ == "__main__":
    sys.exit(main())
