#!/usr/bin/env bash
# Puts axe-core, the rules of accessibility by which the tests check what people
# see, where they find it (build/tools/node_modules), from npm by the lock file.
# Ends with an error in CI when it cannot: a test that cannot run must fail
# there. Elsewhere it says what will be skipped.
set -euo pipefail
cd "$(dirname "$0")/tools"

if [ -f node_modules/axe-core/axe.min.js ] && [ node_modules/axe-core/axe.min.js -nt package-lock.json ]; then
	echo "axe: build/tools/node_modules/axe-core"
	exit 0
fi
if ! command -v npm >/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
	echo "axe: no npm found; installing Debian's package npm"
	{ apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends npm; } >/dev/null 2>&1 || true
fi
if command -v npm >/dev/null && log=$(npm ci --ignore-scripts --no-audit --no-fund 2>&1); then
	touch node_modules/axe-core/axe.min.js
	echo "axe: installed into build/tools/node_modules"
	exit 0
fi
echo "axe: it could not be installed; npm and its registry are needed."
echo "${log:-}" | tail -n 5
if [ -n "${CI:-}" ]; then
	echo "axe: this is CI, so missing rules are a failure"
	exit 1
fi
echo "axe: the tests of accessibility will be skipped"
