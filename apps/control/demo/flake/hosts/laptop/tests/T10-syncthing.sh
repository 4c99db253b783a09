#!/usr/bin/env bash
# Files are kept in sync.
set -euo pipefail
root=${NIXFLEET_DEMO_ROOT:?this suite runs on a host of the sample fleet}
failed=0

check() {
  local what=$1
  shift
  if "$@"; then echo "✓ $what"; else echo "✗ $what"; failed=1; fi
}

check 'syncthing is active' grep -qx active "$root/units/syncthing.service.state"
check 'syncthing listens on port 8384' grep -qw 'Port=8384' "$root/units/syncthing.service.state"

exit "$failed"
