"""Recorders: expressions evaluated at their key in the order of an iteration, and events as (iteration, index)."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from helpers.modular.tags import Behaviour
from helpers.parameters import ParameterError, check_integer, short

__all__ = ["EventRecorder", "Recorder", "Series", "compiled"]

PARENT = ("n", "s", "neurons", "synapse")
FIRST_BYTES = 1 << 20
Names = str | Callable | Sequence[str | Callable]


class Series(Sequence):
    """The samples of one expression: a live sequence that grows while the network runs, in a buffer that doubles.

    Samples of one shape make one array (n, *shape), of which ``np.asarray`` is a read-only view; otherwise the buffer
    holds shallow copies of the objects. With `max_length` the oldest samples are dropped. `form` is the (dtype, shape)
    of a sample before there is one.
    """

    def __init__(self, max_length: int | None = None, form: tuple[Any, tuple[int, ...]] = (float, ())) -> None:
        self._max_length, self._form = max_length or sys.maxsize, form
        self.clear()

    def clear(self) -> None:
        """Drop all samples."""
        self._buffer, self._start, self._stop = np.empty((0, *self._form[1]), self._form[0]), 0, 0

    def append(self, value: Any) -> None:
        """Add one sample (a copy of it)."""
        item = np.asarray(value)
        if item.dtype != self._buffer.dtype or item.shape != self._buffer.shape[1:]:
            item = self._fit(value, item)
        self.extend(item[None])

    def extend(self, rows: Sequence) -> None:
        """Add several samples, one for each row of an array; the first rows give the shape."""
        rows = np.asarray(rows)
        if not len(self) and rows.shape[1:] != self._buffer.shape[1:]:
            self._buffer, self._start, self._stop = rows[:0], 0, 0
        stop = self._stop + len(rows)
        if stop > len(self._buffer):
            kept, room = self._array(), FIRST_BYTES // (8 * rows[:1].size or 8)
            spare = max(len(rows), len(kept), min(64, room))
            self._buffer = np.empty((len(kept) + spare, *kept.shape[1:]), kept.dtype)
            self._buffer[: len(kept)] = kept
            self._start, stop = 0, len(kept) + len(rows)
        self._buffer[stop - len(rows) : stop] = rows
        self._start, self._stop = max(self._start, stop - self._max_length), stop

    def _fit(self, value, item):
        """Widen the form of the buffer if a sample does not fit in; return what has to be stored."""
        kept, dtype = self._array(), item.dtype
        if len(kept):
            alike = item.shape == kept.shape[1:] and (dtype.kind in "biufc") == (kept.dtype.kind in "biufc")
            dtype = np.result_type(dtype, kept.dtype) if alike else np.dtype(object)
        if not dtype.hasobject:
            self._buffer = kept.astype(dtype) if len(kept) else np.empty((0, *item.shape), dtype)
        elif not kept.dtype.hasobject:
            self._buffer = np.empty(len(kept), object)
            for i, sample in enumerate(kept):
                self._buffer[i] = sample
        self._start, self._stop = 0, len(kept)
        if dtype.hasobject:
            item = np.empty((), object)
            item[()] = value.copy() if hasattr(value, "copy") else copy.copy(value)
        return item

    def __len__(self):
        return self._stop - self._start

    def __getitem__(self, index):
        return self._array()[index]

    def __array__(self, dtype=None, copy=None):
        return np.array(self._array(), dtype=dtype, copy=copy)

    def __repr__(self):
        return f"<Series of {len(self)} samples, each of shape {self._buffer.shape[1:]}>"

    def _array(self):
        view = self._buffer[self._start : self._stop]
        view.flags.writeable = False
        return view


def compiled(expression: str | Callable) -> Callable[[Any], Any]:
    """Return a function of the parent for an expression of ``n``, ``s`` (both the parent), ``np`` and plain names.

    A plain name is a variable of the parent: ``'voltage'`` is ``'n.voltage'``; so is ``'n'``, if it stands alone.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> compiled("np.mean(n.v) + offset")(SimpleNamespace(v=[1, 2], offset=1))
    np.float64(2.5)
    """
    if callable(expression):
        return expression
    try:
        code = compile(expression.strip(), "recorded", "eval")
    except (SyntaxError, AttributeError, ValueError):
        raise ParameterError(f"{short(expression)} is no recordable expression; give one like 'np.mean(n.v)'") from None
    name = expression.strip()
    if name.isidentifier():
        return lambda parent: vars(parent).get(name, parent) if name in PARENT else getattr(parent, name)

    def value(parent):
        names = vars(parent) | dict.fromkeys(PARENT, parent)
        return eval(code, names | {"np": np, "iteration": getattr(parent, "iteration", None)})

    return value


class Recorder(Behaviour):
    """Record expressions of the parent at this key of every iteration (or of every `gapwidth`-th one).

    Parameters
    ----------
    variables : str, callable or list of them
        Expressions, see :func:`compiled`, or functions of the parent, found by their ``__name__``.
    gapwidth : int
        0 and 1 record every iteration, g every g-th; the count stands still while recording is off.
    tag : str, optional
    max_length : int, optional
        Number of latest samples that are kept.
    save_as_numpy : bool
        Accepted for the programs that give it; the samples are an array in any case.

    A sample is a copy. ``recorder['n.v', 0]`` is its :class:`Series`, live. An expression that fails raises.
    """

    _form = float, ()

    def __init__(
        self, variables: Names = (), gapwidth: int = 0, tag: str | None = None, max_length: int | None = None,
        save_as_numpy: bool = False, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(tag, **kwargs)
        self.tags = list(dict.fromkeys([*self.tags[:-1], "recorder", self.tags[-1]]))
        self.init_kwargs |= dict(gapwidth=gapwidth, max_length=max_length)
        self.max_length = None if max_length is None else check_integer("max_length", max_length, 1)
        self.variables, self._functions, self._count = {}, {}, 0
        self.add_variables(variables)

    def add_variables(self, variables: Names) -> None:
        """Record further expressions from the next iteration on; known ones keep their samples."""
        for name in [variables] if isinstance(variables, str) or not np.iterable(variables) else variables:
            key = getattr(name, "__name__", name)
            if callable(name) and self._functions.get(key, name) is not name:
                raise ParameterError(f"{key!r} is the name of two functions; give the second another __name__")
            self._functions[key] = compiled(name)
            self.variables.setdefault(key, Series(self.max_length, self._form))

    def set_variables(self, parent: Any) -> None:
        """Forget all samples."""
        self.gapwidth = check_integer("gapwidth", self.get_init_attr("gapwidth", 0), 0)
        self.get_init_attr("max_length")
        self.reset()

    def reset(self) -> None:
        """Drop all samples and start the count of the gaps anew."""
        self._count = 0
        self.clear()

    def clear(self, keys: Sequence[str] | None = None) -> None:
        """Drop the samples of all expressions, or of those named."""
        for name, series in self.variables.items():
            if keys is None or name in keys:
                series.clear()

    def new_iteration(self, parent: Any) -> None:
        """Append one sample of each expression."""
        if not parent.recording:
            return
        self._count += 1
        if self._count < self.gapwidth:
            return
        self._count = 0
        for name, function in self._functions.items():
            try:
                self._keep(name, function(parent), parent)
            except Exception as failure:
                known = ", ".join(sorted(key for key in vars(parent) if key[0] != "_"))
                text = f"cannot record {name!r} of {parent!r}: {type(failure).__name__}: {failure}"
                raise ParameterError(f"{text}; known: {known}") from failure

    def _keep(self, name, value, parent):
        self.variables[name].append(value)

    def _matches(self, tag):
        yield from super()._matches(tag)
        if isinstance(tag, str) and tag in self.variables:
            yield self.variables[tag]


class EventRecorder(Recorder):
    """Record which entries of variables are set, as rows (iteration, index) of int32; of a matrix (iteration, i, j).

    ``recorder['spike', 0]`` is (n, 2); ``recorder['spike.t', 0]`` and ``recorder['spike.i', 0]`` are its columns, of a
    matrix also ``'W.j'``.
    """

    _form = np.int32, (2,)

    def __init__(self, variable: Names = (), tag: str | None = None, *, variables: Names = (), **kwargs: Any) -> None:
        super().__init__(variables or variable, tag=tag, **kwargs)

    def _keep(self, name, value, parent):
        index, series = np.nonzero(value), self.variables[name]
        if len(index[0]) or not len(series):  # the first rows, none of them too, say how many columns there are
            rows = np.empty((len(index[0]), 1 + len(index)), np.int32)
            rows[:, 0], rows[:, 1:] = parent.network.iteration, np.transpose(index)
            series.extend(rows)

    def _matches(self, tag):
        yield from super()._matches(tag)
        name, _, column = tag.rpartition(".") if isinstance(tag, str) else (None, "", "")
        rows = np.asarray(self.variables.get(name, ()))
        if column in ("t", "i", "j")[: rows.shape[-1]]:
            yield rows[:, "tij".index(column)]
