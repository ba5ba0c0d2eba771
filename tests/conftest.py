"""Fixtures of the whole suite: pre-registered tolerances, seeded generator, redirected figures."""

import sys
import tomllib
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from hypothesis import settings

from helpers import storage
from tests import rows

ROOT = Path(__file__).resolve().parents[1]
# A file, or a notebook, is one task of a worker, and the run ends with the last: so the longest begin first. The two
# notebooks of a room do not begin together, as both would compile its engine. The acceptance tests come after the
# notebooks, whose points they share.
LONGEST = (
    "tests/browser/test_book.py",
    *(f"FINAL_notebooks/FINAL_{k}" for k in (4, 3, 5, 2, 8, 6, 7, 1)),
    "tests/lateral_line/test_acceptance.py",
    "tests/wta/test_acceptance.py",
    "tests/rnn/test_acceptance_training.py",
    "tests/browser",
    "tests/rnn/test_acceptance.py",
    "tests/attack",
    "tests/lateral_line",
    "tests/test_cluster.py",
)
settings.register_profile("suite", derandomize=True, deadline=None, max_examples=25)
settings.load_profile("suite")


@pytest.fixture(scope="session")
def acceptance():
    """The tolerances of acceptance.toml, as nested dictionaries."""
    return tomllib.loads((ROOT / "tests" / "acceptance.toml").read_text())


@pytest.fixture
def rng():
    return np.random.default_rng(20261120)


@pytest.fixture(autouse=True)
def figs_in_tmp(tmp_path, monkeypatch):
    """No test writes into the committed figs/."""
    monkeypatch.setenv("NOTEBOOK_FIGS", str(tmp_path / "figs"))


@pytest.fixture(autouse=True)
def settings_of_matplotlib():
    """Close the figures that another test or an example left open; take back the style that a test has set."""
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
    with matplotlib.rc_context():
        yield


@pytest.fixture(autouse=True)
def single_precision_of_jax():
    """Take back the double precision that the cells of a notebook switch on for the whole process."""
    yield
    if "jax" in sys.modules:
        sys.modules["jax"].config.update("jax_enable_x64", False)


def pytest_addoption(parser):
    parser.addoption("--scorecard", metavar="FOLDER", help="run only the acceptance tests; write their numbers as json")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--scorecard"):
        items[:] = [item for item in items if "record" in getattr(item, "fixturenames", ())]
    items.sort(key=lambda item: next((k for k, begin in enumerate(LONGEST) if item.nodeid.startswith(begin)), 99))


MEASURED, MISSED = {}, set()


@pytest.fixture
def record(acceptance):
    """Hold numbers to their row, and keep them for `make scorecard`: record(row, number or array, part of the row).

    Where the row gives no interval the test holds them first. Of `repeats`, the mean is held: it has to be decided.
    """

    def keep(name, values, part="", *, repeats=False):
        room, _, key = name.partition(".")
        row, values = acceptance[room][key], np.asarray(values, float)
        held = rows.interval(row, part) is None or (rows.decided if repeats else rows.within)(row, values, part)
        if not held:
            MISSED.add(name)
        assert held, f"{name} {part}: {values.tolist()} misses {row}"
        MEASURED.setdefault(name, []).extend(np.ravel(values.mean(axis=0) if repeats else values).tolist())

    return keep


def pytest_sessionstart(session):
    """A process that dies leaves an empty file, with which there is no scorecard."""
    if place := measured_by(session):
        place.touch()


def pytest_sessionfinish(session):
    if place := measured_by(session):
        storage.write_json(place, {name: MEASURED[name] for name in MEASURED if name not in MISSED})


def measured_by(session):
    """Return the path of the numbers that this process measures, or None without --scorecard."""
    target = session.config.getoption("--scorecard")
    worker = getattr(session.config, "workerinput", {}).get("workerid", "main")
    return target and Path(target, f"{worker}.json")
