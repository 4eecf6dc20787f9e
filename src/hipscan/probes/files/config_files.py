"""The table of key-value files that the `config` fact knows.

Adding a kind of file is one entry here. Defaults are those of the documentation, and stand in
for settings that no file makes; a setting whose default is decided at compile time is left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from hipscan.probes.files.config_syntax import Reader, connections, equals, ini, limits, spaced


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """One kind of file: where it lies, how it reads, which of several settings counts.

    Of `files` the first that exists counts. `folders` of drop-ins come strongest first; they are
    read after the main file, or before it with `folders_first`. The last setting wins; of a key
    in `several` all of them hold. `fold` says that case does not matter in keys.
    """

    name: str
    reader: Reader
    files: tuple[str, ...]
    folders: tuple[str, ...] = ()
    suffix: str = ".conf"
    folders_first: bool = False
    several: frozenset[str] = frozenset()
    fold: bool = False
    section: str = ""  # the one section that counts, where there is one
    defaults: Mapping[str, str] = field(default_factory=dict)


def _systemd(name: str, section: str, defaults: Mapping[str, str]) -> ConfigFile:
    places = tuple(f"{top}/systemd/{name}.conf" for top in ("/etc", "/run", "/usr/lib"))
    tops = ("/etc", "/run", "/usr/local/lib", "/usr/lib")
    pieces = tuple(f"{top}/systemd/{name}.conf.d" for top in tops)
    return ConfigFile(name, ini, places, pieces, section=section, defaults=defaults)


FILES: Final = (
    ConfigFile(
        "login.defs",
        spaced,
        ("/etc/login.defs", "/usr/etc/login.defs"),
        ("/etc/login.defs.d",),
        suffix=".defs",
    ),
    _systemd("journald", "Journal", {"Storage": "auto", "Compress": "yes", "Seal": "yes"}),
    _systemd("logind", "Login", {"IdleAction": "ignore", "StopIdleSessionSec": "infinity"}),
    _systemd("coredump", "Coredump", {"Storage": "external"}),
    _systemd("timesyncd", "Time", {"NTP": ""}),
    _systemd("system", "Manager", {"CtrlAltDelBurstAction": "reboot-force"}),
    ConfigFile("sysconfig-sshd", equals, ("/etc/sysconfig/sshd",)),
    ConfigFile(
        "dnf",
        ini,
        ("/etc/dnf/dnf.conf", "/etc/yum.conf"),
        section="main",
        defaults={"localpkg_gpgcheck": "False"},
    ),
    ConfigFile(
        "gdm", ini, ("/etc/gdm3/daemon.conf", "/etc/gdm3/custom.conf", "/etc/gdm/custom.conf")
    ),
    ConfigFile(
        "lightdm",
        ini,
        ("/etc/lightdm/lightdm.conf",),
        ("/etc/lightdm/lightdm.conf.d", "/usr/share/lightdm/lightdm.conf.d"),
        folders_first=True,
    ),
    ConfigFile(
        "sddm",
        ini,
        ("/etc/sddm.conf",),
        ("/etc/sddm.conf.d", "/usr/lib/sddm/sddm.conf.d"),
        folders_first=True,
        section="Autologin",
    ),
    ConfigFile(
        "limits",
        limits,
        ("/etc/security/limits.conf", "/usr/etc/security/limits.conf"),
        ("/etc/security/limits.d", "/usr/etc/security/limits.d"),
    ),
    ConfigFile(
        "pwquality",
        equals,
        ("/etc/security/pwquality.conf", "/usr/etc/security/pwquality.conf"),
        ("/etc/security/pwquality.conf.d",),
        folders_first=True,
        defaults={
            "difok": "1",
            "minlen": "8",
            "dcredit": "0",
            "ucredit": "0",
            "lcredit": "0",
            "ocredit": "0",
            "minclass": "0",
            "maxrepeat": "0",
            "maxsequence": "0",
            "dictcheck": "1",
            "usercheck": "1",
            "enforcing": "1",
        },
    ),
    ConfigFile(
        "faillock",
        equals,
        ("/etc/security/faillock.conf", "/usr/etc/security/faillock.conf"),
        defaults={"deny": "3", "fail_interval": "900", "unlock_time": "600"},
    ),
    ConfigFile("auditd", equals, ("/etc/audit/auditd.conf",), fold=True),
    ConfigFile(
        "auditd-syslog",
        equals,
        ("/etc/audit/plugins.d/syslog.conf", "/etc/audisp/plugins.d/syslog.conf"),
        fold=True,
    ),
    ConfigFile(
        "chrony",
        spaced,
        ("/etc/chrony/chrony.conf", "/etc/chrony.conf"),
        ("/etc/chrony/conf.d", "/etc/chrony/sources.d"),
        fold=True,
        several=frozenset({"server", "pool", "peer", "allow", "deny"}),
    ),
    ConfigFile("ipsec", connections, ("/etc/ipsec.conf",), ("/etc/ipsec.d",), fold=True),
)
