"""The command ``lateral_line``: for each seed simulate, save, draw; or test stored weights.

Values come from the mode, then from ``--set``, then from the other flags, and are checked before anything is written.
A run works in ``Runs/<name>/`` of the current folder (:mod:`helpers.lateral_line.files`). Seeds run side by side; what
survives an interruption is a finished seed, and the same command does the missing ones.
"""

from __future__ import annotations

import difflib
import json
import re
import sys
import time
from pathlib import Path

import click
import numpy as np

from helpers import lateral_line
from helpers.lateral_line import files, wiring
from helpers.lateral_line.params import MODES, NetworkParams, topographic_counts, without_plasticity
from helpers.parameters import HelpersError, ParameterError, doors, short
from helpers.workers import workers

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
# What stored weights no longer listen to: sizes, wiring, initial weights, training.
OF_TRAINING = ("n_", "ll_to_mon_", "mon_to_ts_", "ll_mon_w_", "mon_ts_w_init", "mon_ts_w_jitter", "ll_mon_homeo")
OF_TRAINING += ("mon_ts_homeo", "training_", "checkpoint_", "pv_", "trial_", "teacher_")
REPORT = """\
seed {seed}: mean rate train/test (Hz): LL {ll_train}/{ll_test}, MON {mon_train}/{mon_test}, TS {ts_train}/{ts_test}
seed {seed}: TS spikes train/test: {ts_spikes_during_training}/{ts_spikes_during_test_window}
seed {seed}: total spikes: LL {ll}, MON {mon}, TS {ts}; largest TS rate: {ts_max_rate_hz} Hz
seed {seed}: {synapses} MON->TS synapses: mean |dw| {mean_abs_dw}, |dw| > 1e-3 {moved}, at w_max {at_w_max}, at 0 {at_0}
seed {seed}: stabilisation time: {stabilisation_t_s} s
seed {seed}: sigma_theta (rad): untrained {untrained[sigma_theta_rad]}, shuffled {shuffled[sigma_theta_rad]}, \
chance {chance_rad}; trained, in the window {pv_map_quality_window[sigma_theta_rad]}
seed {seed}: final PV: sigma_theta = {sigma_theta_rad} rad, delta_trial = {delta_trial_rad} rad, valid_fraction = \
{valid_fraction}"""


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
        try:
            values[name] = kind(name).convert(value or "nothing", param, ctx)
        except click.BadParameter as failure:
            raise click.BadParameter(f"{name}: {failure.message}", ctx, param) from None
    return values


def warn(text):
    """Print a warning of one line."""
    click.echo(f"lateral_line: warning: {text}", err=True)


def stored(path, *, mode, given, initial):
    """Return (mode, {parameters: weights}) of the weight files that ``--evaluate`` names, with the flags applied."""
    npzs, found = sorted(path.glob("artifacts/*_seed_*.npz")) if path.is_dir() else [path], {}
    for npz in npzs:
        origin, params = files.read_origin(npz, mode=mode, seed=given.get("seed"))
        if mode not in (None, origin):
            raise ParameterError(f"--mode {mode}: {npz.name} is of a run in mode {origin}; leave --mode out")
        weights, remark = files.read_weights(npz, params, initial=initial)
        params = params.replace(**given)
        wiring.given(params, params.seed, weights)
        found[params] = weights
        if remark:
            warn(f"{npz.name} {remark}")
        mode = origin
    if not npzs or len(found) < len(npzs):
        raise ParameterError(f"{path} holds {len(npzs)} weight files of {len(found)} seeds; give one file of a run")
    return mode, found


def run_seed(params, weights, *, folder, mode, tag, copy_to, figures, first, progress):
    """Do one seed: train and test a network, or test the weights given; save it, draw it, note its measures last."""
    saved = []
    if weights is None:
        result = lateral_line.simulate(params, progress=progress)
        for place in filter(None, (folder / "artifacts", copy_to)):
            saved = files.save_weights(result, Path(place), tag=tag, mode=mode)
    else:
        result = lateral_line.evaluate(params, weights, seed=params.seed, controls=True)
    if figures != "none":
        from helpers.lateral_line.figures import draw_seed

        draw_seed(result, folder / "figures", which=figures, first=first, mode=mode)
    saved.append(files.save_scores(result, folder, params))
    return f"seed {params.seed}: saved {', '.join(path.name for path in saved)}"


def finished(params, weights, *, folder, tag, copy_to, figures, **_):
    """Whether the measures of a seed are there, and the files and figures that were asked for."""
    wanted = [files.scores_file(folder, params.seed)]
    if wanted[0].exists():
        files.read_scores(folder, params)
    for place in (folder / "artifacts", copy_to):
        if place and weights is None:
            wanted.append(Path(place) / f"{tag}_seed_{params.seed}.npz")
    drawn = {"none": [], "some": ["test_phase_only"], "all": ["test_phase_only", "ts_tuning"]}[figures]
    there = [list(folder.glob(f"figures/brian2_{base}_*_seed_{params.seed}.png")) for base in drawn]
    return all(path.exists() for path in wanted) and all(there)


def run(todo, **how):
    """Do the seeds of {parameters: weights or None} that are missing, side by side; then what is made of all seeds."""
    from joblib import cpu_count, delayed

    folder, jobs = how["folder"], []
    for params, weights in todo.items():
        if not finished(params, weights, **how):
            own = dict(first=params == next(iter(todo)), progress=not jobs)
            jobs.append(delayed(run_seed)(params, weights, **how, **own))
    if not jobs:
        click.echo("every seed is finished: nothing is computed")
    with workers(jobs, max(1, min(len(jobs), cpu_count())), return_as="generator_unordered") as done:
        for saved in done:
            click.echo(saved)
    scores, points = files.write_summary(folder), []
    for found in scores:
        errors = [found, found["controls"]["untrained"]]
        trained, untrained = np.array([(row["sigma_theta_rad"], row["delta_trial_rad"]) for row in errors], float)
        points.append(dict(seed=found["seed"], trained=trained, untrained=untrained))
        report(found)
    usable = [point["trained"] for point in points if not np.isnan(point["trained"]).any()]
    if len(usable) > 1:
        mean, sd = np.mean(usable, axis=0), np.std(usable, axis=0, ddof=1)
        text = f"sigma_theta {mean[0]:.3f} +- {sd[0]:.3f} rad, delta_trial {mean[1]:.3f} +- {sd[1]:.3f} rad"
        click.echo(f"{text} (mean and sd of {len(usable)} usable seeds)")
    if len(points) > 1 and how["figures"] != "none":
        from helpers.lateral_line.figures import draw_series

        draw_series(points, folder / "figures")


def report(found):
    """Print what is stored of a seed."""
    rounded = json.loads(json.dumps(found), parse_float=lambda word: float(f"{float(word):.4g}"))
    for group in ("rates_hz", "spikes_total", "mon_ts", "controls"):
        rounded |= rounded[group]
    click.echo(REPORT.format(**rounded).replace("None s", "not reached").replace("None", "none"))
    if not found["pv_map_quality"]["usable"]:
        click.echo(f"seed {found['seed']}: unusable: too few TS spikes for a map; it enters no mean over seeds")


def check_words(words):
    """Refuse what no file can be called and no record can hold."""
    for word in words:
        if "\0" in word or word.encode(errors="ignore").decode() != word:
            raise ParameterError(f"{short(word)} holds NUL or is no UTF-8; allowed: other text; choose another word")


def run_folder(run_name, tag):
    """Return the folder of a run, by its name or by the time."""
    name = re.sub(r"[/\\]", "_", run_name.strip())
    if name in (".", "..") or not tag or len((name + tag).encode()) > 100:
        raise ParameterError(f"--run-name {name:.20} --save-tag {tag:.20}: no file can have this name")
    folder = Path("Runs", name or time.strftime("%Y%m%d_%H%M%S"))
    while not name and folder.exists():  # another run of this second
        time.sleep(0.2)
        folder = Path("Runs", time.strftime("%Y%m%d_%H%M%S"))
    return folder


def check_together(evaluate, given, several, ll_mon, mode):
    """Refuse flags that contradict each other or have no effect; a mode is named where no file tells the parameters."""
    if ll_mon and not evaluate:
        raise ParameterError("--ll-mon-weights goes with --evaluate only; leave it out")
    if evaluate and several:
        raise ParameterError("--evaluate goes neither with --multi-seed nor with --save-weights-dir; leave them out")
    for name in given:
        if evaluate and mode is None and name.startswith(OF_TRAINING):
            raise ParameterError(f"{name} has no effect on stored weights; leave it out")


@click.command(context_settings={"show_default": True})
@click.option("--mode", type=click.Choice(MODES), show_default="ll_thesis", help="preset, to which the rest applies")
@click.option("--run-name", default="", show_default="the time", help="folder under Runs/; an unfinished run goes on")
@click.option("--save-tag", default="latest", help="base name of the weight files")
@click.option("--multi-seed", default=1, type=click.IntRange(max=10_000), help="number of consecutive seeds")
@click.option("--save-weights-dir", type=click.Path(file_okay=False, writable=True), help="folder for a copy of them")
@click.option("--disable-all-stdp", is_flag=True, help="control: no STDP, no homeostasis")
@click.option("--evaluate", type=click.Path(exists=True, path_type=Path), help="only test the weights of a run or npz")
@click.option("--ll-mon-weights", type=click.Choice(["final", "initial"]), help="for --evaluate (final)")
@click.option("--figures", type=click.Choice(["none", "some", "all"]), default="all", help="some: the two summaries")
@click.option("--set", "given", multiple=True, callback=fields, metavar="NAME=VALUE", help="any field; repeatable")
def command(mode, run_name, save_tag, multi_seed, save_weights_dir, disable_all_stdp, evaluate, given, **options):
    """Train and test the lateral-line map LL -> MON -> TS over one or several seeds, or test stored weights."""
    ll_mon, figures = options.pop("ll_mon_weights"), options.pop("figures")
    given |= {name: value for name, value in options.items() if value is not None}
    tag = re.sub(r"[/\\]", "_", save_tag.strip())
    folder = run_folder(run_name, tag)
    check_together(evaluate, given, multi_seed > 1 or save_weights_dir, ll_mon, mode)
    if evaluate:
        mode, todo = stored(evaluate, mode=mode, given=given, initial=ll_mon == "initial")
    else:
        mode = mode or "ll_thesis"
        params = lateral_line.preset(mode).replace(**given)
        todo = {params.replace(seed=params.seed + k): None for k in range(max(1, multi_seed))}
    if disable_all_stdp:
        todo = {without_plasticity(params): weights for params, weights in todo.items()}
    seeds, params = [params.seed for params in todo], next(iter(todo))
    record = dict(mode=mode, seed_start=seeds[0], multi_seed=len(seeds), seeds=seeds, save_tag=tag)
    if save_weights_dir:
        Path(save_weights_dir).mkdir(parents=True, exist_ok=True)
    files.begin(folder, params, **record, evaluated_from=evaluate and str(evaluate), ll_mon_weights=ll_mon or "final")
    trained = params.n_training_trials > 0 and not params.training_fixed_distance
    if min(params.distance_cm, params.training_distance_min_cm if trained else np.inf) <= params.sphere_radius_cm:
        warn(f"a distance <= radius {params.sphere_radius_cm:g} cm is not physical: the sphere overlaps the body")
    if mode == "ll_fast_legacy":
        warn("ll_fast_legacy is the original's smoke test and stays silent; ll_fast is the working one")
    config = " ".join(f"{name}={getattr(params, name):g}" for name in ("n_training_trials", *files.SIDECAR))
    config += " topographic LL->MON {}, MON->TS {}".format(*topographic_counts(params))
    click.echo(f"run directory: {folder}\nmode: {mode}\nconfig: {config}")
    try:
        run(todo, folder=folder.absolute(), mode=mode, tag=tag, copy_to=save_weights_dir, figures=figures)
    except KeyboardInterrupt:
        click.echo(f"lateral_line: stopped; the same command with --run-name {folder.name} goes on", err=True)
        click.get_current_context().exit(130)
    click.echo(f"run directory: {folder}")


for name in dict.fromkeys(FLAGS.values()):
    flags, switch = [flag for flag in FLAGS if FLAGS[flag] == name], isinstance(FIELDS[name].default, bool)
    flags = [f"{flags[0]}/--no-{flags[0][2:]}"] if switch else flags
    shown = f"{FIELDS[name].metadata['meaning']} (ll_thesis: {getattr(lateral_line.preset('ll_thesis'), name)})"
    command.params.append(click.Option([*flags, name], type=None if switch else kind(name), default=None, help=shown))


def main(arguments: list[str] | None = None) -> int:
    """Run the command with the given arguments, by default those of the process, and return its exit code.

    Examples
    --------
    >>> main(["--distance-cm", "-1", "--run-name", "nothing"])
    2
    """
    try:
        check_words(sys.argv[1:] if arguments is None else arguments)
        return command.main(arguments, "lateral_line", standalone_mode=False) or 0
    except (click.ClickException, HelpersError, MemoryError, OSError) as failure:
        text = failure.format_message() if isinstance(failure, click.ClickException) else str(failure)
        text += " Other fields: --set name=value" if isinstance(failure, click.NoSuchOption) else ""
        for flag, field in FLAGS.items():
            text = f"{flag}: {text}" if text.startswith(f"{field} ") else text
        click.echo(f"lateral_line: error: {' '.join(text.split())}", err=True)
        return 2


doors(globals())
