"""A picture with sliders: the play cell of a notebook.

``explore(draw, g=(0.2, 4.0, 0.2), seed=(0, 9))`` shows the figure that ``draw`` returns for its default values, and
draws it again when a slider moves. The committed file keeps the default picture, so that a page without a kernel
still shows it. Widget callbacks may run in a thread of their own while a cell runs: they only wake the kernel's event
loop, so that matplotlib is never used twice at a time. Moves made during a redraw are merged into the next one.
"""

import asyncio
import inspect
import threading
import time
from base64 import b64encode
from collections.abc import Callable
from typing import Any

from helpers.parameters import ParameterError, check_choice, doors, unit_of

__all__ = ["Explorer", "explore", "show_beside"]

# Three outputs of JupyterLab stand in a row: picture, this style, box. A living box hides the picture, and a dead one
# ("model not found") is hidden itself.
STILL = """<style class="still">.jp-OutputArea-child:is(:has(.still), :has(.still) + :not(:has(.widget-vbox)),
:has(+ * .still):has(+ * + * .widget-vbox)) { display: none }</style>"""


class Explorer:
    """Two to four sliders above one picture; made by ``explore(draw, labels=None, **sliders)``.

    Parameters
    ----------
    draw : callable
        Takes keyword values, all with defaults, and returns a matplotlib Figure with the same axes every time. Fixed
        axis limits keep a change visible as a change.
    labels : dict, optional
        {name: text beside the slider}; by default ``b_theta_deg`` becomes "b_theta (deg)".
    **sliders
        For parameters of `draw`, each as :func:`ipywidgets.interact` takes it: ``(low, high, step)``, a list of
        choices, a bool, or a widget. They start at the defaults of `draw`.

    Attributes
    ----------
    seconds : float
        Time of the last redraw, s; it also stands beside the sliders.
    error : str
        What `draw` raised last, as one line beside the sliders; the picture then is the one before. Empty if all is
        well. At the defaults the exception itself is raised.

    Raises
    ------
    ParameterError
        Fewer than two or more than four sliders, an unknown name, or a value outside its slider.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> def draw(a=1, b_deg=2.0):
    ...     fig = Figure(figsize=(1, 1))
    ...     fig.add_axes((0, 0, 1, 1)).plot([0, a], [0, b_deg])
    ...     return fig
    >>> e = explore(draw, a=(0, 5), b_deg=(0.0, 9.0))
    >>> e.set(a=3)
    >>> e, e.values, e.error
    (Explorer(a = 3, b (deg) = 2.0), {'a': 3, 'b_deg': 2.0}, '')
    """

    def __init__(self, draw: Callable[..., Any], /, *, labels: dict[str, str] | None = None, **sliders: Any):
        from ipywidgets import HBox, Image, Label, VBox, interactive

        if not 2 <= len(sliders) <= 4:
            raise ParameterError(f"{len(sliders)} slider(s); allowed: 2 to 4; leave the rest at the defaults of draw")
        own = {name: p.default for name, p in inspect.signature(draw).parameters.items() if p.default is not p.empty}
        self._draw, self._places, self._drawn, self._lock = draw, [], {}, threading.Lock()
        self._image = Image(layout=dict(align_self="flex-start", max_width="100%"))
        self._note, self._failure = (Label(style=dict(font_size="11px", text_color=c)) for c in ("gray", "#B00020"))
        wake = getattr(asyncio._get_running_loop(), "call_soon_threadsafe", lambda redraw: redraw())
        self._sliders, self._shown = {}, ()  # exceptions: at the defaults none is shown, all are raised
        for name, spec in sliders.items():
            slider = self._sliders[name] = interactive.widget_from_abbrev(spec, own[check_choice("name", name, [*own])])
            unit = unit_of(name)
            text = f"{name[: -len(unit) - 1]} ({unit})" if unit else name
            slider.description = (labels or {}).get(name, text)
            slider.layout.width, slider.style.description_width = "400px", "140px"
            slider.observe(lambda _: wake(self._redraw), "value")
        self.set(**{name: own[name] for name in sliders})
        self._box = VBox([HBox([VBox([*self._sliders.values()]), VBox([self._note, self._failure])]), self._image])
        self._shown = Exception

    @property
    def values(self) -> dict[str, Any]:
        """Values of the sliders, {name: value}."""
        return {name: slider.value for name, slider in self._sliders.items()}

    def set(self, **values: Any) -> None:
        """Move some sliders and draw once."""
        with self._lock:  # which no redraw can take before all are moved
            for name, value in values.items():
                self._sliders[check_choice("name", name, [*self._sliders])].value = value
        self._redraw()
        if self.values != self.values | values:
            raise ParameterError(f"{values} lies outside the sliders, which now stand at {self.values}")

    def figure(self) -> Any:
        """Return a new Figure of the present values, not open in pyplot."""
        import matplotlib.pyplot as plt

        before = plt.get_fignums()
        try:
            return self._draw(**self.values)
        finally:
            for number in set(plt.get_fignums()) - set(before):
                plt.close(number)

    def _redraw(self):
        from IPython.core.pylabtools import print_figure

        while self._drawn != self.values and self._lock.acquire(blocking=False):
            start, self._drawn, self.error = time.perf_counter(), self.values, ""
            try:
                fig = self.figure()
                fig.set_layout_engine("none" if self._places else fig.get_layout_engine())
                for ax, place in zip(fig.axes, self._places, strict=False):
                    ax.set_position(place)  # where the first layout put them, so that nothing jumps
                self._image.value = print_figure(fig, bbox_inches=None, dpi=110)
                self._places = [ax.get_position(original=True) for ax in fig.axes]
            except self._shown as failure:
                self.error = f"{type(failure).__name__}: {' '.join(str(failure).split())}"
            finally:
                self._lock.release()
            self.seconds = time.perf_counter() - start
            self._note.value, self._failure.value = f"redraw {self.seconds:.2f} s", self.error

    def __repr__(self):
        return f"Explorer({', '.join(f'{slider.description} = {slider.value}' for slider in self._sliders.values())})"

    def _repr_mimebundle_(self, **_):
        return {"text/plain": repr(self), "image/png": b64encode(self._image.value).decode()}

    def _ipython_display_(self):
        show_beside(self._box, self)


def show_beside(box: Any, still: Any) -> None:
    """Display a box of widgets (VBox), and in its place the picture of `still` where no kernel knows the box."""
    from IPython.display import display

    live = box._repr_mimebundle_() | {"text/plain": ""}
    for data in (still._repr_mimebundle_(), {"text/html": STILL, "text/plain": ""}, live):
        display(data, raw=True)


explore = Explorer


doors(globals())
