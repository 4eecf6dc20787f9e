"""The collector: one exchange with one target becomes a Snapshot."""

import base64
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic
from typing import Final

from hipscan import __version__, sanitize
from hipscan.collect.compiler import Script, compile_probes, probe_digest
from hipscan.collect.framing import Framed, end_line, read_reply
from hipscan.errors import TargetError, Unreachable
from hipscan.model.fact import Fact, FactStatus
from hipscan.model.secret import Secret
from hipscan.model.snapshot import Snapshot, TargetData
from hipscan.model.target import Become, Target
from hipscan.probes.base import Facts, Frame, Probe, read_frame
from hipscan.transport import sudo
from hipscan.transport.base import Budget, Ending, Handshake, Reply, Request, Transport

PINNED_PATH: Final = "/usr/local/libexec/hipscan-collect"
_MARGIN_SECONDS: Final = 5
_QUOTED: Final = 200

_ENDINGS: Final[Mapping[Ending, tuple[Unreachable, str]]] = {
    Ending.COMPLETE: (Unreachable.PROTOCOL, "the reply ended too early"),
    Ending.CLOSED: (Unreachable.SHELL, "the connection was closed before the end"),
    Ending.DEADLINE: (Unreachable.TIMEOUT, "the time for this target ran out"),
    Ending.FLOOD: (Unreachable.FLOOD, "the target sent more than the limit"),
}


@dataclass(frozen=True, slots=True)
class Order:
    """What to read: the script, the paths whose status rules ask for, and the limits."""

    script: Script
    stat_paths: tuple[str, ...] = ()
    budget: Budget = field(default_factory=Budget)


@dataclass(frozen=True, slots=True)
class Collected:
    """A snapshot, and the frames behind it with their secrets taken out."""

    snapshot: Snapshot
    frames: tuple[Frame, ...]


def order(
    probes: Iterable[Probe], *, stat_paths: Iterable[str] = (), budget: Budget | None = None
) -> Order:
    """Return the order to run `probes`; equal probes give an equal script."""
    return Order(compile_probes(tuple(probes)), tuple(sorted(stat_paths)), budget or Budget())


def now() -> datetime:
    """Return the scanner's time in UTC."""
    return datetime.now(UTC)


def collect(
    target: Target,
    what: Order,
    transport: Transport,
    *,
    sudo_password: Secret | None = None,
    clock: Callable[[], datetime] = now,
) -> Collected:
    """Run `what` on `target` and return its snapshot.

    Raises TargetError when the target cannot be scanned at all. What broke off in the middle is
    a snapshot whose `broken` says so, with the facts that had arrived.
    """
    nonce = secrets.token_hex(16)
    request = make_request(target, what, nonce, sudo_password=sudo_password)
    taken, begun = clock(), monotonic()
    reply = transport.exchange(target, request, what.budget)
    framed = read_reply(reply.stdout, nonce, what.script.probes)
    if not framed.began:
        raise _no_reply(target, reply)
    facts = _facts(framed, what.script.probes)
    _check_system(facts)
    snapshot = Snapshot(
        target=target_data(target),
        taken=taken.isoformat(timespec="seconds"),
        hipscan=__version__,
        script=what.script.digest,
        facts=facts,
        seconds=round(monotonic() - begun, 3),
        address=reply.peer.get("address", target.host),
        broken="" if framed.ended else _ENDINGS[reply.ending][1],
        peer=reply.peer,
    )
    return Collected(snapshot, tuple(_redacted(framed, what.script.probes)))


def target_data(target: Target) -> TargetData:
    """Return what judging may know of a target."""
    return TargetData(
        name=target.name,
        groups=target.groups,
        variables=target.variables,
        phi=target.phi,
        phi_paths=target.phi_paths,
        host=target.host,
    )


def make_request(
    target: Target, what: Order, nonce: str, *, sudo_password: Secret | None = None
) -> Request:
    """Return the request that runs `what` on `target`, with the privilege asked for."""
    data = call_data(target, what, nonce)
    payload = f"{data}.\n" if target.become is Become.PINNED else _with_call(what.script, data)
    command, handshake = _command(target.become, sudo_password)
    return Request(command, payload.encode(), end_line(nonce), handshake)


def _with_call(script: Script, data: str) -> str:
    return script.text + script.call(data)


def call_data(target: Target, what: Order, nonce: str) -> str:
    """Return what differs by run and host: one `key value` a line."""
    seconds = max(1, int(what.budget.seconds) - _MARGIN_SECONDS)
    lines = [f"nonce {nonce}", f"deadline {seconds}", "watch stdin"]
    lines += [f"run {probe.name}" for probe in what.script.probes]
    lines += [f"data phi_path {path}" for path in target.phi_paths]
    lines += [f"data stat_path {path}" for path in what.stat_paths]
    lines += [f"data user {user}" for user in target.users]
    return "".join(f"{_one_line(line)}\n" for line in lines)


def _one_line(line: str) -> str:
    if any(char in line for char in "\n\r\0"):
        raise TargetError(Unreachable.PROTOCOL, f"a line break in {sanitize.line(line)}")
    return line


def _command(become: Become, password: Secret | None) -> tuple[str, Handshake | None]:
    match become:
        case Become.NONE:
            return "sh -s", None
        case Become.PINNED:
            return f"sudo -n {PINNED_PATH}", None
        case Become.SUDO:
            prompt, ready = f"hipscan-{secrets.token_hex(8)}:", f"ready-{secrets.token_hex(8)}"
            shell = f"sh -c 'echo {ready}; exec sh -s'"
            handshake = Handshake(prompt.encode(), f"{ready}\n".encode(), password)
            return f"sudo -k -S -p {prompt} -- {shell}", handshake


def _facts(framed: Framed, probes: Iterable[Probe]) -> dict[str, Fact]:
    facts: dict[str, Fact] = {}
    for probe in probes:
        facts.update(read_frame(probe, framed.frames.get(probe.name), probe_digest(probe)))
    return facts


def _check_system(facts: Facts) -> None:
    platform = facts.get("platform")
    if platform and platform.status is FactStatus.UNSUPPORTED and "Linux" in platform.reason:
        raise TargetError(
            Unreachable.UNSUPPORTED,
            f"the target is {sanitize.line(platform.reason)}",
            hint="hipscan scans Linux hosts; take it out of the inventory",
        )


def _no_reply(target: Target, reply: Reply) -> TargetError:
    """Return why nothing of ours came back: no shell, a forced command, sudo, or silence."""
    if target.become is Become.PINNED:
        return sudo.ended(reply.stderr, reply.exit_status, answered=False)
    cause, what = _ENDINGS[reply.ending]
    said = (reply.stdout[:_QUOTED] + reply.stderr[:_QUOTED]).decode("utf-8", "replace")
    quoted = f"; it said: {sanitize.line(' '.join(said.split()))}" if said.strip() else ""
    return TargetError(
        cause,
        f"no POSIX shell answered: {what}{quoted}",
        hint="log in by hand and run `sh -s`; a forced command or a restricted shell stops it",
    )


def _redacted(framed: Framed, probes: Iterable[Probe]) -> Iterable[Frame]:
    for probe in probes:
        frame = framed.frames.get(probe.name)
        if frame:
            payload = probe.redact(frame.payload)
            yield Frame(frame.probe, frame.status, frame.milliseconds, payload, frame.truncated)


def sudoers_line(account: str, script: Script, path: str = PINNED_PATH) -> str:
    """Return the line of sudoers that allows `account` exactly this script, by its digest."""
    digest = base64.b64encode(bytes.fromhex(script.pinned_digest)).decode("ascii")
    return f'{account} ALL=(root:root) NOPASSWD: sha256:{digest} {path} ""'
