r"""Lyapunov exponents that JAX can differentiate: the gradient of a loss through the tangent map and its QR.

The gradient is exact, that of the Euler map with its transients. For A = Q R with R_ii > 0, cotangents c of ln R_ii
and B of Q,

.. math:: \bar A = \bigl[B + Q\,(\mathrm{diag}\,c + S)\bigr] R^{-T}, \quad
          S = \mathrm{tril}\,M + (\mathrm{tril}_{-1} M)^T, \quad M = -B^T Q

(Seeger et al. 2018). The factorisation is Cholesky's, and Householder's where the frame has become ill-conditioned.
What is kept for the way back is the state ``[h | Q]`` at every QR, 8 n (k + 1) bytes each; the steps between are run
again.

In chaos the gradient through the trajectory grows like exp(lambda_1 T) and is then of no use, whatever the loss.
``grad="frozen"`` keeps only the explicit dependence through the tangent, with the trajectory as given, and
``grad="window"`` cuts the trajectory's dependence every few time constants. Double precision is switched on inside
the calls and nowhere else, and the same code runs on a GPU.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from helpers.parameters import (
    BackendError,
    ParameterError,
    Parameters,
    check_array,
    check_choice,
    check_integer,
    check_number,
    parameter,
)
from helpers.rnn.losses import loss_name, loss_value, target_vector
from helpers.rnn.lyapunov import initial
from helpers.rnn.model import Rnn, response

try:
    import jax
    import jax.experimental
    from jax import numpy as jnp
except ImportError:
    raise BackendError("JAX is not installed; install the extra: pip install 'neural-notebooks[jax]'") from None

__all__ = ["Gradient", "TrainingParams", "gradient"]

GROUPS = ("weights", "gains", "shifts")
RATIO = {"float64": 1e6, "float32": 1e3}  # of the diagonal of R, above which Householder takes over


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainingParams(Parameters):
    """What a training minimises, and how.

    Parameters
    ----------
    k : int
        Number of exponents, 1 to n.
    target : float or sequence of k
        For l2 and MSE.
    loss : str
        A word of :mod:`helpers.rnn.losses`.
    parameters : sequence of {"weights", "gains", "shifts"}
        What is trained. Weights that are 0 stay 0, the diagonal too; gains and shifts are one per neuron, or per type.
    init : {"random", "zero"}
        Initial state: standard normal from `seed`, or 0, the source's. For tanh, and tanh_streched without shifts, 0
        is a fixed point, so that only the linear spectrum would be trained.
    grad : {"full", "frozen", "window"}
        See the module; "full" for networks that stay below chaos.
    dale : {"free", "clip"}
        Whether weights may change sign, or stop at 0.
    """

    k: int
    target: float | tuple = 0.0
    loss: str = "MSE"
    parameters: tuple = ("weights",)
    lr: float = parameter(0.01, "", "learning rate of Adam", "source", low=0, low_open=True)
    t_sim: float = parameter(200.0, "tau", "averaged time", "source", low=0, low_open=True, high=1e6)
    t_ons: float = parameter(0.2, "tau", "time between two QRs", "source", low=0, low_open=True, high=1e6)
    transient: float = parameter(10.0, "tau", "time before the frame starts", low=0, high=1e6)
    frame_transient: float = parameter(10.0, "tau", "time before averaging starts", low=0, high=1e6)
    window: float = parameter(15.0, "tau", "between two cuts, for grad = window", low=0, low_open=True, high=1e6)
    clip: float = parameter(2000.0, "", "largest gradient norm of a group", "source", low=0, low_open=True)
    seed: int = parameter(0, "", "of the initial state and frame", low=0)
    init: str = parameter("random", "", "initial state", options=("random", "zero"))
    grad: str = parameter("full", "", "what the gradient goes through", options=("full", "frozen", "window"))
    dale: str = parameter("free", "", "signs of the weights", options=("free", "clip"))
    dtype: str = parameter("float64", options=tuple(RATIO))

    def __post_init__(self):
        super().__post_init__()
        chosen = [self.parameters] if isinstance(self.parameters, str) else self.parameters
        chosen = tuple(dict.fromkeys(check_choice("parameters", word, GROUPS) for word in chosen))
        if not chosen:
            raise ParameterError("parameters is empty: nothing is trained; give weights, gains or shifts")
        loss = loss_name(self.loss)
        target = target_vector(loss, self.target, check_integer("k", self.k, 1)).tolist()
        for name, value in dict(loss=loss, parameters=chosen, target=tuple(target)).items():
            object.__setattr__(self, name, value)


@dataclasses.dataclass(frozen=True, eq=False)
class Gradient:
    """A loss, the exponents (k,) behind it, and its gradient by group: weights (n, n), gains and shifts (n_types,)."""

    loss: float
    exponents: np.ndarray
    by_group: dict

    @property
    def norms(self):
        """Euclidean norm of each group."""
        return {name: float(np.linalg.norm(value)) for name, value in self.by_group.items()}


def gradient(rnn, *, masks=None, **settings):
    """Return the :class:`Gradient` of the loss of a network.

    Parameters
    ----------
    rnn : Rnn
        With ``legacy=True`` the exponents are those of the source's wrong Jacobian.
    masks : dict of array, optional
        By group, 1 where a number counts as free and 0 elsewhere.
    **settings
        Fields of :class:`TrainingParams`; k is required.

    Examples
    --------
    >>> rnn = Rnn([[0.0, 1.0], [0.5, 0.0]], "tanh_pos")
    >>> found = gradient(rnn, k=1, t_sim=10.0, parameters=("weights", "gains"))
    >>> found.by_group["weights"].shape, found.by_group["gains"].shape
    ((2, 2), (2,))
    """
    with double():
        plan, free, fixed = prepared(rnn, TrainingParams(**settings), masks)
        (loss, exponents), slopes = _jitted(free, fixed, plan=plan)
        return Gradient(float(loss), np.asarray(exponents, float), {n: np.asarray(x, float) for n, x in slopes.items()})


def double():
    """Return the context in which JAX knows double precision; the setting outside stays as it is."""
    return jax.enable_x64(True) if hasattr(jax, "enable_x64") else jax.experimental.enable_x64()


# --- preparation


@dataclasses.dataclass(frozen=True)
class Plan:
    """What an epoch is compiled for; all else may change without a compilation. Lengths in steps and QR intervals."""

    activation: str
    legacy: bool
    loss: str
    grad: str
    dale: str
    n_transient: int
    n_ons: int
    n_frame: int
    n_average: int


def prepared(rnn, params, masks):
    """Check a network against the settings; return its :class:`Plan`, the trained arrays, and all else by name."""
    _check(rnn, params)
    h0, q0 = initial(rnn, params.k, np.zeros(rnn.n) if params.init == "zero" else None, params.seed)
    n_ons, n_transient = (math.ceil(t / rnn.dt - 1e-9) for t in (params.t_ons, params.transient))
    times = params.frame_transient, params.t_sim, params.window
    *counts, window = (math.ceil(t / (rnn.dt * n_ons) - 1e-9) for t in times)
    plan = Plan(rnn.activation, rnn.legacy, params.loss, params.grad, params.dale, n_transient, n_ons, *counts)
    arrays = groups(rnn)
    free = {name: arrays.pop(name) for name in params.parameters}
    fixed = arrays | dict(h0=h0, q0=q0, dt=rnn.dt, target=np.array(params.target), lr=params.lr, clip=params.clip)
    fixed |= dict(signs=np.sign(rnn.weights), masks=_masks(rnn, params.parameters, masks or {}))
    free, fixed = jax.tree.map(lambda x: jnp.asarray(np.asarray(x), params.dtype), (free, fixed))
    types = np.arange(rnn.n) if rnn.types is None else rnn.types
    return plan, free, fixed | dict(types=jnp.asarray(types), window=jnp.asarray(window))


def _check(rnn, params):
    if not isinstance(rnn, Rnn):
        raise ParameterError(f"rnn is a {type(rnn).__name__}; only an Rnn can be trained")
    check_integer("k", params.k, 1, rnn.n, hint="at most one exponent per neuron")
    check_number("t_ons", params.t_ons, rnn.dt, params.t_sim, hint="from dt to t_sim")
    if rnn.activation == "tanh" and params.parameters != ("weights",):
        raise ParameterError("parameters: plain tanh has neither gains nor shifts; take tanh_streched or tanh_pos")


def groups(rnn):
    """Return weights (n, n), and gains and shifts with one value per type (per neuron without types)."""
    size = rnn.n if rnn.types is None else rnn.types.max() + 1
    return dict(weights=rnn.weights, gains=np.broadcast_to(rnn.gain, size), shifts=np.broadcast_to(rnn.shift, size))


def trainable(rnn):
    """Return where the groups may change: all gains and shifts, and the weights that are not 0."""
    weights = (rnn.weights != 0) & ~np.eye(rnn.n, dtype=bool)
    return {name: weights if name == "weights" else np.ones(x.shape, bool) for name, x in groups(rnn).items()}


def _masks(rnn, chosen, masks):
    """Return a mask for each trained group: the given one, without what cannot be trained."""
    kept = {name: mask for name, mask in trainable(rnn).items() if name in chosen}
    for name, mask in masks.items():
        check_choice("masks", name, chosen)
        kept[name] = kept[name] & (check_array(f"masks[{name!r}]", mask, shape=kept[name].shape) != 0)
    if not any(mask.any() for mask in kept.values()):
        raise ParameterError("nothing is trained: the masks, or weights that are all 0, leave no number to change")
    return kept


# --- the differentiable run


def value_and_grad(free, fixed, plan):
    """Return (loss, exponents), and the masked gradient by group."""

    def value(free):
        exponents = _exponents(fixed | free, plan)
        return loss_value(plan.loss, exponents, fixed["target"], xp=jnp), exponents

    found, slopes = jax.value_and_grad(value, has_aux=True)(free)
    return found, {name: slope * fixed["masks"][name] for name, slope in slopes.items()}


_jitted = jax.jit(value_and_grad, static_argnames="plan")


def _exponents(p, plan):
    """Return the exponents (k,) of one run, in the order of the frame."""
    dt, gains, shifts = p["dt"], p["gains"][p["types"]], p["shifts"][p["types"]]
    scaled = dt * p["weights"]

    def move(state, _):
        h = jax.lax.stop_gradient(state[:, 0]) if plan.grad == "frozen" else state[:, 0]
        phi, slope = response(plan.activation, h, gains, shifts, legacy=plan.legacy, xp=jnp)
        return (1 - dt) * state + scaled @ jnp.column_stack([phi, slope[:, None] * state[:, 1:]]), None

    def several(state, n, unroll=1):
        return jax.lax.scan(move, state, None, length=n, unroll=unroll)[0]

    @jax.checkpoint
    def interval(state, i):
        h = state[:, :1]
        if plan.grad == "window":
            h = jnp.where(i % p["window"] == 0, jax.lax.stop_gradient(h), h)
        state = several(state.at[:, :1].set(h), plan.n_ons, unroll=min(plan.n_ons, 4))
        q, logs = _qr(state[:, 1:])
        return state.at[:, 1:].set(q), logs

    h = several(p["h0"][:, None], plan.n_transient)
    intervals = jnp.arange(plan.n_frame + plan.n_average)
    logs = jax.lax.scan(interval, jnp.column_stack([h, p["q0"]]), intervals)[1]
    return logs[plan.n_frame :].sum(axis=0) / (plan.n_average * plan.n_ons * dt)


@jax.custom_vjp
def _qr(a):
    """Return Q and ln R_ii of A = Q R, R_ii > 0."""
    return _factor(a)[0]


def _factor(a):
    lower = jax.lax.linalg.cholesky(a.T @ a, symmetrize_input=False)
    diagonal = lower.diagonal()
    safe = diagonal.max() <= RATIO[a.dtype.name] * diagonal.min()  # false for the nan of a failed factorisation
    q, lower = jax.lax.cond(safe, _by_cholesky, _by_householder, a, lower)
    return (q, jnp.log(lower.diagonal())), (q, lower)


def _by_cholesky(a, lower):
    return jax.lax.linalg.triangular_solve(lower, a, lower=True, transpose_a=True), lower


def _by_householder(a, _):
    q, r = jnp.linalg.qr(a)
    signs = jnp.where(r.diagonal() < 0, -1, 1).astype(a.dtype)
    return q * signs, (r * signs[:, None]).T


def _pull_back(saved, cotangents):
    """Return the cotangent of A; the formula stands in the module."""
    (q, lower), (b, c) = saved, cotangents
    m = -b.T @ q
    inner = jnp.tril(m) + jnp.tril(m, -1).T + jnp.diag(c)
    return (jax.lax.linalg.triangular_solve(lower, b + q @ inner, lower=True),)


_qr.defvjp(_factor, _pull_back)
