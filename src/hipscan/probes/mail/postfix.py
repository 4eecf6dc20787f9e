r"""Postfix: what each of its SMTP servers takes from other hosts, and how it sends.

Settings come from main.cf, of a server and of what sends also from the -o options in master.cf;
defaults from `postconf -d`, which knows those of its release, and from postconf(5) where that is
not to be had.
"""

import re
from collections.abc import Iterator, Mapping
from ipaddress import ip_network
from typing import Final

from hipscan.model.fact import Record, Value, ok
from hipscan.probes.addresses import is_loopback, words
from hipscan.probes.base import Facts, FactSpec, Field, FieldType, Listing
from hipscan.probes.bundle import Member
from hipscan.probes.mail.postfix_conf import Service, expand, main_settings, services
from hipscan.probes.mail.postfix_files import CERTIFICATES, DEFAULTS, SCRIPT
from hipscan.probes.tls.tls_grades import PROTOCOLS, old_protocols

SERVER: Final = {
    "instance": Field(FieldType.TEXT, "the folder of its configuration"),
    "version": Field(FieldType.TEXT, "the release"),
    "listen": Field(FieldType.LIST, "inet_interfaces"),
    "remote": Field(FieldType.BOOLEAN, "whether one of its servers can be reached from others"),
    "networks": Field(FieldType.LIST, "mynetworks; host, subnet or class where it is not set"),
    "wide_networks": Field(FieldType.LIST, "those of them that hold strangers"),
    "send_level": Field(FieldType.TEXT, "TLS towards other servers: none, may, encrypt, dane, ..."),
    "send_weak_protocols": Field(FieldType.LIST, "protocols below TLS 1.2 it uses in sending"),
    "login_in_clear": Field(
        FieldType.BOOLEAN, "whether it sends its own password to the relay host without TLS"
    ),
    "verifies_names": Field(FieldType.BOOLEAN, "whether it tells anybody which mailboxes exist"),
    "file": Field(FieldType.TEXT, "its main.cf"),
}
SERVICE: Final = {
    "service": Field(FieldType.TEXT, "the server, as master.cf names it"),
    "instance": Field(FieldType.TEXT, "the folder of its configuration"),
    "submission": Field(FieldType.BOOLEAN, "whether it is for people's mail programs: 587 or 465"),
    "remote": Field(FieldType.BOOLEAN, "whether other hosts reach it"),
    "level": Field(FieldType.TEXT, "TLS: none, may or encrypt"),
    "protocols": Field(FieldType.LIST, "TLS protocols"),
    "weak_protocols": Field(FieldType.LIST, "those of them below TLS 1.2"),
    "severity": Field(
        FieldType.TEXT, "how bad they are: high where TLS is demanded, medium where it is offered"
    ),
    "logins": Field(FieldType.BOOLEAN, "whether one can log in"),
    "clear_logins": Field(FieldType.BOOLEAN, "whether one can log in without TLS"),
    "relays_for_all": Field(FieldType.BOOLEAN, "whether it takes mail from strangers to strangers"),
    "file": Field(FieldType.TEXT, "its main.cf"),
}

_SUBMISSION: Final = frozenset({"submission", "submissions", "smtps", "587", "465"})
_GUARDS: Final = frozenset(
    {"reject_unauth_destination", "defer_unauth_destination", "reject", "defer", "defer_if_permit"}
)


def parse(read: Listing) -> Facts:
    """Parse defaults, main.cf and master.cf.

    default mail_version = 3.7.11
    F/etc/postfix/main.cf
    :smtpd_tls_security_level=may
    F/etc/postfix/master.cf
    :smtp inet n - y - - smtpd
    """
    mains = [path for path in sorted(read.files) if path.endswith("/main.cf")]
    if not mains and not read.notes:
        raise ValueError("no main.cf")
    given = main_settings(
        [line.removeprefix("default ") for line in read.plain if line.startswith("default ")]
    )
    servers: list[Record] = []
    found: list[Record] = []
    for main in mains:
        held = {**DEFAULTS, **given, **main_settings(read.files[main])}
        top = main.removesuffix("/main.cf")
        own = list(services(read.files.get(f"{top}/master.cf", ())))
        records = [_service(each, held, top) for each in own if each.kind in ("inet", "pass")]
        found += records
        is_open = any(record["remote"] for record in records)
        set_networks = "mynetworks" in main_settings(read.files[main])
        sending = next((e.options for e in own if (e.name, e.command) == ("smtp", "smtp")), {})
        servers.append(_server({**held, **sending}, top, remote=is_open, set_networks=set_networks))
    return {"postfix_server": ok(*servers), "postfix_service": ok(*found)}


def _server(held: Mapping[str, str], top: str, *, remote: bool, set_networks: bool) -> Record:
    networks = words(_value("mynetworks", held)) if set_networks else []
    style = _value("mynetworks_style", held)
    level = tls_level("smtp", held)
    protocols = _protocols("smtp", level, held)
    record: dict[str, Value] = {
        "instance": top,
        "version": held.get("mail_version", ""),
        "listen": words(_value("inet_interfaces", held)),
        "remote": remote,
        "networks": networks if set_networks else [style],
        "wide_networks": list(_wide(networks)) if set_networks else _wide_style(style),
        "send_level": level,
        "send_weak_protocols": [] if level == "none" else old_protocols(protocols),
        "login_in_clear": _is_on("smtp_sasl_auth_enable", held)
        and level in ("none", "may")
        and bool(_value("relayhost", held)),
        "verifies_names": not _is_on("disable_vrfy_command", held),
        "file": f"{top}/main.cf",
    }
    return record


def _service(each: Service, main: Mapping[str, str], top: str) -> Record:
    held = {**main, **each.options}
    wanted = tls_level("smtpd", held)
    level = wanted if wanted != "may" or _has_certificate(held) else "none"
    protocols = _protocols("smtpd", level, held)
    logins = _is_on("smtpd_sasl_auth_enable", held)
    host, _, port = each.name.rpartition(":")
    record: dict[str, Value] = {
        "service": f"{each.name} {each.kind}",
        "instance": top,
        "submission": port in _SUBMISSION,
        "remote": _is_remote(host, held),
        "level": level,
        "protocols": protocols,
        "weak_protocols": old_protocols(protocols) if level != "none" else [],
        "severity": "high" if level == "encrypt" else "medium",
        "logins": logins,
        "clear_logins": logins
        and wanted != "encrypt"
        and not (wanted == "may" and _is_on("smtpd_tls_auth_only", held)),
        "relays_for_all": not _is_guarded(held),
        "file": f"{top}/main.cf",
    }
    return record


def _value(key: str, held: Mapping[str, str]) -> str:
    return expand(held.get(key, ""), held).strip()


def _is_on(key: str, held: Mapping[str, str]) -> bool:
    return _value(key, held).lower() == "yes"


def tls_level(side: str, held: Mapping[str, str]) -> str:
    """Return the TLS level of `smtp` (sending) or `smtpd`: the older switches stand in for it."""
    if _is_on(f"{side}_tls_wrappermode", held) and side == "smtpd":
        return "encrypt"
    level = _value(f"{side}_tls_security_level", held).lower()
    if not level and _is_on(f"{side}_enforce_tls", held):
        level = "encrypt"
    return level or ("may" if _is_on(f"{side}_use_tls", held) else "none")


def _has_certificate(held: Mapping[str, str]) -> bool:
    """Say whether smtpd has one; without it cannot offer TLS, whatever is set (TLS_README)."""
    return any(_value(key, held) for key in CERTIFICATES)


def _protocols(side: str, level: str, held: Mapping[str, str]) -> list[str]:
    demanded = "" if level in ("none", "may") else "mandatory_"
    return offered(_value(f"{side}_tls_{demanded}protocols", held))


def offered(text: str) -> list[str]:
    """Return the protocols of a list: bounds, names, and exclusions; nothing means all of TLS.

    ">=TLSv1.2" -> TLSv1.2 TLSv1.3, "!SSLv2, !TLSv1" -> TLSv1.1 TLSv1.2 TLSv1.3
    """
    names = {name.lower(): place for place, name in enumerate(PROTOCOLS)}
    low, high = names["tlsv1"], len(PROTOCOLS) - 1
    wanted: set[int] = set()
    without: set[int] = set()
    for word in re.split(r"[\s,:]+", text.lower()):
        mark, name = re.match(r"([!<>=]*)(.*)", word).groups()  # type: ignore[union-attr]  # matches all
        if name not in names:
            continue
        match mark:
            case ">=":
                low = names[name]
            case "<=":
                high = names[name]
            case "!":
                without.add(names[name])
            case _:
                wanted.add(names[name])
    inside = wanted or set(range(low, high + 1))
    return [PROTOCOLS[place] for place in sorted(inside - without)]


def _is_remote(host: str, held: Mapping[str, str]) -> bool:
    """Say whether a server is reached from other hosts: by its own address, or all of them."""
    if host:
        return not is_loopback(host)
    listed = [word.lower() for word in words(_value("inet_interfaces", held))]
    return any(word != "loopback-only" and not is_loopback(word) for word in listed)


def _is_guarded(held: Mapping[str, str]) -> bool:
    """Say whether mail for strangers is refused before anything lets everybody pass."""
    lists = ("smtpd_relay_restrictions", "smtpd_recipient_restrictions")
    for name in lists:
        before = ""
        for word in words(_value(name, held)):
            if word in _GUARDS and before != "warn_if_reject":
                return True
            if word == "permit":
                break
            before = word
    return False


def _wide(networks: list[str]) -> Iterator[str]:
    """Yield the networks that hold strangers: everything, or a large part of what is public."""
    for text in networks:
        plain = re.sub(r"^\[(.*)\]", r"\1", text.removeprefix("!"))
        try:
            network = ip_network(plain, strict=False)
        except ValueError:
            continue
        least = 16 if network.version == 4 else 32  # noqa: PLR2004  # what one organisation may own
        if text[0] != "!" and network.prefixlen < least and not _is_own(plain):
            yield text


def _is_own(text: str) -> bool:
    network = ip_network(text, strict=False)
    return network.prefixlen > 0 and (
        network.is_private or network.is_loopback or network.is_link_local
    )


def _wide_style(style: str) -> list[Value]:
    return [style] if style == "class" else []


MEMBER: Final = Member(
    name="postfix",
    title="Postfix",
    paths=("/etc/postfix/main.cf",),
    facts=(
        FactSpec("postfix_server", "Postfix as a whole, and how it sends.", ("instance",), SERVER),
        FactSpec(
            "postfix_service",
            "The SMTP servers of master.cf, each with its own settings.",
            ("service", "instance"),
            SERVICE,
        ),
    ),
    script=SCRIPT,
    parse=parse,
    programs="postfix",
    packages="postfix",
    whole=frozenset({"postfix_server", "postfix_service"}),
)
