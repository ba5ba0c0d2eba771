"""Training on the spectrum: the gradient against slow versions, the epochs, the state on disk, bad input."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("jax")
pytest.importorskip("optax")

import jax

from helpers.parameters import BackendError, OutputError, ParameterError
from helpers.rnn import gradients, training
from helpers.rnn.losses import loss_value, target_vector
from helpers.rnn.lyapunov import initial, lyapunov_spectrum
from helpers.rnn.model import Rnn, random_weights
from helpers.rnn.training import delayed_copy, fixed_number, floss, gradient, train, train_task
from tests.rnn import slow_training as slow

ROOT = Path(__file__).resolve().parents[2]
GROUPS = ("weights", "gains", "shifts")
# one plan for most tests: it is compiled once
SMALL = dict(k=3, t_sim=10.0, transient=2.0, frame_transient=2.0, progress=False)
STEPS = dict(dt=0.1, n_transient=20, n_ons=2, n_frame=10, n_average=50)


def network(n=8, g=1.0, seed=0, kind="tanh_pos", **options):
    rng = np.random.default_rng(seed + 100)
    shape = dict(gain=rng.uniform(0.5, 2, n), shift=rng.normal(0, 0.3, n))
    return Rnn(random_weights(n, g, seed=seed), kind, **{**(shape if kind != "tanh" else {}), **options})


def only(**settings):
    return {**{name: value for name, value in SMALL.items() if name != "progress"}, **settings}


def as_parts(rnn):
    ones = np.ones(rnn.n)
    return dict(weights=np.array(rnn.weights, order="C"), gains=rnn.gains * ones, shifts=rnn.shifts * ones)


def layout(rnn, k=3, seed=0, **changes):
    h0, q0 = initial(rnn, k, None, seed)
    return dict(kind=rnn.activation, h0=h0, q0=q0) | STEPS | changes


def relative(found, wanted):
    return np.abs(found - wanted).max() / np.abs(wanted).max()


# --- exponents and gradient


@pytest.mark.parametrize("g", [0.8, 3.0])
def test_exponents_are_those_of_the_numpy_path(g):
    rnn = network(g=g)
    found = gradient(rnn, **only(k=8), parameters=GROUPS).exponents
    wanted = lyapunov_spectrum(rnn, k=8, t_sim=10, t_ons=0.2, transient=2, frame_transient=2).exponents
    assert np.abs(np.sort(found)[::-1] - wanted).max() < 1e-11


def test_cotangents_of_the_qr_for_any_function_of_q_and_r(rng):
    """Exponents never use the part of S above the diagonal: q_i may gain earlier q_j without changing them."""
    a, b, c = rng.normal(size=(7, 4)), rng.normal(size=(7, 4)), rng.normal(size=4)

    def value(p):
        q, r = np.linalg.qr(p["a"])
        signs = np.sign(r.diagonal())
        return (b * q * signs).sum() + (c * np.log(np.abs(r.diagonal()))).sum()

    wanted = slow.central_differences(value, dict(a=a), dict(a=range(28)), step=1e-4)["a"]
    with gradients.double():
        found = jax.vjp(gradients._qr, jax.numpy.asarray(a))[1]((jax.numpy.asarray(b), jax.numpy.asarray(c)))[0]
    assert relative(np.ravel(found), wanted) < 1e-9


@pytest.mark.parametrize("loss", ["MSE_Custom", "l2", "entropy"])
def test_gradient_of_each_loss_against_the_adjoint_by_hand(loss):
    rnn = network(g=1.5)
    target = target_vector(loss, 0.0, 3)

    def slope(x):
        moved = [[loss_value(loss, x + s * 1e-6 * e, target) for s in (1, -1)] for e in np.eye(3)]
        return np.array([(a - b) / 2e-6 for a, b in moved])

    found = gradient(rnn, **only(loss=loss), parameters=GROUPS).by_group
    wanted = slow.adjoint(as_parts(rnn), slope, **layout(rnn))
    np.fill_diagonal(wanted["weights"], 0)  # a neuron has no synapse on itself
    assert {name: relative(found[name], wanted[name]) < 1e-7 for name in GROUPS} == dict.fromkeys(GROUPS, True)


@pytest.mark.parametrize("kind", ["tanh", "tanh_streched"])
def test_windows_cut_the_dependence_through_the_trajectory(kind):
    rnn = network(g=1.5, kind=kind)
    groups = GROUPS if kind != "tanh" else GROUPS[:1]
    by_hand = lambda **o: slow.adjoint(as_parts(rnn), lambda x: 2 * x / 3, **layout(rnn), **o)  # noqa: E731
    options = dict(parameters=groups, grad="window")
    for window in (5, 20):
        found, wanted = gradient(rnn, **only(window=0.2 * window), **options).by_group, by_hand(window=window)
        np.fill_diagonal(wanted["weights"], 0)
        assert max(relative(found[name], wanted[name]) for name in groups) < 1e-9
    assert relative(found["weights"], by_hand()["weights"]) > 1e-3


def test_frozen_is_the_slope_along_a_given_trajectory():
    rnn, at = network(g=1.5), layout(network(g=1.5))
    parts, entries = as_parts(rnn), dict(weights=[1, 20, 50], gains=[0, 5], shifts=[2, 7])
    given = slow.states(slow.run(parts, **at)[1])
    wanted = slow.central_differences(lambda p: (slow.run(p, **at, trajectory=given)[0] ** 2).mean(), parts, entries)
    found = gradient(rnn, **only(grad="frozen"), parameters=GROUPS).by_group
    for name, places in entries.items():
        assert relative(found[name].ravel()[places], wanted[name]) < 1e-7


def test_legacy_trains_the_exponents_of_the_wrong_jacobian():
    rnn, at = network(legacy=True), layout(network())
    parts, entries = as_parts(rnn), dict(weights=[1, 20, 50])
    wanted = slow.central_differences(lambda p: (slow.run(p, **at, legacy=True)[0] ** 2).mean(), parts, entries)
    found = gradient(rnn, **only()).by_group["weights"].ravel()[entries["weights"]]
    assert relative(found, wanted["weights"]) < 1e-7


def test_householder_takes_over_where_the_frame_is_ill_conditioned():
    """At the unstable origin the diagonal of R spans more than 1e6 after two time constants."""
    rnn = network(g=6.0, kind="tanh")
    options = dict(k=8, t_ons=2.0, t_sim=4.0, transient=0.0, frame_transient=0.0, init="zero")
    at = layout(rnn, k=8, n_ons=20, n_transient=0, n_frame=0, n_average=2) | dict(h0=np.zeros(8))
    spread = np.ptp([np.log(entry[2].diagonal()) for entry in slow.run(as_parts(rnn), **at)[1] if entry[0] == "qr"])
    found, wanted = gradient(rnn, **options), slow.adjoint(as_parts(rnn), lambda x: 2 * x / 8, **at)
    np.fill_diagonal(wanted["weights"], 0)
    assert spread > np.log(1e6)
    assert relative(found.by_group["weights"], wanted["weights"]) < 1e-5


def test_the_gradient_explodes_in_chaos_only_through_the_trajectory():
    """Single networks of n = 100 differ by ten powers of ten, since lambda_1 runs from .04 to .22."""

    def norms(g, **options):
        nets = [Rnn(random_weights(100, g, seed=seed)) for seed in range(6)]
        return [gradient(net, k=1, loss="sum", frame_transient=0.0, **options).norms["weights"] for net in nets]

    assert max(norms(1.0)) < 10 and np.median(norms(4.0)) > 1e10
    assert max(norms(4.0, grad="frozen")) < 100


def test_shared_gains_have_the_summed_gradient():
    types, gain = np.array([0, 1, 1, 2, 0, 2, 1, 0]), np.array([0.7, 1.2, 1.9])
    shared = network(gain=gain, shift=np.zeros(3), types=types)
    single = network(gain=gain[types], shift=np.zeros(8))
    found = [gradient(rnn, **only(), parameters=GROUPS).by_group["gains"] for rnn in (shared, single)]
    assert np.allclose(found[0], np.bincount(types, found[1]), rtol=1e-12)


def test_single_precision_is_near_double():
    double, single = (gradient(network(), **only(dtype=dtype)) for dtype in ("float64", "float32"))
    assert relative(single.by_group["weights"], double.by_group["weights"]) < 1e-3
    assert 0 < np.abs(single.exponents - double.exponents).max() < 1e-5


# --- epochs


def test_history_is_whole_and_entry_i_comes_before_update_i():
    rnn = network()
    long, short = (train(rnn, n_epochs=n, **SMALL) for n in (6, 4))
    assert long.loss.shape == (6,) and long.spectra.shape == (6, 3) and long.gradient_norms["weights"].shape == (6,)
    assert gradient(rnn, **only()).loss == pytest.approx(long.loss[0], rel=1e-12)
    assert gradient(short.rnn, **only()).loss == pytest.approx(long.loss[4], rel=1e-12)
    assert (np.diff(long.spectra, axis=1) <= 0).all() and (short.loss == long.loss[:4]).all()


def test_the_first_step_of_adam():
    """It moves every number by lr against the sign of its slope, however steep."""
    rnn, slopes = network(), gradient(network(), **only()).by_group["weights"]
    moved = train(rnn, n_epochs=1, lr=1e-3, **SMALL).rnn.weights - rnn.weights
    assert np.allclose(moved, -1e-3 * slopes / (np.abs(slopes) + 1e-8), atol=1e-12)


def test_clipping_limits_the_step_to_the_direction():
    """With a clipped norm far below Adam's 1e-8 the step is lr g / 1e-8."""
    rnn, slopes = network(), gradient(network(), **only()).by_group["weights"]
    moved = train(rnn, n_epochs=1, lr=1e-3, clip=1e-12, **SMALL).rnn.weights - rnn.weights
    wanted = -1e-3 * slopes / np.linalg.norm(slopes) * 1e-4
    assert relative(moved, wanted) < 1e-3


def test_zeros_of_the_weights_stay_and_so_does_what_is_not_trained():
    weights = random_weights(8, 1.0, seed=0) * (np.random.default_rng(1).random((8, 8)) < 0.6)
    rnn = network().replace(weights=weights)
    found = train(rnn, n_epochs=3, lr=0.1, **SMALL).rnn
    assert ((found.weights == 0) == (weights == 0)).all()
    assert (found.gain == rnn.gain).all() and (found.shift == rnn.shift).all()


def test_fixed_number_of_trained_parameters():
    rnn = network()
    masks = fixed_number(rnn, n_weights=5, n_gains=2, n_shifts=8, seed=3)
    found = train(rnn, n_epochs=3, masks=masks, parameters=GROUPS, **SMALL).rnn
    moved = [found.weights != rnn.weights, found.gain != rnn.gain, found.shift != rnn.shift]
    assert [int(m.sum()) for m in moved] == [5, 2, 8] and not moved[0].diagonal().any()
    assert list(fixed_number(rnn, n_gains=1, seed=0)) == ["gains"]
    again = fixed_number(rnn, n_weights=5, n_gains=2, n_shifts=8, seed=3)
    assert all((masks[name] == again[name]).all() for name in masks)


def test_dale_clips_at_zero_where_free_weights_change_sign():
    rnn = Rnn(random_weights(8, 1.0, seed=2, excitatory=0.5), "tanh_pos")
    free, clipped = (train(rnn, n_epochs=8, lr=0.3, dale=dale, **SMALL).rnn for dale in ("free", "clip"))
    assert (free.weights * rnn.weights < 0).any()
    assert (clipped.weights * rnn.weights >= 0).all() and (clipped.weights != rnn.weights).any()


def test_early_stopping_returns_the_network_of_the_last_entry():
    found = train(network(), n_epochs=200, lr=0.05, early_stopping=0.02, **SMALL)
    assert found.stopped_early and found.loss.size < 200
    assert found.loss[-1] <= 0.02 < found.loss[-2]
    assert gradient(found.rnn, **only()).loss == pytest.approx(found.loss[-1], rel=1e-9)


def test_zero_is_a_fixed_point_of_tanh_and_random_states_leave_it():
    rnn = network(n=30, g=2.0, kind="tanh")
    linear = np.log(np.abs(np.linalg.eigvals(0.9 * np.eye(30) + 0.1 * rnn.weights))).max() / 0.1
    zero, off = (gradient(rnn, **only(init=init, t_sim=60.0)).exponents[0] for init in ("zero", "random"))
    assert abs(zero - linear) < 0.1 and off < zero - 0.3


def test_flossing_pulls_exponents_to_zero_on_short_windows():
    found = floss(network(kind="tanh", g=0.5), k=2, n_epochs=40, lr=0.02, t_sim=10.0, progress=False)
    assert (
        np.abs(found.spectra[0]).max() > 0.4 and np.abs(found.spectra[-1]).max() < 0.2 * np.abs(found.spectra[0]).max()
    )


# --- a task


def test_the_first_loss_of_a_task_is_that_of_a_plain_loop():
    rnn, (inputs, targets) = network(dt=0.5), delayed_copy(4, n_steps=6, delay=2, seed=1)
    found = train_task(rnn, inputs, targets, n_epochs=2, lr=0.01, seed=3)
    rng = np.random.default_rng(3)
    w_in, w_out = rng.standard_normal((8, 1)), rng.standard_normal((8, 1)).T / np.sqrt(8)
    errors = []
    for trial, wanted in zip(inputs, targets, strict=True):
        h = np.zeros(8)
        for u, y in zip(trial, wanted, strict=True):
            h = 0.5 * h + 0.5 * (rnn.weights @ slow.activation("tanh_pos", h, rnn.gain, rnn.shift)[0] + w_in @ u)
            errors.append(w_out @ slow.activation("tanh_pos", h, rnn.gain, rnn.shift)[0] - y)
    assert found.loss[0] == pytest.approx(np.nanmean(np.square(errors)), rel=1e-12)
    assert np.abs(found.w_in - w_in).max() < 0.03 and not found.rnn.weights.diagonal().any()


def test_a_task_goes_on_from_a_result():
    data = delayed_copy(16, n_steps=8, delay=1, seed=0)
    rnn = network(kind="tanh", dt=1.0)
    first = train_task(rnn, *data, n_epochs=30, lr=0.02)
    second = train_task(first.rnn, *data, n_epochs=1, start=first)
    assert first.loss[-1] < 0.5 * first.loss[0] and second.loss[0] < 1.1 * first.loss[-1]


@pytest.mark.parametrize(
    "bad", [(np.ones((2, 3)), np.ones((2, 3, 1))), (np.ones((2, 3, 1)), np.ones((2, 4, 1))), ("a", np.ones((2, 3, 1)))]
)
def test_bad_trials(bad):
    with pytest.raises(ParameterError, match=r"inputs|targets"):
        train_task(network(), *bad, n_epochs=1)
    with pytest.raises(ParameterError, match="delay = 5"):
        delayed_copy(2, n_steps=5, delay=5, seed=0)


# --- compilation, memory, precision


def test_an_epoch_is_compiled_once_whatever_changes_but_the_plan():
    train(network(), n_epochs=1, **SMALL)
    before = training._epoch._cache_size()
    train(network(seed=1), n_epochs=3, lr=0.2, target=1.0, seed=5, clip=1.0, **SMALL)
    train(network(seed=2, g=3.0), n_epochs=2, masks={"weights": np.tri(8)}, early_stopping=-1.0, **SMALL)
    assert training._epoch._cache_size() == before


def temporary_bytes(n, k, t_sim):
    params = gradients.TrainingParams(k=k, t_sim=t_sim)
    with gradients.double():
        plan, free, fixed = gradients.prepared(Rnn(random_weights(n, 1.0, seed=0)), params, None)
        return gradients._jitted.lower(free, fixed, plan=plan).compile().memory_analysis().temp_size_in_bytes


def test_memory_grows_by_one_state_for_each_qr_interval():
    """A tape of every step would hold at least four such arrays a step, eight an interval."""
    n, k = 40, 5
    growth = (temporary_bytes(n, k, 400.0) - temporary_bytes(n, k, 200.0)) / 1000
    assert growth <= 1.3 * 8 * n * (k + 1)


def test_double_precision_is_local():
    train(network(), n_epochs=1, **SMALL)
    assert not jax.config.jax_enable_x64 and jax.numpy.ones(3).dtype == "float32"


def test_the_bar_shows_loss_and_largest_exponent(monkeypatch, capsys):
    monkeypatch.delenv("CI", raising=False)
    train(network(), n_epochs=2, **{**SMALL, "progress": True})
    assert "loss=" in (shown := capsys.readouterr().err) and "lambda_max=" in shown
    monkeypatch.setenv("CI", "1")
    train(network(), n_epochs=2, **{**SMALL, "progress": True})
    assert capsys.readouterr().err == ""


# --- the state on disk

KILLED = """
import sys
from tests.rnn.test_training import network, train, SMALL
train(network(), n_epochs=100000, every=3, store=sys.argv[1], **SMALL)
"""


def same(a, b):
    return all((getattr(a, name) == getattr(b, name)).all() for name in ("loss", "spectra")) and (
        (a.rnn.weights == b.rnn.weights).all() and (a.gradient_norms["weights"] == b.gradient_norms["weights"]).all()
    )


def test_a_killed_training_goes_on_bit_for_bit(tmp_path):
    store = tmp_path / "run"
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(store)], cwd=ROOT, env=os.environ | {"CI": "1"})
    try:
        for _ in range(1200):
            if (store / "state.npz").exists() or process.poll() is not None:
                break
            time.sleep(0.1)
        time.sleep(0.2)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    with np.load(store / "state.npz") as file:
        done = file["loss"].size
    n_epochs = done + 7
    resumed = train(network(), n_epochs=n_epochs, every=3, store=store, **SMALL)
    assert done % 3 == 0 and done > 0 and same(resumed, train(network(), n_epochs=n_epochs, **SMALL))


def test_a_finished_training_is_read_and_can_be_made_longer(tmp_path, monkeypatch):
    whole = train(network(), n_epochs=9, **SMALL)
    train(network(), n_epochs=4, store=tmp_path, **SMALL)
    assert same(train(network(), n_epochs=9, store=tmp_path, **SMALL), whole)
    monkeypatch.setattr(training, "_epoch", None)
    assert same(train(network(), n_epochs=9, store=tmp_path, **SMALL), whole)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["settings.json", "state.npz"]


def test_an_early_stop_is_remembered(tmp_path, monkeypatch):
    options = dict(n_epochs=200, lr=0.05, early_stopping=0.02, store=tmp_path, **SMALL)
    first = train(network(), **options)
    monkeypatch.setattr(training, "_epoch", None)
    assert same(train(network(), **options), first)


@pytest.mark.parametrize("change", [dict(lr=0.5), dict(seed=1), dict(masks={"weights": np.tri(8)}), "network"])
def test_another_training_in_the_folder_is_refused(tmp_path, change):
    train(network(), n_epochs=2, store=tmp_path, **SMALL)
    before = (tmp_path / "state.npz").read_bytes()
    rnn, change = (network(seed=1), {}) if change == "network" else (network(), change)
    with pytest.raises(ParameterError, match=r"holds another training .* choose another"):
        train(rnn, n_epochs=2, store=tmp_path, **SMALL | change)
    assert (tmp_path / "state.npz").read_bytes() == before


def test_a_damaged_state_is_computed_again(tmp_path):
    first = train(network(), n_epochs=3, store=tmp_path, **SMALL)
    (tmp_path / "state.npz").write_bytes(b"half a file")
    assert same(train(network(), n_epochs=3, store=tmp_path, **SMALL), first)


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="choose a writable folder"):
        train(network(), n_epochs=1, store=tmp_path / "file" / "run", **SMALL)


@pytest.mark.parametrize(("what", "kept"), [("loss", 1), ("norm", 2)])
def test_what_leaves_the_numbers_stops_the_training_with_the_last_good_state(tmp_path, monkeypatch, what, kept):
    """A bad loss condemns the update before it; a bad slope of a good loss does not."""
    real, nan = training._epoch, {what: np.nan}

    def poisoned(state, fixed, plan):
        new, (loss, exponents, norms) = real(state, fixed, plan=plan)
        if loss == pytest.approx(whole.loss[2], rel=1e-12):
            loss, norms = nan.get("loss", loss), {name: nan.get("norm", norm) for name, norm in norms.items()}
        return new, (loss, exponents, norms)

    whole, wanted = train(network(), n_epochs=3, **SMALL), train(network(), n_epochs=kept, **SMALL)
    monkeypatch.setattr(training, "_epoch", poisoned)
    with pytest.raises(
        BackendError, match=f"not finite at epoch 2; the last good state, epoch {kept}, is in"
    ) as failed:
        train(network(), n_epochs=5, store=tmp_path, every=1, **SMALL)
    assert same(failed.value.result, wanted)
    monkeypatch.setattr(training, "_epoch", real)
    assert same(train(network(), n_epochs=kept, store=tmp_path, **SMALL), wanted)


def test_weights_beyond_the_numbers():
    with pytest.raises(BackendError, match="not finite at epoch") as failed:
        train(network(), n_epochs=9, lr=1e308, **SMALL)
    assert np.isfinite(failed.value.result.loss).all()


# --- bad input


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(k=9), "k = 9 is out of range; allowed: an integer from 1 to 8"),
        (dict(k=0), "k = 0"),
        (dict(n_epochs=0), "n_epochs = 0"),
        (dict(lr=0.0), "lr = 0"),
        (dict(t_ons=20.0), "t_ons = 20"),
        (dict(t_ons=0.01), "t_ons = 0.01"),
        (dict(t_sim=-1.0), "t_sim = -1"),
        (dict(parameters=()), "nothing is trained"),
        (dict(parameters=("biases",)), "weights, gains, shifts"),
        (dict(grad="half"), "full, frozen, window"),
        (dict(init="one"), "random, zero"),
        (dict(dale="maybe"), "free, clip"),
        (dict(dtype="float16"), "float64, float32"),
        (dict(loss="l3"), "l2, MSE"),
        (dict(target=[0.0, 1.0]), "target has 2 values"),
        (dict(early_stopping="now"), "early_stopping"),
        (dict(every=0), "every = 0"),
        (dict(masks={"weights": np.zeros((8, 8))}), "nothing is trained"),
        (dict(masks={"gains": np.ones(8)}), "masks = 'gains' is unknown"),
        (dict(masks={"weights": np.ones(8)}), "shape"),
        (dict(seed=-1), "seed = -1"),
        (dict(window=0.0), "window = 0"),
    ],
)
def test_bad_settings_are_refused_in_one_line(change, message):
    with pytest.raises(ParameterError, match=message) as failed:
        train(network(), **{**SMALL, "n_epochs": 1} | change)
    assert "\n" not in str(failed.value)


def test_plain_tanh_has_no_gains_and_maps_cannot_be_trained():
    with pytest.raises(ParameterError, match="neither gains nor shifts"):
        train(network(kind="tanh"), n_epochs=1, parameters=("gains",), **SMALL)
    with pytest.raises(ParameterError, match="only an Rnn"):
        train(np.eye(3), n_epochs=1, **SMALL)
    with pytest.raises(ParameterError, match="n_weights = 57"):
        fixed_number(network(), n_weights=57, seed=0)


@pytest.mark.parametrize("missing", ["jax", "optax"])
def test_without_the_extra_one_line_says_what_to_install(missing):
    code = f"import sys; sys.modules[{missing!r}] = None\nimport helpers.rnn.training"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert "BackendError" in done.stderr.splitlines()[-1] and "pip install" in done.stderr.splitlines()[-1]
