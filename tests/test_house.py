"""The rules of the house: what may import what, how far a call goes, how large things are, what no file may hold."""

import ast
import re
import subprocess
import sys
import tomllib
from collections import Counter, namedtuple
from functools import cache
from importlib.util import resolve_name
from pathlib import Path
from unittest import mock

import pytest
from scipy.linalg import blas

from helpers import lateral_line, modular, rnn, v1, wta
from tests import mutants
from tools.hygiene import committed_files

ROOT = Path(__file__).resolve().parents[1]
HELPERS = ROOT / "helpers"
MODULES = sorted(HELPERS.rglob("*.py"))
MODELS = ("v1", "lateral_line", "wta", "rnn", "modular")
SIMULATORS = ("brian2", "nest", "pyNN", "jax", "numba")
HEAVY = (*SIMULATORS, "matplotlib.pyplot")
FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef
DOCUMENTED = FUNCTIONS | ast.ClassDef | ast.Module
MAX_CODE = 360  # lines of code of one module

# What each part of the house is held to: `calls` between a call in a notebook and the kernel, the share of private
# functions that are used `once`, `comprehensions` in 1,000 lines of code, lines of `code`, and names with an underscore
# that it `borrows` from another module. Open parts have the aims of the house. The others are held at the numbers they
# had when this table was written, which may only shrink, until the change that opens them.
Limits = namedtuple("Limits", "calls once comprehensions code borrows")
ROOMS = {
    "shared": Limits(None, 0.132, 36, 2591, 0),  # aims 0.08, 30 and 1,250: missed, see ARCHITECTURE.md
    "rnn": Limits(5, 0.08, 30, 1715, 0),  # aim 1,250: missed, see ARCHITECTURE.md
    "v1": Limits(5, 0.08, 30, 910, 0),
    "lateral_line": Limits(5, 0.08, 30, 1740, 0),  # aim 1,350: missed, see ARCHITECTURE.md
    "wta": Limits(5, 0.08, 30, 1457, 0),  # aim 1,150: missed, see ARCHITECTURE.md
    "modular": Limits(3, 0.08, 30, 2030, 0),  # aim 1,200: missed, see ARCHITECTURE.md
    "tools": Limits(None, 0.08, 30, 1336, 0),  # 120 class copies, 85 thesis scale, 65 slides, 160 safe set-up, runs
}


def name(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@cache
def parsed(path):
    return ast.parse(path.read_text())


def nodes(paths, kinds):
    return [node for path in paths for node in ast.walk(parsed(path)) if isinstance(node, kinds)]


def origin(node, path):
    """Return the absolute name of the module that ``from ... import`` takes names from."""
    package = name(path) if path.name == "__init__.py" else name(path).rpartition(".")[0]
    return resolve_name("." * node.level + (node.module or ""), package)


def imported(path):
    """Return the absolute names of all that a module imports, at any depth of its code."""
    names = {alias.name for node in nodes([path], ast.Import) for alias in node.names}
    for node in nodes([path], ast.ImportFrom):
        names |= {f"{origin(node, path)}.{alias.name}" for alias in node.names}
    return names


def within(names, packages):
    return sorted(n for n in names if any(n == p or n.startswith(f"{p}.") for p in packages))


def room(path):
    """Return the model package that a module belongs to, or None for a shared one."""
    first = path.relative_to(HELPERS).parts[0]
    return first if first in MODELS else None


def files(part):
    """Return the modules of a part of the house."""
    if part == "tools":
        return sorted((ROOT / "tools").glob("*.py"))
    return [path for path in MODULES if room(path) == (None if part == "shared" else part)]


# --- imports


def test_no_model_package_imports_another_and_shared_modules_import_none():
    """The modules of arrays import no simulator either."""
    for path in MODULES:
        refused = {f"helpers.{model}" for model in MODELS} - {f"helpers.{room(path)}"}
        if path.parent == HELPERS and path.stem in ("tuning", "spikes", "stimuli"):
            refused |= set(SIMULATORS)
        assert within(imported(path), refused) == [], name(path)


def test_import_helpers_is_light_and_takes_less_than_a_second():
    code = "import sys, time; t = time.perf_counter(); import helpers; print(time.perf_counter() - t, *sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    seconds, *loaded = done.stdout.split()
    assert "helpers" in loaded and within(loaded, HEAVY) == []
    assert float(seconds) < 1


# --- how far it is from a notebook to the kernel


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
    net = rnn.Rnn(rnn.random_weights(10, 1.5, seed=0))
    times = dict(t_sim=5.0, transient=1.0, frame_transient=1.0)
    return calls_to(blas, "dgemm", lambda: rnn.lyapunov_spectrum(net, k=3, **times))


def v1_calls():
    """From the orientation shown to the compiled loop."""
    ring = v1.RingParams(plastic=False, window_ms=10.0)
    return calls_to(v1.kernel, "run", lambda: v1.simulate(ring, 0.5, seed=1))


def lateral_line_calls():
    small = lateral_line.preset("ll_fast").replace(n_training_trials=1, test_repeats=1)
    return calls_to(lateral_line.kernel, "_run", lambda: lateral_line.simulate(small))


def wta_calls():
    net = wta.Network(grid_shape=(1, 1), n_inputs=5, seed=1)
    inputs = wta.InputGenerator(net, n_patterns=1, t_pattern=50, seed=1)
    recorder = wta.Recorder(net, create_plot=False)
    return calls_to(wta.kernel, "_loop", lambda: recorder.test(inputs, 100))


class Still(modular.Behaviour):
    def new_iteration(self, neurons):
        pass


def modular_calls():
    def run():
        net = modular.Network()
        modular.NeuronGroup(net=net, size=3, behaviour={1: Still()}, tag="A")
        net.initialize(info=False)
        net.simulate_iterations(2)

    return calls_to(Still, "new_iteration", run)


COUNTS = dict(rnn=rnn_calls, v1=v1_calls, lateral_line=lateral_line_calls, wta=wta_calls, modular=modular_calls)


@pytest.mark.parametrize("part", COUNTS)
def test_calls_from_the_notebook_to_the_kernel(part):
    assert COUNTS[part]() <= ROOMS[part].calls


# --- thin, which is not the same as short


@cache
def code_lines(path):
    """Count the lines of a module that are not blank, comment or docstring: explaining more is never punished."""
    lines = enumerate(path.read_text().splitlines(), 1)
    written = {i for i, line in lines if line.strip() and not line.strip().startswith("#")}
    for node in nodes([path], DOCUMENTED):
        if ast.get_docstring(node) is not None:
            written -= set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    return len(written)


def used_once(paths):
    """Return the private functions that are named once besides where they are defined, and the share of all that is.

    Several functions of one name count if there is one use for each.
    """
    functions = [node.name for node in nodes(paths, FUNCTIONS)]
    own = Counter(filter(private, functions))
    uses = Counter(getattr(node, "id", None) or node.attr for node in nodes(paths, ast.Name | ast.Attribute))
    once = sorted(function for function, defined in own.items() if uses[function] == defined)
    return once, sum(own[function] for function in once) / len(functions)


def borrowed(paths):
    """Return the names with an underscore that modules import, or read as an attribute, from other modules of ours."""
    found = []
    for path in paths:
        modules = {a.asname for node in nodes([path], ast.Import) for a in node.names if ours(a.name)}
        for node in nodes([path], ast.ImportFrom):
            if ours(origin(node, path)):
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


@pytest.mark.parametrize("part", ROOMS)
def test_a_part_of_the_house_is_thin(part):
    """Few lines of code; private functions that are worth their name; few comprehensions; no name borrowed."""
    paths, limits = files(part), ROOMS[part]
    lines = {name(path): code_lines(path) for path in paths}
    assert sum(lines.values()) <= limits.code, f"{sum(lines.values())}: {lines}"
    assert max(lines.values()) <= MAX_CODE, f"too long to be read in one go: {lines}"
    once, share = used_once(paths)
    assert share <= limits.once, f"{share:.3f} of the functions are private and used once: {', '.join(once)}"
    assert comprehensions(paths) <= limits.comprehensions
    found = borrowed(paths)
    assert len(found) <= limits.borrows, found


# --- docstrings and types


def public_definitions(path):
    """Return the functions and classes of a module that its __all__ names."""
    public, body = set(), parsed(path).body
    for node in body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            public |= set(ast.literal_eval(node.value))
    return [node for node in body if isinstance(node, DOCUMENTED) and node.name in public]


def unhinted(path):
    """Return the public functions and methods of a module that lack a hint on an argument or on what they return."""
    found = []
    for node in public_definitions(path):
        methods = [inner for inner in node.body if isinstance(inner, FUNCTIONS) and inner.name[0] != "_"]
        for function in [node] if isinstance(node, FUNCTIONS) else methods:
            arguments = [arg for arg in ast.walk(function.args) if isinstance(arg, ast.arg)]
            bare = [arg.arg for arg in arguments if arg.arg not in ("self", "cls") and not arg.annotation]
            if bare or function.returns is None:
                found.append(f"{name(path)}: {function.name}, line {function.lineno}")
    return found


def test_modules_and_public_names_have_docstrings_and_type_hints_that_reach_those_who_install_them():
    silent, bare = [], []
    for path in MODULES:
        nodes = [parsed(path), *public_definitions(path)]
        silent += [f"{name(path)}: {getattr(node, 'name', '')}" for node in nodes if not ast.get_docstring(node)]
        bare += unhinted(path)
    assert silent == [] and bare == []
    data = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    assert "py.typed" in data["helpers"] and (HELPERS / "py.typed").exists()


MADE_UP = '''"""Two lines

of text."""
__all__ = ["C", "a", "d"]
from helpers.runs import _key, sweep
from helpers import storage as kept
import helpers.spikes as s
from . import f
from ..g import h
class C:
    """A class."""
    # with a method
    def _f(self):
        import nest.ll
        return self._g() + s._h + kept.__doc__
    def _g(self): return """a

b"""
    def method(self, a: int, *b: int, c: int = 1, **d: int) -> None: ...
    def bare(self, *a) -> None: ...
def _g(): return C()._f(), C()._f(), _g
def _once(): return [a for a in b if any(c for c in a)]
def a(a: int, c=1) -> int: return _once() + kept._write()
def d(a: int): ...
'''


def test_what_is_counted(tmp_path):
    module, package = tmp_path / "m.py", tmp_path / "__init__.py"
    module.write_text(MADE_UP)
    package.write_text("from . import f")
    with mock.patch.dict(globals(), name=lambda path: {module: "helpers.v1.m", package: "helpers.v1"}[path]):
        from_helpers = {f"helpers.{name}" for name in ("runs._key", "runs.sweep", "storage", "spikes", "v1.f", "g.h")}
        assert imported(module) == from_helpers | {"nest.ll"}
        assert imported(package) == {"helpers.v1.f"}
        assert borrowed([module]) == [f"helpers.v1.m: {name}" for name in ("_key", "kept._write", "s._h")]
        assert [line.split()[1] for line in unhinted(module)] == ["bare,", "a,", "d,"]
    assert within(["helpers.v1.f", "helpers.v10"], ["helpers.v1"]) == ["helpers.v1.f"]
    assert used_once([module]) == (["_g", "_once"], 3 / 8)
    assert code_lines(module) == 18 and comprehensions([module]) == 2000 / 18


# --- mutants


def test_what_is_judged_of_the_mutants_can_still_happen():
    """A line of mutants.toml is one that `make mutants` may make; one of a line that has gone would only lie there."""
    for path, judged in tomllib.loads((ROOT / "tests" / "mutants.toml").read_text()).items():
        text = (ROOT / path).read_bytes()
        changed = {mutants.line_at(mutants.broken(text, *place), place[0]) for place in mutants.places(ROOT / path)}
        assert {line.encode() for line in judged} - changed == set(), path


# --- machine paths


PLACE = re.compile(rb"/(?<![\w.:<)}/-]/)(?:work|root|home|Users)/[\w.-]")


def test_no_committed_file_holds_a_path_of_a_machine():
    assert PLACE.search(b'open("/' + b'home/me/data")') and PLACE.search(b"see /" + b"work/x")
    assert not PLACE.search(b"https://example.org/work/x and rate/work and a/" + b"home/x and $(CURDIR)/" + b"work/x")
    hits = {str(p.relative_to(ROOT)): PLACE.search(p.read_bytes()) for p in committed_files(ROOT)}
    assert {path: hit[0] for path, hit in hits.items() if hit} == {}
