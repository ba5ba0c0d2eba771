"""Brian2 and the compiled loop: the same numbers for the same draws, the toys, and the same statistics over seeds."""

import numpy as np
import pytest

from helpers.parameters import ParameterError
from helpers.wta import kernel, reference
from helpers.wta.inputs import InputGenerator
from helpers.wta.network import Network, State
from tests.wta import test_toy

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Brian2 on a newer pyparsing
MODES = [
    {},
    {"stp": "lagged"},
    {"stp": None, "kernel": "exact"},
    {"variance_tracking": False},
    {"n_conn": 0, "variance_tracking": False, "constant_eta": True, "eta0": 0.01},
]
UNUSED = ("stp_u", "stp_r", "last")  # without depression


@pytest.fixture(scope="module", autouse=True)
def numpy_code():
    """Compile nothing: the first Cython build takes longer than all tests of this package."""
    import brian2

    before = brian2.prefs.codegen.target
    brian2.prefs.codegen.target = "numpy"
    yield
    brian2.prefs.codegen.target = before


def pair(**options):
    return [Network(**{"grid_shape": (4, 3), "n_inputs": 20, "n_conn": 40, "seed": 1, **options}) for _ in range(2)]


def distance(one, two, skip=()):
    names = [name for name in State._fields if name not in skip and getattr(one.state, name).size]
    return max(np.abs(getattr(one.state, n).astype(float) - getattr(two.state, n)).max() for n in names)


@pytest.mark.parametrize("options", MODES, ids=str)
def test_same_seed_same_run(options):
    """Learning for 400 ms, then frozen for 200: every spike, weight, trace and S, Q."""
    one, two = pair(**options)
    for learn, n_steps in ((True, 400), (False, 200)):
        given = np.nonzero(np.random.default_rng(n_steps).random((n_steps, 20)) < 0.02)
        a = kernel.run(one, *given, n_steps, learn=learn)
        b = reference.run(two, *given, n_steps, learn=learn)
        assert np.array_equal(a.spike_step, b.spike_step) and np.array_equal(a.spike_id, b.spike_id)
        assert distance(one, two, () if one.use_stp else UNUSED) < 1e-11 and a.spike_id.size > 200


@pytest.mark.parametrize("name", ["1B", "3"])
def test_toys(name, acceptance, record):
    t, other = (test_toy.toy(*test_toy.MODELS[name]) for _ in range(2))
    test_toy.trace(t)
    reference.run(other.net, other.inputs, 0 * other.inputs, len(t.forced), uniforms=np.where(t.forced, -1.0, 2.0))
    error = distance(t.net, other.net, () if t.net.use_stp else UNUSED)
    record("wta.toy_error", error)
    assert error < acceptance["wta"]["toy_error"]["accept"][1]


def test_learning_can_be_switched_off_for_some_neurons():
    one, two = pair()
    given = np.nonzero(np.random.default_rng(0).random((200, 20)) < 0.05)
    for net in (one, two):
        net.state.plastic[::2] = False
        net.state.depressing[::3] = False
    kernel.run(one, *given, 200)
    reference.run(two, *given, 200)
    assert distance(one, two, UNUSED) < 1e-11 and not one.state.w_in[::2].any()


def test_bad_input():
    with pytest.raises(ParameterError, match="draw = 'numpy'"):
        reference.run(pair()[0], np.empty(0, int), np.empty(0, int), 10, draw="numpy")


def learned(engine, seed, draw):
    """Statistics after 4 s of one pattern, own random stream for the engine: weights, spikes, sharpness."""
    net = Network(grid_shape=(4, 3), n_inputs=50, n_conn=60, seed=100)
    net.rng = np.random.default_rng([seed, engine is kernel])
    source = InputGenerator(net, r_input=8, r_noise_pattern=2, n_patterns=1, t_noise_range=[300, 500], seed=100)
    s = source.generate_input(4000)
    chunk = engine.run(net, s.time_ms, s.channel, 4000, **draw)
    share = kernel.rates(net) / 100
    per_circuit = np.bincount(net.circuit[chunk.spike_id], minlength=12)
    spread = np.std([w.std() for w in np.split(net.state.w_in, net.first[1:-1])])
    return [
        net.state.w_in.mean(),
        net.state.w_in.std(),
        net.state.w_rec.mean(),
        spread,
        per_circuit.mean(),
        share.max(),
    ]


@pytest.mark.slow
def test_engines_are_statistically_equal_over_seeds():
    """Same network and input, other output draws: six statistics, means of eight seeds within 4 standard errors."""
    import brian2

    brian2.seed(5)
    fast = np.array([learned(kernel, seed, {}) for seed in range(8)])
    slow = np.array([learned(reference, seed, {"draw": "brian2"}) for seed in range(8)])
    error = np.sqrt((fast.var(axis=0, ddof=1) + slow.var(axis=0, ddof=1)) / 8)
    assert (np.abs(fast.mean(axis=0) - slow.mean(axis=0)) < 4 * error + 1e-12).all()
