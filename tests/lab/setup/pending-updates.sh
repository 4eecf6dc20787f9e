#!/bin/sh
# Let the package manager hear of security updates, and install none of them.
set -eu
. /etc/os-release
echo "deb http://deb.debian.org/debian-security $VERSION_CODENAME-security main" \
    >>/etc/apt/sources.list
apt-get -o Acquire::Languages=none -o APT::Update::Error-Mode=any update
