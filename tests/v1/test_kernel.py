"""The loop of the ring against closed forms and against plain sums over pairs of spikes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from scipy.integrate import solve_ivp

from helpers.v1 import kernel
from helpers.v1.wiring import RULES

DT, TAU_EXC, TAU_INH = 0.1, 0.25, 0.75
HALF = np.exp(-DT / 2 / TAU_EXC), np.exp(-DT / 2 / TAU_INH)
E_EXC, E_INH = 0.0, -70.0


def exact(v, g_exc, g_inh, drive, leak, e_exc=E_EXC):
    """The membrane equation by a solver of high order."""

    def slope(t, v):
        g_e, g_i = g_exc * np.exp(-t / TAU_EXC), g_inh * np.exp(-t / TAU_INH)
        return drive - leak * v + g_e * (e_exc - v) + g_i * (E_INH - v)

    return solve_ivp(slope, (0, DT), [v], rtol=1e-11, atol=1e-11, method="DOP853").y[0, -1]


@given(
    v=some.floats(-75, -50),
    g_exc=some.floats(0, 2),
    g_inh=some.floats(0, 2),
    drive=some.floats(-4, 0),
    leak=some.floats(0.01, 0.5),
    e_exc=some.floats(-40, 60),
)
def test_one_step_of_the_membrane_is_of_fourth_order(v, g_exc, g_inh, drive, leak, e_exc):
    """Conductances over capacitance of 1/ms are 0.5 uS: more than any one synapse of the ring."""
    found = kernel.membrane(v, g_exc, g_inh, drive, leak, e_exc, E_INH, *HALF, DT)
    expected = exact(v, g_exc, g_inh, drive, leak, e_exc)
    assert found == pytest.approx(expected, abs=0.01 * (g_exc + g_inh) ** 2 + 1e-6)


@pytest.mark.parametrize("g_exc", [0.0, 0.75])
@pytest.mark.parametrize("g_inh", [12.0, 120.0, 1200.0])
def test_conductances_too_strong_for_one_step_take_more(g_exc, g_inh):
    """120/ms is what 60 inhibitory cells at once do through 1 uS; one Runge-Kutta step of it runs away."""
    given = -55.0, g_exc * g_inh, g_inh, -2.0, 1 / 30
    expected = exact(*given)
    assert kernel.in_small_steps(*given, E_EXC, E_INH, *HALF, DT) == pytest.approx(expected, abs=0.02)
    assert g_inh < 100 or abs(kernel.membrane(*given, E_EXC, E_INH, *HALF, DT) - expected) > 10


# --- learning


def one_synapse(rule, pre, post, delay, w, w_max):
    """Send imposed spikes (steps) through the kernel's own synapse; return the weight after each presynaptic one."""
    one = np.zeros(1, int)
    parts = [np.array([value]) for value in (rule.tau_plus_ms, rule.a_plus, rule.a_minus)]
    ends = np.array([0, 1])
    wires = kernel.Wires(ends, ends, one, *parts, one, np.array([delay]), np.array([w]), np.array([w_max]))
    size = max(1, len(post))
    spikes = np.zeros((1, size), int), np.zeros((1, size)), one.copy()
    history = kernel.History(*spikes, one.copy(), np.zeros(1), one.copy())
    arriving, found = np.zeros((delay + 1, 2, 1)), []
    events = sorted([(t, "post") for t in post] + [(t, "pre") for t in pre])  # of one step, the cell fires first
    for t, kind in events:
        if kind == "post":
            kernel.fire(0, t, history, DT, rule.tau_minus_ms)
        else:
            kernel.send(0, t, wires, history, arriving, True, DT, rule.tau_minus_ms)
            found.append(wires.weight[0])
    return np.array(found)


def all_pairs(rule, pre, post, delay, w, w_max):
    """The rule as it is written, pair by pair and clipped after each, in the order in which NEST looks at them."""
    found = []
    for k, now in enumerate(pre):
        since = pre[k - 1] if k else 0
        for t in post:
            if since < t + delay <= now and k:
                meets = sum(np.exp(-(t + delay - earlier) * DT / rule.tau_plus_ms) for earlier in pre[:k])
                w = np.clip(w + rule.a_plus * (w_max - w) * meets, 0, w_max)
        meets = sum(np.exp(-(now - t - delay) * DT / rule.tau_minus_ms) for t in post if t + delay < now)
        w = np.clip(w - rule.a_minus * w * meets, 0, w_max)
        found.append(w)
    return np.array(found)


steps = some.lists(some.integers(1, 600), max_size=25, unique=True).map(sorted)


@given(
    steps, steps, some.integers(1, 50), some.floats(0, 1), some.sampled_from(list(RULES)), some.sampled_from([1, 200])
)
def test_learning_is_the_sum_over_all_pairs(pre, post, delay, share, name, scale):
    """Two hundred times as strong it drives the weights to their bounds."""
    rule = RULES[name]
    rule = rule._replace(a_plus=scale * rule.a_plus, a_minus=scale * rule.a_minus)
    found = one_synapse(rule, pre, post, delay, share * 0.8, 0.8)
    np.testing.assert_allclose(found, all_pairs(rule, pre, post, delay, share * 0.8, 0.8), rtol=1e-9, atol=1e-12)
    assert all(0 <= w <= 0.8 for w in found)


def test_a_spike_that_meets_its_own_effect_does_not_weaken():
    """Post at step 100 through a delay of 20 meets the presynaptic spike at 120: lag 0 counts for neither side."""
    given = RULES["causal"], [60, 120, 200], [90, 100], 20, 0.1, 0.2
    np.testing.assert_allclose(one_synapse(*given), all_pairs(*given), rtol=1e-12)
    assert one_synapse(RULES["causal"], [120], [100], 20, 0.1, 0.2)[0] == 0.1
    assert one_synapse(RULES["causal"], [121], [100], 20, 0.1, 0.2)[0] < 0.1
