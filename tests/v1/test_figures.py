"""The plots that FINAL_1 and FINAL_2 share: what they draw, read back from the artists."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from helpers import stimuli, tuning, v1
from helpers.v1 import figures as plots


@pytest.fixture(scope="module")
def result():
    return v1.simulate(v1.RingParams(plastic=False, layers=2, window_ms=100.0), [0.5, 2.0], seed=1)


def test_cloud_row_shows_the_first_frames_upright(rng):
    clouds = [rng.random((8, 6, 3)) for _ in range(2)]
    axes = plt.subplots(1, 2)[1]
    for image, cloud in zip(plots.cloud_row(axes, clouds, ["a", "b"]), clouds, strict=True):
        np.testing.assert_allclose(image.get_array(), (cloud[:, :, 0] - cloud.mean()).T)
        assert image.origin == "lower" and -image.get_clim()[0] == image.get_clim()[1]
    assert [ax.get_title() for ax in axes] == ["a", "b"]


def test_spectrum_of_a_grating_has_its_peak_at_the_wave_vector():
    movie = stimuli.grating((64, 64, 4), theta_rad=np.deg2rad(30), sf_0=0.2)
    image = plots.spectrum(plt.subplots()[1], movie)
    y, x = np.unravel_index(np.argmax(image.get_array()), (64, 64))
    f = np.array([x, y]) / 64 - 0.5
    assert np.hypot(*f) == pytest.approx(0.2, abs=0.02)
    assert np.degrees(np.arctan2(*f[::-1])) % 180 == pytest.approx(30, abs=5)


def test_gabors_marks_each_position_once():
    axes = plt.subplots(2, 6)[1].ravel()
    plots.gabors(axes, v1.LgnParams())
    assert [ax.get_title() for ax in axes[:3]] == ["0 deg", "15 deg", "30 deg"]
    for ax in axes:
        assert sum(len(collection.get_offsets()) for collection in ax.collections) == 49


def test_raster_draws_every_spike_and_the_shown_orientation(result):
    axes, populations = plt.subplots(3, 1)[1], ("input", "exc", "inh2")
    plots.ring_raster(axes, result, populations=populations)
    for ax, name in zip(axes, populations, strict=True):
        assert len(ax.lines[0].get_xdata()) == len(result.spikes[name][0])
        assert [line.get_ydata()[0] for line in ax.lines[1:]] == pytest.approx(np.array([0.5, 2.0]) / np.pi * 60)
        assert (" 2" in ax.get_ylabel()) == name.endswith("2")


def test_window_fit_shows_the_curve_or_says_why_there_is_none():
    theta = np.pi * np.arange(60) / 60
    counts = np.random.default_rng(1).poisson(16 * tuning.von_mises(theta, 1.0, np.pi / 12) + 1)
    ax, flat = plt.subplots(1, 2)[1]
    plots.window_fit(ax, counts, tuning.fit_tuning(theta, counts))
    plots.window_fit(flat, np.zeros(60), tuning.fit_tuning(theta, np.zeros(60)))
    assert ax.get_title().startswith("B = ") and len(ax.lines) == 2
    assert flat.get_title().startswith("no fit: ") and len(flat.lines) == 1
