#!/usr/bin/env bash
# Finds a Chromium for the browser tests, or installs Debian's where that is
# possible (as root, with apt-get), and says what it does. Ends with an error
# in CI when there is none: a test that cannot run must fail there. Elsewhere it
# says what will be skipped.
set -euo pipefail

for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable; do
	if [ -n "$name" ] && path=$(command -v "$name"); then
		echo "browser: $path"
		exit 0
	fi
done

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
	echo "browser: no Chromium found; installing Debian's package chromium"
	log=$(mktemp)
	if apt-get update >"$log" 2>&1 &&
		DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends chromium >>"$log" 2>&1; then
		echo "browser: installed $(command -v chromium)"
		exit 0
	fi
	echo "browser: the installation failed; its last lines:"
	tail -n 15 "$log"
else
	echo "browser: no Chromium found, and only root on Debian can install it here."
	echo "browser: install Chromium or Chrome, or set CHROMIUM to its path."
fi

if [ -n "${CI:-}" ]; then
	echo "browser: this is CI, so a missing browser is a failure"
	exit 1
fi
echo "browser: the tests in a real browser will be skipped"
