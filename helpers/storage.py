"""The one way a file is written (draft, verify, rename) and arrays and json are read back (checksum, no pickle).

A file appears whole under its name or not at all: also when the disk fills, the process is killed, or two processes
write the same one. Arrays carry a SHA-256 of their names, types, shapes and bytes, and a json file one of its fields,
so that a flipped bit, a field with another name, a truncated file or one of another origin is found before a number is
used. What a killed process leaves are drafts, ``.<machine>-<process>-<random>.tmp``; the next process that writes into
their folder removes them.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import io
import json
import os
import platform
import re
import shutil
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from helpers.parameters import OutputError, ParameterError, check_integer, doors, plain, short

__all__ = ["DamagedFile", "check_names", "draft", "in_memory", "read_arrays", "read_json", "remove_drafts", "sealed"]
__all__ += ["stored_generator", "write", "write_all", "write_arrays", "write_json", "write_text"]

PathLike = str | os.PathLike

RECORD, CHECKSUM = "record_json", "sha256"
RESERVED = ("file", "allow_pickle", RECORD, CHECKSUM)
GENERATORS = ("MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64")
LAST = dict(pos=624, buffer_pos=4, has_uint32=1, uinteger=2**32 - 1)  # in the state of a generator
LONE = re.compile("[\ud800-\udfff]")  # half a character, which UTF-8 cannot write
LONGEST = 1000  # letters of the name of an array
DRAFT = re.compile(r"\.(.*)-(\d+)-[0-9a-f]{32}\.tmp")  # machine, process


class DamagedFile(OutputError):
    """A stored file is truncated, altered, or not one of this collection."""


def write_all(
    files: Mapping[Path, Callable[[Path], object]], *, verify: Callable[[Path], object] | None = None
) -> None:
    """Fill a draft for each path, verify it, and only then give all of them their names: all files or none.

    Parameters
    ----------
    files : {path: fill}
        ``fill(draft)`` writes the content to the path it is given.
    verify : callable, optional
        Called with each finished draft; what it raises stops the whole.

    Raises
    ------
    ParameterError
        If a path names no file, or one that another path names; before anything is written.
    OutputError
        If a folder cannot be written, the disk is full, or a folder stands in the place of a file.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> write_all({folder / "a.txt": lambda draft: draft.write_text("a"), folder / "b.txt": lambda draft: 1 / 0})
    Traceback (most recent call last):
    ZeroDivisionError: division by zero
    >>> list(folder.iterdir())
    []
    """
    drafts = {Path(path): draft(path) for path in files}
    if len(drafts) < len(files):
        raise ParameterError(f"files = {short(list(map(str, files)))} names a file twice; give each path once")
    fills = dict(zip(drafts, files.values(), strict=True))
    try:
        for path, new in drafts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            _remove_drafts_once(path.parent)
            fills[path](new)
            new.stat()  # a fill that wrote nothing is found before any file is replaced
            if verify is not None:
                verify(new)
            if path.is_dir():
                raise OutputError(f"{path} is a folder; rename it, the file needs its place")
        try:
            _rename(drafts)
        except KeyboardInterrupt:  # it is too late for none
            _rename(drafts)
            raise
    except OSError as failure:
        place, why = str(path)[-300:], failure.strerror or failure
        raise OutputError(f"cannot write {place} ({why}); choose a writable folder") from None
    finally:
        for new in drafts.values():
            with contextlib.suppress(OSError):
                new.unlink(missing_ok=True)


def _rename(drafts):
    for path, new in drafts.items():
        if new.exists():
            new.replace(path)


def write(path: str | Path, fill: Callable[[Path], object], *, verify: Callable[[Path], object] | None = None) -> None:
    """Write one file, see :func:`write_all`."""
    write_all({Path(path): fill}, verify=verify)


def in_memory(fill: Callable[[BinaryIO], object]) -> Callable[[Path], object]:
    """Return a function for :func:`write_all` from one that fills a binary file.

    So it is never a library of pictures that meets a full disk, in the middle of its own work.
    """

    def write_whole(new):
        fill(file := io.BytesIO())
        new.write_bytes(file.getvalue())

    return write_whole


def write_text(path: str | Path, text: str) -> None:
    """Write a text file in UTF-8, see :func:`write_all`; text that UTF-8 cannot write is a ParameterError."""
    _check_text("text", text)
    write(path, lambda draft: draft.write_text(text, encoding="utf-8"))


def _check_text(name, text):
    if lone := LONE.search(text):
        raise ParameterError(f"{name} holds {lone.group()!r}, which UTF-8 cannot write; replace or drop it")


def sealed(record: Mapping[str, Any]) -> str:
    """Return json text of a record with the checksum of its fields in front, as :func:`read_json` wants it.

    Arrays become lists, objects mappings, and what is not finite becomes null.

    Raises
    ------
    ParameterError
        For what JSON cannot hold, names that are one as text, such as 1 and "1", and text that UTF-8 cannot write.
    """

    def plain_of(value):
        if not hasattr(value, "tolist") and not hasattr(value, "__dict__"):
            raise TypeError(f"a value of type {type(value).__name__}")
        return value.tolist() if hasattr(value, "tolist") else vars(value)

    def by_name(pairs):
        if len(dict(pairs)) < len(pairs):
            names = short([name for name, _ in pairs])
            raise ParameterError(f"record has a name twice, as text: {names}; give each another")
        return dict(pairs)

    text = _as_json(record, default=plain_of)
    record = json.loads(text, parse_constant=lambda word: None, object_pairs_hook=by_name)
    record.pop(CHECKSUM, None)
    text = _as_json({CHECKSUM: _json_checksum(record), **record}, indent=1, ensure_ascii=False) + "\n"
    _check_text("record", text)
    return text


def _as_json(record, **options):
    try:
        return json.dumps(record, **options)
    except (TypeError, ValueError, RecursionError) as failure:
        why = short(str(failure))[1:-1]
        raise ParameterError(f"record holds what JSON cannot ({why}); give numbers, text and lists") from None


def write_json(path: str | Path, record: Mapping[str, Any]) -> None:
    """Write a record as json with a checksum, see :func:`sealed` and :func:`write_all`."""
    write_text(path, sealed(record))


def read_json(path: str | Path, mark: str | None = None) -> dict[str, Any]:
    """Return the record in a file of :func:`write_json`.

    Where it holds digests of files beside it (``{"files": {"pdf": SHA-256, ...}}``), these must fit as well. With
    `mark`, a file that has neither a checksum nor a field of this name is another program's, and taken as it is.

    Raises
    ------
    DamagedFile
        If the file is missing, truncated, altered or foreign.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "record.json"
    >>> write_json(path, {"seed": 3})
    >>> read_json(path)
    {'seed': 3}
    """
    try:
        record = json.loads(Path(path).read_text(encoding="utf-8"))
        if not isinstance(record, dict):
            raise ValueError("it holds no names")
        claimed = record.pop(CHECKSUM, None)
        if (mark is None or mark in record or claimed is not None) and claimed != _json_checksum(record):
            raise ValueError("its checksum does not fit")
        for suffix, digest in record.get("files", {}).items() if claimed else ():
            if hashlib.sha256(Path(path).with_suffix(f".{suffix}").read_bytes()).hexdigest() != digest:
                raise ValueError(f"the .{suffix} beside it is not the one that was written with it")
    except Exception as failure:
        raise _damaged(path, failure) from None
    return record


def _json_checksum(record):
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()


def _damaged(path, failure):
    why = " ".join(f"{'no ' * isinstance(failure, KeyError)}{failure}".split())
    return DamagedFile(f"{str(path)[-300:]} cannot be used ({why[:200]}); delete it and make it again")


def write_arrays(path: str | Path | BinaryIO, arrays: Mapping[str, Any], record: Any = None) -> None:
    """Write arrays, numbers and strings as an npz with a checksum and a record of JSON types beside them.

    `path` may be an open binary file.

    Raises
    ------
    ParameterError
        For a name that is taken or no text of up to 1000 letters, a value that only pickle could store, a mask or unit
        that would be lost, a record that JSON cannot hold, or a path that names no file.
    OutputError
        If the file cannot be written, or not read back.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "point.npz"
    >>> write_arrays(path, {"rate_hz": [1.0, 2.0]}, record={"seed": 3})
    >>> read_arrays(path)
    ({'rate_hz': array([1., 2.])}, {'seed': 3})
    """
    kept, taken = {}, {*RESERVED}
    for name, value in arrays.items():
        text = str(name)
        stem = text.removesuffix(".npy")  # numpy adds it
        if stem in taken or len(text) > LONGEST or LONE.search(text) or "\0" in text:
            why = f"it is taken, over {LONGEST} letters, or not of UTF-8"
            raise ParameterError(f"an array cannot have the name {short(name)}; choose another ({why})")
        taken.add(stem)
        kept[text] = _as_array(text, value)
    kept[RECORD] = np.array(_as_json(record, sort_keys=True))
    kept[CHECKSUM] = np.array(_checksum(kept))
    if hasattr(path, "write"):
        np.savez(path, **kept)
        return

    def fill(new):
        with new.open("wb") as file:
            np.savez(file, **kept)

    write(path, fill, verify=read_arrays)


def _as_array(name, value):
    """Return what can be stored without pickle, with no mask or unit lost."""
    if isinstance(value, np.ndarray) and type(value) not in (np.ndarray, np.memmap):
        kind = type(value).__name__
        raise ParameterError(f"{name!r} is a {kind}, whose mask or unit would be lost; store its plain values")
    try:
        array = np.asarray(plain(name, value))
    except ParameterError:
        raise
    except (TypeError, ValueError, AttributeError, RecursionError):  # such as rows of different lengths
        array = np.asarray(None)
    if array.dtype.hasobject:
        raise ParameterError(
            f"{name!r} is not an array, number or string, or has rows of different lengths; store each for itself"
        )
    return array


def read_arrays(path: str | Path | BinaryIO) -> tuple[dict[str, Any], Any]:
    """Return (arrays, record) of a file of :func:`write_arrays`; 0-d arrays come as scalars.

    Raises
    ------
    DamagedFile
        If the file is missing, truncated, altered or foreign.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            kept = {name: file[name] for name in file.files}
        if not all(isinstance(array, np.ndarray) for array in kept.values()):
            raise ValueError("it holds what is no array")
        claimed = str(kept.pop(CHECKSUM))
        if claimed != _checksum(kept):
            raise ValueError("its checksum does not fit")
        record = json.loads(str(kept.pop(RECORD)))
    except Exception as failure:
        raise _damaged(path, failure) from None
    return {name: value[()] for name, value in kept.items()}, record


def check_names(what: str, given: Any, names: Iterable[str]) -> None:
    """Refuse what was read from a file, with a ParameterError, unless it is a mapping of exactly these names.

    >>> check_names("params", {"n": 3, "k": 1}, ["n", "m"])
    Traceback (most recent call last):
    helpers.parameters.ParameterError: params: k, m unknown or missing; allowed: the names that are written
    """
    if isinstance(names, str):
        raise ParameterError(f"names = {short(names)} is one text; allowed: several names; give a list")
    if not isinstance(given, Mapping):
        raise ParameterError(f"{what} = {short(given)}; allowed: values by name, {', '.join(map(str, names))}")
    other = sorted(map(str, set(given) ^ set(names)))
    if other:
        wrong = short(", ".join(other))[1:-1]
        raise ParameterError(f"{what}: {wrong} unknown or missing; allowed: the names that are written")


def stored_generator(name: str, state: Any) -> np.random.Generator:
    """Return the generator in a state, ``rng.bit_generator.state``, that was read from a file.

    Raises
    ------
    ParameterError
        If the state is none that a generator can have.

    Examples
    --------
    >>> rng = np.random.default_rng(3)
    >>> stored_generator("rng", rng.bit_generator.state).random() == rng.random()
    True
    """
    kind = state.get("bit_generator") if isinstance(state, Mapping) else state
    if not isinstance(state, Mapping) or not isinstance(kind, str) or kind not in GENERATORS:
        raise ParameterError(f"{name}.bit_generator = {short(kind)}; allowed: {', '.join(GENERATORS)}")
    rng = np.random.Generator(getattr(np.random, kind)(0))
    _check_like(name, state, rng.bit_generator.state)
    if kind == "MT19937":
        key = state["state"]["key"]
        if not (key[0] & 2**31 or key[1:].any()):  # of key[0] only this bit counts
            raise ParameterError(
                f"{name}.state.key is all 0, and would stay so; allowed: a bit that is set; use a state as it was"
            )
    rng.bit_generator.state = state
    return rng


def _check_like(name, given, like):
    """Refuse the state of a generator that is not made as another one is."""
    check_names(name, given, like)
    for part, value in like.items():
        inner, found = f"{name}.{part}", given[part]
        if isinstance(value, Mapping):
            _check_like(inner, found, value)
        elif isinstance(value, np.ndarray):
            if not isinstance(found, np.ndarray) or (found.shape, found.dtype) != (value.shape, value.dtype):
                raise ParameterError(f"{inner} = {short(found)}; allowed: {value.shape} of {value.dtype}")
        elif isinstance(value, int):
            check_integer(inner, found, 0, LAST.get(part, 2**128 - 1))
            if part == "inc":
                check_integer(f"{inner} modulo 2", found % 2, 1, 1)


def _checksum(arrays):
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.dtype.descr} {np.shape(arrays[name])} ".encode() + array.tobytes())
    return digest.hexdigest()


def draft(path: str | Path) -> Path:
    """Return a new name beside `path` for a file or folder in the making; it tells which process is at work."""
    if not Path(path).name:
        raise ParameterError(f"path = {short(str(path))} names no file; give a name, with or without a folder")
    try:
        os.fsencode(path)
    except UnicodeEncodeError:
        raise ParameterError(f"path = {short(str(path))} is no name that a file can have; choose another") from None
    return Path(path).with_name(f".{platform.node()}-{os.getpid()}-{uuid.uuid4().hex}.tmp")


def remove_drafts(folder: str | Path, *, older_than_s: float = 3600.0) -> None:
    """Remove the drafts that killed processes left in a folder: names of :func:`draft`, and nothing else.

    One of a process that is alive stays; where that cannot be known (another machine), one that is younger.
    """
    for path in filter(lambda path: DRAFT.fullmatch(path.name), Path(folder).glob(".*.tmp")):
        with contextlib.suppress(OSError):
            if _is_abandoned(path.name) or time.time() - os.stat(path).st_mtime > older_than_s:
                shutil.rmtree(path) if path.is_dir() else path.unlink()


_remove_drafts_once = functools.cache(remove_drafts)


def _is_abandoned(name):
    """Whether the process that a draft is named after ran on this machine and has ended."""
    machine, process = DRAFT.fullmatch(name).groups()
    if machine != platform.node() or os.name != "posix":
        return False
    try:
        os.kill(int(process), 0)
    except (ProcessLookupError, OverflowError):
        return True
    except PermissionError:
        pass
    with contextlib.suppress(OSError):  # on Linux: ended, but its parent has not asked yet
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    return False


doors(globals())
