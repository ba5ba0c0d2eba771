"""Undo a side effect: importing Brian2 replaces pytest's collector of doctests by one that fails on ``__init__.py``."""

from _pytest import doctest

ORIGINAL = doctest.DoctestModule


def pytest_collectstart():
    """Put pytest's own collector back before each folder is collected."""
    doctest.DoctestModule = ORIGINAL
