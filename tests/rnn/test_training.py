"""Training on the spectrum: the epochs, what stops them, what may change, bad input."""

from importlib.util import find_spec

import numpy as np
import pytest

from helpers.parameters import BackendError, ParameterError
from helpers.rnn.lyapunov import initial
from helpers.rnn.model import Rnn, random_weights
from tests.cells import cells
from tests.rnn.later import GROUPS, Later, network, relative

NEEDED = find_spec("jax"), find_spec("optax")
pytestmark = pytest.mark.skipif(None in NEEDED, reason="training needs jax and optax")
jax, training, gradients = Later("jax"), Later("helpers.rnn.training"), Later("helpers.rnn.gradients")
# two plans, of the weights and of all groups, serve all tests: they are compiled once
TIMES = dict(k=3, t_sim=10.0, t_ons=0.2, transient=2.0, frame_transient=2.0)
SMALL = dict(**TIMES, progress=False)


# --- epochs


def test_training_is_that_of_the_cell():
    """The steps of Adam, from the same state and frame; entry i of the history comes before update i."""
    plain = cells("FINAL_6", "model")
    rnn = Rnn(plain.random_network(8, 1.0, 4), "tanh_pos")
    with jax.enable_x64(True):
        run = (rnn.weights, *initial(rnn, 3, None, 4))
        taught, losses = plain.train(*run, n_epochs=6, lr=0.03, n_wait=20, n_steps=100)
    found = training.train(rnn, n_epochs=6, lr=0.03, seed=4, **SMALL | dict(transient=0.0))
    assert found.loss == pytest.approx(losses, rel=1e-6) and found.gradient_norms["weights"].shape == (6,)
    assert found.spectra.shape == (6, 3) and (np.diff(found.spectra, axis=1) <= 0).all()
    assert np.abs(found.rnn.weights - np.array(taught)).max() < 1e-7


def test_each_group_is_clipped_by_itself_and_its_norm_told_before():
    """With a clipped norm far below Adam's 1e-8 the step is lr g / 1e-8."""
    rnn, settings = network(), SMALL | dict(parameters=GROUPS)
    slopes = training.gradient(rnn, **TIMES, parameters=GROUPS).by_group
    found = training.train(rnn, n_epochs=1, lr=1e-3, clip=1e-12, **settings)
    for name, field in training.FIELDS.items():
        norm = np.linalg.norm(slopes[name])
        assert found.gradient_norms[name].tolist() == pytest.approx([norm])
        moved = getattr(found.rnn, field) - getattr(rnn, field)
        assert relative(moved, -1e-7 * slopes[name] / norm) < 1e-3


def test_a_fixed_number_of_parameters_is_trained_and_zeros_stay():
    weights = random_weights(8, 1.0, seed=0) * (np.random.default_rng(1).random((8, 8)) < 0.6)
    rnn = network().replace(weights=weights)
    masks = training.fixed_number(rnn, n_weights=np.count_nonzero(weights), n_gains=2, seed=3)
    assert list(masks) == ["weights", "gains"]
    found = training.train(rnn, n_epochs=3, masks=masks, parameters=GROUPS, **SMALL).rnn
    assert ((found.weights != rnn.weights) == (weights != 0)).all()
    assert ((found.gain != rnn.gain).sum(), (found.shift != rnn.shift).sum()) == (2, 8)
    drawn = [training.fixed_number(rnn, n_weights=5, seed=seed)["weights"] for seed in (3, 3, 4)]
    assert np.array_equal(drawn[0], drawn[1]) and not np.array_equal(drawn[0], drawn[2]) and drawn[0].sum() == 5


def test_dale_clips_at_zero_where_free_weights_change_sign_and_what_is_not_trained_stays():
    rnn = Rnn(random_weights(8, 1.0, seed=2, excitatory=0.5), "tanh_pos")
    free, clipped = (training.train(rnn, n_epochs=1, lr=0.3, dale=dale, **SMALL).rnn for dale in ("free", "clip"))
    changed = free.weights * rnn.weights < 0
    assert changed.any()
    np.testing.assert_array_equal(clipped.weights, np.where(changed, 0, free.weights))
    assert np.all(free.gain == 1) and np.all(free.shift == 0) and not free.weights.diagonal().any()


def test_early_stopping_returns_the_network_of_the_last_entry():
    found = training.train(network(), n_epochs=200, lr=0.05, early_stopping=0.02, **SMALL)
    assert found.stopped_early and found.loss.size < 200
    assert found.loss[-1] <= 0.02 < found.loss[-2]
    assert training.gradient(found.rnn, **TIMES).loss == pytest.approx(found.loss[-1], rel=1e-9)


def test_the_bar_shows_loss_and_largest_exponent(monkeypatch, capsys):
    monkeypatch.delenv("CI", raising=False)
    training.train(network(), n_epochs=2, **{**SMALL, "progress": True})
    assert "loss=" in (shown := capsys.readouterr().err) and "lambda_max=" in shown
    monkeypatch.setenv("CI", "1")
    training.train(network(), n_epochs=2, **{**SMALL, "progress": True})
    assert capsys.readouterr().err == ""


# --- what is not finite


@pytest.mark.parametrize(("bad", "epoch"), [("loss", 0), ("exponents", 2), ("slope", 2)])
def test_what_leaves_the_numbers_stops_the_training_with_the_last_good_network(monkeypatch, bad, epoch):
    """The result in the error is that of the entries before, and of the network they end with."""
    whole = training.train(network(), n_epochs=2, **SMALL)
    last = training.train(network(), n_epochs=1, **SMALL).rnn if epoch else network()
    real, calls = training.value_and_grad, []

    def poisoned(free, fixed, plan):
        calls.append(0)
        (loss, exponents), slopes = real(free, fixed, plan=plan)
        found = dict(loss=loss, exponents=exponents, slope=slopes["weights"])
        if len(calls) == epoch + 1:
            found[bad] = found[bad] + (-np.inf if bad == "exponents" else np.nan)
        return (found["loss"], found["exponents"]), {"weights": found["slope"]}

    monkeypatch.setattr("helpers.rnn.training.value_and_grad", poisoned)
    with pytest.raises(BackendError, match=f"not finite at epoch {epoch}; take a smaller lr") as failed:
        training.train(network(), n_epochs=5, **SMALL)
    found = failed.value.result
    assert found.loss.tolist() == whole.loss[:epoch].tolist() and found.spectra.shape == (epoch, 3)
    assert not found.stopped_early and (found.rnn.weights == last.weights).all()


def test_epochs_share_their_program_with_the_gradient():
    training.train(network(), n_epochs=1, **SMALL)
    before = gradients.value_and_grad._cache_size(), training._update._cache_size()
    training.gradient(network(), **TIMES)
    changed = dict(lr=0.2, seed=5, clip=1.0, early_stopping=-1.0, t_sim=20.0)
    training.train(network(seed=1), n_epochs=2, **SMALL | changed)
    assert (gradients.value_and_grad._cache_size(), training._update._cache_size()) == before


# --- bad input


BAD = [
    (dict(k=9), "k = 9 is out of range; allowed: an integer from 1 to 8"),
    (dict(t_ons=20.0), "t_ons = 20"),
    (dict(parameters=()), "nothing is trained"),
    (dict(masks={"weights": np.zeros((8, 8))}), "nothing is trained"),
    (dict(masks={"gains": np.ones(8)}), "masks = 'gains' is unknown"),
    (dict(rnn=network(kind="tanh"), parameters=("gains",)), "neither gains nor shifts"),
]


@pytest.mark.parametrize(("change", "message"), BAD)
def test_bad_settings_are_refused_in_one_line(change, message):
    with pytest.raises(ParameterError, match=rf"^[^\n]*{message}[^\n]*$"):
        training.train(**{**SMALL, "rnn": network(), "n_epochs": 1} | change)
