"""rsyslog's configuration: where it sends records, from whom it takes some, how it makes files.

rsyslog.conf(5) and its modules' documentation. Two languages stand side by side, lines of old
(`$FileCreateMode 0640`, `*.* @@host:6514`) and objects (`action(type="omfwd" ...)`); files are
read in the order in which they are included, as it matters to the old lines.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final

from hipscan.model.fact import Record

MAIN: Final = "/etc/rsyslog.conf"
UNITS: Final = (
    "/usr/lib/systemd/system/rsyslog.service",
    "/etc/systemd/system/rsyslog.service",
)
PIECES: Final = "/etc/systemd/system/rsyslog.service.d"
_OBJECT: Final = re.compile(
    r'\b(module|input|action|global|include)\s*\(((?:[^()"]|"(?:\\.|[^"\\])*")*)\)', re.IGNORECASE
)
_PARAMETER: Final = re.compile(
    r'([A-Za-z][\w.]*)\s*=\s*(?:"((?:\\.|[^"\\])*)"|\[((?:[\s,]|"(?:\\.|[^"\\])*")*)\])'
)
_DIRECTIVE: Final = re.compile(r"^\s*\$(\w+)\s+(.*?)\s*$")
_FORWARD: Final = re.compile(
    r"(?:^|[\s{&])(@@?)(?:\([^)]*\))?(\[[^\]]+\]|[A-Za-z0-9][\w.-]*)(?::(\w+))?(?=[;\s}]|$)"
)
_RELP: Final = re.compile(r":omrelp:(\[[^\]]+\]|[^\s:;]+)(?::(\w+))?", re.IGNORECASE)
_FILE: Final = re.compile(r"(?:^|[\s{&])-?(/[^\s;}]+|\?[\w.-]+)(?=[;\s}]|$)")
_QUOTED: Final = re.compile(r""""(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'""")
_CONTINUED: Final = re.compile(r"^((?:[^\n]*\\\n)+)([^\n]*)", re.MULTILINE)
_PRIORITIES: Final = re.compile(r"([\w*,]+)\.(!?=?[\w*]+)")
_END: Final = re.compile(r"^\s*\*\.\*\s+(?:stop|~)\s*$")
_LONG: Final = 2000  # no selector is longer
_FOLLOWS: Final = re.compile(r"^\s*&")
_SELECTOR: Final = re.compile(r"^\s*(?:[\w*,]+\.[=!\w*,]+[;\w.=!*,]*|&|:\w+.*|if\b.*|\})")
# With certvalid anybody counts who has a certificate of the same authority.
_UNVERIFIED: Final = ("anon", "x509/certvalid")
_TLS_DRIVERS: Final = ("gtls", "ossl", "mbedtls")
_LOCAL: Final = ("127.", "localhost", "::1", "[::1]")
_MODE: Final = 0o644  # of new files, where nothing says otherwise


@dataclass(slots=True)
class _State:
    """What the lines so far have set for the actions and inputs behind them."""

    starts: bool | None
    umask: int = 0
    old: dict[str, str] = field(default_factory=dict)  # of old lines, names in lower case
    made: dict[str, str] = field(default_factory=dict)  # of global()
    at: tuple[str, int] = ("", 0)  # file and line of the selector before
    logins: bool = True  # whether that one takes records of logins
    depth: int = 0  # of braces
    ended: bool = False  # whether an earlier line threw all records away
    modules: dict[str, dict[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found:
    """The records of one daemon."""

    destinations: tuple[Record, ...]
    listeners: tuple[Record, ...]
    files: tuple[Record, ...]
    unread: tuple[str, ...] = ()


def read(
    files: Mapping[str, Sequence[str]], *, starts: bool | None, missing: Collection[str] = ()
) -> Found:
    """Read the main file and what it includes; `missing` are patterns that no file matches.

    module(load="imtcp" StreamDriver.Name="gtls" StreamDriver.Mode="1")
    $FileCreateMode 0640
    auth,authpriv.*  /var/log/auth.log
    *.*  @@logs.example.org:6514
    action(type="omfwd" target="logs.example.org" port="6514" protocol="tcp"
           StreamDriver="gtls" StreamDriverMode="1" StreamDriverAuthMode="x509/name")
    """
    state = _State(starts, umask=_unit_umask(files))
    kinds: dict[str, list[Record]] = {"destination": [], "listener": [], "file": []}
    unread: list[str] = []
    statements = list(_statements(MAIN, files, unread, missing))
    _settle(statements, state)
    for path, line, text in statements:
        _select(text, (path, line), state)
        for kind, record in _statement(text, state):
            if state.ended and kind != "listener":
                continue
            kinds[kind].append({**record, "file": path, "line": line})
    return Found(
        tuple(kinds["destination"]), tuple(kinds["listener"]), tuple(kinds["file"]), tuple(unread)
    )


def _settle(statements: Sequence[tuple[str, int, str]], state: _State) -> None:
    """Take what holds for all statements wherever it stands, as rsyslogd asks for it at the end."""
    for _, _, text in statements:
        made, directive = _object(text), _DIRECTIVE.match(text)
        if made and made[0] == "global":
            state.made |= made[1]
            state.umask |= _octal(made[1].get("umask", ""), 0)
        elif directive and directive[1].lower() == "defaultnetstreamdriver":
            state.old["defaultnetstreamdriver"] = directive[2].strip("\"'")


def _select(text: str, at: tuple[str, int], state: _State) -> None:
    """Note which records an action gets: `mail.*  @@host` sends away no record of a login."""
    plain = _QUOTED.sub("", text)
    state.depth += plain.count("{") - plain.count("}")
    if _object(text):
        state.logins = state.logins or state.at != at
    elif _FOLLOWS.match(text):
        state.at = at
    else:
        state.at, state.logins = at, True
        selector = re.split(r"[@/:]", text, maxsplit=1)[0] if _SELECTOR.match(text) else ""
        if words := _PRIORITIES.findall(selector[:_LONG]):
            state.logins = selector.lstrip().startswith("if") or _takes_logins(words)


def _takes_logins(words: Sequence[tuple[str, str]]) -> bool:
    """Say whether a selector takes what sshd and PAM say when somebody logs in (auth, info).

    *.info;mail.none;authpriv.none
    """
    taken = dict.fromkeys(("auth", "authpriv"), False)
    for facilities, priority in words:
        for name in facilities.lower().split(","):
            if not priority.startswith("!") and name in {"*", *taken}:
                told = priority.lower() in {"*", "debug", "7", "info", "6"}
                taken |= dict.fromkeys(taken, told) if name == "*" else {name: told}
    return any(taken.values())


def _unit_umask(files: Mapping[str, Sequence[str]]) -> int:
    found = 0
    pieces = sorted(path for path in files if path.startswith(f"{PIECES}/"))
    for path in (*UNITS, *pieces):
        for line in files.get(path, ()):
            key, _, value = line.partition("=")
            if key.strip() == "UMask" and re.fullmatch(r"[0-7]{3,4}", value.strip()):
                found = int(value, 8)
    return found


def _statements(
    path: str,
    files: Mapping[str, Sequence[str]],
    unread: list[str],
    missing: Collection[str],
    depth: int = 0,
) -> Iterator[tuple[str, int, str]]:
    """Yield (file, line, statement): an object in one piece, an old line without its objects."""
    text = _without_comments(_CONTINUED.sub(_join, "\n".join(files.get(path, ()))))
    for number, piece in _pieces(text):
        pattern = _included(piece)
        if pattern is None:
            yield path, number, piece
            continue
        names = sorted(name for name in files if fnmatchcase(name, pattern))
        is_known = "optional" in piece
        if set(pattern) & set("*?["):
            is_known = pattern in missing
        if not names and not is_known:
            unread.append(pattern)
        for name in names if depth < 8 else ():  # noqa: PLR2004  # deeper is a circle
            yield from _statements(name, files, unread, missing, depth + 1)


def _join(match: re.Match[str]) -> str:
    """Make one line of those that end in a backslash, comments included; their number stays."""
    return match[1].replace("\\\n", "  ") + match[2] + "\n" * match[1].count("\n")


def _without_comments(text: str) -> str:
    """Blank comments out, from # to the end of a line and between /* and */, outside quotes."""
    quoted = r""""(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'"""
    pattern = re.compile(rf"{quoted}|#[^\n]*|/\*.*?\*/", re.DOTALL)
    keep = re.compile(r"[^\n]")
    return pattern.sub(lambda m: m[0] if m[0][0] in "\"'" else keep.sub(" ", m[0]), text)


def _pieces(text: str) -> Iterator[tuple[int, str]]:
    at = 0
    for match in _OBJECT.finditer(text):
        yield from _lines(text, at, match.start())
        yield text.count("\n", 0, match.start()) + 1, match[0]
        at = match.end()
    yield from _lines(text, at, len(text))


def _lines(text: str, start: int, end: int) -> Iterator[tuple[int, str]]:
    first = text.count("\n", 0, start) + 1
    for offset, line in enumerate(text[start:end].split("\n")):
        if line.strip():
            yield first + offset, line


def _included(piece: str) -> str | None:
    made = _object(piece)
    if made and made[0] == "include":
        name = made[1].get("file", "")
        return name + "*" if name.endswith("/") else name or None
    directive = _DIRECTIVE.match(piece)
    if not directive or directive[1].lower() != "includeconfig":
        return None
    return directive[2] + "*" if directive[2].endswith("/") else directive[2]


def _object(piece: str) -> tuple[str, dict[str, str]] | None:
    match = _OBJECT.fullmatch(piece.strip())
    if not match:
        return None
    pairs = _PARAMETER.findall(match[2])
    return match[1].lower(), {key.lower(): value or _listed(many) for key, value, many in pairs}


def _listed(text: str) -> str:
    return ",".join(value.strip('"') for value in _QUOTED.findall(text))


def _statement(piece: str, state: _State) -> Iterator[tuple[str, Record]]:
    made = _object(piece)
    match made:
        case ("module", values):
            state.modules.setdefault(values.get("load", "").lower(), {}).update(values)
        case ("input", values):
            yield from _input(values, state)
        case ("action", values):
            yield from _action(values, state)
        case None:
            yield from _old(piece, state)


def _old(piece: str, state: _State) -> Iterator[tuple[str, Record]]:
    directive = _DIRECTIVE.match(piece)
    if directive:
        key, value = directive[1].lower(), directive[2].strip("\"'")
        state.old[key] = value
        if key in {"inputtcpserverrun", "udpserverrun", "inputrelpserverrun"}:
            yield "listener", _old_listener(key, value, state)
        return
    if not _SELECTOR.match(piece):
        return
    state.ended = state.ended or (state.depth == 0 and bool(_END.match(piece)))
    piece = _QUOTED.sub('""', piece)  # what a property is compared with is no action
    for at, host, port in _FORWARD.findall(piece):
        values = {
            "target": host,
            "port": port or "514",
            "protocol": "tcp" if at == "@@" else "udp",
            "streamdriver": state.old.get("actionsendstreamdriver", ""),
            "streamdrivermode": state.old.get("actionsendstreamdrivermode", "0"),
            "streamdriverauthmode": state.old.get("actionsendstreamdriverauthmode", ""),
        }
        yield "destination", _forward(values, state)
    for host, port in _RELP.findall(piece):
        yield "destination", _place({"target": host, "port": port or "514"}, "relp", state)
    for path in _FILE.findall(piece):
        mode = _octal(state.old.get("filecreatemode", ""), _MODE)
        yield "file", _file(path, mode, state)


def _octal(text: str, default: int) -> int:
    return int(text, 8) if re.fullmatch(r"[0-7]{1,4}", text) else default


def _file(path: str, mode: int, state: _State) -> Record:
    umask = state.umask | _octal(state.old.get("umask", ""), 0)
    return {"path": path, "mode": f"{mode & ~umask:04o}"}


def _action(values: Mapping[str, str], state: _State) -> Iterator[tuple[str, Record]]:
    match values.get("type", "").lower().removeprefix("builtin:"):
        case "omfwd":
            yield "destination", _forward(values, state)
        case "omrelp":
            tls = values.get("tls", "off").lower() == "on"
            checked = values.get("tls.authmode", "").lower() in {"name", "fingerprint"}
            yield "destination", _place(values, "relp", state, tls=tls, checked=checked)
        case "omhttp" | "omelasticsearch" as kind:
            default = "on" if kind == "omhttp" else "off"
            tls = values.get("usehttps", default).lower() == "on"
            tls = tls or values.get("server", "").startswith("https://")
            checked = values.get("skipverifyhost", values.get("allowunsignedcerts", "off")) == "off"
            yield "destination", _place(values, "http", state, tls=tls, checked=tls and checked)
        case "omfile":
            made = state.modules.get("builtin:omfile", {}).get("filecreatemode", "")
            mode = _octal(values.get("filecreatemode", made), _MODE)
            template = values.get("dynafile", "")
            if path := values.get("file") or (template and f"?{template}"):
                yield "file", _file(path, mode, state)


def _forward(values: Mapping[str, str], state: _State) -> Record:
    drivers = (
        values.get("streamdriver") or values.get("streamdriver.name"),
        state.made.get("defaultnetstreamdriver"),
        state.old.get("defaultnetstreamdriver"),
    )
    driver = next((name for name in drivers if name), "ptcp").lower()
    protocol = values.get("protocol", "udp").lower()
    mode = values.get("streamdrivermode", values.get("streamdriver.mode", "0"))
    tls = protocol == "tcp" and mode == "1" and driver.removeprefix("lmnsd_") in _TLS_DRIVERS
    auth = values.get("streamdriverauthmode", values.get("streamdriver.authmode", ""))
    return _place(values, protocol, state, tls=tls, checked=tls and auth.lower() not in _UNVERIFIED)


def _place(
    values: Mapping[str, str],
    transport: str,
    state: _State,
    *,
    tls: bool = False,
    checked: bool = False,
) -> Record:
    host = values.get("target", values.get("server", ""))
    record: Record = {
        "daemon": "rsyslog",
        "target": host,
        "port": values.get("port", values.get("serverport", "514")),
        "transport": transport,
        "tls": tls,
        "verified": checked,
        "local": all(each.startswith(_LOCAL) for each in host.split(",")),
        "starts": state.starts,
    }
    return record if state.logins else {**record, "logins": False}


def _input(values: Mapping[str, str], state: _State) -> Iterator[tuple[str, Record]]:
    kind = values.get("type", "").lower()
    if kind not in {"imtcp", "imudp", "imrelp", "imptcp"}:
        return
    module = state.modules.get(kind, {})
    mode = values.get("streamdriver.mode", module.get("streamdriver.mode", "0"))
    is_tls = (kind == "imtcp" and mode == "1") or values.get("tls", "off").lower() == "on"
    address = values.get("address", module.get("address", ""))
    yield "listener", _listener(kind[2:], values.get("port", "514"), address, state, tls=is_tls)


def _old_listener(key: str, port: str, state: _State) -> Record:
    transport = {"udpserverrun": "udp", "inputtcpserverrun": "tcp"}.get(key, "relp")
    address = state.old.get("udpserveraddress", "") if transport == "udp" else ""
    mode = state.old.get("inputtcpserverstreamdrivermode", "0")
    return _listener(transport, port, address, state, tls=transport == "tcp" and mode == "1")


def _listener(transport: str, port: str, address: str, state: _State, *, tls: bool) -> Record:
    return {
        "daemon": "rsyslog",
        "transport": transport,
        "port": port,
        "address": address or "*",
        "tls": tls,
        "local": address.startswith(_LOCAL),
        "starts": state.starts,
    }
