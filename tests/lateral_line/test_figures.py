"""Figures of a run folder, drawn from real small runs: working, silent, without training, with a window."""

import dataclasses
import itertools
import warnings

import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.figure import Figure

from helpers.lateral_line import figures, preset, simulate
from helpers.lateral_line.kernel import LAYERS
from helpers.lateral_line.measures import MapQuality
from helpers.parameters import ParameterError

SMALL = preset("ll_fast").replace(
    n_mon=240, n_ts=40, mon_ts_gain_mV=360.0, n_training_trials=13, checkpoint_trials=2, test_repeats=1
)
QUICK = ("brian2_test_phase_only", "brian2_ts_spikes_vs_x_test")


@pytest.fixture(scope="module")
def results():
    legacy = preset("ll_fast_legacy").replace(n_mon=60, n_ts=20, n_training_trials=2, test_repeats=1)
    kinds = {
        "run": SMALL,
        "silent": legacy,
        "untrained": SMALL.replace(n_training_trials=0),
        "window": SMALL.replace(n_training_trials=1, eval_x_min_cm=1.001, eval_x_max_cm=2.503),
    }
    return {kind: simulate(params, seed=7) for kind, params in kinds.items()}


@pytest.fixture
def run(results):
    return results["run"]


@pytest.fixture
def quick(monkeypatch):
    """Keep two figures, coarse ones, so that tests of the writing are quick."""
    monkeypatch.setattr(figures, "DPI", 40)
    monkeypatch.setattr(figures, "FIGURES", {base: figures.FIGURES[base] for base in QUICK})


def drawn(base, result):
    fig = Figure(figsize=(6, 5), dpi=30)
    figures.FIGURES[f"brian2_{base}"][0](result, fig)
    return fig


def texts(fig):
    """Return the texts in the panels, without their letters."""
    return [text.get_text() for ax in fig.axes for text in ax.texts if len(text.get_text()) > 1]


def labelled(fig):
    """Every panel has both labels: its own, those of a panel it shares the axis with, or the figure's."""
    for ax, axis in itertools.product(fig.axes, "xy"):
        group = getattr(ax, f"get_shared_{axis}_axes")().get_siblings(ax)
        named = any(getattr(other, f"get_{axis}label")() for other in group)
        colour_bar = axis == "x" and ax.get_label() == "<colorbar>"
        assert named or getattr(fig, f"get_sup{axis}label")() or colour_bar, f"{ax} has no {axis} label"


def spikes_of(result, layer):
    """Return times and cells of all the spikes of a run that is short enough to keep all."""
    t_s, cells = result.history.dots[layer]
    steps, test_cells = result.test.spikes[layer]
    return np.append(t_s, result.test.t0_s + steps * result.test.dt_s), np.append(cells, test_cells)


# --- drawing


NOT_THERE = {"silent": ("MON spike", "TS spike", "map measured"), "untrained": ("map measured",), "run": ()}


@pytest.mark.parametrize("kind", NOT_THERE)
def test_every_figure_draws_from_any_run_and_says_what_is_missing(kind, results):
    said = ""
    for name in figures.FIGURES:
        with warnings.catch_warnings(action="error"):
            fig = drawn(name.removeprefix("brian2_"), results[kind])
            fig.canvas.draw()
        labelled(fig)
        said += " ".join(text for text in texts(fig) if text.startswith("no "))
    assert [text for text in NOT_THERE["silent"] if f"no {text}" in said] == [*NOT_THERE[kind]]


def test_the_verdict_puts_the_body_first_then_the_sweep_then_the_controls(run):
    window, whole, controls = run.quality_window, run.quality, run.controls
    numbers = [window.sigma_theta_rad, window.delta_trial_rad, whole.sigma_theta_rad, whole.delta_trial_rad]
    numbers += [controls[name]["sigma_theta_rad_window"] for name in ("untrained", "shuffled")]
    numbers.append(controls["chance_window_rad"])
    said = figures.verdict(run)
    places = [said.find(f"{number:.2f}") for number in numbers]
    assert -1 not in places and said.index("on the body") < said.index("whole sweep") < said.index("untrained")
    assert said.count("\n") == 1 and "few" not in said and "no " not in said


def test_the_verdict_says_what_is_missing_and_gives_no_number_of_a_few_spikes(results):
    said = {kind: figures.verdict(results[kind]) for kind in ("silent", "untrained", "window")}
    assert "on the body too few spikes for a map: 0 spikes, 0 bins; whole" in said["silent"]
    assert said["silent"].endswith("chance unusable; no MON spike; no TS spike") and "nan" not in said["silent"]
    assert "; no training" in said["untrained"] and "few" not in said["untrained"]
    assert "for x from 1.001 to 2.503 cm" in said["window"] and "on the body" not in said["window"]
    few = MapQuality(0.22, 0.1, 0.1, 0.1, 3, False, 1.0, 0.0, 4, False)
    said = figures.verdict(dataclasses.replace(results["run"], quality=few, quality_window=few))
    assert said.count("too few spikes for a map: 4 spikes, 3 bins") == 2 and "0.22" not in said
    assert "chance unusable" in said


def test_rasters_and_rates_cover_the_whole_run(run):
    axes, end_s = drawn("spatial_two_stage", run).axes, run.test.t0_s + run.test.n_steps * run.test.dt_s
    for ax, layer in zip(axes[1:4], LAYERS, strict=True):
        t_s, cells = spikes_of(run, layer)
        stride = t_s.size // figures.MAX_DOTS + 1
        assert np.array_equal(ax.lines[0].get_xydata(), np.column_stack([t_s, cells])[::stride])
        assert ax.get_xlim() == pytest.approx((0, end_s)) and ax.lines[-1].get_xdata()[0] == run.test.t0_s
    for stairs, layer in zip(axes[4].patches, ("mon", "ts"), strict=True):
        values, edges, _ = stairs.get_data()
        counted = values * np.diff(edges) * getattr(run.params, f"n_{layer}")
        assert edges.size == 1 + round(end_s / 0.02) and counted.sum() == pytest.approx(run.spikes_total[layer])
        assert counted[: len(run.history.binned)] == pytest.approx(run.history.binned[:, LAYERS.index(layer)])


def test_the_other_panels_hold_the_numbers_of_the_run(run):
    lines = {line.get_label(): line for line in drawn("spatial_two_stage", run).axes[0].lines}
    body, path = lines["neuromasts"].get_xdata(), lines["test path"].get_xdata()
    assert np.array_equal(lines["training"].get_xdata(), [*body, *body[::-1]]) and body.size == SMALL.n_ll
    assert set(lines["training"].get_ydata()) == {0.8} and path.tolist() == run.test.x_cm[[0, -1]].tolist()
    mean, change = (ax.lines[-1] for ax in drawn("learning_curves", run).axes[::2])
    assert np.array_equal(mean.get_xydata(), np.column_stack([run.history.checkpoint_t_s, run.history.w_mean]))
    assert np.array_equal(change.get_ydata(), run.history.w_mean_abs_delta) and change.get_ydata()[-1] > 0
    values, edges, _ = drawn("ts_pop_rate_train_test_transition", run).axes[0].patches[0].get_data()
    assert edges[[0, -1]] == pytest.approx([-2, 1]) and values.size == 150
    t_s = spikes_of(run, "ts")[0] - run.test.t0_s
    assert values.sum() * 0.02 * run.params.n_ts == pytest.approx((t_s >= -2 - 1e-9).sum())


# --- over x

WINDOWS = dict(run=(-0.5, 4.495), window=(1.001, 2.503))


@pytest.mark.parametrize("layer", LAYERS)
def test_map_rasters_hold_every_spike_and_the_window_limits_them(layer, results):
    for kind, (low, high) in WINDOWS.items():
        test, ax = results[kind].test, drawn(f"{layer}_spikes_vs_x_test", results[kind]).axes[0]
        (steps, cells), x = test.spikes[layer], ax.lines[0].get_xdata()
        inside = (low <= test.x_cm[steps]) & (test.x_cm[steps] <= high)
        assert x.size and np.array_equal(x, test.x_cm[steps][inside])
        assert np.array_equal(ax.lines[0].get_ydata(), cells[inside]) and ax.get_xlim() == pytest.approx((low, high))
        assert ax.lines[1].get_xydata().tolist() == [[0, 0], [4, getattr(SMALL, f"n_{layer}") - 1]]


def rates_by_bin(result, layer, low, high):
    """Count the spikes of each cell in 40 bins from `low` to `high`, bin by bin."""
    test, n, rates = result.test, getattr(result.params, f"n_{layer}"), []
    (step, cell), place = test.spikes[layer], (test.x_cm - low) / (high - low) * 40
    for k in range(40):
        here = (k <= place) & ((place < k + 1) | (k == 39) & (place == 40))
        rates.append(np.bincount(cell[here[step]], minlength=n) / (here.sum() * test.dt_s))
    return np.transpose(rates)


@pytest.mark.parametrize("kind", WINDOWS)
def test_tuning_and_drive_are_sums_over_spikes_and_synapses(kind, results):
    result, ends = results[kind], WINDOWS[kind]
    for ax in drawn("ts_tuning", result).axes:
        cell, (values, edges, _) = int(ax.get_title().split()[1]), ax.patches[0].get_data()
        assert values == pytest.approx(rates_by_bin(result, "ts", *ends)[cell])
        assert edges[[0, -1]] == pytest.approx(ends) and ax.get_xlim() == pytest.approx(ends)
    drive, rates = np.zeros((result.params.n_ts, 40)), rates_by_bin(result, "mon", *ends)
    for i, j, w in zip(*result.weights["mon_ts"], strict=True):
        drive[j] += 0.36 * w * rates[i]
    image = drawn("mon_ts_drive_heatmap", result).axes[0].images[0]
    shown = np.asarray(image.get_array())
    assert np.allclose(shown, drive) and drive.max() > 1
    assert image.get_extent() == pytest.approx([*ends, -0.5, result.params.n_ts - 0.5])
    winner = drawn("mon_ts_drive_winner", result).axes[0].lines[0].get_ydata()
    assert np.array_equal(winner, shown[:, shown.any(axis=0)].argmax(axis=0))


def test_map_density_columns_are_shares(results):
    for kind in ("run", "window", "silent"):
        params, ax = results[kind].params, Figure().subplots()
        share = figures.map_density(ax, results[kind].test, params, n_bins=10).get_array()
        fired = ~np.ma.getmaskarray(share).all(axis=0)
        assert (fired.sum() > 5) == (kind != "silent") and ax.get_xlim() == params.window_cm
        np.testing.assert_allclose(np.ma.filled(share, 0).sum(axis=0)[fired], 1)


@pytest.mark.parametrize("base, path", [("llmon_weights", "ll_mon"), ("mon_to_ts_receptive_fields", "mon_ts")])
def test_weights_of_cells_are_shown_untrained_and_trained(base, path, run):
    i, j, w = run.weights[path]
    for ax in drawn(base, run).axes:
        own = j == int(ax.get_title().split()[1])
        for line, weights in zip(ax.lines, (run.initial_weights[path][2], w), strict=False):
            assert np.array_equal(line.get_xydata(), np.column_stack([i[own], weights[own]]))
        assert ax.get_ylim()[0] == 0 and ax.get_ylim()[1] >= w.max(where=own, initial=0)


# --- writing


def test_the_same_result_gives_the_same_bytes_and_the_verdict_is_on_the_page(run, quick, monkeypatch, tmp_path):
    """And neither settings nor open figures of pyplot are changed."""
    settings, pages = dict(matplotlib.rcParams), []
    for said in (figures.verdict(run), figures.verdict(run), "another"):
        monkeypatch.setattr(figures, "verdict", lambda result, said=said: said)
        figures.draw_seed(run, tmp_path, first=True, mode="ll_baseline")
        pages.append({path.name: path.read_bytes() for path in tmp_path.iterdir()})
    assert len(pages[0]) == 5 and pages[0] == pages[1] and set(pages[0].values()).isdisjoint(pages[2].values())
    assert dict(matplotlib.rcParams) == settings and pyplot.get_fignums() == []


def test_bad_scores_are_one_clear_line_and_no_file(tmp_path):
    for scores in ([], [{"seed": 1}], [dict(seed=1, trained=1, untrained=1)]):
        with pytest.raises(ParameterError, match=r"^[^\n]*scores[^\n]*$"):
            figures.draw_series(scores, tmp_path)
    assert not any(tmp_path.iterdir())


def test_a_failure_in_the_middle_leaves_what_was_there(run, quick, monkeypatch, tmp_path):
    figures.draw_seed(run, tmp_path / "old")
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    monkeypatch.setitem(figures.FIGURES, QUICK[1], (lambda result, fig: 1 / 0, 80))
    for folder in ("old", "new"):
        with pytest.raises(ZeroDivisionError):
            figures.draw_seed(run, tmp_path / folder)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_the_series_marks_what_is_unusable_and_leaves_it_out_of_the_mean(tmp_path):
    scores = [{"seed": s, "trained": (0.5 + s, 0.9), "untrained": (0.3, np.nan)} for s in (1, 2)]
    scores.append({"seed": 3, "trained": (np.nan, np.nan), "untrained": (0.4, np.nan)})
    fig = Figure()
    figures.draw_multiseed_summary(scores, fig)
    labelled(fig)
    assert [line.get_ydata()[0] for line in fig.axes[0].lines[1::2]] == pytest.approx([1.0 / 3, 2.0])
    assert [len(ax.texts) for ax in fig.axes] == [1, 4] and len(fig.axes[1].lines) == 3
    assert {text.strip() for text in texts(fig)} == {"unusable"}
    figures.draw_series(scores, tmp_path / "figures")
    assert [path.name for path in tmp_path.rglob("*.png")] == ["brian2_multiseed_summary_n3.png"]
