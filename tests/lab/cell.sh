#!/bin/sh
# The first process of a host, until the host's own init takes its place.
#   $1 root file system   $2 host name   $3 address with prefix   $4 init
# Runs in new pid, mount, net, uts, ipc and cgroup namespaces. What belongs to the machine's kernel
# (kernel settings outside net.*, sysfs, the clock) is read-only for the host.
set -eu
root=$1 name=$2 address=$3 init=$4
read -r _ # the keeper has put eth0 here

ip link set lo up
ip address add "$address" dev eth0
ip link set eth0 up
hostname "$name"

mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
mount --bind "$root/proc/sys" "$root/proc/sys"
mount --bind "$root/proc/sys/net" "$root/proc/sys/net"
mount -o remount,bind,ro "$root/proc/sys"
for file in sysrq-trigger kcore; do
    [ -e "$root/proc/$file" ] || continue
    mount --bind /dev/null "$root/proc/$file"
done
mount -t sysfs -o ro,nosuid,nodev,noexec sysfs "$root/sys"
mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 "$root/sys/fs/cgroup"

mount -t tmpfs -o mode=0755,nosuid dev "$root/dev"
mkdir "$root/dev/pts" "$root/dev/shm"
umask 0
for device in null:1:3 zero:1:5 full:1:7 random:1:8 urandom:1:9 tty:5:0; do
    numbers=${device#*:}
    mknod -m 0666 "$root/dev/${device%%:*}" c "${numbers%:*}" "${numbers#*:}"
done
umask 022
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5,nosuid,noexec devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
ln -s fd/0 "$root/dev/stdin"
ln -s fd/1 "$root/dev/stdout"
ln -s fd/2 "$root/dev/stderr"
mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs "$root/dev/shm"
mount -t tmpfs -o mode=0755,nosuid,nodev tmpfs "$root/run"

cd "$root"
pivot_root . mnt
umount -l /mnt
exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    container=hipscan-lab "$init" </dev/null
