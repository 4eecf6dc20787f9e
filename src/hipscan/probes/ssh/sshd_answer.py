"""The facts of the sshd probe, from what its script says (hipscan.probes.ssh.sshd shows it)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from hipscan.model.fact import Fact, FactStatus, Record, Value, absent, missing, ok
from hipscan.probes.base import Facts, Listing, listing
from hipscan.probes.ssh import sshd_algorithms
from hipscan.probes.ssh.ssh_keys import authorities, host_key
from hipscan.probes.ssh.sshd_match import (
    Directive,
    deciding_lines,
    directives,
    includes,
    match_records,
)
from hipscan.probes.ssh.sshd_settings import settings

_ALL: Final = (
    "sshd_config",
    "sshd_user_config",
    "sshd_match",
    "sshd_algorithm",
    "ssh_host_key",
    "ssh_user_authority",
)


@dataclass(slots=True)
class _Answer:
    """The script's answer in sections; `users` maps an account to its lines.

    `others` does so with the command lines of further servers.
    """

    head: str = ""
    settings: list[str] = field(default_factory=list)
    users: dict[str, list[str]] = field(default_factory=dict)
    others: dict[str, list[str]] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)
    prints: dict[str, list[str]] = field(default_factory=dict)
    stats: dict[str, str] = field(default_factory=dict)  # of files of authorities, by path
    authorities: dict[str, list[str]] = field(default_factory=dict)
    moduli: int | None = None
    strict: set[str] = field(default_factory=set)

    @property
    def strict_kex(self) -> bool | None:
        """Say whether the server knows strict key exchange; None where it cannot be read."""
        return True if "yes" in self.strict else None if self.strict else False


def parse(text: str, _status: int) -> Facts:
    """Parse the sections of the answer."""
    seen = listing(text)
    nothing = [note for note in seen.notes if note.text == "sshd" or note.text.startswith("/usr/")]
    answer = _sections(seen.plain)
    if nothing and not answer.head:
        return dict.fromkeys(_ALL, _no_server(nothing[0].kind, nothing[0].text))
    lines = directives(seen.files, _start(seen))
    config = _config(answer, seen, lines)
    for start in _other_starts(answer):
        lines += directives(seen.files, start)
    keys = _host_keys(answer, config)
    return {
        "sshd_config": config,
        "sshd_user_config": _user_config(answer, config),
        "sshd_match": _matches(seen, lines),
        "sshd_algorithm": _algorithms(answer, config, keys, lines),
        "ssh_host_key": keys,
        "ssh_user_authority": _authorities(answer, config),
    }


def _sections(plain: Sequence[str]) -> _Answer:
    answer = _Answer()
    current = answer.settings
    sections = {
        "@": answer.users,
        "+": answer.others,
        "Q": answer.authorities,
        "P": answer.prints,
    }
    for line in plain:
        match line[:1]:
            case "#" if not answer.head:
                answer.head = line[1:]
            case letter if letter in sections:
                current = sections[letter].setdefault(line[1:], [])
            case "K":
                answer.keys.append(line[1:])
            case "A":
                answer.stats[line.split(" ", 3)[3]] = line[1:]
            case "X":
                answer.strict.add(line[1:])
            case "M":
                answer.moduli = int(line[1:])
            case _:
                current.append(line)
    return answer


def _no_server(kind: str, what: str) -> Fact:
    if kind == "absent":
        return absent("no OpenSSH server is installed")
    status = FactStatus.DENIED if kind == "denied" else FactStatus.UNSUPPORTED
    return missing(status, what)


def _start(seen: Listing) -> str:
    return next(iter(seen.files), "")


def _other_starts(answer: _Answer) -> list[str]:
    """Return the configuration files that further servers were started with."""
    words = (word for server in answer.others for word in server.split())
    return list(dict.fromkeys(word[2:] for word in words if word.startswith("-f")))


def _silent(answer: _Answer) -> list[str]:
    """Return the further servers of which sshd does not say what they do."""
    return [server for server, lines in answer.others.items() if not lines or lines[0][0] == "#"]


def _config(answer: _Answer, seen: Listing, lines: tuple[Directive, ...]) -> Fact:
    kind, _, rest = answer.head.partition(" ")
    if kind in {"T", "G"}:
        hidden = seen.of_kind("denied")
        if kind == "G" and hidden:
            return missing(FactStatus.DENIED, f"cannot read {hidden[0].text}")
        if not answer.settings:
            raise ValueError("sshd prints no settings")
        record = settings(answer.settings)
        terrapin = sshd_algorithms.terrapin(record, strict_kex=answer.strict_kex)
        own = {path: text for path, text in seen.files.items() if path not in _other_starts(answer)}
        named = {"includes": list(includes(own)), "set_in": deciding_lines(lines)}
        return _with_others(answer, {**record, "terrapin": terrapin, **named})
    status = FactStatus.DENIED if kind == "denied" else FactStatus.PARTIAL
    prefix = "sshd -T without root" if kind == "denied" else "sshd -T"
    return missing(status, f"{prefix}: {rest or 'no answer'}")


def _with_others(answer: _Answer, own: Record) -> Fact:
    records = [own]
    for server, lines in answer.others.items():
        if server not in _silent(answer):
            record = settings(lines)
            terrapin = sshd_algorithms.terrapin(record, strict_kex=answer.strict_kex)
            records.append({"server": server, **record, "terrapin": terrapin})
    if silent := _silent(answer):
        return Fact(FactStatus.PARTIAL, tuple(records), f"what holds for {silent[0]} is not known")
    return ok(*records)


def _settings_of(record: Record) -> Iterator[tuple[str, Value]]:
    return ((name, value) for name, value in record.items() if name != "terrapin")


def _user_config(answer: _Answer, config: Fact) -> Fact:
    if not config.records:
        return config
    failed = [user for user, lines in answer.users.items() if lines[:1] and lines[0][0] == "#"]
    records = [
        {"user": user, **settings(lines or answer.settings)}
        for user, lines in answer.users.items()
        if user not in failed
    ]
    records += [{"user": "root", **dict(_settings_of(each))} for each in config.records[1:]]
    if not config.is_decided and not failed:
        return Fact(config.status, tuple(records), config.reason)
    if failed:
        reason = f"sshd does not say what holds for {', '.join(failed)}"
        return Fact(FactStatus.PARTIAL, tuple(records), reason)
    return ok(*records)


def _matches(seen: Listing, lines: tuple[Directive, ...]) -> Fact:
    records = tuple(match_records(lines))
    unread = seen.of_kind("denied", "special", "error")
    if unread:
        return Fact(FactStatus.PARTIAL, records, f"cannot read {unread[0].text}")
    if not seen.files:
        return missing(FactStatus.PARTIAL, "no configuration file of sshd was found")
    return ok(*records)


def _host_keys(answer: _Answer, config: Fact) -> Fact:
    records = [host_key(stat, answer.prints.get(stat.split(" ", 3)[3], ())) for stat in answer.keys]
    if not config.records:
        return Fact(FactStatus.PARTIAL, tuple(records), "which host keys sshd uses is not known")
    if not records:
        return missing(FactStatus.PARTIAL, "none of the host keys that sshd names can be seen")
    return ok(*records)


def _authorities(answer: _Answer, config: Fact) -> Fact:
    if not config.records:
        return config
    records = [
        record
        for path, lines in answer.authorities.items()
        if path in answer.stats
        for record in authorities(answer.stats[path], lines)
    ]
    if hidden := [path for path in answer.authorities if path not in answer.stats]:
        return Fact(FactStatus.PARTIAL, tuple(records), f"cannot read {hidden[0]}")
    return ok(*records)


def _algorithms(answer: _Answer, config: Fact, keys: Fact, lines: tuple[Directive, ...]) -> Fact:
    if not config.records:
        return config
    held = tuple(keys.records) if keys.is_decided else None
    everybody = list(sshd_algorithms.offered(config.records[0], held, answer.moduli))
    for other in config.records[1:]:
        known = {(record["kind"], record["name"]) for record in everybody}
        more = sshd_algorithms.offered(other, held, answer.moduli)
        everybody += [record for record in more if (record["kind"], record["name"]) not in known]
    matched = [(line.keyword, line.value) for line in lines if line.criteria]
    everybody += sshd_algorithms.offered_to_some(matched, everybody)
    if not config.is_decided:
        return Fact(config.status, tuple(everybody), config.reason)
    return ok(*everybody)
