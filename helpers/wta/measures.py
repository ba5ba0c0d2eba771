"""Measures of the WTA network: assemblies, order, entropy, overlap.

All of them read a ``Result`` and work on the model rate r_k(t) = R_max exp(u_k) / sum_circuit exp(u), one row per
step of 1 ms, not on smoothed spikes. A presentation is the window of one complete pattern; time-warped
presentations are resampled to their median length.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from helpers.parameters import ParameterError, check_array, check_choice, check_integer, check_number, doors, short

if TYPE_CHECKING:
    from helpers.wta.params import Result

__all__ = ["Assemblies", "Order", "activation_times", "assemblies", "entropy", "mean_activation_order", "overlap"]
__all__ += ["presentations", "rank_correlation", "rate_correlation", "spike_steps", "spread"]

MEMBER_HZ, DECIDED_HZ = 50.0, 90.0  # peak rates of a member of the assembly, and of a circuit that is decided
NOTHING = "result holds no complete presentation of a pattern; run longer than noise plus pattern"


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
    silent : int
        Neurons that peak below 1 Hz.
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
    silent: int
    h_pattern: float
    h_noise: float
    members: np.ndarray
    peak_hz: np.ndarray
    time_ms: np.ndarray


def assemblies(result: Result, pattern: int | None = None) -> Assemblies:
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
    members = np.flatnonzero(peak_hz > MEMBER_HZ)
    h, label = entropy(result), result.phases.per_ms(result.t0_ms, result.n_steps)
    return Assemblies(
        pattern=pattern,
        n_neurons=rate.shape[1],
        n_presentations=len(r),
        n50=len(members),
        n90=int((peak_hz > DECIDED_HZ).sum()),
        rho=rank_correlation(time_ms[:, members]),
        cc=rate_correlation(r),
        sigma_ms=spread(time_ms[:, members], r.shape[1]),
        silent=int((peak_hz < 1).sum()),
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


def _pattern(result, pattern):
    present = result.phases.complete_patterns()
    if not present.size:
        raise ParameterError(NOTHING)
    if pattern is None:
        return int(present[0])
    if check_integer("pattern", pattern, 0) not in present:
        raise ParameterError(f"pattern = {pattern} has no complete presentation; present: {present.tolist()}")
    return pattern


def presentations(result: Result, pattern: int | None = None) -> np.ndarray:
    """Return the steps of each complete presentation, int array (n_presentations, length).

    Row indices into ``rate_hz``. Presentations of different length (time warp) are read at the same relative times,
    on as many points as the median presentation has steps.
    """
    shown = result.phases.shown(_pattern(result, pattern))
    length = shown.stop_ms - shown.start_ms
    n = int(np.median(length))
    return shown.start_ms[:, None] - result.t0_ms + np.arange(n) * length[:, None] // n


def activation_times(rate: np.ndarray) -> np.ndarray:
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
    n = check_array("rate", rate, ndim=(2, 3, 4)).shape[-2]
    wave = np.exp(2j * np.pi * np.arange(n) / n)
    return np.angle(np.einsum("...tn,t->...n", rate, wave)) / (2 * np.pi) * n % n


def rank_correlation(time_ms: ArrayLike) -> float:
    """Return the mean Spearman correlation over pairs of rows of `time_ms` (n_presentations, n_neurons).

    Equal times share their mean rank; nan if all times of a row are equal.

    Examples
    --------
    >>> rank_correlation([[1, 2, 3], [10, 20, 30]])
    1.0
    """
    if min(check_array("time_ms", time_ms, ndim=2, finite=False, empty=True).shape) < 2:
        return np.nan
    ranks = []
    for row in time_ms:
        _, place, count = np.unique(row, return_inverse=True, return_counts=True)
        ranks.append((np.cumsum(count) - (count - 1) / 2)[place])  # equal times share their mean rank
    with np.errstate(invalid="ignore", divide="ignore"):
        matrix = np.corrcoef(ranks)
    return float(np.mean(matrix[np.triu_indices(len(matrix), 1)]))


def rate_correlation(r: np.ndarray) -> float:
    """Return the Pearson correlation of courses r (n_presentations, length, n_neurons) between presentations.

    Mean over pairs of presentations of the mean over neurons that exceed 90 Hz in both.
    """
    r = check_array("r", r, ndim=3, empty=True)
    used = np.flatnonzero((r.max(axis=1) > DECIDED_HZ).sum(axis=0) > 1)
    high = r[:, :, used].max(axis=1) > DECIDED_HZ
    z = r[:, :, used] - r[:, :, used].mean(axis=1, keepdims=True)
    norm = np.sqrt((z**2).sum(axis=1))
    flat = norm < 1e-3  # a course that is constant to float32 has no correlation
    z /= np.where(flat, 1, norm)[:, None]
    valid = high & ~flat
    pairs = []
    for a in range(len(r)):
        for b in range(a):
            both = valid[a] & valid[b]
            if both.any():
                pairs.append((z[a] * z[b]).sum(axis=0)[both].mean())
    return _mean(pairs)


def spread(time_ms: np.ndarray, period_ms: float) -> float:
    """Return the median over neurons of the circular SD, over presentations, of `time_ms` (n_presentations, n_neurons).

    nan for less than two presentations or one neuron.
    """
    time_ms = check_array("time_ms", time_ms, ndim=2, finite=False, empty=True)
    period_ms = check_number("period_ms", period_ms, 0, low_open=True, high_open=True)
    if min(time_ms.shape) < 1 or len(time_ms) < 2:
        return np.nan
    angle = 2 * np.pi * time_ms / period_ms
    centre = np.angle(np.exp(1j * angle).mean(axis=0))
    deviation = (angle - centre + np.pi) % (2 * np.pi) - np.pi
    return float(np.median(deviation.std(axis=0, ddof=1)) * period_ms / (2 * np.pi))


def entropy(result: Result) -> np.ndarray:
    """Return the softmax entropy of each step, summed over circuits, in nats: -sum_k p_k ln p_k.

    p_k is the share of neuron k in the rate of its circuit; every circuit has the same rate. Untrained: sum of ln K.
    """
    share = _rates(result) * (len(result.k) / _rates(result).sum(axis=1, keepdims=True))
    return -(share * np.log(np.maximum(share, np.float32(1e-30)))).sum(axis=1, dtype=float)


def overlap(items: list[Assemblies]) -> np.ndarray:
    """Return the Jaccard overlap of the members of several :class:`Assemblies`, (n, n); 1 on the diagonal.

    |A and B| / |A or B|; nan where both are empty.
    """
    for item in items:
        if not isinstance(item, Assemblies):
            raise ParameterError(f"items holds {short(item)}; give Assemblies, which the function assemblies returns")
    table = np.full((len(items), len(items)), np.nan)
    for i, a in enumerate(items):
        for j, b in enumerate(items):
            union = np.union1d(a.members, b.members)
            if union.size:
                table[i, j] = np.intersect1d(a.members, b.members).size / union.size
    return table


class Order(NamedTuple):
    """Neurons in order of mean activation (`ids`), the time of each neuron (`time_ms`), and the `window` used (ms)."""

    ids: np.ndarray
    time_ms: np.ndarray
    window: tuple[int, int]


def mean_activation_order(result: Result, pattern: int | None = None) -> Order:
    """Sort the neurons by mean activation time in the last complete presentation.

    Without `pattern`, the last complete presentation of any pattern. Where no rates were recorded, the spikes of
    that presentation take their place. The time is circular: a neuron active at both ends gets one in between.
    """
    p = result.phases
    known = p.complete_patterns() if pattern is None else [_pattern(result, pattern)]
    last = np.flatnonzero(p.complete & np.isin(p.pattern, known))
    if not last.size:
        raise ParameterError(NOTHING)
    start, stop = int(p.start_ms[last[-1]]), int(p.stop_ms[last[-1]])
    rate = spike_steps(result) if result.rate_hz is None else result.rate_hz
    time_ms = activation_times(rate[start - result.t0_ms : stop - result.t0_ms])
    return Order(np.argsort(time_ms, kind="stable"), time_ms, (start, stop))


def spike_steps(result: Result, source: str = "network") -> np.ndarray:
    """Return spikes as a 0/1 float32 array, (n_steps, n_neurons) or, for "input", (n_steps, n_channels)."""
    check_choice("source", source, ("network", "input"))
    if source == "network":
        times, ids, n = result.spike_ms, result.spike_id, result.n_neurons
    else:
        times, ids, n = result.input_ms, result.input_channel, result.n_inputs
    binned = np.zeros((result.n_steps, n), np.float32)
    binned[times - result.t0_ms, ids] = 1
    return binned


doors(globals())
