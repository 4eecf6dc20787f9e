"""The rsync daemon: the modules of rsyncd.conf with what they inherit, and included files.

Its files read like smb.conf. `&merge` reads a file or folder (*.inc) as if it stood there, what
`&include` (*.conf) reads starts from the defaults and leaves nothing behind (rsyncd.conf(5)). The
daemon asks for no login by default, and never encrypts.
"""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Final

from hipscan.model.fact import Record, Value, ok
from hipscan.probes.addresses import is_remote, words
from hipscan.probes.base import Facts, FactSpec, Field, FieldType, Listing
from hipscan.probes.bundle import Member
from hipscan.probes.sharing.smb_conf import Section, Sections, is_yes, settings

_MAIN: Final = "/etc/rsyncd.conf"
_KEYS: Final = "path|authusers|strictmodes|hostsallow|hostsdeny|readonly|list|uid|usechroot|address"

SCRIPT: Final = rf"""
clean() {{ awk '/^:[ \t]*&(include|merge)[ \t]/ {{ sub(/^:[ \t]*/, ""); print ":[" $0 "]"; next }}
{{ print }}' | only backslash '=' '{_KEYS}'; }}
parts() {{ awk '/^:\[&/ {{
  kind = /^:\[&include/ ? "/*.conf" : "/*.inc"
  sub(/^:\[&[a-z]+[ \t]+/, ""); sub(/[ \t]*\]$/, ""); print; print $0 kind
}}'; }}
follow clean parts {_MAIN} 2>/dev/null
"""

FIELDS: Final = {
    "module": Field(FieldType.TEXT, "the name of the module"),
    "path": Field(FieldType.TEXT, "the folder"),
    "remote": Field(FieldType.BOOLEAN, "whether other hosts reach the module"),
    "login": Field(FieldType.BOOLEAN, "whether one has to log in (auth users)"),
    "open": Field(FieldType.BOOLEAN, "whether other hosts get in without a login"),
    "writable": Field(FieldType.BOOLEAN, "whether one may write"),
    "hosts_limited": Field(FieldType.BOOLEAN, "whether hosts allow names who may"),
    "strict_modes": Field(
        FieldType.BOOLEAN, "whether it refuses a file of secrets others can read"
    ),
    "as_root": Field(FieldType.BOOLEAN, "whether files are read and written as root"),
    "severity": Field(FieldType.TEXT, "how bad a missing login is: critical where one may write"),
    "file": Field(FieldType.TEXT, "the file that defines it"),
}


def parse(read: Listing) -> Facts:
    """Parse the file and what it includes.

    F/etc/rsyncd.conf
    :[&include /etc/rsyncd.d]
    :[backup]
    :path = /srv/backup
    :read only = no
    """
    if _MAIN not in read.files and not read.notes:
        raise ValueError("no rsyncd.conf")
    made = Sections()
    _read(_MAIN, read, made, made.glob, 0)
    address = made.glob.held.get("address")
    remote = is_remote([address]) if address else True
    records = [_record(each, remote=remote) for each in made.sections.values()]
    return {"rsync_module": ok(*records)}


def _read(path: str, read: Listing, made: Sections, place: Section, depth: int) -> Section:
    for key, value in settings(read.files.get(path, ())):
        if key != "[":
            place.put(key, value)
        elif not value.startswith("&"):
            place = made.enter(value, path)
        elif depth < 8:  # noqa: PLR2004  # nothing nests so deep
            word, _, name = value.partition(" ")
            place = _included(word, _files(word, name.strip(), read), read, made, place, depth)
    return place


def _included(
    word: str,
    paths: Sequence[str],
    read: Listing,
    made: Sections,
    place: Section,
    depth: int,
) -> Section:
    before = dict(made.glob.held)
    for each in paths:
        if word == "&merge":
            place = _read(each, read, made, place, depth + 1)
        else:
            _read(each, read, made, made.glob, depth + 1)
            made.glob.held = dict(before)
    return place


def _files(word: str, name: str, read: Listing) -> list[str]:
    suffix = "conf" if word == "&include" else "inc"
    if name in read.files:
        return [name]
    pattern = f"{name.rstrip('/')}/*.{suffix}"
    return sorted(path for path in read.files if fnmatchcase(path, pattern))


def _record(each: Section, *, remote: bool) -> Record:
    held: Mapping[str, str] = each.held
    writable = not is_yes(held, "readonly", default=True)
    login = bool(held.get("authusers", "").strip())
    allowed = [word.partition("/")[0] for word in words(held.get("hostsallow", ""))]
    remote = remote and (not allowed or is_remote(allowed))
    record: dict[str, Value] = {
        "module": each.name,
        "path": held.get("path", ""),
        "remote": remote,
        "login": login,
        "open": remote and not login,
        "writable": writable,
        "hosts_limited": bool(held.get("hostsallow", "").strip()),
        "strict_modes": is_yes(held, "strictmodes", default=True),
        "as_root": held.get("uid", "").lower() in ("root", "0"),
        "severity": "critical" if writable else "high",
        "file": each.file,
    }
    return record


MEMBER: Final = Member(
    name="rsyncd",
    title="rsync daemon",
    paths=(_MAIN,),
    facts=(FactSpec("rsync_module", "The modules of rsyncd.conf.", ("module",), FIELDS),),
    script=SCRIPT,
    parse=parse,
    programs="rsync",
    packages="rsync",
)
