"""The numbers of acceptance.toml for the random networks: the study cells of FINAL_5, swept through its store."""

import functools

import numpy as np
import pytest

from helpers import runs
from helpers.rnn.lyapunov import lyapunov_spectrum
from helpers.rnn.model import ACTIVATIONS, Rnn, random_weights
from tests.cells import cells

NOTEBOOK = cells("FINAL_5", "model", "study")
NETWORKS = list(range(6))  # those of the notebook, with which the store is shared
FULL = pytest.mark.skipif(runs.profile() != "full", reason="NOTEBOOK_PROFILE=full runs N = 1000")


def within(row, values):
    return row["accept"][0] <= np.min(values) and np.max(values) <= row["accept"][1]


def linear_spectrum(j, dt=0.1):
    return np.sort(np.log(np.abs(np.linalg.eigvals((1 - dt) * np.eye(len(j)) + dt * j))) / dt)[::-1]


def swept(point=NOTEBOOK.exponents, **grid):
    """Return the labelled results of a study cell, i counting exponents; single precision serves statistics."""
    dims = {"exponents": ["i"], "stderr": ["i"]}
    return runs.collect(point, grid, store=runs.store("rnn"), n_jobs=1, progress=False, dims=dims)


class Map:
    """A map with what the engine asks of a network."""

    def __init__(self, step, h0, dt=1.0):
        self.step, self.h0, self.dt, self.n = step, h0, dt, len(h0)


def mean_and_bound(values, reference, sd, n_reference, relative, rounding=0.0):
    """Return the mean and its bound: 3 standard deviations of the difference of two means, plus a share."""
    spread = max(sd, np.std(values, ddof=1))
    bound = 3 * spread * np.sqrt(1 / n_reference + 1 / len(values)) + relative * abs(reference) + rounding
    return np.mean(values), bound


# --- exact checks


def test_linear_network(acceptance, record):
    j = random_weights(60, 0.8, seed=0)
    options = dict(k=60, t_sim=2000, transient=0, frame_transient=500, h0=np.zeros(60))
    error = np.abs(lyapunov_spectrum(Rnn(j), **options).exponents - linear_spectrum(j)).max()
    assert within(acceptance["rnn"]["linear_spectrum"], error)
    record("rnn.linear_spectrum", error)


def test_rotation(acceptance, record):
    row = acceptance["rnn"]["rotation"]
    for legacy in (False, True):  # plain tanh at 0: the legacy derivative is right, the legacy time would not be
        found = lyapunov_spectrum(Rnn([[0, -0.9], [0.5, 0]], legacy=legacy), k=2, t_sim=2000, seed=1)
        np.testing.assert_allclose(found.exponents, row["reference"], atol=row["absolute"], rtol=0)
        assert found.exponents.sum() == pytest.approx(np.log(0.81 + 0.0045) / 0.1, abs=1e-9)
    record("rnn.rotation", found.exponents)


@pytest.mark.parametrize("t_ons", [0.1, 0.7, 2.0])
@pytest.mark.parametrize("g", [1.5, 10.0])
def test_volume_identity(g, t_ons, acceptance, record):
    found = lyapunov_spectrum(Rnn(random_weights(100, g, seed=0)), k=100, t_sim=30, t_ons=t_ons)
    error = abs(found.exponents.sum() / found.mean_log_det - 1)
    assert within(acceptance["rnn"]["volume"], error)
    record("rnn.volume", error)


@pytest.mark.parametrize("g", [1.0, 4.0, 20.0])
def test_mean_exponent(g, acceptance, record):
    found = lyapunov_spectrum(Rnn(random_weights(200, g, seed=0)), k=200, t_sim=40, transient=20, frame_transient=10)
    error = found.exponents.mean() - np.log(0.9) / 0.1
    assert within(acceptance["rnn"]["mean_exponent"], error)
    record("rnn.mean_exponent", error)


def jacobian_error(rnn, h, eps=1e-6):
    """Return the largest difference from central differences, over the largest entry that J contributes."""
    none = np.empty((rnn.n, 0))
    columns = [(rnn.step(h + e, none)[0] - rnn.step(h - e, none)[0]) / 2 / eps for e in eps * np.eye(rnn.n)]
    expected = np.transpose(columns)
    return (
        np.abs(rnn.step(h, np.eye(rnn.n))[1] - expected).max() / np.abs(expected - (1 - rnn.dt) * np.eye(rnn.n)).max()
    )


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_jacobian(activation, acceptance, record, rng):
    n = 30
    rnn = Rnn(random_weights(n, 2.0, seed=0), activation, rng.normal(1, 0.5, n), rng.normal(0, 0.5, n))
    h = rng.normal(size=n)
    right, legacy = jacobian_error(rnn, h), jacobian_error(rnn.replace(legacy=True), h)
    assert within(acceptance["rnn"]["jacobian"], right) and within(acceptance["rnn"]["jacobian_legacy"], legacy)
    record("rnn.jacobian", right)
    record("rnn.jacobian_legacy", legacy)


@pytest.mark.parametrize("g", [1.5, 10.0])
def test_qr_interval_changes_nothing(g, acceptance, record):
    rnn, options = Rnn(random_weights(100, g, seed=1)), dict(k=100, t_sim=30, transient=20, frame_transient=5)
    found = [lyapunov_spectrum(rnn, t_ons=m / 10, **options).exponents for m in (1, 2, 5, 10, 13, 20)]
    spread = np.ptp(found, axis=0).max()
    assert within(acceptance["rnn"]["qr_interval"], spread)
    record("rnn.qr_interval", spread)


def asymmetry(dt):
    options = dict(k=200, t_sim=40, transient=20, frame_transient=5, dtype="float32")
    x = lyapunov_spectrum(Rnn(random_weights(200, 4.0, seed=0), dt=dt), **options).exponents
    return np.sqrt(np.mean((x + x[::-1] - 2 * x.mean()) ** 2))


@pytest.mark.slow
def test_point_symmetry_comes_back_with_the_time_step(acceptance, record):
    coarse, fine = asymmetry(0.1), asymmetry(0.01)
    assert within(acceptance["rnn"]["point_symmetry"], fine / coarse)
    assert coarse == pytest.approx(acceptance["rnn"]["point_symmetry"]["reference"][0], rel=0.3)
    record("rnn.point_symmetry", fine / coarse)


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


LORENZ = Map(NOTEBOOK.runge_kutta(NOTEBOOK.lorenz, 0.02), (1.0, 1.0, 20.0), 0.02)
SYSTEMS = {
    "henon": (Map(NOTEBOOK.henon, (0.1, 0.1)), dict(t_sim=100_000, t_ons=2.0), np.log(0.3)),
    "lorenz": (LORENZ, dict(t_sim=1000, t_ons=0.2), -41 / 3),
    "towel": (Map(towel, (0.085, -0.121, 0.075)), dict(t_sim=20_000), None),
}


@pytest.mark.parametrize("name", SYSTEMS)
def test_systems_with_known_exponents(name, acceptance, record):
    (system, options, exact), row = SYSTEMS[name], acceptance["rnn"][name]
    found = lyapunov_spectrum(system, k=system.n, **options)
    np.testing.assert_allclose(found.exponents, row["reference"], atol=row["absolute"], rtol=0)
    if exact is not None:
        assert found.exponents.sum() == pytest.approx(exact, abs=row["sum_absolute"])
        assert found.mean_log_det == pytest.approx(exact, abs=row["sum_absolute"])
        assert found.kaplan_yorke == pytest.approx(row["kaplan_yorke"], abs=0.003)
    record(f"rnn.{name}", found.exponents)


# --- statistics over networks


@functools.cache
def spectra():
    return swept(n=200, g=[1.5, 2.0, 3.0, 4.0, 10.0, 20.0], seed=NETWORKS, k=40, t_sim=300.0, dtype="float32")


@pytest.mark.slow
@pytest.mark.parametrize("i", range(6))
def test_full_spectrum(i, acceptance, record):
    """The first 40 of 200 exponents reach the crossing; the last one needs all, over a shorter time."""
    row = acceptance["rnn"]["full_spectrum"]
    found, common = spectra().isel(g=i), dict(n_reference=row["n_reference"], relative=row["relative"])
    measured = {"lambda_1": found.exponents.isel(i=0), "dimension": found.dimension, "entropy": found.entropy}
    for name, values in measured.items():
        record("rnn.full_spectrum", values.mean())
        mean, bound = mean_and_bound(values.values, row[name][i], row[f"{name}_sd"][i], **common)
        if name == "entropy" and i == 0:
            assert mean <= row["entropy_first_below"]
        else:
            assert abs(mean - row[name][i]) <= bound, (name, mean, bound)
    last = swept(n=200, g=[row["g"][i]], seed=[0, 1, 2], k=None, t_sim=50.0, dtype="float32").exponents
    mean, bound = mean_and_bound(last.isel(i=-1).values.ravel(), row["lambda_n"][i], 0.0, **common)
    assert abs(mean - row["lambda_n"][i]) <= bound, ("lambda_n", mean, bound)


@pytest.mark.slow
@pytest.mark.parametrize("i", [0, 1, 2, pytest.param(3, marks=FULL)])
def test_finite_size_lowers_the_first_exponent(i, acceptance, record):
    row = acceptance["rnn"]["finite_size"]
    values = swept(n=row["n"][i], g=[4.0], seed=list(range(5)), t_sim=300.0, transient=100.0).exponents.values.ravel()
    common = dict(n_reference=row["n_reference"][i], relative=row["relative"])
    mean, bound = mean_and_bound(values, row["reference"][i], row["sd"][i], **common)
    record("rnn.finite_size", mean)
    assert abs(mean - row["reference"][i]) <= bound


@pytest.mark.slow
def test_dimension_is_extensive(acceptance, record):
    row = acceptance["rnn"]["extensivity"]
    larger = swept(n=400, g=4.0, seed=NETWORKS, k=50, t_sim=150.0, dtype="float32")
    density = [spectra().dimension.sel(g=4.0).mean().item(), larger.dimension.mean().item()]
    record("rnn.extensivity", density)
    np.testing.assert_allclose(density, row["reference"], rtol=row["relative"])


# --- the transition


def test_loss_of_stability(acceptance, record):
    """The spectrum of g J is g times that of J, so the abscissa reaches 1 at one over that of J."""
    lost = swept(NOTEBOOK.stability, n=1000, seed=[0, 1]).g_lost
    record("rnn.stability_loss", lost.mean())
    assert within(acceptance["rnn"]["stability_loss"], lost.mean())


@pytest.mark.parametrize("g", [0.8, 0.95])
def test_below_onset_the_exponent_is_that_of_the_fixed_point(g, acceptance, record):
    j = random_weights(600, g, seed=2)
    found = lyapunov_spectrum(Rnn(j), k=1, t_sim=400, transient=200, frame_transient=100)
    error = found.exponents[0] - linear_spectrum(j)[0]
    record("rnn.below_onset", error)
    assert within(acceptance["rnn"]["below_onset"], error)


@FULL
@pytest.mark.slow
@pytest.mark.parametrize("i", range(10))
def test_transition_at_1000_neurons(i, acceptance, record):
    row = acceptance["rnn"]["transition"]
    values = swept(n=1000, g=[row["g"][i]], seed=list(range(8)), t_sim=300.0, transient=200.0).exponents.values.ravel()
    common = dict(n_reference=row["n_reference"], relative=row["relative"])
    mean, bound = mean_and_bound(values, row["reference"][i], row["sd"][i], **common)
    record("rnn.transition", mean)
    assert abs(mean - row["reference"][i]) <= bound


@pytest.mark.slow
@pytest.mark.parametrize("rule", ["positive", "wrong_slope"])
def test_positive_rates_and_the_wrong_slope(rule, acceptance, record):
    """Mean field: stability ends at 5.07 and 1.33; 500 neurons are later. Of the wrong slope three couplings."""
    row = acceptance["rnn"]["tanh_pos"]
    chosen = slice(None) if rule == "positive" else slice(0, 3)
    point = functools.partial(NOTEBOOK.exponents, rule=getattr(NOTEBOOK, rule))
    found = swept(point, n=500, g=row["g"][chosen], seed=list(range(8)), t_sim=100.0, dtype="float32").exponents
    common = dict(sd=0.0, n_reference=row["n_reference"], relative=row["relative"], rounding=row["rounding"])
    means = []
    for g, reference in zip(row["g"], row["reference" if rule == "positive" else "legacy"][chosen], strict=False):
        mean, bound = mean_and_bound(found.sel(g=g).values.ravel(), reference, **common)
        means.append(mean)
        assert abs(mean - reference) <= bound, (g, mean, bound)
    if rule == "positive":
        record("rnn.tanh_pos", means)
    assert row["g"][int(np.argmax(np.array(means) > 0))] in ((6.0, 8.0) if rule == "positive" else (2.0,))


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
def test_input_suppresses_chaos_and_memory_is_best_at_the_loss_of_stability(acceptance, record):
    row = acceptance["rnn"]["input"]
    g = [0.8, 1.0, 1.2, 1.5, 2.0]
    heard = swept(NOTEBOOK.memory, g=g, amplitude=[2.0], seed=NETWORKS).isel(amplitude=0)
    alone = swept(n=200, g=g, seed=NETWORKS, t_sim=600.0, transient=100.0).exponents.isel(i=0)
    lowered = (heard.lambda_1 - alone).sel(g=2.0).values
    best = heard.capacity.mean("seed").idxmax("g").item()
    lost = (heard.capacity.sel(g=1.5) - heard.capacity.sel(g=1.0)).values
    record("rnn.input", [lowered.mean(), best, lost.mean()])
    assert within({"accept": row["accept_lowered"]}, lowered)
    assert within({"accept": row["accept_best_g"]}, best)
    assert within({"accept": row["accept_lost"]}, [lost.mean(), runs.summary(lost).high])
    assert (alone.sel(g=2.0) > 0).all() and (heard.lambda_1 < 0).all() and heard.chance.max() < row["chance_below"]
