r"""The random rate network: its Euler map, and the exact tangent of that map.

Time is in units of the neurons' time constant. With effective weights J (J_ij from j to i) and step dt,

.. math:: h' = (1 - dt)\,h + dt\,(J\,\varphi(h) + x), \qquad D(h) = (1 - dt)\,I + dt\,J\,\mathrm{diag}\,\varphi'(h)

with an external input x, by default 0. The three activations, their other spellings, and their derivatives, with gain b
and shift s of each neuron:

======================================  ==========================  ============================
``tanh`` (std)                          tanh h (no gain, no shift)  sech^2 h
``tanh_streched`` (strech, stretched)   tanh b(h - s)               b sech^2 b(h - s)
``tanh_pos`` (pos, tanh_positive)       (1 + tanh b(h - s)) / 2     (b / 2) sech^2 b(h - s)
======================================  ==========================  ============================

A rule of one's own is a function ``h -> (phi(h), phi'(h))`` in the place of the word.

The source of this model takes ``b sech^2 h`` for all three: right for plain tanh only. ``Rnn(legacy=True)`` does
the same, to show what follows from it.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import sparse
from scipy.linalg import blas

from helpers.parameters import (
    BackendError,
    ParameterError,
    check_array,
    check_choice,
    check_integer,
    check_number,
    check_seed,
    doors,
)

__all__ = ["ACTIVATIONS", "Rnn", "activation_name", "check_state", "random_weights", "response"]

ACTIVATIONS = {
    "tanh": ("tanh", "std"),
    "tanh_streched": ("tanh_streched", "tanh_stretched", "tanh_strech", "strech", "streched", "stretched"),
    "tanh_pos": ("tanh_pos", "tanh_positive", "pos"),
}
SMALL_PRODUCT = 10**6  # n m k of a matrix product
SPELLINGS = {word: name for name, words in ACTIVATIONS.items() for word in words}


def activation_name(word: str) -> str:
    """Return the one name ("tanh", "tanh_streched", "tanh_pos") behind any spelling, in any case.

    Examples
    --------
    >>> activation_name("STD"), activation_name("tanh_stretched"), activation_name("tanh_positive")
    ('tanh', 'tanh_streched', 'tanh_pos')
    """
    return SPELLINGS[check_choice("activation", word.lower() if isinstance(word, str) else word, tuple(SPELLINGS))]


def response(
    activation: str | Callable,
    h: np.ndarray,
    gain: float | np.ndarray = 1.0,
    shift: float | np.ndarray = 0.0,
    *,
    legacy: bool = False,
    xp: Any = np,
) -> tuple[np.ndarray, np.ndarray]:
    """Return phi(h) and phi'(h), elementwise.

    Parameters
    ----------
    activation : {"tanh", "tanh_streched", "tanh_pos"}, or a function
        The canonical name, see :func:`activation_name`; or ``h -> (phi, phi')``, which is called as it is.
    h : array
        Activations, any shape; gain and shift broadcast against it.
    legacy : bool
        Return ``gain sech^2 h`` in place of phi', as the source does for every activation.
    xp : module
        numpy, or jax.numpy.

    Examples
    --------
    >>> [float(x) for x in response("tanh_pos", np.float64(0.0), gain=2.0)]
    [0.5, 1.0]
    """
    if callable(activation):
        if xp is not np:
            raise BackendError("activation is a function, which training cannot differentiate; give one of the words")
        return activation(h)
    t = xp.tanh(h if activation == "tanh" else gain * (h - shift))
    slope = 1 - t * t
    if legacy:
        slope = gain * (1 - xp.tanh(h) ** 2)
    elif activation != "tanh":
        slope = slope * (gain / 2 if activation == "tanh_pos" else gain)
    return (1 + t) / 2 if activation == "tanh_pos" else t, slope


def check_state(state: np.ndarray) -> None:
    """Raise a BackendError if a state, or [h | Q], has left the finite numbers: what follows would mean nothing.

    A rule without an upper bound can lead there, and its slope at nan may be a number again (relu: 0).
    """
    bad = state[~np.isfinite(state)]
    if bad.size:
        hint = "take weaker weights, a smaller dt, a shorter run, or a rule that saturates"
        raise BackendError(f"the state or its frame has left the finite numbers (it holds {bad[0]}); {hint}")


def random_weights(
    n: int,
    g: float,
    *,
    seed: int | np.random.Generator,
    symmetric: bool = False,
    excitatory: float | None = None,
) -> np.ndarray:
    """Return an (n, n) random matrix J with entries N(0, g^2/n) and a zero diagonal.

    Parameters
    ----------
    n : int
        At most 100 000.
    g : float
        Coupling strength, >= 0: the eigenvalues fill a disc of radius g.
    seed : int or numpy.random.Generator
    symmetric : bool
        Return (J + J^T) / 2, of variance g^2/(2n).
    excitatory : float, optional
        Dale's law: every entry of a column has the sign of its sender; the first ``round(n excitatory)`` neurons
        excite, the rest inhibit. The magnitudes stay the same, so a column's mean is +- g sqrt(2 / (pi n)).

    Examples
    --------
    >>> j = random_weights(200, 2.0, seed=1)
    >>> j.shape, float(j.diagonal().any()), bool(abs(j.std() * 200**.5 / 2 - 1) < .02)
    ((200, 200), 0.0, True)
    """
    n, rng = check_integer("n", n, 1, 100_000), check_seed(seed)
    weights = check_number("g", g, 0, 1e6) / np.sqrt(n) * rng.standard_normal((n, n))
    if symmetric and excitatory is not None:
        raise ParameterError("symmetric and excitatory exclude each other: a symmetric matrix breaks Dale's law")
    if symmetric:
        weights = (weights + weights.T) / 2
    if excitatory is not None:
        n_exc = round(n * check_number("excitatory", excitatory, 0, 1))
        weights = np.abs(weights) * np.where(np.arange(n) < n_exc, 1.0, -1.0)
    np.fill_diagonal(weights, 0)
    return weights


@dataclasses.dataclass(frozen=True, eq=False)
class Rnn:
    """A network of n rate neurons under explicit Euler steps.

    Parameters
    ----------
    weights : array or scipy.sparse array (n, n)
        Effective J, J_ij from j to i. float32 stays float32, and so then do the steps. What is sparse stays so
        (csr): the memory then goes with the synapses and not with n^2.
    activation : str or function
        Any spelling of :data:`ACTIVATIONS`, kept as the canonical name; or a rule ``h -> (phi(h), phi'(h))`` of arrays
        (n,), elementwise. Nothing checks that the second is the derivative of the first.
    gain, shift : float or array
        One value, one per neuron, or with `types` one per type. Plain tanh ignores them; a function has its own.
    dt : float
        Step in time constants, in (0, 1]; 1 is the discrete-time network h' = J phi(h).
    types : array of int (n,), optional
        Type of each neuron, 0 to n_types - 1; gain and shift are shared within a type.
    legacy : bool
        Take the source's wrong derivative for the tangent, see the module.
    x : array (n,), optional
        External input, constant in time; the source adds it without the factor dt.

    Attributes
    ----------
    n : int
    gains, shifts : float or array (n,)
        What each neuron has, types resolved.

    Raises
    ------
    ParameterError
        If the weights are not square, hold NaN or, being sparse, an index outside of their shape, a length differs, or
        a value is out of range.

    Examples
    --------
    >>> rnn = Rnn([[0., -.9], [.5, 0.]])
    >>> h, d = rnn.step(np.zeros(2), np.eye(2))      # with the identity, the tangent is the Jacobian D
    >>> d.round(3).tolist()
    [[0.9, -0.09], [0.05, 0.9]]
    >>> Rnn([[0., 2.], [1., 0.]], lambda h: (np.maximum(h, 0), 1. * (h > 0))).step([1., 1.], np.eye(2))[0].tolist()
    [1.1, 1.0]
    """

    weights: np.ndarray | sparse.sparray
    activation: str | Callable = "tanh"
    gain: float | np.ndarray = 1.0
    shift: float | np.ndarray = 0.0
    dt: float = 0.1
    _: dataclasses.KW_ONLY
    types: np.ndarray | None = None
    legacy: bool = False
    x: np.ndarray | None = None

    def __post_init__(self):
        if sparse.issparse(self.weights):
            check_places("weights", self.weights)
            weights = sparse.csr_array(self.weights)
            weights = weights.astype(check_array("weights", weights.data, empty=True).dtype)
        else:
            weights = np.asfortranarray(check_array("weights", self.weights, ndim=2))
        if weights.ndim != 2 or weights.shape[0] != weights.shape[1]:
            raise ParameterError(f"weights has shape {weights.shape}; allowed: square, one row and column per neuron")
        types = None
        if self.types is not None:
            types = check_array("types", self.types, shape=(weights.shape[0],), low=0)
            if (types != np.floor(types)).any():
                raise ParameterError("types holds fractions; allowed: whole numbers from 0")
            types = types.astype(int)
        size = weights.shape[0] if types is None else int(types.max()) + 1
        self.__dict__.update(  # the dataclass is frozen
            weights=weights,
            types=types,
            gain=_per_neuron("gain", self.gain, size),
            shift=_per_neuron("shift", self.shift, size),
            dt=check_number("dt", self.dt, 0, 1, low_open=True),
            x=None if self.x is None else check_array("x", self.x, shape=(weights.shape[0],)),
        )
        if callable(self.activation):
            self._check_rule()
        else:
            self.__dict__["activation"] = activation_name(self.activation)

    def _check_rule(self):
        """Refuse a function of the wrong form here, with one line, and not in the midst of a run."""
        if self.legacy or np.any(self.gains != 1) or np.any(self.shifts != 0):
            raise ParameterError("gain, shift and legacy belong to the named activations; put them into the function")
        wanted = "return two arrays of the shape of h, phi(h) and phi'(h)"
        try:
            found = np.array(self.activation(np.zeros(self.n)), float)
        except (TypeError, ValueError) as failure:
            raise ParameterError(f"activation fails on {self.n} zeros ({failure}); {wanted}") from None
        if found.shape != (2, self.n) or not np.isfinite(found).all():
            raise ParameterError(f"activation of {self.n} zeros has the shape {found.shape} or is not finite; {wanted}")

    @property
    def n(self) -> int:
        return self.weights.shape[0]

    @property
    def gains(self) -> float | np.ndarray:
        return self.gain if self.types is None or np.ndim(self.gain) == 0 else self.gain[self.types]

    @property
    def shifts(self) -> float | np.ndarray:
        return self.shift if self.types is None or np.ndim(self.shift) == 0 else self.shift[self.types]

    def replace(self, **changes: Any) -> Rnn:
        """Return a copy with some fields changed; the copy is checked again."""
        return dataclasses.replace(self, **changes)

    def step(self, h: np.ndarray, q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the next state and D(h) q; h (n,), q (n, k), k may be 0. The arguments are left alone."""
        if np.shape(h) != (self.n,) or np.ndim(q) != 2 or len(q) != self.n:
            raise ParameterError(f"h, q have shapes {np.shape(h)}, {np.shape(q)}; allowed: ({self.n},), ({self.n}, k)")
        state = np.asfortranarray(np.column_stack([h, q]), dtype=self.weights.dtype)
        self.advance(state, 1)
        return state[:, 0], state[:, 1:]

    def advance(self, state: np.ndarray, n_steps: int, x: np.ndarray | None = None) -> None:
        """Move ``state = [h | Q]``, (n, 1 + k) in Fortran order and of the weights' dtype, `n_steps` on, in place.

        Matrix products serve the state and all tangents together, ``dt J [phi(h) | phi'(h) o Q] + (1 - dt) [h | Q]``:
        neither D nor a diagonal matrix is ever formed. An input `x` (n,), constant over these steps and by default that
        of the network, adds dt x to the state and nothing to the tangents. A state that is not finite afterwards is a
        BackendError.
        """
        if getattr(state, "dtype", "") != self.weights.dtype or np.ndim(state) != 2 or len(state) != self.n:
            found = f"{np.shape(state)} of {getattr(state, 'dtype', type(state).__name__)}"
            raise ParameterError(f"state is {found}; allowed: ({self.n}, 1 + k) of {self.weights.dtype}")
        gemm = blas.dgemm if state.dtype == np.float64 else blas.sgemm
        is_sparse, x = sparse.issparse(self.weights), self.x if x is None else check_array("x", x, shape=(self.n,))
        gains, shifts = (x if np.ndim(x) == 0 else x.astype(state.dtype) for x in (self.gains, self.shifts))
        driven = np.empty(state.shape, state.dtype, order="C" if is_sparse else "F")  # a sparse product takes rows
        h, tangents, into = state[:, 0], state[:, 1:], driven[:, 1:]
        # OpenBLAS runs products of up to 1e6 multiplications without packing, 20 to 30 % faster for n = 100 to 200;
        # a product with few columns is not, so larger n take them all at once.
        width = SMALL_PRODUCT // self.n**2
        width = width if width >= 16 else state.shape[1]
        parts = [slice(i, i + width) for i in range(0, state.shape[1], width)]
        panels = [] if is_sparse else [(driven[:, part], state[:, part]) for part in parts]
        respond = inspect.unwrap(response)  # in the loop without the checks at its door
        for _ in range(n_steps):
            driven[:, 0], slope = respond(self.activation, h, gains, shifts, legacy=self.legacy)
            np.multiply(tangents, slope[:, None], out=into)
            if is_sparse:
                state *= 1 - self.dt
                state += self.dt * (self.weights @ driven)
            for part, c in panels:
                gemm(self.dt, self.weights, part, beta=1 - self.dt, c=c, overwrite_c=True)
            if x is not None:
                h += self.dt * x
        check_state(h)


def check_places(name: str, matrix: sparse.sparray | sparse.spmatrix) -> None:
    """Refuse a sparse matrix with an index outside of its shape, with which scipy reads and writes other memory.

    Raises
    ------
    ParameterError
    """
    try:
        if hasattr(matrix, "check_format"):  # csr, csc, bsr
            matrix.copy().check_format(full_check=True)  # it may change what it checks
        else:
            entries = matrix.tocoo()
            sparse.coo_array((entries.data, entries.coords), shape=entries.shape)  # looks at them
    except (ValueError, IndexError) as failure:
        raise ParameterError(f"{name} is a damaged sparse matrix ({failure}); build it anew") from None


def _per_neuron(name, value, size):
    """Return a float, or a checked array with one value for each of `size` neurons or types."""
    if np.ndim(value) == 0:
        return check_number(name, value, -1e6, 1e6)
    return check_array(name, value, shape=(size,))


doors(globals())
