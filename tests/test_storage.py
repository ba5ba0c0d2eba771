"""Files appear whole or not at all, and no damage to a stored array goes unseen."""

import copy
import functools
import multiprocessing
import os
import platform
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
import quantities as pq
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from helpers import storage
from helpers.parameters import OutputError, ParameterError
from helpers.storage import DamagedFile, read_arrays, write_all, write_arrays, write_text

ARRAYS = {
    "rate_hz": np.arange(6.0).reshape(2, 3).T,
    "pair": np.zeros(2, dtype=[("left", "<i4"), ("right", ">f8")]),
}
RECORD = {"seed": 3, "settings": [0.1, None, "a"]}
NESTED = functools.reduce(lambda inside, _: [inside], range(5000), [])
CYCLE = []
CYCLE.append(CYCLE)


def content(arrays):
    """Return names, kinds, types, shapes and bytes of arrays, to be compared."""
    return {name: (type(array), array.dtype, array.shape, array.tobytes()) for name, array in arrays.items()}


def unharmed(path, body):
    """Whether a file with this content is either refused, or gives the arrays that were written."""
    path.write_bytes(body)
    try:
        arrays, record = read_arrays(path)
    except DamagedFile:
        return True
    return content(arrays) == content(ARRAYS) and record == RECORD


# Arrays


NAMES = st.text(max_size=8).filter(lambda name: name not in storage.RESERVED and "\0" not in name)
KINDS = hnp.scalar_dtypes() | hnp.array_dtypes(st.sampled_from(["<i4", ">f8", "<U3"]), max_size=2)


@given(st.dictionaries(NAMES, hnp.arrays(KINDS, hnp.array_shapes(min_dims=0, min_side=0, max_side=3)), max_size=2))
def test_what_is_written_is_read(tmp_path_factory, arrays):
    path = tmp_path_factory.getbasetemp() / "any.npz"
    write_arrays(path, arrays, RECORD)
    found, record = read_arrays(path)
    assert content(found) == content({name: array[()] for name, array in arrays.items()}) and record == RECORD


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_flipped_bit_or_a_truncation_is_found_or_harmless(tmp_path):
    """Every byte of the file has one of its bits flipped, another at each run of the same place; then every length."""
    path = tmp_path / "a.npz"
    write_arrays(path, ARRAYS, RECORD)
    body = path.read_bytes()
    for place in range(len(body)):
        harmed = bytearray(body)
        harmed[place] ^= 1 << (place * 5 + 3) % 8
        assert unharmed(path, harmed), f"byte {place}"
    for length in range(0, len(body), 20):
        assert unharmed(path, body[:length]), f"length {length}"


def test_a_sound_file_with_other_content_is_found(tmp_path):
    """A zip archive without fault, written by whoever: the checksum alone can tell."""
    path, rate_hz, pair = tmp_path / "a.npz", ARRAYS["rate_hz"], ARRAYS["pair"]
    write_arrays(path, ARRAYS, RECORD)
    with np.load(path) as file:
        members = dict(file)
    np.savez(path, **members)
    assert content(read_arrays(path)[0]) == content(ARRAYS)
    for change in (
        {"rate_hz": rate_hz.reshape(-1)},
        {"rate_hz": rate_hz.astype("f4")},
        {"pair": pair.astype([("right", "<i4"), ("left", ">f8")])},
        {"more": 1},
        {"record_json": '{"seed": 4}'},
    ):
        np.savez(path, **members | change)
        with pytest.raises(DamagedFile, match="its checksum does not fit"):
            read_arrays(path)


def test_a_file_that_the_disk_falsified_is_never_named(tmp_path, monkeypatch):
    save = np.savez
    monkeypatch.setattr(np, "savez", lambda file, **arrays: save(file, **arrays | {"rate_hz": 7.0}))
    with pytest.raises(DamagedFile, match="its checksum does not fit"):
        write_arrays(tmp_path / "a.npz", ARRAYS)
    assert os.listdir(tmp_path) == []


class Harm:
    def __init__(self, place):
        self.place = place

    def __reduce__(self):
        return os.mkdir, (self.place,)


def zip_of_text(path):
    members = {storage.RECORD: np.array("null"), "x": b"text"}
    np.savez(path, **{storage.RECORD: "null", storage.CHECKSUM: storage._checksum(members)})
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("x", b"text")


FOREIGN = {
    "missing": lambda path: None,
    "text": lambda path: path.write_text("not\nan\narray"),
    "npy": lambda path: np.save(path.open("wb"), np.arange(3)),
    "zip of text": zip_of_text,
    "npz of another program": lambda path: np.savez(path, rate_hz=7.0),
    "npz with code": lambda path: np.savez(path, rate_hz=np.array([Harm(path.parent / "harm")], object), sha256="0"),
    "code": lambda path: np.array([Harm(path.parent / "harm")], object).dump(path),
}


@pytest.mark.parametrize("make", FOREIGN.values(), ids=FOREIGN)
def test_a_foreign_file_is_one_line_and_no_code_in_it_is_run(tmp_path, make):
    make(tmp_path / "a.npz")
    with pytest.raises(DamagedFile, match=r"^[^\n]*a\.npz cannot be used \([^\n]+\); delete it[^\n]*$"):
        read_arrays(tmp_path / "a.npz")
    assert not (tmp_path / "harm").exists()


def write_record(path, record):
    write_arrays(path, {"a": 1}, record)


REFUSED = [
    (write_arrays, {"file": 1}, "an array cannot have the name 'file'; choose another"),
    (write_arrays, {"a" * 70_000: 1}, "an array cannot have the name 'aaa.*; choose another"),
    (write_arrays, {"a\0b": 1}, "an array cannot have the name .*; choose another"),
    (write_arrays, {"\ud800": 1}, r"an array cannot have the name '\\ud800'; choose another"),
    (write_arrays, {1: 1, "1": 2}, "an array cannot have the name '1'; choose another"),
    (write_arrays, {"a": 1, "a.npy": 2}, "an array cannot have the name 'a.npy'; choose another"),
    (write_arrays, {"a": np.zeros(1, dtype=[("o", object)])}, "'a' is not an array"),
    (write_arrays, {"a": np.ma.array([1.0], mask=[1])}, "'a' is a MaskedArray, whose mask or unit would be lost"),
    (write_arrays, {"a": [np.ma.array([1.0, 2.0], mask=[0, 1])]}, "a has masked elements"),
    (write_arrays, {"a": [1 * pq.ms]}, "a carries the unit ms"),
    (write_arrays, {"a": [[1], [1, 2]]}, "'a' is not an array.* rows of different lengths"),
    (write_arrays, {"a": NESTED}, "a holds lists nested|'a' is not an array"),
    (write_record, NESTED, "record holds what JSON cannot .maximum recursion"),
    (storage.write_json, {"a": {1}}, r"record holds what JSON cannot \(a value of type set\)"),
    (storage.write_json, {(1, 2): 1}, "record holds what JSON cannot .keys must be str"),
    (storage.write_json, {"a": CYCLE}, "record holds what JSON cannot .Circular reference"),
    (storage.write_json, {"a": NESTED}, "record holds what JSON cannot .maximum recursion"),
    (storage.write_json, {"a": [{1: 1, "1": 2}]}, "record has a name twice, as text: .'1', '1'.; give each another"),
    (storage.write_json, {"a": "\ud800"}, r"record holds '\\ud800', which UTF-8 cannot write"),
    (write_text, "a\udcff", r"text holds '\\udcff', which UTF-8 cannot write"),
]


def test_what_would_be_lost_or_has_no_name_is_refused(tmp_path):
    for write, content, words in REFUSED:
        with pytest.raises(ParameterError, match=rf"^(?:{words})[^\n]*$"):
            write(tmp_path / "a", content)
    for path, words in (("/", "'/' names no file; give a name"), ("\ud800", r"'\\ud800' is no name that a file can")):
        with pytest.raises(ParameterError, match=rf"^path = {words}[^\n]*$"):
            write_text(path, "a")
    with pytest.raises(ParameterError, match=r"^files = [^\n]* names a file twice; give each path once$"):
        write_all({str(tmp_path / "a"): Path.touch, tmp_path / "a": Path.touch})
    assert list(tmp_path.iterdir()) == []


def test_units_in_lists_are_converted_to_that_of_the_name(tmp_path):
    write_arrays(tmp_path / "a.npz", {"t_ms": [1 * pq.ms, 2 * pq.s]})
    assert read_arrays(tmp_path / "a.npz")[0]["t_ms"].tolist() == [1, 2000]


def test_a_long_path_is_shortened_in_the_message(tmp_path):
    for call in (lambda path: write_arrays(path, {"a": 1}), read_arrays, storage.read_json):
        with pytest.raises(OutputError, match=r"^[^\n]*File name too long[^\n]*$") as caught:
            call(tmp_path / ("x" * 1000))
        assert len(str(caught.value)) <= 600


# Files: all or none


def fails(error):
    def fill(draft):
        draft.write_text("half")
        raise error

    return fill


def refuse(draft):
    if draft.read_text() == "new 2":
        raise RuntimeError("stop")


KINDS = ("MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64")


def leaves(state, way=()):
    """Yield the way to each value of a nested mapping."""
    for name, value in state.items():
        yield from leaves(value, (*way, name)) if isinstance(value, dict) else [(*way, name)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_generator_goes_on_and_every_value_of_its_state_is_checked(kind):
    rng = np.random.Generator(getattr(np.random, kind)(3))
    rng.random(5, dtype=np.float32)
    state = rng.bit_generator.state
    assert storage.stored_generator("rng", state).random(9).tolist() == rng.random(9).tolist()
    for way in leaves(state):
        for wrong in (None, -1, 1.0, True, 2**200, np.zeros(1, np.uint64), KINDS[0]):
            given = copy.deepcopy(state)
            inner = functools.reduce(dict.get, way[:-1], given)
            inner[way[-1]] = wrong
            if (wrong, way) != (kind, ("bit_generator",)):
                with pytest.raises(ParameterError, match=rf"^rng\.{'.'.join(way)}|^rng[.\w]*: .* unknown or missing"):
                    storage.stored_generator("rng", given)
            del inner[way[-1]]
            with pytest.raises(ParameterError, match=rf"{way[-1]}"):
                storage.stored_generator("rng", given)
    for none in (None, [], "PCG64", {}, {"bit_generator": []}, {"bit_generator": np.array(["PCG64", "x"])}):
        with pytest.raises(ParameterError, match=r"^rng.bit_generator = .*; allowed: MT19937, PCG64"):
            storage.stored_generator("rng", none)


def test_a_mersenne_twister_that_would_give_zeros_for_ever_is_refused():
    state = np.random.MT19937(0).state
    key = state["state"]["key"]
    for first, last, good in ((0, 0, False), (2**31 - 1, 0, False), (2**31, 0, True), (0, 1, True)):
        key[:], key[0], key[-1] = 0, first, last
        if good:
            assert storage.stored_generator("rng", state).random(2000).any()
        else:
            with pytest.raises(ParameterError, match=r"^rng\.state\.key is all 0[^\n]*$"):
                storage.stored_generator("rng", state)


def test_names_of_any_kind_are_compared():
    for found, names, words in (
        ({1: 2, "a": 3}, ["b"], "p: 1, a, b unknown or missing"),
        ([1], [1, 2], r"p = \[1\]; allowed: values by name, 1, 2"),
        ({"a": 1}, "a", "names = 'a' is one text"),
    ):
        with pytest.raises(ParameterError, match=rf"^{words}[^\n]*$"):
            storage.check_names("p", found, names)


@pytest.mark.parametrize(
    ("name", "fill", "error"),
    [
        ("2.txt", fails(RuntimeError("stop")), RuntimeError),
        ("2.txt", fails(OSError(28, "No space left on device")), OutputError),
        ("2.txt", fails(KeyboardInterrupt()), KeyboardInterrupt),
        ("2.txt", lambda draft: draft.write_text("new 2"), RuntimeError),
        ("2.txt", lambda draft: None, OutputError),
        ("folder", Path.touch, OutputError),
        ("0.txt/below", Path.touch, OutputError),
    ],
)
def test_all_files_or_none(tmp_path, name, fill, error):
    (tmp_path / "folder").mkdir()
    (tmp_path / "0.txt").write_text("old")
    files = {"0.txt": Path.touch, "1.txt": Path.touch, name: fill, "3.txt": Path.touch}
    with pytest.raises(error, match=r"^[^\n]*$") as caught:
        write_all({tmp_path / name: fill for name, fill in files.items()}, verify=refuse)
    assert sorted(os.listdir(tmp_path)) == ["0.txt", "folder"] and (tmp_path / "0.txt").read_text() == "old"
    assert error is not OutputError or str(tmp_path) in str(caught.value)


def test_a_file_in_a_new_folder_is_written_again_with_the_mode_of_open(tmp_path):
    before = os.umask(0o027)
    try:
        for text in ("old", "é"):
            write_text(tmp_path / "deep" / "er" / "ours", text)
        (tmp_path / "theirs").touch()
    finally:
        os.umask(before)
    (path,) = (tmp_path / "deep" / "er").iterdir()
    assert path.stat().st_mode == (tmp_path / "theirs").stat().st_mode and path.read_bytes() == "é".encode()


def rewrite(path, value):
    for _ in range(30):
        write_arrays(path, {"value": np.full(2000, value)})


def test_two_processes_may_write_one_file(tmp_path):
    """Whoever reads meanwhile finds one or the other, whole."""
    path = tmp_path / "a.npz"
    rewrite(path, 0.0)
    start = multiprocessing.get_context("fork").Process
    writers = [start(target=rewrite, args=(path, value)) for value in (1.0, 2.0)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        (value,) = set(read_arrays(path)[0]["value"])
        assert value in (0.0, 1.0, 2.0)
        time.sleep(0.005)
    assert [writer.exitcode for writer in writers] == [0, 0] and os.listdir(tmp_path) == ["a.npz"]


def test_abandoned_drafts_are_removed_and_nothing_else(tmp_path):
    """At the first write, drafts of an ended process and old ones of another machine go; those of the living stay."""
    ended, zombie = subprocess.Popen([sys.executable, "-c", ""]), subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    if sys.platform == "linux":
        os.waitid(os.P_PID, zombie.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and nobody has asked how
    else:
        zombie.wait()
    mine, here = storage.draft(tmp_path / "a").name, platform.node()
    theirs = [mine.replace(f"-{os.getpid()}-", f"-{process.pid}-") for process in (ended, zombie)]
    drafts = dict.fromkeys(theirs, 60) | {mine.replace(here, f"{here}x"): 7200}
    kept = {mine: 60, theirs[0].replace(here, f"{here}x"): 60}
    kept |= {".theirs.tmp": 7200, ".their-folder-7.tmp": 7200, mine.removesuffix(".tmp"): 7200}
    for path, age_s in (drafts | kept).items():
        (tmp_path / path).mkdir()
        os.utime(tmp_path / path, (time.time() - age_s,) * 2)
    write_text(tmp_path / "new.txt", "new")
    assert sorted(os.listdir(tmp_path)) == sorted([*kept, "new.txt"])
    zombie.wait()
