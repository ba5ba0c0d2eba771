r"""Lyapunov spectra by the tangent method, at the speed of matrix products.

A frame Q of k orthonormal vectors is carried by the exact tangent of the map; every t_ons it is factored, A = Q R
with R_ii > 0, and

.. math:: \lambda_i = \frac{1}{T}\sum \ln R_{ii}

T is the averaged time alone: it starts after a transient of the state and one of the frame. The factorisation is
Cholesky's, R^T R = A^T A (matrix products only). Where an interval squeezes the frame so much that A^T A cannot hold
it, the interval is done again step by step, in double precision, with Householder's: so the exponents do not depend
on t_ons. A growth below rounding in one step is the growth 0 of a singular tangent: that exponent is -inf.

Exponents are those of the Euler map: 1/tau, and shifted by order dt against continuous time. Anything with ``n``,
``dt`` and ``step(h, q) -> (h', D(h) q)`` can stand in for the network.
"""

from __future__ import annotations

import contextlib
import ctypes
import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.linalg import blas, cython_blas, lapack, qr
from tqdm.auto import tqdm

from helpers.parameters import ParameterError, check_array, check_choice, check_integer, check_number, check_seed, doors
from helpers.rnn.model import check_state

__all__ = ["Spectrum", "initial", "kaplan_yorke", "lyapunov_spectrum", "one_blas_thread", "trajectory"]

N_BLOCKS = 20  # of the standard errors
# Of the diagonal of R, above which A^T A is not used: its rounding error in ln R_ii is eps RATIO^2, 2e-10 and .01.
RATIO = {"float64": 1e3, "float32": 3e2}


@dataclass(frozen=True, eq=False)
class Spectrum:
    """The first k Lyapunov exponents and what follows from them.

    Attributes
    ----------
    exponents : array (k,)
        Descending, per unit of time; -inf where the tangent is singular.
    stderr : array (k,)
        Standard error of each over 20 or more consecutive blocks; nan for runs of fewer than 20 QR intervals, and
        where the exponent is -inf. It sees the scatter within this run only: where a trajectory lingers for longer than
        a block it is two to three times too small, on a limit cycle twice too large. Over starts or networks take the
        spread of their exponents.
    kaplan_yorke : float
        Dimension, not divided by n, see :func:`kaplan_yorke`.
    entropy : float
        Sum of the positive exponents (Pesin), not divided by n; a lower bound if all k are positive and k < n.
    mean_log_det : float
        <ln|det D|>/dt over the averaged steps if k = n, else nan. From LU factors of the transported frames, not
        from R: it equals the sum of the exponents if the factorisation is right.
    time : float
        Averaged time.
    converged : bool or None
        Whether the standard error of the first exponent reached `tolerance`; None if none was asked for.
    times, running : array (n_t,), (n_t, k), or None
        With ``trace=True``: averaged time after each QR, and the exponents up to there, columns as in `exponents`.
    """

    exponents: np.ndarray
    stderr: np.ndarray
    kaplan_yorke: float
    entropy: float
    mean_log_det: float
    time: float
    converged: bool | None = None
    times: np.ndarray | None = None
    running: np.ndarray | None = None


def kaplan_yorke(exponents: Sequence[float], n: int | None = None) -> float:
    """Return the Kaplan-Yorke dimension ``j + (l_1 + ... + l_j) / |l_(j+1)|``, j the last index with a sum >= 0.

    Parameters
    ----------
    exponents : array (k,)
        The first k exponents, descending; -inf is allowed.
    n : int, optional
        Dimension of the state; by default k.

    Returns
    -------
    float
        0 if the first is negative, n if the sum of all n never is, nan if k < n exponents do not reach the crossing.

    Raises
    ------
    ParameterError
        If the exponents hold nan or do not descend.

    Examples
    --------
    >>> round(kaplan_yorke([0.906, 0.0, -14.572]), 3), kaplan_yorke([-0.1, -1.0]), kaplan_yorke([0.2, 0.1], n=3)
    (2.062, 0.0, nan)
    """
    exponents = check_array("exponents", exponents, ndim=1, finite=False)
    if np.isnan(exponents).any() or (exponents[1:] > exponents[:-1]).any():
        raise ParameterError("exponents hold nan or rise; allowed: a descending spectrum; sort it first")
    total = np.cumsum(exponents)
    j = int(np.argmax(total < 0)) if (total < 0).any() else len(total)
    if j == len(total):
        return float(j) if n in (None, j) else math.nan
    return float(j + total[j - 1] / abs(exponents[j])) if j else 0.0


@contextlib.contextmanager
def one_blas_thread() -> Iterator[None]:
    """Let scipy's BLAS use one thread inside the block: on matrices of this size two are up to ten times slower.

    Works through the OpenBLAS that scipy has loaded, and puts its setting back. With another BLAS nothing changes;
    there, set OMP_NUM_THREADS=1 before Python starts.
    """
    library = ctypes.CDLL(cython_blas.__file__)
    prefix = next((p for p in ("scipy_openblas", "openblas") if hasattr(library, f"{p}_set_num_threads")), None)
    before = library[f"{prefix}_get_num_threads"]() if prefix else 1
    set_threads = library[f"{prefix}_set_num_threads"] if prefix else int
    set_threads(1)
    try:
        yield
    finally:
        set_threads(before)


def initial(
    rnn: Any, k: int, h0: Sequence[float] | None, seed: int | np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return the initial state (n,) and an orthonormal frame (n, k), from two streams of `seed`.

    Examples
    --------
    >>> from helpers.rnn.model import Rnn
    >>> h, q = initial(Rnn(np.zeros((3, 3))), 2, None, seed=0)
    >>> h.shape, bool(np.allclose(q.T @ q, np.eye(2)))
    ((3,), True)
    """
    streams = check_seed(seed).spawn(2)
    h0 = getattr(rnn, "h0", None) if h0 is None else h0
    h = streams[0].standard_normal(rnn.n) if h0 is None else check_array("h0", h0, shape=(rnn.n,))
    q, r = qr(streams[1].standard_normal((rnn.n, k)), mode="economic")
    return h, np.asfortranarray(q * np.where(r.diagonal() < 0, -1, 1))


def trajectory(
    rnn: Any,
    *,
    t_sim: float,
    transient: float = 0.0,
    seed: int | np.random.Generator = 0,
    h0: Sequence[float] | None = None,
) -> np.ndarray:
    """Return the states (n_steps + 1, n) of a network or map after a transient, one per step of dt.

    Examples
    --------
    >>> from helpers.rnn.model import Rnn
    >>> trajectory(Rnn([[0.0]]), t_sim=0.3, h0=[1.0]).ravel().round(3).tolist()
    [1.0, 0.9, 0.81, 0.729]
    """
    h = initial(rnn, 1, h0, seed)[0]
    skipped, n_steps = (round(check_number("time", t, 0, 1e7) / rnn.dt) for t in (transient, t_sim))
    none, states = np.empty((rnn.n, 0)), np.empty((n_steps + 1, rnn.n))
    for i in range(-skipped, n_steps + 1):
        states[max(i, 0)] = h
        h = rnn.step(h, none)[0]
    check_state(states[-1])
    return states


def lyapunov_spectrum(
    rnn: Any,
    *,
    k: int,
    t_sim: float,
    t_ons: float = 1.0,
    transient: float = 50.0,
    frame_transient: float = 20.0,
    h0: Sequence[float] | None = None,
    seed: int | np.random.Generator = 0,
    dtype: str = "float64",
    log_det: bool = True,
    trace: bool = False,
    tolerance: float | None = None,
    t_max: float | None = None,
    progress: bool = False,
) -> Spectrum:
    """Return the first k Lyapunov exponents of a network as a :class:`Spectrum`.

    Parameters
    ----------
    rnn : Rnn, or any object with n, dt and step(h, q)
        A map's own `h0`, if it has one, is its default start.
    k : int
        Number of exponents, 1 to n.
    t_sim : float
        Averaged time, >= t_ons. All times in units of the time constant, rounded up to whole steps.
    t_ons : float
        Time between two QR factorisations, >= dt. It does not change the exponents; about 1 to 5 is fastest.
    transient, frame_transient : float
        Time before the frame starts, and then before averaging starts, >= 0. Near g = 1 take a transient of 200.
    h0 : array (n,), optional
        Initial state; by default standard normal from `seed`.
    seed : int or numpy.random.Generator
        Of the initial state and the initial frame, each from its own stream.
    dtype : {"float64", "float32"}
    log_det : bool
        With k = n, take the determinants for ``mean_log_det`` too: some 8 % of the time at n = 100, less beyond.
    trace : bool
        Keep the running exponents.
    tolerance : float, optional
        Wanted standard error of the first exponent: averaging goes on, `t_sim` at a time, until it is reached.
    t_max : float, optional
        Averaged time at which to give up on that; by default 10 t_sim.
    progress : bool
        Show a bar over the averaged time (never under CI).

    Raises
    ------
    ParameterError
        For a bad argument.
    BackendError
        If the state or the frame leaves the finite numbers, in a transient too.

    References
    ----------
    Benettin, Galgani, Giorgilli, Strelcyn (1980) Meccanica 15:21, doi 10.1007/BF02128237

    Examples
    --------
    >>> from helpers.rnn.model import Rnn
    >>> found = lyapunov_spectrum(Rnn([[0., -.9], [.5, 0.]]), k=2, t_sim=1000)
    >>> found.exponents.round(3).tolist(), round(found.mean_log_det, 5)
    ([-1.026, -1.026], -2.05181)
    """
    missing = [name for name in ("n", "dt", "step") if not hasattr(rnn, name)]
    if missing:
        raise ParameterError(f"rnn is a {type(rnn).__name__} without {', '.join(missing)}; give an Rnn or a map")
    check_integer("k", k, 1, rnn.n, hint="at most one exponent per dimension")
    check_choice("dtype", dtype, tuple(RATIO))
    t_sim = check_number("t_sim", t_sim, rnn.dt, 1e9, hint="averaged time, at least dt")
    t_ons = check_number("t_ons", t_ons, rnn.dt, t_sim, hint="QR interval, from dt to t_sim")
    t_max = 10 * t_sim if t_max is None else check_number("t_max", t_max, t_sim, 1e9, hint="at least t_sim")
    transient = check_number("transient", transient, 0, 1e9)
    frame_transient = check_number("frame_transient", frame_transient, 0, 1e9)
    if tolerance is not None:
        check_number("tolerance", tolerance, 0, low_open=True)
    # the margin keeps .14 / .02 = 7.000000000000001 from becoming 8 steps
    times = (transient, frame_transient, t_sim, t_ons, t_max)
    n_transient, n_frame, n_steps, n_ons, n_max = (math.ceil(t / rnn.dt - 1e-9) for t in times)

    with one_blas_thread(), np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        state = np.asfortranarray(np.column_stack(initial(rnn, k, h0, seed)), dtype=dtype)
        fast = rnn.replace(weights=rnn.weights.astype(dtype)) if hasattr(rnn, "advance") else rnn
        _advance(fast, state[:, :1], n_transient)
        for length in _intervals(n_frame, n_ons):
            _interval(rnn, fast, state, length, log_det=False)
        lengths, logs, volume = [], [], []
        while True:
            planned = _intervals(min(n_steps, n_max - sum(lengths)), n_ons)
            for length in tqdm(planned, desc=f"{k} exponents", disable=not progress or bool(os.environ.get("CI"))):
                found = _interval(rnn, fast, state, length, log_det=log_det and k == rnn.n)
                lengths.append(length)
                logs.append(found[0])
                volume.append(found[1])
            durations = rnn.dt * np.array(lengths)
            found = summarise(np.array(logs), durations, np.array(volume), rnn.n, trace=trace, tolerance=tolerance)
            if found.converged is not False or sum(lengths) >= n_max:
                return found


def _intervals(n_steps, n_ons):
    """Return the steps before each QR: `n_ons`, and in the last interval what is left."""
    rest = n_steps % n_ons
    return [n_ons] * (n_steps // n_ons) + [rest] * (rest > 0)


def _advance(rnn, state, n_steps):
    """Move ``[h | Q]`` on in place, by the network's fused product or by the step of any other map."""
    if hasattr(rnn, "advance"):
        rnn.advance(state, n_steps)
        return
    h, q = state[:, 0].copy(), state[:, 1:].copy()
    for _ in range(n_steps):
        h, q = rnn.step(h, q)
    state[:, 0], state[:, 1:] = h, q
    check_state(state[:, 0])


def _interval(rnn, fast, state, n_steps, *, log_det):
    """Move ``[h | Q]`` on and make Q orthonormal, in place; return ln R_ii (k,), and ln|det| of the tangent or nan."""
    start, frame, volume = state.copy(order="F"), state[:, 1:], np.nan
    _advance(fast, state, n_steps)
    if log_det:
        # ln|det Q| of a square frame that rounding left off orthonormality is tr(Q^T Q - I) / 2 to first order
        volume = _log_det(frame) - (np.linalg.norm(start[:, 1:]) ** 2 - rnn.n) / 2
    double = frame.dtype == np.float64
    syrk, trsm = (blas.dsyrk, blas.dtrsm) if double else (blas.ssyrk, blas.strsm)
    r, failed = (lapack.dpotrf if double else lapack.spotrf)(syrk(1, frame, trans=1), clean=0, overwrite_a=1)
    diagonal = r.diagonal()
    if not failed and max(1.0, diagonal.max()) <= RATIO[frame.dtype.name] * diagonal.min():
        logs = np.log(diagonal)
        trsm(1, r, frame, side=1, overwrite_b=1)
        return logs, volume
    exact = start.astype(float, order="F")
    logs, volume = _step_by_step(rnn, exact, n_steps, log_det)
    state[:] = exact
    return logs, volume


def _step_by_step(rnn, state, n_steps, log_det):
    """Do what :func:`_interval` does, in double precision with a Householder QR after every step."""
    logs, volume, frame = 0.0, 0.0 if log_det else np.nan, state[:, 1:]
    for _ in range(n_steps):
        before = (np.linalg.norm(frame) ** 2 - rnn.n) / 2
        _advance(rnn, state, 1)
        check_state(state)
        if log_det:
            volume += _log_det(frame) - before
        scale = max(1.0, np.linalg.norm(frame, axis=0).max())
        q, r = qr(frame, mode="economic", check_finite=False)
        diagonal = np.abs(r.diagonal())
        diagonal[diagonal <= 4 * rnn.n * np.finfo(float).eps * scale] = 0  # what rounding leaves of 0
        logs = logs + np.log(diagonal)
        frame[:] = q * np.where(r.diagonal() < 0, -1, 1)
    return logs, volume if np.isfinite(logs).all() else logs.min()


def _log_det(frame):
    """Return ln|det| of a square frame, by LU."""
    getrf = lapack.dgetrf if frame.dtype == np.float64 else lapack.sgetrf
    return np.log(np.abs(getrf(frame)[0].diagonal())).sum(dtype=float)


def summarise(
    logs: np.ndarray,
    durations: np.ndarray,
    log_det: np.ndarray,
    n: int,
    *,
    trace: bool = False,
    tolerance: float | None = None,
) -> Spectrum:
    """Return the :class:`Spectrum` of the local ln R_ii (n_qr, k), over QR intervals of the given durations (n_qr,).

    Columns are sorted by their mean. `log_det` is ln|det| of the tangent map of each interval, or nan.
    """
    time = durations.sum()
    exponents = logs.sum(axis=0) / time
    order = np.argsort(-exponents, kind="stable")
    exponents, logs = exponents[order], logs[:, order]
    stderr = np.full(len(exponents), np.nan)
    size = len(logs) // N_BLOCKS
    if size:  # 20 to 39 blocks of equally many intervals; a rest is left out
        used = len(logs) // size * size
        blocks = logs[:used].reshape(-1, size, logs.shape[1]).sum(axis=1)
        blocks /= durations[:used].reshape(-1, size).sum(axis=1)[:, None]
        stderr = blocks.std(axis=0, ddof=1) / math.sqrt(len(blocks))
    return Spectrum(
        exponents,
        stderr,
        kaplan_yorke(exponents, n),
        entropy=float(exponents[exponents > 0].sum()),
        mean_log_det=float(log_det.sum() / time),
        time=float(time),
        converged=None if tolerance is None else bool(stderr[0] <= tolerance),
        times=np.cumsum(durations) if trace else None,
        running=np.cumsum(logs, axis=0) / np.cumsum(durations)[:, None] if trace else None,
    )


doors(globals())
