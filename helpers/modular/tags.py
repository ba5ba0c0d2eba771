"""Tags, the ``obj[...]`` lookup that never caches, and the behaviours that carry them."""

import operator
import warnings

import numpy as np

from helpers.parameters import ParameterError

__all__ = ["Behavior", "Behaviour", "Synapses", "Tagged", "UnknownTagError"]


class UnknownTagError(ParameterError, KeyError):
    """A tag, key or class that nothing carries; the message lists what exists."""

    __str__ = Exception.__str__  # a KeyError shows the repr


class Tagged:
    """Something with `tags`, found by ``obj[tag]``.

    ``obj[tag]`` is the list of all that carry the tag, depth first: the object, its behaviours, then (for a network)
    its neuron groups and synapse groups. A number finds the behaviours with that key. ``obj[tag, i]`` is element i of
    it, None if the list is empty; ``obj[tag, i, "np"]`` the same as an array. A recorder answers to its expressions
    too. Nothing is cached.
    """

    __iter__ = None  # else Python would walk obj[0], obj[1], ... for ever

    def __init__(self, tag=None):
        given = tag.split(",") if isinstance(tag, str) else list(tag or ())
        if not all(isinstance(word, str) for word in given):
            raise ParameterError(f"tag = {tag!r} is not text; give 'name' or 'name,other'")
        words = [word.strip() for word in given if word.strip()]
        self.tags = list(dict.fromkeys([*words, type(self).__name__]))

    def __getitem__(self, key):
        tag, *rest = key if isinstance(key, tuple) else (key,)
        found = list(self._matches(tag))
        if not rest:
            return found
        if rest[1:] not in ([], ["np"]):
            raise ParameterError(f"[{key!r}] is not a lookup; allowed: [tag], [tag, i] or [tag, i, 'np']")
        index = operator.index(rest[0])
        item = found[index] if found else None
        return item if item is None or not rest[1:] else np.array(item)

    def _matches(self, tag):
        if tag in self.tags:
            yield self

    def __repr__(self):
        return f"<{type(self).__name__} {', '.join(map(repr, self.tags))}>"


class Behaviour(Tagged):
    """One piece of dynamics: subclass it, give it a key in the `behaviour` dictionary of a parent.

    The hooks get the parent: ``set_variables(parent)`` (or ``initialize``) runs once, in the order of the keys, when
    the network is initialised; ``new_iteration(parent)`` (or ``iteration``) in every iteration. Keyword arguments are
    kept in ``init_kwargs`` and read with ``get_init_attr(key, default)`` (or ``parameter``); `tag` and
    `behaviour_enabled` are reserved. The class attribute ``run_on_init`` makes ``set_variables`` run once, when the
    parent is constructed.

    Examples
    --------
    >>> class Decay(Behaviour):
    ...     def set_variables(self, neurons):
    ...         self.factor = self.get_init_attr("factor", 0.99)
    >>> Decay(factor=0.9, tag="leak")
    <Decay 'leak', 'Decay'>
    """

    run_on_init = initialize_on_init = False

    def __init__(self, tag=None, behaviour_enabled=True, **kwargs):
        super().__init__(tag)
        self.behaviour_enabled = behaviour_enabled
        self.init_kwargs = kwargs
        self._read = set()

    def set_variables(self, parent):
        """Create the variables; nothing to do here."""

    def new_iteration(self, parent):
        """Advance by one iteration; nothing to do here."""

    initialize, iteration = set_variables, new_iteration

    def get_init_attr(self, key, default=None, neurons=None):
        """Return the keyword argument `key`, or `default`; a string drawn as ``neurons.vector(string)`` if given."""
        self._read.add(key)
        value = self.init_kwargs.get(key, default)
        return neurons.vector(value) if neurons is not None and isinstance(value, str) else value

    parameter = get_init_attr

    def _hook(self, old, new):
        """Return the most derived of two spellings, or None if no subclass defines either."""
        for kind in type(self).__mro__:
            for name in (old, new):
                if name in vars(kind):
                    return None if kind is Behaviour else getattr(self, name)
        return None

    def _start(self, parent, *, early=False, warn=True):
        """Set the variables, if this is the moment for it: at construction of the parent (`early`) or later."""
        hook = self._hook("set_variables", "initialize")
        if hook is None or early != (self.run_on_init or self.initialize_on_init):
            return
        hook(parent)
        unread = [name for name in self.init_kwargs if name not in self._read]
        if unread and warn:
            known = ", ".join(sorted(self._read)) or "none"
            text = f"{type(self).__name__}: keyword argument(s) {', '.join(unread)} are never read; known: {known}"
            warnings.warn(text, stacklevel=4)


Behavior = Behaviour


class Synapses(dict):
    """Synapse groups by tag; an unknown tag raises an error that lists the known ones."""

    def __missing__(self, tag):
        raise UnknownTagError(f"no synapse group carries the tag {tag!r}; known: {', '.join(self)}")
