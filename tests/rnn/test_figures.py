"""The plots, on small real data: what they draw is what they were given, labelled, and nothing is shown or saved."""

import matplotlib
import numpy as np
import pytest

from helpers import figures
from helpers.rnn import figures as plots
from helpers.rnn import maps, studies

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def guarded(monkeypatch, tmp_path):
    """No plot function shows, saves, or opens a figure of its own."""
    from matplotlib import pyplot as plt
    from matplotlib.figure import Figure

    plt.close("all")
    monkeypatch.setattr(plt, "show", lambda *a, **k: pytest.fail("shown"))
    monkeypatch.setattr(Figure, "savefig", lambda *a, **k: pytest.fail("saved"))
    yield
    assert len(plt.get_fignums()) == 1
    plt.close("all")


@pytest.fixture
def ax():
    return figures.figure()[1]


def points(**grid):
    """Exponents of small networks, (n_g, n_seeds, k)."""
    make = studies.exponents_point
    settings = dict(n=8, t_sim=25.0, transient=5.0) | {k: v for k, v in grid.items() if k not in ("g", "seed")}
    return np.array([[make(g=g, seed=s, **settings)["exponents"] for s in grid["seed"]] for g in grid["g"]])


def labels(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def axis_words(ax):
    return f"{ax.get_xlabel()} | {ax.get_ylabel()}"


def test_trajectories(ax):
    states = studies.trajectory(studies.network(n=8, g=2.0, seed=0), t_sim=10.0)
    time = 0.1 * np.arange(len(states))
    lines = plots.trajectories(ax, time, states, n_shown=3)
    assert len(lines) == 3
    np.testing.assert_array_equal(lines[2].get_ydata(), states[:, 2])
    assert "time" in axis_words(ax) and ax.get_xlim() == (0, pytest.approx(10))


def test_separation(ax):
    found = studies.separation_point(n=8, g=6.0, seed=0, t_sim=20.0, transient=20.0)
    lines = plots.separation(ax, found["times"], found["direct"], found["tangent"], rate=0.1)
    assert labels(ax)[:2] == ["tangent vector", "two states"] and "0.100" in labels(ax)[2]
    for line in lines:
        assert line.get_ydata()[0] == pytest.approx(1e-6)
    np.testing.assert_allclose(np.log(lines[2].get_ydata() / 1e-6), 0.1 * found["times"], atol=1e-9)
    assert ax.get_yscale() == "log" and "distance" in axis_words(ax)


def test_convergence(ax):
    run = studies.exponents_point(n=8, g=3.0, seed=0, k=4, t_sim=40.0, trace=True)
    running = np.stack([run["running"], run["running"] + 0.01])
    lines = plots.convergence(ax, run["times"], running)
    assert labels(ax) == ["1st", "3rd"]  # the 5th and 7th are not in the data
    assert len(lines) == 4
    np.testing.assert_array_equal(lines[3].get_ydata(), running[1, :, 2])
    low, high = ax.get_ylim()
    assert low < running[:, -1, [0, 2]].min() and max(0, running[:, -1, 0].max()) <= high


def test_convergence_with_one_exponent(ax):
    assert len(plots.convergence(ax, np.arange(1.0, 5), np.full((3, 4, 1), 0.2))) == 3
    assert labels(ax) == ["1st"]


def test_spectra(ax):
    found = points(g=[1.0, 4.0], seed=[0, 1], k=None)
    lines = plots.spectra(ax, {1: found[0], 4: found[1]}, title="$g$")
    assert labels(ax) == ["1", "4"] and ax.get_xlim() == (0, 100)
    np.testing.assert_allclose(lines[1].get_ydata(), found[1].mean(axis=0))
    np.testing.assert_allclose(lines[0].get_xdata(), 100 * (np.arange(8) + 0.5) / 8)


def test_spectra_draws_more_labels_than_there_are_colours(ax):
    found = points(g=[1.0], seed=[0, 1], k=None)[0]
    lines = plots.spectra(ax, {2**i: found + i for i in range(12)})
    assert len({tuple(line.get_color()) for line in lines}) == 12


def test_transition(ax):
    g = [0.5, 1.0, 3.0]
    found = points(g=g, seed=[0, 1, 2])[..., 0]
    lines = plots.transition(ax, g, found, theory=([0.5, 3.0], [-0.5, 0.2]))
    medians = next(line for line in lines if line.get_label() == "median")
    np.testing.assert_allclose(medians.get_ydata(), np.median(found, axis=1))
    for sample in range(3):
        np.testing.assert_array_equal(lines[sample].get_ydata(), found[:, sample])
        np.testing.assert_allclose(lines[sample].get_xdata(), g, atol=0.03 * 2.5)
    assert labels(ax) == ["one network", "median", plots.FIELD]
    assert "g" in axis_words(ax) and "sigma" in axis_words(ax)


def test_transition_of_one_network_at_one_g(ax):
    lines = plots.transition(ax, [2.0], [[0.1]])
    assert lines[0].get_xdata() == 2.0


def test_transition_refuses_another_shape(ax):
    with pytest.raises(ValueError, match="lambda_1 has shape"):
        plots.transition(ax, [1.0, 2.0], np.zeros((3, 2)))


def test_curves(ax):
    g = [0.5, 1.0, 3.0]
    right, legacy = (points(g=g, seed=[0, 1, 2], activation="pos", legacy=x)[..., 0].T for x in (False, True))
    theory = ([0.5, 3.0], [-0.5, 0.2])
    lines = plots.curves(ax, g, {"right": right, "legacy": legacy}, theory=theory, mark=5.0753, ylabel="y")
    assert labels(ax) == ["right", "legacy", plots.FIELD]
    for line, data in zip(lines, (right, legacy), strict=False):
        np.testing.assert_allclose(line.get_ydata(), data.mean(axis=0))
    assert lines[0].get_color() != lines[1].get_color() and lines[0].get_marker() != lines[1].get_marker()
    assert len(ax.collections) == 2  # the intervals
    assert "5.075" in ax.texts[0].get_text()


def test_dt_study(ax):
    dt = np.array([0.1, 0.05])
    values = points(g=[3.0], seed=[0, 1, 2])[0] + dt
    bars = plots.dt_study(ax, dt, values, limit=studies.dt_limit(dt, values.T), label="first")
    np.testing.assert_allclose(bars[0].lines[0].get_ydata(), values.mean(axis=0))
    assert bars[1].lines[0].get_xdata() == [0]
    np.testing.assert_allclose(bars[1].lines[0].get_ydata(), (values - dt).mean())
    assert ax.get_legend_handles_labels()[1] == ["first"]
    assert "Euler step" in axis_words(ax)


def test_symmetry(ax):
    exponents = np.array([1.0, 0.2, -0.2, -1.0]) - 1
    lines = plots.symmetry(ax, {"here": exponents, "bent": exponents - [0, 0, 0, 1]})
    np.testing.assert_allclose(lines[0].get_ydata(), exponents + 1)
    np.testing.assert_allclose(lines[1].get_ydata(), lines[0].get_ydata())  # symmetric: line and dots agree
    assert np.abs(lines[3].get_ydata() - lines[2].get_ydata()).max() > 0.4


def test_attractor(ax):
    states = studies.trajectory(maps.Henon(), t_sim=200, transient=20)
    dots = plots.attractor(ax, states, exponents=(0.4192, -1.6232), published=(0.419, -1.623))
    np.testing.assert_array_equal(dots.get_xdata(), states[:, 0])
    assert dots.get_rasterized()
    assert ax.get_title(loc="left") + ax.get_title() == "measured: 0.419, -1.623\npublished: 0.419, -1.623"
