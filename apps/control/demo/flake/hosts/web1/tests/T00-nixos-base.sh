#!/usr/bin/env bash
# The base system is in place.
set -euo pipefail
root=${NIXFLEET_DEMO_ROOT:?this suite runs on a host of the sample fleet}
failed=0

check() {
  local what=$1
  shift
  if "$@"; then echo "✓ $what"; else echo "✗ $what"; failed=1; fi
}

check 'a system is active' test -e "$root/run/current-system"
check 'the network is configured' grep -q '^network=' "$root/etc/network"

exit "$failed"
