#!/bin/sh
# Debian 12 ships no guide to itself; unstable does, and may be weeks old where it is mirrored.
set -eu
state=$(mktemp -d)
trap 'rm -rf "$state"' EXIT
mkdir -p "$state/lists/partial" "$state/cache/archives/partial"
echo 'deb http://deb.debian.org/debian sid main' >"$state/list"
set -- -qq -o Dir::Etc::SourceList="$state/list" -o Dir::Etc::SourceParts=/dev/null \
    -o Dir::State::Lists="$state/lists" -o Dir::Cache="$state/cache" \
    -o APT::Sandbox::User=root -o Acquire::Check-Valid-Until=false
apt-get "$@" update
cd "$state"
apt-get "$@" download ssg-debian
dpkg-deb --fsys-tarfile ssg-debian_*.deb |
    tar -x -C / ./usr/share/xml/scap/ssg/content/ssg-debian12-ds.xml
systemctl disable --quiet lynis.timer 2>/dev/null || :
