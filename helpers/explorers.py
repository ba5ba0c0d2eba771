"""A picture with sliders: the play cell of a notebook.

``explore(draw, g=(0.2, 4.0, 0.2), seed=(0, 9))`` shows the figure that ``draw`` returns for its default values and
draws it again when a slider moves. The committed file keeps the default picture, so that a page without a kernel
still shows it. Widget callbacks may run in a thread of their own while a cell runs: they only wake the kernel's event
loop, so that matplotlib is never used twice at a time, and moves made during a redraw are merged into the next one.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import inspect
import io
import threading
import time

from helpers.errors import ParameterError, check_choice

__all__ = ["Explorer", "explore"]

DPI = 110  # of the picture on the screen
UNITS = {unit.lower(): unit for unit in ("cm", "deg", "Hz", "mm", "ms", "mV", "nA", "px", "rad", "s", "uS")}


def explore(draw, /, *, labels=None, **sliders):
    """Return an :class:`Explorer`: sliders above the picture of `draw`.

    Parameters
    ----------
    draw : callable
        Takes keyword values, all with defaults, and returns a matplotlib Figure. Fixed axis limits keep a change
        visible as a change.
    labels : dict, optional
        {name: text beside the slider}; by default ``b_theta_deg`` becomes "b_theta (deg)".
    **sliders
        Two to four of the parameters of `draw`, each as :func:`ipywidgets.interact` takes it: ``(low, high, step)``,
        a list of choices, or a bool. They start at the defaults of `draw`.

    Raises
    ------
    ParameterError
        For another number of sliders, an unknown name, or a default outside its slider. An exception of `draw` at its
        defaults is raised too.
    """
    return Explorer(draw, sliders, labels or {})


def _label(name):
    head, _, unit = name.rpartition("_")
    return f"{head} ({UNITS[unit]})" if head and unit in UNITS else name


def _slider(label, spec, default):
    from ipywidgets import interactive

    slider = interactive.widget_from_abbrev(spec, default)
    if slider is None:
        raise ParameterError(f"{label}: {spec!r} makes no slider; give (low, high, step), a list of choices, or a bool")
    slider.set_trait("description", label)
    slider.style.description_width, slider.layout.width = "120px", "380px"
    return slider


class Explorer:
    """Sliders and the picture of their values, see :func:`explore`.

    Attributes
    ----------
    seconds : float
        Time of the last redraw, s.
    error : str
        The last exception of `draw` as one line, empty if the picture is that of the values.

    Examples
    --------
    >>> import matplotlib.figure
    >>> e = explore(lambda a=1, b_deg=2.0: matplotlib.figure.Figure(), a=(0, 5), b_deg=(0.0, 9.0))
    >>> e.set(a=3).values, e
    ({'a': 3, 'b_deg': 2.0}, Explorer(a = 3, b (deg) = 2.0))
    """

    def __init__(self, draw, sliders, labels):
        from ipywidgets import HBox, Image, Label, Layout, VBox

        if not 2 <= len(sliders) <= 4:
            raise ParameterError(f"{len(sliders)} slider(s); allowed: 2 to 4; leave the rest at the defaults of draw")
        known = {name: p.default for name, p in inspect.signature(draw).parameters.items() if p.default is not p.empty}
        for name in (*sliders, *labels):
            check_choice("slider", name, tuple(known))
        self._labels = {name: labels.get(name, _label(name)) for name in sliders}
        self._sliders = {name: _slider(self._labels[name], spec, known[name]) for name, spec in sliders.items()}
        self._draw, self._image, self._places = draw, Image(), {}
        self._note, self._failure = (Label(style=dict(font_size="11px", text_color=c)) for c in ("gray", "#B00020"))
        self._lock, self._stale, self._held, self._loop = threading.Lock(), False, False, None
        with contextlib.suppress(RuntimeError):
            self._loop = asyncio.get_running_loop()  # the main one; a callback may find another
        self._put({name: known[name] for name in sliders})
        self._paint()
        for slider in self._sliders.values():
            slider.observe(self._moved, "value")
        texts = VBox([self._note, self._failure], layout=Layout(margin="0 0 0 12px"))
        self._box = VBox([HBox([VBox(list(self._sliders.values())), texts]), self._image])

    @property
    def values(self):
        """Return the values of the sliders, {name: value}."""
        return {name: slider.value for name, slider in self._sliders.items()}

    def set(self, **values):
        """Move sliders and draw once; returns self. A value outside its slider raises, and none is moved."""
        old, self._held = self.values, True
        try:
            self._put(values)
        except ParameterError:
            self._put(old)
            raise
        finally:
            self._held = False
        self._stale = True
        self._redraw(wait=True)
        return self

    def _put(self, values):
        for name, value in values.items():
            slider = self._sliders[check_choice("slider", name, tuple(self._sliders))]
            with contextlib.suppress(TraitError):
                slider.value = value
            if slider.value != value:
                raise ParameterError(f"{name} = {value!r} is outside its slider; see the call of explore for its range")

    def figure(self):
        """Return a new Figure of the present values; it is not open in pyplot."""
        import matplotlib.pyplot as plt

        before = plt.get_fignums()
        try:
            fig = self._draw(**self.values)
        finally:
            for number in set(plt.get_fignums()) - set(before):
                plt.close(number)
        if not hasattr(fig, "savefig"):
            raise ParameterError(f"draw returned a {type(fig).__name__}; end it with: return fig")
        return fig

    def _moved(self, _):
        self._stale = True
        if self._loop is not None and self._loop.is_running():
            self._loop.call_soon_threadsafe(self._redraw)
        elif not self._held:
            self._redraw()

    def _redraw(self, wait=False):
        while self._stale and not self._held and self._lock.acquire(blocking=wait):
            try:
                self._stale = False
                self._paint()
            except Exception as failure:
                self.error = f"{type(failure).__name__}: {' '.join(str(failure).split())}"
                self._failure.value = self.error
            finally:
                self._lock.release()

    def _paint(self):
        start = time.perf_counter()
        fig = self.figure()
        shape = (*fig.get_size_inches(), len(fig.axes))
        if shape in self._places:  # as in the first picture: nothing jumps, and the layout need not be solved again
            fig.set_layout_engine("none")
            for ax, place in zip(fig.axes, self._places[shape], strict=True):
                ax.set_position(place)
        page = io.BytesIO()
        fig.savefig(page, format="png", dpi=DPI, metadata={"Software": None})
        self._places[shape] = [ax.get_position(original=True) for ax in fig.axes]
        self._image.value, self.error, self._failure.value = page.getvalue(), "", ""
        self.seconds = time.perf_counter() - start
        self._note.value = f"redraw {self.seconds:.2f} s"

    def __repr__(self):
        return f"Explorer({', '.join(f'{self._labels[name]} = {value}' for name, value in self.values.items())})"

    def _repr_mimebundle_(self, **_):
        picture = base64.b64encode(self._image.value).decode()
        return self._box._repr_mimebundle_() | {"text/plain": repr(self), "image/png": picture}
