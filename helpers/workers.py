"""The processes and machines that compute the points of a sweep: started, reached, and ended with the one that asks."""

from __future__ import annotations

import collections
import contextlib
import ctypes
import functools
import logging
import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterable, Iterator
from concurrent.futures import BrokenExecutor
from typing import Any

from helpers.parameters import BackendError, doors

__all__ = ["SweepWarning", "afar", "client", "no_interrupt", "workers"]

REACH_S = 20  # a scheduler answers within this
ALONE_S = 60  # a cluster without a worker is remarked after this


class SweepWarning(UserWarning):
    """Some points of a sweep failed, or could not be computed by its workers."""


@contextlib.contextmanager
def workers(jobs: Iterable, n_jobs: int, *, return_as: str = "generator", cluster: str = "") -> Iterator[Iterator]:
    """Yield an iterator over the results of joblib's `jobs`; left early, it stops the workers without a remark.

    An interrupt is for this process alone. A terminal and Jupyter send it to each process of a group, and a worker
    that is hit while it imports or compiles breaks down; so workers start with it blocked. On Linux they end with the
    process that started them, however that ends. With the address of a Dask scheduler, `cluster`, they are those of
    the cluster, whatever n_jobs.
    """
    from joblib import Parallel

    with no_interrupt():
        lasts = threading.current_thread() is threading.main_thread()
        begin = dict(initializer=_end_with, initargs=(os.getpid(),)) if lasts else {}
        if n_jobs == 1:  # whatever backend is active around this
            begin = dict(backend="sequential")
        done = _sent(client(cluster), jobs) if cluster else Parallel(n_jobs=n_jobs, return_as=return_as, **begin)(jobs)
    try:
        yield done
    except BrokenExecutor:
        message = "a worker was killed (out of memory?); finished points are kept; call again, with fewer n_jobs"
        raise BackendError(message) from None
    except Exception as failure:
        lacking = bool(cluster) and isinstance(failure, ImportError)  # a worker without this package
        if not lacking and not type(failure).__module__.startswith("distributed"):
            raise
        said = " ".join(str(failure).split())[:200]
        raise BackendError(f"the cluster gave up ({said}); finished points are kept; call again") from None
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            done.close()


def _sent(dask, jobs):
    """Yield the results of joblib's `jobs` from a Dask cluster, in order; as many run ahead as it has threads for."""
    from distributed import wait

    ahead = collections.deque()
    try:
        for function, arguments, options in jobs:
            ahead.append(dask.submit(function, *arguments, **options, pure=False))
            while len(ahead) > max(100, 4 * sum(dask.ncores().values())):
                yield ahead.popleft().result()
        while ahead:
            with contextlib.suppress(TimeoutError):
                wait(ahead[0], timeout=ALONE_S)
                yield ahead.popleft().result()
                continue
            if not dask.ncores():
                warnings.warn(f"{dask.scheduler.address} has no worker; waiting for one", SweepWarning, stacklevel=2)
    finally:
        dask.cancel(list(ahead))


def _end_with(parent):
    """Let the system end this worker with its parent, which must have started it from a thread that lasts."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        if os.getppid() != parent:  # it has ended before
            os._exit(1)


@contextlib.contextmanager
def no_interrupt() -> Iterator[None]:
    """Hold interrupts back; a process that is started meanwhile never gets one."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # its start would let interrupts through (Python 3.11)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def afar(cluster: str = "") -> bool:
    """Whether joblib's workers may live on other machines."""
    from joblib.parallel import get_active_backend

    return bool(cluster) or type(get_active_backend()[0]).__name__ == "DaskDistributedBackend"


@functools.cache
def client(address: str) -> Any:
    """Return the client of a Dask scheduler at an address, one for the life of this process, or raise an error."""
    try:
        from distributed import Client
    except ImportError:
        raise BackendError("NOTEBOOK_CLUSTER needs Dask: pip install distributed") from None
    for name in ("client", "utils"):  # what they log of a lost scheduler, an error says here
        logging.getLogger(f"distributed.{name}").setLevel(logging.CRITICAL)
    try:
        return Client(address, timeout=REACH_S)
    except Exception as failure:  # OSError, ValueError, TimeoutError, of versions that do not fit
        said = " ".join(str(failure).split())[:200]
        raise BackendError(f"no Dask scheduler at NOTEBOOK_CLUSTER = {address!r} ({said}); start it first") from None


doors(globals())
