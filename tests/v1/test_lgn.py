"""Retina/LGN bank: the slow obvious version, the filters, and the controls that the source lacks."""

import re

import numpy as np
import pytest

from helpers.parameters import ParameterError
from helpers.stimuli import grating, motion_cloud
from helpers.tuning import circular_variance
from helpers.v1 import lgn
from tests.v1 import slow_lgn

FPS = 24
LEGACY, RECTIFIED = lgn.LgnParams(legacy=True), lgn.LgnParams(rectify="lgn")


def cloud(theta_deg, b_deg, seed, n_t=128):
    angles = dict(theta_rad=np.radians(theta_deg), b_theta_rad=np.radians(b_deg))
    return motion_cloud((64, 64, n_t), **angles, sf_0=0.15, b_sf=0.1, b_v=0.1, alpha=1.0, v_x=1.0, seed=seed)


@pytest.fixture(scope="module")
def movie():
    return cloud(60, 15, seed=1, n_t=30)


# --- the slow obvious version


def test_legacy_bank_equals_the_slow_version(movie, record):
    """Both halves, position by position, and what they add up to; for the other bank a cell of FINAL_1 does it."""
    params, slow, fast = LEGACY.replace(duration_ms=1000), [], []
    on_off = lgn.on_off(movie, fps=FPS, params=params, seed=2)
    drive = lgn.respond(movie, fps=FPS, params=params, seed=2).drive
    centres, theta_rad = lgn.cell_centres((64, 64), params=params, seed=2), lgn.template_weights(params)[0]
    for theta, cell in ((0, 3), (4, 15), (11, 0)):
        on, off = slow_lgn.legacy_halves(movie.astype(float), *centres[cell], theta_rad[theta])
        slow += [on, off, 0.2 * on - 0.1 * off]
        fast += [found[theta, cell] for found in (*on_off, drive)]
    difference = np.abs(np.subtract(fast, slow)).max()
    assert min(found.max() for found in slow) > 0.1
    record("lgn.legacy_equality", difference)


def test_default_orientations_cover_half_a_turn_once_and_legacy_a_quarter_with_unequal_counts_of_on_positions():
    theta_rad, w = lgn.template_weights(LEGACY)
    np.testing.assert_allclose(np.degrees(theta_rad), np.linspace(0, 90, 12))
    assert (w > 0).sum(axis=1).tolist() == [19, 19, 22, 22, 23, 24, 24, 23, 22, 22, 19, 19]
    np.testing.assert_allclose(np.degrees(lgn.template_weights()[0]), np.arange(12) * 15)


# --- filters


def test_temporal_filter_with_other_constants():
    """One phase alone peaks with its gain at t_1 + n / c, and is 0 before it starts."""
    params = lgn.LgnParams(k_1=2.0, c_1_per_ms=0.5, n_1=10.0, t_1_ms=5.0, k_2=0.0)
    t_ms = np.arange(0, 100, 0.01)
    response = lgn.temporal_filter(t_ms, params=params)
    assert (t_ms[response.argmax()], response.max()) == pytest.approx((25.0, 2.0))
    assert not response[t_ms <= 5].any() and response[t_ms > 6].all()


def test_a_slow_kernel_is_kept_whole(movie):
    """A kernel of a second: the answer to a flash is the kernel, to its end."""
    params = lgn.LgnParams(c_1_per_ms=0.02, k_2=0.0, duration_ms=2000)
    flash = np.concatenate([movie[..., :1], np.full((64, 64, 47), 0.5)], axis=2)
    with pytest.warns(UserWarning, match=r"uniform from 0\.04 to 2\.00 s"):
        positions = lgn.position_responses(flash, fps=FPS, params=params)
    kernel = lgn.temporal_filter(np.arange(2000.0), params=params)
    held = np.convolve(np.arange(2000) < 42, kernel)[:2000]
    np.testing.assert_allclose(positions[3, 7] / positions[3, 7].max(), held / held.max(), atol=1e-6)


# --- controls


@pytest.mark.parametrize(("theta_deg", "b_deg"), [(60, 15), (150, 15), (0, np.inf)])
def test_rectifying_every_position_is_blind_to_orientation(theta_deg, b_deg):
    movies, params = [cloud(theta_deg, b_deg, seed) for seed in range(4)], RECTIFIED.replace(duration_ms=1000)
    curve = np.mean([lgn.respond(movie, fps=FPS, params=params).tuning() for movie in movies], axis=0)
    assert circular_variance(lgn.template_weights()[0], curve) > 0.97


# --- dark parts


@pytest.mark.parametrize("level", [0.0, 1 / 3])
def test_grey_gives_nothing(level):
    with pytest.warns(UserWarning, match=r"uniform from 0\.00 to 1\.00 s"):
        response = lgn.respond(np.full((64, 64, 24), level), fps=FPS)
    assert not response.drive.any() and response.dark.all() and not response.tuning().any()


@pytest.mark.parametrize("level", [0.0, 1.0])
def test_dark_part_is_reported_and_left_out(level):
    movie = cloud(60, 15, seed=1, n_t=72)
    darkened = np.where(np.arange(72) // 24 == 1, level, movie.astype(float))
    with pytest.warns(UserWarning, match=r"the movie is uniform from 1\.00 to 2\.00 s") as said:
        response = lgn.respond(darkened, fps=FPS)
    assert [warning.filename for warning in said if warning.category is UserWarning] == [__file__]
    assert np.flatnonzero(response.dark).tolist() == list(range(1000, 2000))
    lit = np.r_[200:1000, 2200:3000]
    np.testing.assert_allclose(response.tuning(), response.drive[:, :, lit].mean(axis=(1, 2)), rtol=1e-12)
    plain = lgn.respond(movie, fps=FPS)
    np.testing.assert_allclose(response.drive[..., :1000], plain.drive[..., :1000], atol=1e-9)
    assert response.drive[..., 1300:2000].max() < 1e-6 < plain.drive[..., 1300:2000].max()


@pytest.mark.filterwarnings("error::UserWarning")
def test_one_bright_pixel_makes_nothing_dark():
    movie = 0.1 * grating((48, 48, 12), theta_rad=0.5, sf_0=0.15)
    movie[3, 3, 5] = 40.0
    assert not lgn.respond(movie, fps=24).dark.any()


def test_faint_noise_is_dark_too_and_many_dark_parts_make_one_short_line(rng):
    movie = np.where(np.arange(48) % 4 == 0, 0.004 * rng.random((64, 64, 48)), cloud(60, 15, seed=1, n_t=48))
    with pytest.warns(
        UserWarning, match=r"0\.50 to 0\.54 s and 8 more parts: no orientation there, left out of tuning"
    ):
        assert lgn.respond(movie, fps=FPS).dark.sum() == 500


# --- options and the two halves


def test_wider_filter_reads_more_pixels(movie):
    params = lgn.LgnParams(kernel_px=8, random_shift=False)
    z = lgn.spatial_kernel(params)
    assert z.shape == (80, 80) and z[40, 40] == z.max()
    weight = (z - z.mean()).reshape(8, 10, 8, 10).mean(axis=(1, 3))
    contrast = movie.astype(float) - movie.mean()
    x, y = np.array([20, 28]) + lgn.lattice(params)[5]
    frames = np.einsum("xyt,xy->t", contrast[x - 4 : x + 4, y - 4 : y + 4], weight)
    held = slow_lgn.filtered(frames, "cai", 1000 / FPS, 1250)
    np.testing.assert_allclose(lgn.position_responses(movie, fps=FPS, params=params)[1, 5], held, atol=1e-9)


def test_thresholds_leave_out_weak_positions_and_a_gain_scales_the_off_half():
    w = lgn.template_weights()[1]
    cut = lgn.template_weights(lgn.LgnParams(on_threshold=0.3, off_threshold=0.1))[1]
    share = w / np.abs(w).max(axis=1, keepdims=True)
    np.testing.assert_array_equal(cut != 0, (share > 0.3) | (share < -0.1))
    np.testing.assert_allclose(np.linalg.norm(cut, axis=1), 1)
    half = lgn.template_weights(lgn.LgnParams(off_gain=0.5))[1]
    np.testing.assert_allclose(half, np.where(w < 0, 0.5 * w, w), atol=1e-12)


@pytest.mark.parametrize("params", [lgn.LgnParams(), RECTIFIED], ids=["linear", "rectified"])
def test_halves_are_sums_over_positions_and_add_up_to_the_drive(params, movie):
    on, off = lgn.on_off(movie, fps=FPS, params=params, seed=4)
    drive = lgn.respond(movie, fps=FPS, params=params, seed=4).drive
    np.testing.assert_allclose(np.maximum(on - off, 0), drive, atol=1e-12)
    bright, w = lgn.position_responses(movie, fps=FPS, seed=4), lgn.template_weights()[1]
    dim = bright
    if params is RECTIFIED:
        bright, dim = np.maximum(bright, 0), np.minimum(bright, 0)
    np.testing.assert_allclose(on, np.einsum("ap,cpt->act", np.maximum(w, 0), bright), atol=1e-12)
    np.testing.assert_allclose(off, np.einsum("ap,cpt->act", np.maximum(-w, 0), dim), atol=1e-12)


def test_legacy_ignores_the_other_fields(movie):
    odd = LEGACY.replace(lattice_step_px=1, template_sf_0=0.3, temporal="cai", rectify="lgn")
    one, other = (lgn.respond(movie, fps=FPS, params=p).drive for p in (odd, LEGACY))
    np.testing.assert_array_equal(one, other)


# --- shapes, seeds


def test_tuning_needs_more_than_the_onset(movie):
    short = lgn.respond(movie, fps=FPS, params=lgn.LgnParams(duration_ms=100))
    with pytest.raises(ParameterError, match="lower it, or hold the last frame with duration_ms"):
        short.tuning()


@pytest.mark.parametrize(("fps", "n_ms"), [(24, 1250), (7, 4285)])
def test_a_movie_is_answered_whole_or_as_long_as_told_its_last_frame_held(movie, fps, n_ms):
    movie = movie - movie.mean(axis=(0, 1))  # so that repeated frames change no contrast
    whole = lgn.respond(movie, fps=fps)
    assert whole.drive.shape[2] == whole.dark.size == n_ms
    longer = lgn.respond(np.append(movie, movie[..., [-1] * 12], axis=2), fps=fps).drive
    for duration_ms in (400, n_ms + 500):
        told = lgn.respond(movie, fps=fps, params=lgn.LgnParams(duration_ms=duration_ms)).drive
        np.testing.assert_allclose(told, longer[..., :duration_ms], atol=1e-12)


def test_centres_stand_on_a_grid_or_just_off_it_by_the_seed():
    grid = lgn.cell_centres((64, 64), params=lgn.LgnParams(random_shift=False), seed=1)
    assert grid.tolist() == [[x, y] for x in (20, 28, 36, 44) for y in (20, 28, 36, 44)]
    one, same, other = (lgn.cell_centres((64, 64), seed=seed) for seed in (1, np.random.default_rng(1), 2))
    assert set(np.unique(one - grid)) == {-1, 0} and np.array_equal(one, same) and not np.array_equal(one, other)


@pytest.mark.parametrize("change", [dict(lattice_step_px=3), dict(legacy=True)])
def test_every_lattice_point_stays_inside_the_smallest_movie(change):
    params = lgn.LgnParams(margin_px=13, **change)
    corner = lgn.cell_centres((26, 26), params=params)[:, None] + lgn.lattice(params) - 2
    assert corner.min() >= 0 and corner.max() + 4 <= 26


# --- bad input

GREY = np.full((64, 64, 4), 0.5)
BAD_MOVIES = {
    "movie holds NaN": np.where(np.arange(4) == 2, np.nan, GREY),
    "movie has (30, 64) pixels; allowed: at least 40 each, or a smaller margin_px": GREY[:30],
    "values up to 127; give luminance in [0, 1]": (255 * GREY).astype(np.uint8),
    "values up to 2; give luminance": 2 * (GREY > 0.1).astype(float),
}


def refused(fragment):
    return pytest.raises(ParameterError, match=rf"^[^\n]*{re.escape(fragment)}[^\n]*$")


def test_bad_input_is_refused_in_one_line():
    for fragment, movie in BAD_MOVIES.items():
        with refused(fragment):
            lgn.respond(movie, fps=24)
    with refused("allowed: at least 70"):
        lgn.respond(GREY, fps=24, params=lgn.LgnParams(spacing_px=50))
    with refused("movie goes down to -0.5"):
        lgn.respond(GREY - 1, fps=24, params=LEGACY)
    with refused("size_px = (64,) is not (N_x, N_y)"):
        lgn.cell_centres((64,))
    for fragment, kernel_px in (("kernel_px = 5 is odd", 5), ("margin_px = 20 is too small; allowed: at least 21", 20)):
        with refused(fragment):
            lgn.LgnParams(kernel_px=kernel_px)
