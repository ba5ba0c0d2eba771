"""The gaps of the model cells: the right lines pass their check, a stub and plausible wrong ones do not.

Each wrong answer, or how it differs from the right one (``this => that``, a line for each place), stands beside a
part of the sentence that the check has to say about it.
"""

import itertools
import textwrap
from functools import cache

import pytest

from tests.cells import FINAL
from tools.handouts import STUB
from tools.hygiene import BEGIN, CHECK, GAP, Page, tags

PAGES = {path.stem[:7]: Page(path) for path in sorted(FINAL.glob("FINAL_*.ipynb"))}
GAPS = {}  # {"FINAL_1 check_envelope": (notebook, its model cell, the check below it)}
for name, page in PAGES.items():
    for cell, check in itertools.pairwise(page.code):
        if BEGIN in cell.source:
            GAPS[f"{name} {CHECK.match(check.source)[1]}"] = name, cell.source, check.source
# Checks that compile with JAX take a second or two; all others are done at once.
WRONG = {
    "FINAL_1 check_envelope": {
        "orientation = np.exp(np.cos(2 * (phi - theta)) / (4 * B**2))": "does it subtract 1",
        "orientation = np.exp((np.cos(phi - theta) - 1) / (4 * B**2))": "the cosine needs 2 (phi - theta)",
        "orientation = np.exp((np.cos(2 * (phi - theta)) - 1) / (2 * B**2))": "is B squared, with the 4?",
        "orientation = np.exp((np.cos(2 * phi) - 1) / (4 * B**2))": "is theta subtracted from phi?",
        "orientation = 1 - np.sin(phi - theta) ** 2 * (1 - np.exp(-1 / (2 * B**2)))": "At 45 deg from theta",
    },
    "FINAL_1 check_v1_input": {
        "per_frame = per_frame + w[i, j] * np.sum(pixels[:, :, 0] * pixel_weights())": "for each frame",
        "per_frame = per_frame + np.einsum('xyt,xy->t', pixels, pixel_weights())": "each position adds w[i, j] times",
        "per_frame = w[i, j] * np.einsum('xyt,xy->t', pixels, pixel_weights())": "The weight of one pixel is",
    },
    "FINAL_1 check_bell_weights": {
        "w *= total / w.sum()": "must add up to the total, 2 uS",
        "w += (total - w.sum(axis=0)) / n": "Without a synapse onto itself",
        "w[w > 0] += ((total - w.sum(axis=0)) / (w > 0).sum(axis=0))[0]": "Scaling must keep the bell",
    },
    "FINAL_2 check_learn": {
        "* x, y + 1 => * y, y + 1\n* w * y => * w * x": "which trace does a postsynaptic spike read?",
        "a_plus * (1 - w) => a_plus": "A_plus (1 - w) x",
        "w - a_minus => w + a_minus": "with the sign that makes it fall",
        ", y + 1 => , 1\n, x + 1 => , 1": "each spike adds 1 to its trace",
        "(1 - w) => 0.5": "Close to the bound",
    },
    "FINAL_2 check_draw_synapses": {
        "pass": "must lie in 0.1 to 5 ms",
        "delay = np.clip(delay, 0.1, 5)": "they were clipped, not drawn again",
        "delay = delay[(delay >= 0.1) & (delay <= 5)]": "must not lose synapses",
        "delay = rng.uniform(0.2, 4, i.size)": "The mean delay must be near 2.63 ms",
    },
    "FINAL_3 check_dipole": {
        " - 2 * dx_cm**2) / (dx => ) / (dx": "must vanish",
        "(distance_cm**2 - 2 * dx_cm**2) / (dx_cm**2 + distance_cm**2) ** 2.5"
        " => (1 - 2 * dx_cm**2 / distance_cm**2) / distance_cm**3 / (1 + dx_cm**2) ** 2.5": "power of dx^2 + D^2",
        "2.5 => 1.5": "U R^3 / 2 D^3",
        "(distance_cm**2 - 2 => abs(distance_cm**2 - 2": "must be negative",
    },
    "FINAL_3 check_stdp": {
        "x_pre += a_pre => pass\nx_post += a_post => pass": "additive, pre 10 ms before post",
        "(w if => (w_max - w if": "times w if multiplicative",
        "if post_fires:\n    x_post += a_post\n"
        "    w = np.clip(w + x_pre * (w_max - w if multiplicative else 1), 0, w_max)\n"
        "if pre_fires:\n    x_pre += a_pre\n"
        "    w = np.clip(w + x_post * (w if multiplicative else 1), 0, w_max)": "In one step the pre spike comes first",
        "np.clip( => (\n, 0, w_max) => )": "may not leave 0 to w_max",
    },
    "FINAL_3 check_decode": {
        "vector[step] += np.exp(2j * np.pi * cell / n_cells)": "every spike of a step counts",
        "np.add.at(vector, step, np.exp(1j * np.pi * cell / n_cells))": "stands at pi/2",
        "for k in np.unique(step):\n"
        "    vector[k] = np.exp(2j * np.pi * cell[step == k].mean() / n_cells)": "arctan(1/2)",
    },
    "FINAL_4 check_rates": {
        "x = np.exp(u)\nreturn R_max * x / x.sum()": "the sum over its own circuit",
        "x = u - u.min() + 1\nreturn R_max * x / np.bincount(circuit, x)[circuit]": "in proportion to e^u",
        "x = np.exp(u)\nreturn 100 * x / np.bincount(circuit, x)[circuit]": "R_max is an argument",
    },
    "FINAL_4 check_learn": {
        "(y - np => (y + np": "is e^w subtracted from y?",
        "eta0 * (Q - S**2) / (np.exp(-S) + 1) => eta0": "eta = eta0 (Q - S^2) / (e^-S + 1)",
        "w = w + eta => new = w + eta\nreturn w => return new": "towards the new w and its square",
        "np.maximum(np.exp(w), eta) => np.exp(w)": "divide by max(e^w, eta)",
    },
    "FINAL_4 check_depressed": {
        "1 + (R - u * R - 1) => R + (1 - R)": "After a long silence",
        "R - u * R - 1 => R - 1": "leaves R = 0.5",
        "u * (1 - U) => (u - U)": "lifts u from 0.5",
        "u = U + u * (1 - U) * np.exp(-interval / F)\nR = 1 + (R - u * R - 1) * np.exp(-interval / D)": "R is 0.516",
    },
    "FINAL_5 check_simulate": {
        "h = (1 - dt) * h + dt * J @ h": "send their rate phi(h)[0]",
        "h = h + dt * J @ phi(h)[0]": "three steps leave 0.9^3",
        "h = (1 - dt) * h + dt * J.T @ phi(h)[0]": "J_ij goes from j to i",
        "h = (1 - dt) * h + 0.1 * J @ phi(h)[0]": "dt stands before both terms",
    },
    "FINAL_5 check_step": {
        "return (1 - dt) * h + dt * (J @ h + x), (1 - dt) * Q + dt * J @ (slope[:, None] * Q)": "as in Step 1",
        "return (1 - dt) * h + dt * (J @ rate + x), (1 - dt) * Q + dt * slope[:, None] * (J @ Q)": "to the sender",
        "return (1 - dt) * h + dt * (J @ rate + x), (1 - dt) * Q + J @ (slope[:, None] * Q)": "the second result is D",
        "return (1 - dt) * h + dt * J @ rate + x, (1 - dt) * Q + dt * J @ (slope[:, None] * Q)": "by dt x",
        "return (1 - dt) * h + dt * (J @ rate + x), (1 - dt) * Q + dt * (J @ (slope[:, None] * Q) + x)": "the tangent",
    },
    "FINAL_5 check_lyapunov": {
        "Q, R = np.linalg.qr(Q) => R = np.linalg.qr(Q)[1]": "is Q replaced",
        "np.abs(np.diag(R)) => np.diag(R)": "take |R_ii| before the logarithm",
        " * (i > n_wait) => ": "the first n_wait steps must not count",
        "(i > n_wait) => (i > n_wait) / n_qr": "QR every tenth step",
    },
    "FINAL_6 check_exponents": {
        "Q, R = jnp.linalg.qr(Q)\nreturn (h, Q), jnp.log(jnp.diag(R))": "take |R_ii| before the logarithm",
        "Q, R = jnp.linalg.qr(Q)\nreturn (h, Q), jnp.log(jnp.abs(R))": "take the diagonal of R",
        "R = jnp.linalg.qr(Q)[1]\nreturn (h, Q), jnp.log(jnp.abs(jnp.diag(R)))": "go on with the new frame Q",
    },
    "FINAL_6 check_loss": {
        "return (exponents(J, h, Q, **times) - target) ** 2": "A loss is one number",
        "return ((exponents(J, h, Q, **times) - target) ** 2).sum()": "not their mean",
        "return (exponents(J, h, Q, **times) ** 2 - target).mean()": "subtracted before the square",
        "return abs(exponents(J, h, Q, **times) - target).mean()": "2.0536^2",
    },
    "FINAL_6 check_train": {
        "change, moments = adam.update(slope, moments)\nJ = J + change": "multiply the slopes by `synapses`",
        "change, moments = adam.update(slope * synapses, moments)": "add the change to J",
        "change, moments = adam.update(slope * synapses, moments)\nJ = J - change": "Adam has given it its sign",
        "change, moments = adam.update(slope * synapses, moments)\nJ = J + lr * change": "about 0.02",
    },
    "FINAL_7 check_fire": {
        "neurons.spike = 1 * (neurons.v > self.threshold)\nneurons.v[neurons.v > self.threshold] = 0": "true or false",
        "neurons.spike = neurons.v >= self.threshold\nneurons.v[neurons.spike] = 0": "one at 0.5 does not",
        "neurons.spike = neurons.v > self.threshold": "Who has spiked goes to v = 0",
    },
    "FINAL_7 check_stdp": {
        "post, s.pre_old + self.simultaneous * pre => s.pre_old + self.simultaneous * pre, post\n"
        "s.post_old, pre => pre, s.post_old": "must lower W[0, 1]",
        "post, s.pre_old + self.simultaneous * pre => s.post_old, pre\n"
        "- np.outer(s.post_old, pre) => - np.outer(post, s.pre_old)": "must lift W[0, 0]",
        "s.exists * => ": "Where there is no synapse",
        " + self.simultaneous * pre => ": "Spikes in the same step",
        "np.clip(s.W + self.eta * change, self.low, self.high) => (s.W + self.eta * change)": "may not pass the bound",
    },
    "FINAL_7 check_intrinsic_plasticity": {
        "neurons.threshold -= self.eta * (neurons.spike - self.target)": "A spike must raise the threshold",
        "neurons.threshold += self.eta * neurons.spike - self.target": "A spike must raise the threshold",
        "neurons.threshold += self.eta * (2.0 * neurons.spike - 1)": "0.58 and 0.48",
    },
    "FINAL_8 check_lif": {
        "-65 - => -65 +": "at -65 mV stays there",
        "0.1 * => 1 *": "a tenth of the way",
        " + cells.I => ": "An input of 45 lifts",
        "cells.v[cells.spike] = -80 => pass": "goes to -80 mV",
        "cells.I => abs(cells.I)": "An input of -10 pulls",
    },
    "FINAL_8 check_izhikevich": {
        "140 - => 140 +": "resting state",
        "cells.c[cells.spike] => 0": "goes to c = -65",
        "cells.u[cells.spike] += cells.d[cells.spike] => pass": "by d at the spike",
    },
    "FINAL_8 check_hindmarsh_rose": {
        "return np.array([y - x**3 + 3 * x**2 + current - z, 1 - 5 * x**2 - y])": "Three variables",
        "return np.array([y - x**3 + 3 * x**2 + current - z, 1 - 5 * x**2 - y, 0.001 * (4 * x + 1.6 - z)])": "neither",
        "return np.array([y + x**3 + 3 * x**2 + current - z, 1 - 5 * x**2 - y, 0.001 * (4 * (x + 1.6) - z)])": "3.6",
        "return np.array([y - x**3 + 3 * x**2 + current - z, 1 - 5 * x**2 - y, 4 * (x + 1.6) - z])": "0.014",
        "return np.array([y - x**3 + 3 * x**2 - current - z, 1 - 5 * x**2 - y, 0.001 * (4 * (x + 1.6) - z)])": "adds 5",
    },
}


@cache
def above(name):
    """Return {model cell of a notebook: the names that the model cells above it define}."""
    names, found = {"__name__": "__main__"}, {}
    for cell in PAGES[name].code:
        if "model" in tags(cell):
            found[cell.source] = dict(names)
            exec(cell.source, names)
    return found


def changed(right, answer):
    """Return the lines of a wrong answer, from the right ones where it only says what differs."""
    if " => " not in answer:
        return answer
    for place in answer.split("\n"):
        this, that = place.split(" => ")
        assert this in right
        right = right.replace(this, that)
    return right


def checked(gap, lines=None):
    """Run a model cell, with other lines in its gap if they are given, and its check; return the names afterwards."""
    name, source, check = GAPS[gap]
    names = dict(above(name)[source])
    if lines is not None:
        source = GAP.sub(lambda found: textwrap.indent(changed(textwrap.dedent(found[2]), lines), found[1]), source)
    exec(source, names)
    before = set(names)
    exec(check, names)
    return set(names) - before


def test_every_gap_has_its_wrong_answers():
    assert set(WRONG) == set(GAPS)
    assert all(len(answers) >= 3 for answers in WRONG.values())


@pytest.mark.parametrize("gap", WRONG)
def test_the_committed_lines_pass_and_a_stub_does_not(gap):
    assert checked(gap) == {gap.split()[1]}, "a check defines nothing but itself"
    with pytest.raises(NotImplementedError):
        checked(gap, STUB)


@pytest.mark.filterwarnings("ignore:invalid value encountered in log")
@pytest.mark.parametrize(("gap", "lines"), [(gap, lines) for gap, answers in WRONG.items() for lines in answers])
def test_a_wrong_answer_is_told_what_is_wrong(gap, lines):
    with pytest.raises(AssertionError) as said:
        checked(gap, lines)
    assert WRONG[gap][lines] in str(said.value)
    assert str(said.value).endswith((".", "?")), "a sentence"
