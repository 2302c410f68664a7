# Sourced by scripts of the audio laboratory that can do without: `install_missing NAME LOG PACKAGE...`
# installs Debian packages that are missing, as root. The caller has a function `skip REASON` that ends it.

install_missing() {
    local name=$1 log=$2 missing=()
    shift 2
    for package in "$@"; do
        dpkg -s "$package" >/dev/null 2>&1 || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return 0
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null 2>&1 || skip "installing ${missing[*]} needs root"
        as_root=(sudo)
    fi
    echo "$name: installing ${missing[*]}" >&2
    { "${as_root[@]}" apt-get update -qq &&
        DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get -o DPkg::Lock::Timeout=300 install -y -qq \
            --no-install-recommends "${missing[@]}"; } \
        >"$log" 2>&1 || skip "installing ${missing[*]} failed (see $log)"
}
