"""Sequence learning in winner-take-all circuits: the program of the public README runs after one import line.

>>> from helpers.wta import *

gives the names of that program. Parts: params, network, inputs, kernel (compiled loop), recorder, measures, readout,
files (save and load), figures.
"""

from helpers.wta.files import Saved, load, save
from helpers.wta.inputs import InputGenerator, generate_poisson_spiketrain
from helpers.wta.measures import Assemblies, assemblies
from helpers.wta.network import (
    Network,
    NodeCollection,
    WTACircuit,
    disable_stdp,
    disable_stp,
    enable_stdp,
    enable_stp,
    nest_init,
    randomize_outgoing_connections,
    rng_seed,
)  # fmt: skip
from helpers.wta.params import LegacyError, missing
from helpers.wta.recorder import Recorder, measure_network

NEURON_MODEL, SYNAPSE_MODEL = "iaf_psc_exp_wta", "stdp_stp"
RATE_CONN_SYN_MODEL = "rate_connection_instantaneous"
NEURON_MODEL_NAME, SYNAPSE_MODEL_NAME = f"{NEURON_MODEL}__with_{SYNAPSE_MODEL}", f"{SYNAPSE_MODEL}__with_{NEURON_MODEL}"

__all__ = ["NEURON_MODEL", "NEURON_MODEL_NAME", "RATE_CONN_SYN_MODEL", "SYNAPSE_MODEL", "SYNAPSE_MODEL_NAME"]
__all__ += ["Assemblies", "InputGenerator", "LegacyError", "Network", "NodeCollection", "Recorder", "Saved"]
__all__ += ["WTACircuit", "assemblies", "disable_stdp", "disable_stp", "enable_stdp", "enable_stp"]
__all__ += ["generate_poisson_spiketrain", "load", "measure_network", "nest_init", "randomize_outgoing_connections"]
__all__ += ["rng_seed", "save"]


def __getattr__(name: str) -> object:
    raise missing(f"module {__name__}", name)
