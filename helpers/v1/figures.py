"""Plots of the V1 notebooks. Each takes axes and data, returns artists, and neither shows nor saves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from helpers.figures import CYCLIC, OKABE_ITO, check_axes, orientation_axis, raster, show_frame
from helpers.parameters import check_array, check_choice, check_integer, check_number, check_seed, doors
from helpers.v1 import lgn
from helpers.v1.params import LgnParams
from helpers.v1.simulate import RingResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from helpers.tuning import TuningFit

__all__ = ["COLOURS", "cloud_row", "gabors", "ring_raster", "ring_schematic", "spectrum", "window_fit"]

COLOURS = {"input": OKABE_ITO["grey"], "exc": OKABE_ITO["vermillion"], "inh": OKABE_ITO["blue"]}
NAMES = {"input": "input", "exc": "excitatory", "inh": "inhibitory"}


def cloud_row(axes: Any, clouds: list, labels: list) -> list:
    """Draw one frame of each cloud, grey from -2.5 to 2.5 standard deviations, with its label."""
    images = []
    check_axes(axes, len(clouds))
    check_axes(axes, len(labels))
    for ax, cloud, label in zip(axes, clouds, labels, strict=True):
        cloud = check_array("cloud", cloud, ndim=3)
        frame = cloud[:, :, 0] - cloud.mean()
        limit = 2.5 * frame.std()
        images.append(show_frame(ax, frame, vmin=-limit, vmax=limit))
        ax.set_title(label)
    return images


def spectrum(ax: Axes, cloud: np.ndarray, *, limit: float = 0.3) -> Any:
    """Draw the spatial power spectrum (mean over time), square-rooted for visibility; white: most power."""
    cloud, limit = check_array("cloud", cloud, ndim=3), check_number("limit", limit, 0, 0.5, low_open=True)
    power = (np.abs(np.fft.fftn(cloud - cloud.mean())) ** 2).mean(axis=2)
    image = np.sqrt(np.fft.fftshift(power))
    extent = (-0.5, 0.5, -0.5, 0.5)
    artist = ax.imshow(image.T, origin="lower", extent=extent, cmap="magma", rasterized=True, vmax=image.max() * 0.8)
    ax.set(xlim=(-limit, limit), ylim=(-limit, limit), xlabel="$f_x$ (cycles/px)", ylabel="$f_y$ (cycles/px)")
    return artist


def gabors(axes: Any, params: LgnParams, *, half_px: int = 8) -> list:
    """Draw the template of each orientation with its ON (filled) and OFF (open) positions, area by weight."""
    check_axes(axes, params.n_theta)
    half_px = check_integer("half_px", half_px, 1, 31)
    theta_rad, w = lgn.template_weights(params)
    x, y = lgn.lattice(params).T
    for ax, theta, field, weight in zip(axes, theta_rad, lgn.templates(theta_rad, params=params), w, strict=True):
        crop = field[32 - half_px : 33 + half_px, 32 - half_px : 33 + half_px]
        limit = np.abs(crop).max()
        edges = (-half_px - 0.5, half_px + 0.5) * 2
        show_frame(ax, crop, cmap="PuOr_r", vmin=-limit, vmax=limit, extent=edges)
        for sign, style in ((1, dict(color="black")), (-1, dict(facecolors="white", edgecolors="black"))):
            chosen = weight * sign > 0
            size = 12 * np.abs(weight[chosen]) / np.abs(weight).max()
            ax.scatter(x[chosen], y[chosen], s=size, linewidths=0.4, **style)
        ax.set_title(f"{np.rad2deg(theta):.0f} deg", pad=2)
    return list(axes)


def ring_schematic(ax: Axes, *, n: int = 24, seed: int = 0) -> Axes:
    """Draw the ring: excitatory cells outside, inhibitory inside, coloured by orientation, with lateral synapses.

    Lines are synapses drawn with the model's own probability exp(-2 d) of the chord d; the preferred orientations stand
    outside, the names of the two rings below.
    """
    from matplotlib import colormaps

    angle = 2 * np.pi * np.arange(check_integer("n", n, 4, 1000)) / n
    circle, rng, colours = np.array([np.cos(angle), np.sin(angle)]), check_seed(seed), colormaps[CYCLIC]
    chord = 2 * np.abs(np.sin((angle[:, None] - angle) / 2))
    for name, radius in (("exc", 1.0), ("inh", 0.7)):
        x, y = radius * circle
        for i, j in np.argwhere(rng.random((n, n)) < np.exp(-2 * chord) * (chord > 0)):
            ax.plot([x[i], x[j]], [y[i], y[j]], color=COLOURS[name], alpha=0.2, linewidth=0.6)
        ax.scatter(x, y, s=20, c=colours(np.arange(n) / n), edgecolors=COLOURS[name], linewidths=1.1, zorder=3)
        left = -0.75 if name == "exc" else 0.75
        ax.text(left, -2.0, NAMES[name], color=COLOURS[name], ha="center", size=8)
    for x, y in circle.T:
        ax.plot([1.08 * x, 1.22 * x], [1.08 * y, 1.22 * y], color=COLOURS["input"], linewidth=0.9)
    for k in range(4):
        x, y = 1.48 * circle[:, k * n // 4]
        ax.text(x, y, f"{45 * k}°", ha="center", va="center", size=8)
    ax.text(0, -2.3, "strokes: one Poisson input per cell", color=COLOURS["input"], ha="center", size=7)
    ax.set(xlim=(-1.7, 1.7), ylim=(-2.4, 1.7), aspect="equal")
    ax.axis("off")
    return ax


def ring_raster(axes: Any, result: RingResult, *, populations: tuple = ("input", "inh", "exc")) -> Any:
    """Draw the spikes of each population, one axes each, with the shown orientation as a line per window."""
    window_ms = result.params.window_ms
    check_axes(axes, len(populations))
    for ax, name in zip(axes, populations, strict=True):
        check_choice("populations", name, tuple(result.counts))
        n, kind = result.counts[name].shape[1], name.rstrip("2")
        raster(ax, *result.spikes[name], color=COLOURS[kind], size=2.2 if kind == "exc" else 1.2)
        for k, theta in enumerate(result.theta_rad):
            cell = theta % np.pi / np.pi * n
            ax.plot([k * window_ms, (k + 1) * window_ms], [cell, cell], color="black", linewidth=0.6, linestyle=":")
        layer = " 2" if kind != name else ""
        ax.set(ylabel=f"{NAMES[kind]}{layer}\nprefers (deg)", ylim=(-0.5, n - 0.5), xlabel="")
        ax.set_yticks(np.array([0, 0.25, 0.5, 0.75]) * n, ["0", "45", "90", "135"])
    axes[-1].set_xlabel("time (ms)")
    return axes


def window_fit(ax: Axes, counts: ArrayLike, fit: TuningFit, *, color: Any = COLOURS["exc"], label: str = "") -> Any:
    """Draw the counts of one window as dots and the fitted curve, or say why there is none."""
    n = len(counts := check_array("counts", counts, ndim=1))
    (dots,) = ax.plot(np.pi * np.arange(n) / n, counts, ".", color=color, label=label or None)
    if fit.ok:
        fine = np.linspace(0, np.pi, 361)
        ax.plot(fine, fit.curve(fine), color=color)
        b, err = np.rad2deg([fit.bandwidth_rad, fit.bandwidth_err_rad])
        ax.set_title(f"B = {b:.1f} ± {err:.1f} deg")
    else:
        ax.set_title(f"no fit: {fit.reason}", size=6)
    orientation_axis(ax)
    ax.set(ylabel="spikes per window", ylim=(0, None))
    return dots


doors(globals())
