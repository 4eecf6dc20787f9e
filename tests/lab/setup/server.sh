#!/bin/sh
# What an installer does on a Debian server and debootstrap does not.
set -eu
: >/etc/fstab
# Nothing of a host is read-only here, so nothing needs a new root file system on each boot.
systemctl mask --quiet systemd-remount-fs.service
systemctl set-default --quiet multi-user.target
