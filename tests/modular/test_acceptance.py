"""The numbers of acceptance.toml for the modular networks: the study cells of FINAL_7, swept through its store."""

import numpy as np
import pytest

from helpers import runs
from helpers.modular import Recorder, learning
from helpers.modular.synapses import dense
from tests.cells import cells

BOOK = cells("FINAL_7", "model", "study")
SEEDS = runs.seeds(7, 8)  # those of the notebook, with which the store is shared
FEW = SEEDS[:4]
RELAY = 0.5 * 100 / 10  # an autapse above threshold N / gain makes its cell spike for ever after its first spike
FAST = dict(rules=(learning.STDP, learning.Normalisation), storage="event")


def swept(point, folder, **grid):
    """Return the results of a study cell, arrays over what is given as a list."""
    return runs.over(point, store=runs.store("modular") / folder, **grid)


def like(**options):
    """Return the points of 12 networks without those with a relay, which the drawn weights alone decide."""
    found = swept(BOOK.like_point, "like", n=100, seed=[*SEEDS, 0, 1, 2, 3], n_iterations=2000, **options)
    settled = found["autapse"] < RELAY
    assert settled.sum() >= 10
    return {name: values[settled] for name, values in found.items()}


def test_a5b_growth_is_the_spectral_radius_and_a_decay_of_0_9_is_stable(acceptance, record):
    """With it v = .9 v (1 + .05) + .005, but for the spread of the row sums of W over 100 cells."""
    grown = swept(BOOK.decay_point, "grown", n=100, seed=SEEDS)
    stable = swept(BOOK.decay_point, "stable", n=100, seed=SEEDS, decay=0.9, n_iterations=4000)
    assert np.abs(grown["slope"] - grown["ln_rho"]).max() < acceptance["modular"]["growth"]["slope"]
    record("modular.growth", np.exp(grown["ln_rho"]).mean())
    assert stable["late"].mean() == pytest.approx(0.005 / 0.055, rel=0.05)


def test_a8b_sorn_like_settles_at_the_target(record):
    found = like()
    record("modular.sorn_like_v", found["v"], repeats=True)
    record("modular.sorn_like_sum", (found["v"] + found["exhaustion"]).mean())
    record("modular.sorn_like_spikes", found["rate"], repeats=True)
    record("modular.sorn_like_without", like(without=("Homeostasis",))["v"], repeats=True)


def test_a_relay_tips_the_network_into_its_active_state():
    rules = (BOOK.Homeostasis, learning.STDP, learning.Normalisation)
    net = BOOK.sorn_like(100, 364, rules=rules, storage="event", more={9: Recorder(["n.spike"])})
    assert dense(net["GLUTAMATE", 0].W).diagonal().max() > RELAY
    net.simulate_iterations(500)
    assert np.mean(net["n.spike", 0][400:]) > 0.3


def test_three_operations_have_two_circles(record):
    plan = dict(seed=SEEDS, n=100, n_iterations=2000)
    one, same, other = (
        swept(BOOK.order_point, "order", order=order, **plan)
        for order in ("decay, input, fire", "fire, decay, input", "decay, fire, input")
    )
    lower = swept(BOOK.order_point, "order", order="decay, fire, input", threshold=0.45, **plan)
    for name in ("per_iteration", "per_cell"):
        np.testing.assert_array_equal(same[name], one[name])
        np.testing.assert_array_equal(lower[name], one[name])
    record("modular.order_rate", other["rate"] / one["rate"], repeats=True)


# --- the SORN of 2009


def test_what_a_point_of_the_sorn_measures():
    """Rates are those of the last quarter, and alive is a share of the synapses that were drawn."""
    point = BOOK.sorn_point(5, n_iterations=800, n_exc=60, n_inh=12)
    net = BOOK.sorn(5, n_exc=60, n_inh=12, more={9: Recorder(["n.spike"])})
    drawn = net["E-E", 0].W > 0
    net.simulate_iterations(800)
    spikes, weights = np.asarray(net["n.spike", 0]), net["E-E", 0].W
    np.testing.assert_array_equal(point["cell_rates"], spikes[600:].mean(axis=0))
    np.testing.assert_array_equal(point["rate"], spikes.mean(axis=1))
    np.testing.assert_allclose(point["weights"], weights, atol=1e-12)
    assert point["alive"] == (weights > 1e-6).sum() / drawn.sum() < 1


def test_a10_early_rates_and_synapses(record):
    found = swept(BOOK.sorn_point, "2009", seed=SEEDS, n_iterations=10_000)
    record("modular.sorn_2009_early", found["cell_rates"].mean(axis=1), repeats=True)
    record("modular.sorn_2009_alive", found["alive"], repeats=True)


@pytest.mark.slow
def test_a10_sorn_2009(acceptance, record):
    spikes, errors = [], []
    for seed in FEW:
        net = BOOK.sorn(seed, more={9: Recorder(["n.spike", "n.threshold"])}, **FAST)
        net.simulate_iterations(30_000, disable_recording=True)
        start = net["exc", 0].threshold.copy()
        net.simulate_iterations(10_000)
        spike, threshold = np.asarray(net["n.spike", 0]), np.asarray(net["n.threshold", 0])
        spikes.append(spike.mean(axis=0))
        errors.append(np.abs(spikes[-1] - 0.1 - (threshold[-1] - start) / (0.001 * 10_000)).max())
        sums = dense(net["E-E", 0].W).sum(axis=1)
        assert np.abs(sums[sums > 0] - 1).max() < acceptance["modular"]["row_sums"]["absolute"]
    record("modular.sorn_2009_rate", np.mean(spikes, axis=1), repeats=True)
    record("modular.sorn_2009_cells", np.transpose([np.min(spikes, axis=1), np.max(spikes, axis=1)]), repeats=True)
    record("modular.sorn_2009_identity", max(errors))


# --- the counting task


TWELVE = runs.seeds(7, 12)


def counted(n=4, **kind):
    return swept(BOOK.counting_point, "counting", n=n, seed=TWELVE, n_learn=10_000, **kind)["last"]


@pytest.mark.slow
def test_the_sorn_counts_to_four_better_than_without_stdp(record):
    all_rules = counted()
    record("modular.counting", all_rules, repeats=True)
    record("modular.counting_gain", all_rules - counted(without=("STDP",), target=0.12), repeats=True)
    record("modular.counting_few", all_rules - counted(without=("STDP",), n_in=2), repeats=True)
    record("modular.counting_shuffled", all_rules - counted(shuffle=True), repeats=True)
    record("modular.counting_long", counted(8), repeats=True)


@pytest.mark.parametrize("build", [lambda **kind: BOOK.sorn_like(20, 1, **kind), lambda **kind: BOOK.sorn(1, **kind)])
def test_a_rule_that_does_not_exist_cannot_be_left_out(build):
    with pytest.raises(ValueError, match=r"without = \['stdp'\]; allowed: .*STDP"):
        build(without=("stdp",))


def test_the_letter_after_the_last_one_is_known():
    net = BOOK.sorn(2, ("STDP", "Normalisation"), n_exc=60, more={1.5: BOOK.Letters(n=1)})
    net.simulate_iterations(3000)  # as many as are drawn at once
    assert net["Letters", 0].place == 3000 < len(net["Letters", 0].text)


def test_the_readout_sees_what_is_there_and_nothing_else():
    """Cells that hold the next letter are read without error; cells that spike at random give the commonest letter."""
    rng = np.random.default_rng(0)
    text = "".join(("abbc", "dbbe")[word] for word in rng.integers(0, 2, 501))
    held = np.array([[letter == other for other in "abcde"] for letter in text[1:2001]], float)
    guess, true = BOOK.predicted(held, text[:2001])
    assert "".join(true) == text[1001:2001] and (guess == true).all()
    guess, true = BOOK.predicted(1.0 * (rng.random((2000, 5)) < 0.1), text[:2001])
    assert (guess == "b").mean() > 0.95
