"""The published form of a connectome: every way to write it gives the same region; what is refused; sparse networks."""

import csv
import dataclasses
import functools
import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from helpers.parameters import ParameterError
from helpers.rnn.connectome import Roi, exponent_bound, load_roi, load_traced, make_synthetic_roi
from helpers.rnn.lyapunov import lyapunov_spectrum
from helpers.rnn.model import Rnn, random_weights

ROOT = Path(__file__).resolve().parents[2]
WORDS = {  # spellings of the codes
    0: ("gaba", "GABA", "0", "0.0", " gaba "),
    1: ("acetylcholine", "ACh", "ach", "1", "1.0"),
    2: ("glutamate", "Glut", "glu", "2"),
    3: ("serotonin", "5HT", "5-ht", "ser", "3"),
    4: ("octopamine", "oct", "OA", "4"),
    5: ("dopamine", "DA", "5"),
    6: ("neither", "unknown", "", "6"),
}
ROIS = ("EB", "PB", "ATL(L)", "ATL(R)", 'a "quoted, word"')


@dataclasses.dataclass
class Style:
    """How a table is written."""

    bom: bool
    floats: bool
    quoting: int
    extra: bool
    backwards: bool
    newline: str


STYLES = st.builds(
    Style,
    st.booleans(),
    st.booleans(),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.booleans(),
    st.booleans(),
    st.sampled_from(["\n", "\r\n"]),
)
TWICE = pytest.mark.filterwarnings("ignore:.*(rows that are there before|knows no transmitter)")
PLAIN = Style(False, False, csv.QUOTE_MINIMAL, False, False, "\n")


def write(path, style, **columns):
    """Write columns of equal length as a csv file."""
    if style.floats:
        columns = {name: [f"{x}.0" if isinstance(x, int) else x for x in values] for name, values in columns.items()}
    if style.extra:
        n = len(next(iter(columns.values())))
        columns = {"instance": ["one, two"] * n, **columns, "status": ["Träced"] * n}
    if style.backwards:
        columns = dict(reversed(columns.items()))
    text = io.StringIO()
    writer = csv.writer(text, quoting=style.quoting, lineterminator=style.newline)
    writer.writerows([columns, *zip(*columns.values(), strict=True)])
    path.write_bytes((b"\xef\xbb\xbf" if style.bom else b"") + text.getvalue().encode())


def publish(folder, roi, rng, style=PLAIN, *, ids=None, outside=0):
    """Write a region as the published tables: rows of a pair shared out over ROIs, in random order; return the words.

    `outside` neurons come on top that only receive.
    """
    ids = roi.ids.tolist() if ids is None else ids
    edges = []
    pre, post = roi.counts.nonzero()
    for i, o in zip(pre.tolist(), post.tolist(), strict=True):
        left = int(roi.counts[i, o])
        while left:
            part = int(rng.integers(1, left + 1))
            edges.append((ids[i], ids[o], str(rng.choice(ROIS)), part))
            left -= part
    more = [max(ids) + 1 + i for i in range(outside)]
    edges += [(ids[0], extra, "EB", 7) for extra in more]
    rng.shuffle(edges)
    columns = [list(column) for column in zip(*[(int(a), int(b), c, int(d)) for a, b, c, d in edges], strict=True)]
    names = ("bodyId_pre", "bodyId_post", "roi", "weight")
    write(folder / "traced-roi-connections.csv", style, **dict(zip(names, columns, strict=True)))
    order = rng.permutation(roi.n + outside)
    kinds = [f"PDM{code:02d}" for code in roi.fibre] + ["none"] * outside
    codes = [*roi.transmitter.tolist(), *[0] * outside]
    known = [[*ids, *more][i] for i in order]
    write(folder / "traced-neurons.csv", style, bodyId=known, type=[kinds[i] for i in order])
    words = [str(rng.choice(WORDS[codes[i]])) for i in order]
    write(folder / "nt.csv", style, transmitter=words, bodyId=known)


def dense(roi):
    return roi.counts.toarray()


SMALL = st.builds(make_synthetic_roi, st.integers(4, 15), density=st.sampled_from([0.4, 1.0]), seed=st.integers(0, 99))


@TWICE
@given(SMALL, STYLES, st.integers(0, 99), st.integers(0, 3))
@settings(max_examples=60)
def test_every_way_of_writing_is_the_same_region(tmp_path_factory, roi, style, seed, outside):
    folder = tmp_path_factory.mktemp("traced")
    publish(folder, roi, np.random.default_rng(seed), style, outside=outside)
    found = load_traced(folder, folder / "nt.csv")
    assert found.ids.tolist() == roi.ids.tolist() and (dense(found) == dense(roi)).all()
    assert found.transmitter.tolist() == roi.transmitter.tolist() and found.signs.tolist() == roi.signs.tolist()
    assert found.types("cell_fibers").tolist() == roi.types("cell_fibers").tolist()
    found.write(folder)
    again = load_roi(folder)
    for name in ("ids", "signs", "transmitter", "fibre"):
        assert (getattr(again, name) == getattr(found, name)).all()
    assert (dense(again) == dense(found)).all() and (again.weights() != found.weights()).nnz == 0


def classes(counts):
    """Return the neurons that reach each other, as sets, by walking from each."""
    reach = np.eye(len(counts), dtype=bool) | (counts > 0)
    for _ in counts:
        reach = reach | (reach.astype(int) @ reach.astype(int) > 0)
    return {frozenset(np.flatnonzero(row).tolist()) for row in reach & reach.T}


@TWICE
@given(SMALL, st.integers(1, 30), st.lists(st.sampled_from(ROIS), min_size=1, unique=True), st.integers(0, 99))
@settings(max_examples=60)
def test_the_threshold_acts_on_the_sum_over_the_chosen_rois(tmp_path_factory, roi, min_weight, words, seed):
    folder = tmp_path_factory.mktemp("traced")
    publish(folder, roi, np.random.default_rng(seed))
    counts = np.zeros((roi.n, roi.n))
    places = {i: place for place, i in enumerate(roi.ids.tolist())}
    with open(folder / "traced-roi-connections.csv", newline="") as file:
        for row in csv.DictReader(file):
            if row["roi"] in words:
                counts[places[int(row["bodyId_pre"])], places[int(row["bodyId_post"])]] += int(row["weight"])
    counts[counts < min_weight] = 0
    parts = sorted(classes(counts), key=len)
    ask = functools.partial(load_traced, folder, folder / "nt.csv", roi=words, min_weight=min_weight)
    present = {row for row in words if row in (folder / "traced-roi-connections.csv").read_text().replace('""', '"')}
    if len(present) < len(words) or len(parts[-1]) < 2:
        with pytest.raises(ParameterError):
            ask()
        return
    found = ask()
    kept = [places[i] for i in found.ids.tolist()]
    assert len(kept) == len(parts[-1]) and frozenset(kept) in parts
    assert (dense(found) == counts[np.ix_(kept, kept)]).all() and (found.signs == roi.signs[kept]).all()


@TWICE
def test_ids_of_18_digits_are_exact_also_as_floats(tmp_path):
    roi = make_synthetic_roi(6, density=1.0, seed=0)
    ids = [720575940628857210 + i for i in range(6)]
    publish(tmp_path, roi, np.random.default_rng(0), dataclasses.replace(PLAIN, floats=True), ids=ids)
    found = load_traced(tmp_path, tmp_path / "nt.csv")
    assert found.ids.tolist() == ids
    found.write(tmp_path)
    assert load_roi(tmp_path).ids.tolist() == ids


# --- a small region by hand

NEURONS = 'bodyId,type,instance\n10,PEN,"a, b"\n20,PEN,x\n30,,x\n40,EPG,x\n'
EDGES = (
    "bodyId_pre,bodyId_post,roi,weight\n10,20,EB,3\n10,20,PB,2\n20,30,EB,6\n30,10,ATL(L),3\n30,10,ATL(R),4\n"
    "30,40,EB,9\n50,10,EB,9\n10,30,PB,1\n20,10,EB,3\n10,10,EB,99\n"
)
WANTED = "bodyId,transmitter\n10,ACh\n20,gaba\n30,acetylcholine\n40,1\n"


def folder_of(folder, neurons=NEURONS, edges=EDGES, transmitters=WANTED, total=None):
    texts = {"traced-neurons": neurons, "traced-roi-connections": edges, "nt": transmitters}
    for name, text in (texts | {"traced-total-connections": total}).items():
        if text is not None:
            (folder / f"{name}.csv").write_text(text)
    return folder, folder / "nt.csv"


def test_rois_are_summed_before_the_threshold_acts(tmp_path):
    where = folder_of(tmp_path)
    roi = load_traced(*where)
    assert roi.ids.tolist() == [10, 20, 30] and roi.signs.tolist() == [1, -1, 1]
    assert dense(roi).tolist() == [[0, 5, 1], [3, 0, 6], [7, 0, 0]]
    assert dense(load_traced(*where, min_weight=5)).tolist() == [[0, 5, 0], [0, 0, 6], [7, 0, 0]]
    assert roi.types("cell_fibers").tolist() == [1, 1, 0]


def test_roi_words_choose_rows(tmp_path):
    where = folder_of(tmp_path)
    region = load_traced(*where, roi="EB")
    assert region.ids.tolist() == [10, 20] and dense(region).tolist() == [[0, 3], [3, 0]]
    several = load_traced(*where, roi=("EB", "ATL(L)", "ATL(R)"))
    assert dense(several).tolist() == [[0, 3, 0], [3, 0, 6], [7, 0, 0]]
    assert dense(load_traced(*where, roi=("EB", "ATL(L)"))).tolist() == [[0, 3, 0], [3, 0, 6], [3, 0, 0]]


def test_total_connections_serve_where_no_roi_is_asked_for(tmp_path):
    where = folder_of(tmp_path, total="bodyId_pre,bodyId_post,weight\n10,20,8\n20,10,9\n")
    assert dense(load_traced(*where)).tolist() == [[0, 8], [9, 0]]
    assert dense(load_traced(*where, roi="EB")).tolist() == [[0, 3], [3, 0]]


def test_excitatory_needs_no_table(tmp_path):
    folder, _ = folder_of(tmp_path, transmitters=None)
    roi = load_traced(folder, excitatory=True)
    assert roi.signs.tolist() == [1, 1, 1] and roi.transmitter.tolist() == [1, 1, 1]
    np.testing.assert_allclose(roi.weights().sum(axis=1), 0.5)


def test_without_types_all_neurons_are_of_one_fibre(tmp_path):
    where = folder_of(tmp_path, neurons="bodyId\n10\n20\n30\n40\n")
    assert load_traced(*where).types("cell_fibers").tolist() == [0, 0, 0]


def test_a_table_may_bring_signs_and_fibres_and_leave_neurons_out(tmp_path):
    table = "bodyId,transmitter,cell_body_fiber,sign\n10,1,3,1\n20,da,4,1\n"
    with pytest.warns(UserWarning, match="leaves out 2 of 4 neurons"):
        roi = load_traced(*folder_of(tmp_path, transmitters=table))
    assert roi.ids.tolist() == [10, 20] and roi.signs.tolist() == [1, 1] and roi.fibre.tolist() == [3, 4]
    assert roi.transmitter.tolist() == [1, 5]


@pytest.mark.parametrize(
    "changes",
    [
        dict(neurons=NEURONS + ",,\n , ,\n\n"),
        dict(edges=EDGES + ",,,\n"),
        dict(transmitters=WANTED + " ,\n"),
        dict(edges=EDGES.replace("EB", " EB ")),
        dict(neurons=NEURONS.replace("PEN", "PEN ", 1)),
        dict(transmitters=WANTED.replace("ACh", '" ach "')),
        dict(edges=EDGES.replace("10,20,EB,3", '" 10 ",20 ,EB, 3 ')),
    ],
)
def test_blank_rows_and_blanks_around_words_do_not_matter(tmp_path, changes, recwarn):
    (tmp_path / "plain").mkdir()
    roi, plain = (
        load_traced(*where, roi="EB") for where in (folder_of(tmp_path, **changes), folder_of(tmp_path / "plain"))
    )
    assert dense(roi).tolist() == dense(plain).tolist() == [[0, 3], [3, 0]]
    for name in ("ids", "signs", "transmitter", "fibre"):
        assert getattr(roi, name).tolist() == getattr(plain, name).tolist()
    assert len(recwarn) == 0


@pytest.mark.parametrize("types", [("-1", "2", "4"), ("1e30", "2", "4"), ("1" * 30, "2", "4"), ("2.5", "2", "nan")])
def test_types_that_are_no_codes_are_words(tmp_path, types):
    neurons = "bodyId,type\n" + "".join(f"{i}0,{kind}\n" for i, kind in enumerate(types, 1))
    roi = load_traced(*folder_of(tmp_path, neurons=neurons, edges=EDGES.replace("30,40,EB,9\n", "")))
    assert roi.fibre.tolist() == [sorted(types).index(kind) for kind in types]


@pytest.mark.parametrize("word", ["NA", "nan", "", "unknown", "None"])
def test_neurons_without_a_transmitter_are_counted_in_a_warning(tmp_path, word):
    where = folder_of(tmp_path, transmitters=WANTED.replace("acetylcholine", word))
    with pytest.warns(UserWarning, match=r"nt\.csv knows no transmitter of 1 of 4 neurons, which count as inhibitory"):
        roi = load_traced(*where)
    assert roi.signs.tolist() == [1, -1, -1] and roi.transmitter.tolist() == [1, 0, 6]


def test_signs_of_the_table_need_no_such_warning(tmp_path, recwarn):
    table = "bodyId,transmitter,sign\n10,1,1\n20,0,-1\n30,NA,1\n40,1,1\n"
    assert load_traced(*folder_of(tmp_path, transmitters=table)).signs.tolist() == [1, -1, 1] and len(recwarn) == 0


@pytest.mark.parametrize(
    ("table", "changes", "repeated"),
    [
        ("traced-roi-connections", dict(edges=EDGES + "10,20,EB,3\n30,10,ATL(L),5\n"), 2),
        ("traced-total-connections", dict(total="bodyId_pre,bodyId_post,weight\n10,20,8\n20,10,9\n10,20,1\n"), 1),
    ],
)
def test_rows_that_come_again_are_summed_with_a_warning(tmp_path, table, changes, repeated):
    with pytest.warns(UserWarning, match=rf"{table}\.csv has {repeated} rows that are there before.*summed"):
        roi = load_traced(*folder_of(tmp_path, **changes))
    assert dense(roi)[0, 1] == {2: 8, 1: 9}[repeated]


def test_edges_that_come_again_are_summed_with_a_warning(tmp_path):
    roi = make_synthetic_roi(6, density=1.0, seed=0)
    roi.write(tmp_path)
    rows = (tmp_path / "edges.csv").read_text()
    (tmp_path / "edges.csv").write_text(rows + rows.split("\n", 1)[1])
    with pytest.warns(UserWarning, match=rf"edges\.csv has {roi.counts.nnz} rows"):
        assert (dense(load_roi(tmp_path)) == 2 * dense(roi)).all()


def test_the_largest_part_is_taken_on_request(tmp_path):
    where = folder_of(tmp_path)
    with pytest.raises(
        ParameterError, match=r"2 strongly connected parts, the largest of 3 of 4 neurons; .*largest=Tr"
    ):
        load_traced(*where, largest=False)
    roi = make_synthetic_roi(6, density=1.0, seed=0)
    roi.write(tmp_path)
    with (tmp_path / "neurons.csv").open("a") as file:
        file.write("9999999999,ACh,PDM25,1\n")
    with (tmp_path / "edges.csv").open("a") as file:
        file.write(f"{roi.ids[0]},9999999999,4\n")
    with pytest.raises(ParameterError, match="largest of 6 of 7 neurons"):
        load_roi(tmp_path)
    assert load_roi(tmp_path, largest=True).ids.tolist() == roi.ids.tolist()


@pytest.mark.parametrize(
    ("changes", "options", "message"),
    [
        ({}, dict(roi="NO"), r"roi = 'NO' is unknown; choose one of: ATL\(L\), ATL\(R\), EB, PB"),
        ({}, dict(roi=("EB", "eb")), "roi = 'eb' is unknown"),
        ({}, dict(roi=()), "roi is empty; give words of the column roi, or None"),
        ({}, dict(min_weight=0), "min_weight = 0"),
        (
            {},
            dict(min_weight=50),
            "min_weight = 50 leaves none of the 6 connections of 4 neurons, at most 9 synapses each",
        ),
        (
            {},
            dict(min_weight=7),
            "min_weight = 7 leaves 2 of the 6 connections .* no two neurons that reach each other",
        ),
        ({}, dict(excitatory=True), "not both"),
        ({}, dict(transmitters=None), "transmitters=FILE.*excitatory=True"),
        (
            dict(transmitters="bodyId,transmitter\n1,ach\n2,da\n"),
            {},
            "nt.csv has none of the 4 neurons: its 2 start wi",
        ),
        (dict(transmitters=WANTED.replace("gaba", "acetil")), {}, "transmitter = 'acetil' is unknown; choose one of"),
        (dict(transmitters="bodyId,nt\n10,ach\n"), {}, "no column transmitter, found bodyId, nt"),
        (dict(transmitters=WANTED + "10,da\n"), {}, "nt.csv .* 1 repeated neurons, the first 10"),
        (
            dict(edges="bodyId_pre,bodyId_post,roi,weight\n1,2,EB,3\n"),
            {},
            "1 of 1 edges with unknown neurons, the first from 1 to 2; the 4 neurons start with 10",
        ),
        (
            dict(edges="bodyId_pre,bodyId_post,roi,weight\n10,20,EB,-3\n"),
            {},
            "weights from -3 to -3; allowed: 0 to 1000000000; repair the table",
        ),
        (
            dict(edges="bodyId_pre,bodyId_post,roi,weight\n10,10,EB,3\n"),
            {},
            "leaves none of the 0 connections of 4 neurons",
        ),
        (
            dict(edges="bodyId_pre,bodyId_post,roi,weight\n10,20,EB,2.5\n"),
            {},
            "line 2: '2.5' in column weight is not a",
        ),
        (dict(edges="bodyId_pre,bodyId_post,roi,weight\n10,20,EB\n"), {}, "traced-roi-connections.csv .*line 2"),
        (dict(edges="bodyId_pre,bodyId_post,roi,weight\n10,20,EB,nan\n"), {}, "line 2"),
        (dict(edges="bodyId_pre,bodyId_post,roi,weight\n1e40,20,EB,1\n"), {}, "line 2"),
        (dict(edges="bodyId_pre,bodyId_post,roi,weight\n"), {}, "no rows"),
        (dict(edges="bodyId_pre,bodyId_post,weight\n10,20,1\n"), {}, "no column roi, found bodyId_pre"),
        (dict(neurons=NEURONS + "NA,x,y\n"), {}, "line 6: 'NA' in column bodyId is not a whole number"),
        (dict(neurons=NEURONS + ",x,y\n"), {}, "line 6: '' in column bodyId is not a whole number"),
        (dict(neurons=NEURONS + "'50',x,y\n"), {}, "line 6: .*'50'.* in column bodyId is not a whole number"),
        (dict(neurons=NEURONS + "1e999999999,x,y\n"), {}, "'1e999999999' in column bodyId is not a whole number"),
        (dict(neurons=NEURONS + "1" * 30 + ",x,y\n"), {}, "1' in column bodyId is not a whole number below 2.63"),
        (
            dict(neurons=NEURONS + '50,"B\n60,C,y\n'),
            {},
            "traced-neurons.csv .* a wrong quote after line 5: unexpected end",
        ),
        (dict(neurons=NEURONS + '50,"B\n60,"C",y\n'), {}, "a wrong quote after line 5: "),
        (
            dict(edges="bodyId_pre,bodyId_post,roi,weight\n" + "10,20,EB,9000000000000000000\n" * 2),
            {},
            "weights from 9000000000000000000 to 9000000000000000000; allowed: 0 to 1000000000",
        ),
        (dict(neurons=NEURONS + "20,x,y\n"), {}, "1 repeated neurons, the first 20"),
        (dict(neurons="body,type\n10,x\n"), {}, "no column bodyId, found body, type"),
        (dict(neurons=None), {}, "traced-neurons.csv is not a table .*No such file"),
        (dict(edges=None), {}, "traced-roi-connections.csv is not a table .*No such file"),
    ],
)
def test_what_is_refused_says_what_was_found(tmp_path, changes, options, message):
    folder, table = folder_of(tmp_path, **changes)
    options = dict(transmitters=table) | options
    with pytest.raises(ParameterError, match=message) as failed:
        load_traced(folder, **options)
    assert "\n" not in str(failed.value)


# --- sparse networks


@pytest.mark.parametrize("kind", ["tanh", "tanh_pos", "tanh_streched"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_sparse_and_dense_networks_have_the_same_exponents(kind, dtype):
    roi = make_synthetic_roi(40, seed=3)
    nets = [roi.rnn(kind, dense=is_dense) for is_dense in (True, False)]
    assert sparse.issparse(nets[1].weights) and not sparse.issparse(nets[0].weights)
    if kind != "tanh":
        gain = np.random.default_rng(0).uniform(0.5, 3, 40)
        nets = [net.replace(gain=gain, shift=gain - 1) for net in nets]
    found = [lyapunov_spectrum(net, k=k, t_sim=40, dtype=dtype).exponents for net in nets for k in (6, 40)]
    tolerance = 1e-10 if dtype == "float64" else 1e-4
    assert np.abs(found[0] - found[2]).max() < tolerance
    assert np.abs(found[1] - found[3]).max() < tolerance
    assert exponent_bound(nets[0]) == pytest.approx(exponent_bound(nets[1]), abs=1e-14)
    assert found[0][0] < exponent_bound(nets[1])


def test_a_chaotic_network_agrees_for_as_long_as_rounding_allows():
    weights = random_weights(60, 3.0, seed=1)
    weights[np.abs(weights) < 0.3] = 0
    times = dict(k=5, t_sim=10, transient=2, frame_transient=2)
    found = [lyapunov_spectrum(Rnn(j), **times).exponents for j in (weights, sparse.coo_matrix(weights))]
    assert np.abs(found[0] - found[1]).max() < 1e-10


def test_steps_of_a_sparse_network():
    rng = np.random.default_rng(0)
    weights = np.where(rng.random((9, 9)) < 0.3, rng.normal(size=(9, 9)), 0)
    nets = [Rnn(j, "tanh_pos", gain=rng.uniform(1, 2, 3), types=[0, 1, 2] * 3) for j in (weights, 0)[:1]]
    nets.append(nets[0].replace(weights=sparse.csc_array(weights)))
    h, q, x = rng.normal(size=9), rng.normal(size=(9, 4)), rng.normal(size=9)
    for one, two in zip(nets[0].step(h, q), nets[1].step(h, q), strict=True):
        np.testing.assert_allclose(one, two, atol=1e-15)
    states = [np.asfortranarray(np.column_stack([h, q])) for _ in nets]
    for net, state in zip(nets, states, strict=True):
        net.advance(state, 5, x=x)
    np.testing.assert_allclose(*states, atol=1e-14)
    given = sparse.csr_array(weights)
    held = Rnn(given).weights
    given.data[:] = 0
    np.testing.assert_array_equal(held.toarray(), weights)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (sparse.csr_array(np.ones((2, 3))), "shape"),
        (sparse.csr_array(np.array([[0, np.nan], [1, 0]])), "NaN"),
        (sparse.csr_array(np.array([[0, 1j], [1, 0]])), "numeric"),
    ],
)
def test_bad_sparse_weights(weights, message):
    with pytest.raises(ParameterError, match=message):
        Rnn(weights)


@given(SMALL)
@settings(max_examples=20)
def test_dense_and_sparse_counts_are_the_same_region(roi):
    others = [
        Roi(roi.ids, counts, roi.signs, roi.transmitter, roi.fibre) for counts in (dense(roi), roi.counts.tocsc())
    ]
    for other in others:
        assert (other.weights() != roi.weights()).nnz == 0


def test_large_regions_become_sparse_networks(monkeypatch):
    from helpers.rnn import connectome

    roi = make_synthetic_roi(20, seed=0)
    assert isinstance(roi.rnn().weights, np.ndarray)
    monkeypatch.setattr(connectome, "DENSE", 19)
    assert sparse.issparse(roi.rnn().weights) and isinstance(roi.rnn(dense=True).weights, np.ndarray)


MEASURED = """
import re, sys
from pathlib import Path
from helpers.rnn.connectome import exponent_bound, load_traced
from helpers.rnn.lyapunov import lyapunov_spectrum
net = load_traced(sys.argv[1], excitatory=True).rnn()
found = lyapunov_spectrum(net, k=10, t_sim=2, transient=1, frame_transient=1).exponents
assert net.n > 4900 and found[0] < exponent_bound(net) < 0
print(int(re.search(r"VmHWM:\\s*(\\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the peak of memory is read from /proc")
def test_five_thousand_neurons_need_no_dense_matrix(tmp_path):
    """A matrix of 5,000 x 5,000 alone would take 200 MB; the tables, and ten exponents, stay below 250 in all."""
    rng, n = np.random.default_rng(0), 5000
    pre, post = rng.integers(n, size=(2, 100 * n))
    rows = np.column_stack([pre, post, rng.geometric(0.1, pre.size)])
    head = "bodyId_pre,bodyId_post,weight"
    np.savetxt(tmp_path / "traced-total-connections.csv", rows, "%d", ",", header=head, comments="")
    np.savetxt(tmp_path / "traced-neurons.csv", np.arange(n), "%d", header="bodyId", comments="")
    command = [sys.executable, "-c", MEASURED, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 250
