"""Regions: balance, Dale's law and the bound on any synthetic one; tables and legacy files."""

import dataclasses
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csgraph

from helpers.parameters import OutputError, ParameterError
from helpers.rnn import connectome
from helpers.rnn.connectome import Roi, convert_legacy, exponent_bound, load_roi, make_synthetic_roi
from helpers.rnn.lyapunov import lyapunov_spectrum
from helpers.rnn.model import Rnn

ROIS = st.builds(
    make_synthetic_roi, st.integers(4, 60), density=st.sampled_from([0.15, 0.4, 1.0]), seed=st.integers(0, 10**6)
)


def slow_weights(roi):
    """Balance synapse by synapse, as the text says it: senders, then receivers, ten times, for each sign."""
    j = np.zeros((roi.n, roi.n))
    counts = roi.counts.toarray()
    for sign in (1, -1):
        senders = [i for i in range(roi.n) if roi.signs[i] == sign]
        w = {(i, o): counts[i, o] for i in senders for o in range(roi.n) if counts[i, o]}
        for side in (0, 1) * 10:
            total = [sum(x for edge, x in w.items() if edge[side] == i) for i in range(roi.n)]
            w = {edge: x / (2 * total[edge[side]]) for edge, x in w.items()}
        for (i, o), x in w.items():
            j[o, i] = sign * x
    return j


# --- any synthetic region


@given(ROIS)
def test_inputs_are_balanced_and_senders_or_in_legacy_receivers_keep_one_sign(roi):
    j = roi.weights().toarray()
    assert np.allclose(np.where(j > 0, j, 0).sum(axis=1), 0.5, rtol=0, atol=1e-14)
    assert np.allclose(np.where(j < 0, j, 0).sum(axis=1), -0.5, rtol=0, atol=1e-14)
    assert ((j * roi.signs >= 0).all()) and ((j != 0) == (roi.counts.toarray().T > 0)).all()
    assert not j.diagonal().any() and (roi.weights("legacy").toarray() == j.T).all()


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
    assert exponent_bound(raw) == pytest.approx(np.log(0.95) / 0.1 if kind == "tanh_pos" else 0, abs=1e-12)


@given(ROIS)
def test_synthetic_regions_are_what_they_promise(roi):
    assert csgraph.connected_components(roi.counts > 0, connection="strong")[0] == 1
    counts = roi.counts.toarray()
    for sign in (1, -1):
        assert (counts[roi.signs == sign] > 0).any(axis=0).all()
    assert (np.diff(roi.ids) > 0).all() and not counts.diagonal().any()
    assert ((roi.signs == 1) == (roi.transmitter == 1)).all() and roi.fibre.max() < 12 and roi.transmitter.max() < 7


def test_balance_against_the_slow_version():
    roi = make_synthetic_roi(12, density=0.4, seed=0)
    assert np.abs(roi.weights().toarray() - slow_weights(roi)).max() < 1e-15


def test_the_bound_takes_the_smaller_of_the_largest_row_and_column():
    """Rows sum to 4, 1, 1 and columns to 2, 2, 2."""
    rnn = Rnn([[0.0, 2.0, -2.0], [-1.0, 0.0, 0.0], [1.0, 0.0, 0.0]])
    for net in (rnn, rnn.replace(weights=rnn.weights.T)):
        assert exponent_bound(net) == pytest.approx(np.log(0.9 + 0.1 * 2) / 0.1)


@pytest.mark.parametrize("orientation", ["dale", "legacy"])
def test_the_spectrum_stays_below_the_bound(orientation):
    rnn = make_synthetic_roi(30, seed=2).rnn("tanh_pos", orientation=orientation)
    first = lyapunov_spectrum(rnn, k=1, t_sim=100).exponents[0]
    assert first < exponent_bound(rnn) < -0.5129
    lifted = rnn.replace(gain=rnn.gain * 3)
    assert first < -0.6 and first < lyapunov_spectrum(lifted, k=1, t_sim=100).exponents[0] < exponent_bound(lifted)


def test_synthetic_statistics():
    roi = make_synthetic_roi(400, seed=1)
    counts = roi.counts.toarray()
    present = counts[counts > 0]
    assert (counts > 0).mean() == pytest.approx(0.15, abs=0.003)
    assert present.mean() == pytest.approx(10, rel=0.02) and present.min() == 1
    assert (roi.signs > 0).mean() == pytest.approx(0.5, abs=0.07)
    assert (make_synthetic_roi(400, seed=1).counts.toarray() == counts).all()


def test_types_are_sorted_unique_values():
    roi = dataclasses.replace(make_synthetic_roi(5, density=1.0, seed=0), fibre=np.array([40, 7, 40, 9, 7]))
    assert roi.types("cell_fibers").tolist() == [2, 0, 2, 1, 0]
    rnn = roi.rnn("tanh_pos", subpopulation="cell_fibers")
    assert rnn.gain.tolist() == [1, 1, 1] and rnn.gains.shape == (5,)
    assert roi.rnn("tanh_pos", subpopulation="neurotransmitter").types.max() + 1 == np.unique(roi.transmitter).size


def test_a_neuron_without_inhibition_has_excitation_of_one_half():
    ring = np.roll(np.eye(4), 1, axis=1)
    roi = Roi(np.arange(4), ring * 7, [1, 1, -1, 1], [1, 1, 0, 1], [0, 0, 0, 0])
    assert roi.weights().toarray().tolist() == [[0, 0, 0, 0.5], [0.5, 0, 0, 0], [0, 0.5, 0, 0], [0, 0, -0.5, 0]]


def test_the_diagonal_of_counts_is_ignored():
    counts = [[8, 3, 1], [2, 9, 0], [4, 5, 7]]
    others = dict(ids=[1, 2, 3], signs=[1, -1, 1], transmitter=[1, 0, 1], fibre=[0, 0, 0])
    with_loops, without = Roi(counts=counts, **others), Roi(counts=counts - np.diag(np.diag(counts)), **others)
    assert with_loops.counts.nnz == 5 and not with_loops.weights().diagonal().any()
    assert (with_loops.weights().toarray() == without.weights().toarray()).all()


# --- files


def legacy_files(folder, roi):
    """Write the five files; the adjacency is the transpose of sender to receiver."""
    np.save(folder / "adjacency_scc.npy", roi.counts.toarray().T)
    np.save(folder / "ei_neuron_types.npy", (roi.signs > 0).astype(int))
    np.save(folder / "nid_scc.npy", roi.ids)
    for name, codes in (("neurotransmitter", roi.transmitter), ("cell_body_fiber", roi.fibre)):
        table = dict(zip(roi.ids.tolist(), codes.tolist(), strict=True))
        (folder / f"{name}_assignments.pkl").write_bytes(pickle.dumps(table))


def test_legacy_files_need_the_flag_and_are_then_the_same_region(tmp_path):
    roi = make_synthetic_roi(12, density=0.4, seed=3)
    legacy_files(tmp_path, roi)
    found = convert_legacy(tmp_path, allow_pickle=True)
    assert (found.counts != roi.counts).nnz == 0
    for name in ("ids", "signs", "transmitter", "fibre"):
        assert (getattr(found, name) == getattr(roi, name)).all()
    with pytest.raises(ParameterError, match=r"run any code; .*allow_pickle=True"):
        convert_legacy(tmp_path)


@pytest.mark.parametrize(
    "words, codes", {"0 3 3": [0, 3, 3], "9 2": [9, 2], "b a b": [1, 0, 1], "-1 4": [0, 1], "1.5 1": [1, 0]}.items()
)
def test_fibres_keep_their_numbers_where_all_are_whole(words, codes):
    assert connectome._codes(np.array(words.split())).tolist() == codes


class Evil:
    def __reduce__(self):
        return (pytest.fail, ("the pickle has run",))


def test_a_pickle_does_not_run_without_the_flag_nor_inside_an_array(tmp_path):
    legacy_files(tmp_path, make_synthetic_roi(6, density=0.9, seed=0))
    (tmp_path / "neurotransmitter_assignments.pkl").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(ParameterError):
        convert_legacy(tmp_path)
    np.save(tmp_path / "nid_scc.npy", np.array([Evil()] * 6), allow_pickle=True)
    with pytest.raises(ParameterError, match="not a folder of the five legacy files"):
        convert_legacy(tmp_path, allow_pickle=True)
    (tmp_path / "nid_scc.npy").unlink()
    with pytest.raises(ParameterError, match=r"nid_scc\.npy"):
        convert_legacy(tmp_path, allow_pickle=True)


# --- bad input

NEURONS, EDGES = "bodyId,transmitter,cell_body_fiber,sign\n", "bodyId_pre,bodyId_post,weight\n"
GOOD = {"neurons": f"{NEURONS}1,1,0,1\n2,0,0,-1\n", "edges": f"{EDGES}1,2,3\n2,1,4\n"}


@pytest.mark.parametrize(
    ("table", "text", "message"),
    [
        ("edges", None, "edges.csv"),
        ("neurons", "", "neurons.csv"),
        ("neurons", "bodyId,transmitter\n1,1\n", "columns bodyId, transmitter, cell_body_fiber, sign"),
        ("neurons", f"{NEURONS}", "no rows"),
        ("neurons", f"{NEURONS}1,gabba,0,1\n2,0,0,-1\n", "'gabba' is unknown"),
        ("neurons", f"{NEURONS}1,7,0,1\n2,0,0,-1\n", "transmitter = '7' is unknown"),
        ("neurons", f"{NEURONS}x,1,0,1\n2,0,0,-1\n", "line 2"),
        ("neurons", f"{NEURONS}1,1,0,2\n2,0,0,-1\n", "signs"),
        ("neurons", f"{NEURONS}1,1,0,1\n1,0,0,-1\n", "repeated neurons"),
        ("edges", f"{EDGES}1,2,3\n2,1\n", "edges.csv"),
        ("edges", f"{EDGES}1,2,3\n2,1,2.5\n", "whole numbers"),
        ("edges", f"{EDGES}1,2,-3\n2,1,4\n", "weights from -3 to 4; allowed: 0 to 10"),
        ("edges", f"{EDGES}1,2,9000000000000000000\n2,1,4\n", "weights from 4 to 9000000000000"),
        ("edges", f"{EDGES}1,9,3\n2,1,4\n", "unknown neurons"),
        ("edges", f"{EDGES}1,2,3\n", "2 strongly connected parts"),
    ],
)
def test_bad_tables_are_refused_in_one_line(tmp_path, table, text, message):
    for name, content in {**GOOD, table: text}.items():
        if content is not None:
            (tmp_path / f"{name}.csv").write_text(content)
    with pytest.raises(ParameterError, match=message) as failed:
        load_roi(tmp_path)
    assert "\n" not in str(failed.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(ids=[2, 1]), "ids"),
        (dict(ids=[1, 1]), "ids"),
        (dict(ids=[1, 2, 3]), "ids"),
        (dict(counts=[[0, -1], [1, 0]]), "counts goes down to -1"),
        (dict(counts=[[0, 1e19], [1, 0]]), "counts goes up to 1e.19"),
        (dict(counts=[[0, 1, 1], [1, 0, 1]]), "counts has shape"),
        (dict(counts=[[1]]), "two neurons or more"),
        (dict(counts=[[0, np.nan], [1, 0]]), "NaN"),
        (dict(signs=[1, 0]), "signs"),
        (dict(transmitter=[1]), "transmitter has shape"),
    ],
)
def test_bad_regions(change, message):
    good = dict(ids=[1, 2], counts=[[0, 3], [4, 0]], signs=[1, -1], transmitter=[1, 0], fibre=[0, 0])
    Roi(**good)
    with pytest.raises(ParameterError, match=message):
        Roi(**good | change)


def test_bad_synthetic_regions():
    for bad in (dict(n=3), dict(density=0), dict(density=1.1), dict(seed=None)):
        with pytest.raises(ParameterError):
            make_synthetic_roi(**dict(n=40, density=0.15, seed=0) | bad)
    with pytest.raises(ParameterError, match=r"density = 0\.0001 gives no connected graph"):
        make_synthetic_roi(10, density=1e-4)


def test_bad_words_and_folders(tmp_path):
    roi = make_synthetic_roi(8, seed=0)
    with pytest.raises(ParameterError, match="dale, legacy"):
        roi.weights("both")
    with pytest.raises(ParameterError, match="cell_fibers, neurotransmitter"):
        roi.types("cell_fiber")
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        roi.write(tmp_path / "file")
