"""Make ``.venv`` from ``requirements.lock``: the only step that runs on the system's own Python.

Usage: ``python3 tools/bootstrap.py`` (the Makefile calls it; a second call returns at once). With ``--light`` it takes
``requirements-light.lock``, the part that needs neither compiler nor make and runs on any platform, and ends with a
table of what does not run then; a later call without ``--light`` adds the rest. ``--clean`` removes the set-up.

``.installed`` in the folder says what stands there: "begun" or "whole", which lock, for which Python, in which place,
with which packages. What differs, and a package that lacks one of its files, is installed again; a set-up that was
begun, moved, copied or made for another Python is made anew. A folder without that file, or with one that says
anything else, is not ours, and is neither used nor removed.
Kept free of modern syntax so that an old interpreter reaches the one-line message below.
"""

import hashlib
import json
import os
import shutil
import signal
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

SPARE = ("tests", "test", "django-stubs", "__pycache__")
KINDS = (("state", str), ("lock", str), ("python", str), ("place", str), ("light", bool), ("packages", list))


def stamp():
    return os.path.join(VENV, ".installed")


def command(name):
    """Return the path of a command of the set-up."""
    return os.path.join(VENV, "Scripts", name + ".exe") if os.name == "nt" else os.path.join(VENV, "bin", name)


def wanted():
    """Return what a set-up made now is for; a change of "lock" is installed into it, of the others makes it anew."""
    lock = hashlib.sha256()
    for name in INPUTS:
        with open(name, "rb") as text:
            lock.update(text.read())
    base = getattr(sys, "base_prefix", sys.prefix)
    return {"lock": lock.hexdigest(), "python": sys.version + " " + base, "place": os.path.abspath(VENV)}


def packages(damaged=False):
    """Return the folders, below VENV, of the records of the packages that have all their files, or of the others."""
    found = []
    for folder, names, _ in os.walk(VENV):
        if os.path.basename(folder) == "site-packages":
            for name in names:
                if name.endswith(".dist-info") and has_files(folder, name) != damaged:
                    found.append(os.path.relpath(os.path.join(folder, name), VENV))
            names[:] = []
    return sorted(found)


def has_files(site, package):
    """Whether every file that a package recorded is there, but for what a set-up can do without."""
    files = {}
    try:
        with open(os.path.join(site, package, "RECORD"), encoding="utf-8") as lines:
            for line in lines:
                folder, _, name = line.rsplit(",", 2)[0].strip('"').rpartition("/")
                files.setdefault(folder, set()).add(name)
        for folder, names in files.items():  # lists of folders: four times as fast as to ask for each file
            spared = bool(set(SPARE) & set(folder.split("/")))
            place = os.path.join(site, folder)
            for name in names - set(os.listdir(place) if os.path.isdir(place) else ()):
                if not spared and not spare(folder, name):
                    return False
    except (IOError, OSError, ValueError):
        return False
    return True


def spare(folder, name):
    """Whether a file is one that no notebook reads: a source map, or the dates of a language but English and French."""
    foreign = os.path.basename(folder) == "locale-data" and not name.startswith(("en", "fr", "root"))
    return foreign or name.endswith(".map")


def recorded():
    """Return what the stamp says, {} of a folder that is not there or is empty; stop at one that is not ours."""
    if not os.path.isdir(VENV) or set(os.listdir(VENV)) <= {".installed.new", ".setup"}:
        return {}
    try:
        with open(stamp()) as text:
            said = json.load(text)
        if all(isinstance(said[name], kind) for name, kind in KINDS) and said["state"] in ("begun", "whole"):
            return said
    except Exception:  # whatever that of another program, or a damaged one, makes json raise
        pass
    stop("VENV = %s is a folder that no set-up made; name another, or remove it yourself" % VENV)


def record(state, light, found=()):
    """Write the stamp, at once or not at all."""
    with open(stamp() + ".new", "w") as text:
        json.dump(dict(wanted(), state=state, light=light, packages=list(found)), text, indent=1)
    os.replace(stamp() + ".new", stamp())


def whole(said, light):
    """Whether a stamp tells of a finished set-up with all that is asked for, and all its files are still there."""
    same = dict(said, **wanted()) == said
    enough = said.get("state") == "whole" and (light or not said.get("light"))
    return same and enough and os.path.exists(command("python")) and set(map(str, said["packages"])) <= set(packages())


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


def call(words):
    """Run a command. It hears no Ctrl-C and says nothing of one: where we are stopped, it ends with all it started."""
    child = subprocess.Popen(words, start_new_session=True)
    try:
        code = child.wait()
    except KeyboardInterrupt:
        os.killpg(child.pid, signal.SIGKILL) if hasattr(os, "killpg") else child.kill()
        child.wait()
        raise
    if code:
        raise subprocess.CalledProcessError(code, words)


def install(light):
    call([BASE, "-m", "venv", VENV])  # of one that is there: what it lacks
    tool = [command("python"), "-m", "pip", "--disable-pip-version-check", "install", "-q"]
    if light:
        tool += ["--no-compile"]  # the lock names all; older versions of pip stumble over extras if asked to look
        call(tool + ["--no-deps", "--only-binary", ":all:", "--require-hashes", "-r", "requirements-light.lock"])
    else:
        call(tool + ["--only-binary", ":all:", "--require-hashes", "-r", UV])
        tool = [command("uv"), "pip", "install", "-q", "--python", command("python")]
        call(tool + ["--require-hashes", "-r", "requirements.lock"])
    call(tool + ["--no-deps", "--no-build-isolation", "-e", "."])


def slim():
    """Remove what no notebook reads, the tests of the packages among it."""
    for folder, names, files in os.walk(VENV):
        for name in set(names) & set(SPARE):
            shutil.rmtree(os.path.join(folder, name), ignore_errors=True)
            names.remove(name)
        for name in files:
            if spare(folder, name):
                os.remove(os.path.join(folder, name))


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
    for package in set(map(str, said.get("packages", ()))) & set(packages(damaged=True)):
        shutil.rmtree(os.path.join(VENV, package))  # its record, without which it is installed again
    install(light)
    if light:
        slim()
        with open(os.path.join("tools", "templates", "light.txt")) as table:
            sys.stdout.write(table.read().replace("BIN", os.path.dirname(command(""))))
    record("whole", light, packages())


def set_up(light):
    check_machine(light)
    if whole(recorded(), light):
        return
    if not os.path.isdir(VENV):
        os.makedirs(VENV)
    if not recorded():
        record("begun", light)  # from here on the folder is ours
    with locked(os.path.join(VENV, ".setup")):
        make(light)


def remove():
    if os.path.islink(VENV):
        stop("VENV = %s is a link to %s; name that instead" % (VENV, os.path.realpath(VENV)))
    if recorded():
        record("begun", False)
        empty(VENV, keep=(".installed",))  # the mark goes last
        shutil.rmtree(VENV)


def main(light=False, clean=False):
    os.chdir(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    try:
        remove() if clean else set_up(light)
    except subprocess.CalledProcessError as failure:
        stop("installation failed (exit %d); the lines above say why; only %s changed" % (failure.returncode, VENV))
    except (IOError, OSError) as failure:
        stop("cannot write %s (%s)" % (failure.filename or VENV, failure.strerror))
    except KeyboardInterrupt:
        stop("stopped; the next call makes %s anew" % VENV, 130)


if __name__ == "__main__":
    for ending in ("SIGTERM", "SIGHUP"):  # end as Ctrl-C does, unless the caller ignores them
        if signal.getsignal(getattr(signal, ending, signal.SIGINT)) == signal.SIG_DFL:
            signal.signal(getattr(signal, ending), signal.default_int_handler)
    main("--light" in sys.argv[1:], "--clean" in sys.argv[1:])
