#!/usr/bin/env bash
# The shop answers behind the web server.
set -euo pipefail
root=${NIXFLEET_DEMO_ROOT:?this suite runs on a host of the sample fleet}
failed=0

check() {
  local what=$1
  shift
  if "$@"; then echo "✓ $what"; else echo "✗ $what"; failed=1; fi
}

check 'shop is active' grep -qx active "$root/units/shop.service.state"
check 'shop listens on port 3000' grep -qw 'Port=3000' "$root/units/shop.service.state"

exit "$failed"
