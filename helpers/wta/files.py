"""Save and load a network with its input: one npz file, parameters as JSON inside it, no pickle.

The file holds every array of the state, the generators, and where the input stands, so that training goes on from
it bit for bit. It is written under another name first: a run that is killed leaves the file of the time before.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from helpers.parameters import ParameterError, check_integer
from helpers.storage import write
from helpers.wta.inputs import InputGenerator
from helpers.wta.network import Network, State

__all__ = ["Saved", "load", "save"]

FORMAT = 1
CURSOR = ("_sequence", "_now", "_stop", "_left", "_rows")


@dataclass(frozen=True, eq=False)
class Saved:
    """What a file holds: the network, its input (or None), and what was left of an interrupted run, ms."""

    network: Network
    inputs: InputGenerator | None
    left_ms: int


def save(network, path, inputs=None, *, left_ms=0):
    """Write a network, and the input it learns from, to `path` (.npz); whole or not at all.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    meta = dict(format=FORMAT, left_ms=left_ms, seed=_seed(network.seed))
    meta |= dict(params=network.params.to_dict(), rng=network.rng.bit_generator.state)
    arrays = {f"state_{name}": value for name, value in network.state._asdict().items()}
    arrays |= dict(k=network.k, links=network.links)
    if inputs is not None:
        rngs = dict(rng=inputs._rng.bit_generator.state, frozen=inputs._frozen.bit_generator.state)
        cursor = {name: getattr(inputs, name) for name in CURSOR}
        meta["inputs"] = dict(params=inputs.params.to_dict(), cursor=cursor, **rngs)
        arrays |= dict(ahead=inputs._ahead)
        arrays |= {f"pattern_{i}": np.array(pattern) for i, pattern in enumerate(inputs.pattern_list)}
    text = np.array(json.dumps(meta, default=np.ndarray.tolist))
    _write(Path(path), dict(arrays, meta_json=text))


def _seed(seed):
    return None if isinstance(seed, np.random.Generator) else seed


def _write(path, arrays):
    def fill(draft):
        with draft.open("wb") as file:
            np.savez(file, **arrays)

    write(path, fill)


def load(path):
    """Return the :class:`Saved` network of a file; ``recorder.simulate(inputs, left_ms, resume=True)`` goes on.

    Raises
    ------
    ParameterError
        If there is no such file, or it is not one of these.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        meta = json.loads(str(arrays.pop("meta_json")))
        check_integer("format", meta["format"], FORMAT, FORMAT)
        network = _network(meta, arrays)
        inputs = _inputs(network, meta["inputs"], arrays) if "inputs" in meta else None
    except (OSError, ValueError, KeyError, EOFError, TypeError, BadZipFile) as failure:
        raise ParameterError(f"path = {str(path)!r} is not a saved network ({failure}); give a file of save") from None
    return Saved(network, inputs, meta["left_ms"])


def _network(meta, arrays):
    params = dict(meta["params"])
    network = Network(grid_shape=(params.pop("n"), params.pop("m")), seed=0, **{**params, "n_conn": 0})
    network.place(arrays["k"])
    network.params = network.params.replace(n_conn=params["n_conn"])
    network.link(arrays["links"])
    network.state = State(*(arrays[f"state_{name}"] for name in State._fields))
    network.seed, network.rng = meta["seed"], _generator(meta["rng"])
    return network


def _inputs(network, meta, arrays):
    inputs = InputGenerator(network, seed=0, **meta["params"])
    inputs.pattern_list = [tuple(arrays[f"pattern_{i}"]) for i in range(inputs.params.n_patterns)]
    for name, value in meta["cursor"].items():
        setattr(inputs, name, value)
    inputs._rows, inputs._ahead = [tuple(row) for row in inputs._rows], arrays["ahead"]
    inputs._rng, inputs._frozen = _generator(meta["rng"]), _generator(meta["frozen"])
    return inputs


def _generator(state):
    bits = getattr(np.random, state["bit_generator"])()
    bits.state = state
    return np.random.Generator(bits)
