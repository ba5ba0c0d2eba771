"""One `dot` for three storages, and the view of existing synapses that learning writes through."""

from types import SimpleNamespace

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from helpers.modular.synapses import Afferents, EventWeights, afferents, dense, stored
from helpers.parameters import ParameterError

STORAGES = (False, True, "event")
SHAPES = st.tuples(st.integers(1, 30), st.integers(1, 30))
WEIGHTS = dict(seed=st.integers(0, 99), shape=SHAPES, density=st.sampled_from([0, 0.1, 0.6, 1]))


def matrix(seed, shape, density, dtype=float):
    rng = np.random.default_rng(seed)
    return (rng.normal(0, 1, shape) * (rng.random(shape) < density)).astype(dtype)


@given(**WEIGHTS, rate=st.sampled_from([0, 0.3]), kind=st.sampled_from(["spikes", "numbers 0/1", "graded"]))
def test_a16_dense_csr_and_event_driven_agree(seed, shape, density, rate, kind):
    w, rng = matrix(seed, shape, density), np.random.default_rng(seed + 1)
    spikes, graded = rng.random(shape[1]) < rate, rng.normal(0, 1, shape[1])
    source = {"spikes": spikes, "numbers 0/1": spikes * 1.0, "graded": spikes * graded}[kind]
    for sparse in STORAGES:
        held = stored(w, sparse)
        np.testing.assert_allclose(held.dot(source), (w * source).sum(axis=1), rtol=1e-12, atol=1e-12)
        assert held.shape == shape
        np.testing.assert_array_equal(dense(held), w)


def test_types_of_storage():
    w = matrix(0, (5, 4), 0.5, np.float32)
    assert stored(w, False) is w and isinstance(stored(w, True), csr_array)
    event = stored(w, "event")
    assert isinstance(event, EventWeights) and event.dot(np.ones(4, bool)).dtype == np.float32
    twin = event.copy()
    twin.weights[:] = 0
    np.testing.assert_array_equal(event.toarray(), w)
    for whole in (np.eye(3, dtype=int), csr_array(np.eye(3, dtype=bool))):
        event = EventWeights(whole)
        assert event.dtype == float and event.dot([1.5, 0, 2]).tolist() == [1.5, 0, 2]
    assert event.dot(np.ones(3, np.float16)).tolist() == [1, 1, 1]


@pytest.mark.parametrize("sparse", STORAGES)
@given(**WEIGHTS)
def test_afferents_list_the_synapses_of_each_row(sparse, seed, shape, density):
    w = matrix(seed, shape, density)
    held = stored(w.copy(), sparse)
    found = Afferents(held)
    for i in range(shape[0]):
        onto = slice(found.starts[i], found.starts[i + 1])
        place, source = found.place[onto], found.source[onto]
        assert dict(zip(source, found.data[place], strict=True)) == {j: w[i, j] for j in np.flatnonzero(w[i])}
        found.data[place] *= i
    np.testing.assert_array_equal(dense(held), w * np.arange(shape[0])[:, None])
    left = np.count_nonzero(w if sparse else w[1:])
    assert len(Afferents(held).place) == left, "where it is stored, a synapse that reaches 0 goes on existing"


@pytest.mark.parametrize("sparse", STORAGES)
def test_afferents_are_kept_until_the_weights_or_what_holds_them_are_replaced(sparse):
    synapse = SimpleNamespace(W=stored(np.eye(3), sparse), shape=(3, 3))
    first = afferents(synapse)
    assert afferents(synapse) is first
    synapse.W = stored(np.ones((3, 3)), sparse)
    assert afferents(synapse).starts.tolist() == [0, 3, 6, 9]
    if held := {True: "data", "event": "weights"}.get(sparse):
        second = afferents(synapse)
        setattr(synapse.W, held, getattr(synapse.W, held).copy())
        assert afferents(synapse) is not second and afferents(synapse).data is getattr(synapse.W, held)


@pytest.mark.parametrize("end", [-1, 5])
def test_a_place_out_of_range_never_reaches_a_compiled_loop(end):
    weights = stored(np.ones((5, 4)), "event")
    weights.check_format()
    for lists, name in ((weights, "targets"), (Afferents(np.ones((5, 4))), "source")):
        getattr(lists, name)[-1] = end
        with pytest.raises(ValueError, match="do not fit each other"):
            lists.check_format()


HELD = dict(csr="indices", csc="indices", bsr="indptr", coo="row", lil="rows")


@pytest.mark.parametrize("kind", HELD)
def test_a_sparse_matrix_with_a_place_out_of_range_is_refused(kind):
    wrong = getattr(scipy.sparse, f"{kind}_array")(np.eye(3))
    assert EventWeights(wrong).toarray().tolist() == np.eye(3).tolist()
    getattr(wrong, HELD[kind])[-1] = [50_000_000] if kind == "lil" else 50_000_000
    with pytest.raises(ParameterError, match=r"^matrix is no matrix with all of its places inside [^\n]*$"):
        EventWeights(wrong)
