"""Network, NeuronGroup and SynapseGroup: registration, order, initialisation and iteration.

In one iteration all keys of the whole network are visited in ascending order; for equal keys the network comes first,
then its neuron groups, then its synapse groups, each in the order of creation. Updates are in place: a later behaviour
sees what an earlier one has changed.
"""

from __future__ import annotations

import itertools
import numbers
import string
import time
import warnings as python_warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from helpers.modular import draws, synapses
from helpers.modular.grid import NeuronDimension, connected
from helpers.modular.tags import Behaviour, Synapses, Tagged, UnknownTagError
from helpers.parameters import (
    BackendError,
    ParameterError,
    check_array,
    check_choice,
    check_flag,
    check_integer,
    check_seed,
    guarded,
    short,
)

__all__ = ["Network", "NeuronGroup", "NeuronSubGroup", "SynapseGroup", "afferent", "efferent"]

REPORT_S = 0.03  # a progress callback hears of it at least this often
afferent, efferent = "afferent", "efferent"
Keys, Tag = dict[float, Behaviour] | Sequence[Behaviour] | None, str | Sequence[str] | None


class Parent(Tagged):
    """What carries behaviours: a dictionary key -> behaviour, the switch `recording`, and the way to change them.

    What carries a tag is an attribute too, where the name is free: ``net.cells`` is ``net["cells", 0]``.
    """

    def __init__(self, network, tag, behaviour, behavior, first=0):
        if not isinstance(network, Network):
            raise ParameterError(f"net = {short(network)} is not a Network; give the one that the group belongs to")
        if behaviour is not None and behavior is not None:
            raise ParameterError("behaviour and behavior are one argument in two spellings; give one of them")
        super().__init__(tag)
        self.network, self.recording = network, True
        self.behaviour = _checked(behavior if behaviour is None else behaviour, first)

    behavior = property(lambda self: self.behaviour)
    iteration = property(lambda self: self.network.iteration, doc="Iterations so far, this one included.")
    def_dtype = property(lambda self: self.network.dtype, doc="The dtype of all that the getters return.")

    def __getattr__(self, name):
        if name[0] != "_" and "behaviour" in vars(self):
            for found in self._matches(name):
                if isinstance(found, Tagged):
                    return found
        raise AttributeError(f"{type(self).__name__} {vars(self).get('tags')} has no attribute and no tag {name!r}")

    def _family(self):
        """Return the object and, of a network, its groups."""
        return [self]

    def _matches(self, tag):
        if tag in self.tags:
            yield self
        for key, item in self.behaviour.items():
            yield from (item,) if key == tag else item._matches(tag)
        for child in self._family()[1:]:
            yield from child._matches(tag)

    def _join(self, registry):
        """Run what runs at construction, take the behaviours, and enter a list of the network."""
        for item in self.behaviour.values():
            item._start(self, early=True)
        for item in self.behaviour.values():
            item._owner = self
        registry.append(self)
        self.network._schedule = None
        self.network._connect()

    def add_behaviour(self, key: float, behaviour: Behaviour) -> Behaviour:
        """Add a behaviour under a free key and return it; it is initialised at once if the network already is.

        If that fails, the behaviour is left out, and all groups keep the attributes that they had.
        """
        if key in self.behaviour:
            raise ParameterError(f"key = {key} is taken by {self.behaviour[key]!r}; remove it or choose another key")
        added = _checked({key: behaviour})
        before = [(parent, dict(vars(parent))) for parent in self.network._family()]
        try:
            self.behaviour = self.behaviour | added
            behaviour._start(self, early=True)
            if self.network._schedule is not None:
                behaviour._start(self)
                self.network._plan()
        except BaseException:
            for parent, attributes in before:
                vars(parent).clear()
                vars(parent).update(attributes)
            raise
        behaviour._owner = self
        return behaviour

    def remove_behaviour(self, which: Any) -> list[Behaviour]:
        """Remove the behaviours with a key, tag or class, here and in the groups of a network; return them."""
        found = self._behaviours(which)
        for item in found:
            item._owner.behaviour = {key: other for key, other in item._owner.behaviour.items() if other is not item}
            item._owner = None
        if self.network._schedule is not None:
            self.network._plan()
        return found

    def activate(self, which: Any, on: bool = True) -> None:
        """Run the behaviours with a key, tag or class again (or not), here and in the groups of a network."""
        for item in self._behaviours(which):
            item.behaviour_enabled = on

    def deactivate(self, which: Any) -> None:
        """Leave out the behaviours with a key, tag or class, here and in the groups of a network."""
        self.activate(which, False)

    def _behaviours(self, which):
        """Return the behaviours with a key, tag or class, or the one that is given; none is an error."""
        found, known = [], {}
        for parent in self._family():
            for key, item in parent.behaviour.items():
                known |= dict.fromkeys(item.tags)
                of_kind = isinstance(which, type) and isinstance(item, which)
                if item is which or of_kind or (not isinstance(which, Behaviour) and which in (key, *item.tags)):
                    found.append(item)
        if not found:
            raise UnknownTagError(f"no behaviour of {self!r} matches {which!r}; known: {', '.join(known) or 'none'}")
        return found

    add_behavior, remove_behavior = add_behaviour, remove_behaviour
    activate_behaviors = activate_mechanisms = activate
    deactivate_behaviors = deactivate_mechanisms = deactivate


def _checked(behaviour, first=0):
    """Return a new dictionary key -> behaviour; a list takes the keys from `first` on."""
    if isinstance(behaviour, list | tuple):
        behaviour = dict(enumerate(behaviour, first))
    if not isinstance(behaviour, dict | None):
        raise ParameterError(f"behaviour = {short(behaviour)} is not a dictionary; give {{1: SomeBehaviour()}}")
    checked = {}
    for key, item in (behaviour or {}).items():
        if not isinstance(key, numbers.Real) or not 0 <= key < np.inf:
            raise ParameterError(f"key = {key!r} of a behaviour is not a number >= 0; the keys give the order")
        if not isinstance(item, Behaviour):
            raise ParameterError(
                f"{short(item)} at key {key} is not a behaviour; give an object of Behaviour or a subclass"
            )
        if item._owner is not None or any(item is other for other in checked.values()):
            owner = "stands at another key" if item._owner is None else f"belongs to {item._owner!r}"
            raise ParameterError(f"{item!r} at key {key} already {owner}; make one behaviour for each place")
        checked[key] = item
    return checked


class Drawing:
    """The vectors of a group, or of a part of it."""

    def vector(self, mode: Any = "zeros()", scale: Any = None, density: Any = None) -> np.ndarray:
        """Return a vector (size,) drawn as `mode` says, times `scale`, thinned to a share `density`."""
        return draws.drawn(self.network, mode, self.size, scale, density)

    def get_random_neuron_vec(self, density: Any = 1.0) -> np.ndarray:
        """Return U[0, 1) values of which a share `density` is kept, the others 0."""
        return self.vector("uniform", None, density)

    get_neuron_vec = vector

    def subGroup(self, mask: Any) -> NeuronSubGroup:
        """Return the neurons that a mask (size,) of True and False picks."""
        return NeuronSubGroup(self, mask)


class NeuronGroup(Drawing, Parent):
    """A group of `size` neurons in a network; the behaviours put the vectors on it.

    Parameters
    ----------
    net : Network
    size : int or NeuronDimension
        A grid also sets x, y, z, width, height and depth, and takes key 0.
    behaviour : dict or list, optional
        Key -> Behaviour, left as it is; a list takes the keys 0, 1, ... (1, 2, ... beside a grid).
    tag : str, optional
        'name' or 'name,other'; a group without one is 'NG'.
    """

    def __init__(self, net: Network, size: Any, behaviour: Keys = None, tag: Tag = None, *, behavior: Keys = None):
        grid = _checked({0: size}) if isinstance(size, NeuronDimension) else {}
        super().__init__(net, "NG" if tag is None or str(tag) == "" else tag, behaviour, behavior, len(grid))
        self.size = size if grid else check_integer("size", size, 1)
        if grid and 0 in self.behaviour:
            python_warnings.warn(f"key 0 of {self!r} is the place of the grid; the behaviour is left out", stacklevel=2)
        self.behaviour |= grid
        self.afferent_synapses, self.efferent_synapses = Synapses(), Synapses()
        self._join(net.NeuronGroups)
        self.id, self.mask = np.arange(self.size), True

    BaseNeuronGroup = property(lambda self: self, doc="The group; of a sub-group, the one that it is part of.")

    @guarded
    def synapses(self, direction: str, tag: str = "All") -> list[SynapseGroup]:
        """Return the list of 'afferent' or 'efferent' synapse groups with a tag."""
        check_choice("direction", direction, (afferent, efferent))
        return getattr(self, f"{direction}_synapses")[tag]


class NeuronSubGroup(Drawing):
    """The neurons of a group that a mask picks: its vectors are read and written through the mask.

    It can be the source or target of a SynapseGroup. It has no behaviours of its own.

    Examples
    --------
    >>> cells = NeuronGroup(Network(), 3)
    >>> cells.v = np.zeros(3)
    >>> cells.subGroup([True, False, True]).v += 2
    >>> cells.v.tolist()
    [2.0, 0.0, 2.0]
    """

    @guarded
    def __init__(self, group: Drawing, mask: Any) -> None:
        mask, base = check_array("mask", mask, shape=(group.size,), low=0, high=1), group.BaseNeuronGroup
        if (mask % 1).any():
            raise ParameterError(f"mask holds {mask[mask % 1 > 0][0]:g}; allowed: True and False, 1 and 0")
        whole = np.zeros(base.size, bool)
        whole[group.mask] = mask
        vars(self).update(BaseNeuronGroup=base, mask=whole, size=int(mask.sum()))

    def __getattr__(self, name):
        if name.startswith(("__", "add_behavio", "remove_behavio")):
            raise AttributeError(f"a sub-group has no attribute {name!r}; behaviours belong to the whole group")
        value = getattr(vars(self)["BaseNeuronGroup"], name)
        return value[..., self.mask] if self._is_vector(value) else value

    def __setattr__(self, name, value):
        whole = getattr(self.BaseNeuronGroup, name, None)
        if not self._is_vector(whole):
            raise ParameterError(f"{name} is no vector of {self.BaseNeuronGroup!r}; set it on the group first")
        whole[..., self.mask] = value

    def _is_vector(self, value):
        return isinstance(value, np.ndarray) and value.shape[-1:] == self.mask.shape


class SynapseGroup(Parent):
    """The synapses from one group to another; a behaviour sets ``W``, shape (dst.size, src.size).

    The drive to `dst` is ``W.dot(source vector)``. The tags '<src tag> => <dst tag>' and '<src tag>_to_<dst tag>' are
    added.

    Parameters
    ----------
    net : Network
    src, dst : NeuronGroup, NeuronSubGroup or str
        Groups, or the tag of one.
    tag : str, optional
    behaviour : dict or list, optional
    connectivity : str, callable or number, optional
        Which pairs may have a synapse, kept as the matrix ``enabled``: see :func:`~helpers.modular.grid.connected`.
        ``"s_id != d_id"`` leaves out the synapses of a cell onto itself.
    partition : bool
        Not supported, and refused.
    """

    def __init__(
        self, net: Network, src: str | Drawing, dst: str | Drawing, tag: Tag = None, behaviour: Keys = None,
        *, behavior: Keys = None, connectivity: Any = None, partition: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(net, tag, behaviour, behavior)
        if check_flag("partition", partition):
            raise ParameterError("partition = True is not supported; connect sub-groups, or use sparse=True")
        self.src, self.dst = _group(net, "src", src), _group(net, "dst", dst)
        ends = self.src.tags[0], self.dst.tags[0]
        self.tags[-1:] = [" => ".join(ends), "_to_".join(ends), self.tags[-1]]
        self.group_weighting, self.enabled = 1, True if connectivity is None else connected(self, connectivity)
        self._join(net.SynapseGroups)

    shape = property(lambda self: (self.dst.size, self.src.size), doc="The shape of W.")

    def get_random_synapse_mat(self, density: Any = 1.0, sparse: bool | str = False) -> Any:
        """Return U[0, 1) weights of which a share `density` exists; see :meth:`matrix`."""
        return self.matrix("uniform", None, density, sparse)

    def matrix(self, mode: Any = "zeros()", scale: Any = None, density: Any = None, sparse: Any = False) -> Any:
        """Return weights (dst.size, src.size), 0 where `enabled` is.

        Parameters
        ----------
        mode : str, number, array, bool or int
            As in :meth:`NeuronGroup.vector`.
        scale : float, optional
        density : float or sequence, optional
            Share of the synapses that exist, in [0, 1]; a sequence has one for each row. Only these are drawn, so that
            time and, in a sparse storage, memory go with their number.
        sparse : {False, True, "event"}
            The storage: dense, scipy CSR, or rows per source (:class:`~helpers.modular.synapses.EventWeights`). All
            three hold the same numbers.
        """
        enabled = np.asarray(self.enabled)
        if enabled.dtype != bool or enabled.shape not in ((), self.shape):
            enabled = check_array("enabled", self.enabled, shape=self.shape).astype(bool)
        if density is None or self.network.rng is np.random or (np.isscalar(density) and density == 1):
            kept = density if self.network.rng is np.random else None
            return synapses.stored(draws.drawn(self.network, mode, self.shape, scale, kept) * enabled, sparse)
        rows, columns = draws.places(self.network.rng, self.shape, density)
        if enabled.ndim or not enabled:
            existing = np.broadcast_to(enabled, self.shape)[rows, columns]
            rows, columns = rows[existing], columns[existing]
        at = rows, columns
        mode, scale = draws.fitted("mode", mode, self.shape, at), draws.fitted("scale", scale, self.shape, at)
        return synapses.placed(draws.drawn(self.network, mode, len(rows), scale), rows, columns, self.shape, sparse)

    vector = get_synapse_mat = matrix


def _group(net, name, end):
    if isinstance(end, NeuronGroup | NeuronSubGroup):
        if end.network is not net:
            raise ParameterError(f"{name} = {end!r} belongs to another network; give a group of this one")
        return end
    found = [group for group in net.NeuronGroups if isinstance(end, str) and end in group.tags]
    if len(found) != 1:
        known = ", ".join(dict.fromkeys(tag for group in net.NeuronGroups for tag in group.tags)) or "none"
        raise UnknownTagError(
            f"{name} = {short(end)} is the tag of {len(found)} neuron groups, not of one; known: {known}"
        )
    return found[0]


class Network(Parent):
    """Groups, synapses and behaviours, run iteration by iteration.

    Parameters
    ----------
    tag : str, optional
    behaviour : dict or list, optional
    dtype : {float64, float32}
        Of all that the getters return.
    seed : int, numpy.random.Generator, "legacy" or None
        Of ``rng``. None draws a fresh generator. "legacy" uses numpy's global state with the seed's two draws: after
        ``np.random.seed(k)`` the numbers are those of PymoNNto 0.9.6, bit for bit.
    settings : dict, optional
        ``{"dtype": ...}``, as version 3 writes it; other settings are refused.

    Examples
    --------
    >>> net = Network(seed=1)
    >>> cells = NeuronGroup(net, size=3, tag="cells")
    >>> net.initialize()
    >>> net.simulate_iterations(5)
    >>> net.iteration, net["cells", 0] is net.cells, net["unknown"]
    (5, True, [])
    """

    iteration = 0

    def __init__(
        self, tag: Tag = None, behaviour: Keys = None, dtype: Any = np.float64, seed: Any = None,
        *, behavior: Keys = None, settings: dict[str, Any] | None = None,
    ) -> None:  # fmt: skip
        self.NeuronGroups, self.SynapseGroups, self._schedule = [], [], None
        super().__init__(self, tag, behaviour, behavior)
        if not isinstance(settings, dict | None):
            raise ParameterError(f"settings = {short(settings)} is no dictionary; allowed: {{'dtype': ...}}")
        for name in settings or {}:
            check_choice("setting", name, ("dtype",))
        dtype = (settings or {}).get("dtype", dtype)
        if not isinstance(dtype, str | type | np.dtype) or dtype not in (np.dtype(np.float64), np.dtype(np.float32)):
            raise ParameterError(f"dtype = {short(dtype)} is not known; allowed: float64 or float32")
        self.dtype = np.dtype(dtype)
        is_legacy = isinstance(seed, str) and seed == "legacy"
        self.rng = np.random.default_rng() if seed is None else np.random if is_legacy else check_seed(seed)
        self._join([])

    def _family(self):
        return [self, *self.NeuronGroups, *self.SynapseGroups]

    def _connect(self):
        """Enter the synapse groups under their tags; every neuron group gets every tag as key."""
        for group in self.NeuronGroups:
            for ends in (group.afferent_synapses, group.efferent_synapses):
                ends.clear()
                for tag in itertools.chain(["All"], *[synapse.tags for synapse in self.SynapseGroups]):
                    ends[tag] = []
        for synapse in self.SynapseGroups:
            for tag in dict.fromkeys(("All", *synapse.tags)):
                synapse.dst.afferent_synapses[tag].append(synapse)
                synapse.src.efferent_synapses[tag].append(synapse)

    def order(self) -> list[tuple[float, Behaviour, Parent]]:
        """Return the (key, behaviour, parent) of one iteration in the order of execution."""
        entries = []
        for parent in self._family():
            for key, item in parent.behaviour.items():
                entries.append((key, item, parent))
        return sorted(entries, key=lambda entry: entry[0])

    def initialize(self, info: bool = False, warnings: bool = True) -> None:
        """Set the variables of all behaviours, in the order of an iteration; prints that order if `info`.

        A second call sets them again and clears the recorders; the iterations keep counting.
        """
        info, warnings = check_flag("info", info), check_flag("warnings", warnings)
        self._connect()
        for key, item, parent in sorted(self.order(), key=lambda entry: entry[1].initialize_last):
            if info:
                print(key, item, parent)
            item._start(parent, warn=warnings)
        self._rename(warnings)
        self._plan()

    def _rename(self, warn):
        """Give neuron groups with the same first tag a letter, then a number: A, Ab, Ac, ..., Az, A27."""
        taken = set()
        for group in self.NeuronGroups:
            tag, ends = group.tags[0], itertools.chain(string.ascii_lowercase[1:], itertools.count(27))
            while group.tags[0] in taken:
                group.tags[0] = f"{tag}{next(ends)}"
            taken.add(group.tags[0])
            if warn and group.tags[0] != tag:
                python_warnings.warn(f"{tag!r} is taken by another neuron group; now {group.tags[0]!r}", stacklevel=3)

    def _plan(self):
        """Check the weights and list what an iteration runs."""
        for synapse in self.SynapseGroups:
            shape = getattr(vars(synapse).get("W"), "shape", synapse.shape)
            if tuple(shape) != synapse.shape:
                text = f"W of {synapse!r} has shape {shape}; allowed: (dst.size, src.size) = {synapse.shape}"
                raise ParameterError(f"{text}; transpose it or draw it with get_random_synapse_mat")
        steps = [(item, item._hook("new_iteration", "iteration"), parent) for _, item, parent in self.order()]
        self._schedule = [step for step in steps if step[1] is not None]

    def simulate_iteration(self) -> None:
        """Run one iteration."""
        if self._schedule is None:
            raise BackendError("the network, or a group added since, is not initialised; call initialize() first")
        self.iteration += 1
        for item, step, parent in self._schedule:
            if item.behaviour_enabled:
                step(parent)

    @guarded
    def simulate_iterations(
        self, iterations: int, batch_size: int = -1, measure_block_time: bool = False,
        disable_recording: bool = False, progress: Callable[[int], None] | None = None,
    ) -> float | None:  # fmt: skip
        """Run a number of iterations.

        Parameters
        ----------
        iterations : int
        batch_size : int
            Iterations of one block; -1 makes all of them one.
        measure_block_time : bool
            Return the time of the last block in ms.
        disable_recording : bool
            Let no recorder record during this run.
        progress : callable, optional
            ``progress(done)``, called at least every 50 ms between two iterations, and at the end; an exception that
            it raises stops the run there.
        """
        n, block = check_integer("iterations", iterations, 0), check_integer("batch_size", batch_size, -1)
        recording = [parent for parent in self._family() if parent.recording and disable_recording]
        _record(recording, False)
        started = time.perf_counter()
        due = started + REPORT_S
        try:
            for done in range(1, n + 1):
                if block > 0 and (done - 1) % block == 0:
                    started = time.perf_counter()
                self.simulate_iteration()
                if progress is not None and (done == n or time.perf_counter() >= due):
                    progress(done)
                    due = time.perf_counter() + REPORT_S
        finally:
            _record(recording, True)
        return 1000 * (time.perf_counter() - started) if measure_block_time else None

    def recording_on(self) -> None:
        """Let all recorders record."""
        _record(self._family(), True)

    def recording_off(self) -> None:
        """Let no recorder record."""
        _record(self._family(), False)

    @guarded
    def clear_recorder(self, keys: float | str | Sequence[float | str] | None = None) -> None:
        """Drop the samples of all recorders, or of those named: by their key, their tag or one of their expressions."""
        keys = [keys] if isinstance(keys, str | numbers.Real) else keys
        found = [(item, {key, *item.tags}) for key, item, _ in self.order() if "recorder" in item.tags]
        known = {name for item, names in found for name in (*names, *item.variables)}
        if unknown := set(() if keys is None else keys) - known:
            raise UnknownTagError(f"keys = {unknown} name no recorder; known: {', '.join(map(str, known)) or 'none'}")
        for item, names in found:
            item.clear(None if keys is None or names & set(keys) else keys)


def _record(parents, on):
    for parent in parents:
        parent.recording = on
