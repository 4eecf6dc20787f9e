"""Commands of sudo rules that give more than they seem to: a shell, any file, any argument."""

import re
from typing import Final

# Programs that start others or write any file, by their names.
_ESCAPES: Final = (
    "vi vim vim.basic vim.tiny view nvim nano pico emacs ed ex mcedit joe less more most man "
    "find xargs env nice nohup timeout watch screen tmux script expect ssh scp rsync tar zip "
    "cpio gdb strace ltrace awk gawk mawk nawk sed tee cp mv dd install ln chmod chown perl "
    "python python3 ruby php lua node tclsh irb ftp socat nc ncat nmap tcpdump crontab at "
    "docker podman kubectl mysql psql sqlite3 git apt apt-get dpkg rpm yum dnf pip pip3 npm "
    "make mount service busybox bash sh dash zsh ksh csh tcsh fish su sudo doas pkexec runuser "
    "chroot unshare nsenter setpriv setsid systemd-run machinectl run-parts start-stop-daemon "
    "ionice taskset stdbuf flock curl wget openssl insmod modprobe setcap visudo vipw vigr "
    "chpasswd usermod useradd"
)
_ESCAPING: Final = frozenset(_ESCAPES.split())
# Root by what follows them, yet harmless with most arguments: without any they allow all.
_ALONE: Final = frozenset({"sudoedit", "systemctl", "journalctl", "passwd"})
_OPENING: Final = frozenset({"vi", "vim", "view", "nano", "less", "more", "man", "emacs"})
# A secret that the target hid behind a star (hipscan.probes.sudo.sudoers).
_HIDDEN: Final = re.compile(r"(?i)-?\S*(?:pass|secret|token)[a-z]*(?:\s+|\\?=)\*")


def escapes(command: str) -> bool:
    """Say whether a command, without arguments or with free ones, is one that starts others.

    `/usr/bin/vi` and `/usr/bin/less /var/log/*`; of `/usr/bin/apt-get update` the arguments are
    fixed, so it is none.
    """
    program, _, arguments = command.partition(" ")
    name = program.rpartition("/")[2]
    if name in _ALONE:
        return arguments in {"", "*"}
    free = not arguments or "*" in _HIDDEN.sub("", arguments)
    return name in _ESCAPING and (free or name in _OPENING)


def is_wild(command: str) -> bool:
    """Say whether a command has wildcards that fit what nobody meant; see sudoers(5)."""
    program, _, arguments = command.partition(" ")
    if command == "ALL" or arguments.startswith("^"):
        return False
    return "*" in _HIDDEN.sub("", arguments) or any(sign in program for sign in "*?[")
