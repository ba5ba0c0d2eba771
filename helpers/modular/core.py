"""Network, NeuronGroup and SynapseGroup: registration, order, initialisation and iteration.

In one iteration all keys of the whole network are visited in ascending order; for equal keys the network comes first,
then its neuron groups, then its synapse groups, each in the order of creation. Updates are in place: a later behaviour
sees what an earlier one has changed.
"""

import numbers
import time
import warnings as python_warnings

import numpy as np

from helpers.modular import draws, synapses
from helpers.modular.grid import NeuronDimension
from helpers.modular.tags import Behaviour, Synapses, Tagged, UnknownTagError
from helpers.parameters import BackendError, ParameterError, check_choice, check_integer, check_seed

__all__ = ["Network", "NeuronGroup", "SynapseGroup"]

REPORT_S = 0.03  # a progress callback hears of it at least this often


class Parent(Tagged):
    """What carries behaviours: a dictionary key -> behaviour, the switch `recording`, and the way to change them."""

    def __init__(self, network, behaviour, tag):
        super().__init__(tag)
        self.network, self.recording, self.behaviour = network, True, _checked(behaviour)

    behavior = property(lambda self: self.behaviour)

    def _children(self):
        return ()

    def _matches(self, tag):
        if tag in self.tags:
            yield self
        for key, item in self.behaviour.items():
            yield from (item,) if key == tag else item._matches(tag)
        for child in self._children():
            yield from child._matches(tag)

    def _start_early(self):
        for item in self.behaviour.values():
            item._start(self, early=True)

    def add_behaviour(self, key, behaviour):
        """Add a behaviour under a free key and return it; it is initialised at once if the network already is."""
        if key in self.behaviour:
            taken = self.behaviour[key]
            raise ParameterError(f"key = {key} is taken by {taken!r}; remove it first or choose another key")
        self.behaviour |= _checked({key: behaviour})
        behaviour._start(self, early=True)
        if self.network._schedule is not None:
            behaviour._start(self)
            self.network._plan()
        return behaviour

    def remove_behaviour(self, which):
        """Remove the behaviours with a key, tag or class, here and in the groups of a network; return them."""
        found = self._behaviours(which)
        for parent in (self, *self._children()):
            parent.behaviour = {k: b for k, b in parent.behaviour.items() if not any(b is f for f in found)}
        if self.network._schedule is not None:
            self.network._plan()
        return found

    def activate(self, which, on=True):
        """Run the behaviours with a key, tag or class again (or not), here and in the groups of a network."""
        for item in self._behaviours(which):
            item.behaviour_enabled = on

    def deactivate(self, which):
        """Leave out the behaviours with a key, tag or class, here and in the groups of a network."""
        self.activate(which, False)

    def _behaviours(self, which):
        """Return the behaviours with a key, tag or class, or the one that is given; none is an error."""
        pool = [item for parent in (self, *self._children()) for item in parent.behaviour.values()]
        named = self[which] if isinstance(which, str | numbers.Real) else ()
        kind = which if isinstance(which, type) else ()
        found = [item for item in pool if item is which or isinstance(item, kind) or any(item is n for n in named)]
        if not found:
            known = dict.fromkeys(tag for item in pool for tag in item.tags)
            raise UnknownTagError(f"no behaviour of {self!r} matches {which!r}; known: {', '.join(known) or 'none'}")
        return found

    add_behavior, remove_behavior = add_behaviour, remove_behaviour
    activate_behaviors = activate_mechanisms = activate
    deactivate_behaviors = deactivate_mechanisms = deactivate

    iteration = property(lambda self: self.network.iteration, doc="Iterations so far, this one included.")


def _checked(behaviour, first=0):
    """Return a new dictionary key -> behaviour; a list takes the keys from `first` on."""
    if isinstance(behaviour, list | tuple):
        behaviour = dict(enumerate(behaviour, first))
    if not isinstance(behaviour, dict | None):
        raise ParameterError(f"behaviour = {behaviour!r} is not a dictionary; give {{1: SomeBehaviour()}}")
    behaviour = dict(behaviour or {})
    for key, item in behaviour.items():
        if not isinstance(key, numbers.Real) or not 0 <= key < np.inf:
            raise ParameterError(f"key = {key!r} of a behaviour is not a number >= 0; the keys give the order")
        if not isinstance(item, Behaviour):
            raise ParameterError(
                f"{item!r} at key {key} is not a behaviour; give an object, Behaviour() or of a subclass"
            )
    return behaviour


class NeuronGroup(Parent):
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

    def __init__(self, net, size, behaviour=None, tag=None, *, behavior=None):
        grid = {0: size} if isinstance(size, NeuronDimension) else {}
        super().__init__(_network(net), _checked(behaviour or behavior, len(grid)), tag or "NG")
        self.size = size if grid else check_integer("size", size, 1)
        if grid and 0 in self.behaviour:
            python_warnings.warn(f"key 0 of {self!r} is the place of the grid; the behaviour is left out", stacklevel=2)
        self.behaviour |= grid
        self.afferent_synapses, self.efferent_synapses = Synapses(), Synapses()
        self._start_early()
        self.id, self.mask = np.arange(self.size), True
        net._register(self, net.NeuronGroups)

    def vector(self, mode="zeros()", scale=None, density=None):
        """Return a vector (size,) drawn as `mode` says, times `scale`, thinned to a share `density`."""
        return draws.drawn(self.network, mode, self.size, scale, density)

    def get_random_neuron_vec(self, density=1.0):
        """Return U[0, 1) values of which a share `density` is kept, the others 0."""
        return draws.uniform(self.network, self.size, density)

    def get_neuron_vec(self):
        """Return zeros (size,)."""
        return np.zeros(self.size, self.network.dtype)

    def synapses(self, direction, tag="All"):
        """Return the list of 'afferent' or 'efferent' synapse groups with a tag."""
        check_choice("direction", direction, ("afferent", "efferent"))
        return getattr(self, f"{direction}_synapses")[tag]


class SynapseGroup(Parent):
    """The synapses from one group to another; a behaviour sets ``W``, shape (dst.size, src.size).

    The drive to `dst` is ``W.dot(source vector)``. `src` and `dst` are groups, or the tag of one. The tag
    '<src tag> => <dst tag>' is added.
    """

    def __init__(self, net, src, dst, tag=None, behaviour=None, *, behavior=None):
        super().__init__(_network(net), behaviour or behavior, tag)
        self.src, self.dst = (_group(net, name, end) for name, end in (("src", src), ("dst", dst)))
        self.tags.insert(-1, f"{self.src.tags[0]} => {self.dst.tags[0]}")
        self.enabled, self.group_weighting = True, 1
        self._start_early()
        net._register(self, net.SynapseGroups)

    shape = property(lambda self: (self.dst.size, self.src.size), doc="The shape of W.")

    def get_random_synapse_mat(self, density=1.0, sparse=False):
        """Return U[0, 1) weights of which a share `density` exists.

        `sparse` chooses the storage: False dense, True scipy CSR, "event" rows per source
        (:class:`~helpers.modular.synapses.EventWeights`). Without legacy draws all three hold the same numbers.
        """
        return self._stored(draws.uniform(self.network, self.shape, density), sparse)

    def matrix(self, mode="zeros()", scale=None, density=None, sparse=False):
        """Return weights drawn as `mode` says (see :meth:`NeuronGroup.vector`), in the storage `sparse`."""
        return self._stored(draws.drawn(self.network, mode, self.shape, scale, density), sparse)

    vector = matrix

    def _stored(self, values, sparse):
        return synapses.stored(values if self.enabled else values * 0, sparse)

    def get_synapse_mat(self):
        """Return zeros (dst.size, src.size)."""
        return np.zeros(self.shape, self.network.dtype)


def _network(net):
    if not isinstance(net, Network):
        raise ParameterError(f"net = {net!r} is not a Network; give the one that the group belongs to")
    return net


def _group(net, name, end):
    if isinstance(end, NeuronGroup):
        if end.network is not net:
            raise ParameterError(f"{name} = {end!r} belongs to another network; give a group of this one")
        return end
    found = [group for group in net.NeuronGroups if end in group.tags]
    if len(found) != 1:
        known = ", ".join(dict.fromkeys(tag for group in net.NeuronGroups for tag in group.tags)) or "none"
        raise UnknownTagError(f"{name} = {end!r} is the tag of {len(found)} neuron groups, not of one; known: {known}")
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

    Examples
    --------
    >>> net = Network(seed=1)
    >>> cells = NeuronGroup(net, size=3, tag="cells")
    >>> net.initialize()
    >>> net.simulate_iterations(5)
    >>> net.iteration, net["cells", 0] is cells, net["unknown"]
    (5, True, [])
    """

    iteration = 0

    def __init__(self, tag=None, behaviour=None, dtype=np.float64, seed=None, *, behavior=None):
        super().__init__(self, behaviour or behavior, tag)
        self.dtype = np.dtype(dtype)
        if self.dtype not in (np.float64, np.float32):
            raise ParameterError(f"dtype = {dtype!r} is not known; allowed: float64 or float32")
        self.rng = np.random.default_rng() if seed is None else np.random if seed == "legacy" else check_seed(seed)
        self.NeuronGroups, self.SynapseGroups = [], []
        self._schedule = None
        self._start_early()

    def _children(self):
        return [*self.NeuronGroups, *self.SynapseGroups]

    def _register(self, group, registry):
        registry.append(group)
        self._schedule = None
        self._connect()

    def _connect(self):
        """Enter the synapse groups under their tags; every neuron group gets every tag as key."""
        tags = ["All", *(tag for synapse in self.SynapseGroups for tag in synapse.tags)]
        for ends in (e for g in self.NeuronGroups for e in (g.afferent_synapses, g.efferent_synapses)):
            ends.clear()
            ends.update({tag: [] for tag in tags})
        for synapse in self.SynapseGroups:
            for tag in dict.fromkeys(("All", *synapse.tags)):
                synapse.dst.afferent_synapses[tag].append(synapse)
                synapse.src.efferent_synapses[tag].append(synapse)

    def order(self):
        """Return the (key, behaviour, parent) of one iteration in the order of execution."""
        entries = [(key, item, p) for p in (self, *self._children()) for key, item in p.behaviour.items()]
        return sorted(entries, key=lambda entry: entry[0])

    def initialize(self, info=False, warnings=True):
        """Set the variables of all behaviours, in the order of an iteration; prints that order if `info`.

        A second call sets them again and clears the recorders; the iterations keep counting.
        """
        self._connect()
        for key, item, parent in self.order():
            if info:
                print(key, item, parent)
            item._start(parent, warn=warnings)
        self._rename(warnings)
        self._plan()

    def _rename(self, warn):
        """Give neuron groups with the same first tag a letter: A, Ab, Ac."""
        for tag in dict.fromkeys(group.tags[0] for group in self.NeuronGroups):
            for i, group in enumerate([g for g in self.NeuronGroups if g.tags[0] == tag][1:], 1):
                group.tags[0] = f"{tag}{chr(ord('a') + i)}"
                if warn:
                    text = f"the tag {tag!r} is taken by another neuron group; this one becomes {group.tags[0]!r}"
                    python_warnings.warn(text, stacklevel=3)

    def _plan(self):
        """Check the weights and list what an iteration runs."""
        for synapse in self.SynapseGroups:
            shape = getattr(getattr(synapse, "W", None), "shape", synapse.shape)
            if tuple(shape) != synapse.shape:
                text = f"W of {synapse!r} has shape {shape}; allowed: (dst.size, src.size) = {synapse.shape}"
                raise ParameterError(f"{text}; transpose it or draw it with get_random_synapse_mat")
        steps = [(item, item._hook("new_iteration", "iteration"), p) for _, item, p in self.order()]
        self._schedule = [step for step in steps if step[1] is not None]

    def simulate_iteration(self):
        """Run one iteration."""
        if self._schedule is None:
            raise BackendError("the network, or a group added since, is not initialised; call initialize() first")
        self.iteration += 1
        for item, step, parent in self._schedule:
            if item.behaviour_enabled:
                step(parent)

    def simulate_iterations(self, iterations, *, disable_recording=False, progress=None):
        """Run a number of iterations.

        Parameters
        ----------
        iterations : int
        disable_recording : bool
            Let no recorder record during this run.
        progress : callable, optional
            ``progress(done)``, called at least every 50 ms between two iterations, and at the end; an exception that
            it raises stops the run there.
        """
        recording = [p for p in (self, *self._children()) if p.recording and disable_recording]
        try:
            self._record(recording, False)
            self._run(check_integer("iterations", iterations, 0), progress)
        finally:
            self._record(recording, True)

    def _run(self, n, progress):
        step, due = self.simulate_iteration, time.perf_counter() + REPORT_S
        for done in range(1, n + 1):
            step()
            if progress is not None and (done == n or time.perf_counter() >= due):
                progress(done)
                due = time.perf_counter() + REPORT_S

    def recording_on(self):
        """Let all recorders record."""
        self._record((self, *self._children()), True)

    def recording_off(self):
        """Let no recorder record."""
        self._record((self, *self._children()), False)

    def _record(self, parents, on):
        for parent in parents:
            parent.recording = on

    def clear_recorder(self, keys=None):
        """Drop the samples of all recorders, or those of the expressions named."""
        for recorder in self["recorder"]:
            recorder.clear(keys)
