"""The toy circuits with imposed spikes: values of the original code and its NEST replication, met by engine and cells.

Each printed number is met to half of its last digit; the 1e-9 of the row is the distance between the engine and the
cells of FINAL_4.
"""

import numpy as np
import pytest

from helpers.wta import Network, kernel
from tests.wta import oracle

# seed, ms, input rate and output rate (Hz), neurons per circuit, first step of an output spike, depression
MODELS = {
    "1A": (3, 1000, 60, 50, 1, 1, None),
    "1B": (3, 1000, 2, 100, 1, 1, None),
    "2": (1, 2000, 20, 50, 2, 2, None),
    "3": (1, 1000, 20, 50, 2, 2, "lagged"),
}
COUNTS = {"1A": (60, 48, 50), "1B": (2, 94, 93), "2": (40, 95, 96, 96, 99), "3": (20, 49, 49, 50, 49)}
PRINTED = {
    "1A": {
        "lowest u": "-0.40870 -0.62019",
        "u at the end": "0.079430 -0.111890",
        "w_in": "0.128068 -0.036652",
        "first two w_rec": "-0.0013999 -0.1089103",
        "q_in": "0.457162 0.454246",
    },
    "1B": {"w_in": "-1.143192 -1.173453", "first two w_rec": "0.380647 0.381636"},
    "2": {
        "w_in": "-0.560754 -0.595893 -0.670591 -0.542599",
        "u at the end": "-0.075947 -0.167668 -0.152819 -0.116095",
        "highest y": "2.97714 2.81066 2.67364 2.71636",
        "first two w_rec": "-0.128045 0.014994",
    },
    "3": {
        "w_in": "-0.412616 -0.380784 -0.421073 -0.468541",
        "u at the end": "-0.318708 -0.297868 -0.280246 -0.297443",
        "highest y": "0.37600 0.66627 0.49253 0.58466",
    },
}


@pytest.mark.parametrize("name", MODELS)
def test_engine_and_cells_meet_the_printed_values(name, record):
    """Two circuits of k neurons joined both ways, one input channel, trains drawn as the source does."""
    seed, n_ms, r_in, r_out, k, low, stp = MODELS[name]
    net = Network(grid_shape=(2, 1), k_min=k, k_max=k, n_inputs=1, n_conn=2, stp=stp, seed=0)
    for constant, value in (("mean_u", 0.5), ("stp_u", 0.5), ("tau_d", 110.0), ("tau_f", 5.0)):
        getattr(net.state, constant)[:] = value
    rng = np.random.RandomState(seed)
    inputs = np.unique(rng.randint(1, n_ms - 9, size=r_in * n_ms // 1000))
    trains = [np.unique(rng.randint(low, n_ms - 9, size=r_out * n_ms // 1000)) for _ in range(2 * k)]
    assert (inputs.size, *(train.size for train in trains)) == COUNTS[name]
    forced = np.zeros((n_ms, 2 * k), bool)
    for neuron, train in enumerate(trains):
        forced[train - 1, neuron] = True
    model, y = oracle.twin(net), []
    model.send = lambda fired, send=model.send: y.append(model.e[0, 1:] - model.e[1, 1:]) or send(fired)
    *spikes, dense_u = oracle.steps(model, inputs, 0 * inputs, np.where(forced, -1.0, 2.0))
    chunk = kernel.run(net, inputs, 0 * inputs, n_ms, forced_spikes=forced, record_potential=True)
    oracle.same(net, model, chunk, (*spikes, dense_u))
    u, st = chunk.potential, net.state
    record("wta.toy_error", max(np.abs(dense_u - u).max(), np.abs(model.W[:, 0] - st.w_in[:, 0]).max()))
    found = {"lowest u": u.min(axis=0), "u at the end": u[-1], "highest y": np.max(y, axis=0)}
    found |= {"w_in": st.w_in[:, 0], "q_in": st.q_in[:, 0], "first two w_rec": st.w_rec[:2]}
    for what, text in PRINTED[name].items():
        digits = len(text.rpartition(".")[2])
        np.testing.assert_allclose(found[what], np.array(text.split(), float), 0, 0.51 * 10.0**-digits, err_msg=what)
