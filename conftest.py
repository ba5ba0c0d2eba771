"""Undo a side effect: importing Brian2 replaces pytest's collector of doctests by one that fails on ``__init__.py``."""

import os

from _pytest import doctest

ORIGINAL = doctest.DoctestModule


def pytest_collectstart():
    """Put pytest's own collector back before each folder is collected."""
    doctest.DoctestModule = ORIGINAL


def pytest_xdist_auto_num_workers():
    """Return one worker more than there are cores: browsers and kernels are waited for."""
    return (os.cpu_count() or 1) + 1
