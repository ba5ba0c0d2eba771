"""Regions: the balance against a slow one, Dale's law and the bound on any synthetic region; sparse networks; files."""

import dataclasses
import pickle
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from helpers.parameters import OutputError, ParameterError
from helpers.rnn.connectome import Roi, convert_legacy, exponent_bound, load_roi, load_traced, make_synthetic_roi
from helpers.rnn.lyapunov import lyapunov_spectrum
from helpers.rnn.model import Rnn
from tests.rnn.test_model import misplaced

ROIS = st.builds(
    make_synthetic_roi, st.integers(4, 20), density=st.sampled_from([0.3, 0.5, 1.0]), seed=st.integers(0, 10**6)
)


def slow_weights(roi):
    """Balance synapse by synapse, as the text says it: senders, then receivers, ten times, for each sign."""
    j = np.zeros((roi.n, roi.n))
    counts = roi.counts.toarray()
    for sign in (1, -1):
        senders = [i for i in range(roi.n) if roi.signs[i] == sign]
        w = {(i, o): counts[i, o] for i in senders for o in range(roi.n) if counts[i, o]}
        for side in (0, 1) * 10:
            total = [0.0] * roi.n
            for edge, x in w.items():
                total[edge[side]] += x
            w = {edge: x / (2 * total[edge[side]]) for edge, x in w.items()}
        for (i, o), x in w.items():
            j[o, i] = sign * x
    return j


# --- any synthetic region


@given(ROIS)
def test_weights_are_those_of_the_slow_balance_and_inputs_sum_to_one_half(roi):
    j = roi.weights().toarray()
    np.testing.assert_allclose(j, slow_weights(roi), rtol=0, atol=1e-15)
    np.testing.assert_allclose(np.maximum(j, 0).sum(axis=1), 0.5, rtol=0, atol=1e-14)
    np.testing.assert_allclose(np.minimum(j, 0).sum(axis=1), -0.5, rtol=0, atol=1e-14)
    assert (roi.weights("legacy").toarray() == j.T).all() and (roi.rnn().weights == j).all()


@given(ROIS, st.sampled_from(["tanh", "tanh_pos", "tanh_streched"]), st.integers(0, 5))
def test_no_state_stretches_more_than_the_bound(roi, kind, seed):
    """The norms of the tangent map bound every step, whatever the gains; raw networks have the number of the text."""
    rng = np.random.default_rng(seed)
    raw = roi.rnn(kind)
    rnn = raw if kind == "tanh" else raw.replace(gain=rng.uniform(-3, 3, roi.n), shift=rng.normal(size=roi.n))
    for net in (raw, rnn):
        d = net.step(rng.normal(0, 2, roi.n), np.eye(roi.n))[1]
        norm = np.exp(0.1 * exponent_bound(net)) + 1e-12
        assert np.abs(np.linalg.eigvals(d)).max() <= norm and min(np.linalg.norm(d, p) for p in (1, np.inf)) <= norm
    for net in (raw, roi.rnn(kind, dense=False)):
        assert exponent_bound(net) == pytest.approx(np.log(0.95) / 0.1 if kind == "tanh_pos" else 0, abs=1e-12)


def test_the_bound_takes_the_smaller_of_the_largest_row_and_column():
    """Rows sum to 4, 1, 1 and columns to 2, 2, 2."""
    rnn = Rnn([[0.0, 2.0, -2.0], [-1.0, 0.0, 0.0], [1.0, 0.0, 0.0]])
    for net in (rnn, rnn.replace(weights=rnn.weights.T)):
        assert exponent_bound(net) == pytest.approx(np.log(0.9 + 0.1 * 2) / 0.1)


def test_synthetic_statistics():
    roi = make_synthetic_roi(400, seed=1)
    present = roi.counts.data
    assert present.size / 400**2 == pytest.approx(0.15, abs=0.003)
    assert present.mean() == pytest.approx(10, rel=0.02) and present.min() == 1
    assert (roi.signs > 0).mean() == pytest.approx(0.5, abs=0.07)
    assert ((roi.signs == 1) == (roi.transmitter == 1)).all() and not roi.counts.diagonal().any()
    assert set(roi.fibre) == set(range(12)) and set(roi.transmitter) == set(range(7))


def test_types_are_sorted_unique_values():
    roi = dataclasses.replace(make_synthetic_roi(5, density=1.0, seed=0), fibre=np.array([40, 7, 40, 9, 7]))
    rnn = roi.rnn("tanh_pos", subpopulation="cell_fibers")
    assert rnn.types.tolist() == [2, 0, 2, 1, 0] and rnn.gain.tolist() == [1, 1, 1] and rnn.shift.tolist() == [0, 0, 0]
    assert roi.rnn(subpopulation="neurotransmitter").types.max() + 1 == np.unique(roi.transmitter).size


@pytest.mark.parametrize("stored", [np.array, sparse.csc_matrix])
def test_a_neuron_without_inhibition_has_excitation_of_one_half_and_loops_do_not_count(stored):
    ring = np.roll(np.eye(4), 1, axis=1)
    roi = Roi(np.arange(4), stored(7 * ring + 5 * np.eye(4)), [1, 1, -1, 1], [1, 1, 0, 1], [0, 0, 0, 0])
    assert (roi.counts.toarray() == 7 * ring).all()
    assert roi.weights().toarray().tolist() == [[0, 0, 0, 0.5], [0.5, 0, 0, 0], [0, 0.5, 0, 0], [0, 0, -0.5, 0]]


# --- sparse networks


@pytest.mark.filterwarnings("ignore:.*rows that are there before")
def test_large_regions_need_no_dense_matrix(tmp_path):
    """A matrix of 2,500 x 2,500 alone would take 50 MB; the tables, and ten exponents, stay below 20 in all."""
    rng, n = np.random.default_rng(0), 2500
    pre, post = rng.integers(n, size=(2, 20 * n))
    rows = np.column_stack([pre, post, rng.geometric(0.1, pre.size)])
    head = "bodyId_pre,bodyId_post,weight"
    np.savetxt(tmp_path / "traced-total-connections.csv", rows, "%d", ",", header=head, comments="")
    np.savetxt(tmp_path / "traced-neurons.csv", np.arange(n), "%d", header="bodyId", comments="")
    tracemalloc.start()
    roi = load_traced(tmp_path, excitatory=True)
    net = roi.rnn()
    found = lyapunov_spectrum(net, k=10, t_sim=2, transient=1, frame_transient=1, dtype="float32").exponents
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert net.n > 2450 and sparse.issparse(net.weights) and found[0] < exponent_bound(net) < 0
    assert peak < 20e6
    assert isinstance(roi.rnn(dense=True).weights, np.ndarray)


# --- files of the source


class Evil:
    def __reduce__(self):
        return (pytest.fail, ("the pickle has run",))


def test_legacy_files_need_the_flag_and_are_then_the_same_region(tmp_path):
    """The adjacency is the transpose of sender to receiver."""
    roi = make_synthetic_roi(12, density=0.4, seed=3)
    np.save(tmp_path / "adjacency_scc.npy", roi.counts.toarray().T)
    np.save(tmp_path / "ei_neuron_types.npy", (roi.signs > 0).astype(int))
    np.save(tmp_path / "nid_scc.npy", roi.ids)
    for name, codes in (("neurotransmitter", roi.transmitter), ("cell_body_fiber", roi.fibre)):
        table = dict(zip(roi.ids.tolist(), codes.tolist(), strict=True))
        (tmp_path / f"{name}_assignments.pkl").write_bytes(pickle.dumps(table))
    found = convert_legacy(tmp_path, allow_pickle=True)
    for name in ("counts", "ids", "signs", "transmitter", "fibre"):
        assert abs(getattr(found, name) - getattr(roi, name)).max() == 0
    (tmp_path / "neurotransmitter_assignments.pkl").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(ParameterError, match=r"run any code; .*allow_pickle=True"):
        convert_legacy(tmp_path)
    np.save(tmp_path / "nid_scc.npy", np.array([Evil()] * 6), allow_pickle=True)  # read before the pickles, and as data
    with pytest.raises(ParameterError, match="not a folder of the five legacy files"):
        convert_legacy(tmp_path, allow_pickle=True)


# --- bad input


BAD = [
    (dict(ids=[1, 1]), r"ids \(2,\) is not 2 ascending numbers"),
    (dict(counts=[[0, -1], [1, 0]]), "counts goes down to -1"),
    (dict(counts=[[0, 1, 1], [1, 0, 1]]), "counts has shape"),
    (dict(counts=[[1]]), "two neurons or more"),
    (dict(counts=[[0, 1], [0, 0]]), "2 strongly connected parts, the largest of 1 of 2 neurons"),
    (dict(signs=[1, 0]), "signs holds other values"),
    (dict(ids=[0.5, 0.7]), "ids is not an array of integers"),
    (dict(transmitter=[1.9, 0]), "transmitter is not an array of integers"),
    (dict(fibre=[0, 0.7]), "fibre is not an array of integers"),
    (dict(counts=misplaced("csr")), "counts is a damaged sparse matrix"),
]


@pytest.mark.parametrize(("change", "message"), BAD)
def test_bad_regions(change, message):
    good = dict(ids=[1, 2], counts=[[0, 3], [4, 0]], signs=[1, -1], transmitter=[1, 0], fibre=[0, 0])
    with pytest.raises(ParameterError, match=message):
        Roi(**good | change)


def test_a_density_without_a_connected_graph_and_folders_that_are_none(tmp_path):
    with pytest.raises(ParameterError, match=r"density = 0\.0001 gives no connected graph"):
        make_synthetic_roi(10, density=1e-4)
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        make_synthetic_roi(8, seed=0).write(tmp_path / "file")
    with pytest.raises(ParameterError, match=r"neurons\.csv is not a table"):
        load_roi(tmp_path)
