#!/bin/sh
# What runs before systemd on a host with a kernel of its own: the network, and an agent that lets
# the lab run scripts over a serial line.
set -eu
cat >/usr/sbin/lab-init <<'END'
#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -t devtmpfs dev /dev
mount -t proc -o nosuid,nodev,noexec proc /proc
mount -t tmpfs -o mode=0755,nosuid,nodev tmpfs /run
ip link set lo up
ip link set vec0 name eth0
ip address add 198.51.100.2/24 dev eth0
ip link set eth0 up
hostname "$(cat /etc/hostname)"
lab-agent </dev/ttyS0 >/dev/ttyS0 2>/dev/null &
exec /sbin/init
END

cat >/usr/sbin/lab-agent <<'END'
#!/bin/sh
# One line in (user, script, input), one line out (status, output, errors), in base64
# with a dot behind, so that no field is empty.
umask 077
work=/run/lab-agent
mkdir "$work"
stty raw -echo
echo ready
while read -r user script input; do
    echo "${script%.}" | base64 -d >"$work/script"
    echo "${input%.}" | base64 -d >"$work/input"
    script=$(cat "$work/script")
    set -- sh
    [ "$user" = root ] || set -- su -s /bin/sh "$user"
    (cd / && umask 022 &&
        timeout -k 5 300 env -i HOME=/root LC_ALL=C \
            PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@" -c "$script") <"$work/input" >"$work/output" 2>"$work/errors"
    echo "$? $(base64 -w 0 "$work/output"). $(base64 -w 0 "$work/errors")."
done
END
chmod 0755 /usr/sbin/lab-init /usr/sbin/lab-agent
systemctl disable --quiet e2scrub_reap
