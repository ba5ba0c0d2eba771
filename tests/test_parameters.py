"""Parameter sets refuse wrong values, never change, and show themselves as tables; checks refuse in one line."""

import csv
import dataclasses
import io
import json
import math
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest

from helpers import parameters
from helpers.parameters import (
    BackendError,
    HelpersError,
    OutputError,
    ParameterError,
    Parameters,
    Table,
    check_array,
    check_choice,
    check_flag,
    check_integer,
    check_number,
    check_seed,
    parameter,
    unit_of,
)

INF, NAN = float("inf"), float("nan")


@dataclasses.dataclass(frozen=True)
class Cell(Parameters):
    """One field of every kind."""

    tau_ms: float = parameter(20.0, "ms", "membrane time constant", "Doe 2001", low=0, low_open=True)
    contrast: float = parameter(0.5, "", "Michelson contrast", low=0, high=1)
    n_cells: int = parameter(60, "", "cells", low=1, high=1000)
    n_layers: int = parameter(1, "", "layers", low=1)
    plastic: bool = parameter(True, "", "learning on")
    rule: str = parameter("additive", "", "STDP rule", options=("additive", "multiplicative"))
    heading: tuple = parameter((1.0, 0.0), "", "direction", low=-1, low_open=True, high=1)
    window_ms: float = parameter(None, "ms", "None: the whole trial", low=0)
    note: str = "unchecked"


def test_defaults_pass_and_become_plain_types():
    assert Cell().to_dict() == {
        "tau_ms": 20.0,
        "contrast": 0.5,
        "n_cells": 60,
        "n_layers": 1,
        "plastic": True,
        "rule": "additive",
        "heading": (1.0, 0.0),
        "window_ms": None,
        "note": "unchecked",
    }


def test_numpy_numbers_are_accepted_and_stored_as_python_numbers():
    cell = Cell(
        tau_ms=np.float32(2.5),
        contrast=np.int64(1),
        n_cells=np.int16(4),
        plastic=np.False_,
        heading=np.array([0.5, 1]),
        window_ms=np.float64(3),
    )
    values = cell.to_dict()
    kinds = [type(values[name]) for name in ("tau_ms", "contrast", "n_cells", "plastic", "heading", "window_ms")]
    assert kinds == [float, float, int, bool, tuple, float]
    assert json.loads(json.dumps(values)) == {**values, "heading": [0.5, 1.0]}


@pytest.mark.parametrize(
    "changes, fragment",
    [
        ({"tau_ms": 0}, r"tau_ms = 0 is out of range; allowed: a number in \(0, inf\)"),
        ({"tau_ms": True}, "tau_ms = True is not a number"),
        ({"tau_ms": float("nan")}, "tau_ms = nan is out of range"),
        ({"tau_ms": "20"}, "tau_ms = '20' is not a number"),
        ({"tau_ms": None}, "tau_ms = None is not a number"),
        ({"contrast": 1.01}, "contrast = 1.01 is out of range"),
        ({"contrast": -1e-9}, "contrast = -1e-09 is out of range"),
        ({"n_cells": 60.0}, "n_cells = 60.0 is not an integer"),
        ({"n_cells": True}, "n_cells = True is not an integer"),
        ({"n_cells": 0}, "n_cells = 0 is out of range; allowed: an integer from 1 to 1000"),
        ({"n_cells": 1001}, "n_cells = 1001 is out of range"),
        ({"n_layers": 0}, "n_layers = 0 is out of range; allowed: an integer from 1 to inf"),
        ({"plastic": 1}, "plastic = 1 is not a switch; allowed: True or False"),
        ({"plastic": "yes"}, "plastic = 'yes' is not a switch"),
        ({"rule": "hebbian"}, "rule = 'hebbian' is unknown; choose one of: additive, multiplicative"),
        ({"rule": None}, "rule = None is unknown"),
        ({"heading": (0.0, 2.0)}, "heading = 2 is out of range"),
        ({"heading": (-1.0, 0.0)}, "heading = -1 is out of range"),
        ({"heading": 1.0}, "heading = 1.0 is not a sequence of numbers"),
        ({"heading": "ab"}, "heading = 'ab' is not a sequence of numbers"),
        ({"window_ms": -1}, "window_ms = -1 is out of range"),
    ],
)
@pytest.mark.parametrize("make", [lambda changes: Cell(**changes), lambda changes: Cell().replace(**changes)])
def test_wrong_values_are_refused_at_creation_and_in_replace(make, changes, fragment):
    with pytest.raises(ParameterError, match=fragment) as refusal:
        make(changes)
    assert "\n" not in str(refusal.value)


def test_replace_changes_a_copy_only():
    cell = Cell()
    other = cell.replace(tau_ms=5, rule="multiplicative")
    assert (other.tau_ms, other.rule, other.n_cells) == (5.0, "multiplicative", 60)
    assert cell == Cell() != other and hash(cell) == hash(Cell())


def test_unknown_fields_are_named_with_those_that_exist():
    with pytest.raises(ParameterError, match=r"tau is not a field of Cell; fields: tau_ms, contrast"):
        Cell().replace(tau=5)
    with pytest.raises(ParameterError, match=r"tau is not a field of Cell; fields: tau_ms"):
        Cell().table("tau_ms", "tau")


def test_fields_are_frozen():
    cell = Cell()
    with pytest.raises(dataclasses.FrozenInstanceError):
        cell.tau_ms = 3.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        del cell.tau_ms


def test_table_holds_value_unit_meaning_and_source_in_order():
    table = Cell(tau_ms=math.pi).table("n_cells", "tau_ms", "note")
    assert table.columns == ("parameter", "value", "unit", "meaning", "source")
    assert table.rows == (
        ("tau_ms", "3.142", "ms", "membrane time constant", "Doe 2001"),
        ("n_cells", "60", "", "cells", ""),
        ("note", "unchecked", "", "", ""),
    )
    assert [row[0] for row in Cell().table().rows] == [field.name for field in dataclasses.fields(Cell)]


def test_table_refuses_rows_of_another_length():
    with pytest.raises(ParameterError, match="a row has 1 cells, the table 2 columns"):
        Table(("a", "b"), ((1, 2), (3,)))


def test_markdown_has_one_line_per_row_and_keeps_pipes_inside_cells():
    table = Table(("a", "b"), ((1, "P(x|y)"), (2, "two\nlines")))
    lines = table.to_markdown().split("\n")
    assert lines == ["| a | b |", "| --- | --- |", r"| 1 | P(x\|y) |", "| 2 | two lines |"]
    assert table._repr_markdown_() == repr(table) == table.to_markdown()


def test_csv_reads_back_as_written():
    rows = (('say "hi", twice', "1"), ("µ ± σ\nnext", "2"))
    text = Table(("name", "value"), rows).to_csv()
    assert [tuple(row) for row in csv.reader(io.StringIO(text))] == [("name", "value"), *rows]


def test_numeric_csv_spreads_summaries_and_keeps_every_digit():
    tenth = SimpleNamespace(mean=np.float64(0.1 + 0.2), low=-1 / 3, high=np.inf, n=np.int64(8))
    table = Table(("g", "cv", "note", "only"), ((1 / 3, tenth, "-1.5, 2", tenth), (2, "silent", "", 5)))
    head, *rows = csv.reader(io.StringIO(table.to_numeric_csv()))
    assert head == ["g", *(f"cv {p}" for p in ("mean", "low", "high", "n")), "note", *head[6:]]
    assert rows[0][:6] == [str(1 / 3), "0.30000000000000004", str(-1 / 3), "inf", "8", "-1.5, 2"]
    assert rows[1] == ["2", "silent", "", "", "", "", "5", "", "", ""]
    plain = Table(("a", "b"), ((1, "x"), (2.5, "y")))
    assert plain.to_numeric_csv() == plain.to_csv()


def test_latex_has_booktabs_rules_and_one_line_per_row():
    lines = Table(("a", "b"), ((1, 2), (3, 4))).to_latex().splitlines()
    assert lines[0] == r"\begin{tabular}{ll}" and lines[-1] == r"\end{tabular}"
    assert lines[1:4] == [r"\toprule", r"a & b \\", r"\midrule"]
    assert lines[4:7] == [r"1 & 2 \\", r"3 & 4 \\", r"\bottomrule"]


@pytest.mark.parametrize(
    "cell, tex",
    [
        ("a_b & c% #1", r"a\_b \& c\% \#1"),
        ("2 ± 1", r"2 $\pm$ 1"),
        ("≥ 0 ≤ 1", r"$\geq$ 0 $\leq$ 1"),
        ("−3", "$-$3"),
        ("{x}", r"\{x\}"),
        ("e^x ~ y", r"e\textasciicircum{}x \textasciitilde{} y"),
        ("back\\slash", r"back\textbackslash{}slash"),
        (r"rise $\tau_e^2$ of a_b", r"rise $\tau_e^2$ of a\_b"),
        ("costs 5 $", r"costs 5 \$"),
        ("-1.5", r"$-$1.5"),
        (-0.93, r"$-$0.93"),
        ("-.5 [-2, -1e-05], n = 8", r"$-$.5 [$-$2, $-$1e$-$05], n = 8"),
        (-INF, r"$-$inf"),
        ("(-3)", r"($-$3)"),
        ("winner-take-all 5-8, F-1 2026-03-04", "winner-take-all 5-8, F-1 2026-03-04"),
        ("--seed -x -- -info", "--seed -x -- -info"),
        ("$-1$", "$-1$"),
        ("0.93", "0.93"),
        ("007", "007"),
    ],
)
def test_latex_escapes_text_and_keeps_formulas(cell, tex):
    assert rf"{tex} \\" in Table(("x",), ((cell,),)).to_latex()


# --- errors and checks


@pytest.mark.parametrize(
    "error, builtin", [(ParameterError, ValueError), (BackendError, RuntimeError), (OutputError, RuntimeError)]
)
def test_errors_are_both_ours_and_builtin(error, builtin):
    assert issubclass(error, HelpersError) and issubclass(error, builtin)


def test_everything_exported_exists():
    assert all(hasattr(parameters, name) for name in parameters.__all__)


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
        (True, (), "n = True is not an integer; allowed: an integer from -inf to inf"),
        (3.0, (), "n = 3.0 is not an integer"),
        (np.float64(3), (), "is not an integer"),
        ("3", (), "is not an integer"),
        (None, (), "is not an integer"),
        (np.arange(3000).reshape(60, 50), (), "is not an integer"),
        (0, (1,), "n = 0 is out of range; allowed: an integer from 1 to inf"),
        (9, (1, 8), "allowed: an integer from 1 to 8"),
        (-1, (-INF, -2), "allowed: an integer from -inf to -2"),
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


@pytest.mark.parametrize("value, kept", [(True, True), (np.False_, False)])
def test_check_flag_returns_a_bool(value, kept):
    assert check_flag("plastic", value) is kept


@pytest.mark.parametrize("value", [1, 0.0, None, "True", np.array([True])])
def test_check_flag_refuses(value):
    with pytest.raises(ParameterError, match=r"plastic = .* is not a switch; allowed: True or False$"):
        check_flag("plastic", value)


def test_check_array_of_integers():
    checked = check_array("ids", np.uint8([3, 4]), integer=True)
    assert checked.dtype == np.int64 and check_array("ids", [], integer=True, empty=True).dtype == np.int64
    with pytest.raises(ParameterError, match=r"ids is not an array of integers \(it holds float64\)"):
        check_array("ids", [3.0], integer=True)


@pytest.mark.parametrize(
    "name, unit",
    [
        ("tau_ms", "ms"),
        ("read_s", "s"),
        ("rate_hz", "Hz"),
        ("curves_hz['B']", "Hz"),
        ("weight_us", "uS"),
        ("speed_cm_s", "cm/s"),
        ("speed_kmh", "km/h"),
        ("train_ms[3]", "ms"),
        ("masks['a_ms']", ""),
        ("n_cells", ""),
        ("s", ""),
        ("v_x", ""),
        ("w_max", ""),
    ],
)
def test_the_last_word_of_a_name_is_its_unit(name, unit):
    assert unit_of(name) == unit


def assert_one_short_line(refusal):
    """A message is one line, readable whatever was passed in."""
    message = str(refusal.value)
    assert "\n" not in message and len(message) < 250
