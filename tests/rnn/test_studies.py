"""The point functions of the transition studies, against closed forms and against each other."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from helpers.parameters import OutputError, ParameterError
from helpers.rnn import studies
from helpers.rnn.lyapunov import lyapunov_spectrum
from helpers.rnn.model import Rnn, random_weights

# --- networks


def test_g_scales_the_draws_of_one_seed():
    one, three = (studies.network(n=20, g=g, seed=4).weights for g in (1.0, 3.0))
    np.testing.assert_allclose(three, 3 * one)
    np.testing.assert_array_equal(one, random_weights(20, 1.0, seed=4))


def test_gains_and_shifts_are_drawn_around_one():
    rnn = studies.network(n=900, g=8.0, seed=0, activation="pos", parameters=("gains", "shifts"))
    for drawn in (rnn.gain, rnn.shift):
        assert abs(drawn.mean() - 1) < 4 * 8 / 900
        assert abs(drawn.std() / (8 / 30) - 1) < 4 / 1800**0.5
    assert abs(np.corrcoef(rnn.gain, rnn.shift)[0, 1]) < 4 / 30
    np.testing.assert_array_equal(rnn.weights, random_weights(900, 1.0, seed=0))  # not in the list: g = 1


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (dict(parameters=("gains",)), "plain tanh takes weights only"),
        (dict(parameters=("weights", "shifts")), "plain tanh takes weights only"),
        (dict(parameters=(), activation="pos"), "parameters"),
        (dict(parameters=("bias",)), "bias"),
        (dict(g=-1.0), "g = -1"),
        (dict(g=float("nan")), "g = nan"),
        (dict(n=0), "n = 0"),
        (dict(seed=-1), "seed = -1"),
        (dict(dt=1.5), "dt = 1.5"),
        (dict(activation="relu"), "relu"),
    ],
)
def test_bad_networks_are_refused(wrong, says):
    with pytest.raises(ParameterError, match=says):
        studies.network(**(dict(n=5, g=1.0, seed=0) | wrong))


# --- exponents


@pytest.mark.parametrize("activation", ["std", "strech", "pos"])
@pytest.mark.parametrize("dt", [0.02, 0.1, 0.5])
def test_without_weights_every_exponent_is_the_leak(activation, dt):
    found = studies.exponents_point(n=4, g=0.0, seed=1, k=None, t_sim=20.0, dt=dt, activation=activation)
    np.testing.assert_allclose(found["exponents"], np.log(1 - dt) / dt, rtol=1e-12)
    assert found["kaplan_yorke"] == 0 and found["entropy"] == 0


def test_two_units_at_rest():
    """J has the eigenvalues +-sqrt(J_12 J_21): real, or a rotation."""
    for seed in range(4):
        rnn = studies.network(n=2, g=0.5, seed=seed)
        mu = np.emath.sqrt(rnn.weights[0, 1] * rnn.weights[1, 0])
        expected = sorted(np.log(np.abs(0.9 + 0.1 * np.array([mu, -mu]))) / 0.1, reverse=True)
        found = studies.exponents_point(n=2, g=0.5, seed=seed, k=2, t_sim=1500.0)
        np.testing.assert_allclose(found["exponents"], expected, atol=2e-3)
        assert studies.stability_point(n=2, g=0.5, seed=seed)["linear"] == pytest.approx(expected[0], abs=1e-12)


def test_a_point_is_the_spectrum_of_its_network():
    point = dict(n=12, g=6.0, seed=2, activation="pos", parameters=("weights", "gains"), dt=0.2, legacy=True)
    found = studies.exponents_point(**point, k=3, t_sim=30.0, t_ons=0.6, transient=10.0, state_seed=7)
    expected = lyapunov_spectrum(studies.network(**point), k=3, t_sim=30.0, t_ons=0.6, transient=10.0, seed=7)
    np.testing.assert_array_equal(found["exponents"], expected.exponents)
    np.testing.assert_array_equal(found["stderr"], expected.stderr)
    assert "running" not in found and "converged" not in found


def test_running_exponents_end_at_the_final_ones():
    found = studies.exponents_point(n=10, g=2.0, seed=0, k=4, t_sim=30.0, trace=True)
    assert found["running"].shape == (30, 4)
    np.testing.assert_allclose(found["running"][-1], found["exponents"], rtol=1e-12)
    assert found["times"][-1] == pytest.approx(found["time"])


def test_the_legacy_jacobian_moves_the_exponents_of_tanh_pos_only():
    for activation, same in (("tanh", True), ("tanh_pos", False)):
        right, legacy = (
            studies.exponents_point(n=40, g=2.0, seed=0, activation=activation, legacy=legacy)["exponents"][0]
            for legacy in (False, True)
        )
        assert bool(right == legacy) is same
        if not same:
            assert legacy - right > 0.3


# --- rest, and its loss of stability


@pytest.mark.parametrize(
    ("activation", "g", "legacy"),
    [("tanh", 0.8, False), ("tanh_streched", 0.8, False), ("tanh_pos", 2.5, False), ("tanh_pos", 0.8, True)],
)
def test_below_the_loss_of_stability_the_leading_eigenvalue_is_the_first_exponent(activation, g, legacy):
    point = dict(n=60, g=g, activation=activation, legacy=legacy, seed=3)
    linear = studies.stability_point(**point)["linear"]
    found = studies.exponents_point(**point, t_sim=600.0, transient=300.0)["exponents"][0]
    assert linear < -0.05
    assert found == pytest.approx(linear, abs=0.005)


def test_fixed_point_is_one_and_is_where_the_network_rests():
    rnn = studies.network(n=50, g=2.0, seed=5, activation="pos")
    h = studies.fixed_point(rnn)
    np.testing.assert_allclose(h, rnn.weights @ (1 + np.tanh(h)) / 2, atol=1e-9)
    np.testing.assert_allclose(studies.trajectory(rnn, t_sim=1.0, transient=150.0, seed=1)[-1], h, atol=1e-8)
    np.testing.assert_array_equal(studies.fixed_point(rnn.replace(legacy=True)), h)


def test_origin_loses_stability_where_the_spectral_abscissa_passes_one():
    weights = studies.network(n=80, g=1.0, seed=6).weights
    abscissa = np.linalg.eigvals(weights).real.max()
    found = studies.stability_point(n=80, g=1 / abscissa, seed=6)
    assert found["abscissa"] == pytest.approx(1, abs=1e-10)
    assert not found["fixed_point"].any()


def test_without_a_fixed_point_all_is_nan(monkeypatch):
    monkeypatch.setattr(studies, "root", lambda f, start, **options: SimpleNamespace(x=start + 1, fun=f(start + 1)))
    found = studies.stability_point(n=20, g=20.0, seed=0, activation="pos")
    assert all(np.isnan(found[name]).all() for name in ("linear", "abscissa", "fixed_point"))


# --- trajectories and neighbours


def test_a_transient_only_skips():
    rnn = studies.network(n=6, g=2.0, seed=0)
    whole = studies.trajectory(rnn, t_sim=9.0, seed=3)
    np.testing.assert_array_equal(studies.trajectory(rnn, t_sim=4.0, transient=5.0, seed=3), whole[50:])


def test_two_states_part_as_the_tangent_says():
    """Until the distance, 1e-6 at first, is large enough to bend."""
    found = studies.separation_point(n=50, g=6.0, seed=1, t_sim=40.0)
    small = found["direct"] < np.log(1e-3 / 1e-6)
    assert small.sum() > 50
    np.testing.assert_allclose(found["direct"][small], found["tangent"][small], atol=0.02)


def test_direct_method_gives_the_first_exponent():
    """Pulled back every tau, the neighbour never saturates: Benettin's method, an oracle without any Jacobian."""
    for activation, g in (("tanh", 5.0), ("tanh_pos", 12.0)):
        found = studies.separation_point(n=30, g=g, seed=2, t_sim=300.0, t_ons=1.0, activation=activation)
        direct, tangent = found["direct"][-1] / 300, found["tangent"][-1] / 300
        assert direct == pytest.approx(tangent, abs=2e-4)
    legacy = studies.separation_point(n=30, g=12.0, seed=2, t_sim=300.0, t_ons=1.0, activation="pos", legacy=True)
    assert legacy["tangent"][-1] / 300 > direct + 0.3


def test_growth_rate_leaves_out_the_start_and_the_saturation():
    times = np.arange(0, 200, 0.1)
    growth = np.minimum(0.15 * times, 13.0) + 0.01 * np.sin(times)
    assert studies.growth_rate(times, growth) == pytest.approx(0.15, abs=1e-3)


# --- step and symmetry


@given(some.lists(some.floats(-5, 5), min_size=3, max_size=3))
def test_dt_limit_is_exact_for_polynomials(coefficients):
    dt = np.array([0.1, 0.05, 0.02])
    values = np.polynomial.polynomial.polyval(dt, coefficients)
    assert studies.dt_limit(dt, values) == pytest.approx(coefficients[0], abs=1e-9)


def test_dt_limit_of_the_leak_is_minus_one():
    dt = np.array([0.1, 0.05, 0.025])
    values = [studies.exponents_point(n=3, g=0.0, seed=0, k=3, t_sim=10.0, dt=x)["exponents"] for x in dt]
    np.testing.assert_allclose(studies.dt_limit(dt, values), -1, atol=2e-4)


@pytest.mark.parametrize(("dt", "values"), [([0.1], [1.0]), ([0.1, 0.1], [1.0, 2.0]), ([0.1, 0.2], [1.0, 2.0, 3.0])])
def test_dt_limit_refuses(dt, values):
    with pytest.raises(ParameterError, match="different dt"):
        studies.dt_limit(dt, values)


@given(some.lists(some.floats(-5, 5), min_size=1, max_size=8), some.floats(-3, 3))
def test_asymmetry_is_zero_for_mirrored_spectra_and_blind_to_shifts(half, shift):
    mirrored = np.array(half + [-x for x in reversed(half)])
    assert studies.asymmetry(mirrored + shift) == pytest.approx(0, abs=1e-12)
    bent = np.append(mirrored, 40.0)
    assert studies.asymmetry(bent + shift) == pytest.approx(studies.asymmetry(bent), abs=1e-9)
    assert studies.asymmetry(bent) > 1


# --- sweeps


def test_over_stacks_in_the_order_of_the_lists(tmp_path):
    found = studies.over(
        studies.stability_point, store=tmp_path, n_jobs=1, progress=False, n=4, seed=[3, 1], g=np.array([0.5, 1.0, 2.0])
    )
    assert found["linear"].shape == (2, 3) and found["fixed_point"].shape == (2, 3, 4)
    for i, seed in enumerate((3, 1)):
        for j, g in enumerate((0.5, 1.0, 2.0)):
            assert found["linear"][i, j] == studies.stability_point(n=4, g=g, seed=seed)["linear"]


def test_over_without_lists_has_no_axes(tmp_path):
    options = dict(store=tmp_path, n_jobs=1, progress=False)
    found = studies.over(
        studies.exponents_point, **options, n=3, g=1.0, seed=0, k=2, t_sim=5.0, parameters=("weights",)
    )
    assert found["exponents"].shape == (2,) and found["time"] == pytest.approx(5)


def test_over_names_failed_points(tmp_path):
    with pytest.warns(UserWarning), pytest.raises(OutputError, match="1 points of the sweep failed"):
        studies.over(studies.stability_point, store=tmp_path, n_jobs=1, progress=False, n=[3, 0], g=1.0, seed=0)


def test_any_map_has_a_trajectory():
    assert studies.trajectory(Rnn(np.zeros((2, 2)), dt=0.5), t_sim=1.0, h0=[4.0, 2.0]).tolist() == [
        [4, 2],
        [2, 1],
        [1, 0.5],
    ]
