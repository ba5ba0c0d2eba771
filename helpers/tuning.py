"""Orientation tuning: circular fits with error bars, bandwidths, circular variance and decoding.

Orientation is pi-periodic, in radians. The bandwidth ``B`` is that of form A of :func:`von_mises`, its standard
deviation near the peak. A fit that cannot be trusted says so (``ok`` False, a ``reason``, every number NaN). In all
functions the wrong type, shape or range raises :class:`~helpers.parameters.ParameterError`, a ``ValueError``.
"""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
from scipy import optimize, special

from helpers.fits import Curve
from helpers.parameters import ParameterError, check_array, check_choice

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

_CONCENTRATION = {"A": 0.25, "B": 1.0, "C": 1.0, "power": 0.5}  # times 1 / B^2


def von_mises(theta_rad, preferred_rad, b_theta_rad):
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
    with np.errstate(over="ignore"):
        return np.exp(-0.5 * (np.sin(theta - preferred) / _bandwidth("b_theta_rad", b_theta_rad)) ** 2)


def hwhh(b_theta_rad):
    """Return the half width at half height of form A, ``(1/2) arccos(1 - 4 B^2 ln 2)``, in radians.

    Takes B > 0, scalar or array; NaN where the curve never falls to half (B > 0.849 rad = 48.7 deg) or B is NaN.

    Examples
    --------
    >>> np.degrees(hwhh(np.radians([5, 15, 30, 50]))).round(2).tolist()
    [5.9, 17.95, 38.06, nan]
    """
    sine = _bandwidth("b_theta_rad", b_theta_rad) * np.sqrt(2 * np.log(2))
    return np.arcsin(np.where(sine <= 1, sine, np.nan))[()]


def theoretical_cv(b_theta_rad):
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


def convert_bandwidth(b_rad, source, target):
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


def circular_variance(theta_rad, response):
    """Return ``1 - |sum r exp(2 i theta)| / sum r``: 0 if one orientation responds, 1 if none is preferred.

    Parameters
    ----------
    theta_rad : (n,) array, orientations evenly spaced over pi
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


def decode_orientation(theta_rad, response):
    """Return the population-vector estimate ``(1/2) arg sum r exp(2 i theta)``, in [0, pi).

    Parameters
    ----------
    theta_rad : (n,) array, preferred orientations
    response : (..., n) array, finite, of any sign; the result has its leading shape and is NaN where the vector has
        no direction (silent, or the same response everywhere)

    Examples
    --------
    >>> decode_orientation([0, np.pi / 4, np.pi / 2, 3 * np.pi / 4], [[1, 2, 1, 0], [0, 0, 0, 0]]).round(3).tolist()
    [0.785, nan]
    """
    vector, total = _resultant(theta_rad, response)
    return np.where(np.abs(vector) > 1e-12 * total, _wrap(np.angle(vector) / 2), np.nan)[()]


def orientation_error(estimate_rad, true_rad):
    """Return the signed difference of two orientations, in [-pi/2, pi/2); arrays broadcast, NaN stays NaN.

    Examples
    --------
    >>> round(float(orientation_error(0.02, np.pi - 0.02)), 3)
    0.04
    """
    true = _numeric("true_rad", true_rad, finite=False)
    return (_wrap(_numeric("estimate_rad", estimate_rad, finite=False) - true + np.pi / 2) - np.pi / 2)[()]


@dataclasses.dataclass(frozen=True)
class TuningFit:
    """Result of :func:`fit_tuning`; errors are standard errors.

    ``baseline_err`` is 0 if the baseline was not fitted, NaN if it ended on its bound 0. ``hwhh_rad`` is taken above
    the baseline, NaN if the curve never falls to half. ``deviance`` is the sum of squares under Gaussian noise.
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

    def curve(self, theta_rad):
        """Return the fitted response at `theta_rad`, in the unit of the data; NaN if the fit was refused."""
        shape = _SHAPES[self.model](_numeric("theta_rad", theta_rad), self.preferred_rad, self.bandwidth_rad)
        return (self.baseline + self.amplitude * shape[0])[()]


def fit_tuning(theta_rad, response, *, model="von_mises", baseline=True, noise="poisson"):
    """Fit ``baseline + amplitude * shape(theta; theta0, B)`` and return a :class:`TuningFit` with standard errors.

    Parameters
    ----------
    theta_rad : (n,) array, finite; only the value modulo pi counts
    response : (n,) array, counts >= 0 (not rates: the error bars rest on them), or any real drive for Gaussian noise
    model : {"von_mises", "gaussian"}, form A or the wrapped ``sum_k exp(-(theta - theta0 + k pi)^2 / (2 B^2))``
    baseline : bool, fit a constant floor (>= 0 for counts); without it a floor in the data widens B
    noise : {"poisson", "gaussian"}, minimise the Poisson deviance or the sum of squares

    Notes
    -----
    ``preferred_rad`` lies in [0, pi), B between 0.4 of the sample spacing (a narrower peak fits between two samples)
    and pi/2 (wrapped Gaussian: pi/3, a cosine within 0.2 %). Refused: fewer than 6 orientations, NaN, silent, flat,
    not tuned, B at a bound, an error bar missing or as large as the value. Tuned means that the deviance falls below
    that of a constant at the 1 % level, chi2(3) for counts and F for drives, divided by the pi / (4 B) separate
    places where chance could have put a bump of this width; flat noise then passes in about 1 % of cases or less.

    Standard errors come from the Fisher information, ``J^T diag(1 / mu) J`` for counts (the curvature of deviance
    residuals is biased at low counts), and for drives from the residual variance, with n - 4 degrees of freedom.
    Measured coverage of 1.96 errors of B: .91 to .96 for B up to 30 deg and 100 counts or more, .90 at 70 counts, .87
    at 30; .86 for B = 40 deg, where the floor is hard to tell from the peak. The misses are mostly B too small.

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
    angles = np.unique(np.round(_wrap(theta) / np.pi * 1e9) % 1e9) * np.pi / 1e9
    reason = _unusable(angles.size, 6, "orientations", y)
    return TuningFit(False, reason, model) if reason else _fit_bump(theta, y, angles, model, bool(baseline), noise)


def _fit_bump(theta, y, angles, model, baseline, noise):
    scale = float(np.ptp(y)) if noise == "gaussian" else 1.0  # the tolerances of the optimiser are absolute
    low, high = 0.4 * np.median(np.diff(angles)), np.pi / (2 if model == "von_mises" else 3)
    bounds = ((-np.inf, np.inf), (low, high), (0.0, np.inf), (0.0 if noise == "poisson" else -np.inf, np.inf))
    curve = Curve(functools.partial(_SHAPES[model], theta), y / scale, noise, baseline, bounds)
    centres = np.append(theta[np.argsort(y)[-16:]], np.linspace(0, np.pi, 16, endpoint=False))
    values = curve.minimise(centres, np.geomspace(1.2 * low, high / 1.2, 8))
    errors = curve.errors(values)
    level = 0.01 / max(1.0, np.pi / (4 * values[1]))
    widest = (np.pi / 4, values[1], values[2])
    reason = curve.refusal(values, errors, ("preferred angle", "bandwidth"), widest, level)
    if reason:
        return TuningFit(False, reason, model)
    numbers = (np.array([values, errors]) * [1, 1, scale, scale]).T.ravel().tolist()
    numbers[0] = float(_wrap(values[0]))
    return TuningFit(True, "", model, *numbers, _half_width(_SHAPES[model], values[1]), curve.cost(values) * scale**2)


@dataclasses.dataclass(frozen=True)
class NakaRushtonFit:
    """Result of :func:`fit_naka_rushton`, with standard errors; ``f0_err`` is NaN if ``f0`` ended on its bound 0."""

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

    def curve(self, b_theta_rad):
        """Return the fitted circular variance at bandwidth `b_theta_rad` > 0; NaN if the fit was refused."""
        shape = _saturation(_bandwidth("b_theta_rad", b_theta_rad), self.b50_rad, self.n)[0]
        return (self.f0 + self.f_max * shape)[()]


def fit_naka_rushton(b_theta_rad, cv):
    """Fit the variance-tuning function ``CV(B) = f0 + f_max B^n / (B^n + B50^n)`` by least squares.

    Parameters
    ----------
    b_theta_rad : (n,) array, bandwidths of the stimulus, > 0
    cv : (n,) array, circular variance of the response, in [0, 1]

    Notes
    -----
    Ladret et al 2023, doi 10.1038/s42003-023-05042-3. Bounds: ``f0`` 0 to 1, ``f_max`` 0 to 2, ``n`` 0.2 to 60, B50
    half the smallest to twice the largest B. Refused: fewer than 5 bandwidths, NaN, constant, no better than a
    constant (F test, 5 %), B50 or n at a bound, an error bar missing or as large as the value (n: as its range).

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
    curve = Curve(functools.partial(_saturation, width), y, "gaussian", True, bounds)
    values = curve.minimise(np.geomspace(widths[0], widths[-1], 20), np.geomspace(0.5, 40, 10))
    errors = curve.errors(values)
    reason = curve.refusal(values, errors, ("B50", "exponent"), (values[0], 60.0, values[2]), 0.05)
    numbers = np.array([values, errors]).T.ravel().tolist()
    return NakaRushtonFit(False, reason) if reason else NakaRushtonFit(True, "", *numbers)


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


def _resultant(theta_rad, response, low=None):
    theta = _numeric("theta_rad", theta_rad, ndim=1)
    response = _numeric("response", response, low=low)
    if response.shape[-1:] != theta.shape:
        raise ParameterError(f"response has shape {response.shape}; allowed: (..., {theta.size}), one per theta_rad")
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
