"""Known systems with the interface of a network (n, dt, step), to calibrate the Lyapunov routine.

Published exponents: Henon .4192 and -1.6232 per iteration; Lorenz .906, 0 and -14.572 per unit of time; folded
towel map .432, .372 and -3.296 per iteration.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from helpers.parameters import Parameters, parameter

__all__ = ["Henon", "Lorenz", "TowelMap"]


@dataclass(frozen=True)
class Henon(Parameters):
    """x' = 1 - a x^2 + y, y' = b x; |det D| = b everywhere.

    Examples
    --------
    >>> from helpers.rnn.lyapunov import lyapunov_spectrum
    >>> lyapunov_spectrum(Henon(), k=2, t_sim=10_000).exponents.round(2).tolist()
    [0.42, -1.62]
    """

    a: float = parameter(1.4, "", "strength of the fold", "Henon 1976")
    b: float = parameter(0.3, "", "area contraction", "Henon 1976")

    n = 2
    dt = 1.0
    h0 = (0.1, 0.1)

    def step(self, h, q):
        x, y = h.tolist()
        d = np.array([[-2 * self.a * x, 1.0], [self.b, 0.0]])
        return np.array([1 - self.a * x * x + y, self.b * x]), d @ q


class TowelMap:
    """The folded towel map of three dimensions, with two positive exponents (Roessler 1979)."""

    n = 3
    dt = 1.0
    h0 = (0.085, -0.121, 0.075)

    def step(self, h, q):
        x, y, z = h.tolist()
        u, v, w = y + 0.35, 1 - 2 * z, 1 - 1.9 * x
        moved = [3.8 * x * (1 - x) - 0.05 * u * v, 0.1 * (u * v - 1) * w, 3.78 * z * (1 - z) + 0.2 * y]
        d = [
            [3.8 * (1 - 2 * x), -0.05 * v, 0.1 * u],
            [-0.19 * (u * v - 1), 0.1 * v * w, -0.2 * u * w],
            [0.0, 0.2, 3.78 * v],
        ]
        return np.array(moved), np.array(d) @ q


@dataclass(frozen=True)
class Lorenz(Parameters):
    """The Lorenz system under Runge-Kutta steps of fourth order; the tangent is that of the scheme."""

    sigma: float = parameter(10.0, "", "Prandtl number", "Lorenz 1963")
    rho: float = parameter(28.0, "", "Rayleigh number over its critical value", "Lorenz 1963")
    beta: float = parameter(8 / 3, "", "geometry of the roll", "Lorenz 1963")
    dt: float = parameter(0.01, "", "time step", "here", low=0, low_open=True, high=0.05)

    n = 3
    h0 = (1.0, 1.0, 20.0)

    def step(self, h, q):
        state = np.column_stack([h, q])
        slopes, weights = np.zeros_like(state), (1, 2, 2, 1)
        total = 0
        for fraction, weight in zip((0, 0.5, 0.5, 1), weights, strict=True):
            slopes = self._flow(state + fraction * self.dt * slopes)
            total = total + weight * slopes
        state = state + self.dt / 6 * total
        return state[:, 0], state[:, 1:]

    def _flow(self, state):
        """Return ``[f(h) | Df(h) Q]``."""
        x, y, z = state[:, 0].tolist()
        d = np.array([[-self.sigma, self.sigma, 0], [self.rho - z, -1, -x], [y, x, -self.beta]])
        flow = d @ state
        flow[:, 0] = self.sigma * (y - x), x * (self.rho - z) - y, x * y - self.beta * z
        return flow
