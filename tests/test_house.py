"""The rules of the house: what may import what, how far a call goes, how large things are, what no file may hold."""

import ast
import contextlib
import re
import subprocess
import sys
import tomllib
from collections import Counter, namedtuple
from functools import cache
from pathlib import Path
from unittest import mock

import pytest

from tools.hygiene import committed_files

ROOT = Path(__file__).resolve().parents[1]
HELPERS = ROOT / "helpers"
MODULES = sorted(HELPERS.rglob("*.py"))
MODELS = ("v1", "lateral_line", "wta", "rnn", "modular")
SIMULATORS = ("brian2", "nest", "pyNN", "jax", "numba")
HEAVY = (*SIMULATORS, "matplotlib.pyplot")
MAX_CODE = 360  # lines of code of one module

# What each part of the house is held to: `calls` between a call in a notebook and the kernel, the share of private
# functions that are used `once`, `comprehensions` in 1,000 lines of code, lines of `code`, and names with an underscore
# that it `borrows` from another module. Open parts have the aims of the house. The others are held at the numbers they
# had when this table was written, which may only shrink, until the change that opens them.
Limits = namedtuple("Limits", "calls once comprehensions code borrows")
ROOMS = {
    "shared": Limits(None, 0.126, 36, 2440, 0),  # aims 0.08, 30 and 1,250: missed, see ARCHITECTURE.md
    "rnn": Limits(5, 0.08, 30, 1665, 0),  # aim 1,250: missed, see ARCHITECTURE.md
    "v1": Limits(5, 0.08, 30, 900, 0),
    "lateral_line": Limits(5, 0.08, 30, 1695, 0),  # aim 1,350: missed, see ARCHITECTURE.md
    "wta": Limits(5, 0.08, 30, 1380, 0),  # aim 1,150: missed, see ARCHITECTURE.md
    "modular": Limits(3, 0.08, 30, 1865, 0),  # aim 1,200: missed, see ARCHITECTURE.md
    "tools": Limits(None, 0.08, 30, 1210, 0),  # 100 class copies, 85 thesis scale, 65 slides, 120 safe set-up, runs
}


def name(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imported(tree, module, is_package=False):
    """Return the absolute names of all that a module imports, at any depth of its code."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, module, is_package)
            names |= {base} | {f"{base}.{alias.name}" for alias in node.names}
    return names


def _absolute(node, module, is_package):
    if not node.level:
        return node.module
    package = module.split(".") if is_package else module.split(".")[:-1]
    kept = package[: len(package) - node.level + 1]
    return ".".join(kept + ([node.module] if node.module else []))


@cache
def parsed(path):
    return ast.parse(path.read_text())


def imports_of(path):
    return imported(parsed(path), name(path), path.name == "__init__.py")


def room(path):
    """Return the model package that a module belongs to, or None for a shared one."""
    first = path.relative_to(HELPERS).parts[0]
    return first if first in MODELS else None


def within(names, packages):
    return sorted(n for n in names if any(n == p or n.startswith(f"{p}.") for p in packages))


# --- imports


def test_imports_are_read_in_every_spelling():
    code = "import a.b as c\nfrom d import e\nfrom . import f\nfrom ..g import h\ndef x():\n    import nest"
    assert imported(ast.parse(code), "helpers.v1.ring") >= {"a.b", "d.e", "helpers.v1.f", "helpers.g.h", "nest"}
    assert "helpers.v1.f" in imported(ast.parse(code), "helpers.v1", is_package=True)


def test_no_model_package_imports_another_and_shared_modules_import_none():
    others = {path: [f"helpers.{model}" for model in MODELS if model != room(path)] for path in MODULES}
    found = {name(path): within(imports_of(path), others[path]) for path in MODULES}
    assert {module: names for module, names in found.items() if names} == {}


def test_arrays_only_modules_know_no_simulator():
    for module in ("tuning", "spikes", "stimuli"):
        assert within(imports_of(HELPERS / f"{module}.py"), SIMULATORS) == [], module


def test_import_helpers_is_light_and_takes_less_than_a_second():
    code = "import sys, time; t = time.perf_counter(); import helpers; print(time.perf_counter() - t, *sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    seconds, *loaded = done.stdout.split()
    assert "helpers" in loaded
    assert within(loaded, HEAVY) == []
    assert float(seconds) < 1


# --- how far it is from a notebook to the kernel


def files(part):
    """Return the modules of a part of the house."""
    if part == "tools":
        return sorted((ROOT / "tools").glob("*.py"))
    return [path for path in MODULES if room(path) == (None if part == "shared" else part)]


def calls_to(kernel_of, kernel_name, call):
    """Return the number of our functions on the way from `call` to the kernel, at most, over the whole run."""
    kernel, depths = getattr(kernel_of, kernel_name), []

    def counted(*args, **kwargs):
        frame, depth = sys._getframe(1), 0
        while frame is not None:
            ours = frame.f_code.co_filename.startswith(str(HELPERS)) and not frame.f_code.co_name.startswith("<")
            at_a_door = frame.f_code.co_name == "checked"  # compares arguments with hints, and is on no way one reads
            depth, frame = depth + (ours and not at_a_door), frame.f_back
        depths.append(depth)
        return kernel(*args, **kwargs)

    with mock.patch.object(kernel_of, kernel_name, counted):
        call()
    assert depths, f"{kernel_name} was not reached"
    return max(depths)


def rnn_calls():
    """From the exponents of a network, and so from its coupling g, to the matrix product."""
    from scipy.linalg import blas

    from helpers import rnn

    net = rnn.Rnn(rnn.random_weights(10, 1.5, seed=0))
    times = dict(t_sim=5.0, transient=1.0, frame_transient=1.0)
    return calls_to(blas, "dgemm", lambda: rnn.lyapunov_spectrum(net, k=3, **times))


def v1_calls():
    """From the orientation shown to the compiled loop."""
    from helpers import v1
    from helpers.v1 import kernel

    ring = v1.RingParams(plastic=False, window_ms=10.0)
    return calls_to(kernel, "run", lambda: v1.simulate(ring, 0.5, seed=1))


def lateral_line_calls():
    from helpers import lateral_line
    from helpers.lateral_line import kernel

    small = lateral_line.preset("ll_fast").replace(n_training_trials=1, test_repeats=1)
    return calls_to(kernel, "_run", lambda: lateral_line.simulate(small))


def wta_calls():
    from helpers import wta
    from helpers.wta import kernel

    net = wta.Network(grid_shape=(1, 1), n_inputs=5, seed=1)
    inputs = wta.InputGenerator(net, n_patterns=1, t_pattern=50, seed=1)
    recorder = wta.Recorder(net, create_plot=False)
    with mock.patch.object(kernel, "_loop", side_effect=Stop):
        return calls_to(kernel, "_loop", lambda: stopped(recorder.test, inputs, 100))


def modular_calls():
    from helpers import modular

    class Still(modular.Behaviour):
        def new_iteration(self, neurons):
            pass

    def run():
        net = modular.Network()
        modular.NeuronGroup(net=net, size=3, behaviour={1: Still()}, tag="A")
        net.initialize(info=False)
        net.simulate_iterations(2)

    return calls_to(Still, "new_iteration", run)


class Stop(Exception):
    """Raised in place of a kernel's run."""


def stopped(call, *args, **kwargs):
    with contextlib.suppress(Stop):
        call(*args, **kwargs)


COUNTS = dict(rnn=rnn_calls, v1=v1_calls, lateral_line=lateral_line_calls, wta=wta_calls, modular=modular_calls)


@pytest.mark.parametrize("part", COUNTS)
def test_calls_from_the_notebook_to_the_kernel(part):
    assert COUNTS[part]() <= ROOMS[part].calls


# --- size and docstrings


def test_no_module_is_too_long_to_be_read_in_one_go():
    lines = {name(path): code_lines(path) for path in MODULES}
    assert {module: n for module, n in lines.items() if n > MAX_CODE} == {}


@cache
def code_lines(path):
    """Count the lines of a module that are not blank, comment or docstring: explaining more is never punished."""
    text = path.read_text()
    lines = enumerate(text.splitlines(), 1)
    written = {i for i, line in lines if line.strip() and not line.strip().startswith("#")}
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.body:
            first = node.body[0]
            if ast.get_docstring(node) is not None:
                written -= set(range(first.lineno, first.end_lineno + 1))
    return len(written)


def test_code_lines_leave_out_docstrings_comments_and_blanks(tmp_path):
    text = '"""One\n\ntwo."""\n\nx = 1  # a\n\n\ndef f():\n    """Doc."""\n    # b\n    return """a\nb"""\n'
    (tmp_path / "m.py").write_text(text)
    assert code_lines(tmp_path / "m.py") == 4


# --- thin, which is not the same as short


def nodes(paths, kinds):
    return [node for path in paths for node in ast.walk(parsed(path)) if isinstance(node, kinds)]


def used_once(paths):
    """Return the private functions that are named once besides where they are defined, and the share of all that is.

    Several functions of one name count if there is one use for each.
    """
    functions = [node.name for node in nodes(paths, ast.FunctionDef | ast.AsyncFunctionDef)]
    own = Counter(function for function in functions if private(function))
    uses = Counter(getattr(node, "id", None) or node.attr for node in nodes(paths, ast.Name | ast.Attribute))
    once = sorted(function for function, defined in own.items() if uses[function] == defined)
    return once, sum(own[function] for function in once) / len(functions)


def borrowed(paths):
    """Return the names with an underscore that modules import, or read as an attribute, from other modules of ours."""
    found = []
    for path in paths:
        modules, package = set(), path.name == "__init__.py"
        for node in nodes([path], ast.Import | ast.ImportFrom):
            if isinstance(node, ast.Import):
                modules |= {alias.asname for alias in node.names if ours(alias.name) and alias.asname}
            elif ours(_absolute(node, name(path), package)):
                modules |= {alias.asname or alias.name for alias in node.names}
                found += [f"{name(path)}: {alias.name}" for alias in node.names if private(alias.name)]
        for node in nodes([path], ast.Attribute):
            if getattr(node.value, "id", None) in modules and private(node.attr):
                found.append(f"{name(path)}: {node.value.id}.{node.attr}")
    return sorted(found)


def ours(module):
    return module.split(".")[0] in ("helpers", "tools")


def private(word):
    """Whether a name is somebody's own; `_repr_html_` is Jupyter's, and `_fields` what a namedtuple gives its users."""
    return word.startswith("_") and not word.endswith("_") and word not in ("_fields", "_replace", "_asdict", "_make")


def comprehensions(paths):
    """Return the number of comprehensions and generator expressions in 1,000 lines of code."""
    found = nodes(paths, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp)
    return 1000 * len(found) / sum(map(code_lines, paths))


def test_what_is_counted(tmp_path):
    (tmp_path / "m.py").write_text(
        "from helpers.runs import _key, sweep\nfrom helpers import storage as kept\nimport helpers.spikes as s\n"
        "class C:\n    def _f(self):\n        return self._g() + s._h + kept.__doc__\n    def _g(self):\n        pass\n"
        "def _g():\n    return C()._f(), C()._f(), _g\ndef _once():\n    return [a for a in b if any(c for c in a)]\n"
        "def public():\n    return _once() + kept._write()\n"
    )
    with mock.patch.dict(globals(), name=lambda path: path.stem):
        assert borrowed([tmp_path / "m.py"]) == ["m: _key", "m: kept._write", "m: s._h"]
    assert used_once([tmp_path / "m.py"]) == (["_g", "_once"], 3 / 5)
    assert comprehensions([tmp_path / "m.py"]) == 2000 / 14


@pytest.mark.parametrize("part", ROOMS)
def test_a_part_of_the_house_is_thin(part):
    """Few lines of code; private functions that are worth their name; few comprehensions; no name borrowed."""
    paths, limits = files(part), ROOMS[part]
    lines = {name(path): code_lines(path) for path in paths}
    assert sum(lines.values()) <= limits.code, f"{sum(lines.values())}: {lines}"
    once, share = used_once(paths)
    assert share <= limits.once, f"{share:.3f} of the functions are private and used once: {', '.join(once)}"
    assert comprehensions(paths) <= limits.comprehensions
    found = borrowed(paths)
    assert len(found) <= limits.borrows, found


def public_definitions(path):
    """Return the functions and classes of a module that its __all__ names."""
    tree = parsed(path)
    lists = [node.value for node in tree.body if isinstance(node, ast.Assign) and _is_all(node.targets)]
    public = {entry for value in lists for entry in ast.literal_eval(value)}
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    return [node for node in tree.body if isinstance(node, kinds) and node.name in public]


def _is_all(targets):
    return any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets)


def test_modules_and_public_names_have_docstrings():
    silent = [name(path) for path in MODULES if not ast.get_docstring(parsed(path))]
    for path in MODULES:
        silent += [f"{name(path)}.{node.name}" for node in public_definitions(path) if not ast.get_docstring(node)]
    assert silent == []


# --- types


def unhinted(path):
    """Return the public functions and methods of a module that lack a hint on an argument or on what they return."""
    kinds, found = ast.FunctionDef | ast.AsyncFunctionDef, []
    for node in public_definitions(path):
        if isinstance(node, kinds):
            functions = [(node, False)]
        else:
            functions = [(inner, True) for inner in node.body if isinstance(inner, kinds) and inner.name[0] != "_"]
        found += [f"{name(path)}: {f.name}, line {f.lineno}" for f, method in functions if not hinted(f, method)]
    return found


def hinted(function, method):
    a = function.args
    arguments = [*a.posonlyargs, *a.args, *a.kwonlyargs, *(extra for extra in (a.vararg, a.kwarg) if extra)]
    static = any(getattr(d, "id", "") == "staticmethod" for d in function.decorator_list)
    arguments = arguments[1:] if method and not static else arguments
    return function.returns is not None and all(argument.annotation for argument in arguments)


def test_missing_hints_are_seen():
    code = "def f(a: int, *b: int, c: int = 1, **d: int) -> int: ..."
    for wrong in ("a", "*b", "c", "**d"):
        assert not hinted(ast.parse(code.replace(f"{wrong}: int", wrong)).body[0], method=False)
    assert not hinted(ast.parse(code.replace(" -> int", "")).body[0], method=False)
    assert hinted(ast.parse(code).body[0], method=False)
    assert hinted(ast.parse("def f(self) -> None: ...").body[0], method=True)


def test_public_functions_have_type_hints():
    found = [line for path in MODULES for line in unhinted(path)]
    assert not found, "\n".join(found)


def test_type_hints_reach_those_who_install_the_package():
    data = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    assert "py.typed" in data["helpers"] and (HELPERS / "py.typed").exists()


# --- machine paths


PLACE = re.compile(rb"/(?<![\w.:<)}/-]/)(?:work|root|home|Users)/[\w.-]")


def test_a_machine_path_is_seen():
    assert PLACE.search(b'open("/' + b'home/me/data")') and PLACE.search(b"see /" + b"work/x")
    assert not PLACE.search(b"https://example.org/work/x and rate/work and a/" + b"home/x and $(CURDIR)/" + b"work/x")


def test_no_committed_file_holds_a_path_of_a_machine():
    hits = {str(p.relative_to(ROOT)): PLACE.search(p.read_bytes()) for p in committed_files(ROOT)}
    assert {path: hit[0] for path, hit in hits.items() if hit} == {}
