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


def rule(name, gain, shift, legacy):
    """The activations in other words: the logistic function, and slopes by cosh."""

    def phi(h):
        x = h if name == "tanh" else gain * (h - shift)
        slope = (1 if name == "tanh" else gain) / np.cosh(x) ** 2
        value, slope = (1 / (1 + np.exp(-2 * x)), slope / 2) if name == "tanh_pos" else (np.tanh(x), slope)
        return value, gain / np.cosh(h) ** 2 if legacy else slope

    return phi


# --- weights and activations


@given(n=st.integers(1, 40), g=st.floats(0, 20), seed=st.integers(0, 2**32))
def test_weights_are_those_of_the_cell_and_their_symmetric_part_or_magnitudes(n, g, seed):
    j = random_weights(n, g, seed=seed)
    np.testing.assert_array_equal(j, MODEL.random_network(n, g, seed))
    np.testing.assert_array_equal(random_weights(n, g, seed=np.random.default_rng(seed)), j)
    np.testing.assert_array_equal(random_weights(n, g, seed=seed, symmetric=True), (j + j.T) / 2)
    signs = np.where(np.arange(n) < round(0.8 * n), 1, -1)
    np.testing.assert_array_equal(random_weights(n, g, seed=seed, excitatory=0.8), np.abs(j) * signs)


def test_every_spelling_leads_to_its_name():
    wanted = {"std": "tanh", "pos": "tanh_pos", "tanh_positive": "tanh_pos"}
    wanted |= dict.fromkeys(("strech", "tanh_strech", "tanh_streched", "tanh_stretched"), "tanh_streched")
    assert {word: activation_name(word.upper()) for word in wanted} == wanted


# --- the map


@pytest.mark.parametrize("name", NAMES)
@given(
    h=arrays(float, 12, elements=NUMBERS),
    x=st.none() | arrays(float, 12, elements=NUMBERS),
    q=arrays(float, (12, 3), elements=NUMBERS),
    dt=st.floats(0.01, 1),
    n_steps=st.integers(0, 7),
    seed=st.integers(0, 99),
    legacy=st.booleans(),
)
def test_steps_are_those_of_the_cell(name, h, x, q, dt, n_steps, seed, legacy):
    """Of dense and of sparse networks, with an input or none, by single steps, or by many in place.

    Four types share a gain and a shift each.
    """
    rng = np.random.default_rng(seed)
    gain, shift, types = rng.normal(1, 0.5, 4), rng.normal(0, 1, 4), np.append(rng.integers(0, 4, 11), 3)
    weights = random_weights(12, 2.0, seed=rng) * (rng.random((12, 12)) < 0.5)
    stored = sparse.csr_array(weights)
    nets = [Rnn(w, name, gain, shift, dt, types=types, x=x, legacy=legacy) for w in (weights, stored)]
    stored.data[:] = 0  # the network has a copy
    wanted = [(h, q)]
    for _ in range(n_steps):
        phi = rule(name, gain[types], shift[types], legacy)
        wanted.append(MODEL.step(*wanted[-1], weights, 0.0 if x is None else x, phi, dt))
    before = h.copy(), q.copy()
    for net in nets:
        state, (moved, turned) = np.asfortranarray(np.column_stack([h, q])), (h, q)
        net.advance(state, n_steps)
        for _ in range(n_steps):
            moved, turned = net.step(moved, turned)
        given = np.asfortranarray(np.column_stack([h, q]))
        net.replace(x=np.ones(12)).advance(given, n_steps, x=np.zeros(12) if x is None else x)  # takes its place
        for found in (state, given, np.column_stack([moved, turned])):
            np.testing.assert_allclose(found, np.column_stack(wanted[-1]), atol=1e-11)
    assert (h == before[0]).all() and (q == before[1]).all()


def test_a_function_is_a_rule_and_wide_networks_take_one_product():
    j, h = random_weights(300, 1.5, seed=2), np.linspace(-2, 2, 300)
    for word, own in zip(*(Rnn(j, rule).step(h, np.eye(300)) for rule in ("pos", MODEL.positive)), strict=True):
        np.testing.assert_allclose(word, own, atol=1e-13)
    with pytest.raises(BackendError, match="words"):
        response(MODEL.positive, h, xp="jax.numpy")


def test_single_precision_weights_stay_so():
    net = Rnn(random_weights(8, 1.0, seed=0).astype(np.float32), "pos", np.ones(8), 0.5)
    h, q = net.step(np.ones(8), np.eye(8))
    assert h.dtype == q.dtype == np.float32


# --- bad input


def misplaced(form):
    """Return a sparse matrix of three rows one index of which is changed after it was built."""
    matrix = sparse.csr_array(np.ones((3, 3))).asformat(form)
    places = {"coo": lambda: matrix.coords[1], "lil": lambda: matrix.rows[0]}.get(form, lambda: matrix.indices)()
    places[0] = 50_000_000
    return matrix


BAD = {
    **{f"index of {form}": dict(weights=misplaced(form)) for form in ("csr", "csc", "coo", "lil")},
    "not square": dict(weights=np.zeros((3, 4))),
    "a sparse row": dict(weights=sparse.coo_array(np.ones(4))),
    "sparse, nan": dict(weights=sparse.csr_array([[0, np.nan], [1, 0]])),
    "rule of another shape": dict(activation=lambda h: (h[:2], h[:2])),
    "rule that fails": dict(activation=lambda: 0),
    "rule that is not finite": dict(activation=lambda h: (h, h * np.nan)),
    "rule and gain": dict(activation=MODEL.tanh, gain=2.0),
    "rule and shift": dict(activation=MODEL.tanh, shift=2.0),
    "rule and legacy": dict(activation=MODEL.tanh, legacy=True),
    "gain per type": dict(types=[0, 1, 1], gain=[1.0, 2.0, 3.0]),
    "types fraction": dict(types=[0, 0.5, 1]),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_networks_are_refused_in_one_line(case):
    with pytest.raises(ParameterError, match=r"^[^\n]+$"):
        Rnn(**{"weights": np.zeros((3, 3)), **BAD[case]})


def test_a_symmetric_matrix_has_no_signs_of_senders():
    with pytest.raises(ParameterError, match="exclude each other"):
        random_weights(5, 1.0, seed=0, symmetric=True, excitatory=0.5)
