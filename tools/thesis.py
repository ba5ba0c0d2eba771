"""Figures and tables for a thesis: ``make thesis`` writes build/thesis/.

Usage, with the Python of the set-up::

    python -m tools.thesis [models...]      figures/, tables/, figures.tex, tables.tex, signs.tex, main.tex, README.md

Every figure is a pdf at final size with embedded fonts; captions come from the json beside it. ``signs.tex`` tells
LaTeX what Greek letters and signs are; one that it does not know stops the export with its name. Exit codes: 0 well,
2 nothing to gather or something that LaTeX cannot print.
"""

import json
import re
import shutil
import sys

from tools.common import ROOT, TEMPLATES, ToolError, fresh_folder, guarded

SPECIAL = {mark: f"\\{mark}" for mark in "&%#_{}$"}
SPECIAL |= {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}


def latex(text):
    """Return plain text as LaTeX; formulas between dollar signs stay formulas.

    >>> latex("λ of tanh_pos, 95 % at $g_c$")
    'λ of tanh\\\\_pos, 95 \\\\% at $g_c$'
    """
    parts = re.split(r"((?<!\\)\$[^$]+(?<!\\)\$)", text)
    parts[::2] = [part.translate(str.maketrans(SPECIAL)) for part in parts[::2]]
    return "".join(parts)


def caption(path):
    """Return the caption that the json beside a figure or table records; without one, its name."""
    record = path.with_suffix(".json")
    try:
        found = json.loads(record.read_text(encoding="utf-8")).get("caption")
    except ValueError:
        raise ToolError(f"{record} is broken; draw it with `make figs`") from None
    return found or path.stem.replace("_", " ").capitalize() + "."


def check(name, text):
    """Raise :class:`ToolError` for what pdflatex would stumble over in a text: a check without LaTeX."""
    known = (TEMPLATES / "thesis" / "signs.tex").read_text(encoding="utf-8")
    for sign in text:
        if sign > "ÿ" and sign not in "œŒ–—‘’“”…" and f"{{{ord(sign):04X}}}" not in known:
            raise ToolError(f"{name}: the sign {sign!r} (U+{ord(sign):04X}) is not in tools/templates/thesis/signs.tex")
    bare = re.sub(r"\\\\|\\[&%#_{}$]", "", text)
    if bare.count("{") != bare.count("}") or re.search(r"[_^#$]", re.sub(r"\$[^$]*\$", "", bare)):
        raise ToolError(f"{name}: braces or dollar signs do not balance, or a bare _, ^ or #: {text[:60]}")


def write(figs, target, models=()):
    """Write the folder `target`; an earlier one is replaced only by a whole new one."""
    counts = []
    with fresh_folder(target) as out:
        shutil.copytree(TEMPLATES / "thesis", out, dirs_exist_ok=True)
        for folder, suffix in (("figures", ".pdf"), ("tables", ".tex")):
            template, texts = (out / f"{folder}.tex").read_text(), []
            for path in sorted(figs.glob(f"*/*{suffix}")):
                if models and path.parent.name not in models:
                    continue
                place, text = f"{folder}/{path.parent.name}/{path.name}", latex(caption(path))
                check(place, text if suffix == ".pdf" else text + path.read_text(encoding="utf-8"))
                (out / place).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, out / place)
                texts.append(template % {"place": place, "caption": text, "label": f"{path.parent.name}:{path.stem}"})
            (out / f"{folder}.tex").write_text("\n".join(texts), encoding="utf-8")
            counts.append(len(texts))
        if not counts[0]:
            raise ToolError(f"no pdf in figs/{'|'.join(models) or '*'}/; draw the figures with `make figs`")
    print(f"{counts[0]} figures, {counts[1]} tables: build/thesis/")


def main(argv=None, *, root=ROOT):
    """Gather everything and return the exit code."""
    models = sys.argv[1:] if argv is None else argv
    return guarded("thesis", lambda: write(root / "figs", root / "build" / "thesis", models))


if __name__ == "__main__":
    sys.exit(main())
