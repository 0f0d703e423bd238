# Everything a developer needs. `make help` lists the targets.

SHELL := /bin/bash
GO ?= go
TOOLS := $(CURDIR)/bin/tools
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo development)
LDFLAGS := -X pipecd/pkg/version.Version=$(VERSION)
N ?= 20

.DEFAULT_GOAL := help

.PHONY: help
help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  \033[1m%-14s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: web-if-node ## Build bin/pipecd and bin/piped, with the web UI where Node is
	$(GO) build -ldflags '$(LDFLAGS)' -o bin/ ./cmd/pipecd ./cmd/piped

# What the web UI is built from, and the packages that build it.
WEB := $(shell find web/src web/public web/index.html web/vite.config.ts web/tsconfig.json web/package.json -type f 2>/dev/null)
WEB_PACKAGES := web/node_modules/.package-lock.json

$(WEB_PACKAGES): web/package-lock.json
	cd web && npm ci --ignore-scripts
	@touch $@

web/build/index.html: $(WEB) $(WEB_PACKAGES)
	cd web && npm run --silent build

.PHONY: web
web: web/build/index.html ## Build the web UI (needs Node 20.19 or newer)

.PHONY: web-if-node
web-if-node:
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory web; \
	else echo "npm is not there: pipecd is built without its web UI (see web/README.md)" >&2; fi

.PHONY: test-web
test-web: $(WEB_PACKAGES) ## Check the web UI: generated code, types, lint, tests, size
	cd web && npm run check

.PHONY: browser-world
browser-world: build
	.ci/prepare
	$(GO) build -o bin/ ./cmd/pipecd/quickstart/surroundings

.PHONY: test-browser
test-browser: browser-world ## Drive the web UI in a browser against the real programs; E2E="2-live -g tabs" for some of it
	cd web && npm run --silent test:browser -- $(E2E)

.PHONY: screenshots
screenshots: browser-world ## Take the pictures of docs/pictures
	cd web && npm run --silent pictures

.PHONY: quickstart
quickstart: build ## Try the whole product on this machine, with no cloud account
	bin/pipecd quickstart $(ARGS)

.PHONY: test
test: ## Run all tests; installs what they need
	.ci/prepare
	@mkdir -p bin # the server for test-stores takes a few minutes the first time: it is built beside everything else
	@nice -n 19 .ci/build-minio >bin/minio.log 2>&1 &
	$(GO) vet ./...
	$(GO) test -timeout 15m $$($(GO) list ./... | grep -vxE 'pipecd/($(STORES_PATTERN))')
	$(MAKE) test-scenarios test-kill N=3
	$(MAKE) check-generate
	@if command -v npm >/dev/null; then $(MAKE) test-web test-browser; else echo "npm is not there: the web UI is not checked" >&2; fi
	$(MAKE) test-stores

.PHONY: test-race
test-race: ## Run the Go tests under the race detector
	$(GO) test -race -timeout 30m ./...

.PHONY: test-scenarios
test-scenarios: build ## Run each quickstart scenario once
	@for s in canary bad-release broken-target; do \
	  echo "== $$s"; bin/pipecd quickstart --scenario=$$s --exit || exit 1; done

.PHONY: test-kill
test-kill: build ## Kill the agent at a random moment of each scenario, N times
	PIPED_BINARY=$(CURDIR)/bin/piped $(GO) run ./cmd/pipecd/quickstart/killtest -n $(N)

.PHONY: test-faults
test-faults: build minio mariadb ## Take away what the control plane stands on while agents report; FAULTS="-only=… -seed=…" for some of it
	$(GO) run ./cmd/pipecd/faulttest $(FAULTS)

SEEDS ?= 1000
.PHONY: sim
sim: ## Run SEEDS deployments, from seed SEED on, and one for each call of each pipeline at which the agent is killed, under virtual time with faults
	$(GO) test -c -o bin/simtest ./pkg/simtest
	@cd pkg/simtest && ../../bin/simtest -test.timeout=0 -seeds=$(if $(SEED),$(if $(filter command line,$(origin SEEDS)),$(SEEDS),1),$(SEEDS)) $(if $(SEED),-seed=$(SEED) -crashes=none,-crashes=all)

.PHONY: sim-mutants
sim-mutants: ## Break one promise of the product at a time and see that the simulation finds it; MUTANTS=pattern for some of them
	$(GO) run ./pkg/simtest/mutants '$(MUTANTS)'

# The packages that test-stores runs, on real servers. `make test` runs them there
# and nowhere else.
STORES := pkg/datastore/mysql pkg/datastore/sqlite pkg/filestore/objectstore pkg/filestore/local pkg/controlplane/stagelog cmd/pipecd/storestest
EMPTY :=
STORES_PATTERN := $(subst $(EMPTY) $(EMPTY),|,$(STORES))

.PHONY: minio
minio: ## Build the MinIO server that tests start (a few minutes, once)
	.ci/build-minio

.PHONY: mariadb
mariadb: ## Install the MariaDB server that tests start, on Debian
	.ci/prepare stores

.PHONY: test-stores
test-stores: mariadb minio ## Run the suites of the stores, and the programs, on real servers: MariaDB, MinIO, SQLite, a directory
	.ci/test-stores $(addprefix ./,$(STORES))

T ?= 30s
.PHONY: fuzz
fuzz: ## Fuzz every decoder and the server for T each; FUZZ=pattern for some of them
	.ci/fuzz $(T) '$(FUZZ)'

.PHONY: bench
bench: build ## Measure latency, pipelines, bursts, idle cost, first load; BENCH="-only=… -apps=…" for some of it
	$(GO) run ./cmd/pipecd/quickstart/bench $(BENCH)

.PHONY: bench-server
bench-server: build minio mariadb ## Measure the control plane on MariaDB and MinIO; BENCH="-only=… -connections=…" for some of it
	$(GO) run ./cmd/pipecd/serverbench $(BENCH)

.PHONY: lint
lint: tools-lint tools-proto ## Lint Go code and contracts
	$(TOOLS)/golangci-lint run ./...
	proto/generate.sh --lint

.PHONY: generate
generate: tools-proto ## Write the generated code
	proto/generate.sh

.PHONY: check-generate
check-generate: tools-proto ## Fail if the contracts have lint or the generated code is not current
	proto/generate.sh --check

.PHONY: tools
tools: tools-proto tools-lint ## Build the pinned tools into bin/tools

.PHONY: tools-proto
tools-proto: ## Build those of the contracts alone
	@mkdir -p $(TOOLS)
	@cd .ci/tools && GOBIN=$(TOOLS) $(GO) install $$($(GO) list tool | grep -v golangci-lint)

.PHONY: tools-lint
tools-lint: ## Build the linter of Go code alone
	@mkdir -p $(TOOLS)
	@cd .ci/tools && GOBIN=$(TOOLS) $(GO) install $$($(GO) list tool | grep golangci-lint)

.PHONY: clean
clean: ## Remove what was built
	rm -rf bin
