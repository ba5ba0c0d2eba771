"""The cells of a notebook as a module: the reference that engine tests compare with, and the points that they sweep."""

import ast
import json
import linecache
from pathlib import Path
from types import ModuleType

__all__ = ["FINAL", "cells", "leading_to", "notebook_path", "run", "sources"]

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
    needed, wanted = [], set()
    for k in range(last, -1, -1):
        source = "".join(code[k]["source"])
        tree = ast.parse(source)
        given = set().union(*map(_given, tree.body))
        if k == last or given & wanted:
            needed.insert(0, source)
            names = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)]
            wanted = (wanted - given) | {node.id for node in names}
    return needed, printed[last]


def _given(statement):
    """Return the names that a statement of a cell binds."""
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return {statement.name}
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return {(alias.asname or alias.name).split(".")[0] for alias in statement.names}
    return {node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
