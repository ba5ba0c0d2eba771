"""The plots of the classic models return artists that hold the data, with labels and units."""

import matplotlib

matplotlib.use("Agg")

import numpy as np
import pytest

from helpers import figures
from helpers.modular import figures_classic as plots


@pytest.fixture
def ax():
    fig, ax = figures.figure()
    yield ax
    fig.clear()


def test_rasters_stack_the_groups(ax):
    exc, inh = (np.array([1.0, 2.0]), np.array([0, 3])), (np.array([1.5]), np.array([1]))
    dots = plots.rasters(ax, [exc, inh], [4, 2])
    assert dots[1].get_ydata().tolist() == [5] and ax.get_ylim() == (0, 6)
    assert ax.get_xlabel() == "time (ms)"


def test_power_shows_the_range_and_the_published_bands(ax):
    f = np.arange(0, 200.0)
    lines = plots.power(ax, f, {"a": np.ones((3, 200)), "b": np.zeros((3, 200))}, limits=(5, 60), published=[(6, 10)])
    assert [len(line.get_xdata()) for line in lines] == [56, 56] and ax.get_xlabel() == "frequency (Hz)"
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["a", "b"]


def test_trace_is_labelled(ax):
    line = plots.trace(ax, np.arange(5.0), np.zeros(5), label="7 spikes")
    assert line.get_label() == "7 spikes" and ax.get_ylabel() == "V (mV)" and ax.get_xlim() == (0, 4)


def test_volley_growth_draws_every_run(ax):
    lines = plots.volley_growth(ax, {"85": np.full((3, 10), 100), "40": np.zeros((3, 10))})
    assert len(lines) == 6 and lines[0].get_xdata().tolist() == list(range(1, 11))
    assert len(ax.get_legend().get_texts()) == 2


def test_recall_marks_the_capacity(ax):
    loads = [20, 60, 100]
    lines = plots.recall(ax, loads, {"stored": np.ones((4, 3))}, n=784)
    np.testing.assert_allclose(lines[0].get_ydata(), 1)
    assert any(np.allclose(line.get_xdata(), 0.138 * 784) for line in ax.lines)
