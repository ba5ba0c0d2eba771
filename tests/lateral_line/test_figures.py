"""Figures of a run folder and panels of the notebook: drawn from real small runs, working and silent."""

import itertools
import sys

import numpy as np
import pytest
from matplotlib.image import imread

from helpers.lateral_line import figures, simulate
from helpers.lateral_line import figures_study as panels
from helpers.lateral_line.params import preset
from helpers.parameters import OutputError, ParameterError

BASES = [
    "spatial_two_stage",
    "test_phase_only",
    "learning_curves",
    "llmon_weights",
    "ts_tuning",
    "mon_tuning_examples",
    "mon_ts_weight_profile",
    "mon_to_ts_receptive_fields",
    "ts_spikes_vs_x_test",
    "mon_spikes_vs_x_test",
    "ll_spikes_vs_x_test",
    "mon_ts_drive_heatmap",
    "mon_ts_drive_winner",
    "ts_pop_rate_train_test_transition",
]
SIZE = dict(n_mon=240, n_ts=40, mon_ts_gain_mV=360.0)


@pytest.fixture(scope="module")
def run():
    params = preset("ll_fast").replace(**SIZE, n_training_trials=12, checkpoint_trials=2)
    return simulate(params, test_repeats=1)


@pytest.fixture(scope="module")
def silent():
    params = preset("ll_fast_legacy").replace(n_mon=60, n_ts=20, n_training_trials=0)
    return simulate(params, test_repeats=1, controls=False)


@pytest.fixture(scope="module")
def silent_training():
    params = preset("ll_fast_legacy").replace(n_mon=60, n_ts=20, n_training_trials=4, checkpoint_trials=1)
    return simulate(params, test_repeats=1)


@pytest.fixture
def fig():
    return figures._blank(120)


def texts(fig):
    return [text.get_text() for ax in fig.axes for text in ax.texts]


def labelled(fig):
    """Every panel has both labels: its own, those of a panel it shares the axis with, or the figure's."""
    for ax, axis in itertools.product(fig.axes, "xy"):
        group = getattr(ax, f"get_shared_{axis}_axes")().get_siblings(ax)
        named = [getattr(other, f"get_{axis}label")() for other in group]
        colour_bar = axis == "x" and ax.get_label() == "<colorbar>"
        assert any(named) or getattr(fig, f"get_sup{axis}label")() or colour_bar, f"{ax} has no {axis} label"


def slow_counts(recording, layer):
    counts = [0] * recording.n_steps
    for step in recording.spikes[layer][0]:
        counts[step] += 1
    return counts


# --- names


def test_the_names_are_those_of_the_source():
    assert set(figures.FIGURES) == {f"brian2_{name}" for name in BASES}
    assert set(figures.HEIGHTS_MM) == set(figures.FIGURES)
    for base in BASES:
        assert figures.FIGURES[f"brian2_{base}"] is getattr(figures, f"draw_{base}")


@pytest.mark.parametrize(
    "seed, name", [(None, "b_u_2.5_nMON_240_nTS_40.png"), (7, "b_u_2.5_nMON_240_nTS_40_seed_7.png")]
)
def test_figure_name(seed, name):
    assert figures.figure_name("b", preset("ll_fast").replace(n_mon=240, n_ts=40, speed_cm_s=2.5), seed) == name


# --- drawing


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("kind", ["run", "silent", "silent_training"])
def test_every_figure_draws_from_any_run(base, kind, fig, request):
    result = request.getfixturevalue(kind)
    figures.FIGURES[f"brian2_{base}"](result, fig)
    fig.canvas.draw()
    labelled(fig)
    empty = [text for text in texts(fig) if text.startswith("no ")]
    assert (empty == []) if kind == "run" else True


@pytest.mark.parametrize(
    "base, said",
    [
        ("spatial_two_stage", ["no MON spike", "no TS spike", "no MON or TS spike", "no training"]),
        ("test_phase_only", ["no MON spike", "no TS spike"]),
        ("learning_curves", ["no training", "no training interval evaluated"]),
        ("ts_tuning", ["no TS spike in the test"]),
        ("mon_spikes_vs_x_test", ["no MON spike in the test"]),
        ("mon_ts_drive_heatmap", ["no MON spike in the test"]),
        ("mon_ts_drive_winner", ["no MON spike in the test"]),
        ("ts_pop_rate_train_test_transition", ["no TS spike"]),
    ],
)
def test_missing_data_are_said(base, said, silent, fig):
    figures.FIGURES[f"brian2_{base}"](silent, fig)
    assert [text for text in said if text not in texts(fig)] == []


def test_a_silent_training_is_said(silent_training, fig):
    figures.draw_learning_curves(silent_training, fig)
    assert "no TS spike in training" in texts(fig)


def test_the_verdict_stands_next_to_its_controls(run):
    said = figures._verdict(run)
    for value in (
        run.quality.sigma_theta_rad,
        run.controls["untrained"]["sigma_theta_rad"],
        run.controls["chance_rad"],
    ):
        assert f"{value:.2f}" in said
    for word in ("untrained", "shuffled", "chance"):
        assert word in said


def test_the_summary_shows_the_body_of_the_parameters(fig):
    params = preset("ll_fast").replace(**SIZE, n_training_trials=0, ll_body_length_cm=6.0, test_path_cm=7.0)
    result = simulate(params, test_repeats=1, controls=False)
    figures.draw_spatial_two_stage(result, fig)
    body = next(line for line in fig.axes[0].lines if line.get_label() == "neuromasts")
    assert body.get_xdata().max() == 6 and len(body.get_xdata()) == params.n_ll


def test_before_and_after_weights_are_both_shown(run, fig):
    figures.draw_llmon_weights(run, fig)
    _, j, w = run.weights["ll_mon"]
    lines = {line.get_label(): line for line in fig.axes[0].lines}
    assert set(lines) == {"before", "after"}
    assert np.array_equal(np.sort(lines["after"].get_ydata()), np.sort(w[j == 0]))
    assert np.array_equal(np.sort(lines["before"].get_ydata()), np.sort(run.initial_weights["ll_mon"][2][j == 0]))
    assert not np.array_equal(lines["after"].get_ydata(), lines["before"].get_ydata())


def test_dots_are_capped(fig):
    ax = fig.subplots()
    t = np.arange(5 * panels.MAX_DOTS + 1)
    artist = panels.dots(ax, t, t, color="k")
    assert panels.MAX_DOTS / 2 <= len(artist.get_xdata()) <= panels.MAX_DOTS and artist.get_rasterized()
    assert len(panels.dots(ax, t[:10], t[:10], color="k").get_xdata()) == 10


def test_the_drive_is_the_sum_over_synapses(run):
    drive = figures.ts_drive(run)
    test, p = run.test, run.params
    bins = np.minimum(((test.x_cm - test.x_cm.min()) / np.ptp(test.x_cm) * 40).astype(int), 39)
    counts = np.zeros((p.n_mon, 40))
    for step, cell in zip(*test.spikes["mon"], strict=True):
        counts[cell, bins[step]] += 1
    slow = np.zeros((p.n_ts, 40))
    for i, j, w in zip(*run.weights["mon_ts"], strict=True):
        slow[j] += p.mon_ts_gain_mV * w * counts[i]
    seconds = np.bincount(bins, minlength=40) * p.dt_s
    assert np.allclose(drive, slow / seconds) and drive.max() > 0


def test_population_rate_is_spikes_per_cell_and_box(run):
    counts = [*slow_counts(run.tail, "ts"), *slow_counts(run.test, "ts")]
    rate = panels.population_rate((run.tail, run.test), "ts", run.params.n_ts)
    for k in (0, 5, 500, len(counts) - 1):
        box = counts[max(0, k - 10) : k + 10]
        assert rate[k] == pytest.approx(sum(box) / (len(box) * run.params.dt_s * run.params.n_ts))


def test_population_rate_of_nothing_is_empty(silent):
    assert panels.population_rate((silent.tail,), "ts", 20).shape == (0,)


# --- the set of a run


def names_of(params, seeds, *, first=True):
    bases = [f"brian2_{name}" for name in BASES]
    marks = [*seeds, None] if first else seeds
    return {figures.figure_name(base, params, seed) for base, seed in itertools.product(bases, marks)}


def test_the_set_of_one_seed(run, tmp_path):
    files = figures.save_all([run], tmp_path / "figures", mode="ll_fast")
    assert {path.name for path in files} == names_of(run.params, [run.seed])
    assert sorted(tmp_path.rglob("*")) == sorted([tmp_path / "figures", *files])
    for name in names_of(run.params, []):
        seeded = tmp_path / "figures" / name.replace(".png", f"_seed_{run.seed}.png")
        assert seeded.read_bytes() == (tmp_path / "figures" / name).read_bytes()
    page = imread(tmp_path / "figures" / figures.figure_name("brian2_spatial_two_stage", run.params))
    assert page.shape[1] == pytest.approx(160 / 25.4 * figures.DPI, abs=1) and page[..., :3].min() < 0.5


def a_seed(result, seed):
    import dataclasses

    return dataclasses.replace(result, seed=seed)


@pytest.fixture
def two_figures(monkeypatch):
    """Keep two quick figures, so that tests of the writing do not draw all."""
    kept = ("brian2_spatial_two_stage", "brian2_ts_spikes_vs_x_test")
    monkeypatch.setattr(figures, "FIGURES", {base: figures.FIGURES[base] for base in kept})
    return kept


def test_several_seeds_and_the_thesis_copies(silent, silent_training, two_figures, tmp_path):
    seeds = (a_seed(result, k) for k, result in ((5, silent), (6, silent), (7, silent_training)))
    files = {path.name: path for path in figures.save_all(seeds, tmp_path / "f", mode="ll_thesis")}
    expected = {figures.figure_name(b, silent.params, s) for b in two_figures for s in (5, 6, 7, None)}
    copy = "LL_THESIS_BASELINE_ACTIVE_latest.png"
    assert set(files) - expected == {copy, "brian2_multiseed_summary_n3.png"}
    plain = files[figures.figure_name(two_figures[0], silent.params)].read_bytes()
    assert plain == files[copy].read_bytes()
    seeded = [files[figures.figure_name(two_figures[0], silent.params, k)].read_bytes() for k in (5, 7)]
    assert plain == seeded[0] != seeded[1]


def test_the_same_result_gives_the_same_bytes(run, two_figures, tmp_path):
    first, second = (figures.save_all([run], tmp_path / name, mode="ll_fast") for name in "ab")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_a_failure_in_the_middle_leaves_what_was_there(silent, two_figures, monkeypatch, tmp_path):
    old = figures.save_all([silent], tmp_path / "figures", mode="ll_thesis")
    before = {path: path.read_bytes() for path in old}

    def fail(result, fig):
        raise ZeroDivisionError

    monkeypatch.setitem(figures.FIGURES, two_figures[1], fail)
    for folder in ("figures", "new"):
        with pytest.raises(ZeroDivisionError):
            figures.save_all([a_seed(silent, 99)], tmp_path / folder, mode="ll_thesis")
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.png")} == before
    assert [path.name for path in tmp_path.iterdir()] == ["figures"]


def test_no_result_is_refused(tmp_path):
    with pytest.raises(ParameterError, match="results is empty; give at least one Result"):
        figures.save_all([], tmp_path / "figures", mode="ll_fast")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_one_line(silent, two_figures, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"cannot write .*; choose a writable folder") as failure:
        figures.save_all([silent], tmp_path / "file" / "figures", mode="ll_fast")
    assert "\n" not in str(failure.value)


def test_no_pyplot_state_is_used(run, two_figures, tmp_path):
    import matplotlib
    import matplotlib.pyplot as plt

    before, settings = plt.get_fignums(), dict(matplotlib.rcParams)
    figures.save_all([run], tmp_path / "figures", mode="ll_fast")
    assert plt.get_fignums() == before and dict(matplotlib.rcParams) == settings


def test_the_modules_load_no_pyplot():
    import subprocess

    code = "import sys, helpers.lateral_line.figures; print('matplotlib.pyplot' in sys.modules, 'numba' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_multiseed_summary_shows_seeds_and_untrained(fig):
    rows = [{"seed": s, "trained": [0.5 + s / 100, 0.9], "untrained": [0.3, np.nan]} for s in (1, 2)]
    rows.append({"seed": 3, "trained": [np.nan, np.nan], "untrained": [0.4, 0.8]})
    figures.draw_multiseed_summary(rows, fig)
    fig.canvas.draw()
    labelled(fig)
    assert [t.get_text() for t in fig.axes[0].get_xticklabels()] == ["1", "2", "3"]
    assert "silent" in texts(fig)
    assert [t.get_text() for t in fig.axes[0].get_legend().get_texts()] == ["untrained", "trained"]


# --- panels of the notebook


def test_field_marks_peak_and_zeros(fig):
    axes, params = fig.subplots(1, 2), preset("ll_baseline")
    panels.field_and_rates(axes, params, distances_cm=(0.8,))
    labelled(fig)
    x, v = axes[0].lines[1].get_data()
    assert v[0] == pytest.approx(5 * 0.125 / (2 * 0.512)) and np.allclose(v[1:], 0, atol=1e-12)
    assert np.allclose(np.abs(x[1:] - 2), 0.8 / np.sqrt(2))
    assert axes[1].lines[0].get_ydata().max() == 200


def test_topography_staircase_has_the_counts_of_the_table(fig):
    ax = fig.subplots()
    ll_mon, mon_ts = panels.topography_counts(ax, preset("ll_baseline"))
    for q, n in {0.1: (1, 2), 0.2: (2, 3), 0.4: (4, 6), 0.6: (6, 10), 0.8: (8, 13)}.items():
        k = np.argmin(np.abs(ll_mon.get_xdata() - q))
        assert (ll_mon.get_ydata()[k], mon_ts.get_ydata()[k]) == n


def test_gradient_draws_means_controls_and_published(fig, rng):
    ax, q = fig.subplots(), [0.1, 0.2, 0.4]
    values = rng.normal(0.5, 0.05, (4, 3))
    values[0, 0] = np.nan
    lines = panels.gradient(ax, {"U": (q, values), "T": (q, values + 0.2), "published": (q, [0.9, 0.35, 0.33])})
    labelled(fig)
    assert np.allclose(lines[0].get_ydata(), np.nanmean(values, axis=0))
    colours = {line.get_label(): line.get_color() for line in lines}
    assert colours["U untrained"] == panels.OKABE_ITO["grey"] and colours["T trained"] == panels.OKABE_ITO["vermillion"]
    assert list(lines[2].get_ydata()) == [0.9, 0.35, 0.33]


def test_distance_and_size_curves(fig, rng):
    a, b = fig.subplots(1, 2)
    panels.distance_curves(a, {"U": ([0.2, 0.8, 1.5], rng.random((3, 3)))}, radius_cm=0.5, trained_cm=0.8)
    panels.n_mon_curves(b, {"U": ([400, 800], rng.random((3, 2)))})
    fig.canvas.draw()
    labelled(fig)
    assert a.get_xlim()[0] == 0 and b.get_xscale() == "log"
    assert [t.get_text() for t in b.get_xticklabels()] == ["400", "800"]


def test_bars_have_a_dot_per_seed_and_say_silent(fig):
    ax = fig.subplots()
    values = np.array([[0.3, np.nan], [0.4, np.nan], [0.5, np.nan]])
    panels.bars(ax, ["base", "far"], {"U": values, "T": values + 0.1}, chance=2.0)
    assert ax.patches[0].get_width() == pytest.approx(0.4) and len(ax.lines[0].get_xdata()) == 3
    assert [t.get_text().strip() for t in ax.texts] == ["silent", "silent"]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["base", "far"] and ax.get_xlabel()


def test_map_raster_and_training_course(run, silent, fig):
    axes = fig.subplots(2, 2)
    panels.map_raster(axes[0, 0], run.test, run.params)
    panels.map_raster(axes[0, 1], silent.test, silent.params)
    assert len(axes[0, 0].lines[0].get_xdata()) == len(run.test.spikes["ts"][0])
    course = dict.fromkeys(("ll_mon_mean_mV", "mon_hz", "ts_hz"), np.ones((3, 2)))
    course |= {"trial": [1, 2], "initial_mean_mV": [13.9, 14.0, 14.1]}
    assert len(panels.training_course(axes[1], course)) == 3
    assert axes[1, 0].lines[-1].get_ydata()[0] == pytest.approx(14)
    labelled(fig)


def test_weight_histograms_count_every_synapse(run, fig):
    ax = fig.subplots()
    before, after = run.initial_weights["mon_ts"][2], run.weights["mon_ts"][2]
    bars, line = panels.weight_histograms(ax, before, after, high=run.params.mon_ts_wmax)
    assert sum(bar.get_height() for bar in bars) == before.size
    assert len(line) == 1 and ax.get_xlabel() and ax.get_ylabel()


@pytest.mark.parametrize(
    "call",
    [
        lambda ax: panels.curves(ax, {}, xlabel="q"),
        lambda ax: panels.gradient(ax, {"U": ([1, 2], [[1.0, 2.0, 3.0]])}),
        lambda ax: panels.bars(ax, ["a"], {"U": [[1.0, 2.0]]}),
    ],
)
def test_data_that_do_not_fit_are_refused(call, fig):
    with pytest.raises(ParameterError) as failure:
        call(fig.subplots())
    assert "\n" not in str(failure.value)


def test_map_density_columns_are_shares(run, silent, fig):
    axes = fig.subplots(1, 2)
    share = panels.map_density(axes[0], run.test, run.params, n_bins=10).get_array()
    fired = ~np.ma.getmaskarray(share).all(axis=0)
    assert fired.sum() > 5
    np.testing.assert_allclose(np.ma.filled(share, 0).sum(axis=0)[fired], 1)
    empty = panels.map_density(axes[1], silent.test, silent.params, n_bins=10).get_array()
    assert np.ma.getmaskarray(empty).all()
