"""Files: what was saved comes back and goes on bit for bit; damage is one line; nothing is half-written."""

import copy
import tracemalloc
from functools import reduce

import numpy as np
import pytest

from helpers.parameters import ParameterError
from helpers.storage import read_arrays, write_arrays
from helpers.wta import InputGenerator, Network, Recorder, load, save
from helpers.wta.network import State


@pytest.fixture
def trained():
    """A recorder and an input in use, each with settings of its own."""
    net = Network(grid_shape=(3, 2), n_inputs=20, n_conn=20, connectivity="orig", stp="lagged", seed=3)
    inputs = InputGenerator(net, n_patterns=2, t_pattern=[200.6, 150], time_warp=(0.8, 1.2), p_switch=0.5, seed=4)
    recorder = Recorder(net, create_plot=False)
    recorder.simulate(inputs, 1234)
    nc = net.get_node_collections()
    nc[1].use_stdp, nc[2].eta, nc[3].use_variance_tracking, nc[4].use_stp = False, 0.2, False, False
    net.tau_decay_ms = 15.0
    return recorder, inputs


@pytest.fixture
def stored(tmp_path, trained):
    """The path, arrays and record of a saved network with its input."""
    path = tmp_path / "net.npz"
    save(trained[0].network, path, trained[1])
    return path, *read_arrays(path)


def test_the_next_run_is_the_one_that_would_have_come(trained, stored):
    (recorder, inputs), net = trained, trained[0].network
    back = load(str(stored[0]))
    assert back.network.params == net.params and back.inputs.params == inputs.params
    for name in ("positions", "links", "distances", "seed", "time_ms"):
        assert np.array_equal(getattr(net, name), getattr(back.network, name))
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


# --- files with a valid checksum, one name or one value of which is another; damaged bytes: tests/attack


def refused(path, arrays, record, says=""):
    """Assert that a file is refused in one line and leaves numpy's global generator alone."""
    write_arrays(path, arrays, record)
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    line = rf"^path = [^\n]* is not a saved network \([^\n]*{says}[^\n]*\); give a file of save$"
    with pytest.raises(ParameterError, match=line):
        load(path)
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002


def places(value, way=()):
    """Yield the way to each name, entry and value of a record, at any depth."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*way, key)
        yield from places(inner, (*way, key))


def altered(record, way):
    """Return a copy of a record, and the part of it that holds the last key of a way."""
    record = part = copy.deepcopy(record)
    for key in way[:-1]:
        part = part[key]
    return record, part


MAY_BE_NONE = ("seed", "probabilities", "time_warp")


def test_every_name_of_the_record_is_needed_and_every_value_of_one_type(stored):
    path, arrays, record = stored
    others = ["x", None, [], {}, np.nan, 10**400, [[]], True]
    for i, way in enumerate(places(record)):
        changed, part = altered(record, way)
        del part[way[-1]]
        if isinstance(part, dict):
            refused(path, arrays, changed, "pattern_0" if way == ("inputs",) else way[-1])
        elif way[-2] != "pattern_sequences":  # there may be fewer of them
            refused(path, arrays, changed)
        for other in (others[i % 4], others[4 + i % 3]):
            if not (other is None and way[-1] in MAY_BE_NONE):
                changed, part = altered(record, way)
                part[way[-1]] = other
                refused(path, arrays, changed)
        changed, part = altered(record, way)
        if isinstance(part, dict):
            part["and more"] = part[way[-1]]
            refused(path, arrays, changed, "and more")
    for other in (None, [], "x", 3, {}):
        refused(path, arrays, other)
    with pytest.raises(ParameterError, match=r"^path = [^\n]*no such file[^\n]*$"):
        load(path.with_name("another.npz"))


def test_every_array_is_needed_and_of_one_type_and_shape(stored):
    path, arrays, record = stored
    for name, array in arrays.items():
        rest = {key: value for key, value in arrays.items() if key != name}
        refused(path, rest, record, name)
        other = np.float32 if array.dtype == float else float
        for wrong in (array.astype(other), array.astype(str), array.astype(complex), array[..., None], array.flat[0]):
            refused(path, rest | {name: wrong}, record, name)
    refused(path, arrays | {"more": np.ones(2)}, record, "more")
    refused(path, arrays | {"two\nlines": np.ones(2)}, record)


OUTSIDE = dict(
    w_in=[np.nan, -np.inf, 701], s_in=[np.nan, 1e7], q_in=[np.inf, 1e13], w_rec=[np.nan, np.inf], s_rec=[-1e7],
    q_rec=[np.nan], e1=[-0.1, np.nan], e2=[-0.1, 1e6], a=[np.inf], b=[np.nan], stp_u=[-0.1, 1.1], stp_r=[-0.1, 1.1],
    last=[1234, -(10**9) - 1], mean_u=[1.1, -0.1], tau_d=[-1, 0, np.nan], tau_f=[0.9, np.inf],
    plastic=[], depressing=[], eta0=[-0.1, 1.1], rule=[99, -1], clock=[-1, 10**13, 1233],
)  # fmt: skip


def test_every_array_is_within_its_range(stored):
    path, arrays, record = stored
    assert tuple(OUTSIDE) == State._fields and arrays["state_clock"].tolist() == [1234, 1234]
    cases = [(f"state_{name}", value) for name, values in OUTSIDE.items() for value in values]
    cases += [("k", 0), ("k", 10**5), ("links", -1), ("links", 6), ("pattern_0", -1), ("pattern_1", 150)]
    for name, value in cases:
        wrong = arrays[name].copy()
        wrong.flat[0] = value
        refused(path, arrays | {name: wrong}, record, name)
    wrong = arrays["pattern_0"].copy()
    wrong[1, 0] = 20
    refused(path, arrays | {"pattern_0": wrong}, record, "channel of pattern_0")
    for place, pair in ((0, [3, 3]), (1, arrays["links"][0])):
        wrong = arrays["links"].copy()
        wrong[place] = pair
        refused(path, arrays | {"links": wrong}, record, "links joins a circuit to itself, or two circuits twice")


def test_memory_is_taken_for_what_is_there_only(stored):
    """Not for all synapses of 3,000 neurons, of which the file holds a few arrays, nor for patterns drawn in vain."""
    path, arrays, record = stored
    large = dict(k=np.full(6, 500), state_w_in=np.zeros((3000, 20)))
    record["inputs"]["params"] |= dict(t_pattern=[1e6, 1e6], r_input=1000.0)
    tracemalloc.start()
    refused(path, arrays | large, record, "state_s_in has shape")
    write_arrays(path, arrays, record)
    assert np.array_equal(load(path).inputs.get_patterns()[1], arrays["pattern_1"])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 50e6


def test_numbers_of_the_record_are_within_their_range(stored):
    """Those of a generator: tests/test_storage.py."""
    path, arrays, record = stored
    cases = [(("inputs", "sequence"), value) for value in (-2, 2, 0.0, True)]
    cases += [(("rng", "bit_generator"), "RandomState"), (("seed",), -1), (("params", "tau_decay_ms"), 0)]
    cases += [(("inputs", "params", "r_noise"), -1), (("params", "n_inputs"), 10**5)]
    cases += [(("format",), 2.0), (("format",), 1)]
    cases += [((name,), reduce(lambda inner, _: [inner], range(600), 1)) for name in ("seed", "format")]
    for way, value in cases:
        changed, part = altered(record, way)
        part[way[-1]] = value
        refused(path, arrays, changed, "state_w_in" if way[-1] == "n_inputs" else way[-1])


def test_a_network_that_diverged_is_not_saved(trained, stored):
    net, path = trained[0].network, stored[0]
    net.state.w_in[0, 0], before = np.nan, path.read_bytes()
    with pytest.raises(ParameterError, match=r"^no run can go on [^\n]*state_w_in holds NaN[^\n]*smaller eta0$"):
        save(net, path)
    assert path.read_bytes() == before and list(path.parent.iterdir()) == [path]
