"""What a cell does without its simulator: it says in one line what is missing, and shows the output stored with it.

NEST, Brian2 and JAX are large and not to be had everywhere, so no engine of this package needs NEST or Brian2, and a
cell that does begins its part with ``if installed("NEST"):``.
"""

import importlib
from contextlib import suppress

from IPython import get_ipython
from IPython.display import display

from helpers.parameters import check_choice, doors
from helpers.runs import ROOT, current_notebook

__all__ = ["installed", "stored_outputs"]

MODULES = {"NEST": "pyNN.nest", "Brian2": "brian2", "JAX": "jax"}
ADVICE = {
    "NEST": "conda-forge has it for Linux and macOS: conda env create -f environment.yml",
    "Brian2": "to add it: %pip install brian2",
    "JAX": "to add it: %pip install jax optax",
}


def installed(simulator: str) -> bool:
    """Return whether a simulator can be imported; if not, say so in one line and show the stored output of this cell.

    Parameters
    ----------
    simulator : {"NEST", "Brian2", "JAX"}
        NEST stands for PyNN on NEST.

    Returns
    -------
    bool
        True without a word where it can be imported.

    Notes
    -----
    The stored output is that of the cell with the same source in the notebook of the same name in ``FINAL_notebooks/``.
    A cell that was changed has none.

    Raises
    ------
    ParameterError
        Another word.

    Examples
    --------
    >>> if installed("Brian2"):
    ...     import brian2
    """
    module = MODULES[check_choice("simulator", simulator, MODULES)]
    try:
        importlib.import_module(module)
        return True
    except ImportError:
        outputs = stored_outputs()
    print(f"{simulator} is not installed ({ADVICE[simulator]});", "stored output:" if outputs else "nothing is stored.")
    for output in outputs:
        if "text" in output:
            print(output["text"], end="")
        else:
            display(output["data"], raw=True)
    return False


def stored_outputs() -> list:
    """Return the outputs that the committed notebook holds of the cell that is running; an empty list elsewhere."""
    if not (shell := get_ipython()) or not (notebook := current_notebook()):
        return []
    running, cells = shell.history_manager.input_hist_raw[-1].strip(), []
    import nbformat  # takes a second

    with suppress(Exception):  # not there, or damaged
        cells = nbformat.read(ROOT / "FINAL_notebooks" / notebook.name, as_version=4).cells
    for cell in cells:
        if cell.cell_type == "code" and cell.source.strip() == running:
            return cell.outputs
    return []


doors(globals())
