"""Files in the homes of people that programs obey or that tell much: the dot files.

Oann:/home/ann/.netrc
T8180:1000:1000:84:1790000000:ann:ann:/home/ann/.netrc
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from posixpath import basename
from typing import Final

from hipscan.model.fact import Record
from hipscan.probes.accounts.authorized_keys import Status
from hipscan.probes.base import Field, FieldType, Listing

HOME_FILE: Final = {
    "path": Field(FieldType.TEXT, "the file"),
    "account": Field(FieldType.TEXT, "whose home it is in"),
    "name": Field(FieldType.TEXT, "its name, for example .netrc"),
    "kind": Field(
        FieldType.TEXT,
        "trust (.rhosts), passwords (.netrc), forward, history (of a shell), start (read when a"
        " shell or session starts) or other",
    ),
    "mode": Field(FieldType.MODE, "permission bits; of a link those of the file it ends at"),
    "owner": Field(FieldType.TEXT, "owner of the file"),
    "owned": Field(FieldType.BOOLEAN, "whether it belongs to the account or to root"),
    "group": Field(FieldType.TEXT, "group of the file"),
    "group_owned": Field(FieldType.BOOLEAN, "whether its group is the account's first or root"),
    "group_writable": Field(FieldType.BOOLEAN, "whether its group may write it"),
    "group_shared": Field(
        FieldType.BOOLEAN, "whether its group has other members than the account and root"
    ),
    "world_writable": Field(FieldType.BOOLEAN, "whether others may write it"),
    "modified": Field(FieldType.TIME, "last change of the content"),
}

_KINDS: Final = {
    "trust": (".rhosts", ".shosts"),
    "passwords": (".netrc",),
    "forward": (".forward",),
    "history": (
        *(".bash_history", ".sh_history", ".zsh_history", ".history", ".ash_history"),
        *(".mysql_history", ".psql_history", ".mariadb_history", ".sqlite_history"),
    ),
    "start": (
        *(".profile", ".bash_profile", ".bash_login", ".bashrc", ".bash_logout", ".kshrc"),
        *(".login", ".cshrc", ".tcshrc", ".logout", ".zshrc", ".zprofile", ".zshenv", ".zlogin"),
        *(".mkshrc", ".xsession", ".xinitrc", ".xprofile", ".pam_environment", ".inputrc"),
    ),
}
_KIND: Final = {name: kind for kind, names in _KINDS.items() for name in names}


def home_files(
    seen: Listing,
    status: Mapping[str, Status],
    owners: Mapping[str, tuple[int, int]],
    members: Mapping[int, AbstractSet[str]],
) -> tuple[Record, ...]:
    """Return a record for each dot file.

    `owners` gives the numbers of account and group, `members` the accounts in a group.
    """
    lines = (line[1:].partition(":") for line in seen.plain if line.startswith("O"))
    return tuple(
        {
            **_record(account, path, status[path], owners.get(account, (-1, -1))),
            "group_shared": bool(members.get(status[path].gid, set()) - {account, "root"}),
        }
        for account, _, path in lines
        if path in status
    )


def _record(account: str, path: str, about: Status, numbers: tuple[int, int]) -> Record:
    name, mode = basename(path), int(about.mode, 8)
    return {
        "path": path,
        "account": account,
        "name": name,
        "kind": _KIND.get(name, "other"),
        "mode": about.mode,
        "owner": about.owner,
        "owned": about.uid in {numbers[0], 0},
        "group": about.group,
        "group_owned": about.gid in {numbers[1], 0},
        "group_writable": bool(mode & 0o020),
        "world_writable": bool(mode & 0o002),
        "modified": about.modified,
    }
