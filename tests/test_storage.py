"""Files appear whole or not at all, and no damage to a stored array goes unseen."""

import multiprocessing
import os
import platform
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from helpers import storage
from helpers.parameters import OutputError, ParameterError
from helpers.storage import DamagedFile, read_arrays, write_all, write_arrays, write_text

ARRAYS = {
    "rate_hz": np.arange(6.0).reshape(2, 3).T,
    "count": np.int64(3),
    "word": "x = 2",
    "empty": np.zeros((0, 2), np.float32),
    "pair": np.zeros(2, dtype=[("left", "<i4"), ("right", ">f8")]),
    "flag": np.array([True, False]),
}
FEW = {name: ARRAYS[name] for name in ("rate_hz", "pair")}
RECORD = {"seed": 3, "settings": [0.1, None, "a"]}


def same(found, wanted=ARRAYS):
    """Whether two dicts hold the same names, types, shapes and bytes."""
    return found.keys() == wanted.keys() and all(
        np.asarray(found[key]).dtype == np.asarray(wanted[key]).dtype
        and np.shape(found[key]) == np.shape(wanted[key])
        and np.asarray(found[key]).tobytes() == np.asarray(wanted[key]).tobytes()
        for key in wanted
    )


def unharmed(path, body):
    """Whether a file with this content is either refused in one line, or gives the arrays that were written."""
    path.write_bytes(body)
    try:
        arrays, record = read_arrays(path)
    except DamagedFile as failure:
        return "\n" not in str(failure) and str(path) in str(failure)
    return same(arrays, FEW) and record == RECORD


# Arrays


NAMES = st.text(max_size=8).filter(lambda name: name not in storage.RESERVED and "\0" not in name)
KINDS = hnp.scalar_dtypes() | hnp.array_dtypes(st.sampled_from(["<i4", ">f8", "<U3"]), max_size=2)


@given(st.dictionaries(NAMES, hnp.arrays(KINDS, hnp.array_shapes(min_side=0, max_side=3)), max_size=2))
def test_what_is_written_is_read(tmp_path_factory, arrays):
    path = tmp_path_factory.getbasetemp() / "any.npz"
    write_arrays(path, arrays, RECORD)
    found, record = read_arrays(path)
    assert same(found, arrays) and record == RECORD


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_flipped_bit_or_a_truncation_is_found_or_harmless(tmp_path):
    """Every byte of the file has one of its bits flipped, another at each run of the same place; then every length."""
    path = tmp_path / "a.npz"
    write_arrays(path, FEW, RECORD)
    body = path.read_bytes()
    for place in range(len(body)):
        harmed = bytearray(body)
        harmed[place] ^= 1 << (place * 5 + 3) % 8
        assert unharmed(path, harmed), f"byte {place}"
    for length in range(0, len(body), 9):
        assert unharmed(path, body[:length]), f"length {length}"
    assert unharmed(path, body + b"tail")


@pytest.mark.parametrize(
    "change",
    [
        {"rate_hz": ARRAYS["rate_hz"].reshape(-1)},
        {"rate_hz": ARRAYS["rate_hz"].astype("f4")},
        {"rate_hz": -ARRAYS["rate_hz"]},
        {"pair": ARRAYS["pair"].astype([("right", "<i4"), ("left", ">f8")])},
        {"more": 1},
        {"record_json": '{"seed": 4}'},
    ],
    ids=["shape", "type", "value", "field names", "one more", "record"],
)
def test_a_sound_file_with_other_content_is_found(tmp_path, change):
    """A zip archive without fault, written by whoever: the checksum alone can tell."""
    path = tmp_path / "a.npz"
    write_arrays(path, FEW, RECORD)
    with np.load(path) as file:
        members = dict(file)
    np.savez(path, **members)
    assert same(read_arrays(path)[0], FEW)
    np.savez(path, **members | change)
    with pytest.raises(DamagedFile, match="its checksum does not fit"):
        read_arrays(path)


def test_a_file_that_the_disk_falsified_is_never_named(tmp_path, monkeypatch):
    save = np.savez
    monkeypatch.setattr(np, "savez", lambda file, **arrays: save(file, **arrays | {"rate_hz": 7.0}))
    with pytest.raises(DamagedFile, match="its checksum does not fit"):
        write_arrays(tmp_path / "a.npz", FEW)
    assert os.listdir(tmp_path) == []


@pytest.mark.filterwarnings("ignore::UserWarning")
@given(place=st.integers(0, 10**6), bit=st.integers(0, 7), more=st.integers(0, 10**6))
def test_any_two_flipped_bits_are_found_or_harmless(tmp_path_factory, place, bit, more):
    path = tmp_path_factory.getbasetemp() / "flipped.npz"
    write_arrays(path, FEW, RECORD)
    body = bytearray(path.read_bytes())
    body[place % len(body)] ^= 1 << bit
    body[more % len(body)] ^= 1
    assert unharmed(path, body)


FOREIGN = {
    "missing": lambda path: None,
    "empty": lambda path: path.touch(),
    "text": lambda path: path.write_text("not\nan\narray"),
    "folder": lambda path: path.mkdir(),
    "npy": lambda path: np.save(path.open("wb"), np.arange(3)),
    "npz of another program": lambda path: np.savez(path, rate_hz=7.0),
    "npz with pickles": lambda path: np.savez(path, rate_hz=np.array([object], dtype=object), sha256="0"),
    "checksum of another file": lambda path: np.savez(path, rate_hz=7.0, record_json="null", sha256="0" * 64),
    "pickle": lambda path: np.array([{}, 1], dtype=object).dump(path),
}


@pytest.mark.parametrize("make", FOREIGN.values(), ids=FOREIGN)
def test_a_foreign_file_is_one_line(tmp_path, make):
    make(tmp_path / "a.npz")
    with pytest.raises(DamagedFile, match=r"^[^\n]*a\.npz cannot be used \([^\n]+\); delete it[^\n]*$"):
        read_arrays(tmp_path / "a.npz")


class Harm:
    def __init__(self, place):
        self.place = place

    def __reduce__(self):
        return os.mkdir, (self.place,)


def test_no_code_in_a_file_is_run(tmp_path):
    path, place = tmp_path / "a.npz", str(tmp_path / "made by the file")
    np.savez(path, rate_hz=np.array([Harm(place)], dtype=object))
    with pytest.raises(DamagedFile):
        read_arrays(path)
    assert not os.path.exists(place)


@pytest.mark.parametrize(
    ("value", "fragment"),
    [
        ({"file": 1}, "'file'; choose another"),
        ({"sha256": 1}, "'sha256'; choose another"),
        ({"a": object()}, "'a' is not an array"),
        ({"a": {1, 2}}, "'a' is not an array"),
        ({"a": np.zeros(1, dtype=[("o", object)])}, "'a' is not an array"),
        ({"a": np.ma.array([1.0, 2.0], mask=[0, 1])}, "'a' is a MaskedArray, whose mask or unit would be lost"),
    ],
)
def test_what_would_be_lost_is_refused(tmp_path, value, fragment):
    with pytest.raises(ParameterError, match=fragment):
        write_arrays(tmp_path / "a.npz", value)
    assert list(tmp_path.iterdir()) == []


def test_a_path_that_names_no_file_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for call in (lambda: write_arrays("", {"a": 1}), lambda: write_all({"/": Path.touch})):
        with pytest.raises(ParameterError, match=r"^path = '[./]' names no file; give a name[^\n]*$"):
            call()
    assert not any(tmp_path.iterdir())


def test_a_long_path_is_shortened_in_the_message(tmp_path):
    for call in (lambda path: write_arrays(path, {"a": 1}), read_arrays, storage.read_json):
        with pytest.raises(OutputError, match=r"^[^\n]*File name too long[^\n]*$") as caught:
            call(tmp_path / ("x" * 1000))
        assert len(str(caught.value)) <= 600


# Files: all or none


def fills(error=None):
    """Return four writers, the third of which fails."""

    def fill(draft, i):
        draft.write_text(f"new {i}")
        if error and i == 2:
            raise error

    return {f"{i}.txt": lambda draft, i=i: fill(draft, i) for i in range(4)}


def refuse_2(draft):
    if draft.read_text() == "new 2":
        raise RuntimeError("stop")


@pytest.mark.parametrize(
    ("files", "verify", "error"),
    [
        (fills(RuntimeError("stop")), None, RuntimeError),
        (fills(OSError(28, "No space left on device")), None, OutputError),
        (fills(KeyboardInterrupt()), None, KeyboardInterrupt),
        (fills(), refuse_2, RuntimeError),
        (fills() | {"folder": lambda draft: draft.write_text("")}, None, OutputError),
        (fills() | {"0.txt/below": lambda draft: draft.write_text("")}, None, OutputError),
        (fills() | {"4.txt": lambda draft: None}, None, OutputError),
    ],
    ids=["writer", "full disk", "interrupt", "verify", "folder in place", "file for a folder", "nothing written"],
)
def test_all_files_or_none(tmp_path, files, verify, error):
    (tmp_path / "folder").mkdir()
    (tmp_path / "0.txt").write_text("old")
    with pytest.raises(error, match=r"^[^\n]*$") as caught:
        write_all({tmp_path / name: fill for name, fill in files.items()}, verify=verify)
    assert sorted(os.listdir(tmp_path)) == ["0.txt", "folder"] and (tmp_path / "0.txt").read_text() == "old"
    assert error is not OutputError or str(tmp_path) in str(caught.value)


def test_all_files_replace_old_ones_in_new_folders(tmp_path):
    (tmp_path / "0.txt").write_text("old")
    write_all({tmp_path / "deep" / "er" / "1.txt": lambda d: d.write_text("1"), tmp_path / "0.txt": Path.touch})
    assert sorted(path.name for path in tmp_path.rglob("*.txt")) == ["0.txt", "1.txt"]
    assert (tmp_path / "0.txt").read_text() == ""


def test_a_real_full_disk_is_one_line_and_leaves_no_draft(tmp_path):
    """The size limit of the process stands in for the disk: numpy meets it in the middle of an array."""
    write_arrays(tmp_path / "a.npz", ARRAYS, RECORD)
    old, before = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, old[1]))
        with pytest.raises(OutputError, match=r"^cannot write [^\n]*a\.npz \(File too large\)[^\n]*$"):
            write_arrays(tmp_path / "a.npz", {"large": np.arange(10_000)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
        signal.signal(signal.SIGXFSZ, before)
    assert os.listdir(tmp_path) == ["a.npz"] and same(read_arrays(tmp_path / "a.npz")[0])


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
def test_the_mode_of_a_file_is_that_of_open(tmp_path, umask):
    before = os.umask(umask)
    try:
        write_text(tmp_path / "ours", "é")
        (tmp_path / "theirs").open("w").close()
    finally:
        os.umask(before)
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "theirs").stat().st_mode
    assert (tmp_path / "ours").read_bytes() == "é".encode()


def rewrite(path, value):
    for _ in range(60):
        write_arrays(path, {"value": np.full(2000, value)})


def test_two_processes_may_write_one_file(tmp_path):
    """Whoever reads meanwhile finds one or the other, whole."""
    path = tmp_path / "a.npz"
    write_arrays(path, {"value": np.zeros(2000)})
    start = multiprocessing.get_context("fork").Process
    writers = [start(target=rewrite, args=(path, value)) for value in (1.0, 2.0)]
    for writer in writers:
        writer.start()
    seen = set()
    while any(writer.is_alive() for writer in writers):
        (value,) = set(read_arrays(path)[0]["value"])
        seen.add(float(value))
        time.sleep(0.005)
    assert [writer.exitcode for writer in writers] == [0, 0] and seen <= {0.0, 1.0, 2.0}
    assert os.listdir(tmp_path) == ["a.npz"]


def test_abandoned_drafts_are_removed_and_nothing_else(tmp_path):
    """Drafts of an ended process and old ones of another machine go; a neighbour's, and what others call .tmp, stay."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    here, name = platform.node(), "0" * 32
    drafts = {f".{here}-{ended.pid}-{name}.tmp": 60, f".{here}x-1-{name}.tmp": 7200}
    kept = {f".{here}-{os.getpid()}-{name}.tmp": 60, f".{here}x-2-{name}.tmp": 60}
    kept |= {".theirs.tmp": 7200, ".their-folder-7.tmp": 7200, f".{name}": 7200}
    for path, age_s in (drafts | kept).items():
        place = tmp_path / path
        place.mkdir() if "folder" in path or path in drafts else place.touch()
        os.utime(place, (time.time() - age_s,) * 2)
    storage.remove_drafts(tmp_path)
    assert sorted(os.listdir(tmp_path)) == sorted(kept)
