"""AlmaLinux's real feed, whole: every package in every module stream, against a second reading."""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from hipscan.model.advisory import Advisory, State
from tests.feeds import almalinux, making
from tests.feeds.almalinux import Fix, Fixes, Installed

# Releases, and how many (package, stream) there are at least.
ALMALINUX: Final = (("AlmaLinux:8", 4500), ("AlmaLinux:9", 3000), ("AlmaLinux:10", 1500))


@cache
def _known(ecosystem: str) -> Fixes:
    return almalinux.fixes(making.shared("AlmaLinux.all.zip"), ecosystem)


def _everything(
    known: Fixes, choose: Callable[[Sequence[Fix]], str], folder: Path, ecosystem: str
) -> tuple[list[Installed], Sequence[Advisory]]:
    """Match a host that has every package of a feed in every stream; sources tell them apart."""
    installed = [
        Installed(package, choose(said), stream, f"{stream}/{package}")
        for (package, stream), said in known.items()
    ]
    packages = [
        {
            "manager": "rpm",
            "name": item.package,
            "version": item.version,
            "source": item.source,
            "vendor": "AlmaLinux",
            "module": item.stream,
        }
        for item in installed
    ]
    host = {"id": "almalinux", "version": ecosystem.partition(":")[2]}
    return installed, making.matched(folder, host, packages).advisories


@pytest.mark.parametrize(("ecosystem", "least"), ALMALINUX)
def test_every_package_with_all_fixes_of_its_stream_has_nothing(
    real: Path, ecosystem: str, least: int
) -> None:
    known = _known(ecosystem)
    installed, found = _everything(known, almalinux.newest, real, ecosystem)
    assert len(installed) > least
    assert [item for item in found if not _is_undecided(item)] == []


@pytest.mark.parametrize(("ecosystem", "least"), ALMALINUX)
def test_every_package_one_fix_behind_lacks_what_that_answered(
    real: Path, ecosystem: str, least: int
) -> None:
    known = _known(ecosystem)
    installed, found = _everything(known, almalinux.one_behind, real, ecosystem)
    lacking = almalinux.lacking(known, installed, "")
    seen = {(item.source, item.cve) for item in found if not _is_undecided(item)}
    undecided = {(item.source, item.cve) for item in found if _is_undecided(item)}
    assert {item.state for item in found} <= {State.FIXABLE, State.UNKNOWN}
    assert len(lacking) > least
    assert seen == lacking - undecided


def _is_undecided(advisory: Advisory) -> bool:
    """Of this one erratum neither the summary nor another one with its versions has the stream."""
    return advisory.state is State.UNKNOWN and advisory.records == ("ALSA-2024:4367",)
