#!/usr/bin/env bash
# Finds a Chromium and a Firefox for the browser tests, or installs Debian's where
# that is possible (as root, with apt-get), and says what it does. Ends with an
# error in CI when one is missing: a test that cannot run must fail there.
# Elsewhere it says what will be skipped.
#
# WebKit: Debian's webkit2gtk-driver can be installed, but needs a display server
# and a browser beside it; the tests do not drive it.
set -euo pipefail

updated=
# need NAME PACKAGE VARIABLE CANDIDATE…
need() {
	local name=$1 package=$2 variable=$3 path log
	shift 3
	for candidate in "${!variable:-}" "$@"; do
		if [ -n "$candidate" ] && path=$(command -v "$candidate"); then
			echo "browser: $path"
			return 0
		fi
	done
	if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
		echo "browser: no $name found; installing Debian's package $package"
		log=$(mktemp)
		if { [ -n "$updated" ] || apt-get update >"$log" 2>&1; } &&
			DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$package" >>"$log" 2>&1; then
			updated=1
			echo "browser: installed $(command -v "$1")"
			return 0
		fi
		echo "browser: the installation failed; its last lines:"
		tail -n 15 "$log"
	else
		echo "browser: no $name found, and only root on Debian can install it here."
		echo "browser: install it, or set $variable to its path."
	fi
	if [ -n "${CI:-}" ]; then
		echo "browser: this is CI, so a missing browser is a failure"
		exit 1
	fi
	echo "browser: the tests in $name will be skipped"
}

need Chromium chromium CHROMIUM chromium chromium-browser google-chrome google-chrome-stable
need Firefox firefox-esr FIREFOX firefox-esr firefox
