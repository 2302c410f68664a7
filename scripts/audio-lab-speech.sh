#!/usr/bin/env bash
# Makes human speech for the audio laboratory: en.wav and fr.wav, 48 kHz mono, a minute or more each,
# from the prompts that Debian packages for Asterisk (G.722, wideband). Prints the paths of what it made.
#   scripts/audio-lab-speech.sh DIR
# Without Debian, root or network it says so and makes nothing; the laboratory then speaks itself.
set -euo pipefail
dir=${1:?usage: scripts/audio-lab-speech.sh DIR}
mkdir -p "$dir"
least_seconds=60

skip() {
    echo "speech: skipped, $1; the built-in imitation is used instead" >&2
    exit 0
}

. "$(dirname "$0")/audio-lab-install.sh"

# The prompts of a package that are whole sentences (3 to 20 s; G.722 is 8,000 bytes a second), in the
# order of their paths, until the minute is full.
sentences() {
    dpkg -L "$1" | grep '\.g722$' | LC_ALL=C sort | while read -r file; do
        bytes=$(stat -Lc %s "$file")
        if [ "$bytes" -ge 24000 ] && [ "$bytes" -le 160000 ]; then echo "$bytes $file"; fi
    done | awk -v least="$least_seconds" '{ if (total >= least * 8000) exit; total += $1; print $2 }'
}

# G.722 has no headers: joining the files joins the speech.
join() {
    local language=$1 package=$2 out=$dir/$1.wav
    mapfile -t files < <(sentences "$package")
    [ ${#files[@]} -gt 0 ] || skip "$package has no sentences"
    cat "${files[@]}" |
        ffmpeg -loglevel error -y -f g722 -i pipe:0 -ac 1 -ar 48000 -c:a pcm_s16le -fflags +bitexact "$out" ||
        skip "ffmpeg could not decode $language"
    echo "$out"
}

command -v apt-get >/dev/null 2>&1 || skip "the prompts come from Debian's packages and there is no apt-get"
install_missing speech "$dir/install.log" ffmpeg asterisk-core-sounds-en-g722 asterisk-core-sounds-fr-g722
join en asterisk-core-sounds-en-g722
join fr asterisk-core-sounds-fr-g722
