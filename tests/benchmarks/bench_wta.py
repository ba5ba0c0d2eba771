"""The WTA network: compiled loop against Brian2 and dense numpy, memory over simulated time, cost over size.

Cost depends on what was learned, so every engine trains the same default network from the start. Brian2 is built
once before the clock starts: code is compiled and cached, in standalone mode the binary has been made.
"""

import importlib
import math
import resource
import shutil
import subprocess
import tempfile

from tests.benchmarks.run import row

SECONDS, BRIAN_SECONDS, DENSE_SECONDS = 100, 100, 10


def _seconds(quick, full):
    return 2 if quick else full


def _network(grid=(10, 5), n_conn=1000):
    wta = importlib.import_module("helpers.wta")
    network = wta.Network(grid_shape=grid, n_inputs=100, n_conn=n_conn, seed=1)
    options = dict(r_input=5, r_noise=5, r_noise_pattern=2, n_patterns=1, t_noise_range=[300, 500], seed=1)
    return wta, network, wta.InputGenerator(network, **options)


def _training(quick, seconds, **options):
    wta, network, inputs = _network(**options)
    recorder = wta.Recorder(network, create_plot=False, keep_ms=2000)
    recorder.simulate(inputs, 500)
    t = 1000 * _seconds(quick, seconds)
    return lambda: {"n": network.n_neurons, "stop": recorder.simulate(inputs, t).stop_ms}


def compiled(quick):
    return _training(quick, SECONDS)


def compiled_short(quick):
    return _training(quick, 20)


def compiled_long(quick):
    return _training(quick, 400)


def size_150(quick):
    return _training(quick, 20, grid=(5, 5), n_conn=500)


def size_600(quick):
    return _training(quick, 20, grid=(10, 10), n_conn=2000)


def size_1200(quick):
    return _training(quick, 20, grid=(20, 10), n_conn=4000)


def size_5000(quick):
    return _training(quick, 10, grid=(40, 21), n_conn=16800)


def dense(quick):
    _, network, inputs = _network()
    n_steps = 1000 * _seconds(quick, DENSE_SECONDS)
    stepper = importlib.import_module("tests.wta.slow_stepper")
    schedule = inputs.generate_input(n_steps)
    uniforms = network.rng.random((n_steps, network.n_neurons))
    return lambda: len(stepper.run(network, schedule.time_ms, schedule.channel, uniforms)[1])


def _brian2(quick):
    _, network, inputs = _network()
    reference = importlib.import_module("helpers.wta.reference")
    n_steps = 1000 * _seconds(quick, BRIAN_SECONDS)
    schedule = inputs.generate_input(n_steps)
    given = (schedule.time_ms, schedule.channel)
    return reference, network, given, n_steps


def brian2_cython(quick):
    reference, network, given, n_steps = _brian2(quick)
    early = given[0] < 20
    reference.run(network, given[0][early], given[1][early], 20, draw="brian2")
    return lambda: reference.run(network, *given, n_steps, draw="brian2").spike_id.size


def brian2_standalone(quick):
    """Build and run once, then time the binary alone: what Python does around it is left out."""
    import brian2

    reference, network, given, n_steps = _brian2(quick)
    folder = tempfile.mkdtemp()
    brian2.set_device("cpp_standalone", directory=folder, build_on_run=True)
    brian2.prefs.devices.cpp_standalone.extra_make_args_unix = ["-j2"]  # the default starts every compiler at once
    reference.run(network, *given, n_steps, draw="brian2")

    def run():
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(["./main"], cwd=folder, check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        shutil.rmtree(folder, ignore_errors=True)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    return run


def rows(measure, quick):
    def timed(case, repeats=1):
        return measure("bench_wta", case, repeats=repeats, quick=quick)

    per_s, ours = _seconds(quick, SECONDS), timed("compiled")
    what = f"WTA training, {ours.value['n']} neurons, {per_s} s"
    passed = ours.cpu_s <= 0.02 * per_s
    lines = [row(what, ours, target="<= 0.02 CPU-s per simulated s", passed=passed)]
    peers = (
        ("brian2_cython", "Brian2, Cython, warm"),
        ("brian2_standalone", "Brian2, C++ standalone, the binary alone"),
    )
    for case, label in peers:
        try:
            peer = timed(case)
        except RuntimeError as failure:
            lines.append(row(what, ours, against=f"{label}: not measured, {failure}"))
            continue
        if case == "brian2_standalone":
            peer.cpu_s = peer.value
        lines.append(row(what, ours, against=label, peer=peer, target="faster", passed=ours.cpu_s < peer.cpu_s))
    scale = per_s / _seconds(quick, DENSE_SECONDS)
    lines.append(row(what, ours, against="dense numpy steps", peer=timed("dense"), scale=scale))
    return [*lines, _memory(timed, quick, ours), _growth(timed)]


def _memory(timed, quick, ours):
    longer = timed("compiled_long")
    what = f"WTA training, {_seconds(quick, 400)} s"
    passed = longer.peak_mb < 1.1 * ours.peak_mb
    return row(what, longer, against=f"{_seconds(quick, SECONDS)} s", peer=ours, target="same memory", passed=passed)


def _growth(timed):
    """Fit the exponent of CPU time over N at 20 links per circuit, per simulated second."""
    sizes = {"size_150": 20, "compiled_short": 20, "size_600": 20, "size_1200": 20, "size_5000": 10}
    found = {case: timed(case) for case in sizes}
    n = [found[case].value["n"] for case in sizes]
    seconds = [found[case].cpu_s / t for case, t in sizes.items()]
    x, y = [math.log(v) for v in n], [math.log(v) for v in seconds]
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    slope = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True)) / sum((a - mean_x) ** 2 for a in x)
    note = ", ".join(f"N = {a}: {b:.3f} s" for a, b in zip(n, seconds, strict=True))
    return row(
        f"WTA training per simulated s, 20 links per circuit: CPU ~ N^{slope:.2f}", found["size_5000"], against=note
    )
