"""The samples of a variable that the live view has seen, each with its iteration."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from helpers.parameters import ParameterError, check_integer, doors

__all__ = ["MAX_PICKED", "MAX_WINDOW", "History"]

MAX_ROWS, MAX_PICKED, MAX_WINDOW = 500, 5, 10_000


class History:
    """The last samples, at least 10,000: `times`, `trace` (mean and picked neurons), and at most 500 `rows` of neurons.

    Memory is taken as it is filled.
    """

    def __init__(self, size: int) -> None:
        self.size = check_integer("size", size, 1)
        self.end, self.stride = 0, -(-size // MAX_ROWS)
        self.times = np.zeros(2 * MAX_WINDOW, int)
        self.rows = np.zeros((2 * MAX_WINDOW, -(-size // self.stride)))
        self.trace = np.full((2 * MAX_WINDOW, 1 + MAX_PICKED), np.nan)

    def add(self, time: int, values: np.ndarray, picked: Sequence[int]) -> None:
        """Append the sample of an iteration; what was seen of that iteration and later ones before is forgotten."""
        if np.shape(values) != (self.size,):
            raise ParameterError(f"values has shape {np.shape(values)}; allowed: ({self.size},)")
        if self.end and time <= self.times[self.end - 1]:
            self.end = int(np.searchsorted(self.times[: self.end], time))
        if self.end == len(self.times):  # the last half moves to the front
            for buffer in (self.times, self.rows, self.trace):
                buffer[:MAX_WINDOW] = buffer[MAX_WINDOW:]
            self.end = MAX_WINDOW
        self.times[self.end] = time
        self.rows[self.end] = values[:: self.stride]
        self.trace[self.end, 0] = values.mean()
        self.trace[self.end, 1 : 1 + len(picked)] = values[picked]
        self.end += 1

    def pick(self, picked: Sequence[int]) -> None:
        """Let the traces be those of other neurons; their past is known where they are among the rows."""
        for k, neuron in enumerate(picked, 1):
            known = neuron % self.stride == 0
            self.trace[: self.end, k] = self.rows[: self.end, neuron // self.stride] if known else np.nan

    def last(self, now: int, window: int = MAX_WINDOW) -> slice:
        """Return the slice of the samples among the `window` iterations up to `now`."""
        start, stop = np.searchsorted(self.times[: self.end], (now - window, now), side="right")
        return slice(int(start), int(stop))


doors(globals())
