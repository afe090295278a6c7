# SPDX-License-Identifier: Apache-2.0
.PHONY: help run build test bench fuzz lint format clean
.DEFAULT_GOAL := help

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-7s %s\n", $$1, $$2 }' Makefile

run: build ## builds what changed and serves on 127.0.0.1:8080 (HOST, PORT, GATEWAY_CONFIG)
	@deploy/run.sh

build: ## build/moongate, Release
	@deploy/packages.sh build
	@deploy/build.sh release

test: ## everything; SAN=1 under sanitizers, PART="unit play" only these, ONLY=word only the files named so
	@tests/run.sh

bench: ## the gateway against nginx, interleaved; writes bench/results.md
	@deploy/packages.sh build bench
	@deploy/build.sh release moongate bench_tools
	@node bench/run.mjs build/moongate build/bench bench/results.md

fuzz: ## every libFuzzer harness for SECONDS each (60)
	@FUZZ_SECONDS=$(or $(SECONDS),60) PART=fuzz tests/run.sh

lint: ## luacheck, clang-format, layers
	@PART=lint tests/run.sh

format: ## clang-format over every C file
	@deploy/packages.sh test
	@find runtime bindings tests/unit tests/fuzz bench -name '*.[ch]' -exec clang-format -i {} +

clean: ## removes what was built
	@rm -rf build build-san build-fuzz tests/sdk/node_modules
