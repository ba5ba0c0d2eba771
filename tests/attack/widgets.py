"""Hostile messages to the live view and to an explorer, as a page could send them: ``python -m tests.attack.widgets 1000``.

Three kinds: custom messages of the canvas (commands, with anything in the place of words and numbers), state of any
widget, and custom messages of any widget. Faults are an exception that passes code of ours, one that lands in the
view's error line, a call of anything but what the canvas may ask for, text that is run, and another network afterwards.
"""

import collections
import contextlib
import io
import logging
import os
import random
import sys
import tempfile
import traceback
import warnings

import numpy as np

DOS = ["ack", "opened", "gone", "click", "_click", "reset", "step", "save", "_obey", "ask", "set", "__init__", "__class__"]
DOS += ["run", "net", "eval", "play", "pause", "_load", "", None, 3, ["click"], {"do": "click"}, "click\0", "CLICK", "__reduce__"]
CODE = "__import__('pathlib').Path('hacked').write_text('x')"
VALUES = [float("nan"), float("inf"), -1, 0, 1, 2**31, 2**63, 10**30, -(10**30), 1e300, 0.5, True, None, "", "grid", "grid-1"]
VALUES += ["grid-x", "grid--1", "grid-99", "weights", CODE, f"{{{CODE}}}", "<script>x</script>", "a\0b", "é" * 1000, [], {}, [1], ["a"]]
VALUES += [[None], [[1, 2]], {"a": 1}, {"__class__": "x"}, [0, 1, 2, 3], [{"content": "x"}], [{"name": "a", "content": b"no"}], "Leak", "cells"]


def made():
    """Return a view with its canvas open, an explorer, and all of their widgets."""
    from helpers import explorers
    from tests.attack import valid

    shown = valid.shown()
    shown._canvases.add("page")
    explorer = explorers.explore(valid.draw, a=(0, 5), b_deg=(0.0, 9.0))
    widgets, todo = [], [shown._box, explorer._box]
    while todo:
        widget = todo.pop()
        widgets.append(widget)
        todo += getattr(widget, "children", ())
    return shown, explorer, widgets


def message(draw, widgets):
    """Return (widget, its message)."""
    if draw.random() < 0.6:
        canvas = next(widget for widget in widgets if type(widget).__name__ == "Canvas")
        good = draw.choice([("ack", [1]), ("opened", ["a"]), ("gone", ["a"]), ("click", ["grid", 1, 1, False])])
        do, arguments = good[0] if draw.random() < 0.5 else draw.choice(DOS), list(good[1])
        for i in range(len(arguments)):
            arguments[i] = draw.choice(VALUES) if draw.random() < 0.5 else arguments[i]
        arguments = draw.choice([arguments, arguments, arguments, arguments[:-1], [*arguments, 1], draw.choice(VALUES)])
        content = {"do": do, "args": arguments}
        if draw.random() < 0.1:
            content = draw.choice([content | {"do": draw.choice(VALUES)}, {"do": do}, {"args": arguments}, draw.choice(VALUES)])
        return canvas, {"method": "custom", "content": content}
    widget = draw.choice(widgets)
    if draw.random() < 0.2:
        return widget, {"method": "custom", "content": draw.choice([{"event": draw.choice(DOS)}, draw.choice(VALUES), {}])}
    name = draw.choice([*widget.keys, "value", "index", "ui", "_esm", CODE])
    return widget, {"method": "update", "state": {name: draw.choice(VALUES)}, "buffer_paths": []}


def state_of(net):
    return net.iteration, [g.size for g in net.NeuronGroups], [sorted(map(type(net).__name__.__class__, vars(g))) for g in net.NeuronGroups]


def judged(shown, asked, log, widget, data, form):
    """Send a message and return what is wrong with what came of it, or None."""
    asked.clear()
    log.clear()
    shown.error.value = ""
    out = io.StringIO()
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            widget._handle_msg({"content": {"data": data}, "buffers": []})
    except Exception as failure:
        if any("/helpers/" in frame.filename for frame in traceback.extract_tb(failure.__traceback__)):
            return f"raised {type(failure).__name__}: {failure}"
    if log:
        return f"raised in a callback: {log[0]}"
    if data["method"] == "custom" and type(widget).__name__ == "Canvas" and (strange := set(asked) - {"_opened", "_gone", "_click"}):
        return f"called {sorted(strange)}"
    if os.path.exists("hacked"):
        return "ran a text"
    if "Traceback" in shown.error.value and data["method"] == "custom":
        return f"in the error line: {shown.error.value[:150]}"
    if form != [(type(x).__name__, getattr(x, "size", None)) for x in shown.net._family()]:
        return "changed the network"
    return None


class Heard(logging.Handler):
    """Keeps what a callback of ours raised; ipywidgets writes it into its log."""

    def __init__(self, lines):
        super().__init__()
        self.lines = lines

    def emit(self, record):
        info = record.exc_info
        if info and any("/helpers/" in frame.filename for frame in traceback.extract_tb(info[2])):
            self.lines.append(f"{info[0].__name__}: {info[1]}")


def main(number):
    """Send `number` messages, drawn with a fixed seed, print what went wrong, and return how often."""
    draw, faults, asked, log = random.Random(2), collections.Counter(), [], []
    before = os.getcwd()
    logger = logging.getLogger("traitlets")
    handler = Heard(log)
    logger.addHandler(handler)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            for i in range(int(number)):
                if i % 200 == 0:
                    shown, _, widgets = made()
                    ask = type(shown).ask
                    shown.ask = lambda do, *rest, shown=shown, ask=ask: (asked.append(do), ask(shown, do, *rest))
                    form = [(type(x).__name__, getattr(x, "size", None)) for x in shown.net._family()]
                widget, data = message(draw, widgets)
                fault = judged(shown, asked, log, widget, data, form)
                if fault:
                    faults[fault] += 1
        finally:
            os.chdir(before)
            logger.removeHandler(handler)
    print(f"widgets: {faults.total()} faults in {number} hostile messages")
    for fault, times in faults.most_common(40):
        print(f"  {times} x {' '.join(fault.split())[:200]}")
    return faults.total()


if __name__ == "__main__":
    np.seterr(all="ignore")
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else 1000) > 0)
