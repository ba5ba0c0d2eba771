"""Hostile messages of a page to the live view and to an explorer: ``python -m tests.attack.widgets 1000``.

Three kinds: custom messages of the canvas (commands, with anything in the place of words and numbers), state of any
widget, and custom messages of any widget. Faults are an exception that passes code of ours, one that lands in the
view's error line, a call of anything but what the canvas may ask for, text that is run, and another network afterwards.
"""

import collections
import contextlib
import io
import logging
import random
import sys
import tempfile
import traceback
import warnings
from pathlib import Path

from helpers import explorers
from tests.attack import valid

CODE = "__import__('pathlib').Path('hacked').write_text('x')"
ASKED = {"_opened", "_gone", "_click"}
OURS = ("<details><summary>ParameterError: ", "<details><summary>BackendError: ")
GOOD = [("ack", [1]), ("opened", ["a"]), ("gone", ["a"]), ("click", ["grid", 1, 1, False])]
DOS = ["ack", "opened", "gone", "click", "_click", "reset", "step", "save", "_obey", "ask", "set", "__init__", "run"]
DOS += [
    "__class__",
    "net",
    "eval",
    "play",
    "pause",
    "_load",
    "",
    None,
    3,
    ["click"],
    {"do": "click"},
    "click\0",
    "CLICK",
]
VALUES = [float("nan"), float("inf"), -1, 0, 1, 2**31, 2**63, 10**30, -(10**30), 1e300, 0.5, True, None, "", "Leak"]
VALUES += ["grid", "grid-1", "grid-x", "grid--1", "grid-99", "weights", CODE, f"{{{CODE}}}", "<script>x</script>"]
VALUES += ["a\0b", "é" * 1000, [], {}, [1], ["a"], [None], [[1, 2]], {"a": 1}, {"__class__": "x"}, [0, 1, 2, 3]]
VALUES += [[{"content": "x"}], [{"name": "a", "content": b"no"}]]


def made():
    """Return a view with its canvas open, and all widgets of it and of an explorer."""
    shown = valid.shown()
    shown._canvases.add("page")
    widgets, todo = [], [shown._box, explorers.explore(valid.draw, a=(0, 5), b_deg=(0.0, 9.0))._box]
    while todo:
        widgets.append(todo.pop())
        todo += getattr(widgets[-1], "children", ())
    return shown, widgets


def command(draw):
    """Return a custom message of the canvas: a good one with parts replaced."""
    do, arguments = draw.choice(GOOD)
    do = do if draw.random() < 0.5 else draw.choice(DOS)
    arguments = [draw.choice(VALUES) if draw.random() < 0.5 else argument for argument in arguments]
    arguments = draw.choice([arguments] * 3 + [arguments[:-1], [*arguments, 1], draw.choice(VALUES)])
    whole = {"do": do, "args": arguments}
    strange = [{"do": draw.choice(VALUES), "args": arguments}, {"do": do}, {"args": arguments}, draw.choice(VALUES)]
    return draw.choice(strange) if draw.random() < 0.1 else whole


def message(draw, widgets):
    """Return (widget, its message)."""
    if draw.random() < 0.6:
        canvas = next(widget for widget in widgets if type(widget).__name__ == "Canvas")
        return canvas, {"method": "custom", "content": command(draw)}
    widget = draw.choice(widgets)
    if draw.random() < 0.2:
        content = draw.choice([{"event": draw.choice(DOS)}, draw.choice(VALUES), {}])
        return widget, {"method": "custom", "content": content}
    name = draw.choice([*widget.keys, "value", "index", "ui", "_esm", CODE])
    return widget, {"method": "update", "state": {name: draw.choice(VALUES)}, "buffer_paths": []}


def passes_ours(trace):
    return any("/helpers/" in frame.filename for frame in traceback.extract_tb(trace))


class Heard(logging.Handler):
    """Keeps what a callback of ours raised: ipywidgets writes it into its log."""

    def __init__(self):
        super().__init__()
        self.lines = []

    def emit(self, record):
        if record.exc_info and passes_ours(record.exc_info[2]):
            self.lines.append(f"raised in a callback: {record.exc_info[1]!r}")


def sent(widget, data):
    """Send a message; return what it raised in code of ours."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            widget._handle_msg({"content": {"data": data}, "buffers": []})
        except Exception as failure:  # a trait of ipywidgets refuses what is not of its type
            return [f"raised {failure!r}"] if passes_ours(failure.__traceback__) else []
    return []


def form(net):
    return [(type(item).__name__, getattr(item, "size", None)) for item in net._family()]


def main(number=None):
    """Send `number` messages, drawn with a fixed seed, print what went wrong, and return how often."""
    number, faults = number or 1000, collections.Counter()
    draw, asked, heard = random.Random(2), [], Heard()
    logger = logging.getLogger("traitlets")
    logger.addHandler(heard)
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        for i in range(number):
            if i % 200 == 0:
                shown, widgets = made()
                shown.ask = lambda do, *rest, ask=shown.ask: (asked.append(do), ask(do, *rest))
                before = form(shown.net)
            asked.clear()
            heard.lines.clear()
            shown.error.value = ""
            widget, data = message(draw, widgets)
            found = sent(widget, data) + heard.lines
            if data["method"] == "custom":
                strange = set(asked) - ASKED if type(widget).__name__ == "Canvas" else ()
                found += [f"called {do}" for do in strange]
                raw = shown.error.value and not shown.error.value.startswith(OURS)
                found += [f"in the error line: {shown.error.value}"] if raw else []
            found += ["ran a text"] if Path("hacked").exists() else []
            found += ["changed the network"] if form(shown.net) != before else []
            faults.update(found[:1])
    logger.removeHandler(heard)
    print(f"widgets: {faults.total()} faults in {number} hostile messages")
    for fault, times in faults.most_common(40):
        print(f"  {times} x {' '.join(fault.split())[:200]}")
    return faults.total()


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:2])) > 0)
