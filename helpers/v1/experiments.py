"""The experiments of the V1 notebooks: one point of a sweep each, from a seed to a dict of arrays.

Every function takes plain numbers (degrees, as in the notebooks) and can be handed to :func:`helpers.runs.sweep`;
:func:`over_seeds` does that and stacks the seeds.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from scipy.special import stdtrit

from helpers import runs, stimuli, tuning
from helpers.parameters import ParameterError, Table, check_array, check_integer, check_number
from helpers.v1 import lgn

__all__ = [
    "CLOUD",
    "bandwidths_deg",
    "cloud_point",
    "fit_rows",
    "lgn_point",
    "lgn_ring_point",
    "movie_rates",
    "orientation_table",
    "orientation_vector",
    "over_conditions",
    "over_seeds",
    "pooled_bandwidths_deg",
    "ring_point",
    "ring_table",
    "stimulus",
]

#: The stimulus of the retina/LGN bank: 64 x 64 pixels, 128 frames at 24 frames per second.
CLOUD = dict(shape=(64, 64, 128), sf_0=0.15, b_sf=0.1, b_v=0.1, alpha=1.0)
FPS = 24.0


def stimulus(*, theta_deg, b_theta_deg=15.0, v_x=1.0, seed, **changes):
    """Return the cloud of the bank (:data:`CLOUD`) with a given orientation, bandwidth and speed."""
    theta_rad = np.deg2rad(check_number("theta_deg", theta_deg))
    b_theta_rad = np.deg2rad(check_number("b_theta_deg", b_theta_deg, 0, low_open=True))
    options = {**CLOUD, **changes}
    return stimuli.motion_cloud(theta_rad=theta_rad, b_theta_rad=b_theta_rad, v_x=v_x, seed=seed, **options)


def cloud_point(*, b_theta_deg, seed):
    """Measure one cloud: statistics of a 128 x 128 x 32 texture moving along x."""
    b_theta_rad = np.deg2rad(check_number("b_theta_deg", b_theta_deg, 0, low_open=True))
    options = dict(theta_rad=1.0, b_theta_rad=b_theta_rad, sf_0=0.15, b_sf=0.1, method="raw")
    cloud = stimuli.motion_cloud((128, 128, 32), seed=seed, **options)
    return dataclasses.asdict(stimuli.cloud_statistics(cloud))


def lgn_point(*, theta_deg, b_theta_deg, v_x, seed, legacy=False, rectify="v1"):
    """Drive the bank with one cloud; return the tuning curve of the V1 input."""
    movie = stimulus(theta_deg=theta_deg, b_theta_deg=b_theta_deg, v_x=v_x, seed=seed)
    response = lgn.respond(
        movie, fps=FPS, params=lgn.LgnParams(legacy=legacy, rectify=rectify, duration_ms=1000), seed=seed
    )
    return {"tuning": response.tuning()}


def orientation_vector(theta_rad, g):
    """Return |sum g exp(2 i theta)| / sum g: 0 for a flat curve, 1 for a single orientation."""
    return 1 - tuning.circular_variance(theta_rad, g)


def ring_point(*, theta_deg, b_theta_deg, seed, **changes):
    """Run the static ring through windows of given orientation and bandwidth (lists, deg); return its counts.

    `changes` go to :class:`helpers.v1.ring.RingParams`, for example ``lateral=False``.
    """
    from helpers.v1 import ring

    params = ring.RingParams(plastic=False).replace(**changes)
    theta_rad = np.deg2rad(check_array("theta_deg", theta_deg))
    b_theta_rad = np.deg2rad(check_array("b_theta_deg", b_theta_deg, finite=False))
    result = ring.simulate(params, theta_rad, b_theta_rad=b_theta_rad, seed=seed)
    return {**result.counts, "theta_rad": result.theta_rad, "b_theta_rad": result.b_theta_rad}


def lgn_ring_point(*, theta_deg, b_theta_deg, seed, keep_spikes=False):
    """Let movies drive the static ring, one per window of one second, through a bank of 60 orientations.

    In each window input cell i fires at (1 - noise) G g_i(t) / max_i <g_i> + noise G, with g the drive of the bank
    averaged over the 16 places of the image. `theta_deg` and `b_theta_deg` are lists, one value per window.
    """
    from helpers.v1 import ring

    params = ring.RingParams(plastic=False)
    drive = _window_drives(theta_deg, b_theta_deg, seed)
    rate_hz = _rates(drive, params)
    trains = stimuli.poisson_trains(rate_hz, dt_ms=1.0, seed=seed)
    result = ring.simulate(params, np.deg2rad(theta_deg), trains=trains, seed=seed)
    kept = dict(zip(("exc_ms", "exc_ids"), result.spikes["exc"], strict=True)) if keep_spikes else {}
    return {**result.counts, "drive": np.stack([g[:, 200:].mean(axis=1) for g in drive]), **kept}


def movie_rates(theta_deg, b_theta_deg, *, seed, params):
    """Return the input rates (n_ms, n_exc) in Hz of a ring that watches one movie per window through the LGN bank."""
    return _rates(_window_drives(theta_deg, b_theta_deg, seed), params)


def _window_drives(theta_deg, b_theta_deg, seed):
    theta_deg = check_array("theta_deg", theta_deg, ndim=1)
    b_theta_deg = check_array("b_theta_deg", b_theta_deg, shape=theta_deg.shape, finite=False)
    windows = zip(theta_deg, b_theta_deg, runs.seeds(seed, theta_deg.size), strict=True)
    return [_bank_drive(*window) for window in windows]


def _rates(drive, params):
    tuned = np.concatenate([g / g.mean(axis=1).max() for g in drive], axis=1)
    return params.gain_hz * ((1 - params.noise) * tuned.T + params.noise)


def _bank_drive(theta_deg, b_theta_deg, seed):
    movie = stimulus(theta_deg=theta_deg, b_theta_deg=b_theta_deg, seed=seed)
    return lgn.respond(movie, fps=FPS, params=lgn.LgnParams(n_theta=60, duration_ms=1000), seed=seed).drive.mean(axis=1)


def over_seeds(function, seeds, *, n_jobs=-1, **point):
    """Run `function` for every seed (in parallel, kept in the store) and stack each entry along axis 0.

    Entries whose length differs between seeds, such as spike times, stay lists.

    Raises
    ------
    ParameterError
        A seed failed; the message holds where its traceback is.
    """
    return over_conditions(function, seeds, {"": point}, n_jobs=n_jobs)[""]


def over_conditions(function, seeds, conditions, *, n_jobs=-1):
    """Run `function` for every seed of every condition in one sweep; return {label: stacked entries}.

    `conditions` is ``{label: keyword arguments}``; the workers share all points, so none waits for the slowest
    condition.
    """
    if isinstance(seeds, str) or not np.iterable(seeds):
        raise ParameterError(f"seeds = {seeds!r} is not a list; give one seed per run, such as range(8)")
    folder, seeds = runs.store("v1"), [check_integer("seed", seed, 0) for seed in seeds]
    grid = [{**point, "seed": seed} for point in conditions.values() for seed in seeds]
    found = [result for _, result in runs.sweep(function, grid, store=folder, n_jobs=n_jobs, progress=False)]
    if len(found) != len(grid):
        raise ParameterError(f"{len(grid) - len(found)} of {len(grid)} runs failed; see *.error.json in {folder.name}")
    rows = {label: found[i * len(seeds) : (i + 1) * len(seeds)] for i, label in enumerate(conditions)}
    return {label: {key: _stacked([one[key] for one in row]) for key in row[0]} for label, row in rows.items()}


def _stacked(values):
    return np.stack(values) if len({np.shape(value) for value in values}) == 1 else values


def fit_rows(counts, **options):
    """Fit every row of counts (..., n_cells) with :func:`helpers.tuning.fit_tuning`; return an object array."""
    counts = check_array("counts", counts, ndim=(1, 2, 3, 4), finite=False)
    theta_rad = np.pi * np.arange(counts.shape[-1]) / counts.shape[-1]
    fits = np.empty(counts.shape[:-1], dtype=object)
    for index in np.ndindex(*fits.shape):
        fits[index] = tuning.fit_tuning(theta_rad, counts[index], **options)
    return fits


def bandwidths_deg(counts, **options):
    """Return the fitted bandwidth (deg) of every row of counts (..., n_cells); nan where the fit was refused."""
    fits = fit_rows(counts, **options)
    return np.rad2deg(np.vectorize(lambda fit: fit.bandwidth_rad, otypes=[float])(fits))


def pooled_bandwidths_deg(counts, *, level=0.95, **options):
    """Return bandwidths (deg) fitted to the counts pooled over seeds, with a jackknife interval over seeds.

    A single window holds too few spikes for broad tuning: its fits are refused and the survivors are biased.
    Pooling keeps every window; leaving out one seed at a time gives the standard error and Student's t the
    interval.

    Parameters
    ----------
    counts : array_like, shape (n_seeds, n_windows, n_cells)

    Returns
    -------
    helpers.runs.Summary
        Each field has shape (n_windows,); ``mean`` is the pooled estimate.
    """
    counts = check_array("counts", counts, ndim=3)
    check_number("level", level, 0, 1, low_open=True, high_open=True)
    n = len(counts)
    estimate = bandwidths_deg(counts.sum(axis=0), **options)
    without = bandwidths_deg(counts.sum(axis=0) - counts, **options)
    error = np.sqrt((n - 1) / n * ((without - without.mean(axis=0)) ** 2).sum(axis=0))
    half = stdtrit(n - 1, (1 + level) / 2) * error
    return runs.Summary(estimate, error * np.sqrt(n), estimate - half, estimate + half, np.full(estimate.shape, n))


def orientation_table(theta_rad, curves):
    """Return the table of tuning curves {label: (n_seeds, n_theta)}: preferred angle, orientation vector, its x part.

    The part along x is the mean of sum g cos 2 theta / sum g over seeds, with its interval: 0 if no axis is favoured.
    """
    rows = []
    for label, g in curves.items():
        g = check_array(f"curves[{label!r}]", g, ndim=2)
        mean = g.mean(axis=0)
        preferred = np.rad2deg(tuning.decode_orientation(theta_rad, mean))
        along_x = runs.summary((g @ np.cos(2 * theta_rad)) / g.sum(axis=1))
        rows.append((label, f"{preferred:.1f}", f"{orientation_vector(theta_rad, mean):.3f}", str(along_x)))
    return Table(("stimulus", "preferred (deg)", "orientation vector", "its part along x"), tuple(rows))


def ring_table(counts):
    """Return the table of one-second counts {label: (n_seeds, n_cells)}: spikes, bandwidth, circular variance.

    The bandwidth is left out where fewer than half of the seeds have a tuned response.
    """
    rows = []
    for label, spikes in counts.items():
        spikes = check_array(f"counts[{label!r}]", spikes, ndim=2)
        theta_rad = np.pi * np.arange(spikes.shape[1]) / spikes.shape[1]
        width = bandwidths_deg(spikes)
        shown = str(runs.summary(width)) if np.isfinite(width).mean() > 0.5 else "not tuned"
        cv = runs.summary(tuning.circular_variance(theta_rad, spikes))
        rows.append((label, str(runs.summary(spikes.sum(axis=1))), shown, str(cv)))
    return Table(("ring", "E spikes per s", "B (deg)", "circular variance"), tuple(rows))
