"""Each row says how its bound came about and leaves its controls out; the scorecard needs a whole run of the tests."""

import re
import tomllib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from helpers import storage
from tests import rows
from tools import scorecard
from tools.common import ROOT, guarded

ROWS = scorecard.rows(tomllib.loads((ROOT / "tests/acceptance.toml").read_text()))


def faults(row):
    """What is wrong with a row. An interval without a control is rounding, or within 5 % of its middle."""
    yield "bound" if row["bound"] not in ("published", "derived", "re-run", "fixed after") else None
    yield "why" if ("why" in row) != (row["bound"] == "fixed after") else None
    published = row["bound"] == "published" or re.search("reproduced|refuted", row.get("verdict", ""))
    yield "published" if published and "published" not in row else None
    for part in {key.partition("_")[2] for key in row if re.match("accept|reference|excludes", key)}:
        ends, controls = rows.interval(row, part), row.get(f"excludes_{part}" if part else "excludes", {})
        yield from (f"lets pass: {name}" for name, x in controls.items() if not rows.leaves_out(ends, np.array(x)))
        if ends is not None and not controls:
            wide = ends[1] - ends[0] > np.maximum(0.1 * np.abs(ends.mean(axis=0)), 1e-5)
            yield f"{part} excludes nothing" if wide.any() else None


def test_every_row_says_how_its_bound_came_about_and_lets_no_control_pass():
    found = {name: [fault for fault in faults(row) if fault] for name, row in ROWS.items()}
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


FAULTS = [  # what is changed in a row, and what is then wrong with it
    ({}, []),
    ({"bound": "guessed"}, ["bound"]),
    ({"bound": "fixed after"}, ["why"]),
    ({"verdict": "reproduced"}, ["published"]),
    ({"excludes": {"nothing": 0.0, "twice": 2.0}}, ["lets pass: nothing"]),
    ({"accept_sd": [0, 1]}, ["sd excludes nothing"]),
]


def test_faults_of_a_row():
    row = {"bound": "re-run", "accept": [0.0, 1.0], "excludes": {"twice": 2.0}}
    for change, wrong in FAULTS:
        assert [fault for fault in faults(row | change) if fault] == wrong


def test_repeats_decide_a_row_if_their_interval_leaves_its_controls_out():
    row = {"accept": [0.2, 0.8], "excludes": {"nothing": 0.0}}
    for repeats, decides in (([0.4, 0.5, 0.6], True), ([0.1, 0.5, 0.9], False), ([0.8, 0.9, 1.0], False)):
        assert rows.decided(row, np.array(repeats)) == decides
        assert rows.decided(row, np.transpose([repeats, [0.4, 0.5, 0.6]])) == decides  # each column


def test_an_interval_is_given_by_its_ends_or_by_a_reference_and_widths():
    row = {"reference": [1.0, -2.0], "absolute": 0.1, "relative": [0.0, 0.1], "accept_sd": [0.0, 3.0]}
    np.testing.assert_allclose(rows.interval(row), [[0.9, -2.3], [1.1, -1.7]])
    assert rows.within(row, [1.1, -1.7]) and not rows.within(row, [1.2, -2.0]) and rows.within(row, [2, 3], "sd")
    assert rows.interval({"reference": 1.0}) is None and not rows.within(row, np.nan, "sd")
    assert rows.leaves_out((0, 1), np.array(2)) and not rows.leaves_out((0, [1, 3]), np.array(2))
    assert rows.leaves_out((0, 1), np.array([0.5, 2])) and not rows.leaves_out((0, 1), np.array([0.5, 1]))


@pytest.fixture
def house(tmp_path, monkeypatch):
    """A house with an old scorecard; returns its path and a function that sets what the run of the tests leaves."""
    old = tmp_path / "figs/scorecard.md"
    for folder in ("figs", "tests"):
        (tmp_path / folder).mkdir()
    old.write_text("as it was\n")
    (tmp_path / "tests/acceptance.toml").write_text(
        '[a]\norigin = "x"\nbound = "re-run"\naccept = [0, 1]\n'
        '[b]\norigin = "x"\nbound = "fixed after"\nwhy = "so"\naccept_fast = [[0, 1], [2, 3]]\nrelative = 0.1\n'
    )
    monkeypatch.setattr(scorecard, "ROOT", tmp_path)
    monkeypatch.setenv("PYTEST_ADDOPTS", "-k nothing")

    def ran(code, dead=False, skipped="", **measured):
        def run(command, cwd, env):
            assert "PATH" in env and not [name for name in env if name.startswith("PYTEST_")], "no options from there"
            options = dict(word.split("=", 1) for word in command if "=" in word)
            folder = tmp_path / options["--scorecard"]
            case = f'<testcase><skipped message="{skipped}"/></testcase>' if skipped else "<testcase/>"
            Path(options["--junit-xml"]).write_text(f"<testsuites>{case}</testsuites>")
            if measured:
                storage.write_json(folder / "gw0.json", measured)
            if dead:
                (folder / "gw1.json").touch()
            return SimpleNamespace(returncode=code)

        monkeypatch.setattr(scorecard.subprocess, "run", run)

    return old, ran


NOT_WHOLE = [  # what a run leaves, and what is said of it
    ({"code": 2, "a": [1]}, "did not run to their end"),
    ({"code": 0}, "did not run to their end"),
    ({"code": 1, "a": [1], "dead": True}, "did not run to their end"),
    ({"code": 0, "a": [0.5]}, "1 rows (b, ...) were not measured, their tests did not run; figs"),
    ({"code": 1, "a": [0.5], "skipped": "no NEST"}, "their tests did not run (no NEST)"),
]


@pytest.mark.parametrize(("left", "said"), NOT_WHOLE)
def test_a_run_that_did_not_end_or_left_out_tests_leaves_the_scorecard(house, capsys, left, said):
    """A row is missed where its test has failed; one whose test did not run says nothing of the model."""
    old, ran = house
    ran(**left)
    assert guarded("scorecard", scorecard.main) == 2 and old.read_text() == "as it was\n"
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and said in err


def test_a_whole_run_writes_each_row(house):
    old, ran = house
    for exit_code, measured in enumerate([{"a": [0.5], "b": [float("nan")]}, {"a": [0.5]}]):
        ran(exit_code, **measured)
        assert guarded("scorecard", scorecard.main) == exit_code
        text = old.read_text()
        assert "| `a`: a | – | 0.5 | 0 to 1 | re-run | new |" in text
        assert "| fast [0, 1] to [2, 3], relative 0.1 | fixed after: so |" in text
        assert text.count("missed or not measured") == exit_code
