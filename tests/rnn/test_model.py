"""The network: weights, activations, the Euler map and its tangent, and what is refused. Reference: the cells."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import sparse

from helpers.parameters import BackendError, ParameterError
from helpers.rnn.model import ACTIVATIONS, Rnn, activation_name, random_weights, response
from tests.cells import cells

NAMES = tuple(ACTIVATIONS)
NUMBERS = st.floats(-3, 3, width=32)
MODEL = cells("FINAL_5", "model")


def rule(name, gain, shift):
    """The activations in other words: the logistic function, and slopes by cosh."""

    def phi(h):
        x = h if name == "tanh" else gain * (h - shift)
        slope = (1 if name == "tanh" else gain) / np.cosh(x) ** 2
        return (1 / (1 + np.exp(-2 * x)), slope / 2) if name == "tanh_pos" else (np.tanh(x), slope)

    return phi


def network(name, n=12, seed=0, **options):
    rng = np.random.default_rng(seed)
    gain, shift = rng.normal(1, 0.5, n), rng.normal(0, 1, n)
    return Rnn(random_weights(n, 2.0, seed=rng), name, gain, shift, **options)


# --- weights


@given(n=st.integers(1, 40), g=st.floats(0, 20), seed=st.integers(0, 2**32))
def test_weights_are_those_of_the_cell(n, g, seed):
    np.testing.assert_array_equal(random_weights(n, g, seed=seed), MODEL.random_network(n, g, seed))


def test_weights_have_the_stated_variance_and_no_diagonal():
    for symmetric, variance in ((False, 4 / 400), (True, 2 / 400)):
        j = random_weights(400, 2.0, seed=1, symmetric=symmetric)
        assert not j.diagonal().any()
        assert j[~np.eye(400, dtype=bool)].var() == pytest.approx(variance, rel=0.03)
        assert np.array_equal(j, j.T) == symmetric
    assert np.abs(np.linalg.eigvals(random_weights(400, 1.5, seed=2))).max() == pytest.approx(1.5, rel=0.08)


def test_dale_gives_every_column_one_sign_and_keeps_the_magnitudes():
    dale, free = random_weights(50, 1.0, seed=3, excitatory=0.8), random_weights(50, 1.0, seed=3)
    assert (dale[:, :40] >= 0).all() and (dale[:, 40:] <= 0).all()
    np.testing.assert_array_equal(np.abs(dale), np.abs(free))


def test_a_generator_serves_as_seed():
    np.testing.assert_array_equal(random_weights(9, 1.0, seed=5), random_weights(9, 1.0, seed=np.random.default_rng(5)))
    assert (random_weights(9, 1.0, seed=5) != random_weights(9, 1.0, seed=6)).any()


# --- activations


def test_every_spelling_leads_to_its_name():
    for name, words in ACTIVATIONS.items():
        assert {activation_name(w) for w in (*words, *map(str.upper, words))} == {name}
    assert {"std", "strech", "tanh_strech", "tanh_streched", "tanh_stretched", "pos", "tanh_positive"} <= {
        word for words in ACTIVATIONS.values() for word in words
    }


@pytest.mark.parametrize("name", NAMES)
@given(h=arrays(float, 5, elements=NUMBERS), gain=st.floats(0.1, 5), shift=NUMBERS)
def test_response_is_phi_and_its_derivative(name, h, gain, shift):
    phi, slope = response(name, h, gain, shift)
    expected = rule(name, gain, shift)(h)
    np.testing.assert_allclose(phi, expected[0], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(slope, expected[1], rtol=1e-9, atol=1e-12)
    legacy = response(name, h, gain, shift, legacy=True)
    np.testing.assert_allclose(legacy[1], gain / np.cosh(h) ** 2, rtol=1e-9)
    np.testing.assert_array_equal(legacy[0], phi)


def test_the_rules_of_the_notebook_have_the_slopes_that_they_claim():
    h, eps = np.linspace(-3, 3, 31) + 0.01, 1e-6
    for name in ("tanh", "positive", "softsign", "wrong_slope"):
        phi = getattr(MODEL, name)
        difference = (phi(h + eps)[0] - phi(h - eps)[0]) / (2 * eps)
        np.testing.assert_allclose(phi(h)[1], difference * (2 if name == "wrong_slope" else 1), atol=1e-8)


def test_the_wrong_slope_of_the_notebook_is_the_legacy_of_the_engine():
    j, h, q = random_weights(9, 3.0, seed=0), np.linspace(-2, 2, 9), np.eye(9)
    for one, two in zip(Rnn(j, "pos", legacy=True).step(h, q), Rnn(j, MODEL.wrong_slope).step(h, q), strict=True):
        np.testing.assert_allclose(one, two, atol=1e-14)


# --- the map


@pytest.mark.parametrize("name", NAMES)
@given(h=arrays(float, 12, elements=NUMBERS), q=arrays(float, (12, 3), elements=NUMBERS), dt=st.floats(0.01, 1))
def test_step_is_that_of_the_cell(name, h, q, dt):
    net = network(name, dt=dt)
    before = h.copy(), q.copy()
    expected = MODEL.step(h, q, net.weights, phi=rule(name, net.gain, net.shift), dt=dt)
    for found, wanted in zip(net.step(h, q), expected, strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-11)
    np.testing.assert_array_equal(h, before[0])
    np.testing.assert_array_equal(q, before[1])


@given(x=arrays(float, 12, elements=NUMBERS), n_steps=st.integers(0, 7), k=st.integers(0, 4))
def test_advance_with_an_input_is_so_many_steps_of_the_cell(x, n_steps, k):
    net, rng = network("tanh_pos"), np.random.default_rng(1)
    h, q = rng.normal(size=12), rng.normal(size=(12, k))
    state = np.asfortranarray(np.column_stack([h, q]))
    net.advance(state, n_steps, x)
    for _ in range(n_steps):
        h, q = MODEL.step(h, q, net.weights, x, rule("tanh_pos", net.gain, net.shift))
    np.testing.assert_allclose(state, np.column_stack([h, q]), atol=1e-12)


def test_a_function_is_a_rule_and_wide_networks_take_one_product():
    j, h = random_weights(300, 1.5, seed=2), np.linspace(-2, 2, 300)
    word, function = Rnn(j, "pos").step(h, np.eye(300)), Rnn(j, MODEL.positive).step(h, np.eye(300))
    for one, two in zip(word, function, strict=True):
        np.testing.assert_allclose(one, two, atol=1e-13)
    with pytest.raises(BackendError, match="words"):
        response(MODEL.positive, h, xp="jax.numpy")


def test_types_share_gain_and_shift(rng):
    j, types = random_weights(6, 1.0, seed=0), [0, 2, 1, 1, 0, 2]
    shared = Rnn(j, "tanh_pos", [1.0, 2.0, 3.0], [0.0, 0.1, 0.2], types=types)
    spelled = Rnn(j, "tanh_pos", [1.0, 3.0, 2.0, 2.0, 1.0, 3.0], [0.0, 0.2, 0.1, 0.1, 0.0, 0.2])
    h, q = rng.normal(size=6), np.eye(6)
    for one, two in zip(shared.step(h, q), spelled.step(h, q), strict=True):
        np.testing.assert_array_equal(one, two)


def test_single_precision_weights_stay_so():
    net = Rnn(random_weights(8, 1.0, seed=0).astype(np.float32), "pos", np.ones(8), 0.5)
    h, q = net.step(np.ones(8), np.eye(8))
    assert h.dtype == q.dtype == np.float32


BAD = {
    "not square": dict(weights=np.zeros((3, 4))),
    "not a matrix": dict(weights=np.zeros(3)),
    "nan": dict(weights=np.full((3, 3), np.nan)),
    "text": dict(weights=[["a"]]),
    "activation": dict(activation="relu"),
    "activation type": dict(activation=3),
    "rule of one array": dict(activation=np.tanh),
    "rule of another shape": dict(activation=lambda h: (h[:2], h[:2])),
    "rule that fails": dict(activation=lambda: 0),
    "rule that is not finite": dict(activation=lambda h: (h, h * np.nan)),
    "rule and gain": dict(activation=MODEL.tanh, gain=2.0),
    "rule and legacy": dict(activation=MODEL.tanh, legacy=True),
    "gain length": dict(gain=[1.0, 2.0]),
    "gain nan": dict(gain=np.nan),
    "shift inf": dict(shift=[np.inf, 0, 0]),
    "dt zero": dict(dt=0),
    "dt above 1": dict(dt=1.5),
    "types length": dict(types=[0, 1]),
    "types fraction": dict(types=[0, 0.5, 1]),
    "types negative": dict(types=[0, -1, 1]),
    "gain per type": dict(types=[0, 1, 1], gain=[1.0, 2.0, 3.0]),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_networks_are_refused_in_one_line(case):
    with pytest.raises(ParameterError) as error:
        Rnn(**{"weights": np.zeros((3, 3)), **BAD[case]})
    assert "\n" not in str(error.value)


def test_bad_weights_are_refused():
    for bad in (
        dict(n=0),
        dict(n=2.5),
        dict(n=2**31),
        dict(g=-1),
        dict(g=np.nan),
        dict(seed=None),
        dict(excitatory=1.2),
    ):
        with pytest.raises(ParameterError):
            random_weights(**{"n": 5, "g": 1.0, "seed": 0, **bad})
    with pytest.raises(ParameterError, match="excitatory"):
        random_weights(5, 1.0, seed=0, excitatory=1.2)
    with pytest.raises(ParameterError, match="exclude each other"):
        random_weights(5, 1.0, seed=0, symmetric=True, excitatory=0.5)


# --- an external input


@pytest.mark.parametrize("name", NAMES)
def test_an_input_moves_the_state_and_is_in_the_exponents_through_it_alone(name):
    x = np.random.default_rng(3).normal(size=12)
    net = network(name)
    driven = net.replace(x=x)
    h, q = np.ones(12), np.eye(12)
    (free, d), (moved, tangent) = net.step(h, q), driven.step(h, q)
    np.testing.assert_allclose(moved - free, net.dt * x, atol=1e-15)
    np.testing.assert_array_equal(d, tangent)
    np.testing.assert_allclose(driven.replace(weights=sparse.csr_array(net.weights)).step(h, q)[0], moved, atol=1e-15)
    state = np.asfortranarray(np.column_stack([h, q]))
    driven.advance(state, 1, x=2 * x)  # a given input takes its place
    np.testing.assert_allclose(state[:, 0] - free, 2 * net.dt * x, atol=1e-15)
    eps = 1e-6
    slopes = [(driven.step(h + eps * e, q)[0] - driven.step(h - eps * e, q)[0]) / (2 * eps) for e in np.eye(12)]
    np.testing.assert_allclose(np.transpose(slopes), tangent, atol=1e-8)


def test_a_bad_input_is_refused():
    for x in (np.ones(3), np.full(2, np.nan), "loud"):
        with pytest.raises(ParameterError, match=r"^x "):
            Rnn([[0.0, 1.0], [1.0, 0.0]], x=x)
