"""Hosts for tests: `lab` for the session, `start` for hosts that end with the test.

Where the lab cannot work, its tests skip and print each reason. With CI=true in the environment
that is a failure: a machine that is meant to prove things has to be able to.
"""

import os
from collections.abc import Callable, Iterator

import pytest

from tests.lab.hosts import Host, Lab
from tests.lab.requirements import missing


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
