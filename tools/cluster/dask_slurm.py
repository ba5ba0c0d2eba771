"""Notebooks at thesis scale on workers that SLURM starts: ``.venv/bin/python tools/cluster/dask_slurm.py FINAL_5``.

Called on a node that may submit jobs, from a checkout that all nodes share; JOBS (20) is the number of workers.
"""

import os
import subprocess
import sys
from pathlib import Path

from dask_jobqueue import SLURMCluster

ROOT = Path(__file__).resolve().parents[2]

if __name__ == "__main__":
    prologue = [f"cd '{ROOT}'", "export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1"]
    job = dict(cores=1, processes=1, memory="4GB", walltime="04:00:00", job_script_prologue=prologue)
    with SLURMCluster(**job, python=sys.executable, log_directory=ROOT / "build" / "slurm") as cluster:
        cluster.scale(jobs=int(os.environ.get("JOBS", "20")))
        command = ["make", "full", f"CLUSTER={cluster.scheduler_address}", f"NB={' '.join(sys.argv[1:])}"]
        sys.exit(subprocess.call(command, cwd=ROOT, env={"NOTEBOOK_FIGS": str(ROOT / "build" / "full")} | os.environ))
