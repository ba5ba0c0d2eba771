"""What a downstream reader can tell from the spikes: filtered state, linear readout, trajectories.

The state is one exponential trace of 20 ms per neuron (or per input channel: the control). Classes are noise and
the patterns. Accuracies are balanced (mean over classes), so that the longer noise phases do not raise them;
chance is one over the number of classes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from helpers.parameters import ParameterError, check_integer, check_number
from helpers.wta.measures import pattern_ids, presentations, spike_steps, step_pattern

__all__ = ["Readout", "Trajectories", "filtered_state", "readout", "trajectories"]


def filtered_state(result, *, tau_ms=20.0, source="network"):
    """Return the low-passed spikes, x <- x exp(-1/tau) + spike, float32 (n_steps, n_units).

    Parameters
    ----------
    source : {"network", "input"}
    """
    from scipy.signal import lfilter

    tau_ms = check_number("tau_ms", tau_ms, 0, low_open=True, high_open=True)
    decay = np.float32(np.exp(-1 / tau_ms))
    return lfilter(np.float32([1]), np.array([1, -decay], np.float32), spike_steps(result, source), axis=0)


@dataclass(frozen=True)
class Readout:
    """Result of a linear readout on a run that it was not trained on.

    Attributes
    ----------
    accuracy : float
        Balanced accuracy over noise and all patterns.
    between_patterns : float
        The same over samples inside patterns, with the noise class left out; nan with one pattern.
    classes : ndarray
        -1 (noise) and the patterns; `confusion` (true, chosen) holds fractions of each true class.
    """

    accuracy: float
    between_patterns: float
    classes: np.ndarray
    confusion: np.ndarray


def readout(train, test, *, source="network", ridge=0.1, every_ms=20, tau_ms=20.0):
    """Train a ridge regression of the filtered state on one-hot classes in `train`; score it in `test`.

    Parameters
    ----------
    train, test : Result
        Two runs of the same frozen network.
    source : {"network", "input"}
        "input" reads the raw input trains: what could be known without the network.
    every_ms : int
        Distance of the samples.

    Returns
    -------
    Readout
    """
    check_number("ridge", ridge, 0, low_open=True, high_open=True)
    x, label = _samples(train, source, every_ms, tau_ms)
    x_test, label_test = _samples(test, source, every_ms, tau_ms)
    classes = np.unique(label)
    if len(classes) < 2 or not np.array_equal(classes, np.unique(label_test)):
        found = f"train holds {classes.tolist()}, test {np.unique(label_test).tolist()}"
        raise ParameterError(f"{found} (-1: noise); both need the same classes, two at least; run longer")
    onehot = (label[:, None] == classes).astype(float)
    centre = x.mean(axis=0)
    gram = (x - centre).T @ (x - centre) + ridge * np.eye(x.shape[1])
    beta = np.linalg.solve(gram, (x - centre).T @ (onehot - onehot.mean(axis=0)))
    score = (x_test - centre) @ beta + onehot.mean(axis=0)
    confusion = _confusion(score, label_test, classes)
    return Readout(_balanced(confusion), _without_noise(score, label_test, classes), classes, confusion)


def _samples(result, source, every_ms, tau_ms):
    steps = np.arange(0, result.n_steps, check_integer("every_ms", every_ms, 1))
    label = step_pattern(result)[steps]
    inside = label >= -1
    return filtered_state(result, tau_ms=tau_ms, source=source)[steps[inside]].astype(float), label[inside]


def _confusion(score, label, classes):
    chosen = classes[score.argmax(axis=1)]
    return np.array([[np.mean(chosen[label == true] == other) for other in classes] for true in classes])


def _balanced(confusion):
    return float(np.mean(np.diag(confusion)))


def _without_noise(score, label, classes):
    patterns = classes >= 0
    if patterns.sum() < 2:
        return np.nan
    return _balanced(_confusion(score[label >= 0][:, patterns], label[label >= 0], classes[patterns]))


@dataclass(frozen=True)
class Trajectories:
    """Principal components of the filtered state during presentations.

    Attributes
    ----------
    scores : dict
        {pattern: (n_presentations, length, n_components)}.
    explained : ndarray, shape (n_components,)
        Share of the variance in each component.
    """

    scores: dict
    explained: np.ndarray


def trajectories(result, *, n_components=3, tau_ms=20.0):
    """Project the filtered state of every complete presentation on its common principal components."""
    state = filtered_state(result, tau_ms=tau_ms)
    check_integer("n_components", n_components, 1, state.shape[1])
    windows = {int(p): presentations(result, p) for p in pattern_ids(result)}
    if not windows:
        raise ParameterError("result holds no complete presentation of a pattern; run longer than noise plus pattern")
    pooled = np.concatenate([state[w.ravel()] for w in windows.values()])
    centre = pooled.mean(axis=0)
    variance, axes = np.linalg.eigh(np.cov(pooled, rowvar=False))
    axes = axes[:, ::-1][:, :n_components]
    explained = variance[::-1][:n_components] / variance.sum()
    return Trajectories({p: (state[w] - centre) @ axes for p, w in windows.items()}, explained)
