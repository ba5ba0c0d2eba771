"""Cost of a fit against scipy, and (``python -m tests.benchmarks.bench_tuning [draws]``) the calibration of its errors.

The calibration draws counts of Fano factor 1, 2 and 3 (negative binomial) over widths, peaks and numbers of
orientations, and prints how often fits are kept and how often the 95 % intervals of the kept ones hold the truth.
"""

import sys
import warnings
from itertools import product

import numpy as np
from scipy.optimize import OptimizeWarning, curve_fit

from helpers.tuning import fit_tuning, orientation_error, von_mises
from tests.benchmarks.run import row


def draw(rng, mean, fano, n):
    """Counts of variance fano x mean, (n, mean.size)."""
    shape = (n, np.size(mean))
    return rng.poisson(mean, shape) if fano == 1 else rng.negative_binomial(mean / (fano - 1), 1 / fano, shape)


def refused(theta_rad, counts):
    return not fit_tuning(theta_rad, counts).ok


def plain_fit_fails(theta_rad, counts):
    """Least squares with the same curve: no convergence, B at a bound, or no error."""
    start = [theta_rad[counts.argmax()], np.pi / 12, max(counts.max(), 1), max(counts.min(), 0.1)]
    low, high = 0.4 * np.pi / theta_rad.size, np.pi / 2
    limits = ([-np.pi, low, 0, 0], [2 * np.pi, high, np.inf, np.inf])
    with warnings.catch_warnings():
        warnings.simplefilter("error", OptimizeWarning)
        try:
            best, covariance = curve_fit(
                lambda t, p, b, a, o: o + a * von_mises(t, p, b), theta_rad, counts, p0=start, bounds=limits
            )
        except (RuntimeError, OptimizeWarning):
            return True
    return not 1.05 * low < best[1] < 0.99 * high or not np.isfinite(covariance).all()


def fits(quick, fit=fit_tuning):
    theta_rad = np.pi * np.arange(60) / 60
    counts = draw(np.random.default_rng(1), 4 + 16 * von_mises(theta_rad, 0.7, np.pi / 12), 1, 10 if quick else 100)
    return lambda: float(np.mean([bool(fit(theta_rad, one)) for one in counts]))


def plain(quick):
    return fits(quick, plain_fit_fails)


def rows(measure, quick):
    ours, peer = (measure("bench_tuning", name, repeats=3, quick=quick) for name in ("fits", "plain"))
    return [row(f"{10 if quick else 100} fits of 60 counts", ours, against="scipy curve_fit, one start", peer=peer)]


def calibrate(n_draws):
    rng, ring_rad = np.random.default_rng(20261125), np.pi * np.arange(60) / 60
    for n, fano, baseline in product((12, 24, 60), (1, 2, 3), (True, False)):
        theta_rad, cells = np.pi * np.arange(n) / n, []
        for b_deg, peak in product((8, 15, 25, 40), (10, 25, 60)):
            truth = rng.uniform(0, np.pi), np.radians(b_deg)
            mean = 0.2 * peak * baseline + 1e-9 + peak * von_mises(theta_rad, *truth)
            found = [fit_tuning(theta_rad, one, baseline=baseline) for one in draw(rng, mean, fano, n_draws)]
            z = [
                (orientation_error(f.preferred_rad, truth[0]) / f.preferred_err_rad,
                 (f.bandwidth_rad - truth[1]) / f.bandwidth_err_rad) for f in found if f.ok
            ]  # fmt: skip
            cells.append((len(z), *(np.abs(np.reshape(z, (-1, 2))) < 1.96).sum(axis=0)))
        kept, *hits = np.array(cells, float).T
        fair = kept > 0.5 * n_draws
        shares = ", ".join(f"{x[fair].sum() / kept[fair].sum():.3f}" for x in hits)
        print(f"n {n} Fano {fano} baseline {baseline}: {fair.sum()} of 12 kept in half; angle, B hold {shares}")
    for fano, mean in product((1, 2, 3), (2, 10, 40)):
        tuned = [fit_tuning(ring_rad, y).ok for y in draw(rng, np.full(60, mean), fano, 10 * n_draws)]
        print(f"flat, {mean} counts, Fano {fano}: {np.mean(tuned):.4f} called tuned")
    for fano, height, peak in product((1, 2, 3), (0.5, 1.0), (10, 25, 60)):
        two = 0.2 + von_mises(ring_rad, 0.5, np.pi / 12) + height * von_mises(ring_rad, 0.5 + np.pi / 2, np.pi / 12)
        kept = [fit_tuning(ring_rad, y).ok for y in draw(rng, peak * two, fano, n_draws)]
        print(f"second peak {height}, {peak} counts, Fano {fano}: {np.mean(kept):.2f} kept")
    for fano, b_deg, floor in product((1, 2), (10, 20, 30, 40), (0.01, 3)):
        bump = von_mises(ring_rad, 1.0, np.radians(b_deg))
        counts = np.concatenate([draw(rng, floor + peak * bump, fano, n_draws) for peak in (5, 15, 30)])
        ours, plain = (np.mean([fails(ring_rad, y) for y in counts]) for fails in (refused, plain_fit_fails))
        print(f"B {b_deg}, floor {floor}, Fano {fano}: refused {ours:.3f}, plain fit fails {plain:.3f}")


if __name__ == "__main__":
    calibrate(int(sys.argv[1]) if sys.argv[1:] else 100)
