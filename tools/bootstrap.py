"""Make ``.venv`` from ``requirements.lock``: the only step that runs on the system's own Python.

Usage: ``python3 tools/bootstrap.py`` (the Makefile calls it; a second call returns at once). With ``--light`` it takes
``requirements-light.lock``, the part that needs neither compiler nor make and runs on any platform, and ends with a
table of what does not run then; a later call without ``--light`` adds the rest. ``--clean`` removes the set-up.

``.installed`` in the folder says what stands there: "begun" or "whole", which lock, for which Python, in which place,
with which packages. What differs is installed again; a set-up that was begun, moved, copied or made for another Python
is made anew. Without that file a folder is not ours, and is neither used nor removed.
Kept free of modern syntax so that an old interpreter reaches the one-line message below.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys

OLDEST, NEWEST = (3, 11), (3, 13)
UV = "requirements-uv.lock"  # uv resolves LogGabor -> SLIP -> NeuroTools, whose builds import each other
VENV = os.environ.get("NOTEBOOK_VENV") or ".venv"
BASE = getattr(sys, "_base_executable", None) or sys.executable  # that of an activated VENV goes with it
INPUTS = (UV, "requirements.lock", "requirements-light.lock", "pyproject.toml", os.path.join("tools", "bootstrap.py"))


def stop(line, code=2):
    sys.stderr.write("setup: " + line + "\n")
    sys.exit(code)


def check_machine(light=False):
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        stop("Python %d.%d found, 3.11 to 3.13 needed: `make PYTHON=python3.12 ...`" % sys.version_info[:2])
    if not light and not any(shutil.which(name) for name in ("c++", "g++", "clang++")):
        stop("no C++ compiler found (c++, g++, clang++); install one, on Debian: apt-get install g++")
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        stop("this Python has no venv module; on Debian: apt-get install python3-venv")


# --- what stands in the folder

KINDS = (("state", str), ("lock", str), ("python", str), ("place", str), ("light", bool), ("packages", list))


def stamp():
    return os.path.join(VENV, ".installed")


def wanted():
    """Return what a set-up made now is for; a change of "lock" is installed into it, of the others makes it anew."""
    lock = hashlib.sha256()
    for name in INPUTS:
        with open(name, "rb") as text:
            lock.update(text.read())
    base = getattr(sys, "base_prefix", sys.prefix)
    return {"lock": lock.hexdigest(), "python": sys.version + " " + base, "place": os.path.abspath(VENV)}


def packages():
    """Return the names of the packages that are installed, as their records say."""
    found = set()
    for folder, names, _ in os.walk(VENV):
        if os.path.basename(folder) == "site-packages":
            found.update(filter(lambda name: name.endswith(".dist-info"), names))
            names[:] = []
    return sorted(found)


def recorded():
    """Return what the stamp says; {} of a folder that is not there or is empty, a word that is no set-up otherwise."""
    if not os.path.isdir(VENV) or not os.listdir(VENV):
        return {}
    if not any(os.path.exists(stamp() + end) for end in ("", "-light", ".new")):
        stop("VENV = %s is a folder that no set-up made; name another, or remove it yourself" % VENV)
    try:
        with open(stamp()) as text:
            said = json.load(text)
        if all(isinstance(said[name], kind) for name, kind in KINDS):
            return said
    except Exception:  # whatever a damaged one makes json raise
        pass
    return {"state": "begun"}


def record(state, light, found=()):
    """Write the stamp, at once or not at all."""
    with open(stamp() + ".new", "w") as text:
        json.dump(dict(wanted(), state=state, light=light, packages=list(found)), text, indent=1)
    os.replace(stamp() + ".new", stamp())


def whole(said, light):
    """Whether a stamp tells of a finished set-up with all that is asked for, and its packages are still there."""
    same = dict(said, **wanted()) == said
    enough = said.get("state") == "whole" and (light or not said.get("light"))
    return same and enough and set(map(str, said["packages"])) <= set(packages())


def locked(name):
    """Return an open file that one process at a time holds."""
    held = os.fdopen(os.open(name, os.O_CREAT | os.O_WRONLY), "w")
    try:
        import fcntl
    except ImportError:  # Windows: without
        return held
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (IOError, OSError):
        sys.stderr.write("setup: waiting for another set-up of %s\n" % VENV)
        fcntl.flock(held, fcntl.LOCK_EX)
    return held


def empty(folder, keep):
    """Remove what a folder that is ours holds, but for the names in `keep`."""
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        if name not in keep:
            os.remove(path) if os.path.islink(path) or not os.path.isdir(path) else shutil.rmtree(path)


# --- making it


def install(light):
    bin_folder = os.path.join(VENV, "Scripts" if os.name == "nt" else "bin")
    python = os.path.join(bin_folder, "python")
    if not os.path.exists(os.path.join(VENV, "pyvenv.cfg")):
        subprocess.check_call([BASE, "-m", "venv", VENV])
    tool = [python, "-m", "pip", "--disable-pip-version-check", "install", "-q"]
    if light:
        tool += ["--no-compile"]
        subprocess.check_call(tool + ["--only-binary", ":all:", "--require-hashes", "-r", "requirements-light.lock"])
    else:
        subprocess.check_call(tool + ["--only-binary", ":all:", "--require-hashes", "-r", UV])
        tool = [os.path.join(bin_folder, "uv"), "pip", "install", "-q", "--python", python]
        subprocess.check_call(tool + ["--require-hashes", "-r", "requirements.lock"])
    subprocess.check_call(tool + ["--no-deps", "--no-build-isolation", "-e", "."])


def slim():
    """Remove what no notebook reads: tests of the packages, source maps, languages of dates but English and French."""
    import pathlib  # an old Python, which lacks it, has to reach the message

    for path in list(pathlib.Path(VENV).rglob("*")):
        foreign = path.parent.name == "locale-data" and not path.name.startswith(("en", "fr", "root"))
        if path.name in ("tests", "test", "django-stubs", "__pycache__"):
            shutil.rmtree(str(path), ignore_errors=True)  # one inside another has gone with it
        elif path.is_file() and (foreign or path.suffix == ".map"):
            path.unlink()


def make(light):
    """Make the set-up, or mend it, while no other process does."""
    said = recorded()
    if whole(said, light):
        return
    new = wanted()
    anew = said.get("state") != "whole" or (said["python"], said["place"]) != (new["python"], new["place"])
    record("begun", light)
    about = VENV, "600 MB" if light else "1.5 GB"
    sys.stderr.write("setup: installing the locked packages into %s (once; about %s)\n" % about)
    if anew:
        empty(VENV, keep=(".installed", ".setup"))
    install(light)
    if light:
        slim()
        with open(os.path.join("tools", "templates", "light.txt")) as table:
            sys.stdout.write(table.read().replace("BIN", os.path.join(VENV, "Scripts" if os.name == "nt" else "bin")))
    record("whole", light, packages())


def main(light=False):
    os.chdir(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    check_machine(light)
    if whole(recorded(), light):
        return
    try:
        if not os.path.isdir(VENV):
            os.makedirs(VENV)
        if not recorded():
            record("begun", light)  # from here on the folder is ours
        with locked(os.path.join(VENV, ".setup")):
            make(light)
    except subprocess.CalledProcessError as failure:
        stop("installation failed (exit %d); the lines above say why; only %s changed" % (failure.returncode, VENV))
    except (IOError, OSError) as failure:
        stop("cannot write %s (%s)" % (VENV, failure.strerror))
    except KeyboardInterrupt:
        stop("stopped; the next call makes %s anew" % VENV, 130)


def clean():
    os.chdir(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    if recorded():
        shutil.rmtree(VENV)


if __name__ == "__main__":
    clean() if "--clean" in sys.argv[1:] else main("--light" in sys.argv[1:])
