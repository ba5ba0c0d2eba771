"""Movies in and out: gif, mp4, npy and folders of png, through imageio.

An array (N_x, N_y, N_t) in [0, 1] has x to the right and y upwards on the screen, as everywhere in this package; the
rows of an image file run downwards, so they are turned round on the way in and out: the angle that a wave vector
makes on the page is the angle that :func:`helpers.stimuli.cloud_statistics` measures.
"""

from __future__ import annotations

import importlib.util
import io
import json
import math
import os
import re
import tempfile
import warnings
from pathlib import Path

import numpy as np

from helpers import storage
from helpers.parameters import (
    BackendError,
    HelpersError,
    OutputError,
    ParameterError,
    check_array,
    check_integer,
    check_number,
)

__all__ = ["movie_fps", "read_movie", "save_animation", "write_movie"]

LUMA = (0.299, 0.587, 0.114)  # Rec. 601
PathLike = str | os.PathLike


def read_movie(source: np.ndarray | PathLike, *, axes: str | None = None) -> np.ndarray:
    """Return a movie (N_x, N_y, N_t) of grey levels in [0, 1], float32, with x to the right and y upwards.

    Parameters
    ----------
    source : array_like or path-like
        An array, a ``.npy``, ``.gif`` or ``.mp4`` file, or a folder of ``.png`` files, in the order of the last number
        in their names. Unsigned integers are divided by the largest number of their type; floats must lie in [0, 1].
        Colour becomes luminance, 0.299 R + 0.587 G + 0.114 B of the stored values; transparency is left out.
    axes : str
        The axes of an array in their order, such as "txy" or "tyxc": t, x, y (growing upwards) or in its place r (the
        rows of an image, growing downwards), and c for colour. An array and a ``.npy`` of other origin need it; the
        other files have their own.

    Raises
    ------
    ParameterError
        Axes not named, values outside [0, 1], NaN, signed integers, frames of unequal size, a file that is no movie
        or is cut short.
    BackendError
        An ``.mp4`` without the package imageio-ffmpeg.

    Notes
    -----
    A movie of :func:`write_movie` comes back exactly from ``.npy``, within 1/510 from ``.gif`` and ``.png``, and
    within 0.06 (rms 0.015) from ``.mp4``, measured with noise in every pixel. A gif whose frames do not last
    equally long is sampled at the common divisor of their durations.

    Examples
    --------
    >>> read_movie(np.zeros((5, 48, 64), np.uint8), axes="tyx").shape
    (64, 48, 5)
    """
    if isinstance(source, (str, os.PathLike)):
        source, own, _ = _decoded(_path(source))
        if own == "trx" and axes not in (None, own):
            raise ParameterError(f"axes = {axes!r} is for arrays; images have axes of their own, leave it out")
        axes = axes or own
    named = str(axes).replace("r", "y")
    if sorted(named) not in (["t", "x", "y"], ["c", "t", "x", "y"]):
        raise ParameterError(
            f"axes = {axes!r} does not name the axes; give t, x, y (upwards) or r (rows, downwards), and c if there is "
            "colour, in the order of the array, such as 'txy'"
        )
    values = check_array("source", source, ndim=len(named))
    values = values.transpose([named.index(axis) for axis in "xytc" if axis in named])
    movie = check_array("source", _grey(values, np.asarray(source).dtype), low=0, high=1)
    return np.ascontiguousarray(movie[:, ::-1] if "r" in axes else movie)


def _grey(values, dtype):
    """Return float32 levels of values that had the given type in their file or array; a fourth axis is colour."""
    if dtype.kind == "i":
        raise ParameterError(f"source holds {dtype}; give unsigned integers such as uint8, or floats in [0, 1]")
    if values.ndim == 4:
        n = values.shape[3]
        if n > 4:
            raise ParameterError(f"source has {n} colours; allowed: 1 or 3, and perhaps transparency; check axes")
        values = values[..., 0] if n < 3 else values[..., :3] @ LUMA
    return (values / (np.iinfo(dtype).max if dtype.kind == "u" else 1)).astype(np.float32)


def movie_fps(path: PathLike) -> float:
    """Return the frames per second of a movie file, of an ``.mp4`` to 0.01; a file without a rate is an error.

    The rates of ``.npy`` files and folders of ``.png`` stand in the JSON file of :func:`write_movie`.

    Examples
    --------
    >>> import tempfile
    >>> movie_fps(write_movie(np.zeros((8, 8, 3)), Path(tempfile.mkdtemp()) / "grey.gif", fps=25))
    25.0
    """
    fps = _decoded(_path(path))[2]
    if not fps:
        raise ParameterError(f"{Path(path).name} holds no frame rate; pass the number that you know")
    return float(fps)


def _path(path):
    if not isinstance(path, (str, os.PathLike)):
        raise ParameterError(f"path = {path!r} is not a path; give a name that ends in .gif, .mp4 or .npy, or a folder")
    return Path(path)


def _imageio(suffix):
    """Return imageio and the name of its plugin for a suffix."""
    import imageio.v3 as iio

    if suffix == ".mp4" and importlib.util.find_spec("imageio_ffmpeg") is None:
        raise BackendError("an .mp4 needs the package imageio-ffmpeg; pip install -e '.[movies]'")
    return iio, "FFMPEG" if suffix == ".mp4" else "pillow"


def _decoded(path, suffix=None):
    """Return the values of a movie file, their axes and the frames per second; None for what it does not say."""
    suffix = suffix or path.suffix.lower()
    try:
        record = _record_of(path)
        told = json.loads(record.read_text(encoding="utf-8")) if record.exists() else {"axes": None, "fps": 0}
        if suffix == ".npy":
            return np.load(path, allow_pickle=False), told["axes"], float(told["fps"])
        if path.is_dir():
            files = {}
            for file in path.glob("*.png"):
                number = re.findall(r"\d+", file.stem)[-1:]
                if not number or int(number[0]) in files:
                    raise ValueError(f"the last number in the name of {file.name} is missing or not the only one")
                files[int(number[0])] = file
            images, fps = [_imageio(".png")[0].imread(files[k]) for k in sorted(files)], float(told["fps"])
        else:
            images, fps = _film_images(path, suffix)
        sizes = {image.shape[:2] for image in images}
        if len(sizes) != 1:
            raise ValueError(f"frames of sizes {sorted(sizes)}" if sizes else "no frames")
        return np.stack([_grey(np.atleast_3d(image)[None], image.dtype)[0] for image in images]), "trx", fps
    except HelpersError:
        raise
    except Exception as failure:
        why = " ".join(str(failure).split())[-200:]
        raise ParameterError(f"{path} is no movie ({why}); give a .gif, .mp4 or .npy, or a folder of .png") from None


def _record_of(path):
    """Return the JSON file with axes and rate of a folder of images, or of an array."""
    return path / "movie.json" if path.is_dir() or path.suffix == "" else path.with_name(f"{path.name}.json")


def _film_images(path, suffix):
    """Return the images of a .gif or .mp4, and the frames per second."""
    if suffix not in (".gif", ".mp4"):
        raise ValueError("its name ends otherwise")
    iio, plugin = _imageio(suffix)
    with iio.imopen(path, "r", plugin=plugin, extension=suffix) as file:
        images = list(file.iter())
        about = [file.metadata(index=k) for k in range(len(images) if suffix == ".gif" else 1)]
    if suffix == ".mp4":
        whole, fps = abs(len(images) - about[0]["fps"] * about[0]["duration"]) < 1.5, about[0]["fps"]
    else:
        whole, fps = path.read_bytes()[-1:] == b";", 0
        # Encoders merge equal frames into one that lasts longer; write_movie notes how long one lasts.
        lasts_ms = [int(one.get("duration", 0)) for one in about]
        noted = re.match(rb"frame_ms=(\d+)", about[0].get("comment", b""))
        if frame_ms := int(noted[1]) if noted else math.gcd(*lasts_ms):
            images = list(np.repeat(images, np.maximum(np.array(lasts_ms) // frame_ms, 1), axis=0))
            fps = 1000 / frame_ms
    if not whole:
        raise ValueError("it is cut short")
    return images, fps


def write_movie(movie: np.ndarray, path: PathLike, *, fps: float, max_mb: float = math.inf) -> Path:
    """Write a movie in [0, 1] as the ending of its name says, check that it can be read, and return its path.

    Parameters
    ----------
    movie : array_like, shape (N_x, N_y, N_t)
        Grey levels; x to the right and y upwards on the screen.
    path : path-like
        ``.gif`` (repeats for ever) or ``.mp4`` (H.264, lossy), with 256 grey levels; ``.npy`` (float32, exact); or
        a folder, without ending, for a ``.png`` per frame. Folders are made. Axes and rate of the last two stand in
        a JSON file.
    fps : float
        Frames per second, 0.01 to 1000. A gif holds whole hundredths of a second per frame, at least two (browsers
        slow down shorter ones): it gets the nearest rate, and a warning says which where that is another; above 50
        is an error.
    max_mb : float
        A larger file is refused.

    Raises
    ------
    ParameterError
        Values outside [0, 1] or NaN, wrong shape, unknown ending, a rate that the file cannot hold.
    OutputError
        The folder cannot be written, or the file is too large; nothing is left behind.
    BackendError
        An ``.mp4`` without the package imageio-ffmpeg.

    Examples
    --------
    >>> import tempfile
    >>> movie = np.linspace(0, 1, 24 * 16 * 5, dtype=np.float32).reshape(24, 16, 5)
    >>> path = write_movie(movie, Path(tempfile.mkdtemp()) / "ramp.npy", fps=24)
    >>> bool((read_movie(path) == movie).all()), movie_fps(path)
    (True, 24.0)
    """
    movie = check_array("movie", movie, ndim=3, low=0, high=1).astype(np.float32, copy=False)
    fps = check_number("fps", fps, 0.01, 1000)
    max_mb = check_number("max_mb", max_mb, 0, low_open=True)
    path = _path(path)
    files = _encoded(movie, path, fps)
    if set(path.glob("*.png")) - set(files):
        raise OutputError(f"{path} holds other images, which would be read too; choose another folder")
    size_mb = sum(map(len, files.values())) / 1e6
    if size_mb > max_mb:
        raise OutputError(f"{path.name} would have {size_mb:.1f} MB; allowed: {max_mb:g}; fewer frames or pixels")

    def verify(draft):
        if len(files) == 1 and _decoded(draft, path.suffix.lower())[0].size != movie.size:
            raise OutputError(f"{path.name} does not come back with {movie.shape[2]} frames; choose another ending")

    storage.write_all({f: lambda draft, data=data: draft.write_bytes(data) for f, data in files.items()}, verify=verify)
    return path


def _encoded(movie, path, fps):
    """Return {file: bytes} of a movie."""
    suffix = path.suffix.lower()
    iio, plugin = _imageio(suffix)
    images = np.round(255 * movie).astype(np.uint8).transpose(2, 1, 0)[:, ::-1]
    record = {_record_of(path): json.dumps({"axes": "xyt", "fps": fps}).encode()}
    if suffix == ".npy":
        file = io.BytesIO()
        np.save(file, movie)
        return {path: file.getvalue(), **record}
    if suffix == "":
        files = {}
        for k, image in enumerate(images):
            files[path / f"{k:05d}.png"] = iio.imwrite("<bytes>", image, extension=".png")
        return files | record
    if suffix == ".gif":
        if fps > 50:
            raise ParameterError(f"fps = {fps:g} is out of range for a gif; allowed: at most 50; choose .mp4")
        shorter = max(int(100 / fps), 2)
        frame_ms = 10 * min(shorter, shorter + 1, key=lambda hundredths: abs(100 / hundredths - fps))
        if abs(1000 / frame_ms - fps) > 1e-6 * fps:
            told = f"{path.name} has {1000 / frame_ms:.4g} frames per second, not {fps:g}"
            warnings.warn(f"{told}; a gif holds whole hundredths of a second", stacklevel=3)
        options = dict(duration=frame_ms, comment=f"frame_ms={frame_ms}", loop=0)
    elif suffix == ".mp4":
        odd = movie.shape[0] % 2 or movie.shape[1] % 2  # 4:2:0, which every player shows, needs even sizes
        options = dict(codec="libx264", pixelformat="yuv444p" if odd else "yuv420p", fps=fps)
        options |= dict(macro_block_size=1, output_params=["-crf", "10"])
    else:
        raise ParameterError(f"path = {path.name!r} is no movie; end it with .gif, .mp4 or .npy, or name a folder")
    with tempfile.TemporaryDirectory() as folder:  # ffmpeg finishes an .mp4 only when its file is closed
        draft = Path(folder, f"movie{suffix}")
        iio.imwrite(draft, images, plugin=plugin, is_batch=True, **options)
        return {path: draft.read_bytes()}


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
    if _path(path).suffix != ".gif":
        raise ParameterError(f"path = {Path(path).name!r} is not a GIF; end the name with .gif")
    return write_movie(movie.repeat(scale, axis=0).repeat(scale, axis=1), path, fps=fps, max_mb=max_mb)
