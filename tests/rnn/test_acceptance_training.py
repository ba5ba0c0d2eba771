"""The numbers of acceptance.toml for the training on the spectrum: the study cells of FINAL_6, through its store."""

import functools

import numpy as np
import pytest

pytest.importorskip("jax")
pytest.importorskip("optax")

from helpers import rnn, runs
from helpers.rnn import training
from helpers.rnn.connectome import make_synthetic_roi
from helpers.rnn.lyapunov import lyapunov_spectrum
from helpers.rnn.model import Rnn, random_weights
from tests.cells import cells

NOTEBOOK = cells("FINAL_6", "model", "study")
SEEDS = [0, 1, 2]
SHOWN = dict(seed=runs.seeds(6, 5), n=60, k=6, t_sim=60.0)  # the trainings that the notebook shows
FACTORS = np.array([0.8, 0.9, 1.05, 1.1, 1.2, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0])


def swept(point, **grid):
    return runs.over(point, store=runs.store("rnn_training"), n_jobs=1, progress=False, **grid)


@functools.cache
def trained(legacy=False):
    """Return ten exponents of networks of 100, trained to 0; with the source's derivative 60 epochs are enough."""
    n_epochs = runs.choose(60, 150) if legacy else 150
    settings = {"legacy": True} if legacy else {}
    return swept(NOTEBOOK.random_point, seed=SEEDS[:2], n=100, k=10, n_epochs=n_epochs, **settings)


# --- the gradient


@pytest.mark.parametrize(("kind", "k"), [("tanh", 3), ("tanh_streched", 3), ("tanh_pos", 10)])
def test_numpy_and_jax_give_the_same_exponents(record, kind, k):
    """Networks of 40 neurons with unequal gains, over 200 time constants: gains are drawn, the shift is 0.1."""
    errors, options = [], dict(k=k, t_sim=200.0, t_ons=1.0, transient=20.0, frame_transient=20.0)
    for i, g in enumerate((0.8, 1.2, 1.5)):
        gains = np.random.default_rng(i).normal(1, 0.2, 40)
        net = Rnn(random_weights(40, g, seed=i), kind, gains, 0.1)
        found = training.gradient(net, seed=i, **options).exponents
        wanted = lyapunov_spectrum(net, seed=i, **options).exponents
        errors.append(np.abs(np.sort(found)[::-1] - wanted).max())
    record("rnn.jax", errors)


@pytest.mark.parametrize("kind", ["tanh", "tanh_streched", "tanh_pos"])
def test_gradient_against_central_differences(record, kind):
    """The differences, of fourth order, are those of the numpy path."""
    rng, n = np.random.default_rng(5), 20
    gains, shifts = rng.uniform(0.5, 1.5, n), rng.normal(0, 0.3, n)
    net, options = Rnn(random_weights(n, 1.0, seed=5), kind, gains, shifts), dict(k=4, t_sim=20.0, transient=2.0)
    options |= dict(frame_transient=2.0, seed=3)
    groups = {"weights": "weights", "gains": "gain", "shifts": "shift"} if kind != "tanh" else {"weights": "weights"}
    gradient = training.gradient(net, parameters=tuple(groups), **options).by_group
    errors = []
    for group, name in groups.items():
        start, slopes = np.array(getattr(net, name), order="C"), []
        places = rng.choice(np.flatnonzero(start), 12, replace=False)
        for place in places:
            losses = {}
            for step in (-2, -1, 1, 2):
                moved = start.copy()
                moved.flat[place] += 1e-4 * step
                losses[step] = (lyapunov_spectrum(net.replace(**{name: moved}), **options).exponents ** 2).mean()
            slopes.append((losses[-2] - 8 * losses[-1] + 8 * losses[1] - losses[2]) / 12e-4)
        errors.append(np.abs(gradient[group].flat[places] - slopes).max() / np.abs(slopes).max())
    record("rnn_training.gradient", errors)


def test_the_gradient_grows_like_the_tangent_in_chaos_and_only_there(record):
    """Over T = 200, of six networks; the spread of single norms is told in the row."""
    times = dict(t_sim=200.0, n=100)
    chaotic = swept(NOTEBOOK.horizon, seed=list(range(6)), g=4.0, **times)
    size, growth = np.log10(chaotic["norm"]), 200 * chaotic["lambda_1"] / np.log(10)
    record("rnn_training.explosion", np.median(size))
    record("rnn_training.explosion", size - growth, "minus_growth")
    at_rest = swept(NOTEBOOK.horizon, seed=SEEDS, g=1.0, **times)["norm"]
    record("rnn_training.explosion", np.log10(at_rest), "at_rest")
    frozen = swept(NOTEBOOK.horizon, seed=SEEDS, g=4.0, grad="frozen", **times)["norm"]
    record("rnn_training.explosion", np.log10(frozen), "frozen")


# --- trained networks


@pytest.mark.slow
def test_ten_exponents_trained_to_zero_are_zero(record):
    record("rnn_training.weights", trained()["error"], "mean")
    record("rnn_training.weights", np.abs(trained()["after"][:, :10]).max(), "each")


def test_the_error_of_a_training_does_not_let_exponents_of_both_signs_cancel():
    chaotic = Rnn(random_weights(60, 8.0, seed=1))
    found = NOTEBOOK.trained(chaotic, 1, 30, n_epochs=1, t_sim=10.0, frame_transient=0.0)
    after = lyapunov_spectrum(chaotic.replace(weights=found["weights"]), k=60, t_sim=300.0, seed=1001).exponents
    assert found["after"].tolist() == after.tolist() and after[0] > 0.1 and after[29] < -0.1
    assert found["error"] == pytest.approx(sum(abs(x) for x in after[:30]) / 30)


@pytest.mark.slow
def test_the_legacy_jacobian_claims_zero_far_from_chaos(record):
    """In the quick profile 60 epochs, where the claimed exponents are 0 to .01."""
    found = trained(legacy=True)
    assert np.abs(found["claimed"]).max() < 0.01
    record("rnn_training.legacy", found["after"][:, :10])


def test_gains_and_shifts_do_it_too(record):
    settings = dict(parameters=("gains", "shifts"), lr=0.03, n_epochs=120)
    found = swept(NOTEBOOK.random_point, **SHOWN, **settings)
    for seed, weights in zip(SHOWN["seed"], found["weights"], strict=True):
        assert (weights == NOTEBOOK.random_network(60, 1.0, seed)).all()
    record("rnn_training.gains", found["error"])


def test_trained_networks_stand_at_the_edge_of_an_oscillation(record):
    """Their couplings times a factor: rest below 1; above, |lambda_1| while they move, and the largest at all."""
    nets = swept(NOTEBOOK.random_point, lr=0.01, n_epochs=80, **SHOWN)["weights"]
    found = NOTEBOOK.motion((FACTORS[:, None, None] * nets[:, None]).reshape(-1, 60, 60))
    amplitude = np.reshape([NOTEBOOK.rhythm(h)[0] for h in found["h"].swapaxes(0, 1)], (len(nets), -1))
    lambda_1, moving = found["lambda_1"].reshape(amplitude.shape), amplitude > 0.01
    assert not moving[:, FACTORS < 1].any() and moving[:, (FACTORS > 1.04) & (FACTORS < 1.3)].all()
    record("rnn_training.edge", np.abs(lambda_1[moving]).max())
    record("rnn_training.edge", lambda_1.max(), "largest")
    record("rnn_training.edge", amplitude[:, FACTORS == 1.1], "amplitude")


def test_motion_of_many_networks_is_that_of_each_by_the_engine():
    """A fixed point and a limit cycle: lambda_1 of the cells' own loop within its errors of the engine's."""
    nets = np.array([factor * NOTEBOOK.random_network(60, 1.0, 102) for factor in (1.0, 5.0)])
    found = NOTEBOOK.motion(nets, n_steps=6000)
    spectra = [lyapunov_spectrum(Rnn(net, "tanh_pos"), k=1, t_sim=600.0, transient=200.0) for net in nets]
    wanted = np.ravel([spectrum.exponents for spectrum in spectra])
    assert np.abs(found["lambda_1"] - wanted).max() < 0.01
    assert wanted[0] < -0.3 and abs(wanted[1]) < 0.01
    states = rnn.trajectory(Rnn(nets[1], "tanh_pos"), t_sim=400.0, transient=200.0)
    assert NOTEBOOK.rhythm(found["h"][:, 1])[0] == pytest.approx(states.std(axis=0).mean(), rel=0.05)


def test_rhythm_of_a_wave_and_of_rest():
    t = np.arange(300.0)
    wave = np.stack([3 * np.sin(2 * np.pi * t / 7.5), np.full(300, 2.0)], axis=1)
    amplitude, period = NOTEBOOK.rhythm(wave)
    assert period == pytest.approx(7.5, rel=0.02) and amplitude == pytest.approx(3 / np.sqrt(2) / 2, rel=0.01)
    amplitude, period = NOTEBOOK.rhythm(np.zeros((300, 2)))
    assert amplitude == 0 and np.isnan(period)


# --- connectome


def test_raw_connectome_spectrum(record):
    nets = [make_synthetic_roi(40, seed=seed).rnn("tanh_pos") for seed in SEEDS]
    found = np.array([lyapunov_spectrum(net, k=40, t_sim=400, seed=0).exponents for net in nets])
    for part, values in {"first": found[:, 0], "last": found[:, -1], "mean": found.mean(axis=1)}.items():
        record("rnn_training.connectome", values, part)


@pytest.mark.parametrize("kind", [None, "cell_fibers"])
def test_a_trained_connectome_moves_by_type_and_stays_below_its_bound(kind):
    found = NOTEBOOK.region(3, kind, n=12, k=2, t_sim=10.0, n_epochs=4)
    roi = make_synthetic_roi(12, seed=3)
    types = np.arange(12) if kind is None else roi.types(kind)
    assert found["n_types"] == len(set(types.tolist()))
    for name in ("gain", "shift"):
        assert found[name].shape == (12,) and np.ptp(found[name]) > 0
        assert all(np.ptp(found[name][types == t]) == 0 for t in set(types.tolist()))
    assert found["bound_before"] == pytest.approx(-0.51293294)
    largest = (np.abs(roi.weights().toarray()) @ (np.abs(found["gain"]) / 2)).max()
    assert found["bound_after"] <= np.log(0.9 + 0.1 * largest) / 0.1 + 1e-9
    assert found["before"][0] < found["bound_before"] and found["after"][0] < found["bound_after"]


def test_one_gain_for_all_is_the_raw_connectome_at_1_and_near_0_at_5(record):
    """The control of the trained gains: what one number does, set by hand."""
    raw = make_synthetic_roi(60, seed=4).rnn("tanh_pos")
    wanted = lyapunov_spectrum(raw, k=6, t_sim=300.0, seed=1004).exponents
    assert NOTEBOOK.one_gain(4, 1.0)["after"].tolist() == wanted.tolist()
    found = swept(NOTEBOOK.one_gain, seed=SHOWN["seed"], gain=5.0, n=60, k=6)
    np.testing.assert_allclose(found["error"], np.abs(found["after"]).mean(axis=1))
    assert (found["after"].min(axis=1) < 0).all() and (found["after"].max(axis=1) > 0).any()
    record("rnn_training.one_gain", found["error"], repeats=True)
