"""Lyapunov spectra against the matrix products they consist of, timed in the same process and moment.

The bound is the time that the machine's own gemm takes for the flops of the method: 2 N^2 (k + 1) for a step,
2 N k^2 + k^3 / 3 for a Cholesky QR. Its rate is that of the product of a step, (N, N) by (N, k + 1). For N = 100 a
product with k columns is faster, since OpenBLAS leaves out its packing up to 1e6 multiplications: the share of
that bound is given too. Spectra and gemm alternate, and the best CPU time of the repeats counts. Two QR intervals are
shown, and the cost with the determinants that `mean_log_det` needs.

nolds (0.6.2; 0.6.3 cannot be imported under Python 3.11) has only the trace of one neuron, and so another task: the
first exponent from 4,000 samples by Rosenstein's method, with delays of tau, by its number of delays.
"""

import json
import time
from types import SimpleNamespace

import numpy as np

from tests.benchmarks.run import environment, row, said_by

SIZES = {"100_100": (100, 100), "400_50": (400, 50)}
SHARE = 0.75
REPEATS = 25
OPTIONS = dict(transient=0.0, frame_transient=0.0)
VARIANTS = {
    "t_ons = 1": dict(t_ons=1.0, log_det=False),
    "t_ons = 1 with determinants": dict(t_ons=1.0),
    "t_ons = 2 with determinants": dict(t_ons=2.0),
}


def _cpu(action, n=1):
    start = time.process_time()
    for _ in range(n):
        action()
    return (time.process_time() - start) / n


def _gemm_gflops(weights, n_columns, dtype):
    """Return an action that runs 100 products of a step and returns their rate in GFLOP/s."""
    from scipy.linalg import blas

    from helpers.rnn.lyapunov import one_blas_thread

    j = np.asfortranarray(weights, dtype)
    x = np.asfortranarray(np.random.default_rng(0).standard_normal((len(j), n_columns)), dtype)
    c, gemm = x.copy(order="F"), blas.dgemm if dtype == "float64" else blas.sgemm

    def run():
        with one_blas_thread():
            seconds = _cpu(lambda: gemm(0.1, j, x, beta=0.9, c=c, overwrite_c=True), 100)
        return 2e-9 * len(j) ** 2 * n_columns / seconds

    return run


def _speed(n, k, dtype, t_sim):
    """Return for each variant the best CPU seconds and those of the two bounds, all measured in turns."""
    from helpers.rnn.lyapunov import lyapunov_spectrum
    from helpers.rnn.model import Rnn, random_weights

    rnn, rates = Rnn(random_weights(n, 1.5, seed=0)), np.zeros(2)
    gemms = [_gemm_gflops(rnn.weights, n_columns, dtype) for n_columns in (k + 1, k)]
    best = dict.fromkeys(VARIANTS, np.inf)
    for _ in range(REPEATS):
        rates = np.maximum(rates, [gemm() for gemm in gemms])
        for name, variant in VARIANTS.items():
            options = dict(OPTIONS, **variant, k=k, t_sim=t_sim, dtype=dtype)
            best[name] = min(best[name], _cpu(lambda: lyapunov_spectrum(rnn, **options)))  # noqa: B023
    flops = {name: _flops(n, k, t_sim, variant["t_ons"]) for name, variant in VARIANTS.items()}
    return {name: [best[name], *(1e-9 * flops[name] / rates).tolist()] for name in VARIANTS}


def _flops(n, k, t_sim, t_ons):
    return t_sim * 10 * 2 * n**2 * (k + 1) + t_sim / t_ons * (2 * n * k**2 + k**3 / 3)


def _one(size, dtype, quick):
    return lambda: _speed(*SIZES[size], dtype, 4.0 if quick else 40.0)


def f64_100_100(quick):
    return _one("100_100", "float64", quick)


def f64_400_50(quick):
    return _one("400_50", "float64", quick)


def f32_100_100(quick):
    return _one("100_100", "float32", quick)


def f32_400_50(quick):
    return _one("400_50", "float32", quick)


def _cost(sizes, quick):
    """Return the best CPU ms per unit of time for each (n, k)."""
    from helpers.rnn.lyapunov import lyapunov_spectrum
    from helpers.rnn.model import Rnn, random_weights

    t_sim, ms = 4.0 if quick else 20.0, []
    for n, k in sizes:
        rnn = Rnn(random_weights(n, 1.5, seed=0))
        runs = [_cpu(lambda: lyapunov_spectrum(rnn, k=k, t_sim=t_sim, **OPTIONS)) for _ in range(3)]  # noqa: B023
        ms.append(1e3 * min(runs) / t_sim)
    return ms


BY_N = [(n, 20) for n in (100, 200, 400, 800)]
BY_K = [(400, k) for k in (10, 40, 160, 400)]


def over_n(quick):
    return lambda: _cost(BY_N, quick)


def over_k(quick):
    return lambda: _cost(BY_K, quick)


def _speed_rows(measure, quick):
    for case in ("f64_100_100", "f64_400_50", "f32_100_100", "f32_400_50"):
        found = measure("bench_lyapunov", case, quick=quick)
        dtype, n, k = case.split("_")
        for variant, (ours, bound, other) in found.value.items():
            found.cpu_s = ours
            held = dtype == "f64" and "with" not in variant
            if "with" in variant and n != k:
                continue
            share = f"reached {bound / ours:.0%} ({other / ours:.0%} of that of k columns)"
            yield row(
                f"Lyapunov spectrum {dtype}, N = {n}, k = {k}, {variant}, T = {4 if quick else 40}",
                found,
                against=f"gemm bound {bound:.3f} s, {share}",
                target=f">= {SHARE:.0%} of the bound" if held else "",
                passed=bound / ours >= SHARE if held else None,
            )


def _scaling_rows(measure, quick):
    for case, sizes, axis, fixed in (("over_n", BY_N, 0, "k = 20, N"), ("over_k", BY_K, 1, "N = 400, k")):
        found = measure("bench_lyapunov", case, quick=quick)
        values = [size[axis] for size in sizes]
        slope = np.polyfit(np.log(values[1:]), np.log(found.value[1:]), 1)[0]
        listed = ", ".join(f"{value}: {ms:.2g}" for value, ms in zip(values, found.value, strict=True))
        yield row(f"Lyapunov cost f64, {fixed}: ms per unit of time {listed}", found, against=f"exponent {slope:.2f}")


# --- from data


def _network():
    from helpers import rnn

    return rnn.Rnn(rnn.random_weights(100, 4.0, seed=0))


def first_exponent(quick):
    """Return an action that gives the first exponent of a network over T = 400."""
    from helpers import rnn

    network, run = _network(), dict(k=1, t_sim=400.0, transient=100.0)
    rnn.lyapunov_spectrum(network, k=1, t_sim=1.0)
    return lambda: rnn.lyapunov_spectrum(network, **run).exponents[0].item()


NOLDS = """
import json, sys, time, warnings
import numpy as np
warnings.simplefilter("ignore")
import nolds
trace, found = np.array(json.load(sys.stdin)), {}
for n in (5, 10):
    start = time.process_time()
    found[n] = nolds.lyap_r(trace, emb_dim=n, lag=10, min_tsep=100, tau=0.1, trajectory_len=50)
    cost = time.process_time() - start
print(json.dumps(dict(cpu_s=cost, peak_mb=peak_mb(), found=found)))
"""


def _data_rows(measure, quick):
    from helpers import rnn

    ours = measure("bench_lyapunov", "first_exponent", repeats=3, quick=quick)
    what = f"first exponent of a network, N = 100, g = 4, T = 400: {ours.value:.3f}"
    trace = rnn.trajectory(_network(), t_sim=500.0)[-4000:, 0].tolist()
    try:
        peer = json.loads(said_by(environment("nolds", ("nolds==0.6.2",)), NOLDS, input=json.dumps(trace)))
    except RuntimeError as failure:
        return [row(what, ours, against=f"nolds: not measured, {failure}")]
    peer = SimpleNamespace(**peer)
    listed = ", ".join(f"{value:.3f} by {n} delays" for n, value in peer.found.items())
    return [row(what, ours, against=f"nolds 0.6.2 from the trace of one neuron: {listed}", peer=peer)]


def rows(measure, quick):
    return [*_speed_rows(measure, quick), *_scaling_rows(measure, quick), *_data_rows(measure, quick)]
