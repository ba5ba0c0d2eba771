"""The ring: wiring, the traps of the simulators, and the numbers of acceptance.toml over eight seeds."""

import os
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import joblib
import numpy as np
import pytest
from scipy.optimize import curve_fit

from helpers import tuning
from helpers.parameters import BackendError, ParameterError
from helpers.v1 import backends
from helpers.v1 import wiring_pynn as wiring
from helpers.v1.ring import RingParams, input_rates, simulate, unitary_epsp_mv

SEEDS = range(8)
STATIC = RingParams(plastic=False)
SHORT = STATIC.replace(window_ms=100.0)
THETA_DEG = np.array([40, 160, 100, 40, 160, 100])
THETA = np.deg2rad(THETA_DEG)
PREFERRED = np.pi * np.arange(60) / 60
LAYER_1 = ["input_exc", "input_inh", "exc_exc", "inh_inh", "exc_inh", "inh_exc"]


def over_seeds(params, theta_rad=THETA, seeds=SEEDS, **options):
    return joblib.Parallel(n_jobs=2)(joblib.delayed(simulate)(params, theta_rad, seed=s, **options) for s in seeds)


def counts(results, population="exc"):
    """Counts of all seeds, (n_seeds, n_windows, n_cells)."""
    return np.array([result.counts[population] for result in results])


def bandwidth_deg(row, **options):
    return np.rad2deg(tuning.fit_tuning(PREFERRED, row, **options).bandwidth_rad)


def within(bounds, value):
    return bounds["accept"][0] <= np.min(value) and np.max(value) <= bounds["accept"][1]


@pytest.fixture(scope="module")
def baseline():
    """The static ring, six windows of one second."""
    return over_seeds(STATIC)


@pytest.fixture(scope="module")
def plastic():
    return over_seeds(RingParams(), seeds=range(3))


# --- the published numbers, static weights


def test_input_spikes(baseline, acceptance, record):
    spikes = counts(baseline, "input").sum(axis=2).mean()
    assert within(acceptance["ring"]["input_spikes"], spikes)
    record("ring.input_spikes", spikes)


def test_input_bandwidth_without_a_baseline_is_inflated(baseline, acceptance, record):
    fits = [published_bandwidth_deg(row) for row in np.concatenate(counts(baseline, "input"))]
    assert within(acceptance["ring"]["input_bandwidth_no_baseline"], np.median(fits))
    record("ring.input_bandwidth_no_baseline", np.median(fits))


def test_static_ring_keeps_its_spike_count(baseline, acceptance, record):
    spikes = counts(baseline).sum(axis=2).mean(axis=0)
    assert within(acceptance["ring"]["static_spikes"], spikes)
    assert within(acceptance["ring"]["static_spike_ratio"], spikes[5] / spikes[0])
    record("ring.static_spikes", spikes)
    record("ring.static_spike_ratio", spikes[5] / spikes[0])


def test_static_bandwidth(baseline, acceptance, record):
    fits = np.apply_along_axis(bandwidth_deg, 2, counts(baseline))
    assert within(acceptance["ring"]["static_bandwidth_deg"], np.nanmedian(fits, axis=0))
    record("ring.static_bandwidth_deg", np.nanmedian(fits, axis=0))


def test_circular_variance(baseline, acceptance, record):
    row = acceptance["ring"]["static_cv"]
    cv = tuning.circular_variance(PREFERRED, counts(baseline)).mean(axis=0)
    np.testing.assert_allclose(cv, row["reference"], atol=row["absolute"], rtol=0)
    record("ring.static_cv", cv)


def test_decoding(baseline, acceptance, record):
    row = acceptance["ring"]["decoding_deg"]
    decoded = tuning.decode_orientation(PREFERRED, counts(baseline))
    error = np.rad2deg(tuning.orientation_error(decoded, THETA))
    assert np.abs(error.mean(axis=0)).max() < row["bias_below"]
    assert error.std(axis=0, ddof=1).max() < row["sd_below"]
    record("ring.decoding_deg", [np.abs(error.mean(axis=0)).max(), error.std(axis=0, ddof=1).max()])


def test_lateral_connections_raise_the_rate(baseline, acceptance, record):
    without = counts(over_seeds(STATIC.replace(lateral=False), THETA[:2]))
    ratio = without.sum() / counts(baseline)[:, :2].sum()
    assert within(acceptance["ring"]["no_lateral_ratio"], ratio)
    record("ring.no_lateral_ratio", ratio)


def test_runaway_without_inhibition(acceptance, record):
    row = counts(over_seeds(STATIC.replace(inhibition=False), THETA[:1]))
    assert within(acceptance["ring"]["no_inhibition"], row.sum(axis=2))
    assert tuning.circular_variance(PREFERRED, row).min() > 0.98
    record("ring.no_inhibition", row.sum(axis=2))


def test_contrast_changes_the_rate_and_not_the_bandwidth(baseline, acceptance, record):
    row = acceptance["ring"]["contrast"]
    louder = [counts(over_seeds(STATIC.replace(gain_hz=gain), THETA[:2])) for gain in (30.0, 40.0)]
    spikes = [data[:, :2].sum(axis=2).mean() for data in (counts(baseline), *louder)]
    fits = [np.nanmedian(np.apply_along_axis(bandwidth_deg, 2, data)) for data in (counts(baseline), *louder)]
    np.testing.assert_allclose(spikes, row["reference_spikes"], rtol=row["relative"])
    np.testing.assert_allclose(fits / np.mean(fits), 1, atol=row["relative"])
    record("ring.contrast", fits / np.mean(fits))


def published_bandwidth_deg(row):
    """The fit of the source: least squares, form A, no baseline, B in [.1, 360] deg; nothing is refused.

    At 45 deg the curve never falls to half, so a free baseline and B cannot be told apart, and leaving out the
    refused fits would leave out the broad ones.
    """

    def curve(theta_rad, preferred_rad, b_rad, peak):
        return peak * tuning.von_mises(theta_rad, preferred_rad, b_rad)

    bounds = [-np.pi, np.deg2rad(0.1), 0], [2 * np.pi, 2 * np.pi, 200]
    best, _ = curve_fit(curve, PREFERRED, row, p0=[PREFERRED[row.argmax()], np.pi / 12, row.max()], bounds=bounds)
    return np.rad2deg(best[1])


@pytest.mark.slow
def test_bandwidth_transfer(acceptance, record):
    """Windows of six bandwidths in one run; a first one is dropped, since cells start 4 mV below threshold."""
    b_in_deg = np.array([5, 10, 15, 25, 35, 45])
    theta, b = np.r_[0, np.tile(THETA[:3], 6)], np.deg2rad(np.r_[15, np.repeat(b_in_deg, 3)])
    rows = counts(over_seeds(STATIC, theta, b_theta_rad=b))[:, 1:]
    b_out_deg = np.apply_along_axis(published_bandwidth_deg, 2, rows).reshape(8, 6, 3).mean(axis=(0, 2))
    assert within(acceptance["ring"]["bandwidth_transfer"], b_out_deg / b_in_deg)
    assert (np.diff(b_out_deg) > 0).all()
    record("ring.bandwidth_transfer", b_out_deg / b_in_deg)


def test_unitary_epsp_on_nest(acceptance, record):
    row = acceptance["ring"]["epsp_mv"]
    measured = [unitary_epsp_mv(w) for w in row["weights_us"]]
    np.testing.assert_allclose(measured, row["reference"], atol=row["absolute"], rtol=0)
    record("ring.epsp_mv", measured)


EULER = pytest.mark.xfail(strict=True, reason="Euler steps of .1 ms are 3.2 % too high: .37 mV, the bound is .25 mV")


@pytest.mark.parametrize("i", [0, 1, pytest.param(2, marks=EULER)])
def test_unitary_epsp_on_brian2(i, acceptance):
    row = acceptance["ring"]["epsp_mv"]
    measured = unitary_epsp_mv(row["weights_us"][i], backend="brian2")
    assert measured == pytest.approx(row["reference"][i], abs=row["absolute_brian2"])


def test_brian2_epsp_converges_to_nest_in_proportion_to_the_step():
    error = [unitary_epsp_mv(0.4, backend="brian2", params=STATIC.replace(dt_ms=dt)) - 11.4187 for dt in (0.1, 0.02)]
    assert error[0] == pytest.approx(0.368, abs=0.01) and error[1] == pytest.approx(error[0] / 5, rel=0.2)


# --- plasticity


def test_plastic_ring_grows_within_its_bounds(plastic):
    spikes = counts(plastic).sum(axis=2).mean(axis=0)
    assert 50 < spikes[0] < 95 and 1.6 < spikes[5] / spikes[0] < 2.5  # the bounds of the re-run
    for result in plastic:
        for name, weights in result.weights.items():
            limit = 0.8 if name.startswith("input") else 0.2
            assert np.nanmin(weights) >= 0 and np.nanmax(weights) <= limit
    assert max(np.nanmax(result.weights["inh_exc"]) for result in plastic) == 0.2  # the bound is reached, and holds


def test_final_mean_weights(plastic):
    """The re-run of the published model gave these means, with a tolerance of 5 % (input to I: 10 %)."""
    expected = dict(zip(LAYER_1, (0.519, 0.454, 0.107, 0.184, 0.106, 0.108), strict=True))
    for name, reference in expected.items():
        mean = np.mean([np.nanmean(result.weights[name]) for result in plastic])
        assert mean == pytest.approx(reference, rel=0.1 if name == "input_inh" else 0.05)


@pytest.mark.parametrize("rule", wiring.RULES)
def test_one_pair_of_spikes_changes_the_weight_by_the_rule(rule):
    """Input at 20 and 120 ms, delay 2 ms; the first fires the cell, the second reads the trace of that spike."""
    w, w_max, delay, r = 0.6, 1.2, 2.0, wiring.RULES[rule]
    cells, delays = np.arange(2), np.full(2, delay)
    link = wiring.Projection("x", "input", "exc", "excitatory", r, w, w_max, (2, 2), cells, cells, delays)
    steps = backends.on_grid([[20.0, 120.0]] * 2, dt_ms=0.1, n_steps=1500)
    params = RingParams(v_reset_mv=-65.5, window_ms=150.0)
    options = dict(params=params, n_windows=1, backend="nest", seed=1)
    run = backends.run_network({"input": 2, "exc": 2}, [link], steps, **options)
    t_post = run.spikes["exc"][0][0] * 0.1
    w += r.a_plus * (w_max - w) * np.exp(-(t_post + delay - 20) / r.tau_plus_ms)
    w -= r.a_minus * w * np.exp(-(120 - t_post - delay) / r.tau_minus_ms)
    np.testing.assert_allclose(np.diag(run.weights["x"]), w, rtol=1e-9)


def test_a_scan_keeps_the_signs_of_the_rules_and_sets_their_sizes():
    params = RingParams(stdp_a=0.004, stdp_tau_ms=20.0, stdp_a_ratio=3.0, stdp_tau_ratio=0.5)
    for name, rule in wiring.RULES.items():
        scanned = wiring.stdp_rule(name, params)
        assert (scanned.tau_plus_ms, scanned.tau_minus_ms) == (10.0, 20.0)
        assert scanned.a_plus == pytest.approx(np.sign(rule.a_plus) * 0.012)
        assert scanned.a_minus == pytest.approx(np.sign(rule.a_minus) * 0.004)
        assert wiring.stdp_rule(name, RingParams()) == rule


def test_nest_holds_the_synapses_that_were_drawn():
    """With no input nothing is learned, so the weights read back show which synapses the simulator made."""
    params = RingParams(gain_hz=0.0, window_ms=10.0)
    result = simulate(params, [0.0], seed=4)
    for link in wiring.projections(params, wiring.seed_streams(4)):
        expected = wiring.weight_matrix(link, link.weight_us)
        np.testing.assert_allclose(result.weights[link.name], expected, rtol=1e-12)


# --- the two simulators


def test_brian2_agrees_with_nest_on_the_static_ring():
    """Same wiring and input. Its Euler steps give 3-12 % more spikes in the re-run: that is the bound here."""
    one, two = (simulate(STATIC, THETA[:2], seed=0, backend=b) for b in ("nest", "brian2"))
    assert np.array_equal(one.counts["input"], two.counts["input"])
    assert all(np.array_equal(one.weights[k], two.weights[k], equal_nan=True) for k in LAYER_1)
    spikes = np.array([[run.counts[k].sum() for k in ("exc", "inh")] for run in (one, two)])
    assert 1.03 <= spikes[1].sum() / spikes[0].sum() <= 1.12
    cells = [np.concatenate([run.counts["exc"].sum(axis=0), run.counts["inh"].sum(axis=0)]) for run in (one, two)]
    assert np.corrcoef(cells)[0, 1] > 0.95


@pytest.mark.parametrize(("backend", "later"), [("nest", 1), ("brian2", 2)])
@pytest.mark.parametrize("delay_ms", [0.1, 2.0, 5.0])
def test_a_spike_arrives_after_its_delay_exactly(backend, later, delay_ms):
    """A conductance that starts at t shows in the potential one step later; Brian2 delivers after its update."""
    v_mv = backends.single_synapse(0.1, params=STATIC, backend=backend, spike_ms=20.0, delay_ms=delay_ms)
    first = np.flatnonzero(np.abs(v_mv + 65.5) > 1e-9)[0]
    assert first == round((20.0 + delay_ms) / 0.1) + later


@pytest.mark.parametrize("backend", ["nest", "brian2"])
def test_inhibition_hyperpolarises(backend):
    v_mv = backends.single_synapse(0.1, params=STATIC, backend=backend, receptor="inhibitory")
    assert -70 < v_mv.min() < -66 and v_mv.max() <= -65.5 + 1e-9


def test_same_seed_same_arrays():
    one, two = (simulate(RingParams(window_ms=200.0), THETA[:2], seed=7) for _ in range(2))
    assert one == two
    assert one != simulate(RingParams(window_ms=200.0), THETA[:2], seed=8)


def test_global_random_state_is_left_alone():
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    simulate(SHORT, [0.0], seed=0)
    assert np.array_equal(before, np.random.get_state()[1])  # noqa: NPY002


def test_quiet_and_loaded_only_when_needed(tmp_path):
    code = (
        "import sys; from helpers.v1.ring import RingParams, simulate;"
        "assert not {'nest', 'pyNN', 'brian2'} & set(sys.modules);"
        "import pyNN.core; pyNN.core.run_command = None;"  # would be called to compile extensions
        "simulate(RingParams(window_ms=20.), [0.], seed=0);"
        "from pyNN.nest import simulator; assert simulator.state.tempdirs == [];"
        "simulate(RingParams(window_ms=20., plastic=False), [0.], seed=0, backend='brian2')"
    )
    env = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}  # has nest-config
    options = dict(capture_output=True, text=True, check=False, cwd=tmp_path, env=env)
    done = subprocess.run([sys.executable, "-c", code], **options)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(tmp_path.iterdir()) == []


# --- input and windows


def test_input_rates_have_form_a():
    params, theta, b = RingParams(noise=0.25), np.array([0.3, 3.0, -7.0]), np.deg2rad([2, 15, 40])
    tuned = tuning.von_mises(PREFERRED, theta[:, None], b[:, None])
    np.testing.assert_allclose(input_rates(params, theta, b), 20 * (0.75 * tuned + 0.25), rtol=1e-12)
    np.testing.assert_allclose(input_rates(params, theta + np.pi, b), input_rates(params, theta, b), atol=1e-10)
    assert (input_rates(params, theta, np.inf) == 20).all()


def test_spikes_on_a_window_border_count_nowhere():
    trains = [[99.9, 100.0, 100.1]] + [[]] * 59
    result = simulate(SHORT, [0.0, 0.0], trains=trains, seed=0)
    assert result.counts["input"][:, 0].tolist() == [1, 1]
    assert result.spikes["input"][0].tolist() == pytest.approx([99.9, 100.0, 100.1])


def test_given_trains_replace_the_input():
    trains = [np.array([5.03, 5.01, 50.0])] * 30 + [np.array([])] * 30
    result = simulate(SHORT, [0.0], trains=trains, seed=0)
    assert result.counts["input"][0].tolist() == [2] * 30 + [0] * 30  # two within one step are one
    assert result.counts["exc"][0, :30].sum() > 5 * result.counts["exc"][0, 30:].sum()


# --- wiring


def drawn(params=STATIC, seed=0):
    return {link.name: link for link in wiring.projections(params, wiring.seed_streams(seed))}


def test_lateral_synapses_fall_off_with_distance():
    matrices = [np.isfinite(wiring.weight_matrix(drawn(seed=s)["exc_exc"], 0.1)) for s in range(200)]
    assert 525 <= np.mean([m.sum() for m in matrices]) <= 570
    assert not np.diagonal(matrices, axis1=1, axis2=2).any()
    i = np.arange(60)
    chord = 2 * np.abs(np.sin(np.pi * (i - i[:, None]) / 60))
    np.testing.assert_allclose(wiring.chord_distance(60), chord, atol=1e-12)
    rate, expected = np.mean(matrices, axis=0), np.exp(-2 * chord)
    off = ~np.eye(60, dtype=bool)
    z = (rate - expected)[off] / np.sqrt(expected * (1 - expected) / 200)[off]
    assert abs(z.mean()) < 0.1 and 0.9 < z.std() < 1.1


def test_delays_are_a_truncated_normal_on_the_grid():
    delays = np.concatenate([link.delay_ms for s in range(5) for link in drawn(seed=s).values()])
    assert delays.min() >= 0.1 - 1e-12 and delays.max() <= 5 + 1e-12
    np.testing.assert_allclose(delays / 0.1, np.rint(delays / 0.1), atol=1e-9)
    assert delays.mean() == pytest.approx(2.60, abs=0.02)  # closed form: 2.598
    assert delays.std() == pytest.approx(1.39, abs=0.02)


def test_full_and_paired_projections():
    links = drawn()
    assert list(links) == LAYER_1
    for name in ("input_exc", "input_inh"):
        assert np.array_equal(links[name].pre_ids, np.arange(60)) and np.array_equal(
            links[name].post_ids, np.arange(60)
        )
    assert all(len(links[name].pre_ids) == 3600 for name in ("exc_inh", "inh_exc"))
    assert [name for name in links if links[name].receptor == "inhibitory"] == ["inh_inh", "inh_exc"]


def test_projections_are_drawn_from_streams_of_their_own():
    full = drawn()
    assert not np.array_equal(full["exc_inh"].delay_ms, full["inh_exc"].delay_ms)
    assert len(full["exc_exc"].pre_ids) != len(full["inh_inh"].pre_ids)
    for change, names in [
        (dict(lateral=False), {"exc_exc", "inh_inh"}),
        (dict(inhibition=False), {"exc_inh", "inh_exc"}),
        (dict(w_input_inh_us=0.0), {"input_inh"}),
    ]:
        rest = drawn(STATIC.replace(**change))
        assert set(full) - set(rest) == names
        assert all(np.array_equal(rest[name].delay_ms, full[name].delay_ms) for name in rest)


def test_fewer_inhibitory_cells_are_reached_by_chance():
    params = STATIC.replace(n_inh=12)
    n = [len(drawn(params, seed=s)["input_inh"].pre_ids) for s in range(100)]
    assert np.mean(n) == pytest.approx(36, abs=2)
    result = simulate(params.replace(window_ms=100.0), [0.0], seed=0)
    assert result.counts["inh"].shape == (1, 12) and result.weights["inh_exc"].shape == (12, 60)


def test_second_layer_is_held_back_by_the_first_layers_inhibition():
    """One input spike is just enough for a layer-2 cell, so I1->E2 decides whether layer 2 copies layer 1."""
    wired = simulate(STATIC.replace(layers=2), THETA[:1], seed=0).counts
    freed = simulate(STATIC.replace(layers=2, w_inh_exc2_us=0.0), THETA[:1], seed=0).counts
    assert list(wired) == ["input", "exc", "inh", "exc2", "inh2"]
    assert wired["exc2"].sum() < 0.5 * wired["exc"].sum() and freed["exc2"].sum() > 0.7 * freed["exc"].sum()
    assert np.array_equal(wired["exc"], simulate(STATIC, THETA[:1], seed=0).counts["exc"])


# --- bad input

Bad = namedtuple("Bad", "call error fragment")
BAD = [
    Bad(lambda: RingParams(b_theta_rad=0.0), ParameterError, "b_theta_rad = 0 is out of range"),
    Bad(lambda: RingParams(w_exc_exc_us=-0.1), ParameterError, "w_exc_exc_us = -0.1 is out of range"),
    Bad(lambda: RingParams(delay_min_ms=0.05), ParameterError, "dt_ms (0.1) <= delay_min_ms"),
    Bad(lambda: RingParams(v_thresh_mv=-60.0), ParameterError, "v_thresh_mv = -60 is too low"),
    Bad(lambda: RingParams(window_ms=10.05), ParameterError, "window_ms = 10.05; allowed: whole multiples of dt_ms"),
    Bad(lambda: simulate({}, 0.0, seed=0), ParameterError, "params is a dict; allowed: a RingParams"),
    Bad(lambda: simulate(SHORT, "north", seed=0), ParameterError, "theta_rad is not an array of numbers"),
    Bad(lambda: simulate(SHORT, [np.nan], seed=0), ParameterError, "theta_rad holds NaN or infinity"),
    Bad(lambda: simulate(SHORT, [0, 1], b_theta_rad=[1, 1, 1], seed=0), ParameterError, "b_theta_rad has 3 values"),
    Bad(lambda: simulate(SHORT, [0, 1], b_theta_rad=[1, 0], seed=0), ParameterError, "b_theta_rad holds 0; allowed"),
    Bad(lambda: simulate(SHORT, 0.0, seed=-1), ParameterError, "seed = -1 is out of range"),
    Bad(lambda: simulate(SHORT, 0.0, seed=0, backend="neuron"), ParameterError, "choose one of: nest, brian2"),
    Bad(lambda: simulate(SHORT, 0.0, trains=[[]] * 3, seed=0), ParameterError, "trains: 3 given; allowed: a list of"),
    Bad(lambda: simulate(SHORT, 0.0, trains=[[]] * 59 + [[-1]], seed=0), ParameterError, "trains[59] goes down to -1"),
    Bad(lambda: simulate(SHORT, 0.0, trains=[[101]] + [[]] * 59, seed=0), ParameterError, "trains[0] goes up to 101"),
    Bad(lambda: simulate(RingParams(), 0.0, seed=0, backend="brian2"), BackendError, "ignores the weight dependence"),
    Bad(lambda: unitary_epsp_mv(-1), ParameterError, "weight_us = -1 is out of range"),
]


@pytest.mark.parametrize("bad", BAD, ids=[bad.fragment for bad in BAD])
def test_bad_input_is_one_clear_line(bad):
    with pytest.raises(bad.error) as caught:
        bad.call()
    assert type(caught.value) is bad.error and bad.fragment in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(("backend", "package"), [("nest", "nest-simulator"), ("brian2", "brian2")])
def test_missing_simulator_is_one_line_with_the_way_to_get_it(backend, package, monkeypatch):
    monkeypatch.setitem(sys.modules, f"pyNN.{backend}", None)
    with pytest.raises(BackendError, match=f"backend '{backend}' is not installed .*pip install .*{package}") as caught:
        simulate(SHORT, 0.0, seed=0, backend=backend)
    assert "\n" not in str(caught.value)


def test_two_results_compare_by_their_arrays_and_not_by_their_seconds():
    one, two = (simulate(SHORT, [0.0], seed=0) for _ in range(2))
    assert one == two and one != "a ring"
    assert list(one.seconds) == ["wire", "build", "run", "read"] and one.seconds != two.seconds
