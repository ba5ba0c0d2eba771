r"""Lyapunov spectra by the tangent method, at the speed of matrix products.

A frame Q of k orthonormal vectors is carried by the exact tangent of the map; every t_ons it is factored, A = Q R
with R_ii > 0, and

.. math:: \lambda_i = \frac{1}{T}\sum \ln R_{ii}

T is the averaged time alone: it starts after a transient of the state and one of the frame. The factorisation is
Cholesky's, R^T R = A^T A (matrix products only), and Householder's where the Cholesky one fails or the diagonal
of R spans more than 1e6 (1e3 in float32). Exponents are those of the Euler map: 1/tau, and shifted by order dt
against continuous time.

Anything with ``n``, ``dt`` and ``step(h, q) -> (h', D(h) q)`` can stand in for the network, see
:mod:`helpers.rnn.maps`.
"""

from __future__ import annotations

import contextlib
import ctypes
import math
from dataclasses import dataclass

import numpy as np
from scipy.linalg import blas, cython_blas, lapack, qr

from helpers import parameters as errors
from helpers.parameters import BackendError, ParameterError, check_integer, check_number

__all__ = ["Spectrum", "kaplan_yorke", "lyapunov_spectrum", "one_blas_thread"]

N_BLOCKS = 20  # of the standard errors
RATIO = {"float64": 1e6, "float32": 1e3}  # of the diagonal of R, above which Householder takes over


@dataclass(frozen=True, eq=False)
class Spectrum:
    """The first k Lyapunov exponents and what follows from them.

    Attributes
    ----------
    exponents : array (k,)
        Descending, per unit of time.
    stderr : array (k,)
        Standard error of each over 20 or more consecutive blocks; nan for runs of fewer than 20 QR intervals.
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


def kaplan_yorke(exponents, n=None):
    """Return the Kaplan-Yorke dimension ``j + (l_1 + ... + l_j) / |l_(j+1)|``, j the last index with a sum >= 0.

    Parameters
    ----------
    exponents : array (k,)
        The first k exponents, descending.
    n : int, optional
        Dimension of the state; by default k.

    Returns
    -------
    float
        0 if the first is negative, n if the sum of all n never is, nan if k < n exponents do not reach the crossing.

    Examples
    --------
    >>> round(kaplan_yorke([0.906, 0.0, -14.572]), 3), kaplan_yorke([-0.1, -1.0]), kaplan_yorke([0.2, 0.1], n=3)
    (2.062, 0.0, nan)
    """
    exponents = errors.check_array("exponents", exponents, ndim=1, finite=False)
    total = np.cumsum(exponents)
    j = int(np.argmax(total < 0)) if (total < 0).any() else len(total)
    if j == len(total):
        return float(j) if n in (None, j) else math.nan
    return float(j + total[j - 1] / abs(exponents[j])) if j else 0.0


@contextlib.contextmanager
def one_blas_thread():
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


def lyapunov_spectrum(
    rnn, *, k, t_sim, t_ons=1.0, transient=50.0, frame_transient=20.0, h0=None, seed=0, dtype="float64", log_det=True,
    trace=False, tolerance=None, t_max=None
):  # fmt: skip
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
        Time between two QR factorisations, >= dt. It does not change the exponents up to about 2; longer is faster.
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

    Raises
    ------
    ParameterError
        For a bad argument.
    BackendError
        If the state or the frame leaves the finite numbers.

    Examples
    --------
    >>> from helpers.rnn.model import Rnn
    >>> found = lyapunov_spectrum(Rnn([[0., -.9], [.5, 0.]]), k=2, t_sim=1000)
    >>> found.exponents.round(3).tolist(), round(found.mean_log_det, 5)
    ([-1.026, -1.026], -2.05181)
    """
    plan = check_plan(rnn, k, t_sim, t_ons, transient, frame_transient, dtype, tolerance, t_max)
    rnn = rnn.replace(weights=rnn.weights.astype(dtype)) if hasattr(rnn, "advance") else rnn
    with one_blas_thread(), np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        state = np.asfortranarray(np.column_stack(initial(rnn, k, h0, seed)), dtype=dtype)
        _advance(rnn, state[:, :1], plan.n_transient)
        _measure(rnn, state, interval_lengths(plan.n_frame, plan.n_ons), log_det=False)
        lengths, parts = np.empty(0, int), []
        while True:
            more = interval_lengths(min(plan.n_steps, plan.n_max - lengths.sum()), plan.n_ons)
            parts.append(_measure(rnn, state, more, log_det and k == rnn.n))
            lengths = np.r_[lengths, more]
            logs, volume = (np.concatenate(part) for part in zip(*parts, strict=True))
            found = summarise(logs, lengths * rnn.dt, volume, rnn.n, trace=trace, tolerance=tolerance)
            if found.converged is not False or lengths.sum() >= plan.n_max:
                return found


@dataclass(frozen=True)
class Plan:
    """A checked run in whole steps: the two transients, the averaged steps, those between QRs, and the most."""

    n_transient: int
    n_frame: int
    n_steps: int
    n_ons: int
    n_max: int


def check_plan(rnn, k, t_sim, t_ons, transient, frame_transient, dtype, tolerance=None, t_max=None):
    """Check the arguments of :func:`lyapunov_spectrum`; return its :class:`Plan`."""
    missing = [name for name in ("n", "dt", "step") if not hasattr(rnn, name)]
    if missing:
        raise ParameterError(f"rnn is a {type(rnn).__name__} without {', '.join(missing)}; give an Rnn or a map")
    check_integer("k", k, 1, rnn.n, hint="at most one exponent per dimension")
    errors.check_choice("dtype", dtype, tuple(RATIO))
    t_sim = check_number("t_sim", t_sim, rnn.dt, 1e9, hint="averaged time, at least dt")
    t_ons = check_number("t_ons", t_ons, rnn.dt, t_sim, hint="QR interval, from dt to t_sim")
    if tolerance is not None:
        check_number("tolerance", tolerance, 0, low_open=True)
    t_max = 10 * t_sim if t_max is None else check_number("t_max", t_max, t_sim, 1e9, hint="at least t_sim")
    waits = check_number("transient", transient, 0, 1e9), check_number("frame_transient", frame_transient, 0, 1e9)
    # the margin keeps .14 / .02 = 7.000000000000001 from becoming 8 steps
    return Plan(*(math.ceil(t / rnn.dt - 1e-9) for t in (*waits, t_sim, t_ons, t_max)))


def initial(rnn, k, h0, seed):
    """Return the initial state (n,) and the orthonormal frame (n, k), from two streams of `seed`."""
    streams = errors.check_seed(seed).spawn(2)
    h0 = getattr(rnn, "h0", None) if h0 is None else h0
    h = streams[0].standard_normal(rnn.n) if h0 is None else errors.check_array("h0", h0, shape=(rnn.n,))
    frame = np.asfortranarray(streams[1].standard_normal((rnn.n, k)))
    _orthonormalise(frame)
    return h, frame


def _advance(rnn, state, n_steps):
    """Move ``[h | Q]`` on in place, by the network's fused product or by the step of any other map."""
    if hasattr(rnn, "advance"):
        return rnn.advance(state, n_steps)
    h, q = state[:, 0].copy(), state[:, 1:].copy()
    for _ in range(n_steps):
        h, q = rnn.step(h, q)
    state[:, 0], state[:, 1:] = h, q


def _measure(rnn, state, lengths, log_det):
    """Run intervals of so many steps; return ln R_ii (n_qr, k), and ln|det| (n_qr,) of their tangent maps or nan."""
    frame = state[:, 1:]
    logs, volume = np.empty((lengths.size, frame.shape[1])), np.full(lengths.size, np.nan)
    for i, length in enumerate(lengths):
        before = _log_volume(frame) if log_det else 0
        _advance(rnn, state, length)
        if log_det:
            volume[i] = _log_det(frame) - before
        logs[i] = np.log(_orthonormalise(frame))
    return logs, volume


def interval_lengths(n_steps, n_ons):
    """Return the steps before each QR: `n_ons`, and in the last interval what is left."""
    lengths = np.full(math.ceil(n_steps / n_ons), n_ons)
    lengths[-1:] = n_steps - n_ons * (lengths.size - 1)
    return lengths


def _log_volume(q):
    """Return ln|det Q| of a square frame that rounding left off orthonormality: tr(Q^T Q - I) / 2 to first order."""
    flat = q.ravel("F")  # a view; the frame is in Fortran order
    return ((blas.ddot if flat.dtype == np.float64 else blas.sdot)(flat, flat) - len(q)) / 2


def _log_det(frame):
    """Return ln|det| of a square frame, by LU."""
    getrf = lapack.dgetrf if frame.dtype == np.float64 else lapack.sgetrf
    return np.log(np.abs(getrf(frame)[0].diagonal())).sum(dtype=float)


def _orthonormalise(frame):
    """Replace A (Fortran order) by Q of A = Q R in place; return the diagonal of R, >= 0."""
    double = frame.dtype == np.float64
    syrk, trsm = (blas.dsyrk, blas.dtrsm) if double else (blas.ssyrk, blas.strsm)
    r, failed = (lapack.dpotrf if double else lapack.spotrf)(syrk(1, frame, trans=1), clean=0, overwrite_a=1)
    diagonal = r.diagonal().copy()
    if not failed and diagonal.max() <= RATIO[frame.dtype.name] * diagonal.min():
        trsm(1, r, frame, side=1, overwrite_b=1)
        return diagonal
    return _householder(frame)


def _householder(frame):
    if not np.isfinite(frame).all():
        raise BackendError("the state or frame has left the finite numbers; take a shorter t_ons, or check the map")
    q, r = qr(frame, mode="economic", check_finite=False)
    diagonal = r.diagonal()
    frame[:] = q * np.where(diagonal < 0, -1, 1)
    return np.abs(diagonal)


def summarise(logs, durations, log_det, n, *, trace=False, tolerance=None):
    """Return the :class:`Spectrum` of the local ln R_ii (n_qr, k), over QR intervals of the given durations (n_qr,).

    Columns are sorted by their mean. `log_det` is ln|det| of the tangent map of each interval, or nan.
    """
    time = durations.sum()
    exponents = logs.sum(axis=0) / time
    order = np.argsort(-exponents, kind="stable")
    exponents, logs = exponents[order], logs[:, order]
    stderr, times = _block_errors(logs, durations), np.cumsum(durations)
    entropy, mean_log_det = float(exponents[exponents > 0].sum()), float(log_det.sum() / time)
    converged = None if tolerance is None else bool(stderr[0] <= tolerance)
    history = (times, np.cumsum(logs, axis=0) / times[:, None]) if trace else ()
    dimension = kaplan_yorke(exponents, n)
    return Spectrum(exponents, stderr, dimension, entropy, mean_log_det, float(time), converged, *history)


def _block_errors(logs, durations):
    """Return the standard errors of the mean, from 20 to 39 blocks of equally many intervals; a rest is left out."""
    size = len(logs) // N_BLOCKS
    if size == 0:
        return np.full(logs.shape[1], np.nan)
    used = len(logs) // size * size
    blocks = logs[:used].reshape(-1, size, logs.shape[1]).sum(axis=1)
    blocks /= durations[:used].reshape(-1, size).sum(axis=1)[:, None]
    return blocks.std(axis=0, ddof=1) / math.sqrt(len(blocks))
