# make shows the targets; each is one command, which CI runs on each change or each night.
GO ?= go
FUZZTIME ?= 60s
GOLANGCI = $(GO) run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

.PHONY: bench-query notices release-check snapshot storm help build test lint explore fuzz bench bench-live demo differential faults
help: ## show the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## build bin/trailwarden, its SQL engine (cgo) and the Lambda bootstraps
	$(GO) build -trimpath -o bin/trailwarden ./cmd/trailwarden
	$(GO) build -trimpath -o bin/trailwarden-engine ./cmd/trailwarden-engine
	for arch in amd64 arm64; do $(GO) run ./cmd/trailwarden-lambda/build -arch $$arch -o bin/lambda-$$arch/bootstrap || exit 1; done

test: ## run every test
	$(GO) test ./...

lint: ## gofmt, vet and golangci-lint (with the import rules of the house)
	test -z "$$(gofmt -l .)" && $(GO) vet ./... && $(GOLANGCI) run ./...

explore: ## tests with random inputs from new seeds, and every fuzz target for FUZZTIME (60s)
	GO="$(GO)" FUZZTIME=$(FUZZTIME) .ci/explore

fuzz: ## run every fuzz target for FUZZTIME (60s)
	GO="$(GO)" FUZZTIME=$(FUZZTIME) .ci/fuzz

differential: ## 1,000,000 random rules and records, engine against its naive twin, twice
	$(GO) test ./detect ./rule -count=1 -run Differential -pairs 1000000 -timeout 0 -v

bench: ## paired runs against the references that are installed; prints ratios
	$(GO) run ./internal/bench

faults: ## kills, stops, full disks, two servers …: the counts of docs/reliability.md, as a table (half an hour to an hour and a half)
	FAULTS_TABLE=$(CURDIR)/faults.txt GO="$(GO)" internal/faults/run

bench-live: ## serve against scan, and the time from an object to its message
	FAULTS_BENCH=1 $(GO) test ./internal/faults -count=1 -run 'Throughput|Latency' -timeout 1h -v -full

bench-query: ## logs, lake and DuckDB's own reader in paired runs
	TRAILWARDEN_QUERY_FIGURES=5 $(GO) test ./query -run 'Figures$$' -count=1 -v -timeout 1h

demo: ## scan the sample logs
	$(GO) run ./cmd/trailwarden scan examples

storm: ## 100,000 matches in five minutes through grouping, store and sink; prints the figures
	$(GO) test ./assemble -run 'TestStorm$$' -count=1 -v -storm 100000

notices: ## write THIRD_PARTY_NOTICES.md anew (after go get)
	$(GO) run ./packaging/notices > THIRD_PARTY_NOTICES.md.new && mv THIRD_PARTY_NOTICES.md.new THIRD_PARTY_NOTICES.md

release-check: ## check the release's description and the workflows
	$(GO) run github.com/goreleaser/goreleaser/v2@v2.16.0 check && $(GO) run github.com/rhysd/actionlint/cmd/actionlint@v1.7.12

snapshot: ## build a release here, unsigned, into dist (needs g++-aarch64-linux-gnu)
	$(GO) run github.com/goreleaser/goreleaser/v2@v2.16.0 release --snapshot --clean --skip=sign
