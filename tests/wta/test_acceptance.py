"""The numbers of acceptance.toml for the WTA network, over seeds; training runs are shared by the tests."""

import numpy as np
import pytest

from helpers.runs import summary
from helpers.wta import InputGenerator, Network, Recorder, measures, studies

SEEDS = (1, 2, 3)
MORE_SEEDS = range(1, 9)  # where the effect is about as large as the spread over seeds

pytestmark = pytest.mark.slow


def within(row, value):
    return row["accept"][0] <= np.min(value) and np.max(value) <= row["accept"][1]


def over(seeds, study=studies.growth, **options):
    """Return the results of a study stacked over seeds, {name: (n_seeds, ...)}."""
    points = [study(seed, **options) for seed in seeds]
    return {name: np.array([point[name] for point in points]) for name in points[0]}


@pytest.fixture(scope="module")
def rows(acceptance):
    return acceptance["wta"]


@pytest.fixture(scope="module")
def default():
    """One pattern, tested after 10, 20, 50 and 100 s."""
    return over(SEEDS)


# --- A6, A7: one pattern

LAST = {
    "assembly_size": lambda g: g["fraction"],
    "assembly_rho": lambda g: g["rho"],
    "assembly_cc": lambda g: g["cc"],
    "assembly_sigma_ms": lambda g: g["sigma_ms"],
    "entropy_pattern": lambda g: g["h_pattern"] / g["h_max"],
    "entropy_ratio": lambda g: g["h_pattern"] / g["h_noise"],
}


@pytest.mark.parametrize("row", LAST)
def test_assembly_after_100_s(default, rows, record, row):
    values = LAST[row](default)[:, -1]
    record(f"wta.{row}", values.mean())
    assert within(rows[row], values.mean()), values


def test_the_assembly_grows(default, rows, record):
    n50 = default["n50"].mean(axis=0)
    record("wta.growth_20s", n50[1])
    assert (np.diff(n50) > 0).all() and within(rows["growth_20s"], n50[1])


# --- A11 to A14: what it takes


def test_without_depression_one_neuron_of_each_circuit_wins(rows, record):
    """One winner per circuit, but not for ever: all winners change together, repeatedly.

    Winners alone learn, and learning lowers their weights until the others overtake them. A test may fall into such a
    change; then the entropy is high and nobody is above 90 Hz.
    """
    found = over(MORE_SEEDS, condition="no STP", seconds=(100,))
    h = np.maximum(found["h_pattern"], found["h_noise"])
    record("wta.no_stp_winners", found["n50"])
    record("wta.no_stp_entropy", h.mean())
    assert within(rows["no_stp_winners"], found["n50"]) and within(rows["no_stp_winners"], found["n90"][h < 1])
    assert within(rows["no_stp_entropy"], h.mean()) and np.median(h) < 0.3


def test_without_variance_tracking_nothing_is_learned(rows, record):
    found = over(SEEDS, condition="no variance tracking", seconds=(100,))
    loss = (1 - found["h_pattern"] / found["h_max"]).mean()
    record("wta.no_variance_tracking", loss)
    assert within(rows["no_variance_tracking"], loss) and found["n90"].max() == 0


@pytest.fixture(scope="module")
def constant():
    return over(SEEDS, condition="constant rate", seconds=(20, 100))


def test_a_constant_rate_learns_fast(constant, rows, record):
    rho = constant["rho"][:, 0].mean()
    record("wta.constant_eta_20s", rho)
    assert within(rows["constant_eta_20s"], rho)


def test_a_constant_rate_ends_with_decided_circuits_and_silent_neurons(constant):
    """What all seeds share after 100 s, whatever their rank correlation."""
    assert (constant["h_pattern"] / constant["h_max"])[:, 1].max() < 0.15
    assert constant["silent"][:, 0].max() == 0 and constant["silent"][:, 1].min() > 50


@pytest.mark.xfail(reason="SD over seeds .24: .62 over 8 seeds at 100 s, .54 at 200 s; lagged depression .53 at 100 s")
def test_a_constant_rate_loses_the_order(constant, rows, record):
    rho = constant["rho"][:, 1].mean()
    record("wta.constant_eta_100s", rho)
    assert within(rows["constant_eta_100s"], rho)


def test_without_recurrence(default, rows, record):
    found = over(SEEDS, condition="no recurrence", seconds=(100,))
    ratio = found["h_pattern"].mean() / default["h_pattern"][:, -1].mean()
    record("wta.no_recurrence_size", found["fraction"].mean())
    record("wta.no_recurrence_entropy", ratio)
    assert within(rows["no_recurrence_size"], found["fraction"].mean())
    assert within(rows["no_recurrence_entropy"], ratio)


# --- A15, A16: other patterns


def test_pattern_length(rows, record):
    short = over(SEEDS, t_pattern_ms=100.0, seconds=(100,))
    middle, long = (over(MORE_SEEDS, t_pattern_ms=t, seconds=(100,)) for t in (300.0, 900.0))
    change = (long["rho"] - middle["rho"]).mean()
    record("wta.duration_rho", change)
    assert short["n50"].mean() < middle["n50"].mean() < long["n50"].mean()
    assert within(rows["duration_rho"], change)
    assert long["sigma_ms"].min() > middle["sigma_ms"].max()


def test_two_patterns(rows, record):
    found = over(SEEDS, studies.patterns)
    jaccard = found["overlap"][:, 0, 1]
    record("wta.two_patterns_size", found["n50"])
    record("wta.two_patterns_overlap", jaccard)
    assert within(rows["two_patterns_size"], found["n50"]) and within(rows["two_patterns_overlap"], jaccard)


# --- A17, A18, A20


def test_readout_with_the_input_control(rows, record):
    found = over(SEEDS, studies.readouts)
    gain = (found["trained"] - found["untrained"]).mean()
    record("wta.readout_gain", gain)
    assert within(rows["readout_gain"], gain)
    assert (found["input"] > found["trained"]).all()  # the network loses information that the input has


def test_cue_recall_is_reported_as_a_fraction(rows, record):
    found = over(range(1, 7), studies.cue)
    record("wta.cue_replay", found["replays"].mean())
    assert within(rows["cue_replay"], found["replays"].mean())
    assert found["n_members"].min() >= 5 and (found["sequence_hz"] > 1.5 * found["baseline_hz"]).all()


def test_equilibrium_of_the_input_weights(rows, record):
    found = over(SEEDS, studies.weight_equilibrium)
    record("wta.equilibrium_r", found["r"].mean())
    record("wta.equilibrium_slope", found["slope"].mean())
    assert within(rows["equilibrium_r"], found["r"].mean()) and within(rows["equilibrium_slope"], found["slope"].mean())


@pytest.mark.parametrize("kernel", ["euler", "exact"])
def test_a_neuron_alone_learns_ln_of_the_mean_epsp(kernel):
    """K = 1: the softmax is 1 whatever the input, so that w settles at ln E[y], known in closed form."""
    net = Network(grid_shape=(1, 1), k_min=1, k_max=1, n_inputs=100, n_conn=0, kernel=kernel, seed=1)
    source = InputGenerator(net, n_patterns=1, t_pattern=10, r_noise=5.0, t_noise_range=(1e6, 1e6), seed=1)
    weights = Recorder(net, create_plot=False).simulate(source, 200_000).weights["w_in"][0]
    error = summary(weights - measures.fixed_point(5.0, kernel=kernel), level=0.9999)
    assert error.low - 0.005 < 0 < error.high + 0.005 and error.sd < 0.06
