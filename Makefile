# The two commands: `make run` and `make test`. `make help` lists the rest.
STATE  := $(CURDIR)/.state
VENV   := $(STATE)/venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
PEERS  := $(STATE)/peers
PYTHON ?= $(firstword $(foreach p,python3 python3.13 python3.12 python3.11,\
            $(shell $(p) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(p))))

export PYTHONDONTWRITEBYTECODE := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help run test ui stop lint audit wheel sbom bench soak compose-trial docs lock clean

help: ## Show this list.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 16

run: $(READY) ## Set up, start the embedded stack, run the whole pipeline and show what it made.
	@$(BIN)/threads-pipelines run

test: $(READY) ## Set up and run the tests, in two processes that share nothing.
	@$(BIN)/python -m pytest -q --numprocesses 2 --dist loadfile

ui: $(READY) ## Open Dagster's web server on the running stack.
	@$(BIN)/threads-pipelines ui

stop: ## Stop the embedded stack.
	@if [ -x $(BIN)/threads-pipelines ]; then $(BIN)/threads-pipelines stop; fi

lint: $(READY) ## Lint, check format and types, and look for dead code and undeclared imports.
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy
	@$(BIN)/vulture && $(BIN)/deptry threads_pipelines

audit: $(READY) ## Compare the locked dependencies with the known vulnerabilities.
	@$(BIN)/python .ci/audit.py

wheel: $(READY) ## Build the wheel into .state/dist, without a network.
	@rm -rf $(STATE)/dist && $(BIN)/python -m hatchling build -t wheel -d $(STATE)/dist

sbom: $(READY) ## Write the software bill of materials (CycloneDX, JSON) to .state/sbom.json.
	@$(BIN)/cyclonedx-py requirements requirements.lock --pyproject pyproject.toml --output-reproducible \
	  --of JSON -o $(STATE)/sbom.json
	@echo $(STATE)/sbom.json

bench: $(READY) $(PEERS)/.ready ## Measure every figure beside a peer or a floor (FEED=FILE.csv.gz adds quality).
	@$(BIN)/python -m benchmarks --peers-python $(PEERS)/bin/python $(if $(FEED),--feed $(FEED))

soak: $(READY) ## The long trials, part by part (PART="WORD ..." chooses); those that passed at this commit are skipped.
	@$(BIN)/python -m tools.soak $(PART)

# Exit code 77: this machine cannot run it. That is a failure only where no trial may be skipped.
compose-trial: $(READY) ## Try Dockerfile and compose file for real (root, Debian; PARTS="--resume" goes on).
	@$(BIN)/python -m tools.compose_trial $(PARTS) || \
	  { code=$$?; [ $$code -eq 77 ] && [ -z "$$THREADS_REQUIRE_ALL_TESTS" ]; }

docs: $(READY) ## Draw the pictures of README and docs again: assets, rooms, the page of the last run.
	@$(BIN)/python -W ignore -m tools.asset_graph docs/asset-graph.svg
	@$(BIN)/python -m tools.import_graph docs/rooms.svg
	@$(BIN)/python -m tools.screenshot .state/reports/comparison.html docs/comparison.png

lock: $(READY) ## Lock the dependencies again (records no registry address).
	@$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --no-strip-extras --python-version 3.11 \
	  --extra build --extra embedded --extra dask --extra dev pyproject.toml -o requirements.lock
	@$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --no-strip-extras --python-version 3.11 \
	  --extra build --extra dask -c requirements.lock pyproject.toml -o requirements-server.lock
	@$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --no-strip-extras --python-version 3.11 \
	  benchmarks/peers.in -o requirements-bench.lock

clean: stop ## Stop everything and delete the state folder, data included.
	@rm -rf $(STATE)

$(READY): requirements.lock pyproject.toml
	@[ -n "$(PYTHON)" ] || { echo "No Python 3.11 or newer was found: install one, or name it: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "$(PYTHON) has no venv module: install it (Debian: python3-venv), or name another: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) tools/set_up.py $(STATE)

# The peers need an environment of their own: one of them wants an older numpy.
$(PEERS)/.ready: requirements-bench.lock
	@mkdir -p $(STATE) && rm -f $@ && $(PYTHON) -m venv --clear $(PEERS)
	@$(PEERS)/bin/python -m pip install -q --require-hashes -r requirements-bench.lock
	@touch $@
