r"""Training a network on its own Lyapunov spectrum, in JAX.

One epoch runs the network once, from the same initial state and frame, and moves weights, gains or shifts x by one
step of Adam down the gradient g (:mod:`helpers.rnn.gradients`) of a loss (:mod:`helpers.rnn.losses`) on the first k
exponents,

.. math:: x \leftarrow x - \mathrm{lr}\;\hat m / (\sqrt{\hat v} + 10^{-8}), \qquad
          \hat m, \hat v \text{ running means of } g, g^2 \text{ with decay } 0.9, 0.999, \text{ bias corrected}

(Kingma and Ba 2015). The norm of each group's gradient is first cut at `clip`.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from helpers.parameters import BackendError, check_integer, check_number, check_seed, doors
from helpers.rnn.gradients import (
    GROUPS,
    Gradient,
    TrainingParams,
    by_type,
    double,
    gradient,
    prepared,
    trainable,
    value_and_grad,
)
from helpers.rnn.model import Rnn

try:
    import jax
    import optax
    from jax import numpy as jnp
except ImportError:
    raise BackendError("JAX or optax is missing, and training needs both: pip install jax optax") from None

__all__ = ["Gradient", "TrainingParams", "TrainingResult", "fixed_number", "gradient", "train"]

ADAM = optax.scale_by_adam()
FIELDS = {"weights": "weights", "gains": "gain", "shifts": "shift"}  # of an Rnn


@dataclass(frozen=True, eq=False)
class TrainingResult:
    """A trained network and the full history; entry i belongs to the network before update i.

    Attributes
    ----------
    rnn : Rnn
    loss : array (n_epochs,)
    spectra : array (n_epochs, k)
        Exponents of the training's own short run, per time constant, descending. Recompute them with
        :func:`helpers.rnn.lyapunov.lyapunov_spectrum` before believing them.
    gradient_norms : dict of array (n_epochs,)
        Of each trained group, before clipping.
    stopped_early : bool
        Whether the loss reached `early_stopping`; `rnn` is then the network of the last entry.
    """

    rnn: Rnn
    loss: np.ndarray
    spectra: np.ndarray
    gradient_norms: dict
    stopped_early: bool = False


def train(
    rnn: Rnn,
    *,
    n_epochs: int,
    masks: Mapping[str, np.ndarray] | None = None,
    early_stopping: float | None = None,
    progress: bool = True,
    **settings: Any,
) -> TrainingResult:
    """Train a network on its spectrum; return a :class:`TrainingResult`.

    Parameters
    ----------
    rnn : Rnn
        With ``legacy=True`` the exponents, and so the training, are those of the source's wrong Jacobian.
    n_epochs : int
        At least 1.
    masks : dict of array, optional
        By group, 1 where a number is trained and 0 where it stays, see :func:`fixed_number`.
    early_stopping : float, optional
        Stop when the loss is at or below this, before the next update.
    progress : bool
        Show a bar with the loss and the largest exponent (never under CI).
    **settings
        The fields of :class:`~helpers.rnn.gradients.TrainingParams`: k (required), target, loss, parameters, lr,
        t_sim, t_ons, transient, frame_transient, window, clip, seed, init, grad, dale, dtype.

    Raises
    ------
    ParameterError
        For a bad argument.
    BackendError
        If the loss or its gradient is no longer finite. The error's ``result`` is a TrainingResult of the epochs
        before, with the network of their last entry.

    Examples
    --------
    >>> from helpers.rnn.model import random_weights
    >>> rnn = Rnn(random_weights(10, 1.0, seed=1), "tanh_pos")
    >>> found = train(rnn, k=2, n_epochs=20, t_sim=20.0, lr=0.03, progress=False)
    >>> found.loss.shape, found.spectra.shape, bool(found.loss[-1] < 0.1 * found.loss[0])
    ((20,), (20, 2), True)
    """
    from tqdm.auto import tqdm

    params = TrainingParams(**settings)
    n_epochs = check_integer("n_epochs", n_epochs, 1)
    enough = -np.inf if early_stopping is None else check_number("early_stopping", early_stopping)
    silent = not progress or bool(os.environ.get("CI"))
    losses, spectra, norms = [], [], {name: [] for name in params.parameters}

    def result(free, stopped_early=False):
        """Return the network with these trained arrays, and the history so far."""
        return TrainingResult(
            rnn=rnn.replace(**{FIELDS[name]: value for name, value in by_type(rnn, free).items()}),
            loss=np.array(losses),
            spectra=np.reshape(spectra, (len(losses), params.k)),
            gradient_norms={name: np.array(sizes) for name, sizes in norms.items()},
            stopped_early=stopped_early,
        )

    with double(), tqdm(total=n_epochs, disable=silent, desc="training", unit="epoch") as bar:
        plan, free, fixed = prepared(rnn, params, masks)
        before, moments = free, ADAM.init(free)
        for epoch in range(n_epochs):
            (loss, exponents), slopes = value_and_grad(free, fixed, plan=plan)
            moved, moments, sizes = _update(free, moments, slopes, fixed, clip_signs=params.dale == "clip")
            loss, exponents = float(loss), np.sort(exponents)[::-1]
            sizes = jax.tree.map(float, sizes)
            if not np.isfinite([loss, *exponents, *sizes.values()]).all():
                error = BackendError(f"the loss or its gradient is not finite at epoch {epoch}; take a smaller lr")
                error.result = result(before)
                raise error
            losses.append(loss)
            spectra.append(exponents)
            for name, size in sizes.items():
                norms[name].append(size)
            bar.set_postfix(loss=f"{loss:.2e}", lambda_max=f"{exponents[0]:.3f}", refresh=False)
            bar.update()
            if loss <= enough:
                return result(free, stopped_early=True)
            before, free = free, moved
        return result(free)


@functools.partial(jax.jit, static_argnames="clip_signs")
def _update(free, moments, slopes, fixed, *, clip_signs):
    """Do one step of Adam; return the moved arrays, the moments, and the norm of each gradient before clipping."""
    norms = jax.tree.map(jnp.linalg.norm, slopes)
    for name, norm in norms.items():
        slopes[name] = slopes[name] * jnp.minimum(1, fixed["clip"] / jnp.maximum(norm, 1e-30))
    moves, moments = ADAM.update(slopes, moments)
    moved = jax.tree.map(lambda value, move: value - fixed["lr"] * move, free, moves)
    if clip_signs and "weights" in moved:
        moved["weights"] = jnp.where(moved["weights"] * fixed["signs"] < 0, 0, moved["weights"])
    return moved, moments, norms


def fixed_number(
    rnn: Rnn, *, n_weights: int = 0, n_gains: int = 0, n_shifts: int = 0, seed: int | np.random.Generator
) -> dict[str, np.ndarray]:
    """Return random masks that leave so many weights, gains and shifts to train; groups with none are left out.

    Weights are drawn among those that are not 0, so that each of them has an effect.

    Raises
    ------
    ParameterError
        If a group has fewer numbers than asked for.

    Examples
    --------
    >>> masks = fixed_number(Rnn([[0.0, 1.0], [2.0, 0.0]], "pos"), n_weights=1, n_shifts=2, seed=0)
    >>> {name: int(mask.sum()) for name, mask in masks.items()}
    {'weights': 1, 'shifts': 2}
    """
    masks = {}
    for name, number, rng in zip(GROUPS, (n_weights, n_gains, n_shifts), check_seed(seed).spawn(3), strict=True):
        free = trainable(rnn)[name]
        places = np.flatnonzero(free)
        check_integer(f"n_{name}", number, 0, places.size)
        if number:
            masks[name] = np.zeros(free.shape)
            masks[name].flat[rng.permutation(places)[:number]] = 1
    return masks


doors(globals())
