"""What does it take to break it? ``make attack``, or ``python -m tests.attack [part [number]]``.

Each part is a module with ``main(number)``, which attacks that often (None: its own default), prints a line now and
then and a last one with its counts, and returns how much got through, or 1.
"""

import importlib
import sys

PARTS = {
    "files": "damaged bytes in every file that is read",
    "interrupts": "interrupts at any moment",
    "arguments": "hostile arguments for all that is public",
    "widgets": "hostile messages of a page",
    "bounds": "every kernel with bounds checking",
}


def main(part=None, number=None):
    """Run one part, or all of them, and return the exit code."""
    if part not in (None, *PARTS):
        sys.exit(f"attack: {part} is unknown; choose one of: {', '.join(PARTS)}")
    failed = 0
    for name in [part] if part else PARTS:
        failed |= bool(importlib.import_module(f"tests.attack.{name}").main(number and int(number)))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
