"""Make ``.venv`` from ``requirements.lock``: the only step that runs on the system's own Python.

Usage: ``python3 tools/bootstrap.py`` (the Makefile calls it; a second call returns at once). With ``--light`` it takes
``requirements-light.lock``, the part that needs neither compiler nor make and runs on any platform, and ends with a
table of what does not run then; a later call without ``--light`` adds the rest.
Kept free of modern syntax so that an old interpreter reaches the one-line message below.
"""

import os
import shutil
import subprocess
import sys

OLDEST, NEWEST = (3, 11), (3, 13)
UV = "uv==0.13.8"  # resolves LogGabor -> SLIP -> NeuroTools, whose builds import each other
VENV = os.environ.get("NOTEBOOK_VENV") or ".venv"
BIN = os.path.join(VENV, "Scripts" if os.name == "nt" else "bin")
STAMP = os.path.join(VENV, ".installed")
INPUTS = ("requirements.lock", "requirements-light.lock", "pyproject.toml", os.path.join("tools", "bootstrap.py"))


def stop(line):
    sys.stderr.write("setup: " + line + "\n")
    sys.exit(2)


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


def install(light):
    python = os.path.join(BIN, "python")
    if not os.path.exists(os.path.join(VENV, "pyvenv.cfg")):
        subprocess.check_call([sys.executable, "-m", "venv", "--clear", VENV])
    tool = [python, "-m", "pip", "--disable-pip-version-check", "install", "-q"]
    if light:
        tool += ["--no-compile"]
        subprocess.check_call(tool + ["--only-binary", ":all:", "--require-hashes", "-r", "requirements-light.lock"])
    else:
        subprocess.check_call(tool + [UV])
        tool = [os.path.join(BIN, "uv"), "pip", "install", "-q", "--python", python]
        subprocess.check_call(tool + ["--require-hashes", "-r", "requirements.lock"])
    subprocess.check_call(tool + ["--no-deps", "--no-build-isolation", "-e", "."])


def slim():
    """Remove what no notebook reads: tests of the packages, source maps, languages of dates but English and French."""
    import pathlib  # an old Python, which lacks it, has to reach the message

    for path in list(pathlib.Path(VENV).rglob("*")):
        foreign = path.parent.name == "locale-data" and not path.name.startswith(("en", "fr", "root"))
        if path.name in ("tests", "test", "django-stubs", "__pycache__"):
            shutil.rmtree(path, ignore_errors=True)  # one inside another has gone with it
        elif path.is_file() and (foreign or path.suffix == ".map"):
            path.unlink()


def main(light=False):
    os.chdir(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    check_machine(light)
    stamp = STAMP + "-light" if light else STAMP
    for made in (STAMP, stamp):
        if os.path.exists(made) and os.path.getmtime(made) >= max(map(os.path.getmtime, INPUTS)):
            return
    about = VENV, "600 MB" if light else "1.5 GB"
    sys.stderr.write("setup: installing the locked packages into %s (once; about %s)\n" % about)
    try:
        install(light)
    except subprocess.CalledProcessError as failure:
        stop("installation failed (exit %d); the lines above say why; only %s changed" % (failure.returncode, VENV))
    if light:
        slim()
        with open(os.path.join("tools", "templates", "light.txt")) as table:
            sys.stdout.write(table.read().replace("BIN", BIN))
    open(stamp, "w").close()


if __name__ == "__main__":
    main("--light" in sys.argv[1:])
