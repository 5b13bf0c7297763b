# Every habit of this repository. `make help` lists them; TAG=v1.2.0-abc12de and ENV=local are the arguments.
SHELL := /bin/bash
.DEFAULT_GOAL := help
ifneq ($(origin ENV),command line)
ENV := $(or $(RELCTL_ENV),local)
endif
TAG ?=
ifneq ($(filter verify promote,$(MAKECMDGOALS)),)
ifeq ($(TAG),)
$(error give the release: make $(MAKECMDGOALS) TAG=v1.2.0-abc12de)
endif
endif
PYTHON := .venv/bin/python
RELCTL := .venv/bin/relctl --env $(ENV)
TESTS ?= tests
JOBS ?= 4
SINCE ?= $(or $(shell git merge-base HEAD origin/main 2>/dev/null),HEAD)
PYTEST := $(PYTHON) -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder

.PHONY: help setup setup-dev setup-reference demo down lint format check test test-slow test-alone test-reference test-all \
	test-machines bench docs \
	model build verify promote rollback status lock clean

help: ## list these targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

setup: ## install what is missing (needs root for that), start an engine, make .venv
	@deploy/setup.sh

setup-dev: # what tests and lint need besides
	@deploy/setup.sh dev

setup-reference: # besides, what others are compared with: torch, transformers, HAProxy, Caddy
	@deploy/setup.sh reference

demo: setup ## the whole job on this machine: build, verify, promote, update under load, refuse, roll back
	@$(PYTHON) deploy/demo.py

down: ## stop everything that `make demo` started; images and history stay
	@deploy/down.sh

lint: setup-dev ## ruff, mypy strict, vocabulary, workflow and shell checks
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy
	$(PYTHON) tests/vocabulary.py
	$(PYTHON) -m check_jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	bash -n deploy/setup.sh deploy/down.sh deploy/systemd/install.sh tests/machines/fresh-machine.sh .ci/run

format: setup-dev ## let ruff lay out the code
	$(PYTHON) -m ruff format .
	$(PYTHON) -m ruff check --fix .

check: lint ## in less than a minute: lint, types, and the unit tests of what changed since SINCE
	tests=$$($(PYTHON) tests/changed.py $(SINCE)) && $(PYTEST) -m "not slow and not reference" $$tests

docs: setup-dev ## the site of the documents, in dist/docs/site; every link is checked
	$(PYTHON) deploy/document_site.py

test: setup-dev ## all tests but the slow ones, on a real engine and a real Nginx
	$(PYTEST) -m "not slow and not reference" $(TESTS)

test-slow: setup-dev # the tests that `make test` leaves out
	$(PYTEST) -m "slow and not alone and not reference" $(TESTS)

test-alone: setup-dev # the slow tests that measure times, one after the other
	$(PYTHON) -m pytest -m "alone and not reference" $(TESTS)

test-reference: setup-reference # the tests that compare with torch and with other proxies
	$(PYTHON) -m pytest -m reference $(TESTS)

test-all: test test-slow test-alone test-reference ## all tests

test-machines: setup-dev ## `make demo` and `make test` on fresh Debian 12, 13 and forky, for hours; needs root
	PYTHONPATH=tests $(PYTHON) -m machines.try_readme

bench: setup-reference ## the benchmarks, for hours; each prints one JSON object last
	$(PYTHON) benchmarks/build.py
	$(PYTHON) benchmarks/reading_git.py
	$(PYTHON) benchmarks/house.py
	$(PYTHON) benchmarks/switch.py
	$(PYTHON) benchmarks/rollback.py
	$(PYTHON) benchmarks/observe.py
	$(PYTHON) benchmarks/keep_alive.py
	$(PYTHON) benchmarks/retention.py
	$(PYTHON) benchmarks/service.py
	$(PYTHON) benchmarks/refused.py
	$(PYTHON) benchmarks/gate_calibration.py
	$(PYTHON) benchmarks/observation_calibration.py
	$(PYTHON) benchmarks/verify.py
	$(PYTHON) benchmarks/verify.py --pipeline pipelines/release.yaml

model: setup-reference ## make the int8 model again from its transformers form; same bytes as in git
	$(PYTHON) service/convert_model.py service/models/zh-en-tiny/2026.11/hf service/models/zh-en-tiny/2026.11/ct2-int8

build: setup ## an image from HEAD's commit
	@$(RELCTL) build

verify: setup ## prove TAG and keep the evidence
	@$(RELCTL) verify $(TAG)

promote: setup ## give the traffic to TAG
	@$(RELCTL) promote $(TAG)

rollback: setup ## give the traffic back to the standby, or to TAG
	@$(RELCTL) rollback $(TAG)

status: setup ## what is live, what stands by, what contradicts
	@$(RELCTL) status

lock: setup-dev ## pin the Python requirements, the base's Debian packages and the tools
	@$(RELCTL) lock
	@deploy/constraints.sh

clean: ## remove caches of builds and tools; images, evidence and history stay
	rm -rf .relctl/cache .mypy_cache .ruff_cache .pytest_cache dist
	find . -name __pycache__ -type d -not -path './.venv/*' -prune -exec rm -rf {} +
