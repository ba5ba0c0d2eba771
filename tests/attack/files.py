"""Damaged bytes in every file that is read, and sound files with other content.

Each case takes one file of a good set, damages it, and reads the set by the public door. What may come of it: an error
of our own in one line, or the very content of the undamaged file. Anything else is a fault: other content that is
used, a raw exception, a message of several lines, a hang, a crash of the interpreter. Formats that other programs
write too have no checksum: there other content is no fault, but counted.

Case number k is the same in every run. The cases run in processes of their own, with little memory.
"""

import contextlib
import copy
import functools
import io
import json
import os
import pickle
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
import zipfile
from collections import Counter, namedtuple
from multiprocessing import get_context
from multiprocessing.connection import wait
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from helpers import figures, lateral_line, modular, movies, rnn, runs, spikes, storage, wta
from helpers.keys import value_key
from helpers.lateral_line import cli as ll_cli
from helpers.lateral_line import files as ll_files
from helpers.modular.state import capture, load_state, restore, save_state
from helpers.parameters import HelpersError, ParameterError, Table
from helpers.rnn import cli as rnn_cli
from helpers.rnn import connectome
from tools import bootstrap, hygiene, scorecard, thesis
from tools.common import ROOT, ToolError

SEED, NUMBER, WORKERS, PATIENCE_S, MEMORY = 21, 20_000, 2, 20, 8 << 30
Format = namedtuple("Format", "make door sealed weight names", defaults=(True, 10, "*"))


# --- a good set of each format, and the door that reads it


@functools.cache
def modular_net():
    net = modular.Network(seed=1)
    cells = modular.NeuronGroup(net, 5, tag="cells")
    cells.x, cells.line, cells.names = np.arange(5.0), [0.5, (1, None)], {"a": np.float32(2), 3: np.zeros((2, 2)).T}
    synapses = modular.SynapseGroup(net, cells, cells, tag="GLU")
    net.initialize()
    synapses.W = modular.synapses.stored(np.eye(5) + 0.25, True)
    return net, capture(net)


def state_door(folder):
    net, good = modular_net()
    try:
        load_state(net, folder / "state.npz")
        return capture(net)
    finally:
        restore(net, good)
        for item, names in zip((net, *net.NeuronGroups, *net.SynapseGroups), good.objects.values(), strict=True):
            for name in names:  # the key counts their order, and what was missing for a while stands at the end
                vars(item)[name] = vars(item).pop(name)


def make_wta(folder):
    net = wta.Network(grid_shape=(2, 2), k_min=2, k_max=3, n_inputs=6, seed=1)
    inputs = wta.InputGenerator(net, n_patterns=2, t_pattern=20, seed=2)
    wta.Recorder(net, create_plot=False).simulate(inputs, 60)
    wta.save(net, folder / "net.npz", inputs)


def wta_door(folder):
    """The content as it was read, after a run that would crash on what was not checked."""
    net, inputs = wta.load(folder / "net.npz")
    found = [net.state, net.params, net.k, net.links, net.rng.bit_generator.state, net.seed]
    if inputs is None:
        return found
    found += [inputs.params, inputs.pattern_list, inputs._sequence]
    found = copy.deepcopy([*found, inputs._frozen.bit_generator.state, inputs._rng.bit_generator.state])
    with contextlib.redirect_stdout(io.StringIO()):
        wta.Recorder(net, create_plot=False).simulate(inputs, 5)
    return found


@functools.cache
def ll_result():
    small = dict(n_mon=60, n_ts=10, trial_duration_s=0.05, n_training_trials=2, checkpoint_trials=1, test_repeats=1)
    return lateral_line.simulate(lateral_line.preset("ll_fast").replace(**small, seed=7))


def make_ll(folder):
    ll_files.begin(folder / "run", ll_result().params, mode="ll_fast", multi_seed=1, seeds=[7], save_tag="t")
    ll_files.save_weights(ll_result(), folder / "run" / "artifacts", tag="t", mode="ll_fast")
    ll_files.save_scores(ll_result(), folder / "run")


def make_ll_original(folder):
    make_ll(folder)
    side = folder / "run" / "artifacts" / "t_seed_7_params.json"
    for path, dropped in ((folder / "run" / "params.json", ()), (side, ("network_params",))):
        record = json.loads(path.read_text())
        path.write_text(json.dumps({k: record[k] for k in record if k not in ("schema_version", "sha256", *dropped)}))
    (folder / "run" / "artifacts" / "seed_7_results.json").unlink()
    with np.load(side.with_name("t_seed_7.npz")) as stored:
        arrays = {name: stored[name] for name in stored if name[:3] in ("ll_", "mon") and "init" not in name}
    np.savez_compressed(side.with_name("t_seed_7.npz"), **arrays)


def ll_door(folder):
    """What ``--evaluate`` starts from, and what a run that is complete reports."""
    mode, found = ll_cli.stored(folder / "run", mode=None, given={}, initial=False)
    scores = folder / "run" / "artifacts" / "seed_7_results.json"
    return [mode, found, ll_files.write_summary(folder / "run") if scores.exists() else None]


def make_model(folder):
    weights = rnn.random_weights(4, 1.5, seed=1)
    kept = dict(W=np.abs(weights), C=np.sign(weights), gains=np.ones(4), shifts=np.zeros(4), types=np.arange(4))
    kept |= dict(H=np.zeros(4), H0=np.zeros(4), training_loss=np.ones(2), training_spectrum=np.zeros((2, 3)))
    kept |= dict.fromkeys(("grad_weights", "grad_shifts", "grad_gains"), np.ones(2)) | {"time_training[s]": "1.00"}
    storage.write_arrays(folder / "model.npz", kept | dict(dt=0.1, activation="tanh_pos"), {"seed": 1})


LOG = dict(training_loss=[1.0, 0.5])


def make_log(folder):
    storage.write_json(folder / "log.json", LOG | dict(spectrum_before=[0.25, 0.0], spectrum=[0.5, 1.0]))


def log_door(folder):
    stored = rnn_cli.stored_log(folder / "log.json", LOG, 2)
    if stored is None:
        raise ParameterError("not used, but computed again")
    return stored


def make_roi(folder):
    rnn.make_synthetic_roi(8, density=0.6, seed=1).write(folder)


def make_traced(folder):
    (folder / "traced-neurons.csv").write_text('bodyId,type,instance\n1,EB,a\n2,EB,b\n3,PB,"c"\n')
    rows = "1,2,EB,5\n2,3,EB,3\n3,1,PB,4\n2,1,EB,12.0\n"
    (folder / "traced-roi-connections.csv").write_text("bodyId_pre,bodyId_post,roi,weight\n" + rows)
    (folder / "words.csv").write_text("bodyId,transmitter\n1,ACh\n2,gaba\n3,glutamate\n")


def make_legacy(folder):
    counts = np.array([[0, 3, 0], [0, 0, 2], [4, 1, 0]])
    arrays = dict(adjacency_scc=counts, ei_neuron_types=np.array([1, 0, 1]), nid_scc=np.array([5, 7, 9]))
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    for name in ("neurotransmitter", "cell_body_fiber"):
        (folder / f"{name}_assignments.pkl").write_bytes(pickle.dumps({5: 1, 7: 0, 9: 2}))


def point(x):
    return {"y": np.arange(x), "word": f"x is {x}"}


def sweep(folder):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", runs.SweepWarning)
        return [found for _, found in runs.sweep(point, {"x": [2, 3]}, store=folder, n_jobs=1, progress=False)]


GREY = (np.add.outer(np.arange(8), np.add.outer(np.arange(8), np.arange(3))) % 5) / 5


def movie(suffix):
    path = f"movie{suffix}"

    def door(folder):
        found = movies.read_movie(folder / path, axes="xyt" if suffix == ".npy" else None)
        return found, movies.movie_fps(folder / path) if suffix in (".gif", ".mp4") else 0

    make = lambda folder: movies.write_movie(GREY.repeat(4, 0).repeat(4, 1), folder / path, fps=25)  # noqa: E731
    return Format(make, door, False, 0.5 if suffix == ".mp4" else 8, "**/*.*")


def draw(folder):
    os.environ["NOTEBOOK_FIGS"] = str(folder / "figs")
    fig, ax = figures.figure(width_mm=40, height_mm=30)
    ax.plot([1, 2])
    figures.save(fig, "a/line", params={"n": 2}, caption="A line.")
    figures.save_table(Table(("n", "rate (Hz)"), (("a", 1.25), ("b", 3.5))), "a/table", params={"n": 2}, caption="T.")
    return {path.name: path.read_bytes() for path in sorted((folder / "figs" / "a").iterdir())}


def thesis_door(folder):
    os.environ["NOTEBOOK_FIGS"] = str(folder / "figs")
    told(lambda: thesis.main([], root=folder))
    return {path.name: path.read_bytes() for path in sorted((folder / "build").rglob("*.*")) if path.is_file()}


def make_measured(folder):
    from tests import conftest

    with contextlib.ExitStack() as stack:
        stack.callback(conftest.MEASURED.update, dict(conftest.MEASURED))
        stack.callback(conftest.MEASURED.clear)
        conftest.MEASURED.clear()
        conftest.MEASURED.update(a=[0.5, 0.25], b=[1.0])
        conftest.pytest_sessionfinish(SimpleNamespace(config=SimpleNamespace(getoption=lambda name: str(folder))))
    (folder / "house" / "tests").mkdir(parents=True)
    (folder / "house" / "figs").mkdir()
    rows = "".join(f'[{name}]\norigin = "x"\nbound = "derived"\naccept = [0, 1]\n' for name in "ab")
    (folder / "house" / "tests" / "acceptance.toml").write_text(rows)


def scorecard_door(folder):
    def run(command, cwd, env):
        options = dict(word.split("=", 1) for word in command if "=" in word)
        for path in folder.glob("*.json"):
            shutil.copy(path, options["--scorecard"])
        Path(options["--junit-xml"]).write_text("<testsuites/>")
        return SimpleNamespace(returncode=0)

    before = scorecard.ROOT, scorecard.subprocess
    scorecard.ROOT, scorecard.subprocess = folder / "house", SimpleNamespace(run=run)
    try:
        told(lambda: scorecard.guarded("scorecard", scorecard.main))
    finally:
        scorecard.ROOT, scorecard.subprocess = before
    return (folder / "house" / "figs" / "scorecard.md").read_text()


def told(work):
    """Call a tool; raise what it says on stderr as an error of its own if it ends with exit code 2."""
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
        code = work()
    if code == 2:
        raise ToolError(said.getvalue().strip())


def make_spikes(folder):
    (folder / "a.dat").write_text("# NEST\nsender\ttime_ms\n" + "".join(f"{61 + k}\t{k}.5\n" for k in range(6)))
    (folder / "b.gdf").write_text("61 0.1\n62 3.0\n")
    (folder / "c.csv").write_text('id,time_s,more\n61,"0.5",x\n66,0.25,y\n')


def make_notebook(folder):
    cell = dict(
        cell_type="code", source=["x = 1\n"], metadata={"tags": ["model"]}, outputs=[], execution_count=1, id="a"
    )
    notebook = dict(cells=[cell], metadata={}, nbformat=4, nbformat_minor=5)
    (folder / "FINAL_1.ipynb").write_text(json.dumps(notebook, indent=1))


def make_stamp(folder):
    with contextlib.chdir(ROOT):
        bootstrap.VENV = str(folder)
        bootstrap.record("whole", False, bootstrap.packages())


def stamp_door(folder):
    bootstrap.VENV = str(folder)
    with contextlib.chdir(ROOT):
        try:
            return bootstrap.whole(bootstrap.recorded(), False)
        except SystemExit as end:
            raise ToolError("setup: stopped") from end


FORMATS = {
    "arrays": Format(
        lambda f: storage.write_arrays(f / "a.npz", {"x": np.arange(6.0).reshape(2, 3).T, "n": 3}, {"seed": 1}),
        lambda f: storage.read_arrays(f / "a.npz"),
        weight=20,
    ),
    "state of a modular network": Format(
        lambda f: save_state(modular_net()[0], f / "state.npz"), state_door, weight=20
    ),
    "wta network": Format(make_wta, wta_door, weight=20),
    "lateral line": Format(make_ll, ll_door, weight=40, names="run/**/*.*"),
    "lateral line of the original": Format(make_ll_original, ll_door, False, 10, "run/**/*.*"),
    "rnn model": Format(make_model, lambda f: rnn_cli.load_model(f / "model.npz"), weight=15),
    "rnn log": Format(make_log, log_door),
    "region": Format(make_roi, lambda f: rnn.load_roi(f), False),
    "published tables": Format(make_traced, lambda f: connectome.load_traced(f, f / "words.csv", roi="EB"), False),
    "legacy region": Format(make_legacy, lambda f: connectome.convert_legacy(f, allow_pickle=True), False),
    "store of a sweep": Format(sweep, sweep, weight=20, names="*.npz"),
    **{f"movie {suffix or 'png'}": movie(suffix) for suffix in (".npy", ".gif", "", ".mp4")},
    "figures for the thesis": Format(draw, thesis_door, weight=15, names="figs/*/*.*"),
    "figure drawn again": Format(draw, draw, weight=0.5, names="figs/*/*.json"),
    "measured rows": Format(make_measured, scorecard_door, names="*.json"),
    "spikes": Format(make_spikes, lambda f: spikes.read_spikes(sorted(f.glob("*.*")), columns=None), False),
    "notebook": Format(
        make_notebook, lambda f: [runs.source_hash(f / "FINAL_1.ipynb"), hygiene.Page(f / "FINAL_1.ipynb").text], False
    ),
    "stamp of the set-up": Format(make_stamp, stamp_door, False, names=".installed"),
}


# --- what is done to a file


def bytes_changed(body, rng):
    """Return a body with bits flipped, or bytes set, put in, taken out, doubled or zeroed, or cut short."""
    body, place, length = bytearray(body), int(rng.integers(len(body) + 1)), int(rng.integers(1, 9))
    length = length if rng.random() < 0.8 else int(rng.integers(1, len(body) + 1))
    way = int(rng.integers(8))
    if way <= 1:
        for at in [place, *rng.integers(len(body), size=way)]:
            body[at % len(body)] ^= 1 << int(rng.integers(8))
    elif way == 2:
        body[place : place + length] = rng.bytes(length)
    elif way == 3:
        body[place:place] = rng.bytes(length)
    elif way == 4:
        del body[place : place + length]
    elif way == 5:
        del body[place:]
    elif way == 6:
        body[place:place] = body[place : place + length]
    else:
        body[place : place + length] = bytes(len(body[place : place + length]))
    return bytes(body)


def json_changed(text, rng):
    """Return json with a field renamed, doubled, left out, added or given another value, at any depth."""
    whole = json.loads(text)
    place = whole
    while True:
        keys = list(place) if isinstance(place, dict) else range(len(place))
        key = keys[int(rng.integers(len(keys)))]
        inner = isinstance(place[key], dict | list) and place[key]
        if not inner or rng.random() < 0.5:
            break
        place = place[key]
    way = int(rng.integers(5))
    if way == 0:
        place[key] = "deep"
        return json.dumps(whole).replace('"deep"', "[" * 100_000 + "]" * 100_000, 1).encode()
    if way == 1:
        place[key] = [None, True, -1, 0.5, 1e300, 10**400, float("nan"), "x", [], {}, [0], {"a": 1}][
            int(rng.integers(12))
        ]
    elif way == 2:
        del place[key]
    elif isinstance(place, dict):
        place[key + "x" if way == 3 else "added"] = place.pop(key) if way == 3 else 1
    else:
        place.append(place[key])
    return json.dumps(whole, indent=int(rng.integers(3))).encode()


def array_changed(array, rng):
    """Return an array of another type, shape or values."""
    many = np.zeros(3, [("a", "<i4")])
    ways = [
        lambda: array.astype(object),
        lambda: array.astype("f4" if array.dtype.kind in "iufb" else "S"),
        lambda: array.astype("U"),
        lambda: array[..., None],
        lambda: array.ravel()[:-1],
        lambda: np.zeros((0, 3)),
        lambda: np.concatenate([array.ravel()] * 2),
        lambda: array.astype(complex),
        lambda: array + 10**6,
        lambda: -array - 1,
        lambda: array * np.nan,
        lambda: many,
        lambda: np.datetime64("2020-01-01"),
    ]
    try:
        return np.asarray(ways[int(rng.integers(len(ways)))]())
    except Exception:
        return many


def npy(array, shape=None):
    """Return the bytes of an array in a file, if wanted under a header of another shape."""
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    if shape is not None:
        file = io.BytesIO()
        header = dict(descr=array.dtype.str, fortran_order=False, shape=shape)
        np.lib.format.write_array_header_1_0(file, header)
        file.write(array.tobytes())
    return file.getvalue()


def npz_changed(body, rng):
    """Return a sound zip archive with one member changed, renamed, doubled, left out or under another header."""
    with zipfile.ZipFile(io.BytesIO(body)) as old:
        members = [(name, old.read(name)) for name in old.namelist()]
    k, way = int(rng.integers(len(members))), int(rng.integers(6))
    name, content = members[k]
    array = np.load(io.BytesIO(content))
    if way == 0:
        members[k] = name, npy(array_changed(array, rng))
    elif way == 1:
        members[k] = name, npy(array, [(10**13,), (2**62, 2**62), (0,), (10**7,), (-1,)][int(rng.integers(5))])
    elif way == 2:
        members[k] = ("x" + name, content)
    elif way == 3:
        members.append((name, npy(array_changed(array, rng))))
    elif way == 4:
        del members[k]
    else:
        members[k] = (name, members[int(rng.integers(len(members)))][1])
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as new:
        for name, content in members:
            new.writestr(name, content)
    return file.getvalue()


def resealed(path, rng):
    """Write a file of `storage` again, with its checksum: an array or its record is changed. Say whether that went."""
    arrays, record = storage.read_arrays(path)
    names, way = list(arrays), int(rng.integers(4))
    name = names[int(rng.integers(len(names)))]
    if way == 0:
        del arrays[name]
    elif way == 1:
        arrays["x" + name] = arrays.pop(name)
    elif way == 2 and isinstance(record, dict | list):
        record = json.loads(json_changed(json.dumps(record), rng)) if rng.random() < 0.9 else None
    else:
        arrays[name] = array_changed(np.asarray(arrays[name]), rng)
    storage.write_arrays(path, arrays, record)


def damage(path, rng):
    """Damage a file; return whether it may now hold other content for good, as its checksum was made anew."""
    body, structured = path.read_bytes(), rng.random() < 0.4
    try:
        if structured and path.suffix == ".npz" and rng.random() < 0.5:
            resealed(path, rng)
            return True
        if structured and path.suffix == ".npz":
            body = npz_changed(body, rng)
        elif structured and path.suffix == ".npy":
            array = np.load(path)
            huge = [(10**13,), (2**62, 2**62), (-1,)][int(rng.integers(3))]
            body = npy(array_changed(array, rng)) if rng.random() < 0.7 else npy(array, huge)
        elif structured and path.suffix in (".json", ".ipynb", ""):
            body = json_changed(body, rng)
        else:
            body = bytes_changed(body, rng)
    except (HelpersError, RecursionError):  # this change cannot be written in this format
        body = bytes_changed(body, rng)
    path.write_bytes(body)
    return False


# --- one case, and many


class Hang(BaseException):
    """Raised by the alarm clock."""


def on_alarm(*_):
    raise Hang


def verdict(format_, folder, expected, anew):
    """Read a damaged set by its door and return one word, and more for a fault."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = format_.door(folder)
    except (HelpersError, ToolError) as failure:
        return ("refused", "") if "\n" not in str(failure) else ("lines", str(failure)[:300])
    except Hang:
        return "hang", traceback.format_exc(limit=-3)
    except BaseException as failure:
        place = "".join(traceback.format_tb(failure.__traceback__)[-2:])
        return "raw", f"{type(failure).__name__}: {str(failure)[:200]}\n{place}"
    if value_key(found, "found") == expected:
        return "same", ""
    return "wrong" if format_.sealed and not anew else "other", ""


class Set:
    """The files of a format in a folder of their own, and what they hold."""

    def __init__(self, name, above):
        self.format, self.folder = FORMATS[name], Path(above, name.replace(" ", "_"))
        self.folder.mkdir()
        self.format.make(self.folder)
        self.expected = value_key(self.format.door(self.folder), "content")
        self.bodies = {path: path.read_bytes() for path in sorted(self.folder.rglob("*")) if path.is_file()}
        self.paths = sorted(path for path in self.folder.glob(self.format.names) if path.is_file())

    def attack(self, rng):
        """Damage one of the files, read, put everything back."""
        path = self.paths[int(rng.integers(len(self.paths)))]
        anew = damage(path, rng)
        word, more = verdict(self.format, self.folder, self.expected, anew)
        for file in self.folder.rglob("*"):
            if file.is_file() and file not in self.bodies:
                file.unlink()
        for file, body in self.bodies.items():
            if not file.exists() or file.read_bytes() != body:
                file.write_bytes(body)
        return word, f"{path.relative_to(self.folder)} {more}"


def case(k, sets, above):
    """Do case number k and return (format, verdict, more)."""
    rng = np.random.default_rng([SEED, k])
    weights = np.array([format_.weight for format_ in FORMATS.values()], float)
    name = list(FORMATS)[int(rng.choice(len(FORMATS), p=weights / weights.sum()))]
    if name not in sets:
        sets[name] = Set(name, above)
    signal.alarm(PATIENCE_S)
    try:
        return name, *sets[name].attack(rng)
    finally:
        signal.alarm(0)


def work(numbers, out):
    """Do cases in a process of its own, and send the number of each before it, and its result after it."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGALRM, on_alarm)
    for stream in (1, 2):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
    with tempfile.TemporaryDirectory() as above:
        sets = {}
        for k in numbers:
            out.send((k, None))
            out.send((k, case(k, sets, above)))
    out.send((None, None))


class Lane:
    """A process with cases to do; if it dies or hangs, `again` is one for those after the present case."""

    def __init__(self, numbers):
        fork = get_context("fork")
        self.numbers, self.current, self.since = numbers, numbers[0], time.time()
        self.pipe, there = fork.Pipe(False)
        self.process = fork.Process(target=work, args=(numbers, there), daemon=True)
        self.process.start()
        there.close()

    def end(self):
        self.process.kill()
        self.process.join()
        left = [k for k in self.numbers if k > self.current]
        return [Lane(left)] if left else []


def attacked(number):
    """Yield (k, (format, verdict, more)) of all cases as they come."""
    lanes = [Lane(range(number)[k::WORKERS]) for k in range(min(WORKERS, number))]
    while lanes:
        ready = wait([lane.pipe for lane in lanes], timeout=PATIENCE_S)
        for lane in list(lanes):
            try:
                while lane.pipe in ready and lane.pipe.poll():
                    k, result = lane.pipe.recv()
                    if k is None:
                        lanes.remove(lane)
                        break
                    lane.current, lane.since = k, time.time()
                    if result:
                        yield k, result
                else:
                    if time.time() - lane.since > 3 * PATIENCE_S:
                        yield lane.current, ("?", "hang", "beyond the alarm clock")
                        lanes[lanes.index(lane) :] = lanes[lanes.index(lane) + 1 :] + lane.end()
            except EOFError:
                yield lane.current, ("?", "crash", "")
                lanes[lanes.index(lane) :] = lanes[lanes.index(lane) + 1 :] + lane.end()


FAULTS = dict(wrong="wrong uses", raw="raw exceptions", lines="of several lines", hang="hangs", crash="crashes")


def main(number=None):
    """Attack that often, print what got through, and return whether anything did."""
    number, start, seen, kinds = number or NUMBER, time.time(), Counter(), Counter()
    for done, (k, (name, word, more)) in enumerate(attacked(number), 1):
        seen[word] += 1
        if word in FAULTS:
            kinds[name, word] += 1
            if kinds[name, word] <= 3:
                print(f"case {k}: {name}: {FAULTS[word]}: {more}".rstrip(), flush=True)
        if done % max(1, number // 10) == 0:
            print(f"files: {done} of {number}, {time.time() - start:.0f} s", flush=True)
    for (name, word), n in sorted(kinds.items()):
        print(f"  {name}: {n} {FAULTS[word]}")
    faults = ", ".join(f"{seen[word]} {words}" for word, words in FAULTS.items())
    print(
        f"files: {number} tried: {faults}; {seen['refused']} refused, {seen['same']} with the same content, "
        f"{seen['other']} with another value where any is allowed"
    )
    return int(any(seen[word] for word in FAULTS))


if __name__ == "__main__":
    sys.exit(main())
