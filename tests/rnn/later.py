"""What several tests share; a module is imported when a test first uses it."""

import importlib
from types import SimpleNamespace

import numpy as np

from helpers.rnn.model import Rnn, random_weights

__all__ = ["GROUPS", "Later", "network", "of_steps", "relative"]

GROUPS = ("weights", "gains", "shifts")


class Later:
    """Look like a module: ``jnp = Later("jax.numpy")``, then ``jnp.ones(3)`` inside a test."""

    def __init__(self, name):
        self.name = name

    def __getattr__(self, attribute):
        return getattr(importlib.import_module(self.name), attribute)


def of_steps(step, h0, dt=1.0):
    """Return a map with what the engine asks of a network."""
    return SimpleNamespace(step=step, h0=h0, dt=dt, n=len(h0))


def network(g=1.0, seed=0, kind="tanh_pos", **options):
    """Return a network of 8 neurons with unequal gains and shifts, where its rule has any."""
    rng = np.random.default_rng(seed + 100)
    shape = dict(gain=rng.uniform(0.5, 2, 8), shift=rng.normal(0, 0.3, 8)) if kind != "tanh" else {}
    return Rnn(random_weights(8, g, seed=seed), kind, **shape | options)


def relative(found, wanted):
    """Return the largest difference over the largest number."""
    return np.abs(np.asarray(found) - wanted).max() / np.abs(wanted).max()
