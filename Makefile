# make build | test | demo | bench | format | lint | install
#
# Every target does its own set-up and is quick when nothing is left to do.

PREFIX ?= /usr/local
SWIFT_FLAGS := -c release --explicit-target-dependency-import-check error
QUOIN := .build/release/quoin

.PHONY: build test demo bench format lint install setup oracles

## build: leaves .build/release/quoin
build: setup
	swift build $(SWIFT_FLAGS) --product quoin

## test: every test, in the configuration that ships, with ONNX Runtime as the oracle
test: setup oracles
	swift build $(SWIFT_FLAGS) --build-tests
	swift test -c release --skip-build

## demo: a search on generated images, from nothing to an exported winner
demo: build
	$(QUOIN) search experiments/demo/experiment.yaml --out runs/demo

## bench: this machine's inference core against ONNX Runtime, alternating in one run
bench: build oracles
	.venv/bin/python experiments/inference-speed/bench.py --quoin $(QUOIN)

format:
	swift format -i -r Sources Tests Package.swift

lint:
	swift format lint --strict -r Sources Tests Package.swift

install: build
	install -D -m 755 $(QUOIN) $(DESTDIR)$(PREFIX)/bin/quoin

setup:
	@scripts/setup

oracles:
	@scripts/oracle-environment
