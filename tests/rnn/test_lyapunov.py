"""The Lyapunov routine against the slow version, closed forms, and its own promises."""

import ctypes
import dataclasses

import numpy as np
import pytest
from scipy.linalg import cython_blas

from helpers.parameters import BackendError, ParameterError
from helpers.rnn import lyapunov
from helpers.rnn.lyapunov import Spectrum, initial, kaplan_yorke, lyapunov_spectrum, one_blas_thread
from helpers.rnn.maps import Henon
from helpers.rnn.model import ACTIVATIONS, Rnn, random_weights
from tests.rnn import slow_lyapunov as slow

SHORT = dict(t_sim=20, transient=5, frame_transient=5)


def network(activation="tanh", n=20, g=2.0, **options):
    rng = np.random.default_rng(1)
    return Rnn(random_weights(n, g, seed=0), activation, rng.normal(1, 0.3, n), rng.normal(0, 0.3, n), **options)


# --- against the slow version


@pytest.mark.parametrize("k", [1, 7, 20])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_agrees_with_explicit_householder_steps(activation, k):
    rnn = network(activation)
    expected, volume = slow.spectrum(rnn, *initial(rnn, k, None, 3), **SHORT)
    found = lyapunov_spectrum(rnn, k=k, seed=3, **SHORT)
    np.testing.assert_allclose(found.exponents, np.sort(expected)[::-1], atol=1e-10)
    if k == rnn.n:
        assert found.mean_log_det == pytest.approx(volume, rel=1e-11)
        assert found.exponents.sum() == pytest.approx(volume, rel=1e-11)
    else:
        assert np.isnan(found.mean_log_det)


class Plain:
    """A network that offers nothing but n, dt and step."""

    def __init__(self, rnn):
        self.n, self.dt, self.step = rnn.n, rnn.dt, rnn.step


def test_any_object_with_a_step_will_do():
    rnn = network("tanh_pos")
    one, two = (lyapunov_spectrum(x, k=20, **SHORT) for x in (rnn, Plain(rnn)))
    np.testing.assert_allclose(one.exponents, two.exponents, atol=1e-12)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_householder_takes_over_where_cholesky_fails(dtype, monkeypatch):
    """Over 10 time constants at g = 10 the columns part by more than double precision can hold in A^T A."""
    rnn, used = network(g=10.0, n=60), []
    householder = lyapunov._householder
    monkeypatch.setattr(lyapunov, "_householder", lambda frame: used.append(1) or householder(frame))
    expected = lyapunov_spectrum(rnn, k=60, t_ons=0.1, dtype=dtype, **SHORT)
    assert not used
    found = lyapunov_spectrum(rnn, k=60, t_ons=5.0, dtype=dtype, **SHORT)
    assert used and np.isfinite(found.exponents).all()
    np.testing.assert_allclose(
        found.exponents[:30], expected.exponents[:30], atol=dict(float64=1e-8, float32=0.02)[dtype]
    )


def test_single_precision_agrees_where_there_is_no_chaos():
    rnn = network(g=0.8)
    one, two = (lyapunov_spectrum(rnn, k=20, dtype=d, **SHORT) for d in ("float64", "float32"))
    np.testing.assert_allclose(one.exponents, two.exponents, atol=2e-5)


def test_the_transients_are_not_counted():
    """A state that starts far away contracts at another rate; nothing of that may remain."""
    rnn = Rnn(0.5 * random_weights(20, 1.0, seed=0))
    linear = np.log(np.abs(np.linalg.eigvals(0.9 * np.eye(20) + 0.1 * rnn.weights)).max()) / 0.1
    found = lyapunov_spectrum(rnn, k=1, t_sim=500, transient=100, frame_transient=100, h0=np.full(20, 5.0))
    assert found.exponents[0] == pytest.approx(linear, abs=2e-3)
    assert found.time == pytest.approx(500)


def test_discrete_time_network_is_the_case_dt_1():
    j = random_weights(30, 0.9, seed=2)
    options = dict(transient=0, frame_transient=300, h0=np.zeros(30))
    found = lyapunov_spectrum(Rnn(j, dt=1.0), k=5, t_sim=3000, **options)
    np.testing.assert_allclose(found.exponents, np.sort(np.log(np.abs(np.linalg.eigvals(j))))[:-6:-1], atol=4e-3)


# --- what is derived


@pytest.mark.parametrize(
    ("exponents", "n", "expected"),
    [
        ([-0.1, -0.2], 2, 0.0),
        ([0.5, -1.0], 2, 1.5),
        ([0.0, -1.0], 2, 1.0),
        ([0.5, 0.0, -0.25, -1.0], 4, 3.25),
        ([0.3, 0.2], 2, 2.0),
        ([0.3, 0.2], 5, np.nan),
        ([0.3, -0.2], 5, np.nan),
        ([0.3, -0.2, -0.2], 5, 2.5),
        ([-0.1], 5, 0.0),
    ],
)
def test_kaplan_yorke_interpolates(exponents, n, expected):
    np.testing.assert_allclose(kaplan_yorke(exponents, n), expected)


def test_spectrum_is_sorted_and_its_parts_agree():
    found = lyapunov_spectrum(network(g=6.0, n=100), k=100, t_sim=50)
    assert isinstance(found, Spectrum) and (np.diff(found.exponents) <= 0).all()
    assert found.entropy == pytest.approx(found.exponents[found.exponents > 0].sum()) and found.entropy > 0
    assert found.kaplan_yorke == kaplan_yorke(found.exponents)
    assert found.converged is None and found.times is None and found.running is None


def test_trace_ends_at_the_exponents():
    found = lyapunov_spectrum(network(), k=6, t_sim=20.5, trace=True)
    assert found.times.shape == (21,) and found.running.shape == (21, 6)
    assert found.times[-1] == pytest.approx(20.5) and found.times[0] == pytest.approx(1.0)
    np.testing.assert_allclose(found.running[-1], found.exponents)


def test_standard_errors_are_those_of_repeated_runs():
    runs = [lyapunov_spectrum(Henon(), k=2, t_sim=2000, transient=100, h0=(0.1, 0.002 * i)) for i in range(40)]
    actual = np.std([run.exponents for run in runs], axis=0, ddof=1)
    np.testing.assert_allclose(np.mean([run.stderr for run in runs], axis=0), actual, rtol=0.4)
    assert np.isnan(lyapunov_spectrum(Henon(), k=2, t_sim=19).stderr).all()


def test_adaptive_stop():
    options = dict(k=1, t_sim=200, transient=100)
    assert lyapunov_spectrum(Henon(), tolerance=0.5, **options).time == 200
    found = lyapunov_spectrum(Henon(), tolerance=0.008, t_max=20_000, **options)
    assert found.converged is True and found.stderr[0] <= 0.008 and 200 < found.time < 20_000
    given_up = lyapunov_spectrum(Henon(), tolerance=1e-6, t_max=500, **options)
    assert given_up.converged is False and given_up.time == 500


def test_a_step_is_not_added_by_rounding():
    """.14 / .02 is 7.000000000000001."""
    found = lyapunov_spectrum(network(dt=0.02), k=1, t_sim=0.14, t_ons=0.14, trace=True)
    assert found.time == pytest.approx(0.14) and len(found.times) == 1


# --- seeds, threads, errors


def test_seed_decides_everything_and_nothing_global_moves():
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    runs = [lyapunov_spectrum(network(g=4.0), k=3, seed=s, **SHORT).exponents for s in (1, 1, 2)]
    assert np.array_equal(runs[0], runs[1]) and not np.array_equal(runs[0], runs[2])
    assert np.array_equal(before, np.random.get_state()[1])  # noqa: NPY002


def test_the_frame_does_not_depend_on_whether_the_state_is_given():
    rnn = network()
    h, q = initial(rnn, 4, None, 7)
    np.testing.assert_array_equal(q, initial(rnn, 4, h, 7)[1])
    assert initial(rnn, 4, h, 7)[0].tolist() == h.tolist()


def test_arguments_are_left_alone():
    rnn, h0 = network(), np.ones(20)
    weights = rnn.weights.copy()
    lyapunov_spectrum(rnn, k=3, h0=h0, dtype="float32", **SHORT)
    assert (h0 == 1).all() and np.array_equal(rnn.weights, weights) and rnn.weights.dtype == float


def test_one_blas_thread_and_back():
    library = ctypes.CDLL(cython_blas.__file__)
    prefix = next((p for p in ("scipy_openblas", "openblas") if hasattr(library, f"{p}_get_num_threads")), None)
    if prefix is None:
        pytest.skip("scipy uses another BLAS than OpenBLAS")
    threads = library[f"{prefix}_get_num_threads"]
    before = threads()
    library[f"{prefix}_set_num_threads"](2)
    with one_blas_thread():
        assert threads() == 1
    assert threads() == 2
    library[f"{prefix}_set_num_threads"](before)


BAD = {
    "k above n": dict(k=21),
    "k zero": dict(k=0),
    "k fraction": dict(k=1.5),
    "dt above t_ons": dict(t_ons=0.05),
    "t_ons above t_sim": dict(t_ons=21.0),
    "t_sim zero": dict(t_sim=0),
    "t_sim nan": dict(t_sim=np.nan),
    "negative transient": dict(transient=-1),
    "negative frame transient": dict(frame_transient=-1),
    "h0 length": dict(h0=np.zeros(3)),
    "h0 nan": dict(h0=np.full(20, np.nan)),
    "seed": dict(seed=None),
    "dtype": dict(dtype="float16"),
    "tolerance": dict(tolerance=0),
    "t_max below t_sim": dict(tolerance=0.1, t_max=5),
    "not a network": dict(rnn=np.eye(20)),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_arguments_are_refused_in_one_line(case):
    with pytest.raises(ParameterError) as error:
        lyapunov_spectrum(**{"rnn": network(), "k": 2, **SHORT, **BAD[case]})
    assert "\n" not in str(error.value)


def test_a_map_that_escapes_is_an_error_and_not_a_number():
    with pytest.raises(BackendError, match="finite"), np.errstate(all="ignore"):
        lyapunov_spectrum(dataclasses.replace(Henon(), a=3.0), k=2, t_sim=100, transient=100)
