"""Networks of groups, synapses and small behaviours, the form of the seed: ``from helpers.modular import *``."""

from helpers.modular.core import Network, NeuronGroup, SynapseGroup
from helpers.modular.grid import NeuronDimension, get_squared_dim
from helpers.modular.recorder import EventRecorder, Recorder
from helpers.modular.tags import Behavior, Behaviour

__all__ = ["Behavior", "Behaviour", "EventRecorder", "Network", "NeuronDimension"]
__all__ += ["NeuronGroup", "Recorder", "SynapseGroup", "get_squared_dim"]
