"""The doors of a module: what its ``__all__`` names refuses arguments of another type than its type hints say.

``doors(globals())``, the last line of a module, puts a check before its public functions and methods. So a hint is not
only a promise: ``int`` takes whole numbers and no switch, ``float`` a number and no NaN, ``np.ndarray`` and
``ArrayLike`` numbers of any shape, a class its objects. Ranges and shapes stay with the function, which alone knows
them. ``Any`` and arguments without a hint are let in, and so is all that compiled loops get.
"""

from __future__ import annotations

import collections.abc
import dataclasses
import functools
import inspect
import os
import re
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from helpers.parameters import ParameterError, check_flag, check_integer, check_number, plain, short

__all__ = ["doors"]

MAX_PATH = 4096


def _numeric(name, value):
    """Whether a value is numbers of any shape; a single switch is none."""
    if type(value) is not np.ndarray and (isinstance(value, np.ndarray) or not hasattr(value, "dtype")):
        try:
            value = np.asarray(plain(name, value))
        except ValueError as failure:
            if isinstance(failure, ParameterError):
                raise
            return False  # rows of different lengths
    return value.dtype.kind in "iuf" or (value.dtype.kind == "b" and value.ndim > 0)


def _listed(name, value):
    """Whether a value has a length and an order, and is no text."""
    in_order = hasattr(value, "__len__") and hasattr(value, "__getitem__")
    return in_order and not isinstance(value, (str, bytes, collections.abc.Mapping))


def _place(name, value):
    """Whether a value can be the name of a file."""
    return isinstance(value, (str, os.PathLike)) and "\0" not in os.fspath(value) and len(os.fspath(value)) < MAX_PATH


def _instance(kind):
    return lambda name, value: isinstance(value, kind)


KINDS = {
    "None": _instance(types.NoneType),
    "str": _instance(str),
    "Callable": lambda name, value: callable(value),
    "Path": lambda name, value: isinstance(value, Path) and _place(name, value),
    "PathLike": _place,
}
ARRAYS = {"ndarray", "ArrayLike"}
KINDS |= dict.fromkeys(ARRAYS, _numeric) | dict.fromkeys(("Sequence", "list", "tuple"), _listed)
KINDS |= dict.fromkeys(("Mapping", "dict"), _instance(collections.abc.Mapping))
KINDS |= {"Iterable": _instance(collections.abc.Iterable)}
CHECKS = {"int": check_integer, "float": check_number, "bool": check_flag}  # these say themselves what is wrong


def _kinds(hint, known):
    """Return the words and classes that a hint consists of, names for several of them resolved."""
    while "[" in hint:
        hint = re.sub(r"\[[^\[\]]*\]", "", hint)
    found = []
    for word in re.split(r"[|\s]+", hint):
        word = word.rpartition(".")[2]
        meant = word if word in KINDS or word in CHECKS else known.get(word, word)
        if word in ("Any", "object"):
            found.append(object)
        elif isinstance(meant, str | type):
            found.append(meant)
        else:
            found += _kinds(inspect.formatannotation(meant), known)
    return tuple(found)


def _fits(name, value, kind):
    if isinstance(kind, type):
        return isinstance(value, kind)
    if kind in KINDS:
        return KINDS[kind](name, value)
    if kind in CHECKS:
        try:
            return CHECKS[kind](name, value) is not None
        except ParameterError:
            return False
    return any(base.__name__ == kind for base in type(value).__mro__)  # a class that is not loaded here


def _check(name, value, hint, kinds):
    if kinds[0] in CHECKS and set(kinds[1:]) <= {"None"}:
        if value is not None or len(kinds) == 1:
            CHECKS[kinds[0]](name, value)
    elif not any(_fits(name, value, kind) for kind in kinds):
        kind, plain_kinds = getattr(value, "dtype", type(value).__name__), set(kinds) & {*KINDS, *CHECKS} - {"None"}
        if ARRAYS & plain_kinds:
            raise ParameterError(f"{name} is not an array of numbers (it holds {kind}); give a numeric array")
        if not plain_kinds:  # an object, of which only the kind says something
            raise ParameterError(f"{name} is a {kind}; allowed: a {hint}")
        raise ParameterError(f"{name} = {short(value)} is a {kind}; allowed: {hint}")


def guarded(function: Callable) -> Callable:
    """Return a function that checks its arguments by their hints and then calls `function`; itself if it has none."""
    checks, order, space = {}, [], getattr(inspect.unwrap(function), "__globals__", {})
    for parameter in inspect.signature(function).parameters.values():
        hint = "Any" if parameter.annotation is parameter.empty else inspect.formatannotation(parameter.annotation)
        kinds = _kinds(hint.strip("'"), space)
        order.append(parameter.name)
        if object not in kinds and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            checks[parameter.name] = hint.strip("'"), kinds
    if not checks:
        return function

    @functools.wraps(function)
    def checked(*args, **kwargs):
        for name, value in (*zip(order, args, strict=False), *kwargs.items()):
            if name in checks:
                _check(name, value, *checks[name])
        return function(*args, **kwargs)

    return checked


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
    >>> names["twice"](True)
    Traceback (most recent call last):
    helpers.parameters.ParameterError: n = True is not an integer; allowed: an integer from -inf to inf
    """
    for name in names["__all__"]:
        item = names[name]
        if getattr(item, "__module__", None) != names["__name__"] or hasattr(item, "py_func"):
            continue
        if inspect.isfunction(item):
            names[name] = guarded(item)
        elif isinstance(item, type):
            for method, function in list(vars(item).items()):
                made = method == "__init__" and not dataclasses.is_dataclass(item)  # those check their fields
                if inspect.isfunction(function) and (method[0] != "_" or made):
                    setattr(item, method, guarded(function))
