"""The smallest cases of the attacks on files and by interrupts, and one test for each kind of fault that they found."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from numba.core import caching, config

from helpers import movies, storage
from helpers.compiled import compiled
from helpers.lateral_line import files as ll_files
from helpers.parameters import OutputError, ParameterError
from helpers.storage import DamagedFile
from tests.attack import files, interrupts
from tests.attack.interrupts import ENDS_S, ROOT

ENV = os.environ | {"PYTHONPATH": str(ROOT), "CI": "true", "OMP_NUM_THREADS": "1"}


def test_damaged_files(tmp_path, monkeypatch):
    monkeypatch.setattr(signal, "alarm", lambda seconds: None)
    sets = {}
    seen = [files.case(k, sets, tmp_path) for k in range(200)]
    assert [case for case in seen if case[1] in files.FAULTS] == []
    assert len(sets) > 12 and {word for _, word, _ in seen} >= {"refused", "same", "other"}


def test_interrupts():
    code = "from tests.attack import interrupts as i; exit(i.main(8, ['sweep', 'figures', 'copies']))"
    command = [sys.executable, "-W", "ignore", "-c", code]
    done = subprocess.run(command, cwd=ROOT, env=ENV, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]


# --- faults of one kind each


def test_json_is_refused_whatever_is_wrong_with_it(tmp_path):
    """Once a name that was not known was passed over, and a run went on with the base value and other weights."""
    path = tmp_path / "a.json"
    storage.write_json(path, {"a": [1, float("inf")], "b": np.arange(2), "schema": 5})
    assert storage.read_json(path) == {"a": [1, None], "b": [0, 1], "schema": 5}
    whole = path.read_text()
    damaged = [whole.replace("1,", "2,"), *(whole.replace(f'"{name}"', '"x"') for name in json.loads(whole))]
    for text in ("", "{", "[]", "3", "[" * 100_000, '{"schema": 1}', *damaged):
        path.write_text(text)
        with pytest.raises(DamagedFile, match=r"^[^\n]{,400}$"):
            storage.read_json(path, "schema")
    path.write_text('{"a": 1}')
    assert storage.read_json(path, "schema") == {"a": 1}, "of another program"


def test_an_interrupt_among_the_renames_comes_after_them(tmp_path, monkeypatch):
    replace, calls = Path.replace, []

    def interrupted(path, target):
        calls.append(target)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        storage.write_all({tmp_path / name: Path.touch for name in "abc"})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "c"]


def test_params_json_has_just_the_names_of_its_version(tmp_path):
    ll_files.begin(tmp_path / "a", files.ll_result().params, seeds=[7])
    record = storage.read_json(path := tmp_path / "a" / "params.json")
    more = record["network_params"] | {"more": 1}
    fewer = {name: value for name, value in record["network_params"].items() if name != "n_ts"}
    for given, name in ((more, "more"), (fewer, "n_ts")):
        storage.write_json(path, record | {"network_params": given})
        with pytest.raises(ParameterError, match=f"params.json: {name} unknown or missing"):
            ll_files.read_run(path)


def test_a_run_that_is_killed_at_its_start_leaves_no_folder_without_parameters(tmp_path, monkeypatch):
    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(storage, "write_json", killed)
        ll_files.begin(tmp_path / "Runs" / "a", files.ll_result().params, seeds=[7])
    assert list((tmp_path / "Runs").iterdir()) == []
    ll_files.begin(tmp_path / "Runs" / "a", files.ll_result().params, seeds=[7])


FULL = {
    "arrays": lambda f: storage.write_arrays(f / "a.npz", {"x": np.arange(5)}),
    "json": lambda f: storage.write_json(f / "a.json", {"a": 1}),
    "lateral line": files.make_ll,
    "region": files.make_roi,
    "state": lambda f: files.save_state(files.modular_net()[0], f / "state.npz"),
    "wta": files.make_wta,
    "sweep": files.sweep,
    "figures": files.draw,
    **{
        f"movie {s}": lambda f, s=s: movies.write_movie(files.GREY, f / f"m{s}", fps=25)
        for s in (".npy", ".gif", "", ".mp4")
    },
}


@pytest.mark.parametrize("door", FULL)
def test_a_disk_without_room_is_one_line_and_leaves_nothing(door, tmp_path, monkeypatch):
    """A size limit of 0 stands in for the disk. Once matplotlib raised AttributeError, and an mp4 was left empty."""
    monkeypatch.setenv("NOTEBOOK_FIGS", str(tmp_path / "figs"))
    files.ll_result()
    old, before = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, old[1]))
        with pytest.raises(OutputError, match=r"^[^\n]+$"):
            FULL[door](tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
        signal.signal(signal.SIGXFSZ, before)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_no_room_needs_a_cache_of_compiled_code(tmp_path, monkeypatch):
    def called():
        return compiled()(lambda x: 2 * x)(3)

    with monkeypatch.context() as patch:  # as with a read-only checkout and no home
        patch.setattr(caching.CompileResultCacheImpl, "_locator_classes", [])
        assert called() == 6
    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path))
    for _ in range(2):
        assert called() == 6
        stored = [path for path in tmp_path.rglob("*.nb?") if path.stat().st_size > 20]
        assert len(stored) == 2, "the index and the code; what was cut short is written anew"
        for path in stored:
            path.write_bytes(path.read_bytes()[:-20])
    assert "njit" not in "".join(path.read_text() for path in (ROOT / "helpers").rglob("*/*.py")), "all go that way"


SLEEPERS = """
import time
from helpers import runs
def point(folder, x):
    from pathlib import Path
    (Path(folder) / f"{x}.begun").touch()
    time.sleep(60)
    return {"y": x}
list(runs.sweep(point, {"folder": [FOLDER], "x": [1, 2]}, store=FOLDER, n_jobs=2, progress=False))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process with its parent")
@pytest.mark.parametrize("begun", [2, 0])
def test_workers_end_with_their_parent(tmp_path, begun):
    """Also while they start: once they stayed for five minutes."""
    code, env = SLEEPERS.replace("FOLDER", repr(str(tmp_path))), ENV | {interrupts.MARK: str(tmp_path)}
    parent = subprocess.Popen([sys.executable, "-c", code], env=env, cwd=ROOT)
    until = time.time() + 60
    while len(list(tmp_path.glob("*.begun"))) < begun or len(interrupts.marked(tmp_path)) < 4:  # with their tracker
        assert time.time() < until and parent.poll() is None
        time.sleep(0.05)
    parent.kill()
    parent.wait()
    assert interrupts.left_alive(tmp_path, ENDS_S * interrupts.patience()) == []
