"""Plots: artists hold the data they are given, axes are labelled; what is saved, where, and what is said about it."""

import dataclasses

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_hex

from helpers.wta import InputGenerator, Network, Recorder, figures, measures
from tests.wta.test_measures import result, sequence, timeline

matplotlib.use("Agg")
import matplotlib.pyplot as plt


@pytest.fixture
def run(rng):
    phases, n_steps = timeline(3, patterns=(0, 1))
    rate = sequence(phases, n_steps)
    step, neuron = np.nonzero(rng.random(rate.shape) < rate / 1000)
    inputs = np.nonzero(rng.random((n_steps, 3)) < 0.01)
    found = result(rate, phases, spikes=(step + 1000, neuron), inputs=(inputs[0] + 1000, inputs[1]))
    return dataclasses.replace(found, input_frozen=rng.random(inputs[0].size) < 0.5)


def pair():
    return plt.subplots(2, 1, sharex=True)[1]


def test_grid_shows_every_circuit():
    net, ax = Network(grid_shape=(4, 3), n_inputs=1, seed=1), plt.subplots()[1]
    image = figures.plot_grid(ax, net)
    np.testing.assert_array_equal(image.get_array(), net.get_circuit_grid())
    assert [int(t.get_text()) for t in ax.texts] == net.get_circuit_grid().ravel().tolist()
    assert ax.get_xlabel() == f"{net.n_neurons} neurons in 12 circuits"


@pytest.mark.parametrize("plot", [figures.plot_grid_3d, figures.plot_grid_3d_bars])
def test_a_line_of_circuits_in_three_dimensions(plot):
    ax = plt.figure().add_subplot(projection="3d")
    assert plot(ax, np.full((1, 6), 3)) is not None
    ax.figure.canvas.draw()


@pytest.mark.parametrize("ordered", [False, True])
def test_raster_is_red_during_patterns_and_for_frozen_input(run, ordered):
    axes, ids = pair(), [1, 5, 9] if ordered else np.arange(20)
    order = measures.mean_activation_order(run) if ordered else None
    noise, red, noise_in, red_in = figures.plot_run(axes, run, order=order, ids=ids)
    shown = run.phases.per_ms(run.t0_ms, run.n_steps)[run.spike_ms - run.t0_ms] >= 0
    for artist, chosen in ((red, shown), (noise, ~shown)):
        chosen = chosen & np.isin(run.spike_id, ids)
        rows = np.searchsorted(ids, run.spike_id[chosen])
        np.testing.assert_array_equal(artist.get_xydata(), np.column_stack([run.spike_ms[chosen], rows]))
    for artist, chosen in ((red_in, run.input_frozen), (noise_in, ~run.input_frozen)):
        spikes = np.column_stack([run.input_ms, run.input_channel])[chosen]
        np.testing.assert_array_equal(artist.get_xydata(), spikes)
    colours = [to_hex(artist.get_color()) for artist in (noise, red, noise_in, red_in)]
    assert colours == ["#000000", "#d55e00"] * 2
    shades = [(p.get_x(), p.get_x() + p.get_width()) for p in axes[0].patches]
    assert shades == [(1100, 1300), (1400, 1600), (1700, 1900)] and axes[0].get_xlim() == (1000, 1900)
    assert axes[1].get_ylabel() == "input channel" and ("activation time" in axes[0].get_ylabel()) == ordered


def test_history_spans_all_runs(run):
    ends = dict(start_ms=run.phases.start_ms + 900, stop_ms=run.phases.stop_ms + 900)
    moved = dataclasses.replace(run.phases, **ends)
    series = dict(t_ms=np.array([1900, 2800]), w_in=np.arange(12.0).reshape(2, 2, 3), y=np.array([[0.0, 2], [1, 3]]))
    times = dict(t0_ms=1900, spike_ms=run.spike_ms + 900, input_ms=run.input_ms + 900)
    later = dataclasses.replace(run, phases=moved, series=series, **times)
    axes = plt.subplots(4, 1)[1]
    figures.plot_history(axes, [run, later])
    assert all(ax.get_xlim() == (1000, 2800) for ax in axes)
    assert [line.get_xdata()[0] for line in axes[0].lines if len(line.get_xdata()) == 2][-1] == 1900
    weights, epsps = ([line.get_ydata().tolist() for line in ax.lines[:-1]] for ax in axes[2:])
    assert weights == [[0, 6], [1, 7], [2, 8], [3, 9], [4, 10], [5, 11], [2.5, 8.5]]
    assert epsps == [[0, 1], [2, 3], [1, 2]]


@pytest.mark.parametrize("trains", [[[1, 5], [], [3]], (np.array([1, 3, 5]), np.array([0, 2, 0]))])
def test_spiketrains_of_both_kinds(trains):
    artist = figures.plot_spiketrain(plt.subplots()[1], trains)
    np.testing.assert_array_equal(artist.get_xydata(), [[1, 0], [3, 2], [5, 0]])


# --- figures that the objects make


@pytest.fixture
def drawn(tmp_path, monkeypatch):
    """Work in an empty folder; collect the figures that are made, with their axes, before they are closed."""
    made, close = [], plt.close
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(plt, "close", lambda fig: (made.append(fig), close(fig)))
    return made


def pieces():
    net = Network(grid_shape=(3, 2), n_inputs=10, seed=1)
    return net, InputGenerator(net, n_patterns=1, t_pattern=100, seed=1)


def test_grid_pictures_are_saved_where_the_user_is(drawn, tmp_path, capsys):
    net, inputs = pieces()
    net.visualize_circuits()
    net.visualize_circuits_3d()
    net.visualize_circuits_3d_barchart()
    inputs.generate_input(500)
    inputs.visualize_spiketrain()
    names = ["grid_visualization", "grid_visualization_3d", "grid_visualization_3d_bars", "spiketrain"]
    assert capsys.readouterr().out == "".join(f"saved {tmp_path / name}.png\n" for name in names)
    assert {p.name for p in tmp_path.iterdir()} == {f"{name}.png" for name in names} and len(drawn) == 4
    net.save_figures = False
    net.visualize_circuits()
    assert capsys.readouterr().out == ""


def test_runs_are_drawn_one_by_one_or_as_a_history_if_asked(drawn, tmp_path):
    net, inputs = pieces()
    rec = Recorder(net, create_plot=False)
    rec.run_network(inpgen=inputs, t_sim=1000)
    assert not drawn
    rec.set(create_plot=True, save_figures=True)
    for ordered in (False, True):
        rec.run_network(inpgen=inputs, t_sim=1000, order_neurons=ordered)
        assert ("activation time" in drawn[-1].axes[0].get_ylabel()) == ordered and len(drawn[-1].axes) == 2
    rec.plot_history = True
    for dt_rec, n_axes in ((None, 2), (50, 4)):
        rec.run_network(inpgen=inputs, t_sim=600, dt_rec=dt_rec, title="runs")
        axes = drawn[-1].axes
        assert len(axes) == n_axes and axes[0].get_title(loc="left") == "runs"
        assert axes[-1].get_xlabel() == "time (ms)" and axes[0].get_xlim() == (0, rec.network.time_ms)
    assert len(drawn) == 4 and {p.name for p in tmp_path.iterdir()} == {"run.png", "history.png"}
