# make demo | build | test | bench | bench-selection | conformance | fuzz | oracles | format | lint | install
#
# Every target does its own set-up and is quick when nothing is left to do.

PREFIX ?= /usr/local
SWIFT_FLAGS := -c release --explicit-target-dependency-import-check error
QUOIN := .build/release/quoin

.PHONY: demo bench bench-selection build test conformance fuzz oracles format lint install setup

## demo: the main job on built-in images, in a few minutes; a second time it only prints the result
demo: build
	$(QUOIN) search experiments/demo/experiment.yaml --out runs/demo --resume

## build: leaves .build/release/quoin
build: setup
	swift build $(SWIFT_FLAGS) --product quoin

## test: every test, in the configuration that ships
test: setup oracles
	swift build $(SWIFT_FLAGS) --build-tests
	swift test -c release --skip-build

## bench: speed beside the peers of the field; prints ratios of medians
bench: build
	swift build $(SWIFT_FLAGS) --product quoin-bench
	@scripts/bench

## bench-selection: block selection beside HiGHS, CP-SAT, CBC and GLPK; takes hours, and goes on where it stopped
bench-selection: build
	@scripts/bench-selection

## conformance: whole networks as PyTorch writes them, beside ONNX Runtime; takes an hour the first time
conformance: build
	swift build $(SWIFT_FLAGS) --product quoin-bench
	@scripts/conformance

## fuzz: a million damaged ONNX files; FUZZ_SEED=number draws others
fuzz: setup
	swift build $(SWIFT_FLAGS) --build-tests
	QUOIN_FUZZ_COUNT=$${FUZZ_COUNT:-1000000} QUOIN_FUZZ_SEED=$${FUZZ_SEED:-1} swift test -c release --skip-build --filter FuzzTests

## oracles: what tests compare with, in .venv
oracles: setup
	@scripts/oracle-environment

format:
	swift format -i -r Sources Tests Package.swift

lint:
	swift format lint --strict -r Sources Tests Package.swift

install: build
	install -D -m 755 $(QUOIN) $(DESTDIR)$(PREFIX)/bin/quoin

setup:
	@scripts/setup
