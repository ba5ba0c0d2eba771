"""Files of a run, ``Runs/<name>/``: parameters, weights, measures and summary, and their readers.

::

    params.json  run_summary.json  figures/*.png
    artifacts/<tag>_seed_<s>.npz           weights of both layers after training, and before (``*_init``)
    artifacts/<tag>_seed_<s>_params.json   sidecar for reloading
    artifacts/seed_<s>_results.json        measures of one seed, its parameters; written last, which marks it finished

Each carries a checksum, and what was changed is refused. Files of the original program (no ``schema_version``, no
checksum) are read as well: its LL->MON weights are those from before training, and its ``mid_checkpoint.npz`` holds
weights without synapses, which are drawn again from the seed.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np

from helpers import runs, storage
from helpers.lateral_line import measures, wiring
from helpers.lateral_line.params import NetworkParams, preset, topographic_counts
from helpers.lateral_line.simulate import Result
from helpers.parameters import OutputError, ParameterError, doors, short

__all__ = ["begin", "read_origin", "read_run", "read_scores", "read_weights", "save_scores", "save_weights"]
__all__ += ["scores_file", "write_summary"]

SCHEMA, MARK = 3, "schema_version"  # no file of the original has such a field
PARTS = {"ll_mon": ("ll_mon_i", "ll_mon_j", "ll_mon_w_mV"), "mon_ts": ("mon_ts_i", "mon_ts_j", "mon_ts_w")}
INITIAL = {"ll_mon": "ll_mon_w_init_mV", "mon_ts": "mon_ts_w_init"}
SIDECAR = "n_ll n_mon n_ts speed_cm_s distance_cm direction training_noise_scale_early training_noise_scale_late"
SIDECAR = (*SIDECAR.split(), "mon_ts_apre", "mon_ts_apost", "mon_ts_wmax")
# What seed_<s>_results.json holds: the names, and the kinds of value or the names within.
NUMBER = (int, float, type(None))
CONTROL = "sigma_theta_rad delta_trial_rad valid_fraction usable ts_spikes_test sigma_theta_rad_window "
CONTROL = dict.fromkeys((CONTROL + "delta_trial_rad_window valid_fraction_window usable_window").split(), NUMBER)
QUALITY = dict.fromkeys(measures.MapQuality.__dataclass_fields__, NUMBER)
SCORES = """seed distance_cm test_ll_noise_hz sigma_theta_rad delta_trial_rad valid_fraction sigma_theta_ll_rad
delta_trial_ll_rad sigma_w_ll_cm sigma_w_mon_cm sigma_w_ts_cm ts_max_rate_hz ts_spikes_during_training
ts_spikes_during_test_window stabilisation_t_s"""
SCORES = dict.fromkeys(SCORES.split(), NUMBER) | dict(network_params=object, repeats=object)
SCORES["rates_hz"] = dict.fromkeys(["ll_train", "ll_test", "mon_train", "mon_test", "ts_train", "ts_test"], NUMBER)
SCORES["spikes_total"] = dict.fromkeys(["ll", "mon", "ts", "mon_inh", "ts_inh"], NUMBER)
SCORES["mon_ts"] = dict.fromkeys(["synapses", "mean_abs_dw", "moved", "at_w_max", "at_0"], NUMBER)
SCORES["controls"] = dict(untrained=CONTROL, shuffled=CONTROL, chance_rad=NUMBER, chance_window_rad=NUMBER)
SCORES |= dict(pv_map_quality=QUALITY, pv_map_quality_window=QUALITY)
SUMMARY = ("seed", "ts_spikes_during_test_window", "pv_map_quality", "pv_map_quality_window", "controls")


def _differing(mine, theirs):
    """Return "name = value, not value" for what differs."""
    return [f"{name} = {value}, not {theirs.get(name)}" for name, value in mine.items() if value != theirs.get(name)]


def begin(folder: Path, params: NetworkParams, **record: object) -> None:
    """Write ``params.json``, all that is needed to repeat the run; a folder that has one must be of the same run.

    Raises
    ------
    ParameterError
        If it is of another run: the fields that differ are named, and nothing is changed; or if json cannot hold
        `record`.
    OutputError
        If the folder cannot be written.
    """
    path, new = folder / "params.json", storage.draft(folder)
    try:
        record = json.loads(json.dumps(record))
    except (TypeError, ValueError) as failure:
        raise ParameterError(f"record holds what json cannot ({failure}); give numbers, text and lists") from None
    if not path.exists():
        (ll_mon, mon_ts), known = topographic_counts(params), runs.provenance()
        whole = record | dict(run_folder=folder.name, network_params=params.to_dict(), schema_version=SCHEMA)
        whole |= dict(effective_topographic_counts=dict(ll_mon=ll_mon, mon_ts=mon_ts), versions=known["versions"])
        git = subprocess.run(
            "git rev-parse HEAD", shell=True, cwd=runs.ROOT, capture_output=True, text=True, check=False
        )
        whole |= dict(source=known["source"], git_commit=git.stdout.strip() or None)
        try:
            new.mkdir(parents=True)
            storage.remove_drafts(folder.parent)
            storage.write_json(new / path.name, whole)
            new.rename(folder)  # by one process alone; an empty folder may stand there
        except OSError as failure:
            if folder.exists() and not path.exists():
                text = "exists without a params.json; remove it, or choose another --run-name"
                raise OutputError(f"{folder} {text}") from None
            if not path.exists():
                raise OutputError(f"cannot make {folder} ({failure.strerror}); choose another folder") from None
        finally:
            shutil.rmtree(new, ignore_errors=True)
    theirs, their_params = read_run(path)
    wrong = _differing(record | params.to_dict(), theirs | their_params.to_dict())
    if wrong:
        raise ParameterError(f"{folder} is another run: {'; '.join(wrong)}; choose another --run-name")


def read_run(path: Path) -> tuple[dict, NetworkParams]:
    """Return (record, parameters) of a ``params.json`` or of our sidecar.

    In one of the original, fields that we do not know are passed over, missing ones keep their base value, and 3.0
    may stand for 3.
    """
    record, known, values = storage.read_json(path, MARK), NetworkParams.__dataclass_fields__, {}
    given = record.get("network_params")
    if not isinstance(given, dict):
        raise OutputError(f"{path} holds no network_params; give the params.json of the run")
    if MARK in record:
        storage.check_names(f"network_params of {path}", given, known)
    for name, value in given.items():
        if name in known:
            values[name] = int(value) if isinstance(value, float) and value.is_integer() else value
    return record, NetworkParams(**values)


# --- weights


def save_weights(result: Result, folder: Path, *, tag: str, mode: str) -> list[Path]:
    """Write ``<tag>_seed_<s>.npz`` (float64, int64) and its sidecar into a folder, and return their paths."""
    params, arrays = result.params.to_dict(), {}
    for pathway, columns in PARTS.items():
        arrays |= dict(zip(columns, result.weights[pathway], strict=True))
        arrays[INITIAL[pathway]] = result.initial_weights[pathway][2]
    npz, sidecar = (folder / f"{tag}_seed_{result.seed}{end}" for end in (".npz", "_params.json"))
    storage.write_arrays(npz, arrays)
    record = {"mode": mode, "schema_version": SCHEMA, **{key: params[key] for key in SIDECAR}}
    storage.write_json(sidecar, record | {"network_params": params})
    return [npz, sidecar]


def read_origin(npz: Path, *, mode: str | None = None, seed: int | None = None) -> tuple[str, NetworkParams]:
    """Return (mode, parameters) of the run that weights come from.

    They stand in its params.json, one folder up or beside the file, else in our sidecar; else `mode` tells them. The
    seed is the one given, else that in the name of the file.

    Raises
    ------
    ParameterError
        If nothing tells the parameters, or the seed of a series, or if the sidecar is of another run.
    OutputError
        If a json file is damaged.
    """
    sidecar = npz.with_name(f"{npz.stem}_params.json")
    side = storage.read_json(sidecar, MARK) if sidecar.exists() else {}
    places = [npz.absolute().parent.parent / "params.json", npz.with_name("params.json")]
    places = [place for place in places if place.exists()] + [sidecar] * ("network_params" in side)
    if not places and mode is None:
        raise ParameterError(f"{npz} has no params.json of its run beside it; put it there, or name the --mode")
    known = {name: side[name] for name in SIDECAR if name in side}
    record, params = read_run(places[0]) if places else ({"mode": mode}, preset(mode).replace(**known))
    wrong = _differing(known, params.to_dict())
    if places and wrong:
        raise ParameterError(f"{sidecar}: {'; '.join(wrong)} as in params.json; they are of different runs")
    named = re.search(r"_seed_(\d+)$", npz.stem)
    if seed is None and not named and record.get("multi_seed", 1) not in (1, None):
        raise ParameterError(f"{npz} does not tell which seed of its run it is of; add --seed-start")
    if seed is None:
        seed = int(named[1]) if named else params.seed
    return record.get("mode", "unknown"), params.replace(seed=seed)


def read_weights(npz: Path, params: NetworkParams, *, initial: bool = False) -> tuple[dict, str]:
    """Return ({"ll_mon": (i, j, w_mV), "mon_ts": (i, j, w)}, remark) of a weight file, ours or the original's.

    Parameters
    ----------
    npz : Path
        ``<tag>_seed_<s>.npz``, or ``mid_checkpoint.npz`` of the original.
    params : NetworkParams
        Of the run: the synapses of a mid_checkpoint are drawn from them.
    initial : bool
        Take the LL->MON weights from before training, where the file has them.

    Raises
    ------
    OutputError
        If the file is missing or damaged, or lacks an array.
    """
    try:
        with np.load(npz, allow_pickle=False) as file:
            arrays, remark = dict(file), ""
    except Exception as failure:  # whatever a damaged file makes numpy raise
        raise OutputError(f"cannot read {npz} ({' '.join(str(failure).split())}); give an npz of a run") from None
    if {storage.CHECKSUM, storage.RECORD} & set(arrays):
        arrays = storage.read_arrays(npz)[0]
    elif "trial_idx" in arrays:
        remark = "" if "ll_mon_w_mV" in arrays else "has no LL->MON weights: the initial ones of its seed are taken"
        arrays = on_drawn_synapses(params) | arrays
    elif INITIAL["ll_mon"] not in arrays:
        remark = "is of the original program: its LL->MON weights are those before training"
    if initial and INITIAL["ll_mon"] in arrays:
        arrays["ll_mon_w_mV"] = arrays[INITIAL["ll_mon"]]
    try:
        return {name: tuple(np.ravel(arrays[part]) for part in parts) for name, parts in PARTS.items()}, remark
    except KeyError as missing:
        raise OutputError(f"{npz} lacks {missing}; give the weight file of a run") from None


def on_drawn_synapses(params):
    """Return the synapses of a seed, and the LL->MON weights from before training, under the names of the arrays."""
    drawn = wiring.draw(params, params.seed)
    before = wiring.initial_weights(params, params.seed, drawn)["ll_mon"]
    ll_mon = dict(ll_mon_i=drawn.ll_mon.pre, ll_mon_j=drawn.ll_mon.post, ll_mon_w_mV=before, ll_mon_w_init_mV=before)
    return ll_mon | dict(mon_ts_i=drawn.mon_ts.pre, mon_ts_j=drawn.mon_ts.post)


# --- measures


def scores_file(folder: Path, seed: int) -> Path:
    """Return the path of ``seed_<s>_results.json``."""
    return folder / "artifacts" / f"seed_{seed}_results.json"


def save_scores(result: Result, folder: Path, params: NetworkParams | None = None) -> Path:
    """Write ``seed_<s>_results.json``, all that report, summary and series figure need of a seed; return its path.

    The result is one with controls. `params` are those of the run, by which :func:`read_scores` knows the seed; by
    default those of the result, which after a test of stored weights tell no training.
    """
    p, test, history, quality = result.params, result.test, result.history, result.quality
    own = (params or p).replace(seed=result.seed).to_dict()
    record = dict(seed=result.seed, distance_cm=p.distance_cm, test_ll_noise_hz=p.test_ll_noise_hz, network_params=own)
    record |= dict(sigma_theta_rad=quality.sigma_theta_rad, delta_trial_rad=quality.delta_trial_rad)
    record |= dict(valid_fraction=quality.valid_fraction, sigma_theta_ll_rad=result.quality_ll.sigma_theta_rad)
    record |= dict(delta_trial_ll_rad=result.quality_ll.delta_trial_rad)
    for layer, n in dict(ll=p.n_ll, mon=p.n_mon, ts=p.n_ts).items():
        curves = measures.tuning_curves(*test.spikes[layer], test.x_cm, n_cells=n, dt_s=p.dt_s)
        width = measures.half_maximum_width(curves, np.ptp(test.x_cm))
        record[f"sigma_w_{layer}_cm"] = np.ma.masked_invalid(width).mean()
    ts_hz = np.convolve(test.counts["ts"], np.ones(20) / 20, "same") / (p.n_ts * p.dt_s)
    record |= dict(rates_hz=result.rates_hz, ts_max_rate_hz=ts_hz.max(), spikes_total=result.spikes_total)
    record |= dict(ts_spikes_during_training=history.trial_spikes[:, 2].sum())
    record |= dict(ts_spikes_during_test_window=round(result.ts_spikes_test))
    w = result.weights["mon_ts"][2]
    mon_ts = dict(synapses=w.size, mean_abs_dw=history.w_mean_abs_delta[-1], moved=history.w_frac_delta_gt_1e3[-1])
    mon_ts |= dict(at_w_max=np.mean(w >= p.mon_ts_wmax * (1 - 1e-6)), at_0=np.mean(w <= 1e-9))
    record |= dict(mon_ts=mon_ts, stabilisation_t_s=history.stabilisation_t_s, repeats=result.repeats)
    record |= dict(controls=result.controls, pv_map_quality_window=result.quality_window, pv_map_quality=quality)
    storage.write_json(scores_file(folder, result.seed), record)
    return scores_file(folder, result.seed)


def read_scores(folder: Path, params: NetworkParams) -> dict:
    """Return the stored measures of the seed and the other parameters that `params` tell.

    Raises
    ------
    OutputError
        If the file is missing or damaged, of another run, or of a version that did not note the parameters.
    ParameterError
        If it holds other names or values than :func:`save_scores` writes.
    """
    path = scores_file(folder, params.seed)
    found = storage.read_json(path)
    if found.get("network_params") != params.to_dict() or found.get("seed") != params.seed:
        wrong = "is of other parameters, another seed or an earlier version"
        raise OutputError(f"{path} {wrong}; delete it, and the same command computes the seed anew")
    _check_scores(str(path), found, SCORES)
    return found


def _check_scores(what, given, wanted):
    storage.check_names(what, given, wanted)
    for name, value in given.items():
        if isinstance(wanted[name], dict):
            _check_scores(f"{what}: {name}", value, wanted[name])
        elif not isinstance(value, wanted[name]):
            raise ParameterError(f"{what}: {name} = {short(value)}; allowed: a number or null; delete the file")


def write_summary(folder: Path) -> list[dict]:
    """Write ``run_summary.json`` from the stored measures of all seeds, and return these; see :func:`read_scores`."""
    record, p = read_run(folder / "params.json")
    scores = [read_scores(folder, p.replace(seed=seed)) for seed in record["seeds"]]
    done = [{name: found[name] for name in SUMMARY} for found in scores]
    summary = dict(ll_mon_topo=p.ll_to_mon_topography_strength, mon_ts_topo=p.mon_to_ts_topography_strength)
    summary |= dict(mon_ts_sigma=p.mon_to_ts_sigma, mon_ts_gain_mV=p.mon_ts_gain_mV)
    storage.write_json(folder / "run_summary.json", summary | ({"runs": done} if len(done) > 1 else done[0]))
    return scores


doors(globals())
