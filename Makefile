# make build | test | oracles | format | lint | install
#
# Every target does its own set-up and is quick when nothing is left to do.

PREFIX ?= /usr/local
SWIFT_FLAGS := -c release --explicit-target-dependency-import-check error
QUOIN := .build/release/quoin

.PHONY: build test oracles format lint install setup

## build: leaves .build/release/quoin
build: setup
	swift build $(SWIFT_FLAGS) --product quoin

## test: every test, in the configuration that ships
test: setup oracles
	swift build $(SWIFT_FLAGS) --build-tests
	swift test -c release --skip-build

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
