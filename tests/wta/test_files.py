"""Files: what was saved comes back and goes on bit for bit; damage is one line; nothing is half-written."""

import numpy as np
import pytest

from helpers.parameters import ParameterError
from helpers.storage import read_arrays, write_arrays
from helpers.wta import InputGenerator, Network, Recorder, load, save


@pytest.fixture
def trained():
    """A recorder and an input in use, each with settings of its own."""
    net = Network(grid_shape=(3, 2), n_inputs=20, n_conn=20, connectivity="orig", stp="lagged", seed=3)
    inputs = InputGenerator(net, n_patterns=2, t_pattern=[200, 150], time_warp=(0.8, 1.2), p_switch=0.5, seed=4)
    recorder = Recorder(net, create_plot=False)
    recorder.simulate(inputs, 1234)
    nc = net.get_node_collections()
    nc[1].use_stdp, nc[2].eta, nc[3].use_variance_tracking, nc[4].use_stp = False, 0.2, False, False
    net.tau_decay_ms = 15.0
    return recorder, inputs


def test_the_next_run_is_the_one_that_would_have_come(tmp_path, trained):
    recorder, inputs = trained
    net = recorder.network
    save(net, tmp_path / "net.npz", inputs)
    assert [p.name for p in tmp_path.iterdir()] == ["net.npz"]
    back = load(str(tmp_path / "net.npz"))
    assert back.network.params == net.params and back.inputs.params == inputs.params
    for name in ("k", "circuit", "positions", "links", "distances", "seed", "time_ms"):
        assert np.array_equal(getattr(net, name), getattr(back.network, name))
    assert all(map(np.array_equal, net.wiring, back.network.wiring))
    again = Recorder(back.network, create_plot=False)
    for run in ("simulate", "test"):
        one, two = getattr(recorder, run)(inputs, 1700), getattr(again, run)(back.inputs, 1700)
        assert np.array_equal(one.spike_ms, two.spike_ms) and np.array_equal(one.spike_id, two.spike_id)
        assert np.array_equal(one.input_ms, two.input_ms) and one.t0_ms == two.t0_ms and one.spike_id.size > 500
    assert all(map(np.array_equal, net.state, back.network.state))
    one, two = (i.generate_input(500, force_refresh_patterns=True) for i in (inputs, back.inputs))
    assert np.array_equal(one.time_ms, two.time_ms)


def test_a_network_without_input_and_with_a_generator_for_a_seed(tmp_path):
    net = Network(grid_shape=(2, 1), n_inputs=2, seed=np.random.default_rng(0))
    save(net, tmp_path / "net.npz")
    back = load(tmp_path / "net.npz")
    assert back.inputs is None and back.network.rng.random() == net.rng.random()


def rewritten(path, arrays=(), record=()):
    """Put other arrays or entries in place of some; None leaves an array out."""
    kept, said = read_arrays(path)
    kept |= dict(arrays)
    write_arrays(path, {name: array for name, array in kept.items() if array is not None}, said | dict(record))


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.unlink(),
        lambda path: write_arrays(path, {"rate_hz": [1.0]}, {"seed": 3}),  # of this collection, but another model
        lambda path: rewritten(path, record={"format": 1}),  # an earlier version
        lambda path: rewritten(path, arrays={"state_w_rec": None}),
        lambda path: rewritten(path, arrays={"state_w_rec": np.zeros(3)}),
    ],
)
def test_damage_is_one_line(tmp_path, trained, damage):
    """Cut, or with any flipped bit: tests/attack."""
    path = tmp_path / "net.npz"
    save(trained[0].network, path, trained[1])
    damage(path)
    with pytest.raises(ParameterError, match=r"^path = [^\n]* is not a saved network[^\n]*; give a file of save$"):
        load(path)


def test_a_save_that_fails_leaves_what_was_there(tmp_path, trained, monkeypatch):
    path, (recorder, inputs) = tmp_path / "net.npz", trained
    save(recorder.network, path, inputs)
    before = path.read_bytes()
    recorder.simulate(inputs, 100)
    monkeypatch.setattr(np, "savez", lambda file, **arrays: file.write(b"half") and 1 / 0)
    with pytest.raises(ZeroDivisionError):
        save(recorder.network, path, inputs)
    assert path.read_bytes() == before and [p.name for p in tmp_path.iterdir()] == ["net.npz"]
