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


@pytest.fixture
def venv(tmp_path, monkeypatch):
    """A folder for a set-up whose packages are empty files; returns it with a list of what was installed."""
    place, asked = tmp_path / "venv", []

    def install(light):
        asked.append(("light" if light else "full", (place / "pyvenv.cfg").exists()))
        for name in ("pyvenv.cfg", "bin/python", *KEPT, *SLIMMED):
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).touch()
        if not (place / KEPT[1]).read_text():  # what is recorded as installed is not installed
            for name in FILES:
                (place / name).parent.mkdir(parents=True, exist_ok=True)
                (place / name).touch()
            names = [*FILES.values(), "numpy/tests/test_all.py", "numpy/__pycache__/core.pyc", "numpy/a.js.map"]
            (place / KEPT[1]).write_text("".join(f"{name},sha256=x,1\n" for name in names))

    monkeypatch.setattr(bootstrap, "VENV", str(place))
    monkeypatch.setattr(bootstrap, "install", install)
    monkeypatch.chdir(ROOT)
    return place, asked


def test_a_finished_set_up_is_left_alone_and_clean_removes_nothing_beside_it(venv):
    place, asked = venv
    bootstrap.main()
    before = {path: path.stat().st_mtime_ns for path in place.rglob("*")}
    bootstrap.main()
    bootstrap.main(light=True)  # the full set-up has all of it
    assert asked == [("full", False)]
    assert {path: path.stat().st_mtime_ns for path in place.rglob("*")} == before
    beside = place.with_name("beside")
    beside.touch()
    for _ in range(2):  # the second time there is none
        clean()
        assert not place.exists() and beside.exists()


def differs(name):
    """Change what the stamp says; a set-up that was moved with its checkout has another place."""
    return lambda stamp: stamp.write_text(json.dumps(json.loads(stamp.read_text()) | {name: "another"}))


CHANGES = {  # what is done to a set-up, and whether it is then made anew
    "another place": (differs("place"), True),
    "another Python": (differs("python"), True),
    "another lock": (differs("lock"), False),
    "begun": (lambda stamp: stamp.write_text(stamp.read_text().replace("whole", "begun")), True),
    "a package removed": (lambda stamp: shutil.rmtree((stamp.parent / KEPT[1]).parent), False),
}


@pytest.mark.parametrize(("change", "anew"), CHANGES.values(), ids=CHANGES)
def test_what_differs_is_installed_again(venv, change, anew):
    place, asked = venv
    bootstrap.main()
    change(place / ".installed")
    left = place / "left"
    left.touch()
    bootstrap.main()
    bootstrap.main()
    assert asked == [("full", False), ("full", not anew)] and left.exists() is not anew


@pytest.mark.parametrize("name", [*FILES, "bin/python", "bin", f"{SITE}/numpy", f"{SITE}/numpy/linalg"])
def test_what_is_deleted_from_a_set_up_is_installed_again(venv, name):
    place, asked = venv
    bootstrap.main()
    (place / "own").touch()
    path = place / name
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    bootstrap.main()
    bootstrap.main()
    assert asked == [("full", False), ("full", True)] and (place / "own").exists(), "mended, and left alone then"
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


def test_a_folder_that_no_set_up_made_is_neither_used_nor_removed(venv, capsys):
    place, asked = venv
    place.write_text("a file")
    refused(bootstrap.main, capsys, "cannot write")
    place.unlink()
    place.mkdir()
    (place / "thesis.tex").write_text("years of work")
    for call in (bootstrap.main, clean):
        refused(call, capsys, f"VENV = {place} is a folder that no set-up made")
    assert [path.name for path in place.iterdir()] == ["thesis.tex"] and not asked


OTHERS = ["", "other", "[]", '{"state": "whole"', '{"state": "whole", "packages": []}']


@pytest.mark.parametrize("said", [*OTHERS, "gone"])
def test_the_mark_of_a_set_up_is_known_by_what_it_says(venv, capsys, said):
    """Its name alone is no mark: a program of another may call a file so."""
    place, asked = venv
    bootstrap.main()
    ours = (place / ".installed").read_text()
    said = ours.replace("whole", "gone") if said == "gone" else said
    for file in place.rglob("*"):
        if file.is_file():
            file.unlink()
    for name, text in (("thesis.txt", "years of work"), (".installed", said), (".installed.new", ours)):
        (place / name).write_text(text)
    capsys.readouterr()
    for call in (bootstrap.main, clean):
        refused(call, capsys, f"VENV = {place} is a folder that no set-up made")
    assert (place / "thesis.txt").read_text() == "years of work" and (place / ".installed").read_text() == said
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
    bootstrap.main()
    link = place.with_name("link")
    link.symlink_to(place)
    capsys.readouterr()
    with monkeypatch.context() as linked:
        linked.setattr(bootstrap, "VENV", str(link))
        refused(clean, capsys, f"VENV = {link} is a link to {place}; name that instead")
    with monkeypatch.context() as failing:
        failing.setattr(
            bootstrap.shutil, "rmtree", mock.Mock(side_effect=PermissionError(13, "Permission denied", "a"))
        )
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
import os, sys, time
sys.path.insert(0, {root!r})
from tools import bootstrap
def install(light):
    open(os.path.join(bootstrap.VENV, "pip-is-half-here"), "w").close()
    with open({log!r}, "a") as log:
        log.write("begin\\n")
        log.flush()
        time.sleep({seconds})
        log.write("end\\n")
    os.mkdir(os.path.join(bootstrap.VENV, "bin"))
    open(os.path.join(bootstrap.VENV, "bin", "python"), "w").close()
bootstrap.install = install
bootstrap.main()
"""


def started(tmp_path, seconds):
    code = SLOW.format(root=str(ROOT), log=str(tmp_path / "log"), seconds=seconds)
    env = os.environ | {"NOTEBOOK_VENV": str(tmp_path / "venv")}
    return subprocess.Popen([sys.executable, "-c", code], env=env, stderr=subprocess.PIPE, text=True)


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


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_an_interrupted_set_up_is_made_anew(tmp_path, sent, code):
    process = started(tmp_path, 60)
    wait_for_the_log(tmp_path, process)
    process.send_signal(sent)
    assert process.wait(60) == code
    err = process.stderr.read().splitlines()
    assert len(err) == (2 if sent == signal.SIGINT else 1) and "Traceback" not in "".join(err)
    (tmp_path / "venv/broken").touch()
    again = started(tmp_path, 0)
    assert again.wait(60) == 0
    assert not (tmp_path / "venv/broken").exists()
    assert json.loads((tmp_path / "venv/.installed").read_text())["state"] == "whole"


def test_an_interrupt_reaches_no_command_and_ends_all_that_it_started(tmp_path):
    """A Ctrl-C is sent to the whole group of the terminal: no traceback of a command comes before our line."""
    child = "import time; print('begin', file=open('log', 'a'), flush=True); time.sleep(600)"
    command = f"import subprocess, sys; subprocess.check_call([sys.executable, '-c', {child!r}])"
    code = f"import os, sys; sys.path.insert(0, {str(ROOT)!r}); from tools import bootstrap\n"
    code += f"def work():\n    os.chdir({str(tmp_path)!r})\n    bootstrap.call([sys.executable, '-c', {command!r}])\n"
    code += "bootstrap.VENV, bootstrap.remove = 'venv', work\nbootstrap.main(clean=True)"
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    wait_for_the_log(tmp_path, process)
    os.killpg(process.pid, signal.SIGINT)
    said = process.communicate(timeout=60)[1]  # until all have closed their ends of it
    assert said.splitlines() == ["setup: stopped; the next call makes venv anew"]
    assert process.returncode == 130


OWN = """
import subprocess, sys
sys.path.insert(0, {root!r})
from tools import bootstrap
def call(command):
    if "venv" in command:  # what pip would do is left out
        subprocess.run([*command, "--without-pip"], check=True)
bootstrap.call = call
bootstrap.main()
"""


def test_a_set_up_is_made_anew_from_its_own_activated_python(tmp_path):
    place, code = tmp_path / "venv", OWN.format(root=str(ROOT))
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place)], check=True)
    begun = {name: kind() for name, kind in bootstrap.KINDS} | {"state": "begun"}
    (place / ".installed").write_text(json.dumps(begun))
    env = os.environ | {"NOTEBOOK_VENV": str(place)}
    done = subprocess.run([place / "bin/python", "-c", code], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert subprocess.run([place / "bin/python", "-c", "1"], check=False).returncode == 0, "it can be run again"


# --- messages


@pytest.mark.parametrize("version", [(3, 10, 13), (3, 14, 0)])
def test_another_python_is_refused_in_one_line(version, monkeypatch, capsys):
    monkeypatch.setattr(bootstrap.sys, "version_info", version)
    refused(bootstrap.check_machine, capsys, f"Python 3.{version[1]} found, 3.11 to 3.13 needed")


def test_it_is_written_for_old_pythons():
    """A Python that cannot read the file would show a syntax error instead of the one line."""
    new = (ast.JoinedStr, ast.AnnAssign, ast.NamedExpr, ast.Match, ast.AsyncFunctionDef, ast.Nonlocal)
    for node in ast.walk(ast.parse((ROOT / SCRIPT).read_text())):
        assert not isinstance(node, new)
        assert getattr(node, "id", "") != "print", "print(..., flush=True) is a syntax error in Python 2"
        assert not getattr(node, "kwonlyargs", None) and not getattr(node, "posonlyargs", None)


def test_a_missing_compiler_is_one_line(venv, monkeypatch, capsys):
    place, _ = venv
    monkeypatch.setenv("PATH", str(place))
    refused(bootstrap.main, capsys, "no C++ compiler found")
    assert not place.exists()


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


def test_the_light_lock_is_installed_as_it_stands_whatever_pip_a_python_brings(monkeypatch):
    """The pip of Python 3.11 and 3.12 stumbles over the extras of a locked package, if it resolves the lock again."""
    called = []
    monkeypatch.setattr(bootstrap, "call", called.append)
    bootstrap.install(light=True)
    (command,) = [words for words in called if "requirements-light.lock" in words]
    assert {"--no-deps", "--require-hashes"} <= set(command)


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
    kept = [
        "build/assignments/gradebook.db",
        "build/student.1/notes.txt",
        "build/thesis/mychapter.tex",
        "figs/v1/a.png",
    ]
    gone = ["build/book/index.html", "build/.machine-1-0.tmp/new/a", ".store/a.npz", "tools/__pycache__/bootstrap.pyc"]
    for name in (*kept, *gone):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    command = ["make", "clean", "VENV=venv", f"PYTHON={sys.executable}"]
    for _ in range(2):
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert [name for name in (*kept, *gone) if (tmp_path / name).exists()] == kept
    shutil.rmtree(tmp_path / "build")
    assert subprocess.run(command, cwd=tmp_path, check=False).returncode == 0
