#!/bin/sh
# The accounts of every server: root by key; scan, whose sudo asks for its password; nopass, whose
# sudo asks for nothing. Keys are added when a host starts. Passwords: LAB_PASSWORD.
set -eu
for account in scan nopass; do
    useradd --create-home --shell /bin/bash "$account"
    printf '%s:%s\n' "$account" "$LAB_PASSWORD" | chpasswd
done
printf 'scan ALL=(ALL:ALL) ALL\n' >/etc/sudoers.d/lab-scan
printf 'nopass ALL=(ALL:ALL) NOPASSWD: ALL\n' >/etc/sudoers.d/lab-nopass
chmod 0440 /etc/sudoers.d/lab-scan /etc/sudoers.d/lab-nopass
