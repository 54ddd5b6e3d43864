#!/bin/sh
# The service has a user of its own.
set -e
if ! getent group trailwarden >/dev/null; then
  groupadd --system trailwarden
fi
if ! getent passwd trailwarden >/dev/null; then
  useradd --system --gid trailwarden --home-dir /var/lib/trailwarden --no-create-home \
    --shell /usr/sbin/nologin --comment "Trailwarden" trailwarden
fi
