"""What the live view is made of: canvas, controls, what a network offers to them, and the static figure."""

from __future__ import annotations

import functools
import html
import io
import itertools
import linecache
import math
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import anywidget
import ipywidgets
import numpy as np
import traitlets

from helpers.modular.core import Network, NeuronGroup, Parent, SynapseGroup
from helpers.modular.history import MAX_WINDOW
from helpers.modular.panels import Bars, Lines, Map
from helpers.modular.recorder import Recorder
from helpers.modular.tags import Behaviour
from helpers.parameters import ParameterError, doors, short

if TYPE_CHECKING:  # matplotlib is loaded by the first picture
    from matplotlib.figure import Figure

__all__ = ["Canvas", "Controls", "arrays", "behaviour", "behaviours", "explained", "parameters", "picture", "png"]

HIDDEN = ("id", "x", "y", "z", "mask")
BUTTONS = (
    ("play", "Play", "play", "Iterate until paused"),
    ("pause", "Pause", "pause", "Stop after the running iteration; a kernel interrupt does not stop Play"),
    ("step", "Step", "step-forward", "One iteration"),
    ("forward", "Forward", "forward", "As many iterations as stand beside, without drawing"),
    ("reset", "Reset", "undo", "Back to the state at which the view was made; parameters keep their values"),
    ("initialize", "Initialise", "refresh", "Set all variables anew with the parameters of now, from iteration 0"),
    ("defaults", "Defaults", "eraser", "Parameters as they were when the view was made"),
    ("save_picture", "Picture", "image", "Download this view as a PNG figure"),
    ("save", "Save state", "download", "Download the state of the network (npz)"),
)
ROWS = (
    ("play", "pause", "step", "speed", "forward", "amount", "progress"),
    ("shown", "synapse", "log", "window"),
    ("reset", "initialize", "defaults", "save_picture", "save", "load"),
)
FLOW = dict(flex_flow="row wrap", align_items="center")


class Canvas(anywidget.AnyWidget):
    """The panels in the notebook; frames are custom messages."""

    _esm = Path(__file__).with_name("live_view.js").read_text(encoding="utf-8")
    label = traitlets.Unicode().tag(sync=True)


# --- what a network offers


def arrays(parent: NeuronGroup | SynapseGroup) -> list[str]:
    """Return the names of the numeric arrays with one value for each neuron of a group, or each pair of synapses."""
    shape, found = (parent.size,) if hasattr(parent, "size") else parent.shape, []
    for name, value in vars(parent).items():
        kind = getattr(getattr(value, "dtype", None), "kind", "f")
        if name not in HIDDEN and name[0] != "_" and getattr(value, "shape", None) == shape and kind in "biuf":
            found.append(name)
    return found


def behaviours(net: Network) -> dict[str, tuple[Behaviour, Parent, float]]:
    """Return {identity: (behaviour, parent, key)}, the class name, numbered from the second on; recorders left out."""
    found, seen = {}, {}
    for parent in (net, *net.NeuronGroups, *net.SynapseGroups):
        for key, item in parent.behaviour.items():
            name = type(item).__name__
            if not (isinstance(item, Recorder) or item.run_on_init):
                seen[name] = seen.get(name, 0) + 1
                found[name if seen[name] == 1 else f"{name}-{seen[name]}"] = item, parent, key
    return found


def behaviour(net: Network, which: Behaviour | type | str) -> Behaviour:
    """Return the one behaviour that is given itself, or by its class, a tag or its name in the view."""
    known, found = behaviours(net), []
    for name, (item, *_) in known.items():
        if which == name:
            return item
        if which is item or which is type(item) or which in item.tags:
            found.append(item)
    if len(found) != 1:
        raise ParameterError(f"{short(which)} is {len(found)} behaviours, not one; known: {', '.join(known) or 'none'}")
    return found[0]


def parameters(behaviour: Behaviour) -> dict[str, float]:
    """Return {name: value} of the finite numbers among the keyword arguments and attributes of a behaviour."""
    found = {}
    for name, value in (behaviour.init_kwargs | vars(behaviour)).items():
        number = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
        if number and math.isfinite(value) and name[0] != "_":
            found[name] = value
    return found


def explained(failure: Exception, where: str = "") -> str:
    """Return an exception as html: a line that names the behaviour and where in it, which opens the traceback."""
    text = f"{where}{type(failure).__name__}: {failure}"
    for frame, line in traceback.walk_tb(failure.__traceback__):
        owner, code = next(iter(frame.f_locals.values()), None), frame.f_code  # the first argument
        if isinstance(owner, Behaviour):
            source = linecache.getline(code.co_filename, line).strip()
            text = f"{type(owner).__name__}.{code.co_name}, line {line}: {source} | {type(failure).__name__}: {failure}"
    whole = "".join(traceback.format_exception(failure))
    return f"<details><summary>{html.escape(text)}</summary><pre>{html.escape(whole)}</pre></details>"


# --- controls


def marked(name, widget):
    """Return a widget with a class of its own in the page, so that it can be found there."""
    widget.add_class(f"mv-{name}")
    return widget


def settings(window):
    """Return {name: widget} of the boxes and sliders that hold the settings of a view."""
    narrow, box, wide = dict(width="90px"), dict(width="160px"), dict(width="260px")
    found = dict(
        speed=ipywidgets.FloatLogSlider(1, min=0, max=3, step=0.01, description="it/frame", readout_format="d"),
        amount=ipywidgets.BoundedIntText(1000, min=1, max=10**9, layout=narrow),
        progress=ipywidgets.FloatProgress(0, min=0, max=1, layout=dict(width="100px")),
        shown=ipywidgets.SelectMultiple(rows=3, layout=wide, tooltip="Several with Ctrl or Shift"),
        synapse=ipywidgets.Dropdown(description="synapses", layout=wide),
        log=ipywidgets.Checkbox(False, description="log axis", indent=False, layout=narrow),
        window=ipywidgets.BoundedIntText(window, min=10, max=MAX_WINDOW, description="window", layout=box),
        load=ipywidgets.FileUpload(accept=".npz", description="Load state", layout=dict(width="auto")),
        error=ipywidgets.HTML(),
    )
    return {name: marked(name, widget) for name, widget in found.items()}


def slider(behaviour, name, value):
    """Return a slider for a parameter; one that is no attribute says that it is read at the start."""
    low, high = (0, 1) if 0.5 <= value <= 1 or value == 0 else (min(0, 4 * value), max(0, 4 * value))
    step = 1 if isinstance(value, int) and high - low > 2 else 10.0 ** math.floor(math.log10((high - low) / 200))
    made = ipywidgets.FloatSlider(float(value), min=low, max=high, step=step, readout_format=".4g")
    made.description, made.style.description_width = name if hasattr(behaviour, name) else f"{name} (start)", "120px"
    return made


def held(behaviour, word):
    """Return what a switch ("enabled") or the slider of a parameter has to show."""
    return bool(behaviour.behaviour_enabled) if word == "enabled" else float(parameters(behaviour)[word])


def show(control, value):
    """Let a switch or slider show a value; a slider grows where that is needed."""
    if value != control.value:
        if not isinstance(value, bool):
            control.min, control.max = min(control.min, value), max(control.max, value)
        control.value = value


def offer(ui):
    """Let the boxes offer what can be shown now; what is chosen and still there stays chosen."""
    for box, names in ((ui.shown, tuple(ui.offers())), (ui.synapse, tuple(ui.synapses()))):
        if box.options != names:
            several = isinstance(box.value, tuple)
            kept = [name for name in (box.value if several else (box.value,)) if name in names] or list(names[:1])
            with box.hold_sync():
                box.options = names
                box.value = kept if several else next(iter(kept), None)


class Controls:
    """The buttons of a live view, and for each behaviour a card with a switch and sliders; each asks (``ui.ask``)."""

    def __init__(self, ui):
        self.ui, self.buttons, self.changers, self.cards = ui, {}, {}, marked("cards", ipywidgets.Box())
        for name, text, icon, tip in BUTTONS:
            button = ipywidgets.Button(description=text, icon=icon, tooltip=tip, layout=dict(width="auto"))
            button.on_click(lambda _, name=name: ui.ask(name))
            self.buttons[name] = marked(name, button)
        self.buttons["play"].button_style = "primary"

    def refresh(self) -> None:
        """Show what holds now, and offer what there is now."""
        offer(self.ui)
        ui, known, button = self.ui, behaviours(self.ui.net), self.buttons
        names = [(name, word) for name, (item, *_) in known.items() for word in ("enabled", *parameters(item))]
        if names != list(self.changers) and ("parameters", ()) in ui.modules:
            self.changers = {}
            self.cards.children = [self._card(name, *found) for name, found in known.items()]
        for (name, word), control in self.changers.items() if not ui.queue else ():
            show(control, held(known[name][0], word))
        button["play"].disabled, button["pause"].disabled = ui.playing, not ui.playing
        ui.progress.layout.visibility = "visible" if ui.progress.value else "hidden"
        ui.synapse.layout.display = None if len(ui.synapse.options) > 1 else "none"
        waiting = [name for item, name in ui.changed if not hasattr(item, name)]
        button["initialize"].button_style = "warning" if waiting else ""

    def _card(self, name, item, parent, key):
        switch = ipywidgets.Checkbox(indent=False, description=f"{name}  ({parent.tags[0]}, key {key:g})")
        sliders = {word: slider(item, word, value) for word, value in parameters(item).items()}
        for word, control in {"enabled": switch, **sliders}.items():
            control.value = held(item, word)
            control.observe(functools.partial(self._moved, item, name, word), "value")
            self.changers[name, word] = marked(f"param-{name}-{word}", control)
        return ipywidgets.VBox([switch, *sliders.values()])

    def _moved(self, item, name, word, change):
        if change.new != held(item, word):
            self.ui.ask(*(("enable", name) if word == "enabled" else ("set", name, word)), change.new)

    def arranged(self, canvas: Canvas) -> ipywidgets.VBox:
        """Return controls, settings and a canvas as one widget."""
        found, rows = self.buttons | self.ui.settings, []
        for names in ROWS:
            rows.append(ipywidgets.Box([found[name] for name in names], layout=FLOW))
        return ipywidgets.VBox([*rows, self.ui.error, canvas, self.cards])


# --- the static figure


def picture(drawn: Sequence[Map | Lines | Bars]) -> Figure:
    """Return a matplotlib Figure of panels, 160 mm wide, three in a row."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    rows = -(-len(drawn) // 3)
    with rc_context(fname=Path(__file__).parents[1] / "thesis.mplstyle"):
        fig = Figure(figsize=(160 / 25.4, 45 / 25.4 * rows), layout="constrained")
        for ax, panel in itertools.zip_longest(fig.subplots(rows, 3, squeeze=False).flat, drawn):
            if panel is None:
                ax.set_axis_off()
            else:
                ax.set_title(panel.title, fontsize=6, loc="left")
                panel.draw(ax)
    return fig


def png(figure: Figure) -> bytes:
    """Return a figure as the bytes of a PNG."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=150, facecolor="white", metadata={"Software": None})
    return file.getvalue()


doors(globals())
