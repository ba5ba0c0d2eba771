"""Make ``.venv`` from ``requirements.lock``: the only step that runs on the system's own Python.

Usage: ``python3 tools/bootstrap.py`` (the Makefile calls it; a second call returns at once).
Kept free of modern syntax so that an old interpreter reaches the one-line message below.
"""

import os
import shutil
import subprocess
import sys

OLDEST, NEWEST = (3, 11), (3, 13)
UV = "uv==0.13.8"  # resolves LogGabor -> SLIP -> NeuroTools, whose builds import each other
VENV = os.environ.get("NOTEBOOK_VENV") or ".venv"
STAMP = os.path.join(VENV, ".installed")
INPUTS = ("requirements.lock", "pyproject.toml", os.path.join("tools", "bootstrap.py"))


def stop(line):
    sys.stderr.write("setup: " + line + "\n")
    sys.exit(2)


def check_machine():
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        stop("Python %d.%d found, 3.11 to 3.13 needed: `make PYTHON=python3.12 ...`" % sys.version_info[:2])
    if not any(shutil.which(name) for name in ("c++", "g++", "clang++")):
        stop("no C++ compiler found (c++, g++, clang++); install one, on Debian: apt-get install g++")
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        stop("this Python has no venv module; on Debian: apt-get install python3-venv")


def install():
    python = os.path.join(VENV, "bin", "python")
    if not os.path.exists(python):
        subprocess.check_call([sys.executable, "-m", "venv", "--clear", VENV])
    subprocess.check_call([python, "-m", "pip", "--disable-pip-version-check", "install", "-q", UV])
    uv = [os.path.join(VENV, "bin", "uv"), "pip", "install", "-q", "--python", python]
    subprocess.check_call(uv + ["--require-hashes", "-r", "requirements.lock"])
    subprocess.check_call(uv + ["--no-deps", "--no-build-isolation", "-e", "."])
    open(STAMP, "w").close()


def main():
    os.chdir(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    check_machine()
    if os.path.exists(STAMP) and os.path.getmtime(STAMP) >= max(map(os.path.getmtime, INPUTS)):
        return
    sys.stderr.write("setup: installing the locked packages into %s (once; about 1.5 GB)\n" % VENV)
    try:
        install()
    except subprocess.CalledProcessError as failure:
        stop("installation failed (exit %d); the lines above say why; only %s changed" % (failure.returncode, VENV))


if __name__ == "__main__":
    main()
