"""The calibration maps: their tangents, and the literature's exponents."""

import numpy as np
import pytest

from helpers.parameters import ParameterError
from helpers.rnn.lyapunov import lyapunov_spectrum
from helpers.rnn.maps import Henon, Lorenz, TowelMap

MAPS = Henon(), Lorenz(), TowelMap()


def name(system):
    return type(system).__name__


@pytest.mark.parametrize("system", MAPS, ids=name)
def test_tangent_is_the_derivative_of_the_step(system):
    h, eps = np.array(system.h0), 1e-6
    for _ in range(10):
        h, d = system.step(h, np.eye(system.n))
    moved, d = system.step(h, np.eye(system.n))
    for i, e in enumerate(eps * np.eye(system.n)):
        slope = (
            (system.step(h + e, np.empty((system.n, 0)))[0] - system.step(h - e, np.empty((system.n, 0)))[0]) / 2 / eps
        )
        np.testing.assert_allclose(d[:, i], slope, atol=1e-7)
    assert moved.shape == (system.n,)


def check(row, found):
    np.testing.assert_allclose(found.exponents, row["reference"], atol=row["absolute"], rtol=0)
    if "kaplan_yorke" in row:
        assert found.kaplan_yorke == pytest.approx(row["kaplan_yorke"], abs=0.003)


def test_henon(acceptance, record):
    row = acceptance["rnn"]["henon"]
    found = lyapunov_spectrum(Henon(), k=2, t_sim=200_000, t_ons=3.0)
    check(row, found)
    assert found.exponents.sum() == pytest.approx(np.log(0.3), abs=row["sum_absolute"])
    assert found.mean_log_det == pytest.approx(np.log(0.3), abs=row["sum_absolute"])
    record("rnn.henon", found.exponents)


def test_lorenz(acceptance, record):
    row = acceptance["rnn"]["lorenz"]
    found = lyapunov_spectrum(Lorenz(dt=0.02), k=3, t_sim=1500, t_ons=0.5)
    check(row, found)
    assert found.exponents.sum() == pytest.approx(-10 - 1 - 8 / 3, abs=row["sum_absolute"])
    record("rnn.lorenz", found.exponents)


def test_towel_map(acceptance, record):
    found = lyapunov_spectrum(TowelMap(), k=3, t_sim=50_000, t_ons=2.0)
    check(acceptance["rnn"]["towel"], found)
    record("rnn.towel", found.exponents)


def test_parameters_are_checked():
    with pytest.raises(ParameterError):
        Lorenz(dt=0.5)
    with pytest.raises(ParameterError):
        Henon(a="x")
