#!/usr/bin/env bash
# Installs what the build needs and this machine lacks: a C compiler (TLS, SQLite, Opus, H.264), cmake
# (Opus), and libvpx with pkg-config to find it (VP8); with `tests`, Chromium as well.
set -euo pipefail

need=()
command -v cc >/dev/null 2>&1 || need+=(build-essential)
command -v cmake >/dev/null 2>&1 || need+=(cmake)
command -v make >/dev/null 2>&1 || need+=(make)
command -v pkg-config >/dev/null 2>&1 || need+=(pkg-config)
pkg-config --exists vpx 2>/dev/null || need+=(libvpx-dev)
if [ "${1:-}" = tests ]; then
    command -v chromium >/dev/null 2>&1 || need+=(chromium)
fi

if ! command -v cargo >/dev/null 2>&1; then
    echo "setup: cargo is missing. Install Rust 1.95 or newer (https://rustup.rs), then run this again." >&2
    exit 1
fi
[ ${#need[@]} -eq 0 ] && exit 0

if ! command -v apt-get >/dev/null 2>&1; then
    echo "setup: please install: ${need[*]} (no apt-get here to do it for you)." >&2
    exit 1
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null 2>&1 || {
        echo "setup: please run as root, or install: ${need[*]}" >&2
        exit 1
    }
    as_root=(sudo)
fi
echo "setup: installing ${need[*]}"
"${as_root[@]}" apt-get update -qq
DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${need[@]}" >/dev/null
