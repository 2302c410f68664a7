#!/usr/bin/env bash
# Builds libwebrtc's NetEq as a process for the audio laboratory (calling-lab audio --neteq-shim), from
# crates/lab/neteq-shim and Debian's static libwebrtc, and tries whether it answers the same twice. Prints
# the path of what it built.
#   scripts/audio-lab-neteq.sh DIR
# Without Debian, root, network or compiler it says so and builds nothing; the laboratory then leaves
# that player out.
set -euo pipefail
dir=${1:?usage: scripts/audio-lab-neteq.sh DIR}
source=$(cd "$(dirname "$0")/.." && pwd)/crates/lab/neteq-shim/neteq_shim.cc
program=$dir/neteq-shim
mkdir -p "$dir"

skip() {
    echo "NetEq: skipped, $1" >&2
    exit 0
}

. "$(dirname "$0")/audio-lab-install.sh"

# The definitions are those that the library was built with (tg_owtTargets.cmake).
build() {
    local libraries
    read -ra libraries <<<"$(pkg-config --libs opus absl_strings absl_optional)"
    g++ -std=c++20 -O2 -Wall -Wextra -ffunction-sections \
        -DNDEBUG -DWEBRTC_POSIX -DWEBRTC_LINUX -DWEBRTC_LIBRARY_IMPL -isystem /usr/include/tg_owt \
        "$source" -o "$program.new" \
        -Wl,--as-needed -Wl,--gc-sections -ltg_owt "${libraries[@]}" >"$dir/build.log" 2>&1 ||
        skip "the shim could not be built (see $dir/build.log)"
    mv "$program.new" "$program"
}

# Three packets of silence (Opus, 20 ms) and ten pulls.
call() {
    python3 - <<'PYTHON'
import struct
import sys

out = b"NEQ1"
for tick in range(10):
    if tick in (0, 2, 4):
        payload = struct.pack(">I", tick // 2) + b"\xf8\xff\xfe"
        out += b"P" + struct.pack("<QHIBI", tick * 10_000, tick // 2, tick * 480, 111, len(payload)) + payload
    out += b"G" + struct.pack("<Q", tick * 10_000)
sys.stdout.buffer.write(out)
PYTHON
}

# 4 bytes of magic, 84 + 960 a pull, 5 a frame decoded.
answers() {
    local length expected=$((4 + 10 * (84 + 960) + 3 * 5))
    call | "$program" >"$dir/once" && call | "$program" >"$dir/again" || skip "the shim does not run"
    cmp -s "$dir/once" "$dir/again" || skip "the shim says another thing the second time"
    length=$(wc -c <"$dir/once")
    [ "$length" -eq "$expected" ] || skip "the shim says $length bytes instead of $expected"
}

command -v apt-get >/dev/null 2>&1 || skip "libwebrtc is Debian's and there is no apt-get"
install_missing NetEq "$dir/install.log" libtgowt-dev g++ pkg-config python3
[ "$program" -nt "$source" ] || build
answers
echo "$program"
