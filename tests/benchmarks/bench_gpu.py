"""Training epochs of `rnn` on a GPU, beside the same program on one core of the same machine.

The code is that of :mod:`helpers.rnn.gradients`, unchanged; JAX takes the GPU where it finds one. Times are wall
seconds of the best of five epochs after the first, the device waited for. A network is a chain of some thousand small
steps, which a GPU starts one after another, so that a small one is bound by the starts; `batch` networks of one size go
through the same steps together (`jax.vmap`). Both devices' loss, exponents and gradient are compared below chaos, where
rounding does not grow: the largest difference, relative to the largest entry, is shown.
"""

import os
import time

import numpy as np

from tests.benchmarks.run import row

SIZES = {  # n, k, networks at once, precision
    "100_10_1_float64": "n = 100 k = 10",
    "100_10_64_float64": "n = 100 k = 10, 64 networks at once",
    "400_40_1_float64": "n = 400 k = 40",
    "400_40_1_float32": "n = 400 k = 40, single precision",
    "1000_100_1_float64": "n = 1000 k = 100",
    "1000_100_1_float32": "n = 1000 k = 100, single precision",
}
T_SIM = 200.0


def __getattr__(case):
    """Return the case of a device and size, such as ``gpu_100_10_1_float64``."""
    device, _, size = case.partition("_")
    if device not in ("cpu", "gpu") or size not in SIZES:
        raise AttributeError(case)
    return lambda quick: _epochs(device, size, quick)


def card(quick):
    """Return an action that names the GPU, or None where JAX finds none."""
    import jax

    def run():
        try:
            return jax.devices("gpu")[0].device_kind
        except RuntimeError:
            return None

    return run


def _epochs(device, size, quick):
    """Return an action that runs epochs of training; its value has seconds of one network, and a short gradient."""
    os.environ["JAX_PLATFORMS"] = {"cpu": "cpu", "gpu": "cuda"}[device]
    os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"] = "false"
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    import jax

    from helpers.rnn import gradients, training
    from helpers.rnn.model import Rnn, random_weights

    n, k, batch, dtype = (int(word) if word.isdigit() else word for word in size.split("_"))
    t_sim = 20.0 if quick or (device, n) == ("cpu", 1000) else T_SIM
    batch = batch if device == "gpu" else 1  # one core does one after another
    networks = [Rnn(random_weights(n, 1.0, seed=seed), "tanh_pos") for seed in range(batch)]

    def params(t_sim):
        return gradients.TrainingParams(k=k, t_sim=t_sim, dtype=dtype, transient=2.0, frame_transient=2.0)

    def run():
        with gradients.double():
            plan, free, fixed = gradients.prepared(networks[0], params(t_sim), None)
            slope = jax.jit(lambda free: gradients.value_and_grad(free, fixed, plan=plan)[1])
            update = jax.jit(lambda *given: training._update(*given, fixed, clip_signs=False))
            if batch > 1:
                free = jax.tree.map(
                    lambda *each: jax.numpy.stack(each),
                    *[gradients.prepared(one, params(t_sim), None)[1] for one in networks],
                )
                slope, update = jax.vmap(slope), jax.vmap(update)
            moments, costs = jax.vmap(training.ADAM.init)(free) if batch > 1 else training.ADAM.init(free), []
            for _ in range(6):
                start = time.perf_counter()
                free, moments, _ = jax.block_until_ready(update(free, moments, slope(free)))
                costs.append(time.perf_counter() - start)
        found = gradients.gradient(networks[0], **params(20.0).to_dict())
        values = [[found.loss], found.exponents.tolist(), found.by_group["weights"][:50].ravel().tolist()]
        return dict(seconds=min(costs[1:]) * (T_SIM + 2) / (t_sim + 2) / batch, first=costs[0], values=values)

    return run


def rows(measure, quick):
    name = measure("bench_gpu", "card", quick=quick).value
    if name is None:
        raise RuntimeError("JAX finds none")
    lines = []
    for size, what in SIZES.items():
        one, core = (measure("bench_gpu", f"{device}_{size}", quick=quick) for device in ("gpu", "cpu"))
        pairs = zip(one.value["values"], core.value["values"], strict=True)
        off = max(np.abs(np.subtract(mine, theirs)).max() / np.abs(theirs).max() for mine, theirs in pairs)
        one.cpu_s, core.cpu_s, first = one.value["seconds"], core.value["seconds"], one.value["first"]
        text = f"training epoch on {name}, {what}: wall ms of a network {1e3 * one.cpu_s:.2g}, first {first:.1f} s"
        passed = bool(off < (1e-9 if size.endswith("64") else 1e-3))
        lines.append(row(text, one, against=f"one core; differs by {off:.0e}", peer=core, passed=passed))
    return lines
