"""The published form of a connectome: every way to write it gives the same region; what is refused; sparse networks."""

import csv
import dataclasses
import functools
import io
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from helpers.parameters import ParameterError
from helpers.rnn.connectome import Roi, exponent_bound, load_roi, load_traced, make_synthetic_roi
from helpers.rnn.lyapunov import lyapunov_spectrum
from helpers.rnn.model import Rnn

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
TWICE = pytest.mark.filterwarnings("ignore:.*(rows that are there before|knows no transmitter|leaves out)")
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


def same(one, two):
    """Whether two regions have the same neurons, types and counts."""
    fields = [
        [*(getattr(roi, f.name) for f in dataclasses.fields(roi) if f.name != "counts"), dense(roi)]
        for roi in (one, two)
    ]
    return all(np.array_equal(a, b) for a, b in zip(*fields, strict=True))


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
    assert same(load_roi(folder), found)


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
    ids = [720575940628857210 + i for i in range(6)]
    publish(
        tmp_path,
        make_synthetic_roi(6, density=1.0, seed=0),
        np.random.default_rng(0),
        dataclasses.replace(PLAIN, floats=True),
        ids=ids,
    )
    found = load_traced(tmp_path, tmp_path / "nt.csv")
    assert found.ids.tolist() == ids
    found.write(tmp_path)
    assert load_roi(tmp_path).ids.tolist() == ids


# --- a small region by hand

NEURONS = 'bodyId,type,instance\n10,PEN,"a, b"\n20,PEN,x\n30,,x\n40,EPG,x\n'
HEAD = "bodyId_pre,bodyId_post,roi,weight\n"
EDGES = (
    f"{HEAD}10,20,EB,3\n10,20,PB,2\n20,30,EB,6\n30,10,ATL(L),3\n30,10,ATL(R),4\n"
    "30,40,EB,9\n50,10,EB,9\n10,30,PB,1\n20,10,EB,3\n10,10,EB,99\n"
)
TOTAL = "bodyId_pre,bodyId_post,weight\n10,20,8\n20,10,9\n"
WANTED = "bodyId,transmitter\n10,ACh\n20,gaba\n30,acetylcholine\n40,1\n"


def folder_of(folder, neurons=NEURONS, edges=EDGES, transmitters=WANTED, total=None):
    texts = {"traced-neurons": neurons, "traced-roi-connections": edges, "nt": transmitters}
    for name, text in (texts | {"traced-total-connections": total}).items():
        if text is not None:
            (folder / f"{name}.csv").write_text(text)
    return folder, folder / "nt.csv"


@pytest.mark.parametrize(
    ("total", "options", "counts"),
    [
        (None, {}, [[0, 5, 1], [3, 0, 6], [7, 0, 0]]),
        (None, dict(min_weight=5), [[0, 5, 0], [0, 0, 6], [7, 0, 0]]),  # rows of a pair are summed first
        (None, dict(roi="EB"), [[0, 3], [3, 0]]),
        (None, dict(roi=("EB", "ATL(L)")), [[0, 3, 0], [3, 0, 6], [3, 0, 0]]),
        (TOTAL, {}, [[0, 8], [9, 0]]),
        (TOTAL, dict(roi="EB"), [[0, 3], [3, 0]]),
    ],
)
def test_a_region_by_hand(tmp_path, total, options, counts):
    roi = load_traced(*folder_of(tmp_path, total=total), **options)
    assert dense(roi).tolist() == counts and roi.ids.tolist() == [10, 20, 30][: len(counts)]
    assert roi.signs.tolist() == [1, -1, 1][: len(counts)]


def test_excitatory_needs_no_table(tmp_path):
    folder, _ = folder_of(tmp_path, transmitters=None)
    roi = load_traced(folder, excitatory=True)
    assert roi.signs.tolist() == [1, 1, 1] and roi.transmitter.tolist() == [1, 1, 1]
    np.testing.assert_allclose(roi.weights().sum(axis=1), 0.5)


@pytest.mark.parametrize("types", [None, "-1 2 4", "1e30 2 4", f"{'1' * 30} 2 4", "2.5 2 nan", "PEN PEN EPG"])
def test_types_that_are_no_codes_are_words_and_none_is_one_fibre(tmp_path, types):
    kinds = types.split() if types else [""] * 3
    neurons = "bodyId,type\n" + "".join(f"{i}0,{kind}\n" for i, kind in enumerate(kinds, 1))
    neurons = neurons if types else "bodyId\n10\n20\n30\n"
    roi = load_traced(*folder_of(tmp_path, neurons=neurons))
    assert roi.fibre.tolist() == [sorted(set(kinds)).index(kind) for kind in kinds]


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
    assert same(roi, plain) and len(recwarn) == 0


@pytest.mark.parametrize("word", ["NA", "nan", "None"])
def test_neurons_without_a_transmitter_are_counted_in_a_warning(tmp_path, word):
    where = folder_of(tmp_path, transmitters=WANTED.replace("acetylcholine", word))
    with pytest.warns(UserWarning, match=r"nt\.csv knows no transmitter of 1 of 4 neurons, which count as inhibitory"):
        roi = load_traced(*where)
    assert roi.signs.tolist() == [1, -1, -1] and roi.transmitter.tolist() == [1, 0, 6]


def test_signs_of_the_table_need_no_such_warning(tmp_path, recwarn):
    table = "bodyId,transmitter,sign\n10,1,1\n20,0,-1\n30,NA,1\n40,1,1\n"
    assert load_traced(*folder_of(tmp_path, transmitters=table)).signs.tolist() == [1, -1, 1] and len(recwarn) == 0


def test_rows_that_come_again_are_summed_with_a_warning(tmp_path):
    told = r"\.csv has {} rows that are there before.*summed"
    again = dict(edges=EDGES + "10,20,EB,3\n30,10,ATL(L),5\n")
    with pytest.warns(UserWarning, match="traced-roi-connections" + told.format(2)):
        assert dense(load_traced(*folder_of(tmp_path, **again)))[0, 1] == 8
    with pytest.warns(UserWarning, match="traced-total-connections" + told.format(1)):
        assert dense(load_traced(*folder_of(tmp_path, total=TOTAL + "10,20,1\n")))[0, 1] == 9
    roi = make_synthetic_roi(6, density=1.0, seed=0)
    roi.write(tmp_path)
    rows = (tmp_path / "edges.csv").read_text()
    (tmp_path / "edges.csv").write_text(rows + rows.split("\n", 1)[1])
    with pytest.warns(UserWarning, match="edges" + told.format(roi.counts.nnz)):
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


BAD_OPTIONS = [
    (dict(roi="NO"), r"roi = 'NO' is unknown; choose one of: ATL\(L\), ATL\(R\), EB, PB"),
    (dict(roi=("EB", "eb")), "roi = 'eb' is unknown"),
    (dict(roi=()), "roi is empty; give words of the column roi, or None"),
    (dict(min_weight=50), "50 leaves none of the 6 connections of 4 neurons, at most 9 synapses each"),
    (dict(min_weight=7), "7 leaves 2 of the 6 connections .* no two neurons that reach each other"),
    (dict(excitatory=True), "not both"),
    (dict(transmitters=None), "transmitters=FILE.*excitatory=True"),
]
BAD_TABLES = [  # all of a table, or rows more if there is no head
    ("transmitters", "bodyId,transmitter\n1,ach\n2,da\n", "nt.csv has none of the 4 neurons: its 2 start wi"),
    ("transmitters", "bodyId,transmitter\n10,acetil\n", "transmitter = 'acetil' is unknown; choose one of"),
    ("transmitters", "bodyId,nt\n10,ach\n", "no column transmitter, found bodyId, nt"),
    ("transmitters", "10,da\n", "nt.csv .* 1 repeated neurons, the first 10"),
    (
        "edges",
        f"{HEAD}1,2,EB,3\n",
        "1 of 1 edges with unknown neurons, the first from 1 to 2; the 4 neurons start with 10",
    ),
    ("edges", "10,20,EB,-3\n", "weights from -3 to 99; allowed: 0 to 1000000000; repair the table"),
    ("edges", "10,20,EB,9000000000000000000\n" * 2, "weights from 1 to 9000000000000000000; allowed: 0 to 1000000000"),
    ("edges", f"{HEAD}10,10,EB,3\n", "leaves none of the 0 connections of 4 neurons"),
    ("edges", f"{HEAD}10,20,EB,2.5\n", "line 2: '2.5' in column weight is not a"),
    ("edges", f"{HEAD}10,20,EB\n", "traced-roi-connections.csv .*line 2"),
    ("edges", f"{HEAD}10,20,EB,nan\n", "line 2"),
    ("edges", HEAD, "no rows"),
    ("edges", TOTAL, "no column roi, found bodyId_pre"),
    ("edges", None, "traced-roi-connections.csv is not a table .*No such file"),
    ("neurons", "NA,x,y\n", "line 6: 'NA' in column bodyId is not a whole number"),
    ("neurons", "'50',x,y\n", "line 6: .*'50'.* in column bodyId is not a whole number"),
    ("neurons", "1e999999999,x,y\n", "'1e999999999' in column bodyId is not a whole number"),
    ("neurons", "1" * 30 + ",x,y\n", "1' in column bodyId is not a whole number below 2.63"),
    ("neurons", '50,"B\n60,C,y\n', "traced-neurons.csv .* a wrong quote after line 5: unexpected end"),
    ("neurons", '50,"B\n60,"C",y\n', "a wrong quote after line 5: "),
    ("neurons", "20,x,y\n", "1 repeated neurons, the first 20"),
    ("neurons", "body,type\n10,x\n", "no column bodyId, found body, type"),
    ("neurons", None, "traced-neurons.csv is not a table .*No such file"),
]


def refused(where, message, **options):
    folder, table = where
    with pytest.raises(ParameterError, match=message) as failed:
        load_traced(folder, **dict(transmitters=table) | options)
    assert "\n" not in str(failed.value)


@pytest.mark.parametrize(("options", "message"), BAD_OPTIONS)
def test_options_that_are_refused(tmp_path, options, message):
    refused(folder_of(tmp_path), message, **options)


@TWICE
@pytest.mark.parametrize(("name", "text", "message"), BAD_TABLES)
def test_tables_that_are_refused_say_what_was_found(tmp_path, name, text, message):
    whole = dict(neurons=NEURONS, edges=EDGES, transmitters=WANTED)[name]
    text = text if text is None or text.startswith("body") else whole + text
    refused(folder_of(tmp_path, **{name: text}), message)


# --- sparse networks


@pytest.mark.parametrize(
    ("kind", "dtype", "bound"), [("tanh_pos", "float64", 1e-10), ("tanh_streched", "float32", 1e-4)]
)
def test_sparse_and_dense_networks_have_the_same_exponents(kind, dtype, bound):
    roi, gain = make_synthetic_roi(40, seed=3), np.random.default_rng(0).uniform(0.5, 3, 40)
    nets = [roi.rnn(kind, dense=is_dense).replace(gain=gain, shift=gain - 1) for is_dense in (True, False)]
    assert sparse.issparse(nets[1].weights) and not sparse.issparse(nets[0].weights)
    for k in (6, 40):
        one, two = (lyapunov_spectrum(net, k=k, t_sim=40, dtype=dtype).exponents for net in nets)
        assert np.abs(one - two).max() < bound and one[0] < exponent_bound(nets[1])
    assert exponent_bound(nets[0]) == pytest.approx(exponent_bound(nets[1]), abs=1e-14)


def test_steps_of_a_sparse_network():
    rng = np.random.default_rng(0)
    weights = np.where(rng.random((9, 9)) < 0.3, rng.normal(size=(9, 9)), 0)
    given = sparse.csr_array(weights)
    net = Rnn(weights, "tanh_pos", gain=rng.uniform(1, 2, 3), types=[0, 1, 2] * 3)
    nets = net, net.replace(weights=given)
    given.data[:] = 0  # the network has a copy
    x, states = rng.normal(size=9), [np.asfortranarray(rng.normal(size=(9, 5)))]
    states.append(states[0].copy(order="F"))
    for each, state in zip(nets, states, strict=True):
        each.advance(state, 5, x=x)
    np.testing.assert_allclose(*states, atol=1e-14)


@pytest.mark.parametrize(
    ("weights", "message"),
    [(np.ones((2, 3)), "shape"), (np.array([[0, np.nan], [1, 0]]), "NaN"), (np.array([[0, 1j], [1, 0]]), "numeric")],
)
def test_bad_sparse_weights(weights, message):
    with pytest.raises(ParameterError, match=message):
        Rnn(sparse.csr_array(weights))


def test_dense_and_sparse_counts_are_the_same_region():
    roi = make_synthetic_roi(15, seed=0)
    for counts in (dense(roi), roi.counts.tocsc()):
        assert same(Roi(roi.ids, counts, roi.signs, roi.transmitter, roi.fibre), roi)


@TWICE
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
    found = lyapunov_spectrum(net, k=10, t_sim=2, transient=1, frame_transient=1).exponents
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert net.n > 2450 and sparse.issparse(net.weights) and found[0] < exponent_bound(net) < 0
    assert peak < 20e6
    assert isinstance(roi.rnn(dense=True).weights, np.ndarray)
    assert isinstance(make_synthetic_roi(20, seed=0).rnn().weights, np.ndarray)
