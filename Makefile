# Everything that people and CI do. `make help` lists the targets.
#
#   ENV=NAME               the environment: dev (the default), test, staging, prod
#   CONTEXT=name           deploy to this context of your kubeconfig instead of what the environment's file says
#   YES=1                  answer every question of `up` and `down` with yes, as in CI
#   ADOPT=1                take over what is in the cluster of an environment whose state is lost
#   UPGRADE=1              let `lock` take newer versions of what the direct pins leave open
#   PYTHON=python3.12      the interpreter for the virtual environment (3.11 or newer)

ENV     ?= dev
CONTEXT ?=
FILE    ?= preview-$(ENV).md
PYTHON  ?= python3
VENV    := .venv
RUN     := $(VENV)/bin/python
OPS     := $(RUN) -m ops
TARGET  := --stack $(ENV) $(if $(CONTEXT),--context $(CONTEXT))
ANSWERS := $(if $(YES),--yes) $(if $(ADOPT),--adopt)
LOCK     := $(RUN) -m uv pip compile --quiet --universal --python-version=3.11 --generate-hashes --no-emit-index-url
CORES    = $(shell getconf _NPROCESSORS_ONLN)

.DEFAULT_GOAL := help
.PHONY: help up down status drift preview preview-comment preview-example pulumi-preview render test test-stacks test-ops test-policy test-others \
        snapshots e2e tools servers check schema format lock bench clean

help: ## This list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /  make \1|/' | column -t -s '|'

up: $(VENV)/.ready ## Deploy ENV and wait until it is available (on the local sandbox unless the environment says otherwise)
	@$(OPS) up $(TARGET) $(ANSWERS)

down: $(VENV)/.ready ## Remove exactly what `up` created
	@$(OPS) down $(TARGET) $(ANSWERS)

status: $(VENV)/.ready ## What runs of ENV
	@$(OPS) status $(TARGET)

preview: $(VENV)/.ready ## What ENV consists of and what the policies say of it; needs no cluster
	@$(OPS) preview --stack $(ENV)

preview-comment: $(VENV)/.ready ## The same as a pull-request comment, in FILE (default preview-ENV.md)
	@$(OPS) preview --stack $(ENV) --output markdown > $(FILE)

# An example is an environment once it lies beside the others; the name of a stack begins with that of its file.
EXAMPLE = Pulumi.$(firstword $(subst ., ,$(ENV))).yaml

preview-example: $(VENV)/.ready ## The preview of the example ENV (a stack of examples/, such as fleet.eu) as Markdown, in FILE
	@if [ -e $(EXAMPLE) ]; then echo "error: $(EXAMPLE) is an environment of yours: make preview ENV=$(ENV)" >&2; exit 1; fi
	@trap 'rm -f $(EXAMPLE)' EXIT; cp examples/$(EXAMPLE) . && $(OPS) preview --stack $(ENV) --output markdown > $(FILE)

pulumi-preview: $(VENV)/.ready ## What `up` would change, as the Pulumi engine sees it, with the policy pack; needs the cluster
	@$(OPS) preview --stack $(ENV) --engine

drift: $(VENV)/.ready ## What differs between program, state and cluster
	@$(OPS) drift $(TARGET)

render: $(VENV)/.ready ## The manifests of ENV, one file an object, in rendered/ENV
	@$(OPS) render --stack $(ENV) rendered/$(ENV)

# Each part in a process of its own: it imports and records what it needs, and no more. The longest parts come first.
test: $(VENV)/.ready-dev ## Unit and policy tests, in as many parts at a time as there are cores
	@echo "Testing in four parts, $(CORES) at a time; each shows what it found at its end"
	@$(MAKE) --no-print-directory --keep-going --jobs $(CORES) $(if $(filter output-sync,$(.FEATURES)),--output-sync) \
	  test-others test-stacks test-policy test-ops

test-stacks: $(VENV)/.ready-dev
	@$(RUN) -m pytest tests/unit/stacks

test-ops: $(VENV)/.ready-dev
	@$(RUN) -m pytest tests/unit/ops tests/unit/docs

test-others: $(VENV)/.ready-dev
	@$(RUN) -m pytest tests/unit $(addprefix --ignore=tests/unit/,stacks ops docs)

test-policy: $(VENV)/.ready-dev
	@$(RUN) -m pytest tests/policy

snapshots: $(VENV)/.ready-dev ## Write tests/snapshots anew (prod whole, dev and staging by what differs), and the figures of examples/README.md
	@rm -f tests/snapshots/*.yaml
	@UPDATE_SNAPSHOTS=1 $(RUN) -m pytest -q tests/unit/stacks/test_snapshots.py tests/unit/examples

e2e: $(VENV)/.ready-dev ## Tests by Pulumi on the sandbox, and against PostgreSQL, Redis and an AWS account in memory
	@$(RUN) -m pytest -n 2 --dist loadfile tests/aws tests/data tests/sandbox tests/engine tests/distribution

tools: $(VENV)/.ready-dev ## Build the sandbox and what its tests use; minutes the first time, nothing after that
	@$(RUN) -c 'from sandbox import tools; tools.ensure([tool.name for tool in tools.TOOLS])'

servers: ## PostgreSQL and Redis for tests/data, by apt where they are missing; without them those tests say that they skip
	@if ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 && command -v redis-server >/dev/null; then :; \
	elif command -v apt-get >/dev/null; then \
	  as_root=$$([ "$$(id -u)" = 0 ] || echo sudo); \
	  $$as_root apt-get update -q && $$as_root apt-get install -q -y --no-install-recommends postgresql redis-server; \
	else echo "No apt here: install PostgreSQL and Redis to run tests/data" >&2; fi

check: $(VENV)/.ready-dev ## Format, lint, types
	@$(RUN) -m ruff format --check .
	@$(RUN) -m ruff check .
	@$(RUN) -m mypy

schema: $(VENV)/.ready ## Write environment.schema.json and docs/configuration.md anew, from the models of the keys
	@$(OPS) schema --write

format: $(VENV)/.ready-dev ## Put the code into the format that `check` wants
	@$(RUN) -m ruff format .
	@$(RUN) -m ruff check --fix .

# The program's first: the other one is held to it.
lock: $(VENV)/.ready-dev ## Lock what requirements*.in asks for, with all that it needs, in requirements*.txt
	@$(LOCK) $(if $(UPGRADE),--upgrade) --output-file=requirements.txt requirements.in
	@$(LOCK) $(if $(UPGRADE),--upgrade) --output-file=requirements-dev.txt requirements-dev.in

bench: $(VENV)/.ready-dev ## Speed and memory, as ratios within one run
	@$(RUN) -m benchmarks

clean: ## Remove the virtual environment and caches; state and the sandbox stay
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache rendered

$(VENV)/bin/python:
	@command -v $(PYTHON) >/dev/null || { echo "error: $(PYTHON) is not on PATH; install Python 3.11 or newer, or name one: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "error: $(PYTHON) is older than Python 3.11; name a newer one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@echo "Creating the virtual environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "error: no virtual environment could be made; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }

# Compiling all of pulumi-aws would take longer than everything else together: only what the program imports of it.
AWS = $(sort $(shell grep -rhoE 'pulumi_aws\.[a-z0-9]+' --include='*.py' components stacks | cut -d. -f2))
define install
	@echo "Installing $(1)"
	@$(RUN) -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r $(1)
	@$(RUN) -m compileall -q -j 0 -x 'pulumi_aws|/pip/|/setuptools/|/debugpy/' $(VENV)/lib >/dev/null || true
	@$(RUN) -m compileall -q -j 0 $(VENV)/lib/python*/site-packages/pulumi_aws/*.py \
	  $(addprefix $(VENV)/lib/python*/site-packages/pulumi_aws/,$(AWS)) >/dev/null || true
	@touch $@
endef

$(VENV)/.ready: requirements.txt | $(VENV)/bin/python
	$(call install,requirements.txt)

$(VENV)/.ready-dev: requirements-dev.txt $(VENV)/.ready | $(VENV)/bin/python
	$(call install,requirements-dev.txt)
