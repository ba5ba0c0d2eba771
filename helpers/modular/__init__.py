"""Networks of groups, synapses and small behaviours, the form of the seed: ``from helpers.modular import *``."""

import numpy as np

from helpers.modular.core import Network, NeuronGroup, SynapseGroup, afferent, efferent
from helpers.modular.grid import NeuronDimension, get_squared_dim
from helpers.modular.recorder import EventRecorder, Recorder
from helpers.modular.tags import Behavior, Behaviour

__all__ = ["Behavior", "Behaviour", "EventRecorder", "Network", "NeuronDimension", "NeuronGroup", "Recorder"]
__all__ += ["SynapseGroup", "afferent", "efferent", "get_squared_dim", "np"]
