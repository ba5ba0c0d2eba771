"""The numbers of acceptance.toml for the random networks, over networks and seeds."""

import functools

import numpy as np
import pytest

from helpers.rnn.lyapunov import lyapunov_spectrum
from helpers.rnn.model import ACTIVATIONS, Rnn, random_weights
from helpers.runs import profile
from tests.rnn import slow_lyapunov as slow

N_NETS = 8
FULL = pytest.mark.skipif(profile() != "full", reason="NOTEBOOK_PROFILE=full runs N = 1000")


def within(row, values):
    return row["accept"][0] <= np.min(values) and np.max(values) <= row["accept"][1]


def linear_spectrum(j, dt=0.1):
    return np.sort(np.log(np.abs(np.linalg.eigvals((1 - dt) * np.eye(len(j)) + dt * j))) / dt)[::-1]


def over_nets(n, g, *, activation="tanh", legacy=False, n_nets=N_NETS, dtype="float32", **options):
    """Return the Spectrum of `n_nets` networks; single precision serves statistics."""
    nets = [Rnn(random_weights(n, g, seed=s), activation, legacy=legacy) for s in range(n_nets)]
    return [lyapunov_spectrum(net, seed=s, dtype=dtype, **options) for s, net in enumerate(nets)]


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
    found = lyapunov_spectrum(Rnn(random_weights(100, g, seed=0)), k=100, t_sim=50, t_ons=t_ons)
    error = abs(found.exponents.sum() / found.mean_log_det - 1)
    assert within(acceptance["rnn"]["volume"], error)
    record("rnn.volume", error)


@pytest.mark.parametrize("g", [1.0, 4.0, 20.0])
def test_mean_exponent(g, acceptance, record):
    found = lyapunov_spectrum(Rnn(random_weights(200, g, seed=0)), k=200, t_sim=100)
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
    np.testing.assert_allclose(rnn.step(h, np.eye(n))[1], slow.jacobian(rnn, h), atol=1e-13)
    record("rnn.jacobian", right)
    record("rnn.jacobian_legacy", legacy)


@pytest.mark.parametrize("g", [1.5, 10.0])
def test_qr_interval_changes_nothing(g, acceptance, record):
    rnn, options = Rnn(random_weights(100, g, seed=1)), dict(k=100, t_sim=40, transient=20)
    found = [lyapunov_spectrum(rnn, t_ons=m / 10, **options).exponents for m in (1, 2, 3, 5, 7, 10, 13, 20)]
    spread = np.ptp(found, axis=0).max()
    assert within(acceptance["rnn"]["qr_interval"], spread)
    record("rnn.qr_interval", spread)


def asymmetry(dt, t_sim):
    rnn = Rnn(random_weights(200, 4.0, seed=0), dt=dt)
    x = lyapunov_spectrum(rnn, k=200, t_sim=t_sim, dtype="float32").exponents
    return np.sqrt(np.mean((x + x[::-1] - 2 * x.mean()) ** 2))


@pytest.mark.slow
def test_point_symmetry_comes_back_with_the_time_step(acceptance, record):
    coarse, fine = asymmetry(0.1, 300), asymmetry(0.01, 100)
    assert within(acceptance["rnn"]["point_symmetry"], fine / coarse)
    assert coarse == pytest.approx(acceptance["rnn"]["point_symmetry"]["reference"][0], rel=0.3)
    record("rnn.point_symmetry", fine / coarse)


# --- statistics over networks


@functools.cache
def spectra(g):
    return over_nets(200, g, k=40, t_sim=300)


@pytest.mark.slow
@pytest.mark.parametrize("i", range(6))
def test_full_spectrum(i, acceptance, record):
    """The first 40 of 200 exponents reach the crossing; the last one needs all, over a shorter time."""
    row = acceptance["rnn"]["full_spectrum"]
    found, common = spectra(row["g"][i]), dict(n_reference=row["n_reference"], relative=row["relative"])
    measured = dict(
        lambda_1=[s.exponents[0] for s in found],
        dimension=[s.kaplan_yorke / 200 for s in found],
        entropy=[s.entropy / 200 for s in found],
    )
    for name, values in measured.items():
        record("rnn.full_spectrum", np.mean(values))
        mean, bound = mean_and_bound(values, row[name][i], row[f"{name}_sd"][i], **common)
        if name == "entropy" and i == 0:
            assert mean <= row["entropy_first_below"]
        else:
            assert abs(mean - row[name][i]) <= bound, (name, mean, bound)
    last = [s.exponents[-1] for s in over_nets(200, row["g"][i], n_nets=4, k=200, t_sim=50)]
    mean, bound = mean_and_bound(last, row["lambda_n"][i], 0.0, **common)
    assert abs(mean - row["lambda_n"][i]) <= bound, ("lambda_n", mean, bound)


@pytest.mark.slow
@pytest.mark.parametrize("i", [0, 1, 2, pytest.param(3, marks=FULL)])
def test_finite_size_lowers_the_first_exponent(i, acceptance, record):
    row = acceptance["rnn"]["finite_size"]
    values = [s.exponents[0] for s in over_nets(row["n"][i], 4.0, k=1, t_sim=300)]
    common = dict(n_reference=row["n_reference"][i], relative=row["relative"])
    mean, bound = mean_and_bound(values, row["reference"][i], row["sd"][i], **common)
    record("rnn.finite_size", mean)
    assert abs(mean - row["reference"][i]) <= bound


@pytest.mark.slow
def test_dimension_is_extensive(acceptance, record):
    row = acceptance["rnn"]["extensivity"]
    found = [spectra(4.0), over_nets(400, 4.0, n_nets=4, k=60, t_sim=150)]
    density = [np.mean([s.kaplan_yorke for s in group]) / n for group, n in zip(found, (200, 400), strict=True)]
    record("rnn.extensivity", density)
    np.testing.assert_allclose(density, row["reference"], rtol=row["relative"])


# --- the transition


def test_loss_of_stability(acceptance, record):
    """The spectrum of g J is g times that of J, so the abscissa reaches 1 at one over that of J."""
    abscissa = [np.linalg.eigvals(random_weights(1000, 1.0, seed=s)).real.max() for s in range(2)]
    record("rnn.stability_loss", 1 / np.mean(abscissa))
    assert within(acceptance["rnn"]["stability_loss"], 1 / np.mean(abscissa))


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
    values = [s.exponents[0] for s in over_nets(1000, row["g"][i], k=1, t_sim=300, transient=200)]
    common = dict(n_reference=row["n_reference"], relative=row["relative"])
    mean, bound = mean_and_bound(values, row["reference"][i], row["sd"][i], **common)
    record("rnn.transition", mean)
    assert abs(mean - row["reference"][i]) <= bound


@pytest.mark.slow
@pytest.mark.parametrize("legacy", [False, True])
def test_tanh_pos_and_its_legacy_derivative(legacy, acceptance, record):
    row = acceptance["rnn"]["tanh_pos"]
    options = dict(activation="pos", legacy=legacy, k=1, t_sim=200)
    common = dict(sd=0.0, n_reference=row["n_reference"], relative=row["relative"], rounding=row["rounding"])
    means = []
    for g, reference in zip(row["g"], row["legacy" if legacy else "reference"], strict=True):
        mean, bound = mean_and_bound([s.exponents[0] for s in over_nets(500, g, **options)], reference, **common)
        means.append(mean)
        assert abs(mean - reference) <= bound, (g, mean, bound)
    if not legacy:
        record("rnn.tanh_pos", means)
    first_positive = row["g"][int(np.argmax(np.array(means) > 0))]
    assert first_positive in ((2.0,) if legacy else (6.0, 8.0))  # mean field: 1.33 and 5.07; N = 500 is later
