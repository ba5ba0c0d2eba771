"""Stimuli as arrays: motion clouds, gratings, log-Gabor templates, Poisson spike trains, GIF files.

Conventions, tested in ``tests/test_stimuli.py``:

* movies have axes (x, y, t); spatial frequency is in cycles/pixel, temporal frequency in cycles/frame;
* ``theta_rad`` is the direction of the wave vector, the normal to the stripes, counter-clockwise from x; it is
  pi-periodic. Drawn with ``imshow(frame.T, origin="lower")`` the angle on the page is the angle in the formula;
* a velocity of 1 is one pixel per frame, towards growing x for ``v_x > 0``.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import fft

from helpers.parameters import (
    OutputError,
    ParameterError,
    check_array,
    check_choice,
    check_integer,
    check_number,
    check_seed,
)

__all__ = [
    "CloudStatistics",
    "cloud_statistics",
    "grating",
    "log_gabor",
    "motion_cloud",
    "poisson_trains",
    "save_animation",
]

METHODS = ("michelson", "energy", "raw")


def motion_cloud(
    shape,
    *,
    theta_rad,
    b_theta_rad,
    sf_0,
    b_sf,
    v_x=1.0,
    v_y=0.0,
    b_v=0.5,
    alpha=0.0,
    contrast=1.0,
    method="michelson",
    seed,
):
    r"""Draw a random texture with given orientation, spatial frequency and speed: a MotionCloud.

    Gaussian noise is given the spectral amplitude

    .. math::

        f_R^{-\alpha}\; e^{\frac{\cos 2(\varphi-\theta)-1}{4B_\theta^2}}\;
        \frac{1}{f_R} e^{-\frac{\ln^2(f_R/f_0)}{2\ln^2(1+B_f/f_0)}}\;
        e^{-\frac{(f_t+V_xf_x+V_yf_y)^2}{2B_V^2f_R^2}}

    Only half of the spectrum is built (the movie is real), in single precision, and the three spatial factors
    are evaluated once per spatial frequency, as logarithms shifted to a maximum of one: no bandwidth overflows.

    Parameters
    ----------
    shape : (int, int, int)
        N_x, N_y >= 2 pixels and N_t >= 1 frames; one frame has no temporal factor.
    theta_rad : float
        Direction of the wave vector (rad).
    b_theta_rad : float
        Orientation bandwidth (rad), > 0; ``inf`` makes the cloud isotropic. It is the standard deviation of the
        *amplitude*; that of the power is smaller by sqrt 2.
    sf_0, b_sf : float
        Spatial frequency and its bandwidth (cycles/pixel), both > 0.
    v_x, v_y, b_v : float
        Velocity and its bandwidth (pixel/frame), ``b_v >= 0``; 0 freezes the cloud (the velocity is then not
        used), ``inf`` makes every frame independent.
    alpha : float
        Exponent of the extra 1/f^alpha colour.
    contrast : float
        In [0, 1] for "michelson", in [0, 1e6] otherwise; not used for "raw".
    method : {"michelson", "energy", "raw"}
        Zero-mean z becomes ``.5 contrast z/max|z| + .5`` (inside [0, 1], one end touched),
        ``.5 contrast z/sd + .5`` (not clipped), or z with unit variance.
    seed : int or numpy.random.Generator

    Returns
    -------
    ndarray of float32, shape (N_x, N_y, N_t)

    Raises
    ------
    ParameterError
        An argument out of range, or no bin of the grid inside the envelope.

    References
    ----------
    Sanz Leon, Vanzetta, Masson, Perrinet (2012) J Neurophysiol 107:3217, doi 10.1152/jn.00737.2011

    Examples
    --------
    >>> cloud = motion_cloud((32, 32, 16), theta_rad=0., b_theta_rad=.3, sf_0=.15, b_sf=.1, seed=1)
    >>> cloud.shape, cloud.dtype, bool(abs(cloud - .5).max() == .5)
    ((32, 32, 16), dtype('float32'), True)
    """
    shape = _check_shape(shape)
    check_number("theta_rad", theta_rad, high_open=True, low_open=True)
    check_number("b_theta_rad", b_theta_rad, 0, low_open=True, hint="inf gives an isotropic cloud")
    _check_frequency(sf_0, b_sf)
    for name, value in (("v_x", v_x), ("v_y", v_y), ("alpha", alpha)):
        check_number(name, value, low_open=True, high_open=True)
    check_number("b_v", b_v, 0, hint="0 freezes the cloud, inf makes frames independent")
    check_choice("method", method, METHODS)
    check_number("contrast", contrast, 0, 1 if method == "michelson" else 1e6)
    spectrum = _half_spectrum_noise(shape, check_seed(seed))
    with np.errstate(over="ignore"):
        spectrum *= _spatial_envelope(shape, theta_rad, b_theta_rad, sf_0, b_sf, alpha)[..., None]
        _apply_speed(spectrum, shape, v_x, v_y, b_v)
    return _rectified(fft.irfftn(spectrum, s=shape, overwrite_x=True), contrast, method)


def _check_shape(shape):
    if not isinstance(shape, (tuple, list)) or len(shape) != 3:
        raise ParameterError(f"shape = {shape!r} is not (N_x, N_y, N_t); give three integers")
    lows = (2, 2, 1)
    return tuple(check_integer(f"shape[{axis}]", n, low) for axis, (n, low) in enumerate(zip(shape, lows, strict=True)))


def _check_frequency(sf_0, b_sf):
    check_number("sf_0", sf_0, 0, 1, low_open=True, hint="cycles per pixel; the grid reaches .5")
    check_number("b_sf", b_sf, 0, low_open=True, high_open=True)


def _half_spectrum_noise(shape, rng):
    """Return white complex noise on f_t >= 0; the self-conjugate planes lose half their power in the inverse."""
    half = np.empty((*shape[:2], shape[2] // 2 + 1), np.complex64)
    rng.standard_normal(dtype=np.float32, out=half.view(np.float32))
    half[..., 0] *= np.float32(np.sqrt(2))
    if shape[2] % 2 == 0:
        half[..., -1] *= np.float32(np.sqrt(2))
    return half


def _grid(shape):
    """Return f_x (N_x, 1), f_y (1, N_y) and f_R with the origin at infinity, where every envelope vanishes."""
    f_x, f_y = np.fft.fftfreq(shape[0])[:, None], np.fft.fftfreq(shape[1])[None, :]
    f_r = np.hypot(f_x, f_y)
    f_r[0, 0] = np.inf
    return f_x, f_y, f_r


def _spatial_envelope(shape, theta_rad, b_theta_rad, sf_0, b_sf, alpha):
    f_x, f_y, f_r = _grid(shape)
    f_r[0, 0] = 1.0
    log_f = np.log(f_r)
    log_amplitude = -(1 + alpha) * log_f - 0.5 * ((log_f - np.log(sf_0)) / np.log1p(b_sf / sf_0)) ** 2
    cosine = np.cos(2 * (np.arctan2(f_y, f_x) - theta_rad))
    log_amplitude += (cosine - 1) / 4 / b_theta_rad / b_theta_rad
    log_amplitude[0, 0] = -np.inf
    peak = log_amplitude.max()
    if not np.isfinite(peak):
        raise ParameterError(f"b_theta_rad = {b_theta_rad:g}: no bin of the {shape[:2]} grid is inside; widen it")
    return np.exp(log_amplitude - peak).astype(np.float32)


def _apply_speed(spectrum, shape, v_x, v_y, b_v):
    """Multiply by the speed envelope in place, one plane of constant f_x at a time."""
    if shape[2] == 1 or b_v == np.inf:
        return
    if b_v == 0:
        spectrum[..., 1:] = 0
        return
    f_x, f_y, f_r = _grid(shape)
    f_t = np.fft.rfftfreq(shape[2]).astype(np.float32)
    scale = np.sqrt(0.5) / max(b_v, 1e-12) / f_r  # thinner than any bin, and finite in single precision
    shift = ((v_x * f_x + v_y * f_y) * scale).astype(np.float32)
    scale = scale.astype(np.float32)
    for plane, k, s in zip(spectrum, scale, shift, strict=True):
        distance = np.multiply.outer(k, f_t)
        distance += s[:, None]
        np.square(distance, out=distance)
        np.negative(distance, out=distance)
        plane *= np.exp(distance, out=distance)


def _rectified(z, contrast, method):
    z -= z.mean(dtype=float)
    scale = np.abs(z).max() if method == "michelson" else z.std(dtype=float)
    if not scale > 0:
        raise ParameterError("the envelope leaves no energy on this grid; enlarge the shape or widen the bandwidths")
    z /= np.float32(scale)
    if method != "raw":
        z *= np.float32(0.5 * contrast)
        z += np.float32(0.5)
    return z


@dataclass(frozen=True)
class CloudStatistics:
    """Moments of the power spectrum and of the pixel values of a movie.

    theta_rad, cv : circular mean (in [0, pi)) and circular variance of the orientation of the power
    v_x, v_y : velocity of the fitted speed plane (pixel/frame); nan for one frame
    speed_spread : rms distance from that plane over f_R; theory B_V / sqrt 2
    log_mean_sf : exp of the mean of ln f (cycles/pixel); theory sf_0 exp(s^2/2), s = ln(1 + B_sf/sf_0), alpha 0
    log_sd_sf : standard deviation of ln f; theory s / sqrt 2
    kurtosis : of the pixel values, 3 for a Gaussian texture
    """

    theta_rad: float
    cv: float
    v_x: float
    v_y: float
    speed_spread: float
    log_mean_sf: float
    log_sd_sf: float
    kurtosis: float


def cloud_statistics(movie):
    """Measure :class:`CloudStatistics` of a movie (N_x, N_y, N_t) from its power spectrum.

    Examples
    --------
    >>> cloud = motion_cloud((64, 64, 32), theta_rad=1., b_theta_rad=.2, sf_0=.15, b_sf=.1, seed=1)
    >>> abs(cloud_statistics(cloud).theta_rad - 1.) < .1
    True
    """
    movie = check_array("movie", movie, ndim=3)
    if not np.ptp(movie, axis=(0, 1)).any():
        raise ParameterError("movie has no spatial contrast, so no spectrum; give frames that are not uniform")
    z = movie - movie.mean(dtype=float)
    power = np.abs(fft.rfftn(z)) ** 2
    power[..., 1 : (z.shape[2] + 1) // 2] *= 2
    f_x, f_y, f_r = _grid(z.shape)
    spatial = power.sum(axis=2)
    spatial[0, 0] = 0
    orientation = np.average(np.exp(2j * np.arctan2(f_y, f_x)), weights=spatial)
    f_r[0, 0] = 1.0
    mean, sd = _weighted_moments(np.log(f_r), spatial)
    velocity, spread = _speed_plane(power, f_x, f_y, f_r, np.fft.rfftfreq(z.shape[2]))
    return CloudStatistics(
        theta_rad=float(np.angle(orientation) / 2 % np.pi),
        cv=float(1 - abs(orientation)),
        v_x=velocity[0],
        v_y=velocity[1],
        speed_spread=spread,
        log_mean_sf=float(np.exp(mean)),
        log_sd_sf=sd,
        kurtosis=float(np.mean(z**4, dtype=float) / np.mean(z**2, dtype=float) ** 2),
    )


def _weighted_moments(x, weights):
    mean = np.average(x, weights=weights)
    return mean, float(np.sqrt(np.average((x - mean) ** 2, weights=weights)))


def _speed_plane(power, f_x, f_y, f_r, f_t):
    """Fit f_t = -V.f to the power, each bin weighted by power / f_R^2, as the speed envelope does."""
    if power.shape[2] == 1:
        return (np.nan, np.nan), np.nan
    power = power.copy()
    power[0, 0] = 0
    first, second = power @ f_t / f_r**2, power @ f_t**2 / f_r**2
    total = power.sum(axis=2) / f_r**2
    a = np.array([[(total * p * q).sum() for q in (f_x, f_y)] for p in (f_x, f_y)])
    b = -np.array([(first * p).sum() for p in (f_x, f_y)])
    v = np.linalg.lstsq(a, b, rcond=1e-9)[0]
    residual = second.sum() - v @ b
    return (float(v[0]), float(v[1])), float(np.sqrt(max(residual, 0) / power.sum()))


def grating(shape, *, theta_rad, sf_0, v_x=1.0, v_y=0.0, phase=0.0, contrast=1.0):
    """Return a drifting sinusoidal grating in [0, 1], float32: .5 + .5 contrast cos(2 pi f.(x - V t) + phase).

    The cloud of zero bandwidth; arguments as in :func:`motion_cloud`, `phase` in rad.

    Examples
    --------
    >>> bool(grating((8, 8, 1), theta_rad=0., sf_0=.25)[0, 0, 0] == 1)
    True
    """
    n_x, n_y, n_t = _check_shape(shape)
    for name, value in (("theta_rad", theta_rad), ("v_x", v_x), ("v_y", v_y), ("phase", phase)):
        check_number(name, value, low_open=True, high_open=True)
    check_number("sf_0", sf_0, 0, 0.5, low_open=True, hint="cycles per pixel")
    check_number("contrast", contrast, 0, 1)
    f_x, f_y = sf_0 * np.cos(theta_rad), sf_0 * np.sin(theta_rad)
    x, y, t = np.ogrid[:n_x, :n_y, :n_t]
    wave = np.cos(2 * np.pi * (f_x * (x - v_x * t) + f_y * (y - v_y * t)) + phase)
    return (0.5 + 0.5 * contrast * wave).astype(np.float32)


def log_gabor(shape, *, x, y, sf_0, b_sf, theta_rad, b_theta_rad, phase=0.0):
    r"""Return a log-Gabor receptive field (N_x, N_y) with unit norm and zero mean.

    .. math:: \frac1{f_R} e^{-\frac{\ln^2(f_R/f_0)}{2 B_f^2}}\; e^{\frac{\cos(\varphi-\theta)-1}{B_\theta^2}}

    One lobe in frequency: its real part is even about the centre, and `phase` pi/2 gives the odd partner.

    Parameters
    ----------
    shape : (int, int)
        Pixels; the field wraps around the borders.
    x, y : float
        Centre (pixel), along axes 0 and 1.
    sf_0 : float
        Spatial frequency (cycles/pixel), > 0.
    b_sf : float
        Standard deviation of ln f (not cycles/pixel as in :func:`motion_cloud`), > 0.
    theta_rad, b_theta_rad : float
        Direction of the wave vector and standard deviation around it (rad); ``inf`` for every direction.
    phase : float
        In rad.

    References
    ----------
    Fischer, Sroubek, Perrinet, Redondo, Cristobal (2007) Int J Comput Vis 75:231, doi 10.1007/s11263-006-0026-8

    Examples
    --------
    >>> field = log_gabor((32, 32), x=16, y=16, sf_0=.15, b_sf=.5, theta_rad=0., b_theta_rad=.26)
    >>> bool(field.argmax() == 16 * 32 + 16)
    True
    """
    if not isinstance(shape, (tuple, list)) or len(shape) != 2:
        raise ParameterError(f"shape = {shape!r} is not (N_x, N_y); give two integers")
    shape = tuple(check_integer(f"shape[{axis}]", n, 2) for axis, n in enumerate(shape))
    for name, value in (("x", x), ("y", y), ("theta_rad", theta_rad), ("phase", phase)):
        check_number(name, value, low_open=True, high_open=True)
    _check_frequency(sf_0, b_sf)
    check_number("b_theta_rad", b_theta_rad, 0, low_open=True)
    f_x, f_y, f_r = _grid(shape)
    f_r[0, 0] = 1.0
    log_f = np.log(f_r)
    log_env = -log_f - 0.5 * ((log_f - np.log(sf_0)) / b_sf) ** 2
    log_env += (np.cos(np.arctan2(f_y, f_x) - theta_rad) - 1) / b_theta_rad / b_theta_rad
    log_env[0, 0] = -np.inf
    envelope = np.exp(log_env - log_env.max())
    field = fft.ifft2(envelope * np.exp(1j * (phase - 2 * np.pi * (x * f_x + y * f_y)))).real
    return field / np.linalg.norm(field)


def poisson_trains(rate_hz, *, dt_ms, seed):
    """Draw independent inhomogeneous Poisson spike trains with piecewise-constant rates.

    In each step the count is Poisson with mean ``rate dt`` and the times are uniform inside it: exact for any
    step, so a window of constant rate is one row.

    Parameters
    ----------
    rate_hz : array_like, shape (n_steps, n_cells)
        Rates (Hz), finite and >= 0.
    dt_ms : float
        Length of a step (ms), > 0.
    seed : int or numpy.random.Generator

    Returns
    -------
    list of ndarray
        Sorted spike times (ms) of each cell, in [0, n_steps dt_ms).

    Examples
    --------
    >>> trains = poisson_trains([[0., 100.], [0., 100.]], dt_ms=500., seed=2)
    >>> len(trains[0]), 70 < len(trains[1]) < 130
    (0, True)
    """
    rate_hz = check_array("rate_hz", rate_hz, ndim=2, low=0, high=1e9)
    check_number("dt_ms", dt_ms, 0, 1e9, low_open=True)
    rng = check_seed(seed)
    counts = rng.poisson(rate_hz * dt_ms / 1000.0)
    steps = np.arange(len(counts))
    return [np.sort((np.repeat(steps, n) + rng.random(n.sum())) * dt_ms) for n in counts.T]


def save_animation(movie, path, *, fps=24.0, scale=2, max_frames=64, max_mb=2.0):
    """Write a movie in [0, 1] as a looping GIF, check that it exists, and return its path.

    Parameters
    ----------
    movie : array_like, shape (N_x, N_y, N_t)
        Grey levels; x to the right and y upwards on the screen.
    path : path-like
        Ends in ``.gif``; the folder is made.
    fps, scale : float, int
        Frames per second (GIF keeps hundredths of a second) and enlargement.
    max_frames, max_mb : int, float
        Budget; a larger animation is refused, with nothing left behind.

    Raises
    ------
    ParameterError
        Values outside [0, 1], wrong shape, too many frames.
    OutputError
        The folder cannot be written, or the file is over budget.
    """
    movie = check_array("movie", movie, ndim=3, low=0, high=1)
    check_number("fps", fps, 0, 100, low_open=True)
    check_integer("scale", scale, 1, 16)
    check_integer("max_frames", max_frames, 1)
    check_number("max_mb", max_mb, 0, low_open=True)
    if movie.shape[2] > max_frames:
        raise ParameterError(f"movie has {movie.shape[2]} frames; allowed: {max_frames}; pass movie[..., ::2]")
    if not isinstance(path, (str, os.PathLike)):
        raise ParameterError(f"path = {path!r} is not a path; give a file name that ends in .gif")
    path = Path(path)
    if path.suffix != ".gif":
        raise ParameterError(f"path = {path.name!r} is not a GIF; end the name with .gif")
    return _write_gif(_frames(movie, scale), path, round(1000 / fps), max_mb)


def _frames(movie, scale):
    from PIL import Image

    grey = np.round(255 * movie).astype(np.uint8).transpose(2, 1, 0)[:, ::-1]
    big = grey.repeat(scale, axis=1).repeat(scale, axis=2)
    return [Image.fromarray(np.ascontiguousarray(frame)) for frame in big]


def _write_gif(frames, path, frame_ms, max_mb):
    draft = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        frames[0].save(draft, "gif", save_all=True, append_images=frames[1:], duration=frame_ms, loop=0)
        size_mb = draft.stat().st_size / 1e6
        if size_mb > max_mb:
            raise OutputError(f"{path.name} would have {size_mb:.1f} MB; allowed: {max_mb:g}; fewer frames or pixels")
        draft.replace(path)
    except OSError as failure:
        raise OutputError(f"cannot write {path} ({failure.strerror or failure}); choose a writable folder") from None
    finally:
        with contextlib.suppress(OSError):
            draft.unlink()
    return path
