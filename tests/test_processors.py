"""On another processor the engines still agree with the cells, and the digits that a notebook quotes hold."""

import os
import re
import subprocess
import sys

import pytest

from tests.cells import FINAL, leading_to

# As on a processor of 2008: the BLAS of numpy, its loops, numba and XLA without AVX and FMA.
OLD = {"OPENBLAS_CORETYPE": "Nehalem", "NPY_DISABLE_CPU_FEATURES": "FMA3 AVX2 AVX512F AVX512CD AVX512_SKX"}
OLD |= {"NUMBA_CPU_NAME": "nehalem", "NUMBA_CPU_FEATURES": "", "XLA_FLAGS": "--xla_cpu_max_isa=SSE4_2"}
RUN = """import sys
from helpers import figures
from tests.cells import run
figures.save = figures.save_table = lambda *args, **options: None
run(sys.stdin.read(), "cells")
"""
ROUNDING = re.compile(r"\d(?:\.\d+)?e[-+]\d+")  # 2e-15: how far two ways of adding up lie apart


@pytest.mark.parametrize("notebook", ["FINAL_5", "FINAL_6", "FINAL_7"])
def test_an_old_processor_prints_the_same(notebook, tmp_path):
    needed, printed = leading_to(notebook, "engine == cells: True")
    environment = os.environ | OLD | {"NUMBA_CACHE_DIR": str(tmp_path), "PYTHONPATH": str(FINAL.parent)}
    done = subprocess.run(
        [sys.executable, "-c", RUN], input="\n\n\n".join(needed), env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-1000:]
    assert ROUNDING.sub("#", done.stdout).endswith(ROUNDING.sub("#", printed))
