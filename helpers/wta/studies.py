"""The studies of the notebook as points for ``runs.sweep``: one seed and one condition in, a dict of arrays out.

Networks have 100 inputs and the published input: patterns of 5 Hz with 2 Hz of noise on top, noise of 5 Hz for 300
to 500 ms between sequences. Tests are frozen, with depression running, and long enough for 14 presentations.
Conditions are named in :data:`CONDITIONS`.
"""

from __future__ import annotations

import numpy as np

from helpers.parameters import ParameterError, check_choice, check_integer
from helpers.wta.inputs import InputGenerator
from helpers.wta.measures import assemblies, equilibrium, overlap, pattern_ids, step_pattern
from helpers.wta.network import Network
from helpers.wta.readout import readout
from helpers.wta.recorder import Recorder

__all__ = ["CONDITIONS", "build", "cue", "growth", "patterns", "readouts", "values", "warped", "weight_equilibrium"]

CONDITIONS = {
    "default": {},
    "no STP": {"stp": None},
    "lagged STP": {"stp": "lagged"},
    "no recurrence": {"n_conn": 0},
    "no variance tracking": {"variance_tracking": False},
    "constant rate": {"variance_tracking": False, "constant_eta": True, "eta0": 0.01},
}
NOISE_MS = (300.0, 500.0)


def build(seed, *, condition="default", n_patterns=1, t_pattern_ms=300.0, network=None, **inputs):
    """Return ``(recorder, inputs)`` of an untrained network in the published setting.

    Parameters
    ----------
    condition : str
        A key of :data:`CONDITIONS`; `network` holds further options of :class:`Network`, `inputs` of the input.
    """
    check_choice("condition", condition, CONDITIONS)
    net = Network(n_inputs=100, seed=seed, **CONDITIONS[condition], **(network or {}))
    options = dict(r_input=5.0, r_noise=5.0, r_noise_pattern=2.0, t_noise_range=NOISE_MS) | inputs
    source = InputGenerator(net, n_patterns=n_patterns, t_pattern=t_pattern_ms, seed=seed, **options)
    return Recorder(net, create_plot=False, show_figures=False), source


def _test_ms(t_pattern_ms, n_patterns=1):
    return 14 * n_patterns * (t_pattern_ms + np.mean(NOISE_MS))


def values(result, pattern=None):
    """Return the numbers of :func:`measures.assemblies` and what they are compared with, as a dict of numbers.

    fraction: n50 / N; h_max: sum ln K; silent: neurons that peak below 1 Hz.
    """
    found = assemblies(result, pattern)
    names = ("n50", "n90", "rho", "cc", "sigma_ms", "h_pattern", "h_noise", "n_neurons")
    extra = {"fraction": found.n50 / found.n_neurons, "h_max": np.log(result.k).sum()}
    return {name: getattr(found, name) for name in names} | extra | {"silent": int((found.peak_hz < 1).sum())}


def growth(seed, *, condition="default", seconds=(10, 20, 50, 100), t_pattern_ms=300.0):
    """Train on one pattern and test frozen after each of `seconds`: :func:`values`, each (n_times,), and `seconds`."""
    if not len(seconds) or min(np.diff([0, *seconds])) <= 0:
        raise ParameterError(f"seconds = {seconds}; allowed: at least one time, rising from above 0")
    recorder, source = build(seed, condition=condition, t_pattern_ms=t_pattern_ms)
    rows = []
    for step in np.diff([0, *seconds]):
        recorder.simulate(source, 1000 * step)
        rows.append(values(recorder.test(source, _test_ms(t_pattern_ms))))
    return {name: np.array([row[name] for row in rows]) for name in rows[0]} | {"seconds": np.array(seconds)}


def patterns(seed, *, n_patterns=2, seconds=100, condition="default"):
    """Train on several patterns in turn: n50, rho, ... of each, (n_patterns,), and the Jaccard `overlap` matrix."""
    recorder, source = build(seed, condition=condition, n_patterns=n_patterns)
    recorder.simulate(source, 1000 * seconds)
    result = recorder.test(source, _test_ms(300, n_patterns))
    rows = [values(result, int(p)) for p in pattern_ids(result)]
    jaccard = overlap([assemblies(result, int(p)) for p in pattern_ids(result)])
    return {name: np.array([row[name] for row in rows]) for name in rows[0]} | {"overlap": jaccard}


def warped(seed, *, factors=(0.5, 0.75, 1.0, 1.5, 2.0), seconds=100):
    """Train on one pattern at its own speed and test it stretched by each factor: :func:`values`, each (n_factors,).

    `like_trained` is the rank correlation of the mean activation times with those of the unstretched pattern,
    over the neurons of its assembly: 1 if the order survives the stretch.
    """
    from scipy.stats import spearmanr

    recorder, source = build(seed)
    recorder.simulate(source, 1000 * seconds)
    reference = assemblies(recorder.test(source, _test_ms(300)))
    rows = []
    for factor in factors:
        source.set(time_warp=(factor, factor))
        result = recorder.test(source, _test_ms(300 * factor))
        time_ms = assemblies(result).time_ms[reference.members]
        like = spearmanr(time_ms, reference.time_ms[reference.members])[0]
        rows.append(values(result) | {"like_trained": like, "factor": factor})
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def cue(seed, *, seconds=100, t_pattern_ms=200.0, n_cues=30):
    """Train on the sequence [0, 1] without a pause, then show 0 alone: does the second half's assembly follow?

    Criterion, fixed beforehand. The assembly of the second half are the neurons whose mean model rate in the whole
    sequence peaks above 50 Hz in pattern 1 and below 30 Hz in pattern 0. `replay_hz` is their mean rate over the
    `t_pattern_ms` after the cue ends, `baseline_hz` that over the rest of the noise phases, `sequence_hz` that in
    pattern 1 of the whole sequence. A seed replays if replay_hz > 2 baseline_hz and replay_hz > sequence_hz / 2,
    with 5 neurons in the assembly at least.
    """
    recorder, source = build(seed, n_patterns=2, t_pattern_ms=t_pattern_ms, pattern_sequences=[[0, 1]])
    recorder.simulate(source, 1000 * seconds)
    result = recorder.test(source, _test_ms(2 * t_pattern_ms))
    peak = [assemblies(result, p).peak_hz for p in (0, 1)]
    members = np.flatnonzero((peak[1] > 50) & (peak[0] < 30))
    sequence_hz = _mean_rate(result, members, step_pattern(result) == 1)
    source.set(pattern_sequences=[[0]], t_noise_range=(2.5 * t_pattern_ms, 4 * t_pattern_ms))
    alone = recorder.test(source, n_cues * 4.25 * t_pattern_ms)
    after = _after(alone, t_pattern_ms)
    replay_hz = _mean_rate(alone, members, after)
    baseline_hz = _mean_rate(alone, members, (step_pattern(alone) == -1) & ~after)
    replays = len(members) >= 5 and replay_hz > 2 * baseline_hz and replay_hz > sequence_hz / 2
    rates = dict(replay_hz=replay_hz, baseline_hz=baseline_hz, sequence_hz=sequence_hz)
    return rates | {"n_members": len(members), "replays": int(replays)}


def _mean_rate(result, members, steps):
    return float(result.rate_hz[np.ix_(steps, members)].mean()) if len(members) else np.nan


def _after(result, length_ms):
    """Return which steps lie within `length_ms` after the end of a complete presentation of pattern 0."""
    after = np.zeros(result.n_steps, bool)
    for stop in result.phases.shown(0).stop_ms - result.t0_ms:
        after[stop : stop + int(length_ms)] = True
    return after


def readouts(seed, *, seconds=100, read_s=15):
    """Read noise, A or B from the filtered spikes before and after training, and from the raw input (control).

    Returns balanced accuracies `untrained`, `trained`, `input`, and the same between A and B (`*_ab`).
    """
    recorder, source = build(seed, n_patterns=2)
    found = {}
    for name, train_s in (("untrained", 0), ("trained", seconds)):
        if train_s:
            recorder.simulate(source, 1000 * train_s)
        runs = [recorder.test(source, 1000 * check_integer("read_s", read_s, 2)) for _ in range(2)]
        found[name] = readout(*runs)
    found["input"] = readout(*runs, source="input")
    scores = {name: r.accuracy for name, r in found.items()}
    return scores | {f"{name}_ab": r.between_patterns for name, r in found.items()}


def weight_equilibrium(seed, *, seconds=100, test_s=20, min_spikes=300):
    """Compare trained input weights with ln E[y | spike] in a frozen test: r, slope, bias."""
    recorder, source = build(seed)
    recorder.simulate(source, 1000 * seconds)
    found = equilibrium(recorder.test(source, 1000 * test_s), min_spikes=min_spikes)
    return {"r": found.r, "slope": found.slope, "bias": found.bias}
