"""What does it take to break it? ``make attack``, or ``python -m tests.attack [part [number]]``.

Each part is a module with ``main(number)``, which attacks that often (None: its own default), prints a line now and
then and a last one with its counts, and returns 1 if anything got through. All parts take at most 10 minutes together.
"""

import importlib
import sys

PARTS = {"files": "damaged bytes in every file that is read", "interrupts": "interrupts at any moment"}


def main(part=None, number=None):
    """Run one part, or all of them, and return the exit code."""
    if part not in (None, *PARTS):
        sys.exit(f"attack: {part} is unknown; choose one of: {', '.join(PARTS)}")
    failed = 0
    for name in [part] if part else PARTS:
        failed |= importlib.import_module(f"tests.attack.{name}").main(number and int(number))
    return failed


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
