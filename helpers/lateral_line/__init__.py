"""Lateral-line map: afferents (LL) -> medial nucleus (MON) -> torus (TS), with STDP and a moving sphere as stimulus.

The face of the room: ``from helpers import lateral_line as ll``, then ``ll.simulate(ll.preset("ll_fast"))``.
"""

from helpers.lateral_line.kernel import Network, Recording, pair_updates
from helpers.lateral_line.measures import MapQuality, map_quality, permutation_chance
from helpers.lateral_line.params import MODES, NetworkParams, preset, topographic_counts
from helpers.lateral_line.simulate import Result, evaluate, simulate
from helpers.lateral_line.stimulus import Drive, afferent_rates, dipole_velocity, neuromasts, test_drive
from helpers.lateral_line.wiring import draw, initial_weights, lateral_inhibition

__all__ = ["MODES", "Drive", "MapQuality", "Network", "NetworkParams", "Recording", "Result", "afferent_rates"]
__all__ += ["dipole_velocity", "draw", "evaluate", "initial_weights", "lateral_inhibition", "map_quality"]
__all__ += ["neuromasts", "pair_updates", "permutation_chance", "preset", "simulate", "test_drive"]
__all__ += ["topographic_counts"]
