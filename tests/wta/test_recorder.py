"""The recorder: the README's program as script and in a kernel, what results hold, memory, bad input."""

import copy
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import helpers.wta as wta
from helpers.parameters import BackendError, ParameterError
from helpers.wta import kernel, recorder
from helpers.wta.inputs import InputGenerator
from helpers.wta.network import Network
from helpers.wta.recorder import Recorder

ROOT = Path(__file__).resolve().parents[2]

# The calls of the public README and of the example that it names, with their arguments, after one import line.
PROGRAM = """
from helpers.wta import *

nest_init()
grid = Network(grid_shape=(10,5), k_min=2, k_max=10, n_inputs=100)
grid.visualize_circuits()
grid.visualize_circuits_3d_barchart()
grid.get_node_collections().max_neuron_gid = max(grid.get_node_collections().global_id)  # critical
inpgen = InputGenerator(grid, r_noise=5, r_input=5, r_noise_pattern=2, use_noise=True, t_noise_range=[500.0, 800.0],
                        n_patterns=2, t_pattern=[300.]*2, pattern_sequences=[[0],[1]])
recorder = Recorder(grid, save_figures=False, show_figures=True, create_plot=False)
recorder.set(create_plot=True)
id_list = recorder.run_network(inpgen=inpgen, t_sim=3000, dt_rec=None, title="Test #1", train=True, order_neurons=False)
id_list = recorder.run_network(id_list=id_list, inpgen=inpgen, t_sim=3000, dt_rec=100, title="Test #2", train=True)
recorder.verify_rate_fractions()
recorder.reset_recorders(inpgen)
recorder.set(plot_history=True)
recorder.run_network(id_list=id_list, inpgen=inpgen, t_sim=3000, train=False, order_neurons=True)
print("done", len(id_list) == len(grid.get_node_collections()), recorder.result.n_steps)
"""


def test_the_readme_program_as_a_script_without_display(tmp_path):
    hidden = ("MPLBACKEND", "DISPLAY", "WAYLAND_DISPLAY")
    env = {k: v for k, v in os.environ.items() if k not in hidden} | {"PYTHONPATH": str(ROOT), "CI": "true"}
    env["NOTEBOOK_FIGS"] = str(tmp_path / "figs")
    (tmp_path / "program.py").write_text(PROGRAM)
    command = [sys.executable, "-W", "error::UserWarning", "program.py"]
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert "WTA engine" in done.stdout and "done True 3000" in done.stdout and done.stderr == ""
    saved = {p.stem for p in (tmp_path / "figs" / "wta").iterdir()}
    assert saved == {"grid_visualization", "grid_visualization_3d_bars"}  # Network saves by default, this recorder not


def test_the_readme_program_in_a_notebook_kernel(tmp_path, monkeypatch):
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.delenv("MPLBACKEND", raising=False)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("%matplotlib inline\n" + PROGRAM)])
    nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = notebook.cells[0].outputs
    images = [o for o in outputs if "image/png" in o.get("data", {})]
    assert len(images) == 6  # two grids, three runs, one history
    assert any("done True 3000" in o.get("text", "") for o in outputs)


@pytest.fixture
def small():
    net = Network(grid_shape=(4, 3), n_inputs=20, n_conn=40, seed=1)
    inputs = InputGenerator(net, n_patterns=2, t_pattern=200, r_input=10, seed=1)
    return Recorder(net, create_plot=False, seed=1), inputs


def test_a_result_holds_what_happened(small):
    rec, inputs = small
    rec.simulate(inputs, 1500)
    r = rec.test(inputs, 2000)
    assert r is rec.result and (r.t0_ms, r.n_steps, r.stop_ms) == (1500, 2000, 3500) and not r.learned
    assert r.rate_hz.shape == (2000, r.n_neurons) and r.rate_hz.dtype == np.float32 and r.n_inputs == 20
    assert (np.diff(r.spike_ms) >= 0).all() and r.spike_ms.min() >= 1500 and r.spike_ms.max() < 3500
    expected = -np.expm1(-r.rate_hz / 1000).sum()
    assert abs(r.spike_id.size - expected) < 5 * np.sqrt(expected)
    assert np.array_equal(r.phases.start_ms, inputs.phase_times) and r.phases.stop_ms[-1] == 3500
    assert np.array_equal(r.circuit, rec.network.circuit) and np.array_equal(r.weights["w_in"], rec.network.state.w_in)
    assert r.weights["w_in"] is not rec.network.state.w_in


def test_spikes_follow_the_rates_of_their_own_step(small):
    """The generator's numbers, drawn once more from its state before the run, against 1 - exp(-r dt)."""
    rec, inputs = small
    rec.simulate(inputs, 5000)
    numbers = copy.deepcopy(rec.network.rng).random((1500, rec.network.n_neurons))
    r = rec.test(inputs, 1500)
    step, neuron = np.nonzero(numbers < -np.expm1(-r.rate_hz.astype(float) / 1000))
    assert np.array_equal(r.spike_ms - r.t0_ms, step) and np.array_equal(r.spike_id, neuron)


def test_a_run_in_pieces_is_one_run(small, monkeypatch):
    rec, inputs = small
    one = rec.test(inputs, 3000)
    monkeypatch.setattr(recorder, "PIECE_MS", 70)
    net = Network(grid_shape=(4, 3), n_inputs=20, n_conn=40, seed=1)
    other = InputGenerator(net, n_patterns=2, t_pattern=200, r_input=10, seed=1)
    two = Recorder(net, create_plot=False).test(other, 3000)
    for name in ("spike_ms", "spike_id", "input_ms", "input_channel", "rate_hz"):
        assert np.array_equal(getattr(one, name), getattr(two, name))
    assert np.array_equal(one.phases.start_ms, two.phases.start_ms) and two.phases.complete[:-1].all()


def test_training_keeps_its_last_part(small):
    rec, inputs = small
    rec.set(keep_ms=2000, record_rate=True)
    r = rec.simulate(inputs, 9000)
    assert r.stop_ms == 9000 and 2000 <= r.n_steps < 3000 and r.learned
    assert r.phases.start_ms[0] == r.t0_ms == r.spike_ms.min() // 1000 * 1000 and r.rate_hz.shape[0] == r.n_steps
    assert len(rec.test(inputs, 4000).rate_hz) == 4000


def test_memory_does_not_grow_with_simulated_time():
    import tracemalloc

    net = Network(grid_shape=(4, 3), n_inputs=20, n_conn=40, seed=1)
    inputs = InputGenerator(net, n_patterns=1, t_pattern=200, r_input=10, seed=1)
    rec, peaks = Recorder(net, create_plot=False, keep_ms=2000), []
    rec.simulate(inputs, 5000)
    for t in (10_000, 80_000):
        tracemalloc.start()
        rec.simulate(inputs, t)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]


def test_a_frozen_run_changes_no_weight(small):
    rec, inputs = small
    rec.simulate(inputs, 1000)
    before = {
        name: getattr(rec.network.state, name).copy() for name in ("w_in", "s_in", "q_in", "w_rec", "s_rec", "q_rec")
    }
    rec.test(inputs, 1000)
    rec.run_network(inpgen=inputs, t_sim=1000, train=False)
    assert all(np.array_equal(getattr(rec.network.state, name), value) for name, value in before.items())


def test_weights_and_epsps_over_time(small):
    rec, inputs = small
    ids = rec.run_network(id_list=[3, 5], inpgen=inputs, t_sim=1000, dt_rec=100)
    s, net = rec.result.series, rec.network
    assert ids == [3, 5] and s["t_ms"].tolist() == list(range(0, 1001, 100))
    assert s["w_in"].shape == (11, 2, 20) and s["y"].shape == (11, 2) and s["y_in"].shape == (11, 20)
    assert not s["w_in"][0].any() and np.array_equal(s["w_in"][-1], net.state.w_in[[3, 5]])
    assert set(s["target"]) == {3, 5} and s["w_rec"].shape == (11, s["target"].size)
    row = net.wiring.row
    assert np.array_equal(s["source"][s["target"] == 5], net.wiring.source[row[5] : row[6]])
    assert np.array_equal(s["w_rec"][-1][s["target"] == 3], net.state.w_rec[row[3] : row[4]])
    assert rec.result.recorded_ids.tolist() == [3, 5]
    assert set(rec.record_variables_step()) == {"t_ms", "w_in", "w_rec", "y", "y_in"}


def test_readout_by_ids_collection_chance_or_all(small):
    rec, inputs = small
    n, run = rec.network.n_neurons, dict(inpgen=inputs, t_sim=300)
    some = rec.network.get_node_collections(1, 3)
    assert rec.run_network(**run) == list(range(n))
    assert rec.run_network(node_collection=some, **run) == list(some)
    assert rec.run_network(id_list=[4, 1], node_collection=some, readout_size=3, **run) == [4, 1]
    drawn = [rec.run_network(readout_size=10, **run) for _ in range(60)]
    assert all(len(set(ids)) == 10 for ids in drawn) and max(map(max, drawn)) == n - 1 and min(map(min, drawn)) == 0
    assert Recorder(rec.network, [2], create_plot=False).run_network(**run) == [2]


def test_rate_fractions(small):
    rec, inputs = small
    assert rec.verify_rate_fractions() < 1e-12
    rec.test(inputs, 500)
    assert 0 <= rec.verify_rate_fractions() < 1e-12
    rec._worst = 1e-3
    with pytest.raises(BackendError, match=r"miss 1 by 0\.001"):
        rec.verify_rate_fractions()


def test_order_and_reset(small):
    rec, inputs = small
    with pytest.raises(ParameterError, match="nothing was run"):
        rec.get_order()
    rec.run_network(inpgen=inputs, t_sim=2000, train=False)
    order, last = rec.get_order(), rec.result.phases
    assert sorted(order.ids) == list(range(rec.network.n_neurons))
    shown = np.flatnonzero((last.pattern >= 0) & last.complete)[-1]
    assert (order.start_ms, order.stop_ms) == (last.start_ms[shown], last.stop_ms[shown])
    assert len(rec.history) == 1 and rec.history[0].rate_hz is None
    rec.reset_recorders(inputs)
    assert rec.result is None and not rec.history and inputs.schedule is None and rec.network.time_ms == 2000


def test_runs_follow_each_other_in_absolute_time(small):
    rec, inputs = small
    for begin in (0, 777, 1554):
        p = rec.simulate(inputs, 777).phases
        assert p.start_ms[0] == begin and p.stop_ms[-1] == begin + 777 and p.pattern[0] == -1


def test_resumed_runs_equal_one(small):
    rec, inputs = small
    net = Network(grid_shape=(4, 3), n_inputs=20, n_conn=40, seed=1)
    other = InputGenerator(net, n_patterns=2, t_pattern=200, r_input=10, seed=1)
    rec.simulate(inputs, 1500)
    two = Recorder(net, create_plot=False)
    two.simulate(other, 600)
    two.simulate(other, 900, resume=True)
    assert np.array_equal(rec.network.state.w_in, net.state.w_in)


def test_saved_figures(small, tmp_path):
    rec, inputs = small
    rec.set(create_plot=True, save_figures=True, show_figures=False, plot_history=True)
    rec.run_network(inpgen=inputs, t_sim=1000, title="t")
    rec.network.show_figures = False
    rec.network.visualize_circuits_3d()
    inputs.visualize_spiketrain()
    names = {p.name for p in (tmp_path / "figs" / "wta").glob("*.svg")}
    assert names == {"run.svg", "history.svg", "grid_visualization_3d.svg", "spiketrain.svg"}


def test_one_call_measurement(small):
    rec, inputs = small
    assert wta.measure_network(rec.network, readout_size=2, inpgen=inputs, t_sim=400).recorded_ids.size == 2


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda rec, i: rec.run_network(t_sim=1000), "inpgen = None is no input"),
        (lambda rec, i: rec.simulate(None, 1000), "inpgen = None is no input"),
        (lambda rec, i: rec.test(i, 100), "a pattern of 200 ms is longer than the run, t_sim = 100"),
        (lambda rec, i: rec.test(i, -5), "t_sim = -5 is out of range"),
        (lambda rec, i: rec.test(i, "1 s"), "t_sim = '1 s' is not a number"),
        (lambda rec, i: rec.run_network(id_list=[0, 10**6], inpgen=i), "id in id_list = 1000000 is out of range"),
        (lambda rec, i: rec.run_network(id_list=[-1], inpgen=i), "id in id_list = -1 is out of range"),
        (lambda rec, i: rec.run_network(id_list=[], inpgen=i), "id_list is empty"),
        (lambda rec, i: rec.run_network(readout_size=0, inpgen=i), "readout_size = 0"),
        (lambda rec, i: rec.run_network(readout_size=10**6, inpgen=i), "readout_size = 1000000"),
        (lambda rec, i: rec.run_network(inpgen=i, dt_rec=0), "dt_rec = 0 is out of range"),
        (lambda rec, i: rec.run_network(inpgen=i, train="yes"), "train = 'yes' is not a switch"),
        (lambda rec, i: rec.run_network(inpgen=i, order_neurons=2), "order_neurons = 2 is not a switch"),
        (lambda rec, i: rec.set(colour=True), "colour is not an option of Recorder"),
        (lambda rec, i: rec.set(create_plot=1), "create_plot = 1 is not a switch"),
        (lambda rec, i: Recorder(rec.network, plot=True), "plot is not an option of Recorder"),
        (lambda rec, i: Recorder(None), "network is a NoneType"),
        (lambda rec, i: Recorder(Network(n_inputs=3, seed=0)).test(i, 1000), "inpgen has 20 channels"),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_bad_input(small, call, message):
    rec, inputs = small
    with pytest.raises(ParameterError, match=r"^[^\n]*$") as failure:
        call(rec, inputs)
    assert message in str(failure.value) and rec.network.time_ms == 0 and rec.result is None


def test_progress_is_silent_under_ci(small, monkeypatch, capfd):
    rec, inputs = small
    monkeypatch.setenv("CI", "true")
    rec.simulate(inputs, 1000)
    assert capfd.readouterr().err == ""


def test_the_kernel_is_loaded_only_to_run():
    code = "import sys; from helpers.wta import *; Network(n_inputs=2); "
    code += "print('numba' in sys.modules, 'brian2' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"] and kernel.run
