#!/bin/sh
# Installed, not running: a case starts what it needs.
set -eu
for unit in redis-server memcached slapd smbd nmbd samba-ad-dc nfs-server nfs-blkmap rpcbind \
    rpcbind.socket rsync vsftpd snmpd postfix dovecot; do
    systemctl disable --quiet "$unit" 2>/dev/null || :
done
