"""Training a network on its own Lyapunov spectrum, in JAX.

One epoch runs the network once, from the same initial state and frame, and moves weights, gains or shifts by one step
of Adam down the gradient (:mod:`helpers.rnn.gradients`) of a loss (:mod:`helpers.rnn.losses`) on the first k
exponents. An epoch is compiled once for each shape and plan.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from helpers import storage
from helpers.parameters import BackendError, ParameterError, check_array, check_integer, check_number, check_seed
from helpers.rnn.gradients import (
    GROUPS,
    Gradient,
    TrainingParams,
    double,
    gradient,
    prepared,
    trainable,
    value_and_grad,
)
from helpers.rnn.model import Rnn, response

try:
    import jax
    import optax
    from jax import numpy as jnp
except ImportError:
    raise BackendError("JAX or optax is missing; install the extra: pip install 'neural-notebooks[jax]'") from None

__all__ = [
    "Gradient",
    "TaskResult",
    "TrainingParams",
    "TrainingResult",
    "delayed_copy",
    "fixed_number",
    "floss",
    "gradient",
    "train",
    "train_task",
]

ADAM = optax.scale_by_adam()


@dataclass(frozen=True, eq=False)
class TrainingResult:
    """A trained network and the full history; entry i belongs to the network before update i.

    Attributes
    ----------
    rnn : Rnn
    loss : array (n_epochs,)
    spectra : array (n_epochs, k)
        Exponents of the training's own short run, descending. Recompute them with
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


def train(rnn, *, n_epochs, masks=None, early_stopping=None, store=None, every=10, progress=True, **settings):
    """Train a network on its spectrum; return a :class:`TrainingResult`.

    Parameters
    ----------
    rnn : Rnn
        With ``legacy=True`` the exponents, and so the training, are those of the source's wrong Jacobian.
    n_epochs : int
    masks : dict of array, optional
        By group, 1 where a number is trained and 0 where it stays, see :func:`fixed_number`.
    early_stopping : float, optional
        Stop when the loss is at or below this, before the next update.
    store : path-like, optional
        Folder for the state, written atomically every `every` epochs. The same call continues from there, bit for
        bit; a larger `n_epochs` goes on. Another training in that folder is refused.
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
        If the loss or its gradient is no longer finite: the message names the epoch, the last good state is in
        `store` and, as a TrainingResult, in the error's ``result``.

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
    check_integer("n_epochs", n_epochs, 1)
    if early_stopping is not None:
        check_number("early_stopping", early_stopping)
    silent = not progress or bool(os.environ.get("CI"))
    with double():
        run = _Run(rnn, params, masks, store, check_integer("every", every, 1), early_stopping)
        with tqdm(total=n_epochs, initial=run.epoch, disable=silent, desc="training", unit="epoch") as bar:
            while run.epoch < n_epochs and not run.reached:
                run.advance()
                bar.set_postfix(loss=f"{run.loss[-1]:.2e}", lambda_max=f"{run.spectra[-1][0]:.3f}", refresh=False)
                bar.update()
        run.save()
        return run.result()


def floss(rnn, *, k, n_epochs, t_sim=20.0, lr=1e-3, **settings):
    """Push the first k exponents towards 0 on short windows, "gradient flossing"; arguments as for :func:`train`.

    The loss is the mean of lambda_i^2 (Engelken, NeurIPS 2023). Run it before the training on a task, or between
    parts of it, so that errors neither vanish nor explode on their way back through time.
    """
    return train(rnn, k=k, n_epochs=n_epochs, t_sim=t_sim, lr=lr, **{"transient": 0.0, **settings})


def fixed_number(rnn, *, n_weights=0, n_gains=0, n_shifts=0, seed):
    """Return random masks that leave so many weights, gains and shifts to train; groups with none are left out.

    Weights are drawn among those that are not 0, so that each of them has an effect.

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


class _Run:
    """The state of a training: trained arrays and moments of Adam, history, and the file that holds them."""

    def __init__(self, rnn, params, masks, store, every, threshold):
        self.plan, free, self.fixed = prepared(rnn, params, masks)
        self.rnn, self.every, self.threshold, self.path = rnn, every, threshold, None
        self.state = self.last = free, ADAM.init(free)
        self.loss, self.spectra, self.norms = [], [], []
        if store is not None:
            self.settings = {**params.to_dict(), "network": _digest([rnn.dt, free, self.fixed])}
            self.path = _claimed(store, self.settings) / "state.npz"
            with contextlib.suppress(storage.DamagedFile):  # or missing: computed again
                self._load(storage.read_arrays(self.path)[0])

    @property
    def epoch(self):
        return len(self.loss)

    @property
    def reached(self):
        return self.threshold is not None and self.epoch > 0 and bool(self.loss[-1] <= self.threshold)

    def advance(self):
        """Run one epoch; keep the state before the last update, should the next loss not be finite."""
        state, (loss, exponents, norms) = _epoch(self.state, self.fixed, plan=self.plan)
        norms = np.array([norms[name] for name in self.fixed["masks"]], float)
        if not (np.isfinite(loss) and np.isfinite(norms).all()):
            self._fail(good=bool(np.isfinite(loss)))
        self.loss.append(float(loss))
        self.spectra.append(-np.sort(-np.asarray(exponents, float)))
        self.norms.append(norms)
        if not self.reached:
            self.last, self.state = self.state, state
        if self.epoch % self.every == 0:
            self.save()

    def _fail(self, good):
        at, keep = self.epoch, self.epoch if good else max(self.epoch - 1, 0)
        self.state = self.state if good else self.last
        self.loss, self.spectra, self.norms = self.loss[:keep], self.spectra[:keep], self.norms[:keep]
        self.save()
        kept = f"; the last good state, epoch {keep}, is in {self.path}" if self.path else ""
        error = BackendError(f"the loss or its gradient is not finite at epoch {at}{kept}; take a smaller lr")
        error.result = self.result()
        raise error

    def save(self):
        if self.path is not None:
            leaves = {f"leaf_{i}": leaf for i, leaf in enumerate(jax.tree.leaves(self.state))}
            history = dict(loss=self.loss, spectra=self.spectra, norms=self.norms)
            storage.write_arrays(self.path, leaves | history, self.settings)

    def _load(self, stored):
        leaves = [jnp.asarray(stored[f"leaf_{i}"]) for i in range(len(jax.tree.leaves(self.state)))]
        self.state = self.last = jax.tree.unflatten(jax.tree.structure(self.state), leaves)
        self.loss, self.spectra, self.norms = (list(stored[name]) for name in ("loss", "spectra", "norms"))

    def result(self):
        found = {name.removesuffix("s") if name != "weights" else name: x for name, x in self.state[0].items()}
        norms = np.reshape(self.norms, (self.epoch, len(found))).T
        return TrainingResult(
            rnn=self.rnn.replace(**{name: np.asarray(x, float) for name, x in found.items()}),
            loss=np.array(self.loss),
            spectra=np.reshape(self.spectra, (self.epoch, len(self.fixed["target"]))),
            gradient_norms=dict(zip(self.fixed["masks"], norms, strict=True)),
            stopped_early=self.reached,
        )


def _claimed(store, settings):
    """Return the folder, with the settings in a file of their own; refuse it if they are those of another training."""
    folder = Path(store)
    storage.remove_drafts(folder)
    file, wanted = folder / "settings.json", json.loads(json.dumps(settings))
    if not file.exists():
        storage.write_text(file, json.dumps(settings, indent=1))
    try:
        found = json.loads(file.read_text())
    except ValueError:
        found = {}
    other = [name for name in wanted if found.get(name) != wanted[name]]
    if other:
        raise ParameterError(
            f"store = {folder} holds another training ({', '.join(other)} differ); choose another folder"
        )
    return folder


def _digest(tree):
    digest = hashlib.sha256()
    for leaf in jax.tree.leaves(tree):
        digest.update(np.asarray(leaf, float).tobytes())
    return digest.hexdigest()[:16]


@functools.partial(jax.jit, static_argnames="plan")
def _epoch(state, fixed, *, plan):
    """Return the state (trained arrays, moments) after one step of Adam, and loss, exponents and norms before it."""
    free, moments = state
    (loss, exponents), slopes = value_and_grad(free, fixed, plan)
    norms = {name: jnp.linalg.norm(slope) for name, slope in slopes.items()}
    slopes = {name: x * jnp.minimum(1, fixed["clip"] / jnp.maximum(norms[name], 1e-30)) for name, x in slopes.items()}
    moves, moments = ADAM.update(slopes, moments)
    free = {name: value - fixed["lr"] * moves[name] for name, value in free.items()}
    if plan.dale == "clip" and "weights" in free:
        free["weights"] = jnp.where(free["weights"] * fixed["signs"] < 0, 0, free["weights"])
    return (free, moments), (loss, exponents, norms)


# --- a task, to see what flossing is for


@dataclass(frozen=True, eq=False)
class TaskResult:
    """A network trained on a task, its input and output weights (n, n_in), (n_out, n), and the loss of each epoch."""

    rnn: Rnn
    w_in: np.ndarray
    w_out: np.ndarray
    loss: np.ndarray


def delayed_copy(n_trials, *, n_steps, delay, seed):
    """Return inputs of -1 and 1, (n_trials, n_steps, 1), and targets: the same `delay` steps later, nan before.

    Examples
    --------
    >>> inputs, targets = delayed_copy(2, n_steps=5, delay=2, seed=0)
    >>> bool((inputs[:, :3] == targets[:, 2:]).all()), bool(np.isnan(targets[:, :2]).all())
    (True, True)
    """
    delay = check_integer("delay", delay, 1, check_integer("n_steps", n_steps, 2) - 1)
    inputs = check_seed(seed).choice([-1.0, 1.0], (check_integer("n_trials", n_trials, 1), n_steps, 1))
    return inputs, np.concatenate([np.full_like(inputs[:, :delay], np.nan), inputs[:, :-delay]], axis=1)


def train_task(rnn, inputs, targets, *, n_epochs, lr=1e-3, seed=0, start=None):
    """Train weights, input and output of a network on trials, by the gradient through all time; a :class:`TaskResult`.

    The network starts each trial at 0 and obeys h' = (1 - dt) h + dt (J phi(h) + W_in u), read out by W_out phi(h).

    Parameters
    ----------
    rnn : Rnn
    inputs, targets : array (n_trials, n_steps, n_in), (n_trials, n_steps, n_out)
        Targets that are nan do not count; the loss is the mean square of the others' errors.
    n_epochs : int
        Each is one step of Adam on all trials.
    seed : int
        Of W_in, standard normal, and W_out, divided by sqrt n.
    start : TaskResult, optional
        Goes on with its input and output weights, as after :func:`floss` has changed the network in between.

    Examples
    --------
    >>> from helpers.rnn.model import random_weights
    >>> rnn = Rnn(random_weights(20, 1.0, seed=0), dt=1.0)
    >>> found = train_task(rnn, *delayed_copy(20, n_steps=10, delay=1, seed=1), n_epochs=100, lr=0.01)
    >>> bool(found.loss[-1] < 0.1 < 0.5 < found.loss[0])
    True
    """
    inputs = check_array("inputs", inputs, ndim=3)
    targets = check_array("targets", targets, shape=(*inputs.shape[:2], None), finite=False)
    rng = check_seed(seed)
    w_in, w_out = (rng.standard_normal((rnn.n, x.shape[2])) for x in (inputs, targets))
    fields = (
        dict(w_in=w_in, w_out=w_out.T / np.sqrt(rnn.n)) if start is None else dict(w_in=start.w_in, w_out=start.w_out)
    )
    with double():
        p = {name: jnp.asarray(x) for name, x in dict(weights=np.array(rnn.weights), **fields).items()}
        kept = dict(gain=rnn.gains, shift=rnn.shifts, dt=rnn.dt, lr=lr, inputs=inputs, targets=targets)
        moments, losses, kept = ADAM.init(p), [], jax.tree.map(jnp.asarray, kept)
        for _ in range(check_integer("n_epochs", n_epochs, 1)):
            p, moments, loss = _task_epoch(p, moments, kept, activation=rnn.activation)
            losses.append(float(loss))
        p = {name: np.asarray(x) for name, x in p.items()}
    return TaskResult(rnn.replace(weights=p["weights"]), p["w_in"], p["w_out"], np.array(losses))


@functools.partial(jax.jit, static_argnames="activation")
def _task_epoch(p, moments, kept, *, activation):
    def loss(p):
        def move(h, u):
            phi = response(activation, h, kept["gain"], kept["shift"], xp=jnp)[0]
            h = (1 - kept["dt"]) * h + kept["dt"] * (phi @ p["weights"].T + u @ p["w_in"].T)
            return h, response(activation, h, kept["gain"], kept["shift"], xp=jnp)[0] @ p["w_out"].T

        inputs, targets = (jnp.swapaxes(kept[name], 0, 1) for name in ("inputs", "targets"))
        found = jax.lax.scan(move, jnp.zeros((inputs.shape[1], len(p["weights"]))), inputs)[1]
        wrong = jnp.where(jnp.isnan(targets), 0, found - jnp.nan_to_num(targets))
        return (wrong**2).sum() / (~jnp.isnan(targets)).sum()

    value, slopes = jax.value_and_grad(loss)(p)
    moves, moments = ADAM.update(slopes, moments)
    moves["weights"] *= 1 - jnp.eye(len(p["weights"]))  # no neuron has a synapse on itself
    return {name: x - kept["lr"] * moves[name] for name, x in p.items()}, moments, value
