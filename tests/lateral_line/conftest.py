"""The cells that the engine is held to."""

import warnings

import pytest

from tests.cells import cells


@pytest.fixture(scope="session")
def notebook():
    """The model cells of FINAL_3, which import Brian2."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Brian2 on pyparsing 3.3
        return cells("FINAL_3", "model")
