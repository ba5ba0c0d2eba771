"""Tables at thesis scale beside the quick ones."""

import csv
import re
from types import SimpleNamespace

import nbformat

from tools import notebooks, scale


def table(path, *rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)


def test_the_page_counts_what_is_confirmed_and_lists_the_rest(tmp_path):
    figs, full = tmp_path / "figs", tmp_path / "figs" / "full"
    head = ("ring", "width", "spikes", "|name|")
    quick = [("a", "2 [1, 3], n = 5", "-4 [-5, -3], n = 5", "x"), ("b", "2 (1 to 3)", "7", "1 [-1, 2]")]
    table(figs / "v1" / "one.csv", head, *quick, ("b", "0.1 [0.05, 0.2]", "1 [0, 2]", "1e+03 [900, 1.1e+03], n = 2"))
    large = [("a", "2.9 [2, 4], n = 9", "4 [3, 5], n = 9", "x"), ("b", "2.5 (-1 to 4)", "8", "9 [8, 10]")]
    last = ("b", "0.1 [-0.1, 0.3]", "not tuned", "1.01e+03 [990, 1.03e+03], n = 9")
    table(full / "v1" / "one.csv", head, *large, last)
    table(full / "v1" / "alone.csv", head, *large)
    name = "FINAL_1_v1_motioncloud_response"
    table(full / "runs.csv", ("notebook", "wall s", "CPU s", "peak MB"), (name, 60, 100, 500))
    text = scale.page(figs, full)
    assert f"| {name} | `SEEDS` 32, `CLOUD_SEEDS` 400, `STIMULUS_B_DEG` [5.0, 8, 12, 15," in text
    assert "45, 60] | 60 | 100 | 500 |" in text
    assert "| v1/one | 6 | 2 | 0 | 4 |" in text and "alone" not in text
    assert re.findall(r"(?m)^\| v1/one \| (.+?) \| (.+?) \| .* \| \*\*(.+)\*\* \|$", text) == [
        ("a", "spikes", "the other sign"),
        ("b", "width", "networks of both signs"),
        ("b", r"\|name\|", "apart"),
        ("b (2)", "width", "no longer apart from 0"),
    ]


def test_a_run_is_noted_once_for_each_notebook(tmp_path):
    page = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 + 1")])
    for name, seconds in (("FINAL_2", 9), ("FINAL_1", 5), ("FINAL_2", 7)):
        run = SimpleNamespace(name=name, seconds=seconds, cpu_s=2.4, memory_mb=300.2, notebook=page)
        notebooks.note(run, tmp_path)
    assert nbformat.read(tmp_path / "FINAL_2.ipynb", as_version=4).cells[0].source == "1 + 1"
    rows = ["notebook,wall s,CPU s,peak MB", "FINAL_1,5,2,300", "FINAL_2,7,2,300"]
    assert (tmp_path / "runs.csv").read_text().splitlines() == rows
