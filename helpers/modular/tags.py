"""Tags, the ``obj[...]`` lookup that never caches, and the behaviours that carry them."""

from __future__ import annotations

import operator
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from helpers.modular import draws
from helpers.parameters import ParameterError, guarded, short

__all__ = ["Behavior", "Behaviour", "Synapses", "Tagged", "UnknownTagError"]


RESERVED = {"network", "tags", "behaviour", "size", "src", "dst", "NeuronGroups", "SynapseGroups", "init_kwargs"}


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

    def __init__(self, tag: str | Sequence[str] | None = None) -> None:
        self.tags: list[str] = []
        for word in (*(tag if isinstance(tag, list | tuple) else ["" if tag is None else tag]), type(self).__name__):
            self.add_tag(word)

    def add_tag(self, tag: str) -> Tagged:
        """Add the tags of a text, 'name' or 'name,other', that are not there yet; return the object."""
        if not isinstance(tag, str):
            raise ParameterError(f"tag = {short(tag)} is not text; give 'name' or 'name,other'")
        self.tags += [word for word in map(str.strip, tag.split(",")) if word and word not in self.tags]
        return self

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

    def _matches(self, tag) -> Iterator[Any]:
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
    parent is constructed, ``initialize_last`` after those of all others. One object belongs to one parent.

    Examples
    --------
    >>> class Decay(Behaviour):
    ...     def set_variables(self, neurons):
    ...         self.factor = self.get_init_attr("factor", 0.99)
    >>> Decay(factor=0.9, tag="leak")
    <Decay 'leak', 'Decay'>
    """

    run_on_init = initialize_on_init = initialize_last = False

    def __init__(self, tag: str | None = None, behaviour_enabled: bool = True, **kwargs: Any) -> None:
        super().__init__(tag)
        self.behaviour_enabled = kwargs.pop("behavior_enabled", behaviour_enabled)
        self.init_kwargs, self._read, self._owner = kwargs, set(), None

    def set_variables(self, parent: Any) -> None:
        """Create the variables; nothing to do here."""

    def new_iteration(self, parent: Any) -> None:
        """Advance by one iteration; nothing to do here."""

    initialize, iteration = set_variables, new_iteration

    @guarded
    def get_init_attr(self, key: str, default: Any = None, neurons: Any = None, required: bool = False) -> Any:
        """Return the keyword argument `key`, or `default`.

        Parameters
        ----------
        key : str
        default : object
            A text that is a number or a percentage is cast to its type: ``'50%'`` is 0.5 beside a default of 1.0.
        neurons : NeuronGroup or SynapseGroup, optional
            A text that is a draw, such as ``'normal(5, 1)'``, is drawn for it; every other text stays as it is.
        required : bool
            Refuse a behaviour without this argument.
        """
        self._read.add(key)
        if required and key not in self.init_kwargs:
            raise ParameterError(f"{self!r} has no keyword argument {key}; give {type(self).__name__}({key}=...)")
        value = self.init_kwargs.get(key, default)
        if not isinstance(value, str):
            return value
        if hasattr(neurons, "vector") and draws.is_draw(value):
            return neurons.vector(value)
        return draws.number(value, default)

    parameter = get_init_attr

    def set_parameters_as_variables(self, target: Any) -> None:
        """Set every keyword argument as an attribute of a group (draws are drawn for it) or of the behaviour itself."""
        if isinstance(target, type) or not hasattr(target, "__dict__"):
            raise ParameterError(f"target = {short(target)} takes no attributes; give a group, or the behaviour itself")
        for key in RESERVED & self.init_kwargs.keys():
            raise ParameterError(f"{key} of {self!r} is the name of a part of the network; choose another")
        for key in self.init_kwargs:
            setattr(target, key, self.get_init_attr(key, None, target))

    set_init_attrs_as_variables = set_parameters_as_variables

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
        unread = ", ".join(sorted(self.init_kwargs.keys() - self._read))
        if unread and warn:
            known = ", ".join(sorted(self._read)) or "none"
            text = f"{type(self).__name__}: keyword argument(s) {unread} are never read; known: {known}"
            warnings.warn(text, stacklevel=4)


Behavior = Behaviour


class Synapses(dict):
    """Synapse groups by tag; an unknown tag raises an error that lists the known ones."""

    def __missing__(self, tag):
        raise UnknownTagError(f"no synapse group carries the tag {short(tag)}; known: {', '.join(self)}")
