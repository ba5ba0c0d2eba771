"""Random vectors and matrices of a network: the seed's two draws, modes written as text, densities.

A text is parsed, and never run as Python: it may come from a file. Its language is numbers, flat lists of them,
``+ - * / // % **``, calls of the names in `CALLS` with the size filled in, and ``np.`` with a name in `NUMPY`.
"""

from __future__ import annotations

import ast
import functools
import math
import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from helpers.parameters import ParameterError, check_array, short

if TYPE_CHECKING:
    from helpers.modular.core import Network

__all__ = ["drawn", "fitted", "is_draw", "number", "places"]

ZEROS, UNIFORM = ("zeros()", "zeros"), ("uniform", "uniform()", "random", "random()", "rand", "rand()", "rnd", "rnd()")
SHORT = {"rand": "random", "rnd": "random"}
CALLS = {"zeros", "ones", *SHORT, "lognormal_real_mean", "lognormal_rm", "uniform_gap", "same"}  # the last four fail
CALLS |= {name for name in dir(np.random.Generator) if name[0] != "_"} - {"bit_generator", "spawn"}
CALLS |= {"randint", "random_sample"}  # of numpy's global state
NUMPY = {"abs", "ceil", "clip", "cos", "exp", "floor", "log", "maximum", "minimum", "pi", "round", "sin", "sqrt"}
FORMS = ast.Expression | ast.Load | ast.Call | ast.List | ast.Tuple | ast.UnaryOp | ast.BinOp
MOST_CHARACTERS, MOST = 1000, 2**63 - 1


def _power(base, exponent):
    """Return a power; one of whole numbers that no float can hold is an error at once, as 9**9**9 takes for ever."""
    if isinstance(base, int) and isinstance(exponent, int):
        math.pow(base, exponent)
    return base**exponent


OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}
OPERATORS |= {ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.Pow: _power}
OPERATORS |= {ast.UAdd: operator.pos, ast.USub: operator.neg}


def _share(density, n):
    """Return a checked density in [0, 1], or one for each of `n` rows."""
    if isinstance(density, float) and 0 <= density <= 1:
        return density
    share = check_array("density", density, ndim=(0, 1), low=0, high=1)
    if share.ndim and len(share) != n:
        raise ParameterError(f"density has {len(share)} entries; allowed: a number, or one for each of {n} rows")
    return share


def places(rng: np.random.Generator, shape: tuple[int, int], density: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return (rows, columns) of the entries of a matrix that exist, row by row, each with the probability `density`.

    The gaps between them are drawn (geometric), so that the others cost nothing. A vector gives the density of each
    row: entries are drawn with the largest and thinned.
    """
    share, size = np.asarray(_share(density, shape[0])), shape[0] * shape[1]
    most, found, last = share.max(), [np.empty(0, np.int64)], -1
    while most > 0 and last < size:
        expected = (size - last) * most
        found.append(last + np.cumsum(rng.geometric(most, int(expected + 5 * expected**0.5) + 9)))
        last = found[-1][-1]
    place = np.concatenate(found)
    rows, columns = np.divmod(place[: np.searchsorted(place, size)], shape[1])
    if share.ndim:
        kept = rng.random(len(rows)) * most < share[rows]
        rows, columns = rows[kept], columns[kept]
    return rows, columns


def drawn(
    network: Network, mode: Any, shape: int | tuple[int, ...], scale: Any = None, density: Any = None
) -> np.ndarray:
    """Return the array that a mode describes, times `scale`, thinned to a share `density`.

    Parameters
    ----------
    network : Network
        Its ``rng`` and ``dtype`` are used.
    mode : str, number, array, bool or int
        ``'zeros()'``, ``'ones'``, ``'uniform'`` (also ``'random'``, ``'rand'``, ``'rnd'``), ``'normal(0, 0.1)'`` and
        every other distribution of the generator, the size being filled in; a number fills the array; the types
        ``bool`` and ``int`` give zeros of that type.
    shape : int or tuple of int
    scale : float or array, optional
    density : float or sequence, optional
        Share of the entries that are kept, in [0, 1]; a sequence has one for each row. The others are 0, without
        rescaling.

    With ``seed="legacy"`` values and mask are two draws from the global state, even for density 1. Otherwise one
    uniform draw u serves both: u / density where u < density is again uniform.
    """
    if mode is bool or mode is int:
        return np.zeros(shape, mode)
    if isinstance(mode, str) and mode in ZEROS:
        return np.zeros(shape, network.dtype)
    uniform, legacy = isinstance(mode, str) and mode in UNIFORM, network.rng is np.random
    values = network.rng.random(shape) if uniform else _evaluated(network, mode, shape)
    if density is not None:
        share = _share(density, len(values))
        if uniform and not legacy:
            kept = (share > values.T).T.nonzero()
            chosen = values[kept] / (share[kept[0]] if np.ndim(share) else share)
            values = np.zeros(shape)
            values[kept] = chosen
        else:
            values = values * (network.rng.random(values.shape) <= np.reshape(share, (-1, *[1] * (values.ndim - 1))))
    if scale is not None:
        check_array("scale", scale)
        values = values * fitted("scale", scale, values.shape)
    return values.astype(network.dtype, copy=False)


def fitted(name: str, value: Any, shape: int | tuple[int, ...], at: Any = ...) -> Any:
    """Return a number or text as it is, of an array that broadcasts to `shape` the entries `at` some places."""
    if not np.ndim(value):
        return value
    try:
        return np.broadcast_to(check_array(name, value), shape)[at]
    except (ValueError, IndexError) as failure:
        raise ParameterError(f"{name} is not a number, nor one for each of {shape} ({failure})") from None


def _evaluated(network, mode, shape):
    try:
        value = _value(_parsed(mode).body, network.rng, shape) if isinstance(mode, str) else mode
        return np.broadcast_to(value() if callable(value) else value, shape).astype(network.dtype, casting="same_kind")
    except Exception as failure:
        text = f"mode = {short(mode)} cannot be drawn ({' '.join(str(failure).split())[:200]})"
        raise ParameterError(f"{text}; give one like 'normal(0, 1)', 'zeros()' or a number") from None


@functools.lru_cache
def _parsed(mode):
    """Return the tree of a text that is a mode; every other text is an error."""
    if len(mode) > MOST_CHARACTERS:
        raise ValueError(f"it has {len(mode)} characters; allowed: {MOST_CHARACTERS}")
    tree = ast.parse(mode.strip(), mode="eval")
    for node in ast.walk(tree):
        if not _is_known(node):
            raise ValueError(f"{ast.unparse(node) or type(node).__name__} is not known in a mode")
    return tree


def _is_known(node):
    """Return whether a node may stand in a mode; this alone decides what is drawn."""
    match node:
        case ast.Constant(value=value):
            return value is None or isinstance(value, float) or (isinstance(value, int) and value <= MOST)
        case ast.Name(id=name):
            return name in CALLS or name == "np"
        case ast.Attribute(value=ast.Name(id="np"), attr=name):
            return name in NUMPY
        case ast.keyword(arg=name):
            return name not in (None, "size", "out")
    return isinstance(node, FORMS) or type(node) in OPERATORS


def _value(node, rng, shape):
    """Return the number, array or function that a node of a mode stands for."""
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id="zeros" | "ones" as name):
            return functools.partial(getattr(np, name), shape)
        case ast.Name(id=name):
            return functools.partial(getattr(rng, SHORT.get(name, name)), size=shape)
        case ast.Attribute(attr=name):
            return getattr(np, name)
    parts = [_value(each, rng, shape) for each in ast.iter_child_nodes(node) if isinstance(each, ast.expr)]
    if isinstance(node, ast.Call):
        named = {each.arg: _value(each.value, rng, shape) for each in node.keywords}
        return parts[0](*parts[1:], **named)
    value = np.hstack(parts) if isinstance(node, ast.List | ast.Tuple) else OPERATORS[type(node.op)](*parts)
    if isinstance(value, int) and abs(value) > MOST:  # numpy would go on with Python's numbers of any length
        raise OverflowError(f"a whole number above {MOST}")
    return value


def is_draw(text: str) -> bool:
    """Return whether a text is a mode that calls a distribution.

    Examples
    --------
    >>> is_draw("normal(5, 1) * 2"), is_draw("uniform"), is_draw("file(1).txt")
    (True, False, False)
    """
    try:
        nodes = list(ast.walk(_parsed(text)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return any(isinstance(node, ast.Call) and getattr(node.func, "id", None) in CALLS for node in nodes)


def number(text: str, default: Any) -> Any:
    """Return a text that is a number or a percentage as a number of the type of `default`, every other text as it is.

    Examples
    --------
    >>> number("50%", 1.0), number("3", 1), number("3.5", 1), number("fast", 1), number("3", None)
    (0.5, 3, 3.5, 'fast', '3')
    """
    if not isinstance(default, int | float | np.number) or isinstance(default, bool):
        return text
    digits = text.strip()
    try:
        value = float(digits.removesuffix("%")) / (100 if digits.endswith("%") else 1)
    except ValueError:
        return text
    return value if isinstance(default, int | np.integer) and not value.is_integer() else type(default)(value)
