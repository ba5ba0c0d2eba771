"""The command ``lateral_line``: train and test networks, resume a run, or evaluate stored weights.

A run works in ``Runs/<name>/`` of the current folder (:mod:`helpers.lateral_line.files`). Values come from the mode,
then from the flags. Bad input is one line and exit code 2, and nothing is created. Ctrl-C and SIGTERM leave a
checkpoint, and the run can be continued bit for bit.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import importlib.util
import os
import shutil
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from helpers import lateral_line
from helpers.lateral_line import files, report
from helpers.lateral_line.params import MODES, NetworkParams, flags, preset, without_plasticity
from helpers.lateral_line.simulation import BACKENDS
from helpers.parameters import BackendError, HelpersError, OutputError, ParameterError

__all__ = ["Job", "main", "parser", "run_seed"]

SAVE_EVERY_S = 30.0
CLASHES = (
    ("resume_from", "evaluate"), ("resume_from", "run_name"), ("resume_from", "multi_seed"),
    ("evaluate", "multi_seed"), ("evaluate", "save_weights_dir"),
)  # fmt: skip


@dataclass(frozen=True)
class Job:
    """What one call does: parameters, mode, backend, run folder, tag, number of seeds, source of a resumed run."""

    params: NetworkParams
    mode: str
    backend: str
    folder: Path
    tag: str = "latest"
    n_seeds: int = 1
    source: Path | None = None

    @property
    def seeds(self):
        """Seeds of the series."""
        return range(self.params.seed, self.params.seed + self.n_seeds)


# --- flags


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        """End with one line and exit code 2."""
        self.exit(2, f"{self.prog}: error: {message}\n")


def parser():
    """Return the argument parser; the value flags come from the table of :class:`NetworkParams`."""
    made = _Parser(prog="lateral_line", description="Lateral-line map LL -> MON -> TS with STDP.", allow_abbrev=False)
    run = made.add_argument_group("run")
    run.add_argument("--mode", choices=MODES, help="preset (ll_thesis)")
    run.add_argument("--run-name", help="folder under Runs/ (the time)")
    run.add_argument("--save-tag", help="base name in artifacts/ (latest)")
    run.add_argument("--multi-seed", type=int, help="number of consecutive seeds (1)")
    run.add_argument("--save-weights-dir", metavar="DIR", help="folder for a copy of the weights (no copy)")
    run.add_argument("--disable-all-stdp", action="store_true", help="control: no STDP, no homeostasis")
    run.add_argument("--resume-from", metavar="DIR", help="continue the run in this folder")
    run.add_argument("--evaluate", metavar="NPZ", help="only test these weights, with the parameters of their run")
    run.add_argument("--ll-mon-weights", choices=("final", "initial"), help="LL->MON weights for --evaluate (final)")
    run.add_argument("--backend", choices=BACKENDS, help="engine (numba)")
    values = made.add_argument_group("parameters (value in ll_thesis)")
    thesis = preset("ll_thesis")
    for field in dataclasses.fields(NetworkParams):
        _add_value_flag(values, field, getattr(thesis, field.name))
    return made


def _add_value_flag(group, field, value):
    unit = f" {field.metadata['unit']}" if field.metadata["unit"] else ""
    kind = {bool: {"action": argparse.BooleanOptionalAction}, int: {"type": int}, str: {"type": str}}
    options = kind.get(type(field.default), {"type": float})
    if field.metadata["options"]:
        options = {"choices": field.metadata["options"]}
    text = f"{field.metadata['meaning']} ({value}{unit})"
    group.add_argument(*field.metadata["flags"], dest=field.name, default=None, help=text, **options)


def _apply(params, args):
    """Return the parameters with the given flags applied."""
    given = {name: getattr(args, name) for name in flags() if getattr(args, name) is not None}
    changed = params.replace(**given)
    return without_plasticity(changed) if args.disable_all_stdp else changed


def _differing(a, b):
    one, other = a.to_dict(), b.to_dict()
    return [f"{name} = {one[name]}, not {other[name]}" for name in one if one[name] != other[name]]


# --- what to do


def _fresh(args):
    n_seeds = max(1, args.multi_seed or 1)
    mode = args.mode or "ll_thesis"
    params = _apply(preset(mode), args)
    params.replace(seed=params.seed + n_seeds - 1)
    tag = _tag(args.save_tag)
    return Job(params, mode, args.backend or "numba", files.new_folder(args.run_name), tag, n_seeds)


def _tag(tag):
    clean = (tag or "latest").strip()
    if not clean or clean != Path(clean).name or len(clean) > 100:
        raise ParameterError(f"--save-tag {clean[:40]!r} cannot begin a file name; give a name without slashes")
    return clean


def _resumed(args):
    """Return the job of an interrupted run: its own parameters and folder, or one seed of a series in a new folder."""
    source = next((p for p in (Path(args.resume_from), Path("Runs", args.resume_from)) if p.is_dir()), None)
    if source is None:
        raise OutputError(f"--resume-from {args.resume_from}: no such folder; give the folder of a run under Runs/")
    record, params = files.read_run(source)
    job = Job(params, record["mode"], record["backend"], source, record["save_tag"], 1, source)
    if record["multi_seed"] > 1:
        job = _one_of_series(job, record, args)
    wanted = (args.mode or job.mode, args.backend or job.backend, args.save_tag or job.tag)
    differing = _differing(_apply(job.params, args), job.params)
    if wanted != (job.mode, job.backend, job.tag):
        differing.append(f"mode, backend, tag = {wanted}, not {(job.mode, job.backend, job.tag)}")
    if differing:
        raise ParameterError(f"a resumed run keeps its parameters, but {'; '.join(differing)}; leave these flags out")
    return job


def _one_of_series(job, record, args):
    series = range(job.params.seed, job.params.seed + record["multi_seed"])
    if args.seed not in series:
        hint = f"add --seed-start {series[0]} to {series[-1]}"
        raise ParameterError(f"{job.source} is a series of {record['multi_seed']} seeds, resumed one by one; {hint}")
    folder = files.new_folder(f"{job.source.name}_seed_{args.seed}", job.source.parent)
    return dataclasses.replace(job, params=job.params.replace(seed=args.seed), folder=folder)


def _check_together(args):
    """Refuse flags that contradict each other; ``--multi-seed 1`` says nothing."""
    for one, other in CLASHES:
        if getattr(args, one) and getattr(args, other) not in (None, 1):
            both = f"--{one} and --{other}".replace("_", "-")
            raise ParameterError(f"{both} do not go together; leave one out")
    if args.ll_mon_weights and not args.evaluate:
        raise ParameterError("--ll-mon-weights goes with --evaluate only; leave it out")


def _check_backend(backend):
    if importlib.util.find_spec(backend) is None:
        raise BackendError(f"--backend {backend}: {backend} is not installed; install it, or choose another")


def _warn(text):
    print(f"lateral_line: warning: {' '.join(text.split())}", file=sys.stderr)


def _warn_of(params, args):
    near = params.distance_cm
    if params.n_training_trials and not params.training_fixed_distance:
        near = min(near, params.training_distance_min_cm)
    if near <= params.sphere_radius_cm:
        radius = params.sphere_radius_cm
        _warn(f"distance {near:g} cm <= radius {radius:g} cm: the sphere overlaps the body, which is not physical")
    if args.p_ll_to_mon is not None:
        _warn("--p-ll-to-mon has no effect: the in-degree holds at every topography strength")
    if args.mode == "ll_fast_legacy":
        _warn("ll_fast_legacy is the original's smoke test and stays silent; ll_fast is the working one")


# --- running


class _Keeper:
    """Takes the state after each record; writes every n-th, the last, and any that comes 30 s after the one before."""

    def __init__(self, params, job):
        self.params, self.job = params, job
        self.state, self.count, self.written_s = None, 0, time.monotonic()

    def __call__(self, state):
        self.state, self.count = state, self.count + 1
        last = int(state["trial_idx"]) + 1 == self.params.n_training_trials
        due = self.count % self.params.checkpoint_save_every_n_checkpoints == 0
        if last or due or time.monotonic() - self.written_s > SAVE_EVERY_S:
            self.write()

    def write(self):
        if self.state is not None:
            alone = self.job.n_seeds == 1
            files.save_checkpoint(self.state, self.job.folder, self.params, self.job.backend, alone=alone)
            self.state, self.written_s = None, time.monotonic()


@contextlib.contextmanager
def _terminable():
    """Let SIGTERM do what Ctrl-C does."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def run_seed(job, seed, *, start=None, progress=False):
    """Train and test one seed of a job and return its Result; an interrupted run leaves its last record."""
    params = job.params.replace(seed=seed)
    keeper = _Keeper(params, job)
    options = dict(backend=job.backend, seed=seed, start=start, progress=progress)
    if job.backend == "numba":
        options["on_checkpoint"] = keeper
    with _terminable():
        try:
            result = lateral_line.simulate(params.replace(checkpoint_save_every_n_checkpoints=1), **options)
        except KeyboardInterrupt:
            keeper.write()
            raise
    return dataclasses.replace(result, params=params)


def _results(job, start):
    """Yield the result of each seed in order, one at a time; several seeds run in parallel processes."""
    shown = not os.environ.get("CI")
    if job.n_seeds == 1:
        yield run_seed(job, job.params.seed, start=start, progress=shown)
        return
    from joblib import Parallel, cpu_count, delayed
    from tqdm.auto import tqdm

    n_jobs = min(job.n_seeds, cpu_count())
    job = dataclasses.replace(job, folder=job.folder.absolute())  # a worker may live in another folder
    done = Parallel(n_jobs=n_jobs, return_as="generator")(delayed(run_seed)(job, seed) for seed in job.seeds)
    yield from tqdm(done, total=job.n_seeds, desc="seeds", disable=not shown)


def _train(args):
    job = _resumed(args) if args.resume_from else _fresh(args)
    _check_backend(job.backend)
    start, reasons = files.load_checkpoint(job.source, job.params, job.backend) if job.source else (None, [])
    copy_to = Path(args.save_weights_dir) if args.save_weights_dir else None
    with _prepared(job, args, copy_to):
        for reason in reasons:
            _warn(f"{reason}; going on from the older checkpoint")
        return _finish(_results(job, start), job, files.save_weights, copy_to)


@contextlib.contextmanager
def _prepared(job, args, copy_to=None, **more):
    """Make what is missing of the folders, and ``params.json``; a new run folder that stays empty is removed again."""
    new = job.folder != job.source
    try:
        for folder in [copy_to] * bool(copy_to) + [job.folder] * new:
            folder.mkdir(parents=True, exist_ok=folder == copy_to)
    except OSError as failure:
        raise OutputError(f"cannot make {folder} ({failure.strerror}); choose another folder") from None
    try:
        if new:
            more |= {"backend": job.backend, "save_tag": job.tag}
            files.write_start(job.folder, job.params, mode=job.mode, multi_seed=job.n_seeds, **more)
        _warn_of(job.params, args)
        print(f"run directory: {job.folder}", flush=True)
        yield
    finally:
        if new and not (job.folder / "artifacts").exists():
            shutil.rmtree(job.folder, ignore_errors=True)


def _finish(results, job, save=None, copy_to=None):
    """Store and draw the results as they come, one held at a time, then say what came out; returns the exit code."""
    from helpers.lateral_line import figures

    noted = []
    try:
        figures.save_all(_stored(results, job, noted, save, copy_to), job.folder / "figures", mode=job.mode)
    except KeyboardInterrupt:
        print(f"lateral_line: interrupted; {_way_on(job)}", file=sys.stderr)
        return 130
    print(report.describe(job, noted))
    return 0


def _stored(results, job, noted, save, copy_to):
    """Write the files of each result as it passes by, and say which."""
    for result in results:
        paths = save(result, job.folder, tag=job.tag, mode=job.mode) if save else []
        for path in paths if copy_to else ():
            files.write_atomic(copy_to / path.name, path.read_bytes())
        paths.append(files.save_scores(result, job.folder))
        files.write_summary(job.folder)
        print(f"seed {result.seed}: saved", ", ".join(path.name for path in paths))
        noted.append(report.facts(result))
        yield result


def _way_on(job):
    saved = [str(seed) for seed in job.seeds if files.has_checkpoint(job.folder, seed)]
    series = f" --seed-start S (S one of {', '.join(saved)})" if job.n_seeds > 1 else ""
    if not saved:
        return "nothing was saved yet; start again"
    return f"continue with: lateral_line --resume-from {job.folder}{series}"


def _evaluate(args):
    """Test stored weights; every parameter that no flag changes is that of the run they come from."""
    npz = Path(args.evaluate)
    (weights, initial), (mode, params) = files.read_weights(npz), files.read_origin(npz)
    if params is None and args.mode is None:
        raise ParameterError(f"{npz} has no params.json of its run beside it; put it there, or name the --mode")
    params = _apply(params or preset(args.mode), args)
    if args.ll_mon_weights == "initial" and initial:
        weights = {**weights, "ll_mon": initial["ll_mon"]}
    files.check_fit(weights, params, npz)
    job = Job(params, mode, args.backend or "numba", files.new_folder(args.run_name))
    _check_backend(job.backend)
    with _prepared(job, args, evaluated_from=str(npz), ll_mon_weights=args.ll_mon_weights or "final"):
        if initial is None:
            _warn(f"{npz.name} is of the original program: its LL->MON weights are those before training")
        return _finish([lateral_line.evaluate(params, weights, seed=params.seed, backend=job.backend)], job)


def main(argv=None):
    """Run the command with the given arguments (those of the process by default); returns the exit code.

    Examples
    --------
    >>> main(["--distance-cm", "-1"])
    Traceback (most recent call last):
    SystemExit: 2
    """
    made = parser()
    args = made.parse_args(argv)
    try:
        _check_together(args)
        with _terminable():
            return _evaluate(args) if args.evaluate else _train(args)
    except HelpersError as failure:
        made.error(_spelt(str(failure)))
    except KeyboardInterrupt:
        made.exit(130, "lateral_line: interrupted\n")
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _spelt(message):
    """Put the flag before a message that begins with the name of its field."""
    spellings = flags().get(message.split(" ", 1)[0])
    return f"{spellings[0]}: {message}" if spellings else message
