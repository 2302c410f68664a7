#!/usr/bin/env bash
# Installs what the build needs and this machine lacks: a C compiler (TLS, SQLite, Opus, H.264), cmake
# (Opus), and libvpx with pkg-config to find it (VP8); with `tests` Chromium, GStreamer and, in a virtual
# environment of its own, aiortc as well; with `devices` ALSA and PulseAudio, for the feature of that name.
set -euo pipefail
cd "$(dirname "$0")/.."

# GStreamer's WebRTC as Debian's own Python sees it, with what carries it: ICE (nice), SRTP, Opus.
has_webrtcbin() {
    /usr/bin/python3 - <<'PYTHON' >/dev/null 2>&1
import gi
for name in ("Gst", "GstSdp", "GstWebRTC"):
    gi.require_version(name, "1.0")
from gi.repository import Gst
Gst.init(None)
for name in ("webrtcbin", "nicesrc", "dtlssrtpenc", "srtpenc", "opusenc", "rtpopuspay", "appsink"):
    assert Gst.ElementFactory.find(name), name
PYTHON
}

# The versions of aiortc and all below it are those of the list; another list installs anew.
install_aiortc() {
    local list=crates/calling/tests/interop/requirements.txt
    local home="${XDG_CACHE_HOME:-$HOME/.cache}/calling/interop"
    cmp -s "$list" "$home/installed.txt" && return
    echo "setup: installing aiortc into $home"
    rm -rf "$home"
    python3 -m venv "$home"
    "$home/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: -r "$list"
    cp "$list" "$home/installed.txt"
}

need=()
command -v cc >/dev/null 2>&1 || need+=(build-essential)
command -v cmake >/dev/null 2>&1 || need+=(cmake)
command -v make >/dev/null 2>&1 || need+=(make)
command -v pkg-config >/dev/null 2>&1 || need+=(pkg-config)
pkg-config --exists vpx 2>/dev/null || need+=(libvpx-dev)
if [ "${1:-}" = tests ]; then
    command -v chromium >/dev/null 2>&1 || need+=(chromium)
    has_webrtcbin || need+=(
        python3-gst-1.0 gir1.2-gst-plugins-bad-1.0 gstreamer1.0-nice
        gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad
    )
    python3 -c 'import ensurepip' 2>/dev/null || need+=(python3-venv)
elif [ "${1:-}" = devices ]; then
    # Sound devices, and a sound server for their test.
    pkg-config --exists alsa 2>/dev/null || need+=(libasound2-dev)
    command -v pulseaudio >/dev/null 2>&1 || need+=(pulseaudio libasound2-plugins)
fi

if ! command -v cargo >/dev/null 2>&1; then
    echo "setup: cargo is missing. Install Rust 1.95 or newer (https://rustup.rs), then run this again." >&2
    exit 1
fi
finish() {
    [ "${1:-}" != tests ] || install_aiortc
    exit 0
}
[ ${#need[@]} -gt 0 ] || finish "$@"

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
finish "$@"
