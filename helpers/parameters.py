"""Parameter sets, the checks at the doors, the errors they raise, and the table in which parameters are shown.

A model declares ``class RingParams(Parameters)`` as a frozen dataclass whose fields are made by
:func:`parameter`; units stand in the field name and again in the metadata, from which the checks, the notebook
table and the provenance record are derived.

Every message is one line: what was given, the value, the allowed range, and what to do. All errors derive from
:class:`HelpersError`, and each also from the builtin that callers expect (``ValueError``, ``RuntimeError``).
"""

from __future__ import annotations

import csv
import dataclasses
import io
import numbers
import re

import numpy as np

__all__ = [
    "BackendError",
    "HelpersError",
    "OutputError",
    "ParameterError",
    "Parameters",
    "Table",
    "check_array",
    "check_choice",
    "check_integer",
    "check_number",
    "check_seed",
    "parameter",
]


class HelpersError(Exception):
    """Base of every error raised on purpose by ``helpers``."""


class ParameterError(HelpersError, ValueError):
    """An argument has the wrong type, shape or range."""


class BackendError(HelpersError, RuntimeError):
    """A simulator is not installed, or cannot do what was asked of it."""


class OutputError(HelpersError, RuntimeError):
    """A file could not be written, or not within its size budget; nothing half-written remains."""


def _short(value):
    """Return the repr on one line, cut where it would fill the screen."""
    text = " ".join(repr(value).split())
    return text if len(text) <= 80 else text[:77] + "..."


def _interval(low, high, low_open, high_open):
    left = "(" if low_open or low == -np.inf else "["
    right = ")" if high_open or high == np.inf else "]"
    return f"{left}{low:g}, {high:g}{right}"


def check_number(name, value, low=-np.inf, high=np.inf, *, low_open=False, high_open=False, hint=""):
    """Return `value` as float if it is a real number in the interval, else raise :class:`ParameterError`.

    ``inf`` passes where ``high`` is infinite and not open; NaN, booleans, strings and arrays never pass.

    Examples
    --------
    >>> check_number("contrast", 0.5, 0, 1)
    0.5
    """
    allowed = f"allowed: a number in {_interval(low, high, low_open, high_open)}"
    tail = f"; {hint}" if hint else ""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Real):
        raise ParameterError(f"{name} = {_short(value)} is not a number; {allowed}{tail}")
    value = float(value)
    below = value <= low if low_open else value < low
    above = value >= high if high_open else value > high
    if np.isnan(value) or below or above:
        raise ParameterError(f"{name} = {value:g} is out of range; {allowed}{tail}")
    return value


def check_integer(name, value, low=None, high=None, *, hint=""):
    """Return `value` as int if it is a whole number with ``low <= value <= high``, else raise.

    Examples
    --------
    >>> check_integer("n_cells", 60, 1)
    60
    """
    allowed = f"allowed: an integer from {'any' if low is None else low} to {'any' if high is None else high}"
    tail = f"; {hint}" if hint else ""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Integral):
        raise ParameterError(f"{name} = {_short(value)} is not an integer; {allowed}{tail}")
    if (low is not None and value < low) or (high is not None and value > high):
        raise ParameterError(f"{name} = {value} is out of range; {allowed}{tail}")
    return int(value)


def check_choice(name, value, options):
    """Return `value` if it is one of `options` (strings), else raise with the list of what exists."""
    if not isinstance(value, str) or value not in options:
        raise ParameterError(f"{name} = {_short(value)} is unknown; choose one of: {', '.join(options)}")
    return value


def check_array(name, value, *, ndim=None, shape=None, finite=True, low=None, high=None, empty=False):
    """Return `value` as a float array of the wanted shape and range, else raise.

    Parameters
    ----------
    ndim : int or tuple of int, optional
        Allowed numbers of dimensions.
    shape : tuple, optional
        Wanted shape; None in a place allows any length there.
    finite : bool
        Refuse NaN and infinity.
    low, high : float, optional
        Inclusive bounds on every element.
    empty : bool
        Allow an array without elements.
    """
    array = _floats(name, value)
    dims = (ndim,) if isinstance(ndim, int) else ndim
    if dims is not None and array.ndim not in dims:
        raise ParameterError(f"{name} has {array.ndim} dimension(s); allowed: {' or '.join(map(str, dims))}")
    if shape is not None and not _fits(array.shape, shape):
        wanted = "(" + ", ".join("any" if n is None else str(n) for n in shape) + ")"
        raise ParameterError(f"{name} has shape {array.shape}; allowed: {wanted}")
    if array.size == 0 and not empty:
        raise ParameterError(f"{name} is empty, shape {array.shape}; give at least one value")
    if finite and not np.isfinite(array).all():
        raise ParameterError(f"{name} holds NaN or infinity; allowed: finite numbers; clean the data first")
    if low is not None and np.any(array < low):
        raise ParameterError(f"{name} goes down to {np.nanmin(array):g}; allowed: values >= {low:g}")
    if high is not None and np.any(array > high):
        raise ParameterError(f"{name} goes up to {np.nanmax(array):g}; allowed: values <= {high:g}")
    return array


def _floats(name, value):
    """Return `value` as float64, or float32 if it is; text, objects and complex numbers are not converted."""
    try:
        array = np.asarray(value)
    except ValueError as failure:
        raise ParameterError(f"{name} is not an array of numbers ({failure}); give a numeric array") from None
    if array.dtype.kind not in "biuf":
        raise ParameterError(f"{name} is not an array of numbers (it holds {array.dtype}); give a numeric array")
    return array if array.dtype == np.float32 else array.astype(float)


def _fits(shape, wanted):
    return len(shape) == len(wanted) and all(w is None or n == w for n, w in zip(shape, wanted, strict=True))


def check_seed(seed, name="seed"):
    """Return a :class:`numpy.random.Generator` for an integer seed >= 0, or the generator itself.

    ``None`` is refused: a result that cannot be repeated has no place in a figure.

    Examples
    --------
    >>> check_seed(3).integers(10)
    np.int64(8)
    """
    if isinstance(seed, np.random.Generator):
        return seed
    return np.random.default_rng(check_integer(name, seed, 0, hint="or pass a numpy.random.Generator"))


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
