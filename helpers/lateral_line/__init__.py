"""Lateral-line map: afferents (LL) -> medial nucleus (MON) -> torus (TS), with STDP and a moving sphere as stimulus.

``simulate`` and ``evaluate`` are here by name and load their engine only when they are called; everything else
is in the modules: params, stimulus, wiring, plasticity, kernel (numba), reference (Brian2), metrics, simulation,
figures.
"""

from __future__ import annotations

__all__ = ["evaluate", "simulate"]


def simulate(params, **options):
    """Train and test a network: see :func:`helpers.lateral_line.simulation.simulate`."""
    from helpers.lateral_line import simulation

    return simulation.simulate(params, **options)


def evaluate(params, weights, **options):
    """Test a network with given weights: see :func:`helpers.lateral_line.simulation.evaluate`."""
    from helpers.lateral_line import simulation

    return simulation.evaluate(params, weights, **options)
