#!/usr/bin/env bash
# Scores what the audio laboratory recorded (calling-lab audio --wav --out DIR): PESQ-WB against the
# speech that was sent, and PLCMOS, for every recording in DIR/wav, or those whose name contains one of PARTs. Writes DIR/scores.json and
# DIR/scores.md and prints the latter.
#   scripts/audio-lab-score.sh DIR [PART...]
# The Python packages go into a virtual environment, DIR/../score-venv; where they cannot be installed
# this says so and scores nothing.
set -euo pipefail
out=${1:?usage: scripts/audio-lab-score.sh DIR [PART...]}
here=$(cd "$(dirname "$0")" && pwd)
venv=$out/../score-venv

skip() {
    echo "scores: skipped, $1" >&2
    exit 0
}

command -v python3 >/dev/null 2>&1 || skip "there is no python3"
if ! "$venv/bin/python" -c 'import pesq, speechmos.plcmos, soundfile' 2>/dev/null; then
    echo "scores: installing pesq and speechmos" >&2
    python3 -m venv "$venv" >/dev/null 2>&1 || skip "python3 makes no virtual environment (python3-venv)"
    "$venv/bin/pip" install -q --disable-pip-version-check numpy cython wheel 'setuptools<81' >"$out/score-install.log" 2>&1 &&
        "$venv/bin/pip" install -q --disable-pip-version-check --no-build-isolation pesq==0.0.4 speechmos==0.0.1.1 \
            onnxruntime soundfile soxr >>"$out/score-install.log" 2>&1 ||
        skip "pesq and speechmos could not be installed (see $out/score-install.log)"
fi
exec "$venv/bin/python" "$here/audio-lab-score.py" "$@"
