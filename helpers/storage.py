"""The one way a file is written (draft, verify, rename) and arrays are read back (checksum, no pickle).

A file appears whole under its name or not at all: also when the disk fills, the process is killed, or two processes
write the same one. Arrays carry a SHA-256 of their names, types, shapes and bytes, so that a flipped bit, a truncated
file or one of another origin is found before a number is used.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from helpers.parameters import OutputError, ParameterError, doors

__all__ = ["DamagedFile", "read_arrays", "remove_drafts", "write", "write_all", "write_arrays", "write_text"]

RECORD, CHECKSUM = "record_json", "sha256"
RESERVED = ("file", "allow_pickle", RECORD, CHECKSUM)


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
    drafts = {Path(path): Path(path).with_name(f".{uuid.uuid4().hex}.tmp") for path in files}
    fills = dict(zip(drafts, files.values(), strict=True))
    try:
        for path, draft in drafts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            fills[path](draft)
            draft.stat()  # a fill that wrote nothing is found before any file is replaced
            if verify is not None:
                verify(draft)
            if path.is_dir():
                raise OutputError(f"{path} is a folder; rename it, the file needs its place")
        for path, draft in drafts.items():
            draft.replace(path)
    except OSError as failure:
        raise OutputError(f"cannot write {path} ({failure.strerror or failure}); choose a writable folder") from None
    finally:
        for draft in drafts.values():
            with contextlib.suppress(OSError):
                draft.unlink(missing_ok=True)


def write(path: Path, fill: Callable[[Path], object], *, verify: Callable[[Path], object] | None = None) -> None:
    """Write one file, see :func:`write_all`."""
    write_all({Path(path): fill}, verify=verify)


def write_text(path: Path, text: str) -> None:
    """Write a text file in UTF-8, see :func:`write_all`."""
    write(path, lambda draft: draft.write_text(text, encoding="utf-8"))


def write_arrays(path: Path, arrays: Mapping[str, Any], record: Any = None) -> None:
    """Write arrays, numbers and strings as an npz with a checksum and a record of JSON types beside them.

    Raises
    ------
    ParameterError
        For a name that is taken, or a value that only pickle could store.
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
    kept = {}
    for name, value in arrays.items():
        kept[str(name)] = array = np.asarray(value)
        if str(name) in RESERVED:
            raise ParameterError(f"an array cannot have the name {name!r}; choose another")
        if array.dtype.hasobject:
            raise ParameterError(f"{name!r} is not an array, number or string; nothing else can be stored")
        if isinstance(value, np.ndarray) and type(value) not in (np.ndarray, np.memmap):
            kind = type(value).__name__
            raise ParameterError(f"{name!r} is a {kind}, whose mask or unit would be lost; store its plain values")
    try:
        kept[RECORD] = np.array(json.dumps(record, sort_keys=True))
    except (TypeError, ValueError) as failure:
        raise ParameterError(f"record holds what JSON cannot ({failure}); give numbers, text and lists") from None

    def fill(draft):
        with draft.open("wb") as file:
            np.savez(file, **kept, **{CHECKSUM: np.array(_checksum(kept))})

    write(path, fill, verify=read_arrays)


def read_arrays(path: Path) -> tuple[dict[str, Any], Any]:
    """Return (arrays, record) of a file of :func:`write_arrays`; 0-d arrays come as scalars.

    Raises
    ------
    DamagedFile
        If the file is missing, truncated, altered or foreign.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            kept = {name: file[name] for name in file.files}
        claimed = str(kept.pop(CHECKSUM))
        if claimed != _checksum(kept):
            raise ValueError("its checksum does not fit")
        record = json.loads(str(kept.pop(RECORD)))
    except Exception as failure:
        why = f"no {failure}" if isinstance(failure, KeyError) else " ".join(str(failure).split())
        raise DamagedFile(f"{path} cannot be used ({why}); delete it and compute it again") from None
    return {name: value[()] for name, value in kept.items()}, record


def _checksum(arrays):
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.dtype.descr} {np.shape(arrays[name])} ".encode() + array.tobytes())
    return digest.hexdigest()


def remove_drafts(folder: Path, *, older_than_s: float = 3600.0) -> None:
    """Remove the drafts that killed processes left in a folder, when nobody can still be writing them."""
    for draft in Path(folder).glob(".*.tmp"):
        with contextlib.suppress(OSError):
            if time.time() - os.stat(draft).st_mtime > older_than_s:
                draft.unlink()


doors(globals())
