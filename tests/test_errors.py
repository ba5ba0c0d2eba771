"""Every check passes what it should, refuses the rest with one line, and the exceptions are what callers expect."""

from fractions import Fraction

import numpy as np
import pytest

from helpers import parameters as errors
from helpers.parameters import (
    BackendError,
    HelpersError,
    OutputError,
    ParameterError,
    check_array,
    check_choice,
    check_integer,
    check_number,
    check_seed,
)

INF, NAN = float("inf"), float("nan")


@pytest.mark.parametrize(
    "error, builtin", [(ParameterError, ValueError), (BackendError, RuntimeError), (OutputError, RuntimeError)]
)
def test_errors_are_both_ours_and_builtin(error, builtin):
    assert issubclass(error, HelpersError) and issubclass(error, builtin)


def test_everything_exported_exists():
    assert all(hasattr(errors, name) for name in errors.__all__)


@pytest.mark.parametrize(
    "value", [1, 1.5, np.float64(1.5), np.float32(1.5), np.int64(1), np.uint8(1), Fraction(3, 2), 0, 2]
)
def test_check_number_accepts_real_numbers_as_float(value):
    checked = check_number("x", value, 0, 2)
    assert type(checked) is float and checked == value


def test_check_number_accepts_infinity_only_where_open_ended():
    assert check_number("x", INF) == INF and check_number("x", -INF) == -INF
    with pytest.raises(ParameterError, match="out of range"):
        check_number("x", INF, high_open=True)


@pytest.mark.parametrize(
    "value, limits, fragment",
    [
        (True, {}, "x = True is not a number"),
        (np.True_, {}, "is not a number"),
        ("1", {}, "x = '1' is not a number"),
        (None, {}, "x = None is not a number"),
        (1j, {}, "is not a number"),
        ([1.0], {}, "is not a number"),
        (np.array(1.0), {}, "is not a number"),
        (np.zeros((40, 40)), {}, "is not a number"),
        (NAN, {}, "x = nan is out of range"),
        (np.float32(NAN), {}, "out of range"),
        (-0.1, {"low": 0}, r"x = -0\.1 is out of range; allowed: a number in \[0, inf\)"),
        (0, {"low": 0, "low_open": True}, r"allowed: a number in \(0, inf\)"),
        (1.1, {"low": 0, "high": 1}, r"allowed: a number in \[0, 1\]"),
        (1, {"low": 0, "high": 1, "high_open": True}, r"allowed: a number in \[0, 1\)"),
        (-1, {"low": 0, "hint": "rates are positive"}, "; rates are positive$"),
    ],
)
def test_check_number_refuses(value, limits, fragment):
    with pytest.raises(ParameterError, match=fragment) as refusal:
        check_number("x", value, **limits)
    assert_one_short_line(refusal)


@pytest.mark.parametrize("value", [3, np.int32(3), np.uint64(3), 10**30])
def test_check_integer_accepts_whole_numbers_as_int(value):
    checked = check_integer("n", value, 3)
    assert type(checked) is int and checked == value


@pytest.mark.parametrize(
    "value, limits, fragment",
    [
        (True, (), "n = True is not an integer; allowed: an integer from any to any"),
        (3.0, (), "n = 3.0 is not an integer"),
        (np.float64(3), (), "is not an integer"),
        ("3", (), "is not an integer"),
        (None, (), "is not an integer"),
        (np.arange(3000).reshape(60, 50), (), "is not an integer"),
        (0, (1,), "n = 0 is out of range; allowed: an integer from 1 to any"),
        (9, (1, 8), "allowed: an integer from 1 to 8"),
        (-1, (None, -2), "allowed: an integer from any to -2"),
    ],
)
def test_check_integer_refuses(value, limits, fragment):
    with pytest.raises(ParameterError, match=fragment) as refusal:
        check_integer("n", value, *limits)
    assert_one_short_line(refusal)


def test_check_integer_ends_with_its_hint():
    with pytest.raises(ParameterError, match=r"; try 4$"):
        check_integer("n", 0.5, hint="try 4")


@pytest.mark.parametrize("value", ["c", "", None, 1, ["a"], {"a"}, np.array(["a"] * 500)])
def test_check_choice_refuses_and_lists_what_exists(value):
    with pytest.raises(ParameterError, match=r"is unknown; choose one of: a, b$") as refusal:
        check_choice("kind", value, ("a", "b"))
    assert_one_short_line(refusal)


def test_check_choice_returns_the_word():
    assert check_choice("kind", "b", ("a", "b")) == "b"


@pytest.mark.parametrize(
    "value, dtype",
    [([1, 2], float), (np.float32([1, 2]), np.float32), (np.uint8([1, 2]), float), ([True, False], float), (3, float)],
)
def test_check_array_returns_floats_and_keeps_float32(value, dtype):
    checked = check_array("x", value)
    assert checked.dtype == dtype and np.array_equal(checked, value)


def test_check_array_keeps_nan_when_allowed_without_a_warning(recwarn):
    values = check_array("x", [[NAN, NAN], [NAN, 1]], finite=False, low=0, high=2)
    assert np.isnan(values).sum() == 3 and not recwarn.list
    assert np.isnan(check_array("x", [NAN], finite=False, low=0, high=1)).all() and not recwarn.list


def test_check_array_bounds_are_inclusive_and_none_allows_any_length():
    assert check_array("x", [[0.0, 2.0]], low=0, high=2, ndim=(2, 3), shape=(None, 2)).shape == (1, 2)


def test_check_array_allows_empty_on_demand():
    assert check_array("x", [], empty=True, low=0).shape == (0,)


@pytest.mark.parametrize(
    "value, limits, fragment",
    [
        ("word", {}, "x is not an array of numbers"),
        (["1", "2"], {}, "x is not an array of numbers"),
        (None, {}, "x is not an array of numbers"),
        ([1, None], {"finite": False}, "x is not an array of numbers"),
        ([[1], [1, 2]], {}, "x is not an array of numbers"),
        ({"a": 1}, {}, "x is not an array of numbers"),
        ([1 + 1j], {}, "x is not an array of numbers"),
        (np.array(["2026-01-01"], "datetime64[D]"), {}, "x is not an array of numbers"),
        ([1.0], {"ndim": 2}, r"x has 1 dimension\(s\); allowed: 2"),
        ([1.0], {"ndim": (2, 3)}, "allowed: 2 or 3"),
        ([[1.0, 2.0]], {"shape": (None, 3)}, r"x has shape \(1, 2\); allowed: \(any, 3\)"),
        ([1.0], {"shape": (1, 1)}, r"allowed: \(1, 1\)"),
        ([], {}, r"x is empty, shape \(0,\)"),
        (np.zeros((3, 0)), {}, r"x is empty, shape \(3, 0\)"),
        ([1, NAN], {}, "x holds NaN or infinity"),
        ([1, INF], {}, "x holds NaN or infinity"),
        ([1, -2.5], {"low": 0}, "x goes down to -2.5; allowed: values >= 0"),
        ([NAN, -1], {"low": 0, "finite": False}, "x goes down to -1"),
        ([1, 3], {"high": 2}, "x goes up to 3; allowed: values <= 2"),
        ([1, INF], {"high": 2, "finite": False}, "x goes up to inf"),
    ],
)
def test_check_array_refuses(value, limits, fragment, recwarn):
    with pytest.raises(ParameterError, match=fragment) as refusal:
        check_array("x", value, **limits)
    assert_one_short_line(refusal)
    assert not recwarn.list


def test_check_seed_makes_or_passes_on_a_generator():
    rng = np.random.default_rng(0)
    assert check_seed(rng) is rng
    assert check_seed(np.int64(7)).integers(1 << 40) == np.random.default_rng(7).integers(1 << 40)


@pytest.mark.parametrize("seed", [None, -1, 1.5, True, "0", [0], np.random.RandomState(0)])
def test_check_seed_refuses(seed):
    with pytest.raises(ParameterError, match=r"root_seed = .*numpy\.random\.Generator"):
        check_seed(seed, "root_seed")


def assert_one_short_line(refusal):
    """A message is one line, readable whatever was passed in."""
    message = str(refusal.value)
    assert "\n" not in message and len(message) < 250
