"""Base of the frozen parameter sets, and the small table in which they are shown.

A model declares ``class RingParams(Parameters)`` as a frozen dataclass whose fields are made by
:func:`parameter`; units stand in the field name and again in the metadata, from which the checks, the notebook
table and the provenance record are derived.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import re

import numpy as np

from helpers.errors import ParameterError, check_choice, check_integer, check_number

__all__ = ["Parameters", "Table", "parameter"]


def parameter(default, unit="", meaning="", source="", *, low=-np.inf, high=np.inf, low_open=False, options=None):
    """Declare one field of a :class:`Parameters` dataclass.

    Parameters
    ----------
    default : bool, int, float, str or None
        Its type decides the check: int stays int, float accepts any real number, str needs `options`.
    unit, meaning, source : str
        Shown in the table. `source` says where the value comes from.
    low, high : float
        Inclusive range (`low_open` excludes the lower end).
    options : tuple of str, optional
        The words a string field may take.
    """
    metadata = dict(unit=unit, meaning=meaning, source=source, low=low, high=high, low_open=low_open, options=options)
    return dataclasses.field(default=default, metadata=metadata)


@dataclasses.dataclass(frozen=True)
class Parameters:
    """A checked, immutable set of parameters.

    Examples
    --------
    >>> @dataclasses.dataclass(frozen=True)
    ... class Leak(Parameters):
    ...     tau_ms: float = parameter(30.0, "ms", "membrane time constant", low=0, low_open=True)
    >>> Leak().replace(tau_ms=20).to_dict()
    {'tau_ms': 20.0}
    """

    def __post_init__(self):
        for field in dataclasses.fields(self):
            object.__setattr__(self, field.name, _checked(field, getattr(self, field.name)))

    def replace(self, **changes):
        """Return a copy with some fields changed; the copy is checked again."""
        self._refuse_unknown(changes)
        return dataclasses.replace(self, **changes)

    def _refuse_unknown(self, names):
        known = [field.name for field in dataclasses.fields(self)]
        for name in names:
            if name not in known:
                raise ParameterError(f"{name} is not a field of {type(self).__name__}; fields: {', '.join(known)}")

    def to_dict(self):
        """Return the fields as plain Python values, in order, ready for JSON."""
        return dataclasses.asdict(self)

    def table(self, *names):
        """Return a :class:`Table` of name, value, unit, meaning and source (all fields, or those named)."""
        self._refuse_unknown(names)
        fields = [f for f in dataclasses.fields(self) if not names or f.name in names]
        rows = [(f.name, _shown(getattr(self, f.name)), *_described(f)) for f in fields]
        return Table(("parameter", "value", "unit", "meaning", "source"), tuple(rows))


def _described(field):
    return tuple(field.metadata.get(key, "") for key in ("unit", "meaning", "source"))


def _checked(field, value):
    limits = field.metadata
    if not limits or (value is None and field.default is None):
        return value
    if limits["options"]:
        return check_choice(field.name, value, limits["options"])
    if isinstance(field.default, bool):
        return _flag(field.name, value)
    if isinstance(field.default, int):
        high = None if limits["high"] == np.inf else limits["high"]
        low = None if limits["low"] == -np.inf else limits["low"] + limits["low_open"]
        return check_integer(field.name, value, low, high)
    if isinstance(field.default, tuple):
        return tuple(_number(field, item) for item in _sequence(field.name, value))
    return _number(field, value)


def _number(field, value):
    limits = field.metadata
    return check_number(field.name, value, limits["low"], limits["high"], low_open=limits["low_open"])


def _sequence(name, value):
    if isinstance(value, str) or not np.iterable(value):
        raise ParameterError(f"{name} = {value!r} is not a sequence of numbers; give a tuple")
    return value


def _flag(name, value):
    if not isinstance(value, (bool, np.bool_)):
        raise ParameterError(f"{name} = {value!r} is not a switch; allowed: True or False")
    return bool(value)


def _shown(value):
    return f"{value:.4g}" if isinstance(value, float) else str(value)


@dataclasses.dataclass(frozen=True)
class Table:
    """Rows under named columns: shown in a notebook, written as Markdown, CSV or LaTeX (booktabs).

    Examples
    --------
    >>> print(Table(("B (deg)", "N"), ((15, 54), (25, 71))).to_csv(), end="")
    B (deg),N
    15,54
    25,71
    """

    columns: tuple
    rows: tuple

    def __post_init__(self):
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ParameterError(f"a row has {len(row)} cells, the table {len(self.columns)} columns: {row!r}")

    def to_markdown(self):
        """Return a pipe table."""
        lines = [self.columns, ["---"] * len(self.columns), *self.rows]
        return "\n".join("| " + " | ".join(_one_line(cell) for cell in line) + " |" for line in lines)

    def to_csv(self):
        """Return comma-separated text with a header line."""
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([self.columns, *self.rows])
        return text.getvalue()

    def to_latex(self):
        """Return a ``tabular`` with booktabs rules; needs ``\\usepackage{booktabs}``."""
        head, *body = [" & ".join(_escaped(cell) for cell in line) + r" \\" for line in [self.columns, *self.rows]]
        lines = [r"\begin{tabular}{" + "l" * len(self.columns) + "}", r"\toprule", head, r"\midrule", *body]
        return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""])

    def _repr_markdown_(self):
        return self.to_markdown()

    def __repr__(self):
        return self.to_markdown()


def _one_line(cell):
    return " ".join(str(cell).splitlines()).replace("|", r"\|")


LATEX = {
    **{ord(mark): "\\" + mark for mark in "&%#_{}$"},
    ord("\\"): r"\textbackslash{}",
    ord("~"): r"\textasciitilde{}",
    ord("^"): r"\textasciicircum{}",
    ord("±"): r"$\pm$",
    ord("≥"): r"$\geq$",
    ord("≤"): r"$\leq$",
    ord("−"): "$-$",
}


def _escaped(cell):
    """Escape the text of a cell; a formula between dollar signs stays as it is."""
    parts = re.split(r"(\$[^$]+\$)", " ".join(str(cell).splitlines()))
    return "".join(part if i % 2 else part.translate(LATEX) for i, part in enumerate(parts))
