"""Lyapunov spectra of many networks at once, in JAX: the numbers of :func:`helpers.rnn.lyapunov.lyapunov_spectrum`.

The networks (over g, samples, seeds) are one vectorised program, which pays where a single one is too small to fill a
processor (k = 1, n = 100) and on a GPU. A new shape costs seconds of compilation; times may change freely. Double
precision is switched on inside the call and nowhere else.
"""

from __future__ import annotations

import functools

import numpy as np

from helpers.parameters import BackendError, ParameterError
from helpers.rnn.lyapunov import RATIO, check_plan, initial, interval_lengths, summarise
from helpers.rnn.model import Rnn, response

try:
    import jax

    try:
        _x64 = jax.enable_x64
    except AttributeError:  # before 0.8
        from jax.experimental import enable_x64 as _x64
except ImportError:
    raise BackendError("JAX is not installed; install the extra: pip install 'neural-notebooks[jax]'") from None

__all__ = ["lyapunov_spectra"]


def lyapunov_spectra(
    rnns, *, k, t_sim, t_ons=1.0, transient=50.0, frame_transient=20.0, h0=None, seed=0, dtype="float64", trace=False
):
    """Return the :class:`~helpers.rnn.lyapunov.Spectrum` of each network, in a list.

    Parameters
    ----------
    rnns : sequence of Rnn
        Of one n, dt, activation and legacy switch; weights, gains and shifts are free.
    k, t_sim, t_ons, transient, frame_transient, dtype, trace
        As in :func:`helpers.rnn.lyapunov.lyapunov_spectrum`.
    h0 : array (n_networks, n) or (n,), optional
    seed : int, or sequence with one for each network
        A single one gives every network the same initial state and frame.

    Raises
    ------
    ParameterError
        For a bad argument, or networks that differ in what they have to share.
    BackendError
        If JAX is not installed, or a state leaves the finite numbers.

    Examples
    --------
    >>> from helpers.rnn.model import random_weights
    >>> nets = [Rnn(random_weights(20, g, seed=1)) for g in (.5, .8)]
    >>> [round(float(s.exponents[0]), 2) for s in lyapunov_spectra(nets, k=1, t_sim=200)]
    [-0.58, -0.3]
    """
    rnns = _checked(rnns)
    plan = check_plan(rnns[0], k, t_sim, t_ons, transient, frame_transient, dtype)
    starts = [initial(rnn, k, h, s) for rnn, h, s in zip(rnns, *_each(h0, seed, len(rnns)), strict=True)]
    waits, lengths = (interval_lengths(n_steps, plan.n_ons) for n_steps in (plan.n_frame, plan.n_steps))
    first = rnns[0]
    options = dict(activation=first.activation, legacy=first.legacy)
    with _x64(True):  # an array then keeps whichever of the two precisions it has
        arrays = [jax.numpy.asarray(x, dtype) for x in _stacked(rnns, starts)]
        arguments = (*arrays, np.asarray(first.dt, dtype), plan.n_transient, waits, lengths)
        logs, log_det = (np.asarray(x, float) for x in _run(*arguments, **options, householder=False))
        if _ill_conditioned(logs, dtype):
            logs, log_det = (np.asarray(x, float) for x in _run(*arguments, **options, householder=True))
    if np.isnan(logs).any():
        raise BackendError("a state or a frame has left the finite numbers; take a shorter t_ons, or check the weights")
    return [summarise(x, lengths * first.dt, v, first.n, trace=trace) for x, v in zip(logs, log_det, strict=True)]


def _checked(rnns):
    rnns = list(rnns) if np.iterable(rnns) else [rnns]
    if not rnns or not all(isinstance(rnn, Rnn) for rnn in rnns):
        raise ParameterError("rnns is empty or holds something else; give a list of Rnn")
    for name in ("n", "dt", "activation", "legacy"):
        values = {getattr(rnn, name) for rnn in rnns}
        if len(values) > 1:
            raise ParameterError(f"rnns differ in {name}: {sorted(values)}; call once for each value")
    return rnns


def _each(h0, seed, n):
    """Return one h0 and one seed for each network."""
    seeds = list(seed) if np.iterable(seed) else [seed] * n
    states = list(h0) if np.ndim(h0) == 2 else [h0] * n
    if len(seeds) != n or len(states) != n:
        raise ParameterError(
            f"{len(seeds)} seeds and {len(states)} initial states given; allowed: one, or one per network"
        )
    return states, seeds


def _stacked(rnns, starts):
    """Return weights, gains, shifts and ``[h | Q]`` of all networks, each with the network as first axis."""
    gains, shifts = (np.stack([np.broadcast_to(getattr(r, name), r.n) for r in rnns]) for name in ("gains", "shifts"))
    return np.stack([rnn.weights for rnn in rnns]), gains, shifts, np.stack([np.column_stack(s) for s in starts])


def _ill_conditioned(logs, dtype):
    spread = logs.max(axis=-1) - logs.min(axis=-1)
    return not (spread <= np.log(RATIO[dtype])).all()


@functools.partial(jax.jit, static_argnames=("activation", "legacy", "householder"))
def _run(weights, gains, shifts, state, dt, n_transient, waits, lengths, *, activation, legacy, householder):
    """Return ln R_ii (n_networks, n_qr, k) and ln|det| (n_networks, n_qr) of every interval of `lengths` steps."""
    factor = _householder if householder else _cholesky

    def one(weights, gains, shifts, state):
        def move(_, state):
            phi, slope = response(activation, state[:, 0], gains, shifts, legacy=legacy, xp=jax.numpy)
            driven = state.at[:, 0].set(phi).at[:, 1:].multiply(slope[:, None])
            return (1 - dt) * state + dt * (weights @ driven)

        def interval(state, length):
            before = _log_det(state[:, 1:])
            state = jax.lax.fori_loop(0, length, move, state)
            q, diagonal = factor(state[:, 1:])
            found = jax.numpy.log(diagonal), _log_det(state[:, 1:]) - before
            return state.at[:, 1:].set(q), found

        h = jax.lax.fori_loop(0, n_transient, move, state[:, :1])
        state, _ = jax.lax.scan(interval, state.at[:, :1].set(h), waits)
        return jax.lax.scan(interval, state, lengths)[1]

    return jax.vmap(one)(weights, gains, shifts, state)


def _log_det(frame):
    """Return ln|det| by LU, or nan if the frame is not square."""
    square = frame.shape[0] == frame.shape[1]
    return jax.numpy.linalg.slogdet(frame)[1] if square else jax.numpy.nan


def _cholesky(frame):
    """Return Q and the diagonal of R, nan where the Cholesky factorisation fails."""
    lower = jax.lax.linalg.cholesky(frame.T @ frame, symmetrize_input=False)
    q = jax.lax.linalg.triangular_solve(lower, frame, lower=True, transpose_a=True)
    return q, lower.diagonal()


def _householder(frame):
    q, r = jax.numpy.linalg.qr(frame)
    diagonal = r.diagonal()
    return q * jax.numpy.where(diagonal < 0, -1, 1), abs(diagonal)
