"""A peaked or saturating curve held against data: least squares or Poisson deviance by lmfit, and when to refuse.

The engine under :mod:`helpers.tuning`; it knows nothing of orientation.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
from scipy import special

__all__ = ["Curve", "residuals"]

TINY = 1e-100  # keeps the logarithm of an expected count of 0 finite


@dataclasses.dataclass(frozen=True)
class Curve:
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

    def residual(self, values):
        return residuals(self.y, self.mean(values), self.noise)

    def cost(self, values):
        return (self.residual(values)[0] ** 2).sum().item()

    def minimise(self, p_grid, q_grid):
        """Polish the two best nodes of a grid, at which height and offset follow by linear least squares."""
        p, q = (axis.reshape(-1, 1) for axis in np.meshgrid(p_grid, q_grid, indexing="ij"))
        shapes, level = self.shape(p, q)[0], self.y.mean() * self.free_offset
        centre = shapes.mean(axis=1, keepdims=True) * self.free_offset
        height = ((shapes - centre) * (self.y - level)).sum(axis=1, keepdims=True)
        height /= np.maximum(((shapes - centre) ** 2).sum(axis=1, keepdims=True), TINY)
        height = np.maximum(height, 1e-3 * np.ptp(self.y))
        offset = np.maximum(level - height * centre, self.bounds[3][0] + 1e-3 * level)
        cost = (residuals(self.y, offset + height * shapes, self.noise)[0] ** 2).sum(axis=1).reshape(p_grid.size, -1)
        columns = np.argsort(cost.min(axis=0))[:2]
        starts = np.hstack([p, q, height, offset])[cost.argmin(axis=0)[columns] * q_grid.size + columns]
        return min(map(self._polish, starts), key=self.cost)

    def _polish(self, start):
        import lmfit  # more than a second to load, and only fits need it

        parameters = lmfit.Parameters()
        for name, value, (low, high) in zip("pqho", start, self.bounds, strict=True):
            parameters.add(name, value, min=low, max=high, vary=name != "o" or self.free_offset)
        tools = dict(method="leastsq", calc_covar=False, ftol=1e-12, xtol=1e-12, gtol=1e-12)
        tools["Dfun"] = lambda p: self.residual(_values(p))[1][:, None] * self.jacobian(_values(p))
        return _values(lmfit.minimize(lambda p: self.residual(_values(p))[0], parameters, **tools).params)

    def spread(self, values):
        """Residual variance (Gaussian noise)."""
        return max(self.cost(values) / (self.y.size - 3 - self.free_offset), TINY)

    def errors(self, values):
        """Standard errors by the Fisher information, NaN if singular, and for an offset on its lower bound."""
        variance = np.maximum(self.mean(values), TINY) if self.noise == "poisson" else self.spread(values)
        columns = (self.jacobian(values).T / np.sqrt(variance)).T
        norm = np.maximum(np.sqrt((columns**2).sum(axis=0)), TINY)
        information = (columns / norm).T @ (columns / norm)
        singular = np.linalg.cond(information) > 1e14
        errors = np.zeros(4)
        errors[: norm.size] = np.nan if singular else np.sqrt(np.diag(np.linalg.inv(information))) / norm
        errors[3] *= np.nan if self.free_offset and values[3] - self.bounds[3][0] < 1e-4 * values[2] else 1
        return errors

    def tail(self, values):
        """Probability that noise around a constant gains as much from the curve."""
        null = (residuals(self.y, np.full(self.y.size, self.y.mean()), self.noise)[0] ** 2).sum()
        drop = max(null - self.cost(values), 0.0)
        if self.noise == "poisson":
            return special.chdtrc(3, drop)
        return special.fdtrc(3, self.y.size - 3 - self.free_offset, drop / 3 / self.spread(values))

    def refusal(self, values, errors, names, widest, level):
        """One sentence on why the fit is not to be used, or an empty string."""
        if not self.tail(values) < level:
            return "the curve is not significantly better than a constant"
        for name, value, (low, high) in zip(names, values[:2], self.bounds[:2], strict=True):
            if value < 1.05 * low or value > 0.99 * high:
                return f"the {name} ended at a bound, {value:.4g} of [{low:.4g}, {high:.4g}]"
        for name, error, limit in zip((*names, "amplitude"), errors[:3], widest, strict=True):
            if not error < limit:
                return f"the error bar of the {name} is missing or wider than {limit:.4g}"
        return ""


def _values(parameters):
    return np.array(list(parameters.valuesdict().values()))


def residuals(y, mean, noise):
    """Residuals whose squares sum to the deviance (Poisson) or to the sum of squares, and their slope in the mean."""
    if noise == "gaussian":
        return y - mean, -np.ones_like(mean)
    mean, safe = np.maximum(mean, TINY), np.where(y > TINY, y, 1.0)
    u = (mean - y) / safe
    v = np.clip(u, -1e-3, 1e-3)  # u - log(1 + u) cancels where y and mean agree, so a series takes over
    unit = np.where(u == v, v * v * (1 / 2 - v / 3 + v * v / 4), u - np.log(mean / safe))
    residual = np.sign(y - mean) * np.sqrt(2 * np.where(y > TINY, y * unit, mean))
    slope = np.divide(np.abs(y - mean) / mean, np.abs(residual), out=1 / np.sqrt(mean), where=residual != 0)
    return residual, -slope
