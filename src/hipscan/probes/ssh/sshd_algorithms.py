"""Which algorithms an OpenSSH server may agree to, graded one by one."""

from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Final

from hipscan.model.fact import Record, Value
from hipscan.probes.base import Field, FieldType
from hipscan.probes.ssh.algorithms import (
    ANNOUNCEMENTS,
    MEDIUM_RSA,
    STRONG_RSA,
    TABLES,
    Grade,
    Kind,
    Verdict,
    grade_algorithm,
)
from hipscan.probes.ssh.ssh_keys import signs_with
from hipscan.probes.ssh.sshd_settings import OLD_NAMES

FIELDS: Final = {
    "kind": Field(
        FieldType.TEXT,
        "kex, cipher, mac, hostkey (how the server proves itself), pubkey (how users do),"
        " ca (how authorities sign certificates) or hostbased",
    ),
    "name": Field(FieldType.TEXT, "the name in sshd's list"),
    "grade": Field(FieldType.TEXT, "ok, warn or fail"),
    "severity": Field(FieldType.TEXT, "what offering it amounts to"),
    "reason": Field(FieldType.TEXT, "why it has this grade"),
    "fips_approved": Field(FieldType.TEXT, "yes, partly or no: whether NIST's list has it"),
    "post_quantum": Field(FieldType.BOOLEAN, "only for kex: whether a quantum computer is met"),
    "offered": Field(
        FieldType.BOOLEAN,
        "whether it can be used; no for a hostkey algorithm without a host key of that type",
    ),
}

# The lists of sshd, what they are about, and the setting that must be `yes` for them to matter.
_LISTS: Final = (
    ("kexalgorithms", "kex", Kind.KEX, ""),
    ("gssapikexalgorithms", "kex", Kind.KEX, "gssapikeyexchange"),
    ("ciphers", "cipher", Kind.CIPHER, ""),
    ("macs", "mac", Kind.MAC, ""),
    ("hostkeyalgorithms", "hostkey", Kind.HOSTKEY, ""),
    ("pubkeyacceptedalgorithms", "pubkey", Kind.HOSTKEY, "pubkeyauthentication"),
    ("casignaturealgorithms", "ca", Kind.HOSTKEY, ""),
    ("hostbasedacceptedalgorithms", "hostbased", Kind.HOSTKEY, "hostbasedauthentication"),
)

_GROUP_EXCHANGE: Final = "diffie-hellman-group-exchange-sha256"


def offered(
    settings: Record, host_keys: Sequence[Record] | None, moduli: int | None
) -> Iterator[Record]:
    """Yield a record for each algorithm of sshd's lists.

    `host_keys` are the records of the host keys, None where they are not known; `moduli` is the
    size of the smallest group in the moduli file less one, as the file states it.
    """
    for setting, kind, table, switch in _LISTS:
        if switch and settings.get(switch) != "yes":
            continue
        for name in _names(settings.get(setting)):
            verdict = grade_algorithm(table, name)
            if name == _GROUP_EXCHANGE and moduli is not None:
                verdict = _by_group(verdict, moduli + 1)
            usable = kind != "hostkey" or _usable(name, settings, host_keys)
            yield _record(kind, name, verdict, usable=usable)


def offered_to_some(
    lines: Iterable[tuple[str, str]], everybody: Iterable[Record]
) -> Iterator[Record]:
    """Yield a record for each algorithm that only lines (keyword, value) of Match blocks allow.

    Of the lists, those of keys can stand there. Names behind `+` and `^` come on top, a list
    without a sign replaces the global one, and `-` only takes away (sshd_config(5)).
    """
    known = {(record["kind"], record["name"]) for record in everybody}
    kinds = {setting: (kind, table) for setting, kind, table, _ in _LISTS if table is Kind.HOSTKEY}
    for keyword, value in lines:
        name = OLD_NAMES.get(keyword, keyword)
        if name not in kinds or name == "hostkeyalgorithms" or value.startswith("-"):
            continue
        kind, table = kinds[name]
        for shape in value.lstrip("+^").split(","):
            for each in _like(shape, TABLES[table]):
                if (kind, each) not in known:
                    known.add((kind, each))
                    yield _record(kind, each, grade_algorithm(table, each), usable=True)


def _like(shape: str, names: Iterable[str]) -> list[str]:
    """Return the names that a pattern with wildcards stands for, or the one name that it is."""
    return [each for each in names if fnmatchcase(each, shape)] or [shape]


def _names(value: Value) -> Iterator[str]:
    if isinstance(value, list):
        yield from (name for name in value if isinstance(name, str) and name not in ANNOUNCEMENTS)


def _record(kind: str, name: str, verdict: Verdict, *, usable: bool | None) -> Record:
    record: dict[str, Value] = {
        "kind": kind,
        "name": name,
        "grade": verdict.grade.value,
        "severity": verdict.severity,
        "reason": verdict.reason,
        "fips_approved": verdict.fips,
        "offered": usable,
    }
    if kind == "kex":
        record["post_quantum"] = name.startswith(("mlkem", "sntrup"))
    return record


def _by_group(verdict: Verdict, bits: int) -> Verdict:
    if bits >= STRONG_RSA:
        return verdict
    reason = f"the moduli file has groups of {bits} bits"
    if bits >= MEDIUM_RSA:
        return Verdict(Grade.WARN, "low", reason, verdict.fips)
    return Verdict(Grade.FAIL, "high", reason, verdict.fips)


def _usable(name: str, settings: Record, host_keys: Sequence[Record] | None) -> bool | None:
    if "-cert-v" in name and not settings.get("hostcertificate"):
        return False
    if host_keys is None:
        return None
    kinds = [(key["type"], key["bits"]) for key in host_keys]
    if any(kind is None for kind, _ in kinds):
        return None
    return any(
        signs_with(kind, bits, name)
        for kind, bits in kinds
        if isinstance(kind, str) and isinstance(bits, int)
    )


def terrapin(settings: Record, *, strict_kex: bool | None) -> bool | None:
    """Say whether a server with these lists is open to CVE-2023-48795, None where not known."""
    if strict_kex:
        return False
    ciphers, macs = list(_names(settings.get("ciphers"))), list(_names(settings.get("macs")))
    stream = any(name.startswith("chacha20-poly1305") for name in ciphers)
    block = any("-cbc" in name for name in ciphers) and any("-etm@" in name for name in macs)
    if not stream and not block:
        return False
    return None if strict_kex is None else True
