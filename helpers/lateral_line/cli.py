"""The command ``lateral_line``: for each seed simulate, save, draw; or test stored weights.

Values come from the mode, then from ``--set``, then from the other flags, and are checked before anything is written.
A run works in ``Runs/<name>/`` of the current folder (:mod:`helpers.lateral_line.files`); seeds run side by side, and
what survives an interruption is a finished seed: the same command does the missing ones.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import time
from concurrent.futures import BrokenExecutor
from pathlib import Path

import click
import numpy as np

from helpers import lateral_line
from helpers.lateral_line import files, wiring
from helpers.lateral_line.params import MODES, NetworkParams, without_plasticity
from helpers.parameters import HelpersError, ParameterError

__all__ = ["FLAGS", "main"]

FIELDS = NetworkParams.__dataclass_fields__
FLAGS = {
    "--seed-start": "seed", "--n-training-trials": "n_training_trials", "--distance-cm": "distance_cm",
    "--training-distance-min-cm": "training_distance_min_cm", "--direction": "direction",
    "--training-distance-max-cm": "training_distance_max_cm", "--ll-mon-topo": "ll_to_mon_topography_strength",
    "--mon-ts-topo": "mon_to_ts_topography_strength", "--ll-rate-mode": "ll_rate_mode",
    "--ll-baseline-subtract-hz": "ll_rate_baseline_subtract_hz", "--ll-rate-gain": "ll_rate_gain",
    "--use-ll-mon-stdp": "ll_mon_use_stdp", "--ll-mon-apre": "ll_mon_apre", "--ll-mon-apost": "ll_mon_apost",
    "--ll-mon-wmax-mv": "ll_mon_wmax_mV", "--ll-mon-w-init-mv": "ll_mon_w_init_mV", "--mon-ts-sigma": "mon_to_ts_sigma",
    "--mon-ts-out-degree": "mon_to_ts_out_degree", "--ts-lateral-radius": "ts_lateral_radius",
    "--ts-local-inh-peak-mv": "ts_local_inh_peak_mV", "--use-ts-feedback-inh": "use_ts_feedback_inh",
    "--ts-feedback-drive-mv": "ts_to_global_inh_drive_mV", "--ts-feedback-inh-mv": "global_inh_to_ts_mV",
    "--ts-feedback-p": "ts_to_global_inh_p", "--mon-global-inh-mv": "global_inh_to_mon_mV",
    "--mon-ts-gain-mv": "mon_ts_gain_mV", "--bg-rate-mon-hz": "bg_rate_mon_hz", "--bg-rate-ts-hz": "bg_rate_ts_hz",
    "--bg-w-ts-mv": "bg_w_ts_mV", "--keep-mon-ts-stdp-during-test": "keep_mon_ts_stdp_during_test",
    "--test-using-held-snapshots": "test_using_held_snapshots", "--eval-x-min": "eval_x_min_cm",
    "--eval-x-min-cm": "eval_x_min_cm", "--eval-x-max": "eval_x_max_cm", "--eval-x-max-cm": "eval_x_max_cm",
}  # fmt: skip


def kind(name):
    """Return the click type of a field."""
    default, options = FIELDS[name].default, FIELDS[name].metadata["options"]
    return click.Choice(options) if options else click.types.convert_type(float if default is None else type(default))


def fields(ctx, param, words):
    """Return {field: value} of the words ``name=value``."""
    values = {}
    for word in words:
        name, _, value = word.partition("=")
        if name not in FIELDS:
            near = ", ".join(difflib.get_close_matches(name, FIELDS, 5)) or "none"
            raise click.BadParameter(f"{name!r} is no field; near it: {near}; COMMANDS.md lists all", ctx, param)
        values[name] = kind(name).convert(value, param, ctx)
    return values


def warn(text):
    """Print a warning of one line."""
    click.echo(f"lateral_line: warning: {text}", err=True)


def run_seed(params, weights, *, folder, mode, tag, copy_to, figures, first, progress):
    """Do one seed: train and test a network, or test the weights given; save it, draw it, note its measures last."""
    if weights is None:
        result = lateral_line.simulate(params, progress=progress)
        for place in filter(None, (folder / "artifacts", copy_to)):
            files.save_weights(result, Path(place), tag=tag, mode=mode)
    else:
        result = lateral_line.evaluate(params, weights, seed=params.seed, controls=True)
    if figures != "none":
        from helpers.lateral_line.figures import draw_seed

        draw_seed(result, folder / "figures", which=figures, first=first, mode=mode)
    files.save_scores(result, folder)
    return params.seed


def run(params, weights, **how):
    """Do the missing ones of the seeds {seed: weights or None} side by side, then what is made of all seeds."""
    from joblib import Parallel, cpu_count, delayed
    from tqdm.auto import tqdm

    folder, jobs = how["folder"], []
    missing = [seed for seed in weights if not files.scores_file(folder, seed).exists()]
    for seed in missing:
        how |= dict(first=seed == params.seed, progress=len(missing) == 1)
        jobs.append(delayed(run_seed)(params.replace(seed=seed), weights[seed], **how))
    if not missing:
        click.echo(f"all seeds of {folder} are finished: nothing is computed")
    done = Parallel(n_jobs=max(1, min(len(jobs), cpu_count())), return_as="generator_unordered")(jobs)
    for seed in tqdm(done, total=len(jobs), desc="seeds", disable="CI" in os.environ or len(jobs) < 2):
        click.echo(f"seed {seed}: saved {how['tag']}_seed_{seed}.npz, seed_{seed}_results.json")
    scores = files.write_summary(folder)
    if len(scores) > 1 and how["figures"] != "none":
        from helpers.lateral_line.figures import draw_series

        draw_series([_point(found) for found in scores], folder / "figures")
    report(folder, scores)


def _point(found):
    """Return what the series figure shows of a seed, with NaN where nothing can be told."""
    point = {"seed": found["seed"]}
    for name, row in (("trained", found), ("untrained", found["controls"]["untrained"])):
        point[name] = tuple(np.array([row["sigma_theta_rad"], row["delta_trial_rad"]], float))
    return point


def report(folder, scores):
    """Print what is stored of a run: the measures of each seed, their means over the usable seeds, and the network."""
    for found in scores:
        rounded = json.loads(json.dumps(found), parse_float=lambda word: float(f"{float(word):.4g}"))
        for name, value in rounded.items():
            if name not in ("seed", "repeats"):
                click.echo(f"seed {found['seed']}: {name} = {json.dumps(value)}".replace('"', ""))
        if not found["pv_map_quality"]["usable"]:
            click.echo(f"seed {found['seed']}: the test is unusable: too few TS spikes for a map; it enters no mean")
    usable = [found for found in scores if found["pv_map_quality"]["usable"]]
    for name in ("sigma_theta_rad", "delta_trial_rad") * (len(usable) > 1):
        values = [found[name] for found in usable]
        click.echo(f"{name} = {np.mean(values):.3f} +- {np.std(values, ddof=1):.3f} (sd, {len(values)} usable seeds)")
    record, p = files.read_run(folder / "params.json")
    config = " ".join(f"{name}={getattr(p, name):g}" for name in ("n_training_trials", *files.SIDECAR))
    click.echo(f"mode: {record['mode']}\nconfig: {config} topographic={record['effective_topographic_counts']}")
    click.echo(f"run directory: {folder}")


def stored(path, *, mode, given, initial):
    """Return (mode, parameters of the first, {seed: weights}) of what ``--evaluate`` names."""
    npzs, weights = sorted(path.glob("artifacts/*_seed_*.npz")) if path.is_dir() else [path], {}
    for npz in npzs:
        mode, params = files.read_origin(npz, mode=mode, seed=given.get("seed"))
        weights[params.seed], remark = files.read_weights(npz, params, initial=initial)
        params = params.replace(**given)
        wiring.given(params, params.seed, weights[params.seed])
        if remark:
            warn(f"{npz.name} {remark}")
    if not npzs or len(weights) < len(npzs):
        raise ParameterError(f"{path} holds {len(npzs)} weight files of {len(weights)} seeds; give one of them")
    return mode, params.replace(seed=min(weights)), weights


@click.command(context_settings={"show_default": True})
@click.option("--mode", type=click.Choice(MODES), show_default="ll_thesis", help="preset, to which the rest applies")
@click.option("--run-name", default="", show_default="the time", help="folder under Runs/; an unfinished run goes on")
@click.option("--save-tag", default="latest", help="base name of the weight files")
@click.option("--multi-seed", default=1, help="number of consecutive seeds")
@click.option("--save-weights-dir", type=click.Path(file_okay=False, writable=True), help="folder for a copy of them")
@click.option("--disable-all-stdp", is_flag=True, help="control: no STDP, no homeostasis")
@click.option("--evaluate", type=click.Path(exists=True, path_type=Path), help="only test the weights of a run or npz")
@click.option("--ll-mon-weights", type=click.Choice(["final", "initial"]), default="final", help="for --evaluate")
@click.option("--figures", type=click.Choice(["none", "some", "all"]), default="all", help="some: the two summaries")
@click.option("--set", "given", multiple=True, callback=fields, metavar="NAME=VALUE", help="any field; repeatable")
def command(mode, run_name, save_tag, multi_seed, save_weights_dir, disable_all_stdp, **options):
    """Train and test the lateral-line map LL -> MON -> TS over one or several seeds, or test stored weights."""
    given, evaluate, ll_mon, figures = (
        options.pop(name) for name in ("given", "evaluate", "ll_mon_weights", "figures")
    )
    given |= {name: value for name, value in options.items() if value is not None}
    name, tag = (re.sub(r"[/\\]", "_", text.strip()) for text in (run_name, save_tag))
    folder = Path("Runs", name or time.strftime("%Y%m%d_%H%M%S"))
    if name in (".", "..") or not tag or len(name) + len(tag) > 100:
        raise ParameterError(f"--run-name {name:.20} --save-tag {tag:.20}: no file can have this name")
    if evaluate and (multi_seed > 1 or save_weights_dir):
        raise ParameterError("--evaluate goes neither with --multi-seed nor with --save-weights-dir; leave them out")
    if evaluate:
        mode, params, weights = stored(evaluate, mode=mode, given=given, initial=ll_mon == "initial")
    else:
        mode = mode or "ll_thesis"
        params = lateral_line.preset(mode).replace(**given)
        weights = dict.fromkeys(range(params.seed, params.seed + max(1, multi_seed)))
        params.replace(seed=max(weights))
    params = without_plasticity(params) if disable_all_stdp else params
    record = dict(mode=mode, seed_start=params.seed, multi_seed=len(weights), seeds=list(weights), save_tag=tag)
    files.begin(folder, params, **record, evaluated_from=evaluate and str(evaluate), ll_mon_weights=ll_mon)
    if min(params.distance_cm, params.training_distance_min_cm) <= params.sphere_radius_cm:
        warn(f"a distance <= radius {params.sphere_radius_cm:g} cm is not physical: the sphere overlaps the body")
    if mode == "ll_fast_legacy":
        warn("ll_fast_legacy is the original's smoke test and stays silent; ll_fast is the working one")
    click.echo(f"run directory: {folder}")
    try:
        run(params, weights, folder=folder.absolute(), mode=mode, tag=tag, copy_to=save_weights_dir, figures=figures)
    except KeyboardInterrupt:
        click.echo(f"lateral_line: stopped; the same command with --run-name {folder.name} goes on", err=True)
        click.get_current_context().exit(130)


for name in dict.fromkeys(FLAGS.values()):
    spellings, switch = [flag for flag in FLAGS if FLAGS[flag] == name], isinstance(FIELDS[name].default, bool)
    spellings = [f"{spellings[0]}/--no-{spellings[0][2:]}"] if switch else spellings
    shown = f"{FIELDS[name].metadata['meaning']} (ll_thesis: {getattr(lateral_line.preset('ll_thesis'), name)})"
    settings = dict(type=None if switch else kind(name), default=None, help=shown)
    command.params.append(click.Option([*spellings, name], **settings))


def main(arguments: list[str] | None = None) -> int:
    """Run the command with the given arguments, by default those of the process, and return its exit code.

    Examples
    --------
    >>> main(["--distance-cm", "-1"])
    2
    """
    try:
        return command.main(arguments, "lateral_line", standalone_mode=False) or 0
    except (click.ClickException, HelpersError, BrokenExecutor) as failure:
        text = failure.format_message() if isinstance(failure, click.ClickException) else str(failure)
        click.echo(f"lateral_line: error: {' '.join(text.split())}", err=True)
        return 2
