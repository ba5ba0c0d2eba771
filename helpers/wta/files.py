"""Save and load a trained network with its input: one npz file, without pickle, checked when it is read."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from helpers.parameters import ParameterError, check_array, check_integer, doors, short
from helpers.storage import DamagedFile, check_names, read_arrays, stored_generator, write_arrays
from helpers.wta.inputs import InputGenerator
from helpers.wta.network import Network, State, check_links
from helpers.wta.params import InputParams, NetworkParams

__all__ = ["Saved", "load", "save"]

FORMAT = 2

# Smallest and largest value of each array of a state. A weight is the logarithm of a probability: no run makes it
# infinite, and exp(w) must be a number; the bounds of sums and means only keep them from becoming infinite.
RANGES = dict.fromkeys(("w_in", "w_rec", "s_in", "s_rec"), (-1e6, 700))
RANGES |= dict.fromkeys(("q_in", "q_rec", "a", "b"), (-1e12, 1e12)) | dict.fromkeys(("e1", "e2"), (0, 1e5))
RANGES |= dict.fromkeys(("stp_u", "stp_r", "mean_u", "eta0", "plastic", "depressing"), (0, 1))
RANGES |= dict(tau_d=(1, 1e6), tau_f=(1, 1e6), rule=(0, 2), clock=(0, 10**12), last=(-(10**9), 10**12))


class Saved(NamedTuple):
    """What a file holds: the network, and its input (or None)."""

    network: Network
    inputs: InputGenerator | None


def save(network: Network, path: str | Path, inputs: InputGenerator | None = None) -> None:
    """Write a network, and the input that it learns from, to `path` (.npz); whole or not at all.

    Raises
    ------
    ParameterError
        If learning has diverged, to weights that are NaN for example: no run could go on from there.
    OutputError
        If the file cannot be written.
    """
    try:
        check_state(network.state, network.state)
    except ParameterError as failure:
        raise ParameterError(f"no run can go on from this network ({failure}); train with a smaller eta0") from None
    seed = None if isinstance(network.seed, np.random.Generator) else network.seed
    record = dict(format=FORMAT, seed=seed, params=network.params.to_dict(), rng=network.rng.bit_generator.state)
    arrays = {f"state_{name}": value for name, value in network.state._asdict().items()}
    arrays |= dict(k=network.k, links=network.links)
    if inputs is not None:
        states = [rng.bit_generator.state for rng in (inputs._frozen, inputs._rng)]
        record["inputs"] = dict(params=inputs.params.to_dict(), rngs=states, sequence=inputs._sequence)
        for i, pattern in enumerate(inputs.pattern_list):
            arrays[f"pattern_{i}"] = np.array(pattern)
    write_arrays(Path(path), arrays, record)


def load(path: str | Path) -> Saved:
    """Return the :class:`Saved` network of a file; the next run of it is the one that would have come next.

    Raises
    ------
    ParameterError
        If there is no such file, or it is not one of :func:`save`.
    """
    if not Path(path).is_file():
        raise ParameterError(f"path = {str(path)!r} is not a saved network (no such file); give a file of save")
    try:
        arrays, record = read_arrays(Path(path))
        names, with_inputs = ["k", "links"], isinstance(record, dict) and "inputs" in record
        names += [f"state_{name}" for name in State._fields]
        check_names("record", record, ("format", "seed", "params", "rng", *["inputs"] * with_inputs))
        check_integer("format", record["format"], FORMAT, FORMAT)
        if with_inputs:
            check_names("inputs", record["inputs"], ("params", "rngs", "sequence"))
            check_names("inputs.params", record["inputs"]["params"], InputParams.__dataclass_fields__)
            shown = InputParams(**record["inputs"]["params"])
            names += [f"pattern_{i}" for i in range(shown.n_patterns)]
        check_names("the arrays", arrays, names)
        network = stored_network(arrays, record)
        return Saved(network, stored_inputs(network, shown, arrays, record["inputs"]) if with_inputs else None)
    except (DamagedFile, ParameterError, OverflowError) as failure:  # the last: an integer that no float can hold
        why = " ".join(str(failure).split())
        raise ParameterError(f"path = {str(path)!r} is not a saved network ({why}); give a file of save") from None


def stored_network(arrays, record):
    """Return the network of a file. Its sizes are those of arrays that are there, before memory is taken for them."""
    check_names("params", record["params"], NetworkParams.__dataclass_fields__)
    params = NetworkParams(**record["params"])
    k = checked("k", arrays["k"], np.int64, (params.n * params.m,), 1, 10_000)
    links = check_links(checked("links", arrays["links"], np.int64, (None, 2), 0, k.size - 1), k.size)
    n_neurons, n_synapses = int(k.sum()), int((k[links[:, 0]] * k[links[:, 1]]).sum())
    shapes = dict.fromkeys(State._fields, (n_neurons,)) | dict.fromkeys(("w_rec", "s_rec", "q_rec"), (n_synapses,))
    shapes |= dict.fromkeys(("w_in", "s_in", "q_in"), (n_neurons, params.n_inputs))
    shapes |= dict(e1=(params.n_inputs + n_neurons,), e2=(params.n_inputs + n_neurons,), clock=(2,))
    for name, shape in shapes.items():
        check_array(f"state_{name}", arrays[f"state_{name}"], shape=shape, finite=False, empty=True)
    network = Network(grid_shape=(params.n, params.m), seed=0, k_min=1, k_max=1, n_conn=0, n_inputs=1)
    network._keep(params=params.replace(n_conn=0))
    network.place(k)
    network.link(links)
    state = State(*(arrays[f"state_{name}"] for name in State._fields))
    seed = None if record["seed"] is None else check_integer("seed", record["seed"], 0)
    kept = dict(params=params, seed=seed, rng=stored_generator("rng", record["rng"]))
    network._keep(state=check_state(state, network.state), **kept)
    return network


def check_state(state, built):
    """Return a state of the types and shapes of one that was built, if its values are those that the engine needs."""
    values = {}
    for name, array in state._asdict().items():
        like = getattr(built, name)
        values[name] = checked(f"state_{name}", array, like.dtype, like.shape, *RANGES[name])
    steps, learned = values["clock"].tolist()
    check_integer("steps that learned in state_clock", learned, 0, steps)
    check_array("state_last", values["last"], high=steps - 1)
    return State(**values)


def stored_inputs(network, params, arrays, record):
    """Return the input of a file."""
    patterns, rngs = [], record["rngs"]
    # With patterns that take no time to draw: those of the file take their place.
    inputs = InputGenerator(network, seed=0, n_patterns=params.n_patterns, t_pattern=1.0, r_input=0.0)
    inputs._keep(params=params)
    for i in range(params.n_patterns):
        patterns.append(tuple(checked(f"pattern_{i}", arrays[f"pattern_{i}"], np.int64, (2, None), 0, 10**6)))
    inputs.set_patterns(patterns)
    if not isinstance(rngs, list) or len(rngs) != 2:
        raise ParameterError(f"inputs.rngs = {short(rngs)}; allowed: two states of generators")
    inputs._frozen, inputs._rng = (stored_generator("inputs.rngs", state) for state in rngs)
    inputs._sequence = check_integer("inputs.sequence", record["sequence"], -1, len(params.pattern_sequences) - 1)
    return inputs


# --- checks of what a file holds


def checked(name, array, dtype, shape, low, high):
    """Return an array, in C order, if its type, shape and values are allowed."""
    if array.dtype != dtype:
        raise ParameterError(f"{name} holds {array.dtype}; allowed: {np.dtype(dtype)}")
    check_array(name, array, shape=shape, low=low, high=high, empty=True)
    return np.ascontiguousarray(array)


doors(globals())
