"""The cells of a notebook as a module: the reference that engine tests compare with, and the points that they sweep."""

import ast
import dis
import json
import linecache
from pathlib import Path
from types import CodeType, ModuleType

__all__ = ["FINAL", "bound", "cells", "free", "leading_to", "loaded", "needed", "notebook_path", "run", "sources"]

FINAL = Path(__file__).resolve().parents[1] / "FINAL_notebooks"


def cells(notebook, *tags, root=None):
    """Execute, in their order, the code cells that carry one of the tags, and nothing else; return the new module.

    ``cells("FINAL_5", "model", "study").random_network(100, 1.5, seed=0)``. Every call executes anew, so that no
    test sees what another one changed.
    """
    name = f"<{notebook_path(notebook, root).stem}: {', '.join(tags)}>"
    return run("\n\n\n".join(sources(notebook, *tags, root=root)), name)


def notebook_path(notebook, root=None):
    """Return the path of the one notebook whose name begins so."""
    (path,) = sorted(Path(root or FINAL).glob(f"{notebook}*.ipynb"))
    return path


def sources(notebook, *tags, root=None):
    """Return the sources of the code cells that carry one of the tags, of which each must exist."""
    found, missing = [], set(tags)
    for cell in json.loads(notebook_path(notebook, root).read_text(encoding="utf-8"))["cells"]:
        carried = set(tags).intersection(cell["metadata"].get("tags", ()))
        if carried and cell["cell_type"] == "code":
            found.append("".join(cell["source"]))
            missing -= carried
    if missing or not tags:
        raise ValueError(f"no code cell of {notebook} is tagged {', '.join(sorted(missing)) or 'at all: name a tag'}")
    return found


def run(source, name):
    """Execute source text as the module ``__main__`` of a notebook's kernel would; return the module.

    A worker then gets its functions by value, as it does those of a notebook. Statements are compiled one by one, as
    IPython does: compiled together, calls on what the text imports get other bytecode, and so other keys in the store.
    """
    module = ModuleType("__main__")
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)  # for inspect.getsource
    for statement in ast.parse(source, name).body:
        exec(compile(ast.Module([statement], []), name, "exec"), module.__dict__)
    return module


def leading_to(notebook, words):
    """Return the first code cell that printed some words, what it printed, and, before it, the cells that it needs."""
    every = json.loads(notebook_path(notebook).read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in every if cell["cell_type"] == "code"]
    printed = ["".join("".join(output.get("text", "")) for output in cell["outputs"]) for cell in code]
    last = next(k for k, text in enumerate(printed) if words in text)
    texts = ["".join(cell["source"]) for cell in code[: last + 1]]
    return [texts[k] for k in needed(texts, {last})], printed[last]


def needed(texts, wanted):
    """Return the numbers of the wanted ones of some cells, and of those above them that bind names they use."""
    kept, names = [], set()
    for k in reversed(range(len(texts))):
        code = compile(texts[k], "<cell>", "exec")
        if k in wanted or bound(code) & names:
            kept.insert(0, k)
            names = (names - bound(code)) | free(code)
    return kept


def bound(code):
    """Return the names that a cell binds."""
    return {step.argval for step in dis.get_instructions(code) if step.opname == "STORE_NAME"}


def loaded(code):
    """Return the names that a code object, and all functions in it, look up outside themselves."""
    found = {step.argval for step in dis.get_instructions(code) if step.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
    return found.union(*(loaded(inner) for inner in code.co_consts if isinstance(inner, CodeType)))


def free(code):
    """Return the names that a cell takes from the cells above it."""
    own, found = set(), loaded(code) - bound(code)
    for step in dis.get_instructions(code):
        if step.opname == "STORE_NAME":
            own.add(step.argval)
        elif step.opname == "LOAD_NAME" and step.argval not in own:
            found.add(step.argval)
    return found
