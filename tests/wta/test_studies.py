"""The studies on small and short runs: what they return, that seeds decide, and bad input."""

import numpy as np
import pytest

from helpers import runs
from helpers.parameters import ParameterError
from helpers.wta import measures, studies
from tests.wta.test_measures import result, timeline

SMALL = {"grid_shape": (3, 2), "k_max": 4}


@pytest.fixture
def small(monkeypatch):
    """Shrink the networks of all studies."""
    build = studies.build
    monkeypatch.setattr(studies, "build", lambda seed, **options: build(seed, network=SMALL, **options))


def test_growth_through_sweep(small, tmp_path):
    grid = {"seed": [1, 2], "condition": ["default", "no STP"], "seconds": [(1, 2)]}
    points = list(runs.sweep(studies.growth, grid, store=tmp_path, n_jobs=1, progress=False))
    assert len(points) == 4
    for _, found in points:
        assert found["seconds"].tolist() == [1, 2] and found["n50"].shape == (2,)
        assert {"rho", "cc", "sigma_ms", "h_pattern", "h_noise", "h_max", "fraction", "silent"} <= set(found)
        np.testing.assert_allclose(found["fraction"], found["n50"] / found["n_neurons"])
        assert (found["h_pattern"] <= found["h_max"] + 1e-4).all()


def test_a_seed_decides_everything(small):
    first, again, other = (studies.growth(seed, seconds=(1,)) for seed in (4, 4, 5))
    for name, value in first.items():
        np.testing.assert_array_equal(value, again[name])
    assert first["h_pattern"] != other["h_pattern"]


def test_conditions_reach_the_network():
    params = {name: studies.build(1, condition=name, network=SMALL)[0].network for name in studies.CONDITIONS}
    assert params["no STP"].params.stp == "off" and params["lagged STP"].params.stp == "lagged"
    assert len(params["no recurrence"].links) == 0 < len(params["default"].links)
    constant = params["constant rate"].params
    assert (constant.variance_tracking, constant.constant_eta, constant.eta0) == (False, True, 0.01)
    assert params["default"].params.n_inputs == 100


def test_published_input():
    params = studies.build(1, network=SMALL, n_patterns=2)[1].params
    assert (params.r_input, params.r_noise, params.r_noise_pattern) == (5, 5, 2)
    assert params.t_noise_range == (300, 500) and params.pattern_sequences == ((0,), (1,))


def test_patterns(small):
    found = studies.patterns(1, n_patterns=3, seconds=2)
    assert found["n50"].shape == (3,) and found["overlap"].shape == (3, 3)
    np.testing.assert_array_equal(found["overlap"], found["overlap"].T)


def test_warped_lengths(small):
    found = studies.warped(1, factors=(0.5, 1.0, 2.0), seconds=2)
    assert found["factor"].tolist() == [0.5, 1, 2] and (np.abs(found["like_trained"]) <= 1).all()


def test_readouts(small):
    found = studies.readouts(1, seconds=2, read_s=6)
    assert set(found) == {"untrained", "trained", "input", "untrained_ab", "trained_ab", "input_ab"}
    assert all(0 <= value <= 1 for value in found.values())


def test_cue_has_its_numbers(small):
    found = studies.cue(1, seconds=2, n_cues=3)
    assert found["replays"] in (0, 1) and found["n_members"] >= 0


def test_steps_after_a_cue():
    phases, n_steps = timeline(2, t0_ms=0, lengths=(200, 200))
    after = studies._after(result(np.full((n_steps, 2), 50.0), phases, k=(2,), t0_ms=0), 50)
    np.testing.assert_array_equal(np.flatnonzero(after), np.arange(300, 350))  # the last cue ends the run


def test_equilibrium_study():
    found = studies.weight_equilibrium(1, seconds=20, test_s=5, min_spikes=60)
    assert found["r"] > 0.3 and found["slope"] > 0


def test_mean_rate_of_nobody_is_nan():
    phases, n_steps = timeline(1)
    run = result(np.full((n_steps, 2), 50.0), phases, k=(2,))
    assert np.isnan(studies._mean_rate(run, np.array([], int), measures.step_pattern(run) == 0))
    assert studies._mean_rate(run, np.array([1]), measures.step_pattern(run) == 0) == 50


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: studies.growth(1, condition="none"), "condition = 'none' is unknown; choose one of: default, no STP"),
        (lambda: studies.growth(-1, seconds=(1,)), "seed = -1"),
        (lambda: studies.growth(1, seconds=(2, 1)), "seconds = .2, 1."),
        (lambda: studies.growth(1, seconds=()), "seconds = .."),
        (lambda: studies.readouts(1, read_s=1), "read_s = 1 is out of range"),
        (lambda: studies.build(1, pattern_sequences=[[2]]), "pattern in pattern_sequences = 2"),
    ],
)
def test_bad_input_is_one_line(call, message):
    with pytest.raises(ParameterError, match=message) as refused:
        call()
    assert "\n" not in str(refused.value)
