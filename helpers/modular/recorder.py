"""Recorders: expressions evaluated at their key in the order of an iteration, and events as (iteration, index)."""

import ast
import builtins
import copy
from collections.abc import Sequence

import numpy as np

from helpers.modular.tags import Behaviour
from helpers.parameters import ParameterError, check_integer

__all__ = ["EventRecorder", "Recorder", "Series", "compiled"]

PARENT = {"n", "s", "neurons", "synapse"}
FIRST_BYTES = 1 << 20


class Series(Sequence):
    """The samples of one expression: a live sequence that grows while the network runs, in a buffer that doubles.

    Samples of one shape make one array (n, *shape), of which ``np.asarray`` is a read-only view; otherwise the buffer
    holds shallow copies of the objects. With `max_length` the oldest samples are dropped. `form`, if known, is the
    (dtype, shape) of a sample.
    """

    def __init__(self, max_length=None, form=None):
        self._max_length, self._first_form = max_length or np.inf, form or (np.dtype(float), ())
        self.clear()

    def clear(self):
        """Drop all samples."""
        self._dtype, self._shape = self._first_form
        self._allocate(0)

    def append(self, value):
        """Add one sample (a copy of it)."""
        item = np.asarray(value)
        if item.dtype != self._dtype or item.shape != self._shape:
            item = self._fit(value, item)
        if self._stop == len(self._buffer):
            self._allocate(1, self._array())
        self._buffer[self._stop] = item
        self._stop += 1
        if self._stop - self._start > self._max_length:
            self._start += 1

    def extend(self, rows):
        """Add several samples of the known form, one for each row of an array."""
        if self._stop + len(rows) > len(self._buffer):
            self._allocate(len(rows), self._array())
        self._buffer[self._stop : self._stop + len(rows)] = rows
        self._stop += len(rows)

    def _fit(self, value, item):
        """Widen the form of the buffer if a sample does not fit in; return what has to be stored."""
        kept, dtype = self._array(), item.dtype
        if len(kept):
            alike = item.shape == self._shape and (dtype.kind in "biufc") == (self._dtype.kind in "biufc")
            dtype = np.result_type(dtype, self._dtype) if alike else np.dtype(object)
        form = (dtype, () if dtype.hasobject else item.shape)
        if form != (self._dtype, self._shape):
            self._dtype, self._shape = form
            self._allocate(1, list(kept))
        if not dtype.hasobject:
            return item
        return value.copy() if hasattr(value, "copy") else copy.copy(value)

    def _allocate(self, n, kept=()):
        """Take a new buffer with room for `n` more or as many again; views of the old one stay as they are."""
        spare = max(n, len(kept), min(64, FIRST_BYTES // (8 * int(np.prod(self._shape)) or 8)))
        self._buffer = np.empty((len(kept) + spare, *self._shape), self._dtype)
        self._start, self._stop = 0, len(kept)
        for i, sample in enumerate(kept):
            self._buffer[i] = sample

    def __len__(self):
        return self._stop - self._start

    def __getitem__(self, index):
        return self._array()[index]

    def __array__(self, dtype=None, copy=None):
        return np.array(self._array(), dtype=dtype, copy=copy)

    def __repr__(self):
        return f"<Series of {len(self)} samples, each of shape {self._shape}>"

    def _array(self):
        view = self._buffer[self._start : self._stop]
        view.flags.writeable = False
        return view


class _OfParent(ast.NodeTransformer):
    """Writes ``_parent`` for n and s, ``_parent.name`` for a plain name that is neither known nor bound."""

    def __init__(self, tree):
        nodes = list(ast.walk(tree))
        self.bound = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
        self.bound |= {node.arg for node in nodes if isinstance(node, ast.arg)}
        self.known = {"np"} if isinstance(tree.body, ast.Name) else {"np", *dir(builtins)}

    def visit_Name(self, node):
        if node.id in self.bound or (node.id in self.known and node.id not in PARENT):
            return node
        parent = ast.Name("_parent", ast.Load())
        return parent if node.id in PARENT else ast.Attribute(parent, node.id, ast.Load())


def compiled(expression):
    """Return a function of the parent for an expression of ``n``, ``s`` (both the parent), ``np`` and plain names.

    A plain name that is not a builtin is an attribute of the parent: ``'voltage'`` is ``'n.voltage'``.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> compiled("np.mean(n.v) + offset")(SimpleNamespace(v=[1, 2], offset=1))
    np.float64(2.5)
    """
    if callable(expression):
        return expression
    try:
        tree = ast.parse(expression.strip(), mode="eval")
    except (SyntaxError, AttributeError, ValueError):
        raise ParameterError(f"{expression!r} is no recordable expression; give one like 'np.mean(n.v)'") from None
    body = ast.unparse(_OfParent(tree).visit(tree))
    return eval(f"lambda _parent: {body}", {"np": np})


class Recorder(Behaviour):
    """Record expressions of the parent at this key of every iteration (or of every `gapwidth`-th one).

    Parameters
    ----------
    variables : list of str or callable
        Expressions, see :func:`compiled`, or functions of the parent, found by their ``__name__``.
    gapwidth : int
        0 and 1 record every iteration, g records the iterations g, 2g, 3g, ...
    max_length : int, optional
        Number of latest samples that are kept.

    A sample is a copy. ``recorder['n.v', 0]`` is its :class:`Series`, live. An expression that fails raises.
    """

    def __init__(self, variables, gapwidth=0, tag=None, max_length=None, **kwargs):
        super().__init__(tag, gapwidth=gapwidth, max_length=max_length, **kwargs)
        self.tags = list(dict.fromkeys([*self.tags[:-1], "recorder", self.tags[-1]]))
        check_integer("max_length", 1 if max_length is None else max_length, 1)
        names = [variables] if isinstance(variables, str) or callable(variables) else list(variables)
        self._functions = {getattr(name, "__name__", name): compiled(name) for name in names}
        self.variables = {name: Series(max_length) for name in self._functions}

    def set_variables(self, parent):
        """Forget all samples."""
        self.gapwidth = check_integer("gapwidth", self.get_init_attr("gapwidth", 0), 0)
        self.get_init_attr("max_length")
        self.clear()

    def clear(self, keys=None):
        """Drop the samples of all expressions, or of those named."""
        for name, series in self.variables.items():
            if keys is None or name in keys:
                series.clear()

    def new_iteration(self, parent):
        """Append one sample of each expression."""
        if not parent.recording or (self.gapwidth > 1 and parent.network.iteration % self.gapwidth):
            return
        for name, function in self._functions.items():
            try:
                value = function(parent)
            except Exception as failure:
                known = ", ".join(key for key in vars(parent) if not key.startswith("_"))
                text = f"cannot record {name!r} of {parent!r}: {type(failure).__name__}: {failure}"
                raise ParameterError(f"{text}; known: {known}") from failure
            self._keep(name, value, parent)

    def _keep(self, name, value, parent):
        self.variables[name].append(value)

    def _matches(self, tag):
        yield from super()._matches(tag)
        if isinstance(tag, str) and tag in self.variables:
            yield self.variables[tag]


class EventRecorder(Recorder):
    """Record which entries of a boolean variable are set, as rows (iteration, index) of int32.

    ``recorder['spike', 0]`` is (n, 2); ``recorder['spike.t', 0]`` and ``recorder['spike.i', 0]`` are its columns.
    """

    def __init__(self, variable, tag=None, **kwargs):
        super().__init__([variable], 0, tag, **kwargs)
        (name,) = self.variables
        forms = {name: (2,), f"{name}.t": (), f"{name}.i": ()}
        self.variables = {key: Series(form=(np.dtype(np.int32), shape)) for key, shape in forms.items()}

    def _keep(self, name, value, parent):
        index = np.flatnonzero(value)
        times = np.full(index.size, parent.network.iteration)
        rows = np.stack((times, index), axis=1)
        for series, new in zip(self.variables.values(), (rows, times, index), strict=True):
            series.extend(new)
