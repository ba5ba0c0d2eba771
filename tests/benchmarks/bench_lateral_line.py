"""The lateral-line map at thesis size: CPU per trial on both engines, memory over trials, warm start-up."""

import importlib
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np

from tests.benchmarks.run import row

ROOT = Path(__file__).resolve().parents[2]
TRIALS_NUMBA, TRIALS_BRIAN2, TRIALS_STANDALONE = 100, 20, 20
TARGET_MS = 25


def _params(quick):
    preset = importlib.import_module("helpers.lateral_line.params").preset
    return preset("ll_fast" if quick else "ll_baseline")


def _engine(engine, n_trials, quick):
    """Return an action that runs `n_trials` more trials of the recipe on an engine that is compiled and warm."""
    module = importlib.import_module(f"helpers.lateral_line.{engine}")
    stimulus, wiring = (importlib.import_module(f"helpers.lateral_line.{name}") for name in ("stimulus", "wiring"))
    p = _params(quick).replace(n_training_trials=4 * (n_trials + 1))
    wires, n_steps = wiring.draw(p, 123), stimulus.trial_steps(p)
    stream = stimulus.snapshots(p, stimulus.training_steps(p), 123)
    network = module.Network(p, wires, wiring.initial_weights(p, 123, wires), rng=wiring.stream(123, 3))
    clock = iter(range(0, 10**9, n_steps))

    def run(n=n_trials):
        if engine == "reference":
            return network.run(stimulus.snapshot_drive(p, stream, next(clock), n * n_steps)).totals().tolist()
        blocks = [network.run(stimulus.snapshot_drive(p, stream, next(clock), n_steps)) for _ in range(n)]
        return np.sum([block.totals() for block in blocks], axis=0).tolist()

    run(1)
    return run


def numba(quick):
    return _engine("kernel", TRIALS_NUMBA, quick)


def brian2(quick):
    return _engine("reference", TRIALS_BRIAN2, quick)


def brian2_standalone(quick):
    """The reference built as a C++ program; the value is the program's own run time per trial in ms (wall clock)."""
    import tempfile

    import brian2 as b2

    folder = tempfile.TemporaryDirectory()
    b2.set_device("cpp_standalone", directory=folder.name, build_on_run=False)
    b2.prefs.devices.cpp_standalone.extra_make_args_unix = ["-j2"]  # the default starts every compiler at once
    reference, stimulus, wiring = (
        importlib.import_module(f"helpers.lateral_line.{name}") for name in ("reference", "stimulus", "wiring")
    )
    p = _params(quick).replace(n_training_trials=TRIALS_STANDALONE)
    wires, n_steps = wiring.draw(p, 123), stimulus.training_steps(p)
    weights, rng = wiring.initial_weights(p, 123, wires), np.random.default_rng(0)
    drive = stimulus.snapshot_drive(p, stimulus.snapshots(p, n_steps, 123), 0, n_steps)

    def run():
        network = reference.Network(p, wires, weights, rng=rng)
        step, cell = np.nonzero(rng.random((n_steps, p.n_ll)) < drive.p[drive.row])
        network.ll.set_spikes(cell, step * network.dt)
        for name, path in network.paths.items():
            path.w = weights[name]
        network.brian.run(n_steps * network.dt)
        b2.device.build(compile=True, run=True, clean=False)
        folder.cleanup()
        return b2.device._last_run_time / TRIALS_STANDALONE * 1e3

    return run


def trials_100(quick):
    return _whole(100, quick)


def trials_1000(quick):
    return _whole(1000, quick)


def _whole(n_trials, quick):
    lateral_line = importlib.import_module("helpers.lateral_line")
    p = _params(quick).replace(n_training_trials=n_trials // 10 if quick else n_trials)
    return lambda: lateral_line.simulate(p, seed=123, test_repeats=1, controls=False).ts_spikes_test


def start_up(quick):
    """Import, load the compiled kernel from its cache, and run one short test, in a new interpreter."""
    code = (
        "from helpers.lateral_line import simulate;"
        "from helpers.lateral_line.params import preset;"
        "simulate(preset('ll_fast').replace(n_training_trials=0), test_repeats=1, controls=False)"
    )

    def run():
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    run()
    return run


def rows(measure, quick):
    ours, peer = (measure("bench_lateral_line", case, quick=quick) for case in ("numba", "brian2"))
    ms = ours.cpu_s / TRIALS_NUMBA * 1e3
    scale = TRIALS_NUMBA / TRIALS_BRIAN2
    ratio = peer.cpu_s * scale / ours.cpu_s
    small, large = (measure("bench_lateral_line", case, quick=quick) for case in ("trials_100", "trials_1000"))
    grown = large.peak_mb - small.peak_mb
    warm = measure("bench_lateral_line", "start_up", repeats=2, quick=quick)
    what = f"lateral line, {TRIALS_NUMBA} trials, {ms:.1f} ms CPU per trial"
    against = f"Brian2 runtime, {TRIALS_BRIAN2} trials x {scale:.0f}; {_standalone(measure, quick)}"
    target = f"<= {TARGET_MS} ms per trial, >= 10x"
    return [
        row(what, ours, against=against, peer=peer, scale=scale, target=target, passed=ms <= TARGET_MS and ratio >= 10),
        row(f"1000 trials and a test; {grown:.0f} MB more than 100", large, target="< 30 MB more", passed=grown < 30),
        row(
            f"start-up with a warm cache, {warm.value:.1f} s CPU in a new interpreter",
            warm,
            target="< 5 s",
            passed=warm.value < 5,
        ),
    ]


def _standalone(measure, quick):
    try:
        found = measure("bench_lateral_line", "brian2_standalone", quick=quick)
    except RuntimeError:
        return "as C++ program: not built here"
    return f"as C++ program {found.value:.0f} ms per trial (wall clock)"
