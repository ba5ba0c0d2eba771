"""The set-up: what it notices, what it refuses, and what an interrupt or a second one beside it leaves behind."""

import ast
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from unittest import mock

import pytest

from tools import bootstrap
from tools.common import ROOT

SCRIPT = "tools/bootstrap.py"
SITE = "lib/python3/site-packages"
KEPT = ("babel/locale-data/fr_CA.dat", f"{SITE}/numpy-2.dist-info/RECORD", f"{SITE}/helpers-1.dist-info/RECORD")
SLIMMED = ("babel/locale-data/de.dat", "a.js.map", "numpy/tests/tests/test_all.py", "numpy/__pycache__/core.pyc")


@pytest.fixture
def venv(tmp_path, monkeypatch):
    """A folder for a set-up whose packages are empty files; returns it with a list of what was installed."""
    place, asked = tmp_path / "venv", []

    def install(light):
        asked.append(("light" if light else "full", (place / "pyvenv.cfg").exists()))
        for name in ("pyvenv.cfg", *KEPT, *SLIMMED):
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).touch()

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
        bootstrap.clean()
        assert not place.exists() and beside.exists()


def differs(name):
    """Change what the stamp says; a set-up that was moved with its checkout has another place."""
    return lambda stamp: stamp.write_text(json.dumps(json.loads(stamp.read_text()) | {name: "another"}))


CHANGES = {  # what is done to a set-up, and whether it is then made anew
    "another place": (differs("place"), True),
    "another Python": (differs("python"), True),
    "another lock": (differs("lock"), False),
    "damaged": (lambda stamp: stamp.write_text('{"state": "whole"'), True),
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
    for call in (bootstrap.main, bootstrap.clean):
        refused(call, capsys, f"VENV = {place} is a folder that no set-up made")
    assert [path.name for path in place.iterdir()] == ["thesis.tex"] and not asked


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
    open(os.path.join(bootstrap.VENV, "pyvenv.cfg"), "w").close()
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


OWN = """
import subprocess, sys
sys.path.insert(0, {root!r})
from tools import bootstrap
def call(command):
    if "venv" in command:  # what pip would do is left out
        subprocess.run([*command, "--without-pip"], check=True)
bootstrap.subprocess.check_call = call
bootstrap.main()
"""


def test_a_set_up_is_made_anew_from_its_own_activated_python(tmp_path):
    place, code = tmp_path / "venv", OWN.format(root=str(ROOT))
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place)], check=True)
    (place / ".installed").touch()  # of an earlier version: made anew
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
    assert asked == [("light", False)] and json.loads((place / ".installed").read_text())["light"]
    assert [name for name in (*KEPT, *SLIMMED) if (place / name).exists()] == [*KEPT]
    out = capsys.readouterr().out
    assert all(f"FINAL_{n} " in out for n in (1, 2, 3, 6, 7)) and "BIN" not in out
    bootstrap.main()
    assert asked[1:] == [("full", True)], "what is there is kept, the rest is added"


def test_a_failed_installation_ends_with_one_line_and_is_begun_again(venv, monkeypatch, capsys):
    place, asked = venv
    with monkeypatch.context() as failing, pytest.raises(SystemExit) as stopped:
        failing.setattr(bootstrap, "install", mock.Mock(side_effect=subprocess.CalledProcessError(3, "uv")))
        bootstrap.main()
    begun, failed = capsys.readouterr().err.splitlines()
    assert stopped.value.code == 2 and "installing" in begun and "installation failed" in failed
    bootstrap.main()
    assert asked == [("full", False)] and json.loads((place / ".installed").read_text())["state"] == "whole"
