"""The numbers of acceptance.toml for the classic models: the study cells of FINAL_8, swept through its store."""

import functools

import numpy as np
import pytest

from helpers import runs
from tests.cells import cells

SEEDS = runs.seeds(8, 6)  # those of the notebook, with which the store is shared


@functools.cache
def book():
    """Return the cells of FINAL_8."""
    return cells("FINAL_8", "model", "study")


STORE = dict(store=runs.store("classic"), n_jobs=1, progress=False)


def swept(point, **grid):
    """Return the results of a study cell as a dict of arrays over the lists of the grid."""
    return runs.over(point, **STORE, **grid)


@pytest.fixture
def hold(record):
    """Return the function that holds numbers to their rows: hold(row=values, ...)."""

    def check(**measured):
        for name, values in measured.items():
            record(f"classic.{name}", values)

    return check


# --- networks


def test_lif_rates(hold):
    """With and without synapses, over the rates that reproduce their own input, and those of the single cell."""
    found, alone = swept(book().lif, seed=SEEDS, synapses=[True, False]), [book().lif_interval(v) for v in (-10, -30)]
    rates = np.array([found[tag].mean(axis=(0, 2)) for tag in ("exc", "inh")]).T
    ratios = rates / [1000 * book().lif_theory(), 1000 / np.array(alone)]
    hold(lif_rates=ratios, lif_silent=found["silent"][:, 0].mean())


def test_izhikevich(record, hold):
    found = [point for _, point in runs.sweep(book().izhikevich, dict(seed=SEEDS), **STORE)]
    rates, power, turned = (np.array([point[name] for point in found]) for name in ("rate_hz", "network", "turned"))
    power, turned = power.mean(axis=0), turned.mean(axis=0)
    record("classic.izhikevich_rates", rates[:, 0], "exc")
    record("classic.izhikevich_rates", rates[:, 1], "inh")
    record("classic.izhikevich_peaks", 4 + power[4:15].argmax(), "slow")
    record("classic.izhikevich_peaks", 21 + power[21:80].argmax(), "fast")
    hold(izhikevich_turned=turned[3:].max() / power[3:].max())


def frequency(delay, drive=25.0):
    """Return the frequency (Hz) of infinitely many cells."""
    rate = book().population(delay, drive)[2000:]
    up = np.flatnonzero((rate[:-1] < rate.mean()) & (rate[1:] >= rate.mean()))
    return 1000 / (0.05 * np.diff(up).mean())


def test_brunel_hakim_has_the_frequency_of_infinitely_many_cells(hold):
    """A delay of one more step moves the peak, and the convention of the refractory time does not."""
    delays = [1.0, 1.5, 2.0, 4.0]
    peaks = swept(book().brunel_hakim, seed=SEEDS[0], delay_ms=delays)["peak_hz"]
    hold(brunel_hakim_frequency=peaks / [frequency(delay) for delay in delays])
    later, running = book().brunel_hakim(SEEDS[0], 2.1), book().brunel_hakim(SEEDS[0], 2.0, running=True)
    assert peaks[2] - later["peak_hz"] >= 2 and abs(running["peak_hz"] - peaks[2]) <= 5


def test_more_drive_slows_the_rhythm_of_brunel_hakim_which_the_linear_mode_denies(hold):
    drives = [22.0, 30.0, 35.0]
    peaks = swept(book().brunel_hakim, seed=SEEDS[0], mu=drives)["peak_hz"]
    found = peaks / [frequency(2.0, drive) for drive in drives]
    hold(brunel_hakim_drive=found, brunel_hakim_slows=peaks[2] / peaks[0])
    assert book().mode(2.0, 35.0)[1] > 1.1 * book().mode(2.0, 22.0)[1]


def test_brunel_hakim(hold):
    found = swept(book().brunel_hakim, seed=[0, 1], t_ms=1000.0)
    hold(brunel_hakim_rate=found["rate_hz"], brunel_hakim_peak=found["peak_hz"], brunel_hakim_cv=found["cv"])
    hold(brunel_hakim_free=swept(book().brunel_hakim, seed=SEEDS[0], J_mv=0.0)["rate_hz"])


def test_the_rhythm_begins_where_the_mode_grows(hold):
    hold(brunel_hakim_onset=min(delay for delay in np.arange(0.8, 1.2, 0.01) if book().mode(delay)[0] > 0))


def test_synfire_chain(hold):
    """Volleys of 85, 60 and 40 spikes over the pools: [spikes, mean time in ms, SD in ms]."""
    strong, weaker, weak = np.moveaxis(swept(book().synfire, seed=[0, 1, 2], n_spikes=[85, 60, 40])["pools"], 1, 0)
    hold(synfire_strong=strong[:, :, 0], synfire_sd_ms=strong[:, :, 2])
    hold(synfire_delay_ms=(strong[:, -1, 1] - strong[:, 0, 1]) / 9)
    hold(synfire_60=weaker[:, -1, 0], synfire_40=weak[:, -1, 0])


# --- memory


@functools.cache
def overlap(n_patterns, flips=0.1, order="random", n=784):
    """Return the overlaps after 0, 1, ... sweeps, and the largest rise of the energy, over six memories."""
    options = {name: value for name, value in dict(flips=flips, order=order).items() if value not in (0.0, "random")}
    found = swept(book().hopfield, seed=SEEDS, n=n, n_patterns=n_patterns, n_probes=20, **options)
    return found["overlap"], np.diff(found["energy"], axis=1).max()


def test_hopfield_overlap(hold):
    small, at_60, at_160 = ([overlap(n)[0][:, -1].mean() for n in loads] for loads in ((5, 20), (60,), (160,)))
    hold(hopfield_small=small, hopfield_60=at_60, hopfield_160=at_160)


def test_hopfield_follows_the_theory_below_the_critical_load(hold):
    for load in (0.05, 0.08, 0.1, 0.12):
        found = overlap(round(load * 1568), flips=0.0, n=1568)[0][:, -1].mean()
        hold(hopfield_theory=found - book().recalled(load))


def test_hopfield_beyond_capacity(record):
    """The number depends on when one looks, 10, 20 and 40 sweeps, and on the order of the updates."""
    found = overlap(130)[0][:, [10, 20, 40]]
    record("classic.hopfield_130", found, repeats=True)
    assert (np.diff(found.mean(axis=0)) < 0).all()
    late = {order: overlap(130, order=order)[0][:, 10].mean() for order in ("random", "fixed", "synchronous")}
    assert late["fixed"] < late["random"] + 0.02 and late["random"] + 0.04 < late["synchronous"]


def test_hopfield_energy(hold):
    """Sweep by sweep here; test_behaviours compares single updates on a small memory."""
    hold(hopfield_energy=max(overlap(n)[1] for n in (20, 130)))


# --- single cells


@pytest.mark.parametrize(("row", "method", "dt"), [("hr_spikes", "euler", 0.01), ("hr_spikes_rk4", "rk4", 0.05)])
def test_hindmarsh_rose(row, method, dt, acceptance, record):
    found, expected = book().hindmarsh_rose(method, dt, t_max=2000.0), acceptance["classic"][row]
    counts = np.concatenate([found[f"spikes_{k}"] for k in range(3)])
    record(f"classic.{row}", counts)
    if method == "euler":
        starts = [*found["start_0"], *found["start_1"]]
        np.testing.assert_allclose(starts, expected["start"], rtol=expected["relative_start"])


def test_hodgkin_huxley(hold):
    """410 ms with two steps of current."""
    net = book().cell(book().HodgkinHuxley, lambda t: 5.0 * (100 <= t < 200) + 10.0 * (300 <= t < 400))
    net.simulate_iterations(41_000)
    times, v = 0.01 * book().spikes(net)[0], np.asarray(net["n.v", 0])[:, 0]
    counts = [int(((times >= on) & (times < on + 100)).sum()) for on in (100, 300)]
    assert sum(counts) == times.size
    hold(hh_spikes=counts, hh_voltages_mv=[v[9900], v.max(), v.min()], hh_period_ms=np.diff(times)[-1])


def test_hodgkin_huxley_loses_its_rest_where_the_literature_says(hold):
    model, v = book().HodgkinHuxley, np.linspace(-62, -58, 401)
    lost = next(one for one in v if book().growth(model, one) > 0)
    hold(hh_unstable=book().at_rest(model, lost)[1])


def last_rate(times):
    return 1000 / np.diff(times)[-1]


def adaptive_rate(current):
    """Return the rate (Hz) of the Wang-Buzsaki cell by a solver of order 8, from upward crossings of 0."""
    from scipy.integrate import solve_ivp

    def crossing(t, x):
        return x[0]

    crossing.direction = 1
    model = book().WangBuzsaki()
    options = dict(method="DOP853", rtol=1e-9, atol=1e-10, events=crossing)
    return last_rate(solve_ivp(lambda t, x: model.slopes(x, current), (0, 100), model.start, **options).t_events[0])


def test_wang_buzsaki(hold):
    """By Runge-Kutta steps at I = 1, 2 and 5, silent at .15 and firing at .2, where no rest is left; by Euler steps."""
    found = swept(book().last_rates, model="WB", dt=0.04, method="rk4")
    rates = dict(zip(book().LEVELS["WB"], found["rate_hz"], strict=True))
    exact = {current: adaptive_rate(current) for current in (1.0, 2.0, 5.0)}
    hold(wb_ratio=[rates[current] / exact[current] for current in exact])
    threshold = max(book().at_rest(book().WangBuzsaki, v)[1] for v in np.linspace(-70, -50, 2001))
    hold(wb_threshold=threshold)
    assert rates[0.15] == 0 < rates[0.2]
    ratios = []
    for dt in (0.01, 0.005):
        net = book().cell(book().WangBuzsaki, 2.0, dt)
        net.simulate_iterations(round(60 / dt))
        ratios.append(last_rate(dt * book().spikes(net)[0]) / exact[2.0])
    hold(wb_euler_ratio=ratios)
    assert ratios[0] < ratios[1]
