"""The smallest cases of the attacks on arguments and widgets, and the faults that one hostile argument cannot show."""

import random

import numpy as np
import pytest

from helpers import lateral_line
from helpers.lateral_line import stimulus
from helpers.modular.synapses import EventWeights
from helpers.parameters import ParameterError
from tests.attack import arguments, valid, widgets

SLOW = {"figures", "gradient", "train", "gradients", "training", "save", "write", "read", "simulate", "evaluate"}
# Only `make attack` goes there: the inside of networks and of the live view, and the checks themselves.
TOOLBOX = {"core", "draws", "history", "learning", "recorder", "synapses", "view", "parameters"}


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_every_public_callable_is_attacked():
    known, missing = valid.calls()
    assert missing == [] and len(known) > 400


def test_hostile_arguments():
    known, cases = valid.calls()[0], []
    labels, found = [label for label in arguments.HOSTILE if label not in arguments.LARGE], {}
    traced = {"rnn.losses.loss_value", "rnn.model.response"}  # by JAX: their callers check
    for name in sorted(known.keys() - traced):
        if not set(name.replace("_", ".").split(".")) & (SLOW | TOOLBOX):
            cases += [(name, argument, label) for argument in known[name][2] for label in labels]
    for case in random.Random(3).sample(cases, 400):
        if fault := arguments.judged(known, *case):
            found[case] = fault
    assert found == {}


def test_hostile_messages():
    assert widgets.main(100) == 0


@pytest.mark.parametrize("rate_hz", [1e-300, 1e-15, 1e-3])
def test_a_small_background_rate_stays_inside_its_layer(rate_hz):
    """The gap to the next spike is larger than any integer of the machine."""
    drawn = lateral_line.draw(valid.LL, 0)
    params = valid.LL.replace(bg_rate_mon_hz=rate_hz, bg_rate_ts_hz=rate_hz)
    weights = lateral_line.initial_weights(params, 0, drawn)
    network = lateral_line.Network(params, drawn, weights, rng=np.random.default_rng(0))
    network.run(stimulus.test_drive(params, 0))
    assert all(np.isfinite(getattr(network, layer).v).all() for layer in ("mon", "ts"))


def test_a_drive_of_another_network_is_refused():
    network, drive = valid.ll_network(), stimulus.test_drive(valid.LL, 0)
    for changes in (dict(p=drive.p[:, :-1]), dict(row=drive.row + len(drive.p)), dict(teacher_p=np.ones((1, 3)))):
        with pytest.raises(ParameterError, match=r"drive\."):
            network.run(stimulus.Drive(**vars(drive) | changes))


def test_arrays_of_another_machine_are_read():
    source = np.array([1.0, 0.0, 2.0]).astype(">f8")
    assert EventWeights(np.eye(3)).dot(source).tolist() == [1, 0, 2]
