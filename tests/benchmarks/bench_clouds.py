"""A whole cloud, from parameters to pixels, against the MotionClouds package (double precision, full spectrum)."""

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


def rows(measure, quick):
    fast = measure("bench_clouds", "ours", repeats=5, quick=quick)
    peer = measure("bench_clouds", "package", repeats=2, quick=quick)
    passed = peer.cpu_s >= CPU_TARGET * fast.cpu_s and peer.peak_mb >= MEMORY_TARGET * fast.peak_mb
    size = "x".join(map(str, _shape(quick)))
    target = "at full size" if quick else f">= {CPU_TARGET}x CPU, >= {MEMORY_TARGET}x memory"
    return [
        row(
            f"motion cloud {size}",
            fast,
            against="MotionClouds package",
            peer=peer,
            target=target,
            passed=None if quick else passed,
        )
    ]
