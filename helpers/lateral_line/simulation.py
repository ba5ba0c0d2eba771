"""Training, test and controls of the lateral-line map, on either engine.

A run: draw wiring and weights; train trial after trial with all state carried over; then test. Every test starts
from a rested network with cleared traces and frozen weights (unless kept plastic on purpose) and depends on nothing
but parameters, weights and seed, so that stored weights reproduce it bit for bit. One sweep is one sample: tests are
repeated with independent noise, and the untrained and the permuted network see the same noise as the trained one.
"""

from __future__ import annotations

import importlib
import os
from dataclasses import dataclass

import numpy as np

from helpers.lateral_line import metrics, stimulus
from helpers.lateral_line import wiring as wires
from helpers.lateral_line.params import NetworkParams
from helpers.lateral_line.stimulus import LAYERS, Recording
from helpers.lateral_line.training import History, Training
from helpers.parameters import BackendError, ParameterError, check_choice, check_integer

__all__ = ["BACKENDS", "History", "Recording", "Result", "evaluate", "simulate"]

BACKENDS = {"numba": "kernel", "brian2": "reference"}
TAIL_S = 2.0
TAGS = ("", "_window", "_ll")
ORIGINAL = ("sigma_theta_rad", "delta_trial_rad", "valid_fraction")


@dataclass(frozen=True, eq=False)
class Result:
    """What a run gives. NaN stands for what cannot be told (no training, no spikes).

    Attributes
    ----------
    params : NetworkParams
    seed : int
    backend : str
    initial_weights, weights : dict
        "ll_mon" (mV) and "mon_ts" (dimensionless) -> (i, j, w): source, target, weight, ordered by source. `weights`
        are those after training, before any test.
    rates_hz : dict
        "ll_train", ... "ts_test": mean rate per cell, over all training trials and over the test repeats.
    spikes_total : dict
        "ll", "mon", "ts", "mon_inh", "ts_inh": training plus first test.
    ts_spikes_test : float
        Mean over test repeats.
    quality, quality_window : MapQuality
        Of TS, over the whole sweep and inside the window (the body unless one is given); means over repeats.
    quality_ll : MapQuality
        The same of the afferents, whole sweep.
    controls : dict
        "untrained" (initial weights) and "shuffled" (MON -> TS weights permuted over synapses), each with the three
        original metrics, the same with suffix "_window", and ts_spikes_test; "chance_rad": mean sigma_theta over 20
        renumberings of the TS cells. Empty if not wanted.
    repeats : dict
        Name -> (n_repeats,): the numbers behind the means.
    history : History
    test, tail, preview : Recording
        First test; last 2 s and last 20 s of training (a training sweep up and down takes 10 s).
    tuning_width_cm : dict
        Layer -> (mean, sd) of the half-maximum width over cells, first test.
    """

    params: NetworkParams
    seed: int
    backend: str
    initial_weights: dict
    weights: dict
    rates_hz: dict
    spikes_total: dict
    ts_spikes_test: float
    quality: metrics.MapQuality
    quality_window: metrics.MapQuality
    quality_ll: metrics.MapQuality
    controls: dict
    repeats: dict
    history: History
    test: Recording
    tail: Recording
    preview: Recording
    tuning_width_cm: dict


def simulate(
    params,
    *,
    backend="numba",
    seed=None,
    test_repeats=None,
    controls=True,
    progress=False,
    start=None,
    on_checkpoint=None,
):
    """Train and test one network and return its :class:`Result`.

    Parameters
    ----------
    params : NetworkParams
    backend : {"numba", "brian2"}
        Event-driven loop, or the readable reference (slow; no resuming).
    seed : int, optional
        By default `params.seed`. Same seed, same backend: same arrays, bit for bit.
    test_repeats : int, optional
        Test sweeps with independent noise; by default `params.test_repeats`.
    controls : bool
        Also test the untrained and the permuted network, and find the chance level.
    progress : bool
        Show a bar with trials per second.
    start : dict, optional
        State from an earlier `on_checkpoint` of the same parameters and seed; the run goes on as if never stopped.
    on_checkpoint : callable, optional
        Called with the state, {name: array}, after every `checkpoint_save_every_n_checkpoints`-th record.

    Raises
    ------
    ParameterError
        For an argument of the wrong type or range, or a `start` that does not belong to this run.
    BackendError
        If the engine is missing or cannot do what is asked.

    Examples
    --------
    >>> from helpers.lateral_line.params import preset
    >>> result = simulate(preset("ll_fast").replace(n_training_trials=0), test_repeats=1, controls=False)
    >>> result.ts_spikes_test > 1000
    True
    """
    if backend == "brian2" and (start is not None or on_checkpoint is not None):
        raise BackendError("backend 'brian2' cannot be saved and resumed; use backend 'numba'")
    seed, network = _checked(params, backend, seed)
    wiring = wires.draw(params, seed)
    before = wires.initial_weights(params, seed, wiring)
    train = Training(params, seed, wiring, before, network(params, wiring, before, rng=wires.stream(seed, 3)))
    if start is not None:
        train.restore(start)
    train.run(bar=_bar(train, params, progress), on_checkpoint=on_checkpoint)
    return _result(params, seed, backend, wiring, before, train, test_repeats, controls)


def evaluate(params, weights, *, seed, backend="numba", test_repeats=None, controls=True):
    """Test a network with given weights, without any training, and return its :class:`Result`.

    Parameters
    ----------
    weights : dict
        {"ll_mon": (i, j, w in mV), "mon_ts": (i, j, w)}, in any order.

    Other arguments as for :func:`simulate`. The untrained control has the initial weights of `seed` on these synapses.
    """
    seed, _ = _checked(params, backend, seed)
    synapses, given = wires.checked_weights(params, weights)
    wiring = wires.assembled(params, seed, synapses)
    before = wires.initial_weights(params, seed, wiring)
    untrained = Training(params.replace(n_training_trials=0), seed, wiring, given)
    return _result(params, seed, backend, wiring, before, untrained, test_repeats, controls)


def _checked(params, backend, seed):
    """Return the seed and the class of the engine."""
    if not isinstance(params, NetworkParams):
        raise ParameterError(f"params is a {type(params).__name__}; allowed: a NetworkParams")
    check_choice("backend", backend, BACKENDS)
    return check_integer("seed", params.seed if seed is None else seed, 0), _engine(backend)


def _engine(backend):
    try:
        return importlib.import_module(f"helpers.lateral_line.{BACKENDS[backend]}").Network
    except ModuleNotFoundError as failure:
        message = f"backend {backend!r} is not installed ({failure.name} is missing); pip install {failure.name}"
        raise BackendError(message) from None


def _bar(train, params, progress):
    from tqdm.auto import tqdm

    silent = not progress or bool(os.environ.get("CI"))
    return tqdm(total=params.n_training_trials, initial=train.trial, unit="trial", disable=silent, desc="training")


def _result(params, seed, backend, wiring, before, train, test_repeats, controls):
    n_repeats = check_integer("test_repeats", params.test_repeats if test_repeats is None else test_repeats, 1)

    def tested(weights):
        return _test(params, wiring, weights, seed, n_repeats, _engine(backend))

    trained = tested(train.weights)
    test = trained.recordings[0]
    spikes = np.array([*train.trial_spikes.sum(axis=0), *train.inhibitory]) + test.totals()
    return Result(
        params=params,
        seed=seed,
        backend=backend,
        initial_weights=_triples(wiring, before),
        weights=_triples(wiring, train.weights),
        rates_hz=_rates(params, train, trained),
        spikes_total=dict(zip((*LAYERS, "mon_inh", "ts_inh"), spikes.tolist(), strict=True)),
        ts_spikes_test=trained.ts_spikes,
        quality=trained.mean[""],
        quality_window=trained.mean["_window"],
        quality_ll=trained.mean["_ll"],
        controls=_controls(params, seed, before, train.weights, test, tested) if controls else {},
        repeats=trained.repeats(),
        history=train.history(),
        test=test,
        tail=train.recent(TAIL_S),
        preview=train.recent(),
        tuning_width_cm={layer: _width(params, test, layer) for layer in LAYERS},
    )


def _triples(wiring, weights):
    paths = {"ll_mon": wiring.ll_mon, "mon_ts": wiring.mon_ts}
    return {name: (path.pre, path.post, weights[name].astype(float)) for name, path in paths.items()}


def _test(params, wiring, weights, seed, n_repeats, network):
    """Test one set of weights `n_repeats` times, each time from rest and with noise of its own."""
    plastic, recordings = (params.keep_ll_mon_stdp_during_test, params.keep_mon_ts_stdp_during_test), []
    for repeat in range(n_repeats):
        engine = network(params, wiring, weights, rng=wires.stream(seed, 4, repeat), plastic=plastic)
        drive = stimulus.evaluation_drive(params, seed, repeat)
        recordings.append(engine.run(drive, stimulus.training_steps(params) * params.dt_s))
    return _Tested(recordings, {tag: [_quality(params, r, tag) for r in recordings] for tag in TAGS})


def _quality(params, recording, tag):
    """Return the quality of TS, of TS inside the window ("_window"), or of LL ("_ll")."""
    layer, n_cells = ("ll", params.n_ll) if tag == "_ll" else ("ts", params.n_ts)
    options = dict(n_cells=n_cells, dt_s=params.dt_s, window_cm=params.window_cm if tag == "_window" else None)
    return metrics.map_quality(*recording.spikes[layer], recording.x_cm, **options)


@dataclass(frozen=True, eq=False)
class _Tested:
    """Repeated tests of one set of weights: recordings, and {tag: [MapQuality of each]}."""

    recordings: list
    quality: dict

    @property
    def mean(self):
        return {tag: metrics.mean_quality(qualities) for tag, qualities in self.quality.items()}

    @property
    def totals(self):
        return np.array([recording.totals() for recording in self.recordings])

    @property
    def ts_spikes(self):
        return float(self.totals[:, 2].mean())

    def repeats(self):
        """Return {name: (n_repeats,)} of the metrics and the spike numbers."""
        names = (f"{cells}_spikes_test" for cells in (*LAYERS, "mon_inh", "ts_inh"))
        spikes = dict(zip(names, self.totals.T, strict=True))
        return {f"{key}{tag}": _values(self.quality[tag], key, tag) for tag in TAGS for key in ORIGINAL} | spikes

    def summary(self):
        """Return what a control is compared by."""
        found = {f"{key}{tag}": float(_values([self.mean[tag]], key, tag)[0]) for tag in TAGS[:2] for key in ORIGINAL}
        return found | {"ts_spikes_test": self.ts_spikes}


def _values(qualities, key, tag):
    """Return one metric of several qualities; with a window, valid_fraction is the share of the steps inside it."""
    inside = key == "valid_fraction" and tag == "_window"
    return np.array([getattr(quality, f"{key}_window" if inside else key) for quality in qualities])


def _rates(params, train, trained):
    """Return mean rates per cell in Hz, NaN for a training that was not."""
    cells = np.array([params.n_ll, params.n_mon, params.n_ts])
    parts = {
        "train": (train.trial_spikes.sum(axis=0), train.trial * train.n_steps),
        "test": (trained.totals[:, :3].mean(axis=0), trained.recordings[0].n_steps),
    }
    with np.errstate(invalid="ignore"):
        rates = {part: n / cells / np.float64(steps * params.dt_s) for part, (n, steps) in parts.items()}
    return {f"{layer}_{part}": float(rates[part][k]) for part in rates for k, layer in enumerate(LAYERS)}


def _controls(params, seed, before, after, test, tested):
    permuted = wires.stream(seed, 5).permutation(after["mon_ts"])
    options = dict(n_cells=params.n_ts, seed=wires.stream(seed, 6))
    return {
        "untrained": tested(before).summary(),
        "shuffled": tested({**after, "mon_ts": permuted}).summary(),
        "chance_rad": float(metrics.permutation_chance(*test.spikes["ts"], test.x_cm, **options).mean()),
    }


def _width(params, recording, layer):
    n_cells = {"ll": params.n_ll, "mon": params.n_mon, "ts": params.n_ts}[layer]
    curves = metrics.tuning_curves(*recording.spikes[layer], recording.x_cm, n_cells=n_cells, dt_s=params.dt_s)
    width = metrics.half_maximum_width(curves, np.ptp(recording.x_cm))
    width = width[~np.isnan(width)]
    return (float(width.mean()), float(width.std())) if width.size else (np.nan, np.nan)
