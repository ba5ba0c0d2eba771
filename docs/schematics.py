"""The schematic of each model, drawn with patches and arrows: ``make schematics`` writes figs/schematics/.

Usage, with the Python of the set-up::

    python -m docs.schematics [names...]     default: all eight

Each function below draws one model on a page 160 mm wide, in millimetres from the lower left corner, and returns the
figure; its docstring is the caption. No text is smaller than 8 pt, so that a page printed at 120 mm keeps 6 pt.
"""

import contextlib
import sys

import matplotlib
import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Ellipse, FancyArrowPatch, FancyBboxPatch, Polygon, Rectangle

from helpers import figures
from helpers.figures import CYCLIC, OKABE_ITO

BLUE, RED, GREEN, PURPLE, ORANGE, SKY, BLACK = list(OKABE_ITO.values())[:7]
DARK, PALE = "0.25", "0.93"


# --- what all of them are made of


def page(height_mm):
    """Return a figure of 160 mm and its axes in millimetres."""
    fig = Figure(figsize=(figures.TEXT_MM / 25.4, height_mm / 25.4))
    ax = fig.add_axes((0, 0, 1, 1))
    ax.set(xlim=(0, figures.TEXT_MM), ylim=(0, height_mm))
    ax.axis("off")
    return fig, ax


def say(ax, x, y, text, color=BLACK, **options):
    """Write a text around (x, y)."""
    ax.text(x, y, text, color=color, **dict(ha="center", va="center", size=8, linespacing=1.15, zorder=5) | options)


def heads(ax, y, names):
    """Write {head: x} in a row."""
    for name, x in names.items():
        say(ax, x, y, name, weight="bold", size=9, va="baseline")


def box(ax, x, y, width, height, text="", color=BLUE, **options):
    """Draw a box with rounded corners, lower left corner at (x, y), and write in it."""
    style = "round,pad=0,rounding_size=1.2"
    ax.add_patch(FancyBboxPatch((x, y), width, height, style, ec=color, fc="white", lw=1.1, mutation_aspect=1))
    say(ax, x + width / 2, y + height / 2, text, **options)


def arrow(ax, start, end, color=DARK, bend=0.0, head="-|>", **options):
    """Draw an arrow; head "-[" ends in a bar: inhibition."""
    if head == "-[":
        head = "-[,widthB=0.45,lengthB=0"
    options = dict(lw=1.1, mutation_scale=7, shrinkA=0, shrinkB=0, zorder=4) | options
    ax.add_patch(
        FancyArrowPatch(start, end, connectionstyle=f"arc3,rad={bend}", arrowstyle=head, ec=color, fc=color, **options)
    )


def ring_of_cells(ax, x, y, radius, n=24, size=0.9, edge=BLACK):
    """Draw cells on a circle, coloured by the orientation that they prefer."""
    for k in range(n):
        place = x + radius * np.cos(2 * np.pi * k / n), y + radius * np.sin(2 * np.pi * k / n)
        ax.add_patch(Circle(place, size, fc=colormaps[CYCLIC](k / n), ec=edge, lw=0.8))


def curve(ax, x, y, color=BLUE, **options):
    """Draw a line through points in millimetres."""
    ax.plot(x, y, color=color, **dict(lw=1.3, solid_capstyle="round") | options)


# --- the models


def v1_response():
    """From a texture to the response of V1 (FINAL_1). A MotionCloud (orientation $\\theta$, bandwidth $B_\\theta$)
    drifts over a lattice of LGN positions, ON in the centre, with an OFF surround, and a kernel in time. The input of a
    V1 cell is the inner product of the LGN responses with a log-Gabor template $w$, rectified once. These inputs drive
    a ring of 60 excitatory (E) and 60 inhibitory (I) cells; colours: preferred orientation; bars: inhibition."""
    fig, ax = page(62)
    heads(ax, 56.5, {"MotionCloud": 17, "retina and LGN": 49, "V1 input": 82, "V1 ring": 114, "response": 147.5})
    for shift in (4, 2, 0):  # three frames of a movie
        frame = Rectangle((4 + shift, 27 + shift), 21, 21, fc="white", ec=BLACK, lw=0.8)
        ax.add_patch(frame)
    for k in range(-8, 9):
        middle = np.array([14.5, 37.5]) + 3.4 * k * np.array([np.cos(np.pi / 6), np.sin(np.pi / 6)])
        along = 30 * np.array([-np.sin(np.pi / 6), np.cos(np.pi / 6)])
        (line,) = ax.plot(*np.transpose([middle - along, middle + along]), color="0.7", lw=4.2)
        line.set_clip_path(frame)
    arrow(ax, (14.5, 37.5), (22, 41.8), RED, lw=1.6)
    ax.add_patch(Circle((19.6, 36.6), 1.8, fc="white", ec="none", zorder=4))
    say(ax, 19.6, 36.6, r"$\theta$", RED, size=9)
    say(ax, 15, 20, "a texture with\norientation $\\theta$,\nbandwidth $B_\\theta$,\nspeed $V$", va="top")
    arrow(ax, (31, 38), (36, 38))
    for i in range(5):
        for j in range(5):
            place = 39 + 5 * i, 28 + 5 * j
            ax.add_patch(Circle(place, 2.3, fc="white", ec=SKY, lw=1.2))
            ax.add_patch(Circle(place, 0.9, fc=RED, ec="none"))
    say(ax, 49, 20, "centre minus\nsurround $Z$, then\na kernel in time:\n$L_j(t)$ at position $j$", va="top")
    arrow(ax, (63, 38), (68, 38))
    for k, angle in enumerate((120, 60, 0)):
        x, y = 76, 28.5 + 10 * k
        for side, color in ((-1, BLUE), (0, RED), (1, BLUE)):
            across = np.deg2rad(angle + 90)
            place = x + 2.1 * side * np.cos(across), y + 2.1 * side * np.sin(across)
            ax.add_patch(Ellipse(place, 7.5, 1.9, angle=angle, fc=color, ec="none"))
        curve(ax, [83, 86, 89], [y - 2, y - 2, y + 2], BLACK)
        arrow(ax, (91, y), (95.5, y))
    say(ax, 82, 20, "one template $w$ for\neach orientation:\n$g = \\max(0,\\ \\Sigma_j w_j L_j)$", va="top")
    ring_of_cells(ax, 114, 38, 14, edge=RED)
    ring_of_cells(ax, 114, 38, 8, n=16, edge=BLUE)
    arrow(ax, (126, 36), (122.5, 37), RED, shrinkA=2)
    arrow(ax, (122.6, 40), (126.4, 41), BLUE, head="-[")
    say(ax, 114, 38, "I", BLUE, weight="bold")
    say(ax, 131.5, 38, "E", RED, weight="bold")
    say(ax, 114, 20, "60 E and 60 I cells,\nthe input to both,\nE to I, I to E, and\nneighbours in each", va="top")
    arrow(ax, (133.5, 38), (137, 38))
    theta = np.linspace(0, 1, 100)
    curve(ax, 139 + 16 * theta, 29 + 2 + 16 * np.exp((np.cos(2 * np.pi * (theta - 0.33)) - 1) / 0.5), RED)
    curve(ax, [139, 139, 156], [49, 29, 29], BLACK, lw=0.8)
    say(ax, 147.5, 20, "spikes over\npreferred\norientation,\nbeside controls", va="top")
    return fig


def v1_learning():
    """A ring whose synapses learn (FINAL_2). Left: inputs, excitatory (E) and inhibitory (I) cells, 60 each; the six
    projections are coloured by their rule, and bars are inhibition. Right: the three rules, change $\\Delta w$ of a
    weight at half of its maximum against $s$ = time of the postsynaptic spike + delay - time of the presynaptic spike,
    one scale."""
    fig, ax = page(64)
    heads(ax, 58.5, {"the ring": 22, "six plastic projections": 73, "three rules of a pair of spikes": 130})
    ring_of_cells(ax, 22, 34, 17, edge=RED)
    ring_of_cells(ax, 22, 34, 10, n=16, edge=BLUE)
    say(ax, 22, 34, "I", BLUE, weight="bold")
    say(ax, 41.5, 34, "E", RED, weight="bold")
    say(ax, 22, 10, "cells on a ring, coloured by\nthe orientation they prefer")
    box(ax, 62, 12, 22, 9, "input, 60", BLACK)
    box(ax, 49, 36, 16, 11, "E, 60", BLACK)
    box(ax, 81, 36, 16, 11, "I, 60", BLACK)
    arrow(ax, (68, 21), (57, 36), BLUE)
    arrow(ax, (78, 21), (89, 36), RED)
    arrow(ax, (65, 43.5), (81, 43.5), BLUE)
    arrow(ax, (81, 39.5), (65.6, 39.5), RED, head="-[")
    arrow(ax, (52, 47), (62, 47), GREEN, bend=-1.1)
    arrow(ax, (84, 47), (94, 47.8), GREEN, bend=-1.1, head="-[")
    rules = (
        ("causal", BLUE, 37.5, 0.0375, 0.025, "input to E, E to I"),
        ("anti-causal", RED, 22.5, -0.0075, -0.025, "input to I, I to E"),
        ("symmetric", GREEN, 48.0, 0.025, -0.025, "E to E, I to I"),
    )
    for k, (name, color, tau_plus, a_plus, a_minus, where) in enumerate(rules):
        y, s = 49.5 - 16 * k, np.linspace(0, 100, 60)
        curve(ax, [103, 131], [y, y], BLACK, lw=0.6)
        curve(ax, [117, 117], [y - 6, y + 6], BLACK, lw=0.6)
        curve(ax, 117 + 0.14 * s, y + 300 * a_plus / 2 * np.exp(-s / tau_plus), color)
        curve(ax, 117 - 0.14 * s, y - 300 * a_minus / 2 * np.exp(-s / 30), color)
        say(ax, 134, y + 2.2, name, color, ha="left", weight="bold")
        say(ax, 134, y - 2.4, where, ha="left")
    say(ax, 106, 57 - 1.5, "$\\Delta w$", ha="right")
    say(ax, 117, 6, "$s$ from $-$100 to 100 ms")
    return fig


def lateral_line():
    """From moving water to a map (FINAL_3). A sphere moves past a body of 4 cm; 100 neuromasts turn the velocity of the
    water into Poisson spikes (LL). They excite cells of the medial octavolateral nucleus (MON), which excite 300 cells
    of the torus semicircularis (TS), laid on a circle, with inhibition between neighbours. Both projections learn by
    STDP; a share $q$ of their synapses is topographic. In Step 14 a visual teacher excites the TS cells that face the
    sphere. The population vector of TS is the decoded position."""
    fig, ax = page(72)
    heads(ax, 67, {"water": 20, "LL": 63, "MON": 93, "TS": 124, "read-out": 148})
    ax.add_patch(Circle((20, 54), 4.2, fc=ORANGE, ec=BLACK, lw=0.8))
    arrow(ax, (26, 54), (36, 54), lw=1.6)
    say(ax, 31, 57.3, "$U$")
    x = np.linspace(-18, 18, 100)
    curve(ax, 20 + x, 38 + 7 * (1 - 2 * (x / 7) ** 2) / (1 + (x / 7) ** 2) ** 2.5, BLUE)
    say(ax, 34, 45, "velocity $v(x)$", BLUE, ha="center")
    arrow(ax, (20, 48.5), (20, 33), "0.6", head="<|-|>", lw=0.8)
    say(ax, 22, 47, "$D$", "0.4", ha="left")
    ax.add_patch(Ellipse((20, 28), 36, 7, fc=PALE, ec=BLACK, lw=0.8))
    ax.add_patch(Polygon([(3.5, 28), (0.8, 31.5), (0.8, 24.5)], fc=PALE, ec=BLACK, lw=0.8))
    for k in range(11):
        ax.add_patch(Circle((6 + 2.8 * k, 28), 0.7, fc=BLUE, ec="none"))
    say(ax, 21, 15, "body of 4 cm,\n100 neuromasts,\nrate 40 + 300 $v$ Hz\n(clipped to 0 and 200)")
    arrow(ax, (40, 28), (56, 34), BLUE)
    columns = {63: (7, BLUE), 93: (13, BLACK), 124: (10, RED)}
    places = {x: 26 + 36 * np.arange(n) / (n - 1) for x, (n, _) in columns.items()}
    rng = np.random.default_rng(2)
    for (x, pre), (x_2, post) in (((63, places[63]), (93, places[93])), ((93, places[93]), (124, places[124]))):
        for y in post:
            near = pre[np.argsort(np.abs(pre - y))[:2]]
            for y_1, color in ((near[0], GREEN), (near[1], GREEN), (rng.choice(pre), "0.75")):
                curve(ax, [x + 1.2, x_2 - 1.2], [y_1, y], color, lw=0.7)
    for x, (_, color) in columns.items():
        for y in places[x]:
            ax.add_patch(Circle((x, y), 1.2, fc="white", ec=color, lw=1.1))
    say(ax, 63, 18, "afferents,\nPoisson spikes")
    say(ax, 93, 18, "LIF cells")
    say(ax, 78, 8, "green: topographic, a share $q$;\ngrey: from anywhere;\nboth projections learn (STDP)")
    for a, b in ((2, 3), (6, 7)):
        arrow(ax, (125.4, places[124][a]), (125.4, places[124][b]), BLACK, bend=0.9, head="-[", lw=0.9)
    say(ax, 124, 18, "circle of cells that\ninhibit neighbours")
    box(ax, 113, 3, 23, 8.4, "visual teacher", PURPLE)
    arrow(ax, (136, 7.2), (126, 34), PURPLE, bend=0.55)
    arrow(ax, (131, 50), (136.5, 50))
    ax.add_patch(Circle((148, 50), 9, fc="white", ec=BLACK, lw=0.8))
    arrow(ax, (148, 50), (153.5, 56.2), RED, lw=1.6)
    say(ax, 147, 56, r"$\hat\theta$", RED, size=9)
    say(ax, 148, 31, "population\nvector: the\nplace of\nthe sphere")
    return fig


def trains(ax, rng):
    """Draw spike trains: a pattern, in blue on grey, between stretches of noise."""
    ax.add_patch(Rectangle((14, 25), 14, 31, fc=PALE, ec="none"))
    for y in 27 + 2.5 * np.arange(12):
        for low, high, color in ((3, 13.5, "0.6"), (14.5, 27.5, BLUE), (28.5, 39, "0.6")):
            ax.vlines(rng.uniform(low, high, 2), y - 0.8, y + 0.8, color=color, lw=1.1)


def wta():
    """Winner-take-all circuits (FINAL_4). Poisson inputs, a pattern of 300 ms between stretches of noise, reach every
    neuron. In each circuit of the grid the neurons share a rate of 100 Hz by a softmax of their potentials $u_k$, so
    that one wins at a time. Recurrent synapses join 41 % of the pairs of circuits, near or far, and depress when used.
    Every weight $w$ onto a neuron that fires learns from the trace $y$ that its synapse has then."""
    fig, ax = page(66)
    heads(ax, 61, {"input": 21, "a grid of circuits": 81, "response": 140})
    trains(ax, np.random.default_rng(4))
    say(ax, 21, 12.5, "Poisson trains of 5 Hz:\nnoise (grey) and a pattern\nof 300 ms (blue), shown\nagain and again")
    arrow(ax, (41, 41), (47.5, 41), BLUE)
    say(ax, 44, 44.5, "to all", BLUE)
    order = (RED, GREEN, PURPLE, ORANGE, SKY, BLACK)
    for k, color in enumerate(order):
        x, y = 49 + 23 * (k % 3), 26 + 17.5 * (k // 3)
        box(ax, x, y, 17, 12, "", BLACK)
        for cell in range(4):
            face = color if cell == (k + k // 3) % 4 else "white"
            ax.add_patch(Circle((x + 2.9 + 3.7 * cell, y + 6), 1.4, fc=face, ec="0.4", lw=1.0))
    for y in (35, 52.5):
        for x in (66, 89):
            arrow(ax, (x, y), (x + 6, y), DARK, bend=-0.35)
            arrow(ax, (x + 6, y - 6), (x, y - 6), DARK, bend=-0.35)
    for x in (57.5, 80.5, 103.5):
        arrow(ax, (x - 2, 43.5), (x - 2, 38), DARK)
        arrow(ax, (x + 2, 38), (x + 2, 43.5), DARK)
    say(ax, 81, 18.5, "in a circuit:  $r_k$ = 100 Hz $e^{u_k} / \\Sigma_j e^{u_j}$, one wins")
    say(ax, 81, 11.3, "between circuits: synapses that depress,\nin 41 % of the pairs, near or far")
    say(ax, 81, 4.2, "learning, when a neuron fires: each $w$ from its trace $y$")
    arrow(ax, (114, 41), (120.5, 41))
    for k, color in enumerate(order):
        curve(ax, [124 + 5.3 * k, 128 + 5.3 * k], [29 + 4.4 * k] * 2, color, lw=3)
    curve(ax, [122, 122, 157], [56, 25.5, 25.5], BLACK, lw=0.8)
    say(ax, 140, 14, "neurons fire in an\norder that repeats:\na trace of the pattern")
    return fig


def network(ax, x, y, radius, n=7, seed=1):
    """Draw n neurons on a circle, joined at random: red excites, blue inhibits."""
    rng, angle = np.random.default_rng(seed), 2 * np.pi * np.arange(n) / n
    places = np.column_stack([x + radius * np.cos(angle), y + radius * np.sin(angle)])
    for i in range(n):
        for j in rng.permutation(np.delete(np.arange(n), i))[:3]:
            arrow(
                ax, places[j], places[i], RED if rng.random() < 0.5 else BLUE, bend=0.12, lw=0.7, shrinkA=5, shrinkB=5
            )
    for place in places:
        ax.add_patch(Circle(place, 1.7, fc="white", ec=BLACK, lw=1.1))


def rnn_chaos():
    """How the Lyapunov exponents of a random network are measured (FINAL_5). The weights $J_{ij}$ are normal numbers of
    variance $g^2/N$ for $N$ neurons. The Euler map moves the state $h$ with the rule $\\varphi$ of the neurons; its
    tangent $D$ moves a frame $Q$ of small displacements, which it stretches and shears. A QR factorisation makes the
    frame orthonormal again; $R$ holds what was stretched, and the mean logarithm of its diagonal gives the exponents
    $\\lambda_i$."""
    fig, ax = page(64)
    heads(ax, 59.5, {"random network": 20, "one step": 62, "frame and QR": 107, "spectrum": 145})
    network(ax, 20, 40, 14)
    say(ax, 20, 19, "$J_{ij}$ from $j$ to $i$:\nnormal, variance $g^2/N$,\nred excites, blue inhibits", va="top")
    arrow(ax, (37, 40), (41, 40))
    box(ax, 42, 43, 40, 13, "state, Euler map\n$h' = (1-dt)\\,h + dt\\,J\\varphi(h)$", BLUE)
    box(ax, 42, 24, 40, 14, "its tangent\n$D = (1-dt)\\,I$\n$+\\ dt\\,J\\,\\mathrm{diag}\\,\\varphi'(h)$", RED)
    arrow(ax, (62, 43), (62, 38.3))
    say(ax, 62, 19, "state and frame go on\nto the next step:\n$h \\to h'$,  $Q \\to D\\,Q$", va="top")
    arrow(ax, (82, 31), (88, 31), RED)
    for corner, first, second in (((90, 45), (8, 0), (0, 8)), ((106, 45), (13, 4), (3.5, 7))):
        a, b = np.array(first), np.array(second)
        ax.add_patch(Polygon(np.add(corner, [0 * a, a, a + b, b]), fc=PALE, ec=BLACK, lw=0.8))
        for side, color in ((a, RED), (b, BLUE)):
            arrow(ax, corner, np.add(corner, side), color, lw=1.6)
    arrow(ax, (100, 49), (105, 49))
    say(ax, 102.3, 51.7, "$D$")
    say(ax, 94, 41.5, "$Q$")
    say(ax, 114, 41.5, "$D\\,Q = Q'R$")
    ax.add_patch(Polygon([(94, 27), (102, 29.5), (99.5, 37.5), (91.5, 35)], fc=PALE, ec=BLACK, lw=0.8))
    arrow(ax, (94, 27), (102, 29.5), RED, lw=1.6)
    arrow(ax, (94, 27), (91.5, 35), BLUE, lw=1.6)
    arrow(ax, (110, 39.5), (104, 35.5))
    say(ax, 104.5, 30, "$Q'$: orthonormal\nagain", ha="left")
    say(ax, 105, 19, "$|R_{ii}|$: how much the\n$i$-th direction was\nstretched", va="top")
    arrow(ax, (126, 49), (131, 49))
    curve(ax, [133, 133, 157], [58, 27, 27], BLACK, lw=0.8)
    curve(ax, [133, 157], [42, 42], "0.6", lw=0.8, ls=(0, (3, 2)))
    ranks = np.arange(9)
    ax.scatter(135 + 2.5 * ranks, 49 - 2.1 * ranks - 0.05 * ranks**2, s=9, color=[RED] * 4 + [BLUE] * 5)
    say(ax, 150, 52, "$\\lambda_1 > 0$:\nchaos", RED)
    say(ax, 131.5, 42, "0", ha="right")
    say(ax, 145, 19, "$\\lambda_i =$ mean of\n$\\ln |R_{ii}|$, per time,\nlargest first", va="top")
    return fig


def rnn_training():
    """The loop of training (FINAL_6). Weights $J$ give a trajectory $h(t)$ and a frame $Q(t)$, these give the first $k$
    Lyapunov exponents, and these the loss, their mean squared distance to a target. Its gradient is carried back
    through all steps, and Adam moves the weights. The exponents of the trained network are measured anew, by another
    program."""
    fig, ax = page(60)
    places = {"J": (5, 38), "h": (46, 38), "l": (87, 38), "L": (128, 38)}
    texts = {
        "J": ("weights", "$J$ $(n, n)$", BLUE),
        "h": ("trajectory and frame", "$h(t)$, $Q(t)$\nEuler steps, QR", BLUE),
        "l": ("exponents", "$\\lambda_1 \\ldots \\lambda_k$\nmean of $\\ln|R_{ii}|/dt$", BLUE),
        "L": ("loss", "$L = \\frac{1}{k}\\sum_i(\\lambda_i - \\lambda^*)^2$", BLUE),
    }
    for key, (x, y) in places.items():
        name, text, color = texts[key]
        box(ax, x, y, 29, 15, text, color)
        heads(ax, y + 17, {name: x + 14.5})
    for x in (34, 75, 116):
        arrow(ax, (x, 46.5), (x + 12, 46.5), BLUE)
        arrow(ax, (x + 12, 42), (x, 42), RED, linestyle=(0, (4, 2)))
    say(ax, 81, 33.5, "dashed: the gradient $\\partial L/\\partial J$, carried back through every step", RED)
    box(ax, 5, 12, 29, 13, "Adam\n$J \\leftarrow J - $ step", RED)
    arrow(ax, (14, 38), (14, 25.2), RED, linestyle=(0, (4, 2)))
    arrow(ax, (25, 25), (25, 37.8), RED)
    say(ax, 5, 6, "weights that are 0 stay 0", ha="left")
    box(
        ax,
        87,
        12,
        70,
        13,
        "true exponents of the trained network:\nanother program, state and frame, a longer run",
        GREEN,
    )
    arrow(ax, (34, 18.5), (86.6, 18.5), GREEN)
    say(ax, 60, 21.5, "after the last epoch", GREEN)
    say(ax, 122, 6, "compared with those that the training claims", GREEN)
    return fig


def modular():
    """A network of groups, synapses and behaviours (FINAL_7). Left: its parts; variables such as $v$ and $W$ belong to
    groups. Right: behaviours stand at keys on a circle, and one iteration visits the keys in their order; each
    behaviour changes the variables of its group (red: $v$ and spikes, blue: $W$). The keys shown are those of the
    network with three plasticity rules; a rule is added, or left out, by one entry."""
    fig, ax = page(72)
    heads(ax, 67, {"the parts": 32, "one iteration": 113})
    box(ax, 2, 5, 60, 58, "", BLACK)
    say(ax, 32, 59, "Network(seed)")
    box(ax, 4.5, 33, 33.5, 21, 'NeuronGroup "cells"\n$v$, spike, exhaustion', RED)
    box(ax, 4.5, 9, 33.5, 14, 'SynapseGroup\n"GLUTAMATE":  $W$', BLUE)
    arrow(ax, (10, 33), (10, 23.2), BLUE)
    arrow(ax, (32, 23), (32, 32.8), BLUE)
    say(ax, 12, 28, "spike", ha="left")
    say(ax, 34, 28, "$W \\cdot$ spike", ha="left")
    for x, y in ((41, 45), (41, 36), (41, 12.5)):
        box(ax, x, y, 20, 7, "behaviour", GREEN)
        arrow(ax, (x, y + 3.5), (38.3, y + 3.5), GREEN)
    center, radius = np.array((113, 37)), 20
    ax.add_patch(Circle(center, radius, fc="none", ec="0.6", lw=0.8))
    keys = (
        (1, "Fire", RED, "spike = $v$ > threshold"),
        (2, "Decay", RED, "$v \\leftarrow 0.9\\,v$"),
        (3, "Input", RED, "$v \\leftarrow v + W\\cdot$ spike"),
        (4, "Homeostasis", RED, "$v \\leftarrow v\\,-$ exhaustion"),
        (5, "STDP", BLUE, "$W \\leftarrow W + \\Delta W$"),
        (6, "Normalisation", BLUE, "rows of $W$ scaled"),
        (9, "Recorder", BLACK, "reads, changes nothing"),
    )
    for k, (key, name, color, text) in enumerate(keys):
        angle = np.pi / 2 - 2 * np.pi * (k + 0.5) / len(keys)
        x, y = center + radius * np.array((np.cos(angle), np.sin(angle)))
        ax.add_patch(Circle((x, y), 3, fc="white", ec=color, lw=1.3))
        say(ax, x, y, str(key), color, weight="bold")
        side = round(np.cos(angle), 6)  # of the label: right of the circle, left of it, or below
        x, y, ha = (x, y - 7, "center") if side == 0 else (x + np.sign(side) * 4.5, y, "left" if side > 0 else "right")
        y += 2.2 if y > center[1] + 0.8 * radius else 0  # clear of the circle
        say(ax, x, y + 0.6, name, color, ha=ha, weight="bold", va="baseline")
        say(ax, x, y - 3.4, text, ha=ha, va="baseline")
    arrow(ax, (113, 50), (125.5, 33), "0.4", bend=-0.45)
    say(ax, 111, 37, "in the order\nof the keys")
    return fig


def classic_models():
    """Eight classic models from the same parts (FINAL_8). Above: in each iteration a cell moves, fires and is reset
    (key 1), the input from outside is drawn (key 2), and spikes that left some iterations ago arrive through the
    weights (key 3). Below: the models, with the parts of each that are its own, and in grey the number from elsewhere
    that it is held to. Blue boxes are networks, red ones single cells without synapses."""
    fig, ax = page(75)
    parts = (
        (4, "1  cell", RED, "moves, fires,\nis reset"),
        (44, "2  Drive", ORANGE, "input $I$ from outside\nis drawn anew"),
        (84, "3  Arrive", BLUE, "$I \\leftarrow I + W\\cdot$ spikes\nafter a delay"),
        (124, "Weights", GREEN, "$W$ (targets, sources),\nset at the start"),
    )
    for x, name, color, text in parts:
        box(ax, x, 56, 32, 12, text, color)
        heads(ax, 70, {name: x + 16})
    arrow(ax, (36, 62), (43.7, 62))
    arrow(ax, (76, 62), (83.7, 62))
    arrow(ax, (124, 62), (116.3, 62), GREEN)
    arrow(ax, (100, 56), (20, 55.8), bend=-0.09)
    say(ax, 60, 49.3, "the next iteration")
    say(ax, 156, 49.3, "grey: what it is held to", "0.35", ha="right")
    models = (
        ("LIF network", "leak, threshold", "self-consistent rates", 2),
        ("Izhikevich 2003", "$v$ and $u$", "rhythms published", 2),
        ("synfire chain", "pools in a row", "time per pool", 2),
        ("Brunel–Hakim", "noise, inhibition", "Fokker–Planck rhythm", 2),
        ("Hopfield memory", "Hebbian $W$", "overlap of Amit et al.", 2),
        ("Hodgkin–Huxley", "$m$, $h$, $n$", "onset, Hassard 1978", 1),
        ("Wang–Buzsáki", "fast $m$; $h$, $n$", "rate, adaptive solver", 1),
        ("Hindmarsh–Rose", "$x$, $y$, $z$", "spikes, adaptive solver", 1),
    )
    for k, (name, own, held, kind) in enumerate(models):
        x, y = 4 + 38.7 * (k % 4), 26 - 22.5 * (k // 4)
        box(ax, x, y, 36, 19.5, "", BLUE if kind == 2 else RED)
        for line, text, style in ((14.3, name, dict(weight="bold")), (8.6, own, {}), (3.2, held, dict(color="0.35"))):
            say(ax, x + 18, y + line, text, va="baseline", **style)
    return fig


DRAWN = (v1_response, v1_learning, lateral_line, wta, rnn_chaos, rnn_training, modular, classic_models)
MODELS = {function.__name__: function for function in DRAWN}  # in the order of the notebooks


@contextlib.contextmanager
def style():
    """Draw in the style of the collection, but without its layout: every place is given in millimetres."""
    with matplotlib.rc_context():
        figures.use_style()
        matplotlib.rcParams["figure.constrained_layout.use"] = False
        yield


def draw(name):
    """Write one schematic in all formats, with its caption."""
    with style():
        caption, source = " ".join(MODELS[name].__doc__.split()), {"drawn by": f"docs/schematics.py, {name}"}
        figures.save(MODELS[name](), f"schematics/{name}", params=source, caption=caption)


if __name__ == "__main__":
    for chosen in sys.argv[1:] or MODELS:
        draw(chosen)
    print(f"figs/schematics/: {len(sys.argv[1:] or MODELS)} drawn")
