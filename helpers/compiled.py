"""Numba's ``njit`` with a cache on disk that is never in the way."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import numba
from numba.core.caching import FunctionCache

__all__ = ["compiled"]


class _Cache(FunctionCache):
    """The cache of one function; where it is damaged or cannot be written, the function is compiled again."""

    def load_overload(self, *args):
        try:
            return super().load_overload(*args)
        except Exception:  # whatever damaged bytes make pickle and LLVM raise
            with contextlib.suppress(OSError):
                self.flush()

    def save_overload(self, *args):
        with contextlib.suppress(OSError):  # such as a full disk
            super().save_overload(*args)


def compiled(**options: Any) -> Callable[[Callable], Callable]:
    """Return a decorator that compiles a function as ``numba.njit(cache=True, **options)`` does.

    Where no folder for the cache can be written, as in a read-only installation without a home, and where the disk is
    full or the cache is damaged, the function is compiled in each process.

    Examples
    --------
    >>> @compiled()
    ... def double(x): return 2 * x
    >>> double(3)
    6
    """

    def decorate(function):
        dispatcher = numba.njit(**options)(function)
        with contextlib.suppress(RuntimeError):  # no folder for the cache
            dispatcher._cache = _Cache(function)
        return dispatcher

    return decorate
