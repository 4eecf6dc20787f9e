"""Hosts for tests: `lab` for the session, `start` for hosts that end with the test.

Where the lab cannot work, its tests skip and print each reason. With CI=true in the environment
that is a failure: a machine that is meant to prove things has to be able to.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from hipscan.rules.schema import CaseModel
from tests.lab.hosts import Host, Lab
from tests.lab.requirements import missing
from tests.lab.scanning import Client
from tests.lab.selection import Selection, current

_NO = SimpleNamespace(params={})  # what a test without parameters has


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """Make the lab of this session; all its hosts end with it."""
    if reasons := missing():
        say = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        say("; ".join(reasons))
    with Lab() as lab:
        yield lab


@pytest.fixture
def start(lab: Lab) -> Iterator[Callable[[str], Host]]:
    """Start hosts by the name of their image; they end with the test."""
    hosts: list[Host] = []

    def one(image: str) -> Host:
        hosts.append(lab.start(image))
        return hosts[-1]

    yield one
    for host in hosts:
        host.stop()


@pytest.fixture
def debian12(start: Callable[[str], Host]) -> Host:
    """Start a fresh Debian 12 host."""
    return start("debian12")


@pytest.fixture
def client(tmp_path: Path) -> Client:
    """Return the hipscan command with its state in the test's own folder."""
    return Client(tmp_path)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the cases whose turn it is not, and say how many that are."""
    if os.environ.get("LAB_CASES") != "changed":
        return
    now = current()
    left_out = {item for item in items if not _runs(item, now)}
    config.hook.pytest_deselected(items=list(left_out))
    items[:] = [item for item in items if item not in left_out]


def _runs(item: pytest.Item, now: Selection) -> bool:
    """Whether it is a case or a rotating test whose turn it is, or neither."""
    params = getattr(item, "callspec", _NO).params
    case = params.get("case")
    if isinstance(case, CaseModel):
        return now.has(case.rules, params["image"], case.hosts)
    return now.has((item.nodeid,)) if item.get_closest_marker("rotating") else True
