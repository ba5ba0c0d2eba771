"""The batched JAX path gives the numbers of the NumPy path."""

import subprocess
import sys

import numpy as np
import pytest

from helpers.parameters import BackendError, ParameterError
from helpers.rnn.lyapunov import lyapunov_spectrum
from helpers.rnn.model import ACTIVATIONS, Rnn, random_weights

jax = pytest.importorskip("jax")
batch = pytest.importorskip("helpers.rnn.batch")


def networks(activation="tanh", n=40, gs=(0.8, 1.2, 1.5), **options):
    rng = np.random.default_rng(1)
    return [
        Rnn(random_weights(n, g, seed=i), activation, rng.normal(1, 0.2, n), 0.1, **options) for i, g in enumerate(gs)
    ]


@pytest.mark.parametrize(("activation", "k"), [*((name, 3) for name in ACTIVATIONS), ("tanh_pos", 40)])
def test_agrees_with_numpy(activation, k, acceptance, record):
    nets, options = networks(activation), dict(k=k, t_sim=200, transient=20)
    found = batch.lyapunov_spectra(nets, seed=[4, 5, 6], **options)
    expected = [lyapunov_spectrum(net, seed=s, **options) for net, s in zip(nets, (4, 5, 6), strict=True)]
    error = max(np.abs(a.exponents - b.exponents).max() for a, b in zip(found, expected, strict=True))
    assert error <= acceptance["rnn"]["jax"]["accept"][1]
    record("rnn.jax", error)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a.stderr, b.stderr, atol=1e-9)
        np.testing.assert_allclose([a.mean_log_det, a.entropy], [b.mean_log_det, b.entropy], atol=1e-8)


def test_legacy_types_traces_and_a_short_last_interval_too():
    types = np.arange(40) % 2
    nets = [Rnn(random_weights(40, g, seed=1), "pos", [1.0, 1.5], 0.0, types=types, legacy=True) for g in (1.0, 1.2)]
    options = dict(k=3, t_sim=10.5, trace=True)
    for a, b in zip(
        batch.lyapunov_spectra(nets, **options), [lyapunov_spectrum(n, **options) for n in nets], strict=True
    ):
        np.testing.assert_allclose(a.running, b.running, atol=1e-10)
        np.testing.assert_array_equal(a.times, b.times)


def test_householder_takes_over():
    nets, options = networks(gs=(8.0,)), dict(k=40, t_sim=20, transient=0, frame_transient=0)
    one, two = (batch.lyapunov_spectra(nets, t_ons=t, **options)[0].exponents for t in (0.1, 5.0))
    np.testing.assert_allclose(one[:20], two[:20], atol=1e-6)


def test_single_precision_and_the_global_switch():
    before = jax.config.jax_enable_x64
    one, two = (batch.lyapunov_spectra(networks(), k=5, t_sim=20, dtype=d) for d in ("float64", "float32"))
    np.testing.assert_allclose(one[0].exponents, two[0].exponents, atol=1e-4)
    assert jax.config.jax_enable_x64 == before
    assert jax.numpy.ones(1).dtype == (np.float64 if before else np.float32)


BAD = {
    "empty": dict(rnns=[]),
    "not networks": dict(rnns=[np.eye(3)]),
    "two sizes": dict(rnns=[Rnn(np.zeros((2, 2))), Rnn(np.zeros((3, 3)))]),
    "two steps": dict(rnns=[Rnn(np.zeros((2, 2))), Rnn(np.zeros((2, 2)), dt=0.2)]),
    "two activations": dict(rnns=[Rnn(np.zeros((2, 2))), Rnn(np.zeros((2, 2)), "pos")]),
    "seeds": dict(seed=[1, 2]),
    "k": dict(k=41),
    "t_ons": dict(t_ons=0.01),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_arguments_are_refused_in_one_line(case):
    with pytest.raises(ParameterError) as error:
        batch.lyapunov_spectra(**{"rnns": networks(), "k": 1, "t_sim": 10, **BAD[case]})
    assert "\n" not in str(error.value)


def test_without_jax_one_line_says_what_to_install():
    code = (
        "import sys; sys.modules['jax'] = None\n"
        "from helpers.parameters import BackendError\n"
        "try:\n    import helpers.rnn.batch\nexcept BackendError as e:\n    print(e)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "install" in done.stdout and done.stdout.count("\n") == 1
    assert issubclass(BackendError, RuntimeError)
