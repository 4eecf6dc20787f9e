"""Reads ssh_config where the OpenSSH client is not installed: the part that can be read safely.

    Host web*
        HostName %h.example.org
        User scanner
        IdentityFile ~/.ssh/scan_ed25519
    Include config.d/*

Host, Include and `Match all` choose the lines; the first value of a keyword wins. The answer has
the form of `ssh -G`. What this reader does not understand is an error that names it, when it
stands in a block for the host. Source: ssh_config(5); the corpus in tests/transport compares
every answer with `ssh -G`.
"""

import glob
import ipaddress
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from hipscan.errors import UsageError
from hipscan.model.target import Target
from hipscan.transport.base import TrustOptions
from hipscan.transport.ssh_config_kerberos import has_ticket
from hipscan.transport.ssh_config_keywords import Answer
from hipscan.transport.ssh_config_patterns import matches
from hipscan.transport.ssh_config_tokens import Tokens, account, expand_tilde, home
from hipscan.transport.ssh_config_values import keyword_of, refused, value_of
from hipscan.transport.ssh_config_words import Directive, directive

_DEEPEST: Final = 16
_EXPANDABLE: Final = re.compile(r"%|\$\{")
_SYSTEM: Final = Path("/etc/ssh/ssh_config")
_GATHERED: Final = frozenset({"identityfile", "certificatefile"})
# Values that ask for nothing beyond what every transport does.
_HARMLESS: Final = frozenset(
    {
        ("proxyjump", "none"),
        ("proxycommand", "none"),
        ("knownhostscommand", "none"),
        ("pkcs11provider", "none"),
        ("gssapiauthentication", "no"),
        ("gssapikeyexchange", "no"),
        ("hostbasedauthentication", "no"),
        ("pubkeyauthentication", "yes"),
        ("checkhostip", "no"),
        ("verifyhostkeydns", "no"),
        ("canonicalizehostname", "no"),
    }
)
_DEFAULT_IDENTITIES: Final = ("rsa", "ecdsa", "ecdsa_sk", "ed25519", "ed25519_sk", "xmss")


def read(target: Target, options: TrustOptions) -> Answer:
    """Return the answer for `target` in the form of `ssh -G`.

    Raises UsageError for a mistake in a file, TargetError for what needs the OpenSSH client.
    """
    reading = _Reading(target.host)
    if target.port:
        reading.put("port", str(target.port))
    if target.user:
        reading.put("user", target.user)
    if target.identity:
        reading.put("identityfile", os.fspath(target.identity))
    if options.ssh_config is None:
        reading.file(Path(home()) / ".ssh/config", _Place(checked=True))
        reading.file(_SYSTEM, _Place(base=_SYSTEM.parent, system=True))
    elif os.fspath(options.ssh_config) != "none":
        if not options.ssh_config.exists():
            raise UsageError(f"ssh_config {options.ssh_config} does not exist")
        reading.file(options.ssh_config, _Place())
    return _completed(reading.values, target.host)


@dataclass(frozen=True, slots=True)
class _Place:
    """How a file is read: what relative includes start from, and who may write to it."""

    base: Path = field(default_factory=lambda: Path(home()) / ".ssh")
    checked: bool = False
    system: bool = False
    depth: int = 0
    never: bool = False


class _Reading:
    """The values so far; the first of a keyword wins."""

    def __init__(self, host: str) -> None:
        self.host = host
        self.values: dict[str, tuple[str, ...]] = {}

    def put(self, keyword: str, value: str) -> None:
        """Keep a value, unless an earlier one of the keyword stands."""
        # ProxyJump and ProxyCommand exclude each other: the first of the two wins.
        other = {"proxyjump": "proxycommand", "proxycommand": "proxyjump"}.get(keyword, keyword)
        held = self.values.get(keyword, ())
        if keyword in _GATHERED:
            self.values[keyword] = held if value in held else (*held, value)
        elif not held and other not in self.values:
            self.values[keyword] = (value,)

    def file(self, file: Path, place: _Place, *, active: bool = True) -> None:
        """Read one file; a missing one is empty."""
        try:
            text = file.read_bytes().decode("utf-8", "surrogateescape")
            status = file.stat()
        except FileNotFoundError:
            return
        except OSError as error:
            raise UsageError(f"ssh_config {file}: {error.strerror}") from error
        if place.checked and _writable_by_others(status):
            raise UsageError(
                f"ssh_config {file}: others may write to it", hint=f"chmod go-w {file}"
            )
        for number, line in enumerate(text.split("\n"), start=1):
            found = directive(line, f"{file} line {number}")
            if found is not None:
                active = self._line(found, place, active=active)

    def _line(self, found: Directive, place: _Place, *, active: bool) -> bool:
        """Take one line in; return whether the lines after it concern the host."""
        match found.keyword:
            case "host":
                return not place.never and _names(found.words(), self.host)
            case "match":
                return self._match(found, place)
            case "include":
                self._include(found, place, active=active)
            case _:
                value = value_of(found)
                # Distributions switch Kerberos on for everybody; without a ticket it does nothing.
                idle = place.system and found.keyword == "gssapiauthentication" and not has_ticket()
                if active and found.keyword == "user" and value and _EXPANDABLE.search(value):
                    # Later clients expand it, earlier ones take it as it stands.
                    raise refused(found, f"User {value}")
                if active and value is not None and not idle:
                    self.put(keyword_of(found), value)
        return active

    def _match(self, found: Directive, place: _Place) -> bool:
        if tuple(word.lower() for word in found.words()) != ("all",) and not place.never:
            raise refused(found, f"Match {found.text}")
        return not place.never

    def _include(self, found: Directive, place: _Place, *, active: bool) -> None:
        if place.depth >= _DEEPEST:
            raise UsageError(f"{found.where}: Include goes too deep")
        for word in found.words():
            if "%" in word or "$" in word:
                raise refused(found, f"Include {word}")
            inner = replace(place, checked=True, depth=place.depth + 1, never=not active)
            pattern = os.fspath(place.base / expand_tilde(word))
            for name in sorted(glob.glob(pattern)):  # noqa: PTH207  # absolute patterns, too
                self.file(Path(name), inner, active=active)


def _names(patterns: tuple[str, ...], host: str) -> bool:
    """Tell whether a Host line is about `host` as typed; unlike known_hosts, case counts."""
    name = host.encode()
    negated = [word[1:] for word in patterns if word.startswith("!")]
    plain = [word for word in patterns if not word.startswith("!")]
    if any(matches(os.fsencode(word), name) for word in negated):
        return False
    return any(matches(os.fsencode(word), name) for word in plain)


def _completed(values: Mapping[str, tuple[str, ...]], host: str) -> Answer:
    """Fill in what nobody configured, and expand what `ssh -G` expands."""
    answer = {name: found for name, found in values.items() if (name, found[0]) not in _HARMLESS}
    answer["hostname"] = (_hostname(values, host),)
    answer.setdefault("port", ("22",))
    answer.setdefault("user", (account().pw_name,))
    tokens = Tokens(
        host,
        answer["hostname"][0],
        int(answer["port"][0]),
        answer["user"][0],
        answer.get("hostkeyalias", ("",))[0].lower(),
    )
    answer.setdefault("identityfile", tuple(f"~/.ssh/id_{kind}" for kind in _DEFAULT_IDENTITIES))
    users = answer.get("userknownhostsfile", ("~/.ssh/known_hosts ~/.ssh/known_hosts2",))[0]
    expanded = (os.fspath(tokens.path(name)) for name in users.split(" "))
    answer["userknownhostsfile"] = (" ".join(expanded),)
    answer.setdefault(
        "globalknownhostsfile", ("/etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2",)
    )
    agent = answer.get("identityagent", ("SSH_AUTH_SOCK",))[0]
    if agent not in ("none", "SSH_AUTH_SOCK") and not agent.startswith("$"):
        answer["identityagent"] = (os.fspath(tokens.path(agent)),)
    return answer


def _hostname(values: Mapping[str, tuple[str, ...]], host: str) -> str:
    """Return where to connect to; HostName knows `%h` and `%%` only."""
    written = values.get("hostname", ("%h",))[0]
    name = written.replace("%%", "\0").replace("%h", host)
    if "%" in name.replace(host, ""):
        raise UsageError(f"ssh_config: HostName {written} cannot be expanded")
    name = name.replace("\0", "%")
    return name if "%" in name or _is_address(name) else name.lower()


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _writable_by_others(status: os.stat_result) -> bool:
    owned = status.st_uid in (0, os.getuid())
    return not owned or bool(status.st_mode & (stat.S_IWGRP | stat.S_IWOTH))
