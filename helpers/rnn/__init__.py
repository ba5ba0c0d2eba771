"""Random recurrent networks: Lyapunov spectra, the transition to chaos, and training of the spectrum.

The face of the room: ``from helpers import rnn``, then ``rnn.lyapunov_spectrum(rnn.Rnn(J), k=10, t_sim=200.)``. What
needs JAX is loaded when it is first asked for.
"""

from __future__ import annotations

import importlib

from helpers.rnn.lyapunov import Spectrum, initial, kaplan_yorke, lyapunov_spectrum, trajectory
from helpers.rnn.meanfield import critical_g, delta_0, first_exponent
from helpers.rnn.model import Rnn, random_weights, response

LATER = {"train": "training", "Roi": "connectome", "load_roi": "connectome", "make_synthetic_roi": "connectome"}

__all__ = [
    "Rnn",
    "Roi",
    "Spectrum",
    "critical_g",
    "delta_0",
    "first_exponent",
    "initial",
    "kaplan_yorke",
    "load_roi",
    "lyapunov_spectrum",
    "make_synthetic_roi",
    "random_weights",
    "response",
    "train",
    "trajectory",
]


def __getattr__(name: str):
    if name not in LATER:
        raise AttributeError(f"helpers.rnn has no {name!r}; it has: {', '.join(__all__)}")
    return getattr(importlib.import_module(f"helpers.rnn.{LATER[name]}"), name)
