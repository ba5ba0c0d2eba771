"""The plots of the commands: what they draw is what they were given, and nothing is shown or saved."""

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure

from helpers import figures
from helpers.parameters import ParameterError
from helpers.rnn import figures as plots

matplotlib.use("Agg")
RNG = np.random.default_rng(0)
KEYS = ("training_loss", "training_lambda_max", "spectrum_before", "spectrum")


@pytest.fixture
def ax(monkeypatch):
    from matplotlib import pyplot as plt

    monkeypatch.setattr(plt, "show", lambda *a, **k: pytest.fail("shown"))
    monkeypatch.setattr(Figure, "savefig", lambda *a, **k: pytest.fail("saved"))
    return figures.figure()[1]


def words(ax):
    legend = ax.get_legend() or (ax.figure.legends or [None])[0]
    return [text.get_text() for text in legend.get_texts()]


def test_convergence_draws_every_run_of_the_indices_that_are_there(ax):
    running = RNG.normal(size=(2, 40, 4)).cumsum(axis=1) / 40
    lines = plots.convergence(ax, np.arange(1.0, 41), running)
    assert words(ax) == ["1st", "3rd"] and len(lines) == 4  # the 5th and 7th are not in the data
    np.testing.assert_array_equal(lines[3].get_ydata(), running[1, :, 2])


def test_spectra_are_means_over_the_share_of_the_neurons(ax):
    found = np.sort(RNG.normal(size=(5, 8)))[:, ::-1]
    lines = plots.spectra(ax, {"1": found, "2": found + 1}, title="g")
    assert words(ax) == ["1", "2"]
    np.testing.assert_allclose(lines[1].get_ydata(), found.mean(axis=0) + 1)
    np.testing.assert_allclose(lines[0].get_xdata(), 100 * (np.arange(8) + 0.5) / 8)


def test_transition_shows_every_network_the_medians_and_the_theory(ax):
    g, found = [0.5, 1.0, 3.0], RNG.normal(size=(3, 3))
    *networks, median, theory = plots.transition(ax, g, found, theory=([0.5, 3.0], [-0.5, 0.2]))
    np.testing.assert_array_equal([line.get_ydata() for line in networks], found.T)
    np.testing.assert_allclose([line.get_xdata() for line in networks], [g] * 3, atol=0.03 * 2.5)
    np.testing.assert_allclose(median.get_ydata(), np.median(found, axis=1))
    assert theory.get_ydata().tolist() == [-0.5, 0.2] and words(ax)[:2] == ["one network", "median"]


def test_histories_and_exponents_of_several_trainings():
    logs = [dict(zip(KEYS, ([2.0, 1.0], [-1.0, top], [-1.0, -2.0], [top, -1.0]), strict=True)) for top in (-0.5, 0.2)]
    axes = Figure().subplots(1, 3)
    drawn = plots.training(axes[:2], logs)
    assert [line.get_ydata().tolist() for line in drawn] == [[2, 1], [-1, -0.5], [2, 1], [-1, 0.2]]
    assert [ax.get_yscale() for ax in axes[:2]] == ["log", "linear"]
    drawn = plots.trained(axes[2], logs)
    assert [line.get_ydata().tolist() for line in drawn] == [[-1, -2], [-0.5, -1], [-1, -2], [0.2, -1]]
    assert drawn[0].get_xdata().tolist() == [1, 2] and words(axes[2]) == ["before", "after"]
    logs[0]["training_loss"] = [2.0, -1.0]  # that of a loss that is maximised
    plots.training(axes[:2], logs)
    assert axes[0].get_yscale() == "linear"


@pytest.mark.parametrize(
    ("plot", "given", "says"),
    [
        (plots.training, [[]], "logs is empty"),
        (plots.training, [np.array([1, None, "x"], object)], "logs holds 1"),
        (plots.trained, [[{key: [[1.0], [1.0, 2.0]] for key in KEYS}]], "spectrum_before "),
        (plots.spectra, [{"a": [1.0, 2.0]}], r"exponents\['a'\] has 1 dimension"),
    ],
)
def test_bad_data_are_one_clear_line(plot, given, says):
    with pytest.raises(ParameterError, match=rf"^{says}[^\n]*$"):
        plot(Figure().subplots(1, 2) if plot is plots.training else Figure().subplots(), *given)
