"""Which addresses of a configuration can be reached from other hosts."""

import re
from collections.abc import Iterable
from typing import Final

_LOOPBACK: Final = re.compile(
    r"^\[?((ip6-)?(localhost|loopback)[46]?(\.localdomain[46]?)?|(::ffff:)?127(\.\d{1,3}){1,3}|::1|"
    r"_(local|lo)(:ipv[46])?_|lo)\]?"
    r"(:\d+)?(%\w+)?$",
    re.IGNORECASE,
)


def is_loopback(address: str) -> bool:
    """Say whether only this host itself reaches what listens on an address or name.

    127.0.0.1 -> True, [::1]:9200 -> True, 0.0.0.0 -> False
    """
    return bool(_LOOPBACK.match(address.strip("\"' ")))


def is_remote(addresses: Iterable[str]) -> bool:
    """Say whether one of the addresses can be reached from other hosts."""
    return any(not is_loopback(each) for each in addresses)


def words(text: str) -> list[str]:
    """Return the parts of a list with commas or blanks between, without quotes."""
    return [word.strip("\"'") for word in re.split(r"[,\s]+", text.strip("[]() ")) if word]
