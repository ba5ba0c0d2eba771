"""The numbers of acceptance.toml for the classic models (A11 to A15 of the specification), over seeds."""

import functools

import numpy as np
import pytest

from helpers.modular import behaviours


def within(bounds, values):
    return bounds[0] <= np.min(values) and np.max(values) <= bounds[1]


def after(net, n):
    net.simulate_iterations(n)
    return net


# --- networks


@functools.cache
def lif():
    """Return (spikes per E cell, per I cell, share of iterations without an E spike) over 8 seeds."""
    rows = []
    for seed in range(8):
        net = after(behaviours.build_lif(seed=seed), 1000)
        exc, inh = (np.asarray(net[tag, 0]["spike", 0]) for tag in ("exc", "inh"))
        rows.append((len(exc) / 800, len(inh) / 200, 1 - np.unique(exc[:, 0]).size / 1000))
    return np.mean(rows, axis=0)


def test_lif_rates(acceptance, record):
    ratios = lif()[:2] / [3.01, 49.35]
    record("classic.lif_rates", ratios)
    assert within(acceptance["classic"]["lif_rates"]["accept"], ratios)


def test_lif_silent_iterations(acceptance, record):
    record("classic.lif_silent", lif()[2])
    assert within(acceptance["classic"]["lif_silent"]["accept"], lif()[2])


@functools.cache
def izhikevich():
    """Return rates in Hz (5 seeds, E and I), frequencies and power (5 seeds, n_f)."""
    rates, power = [], []
    for seed in range(5):
        net = after(behaviours.build_izhikevich(seed=seed), 1000)
        trains = [behaviours.spike_trains(net[tag, 0], dt_ms=1.0)[0] for tag in ("exc", "inh")]
        rates.append([trains[0].size / 800, trains[1].size / 200])
        counts = behaviours.population_count(np.concatenate(trains), start_ms=0, stop_ms=1000, bin_ms=1)
        f, p = behaviours.spectrum(counts, bin_ms=1, segment_ms=1000)
        power.append(p)
    return np.array(rates), f, np.array(power)


def test_izhikevich_rates(acceptance, record):
    row, rates = acceptance["classic"]["izhikevich_rates"], izhikevich()[0]
    record("classic.izhikevich_rates", rates.mean(axis=0))
    assert within(row["exc"], rates[:, 0]) and within(row["inh"], rates[:, 1])


def test_izhikevich_peaks(acceptance, record):
    row, (_, f, power) = acceptance["classic"]["izhikevich_peaks"], izhikevich()
    slow = behaviours.peak_hz(f, power.mean(axis=0), 3, 15)
    fast = behaviours.peak_hz(f, power.mean(axis=0), 20, 80)
    record("classic.izhikevich_peaks", [slow, fast])
    assert within(row["slow"], slow) and within(row["fast"], fast)


@functools.cache
def brunel_hakim(**options):
    """Return (rate in Hz, spectral peak in Hz, variation of the count) of 1 s less .2 s."""
    net = after(behaviours.build_brunel_hakim(seed=0, **options), 10_000)
    times, _ = behaviours.spike_trains(net["cells", 0], dt_ms=0.1)
    counts = behaviours.population_count(times, start_ms=200, stop_ms=1000, bin_ms=0.1)
    peak = behaviours.peak_hz(*behaviours.spectrum(counts, bin_ms=0.1, segment_ms=200), 40, 1000)
    return counts.sum() / 5000 / 0.8, peak, counts.std() / counts.mean()


CONVENTIONS = (dict(frozen=True), dict(frozen=False, delay_steps=21))  # the second is Brian2's


@pytest.mark.parametrize(("k", "row"), enumerate(["rate", "peak", "cv"]))
def test_brunel_hakim(k, row, acceptance, record):
    values = [brunel_hakim(**options)[k] for options in CONVENTIONS]
    record(f"classic.brunel_hakim_{row}", values)
    assert within(acceptance["classic"][f"brunel_hakim_{row}"]["accept"], values)


@pytest.mark.slow
def test_the_delay_and_not_the_refractory_convention_moves_the_peak():
    assert brunel_hakim(frozen=True)[1] - brunel_hakim(frozen=True, delay_steps=21)[1] >= 5
    assert abs(brunel_hakim(frozen=True, delay_steps=21)[1] - brunel_hakim(frozen=False, delay_steps=21)[1]) <= 5


def test_brunel_hakim_without_coupling(acceptance, record):
    rate = brunel_hakim(j_mv=0)[0]
    record("classic.brunel_hakim_free", rate)
    assert within(acceptance["classic"]["brunel_hakim_free"]["accept"], rate)


# --- synfire chain


@functools.cache
def volleys(n_spikes):
    """Return (3 seeds, 10 pools, [spikes, mean time in ms, SD in ms])."""
    nets = (after(behaviours.build_synfire(n_spikes, seed=seed), 1200) for seed in range(3))
    return np.array([behaviours.volleys(*behaviours.spike_trains(net["chain", 0], dt_ms=0.1)) for net in nets])


def test_synfire_strong_volley(acceptance, record):
    found = volleys(85)
    for k, row in ((0, "synfire_strong"), (2, "synfire_sd_ms")):
        assert within(acceptance["classic"][row]["accept"], found[:, :, k])
        record(f"classic.{row}", found[:, :, k])


def test_synfire_timing(acceptance, record):
    row, times = acceptance["classic"]["synfire_delay_ms"], volleys(85)[:, :, 1]
    delay = (times[:, -1] - times[:, 0]) / 9
    record("classic.synfire_delay_ms", delay)
    assert within(row["accept"], delay)
    np.testing.assert_allclose(times[:, [0, -1]].mean(axis=0), [55.8, 105.7], rtol=row["relative"])


@pytest.mark.parametrize("n_spikes", [60, 40])
def test_synfire_survives_or_dies(n_spikes, acceptance, record):
    last = volleys(n_spikes)[:, -1, 0]
    record(f"classic.synfire_{n_spikes}", last)
    assert within(acceptance["classic"][f"synfire_{n_spikes}"]["accept"], last)


# --- memory


@functools.cache
def overlap(n_patterns, sweeps=10):
    """Return the mean overlap after the sweeps from 10 % flips, and the largest rise of the energy, over 3 seeds."""
    values, rises = [], []
    for seed in range(3):
        net = after(behaviours.build_hopfield(n_patterns, seed=seed), sweeps)
        values.append(net["memory", 0].overlap.mean())
        rises.append(np.diff(np.asarray(net["n.energy", 0]), axis=0).max())
    return np.mean(values), max(rises)


@pytest.mark.parametrize(
    ("row", "loads"), [("hopfield_small", (5, 20)), ("hopfield_60", (60,)), ("hopfield_160", (160,))]
)
def test_hopfield_overlap(row, loads, acceptance, record):
    values = [overlap(n)[0] for n in loads]
    record(f"classic.{row}", values)
    assert within(acceptance["classic"][row]["accept"], values)


def test_hopfield_table(acceptance, record):
    difference = np.array([overlap(n)[0] for n in (90, 108)]) - [0.99, 0.94]
    record("classic.hopfield_table", difference)
    assert within(acceptance["classic"]["hopfield_table"]["accept"], difference)


@pytest.mark.xfail(reason="recall is still falling after ten sweeps: .75 to .77 over 12 networks", strict=True)
def test_hopfield_beyond_capacity(acceptance, record):
    found = overlap(130)[0]
    record("classic.hopfield_130", found)
    assert within(acceptance["classic"]["hopfield_130"]["accept"], [found])


def test_hopfield_beyond_capacity_falls_slowly():
    """The published .68 is passed between the tenth and the fortieth sweep."""
    assert overlap(130, 40)[0] < 0.68 < overlap(130, 10)[0]


def test_hopfield_energy(acceptance, record):
    """Sweep by sweep here; test_behaviours compares single updates on a small memory."""
    rises = [overlap(n)[1] for n in (20, 130)]
    record("classic.hopfield_energy", max(rises))
    assert within(acceptance["classic"]["hopfield_energy"]["accept"], rises)


# --- single cells


def trains(model, current, n, **options):
    """Return the spike times of each cell after n steps."""
    net = after(behaviours.build_cell(model, current, gap=n, **options), n)
    times, ids = behaviours.spike_trains(net["cells", 0], dt_ms=options.get("dt_ms", 0.01))
    return [times[ids == k] for k in range(np.size(current))]


def hindmarsh_rose(n, **options):
    """Return the bursts at I = .4, the four at I = 2, and the spikes at I = 4."""
    low, middle, high = trains(behaviours.HindmarshRose, [0.4, 2.0, 4.0], n, **options)
    assert np.diff(high).max() < 100
    return [*behaviours.bursts(low), *behaviours.bursts(middle), high]


@pytest.mark.slow
def test_hindmarsh_rose_euler(acceptance, record):
    row, bursts = acceptance["classic"]["hr_spikes"], hindmarsh_rose(200_000)
    record("classic.hr_spikes", [b.size for b in bursts])
    assert [b.size for b in bursts] == row["reference"]
    np.testing.assert_allclose([b[0] for b in bursts[:5]], row["start"], rtol=row["relative"])


def test_hindmarsh_rose_runge_kutta(acceptance, record):
    bursts = hindmarsh_rose(40_000, dt_ms=0.05, method="rk4")
    record("classic.hr_spikes_rk4", [b.size for b in bursts])
    assert [b.size for b in bursts] == acceptance["classic"]["hr_spikes_rk4"]["reference"]


@functools.cache
def hodgkin_huxley():
    """Return the spike times and V of 410 ms with two steps of current."""
    steps = ((100.0, 200.0, 5.0), (300.0, 400.0, 10.0))
    net = after(behaviours.build_cell(behaviours.HodgkinHuxley, steps=steps, gap=1), 41_000)
    return behaviours.spike_trains(net["cells", 0], dt_ms=0.01)[0], np.asarray(net["n.v", 0])[:, 0]


def test_hodgkin_huxley_spikes(acceptance, record):
    times = hodgkin_huxley()[0]
    counts = [int(((times >= on) & (times < on + 100)).sum()) for on in (100, 300)]
    record("classic.hh_spikes", counts)
    assert counts == acceptance["classic"]["hh_spikes"]["reference"] and sum(counts) == times.size


def test_hodgkin_huxley_period(acceptance, record):
    period = np.diff(hodgkin_huxley()[0])[-1]
    record("classic.hh_period_ms", period)
    assert within(acceptance["classic"]["hh_period_ms"]["accept"], period)


def test_hodgkin_huxley_voltages(acceptance, record):
    row, v = acceptance["classic"]["hh_voltages_mv"], hodgkin_huxley()[1]
    found = np.array([v[9900], v.max(), v.min()])
    record("classic.hh_voltages_mv", found)
    assert (np.abs(found - row["reference"]) <= row["absolute"]).all()


def last_rate(times):
    return 1000 / np.diff(times)[-1] if times.size > 2 else 0.0


def test_wang_buzsaki(acceptance, record):
    row = acceptance["classic"]["wb_rate_hz"]
    rates = [last_rate(t) for t in trains(behaviours.WangBuzsaki, [0.1, 0.2, 1.0, 2.0, 5.0], 50_000)]
    record("classic.wb_rate_hz", rates)
    np.testing.assert_allclose(rates, row["reference"], rtol=row["relative"])


def test_wang_buzsaki_with_half_the_step(acceptance, record):
    rate = last_rate(trains(behaviours.WangBuzsaki, [2.0], 30_000, dt_ms=0.005)[0])
    record("classic.wb_rate_fine_hz", rate)
    assert within(acceptance["classic"]["wb_rate_fine_hz"]["accept"], rate)
