"""No public function of the shared modules strips a unit or a mask in silence, whichever package made it.

CALLS holds one valid call of every public function that takes numbers; each of its numbers is then given with a unit
that does not fit, with one that does, and with a masked element. The packages are imported by the tests alone: they
take seconds, which everyone who only collects the tests would wait for.
"""

import ast
import dataclasses
import functools
import importlib
import inspect
import re
import tempfile
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import figures, parameters, runs, spikes, stimuli, tuning
from helpers.parameters import ParameterError, Parameters, check_array, check_integer, check_number, parameter, unit_of

matplotlib.use("Agg")
ROOT = Path(__file__).resolve().parents[1]
NUMERIC = re.compile(r"\b(float|int|ndarray|ArrayLike)\b")
# Another unit of the same dimension: how many of it are one unit of the name.
OTHER = {"ms": ("s", 1e-3), "s": ("ms", 1e3), "Hz": ("kHz", 1e-3), "rad": ("deg", 180 / np.pi), "cm": ("m", 1e-2)}
OTHER |= {"mm": ("cm", 0.1)}


@dataclasses.dataclass(frozen=True)
class Cell(Parameters):
    tau_ms: float = parameter(20.0, "ms")
    r_noise: float = parameter(5.0, "Hz")
    duration_ms: int = parameter(1000, "ms")
    n_cells: int = parameter(4)
    heading_cm: tuple = parameter((1.0, 0.0), "cm")


def drawn(plot):
    """Call a plot function with axes of its own and return the coordinates of what it drew."""

    def call(**arguments):
        _, ax = figures.figure()
        plot(ax, **arguments)
        marks = [line.get_xydata() for line in ax.lines] + [image.get_array() for image in ax.images]
        matplotlib.pyplot.close("all")
        return marks

    return call


def new_file(name):
    return Path(tempfile.mkdtemp()) / name


def written(write):
    """Call a function that writes a movie, in a new folder, and return what is then read back."""
    return lambda movie, **arguments: stimuli.read_movie(write(movie, new_file("movie.gif"), **arguments))


def swept(run):
    """Call a function that sweeps over three points, with a new store, and return the squares."""
    return lambda n_jobs: run(lambda x: {"y": x * x}, {"x": [1, 2, 3]}, store=new_file("store"), n_jobs=n_jobs)


def animated(**arguments):
    fig, ax = figures.figure(width_mm=20.0, height_mm=20.0)
    figures.save_animation(fig, lambda k: ax.plot([0, k]), "units/line", params={"x": 1}, **arguments)
    return stimuli.read_movie(figures.figs_folder() / "units/line.gif")


def curve(theta_rad):
    return tuning.fit_tuning(THETA, TUNED).curve(theta_rad)


THETA = np.pi * np.arange(12) / 12
TUNED = np.round(40 * np.exp(-2 * np.sin(THETA - 1) ** 2)) + 3
B = np.array([0.05, 0.1, 0.2, 0.3, 0.5, 0.8])
SEEDS = np.arange(18.0).reshape(6, 3) % 5
SPIKES = {"times_ms": np.array([1.0, 2.5, 4.0, 40.0, 41.0]), "ids": np.array([0, 1, 0, 1, 0]), "n_cells": 2}
CLOUD = dict(shape=(32, 32, 16), theta_rad=0.5, b_theta_rad=0.3, sf_0=0.15, b_sf=0.1, v_x=1.0, v_y=0.0, b_v=0.5)
CLOUD |= dict(alpha=0.0, contrast=0.5, seed=1)
GABOR = dict(shape=(32, 32), x=16.0, y=16.0, sf_0=0.15, b_sf=0.5, theta_rad=0.5, b_theta_rad=0.4, phase=0.1)
GRATING = dict(shape=(16, 16, 4), theta_rad=0.5, sf_0=0.1, v_x=1.0, v_y=0.0, phase=0.1, contrast=0.5)
MOVIE = stimuli.grating(**GRATING)
GIF = dict(movie=MOVIE, fps=25.0, max_mb=1.0)
BAND = dict(x=np.arange(3.0), level=0.9)
TABLE = dict(source=np.array([[7.0, 1.5], [8.0, 1.0]]), cells=[7, 8])
CALLS = {
    "figures.band": (drawn(figures.band), dict(values=SEEDS, **BAND)),
    "figures.bands": (drawn(figures.bands), dict(curves={"a": SEEDS}, within=(0.0, 9.0), **BAND)),
    "figures.dots": (drawn(figures.dots), dict(groups={"a": SEEDS[:3]}, within=(0.0, 9.0), **BAND)),
    "figures.figure": (lambda **mm: figures.figure(**mm)[0].get_size_inches(), dict(width_mm=90.0, height_mm=40.0)),
    "figures.matrix": (drawn(lambda ax, values: figures.matrix(ax, values, label="w")), dict(values=SEEDS)),
    "figures.raster": (drawn(figures.raster), dict(times_ms=np.array([1.0, 2.0]), ids=np.array([0, 1]))),
    "figures.save_animation": (animated, dict(n_frames=2, fps=10.0)),
    "figures.show_frame": (drawn(figures.show_frame), dict(frame=SEEDS)),
    "figures.traces": (drawn(figures.traces), dict(t=np.arange(6.0), values=SEEDS, n_shown=2, offset=1.0)),
    "parameters.Cell": (Cell, dict(tau_ms=20.0, r_noise=5.0, duration_ms=1000, n_cells=4, heading_cm=(1.0, 0.0))),
    "parameters.check_seed": (lambda seed: parameters.check_seed(seed).integers(99), dict(seed=3)),
    "runs.collect": (swept(lambda *a, **o: runs.collect(*a, **o)["y"].values), dict(n_jobs=1)),
    "runs.over": (swept(lambda call, grid, **o: runs.over(call, **grid, **o)), dict(n_jobs=1)),
    "runs.sweep": (swept(lambda *a, **o: [r["y"] for _, r in runs.sweep(*a, **o)]), dict(n_jobs=1)),
    "runs.seeds": (runs.seeds, dict(seed=3, n=4)),
    "runs.summary": (runs.summary, dict(values=SEEDS, level=0.9)),
    "spikes.fano_factor": (spikes.fano_factor, dict(counts=SEEDS)),
    "spikes.isi_cv": (spikes.isi_cv, SPIKES),
    "spikes.pack": (spikes.pack, dict(trains=[np.array([3.0, 5.0]), np.array([4.0])])),
    "spikes.rates_hz": (spikes.rates_hz, {**SPIKES, "start_ms": 1.0, "stop_ms": 11.0}),
    "spikes.read_spikes": (functools.partial(spikes.read_spikes, columns=("id", "time_ms")), TABLE),
    "spikes.unpack": (spikes.unpack, SPIKES),
    "spikes.window_counts": (spikes.window_counts, {**SPIKES, "n_windows": 3, "window_ms": 20.0, "start_ms": 1.0}),
    "stimuli.cloud_statistics": (stimuli.cloud_statistics, dict(movie=MOVIE)),
    "stimuli.grating": (stimuli.grating, GRATING),
    "stimuli.log_gabor": (stimuli.log_gabor, GABOR),
    "stimuli.motion_cloud": (stimuli.motion_cloud, CLOUD),
    "stimuli.motion_cloud_frames": (lambda **given: next(stimuli.motion_cloud_frames(**given)), CLOUD),
    "stimuli.poisson_trains": (stimuli.poisson_trains, dict(rate_hz=20 * SEEDS, dt_ms=100.0, seed=1)),
    "stimuli.read_movie": (lambda source: stimuli.read_movie(source, axes="xyt"), dict(source=MOVIE)),
    "stimuli.save_animation": (written(stimuli.save_animation), dict(scale=2, max_frames=9, **GIF)),
    "stimuli.write_movie": (written(stimuli.write_movie), GIF),
    "tuning.TuningFit.curve": (curve, dict(theta_rad=THETA)),
    "tuning.circular_variance": (tuning.circular_variance, dict(theta_rad=THETA, response=TUNED)),
    "tuning.convert_bandwidth": (lambda b_rad: tuning.convert_bandwidth(b_rad, "A", "power"), dict(b_rad=B)),
    "tuning.decode_orientation": (tuning.decode_orientation, dict(theta_rad=THETA, response=TUNED)),
    "tuning.fit_naka_rushton": (tuning.fit_naka_rushton, dict(b_theta_rad=B, cv=0.2 + 0.6 * B**3 / (B**3 + 0.3**3))),
    "tuning.fit_tuning": (tuning.fit_tuning, dict(theta_rad=THETA, response=TUNED)),
    "tuning.hwhh": (tuning.hwhh, dict(b_theta_rad=B)),
    "tuning.orientation_error": (tuning.orientation_error, dict(estimate_rad=THETA, true_rad=1.0)),
    "tuning.theoretical_cv": (tuning.theoretical_cv, dict(b_theta_rad=B)),
    "tuning.von_mises": (tuning.von_mises, dict(theta_rad=THETA, preferred_rad=1.0, b_theta_rad=0.3)),
}
# Numbers that only matplotlib reads.
DRAWING = {"figure": ("n_rows", "n_cols"), "panel_letters": ("x", "y"), "raster": ("size",), "save_animation": ("dpi",)}


def carried(value, make):
    """Return the value with `make` done to each array or number in it."""
    if isinstance(value, dict):
        return {key: carried(item, make) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(carried(item, make) for item in value)
    return make(value)


def numbers_of(result):
    """Return the numbers in a result of any kind, in order, as one array."""
    if dataclasses.is_dataclass(result):
        result = [getattr(result, field.name) for field in dataclasses.fields(result)]
    if isinstance(result, (list, tuple)):
        return np.concatenate([np.empty(0), *(numbers_of(item) for item in result)])
    if isinstance(result, dict):
        return numbers_of(list(result.values()))
    return np.empty(0) if result is None or isinstance(result, str) else np.ravel(np.asarray(result, float))


def units_of(name):
    """Return {argument: unit} of a call; that of a field of parameters may stand beside it."""
    return {argument: unit_of(argument) for argument in CALLS[name][1]} | {"r_noise": "Hz", "trains": "ms"}


def quantity(value, unit):
    import quantities

    return quantities.Quantity(value, unit)


def masked(value):
    return np.ma.array(value, mask=np.arange(np.size(value)).reshape(np.shape(value)) == 0)


def labelled(value, unit="kg"):
    import xarray

    return xarray.DataArray(value, attrs={"units": unit})


def test_every_public_function_with_numbers_is_called_here():
    missing = []
    for module in ("figures", "runs", "spikes", "stimuli", "tuning"):
        names = importlib.import_module(f"helpers.{module}")
        for name in filter(lambda name: inspect.isfunction(getattr(names, name)), names.__all__):
            called = {"path", "columns", *DRAWING.get(name, ()), *CALLS.get(f"{module}.{name}", ((), ()))[1]}
            for argument in inspect.signature(getattr(names, name)).parameters.values():
                if NUMERIC.search(str(argument.annotation)) and argument.name not in called:
                    missing.append(f"{module}.{name}: {argument.name}")
    assert missing == []


@pytest.mark.parametrize("name", CALLS)
def test_a_unit_that_does_not_fit_and_masked_elements_are_refused_in_one_line(name):
    function, arguments = CALLS[name]
    for argument, value in arguments.items():
        makes = [lambda plain: quantity(plain, "kg"), masked] + [labelled] * bool(units_of(name)[argument])
        for make in makes:
            with pytest.raises(ParameterError, match=r"^[^\n]{1,250}$"):
                print(argument, function(**{**arguments, argument: carried(value, make)}))


@pytest.mark.parametrize("name", CALLS)
def test_another_unit_of_the_same_kind_gives_the_same_result(name):
    function, arguments = CALLS[name]
    expected = numbers_of(function(**arguments))
    assert expected.size
    for argument, value in arguments.items():
        if units_of(name)[argument]:
            unit, factor = OTHER[units_of(name)[argument]]
            given = carried(value, lambda plain: quantity(np.multiply(plain, factor), unit))  # noqa: B023
            found = numbers_of(function(**{**arguments, argument: given}))
            np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6, err_msg=argument)


def test_a_check_is_not_thrown_away_where_it_converts():
    """`check_number("tau_ms", tau_ms)` alone would let a quantity through as it came."""
    thrown = []
    for path in (ROOT / "helpers").rglob("*.py"):
        statements = [ast.unparse(node) for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Expr)]
        checks = [re.match(r"check_(?:array|number|integer)\('([^']+)'", statement) for statement in statements]
        thrown += [(str(path), check[0]) for check in checks if check and unit_of(check[1])]
    assert thrown == []


# --- the packages that carry units


SECONDS = {"s": 1.0, "ms": 1e-3}


class Astropy:
    """Stands for astropy.units.Quantity: a unit, `to_value`, and an array protocol that strips the unit."""

    def __init__(self, value, unit):
        self.value, self.unit = np.asarray(value), unit

    def to_value(self, unit):
        if not {unit, self.unit} <= set(SECONDS):
            raise ValueError(f"'{self.unit}' and '{unit}' are not convertible")
        return self.value * SECONDS[self.unit] / SECONDS[unit]

    def __array__(self, dtype=None, copy=None):
        return self.value


class Pint:
    """Stands for pint.Quantity: `dimensionality`, `to`, `magnitude`, and an array protocol that strips the unit."""

    def __init__(self, value, unit):
        self.magnitude, self.dimensionality, self.inner = np.asarray(value), f"[{unit}]", Astropy(value, unit)

    def to(self, unit):
        return Pint(self.inner.to_value(unit), unit)

    def __array__(self, dtype=None, copy=None):
        return self.magnitude


def brian2_quantity(value, unit):
    import brian2

    return np.multiply(value, {"s": brian2.second, "ms": brian2.ms, "m": brian2.metre}[unit])


PACKAGES = {"quantities": quantity, "brian2": brian2_quantity, "astropy": Astropy, "pint": Pint}


@pytest.mark.parametrize("package", PACKAGES)
@settings(max_examples=10)
@given(st.lists(st.floats(-1e6, 1e6, allow_subnormal=False), min_size=1, max_size=4), st.sampled_from(["s", "ms"]))
def test_every_package_is_converted(package, values, unit):
    make, factor = PACKAGES[package], {"s": 1000.0, "ms": 1.0}[unit]
    found = [check_array("t_ms", make(values, unit)), check_array("t_ms", [make(value, unit) for value in values])]
    found += [[check_number("t_ms", make(value, unit)) for value in values]]
    found += [[Cell(tau_ms=make(value, unit)).tau_ms for value in values]]
    np.testing.assert_allclose(found, [np.multiply(values, factor)] * 4, rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_is_refused_where_its_unit_does_not_fit(package):
    make = PACKAGES[package]
    for name, value in [("t_ms", make(1.0, "m")), ("contrast", make(1.0, "s")), ("x_px", make(1.0, "m"))]:
        for check, wrong in ((check_number, value), (check_array, [1.0, value])):
            with pytest.raises(ParameterError, match=rf"^{name} carries the unit .+; allowed: .*plain numbers$"):
                check(name, wrong)


def test_whole_compound_and_pure_quantities_and_variables_of_brian2():
    import brian2
    import quantities as pq

    duration_ms = Cell(duration_ms=0.3 * pq.s).duration_ms
    assert duration_ms == 300 and type(duration_ms) is int
    assert check_integer("duration_ms", 526790.05 * pq.s) == 526790050, "which is off by 6e-8 in floats"
    with pytest.raises(ParameterError, match=r"duration_ms = .*0\.3.* is not an integer"):
        check_integer("duration_ms", 0.3 * pq.ms)
    speed = 2 * brian2.metre / brian2.second
    assert [check_number("speed_cm_s", speed), check_number("speed_kmh", 10 * pq.m / pq.s)] == pytest.approx([200, 36])
    assert check_number("weight_us", 2 * brian2.nS) == check_number("weight_us", 2 * pq.nS) == pytest.approx(0.002)
    assert check_number("contrast", 50 * pq.percent, 0, 1) == check_number("theta_rad", brian2.Quantity(0.5)) == 0.5
    group = brian2.NeuronGroup(2, "v : volt")
    group.v = [0.01, 0.02] * brian2.volt
    assert check_array("v_mv", group.v) == pytest.approx([10, 20])


def test_labelled_and_masked_arrays_without_a_quarrel_are_plain():
    import pandas

    times = labelled([1.0, 2.0], "ms")
    for value in (times, labelled([1.0, 2.0], None), pandas.Series([1, 2]), np.ma.array([1, 2], mask=False)):
        for name in ("t_ms", "values"):  # a name without a unit contradicts none
            assert check_array(name, value).tolist() == [1, 2]
    assert check_number("t_ms", times.mean()) == 1.5
    with pytest.raises(ParameterError, match=r"t_s has attrs\['units'\] = 'ms'; allowed: 's'; convert it first"):
        check_array("t_s", times)
    with pytest.raises(ParameterError, match=r"t_ms has attrs\['units'\] = array\(\['ms'"):
        check_array("t_ms", labelled([1.0], np.array(["ms", "s"])))
    with pytest.raises(ParameterError, match="t_ms has masked elements; allowed: none; fill them or drop them first"):
        check_array("t_ms", [1.0, np.ma.masked])


def test_spikes_of_neo_and_pandas_are_read():
    """Trains in seconds and milliseconds, beginning at their own t_start; a frame whose header says seconds."""
    import neo
    import pandas

    times_ms, ids = [2.8, 4.1, 4.1, 5.2, 12.1], [0, 1, 2, 1, 0]
    first, *others = spikes.unpack(times_ms, ids, n_cells=3)
    trains = [neo.SpikeTrain(first / 1000, units="s", t_start=0.002, t_stop=1)]
    trains += [neo.SpikeTrain(train, units="ms", t_start=2, t_stop=1000) for train in others]
    segment = neo.Segment()
    segment.spiketrains = trains
    frame = pandas.DataFrame({"time_s": np.array(times_ms) / 1000, "id": ids})
    for found in (*map(spikes.read_spikes, (trains, segment, segment.spiketrains, frame)), spikes.pack(trains)):
        np.testing.assert_allclose(found[0], times_ms, rtol=1e-12)
        assert found[1].tolist() == ids
    assert spikes.read_spikes(trains[0])[1].tolist() == [0, 0]
