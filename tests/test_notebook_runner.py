"""The runner on tiny made-up notebooks: failures are named, the rest runs, files change only when they may."""

import json
import os

import nbformat
import pytest
from nbformat import v4

from tools import notebooks

WIDGETS = {"application/vnd.jupyter.widget-state+json": {"state": {}, "version_major": 2, "version_minor": 0}}


def put(path, *sources, **metadata):
    path.parent.mkdir(exist_ok=True)
    page = v4.new_notebook(metadata=metadata)
    page.cells = [v4.new_code_cell(source) for source in sources]
    nbformat.write(page, path)
    return path


@pytest.fixture
def house(tmp_path):
    """Three notebooks of which the second fails; each leaves a mark in the folder above when it gets to its end."""
    folder = tmp_path / "FINAL_notebooks"
    mark = "import pathlib; _ = pathlib.Path('../{}').write_text('ran')"
    put(folder / "FINAL_1_good.ipynb", "x = 1", mark.format("one"))
    put(folder / "FINAL_2_bad.ipynb", "x = 1", "# the bad cell\n1 / 0", mark.format("two"))
    put(folder / "FINAL_3_good.ipynb", mark.format("three"))
    return tmp_path


def files(root):
    return {path.name: path.read_bytes() for path in sorted((root / "FINAL_notebooks").iterdir())}


def test_a_failing_notebook_is_named_and_the_others_run(house, capsys):
    before = files(house)
    assert notebooks.main(["figs"], root=house) == 1
    out = capsys.readouterr().out
    assert "FAILED FINAL_2_bad: cell 2 (# the bad cell): ZeroDivisionError: division by zero" in out
    assert "2 of 3 notebooks ran without an error" in out
    assert "Traceback" not in out
    assert [(house / name).exists() for name in ("one", "two", "three")] == [True, False, True]
    assert files(house) == before, "figs must not touch committed notebooks"


def test_write_leaves_a_failed_notebook_alone_and_rewrites_the_others(house):
    before = files(house)
    assert notebooks.main(["write"], root=house) == 1
    after = files(house)
    assert sorted(after) == sorted(before), "a temporary file was left behind"
    assert [name for name in before if after[name] != before[name]] == ["FINAL_1_good.ipynb", "FINAL_3_good.ipynb"]


def test_all_well_is_exit_code_0_and_names_may_be_shortened(house, capsys):
    assert notebooks.main(["figs", "FINAL_3", "FINAL_notebooks/FINAL_1_good.ipynb"], root=house) == 0
    assert "2 of 2 notebooks ran" in capsys.readouterr().out


@pytest.mark.parametrize("command", [["figs", "FINAL_9"], ["write", "--dev", "x"], ["write", "--dev"]])
def test_an_unknown_name_is_one_line_and_exit_code_2(house, capsys, command):
    assert notebooks.main(command, root=house) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_file_that_is_no_notebook_and_a_kernel_that_dies_stop_nothing(tmp_path, capsys):
    folder = tmp_path / "FINAL_notebooks"
    put(folder / "FINAL_1_dies.ipynb", "import os", "os.kill(os.getpid(), 9)")
    (folder / "FINAL_2_broken.ipynb").write_text("{")
    put(folder / "FINAL_3_good.ipynb", "x = 1")
    assert notebooks.main(["figs"], root=tmp_path) == 1
    out = capsys.readouterr().out
    assert "FAILED FINAL_1_dies: cell 2" in out and "FAILED FINAL_2_broken: NotJSON" in out and "1 of 3" in out


def test_an_error_inside_a_slider_counts(tmp_path):
    cell = "import ipywidgets\n@ipywidgets.interact(x=(0, 3))\ndef show(x=1):\n    raise ValueError('no such x')"
    run = notebooks.execute(put(tmp_path / "FINAL_1.ipynb", cell))
    assert run.failure == "a widget: ValueError: no such x"


def test_the_kernel_knows_where_and_how_it_runs(tmp_path, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "agg")
    names = ["NOTEBOOK_PROFILE", "JPY_SESSION_NAME", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "CI"]
    path = put(tmp_path / "FINAL_1.ipynb", f"import os\nprint([os.environ[n] for n in {names}], os.getcwd())")
    run = notebooks.execute(path, profile="full")
    assert run.failure == ""
    assert run.notebook.cells[0].outputs[0].text == f"{['full', str(path), '1', '1', '1', 'true']} {tmp_path}\n"
    assert notebooks.kernel_environment(path, "quick").get("MPLBACKEND") is None
    assert run.seconds > 0


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="peak memory is read from /proc, on Linux")
def test_peak_memory_includes_children(tmp_path):
    child = "import time; x = b'1' * 150_000_000; print(1, flush=True); time.sleep(60)"
    start = f"import subprocess, sys\np = subprocess.Popen([sys.executable, '-c', {child!r}], stdout=-1)"
    small = notebooks.execute(put(tmp_path / "FINAL_1.ipynb", "x = 1"))
    large = notebooks.execute(put(tmp_path / "FINAL_2.ipynb", start + "\n_ = p.stdout.readline()", "p.kill()"))
    assert large.memory_mb - small.memory_mb > 140


NOISY = """
import sys, warnings
print("shown")
warnings.warn("noise")
print("more noise", file=sys.stderr)
print("shown too")
"""
SLIDER = """
import ipywidgets
from IPython.display import display
print("the figure")
display(ipywidgets.IntSlider())
"""
BAR = "from tqdm.auto import tqdm\nfor _ in tqdm(range(3)):\n    pass"


@pytest.fixture
def rewritten(tmp_path):
    editor = {"kernelspec": {"name": "other", "display_name": "Other"}, "widgets": WIDGETS, "toc": {"base": 1}}
    path = put(tmp_path / "FINAL_notebooks" / "FINAL_1.ipynb", NOISY, SLIDER, BAR, "6 * 7", **editor)
    page = nbformat.read(path, as_version=4)
    page.cells[0].metadata = {"tags": ["parameters"], "collapsed": True, "execution": {"shell.execute_reply": "x"}}
    page.cells[3].execution_count = 12
    page.cells.insert(0, v4.new_markdown_cell("# Title", metadata={"editable": False}))
    nbformat.write(page, path)
    assert notebooks.main(["write"], root=tmp_path) == 0
    return path


def test_write_strips_metadata(rewritten):
    page = json.loads(rewritten.read_text())
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    assert page["metadata"] == {"kernelspec": kernel, "language_info": {"name": "python"}}
    assert [cell["metadata"] for cell in page["cells"]] == [{}, {"tags": ["parameters"]}, {}, {}, {}]
    assert [cell["id"] for cell in page["cells"]] == [f"cell-0{i}" for i in range(1, 6)]


def test_write_keeps_what_a_reader_sees_and_drops_the_rest(rewritten):
    cells = json.loads(rewritten.read_text())["cells"][1:]
    assert [cell["execution_count"] for cell in cells] == [1, 2, 3, 4]
    noisy, slider, bar, value = [cell["outputs"] for cell in cells]
    assert [out["name"] for out in noisy] == ["stdout"]
    assert "".join(noisy[0]["text"]) == "shown\nshown too\n"
    assert [out["output_type"] for out in slider] == ["stream"], "the widget goes, the print stays"
    assert bar == []
    assert value[0]["data"] == {"text/plain": ["42"]} and value[0]["execution_count"] == 4


def test_a_second_write_changes_no_byte(rewritten):
    first = rewritten.read_bytes()
    assert notebooks.main(["write"], root=rewritten.parents[1]) == 0
    assert rewritten.read_bytes() == first


def test_a_widget_alone_keeps_its_text_form():
    data = {notebooks.WIDGET: {"model_id": "a"}, "text/plain": "IntSlider(value=0)"}
    page = v4.new_notebook(cells=[v4.new_code_cell("s", outputs=[v4.new_output("display_data", data)])])
    assert notebooks.clean(page).cells[0].outputs[0].data == {"text/plain": "IntSlider(value=0)"}


def test_a_write_that_is_interrupted_leaves_the_old_file(tmp_path, monkeypatch):
    path = put(tmp_path / "FINAL_1.ipynb", "x = 1")
    before = path.read_bytes()

    def full(*_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="disk full"):
        notebooks.save(v4.new_notebook(), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_write_dev_takes_named_notebooks_of_dev_only(tmp_path):
    one = put(tmp_path / "dev" / "2026-11-20_one.ipynb", "1 + 1")
    two = put(tmp_path / "dev" / "2026-11-21_two.ipynb", "1 + 1")
    before = two.read_bytes()
    assert notebooks.main(["write", "--dev", "2026-11-20_one"], root=tmp_path) == 0
    assert nbformat.read(one, as_version=4).cells[0].execution_count == 1
    assert two.read_bytes() == before


def test_write_dev_without_names_rewrites_nothing(tmp_path, capsys):
    path = put(tmp_path / "dev" / "2026-11-20_one.ipynb", "1 + 1")
    before = path.read_bytes()
    assert notebooks.main(["write", "--dev"], root=tmp_path) == 2
    assert path.read_bytes() == before and "2026-11-20_one" in capsys.readouterr().err


def test_no_notebooks_at_all_is_said_in_one_line(tmp_path, capsys):
    assert notebooks.main(["figs"], root=tmp_path) == 2
    assert capsys.readouterr().err == "notebooks: no FINAL_*.ipynb in FINAL_notebooks/\n"
