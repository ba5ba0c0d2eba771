#!/bin/bash
# One notebook at thesis scale as a job array: sbatch tools/cluster/array.sh, from the checkout, which all nodes share.
# Each task runs the whole notebook, computes every n-th point of each sweep, then what is still missing.
#SBATCH --job-name=notebooks
#SBATCH --array=1-20
#SBATCH --cpus-per-task=1
#SBATCH --mem=4G
#SBATCH --time=04:00:00
#SBATCH --output=build/array-%a.log

export NOTEBOOK_PART="$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT"
export NOTEBOOK_FIGS="$PWD/build/full"
make full NB="${NB:-FINAL_5}"
