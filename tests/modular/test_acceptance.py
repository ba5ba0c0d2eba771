"""The numbers of acceptance.toml for the modular networks, over seeds."""

import numpy as np
import pytest

from helpers.modular import Recorder
from helpers.modular.learning import sorn_2009, sorn_like
from helpers.modular.synapses import dense

SEEDS = range(12)
RELAY = 0.5 * 100 / 10  # an autapse above threshold N / gain makes its cell spike for ever after its first spike


def within(row, values):
    return row["accept"][0] <= np.min(values) and np.max(values) <= row["accept"][1]


def network(seed, **options):
    names = ["n.v", "n.spike"] + (["n.exhaustion"] if options.get("homeostasis", True) else [])
    net = sorn_like(100, seed=seed, more={9: Recorder(names)}, **options)
    net.initialize()
    return net


def second_halves(**options):
    """Return the means of v, spike (and exhaustion) over the second half of 2000 iterations, a row for each network.

    Networks with a relay are left out: the choice depends on the drawn weights only.
    """
    nets = [network(seed, **options) for seed in SEEDS]
    nets = [net for net in nets if dense(net.SynapseGroups[0].W).diagonal().max() < RELAY]
    for net in nets:
        net.simulate_iterations(2000)
    return np.array([[np.mean(s[1000:]) for s in net["recorder", 0].variables.values()] for net in nets])


def test_a8b_sorn_like_settles_at_the_target(acceptance, record):
    means = second_halves()
    assert len(means) >= len(SEEDS) - 2
    v, spikes, exhaustion = means.T
    rows = acceptance["modular"]
    measured = {"v": v.mean(), "sum": (v + exhaustion).mean(), "spikes": spikes.mean()}
    for name, value in measured.items():
        assert within(rows[f"sorn_like_{name}"], value), (name, value)
        record(f"modular.sorn_like_{name}", value)


def test_a8b_without_homeostasis_v_is_higher(acceptance, record):
    v = second_halves(homeostasis=False)[:, 0]
    assert within(acceptance["modular"]["sorn_like_without"], v.mean())
    record("modular.sorn_like_without", v.mean())


def test_a_relay_tips_the_network_into_its_active_state():
    net = network(364)
    (relay,) = np.flatnonzero(dense(net.SynapseGroups[0].W).diagonal() > RELAY)
    net.simulate_iterations(500)
    spikes = np.asarray(net["n.spike", 0])
    first = np.flatnonzero(spikes[:, relay])[0]
    assert spikes[first : first + 50, relay].all() and spikes[400:].mean() > 0.3


@pytest.mark.slow
def test_a10_sorn_2009(acceptance, record):
    rows = acceptance["modular"]
    net = sorn_2009(seed=0, more={9: Recorder(["n.spike", "n.threshold"])})
    net.initialize()
    net.simulate_iterations(30_000, disable_recording=True)
    start = net["exc", 0].threshold.copy()
    net.simulate_iterations(10_000)
    spike, threshold = np.asarray(net["n.spike", 0]), np.asarray(net["n.threshold", 0])
    error = np.abs(spike.mean(axis=0) - 0.1 - (threshold[-1] - start) / (0.001 * 10_000)).max()
    sums = dense(net["E-E", 0].W).sum(axis=1)
    assert np.abs(sums[sums > 0] - 1).max() < rows["row_sums"]["absolute"]
    for name, value in {"rate": spike.mean(), "cells": spike.mean(axis=0), "identity": error}.items():
        assert within(rows[f"sorn_2009_{name}"], value), (name, value)
        record(f"modular.sorn_2009_{name}", value)
