# All development tasks. `make help` lists them. The first target that needs .venv creates it.

BIN := .venv/bin
# The names contain an id of this directory, so a copied directory creates a new .venv. RUNTIME is what `make run`
# needs. VENV also has the tools for tests and checks.
VENV_ID := $(shell pwd | cksum | cut -d ' ' -f 1)
RUNTIME := .venv/runtime-$(VENV_ID)
VENV := .venv/complete-$(VENV_ID)
CORPUS ?=
# For the chaos test: the seed of its plan (default: a new one for each run), and the number of deliveries.
SEED ?=
DELIVERIES ?= 20000
# Each test process has separate servers. Many tests wait for processes, so three are faster than two on two cores. A Redis from the environment is emptied, so only one process can use it.
PROCESSES ?= $(if $(CREWKIT_GIT_TEST_REDIS_URL),0,3)

# The tests of one file share servers, so they run in one process. tests/conftest.py sets the order of the files.
DISTRIBUTED := -n $(PROCESSES) --dist loadfile --no-loadscope-reorder

# The options of suites that `make test` does not run. Browser tests that measure times run alone.
SUITE_OPTIONS := -q --strict-markers --strict-config --import-mode=importlib -p no:schemathesis
TIMED_E2E := tests/e2e/test_budget.py tests/e2e/test_selector.py

# Root starts PostgreSQL as another user, so these tests behave differently for root.
ROOT_TESTS := tests/integration/local/test_embedded.py tests/integration/local/test_up.py tests/integration/local/test_hardening.py

# The released contract (docs/adr/0020).
RELEASED := proto/released.binpb

# Without bytecode files, each of the hundreds of test processes would compile the same sources.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
# The dashboard is built again only if its sources change.
DASHBOARD := src/entrypoints/rest/dashboard/files/index.html
DASHBOARD_SOURCES := docs/openapi.json $(shell find dashboard -type f -not -path '*/node_modules/*' -not -name schema.d.ts)
# npm is part of .venv. It trusts the certificates of this machine, so that it works behind a proxy that inspects TLS.
# Retries are short, because npm prints nothing during two minutes of retries.
NPM := PATH="$(CURDIR)/$(BIN):$$PATH" NODE_OPTIONS="--use-system-ca $$NODE_OPTIONS" \
	npm_config_fetch_retry_mintimeout=1000 npm_config_fetch_retry_maxtimeout=5000 \
	npm_config_fetch_timeout=60000 $(CURDIR)/$(BIN)/npm --prefix dashboard
NODE_MODULES := dashboard/node_modules/.package-lock.json

# For another container engine: make compose-check COMPOSE=podman-compose
COMPOSE ?= docker compose
# For `make upgrade-check`: the images of the two versions.
OLD ?=
NEW ?= crewkit-git:latest

.PHONY: help run check audit chaos chromium compose-check upgrade-check image wheel e2e screenshots dashboard dashboard-check dashboard-format dashboard-lint test unit test-as-root test-containers corpus lint types contracts language format bench openapi reference proto proto-release clean

help: ## List all targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' Makefile

run: $(RUNTIME) $(DASHBOARD) ## Start everything on this machine: database, queue, API, worker, demo data (Ctrl-C stops it)
	@exec $(BIN)/python -m local

check: lint types contracts dashboard-check test ## Run all checks that a change must pass

test: $(VENV) ## Run the complete test suite on embedded servers
	@$(BIN)/pytest $(DISTRIBUTED)
	@echo "This was the complete suite, except the browser tests. To run them: make e2e"

unit: $(VENV) ## Run the fast tests without servers: domain, use cases, parsers
	@$(BIN)/pytest -n 2 -m "not slow" --hypothesis-profile=quick tests/unit

test-as-root: $(VENV) ## Run the tests that behave differently for root, as root
	@test "$$(id -u)" = 0 || { echo "Run this target as root. As another user, run: make test" >&2; exit 1; }
	@$(BIN)/pytest $(DISTRIBUTED) $(ROOT_TESTS)

chromium: $(VENV) ## Install Chromium for the browser tests if it is missing
	@deploy/chromium.sh

e2e: $(VENV) $(DASHBOARD) ## Run the browser tests with the service, the sandbox GitHub and Chromium
	@$(BIN)/pytest $(TIMED_E2E) -o addopts="$(SUITE_OPTIONS)"
	@$(BIN)/pytest tests/e2e $(addprefix --ignore=,$(TIMED_E2E)) -n 2 --dist loadfile -o addopts="$(SUITE_OPTIONS)"

screenshots: $(VENV) $(DASHBOARD) ## Take the screenshots in docs/screenshots
	@$(BIN)/python -m tests.e2e.screenshots

chaos: $(VENV) ## Kill processes while 20,000 deliveries arrive: make chaos [SEED=n] [DELIVERIES=n]
	@SEED=$(SEED) DELIVERIES=$(DELIVERIES) $(BIN)/pytest tests/chaos -s -o addopts="$(SUITE_OPTIONS)" -o timeout=900

test-containers: $(VENV) ## Run the suite on containers of postgres:18 and redis:7 (needs Docker)
	@CREWKIT_GIT_TEST_CONTAINERS=1 $(BIN)/pytest $(DISTRIBUTED)

image: ## Build the container image crewkit-git:latest (needs a container engine)
	@docker build --tag crewkit-git:latest .

wheel: $(VENV) $(DASHBOARD) ## Build the wheel with the dashboard, and the list of its dependencies, in dist/
	@rm -rf dist
	@$(BIN)/python -m hatchling build --target wheel --directory dist
	@$(BIN)/python -m uv export --quiet --frozen --no-dev --extra otel --no-emit-project \
		--output-file dist/requirements.txt

compose-check: ## Build the image, start compose.yaml, send a signed push, stop it (needs a container engine)
	@COMPOSE="$(COMPOSE)" deploy/try-compose.sh

upgrade-check: $(VENV) ## Upgrade and roll back in containers under load: make upgrade-check OLD=image NEW=image
	@test -n "$(OLD)" || { echo "Set OLD to an image of the old version: make upgrade-check OLD=image" >&2; exit 1; }
	@COMPOSE="$(COMPOSE)" $(BIN)/python -m tests.containers.rehearse_upgrade "$(OLD)" "$(NEW)"

corpus: $(VENV) ## Test with a folder of real payloads: make corpus CORPUS=folder
	@test -d "$(CORPUS)" || { echo "Set CORPUS to a folder of payloads: make corpus CORPUS=folder" >&2; exit 1; }
	@$(BIN)/pytest tests/integration/events/test_corpus.py tests/unit/payloads/test_payload_mutations.py --corpus="$(CORPUS)"

lint: $(VENV) ## Check style, format and the generated code of proto/
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/buf lint
	@$(BIN)/buf format --diff --exit-code
	@$(BIN)/buf breaking --against $(RELEASED)
	@$(BIN)/python proto/generate.py --check

types: $(VENV) ## Check types
	@$(BIN)/mypy

contracts: $(VENV) ## Check the allowed imports between packages
	@$(BIN)/lint-imports --no-logo

language: $(VENV) ## List texts and names that are not plain English
	@$(BIN)/python -m tests.support.language

format: $(VENV) ## Format the code and fix style problems automatically
	@$(BIN)/ruff check --fix-only --quiet
	@$(BIN)/ruff format

bench: $(VENV) ## Run the benchmarks and write docs/benchmarks.md and docs/benchmarks/
	@$(BIN)/python -m uv sync --frozen --group bench --quiet
	@$(BIN)/python -m benchmarks

dashboard: $(DASHBOARD) ## Build the dashboard that the API serves

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
	@echo "Building the dashboard"
	@$(NPM) run --silent generate >/dev/null
	@$(NPM) run --silent build -- --logLevel warn

$(NODE_MODULES): $(RUNTIME) dashboard/package.json dashboard/package-lock.json
	@echo "Installing the dashboard's packages (first download: 150 MB)"
	@$(NPM) ci --loglevel=error --no-audit --no-fund --no-progress >/dev/null || { echo \
		"npm could not install the dashboard's packages. See its message above. If there is no connection, connect" \
		"to the network and try again. Behind a proxy, set HTTPS_PROXY, and SSL_CERT_FILE to a file with its CA." >&2; \
		exit 1; }
	@touch $@

audit: $(NODE_MODULES) ## Check all dependencies for known vulnerabilities (uses osv.dev and the npm registry)
	@$(BIN)/python -m uv audit --frozen
	@$(NPM) audit

openapi: $(VENV) ## Generate docs/openapi.json
	@$(BIN)/python -m tests.support.checks.openapi_file

reference: $(VENV) ## Generate the tables in docs/reference from the code
	@$(BIN)/python -m tests.support.reference

proto: $(VENV) ## Generate proto/gen from proto/
	@$(BIN)/python proto/generate.py

proto-release: $(VENV) ## Mark the gRPC contract as released; later contracts must be compatible
	@test ! -e $(RELEASED) || $(BIN)/buf breaking --against $(RELEASED)
	@$(BIN)/buf build --exclude-source-info --output $(RELEASED)

clean: ## Remove .venv and caches; the data in .crewkit-git is kept
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist dashboard/node_modules src/entrypoints/rest/dashboard/files

$(RUNTIME): pyproject.toml uv.lock deploy/bootstrap.sh
	@deploy/bootstrap.sh runtime $(VENV_ID)

$(VENV): pyproject.toml uv.lock deploy/bootstrap.sh
	@deploy/bootstrap.sh complete $(VENV_ID)
