"""Plots: artists hold the data they are given, axes are labelled, nothing is shown or saved."""

import dataclasses

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_hex

from helpers.parameters import ParameterError
from helpers.wta import Network, figures, measures
from helpers.wta.readout import Trajectories
from tests.wta.test_measures import N_CIRCUITS, result, sequence, timeline

matplotlib.use("Agg")
import matplotlib.pyplot as plt


@pytest.fixture(autouse=True)
def nothing_is_shown_or_saved(monkeypatch):
    for owner, name in ((plt, "show"), (plt, "savefig"), (plt.Figure, "savefig")):
        monkeypatch.setattr(owner, name, lambda *a, **k: pytest.fail("a plot function showed or saved"))
    yield
    plt.close("all")


@pytest.fixture
def run(rng):
    phases, n_steps = timeline(3, patterns=(0, 1))
    rate = sequence(phases, n_steps)
    step, neuron = np.nonzero(rng.random(rate.shape) < rate / 1000)
    inputs = np.nonzero(rng.random((n_steps, 3)) < 0.01)
    return result(rate, phases, spikes=(step + 1000, neuron), inputs=(inputs[0] + 1000, inputs[1]))


def pair():
    return plt.subplots(2, 1, sharex=True)[1]


def labelled(ax):
    return bool(ax.get_xlabel() and ax.get_ylabel())


def test_grid_shows_every_circuit():
    net, ax = Network(grid_shape=(4, 3), seed=1), plt.subplots()[1]
    image = figures.plot_grid(ax, net)
    np.testing.assert_array_equal(image.get_array(), net.get_circuit_grid())
    assert [int(t.get_text()) for t in ax.texts] == net.get_circuit_grid().ravel().tolist()
    assert ax.get_xlabel() == f"{net.n_neurons} neurons in 12 circuits"


@pytest.mark.parametrize("shape", [(3, 4), (10, 5), (1, 6), (1, 1)])
@pytest.mark.parametrize("plot", [figures.plot_grid_3d, figures.plot_grid_3d_bars])
def test_grids_of_any_size_in_three_dimensions(plot, shape):
    ax = plt.figure().add_subplot(projection="3d")
    assert plot(ax, np.full(shape, 3)) is not None
    ax.figure.canvas.draw()
    assert ax.get_zlabel() == "neurons K"


def test_raster_colours_and_rows(run):
    axes = pair()
    noise, red, input_noise, input_red = figures.plot_run(axes, run)
    inside = measures.step_pattern(run)[run.spike_ms - 1000] >= 0
    np.testing.assert_array_equal(red.get_xdata(), run.spike_ms[inside])
    np.testing.assert_array_equal(noise.get_ydata(), run.spike_id[~inside])
    assert len(input_noise.get_xdata()) + len(input_red.get_xdata()) == len(run.input_ms)
    assert (to_hex(noise.get_color()), to_hex(red.get_color())) == ("#000000", "#d55e00")
    shades = [(p.get_x(), p.get_x() + p.get_width()) for p in axes[0].patches]
    assert shades == [(1100, 1300), (1400, 1600), (1700, 1900)]
    assert axes[0].get_xlim() == (1000, 1900) and axes[1].get_ylabel() == "input channel"


def test_raster_in_order_and_of_some(run):
    order = measures.mean_activation_order(run)
    axes = pair()
    _, red, *_ = figures.plot_run(axes, run, order=order, ids=[1, 5, 9])
    inside = measures.step_pattern(run)[run.spike_ms - 1000] >= 0
    expected = {1: 0, 5: 1, 9: 2}
    rows = [expected[i] for i in run.spike_id[inside] if i in expected]
    np.testing.assert_array_equal(red.get_ydata(), rows)
    assert "activation time" in axes[0].get_ylabel()


def test_history_spans_all_runs(run):
    later = dataclasses.replace(
        run,
        t0_ms=1900,
        spike_ms=run.spike_ms + 900,
        input_ms=run.input_ms + 900,
        phases=dataclasses.replace(run.phases, start_ms=run.phases.start_ms + 900, stop_ms=run.phases.stop_ms + 900),
    )
    axes = pair()
    assert len(figures.plot_history(axes, [run, later])) == 2
    assert axes[0].get_xlim() == (1000, 2800)
    assert [line.get_xdata()[0] for line in axes[0].lines if len(line.get_xdata()) == 2][-1] == 1900


@pytest.mark.parametrize("trains", [[[1, 5], [], [3]], (np.array([1, 3, 5]), np.array([0, 2, 0]))])
def test_spiketrains_of_both_kinds(trains):
    artist = figures.plot_spiketrain(plt.subplots()[1], trains)
    np.testing.assert_array_equal(artist.get_xydata(), [[1, 0], [3, 2], [5, 0]])


def test_closed_forms_show_their_numbers():
    axes = plt.subplots(1, 3)[1]
    exact, euler = figures.plot_epsp(axes[0])
    assert exact.get_ydata().max() == pytest.approx(0.6968, abs=1e-4) and euler.get_ydata()[4] == pytest.approx(
        0.752006
    )
    figures.plot_stdp(axes[1])
    assert [t.get_text() for t in axes[1].texts] == ["4.17 at 5.1 ms", "0 at 40.1 ms"]
    (line,) = figures.plot_stp(axes[2], np.array([10.0, 100.0]))
    np.testing.assert_allclose(line.get_ydata(), [0.08083, 0.37387], atol=1e-5)
    assert all(map(labelled, axes))


def test_growth_and_ablations(rng):
    axes, data = plt.subplots(1, 3)[1], rng.random((3, 4, 2))
    lines = figures.plot_growth(axes, [10, 20], *data)
    np.testing.assert_allclose([line.get_ydata() for line in lines], data.mean(axis=1))
    assert all(map(labelled, axes))
    ax = plt.subplots()[1]
    artists = figures.plot_ablations(ax, {"a": [1.0, 3.0], "one seed": [2.0]}, ylabel="n50", chance=0.5)
    assert [float(a.lines[0].get_ydata()[0]) for a in artists] == [2, 2]
    assert [t.get_text() for t in ax.get_xticklabels()] == ["a", "one seed"]


def test_assemblies_fall_into_four_groups(run):
    first, second = (measures.assemblies(run, p) for p in (0, 1))
    artists = figures.plot_assemblies(plt.subplots()[1], first, second)
    assert sum(len(a.get_xdata()) for a in artists) == 4 * N_CIRCUITS
    assert artists[3].get_label() == "both: 10" and artists[0].get_label() == "neither: 10"


def test_cue_equilibrium_traces():
    ax = plt.subplots()[1]
    lines = figures.plot_cue(ax, [30, 5], [8, 9], [40, 38])
    np.testing.assert_array_equal([line.get_ydata() for line in lines], [[8, 30, 40], [9, 5, 38]])
    found = measures.Equilibrium(0.9, 0.7, 0.1, np.array([-3.0, -1]), np.array([-2.5, -1]))
    dots, _ = figures.plot_equilibrium(plt.subplots()[1], found)
    np.testing.assert_array_equal(dots.get_xydata(), [[-3, -2.5], [-1, -1]])
    lines = figures.plot_traces(plt.subplots()[1], [0, 1000], np.array([[0.0, 2], [1, 3]]), ylabel="w")
    np.testing.assert_array_equal(lines[-1].get_xydata(), [[0, 1], [1, 2]])


def test_trajectories(rng):
    found = Trajectories({0: rng.random((2, 10, 3)), 1: rng.random((3, 10, 3))}, np.array([0.5, 0.2, 0.1]))
    ax = plt.figure().add_subplot(projection="3d")
    assert len(figures.plot_trajectories(ax, found)) == 7
    assert (ax.get_xlabel(), ax.get_zlabel()) == ("PC1 (50 %)", "PC3 (10 %)")


BAD = [
    (lambda run: figures.plot_grid(plt.subplots()[1], [[0, 1]]), "grid goes down to 0"),
    (lambda run: figures.plot_grid(plt.subplots()[1], [1, 2]), "grid has 1 dimension"),
    (lambda run: figures.plot_run(pair(), run, ids=[99]), "names no neuron; allowed: 0 to 19"),
    (lambda run: figures.plot_traces(plt.subplots()[1], [0], np.zeros((2, 3)), ylabel="w"), "series has shape .2, 3."),
    (lambda run: figures.plot_ablations(plt.subplots()[1], {"a": []}, ylabel="n50"), "values is empty"),
]


@pytest.mark.parametrize(("call", "message"), BAD, ids=[m for _, m in BAD])
def test_bad_input_is_one_line(run, call, message):
    with pytest.raises(ParameterError, match=message) as refused:
        call(run)
    assert "\n" not in str(refused.value)
