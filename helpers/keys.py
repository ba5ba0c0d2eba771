"""Keys: digests of all that a number depends on, for the files of a sweep and for the provenance of a figure.

Code of a notebook, of tests and of ``helpers`` counts by its bytecode and by everything that it refers to, at any
depth; installed packages count by name and version. No address, path, line number or order of a set is in a key, so
that a comment or a moved cell changes nothing, and every process finds the same one.
"""

from __future__ import annotations

import ast
import contextlib
import copyreg
import dis
import functools
import hashlib
import importlib.util
import inspect
import os
import re
import sys
import types
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np

from helpers.parameters import ParameterError, doors

__all__ = ["function_key", "imported_modules", "source_key", "value_key"]

ROOT = Path(__file__).resolve().parents[1]
SOURCES = (".py", ".mplstyle", ".js", ".css")
PLAIN = (type(None), bool, int, float, complex, str, bytes, range, type(...), type(NotImplemented))
CACHED = type(functools.lru_cache(len))
WRAPPERS = (property, staticmethod, classmethod, functools.cached_property, CACHED)
WRAPPERS += (types.GetSetDescriptorType,)
WRAPPED = ("__wrapped__", "fget", "fset", "fdel", "func", "py_func", "targetoptions", "_defn")  # the last three: numba
# Of code, all but its place and name
FORM = ("co_code", "co_names", "co_varnames", "co_freevars", "co_cellvars", "co_exceptiontable", "co_flags")
FORM += ("co_argcount", "co_posonlyargcount", "co_kwonlyargcount")


def function_key(function: Callable) -> str:
    """Return a digest of a function and of all that can change what it returns for the same arguments.

    These are its code, defaults, closure, ``partial`` values or object; the functions, classes and global values that
    the code refers to, and what those refer to; a module of the reader's own as a whole; and the source of the modules
    of ``helpers`` among them, with those that they import. Files that a function reads are not in it, nor environment
    variables but the profile, nor what it finds by a text alone: ``globals()["f"]``, ``import_module("mine")``.

    Raises
    ------
    ParameterError
        Names the variable whose value has no content to digest: an open file, a generator, a lock; or says that the
        values refer to each other in too long a chain.

    Examples
    --------
    >>> function_key(lambda x: 2 * x) == function_key(lambda x: 2 * x), function_key(lambda x: 3 * x)[:8].isalnum()
    (True, True)
    >>> def scaled(by): return lambda x: by * x
    >>> function_key(scaled(1)) == function_key(scaled(2))
    False
    """
    digests, name = _Digests(), getattr(function, "__name__", "function")
    try:
        own = digests.of(function, name)
    except RecursionError:
        raise ParameterError(
            f"{name} refers to a chain of values too long to follow; give it an array or list"
        ) from None
    used = frozenset(name for name in digests.modules if name.startswith("helpers."))
    return _sha([own, _source_at_first_use(used)])


def value_key(value: Any, name: str) -> str:
    """Return a digest of a value by type and content; `name` is the variable that an error names.

    Examples
    --------
    >>> value_key({3, 1, 2}, "x") == value_key({1, 2, 3}, "x"), value_key(1, "x") == value_key(1.0, "x")
    (True, False)
    """
    return _Digests().of(value, name)


def source_key(names: Iterable[str] | None = None) -> str:
    """Return a digest of the files of ``helpers`` behind module names, with what they import; without names, of all.

    A room such as ``helpers.rnn`` counts as a whole, whichever of its modules is named, with its style sheets and
    scripts.
    """
    todo = ["helpers"] if names is None else list(map(str, names))
    found = {ROOT / "helpers" / "__init__.py", *(ROOT / "helpers").glob("*.mplstyle")}
    while todo:
        place = ROOT.joinpath(*todo.pop().split(".")[:2])  # a module, a room, or a name that neither has
        for path in {place.with_suffix(".py"), *place.rglob("*")} - found:
            if path.suffix in SOURCES and path.is_file():
                found.add(path)
                if path.suffix == ".py":
                    todo.extend(imported_modules(path.read_text(encoding="utf-8")))
    return _sha([(path.relative_to(ROOT).as_posix(), path.read_bytes()) for path in sorted(found)])


_source_at_first_use = functools.cache(source_key)  # a process goes on with the modules that it has loaded


@functools.cache
def imported_modules(code: str) -> frozenset[str]:
    """Return the absolute names of all that code imports from ``helpers``, also inside functions.

    Lines for IPython alone (``%matplotlib inline``, ``!ls``) are passed over.

    Examples
    --------
    >>> sorted(imported_modules("%matplotlib inline\\nfrom helpers import rnn, runs\\nimport numpy"))
    ['helpers.rnn', 'helpers.runs']
    """
    names = set()
    for node in ast.walk(ast.parse(re.sub(r"^([ \t]*)[%!?].*", r"\1pass", code, flags=re.MULTILINE))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):  # one with dots stays inside its room
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(name for name in names if name.partition(".")[0] == "helpers")


def _sha(parts):
    return hashlib.sha256(repr(parts).encode()).hexdigest()


class _Digests:
    """Digests of values, each made once; `modules` are the homes of the code that was met on the way."""

    def __init__(self):
        self.modules, self.known, self.depth = set(), {}, 0

    def of(self, value, name, attributes=frozenset()):
        """Return the digest of a value; `name` is for errors, `attributes` are what code takes from a module."""
        kind = type(value)
        if kind in PLAIN:
            return f"{kind.__name__} {value!r}"
        place = id(value), attributes if kind is types.ModuleType else None
        if place not in self.known:  # the value is kept beside its digest, so that no other one gets its id
            self.depth += 1
            self.known[place] = self.depth, value
            self.known[place] = _sha(self._content(value, name, attributes)), value
            self.depth -= 1
        found = self.known[place][0]
        return found if isinstance(found, str) else f"what it stands in, {self.depth - found} above"

    def _content(self, value, name, attributes):
        kind = type(value)
        if kind is np.ndarray and not value.dtype.hasobject:
            return [repr(value.dtype.descr), value.shape, hashlib.sha256(value.tobytes()).hexdigest()]
        if kind is types.FunctionType:
            home, form, variables, attributes = _function(value)
        elif isinstance(value, (type, types.ModuleType)):
            home, form, variables = _namespace(value, attributes)
        else:
            content = [self.of(part, name) for part in _parts(value, name)]
            return [self.of(kind, name), sorted(content) if isinstance(value, (set, frozenset)) else content]
        self.modules.add(home)
        version = str(getattr(sys.modules.get(home.partition(".")[0]), "__version__", ""))
        return [home, form, version, [(key, self.of(variables[key], key, attributes)) for key in sorted(variables)]]


def _function(function):
    """Return (home, form, variables, attributes): what a function refers to, and takes from the modules among it."""
    code, space = function.__code__, function.__globals__
    form, names, imports, attributes = _read(code)
    home, variables = space.get("__name__") or "__main__", {}  # a bare namespace of exec has no name
    if _is_own(home):
        for name in imports:  # when the function runs
            with contextlib.suppress(Exception):  # no module, or one that needs what is not installed
                name = importlib.util.resolve_name(name, space.get("__package__"))
                if _is_own(name):
                    variables[name] = importlib.import_module(name)
        variables |= {name: space[name] for name in names if name in space}
        held = {"a default": function.__defaults__, "a keyword's default": function.__kwdefaults__}
        held["an attribute"] = vars(function)
        variables |= {f"{what} of {function.__name__}": parts for what, parts in held.items() if parts}
        if "NOTEBOOK_PROFILE" in attributes:
            variables["NOTEBOOK_PROFILE"] = os.environ.get("NOTEBOOK_PROFILE")
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        if cell != types.CellType():  # it has a value
            variables[name] = cell.cell_contents
    return home, [function.__qualname__, form], variables, attributes


def _namespace(value, attributes):
    """Return (home, form, variables) of a class, or of a module with the attributes that code takes from it."""
    variables = {}
    if isinstance(value, types.ModuleType):
        if _is_own(value.__name__) and value.__name__.partition(".")[0] not in ("helpers", "__main__"):
            attributes = {name for name in vars(value) if not name.startswith("__")}  # whoever may take from it
        for name in attributes if _is_own(value.__name__) else ():
            with contextlib.suppress(Exception):  # not there, or lazy and in need of what is not installed
                variables[name] = getattr(value, name)
        return value.__name__, "module", variables
    home = str(value.__module__)
    if home.startswith("tqdm."):  # tqdm.auto gives a notebook another bar than its workers
        return "tqdm", "a bar", variables
    if _is_own(home):
        variables["its bases"] = (*value.__bases__, type(value))
        for name, member in vars(value).items():  # not its text and place, nor what Python notes in it at run time
            if name != "_abc_impl" and (callable(member) or not name.startswith("__")):
                variables[name] = member
    return home, value.__qualname__, variables


def _parts(value, name):
    """Return the values that a value consists of, with the attributes that stand beside its content."""
    kind, beside = type(value), {}
    if kind in (list, tuple):
        return value
    if kind in (dict, types.MappingProxyType):
        return value.items()
    if inspect.getattr_static(value, "__dict__", None) is not None:
        beside = dict(vars(value))
    if isinstance(value, (set, frozenset)):
        return [*value, beside]
    if isinstance(value, WRAPPERS) or any(inspect.getattr_static(value, part, None) for part in ("py_func", "_defn")):
        given = [item for item in sorted(beside.items()) if isinstance(value, CACHED) and not item[0].startswith("__")]
        return [getattr(value, part, None) for part in WRAPPED] + given
    if is_dataclass(value) and not isinstance(value, (dict, list, tuple)):
        beside |= {field.name: getattr(value, field.name, None) for field in fields(value)}
        filled = functools.cached_property  # when it was asked for
        return [item for item in sorted(beside.items()) if not isinstance(getattr(kind, item[0], None), filled)]
    return _pickled(value, name)


def _pickled(value, name):
    """Return what pickle would store."""
    kind = type(value)
    try:
        reduce = copyreg.dispatch_table.get(kind)
        stored = reduce(value) if reduce else value.__reduce_ex__(4)
    except Exception:
        stored = "no content"
    if not isinstance(stored, str):
        return [list(part) if isinstance(part, Iterator) else part for part in stored]
    if not stored.replace(".", "").isidentifier():
        raise ParameterError(f"{name} holds a {kind.__name__}, which has no key; make it inside the function")
    return [getattr(value, "__module__", ""), stored]


@functools.cache
def _read(code):
    """Return (form, names of globals, of modules that it imports, all names) of code and of the functions in it."""
    form, variables, imports, names, codes = [], set(), set(), set(), [code]
    for part in codes:  # grows on the way
        form.append([getattr(part, field) for field in FORM])
        names |= set(part.co_names) | {"NOTEBOOK_PROFILE"}.intersection(part.co_consts)
        for constant in part.co_consts:
            if isinstance(constant, types.CodeType):
                codes.append(constant)
            else:
                form.append(value_key(constant, "constant"))
        steps = [step for step in dis.get_instructions(part) if step.opname != "EXTENDED_ARG"]
        for level, _, step in zip(steps, steps[1:], steps[2:], strict=False):
            if step.opname == "IMPORT_NAME":
                origin = "." * level.argval + step.argval
                imports.add(origin)
            elif step.opname == "IMPORT_FROM":
                imports.add(f"{origin}.{step.argval}" if origin.strip(".") else origin + step.argval)
        variables |= {step.argval for step in steps if "GLOBAL" in step.opname or step.opname == "LOAD_NAME"}
    return _sha(form), variables - {"__name__", "__file__"}, imports, frozenset(names)


@functools.cache
def _is_own(module):
    """Whether a module is ours or the reader's: neither of the standard library nor of an installed package."""
    top = module.partition(".")[0]
    if top in ("helpers", "__main__"):
        return True
    place = sys.modules.get(top)
    with contextlib.suppress(ImportError, ValueError):
        place = place or importlib.util.find_spec(top)  # not imported yet
    installed = any(f"{folder}-packages" in repr(place) for folder in ("site", "dist"))
    return not installed and top not in sys.stdlib_module_names


doors(globals())
