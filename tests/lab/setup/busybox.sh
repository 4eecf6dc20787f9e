#!/bin/sh
# A root of busybox and dropbear in /srv/root, with the few libraries that dropbear loads.
set -eu
root=/srv/root
mkdir -p "$root/bin" "$root/etc/dropbear" "$root/etc/ssh" "$root/home" "$root/mnt" "$root/root" \
    "$root/usr/bin" "$root/usr/sbin" "$root/sbin" "$root/var/log"
for folder in dev proc run srv sys; do mkdir "$root/$folder"; done
mkdir -m 1777 "$root/tmp"

cp /bin/busybox "$root/bin/busybox"
for applet in $(busybox --list-full); do
    [ "$applet" = bin/busybox ] || ln -s /bin/busybox "$root/$applet"
done
cp /usr/sbin/dropbear "$root/usr/sbin/"
cp /usr/bin/dropbearkey "$root/usr/bin/"
ldd /usr/sbin/dropbear | grep -o '/[^ ]*' | while read -r library; do
    mkdir -p "$root${library%/*}"
    cp -L "$library" "$root$library"
done

cat >"$root/etc/os-release" <<'END'
NAME="hipscan lab, busybox"
ID=lab-busybox
VERSION_ID="1"
PRETTY_NAME="A busybox host of the hipscan lab"
END
cat >"$root/etc/inittab" <<'END'
::respawn:/usr/sbin/dropbear -F -p 22
::ctrlaltdel:/sbin/reboot
END
hash=$(perl -e 'print crypt($ENV{LAB_PASSWORD}, "\$6\$lab\$")')
cat >"$root/etc/passwd" <<'END'
root:x:0:0:root:/root:/bin/sh
scan:x:1000:1000::/home/scan:/bin/sh
nopass:x:1001:1001::/home/nopass:/bin/sh
END
cat >"$root/etc/shadow" <<END
root:*:20000:0:99999:7:::
scan:$hash:20000:0:99999:7:::
nopass:$hash:20000:0:99999:7:::
END
printf 'root:x:0:\nshadow:x:42:\nscan:x:1000:\nnopass:x:1001:\n' >"$root/etc/group"
install -d -o 1000 -g 1000 "$root/home/scan"
install -d -o 1001 -g 1001 "$root/home/nopass"
echo /bin/sh >"$root/etc/shells"
chmod 0640 "$root/etc/shadow"
chown 0:42 "$root/etc/shadow"
chmod 0700 "$root/root"
for kind in rsa ecdsa ed25519; do
    key=$root/etc/dropbear/dropbear_${kind}_host_key
    dropbearkey -t "$kind" -f "$key" >/dev/null
    dropbearkey -y -f "$key" | grep '^[es][-a-z0-9]* AAAA' >"$root/etc/ssh/ssh_host_${kind}_key.pub"
done
