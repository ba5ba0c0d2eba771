"""The gradient of the exponents: against the plain loop of the notebook, explosion, compiled programs, memory."""

import warnings
from importlib.util import find_spec

import numpy as np
import pytest

from helpers import runs
from helpers.parameters import BackendError
from helpers.rnn.losses import loss_value
from helpers.rnn.lyapunov import initial, lyapunov_spectrum
from helpers.rnn.model import Rnn, random_weights
from tests.cells import cells
from tests.rnn.later import Later

pytestmark = pytest.mark.skipif(find_spec("jax") is None, reason="gradients need jax")
jax, jnp, gradients = Later("jax"), Later("jax.numpy"), Later("helpers.rnn.gradients")
GROUPS = ("weights", "gains", "shifts")
# one plan for most tests: it is compiled once
SMALL = dict(k=3, t_sim=4.0, t_ons=0.2, transient=0.0, frame_transient=1.0, parameters=GROUPS)


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


def network(g=1.0, seed=0, kind="tanh_pos", **options):
    rng = np.random.default_rng(seed + 100)
    shape = dict(gain=rng.uniform(0.5, 2, 8), shift=rng.normal(0, 0.3, 8))
    return Rnn(random_weights(8, g, seed=seed), kind, **{**(shape if kind != "tanh" else {}), **options})


def relative(found, wanted):
    return np.abs(np.asarray(found) - wanted).max() / np.abs(wanted).max()


def plain_slopes(function, rnn):
    """Return function(parts), and its gradient with no synapse of a neuron on itself."""
    ones = np.ones(rnn.n)
    parts = dict(weights=np.array(rnn.weights, order="C"), gains=rnn.gains * ones, shifts=rnn.shifts * ones)
    with jax.enable_x64(True):
        value, slopes = jax.value_and_grad(function)(parts)
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
    found = gradients.gradient(rnn, **times).exponents
    del times["parameters"]
    assert np.abs(np.sort(found)[::-1] - lyapunov_spectrum(rnn, **times).exponents).max() < 1e-11


def test_loss_and_gradient_are_those_of_the_cell(plain):
    rnn = Rnn(plain.random_network(8, 1.2, 6), "tanh_pos")
    with jax.enable_x64(True):
        run, times = (rnn.weights, *initial(rnn, 3, None, 6)), dict(n_wait=10, n_steps=40, target=0.3)
        loss, slopes = float(plain.loss(*run, **times)), np.array(plain.gradient(*run, **times))
    found = gradients.gradient(rnn, **SMALL, target=0.3, seed=6)
    np.fill_diagonal(slopes, 0)
    assert found.loss == pytest.approx(loss, rel=1e-10)
    assert relative(found.by_group["weights"], slopes) < 1e-9


def test_types_share_the_summed_slope_and_a_loss_may_depend_on_the_order(plain):
    """The plain loop with a gain and a shift per neuron; there are more types than neurons, some of no neuron."""
    types = np.array([0, 2, 4, 10, 4, 2, 0, 0])
    rnn = network(g=1.3, gain=np.linspace(0.7, 1.9, 11), shift=np.linspace(-0.3, 0.4, 11), types=types)
    run = (*initial(rnn, 3, None, 0), 10, 40)

    def value(parts):
        return jnp.mean((plain.exponents(parts["weights"], *run, rule(parts)) - jnp.array([1.25, 0, -1.25])) ** 2)

    wanted, slopes = plain_slopes(value, rnn)
    found = gradients.gradient(rnn, **SMALL | dict(loss="MSE_Custom", parameters=("gains", "shifts")))
    assert found.loss == pytest.approx(wanted, rel=1e-10)
    assert set(found.by_group) == {"gains", "shifts"}
    for name, slope in found.by_group.items():
        assert relative(slope, np.bincount(types, slopes[name])) < 1e-9


def test_an_ill_conditioned_frame_has_the_right_gradient(plain):
    """At the unstable origin the diagonal of R spans more than 1e6 after two time constants."""
    rnn, run = network(g=6.0, kind="tanh"), (np.zeros(8), initial(network(), 8, None, 0)[1], 0, 40)

    def value(parts):
        return jnp.mean(plain.exponents(parts["weights"], *run, rule(parts, "tanh")) ** 2)

    wanted = plain_slopes(value, rnn)[1]["weights"]
    times = dict(t_ons=2.0, t_sim=4.0, transient=0.0, frame_transient=0.0)
    found = gradients.gradient(rnn, k=8, init="zero", **times)
    assert np.ptp(found.exponents) * 2.0 > np.log(1e6)
    assert relative(found.by_group["weights"], wanted) < 1e-6


@pytest.mark.parametrize(("grad", "cut_every"), [("full", 1000), ("window", 5), ("frozen", 0)])
def test_transients_count_and_cuts_stop_the_dependence_through_the_trajectory(grad, cut_every):
    """The loop of the cell again, after 10 steps of the state alone; it is cut every so many QRs, or at every step."""
    rnn = network(g=1.5)
    h0, q0 = initial(rnn, 3, None, 0)

    def value(parts):
        h, q, logs = jnp.asarray(h0), jnp.asarray(q0), 0
        phi, j = rule(parts), parts["weights"]
        for _ in range(10):
            h = 0.9 * h + 0.1 * j @ phi(h)[0]
        for i in range(12):
            if grad == "window" and i % cut_every == 0:
                h = jax.lax.stop_gradient(h)
            for _ in range(2):
                h = jax.lax.stop_gradient(h) if grad == "frozen" else h
                rate, slope = phi(h)
                h, q = 0.9 * h + 0.1 * j @ rate, 0.9 * q + 0.1 * j @ (slope[:, None] * q)
            q, r = jnp.linalg.qr(q)
            logs = logs + jnp.log(jnp.abs(jnp.diag(r))) * (i >= 2)
        return jnp.mean((logs / 2) ** 2)

    times = dict(t_sim=2.0, transient=1.0, frame_transient=0.4, window=max(0.2 * cut_every, 0.2))
    found, wanted = gradients.gradient(rnn, **SMALL | times, grad=grad).by_group, plain_slopes(value, rnn)[1]
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


def test_the_slope_of_l2_at_the_target_is_zero_and_not_nan():
    slope = jax.grad(lambda x: loss_value("l2", x, x * 0 + 1, xp=jnp))(jnp.ones(3))
    assert slope.tolist() == [0, 0, 0]


def check_against_the_numpy_path(rnn, **changes):
    """The gradient has the slopes of the mean square of the numpy path's exponents, at three places of each group."""
    fields, times = dict(weights="weights", gains="gain", shifts="shift"), SMALL | changes
    found = gradients.gradient(rnn, **times).by_group
    del times["parameters"]
    for group, field in fields.items():
        start = np.array(getattr(rnn, field), order="C")
        places = np.unique(np.flatnonzero(start)[[0, np.count_nonzero(start) // 2, -1]])

        def value(moves, start=start, places=places, field=field):
            moved = start.copy()
            moved.flat[places] += moves
            return (lyapunov_spectrum(rnn.replace(**{field: moved}), **times).exponents ** 2).mean()

        assert relative(found[group].ravel()[places], central(value, len(places))) < 1e-6, group


@pytest.mark.parametrize("options", [dict(legacy=True), dict(x=np.linspace(-1, 1, 8))])
def test_gradient_has_the_slopes_of_the_numpy_path(options):
    check_against_the_numpy_path(network(**options))


@pytest.mark.parametrize("options", [{}, dict(dtype="float32"), dict(grad="frozen"), dict(transient=1.0)])
def test_a_state_that_leaves_the_numbers_is_an_error(options):
    """All rules that can be trained saturate: only weights and an input near the largest number lead there. Their
    slope is then 0, and without a check the leak alone would be the exponent."""
    huge = 1e38 if "dtype" in options else 1e308
    net = network().replace(weights=huge * (1 - np.eye(8)), x=np.full(8, huge))
    with pytest.raises(BackendError, match=r"left the finite numbers .*; take weaker weights"):
        gradients.gradient(net, **SMALL | dict(t_sim=8.0) | options)


def test_a_synapse_of_a_neuron_on_itself_is_not_trained():
    weights = random_weights(8, 1.0, seed=0) + 0.5 * np.eye(8)
    found = gradients.gradient(network().replace(weights=weights), **SMALL).by_group["weights"]
    assert not found.diagonal().any() and (found[~np.eye(8, dtype=bool)] != 0).all()


def test_single_precision_is_near_double():
    double, single = (gradients.gradient(network(), **SMALL, dtype=d) for d in ("float64", "float32"))
    assert relative(single.by_group["weights"], double.by_group["weights"]) < 1e-3
    assert 0 < np.abs(single.exponents - double.exponents).max() < 1e-5


# --- compilation, memory, precision

LONG = dict(t_ons=0.04, t_sim=10.0, transient=12.0, frame_transient=0.8)


def test_a_program_is_compiled_once_whatever_times_masks_and_numbers():
    """Up to 256 QR intervals and steps of the transient; beyond, once more for every power of two."""
    gradients.gradient(network(), **SMALL)
    before = gradients.value_and_grad._cache_size()
    for times in (dict(t_sim=3.0), dict(t_sim=50.0), dict(transient=7.0), dict(frame_transient=0.0), dict(window=1.0)):
        gradients.gradient(network(seed=1), **SMALL | times)
    gradients.gradient(
        network(seed=2, g=3.0), **SMALL, masks={"weights": np.tri(8)}, seed=5, lr=0.3, clip=1.0, target=1.0
    )
    gradients.gradient(network(seed=2, dt=0.19), **SMALL)
    assert gradients.value_and_grad._cache_size() == before
    check_against_the_numpy_path(network(g=12.0, dt=0.02), **LONG)
    assert gradients.value_and_grad._cache_size() == before + 1
    gradients.gradient(network(dt=0.02), **SMALL | LONG | dict(t_sim=19.6, transient=20.0))
    assert gradients.value_and_grad._cache_size() == before + 1


def test_memory_grows_by_one_state_for_each_qr_interval():
    """A tape of every step would hold at least four such arrays a step, eight an interval."""
    used, rooms = [], []
    for times in (SMALL, SMALL | LONG):
        with gradients.double():
            plan, free, fixed = gradients.prepared(
                network(dt=times["t_ons"] / 2), gradients.TrainingParams(**times), None
            )
            program = gradients.value_and_grad.lower(free, fixed, plan=plan).compile()
        used.append(program.memory_analysis().temp_size_in_bytes)
        rooms.append(plan.room)
    assert rooms == [(256, 256), (1024, 512)]
    assert used[1] - used[0] <= 1.3 * 8 * 8 * (256 * (3 + 1) + 768)


def test_times_are_rounded_up_to_whole_steps():
    """.14 / .02 is 7.000000000000001; the transient counts steps, all else counts intervals of t_ons."""
    times = dict(t_ons=0.14, t_sim=2.75, transient=0.15, frame_transient=0.28, window=0.3, grad="window")
    with gradients.double():
        plan, _, fixed = gradients.prepared(network(dt=0.02), gradients.TrainingParams(**SMALL | times), None)
    assert plan.n_ons == 7
    counts = {name: int(fixed[name]) for name in ("n_transient", "n_frame", "n_average", "window")}
    assert counts == dict(n_transient=8, n_frame=2, n_average=20, window=3)


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
    settings = ("jax_compilation_cache_dir", "jax_persistent_cache_min_compile_time_secs", "jax_enable_x64")
    settings += ("jax_default_matmul_precision",)
    folder, before = stored / "jax", [getattr(jax.config, name) for name in settings]
    first = compiled_files(folder)
    assert len(first) == 1 and compiled_files(folder) == first
    assert [getattr(jax.config, name) for name in settings] == before and before[0] is None and not before[2]
    assert jnp.ones(3).dtype == "float32"
    files = set(folder.iterdir())
    jax.config.update(settings[1], 0.0)
    jax.jit(lambda x: x * 3.25)(1.0)  # outside our calls
    jax.config.update(settings[1], before[1])
    assert set(folder.iterdir()) == files
    next(iter(first)).write_bytes(b"half a program")
    with pytest.warns(UserWarning, match="persistent compilation cache"):
        compiled_files(folder)


def test_a_folder_for_programs_that_is_set_already_stays_in_use(stored, tmp_path):
    jax.config.update("jax_compilation_cache_dir", str(tmp_path / "own"))
    try:
        compiled_files(tmp_path)
        assert jax.config.jax_compilation_cache_dir == str(tmp_path / "own")
    finally:
        jax.config.update("jax_compilation_cache_dir", None)
    assert not stored.exists()


def test_without_a_folder_for_programs_it_runs_all_the_same(stored):
    stored.write_text("a file where the folder should be")
    with warnings.catch_warnings(record=True):
        warnings.simplefilter("always")
        compiled_files(stored)
    assert jax.config.jax_compilation_cache_dir is None


def test_products_in_single_precision_keep_their_digits_on_a_gpu():
    """There the default rounds both factors to 10 bits: gradients on an H200 were off by 1e-3 instead of 1e-6."""
    one = jnp.ones((2, 2), jnp.float32)
    with gradients.double():
        assert "precision = [HIGHEST, HIGHEST]" in jax.jit(jnp.matmul).lower(one, one).as_text()
