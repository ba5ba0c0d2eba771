"""Stimuli as arrays: motion clouds, gratings, log-Gabor templates, Poisson spike trains; movies by helpers.movies.

Conventions, tested in ``tests/test_stimuli.py``:

* movies have axes (x, y, t); spatial frequency is in cycles/pixel, temporal frequency in cycles/frame;
* ``theta_rad`` is the direction of the wave vector, the normal to the stripes, counter-clockwise from x; it is
  pi-periodic. Drawn with ``imshow(frame.T, origin="lower")`` the angle on the page is the angle in the formula;
  movie files are written and read in that way, x to the right and y upwards on the screen;
* a velocity of 1 is one pixel per frame, towards growing x for ``v_x > 0``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import fft, special

from helpers.movies import movie_fps, read_movie, save_animation, write_movie
from helpers.parameters import (
    ParameterError,
    check_array,
    check_choice,
    check_integer,
    check_number,
    check_seed,
    doors,
    short,
)

__all__ = [
    "CloudStatistics",
    "cloud_statistics",
    "grating",
    "log_gabor",
    "motion_cloud",
    "motion_cloud_frames",
    "movie_fps",
    "poisson_trains",
    "read_movie",
    "save_animation",
    "write_movie",
]


def motion_cloud(
    shape: Sequence[int],
    *,
    theta_rad: float,
    b_theta_rad: float,
    sf_0: float,
    b_sf: float,
    v_x: float = 1.0,
    v_y: float = 0.0,
    b_v: float = 0.5,
    alpha: float = 0.0,
    contrast: float = 1.0,
    method: str = "michelson",
    seed: int | np.random.Generator,
) -> np.ndarray:
    r"""Draw a random texture with given orientation, spatial frequency and speed: a MotionCloud.

    Gaussian noise is given the spectral amplitude

    .. math::

        f_R^{-\alpha}\; e^{\frac{\cos 2(\varphi-\theta)-1}{4B_\theta^2}}\;
        \frac{1}{f_R} e^{-\frac{\ln^2(f_R/f_0)}{2\ln^2(1+B_f/f_0)}}\;
        e^{-\frac{(f_t+V_xf_x+V_yf_y)^2}{2B_V^2f_R^2}}

    Only half of the spectrum is built (the movie is real), in single precision, and the three spatial factors
    are evaluated once per spatial frequency, as logarithms shifted to a maximum of one: no bandwidth overflows.

    A grid holds no envelope that falls between its frequencies, passes 0.5 cycles/pixel or passes 0.5 cycles/frame.
    So the moments of the squared envelope on the grid are compared with those of the formula (see
    :class:`CloudStatistics`), and the cloud is refused where they differ by more than

    * orientation: 1 deg, or half of `b_theta_rad`, along the axis of a resultant of length one;
      circular variance: 8 %, at least 0.006;
    * mean of ln f: 0.05, or half of its bandwidth; standard deviation of ln f: 10 %, at least 0.006;
    * speed of the waves: 0.05 pixel/frame (rms); its spread: 10 %, at least 0.006 pixel/frame.

    A single cloud scatters about these moments, the more the fewer bins its envelope covers.

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
        Spatial frequency, in (0, 0.5], and its bandwidth, > 0 (cycles/pixel).
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
        An argument out of range, or an envelope that the grid does not hold; the message says which bound.

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
    theta_rad, v_x, v_y, alpha = _finite(theta_rad=theta_rad, v_x=v_x, v_y=v_y, alpha=alpha)
    sf_0 = check_number("sf_0", sf_0, 0, 0.5, low_open=True, hint="cycles per pixel; the grid ends at 0.5")
    b_sf = check_number("b_sf", b_sf, 0, low_open=True, high_open=True)
    b_theta_rad = check_number("b_theta_rad", b_theta_rad, 0, low_open=True, hint="inf for every orientation")
    b_v = check_number("b_v", b_v, 0, hint="0 freezes the cloud, inf makes frames independent")
    check_choice("method", method, ("michelson", "energy", "raw"))
    contrast = check_number("contrast", contrast, 0, 1 if method == "michelson" else 1e6)
    rng = check_seed(seed)
    moving = shape[2] > 1 and 0 < b_v < np.inf
    space = shape[:2], theta_rad, b_theta_rad, sf_0, b_sf, np.log1p(b_sf / sf_0)
    envelope, wanted, bounds = _spatial_envelope(*space, harmonic=2, alpha=alpha, moving=moving)
    spectrum = np.empty((*shape[:2], shape[2] // 2 + 1), np.complex64)
    rng.standard_normal(dtype=np.float32, out=spectrum.view(np.float32))
    # The inverse transform halves the power of the planes that are their own conjugates.
    spectrum[..., [0] if shape[2] % 2 else [0, -1]] *= np.float32(np.sqrt(2))
    spectrum *= envelope.astype(np.float32)[..., None]
    if b_v == 0:
        spectrum[..., 1:] = 0
    if moving:
        _apply_speed(spectrum, envelope**2, wanted, bounds, theta_rad, v_x, v_y, b_v, shape[2])
    z = fft.irfftn(spectrum, s=shape, overwrite_x=True)
    z -= z.mean(dtype=float)
    z /= np.float32(np.abs(z).max() if method == "michelson" else z.std(dtype=float))
    if method != "raw":
        z *= np.float32(0.5 * contrast)
        z += np.float32(0.5)
    return z


def motion_cloud_frames(
    shape: Sequence[int],
    *,
    theta_rad: float,
    b_theta_rad: float,
    sf_0: float,
    b_sf: float,
    v_x: float = 1.0,
    v_y: float = 0.0,
    b_v: float = 0.5,
    alpha: float = 0.0,
    contrast: float = 1.0,
    method: str = "energy",
    seed: int | np.random.Generator,
) -> Iterator[np.ndarray]:
    r"""Yield the frames of a motion cloud that never ends and never repeats, from the memory of two clouds.

    Independent clouds :math:`z_k` of N_t frames follow each other every L = N_t / 2 frames and fade into each other,

    .. math:: z(t) = \cos\Big(\frac{\pi t}{2L}\Big)\, z_k(t + L) + \sin\Big(\frac{\pi t}{2L}\Big)\, z_{k+1}(t),
        \quad 0 \le t < L.

    The squared weights add up to one, so the variance is the same in every frame. The correlation of two frames a
    time :math:`\tau \ll L` apart is that of the cloud times :math:`\cos(\pi\tau/2L)`: temporal frequencies are smeared
    by 1/(2 N_t) cycles/frame, half of a bin of the grid that holds the cloud.

    Parameters
    ----------
    shape : (int, int, int)
        N_x, N_y >= 2 pixels; N_t >= 4 frames, even, of the clouds that follow each other.
    theta_rad, b_theta_rad, sf_0, b_sf, v_x, v_y, b_v, alpha, seed
        As in :func:`motion_cloud`; `b_v` > 0, since a frozen cloud has no frames to come.
    contrast : float
        In [0, 1e6]; not used for "raw".
    method : {"energy", "raw"}
        ``.5 contrast z + .5`` (not clipped), or z, which has unit variance. An endless movie has no largest value
        that "michelson" could divide by.

    Yields
    ------
    ndarray of float32, shape (N_x, N_y)

    Raises
    ------
    ParameterError
        As in :func:`motion_cloud`, at the call.

    Examples
    --------
    >>> frames = motion_cloud_frames((32, 32, 16), theta_rad=0., b_theta_rad=.3, sf_0=.15, b_sf=.1, seed=1)
    >>> shown = [next(frames) for _ in range(100)]
    >>> shown[0].shape, bool(abs(np.std(shown) - .5) < .05)
    ((32, 32), True)
    """
    shape = _check_shape(shape)
    if shape[2] < 4 or shape[2] % 2:
        raise ParameterError(f"shape[2] = {shape[2]} cannot be halved; give an even number of frames, at least 4")
    if check_number("b_v", b_v, 0) == 0:
        raise ParameterError("b_v = 0 freezes the cloud: one frame is all of it; take motion_cloud")
    check_choice("method", method, ("energy", "raw"))
    gain = 1.0 if method == "raw" else 0.5 * check_number("contrast", contrast, 0, 1e6)
    cloud = dict(theta_rad=theta_rad, b_theta_rad=b_theta_rad, sf_0=sf_0, b_sf=b_sf, v_x=v_x, v_y=v_y, b_v=b_v)
    cloud |= dict(alpha=alpha, method="raw", seed=check_seed(seed))
    half, mean = shape[2] // 2, 0.0 if method == "raw" else 0.5
    angle = np.float32(np.pi / 2 / half) * np.arange(half, dtype=np.float32)

    def faded(before):
        while True:
            before, after = before[..., half:].copy(), motion_cloud(shape, **cloud)
            for t in range(half):
                z = np.cos(angle[t]) * before[..., t] + np.sin(angle[t]) * after[..., t]
                yield np.float32(gain) * z + np.float32(mean)
            before = after

    return faded(motion_cloud(shape, **cloud))


def _check_shape(shape, axes="xyt"):
    if not isinstance(shape, (tuple, list)) or len(shape) != len(axes):
        raise ParameterError(f"shape = {short(shape)} is not (N_{', N_'.join(axes)}); give {len(axes)} integers")
    return tuple(check_integer(f"shape[{i}]", n, 1 if axes[i] == "t" else 2) for i, n in enumerate(shape))


def _finite(**values):
    return [check_number(name, value, low_open=True, high_open=True) for name, value in values.items()]


def _grid(shape):
    """Return f_x (N_x, 1), f_y (1, N_y) and f_R, which is 1 at the origin, where no envelope has power."""
    f_x, f_y = np.fft.fftfreq(shape[0])[:, None], np.fft.fftfreq(shape[1])[None, :]
    f_r = np.hypot(f_x, f_y)
    f_r[0, 0] = 1.0
    return f_x, f_y, f_r


def _moments(power, theta_rad):
    """Return the mean of cos and sin of twice the angle to `theta_rad`, and mean and sd of ln f."""
    f_x, f_y, f_r = _grid(power.shape)
    share = power / power.sum()
    resultant = (share * ((f_x + 1j * f_y) / f_r) ** 2).sum() * np.exp(-2j * theta_rad)
    log_f = np.log(f_r)
    mean = (share * log_f).sum()
    sd = np.sqrt((share * (log_f - mean) ** 2).sum())
    return np.array([resultant.real, resultant.imag, mean, sd])


# In both envelopes, a bandwidth far below a bin overflows to -inf, or to nan, which no bound holds for.
@np.errstate(over="ignore", invalid="ignore")
def _spatial_envelope(shape, theta_rad, b_theta_rad, sf_0, b_sf, log_sd, *, harmonic, alpha=0.0, moving=False):
    """Return the spatial envelope, the :func:`_moments` of its square by the formula, and the bounds on their errors.

    Harmonic 2 of the angle has two lobes, 1 only that at theta. Summed over f_t, the speed factor of a moving cloud
    is proportional to f_R: it raises the mean of ln f.
    """
    f_x, f_y, f_r = _grid(shape)
    log_f = np.log(f_r)
    log_envelope = -(1 + alpha) * log_f - 0.5 * ((log_f - np.log(sf_0)) / log_sd) ** 2
    angle = np.arctan2(f_y, f_x) - theta_rad
    log_envelope += (np.cos(harmonic * angle) - 1) / harmonic**2 / b_theta_rad / b_theta_rad
    log_envelope[0, 0] = -np.inf
    envelope = np.exp(log_envelope - log_envelope.max())

    k = min(2 / harmonic**2 / b_theta_rad / b_theta_rad, 1e15)
    resultant = special.ive(2 / harmonic, k) / special.ive(0, k)
    mean, sd = np.log(sf_0) + (0.5 * moving - alpha) * log_sd**2, log_sd / np.sqrt(2)
    cv_bound = max(0.006, 0.08 * (1 - resultant)) if harmonic == 2 else 0.02
    wanted = np.array([resultant, 0, mean, sd])
    bounds = np.array([cv_bound, min(np.radians(2), b_theta_rad), min(0.05, log_sd / 2), max(0.1 * sd, 0.006)])
    if np.all(np.abs(_moments(envelope**2 * f_r**moving, theta_rad) - wanted) <= bounds):
        return envelope, wanted, bounds

    n = min(shape)
    above, below = np.log(0.5) - mean, mean + np.log(n)
    if min(above, below) > 2.5 * sd:
        bins = n * sf_0 * np.array([b_theta_rad, np.sqrt(2) * sd])
        given = f"b_theta_rad = {b_theta_rad:g} ({bins[0]:.2g} bins) and b_sf = {b_sf:g} ({bins[1]:.2g} bins)"
        raise ParameterError(f"{given} fall between the frequencies of the {shape} grid; widen the one below a bin")
    given = f"sf_0 = {sf_0:g} with b_sf = {b_sf:g}" + (f" and alpha = {alpha:g}" if alpha else "")
    bound = "the Nyquist limit, 0.5" if above < below else f"the lowest frequency of the grid, 1/{n}"
    change = "lower sf_0" if above < below else "raise sf_0, enlarge shape"
    raise ParameterError(f"{given} passes {bound} cycles/pixel; {change} or narrow b_sf")


@np.errstate(over="ignore", invalid="ignore")
def _apply_speed(spectrum, power, wanted, bounds, theta_rad, v_x, v_y, b_v, n_t):
    """Multiply by the speed envelope in place, one plane of constant f_x at a time, if the grid holds it."""
    f_x, f_y, f_r = _grid(power.shape)
    f_t = np.fft.rfftfreq(n_t).astype(np.float32)
    weights = np.stack([np.ones_like(f_t), f_t, f_t**2])
    weights[:, 1 : (n_t + 1) // 2] *= 2  # they stand for f_t < 0 too
    scale = np.sqrt(0.5) / max(b_v, 1e-12) / f_r  # thinner than any bin, and finite in single precision
    shift = ((v_x * f_x + v_y * f_y) * scale).astype(np.float32)
    sums = np.empty((*power.shape, 3), np.float32)  # the squared envelope times 1, f_t and f_t^2
    for plane, k, s, total in zip(spectrum, scale.astype(np.float32), shift, sums, strict=True):
        envelope = np.exp(-np.square(np.multiply.outer(k, f_t) + s[:, None]))
        plane *= envelope
        total[:] = envelope**2 @ weights.T

    total, first, second = power * np.moveaxis(sums, 2, 0)
    if np.all(np.abs(_moments(total, theta_rad) - wanted) <= bounds):
        velocity, spread = _speed_plane(total, first, second)
        error, along = velocity - (v_x, v_y), (np.cos(theta_rad), np.sin(theta_rad))
        # Mean over the directions of the waves, whose resultant has the length wanted[0].
        rms = np.sqrt((error @ error + wanted[0] * (2 * (error @ along) ** 2 - error @ error)) / 2)
        if rms <= 0.05 and abs(spread - b_v / np.sqrt(2)) <= max(0.1 * b_v / np.sqrt(2), 0.006):
            return
    beyond = np.average(np.abs(v_x * f_x + v_y * f_y) + b_v * f_r > 0.5, weights=power * f_r)
    if beyond < 0.05:
        given = f"b_v = {b_v:g} makes the speed plane {b_v * n_t * np.exp(wanted[2]):.2g} bins thick"
        raise ParameterError(f"{given}, between the frequencies of shape[2] = {n_t} frames; widen it or draw more")
    given = f"v_x = {v_x:g}, v_y = {v_y:g} with b_v = {b_v:g} put {beyond:.0%} of the power"
    raise ParameterError(f"{given} beyond the frame rate, 0.5 cycles/frame; slow down, narrow b_v, or lower sf_0")


@dataclass(frozen=True)
class CloudStatistics:
    """Moments of the power spectrum and of the pixel values of a movie.

    theta_rad, cv : circular mean (in [0, pi)) and circular variance of the orientation of the power
    v_x, v_y : velocity of the fitted speed plane (pixel/frame); nan for one frame
    speed_spread : rms distance from that plane over f_R; theory B_V / sqrt 2
    log_mean_sf : exp of the mean of ln f (cycles/pixel); theory sf_0 exp((1/2 - alpha) s^2), s = ln(1 + B_sf/sf_0),
    and sf_0 exp(-alpha s^2) for one frame and B_V 0 or inf
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


def cloud_statistics(movie: np.ndarray) -> CloudStatistics:
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
    square = z**2
    power = np.abs(fft.rfftn(z)) ** 2
    power[..., 1 : (z.shape[2] + 1) // 2] *= 2  # they stand for f_t < 0 too
    power[0, 0] = 0
    total = power.sum(axis=2)
    cos, sin, log_mean, log_sd = _moments(total, 0.0)
    f_t = np.fft.rfftfreq(z.shape[2])
    one_frame = [np.nan, np.nan], np.nan
    velocity, spread = _speed_plane(total, power @ f_t, power @ f_t**2) if len(f_t) > 1 else one_frame
    return CloudStatistics(
        theta_rad=float(np.arctan2(sin, cos) / 2 % np.pi),
        cv=float(1 - np.hypot(cos, sin)),
        v_x=float(velocity[0]),
        v_y=float(velocity[1]),
        speed_spread=float(spread),
        log_mean_sf=float(np.exp(log_mean)),
        log_sd_sf=float(log_sd),
        kurtosis=float(np.mean(square**2) / np.mean(square) ** 2),
    )


def _speed_plane(total, first, second):
    """Fit f_t = -V.f to a power whose sums over f_t with weights 1, f_t, f_t^2 are given, each bin over f_R^2.

    Return the velocity, and the rms distance from the plane over f_R.
    """
    f_x, f_y, f_r = _grid(total.shape)
    u = np.array([f_x / f_r, f_y / f_r])
    a = np.einsum("pxy,qxy,xy->pq", u, u, total)
    b = -np.einsum("pxy,xy->p", u, first / f_r)
    v = np.linalg.lstsq(a, b, rcond=1e-9)[0]
    return v, np.sqrt(max((second / f_r**2).sum() - v @ b, 0) / total.sum())


def grating(
    shape: Sequence[int],
    *,
    theta_rad: float,
    sf_0: float,
    v_x: float = 1.0,
    v_y: float = 0.0,
    phase: float = 0.0,
    contrast: float = 1.0,
) -> np.ndarray:
    """Return a drifting sinusoidal grating in [0, 1], float32: .5 + .5 contrast cos(2 pi f.(x - V t) + phase).

    The cloud of zero bandwidth; arguments as in :func:`motion_cloud`, `phase` in rad.

    Examples
    --------
    >>> bool(grating((8, 8, 1), theta_rad=0., sf_0=.25)[0, 0, 0] == 1)
    True
    """
    n_x, n_y, n_t = _check_shape(shape)
    theta_rad, v_x, v_y, phase = _finite(theta_rad=theta_rad, v_x=v_x, v_y=v_y, phase=phase)
    sf_0 = check_number("sf_0", sf_0, 0, 0.5, low_open=True, hint="cycles per pixel")
    contrast = check_number("contrast", contrast, 0, 1)
    f_x, f_y = sf_0 * np.cos(theta_rad), sf_0 * np.sin(theta_rad)
    x, y, t = np.ogrid[:n_x, :n_y, :n_t]
    wave = np.cos(2 * np.pi * (f_x * (x - v_x * t) + f_y * (y - v_y * t)) + phase)
    return (0.5 + 0.5 * contrast * wave).astype(np.float32)


def log_gabor(
    shape: Sequence[int],
    *,
    x: float,
    y: float,
    sf_0: float,
    b_sf: float,
    theta_rad: float,
    b_theta_rad: float,
    phase: float = 0.0,
) -> np.ndarray:
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
        Spatial frequency (cycles/pixel), in (0, 0.5].
    b_sf : float
        Standard deviation of ln f (not cycles/pixel as in :func:`motion_cloud`), > 0.
    theta_rad, b_theta_rad : float
        Direction of the wave vector and standard deviation around it (rad); ``inf`` for every direction.
    phase : float
        In rad.

    Raises
    ------
    ParameterError
        An argument out of range, or a spectrum that the grid does not hold: bounds as in :func:`motion_cloud`, but
        0.02 for the circular variance.

    References
    ----------
    Fischer, Sroubek, Perrinet, Redondo, Cristobal (2007) Int J Comput Vis 75:231, doi 10.1007/s11263-006-0026-8

    Examples
    --------
    >>> field = log_gabor((32, 32), x=16, y=16, sf_0=.15, b_sf=.5, theta_rad=0., b_theta_rad=.26)
    >>> bool(field.argmax() == 16 * 32 + 16)
    True
    """
    shape = _check_shape(shape, "xy")
    x, y, theta_rad, phase = _finite(x=x, y=y, theta_rad=theta_rad, phase=phase)
    sf_0 = check_number("sf_0", sf_0, 0, 0.5, low_open=True, hint="cycles per pixel; the grid ends at 0.5")
    b_sf = check_number("b_sf", b_sf, 0, low_open=True, high_open=True)
    b_theta_rad = check_number("b_theta_rad", b_theta_rad, 0, low_open=True, hint="inf for every orientation")
    envelope, _, _ = _spatial_envelope(shape, theta_rad, b_theta_rad, sf_0, b_sf, b_sf, harmonic=1)
    f_x, f_y, _ = _grid(shape)
    field = fft.ifft2(envelope * np.exp(1j * (phase - 2 * np.pi * (x * f_x + y * f_y)))).real
    return field / np.linalg.norm(field)


def poisson_trains(rate_hz: np.ndarray, *, dt_ms: float, seed: int | np.random.Generator) -> list[np.ndarray]:
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
    dt_ms = check_number("dt_ms", dt_ms, 0, 1e9, low_open=True)
    rng = check_seed(seed)
    counts = rng.poisson(rate_hz * dt_ms / 1000.0)
    steps = np.arange(len(counts))
    return [np.sort((np.repeat(steps, n) + rng.random(n.sum())) * dt_ms) for n in counts.T]


doors(globals())
