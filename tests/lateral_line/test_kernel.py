"""The kernel against the cells of FINAL_3, spike by spike; the interneurons, which no cell has, in Brian2 as well."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from helpers import lateral_line as ll
from helpers.lateral_line import kernel, stimulus, wiring
from helpers.lateral_line.params import preset, without_plasticity
from helpers.parameters import ParameterError

SMALL = preset("ll_fast").replace(
    n_ll=20, n_mon=40, n_ts=16, bg_rate_mon_hz=0.0, bg_rate_ts_hz=0.0, mon_ts_gain_mV=900.0, ts_lateral_radius=4,
    ll_mon_apre=0.05, ll_mon_apost=-0.05,
)  # fmt: skip
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Brian2 on pyparsing 3.3


def imposed(spikes, teacher=None):
    """A drive in which LL cells spike where `spikes` (n_steps, n_ll) is 1, and the teacher's where `teacher` is."""
    n_steps = len(spikes)
    teacher = np.zeros((0, 0)) if teacher is None else teacher.astype(float)
    return ll.Drive(np.asarray(spikes, float), np.arange(n_steps, dtype=np.uint32), np.zeros(n_steps), teacher)


def network(params, seed=3, **options):
    wires = ll.draw(params, seed)
    weights = ll.initial_weights(params, seed, wires)
    return ll.Network(params, wires, weights, rng=wiring.stream(seed, 3), **options), wires, weights


# --- the network in Brian2


def brian2(notebook, p, wires, weights, *, v_mv, ll_spikes, n_steps, teacher=None):
    """Run the network of the cell with interneurons; return spikes by layer, ordered, and the weights."""
    parts, brian = notebook.lateral_line(p, wires, weights, ll_spikes, v_mv)
    if teacher is not None:
        brian.add(*notebook.visual_teacher(parts, *np.nonzero(teacher), p.teacher_w_mV))
    for name, drive_mv, back_mv in (
        ("mon", p.mon_to_global_inh_drive_mV, p.global_inh_to_mon_mV),
        ("ts", p.ts_to_global_inh_drive_mV, p.global_inh_to_ts_mV),
    ):
        given = parts[name], getattr(wires, f"{name}_inh"), drive_mv, back_mv
        parts[f"{name} inh spikes"] = add_interneuron(notebook, brian, p, *given)
    brian.run(n_steps * p.dt_s * notebook.b2.second)
    spikes = {}
    for name in ("mon", "ts", "mon inh", "ts inh"):
        monitor = parts[f"{name} spikes"]
        found = np.rint(monitor.t / notebook.b2.second / p.dt_s).astype(int), np.array(monitor.i)
        order = np.lexsort(found[::-1])
        spikes[name] = found[0][order], found[1][order]
    return spikes, {name: np.array(parts[name].w) for name in weights}


def add_interneuron(notebook, brian, p, layer, mask, drive_mv, back_mv):
    """Add a cell that some cells of a layer (mask) excite and that inhibits all of them; return its spikes."""
    b2, dt = notebook.b2, layer.clock.dt
    fires = dict(threshold=f"v > {p.vth_mV}", reset=f"v = {p.vreset_mV}", refractory=p.tau_ref_ms * b2.ms)
    cell = b2.NeuronGroup(1, notebook.CELLS, **fires, method="euler", namespace=layer.namespace, dt=dt)
    cell.v = p.el_mV
    excite = b2.Synapses(layer, cell, "w : 1", on_pre="g_e_post += w", dt=dt)
    excite.connect()
    excite.w = mask * drive_mv
    inhibit = b2.Synapses(cell, layer, on_pre=f"g_i_post += {back_mv}", dt=dt)
    inhibit.connect()
    spikes = b2.SpikeMonitor(cell)
    brian.add(cell, excite, inhibit, spikes)
    return spikes


INHIBITED = dict(
    mon_to_global_inh_p=0.5, mon_to_global_inh_drive_mV=60.0, global_inh_to_mon_mV=25.0,
    ts_to_global_inh_p=0.5, ts_to_global_inh_drive_mV=90.0, global_inh_to_ts_mV=40.0,
)  # fmt: skip
CASES = {
    "odd sizes, inhibition beyond the ring, taught": dict(
        n_ll=11, n_mon=37, n_ts=9, ts_lateral_radius=20, teacher_w_mV=300.0, mon_ts_gain_mV=300.0
    ),
    "at the bounds": dict(ll_mon_apre=0.5, ll_mon_apost=-0.9, mon_ts_apre=0.02, mon_ts_apost=-0.03),
    "a spike in every step": dict(tau_ref_ms=0.0),
    "other constants": dict(dt_s=0.0005, tau_ref_ms=5.0, tau_m_ms=14.0, tau_s_ms=3.0, vth_mV=-56.0, vreset_mV=-65.0),
    "inhibited": INHIBITED,
    "inhibited without feedback in TS": INHIBITED | dict(use_ts_feedback_inh=False),
}


@pytest.mark.parametrize("case", CASES)
def test_brian2_gives_the_same_spikes_and_weights(case, notebook):
    p, seed, n_steps = SMALL.replace(**CASES[case]), list(CASES).index(case), 250
    rng = np.random.default_rng(seed)
    spikes = rng.random((n_steps, p.n_ll)) < (1 if case == "a spike in every step" else 0.08)
    teacher = rng.random((n_steps, p.n_ts)) < 0.03 if "taught" in case else None
    net, wires, weights = network(p, seed)
    net.mon.v[:], net.ts.v[:] = rng.uniform(-74, -50, p.n_mon), rng.uniform(-74, -50, p.n_ts)
    start = dict(v_mv={"mon": net.mon.v.copy(), "ts": net.ts.v.copy()}, ll_spikes=np.nonzero(spikes))
    expected, learned = brian2(notebook, p, wires, weights, **start, n_steps=n_steps, teacher=teacher)
    recording = net.run(imposed(spikes, teacher))
    for name in ("mon", "ts"):
        for found, theirs in zip(recording.spikes[name], expected[name], strict=True):
            assert np.array_equal(found, theirs), name
        assert recording.counts[name].tolist() == np.bincount(expected[name][0], minlength=n_steps).tolist()
        assert recording.spikes[name][0].size > 20
    assert [part.tolist() for part in recording.spikes["ll"]] == [part.tolist() for part in np.nonzero(spikes)]
    assert recording.inhibitory.tolist() == [expected[f"{name} inh"][0].size for name in ("mon", "ts")]
    assert (recording.inhibitory > 5).tolist() == ["inhibited" in case, case == "inhibited"]
    for name, w in learned.items():
        np.testing.assert_allclose(net.weights(name), w, rtol=1e-10, atol=1e-12)
        assert np.abs(w - weights[name]).max() > 0.02 * weights[name].max()


@pytest.mark.slow
def test_brian2_agrees_in_statistics_with_background(notebook, record):
    """Same wirings and initial weights, independent afferents and background."""
    p = preset("ll_fast").replace(n_training_trials=4, test_repeats=1, ll_mon_homeo_eta=0.0, mon_ts_homeo_eta=0.0)
    ours, theirs = [], []
    for seed in range(5):
        result = ll.simulate(p, seed=seed, controls=False)
        weights = [result.weights[name][2] for name in ("ll_mon", "mon_ts")]
        rates = [result.rates_hz[name] for name in ("ll_train", "mon_train", "ts_train", "mon_test")]
        ours.append([*rates, *moments(weights), result.quality.sigma_theta_rad])
        theirs.append(summary_on_brian2(notebook, p, seed))
    record("lateral_line.engines", stats.ttest_ind(theirs, ours, axis=0).statistic)


def moments(weights):
    return [moment for w in weights for moment in (w.mean(), w.std())]


def summary_on_brian2(notebook, p, seed):
    rng, wires = np.random.default_rng(seed + 100), ll.draw(p, seed)
    notebook.b2.seed(seed)
    v_mv = {"mon": p.el_mV + rng.uniform(0, 2, p.n_mon), "ts": p.el_mV + rng.uniform(0, 2, p.n_ts)}
    n_steps = p.n_training_trials * stimulus.trial_steps(p)
    x_cm = np.repeat(stimulus.snapshots(p, n_steps, seed).x_cm, 50)
    afferents = notebook.poisson(notebook.rate_hz(x_cm, 0.8), rng)
    weights = ll.initial_weights(p, seed, wires)
    train, after = brian2(notebook, p, wires, weights, v_mv=v_mv, ll_spikes=afferents, n_steps=n_steps)
    sweep = ll.test_drive(p, seed)
    given = dict(ll_spikes=notebook.poisson(sweep.p * 1e3, rng), v_mv=v_mv, n_steps=sweep.x_cm.size)
    test, _ = brian2(notebook, without_plasticity(p), wires, after, **given)
    seconds = n_steps * p.dt_s
    rates = [afferents[0].size / p.n_ll / seconds, train["mon"][0].size / p.n_mon / seconds]
    rates += [train["ts"][0].size / p.n_ts / seconds, test["mon"][0].size / p.n_mon / sweep.x_cm.size * 1e3]
    ends = sweep.x_cm.min(), sweep.x_cm.max() + 1e-12
    sigma = notebook.sigma_theta(*test["ts"], sweep.x_cm, p.n_ts, *ends, n_bins=p.n_ts)
    return [*rates, *moments(after.values()), sigma]


# --- one synapse


STEPS = st.sets(st.integers(0, 80), max_size=25).map(sorted)
RULE = dict(a_pre=0.05, a_post=-0.06, w_max=1.0)


@given(STEPS, STEPS, st.sampled_from(kernel.RULES), st.floats(0, 1), *2 * [st.sampled_from([0, 1, 6])])
def test_pair_updates_are_the_stdp_cell(notebook, pre, post, rule, weight, up, down):
    """Also with one half of the rule alone."""
    numbers = RULE | dict(a_pre=RULE["a_pre"] * up, a_post=RULE["a_post"] * down)
    found = ll.pair_updates(weight, pre, post, rule=rule, **numbers)
    trains = np.isin(np.arange(81), pre), np.isin(np.arange(81), post)
    expected = notebook.stdp(weight, *trains, multiplicative=rule == "multiplicative", **numbers)
    assert found == pytest.approx(float(expected), abs=1e-12) and 0 <= found <= 1


def test_bad_input_is_one_clear_line():
    good = dict(weight=0.5, pre_steps=[0], post_steps=[1], rule="additive", **RULE)
    for name, value in dict(rule="hebbian", weight=2.0, a_pre=-0.1, a_post=0.1, w_max=-1.0, tau_ms=0).items():
        with pytest.raises(ParameterError, match=f"^{name} = [^\n]*$"):
            ll.pair_updates(**good | {name: value})


# --- refractory period, background


def test_a_refractory_period_is_rounded_up_to_steps(rng):
    spikes = imposed(rng.random((300, SMALL.n_ll)) < 0.1)
    longer, three, two = (network(SMALL.replace(tau_ref_ms=ms))[0].run(spikes).spikes["mon"] for ms in (2.5, 3.0, 2.0))
    np.testing.assert_equal(longer, three)
    assert longer[0].size != two[0].size


def test_background_spikes_are_independent_coin_flips_of_each_layer():
    p = SMALL.replace(n_mon=50, n_ts=60, bg_rate_mon_hz=18.0, bg_rate_ts_hz=60.0, bg_w_mon_mV=1e-3, bg_w_ts_mV=2e-3)
    net, quiet, n_steps = network(p)[0], imposed(np.zeros((1, p.n_ll))), 3000
    for cells, w, chance in ((net.mon, 1e-3, 0.018), (net.ts, 2e-3, 0.06)):
        flips = np.zeros((n_steps, cells.v.size))
        for step in range(n_steps):
            cells.g_e[:] = 0
            net.run(quiet)
            flips[step] = cells.g_e / w
        assert np.isin(flips, (0, 1)).all()
        variance = chance * (1 - chance)
        z = (flips.sum(axis=0) - chance * n_steps) / np.sqrt(n_steps * variance)
        assert stats.kstest(z, "norm").pvalue > 1e-3
        assert flips.sum(axis=1).var() == pytest.approx(cells.v.size * variance, rel=0.1)


def test_a_background_of_one_spike_per_step_reaches_every_cell():
    net, _, _ = network(SMALL.replace(bg_rate_mon_hz=1000.0, bg_w_mon_mV=2.0))
    net.run(imposed(np.zeros((2, SMALL.n_ll))))
    assert (net.mon.g_e == 3).all() and (net.ts.g_e == 0).all()
