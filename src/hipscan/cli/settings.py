"""What holds for a run: flags over environment over hipscan.yaml over user and system file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from hipscan.cli.flags import Criteria, Reach, Wanted
from hipscan.config import Config, load
from hipscan.config.environment import values
from hipscan.errors import UsageError
from hipscan.inventory.base import Defaults
from hipscan.model.finding import Waiver
from hipscan.model.target import TransportName

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Settings:
    """The groups of options, filled up from the configuration, and what only it can say."""

    reach: Reach
    criteria: Criteria
    wanted: Wanted
    set: Mapping[str, object]
    waivers: tuple[Waiver, ...]
    defaults: Defaults


def settle(reach: Reach, criteria: Criteria, wanted: Wanted) -> Settings:
    """Return what holds; raise UsageError with the mistakes of a configuration file."""
    config = load(reach.config)
    _check_transport(reach.transport or config.transport)
    return Settings(
        reach=_reach(reach, config),
        criteria=replace(
            criteria,
            packs=criteria.packs or config.packs,
            profile=_nearest(criteria.profile, config.profile),
            fail_on=_nearest(criteria.fail_on, config.fail_on),
            vex=criteria.vex or config.vex,
        ),
        wanted=replace(wanted, least=wanted.least or config.severity),
        set={**config.set, **values(criteria.values, where="--set")},
        waivers=config.waivers,
        defaults=Defaults(config.become, config.transport, config.identity),
    )


def settle_reach(reach: Reach) -> Settings:
    """Return what holds for a command that only reaches targets."""
    return settle(reach, Criteria(), Wanted())


def chosen_packs(folders: Sequence[Path]) -> tuple[Path, ...]:
    """Return the packs that --pack names, else those of the configuration, as for a scan."""
    return tuple(folders) or load().packs or ()


def _reach(reach: Reach, config: Config) -> Reach:
    return replace(
        reach,
        inventory=_nearest(reach.inventory, config.inventory),
        known_hosts=_nearest(reach.known_hosts, config.known_hosts),
        ssh_config=_nearest(reach.ssh_config, config.ssh_config),
        jobs=reach.jobs or config.jobs,
    )


def _check_transport(name: TransportName | None) -> None:
    """Refuse what is no way to other hosts: results of this machine must not bear their names."""
    if name not in {None, TransportName.PARAMIKO, TransportName.OPENSSH}:
        raise UsageError(
            f"transport {name} cannot reach other hosts",
            hint="paramiko or openssh; this machine is the target `local`",
        )


def _nearest(flag: T | None, configured: T | None) -> T | None:
    return configured if flag is None else flag
