"""The runner on tiny made-up notebooks: failures are named, the rest runs, files change only when they may."""

import asyncio
import base64
import contextlib
import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from queue import Empty
from types import SimpleNamespace

import nbformat
import numpy as np
import PIL.Image
import psutil
import pytest
from nbformat import v4

from tools import notebooks
from tools.common import ROOT
from tools.hygiene import METADATA

NAMES = ["NOTEBOOK_PROFILE", "NOTEBOOK_PART", "JPY_SESSION_NAME", "CI"]
NAMES += [f"{name}_NUM_THREADS" for name in ("OMP", "MKL", "OPENBLAS")]
NOISY = f"""
import os, subprocess, sys, warnings
print([os.environ[name] for name in {NAMES}], os.getcwd())
warnings.warn("noise")
print("more noise", file=sys.stderr)
print("shown too")
"""
SLIDER = "import ipywidgets\nprint('the figure')\ndisplay(ipywidgets.IntSlider())"
ALONE = "display(ipywidgets.IntSlider())"
CHILD = "import time; x = b'1' * 150_000_000; print(1, flush=True); time.sleep(60)"
START = f"child = subprocess.Popen([sys.executable, '-c', {CHILD!r}], stdout=-1)\n_ = child.stdout.readline()"
START += "\nimport time\nfreed = bytearray(b'1') * 200_000_000\ntime.sleep(1.2)\ndel freed"
BROKEN_SLIDER = "import ipywidgets\n@ipywidgets.interact(x=(0, 3))\ndef show(x=1):\n    raise ValueError('no such x')"
PICTURE = "import matplotlib.pyplot as plt\nplt.plot([1]);"


def put(path, *sources):
    path.parent.mkdir(exist_ok=True, parents=True)
    book = v4.new_notebook(cells=list(map(v4.new_code_cell, sources)))
    nbformat.write(book, path)
    return path


def files(root):
    return {path.name: path.read_bytes() for path in sorted((root / "FINAL_notebooks").iterdir())}


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """Notebooks of which some fail, `write` run once over them; the folder, files before and after, what was said."""
    root = tmp_path_factory.mktemp("house")
    folder = root / "FINAL_notebooks"
    put(folder / "FINAL_2_bad.ipynb", "x = 1", "# the bad cell\n1 / 0", "open('../two', 'w')")
    put(folder / "FINAL_3_dies.ipynb", "import os", "os.kill(os.getpid(), 9)")
    (folder / "FINAL_4_broken.ipynb").write_text("{")
    put(folder / "FINAL_5_widget.ipynb", BROKEN_SLIDER)
    good = put(folder / "FINAL_6_good.ipynb", NOISY, SLIDER, ALONE, START, "child.kill()\n6 * 7", PICTURE)
    page = nbformat.read(good, as_version=4)
    page.metadata = {"kernelspec": {"name": "other", "display_name": "Other"}, "toc": {"base": 1}}
    page.cells[0].metadata = {"tags": ["parameters"], "collapsed": True, "execution": {"shell.execute_reply": "x"}}
    page.cells[5].metadata = {"tags": ["plot", "wide"]}
    page.cells.insert(0, v4.new_markdown_cell("# Title", metadata={"editable": False}))
    nbformat.write(page, good)
    before, said = files(root), io.StringIO()
    with contextlib.redirect_stdout(said), pytest.MonkeyPatch.context() as patch:
        patch.setenv("MPLBACKEND", "agg")
        code = notebooks.main(["write", "--part", "2/3"], root=root)
    return root, before, files(root), code, said.getvalue()


def test_failures_are_named_and_only_what_ran_is_rewritten(house):
    root, before, after, code, said = house
    assert code == 1
    assert "FAILED FINAL_2_bad: cell 2 (# the bad cell): ZeroDivisionError: division by zero" in said
    assert "FAILED FINAL_3_dies: cell 2 (os.kill(os.getpid(), 9)): DeadKernelError" in said
    assert "FAILED FINAL_4_broken: NotJSONError: Notebook does not appear to be JSON" in said
    assert "FAILED FINAL_5_widget: a widget: ValueError: no such x" in said
    assert "1 of 5 notebooks ran without an error" in said
    assert "Traceback" not in said and not (root / "two").exists(), "no cell runs behind a failed one"
    assert sorted(after) == sorted(before), "a temporary file was left behind"
    assert [name for name in before if after[name] != before[name]] == ["FINAL_6_good.ipynb"]


def test_what_is_written_holds_what_a_reader_sees(house):
    root, *_ = house
    path = root / "FINAL_notebooks" / "FINAL_6_good.ipynb"
    page = nbformat.read(path, as_version=4)
    assert page.metadata == METADATA
    plot = {"tags": ["plot", "wide"], "jupyter": {"source_hidden": True}}
    assert [cell.metadata for cell in page.cells] == [{}, {"tags": ["parameters"]}, {}, {}, {}, {}, plot]
    assert [cell.id for cell in page.cells] == [f"cell-0{i}" for i in range(1, 8)]
    assert [cell.execution_count for cell in page.cells[1:]] == [1, 2, 3, 4, 5, 6]
    noisy, slider, alone, _, value, picture = (cell.outputs for cell in page.cells[1:])
    environment = ["quick", "2/3", str(path), "true", "1", "1", "1"]
    assert [out.text for out in noisy] == [f"{environment} {path.parent}\nshown too\n"], "one stdout, no stderr"
    assert [out.output_type for out in slider] == ["stream"], "the widget goes, the print stays"
    assert [out.data for out in alone] == [{"text/plain": "IntSlider(value=0)"}], "but not if nothing else is seen"
    assert value[0].data == {"text/plain": "42"} and value[0].execution_count == 5
    assert "image/png" in picture[0].data, "a backend set in the shell keeps no picture away"
    again = nbformat.writes(notebooks.clean(nbformat.from_dict(page)))
    assert again + "\n" == path.read_text(), "a second write changes nothing"


@pytest.mark.skipif(not os.path.exists("/proc/self/smaps_rollup"), reason="memory is read from /proc, on Linux")
def test_peak_memory_includes_children_and_what_is_freed_within_a_cell(house):
    (row,) = [line for line in house[4].splitlines() if line.startswith("FINAL_6_good  ")]
    assert 350 < float(row.split()[2]) < 600, "150 + 200, and the kernel, which may share pages"
    assert float(row.split()[1]) > 0


STOPPED = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open("ids", "w").write(f"{__import__('os').getpid()} {child.pid}")
time.sleep(600)
"""


def wait_until(condition, seconds):
    until = time.time() + seconds
    while not condition():
        assert time.time() < until
        time.sleep(0.05)


@pytest.fixture
def begun(tmp_path):
    """The run of a notebook that takes ten minutes, with another one after it; what an interrupt has to leave."""
    put(tmp_path / "FINAL_notebooks" / "FINAL_1_slow.ipynb", STOPPED)
    put(tmp_path / "FINAL_notebooks" / "FINAL_2_next.ipynb", "open('two', 'w')")
    before, ids = files(tmp_path), tmp_path / "FINAL_notebooks" / "ids"
    code = "import sys; from pathlib import Path; from tools import notebooks; "
    code += "sys.exit(notebooks.main(['write'], root=Path(sys.argv[1])))"
    pipes = dict(stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, **pipes)
    wait_until(psutil.Process(process.pid).children, 60)
    kernel = psutil.Process(process.pid).children()[0].pid
    yield process, ids
    out, err = process.communicate(timeout=30)
    assert process.returncode == 2 and err == "notebooks: stopped; no file is half-written\n"
    numbers = [kernel, *(ids.read_text().split() if ids.exists() else ())]
    ids.unlink(missing_ok=True)
    assert files(tmp_path) == before and "FINAL_2" not in out
    wait_until(lambda: not any(Path(f"/proc/{number}").exists() for number in numbers), 5)


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_the_run_its_kernel_and_its_workers(begun, sent):
    process, ids = begun
    wait_until(lambda: ids.exists() and len(ids.read_text().split()) == 2, 60)
    process.send_signal(sent)


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("later_s", [0, 0.4])
def test_an_interrupt_while_the_kernel_starts_ends_it_too(begun, later_s):
    """There nbclient's own handler went on to the next notebook, or died with fifty lines."""
    time.sleep(later_s)
    os.killpg(begun[0].pid, signal.SIGINT)


@pytest.fixture
def ran(monkeypatch):
    """The names of the notebooks that were run, without a kernel: :func:`execute` is tested above."""
    names = []

    def execute(path, profile, part):
        names.append((path.stem, profile, part))
        page = nbformat.read(path, as_version=4)
        return SimpleNamespace(name=path.stem, seconds=1.0, memory_mb=0.0, cpu_s=0.0, failure="", notebook=page)

    monkeypatch.setattr(notebooks, "execute", execute)
    return names


def test_figs_touches_no_notebook_and_names_may_be_shortened(tmp_path, ran):
    one, two, three = (put(tmp_path / "FINAL_notebooks" / f"FINAL_{i}_x.ipynb", "1") for i in (1, 2, 3))
    before = files(tmp_path)
    names = ["FINAL_3", str(one.relative_to(tmp_path))]
    assert notebooks.main(["figs", *names, "--profile", "full", "--part", "2/3"], root=tmp_path) == 0
    assert ran == [(one.stem, "full", "2/3"), (three.stem, "full", "2/3")] and files(tmp_path) == before
    assert notebooks.main(["write"], root=tmp_path) == 0
    assert ran[2:] == [(path.stem, "quick", None) for path in (one, two, three)] and files(tmp_path) != before


def test_a_notebook_of_dev_is_written_by_its_whole_name_and_others_are_told(tmp_path, ran, capsys):
    assert notebooks.main(["write", "--dev"], root=tmp_path) == 2
    assert capsys.readouterr().err == "notebooks: no *.ipynb in dev/\n"
    one, more = (put(tmp_path / "dev" / f"2026-11-20_{name}.ipynb", "1 + 1") for name in ("one", "one_more"))
    assert notebooks.main(["write", "--dev"], root=tmp_path) == 2
    said = f"notebooks: name the dev notebooks to write; there are: {one.stem}, {more.stem}\n"
    assert capsys.readouterr().err == said
    assert notebooks.main(["write", "--dev", one.stem], root=tmp_path) == 0
    assert ran == [(one.stem, "quick", None)]
    assert nbformat.read(one, as_version=4).cells[0].execution_count == 1


def test_a_lost_wake_up_delays_a_message_and_no_more(monkeypatch):
    """The message waits in its socket: a wait that has begun ends with nothing, and the next one finds it."""
    asked = []

    async def get_msg(_, timeout):
        asked.append(timeout)
        if len(asked) < 3:
            raise Empty
        return "reply"

    monkeypatch.setattr(notebooks.AsyncZMQSocketChannel, "get_msg", get_msg)
    channel, look_s = object.__new__(notebooks.Channel), notebooks.Channel.look_s  # without a socket
    assert asyncio.run(channel.get_msg()) == asyncio.run(channel.get_msg(4 * look_s)) == "reply"
    assert asked == [look_s] * 4
    asked.clear()
    with pytest.raises(Empty):
        asyncio.run(channel.get_msg(0.5))
    assert len(asked) == 1 and 0 < asked[0] <= 0.5
    client = notebooks.KernelClient
    assert client.shell_channel_class is client.iopub_channel_class is notebooks.Channel


def test_pictures_are_packed_with_the_same_pixels():
    y, x = np.mgrid[:60, :80]
    for alpha in (255, 100):
        pixels = np.stack([x * 3, y * 4, x + y, np.full_like(x, alpha)], axis=-1).astype(np.uint8)
        file = io.BytesIO()
        PIL.Image.fromarray(pixels).save(file, "PNG", compress_level=1)
        picture = base64.b64encode(file.getvalue()).decode()
        packed = notebooks.packed(picture)
        assert len(packed) < len(picture) and notebooks.packed(packed) == packed
        found = PIL.Image.open(io.BytesIO(base64.b64decode(packed)))
        np.testing.assert_array_equal(np.asarray(found.convert("RGBA")), pixels)


def test_copies_to_play_with_are_renewed_until_they_are_changed(tmp_path, capsys):
    one = put(tmp_path / "FINAL_notebooks" / "FINAL_1_one.ipynb", "1")
    two = put(tmp_path / "FINAL_notebooks" / "FINAL_2_two.ipynb", "2")

    def said():
        assert notebooks.main(["work"], root=tmp_path) == 0
        return capsys.readouterr().out

    assert said() == said() == ""
    own = put(tmp_path / "work" / one.name, "mine")
    mine = own.read_bytes()
    put(one, "1, better")
    put(two, "2, better")
    assert said() == "work/: kept as you changed them: FINAL_1_one; delete a copy to get it fresh\n"
    assert own.read_bytes() == mine and (tmp_path / "work" / two.name).read_bytes() == two.read_bytes()
    own.unlink()
    assert said() == "" and own.read_bytes() == one.read_bytes()
