"""The live view of a network: ``from helpers.modular.ui import *`` and the call of the seed's README.

``Network_UI(net, modules=get_default_UI_modules(["activity"], ["W"]), label="My_Network_UI").show()`` shows a widget in
JupyterLab and a picture where no widget can run. *Play* is a task on the kernel's event loop that iterates for at most
10 ms at a time, so that the kernel is never blocked. Widget callbacks may run in another thread: they only append to a
queue or wake the loop, and changes are taken from the queue between two iterations. Without a browser everything works
too: ``ui.run(300)``, ``ui.step()``, ``ui.set("Decay", "factor", 0.9)``.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import functools
import io
import os
import signal
import threading
import time
from collections import deque

import numpy as np

from helpers.modular import state, view
from helpers.parameters import BackendError, ParameterError, check_choice, check_integer, check_number

__all__ = ["Network_UI", "get_default_UI_modules"]

SLICE_S, LEAP_S, PAUSE_S, FRAME_S, WEIGHTS_S = 0.01, 0.03, 0.002, 1 / 30, 0.5
IN_FLIGHT = 4  # frames that are sent and not yet acknowledged
NEURON_PANELS, SYNAPSE_PANELS = ("grid", "trace", "raster"), ("weights", "afferents", "histogram")
CHANGES = ("set", "enable", "select", "choose", "defaults")
COMMANDS = ("play", "step", "reset", "_leap", "_ready", "_picture", "_download", "_load")


def get_default_UI_modules(neuron_variables=(), synapse_variables=("W",)):
    """Return all panels as (kind, variables that it may show); drop from the list what is not wanted.

    Examples
    --------
    >>> get_default_UI_modules(["activity"], ["W"])[0]
    ('grid', ('activity',))
    """
    panels = [(kind, tuple(neuron_variables)) for kind in NEURON_PANELS]
    return [*panels, *((kind, tuple(synapse_variables)) for kind in SYNAPSE_PANELS), ("parameters", ())]


class Network_UI:
    """A view that plays, shows and changes an initialised network.

    Parameters
    ----------
    net : Network
    modules : list, optional
        Panels of :func:`get_default_UI_modules`; without variables, all vectors of the groups.
    label : str
    group_display_count : int
        Number of neuron grids; the picked group is the first.
    window : int
        Iterations in trace and raster.

    Nothing is iterated or cleared at construction; the state at that moment is kept for :meth:`reset`.
    """

    def __init__(self, net, modules=None, label="Network_UI", group_display_count=1, *, window=1000):
        if net._schedule is None:
            raise BackendError("the network is not initialised; call initialize() before Network_UI(...)")
        self.net, self.label, self.modules = net, str(label), get_default_UI_modules() if modules is None else modules
        self.groups = net.NeuronGroups
        full = [group for group in self.groups if self.variables(group)]
        if not full:
            known = ", ".join(sorted({name for group in self.groups for name in view.vectors(group)})) or "none"
            raise ParameterError(f"no group has a variable of the modules; known vectors: {known}")
        self.shown = full[: check_integer("group_display_count", group_display_count, 1)]
        self.window, self.speed, self.error = check_integer("window", window, 10, 10_000), 1, ""
        self._start, self._changed, self._queue, self._view, self._loop = state.capture(net), {}, deque(), None, None
        self._seq = self._seen = self._job = self._frame_at = self._weights_at = 0
        self._thread, self._busy = threading.get_ident(), False
        with contextlib.suppress(RuntimeError):
            self._loop = asyncio.get_running_loop()  # the main one; a callback may find another
        self.pause()
        self._choose("group", self.groups.index(full[0]))

    # --- what is looked at

    @property
    def iteration(self):
        """Iterations of the network so far."""
        return self.net.iteration

    def _named(self, panels):
        return list(dict.fromkeys(name for kind, names in self.modules if kind in panels for name in names))

    def variables(self, group):
        """Return the names of the vectors of a group that can be shown: those of the modules, else all."""
        known = view.vectors(group)
        return [name for name in self._named(NEURON_PANELS) or known if name in known]

    def values(self, group=None):
        """Return the shown variable of the first shown group (of another group: the same, or its first one)."""
        group = self.shown[0] if group is None else group
        return getattr(group, self.variable if hasattr(group, self.variable) else self.variables(group)[0])

    def scale(self):
        """Return the limits (low, high) of grid and raster."""
        return view.limits(np.append(self.history.raster[self.history.last()], self.values()))

    def weights(self):
        """Return [(synapses, variable, weights)] onto the shown group."""
        pairs = [(s, n) for s in self.shown[0].afferent_synapses["All"] for n in self._named(SYNAPSE_PANELS)]
        return [(s, name, view.matrix(getattr(s, name))) for s, name in pairs if hasattr(s, name)]

    # --- what is changed, between two iterations

    def choose(self, setting, value):
        """Choose 'speed' (iterations per frame, 1 to 1000), 'window', 'group', 'synapse' (index) or 'variable'."""
        lists = dict(
            variable=self.variables(self.shown[0]), group=[i for i, g in enumerate(self.groups) if self.variables(g)]
        )
        bounds = dict(speed=(1, 1000), window=(10, 10_000), synapse=(0, max(0, len(self.weights()) - 1)))
        if check_choice("setting", setting, (*bounds, *lists)) in bounds:
            check_integer(setting, value, *bounds[setting])
        elif value not in lists[setting]:
            raise ParameterError(
                f"{setting} = {value!r} cannot be shown; choose one of: {', '.join(map(str, lists[setting]))}"
            )
        self._change(self._choose, setting, value)

    def _choose(self, setting, value):
        if setting == "group":
            group = self.groups[value]
            self.shown = [group, *(g for g in self.shown if g is not group)][: len(self.shown)]
            self.variable, self.selected, self.synapse = self.variables(group)[0], [group.size // 2], 0
        else:
            setattr(self, setting, value)
        if setting not in ("speed", "synapse"):
            self.history = view.History(self.shown[0].size, self.window)

    def set(self, behaviour, name, value):
        """Set a number of a behaviour (itself, or its class, tag or name in the view) before the next iteration."""
        item, value = self._behaviour(behaviour), check_number(name, value, high_open=True)
        old = view.parameters(item).get(check_choice("name", name, list(view.parameters(item))))
        self._change(self._put, item, name, int(value) if isinstance(old, int) and value.is_integer() else value)

    def enable(self, behaviour, on=True):
        """Let a behaviour run, or leave it out."""
        self._change(self._put, self._behaviour(behaviour), "behaviour_enabled", bool(on))

    def _behaviour(self, which):
        known = view.behaviours(self.net)
        match = [n for n, (b, *_) in known.items() if which is b or which is type(b) or which in (n, *b.tags)]
        if which not in match and len(match) != 1:
            raise ParameterError(f"{which!r} is {len(match)} behaviours, not one; known: {', '.join(known) or 'none'}")
        return known[which if which in match else match[0]][0]

    def _put(self, item, name, value):
        old = self._changed.get((item, name)) or [getattr(item, name, item.init_kwargs.get(name))]
        self._changed[item, name] = [old[0], value]
        for holder in (vars(item), item.init_kwargs):
            if name in holder:
                holder[name] = value

    def defaults(self):
        """Give all parameters and behaviours the values that they had before they were changed here."""
        for (item, name), (old, _) in list(self._changed.items()):
            self._change(self._put, item, name, old)

    def select(self, group, index, add=False):
        """Pick the neuron `index` of a group (place in ``ui.groups``, or tag); `add` keeps the others picked."""
        tags = [g.tags[0] for g in self.groups]
        group = tags.index(check_choice("group", group, tags)) if isinstance(group, str) else group
        if check_integer("group", group, 0, len(tags) - 1) != self.groups.index(self.shown[0]):
            self.choose("group", group)
        self._change(self._select, check_integer("index", index, 0, self.groups[group].size - 1), add)

    def _select(self, index, add):
        others = [neuron for neuron in self.selected if add and neuron != index]
        self.selected = [*others[1 - view.MAX_PICKED :], index]
        self.history.pick(self.selected)

    def _change(self, *change):
        """Queue a change; it is applied now, or after the iteration that is running (here or in another thread)."""
        self._queue.append(functools.partial(*change))
        if not self._busy and threading.get_ident() == self._thread:
            self._settle()

    def _settle(self):
        self._apply()
        if not self.playing:
            self._publish()

    def _apply(self):
        while self._queue:
            self._queue.popleft()()

    # --- running

    def _advance(self):
        self._apply()
        self._busy = True
        try:
            self.net.simulate_iteration()
        finally:
            self._busy = False
        self.history.add(self.values(), self.selected)

    def run(self, n, *, frames=True):
        """Run `n` iterations now; an interrupt, or *pause* in the view, stops between two iterations."""
        from tqdm.auto import tqdm

        done, n, self.error, self._stop = 0, check_integer("n", n, 0), "", False
        bar = tqdm(total=n, disable=bool(os.environ.get("CI")), delay=3, desc=self.label)
        with bar, _between_iterations(self):
            while done < n and not self._stop:
                self._advance()
                done += 1
                if done == n or time.perf_counter() >= self._frame_at:
                    bar.update(done - bar.n)
                    self._show(frames)
        self._publish()

    def fast_forward(self, n):
        """Run `n` iterations now without drawing in between."""
        self.run(n, frames=False)

    def step(self, n=1):
        """Stop playing and run `n` iterations."""
        self.pause()
        self.run(n, frames=False)

    def reset(self, parameters=False):
        """Go back to the state at construction and clear the recorders; changed parameters go back on request."""
        state.restore(self.net, self._start)
        changed, self._changed = {} if parameters else self._changed, {}
        for (item, name), (_, value) in changed.items():
            self._put(item, name, value)
        self.net.clear_recorder()
        self._restart()

    def _restart(self):
        self.error = ""
        self._choose("variable", self.variable)
        self._publish()

    def play(self):
        """Iterate on the event loop until :meth:`pause`; a kernel interrupt does not stop it."""
        self._begin(self._play)

    def pause(self):
        """Stop playing, a run or a fast-forward between two iterations."""
        self._job, self.playing, self.progress, self._stop = self._job + 1, False, None, True

    cancel = pause

    def _begin(self, work, progress=None):
        if self._loop is None or self._loop.is_closed():
            raise BackendError("play needs the event loop of a notebook; call run(n) instead")
        self.pause()  # what is not the current job ends at its next turn
        self.playing, self.progress, self.error = True, progress, ""
        self._task = self._loop.create_task(self._work(self._job, work))
        self._publish()

    async def _work(self, job, work):
        try:
            await work(job)
        except Exception as failure:
            self._report(failure)
        finally:
            if job == self._job:
                self.pause()
            self._publish()

    async def _play(self, job):
        done = 0
        while job == self._job:
            done += self._slice(job, self.speed - done, SLICE_S)
            done = 0 if self._show() else done
            rest = PAUSE_S if done < self.speed else self._frame_at - time.perf_counter()
            await asyncio.sleep(max(PAUSE_S, rest))

    def _leap(self, n):
        n = check_integer("n", n, 1)

        async def work(job):
            done = 0
            while done < n and job == self._job:
                done += self._slice(job, n - done, LEAP_S)
                self.progress = done / n if job == self._job else None
                self._show(frame=False)
                await asyncio.sleep(PAUSE_S)

        self._begin(work, progress=0.0)

    def _slice(self, job, n, seconds):
        """Iterate at most `n` times, until the time is over or something else begins; returns the number."""
        end, done = time.perf_counter() + seconds, 0
        while done < n and job == self._job and time.perf_counter() < end:
            self._advance()
            done += 1
        return done

    def _report(self, failure):
        self.pause()
        self.error = failure if isinstance(failure, str) else f"{type(failure).__name__}: {failure}"

    # --- messages of the view, in whatever thread

    def _receive(self, _, content, buffers):
        do, arguments = content["do"], content["args"]
        if do == "ack":
            self._seen = max(self._seen, *arguments)
        elif do == "pause":
            self.pause()
        elif do in (*CHANGES, *COMMANDS):
            call = functools.partial(self._obey, do, *arguments, *map(bytes, buffers))
            wake = call if do in COMMANDS else self._queue.append(call) or self._settle
            self._loop.call_soon_threadsafe(wake) if self._loop else wake()

    def _obey(self, do, *arguments):
        try:
            getattr(self, do)(*arguments)
        except Exception as failure:
            self._report(failure)
            self._publish()

    def _ready(self):
        self.history.scale, self._seen = None, self._seq
        self._publish()

    def _picture(self):
        self._download("png", view.png(self.snapshot()))

    def _download(self, suffix="npz", content=None):
        file = io.BytesIO(content)
        state.save_state(self.net, file) if content is None else None
        name = f"{self.label}_{self.iteration}.{suffix}"
        self._view.send(dict(kind="file", name=name), buffers=[file.getvalue()])

    def _load(self, content):
        state.load_state(self.net, io.BytesIO(content))
        self._restart()

    # --- frames to the view, from the main thread

    def _publish(self):
        """Bring the view up to date, whatever is in flight."""
        if self._view is not None:
            self._view.iteration = self.iteration
            self._send()

    def _show(self, frame=True):
        """Send what is due if 1/30 s is over, and return whether it is. A view that is behind misses frames."""
        now = time.perf_counter()
        if now < self._frame_at:
            return False
        self._frame_at = now + FRAME_S
        if self._view is not None and self._seq - self._seen < IN_FLIGHT:
            self._send(frame, weights=frame and now >= self._weights_at)
        return True

    def _send(self, frame=True, weights=True):
        start, self._seq, parts, buffers = time.perf_counter(), self._seq + 1, {}, []
        try:
            for part in [name for name, wanted in (("frame", frame), ("weights", weights)) if wanted]:
                parts[part], more = getattr(view, part)(self)
                buffers += more
        except Exception as failure:
            self._report(self.error or failure)
        self._view.send(dict(kind="update", seq=self._seq, **view.status(self), **parts), buffers)
        if weights:
            self._weights_at = start + max(WEIGHTS_S, 20 * (time.perf_counter() - start))

    # --- display

    def snapshot(self):
        """Return a matplotlib Figure of what the view shows."""
        return view.picture(self)

    def show(self):
        """Display the view in a notebook; elsewhere nothing happens."""
        from IPython import get_ipython
        from IPython.display import display

        if get_ipython() is not None:
            display(self)

    def __repr__(self):
        sizes = " + ".join(str(group.size) for group in self.groups)
        return f"Network_UI({self.label!r}: {sizes} neurons, iteration {self.iteration})"

    def _repr_mimebundle_(self, **_):
        if self._view is None:
            self._view = view.View(spec=view.spec(self), iteration=self.iteration)
            self._view.on_msg(self._receive)
        data = self._view._repr_mimebundle_()[0]
        return data | {"text/plain": repr(self), "image/png": base64.b64encode(view.png(self.snapshot())).decode()}


@contextlib.contextmanager
def _between_iterations(ui):
    """Turn an interrupt into a stop between two iterations, after which it is raised; a second one acts at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    hits, old = [], signal.getsignal(signal.SIGINT)

    def note(*_):
        hits.append(ui.pause())
        signal.signal(signal.SIGINT, old)

    signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, old)
    if hits:
        raise KeyboardInterrupt(f"stopped after iteration {ui.iteration}; the network is whole and can continue")
