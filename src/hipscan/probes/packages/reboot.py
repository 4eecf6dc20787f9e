"""Whether a reboot is due: a flag that says so, what replaced core files since boot, the kernel.

`required` rests on two kinds of evidence: the flag that Debian's, Ubuntu's and SUSE's packages
leave below /run, and, since hosts without the programs that set it never have it, the time at
which packages that every process uses were last unpacked. `kernels` judges the
kernel.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from hipscan.model.fact import Fact, Record, absent, missing, ok
from hipscan.model.fact import FactStatus as Status
from hipscan.probes.base import Facts, FactSpec, Field, FieldType, Listing, Probe, listing
from hipscan.probes.packages.kernels import KERNEL_FIELDS, Kernel, Running, kernel_record
from hipscan.probes.unprivileged import AS_NOBODY

# Field 22 of /proc/1/stat is the start of process 1 in hundredths of a second after the kernel's:
# in a container that is later than the boot of the machine.
SCRIPT: Final = (
    AS_NOBODY
    + r"""
words=$(uname -rv)
printf 'release %s\nbuild %s\n' "${words%% *}" "${words#* }"
if [ -r /proc/version_signature ]; then
  read -r line </proc/version_signature
  printf 'signature %s\n' "$line"
fi
container=no
[ -e /.dockerenv ] && container=docker
[ -e /run/.containerenv ] && container=podman
[ -r /run/systemd/container ] && read -r container </run/systemd/container
printf 'container %s\n' "$container"
while read -r word value _; do
  [ "$word" != btime ] || printf 'boot %s\n' "$value"
done </proc/stat
if read -r line </proc/1/stat; then
  # shellcheck disable=SC2086  # the numbers behind the name are words
  set -- ${line##*) }
  printf 'init %s\n' "${20}"
fi
for flag in /run/reboot-required /run/reboot-needed; do
  [ ! -e "$flag" ] || printf 'flag %s\n' "$flag"
done
[ ! -e /run/reboot-required.pkgs ] || files /run/reboot-required.pkgs
for patch in /sys/kernel/livepatch/*; do
  [ ! -d "$patch" ] || printf 'livepatch %s\n' "${patch##*/}"
done
if [ -s /var/lib/dpkg/status ] && command -v dpkg-query >/dev/null; then
  echo dpkg
  # shellcheck disable=SC2016  # dpkg-query fills these in, not the shell
  dpkg-query -W -f='deb ${db:Status-Abbrev}|${Package}|${Version}\n' 'linux-image-[0-9]*' \
    'linux-image-unsigned-[0-9]*'
  set -- /var/lib/dpkg/info
  stat -c 'unpacked %Y %n' "$1"/libc6.list "$1"/libc6:*.list "$1"/dbus.list \
    "$1"/dbus-daemon.list "$1"/*-microcode.list
fi
for db in /var/lib/rpm /usr/lib/sysimage/rpm; do
  [ -e "$db/rpmdb.sqlite" ] || [ -e "$db/Packages.db" ] || [ -e "$db/Packages" ] || continue
  command -v rpm >/dev/null || break
  echo rpm
  as_nobody rpm -q --qf \
    'rpm %{NAME}|%{EPOCH}|%{VERSION}-%{RELEASE}|%{ARCH}|%{INSTALLTIME}\n' \
    kernel kernel-core kernel6.12 kernel6.18 kernel-uek kernel-uek-core kernel-rt-core \
    kernel-default kernel-default-base kernel-azure glibc dbus dbus-daemon dbus-broker systemd \
    microcode_ctl linux-firmware bash
  break
done
for db in /lib/apk/db/installed /usr/lib/apk/db/installed; do
  [ -s "$db" ] || continue
  echo apk
  awk -F: '
    $1 == "P" { name = $2 }
    $1 != "V" { next }
    name ~ /^linux-(lts|virt|stable|edge|rpi[0-9]*)$/ { print "apk " name "|" $2 }' "$db"
  break
done
"""
)

REBOOT_FIELDS: Final = {
    "required": Field(FieldType.BOOLEAN, "whether a reboot is due; null: nothing tells"),
    "reasons": Field(FieldType.LIST, "the flag, and the packages replaced since the last boot"),
    "flagged": Field(FieldType.BOOLEAN, "whether the distribution's flag is set"),
    "booted": Field(FieldType.TIME, "when process 1 started"),
}

_UNPACKED: Final = re.compile(r"unpacked (\d+) .*/([^/:]+)(?::\w+)?\.list")
_SENTINEL: Final = "bash"  # asked for to see that rpm answers at all; no reboot is due for it
_KERNEL: Final = re.compile(r"kernel(6\.\d+)?(-uek|-rt)?(-core)?|kernel-(default|azure)(-base)?")


def parse(text: str, _status: int) -> Facts:
    """Parse what the script prints; lines of rpm about packages that are not there mean nothing.

    release 6.1.0-28-amd64
    build #1 SMP PREEMPT_DYNAMIC Debian 6.1.119-1 (2024-11-22)
    container no
    boot 1795289723
    init 12
    flag /run/reboot-required
    dpkg
    deb ii |linux-image-6.1.0-28-amd64|6.1.119-1
    unpacked 1795290000 /var/lib/dpkg/info/libc6:amd64.list
    rpm kernel-core|(none)|5.14.0-427.el9|x86_64|1795290000
    apk linux-lts|6.6.49-r0
    """
    seen = listing(text)
    words = dict(line.partition(" ")[::2] for line in seen.plain)
    packages = [line[4:].split("|") for line in seen.plain if line.startswith("rpm ")]
    problem = _problem(seen, words, packages)
    if problem:
        return {"reboot": problem, "kernel": problem}
    nothing = missing(Status.UNSUPPORTED, "nothing of apk's tells whether a reboot is due")
    is_apk = not {"dpkg", "rpm"} & words.keys()
    return {
        "reboot": nothing if is_apk else ok(_reboot(seen, words, packages)),
        "kernel": _kernel(seen.plain, words, packages),
    }


def _problem(
    seen: Listing, words: Mapping[str, str], packages: Sequence[Sequence[str]]
) -> Fact | None:
    unsupported = seen.of_kind("unsupported")
    if unsupported:
        return missing(Status.UNSUPPORTED, unsupported[0].text)
    if "rpm" in words and not packages:
        return missing(Status.PARTIAL, "rpm answered nothing about any package")
    if not {"dpkg", "rpm", "apk"} & words.keys():
        return missing(Status.UNSUPPORTED, "neither dpkg, rpm nor apk tells what is installed")
    return None


def _reboot(seen: Listing, words: Mapping[str, str], packages: Sequence[Sequence[str]]) -> Record:
    booted = int(words["boot"]) + int(words.get("init", "0")) // 100
    times = _unpacked(seen.plain, packages)
    newer = {name for name, when in times if when > booted} - {_SENTINEL}
    flags = [line.partition(" ")[2] for line in seen.plain if line.startswith("flag ")]
    named = {name for lines in seen.files.values() for name in lines if name}
    return {
        "required": bool(flags or newer) if flags or times else None,
        "reasons": [*flags, *sorted(named | newer)],
        "flagged": bool(flags),
        "booted": booted,
    }


def _unpacked(lines: Sequence[str], packages: Sequence[Sequence[str]]) -> list[tuple[str, int]]:
    """Return (package, seconds) of the packages that only a reboot brings into use."""
    found = [match for line in lines if (match := _UNPACKED.fullmatch(line))]
    times = [(match[2], int(match[1])) for match in found]
    others = [(name, int(when)) for name, _, _, _, when in packages]
    return times + [item for item in others if not _KERNEL.fullmatch(item[0])]


def _kernel(
    lines: Sequence[str], words: Mapping[str, str], packages: Sequence[Sequence[str]]
) -> Fact:
    if words["container"] != "no":
        return absent(f"a container ({words['container']}) runs the kernel of its machine")
    debs = [line[4:].split("|") for line in lines if line.startswith("deb ")]
    kernels = [
        Kernel.of_deb(name, version) for flags, name, version in debs if flags[1] not in "nc"
    ]
    kernels += [
        Kernel.of_rpm(name, release, arch)
        for name, _, release, arch, _ in packages
        if _KERNEL.fullmatch(name)
    ]
    kernels += [Kernel.of_apk(*line[4:].split("|")) for line in lines if line.startswith("apk ")]
    images = [kernel for kernel in kernels if kernel]
    if not images and "rpm" in words and "dpkg" not in words:
        # A kernel of another name is a kernel all the same.
        return missing(Status.UNSUPPORTED, "no kernel package of a name that hipscan knows")
    if not images:
        return absent("no kernel package is installed: the running kernel comes from elsewhere")
    running = Running(words["release"], words["build"], words.get("signature", ""))
    patches = [line.partition(" ")[2] for line in lines if line.startswith("livepatch ")]
    return ok({**kernel_record(running, images), "live_patches": patches})


PROBE: Final = Probe(
    name="reboot",
    facts=(
        FactSpec("reboot", "Whether the target has to be rebooted.", (), REBOOT_FIELDS),
        FactSpec(
            "kernel",
            "The running kernel against the newest installed one; absent where there is none.",
            ("running",),
            KERNEL_FIELDS,
        ),
    ),
    script=SCRIPT,
    parse=parse,
    commands=("dpkg-query", "rpm", "setpriv"),
)
