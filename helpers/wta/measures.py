"""Measures of the WTA network: assemblies, order, entropy, equilibrium of the weights, and closed forms.

All of them read a ``Result`` and work on the model rate r_k(t) = R_max exp(u_k) / sum_circuit exp(u), one row per
step of 1 ms, not on smoothed spikes. A presentation is the window of one complete pattern; time-warped
presentations are resampled to their median length.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from helpers.parameters import ParameterError, check_array, check_choice, check_integer, check_number

__all__ = [
    "Assemblies",
    "Equilibrium",
    "Order",
    "StdpWindow",
    "assemblies",
    "entropy",
    "epsp",
    "equilibrium",
    "fixed_point",
    "mean_activation_order",
    "overlap",
    "pattern_ids",
    "presentations",
    "stdp_window",
    "stp_amplitude",
]

TAU_DECAY_MS, TAU_RISE_MS = 20.0, 2.0
C_PAPER = 0.05 * np.exp(5.0)


# --- assemblies


@dataclass(frozen=True)
class Assemblies:
    """How a network answers to one pattern.

    Attributes
    ----------
    n50, n90 : int
        Neurons whose rate, averaged over presentations, peaks above 50 and 90 Hz.
    rho : float
        Mean Spearman correlation, over pairs of presentations, of the mean activation times of the n50 neurons.
    cc : float
        Mean Pearson correlation of r_k(t), over pairs of presentations and the neurons above 90 Hz in both.
    sigma_ms : float
        Median over the n50 neurons of the standard deviation of the mean activation time, taken on the circle.
    h_pattern, h_noise : float
        Entropy of the softmax (nats, summed over circuits), mean over steps of the pattern and of noise.
    members : ndarray of int
        The n50 neurons; `peak_hz` and `time_ms`, shape (n_neurons,), hold peak and mean activation time of all.

    Notes
    -----
    nan where there is nothing to compare: fewer than two presentations or members, no noise.
    """

    pattern: int
    n_neurons: int
    n_presentations: int
    n50: int
    n90: int
    rho: float
    cc: float
    sigma_ms: float
    h_pattern: float
    h_noise: float
    members: np.ndarray
    peak_hz: np.ndarray
    time_ms: np.ndarray


def assemblies(result, pattern=None):
    """Measure the assembly of one pattern in a (frozen) run recorded with rates.

    Parameters
    ----------
    result : Result
        With ``rate_hz``, shape (n_steps, n_neurons).
    pattern : int, optional
        By default the first pattern that was presented.

    Returns
    -------
    Assemblies
    """
    rate = _rates(result)
    pattern = _pattern(result, pattern)
    r = rate[presentations(result, pattern)]
    time_ms, peak_hz = activation_times(r), r.mean(axis=0).max(axis=0)
    members = np.flatnonzero(peak_hz > 50)
    h, label = entropy(result), step_pattern(result)
    return Assemblies(
        pattern=pattern,
        n_neurons=rate.shape[1],
        n_presentations=len(r),
        n50=len(members),
        n90=int((peak_hz > 90).sum()),
        rho=_rank_correlation(time_ms[:, members]),
        cc=_rate_correlation(r),
        sigma_ms=_spread(time_ms[:, members], r.shape[1]),
        h_pattern=_mean(h[label == pattern]),
        h_noise=_mean(h[label == -1]),
        members=members,
        peak_hz=peak_hz,
        time_ms=activation_times(r.mean(axis=0)),
    )


def _rates(result):
    if result.rate_hz is None:
        raise ParameterError("result.rate_hz is None; record the model rates of this run (Recorder.test does)")
    return result.rate_hz


def _mean(values):
    return float(np.mean(values)) if np.size(values) else np.nan


def pattern_ids(result):
    """Return the patterns with at least one complete presentation, ascending."""
    phases = result.phases
    return np.unique(phases.pattern[phases.complete & (phases.pattern >= 0)])


def _pattern(result, pattern):
    present = pattern_ids(result)
    if not present.size:
        raise ParameterError("result holds no complete presentation of a pattern; run longer than noise plus pattern")
    if pattern is None:
        return int(present[0])
    if check_integer("pattern", pattern, 0) not in present:
        raise ParameterError(f"pattern = {pattern} has no complete presentation; present: {present.tolist()}")
    return pattern


def presentations(result, pattern=None):
    """Return the steps of each complete presentation, int array (n_presentations, length).

    Row indices into ``rate_hz``. Presentations of different length (time warp) are read at the same relative times,
    on as many points as the median presentation has steps.
    """
    shown = result.phases.shown(_pattern(result, pattern))
    length = shown.stop_ms - shown.start_ms
    n = int(np.median(length))
    return shown.start_ms[:, None] - result.t0_ms + np.arange(n) * length[:, None] // n


def step_pattern(result):
    """Return the pattern of each step, int array (n_steps,): -1 noise, -2 outside every phase."""
    label = np.full(result.n_steps, -2)
    phases = result.phases
    for start, stop, pattern in zip(phases.start_ms, phases.stop_ms, phases.pattern, strict=True):
        label[start - result.t0_ms : stop - result.t0_ms] = pattern
    return label


def activation_times(rate):
    """Return the circular mean time of each course, in steps: L/2 pi arg(sum_t r(t) exp(2 pi i t/L)) mod L.

    Parameters
    ----------
    rate : ndarray, shape (..., L, n)

    Returns
    -------
    ndarray, shape (..., n), in [0, L)

    Examples
    --------
    >>> activation_times(np.eye(4)).round(6)
    array([0., 1., 2., 3.])
    """
    n = rate.shape[-2]
    wave = np.exp(2j * np.pi * np.arange(n) / n)
    return np.angle(np.einsum("...tn,t->...n", rate, wave)) / (2 * np.pi) * n % n


def _pairs(matrix):
    """Return the entries above the diagonal of the last two axes' pairs, flattened."""
    return matrix[np.triu_indices(len(matrix), 1)]


def _rank_correlation(time_ms):
    from scipy.stats import rankdata

    if min(time_ms.shape) < 2:
        return np.nan
    with np.errstate(invalid="ignore", divide="ignore"):
        return float(np.mean(_pairs(np.corrcoef(rankdata(time_ms, axis=1)))))


def _rate_correlation(r):
    """Average over pairs of presentations the mean over neurons that exceed 90 Hz in both."""
    used = np.flatnonzero((r.max(axis=1) > 90).sum(axis=0) > 1)
    high = r[:, :, used].max(axis=1) > 90
    z = r[:, :, used] - r[:, :, used].mean(axis=1, keepdims=True)
    norm = np.sqrt((z**2).sum(axis=1))
    flat = norm < 1e-3  # a course that is constant to float32 has no correlation
    z /= np.where(flat, 1, norm)[:, None]
    valid = high & ~flat
    corr = np.array([[(a * b).sum(axis=0) for b in z] for a in z]).reshape(len(r), len(r), len(used))
    both = valid[:, None] & valid[None]
    with np.errstate(invalid="ignore"):
        pairs = _pairs((corr * both).sum(axis=2) / both.sum(axis=2))
    return _mean(pairs[np.isfinite(pairs)])


def _spread(time_ms, period_ms):
    if min(time_ms.shape) < 1 or len(time_ms) < 2:
        return np.nan
    angle = 2 * np.pi * time_ms / period_ms
    centre = np.angle(np.exp(1j * angle).mean(axis=0))
    deviation = (angle - centre + np.pi) % (2 * np.pi) - np.pi
    return float(np.median(deviation.std(axis=0, ddof=1)) * period_ms / (2 * np.pi))


def entropy(result):
    """Return the softmax entropy of each step, summed over circuits, in nats: -sum_k p_k ln p_k.

    p_k is the share of neuron k in the rate of its circuit; every circuit has the same rate. Untrained: sum of ln K.
    """
    share = _rates(result) * (len(result.k) / _rates(result).sum(axis=1, keepdims=True))
    return -(share * np.log(np.maximum(share, np.float32(1e-30)))).sum(axis=1, dtype=float)


def overlap(items):
    """Return the Jaccard overlap of the members of several :class:`Assemblies`, (n, n); 1 on the diagonal.

    |A and B| / |A or B|; nan where both are empty.
    """
    sets = [set(item.members.tolist()) for item in items]
    return np.array([[len(a & b) / len(a | b) if a | b else np.nan for b in sets] for a in sets])


@dataclass(frozen=True)
class Order:
    """Neurons in order of mean activation (`ids`), the time of each neuron (`time_ms`), and the window used."""

    ids: np.ndarray
    time_ms: np.ndarray
    start_ms: int
    stop_ms: int


def mean_activation_order(result, pattern=None):
    """Sort the neurons by mean activation time in the last complete presentation.

    Without `pattern`, the last complete presentation of any pattern. Where no rates were recorded, the spikes of
    that presentation take their place. The time is circular: a neuron active at both ends gets one in between.

    Returns
    -------
    Order
    """
    p = result.phases
    known = pattern_ids(result) if pattern is None else [_pattern(result, pattern)]
    last = np.flatnonzero(p.complete & np.isin(p.pattern, known))
    if not last.size:
        raise ParameterError("result holds no complete presentation of a pattern; run longer than noise plus pattern")
    start, stop = int(p.start_ms[last[-1]]), int(p.stop_ms[last[-1]])
    rate = spike_steps(result) if result.rate_hz is None else result.rate_hz
    time_ms = activation_times(rate[start - result.t0_ms : stop - result.t0_ms])
    return Order(np.argsort(time_ms, kind="stable"), time_ms, start, stop)


# --- equilibrium of the weights


def spike_steps(result, source="network"):
    """Return spikes as a 0/1 float32 array, (n_steps, n_neurons) or, for "input", (n_steps, n_channels)."""
    check_choice("source", source, ("network", "input"))
    if source == "network":
        times, ids, n = result.spike_ms, result.spike_id, result.n_neurons
    else:
        times, ids, n = result.input_ms, result.input_channel, result.n_inputs
    binned = np.zeros((result.n_steps, n), np.float32)
    binned[times - result.t0_ms, ids] = 1
    return binned


@dataclass(frozen=True)
class Equilibrium:
    """Input weights against ln E[y | spike]: correlation, slope, median difference, and the pairs themselves."""

    r: float
    slope: float
    bias: float
    log_y: np.ndarray
    weight: np.ndarray


def equilibrium(result, *, min_spikes=300, kernel="euler"):
    """Compare input weights with the fixed point of the rule, w_ki = ln E[y_i | k spikes].

    The rule moves w by eta (y - e^w) / max(e^w, eta) at each spike of k, so its mean vanishes there.

    Parameters
    ----------
    result : Result
        A long frozen test (20 s); its final weights are those of the whole run.
    min_spikes : int
        Neurons with fewer spikes are left out.

    Returns
    -------
    Equilibrium
    """
    check_integer("min_spikes", min_spikes, 1)
    spikes, y = spike_steps(result), input_epsps(result, kernel=kernel)
    count = spikes.sum(axis=0)
    chosen = count >= min_spikes
    if not chosen.any():
        raise ParameterError(f"no neuron has {min_spikes} spikes; the most active has {count.max():g}; test longer")
    mean_y = spikes[:, chosen].T @ y / count[chosen, None]
    log_y = np.log(np.maximum(mean_y, 1e-12)).ravel()
    w = result.weights["w_in"][chosen].ravel()
    slope = np.polyfit(log_y, w, 1)[0]
    return Equilibrium(float(np.corrcoef(log_y, w)[0, 1]), float(slope), float(np.median(w - log_y)), log_y, w)


def input_epsps(result, *, kernel="euler"):
    """Return y_i = e1_i - e2_i of every input channel as each step sees it, (n_steps, n_inputs), float32.

    A spike of step s enters the traces at the end of s and decays once before it acts: y(s + 1) = 0 and
    y(s + 2) = .45 with Euler steps.
    """
    from scipy.signal import lfilter

    x = spike_steps(result, "input")
    slow, fast = _factors(kernel)
    x = np.vstack([np.zeros((1, x.shape[1]), np.float32), x[:-1]])
    return lfilter([1.0], [1.0, -slow], x, axis=0) - lfilter([1.0], [1.0, -fast], x, axis=0)


def fixed_point(rate_hz, *, kernel="euler"):
    """Return the weight ln E[y] to which an input of Poisson rate `rate_hz` converges on a neuron alone in its circuit.

    With K = 1 the softmax is 1 whatever the input, so spikes carry no information on y and E[y | spike] = E[y] =
    (1 - exp(-rate dt)) (1 / (1 - a) - 1 / (1 - b)), a and b the decay factors of one step.

    Examples
    --------
    >>> round(float(fixed_point(5.0)), 4)
    -2.4104
    """
    slow, fast = _factors(kernel)
    p = -np.expm1(-check_array("rate_hz", rate_hz, low=0) / 1000)
    return np.log(p * (1 / (1 - slow) - 1 / (1 - fast)))


# --- closed forms


def _factors(kernel):
    """Return the decay of e1 and e2 over one step of 1 ms."""
    if check_choice("kernel", kernel, ("exact", "euler")) == "exact":
        return np.exp(-1 / TAU_DECAY_MS), np.exp(-1 / TAU_RISE_MS)
    return 1 - 1 / TAU_DECAY_MS, 1 - 1 / TAU_RISE_MS


def epsp(t_ms, *, kernel="exact"):
    """Return the unweighted EPSP y(t) = a^t - b^t, 0 for t < 0; exact: exp(-t/20) - exp(-t/2), euler: .95^t - .5^t.

    Examples
    --------
    >>> epsp([0, 1, 4], kernel="euler").round(4)
    array([0.   , 0.45 , 0.752])
    """
    t = check_array("t_ms", t_ms)
    slow, fast = _factors(kernel)
    return np.where(t > 0, slow ** np.maximum(t, 0) - fast ** np.maximum(t, 0), 0.0)


@dataclass(frozen=True)
class StdpWindow:
    """The weight change `dw` of one pair against `lag_ms` = t_post - t_pre, its peak, and where it crosses zero."""

    lag_ms: np.ndarray
    dw: np.ndarray
    peak_ms: float
    peak: float
    first_zero_ms: float
    zero_ms: float


def stdp_window(lag_ms, *, w=0.0, kernel="exact"):
    """Return the window of the published rule, dw = c y(lag) e^{-w} - 1 with c = .05 e^5; -1 for post before pre.

    Peak at ln(ln b / ln a) / (ln a - ln b), a and b the decay factors per ms (5.12 ms exact).

    Examples
    --------
    >>> window = stdp_window([-10.0, 1.0, 5.0])
    >>> window.dw.round(3), round(window.zero_ms, 1)
    (array([-1.   ,  1.558,  4.17 ]), 40.1)
    """
    from scipy.optimize import brentq

    def change(t):
        return C_PAPER * epsp(t, kernel=kernel) * np.exp(-check_number("w", w, -50, 50)) - 1

    lag = check_array("lag_ms", lag_ms)
    slow, fast = np.log(_factors(kernel))
    peak_ms = float(np.log(fast / slow) / (slow - fast))
    peak = float(change(peak_ms))
    zeros = (brentq(change, 0, peak_ms), brentq(change, peak_ms, 2000)) if peak > 0 else (np.nan, np.nan)
    return StdpWindow(lag, change(lag), peak_ms, peak, *zeros)


def stp_amplitude(isi_ms, *, u=0.5, tau_d_ms=110.0, tau_f_ms=5.0):
    """Return the steady amplitude u R of a regular train: fixed point of the depression recursion.

    u = U / (1 - (1 - U) e^{-I/F}),  R = (1 - e^{-I/D}) / (1 - (1 - u) e^{-I/D}).

    Examples
    --------
    >>> stp_amplitude([10.0, 100.0]).round(5)
    array([0.08083, 0.37387])
    """
    isi = check_array("isi_ms", isi_ms, low=0)
    check_number("u", u, 0, 1, low_open=True)
    for name, value in (("tau_d_ms", tau_d_ms), ("tau_f_ms", tau_f_ms)):
        check_number(name, value, 0, low_open=True, high_open=True)
    steady = u / (1 - (1 - u) * np.exp(-isi / tau_f_ms))
    left = np.exp(-isi / tau_d_ms)
    return steady * (1 - left) / (1 - (1 - steady) * left)
