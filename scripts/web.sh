#!/usr/bin/env bash
# The browser client in web/, with Node: `build` makes web/dist for the server to embed, `check` lints, types and
# runs its unit tests, `e2e` drives it in Chromium against target/debug/calling, `screenshots` takes its pictures.
set -euo pipefail
cd "$(dirname "$0")/../web"

works() { node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 22 || (a === 22 && b >= 13) || (a === 20 && b >= 19) ? 0 : 1)' 2>/dev/null; }
if ! works || ! command -v npm >/dev/null 2>&1; then
    if [ "$1" = build ]; then
        echo "web: no Node.js 20.19 or newer here; the server is built without the web client and says so at /." >&2
        exit 0
    fi
    echo "web: this needs Node.js 20.19 or newer, and npm." >&2
    exit 1
fi

# What is installed is what the lock says, once.
if [ ! -e node_modules/.locked ] || ! cmp -s package-lock.json node_modules/.locked; then
    npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
    cp package-lock.json node_modules/.locked
fi

# Again only if something is newer than what was built.
build() {
    if [ ! -e dist/index.html ] || [ -n "$(find . -path ./node_modules -prune -o -path ./dist -prune -o -path ./dist-sdk -prune -o -path ./tests -prune -o -type f -newer dist/index.html -print -quit)" ]; then
        npm run --silent build
    fi
}

case "$1" in
build)
    build
    ;;
check)
    npm run --silent lint
    npm run --silent types
    npm test --silent
    ;;
e2e)
    # A server in debug reads the folder.
    build
    npm run --silent e2e
    ;;
screenshots)
    npm run --silent screenshots
    ;;
*)
    echo "web: build, check, e2e or screenshots?" >&2
    exit 2
    ;;
esac
