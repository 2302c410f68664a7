#!/usr/bin/env bash
# Fuzzes every target for the given number of seconds, starting from the committed corpus.
set -euo pipefail
cd "$(dirname "$0")/../fuzz"

seconds=${1:-30}
rustup toolchain list | grep -q '^nightly' || {
    echo "fuzz: a nightly toolchain is needed (rustup toolchain install nightly)" >&2
    exit 1
}
cargo fuzz --version >/dev/null 2>&1 || cargo install --locked cargo-fuzz@0.13.2
for target in $(cargo fuzz list); do
    echo "--- fuzz $target for ${seconds} s"
    scratch=$(mktemp -d)
    cargo +nightly fuzz run "$target" "$scratch" "corpus/$target" -- -max_total_time="$seconds" -max_len=4096 -print_final_stats=1
    rm -rf "$scratch"
done
