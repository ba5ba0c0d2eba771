"""The gradient of the exponents: against the plain loop of the notebook, explosion, compiled programs, memory."""

import warnings

import numpy as np
import pytest

pytest.importorskip("jax")

import jax
from jax import numpy as jnp

from helpers import runs
from helpers.parameters import BackendError
from helpers.rnn import gradients
from helpers.rnn.gradients import gradient
from helpers.rnn.lyapunov import initial, lyapunov_spectrum
from helpers.rnn.model import Rnn, random_weights
from helpers.rnn.training import train
from tests.cells import cells

GROUPS = ("weights", "gains", "shifts")
# one plan for most tests: it is compiled once
SMALL = dict(k=3, t_sim=4.0, t_ons=0.2, transient=0.0, frame_transient=1.0)
LOSSES = dict(
    MSE=lambda x: jnp.mean(x**2),
    l2=lambda x: jnp.sqrt(jnp.sum(x**2)),
    MSE_Custom=lambda x: jnp.mean((x - jnp.linspace(1.25, -1.25, x.size)) ** 2),
    sum=lambda x: -jnp.sum(x),
    entropy=lambda x: -jnp.sum(jnp.log(1 + jnp.exp(10 * x))) / 10,
)


@pytest.fixture(scope="module")
def plain():
    """Return the model cells of the notebook."""
    return cells("FINAL_6", "model")


def rule(parts, kind="tanh_pos"):
    """Return h -> (phi(h), phi'(h)) with the gains and shifts of the neurons, as the cells take it."""

    def phi(h):
        t = jnp.tanh(parts["gains"] * (h - parts["shifts"]))
        slope = parts["gains"] * (1 - t**2)
        return ((1 + t) / 2, slope / 2) if kind == "tanh_pos" else (t, slope)

    return phi


def network(n=8, g=1.0, seed=0, kind="tanh_pos", **options):
    rng = np.random.default_rng(seed + 100)
    shape = dict(gain=rng.uniform(0.5, 2, n), shift=rng.normal(0, 0.3, n))
    return Rnn(random_weights(n, g, seed=seed), kind, **{**(shape if kind != "tanh" else {}), **options})


def as_parts(rnn):
    ones = np.ones(rnn.n)
    return dict(weights=np.array(rnn.weights, order="C"), gains=rnn.gains * ones, shifts=rnn.shifts * ones)


def relative(found, wanted):
    return np.abs(np.asarray(found) - wanted).max() / np.abs(wanted).max()


def plain_slopes(function, rnn):
    """Return function(parts), and its gradient with no synapse of a neuron on itself."""
    with jax.enable_x64(True):
        value, slopes = jax.value_and_grad(function)(as_parts(rnn))
    slopes = {name: np.array(slope) for name, slope in slopes.items()}
    np.fill_diagonal(slopes["weights"], 0)
    return float(value), slopes


def central(function, n, step=1e-4):
    """Return the slopes of function(moves (n,)) at 0, by a formula of fourth order."""
    slopes = []
    for e in step * np.eye(n):
        slopes.append((function(-2 * e) - 8 * function(-e) + 8 * function(e) - function(2 * e)) / (12 * step))
    return np.array(slopes)


# --- exponents and gradient


@pytest.mark.parametrize(
    ("g", "options"), [(0.8, {}), (3.0, {}), (2.0, dict(x=np.linspace(-2, 1, 8))), (1.0, dict(legacy=True))]
)
def test_exponents_are_those_of_the_numpy_path(g, options):
    rnn = network(g=g, **options)
    times = SMALL | dict(t_sim=10, transient=2)
    found, wanted = gradient(rnn, **times, parameters=GROUPS).exponents, lyapunov_spectrum(rnn, **times).exponents
    assert np.abs(np.sort(found)[::-1] - wanted).max() < 1e-11


@pytest.mark.parametrize(
    ("kind", "n", "k", "loss", "groups", "seeds"),
    [
        ("tanh", 8, 3, "MSE", ("weights",), (0,)),
        ("tanh_streched", 8, 3, "l2", GROUPS, (1,)),
        ("tanh_pos", 8, 3, "entropy", ("gains", "shifts"), (2,)),
        ("tanh_pos", 8, 3, "MSE_Custom", ("shifts",), (3,)),
        ("tanh_pos", 12, 12, "sum", ("gains", "weights"), (4,)),
        ("tanh_pos", 8, 3, "MSE", GROUPS, (5, 6, 7)),
    ],
)
def test_gradient_is_that_of_the_plain_loop(plain, kind, n, k, loss, groups, seeds):
    for seed in seeds:
        rnn = network(n, g=1.3, seed=seed, kind=kind)
        run = (*initial(rnn, k, None, seed), 10, 40)

        def value(parts, run=run):
            return LOSSES[loss](plain.exponents(parts["weights"], *run, rule(parts, kind)))

        wanted, slopes = plain_slopes(value, rnn)
        found = gradient(rnn, **SMALL | dict(k=k), loss=loss, parameters=groups, seed=seed)
        assert found.loss == pytest.approx(wanted, rel=1e-10)
        assert set(found.by_group) == set(groups)
        assert max(relative(found.by_group[name], slopes[name]) for name in groups) < 1e-9


@pytest.mark.parametrize(("n", "k", "seed"), [(5, 5, 0), (20, 4, 6), (31, 2, 2)])
def test_the_loss_and_gradient_of_the_cell_itself(plain, n, k, seed):
    """The notebook shows n = 20, k = 4."""
    rnn, times = Rnn(plain.random_network(n, 1.2, seed), "tanh_pos"), dict(n_wait=100, n_steps=200, target=0.3)
    with jax.enable_x64(True):
        run = (rnn.weights, *initial(rnn, k, None, seed))
        loss, slopes = float(plain.loss(*run, **times)), np.array(plain.gradient(*run, **times))
    found = gradient(rnn, k=k, t_sim=20.0, transient=0.0, frame_transient=10.0, target=0.3, seed=seed)
    np.fill_diagonal(slopes, 0)
    assert found.loss == pytest.approx(loss, rel=1e-10)
    assert relative(found.by_group["weights"], slopes) < 1e-9


def test_training_is_that_of_the_cell(plain):
    rnn = Rnn(plain.random_network(12, 1.0, 4), "tanh_pos")
    with jax.enable_x64(True):
        run = (rnn.weights, *initial(rnn, 3, None, 4))
        taught, losses = plain.train(*run, n_epochs=10, lr=0.03, n_wait=50, n_steps=100)
    times = dict(t_sim=10.0, transient=0.0, frame_transient=5.0)
    found = train(rnn, k=3, n_epochs=10, lr=0.03, seed=4, progress=False, **times)
    assert found.loss == pytest.approx(losses, rel=1e-6)
    assert np.abs(found.rnn.weights - np.array(taught)).max() < 1e-7


@pytest.mark.parametrize(("grad", "cut_every"), [("full", 1000), ("window", 5), ("window", 15), ("frozen", 0)])
def test_transients_count_and_cuts_stop_the_dependence_through_the_trajectory(grad, cut_every):
    """The loop of the cell again, after 20 steps of the state alone; it is cut every so many QRs, or at every step."""
    rnn = network(g=1.5)
    h0, q0 = initial(rnn, 3, None, 0)

    def value(parts):
        h, q, logs = jnp.asarray(h0), jnp.asarray(q0), 0
        phi, j = rule(parts), parts["weights"]
        for _ in range(20):
            h = 0.9 * h + 0.1 * j @ phi(h)[0]
        for i in range(25):
            if grad == "window" and i % cut_every == 0:
                h = jax.lax.stop_gradient(h)
            for _ in range(2):
                h = jax.lax.stop_gradient(h) if grad == "frozen" else h
                rate, slope = phi(h)
                h, q = 0.9 * h + 0.1 * j @ rate, 0.9 * q + 0.1 * j @ (slope[:, None] * q)
            q, r = jnp.linalg.qr(q)
            logs = logs + jnp.log(jnp.abs(jnp.diag(r))) * (i >= 5)
        return jnp.mean((logs / 4) ** 2)

    options = SMALL | dict(transient=2.0, window=max(0.2 * cut_every, 0.2), grad=grad)
    found, wanted = gradient(rnn, **options, parameters=GROUPS).by_group, plain_slopes(value, rnn)[1]
    assert max(relative(found[name], wanted[name]) for name in GROUPS) < 1e-9


def test_cotangents_of_the_qr_for_any_function_of_q_and_r(rng):
    """Exponents never use the part of S above the diagonal: q_i may gain earlier q_j without changing them."""
    a, b, c = rng.normal(size=(7, 4)), rng.normal(size=(7, 4)), rng.normal(size=4)

    def value(moves):
        q, r = np.linalg.qr(a + moves.reshape(a.shape))
        return (b * q * np.sign(r.diagonal())).sum() + (c * np.log(np.abs(r.diagonal()))).sum()

    with gradients.double():
        found = jax.vjp(gradients._qr, jnp.asarray(a))[1]((jnp.asarray(b), jnp.asarray(c)))[0]
    assert relative(np.ravel(found), central(value, 28)) < 1e-9


def agrees_with_the_numpy_path(rnn, groups=GROUPS, **changes):
    """Whether the gradient has the slopes of the mean square of the numpy path's exponents, at three places each."""
    fields, options = dict(weights="weights", gains="gain", shifts="shift"), SMALL | changes
    found = gradient(rnn, **options, parameters=groups).by_group
    for group in groups:
        start = np.array(getattr(rnn, fields[group]), order="C")
        places = np.unique(np.flatnonzero(start)[[0, np.count_nonzero(start) // 2, -1]])

        def value(moves, start=start, places=places, field=fields[group]):
            moved = start.copy()
            moved.flat[places] += moves
            return (lyapunov_spectrum(rnn.replace(**{field: moved}), **options).exponents ** 2).mean()

        assert relative(found[group].ravel()[places], central(value, len(places))) < 1e-6, group
    return True


@pytest.mark.parametrize(
    ("options", "times"),
    [
        (dict(legacy=True), {}),
        (dict(legacy=True, kind="tanh_streched"), {}),
        (dict(x=np.linspace(-1, 1, 8)), {}),
        (dict(gain=[0.7, 1.9], shift=[0.1, 0.3], types=[0, 1, 1, 0, 1, 0, 0, 1]), {}),
        (dict(gain=np.full(11, 1.2), shift=np.full(11, 0.1), types=[0, 2, 4, 10, 4, 2, 0, 0]), {}),  # more than neurons
        (dict(g=3.0, kind="tanh_streched"), dict(transient=30.0)),  # more steps than are kept for the shortest runs
        ({}, dict(t_sim=51.2, frame_transient=4.0)),  # as many intervals, and some before
        (dict(dt=0.02), dict(t_ons=0.14, t_sim=2.8, frame_transient=0.28)),  # .14 / .02 is 7.000000000000001
    ],
)
def test_gradient_has_the_slopes_of_the_numpy_path(options, times):
    net = network(**options)
    groups = GROUPS
    if net.gain.size == 11:  # a type without neurons has no slope
        found = gradient(net, **SMALL, parameters=GROUPS).by_group
        assert found["gains"].shape == (11,) and np.flatnonzero(found["gains"]).tolist() == [0, 2, 4, 10]
        groups = ("weights",)
    assert agrees_with_the_numpy_path(net, groups, **times)


@pytest.mark.parametrize("kind", ["tanh", "tanh_streched", "tanh_pos"])
@pytest.mark.parametrize("options", [{}, dict(dtype="float32"), dict(grad="frozen"), dict(transient=1.0)])
def test_a_state_that_leaves_the_numbers_is_an_error(kind, options):
    """All rules that can be trained saturate: only weights and an input near the largest number lead there. Their
    slope is then 0, and without a check the leak alone would be the exponent."""
    huge = 1e38 if "dtype" in options else 1e308
    net = network(kind=kind).replace(weights=huge * (1 - np.eye(8)), x=np.full(8, huge))
    with pytest.raises(BackendError, match=r"left the finite numbers .*; take weaker weights"):
        gradient(net, **SMALL | dict(t_sim=8.0) | options)


def test_a_synapse_of_a_neuron_on_itself_is_not_trained():
    weights = random_weights(8, 1.0, seed=0) + 0.5 * np.eye(8)
    found = gradient(network().replace(weights=weights), **SMALL).by_group["weights"]
    assert not found.diagonal().any() and (found[~np.eye(8, dtype=bool)] != 0).all()


def test_an_ill_conditioned_frame_has_the_right_gradient(plain):
    """At the unstable origin the diagonal of R spans more than 1e6 after two time constants."""
    rnn, run = network(g=6.0, kind="tanh"), (np.zeros(8), initial(network(), 8, None, 0)[1], 0, 40)

    def value(parts):
        return jnp.mean(plain.exponents(parts["weights"], *run, rule(parts, "tanh")) ** 2)

    wanted = plain_slopes(value, rnn)[1]["weights"]
    times = dict(t_ons=2.0, t_sim=4.0, transient=0.0, frame_transient=0.0)
    found = gradient(rnn, k=8, init="zero", **times)
    assert np.ptp(found.exponents) * 2.0 > np.log(1e6)
    assert relative(found.by_group["weights"], wanted) < 1e-6


def test_shared_gains_have_the_summed_gradient():
    types, gain = np.array([0, 1, 1, 2, 0, 2, 1, 0]), np.array([0.7, 1.2, 1.9])
    shared = network(gain=gain, shift=np.zeros(3), types=types)
    single = network(gain=gain[types], shift=np.zeros(8))
    found = [gradient(rnn, **SMALL, parameters=GROUPS).by_group["gains"] for rnn in (shared, single)]
    assert np.allclose(found[0], np.bincount(types, found[1]), rtol=1e-12)


def test_single_precision_is_near_double():
    double, single = (gradient(network(), **SMALL, parameters=GROUPS, dtype=d) for d in ("float64", "float32"))
    assert relative(single.by_group["weights"], double.by_group["weights"]) < 1e-3
    assert 0 < np.abs(single.exponents - double.exponents).max() < 1e-5


@pytest.mark.parametrize("g", [1.0, 8.0])
def test_exponents_and_gradient_do_not_depend_on_the_time_between_two_qrs(g):
    rnn, times = network(g=g), SMALL | dict(t_sim=50.0, parameters=GROUPS)
    short, long = (gradient(rnn, **times | dict(t_ons=t_ons)) for t_ons in (0.2, 1.0))
    assert np.abs(long.exponents - short.exponents).max() < 1e-11
    assert max(relative(long.by_group[name], short.by_group[name]) for name in GROUPS) < 1e-9


def test_zero_is_a_fixed_point_of_tanh_and_random_states_leave_it():
    rnn = network(g=3.0, kind="tanh")
    linear = np.log(np.abs(np.linalg.eigvals(0.9 * np.eye(8) + 0.1 * rnn.weights))).max() / 0.1
    zero, off = (gradient(rnn, **SMALL | dict(t_sim=50.0, init=init)).exponents[0] for init in ("zero", "random"))
    assert abs(zero - linear) < 0.1 and off < zero - 0.3


# --- compilation, memory, precision


def test_a_program_is_compiled_once_whatever_times_masks_and_numbers():
    """Up to 256 QR intervals and steps of the transient; beyond, once more for every power of two."""
    settings = SMALL | dict(k=2, parameters=GROUPS)  # of no other test
    gradient(network(), **settings)
    before = gradients.value_and_grad._cache_size()
    for times in (dict(t_sim=3.0), dict(t_sim=50.0), dict(transient=7.0), dict(frame_transient=0.0), dict(window=1.0)):
        gradient(network(seed=1), **settings | times)
    gradient(network(seed=2, g=3.0), **settings, masks={"weights": np.tri(8)}, seed=5, lr=0.3, clip=1.0, target=1.0)
    gradient(network(seed=2, dt=0.19), **settings)
    assert gradients.value_and_grad._cache_size() == before
    short, *long = (gradient(network(), **settings | dict(t_sim=t_sim)) for t_sim in (50.0, 51.0, 100.0))
    assert gradients.value_and_grad._cache_size() == before + 1
    assert max(np.abs(f.exponents - short.exponents).max() for f in long) < 0.05


def test_memory_grows_by_one_state_for_each_qr_interval():
    """A tape of every step would hold at least four such arrays a step, eight an interval."""
    used = []
    for t_sim in (50.0, 100.0):
        params = gradients.TrainingParams(**SMALL | dict(t_sim=t_sim, parameters=GROUPS))
        with gradients.double():
            plan, free, fixed = gradients.prepared(network(), params, None)
            program = gradients.value_and_grad.lower(free, fixed, plan=plan).compile()
        used.append((program.memory_analysis().temp_size_in_bytes, plan.room[1]))
    (small, few), (large, many) = used
    assert (few, many) == (256, 512)
    assert (large - small) / (many - few) <= 1.3 * 8 * 8 * (3 + 1)


def compiled_files(folder, program):
    """Run a program inside a call of ours with no memory of earlier ones; return the files and their times."""
    jax.clear_caches()
    with gradients.double():
        assert float(jax.jit(program)(jnp.ones(3))) == 9.0
    return {path: path.stat().st_mtime_ns for path in folder.glob("*program*")}


def program(x):
    return jnp.sum(3 * x)


def test_programs_are_kept_for_the_next_process_and_settings_go_back(tmp_path, monkeypatch):
    settings = ("jax_compilation_cache_dir", "jax_persistent_cache_min_compile_time_secs", "jax_enable_x64")
    monkeypatch.setattr(runs, "store", lambda name: tmp_path / ".store" / name)
    folder, before = tmp_path / ".store" / "jax", [getattr(jax.config, name) for name in settings]
    first = compiled_files(folder, program)
    assert len(first) == 1 and compiled_files(folder, program) == first
    assert [getattr(jax.config, name) for name in settings] == before and before[0] is None and not before[2]
    assert jnp.ones(3).dtype == "float32"
    files = set(folder.iterdir())
    jax.config.update(settings[1], 0.0)
    jax.jit(lambda x: x * 3.25)(1.0)  # outside our calls
    jax.config.update(settings[1], before[1])
    assert set(folder.iterdir()) == files
    next(iter(first)).write_bytes(b"half a program")
    with pytest.warns(UserWarning, match="persistent compilation cache"):
        compiled_files(folder, program)


def test_a_folder_for_programs_that_is_set_already_stays_in_use(tmp_path, monkeypatch):
    monkeypatch.setattr(runs, "store", lambda name: tmp_path / ".store" / name)
    jax.config.update("jax_compilation_cache_dir", str(tmp_path / "own"))
    try:
        compiled_files(tmp_path, program)
        assert jax.config.jax_compilation_cache_dir == str(tmp_path / "own")
    finally:
        jax.config.update("jax_compilation_cache_dir", None)
    assert not (tmp_path / ".store").exists()


def test_without_a_folder_for_programs_it_runs_all_the_same(tmp_path, monkeypatch):
    (tmp_path / ".store").write_text("a file where the folder should be")
    monkeypatch.setattr(runs, "store", lambda name: tmp_path / ".store" / name)
    with warnings.catch_warnings(record=True):
        warnings.simplefilter("always")
        compiled_files(tmp_path, program)
    assert jax.config.jax_compilation_cache_dir is None
