"""Sequence learning in winner-take-all circuits: the program of the public README runs after one import line.

>>> from helpers.wta import *

gives the names of that program. The parts: params, network, inputs, kernel (compiled engine), reference (Brian2
engine), recorder, files (save and load), measures, readout, figures. Engines are loaded when something runs.
"""

from importlib import import_module

WHERE = {
    "network": "Network NodeCollection WTACircuit nest_init rng_seed",
    "inputs": "InputGenerator generate_poisson_spiketrain",
    "recorder": "Recorder measure_network",
    "measures": "Assemblies assemblies",
    "legacy": "NEURON_MODEL SYNAPSE_MODEL RATE_CONN_SYN_MODEL NEURON_MODEL_NAME SYNAPSE_MODEL_NAME "
    "enable_stdp disable_stdp enable_stp disable_stp randomize_outgoing_connections",
}
PARTS = ("figures", "files", "kernel", "params", "readout", "reference", "studies", *WHERE)
__all__ = ["Assemblies", "InputGenerator", "Network", "NodeCollection", "Recorder", "WTACircuit", "assemblies"]
__all__ += ["generate_poisson_spiketrain", "measure_network", "nest_init", "rng_seed", *WHERE["legacy"].split()]


def __getattr__(name):
    if name in PARTS:
        return import_module(f"{__name__}.{name}")
    for part, names in WHERE.items():
        if name in names.split():
            return getattr(import_module(f"{__name__}.{part}"), name)
    raise import_module(f"{__name__}.legacy").missing(f"module {__name__}", name)
