"""Services of compose files as `up` would start them: extended, overridden, variables put in.

Sources: the Compose specification (05-services: extends, ports, env_file; 12-interpolation;
13-merge; 14-include). What the shell that calls `up` sets is not known; `.env` is.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from posixpath import basename, dirname, join, normpath
from typing import Final

from hipscan.probes.containers.compose_files import Node

Body = Mapping[str, Node]
Services = Mapping[str, Node]

_BASE: Final = re.compile(r"^(docker-)?compose\.ya?ml$")
_OVERRIDE: Final = re.compile(r"^((?:docker-)?compose)\.override\.ya?ml$")
_ADDED: Final = ("ports", "expose", "volumes", "env_file", "secrets", "configs")
_DEEPEST: Final = 8
_REFERENCE: Final = re.compile(r"\$\{([A-Za-z0-9_]+)(?::?([-?])([^{}]*))?\}|\$([A-Za-z0-9_]+)")
_LOCAL: Final = re.compile(r"^(127\.[0-9.]+|localhost|\[?::1\]?)$")
_MOST_PORTS: Final = 2000
_STATES: Final = ("set", "empty", "known-default", "variable")


def started(
    files: Mapping[str, Services], included: frozenset[str], lost: list[str]
) -> Iterator[tuple[str, str, Body]]:
    """Yield file, name and body of every service; `lost` grows by what it extends unread.

    A file that others only extend starts nothing; an override counts as part of what it overrides.
    """
    for path, services in files.items():
        base, over = _base_of(path, files), _override_of(path, files)
        name = basename(path)
        starts = "compose" in name or path in included or name.endswith(".container")
        if not starts or (_OVERRIDE.match(name) and base):
            continue
        for service in dict.fromkeys([*services, *over]):
            body = whole(path, service, files, lost)
            if base and not body.keys() & {"image", "build"}:
                body = merge(whole(base, service, files, lost), body)
            extra = over.get(service)
            yield path, service, merge(body, extra) if isinstance(extra, dict) else body


def _override_of(path: str, files: Mapping[str, Services]) -> Services:
    """Return the services of the file that Compose lays over this one by itself."""
    if not _BASE.match(basename(path)):
        return {}
    beside = (p for p in files if dirname(p) == dirname(path) and _OVERRIDE.match(basename(p)))
    return files.get(next(beside, ""), {})


def _base_of(path: str, files: Mapping[str, Services]) -> str:
    """Return the file beside it that Compose reads by itself, if that is another one."""
    beside = (p for p in files if dirname(p) == dirname(path) and _BASE.match(basename(p)))
    found = next(beside, "")
    return "" if found == path else found


def whole(
    path: str, name: str, files: Mapping[str, Services], lost: list[str], depth: int = 0
) -> Body:
    """Return a service with what it extends; `lost` grows by what cannot be told."""
    body = files.get(path, {}).get(name)
    if not isinstance(body, dict):
        return {}
    extends = body.get("extends")
    if extends is None:
        return body
    words = extends if isinstance(extends, dict) else {"service": extends}
    place = words.get("file")
    other = normpath(join(dirname(path), str(place))) if place else path
    base: Body = {}
    if depth < _DEEPEST:
        base = whole(other, str(words.get("service", "")), files, lost, depth + 1)
    if not base:
        lost.append(f"{path}: what {name} extends was not read")
    return merge(base, {key: value for key, value in body.items() if key != "extends"})


def merge(base: Body, over: Body) -> dict[str, Node]:
    """Return one service over another: lists of ports and the like grow, other values give way."""
    found = dict(base)
    for key, value in over.items():
        old = found.get(key)
        if old is None or f"!{key}" in over:
            found[key] = value
        elif key == "environment":
            found[key] = {**environment(old), **environment(value)}
        elif key in _ADDED:
            found[key] = [*_listed(old), *_listed(value)]
        else:
            found[key] = value
    return found


def _listed(node: Node) -> Sequence[Node]:
    return node if isinstance(node, list) else [node]


def items(node: Node | None) -> Sequence[Node]:
    """Return the items of a list, none of anything else."""
    return node if isinstance(node, list) else []


def environment(node: Node | None) -> dict[str, str]:
    """Return the variables of a service, with the states that the mask gives them."""
    if isinstance(node, dict):
        return {k: (v or f"variable:{k}") if isinstance(v, str) else "set" for k, v in node.items()}
    if not isinstance(node, list):
        return {}
    pairs = (str(item).partition("=") for item in node)
    return {name: value if sign else f"variable:{name}" for name, sign, value in pairs}


def state(value: str, shell: Mapping[str, str]) -> str:
    """Return what a variable holds once .env has said what stands in it."""
    kind, _, name = value.partition(":")
    if kind == "variable" and name:
        found = shell.get(name, "variable")
        return found if found in _STATES else "set"
    if not kind.startswith("fallback-"):
        return value
    found = shell.get(name, "empty")
    fallback = kind.removeprefix("fallback-")
    return fallback if found == "empty" else found if found in _STATES else "set"


def interpolate(text: str, shell: Mapping[str, str]) -> str:
    """Return `text` with its variables put in, as far as .env and what stands in for them tell."""

    def put_in(found: re.Match[str]) -> str:
        name, sign, fallback = found[1] or found[4], found[2], found[3] or ""
        known = shell.get(name, "empty")
        if known not in _STATES:
            return known
        return fallback if known == "empty" and sign == "-" else found[0]

    return _REFERENCE.sub(put_in, text)


def split_port(node: Node, shell: Mapping[str, str]) -> tuple[str, str]:
    """Return (address on the host, port of the container) of a published port."""
    if isinstance(node, dict):
        words = {key: interpolate(str(node.get(key, "")), shell) for key in ("host_ip", "target")}
        return words["host_ip"], words["target"]
    text = interpolate(str(node), shell).partition("/")[0]
    address, _, port = text.rpartition(":")
    if address.startswith("["):
        return address.partition("]")[0] + "]", port
    host, colon, _ = address.rpartition(":")
    return (host if colon else ""), port


def reached(ports: Sequence[tuple[str, str]]) -> set[str]:
    """Return the ports of the container that other hosts reach, ranges one by one."""
    return {each for host, port in ports if not _LOCAL.match(host) for each in _range(port)}


def _range(port: str) -> Sequence[str]:
    found = re.fullmatch(r"([0-9]{1,5})-([0-9]{1,5})", port)
    if not found:
        return [port]
    first, last = int(found[1]), int(found[2])
    return [str(each) for each in range(first, last + 1)] if last - first < _MOST_PORTS else [port]
