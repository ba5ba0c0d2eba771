"""Show and save by the flags of the README's API: the only place of this package where a figure meets pyplot."""

from __future__ import annotations

from pathlib import Path

from helpers import figures

__all__ = ["drawn"]


def drawn(draw, name, owner, *, seed=None, params=None, size_mm=(120.0, 80.0)):
    """Make a figure, let `draw` fill it, save and show it as the flags of `owner` say, and close it.

    Without a display nothing is shown and nothing waits.

    Parameters
    ----------
    draw : callable
        Called with the figure.
    name : str
        Saved as figs/wta/<name>.
    owner : Network or Recorder
        Has save_figures and show_figures, and the params that are recorded if none are given.
    """
    import matplotlib.pyplot as plt

    with plt.style.context(Path(figures.__file__).with_name("thesis.mplstyle")):
        fig = plt.figure(figsize=[size / 25.4 for size in size_mm], layout="constrained")
        draw(fig)
        if owner.save_figures:
            figures.save(fig, f"wta/{name}", seed=seed, params=owner.params if params is None else params)
        if owner.show_figures and plt.get_backend().lower() != "agg":
            plt.show()
    plt.close(fig)
