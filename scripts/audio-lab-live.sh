#!/usr/bin/env bash
# Live calls through the server beside libwebrtc (Python package wrtc): what it and this project's client make
# of one speaker over one bad network. Writes live.json and live.md into target/audio-lab/live.
#   scripts/audio-lab-live.sh [--trace T]... [--seeds N] [--seconds S]
# CALLING_BIN is the program to use instead of one built here. Where wrtc cannot be installed this says so
# and measures nothing.
set -euo pipefail
cd "$(dirname "$0")/.."
out=target/audio-lab
cache=${XDG_CACHE_HOME:-$HOME/.cache}/calling
home=$cache/audio-lab-live

skip() {
    echo "live: skipped, $1" >&2
    exit 0
}

# Whatever has the package, else an environment of its own, with the versions that the interop table uses.
python=$cache/interop-wide/bin/python
if ! "$python" -c 'import webrtc, av' 2>/dev/null; then
    python=$home/bin/python
    if ! "$python" -c 'import webrtc, av' 2>/dev/null; then
        command -v python3 >/dev/null 2>&1 || skip "there is no python3"
        mkdir -p "$out/live"
        echo "live: installing wrtc into $home" >&2
        python3 -m venv "$home" >/dev/null 2>&1 || skip "python3 makes no virtual environment (python3-venv)"
        grep -E '^(wrtc|av|pyee|typing_extensions)==' crates/calling/tests/interop/requirements-wide.txt >"$out/live/requirements.txt"
        "$home/bin/pip" install -q --disable-pip-version-check -r "$out/live/requirements.txt" >"$out/live/install.log" 2>&1 ||
            skip "wrtc could not be installed (see $out/live/install.log)"
    fi
fi

speech=$(scripts/audio-lab-speech.sh "$out/speech")
# The first language.
speech=${speech%%$'\n'*}
[ -n "$speech" ] || skip "there is no speech to say"
cargo build -q --release --locked -p calling-lab
if [ -z "${CALLING_BIN:-}" ]; then
    cargo build -q --release --locked -p calling-cli
    CALLING_BIN=target/release/calling
fi
mkdir -p "$out/live"
networks=(--trace clean --trace jitter-20 --trace loss-5-jitter --trace wifi-bad)
for word in "$@"; do [ "$word" != --trace ] || networks=(); done
PYTHONDONTWRITEBYTECODE=1 exec "$python" scripts/audio-lab-live.py --calling "$CALLING_BIN" \
    --lab target/release/calling-lab --out "$out/live" --speech "$speech" "${networks[@]}" "$@"
