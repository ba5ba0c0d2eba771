"""Quality of a neural map: population vector, chance level, order, activity and width of tuning.

Cell k of n stands at phi_k = 2 pi k / n. Rates are smoothed over 20 steps; where a rate is left, the decoded angle is
the argument of z = sum r_k exp(i phi_k), the true angle that of the sphere's place in its range. Their difference,
in 100 bins of the true angle, gives per bin a bias and a spread; a circular sd is sqrt(-2 ln R)::

    sigma_theta = circular sd of the biases          delta_trial = root mean square of the spreads

sigma_theta is the spread of a position-dependent bias, not an error: rotating the map costs nothing. It has a floor:
a perfect map of a 4 cm body under a 5 cm sweep has .356 rad, and chance is 2.0-2.25 rad, not pi/2. With few spikes
few bins are left and it may be small for no reason: such a test is not `usable`, and enters no mean.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from helpers.parameters import ParameterError, check_array, check_integer, check_number, check_seed, doors, short

__all__ = ["MapQuality", "half_maximum_width", "map_quality", "mean_quality", "permutation_chance", "tuning_curves"]

SMOOTHING_STEPS, MAX_BINS, TUNING_BINS = 20, 100, 50
MIN_SPIKES, MIN_BINS, MIN_SHARE = 250, 10, 0.5  # of a usable test; share of the bins that the sphere passed


@dataclass(frozen=True)
class MapQuality:
    """Numbers of one map; NaN where no step could be decoded.

    Attributes
    ----------
    sigma_theta_rad, delta_trial_rad : float
        Spread of the bias over positions; root mean square spread within a position.
    valid_fraction : float
        Steps with a decoded angle (inside the window) over all steps; with a window at most the window's share.
    valid_fraction_window : float
        The same over the steps inside the window.
    n_valid_bins : float
        Bins of the true angle that hold a decoded step, at most min(100, n_cells); a mean after averaging.
    silent : bool
        No step could be decoded.
    rms_error_cm : float
        Of the linear centroid x = a + (b - a) sum k r_k / ((n - 1) sum r_k), (a, b) the window or the range of x.
    mean_offset_rad : float
        Circular mean of the biases.
    n_spikes : float
        Spikes inside the window; a mean after averaging.
    usable : bool
        At least 250 spikes, and decoded steps in ten bins and in half of those in which the sphere was. Below that
        sigma_theta tells nothing: four spikes have given .22 rad.
    """

    sigma_theta_rad: float
    delta_trial_rad: float
    valid_fraction: float
    valid_fraction_window: float
    n_valid_bins: float
    silent: bool
    rms_error_cm: float
    mean_offset_rad: float
    n_spikes: float
    usable: bool


MAX_CELLS, MAX_RATES = 10**6, 10**9
METRICS = ("sigma_theta_rad", "delta_trial_rad", "rms_error_cm", "mean_offset_rad")
COUNTS = ("valid_fraction", "valid_fraction_window", "n_valid_bins", "n_spikes")


def map_quality(
    spike_step: Any, spike_cell: Any, x_cm: Any, *, n_cells: int, dt_s: float = 1e-3, window_cm: Any = None
) -> MapQuality:
    """Return the :class:`MapQuality` of spikes under a sphere at `x_cm`.

    Parameters
    ----------
    spike_step, spike_cell : array_like of int (n_spikes,)
        Step and cell of each spike.
    x_cm : array (n_steps,)
        Position of the sphere in each step.
    n_cells : int
    dt_s : float
        Step; all numbers here are independent of it, as smoothing is over 20 steps.
    window_cm : (a, b), optional
        Decode only steps with a <= x < b, and spread the circle over [a, b] instead of the range of x.

    Raises
    ------
    ParameterError
        If indices are out of range or the window is empty.

    Examples
    --------
    >>> x = np.linspace(0, 4, 1000, endpoint=False)
    >>> quality = map_quality(np.arange(1000), (x / 4 * 300).astype(int), x, n_cells=300)
    >>> round(quality.sigma_theta_rad, 3), quality.n_valid_bins, quality.silent
    (0.003, 100, False)
    """
    step, cell, x = _checked(spike_step, spike_cell, x_cm, n_cells)
    dt_s = check_number("dt_s", dt_s, 0, low_open=True)
    a, b, inside = x.min(), x.max() + 1e-12, np.ones(x.size, bool)
    if window_cm is not None:
        a, b = check_array("window_cm", window_cm, shape=(2,))
        if not a < b:
            raise ParameterError(f"window_cm = ({a:g}, {b:g}) is empty; allowed: two positions in rising order")
        inside = (a <= x) & (x < b)
    step, cell = step[inside[step]], cell[inside[step]]
    around = np.exp(2j * np.pi * np.arange(n_cells) / n_cells)[cell]
    total = _smoothed(np.bincount(step, minlength=x.size))
    first_moment = _smoothed(np.bincount(step, cell, x.size))
    vector = _smoothed(np.bincount(step, around.real, x.size) + 1j * np.bincount(step, around.imag, x.size))
    valid = inside & (total > 0.5)
    if not valid.any():
        return MapQuality(np.nan, np.nan, 0.0, 0.0, 0, True, np.nan, np.nan, step.size, False)
    true, n_bins = 2 * np.pi * (x - a) / (b - a), min(MAX_BINS, n_cells)
    place = np.minimum(true / (2 * np.pi) * n_bins, n_bins - 1).astype(int)
    error, n = np.exp(1j * (np.angle(vector) - true))[valid], np.bincount(place[valid], minlength=n_bins)
    sums = np.bincount(place[valid], error.real, n_bins) + 1j * np.bincount(place[valid], error.imag, n_bins)
    mean = sums[n > 0] / n[n > 0]
    resultant = np.mean(mean / np.maximum(np.abs(mean), 1e-12))
    variance = np.where(n[n > 0] > 1, -2 * np.log(np.clip(np.abs(mean), 1e-12, 1)), 0)
    centroid_cm = a + (b - a) * first_moment[valid] / total[valid] / max(n_cells - 1, 1)
    enough = mean.size >= max(MIN_BINS, MIN_SHARE * np.unique(place[inside]).size)
    return MapQuality(
        sigma_theta_rad=float(np.sqrt(-2 * np.log(np.clip(np.abs(resultant), 1e-12, 1)))),
        delta_trial_rad=float(np.sqrt(variance.mean())),
        valid_fraction=float(valid.mean()),
        valid_fraction_window=float(valid.sum() / inside.sum()),
        n_valid_bins=mean.size,
        silent=False,
        rms_error_cm=float(np.sqrt(np.mean((centroid_cm - x[valid]) ** 2))),
        mean_offset_rad=float(np.angle(resultant)),
        n_spikes=step.size,
        usable=bool(step.size >= MIN_SPIKES and enough),
    )


def _smoothed(sums):
    """Return the sums over 20 steps around each step."""
    return np.convolve(sums, np.ones(SMOOTHING_STEPS))[(SMOOTHING_STEPS - 1) // 2 :][: sums.size]


def _checked(spike_step, spike_cell, x_cm, n_cells):
    x = check_array("x_cm", x_cm, ndim=1)
    n_cells = check_integer("n_cells", n_cells, 1, MAX_CELLS)
    step = _indices("spike_step", spike_step, x.size)
    cell = _indices("spike_cell", spike_cell, n_cells)
    if step.size != cell.size:
        raise ParameterError(f"spike_step has {step.size} entries, spike_cell {cell.size}; give one cell per spike")
    return step, cell, x


def _indices(name, values, n):
    return check_array(name, values, ndim=1, low=0, high=n - 1, integer=True, empty=True)


def mean_quality(qualities: Iterable[MapQuality]) -> MapQuality:
    """Return the mean of several :class:`MapQuality`: of the usable ones, if these are more than half.

    Else it is not usable: the metrics are NaN, and the counts and fractions are the means of all.
    """
    qualities = list(qualities)
    if not qualities or not all(isinstance(quality, MapQuality) for quality in qualities):
        raise ParameterError(f"qualities = {short(qualities)} is no list of MapQuality; give what map_quality returns")
    chosen = [quality for quality in qualities if quality.usable]
    chosen = chosen if 2 * len(chosen) > len(qualities) else []
    means = {}
    for name in METRICS + COUNTS:
        values = [getattr(quality, name) for quality in chosen or qualities]
        means[name] = float(np.mean(values)) if chosen or name in COUNTS else np.nan
    return MapQuality(**means, silent=all(quality.silent for quality in qualities), usable=bool(chosen))


def permutation_chance(
    spike_step: Any,
    spike_cell: Any,
    x_cm: Any,
    *,
    n_cells: int,
    seed: Any,
    n_permutations: int = 20,
    window_cm: Any = None,
) -> np.ndarray:
    """Return (n_permutations,) values of sigma_theta after random renumbering of the cells: the chance level.

    Examples
    --------
    >>> x = np.linspace(0, 4, 1000, endpoint=False)
    >>> permutation_chance(np.arange(1000), (x / 4 * 300).astype(int), x, n_cells=300, seed=0).mean() > 1.5
    np.True_
    """
    rng = check_seed(seed)
    cell = _indices("spike_cell", spike_cell, check_integer("n_cells", n_cells, 1, MAX_CELLS))
    orders = [rng.permutation(n_cells) for _ in range(check_integer("n_permutations", n_permutations, 1, 10**6))]
    options = dict(n_cells=n_cells, window_cm=window_cm)
    return np.array([map_quality(spike_step, order[cell], x_cm, **options).sigma_theta_rad for order in orders])


def tuning_curves(
    spike_step: Any, spike_cell: Any, x_cm: Any, *, n_cells: int, dt_s: float = 1e-3, n_bins: int = TUNING_BINS
) -> np.ndarray:
    """Return (n_cells, n_bins) rates in Hz over equal bins of the range of x; NaN where the sphere never was."""
    step, cell, x = _checked(spike_step, spike_cell, x_cm, n_cells)
    n_bins = check_integer("n_bins", n_bins, 1, MAX_RATES // n_cells, hint=f"n_cells = {n_cells}")
    dt_s = check_number("dt_s", dt_s, 0, low_open=True)
    span = max(np.ptp(x), 1e-12)
    place = np.minimum(((x - x.min()) / span * n_bins).astype(int), n_bins - 1)
    counts = np.bincount(cell * n_bins + place[step], minlength=n_cells * n_bins).reshape(n_cells, n_bins)
    seconds = np.bincount(place, minlength=n_bins) * dt_s
    return np.where(seconds > 0, counts / np.where(seconds > 0, seconds, 1), np.nan)


def half_maximum_width(curves_hz: Any, span_cm: float) -> np.ndarray:
    """Return the (n_cells,) widths in cm: bins at or above half the peak; NaN for cells whose peak is below 1 Hz.

    Examples
    --------
    >>> half_maximum_width([[0, 4, 8, 4, 1], [0, 0, 0, 0, 0]], 5.0)
    array([ 3., nan])
    """
    curves_hz = np.nan_to_num(check_array("curves_hz", curves_hz, ndim=2, finite=False))
    span_cm = check_number("span_cm", span_cm, 0)
    peak = curves_hz.max(axis=1)
    width = (curves_hz >= peak[:, None] / 2).sum(axis=1) * span_cm / curves_hz.shape[1]
    return np.where(peak >= 1, width, np.nan)


doors(globals())
