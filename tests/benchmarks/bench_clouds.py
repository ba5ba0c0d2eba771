"""Clouds and templates from parameters to pixels, against the MotionClouds and LogGabor packages.

MotionClouds takes double precision and the full spectrum. The bound of a cloud is the one Fourier transform of its
volume, half a spectrum in single precision.
"""

import os
import tempfile

import numpy as np

from tests.benchmarks.run import row

CPU_TARGET, MEMORY_TARGET = 6, 4
LAW = dict(theta=np.pi / 3, B_theta=np.pi / 12, sf_0=0.15, B_sf=0.1, V_X=1.0, V_Y=0.0, B_V=0.1, alpha=1.0)


def _shape(quick):
    return (256, 256, 64) if quick else (512, 512, 128)


def ours(quick):
    from helpers.stimuli import motion_cloud

    law = dict(theta_rad=LAW["theta"], b_theta_rad=LAW["B_theta"], sf_0=LAW["sf_0"], b_sf=LAW["B_sf"])
    law |= dict(v_x=LAW["V_X"], v_y=LAW["V_Y"], b_v=LAW["B_V"], alpha=LAW["alpha"])
    return lambda: float(motion_cloud(_shape(quick), **law, seed=1)[0, 0, 0])


def package(quick):
    import MotionClouds

    def draw():
        envelope = MotionClouds.envelope_gabor(*MotionClouds.get_grids(*_shape(quick)), **LAW)
        return float(MotionClouds.rectif(MotionClouds.random_cloud(envelope, seed=1))[0, 0, 0])

    return draw


def transform(quick):
    from scipy import fft

    x, y, t = _shape(quick)
    spectrum = np.ones((x, y, t // 2 + 1), np.complex64)
    return lambda: float(fft.irfftn(spectrum, s=(x, y, t))[0, 0, 0])


# --- templates

THETA_RAD = np.linspace(0, np.pi, 12, endpoint=False)


def templates(quick):
    from helpers.stimuli import log_gabor

    field = dict(x=128, y=128, sf_0=0.15, b_sf=0.5, b_theta_rad=np.pi / 12)
    return lambda: [float(log_gabor((256, 256), theta_rad=theta, **field)[0, 0]) for theta in THETA_RAD]


def package_templates(quick):
    import LogGabor

    folder = tempfile.mkdtemp()
    os.chdir(folder)  # it writes a log file where it stands
    names = "white_n_learning white_N white_N_0 white_f_0 white_alpha white_steepness do_whitening do_mask noise"
    options = dict.fromkeys([*names.split(), "use_cache", "verbose", "seed"], 0)
    options |= dict.fromkeys(["figpath", "matpath", "datapath"], folder)
    options |= dict(N_X=256, N_Y=256, N_image=1, base_levels=1.618, n_theta=12, B_theta=0.26, B_sf=0.5, mask_exponent=3)
    peer, field = LogGabor.LogGabor(options), dict(sf_0=0.15, B_sf=0.5, B_theta=np.pi / 12)
    return lambda: [float(peer.invert(peer.loggabor(128, 128, theta=t, **field))[0, 0]) for t in THETA_RAD]


def rows(measure, quick):
    fast = measure("bench_clouds", "ours", repeats=5, quick=quick)
    peer = measure("bench_clouds", "package", repeats=2, quick=quick)
    bound = measure("bench_clouds", "transform", repeats=5, quick=quick)
    drawn = measure("bench_clouds", "templates", repeats=5, quick=quick)
    passed = peer.cpu_s >= CPU_TARGET * fast.cpu_s and peer.peak_mb >= MEMORY_TARGET * fast.peak_mb
    size = "x".join(map(str, _shape(quick)))
    target = "at full size" if quick else f">= {CPU_TARGET}x CPU, >= {MEMORY_TARGET}x memory"
    return [
        row(
            f"motion cloud {size}: {fast.cpu_s / bound.cpu_s:.1f}x its Fourier transform",
            fast,
            against="MotionClouds package",
            peer=peer,
            target=target,
            passed=None if quick else passed,
        ),
        _template_row(measure, quick, drawn),
    ]


def _template_row(measure, quick, drawn):
    what = "log-Gabor templates, 12 of 256 x 256, each checked for a spectrum that the grid holds"
    try:
        peer = measure("bench_clouds", "package_templates", repeats=5, quick=quick)
    except RuntimeError as failure:
        return row(what, drawn, against=f"LogGabor package: not measured, {failure}")
    return row(what, drawn, against="LogGabor package", peer=peer)
