"""The V1 models: retina and LGN, and the ring of spiking cells with plastic synapses.

The face of the room: ``from helpers import v1``, then ``v1.respond(movie, fps=24)`` or
``v1.simulate(v1.RingParams(), theta_rad, seed=0)``.
"""

from helpers.v1.lgn import LgnResponse, on_off, respond
from helpers.v1.params import LgnParams, RingParams
from helpers.v1.simulate import RingResult, input_rates, simulate
from helpers.v1.wiring import PROJECTIONS, RULES, wire

__all__ = ["PROJECTIONS", "RULES", "LgnParams", "LgnResponse", "RingParams", "RingResult", "input_rates", "respond"]
__all__ += ["on_off", "simulate", "wire"]
