# Two commands set everything up on a fresh Debian machine with Rust and Node:
#   make run    installs what is missing, builds in release, starts the server with its demo
#   make test   the same for all tests
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

ARGS ?=
FUZZ_SECONDS ?= 30
DEVICES := calling/camera,calling/devices,calling/screen,calling-cli/camera,calling-cli/devices,calling-cli/screen

.PHONY: help setup setup-tests build web run test web-check web-e2e interop screenshots check unit docs-check examples devices-check fuzz explore model-check bench figures audio-lab audio-lab-live clean

help: ## Lists the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

setup: ## Installs what the build needs and is missing
	@scripts/setup.sh

web: ## Builds the web client, if Node is there
	@scripts/web.sh build

build: setup web ## Builds the calling binary in release, the web client in it
	cargo build --release --locked -p calling-cli

run: build ## Starts the server with its demo on http://127.0.0.1:8080 (ARGS="--http 127.0.0.1:9000" adds flags)
	exec target/release/calling serve --demo $(ARGS)

setup-tests: ## The same for the tests, which talk to Chromium, GStreamer and aiortc
	@scripts/setup.sh tests

test: setup-tests check web-check unit web-e2e docs-check examples ## Runs every check and every test

web-check: ## Lints, types and unit tests of the web client
	@scripts/web.sh check

web-e2e: ## The web client in Chromium against a real server
	@# The binary as `unit` builds it: alone it would have other features, and be built anew.
	cargo test --workspace --locked --no-run
	@scripts/web.sh e2e

interop: setup-tests ## Calls with every peer of docs/interop.md, and writes its tables (about ten minutes)
	cargo build --locked -p calling-cli
	@scripts/web.sh build
	@scripts/interop.sh

screenshots: ## Takes the pictures of docs/images anew, of the client's screens in Chromium
	@scripts/web.sh screenshots

check: ## Formatting, lints, features
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	cargo check --locked -p calling --no-default-features
	cargo check --locked -p calling-lab --features neteq

unit: ## All tests: unit, property, exhaustive, simulated, end to end, corpus replay
	cargo test --workspace --locked

docs-check: ## Rustdoc without warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked

examples: ## Runs every example
	@scripts/run-examples.sh

devices-check: setup ## Lints and tests the features devices, camera and screen (own sound server; Xvfb, if there is one)
	@scripts/setup.sh devices
	cargo clippy --locked -p calling -p calling-cli --all-targets --features $(DEVICES) -- -D warnings
	cargo test --locked -p calling -p calling-cli --features $(DEVICES) --lib --bins -- devices screen without
	cargo test --locked -p calling --features $(DEVICES) --test devices --test screen

fuzz: setup ## Fuzzes every target for FUZZ_SECONDS each (needs the nightly toolchain)
	@scripts/fuzz.sh $(FUZZ_SECONDS)

explore: setup ## Explores the call machine further than make test does
	cargo test --release --locked -p calling-signaling -- --ignored

model-check: setup ## Checks every history of the call machine within the space of docs/model-check.md
	cargo run --release --locked -p calling-modelcheck -- $(ARGS)

bench: setup ## Criterion benches of the per-packet stages
	cargo bench --workspace --locked

figures: build ## Measures the figures of docs/figures.md on this machine
	@scripts/figures.sh

audio-lab: setup ## Plays speech over 26 networks and measures delay, concealment and quality (ARGS="--seeds 1")
	@scripts/audio-lab.sh $(ARGS)

audio-lab-live: setup ## Live calls beside libwebrtc, in real time (ARGS="--trace wifi-bad --seeds 1")
	@scripts/audio-lab-live.sh $(ARGS)

clean: ## Removes what was built
	cargo clean
