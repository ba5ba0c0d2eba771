"""Positions of the neurons of a group on a grid, and the pairs that positions connect."""

from __future__ import annotations

import math
import numbers
from typing import TYPE_CHECKING, Any

import numpy as np

from helpers.modular.tags import Behaviour
from helpers.parameters import ParameterError, check_array, check_integer, check_number, doors, short

if TYPE_CHECKING:
    from helpers.modular.core import NeuronGroup, SynapseGroup

__all__ = ["NeuronDimension", "connected", "get_squared_dim"]

AXES, ARGUMENTS = "xyz", ("s_id", "sx", "sy", "sz", "d_id", "dx", "dy", "dz")


class NeuronDimension(Behaviour):
    """A grid as the `size` of a group: sets size, width, height, depth and the vectors x, y, z (float).

    Neuron i sits at x = i mod w, y = floor(i/w) mod h, z = floor(i/(w h)), minus (w-1)/2, (h-1)/2, (d-1)/2 if
    `centered`. The dynamics do not use the positions; to move, turn or stretch them, calculate: ``cells.x += 1``.
    """

    run_on_init = True

    def __init__(
        self, width: int = 1, height: int = 1, depth: int = 1, centered: bool = True, tag: str | None = None
    ) -> None:
        super().__init__(tag, width=width, height=height, depth=depth, centered=centered)
        for name in ("width", "height", "depth"):
            setattr(self, name, check_integer(name, self.init_kwargs[name], 1))

    def set_variables(self, neurons: NeuronGroup) -> None:
        """Give the group its size and positions; runs when the group is constructed."""
        w, h, d = neurons.width, neurons.height, neurons.depth = self.width, self.height, self.depth
        if neurons.size not in (self, w * h * d):
            raise ParameterError(f"size = {neurons.size} of {neurons!r} is not {w} x {h} x {d}; give the grid as size")
        self._read |= self.init_kwargs.keys()
        neurons.size, i = w * h * d, np.arange(w * h * d)
        shift = np.array([w - 1, h - 1, d - 1]) / 2 * bool(self.init_kwargs["centered"])
        neurons.x, neurons.y, neurons.z = i % w - shift[0], i // w % h - shift[1], i // (w * h) - shift[2]


def get_squared_dim(n: int, depth: int = 1) -> NeuronDimension:
    """Return the grid of `n` x `depth` neurons whose layers are as close to square as the divisors of `n` allow.

    Examples
    --------
    >>> grid = get_squared_dim(12)
    >>> grid.width, grid.height
    (3, 4)
    """
    n = check_integer("n", n, 1)
    width = next(w for w in range(math.isqrt(n), 0, -1) if n % w == 0)
    return NeuronDimension(width, n // width, check_integer("depth", depth, 1))


def connected(synapse: SynapseGroup, connectivity: Any) -> np.ndarray:
    """Return which pairs of a synapse group are connected, as a matrix (dst.size, src.size) of bool.

    Parameters
    ----------
    synapse : SynapseGroup
    connectivity : str, callable or number
        An expression of the indices s_id and d_id, the positions sx, sy, sz, dx, dy, dz (all of them arrays that
        broadcast to the matrix), ``in_box(distance)``, ``in_circle(distance)`` and np, such as ``"s_id != d_id"`` or
        ``"(np.abs(sx - dx) <= 2) & (s_id % 2 == 0)"``; a function ``(synapse, s_id, sx, sy, sz, d_id, dx, dy, dz)``;
        or a number, the largest distance in x and y, without synapses of a cell onto itself.
    """
    src, dst = synapse.src, synapse.dst
    names = dict(np=np, s_id=np.arange(src.size)[None, :], d_id=np.arange(dst.size)[:, None])
    for axis in AXES:
        at, to = getattr(src, axis, None), getattr(dst, axis, None)
        if isinstance(at, np.ndarray) and isinstance(to, np.ndarray):  # no behaviour that is tagged x
            names["s" + axis], names["d" + axis] = at[None, :], to[:, None]

    def apart():
        return np.array(np.broadcast_arrays(*[np.abs(names["s" + axis] - names["d" + axis]) for axis in AXES]))

    names["in_box"] = lambda distance: apart().max(axis=0) <= distance
    names["in_circle"] = lambda distance: np.square(apart()).sum(axis=0) <= distance**2
    if isinstance(connectivity, numbers.Real):
        names["distance"] = check_number("connectivity", connectivity, 0)
        connectivity = "((sx - dx) ** 2 + (sy - dy) ** 2 <= distance ** 2) & (s_id != d_id)"
    try:
        if callable(connectivity):
            pairs = connectivity(synapse, *[names.get(name) for name in ARGUMENTS])
        else:
            pairs = eval(connectivity, {"__builtins__": {}}, names)
        pairs = np.broadcast_to(pairs, synapse.shape)
        return np.array(pairs if pairs.dtype == bool else check_array("what it gives", pairs), bool)
    except Exception as failure:
        text = f"connectivity = {short(connectivity)} cannot be evaluated ({failure})"
        raise ParameterError(f"{text}; known: {', '.join(names)}; positions need groups on a grid") from None


doors(globals())
