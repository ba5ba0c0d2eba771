"""Parameter sets refuse wrong values, never change, and show themselves as tables and JSON."""

import csv
import dataclasses
import io
import json
import math

import numpy as np
import pytest

from helpers.parameters import ParameterError, Parameters, Table, parameter


@dataclasses.dataclass(frozen=True)
class Cell(Parameters):
    """One field of every kind."""

    tau_ms: float = parameter(20.0, "ms", "membrane time constant", "Doe 2001", low=0, low_open=True)
    contrast: float = parameter(0.5, "", "Michelson contrast", low=0, high=1)
    n_cells: int = parameter(60, "", "cells", low=1, high=1000)
    n_layers: int = parameter(1, "", "layers", low=0, low_open=True)
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
        ({"n_layers": 0}, "n_layers = 0 is out of range; allowed: an integer from 1 to any"),
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
    ],
)
def test_latex_escapes_text_and_keeps_formulas(cell, tex):
    assert rf"{tex} \\" in Table(("x",), ((cell,),)).to_latex()
