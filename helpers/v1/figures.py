"""Plots of the V1 notebooks. Each takes axes and data, returns artists, and neither shows nor saves."""

from __future__ import annotations

import numpy as np

from helpers import tuning
from helpers.figures import CYCLIC, OKABE_ITO, band, orientation_axis, raster, show_frame
from helpers.parameters import ParameterError
from helpers.runs import summary
from helpers.v1 import lgn

__all__ = [
    "bandwidth_curves",
    "cloud_row",
    "contrast_invariance",
    "gabors",
    "lattice_traces",
    "legacy_counts",
    "lgn_tuning",
    "recovery",
    "ring_raster",
    "ring_schematic",
    "spatial_field",
    "spectrum",
    "temporal_filters",
    "transfer",
    "variance_tuning",
    "window_fit",
]

COLOURS = {"input": OKABE_ITO["grey"], "exc": OKABE_ITO["vermillion"], "inh": OKABE_ITO["blue"]}
NAMES = {"input": "input", "exc": "excitatory", "inh": "inhibitory"}


def cloud_row(axes, clouds, labels):
    """Draw one frame of each cloud, grey from -2.5 to 2.5 standard deviations, with its label."""
    images = []
    for ax, cloud, label in zip(axes, clouds, labels, strict=True):
        frame = cloud[:, :, 0] - cloud.mean()
        limit = 2.5 * frame.std()
        images.append(show_frame(ax, frame, vmin=-limit, vmax=limit))
        ax.set_title(label)
    return images


def spectrum(ax, cloud, *, limit=0.3):
    """Draw the spatial power spectrum (mean over time), square-rooted for visibility; white: most power."""
    power = (np.abs(np.fft.fftn(cloud - cloud.mean())) ** 2).mean(axis=2)
    image = np.sqrt(np.fft.fftshift(power))
    extent = (-0.5, 0.5, -0.5, 0.5)
    artist = ax.imshow(image.T, origin="lower", extent=extent, cmap="magma", rasterized=True, vmax=image.max() * 0.8)
    ax.set(xlim=(-limit, limit), ylim=(-limit, limit), xlabel="$f_x$ (cycles/px)", ylabel="$f_y$ (cycles/px)")
    return artist


def recovery(ax, b_deg, cv):
    """Draw the circular variance measured in clouds (n_b, n_seeds) on its closed form 1 - I1(k)/I0(k)."""
    fine = np.linspace(1, max(b_deg) * 1.05, 200)
    theory = tuning.theoretical_cv(np.deg2rad(fine) / np.sqrt(2))
    (line,) = ax.plot(fine, theory, color="black", label="theory $1 - I_1(k)/I_0(k)$")
    b = np.repeat(b_deg, np.shape(cv)[1])
    dots = ax.plot(b, np.ravel(cv), ".", color=OKABE_ITO["vermillion"], alpha=0.6, label="single clouds")
    ax.set(xlabel=r"bandwidth $B_\theta$ (deg)", ylabel="circular variance of the power", ylim=(0, 1))
    ax.legend()
    return [line, *dots]


def bandwidth_curves(ax, b_deg=(5, 15, 30), *, preferred_deg=90.0):
    """Draw form A for several bandwidths with the half width at half height as a bar."""
    theta = np.linspace(0, np.pi, 361)
    lines = []
    for b, colour in zip(b_deg, ("blue", "vermillion", "green", "purple"), strict=False):
        curve = tuning.von_mises(theta, np.deg2rad(preferred_deg), np.deg2rad(b))
        half = tuning.hwhh(np.deg2rad(b))
        lines += ax.plot(theta, curve, color=OKABE_ITO[colour], label=f"B {b:g}, HWHH {np.rad2deg(half):.1f} deg")
        centre = np.deg2rad(preferred_deg)
        ax.plot([centre - half, centre + half], [0.5, 0.5], color=OKABE_ITO[colour], linewidth=0.6)
    orientation_axis(ax)
    ax.set(ylabel="amplitude", ylim=(0, 1.45))
    ax.set_yticks([0, 0.5, 1])
    ax.legend(loc="upper left", ncols=1)
    return lines


def spatial_field(ax, params):
    """Draw the ON difference of Gaussians over the 4 x 4 pixels that a position reads."""
    kernel = lgn.spatial_kernel(params)
    limit = np.abs(kernel).max()
    image = ax.imshow(kernel.T, origin="lower", extent=(-2, 2, -2, 2), cmap="RdBu_r", vmin=-limit, vmax=limit)
    image.set_rasterized(True)
    ax.set(xlabel="x (px)", ylabel="y (px)", xticks=[-2, 0, 2], yticks=[-2, 0, 2])
    return image


def temporal_filters(ax):
    """Draw the published temporal kernel and the one the source programmed, each with peak one."""
    t_ms = np.arange(0.0, 200.0, 0.5)
    lines = []
    for form, colour, label in (("cai", "blue", "published form"), ("coded", "vermillion", "as coded in the source")):
        f = lgn.temporal_filter(t_ms, form=form)
        text = f"{label}: min/max {f.min() / f.max():.2f}"
        lines += ax.plot(t_ms, f / f.max(), color=OKABE_ITO[colour], label=text)
    ax.axhline(0, color="black", linewidth=0.5)
    ax.set(xlabel="time (ms)", ylabel="response (peak = 1)", ylim=(-0.6, 1.5))
    ax.legend(loc="upper right")
    return lines


def gabors(axes, params, *, half_px=9):
    """Draw the template of each orientation with its ON (filled) and OFF (open) positions, size by weight."""
    theta_rad, w = lgn.template_weights(params)
    x, y = lgn.lattice(params).T
    for ax, theta, field, weight in zip(axes, theta_rad, lgn.templates(theta_rad, params=params), w, strict=True):
        crop = field[32 - half_px : 33 + half_px, 32 - half_px : 33 + half_px]
        limit = 0.45 * np.abs(crop).max()
        edges = (-half_px - 0.5, half_px + 0.5) * 2
        show_frame(ax, crop, cmap="PuOr_r", vmin=-limit, vmax=limit, extent=edges, alpha=0.8)
        for sign, style in ((1, dict(color="black")), (-1, dict(facecolors="white", edgecolors="black"))):
            chosen = weight * sign > 0
            size = 14 * np.abs(weight[chosen]) / np.abs(weight).max() + 0.5
            ax.scatter(x[chosen], y[chosen], s=size, linewidths=0.5, **style)
        ax.set_title(f"{np.rad2deg(theta):.0f} deg")
    return list(axes)


def lattice_traces(ax, traces, *, n_shown=12):
    """Draw the signed responses of some LGN positions (49, n_ms) of one cell against time."""
    limit = np.abs(traces).max()
    picks = np.linspace(0, len(traces) - 1, n_shown).astype(int)
    lines = [ax.plot(trace + 0.7 * limit * i, color="black", linewidth=0.7)[0] for i, trace in enumerate(traces[picks])]
    ax.set(xlabel="time (ms)", ylabel=f"LGN position ({n_shown} of {len(traces)})", yticks=[])
    ax.axvspan(0, 200, color="0.9", zorder=0)
    return lines


def lgn_tuning(ax, theta_rad, curves, *, marks_deg=None):
    """Draw tuning curves {label: (n_seeds, n_theta)} of the V1 input, closed over 180 deg, mean and 95 % interval."""
    x = np.append(theta_rad, np.pi)
    lines = []
    for (label, values), colour in zip(curves.items(), ("vermillion", "blue", "green", "grey"), strict=False):
        closed = np.concatenate([values, values[:, :1]], axis=1)
        lines.append(band(ax, x, closed, color=OKABE_ITO[colour], label=label, marker="o"))
    for angle in marks_deg or ():
        ax.axvline(np.deg2rad(angle), color="black", linewidth=0.6, linestyle=":")
    orientation_axis(ax)
    ax.set(
        ylabel="mean drive (contrast units)", ylim=(0, 1.45 * max(np.mean(v, axis=0).max() for v in curves.values()))
    )
    ax.legend(loc="upper center", ncols=2, columnspacing=1)
    return lines


def legacy_counts(ax, n_on, current_na):
    """Draw the source's mean current per orientation against its number of ON positions, with the line .3 n - 4.9."""
    slope = np.dot(0.3 * n_on - 4.9, current_na) / np.sum((0.3 * n_on - 4.9) ** 2)
    x = np.linspace(n_on.min() - 0.5, n_on.max() + 0.5, 10)
    (line,) = ax.plot(x, slope * (0.3 * x - 4.9), color="black", label=r"$\propto .2\,n - .1\,(49 - n)$")
    (dots,) = ax.plot(n_on, current_na, "o", color=OKABE_ITO["purple"], label="12 orientations")
    ax.set(xlabel="ON positions of 49", ylabel="mean current (nA)", ylim=(0, 1.4 * np.max(current_na)))
    ax.legend()
    return [line, dots]


def ring_schematic(ax, *, n=24, seed=0):
    """Draw the ring: excitatory cells outside, inhibitory inside, coloured by orientation, and one cell's targets.

    Lines are synapses drawn with the model's own probability exp(-2 d) of the chord d.
    """
    from matplotlib import colormaps

    angle = 2 * np.pi * np.arange(n) / n
    outer, inner = np.exp(1j * angle), 0.62 * np.exp(1j * angle)
    rng = np.random.default_rng(seed)
    for i in range(n):
        near = rng.random(n) < np.exp(-2 * np.abs(outer - outer[i]))
        for j in np.flatnonzero(near & (np.arange(n) != i)):
            ax.plot(*_segment(outer[i], outer[j]), color=COLOURS["exc"], alpha=0.18, linewidth=0.7)
            ax.plot(*_segment(inner[i], inner[j]), color=COLOURS["inh"], alpha=0.18, linewidth=0.7)
        ax.plot(*_segment(outer[i] * 1.22, outer[i] * 1.06), color="0.5", linewidth=0.8)
    colours = colormaps[CYCLIC](np.arange(n) / n)
    ax.scatter(outer.real, outer.imag, s=26, c=colours, edgecolors=COLOURS["exc"], linewidths=1.2, zorder=3)
    ax.scatter(inner.real, inner.imag, s=20, c=colours, edgecolors=COLOURS["inh"], linewidths=1.2, zorder=3)
    for i in range(0, n, n // 4):
        ax.text(*_point(outer[i] * 1.42), f"{180 * i / n:.0f} deg", ha="center", va="center", size=7)
    for y, name, text in ((-1.85, "input", "one Poisson input per cell"), (-2.1, "exc", None), (-2.35, "inh", None)):
        ax.text(0, y, text or f"{NAMES[name]} ring", color=COLOURS[name], ha="center", size=8)
    ax.set(xlim=(-1.7, 1.7), ylim=(-2.4, 1.6), aspect="equal")
    ax.axis("off")
    return ax


def _point(z):
    return z.real, z.imag


def _segment(a, b):
    return [a.real, b.real], [a.imag, b.imag]


def ring_raster(axes, result, *, populations=("input", "inh", "exc")):
    """Draw the spikes of each population, one axes each, with the shown orientation as a line per window."""
    window_ms = result.params.window_ms
    for ax, name in zip(axes, populations, strict=True):
        n = result.counts[name].shape[1]
        raster(ax, *result.spikes[name], color=COLOURS[name], size=1.2 if name != "exc" else 2.2)
        for k, theta in enumerate(result.theta_rad):
            cell = theta % np.pi / np.pi * n
            ax.plot([k * window_ms, (k + 1) * window_ms], [cell, cell], color="black", linewidth=0.6, linestyle=":")
        ax.set(ylabel=f"{NAMES[name]}\norientation (deg)", ylim=(-0.5, n - 0.5), xlabel="")
        ax.set_yticks(np.array([0, 0.25, 0.5, 0.75]) * n, ["0", "45", "90", "135"])
    axes[-1].set_xlabel("time (ms)")
    return axes


def window_fit(ax, counts, fit, *, color=COLOURS["exc"], label=""):
    """Draw the counts of one window as dots and the fitted curve, or say why there is none."""
    n = len(counts)
    theta = np.pi * np.arange(n) / n
    (dots,) = ax.plot(theta, counts, ".", color=color, label=label or None)
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


def transfer(ax, b_in_deg, b_out):
    """Draw output against input bandwidth with its interval (a Summary over windows), and the identity."""
    limit = max(b_in_deg) * 1.08
    ax.plot([0, limit], [0, limit], color="black", linewidth=0.6, linestyle=":", label="$B_{out} = B_{in}$")
    artist = _errorbar(ax, b_in_deg, b_out, color=COLOURS["exc"], label="static ring")
    ax.set(xlim=(0, limit), ylim=(0, limit), xlabel=r"input $B_{in}$ (deg)", ylabel=r"output $B_{out}$ (deg)")
    ax.legend()
    return artist


def _points(ax, x, values, **options):
    return _errorbar(ax, x, summary(values), **options)


def _errorbar(ax, x, s, **options):
    style = {"marker": "o", "linestyle": "-", "capsize": 2, **options}
    return ax.errorbar(x, s.mean, yerr=[s.mean - s.low, s.high - s.mean], **style)


def contrast_invariance(axes, gains_hz, b_deg, spikes):
    """Draw bandwidth and spike count against the input gain, (n_seeds, n_gains) each, on two axes."""
    _points(axes[0], gains_hz, b_deg, color=COLOURS["exc"])
    axes[0].set(xlabel="gain (Hz)", ylabel=r"$B_{out}$ (deg)", ylim=(0, 25))
    _points(axes[1], gains_hz, spikes, color=COLOURS["exc"])
    axes[1].set(xlabel="gain (Hz)", ylabel="spikes per window", ylim=(0, None))
    return axes


def variance_tuning(ax, b_deg, curves, fits=None):
    """Draw circular variance against stimulus bandwidth, {label: (n_seeds, n_b)}, with Naka-Rushton fits."""
    lines = []
    for (label, values), colour in zip(curves.items(), ("vermillion", "grey", "blue"), strict=False):
        lines.append(_points(ax, b_deg, values, color=OKABE_ITO[colour], label=label, linestyle="none"))
        fit = (fits or {}).get(label)
        if fit is not None and fit.ok:
            fine = np.linspace(min(b_deg), max(b_deg), 200)
            ax.plot(fine, fit.curve(np.deg2rad(fine)), color=OKABE_ITO[colour])
    if not lines:
        raise ParameterError("curves is empty; give {label: (n_seeds, n_b)}")
    ax.set(xlabel=r"stimulus bandwidth $B_\theta$ (deg)", ylabel="circular variance", ylim=(0, 1))
    ax.legend()
    return lines
