"""The state of a network as a value: captured, restored, written to one npz file (arrays, a record, a checksum).

It holds every array (dense, scipy sparse, :class:`~helpers.modular.synapses.EventWeights`), number, text and
generator found in the attributes of the network, its groups, synapses and behaviours, also inside lists and
dictionaries. Objects and memory that attributes share before, they share after, but for memory that is read as two
types and the lists of places of sparse weights. Recorders keep what they recorded.
"""

from __future__ import annotations

import copy
import warnings
from collections import deque
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse

from helpers.modular import synapses
from helpers.modular.recorder import Recorder
from helpers.parameters import HelpersError, ParameterError, doors, short
from helpers.storage import read_arrays, stored_generator, write_arrays

if TYPE_CHECKING:
    from helpers.modular.core import Network

__all__ = ["State", "capture", "load_state", "restore", "save_state"]

FORMAT = "helpers.modular state 2"
LINKS = ("network", "tags", "behaviour", "dtype", "_schedule", "_read", "_owner")
LINKS += ("afferent_synapses", "efferent_synapses", "init_kwargs")
OWN = {"NeuronGroups", "SynapseGroups", "src", "dst", "size", "id", "mask", "rng"}  # what the engine itself works with
OWN |= {"recording", "behaviour_enabled", "group_weighting", "enabled"}
OWN |= {"tag", "_seen", "pre_old", "post_old", "changed"}  # and the rules of learning
PLAIN = "biufcSU"  # dtype.kind of numbers and text
KEPT = object()  # in the place of what a state does not hold: functions, groups
SPARSE = [scipy.sparse.csr_array, scipy.sparse.csr_matrix, scipy.sparse.csc_array, scipy.sparse.csc_matrix]
COLLECTIONS = dict(list=list, tuple=tuple, dict=dict)
OBJECTS = {kind.__name__: kind for kind in (*SPARSE, synapses.EventWeights, synapses.Afferents)}
PLACES = {"starts", "targets", "source", "place", "indptr", "indices"}  # what compiled loops go by, and nobody changes


@dataclass(frozen=True)
class State:
    """What json can hold: the `form` of the network, attributes of its `objects`, shared `bodies`; and `arrays`."""

    form: dict
    objects: dict = field(default_factory=dict)
    bodies: list = field(default_factory=list)
    arrays: list = field(default_factory=list)


def capture(net: Network) -> State:
    """Return the :class:`State` of a network now; it shares no memory with the network."""
    state, left_out = _captured(net)
    if left_out:
        warnings.warn(f"not part of the state: {', '.join(left_out)}", stacklevel=2)
    return state


def _captured(net):
    """Return the state, and what it does not hold in words."""
    state, places, left_out = State(_form(net)), {}, []
    for name, item in _objects(net).items():
        kept = state.objects[name] = {}
        for key, value in vars(item).items():
            if key in LINKS:
                continue
            try:
                kept[key] = _packed(value, state, places)
            except _ForeignError as foreign:
                kept[key] = [None]
                left_out += [f"{name}.{key} ({foreign})"] if str(foreign) else []
    return state, left_out


def restore(net: Network, state: State) -> None:
    """Bring a network of the same form into a :class:`State`, from which it continues bit for bit.

    Arrays are replaced, generators set in place, and attributes that did not exist yet are removed.
    """
    _set(net, *_values(net, state))


def _values(net, state):
    """Return {object: {attribute: value}} of a state that fits a network, and the state of numpy's global generator."""
    here, made, values = _form(net), {}, {}
    for name in state.form | here:
        saved, now = state.form.get(name, "absent"), here.get(name, "absent")
        if saved != now:
            raise ParameterError(f"the state is of another network: {name} is {saved} in it and {now} here")
    for name, item in _objects(net).items():
        values[name] = {}
        for key, packed in state.objects[name].items():
            if packed != [None] and (key in LINKS or not _is_attribute(item, key)):
                raise ValueError(f"{name}.{short(key)} is not part of a state")
            values[name][key] = KEPT if packed == [None] else _unpacked(packed, state, made)
    if "legacy" in made and net.rng is not np.random:
        raise ParameterError("the state is of another network: its generator is numpy's global one")
    return values, made.get("legacy")


def _is_attribute(item, key):
    """Return whether a name is that of a value: neither Python's own, nor a method or property."""
    own = getattr(type(item), key, None)
    return not (key.startswith("__") or callable(own) or isinstance(own, property))


def _set(net, values, legacy):
    """Set attributes to the values of a state, and remove those that it does not have."""
    if legacy:
        np.random.set_state(legacy)  # noqa: NPY002
    for name, item in _objects(net).items():
        for key in set(vars(item)) - set(values[name]) - set(LINKS):
            delattr(item, key)
        for key, value in values[name].items():
            current = vars(item).get(key)
            if isinstance(value, np.random.Generator) and type(current) is type(value):
                current.bit_generator.state = value.bit_generator.state  # others may hold it, or one of its methods
            elif value is not KEPT:
                setattr(item, key, value)


def save_state(net: Network, path: Any) -> None:
    """Write the state of a network to `path` (a binary file, or a name: '.npz' is added), whole or not at all."""
    state = capture(net)
    if not hasattr(path, "write"):
        if not isinstance(path, str | PathLike):
            raise ParameterError(f"path = {short(path)} is not a path; give a name, or a file that is open for bytes")
        path = Path(path if str(path).endswith(".npz") else f"{path}.npz")
        if not path.parent.is_dir():
            raise ParameterError(f"folder {str(path.parent)!r} does not exist; make it first")
    arrays = {f"array_{i}": array for i, array in enumerate(state.arrays)}
    write_arrays(path, arrays, [FORMAT, state.form, state.objects, state.bodies])


def load_state(net: Network, path: Any) -> None:
    """Bring an initialised network of the same form into the state of a file of :func:`save_state`.

    A file that is missing, damaged, or of another network (groups, sizes, synapses, behaviours, shapes of arrays, kinds
    of attributes) is refused with one line, and nothing is changed. Whatever a file holds, it is never run.
    """
    try:
        stored, (known, *parts) = read_arrays(path)
        arrays = [stored[f"array_{i}"] for i in range(len(stored))]
        if known != FORMAT:
            raise ParameterError(f"it has the format {short(known)}; this version reads {FORMAT!r}")
        state = State(*parts, arrays)
        _check_sizes(state.bodies)
        values, legacy = _values(net, state)
        now = _captured(net)[0].objects
        for name, item in _objects(net).items():
            _check(name, item, now[name], values[name])
    except Exception as failure:
        kind = "" if isinstance(failure, HelpersError) else f"{type(failure).__name__}: "
        why = " ".join(f"{kind}{failure}".split())[:250]
        raise ParameterError(f"path = {str(path)!r} is no saved state ({why}); use a file of save_state") from None
    _set(net, values, legacy)


def _check_sizes(bodies):
    """Refuse lists that hold each other so often that no walk through them, such as a hash or a repr, would end."""
    sizes, largest = {}, 10**7 + sum(len(parts) for _, parts in bodies)

    def size(place):
        if place not in sizes:
            inner = [part[0] for part in bodies[place][1] if isinstance(part, list)]
            sizes[place] = len(bodies[place][1]) + sum(map(size, inner))
            if sizes[place] > largest:
                raise ValueError("its lists hold each other without end")
        return sizes[place]

    for place in range(len(bodies)):
        size(place)


def _check(name, item, now, values):
    """Refuse values that an object could not have got by running."""
    own = (OWN | getattr(item, "_read", set())) & now.keys()
    if lost := own - values.keys():
        raise ValueError(f"{name} lacks {', '.join(sorted(lost))}")
    for key, value in values.items():
        if value is not KEPT:
            why = "is a link" if now.get(key) == [None] else _misfit(vars(item).get(key), value, key in own)
            if why:
                raise ValueError(f"{name}.{short(key)} {why}")
    if hasattr(item, "behaviour") and values.get("size") != vars(item).get("size"):
        raise ValueError(f"{name}.size is {values.get('size')}; allowed: {vars(item).get('size')}")
    count = values.get("iteration", 0)
    if not isinstance(count, int) or not 0 <= count < 2**31:
        raise ValueError(f"{name}.iteration is {count}; allowed: a whole number from 0 to {2**31 - 1}")


def _misfit(current, value, is_own):
    """Return in words why a value cannot follow the current one; an empty text where it can.

    What is absent or None may become anything, and a number None or an array, unless the engine or a parameter owns it.
    """
    here, there = _kind(current), _kind(value)
    if here == there and isinstance(value, np.ndarray):
        return ""
    if not _is_plain(value):
        return "holds an array that is not of native numbers or text"
    grown = here == "number" and not is_own and (value is None or isinstance(value, np.ndarray))
    return "" if here == there or current is None or grown else f"is a {there}; allowed: {here}"


def _kind(value):
    """Return in words what stays the same while a network runs; of arrays, whose places compiled rules know, all."""
    if isinstance(value, bool | int | float | np.number | np.bool_):
        return "number"
    if isinstance(value, np.random.Generator):
        return f"generator {type(value.bit_generator).__name__}"
    kind = "str" if isinstance(value, str) else type(value).__name__
    if isinstance(value, np.ndarray) or kind in OBJECTS:
        return f"{kind} of {getattr(value, 'shape', '')} {getattr(value, 'dtype', '')}"
    return kind


def _is_plain(value, seen=None):
    """Return whether all arrays in a value are of native numbers or text, which every rule can take."""
    seen = set() if seen is None else seen  # ids of parts that many hold, which are looked at once
    if id(value) in seen:
        return True
    seen.add(id(value))
    if isinstance(value, np.ndarray | np.generic):
        return value.dtype.isnative and value.dtype.kind in PLAIN
    if type(value) in OBJECTS.values():
        value = vars(value)
    parts = value.values() if isinstance(value, dict) else value
    return not isinstance(value, list | tuple | deque | dict) or all(_is_plain(part, seen) for part in parts)


def _objects(net):
    """Return the network, its groups, synapses and their behaviours by name; recorders are left out."""
    found = {"network": net}
    for kind, groups in (("group", net.NeuronGroups), ("synapses", net.SynapseGroups)):
        for i, group in enumerate(groups):
            found[f"{kind} {i}"] = group
    for name, parent in list(found.items()):
        for key, item in parent.behaviour.items():
            if not isinstance(item, Recorder):
                found[f"{name}, behaviour {key:g} {type(item).__name__}"] = item
    return found


def _form(net):
    """Return what must be equal in two networks: sizes, ends of the synapses, keys and classes of the behaviours."""
    place, forms = net.NeuronGroups.index, dict.fromkeys(_objects(net), "present")
    forms["network"] = "present" if net.dtype == np.float64 else f"of {net.dtype}"
    for i, group in enumerate(net.NeuronGroups):
        forms[f"group {i}"] = f"of size {group.size}"
    for i, synapse in enumerate(net.SynapseGroups):
        ends = place(synapse.src.BaseNeuronGroup), place(synapse.dst.BaseNeuronGroup)
        forms[f"synapses {i}"] = f"{ends[0]} -> {ends[1]}, {synapse.shape}"
    return forms


# --- values: plain ones stay as they are, every other is kept once in `bodies` as [kind, parts], and named by its place


class _ForeignError(Exception):
    """A value that is not part of a state: a function or group (empty message), or an object of an unknown class."""


def _packed(value, state, places):
    if value is None or type(value) in (bool, int, float, str):
        return value
    if id(value) not in places:
        kind, parts = _taken_apart(value, state.arrays)
        state.bodies.append([kind, [_packed(part, state, places) for part in parts]])
        places[id(value)] = len(state.bodies) - 1, value  # holding the value keeps its id taken
    return [places[id(value)][0]]


def _taken_apart(value, arrays):
    kind = type(value).__name__
    if isinstance(value, np.ndarray | np.generic) and not value.dtype.hasobject:
        return _array(value, arrays)
    if type(value) in (list, tuple):
        return kind, value
    if type(value) in (dict, deque):
        return kind, list(value.items()) if kind == "dict" else (list(value), value.maxlen)
    if isinstance(value, np.random.Generator) or value is np.random:
        state = np.random.get_state(legacy=False) if value is np.random else value.bit_generator.state  # noqa: NPY002
        return "legacy" if value is np.random else "generator", [state]
    if OBJECTS.get(kind) is type(value) or isinstance(value, np.dtype):
        return ("dtype", [value.str]) if isinstance(value, np.dtype) else (kind, [vars(value)])
    framework = callable(value) or hasattr(value, "tags") or hasattr(value, "__dataclass_fields__")
    raise _ForeignError("" if framework else kind)


def _array(array, arrays):
    """Store an array; a view is its place in the array that owns the memory, so that they stay one.

    One that reads the memory as another type becomes an array of its own.
    """
    owner = array
    while isinstance(owner.base, np.ndarray):
        owner = owner.base
    whole = type(owner) is np.ndarray and (owner.flags.c_contiguous or owner.flags.f_contiguous)
    if owner is not array and whole and _is_of(array.dtype.str, owner):
        offset = array.__array_interface__["data"][0] - owner.__array_interface__["data"][0]
        return "view", (owner, list(array.shape), array.dtype.str, offset, list(array.strides))
    arrays.append(np.array(array))
    return "scalar" if isinstance(array, np.generic) else "array", [len(arrays) - 1]


def _is_of(dtype, owner):
    """Return whether a view of this type sees the numbers of its owner, or the parts of its complex ones."""
    return np.dtype(dtype) in (owner.dtype, owner.real.dtype)


def _unpacked(packed, state, made):
    """Return the value; every array is copied, so that a :class:`State` can be restored again."""
    if not isinstance(packed, list):
        return packed
    if packed[0] not in made:
        kind, parts = state.bodies[packed[0]]
        made[packed[0]] = _put_together(kind, [_unpacked(part, state, made) for part in parts], state, made)
    return made[packed[0]]


def _put_together(kind, parts, state, made):
    if kind in ("array", "scalar"):
        stored = state.arrays[parts[0]]
        return np.array(stored) if kind == "array" else np.asarray(stored)[()]
    if kind in COLLECTIONS:
        return COLLECTIONS[kind](parts)
    if kind in OBJECTS:
        return _object(OBJECTS[kind], parts[0])
    if kind == "view":
        owner, shape, dtype, offset, strides = parts
        if not _is_of(dtype, owner):
            raise ValueError(f"a view of {owner.dtype} as {short(dtype)} is not part of a state")
        return np.ndarray(shape, dtype, owner.ravel("K"), offset, strides)  # contiguous, so not a copy
    if kind == "generator":
        return stored_generator("a generator", parts[0])
    if kind == "legacy":
        made[kind] = parts[0]  # is set when all is read
        stored_generator("numpy's generator", {name: parts[0][name] for name in ("bit_generator", "state")})
        np.random.RandomState().set_state(parts[0])
        return np.random
    return {"deque": deque, "dtype": np.dtype}[kind](*parts)


def _object(kind, attributes):
    """Return weights with their attributes, if these fit each other: compiled loops read them without a check."""
    item = kind.__new__(kind)
    if not all(_is_attribute(item, key) for key in attributes):
        raise ValueError(f"{kind.__name__} cannot have the attributes {short(list(attributes))}")
    vars(item).update(attributes)
    for name in PLACES & attributes.keys():  # in memory of their own, so that nothing that is written can change them
        vars(item)[name] = attributes[name].copy()
    shape = getattr(item, "shape", (0, 0))
    if type(shape) is not tuple or set(map(type, shape)) != {int}:
        raise ValueError(f"the shape of {kind.__name__} is no tuple of whole numbers")
    if kind is synapses.Afferents:
        item.lists = item.starts, item.source, item.place, item.data
    twin = copy.copy(item)  # scipy's check changes what it checks
    twin.check_format(full_check=True) if kind in SPARSE else twin.check_format()
    if kind is synapses.Afferents:
        new = kind(item.weights)
        form = new.data.shape, new.data.dtype, vars(new).keys()
        if form != (item.data.shape, item.data.dtype, attributes.keys()) or not np.shares_memory(new.data, item.data):
            raise ValueError("the data of an Afferents are not those of its weights")
    return item


doors(globals())
