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
build: ## Build bin/pipecd and bin/piped
	$(GO) build -ldflags '$(LDFLAGS)' -o bin/ ./cmd/pipecd ./cmd/piped

.PHONY: quickstart
quickstart: build ## Try the whole product on this machine, with no cloud account
	bin/pipecd quickstart $(ARGS)

.PHONY: test
test: ## Run all tests; installs what they need
	.ci/prepare
	$(GO) vet ./...
	$(GO) test -timeout 15m ./...
	$(MAKE) test-scenarios test-kill N=3
	$(MAKE) check-generate

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

.PHONY: lint
lint: tools ## Lint Go code and contracts
	$(TOOLS)/golangci-lint run ./...

.PHONY: generate
generate: tools ## Write the generated code
	proto/generate.sh

.PHONY: check-generate
check-generate: tools ## Fail if the generated code is not current
	proto/generate.sh --check

.PHONY: tools
tools: ## Build the pinned tools into bin/tools
	@mkdir -p $(TOOLS)
	@cd .ci/tools && GOBIN=$(TOOLS) $(GO) install tool

.PHONY: clean
clean: ## Remove what was built
	rm -rf bin
