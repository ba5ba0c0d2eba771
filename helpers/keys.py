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
import importlib
import importlib.util
import os
import re
import sys
import types
import weakref
from collections.abc import Callable, Iterable
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np

from helpers.parameters import ParameterError

__all__ = ["function_key", "imported_modules", "source_key", "value_key"]

ROOT = Path(__file__).resolve().parents[1]
RESOURCES = (".mplstyle", ".js", ".css")
PLAIN = (type(None), bool, int, float, complex, str, bytes, range, type(...), type(NotImplemented))
WRAPPERS = (property, staticmethod, classmethod, functools.cached_property, type(functools.lru_cache(len)))
SLOTS = (types.MemberDescriptorType, types.GetSetDescriptorType)
WEAK = (weakref.WeakKeyDictionary, weakref.WeakValueDictionary, weakref.WeakSet)  # caches of what is kept elsewhere
HEAP_TYPE = 1 << 9  # flag of a class that Python code made
WRAPPED, NUMBA = ("__wrapped__", "fget", "fset", "fdel", "func"), ("py_func", "_dispatcher", "targetoptions")
# Of code, all but its place and name; of a class, not its texts and places, nor what Python notes in it at run time
FORM = ("co_code", "co_names", "co_varnames", "co_freevars", "co_cellvars", "co_exceptiontable", "co_flags")
FORM += ("co_argcount", "co_posonlyargcount", "co_kwonlyargcount")
PLACES = {"__name__", "__file__", "__builtins__"}
BESIDE = {"__module__", "__doc__", "__annotations__", "__dict__", "__weakref__", "__slotnames__", "_abc_impl"}
BESIDE |= {"__firstlineno__", "__static_attributes__", "__annotate_func__", "__annotations_cache__"}


def function_key(function: Callable) -> str:
    """Return a digest of a function and of all that can change what it returns for the same arguments.

    These are its code, defaults, closure, ``partial`` values or object; the functions, classes and global values that
    the code refers to, and what those refer to; and the source of the modules of ``helpers`` among them, with those
    that they import. Files that a function reads are not in it, nor environment variables but the profile.

    Raises
    ------
    ParameterError
        Names the variable whose value has no content to digest: an open file, a generator, a lock.

    Examples
    --------
    >>> function_key(lambda x: 2 * x) == function_key(lambda x: 2 * x), function_key(lambda x: 3 * x)[:8].isalnum()
    (True, True)
    >>> def scaled(by): return lambda x: by * x
    >>> function_key(scaled(1)) == function_key(scaled(2))
    False
    """
    values = _Values()
    try:
        own = values.digest(function, getattr(function, "__name__", "function"))
    except RecursionError:
        raise ParameterError(f"function = {function!r} refers to values that are nested too deep for a key") from None
    ours = frozenset(name for name in values.modules if name.partition(".")[0] == "helpers")
    return _sha([own, _source_at_first_use(ours)])


def value_key(value: Any, name: str) -> str:
    """Return a digest of a value by type and content; `name` is the variable that an error names.

    Examples
    --------
    >>> value_key({3, 1, 2}, "x") == value_key({1, 2, 3}, "x"), value_key(1, "x") == value_key(1.0, "x")
    (True, False)
    """
    return _Values().digest(value, name)


def source_key(names: Iterable[str] | None = None) -> str:
    """Return a digest of the files of ``helpers`` behind module names, with what they import; without names, of all.

    Resources of the packages among them (style sheet, script of the live view) are covered too.
    """
    found, todo = set(), {path for name in ("helpers", *(names or ())) for path in _files(name)}
    if names is None:
        found, todo = set((ROOT / "helpers").rglob("*.py")), set()
    while todo:
        path = todo.pop()
        found.add(path)
        package = ".".join(path.relative_to(ROOT).parent.parts)
        imported = imported_modules(path.read_text(encoding="utf-8"), package)
        todo |= {file for name in imported for file in _files(name)} - found
    found |= {file for path in found for file in path.parent.iterdir() if file.suffix in RESOURCES}
    return _sha([(path.relative_to(ROOT).as_posix(), path.read_bytes()) for path in sorted(found)])


_source_at_first_use = functools.cache(source_key)  # a process goes on with the modules that it has loaded


def _files(name):
    """Return the files behind the name of a module; a room that is imported by its face counts as a whole."""
    place, package = ROOT.joinpath(*name.split(".")), ROOT / "helpers"
    if place.with_suffix(".py").is_file():
        found = {place.with_suffix(".py")}
    elif place != package and not place.is_dir():  # what a module holds: a function, a class
        return _files(name.rpartition(".")[0])
    else:
        found = set() if place == package else set(place.glob("*.py"))
    folders = [folder for folder in (place, *place.parents) if folder.is_relative_to(package)]
    return found | {path for folder in folders if (path := folder / "__init__.py").is_file()}


@functools.cache
def imported_modules(code: str, package: str = "") -> frozenset[str]:
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
        elif isinstance(node, ast.ImportFrom):
            base = importlib.util.resolve_name("." * node.level + (node.module or ""), package)
            names |= {f"{base}.{alias.name}" for alias in node.names}
    return frozenset(name for name in names if name.partition(".")[0] == "helpers")


def _sha(parts):
    return hashlib.sha256(repr(parts).encode()).hexdigest()


class _Values:
    """Digests of values, each made once; `modules` are those of ours or the reader that were met on the way."""

    def __init__(self):
        self.modules, self.known, self.open = set(), {}, {}

    def digest(self, value, name):
        """Return the digest of a value; `name` is the variable that an error names."""
        if type(value) in PLAIN:
            return f"{type(value).__name__} {value!r}"
        return self._once(id(value), value, lambda: self._code(value, name) or self._data(value, name))

    def _once(self, key, value, parts):
        if key in self.open:
            return f"cycle {self.open[key]}"
        if key not in self.known:
            self.open[key] = len(self.open)
            self.known[key] = _sha(parts()), value  # the value is kept, so that no other one gets its id
            del self.open[key]
        return self.known[key][0]

    def _named(self, values, attributes=frozenset()):
        """Return the digests of variables; of a module among them, only the `attributes` that code takes."""
        found = []
        for name, value in sorted(values.items()):
            module = isinstance(value, types.ModuleType)
            found.append((name, self._module(value, attributes) if module else self.digest(value, name)))
        return found

    def _code(self, value, name):
        if isinstance(value, types.FunctionType):
            return self._function(value)
        if isinstance(value, type):
            return self._class(value)
        if isinstance(value, functools.partial):
            return [self.digest(value.func, name), self.digest(value.args, name), self._named(value.keywords)]
        if isinstance(value, types.MethodType):
            return [self.digest(value.__func__, name), self.digest(value.__self__, name)]
        numba = str(type(value).__module__).startswith("numba.")
        if numba or isinstance(value, WRAPPERS):
            parts = NUMBA if numba else WRAPPED
            return [type(value).__name__, [self.digest(getattr(value, part, None), name) for part in parts]]
        return None

    def _data(self, value, name):
        kind = type(value)
        if kind is np.ndarray and not value.dtype.hasobject:
            return [repr(value.dtype.descr), value.shape, hashlib.sha256(value.tobytes()).hexdigest()]
        if isinstance(value, (set, frozenset)):
            content = sorted(self.digest(item, name) for item in value)
        elif kind in (dict, types.MappingProxyType):
            content = [(self.digest(key, name), self.digest(item, name)) for key, item in value.items()]
        elif kind is list or isinstance(value, tuple):
            content = [self.digest(item, name) for item in value]
        elif is_dataclass(value):  # without what cached properties keep beside the fields
            content = self._named({field.name: getattr(value, field.name) for field in fields(value)})
        elif kind is types.ModuleType:
            content = self._module(value, frozenset())
        elif kind in WEAK:
            content = []
        else:
            return self._pickled(value, name)
        return [self.digest(kind, name), content]

    def _pickled(self, value, name):
        """Return the digests of what pickle would store; what pickle refuses has no content."""
        try:
            reduce = copyreg.dispatch_table.get(type(value))
            reduced = reduce(value) if reduce else value.__reduce_ex__(4)
        except Exception:
            reduced = "no content"
        if not isinstance(reduced, str):
            make, arguments, state, items, pairs = (*reduced, None, None, None)[:5]
            return [self.digest(part, name) for part in (make, arguments, state, [*(items or ())], [*(pairs or ())])]
        if not reduced.replace(".", "").isidentifier():
            kind = type(value).__name__
            raise ParameterError(f"{name} is a {kind}, which no key can hold; make it inside the function")
        return [str(getattr(value, "__module__", "")), reduced]

    def _function(self, function):
        code, space = function.__code__, function.__globals__
        digest, names, attributes, imports = _bytecode(code)
        home = space.get("__name__") or "__main__"  # a bare namespace of exec has no name
        installed = not _is_own(home)
        if installed and "<locals>" not in code.co_qualname:
            return [home, code.co_qualname, digest, _version(home)]
        arguments = code.co_varnames[: code.co_argcount][::-1]
        defaults = dict(zip(arguments, (function.__defaults__ or ())[::-1], strict=False))
        closure = {}
        for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
            with contextlib.suppress(ValueError):  # a cell that has no value yet
                closure[name] = cell.cell_contents
        groups = [defaults, function.__kwdefaults__ or {}, vars(function), closure]
        if not installed:
            self.modules.add(home)
            groups.append({name: space[name] for name in names if name in space})
            groups.append({name: _loaded(name) for name in imports if _is_own(name) and _loaded(name)})
        profile = os.environ.get("NOTEBOOK_PROFILE") if "NOTEBOOK_PROFILE" in code.co_consts else None
        return [function.__qualname__, digest, profile, [self._named(group, attributes) for group in groups]]

    def _class(self, kind):
        home = str(kind.__module__)
        nameless = home == "builtins" and kind.__flags__ & HEAP_TYPE  # made by exec, in a bare namespace
        if not _is_own(home) and not nameless:
            return [home, kind.__qualname__, _version(home)]
        self.modules.add(home)
        members = {n: value for n, value in vars(kind).items() if n not in BESIDE and not isinstance(value, SLOTS)}
        return [kind.__qualname__, self.digest((*kind.__bases__, type(kind)), kind.__name__), self._named(members)]

    def _module(self, module, attributes):
        """Return the digest of a module: name and version, or in one of ours the `attributes` that it has."""
        if not _is_own(module.__name__):
            return [module.__name__, _version(module.__name__)]
        self.modules.add(module.__name__)
        found = {}
        for name in attributes:
            if name not in vars(module) and hasattr(module, "__path__"):
                _loaded(f"{module.__name__}.{name}")
            with contextlib.suppress(Exception):  # a lazy attribute that needs what is not installed
                found[name] = getattr(module, name)
        return self._once((id(module), attributes), module, lambda: self._named(found, attributes))


@functools.cache
def _bytecode(code):
    """Return (digest, global names, attributes, imports) of code, with those of the functions defined in it."""
    names, attributes, imports, constants, last = set(), set(code.co_names), set(), [], []
    for step in dis.get_instructions(code):
        if "GLOBAL" in step.opname or step.opname == "LOAD_NAME":
            names.add(step.argval)
        elif step.opname == "LOAD_CONST":
            last.append(step.argval)
        elif step.opname == "IMPORT_NAME":
            imports |= {step.argval, *(f"{step.argval}.{item}" for item in last[-1] or ())}
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            digest, *inner = _bytecode(constant)
            constants.append(digest)
            for outer, more in zip((names, attributes, imports), inner, strict=True):
                outer |= more
        else:
            constants.append(value_key(constant, "constant"))
    digest = _sha([constants, [getattr(code, part) for part in FORM]])
    return digest, frozenset(names - PLACES), frozenset(attributes), frozenset(imports)


@functools.cache
def _loaded(name):
    """Return a module, imported if need be, or None where there is none or it cannot be loaded here."""
    with contextlib.suppress(Exception):
        return importlib.import_module(name)


@functools.cache
def _is_own(module):
    """Whether a module is ours or the reader's: neither of the standard library nor of an installed package."""
    top = module.partition(".")[0]
    if top in ("helpers", "__main__") or top in sys.stdlib_module_names:
        return top in ("helpers", "__main__")
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return True
    return spec is None or not re.search("(site|dist)-packages", f"{spec.origin} {spec.submodule_search_locations}")


def _version(module):
    return str(getattr(sys.modules.get(module.partition(".")[0]), "__version__", ""))
