"""Random vectors and matrices of a network: the seed's two draws, modes written as text, densities."""

import functools

import numpy as np

from helpers.parameters import ParameterError, check_array

__all__ = ["drawn", "masked", "uniform"]


def uniform(network, shape, density=1.0):
    """Return U[0, 1) values of which a share `density` is kept and the others are 0, without rescaling.

    With ``seed="legacy"`` two draws are made from the global state, values and mask, even for density 1; None makes
    one. Otherwise one draw u serves both: u / density where u < density is again uniform. A vector of densities is
    applied per row.
    """
    values = network.rng.random(shape)
    if density is not None and network.rng is np.random:
        values = masked(network, values, density)
    elif density is not None and not (isinstance(density, int | float) and density == 1):
        share = _share(density, values)
        values[values >= share] = 0
        values /= share if isinstance(share, float) and share else np.where(share > 0, share, 1)
    return values.astype(network.dtype, copy=False)


def masked(network, values, density):
    """Set all but a random share `density` of the values to 0; None keeps all."""
    return values if density is None else values * (network.rng.random(values.shape) <= _share(density, values))


def _share(density, values):
    """Return a checked density in [0, 1]; a vector of them is shaped so that it multiplies the rows."""
    if isinstance(density, float) and 0 <= density <= 1:
        return density
    share = check_array("density", density, ndim=(0, 1), low=0, high=1)
    if share.ndim and len(share) != len(values):
        raise ParameterError(
            f"density has {len(share)} entries; allowed: a number, or one for each of {len(values)} rows"
        )
    return share.reshape(-1, *[1] * (values.ndim - 1)) if share.ndim else share


class _Names(dict):
    """The distributions of a generator under the names that a mode may use, with the shape filled in."""

    def __init__(self, rng, shape):
        short = functools.partial(rng.random, shape)
        zeros, ones = functools.partial(np.zeros, shape), functools.partial(np.ones, shape)
        super().__init__(random=short, rand=short, rnd=short, zeros=zeros, ones=ones, np=np)
        self._rng, self._shape = rng, shape

    def __missing__(self, name):
        return functools.partial(getattr(self._rng, name), size=self._shape)


def drawn(network, mode, shape, scale=None, density=None):
    """Return the array that a mode describes, times `scale`, thinned to a share `density`.

    Parameters
    ----------
    mode : str, number, bool or int
        ``'zeros()'``, ``'ones'``, ``'uniform'`` (also ``'random'``, ``'rand'``, ``'rnd'``), ``'normal(0, 0.1)'`` and
        every other distribution of the generator, the size being filled in; a number fills the array; the types
        ``bool`` and ``int`` give zeros of that type.
    """
    if mode in (bool, int):
        return np.zeros(shape, mode)
    try:
        value = eval(mode, {"__builtins__": {}}, _Names(network.rng, shape)) if isinstance(mode, str) else mode
        value = np.broadcast_to(value() if callable(value) else value, shape).astype(network.dtype)
    except Exception as failure:
        text = f"mode = {mode!r} cannot be drawn ({failure}); give one like 'normal(0, 1)', 'zeros()' or a number"
        raise ParameterError(text) from None
    return masked(network, value if scale is None else value * scale, density)
