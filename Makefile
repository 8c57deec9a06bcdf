# Everything a person or a build machine does here. `make` alone tells what there is.

SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
FLOOR := tests/telephony/test_floor.py
CODE := agi ami_bridge messaging strategies models config console dialplan docker tests

# Compiled modules are kept, also where the environment forbids it (as images of Python tend to): here a
# hundred processes start, and to compile what each of them loads takes it four seconds.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help install images demo test lint contracts collected floor-test tests unit image-test bench docs up down clean

help:  ## Tell what there is
	@echo "secondpass: campaign strategies and anticipatory segmentation for Asterisk"
	@echo
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

install: $(VENV)/.installed  ## A .venv with everything; the command is .venv/bin/secondpass

# The interpreter found, and the host's packages seen to, once: a target, so that `make help` needs neither.
build/python: .ci/host
	@mkdir -p build
	@PYTHON="$(PYTHON)" .ci/host > $@.new && mv $@.new $@

# Not compiled ahead: of scikit-learn and its like most modules are never imported here.
$(VENV)/.installed: pyproject.toml | build/python
	"$$(cat build/python)" -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check --editable '.[train,dev]'
	@touch $@
	@echo "installed: $(BIN)/secondpass"

images: build/python  ## The images of the harness, the Docker engine where there is none
	"$$(cat build/python)" docker/harness.py build

demo: build/python  ## Real calls both ways through a real Asterisk; writes build/demo/summary.json
	@$(MAKE) --no-print-directory --jobs=2 install images
	$(BIN)/python docker/demo/demo.py

test: install  ## Everything: lint, types, contracts, all tests, unit tests on the image's Python
	@$(MAKE) --no-print-directory --jobs=2 lint contracts collected
	@$(MAKE) --no-print-directory floor-test
	@$(MAKE) --no-print-directory --jobs=2 tests image-test

# What pytest compiles of the tests is compiled here once, and not by each process of tests for itself.
collected: install
	@mkdir -p build
	@$(BIN)/pytest --collect-only -qq > build/collected.log || { cat build/collected.log; false; }

# Fifteen hundred calls to twenty agents need the machine for themselves: two seconds are counted there.
floor-test: install
	$(BIN)/pytest $(FLOOR)

# Three processes that mostly wait for calls, and one that computes, whatever the number of processors.
tests: install
	$(BIN)/pytest --numprocesses 4 --dist loadfile --ignore $(FLOOR)

lint: install  ## Format, lint and types
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/mypy

contracts: install  ## Imports run one way
	$(BIN)/lint-imports

unit: install  ## The tests that need neither Docker nor a server
	$(BIN)/pytest tests/unit tests/property

# It gives way to the calls of the tests beside it, and says what it found once it is over.
image-test: install  ## Unit tests on the Python of the image
	$(BIN)/python docker/harness.py build --test
	docker run --rm --network none --volume "$(CURDIR):/src:ro" --workdir /src --env PYTHONPATH=/src \
	  --env PYTHONDONTWRITEBYTECODE=1 --env HYPOTHESIS_STORAGE_DIRECTORY=/tmp/hypothesis --cpu-shares 100 \
	  secondpass-test nice python3 -m pytest tests/unit -q -p no:cacheprovider > build/image-test.log 2>&1 \
	  && tail -n 8 build/image-test.log || { cat build/image-test.log; false; }

bench: install  ## Measure against peers; writes build/bench.json
	$(BIN)/python -m tests.bench.run

docs: install  ## The documentation as a site, in build/site
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet

up: install  ## Start the harness and leave it running; prints every address
	$(BIN)/python docker/harness.py up

down: install  ## Remove all of the harness
	$(BIN)/python docker/harness.py down

clean:  ## Remove what was built, the .venv too
	rm -rf build dist $(VENV)
