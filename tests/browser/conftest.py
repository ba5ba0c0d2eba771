"""One JupyterLab, one browser and one page of it for the tests of a file.

They end with the file: while playwright's browser is open its event loop runs in this thread, and no other can.
"""

import os
from pathlib import Path

import pytest

from tests.browser import lab as labs


@pytest.fixture(scope="module")
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


@pytest.fixture(scope="module")
def page_of_all(chromium, tmp_path_factory):
    """One page of a running JupyterLab: its own files then come from the browser's cache."""
    with labs.server(tmp_path_factory.mktemp("lab")) as server, labs.Lab.on(chromium, server) as made:
        yield made


@pytest.fixture
def artefacts(request, tmp_path):
    """Folder for screenshots: below BROWSER_ARTEFACTS if that is set, else pytest's own."""
    base = os.environ.get("BROWSER_ARTEFACTS")
    return Path(base, request.node.name) if base else tmp_path / "artefacts"


@pytest.fixture
def lab(page_of_all, artefacts):
    """The :class:`tests.browser.lab.Lab` of the file; a notebook stays open until a test opens another."""
    page_of_all.artefacts = artefacts
    page_of_all.problems()
    return page_of_all
