#!/bin/sh
# The folders of the store. The service is neither enabled nor started: it has
# nothing to watch before somebody says what.
set -e
install -d -m 0700 -o trailwarden -g trailwarden /var/lib/trailwarden /var/lib/trailwarden/logs
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload || true
  systemctl try-restart trailwarden.service || true
fi
