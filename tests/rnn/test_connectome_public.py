"""The published form of a connectome: every way to write it gives the same region; what is refused."""

import contextlib
import csv
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csgraph

from helpers.parameters import ParameterError
from helpers.rnn.connectome import Roi, load_roi, load_traced, make_synthetic_roi

WORDS = {  # spellings of the codes
    0: ("gaba", "GABA", "0", "0.0", " gaba "),
    1: ("acetylcholine", "ACh", "ach", "1", "1.0"),
    2: ("glutamate", "Glut", "glu", "2"),
    3: ("serotonin", "5HT", "5-ht", "ser", "3"),
    4: ("octopamine", "oct", "OA", "4"),
    5: ("dopamine", "DA", "dop", "5"),
    6: ("neither", "unknown", "unclear", "", "6", "NA", "nan", "None"),
}
ROIS = ("EB", "PB", "ATL(L)", "ATL(R)", 'a "quoted, word"')
FIRST = 720575940628857210  # ids of 18 digits, which floats would round
TWICE = pytest.mark.filterwarnings("ignore:.*(rows that are there before|knows no transmitter|leaves out)")
SMALL = st.builds(make_synthetic_roi, st.integers(4, 15), density=st.sampled_from([0.4, 1.0]), seed=st.integers(0, 99))
WANTED_ROIS = st.lists(st.sampled_from(ROIS), min_size=1, unique=True)
YES_OR_NO = dict.fromkeys(("bom", "floats", "extra", "backwards", "blanks"), st.booleans())
ENDS, QUOTES = st.sampled_from(["\n", "\r\n"]), st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
STYLES = st.fixed_dictionaries(dict(**YES_OR_NO, lineterminator=ENDS, quoting=QUOTES))


def write(path, columns, *, bom=False, floats=False, extra=False, backwards=False, blanks=False, **words):
    """Write columns of equal length as a csv file, in a style."""
    if floats:
        columns = {name: [f"{x}.0" if isinstance(x, int) else x for x in values] for name, values in columns.items()}
    if extra:
        n = len(next(iter(columns.values())))
        columns = {"instance": ["one, two"] * n, **columns, "status": ["Träced"] * n}
    if backwards:
        columns = dict(reversed(columns.items()))
    rows = [columns, *zip(*columns.values(), strict=True)]
    if blanks:
        rows = [*([f" {word} " for word in row] for row in rows), [], [" "], [""] * len(columns)]
    text = io.StringIO()
    csv.writer(text, **words).writerows(rows)
    path.write_bytes((b"\xef\xbb\xbf" if bom else b"") + text.getvalue().encode())


def publish(folder, roi, rng, *, outside=0, **style):
    """Write a region as the published tables, and `outside` neurons that only receive; return {place: id} and rows.

    The synapses of a pair are shared out over ROIS; a row is (sender, receiver, roi, synapses), in places.
    """
    ids = FIRST + np.append(roi.ids, roi.ids[-1] + 1 + np.arange(outside))
    rows = [(0, roi.n + i, "EB", 7) for i in range(outside)]
    for i, o in np.transpose(roi.counts.nonzero()):
        left = int(roi.counts[i, o])
        while left:
            rows.append((i, o, str(rng.choice(ROIS)), int(rng.integers(1, left + 1))))
            left -= rows[-1][-1]
    pre, post, names, weights = zip(*[rows[i] for i in rng.permutation(len(rows))], strict=True)
    ends = dict(bodyId_pre=ids[list(pre)].tolist(), bodyId_post=ids[list(post)].tolist())
    write(folder / "traced-roi-connections.csv", dict(**ends, roi=names, weight=weights), **style)
    order = rng.permutation(ids.size)
    kinds = [f"PDM{code:02d}" for code in roi.fibre] + ["none"] * outside
    words = [str(rng.choice(WORDS[code])) for code in roi.transmitter] + ["gaba"] * outside
    known = dict(bodyId=ids[order].tolist())
    write(folder / "traced-neurons.csv", dict(**known, type=[kinds[i] for i in order]), **style)
    write(folder / "nt.csv", dict(transmitter=[words[i] for i in order], **known), **style)
    return ids.tolist(), rows


def same(one, two):
    """Whether two regions have the same neurons, types and counts."""
    pairs = [(getattr(one, name), getattr(two, name)) for name in ("ids", "signs", "transmitter")]
    pairs += [(one.counts.toarray(), two.counts.toarray()), (one.types("cell_fibers"), two.types("cell_fibers"))]
    return all(np.array_equal(*pair) for pair in pairs)


@TWICE
@given(SMALL, STYLES, st.none() | WANTED_ROIS, st.integers(1, 30), st.integers(0, 99), st.integers(0, 3))
@settings(max_examples=120)
def test_the_largest_part_above_the_threshold_is_the_same_however_it_is_written(
    tmp_path_factory, roi, style, words, min_weight, seed, outside
):
    """The threshold acts on the sum over the chosen ROIs; ROIs that no row names, and parts of one, are refused."""
    folder = tmp_path_factory.mktemp("traced")
    ids, rows = publish(folder, roi, np.random.default_rng(seed), outside=outside, **style)
    counts = np.zeros((len(ids), len(ids)))
    for i, o, word, weight in rows:
        counts[i, o] += weight * (words is None or word in words)
    counts[counts < min_weight] = 0
    parts = csgraph.connected_components(counts, connection="strong")[1]
    largest = np.bincount(parts).max()
    fits = set(words or ()) <= {row[2] for row in rows} and largest > 1
    with contextlib.nullcontext() if fits else pytest.raises(ParameterError):
        found = load_traced(folder, folder / "nt.csv", roi=words, min_weight=min_weight)
    if fits:
        kept = np.array([ids.index(i) for i in found.ids.tolist()])
        assert len(kept) == largest and np.ptp(parts[kept]) == 0
        described = roi.signs[kept], roi.transmitter[kept], roi.fibre[kept]
        assert same(found, Roi(np.array(ids)[kept], counts[np.ix_(kept, kept)], *described))
        found.write(folder)
        assert same(load_roi(folder), found)


# --- a small region by hand

NEURONS = 'bodyId,type,instance\n10,PEN,"a, b"\n20,PEN,x\n30,,x\n40,EPG,x\n'
HEAD = "bodyId_pre,bodyId_post,roi,weight\n"
EDGES = (
    f"{HEAD}10,20,EB,3\n10,20,PB,2\n20,30,EB,6\n30,10,ATL(L),3\n30,10,ATL(R),4\n"
    "30,40,EB,9\n50,10,EB,9\n10,30,PB,1\n20,10,EB,3\n10,10,EB,99\n"
)
TOTAL = "bodyId_pre,bodyId_post,weight\n10,20,8\n20,10,9\n"
WANTED = "bodyId,transmitter\n10,ACh\n20,gaba\n30,acetylcholine\n40,1\n"
FILES = dict(neurons="traced-neurons", edges="traced-roi-connections", total="traced-total-connections")


def load(folder, *, neurons=NEURONS, edges=EDGES, total=None, transmitters=WANTED, table="nt.csv", **options):
    """Write the tables that are not None into a folder, and load the region in it."""
    texts = dict(neurons=neurons, edges=edges, total=total, transmitters=transmitters)
    for name, text in texts.items():
        if text is not None:
            (folder / f"{FILES.get(name, 'nt')}.csv").write_text(text)
    return load_traced(folder, table and folder / table, **options)


AGAIN = EDGES + "10,20,EB,3\n30,10,ATL(L),5\n"
UNKNOWN = WANTED.replace("acetylcholine", "NA")
SIGNED = "bodyId,transmitter,cell_body_fiber,sign\n10,NA,3,1\n20,da,4,1\n"  # with signs none needs a transmitter
ALL_EXCITE = dict(counts=[[0, 5, 1], [3, 0, 6], [7, 0, 0]], ids=[10, 20, 30], signs=[1] * 3, transmitter=[1] * 3)
OF_TWO = dict(ids=[10, 20], signs=[1, 1], transmitter=[6, 5], fibre=[3, 4])
BY_HAND = [  # changes of the tables, the region, and its one warning
    (dict(total=TOTAL), dict(counts=[[0, 8], [9, 0]]), ""),
    (dict(total=TOTAL, roi="EB"), dict(counts=[[0, 3], [3, 0]]), ""),
    (dict(table=None, excitatory=True), ALL_EXCITE, ""),
    (dict(neurons="bodyId\n10\n20\n30\n"), dict(fibre=[0, 0, 0]), ""),
    (dict(neurons="bodyId,type\n10,0\n20,3\n30,3\n"), dict(fibre=[0, 3, 3]), ""),
    (dict(neurons="bodyId,type\n10,-1\n20,2\n30,4\n"), dict(fibre=[0, 1, 2]), ""),
    (dict(neurons=f"bodyId,type\n10,{'1' * 30}\n20,2\n30,4\n"), dict(fibre=[0, 1, 2]), ""),
    (dict(neurons="bodyId,type\n10,PEN\n20,PEN\n30,EPG\n"), dict(fibre=[1, 1, 0]), ""),
    (dict(transmitters=SIGNED), OF_TWO, "nt.csv leaves out 2 of 4 neurons"),
    (dict(transmitters=UNKNOWN), dict(signs=[1, -1, -1], transmitter=[1, 0, 6]), "no transmitter of 1 of 4 neurons"),
    (dict(edges=AGAIN), dict(counts=[[0, 8, 1], [3, 0, 6], [12, 0, 0]]), "connections.csv has 2 rows that are there"),
]


@pytest.mark.parametrize(("changes", "wanted", "says"), BY_HAND)
def test_regions_by_hand(tmp_path, recwarn, changes, wanted, says):
    """The totals serve where no ROI is asked for; types are codes where all are whole numbers, else words."""
    roi = load(tmp_path, **changes)
    found = vars(roi) | dict(counts=roi.counts.toarray())
    for name, values in wanted.items():
        np.testing.assert_array_equal(found[name], values)
    told = [str(warning.message) for warning in recwarn if warning.category is UserWarning]
    assert len(told) == bool(says) and says in "".join(told)


def test_the_largest_part_is_taken_on_request(tmp_path):
    roi = make_synthetic_roi(6, density=1.0, seed=0)
    roi.write(tmp_path)
    with (tmp_path / "neurons.csv").open("a") as neurons:
        neurons.write("9999999999,ACh,PDM25,1\n")
    with pytest.raises(ParameterError, match=r"largest of 6 of 7 neurons; .* with largest=True"):
        load_roi(tmp_path)
    assert load_roi(tmp_path, largest=True).ids.tolist() == roi.ids.tolist()


BAD = [
    (dict(largest=False), "2 strongly connected parts, the largest of 3 of 4 neurons"),
    (dict(roi="NO"), r"roi = 'NO' is unknown; choose one of: ATL\(L\), ATL\(R\), EB, PB"),
    (dict(roi=()), "roi is empty; give words of the column roi, or None"),
    (dict(min_weight=50), "50 leaves none of the 6 connections of 4 neurons, at most 9 synapses each"),
    (dict(min_weight=7), "7 leaves 2 of the 6 connections .* no two neurons that reach each other"),
    (dict(excitatory=True), "not both"),
    (dict(transmitters="bodyId,transmitter\n1,ach\n2,da\n"), "none of the 4 neurons: its 2 start with 1, those of"),
    (dict(transmitters="bodyId,transmitter\n10,acetil\n"), "transmitter = 'acetil' is unknown; choose one of"),
    (dict(transmitters="bodyId,nt\n10,ach\n"), "no column transmitter, found bodyId, nt"),
    (dict(transmitters=WANTED + "10,da\n"), "nt.csv .* 1 repeated neurons, the first 10"),
    (dict(edges=HEAD + "1,2,EB,3\n"), "1 of 1 edges with unknown neurons, the first from 1 to 2; the 4 neurons"),
    (dict(edges=EDGES + "10,20,EB,-3\n"), "weights from -3 to 99; allowed: 0 to 1000000000; repair the table"),
    (dict(edges=EDGES + f"10,20,EB,{9 * 10**18}\n" * 2), "weights from 1 to 9000000000000000000; allowed: 0 to 10"),
    (dict(edges=HEAD + "10,20,EB,2.5\n"), "traced-roi-connections.csv .*line 2: '2.5' in column weight is not a"),
    (dict(edges=HEAD + "10,20,EB\n"), "traced-roi-connections.csv .*line 2"),
    (dict(edges=HEAD), "no rows"),
    (dict(neurons=NEURONS + "1e999999999,x,y\n"), "line 6: '1e999999999' in column bodyId is not a whole number"),
    (dict(neurons=NEURONS + f"50,{'B' * 201},y\n"), "line 6: a word of 201 letters in column type, allowed"),
    (dict(neurons=NEURONS + f"{'5' * 201},B,y\n"), "line 6: a word of 201 letters in column bodyId"),
    (dict(neurons=NEURONS + '50,"B\n60,C,y\n'), "traced-neurons.csv .* a wrong quote after line 5: unexpected end"),
]


@TWICE
@pytest.mark.parametrize(("changes", "message"), BAD)
def test_what_does_not_fit_is_one_line_that_says_what_was_found(tmp_path, changes, message):
    with pytest.raises(ParameterError, match=rf"^[^\n]*{message}[^\n]*$"):
        load(tmp_path, **changes)
