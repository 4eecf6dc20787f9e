"""Whether SSH asks for more than one proof: sshd's methods and the PAM stack behind them.

A way in is a list of methods that must succeed together (AuthenticationMethods of
sshd_config(5)); without it each enabled method is a way of its own. A key, a password and a code
are different kinds of proof; two of one kind are one. Keys in hardware count as two where sshd
accepts no other and wants them to be unlocked (`verify-required` of PubkeyAuthOptions).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from hipscan.model.fact import Fact, FactStatus, Record, Value, missing, ok
from hipscan.model.knowledge import Knowledge
from hipscan.probes.base import FactSpec, Field, FieldType

SPEC: Final = FactSpec(
    "ssh_second_factor",
    "How many kinds of proof the SSH server asks for.",
    (),
    {
        "ways": Field(FieldType.LIST, "every way in, as `publickey: key`"),
        "single": Field(FieldType.LIST, "the ways in that ask for one kind of proof"),
        "modules": Field(FieldType.LIST, "modules of PAM that ask for a code or a token"),
        "avoidable": Field(
            FieldType.LIST, "those of them that somebody can do without, and why, as `module: why`"
        ),
    },
)

# Modules that ask for something one has: their own manual pages.
_TOKENS: Final = frozenset(
    f"pam_{name}.so"
    for name in (
        *("google_authenticator", "oath", "u2f", "duo", "yubico", "radius", "radius_auth", "otpw"),
        *("totp", "otp", "barada", "rsa", "securid", "privacyidea", "linotp", "mfa", "okta"),
        *("pkcs11", "p11", "krb5_otp", "2fa", "authy", "fido2", "rublon", "aad", "himmelblau"),
    )
)
_PASSWORDS: Final = frozenset(
    f"pam_{name}.so" for name in ("unix", "sss", "ldap", "krb5", "winbind", "pwdfile", "userdb")
)
_METHODS: Final = {
    "publickey": "pubkeyauthentication",
    "password": "passwordauthentication",
    "keyboard-interactive": "kbdinteractiveauthentication",
    "gssapi-with-mic": "gssapiauthentication",
    "hostbased": "hostbasedauthentication",
}
_KINDS: Final = {"gssapi-with-mic": "ticket", "hostbased": "host"}

FactReader = Callable[[str], Fact]


def derive(get: FactReader, _knowledge: Knowledge) -> Fact:
    """Return the ways in; not known where sshd's settings, Match blocks or PAM are not."""
    config, matches, rules = (get(name) for name in ("sshd_config", "sshd_match", "pam_rule"))
    if not config.records:
        return config
    servers = config.records
    uses_pam = any(server.get("usepam") == "yes" for server in servers)
    for fact in (config, matches, *((rules,) if uses_pam else ())):
        if not fact.is_decided:
            return missing(fact.status, fact.reason)
    stack = _stack(rules.records) if uses_pam else []
    if any(rule["module"] is None for rule in stack):
        return missing(FactStatus.PARTIAL, "an include of PAM's service sshd could not be followed")
    return ok(_record(servers, matches.records, stack))


def _stack(rules: Iterable[Record]) -> list[Record]:
    """Return the rules that authenticate for sshd, or for `other` where sshd has no file."""
    auth = [rule for rule in rules if rule["type"] in ("auth", None)]
    own = [rule for rule in auth if rule["service"] == "sshd"]
    return own or [rule for rule in auth if rule["service"] == "other"]


def _record(
    servers: Sequence[Record], matches: Iterable[Record], stack: Sequence[Record]
) -> Record:
    tokens = [rule for rule in stack if rule["module"] in _TOKENS]
    avoidable = [why for rule in tokens if (why := _avoidable(rule, stack))]
    asked = {"code"} if len(tokens) > len(avoidable) else set[str]()
    if any(rule["module"] in _PASSWORDS for rule in stack):
        asked |= {"password"}
    ways: list[Value] = []
    single: list[Value] = []
    for server in servers:
        by_pam = asked if server.get("usepam") == "yes" else set[str]()
        where = f"{server['server']}: " if "server" in server else ""
        for name, methods in _ways(server, [] if "server" in server else matches):
            kinds = sorted({kind for method in methods for kind in _proofs(method, server, by_pam)})
            shown = f"{where}{name}: {' and '.join(kinds)}"
            ways.append(shown)
            if len(kinds) < 2:  # noqa: PLR2004  # two kinds of proof
                single.append(shown)
    modules: list[Value] = [rule["module"] for rule in tokens]
    return {"ways": ways, "single": single, "modules": modules, "avoidable": list(avoidable)}


def _avoidable(rule: Record, stack: Sequence[Record]) -> str:
    """Say why somebody can get in without this rule; empty when nobody can."""
    control, arguments = str(rule["control"]), rule["arguments"]
    if control in ("optional", "sufficient") or "default=ignore" in control:
        return f"{rule['module']}: {control}"
    if isinstance(arguments, list | tuple) and "nullok" in arguments:
        return f"{rule['module']}: nullok"
    for earlier in stack:
        if earlier is rule:
            break
        ends = earlier["control"] == "sufficient" or "done" in str(earlier["control"])
        if ends and not (earlier.get("substack") and not rule.get("substack")):
            return f"{rule['module']}: behind {earlier['module']} {earlier['control']}"
    return ""


def _ways(server: Record, matches: Iterable[Record]) -> Iterator[tuple[str, list[str]]]:
    """Yield each way in and its methods: `publickey,password` of every block is one."""
    named = server.get("authenticationmethods")
    lists = [str(way) for way in named] if isinstance(named, list | tuple) else ["any"]
    if lists in ([], ["any"]):
        for method, keyword in _METHODS.items():
            if server.get(keyword) == "yes":
                yield method, [method]
    else:
        for way in lists:
            yield way, way.split(",")
    for record in matches:
        if record["keyword"] == "authenticationmethods":
            for way in str(record["value"]).split():
                yield f"Match {record['criteria']}: {way}", way.split(",")


def _proofs(method: str, server: Record, asked: set[str]) -> set[str]:
    name = method.partition(":")[0]
    if name == "publickey":
        return {"key", "pin"} if _unlocked_hardware(server) else {"key"}
    if name in ("password", "keyboard-interactive"):
        return asked or {"password"}
    return {_KINDS.get(name, name)}


def _unlocked_hardware(server: Record) -> bool:
    accepted = server.get("pubkeyacceptedalgorithms")
    kinds = accepted if isinstance(accepted, list | tuple) else []
    only = bool(kinds) and all(str(kind).startswith(("sk-", "webauthn-sk-")) for kind in kinds)
    return only and "verify-required" in str(server.get("pubkeyauthoptions", ""))
