#!/usr/bin/env bash
# Calls between this system and every peer of docs/interop.md, and writes its tables: codecs both ways,
# through coturn, with loss. What cannot be installed here is left out, and the tables say so.
# `--only PEER` tries that peer of the first table alone, and leaves the document as it is.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
out=$root/target/interop
cache=${XDG_CACHE_HOME:-$HOME/.cache}/calling
list=$root/crates/calling/tests/interop/requirements-wide.txt
loss_percent=5
loss_port=47431

say() { echo "interop: $*"; }

# Debian's packages, as far as they can be had.
install() {
    local need=()
    command -v firefox-esr >/dev/null || need+=(firefox-esr)
    command -v turnserver >/dev/null || need+=(coturn)
    command -v iptables >/dev/null || need+=(iptables)
    command -v pulseaudio >/dev/null || need+=(pulseaudio)
    [ -e /usr/include/libnetfilter_queue/libnetfilter_queue.h ] || need+=(libnetfilter-queue-dev python3-dev)
    [ ${#need[@]} -gt 0 ] || return 0
    if ! command -v apt-get >/dev/null || [ "$(id -u)" -ne 0 ]; then
        say "to try all peers, install: ${need[*]}"
        return 0
    fi
    say "installing ${need[*]}"
    apt-get update -qq || true
    DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y -qq \
        --no-install-recommends "${need[@]}" >/dev/null || say "not all of ${need[*]} could be installed"
}

# Packages of Python and Node that nothing else needs, in places of their own.
install_packages() {
    local home=$cache/interop-wide
    if ! cmp -s "$list" "$home/installed.txt"; then
        say "installing wrtc into $home"
        rm -rf "$home"
        python3 -m venv "$home"
        if "$home/bin/pip" install --quiet --disable-pip-version-check -r "$list"; then
            cp "$list" "$home/installed.txt"
        else
            say "not all of $list could be installed"
        fi
    fi
    (
        cd web/tests/interop
        [ -e node_modules/.locked ] && cmp -s package-lock.json node_modules/.locked && exit 0
        if npm ci --ignore-scripts --no-audit --no-fund --loglevel=error; then
            cp package-lock.json node_modules/.locked
        else
            say "puppeteer-core and werift could not be installed"
        fi
    )
}

ends=()
clean() { for ((at = ${#ends[@]} - 1; at >= 0; at--)); do eval "${ends[at]}" || true; done; }
trap clean EXIT

# Firefox keeps a page's sound waiting until there is a loudspeaker: one that swallows all.
give_loudspeaker() {
    command -v pulseaudio >/dev/null || return 0
    XDG_RUNTIME_DIR=$(mktemp -d)
    export XDG_RUNTIME_DIR
    ends+=("rm -rf '$XDG_RUNTIME_DIR'")
    pulseaudio --exit-idle-time=-1 -n --load=module-null-sink --load=module-native-protocol-unix \
        >/dev/null 2>&1 &
    ends+=("kill $!")
}

run() { (cd web && npx vitest run --config vitest.interop.config.ts "$@"); }

# A namespace with nothing but itself, whose datagrams of media pass through loss.py.
with_loss() {
    local name=calling-interop-$$ python=$cache/interop-wide/bin/python
    "$python" -c 'import netfilterqueue' 2>/dev/null || { echo "NetfilterQueue is not installed" >"$out/loss.txt"; return 0; }
    ip netns add "$name" 2>"$out/loss.txt" || return 0
    ends+=("ip netns delete $name")
    local inside=(ip netns exec "$name")
    # Browsers want an interface with a route besides loopback.
    "${inside[@]}" sh -ec '
        ip link set lo up
        ip link add here type veth peer name there
        ip address add 10.77.0.1/24 dev here
        ip link set here up
        ip link set there up
        ip route add default via 10.77.0.2' 2>"$out/loss.txt" || return 0
    for port in --dport --sport; do
        "${inside[@]}" iptables -A INPUT -p udp "$port" "$loss_port" -j NFQUEUE --queue-num 1 2>"$out/loss.txt" || return 0
    done
    "${inside[@]}" "$python" web/tests/interop/loss.py 1 "$loss_percent" >"$out/loss.log" 2>"$out/loss.txt" &
    ends+=("kill $!")
    timeout 10 sh -c "until grep -q ready '$out/loss.log'; do sleep 0.1; done" || return 0
    # From here on what fails is no lack of this machine.
    LOSS_PORT=$loss_port "${inside[@]}" bash -c 'cd web && npx vitest run --config vitest.interop.config.ts tests/interop/loss.test.ts'
}

install
install_packages
mkdir -p "$out"
give_loudspeaker
if [ "${1:-}" = --only ]; then
    ONLY=$2 run tests/interop/table.test.ts
    exit
fi
rm -f "$out"/*
failed=0
run tests/interop/table.test.ts || failed=1
run tests/interop/turn.test.ts || failed=1
run tests/interop/site.test.ts || failed=1
with_loss || failed=1
node web/tests/interop/report.mjs || failed=1
exit $failed
