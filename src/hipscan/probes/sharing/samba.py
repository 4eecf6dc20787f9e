r"""Samba: smb.conf with its includes, and the shares that users made (`net usershare`).

Defaults are those of smb.conf(5) of the release. A configuration in the registry is a database
that is not read: `samba_server` is then unsupported, shares in the registry leave `samba_share`
partial. Debian's own build allows guests on nothing by itself; its smb.conf maps unknown users to
guest and lets user shares allow guests.
"""

import re
from collections.abc import Mapping
from posixpath import basename
from typing import Final

from hipscan.model.fact import Fact, FactStatus, Record, Value, missing, ok
from hipscan.probes.addresses import is_remote, words
from hipscan.probes.base import Facts, FactSpec, Field, FieldType, Listing
from hipscan.probes.bundle import Member
from hipscan.probes.sharing.smb_conf import Section, Sections, is_yes, settings

_MAIN: Final = "/etc/samba/smb.conf"
_USERSHARES: Final = "/var/lib/samba/usershares"
_KEYS: Final = (
    "include|configfile|configbackend|registryshares|copy|maptoguest|guestok|public|guestonly|"
    "onlyguest|usershareallowguests|usersharemaxshares|restrictanonymous|nullpasswords|"
    "serverminprotocol|minprotocol|(server)?smbencrypt|serversigning|ntlmauth|lanmanauth|"
    "encryptpasswords|path|directory|available|readonly|writeable|writable|writeok|printable|"
    "printok|adminusers|forceuser|hostsallow|allowhosts|interfaces|bindinterfacesonly|widelinks|"
    "allowinsecurewidelinks|unixextensions|smb1unixextensions|vfsobjects?|serverrole|guest_ok|"
    "usershare_acl"
)

SCRIPT: Final = rf"""
clean() {{ only backslash '=' '{_KEYS}'; }}
parts() {{ awk '
tolower($0) ~ /^:[ \t]*(include|config[ \t]*file)[ \t]*=/ {{
  sub(/^[^=]*=[ \t]*/, ""); sub(/[ \t]+$/, ""); gsub(/"/, "")
  if ($0 ~ /^\// && $0 !~ /%/) print
}}'; }}
for tool in smbd /usr/sbin/smbd; do
  if command -v "$tool" >/dev/null; then
    printf 'version %s\n' "$("$tool" --version)"
    break
  fi
done
follow clean parts {_MAIN}
folder={_USERSHARES}
if [ -d "$folder" ]; then
  if [ ! -r "$folder" ] || [ ! -x "$folder" ]; then printf 'hidden %s\n' "$folder"
  else
    set -- "$folder"/*
    if [ -e "$1" ]; then files "$@" | only none '=' 'path|guest_ok|usershare_acl'; fi
  fi
fi
"""

SERVER: Final = {
    "version": Field(FieldType.TEXT, "the release"),
    "remote": Field(FieldType.BOOLEAN, "whether other hosts reach it"),
    "map_to_guest": Field(FieldType.TEXT, "whose failed logins become guest: never, bad user, ..."),
    "usershare_guests": Field(FieldType.BOOLEAN, "whether users may share with guests"),
    "restrict_anonymous": Field(FieldType.TEXT, "restrict anonymous: 0, 1 or 2"),
    "null_passwords": Field(FieldType.BOOLEAN, "whether accounts without password may log in"),
    "min_protocol": Field(FieldType.TEXT, "the oldest protocol it speaks, upper case"),
    "smb1": Field(FieldType.BOOLEAN, "whether that is older than SMB 2"),
    "smb3": Field(FieldType.BOOLEAN, "whether that is SMB 3 or newer"),
    "encryption": Field(FieldType.TEXT, "off, offered, desired or required"),
    "signing": Field(FieldType.TEXT, "off, offered or required"),
    "ntlm": Field(FieldType.TEXT, "ntlmv1-permitted, ntlmv2-only, disabled, ..."),
    "weak_ntlm": Field(FieldType.BOOLEAN, "whether NTLMv1, LANMAN or clear passwords are taken"),
    "hosts_limited": Field(FieldType.BOOLEAN, "whether hosts allow or interfaces limit who may"),
    "file": Field(FieldType.TEXT, "its main file"),
}
SHARE: Final = {
    "share": Field(FieldType.TEXT, "the name of the share"),
    "path": Field(FieldType.TEXT, "what it shares"),
    "guest": Field(FieldType.BOOLEAN, "whether one gets in without a password"),
    "writable": Field(FieldType.BOOLEAN, "whether one may write"),
    "encrypted": Field(FieldType.BOOLEAN, "whether it can be used over encryption only"),
    "as_root": Field(FieldType.LIST, "users and groups that are root there"),
    "wide_links": Field(FieldType.BOOLEAN, "whether links lead out of it"),
    "audited": Field(FieldType.BOOLEAN, "whether accesses are recorded"),
    "severity": Field(FieldType.TEXT, "how bad guests are: critical where they may write"),
    "file": Field(FieldType.TEXT, "the file that defines it"),
}

_ENCRYPTION: Final = {
    **dict.fromkeys(("off", "no", "false", "0", "disabled"), "off"),
    **dict.fromkeys(("required", "mandatory", "force", "forced", "enforced"), "required"),
    "desired": "desired",
}
# Roles that demand signatures by default (lib/param/loadparm.c); a classic controller does not.
_DIRECTORY: Final = (
    "active directory domain controller",
    "domain controller",
    "dc",
    "ipa primary domain controller",
)
_OLD: Final = ("CORE", "COREPLUS", "LANMAN1", "LANMAN2", "NT1")
_NTLM: Final = {
    **dict.fromkeys(("yes", "true", "on", "1"), "ntlmv1-permitted"),
    **dict.fromkeys(("no", "false", "off", "0"), "ntlmv2-only"),
}
_EVERYBODY: Final = re.compile(r"^(all|0\.0\.0\.0(/0(\.0\.0\.0)?)?|::/0)$", re.IGNORECASE)
_MACRO: Final = re.compile(r"%\w")


def parse(read: Listing) -> Facts:
    """Parse the release, the files and the users' shares.

    version Version 4.17.12-Debian
    F/etc/samba/smb.conf
    :[global]
    :   map to guest = bad user
    F/var/lib/samba/usershares/scans
    :path=/home/joe/scans
    :guest_ok=y
    """
    if _MAIN not in read.files:
        if not read.notes:
            raise ValueError("no smb.conf")
        return {"samba_server": ok(), "samba_share": ok()}
    made = Sections()
    unread = _read(_MAIN, read, made, made.glob, 0)
    if made.glob.held.get("configbackend", "").lower() == "registry" or "registry" in unread:
        unknown = missing(FactStatus.UNSUPPORTED, "the configuration is in the registry")
        return {"samba_server": unknown, "samba_share": unknown}
    if unread:
        unknown = missing(FactStatus.UNSUPPORTED, f"what each client gets differs: {unread[0]}")
        return {"samba_server": unknown, "samba_share": unknown}
    shares = [_share(each) for each in made.sections.values() if _is_offered(each)]
    shares += _user_shares(read, made.glob.held)
    return {"samba_server": ok(_server(made, read)), "samba_share": _shares(shares, made, read)}


def _shares(shares: list[Record], made: Sections, read: Listing) -> Fact:
    hidden = [line for line in read.plain if line.startswith("hidden ")]
    if is_yes(made.glob.held, "registryshares"):
        return Fact(FactStatus.PARTIAL, tuple(shares), "shares in the registry are not read")
    if hidden:
        return Fact(FactStatus.PARTIAL, tuple(shares), f"denied: {hidden[0].partition(' ')[2]}")
    return ok(*shares)


def _read(path: str, read: Listing, made: Sections, place: Section, depth: int) -> list[str]:
    """Read a file into `made`, from the section that is open; return includes that cannot be."""
    unread: list[str] = []
    for key, value in settings(read.files.get(path, ())):
        if key == "[":
            place = made.enter(value, path)
        elif key in ("include", "configfile"):
            if value.lower() == "registry" or _MACRO.search(value):
                unread.append(value.lower())
            elif depth < 8:  # noqa: PLR2004  # nothing nests so deep
                unread += _read(value, read, made, place, depth + 1)
        elif key == "copy" and value.lower() in made.sections:
            place.copy(made.sections[value.lower()])
        else:
            place.put(key, value)
    return unread


def _release(read: Listing) -> tuple[int, ...]:
    stated = next((line for line in read.plain if line.startswith("version ")), "")
    found = re.search(r"Version (\d{1,3})\.(\d{1,3})\.(\d{1,3})", stated)
    return tuple(int(part) for part in found.groups()) if found else ()


def _server(made: Sections, read: Listing) -> Record:
    held = made.glob.held
    release = _release(read)
    old = bool(release) and release < (4, 11, 0)
    least = held.get("serverminprotocol", "LANMAN1" if old else "SMB2_02").upper()
    ntlm = held.get("ntlmauth", "ntlmv2-only").lower()
    ntlm = _NTLM.get(ntlm, ntlm)
    bound = is_yes(held, "bindinterfacesonly")
    interfaces = [word.partition("/")[0] for word in words(held.get("interfaces", ""))]
    plain = not is_yes(held, "encryptpasswords", default=True)
    record: dict[str, Value] = {
        "version": ".".join(map(str, release)),
        "remote": not (bound and interfaces) or is_remote(interfaces),
        "map_to_guest": held.get("maptoguest", "never").lower(),
        "usershare_guests": is_yes(held, "usershareallowguests")
        and held.get("usersharemaxshares", "100" if _is_debian(read) else "0") != "0",
        "restrict_anonymous": held.get("restrictanonymous", "0"),
        "null_passwords": is_yes(held, "nullpasswords"),
        "min_protocol": least,
        "smb1": least in _OLD,
        "smb3": least.startswith("SMB3"),
        "encryption": _encryption(held),
        "signing": _signing(held),
        "ntlm": ntlm,
        "weak_ntlm": ntlm == "ntlmv1-permitted" or is_yes(held, "lanmanauth") or plain,
        "hosts_limited": _is_limited(held.get("hostsallow", "")) or (bound and bool(interfaces)),
        "file": _MAIN,
    }
    return record


def _is_limited(allowed: str) -> bool:
    """Say whether a list of hosts names some and not everybody: `192.168. EXCEPT 192.168.9.1`."""
    return bool(allowed) and not any(_EVERYBODY.match(word) for word in words(allowed))


def _is_debian(read: Listing) -> bool:
    """Say whether it is Debian's build, which allows a hundred shares of users by default."""
    return any(re.search("Debian|Ubuntu", line) for line in read.plain)


def _encryption(held: Mapping[str, str]) -> str:
    return _ENCRYPTION.get(held.get("serversmbencrypt", "default").lower(), "offered")


def _signing(held: Mapping[str, str]) -> str:
    value = held.get("serversigning", "default").lower()
    if value == "default" and held.get("serverrole", "").lower() in _DIRECTORY:
        return "required"
    return _ENCRYPTION.get(value, "offered")


def _is_offered(section: Section) -> bool:
    return is_yes(section.held, "available", default=True) and not is_yes(section.held, "printable")


def _share(section: Section) -> Record:
    held = section.held
    writable = not is_yes(held, "readonly", default=True)
    admins = words(held.get("adminusers", ""))
    if held.get("forceuser", "").lower() in ("root", "0"):
        admins.append("force user = root")
    insecure = is_yes(held, "allowinsecurewidelinks")
    unix = is_yes(held, "smb1unixextensions", default=True)
    modules = words(held.get("vfsobjects", ""))
    record: dict[str, Value] = {
        "share": section.name,
        "path": held.get("path", ""),
        "guest": is_yes(held, "guestok"),
        "writable": writable,
        "encrypted": _encryption(held) == "required",
        "as_root": admins,
        "wide_links": is_yes(held, "widelinks") and (insecure or not unix),
        "audited": any(each.partition(":")[0].endswith("audit") for each in modules),
        "severity": "critical" if writable else "high",
        "file": section.file,
    }
    return record


def _user_shares(read: Listing, glob: Mapping[str, str]) -> list[Record]:
    if not is_yes(glob, "usershareallowguests") and glob.get("usersharemaxshares") == "0":
        return []
    allowed = is_yes(glob, "usershareallowguests")
    found: list[Record] = []
    for path in sorted(read.files):
        if not path.startswith(f"{_USERSHARES}/"):
            continue
        held = dict(settings(read.files[path]))
        section = Section(
            basename(path),
            {
                **glob,
                "path": held.get("path", ""),
                "guestok": "yes" if allowed and held.get("guest_ok") == "y" else "no",
                "readonly": "no" if ":F" in held.get("usershare_acl", "") else "yes",
            },
            path,
        )
        found.append(_share(section))
    return found


MEMBER: Final = Member(
    name="samba",
    title="Samba server",
    paths=(_MAIN,),
    facts=(
        FactSpec("samba_server", "What holds for Samba as a whole.", ("file",), SERVER),
        FactSpec("samba_share", "The shares that it offers, printers aside.", ("share",), SHARE),
    ),
    script=SCRIPT,
    parse=parse,
    programs="smbd",
    packages="samba samba-common samba-client",
    settings=_MAIN,
    whole=frozenset({"samba_server", "samba_share"}),
)
