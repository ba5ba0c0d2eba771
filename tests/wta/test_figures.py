"""Plots: artists hold the data they are given, axes are labelled; what is saved, where, and what is said about it."""

import dataclasses
import re

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_hex

from helpers.parameters import OutputError, ParameterError
from helpers.wta import InputGenerator, Network, Recorder, figures, measures
from tests.wta.test_measures import result, sequence, timeline

matplotlib.use("Agg")
import matplotlib.pyplot as plt


@pytest.fixture
def nothing_is_shown_or_saved(monkeypatch):
    for owner, name in ((plt, "show"), (plt, "savefig"), (plt.Figure, "savefig")):
        monkeypatch.setattr(owner, name, lambda *a, **k: pytest.fail("a plot function showed or saved"))
    yield
    plt.close("all")


pure = pytest.mark.usefixtures("nothing_is_shown_or_saved")


@pytest.fixture
def run(rng):
    phases, n_steps = timeline(3, patterns=(0, 1))
    rate = sequence(phases, n_steps)
    step, neuron = np.nonzero(rng.random(rate.shape) < rate / 1000)
    inputs = np.nonzero(rng.random((n_steps, 3)) < 0.01)
    return result(rate, phases, spikes=(step + 1000, neuron), inputs=(inputs[0] + 1000, inputs[1]))


def pair():
    return plt.subplots(2, 1, sharex=True)[1]


def shown(run):
    return run.phases.per_ms(run.t0_ms, run.n_steps)[run.spike_ms - run.t0_ms] >= 0


@pure
def test_grid_shows_every_circuit():
    net, ax = Network(grid_shape=(4, 3), seed=1), plt.subplots()[1]
    image = figures.plot_grid(ax, net)
    np.testing.assert_array_equal(image.get_array(), net.get_circuit_grid())
    assert [int(t.get_text()) for t in ax.texts] == net.get_circuit_grid().ravel().tolist()
    assert ax.get_xlabel() == f"{net.n_neurons} neurons in 12 circuits"


@pure
@pytest.mark.parametrize("shape", [(3, 4), (1, 6), (1, 1)])
@pytest.mark.parametrize("plot", [figures.plot_grid_3d, figures.plot_grid_3d_bars])
def test_grids_of_any_size_in_three_dimensions(plot, shape):
    ax = plt.figure().add_subplot(projection="3d")
    assert plot(ax, np.full(shape, 3)) is not None
    ax.figure.canvas.draw()
    assert ax.get_zlabel() == "neurons K"


@pure
def test_raster_colours_and_rows(run):
    axes = pair()
    noise, red, *_ = figures.plot_run(axes, run)
    np.testing.assert_array_equal(red.get_xdata(), run.spike_ms[shown(run)])
    np.testing.assert_array_equal(noise.get_ydata(), run.spike_id[~shown(run)])
    assert (to_hex(noise.get_color()), to_hex(red.get_color())) == ("#000000", "#d55e00")
    shades = [(p.get_x(), p.get_x() + p.get_width()) for p in axes[0].patches]
    assert shades == [(1100, 1300), (1400, 1600), (1700, 1900)]
    assert axes[0].get_xlim() == (1000, 1900) and axes[1].get_ylabel() == "input channel"


@pure
def test_noise_inside_a_pattern_is_black():
    """A pattern of four spikes by hand, shown without a break, with noise on all channels."""
    net = Network(grid_shape=(2, 1), n_inputs=10, seed=0)
    inputs = InputGenerator(net, n_patterns=1, t_pattern=100, use_noise=False, r_noise_pattern=30, seed=0)
    inputs.set_patterns([([5, 20, 20, 90], [0, 3, 4, 9])])
    r = Recorder(net, create_plot=False).test(inputs, 500)
    axes = pair()
    _, _, noise, red = figures.plot_run(axes, r)
    expected = {(100 * i + t, c) for i in range(5) for t, c in ((5, 0), (20, 3), (20, 4), (90, 9))}
    assert set(map(tuple, red.get_xydata().tolist())) == expected and len(red.get_xdata()) == 20
    assert len(noise.get_xdata()) == len(r.input_ms) - 20 > 80
    assert not expected & set(map(tuple, noise.get_xydata().tolist()))
    assert (to_hex(noise.get_color()), to_hex(red.get_color())) == ("#000000", "#d55e00")


@pure
def test_raster_in_order_and_of_some(run):
    axes = pair()
    _, red, *_ = figures.plot_run(axes, run, order=measures.mean_activation_order(run), ids=[1, 5, 9])
    expected = {1: 0, 5: 1, 9: 2}
    rows = [expected[i] for i in run.spike_id[shown(run)] if i in expected]
    np.testing.assert_array_equal(red.get_ydata(), rows)
    assert "activation time" in axes[0].get_ylabel()


@pure
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
    assert epsps == [[0, 1], [2, 3], [1, 2]] and axes[2].get_ylabel() == "input weights"


@pure
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


def pieces(**options):
    net = Network(grid_shape=(3, 2), n_inputs=10, seed=1)
    inputs = InputGenerator(net, n_patterns=1, t_pattern=100, seed=1)
    return net, inputs, Recorder(net, **{"create_plot": False, "show_figures": False, **options})


def test_grid_pictures_are_saved_where_the_user_is(drawn, tmp_path, capsys):
    net, inputs, _ = pieces()
    net.visualize_circuits()
    net.visualize_circuits_3d()
    net.visualize_circuits_3d_barchart()
    inputs.generate_input(500)
    inputs.visualize_spiketrain()
    inputs.visualize_spiketrain(inputs.get_patterns()[0])
    names = ["grid_visualization", "grid_visualization_3d", "grid_visualization_3d_bars", "spiketrain", "spiketrain"]
    assert capsys.readouterr().out == "".join(f"saved {tmp_path / name}.png\n" for name in names)
    assert {p.name for p in tmp_path.iterdir()} == {f"{name}.png" for name in names} and len(drawn) == 5
    assert all(p.read_bytes().startswith(b"\x89PNG") for p in tmp_path.iterdir())
    net.save_figures = False
    net.visualize_circuits()
    assert capsys.readouterr().out == ""


def test_a_picture_that_cannot_be_saved_is_one_line(drawn, tmp_path):
    net, *_ = pieces()
    (tmp_path / "grid_visualization.png").mkdir()
    with pytest.raises(OutputError, match=r"^[^\n]*grid_visualization\.png is a folder[^\n]*$"):
        net.visualize_circuits()


@pytest.mark.parametrize(("dt_rec", "n_axes"), [(50, 4), (None, 2)])
def test_history_is_one_figure(drawn, tmp_path, dt_rec, n_axes):
    _, inputs, rec = pieces(create_plot=True, plot_history=True, save_figures=True)
    rec.run_network(inpgen=inputs, t_sim=400)
    rec.run_network(inpgen=inputs, t_sim=600, dt_rec=dt_rec, title="two runs")
    axes = drawn[-1].axes
    assert len(drawn) == 2 and len(axes) == n_axes and axes[0].get_title(loc="left") == "two runs"
    assert axes[0].get_xlim() == (0, 1000) and axes[-1].get_xlabel() == "time (ms)"
    if dt_rec:
        assert axes[2].lines[0].get_xdata().tolist() == list(range(400, 1001, 50))
        assert [ax.get_ylabel() for ax in axes[2:]] == ["input weights", "EPSP y"]
    assert {p.name for p in tmp_path.iterdir()} == {"history.png"}


def test_a_run_is_drawn_if_asked_and_ordered_if_asked(drawn, tmp_path):
    _, inputs, rec = pieces()
    rec.run_network(inpgen=inputs, t_sim=1000)
    assert not drawn
    rec.set(create_plot=True, save_figures=True)
    for ordered in (False, True):
        rec.run_network(inpgen=inputs, t_sim=1000, order_neurons=ordered, title="t")
        assert ("activation time" in drawn[-1].axes[0].get_ylabel()) == ordered
    assert len(drawn) == 2 and len(drawn[0].axes) == 2 and [p.name for p in tmp_path.iterdir()] == ["run.png"]


BAD = [
    (lambda run: figures.plot_grid(plt.subplots()[1], [[0, 1]]), "grid goes down to 0"),
    (lambda run: figures.plot_grid(plt.subplots()[1], [1, 2]), "grid has 1 dimension"),
    (lambda run: figures.plot_run(pair(), run, ids=[99]), "names no neuron; allowed: 0 to 19"),
    (lambda run: figures.plot_run(pair(), run, ids=[[1.0], [1.0, 2.0]]), "ids is not an array of integers"),
    (lambda run: figures.plot_history(pair(), [run], ids=["a"]), "ids is not an array of integers"),
    (lambda run: figures.plot_history(pair(), []), "results is empty"),
    (lambda run: figures.plot_history([*pair(), pair()[0]], [run]), "axes is no list of 4 axes"),
]


@pure
@pytest.mark.parametrize(("call", "message"), BAD, ids=[m for _, m in BAD])
def test_bad_input_is_one_line(run, call, message):
    with pytest.raises(ParameterError, match=rf"^[^\n]*{re.escape(message)}[^\n]*$"):
        call(run)
