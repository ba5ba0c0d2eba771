"""The experiments on training: what they promise about their own numbers, on networks small enough to retrain."""

import numpy as np
import pytest

pytest.importorskip("jax")
pytest.importorskip("optax")

from helpers.parameters import ParameterError
from helpers.rnn import studies_training as experiments
from helpers.rnn.connectome import exponent_bound, make_synthetic_roi
from helpers.rnn.lyapunov import lyapunov_spectrum
from helpers.rnn.model import Rnn, random_weights
from helpers.rnn.training import gradient

TINY = dict(n=8, seed=3, k=2, t_sim=10.0, n_epochs=4, t_full=30.0, transient=2.0, frame_transient=2.0)
ALL = ("weights", "gains", "shifts")


def right(weights, gain=1.0, shift=0.0):
    return lyapunov_spectrum(Rnn(weights, "tanh_pos", gain, shift), k=8, t_sim=30.0, seed=1003).exponents


def test_the_spectra_are_those_of_an_independent_run():
    found = experiments.random_point(**TINY, parameters=ALL)
    assert found["before"].tolist() == right(random_weights(8, 1.0, seed=3), np.ones(8), np.zeros(8)).tolist()
    assert found["after"].tolist() == right(found["weights"], found["gain"], found["shift"]).tolist()
    assert not np.allclose(found["before"], found["after"])


def test_a_legacy_training_is_judged_by_the_right_jacobian():
    found = experiments.random_point(**TINY, legacy=True)
    assert found["after"].tolist() == right(found["weights"], np.ones(8), np.zeros(8)).tolist()
    assert found["claimed"][0] > found["after"][0] + 0.1


def test_history_has_one_entry_for_each_epoch_and_norms_of_what_is_trained():
    found = experiments.random_point(**TINY, parameters=("gains",))
    assert found["loss"].shape == found["lambda_max"].shape == found["norm_gains"].shape == (4,)
    assert "norm_weights" not in found and not found["shift"].any()


@pytest.mark.parametrize("kind", [None, "cell_fibers", "neurotransmitter"])
def test_a_connectome_moves_by_type_and_stays_below_its_bound(kind):
    found = experiments.connectome_point(**TINY | dict(n=12), subpopulation=kind)
    roi = make_synthetic_roi(12, seed=3)
    types = np.arange(12) if kind is None else roi.types(kind)
    assert found["n_types"] == len(set(types.tolist()))
    for name in ("gain", "shift"):
        assert found[name].shape == (12,)
        assert all(np.ptp(found[name][types == t]) == 0 for t in set(types.tolist()))
    assert found["bound_before"] == pytest.approx(-0.51293294)
    trained = Rnn(roi.weights(), "tanh_pos", found["gain"], found["shift"])
    assert found["bound_after"] == pytest.approx(exponent_bound(trained), abs=1e-12)
    assert found["before"][0] < found["bound_before"] and found["after"][0] < found["bound_after"]


def test_agreement_compares_the_asked_entries():
    rnn = Rnn(random_weights(6, 1.0, seed=1), "tanh_pos", np.full(6, 1.2), np.full(6, 0.1))
    plan = dict(k=2, t_sim=5.0, transient=1.0, frame_transient=1.0)
    exact, differences = experiments.agreement(rnn, entries={"weights": [1, 8], "shifts": [0]}, **plan)
    whole = gradient(rnn, parameters=("weights", "shifts"), seed=0, **plan).by_group
    assert exact["weights"].tolist() == whole["weights"].flat[[1, 8]].tolist()
    assert all(np.allclose(exact[g], differences[g], rtol=1e-5) for g in exact)


def test_horizon_norm_is_that_of_the_first_exponent():
    found = experiments.horizon_point(n=6, g=1.0, seed=2, t_sim=5.0)
    rnn, plan = Rnn(random_weights(6, 1.0, seed=2), "tanh"), dict(k=1, loss="sum", t_sim=5.0, seed=2, transient=50.0)
    assert found["norm"] == gradient(rnn, **plan).norms["weights"]
    frozen = experiments.horizon_point(n=6, g=3.0, seed=2, t_sim=5.0, grad="frozen")["norm"]
    assert frozen != experiments.horizon_point(n=6, g=3.0, seed=2, t_sim=5.0)["norm"]


def test_flossing_comes_before_the_task_and_changes_the_exponents():
    task = dict(n=12, g=0.5, seed=0, delay=2, n_epochs=10, k=2, n_steps=8, n_trials=4)
    plain, flossed = (experiments.task_point(flossed=f, **task) for f in (False, True))
    assert plain["loss"].shape == (10,) and plain["final"] == plain["loss"][-1]
    assert np.abs(flossed["exponents"][:2]).max() < 0.2 < np.abs(plain["exponents"][:2]).min()


def test_bad_input_is_one_line():
    with pytest.raises(ParameterError, match="k = 9"):
        experiments.random_point(**TINY | dict(k=9))
    with pytest.raises(ParameterError, match="subpopulation"):
        experiments.connectome_point(**TINY | dict(n=12), subpopulation="fibre")
