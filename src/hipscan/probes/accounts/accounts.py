r"""Local accounts, groups and the public keys that may log in as them.

Secrets stay on the target: awk prints what a hash is (`set sha512`), never a character of it, and
of a line of authorized_keys only the names of its options, the type and the public key. Accounts
of a directory (LDAP, SSSD, winbind, NIS) are not read; the fact `account_source` says whether the
host knows such. Homes on network file systems are not touched, and their fields are None.
"""

from dataclasses import replace
from typing import Final

from hipscan.model.fact import Fact, FactStatus, Record, ok
from hipscan.probes.accounts.account_fields import ACCOUNT, DEFAULTS, GROUP, KEY, SHELL, SOURCE
from hipscan.probes.accounts.account_keys import with_accounts, with_ways_in
from hipscan.probes.accounts.account_records import (
    accounts,
    bad_lines,
    defaults,
    groups,
    homes,
    members,
    owners,
    shells,
    sources,
)
from hipscan.probes.accounts.account_script import SCRIPT
from hipscan.probes.accounts.authorized_keys import key_records, statuses
from hipscan.probes.accounts.home_files import HOME_FILE, home_files
from hipscan.probes.base import (
    Facts,
    FactSpec,
    Listing,
    Note,
    Probe,
    all_missing,
    judge_notes,
    listing,
)


def parse(text: str, _status: int) -> Facts:
    """Parse the accounts, then what stat says of homes and files of keys, then the keys.

    Proot:x:0:0:/root:/bin/bash:1
    Sroot:set yescrypt:20407:0:99999:7::
    Gsudo:27:ann,bob
    DUID_MIN 1000
    Wpasswd:         files systemd
    Aann:/home/ann/.ssh/authorized_keys
    E/bin/bash
    I30
    Oann:/home/ann/.netrc
    T41c0:1000:1000:4096:1790000000:ann:ann:/home/ann
    LU1FMaXRlIGZvcm1hdCAzAA...
    JTESgaQ...
    Y/home/ann/.ssh/authorized_keys
    Z1 restrict,command ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIP... c
    Uann    pts/0   10.0.0.1   Fri Sep 19 07:57:22 +0000 2025
    """
    seen = listing(text)
    passwd = [note for note in seen.notes if note.text == "/etc/passwd"]
    if passwd:
        denied = passwd[0].kind == "denied"
        status = FactStatus.DENIED if denied else FactStatus.PARTIAL
        return all_missing(PROBE, status, f"{passwd[0].kind}: /etc/passwd")
    if not any(line.startswith("P") for line in seen.plain):
        raise ValueError("no account in /etc/passwd")
    keys = _keys(seen)
    known = accounts(seen)
    files = home_files(seen, statuses(seen), owners(seen), members(seen))
    return {
        "account": _whole(seen, "/etc/passwd", with_ways_in(known, keys)),
        "group": _whole(seen, "/etc/group", groups(seen)),
        "account_source": ok(*sources(seen)),
        "authorized_key": replace(keys, records=with_accounts(keys.records, known)),
        "home_file": _home_files(seen, files),
        "login_shell": _whole(seen, "/etc/shells", shells(seen)),
        "account_default": _defaults(seen),
    }


_FILES: Final = frozenset(
    {
        *("/etc/passwd", "/etc/shadow", "/etc/group", "/etc/login.defs", "/etc/nsswitch.conf"),
        *("/etc/shells", "/etc/default/useradd", "homes"),
    }
)


def _whole(seen: Listing, path: str, records: tuple[Record, ...]) -> Fact:
    """Return the records of an account file; a line that is no account makes them partial."""
    bad = [f"line {n}" for n in bad_lines(seen, path)]
    unread = [note.kind for note in seen.notes if _path(note) == path and _counts(note)]
    if not bad and not unread:
        return ok(*records)
    reason = f"{path}: {', '.join(bad + unread)} could not be read"
    return Fact(FactStatus.PARTIAL, records, reason)


def _defaults(seen: Listing) -> Fact:
    """Return what useradd gives new accounts; of a file that is closed to us nothing is known."""
    path = "/etc/default/useradd"
    unread = [note.kind for note in seen.notes if _path(note) == path and _counts(note)]
    return _whole(seen, path, () if unread else (defaults(seen),))


def _path(note: Note) -> str:
    """Return the path that a note is about; a vendor's file stands for the one below /etc."""
    return note.text.removeprefix("/usr") if note.text.startswith("/usr/etc/") else note.text


def _counts(note: Note) -> bool:
    """Say whether a note means a gap: without these two files their defaults hold."""
    return note.kind != "absent" or note.text not in {"/etc/shells", "/etc/default/useradd"}


def _home_files(seen: Listing, records: tuple[Record, ...]) -> Fact:
    """Return the dot files; a home that may not be searched, or is on the network, is a gap."""
    closed = [
        note for note in seen.of_kind("denied", "cut") if note.text in homes(seen) | {"homes"}
    ]
    return judge_notes(closed, records)


def _keys(seen: Listing) -> Fact:
    """Return the keys; a file that could not be read, or a command that sshd asks, is a gap."""
    others = _FILES | homes(seen)
    notes = [note for note in seen.notes if _path(note) not in others]
    if "C" in seen.plain:
        notes.append(Note("special", "sshd asks AuthorizedKeysCommand as well"))
    return judge_notes(notes, key_records(seen))


PROBE: Final = Probe(
    name="accounts",
    facts=(
        FactSpec("account", "A local account.", ("name",), ACCOUNT),
        FactSpec("group", "A local group.", ("name",), GROUP),
        FactSpec(
            "authorized_key",
            "A public key that may log in by SSH.",
            ("account", "fingerprint"),
            KEY,
        ),
        FactSpec("home_file", "A dot file in a person's or root's home.", ("path",), HOME_FILE),
        FactSpec("login_shell", "A shell that /etc/shells names.", ("path",), SHELL),
        FactSpec("account_default", "What useradd gives new accounts.", (), DEFAULTS),
        FactSpec(
            "account_source",
            "Where the host takes accounts from.",
            ("database", "source"),
            SOURCE,
        ),
    ),
    script=SCRIPT,
    parse=parse,
    commands=("stat", "lastlog", "base64"),
)
