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

import functools
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import fft

from helpers.parameters import ParameterError, check_array, check_integer, check_number, check_seed, doors, short
from helpers.stimuli import log_gabor
from helpers.v1.params import LgnParams

__all__ = ["LEGACY", "LgnResponse", "cell_centres", "lattice", "on_off", "position_responses", "respond"]
__all__ += ["spatial_kernel", "spatial_profile", "template_weights", "templates", "temporal_filter"]

KERNEL_STEPS = 10  # sub-pixel samples of the spatial kernel along each pixel
STANDARD = LgnParams()
UNIFORM = 0.01  # a frame is dark if its range of luminance is below this share of that of the upper tenth

#: What the source fixes; the counts, times and borders can be chosen with ``legacy=True`` too.
LEGACY = dict(lattice_step_px=3, template_sf_0=0.05, temporal="coded")
CHOSEN = ("n_theta", "duration_ms", "onset_ms", "margin_px", "spacing_px", "random_shift")


@dataclass(frozen=True, eq=False)
class LgnResponse:
    """Drive of the V1 inputs.

    Attributes
    ----------
    theta_rad : array (n_theta,)
        Preferred direction of the wave vector of each channel.
    drive : array (n_theta, n_cells, n_ms)
        Contrast units, >= 0; with ``legacy`` a current in nA.
    dark : array of bool (n_ms,)
        The ms in which the movie is spatially uniform and shows no orientation.
    params : LgnParams
    """

    theta_rad: np.ndarray
    drive: np.ndarray
    dark: np.ndarray
    params: LgnParams

    def tuning(self) -> np.ndarray:
        """Return the mean drive of each orientation over cells and time, shape (n_theta,).

        Left out are the dark ms, in which the temporal kernel still answers to what was there before, and the first
        `onset_ms` of the movie and after each dark part: the answer to the switch. A wholly dark movie gives 0.

        Raises
        ------
        ParameterError
            If nothing else is left.
        """
        n_ms, since, used = self.drive.shape[2], 0, np.zeros(self.dark.shape, dtype=bool)
        for t_ms, dark in enumerate(self.dark):
            used[t_ms] = not dark and since >= self.params.onset_ms
            since = 0 if dark else since + 1
        if not used.any() and not self.dark.all():
            raise ParameterError(
                f"tuning() has nothing to average: no lit part of the {n_ms} ms lasts longer than onset_ms = "
                f"{self.params.onset_ms}; lower it, or hold the last frame with duration_ms"
            )
        return self.drive[:, :, used if used.any() else self.dark].mean(axis=(1, 2))


def temporal_filter(t_ms: Any, *, params: LgnParams = STANDARD) -> np.ndarray:
    r"""Return the biphasic temporal kernel at times `t_ms` >= 0, 0 before a phase starts.

    .. math:: F(t) = K_1 \frac{[c_1(t-t_1)]^{n_1}e^{-c_1(t-t_1)}}{n_1^{n_1}e^{-n_1}}
                   - K_2 \frac{[c_2(t-t_2)]^{n_2}e^{-c_2(t-t_2)}}{n_2^{n_2}e^{-n_2}}

    ``temporal="coded"`` is what the source programmed: a factor 90 and :math:`e^{-n}/n^2` instead of
    :math:`1/(n^n e^{-n})`, which makes the undershoot 2.6 times deeper.

    References
    ----------
    Cai, DeAngelis, Freeman (1997) J Neurophysiol 78:1045, doi 10.1152/jn.1997.78.2.1045

    Examples
    --------
    >>> float(temporal_filter(28.0).round(3)), float(temporal_filter(27.1, params=LgnParams(temporal="coded")).round(3))
    (0.871, 1.035)
    """
    t_ms, p, phases = check_array("t_ms", t_ms, low=0), checked_params(params), []
    for rate_per_ms, n, start_ms in ((p.c_1_per_ms, p.n_1, p.t_1_ms), (p.c_2_per_ms, p.n_2, p.t_2_ms)):
        u = np.maximum(rate_per_ms * (t_ms - start_ms), 0)
        coded = p.temporal == "coded"
        phases.append(90 * u**n * np.exp(-u - n) / n**2 if coded else (u / n) ** n * np.exp(n - u))
    return p.k_1 * phases[0] - p.k_2 * phases[1]


def spatial_profile(r_px: Any, *, sigma_centre_px: float = 1.0, sigma_surround_px: float = 1.2) -> np.ndarray:
    """Return the ON difference of Gaussians at radius `r_px`: exp(-r2/2c2)/c2 - exp(-r2/2s2)/s2.

    Examples
    --------
    >>> float(spatial_profile(0.0).round(4))
    0.3056
    """
    r2 = check_array("r_px", r_px) ** 2 / 2
    centre = check_number("sigma_centre_px", sigma_centre_px, 0, low_open=True)
    surround = check_number("sigma_surround_px", sigma_surround_px, 0, low_open=True)
    return np.exp(-r2 / centre**2) / centre**2 - np.exp(-r2 / surround**2) / surround**2


def spatial_kernel(params: LgnParams = STANDARD) -> np.ndarray:
    """Return the ON kernel sampled every .1 px, shape (10 kernel_px, 10 kernel_px); its sum is not zero."""
    p = checked_params(params)
    half = p.kernel_px * KERNEL_STEPS // 2
    x = np.arange(-half, half) / KERNEL_STEPS
    r = np.hypot(x[:, None], x[None, :])
    return spatial_profile(r, sigma_centre_px=p.sigma_centre_px, sigma_surround_px=p.sigma_surround_px)


def lattice(params: LgnParams = STANDARD) -> np.ndarray:
    """Return the offsets of the 49 LGN positions about the cell centre (pixel), shape (49, 2)."""
    p = checked_params(params)
    steps = np.arange(-10, 10, 3) if p.legacy else p.lattice_step_px * np.arange(-3, 4)
    return np.stack(np.meshgrid(steps, steps, indexing="ij"), axis=-1).reshape(-1, 2)


def cell_centres(size_px: tuple, *, params: LgnParams = STANDARD, seed: Any = 0) -> np.ndarray:
    """Return the integer centres (n_cells, 2) of the V1 inputs on a movie of `size_px`.

    With `random_shift` each is moved by 0 or -1 px along both axes.
    """
    rng, params = check_seed(seed), checked_params(params)
    if not isinstance(size_px, (tuple, list)) or len(size_px) != 2:
        raise ParameterError(f"size_px = {short(size_px)} is not (N_x, N_y); give two integers")
    margin, axes = params.margin_px, []
    for axis, n in enumerate(size_px):
        n = check_integer(f"size_px[{axis}]", n, 1)
        n_cells = int((n - margin) / params.spacing_px)
        if n_cells < 1 or n < 2 * margin:
            low = int(max(2 * margin, margin + params.spacing_px))
            raise ParameterError(
                f"movie has {tuple(size_px)} pixels; allowed: at least {low} each, or a smaller margin_px; its axes "
                "are (x, y, t), and stimuli.read_movie turns others"
            )
        axes.append(np.linspace(margin, n - margin, n_cells))
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)
    return np.floor(grid).astype(int) + (rng.integers(-1, 1, grid.shape) if params.random_shift else 0)


def template_weights(params: LgnParams = STANDARD) -> tuple[np.ndarray, np.ndarray]:
    """Return ``(theta_rad, w)``: the scanned orientations and the weights (n_theta, 49) of the LGN positions.

    Template values with zero mean and unit norm, so that uniform light drives nothing; positions between the two
    thresholds get 0, and OFF positions (w < 0) are multiplied with `off_gain`. With ``legacy`` the weights are the
    signs only, which leaves 19 to 24 ON positions of 49, depending on the orientation. The arrays are read-only.
    """
    return kept_weights(checked_params(params))


@functools.lru_cache(maxsize=8)
def kept_weights(p):
    """Return what :func:`template_weights` does, made once per set of parameters: 60 templates take 30 ms."""
    theta_rad = np.linspace(0, np.pi / 2, p.n_theta) if p.legacy else np.arange(p.n_theta) * np.pi / p.n_theta
    x, y = (lattice(p) + 32).T
    w = np.stack([field[x, y] for field in templates(theta_rad, params=p)])
    if p.legacy:
        return read_only(theta_rad, np.sign(w))
    w -= w.mean(axis=1, keepdims=True)
    share = w / np.abs(w).max(axis=1, keepdims=True)
    w[(share <= p.on_threshold) & (share >= -p.off_threshold)] = 0
    w /= np.linalg.norm(w, axis=1, keepdims=True)
    return read_only(theta_rad, np.where(w < 0, p.off_gain * w, w))


def read_only(*arrays):
    """Return the arrays, which can no longer be changed in place."""
    for array in arrays:
        array.setflags(write=False)
    return arrays


def templates(theta_rad: Any, *, params: LgnParams = STANDARD) -> np.ndarray:
    """Return the log-Gabor templates (n_theta, 64, 64) about pixel (32, 32), from which the weights are read."""
    theta_rad = check_array("theta_rad", theta_rad, ndim=1)
    p = checked_params(params)
    shape = dict(sf_0=p.template_sf_0, b_sf=p.template_b_sf, b_theta_rad=p.template_b_theta_rad)
    return np.stack([log_gabor((64, 64), x=32, y=32, theta_rad=float(theta), **shape) for theta in theta_rad])


def position_responses(movie: Any, *, fps: float, params: LgnParams = STANDARD, seed: Any = 0) -> np.ndarray:
    """Return the response of every LGN position, shape (n_cells, 49, n_ms): signed, or the source's level.

    Arguments as in :func:`respond`. ``legacy`` positions give the same level whether they are ON or OFF: the
    source's OFF cell flips the kernel, takes a minimum instead of a maximum, and rescales by a negative number.
    """
    params = checked_params(params)
    return over_time(seen(movie, fps, params, seed)[0], fps, params)


def on_off(movie: Any, *, fps: float, params: LgnParams = STANDARD, seed: Any = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return the input of each V1 cell from its ON and from its OFF positions, (n_theta, n_cells, n_ms) each.

    Arguments as in :func:`respond`. ``on`` is the weighted sum of L_j over the positions with w_j > 0, ``off`` that of
    the positions with w_j < 0, with weights |w_j|: both grow with light, and :func:`respond` gives max(0, on - off).
    With ``rectify="lgn"`` only positive L_j count for ``on`` and negative ones for ``off``. With ``legacy`` all weights
    are 1, and ``.2 on - .1 off`` is the current in nA.

    Examples
    --------
    >>> movie = np.random.default_rng(1).random((64, 64, 24))
    >>> on, off = on_off(movie, fps=24)
    >>> on.shape, bool(np.allclose(np.maximum(on - off, 0), respond(movie, fps=24).drive))
    ((12, 16, 1000), True)
    """
    params = checked_params(params)
    frames, _ = seen(movie, fps, params, seed)
    return halves(template_weights(params)[1], frames, fps, params)


def respond(movie: Any, *, fps: float, params: LgnParams = STANDARD, seed: Any = 0) -> LgnResponse:
    """Return the drive of the V1 inputs by a movie.

    Parameters
    ----------
    movie : array_like, shape (N_x, N_y, N_t)
        Luminance, of any length; the contrast is taken about its mean and not divided by its standard deviation.
        Files and other axes: :func:`helpers.stimuli.read_movie`.
    fps : float
        Frames per second, in (0, 1000].
    params : LgnParams
        ``duration_ms=0`` answers the whole movie, N_t / fps; a shorter time cuts it, a longer one holds its last frame.
    seed : int or numpy.random.Generator
        Of the jitter of the cell centres.

    Returns
    -------
    LgnResponse
        ``drive`` has shape (n_theta, n_cells, n_ms).

    Raises
    ------
    ParameterError
        Wrong shape, NaN, whole numbers such as 0 to 255, a movie smaller than the margins, negative luminance with
        ``legacy``.

    Warns
    -----
    UserWarning
        If frames are spatially uniform (their range of luminance is below 1 % of the largest): from when to when.
        They are taken as exactly uniform, and :meth:`LgnResponse.tuning` leaves them out.

    Examples
    --------
    >>> respond(np.random.default_rng(1).random((64, 64, 48)), fps=24).drive.shape
    (12, 16, 2000)
    """
    params = checked_params(params)
    frames, dark = seen(movie, fps, params, seed)
    theta_rad, w = template_weights(params)
    if params.legacy or params.rectify == "lgn":
        on, off = halves(w, frames, fps, params)
        drive = 0.2 * on - 0.1 * off if params.legacy else on - off
    else:
        drive = np.maximum(over_time(w @ frames, fps, params), 0).swapaxes(0, 1)
    return LgnResponse(theta_rad, np.ascontiguousarray(drive), dark, params)


def checked_params(params):
    """Return the parameters; with ``legacy``, the source's own in place of the others."""
    if not params.legacy:
        return params
    return LgnParams(legacy=True, **LEGACY, **{name: getattr(params, name) for name in CHOSEN})


def seen(movie, fps, params, seed):
    """Return the answer of each position to each frame (n_cells, 49, n_frames), and which ms are dark."""
    check_number("fps", fps, 0.1, 1000, hint="frames per second")
    movie = check_array("movie", movie, ndim=3, low=0 if params.legacy else None).astype(float)
    highest = np.abs(movie).max()
    if highest > 50 or (highest > 1 and (movie == np.rint(movie)).all()):
        raise ParameterError(
            f"movie holds values up to {highest:g}; give luminance in [0, 1], as stimuli.read_movie does, or contrast "
            "in standard deviations"
        )
    corner = cell_centres(movie.shape[:2], params=params, seed=seed)[:, None] + lattice(params) - params.kernel_px // 2
    span = np.ptp(movie, axis=(0, 1))
    uniform = span <= max(UNIFORM * np.percentile(span, 90), 1e-12 * highest)
    dark = held(uniform, fps, params)
    warn_of_dark(dark)
    if not params.legacy:
        movie = np.where(uniform, 0, movie - movie.mean())
    n = params.kernel_px
    blocks = spatial_kernel(params).reshape(n, KERNEL_STEPS, n, KERNEL_STEPS)
    weight = blocks.max(axis=(1, 3)) if params.legacy else (blocks - blocks.mean()).mean(axis=(1, 3))
    frames = np.full((*corner.shape[:2], movie.shape[2]), -np.inf if params.legacy else 0.0)
    for x, y in np.ndindex(n, n):
        pixel = weight[x, y] * movie[corner[..., 0] + x, corner[..., 1] + y]
        frames = np.maximum(frames, pixel) if params.legacy else frames + pixel
    return frames, dark


def warn_of_dark(dark):
    """Say from when to when the movie is uniform."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], dark, [0]]))) / 1000
    if len(edges):
        parts = ", ".join(f"{start:.2f} to {end:.2f} s" for start, end in edges[:8].reshape(-1, 2))
        more = f" and {len(edges) // 2 - 4} more parts" if len(edges) > 8 else ""
        warnings.warn(
            f"the movie is uniform from {parts}{more}: no orientation there, left out of tuning()",
            stacklevel=5,
        )


def held(frames, fps, params):
    """Hold each frame for its duration, in steps of 1 ms; the last one to the end of the response."""
    n_frames = frames.shape[-1]
    t_ms = np.arange(params.duration_ms or max(1, int(n_frames * 1000 / fps + 1e-9)))
    index = t_ms // int(1000 / fps) if params.legacy else (t_ms * fps / 1000.0).astype(int)
    return frames[..., np.minimum(index, n_frames - 1)]


def over_time(frames, fps, params):
    """Hold the frames and convolve causally with the temporal kernel; with ``legacy``, rescale as the source does."""
    signal = held(frames, fps, params)
    p = params
    ends_ms = (p.n_1 + 25) / p.c_1_per_ms + p.t_1_ms, (p.n_2 + 25) / p.c_2_per_ms + p.t_2_ms
    kernel = temporal_filter(np.arange(np.ceil(max(300.0, *ends_ms))), params=p)
    n_ms = signal.shape[-1]
    n = fft.next_fast_len(n_ms + kernel.size - 1, real=True)
    y = fft.irfft(fft.rfft(signal, n) * fft.rfft(kernel, n), n)[..., :n_ms]
    if params.legacy:
        z = spatial_kernel(params)
        y = np.where(y > 0, y * z.max(), y * z.min())
    return y


def halves(w, frames, fps, params):
    """Return the sums over the ON and over the OFF positions, with weights w."""
    if params.legacy:
        positions = over_time(frames, fps, params)
        sums = (w > 0) @ positions, (w <= 0) @ positions
    elif params.rectify == "lgn":
        positions = over_time(frames, fps, params)
        sums = np.maximum(w, 0) @ np.maximum(positions, 0), np.maximum(-w, 0) @ np.minimum(positions, 0)
    else:
        sums = over_time(np.maximum(w, 0) @ frames, fps, params), over_time(np.maximum(-w, 0) @ frames, fps, params)
    on, off = np.swapaxes(sums, 1, 2)
    return np.ascontiguousarray(on), np.ascontiguousarray(off)


doors(globals())
