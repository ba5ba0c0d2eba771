"""``python -m helpers.lateral_line``: the command of the lateral-line map."""

import sys

from helpers.lateral_line.cli import main

if __name__ == "__main__":
    sys.exit(main())
