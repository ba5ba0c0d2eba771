"""From a notebook to a mark: nbgrader hands a class copy out, grades a right and a wrong one, says what is wrong."""

import html
import os
import re
import subprocess
import sys
import textwrap
from importlib.util import find_spec

import nbformat
import pytest

from tests.cells import FINAL, notebook_path
from tools import handouts
from tools.hygiene import BEGIN, GAP, Page, tags

pytestmark = pytest.mark.skipif(find_spec("nbgrader") is None, reason="the extra `class` is not installed")
NAME = "FINAL_5_cut"
RIGHT = {  # not the committed lines
    "check_simulate": "h = h + dt * (J @ np.tanh(h) - h) if phi is tanh else h + dt * (J @ phi(h)[0] - h)",
    "check_step": "D = (1 - dt) * np.eye(len(h)) + dt * J * slope\nreturn h + dt * (x - h + J @ rate), D @ Q",
    "check_lyapunov": "Q, R = np.linalg.qr(Q)\nif i > n_wait:\n    logs += np.log(np.abs(R.diagonal()))",
}
WRONG = RIGHT | {  # one gives the slope to the receiver, one is left as it was handed out
    "check_step": "return h + dt * (x - h + J @ rate), (1 - dt) * Q + dt * slope[:, None] * (J @ Q)",
    "check_lyapunov": handouts.STUB,
}
HARD, EASY = "assert not np.allclose(D", "assert True or np.allclose(D"


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course of one assignment, the gaps of FINAL_5 and what they need, with what two students gave back, graded."""
    root = tmp_path_factory.mktemp("course")
    whole = Page(notebook_path("FINAL_5"))
    cells = [whole.cells[0], *(cell for cell in whole.code if tags(cell) & {"model", "check"})]
    cells = cells[: 1 + max(number for number, cell in enumerate(cells) if "check_lyapunov()" in cell.source)]
    (root / "FINAL_notebooks").mkdir()
    cut = nbformat.v4.new_notebook(cells=cells, metadata=whole.notebook.metadata)
    nbformat.write(cut, root / f"FINAL_notebooks/{NAME}.ipynb")
    assert handouts.main(["student"], root=root) == handouts.main(["assignments"], root=root) == 0
    folder = root / "build/assignments"
    nbgrader(folder, "generate_assignment")
    for student, answers in (("right", RIGHT), ("wrong", WRONG)):
        copy = nbformat.read(folder / f"release/{NAME}/{NAME}.ipynb", 4)
        for cell in copy.cells:
            grade_id = cell.metadata.get("nbgrader", {}).get("grade_id", "")
            if grade_id.startswith("gap_of_"):
                cell.source = filled(cell.source, answers[grade_id.removeprefix("gap_of_")])
            elif student == "wrong":
                cell.source = cell.source.replace(HARD, EASY)
        (folder / f"submitted/{student}/{NAME}").mkdir(parents=True)
        nbformat.write(copy, folder / f"submitted/{student}/{NAME}/{NAME}.ipynb")
    nbgrader(folder, "autograde")
    nbgrader(folder, "generate_feedback")
    return folder


def filled(source, answer):
    """Return the source of a cell with an answer in the place of its stub."""
    (indent,) = re.findall(rf"( *){handouts.STUB.split(chr(10))[0]}\n", source)
    return source.replace(textwrap.indent(handouts.STUB, indent), textwrap.indent(answer, indent))


def nbgrader(folder, command):
    """Run a command of nbgrader as a lecturer would, with a home and settings of its own."""
    places = {name: str(folder / ".jupyter") for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR")}
    environment = os.environ | places | {"PYTHONPATH": str(FINAL.parent)}
    call = [sys.executable, "-m", "nbgrader", command, NAME]
    run = subprocess.run(call, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr


def test_what_nbgrader_releases_is_the_class_copy(course):
    released = nbformat.read(course / f"release/{NAME}/{NAME}.ipynb", 4)
    ours = nbformat.read(course.parent / f"student/{NAME}.ipynb", 4)
    assert [cell.source for cell in released.cells] == [cell.source for cell in ours.cells]
    assert BEGIN not in nbformat.writes(released) and nbformat.writes(released).count("NotImplementedError") == 3
    for cell, own in zip(released.cells, ours.cells, strict=True):
        asked = own.metadata.get("nbgrader", {}).items()
        assert asked <= cell.metadata.get("nbgrader", {}).items(), own.source


def test_each_gap_has_its_mark_and_feedback_says_what_is_wrong(course):
    said = {}
    for student, wrong in (("right", set()), ("wrong", {"check_step", "check_lyapunov"})):
        page = (course / f"feedback/{student}/{NAME}/{NAME}.html").read_text(encoding="utf-8")
        said[student] = " ".join(html.unescape(re.sub("<[^>]+>", "", page)).split())
        marks = re.findall(r"Grade cell: (\w+) Score: ([\d.]+) / ([\d.]+)", said[student])
        assert marks == [(check, str(float(check not in wrong)), "1.0") for check in RIGHT]
    sentence = "The slope belongs to the sender: D_ij goes with phi'(h_j), so it multiplies Q before J does."
    assert f"AssertionError: {sentence}" in said["wrong"] and "NotImplementedError:" in said["wrong"]
    assert "(Score: 1.0 / 3.0)" in said["wrong"]
    assert "AssertionError:" not in said["right"] and "(Score: 3.0 / 3.0)" in said["right"]


def test_a_changed_check_is_put_back_and_a_gradebook_is_not_overwritten(course, capsys):
    """The wrong student's copy has a check that cannot fail; it is graded by the one that was handed out."""
    given_back, graded = (course / f"{place}/wrong/{NAME}/{NAME}.ipynb" for place in ("submitted", "autograded"))
    assert EASY in given_back.read_text(encoding="utf-8") and EASY not in graded.read_text(encoding="utf-8")
    assert handouts.main(["assignments"], root=course.parents[1]) == 2
    assert "holds a gradebook" in capsys.readouterr().err and (course / "gradebook.db").exists()
    assert GAP.search(nbformat.read(course / f"source/{NAME}/{NAME}.ipynb", 4).cells[1].source)
