r"""NFS exports: /etc/exports and /etc/exports.d, entry by entry, with the defaults of exports(5).

`host(rw)` exports to a host, `host (rw)` exports read-only to the host and writable to the world:
both entries are there to see. Options behind `sec=` hold for these flavours only. What is exported
now but stands in no file (`exportfs -o`) is read from /var/lib/nfs/etab.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from hipscan.model.fact import Record, Value, ok
from hipscan.probes.addresses import is_loopback
from hipscan.probes.base import Facts, FactSpec, Field, FieldType, Listing
from hipscan.probes.bundle import Member

_MAIN: Final = "/etc/exports"
_FOLDER: Final = "/etc/exports.d"
_ACTIVE: Final = "/var/lib/nfs/etab"

SCRIPT: Final = rf"""
{{
files {_MAIN}
dropins {_FOLDER} .exports
if [ -s {_ACTIVE} ]; then files {_ACTIVE}; fi
}} | sed '/^:[[:blank:]]*#/d; s/\([[:blank:])]\)#.*/\1/'
printf 'E\n'
"""

FIELDS: Final = {
    "path": Field(FieldType.TEXT, "the folder"),
    "client": Field(FieldType.TEXT, "who may mount it; * for everybody"),
    "everyone": Field(FieldType.BOOLEAN, "whether that is everybody"),
    "sec": Field(FieldType.LIST, "security flavours: sys, krb5, krb5i, krb5p, none"),
    "kerberos": Field(FieldType.BOOLEAN, "whether all of them prove who the user is"),
    "encrypted": Field(
        FieldType.BOOLEAN,
        "whether it travels encrypted, by krb5p or TLS, or only inside of this host",
    ),
    "writable": Field(FieldType.BOOLEAN, "whether some may write"),
    "root_is_root": Field(FieldType.BOOLEAN, "whether root of a client is root here too"),
    "any_port": Field(FieldType.BOOLEAN, "whether requests of ordinary programs are taken"),
    "configured": Field(FieldType.BOOLEAN, "whether a file says so, or only what is active now"),
    "file": Field(FieldType.TEXT, "the file"),
}

# A network without bits is everybody, whatever address stands before it.
_EVERYONE: Final = re.compile(r"^[0-9a-f.:]*/(0|0\.0\.0\.0)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Export:
    """One client of one entry; `flavours` holds for each flavour the options that apply to it."""

    path: str
    client: str
    flavours: dict[str, set[str]] = field(hash=False)
    transports: tuple[str, ...] = ()


def parse(read: Listing) -> Facts:
    """Parse the files.

    F/etc/exports
    :/srv/dicom  10.0.0.0/8(rw,sec=krb5p) *(ro)
    E
    """
    if "E" not in read.plain:
        raise ValueError("the exports have no end")
    found: dict[tuple[str, str], Record] = {}
    last = sorted(read.files, key=lambda path: (path == _ACTIVE, path != _MAIN, path))
    for path in last:
        for each in read_exports(read.files[path]):
            found.setdefault((each.path, each.client), _record(each, path))
    return {"nfs_export": ok(*found.values())}


def read_exports(lines: Sequence[str]) -> Iterator[Export]:
    r"""Yield every client of every entry.

    "/srv/a b"  -sec=krb5p  ward(rw) @staff \
        (ro)   # the world
    """
    for line in _logical(lines):
        tokens = _tokens(line)
        if not tokens:
            continue
        path, *clients = tokens
        defaults = ""
        named = False
        for token in clients:
            if token.startswith("-"):
                defaults = f"{defaults},{token[1:]}"
                continue
            named = True
            client, _, options = token.partition("(")
            yield _export(path, client, defaults, options.rstrip(")"))
        if not named:
            yield _export(path, "", defaults, "")


def _logical(lines: Sequence[str]) -> Iterator[str]:
    held = ""
    for line in lines:
        if line.endswith("\\"):
            held += line[:-1] + " "
            continue
        yield held + line
        held = ""
    if held:
        yield held


def _tokens(line: str) -> list[str]:
    r"""Split an entry at blanks outside quotes, up to a comment; `\040` is a blank."""
    found: list[str] = []
    for part in re.findall(r'(?:"[^"]*"|[^\s"#])+|#.*', line):
        if part.startswith("#"):
            break
        found.append(re.sub(r"\\([0-7]{3})", lambda m: chr(int(m[1], 8)), part.replace('"', "")))
    return found


def _export(path: str, client: str, defaults: str, options: str) -> Export:
    flavours: dict[str, set[str]] = {}
    common: set[str] = set()
    current: list[str] = []
    transports: tuple[str, ...] = ()
    for option in f"{defaults},{options}".split(","):
        key, _, value = option.strip().partition("=")
        if key == "sec":
            current = value.split(":")
            for name in current:
                flavours.setdefault(name, set(common))
        elif key == "xprtsec":
            transports = tuple(value.split(":"))
        elif key:
            for held in [flavours[name] for name in current] or [common]:
                _put(held, option.strip())
    if client.startswith("gss/"):
        flavours = {client.removeprefix("gss/"): set().union(common, *flavours.values())}
        client = "*"
    return Export(path, client or "*", flavours or {"sys": common}, transports)


_PAIRS: Final = {
    "ro": "rw",
    "rw": "ro",
    "root_squash": "no_root_squash",
    "no_root_squash": "root_squash",
    "secure": "insecure",
    "insecure": "secure",
    "all_squash": "no_all_squash",
    "no_all_squash": "all_squash",
}


def _put(held: set[str], option: str) -> None:
    """Add an option; of two that contradict each other the later holds."""
    held.discard(_PAIRS.get(option, ""))
    if option.startswith("anonuid="):
        held.difference_update([each for each in held if each.startswith("anonuid=")])
    held.add(option)


def _record(each: Export, file: str) -> Record:
    held = list(each.flavours.values())
    names = sorted(each.flavours)
    record: dict[str, Value] = {
        "path": each.path,
        "client": each.client,
        "everyone": each.client == "*" or bool(_EVERYONE.search(each.client)),
        "sec": names,
        "kerberos": all(name.startswith("krb5") for name in names),
        "encrypted": is_loopback(each.client)
        or all(name == "krb5p" for name in names)
        or (bool(each.transports) and "none" not in each.transports),
        "writable": any("rw" in options for options in held),
        "root_is_root": any(_is_root(options) for options in held),
        "any_port": any("insecure" in options for options in held),
        "configured": file != _ACTIVE,
        "file": file,
    }
    return record


def _is_root(options: set[str]) -> bool:
    if "all_squash" in options:
        return "anonuid=0" in options
    return "no_root_squash" in options or "anonuid=0" in options


MEMBER: Final = Member(
    name="exports",
    title="NFS export",
    paths=(_MAIN, _FOLDER, _ACTIVE),
    facts=(
        FactSpec("nfs_export", "What is exported by NFS, to whom.", ("path", "client"), FIELDS),
    ),
    script=SCRIPT,
    parse=parse,
    programs="exportfs",
    packages="nfs-kernel-server",
)
