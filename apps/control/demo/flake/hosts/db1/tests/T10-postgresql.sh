#!/usr/bin/env bash
# The database runs, on the port its clients know.
set -euo pipefail
root=${NIXFLEET_DEMO_ROOT:?this suite runs on a host of the sample fleet}
failed=0

check() {
  local what=$1
  shift
  if "$@"; then echo "✓ $what"; else echo "✗ $what"; failed=1; fi
}

check 'postgresql is active' grep -qx active "$root/units/postgresql.service.state"
check 'postgresql listens on port 5432' grep -qw 'Port=5432' "$root/units/postgresql.service.state"

exit "$failed"
