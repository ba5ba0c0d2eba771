"""The lateral-line map at thesis size: CPU per trial here and on Brian2 (cell of FINAL_3), memory, start-up."""

import resource
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np

from tests.benchmarks.run import distance, row
from tests.cells import cells

ROOT = Path(__file__).resolve().parents[2]
TRIALS, TRIALS_BRIAN2 = 100, 20
TARGET_MS = 25


def _params(quick, **changes):
    from helpers import lateral_line as ll

    return ll.preset("ll_fast" if quick else "ll_baseline").replace(**changes)


def numba(quick):
    """Trials in blocks of ten, as a training runs them, on a kernel that is compiled and a network that is warm."""
    from helpers import lateral_line as ll
    from helpers.lateral_line import stimulus, wiring

    p = _params(quick)
    wires, n_steps = ll.draw(p, 123), 10 * stimulus.trial_steps(p)
    network = ll.Network(p, wires, ll.initial_weights(p, 123, wires), rng=wiring.stream(123, 3))
    stream = stimulus.snapshots(p, (TRIALS // 10 + 1) * n_steps, 123)
    network.run(stimulus.snapshot_drive(p, stream, 0, n_steps))

    fan = {name: (len(pairs.pre) / n, len(pairs.pre) / m) for name, pairs, n, m in _ways(p, wires)}

    def run():
        events = 0
        for block in range(1, TRIALS // 10 + 1):
            counts = network.run(stimulus.snapshot_drive(p, stream, block * n_steps, n_steps)).counts
            ll, mon, ts = (int(counts[name].sum()) for name in ("ll", "mon", "ts"))
            for (out, into), pre, post in ((fan["ll_mon"], ll, mon), (fan["mon_ts"], mon, ts)):
                events += out * pre + into * post
        return events, TRIALS * stimulus.trial_steps(p) * (p.n_mon + p.n_ts)

    return run


def _ways(p, wires):
    return ("ll_mon", wires.ll_mon, wires.ll_mon.pre.max() + 1, p.n_mon), ("mon_ts", wires.mon_ts, p.n_mon, p.n_ts)


def _brian2(quick):
    """Return Brian2, the cell's network with its spikes of the afferents given, and the time that it should run."""
    from helpers import lateral_line as ll
    from helpers.lateral_line import stimulus

    warnings.simplefilter("ignore")
    notebook = cells("FINAL_3", "model")
    p, rng = _params(quick), np.random.default_rng(0)
    wires, n_steps = ll.draw(p, 123), TRIALS_BRIAN2 * stimulus.trial_steps(p)
    drive = stimulus.snapshot_drive(p, stimulus.snapshots(p, n_steps, 123), 0, n_steps)
    afferents = notebook.poisson(drive.p[drive.row] / p.dt_s, rng)
    v_mv = {"mon": p.el_mV + rng.uniform(0, 2, p.n_mon), "ts": p.el_mV + rng.uniform(0, 2, p.n_ts)}

    def build():
        parts, network = notebook.lateral_line(p, wires, ll.initial_weights(p, 123, wires), afferents, v_mv)
        return parts, network, n_steps * p.dt_s * notebook.b2.second

    return notebook.b2, build


def brian2(quick):
    """At run time with the numpy target, which is how the notebook runs it."""
    _, build = _brian2(quick)
    parts, network, duration = build()
    network.run(duration / 1000)

    def run():
        network.run(duration)
        return int(parts["ts spikes"].num_spikes)

    return run


def brian2_standalone(quick):
    """The cell built as a C++ program; the value is the program's own run time per trial in ms (wall clock)."""
    b2, build = _brian2(quick)
    folder = tempfile.TemporaryDirectory()
    b2.set_device("cpp_standalone", directory=folder.name, build_on_run=False)
    b2.prefs.devices.cpp_standalone.extra_make_args_unix = ["-j2"]  # the default starts every compiler at once

    def run():
        _, network, duration = build()
        network.run(duration)
        b2.device.build(compile=True, run=True, clean=False)
        folder.cleanup()
        return b2.device._last_run_time / TRIALS_BRIAN2 * 1e3

    return run


def trials_100(quick):
    return _whole(100, quick)


def trials_1000(quick):
    return _whole(1000, quick)


def _whole(n_trials, quick):
    from helpers import lateral_line as ll

    p = _params(quick, n_training_trials=n_trials // 10 if quick else n_trials, test_repeats=1)
    return lambda: ll.simulate(p, seed=123, controls=False).ts_spikes_test


def start_up(quick):
    """Import, load the compiled kernel from its cache, and run one short test, in a new interpreter."""
    code = (
        "from helpers import lateral_line as ll;"
        "ll.simulate(ll.preset('ll_fast').replace(n_training_trials=0, test_repeats=1), controls=False)"
    )

    def run():
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    run()
    return run


def rows(measure, quick):
    ours, peer = (measure("bench_lateral_line", case, processes=3, quick=quick) for case in ("numba", "brian2"))
    ms, scale = ours.cpu_s / TRIALS * 1e3, TRIALS / TRIALS_BRIAN2
    ratio = peer.cpu_s * scale / ours.cpu_s
    small, large = (measure("bench_lateral_line", case, quick=quick) for case in ("trials_100", "trials_1000"))
    grown = large.peak_mb - small.peak_mb
    warm = measure("bench_lateral_line", "start_up", repeats=2, quick=quick)
    what = f"lateral line, {TRIALS} trials, {ms:.1f} ms CPU per trial, {distance(ours, *ours.value)}"
    against = f"Brian2 runtime on numpy, {TRIALS_BRIAN2} trials x {scale:.0f}; {_standalone(measure, quick)}"
    target = f"<= {TARGET_MS} ms per trial, >= 10x"
    passed = ms <= TARGET_MS and ratio >= 10
    what_large = f"1000 trials and a test; {grown:.0f} MB more than 100"
    what_warm = f"start-up with a warm cache, {warm.value:.1f} s CPU in a new interpreter"
    return [
        row(what, ours, against=against, peer=peer, scale=scale, target=target, passed=passed),
        row(what_large, large, target="< 30 MB more", passed=grown < 30),
        row(what_warm, warm, target="< 5 s", passed=warm.value < 5),
    ]


def _standalone(measure, quick):
    try:
        found = measure("bench_lateral_line", "brian2_standalone", quick=quick)
    except RuntimeError as failure:
        return f"as C++ program: not built here ({failure})"
    return f"as C++ program {found.value:.0f} ms per trial (wall clock)"
