# The commands of this repository; `make help` lists them.

SWIFT ?= swift

# What `make sim` and `make test` run.
SIM_FLAGS ?= --seeds '0..<500'

# What `make mutants` runs, and the copy with planted bugs that it makes for that.
MUTANTS_FLAGS ?=
MUTANTS = .build/mutants/package

# Suites that start peers, links or units: one at a time, or they wait for each other's processors.
PROCESS_SUITES = TransportTests PeerNodeTests ProcessTests SandboxTests

# What `make bench` runs.
BENCH_FLAGS ?=

# How often `make soak` connects and disconnects.
SOAK_LINKS ?= 100000

# What `make fuzz` fuzzes, and for how long each.
FUZZ_TARGET ?= decoders files certificates core
FUZZ_SECONDS ?= 60

SOURCES = Sources Tests Benchmarks Fuzz Package.swift
PACKAGE_CHECK = --explicit-target-dependency-import-check error
export SWIFT

.PHONY: help demo test kills build check format sim mutants bench soak fuzz docs clean setup setup-tests
.DEFAULT_GOAL := help

help: ## List these commands
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 12

setup: ## Install the system libraries that are missing
	@Deploy/setup

setup-tests:
	@Deploy/setup --tests

demo: setup ## Build the program and show a small grid on this machine
	$(SWIFT) build -c release --product starling-executor
	$(SWIFT) build -c release --product starling
	"$$($(SWIFT) build -c release --show-bin-path)/starling" demo

test: setup-tests ## Run all tests, and the simulator's campaign
	$(SWIFT) build --build-tests
	@.ci/test $(PROCESS_SUITES:%=--skip %)
	@.ci/test --no-parallel $(PROCESS_SUITES:%=--filter %)
	$(MAKE) sim

kills: setup-tests ## Kill peers at random moments, KILLS times (200)
	$(SWIFT) build --build-tests
	STARLING_KILLS=$(or $(KILLS),200) .ci/test --filter KillTests

build: setup ## Build everything for debugging
	$(SWIFT) build

check: setup ## What a change must pass: format, imports, tests, docs, simulator
	$(SWIFT) format lint --strict -r $(SOURCES)
	$(SWIFT) build --build-tests $(PACKAGE_CHECK)
	$(MAKE) test
	STARLING_BENCH=1 $(SWIFT) build --product starling-bench
	.ci/check-docs

format: ## Rewrite the sources in the common format
	$(SWIFT) format --in-place -r $(SOURCES)

sim: setup ## Run the simulator's campaign (SIM_FLAGS)
	$(SWIFT) build -c release --product starling-sim
	"$$($(SWIFT) build -c release --show-bin-path)/starling-sim" run $(SIM_FLAGS)

mutants: setup ## See whether the simulator finds planted bugs (MUTANTS_FLAGS)
	Mutants/plant $(MUTANTS)
	$(SWIFT) build -c release --product starling-sim --package-path $(MUTANTS)
	@"$$($(SWIFT) build -c release --package-path $(MUTANTS) --show-bin-path)/starling-sim" \
		mutants $(MUTANTS_FLAGS)

bench: setup ## Measure what certified units cost, and starts (BENCH_FLAGS)
	$(SWIFT) build -c release --product starling-executor
	$(SWIFT) build -c release --product starling
	STARLING_BENCH=1 $(SWIFT) build -c release --product starling-bench
	"$$($(SWIFT) build -c release --show-bin-path)/starling-bench" $(BENCH_FLAGS)

soak: setup ## Connect to a peer and disconnect SOAK_LINKS times (100000)
	STARLING_BENCH=1 $(SWIFT) build -c release --product starling-bench
	"$$($(SWIFT) build -c release --show-bin-path)/starling-bench" --links $(SOAK_LINKS)

fuzz: setup ## Fuzz FUZZ_TARGET (all) for FUZZ_SECONDS (60) each
	@.ci/fuzz $(FUZZ_SECONDS) $(FUZZ_TARGET)

docs: setup ## Build the reference documentation, fail on dead links
	.ci/check-docs

clean: ## Remove what was built
	$(SWIFT) package clean
