"""The kernel against the cells of FINAL_3, spike by spike; the interneurons, which no cell has, in a plain loop."""

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
    """Run the network of the cell; return spikes by layer, ordered as those of the engine, and the weights."""
    parts, brian = notebook.lateral_line(p, wires, weights, ll_spikes, v_mv)
    if teacher is not None:
        brian.add(*notebook.visual_teacher(parts, *np.nonzero(teacher), p.teacher_w_mV))
    brian.run(n_steps * p.dt_s * notebook.b2.second)
    spikes = {}
    for name in ("mon", "ts"):
        monitor = parts[f"{name} spikes"]
        found = np.rint(monitor.t / notebook.b2.second / p.dt_s).astype(int), np.array(monitor.i)
        order = np.lexsort(found[::-1])
        spikes[name] = found[0][order], found[1][order]
    return spikes, {name: np.array(parts[name].w) for name in weights}


# Changes of the network, and the chance of an LL spike per step.
CASES = {
    "as it is": ({}, 0.06),
    "odd sizes, inhibition beyond the ring": (dict(n_ll=11, n_mon=37, n_ts=9, ts_lateral_radius=20), 0.08),
    "at the bounds": (dict(ll_mon_apre=0.5, ll_mon_apost=-0.9, mon_ts_apre=0.02, mon_ts_apost=-0.03), 0.06),
    "a spike in every step": ({}, 1.0),
    "other constants": (
        dict(dt_s=0.0005, tau_ref_ms=5.0, tau_m_ms=14.0, tau_s_ms=3.0, vth_mV=-56.0, vreset_mV=-65.0),
        0.04,
    ),
    "taught": (dict(teacher_w_mV=300.0, mon_ts_gain_mV=300.0), 0.06),
}


@pytest.mark.parametrize("case", CASES)
def test_brian2_gives_the_same_spikes_and_weights(case, notebook):
    change, chance = CASES[case]
    p, seed, n_steps = SMALL.replace(**change), list(CASES).index(case), 250
    rng = np.random.default_rng(seed)
    spikes = rng.random((n_steps, p.n_ll)) < chance
    teacher = rng.random((n_steps, p.n_ts)) < 0.03 if case == "taught" else None
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
    for name, w in learned.items():
        np.testing.assert_allclose(net.weights(name), w, rtol=1e-10, atol=1e-12)
        assert np.abs(w - weights[name]).max() > 0.02 * weights[name].max()


@pytest.mark.slow
def test_brian2_agrees_in_statistics_with_background(notebook, acceptance, record):
    """Same wirings and initial weights, independent afferents and background."""
    p = preset("ll_fast").replace(n_training_trials=4, test_repeats=1, ll_mon_homeo_eta=0.0, mon_ts_homeo_eta=0.0)
    ours, theirs = [], []
    for seed in range(5):
        result = ll.simulate(p, seed=seed, controls=False)
        weights = [result.weights[name][2] for name in ("ll_mon", "mon_ts")]
        rates = [result.rates_hz[name] for name in ("ll_train", "mon_train", "ts_train", "mon_test")]
        ours.append([*rates, *moments(weights), result.quality.sigma_theta_rad])
        theirs.append(summary_on_brian2(notebook, p, seed))
    t = stats.ttest_ind(theirs, ours, axis=0).statistic
    record("lateral_line.engines", t)
    low, high = acceptance["lateral_line"]["engines"]["accept"]
    assert low <= t.min() and t.max() <= high


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


# --- one cell, one synapse


def one_cell(w_mv, **changes):
    """LL cells of these weights on one static MON cell at rest."""
    n = len(w_mv)
    p = without_plasticity(SMALL.replace(n_ll=n, n_mon=1, n_ts=1, **changes))
    path, none = wiring.Synapses(np.arange(n), np.zeros(n, int)), np.zeros(1, bool)
    wires = wiring.Wiring(path, wiring.Synapses(np.zeros(1, int), np.zeros(1, int)), none, none)
    net = ll.Network(p, wires, {"ll_mon": np.array(w_mv), "mon_ts": np.zeros(1)}, rng=np.random.default_rng(0))
    net.mon.v[:] = p.el_mV
    return net


def course(net, spikes):
    """Potential after each step, and the steps of the spikes."""
    v, fired = [], []
    for step, row in enumerate(spikes):
        fired += [step] * net.run(imposed([row])).spikes["mon"][0].size
        v.append(net.mon.v[0])
    return np.array(v), fired


@given(st.integers(0, 999), st.sampled_from([0.0, 1.0, 2.0, 2.5, 3.0, 5.0]), st.sampled_from([10.0, 40.0, 300.0]))
def test_one_cell_is_the_lif_cell(notebook, seed, held_ms, top_mv):
    rng = np.random.default_rng(seed)
    w_mv, spikes = rng.uniform(0, top_mv, 4), rng.random((60, 4)) < 0.2
    v, fired = course(one_cell(w_mv, tau_ref_ms=held_ms, ll_mon_wmax_mV=1e3), spikes)
    expected, expected_fired = notebook.lif(spikes @ w_mv, held_ms=held_ms)
    assert fired == expected_fired
    np.testing.assert_allclose(v, expected, atol=1e-9)


def test_euler_epsp_has_its_closed_form(notebook):
    """x_n = .1 w (.9^n - .5^n) / .4: a weight of 14 mV lifts the cell by 2.114 mV; the exact solution by more."""
    v, _ = course(one_cell([14.0, 14.0]), np.eye(30, 2))
    n = np.arange(30)
    alone = 0.1 * 14 * (0.9**n - 0.5**n) / 0.4
    assert alone.max() == pytest.approx(2.114, abs=5e-4)
    np.testing.assert_allclose(v + 74, alone + np.append(0, alone[:-1]), atol=1e-12)
    np.testing.assert_allclose(notebook.lif(np.eye(30)[0] * 14)[0] + 74, alone, atol=1e-12)


STEPS = st.sets(st.integers(0, 80), max_size=25).map(sorted)
RULE = dict(a_pre=0.05, a_post=-0.06, w_max=1.0)


@given(STEPS, STEPS, st.sampled_from(kernel.RULES), st.floats(0, 1), st.sampled_from([1, 6]))
def test_pair_updates_are_the_stdp_cell(notebook, pre, post, rule, weight, scale):
    numbers = RULE | dict(a_pre=RULE["a_pre"] * scale, a_post=RULE["a_post"] * scale)
    found = ll.pair_updates(weight, pre, post, rule=rule, **numbers)
    trains = np.isin(np.arange(81), pre), np.isin(np.arange(81), post)
    expected = notebook.stdp(weight, *trains, multiplicative=rule == "multiplicative", **numbers)
    assert found == pytest.approx(float(expected), abs=1e-12) and 0 <= found <= 1


@pytest.mark.parametrize("rule, up, down", [("additive", 0.05, -0.06), ("multiplicative", 0.025, -0.03)])
def test_a_rule_may_have_one_half_alone(rule, up, down):
    """Coincident steps apart: a spike pair of one step's lag, tau 20 ms at 1 ms: a exp(-1/20), times what is left."""
    one = dict(weight=0.5, rule=rule, w_max=1.0)
    decay = ll.pair_updates(pre_steps=[0], post_steps=[1], a_pre=0.05, a_post=0.0, **one) - 0.5
    other = ll.pair_updates(pre_steps=[1], post_steps=[0], a_pre=0.0, a_post=-0.06, **one) - 0.5
    assert decay / up == pytest.approx(other / down) and 0.9 < decay / up < 1
    assert ll.pair_updates(pre_steps=[1], post_steps=[0], a_pre=0.05, a_post=0.0, **one) == 0.5


BAD = dict(rule="hebbian", weight=2.0, a_pre=-0.1, a_post=0.1, w_max=-1.0, tau_ms=0)


def test_bad_input_is_one_clear_line():
    good = dict(weight=0.5, pre_steps=[0], post_steps=[1], rule="additive", **RULE)
    for name, value in BAD.items():
        with pytest.raises(ParameterError, match=f"^{name} = [^\n]*$"):
            ll.pair_updates(**good | {name: value})


# --- inhibition, background, drive


INHIBITED = without_plasticity(SMALL).replace(
    mon_to_global_inh_p=0.5, mon_to_global_inh_drive_mV=60.0, global_inh_to_mon_mV=25.0,
    ts_to_global_inh_p=0.5, ts_to_global_inh_drive_mV=90.0, global_inh_to_ts_mV=40.0,
)  # fmt: skip


def loop(p, wires, weights, v, trains):
    """The static network as its equations say it, in double precision; return the spikes (n_steps, n) by layer."""
    v = v | {"mon_inh": np.full(1, p.el_mV), "ts_inh": np.full(1, p.el_mV)}
    excites = {("ll", "mon"): np.zeros((p.n_ll, p.n_mon)), ("mon", "ts"): np.zeros((p.n_mon, p.n_ts))}
    for (pre, post), gain in (("ll", "mon"), 1.0), (("mon", "ts"), p.mon_ts_gain_mV):
        path = getattr(wires, f"{pre}_{post}")
        np.add.at(excites[pre, post], (path.pre, path.post), gain * weights[f"{pre}_{post}"])
    excites["mon", "mon_inh"] = wires.mon_inh[:, None] * p.mon_to_global_inh_drive_mV
    excites["ts", "ts_inh"] = wires.ts_inh[:, None] * p.ts_to_global_inh_drive_mV
    apart = np.abs(np.subtract.outer(np.arange(p.n_ts), np.arange(p.n_ts)))
    apart = np.minimum(apart, p.n_ts - apart)
    near = (apart > 0) & (apart <= p.ts_lateral_radius)
    inhibits = {("ts", "ts"): np.where(near, p.ts_local_inh_peak_mV * (1 - apart / p.ts_lateral_radius), 0)}
    inhibits["mon_inh", "mon"] = np.full((1, p.n_mon), p.global_inh_to_mon_mV)
    inhibits["ts_inh", "ts"] = np.full((1, p.n_ts), p.global_inh_to_ts_mV)
    g_e, g_i, last = ({name: np.full(x.size, value) for name, x in v.items()} for value in (0.0, 0.0, -99.0))
    found = {name: np.zeros((len(trains), x.size), bool) for name, x in v.items()} | {"ll": trains}
    for step in range(len(trains)):
        for name in v:
            free = step - last[name] >= p.tau_ref_ms
            v[name] = v[name] + free * (p.el_mV - v[name] + g_e[name] - g_i[name]) / p.tau_m_ms
            fires = found[name][step] = free & (v[name] > p.vth_mV)
            v[name], last[name] = np.where(fires, p.vreset_mV, v[name]), np.where(fires, step, last[name])
            g_e[name], g_i[name] = g_e[name] / 2, g_i[name] / 2
        for g, paths in ((g_e, excites), (g_i, inhibits)):
            for (pre, post), w in paths.items():
                g[post] = g[post] + found[pre][step] @ w
    return found


@pytest.mark.parametrize("change", [{}, dict(n_mon=33, n_ts=9, tau_ref_ms=4.0, use_ts_feedback_inh=False)])
def test_interneurons_inhibit_their_layer(change, rng):
    p = INHIBITED.replace(**change)
    trains = rng.random((400, p.n_ll)) < 0.08
    net, wires, weights = network(p)
    found = loop(p, wires, weights, {"mon": net.mon.v.copy(), "ts": net.ts.v.copy()}, trains)
    recording = net.run(imposed(trains))
    for name in ("mon", "ts"):
        assert [part.tolist() for part in recording.spikes[name]] == [part.tolist() for part in np.nonzero(found[name])]
    assert recording.inhibitory.tolist() == [found["mon_inh"].sum(), found["ts_inh"].sum()]
    assert recording.inhibitory[0] > 20 and (recording.inhibitory[1] > 10) == p.use_ts_feedback_inh


@pytest.mark.parametrize("p", [0.0, 0.018, 1.0])
def test_background_skips_are_independent_coin_flips(p, rng):
    n_cells, n_steps = 50, 4000
    counts, per_step = np.zeros(n_cells), []
    for _ in range(n_steps):
        before = counts.sum()
        kernel._background(rng, counts, 1.0, kernel._skip(p))
        per_step.append(counts.sum() - before)
    if p in (0.0, 1.0):
        assert (counts == p * n_steps).all()
        return
    z = (counts - p * n_steps) / np.sqrt(p * (1 - p) * n_steps)
    assert stats.kstest(z, "norm").pvalue > 1e-3
    assert np.var(per_step) == pytest.approx(n_cells * p * (1 - p), rel=0.1)


def test_each_layer_has_its_own_background():
    """In the mean g_e = rate dt w / (dt / tau_s)."""
    p = preset("ll_fast").replace(bg_rate_mon_hz=18.0, bg_w_mon_mV=1.5, bg_rate_ts_hz=60.0, bg_w_ts_mV=0.7, n_ts=800)
    net, _, _ = network(p)
    quiet, g = imposed(np.zeros((10, p.n_ll))), []
    for _ in range(40):
        net.run(quiet)
        g.append((net.mon.g_e.mean(), net.ts.g_e.mean()))
    np.testing.assert_allclose(np.mean(g, axis=0), [0.018 * 1.5 * 2, 0.06 * 0.7 * 2], rtol=0.05)


def test_poisson_drive_has_the_given_rates():
    net, _, _ = network(SMALL.replace(n_ll=3))
    drive = ll.Drive(np.array([[0.0, 0.02, 1.0]]), np.zeros(20_000, np.uint32), np.zeros(20_000))
    counts = np.bincount(net.run(drive).spikes["ll"][1], minlength=3)
    assert counts[0] == 0 and counts[2] == 20_000 and abs(counts[1] - 400) < 80


# --- state


def test_cutting_a_run_changes_nothing():
    """The kernel itself cuts after every 2000 steps."""
    p = preset("ll_fast").replace(n_training_trials=6, teacher_rate_hz=20.0)
    stream = stimulus.snapshots(p, 4800, 0)
    whole, parts = network(p)[0], network(p)[0]
    once = whole.run(stimulus.snapshot_drive(p, stream, 0, 4800))
    cuts = [parts.run(stimulus.snapshot_drive(p, stream, first, n), first) for first, n in ((0, 7), (7, 4793))]
    for layer, (steps, found) in once.spikes.items():
        assert found.size > 100 and np.array_equal(found, np.concatenate([cut.spikes[layer][1] for cut in cuts]))
        late = [cut.spikes[layer][0] + int(cut.t0_s) for cut in cuts]
        assert np.array_equal(steps, np.concatenate(late)) and (np.diff(steps) >= 0).all()
        assert np.array_equal(once.counts[layer], np.bincount(steps, minlength=4800))
    assert np.array_equal(whole.weights("mon_ts"), parts.weights("mon_ts"))


@pytest.mark.parametrize(
    ("use", "plastic", "learns"),
    [
        (False, {}, [False, True]),
        (True, {"ll_mon": False, "mon_ts": False}, [False, False]),
        (True, {"mon_ts": False}, [True, False]),
    ],
)
def test_frozen_pathways_keep_their_weights(use, plastic, learns, rng):
    net, _, weights = network(SMALL.replace(ll_mon_use_stdp=use), plastic=plastic)
    net.run(imposed(rng.random((200, SMALL.n_ll)) < 0.09))
    assert [not np.array_equal(net.weights(name), weights[name]) for name in weights] == learns


def test_weights_are_set_and_read_in_the_order_of_the_wiring(rng):
    net, wires, weights = network(SMALL)
    for name, w in weights.items():
        assert np.array_equal(net.weights(name), w)
    new = rng.random(weights["ll_mon"].size)
    net.set_weights("ll_mon", new)
    assert np.array_equal(net.weights("ll_mon"), new)
    net.run(imposed(np.eye(1, SMALL.n_ll, 4)))
    from_cell_4 = np.bincount(wires.ll_mon.post, new * (wires.ll_mon.pre == 4), SMALL.n_mon)
    np.testing.assert_allclose(net.mon.g_e, from_cell_4)
