"""The recorder: the README's program as script and in a kernel, what results hold, options, memory, bad input."""

import copy
import re
import subprocess
import sys
import tracemalloc
from pathlib import Path
from unittest import mock

import numpy as np
import pytest

from helpers.parameters import BackendError, ParameterError
from helpers.wta import InputGenerator, Network, Recorder, disable_stdp, measure_network, measures, recorder

ROOT = Path(__file__).resolve().parents[2]

# The program of README.md, and the calls of the example that the public README names.
(README,) = re.findall(r"^```python\n(from helpers\.wta import .*?)^```", (ROOT / "README.md").read_text(), re.M | re.S)
PROGRAM = f"""{README}
id_list = recorder.run_network(id_list=id_list, inpgen=inpgen, t_sim=3000, dt_rec=100, title="Test #2", train=True)
recorder.verify_rate_fractions()
recorder.reset_recorders(inpgen)
recorder.set(plot_history=True)
recorder.run_network(id_list=id_list, inpgen=inpgen, t_sim=3000, train=False, order_neurons=True)
print("done", len(id_list) == len(grid.get_node_collections()), recorder.result.n_steps)
"""
PICTURES = {"grid_visualization.png", "grid_visualization_3d_bars.png"}  # Network saves by default, this recorder not
# Around the program: a run leaves no trace in what workers compare, and loads no other simulator.
BEFORE = "from helpers import keys, wta\nkey = keys.function_key(lambda: wta.Recorder)\nprint('ready')\n"
AFTER = "import sys\nassert key == keys.function_key(lambda: wta.Recorder) and 'brian2' not in sys.modules\n"


def test_the_readme_program_as_a_script_without_display_and_then_in_a_notebook_kernel(tmp_path, monkeypatch):
    """With a new cache of compiled code: one line says so at the first run, not at the import, and only once."""
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    for name, value in dict(PYTHONPATH=str(ROOT), CI="true", NUMBA_CACHE_DIR=str(tmp_path / "cache")).items():
        monkeypatch.setenv(name, value)
    for name in ("MPLBACKEND", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "program.py").write_text(BEFORE + PROGRAM + AFTER)
    script, notebook = tmp_path / "script", tmp_path / "notebook"
    script.mkdir()
    notebook.mkdir()
    command = [sys.executable, "-W", "error::UserWarning", "../program.py"]
    done = subprocess.run(command, cwd=script, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    said = done.stdout.splitlines()
    assert said[0] == "ready" and said[1].startswith("WTA engine") and said[-1] == "done True 3000"
    assert [line.startswith("compiling the WTA engine, once per installation") for line in said].index(True) == 4
    assert all(f"saved {(script / name).resolve()}" in said[2:4] for name in PICTURES)

    page = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(PROGRAM)])
    nbclient.NotebookClient(page, timeout=300, resources={"metadata": {"path": str(notebook)}}).execute()
    outputs = page.cells[0].outputs
    text = "".join(o.get("text", "") for o in outputs)
    assert sum("image/png" in o.get("data", {}) for o in outputs) == 5  # two grids, two runs, one history
    assert "done True 3000" in text and "compiling" not in text
    assert {p.name for p in script.iterdir()} == {p.name for p in notebook.iterdir()} == PICTURES


def make(**options):
    net = Network(grid_shape=(4, 3), n_inputs=20, n_conn=40, seed=1)
    inputs = InputGenerator(net, n_patterns=2, t_pattern=200, r_input=10, seed=1)
    return Recorder(net, **{"create_plot": False, "seed": 1, **options}), inputs


@pytest.fixture
def small():
    return make()


# --- results


def test_a_run_in_pieces_is_the_run_in_one_piece(small, monkeypatch):
    """Spikes, rates and potentials, on the whole input, and a timeline without the cuts; the cells: test_kernel.py."""
    found = []
    for piece_ms, (rec, inputs) in ((1000, make()), (150, small)):
        monkeypatch.setattr(recorder, "PIECE_MS", piece_ms)
        rec.set(record_potential=True, record_rate=True)
        found.append(rec.simulate(inputs, 1000))
    whole, pieces = found
    for name in ("spike_ms", "spike_id", "input_ms", "input_channel", "input_frozen", "potential", "rate_hz"):
        assert np.array_equal(getattr(pieces, name), getattr(whole, name))
    drawn = make()[1].generate_input(1000)
    np.testing.assert_equal(vars(pieces.phases), vars(drawn.phases))
    assert np.array_equal(pieces.input_ms, drawn.time_ms) and np.array_equal(inputs.schedule.channel, drawn.channel)
    assert np.ptp(whole.potential) > 0.3


def test_a_test_is_kept_whole_and_training_keeps_its_last_part_in_memory_that_does_not_grow(small):
    (rec, inputs), peaks = small, []
    rec.set(keep_ms=2000, record_rate=True)
    r = rec.simulate(inputs, 9000)
    assert r.stop_ms == 9000 and 2000 <= r.n_steps < 3000 and r.learned and len(r.rate_hz) == r.n_steps
    assert r.phases.start_ms[0] == r.t0_ms == r.spike_ms.min() // 1000 * 1000
    r, w_in = rec.test(inputs, 4000), rec.network.state.w_in
    assert r is rec.result and (r.t0_ms, r.stop_ms, r.learned) == (9000, 13_000, False)
    assert (r.phases.start_ms[0], r.phases.stop_ms[-1], r.phases.pattern[0]) == (9000, 13_000, -1)
    assert r.rate_hz.shape == (4000, r.n_neurons) and r.rate_hz.dtype == np.float32 and r.potential is None
    assert np.array_equal(r.weights["w_in"], w_in) and not np.shares_memory(r.weights["w_in"], w_in)
    for t in (10_000, 40_000):
        tracemalloc.start()
        rec.simulate(inputs, t)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]


def test_training_of_frozen_neurons(small, capsys):
    """`simulate` leaves them frozen; run_network(train=True) sets all free, as the NEST package does, and says so."""
    rec, inputs = small
    state, nc = rec.network.state, rec.network.get_node_collections()
    rec.test(inputs, 10)  # may compile, and say so
    disable_stdp(nc)
    capsys.readouterr()
    assert not rec.simulate(inputs, 500).learned and not state.w_in.any()
    rec.run_network(inpgen=inputs, t_sim=500, train=False)
    assert not rec.network.use_stdp and capsys.readouterr().out == ""
    rec.run_network(inpgen=inputs, t_sim=500, train=True)
    assert capsys.readouterr().out == f"train=True: STDP is on again for {len(nc)} neurons\n"
    assert rec.result.learned and state.w_in.any(axis=1).all()
    weights = state.w_in, state.s_in, state.q_in, state.w_rec, state.s_rec, state.q_rec
    before = copy.deepcopy(weights)
    rec.test(inputs, 500)
    assert all(map(np.array_equal, weights, before))


def test_weights_and_epsps_over_time(small):
    rec, inputs = small
    ids = rec.run_network(id_list=[3, 5], inpgen=inputs, t_sim=1000, dt_rec=100)
    s, net = rec.result.series, rec.network
    assert ids == rec.result.recorded_ids.tolist() == [3, 5] and s["t_ms"].tolist() == list(range(0, 1001, 100))
    assert not s["w_in"][0].any() and np.array_equal(s["w_in"][-1], net.state.w_in[[3, 5]])
    assert s["w_rec"].shape == (11, s["target"].size) and s["y_in"].shape == (11, 20)
    for neuron in (3, 5):
        heard = slice(*net.wiring.row[neuron : neuron + 2])
        assert np.array_equal(s["source"][s["target"] == neuron], net.wiring.source[heard])
        assert np.array_equal(s["w_rec"][-1][s["target"] == neuron], net.state.w_rec[heard])
    np.testing.assert_allclose(s["y"][-1], (net.state.e1 - net.state.e2)[[23, 25]])
    np.testing.assert_equal(rec.record_variables_step()["y_in"], s["y_in"][-1])


def test_readout_by_ids_collection_chance_or_all(small):
    rec, inputs = small
    n, run = rec.network.n_neurons, dict(inpgen=inputs, t_sim=10)
    some = rec.network.get_node_collections(1, 3)
    assert rec.run_network(**run) == list(range(n))
    assert rec.run_network(node_collection=some, **run) == rec.run_network(id_list=some, **run) == some.tolist()
    assert rec.run_network(id_list=[some[1], 1], node_collection=some, readout_size=3, **run) == [some.tolist()[1], 1]
    drawn = [rec.run_network(readout_size=10, **run) for _ in range(60)]
    assert all(len(set(ids)) == 10 for ids in drawn) and max(map(max, drawn)) == n - 1 and min(map(min, drawn)) == 0
    assert Recorder(rec.network, [2], create_plot=False).run_network(**run) == [2]
    assert measure_network(rec.network, readout_size=2, **run).recorded_ids.size == 2


def test_rate_fractions_are_verified_in_all_that_was_recorded(small):
    rec, inputs = small
    assert rec.verify_rate_fractions() < 1e-12
    with mock.patch.object(rec, "_deviation", return_value=1e-3):
        rec.test(inputs, 500)
    with pytest.raises(BackendError, match=r"miss 1 by 0\.001"):
        rec.verify_rate_fractions()


def test_order_and_reset(small):
    """A run may be shorter than a pattern, which then has no complete presentation to be ordered by."""
    rec, inputs = small
    rec.run_network(inpgen=inputs, t_sim=2000, train=False)
    assert rec.get_order(pattern=0).window == measures.mean_activation_order(rec.result, 0).window
    assert rec.get_order().window == measures.mean_activation_order(rec.result).window
    assert len(rec.history) == 1 and rec.history[0].rate_hz is None
    rec.reset_recorders(inputs)
    assert rec.result is None and not rec.history and inputs.schedule is None and rec.network.time_ms == 2000
    inputs.use_noise = False
    assert rec.run_network(inpgen=inputs, t_sim=50, order_neurons=True) == list(range(rec.network.n_neurons))
    with pytest.raises(ParameterError, match="no complete presentation"):
        rec.get_order()


@pytest.mark.parametrize("ci", ["true", ""])
def test_progress_is_silent_under_ci(small, ci, monkeypatch):
    monkeypatch.setenv("CI", ci)
    with mock.patch("tqdm.auto.tqdm") as bar:
        small[0].simulate(small[1], 2500)
    assert bar.call_args.kwargs["disable"] == bool(ci) and bar.call_args.kwargs["total"] == 2.5


# --- options: read and assigned

OPTIONS = dict(create_plot=True, save_figures=True, show_figures=False, plot_history=True, order_neurons=False)
OPTIONS |= dict(record_rate=True, record_potential=True, dt_rec=50.0, keep_ms=1000.0, id_list=[1, 2])


def test_assigned_options_are_those_of_the_constructor_and_act(small):
    rec, inputs = small
    built = make(**OPTIONS)[0]
    for name, value in OPTIONS.items():
        before = copy.copy(vars(rec))
        setattr(rec, name, value)
        assert np.array_equal(getattr(rec, name), value) and np.array_equal(getattr(built, name), value)
        assert {key for key in before if before[key] is not vars(rec)[key]} == {name}
    r = rec.simulate(inputs, 3000)
    assert r.series["t_ms"].size == 61 and r.recorded_ids.tolist() == [1, 2]
    assert r.rate_hz.shape == r.potential.shape == (r.n_steps, r.n_neurons) and r.n_steps < 2000
    rec.dt_rec = rec.id_list = rec.keep_ms = None
    r = rec.simulate(inputs, 3000)
    assert r.series is None and r.recorded_ids.size == r.n_neurons and r.n_steps == 3000
