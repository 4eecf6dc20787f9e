#!/bin/sh
# Build one image inside mount and pid namespaces of its own, so that nothing has to be unmounted.
#   $1 folder to fill (layer, work)   $2 lower layers, top first, joined by colons
#   $3 folder of downloaded packages  $4 folder of setup scripts   $5... the scripts, in order
# SUITE, MIRROR, SOURCES, UPGRADE, PACKAGES and LAB_PASSWORD come by environment.
# `volatile` lets the overlay forget every fsync: dpkg asks for thousands.
set -eu
folder=$1 lower=$2 debs=$3 scripts=$4
shift 4
root=$folder/root
mkdir -p "$folder/empty" "$folder/layer" "$folder/work" "$root"
mount -t overlay overlay "$root" \
    -o "volatile,lowerdir=${lower:-$folder/empty},upperdir=$folder/layer,workdir=$folder/work"

[ -z "$SUITE" ] || debootstrap --variant=minbase --cache-dir="$debs" "$SUITE" "$root" "$MIRROR"

mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t tmpfs tmpfs "$root/tmp"
[ ! -d "$root/var/cache/apt/archives" ] || mount --bind "$debs" "$root/var/cache/apt/archives"
inside() { chroot "$root" env LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"; }
apt() {
    inside apt-get -q -y --no-install-recommends \
        -o Acquire::Languages=none -o APT::Update::Error-Mode=any "$@"
}

if [ -d "$root/etc/apt" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
    chmod 0755 "$root/usr/sbin/policy-rc.d"
    cat /etc/resolv.conf >"$root/etc/resolv.conf"
fi
if [ -n "$SOURCES" ]; then
    printf '%s\n' "$SOURCES" >"$root/etc/apt/sources.list"
    apt update
fi
[ -z "$UPGRADE" ] || apt dist-upgrade
# shellcheck disable=SC2086 # a list of package names
[ -z "$PACKAGES" ] || apt install $PACKAGES
cp -r "$scripts" "$root/tmp/setup"
for script in "$@"; do
    inside sh "/tmp/setup/$script"
done
rm -f "$root/usr/sbin/policy-rc.d"
: >"$root/etc/resolv.conf"
