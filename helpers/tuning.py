"""Orientation tuning: circular fits with error bars, bandwidths, circular variance and decoding.

Orientation is pi-periodic, in radians. The bandwidth ``B`` is that of form A of :func:`von_mises`, its standard
deviation near the peak. A fit that cannot be trusted says so (``ok`` False, a ``reason``, every number NaN). In all
functions the wrong type, shape or range raises :class:`~helpers.parameters.ParameterError`, a ``ValueError``.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, special

from helpers.parameters import ParameterError, check_array, check_choice, check_together, doors

__all__ = [
    "NakaRushtonFit",
    "TuningFit",
    "circular_variance",
    "convert_bandwidth",
    "decode_orientation",
    "fit_naka_rushton",
    "fit_tuning",
    "hwhh",
    "orientation_error",
    "theoretical_cv",
    "von_mises",
]

TINY = 1e-100  # keeps the logarithm of an expected count of 0 finite
_CONCENTRATION = {"A": 0.25, "B": 1.0, "C": 1.0, "power": 0.5}  # times 1 / B^2


def von_mises(theta_rad: ArrayLike, preferred_rad: ArrayLike, b_theta_rad: ArrayLike) -> np.ndarray | np.float64:
    """Return form A with peak 1, ``exp((cos 2(theta - theta0) - 1) / (4 B^2))``, in [0, 1].

    Parameters
    ----------
    theta_rad, preferred_rad : float or array, any finite orientations; they broadcast with the bandwidth
    b_theta_rad : float or array, bandwidth B > 0; ``inf`` gives ones

    Notes
    -----
    Amplitude envelope of a motion cloud, Sanz Leon et al 2012, doi 10.1152/jn.00737.2011. Evaluated in the equal
    form ``exp(-sin^2(theta - theta0) / (2 B^2))``, which does not cancel for small B.

    Examples
    --------
    >>> von_mises([0, np.pi / 12, np.pi], 0, np.pi / 12).round(3).tolist()
    [1.0, 0.613, 1.0]
    """
    theta, preferred = _numeric("theta_rad", theta_rad), _numeric("preferred_rad", preferred_rad)
    b_theta_rad = _bandwidth("b_theta_rad", b_theta_rad)
    check_together(theta_rad=theta, preferred_rad=preferred, b_theta_rad=b_theta_rad)
    with np.errstate(over="ignore"):
        return np.exp(-0.5 * (np.sin(theta - preferred) / b_theta_rad) ** 2)


def hwhh(b_theta_rad: ArrayLike) -> np.ndarray | np.float64:
    """Return the half width at half height of form A, ``(1/2) arccos(1 - 4 B^2 ln 2)``, in radians.

    Takes B > 0, scalar or array; NaN where the curve never falls to half (B > 0.849 rad = 48.7 deg) or B is NaN.

    Examples
    --------
    >>> np.degrees(hwhh(np.radians([5, 15, 30, 50]))).round(2).tolist()
    [5.9, 17.95, 38.06, nan]
    """
    sine = _bandwidth("b_theta_rad", b_theta_rad) * np.sqrt(2 * np.log(2))
    return np.arcsin(np.where(sine <= 1, sine, np.nan))[()]


def theoretical_cv(b_theta_rad: ArrayLike) -> np.ndarray | np.float64:
    """Return the circular variance of form A, ``1 - I1(k) / I0(k)`` with ``k = 1 / (4 B^2)``, in [0, 1].

    Takes B > 0, scalar or array; ``inf`` gives 1, NaN stays NaN. For the power of a cloud pass ``B / sqrt(2)``. The
    exponentially scaled Bessel functions do not overflow, however narrow the curve.

    Examples
    --------
    >>> theoretical_cv(np.radians([0.5, 15, np.inf])).round(5).tolist()
    [0.00015, 0.15154, 1.0]
    """
    with np.errstate(over="ignore", divide="ignore"):
        k = np.minimum(_CONCENTRATION["A"] / _bandwidth("b_theta_rad", b_theta_rad) ** 2, 1e300)
    return (1 - special.i1e(k) / special.i0e(k))[()]


def convert_bandwidth(b_rad: ArrayLike, source: str, target: str) -> np.ndarray | np.float64:
    """Return the bandwidth that in form `target` gives the curve that `b_rad` > 0 gives in form `source`.

    With ``d = theta - theta0``, and in brackets the bandwidth that draws the curve of form A with B:

    * ``"A"``: ``exp((cos 2d - 1) / (4 B^2))``, fits, ring, amplitude of clouds [``B``]
    * ``"B"``: ``exp((cos 2d - 1) / B^2)``, early ring code [``2 B``]
    * ``"C"``: ``exp((cos 2 pi x - 1) / B^2)``, latency code, ``x = d / pi`` of period 1 [``2 B``, a pure number]
    * ``"power"``: ``exp((cos 2d - 1) / (2 B^2))``, form A squared, power of a cloud [``sqrt(2) B``]

    Examples
    --------
    >>> round(float(convert_bandwidth(0.2, "power", "A")), 4)
    0.1414
    """
    for name, form in (("source", source), ("target", target)):
        check_choice(name, form, tuple(_CONCENTRATION))
    return _bandwidth("b_rad", b_rad)[()] * np.sqrt(_CONCENTRATION[target] / _CONCENTRATION[source])


def circular_variance(theta_rad: ArrayLike, response: ArrayLike) -> np.ndarray | np.float64:
    """Return ``1 - |sum r exp(2 i theta)| / sum r``: 0 if one orientation responds, 1 if none is preferred.

    Parameters
    ----------
    theta_rad : (n,) array, 3 or more orientations evenly spaced over pi (within 2 % of a step), each equally often;
        the last sample is dropped if it repeats the first orientation (0 and pi); anything else is refused, since
        gaps look like tuning
    response : (..., n) array, finite, >= 0; the result has its leading shape and is NaN where all are 0

    Examples
    --------
    >>> theta_rad = np.pi * np.arange(12) / 12
    >>> round(float(circular_variance(theta_rad, von_mises(theta_rad, 1.0, np.pi / 12))), 3)
    0.152
    """
    vector, total = _resultant(theta_rad, response, low=0)
    length = np.divide(np.abs(vector), total, out=np.full(total.shape, np.nan), where=total > 0)
    return np.clip(1 - length, 0, 1)[()]


def decode_orientation(theta_rad: ArrayLike, response: ArrayLike) -> np.ndarray | np.float64:
    """Return the population-vector estimate ``(1/2) arg sum r exp(2 i theta)``, in [0, pi).

    Parameters
    ----------
    theta_rad : (n,) array, preferred orientations, an even cover as in :func:`circular_variance`
    response : (..., n) array, finite, of any sign; the result has its leading shape and is NaN where the vector has
        no direction (silent, or the same response everywhere)

    Examples
    --------
    >>> decode_orientation([0, np.pi / 4, np.pi / 2, 3 * np.pi / 4], [[1, 2, 1, 0], [0, 0, 0, 0]]).round(3).tolist()
    [0.785, nan]
    """
    vector, total = _resultant(theta_rad, response)
    return np.where(np.abs(vector) > 1e-12 * total, _wrap(np.angle(vector) / 2), np.nan)[()]


def orientation_error(estimate_rad: ArrayLike, true_rad: ArrayLike) -> np.ndarray | np.float64:
    """Return the signed difference of two orientations, in [-pi/2, pi/2); arrays broadcast, NaN stays NaN.

    Beyond +- 1e15 rad no orientation is left in the digits of a number: it is refused, and so is infinity.

    Examples
    --------
    >>> round(float(orientation_error(0.02, np.pi - 0.02)), 3)
    0.04
    """
    checks = dict(finite=False, low=-1e15, high=1e15)
    estimate, true = _numeric("estimate_rad", estimate_rad, **checks), _numeric("true_rad", true_rad, **checks)
    check_together(estimate_rad=estimate, true_rad=true)
    return (_wrap(estimate - true + np.pi / 2) - np.pi / 2)[()]


@dataclasses.dataclass(frozen=True)
class TuningFit:
    """Result of :func:`fit_tuning`; 95 % intervals are the value +- 1.96 errors. A refused fit is NaN throughout.

    ``baseline_err`` is 0 if the baseline was not fitted, NaN if it ended at 0. ``hwhh_rad`` is taken above the
    baseline, NaN if the curve never falls to half. ``deviance`` is the sum of squares under Gaussian noise, where
    ``dispersion`` is the residual variance. ``p_fit`` is small where the residuals have a shape of their own.
    """

    ok: bool
    reason: str = ""
    model: str = "von_mises"
    preferred_rad: float = np.nan
    preferred_err_rad: float = np.nan
    bandwidth_rad: float = np.nan
    bandwidth_err_rad: float = np.nan
    amplitude: float = np.nan
    amplitude_err: float = np.nan
    baseline: float = np.nan
    baseline_err: float = np.nan
    hwhh_rad: float = np.nan
    deviance: float = np.nan
    dispersion: float = np.nan
    p_fit: float = np.nan

    def curve(self, theta_rad: ArrayLike) -> np.ndarray | np.float64:
        """Return the fitted response at `theta_rad`, in the unit of the data; NaN if the fit was refused."""
        shape = _SHAPES[self.model](_numeric("theta_rad", theta_rad), self.preferred_rad, self.bandwidth_rad)
        return (self.baseline + self.amplitude * shape[0])[()]


def fit_tuning(
    theta_rad: ArrayLike,
    response: ArrayLike,
    *,
    model: str = "von_mises",
    baseline: bool = True,
    noise: str = "poisson",
) -> TuningFit:
    """Fit ``baseline + amplitude * shape(theta; theta0, B)`` and return a :class:`TuningFit` with 95 % errors.

    Parameters
    ----------
    theta_rad : (n,) array, finite, even or not; only the value modulo pi counts. A last sample that repeats the first
        orientation (0 and pi) is dropped where every other orientation stands equally often: it would count twice
    response : (n,) array, counts >= 0 (not rates: the error bars rest on them), or any real drive for Gaussian noise
    model : {"von_mises", "gaussian"}, form A or the wrapped ``sum_k exp(-(theta - theta0 + k pi)^2 / (2 B^2))``
    baseline : bool, fit a constant floor (>= 0 for counts); a floor in the data without it is a misfit
    noise : {"poisson", "gaussian"}, minimise the Poisson deviance or the sum of squares

    Notes
    -----
    ``preferred_rad`` lies in [0, pi), B between 0.4 of the sample spacing (a narrower peak fits between two samples)
    and pi/2 (wrapped Gaussian: pi/3, a cosine within 0.2 %). A floor of 0 is the natural limit of a rate and is kept.

    *Dispersion* of counts is ``sum (y - mu)^2 / (mu + 1/2)`` over its expectation at dispersion 1,
    ``sum (1 - h) mu / (mu + 1/2)``, with leverages h; the denominator is also the degrees of freedom. Without the 1/2
    it is Pearson's, which falls to 0.3 where many samples expect next to nothing; this one is 0.97 to 1.03 at Fano
    factor 1 and 2.5 to 3.0 at 3 for peaks of 10 to 60 counts. Drives: the residual variance.

    *Errors* are those of the Fisher information times ``t sqrt(dispersion) / 1.96`` (Student's t; at least 1 for
    counts), so that the value +- 1.96 errors is a 95 % interval. That of B is lengthened to the mean of this and of
    the profile likelihood above B, towards which the misses of broad curves lie. Both are multiplied by
    ``sqrt(1 + (8 / F)^2)``, F being the gain over a constant: bumps that barely passed the test are too high.

    *Refused*: fewer than 6 orientations, NaN, silent, flat, not tuned, B at a bound, less than one degree of freedom,
    an angle without error bar, a shape that the model does not describe. Tuned means an F test against a constant, of
    the curve (0.5 %, divided by the pi / (4 B) places where chance could put a bump) or of a cosine (1 %). The
    shape is refused at ``p_fit`` < 0.01: an F test of five directions in the residuals (a second bump at 90 deg, a
    flatter top, a skew, a cosine) against what they leave over, so that dispersion does not count as misfit. With fewer
    than 6 degrees of freedom there is no such test, and ``p_fit`` is 1.

    Measured (``python -m tests.benchmarks.bench_tuning 60``: B of 8 to 40 deg, peaks of 10 to 60 counts, floor a fifth
    of the peak or none; settings of which at least half of the fits are kept), share of intervals that hold the angle
    and B:

    ============ ============ ============ ============
    orientations Fano 1       Fano 2       Fano 3
    ============ ============ ============ ============
    12, baseline 0.973, 0.968 0.954, 0.946 0.945, 0.929
    12, none     0.977, 0.980 0.951, 0.970 0.932, 0.964
    24, baseline 0.956, 0.955 0.938, 0.941 0.946, 0.961
    24, none     0.974, 0.969 0.951, 0.958 0.946, 0.957
    60, baseline 0.957, 0.958 0.945, 0.948 0.931, 0.940
    60, none     0.956, 0.969 0.961, 0.934 0.948, 0.948
    ============ ============ ============ ============

    Kept of the 12-orientation fits: 0.41 to 0.67 (24: 0.79 to 0.95; 60: 0.95 to 1); where fewer than half are kept,
    their intervals hold the truth less often. Flat counts called tuned: 0.4, 1.0 and 1.6 % at Fano factor 1, 2 and 3
    (2,000 draws each). A second peak of half height at 90 deg (60 orientations, B 15 deg) is kept in 0, 0.08 and 0.25
    of fits at 25 counts and in none at 60.

    Examples
    --------
    >>> theta_rad = np.pi * np.arange(60) / 60
    >>> counts = np.random.default_rng(1).poisson(16 * von_mises(theta_rad, 0.02, np.pi / 12) + 4)
    >>> fit = fit_tuning(theta_rad, counts)
    >>> fit.ok, bool(abs(orientation_error(fit.preferred_rad, 0.02)) < 2 * fit.preferred_err_rad)
    (True, True)
    >>> fit_tuning(theta_rad, np.zeros(60)).reason
    'the response is silent (all zero)'
    """
    check_choice("model", model, tuple(_SHAPES))
    check_choice("noise", noise, ("poisson", "gaussian"))
    if not isinstance(baseline, (bool, np.bool_)):
        raise ParameterError(f"baseline = {baseline!r} is not a switch; allowed: True or False")
    theta, y = _samples("theta_rad", theta_rad, "response", response, 0 if noise == "poisson" else None, None)
    keep, angles = _opened(theta)
    theta, y = theta[keep], y[keep]
    reason = _unusable(angles.size, 6, "orientations", y)
    if reason:
        return TuningFit(False, reason, model)
    unit = float(np.ptp(y)) if noise == "gaussian" else 1.0  # the tolerances of the optimiser are absolute
    low, high = 0.4 * np.median(np.diff(angles)), np.pi / (2 if model == "von_mises" else 3)
    bounds = ((-np.inf, np.inf), (low, high), (0.0, np.inf), (0.0 if noise == "poisson" else -np.inf, np.inf))
    curve = _Bump(functools.partial(_SHAPES[model], theta), y / unit, noise, bool(baseline), bounds, theta)
    centres = np.append(theta[np.argsort(y)[-16:]], np.linspace(0, np.pi, 16, endpoint=False))
    values = curve.minimise(centres, np.geomspace(1.2 * low, high / 1.2, 8))
    errors, p_fit = curve.interval_errors(values), curve.p_fit(values)
    reason = curve.refusal(values, errors, p_fit)
    if reason:
        return TuningFit(False, reason, model)
    numbers = (np.array([values, errors]) * [1, 1, unit, unit]).T.ravel().tolist()
    numbers[0] = float(_wrap(values[0]))
    noise_left = [curve.cost(values) * unit**2, float(curve.dispersion(values)[0]) * unit**2]
    return TuningFit(True, "", model, *numbers, _half_width(_SHAPES[model], values[1]), *noise_left, p_fit)


@dataclasses.dataclass(frozen=True)
class NakaRushtonFit:
    """Result of :func:`fit_naka_rushton`, 95 % intervals are +- 1.96 errors."""

    ok: bool
    reason: str = ""
    b50_rad: float = np.nan
    b50_err_rad: float = np.nan
    n: float = np.nan
    n_err: float = np.nan
    f_max: float = np.nan
    f_max_err: float = np.nan
    f0: float = np.nan
    f0_err: float = np.nan

    def curve(self, b_theta_rad: ArrayLike) -> np.ndarray | np.float64:
        """Return the fitted circular variance at finite bandwidths `b_theta_rad` > 0; NaN if the fit was refused."""
        b_theta_rad = _bandwidth("b_theta_rad", _numeric("b_theta_rad", b_theta_rad))
        shape = _saturation(b_theta_rad, self.b50_rad, self.n)[0]
        return (self.f0 + self.f_max * shape)[()]


def fit_naka_rushton(b_theta_rad: ArrayLike, cv: ArrayLike) -> NakaRushtonFit:
    """Fit the variance-tuning function ``CV(B) = f0 + f_max B^n / (B^n + B50^n)`` by least squares.

    Parameters
    ----------
    b_theta_rad : (n,) array, bandwidths of the stimulus, > 0
    cv : (n,) array, circular variance of the response, in [0, 1]

    Notes
    -----
    Ladret et al 2023, doi 10.1038/s42003-023-05042-3. Bounds: ``f0`` 0 to 1, ``f_max`` 0 to 2, ``n`` 0.2 to 60, B50
    half the smallest to twice the largest B. Refused: fewer than 5 bandwidths, NaN, constant, no better than a
    constant (F test, 5 %), any parameter at a bound, ``f0 + f_max`` above 1 (no circular variance is), an error bar
    missing or as large as the value (n: as its range).

    Examples
    --------
    >>> b_theta_rad = np.radians([2.2, 7.1, 11.9, 16.7, 21.5, 26.4, 31.2, 36.0])
    >>> fit = fit_naka_rushton(b_theta_rad, 0.2 + 0.6 * b_theta_rad**3 / (b_theta_rad**3 + 0.3**3))
    >>> fit.ok, round(fit.n, 3), round(fit.b50_rad, 3)
    (True, 3.0, 0.3)
    """
    width, y = _samples("b_theta_rad", b_theta_rad, "cv", cv, 0, 1)
    widths = np.unique(_bandwidth("b_theta_rad", width))
    reason = _unusable(widths.size, 5, "bandwidths", y)
    if reason:
        return NakaRushtonFit(False, reason)
    bounds = ((widths[0] / 2, widths[-1] * 2), (0.2, 60.0), (0.0, 2.0), (0.0, 1.0))
    curve = _Curve(functools.partial(_saturation, width), y, "gaussian", True, bounds)
    values = curve.minimise(np.geomspace(widths[0], widths[-1], 20), np.geomspace(0.5, 40, 10))
    errors, top = curve.errors(values), values[2] + values[3]
    if not special.fdtrc(3, y.size - 4, curve.gain(values)) < 0.05:
        reason = "the curve is not significantly better than a constant"
    else:
        reason = curve.at_bound(values, ("B50", "exponent", "f_max", "f0"))
    if not reason and top > 1 + 1e-6:
        reason = f"the curve leaves the possible range: f0 + f_max = {top:.3g}; a circular variance is at most 1"
    if not reason and not (errors[:3] < [values[0], 60, values[2]]).all():
        reason = "an error bar is missing or as large as the value (exponent: as its range)"
    numbers = np.array([values, errors]).T.ravel().tolist()
    return NakaRushtonFit(False, reason) if reason else NakaRushtonFit(True, "", *numbers)


@dataclasses.dataclass(frozen=True)
class _Curve:
    """``offset + height * shape(p, q)`` held against `y`; values are (p, q, height, offset), bounds one pair each."""

    shape: Callable  # (p, q) -> the curve and its derivatives with respect to p and q
    y: np.ndarray
    noise: str
    free_offset: bool
    bounds: tuple

    def mean(self, values):
        return values[3] + values[2] * self.shape(*values[:2])[0]

    def jacobian(self, values):
        shape, dp, dq = self.shape(*values[:2])
        columns = [values[2] * dp, values[2] * dq, shape, np.ones_like(shape)]
        return np.stack(columns[: 3 + self.free_offset], axis=1)

    def cost(self, values):
        return (_residuals(self.y, self.mean(values), self.noise)[0] ** 2).sum().item()

    def minimise(self, p_grid, q_grid):
        """Polish the two best nodes of a grid, at which height and offset follow by linear least squares."""
        p, q = (axis.reshape(-1, 1) for axis in np.meshgrid(p_grid, q_grid, indexing="ij"))
        shapes, level = self.shape(p, q)[0], self.y.mean() * self.free_offset
        centre = shapes.mean(axis=1, keepdims=True) * self.free_offset
        height = ((shapes - centre) * (self.y - level)).sum(axis=1, keepdims=True)
        height /= np.maximum(((shapes - centre) ** 2).sum(axis=1, keepdims=True), TINY)
        height = np.maximum(height, 1e-3 * np.ptp(self.y))
        offset = np.maximum(level - height * centre, self.bounds[3][0] + 1e-3 * level)
        cost = (_residuals(self.y, offset + height * shapes, self.noise)[0] ** 2).sum(axis=1).reshape(p_grid.size, -1)
        columns = np.argsort(cost.min(axis=0))[:2]
        starts = np.hstack([p, q, height, offset])[cost.argmin(axis=0)[columns] * q_grid.size + columns]
        return min(map(self.polish, starts), key=self.cost)

    def polish(self, start, hold_q=False):
        """Return the values at the minimum next to `start`, by Levenberg-Marquardt; q may be held where it is."""
        import lmfit  # more than a second to load, and only fits need it

        free = np.array([True, not hold_q, True, self.free_offset])
        parameters = lmfit.Parameters()
        for name, value, (low, high), vary in zip("pqho", start, self.bounds, free, strict=True):
            parameters.add(name, value, min=low, max=high, vary=bool(vary))

        def residual(p):
            return _residuals(self.y, self.mean(_values(p)), self.noise)[0]

        def slope(p):
            slopes = _residuals(self.y, self.mean(_values(p)), self.noise)[1]
            return slopes[:, None] * self.jacobian(_values(p))[:, free[: 3 + self.free_offset]]

        fine = 1e-6 if hold_q else 1e-12
        tools = dict(method="leastsq", calc_covar=False, ftol=fine, xtol=fine, gtol=fine, max_nfev=500)
        return _values(lmfit.minimize(residual, parameters, Dfun=slope, **tools).params)

    def noise_of(self, values):
        """Standard deviation assumed for each sample, and its share in the estimate of the dispersion.

        Counts have the variance dispersion x mean. The share ``mean / (mean + 1/2)`` leaves out the samples that
        expect next to nothing, where a lone spike would weigh without limit.
        """
        if self.noise == "gaussian":
            return np.ones_like(self.y), np.ones_like(self.y)
        mean = np.maximum(self.mean(values), TINY)
        return np.sqrt(mean), mean / (mean + 0.5)

    def dispersion(self, values):
        """Variance of the residuals in units of the assumed one, and the degrees of freedom that it rests on."""
        sigma, share = self.noise_of(values)
        leverage = (np.linalg.qr(self.jacobian(values) / sigma[:, None])[0] ** 2).sum(axis=1)
        dof = (share * (1 - leverage)).sum()
        return (share * ((self.y - self.mean(values)) / sigma) ** 2).sum() / max(dof, TINY), dof

    def noise_level(self, dispersion):
        """Dispersion to test against: counts are never taken to be more regular than Poisson."""
        return max(dispersion, 1.0 if self.noise == "poisson" else 1e-8)

    def scale(self, values):
        """Factor on the errors: the dispersion, with Student's t because it was estimated."""
        dispersion, dof = self.dispersion(values)
        factor = np.sqrt(dispersion) * special.stdtrit(max(dof, 1.0), 0.975) / 1.96
        return max(factor, 1.0 if self.noise == "poisson" else TINY)

    def errors(self, values):
        """Fisher information times `scale`; NaN if singular, and for an offset on its lower bound."""
        columns = self.jacobian(values) / self.noise_of(values)[0][:, None]
        norm = np.maximum(np.sqrt((columns**2).sum(axis=0)), TINY)
        information = (columns / norm).T @ (columns / norm)
        singular = np.linalg.cond(information) > 1e14
        errors = np.zeros(4)
        errors[: norm.size] = np.nan if singular else np.sqrt(np.diag(np.linalg.inv(information))) / norm
        errors[3] *= np.nan if self.free_offset and values[3] - self.bounds[3][0] < 1e-4 * values[2] else 1
        return errors * self.scale(values)

    def gain(self, values):
        """F statistic of the curve against a constant."""
        null = (_residuals(self.y, np.full(self.y.size, self.y.mean()), self.noise)[0] ** 2).sum()
        drop = max(null - self.cost(values), 0.0) / (2 + self.free_offset)
        return drop / self.noise_level(self.dispersion(values)[0])

    def at_bound(self, values, names):
        """One sentence if one of the named values ended at a bound, else an empty string."""
        for name, value, (low, high) in zip(names, values, self.bounds, strict=False):
            if value < (1.05 * low if low > 0 else low + 1e-6) or value > 0.99 * high:
                return f"the {name} ended at a bound, {value:.4g} of [{low:.4g}, {high:.4g}]"
        return ""


@dataclasses.dataclass(frozen=True)
class _Bump(_Curve):
    """The curve of :func:`fit_tuning` over the orientations `theta`; values are (preferred, B, amplitude, baseline)."""

    theta: np.ndarray

    def interval_errors(self, values):
        """Errors of which 1.96 make a 95 % interval."""
        errors, high = self.errors(values), self.bounds[1][1]
        if np.isfinite(errors[1]):
            normal = min(errors[1], max(values[1], high - values[1]) / 1.96)  # no wider than what is possible
            room = np.log(high / values[1])
            step = min(1.96 * normal / values[1], room)
            held = self.polish(values * [1, np.exp(step), 1, 1], hold_q=True)
            rise = max(self.cost(held) - self.cost(values), TINY)
            above = values[1] * np.expm1(min(step * 1.96 * self.scale(values) / np.sqrt(rise), room)) / 1.96
            errors[1] = max(normal, (normal + above) / 2)
        return errors * np.hypot(1, 8 / max(self.gain(values), TINY))

    def tuned(self, values):
        """Whether noise around a constant seldom gains as much, from the curve or (broad tuning) from a cosine."""
        dispersion, dof = self.dispersion(values)
        places = max(1.0, np.pi / (4 * values[1]))  # where chance could have put a bump of this width
        bump = special.fdtrc(2 + self.free_offset, dof, self.gain(values)) * places
        pair = np.stack([np.cos(2 * self.theta), np.sin(2 * self.theta)], axis=1)
        power = ((np.linalg.qr(pair - pair.mean(axis=0))[0].T @ self.y) ** 2).sum()
        variance = self.noise_level(dispersion) * (self.y.mean() if self.noise == "poisson" else 1)
        return bump < 0.005 or special.fdtrc(2, dof, power / 2 / variance) < 0.01

    def p_fit(self, values):
        """F test of the residuals: a second bump across, a flatter top, a skew, a cosine, against what they leave."""
        d, shape = self.theta - values[0], self.shape(*values[:2])[0]
        z, second = np.sin(d) / values[1], self.shape(values[0] + np.pi / 2, values[1])[0]
        skew = shape * z**3 * np.sign(np.cos(d))
        wrong = np.stack([second, shape * z**4, skew, np.cos(2 * d), np.sin(2 * d)], axis=1)
        dof = self.dispersion(values)[1] - wrong.shape[1]
        if dof < 1:
            return 1.0
        sigma, share = self.noise_of(values)
        weight, own = np.sqrt(share) / sigma, self.jacobian(values)
        basis = np.linalg.qr(np.hstack([own, wrong]) * weight[:, None])[0]
        residual = (self.y - self.mean(values)) * weight
        along = (basis.T @ residual) ** 2
        found = along[own.shape[1] :].sum() / wrong.shape[1]
        left = self.noise_level(((residual**2).sum() - along.sum()) / dof)
        return float(special.fdtrc(wrong.shape[1], dof, found / left))

    def refusal(self, values, errors, p_fit):
        """One sentence on why the fit is not to be used, or an empty string."""
        dof = self.dispersion(values)[1]
        if dof >= 1 and not self.tuned(values):
            return "the curve is not significantly better than a constant"
        at_bound = self.at_bound(values, ("preferred angle", "bandwidth"))
        if at_bound:
            return at_bound
        if dof < 1:
            return f"too few orientations lie under the curve: {dof:.2g} degrees of freedom left to judge the noise"
        if not (errors[0] < min(np.pi / 4, values[1]) and np.isfinite(errors[:3]).all()):
            return "the error bar of the preferred angle is missing, or wider than the bandwidth or 45 deg"
        return f"the curve does not describe the data: its residuals have a shape (p = {p_fit:.1g})" * (p_fit < 0.01)


def _values(parameters):
    return np.array(list(parameters.valuesdict().values()))


def _residuals(y, mean, noise):
    """Residuals whose squares sum to the deviance (Poisson) or to the sum of squares, and their slope in the mean."""
    if noise == "gaussian":
        return y - mean, -np.ones_like(mean)
    mean = np.maximum(mean, TINY)
    size = np.sqrt(2 * np.maximum(special.kl_div(y, mean), 0))
    near = size < 1e-4  # where y and mean agree, both vanish
    return np.sign(y - mean) * size, -np.where(
        near, 1 / np.sqrt(mean), np.abs(y - mean) / mean / np.where(near, 1, size)
    )


def _von_mises(theta, preferred, width):
    d = theta - preferred
    shape = np.exp(-0.5 * (np.sin(d) / width) ** 2)
    return shape, shape * np.sin(2 * d) / (2 * width**2), shape * np.sin(d) ** 2 / width**3


def _gaussian(theta, preferred, width):
    d = _wrap(theta - preferred + np.pi / 2) - np.pi / 2
    z = (d[..., None] + np.pi * np.arange(-3, 4)) / np.asarray(width)[..., None]  # the next image adds < 1e-10
    peaks = np.exp(-0.5 * z * z)
    return peaks.sum(axis=-1), (peaks * z).sum(axis=-1) / width, (peaks * z * z).sum(axis=-1) / width


_SHAPES = {"von_mises": _von_mises, "gaussian": _gaussian}


def _saturation(width, b50, n):
    logit = n * np.log(width / b50)
    shape = special.expit(logit)
    return shape, -shape * (1 - shape) * n / b50, shape * (1 - shape) * logit / n


def _half_width(shape, width):
    half, floor = shape(np.array([0, np.pi / 2]), 0.0, width)[0] * [0.5, 1]
    return (
        optimize.brentq(lambda d: shape(np.float64(d), 0.0, width)[0] - half, 0, np.pi / 2) if floor < half else np.nan
    )


def _unusable(count, wanted, noun, y):
    if count < wanted:
        return f"only {count} distinct {noun}, at least {wanted} are needed"
    if not np.isfinite(y).all():
        return "the response holds NaN or infinity"
    if not y.any():
        return "the response is silent (all zero)"
    return "the response is flat (the same everywhere)" if np.ptp(y) <= 1e-12 * np.abs(y).max() else ""


def _samples(x_name, x, y_name, y, low, high):
    x = _numeric(x_name, x, ndim=1, empty=True)
    return x, _numeric(y_name, y, ndim=1, shape=x.shape, finite=False, low=low, high=high, empty=True)


def _opened(theta):
    """Return which samples to keep, without the last if it closes the half circle, and the distinct orientations.

    The end is dropped where that leaves every orientation equally often: 0 and pi are one orientation, and a copy of
    its response would count twice.
    """
    ticks = np.round(theta / np.pi * 1e9)
    keep = np.ones(theta.size, bool)
    if theta.size and (ticks.max() - ticks.min()) % 1e9 == 0 and not _equally_often(ticks):
        keep = (ticks < ticks.max()) | (not _equally_often(ticks[ticks < ticks.max()]))
    return keep, np.unique(ticks[keep] % 1e9) / 1e9 * np.pi


def _equally_often(ticks):
    return np.ptp(np.unique(ticks % 1e9, return_counts=True)[1]) == 0 if ticks.size else True


def _resultant(theta_rad, response, low=None):
    theta = _numeric("theta_rad", theta_rad, ndim=1)
    response = _numeric("response", response, low=low)
    if response.shape[-1:] != theta.shape:
        raise ParameterError(f"response has shape {response.shape}; allowed: (..., {theta.size}), one per theta_rad")
    keep, angles = _opened(theta)
    theta, response = theta[keep], response[..., keep]
    gaps = np.diff(angles, append=angles[:1] + np.pi)
    if angles.size < 3 or np.ptp(gaps) > 0.02 * gaps.mean() or not _equally_often(np.round(theta / np.pi * 1e9)):
        given = f"{angles.size} orientations, gaps {np.degrees(gaps.min()):.3g} to {np.degrees(gaps.max()):.3g} deg"
        raise ParameterError(
            f"theta_rad covers the half circle unevenly ({given}); allowed: 3 or more, evenly spaced over pi, each "
            "equally often; fit_tuning takes uneven angles"
        )
    return (response * np.exp(2j * theta)).sum(axis=-1), np.abs(response).sum(axis=-1)


def _numeric(name, value, **checks):
    return check_array(name, value, **checks).astype(float)


def _bandwidth(name, value):
    width = _numeric(name, value, finite=False)
    if np.any(width <= 0):
        raise ParameterError(f"{name} goes down to {np.nanmin(width):g}; allowed: bandwidths > 0")
    return width


def _wrap(angle):
    """`angle` modulo pi, in [0, pi) also where rounding would give pi."""
    wrapped = np.mod(angle, np.pi)
    return np.where(wrapped >= np.pi, 0.0, wrapped)


doors(globals())
