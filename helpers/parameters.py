"""Parameter sets, the checks at the doors, the errors they raise, and the table in which parameters are shown.

A model declares ``class RingParams(Parameters)`` as a frozen dataclass whose fields are made by
:func:`parameter`; units stand in the field name and again in the metadata, from which the checks, the notebook
table and the provenance record are derived.

Units. The last word of a name says the unit of the plain numbers behind it (``tau_ms``, ``theta_rad``). Every check
converts a value that carries its own unit (quantities, neo, Brian2, astropy, pint, a list of such) to the unit of the
name, or refuses it; masked elements and the ``attrs["units"]`` of xarray are honoured in the same place. Nothing is
stripped in silence, as ``numpy.asarray`` would.

Doors. ``doors(globals())``, the last line of a module, puts a check before its public functions and methods, so that a
hint is not only a promise: ``int`` takes whole numbers and no switch, ``float`` a number and no NaN, ``np.ndarray`` and
``ArrayLike`` numbers of any shape, a class its objects, ``Sequence[X]`` what has a length and an order. Ranges, shapes
and items stay with the function, which alone knows them. ``Any`` and arguments without a hint are let in, and so is
all that compiled loops get.

Every message is one line: what was given, the value, the allowed range, and what to do. All errors derive from
:class:`HelpersError`, and each also from the builtin that callers expect (``ValueError``, ``RuntimeError``).
"""

from __future__ import annotations

import ast
import builtins
import csv
import dataclasses
import functools
import inspect
import io
import numbers
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["BackendError", "HelpersError", "OutputError", "ParameterError", "Parameters", "Table", "parameter"]
__all__ += ["check_array", "check_choice", "check_flag", "check_integer", "check_number", "check_seed"]
__all__ += ["check_together", "doors", "plain", "unit_of"]

INF = np.inf
BARE = {int, float, bool, str, type(None), np.float64, np.int64, np.ndarray}  # types without unit and mask
# The last word of a name, and the unit as the packages spell it.
UNITS = {"ms": "ms", "s": "s", "hz": "Hz", "rad": "rad", "deg": "deg", "cm": "cm", "mm": "mm", "px": "px"}
UNITS |= {"mv": "mV", "na": "nA", "us": "uS", "nf": "nF", "cm_s": "cm/s", "kmh": "km/h"}


class HelpersError(Exception):
    """Base of every error raised on purpose by ``helpers``."""


class ParameterError(HelpersError, ValueError):
    """An argument has the wrong type, shape, unit or range."""


class BackendError(HelpersError, RuntimeError):
    """A simulator is not installed, or cannot do what was asked of it."""


class OutputError(HelpersError, RuntimeError):
    """A file could not be written, or not within its size budget; nothing half-written remains."""


def unit_of(name: str) -> str:
    """Return the unit that the last word of a name stands for; an empty string where it stands for none.

    Examples
    --------
    >>> unit_of("sphere_x_cm"), unit_of("speed_cm_s"), unit_of("weight_us"), unit_of("n_cells")
    ('cm', 'cm/s', 'uS', '')
    """
    words = re.sub(r"\[.*", "", name).lower().split("_")[1:] or [""]
    return UNITS.get("_".join(words[-2:])) or UNITS.get(words[-1], "")


def plain(name: str, value: Any, unit: str | None = None) -> Any:
    """Return `value` without its own unit, in plain numbers of `unit`: the one place that knows units and masks.

    Parameters
    ----------
    name : str
        Name of the argument; its last word says the unit where `unit` is None.
    value : any
        What carries no unit and no mask comes back as it is; lists are searched.
    unit : str, optional
        Such as "ms" or "cm/s"; an empty string for pure numbers.

    Raises
    ------
    ParameterError
        If the unit does not convert, an element is masked, or lists are nested too deep.

    Examples
    --------
    >>> import quantities as pq
    >>> plain("tau_ms", [0.02 * pq.s, 5.0])
    [np.float64(20.0), 5.0]
    """
    if type(value) in BARE:
        return value
    unit = unit_of(name) if unit is None else unit
    if isinstance(value, (list, tuple)) and not set(map(type, value)) <= {int, float, bool, str}:
        try:
            return [plain(name, item, unit) for item in value]
        except RecursionError:
            raise ParameterError(f"{name} holds lists nested too deep; allowed: at most 64 in one another") from None
    value = _unlabelled(name, value, unit)
    mask = getattr(value, "mask", None)  # numpy.ma, astropy; in pandas it is a method
    if isinstance(mask, (np.ndarray, np.bool_)) and mask.any():
        raise ParameterError(f"{name} has masked elements; allowed: none; fill them or drop them first")
    value = value[:] if hasattr(value, "get_item") else value  # a variable of Brian2 gives its unit only here
    if not (hasattr(value, "dimensionality") or hasattr(value, "to_value") or hasattr(value, "get_best_unit")):
        return value
    try:
        return np.asarray(_converted(value, unit))[()]
    except (ValueError, TypeError, AttributeError, LookupError, SyntaxError):  # every package has its own
        own = getattr(value, "dimensionality", None) or getattr(value, "unit", None) or getattr(value, "dim", "none")
        raise ParameterError(f"{name} carries the unit {own}; allowed: {unit or 'none'}, or plain numbers") from None


def _unlabelled(name, value, unit):
    """Return the numbers of a labelled array of xarray or pandas, if its own unit is that of the name."""
    attrs = getattr(value, "attrs", None)
    stated = attrs.get("units") if isinstance(attrs, Mapping) else None
    if unit and stated is not None and not (isinstance(stated, str) and stated in ("", unit)):
        raise ParameterError(f"{name} has attrs['units'] = {short(stated)}; allowed: {unit!r}; convert it first")
    if not hasattr(value, "dims"):
        return value
    if not hasattr(value, "dtype"):
        raise ParameterError(f"{name} is a {type(value).__name__}; allowed: one array; give one of its variables")
    return value.data[()]


def _converted(value, unit):
    """Let the package that made the quantity convert it, so that none is imported here."""
    for convert in ("rescale", "to_value", "to"):  # quantities and neo, astropy, pint
        if hasattr(value, convert):
            converted = getattr(value, convert)(unit)
            return getattr(converted, "magnitude", converted)
    known = {**vars(sys.modules["brian2"]), "": 1.0, "rad": 1.0}
    above, _, below = re.sub(r"\bs\b", "second", unit).partition("/")
    target = known[above] / known[below]
    if not value.has_same_dimensions(target):
        raise ValueError
    return value / target


def short(value):
    """Return the repr on one line, cut where it would fill the screen."""
    try:
        text = " ".join(repr(value).split())
    except Exception:  # an integer of over 4300 digits, lists nested too deep, an object that cannot
        text = f"<{type(value).__name__} that cannot be shown>"
    return text if len(text) <= 80 else text[:77] + "..."


def check_number(
    name: str,
    value: Any,
    low: float = -INF,
    high: float = INF,
    *,
    low_open: bool = False,
    high_open: bool = False,
    hint: str = "",
) -> float:
    """Return `value` as float if it is a real number in the interval, else raise :class:`ParameterError`.

    ``inf`` passes where ``high`` is infinite and not open; NaN, booleans, strings and arrays never pass. A quantity
    is converted to the unit of the name.

    Examples
    --------
    >>> check_number("contrast", 0.5, 0, 1)
    0.5
    """
    value, real = plain(name, value), True
    if type(value) is not float:
        real = isinstance(value, numbers.Real) and not isinstance(value, (bool, np.timedelta64))
        try:
            value = float(value) if real else value
        except OverflowError:  # an integer beyond them
            real = False
    if real and low <= value <= high and not (low_open and value == low) and not (high_open and value == high):
        return value
    left, right = "(" if low_open or low == -INF else "[", ")" if high_open or high == INF else "]"
    found = f"{value:g} is out of range" if real else f"{short(value)} is not a number"
    raise ParameterError(
        f"{name} = {found}; allowed: a number in {left}{low:g}, {high:g}{right}" + (f"; {hint}" if hint else "")
    )


def check_integer(name: str, value: Any, low: float = -(2**63), high: float = 2**63 - 1, *, hint: str = "") -> int:
    """Return `value` as int if it is a whole number with ``low <= value <= high``, else raise.

    A float is refused, however whole; a quantity passes if it is whole in the unit of the name.

    Examples
    --------
    >>> check_integer("n_cells", 60, 1)
    60
    """
    number = plain(name, value)
    if number is not value and isinstance(number, float) and abs(number - np.rint(number)) <= 1e-9 * abs(number):
        number = int(np.rint(number))
    whole = isinstance(number, numbers.Integral) and not isinstance(number, (bool, np.timedelta64))
    if whole and low <= number <= high:
        return int(number)
    ends = [{-(2**63): "-2^63", 2**63 - 1: "2^63 - 1"}.get(end, end) for end in (low, high)]
    found = f"{short(int(number))} is out of range" if whole else f"{short(number)} is not an integer"
    raise ParameterError(
        f"{name} = {found}; allowed: an integer from {ends[0]} to {ends[1]}" + (f"; {hint}" if hint else "")
    )


def check_flag(name: str, value: Any) -> bool:
    """Return `value` as bool if it is True or False, else raise."""
    if not isinstance(value, (bool, np.bool_)):
        raise ParameterError(f"{name} = {short(value)} is not a switch; allowed: True or False")
    return bool(value)


def check_choice(name: str, value: Any, options: Iterable[str]) -> str:
    """Return `value` if it is one of `options` (strings), else raise with the list of what exists."""
    if not isinstance(value, str) or value not in options:
        raise ParameterError(f"{name} = {short(value)} is unknown; choose one of: {', '.join(options)}")
    return value


def check_array(
    name: str,
    value: Any,
    *,
    ndim: int | tuple[int, ...] | None = None,
    shape: tuple[int | None, ...] | None = None,
    finite: bool = True,
    low: float | None = None,
    high: float | None = None,
    empty: bool = False,
    integer: bool = False,
) -> np.ndarray:
    """Return `value` as an array of the wanted shape and range, else raise.

    Parameters
    ----------
    name : str
        Name of the argument; its last word is the unit that a quantity is converted to.
    value : array_like
        Numbers; a quantity, a list of quantities, a pandas or xarray object.
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
    integer : bool
        Take integers only and return them as int64; otherwise the result is float64, or float32 if `value` is.

    Raises
    ------
    ParameterError
        In one line, for the first of these that does not hold.

    Examples
    --------
    >>> import quantities as pq
    >>> check_array("times_ms", [0.5, 2.0] * pq.s, ndim=1, low=0)
    array([ 500., 2000.])
    """
    value, kind = plain(name, value), "integers" if integer else "numbers"
    try:
        array = np.asarray(value)
    except ValueError as failure:
        raise ParameterError(f"{name} is not an array of {kind} ({failure}); give a numeric array") from None
    if array.dtype.kind not in ("iu" if integer and array.size else "biuf" if array.ndim else "iuf"):
        raise ParameterError(f"{name} is not an array of {kind} (it holds {array.dtype}); give a numeric array")
    if not integer and array.dtype != np.float32:
        array = array.astype(float)
    high = 2**63 - 1 if integer and high is None else high  # unsigned integers go further
    _check_shape(name, array, ndim, shape)
    if array.size == 0 and not empty:
        raise ParameterError(f"{name} is empty, shape {array.shape}; give at least one value")
    if finite and not np.isfinite(array).all():
        raise ParameterError(f"{name} holds NaN or infinity; allowed: finite numbers; clean the data first")
    if low is not None and np.any(array < low):
        raise ParameterError(f"{name} goes down to {np.nanmin(array):g}; allowed: values >= {low:g}")
    if high is not None and np.any(array > high):
        raise ParameterError(f"{name} goes up to {np.nanmax(array):g}; allowed: values <= {high:g}")
    return array.astype(np.int64) if integer else array


def _check_shape(name, array, ndim, shape):
    if ndim is not None and array.ndim not in np.atleast_1d(ndim):
        allowed = " or ".join(map(str, np.atleast_1d(ndim)))
        raise ParameterError(f"{name} has {array.ndim} dimension(s); allowed: {allowed}")
    if shape is not None:
        fits = len(shape) == array.ndim and all(n in (None, m) for n, m in zip(shape, array.shape, strict=True))
        if not fits:
            wanted = str(shape).replace("None", "any").replace(",)", ")")
            raise ParameterError(f"{name} has shape {array.shape}; allowed: {wanted}")


def check_together(**arrays: np.ndarray) -> None:
    """Raise :class:`ParameterError` if the shapes of arrays do not broadcast.

    Examples
    --------
    >>> check_together(x_cm=np.zeros(3), y_cm=np.zeros((2, 1)))
    """
    shapes = {name: np.shape(array) for name, array in arrays.items()}
    try:
        np.broadcast_shapes(*shapes.values())
    except ValueError:
        given = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise ParameterError(
            f"the shapes of {given} do not broadcast; give one value, or arrays of one shape"
        ) from None


def check_seed(seed: int | np.random.Generator, name: str = "seed") -> np.random.Generator:
    """Return a :class:`numpy.random.Generator` for an integer seed >= 0, or the generator itself.

    ``None`` is refused: a result that cannot be repeated has no place in a figure.

    Examples
    --------
    >>> check_seed(3).integers(10)
    np.int64(8)
    """
    if isinstance(seed, np.random.Generator):
        return seed
    return np.random.default_rng(check_integer(name, seed, 0, INF, hint="or pass a numpy.random.Generator"))


# --- the doors of a module

MAX_PATH = 4096
CHECKS = {"float": check_number, "bool": check_flag}  # these say themselves what is wrong
CHECKS["int"] = functools.partial(check_integer, low=-INF, high=INF)  # a seed may have 128 bits


def _is_numeric(name, value):
    """Whether a value is numbers of any shape; a single switch is none."""
    typed = isinstance(getattr(value, "dtype", None), np.dtype)
    if not typed or (isinstance(value, np.ndarray) and type(value) is not np.ndarray):
        try:
            value = np.asarray(plain(name, value))
        except ParameterError:
            return True  # a unit or a mask, of which the function says more
        except ValueError:  # rows of different lengths
            return False
    return value.dtype.kind in "iuf" or (value.dtype.kind == "b" and value.ndim > 0)


def _is_listed(name, value):
    """Whether a value has a length and an order, and is no text."""
    in_order = hasattr(value, "__len__") and hasattr(value, "__getitem__") and getattr(value, "shape", None) != ()
    return in_order and not isinstance(value, (str, bytes, Mapping))


def _is_place(name, value):
    """Whether a value can be the name of a file."""
    return isinstance(value, (str, os.PathLike)) and "\0" not in os.fspath(value) and len(os.fspath(value)) < MAX_PATH


TESTS = {
    "ndarray": _is_numeric,
    "ArrayLike": _is_numeric,
    "PathLike": _is_place,
    "BinaryIO": lambda name, value: hasattr(value, "read") or hasattr(value, "write"),
    "Path": lambda name, value: isinstance(value, Path) and _is_place(name, value),
    "Callable": lambda name, value: callable(value),
    "Iterable": lambda name, value: isinstance(value, Iterable) and getattr(value, "shape", None) != (),
    "Mapping": lambda name, value: isinstance(value, Mapping),
}
TESTS |= dict.fromkeys(("Sequence", "list", "tuple"), _is_listed) | {"dict": TESTS["Mapping"]}


def _test_of(node, known):
    """Return the test that a hint stands for, a function of (name, value); None where all is let in."""
    if isinstance(node, ast.BinOp):
        tests = _test_of(node.left, known), _test_of(node.right, known)
        return None if None in tests else lambda name, value: any(test(name, value) for test in tests)
    if isinstance(node, ast.Subscript):
        return _test_of(node.value, known)  # the items are looked at by the function
    if isinstance(node, ast.Constant):
        return lambda name, value: value is node.value
    word = node.attr if isinstance(node, ast.Attribute) else node.id
    meant = known.get(word, vars(builtins).get(word, word))
    if word in CHECKS:
        return functools.partial(_passes, CHECKS[word])
    if word in TESTS or word in ("Any", "object"):
        return TESTS.get(word)
    if isinstance(meant, type):
        return lambda name, value: isinstance(value, meant)
    if isinstance(meant, str):  # a class that is not loaded here
        return lambda name, value: any(kind.__name__ == word for kind in type(value).__mro__)
    return _test_of(_parsed(meant), known)  # a name for several kinds


def _passes(check, name, value):
    if getattr(value, "shape", ()) != () or isinstance(value, (str, Sequence, Mapping)):
        return False  # before its refusal is written out
    try:
        return check(name, value) is not None
    except ParameterError:
        return False


def _parsed(annotation):
    return ast.parse(inspect.formatannotation(annotation).strip("'"), mode="eval").body


def guarded(function: Callable) -> Callable:
    """Return a function that checks its arguments by their hints and then calls `function`; itself if it has none."""
    tests, order, known = {}, [], getattr(inspect.unwrap(function), "__globals__", {})
    for parameter in inspect.signature(function).parameters.values():
        order.append(parameter.name)
        if parameter.annotation is not parameter.empty and parameter.kind < parameter.VAR_KEYWORD:
            node = _parsed(parameter.annotation)
            test = _test_of(node, known)
            if test is not None and parameter.kind is not parameter.VAR_POSITIONAL:
                tests[parameter.name] = test, ast.unparse(node)
    if not tests:
        return function

    @functools.wraps(function)
    def checked(*args, **kwargs):
        for name, value in (*zip(order, args, strict=False), *kwargs.items()):
            if name in tests and not tests[name][0](name, value):
                _refuse(name, value, tests[name][1])
        return function(*args, **kwargs)

    return checked


def _refuse(name, value, hint):
    kind, word = getattr(value, "dtype", type(value).__name__), hint.removesuffix(" | None")
    if word in CHECKS:
        CHECKS[word](name, value)
    if "ArrayLike" in hint or "ndarray" in hint:
        raise ParameterError(f"{name} is not an array of numbers (it holds {kind}); give a numeric array")
    is_value = {*TESTS, *CHECKS, "str"} & set(re.findall(r"\w+", hint))
    said = f"{name} = {short(value)}" if is_value else name  # of an object only the kind says something
    raise ParameterError(f"{said} is a {kind}; allowed: {hint}")


def doors(names: dict[str, Any]) -> None:
    """Put a check before the public functions, and the public methods of the classes, of a module.

    Parameters
    ----------
    names : dict
        ``globals()`` of the module.

    Examples
    --------
    >>> def twice(n: int) -> int: return 2 * n
    >>> names = dict(__all__=["twice"], __name__=twice.__module__, twice=twice)
    >>> doors(names)
    >>> names["twice"](2)
    4
    >>> names["twice"](2.5)
    Traceback (most recent call last):
    helpers.parameters.ParameterError: n = 2.5 is not an integer; allowed: an integer from -inf to inf
    """
    for name in names["__all__"]:
        item = names[name]
        if getattr(item, "__module__", None) != names["__name__"] or hasattr(item, "py_func"):
            continue
        if inspect.isfunction(item) or hasattr(item, "cache_info"):
            names[name] = guarded(item)
        elif isinstance(item, type):
            checked = issubclass(item, Parameters) or not hasattr(item, "__post_init__")
            record = dataclasses.is_dataclass(item) and checked  # its fields are checked, or hold what we made
            for method, function in list(vars(item).items()):
                if inspect.isfunction(function) and (method[0] != "_" or (method == "__init__" and not record)):
                    setattr(item, method, guarded(function))


# --- sets of parameters


def parameter(
    default: Any, unit: str = "", meaning: str = "", source: str = "", *, options: Sequence[str] = (), **limits: Any
) -> Any:
    """Declare one field of a :class:`Parameters` dataclass.

    Parameters
    ----------
    default : bool, int, float, str, tuple of numbers or None
        Its type decides the check: int stays int, float accepts any real number, str needs `options`.
    unit, meaning, source : str
        Shown in the table. A quantity is converted to `unit`. `source` says where the value comes from.
    options : sequence of str
        The words a string field may take.
    **limits : number or bool
        Those of :func:`check_number`, such as ``low=0, low_open=True``, or ``low`` and ``high`` of
        :func:`check_integer`.

    Examples
    --------
    >>> @dataclasses.dataclass(frozen=True)
    ... class Leak(Parameters):
    ...     tau_ms: float = parameter(30.0, "ms", "membrane time constant", "Doe 2001", low=0, low_open=True)
    >>> Leak().table().rows
    (('tau_ms', '30', 'ms', 'membrane time constant', 'Doe 2001'),)
    """
    metadata = dict(unit=unit, meaning=meaning, source=source, options=options, limits=limits)
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
            name, default, value = field.name, field.default, getattr(self, field.name)
            if not field.metadata or (value is None and default is None):
                continue
            options, limits = field.metadata["options"], field.metadata["limits"]
            unit = unit_of(name) or field.metadata["unit"]
            if options:
                value = check_choice(name, value, options)
            elif isinstance(default, bool):
                value = check_flag(name, value)
            elif isinstance(default, int):
                value = check_integer(name, value, **limits)
            elif isinstance(default, tuple):
                value = plain(name, value, unit)
                if isinstance(value, str) or not np.iterable(value):
                    raise ParameterError(f"{name} = {short(value)} is not a sequence of numbers; give a tuple")
                value = tuple(check_number(name, item, **limits) for item in value)
            else:
                value = check_number(name, plain(name, value, unit), **limits)
            object.__setattr__(self, name, value)

    def replace(self, **changes: Any) -> Parameters:
        """Return a copy with some fields changed; the copy is checked again."""
        self._refuse_unknown(changes)
        return dataclasses.replace(self, **changes)

    def _refuse_unknown(self, names):
        for name in names:
            if name not in vars(self):
                raise ParameterError(f"{name} is not a field of {type(self).__name__}; fields: {', '.join(vars(self))}")

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain Python values, in order, ready for JSON."""
        return dataclasses.asdict(self)

    def table(self, *names: str) -> Table:
        """Return a :class:`Table` of name, value, unit, meaning and source (all fields, or those named)."""
        self._refuse_unknown(names)
        columns, rows = ("parameter", "value", "unit", "meaning", "source"), []
        for field in dataclasses.fields(self):
            if not names or field.name in names:
                value = getattr(self, field.name)
                shown = f"{value:.4g}" if isinstance(value, float) else str(value)
                rows.append((field.name, shown, *(field.metadata.get(key, "") for key in columns[2:])))
        return Table(columns, tuple(rows))


@dataclasses.dataclass(frozen=True)
class Table:
    """Rows under named columns: shown in a notebook, written as Markdown, CSV or LaTeX (booktabs).

    Cells are shown as ``str`` gives them, so leading zeros stay.

    Examples
    --------
    >>> print(Table(("B (deg)", "N"), ((15, 54), (25, 71))).to_csv(), end="")
    B (deg),N
    15,54
    25,71
    """

    columns: Sequence
    rows: Sequence[Sequence]

    def __post_init__(self):
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ParameterError(f"a row has {len(row)} cells, the table {len(self.columns)} columns: {row!r}")

    def to_markdown(self) -> str:
        """Return a pipe table."""
        lines = []
        for line in [self.columns, ["---"] * len(self.columns), *self.rows]:
            text = " | ".join([" ".join(str(cell).split()).replace("|", r"\|") for cell in line])
            lines.append(f"| {text} |")
        return "\n".join(lines)

    def to_csv(self) -> str:
        """Return comma-separated text with a header line, as shown; numbers keep their full precision."""
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([self.columns, *self.rows])
        return text.getvalue()

    def to_numeric_csv(self) -> str:
        """Return comma-separated plain numbers: a column of summaries becomes four, mean, low, high and n.

        A summary is any cell with these four attributes, such as :class:`helpers.runs.Summary`. Other numbers keep
        their full precision and text stays text; beside summaries it stands under the mean.

        Examples
        --------
        >>> from types import SimpleNamespace
        >>> of_seeds = SimpleNamespace(mean=0.2, low=0.1, high=0.3, n=8)
        >>> print(Table(("g", "lambda_1"), ((1.5, of_seeds),)).to_numeric_csv(), end="")
        g,lambda_1 mean,lambda_1 low,lambda_1 high,lambda_1 n
        1.5,0.2,0.1,0.3,8
        """
        columns = []
        for head, *cells in zip(self.columns, *self.rows, strict=True):
            spread = any(hasattr(cell, "low") for cell in cells)
            for part in ("mean", "low", "high", "n") if spread else ("",):
                columns.append([f"{head} {part}" if spread else head])
                for cell in cells:
                    text = "" if part in ("low", "high", "n") else cell
                    columns[-1].append(getattr(cell, part) if hasattr(cell, "low") else text)
        head, *rows = zip(*columns, strict=True)
        return Table(head, rows).to_csv()

    def to_latex(self) -> str:
        """Return a ``tabular`` with booktabs rules and real minus signs; needs ``\\usepackage{booktabs}``."""
        head, *body = [" & ".join(map(_escaped, line)) + r" \\" for line in [self.columns, *self.rows]]
        lines = [r"\begin{tabular}{" + "l" * len(self.columns) + "}", r"\toprule", head, r"\midrule", *body]
        return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""])

    _repr_markdown_ = __repr__ = to_markdown


LATEX = str.maketrans({"&": r"\&", "%": r"\%", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}", "$": r"\$"})
LATEX |= str.maketrans({"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"})
LATEX |= str.maketrans({"±": r"$\pm$", "≥": r"$\geq$", "≤": r"$\leq$", "−": "$-$"})
# The sign of a number or of its exponent; not the hyphen of winner-take-all, 5-8 or an option such as --seed.
MINUS = re.compile(r"(?<![\w.)\]-])-(?=\.?\d|inf\b)|(?<=\de)-(?=\d)")


def _escaped(cell):
    """Escape the text of a cell; a formula between dollar signs stays as it is."""
    parts = re.split(r"(\$[^$]+\$)", " ".join(str(cell).splitlines()))
    return "".join(part if i % 2 else MINUS.sub("−", part).translate(LATEX) for i, part in enumerate(parts))
