#!/usr/bin/env bash
# The web server runs, on the port the firewall lets through.
set -euo pipefail
root=${NIXFLEET_DEMO_ROOT:?this suite runs on a host of the sample fleet}
failed=0

check() {
  local what=$1
  shift
  if "$@"; then echo "✓ $what"; else echo "✗ $what"; failed=1; fi
}

check 'nginx is active' grep -qx active "$root/units/nginx.service.state"
check 'nginx listens on port 80' grep -qw 'Port=80' "$root/units/nginx.service.state"

exit "$failed"
