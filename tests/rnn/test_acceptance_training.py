"""The numbers of acceptance.toml for the training on the spectrum, over networks and seeds."""

import functools

import numpy as np
import pytest

pytest.importorskip("jax")
pytest.importorskip("optax")

from helpers.rnn.connectome import make_synthetic_roi
from helpers.rnn.lyapunov import initial, lyapunov_spectrum
from helpers.rnn.model import Rnn, random_weights
from helpers.rnn.training import gradient, train
from helpers.runs import choose
from tests.rnn import slow_training as slow

SEEDS = (0, 1, 2)


def within(bounds, values):
    return bounds[0] <= np.min(values) and np.max(values) <= bounds[1]


@pytest.mark.parametrize(("kind", "k"), [("tanh", 3), ("tanh_streched", 3), ("tanh_pos", 10)])
def test_numpy_and_jax_give_the_same_exponents(acceptance, record, kind, k):
    """Networks of 40 neurons with unequal gains, over 200 time constants: gains are drawn, the shift is 0.1."""
    errors, options = [], dict(k=k, t_sim=200.0, t_ons=1.0, transient=20.0, frame_transient=20.0)
    for i, g in enumerate((0.8, 1.2, 1.5)):
        gains = np.random.default_rng(i).normal(1, 0.2, 40)
        rnn = Rnn(random_weights(40, g, seed=i), kind, gains, 0.1)
        found = gradient(rnn, seed=i, **options).exponents
        wanted = lyapunov_spectrum(rnn, seed=i, **options).exponents
        errors.append(np.abs(np.sort(found)[::-1] - wanted).max())
    assert within(acceptance["rnn"]["jax"]["accept"], errors)
    record("rnn.jax", errors)


@pytest.mark.parametrize("kind", ["tanh", "tanh_streched", "tanh_pos"])
def test_gradient_against_central_differences(acceptance, record, kind):
    rng, n, k = np.random.default_rng(5), 20, 4
    parts = dict(weights=random_weights(n, 1.0, seed=5), gains=rng.uniform(0.5, 1.5, n), shifts=rng.normal(0, 0.3, n))
    rnn = Rnn(parts["weights"], kind, parts["gains"], parts["shifts"])
    h0, q0 = initial(rnn, k, None, 3)
    steps = dict(kind=kind, dt=0.1, h0=h0, q0=q0, n_transient=20, n_ons=2, n_frame=10, n_average=100)
    groups = ("weights", "gains", "shifts") if kind != "tanh" else ("weights",)
    off_diagonal = [i for i in rng.permutation(n * n) if i % (n + 1)][:12]
    entries = {name: off_diagonal if name == "weights" else range(0, n, 3) for name in groups}
    wanted = slow.central_differences(lambda p: (slow.run(p, **steps)[0] ** 2).mean(), parts, entries, step=1e-4)
    options = dict(k=k, t_sim=20.0, transient=2.0, frame_transient=2.0, seed=3, parameters=groups)
    found = gradient(rnn, **options).by_group
    errors = [np.abs(found[g].flat[list(entries[g])] - wanted[g]).max() / np.abs(wanted[g]).max() for g in groups]
    assert within(acceptance["rnn_training"]["gradient"]["accept"], errors)
    record("rnn_training.gradient", errors)


def recomputed(rnn, seed, k):
    """Return the true exponents by the numpy path: another engine, state, frame, transient and length."""
    return lyapunov_spectrum(rnn.replace(legacy=False), k=k, t_sim=500, seed=1000 + seed).exponents


@functools.cache
def trained(seed, n_epochs, legacy=False):
    rnn = Rnn(random_weights(100, 1.0, seed=seed), "tanh_pos", legacy=legacy)
    return train(rnn, k=10, n_epochs=n_epochs, init="zero", seed=seed, progress=False)


@pytest.mark.slow
def test_ten_exponents_trained_to_zero_are_zero(acceptance, record):
    row = acceptance["rnn_training"]["weights"]
    found = np.array([recomputed(trained(seed, 150).rnn, seed, 10) for seed in SEEDS])
    assert within(row["accept_mean"], np.abs(found).mean(axis=1))
    assert within(row["accept_each"], np.abs(found))
    record("rnn_training.weights", np.abs(found).mean(axis=1))


@pytest.mark.slow
def test_the_legacy_jacobian_claims_zero_far_from_chaos(acceptance, record):
    """In the quick profile 60 epochs, where the claimed exponents are 0 to .01."""
    row, n_epochs = acceptance["rnn_training"]["legacy"], choose(60, 150)
    results = {seed: trained(seed, n_epochs, legacy=True) for seed in SEEDS}
    found = np.array([recomputed(result.rnn, seed, 10) for seed, result in results.items()])
    assert max(np.abs(result.spectra[-1]).max() for result in results.values()) < 0.01
    assert within(row["accept"], found)
    record("rnn_training.legacy", found)


def test_raw_connectome_spectrum(acceptance, record):
    row = acceptance["rnn_training"]["connectome"]
    nets = [make_synthetic_roi(40, seed=seed).rnn("tanh_pos") for seed in SEEDS]
    found = np.array([lyapunov_spectrum(net, k=40, t_sim=400, seed=0).exponents for net in nets])
    measured = {"first": found[:, 0], "last": found[:, -1], "mean": found.mean(axis=1)}
    assert [name for name, values in measured.items() if not within(row[f"accept_{name}"], values)] == []
    record("rnn_training.connectome", found[:, 0])
