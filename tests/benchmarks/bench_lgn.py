"""The LGN bank, 12 orientations x 16 cells x 49 positions over 1 s, against the slow obvious version of the tests.

Each slow version computes every position for every orientation anew, as the source did. It is timed on one cell
(full run: all 12 orientations; quick: 2) and multiplied up; its memory is that of the part.
"""

import math

import numpy as np

from tests.benchmarks.run import row
from tests.v1.slow_lgn import filtered, legacy_halves, offsets, patches, spatial_kernel, template

CPU_TARGET_RATIO, CPU_TARGET_S = 60, 5.0
N_THETA, N_CELLS = 12, 16


def _movie():
    from helpers.stimuli import motion_cloud

    law = dict(theta_rad=np.pi / 3, b_theta_rad=np.pi / 12, sf_0=0.15, b_sf=0.1, b_v=0.1, alpha=1.0)
    return motion_cloud((64, 64, 128), **law, seed=1)


def _ours(legacy):
    from helpers import v1

    movie, params = _movie(), v1.LgnParams(legacy=legacy, duration_ms=1000)
    return lambda: v1.respond(movie, fps=24, params=params).drive.shape


def _slow(legacy, quick):
    from helpers import v1
    from helpers.v1.lgn import cell_centres, template_weights

    movie, params = _movie().astype(float), v1.LgnParams(legacy=legacy)
    centre, theta_rad = cell_centres((64, 64), params=params)[:1], template_weights(params)[0][: _n_slow(quick)]
    bank = legacy_bank if legacy else linear_bank
    return lambda: bank(movie, centre, theta_rad).shape


def linear_response(movie, x, y, fps=24, duration_ms=1000):
    """Signed response of one LGN position: contrast times the zero-mean kernel, summed, then filtered in time."""
    z = spatial_kernel()
    z = z - z.mean()
    activation = [np.sum(patch * z) / 100 for patch in patches(movie - movie.mean(), x, y)]
    return filtered(activation, "cai", 1000 / fps, duration_ms)


def linear_weights(theta_rad):
    """Template values on the lattice of step 2 px, without their mean, of norm 1."""
    w = template(theta_rad, offsets(range(-6, 7, 2)), sf_0=0.15)
    w = w - w.mean()
    return w / math.sqrt(np.sum(w**2))


def linear_bank(movie, centres, theta_rad):
    """Drive of each orientation and cell, shape (n_theta, n_cells, n_ms): weighted sum, rectified once."""
    drive = np.zeros((len(theta_rad), len(centres), 1000))
    for a, theta in enumerate(theta_rad):
        for c, centre in enumerate(centres):
            for (dx, dy), w in zip(offsets(range(-6, 7, 2)), linear_weights(theta), strict=True):
                drive[a, c] += w * linear_response(movie, centre[0] + dx, centre[1] + dy)
    return np.maximum(drive, 0)


def legacy_bank(movie, centres, theta_rad):
    """Current (nA) of each orientation and cell, shape (n_theta, n_cells, n_ms): .2 sum ON - .1 sum OFF."""
    halves = [[legacy_halves(movie, *centre, theta) for centre in centres] for theta in theta_rad]
    return 0.2 * np.array(halves)[:, :, 0] - 0.1 * np.array(halves)[:, :, 1]


def _n_slow(quick):
    return 2 if quick else N_THETA


def ours_default(quick):
    return _ours(False)


def ours_legacy(quick):
    return _ours(True)


def slow_default(quick):
    return _slow(False, quick)


def slow_legacy(quick):
    return _slow(True, quick)


def rows(measure, quick):
    scale = N_CELLS * N_THETA / _n_slow(quick)
    part = f"1 cell x {_n_slow(quick)} orientations, times {scale:.0f}"
    target = f">= {CPU_TARGET_RATIO}x CPU and < {CPU_TARGET_S:g} s"
    lines = []
    for kind in ("default", "legacy"):
        fast = measure("bench_lgn", f"ours_{kind}", repeats=5, quick=quick)
        slow = measure("bench_lgn", f"slow_{kind}", repeats=2, quick=quick)
        passed = slow.cpu_s * scale >= CPU_TARGET_RATIO * fast.cpu_s and fast.cpu_s < CPU_TARGET_S
        labels = dict(against=f"slow {kind} version ({part})", target=target)
        lines.append(row(f"LGN bank, {kind}", fast, peer=slow, scale=scale, passed=passed, **labels))
    return lines
