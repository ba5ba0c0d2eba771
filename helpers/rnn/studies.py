r"""The experiments on the transition to chaos: one point of a sweep each, from numbers to a dict of arrays.

Every point function takes plain numbers and can be handed to :func:`helpers.runs.over`, which runs and stacks a grid.
A seed fixes the normal draws behind a network, and g scales them: the networks of one seed at several g, dt or
Jacobians differ in nothing else, so curves over g are smooth and differences are paired.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import root

from helpers.parameters import ParameterError, check_array, check_choice, check_integer, check_number
from helpers.rnn.lyapunov import initial, lyapunov_spectrum
from helpers.rnn.model import Rnn, activation_name, random_weights
from helpers.runs import over

__all__ = [
    "asymmetry",
    "dt_limit",
    "exponents_point",
    "fixed_point",
    "growth_rate",
    "network",
    "over",
    "separation_point",
    "stability_point",
    "trajectory",
]

PARAMETERS = ("weights", "shifts", "gains")


def network(*, n, g, seed, activation="tanh", parameters=("weights",), dt=0.1, legacy=False):
    """Return the random :class:`~helpers.rnn.model.Rnn` of a parameter study.

    Parameters
    ----------
    n, seed : int
    g : float
        Spread of what is drawn, >= 0: weights N(0, g^2/n); gains and shifts N(1, g^2/n), one per neuron.
    activation : str
        Any spelling. Plain tanh has neither gain nor shift.
    parameters : sequence of {"weights", "shifts", "gains"}
        What g acts on. The rest is fixed: weights of g = 1, gain 1, shift 0.
    dt : float
    legacy : bool
        The source's wrong derivative in the tangent.

    Examples
    --------
    >>> rnn = network(n=4, g=2.0, seed=1, activation="pos", parameters=("weights", "gains"))
    >>> bool((rnn.weights == random_weights(4, 2.0, seed=1)).all()), rnn.gain.shape, rnn.shift
    (True, (4,), 0.0)
    """
    chosen = [check_choice("parameters", name, PARAMETERS) for name in parameters]
    if not chosen or (activation_name(activation) == "tanh" and chosen != ["weights"]):
        raise ParameterError(f"parameters = {chosen}: plain tanh takes weights only; choose strech or pos for the rest")
    weights = random_weights(n, g if "weights" in chosen else 1.0, seed=check_integer("seed", seed, 0))
    spread = check_number("g", g, 0, 1e6) / np.sqrt(n)

    def each(name, stream, rest):
        return 1 + spread * np.random.default_rng([seed, stream]).standard_normal(n) if name in chosen else rest

    return Rnn(weights, activation, each("gains", 1, 1.0), each("shifts", 2, 0.0), dt, legacy=legacy)


def exponents_point(
    *, n, g, seed, k=1, t_sim=200.0, activation="tanh", parameters=("weights",), dt=0.1, legacy=False, **options
):
    """Return the exponents of one random network: the first (k = 1), some, or all (k = None).

    Parameters
    ----------
    n, g, seed, activation, parameters, dt, legacy
        The network, see :func:`network`.
    k : int or None
    t_sim : float
        Averaged time.
    **options
        Of :func:`helpers.rnn.lyapunov.lyapunov_spectrum`: t_ons, transient, frame_transient, trace, tolerance, t_max,
        dtype; and state_seed, of the initial state and frame, by default `seed`.

    Returns
    -------
    dict
        The fields of :class:`~helpers.rnn.lyapunov.Spectrum`, but for those that are None.

    Examples
    --------
    >>> found = exponents_point(n=3, g=0.0, seed=0, k=None, t_sim=20.0)      # no weights: all ln(1 - dt)/dt
    >>> found["exponents"].round(5).tolist(), found["kaplan_yorke"]
    ([-1.05361, -1.05361, -1.05361], 0.0)
    """
    rnn = network(n=n, g=g, seed=seed, activation=activation, parameters=parameters, dt=dt, legacy=legacy)
    state_seed = options.pop("state_seed", seed)
    found = lyapunov_spectrum(rnn, k=n if k is None else k, t_sim=t_sim, seed=state_seed, **options)
    return {name: value for name, value in vars(found).items() if value is not None}


def fixed_point(rnn):
    """Return a fixed point h = J phi(h): the origin if it is one, else that next to where the network goes in 100 tau.

    For tanh, and tanh_streched without shifts, it is the origin. For tanh_pos it is a random vector; below the
    transition the network rests there, shortly above it the vector is still found, unstable, and further up it is
    nan where Powell's method finds none.

    Examples
    --------
    >>> fixed_point(Rnn([[0.0, 1.0], [0.0, 0.0]], "tanh_pos")).round(3).tolist()
    [0.5, 0.0]
    """
    rnn, eye, origin = rnn.replace(legacy=False), np.eye(rnn.n), np.zeros(rnn.n)
    if not rnn.step(origin, eye)[0].any():
        return origin
    start = trajectory(rnn, t_sim=0.0, transient=100.0)[0]
    found = root(lambda h: rnn.step(h, eye[:, :0])[0] - h, start, jac=lambda h: rnn.step(h, eye)[1] - eye, tol=1e-12)
    return found.x if np.abs(found.fun).max() < 1e-10 else np.full(rnn.n, np.nan)


def stability_point(*, n, g, seed, activation="tanh", parameters=("weights",), dt=0.1, legacy=False):
    """Return how stable the fixed point of one network is (the origin for tanh): its leading eigenvalues.

    Below the loss of stability `linear` is also lambda_1; above it the two part, and chaos may come much later.

    Returns
    -------
    dict
        linear: ln max|eig D| / dt of the Euler map, 1/tau; 0 where stability is lost.
        abscissa: largest real part of the eigenvalues of J phi'(h), 1 where continuous time loses stability.
        fixed_point (n,): nan, as the other two, if none is found.
    """
    rnn = network(n=n, g=g, seed=seed, activation=activation, parameters=parameters, dt=dt, legacy=legacy)
    h = fixed_point(rnn)
    if np.isnan(h).any():
        return {"linear": np.nan, "abscissa": np.nan, "fixed_point": h}
    eigenvalues = np.linalg.eigvals(rnn.step(h, np.eye(n))[1])
    abscissa = ((eigenvalues - (1 - dt)) / dt).real.max()
    with np.errstate(divide="ignore"):  # dt = 1 without weights
        return {"linear": np.log(np.abs(eigenvalues).max()) / dt, "abscissa": abscissa, "fixed_point": h}


def trajectory(rnn, *, t_sim, transient=0.0, seed=0, h0=None):
    """Return the states (n_steps + 1, n) of a network or map after a transient, one per step of dt.

    Examples
    --------
    >>> trajectory(Rnn([[0.0]]), t_sim=0.3, h0=[1.0]).ravel().round(3).tolist()
    [1.0, 0.9, 0.81, 0.729]
    """
    h = initial(rnn, 1, h0, seed)[0]
    skipped, n_steps = (round(check_number("time", t, 0, 1e7) / rnn.dt) for t in (transient, t_sim))
    none, states = np.empty((rnn.n, 0)), np.empty((n_steps + 1, rnn.n))
    for i in range(-skipped, n_steps + 1):
        states[max(i, 0)] = h
        h = rnn.step(h, none)[0]
    return states


def separation_point(*, n, g, seed, size=1e-6, t_sim=60.0, transient=200.0, t_ons=None, **settings):
    """Follow a state and a neighbour at distance `size`, beside one tangent vector in the same direction.

    Parameters
    ----------
    n, g, seed, settings
        The network, see :func:`network`.
    size : float
        Initial distance, Euclidean.
    t_sim, transient : float
        Time followed, and before it without a neighbour.
    t_ons : float, optional
        Pull the neighbour back to `size` this often and keep count: the distance then never saturates, and
        growth[-1] / t_sim is the exponent of the direct method.

    Returns
    -------
    dict
        times, direct, tangent (n_t,): ln of the growth since the start, by the neighbour and by the tangent.

    Examples
    --------
    >>> found = separation_point(n=3, g=0.0, seed=0, t_sim=1.0, transient=0.0)
    >>> round(float(found["direct"][-1]), 3), round(float(found["tangent"][-1]), 3)
    (-1.054, -1.054)
    """
    rnn = network(n=n, g=g, seed=seed, **settings)
    size = check_number("size", size, 1e-12, 1, low_open=True)
    h, q = trajectory(rnn, t_sim=0, transient=transient, seed=seed)[0], initial(rnn, 1, None, seed)[1]
    apart, pulled = size * q[:, 0], 0.0
    n_steps, every = (round(check_number("time", t, rnn.dt, 1e7) / rnn.dt) for t in (t_sim, t_ons or t_sim))
    found = np.zeros((2, n_steps + 1))
    for i in range(1, n_steps + 1):
        beside = rnn.step(h + apart, q)[0]
        h, q = rnn.step(h, q)
        apart = beside - h
        found[:, i] = pulled + np.log(np.linalg.norm(apart) / size), found[1, i - 1] + np.log(np.linalg.norm(q))
        q /= np.linalg.norm(q)
        if i % every == 0:
            pulled, apart = found[0, i], apart * size / np.linalg.norm(apart)
    return {"times": rnn.dt * np.arange(n_steps + 1), "direct": found[0], "tangent": found[1]}


def growth_rate(times, growth, *, low=2.0, high=10.0):
    """Return the slope of ln growth against time, by least squares where low <= growth <= high.

    Skips the first turn towards the fastest direction (low) and the saturation at the size of the attractor (high).
    nan if fewer than ten points lie there.

    Examples
    --------
    >>> t = np.arange(0.0, 100.0)
    >>> round(growth_rate(t, 0.2 * t), 6), growth_rate(t, -t)
    (0.2, nan)
    """
    times, growth = check_array("times", times, ndim=1), check_array("growth", growth, ndim=1)
    inside = (np.maximum.accumulate(growth) <= high) & (growth >= low)
    return float(np.polyfit(times[inside], growth[inside], 1)[0]) if inside.sum() >= 10 else float("nan")


def dt_limit(dt, values):
    """Return the values at dt -> 0: the polynomial through all (dt, value), Richardson's extrapolation.

    Parameters
    ----------
    dt : array (n_dt,)
        Two or more different steps; more than three amplify the sampling error.
    values : array (n_dt, ...)

    Examples
    --------
    >>> dt = np.array([0.1, 0.05])
    >>> round(float(dt_limit(dt, np.log(1 - dt) / dt)), 4)      # continuous time: -1
    -0.9981
    """
    dt = check_array("dt", dt, ndim=1, low=1e-9)
    values = check_array("values", values, finite=False)
    if values.shape[:1] != dt.shape or np.unique(dt).size < max(2, dt.size):
        raise ParameterError(
            f"dt {dt.shape} and values {values.shape}: give two or more different dt, one row for each"
        )
    return np.linalg.solve(np.vander(dt, increasing=True), values.reshape(dt.size, -1))[0].reshape(values.shape[1:])


def asymmetry(exponents):
    """Return the rms of ``lambda_i + lambda_(n+1-i) - 2 mean``: 0 for a spectrum point-symmetric about its mean.

    In continuous time time reversal makes it so for these networks; an Euler step breaks it in proportion to dt.

    Examples
    --------
    >>> asymmetry([1.0, -1.0, -3.0]), asymmetry([2.0, 0.0, 0.0, -4.0])
    (0.0, 1.0)
    """
    exponents = check_array("exponents", exponents, ndim=1)
    return float(np.sqrt(np.mean((exponents + exponents[::-1] - 2 * exponents.mean()) ** 2)))
