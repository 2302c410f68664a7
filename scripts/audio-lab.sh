#!/usr/bin/env bash
# The bench of record: the audio laboratory on human speech in two languages, five seeds, beside libwebrtc's
# NetEq, with scores. Everything it makes is in target/audio-lab; arguments go to calling-lab audio.
set -euo pipefail
cd "$(dirname "$0")/.."
out=target/audio-lab
speech=()
while read -r path; do speech+=(--speech "$path"); done < <(scripts/audio-lab-speech.sh "$out/speech")
shim=${CALLING_NETEQ_SHIM:-$(scripts/audio-lab-neteq.sh "$out/neteq")}
cargo build --release --locked -p calling-lab
target/release/calling-lab audio ${speech[@]+"${speech[@]}"} ${shim:+--neteq-shim "$shim"} --out "$out/run" --wav "$@"
scripts/audio-lab-score.sh "$out/run"
# Draws delay × quality anew, now that there are scores.
target/release/calling-lab report "$out/run" >/dev/null
