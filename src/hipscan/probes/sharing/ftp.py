"""FTP servers: whether one gets in without a name, and whether passwords travel in clear text.

vsftpd.conf(5): `key=value` without blanks, the last wins; anonymous users are let in by default.
ProFTPD: its configuration with included files, where <Anonymous> blocks let everybody in and
mod_tls has to be required. Pure-FTPd: one file for each option on Debian, one file elsewhere.
"""

import re
from collections.abc import Mapping, Sequence
from posixpath import basename
from typing import Final

from hipscan.model.fact import Record, Value, ok
from hipscan.probes.addresses import is_remote
from hipscan.probes.base import Facts, FactSpec, Field, FieldType, Listing
from hipscan.probes.bundle import Member
from hipscan.probes.tls.tls_grades import old_protocols

_VSFTPD: Final = ("/etc/vsftpd.conf", "/etc/vsftpd/vsftpd.conf")
_PROFTPD: Final = ("/etc/proftpd/proftpd.conf", "/etc/proftpd.conf")
_PURE_DIR: Final = "/etc/pure-ftpd/conf"
_PURE: Final = ("/etc/pure-ftpd/pure-ftpd.conf", "/etc/pure-ftpd.conf")
_VS_KEYS: Final = (
    "anonymous_enable|anon_upload_enable|anon_mkdir_write_enable|write_enable|local_enable|"
    "ssl_enable|force_local_(logins|data)_ssl|ssl_(sslv2|sslv3|tlsv1|tlsv1_1)|listen_address6?|"
    "allow_anon_ssl|implicit_ssl"
)
_PRO_KEYS: Final = "include|tls(engine|required|protocol)|defaultaddress|denyall|allowall"

SCRIPT: Final = rf"""
set --
for path in {" ".join(_VSFTPD)}; do
  if [ -e "$path" ]; then set -- "$@" "$path"; fi
done
[ $# -eq 0 ] || files "$@" | only none '=' '{_VS_KEYS}'
set --
for path in {" ".join(_PURE)} {_PURE_DIR}/NoAnonymous {_PURE_DIR}/TLS {_PURE_DIR}/Bind \
  {_PURE_DIR}/AnonymousCantUpload
do
  if [ -e "$path" ]; then set -- "$@" "$path"; fi
done
[ $# -eq 0 ] || files "$@" | awk '!/^:/ || /^:[ \t]*([0-9.:,]+|yes|no|on|off)[ \t]*$/ ||
  /^:[ \t]*(NoAnonymous|TLS|Bind|AnonymousCantUpload)[ \t]/'
clean() {{ only none '[ \t]' '{_PRO_KEYS}' | awk '$0 !~ /^:[ \t]*</ ||
  tolower($0) ~ /^:[ \t]*<\/?(anonymous|limit|global|virtualhost|ifmodule)/'; }}
parts() {{ awk 'tolower($0) ~ /^:[ \t]*include[ \t]/ {{
  path = $2; gsub(/"/, "", path); print path; if (path ~ /\/$/) print path "*"
}}'; }}
for path in {" ".join(_PROFTPD)}; do
  if [ -e "$path" ]; then follow clean parts "$path"; fi
done
"""

FIELDS: Final = {
    "server": Field(FieldType.TEXT, "vsftpd, proftpd or pure-ftpd"),
    "remote": Field(FieldType.BOOLEAN, "whether it listens beyond this host"),
    "anonymous": Field(FieldType.BOOLEAN, "whether one gets in without a name"),
    "anonymous_writes": Field(FieldType.BOOLEAN, "whether who has no name may write"),
    "tls_forced": Field(FieldType.BOOLEAN, "whether logins and data need TLS"),
    "old_protocols": Field(FieldType.LIST, "protocols below TLS 1.2 that are asked for by name"),
    "severity": Field(FieldType.TEXT, "how bad anonymous is: critical where one may write"),
    "file": Field(FieldType.TEXT, "its configuration"),
}


def parse(read: Listing) -> Facts:
    """Parse the files of all of them.

    F/etc/vsftpd.conf
    :anonymous_enable=NO
    """
    if not read.files and not read.notes:
        raise ValueError("no configuration of an FTP server")
    records = [_vsftpd(path, read.files[path]) for path in _VSFTPD if path in read.files]
    records += [_proftpd(path, read) for path in _PROFTPD if path in read.files]
    pure = {path: lines for path, lines in read.files.items() if "pure-ftpd" in path}
    if pure:
        records.append(_pure(pure))
    return {"ftp_server": ok(*records)}


def _record(server: str, file: str, *, anonymous: bool, writes: bool, held: Record) -> Record:
    return {
        "server": server,
        "anonymous": anonymous,
        "anonymous_writes": anonymous and writes,
        "severity": "critical" if writes else "high",
        **held,
        "file": file,
    }


def _vsftpd(path: str, lines: Sequence[str]) -> Record:
    held: dict[str, str] = {}
    for line in lines:
        key, _, value = line.partition("=")
        held[key.strip()] = value.strip()

    def on(key: str, *, default: bool = False) -> bool:
        value = held.get(key, "").upper()
        return value in ("YES", "TRUE", "1") if value else default

    listen = [held[key] for key in ("listen_address", "listen_address6") if held.get(key)]
    tls = (
        on("ssl_enable")
        and on("force_local_logins_ssl", default=True)
        and on("force_local_data_ssl", default=True)
    )
    switches = {"ssl_sslv2": "SSLv2", "ssl_sslv3": "SSLv3", "ssl_tlsv1_1": "TLSv1.1"}
    old: list[Value] = [name for key, name in switches.items() if on("ssl_enable") and on(key)]
    writes = on("write_enable") and (on("anon_upload_enable") or on("anon_mkdir_write_enable"))
    return _record(
        "vsftpd",
        path,
        anonymous=on("anonymous_enable", default=True),
        writes=writes,
        held={
            "remote": is_remote(listen) if listen else True,
            "tls_forced": tls or not on("local_enable"),
            "old_protocols": old,
        },
    )


def _proftpd(path: str, read: Listing) -> Record:
    held: dict[str, str] = {}
    blocks: list[str] = []
    anonymous = writes = False
    for line in _lines(path, read, 0):
        text = line.strip()
        if text.startswith("</"):
            blocks = blocks[:-1]
        elif text.startswith("<"):
            blocks = [*blocks, text.strip("<>").lower()]
            anonymous = anonymous or blocks[-1].startswith("anonymous")
        elif any(block.startswith("anonymous") for block in blocks):
            limited = any("write" in block or "stor" in block for block in blocks)
            writes = writes or (limited and text.lower().startswith("allowall"))
        elif not any(block.startswith("virtualhost") for block in blocks):
            key, _, value = text.partition(" ")
            held[key.lower()] = value.strip()
    forced = held.get("tlsrequired", "").lower() in ("on", "auth+data", "ctrl+data")
    tls = held.get("tlsengine", "").lower() == "on" and forced
    names = held.get("tlsprotocol", "TLSv1.2").split()
    old: list[Value] = [*old_protocols(names)]
    return _record(
        "proftpd",
        path,
        anonymous=anonymous,
        writes=writes,
        held={
            "remote": is_remote([held["defaultaddress"]]) if held.get("defaultaddress") else True,
            "tls_forced": tls,
            "old_protocols": old,
        },
    )


def _lines(path: str, read: Listing, depth: int) -> list[str]:
    found: list[str] = []
    for line in read.files.get(path, ()):
        match = re.match(r'^\s*include\s+"?([^"\s]+)"?', line, re.IGNORECASE)
        if not match:
            found.append(line)
        elif depth < 8:  # noqa: PLR2004  # nothing nests so deep
            name = match[1].rstrip("*")
            names = [name] if name in read.files else []
            names += sorted(each for each in read.files if each.startswith(name) and each != name)
            for each in names:
                found += _lines(each, read, depth + 1)
    return found


def _pure(files: Mapping[str, Sequence[str]]) -> Record:
    held: dict[str, str] = {}
    for path, lines in files.items():
        for line in lines:
            whole = path in _PURE
            key, _, value = line.strip().partition(" ") if whole else (basename(path), "", line)
            held[key.lower()] = value.strip().lower()
    yes = ("yes", "on", "1")
    return _record(
        "pure-ftpd",
        next(iter(sorted(files))),
        anonymous=held.get("noanonymous", "no") not in yes,
        writes=held.get("anonymouscantupload", "no") not in yes,
        held={
            "remote": is_remote([held["bind"].partition(",")[0]]) if held.get("bind") else True,
            "tls_forced": held.get("tls", "0") in ("2", "3"),
            "old_protocols": [],
        },
    )


MEMBER: Final = Member(
    name="ftp",
    title="FTP server",
    paths=(*_VSFTPD, *_PROFTPD, *_PURE, _PURE_DIR),
    facts=(FactSpec("ftp_server", "vsftpd, ProFTPD and Pure-FTPd.", ("server",), FIELDS),),
    script=SCRIPT,
    parse=parse,
    programs="vsftpd proftpd pure-ftpd",
    packages="vsftpd proftpd-core proftpd-basic pure-ftpd pure-ftpd-common",
    whole=frozenset({"ftp_server"}),
)
