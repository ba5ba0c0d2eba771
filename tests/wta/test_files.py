"""Files: what was saved comes back, training goes on bit for bit, also after kill -9, and damage is one line."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from helpers.parameters import OutputError, ParameterError
from helpers.wta import files
from helpers.wta.inputs import InputGenerator
from helpers.wta.network import Network
from helpers.wta.recorder import Recorder

ROOT = Path(__file__).resolve().parents[2]


def make():
    net = Network(grid_shape=(3, 2), n_inputs=20, n_conn=20, connectivity="orig", seed=3)
    inputs = InputGenerator(net, n_patterns=2, t_pattern=[200, 150], time_warp=(0.8, 1.2), p_switch=0.5, seed=4)
    return Recorder(net, create_plot=False), inputs


def same(one, two):
    return all(np.array_equal(a, b) for a, b in zip(one.state, two.state, strict=True))


def test_everything_comes_back(tmp_path):
    recorder, inputs = make()
    recorder.simulate(inputs, 1234)
    net = recorder.network
    net.state.plastic[1] = False
    files.save(net, tmp_path / "net.npz", inputs, left_ms=5)
    back = files.load(tmp_path / "net.npz")
    assert same(net, back.network) and back.left_ms == 5 and back.network.params == net.params
    for a, b in zip(net.wiring, back.network.wiring, strict=True):
        assert np.array_equal(a, b)
    assert np.array_equal(net.k, back.network.k) and back.network.seed == 3 and back.inputs.params == inputs.params
    one, two = recorder.test(inputs, 700), Recorder(back.network, create_plot=False).test(back.inputs, 700)
    assert np.array_equal(one.rate_hz, two.rate_hz) and np.array_equal(one.input_ms, two.input_ms)
    assert (
        inputs.generate_input(500, force_refresh_patterns=True).rows
        == back.inputs.generate_input(500, force_refresh_patterns=True).rows
    )


def test_a_network_without_input(tmp_path):
    recorder, _ = make()
    files.save(recorder.network, tmp_path / "net.npz")
    assert files.load(str(tmp_path / "net.npz")).inputs is None


@pytest.mark.parametrize("stop", [1, 377, 1999])
def test_training_goes_on_bit_for_bit(tmp_path, stop):
    (whole, inputs), (first, first_inputs) = make(), make()
    expected = whole.simulate(inputs, 2000)
    first_inputs.start(0)
    first.simulate(first_inputs, stop, resume=True)
    files.save(first.network, tmp_path / "net.npz", first_inputs, left_ms=2000 - stop)
    back = files.load(tmp_path / "net.npz")
    result = Recorder(back.network, create_plot=False).simulate(back.inputs, back.left_ms, resume=True)
    assert same(whole.network, back.network)
    late = expected.spike_ms >= stop
    assert np.array_equal(result.spike_id, expected.spike_id[late])


TRAIN = """
import sys
sys.path.insert(0, {root!r})
from tests.wta.test_files import make
recorder, inputs = make()
recorder.simulate(inputs, 4_000_000, checkpoint={path!r}, every_ms=5000)
"""


def test_training_survives_kill_minus_nine(tmp_path):
    path = tmp_path / "run.npz"
    code = TRAIN.format(root=str(ROOT), path=str(path))
    run = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env={**os.environ, "CI": "true"})
    try:
        until = time.monotonic() + 120
        while not path.exists() and time.monotonic() < until and run.poll() is None:
            time.sleep(0.02)
        time.sleep(0.3)
    finally:
        run.send_signal(signal.SIGKILL)
        run.wait()
    assert run.returncode == -signal.SIGKILL
    back = files.load(path)
    done = 4_000_000 - back.left_ms
    assert done % 5000 == 0 and done == back.network.time_ms > 0
    Recorder(back.network, create_plot=False).simulate(back.inputs, 1000, resume=True)
    (recorder, inputs) = make()
    recorder.simulate(inputs, done + 1000)
    assert same(recorder.network, back.network)


def test_a_checkpoint_does_not_change_the_run(tmp_path):
    (plain, inputs), (saved, saved_inputs) = make(), make()
    plain.simulate(inputs, 1500)
    saved.simulate(saved_inputs, 1500, checkpoint=tmp_path / "run.npz", every_ms=400)
    assert same(plain.network, saved.network) and files.load(tmp_path / "run.npz").left_ms == 0
    assert [p.name for p in tmp_path.iterdir()] == ["run.npz"]


def damaged(tmp_path, change):
    path = tmp_path / "net.npz"
    recorder, inputs = make()
    files.save(recorder.network, path, inputs)
    change(path)
    return path


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(path.read_bytes()[:2000]),
        lambda path: path.write_text("{}"),
        lambda path: path.write_bytes(b""),
        lambda path: np.savez(path, k=np.arange(3)),
        lambda path: np.savez(path, meta_json=np.array('{"format": 99}')),
        lambda path: np.save(path.open("wb"), np.arange(3)),
    ],
)
def test_damage_is_one_line(tmp_path, change):
    with pytest.raises(ParameterError, match=r"^path = [^\n]* is not a saved network[^\n]*$"):
        files.load(damaged(tmp_path, change))


def test_no_pickle_is_read(tmp_path):
    path = tmp_path / "evil.npz"
    np.savez(path, meta_json=np.array([{"a": 1}], dtype=object))
    with pytest.raises(ParameterError, match="is not a saved network"):
        files.load(path)


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"^cannot write [^\n]*$"):
        files.save(make()[0].network, tmp_path / "file" / "net.npz")
