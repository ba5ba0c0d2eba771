"""The live view of a network: ``from helpers.modular.ui import *`` and the call of the seed's README.

``Network_UI(net, modules=get_default_UI_modules(["activity"], ["W"]), label="My_Network_UI").show()`` shows a widget in
JupyterLab and a picture where no widget can run. *Play* is a task on the kernel's event loop that iterates for at most
10 ms at a time, so that the kernel is never blocked. Widget callbacks may run in another thread: they only append to a
queue or wake the loop, and changes are taken from the queue between two iterations. Without a browser everything works
too: ``ui.run(300)``, ``ui.step()``, ``ui.set("Decay", "factor", 0.9)``, ``ui.window.value = 500``.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import functools
import io
import math
import os
import signal
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import ipywidgets
import numpy as np

from helpers.explorers import show_beside
from helpers.modular import panels, state, view
from helpers.modular.core import Network, NeuronGroup, SynapseGroup
from helpers.modular.history import MAX_PICKED, MAX_WINDOW, History
from helpers.modular.panels import Bars, Lines, Map, Modules, get_default_UI_modules
from helpers.modular.tags import Behaviour
from helpers.parameters import BackendError, ParameterError, check_choice, check_integer, check_number, doors, short

if TYPE_CHECKING:  # matplotlib is loaded by the first picture
    from matplotlib.figure import Figure

__all__ = ["Bars", "Lines", "Map", "Network_UI", "get_default_UI_modules"]

SLICE_S, PAUSE_S, FRAME_S, REST_S, CALL_S = 0.01, 0.002, 1 / 30, 0.3, 1
SHARE = 30  # a panel rests 30 times as long as it takes
IN_FLIGHT = 4  # frames that are sent and not yet acknowledged
CHANGES = ("set", "enable", "select", "defaults", "_click")  # made between two iterations, also of a run
MESSAGES = dict(ack=[int], opened=[str], gone=[str], click=[str, int, int, bool])  # of the page: words, arguments
NOTHING = dict(kind="none"), b""  # is sent for a panel without data
OPEN = weakref.WeakSet()  # the views that are displayed


class Network_UI:
    """A view that plays, shows and changes an initialised network.

    Parameters
    ----------
    net : Network
    modules : list, optional
        Panels of :func:`get_default_UI_modules`, and functions of the view; without variables, all vectors.
    label : str
    group_display_count : int
        Number of groups that are shown at first, each with its first variable.
    window : int
        Iterations along the time axes, 10 to 10,000.

    The settings are widgets, also without a browser: ``speed`` (iterations per frame), ``window``, ``log``, ``shown``
    (names of :meth:`offers`) and ``synapse`` (a name of :meth:`synapses`), each with its ``value``. Nothing is iterated
    or cleared at construction; the state at that moment is kept for :meth:`reset`.
    """

    def __init__(
        self, net: Network, modules: Modules | None = None, label: str = "Network_UI", group_display_count: int = 1,
        *, window: int = 1000,
    ) -> None:  # fmt: skip
        if getattr(net, "_schedule", None) is None:
            raise BackendError("the network is not initialised; call initialize() before Network_UI(...)")
        self.net, self.label, self.modules = net, str(label), get_default_UI_modules() if modules is None else modules
        for module in self.modules:
            if not callable(module):
                if not (isinstance(module, tuple | list) and module):
                    raise ParameterError(f"module = {short(module)} is no (kind, variables); give such pairs")
                check_choice("module", module[0], (*panels.OF_NEURONS, *panels.OF_SYNAPSES, "parameters"))
        if not self.offers():
            known = sorted({name for group in net.NeuronGroups for name in view.arrays(group)})
            raise ParameterError(f"no group has a variable of the modules; known vectors: {', '.join(known) or 'none'}")
        count = check_integer("group_display_count", group_display_count, 1)
        self._start, self.changed, self.queue, self._loop = state.capture(net), {}, deque(), None
        with contextlib.suppress(RuntimeError):
            self._loop = asyncio.get_running_loop()  # the main one; a callback may find another
        self._histories, self._picked, self._due, self._canvases = {}, {}, {}, set()
        self._seq = self._seen = self._job = self._frame_at = 0
        self._box, self.settings = None, view.settings(check_integer("window", window, 10, MAX_WINDOW))
        self.__dict__.update(self.settings)
        self.pause()
        view.offer(self)
        first = {}
        for name, (group, _) in self.offers().items():
            first.setdefault(group, name)
        self.shown.value = list(first.values())[:count]
        for name in ("shown", "synapse", "log", "window"):
            self.settings[name].observe(lambda _: self.ask("_publish"), "value")
        self.load.observe(lambda change: self.ask("_load") if change.new else None, "value")

    # --- what is looked at

    @property
    def iteration(self) -> int:
        """Iterations of the network so far."""
        return self.net.iteration

    def _offered(self, parents, kinds):
        wanted, found = {}, {}
        for module in self.modules:
            if not callable(module) and module[0] in kinds:
                wanted |= dict.fromkeys(module[1])
        for parent in parents:
            known = view.arrays(parent)
            for variable in wanted or known:
                if variable in known:
                    name = f"{parent.tags[0]}: {variable}"
                    found[f"{name}, {parent.tags[1]}" if name in found else name] = parent, variable
        return found

    def offers(self) -> dict[str, tuple[NeuronGroup, str]]:
        """Return {name: (group, variable)} of the vectors that can be shown now: those of the modules, else all."""
        return self._offered(self.net.NeuronGroups, panels.OF_NEURONS)

    def synapses(self) -> dict[str, tuple[SynapseGroup, str]]:
        """Return {name: (synapse group, variable)} of the weights that can be shown now."""
        return self._offered(self.net.SynapseGroups, panels.OF_SYNAPSES)

    def pairs(self) -> list[tuple[NeuronGroup, str]]:
        """Return the list of (group, variable) that are shown."""
        known = self.offers()
        return [known[name] for name in self.shown.value if name in known] or list(known.values())[:1]

    def history(self, group: NeuronGroup, variable: str) -> History:
        """Return the :class:`~helpers.modular.history.History` of a variable, which begins when it is first shown."""
        if (group, variable) not in self._histories:
            self._histories[group, variable] = History(group.size)
        return self._histories[group, variable]

    def samples(self, group: NeuronGroup | None = None, variable: str | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return (iterations (n,), values (n, rows)) that were seen in the window; of the first shown variable.

        Rows are neurons, beyond 500 every k-th one.
        """
        history = self.history(*(self.pairs()[0] if group is None else (group, variable)))
        now = history.last(self.iteration, self.window.value)
        return history.times[now], history.rows[now]

    def picked(self, group: NeuronGroup) -> list[int]:
        """Return the list of the picked neurons of a group; at first the one in the middle."""
        return self._picked.setdefault(group, [group.size // 2])

    def panels(self) -> dict[str, Callable[[], Map | Lines | Bars | None]]:
        """Return {name: function without arguments} of all panels; a second variable has names with -1."""
        found, weights = {}, self.synapses().get(self.synapse.value)
        if weights:
            weights = self.synapse.value, weights[0], panels.matrix(getattr(*weights))
        kinds = [module if callable(module) else module[0] for module in self.modules]
        for k, pair in enumerate(self.pairs()):
            for kind in kinds:
                if kind in panels.OF_NEURONS:
                    found[f"{kind}-{k}" if k else kind] = functools.partial(panels.OF_NEURONS[kind], self, *pair)
        for kind in kinds:
            if callable(kind):
                found[kind.__name__] = functools.partial(kind, self)
            elif kind in panels.OF_SYNAPSES and weights:
                found[kind] = functools.partial(panels.OF_SYNAPSES[kind], self, *weights)
        return found

    # --- what is changed

    def set(self, behaviour: Behaviour | type | str, name: str, value: float) -> None:
        """Set a number of a behaviour (itself, or its class, tag or name in the view) before the next iteration."""
        item, value = view.behaviour(self.net, behaviour), check_number(name, value, high_open=True)
        old = view.parameters(item).get(check_choice("name", name, list(view.parameters(item))))
        self._put(item, name, int(value) if isinstance(old, int) and value.is_integer() else value)
        self._publish(idle=True)

    def enable(self, behaviour: Behaviour | type | str, on: bool = True) -> None:
        """Let a behaviour run, or leave it out."""
        self._put(view.behaviour(self.net, behaviour), "behaviour_enabled", bool(on))
        self._publish(idle=True)

    def _put(self, item, name, value):
        old = self.changed.get((item, name)) or [getattr(item, name, item.init_kwargs.get(name))]
        self.changed[item, name] = [old[0], value]
        for holder in (vars(item), item.init_kwargs):
            if name in holder:
                holder[name] = value

    def defaults(self) -> None:
        """Give all parameters and behaviours the values that they had before they were changed here."""
        self._take_back()
        self._publish(idle=True)

    def _take_back(self):
        for (item, name), (old, _) in list(self.changed.items()):
            self._put(item, name, old)

    def select(self, group: int | str, index: int, add: bool = False) -> None:
        """Pick the neuron `index` of a group (its place in the network, or tag); `add` keeps the others picked."""
        tags = [g.tags[0] for g in self.net.NeuronGroups]
        place = tags.index(check_choice("group", group, tags)) if isinstance(group, str) else group
        group = self.net.NeuronGroups[check_integer("group", place, 0, len(tags) - 1)]
        check_integer("index", index, 0, group.size - 1)
        others = [neuron for neuron in self.picked(group) if add and neuron != index]
        self._picked[group] = [*others[1 - MAX_PICKED :], index]
        for (of, _), history in self._histories.items():
            if of is group:
                history.pick(self._picked[group])
        self._publish(idle=True)

    # --- running

    def _watch(self):
        """Begin the histories of what is shown now; what was shown before goes on."""
        self.error.value = ""
        for pair in self.pairs():
            self.history(*pair)

    def _advance(self):
        self._settle()
        self.net.simulate_iteration()
        for (group, variable), history in self._histories.items():
            values = getattr(group, variable, None)
            if isinstance(values, np.ndarray) and values.shape == (group.size,):
                history.add(self.iteration, values, self.picked(group))

    def run(self, n: int, *, frames: bool = True) -> None:
        """Run `n` iterations now; an interrupt, or *pause* in the view, stops between two iterations."""
        from tqdm.auto import tqdm

        n, self._stop, hits, old = check_integer("n", n, 0), False, [], None
        self._watch()

        def note(*_):  # a second interrupt acts at once
            hits.append(self.pause())
            signal.signal(signal.SIGINT, old)

        if threading.current_thread() is threading.main_thread():
            old = signal.signal(signal.SIGINT, note)
        try:
            for _ in tqdm(range(n), disable=bool(os.environ.get("CI")), delay=3, desc=self.label, leave=False):
                if self._stop:
                    break
                self._advance()
                self._show(frames)
        finally:
            if old is not None:
                signal.signal(signal.SIGINT, old)
        self._publish()
        if hits:
            raise KeyboardInterrupt(f"stopped after iteration {self.iteration}; the network is whole and can continue")

    def fast_forward(self, n: int) -> None:
        """Run `n` iterations now without drawing in between."""
        self.run(n, frames=False)

    def step(self, n: int = 1) -> None:
        """Stop playing and run `n` iterations."""
        self.pause()
        self.run(n, frames=False)

    def reset(self, parameters: bool = False) -> None:
        """Go back to the state at construction and clear the recorders; changed parameters go back on request."""
        state.restore(self.net, self._start)
        if parameters:
            self._take_back()
            self.changed = {}
        self.net.clear_recorder()
        self._restart(self.changed)

    def initialize(self) -> None:
        """Set the variables of all behaviours anew with the present parameters; the iterations begin at 0.

        This is how a parameter that is read at the start only comes into force. :meth:`reset` then goes back to here.
        """
        self.pause()
        self.net.initialize(warnings=False)
        self.net.iteration = 0
        self._restart(self.changed)
        self._start = state.capture(self.net)

    def _restart(self, again=()):
        self.error.value, self._histories = "", {}
        for item, name in again:
            self._put(item, name, self.changed[item, name][1])
        self._publish()

    def play(self) -> None:
        """Iterate on the event loop until :meth:`pause`; a kernel interrupt does not stop it."""
        self._begin(math.inf)

    def forward(self, n: int | None = None) -> None:
        """Run `n` iterations on the event loop without drawing, until :meth:`pause`; by default ``amount.value``."""
        self._begin(check_integer("n", self.amount.value if n is None else n, 1))

    def pause(self) -> None:
        """Stop playing, a run or a fast-forward between two iterations."""
        self._job, self.playing, self._stop = self._job + 1, False, True

    def _begin(self, n):
        if self._loop is None or self._loop.is_closed():
            raise BackendError("play needs the event loop of a notebook; call run(n) instead")
        self.pause()  # what is not the current job ends at its next turn
        self.playing = True
        for ui in self._views():
            ui._seen = ui._seq  # a lost acknowledgement cannot block the frames
        self._watch()
        self._task = self._loop.create_task(self._play(self._job, n))
        self._publish()

    async def _play(self, job, n):
        """Iterate `n` times as fast as possible, or without an end, then `speed` times in each frame."""
        done = drawn = 0
        try:
            while job == self._job and done < n:
                end, target = time.perf_counter() + SLICE_S, min(n, drawn + round(self.speed.value))
                target = n if n < math.inf else target
                while done < target and job == self._job and time.perf_counter() < end:
                    self._advance()
                    done += 1
                if self._show(frame=n == math.inf):
                    drawn, self.progress.value = done, done / n
                await asyncio.sleep(max(PAUSE_S, self._frame_at - time.perf_counter() if done == target else 0))
        except Exception as failure:
            self._report(failure)
        if job == self._job:
            self.pause()
        self.progress.value = 0
        self._publish()

    def _report(self, failure, where=""):
        self.pause()
        self.error.value = view.explained(failure, where)

    # --- what controls and canvas ask for, in whatever thread

    def ask(self, do: str, *arguments: Any) -> None:
        """Call a method by name, from whatever thread; what goes wrong is shown in the view.

        A change is made between two iterations, also during a run; everything else waits until the kernel is free.
        """
        call = functools.partial(self._obey, do, *arguments)
        if do == "pause":
            self.pause()
        if do in CHANGES:
            self.queue.append(call)
            call = functools.partial(self._obey, "_settle")
        if self._loop:
            self._loop.call_soon_threadsafe(call)
        else:
            call()

    def _settle(self):
        while self.queue:
            self.queue.popleft()()

    def _obey(self, do, *arguments):
        try:
            getattr(self, do)(*arguments)
        except Exception as failure:
            self._report(failure)
            self._publish()

    def _receive(self, _, content, buffers):
        wanted = MESSAGES.get(str(content.get("do"))) if isinstance(content, dict) else None
        arguments = content.get("args") if wanted else None
        if not isinstance(arguments, list) or [type(argument) for argument in arguments] != wanted:
            return  # not of our page
        if content["do"] == "ack":
            self._seen = max(self._seen, *arguments)
        else:
            self.ask(f"_{content['do']}", *arguments)

    def _opened(self, identity):
        self._canvases.add(identity)
        self._seen = self._seq
        self._publish()

    def _gone(self, identity):
        """Call the other canvases; where none answers nobody looks, and play stops."""
        self._canvases.clear()
        self._canvas.send(dict(kind="call"))
        if self._loop:
            self._loop.call_later(CALL_S, lambda: self._canvases or self.ask("pause"))

    def _click(self, panel, column, row, add):
        if panel.partition("-")[0] != "grid" or panel not in self.panels():
            return
        group = self.pairs()[int(panel.partition("-")[2] or 0)][0]
        index = row * panels.width(group) + column
        if 0 <= column < panels.width(group) and 0 <= index < group.size:
            self.select(self.net.NeuronGroups.index(group), index, add)

    def save_picture(self) -> None:
        """Let the browser download the picture."""
        self._download("png", view.png(self.snapshot()))

    def save(self) -> None:
        """Let the browser download the state of the network."""
        file = io.BytesIO()
        state.save_state(self.net, file)
        self._download("npz", file.getvalue())

    def _download(self, suffix, content):
        self._canvas.send(dict(kind="file", name=f"{self.label}_{self.iteration}.{suffix}"), buffers=[content])

    def _load(self):
        content, self.load.value = bytes(self.load.value[0]["content"]), ()
        state.load_state(self.net, io.BytesIO(content))
        self._restart()

    # --- what is sent to the page, from the main thread

    def _views(self):
        """Return all views of the network that somebody looks at."""
        return [ui for ui in OPEN if ui.net is self.net and ui._canvases]

    def _publish(self, idle=False):
        """Bring all views of the network up to date, whatever is in flight; `idle`: unless it plays."""
        for ui in [] if idle and self.playing else self._views():
            ui._send(everything=True)

    def _show(self, frame=True):
        """Send what is due if 1/30 s is over, and return whether it is. A view that is behind misses frames."""
        now = time.perf_counter()
        if now < self._frame_at:
            return False
        self._frame_at = now + FRAME_S
        for ui in self._views():
            if ui._seq - ui._seen < IN_FLIGHT:
                ui._send(frame)
        return True

    def _send(self, frame=True, everything=False):
        """Send the panels that are due; an expensive one rests so long that it takes 3 % of the time."""
        drawn, headers, buffers = self.panels() if frame else {}, [], []
        for name, draw in {"controls": self.controls.refresh, **drawn}.items():
            start = time.perf_counter()
            if start < self._due.get(name, 0) and not everything:
                continue
            try:
                panel = draw()
                header, content = panel.encoded() if panel else NOTHING
            except Exception as failure:
                header, content = NOTHING
                if not self.error.value:  # the first one is the cause
                    self._report(failure, f"panel {name}: ")
            if name in drawn:
                headers.append(header | dict(name=name))
                buffers.append(content)
            end, rest = time.perf_counter(), 0 if name.partition("-")[0] in panels.ROW else REST_S
            self._due[name] = end + max(rest, SHARE * (end - start))
        self._seq += 1
        header = dict(kind="update", seq=self._seq, iteration=self.iteration, playing=self.playing, panels=headers)
        self._canvas.send(header | dict(names=list(drawn) if frame else None), buffers)

    # --- display

    def snapshot(self) -> Figure:
        """Return a matplotlib Figure of what the view shows."""
        drawn = [draw() for draw in self.panels().values()]
        return view.picture([panel for panel in drawn if panel])

    def show(self) -> None:
        """Display the view in a notebook; elsewhere nothing happens."""
        from IPython import get_ipython
        from IPython.display import display

        if get_ipython() is not None:
            display(self)

    def __repr__(self):
        sizes = " + ".join(str(group.size) for group in self.net.NeuronGroups)
        return f"Network_UI({self.label!r}: {sizes} neurons, iteration {self.iteration})"

    def _repr_mimebundle_(self, **_):
        return {"text/plain": repr(self), "image/png": base64.b64encode(view.png(self.snapshot())).decode()}

    def _ipython_display_(self):
        show_beside(self.widget(), self)

    def widget(self) -> ipywidgets.VBox:
        """Return the controls and the canvas as one widget; a notebook shows it."""
        from IPython import get_ipython

        if self._box is None:
            self._canvas, self.controls = view.Canvas(label=self.label), view.Controls(self)
            self._canvas.on_msg(self._receive)
            self._box = self.controls.arranged(self._canvas)
            OPEN.add(self)
            self._publish()
            if get_ipython() is not None:  # what the next cells do to the network is shown too
                get_ipython().events.register("post_run_cell", _after_cell)
        return self._box


def _after_cell(_):
    for ui in list(OPEN):
        if ui._canvases:
            ui._send(everything=True)


doors(globals())
