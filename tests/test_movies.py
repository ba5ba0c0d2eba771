"""Movies in and out: what is written is what is read, PIL as the oracle of the page, and files that are none."""

import warnings
from fractions import Fraction
from functools import partial

import imageio.v3 as iio
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from xarray import DataArray

from helpers import movies, stimuli
from helpers.parameters import BackendError, OutputError, ParameterError

NOISE = np.random.default_rng(1).random((26, 18, 5), dtype=np.float32)
MOVIES = {
    "odd": NOISE[:25, :17],
    "even": NOISE,
    "equal frames": np.repeat(NOISE[..., :2], 3, axis=2),
    "frozen": np.repeat(NOISE[..., :1], 6, axis=2),
    "one frame": NOISE[..., :1],
}
#: Largest and rms error of a movie written and read: half a grey level; for mp4 as its docstring says.
LOSS = {".npy": (0, 0), ".gif": (0.501 / 255, 0.501 / 255), "": (0.501 / 255, 0.501 / 255), ".mp4": (0.06, 0.015)}


@pytest.mark.parametrize("movie", MOVIES.values(), ids=MOVIES)
@pytest.mark.parametrize("ending", LOSS)
def test_a_movie_written_is_the_movie_read(ending, movie, tmp_path):
    path = movies.write_movie(movie, tmp_path / "new" / f"movie{ending}", fps=20 if ending == ".gif" else 23.976)
    back = movies.read_movie(str(path), axes="xyt" if ending == ".npy" else None)
    assert back.shape == movie.shape and back.dtype == np.float32
    largest, rms = LOSS[ending]
    assert np.abs(back - movie).max() <= largest
    assert np.sqrt(np.mean((back - movie) ** 2)) <= rms
    if ending == ".mp4":  # even sizes in the form that every player shows
        assert iio.immeta(path, plugin="FFMPEG")["pix_fmt"].startswith("yuv444p" if movie.shape[0] % 2 else "yuv420p")
    if ending in (".gif", ".mp4"):
        assert movies.movie_fps(path) == (20 if ending == ".gif" else 23.98)
    else:
        with pytest.raises(ParameterError, match="holds no frame rate; pass the number"):
            movies.movie_fps(path)
    assert not list(tmp_path.rglob(".*"))


@pytest.mark.parametrize("ending", ["", ".gif"])
def test_files_are_drawn_as_the_page_shows_them(ending, tmp_path):
    """On the page x is the column and y upwards: the angle of a grating there is theta, and so it is measured."""
    theta = np.arctan2(3, 4)
    movie = stimuli.grating((64, 64, 2), theta_rad=theta, sf_0=5 / 64)
    path = movies.write_movie(movie, tmp_path / f"grating{ending}", fps=25)
    with Image.open(path / "00000.png" if ending == "" else path) as image:
        page = np.asarray(image.convert("L")) / 255.0
    rows, columns = np.mgrid[:64, :64]
    wanted = 0.5 + 0.5 * np.cos(2 * np.pi * (4 * columns + 3 * (63 - rows)) / 64)
    np.testing.assert_allclose(page, wanted, atol=0.01)
    assert stimuli.cloud_statistics(movies.read_movie(path)).theta_rad == pytest.approx(theta, abs=1e-2)


@pytest.mark.parametrize("axes", ["txy", "yxt", "xyt", "tcxy", "cyxt", "ytxc"])
def test_named_axes_are_put_in_order(axes, rng):
    array = rng.random([{"t": 3, "x": 4, "y": 5, "c": 3}[axis] for axis in axes])
    luma = [[0.299, 0.587, 0.114]] if "c" in axes else []
    wanted = np.einsum(",".join([axes, "c"][: 1 + len(luma)]) + "->xyt", array, *luma)
    frame, rows = [f"dim_{k}" for k in range(array.ndim)], axes.replace("y", "r")
    for source in (array, *(DataArray(array, dims=dims) for dims in (list(axes), list(rows), frame))):
        np.testing.assert_allclose(movies.read_movie(source, axes=axes), wanted, atol=1e-6)
        np.testing.assert_allclose(movies.read_movie(source, axes=rows), wanted[:, ::-1], atol=1e-6)
    if "c" in axes:  # grey and transparency
        grey = array.take([0, 1], axis=axes.index("c"))
        wanted = np.einsum(f"{axes.replace('c', '')}->xyt", grey.take(0, axis=axes.index("c")))
        np.testing.assert_allclose(movies.read_movie(grey, axes=axes), wanted, atol=1e-6)


@pytest.mark.parametrize("dtype", ["uint8", "uint32", bool])
def test_integers_are_scaled_by_their_type(dtype, tmp_path):
    top = 1 if dtype is bool else np.iinfo(dtype).max
    levels = np.linspace(0, top, 24).astype(dtype).reshape(2, 3, 4)
    np.save(tmp_path / "foreign.npy", levels)
    for source in (levels, tmp_path / "foreign.npy"):
        np.testing.assert_array_equal(movies.read_movie(source, axes="xyt"), (levels / float(top)).astype(np.float32))


def test_folder_of_png_is_in_natural_order_and_takes_colour_and_16_bits(tmp_path):
    """Names without leading zeros, transparency; PIL is the oracle for luminance."""
    colours = (255 * np.random.default_rng(2).random((3, 6, 7, 4))).astype(np.uint8)
    for colour, name in zip(colours, ("frame2.png", "frame9.png", "frame10.png"), strict=True):
        Image.fromarray(colour).save(tmp_path / name)
    pages = [np.asarray(Image.fromarray(colour[..., :3]).convert("L")).T[:, ::-1] / 255 for colour in colours]
    np.testing.assert_allclose(movies.read_movie(tmp_path), np.dstack(pages), atol=0.51 / 255)
    (tmp_path / "deep").mkdir()
    iio.imwrite(tmp_path / "deep/0.png", np.full((6, 7), 32768, np.uint16))
    np.testing.assert_allclose(movies.read_movie(tmp_path / "deep"), np.full((7, 6, 1), 32768 / 65535), atol=1e-6)


def test_gif_of_another_program_is_sampled_at_the_common_divisor_in_little_memory(tmp_path):
    first, *others = (Image.fromarray(np.full((60, 60), level, np.uint8)) for level in (0, 100, 200))
    path, save = tmp_path / "a.gif", partial(first.save, save_all=True, append_images=others)
    save(path, duration=[60, 150, 90])
    assert movies.movie_fps(path) == pytest.approx(100 / 3)
    np.testing.assert_allclose(255 * movies.read_movie(path)[0, 0], [0] * 2 + [100] * 5 + [200] * 3, atol=1e-4)
    save(path, duration=[10, 10, 655_350])
    with pytest.raises(ParameterError, match=r"\(3 frames last as long as 65537 of 10 ms; allowed: 9262 of"):
        movies.read_movie(path)
    save(path)
    with pytest.raises(ParameterError, match="holds no frame rate; pass the number"):
        movies.movie_fps(path)


@given(fps=st.floats(0.5, 50) | st.sampled_from([12.5, 20, 25, 50, 100 / 3]))
def test_a_gif_has_the_nearest_duration_and_says_when_it_is_another(fps, tmp_path_factory):
    nearest = 100 / min(range(2, 202), key=lambda hundredths: abs(hundredths - 100 / Fraction(fps)))
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", UserWarning)
        path = movies.write_movie(NOISE[:2, :2, :2], tmp_path_factory.getbasetemp() / "rate.gif", fps=fps)
    assert movies.movie_fps(path) == pytest.approx(nearest)
    exact = fps == pytest.approx(nearest, rel=1e-6)
    assert [str(w.message) for w in told] == [] if exact else f"not {fps:g}" in str(told[0].message)
    assert exact or told[0].filename == __file__


def test_mp4_without_its_package_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setattr(movies.importlib.util, "find_spec", lambda name: None)
    for call in (movies.read_movie, partial(movies.write_movie, NOISE, fps=25)):
        with pytest.raises(BackendError, match=r"imageio-ffmpeg; pip install -e '\.\[movies\]'"):
            call(tmp_path / "a.mp4")


def test_animation_is_an_enlarged_gif(tmp_path):
    path = movies.save_animation(NOISE, tmp_path / "cloud.gif", fps=25, scale=3)
    np.testing.assert_allclose(movies.read_movie(path), NOISE.repeat(3, axis=0).repeat(3, axis=1), atol=0.501 / 255)
    with Image.open(path) as image:
        assert (image.info["duration"], image.info["loop"]) == (40, 0)


def test_refused_movies_leave_what_was_there(tmp_path):
    path, folder = tmp_path / "a.gif", tmp_path / "frames"
    for place in (path, folder):
        movies.write_movie(NOISE, place, fps=25)
    before = path.read_bytes()
    with pytest.raises(OutputError, match=r"^a\.gif takes more than max_mb = 0\.001[^\n]*$"):
        movies.write_movie(1 - NOISE, path, fps=25, max_mb=0.001)
    with pytest.raises(OutputError, match=r"^[^\n]*frames holds other images[^\n]*$"):
        movies.write_movie(NOISE[..., :2], folder, fps=25)
    assert path.read_bytes() == before and movies.read_movie(folder).shape == NOISE.shape
    assert {p.name for p in tmp_path.iterdir()} == {"a.gif", "frames"}


# --- bad input

GREY = np.full((8, 8, 2), 0.5)
write = partial(movies.write_movie, movie=GREY, path="never.gif", fps=25)
animation = partial(movies.save_animation, path="never.gif")
read = partial(movies.read_movie, source=GREY, axes="xyt")


@pytest.mark.parametrize(
    "function, arguments, fragment",
    [
        (write, dict(movie=GREY[0]), r"movie has 2 dimension"),
        (write, dict(movie=GREY + 1), "movie goes up to 1.5"),
        (write, dict(fps=51), "fps = 51 is out of range"),
        (write, dict(path="movie.avi"), "path = 'movie.avi' is no movie; end it with .gif, .mp4 or .npy"),
        (animation, dict(movie=GREY[0]), "movie has 2 dimension"),
        (animation, dict(movie=np.zeros((4, 4, 65))), "movie has 65 frames; allowed: 64"),
        *[(read, dict(axes=axes), f"axes = {axes!r} does not name") for axes in (None, "xxt", "yrt")],
        (read, dict(axes="xytc"), r"source has 3 dimension\(s\); allowed: 4"),
        (read, dict(source=(GREY * 9).astype(int)), "source goes up to 4; allowed: values <= 1"),
        (read, dict(source=DataArray(GREY, dims=("y", "x", "t"))), "source has dimensions .'y', 'x', 't'.; give them"),
        (read, dict(source=DataArray(GREY, dims=("y", "x", "time"))), "axes = 'xyt', but source has dimensions"),
    ],
)
def test_bad_input_is_refused_in_one_line(function, arguments, fragment, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ParameterError, match=rf"^[^\n]*{fragment}[^\n]*$"):
        function(**arguments)
    assert list(tmp_path.iterdir()) == []


def images(folder, *those):
    folder.mkdir()
    for k, image in enumerate(those):
        iio.imwrite(folder / f"{k}.png", image)


def cut(path, keep):
    """Write the first part of a movie; the mp4 says first what it holds, as those on the web do."""
    if path.suffix == ".mp4":
        options = dict(plugin="FFMPEG", fps=25, macro_block_size=1, output_params=["-movflags", "+faststart"])
        iio.imwrite(path, np.uint8(255 * NOISE.repeat(4, axis=2).T), is_batch=True, **options)
    else:
        movies.write_movie(NOISE, path, fps=25)
    path.write_bytes(path.read_bytes()[: int(keep * path.stat().st_size)])


DARK = np.zeros((4, 4), np.uint8)
FOREIGN = {
    "without its last byte.gif": (lambda path: cut(path, 1 - 1e-9), "is no movie"),
    "cut.mp4": (lambda path: cut(path, 0.97), "is no movie"),
    "text.mp4": (lambda path: path.write_text("a letter"), "is no movie"),
    "pickle.npy": (lambda path: np.save(path, np.array([{}])), "is no movie"),
    "empty": (images, "cut short or empty"),
    "unequal": (lambda path: images(path, DARK, DARK[:, 1:]), "must have the same shape"),
    "mixed": (lambda path: images(path, DARK, DARK.astype(np.uint16)), "Cannot cast"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_files_that_are_no_movies_or_cut_short_are_refused_in_one_line(name, tmp_path):
    make, fragment = FOREIGN[name]
    make(tmp_path / name)
    with pytest.raises(ParameterError, match=rf"^[^\n]*{fragment}[^\n]*$"):
        movies.read_movie(tmp_path / name)
