r"""Retina and LGN: a movie becomes the drive of orientation-selective V1 inputs.

One V1 input cell reads 7 x 7 LGN positions. Each position filters the movie's signed contrast with a
centre-surround kernel of zero mean and a biphasic temporal kernel, giving L_j(t); a log-Gabor template weights
them, and the sum is rectified once, at the V1 input:

.. math:: g_\theta(t) = \max\Big(0, \sum_j w_j^\theta L_j(t)\Big), \qquad \sum_j w_j^\theta = 0,\; |w^\theta| = 1

``LgnParams(legacy=True)`` runs the pipeline of the student project this model comes from (luminance not
mean-removed, a maximum instead of the inner product, unequal ON and OFF counts). Its tuning curve does not depend
on the stimulus: it is kept to show that.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import fft

from helpers.parameters import (
    ParameterError,
    Parameters,
    check_array,
    check_choice,
    check_integer,
    check_number,
    check_seed,
    parameter,
)
from helpers.stimuli import log_gabor

__all__ = [
    "LgnParams",
    "LgnResponse",
    "cell_centres",
    "lattice",
    "position_responses",
    "respond",
    "spatial_kernel",
    "spatial_profile",
    "template_weights",
    "templates",
    "temporal_filter",
]

CAI = "Cai 1997"
GEOMETRY = "here: samples the stimulus's .15 cycles/px"
KERNEL_STEPS = 10  # sub-pixel samples of the spatial kernel along each pixel


@dataclass(frozen=True)
class LgnParams(Parameters):
    """Parameters of the retina/LGN bank; lengths in pixels of the movie.

    With ``legacy=True`` the geometry, template, temporal form and scanned orientations are the source's own
    (:data:`LEGACY`), whatever the other fields say.
    """

    n_theta: int = parameter(12, "", "orientations of the bank, over 180 deg", "source", low=2)
    duration_ms: int = parameter(1000, "ms", "length of the response", "source", low=2)
    onset_ms: int = parameter(200, "ms", "left out of time averages: onset transient", "source", low=0)
    margin_px: int = parameter(20, "px", "border left free of cell centres", "source", low=13)
    spacing_px: float = parameter(10.0, "px", "sets the number of cells per axis", "source", low=1)
    lattice_step_px: int = parameter(2, "px", "step of the 7 x 7 lattice", GEOMETRY, low=1, high=3)
    template_sf_0: float = parameter(0.15, "cycles/px", "template frequency", GEOMETRY, low=0, high=0.5, low_open=True)
    template_b_sf: float = parameter(0.5, "", "sd of ln f of the template", "source", low=0, low_open=True)
    template_b_theta_rad: float = parameter(np.pi / 12, "rad", "its orientation sd", "source", low=0, low_open=True)
    sigma_centre_px: float = parameter(1.0, "px", "sd of the centre", "source", low=0, low_open=True)
    sigma_surround_px: float = parameter(1.2, "px", "sd of the surround", "source", low=0, low_open=True)
    temporal: str = parameter("cai", "", "form of the temporal filter", CAI, options=("cai", "coded"))
    rectify: str = parameter("v1", "", "where the half-rectification sits", "here", options=("v1", "lgn"))
    legacy: bool = parameter(False, "", "the source's pipeline, an artefact kept as control", "source")


LEGACY = dict(lattice_step_px=3, template_sf_0=0.05, temporal="coded")


def _check_params(params):
    if not isinstance(params, LgnParams):
        raise ParameterError(f"params is a {type(params).__name__}; give an LgnParams")
    return params


@dataclass(frozen=True)
class LgnResponse:
    """Drive of the V1 inputs.

    theta_rad : (n_theta,), preferred direction of the wave vector of each channel
    drive : (n_theta, n_cells, n_ms), >= 0, contrast units; with ``legacy`` a current in nA
    params : the :class:`LgnParams` used
    """

    theta_rad: np.ndarray
    drive: np.ndarray
    params: LgnParams

    def tuning(self):
        """Return the mean drive of each orientation over cells and time after the onset, shape (n_theta,)."""
        start = min(self.params.onset_ms, self.drive.shape[2] - 1)
        return self.drive[:, :, start:].mean(axis=(1, 2))


def temporal_filter(t_ms, *, form="cai"):
    r"""Return the biphasic temporal kernel at times `t_ms` >= 0.

    .. math:: F(t) = K_1 \frac{[c_1(t-t_1)]^{n_1}e^{-c_1(t-t_1)}}{n_1^{n_1}e^{-n_1}}
                   - K_2 \frac{[c_2(t-t_2)]^{n_2}e^{-c_2(t-t_2)}}{n_2^{n_2}e^{-n_2}}

    ``form="coded"`` is what the source programmed: a factor 90 and :math:`e^{-n}/n^2` instead of
    :math:`1/(n^n e^{-n})`, which makes the undershoot 2.6 times deeper.

    References
    ----------
    Cai, DeAngelis, Freeman (1997) J Neurophysiol 78:1045, doi 10.1152/jn.1997.78.2.1045

    Examples
    --------
    >>> float(temporal_filter(28.0).round(3)), float(temporal_filter(27.1, form="coded").round(3))
    (0.871, 1.035)
    """
    t_ms = check_array("t_ms", t_ms, low=0)
    check_choice("form", form, ("cai", "coded"))
    first, second = _phase(t_ms, 0.2, 7, form), _phase(t_ms, 0.12, 8, form)
    return (0.92 * first - 0.2 * second) * (90 if form == "coded" else 1)


def _phase(t_ms, rate_per_ms, n, form, start_ms=-6.0):
    u = rate_per_ms * (t_ms - start_ms)
    if form == "coded":
        return u**n * np.exp(-u - n) / n**2
    return (u / n) ** n * np.exp(n - u)


def spatial_profile(r_px, *, sigma_centre_px=1.0, sigma_surround_px=1.2):
    """Return the ON difference of Gaussians at radius `r_px`: exp(-r2/2c2)/c2 - exp(-r2/2s2)/s2.

    Examples
    --------
    >>> float(spatial_profile(0.0).round(4))
    0.3056
    """
    r2 = check_array("r_px", r_px) ** 2 / 2
    sd = [check_number("sigma_centre_px", sigma_centre_px, 0, low_open=True)]
    sd.append(check_number("sigma_surround_px", sigma_surround_px, 0, low_open=True))
    return np.exp(-r2 / sd[0] ** 2) / sd[0] ** 2 - np.exp(-r2 / sd[1] ** 2) / sd[1] ** 2


def spatial_kernel(params=LgnParams()):
    """Return the ON kernel sampled every .1 px on [-2, 2)^2, shape (40, 40); its sum is not zero."""
    _check_params(params)
    x = np.arange(-2 * KERNEL_STEPS, 2 * KERNEL_STEPS) / KERNEL_STEPS
    r = np.hypot(x[:, None], x[None, :])
    return spatial_profile(r, sigma_centre_px=params.sigma_centre_px, sigma_surround_px=params.sigma_surround_px)


def _blocks(kernel):
    """Return the kernel's samples grouped by pixel, shape (4, 4, 100)."""
    n = KERNEL_STEPS
    return kernel.reshape(4, n, 4, n).transpose(0, 2, 1, 3).reshape(4, 4, n * n)


def lattice(params=LgnParams()):
    """Return the offsets of the 49 LGN positions about the cell centre (pixel), shape (49, 2)."""
    steps = np.arange(-10, 10, 3) if _check_params(params).legacy else params.lattice_step_px * np.arange(-3, 4)
    return np.stack(np.meshgrid(steps, steps, indexing="ij"), axis=-1).reshape(-1, 2)


def cell_centres(size_px, *, params=LgnParams(), seed=0):
    """Return the integer centres (n_cells, 2) of the V1 inputs on a movie of `size_px`, each jittered by 0 or -1."""
    rng, params = check_seed(seed), _check_params(params)
    if not isinstance(size_px, (tuple, list)) or len(size_px) != 2:
        raise ParameterError(f"size_px = {size_px!r} is not (N_x, N_y); give two integers")
    size_px = [check_integer(f"size_px[{axis}]", n, 1) for axis, n in enumerate(size_px)]
    counts = [int((n - params.margin_px) / params.spacing_px) for n in size_px]
    if min(counts) < 1 or min(size_px) < 2 * params.margin_px:
        low = int(max(2 * params.margin_px, params.margin_px + params.spacing_px))
        raise ParameterError(f"movie has {tuple(size_px)} pixels; allowed: at least {low} each, or a smaller margin_px")
    axes = [np.linspace(params.margin_px, n - params.margin_px, k) for n, k in zip(size_px, counts, strict=True)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)
    return np.floor(grid).astype(int) + rng.integers(-1, 1, grid.shape)


def template_weights(params=LgnParams()):
    """Return ``(theta_rad, w)``: the scanned orientations and the weights (n_theta, 49) of the LGN positions.

    Template values with zero mean and unit norm, so that uniform light drives nothing; with ``legacy`` their
    signs only, which leaves 19 to 24 ON positions of 49, depending on the orientation.
    """
    p = params.replace(**LEGACY) if _check_params(params).legacy else params
    theta_rad = np.linspace(0, np.pi / 2, p.n_theta) if p.legacy else np.arange(p.n_theta) * np.pi / p.n_theta
    x, y = (lattice(p) + 32).T
    w = np.stack([field[x, y] for field in templates(theta_rad, params=p)])
    if p.legacy:
        return theta_rad, np.sign(w)
    w -= w.mean(axis=1, keepdims=True)
    return theta_rad, w / np.linalg.norm(w, axis=1, keepdims=True)


def templates(theta_rad, *, params=LgnParams()):
    """Return the log-Gabor templates (n_theta, 64, 64) about pixel (32, 32), from which the weights are read."""
    theta_rad = check_array("theta_rad", theta_rad, ndim=1)
    _check_params(params)
    shape = dict(sf_0=params.template_sf_0, b_sf=params.template_b_sf, b_theta_rad=params.template_b_theta_rad)
    return np.stack([log_gabor((64, 64), x=32, y=32, theta_rad=float(theta), **shape) for theta in theta_rad])


def position_responses(movie, *, fps, params=LgnParams(), seed=0):
    """Return the response of every LGN position, shape (n_cells, 49, n_ms): signed, or the source's level.

    Arguments as in :func:`respond`. ``legacy`` positions give the same level whether they are ON or OFF: the
    source's OFF cell flips the kernel, takes a minimum instead of a maximum, and rescales by a negative number.
    """
    movie = _check_movie(movie, fps, params)
    patches = _patches(movie, cell_centres(movie.shape[:2], params=params, seed=seed), lattice(params))
    blocks = _blocks(spatial_kernel(params))
    if params.legacy:
        frames = (patches * blocks.max(axis=2)[..., None]).max(axis=(2, 3))
        return _legacy_level(_filtered(frames, fps, params), blocks)
    kernel = (blocks - blocks.mean()).mean(axis=2)
    return _filtered(np.einsum("cpxyt,xy->cpt", patches, kernel), fps, params)


def _check_movie(movie, fps, params):
    _check_params(params)
    check_number("fps", fps, 0, 1000, low_open=True, hint="frames per second")
    movie = check_array("movie", movie, ndim=3, low=0 if params.legacy else None)
    movie = movie.astype(float)
    if params.legacy:
        return movie
    return movie - movie.mean() if np.ptp(movie) else np.zeros_like(movie)


def _patches(movie, centres, offsets):
    """Return the 4 x 4 pixels around each position, shape (n_cells, 49, 4, 4, n_frames)."""
    corner = centres[:, None, :] + offsets[None, :, :] - 2
    x = corner[..., 0, None, None] + np.arange(4)[:, None]
    y = corner[..., 1, None, None] + np.arange(4)[None, :]
    return movie[x, y]


def _filtered(frames, fps, params):
    """Hold each frame for its duration, in ms steps, and convolve causally with the temporal kernel."""
    t_ms = np.arange(params.duration_ms)
    index = t_ms // int(1000 / fps) if params.legacy else (t_ms * fps / 1000.0).astype(int)
    held = frames[..., np.minimum(index, frames.shape[-1] - 1)]
    kernel = temporal_filter(np.arange(300.0), form="coded" if params.legacy else params.temporal)
    n = fft.next_fast_len(params.duration_ms + kernel.size - 1, real=True)
    spectrum = fft.rfft(held, n) * fft.rfft(kernel, n)
    return fft.irfft(spectrum, n)[..., : params.duration_ms]


def _legacy_level(y, blocks):
    return np.where(y > 0, y * blocks.max(), y * blocks.min())


def respond(movie, *, fps, params=LgnParams(), seed=0):
    """Return the drive of the V1 inputs by a movie.

    Parameters
    ----------
    movie : array_like, shape (N_x, N_y, N_t)
        Luminance; the contrast is taken about its mean and not divided by its standard deviation. The last
        frame is held if the movie is shorter than ``params.duration_ms``.
    fps : float
        Frames per second, in (0, 1000].
    params : LgnParams
    seed : int or numpy.random.Generator
        Of the jitter of the cell centres.

    Returns
    -------
    LgnResponse
        ``drive`` has shape (n_theta, n_cells, duration_ms).

    Raises
    ------
    ParameterError
        Wrong shape, NaN, a movie smaller than the margins, negative luminance with ``legacy``.

    Examples
    --------
    >>> respond(np.full((64, 64, 24), .5), fps=24).drive.shape
    (12, 16, 1000)
    """
    positions = position_responses(movie, fps=fps, params=params, seed=seed)
    theta_rad, w = template_weights(params)
    if params.legacy:
        drive = np.where(w > 0, 0.2, -0.1) @ positions
    elif params.rectify == "lgn":
        drive = np.maximum(w, 0) @ np.maximum(positions, 0) + np.maximum(-w, 0) @ np.maximum(-positions, 0)
    else:
        drive = np.maximum(w @ positions, 0)
    drive = np.ascontiguousarray(drive.swapaxes(0, 1))
    return LgnResponse(theta_rad, drive, params)
