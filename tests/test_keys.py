"""Keys of swept functions and of figures: what can change a number changes the key, and nothing else does."""

import collections
import dataclasses
import enum
import functools
import io
import os
import re
import subprocess
import sys
import threading
import types
from pathlib import Path

import cloudpickle
import numpy as np
import pytest

import helpers
from helpers import keys, parameters, runs, spikes, stimuli, storage, tuning
from helpers.keys import function_key, imported_modules, source_key, value_key
from helpers.parameters import ParameterError

ROOT = Path(__file__).resolve().parents[1]


def notebook(*cells, **names):
    """Execute cells one after the other, as the kernel of a notebook does, and return its namespace."""
    space = {"__name__": "__main__", "np": np, "helpers": helpers, "collections": collections, **names}
    for i, cell in enumerate(cells):
        exec(compile(cell, f"<cell {i}, run {id(space)}>", "exec"), space)
    return space


def key(*cells, **names):
    return function_key(notebook(*cells, **names)["f"])


# --- edits of a notebook

RECORD = "import dataclasses\n@dataclasses.dataclass\nclass C: n: int\n"
RING = "class N: pass\nn = [N(), N(), N()]\nfor k in range(3): n[k].v, n[k].to = k, n[(k + 1) % 3]\n"
MINE = "import types\nmine = types.ModuleType('mine')\nmine.g = lambda x: «x|-x»\n"
CHANGES = {  # «before|after» in a cell
    "sign of a constant zero": "def f(x): return x * «0.0|-0.0»",
    "operator": "def f(x): return x «+|-» 2",
    "attribute": "def f(x): return np.«sin|cos»(x)",
    "names of arguments": "def f(«a, b|b, a»): return «a - b|b - a»",
    "constant of an inner function": "def f(x): return lambda: «2|3» * x",
    "global of a bare namespace": "s = {'a': «1|2»}\nexec('def f(x): return a', s)\nf = s['f']",
    "keyword default": "def f(x, *, b=«1|2»): return x + b",
    "default that is an array": "def f(x, b=np.ones(3«|, 'f4'»)): return x",
    "attribute of the function": "def f(x): return f.a\nf.a = «1|2»",
    "global of an inner function": "a = «1|2»\ndef f(x): return [a for _ in x]",
    "a global that hides a builtin": "«|sum = max»\ndef f(x): return sum(x)",
    "order of a dict": "a = {«1: 1, 2: 2|2: 2, 1: 1»}\ndef f(x): return a",
    "field names": "a = np.zeros(1, [('«b|c»', 'f8'), ('«c|b»', 'f8')])\ndef f(x): return a['b']",
    "functions that call each other": "def g(x): return x and f(x - «1|2»)\ndef f(x): return g(x)",
    "partial": "from functools import partial\ndef g(x, b): return b\nf = partial(g, b=«1|2»)",
    "bound object": "class C:\n    def __init__(s, a): s.a = a\n    def f(s, x): return s.a\nf = C(«1|2»).f",
    "callable object": "class C:\n    def __call__(s, x): return «1|2»\nf = C()",
    "base class of a bound object": "class B:\n    a = «1|2»\nclass C(B):\n    def f(s, x): return s.a\nf = C().f",
    "property": "class C:\n    @property\n    def g(s): return «1|2»\ndef f(x): return C().g",
    "static method": "class C:\n    @staticmethod\n    def g(): return «1|2»\ndef f(x): return C.g()",
    "which of two like classes": "class A: pass\nclass B: pass\na = «A|B»\ndef f(x): return a is A",
    "cached function": "import functools\n@functools.lru_cache\ndef g(x): return «1|2»\ndef f(x): return g(x)",
    "wrapper that takes a library's name": "import functools\n@functools.wraps(np.mean)\ndef f(x): return «1|2»",
    "compiled function": "import numba\n@numba.njit\ndef g(x): return «x|-x»\ndef f(x): return g(x)",
    "its options": "import numba\n@numba.njit(«|fastmath=True»)\ndef g(x): return x\ndef f(x): return g(x)",
    "item of one that has every name": "class C(dict): __getattr__ = dict.get\nc = C(a=«1|2»)\ndef f(x): return c.a",
    "attribute beside fields": f"{RECORD}c = C(1)\nc.a = «1|2»\ndef f(x): return c.a",
    "method of one record": f"{RECORD}c = C(1)\nc.g = lambda x: «x|-x»\ndef f(x): return c.g(x)",
    "attribute beside a set": "class C(set): pass\nc = C()\nc.a = «1|2»\ndef f(x): return c.a",
    "attribute of a cached function": "import functools\ng = functools.cache(len)\ng.a = «1|2»\ndef f(x): return g.a",
    "which node of a ring": f"{RING}n[2].to = n[«0|1»]\na = n[0]\ndef f(x): return a",
    "module in a table": f"{MINE}d = {{'a': mine}}\ndef f(x): return d['a'].g(x)",
    "name as text": f"{MINE}def f(x): return getattr(mine, 'g')(x)",
    "import from a module beside": f"{MINE}s = dict(__package__='mine', __name__='mine.b')\nimport sys\n"
    "sys.modules['mine.a'] = mine\nexec('def f(x):\\n from .a import g\\n return g(x)', s)\nf = s['f']",
    "import behind 256 names": f"{MINE}import sys\nsys.modules['mine.a'] = mine\ndef f(x):\n    if x < 0: "
    f"{'; '.join(f'n{i}' for i in range(300))}\n    from mine.a import g\n    return g(x)",
    "named tuple": "P = collections.namedtuple('P', '«a b|b a»')\np = P(1, 2)\ndef f(x): return p.a",
}
STAYS = {
    "comment": "«|# why»\ndef f(x):«|\n    # because\n»\n    return 2 * x«|  # here»",
    "place in the notebook": "«|\n\n\n\ndef g(x): return 7\n»def f(x): return 2",
    "order of definitions": "«a = 1|g = 2»\n\ndef f(x): return a, g\n«g = 2|a = 1»",
    "place of the notebook": "__file__ = '«/a/one|/b/two».ipynb'\ndef f(x): return __file__, __name__",
    "annotations": "def f(x«|: float»)«| -> int»: return 2",
    "global with the name of an attribute": "mean = «1|2»\ndef f(x): return x.mean",
    "order in which a set was filled": "a = {«'x', 'y'|'y', 'x'»}\ndef f(x): return a",
    "an equal object made anew": "a = [np.ones(2)«] * 2|, np.ones(2)]»\nf = lambda: a",
    "an equal object in an array": "a = np.array([«1.5|float('1.5')»], object)\ndef f(x): return a",
    "a cache that fills": "import functools\n@functools.lru_cache\ndef f(x): return 1\n«|f(1)»",
}


def before_and_after(cell):
    return [re.sub(r"«(.*?)\|(.*?)»", chosen, cell, flags=re.S) for chosen in (r"\1", r"\2")]


@pytest.mark.parametrize("name", [*CHANGES, *STAYS])
def test_an_edit_changes_the_key_exactly_where_it_can_change_a_number(name):
    before, after = before_and_after((CHANGES | STAYS)[name])
    assert key(before) == key(before) and before != after
    assert (key(before) != key(after)) == (name in CHANGES)


def test_the_profile_counts_where_it_is_asked_for(monkeypatch):
    inner = "import os\ndef f(x):\n    def g(): return os.environ['NOTEBOOK_PROFILE']\n    return g()"
    cells = "from helpers import runs\ndef f(x): return runs.choose(1, 2)", inner, "def f(x): return 1"
    seen = []
    for profile in ("quick", "full"):
        monkeypatch.setenv("NOTEBOOK_PROFILE", profile)
        seen += [key(cell) for cell in cells]
    assert [before == after for before, after in zip(seen[:3], seen[3:], strict=True)] == [False, False, True]


def test_a_chain_of_values_too_long_to_follow_is_one_line():
    chain = "class N: pass\na = None\nfor _ in range(9000):\n    b = N()\n    b.to = a\n    a = b\ndef f(x): return a"
    with pytest.raises(ParameterError, match=r"^f refers to a chain of values too long to follow[^\n]*$"):
        key(chain)


# --- changes of helpers at run time

USERS = {
    "table by the package": "def f(x): return helpers.parameters.UNITS[x]",
    "table through a function of helpers": "from helpers import runs\ndef f(x): return runs.collect(x)",
    "name imported when it runs": "def f(x):\n    from helpers.parameters import UNITS\n    return UNITS[x]",
    "module in a closure": "from helpers import parameters as p\ndef make(r): return lambda x: r.UNITS\nf = make(p)",
}


@pytest.mark.parametrize("cell", USERS.values(), ids=USERS)
def test_a_table_changed_at_run_time_changes_the_key(monkeypatch, cell):
    before = key(cell)
    monkeypatch.setitem(parameters.UNITS, "mine", notebook("def rule(x): return x")["rule"])
    first = key(cell)
    monkeypatch.setitem(parameters.UNITS, "mine", notebook("def rule(x): return -x")["rule"])
    assert len({before, first, key(cell)}) == 3
    monkeypatch.delitem(parameters.UNITS, "mine")
    assert key(cell) == before


def test_the_source_of_the_modules_of_helpers_counts(monkeypatch):
    """The numbers of a room may also depend on what no namespace shows; only the modules that are used count."""
    asked = []
    monkeypatch.setattr(keys, "_source_at_first_use", lambda names: asked.append(names) or str(asked))
    function_key(notebook("from helpers import tuning\ndef f(x): return tuning.hwhh(x)")["f"])
    assert "helpers.tuning" in asked[0] and not any("modular" in name or "runs" in name for name in asked[0])


# --- values


class Mood(enum.Enum):
    CALM = 1
    TENSE = 2


Pair = collections.namedtuple("Pair", "a b")


@dataclasses.dataclass(frozen=True)
class Leak:
    tau_ms: float = 1.0

    @functools.cached_property
    def decay(self):
        return np.exp(-1 / self.tau_ms)


VALUES = [
    *(0, 0.0, False, None, "0", b"0", (), [], {}, set(), frozenset(), ..., 0j, range(3), slice(1), (1,), [1], [1, [2]]),
    *(1, True, 1.0, np.float64(1), np.float32(1), np.int64(1), np.array(1), np.array(1.0), np.array(["1"])),
    *(np.array([1], "i8"), np.array([1], "f8"), np.array([[1]]), np.array([1], object), np.ma.array([1], mask=[1])),
    *(Mood.CALM, Mood.TENSE, Mood, Pair(1, 2), (1, 2), {1: 2}, collections.OrderedDict({1: 2}), {1, 2}, Leak()),
    *(Leak(2.0), types.SimpleNamespace(a=1, func=2), types.SimpleNamespace(a=2, func=2), np.datetime64("2020")),
    *(np.sin, np.cos, np.mean, len, max, int, float, "abc".upper, "abd".upper, np.dtype("f4"), Path("/a"), Path("/b")),
    *(np.random.default_rng(1), np.random.default_rng(2), np.random.RandomState(1), np, os, np.array(2)),
]  # fmt: skip


def test_values_differ_where_their_types_or_contents_do():
    found = [value_key(value, "v") for value in VALUES]
    assert len(set(found)) == len(VALUES) and found == [value_key(value, "v") for value in VALUES]


def test_a_copy_from_another_process_has_the_same_key():
    """What workers get through pickle: equal values, functions by value, with a part of their globals."""
    for name, cell in CHANGES.items():
        function = notebook(before_and_after(cell)[0])["f"]
        if "cached function" not in name:  # pickle has it by its name in __main__ only
            assert function_key(cloudpickle.loads(cloudpickle.dumps(function))) == function_key(function), name
    for value in VALUES:
        if type(value) is not np.ma.MaskedArray:  # pickle fills in its fill value
            assert value_key(cloudpickle.loads(cloudpickle.dumps(value)), "v") == value_key(value, "v"), value


def test_caches_beside_the_fields_do_not_count_and_endless_values_end():
    leak, loop = Leak(), []
    before = value_key(leak, "v")
    assert leak.decay < 1 and value_key(leak, "v") == before
    loop.append(loop)
    assert value_key(loop, "v") == value_key(loop, "v")


def test_a_bar_of_a_notebook_has_the_key_of_that_of_its_workers():
    """`tqdm.auto` is another class in a kernel: its workers refused lyapunov_spectrum as code that they do not have."""
    from tqdm import asyncio, notebook, std

    assert len({value_key(bar, "tqdm") for bar in (asyncio.tqdm_asyncio, notebook.tqdm, std.tqdm)}) == 1


@pytest.mark.parametrize("value", [io.TextIOWrapper(io.BytesIO()), threading.Lock(), {"deep": [memoryview(b"a")]}])
def test_what_has_no_content_is_refused_by_name(value):
    with pytest.raises(ParameterError, match=r"^rates holds a \w+, which has no key; make it inside [^\n]*$"):
        key("def g(x): return rates\ndef f(x): return g(x)", rates=value)
    with pytest.raises(ParameterError, match=r"^a default of <lambda> holds a"):
        function_key(lambda x, b=value: x)
    with pytest.raises(ParameterError, match=r"^value holds a"):
        function_key(lambda x: value)


def test_keys_do_not_depend_on_the_process_its_hash_seed_or_what_it_has_imported():
    cell = "a = {'x', 'y', 'z'}\nb = {'p': frozenset('abcdef')}\ndef f(x):\n    from helpers import stimuli\n"
    cell += "    return x in {'u', 'v', 'w'} and a and stimuli.motion_cloud(b)"
    code = f"from helpers.keys import *\ns = {{'__name__': '__main__'}}\nexec({cell!r}, s)\nprint(function_key(s['f']))"
    env = os.environ | {"PYTHONHASHSEED": "7" if os.environ.get("PYTHONHASHSEED") != "7" else "8"}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == key(cell)


IMPORTING = {"from mine import g": "g(x)", "import mine": "mine.g(x)", "import mine.deep": "mine.deep.g(x)"}
IMPORTING |= {"import mine.deep as d": "d.g(x)", "from mine.deep import g": "g(x)"}


def test_a_module_of_the_reader_that_is_imported_when_the_function_runs_counts(tmp_path, monkeypatch):
    """In a new process, as after an edit; the first number is g of mine, the second that of mine.deep."""
    (tmp_path / "mine").mkdir()
    cells = [f"def f(x):\n    {line}\n    return {call}" for line, call in IMPORTING.items()]
    code = f"from helpers.keys import *\nfor cell in {cells!r}:\n    s = {{'__name__': '__main__'}}\n"
    code += "    exec(cell, s)\n    print(function_key(s['f']))"
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}{os.pathsep}{tmp_path}")
    found = []
    for outer, inner in ((1, 1), (2, 1), (2, 2)):
        (tmp_path / "mine/__init__.py").write_text(f"def g(x): return {outer} * x")
        (tmp_path / "mine/deep.py").write_text(f"def g(x): return {inner} * x")
        done = subprocess.run([sys.executable, "-B", "-c", code], capture_output=True, text=True, check=True)
        found.append(done.stdout.split())
    first, second, third = np.array(found)
    assert (first != second).tolist() == [True, True, False, False, False]
    assert (second != third).tolist() == [False, False, True, True, True]


# --- sources


def test_imports_are_read_in_every_spelling_and_at_any_depth():
    code = "from helpers import rnn, runs as r\nimport helpers.v1.lgn, os\n%time\ndef f():\n  !ls\n  import helpers.a.b"
    assert imported_modules(code) == {"helpers.rnn", "helpers.runs", "helpers.v1.lgn", "helpers.a.b"}
    for path in (ROOT / "helpers").rglob("*.py"):  # one from another room would not be seen
        assert not re.search(r"^\s*from \.", path.read_text(), flags=re.M), path


@pytest.fixture
def house(tmp_path, monkeypatch):
    """A small package of helpers: shared modules a -> b, rooms x (face, deep -> a, style) and y (-> x)."""
    monkeypatch.setattr(keys, "ROOT", tmp_path)
    empty = ("__init__.py", "c.py", "thesis.mplstyle", "x/lazy.py", "x/view.js", "y/__init__.py", "y/more.py")
    files = dict.fromkeys(empty, "") | {
        "a.py": "def f():\n    from helpers import b",
        "b.py": "import numpy",
        "x/__init__.py": "from helpers.x.deep import g",
        "x/deep.py": "from helpers.a import f",
        "y/core.py": "from helpers.y import more\nfrom helpers.x import lazy",
    }
    for name, text in files.items():
        path = tmp_path / "helpers" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "helpers"


A = {"__init__.py", "a.py", "b.py", "thesis.mplstyle"}
X = A | {"x/__init__.py", "x/deep.py", "x/lazy.py", "x/view.js"}  # a room counts as a whole
COVERED = {
    "import helpers.a": A,
    "from helpers import b, __version__": A - {"a.py"},
    "from helpers.x.deep import g": X,
    "from helpers import x": X,
    "import helpers.y.core": X | {"y/__init__.py", "y/core.py", "y/more.py"},
    "import numpy": {"__init__.py", "thesis.mplstyle"},
}


@pytest.mark.parametrize(("code", "covered"), COVERED.items(), ids=COVERED)
def test_the_source_covers_what_is_imported_and_without_names_all(house, code, covered):
    names = imported_modules(code)
    (house / "z").mkdir()
    (house / "notes.txt").touch()
    before, whole = source_key(names), source_key()
    for path in [path for path in house.rglob("*") if path.is_file()]:
        old = path.read_text()
        path.write_text(old + "\n")
        assert (source_key(names) != before) == (str(path.relative_to(house)) in covered), path
        assert (source_key() != whole) == (path.suffix != ".txt"), path
        path.write_text(old)


def test_every_public_function_of_the_shared_modules_has_a_key():
    for module in (keys, runs, spikes, stimuli, storage, tuning):
        for name in module.__all__:
            assert len(function_key(getattr(module, name))) == 64
