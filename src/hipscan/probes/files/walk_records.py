"""What the walk finds: the names it looks for, the kinds they make, and whose programs they are."""

import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final, Self

from hipscan.model.fact import Record, Value
from hipscan.probes.files.file_status import owner_name, permissions

RHOSTS: Final = (".rhosts", ".shosts", "hosts.equiv", "shosts.equiv")
KEYS: Final = (
    *("id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", "id_ecdsa_sk", "id_ed25519_sk"),
    *("*.ppk", "*.p12", "*.pfx", "*.jks", "*.keystore"),
)
PEM: Final = ("*.pem", "*.key", "ssh_host_*_key")
CREDENTIALS: Final = (
    *(".netrc", ".pgpass", ".my.cnf", ".git-credentials", ".vault-token", ".s3cfg"),
    *("*.kdbx", "*/.aws/credentials", "*/.docker/config.json", "*/.kube/config"),
    *("*/.config/gcloud/credentials.db", "*/.azure/accessTokens.json"),
    *(".pypirc", ".mylogin.cnf", "*/.config/rclone/rclone.conf", "*/.m2/settings-security.xml"),
)
# Files in which programs keep passwords; their group, the program's, may read them.
PROGRAM_CREDENTIALS: Final = (
    *("rsyncd.secrets", "wp-config.php", "sqlconf.php", "openmrs-runtime.properties"),
    *("mirth.properties", "LocalSettings.php", "config-db.php", "debian.cnf", "*.keytab"),
    *("*/sites/default/settings.php", "tomcat-users.xml", "standalone-users.properties"),
    *("ldap.secret", "pam_ldap.secret", "chap-secrets", "pap-secrets", "sasl_passwd"),
)
DUMPS: Final = (
    *("*.sql", "*.SQL", "*.sql.gz", "*.sql.xz", "*.sql.bz2", "*.sql.zst", "*.sql.zip", "*.sql.bak"),
    *("*.dump", "*.dump.gz", "*.dmp", "*.pgdump", "*.bson.gz", "*.dcm", "*.DCM", "*.hl7"),
)
# What a web server may hand out: a dump there is a download, whatever its mode.
WEB_ROOTS: Final = (
    *("/var/www/*", "/srv/www/*", "/srv/http/*", "/usr/share/nginx/html/*", "/usr/local/www/*"),
)
LEFT_BEHIND: Final = (
    *(*DUMPS, "*.sql.*", "*.bak", "*.sqlite", "*.sqlite3", "*.mdb"),
    *("*.php~", "*.php.old", "*.php.orig", "*.php.save", "*.php.swp"),
)
# Where programs keep keys and data of their own tests.
SHIPPED: Final = (
    *("/usr/lib/*", "/usr/share/*", "*/site-packages/*", "*/dist-packages/*", "*/node_modules/*"),
    *("*/test/*", "*/tests/*", "*/testdata/*", "*/vendor/*", "*/go/pkg/mod/*"),
)
_TYPES: Final = {"f": "file", "d": "dir", "l": "link", "p": "fifo", "s": "socket"}
_BITS: Final = {stat.S_IFREG: "f", stat.S_IFDIR: "d", stat.S_IFLNK: "l", stat.S_IFIFO: "p"}
_HANDS_OVER: Final = re.compile(
    r"^(sh|dash|bash|zsh|t?csh|fish|m?ksh|busybox|env|find|[gmn]?awk|perl[\d.]*|python[\d.]*|"
    r"ruby[\d.]*|php[\d.]*|lua[\d.]*|node|tclsh[\d.]*|vim?[._a-z]*|nano|emacs[\d.]*|ed|sed|less|more|"
    r"cat|head|tail|cp|mv|dd|tee|tar|zip|install|chmod|chown|ln|rsync|scp|nmap|gdb|strace|docker|"
    r"podman|systemctl|nice|timeout|xargs|make|socat|nc|ncat|openssl|base64|git|taskset|setpriv|curl|"
    r"wget|debugfs|script|expect|unshare|nsenter|chroot|setcap|runuser|pip[\d.]*|gcore|ionice|stdbuf|"
    r"ash|rbash|ksh[\d.]*|r?view|ex|vi(gr|pw)|mcedit|tmux|most|pg|xxd|od|hexdump|hd|strings|sort|uniq|cut|"
    r"paste|tac|nl|rev|fold|diff|cmp|comm|[ef]?grep|split|csplit|shuf|column|date|file|unzip|7z|cpio|"
    r"(un)?xz|b?zcat|b?gunzip|gzip|bzip2|zstd|sqlite3|mysql|psql|jq|gcc|cc|[cg]\+\+|ld|as|ar|flock|time|watch|"
    r"nohup|start-stop-daemon|setarch|logsave|ltrace|valgrind|perf|capsh|runc|ctr|kubectl|dpkg|apt|apt-get|"
    r"rpm|dnf|yum|update-alternatives|useradd|usermod|chpasswd|tcpdump|ip|iptables|nft|sysctl|insmod|"
    r"modprobe|kmod|tftp|ftp|sftp|lftp|telnet|mknod|touch|mkdir|rm|unlink|truncate|rename)$"
)


@dataclass(frozen=True, slots=True)
class Packages:
    """What dpkg or rpm said: whether there are lists of dpkg, paths they name, rpm's modes."""

    dpkg: bool
    owned: frozenset[str]
    modes: Mapping[str, int]
    strays: frozenset[str]

    @classmethod
    def of(cls, lines: Sequence[str]) -> Self:
        """Read the lines behind the walk: p, d, r and n."""
        modes = (line[1:].partition(" ") for line in lines if line.startswith("r"))
        return cls(
            "p" in lines,
            frozenset(line[1:] for line in lines if line.startswith("d")),
            {path: int(mode, 8) & 0o7777 for mode, _, path in modes},
            frozenset(line[1:] for line in lines if line.startswith("n")),
        )

    def about(self, path: str) -> dict[str, Value]:
        """Return the fields of a set-uid or set-gid program."""
        rights = bool(_HANDS_OVER.match(path.rpartition("/")[2]))
        if self.dpkg:
            # Where /bin is a link to /usr/bin, the lists may still say /bin.
            packaged: bool | None = bool({path, path.removeprefix("/usr")} & self.owned)
        else:
            packaged = True if path in self.modes else (False if path in self.strays else None)
        mode = self.modes.get(path)
        given: dict[str, Value] = {} if mode is None else {"package_mode": f"{mode:04o}"}
        return {"packaged": packaged, "gives_rights": rights, **given}


def file_records(line: str, packages: Packages) -> Iterator[Record]:
    """Yield a record for each kind of file that a line of the walk is."""
    about, user, group, mode = _entry(line)
    path = str(about["path"])
    for kind in _kinds(about, mode, unowned=user.isdecimal() or group.isdecimal()):
        extra = packages.about(path) if kind in {"set-uid", "set-gid"} else {}
        yield {"path": path, "kind": kind, **about, **extra}


def _entry(line: str) -> tuple[dict[str, Value], str, str, int]:
    """Take a line of find or of stat apart."""
    if line.startswith("w"):
        bits, user, group, uid, gid, size, time, letter, path = line[1:].split(":", 8)
        mode = int(bits, 8)
    else:
        raw, user, group, uid, gid, size, time, path = line[1:].split(":", 7)
        mode, letter = stat.S_IMODE(int(raw, 16)), _BITS.get(stat.S_IFMT(int(raw, 16)), "")
        user, group = owner_name(user, uid), owner_name(group, gid)
    about: dict[str, Value] = {
        "path": path.replace("\x01", "\n"),
        "type": _TYPES.get(letter, "other"),
        **permissions(mode),
        "owner": user,
        "group": group,
        "uid": int(uid),
        "gid": int(gid),
        "size": int(size),
        "modified": int(float(time)),
    }
    return about, user, group, mode


def _kinds(about: Record, mode: int, *, unowned: bool) -> Iterator[str]:
    path, type_ = str(about["path"]), about["type"]
    if unowned:
        yield "unowned"
    if type_ == "dir" and mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
        yield "world-writable-dir"
    if type_ != "file":
        return
    if mode & stat.S_IWOTH:
        yield "world-writable-file"
    if mode & stat.S_ISUID:
        yield "set-uid"
    if mode & stat.S_ISGID:
        yield "set-gid"
    yield from _named(path, mode)


def _named(path: str, mode: int) -> Iterator[str]:
    name = path.rpartition("/")[2]
    shipped = _fits(path, SHIPPED)
    if name in RHOSTS:
        yield "rhosts"
    if _fits(path, KEYS) or (_fits(path, PEM) and not shipped):
        yield "private-key"
    if _fits(path, CREDENTIALS):
        yield "credentials"
    if _fits(path, PROGRAM_CREDENTIALS) and mode & stat.S_IROTH and not shipped:
        yield "program-credentials"
    if _fits(path, DUMPS) and mode & stat.S_IROTH and not shipped:
        yield "dump"
    if _fits(path, WEB_ROOTS) and _fits(path, LEFT_BEHIND) and not shipped:
        yield "web-dump"


def _fits(path: str, patterns: Sequence[str]) -> bool:
    """Say whether a name or, for patterns with a slash, a path fits, as find sees it."""
    name = path.rpartition("/")[2]
    return any(fnmatchcase(path if "/" in each else name, each) for each in patterns)
