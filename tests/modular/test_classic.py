"""The numbers of acceptance.toml for the classic models: the study cells of FINAL_8, swept through its store."""

import functools

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from helpers import runs
from tests.cells import cells

F8 = cells("FINAL_8", "model", "study")
SEEDS = runs.seeds(8, 6)  # those of the notebook, with which the store is shared


def swept(point, **grid):
    """Return the results of a study cell as a dict of arrays over the lists of the grid."""
    return runs.over(point, store=runs.store("classic"), n_jobs=1, progress=False, **grid)


# --- networks


def test_lif_rates(record):
    """With and without synapses, over the rates that reproduce their own input, and those of the single cell."""
    found, alone = swept(F8.lif, seed=SEEDS, synapses=[True, False]), [F8.lif_interval(v) for v in (-10, -30)]
    rates = np.array([found[tag].mean(axis=(0, 2)) for tag in ("exc", "inh")]).T
    ratios = rates / [1000 * F8.lif_theory(), 1000 / np.array(alone)]
    record("classic.lif_rates", ratios)
    silent = found["silent"][:, 0].mean()
    record("classic.lif_silent", silent)


def test_izhikevich(record):
    found = [F8.izhikevich(seed) for seed in SEEDS]
    rates = np.array([point["rate_hz"] for point in found])
    record("classic.izhikevich_rates", rates[:, 0], "exc")
    record("classic.izhikevich_rates", rates[:, 1], "inh")
    power = np.mean([point["network"] for point in found], axis=0)
    record("classic.izhikevich_peaks", 4 + power[4:15].argmax(), "slow")
    record("classic.izhikevich_peaks", 21 + power[21:80].argmax(), "fast")
    turned = np.mean([point["turned"] for point in found], axis=0)[3:].max() / power[3:].max()
    record("classic.izhikevich_turned", turned)


DELAYS = [1.0, 1.5, 2.0, 4.0]


@functools.cache
def brunel_hakim():
    return swept(F8.brunel_hakim, seed=SEEDS[:2], delay_ms=DELAYS)


def frequency(delay, drive=25.0):
    """Return the frequency (Hz) of infinitely many cells."""
    rate = F8.population(delay, drive)[2000:]
    up = np.flatnonzero((rate[:-1] < rate.mean()) & (rate[1:] >= rate.mean()))
    return 1000 / (0.05 * np.diff(up).mean())


def test_brunel_hakim_has_the_frequency_of_infinitely_many_cells(record):
    ratios = brunel_hakim()["peak_hz"].mean(axis=0) / [frequency(delay) for delay in DELAYS]
    record("classic.brunel_hakim_frequency", ratios)


def test_more_drive_slows_the_rhythm_of_brunel_hakim_which_the_linear_mode_denies(record):
    drives = [22.0, 30.0, 35.0]
    peaks = swept(F8.brunel_hakim, seed=SEEDS[:2], mu=drives)["peak_hz"].mean(axis=0)
    found = dict(drive=peaks / [frequency(2.0, drive) for drive in drives], slows=peaks[2] / peaks[0])
    for row, value in found.items():
        record(f"classic.brunel_hakim_{row}", value)
    assert F8.mode(2.0, 35.0)[1] > 1.1 * F8.mode(2.0, 22.0)[1]


@pytest.mark.parametrize(("name", "row"), [("rate_hz", "rate"), ("peak_hz", "peak"), ("cv", "cv")])
def test_brunel_hakim(name, row, record):
    values = swept(F8.brunel_hakim, seed=[0, 1], t_ms=1000.0)[name]
    record(f"classic.brunel_hakim_{row}", values)


def test_brunel_hakim_conventions(record):
    """Neither the refractory convention nor the seed, but a delay of one more step moves the peak."""
    later, running = F8.brunel_hakim(SEEDS[0], 2.1), F8.brunel_hakim(SEEDS[0], 2.0, running=True)
    peaks = brunel_hakim()["peak_hz"][:, DELAYS.index(2.0)]
    assert peaks.min() - later["peak_hz"] >= 2 and abs(running["peak_hz"] - peaks.mean()) <= 5


def test_brunel_hakim_without_coupling(record):
    rate = swept(F8.brunel_hakim, seed=SEEDS[:2], J_mv=0.0)["rate_hz"]
    record("classic.brunel_hakim_free", rate)


def test_the_rhythm_begins_where_the_mode_grows(record):
    onset = min(delay for delay in np.arange(0.8, 1.2, 0.01) if F8.mode(delay)[0] > 0)
    record("classic.brunel_hakim_onset", onset)


# --- synfire chain


@functools.cache
def pools():
    """Return (3 seeds, volleys of 85, 60, 40 spikes, pools, [spikes, mean time in ms, SD in ms])."""
    return swept(F8.synfire, seed=[0, 1, 2], n_spikes=[85, 60, 40])["pools"]


def test_synfire_strong_volley(record):
    for k, row in ((0, "synfire_strong"), (2, "synfire_sd_ms")):
        found = pools()[:, 0, :, k]
        record(f"classic.{row}", found)


def test_synfire_timing(record):
    times = pools()[:, 0, :, 1]
    delay = (times[:, -1] - times[:, 0]) / 9
    record("classic.synfire_delay_ms", delay)


@pytest.mark.parametrize(("n_spikes", "place"), [(60, 1), (40, 2)])
def test_synfire_survives_or_dies(n_spikes, place, record):
    last = pools()[:, place, -1, 0]
    record(f"classic.synfire_{n_spikes}", last)


# --- memory


@functools.cache
def overlap(n_patterns, flips=0.1, order="random", n=784):
    """Return the overlaps after 0, 1, ... sweeps, and the largest rise of the energy, over six memories."""
    options = {name: value for name, value in dict(flips=flips, order=order).items() if value not in (0.0, "random")}
    found = swept(F8.hopfield, seed=SEEDS, n=n, n_patterns=n_patterns, n_probes=20, **options)
    return found["overlap"], np.diff(found["energy"], axis=1).max()


@pytest.mark.parametrize(
    ("row", "loads"), [("hopfield_small", (5, 20)), ("hopfield_60", (60,)), ("hopfield_160", (160,))]
)
def test_hopfield_overlap(row, loads, record):
    values = [overlap(n)[0][:, -1].mean() for n in loads]
    record(f"classic.{row}", values)


@pytest.mark.parametrize("load", [0.05, 0.08, 0.1, 0.12])
def test_hopfield_follows_the_theory_below_the_critical_load(load, record):
    difference = overlap(round(load * 1568), flips=0.0, n=1568)[0][:, -1].mean() - F8.recalled(load)
    record("classic.hopfield_theory", difference)


def test_hopfield_beyond_capacity(record):
    """The number depends on when one looks: 10, 20 and 40 sweeps."""
    found = overlap(130)[0][:, [10, 20, 40]]
    record("classic.hopfield_130", found, repeats=True)
    assert (np.diff(found.mean(axis=0)) < 0).all()


def test_hopfield_beyond_capacity_in_other_orders():
    late = {order: overlap(130, order=order)[0][:, 10].mean() for order in ("random", "fixed", "synchronous")}
    assert late["fixed"] < late["random"] + 0.02 and late["random"] + 0.04 < late["synchronous"]


def test_hopfield_energy(record):
    """Sweep by sweep here; test_behaviours compares single updates on a small memory."""
    rises = [overlap(n)[1] for n in (20, 130)]
    record("classic.hopfield_energy", max(rises))


# --- single cells


def trains(model, current, n, **options):
    """Return the spike times of each cell after n steps."""
    net = F8.cell(model, current, gap=n, **options)
    net.simulate_iterations(n)
    steps, ids = F8.spikes(net)
    return [options.get("dt", 0.01) * steps[ids == k] for k in range(np.size(current))]


@pytest.mark.slow
def test_hindmarsh_rose_euler(acceptance, record):
    row, found = acceptance["classic"]["hr_spikes"], swept(F8.hindmarsh_rose, method="euler", dt=0.01, t_max=2000.0)
    counts = np.concatenate([found[f"spikes_{k}"] for k in range(3)])
    record("classic.hr_spikes", counts)
    np.testing.assert_allclose([*found["start_0"], *found["start_1"]], row["start"], rtol=row["relative_start"])


def test_hindmarsh_rose_runge_kutta(record):
    found = swept(F8.hindmarsh_rose, method="rk4", dt=0.05, t_max=2000.0)
    counts = np.concatenate([found[f"spikes_{k}"] for k in range(3)])
    record("classic.hr_spikes_rk4", counts)


@functools.cache
def hodgkin_huxley():
    """Return the spike times and V of 410 ms with two steps of current."""
    net = F8.cell(F8.HodgkinHuxley, lambda t: 5.0 * (100 <= t < 200) + 10.0 * (300 <= t < 400))
    net.simulate_iterations(41_000)
    return 0.01 * F8.spikes(net)[0], np.asarray(net["n.v", 0])[:, 0]


def test_hodgkin_huxley_spikes(record):
    times = hodgkin_huxley()[0]
    counts = [int(((times >= on) & (times < on + 100)).sum()) for on in (100, 300)]
    record("classic.hh_spikes", counts)
    assert sum(counts) == times.size


def test_hodgkin_huxley_period(record):
    period = np.diff(hodgkin_huxley()[0])[-1]
    record("classic.hh_period_ms", period)


def test_hodgkin_huxley_voltages(record):
    v = hodgkin_huxley()[1]
    record("classic.hh_voltages_mv", [v[9900], v.max(), v.min()])


def test_hodgkin_huxley_loses_its_rest_where_the_literature_says(record):
    v = np.linspace(-62, -58, 401)
    lost = v[[F8.growth(F8.HodgkinHuxley, one) > 0 for one in v]][0]
    current = F8.at_rest(F8.HodgkinHuxley, lost)[1]
    record("classic.hh_unstable", current)


def last_rate(times):
    return 1000 / np.diff(times)[-1] if times.size > 2 else 0.0


def adaptive_rate(current):
    """Return the rate (Hz) of the Wang-Buzsaki cell by a solver of order 8, from upward crossings of 0."""

    def crossing(t, x):
        return x[0]

    crossing.direction = 1
    options = dict(method="DOP853", rtol=1e-9, atol=1e-10, events=crossing)
    slopes = F8.WangBuzsaki().slopes
    return last_rate(solve_ivp(lambda t, x: slopes(x, current), (0, 200), F8.WangBuzsaki.start, **options).t_events[0])


def test_wang_buzsaki(record):
    currents = np.array([1.0, 2.0, 5.0])
    found = [last_rate(t) for t in trains(F8.WangBuzsaki, currents, 5000, dt=0.04, method="rk4")]
    ratios = np.array(found) / [adaptive_rate(current) for current in currents]
    record("classic.wb_ratio", ratios)


def test_wang_buzsaki_by_euler_steps(record):
    found = [last_rate(trains(F8.WangBuzsaki, 2.0, round(150 / dt), dt=dt)[0]) for dt in (0.01, 0.005)]
    ratios = np.array(found) / adaptive_rate(2.0)
    record("classic.wb_euler_ratio", ratios)
    assert ratios[0] < ratios[1]


def test_wang_buzsaki_fires_where_its_rest_is_gone(record):
    threshold = max(F8.at_rest(F8.WangBuzsaki, v)[1] for v in np.linspace(-70, -50, 2001))
    record("classic.wb_threshold", threshold)
    silent, firing = trains(F8.WangBuzsaki, np.array([0.15, 0.2]), 15_000, dt=0.04, method="rk4")
    assert silent.size <= 1 < 3 <= firing.size
