r"""Postfix's main.cf and master.cf: logical lines, $names, and the options of each service.

    smtpd_tls_security_level = $wanted     ->  smtpd_tls_security_level  encrypt
    wanted = ${{$compatibility_level} >=level {3.6} ? {encrypt} : {may}}

    submission inet n - y - - smtpd        ->  submission inet, smtpd
      -o smtpd_tls_security_level=encrypt      smtpd_tls_security_level  encrypt
      -o { smtpd_tls_auth_only = yes }         smtpd_tls_auth_only       yes

Sources: postconf(5), master(5).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

_NAME: Final = re.compile(r"\w+")
_RELATION: Final = re.compile(r"^(==|!=|<=|>=|<|>)(level)?$")
_DEPTH: Final = 20


@dataclass(frozen=True, slots=True)
class Service:
    """One line of master.cf, with the settings of its -o options."""

    name: str
    kind: str  # inet, unix, pass, ...
    command: str
    options: Mapping[str, str]


def main_settings(lines: Sequence[str]) -> dict[str, str]:
    """Return what main.cf sets; the last one wins, and a line that begins with a blank goes on."""
    found: dict[str, str] = {}
    for line in lines:
        key, equals, value = line.partition("=")
        if equals and key.strip():
            found[key.strip()] = value.strip()
    return found


def services(lines: Sequence[str]) -> Iterator[Service]:
    """Yield the services of master.cf; of two with one name and kind the last one counts."""
    found: dict[tuple[str, str], Service] = {}
    for line in lines:
        words = line.split(None, 8)
        if len(words) >= 8:  # noqa: PLR2004  # fields of master(5)
            rest = words[8] if len(words) > 8 else ""  # noqa: PLR2004  # what follows the command
            service = Service(words[0], words[1], words[7], dict(_options(rest)))
            found[words[0], words[1]] = service
    yield from found.values()


def _options(text: str) -> Iterator[tuple[str, str]]:
    for part in re.findall(r"-o\s*(\{[^}]*\}|\S+)", text):
        key, equals, value = part.strip("{} ").partition("=")
        if equals:
            yield key.strip(), value.strip()


def expand(text: str, held: Mapping[str, str], depth: int = 0) -> str:
    """Return a value with its $names replaced; raises ValueError where that cannot be done."""
    if depth > _DEPTH:
        raise ValueError("names that stand for each other")
    found, place = "", 0
    while place < len(text):
        if text[place] != "$":
            found, place = found + text[place], place + 1
            continue
        following = text[place + 1 : place + 2]
        if following == "$":
            found, place = found + "$", place + 2
        elif following in ("{", "("):
            end = _close(text, place + 1)
            found += _braced(text[place + 2 : end], held, depth + 1)
            place = end + 1
        elif match := _NAME.match(text, place + 1):
            found += expand(held.get(match[0], ""), held, depth + 1)
            place = match.end()
        else:
            found, place = found + "$", place + 1
    return found


def _close(text: str, start: int) -> int:
    """Return where the bracket that opens at `start` ends."""
    opening = text[start]
    closing = "}" if opening == "{" else ")"
    level = 0
    for place in range(start, len(text)):
        level += (text[place] == opening) - (text[place] == closing)
        if level == 0:
            return place
    raise ValueError("a bracket without end")


def _braced(text: str, held: Mapping[str, str], depth: int) -> str:
    """Return what a name, `name?{yes}:{no}` or `{one} ==level {other} ? {a} : {b}` stands for."""
    if text.startswith("{"):
        end = _close(text, 0)
        match = re.match(r"\s*([=!<>]+(?:level)?)\s*", text[end + 1 :])
        if not match or not (kind := _RELATION.match(match[1])):
            raise ValueError("a comparison that is not known")
        start = end + 1 + match.end()
        stop = _close(text, start)
        left = expand(text[1:end], held, depth)
        right = expand(text[start + 1 : stop], held, depth)
        return _chosen(text[stop + 1 :], held, depth, when=_holds(left, kind[1], kind[2], right))
    name = _NAME.match(text)
    if not name:
        raise ValueError("a name is missing")
    value = expand(held.get(name[0], ""), held, depth)
    rest = text[name.end() :].strip()
    return _chosen(rest, held, depth, when=bool(value)) if rest else value


def _holds(left: str, operator: str, kind: str, right: str) -> bool:
    one, two = (_level(left), _level(right)) if kind else (left, right)
    number = re.compile(r"-?\d+")
    if not kind and number.fullmatch(left) and number.fullmatch(right):
        one, two = (int(left),), (int(right),)
    order = (one > two) - (one < two)  # type: ignore[operator]  # both of one type by now
    return {
        "==": order == 0,
        "!=": order != 0,
        "<": order < 0,
        "<=": order <= 0,
        ">": order > 0,
        ">=": order >= 0,
    }[operator]


def _level(text: str) -> tuple[int, ...]:
    parts = [int(part) for part in re.findall(r"\d{1,6}", text)[:3]]
    return (*parts, 0, 0, 0)[:3]


def _chosen(text: str, held: Mapping[str, str], depth: int, *, when: bool) -> str:
    """Return what `?yes`, `:no`, `?{yes}:{no}` chooses."""
    plain = text.strip()
    mark, rest = plain[:1], plain[1:].strip()
    if mark not in ("?", ":"):
        raise ValueError("neither ? nor :")
    first, after = rest, ""
    if rest.startswith("{"):
        end = _close(rest, 0)
        first, after = rest[1:end], rest[end + 1 :].strip()
    if when is (mark == "?"):
        return expand(first.strip(), held, depth)
    return _chosen(after, held, depth, when=when) if after else ""
