"""The set-up: what it notices, what it refuses, and what an interrupt or a second one beside it leaves behind."""

import ast
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from functools import partial
from unittest import mock

import pytest

from tools import bootstrap
from tools.common import ROOT

SCRIPT = "tools/bootstrap.py"
clean = partial(bootstrap.main, clean=True)
SITE = "lib/python3/site-packages"
KEPT = ("babel/locale-data/fr_CA.dat", f"{SITE}/numpy-2.dist-info/RECORD", f"{SITE}/helpers-1.dist-info/RECORD")
FILES = {"bin/ruff": "../../../bin/ruff", f"{SITE}/numpy/linalg/norm.py": "numpy/linalg/norm.py"}
FILES |= {f"{SITE}/numpy/a, b.py": '"numpy/a, b.py"'}  # the path of a file of numpy, and its name in the record
SLIMMED = ("babel/locale-data/de.dat", "a.js.map", "numpy/tests/tests/test_all.py", "numpy/__pycache__/core.pyc")


def touch(folder, names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


@pytest.fixture
def venv(tmp_path, monkeypatch):
    """A folder for a set-up whose packages are empty files; returns it with a list of what was installed."""
    place, asked = tmp_path / "venv", []

    def install(light):
        asked.append(("light" if light else "full", (place / "pyvenv.cfg").exists()))
        touch(place, ("pyvenv.cfg", "bin/python", *KEPT, *SLIMMED))
        if not (place / KEPT[1]).read_text():  # what is recorded as installed is not installed
            touch(place, FILES)
            names = [*FILES.values(), "numpy/tests/test_all.py", "numpy/__pycache__/core.pyc", "numpy/a.js.map"]
            (place / KEPT[1]).write_text("".join(f"{name},sha256=x,1\n" for name in names))

    monkeypatch.setattr(bootstrap, "VENV", str(place))
    monkeypatch.setattr(bootstrap, "install", install)
    monkeypatch.chdir(ROOT)
    return place, asked


def test_a_finished_set_up_is_left_alone_and_clean_removes_nothing_beside_it(venv):
    place, asked = venv
    for light in (False, False, True):  # the full set-up has all of the light one
        bootstrap.main(light)
    assert asked == [("full", False)]
    beside = place.with_name("beside")
    beside.touch()
    for _ in range(2):  # the second time there is none
        clean()
        assert not place.exists() and beside.exists()


def differs(name):
    """Change what the stamp says; a set-up that was moved with its checkout has another place."""
    return lambda stamp: stamp.write_text(json.dumps(json.loads(stamp.read_text()) | {name: "another"}))


def gone(name):
    """Delete a file or a folder of the set-up."""

    def change(stamp):
        path = stamp.parent / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()

    return change


CHANGES = {  # what is done to a set-up, and whether it is then made anew
    "another place": (differs("place"), True),
    "another Python": (differs("python"), True),
    "another lock": (differs("lock"), False),
    "begun": (lambda stamp: stamp.write_text(stamp.read_text().replace("whole", "begun")), True),
    "a package removed": (gone(f"{SITE}/numpy-2.dist-info"), False),
}
DELETED = (*FILES, "bin/python", "bin", f"{SITE}/numpy", f"{SITE}/numpy/linalg")
CHANGES |= {name: (gone(name), False) for name in DELETED}


@pytest.mark.parametrize(("change", "anew"), CHANGES.values(), ids=CHANGES)
def test_what_differs_or_was_deleted_is_installed_again(venv, change, anew):
    place, asked = venv
    bootstrap.main()
    (place / "own").touch()
    change(place / ".installed")
    for _ in range(2):  # mended, and left alone then
        bootstrap.main()
    assert asked == [("full", False), ("full", not anew)] and (place / "own").exists() is not anew
    assert all((place / file).exists() for file in (*FILES, "bin/python"))


def test_a_package_that_never_had_its_files_is_not_installed_at_each_call(venv, monkeypatch):
    place, asked = venv
    install = bootstrap.install

    def lacking(light):
        install(light)
        (place / "bin/ruff").unlink()

    monkeypatch.setattr(bootstrap, "install", lacking)
    for _ in range(3):
        bootstrap.main()
    assert len(asked) == 1


def refused(call, capsys, said):
    """Check that a call stops with code 2 and one line that tells why."""
    with pytest.raises(SystemExit) as stopped:
        call()
    err = capsys.readouterr().err
    assert stopped.value.code == 2 and err.count("\n") == 1 and said in err


OTHERS = [None, "", "other", "[]", '{"state": "whole"', '{"state": "whole", "packages": []}', "gone"]


@pytest.mark.parametrize("said", OTHERS)
def test_a_folder_that_no_set_up_made_is_neither_used_nor_removed(venv, capsys, said):
    """A mark is known by what it says: a program of another may call a file so."""
    place, asked = venv
    bootstrap.main()
    ours = (place / ".installed").read_text()
    texts = {"thesis.txt": "years of work", ".installed.new": ours}
    if said is not None:
        texts[".installed"] = ours.replace("whole", "gone") if said == "gone" else said
    shutil.rmtree(place)
    place.mkdir()
    for name, text in texts.items():
        (place / name).write_text(text)
    capsys.readouterr()
    for call in (bootstrap.main, clean):
        refused(call, capsys, f"VENV = {place} is a folder that no set-up made")
    assert {path.name: path.read_text() for path in place.iterdir()} == texts
    (place / ".installed").write_text(ours.replace("whole", "begun"))
    bootstrap.main()
    assert len(asked) == 2 and not (place / "thesis.txt").exists(), "a half-made one of ours is made anew"


def test_a_set_up_that_was_killed_while_its_first_mark_was_written_goes_on(venv):
    place, asked = venv
    place.mkdir()
    (place / ".installed.new").write_text('{"sta')
    clean()
    bootstrap.main()
    assert asked == [("full", False)] and not (place / ".installed.new").exists()


def test_clean_does_not_follow_a_link_and_a_stopped_one_leaves_the_mark(venv, capsys, monkeypatch):
    place, _ = venv
    place.write_text("a file")
    refused(bootstrap.main, capsys, "cannot write")
    place.unlink()
    bootstrap.main()
    link = place.with_name("link")
    link.symlink_to(place)
    capsys.readouterr()
    with monkeypatch.context() as linked:
        linked.setattr(bootstrap, "VENV", str(link))
        refused(clean, capsys, f"VENV = {link} is a link to {place}; name that instead")
    with monkeypatch.context() as failing:
        denied = PermissionError(13, "Permission denied", "a")
        failing.setattr(bootstrap.shutil, "rmtree", mock.Mock(side_effect=denied))
        refused(clean, capsys, "cannot write a (Permission denied)")
    assert json.loads((place / ".installed").read_text())["state"] == "begun"
    clean()
    assert not place.exists() and link.is_symlink()


@pytest.mark.parametrize("words", [["VENV=a b", "setup"], ["VENV=", "clean"]])
def test_a_set_up_with_a_space_in_its_name_is_refused(words):
    env = {name: value for name, value in os.environ.items() if name != "NOTEBOOK_VENV"}
    done = subprocess.run(["make", "-n", *words], cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "name one without spaces" in done.stderr and done.stdout == ""


SLOW = """
import os, sys
sys.path.insert(0, {root!r})
from tools import bootstrap
def install(light):
    open(os.path.join(bootstrap.VENV, "pip-is-half-here"), "w").close()
    bootstrap.call([sys.executable, "-c", {command!r}])
    os.mkdir(os.path.join(bootstrap.VENV, "bin"))
    open(os.path.join(bootstrap.VENV, "bin", "python"), "w").close()
bootstrap.install = install
bootstrap.main()
"""
COMMAND = "import subprocess, sys; subprocess.check_call([sys.executable, '-c', {child!r}])"
CHILD = """
import time
with open({log!r}, "a") as log:
    print("begin", file=log, flush=True)
    time.sleep({seconds})
    print("end", file=log)
"""


def started(tmp_path, seconds):
    """Begin a set-up in which a command starts another one, which takes so long."""
    child = CHILD.format(log=str(tmp_path / "log"), seconds=seconds)
    code = SLOW.format(root=str(ROOT), command=COMMAND.format(child=child))
    env = os.environ | {"NOTEBOOK_VENV": str(tmp_path / "venv")}
    command = [sys.executable, "-c", code]
    return subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True, start_new_session=True)


def wait_for_the_log(tmp_path, process):
    while not (tmp_path / "log").exists() or "begin" not in (tmp_path / "log").read_text():
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.02)


def test_two_set_ups_at_once_wait_for_each_other(tmp_path):
    first = started(tmp_path, 2)
    wait_for_the_log(tmp_path, first)
    second = started(tmp_path, 0)
    assert first.wait(60) == 0 and second.wait(60) == 0
    assert (tmp_path / "log").read_text().split() == ["begin", "end"], "the second finds it whole"
    assert "waiting for another set-up" in second.stderr.read()


@pytest.mark.parametrize(("sent", "seconds", "code"), [(signal.SIGINT, 600, 130), (signal.SIGKILL, 1, -9)])
def test_an_interrupted_set_up_is_made_anew(tmp_path, sent, seconds, code):
    """A Ctrl-C goes to the whole group of a terminal: no command says anything of it, and all that was started ends."""
    process = started(tmp_path, seconds)
    wait_for_the_log(tmp_path, process)
    os.killpg(process.pid, sent)
    said = process.communicate(timeout=60)[1].splitlines()  # until all have closed their ends of it
    stopped = [f"setup: stopped; the next call makes {tmp_path / 'venv'} anew"]
    assert process.returncode == code and said[1:] == (stopped if sent == signal.SIGINT else [])
    (tmp_path / "venv/broken").touch()
    again = started(tmp_path, 0)
    assert again.wait(60) == 0
    assert not (tmp_path / "venv/broken").exists()
    assert json.loads((tmp_path / "venv/.installed").read_text())["state"] == "whole"


# --- messages


def test_a_machine_that_lacks_something_is_told_in_one_line(venv, monkeypatch, capsys):
    monkeypatch.setenv("PATH", str(venv[0]))
    refused(bootstrap.main, capsys, "no C++ compiler found")
    for minor in (10, 14):
        monkeypatch.setattr(bootstrap.sys, "version_info", (3, minor, 0))
        refused(bootstrap.main, capsys, f"Python 3.{minor} found, 3.11 to 3.13 needed")
    assert not venv[0].exists()


def test_it_is_written_for_old_pythons():
    """A Python that cannot read the file would show a syntax error instead of the one line."""
    new = (ast.JoinedStr, ast.AnnAssign, ast.NamedExpr, ast.Match, ast.AsyncFunctionDef, ast.Nonlocal)
    for node in ast.walk(ast.parse((ROOT / SCRIPT).read_text())):
        assert not isinstance(node, new)
        assert getattr(node, "id", "") != "print", "print(..., flush=True) is a syntax error in Python 2"
        assert not getattr(node, "kwonlyargs", None) and not getattr(node, "posonlyargs", None)


def test_a_light_set_up_needs_no_compiler_says_what_it_leaves_out_and_is_added_to(venv, monkeypatch, capsys):
    place, asked = venv
    with monkeypatch.context() as bare:
        bare.setenv("PATH", str(place))
        bootstrap.main(light=True)
        (place / SITE / "brian2-2.dist-info").mkdir()  # a package of one's own
        bootstrap.main(light=True)
    said = json.loads((place / ".installed").read_text())
    assert asked == [("light", False)] and said["light"]
    assert f"{SITE}/numpy-2.dist-info" in said["packages"], "what was left out is not missed"
    assert [name for name in (*KEPT, *SLIMMED) if (place / name).exists()] == [*KEPT]
    out = capsys.readouterr().out
    assert all(f"FINAL_{n} " in out for n in (1, 2, 3, 6, 7)) and "BIN" not in out
    bootstrap.main()
    assert asked[1:] == [("full", True)], "what is there is kept, the rest is added"


def test_the_light_lock_is_installed_as_it_stands_by_a_python_that_stays(monkeypatch):
    """The pip of Python 3.11 and 3.12 stumbles over the extras of a locked package, if it resolves the lock again.

    The Python of an activated set-up is removed with it, when it is made anew.
    """
    called = []
    monkeypatch.setattr(bootstrap, "call", called.append)
    bootstrap.install(light=True)
    (command,) = [words for words in called if "requirements-light.lock" in words]
    assert {"--no-deps", "--require-hashes"} <= set(command)
    assert called[0] == [sys._base_executable, "-m", "venv", bootstrap.VENV]


def test_a_failed_installation_ends_with_one_line_and_is_begun_again(venv, monkeypatch, capsys):
    place, asked = venv
    with monkeypatch.context() as failing, pytest.raises(SystemExit) as stopped:
        failing.setattr(bootstrap, "install", mock.Mock(side_effect=subprocess.CalledProcessError(3, "uv")))
        bootstrap.main()
    begun, failed = capsys.readouterr().err.splitlines()
    assert stopped.value.code == 2 and "installing" in begun and "installation failed" in failed
    bootstrap.main()
    assert asked == [("full", False)] and json.loads((place / ".installed").read_text())["state"] == "whole"


def test_make_clean_leaves_what_may_hold_work_of_ones_own(tmp_path):
    (tmp_path / "tools").mkdir()
    for name in ("Makefile", SCRIPT):
        shutil.copyfile(ROOT / name, tmp_path / name)
    kept = ["build/assignments/gradebook.db", "build/student.1/notes.txt", "build/thesis/mychapter.tex"]
    gone = ["build/book/index.html", "build/.machine-1-0.tmp/new/a", ".store/a.npz", "tools/__pycache__/bootstrap.pyc"]
    names = ["figs/v1/a.png", *kept, *gone]
    touch(tmp_path, names)
    command = ["make", "clean", "VENV=venv", f"PYTHON={sys.executable}"]
    for left in (kept, []):  # the second time without build/
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        assert [name for name in names if (tmp_path / name).exists()] == ["figs/v1/a.png", *left]
        shutil.rmtree(tmp_path / "build", ignore_errors=True)
