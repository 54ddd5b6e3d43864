#!/bin/sh
# The store stays until the package is purged: it is evidence.
set -e
if [ "${1:-}" = purge ]; then
  rm -rf /var/lib/trailwarden /etc/trailwarden
  userdel trailwarden 2>/dev/null || true
  groupdel trailwarden 2>/dev/null || true
fi
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload || true
fi
