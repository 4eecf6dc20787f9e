"""The verdict on a host key, and its words for a person.

THE HOST KEY OF web1 HAS CHANGED: known is /home/ann/.ssh/known_hosts:7 (ssh-ed25519
SHA256:jx3b...); web1 offers ssh-ed25519 SHA256:9YcA...
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Final

from hipscan.errors import TargetError, Unreachable
from hipscan.transport.known_hosts_keys import fingerprint
from hipscan.transport.known_hosts_lines import Entry


class Outcome(StrEnum):
    """What a host key is worth. Only `accepted` may be followed by a login."""

    ACCEPTED = "accepted"
    UNKNOWN = "unknown"
    CHANGED = "changed"
    REVOKED = "revoked"
    NEEDS_OPENSSH = "needs-openssh"


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A key that a file names for the host: where it stands, its type and its fingerprint."""

    file: Path
    line: int
    key_type: str
    fingerprint: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} ({self.key_type} {self.fingerprint})"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of an offered key.

    `known` holds the lines that decided: the one that matched, or every one that contradicts.
    `text` is for a person, `hint` says what to do next; `fingerprint` is the offered key's.
    """

    outcome: Outcome
    key_type: str
    fingerprint: str
    known: tuple[KnownKey, ...]
    text: str
    hint: str = ""

    def error(self) -> TargetError:
        """Return the verdict as the error of a target; only for one that is not `accepted`."""
        return TargetError(_CAUSES[self.outcome], self.text, hint=self.hint)


# A key that only the OpenSSH client could judge is unsupported where that client is missing.
_CAUSES: Final = MappingProxyType(
    {
        Outcome.UNKNOWN: Unreachable.HOST_KEY_UNKNOWN,
        Outcome.CHANGED: Unreachable.HOST_KEY_CHANGED,
        Outcome.REVOKED: Unreachable.HOST_KEY_REVOKED,
        Outcome.NEEDS_OPENSSH: Unreachable.UNSUPPORTED,
    }
)


@dataclass(frozen=True, slots=True)
class Offer:
    """A key as a host offers it, under the name by which the host is looked up."""

    name: str
    key_type: str
    blob: bytes

    def verdict(self, outcome: Outcome, deciding: tuple[Entry, ...], *remarks: str) -> Verdict:
        """Put the outcome into words."""
        known = tuple(map(_known_key, deciding))
        offered = fingerprint(self.blob)
        text, hint = _words(outcome, self.name, known)
        text = f"{text}; {self.name} offers {self.key_type} {offered}"
        if remarks:
            text += f" ({'; '.join(remarks)})"
        return Verdict(outcome, self.key_type, offered, known, text, hint)


def _known_key(entry: Entry) -> KnownKey:
    line = entry.line
    return KnownKey(line.file, line.number, entry.algorithm, fingerprint(entry.blob))


def _words(outcome: Outcome, name: str, known: tuple[KnownKey, ...]) -> tuple[str, str]:
    """Return what happened, and what to do next."""
    places = ", ".join(map(str, known))
    match outcome:
        case Outcome.ACCEPTED:
            return f"the host key of {name} is known from {places}", ""
        case Outcome.UNKNOWN:
            return f"no host key of {name} is known", (
                "compare the fingerprint with the host's own (ssh-keygen -lf on its "
                "/etc/ssh/ssh_host_*_key.pub), then log in once with ssh, or use "
                "--accept-new-host-keys"
            )
        case Outcome.CHANGED:
            return f"THE HOST KEY OF {name} HAS CHANGED: known is {places}", (
                "the host was set up anew, or somebody is in between; when its administrator "
                f"confirms the new fingerprint, remove the line: ssh-keygen -R '{name}' "
                f"-f '{known[0].file}'"
            )
        case Outcome.REVOKED:
            where = f" by {places}" if places else ""
            return f"the host key of {name} is revoked{where}", (
                "the key must not be trusted any more; the host needs a new one"
            )
        case Outcome.NEEDS_OPENSSH:
            where = f" of {places}" if places else ""
            return f"only the OpenSSH client can judge the host key{where}", (
                "install the OpenSSH client, or use --transport openssh"
            )
