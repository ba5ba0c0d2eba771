"""The Lyapunov routine against the cells of FINAL_5, closed forms, and its own promises."""

import ctypes
import functools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from scipy.linalg import cython_blas

from helpers.parameters import BackendError, ParameterError
from helpers.rnn.lyapunov import initial, kaplan_yorke, lyapunov_spectrum, one_blas_thread, trajectory
from helpers.rnn.model import ACTIVATIONS, Rnn, random_weights, response
from tests.cells import cells
from tests.rnn.later import of_steps

MODEL = cells("FINAL_5", "model")
SHORT = dict(t_sim=20, transient=5, frame_transient=5)
FEW = some.integers(0, 30)
HENON = of_steps(MODEL.henon, (0.1, 0.1))


def network(activation="tanh", n=20, g=2.0, **options):
    rng = np.random.default_rng(1)
    return Rnn(random_weights(n, g, seed=0), activation, rng.normal(1, 0.3, n), rng.normal(0, 0.3, n), **options)


# --- against the cells


@pytest.mark.parametrize("activation", [*ACTIVATIONS, MODEL.softsign])
@given(
    data=some.data(),
    n=some.integers(1, 12),
    g=some.floats(0, 5),
    dt=some.floats(0.05, 0.9),
    waits=some.tuples(FEW, FEW),
)
def test_agrees_with_the_loop_of_the_notebook(activation, data, n, g, dt, waits):
    """Any number of exponents, times and QR intervals, of a network or of an object with no more than a step."""
    rng, k, n_ons = np.random.default_rng(n), data.draw(some.integers(1, n)), data.draw(some.integers(1, 12))
    rnn = Rnn(random_weights(n, g, seed=rng), activation, dt=dt)
    rule = activation
    if isinstance(activation, str):
        rnn = rnn.replace(gain=rng.normal(1, 0.3, n), shift=rng.normal(0, 0.3, n))
        rule = functools.partial(response, activation, gain=rnn.gain, shift=rnn.shift)
    h, q = initial(rnn, k, None, 3)
    h = MODEL.simulate(rnn.weights, h, waits[0], phi=rule, dt=dt)[-1]
    loop = MODEL.lyapunov(
        lambda h, q: MODEL.step(h, q, rnn.weights, phi=rule, dt=dt), h, q, waits[1], 12, n_qr=1, dt=dt
    )
    times = dict(
        zip(("transient", "frame_transient", "t_sim", "t_ons"), dt * np.array([*waits, 12, n_ons]), strict=True)
    )
    for net in (rnn, of_steps(rnn.step, initial(rnn, k, None, 3)[0], dt)):
        found = lyapunov_spectrum(net, k=k, seed=3, **times)
        np.testing.assert_allclose(found.exponents, np.sort(loop)[::-1], atol=1e-10)
        assert np.isnan(found.mean_log_det) if k < n else found.mean_log_det == pytest.approx(loop.sum(), rel=1e-11)


def test_in_single_precision_exponents_do_not_depend_on_the_qr_interval():
    """Over 5 time constants the columns part by more than single precision can hold in A^T A."""
    rnn = network(g=0.5, n=60)
    expected = lyapunov_spectrum(rnn, k=60, t_ons=0.1, **SHORT)
    found = lyapunov_spectrum(rnn, k=60, t_ons=5.0, dtype="float32", **SHORT)
    np.testing.assert_allclose(found.exponents, expected.exponents, atol=2e-6)
    assert found.mean_log_det == pytest.approx(expected.mean_log_det, rel=2e-6)


# --- singular tangents


@given(
    n=some.integers(2, 30),
    g=some.floats(0.3, 5),
    t_ons=some.integers(1, 6),
    seed=some.integers(0, 999),
    dtype=some.sampled_from(["float64", "float32"]),
    data=some.data(),
)
def test_a_tangent_of_low_rank_has_exponents_of_minus_infinity(n, g, t_ons, seed, dtype, data):
    """In discrete time D = J diag phi' has the rank of J: beyond it ln 0, whatever the QR interval."""
    rank, rng = data.draw(some.integers(0, n - 1)), np.random.default_rng(seed)
    j = g * rng.standard_normal((n, rank)) @ rng.standard_normal((rank, n)) / np.sqrt(n * max(rank, 1))
    found = lyapunov_spectrum(Rnn(j, dt=1.0), k=n, t_sim=40, t_ons=t_ons, dtype=dtype)
    assert np.isneginf(found.exponents[rank:]).all() and np.isfinite(found.exponents[:rank]).all()
    assert np.isnan(found.stderr[rank:]).all() and found.mean_log_det == -np.inf


def test_a_superstable_orbit_has_the_exponent_minus_infinity():
    """The logistic map of period 2 whose orbit holds x = 1/2; rounding leaves a slope of 1e-16 there, not of 1e-3."""
    r = 1 + 5**0.5
    logistic = of_steps(lambda h, q: (r * h * (1 - h), r * (1 - 2 * h)[:, None] * q), (0.3,))
    squeezed = of_steps(lambda h, q: (1.0 * h, 1e-3 * q), (1.0,))
    for t_ons in (1, 3):
        found = lyapunov_spectrum(logistic, k=1, t_sim=400, t_ons=t_ons, transient=1000)
        assert found.exponents[0] == -np.inf and np.isnan(found.stderr[0])
        assert lyapunov_spectrum(squeezed, k=1, t_sim=40, t_ons=t_ons).exponents[0] == pytest.approx(np.log(1e-3))


# --- what is derived


def test_kaplan_yorke_interpolates():
    """Negative spectra, and those that do not reach the crossing, are examples in the docstring."""
    assert kaplan_yorke([0.0, -1.0]) == 1 and kaplan_yorke([0.3, 0.2]) == 2
    assert kaplan_yorke([0.5, 0.0, -0.25, -1.0]) == 3.25
    assert kaplan_yorke([0.3, -0.2, -0.2], 5) == pytest.approx(2.5)
    assert kaplan_yorke([0.5, -np.inf, -np.inf]) == 1
    for bad in ([0.1, np.nan], [0.1, 0.2]):
        with pytest.raises(ParameterError, match="descending"):
            kaplan_yorke(bad)


def test_spectrum_is_sorted_and_its_parts_agree_and_its_trace_ends_there():
    """A step is not added by rounding: .14 / .02 is 7.000000000000001."""
    rnn = network(g=6.0, n=100)
    found = lyapunov_spectrum(rnn, k=100, t_sim=50.5, trace=True)
    assert (np.diff(found.exponents) <= 0).all() and found.converged is None
    assert found.entropy == pytest.approx(found.exponents[found.exponents > 0].sum()) and found.entropy > 0
    assert found.kaplan_yorke == kaplan_yorke(found.exponents)
    np.testing.assert_allclose(found.times, [*range(1, 51), 50.5])
    np.testing.assert_allclose(found.running[-1], found.exponents)
    np.testing.assert_allclose(np.sort(found.running[19])[::-1], lyapunov_spectrum(rnn, k=100, t_sim=20).exponents)
    assert lyapunov_spectrum(network(dt=0.02), k=1, t_sim=0.14, t_ons=0.14, trace=True).times == pytest.approx([0.14])


def test_standard_errors_are_those_of_repeated_runs():
    runs = [lyapunov_spectrum(HENON, k=2, t_sim=1000, transient=100, h0=(0.1, 0.002 * i)) for i in range(20)]
    actual = np.std([run.exponents for run in runs], axis=0, ddof=1)
    np.testing.assert_allclose(np.mean([run.stderr for run in runs], axis=0), actual, rtol=0.4)
    assert np.isnan(lyapunov_spectrum(HENON, k=2, t_sim=19).stderr).all()


def test_adaptive_stop():
    options = dict(k=1, t_sim=200, transient=100)
    assert lyapunov_spectrum(HENON, tolerance=0.5, **options).time == 200
    found = lyapunov_spectrum(HENON, tolerance=0.008, t_max=20_000, **options)
    assert found.converged is True and found.stderr[0] <= 0.008 and 200 < found.time < 20_000
    given_up = lyapunov_spectrum(HENON, tolerance=1e-6, t_max=500, **options)
    assert given_up.converged is False and given_up.time == 500


# --- seeds, threads, errors


def test_streams_of_the_seed_and_nothing_else_moves():
    rnn, h0 = network(g=4.0), np.ones(20)
    weights = rnn.weights.copy()
    lyapunov_spectrum(rnn, k=3, h0=h0, dtype="float32", **SHORT)
    assert (h0 == 1).all() and np.array_equal(rnn.weights, weights) and rnn.weights.dtype == float
    (_, frame), (given, same), (_, other) = (initial(rnn, 4, h, seed) for h, seed in ((None, 7), (h0, 7), (None, 8)))
    assert np.array_equal(frame, same) and np.array_equal(given, h0) and not np.array_equal(frame, other)


def test_a_transient_only_skips():
    whole = trajectory(network(), t_sim=9.0, seed=3)
    np.testing.assert_array_equal(trajectory(network(), t_sim=4.0, transient=5.0, seed=3), whole[50:])


def test_one_blas_thread_and_back():
    library = ctypes.CDLL(cython_blas.__file__)
    prefix = next((p for p in ("scipy_openblas", "openblas") if hasattr(library, f"{p}_get_num_threads")), None)
    if prefix is None:
        pytest.skip("scipy uses another BLAS than OpenBLAS")
    threads, set_threads = (library[f"{prefix}_{what}_num_threads"] for what in ("get", "set"))
    before = threads()
    set_threads(2)
    with one_blas_thread():
        assert threads() == 1
    assert threads() == 2
    set_threads(before)


# --- bad input

BAD = dict(k=21, t_ons=0.05, t_max=5, dtype="float16", tolerance=0, rnn=np.eye(20))


@pytest.mark.parametrize("name", BAD)
def test_bad_arguments_are_refused_in_one_line(name):
    with pytest.raises(ParameterError, match=rf"^[^\n]*{name}[^\n]*$"):
        lyapunov_spectrum(**{"rnn": network(), "k": 2, **SHORT, name: BAD[name]})


def relu(h):
    """A rule without an upper bound, whose slope is a number even where its rate is none."""
    return np.maximum(h, 0), 1.0 * (h > 0)


def of_its_steps(net):
    return of_steps(lambda h, q: MODEL.step(h, q, net.weights, phi=net.activation), np.ones(net.n), dt=0.1)


ENGINES = {
    "the transient": lambda net: lyapunov_spectrum(net, k=1, t_sim=1, transient=300, dtype="float32"),
    "a map": lambda net: lyapunov_spectrum(of_its_steps(net), k=1, t_sim=300),
    "trajectory": lambda net: trajectory(of_its_steps(net), t_sim=300),
    "a frame": lambda net: lyapunov_spectrum(of_steps(lambda h, q: (1.0 * h, np.inf * q), (0.1,)), k=1, t_sim=9),
}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("engine", ENGINES)
def test_a_state_or_frame_that_leaves_the_numbers_is_an_error_in_every_engine(engine):
    net = Rnn(np.abs(random_weights(10, 3.0, seed=0)), relu)
    with pytest.raises(BackendError, match=r"left the finite numbers \(it holds -?(inf|nan)\); take weaker"):
        ENGINES[engine](net)
