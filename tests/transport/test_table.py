"""The table of transports: complete, and loaded only when used."""

import subprocess
import sys

import pytest

from hipscan.errors import UsageError
from hipscan.model.target import TransportName
from hipscan.transport.base import Credentials, TrustOptions
from hipscan.transport.table import TABLE, create, load


@pytest.mark.parametrize("name", TransportName)
def test_each_transport_is_there(name: TransportName) -> None:
    assert set(TABLE) == set(TransportName)
    assert callable(getattr(load(name), "exchange", None))


@pytest.mark.parametrize("name", set(TransportName) - {TransportName.REPLAY})
def test_each_transport_is_made(name: TransportName) -> None:
    assert hasattr(create(name, Credentials(), TrustOptions()), "exchange")


def test_a_replay_is_made_by_who_has_exchanges() -> None:
    with pytest.raises(UsageError):
        create(TransportName.REPLAY, Credentials(), TrustOptions())


def test_paramiko_is_loaded_on_first_use() -> None:
    code = "import sys; import hipscan.transport.table; sys.exit('paramiko' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
