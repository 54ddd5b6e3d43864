#!/bin/sh
# deb says remove or upgrade, rpm 0 or 1. An upgrade restarts the service later.
set -e
case "${1:-0}" in
remove | 0)
  if [ -d /run/systemd/system ]; then
    systemctl --no-reload disable --now trailwarden.service || true
  fi
  ;;
esac
