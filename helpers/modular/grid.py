"""Positions of the neurons of a group on a grid."""

import math

import numpy as np

from helpers.modular.tags import Behaviour
from helpers.parameters import check_choice, check_integer

__all__ = ["NeuronDimension", "get_squared_dim"]

AXES = "xyz"


class NeuronDimension(Behaviour):
    """A grid as the `size` of a group: sets size, width, height, depth and the vectors x, y, z (float).

    Neuron i sits at x = i mod w, y = floor(i/w) mod h, z = floor(i/(w h)), minus (w-1)/2, (h-1)/2, (d-1)/2 if
    `centered`. The dynamics do not use the positions.
    """

    run_on_init = True

    def __init__(self, width=1, height=1, depth=1, centered=True, tag=None):
        super().__init__(tag, width=width, height=height, depth=depth, centered=centered)
        sizes = dict(width=width, height=height, depth=depth)
        self.width, self.height, self.depth = (check_integer(name, value, 1) for name, value in sizes.items())

    def set_variables(self, neurons):
        """Give the group its size and positions; runs when the group is constructed."""
        shape = [self.get_init_attr(name) for name in ("width", "height", "depth")]
        neurons.width, neurons.height, neurons.depth = shape
        w, h, d = shape
        neurons.size, i = w * h * d, np.arange(w * h * d)
        shift = np.array([w - 1, h - 1, d - 1]) / 2 * bool(self.get_init_attr("centered"))
        neurons.x, neurons.y, neurons.z = i % w - shift[0], i // w % h - shift[1], i // (w * h) - shift[2]
        self._group = neurons

    def _each(self, function, values):
        for axis, value in zip(AXES, values, strict=True):
            setattr(self._group, axis, function(getattr(self._group, axis), value))
        return self

    def move(self, x=0, y=0, z=0):
        """Add a distance to each coordinate."""
        return self._each(np.add, (x, y, z))

    def scale(self, x=1, y=1, z=1):
        """Multiply each coordinate by a factor."""
        return self._each(np.multiply, (x, y, z))

    def noise(self, x_noise=1, y_noise=1, z_noise=1, centered=True):
        """Add uniform noise of the given widths, in [-width/2, width/2] if `centered`, else in [0, width]."""
        draw = self._group.network.rng.random
        return self._each(lambda v, width: v + width * (draw(v.size) - centered / 2), (x_noise, y_noise, z_noise))

    def rotate(self, axis, theta):
        """Turn all positions around the axis 'x', 'y' or 'z' by `theta` degrees, counter-clockwise."""
        first = AXES.index(check_choice("axis", axis, AXES)) + 1
        a, b, angle = AXES[first % 3], AXES[(first + 1) % 3], math.radians(theta)
        u, v = getattr(self._group, a), getattr(self._group, b)
        setattr(self._group, a, u * math.cos(angle) - v * math.sin(angle))
        setattr(self._group, b, u * math.sin(angle) + v * math.cos(angle))
        return self

    def stretch_to_equal_size(self, target_neurons):
        """Scale each coordinate so that the grid is as wide, high and deep as that of another group."""
        sizes = [(getattr(target_neurons, n), getattr(self._group, n)) for n in ("width", "height", "depth")]
        return self.scale(*(target / own for target, own in sizes))


def get_squared_dim(n, depth=1):
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
