# What people do here. `make` alone lists it.
#
# Everything is Go and its module proxy. From outside come two things for the
# tests: a browser, which `make browser` finds or installs, and the rules of
# accessibility, which `make axe` fetches with npm.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# Reproducible and static: no cgo, no paths of this machine. Tests with -race
# need cgo and switch it back on themselves.
export CGO_ENABLED ?= 0
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
BUILD   := go build -trimpath -ldflags "-s -w -X main.version=$(VERSION)"

# The packages whose goroutines share memory. The rest gain nothing from -race
# and would double the time.
CONCURRENT := ./edge/... ./collector/engine/... ./collector/internal/... ./collector/collectortest/... ./collector/console/... ./collector/meta/...

.PHONY: help run build test unit race lint vet staticcheck browser axe check bench fmt clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: build ## build and start the demo: shop, tag, edge, collector, console, fake Graph API
	./matchkey demo

build: ## build the binary ./matchkey
	$(BUILD) -o matchkey .

test: browser axe lint unit race ## run everything, a real headless Chromium included

unit: ## run all tests once
	go test -timeout 10m ./...

race: ## run the tests of the concurrent packages under the race detector
	CGO_ENABLED=1 go test -race -timeout 10m $(CONCURRENT)

lint: vet staticcheck ## go vet, staticcheck and gofmt
	@unformatted=$$(gofmt -l .); if [ -n "$$unformatted" ]; then echo "not formatted; run make fmt:"; echo "$$unformatted"; exit 1; fi

vet:
	go vet ./...

# The tools have a module of their own, so that their dependencies are not ours.
# Checks that are off, with the reason: see staticcheck.conf.
staticcheck:
	go tool -modfile=build/tools/go.mod staticcheck ./...

browser: ## find Chromium and Firefox for the tests, or install Debian's as root
	@build/browser.sh

axe: ## fetch the rules of accessibility for the tests, with npm
	@build/axe.sh

check: build ## check the example configuration, as `matchkey check` does for yours
	MATCHKEY_CONSOLE_PASSWORD=a-password-for-the-check META_TOKEN=a-token-for-the-check SHOP_WRITE_KEY=a-write-key-for-the-check \
		./matchkey check -config docs/matchkey.example.yaml

# One part alone: make bench ONLY=beacons, compose (needs Node with npm), tag or dispatch.
bench: ## measure, and rewrite BENCHMARKS.md
	go run ./build/bench $(if $(ONLY),-only $(ONLY))

fmt: ## format the code
	gofmt -w .

clean: ## remove what a build leaves behind
	rm -f matchkey
