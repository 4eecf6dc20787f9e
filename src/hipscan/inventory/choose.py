"""Which part of an inventory is meant: `-l PATTERN`, and targets named on the command line.

    web*,db1        every host or group that a term matches
    web,!web3       without web3
    web,&phi-*      only those that are in a group phi-* too

The order of terms does not matter: first all that add, then `&`, then `!`.
"""

import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Final

from hipscan.documents.document import suggest
from hipscan.errors import UsageError
from hipscan.inventory.base import NO_DEFAULTS, Defaults, Reach, with_defaults
from hipscan.model.target import (
    LOCAL,
    Target,
    TransportName,
    check_host,
    check_port,
    check_user,
)

_ALL: Final = "all"


def select(targets: Sequence[Target], pattern: str) -> tuple[Target, ...]:
    """Return the targets that `pattern` chooses, in their order.

    Raises UsageError when a term matches nothing, or when nothing is left.
    """
    terms = [term.strip() for term in pattern.split(",")]
    if not all(term.strip("!& ") for term in terms):
        raise UsageError(f"pattern {pattern!r} has an empty term", hint="for example: web*,!web3")
    adding = [term for term in terms if term[0] not in "!&"] or [_ALL]
    chosen = {name for term in adding for name in _matching(targets, term)}
    for term in terms:
        if term.startswith("&"):
            chosen &= _matching(targets, term[1:].strip())
    for term in terms:
        if term.startswith("!"):
            chosen -= _matching(targets, term[1:].strip())
    if not chosen:
        raise UsageError(f"pattern {pattern!r} leaves no host", hint=_there_are(targets))
    return tuple(target for target in targets if target.name in chosen)


def _matching(targets: Sequence[Target], term: str) -> set[str]:
    found = {
        target.name
        for target in targets
        if term == _ALL or any(fnmatchcase(name, term) for name in (target.name, *target.groups))
    }
    if not found:
        raise UsageError(
            f"pattern {term!r} matches no host and no group",
            hint=suggest(term.strip("*?[]"), _names(targets)),
        )
    return found


def _names(targets: Iterable[Target]) -> set[str]:
    return {name for target in targets for name in (target.name, *target.groups)}


def _there_are(targets: Sequence[Target]) -> str:
    return suggest("", _names(targets)) or "the inventory is empty"


_BRACKETS: Final = re.compile(r"\[([^][]*)\](?::(.*))?", re.DOTALL)
_DIGITS: Final = re.compile(r"[0-9]{1,5}")


def from_argument(argument: str, defaults: Defaults = NO_DEFAULTS) -> Target:
    """Return the target that a word of the command line names.

    `local`, `host`, `user@host`, `host:port`, `[address]:port`, an IPv6 address, or an alias of
    ssh_config. Its name is the host, and the port where one is given. Raises UsageError.
    """
    if argument == LOCAL:
        return with_defaults(Reach(LOCAL, LOCAL, transport=TransportName.LOCAL), defaults)
    user, at, place = argument.rpartition("@")
    where = f"target {argument!r}"
    host, port = _host_and_port(place, where)
    check_host(host, where=where)
    name = host if port is None else _joined(host, port)
    login = check_user(user, where=where) if at else None
    return with_defaults(Reach(name, host, port=port, user=login), defaults)


def _host_and_port(place: str, where: str) -> tuple[str, int | None]:
    if bracketed := _BRACKETS.fullmatch(place):
        host, port = bracketed[1], bracketed[2]
    elif place.count(":") == 1:
        host, port = place.split(":")
    else:
        host, port = place, None
    return host, None if port is None else _port(port, where)


def _port(text: str, where: str) -> int:
    if not _DIGITS.fullmatch(text):
        raise UsageError(f"{where}: {text!r} is not a port", hint="use a number from 1 to 65535")
    return check_port(int(text), where=where)


def _joined(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def from_arguments(
    arguments: Sequence[str],
    inventory: Sequence[Target] = (),
    *,
    defaults: Defaults = NO_DEFAULTS,
) -> tuple[Target, ...]:
    """Return the targets that the command line names.

    A word that is a name in the inventory means that entry. Raises UsageError, also when two
    words lead to one name.
    """
    known = {target.name: target for target in inventory}
    chosen: dict[str, Target] = {}
    for argument in arguments:
        target = known.get(argument) or from_argument(argument, defaults)
        if chosen.setdefault(target.name, target) is not target:
            raise UsageError(f"target {argument!r} is named twice", hint="name it once")
    return tuple(chosen.values())
