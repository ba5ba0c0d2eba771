r"""Mean field of the random network for n -> inf, in continuous time (Sompolinsky, Crisanti and Sommers 1988).

The activations h are Gaussian processes with autocovariance Delta(tau), a particle in a potential:

.. math:: \ddot\Delta = \Delta - g^2 \langle\varphi\varphi\rangle(\Delta) = -V'(\Delta), \qquad
          V(\Delta) = -\tfrac12\Delta^2 + g^2\left(\langle\Phi\Phi\rangle(\Delta) - \langle\Phi\Phi\rangle(0)\right)

with Phi = ln cosh, the integral of phi = tanh, and averages over two Gaussians of variance Delta_0 and covariance
Delta. The chaotic solution has zero energy: Delta_0 solves V(Delta_0) = 0, that is Delta_0^2 = 2 g^2 Var Phi. The
first exponent is -1 + sqrt(1 - E_0), with E_0 the ground state of -d^2/dtau^2 + 1 - g^2 <phi' phi'>(Delta(tau)).
"""

from __future__ import annotations

import math

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.linalg import eigh_tridiagonal
from scipy.optimize import brentq

from helpers.parameters import ParameterError, check_number, doors
from helpers.rnn.model import activation_name, response

__all__ = ["critical_g", "delta_0", "first_exponent"]

N_S, S_MAX = 120, 4.5  # the orbit is sampled at Delta_0 / cosh^2 s; further out Delta is below .0005 Delta_0
# Up to this far above g = 1 the series at onset takes the place of the numbers, which cancel there.
NEAR_DELTA, NEAR_EXPONENT = 1e-4, 1e-3
N_TAU = 6000  # samples of tau for the ground state


def delta_0(g: float) -> float:
    """Return the variance of h in the chaotic state of the tanh network; 0 for g <= 1.

    Examples
    --------
    >>> round(delta_0(1.5), 4), delta_0(0.9)
    (0.7477, 0.0)
    """
    g = check_number("g", g, 0, 100)
    if g <= 1:
        return 0.0
    if g - 1 < NEAR_DELTA:
        return (g - 1) + 7 / 6 * (g - 1) ** 2

    def energy(delta):
        x, weights = _normal(delta)
        potential = _log_cosh(np.sqrt(delta) * x)
        return 1 - 2 * (g / delta) ** 2 * (weights @ (potential - weights @ potential) ** 2)

    return brentq(energy, (g - 1) / 2, g * g, xtol=1e-12)


def first_exponent(g: float) -> float:
    """Return lambda_1 of the chaotic state of the tanh network, 1 < g <= 30.

    For g <= 1 the state is h = 0, and lambda_1 = g - 1. Up to g = 1.001 it is the limit (g - 1)^2 / 2.

    Examples
    --------
    >>> round(first_exponent(2), 4), first_exponent(0.75)
    (0.1125, -0.25)
    """
    g = check_number("g", g, 0, 30)
    if g <= 1:
        return g - 1.0
    if g - 1 < NEAR_EXPONENT:
        return (g - 1) ** 2 / 2
    tau, well = _orbit(g)
    floor = well[-1]
    step = (tau[-1] + 10 / np.sqrt(floor)) / N_TAU
    grid = step * (np.arange(N_TAU) + 0.5)
    potential = np.where(grid < tau[-1], CubicSpline(tau, well)(np.minimum(grid, tau[-1])), floor)
    diagonal = potential + np.r_[1, np.full(N_TAU - 1, 2)] / step**2  # the ground state is even: no flux at tau = 0
    lowest = dict(eigvals_only=True, select="i", select_range=(0, 0))
    ground = eigh_tridiagonal(diagonal, np.full(N_TAU - 1, -1 / step**2), **lowest)
    return float(np.sqrt(1 - ground[0]) - 1)


def _orbit(g):
    """Return tau and 1 - g^2 <phi' phi'> along Delta(tau), from dtau = dDelta / sqrt(-2 V)."""
    variance = delta_0(g)
    u = (np.arange(N_S) + 0.5) / N_S
    s = S_MAX * (u**2 + 0.05 * u) / 1.05  # dense near 0, where <phi' phi'> falls within 1/g
    delta = variance / np.cosh(s) ** 2
    at_zero = _correlation(_log_cosh, variance, 0.0)
    kinetic = delta**2 - 2 * g * g * np.array([_correlation(_log_cosh, variance, c) - at_zero for c in delta])
    rate = CubicSpline(s, 2 * delta * np.tanh(s) / np.sqrt(kinetic)).antiderivative()
    slopes = np.array([_correlation(lambda x: 1 - np.tanh(x) ** 2, variance, c) for c in delta])
    return rate(s) - rate(0), 1 - g * g * slopes


def _correlation(function, variance, covariance):
    """Return <f(x) f(y)> of two Gaussians: the square of the mean over what they do not share, averaged."""
    x, weights = _normal(variance)
    inner = function(np.sqrt(covariance) * x[:, None] + np.sqrt(variance - covariance) * x)
    return weights @ (inner @ weights) ** 2


def _normal(variance):
    """Return nodes and weights for the mean over a standard normal x of an f(sqrt(variance) x) as sharp as tanh."""
    x = np.linspace(-7, 7, 2 * int(17.5 * max(1.5, np.sqrt(variance))) + 1)
    weights = np.exp(-x * x / 2)
    return x, weights / weights.sum()


def _log_cosh(x):
    return np.logaddexp(x, -x) - np.log(2)


def critical_g(activation: str = "tanh_pos", gain: float = 1.0, shift: float = 0.0, *, legacy: bool = False) -> float:
    """Return the g at which the fixed point of an infinite random network loses its stability.

    There h is Gaussian with variance ``Delta = g^2 <phi^2>``, and stability ends where ``g^2 <phi'^2> = 1``. Where
    phi(0) = 0 the fixed point is 0 and the answer 1/phi'(0).

    Parameters
    ----------
    activation : str
        Any spelling of :data:`helpers.rnn.model.ACTIVATIONS`.
    gain, shift : float
        The same for all neurons, gain > 0.
    legacy : bool
        With the source's wrong derivative.

    Examples
    --------
    >>> round(critical_g(), 3), round(critical_g(legacy=True), 3), critical_g("tanh")
    (5.075, 1.327, 1.0)
    """
    activation = activation_name(activation)
    gain = check_number("gain", gain, 0.01, 100)
    options = dict(gain=gain, shift=check_number("shift", shift, -100, 100), legacy=legacy)
    phi, slope = response(activation, 0.0, **options)
    if phi == 0 and slope != 0:
        return float(1 / slope)

    def moments(log_delta):
        x, weights = _normal(np.exp(log_delta) * max(gain, 1) ** 2)
        phi, slope = response(activation, np.exp(log_delta / 2) * x, **options)
        return weights @ phi**2, weights @ slope**2

    def excess(log_delta):
        phi_2, slope_2 = moments(log_delta)
        return np.exp(log_delta) * slope_2 - phi_2

    try:
        found = brentq(excess, -12, 12)
        return math.exp(found / 2) / math.sqrt(moments(found)[0])
    except (ValueError, ZeroDivisionError):  # the second where phi and its slope underflow
        raise ParameterError(
            f"gain = {gain:g}, shift = {shift:g}: no loss of stability found; go nearer to 1, 0"
        ) from None


doors(globals())
