"""The fact `audit_coverage`: one record for each topic, configured and loaded."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from hipscan.model.fact import Record
from hipscan.probes.audit.audit_files import Loaded
from hipscan.probes.audit.audit_match import Answer, Filter, Need, Scene
from hipscan.probes.audit.audit_names import TABLES, has_syscall
from hipscan.probes.audit.audit_topics import (
    CALLS,
    CHANGED,
    MERGED,
    PROGRAMS,
    RUN,
    TOUCHED,
    WATCHES,
    Calls,
)
from hipscan.probes.base import Field, FieldType

FIELDS: Final = {
    "kind": Field(
        FieldType.TEXT,
        "permission, deletion, refusal, refused-creation, refused-writing, module, mount, time, "
        "network, raised (programs with root's rights), identity, sudoers, sudo-log, login, "
        "session, mac, program, phi",
    ),
    "name": Field(FieldType.TEXT, "the topic: a syscall, a file's name, a program's, a PHI path"),
    "item": Field(FieldType.TEXT, "the syscall or the path"),
    "arch": Field(FieldType.TEXT, "of a syscall: b64 or b32, the programs that make it"),
    "configured": Field(
        FieldType.TEXT,
        "yes: the rules on disk record it; else what is missing, and whether the kernel's list "
        "has it: `no rule; loaded: no`",
    ),
    "loaded": Field(FieldType.TEXT, "yes, or what is missing in the kernel's list"),
    "by": Field(FieldType.TEXT, "file:line of the first rule that records it"),
    "keys": Field(FieldType.LIST, "keys of that rule"),
    "split": Field(
        FieldType.BOOLEAN,
        "of refused-creation: whether the rule that records it is about creating, and not one "
        "above it about opening in general",
    ),
}


@dataclass(frozen=True, slots=True)
class Host:
    """What the script saw of a host besides rules.

    `arches` are those of its programs; `there` the paths that exist; `links` folders that are
    links; `faillock` and `sudo_log` paths that its configuration names; `phi` pairs of the path
    as named and as it is.
    """

    machine: str
    kernel: tuple[int, int]
    arches: tuple[str, ...]
    there: frozenset[str] = frozenset()
    links: frozenset[str] = frozenset()
    faillock: str = "/var/run/faillock"
    sudo_log: str = ""
    phi: tuple[tuple[str, str], ...] = ()

    def names(self, path: str) -> tuple[str, ...]:
        """Return the names that a path has: itself, and through folders that are links."""
        found = dict.fromkeys((path,))
        for old, new in MERGED:
            if old in self.links:
                for name in list(found):
                    found |= dict.fromkeys(
                        far + name.removeprefix(near)
                        for near, far in ((old, new), (new, old))
                        if name.startswith(f"{near}/")
                    )
        return tuple(found)


class Coverage:
    """Answers all topics for the rules of the files and, where it is known, the kernel's list."""

    def __init__(
        self, host: Host, configured: Sequence[Loaded], loaded: Sequence[Loaded] | None
    ) -> None:
        """Without `loaded` the kernel's list is not known."""
        native = next(iter(TABLES[host.machine]))
        self._host = host
        self._configured = Filter(configured, native)
        same = loaded is not None and _meanings(loaded) == _meanings(configured)
        self._loaded = self._configured if same else Filter(loaded or (), native)
        self._known = loaded is not None

    def records(self) -> Iterator[Record]:
        """Yield a record for each topic that has a meaning on the host."""
        for topic in CALLS:
            if self._host.kernel >= topic.since:
                yield from self._calls(topic)
        for watch in WATCHES:
            if watch.always or (watch.sign or watch.path) in self._host.there:
                yield self._watch(watch.kind, watch.name, (watch.path,), folder=watch.folder)
        yield self._watch("login", "faillock", (self._host.faillock,), folder=True)
        if self._host.sudo_log:
            yield self._watch("sudo-log", "sudo-log", (self._host.sudo_log,))
        for name, places in PROGRAMS.items():
            for paths in places:
                if paths[0] in self._host.there:
                    yield self.program(name, paths)
        for path, real in self._host.phi:
            both = tuple(dict.fromkeys((path, real)))
            yield self._watch("phi", path, both, scene=TOUCHED, folder=True)

    def program(self, name: str, paths: tuple[str, ...], kind: str = "program") -> Record:
        """Return the record of a program that has these paths."""
        needs = self._needs(paths, RUN, call="execve")
        return self._record(kind, name, paths[0], needs)

    def _calls(self, topic: Calls) -> Iterator[Record]:
        for call in topic.calls:
            for arch in self._host.arches:
                if has_syscall(call, self._host.machine, arch):
                    need = Need(arch, topic.scene, call)
                    record = {**self._record(topic.kind, call, call, [need]), "arch": arch}
                    if topic.kind == "refused-creation":
                        record["split"] = self._split(need)
                    yield record

    def _split(self, need: Need) -> bool:
        by = self._configured.answer(need).by
        return by is not None and any(term.field in {"a1", "a2"} for term in by.rule.terms)

    def _watch(
        self,
        kind: str,
        name: str,
        paths: tuple[str, ...],
        *,
        scene: Scene = CHANGED,
        folder: bool = False,
    ) -> Record:
        return self._record(kind, name, paths[0], self._needs(paths, scene, folder=folder))

    def _needs(
        self, paths: tuple[str, ...], scene: Scene, *, call: str = "", folder: bool = False
    ) -> list[Need]:
        names = tuple(dict.fromkeys(name for path in paths for name in self._host.names(path)))
        return [Need(arch, scene, call, names, folder) for arch in self._host.arches]

    def _record(self, kind: str, name: str, item: str, needs: Sequence[Need]) -> Record:
        answers = [self._configured.answer(need) for need in needs]
        wanting = _joined(needs, answers)
        has = self._has(needs, wanting)
        by = answers[0].by if answers else None
        return {
            "kind": kind,
            "name": name,
            "item": item,
            "configured": f"{wanting}; loaded: {has or 'not known'}" if wanting else "yes",
            "loaded": has,
            "by": by.place if by else "",
            "keys": list(by.rule.keys) if by else [],
        }

    def _has(self, needs: Sequence[Need], wanting: str) -> str | None:
        if not self._known:
            return None
        if self._loaded is self._configured:
            return wanting or "yes"
        return _joined(needs, [self._loaded.answer(need) for need in needs]) or "yes"


def _joined(needs: Sequence[Need], answers: Sequence[Answer]) -> str:
    """Say what is missing, once where it is the same for all architectures."""
    said = {need.arch: answer.missing for need, answer in zip(needs, answers, strict=True)}
    if len(said) == 1 or len(set(said.values())) == 1:
        return next(iter(said.values()), "")
    return ", ".join(f"{arch}: {text}" for arch, text in said.items() if text)


def _meanings(rules: Sequence[Loaded]) -> list[tuple[object, ...]]:
    return [entry.rule.meaning for entry in rules]
