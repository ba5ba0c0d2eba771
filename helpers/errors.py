"""The exceptions of the collection and the checks that raise them.

Every message is one line: what was given, the value, the allowed range, and what to do. All of them derive
from :class:`HelpersError`, and each also from the builtin that callers expect (``ValueError``, ``RuntimeError``).
"""

from __future__ import annotations

import numbers

import numpy as np

__all__ = [
    "BackendError",
    "HelpersError",
    "OutputError",
    "ParameterError",
    "check_array",
    "check_choice",
    "check_integer",
    "check_number",
    "check_seed",
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
