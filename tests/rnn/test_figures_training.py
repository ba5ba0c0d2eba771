"""The plots of the training: what is drawn, and that nothing is shown or saved."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from helpers.parameters import ParameterError
from helpers.rnn import figures_training as plots


@pytest.fixture
def ax():
    fig, ax = plt.subplots()
    yield ax
    plt.close(fig)


def test_training_draws_losses_on_a_log_axis_and_the_first_exponent(rng):
    fig, axes = plt.subplots(1, 2)
    loss, spectra = rng.uniform(1e-6, 1, (3, 20)), -np.sort(-rng.normal(size=(3, 20, 4)))
    lines = plots.training(axes, {"weights": loss}, {"weights": spectra})
    assert axes[0].get_yscale() == "log" and axes[1].get_yscale() == "linear"
    assert np.allclose(lines[0].get_ydata(), np.median(loss, axis=0))
    assert np.allclose(lines[1].get_ydata(), np.median(spectra[..., 0], axis=0))
    plt.close(fig)


def test_a_maximised_loss_is_negative_and_linear():
    fig, axes = plt.subplots(1, 2)
    plots.training(axes, {"sum": -np.ones(5)}, {"sum": np.ones((5, 2))})
    assert axes[0].get_yscale() == "linear"
    plt.close(fig)


def test_spectra_with_claim_target_and_bound(ax, rng):
    given = {"raw": rng.normal(size=(4, 50)), "trained": rng.normal(size=50)}
    marks = dict(claimed={"trained": np.zeros(10)}, targets={"trained": np.full(10, 2.0)})
    lines = plots.spectra(ax, given, bound=-0.5129, **marks)
    assert np.allclose(lines[0].get_ydata(), given["raw"].mean(axis=0)) and lines[0].get_xdata()[0] == 1
    assert [line.get_ydata()[0] for line in lines[2:]] == [-0.5129]
    drawn = [line.get_ydata() for line in ax.lines if len(line.get_ydata()) == 10]
    assert [float(np.mean(y)) for y in drawn] == [0.0, 2.0]
    assert "bound -0.513" in [text.get_text() for text in ax.get_legend().get_texts()]


def test_norms_on_a_log_axis(ax):
    lines = plots.norms(ax, [10, 20], {"g = 1": np.array([[1.0, 2.0], [3.0, 4.0], [3.0, 4.0]])})
    assert lines[0].get_ydata().tolist() == [3, 4] and ax.get_yscale() == "log"


def test_gradient_check_and_distributions(ax, rng):
    exact = {"weights": rng.normal(size=(3, 3)), "gains": rng.normal(size=3)}
    lines = plots.gradient_check(ax, exact, exact)
    assert [line.get_label() for line in lines] == ["weights", "gains"]
    assert lines[0].get_xdata().tolist() == exact["weights"].ravel().tolist()
    artists = plots.distributions(ax, exact, xlabel="weight")
    assert len(artists) == 2 and ax.get_xlabel() == "weight"


def test_bad_data_is_refused(ax):
    for call in (
        lambda: plots.losses(ax, {}),
        lambda: plots.spectra(ax, {str(i): np.ones(3) for i in range(9)}),
        lambda: plots.norms(ax, [1, 2], {"a": np.ones((2, 3))}),
    ):
        with pytest.raises(ParameterError):
            call()


def test_every_plot_labels_its_axes(ax):
    for draw in (
        lambda: plots.losses(ax, {"a": np.ones(3)}),
        lambda: plots.spectra(ax, {"a": np.ones((2, 3))}),
        lambda: plots.norms(ax, [1, 2], {"a": np.ones((2, 2))}),
        lambda: plots.distributions(ax, {"a": np.ones(3)}, xlabel="x"),
    ):
        ax.clear()
        draw()
        assert ax.get_xlabel() and ax.get_ylabel() and ax.get_legend()
