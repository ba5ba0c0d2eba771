r"""Lyapunov exponents that JAX can differentiate: the gradient of a loss through the tangent map and its QR.

The gradient is exact, that of the Euler map with its transients. For A = Q R with R_ii > 0, cotangents c of ln R_ii
and B of Q,

.. math:: \bar A = \bigl[B + Q\,(\mathrm{diag}\,c + S)\bigr] R^{-T}, \quad
          S = \mathrm{tril}\,M + (\mathrm{tril}_{-1} M)^T, \quad M = -B^T Q

(Seeger et al. 2018), without the small denominators of the gradients of eigenvalues. What is kept for the way back is
the state ``[h | Q]`` before every QR interval, 8 n (k + 1) bytes each; there each interval is run again and pulled back
by itself.

In chaos the gradient through the trajectory grows like exp(lambda_1 T) and is then of no use, whatever the loss.
``grad="frozen"`` keeps only the explicit dependence through the tangent, with the trajectory as given, and
``grad="window"`` cuts the trajectory's dependence every few time constants. The same code runs on a GPU.

A program is compiled once for n, k, t_ons, and a power of two of QR intervals (at least 256); times, targets, rates,
masks and seeds may change without a compilation. Programs are kept in ``.store/jax`` for the next process. That folder
and the precision are set inside the calls and nowhere else.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import math
import os
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from helpers import runs
from helpers.parameters import (
    BackendError,
    ParameterError,
    Parameters,
    check_array,
    check_choice,
    check_integer,
    check_number,
    doors,
    parameter,
)
from helpers.rnn.losses import loss_name, loss_value, target_vector
from helpers.rnn.lyapunov import initial
from helpers.rnn.model import Rnn, check_state, response

try:
    import jax
    from jax import numpy as jnp
    from jax.experimental.compilation_cache import compilation_cache
except ImportError:
    raise BackendError("JAX is not installed, and gradients need it: pip install jax optax") from None

__all__ = ["Gradient", "TrainingParams", "gradient"]

GROUPS = ("weights", "gains", "shifts")


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainingParams(Parameters):
    """What a training minimises, and how. All times but the transient are rounded up to whole intervals of t_ons.

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
    t_ons: float = parameter(1.0, "tau", "time between two QRs", low=0, low_open=True, high=1e6)
    transient: float = parameter(10.0, "tau", "time before the frame starts", low=0, high=1e6)
    frame_transient: float = parameter(10.0, "tau", "time before averaging starts", low=0, high=1e6)
    window: float = parameter(15.0, "tau", "between two cuts, for grad = window", low=0, low_open=True, high=1e6)
    clip: float = parameter(2000.0, "", "largest gradient norm of a group", "source", low=0, low_open=True)
    seed: int = parameter(0, "", "of the initial state and frame", low=0)
    init: str = parameter("random", "", "initial state", options=("random", "zero"))
    grad: str = parameter("full", "", "what the gradient goes through", options=("full", "frozen", "window"))
    dale: str = parameter("free", "", "signs of the weights", options=("free", "clip"))
    dtype: str = parameter("float64", options=("float64", "float32"))

    def __post_init__(self):
        super().__post_init__()
        chosen = [self.parameters] if isinstance(self.parameters, str) else np.ravel(self.parameters).tolist()
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
    def norms(self) -> dict[str, float]:
        """Euclidean norm of each group."""
        return {name: float(np.linalg.norm(value)) for name, value in self.by_group.items()}


def gradient(rnn: Rnn, *, masks: Mapping[str, np.ndarray] | None = None, **settings: Any) -> Gradient:
    """Return the :class:`Gradient` of the loss of a network.

    Parameters
    ----------
    rnn : Rnn
        With ``legacy=True`` the exponents are those of the source's wrong Jacobian.
    masks : dict of array, optional
        By group, 1 where a number counts as free and 0 elsewhere.
    **settings
        Fields of :class:`TrainingParams`; k is required.

    Raises
    ------
    ParameterError
        For a setting out of its range, or masks that leave nothing to train.
    BackendError
        If the state or the frame leaves the finite numbers.

    Examples
    --------
    >>> rnn = Rnn([[0.0, 1.0], [0.5, 0.0]], "tanh_pos")
    >>> found = gradient(rnn, k=1, t_sim=10.0, parameters=("weights", "gains"))
    >>> found.by_group["weights"].shape, found.by_group["gains"].shape
    ((2, 2), (2,))
    """
    with double():
        plan, free, fixed = prepared(rnn, TrainingParams(**settings), masks)
        (loss, exponents), slopes = value_and_grad(free, fixed, plan=plan)
        exponents = np.asarray(exponents, float)
        check_state(exponents[np.isnan(exponents)])  # that of a singular tangent is -inf
        return Gradient(float(loss), exponents, by_type(rnn, slopes))


@contextlib.contextmanager
def double() -> Iterator[None]:
    """Let JAX know double precision, and no less than single, in the block; keep its programs in ``.store/jax``.

    Its settings go back to what they were. A folder for compiled programs that is set already stays in use.
    """
    folder, settings = runs.store("jax"), {}
    if jax.config.jax_compilation_cache_dir is None and os.access(folder.parents[1], os.W_OK):
        settings = dict(jax_compilation_cache_dir=str(folder), jax_persistent_cache_min_compile_time_secs=0.0)
    before = {name: getattr(jax.config, name) for name in settings}
    with jax.enable_x64(True), jax.default_matmul_precision("highest"):  # else a GPU's single precision has 10 bits
        try:
            _configure(settings)
            yield
        finally:
            _configure(before)


def _configure(settings):
    for name, value in settings.items():
        jax.config.update(name, value)
    if settings:
        compilation_cache.reset_cache()  # else JAX goes on with the folder that it has opened


# --- preparation


@dataclasses.dataclass(frozen=True)
class Plan:
    """What a gradient is compiled for; all else may change without a compilation.

    `n_ons` counts the steps of a QR interval; `room` the transient's steps, and the intervals, that can be kept.
    """

    activation: str
    loss: str
    n_ons: int
    room: tuple[int, int]


def prepared(rnn: Rnn, params: TrainingParams, masks: Mapping[str, np.ndarray] | None) -> tuple[Plan, dict, dict]:
    """Check a network against the settings; return its :class:`Plan`, the trained arrays, and all else by name."""
    check_integer("k", params.k, 1, rnn.n, hint="at most one exponent per neuron")
    check_number("t_ons", params.t_ons, rnn.dt, params.t_sim, hint="from dt to t_sim")
    if rnn.activation == "tanh" and params.parameters != ("weights",):
        raise ParameterError("parameters: plain tanh has neither gains nor shifts; take tanh_streched or tanh_pos")

    arrays, masks = groups(rnn), _allowed(rnn, params.parameters, masks or {})
    free = {name: arrays.pop(name) for name in params.parameters}
    n_ons = _count(params.t_ons, rnn.dt)
    counts = dict(n_transient=_count(params.transient, rnn.dt))
    for name, time in dict(n_frame=params.frame_transient, n_average=params.t_sim, window=params.window).items():
        counts[name] = _count(time, n_ons * rnn.dt)
    room = _room(counts["n_transient"]), _room(counts["n_frame"] + counts["n_average"])
    plan = Plan(rnn.activation, params.loss, n_ons, room)
    if params.grad != "window":
        counts["window"] = 0

    h0, q0 = initial(rnn, params.k, np.zeros(rnn.n) if params.init == "zero" else None, params.seed)
    fixed = arrays | dict(h0=h0, q0=q0, dt=rnn.dt, target=np.array(params.target), lr=params.lr, clip=params.clip)
    fixed |= dict(signs=np.sign((arrays | free)["weights"]), masks=masks)
    fixed["x"] = np.zeros(rnn.n) if rnn.x is None else rnn.x
    for named in (free, fixed, masks):  # gains and shifts of n places, however many are in use: one program for all
        for name in {"gains", "shifts"}.intersection(named):
            named[name] = np.pad(named[name], (0, max(0, rnn.n - len(named[name]))))
    free, fixed = jax.tree.map(lambda x: jnp.asarray(np.asarray(x), params.dtype), (free, fixed))
    types = np.arange(rnn.n) if rnn.types is None else rnn.types
    switches = dict(legacy=rnn.legacy, full=params.grad == "full", frozen=params.grad == "frozen")
    return plan, free, fixed | jax.tree.map(jnp.asarray, dict(types=types, **counts, **switches))


def by_type(rnn: Rnn, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return trained arrays, or their gradients, without the empty places of gains and shifts behind those in use."""
    own = groups(rnn)
    return {name: np.asarray(value, float)[: len(own[name])] for name, value in arrays.items()}


def _allowed(rnn, parameters, masks):
    """Return {group: where its numbers may change} for the trained groups, after a look at the masks."""
    may_change = trainable(rnn)
    found = {name: may_change[name] for name in parameters}
    for name, mask in masks.items():
        check_choice("masks", name, parameters)
        found[name] = found[name] & (check_array(f"masks[{name!r}]", mask, shape=found[name].shape) != 0)
    if not any(map(np.any, found.values())):
        raise ParameterError("nothing is trained: the masks, or weights that are all 0, leave no number to change")
    return found


def _count(time, step):
    """Return how many steps a time takes; the margin keeps .14 / .02 = 7.000000000000001 from becoming 8."""
    return math.ceil(time / step - 1e-9)


def _room(count):
    """Return the power of two, at least 256, that holds so many: few lengths, so few compilations."""
    return max(256, 2 ** math.ceil(math.log2(max(count, 1))))


def groups(rnn: Rnn) -> dict[str, np.ndarray]:
    """Return weights (n, n), dense, and gains and shifts with one value per type (per neuron without types)."""
    size = rnn.n if rnn.types is None else rnn.types.max() + 1
    weights = rnn.weights.toarray() if hasattr(rnn.weights, "toarray") else rnn.weights
    return dict(weights=weights, gains=np.broadcast_to(rnn.gain, size), shifts=np.broadcast_to(rnn.shift, size))


def trainable(rnn: Rnn) -> dict[str, np.ndarray]:
    """Return where the groups may change: all gains and shifts, and the weights that are not 0."""
    arrays = groups(rnn)
    each = np.ones(arrays["gains"].shape, bool)
    return dict(weights=(arrays["weights"] != 0) & ~np.eye(rnn.n, dtype=bool), gains=each, shifts=each)


# --- the run, there and back


@functools.partial(jax.jit, static_argnames="plan")
def value_and_grad(free: dict, fixed: dict, plan: Plan) -> tuple[tuple[jax.Array, jax.Array], dict]:
    """Return (loss, exponents (k,) in the order of the frame), and the masked gradient by group."""

    def per_neuron(groups):
        return {name: fixed["dt"] * x if name == "weights" else x[fixed["types"]] for name, x in groups.items()}

    trained, to_groups = jax.vjp(per_neuron, free)
    none = jnp.zeros_like(fixed["target"])
    given = per_neuron({name: fixed[name] for name in GROUPS if name in fixed})

    def steps(trained, state, n):
        """Move [h | Q] on by n Euler steps."""
        p = given | trained

        def step(state, _):
            h = jnp.where(fixed["frozen"], jax.lax.stop_gradient(state[:, 0]), state[:, 0])
            phi, slope = response(plan.activation, h, p["gains"], p["shifts"], xp=jnp)
            wrong = response(plan.activation, h, p["gains"], p["shifts"], legacy=True, xp=jnp)[1]
            slope = jnp.where(fixed["legacy"], wrong, slope)
            driven = p["weights"] @ jnp.column_stack([phi, slope[:, None] * state[:, 1:]])
            driven = driven.at[:, 0].add(fixed["dt"] * fixed["x"])
            return (1 - fixed["dt"]) * state + driven, None

        return jax.lax.scan(step, state, None, length=n, unroll=min(n, 2))[0]

    def settle(trained, h, i):
        """Do one step of the transient, which adds nothing to the exponents."""
        return steps(trained, h, 1), none

    def interval(trained, state, i):
        """Do QR interval i; return the state after it and its ln R_ii, which count after the frame's transient."""
        cut = (fixed["window"] > 0) & (i % jnp.maximum(fixed["window"], 1) == 0)
        state = state.at[:, 0].set(jnp.where(cut, jax.lax.stop_gradient(state[:, 0]), state[:, 0]))
        state = steps(trained, state, plan.n_ons)
        q, logs = _qr(state[:, 1:])
        return state.at[:, 1:].set(q), jnp.where(i >= fixed["n_frame"], logs, 0)

    n_intervals, time = fixed["n_frame"] + fixed["n_average"], fixed["n_average"] * plan.n_ons * fixed["dt"]
    h, total, transient = _there(settle, trained, fixed["h0"][:, None], none, fixed["n_transient"], plan.room[0])
    start = jnp.column_stack([h, fixed["q0"]])
    state, total, kept = _there(interval, trained, start, total, n_intervals, plan.room[1])
    exponents = jnp.where(jnp.isfinite(state[:, 0]).all(), total / time, jnp.nan)  # a saturated slope hides an inf
    loss, slope = jax.value_and_grad(lambda x: loss_value(plan.loss, x, fixed["target"], xp=jnp))(exponents)

    found = jax.tree.map(jnp.zeros_like, trained)
    bar, found = _back(interval, trained, kept, n_intervals, jnp.zeros_like(state), slope / time, found)
    n_transient = jnp.where(fixed["full"], fixed["n_transient"], 0)  # else nothing of the transient counts
    _, found = _back(settle, trained, transient, n_transient, bar[:, :1], slope, found)
    return (loss, exponents), jax.tree.map(jnp.multiply, fixed["masks"], to_groups(found)[0])


def _there(one, trained, state, total, n, room):
    """Call ``state, logs = one(trained, state, i)`` n times; return state, total of logs, and the states before."""

    def body(i, carry):
        state, total, kept = carry
        kept = kept.at[i].set(state)
        state, logs = one(trained, state, i)
        return state, total + logs, kept

    return jax.lax.fori_loop(0, n, body, (state, total, jnp.zeros((room, *state.shape), state.dtype)))


def _back(one, trained, kept, n, bar, slope, found):
    """Pull the cotangents `bar` of the last state and `slope` of the logs back through n calls, adding to `found`."""

    def body(done, carry):
        bar, found = carry
        i = n - 1 - done
        pull = jax.vjp(lambda trained, state: one(trained, state, i), trained, kept[i])[1]
        more, bar = pull((bar, slope))
        return bar, jax.tree.map(jnp.add, found, more)

    return jax.lax.fori_loop(0, n, body, (bar, found))


@jax.custom_vjp
def _qr(a):
    """Return Q and ln R_ii of A = Q R, R_ii > 0."""
    return _factor(a)[0]


def _factor(a):
    q, r = jnp.linalg.qr(a)
    signs = jnp.where(r.diagonal() < 0, -1, 1).astype(a.dtype)
    q, r = q * signs, r * signs[:, None]
    return (q, jnp.log(r.diagonal())), (q, r)


def _pull_back(saved, cotangents):
    """Return the cotangent of A; the formula stands in the module."""
    (q, r), (b, c) = saved, cotangents
    m = -b.T @ q
    inner = jnp.tril(m) + jnp.tril(m, -1).T + jnp.diag(c)
    return (jax.lax.linalg.triangular_solve(r, b + q @ inner, transpose_a=True),)


_qr.defvjp(_factor, _pull_back)


doors(globals())
