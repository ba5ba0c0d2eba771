"""The network: weights, activations, the Euler map and its tangent, and what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from helpers.parameters import ParameterError
from helpers.rnn.model import ACTIVATIONS, Rnn, activation_name, clip_dale, random_weights, response
from tests.rnn import slow_lyapunov as slow

NAMES = tuple(ACTIVATIONS)
NUMBERS = st.floats(-3, 3, width=32)


def network(activation, n=12, seed=0, **options):
    rng = np.random.default_rng(seed)
    gain, shift = rng.normal(1, 0.5, n), rng.normal(0, 1, n)
    return Rnn(random_weights(n, 2.0, seed=rng), activation, gain, shift, **options)


# --- weights


def test_weights_have_the_stated_variance_and_no_diagonal():
    for symmetric, variance in ((False, 4 / 400), (True, 2 / 400)):
        j = random_weights(400, 2.0, seed=1, symmetric=symmetric)
        assert not j.diagonal().any()
        assert j[~np.eye(400, dtype=bool)].var() == pytest.approx(variance, rel=0.03)
        assert np.array_equal(j, j.T) == symmetric


def test_eigenvalues_fill_the_disc_of_radius_g():
    assert np.abs(np.linalg.eigvals(random_weights(400, 1.5, seed=2))).max() == pytest.approx(1.5, rel=0.08)


def test_dale_gives_every_column_one_sign_and_keeps_the_magnitudes():
    dale, free = random_weights(50, 1.0, seed=3, excitatory=0.8), random_weights(50, 1.0, seed=3)
    assert (dale[:, :40] >= 0).all() and (dale[:, 40:] <= 0).all()
    np.testing.assert_array_equal(np.abs(dale), np.abs(free))


def test_clip_dale_moves_only_the_weights_that_left_their_sign():
    j = random_weights(20, 1.0, seed=4)
    signs = np.where(np.arange(20) < 10, 1, -1)
    kept = clip_dale(j, signs)
    assert (kept * signs >= 0).all()
    np.testing.assert_array_equal(kept[kept != 0], j[(j * signs) > 0])
    np.testing.assert_array_equal(clip_dale(j, np.sign(j)), j)
    np.testing.assert_array_equal(clip_dale(j, np.zeros(20)), j)


def test_same_seed_same_weights_and_a_generator_serves_too():
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
    np.testing.assert_allclose(phi, slow.phi(name, h, gain, shift), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(slope, slow.phi_prime(name, h, gain, shift), rtol=1e-9, atol=1e-12)


def test_legacy_is_the_sources_derivative_for_every_activation():
    h = np.linspace(-2, 2, 9)
    for name in NAMES:
        phi, slope = response(name, h, 1.7, 0.4, legacy=True)
        np.testing.assert_allclose(slope, 1.7 / np.cosh(h) ** 2)
        np.testing.assert_array_equal(phi, response(name, h, 1.7, 0.4)[0])


# --- the map


@pytest.mark.parametrize("name", NAMES)
@given(h=arrays(float, 12, elements=NUMBERS), q=arrays(float, (12, 3), elements=NUMBERS))
def test_step_is_the_euler_map_and_its_tangent(name, h, q):
    rnn = network(name)
    before = h.copy(), q.copy()
    moved, tangent = rnn.step(h, q)
    np.testing.assert_allclose(moved, slow.euler(rnn, h), atol=1e-12)
    np.testing.assert_allclose(tangent, slow.jacobian(rnn, h) @ q, atol=1e-11)
    np.testing.assert_array_equal(h, before[0])
    np.testing.assert_array_equal(q, before[1])


def test_advance_is_as_many_steps_also_without_a_frame(rng):
    rnn, h, q = network("tanh_pos"), rng.normal(size=12), rng.normal(size=(12, 4))
    state = np.asfortranarray(np.column_stack([h, q]))
    rnn.advance(state, 5)
    for _ in range(5):
        h, q = rnn.step(h, q)
    np.testing.assert_allclose(state, np.column_stack([h, q]), rtol=1e-12)
    assert rnn.step(h, np.empty((12, 0)))[1].shape == (12, 0)


def test_types_share_gain_and_shift(rng):
    j, types = random_weights(6, 1.0, seed=0), [0, 2, 1, 1, 0, 2]
    shared = Rnn(j, "tanh_pos", [1.0, 2.0, 3.0], [0.0, 0.1, 0.2], types=types)
    spelled = Rnn(j, "tanh_pos", [1.0, 3.0, 2.0, 2.0, 1.0, 3.0], [0.0, 0.2, 0.1, 0.1, 0.0, 0.2])
    h, q = rng.normal(size=6), np.eye(6)
    for one, two in zip(shared.step(h, q), spelled.step(h, q), strict=True):
        np.testing.assert_array_equal(one, two)


def test_single_precision_weights_stay_so():
    rnn = Rnn(random_weights(8, 1.0, seed=0).astype(np.float32), "pos", np.ones(8), 0.5)
    h, q = rnn.step(np.ones(8), np.eye(8))
    assert h.dtype == q.dtype == np.float32


def test_plain_tanh_ignores_gain_and_shift(rng):
    j, h = random_weights(8, 1.0, seed=0), rng.normal(size=8)
    one, two = Rnn(j).step(h, np.eye(8)), Rnn(j, "std", 3.0, 2.0).step(h, np.eye(8))
    np.testing.assert_array_equal(one[1], two[1])


BAD = {
    "not square": dict(weights=np.zeros((3, 4))),
    "not a matrix": dict(weights=np.zeros(3)),
    "nan": dict(weights=np.full((3, 3), np.nan)),
    "text": dict(weights=[["a"]]),
    "activation": dict(activation="relu"),
    "activation type": dict(activation=3),
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


@pytest.mark.parametrize(
    "bad", [dict(n=0), dict(n=2.5), dict(g=-1), dict(g=np.nan), dict(seed=None), dict(excitatory=1.2)]
)
def test_bad_weights_are_refused(bad):
    with pytest.raises(ParameterError):
        random_weights(**{"n": 5, "g": 1.0, "seed": 0, **bad})
    with pytest.raises(ParameterError, match="exclude each other"):
        random_weights(5, 1.0, seed=0, symmetric=True, excitatory=0.5)
