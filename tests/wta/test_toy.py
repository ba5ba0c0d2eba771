"""The toy circuits with imposed spikes: values of the original code and its NEST replication, met by engine and cells.

The reference numbers are printed to six digits, so each is met to half a digit; the 1e-9 is the distance between the
engine and the cells of FINAL_4.
"""

from types import SimpleNamespace

import numpy as np
import pytest

from helpers.wta import Network, kernel
from tests.wta import oracle

SIX = 5.1e-7  # half a unit of the sixth decimal

# seed, ms, input rate and output rate (Hz), neurons per circuit, first step of an output spike, depression
MODELS = {
    "1A": (3, 1000, 60, 50, 1, 1, None),
    "1B": (3, 1000, 2, 100, 1, 1, None),
    "2": (1, 2000, 20, 50, 2, 2, None),
    "3": (1, 1000, 20, 50, 2, 2, "lagged"),
}
COUNTS = {"1A": (60, 48, 50), "1B": (2, 94, 93), "2": (40, 95, 96, 96, 99), "3": (20, 49, 49, 50, 49)}


def toy(seed, n_ms, r_in, r_out, k, low, stp):
    """Run two circuits of k neurons joined both ways, one input channel, trains drawn as the source does."""
    net = Network(grid_shape=(2, 1), k_min=k, k_max=k, n_inputs=1, n_conn=2, stp=stp, seed=0)
    for name, value in (("mean_u", 0.5), ("stp_u", 0.5), ("tau_d", 110.0), ("tau_f", 5.0)):
        getattr(net.state, name)[:] = value
    rng = np.random.RandomState(seed)
    inputs = np.unique(rng.randint(1, n_ms - 9, size=r_in * n_ms // 1000))
    trains = [np.unique(rng.randint(low, n_ms - 9, size=r_out * n_ms // 1000)) for _ in range(2 * k)]
    forced = np.zeros((n_ms, 2 * k), bool)
    for neuron, train in enumerate(trains):
        forced[train - 1, neuron] = True
    model, y = oracle.twin(net), []
    model.send = lambda fired, send=model.send: y.append(model.e[0, 1:] - model.e[1, 1:]) or send(fired)
    *spikes, u = oracle.steps(model, inputs, 0 * inputs, np.where(forced, -1.0, 2.0))
    chunk = kernel.run(net, inputs, 0 * inputs, n_ms, forced_spikes=forced, record_potential=True)
    oracle.same(net, model, chunk, (*spikes, u))
    error = max(np.abs(u - chunk.potential).max(), np.abs(model.W[:, 0] - net.state.w_in[:, 0]).max())
    counts = (inputs.size, *(train.size for train in trains))
    found = dict(u=chunk.potential, y=np.array(y), st=net.state, w_in=net.state.w_in[:, 0])
    return SimpleNamespace(**found, inputs=inputs, counts=counts, error=error)


@pytest.fixture(scope="module")
def toys():
    return {name: toy(*model) for name, model in MODELS.items()}


@pytest.mark.parametrize("name", MODELS)
def test_counts_and_both_forms(toys, name, acceptance, record):
    assert toys[name].counts == COUNTS[name]
    record("wta.toy_error", toys[name].error)
    assert toys[name].error < acceptance["wta"]["toy_error"]["accept"][1]


def meets(value, reference, digits=SIX):
    np.testing.assert_allclose(value, reference, rtol=0, atol=digits)


def rms(u):
    return np.sqrt((u**2).mean(axis=0))


def test_model_1a(toys):
    r = toys["1A"]
    meets(r.u.min(axis=0), [-0.40870, -0.62019], 5.1e-6)
    meets(r.u.max(axis=0), [0.28591, 0.02574], 5.1e-6)
    meets(rms(r.u), [0.127301, 0.257372])
    meets(r.u[[499, 999]], [[-0.092593, -0.193885], [0.079430, -0.111890]])
    meets(r.w_in, [0.128068, -0.036652])
    meets(r.st.w_rec, [-0.0013999, -0.1089103], 5.1e-8)
    meets(r.st.s_in[:, 0], [-0.009658, -0.068377])
    meets(r.st.q_in[:, 0], [0.457162, 0.454246])


def test_model_1b(toys):
    r = toys["1B"]
    assert r.inputs.tolist() == [665, 875]
    meets(r.u.max(axis=0), [1.150322, 1.450012])
    meets(r.w_in, [-1.143192, -1.173453])
    meets(r.st.w_rec, [0.380647, 0.381636])


def test_model_2(toys):
    r = toys["2"]
    meets(r.w_in, [-0.560754, -0.595893, -0.670591, -0.542599])
    meets(r.u[1999], [-0.075947, -0.167668, -0.152819, -0.116095])
    meets(r.u.min(axis=0), [-0.871869, -1.023126, -1.247168, -1.007646])
    # the published rms of neurons 2 and 3 (.341848, .385075) miss the exact .3418487, .3850775 by 1e-6 and 3e-6
    meets(rms(r.u)[[0, 3]], [0.265965, 0.296076])
    meets(r.y.max(axis=0), [2.97714, 2.81066, 2.67364, 2.71636], 5.1e-6)
    meets(r.st.w_rec[:2], [-0.128045, 0.014994])
    share = 1 / (1 + np.exp(r.u[:, [1, 0, 3, 2]] - r.u))
    meets([share.min(), share.max()], [0.39515, 0.60485], 5.1e-6)


def test_model_3(toys):
    r = toys["3"]
    meets(r.w_in, [-0.412616, -0.380784, -0.421073, -0.468541])
    meets(r.u[999], [-0.318708, -0.297868, -0.280246, -0.297443])
    meets(r.u.min(axis=0), [-0.919369, -0.810591, -0.949479, -1.003343])
    meets(r.y.max(axis=0), [0.37600, 0.66627, 0.49253, 0.58466], 5.1e-6)
    assert r.st.w_rec.min() > -0.7059 - 5e-5 and r.st.w_rec.max() < -0.6301 + 5e-5
    meets(r.st.w_rec.min(), -0.7059, 5.1e-5)
