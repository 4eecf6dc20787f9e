"""What the command line said, as one value; None where it said nothing."""

from dataclasses import dataclass, field
from pathlib import Path

from hipscan.cli.passwords import PasswordSource
from hipscan.model.finding import Severity
from hipscan.model.target import Become, TransportName


@dataclass(frozen=True, slots=True)
class Reach:
    """Which targets, and how to reach them."""

    targets: tuple[str, ...] = ()
    inventory: Path | None = None
    limit: str | None = None
    identity: Path | None = None
    known_hosts: Path | None = None
    ssh_config: Path | None = None
    accept_new: bool = False
    become: Become | None = None
    transport: TransportName | None = None
    login: PasswordSource = field(default_factory=lambda: PasswordSource("password"))
    sudo: PasswordSource = field(default_factory=lambda: PasswordSource("sudo password"))
    jobs: int | None = None
    timeout: int | None = None
    quiet: bool = False
    config: Path | None = None
    debug: bool = False


@dataclass(frozen=True, slots=True)
class Criteria:
    """Which rules, with which values, what fails the gate, and what somebody states of it."""

    packs: tuple[Path, ...] = ()
    profile: str | None = None
    values: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    fail_on: str | None = None
    vex: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which reports, and what they show."""

    format: str = "table"
    outputs: tuple[str, ...] = ()
    least: Severity | None = None
