"""Movies in and out: gif, mp4, npy and folders of png, through imageio.

An array (N_x, N_y, N_t) in [0, 1] has x to the right and y upwards on the screen, as everywhere in this package; the
rows of an image file run downwards, so they are turned round on the way in and out: the angle that a wave vector
makes on the page is the angle that :func:`helpers.stimuli.cloud_statistics` measures.
"""

from __future__ import annotations

import importlib.util
import io
import re
import warnings
from functools import partial
from pathlib import Path

import imageio.v3 as iio
import numpy as np

from helpers import storage
from helpers.parameters import (
    BackendError,
    OutputError,
    ParameterError,
    check_array,
    check_integer,
    check_number,
    doors,
)
from helpers.storage import PathLike

__all__ = ["movie_fps", "read_movie", "save_animation", "write_movie"]

LUMA = (0.299, 0.587, 0.114)  # Rec. 601
MOST_REPEATED = 10**8  # values, of frames that last longer than others
NAME_PARTS = re.compile(r"(\D*)(\d*)")


def read_movie(source: np.ndarray | PathLike, *, axes: str | None = None) -> np.ndarray:
    """Return a movie (N_x, N_y, N_t) of grey levels in [0, 1], float32, with x to the right and y upwards.

    Parameters
    ----------
    source : array_like or path-like
        An array, a ``.npy``, ``.gif`` or ``.mp4`` file, or a folder of ``.png`` files, in the natural order of their
        names (frame2 before frame10). Unsigned integers are divided by the largest number of their type; others
        must lie in [0, 1]. Colour becomes luminance, 0.299 R + 0.587 G + 0.114 B of the stored values; transparency is
        left out.
    axes : str
        The axes of an array or a ``.npy`` in their order, such as "txy" or "tyxc": t, x, y (growing upwards) or in
        its place r (the rows of an image, growing downwards), and c for colour. Images have "trx" or "trxc". Those
        dimensions of an xarray object that have such a name must stand in this order.

    Raises
    ------
    ParameterError
        Axes not named or in another order, values outside [0, 1], NaN, frames of unequal size or type, a file that is
        no movie or is cut short, or a gif that shows a few frames for so long that many copies would be needed.
    BackendError
        An ``.mp4`` without the package imageio-ffmpeg.

    Notes
    -----
    A movie of :func:`write_movie` comes back exactly from ``.npy`` (with axes "xyt"), within 1/510 from ``.gif`` and
    ``.png``, and within 0.06 (rms 0.015) from ``.mp4``, measured with noise in every pixel. A gif whose frames do not
    last equally long is sampled at the common divisor of their durations.

    Examples
    --------
    >>> read_movie(np.zeros((5, 48, 64), np.uint8), axes="tyx").shape
    (64, 48, 5)
    """
    if isinstance(source, PathLike):
        source, own, _ = _decoded(_path(source))
        axes = axes or own
    named = str(axes).replace("r", "y")
    if sorted(named) not in (["t", "x", "y"], ["c", "t", "x", "y"]):
        raise ParameterError(
            f"axes = {axes!r} does not name the axes; give t, x, y (upwards) or r (rows, downwards), and c if there is "
            "colour, in the order of the array, such as 'txy'"
        )
    for own, axis in zip(getattr(source, "dims", ()), named, strict=False):
        if own in ("t", "x", "y", "r", "c") and own.replace("r", "y") != axis:
            raise ParameterError(f"axes = {axes!r}, but source has dimensions {source.dims}; give them in this order")
    movie = check_array("source", source, ndim=len(named))
    movie = np.einsum(f"{named}->{'xytc' if 'c' in named else 'xyt'}", movie)
    if "c" in named:
        movie = movie[..., :3] @ LUMA if movie.shape[3] > 2 else movie[..., 0]
    dtype = np.asarray(source).dtype
    movie = (movie / (np.iinfo(dtype).max if dtype.kind == "u" else 1)).astype(np.float32)
    movie = check_array("source", movie, low=0, high=1)
    return np.ascontiguousarray(movie[:, ::-1] if "r" in axes else movie)


def movie_fps(path: PathLike) -> float:
    """Return the frames per second of a ``.gif`` or, to 0.01, of an ``.mp4``; other files hold none: an error.

    Examples
    --------
    >>> import tempfile
    >>> movie_fps(write_movie(np.zeros((8, 8, 3)), Path(tempfile.mkdtemp()) / "grey.gif", fps=25))
    25.0
    """
    fps = _decoded(_path(path))[2]
    if not fps:
        raise ParameterError(f"{path} holds no frame rate; pass the number that you know")
    return float(fps)


def _path(path):
    """Return the path of a movie, if it has an ending that can be read and written here."""
    if not isinstance(path, PathLike):
        raise ParameterError(f"path = {path!r} is not a path; give a name that ends in .gif, .mp4 or .npy, or a folder")
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in ("", ".gif", ".mp4", ".npy") and not path.is_dir():
        raise ParameterError(f"path = {path.name!r} is no movie; end it with .gif, .mp4 or .npy, or name a folder")
    if suffix == ".mp4" and importlib.util.find_spec("imageio_ffmpeg") is None:
        raise BackendError("an .mp4 needs the package imageio-ffmpeg; pip install -e '.[movies]'")
    return path


def _decoded(path):
    """Return the array of a movie file, its axes (None for a .npy), and its frames per second (0 if none is told)."""
    suffix, whole, fps, lasts = path.suffix.lower(), True, 0, 1
    try:
        if path.is_dir():
            files = sorted(path.glob("*.png"), key=lambda f: [(s, int(n or 0)) for s, n in NAME_PARTS.findall(f.stem)])
            images = list(map(iio.imread, files))
        elif suffix == ".npy":
            return np.load(path, allow_pickle=False), None, 0
        elif suffix == ".mp4":
            images, about = iio.imread(path, plugin="FFMPEG"), iio.immeta(path, plugin="FFMPEG")
            fps, whole = about["fps"], abs(len(images) - about["fps"] * about["duration"]) < 1.5
        else:
            with iio.imopen(path, "r", plugin="pillow") as file:
                images, comment = file.read(), file.metadata(index=0).get("comment", b"")
                lasts_ms = np.array([file.metadata(index=k).get("duration", 0) for k in range(len(images))], int)
            # Encoders merge equal frames into one that lasts longer; write_movie notes how long one lasts.
            noted = re.match(rb"frame_ms=(\d+)", comment)
            frame_ms = int(noted[1]) if noted else np.gcd.reduce(lasts_ms)
            lasts, fps = np.maximum(lasts_ms // max(frame_ms, 1), 1), 1000 / frame_ms if frame_ms else 0
            whole = path.read_bytes()[-1:] == b";"
            most = len(lasts) + MOST_REPEATED // images[0].size
            if lasts.sum() > most:
                found = f"{len(lasts)} frames last as long as {lasts.sum()} of {frame_ms} ms"
                raise ValueError(f"{found}; allowed: {most} of this size")
        if not whole or not len(images):
            raise ValueError("it is cut short or empty")
        stack = np.stack(images, dtype=images[0].dtype, casting="no").repeat(lasts, axis=0)
        return stack, "trxc"[: stack.ndim], fps
    except Exception as failure:
        why = " ".join(str(failure).split())[-200:]
        raise ParameterError(f"{path} is no movie ({why}); give a .gif, .mp4 or .npy, or a folder of .png") from None


def write_movie(movie: np.ndarray, path: PathLike, *, fps: float, max_mb: float = np.inf) -> Path:
    """Write a movie in [0, 1] as the ending of its name says, and return its path.

    Parameters
    ----------
    movie : array_like, shape (N_x, N_y, N_t)
        Grey levels; x to the right and y upwards on the screen.
    path : path-like
        ``.gif`` (repeats for ever) or ``.mp4`` (H.264, lossy), with 256 grey levels; ``.npy`` (float32, exact); or
        a folder, without ending, for a ``.png`` per frame. Folders are made.
    fps : float
        Frames per second, 0.01 to 1000. A ``.npy`` and a folder do not hold it. A gif holds whole hundredths of a
        second per frame, at least two (browsers slow down shorter ones): a rate above 50 is an error, and any other
        is rounded to the nearest such duration, with a warning that says what became of it.
    max_mb : float
        A file of more megabytes is refused.

    Raises
    ------
    ParameterError
        Values outside [0, 1] or NaN, wrong shape, unknown ending, a rate that the file cannot hold.
    OutputError
        The folder cannot be written or holds other images, or the movie is too large; nothing is left behind.
    BackendError
        An ``.mp4`` without the package imageio-ffmpeg.

    Examples
    --------
    >>> import tempfile
    >>> movie = np.linspace(0, 1, 24 * 16 * 5, dtype=np.float32).reshape(24, 16, 5)
    >>> path = write_movie(movie, Path(tempfile.mkdtemp()) / "ramp.npy", fps=24)
    >>> bool((read_movie(path, axes="xyt") == movie).all())
    True
    """
    movie = check_array("movie", movie, ndim=3, low=0, high=1).astype(np.float32, copy=False)
    path = _path(path)
    most = 50 if path.suffix.lower() == ".gif" else 1000
    fps = check_number("fps", fps, 0.01, most, hint="a gif holds at most 50; choose .mp4")
    max_mb = check_number("max_mb", max_mb, 0, low_open=True)
    files = _files(movie, path, fps)
    if set(path.glob("*.png")) - set(files):
        raise OutputError(f"{path} holds other images, which would be read too; choose another folder")

    def check(draft):
        if draft.stat().st_size > 1e6 * max_mb:
            raise OutputError(f"{path.name} takes more than max_mb = {max_mb:g}; give fewer frames or pixels")
        try:
            if path.suffix.lower() == ".mp4":  # ffmpeg does not tell when it meets a full disk
                iio.immeta(draft, plugin="FFMPEG", extension=".mp4")
        except OSError:
            raise OutputError(f"{path} could not be written whole; is the disk full?") from None

    storage.write_all(files, verify=check)
    return path


def gif_frame_ms(name: str, fps: float, stacklevel: int) -> int:
    """Return how long (ms) a gif shows each frame, with a warning if that makes another rate than `fps`."""
    frame_ms = 10 * round(100 / fps)
    if abs(1000 / frame_ms - fps) > 1e-6 * fps:
        told = f"{name} has {1000 / frame_ms:.4g} frames per second, not {fps:g}"
        warnings.warn(f"{told}; a gif holds whole hundredths of a second", stacklevel=stacklevel)
    return frame_ms


def _files(movie, path, fps):
    """Return, for each file of a movie, the function that writes it to a draft."""
    suffix = path.suffix.lower()
    images = np.round(255 * movie).astype(np.uint8).transpose(2, 1, 0)[:, ::-1]
    write = partial(iio.imwrite, image=images, extension=suffix, is_batch=True)
    if suffix == ".npy":
        file = io.BytesIO()
        np.save(file, movie)
        return {path: lambda draft: draft.write_bytes(file.getvalue())}
    if suffix == ".gif":
        frame_ms = gif_frame_ms(path.name, fps, stacklevel=5)
        write = partial(write, plugin="pillow", duration=frame_ms, comment=f"frame_ms={frame_ms}", loop=0)
        return {path: storage.in_memory(write)}
    if suffix == ".mp4":
        odd = movie.shape[0] % 2 or movie.shape[1] % 2  # 4:2:0, which every player shows, needs even sizes
        options = dict(codec="libx264", pixelformat="yuv444p" if odd else "yuv420p", macro_block_size=1)
        options["ffmpeg_log_level"] = "quiet"
        return {path: partial(write, plugin="FFMPEG", fps=fps, output_params=["-crf", "10", "-f", "mp4"], **options)}
    pages = {}
    for k, image in enumerate(images):
        pages[path / f"{k:05d}.png"] = storage.in_memory(partial(iio.imwrite, image=image, extension=".png"))
    return pages


def save_animation(
    movie: np.ndarray, path: PathLike, *, fps: float = 25.0, scale: int = 2, max_frames: int = 64, max_mb: float = 2.0
) -> Path:
    """Write a movie in [0, 1] as a small looping gif, see :func:`write_movie`.

    `scale` enlarges each pixel; more than `max_frames` frames or `max_mb` megabytes are refused.
    """
    movie = check_array("movie", movie, ndim=3)
    scale = check_integer("scale", scale, 1, 16)
    max_frames = check_integer("max_frames", max_frames, 1)
    if movie.shape[2] > max_frames:
        raise ParameterError(f"movie has {movie.shape[2]} frames; allowed: {max_frames}; pass movie[..., ::2]")
    return write_movie(movie.repeat(scale, axis=0).repeat(scale, axis=1), path, fps=fps, max_mb=max_mb)


doors(globals())
