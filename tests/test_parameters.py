"""Parameter sets refuse wrong values, never change, and show themselves as tables; checks refuse in one line."""

import csv
import dataclasses
import functools
import io
import math
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import xarray

from helpers import parameters
from helpers.parameters import ParameterError, Parameters, Table, check_array, check_integer, check_number, parameter

INF, NAN = float("inf"), float("nan")
number = functools.partial(check_number, "x")
whole = functools.partial(check_integer, "n")
array = functools.partial(check_array, "x")
flag = functools.partial(parameters.check_flag, "plastic")
choice = functools.partial(parameters.check_choice, "kind", options=("a", "b"))
seed = functools.partial(parameters.check_seed, name="root_seed")


@dataclasses.dataclass(frozen=True)
class Cell(Parameters):
    """One field of every kind."""

    tau_ms: float = parameter(20.0, "ms", "membrane time constant", "Doe 2001", low=0, low_open=True)
    n_cells: int = parameter(60, "", "cells", low=1, high=1000)
    plastic: bool = parameter(True, "", "learning on")
    rule: str = parameter("additive", "", "STDP rule", options=("additive", "multiplicative"))
    heading: tuple = parameter((1.0, 0.0), "", "direction", low=-1, low_open=True, high=1)
    window_ms: float = parameter(None, "ms", "None: the whole trial", low=0)
    note: str = "unchecked"


def test_numbers_of_numpy_become_plain_and_replace_changes_a_copy_only():
    given = dict(tau_ms=np.float32(2.5), n_cells=np.int16(4), plastic=np.False_)
    cell = Cell().replace(**given, heading=np.array([0.5, 1]), window_ms=np.int64(3), rule="multiplicative")
    values = cell.to_dict()
    wanted = [2.5, 4, False, "multiplicative", (0.5, 1.0), 3.0, "unchecked"]
    assert list(values.values()) == wanted and list(values) == [field.name for field in dataclasses.fields(Cell)]
    assert [type(value) for value in values.values()] == [type(value) for value in wanted]
    assert Cell() == Cell() != cell and hash(Cell()) == hash(Cell()) and Cell().window_ms is None
    with pytest.raises(dataclasses.FrozenInstanceError):
        cell.tau_ms = 3.0


def test_wrong_values_are_refused_at_creation_and_in_replace():
    for changes, fragment in (
        ({"tau_ms": 0}, r"tau_ms = 0 is out of range; allowed: a number in \(0, inf\)"),
        ({"n_cells": 0}, "n_cells = 0 is out of range; allowed: an integer from 1 to 1000"),
        ({"plastic": 1}, "plastic = 1 is not a switch; allowed: True or False"),
        ({"rule": "hebbian"}, "rule = 'hebbian' is unknown; choose one of: additive, multiplicative"),
        ({"heading": (0.0, 2.0)}, "heading = 2 is out of range"),
        ({"heading": 1.0}, "heading = 1.0 is not a sequence of numbers"),
        ({"heading": "ab"}, "heading = 'ab' is not a sequence of numbers"),
    ):
        for make in (Cell, Cell().replace):
            with pytest.raises(ParameterError, match=rf"^[^\n]*{fragment}"):
                make(**changes)


def test_a_table_holds_value_unit_meaning_and_source_in_order_and_refuses_what_does_not_fit():
    table = Cell(tau_ms=math.pi).table("note", "tau_ms")
    assert table.columns == ("parameter", "value", "unit", "meaning", "source")
    rows = ("tau_ms", "3.142", "ms", "membrane time constant", "Doe 2001"), ("note", "unchecked", "", "", "")
    assert table.rows == rows
    assert [row[0] for row in Cell().table().rows] == list(Cell().to_dict())
    for call in (lambda: Cell().replace(tau=5), lambda: Cell().table("tau_ms", "tau")):
        with pytest.raises(ParameterError, match=r"tau is not a field of Cell; fields: tau_ms, n_cells"):
            call()
    with pytest.raises(ParameterError, match="a row has 1 cells, the table 2 columns"):
        Table(("a", "b"), ((1, 2), (3,)))


def test_markdown_and_csv_keep_pipes_quotes_and_lines():
    rows = (('say "hi", twice', "P(x|y)"), ("µ ± σ\nnext", "2"))
    table = Table(("a", "b"), rows)
    lines = ["| a | b |", "| --- | --- |", r'| say "hi", twice | P(x\|y) |', "| µ ± σ next | 2 |"]
    assert table._repr_markdown_().split("\n") == lines
    assert [tuple(row) for row in csv.reader(io.StringIO(table.to_csv()))] == [("a", "b"), *rows]


def test_numeric_csv_spreads_summaries_and_keeps_every_digit():
    tenth = SimpleNamespace(mean=np.float64(0.1 + 0.2), low=-1 / 3, high=np.inf, n=np.int64(8))
    table = Table(("g", "cv", "note", "only"), ((1 / 3, tenth, "-1.5, 2", tenth), (2, "silent", "", 5)))
    head, *rows = csv.reader(io.StringIO(table.to_numeric_csv()))
    assert head == ["g", *(f"cv {p}" for p in ("mean", "low", "high", "n")), "note", *head[6:]]
    assert rows[0][:6] == [str(1 / 3), "0.30000000000000004", str(-1 / 3), "inf", "8", "-1.5, 2"]
    assert rows[1] == ["2", "silent", "", "", "", "", "5", "", "", ""]


LATEX = {
    "a_b & c% #1": r"a\_b \& c\% \#1",
    "2 ± 1 ≥ 0 ≤ 1 −3": r"2 $\pm$ 1 $\geq$ 0 $\leq$ 1 $-$3",
    "e^x ~ back\\slash {x}": r"e\textasciicircum{}x \textasciitilde{} back\textbackslash{}slash \{x\}",
    r"rise $\tau_e^2$ of a_b for 5 $": r"rise $\tau_e^2$ of a\_b for 5 \$",
    -0.93: r"$-$0.93",
    "-.5 [-2, -1e-05], n = 8": r"$-$.5 [$-$2, $-$1e$-$05], n = 8",
    -INF: r"$-$inf",
    "(-3)": r"($-$3)",
    "winner-take-all 5-8, F-1 2026-03-04": "winner-take-all 5-8, F-1 2026-03-04",
    "--seed -x -- -info": "--seed -x -- -info",
    "$-1$": "$-1$",
}


def test_latex_escapes_text_and_keeps_formulas():
    lines = Table(("a", "x"), tuple((1, cell) for cell in LATEX)).to_latex().splitlines()
    assert lines[:4] == [r"\begin{tabular}{ll}", r"\toprule", r"a & x \\", r"\midrule"]
    assert lines[4:] == [*(rf"1 & {tex} \\" for tex in LATEX.values()), r"\bottomrule", r"\end{tabular}"]


# --- errors and checks


def test_errors_are_both_ours_and_builtin():
    for error, kind in (("ParameterError", ValueError), ("BackendError", RuntimeError), ("OutputError", RuntimeError)):
        assert {parameters.HelpersError, kind} < set(getattr(parameters, error).__mro__)


def test_the_last_word_of_a_name_is_its_unit():
    units = {"tau_ms": "ms", "read_s": "s", "curves_hz['B']": "Hz", "weight_us": "uS", "v_max_cm_s": "cm/s"}
    units |= {"speed_kmh": "km/h", "train_ms[3]": "ms", "masks['a_ms']": "", "n_cells": "", "s": "", "v_x": ""}
    assert {name: parameters.unit_of(name) for name in units} == units


def test_what_is_allowed_is_returned_as_a_plain_value(rng):
    kinds = (number, float, (0, 2, np.float32(1.5), Fraction(3, 2))), (whole, int, (0, np.uint64(3), 2**63 - 1))
    for check, kind, values in kinds:
        for value in values:
            checked = check(value, 0)
            assert type(checked) is kind and checked == value
    assert number(-INF) == -INF and choice("b") == "b" and flag(np.False_) is False
    assert seed(np.int64(7)).integers(1 << 40) == np.random.default_rng(7).integers(1 << 40) and seed(rng) is rng


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_arrays_become_floats_but_keep_float32_and_nan_where_allowed():
    for value, options, wanted in (
        (np.float32([1, 2]), {}, np.float32([1, 2])),
        (3, {}, 3.0),
        ([[0, 2]], dict(low=0, high=2, ndim=(2, 3), shape=(None, 2)), [[0.0, 2.0]]),
        (np.uint8([3, 4]), dict(integer=True), [3, 4]),
        ([], dict(integer=True, empty=True), np.empty(0, int)),
        ([[NAN, NAN], [NAN, 1]], dict(finite=False, low=0, high=2), [[NAN, NAN], [NAN, 1]]),
    ):
        checked = array(value, **options)
        np.testing.assert_array_equal(checked, np.asarray(wanted), strict=True)


NO_NUMBERS = ("word", ["1"], [1, None], [[1], [1, 2]], [1 + 1j], np.array(["2026-01-01"], "datetime64[D]"))
NESTED = functools.reduce(lambda inner, _: [inner], range(700), 1)
REFUSED = [
    *[(number, value, {}, "is not a number") for value in (True, np.True_, "1", None, 1j, [1.0], np.zeros((40, 40)))],
    (number, 10**400, {}, r"x = 1000000[0.]+ is not a number; allowed: a number in \(-inf, inf\)$"),
    (number, NAN, {"hint": "give one"}, r"x = nan is out of range; allowed: a number in \(-inf, inf\); give one$"),
    (number, -0.1, {"low": 0}, r"x = -0\.1 is out of range; allowed: a number in \[0, inf\)$"),
    (number, 0, {"low": 0, "low_open": True}, r"allowed: a number in \(0, inf\)"),
    (number, 1.1, {"low": 0, "high": 1}, r"allowed: a number in \[0, 1\]"),
    (number, 1, {"low": 0, "high": 1, "high_open": True}, r"allowed: a number in \[0, 1\)"),
    *[(whole, value, {}, r"is not an integer; .* from -2\^63 to 2\^63 - 1$") for value in (True, 3.0, "3", [3] * 99)],
    (whole, 9, {"low": 1, "high": 8, "hint": "try 4"}, "n = 9 is out of range; .* from 1 to 8; try 4$"),
    (whole, 10**5000, {}, "n = <int that cannot be shown> is out of range"),
    *[(flag, value, {}, "plastic = <.* that cannot be shown> is") for value in (10**5000, [10**5000])],
    *[(check, np.timedelta64(5, "s"), {}, r"\(5,'s'\) is not a|not an array") for check in (number, whole, array)],
    *[(check, NESTED, {}, "holds lists nested too deep; allowed: at most 64") for check in (number, array)],
    (array, xarray.Dataset({"a": 1}), {}, "x is a Dataset; allowed: one array; give one of its variables"),
    (array, SimpleNamespace(attrs=None), {}, "x is not an array of numbers"),
    *[(choice, value, {}, "is unknown; choose one of: a, b$") for value in ("c", ["a"], np.array(["a"] * 500))],
    *[(seed, value, {}, r"root_seed = .*numpy\.random\.Generator") for value in (None, -1, np.random.RandomState(0))],
    *[(flag, value, {}, "plastic = .* is not a switch; allowed: True or False$") for value in (1, None, "True")],
    *[(array, value, {"finite": False}, "x is not an array of numbers") for value in NO_NUMBERS],
    (array, [3.0], {"integer": True}, r"x is not an array of integers \(it holds float64\)"),
    *[(array, [value], {"integer": True}, "x goes up to .*; allowed: values <= 9.2") for value in (2**63, 2**64 - 1)],
    (array, [1.0], {"ndim": (2, 3)}, r"x has 1 dimension\(s\); allowed: 2 or 3"),
    (array, [[1.0, 2.0]], {"shape": (None, 3)}, r"x has shape \(1, 2\); allowed: \(any, 3\)"),
    (array, [1.0], {"shape": (1, 1)}, r"allowed: \(1, 1\)"),
    (array, np.zeros((3, 0)), {}, r"x is empty, shape \(3, 0\)"),
    *[(array, [1, value], {}, "x holds NaN or infinity") for value in (NAN, INF)],
    (array, [NAN, -2.5], {"low": 0, "finite": False}, "x goes down to -2.5; allowed: values >= 0"),
    (array, [1, 3], {"high": 2}, "x goes up to 3; allowed: values <= 2"),
]


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("check, value, limits, words", REFUSED, ids=range(len(REFUSED)))
def test_checks_refuse_in_one_short_line(check, value, limits, words):
    with pytest.raises(ParameterError, match=rf"^(?=.{{,249}}\Z).*(?:{words})"):
        check(value, **limits)


# --- doors

TAKEN = {  # by hint: what is taken, and what is not
    "ArrayLike": ([3, 2.5, [[1]], np.array([True])], [True, np.True_, "x", None, {1: 2}, [[1], [1, 2]]]),
    "np.ndarray": ([np.ones(2), [1.0]], ["x", np.array(["x"])]),
    "Sequence[float]": ([[1], (1,), np.ones(2)], [{1, 2}, iter([1]), "ab", {1: 2}, np.array(3.0), 3]),
    "int | None": ([2, None, 2**100], [2.5, True, "2", [2]]),
    "Path | str": ([Path("a"), "a"], [b"a", 3, None]),
}


@pytest.mark.parametrize("hint", TAKEN)
def test_a_door_takes_what_the_hint_of_an_argument_says(hint):
    def given(x):
        return x

    given.__annotations__["x"] = hint
    given, (good, bad) = parameters.guarded(given), TAKEN[hint]
    assert all(given(x) is x for x in good)
    for x in bad:
        with pytest.raises(ParameterError, match="^x is not an array of numbers" if "rr" in hint else "^x "):
            given(x)
