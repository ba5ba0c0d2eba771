"""Undo two side effects of imports: Brian2's on pytest's collector of doctests, and 1.5 s of jsonschema's."""

import os
import sys

from _pytest import doctest

ORIGINAL = doctest.DoctestModule
sys.modules.setdefault("rfc3987_syntax", None)  # jsonschema would compile a grammar of web addresses, for nobody here


def pytest_collectstart():
    """Put pytest's own collector back before each folder: Brian2's fails on ``__init__.py``."""
    doctest.DoctestModule = ORIGINAL


def pytest_xdist_auto_num_workers():
    """Return one worker more than there are cores: browsers and kernels are waited for."""
    return (os.cpu_count() or 1) + 1
