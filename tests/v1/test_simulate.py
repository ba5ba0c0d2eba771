"""The ring as its users call it: known potentials and rates, what comes in and out, and bad input."""

import re

import numpy as np
import pytest
import quantities as pq

from helpers import tuning, v1
from helpers.parameters import ParameterError

STATIC = v1.RingParams(plastic=False)
SHORT = STATIC.replace(window_ms=100.0)
THETA = np.deg2rad([40, 160, 100, 40, 160, 100])
PREFERRED = np.pi * np.arange(60) / 60
ALONE = dict(n_exc=2, n_inh=2, plastic=False, lateral=False, inhibition=False, w_input_inh_us=0.0)


def assert_same(one, two):
    """All arrays of two results are equal, bit for bit."""
    for part in ("counts", "weights", "spikes"):
        np.testing.assert_equal(getattr(one, part), getattr(two, part))


# --- one cell


def epsp(weight_us, delay_ms=1.0):
    """The potential of a resting cell that receives one spike at 20 ms, its threshold out of reach."""
    ring = v1.RingParams(**ALONE, v_reset_mv=-65.5, v_thresh_mv=100.0, window_ms=60.0, w_input_exc_us=weight_us)
    ring = ring.replace(delay_min_ms=delay_ms, delay_max_ms=delay_ms)
    return v1.simulate(ring, 0.0, trains=[[20.0], []], record=["exc"], seed=0).v_mv["exc"]


def test_unitary_epsp(acceptance, record):
    record("ring.epsp_mv", [epsp(w).max() + 65.5 for w in acceptance["ring"]["epsp_mv"]["weights_us"]])


@pytest.mark.parametrize("delay_ms", [0.1, 2.0, 5.0])
def test_a_spike_arrives_after_its_delay_exactly(delay_ms):
    """A conductance that starts at t shows in the potential one step later; the first row is that of dt."""
    v_mv = epsp(0.1, delay_ms=delay_ms)
    assert v_mv.shape == (600, 2) and (v_mv[:, 1] == -65.5).all()
    assert np.flatnonzero(np.abs(v_mv[:, 0] + 65.5) > 1e-9)[0] + 1 == round((20.0 + delay_ms) / 0.1) + 1


def test_inhibition_from_all_cells_at_once_stops_at_its_reversal_potential():
    """Sixty cells of 5 uS in one step: 600/ms, two hundred times what a step of Runge-Kutta can take."""
    ring = SHORT.replace(w_input_exc_us=0.0, w_input_inh_us=5.0, w_inh_exc_us=5.0, w_exc_inh_us=0.0, lateral=False)
    ring = ring.replace(delay_min_ms=1.0, delay_max_ms=1.0)
    v_mv = v1.simulate(ring, 0.0, trains=[[20.0]] * 60, record=["exc"], seed=0).v_mv["exc"]
    assert v_mv.min() == pytest.approx(-70, abs=1e-3) and v_mv.max() <= -56.5


def test_rates_over_current(acceptance, record):
    rates, alone = [], v1.RingParams(**ALONE, window_ms=2000.0)
    for current in acceptance["ring"]["f_i"]["current_na"]:
        counts = v1.simulate(alone, 0.0, trains=[[], []], current_na={"exc": [current, 0.0]}, seed=0).counts
        rates.append(counts["exc"][0, 0] / 2)
        assert counts["exc"][0, 1] == 0 == counts["inh"].sum()
    record("ring.f_i", rates)


@pytest.mark.parametrize("dt_ms", [0.1, 0.16])
def test_a_current_follows_its_rows(dt_ms):
    """One row per ms: on from 50 to 150 ms of 200; a step of the current shows in the next step of the potential."""
    current = np.zeros((200, 2))
    current[50:150, 1] = 0.2
    ring = v1.RingParams(**ALONE, v_reset_mv=-65.5, window_ms=200.0, dt_ms=dt_ms, delay_min_ms=0.2)
    v_mv = v1.simulate(ring, 0.0, trains=[[], []], current_na={"inh": current}, record=["inh"], seed=0).v_mv["inh"]
    t_ms = dt_ms * np.arange(1, round(200 / dt_ms) + 1)
    on, off = np.clip(t_ms - 50, 0, 100), np.clip(t_ms - 150, 0, None)
    expected = -65.5 + 0.2 * 30 / 0.5 * (1 - np.exp(-on / 30)) * np.exp(-off / 30)
    late = 0.0 if dt_ms < 0.16 else 0.16 * 0.2 / 0.5  # 0.16 ms does not divide 1 ms: up to a step late
    np.testing.assert_allclose(v_mv[:, 1], expected, atol=1e-6 + late)
    with pytest.raises(ParameterError, match=rf"or \({1 if dt_ms == 0.1 else 2}, 2\), one row per ms"):
        v1.simulate(ring.replace(window_ms=dt_ms * 10), 0.0, trains=[[], []], current_na={"inh": current}, seed=0)
    assert (v_mv[:, 0] == -65.5).all()


# --- what a run gives, and what it is given


def test_input_rates_have_form_a():
    params, theta, b = v1.RingParams(noise=0.25), np.array([0.3, 3.0, -7.0]), np.deg2rad([2, 15, 40])
    tuned = tuning.von_mises(PREFERRED, theta[:, None], b[:, None])
    np.testing.assert_allclose(v1.input_rates(params, theta, b), 20 * (0.75 * tuned + 0.25), rtol=1e-12)
    assert (v1.input_rates(params, theta, np.inf) == 20).all()


def test_spikes_on_a_window_border_count_nowhere():
    result = v1.simulate(SHORT, [0.0, 0.0], trains=[[99.9, 100.0, 100.1], [100.0]] + [[]] * 58, seed=0)
    assert result.counts["input"][:, :2].tolist() == [[1, 0], [1, 0]]
    assert result.spikes["input"][0].tolist() == pytest.approx([99.9, 100.0, 100.0, 100.1])


def test_two_spikes_of_an_input_in_one_step_are_one_and_it_is_said():
    trains = [np.array([5.03, 5.01, 50.0])] * 30 + [np.array([])] * 30
    with pytest.warns(UserWarning, match=r"30 of 90 input spikes fall into a time step \(0.1 ms\)") as told:
        result = v1.simulate(SHORT, [0.0], trains=trains, seed=0)
    assert told[0].filename == __file__  # the line that has to change
    assert result.counts["input"][0].tolist() == [2] * 30 + [0] * 30 and result.n_merged == 30


@pytest.mark.filterwarnings("error")
def test_cells_at_their_highest_rate_are_warned_of_and_a_runaway_ring_is_not():
    v1.simulate(SHORT.replace(inhibition=False), [0.0], seed=0)  # 500 Hz of the 625 that 1.5 ms leave
    with pytest.raises(UserWarning, match=r"2 of 60 cells of 'exc' fire at the highest rate .* \(625 Hz\)"):
        v1.simulate(SHORT, [0.0], current_na={"exc": np.r_[np.full(2, 100.0), np.zeros(58)]}, seed=0)


def test_given_trains_and_wiring_give_the_run_that_drew_them():
    """The wiring as wire() returns it, or as plain arrays; the name of a population is a list of one."""
    ring = v1.RingParams(window_ms=200.0)
    drawn, wires = v1.simulate(ring, THETA[:2], seed=3), v1.wire(ring, 3)
    times_ms, cells = drawn.spikes["input"]
    trains = [times_ms[cells == i] for i in range(60)]
    plain = {name: (s.pre, s.post, s.delay_ms) for name, s in wires.items()}
    for options in (dict(seed=3), dict(seed=4, synapses=wires, record="exc"), dict(seed=4, synapses=plain)):
        again = v1.simulate(ring, THETA[:2], trains=trains, **options)
        assert_same(drawn, again)
        assert list(again.v_mv) == ["exc"] * ("record" in options)
    assert not np.array_equal(drawn.counts["input"], v1.simulate(ring, THETA[:2], seed=4).counts["input"])


def test_all_spikes_come_out_in_order():
    result = v1.simulate(v1.RingParams(window_ms=300.0, layers=2), THETA[:2], seed=0)
    assert list(result.counts) == ["input", "exc", "inh", "exc2", "inh2"]
    for times_ms, cells in result.spikes.values():
        order = np.lexsort((cells, times_ms))
        assert np.array_equal(order, np.arange(len(order))) and np.ptp(cells) > 10


def test_units_are_converted_wherever_times_and_weights_go_in():
    """Seconds for ms, nS for uS: the same run as with plain numbers."""
    trains, delays = [np.array([5.0, 50.0])] * 60, {"exc_exc": ([0, 1], [1, 0], np.array([0.002, 0.003]) * pq.s)}
    plain = v1.simulate(SHORT, 0.0, trains=trains, weights={"exc_inh": np.full((60, 60), 0.2)}, seed=0)
    weights = {"exc_inh": np.full((60, 60), 200.0) * pq.nS}
    carried = v1.simulate(SHORT, 0.0, trains=[train / 1000 * pq.s for train in trains], weights=weights, seed=0)
    assert_same(plain, carried)
    assert v1.wire(SHORT, 0, delays)["exc_exc"].delay_ms.tolist() == pytest.approx([2.0, 3.0])


# --- learning


@pytest.fixture(scope="module")
def learned():
    return v1.simulate(v1.RingParams(window_ms=500.0), THETA[:3], seed=5)


def test_learned_weights_go_back_in_and_stay_frozen(learned):
    frozen, before = learned.params.replace(plastic=False), {name: w.copy() for name, w in learned.weights.items()}
    naive, one = (
        v1.simulate(frozen, THETA[3:5], weights=weights, seed=5).counts["exc"].sum()
        for weights in (None, {"input_exc": before["input_exc"]})
    )
    tested = v1.simulate(frozen, THETA[3:5], weights=learned.weights, seed=5)
    assert tested.counts["exc"].sum() > 1.2 * naive and one > naive
    further = v1.simulate(learned.params, THETA[3:5], weights=learned.weights, seed=5)
    assert np.nanmean(further.weights["input_exc"]) > np.nanmean(learned.weights["input_exc"])
    for name, matrix in before.items():
        assert np.array_equal(tested.weights[name], matrix, equal_nan=True)
        assert np.array_equal(learned.weights[name], matrix, equal_nan=True)


def test_a_rule_of_ones_own_changes_its_projections_only():
    still = {name: rule._replace(a_plus=0.0, a_minus=0.0) for name, rule in v1.RULES.items() if name != "causal"}
    result = v1.simulate(v1.RingParams(window_ms=300.0), THETA[:2], rules=still, seed=1)
    for name, matrix in result.weights.items():
        assert (np.nanstd(matrix) > 1e-6) == (v1.PROJECTIONS[name].rule == "causal")


def test_layer_2_copies_layer_1_unless_inhibition_stops_it():
    """One input spike is just enough for a layer-2 cell, so I1->E2 decides."""
    two = STATIC.replace(layers=2)
    wired, freed = (v1.simulate(ring, THETA[:1], seed=0).counts for ring in (two, two.replace(w_inh_exc2_us=0.0)))
    assert wired["exc2"].sum() < 0.5 * wired["exc"].sum() and freed["exc2"].sum() > 0.7 * freed["exc"].sum()
    assert np.array_equal(wired["exc"], v1.simulate(STATIC, THETA[:1], seed=0).counts["exc"])


def test_populations_of_other_sizes_and_no_synapses_at_all():
    few = v1.simulate(SHORT.replace(n_inh=12), [0.0], seed=0)
    assert few.counts["inh"].shape == (1, 12) and few.weights["inh_exc"].shape == (12, 60)
    none = v1.simulate(v1.RingParams(**ALONE | dict(w_input_exc_us=0.0), window_ms=10.0), 0.0, seed=0)
    assert none.weights == {} and none.spikes["exc"][0].size == 0


# --- bad input

ONES = np.ones((60, 60))
RING = [
    (dict(delay_min_ms=0.05), "dt_ms (0.1) <= delay_min_ms"),
    (dict(v_thresh_mv=-60.0), "v_thresh_mv = -60 is too low"),
    (dict(window_ms=10.05), "window_ms = 10.05; allowed: whole multiples of dt_ms"),
    (dict(tau_refrac_ms=0.4, dt_ms=0.5, delay_min_ms=0.5), "tau_refrac_ms = 0.4 is below dt_ms"),
]
RUN = [
    (dict(params=STATIC.replace(window_ms=1e6, tau_refrac_ms=0.0), theta_rad=np.zeros(2)), "the run is too long"),
    (dict(params=STATIC.replace(window_ms=1e6), theta_rad=np.zeros(200)), "(2e+09 steps, up to 2e+10 spikes)"),
    (dict(theta_rad=[0, 1], b_theta_rad=[1, 1, 1]), "b_theta_rad has 3 values"),
    (dict(theta_rad=[0, 1], b_theta_rad=[1, 0]), "b_theta_rad holds 0; allowed"),
    (dict(trains=[[]] * 3), "trains: 3 given; allowed: a list of"),
    (dict(trains=[[]] * 59 + [[-1]]), "trains[59] goes down to -1"),
    (dict(record=["ext"]), "record = 'ext' is unknown; choose one of: exc, inh"),
    (dict(weights={"ee": ONES}), "weights of projection = 'ee' is unknown"),
    (dict(weights={"exc_exc": ONES}), "belongs to another ring: 30"),
    (dict(params=v1.RingParams(), weights={"exc_inh": ONES}), "weights['exc_inh'] goes up to 1"),
    (dict(current_na={"input": 1.0}), "current_na = 'input' is unknown"),
    (dict(current_na={"exc": ONES}), "or (100, 60), one row per ms"),
]


def test_bad_input_is_one_clear_line():
    calls = [(v1.RingParams, *row) for row in RING]
    calls += [(v1.simulate, dict(params=SHORT, theta_rad=0.0, seed=0) | change, said) for change, said in RUN]
    for call, arguments, fragment in calls:
        with pytest.raises(ParameterError, match=rf"^[^\n]*{re.escape(fragment)}[^\n]*$"):
            call(**arguments)
