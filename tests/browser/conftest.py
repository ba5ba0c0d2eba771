"""One JupyterLab and one browser for the whole session (one per worker), one page for each test."""

import os
from pathlib import Path

import pytest

from tests.browser import lab as labs


@pytest.fixture(scope="session")
def chromium():
    """The browser; without one the test is skipped, a browser that does not start is a failure."""
    path = labs.browser_path()
    if path is None:
        pytest.skip(f"no browser: none of {', '.join(labs.BROWSERS)} is installed; .ci/run installs chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def lab_server(chromium, tmp_path_factory):
    """A running JupyterLab, see :func:`tests.browser.lab.server`."""
    with labs.server(tmp_path_factory.mktemp("lab")) as server:
        yield server


@pytest.fixture
def artefacts(request, tmp_path):
    """Folder for screenshots: below BROWSER_ARTEFACTS if that is set, else pytest's own."""
    base = os.environ.get("BROWSER_ARTEFACTS")
    return Path(base, request.node.name) if base else tmp_path / "artefacts"


@pytest.fixture
def lab(chromium, lab_server, artefacts):
    """A :class:`tests.browser.lab.Lab`: a page of its own for each test."""
    with labs.Lab.on(chromium, lab_server, artefacts) as made:
        yield made
