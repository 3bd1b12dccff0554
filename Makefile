# Needs Python 3.11 or newer, make and git; everything else goes into .venv.
# Another Python: make PYTHON=python3.12 env

PYTHON ?= python3
JOBS ?= 2
PYTEST_ARGS ?=
LAB_ARGS ?=
STUDENT_ARGS ?=
BENCH_ARGS ?=
ROBUST_ARGS ?=
SITE_ARGS ?=
LESSONS ?=

PY := .venv/bin/python
PY_NEXT := .venv-next/bin/python
# The lessons alone: a reader's own notebooks beside them, copies of lessons too, are nobody else's business.
NOTEBOOKS := $(shell sed -n 's|^file = "\(.*\)"|notebooks/\1|p' tools/course.toml)
FIRST_LESSON := $(notdir $(firstword $(NOTEBOOKS)))
LINTED := --extend-exclude 'notebooks/**/*.ipynb' . $(NOTEBOOKS)

# Read by every JupyterLab of .venv, wherever it is started.
LAB_CONFIG := tools/jupyter/jupyter_server_config.py

# What an environment was made for: the Python, and this folder, to which the editable install is a path.
# A stamp that says something else is out of date, whatever its age.
VERSION_CODE := import sys; print("%d.%d" % sys.version_info[:2])
PY_VERSION := $(shell $(PYTHON) -c '$(VERSION_CODE)' 2>/dev/null)
ENV_ID := $(PY_VERSION) $(CURDIR)

export TF_CPP_MIN_LOG_LEVEL := 3
export KERAS_BACKEND := tensorflow
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help env lab test lint laws lessons site export robust release-check test-next bench notebooks map wheel student format clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

env: .venv/.stamp  ## make .venv with the pinned versions; quick when nothing changed

# JupyterLab runs no script of a notebook that is not trusted: its inspectors would stand still until it has run.
lab: env  ## open lesson 00 in JupyterLab (more options: LAB_ARGS=...)
	@echo "Trusting the lessons, so that their inspectors move at once. Your own notebooks are left as they are."
	@$(PY) -m jupyter trust $(NOTEBOOKS) >/dev/null
	@echo "Opening lesson 00 in JupyterLab. If no browser opens, follow the link below; Ctrl+C twice ends it."
	$(PY) -m jupyterlab --LabApp.default_url=/lab/tree/$(FIRST_LESSON) $(LAB_ARGS) notebooks

test: lint laws lessons  ## check style, run the tests, run every notebook as a test

lint: env  ## check style and format only
	$(PY) -m ruff check $(LINTED)
	$(PY) -m ruff format --check $(LINTED)
	$(call biome,check)

laws: env  ## run tests/ only (one test: PYTEST_ARGS="-k name"; one process: JOBS=0)
	$(PY) -m pytest tests -n $(JOBS) --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

lessons: env  ## run the notebooks as tests only
	$(PY) -m pytest --nbval-lax --nbval-current-env -n $(JOBS) --dist loadscope $(NOTEBOOKS)

site: env  ## build the site with the course and the API reference into build/site (a minute)
	$(PY) tools/make_site.py $(SITE_ARGS)

export: env  ## lessons as HTML pages into build/export, to read without a network (LESSONS="03 07"; all without)
	$(PY) tools/export_lessons.py $(LESSONS)

robust: env  ## lessons and laws on other threads, instructions, seeds (ROBUST_ARGS=--quick; two hours without)
	$(PY) tools/robust.py --jobs $(JOBS) $(ROBUST_ARGS)

release-check: env .venv/.stamp-release  ## build, install into an empty environment, and run tests and all lessons on that
	rm -rf build/release/dist
	$(PY) -m hatchling build -d build/release/dist
	$(PY) -m twine check --strict build/release/dist/*
	$(PY) tools/check_binder.py
	$(PY) tools/release_check.py build/release

test-next: .venv-next/.stamp  ## run the tests against the next Keras, in .venv-next
	$(PY_NEXT) -m pytest tests --ignore=tests/project -m "not browser" -n $(JOBS) --dist loadfile $(PYTEST_ARGS)

bench: env .venv/.stamp-bench  ## time rshop, Keras, torch and JAX side by side into build/bench (BENCH_ARGS=--quick: 3 minutes)
	$(PY) -m benchmarks $(BENCH_ARGS)

notebooks: env  ## execute every notebook, or LESSONS="03 07", and write its outputs
	$(PY) tools/execute_notebooks.py $(LESSONS)
	$(PY) tools/write_map.py

map: env  ## place the cell that installs, link the lessons to each other, draw and write the map of the course
	$(PY) tools/place_install_cells.py
	$(PY) tools/link_lessons.py
	$(PY) tools/draw_course.py
	$(PY) tools/write_map.py

wheel: env  ## build the wheel into build/wheel, for a lesson that is handed out alone
	$(PY) -m hatchling build -t wheel -d build/wheel

student: env  ## write student/: lessons without outputs (STUDENT_ARGS=--without-solutions)
	$(PY) tools/make_student.py $(STUDENT_ARGS)

format: env  ## format Python and JavaScript, and mend what ruff and biome can mend
	$(PY) -m ruff check --fix $(LINTED)
	$(PY) -m ruff format $(LINTED)
	$(call biome,check --write)

clean:  ## remove the environments and everything that was generated
	rm -rf .venv .venv-next build dist *.egg-info .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +
	find . -name .ipynb_checkpoints -prune -exec rm -rf {} +

# $(call biome,ARGUMENTS): the formatter of JavaScript, which has no wheel for some machines.
biome = @if test -x .venv/bin/biome; then .venv/bin/biome $(1); else echo "JavaScript is left out: no biome here."; fi

# $(call make_venv,FOLDER): a folder whose Python is missing, broken or of another version is made anew.
define make_venv
@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	echo "rshop needs Python 3.11 or newer. Received: '$(PYTHON)' = $$($(PYTHON) --version 2>&1). Fix: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	echo "Python's venv module is missing. Fix: on Debian or Ubuntu, apt-get install python3-venv" >&2; exit 1; }
@test "$$($(1)/bin/python -c '$(VERSION_CODE)' 2>/dev/null)" = "$(PY_VERSION)" || $(PYTHON) -m venv --clear $(1)
@$(1)/bin/python -m pip --version >/dev/null 2>&1 || $(1)/bin/python -m ensurepip
endef

# $(call pip_install,PYTHON,FILE): with these versions, those of the build backend too; older and newer pips
# read them from different variables.
pip_install = PIP_CONSTRAINT=$(2) PIP_BUILD_CONSTRAINT=$(2) $(1) tools/install.py

ifneq ($(shell cat .venv/.stamp 2>/dev/null),$(ENV_ID))
.PHONY: .venv/.stamp
endif
.venv/.stamp: pyproject.toml constraints.txt $(LAB_CONFIG)
	$(call make_venv,.venv)
	@echo "Installing into .venv: about 2 GB and some minutes the first time."
	$(call pip_install,$(PY),constraints.txt) -e '.[lab,test,site]'
	mkdir -p .venv/etc/jupyter && cp $(LAB_CONFIG) .venv/etc/jupyter/
	@echo "$(ENV_ID)" > $@

.venv/.stamp-release: .venv/.stamp
	$(call pip_install,$(PY),constraints.txt) -e '.[release]' && touch $@

# Without torch and JAX the benchmark runs too: it says that these columns are missing.
.venv/.stamp-bench: .venv/.stamp
	@echo "Installing torch and JAX into .venv: from 1 GB (without CUDA) to several GB."
	$(call pip_install,$(PY),constraints.txt) -e '.[bench]' && touch $@ || echo "torch and JAX could not be installed."

# TensorFlow asks for `keras`, which owns the same files as `keras-nightly`: let it in, take it
# out, and only then lay down the nightly.
ifneq ($(shell cat .venv-next/.stamp 2>/dev/null),$(ENV_ID))
.PHONY: .venv-next/.stamp
endif
.venv-next/.stamp: pyproject.toml constraints-next.txt
	$(call make_venv,.venv-next)
	@echo "Installing into .venv-next: about 2 GB and some minutes the first time."
	$(call pip_install,$(PY_NEXT),constraints-next.txt) -e '.[lab,test]'
	$(PY_NEXT) -m pip uninstall --quiet --yes keras
	$(call pip_install,$(PY_NEXT),constraints-next.txt) --pre --no-deps --force-reinstall keras-nightly
	$(PY_NEXT) -c 'import keras; print("keras", keras.__version__); assert "dev" in keras.__version__'
	@echo "$(ENV_ID)" > $@
