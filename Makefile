# Two commands do everything: `make figs` draws the figures, `make test` runs every test.
# Needs python3 (3.11 to 3.13), make, bash and a C++ compiler; the first call makes the set-up in VENV.

SHELL := bash
PYTHON ?= python3
VENV ?= $(or $(NOTEBOOK_VENV),.venv)
NB ?=
OFFLINE ?=
LOCK_FLAGS ?=
LAB_FLAGS ?=
ORIGINALS ?=
LAB := --ServerApp.root_dir=.
XDIST ?= -n auto --maxprocesses=4 --dist loadscope --no-loadscope-reorder
BIN := $(VENV)/bin
NBVAL := --nbval-lax --nbval-current-env --nbval-cell-timeout=300 -p no:randomly
NBVAL += --nbval-sanitize-with=tests/notebooks/nbval_sanitize.cfg

export NOTEBOOK_VENV := $(VENV)
ifneq ($(words $(VENV)),1)
$(error VENV = "$(VENV)" is no folder name; name one without spaces)
endif

# One BLAS thread: same figures on every machine, and faster for matrices of this size.
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1
export MKL_NUM_THREADS := 1

# Python keeps what it compiles, whatever the caller's shell says: the set-up compiles nothing, and each of some hundred
# kernels, workers and commands would compile all that it imports anew.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
.PHONY: help setup figs full scale notebooks test lab scorecard student assignments slides schematics thesis bench mutants attack nightly lock clean book

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12
	@echo
	@echo 'NB="FINAL_1 FINAL_5" limits figs, full, notebooks, lab, student, assignments and slides; PYTHON=python3.12 picks the interpreter, VENV=folder the set-up.'

setup:
	@command -v $(PYTHON) >/dev/null || { echo "setup: $(PYTHON) not found; call \`make PYTHON=... \` with Python 3.11 to 3.13" >&2; exit 2; }
	@$(PYTHON) tools/bootstrap.py

figs: setup ## run every FINAL notebook (quick profile) and write figs/
	@$(BIN)/python tools/notebooks.py figs --profile quick $(NB)

full: setup ## the same at thesis scale (CLUSTER=tcp://host:8786: on a Dask cluster; PART=3/20: a part of a job array)
	@$(if $(CLUSTER),NOTEBOOK_CLUSTER="$(CLUSTER)") $(BIN)/python tools/notebooks.py figs --profile full $(if $(PART),--part "$(PART)") $(NB)

scale: setup ## quick beside full: the tables of `NOTEBOOK_FIGS=figs/full make full` compared, figs/full/README.md
	@$(BIN)/python -m tools.scale

notebooks: setup ## run the FINAL notebooks and rewrite them with their outputs
	@$(BIN)/python tools/notebooks.py write --profile quick $(NB)

# The tests and the notebooks are one run: a notebook stores what it sweeps, and the acceptance tests, which come after it
# and share its points, read that. A group of xdist is a file or a notebook, since its cells need one kernel; a worker
# more than there are cores, because browsers and kernels are waited for; these fill the cores, so that a sweep within
# one of them starts no workers of its own (LOKY_MAX_CPU_COUNT; tests that need two ask for two).
test: setup ## lint, all tests, and the FINAL notebooks through nbval
	@set -o pipefail; failed=0; out=$$(mktemp -d); trap 'rm -rf "$$out"' EXIT; \
	$(BIN)/ruff check . && $(BIN)/ruff format --check . || failed=1; \
	NOTEBOOK_PROFILE=quick NOTEBOOK_FIGS="$$out" CI=true TQDM_DISABLE=1 LOKY_MAX_CPU_COUNT=1 \
	  $(BIN)/python -m pytest $(XDIST) $(NBVAL) \
	  --doctest-modules --ignore=tests/benchmarks $(wildcard FINAL_notebooks/FINAL_*.ipynb) helpers tools tests \
	  | tee "$$out/log" || exit 1; \
	[ $$failed = 0 ] || { echo "ruff: FAILED, see the top"; tail -n 1 "$$out/log"; exit 1; }

# Copies, so that playing neither saves over the notebooks nor draws into figs/.
lab: setup ## open JupyterLab on copies of the notebooks in work/ (ORIGINALS=1: on FINAL_notebooks/ themselves)
ifeq ($(filter-out 0,$(ORIGINALS)),)
	@$(BIN)/python tools/notebooks.py work $(NB)
	@NOTEBOOK_FIGS="$(abspath work)/figs" $(BIN)/jupyter lab $(LAB) --LabApp.default_url=/lab/tree/work $(LAB_FLAGS)
else
	@$(BIN)/jupyter lab $(LAB) --LabApp.default_url=/lab/tree/FINAL_notebooks $(LAB_FLAGS)
endif

scorecard: setup ## published number, our number, tolerance, verdict: figs/scorecard.md
	@$(BIN)/python -m tools.scorecard

student: setup ## class copies: no results, gaps to fill, readings folded: build/student/
	@$(BIN)/python -m tools.handouts student $(NB)

assignments: setup ## the same with the gaps filled, a course for nbgrader: build/assignments/
	@$(BIN)/python -m tools.handouts assignments $(NB)

slides: setup ## a lecture of each FINAL notebook: build/slides/ (OFFLINE=1: needs no network to show)
	@$(BIN)/python -m tools.handouts slides $(if $(filter-out 0,$(OFFLINE)),--offline) $(NB)

schematics: setup ## the drawing of each model: figs/schematics/
	@$(BIN)/python -m docs.schematics

# Drawn for another width, or with French labels: run again, into a folder of its own.
DRAWN := $(CURDIR)/build/figs$(subst $() ,,$(addprefix -,$(WIDTH) $(LANGUAGE)))
AGAIN := NOTEBOOK_WIDTH_MM=$(WIDTH) NOTEBOOK_LANGUAGE=$(LANGUAGE) NOTEBOOK_FIGS=$(DRAWN) $(BIN)/python

thesis: setup ## figures, tables and captions for LaTeX: build/thesis/ (WIDTH=120, LANGUAGE=fr: drawn again so)
ifneq ($(WIDTH)$(LANGUAGE),)
	@$(AGAIN) tools/notebooks.py figs --profile quick $(NB)
	@$(AGAIN) -m docs.schematics
	@$(AGAIN) -m tools.thesis
else
	@$(BIN)/python -m tools.thesis
endif

bench: setup ## CPU time and memory against the peers: tests/benchmarks/results.md
	@$(BIN)/python -m tests.benchmarks.run

LOCK := pip compile -q --universal --generate-hashes --python-version 3.11 --no-emit-index-url --no-header pyproject.toml

# The newest versions are tried in a clone, so that the locks here stay as they are.
nightly: setup ## every link, the newest versions of all packages, one notebook at thesis scale: build/ (hours)
	@failed=; $(BIN)/python -m tools.book --links || failed="$$failed links"; \
	rm -rf build/newest; git clone -q . build/newest; \
	$(MAKE) -C build/newest VENV=.venv lock LOCK_FLAGS=--upgrade && $(MAKE) -C build/newest VENV=.venv test || failed="$$failed newest"; \
	NOTEBOOK_FIGS="$(abspath build)/full" $(MAKE) full NB="$(or $(NB),FINAL_1)" || failed="$$failed full"; \
	if [ -n "$$failed" ]; then echo "nightly: failed:$$failed" >&2; exit 1; fi

mutants: setup ## would the tests see it? break the engines in 240 places, one at a time (hours; N=40 and PART=wta limit it)
	@$(BIN)/python -m tests.mutants $(or $(N),240) $(PART)

attack: setup ## damaged files, interrupts, hostile arguments and messages: what gets through? (10 min; PART=files N=20000)
	@$(BIN)/python -m tests.attack $(PART) $(N)

lock: setup ## resolve the locks again (LOCK_FLAGS=--upgrade for the newest versions; requirements-uv.lock by hand)
	@$(BIN)/uv $(LOCK) --all-extras $(LOCK_FLAGS) -o requirements.lock
	@echo setuptools | $(BIN)/uv $(LOCK) - --extra fast --extra lab -c requirements.lock --no-annotate \
	  -o requirements-light.lock

book: setup ## static site in build/book/ (OFFLINE=1: opens without a network, formulas included)
	@$(BIN)/python -m tools.book $(if $(filter-out 0,$(OFFLINE)),--offline)

# What `student`, `assignments`, `slides` and `thesis` wrote may hold work of yours by now.
clean: ## remove the set-up, the caches and the stored sweeps (figures stay, and copies, slides and thesis in build/)
	@$(PYTHON) tools/bootstrap.py --clean
	@for path in build/* build/.*.tmp; do case $$path in build/student*|build/assignments*|build/slides*|build/thesis*) ;; *) rm -rf "$$path";; esac; done
	@rmdir build 2>/dev/null || true
	@rm -rf .store dist *.egg-info .pytest_cache .ruff_cache .hypothesis
	@find . \( -name __pycache__ -o -name .ipynb_checkpoints \) -prune -exec rm -rf {} +
