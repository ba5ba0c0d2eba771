"""Lyapunov spectra against the matrix products they consist of, timed in the same process and moment.

The bound is the time that the processor's own gemm takes for the flops of the method: 2 N^2 (k + 1) for a step,
2 N k^2 + k^3 / 3 for a Cholesky QR, at the rate of a gemm of the step's shape; for k = 1, where a product is a
walk through memory, it is that gemm itself. Spectra and gemm alternate, and the best of the repeats counts.
"""

import time

import numpy as np

from tests.benchmarks.run import row

SIZES = {"100_100": (100, 100), "400_50": (400, 50)}
SHARE = 0.75
OPTIONS = dict(t_ons=1.0, transient=0.0, frame_transient=0.0)
N_NETS = 50


def _cpu(action, n=1):
    start = time.process_time()
    for _ in range(n):
        action()
    return (time.process_time() - start) / n


def _gemm(weights, k, dtype):
    """Return one step's matrix product, ready to run."""
    from scipy.linalg import blas

    j = np.asfortranarray(weights, dtype)
    x = np.asfortranarray(np.random.default_rng(0).standard_normal((len(j), k + 1)), dtype)
    c, gemm = x.copy(order="F"), blas.dgemm if dtype == "float64" else blas.sgemm
    return lambda: gemm(0.1, j, x, beta=0.9, c=c, overwrite_c=True)


def _spectrum(n, k, dtype, t_sim, log_det=False):
    """Return the best CPU seconds of a spectrum and of the bound, measured in turns."""
    from helpers.rnn.lyapunov import lyapunov_spectrum, one_blas_thread
    from helpers.rnn.model import Rnn, random_weights

    rnn = Rnn(random_weights(n, 1.5, seed=0))
    gemm, n_steps = _gemm(rnn.weights, k, dtype), round(t_sim * 10)
    share = 1 + (2 * n * k**2 + k**3 / 3) / 10 / (2 * n**2 * (k + 1))
    best = np.full(2, np.inf)
    for _ in range(7):
        ours = _cpu(lambda: lyapunov_spectrum(rnn, k=k, t_sim=t_sim, dtype=dtype, log_det=log_det, **OPTIONS))
        with one_blas_thread():
            best = np.minimum(best, [ours, _cpu(gemm, n_steps) * n_steps * share])
    return best.tolist()


def _one(size, dtype, quick):
    return lambda: _spectrum(*SIZES[size], dtype, 20.0 if quick else 200.0)


def f64_100_100(quick):
    return _one("100_100", "float64", quick)


def f64_400_50(quick):
    return _one("400_50", "float64", quick)


def f32_100_100(quick):
    return _one("100_100", "float32", quick)


def f32_400_50(quick):
    return _one("400_50", "float32", quick)


def _nets():
    from helpers.rnn.model import Rnn, random_weights

    return [Rnn(random_weights(100, g, seed=i)) for i, g in enumerate(np.linspace(0.5, 3, N_NETS))]


def batched(quick):
    """50 networks of 100 neurons, k = 1, one JAX program; compiled before the clock starts."""
    from helpers.rnn.batch import lyapunov_spectra

    nets, options = _nets(), dict(OPTIONS, k=1, t_sim=20.0 if quick else 200.0, dtype="float32")
    lyapunov_spectra(nets, **options)
    return lambda: len(lyapunov_spectra(nets, **options))


def one_by_one(quick):
    from helpers.rnn.lyapunov import lyapunov_spectrum

    nets, options = _nets(), dict(OPTIONS, k=1, t_sim=20.0 if quick else 200.0, dtype="float32")
    return lambda: len([lyapunov_spectrum(net, **options) for net in nets])


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
        ours, bound = found.value
        found.cpu_s = ours
        dtype, n, k = case.split("_")
        f64 = dtype == "f64"
        yield row(
            f"Lyapunov spectrum {dtype}, N = {n}, k = {k}, T = {20 if quick else 200}",
            found,
            against=f"gemm bound {bound:.3f} s, reached {bound / ours:.0%}",
            target=f">= {SHARE:.0%} of the bound" if f64 else "",
            passed=bound / ours >= SHARE if f64 else None,
        )


def _scaling_rows(measure, quick):
    for case, sizes, axis, fixed in (("over_n", BY_N, 0, "k = 20, N"), ("over_k", BY_K, 1, "N = 400, k")):
        found = measure("bench_lyapunov", case, quick=quick)
        values = [size[axis] for size in sizes]
        slope = np.polyfit(np.log(values[1:]), np.log(found.value[1:]), 1)[0]
        listed = ", ".join(f"{value}: {ms:.2g}" for value, ms in zip(values, found.value, strict=True))
        yield row(f"Lyapunov cost f64, {fixed}: ms per unit of time {listed}", found, against=f"exponent {slope:.2f}")


def rows(measure, quick):
    batched, single = (measure("bench_lyapunov", case, repeats=3, quick=quick) for case in ("batched", "one_by_one"))
    what = f"{N_NETS} networks, N = 100, k = 1, f32, one JAX program"
    batch_row = row(what, batched, peer=single, against="the same networks one by one in NumPy")
    return [*_speed_rows(measure, quick), batch_row, *_scaling_rows(measure, quick)]
