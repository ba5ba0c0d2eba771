"""A module that is imported when a test first uses it, so that the tests are collected without it."""

import importlib

__all__ = ["Later"]


class Later:
    """Look like a module: ``jnp = Later("jax.numpy")``, then ``jnp.ones(3)`` inside a test."""

    def __init__(self, name):
        self.name = name

    def __getattr__(self, attribute):
        return getattr(importlib.import_module(self.name), attribute)
