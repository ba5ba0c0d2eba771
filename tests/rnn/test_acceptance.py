"""The numbers of acceptance.toml for the random networks: the study cells of FINAL_5, swept through its store."""

import csv
import functools

import numpy as np
import pytest

from helpers import runs
from helpers.rnn.lyapunov import lyapunov_spectrum
from helpers.rnn.model import ACTIVATIONS, Rnn, random_weights
from tests.cells import cells
from tests.rnn.later import of_steps

NOTEBOOK = cells("FINAL_5", "model", "study")
NETWORKS = list(range(6))  # those of the notebook, with which the store is shared


def linear_spectrum(j, dt=0.1):
    return np.sort(np.log(np.abs(np.linalg.eigvals((1 - dt) * np.eye(len(j)) + dt * j))) / dt)[::-1]


def swept(point=NOTEBOOK.exponents, **grid):
    """Return the labelled results of a study cell, i counting exponents; single precision serves statistics."""
    dims = {"exponents": ["i"], "stderr": ["i"]}
    return runs.collect(point, grid, store=runs.store("rnn"), n_jobs=1, progress=False, dims=dims)


# --- exact checks


def test_linear_network(record):
    j = random_weights(60, 0.8, seed=0)
    options = dict(k=60, t_sim=2000, transient=0, frame_transient=500, h0=np.zeros(60))
    record("rnn.linear_spectrum", np.abs(lyapunov_spectrum(Rnn(j), **options).exponents - linear_spectrum(j)).max())


def test_rotation(record):
    for legacy in (False, True):  # plain tanh at 0: the legacy derivative is right, the legacy time would not be
        found = lyapunov_spectrum(Rnn([[0, -0.9], [0.5, 0]], legacy=legacy), k=2, t_sim=2000, seed=1)
        record("rnn.rotation", found.exponents)
        assert found.exponents.sum() == pytest.approx(np.log(0.81 + 0.0045) / 0.1, abs=1e-9)


@pytest.mark.parametrize("g", [1.5, 10.0])
def test_the_qr_interval_changes_nothing_and_the_sum_is_the_growth_of_the_volume(g, record):
    rnn, options = Rnn(random_weights(100, g, seed=1)), dict(k=100, t_sim=30, transient=20, frame_transient=5)
    found = [lyapunov_spectrum(rnn, t_ons=m / 10, **options) for m in (1, 2, 7, 10, 13, 20)]
    record("rnn.volume", [abs(spectrum.exponents.sum() / spectrum.mean_log_det - 1) for spectrum in found])
    record("rnn.qr_interval", np.ptp([spectrum.exponents for spectrum in found], axis=0).max())


@pytest.mark.parametrize("g", [1.0, 4.0, 20.0])
def test_mean_exponent(g, record):
    found = lyapunov_spectrum(Rnn(random_weights(200, g, seed=0)), k=200, t_sim=40, transient=20, frame_transient=10)
    record("rnn.mean_exponent", found.exponents.mean() - np.log(0.9) / 0.1)


def jacobian_error(rnn, h, eps=1e-6):
    """Return the largest difference from central differences, over the largest entry that J contributes."""
    none = np.empty((rnn.n, 0))
    columns = [(rnn.step(h + e, none)[0] - rnn.step(h - e, none)[0]) / 2 / eps for e in eps * np.eye(rnn.n)]
    expected = np.transpose(columns)
    return (
        np.abs(rnn.step(h, np.eye(rnn.n))[1] - expected).max() / np.abs(expected - (1 - rnn.dt) * np.eye(rnn.n)).max()
    )


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_jacobian(activation, record, rng):
    n = 30
    rnn = Rnn(random_weights(n, 2.0, seed=0), activation, rng.normal(1, 0.5, n), rng.normal(0, 0.5, n))
    h = rng.normal(size=n)
    record("rnn.jacobian", jacobian_error(rnn, h))
    record("rnn.jacobian_legacy", jacobian_error(rnn.replace(legacy=True), h))


def asymmetry(dt):
    options = dict(k=200, t_sim=40, transient=20, frame_transient=5, dtype="float32")
    x = lyapunov_spectrum(Rnn(random_weights(200, 4.0, seed=0), dt=dt), **options).exponents
    return np.sqrt(np.mean((x + x[::-1] - 2 * x.mean()) ** 2))


@pytest.mark.slow
def test_point_symmetry_comes_back_with_the_time_step(acceptance, record):
    coarse, fine = asymmetry(0.1), asymmetry(0.01)
    record("rnn.point_symmetry", fine / coarse)
    assert coarse == pytest.approx(acceptance["rnn"]["point_symmetry"]["reference"][0], rel=0.3)


# --- systems with known exponents


def towel(h, q):
    """The folded towel map of three dimensions, with two positive exponents (Roessler 1979)."""
    x, y, z = h
    u, v, w = y + 0.35, 1 - 2 * z, 1 - 1.9 * x
    moved = [3.8 * x * (1 - x) - 0.05 * u * v, 0.1 * (u * v - 1) * w, 3.78 * z * (1 - z) + 0.2 * y]
    d = [
        [3.8 * (1 - 2 * x), -0.05 * v, 0.1 * u],
        [-0.19 * (u * v - 1), 0.1 * v * w, -0.2 * u * w],
        [0.0, 0.2, 3.78 * v],
    ]
    return np.array(moved), np.array(d) @ q


LORENZ = of_steps(NOTEBOOK.runge_kutta(NOTEBOOK.lorenz, 0.02), (1.0, 1.0, 20.0), 0.02)
SYSTEMS = {
    "henon": (of_steps(NOTEBOOK.henon, (0.1, 0.1)), dict(t_sim=100_000, t_ons=2.0), np.log(0.3)),
    "lorenz": (LORENZ, dict(t_sim=1000, t_ons=0.2), -41 / 3),
    "towel": (of_steps(towel, (0.085, -0.121, 0.075)), dict(t_sim=20_000), None),
}


@pytest.mark.parametrize("name", SYSTEMS)
def test_systems_with_known_exponents(name, acceptance, record):
    (system, options, exact), row = SYSTEMS[name], acceptance["rnn"][name]
    found = lyapunov_spectrum(system, k=system.n, **options)
    record(f"rnn.{name}", found.exponents)
    if exact is not None:
        assert found.exponents.sum() == pytest.approx(exact, abs=row["sum_absolute"])
        assert found.mean_log_det == pytest.approx(exact, abs=row["sum_absolute"])
        assert found.kaplan_yorke == pytest.approx(row["kaplan_yorke"], abs=0.003)


# --- statistics over networks


@functools.cache
def spectra():
    return swept(n=200, g=[1.5, 2.0, 3.0, 4.0, 10.0, 20.0], seed=NETWORKS, k=40, t_sim=300.0, dtype="float32")


@pytest.mark.slow
def test_full_spectrum(record):
    """The first 40 of 200 exponents reach the crossing; the last one needs all, over a shorter time."""
    found = spectra().mean("seed")
    record("rnn.full_spectrum", found.exponents.isel(i=0), "lambda_1")
    record("rnn.full_spectrum", found.dimension, "dimension")
    record("rnn.full_spectrum", found.entropy, "entropy")
    last = swept(n=200, g=found.g.values, seed=[0, 1, 2], k=None, t_sim=50.0, dtype="float32").exponents.isel(i=-1)
    record("rnn.full_spectrum", last.mean("seed"), "lambda_n")


@pytest.mark.slow
def test_finite_size_lowers_the_first_exponent(acceptance, record):
    n = acceptance["rnn"]["finite_size"]["n"]
    found = swept(n=n, g=4.0, seed=list(range(5)), t_sim=300.0, transient=100.0).exponents
    record("rnn.finite_size", found.mean("seed").values.ravel())


@pytest.mark.slow
def test_the_block_error_of_one_run_misses_what_it_never_saw(record):
    """As FINAL_5 says: the spread over starts is about the block error in the median, and far above it where a network
    has two attractors; so errors are taken over networks."""
    grid = dict(n=100, g=[2.0, 4.0], seed=list(range(8)), start=list(range(5)), t_sim=300.0, transient=100.0)
    found = swept(**grid).isel(i=0)
    ratio = found.exponents.std("start", ddof=1) / found.stderr.mean("start")
    record("rnn.block_error", ratio.median("seed"))
    record("rnn.block_error", ratio.max("seed").values, "largest")


@pytest.mark.slow
def test_dimension_is_extensive(record):
    larger = swept(n=400, g=4.0, seed=NETWORKS, k=50, t_sim=150.0, dtype="float32")
    record("rnn.extensivity", [spectra().dimension.sel(g=4.0).mean().item(), larger.dimension.mean().item()])


# --- the transition


def test_loss_of_stability(record):
    """The spectrum of g J is g times that of J, so the abscissa reaches 1 at one over that of J."""
    record("rnn.stability_loss", swept(NOTEBOOK.stability, n=1000, seed=[0, 1]).g_lost.mean())


@pytest.mark.parametrize("g", [0.8, 0.95])
def test_below_onset_the_exponent_is_that_of_the_fixed_point(g, record):
    j = random_weights(600, g, seed=2)
    found = lyapunov_spectrum(Rnn(j), k=1, t_sim=400, transient=200, frame_transient=100)
    record("rnn.below_onset", found.exponents[0] - linear_spectrum(j)[0])


def test_transition_at_1000_neurons(acceptance, record):
    """The table that FINAL_5 leaves at thesis scale: five networks, T = 1000."""
    with (runs.ROOT / "figs/full/rnn/transition_table.csv").open() as file:
        found = {float(row["g"]): float(row["N = 1000"].partition(" ")[0]) for row in csv.DictReader(file)}
    record("rnn.transition", [found[g] for g in acceptance["rnn"]["transition"]["g"]])
    record("rnn.finite_size", found[4.0], "1000")


@pytest.mark.slow
@pytest.mark.parametrize(("rule", "part"), [("positive", ""), ("wrong_slope", "legacy")])
def test_positive_rates_and_the_wrong_slope(rule, part, acceptance, record):
    """Mean field: stability ends at 5.07 and 1.33; 500 neurons are later. Of the wrong slope three couplings."""
    g = acceptance["rnn"]["tanh_pos"]["g"][: 3 if part else None]
    point = functools.partial(NOTEBOOK.exponents, rule=getattr(NOTEBOOK, rule))
    found = swept(point, n=500, g=g, seed=list(range(8)), t_sim=100.0, dtype="float32").exponents
    means = found.isel(i=0).mean("seed").values
    record("rnn.tanh_pos", means, part)
    assert g[int(np.argmax(means > 0))] in ((2.0,) if part else (6.0, 8.0))


# --- input, chaos and memory


def test_capacity_of_a_delay_line_is_its_length():
    """Rates that hold the last 7 inputs remember 7 of them and nothing else; 33 delays of chance add 33 / 600."""
    u = np.random.default_rng(0).standard_normal(2100)
    rates = np.column_stack([np.roll(u, d) for d in range(7)])
    assert NOTEBOOK.capacity(rates, u) == pytest.approx(7 + 33 / 600, abs=0.1)
    assert NOTEBOOK.capacity(rates, np.random.default_rng(1).standard_normal(2100)) < 0.2


def test_the_driven_exponent_is_that_of_the_cells():
    """The study cell runs on the engine; the same input through the step of the notebook gives its exponent."""
    found = NOTEBOOK.memory(g=1.5, amplitude=1.0, seed=3, n=20, n_inputs=400)["lambda_1"]
    rng, j = np.random.default_rng([3, 1]), NOTEBOOK.random_network(20, 1.5, 3)
    w, u = rng.standard_normal(20), rng.standard_normal(400)
    start = rng.standard_normal((20, 2))
    h, q, total = start[:, 0], start[:, 1:], 0.0
    for i in range(400):
        for _ in range(10):
            h, q = NOTEBOOK.step(h, q, j, w * u[i])
        total, q = total + np.log(np.linalg.norm(q)) * (i >= 300), q / np.linalg.norm(q)
    assert found == pytest.approx(total / 100, abs=1e-9)


@pytest.mark.slow
def test_input_suppresses_chaos_and_memory_is_best_at_the_loss_of_stability(record):
    g = [0.8, 1.0, 1.2, 1.5, 2.0]
    heard = swept(NOTEBOOK.memory, g=g, amplitude=[2.0], seed=NETWORKS).isel(amplitude=0)
    alone = swept(n=200, g=g, seed=NETWORKS, t_sim=600.0, transient=100.0).exponents.isel(i=0)
    record("rnn.input", (heard.lambda_1 - alone).sel(g=2.0), "lowered", repeats=True)
    record("rnn.input", heard.capacity.mean("seed").idxmax("g"), "best_g")
    record("rnn.input", heard.capacity.sel(g=1.5) - heard.capacity.sel(g=1.0), "lost", repeats=True)
    record("rnn.input", heard.chance.max(), "chance")
    assert (alone.sel(g=2.0) > 0).all() and (heard.lambda_1 < 0).all()
