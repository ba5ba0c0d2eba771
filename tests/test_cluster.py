"""Sweeps on several machines: a Dask scheduler with workers on the loopback, and a SLURM that runs jobs at once."""

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import joblib
import numpy as np
import pytest

from helpers import runs, workers
from helpers.parameters import BackendError, OutputError, ParameterError
from helpers.runs import SweepWarning, sweep
from tests.cells import run

pytestmark = pytest.mark.skipif(find_spec("distributed") is None, reason="the extra `cluster` is not installed")
ROOT = Path(__file__).resolve().parents[1]
GRID = {"x": [0.5, 1.0, 2.0], "seed": [0, 1, 2, 3]}

STUDY = run(
    """
import os, resource, signal, time, uuid
from pathlib import Path
import numpy as np
from helpers import spikes, storage

def walk(x, seed):
    return {"walk": np.random.default_rng(seed).normal(0, x, 50).cumsum(), "word": f"x={x}"}

def process(x, seed):
    time.sleep(0.02)
    return {"pid": os.getpid()}

def deadly(x, seed, log):
    (Path(log) / uuid.uuid4().hex).touch()
    if (x, seed) == (1.0, 1) and not Path(log, "died").exists():
        Path(log, "died").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return {"y": x + seed}

def mortal(x, seed):
    os.kill(os.getpid(), signal.SIGKILL)

def counted(x, seed):
    return {"n": spikes.population_rate_hz(np.array([x]), 0.0, 10.0, 1)}

def astray(x, seed, elsewhere):
    write = storage.write_arrays
    storage.write_arrays = lambda path, *rest: write(Path(elsewhere) / path.name, *rest)
    return {"y": x}

def filling(x, seed):
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # this worker finds no room from now on
    return {"y": x}

def slow(x, seed, log):
    (Path(log) / f"{x}-{seed}-{os.getpid()}-{uuid.uuid4().hex}").touch()
    time.sleep(0.1)
    return {"y": x * seed}
""",
    "<study>",
)


def started(folder, *words, **env):
    with (folder / "log").open("a") as log:
        command = [sys.executable, "-m", *words]
        return subprocess.Popen(command, cwd=folder, env=os.environ | env, stdout=log, stderr=log)


@contextmanager
def cluster(folder, monkeypatch, n, *, path=ROOT):
    """A client of a scheduler with `n` workers, which import this package from `path`; sweeps go there meanwhile."""
    folder.mkdir(exist_ok=True)
    told = folder / "scheduler.json"
    listen = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(told))
    once = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1"}
    ours = [started(folder, "distributed.cli.dask_scheduler", *listen, **once)]
    try:
        address = json.loads(awaited(lambda: told.exists() and told.read_text()))["address"]
        options = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1"]
        for _ in range(n):
            ours.append(started(folder, "distributed.cli.dask_worker", address, *options, PYTHONPATH=str(path)))
        client = workers.client(address)
        client.wait_for_workers(n, timeout=60)
        monkeypatch.setenv("NOTEBOOK_CLUSTER", address)
        yield client
        client.close(timeout=2)  # before its scheduler, of which it would speak in the log of this process
    finally:
        workers.client.__wrapped__.cache_clear()
        for process in ours:
            process.kill()
            process.wait()


def awaited(what):
    last = time.monotonic() + 60
    while not (found := what()):
        assert time.monotonic() < last, "nothing came"
        time.sleep(0.05)
    return found


def files(folder):
    return {path.name: path.read_bytes() for path in folder.glob("*.npz")}


def test_a_cluster_gives_the_files_of_one_machine_bit_for_bit_and_is_one_line_when_it_dies(tmp_path, monkeypatch):
    """Its workers are killed one by one: no finished point is lost; then a point kills the last ones."""
    (log := tmp_path / "log").mkdir()
    here = [r["walk"] for _, r in sweep(STUDY.walk, GRID, store=tmp_path / "here", n_jobs=1)]
    with cluster(tmp_path / "dask", monkeypatch, 3) as client:
        found = [r["walk"] for _, r in sweep(STUDY.walk, GRID, store=tmp_path / "there")]
        afar = {int(r["pid"]) for _, r in sweep(STUDY.process, GRID, store=tmp_path / "afar")}
        with monkeypatch.context() as patch, joblib.parallel_config("dask", client=client):  # a cell of a notebook
            patch.delenv("NOTEBOOK_CLUSTER")
            list(sweep(STUDY.walk, GRID, store=tmp_path / "joblib"))
            pids = {int(r["pid"]) for _, r in sweep(STUDY.process, GRID, store=tmp_path / "pid", n_jobs=1)}
        assert np.array_equal(here, found) and pids == {os.getpid()}
        assert len(afar) >= 2 and os.getpid() not in afar
        assert files(tmp_path / "here") == files(tmp_path / "there") == files(tmp_path / "joblib")
        found = [float(r["y"]) for _, r in sweep(STUDY.deadly, GRID | {"log": [str(log)]}, store=tmp_path / "store")]
        assert found == [x + seed for x in GRID["x"] for seed in GRID["seed"]]
        assert 13 <= len(list(log.iterdir())) - 1 <= 16, "12 points, that which killed again, and what was begun"
        assert len(client.ncores()) == 2
        with pytest.raises(BackendError, match=r"the cluster gave up \(.*\); finished points are kept; call again"):
            list(sweep(STUDY.mortal, {"x": [1.0], "seed": [1]}, store=tmp_path / "none"))
        monkeypatch.setattr(workers, "ALONE_S", 0.5)
        signal.signal(signal.SIGALRM, signal.default_int_handler)  # interrupts, as a user does, what does not end
        signal.alarm(2)
        try:
            with pytest.warns(SweepWarning, match="no worker; waiting for one"), pytest.raises(KeyboardInterrupt):
                list(sweep(STUDY.walk, GRID, store=tmp_path / "none"))
        finally:
            signal.alarm(0)


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense://"])
def test_a_scheduler_that_is_not_there_is_one_line(tmp_path, monkeypatch, address):
    monkeypatch.setattr(workers, "REACH_S", 1)
    monkeypatch.setenv("NOTEBOOK_CLUSTER", address)
    with pytest.raises(BackendError, match=r"^no Dask scheduler at NOTEBOOK_CLUSTER = [^\n]*$"):
        list(sweep(STUDY.walk, GRID, store=tmp_path / "store"))
    assert len(list(sweep(STUDY.walk, GRID, store=tmp_path / "store", n_jobs=1))) == 12, "1 stays here"


def test_workers_with_other_code_without_the_store_or_without_room_are_one_line(tmp_path, monkeypatch):
    (elsewhere := tmp_path / "elsewhere").mkdir()
    shutil.copytree(ROOT / "helpers", tmp_path / "other" / "helpers", ignore=shutil.ignore_patterns("__pycache__"))
    with (tmp_path / "other" / "helpers" / "spikes.py").open("a") as text:
        text.write("\n# another version\n")
    monkeypatch.setattr(runs, "ARRIVAL_S", 0.2)
    with cluster(tmp_path / "dask", monkeypatch, 1, path=tmp_path / "other"):
        assert len(list(sweep(STUDY.walk, GRID, store=tmp_path / "store"))) == 12, "it does not use what differs"
        with pytest.raises(BackendError, match="other code or packages than this process; start it from this checkout"):
            list(sweep(STUDY.counted, GRID, store=tmp_path / "none"))
        with pytest.raises(BackendError, match="is not to be found here; all machines share that folder"):
            list(sweep(STUDY.astray, GRID | {"elsewhere": [str(elsewhere)]}, store=tmp_path / "none"))
        with pytest.raises(OutputError, match=r"cannot write .* \(File too large\)"):
            list(sweep(STUDY.filling, GRID, store=tmp_path / "none"))
    assert files(elsewhere) and not files(tmp_path / "none")


# --- job arrays

PART = """
import json, sys
from tests import test_cluster as t
log, store = sys.argv[1:]
found = [float(r["y"]) for _, r in t.sweep(t.STUDY.slow, t.GRID | {"log": [log]}, store=store, n_jobs=1)]
assert found == [x * seed for x in t.GRID["x"] for seed in t.GRID["seed"]]
t.Path(store, f"done {t.os.environ.get('NOTEBOOK_PART', '').partition('/')[0]}").touch()
"""


@pytest.fixture
def slurm(tmp_path, monkeypatch):
    """A folder for jobs, whose `sbatch` runs a job or an array of them in the background; `scancel` ends it."""
    (bin_folder := tmp_path / "bin").mkdir()
    submit = f"""#!{sys.executable}
import os, re, subprocess, sys
array = re.search(r"#SBATCH --array=1-(\\d+)", open(sys.argv[-1]).read())
for k in range(1, int(array[1]) + 1 if array else 2):
    env = os.environ | {{"SLURM_ARRAY_TASK_ID": str(k), "SLURM_ARRAY_TASK_COUNT": array[1]}} if array else os.environ
    with open("{tmp_path}/job.log", "a") as log:
        job = subprocess.Popen(["bash", sys.argv[-1]], env=env, stdout=log, stderr=log, start_new_session=True)
print("Submitted batch job", job.pid)
"""
    cancel = f"#!{sys.executable}\nimport os, sys\n[os.killpg(int(n), 9) for n in sys.argv[1:]]\n"
    make = f'#!/bin/bash\nexport "NOTEBOOK_$2"\nexec {sys.executable} "{tmp_path}/part.py" "{tmp_path}"/{{log,store}}\n'
    for name, text in {"sbatch": submit, "scancel": cancel, "make": make}.items():
        (bin_folder / name).write_text(text)
        (bin_folder / name).chmod(stat.S_IRWXU)
    (tmp_path / "part.py").write_text(PART)
    (tmp_path / "log").mkdir()
    monkeypatch.setenv("PATH", f"{bin_folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    return tmp_path


def test_the_tasks_of_an_array_share_the_points(slurm):
    """Each has all the numbers at its end; few points are computed twice, whatever their pace."""
    script = (ROOT / "tools" / "cluster" / "array.sh").read_text().replace("1-20", "1-3")
    (slurm / "array.sh").write_text(script)
    subprocess.run(["sbatch", slurm / "array.sh"], check=True, cwd=slurm, stdout=subprocess.DEVNULL)
    awaited(lambda: len(list((slurm / "store").glob("done *"))) == 3)
    calls = [path.name.rsplit("-", 2)[0] for path in (slurm / "log").iterdir()]
    assert len(files(slurm / "store")) == 12 == len(set(calls)) and len(calls) <= 12 + 2 * 3, "each begins elsewhere"
    assert "Error" not in (slurm / "job.log").read_text()


def test_a_part_begins_with_its_own_points_and_then_helps_in_an_order_of_its_own(tmp_path, monkeypatch):
    paths = [tmp_path / str(i) for i in range(10)]
    paths[4].touch()
    orders = [list(runs._of_part(f"{k}/3", paths)) for k in (1, 2, 3)]
    assert [order[:3] for order in orders] == [[0, 3, 6], [1, 7, orders[1][2]], [2, 5, 8]]
    assert all(sorted(order) == [0, 1, 2, 3, 5, 6, 7, 8, 9] for order in orders)
    assert len({tuple(order) for order in orders}) == 3 and orders[2] == list(runs._of_part("3/3", paths))
    for part in ("0/3", "4/3", "1/3/5"):
        monkeypatch.setenv("NOTEBOOK_PART", part)
        with pytest.raises(ParameterError, match=r"NOTEBOOK_PART = .* is no part of a whole; give k/n, with k from 1"):
            list(sweep(STUDY.walk, GRID, store=tmp_path / "store", n_jobs=1))


def test_make_full_passes_cluster_and_part_on():
    def said(*words):
        command = ["make", "-n", "full", *words]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert 'NOTEBOOK_CLUSTER="tcp://a:1"' in said("CLUSTER=tcp://a:1") and '--part "2/3"' in said("PART=2/3")
    assert "NOTEBOOK_" not in said().split("bootstrap.py")[1]


def test_dask_starts_its_workers_through_slurm(slurm):
    """The script of the page: two jobs, whose workers compute the sweep that the stand-in of `make full` runs."""
    (slurm / "part.py").write_text(PART.replace(", n_jobs=1", ""))
    ours = [sys.executable, ROOT / "tools" / "cluster" / "dask_slurm.py", "FINAL_5"]
    options = {"capture_output": True, "text": True, "timeout": 120}
    done = subprocess.run(ours, cwd=slurm, env=os.environ | {"JOBS": "2"}, **options)
    assert done.returncode == 0, done.stderr[-2000:]
    assert len(files(slurm / "store")) == 12
    assert len({path.name.split("-")[2] for path in (slurm / "log").iterdir()}) == 2, "each of the workers, not here"
