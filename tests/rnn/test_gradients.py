"""The gradient of the exponents: against a plain loop and the numpy path, explosion, compiled programs, memory."""

from importlib.util import find_spec

import numpy as np
import pytest

from helpers import runs
from helpers.parameters import BackendError
from helpers.rnn.losses import loss_value
from helpers.rnn.lyapunov import initial, lyapunov_spectrum
from helpers.rnn.model import random_weights
from tests.rnn.later import GROUPS, Later, network, relative

pytestmark = pytest.mark.skipif(find_spec("jax") is None, reason="gradients need jax")
jax, jnp, gradients = Later("jax"), Later("jax.numpy"), Later("helpers.rnn.gradients")
# one plan for most tests: it is compiled once
SMALL = dict(k=3, t_sim=4.0, t_ons=0.2, transient=0.0, frame_transient=1.0, parameters=GROUPS)
LONG = dict(t_ons=0.04, t_sim=10.0, transient=12.0, frame_transient=0.8)


# --- exponents and gradient


LEGACY = dict(legacy=True, x=np.linspace(-1, 1, 8))
WAYS = [("full", 0, {}), ("full", 0, LEGACY), ("window", 5, {}), ("window", 1, {}), ("frozen", 0, {})]


@pytest.mark.parametrize(("grad", "cut_every", "options"), WAYS)
def test_the_gradient_is_that_of_a_plain_loop_with_all_transients_types_and_cuts(grad, cut_every, options):
    """The loop of the cells with 10 steps of the state alone before; it is cut every so many QRs, or at every step.

    There are more types than neurons, some of no neuron.
    """
    types = np.array([0, 2, 4, 10, 4, 2, 0, 0])
    shape = dict(gain=np.linspace(0.7, 1.9, 11), shift=np.linspace(-0.3, 0.4, 11), types=types)
    rnn = network(g=1.3, **shape, **options)
    h0, q0 = initial(rnn, 3, None, 0)

    def value(parts):
        h, q, logs, j = jnp.asarray(h0), jnp.asarray(q0), 0, parts["weights"]
        gains, shifts = parts["gains"][types], parts["shifts"][types]
        for i in range(-5, 12):
            if grad == "window" and i >= 0 and i % cut_every == 0:
                h = jax.lax.stop_gradient(h)
            for _ in range(2):
                h = jax.lax.stop_gradient(h) if grad == "frozen" else h
                t = jnp.tanh(gains * (h - shifts))
                slope = gains * (1 - jnp.tanh(h) ** 2) if rnn.legacy else gains * (1 - t**2) / 2
                q = 0.9 * q + 0.1 * j @ (slope[:, None] * q) if i >= 0 else q
                h = 0.9 * h + 0.1 * (j @ ((1 + t) / 2) + options.get("x", 0))
            q, r = jnp.linalg.qr(q)
            logs = logs + jnp.log(jnp.abs(jnp.diag(r))) * (i >= 2)
        return jnp.mean((logs / 2 - jnp.array([1.25, 0, -1.25])) ** 2)

    with jax.enable_x64(True):
        parts = dict(weights=np.array(rnn.weights, order="C"), gains=rnn.gain, shifts=rnn.shift)
        wanted, slopes = jax.value_and_grad(value)(parts)
    times = dict(t_sim=2.0, transient=1.0, frame_transient=0.4, window=max(0.2 * cut_every, 0.2), loss="MSE_Custom")
    found = gradients.gradient(rnn, **SMALL | times, grad=grad)
    assert found.loss == pytest.approx(float(wanted), rel=1e-10)
    for name in GROUPS:
        slope = np.array(slopes[name])
        if name == "weights":
            np.fill_diagonal(slope, 0)
        assert relative(found.by_group[name], slope) < 1e-9, name


@pytest.mark.parametrize("smallest", [1.0, 1e-6])
def test_cotangents_of_the_qr_for_any_function_of_q_and_r(rng, smallest):
    """Those of JAX itself, for ill-conditioned frames too. Exponents never use the part of S above the diagonal: q_i
    may gain earlier q_j without changing them."""
    a = rng.normal(size=(7, 4)) * np.geomspace(1, smallest, 4)
    b, c = rng.normal(size=(7, 4)), rng.normal(size=4)

    def plain(a):
        q, r = jnp.linalg.qr(a)
        return q * jnp.sign(r.diagonal()), jnp.log(jnp.abs(r.diagonal()))

    with gradients.double():
        given, slopes = jnp.asarray(a), (jnp.asarray(b), jnp.asarray(c))
        (found,), (wanted,) = (jax.vjp(qr, given)[1](slopes) for qr in (gradients._qr, plain))
    assert relative(found, np.asarray(wanted)) < 1e-9


def test_the_slope_of_l2_at_the_target_is_zero_and_not_nan():
    slope = jax.grad(lambda x: loss_value("l2", x, x * 0 + 1, xp=jnp))(jnp.ones(3))
    assert slope.tolist() == [0, 0, 0]


def test_a_state_that_leaves_the_numbers_is_an_error():
    """All rules that can be trained saturate: only weights and an input near the largest number lead there. Their
    slope is then 0, and without a check the leak alone would be the exponent."""
    net = network().replace(weights=1e308 * (1 - np.eye(8)), x=np.full(8, 1e308))
    with pytest.raises(BackendError, match=r"left the finite numbers .*; take weaker weights"):
        gradients.gradient(net, **SMALL | dict(t_sim=8.0, transient=1.0))


def test_a_synapse_of_a_neuron_on_itself_is_not_trained_and_single_precision_is_near_double():
    net = network().replace(weights=random_weights(8, 1.0, seed=0) + 0.5 * np.eye(8))
    double, single = (gradients.gradient(net, **SMALL, dtype=d) for d in ("float64", "float32"))
    found = double.by_group["weights"]
    assert not found.diagonal().any() and (found[~np.eye(8, dtype=bool)] != 0).all()
    assert relative(single.by_group["weights"], found) < 1e-3
    assert 0 < np.abs(single.exponents - double.exponents).max() < 1e-5


# --- compilation, memory, precision


def test_a_program_is_compiled_once_whatever_times_masks_and_numbers():
    """Up to 256 QR intervals and steps of the transient; beyond, once more for every power of two."""
    gradients.gradient(network(), **SMALL)
    before = gradients.value_and_grad._cache_size()
    for times in (dict(t_sim=50.0), dict(transient=7.0, frame_transient=0.0), dict(window=1.0, lr=0.3, clip=1.0)):
        gradients.gradient(network(seed=1, g=3.0, dt=0.19), **SMALL | times)
    gradients.gradient(network(), **SMALL, masks={"weights": np.tri(8)}, seed=5, target=1.0)
    assert gradients.value_and_grad._cache_size() == before
    chaotic = network(g=12.0, dt=0.02)
    wanted = lyapunov_spectrum(chaotic, k=3, **LONG).exponents
    np.testing.assert_allclose(np.sort(gradients.gradient(chaotic, **SMALL | LONG).exponents)[::-1], wanted, atol=1e-11)
    gradients.gradient(network(dt=0.02), **SMALL | LONG | dict(t_sim=19.6, transient=20.0))
    assert gradients.value_and_grad._cache_size() == before + 1


def test_memory_grows_by_one_state_for_each_qr_interval():
    """A tape of every step would hold at least four such arrays a step, eight an interval."""
    used = []
    for times, room in ((SMALL, (256, 256)), (SMALL | LONG, (1024, 512))):
        net, params = network(dt=times["t_ons"] / 2), gradients.TrainingParams(**times)
        with gradients.double():
            plan, free, fixed = gradients.prepared(net, params, None)
            program = gradients.value_and_grad.lower(free, fixed, plan=plan).compile()
        used.append(program.memory_analysis().temp_size_in_bytes)
        assert plan.room == room
    assert used[1] - used[0] <= 1.3 * 8 * 8 * (256 * (3 + 1) + 768)


def test_times_are_rounded_up_to_whole_steps():
    """.14 / .02 is 7.000000000000001; the transient counts steps, all else counts intervals of t_ons."""
    times = dict(t_ons=0.14, t_sim=2.75, transient=0.15, frame_transient=0.28, window=0.3, grad="window")
    with gradients.double():
        plan, _, fixed = gradients.prepared(network(dt=0.02), gradients.TrainingParams(**SMALL | times), None)
    counts = [int(fixed[name]) for name in ("n_transient", "n_frame", "n_average", "window")]
    assert [plan.n_ons, *counts] == [7, 8, 2, 20, 3]


def compiled_files(folder):
    """Run a program inside a call of ours with no memory of earlier ones; return the files and their times."""

    def program(x):
        return jnp.sum(3 * x)

    with gradients.double():
        assert float(jax.jit(program)(jnp.ones(3))) == 9.0
    return {path: path.stat().st_mtime_ns for path in folder.glob("*program*")}


@pytest.fixture
def stored(tmp_path, monkeypatch):
    """Return the folder below which programs are kept."""
    monkeypatch.setattr(runs, "store", lambda name: tmp_path / ".store" / name)
    return tmp_path / ".store"


def test_programs_are_kept_for_the_next_process_and_settings_go_back(stored):
    before = dict(jax.config.values)
    first = compiled_files(stored / "jax")
    assert len(first) == 1 and compiled_files(stored / "jax") == first
    assert jax.config.values == before and before["jax_compilation_cache_dir"] is None
    next(iter(first)).write_bytes(b"half a program")
    with pytest.warns(UserWarning, match="persistent compilation cache"):
        compiled_files(stored / "jax")


def test_a_folder_for_programs_that_is_set_already_stays_in_use(stored, tmp_path):
    jax.config.update("jax_compilation_cache_dir", str(tmp_path / "own"))
    try:
        compiled_files(stored)
        assert jax.config.jax_compilation_cache_dir == str(tmp_path / "own") and not stored.exists()
    finally:
        jax.config.update("jax_compilation_cache_dir", None)


@pytest.mark.filterwarnings("ignore")
def test_where_no_program_can_be_kept_it_runs_all_the_same(stored, monkeypatch):
    stored.write_text("a file where the folder should be")
    compiled_files(stored)
    assert jax.config.jax_compilation_cache_dir is None
    monkeypatch.setattr(gradients.os, "access", lambda path, mode: path != stored.parent)  # a read-only checkout
    with gradients.double():
        assert jax.config.jax_compilation_cache_dir is None


def test_products_in_single_precision_keep_their_digits_on_a_gpu():
    """There the default rounds both factors to 10 bits: gradients on an H200 were off by 1e-3 instead of 1e-6."""
    one = jnp.ones((2, 2), jnp.float32)
    with gradients.double():
        assert "precision = [HIGHEST, HIGHEST]" in jax.jit(jnp.matmul).lower(one, one).as_text()
