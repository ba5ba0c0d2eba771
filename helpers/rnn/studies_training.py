"""The experiments on training by the spectrum: one point of a sweep each, from numbers to a dict of arrays.

Made for :func:`helpers.rnn.studies.over`. Every trained network is measured again by
:func:`~helpers.rnn.lyapunov.lyapunov_spectrum`: right Jacobian, other state, frame and transient, longer average.
"""

from __future__ import annotations

import numpy as np

from helpers.rnn.connectome import exponent_bound, make_synthetic_roi
from helpers.rnn.lyapunov import lyapunov_spectrum
from helpers.rnn.model import Rnn, random_weights

__all__ = ["agreement", "connectome_point", "horizon_point", "random_point", "task_point"]

SHORT = dict(t_sim=100.0, n_epochs=60, progress=False)


def _trained(rnn, seed, t_full, settings):
    """Train a network and return its history and its spectra before and after, by the independent routine."""
    from helpers.rnn.training import train

    found = train(rnn, seed=seed, **{**SHORT, **settings})
    full = dict(k=rnn.n, t_sim=t_full, seed=1000 + seed)
    before, after = (lyapunov_spectrum(r.replace(legacy=False), **full).exponents for r in (rnn, found.rnn))
    grown = {f"norm_{name}": norm for name, norm in found.gradient_norms.items()}
    parts = {name: np.asarray(getattr(found.rnn, name), float) for name in ("weights", "gain", "shift")}
    history = dict(loss=found.loss, lambda_max=found.spectra[:, 0], claimed=found.spectra[-1])
    history["error"] = np.abs(after[: history["claimed"].size]).mean()
    return history | grown | parts | dict(before=before, after=after)


def random_point(*, n, seed, g=1.0, activation="tanh_pos", legacy=False, t_full=300.0, **settings):
    """Train one random network with gain 1 and shift 0 for each neuron.

    Parameters
    ----------
    n, seed : int
    g : float
    activation : str
    legacy : bool
        Train on the source's wrong exponents; `after` is right all the same.
    t_full : float
        Averaged time of the independent spectra.
    **settings
        Of :func:`helpers.rnn.training.train`, k among them; here t_sim = 100 and n_epochs = 60.

    Returns
    -------
    dict
        loss, lambda_max (n_epochs,), claimed (k,), norm_<group> (n_epochs,), weights, gain, shift; before, after (n,);
        error, the mean distance of the first k of `after` to 0.

    Examples
    --------
    >>> found = random_point(n=8, seed=0, k=2, t_sim=10.0, n_epochs=5, t_full=20.0)
    >>> found["loss"].shape, found["claimed"].shape, found["after"].shape
    ((5,), (2,), (8,))
    """
    rnn = Rnn(random_weights(n, g, seed=seed), activation, np.ones(n), np.zeros(n), legacy=legacy)
    return _trained(rnn, seed, t_full, settings)


def connectome_point(*, n, seed, subpopulation=None, orientation="dale", t_full=300.0, **settings):
    """Train gains and shifts of a synthetic connectome, one pair per neuron or per type; as :func:`random_point`.

    Adds bound_before and bound_after, what no exponent can exceed (:func:`~helpers.rnn.connectome.exponent_bound`),
    and n_types.
    """
    rnn = make_synthetic_roi(n, seed=seed).rnn("tanh_pos", orientation=orientation, subpopulation=subpopulation)
    found = _trained(rnn, seed, t_full, {"parameters": ("gains", "shifts"), **settings})
    trained = rnn.replace(gain=found["gain"], shift=found["shift"])
    bounds = dict(bound_before=exponent_bound(rnn), bound_after=exponent_bound(trained))
    return found | bounds | dict(n_types=rnn.gain.size, gain=trained.gains, shift=trained.shifts)


def horizon_point(*, n, g, seed, t_sim, grad="full", window=15.0, activation="tanh"):
    """Return the norm of d lambda_1 / dJ over an averaged time, and lambda_1."""
    from helpers.rnn.training import gradient

    rnn = Rnn(random_weights(n, g, seed=seed), activation)
    plan = dict(k=1, loss="sum", t_sim=t_sim, grad=grad, window=window, seed=seed)
    found = gradient(rnn, transient=50.0, **plan)
    return dict(norm=found.norms["weights"], lambda_1=found.exponents[0])


def agreement(rnn, *, entries, step=1e-4, seed=0, **settings):
    """Return {group: gradient} and {group: central differences} of the loss at some flat entries of each group.

    Parameters
    ----------
    rnn : Rnn
    entries : dict of sequence of int
        By group: weights, gains, shifts.
    step : float
    **settings
        Of :func:`helpers.rnn.training.gradient`.
    """
    from helpers.rnn.training import gradient

    plan = dict(parameters=tuple(entries), seed=seed, **settings)
    exact = gradient(rnn, **plan).by_group

    def loss(group, entry, move):
        name = group if group == "weights" else group[:-1]
        value = np.array(getattr(rnn, name), float)
        value.flat[entry] += move
        return gradient(rnn.replace(**{name: value}), **plan).loss

    def slope(group, entry):
        return (loss(group, entry, step) - loss(group, entry, -step)) / (2 * step)

    differences = {group: np.array([slope(group, i) for i in places]) for group, places in entries.items()}
    return {group: exact[group].flat[list(places)] for group, places in entries.items()}, differences


def task_point(*, n, g, seed, delay, flossed, n_epochs=300, lr=0.01, k=10, n_steps=40, n_trials=64):
    """Train a tanh network (dt = 1) to repeat its input `delay` steps later, flossed before or as it is.

    Returns
    -------
    dict
        loss (n_epochs,) of the task, exponents (n,) before the task, and final, the mean of the last tenth.
    """
    from helpers.rnn.training import delayed_copy, floss, train_task

    rnn = Rnn(random_weights(n, g, seed=seed), "tanh", dt=1.0)
    if flossed:
        rnn = floss(rnn, k=k, n_epochs=100, lr=0.01, t_sim=50.0, t_ons=1.0, seed=seed, progress=False).rnn
    exponents = lyapunov_spectrum(rnn, k=n, t_sim=200.0, seed=seed).exponents
    data = delayed_copy(n_trials, n_steps=n_steps, delay=delay, seed=seed)
    loss = train_task(rnn, *data, n_epochs=n_epochs, lr=lr, seed=seed).loss
    return dict(loss=loss, exponents=exponents, final=loss[-n_epochs // 10 :].mean())
