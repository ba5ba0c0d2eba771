"""The scorecard is written after a whole run of the tests only."""

from types import SimpleNamespace

import pytest

from helpers import storage
from tools import scorecard
from tools.common import guarded


@pytest.fixture
def house(tmp_path, monkeypatch):
    """A house with an old scorecard; returns its path and a function that sets what the run of the tests leaves."""
    old = tmp_path / "figs/scorecard.md"
    for folder in ("figs", "tests"):
        (tmp_path / folder).mkdir()
    old.write_text("as it was\n")
    (tmp_path / "tests/acceptance.toml").write_text(
        '[a]\norigin = "x"\naccept = [0, 1]\n[b]\norigin = "x"\naccept = [0, 1]\n'
    )
    monkeypatch.setattr(scorecard, "ROOT", tmp_path)

    def ran(code, dead=False, **measured):
        def run(command, cwd):
            (folder,) = [word.partition("=")[2] for word in command if word.startswith("--scorecard=")]
            if measured:
                storage.write_json(tmp_path / folder / "gw0.json", measured)
            if dead:
                (tmp_path / folder / "gw1.json").touch()
            return SimpleNamespace(returncode=code)

        monkeypatch.setattr(scorecard.subprocess, "run", run)

    return old, ran


@pytest.mark.parametrize(
    ("code", "measured"), [(2, {"a": [1]}), (3, {}), (-9, {"a": [0.5]}), (0, {}), (1, {"a": [1], "dead": True})]
)
def test_a_run_that_did_not_end_leaves_the_scorecard(house, capsys, code, measured):
    old, ran = house
    ran(code, **measured)
    assert guarded("scorecard", scorecard.main) == 2
    assert old.read_text() == "as it was\n" and "did not run to their end" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("code", "measured", "exit_code", "missed"), [(0, {"a": [0.5], "b": [float("nan")]}, 0, 0), (1, {"a": [0.5]}, 1, 1)]
)
def test_a_whole_run_writes_each_row(house, code, measured, exit_code, missed):
    old, ran = house
    ran(code, **measured)
    assert guarded("scorecard", scorecard.main) == exit_code
    text = old.read_text()
    assert "| `a`: a | – | 0.5 | 0 to 1 | new |" in text and text.count("missed or not measured") == missed
