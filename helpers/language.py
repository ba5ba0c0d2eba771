"""The words of a figure in another language: ``NOTEBOOK_LANGUAGE=fr`` before a notebook is run, or ``%env`` in it.

Figures are written in English, by whoever draws them, and translated as a whole when they are saved. The words stand
in ``figures_fr.toml``, English = French; a number in them is ``#``, and gets the comma of the language. What is not
in that file, such as a label of one's own, is left as it is.
"""

from __future__ import annotations

import os
import re
import tomllib
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from helpers.parameters import check_choice, doors

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["language", "said", "translate"]

NUMBER = re.compile(r"(?<![\w\\])[-−+]?\d+(?:\.\d+)?")
MATH = re.compile(r"(\$[^$]*\$)")
WORD = re.compile(r"[^\W\d_]{2}")  # outside formulas: what has none is the same in every language


def language() -> str:
    """Return "en" (default) or "fr", from the environment variable NOTEBOOK_LANGUAGE."""
    return check_choice("NOTEBOOK_LANGUAGE", os.environ.get("NOTEBOOK_LANGUAGE") or "en", ("en", "fr"))


@cache
def words() -> dict[str, str]:
    """Return {English: French}, numbers as #."""
    return tomllib.loads(Path(__file__).with_name("figures_fr.toml").read_text(encoding="utf-8"))


def said(text: str) -> str:
    """Return a text of a figure in French, line by line where it is not known as a whole.

    Examples
    --------
    >>> said("time (ms)"), said("0.5"), said("a label of my own")
    ('temps (ms)', '0,5', 'a label of my own')
    """
    key = NUMBER.sub("#", text) if "#" not in text else text
    if key not in words() and "\n" in text:
        return "\n".join(map(said, text.split("\n")))
    if key not in words() and WORD.search(MATH.sub("", text)):
        return text
    whole = words().get(key, key)
    for number in NUMBER.findall(text):
        whole = whole.replace("#", number, 1)
    parts = MATH.split(whole)
    for k, part in enumerate(parts):
        parts[k] = re.sub(r"(?<=\d)\.(?=\d)", "{,}" if k % 2 else ",", part)
    return "".join(parts)


def translate(fig: Figure) -> None:
    """Put every text of a figure into :func:`language`, the numbers of its axes too; English is left as it is.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> fig, ax = plt.subplots()
    >>> translate(ax.set_xlabel("time (ms)").figure)
    """
    from matplotlib.text import Text
    from matplotlib.ticker import Formatter, FuncFormatter, ScalarFormatter

    if language() == "en":
        return
    for axis in (axis for ax in fig.axes for axis in (ax.xaxis, ax.yaxis)):
        for formatter in (axis.get_major_formatter(), axis.get_minor_formatter()):
            if isinstance(formatter, FuncFormatter):  # of labels that are given
                formatter.func = partial(_said_at, formatter.func)
            elif isinstance(formatter, ScalarFormatter):
                formatter.fix_minus = lambda text: said(Formatter.fix_minus(text))
    for text in fig.findobj(Text):
        text.set_text(said(text.get_text()))


def _said_at(label, x, position):
    return said(str(label(x, position)))


doors(globals())
