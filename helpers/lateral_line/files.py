"""Files of a run: ``Runs/<name>/`` with parameters, summary, weights and checkpoints, and their readers.

::

    params.json  run_summary.json  figures/*.png
    artifacts/<tag>_seed_<s>.npz           weights of both layers after training, and before (``*_init``)
    artifacts/<tag>_seed_<s>_params.json   sidecar for reloading
    artifacts/seed_<s>_results.json        measures of one seed
    artifacts/mid_checkpoint_seed_<s>.npz  whole state of the run; the one before it is ``*.previous.npz``

A single seed has its checkpoint under ``mid_checkpoint.npz`` too. Every file is written under a draft name and then
renamed, so that others see the whole file or none. Files of the original program (without ``schema_version``) are
read as well: their mode is unknown, and their LL->MON weights are those before training.
"""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.metadata
import io
import json
import math
import os
import platform
import re
import subprocess
import uuid
from datetime import datetime
from pathlib import Path

import numpy as np

from helpers import __version__, runs
from helpers.lateral_line.params import NetworkParams, topographic_counts
from helpers.parameters import HelpersError, OutputError, ParameterError

__all__ = [
    "check_fit", "has_checkpoint", "load_checkpoint", "new_folder", "read_origin", "read_run", "read_weights",
    "save_checkpoint", "save_scores", "save_weights", "write_start", "write_summary",
]  # fmt: skip

SCHEMA = 2
PACKAGES = ("numpy", "numba", "brian2", "matplotlib", "joblib")
PARTS = {"ll_mon": ("ll_mon_i", "ll_mon_j", "ll_mon_w_mV"), "mon_ts": ("mon_ts_i", "mon_ts_j", "mon_ts_w")}
INITIAL = {"ll_mon": "ll_mon_w_init_mV", "mon_ts": "mon_ts_w_init"}
SIDECAR = (
    "n_ll", "n_mon", "n_ts", "speed_cm_s", "distance_cm", "direction", "training_noise_scale_early",
    "training_noise_scale_late", "mon_ts_apre", "mon_ts_apost", "mon_ts_wmax",
)  # fmt: skip
SUMMARY = ["seed", "ts_spikes_during_test_window", "pv_map_quality", "pv_map_quality_window", "controls"]


# --- writing and reading


def write_atomic(path, data, previous=None):
    """Write bytes under a draft name, flush them to the disk, and give the file its name; `previous`: the old one's."""
    draft = path.with_name(f".{uuid.uuid4().hex}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if previous is not None and path.exists():
            path.replace(previous)
        draft.replace(path)
    except OSError as failure:
        raise OutputError(f"cannot write {path} ({failure.strerror or failure}); is the disk full?") from None
    finally:
        if draft.exists():
            draft.unlink()


def plain(value):
    """Return JSON types: arrays become lists, dataclasses mappings, and what is not finite becomes None."""
    if dataclasses.is_dataclass(value):
        value = dataclasses.asdict(value)
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (np.ndarray, np.generic)):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def write_json(path, record):
    """Write a record as JSON; NaN becomes null."""
    write_atomic(path, (json.dumps(plain(record), indent=1, allow_nan=False) + "\n").encode())


def read_json(path):
    """Return the mapping in a JSON file, else raise :class:`OutputError` in one line."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as failure:
        raise OutputError(f"cannot read {path} ({_one_line(failure)}); is it the file of a run?") from None
    if not isinstance(record, dict):
        raise OutputError(f"{path} holds no mapping; is it the file of a run?")
    return record


def _one_line(failure):
    return " ".join((getattr(failure, "strerror", None) or str(failure) or type(failure).__name__).split())[:120]


def _npz(arrays, save=np.savez_compressed):
    """Return the bytes of an npz; numpy stores no time in it, so the same arrays give the same bytes."""
    buffer = io.BytesIO()
    save(buffer, **arrays)
    return buffer.getvalue()


def _read_npz(path):
    """Return the arrays of an npz. Whatever a damaged file makes numpy raise ends in one line."""
    try:
        with np.load(path, allow_pickle=False) as file:
            return {key: file[key] for key in file.files}
    except Exception as failure:
        raise OutputError(f"cannot read {path} ({_one_line(failure)}); it is missing, damaged or no npz file") from None


# --- the run folder


def new_folder(name, root="Runs"):
    """Return the path of a new run folder, without making it: `name` with slashes replaced, or the time if blank.

    Raises
    ------
    OutputError
        The name is taken: no run is overwritten.
    """
    clean = re.sub(r"[/\\\x00-\x1f]", "_", (name or "").strip())
    if clean in (".", "..") or len(clean.encode()) > 200:
        raise ParameterError(f"run name {clean[:20]!r} cannot be the name of a folder; choose another --run-name")
    if not clean:
        stamp = datetime.now().strftime("%Y%m%d_%H%M%S")
        names = [stamp, *(f"{stamp}_{k}" for k in range(2, 100))]
        return next(Path(root) / n for n in names if not (Path(root) / n).exists())
    folder = Path(root) / clean
    if folder.exists():
        raise OutputError(f"{folder} exists already; choose another --run-name, or go on with --resume-from {folder}")
    return folder


def write_start(folder, params, *, mode, multi_seed=1, **more):
    """Write ``params.json``: everything that is needed to repeat or to resume the run."""
    ll_mon, mon_ts = topographic_counts(params)
    record = {
        "mode": mode, "seed_start": params.seed, "multi_seed": multi_seed, "run_folder": folder.name,
        "network_params": params.to_dict(), "schema_version": SCHEMA,
        "effective_topographic_counts": {"ll_mon": ll_mon, "mon_ts": mon_ts},
        "versions": {"helpers": __version__, "python": platform.python_version(), **_versions()},
        "source": runs.source_hash(), "git_commit": _commit(), **more,
    }  # fmt: skip
    write_json(folder / "params.json", record)


def _versions():
    installed = {dist.name.lower(): dist.version for dist in importlib.metadata.distributions() if dist.name}
    return {name: installed[name] for name in PACKAGES if name in installed}


def _commit():
    """Return the commit of the collection, or None outside a checkout; ``source`` tells the code in any case."""
    command = ["git", "-C", str(runs.ROOT), "rev-parse", "HEAD"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=5).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None


def read_run(folder):
    """Return ``(record, params)`` of the ``params.json`` in a run folder, also one of the original program."""
    defaults = {"mode": "unknown", "multi_seed": 1, "backend": "numba", "save_tag": "latest"}
    record = defaults | read_json(Path(folder) / "params.json")
    return record, _params_from(record, Path(folder) / "params.json")


def _params_from(record, path):
    """Return the parameters; fields that the file lacks keep their base value, integers may be written as 1.0."""
    given = record.get("network_params")
    if not isinstance(given, dict):
        raise OutputError(f"{path} holds no network_params; is it the params.json of a run?")
    known = {f.name: f.default for f in dataclasses.fields(NetworkParams)}
    return NetworkParams(**{k: _whole(known[k], v) for k, v in given.items() if k in known})


def _whole(default, value):
    counts = isinstance(default, int) and not isinstance(default, bool)
    return int(value) if counts and isinstance(value, float) and value.is_integer() else value


# --- weights


def save_weights(result, folder, *, tag, mode):
    """Write the npz (float64, int64) and its sidecar into ``folder/artifacts``; returns their paths."""
    arrays = {}
    for layer, names in PARTS.items():
        kinds = (np.int64, np.int64, np.float64)
        arrays |= {n: np.asarray(a, k) for n, a, k in zip(names, result.weights[layer], kinds, strict=True)}
        arrays[INITIAL[layer]] = np.asarray(result.initial_weights[layer][2], np.float64)
    npz = folder / "artifacts" / f"{tag}_seed_{result.seed}.npz"
    params = result.params.to_dict() | {"seed": result.seed}
    sidecar = {"mode": mode, **{k: params[k] for k in SIDECAR}, "schema_version": SCHEMA, "network_params": params}
    write_atomic(npz, _npz(arrays))
    write_json(_sidecar(npz), sidecar)
    return [npz, _sidecar(npz)]


def _sidecar(npz):
    return npz.with_name(f"{npz.stem}_params.json")


def read_weights(path):
    """Return the weights in an npz, ``(final, initial)``, each ``{"ll_mon": (i, j, w_mV), "mon_ts": (i, j, w)}``.

    ``initial`` is None for a file of the original program. What it calls final is a mixture: its LL->MON weights were
    stored before training, its MON->TS weights after it.
    """
    arrays = _read_npz(path)
    missing = [name for names in PARTS.values() for name in names if name not in arrays]
    if missing:
        raise OutputError(f"{path} lacks {', '.join(missing)}; give the <tag>_seed_<s>.npz of a run")
    final = {layer: _synapses(path, [arrays[n] for n in names]) for layer, names in PARTS.items()}
    if not all(name in arrays for name in INITIAL.values()):
        return final, None
    initial = {k: _synapses(path, [*final[k][:2], arrays[name]]) for k, name in INITIAL.items()}
    return final, initial


def _synapses(path, columns):
    i, j, w = (np.ravel(column) for column in columns)
    sound = i.dtype.kind in "iu" and j.dtype.kind in "iu" and w.dtype.kind == "f" and i.size == j.size == w.size
    if not sound or not np.isfinite(w).all() or min(i.min(initial=0), j.min(initial=0)) < 0:
        raise OutputError(f"{path} holds synapses that do not fit together; it is damaged or of another program")
    return i, j, w


def check_fit(weights, params, path):
    """Refuse weights whose cells do not exist in a network of these parameters."""
    sizes = {"ll_mon": (params.n_ll, params.n_mon), "mon_ts": (params.n_mon, params.n_ts)}
    for layer, (i, j, _) in weights.items():
        largest = int(i.max(initial=0)), int(j.max(initial=0))
        if largest[0] >= sizes[layer][0] or largest[1] >= sizes[layer][1]:
            hint = "n_ll, n_mon and n_ts must be those of the run"
            raise ParameterError(f"{path}: {layer} joins cells up to {largest}, the network has {sizes[layer]}; {hint}")


def read_origin(npz):
    """Return ``(mode, params)`` of a weight file: from its run's params.json, else from its sidecar.

    The mode is "unknown" and the parameters are None where no file tells them.

    Raises
    ------
    ParameterError
        The sidecar contradicts params.json.
    """
    npz, side = Path(npz), {}
    if _sidecar(npz).exists():
        side = read_json(_sidecar(npz))
    run = npz.absolute().parent.parent / "params.json"
    record = read_json(run) if run.exists() else side
    if "network_params" not in record:
        return "unknown", None
    params = _params_from(record, run)
    named = re.search(r"_seed_(\d+)$", npz.stem)
    params = params.replace(seed=int(named[1])) if named else params
    _cross_check(side, params, npz)
    return str(record.get("mode", "unknown")), params


def _cross_check(side, params, npz):
    wrong = [key for key in SIDECAR if key in side and side[key] != getattr(params, key)]
    if wrong:
        text = ", ".join(f"{key} = {side[key]} there, {getattr(params, key)} in params.json" for key in wrong)
        raise ParameterError(f"{_sidecar(npz).name} contradicts params.json: {text}; they are of different runs")


# --- measures


def save_scores(result, folder):
    """Write ``seed_<s>_results.json``; what is not a number is null, a silent network is marked `silent`."""
    p, ll = result.params, result.quality_ll
    record = {"seed": result.seed, "distance_cm": p.distance_cm, "test_ll_noise_hz": p.test_ll_noise_hz}
    record |= {key: getattr(result.quality, key) for key in ("sigma_theta_rad", "valid_fraction", "delta_trial_rad")}
    record |= {"sigma_theta_ll_rad": ll.sigma_theta_rad, "delta_trial_ll_rad": ll.delta_trial_rad}
    record |= {f"sigma_w_{layer}_cm": width[0] for layer, width in result.tuning_width_cm.items()}
    record |= {f"sigma_w_{layer}_sd_cm": width[1] for layer, width in result.tuning_width_cm.items()}
    record |= {"ts_spikes_during_test_window": result.ts_spikes_test, "backend": result.backend}
    record |= {"pv_map_quality": result.quality, "pv_map_quality_window": result.quality_window}
    record |= {"controls": result.controls, "repeats": result.repeats, "rates_hz": result.rates_hz}
    path = folder / "artifacts" / f"seed_{result.seed}_results.json"
    write_json(path, plain(record))
    return path


def write_summary(folder):
    """Write ``run_summary.json`` from params.json and the measures of the seeds that are done; returns it."""
    record, p = read_run(folder)
    seeds = range(p.seed, p.seed + record["multi_seed"])
    paths = [folder / "artifacts" / f"seed_{seed}_results.json" for seed in seeds]
    done = [{key: scores[key] for key in SUMMARY} for scores in map(read_json, filter(Path.exists, paths))]
    summary = {
        "ll_mon_topo": p.ll_to_mon_topography_strength, "mon_ts_topo": p.mon_to_ts_topography_strength,
        "mon_ts_sigma": p.mon_to_ts_sigma, "mon_ts_gain_mV": p.mon_ts_gain_mV,
    }  # fmt: skip
    summary |= {"runs": done} if record["multi_seed"] > 1 else done[0]
    write_json(folder / "run_summary.json", summary)
    return summary


# --- checkpoints


def _places(folder, seed):
    names = (f"mid_checkpoint_seed_{seed}.npz", f"mid_checkpoint_seed_{seed}.previous.npz", "mid_checkpoint.npz")
    return [Path(folder) / "artifacts" / name for name in names]


def has_checkpoint(folder, seed):
    """Whether anything is there to resume a seed from."""
    return any(path.exists() for path in _places(folder, seed)[:2])


def _identity(params, backend):
    return json.dumps({"schema_version": SCHEMA, "backend": backend, **params.to_dict()}, sort_keys=True)


def _checksum(arrays):
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode() + array.tobytes())
    return digest.hexdigest()


def save_checkpoint(state, folder, params, backend, *, alone=True):
    """Write the state of a run with its parameters and a checksum; the file before it stays as ``*.previous.npz``.

    `alone`: the run has one seed, and ``mid_checkpoint.npz`` is written too.
    """
    arrays = {**state, "identity": np.array(_identity(params, backend))}
    data = _npz({**arrays, "checksum": np.array(_checksum(arrays))}, np.savez)
    current, previous, single = _places(folder, params.seed)
    write_atomic(current, data, previous)
    if alone:
        _second_name(current, single)
    return current


def _second_name(path, other):
    """Give a file another name too: a hard link where the file system has them, else a copy."""
    draft = other.with_name(f".{uuid.uuid4().hex}.tmp")
    try:
        os.link(path, draft)
        draft.replace(other)
    except OSError:
        write_atomic(other, path.read_bytes())


def load_checkpoint(folder, params, backend):
    """Return ``(state, reasons)``: the newest sound checkpoint, and why newer ones were passed over.

    Raises
    ------
    OutputError, ParameterError
        There is none, or all are damaged, foreign or of a run with other parameters. No file is changed.
    """
    failures = []
    found = [path for path in _places(folder, params.seed) if path.exists()]
    for path in found:
        try:
            return _read_checkpoint(path, params, backend), [str(failure) for failure in failures]
        except HelpersError as failure:
            failures.append(failure)
    if failures:
        raise failures[0]
    raise OutputError(f"{folder} holds no checkpoint of seed {params.seed}; start the run again under another name")


def _read_checkpoint(path, params, backend):
    arrays = _read_npz(path)
    if "identity" not in arrays or "checksum" not in arrays:
        raise OutputError(f"{path} is no checkpoint of this program (the original's hold weights only); cannot resume")
    if str(arrays.pop("checksum")) != _checksum(arrays):
        raise OutputError(f"{path} is damaged (its checksum does not fit)")
    mine, theirs = json.loads(_identity(params, backend)), json.loads(str(arrays.pop("identity")))
    wrong = sorted(key for key in mine.keys() | theirs.keys() if mine.get(key) != theirs.get(key))
    if wrong:
        text = ", ".join(f"{key} = {theirs.get(key)}, not {mine.get(key)}" for key in wrong[:4])
        raise ParameterError(f"{path} is of another run: {text}")
    return arrays
