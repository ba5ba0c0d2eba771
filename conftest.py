"""Doctests: Brian2 replaces pytest's collector by one that fails on ``__init__.py``, and a line is said but once."""

import os
from unittest import mock

import pytest
from _pytest import doctest

ORIGINAL = doctest.DoctestModule


def pytest_collectstart():
    """Put pytest's own collector back before each folder is collected."""
    doctest.DoctestModule = ORIGINAL


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Run the examples of the WTA engine as where it is compiled already: without its announcement."""
    if isinstance(item, doctest.DoctestItem) and item.path.parent.name == "wta":
        from helpers.wta import kernel

        with mock.patch.object(kernel._Announcement, "on_start", lambda *args: None):
            return (yield)
    return (yield)


def pytest_xdist_auto_num_workers():
    """Return one worker more than there are cores: browsers and kernels are waited for."""
    return (os.cpu_count() or 1) + 1
