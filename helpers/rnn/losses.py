r"""Losses on the first k Lyapunov exponents, for numpy and JAX alike; all of them are minimised.

===============  ===================================================  ==================================
word             loss                                                 in file names
===============  ===================================================  ==================================
``l2``           Euclidean distance to the target                     ``l2Norm_0.00``
``MSE``          mean squared distance to the target                  ``MSE_0.00``
``MSE_Custom``   the same to a line from 1.25 down to -1.25           ``MSE_1.25_-1.25``
``sum``          minus the sum of the exponents (alias ``Sinai``)     ``Entropy``
``entropy``      minus the sum of the positive ones, softened         ``EntropyPositive``
===============  ===================================================  ==================================

The source calls ``sum`` Sinai and files it as "Entropy", but it is not the entropy: negative exponents count too. The
entropy of Pesin's formula sums the positive ones. So that a network without any can be trained, ``entropy`` takes
ln(1 + exp(10 x))/10 for max(x, 0); the two differ by at most .07 per exponent.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from helpers.parameters import ParameterError, check_array, check_choice, check_integer, doors

__all__ = ["LOSSES", "loss_label", "loss_name", "loss_value", "target_vector"]

LOSSES = ("l2", "MSE", "MSE_Custom", "sum", "entropy")
SHARPNESS = 10.0


def loss_name(word: str) -> str:
    """Return the one name of :data:`LOSSES` behind a word in any case; ``Sinai`` is ``sum``.

    Examples
    --------
    >>> loss_name("mse"), loss_name("Sinai")
    ('MSE', 'sum')
    """
    known = {name.lower(): name for name in LOSSES} | {"sinai": "sum"}
    word = word.lower() if isinstance(word, str) else word
    return known[word] if isinstance(word, str) and word in known else check_choice("loss", word, (*LOSSES, "Sinai"))


def target_vector(name: str, target: float | Sequence[float] | None, k: int) -> np.ndarray:
    """Return what the k exponents, in descending order, are held against: one value each, (k,).

    Examples
    --------
    >>> target_vector("MSE", 2.0, 3).tolist(), target_vector("MSE_Custom", None, 3).tolist()
    ([2.0, 2.0, 2.0], [1.25, 0.0, -1.25])
    """
    k = check_integer("k", k, 1, 100_000)
    if name == "MSE_Custom":
        return np.linspace(1.25, -1.25, k)
    target = check_array("target", target, ndim=(0, 1), low=-1e6, high=1e6).astype(float)
    if target.ndim and target.shape != (k,):
        raise ParameterError(f"target has {target.size} values; allowed: one, or one for each of the k = {k} exponents")
    return np.broadcast_to(target, (k,)).copy()


def loss_value(name: str, exponents: np.ndarray, target: np.ndarray, xp: Any = np) -> np.ndarray:
    """Return the loss of exponents (k,) for a target (k,).

    Parameters
    ----------
    name : str
        Of :data:`LOSSES`.
    exponents, target : array (k,)
    xp : module
        numpy, or jax.numpy.

    Examples
    --------
    >>> x, zero = np.array([3.0, -4.0]), np.zeros(2)
    >>> [round(float(loss_value(name, x, zero)), 6) for name in ("l2", "MSE", "sum", "entropy")]
    [5.0, 12.5, 1.0, -3.0]
    """
    if name == "sum":
        return -xp.sum(exponents)
    if name == "entropy":
        return -xp.sum(xp.logaddexp(0.0, SHARPNESS * exponents)) / SHARPNESS
    square = xp.sum((exponents - target) ** 2)
    # the root of 0 has no derivative
    return xp.sqrt(xp.maximum(square, xp.finfo(square.dtype).tiny)) if name == "l2" else square / np.size(exponents)


def loss_label(name: str, target: float = 0.0) -> str:
    """Return the word for a loss in file names, as the source spells it.

    Examples
    --------
    >>> loss_label("l2", 2), loss_label("sum")
    ('l2Norm_2.00', 'Entropy')
    """
    fixed = {"MSE_Custom": "MSE_1.25_-1.25", "sum": "Entropy", "entropy": "EntropyPositive"}
    return fixed.get(name) or f"{'l2Norm' if name == 'l2' else name}_{target:.2f}"


doors(globals())
