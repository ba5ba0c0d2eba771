"""What the tools share: where the collection lies, how a fault is said, how a folder is replaced, how npm is asked."""

import base64
import contextlib
import hashlib
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

from helpers import storage
from helpers.parameters import HelpersError

ROOT = Path(__file__).resolve().parents[1]
TEMPLATES = ROOT / "tools" / "templates"
MARK = ".written"  # of a folder that fresh_folder made


class ToolError(ValueError):
    """What stops a tool: one line for each fault."""


def guarded(name, work):
    """Call ``work()`` and return its exit code; what stops it is printed, and the code is 2."""
    try:
        return work() or 0
    except FileNotFoundError as error:
        fault = f"{error.filename} is missing; draw it with `make figs`, or mend the link"
    except (ToolError, HelpersError) as error:
        fault = str(error)
    except OSError as error:
        fault = f"cannot write or read {error.filename or 'a file'} ({error.strerror or str(error)[:200]})"
    except UnicodeEncodeError as error:
        fault = f"a text holds {error.object[error.start]!r}, half a sign; write the whole one"
    except KeyboardInterrupt:
        fault = "stopped; no file is half-written"
    print(f"{name}: " + fault.replace("\n", f"\n{name}: "), file=sys.stderr)
    return 2


@contextlib.contextmanager
def fresh_folder(out):
    """Yield an empty folder that takes the place of `out` at the end; after an error the earlier one stays.

    An earlier one is removed if all in it is as it was written, as its file MARK says. Another, one that holds work of
    yours, moves to ``out.1``, ``out.2``, ..., which is said in one line.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    storage.remove_drafts(out.parent)
    work = storage.draft(out)
    new = work / "new"
    new.mkdir(parents=True)
    try:
        yield new
        storage.write_json(new / MARK, {"written": digests(new)})
        if out.is_symlink() or out.exists():
            put_away(out, work / "old")
        new.rename(out)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def digests(folder):
    """Return {name: digest} of all that a folder holds but its mark; of a folder or a link the digest is empty."""
    found = {}
    for path in sorted(folder.rglob("*")):
        plain = path.is_file() and not path.is_symlink()
        found[path.relative_to(folder).as_posix()] = hashlib.sha256(path.read_bytes()).hexdigest() if plain else ""
    found.pop(MARK, None)
    return found


def changed(folder):
    """Return the name of a file that is not as it was written into a folder, "" without any."""
    try:
        written = storage.read_json(folder / MARK).get("written", {})
    except storage.DamagedFile:
        return MARK
    different = written.items() ^ digests(folder).items()
    return min(different, default=("", ""))[0]


def put_away(out, old):
    """Move an earlier folder to `old`, where it will be removed, or, if something was changed in it, to ``out.1``."""
    name = changed(out)
    if not name:
        out.rename(old)
        return
    number = 1
    while (aside := out.with_name(f"{out.name}.{number}")).is_symlink() or aside.exists():
        number += 1
    out.rename(aside)
    place = f"{out.parent.name}/{out.name}"
    print(f"{place}/{name} is not as it was written: the folder is kept as {out.parent.name}/{aside.name}/")


def npm_unpack(package, integrity, wanted, cache, out):
    """Unpack the files of a package like ``mathjax@3.2.2`` whose names match `wanted` into the folder `out`.

    The archive is fetched from the npm registry once and kept in `cache`. `integrity` is the SHA-512 that the registry
    states, in base64; another archive is not used.
    """
    archive, npm = Path(cache) / f"{package.replace('@', '-')}.tgz", shutil.which("npm")
    if not archive.exists():
        archive.parent.mkdir(parents=True, exist_ok=True)
        command = [npm, "pack", package, "--silent", "--pack-destination", str(archive.parent)]
        if not npm or subprocess.run(command, cwd=archive.parent, capture_output=True, timeout=300).returncode:
            raise ToolError(f"OFFLINE=1 takes {package} from npm once: is npm installed, and the network there?")
    if base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode() != integrity:
        archive.unlink()
        raise ToolError(f"{package} from npm has another checksum than expected; not used")
    with tarfile.open(archive) as tar:
        for member in tar:
            member.name = member.name.removeprefix("package/")
            if re.match(wanted, member.name):
                tar.extract(member, out, filter="data")
