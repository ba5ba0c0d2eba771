"""The tests of every compiled loop with the bounds of its arrays checked: ``python -m tests.attack.bounds``."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TESTS = ("v1/test_kernel.py", "v1/test_simulate.py", "lateral_line/test_kernel.py", "lateral_line/test_simulate.py")
TESTS += ("wta/test_kernel.py", "wta/test_recorder.py", "modular/test_learning.py", "modular/test_synapses.py")


def main(number=None):
    """Run the tests, whose compiled code goes into a folder of its own, and return how many files failed."""
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        env = os.environ | dict(NUMBA_BOUNDSCHECK="1", NUMBA_CACHE_DIR=folder)
        for path in TESTS[:number]:
            words = [sys.executable, "-m", "pytest", "-q", "-x", "-n0", "-p", "no:cacheprovider", f"tests/{path}"]
            done = subprocess.run(words, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
            print(f"{path}: {(done.stdout.splitlines() or [done.stderr])[-1]}", flush=True)
            failed += [path] if done.returncode else []
    return len(failed)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:2])) > 0)
