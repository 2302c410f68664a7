#!/usr/bin/env bash
# Measures the figures of docs/figures.md on this machine and prints them as JSON, one object a line.
# Nothing is asserted: machines differ. Give it a quiet one.
set -euo pipefail
cd "$(dirname "$0")/.."
calling=target/release/calling

pick() { python3 -c '
import json, sys
data = json.load(sys.stdin)
print(json.dumps({"figure": sys.argv[1], **{key: data[key] for key in sys.argv[2:]}}))' "$@"; }

$calling demo --seconds 20 --json |
    pick "clean loopback" outcome packets_lost concealed_ms mean_playout_delay_ms target_delay_ms accept_to_first_audio_ms server_cpu_ms
$calling bench timings --calls 200 --json | pick "200 calls, loopback" invite_to_ring_ms accept_to_first_audio_ms
$calling bench timings --calls 50 --delay 25 --json | pick "50 calls, 25 ms each way on each leg" accept_to_first_audio_ms
for seed in 1 2 3 4 5; do
    $calling demo --seconds 20 --loss 10 --jitter 30 --seed "$seed" --json |
        pick "10 % loss, 30 ms jitter, seed $seed" outcome packets_sent packets_lost concealed_percent mean_playout_delay_ms
done
$calling demo --seconds 22 --loss 10 --jitter 30 --heal-after 12 --json |
    python3 -c '
import json, sys
side = json.load(sys.stdin)["sides"]["caller"]
print(json.dumps({"figure": "10 s after the storm", "playout_delay_ms": side["playout_delay_ms"], "target_delay_ms": side["target_delay_ms"]}))'
$calling bench idle --clients 1000 --json | pick "1,000 idle clients" server_rss_bytes bytes_per_client
$calling bench video --seconds 10 --json | pick "four people in 720p, three sizes" packets_out_per_second lost_share server_cpu_percent
