#!/usr/bin/env bash
# Runs every example of every crate; each must end by itself and succeed.
set -euo pipefail
cd "$(dirname "$0")/.."

# All at once, as the tests build them: each crate by itself would be built anew with other features.
cargo test --workspace --locked --no-run

for file in crates/*/examples/*.rs; do
    crate=$(sed -n 's/^name = "\(.*\)"/\1/p' "$(dirname "$(dirname "$file")")/Cargo.toml" | head -n 1)
    name=$(basename "$file" .rs)
    lines=$(wc -l <"$file")
    if [ "$lines" -ge 150 ]; then
        echo "example $file has $lines lines; examples stay under 150" >&2
        exit 1
    fi
    echo "--- example $crate/$name"
    "${CARGO_TARGET_DIR:-target}/debug/examples/$name" >/tmp/calling-example.$$ 2>&1 || {
        cat /tmp/calling-example.$$ >&2
        rm -f /tmp/calling-example.$$
        echo "example $crate/$name failed" >&2
        exit 1
    }
    rm -f /tmp/calling-example.$$
done
