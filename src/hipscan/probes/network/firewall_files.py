"""What the files of packet filters say about the next start: default policies only. Pure.

The rules of the running kernel are read in full (firewall_nft, firewall_iptables); of files only
the question matters whether they bring a default that denies. Conditional rules are therefore
passed over in nft's own language.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from posixpath import join
from typing import Final

from hipscan.probes.files.config_syntax import equals
from hipscan.probes.network.firewall_model import Chain, End, RuleLine

Defaults = Mapping[tuple[str, str], End]  # by family (ip, ip6) and hook
Files = Mapping[str, Sequence[str]]
HOOKS: Final = ("input", "forward", "output")
NFT_FILES: Final = ("/etc/nftables.conf", "/etc/sysconfig/nftables.conf", "/etc/nftables.nft")
SAVED: Final = {
    "ip": ("/etc/iptables/rules.v4", "/etc/sysconfig/iptables", "/etc/iptables/rules-save"),
    "ip6": ("/etc/iptables/rules.v6", "/etc/sysconfig/ip6tables", "/etc/iptables/rules6-save"),
}
_WORD: Final = re.compile(r'"[^"]*"|[{};]|\n|[^\s{};"]+')
_BASE: Final = re.compile(r"\btype\s+(\w+)\s+hook\s+(\w+)")
_POLICY: Final = re.compile(r"\bpolicy\s+(\w+)")
_PLAIN: Final = re.compile(
    r"^(?:counter(?: name \S+| packets \d+ bytes \d+)? "
    r"|log(?: (?:prefix|level|group|flags) (?:\"[^\"]*\"|\S+))* )*"
    r'(accept|drop|reject|return|jump \S+|goto \S+)(?: with .*)?(?: comment ".*")?$'
)
_ENDS: Final = {
    "accept": End.ACCEPT,
    "allow": End.ACCEPT,
    "reject": End.REJECT,
    "limit": End.ACCEPT,
}


def ufw(files: Files) -> Defaults:
    """Return ufw's defaults: DEFAULT_INPUT_POLICY="DROP" of /etc/default/ufw (ufw(8)).

    With IPV6=no ufw lets IPv6 pass on loopback only.
    """
    made = {s.key: s.value.strip("\"'") for s in equals(files.get("/etc/default/ufw", ()))}
    found = {}
    for hook in HOOKS:
        word = made.get(f"DEFAULT_{hook.upper()}_POLICY", "DROP").lower()
        found["ip", hook] = _ENDS.get(word, End.DROP)
        is_on = made.get("IPV6", "yes").lower() == "yes"
        found["ip6", hook] = found["ip", hook] if is_on else End.DROP
    return found


def is_ufw_enabled(files: Files) -> bool:
    """Say whether ufw.conf switches ufw on."""
    lines = files.get("/etc/ufw/ufw.conf", ())
    return any(s.key == "ENABLED" and s.value.strip("\"'").lower() == "yes" for s in equals(lines))


def firewalld_zone(files: Files) -> str:
    """Return the default zone of firewalld.conf(5); public where nothing says so."""
    zones = [s.value for s in equals(files.get("/etc/firewalld/firewalld.conf", ()))
             if s.key == "DefaultZone"]  # fmt: skip
    return zones[-1] if zones else "public"


def firewalld(files: Files) -> Defaults | None:
    """Return the defaults of the default zone (firewalld.zone(5)); None where it was not read.

    <zone target="DROP">, ACCEPT, %%REJECT%%; without a target what no rule allows is rejected.
    """
    name = firewalld_zone(files)
    for folder in ("/etc/firewalld/zones", "/usr/lib/firewalld/zones"):
        lines = files.get(f"{folder}/{name}.xml")
        if lines is None:
            continue
        found = re.search(r"""<zone[^>]*\btarget=["']([^"']*)["']""", "\n".join(lines))
        target = found[1].lower() if found else "reject"
        end = {"accept": End.ACCEPT, "drop": End.DROP}.get(target, End.REJECT)
        made = {(family, hook): end for family in ("ip", "ip6") for hook in HOOKS[:2]}
        return made | {(family, "output"): End.ACCEPT for family in ("ip", "ip6")}
    return None


def nftables(files: Files) -> tuple[Chain, ...] | None:
    """Return the chains of nftables.conf and what it includes; None where there is none.

    table inet filter {
      chain input { type filter hook input priority 0; policy drop; }
    }
    add rule inet filter input drop
    """
    path = next((path for path in NFT_FILES if path in files), None)
    if path is None:
        return None
    reader = _NftText()
    reader.read(_words(_with_includes(path, files, 0)))
    return tuple(reader.chains.values())


def _with_includes(path: str, files: Files, depth: int) -> Iterator[str]:
    for raw in files.get(path, ()):
        found = re.match(r'\s*include\s+"([^"]+)"', raw)
        if found and depth < 8:  # noqa: PLR2004  # deeper is a circle
            pattern = found[1] if found[1].startswith("/") else join("/etc", found[1])
            for name in sorted(name for name in files if fnmatchcase(name, pattern)):
                yield from _with_includes(name, files, depth + 1)
        else:
            yield raw


def _words(lines: Iterator[str]) -> Iterator[str]:
    for raw in lines:
        line = re.sub(r'^((?:[^"#]|"[^"]*")*)#.*$', r"\1", raw)
        yield from _WORD.findall(line + "\n")


class _NftText:
    """Follows the blocks of nft's language: table, chain, and what stands in them."""

    def __init__(self) -> None:
        self.chains: dict[tuple[str, str, str], Chain] = {}

    def read(self, text: Iterable[str]) -> None:
        stack: list[list[str]] = []
        words: list[str] = []
        for each in (*text, "\n"):
            in_set = bool(stack) and stack[-1] == ["set"]
            if each == "{":
                is_set = in_set or _opens_set(words)
                stack.append(["set"] if is_set else words)
                words = [*words, each] if is_set else []
            elif in_set:
                words += [] if each == "\n" else [each]
                if each == "}":
                    stack.pop()
            elif each in {";", "\n", "}"}:
                self._statement(words, stack)
                words = []
                if each == "}" and stack:
                    stack.pop()
            else:
                words.append(each)

    def _statement(self, words: Sequence[str], stack: Sequence[Sequence[str]]) -> None:
        match [word for word in words if word not in {"add", "create", "insert"}]:
            case ["flush", "ruleset", *_] if not stack:
                self.chains.clear()
            case ["rule", family, table, chain, *rule] if not stack:
                self._rule((family, table, chain), " ".join(rule))
            case [*rule] if rule and (key := _place(stack)):
                self._rule(key, " ".join(rule))

    def _rule(self, key: tuple[str, str, str], text: str) -> None:
        chain = self.chains.setdefault(key, Chain(*key))
        if base := _BASE.search(text):
            chain = replace(chain, kind=base[1], hook=base[2])
        if policy := _POLICY.search(text):
            chain = replace(chain, policy=End.DROP if policy[1] == "drop" else End.ACCEPT)
        elif plain := _PLAIN.match(text):
            chain = replace(chain, rules=(*chain.rules, RuleLine((), plain[1])))
        self.chains[key] = chain


def _opens_set(words: Sequence[str]) -> bool:
    """Say whether a brace behind these words opens a set in a rule, and no block of its own."""
    head = [word for word in words if word not in {"add", "create"}]
    return not head or head[0] not in {"table", "chain", "set", "map", "flowtable", "ct"}


def _place(stack: Sequence[Sequence[str]]) -> tuple[str, str, str] | None:
    """Return (family, table, chain) of the block that is open: table inet filter, chain input."""
    words = [word for head in stack for word in head if word not in {"add", "create"}]
    match words:
        case ["table", family, table, "chain", chain] | ["chain", family, table, chain]:
            return family, table, chain
        case ["table", table, "chain", chain]:
            return "ip", table, chain
    return None
