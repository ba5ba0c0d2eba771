"""Names of the NEST package that the README program or its readers use: those with a meaning here, and the others.

The others raise :class:`LegacyError`, in one line that says what to use.
"""

from __future__ import annotations

import numpy as np

from helpers.parameters import HelpersError
from helpers.wta.network import streams

__all__ = ["LegacyError", "disable_stdp", "disable_stp", "enable_stdp", "enable_stp", "randomize_outgoing_connections"]

NEURON_MODEL, SYNAPSE_MODEL = "iaf_psc_exp_wta", "stdp_stp"
RATE_CONN_SYN_MODEL = "rate_connection_instantaneous"
NEURON_MODEL_NAME, SYNAPSE_MODEL_NAME = f"{NEURON_MODEL}__with_{SYNAPSE_MODEL}", f"{SYNAPSE_MODEL}__with_{NEURON_MODEL}"
EVENTS = "recorder.result holds spikes, rates and weights"
WIRED = "inputs reach the neurons without relays; inpgen.schedule holds their spikes"
GONE = dict.fromkeys(("multimeter", "spikerecorder", "noiserecorder"), EVENTS)
GONE |= dict.fromkeys(("weight_recorder", "epsp_recorder"), "run with dt_rec and read recorder.result.series")
GONE |= dict.fromkeys(("spike_generators", "poisson_generators", "parrots", "connect_parrots"), WIRED)
GONE |= dict(update_presyn_ids="network.wiring lists the sources", generate_nest_code="the model is helpers.wta.kernel")
GONE |= dict(visualize_connections="network.links lists linked circuits, network.wiring neurons")


class LegacyError(HelpersError, AttributeError):
    """A name of the NEST package that has no meaning without NEST; the message says what to use."""


def missing(owner, name):
    """Return the error for a name that `owner` does not have, with the replacement if the NEST package has it."""
    if name in GONE:
        return LegacyError(f"{name} belongs to NEST and does not exist here; instead: {GONE[name]}")
    return AttributeError(f"{owner} has no attribute {name}")


def enable_stdp(nc):
    """Let the weights onto these neurons learn."""
    nc.network.state.plastic[list(nc)] = True


def disable_stdp(nc):
    """Freeze the weights onto these neurons."""
    nc.network.state.plastic[list(nc)] = False


def enable_stp(nc):
    """Let the spikes of these neurons depress."""
    nc.network.state.depressing[list(nc)] = True


def disable_stp(nc):
    """Send every spike of these neurons with amplitude 1."""
    nc.network.state.depressing[list(nc)] = False


def randomize_outgoing_connections(nc, *, seed=None):
    """Set the weights from these neurons to ln of uniform numbers; traces start anew."""
    net = nc.network
    chosen = np.isin(net.wiring.source, list(nc))
    net.state.w_rec[chosen] = np.log(1 - streams(seed, 4, 1)[0].random(chosen.sum()))
    for name in ("e1", "e2", "a", "b"):
        getattr(net.state, name)[:] = 0
