"""One JupyterLab for all tests; one browser and one page of it for the tests of a file.

These end with the file: while playwright's browser is open its event loop runs in this thread, and no other can.
"""

import os
import shutil
from pathlib import Path

import pytest

from tests.browser import lab as labs

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """A running JupyterLab; each page ends its kernels."""
    with labs.server(tmp_path_factory.mktemp("lab")) as running:
        yield running


@pytest.fixture(scope="module")
def chromium():
    """The browser; without one the test is skipped, a browser that does not start is a failure."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip(f"no browser: none of {', '.join(BROWSERS)} is installed; .ci/run installs chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def page_of_all(chromium, server):
    """One page of the JupyterLab: its own files then come from the browser's cache."""
    lab = labs.Lab(server, chromium.new_page(viewport={"width": 1400, "height": 1000}))
    yield lab
    lab.end()


@pytest.fixture
def lab(page_of_all, request):
    """The :class:`tests.browser.lab.Lab` of the file; a notebook stays open until a test opens another.

    A picture of how each test leaves its page goes to BROWSER_ARTEFACTS, if that is set. No test may leave a problem.
    """
    page_of_all.problems()
    yield page_of_all
    if base := os.environ.get("BROWSER_ARTEFACTS"):
        page_of_all.page.screenshot(path=Path(base, f"{request.node.name}.png"))
    assert page_of_all.problems() == []
