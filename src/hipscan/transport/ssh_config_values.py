"""What the value of one line of ssh_config comes to, in the form of `ssh -G`.

    ConnectTimeout 1m30   ->   90
    IdentitiesOnly True   ->   yes

For the reader that stands in for the OpenSSH client. Source: ssh_config(5).
"""

from types import MappingProxyType
from typing import Final

from hipscan.errors import TargetError, Unreachable
from hipscan.transport.ssh_config_keywords import HONOURED, OVERRIDDEN, spelled
from hipscan.transport.ssh_config_words import Directive, seconds

_FLAGS: Final = frozenset(
    {"identitiesonly", "hashknownhosts", "passwordauthentication", "kbdinteractiveauthentication"}
)
_LISTS: Final = frozenset({"userknownhostsfile", "globalknownhostsfile"})
_FAMILIES: Final = frozenset({"any", "inet", "inet6"})
_BOOLEANS: Final = MappingProxyType({"yes": "yes", "true": "yes", "no": "no", "false": "no"})
_OTHER_NAMES: Final = MappingProxyType(
    {"challengeresponseauthentication": "kbdinteractiveauthentication"}
)
_MAX_PORT: Final = 65535


def keyword_of(found: Directive) -> str:
    """Return a line's keyword by the name it has today."""
    return _OTHER_NAMES.get(found.keyword, found.keyword)


def value_of(found: Directive) -> str | None:
    """Return a line's value in the form of `ssh -G`; None for a keyword without effect here."""
    keyword = keyword_of(found)
    if keyword == "canonicalizehostname":
        return _BOOLEANS.get(found.word().lower(), "yes")
    if keyword in OVERRIDDEN:
        return None
    if keyword not in HONOURED:
        return found.text.lower() if found.words() else ""
    if keyword in _LISTS:
        return _list(found)
    return _typed(keyword, found)


def _list(found: Directive) -> str:
    """Return several file names as one line; `none` stands alone."""
    words = found.words()
    if len(words) > 1 and "none" in words:
        raise found.wrong()
    # A blank inside a name makes the line ambiguous, which the reader of the answer notices.
    return " ".join(words)


def _typed(keyword: str, found: Directive) -> str:
    """Return a single value; UsageError where OpenSSH would not take it."""
    value = found.word()
    result: str | None = value
    if keyword == "requiredrsasize":
        result = value if value.isdecimal() else None
    elif keyword == "port":
        result = value if value.isdecimal() and 1 <= int(value) <= _MAX_PORT else None
    elif keyword in _FLAGS:
        result = _BOOLEANS.get(value.lower())
    elif keyword == "addressfamily":
        result = value.lower() if value.lower() in _FAMILIES else None
    elif keyword == "connecttimeout" and value != "none":
        time = seconds(value)
        result = None if time is None else str(time)
    if result is None:
        raise found.wrong()
    return result


def refused(found: Directive, what: str) -> TargetError:
    """Return the error for a line that only the OpenSSH client can honour."""
    return TargetError(
        Unreachable.UNSUPPORTED,
        f"{found.where}: {spelled(what)} needs the OpenSSH client, which is not installed",
        hint="install the OpenSSH client, or name another configuration with --ssh-config",
    )
