#!/bin/sh
# Installed, not running: a case starts what it needs.
set -eu
systemctl disable --quiet orthanc
