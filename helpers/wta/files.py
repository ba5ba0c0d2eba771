"""Save and load a trained network with its input: one npz file, without pickle, checked when it is read."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from helpers.parameters import ParameterError, doors
from helpers.storage import DamagedFile, read_arrays, write_arrays
from helpers.wta.inputs import InputGenerator
from helpers.wta.network import Network, State

__all__ = ["Saved", "load", "save"]

FORMAT = 2


class Saved(NamedTuple):
    """What a file holds: the network, and its input (or None)."""

    network: Network
    inputs: InputGenerator | None


def save(network: Network, path: str | Path, inputs: InputGenerator | None = None) -> None:
    """Write a network, and the input that it learns from, to `path` (.npz); whole or not at all.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
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
        if record["format"] != FORMAT:
            raise KeyError("format")
        params = dict(record["params"])
        shape, n_conn = (params.pop("n"), params.pop("m")), params.pop("n_conn")
        network, inputs = Network(grid_shape=shape, seed=0, n_conn=0, **params), None
        network.place(arrays["k"])
        network.link(arrays["links"])
        state = State(*(arrays[f"state_{name}"] for name in State._fields))
        for name, given, built in zip(State._fields, state, network.state, strict=True):
            if given.shape != built.shape or given.dtype != built.dtype:
                raise ValueError(f"{name} does not fit the network")
        kept = dict(params=network.params.replace(n_conn=n_conn), seed=record["seed"], rng=_generator(record["rng"]))
        network._keep(state=state, **kept)
        if "inputs" in record:
            kept = record["inputs"]
            inputs = InputGenerator(network, seed=0, **kept["params"])
            inputs.set_patterns([tuple(arrays[f"pattern_{i}"]) for i in range(inputs.params.n_patterns)])
            inputs._frozen, inputs._rng = map(_generator, kept["rngs"])
            inputs._sequence = kept["sequence"]
    except (DamagedFile, KeyError, TypeError, ValueError) as failure:
        raise ParameterError(f"path = {str(path)!r} is not a saved network ({failure}); give a file of save") from None
    return Saved(network, inputs)


def _generator(state):
    bits = getattr(np.random, state["bit_generator"])()
    bits.state = state
    return np.random.Generator(bits)


doors(globals())
