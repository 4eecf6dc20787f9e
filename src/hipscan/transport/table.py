"""Which class carries which transport, loaded on first use: --help imports no paramiko."""

from collections.abc import Callable, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Final, cast

from hipscan.errors import UsageError
from hipscan.model.target import TransportName
from hipscan.transport.base import Credentials, Transport, TrustOptions

TABLE: Final[Mapping[TransportName, str]] = MappingProxyType(
    {
        TransportName.LOCAL: "hipscan.transport.local:LocalTransport",
        TransportName.PARAMIKO: "hipscan.transport.paramiko_transport:ParamikoTransport",
        TransportName.OPENSSH: "hipscan.transport.openssh:OpensshTransport",
        TransportName.REPLAY: "hipscan.transport.replay:ReplayTransport",
    }
)


def load(name: TransportName) -> Callable[..., Transport]:
    """Return the class behind `name`."""
    module, _, attribute = TABLE[name].partition(":")
    return cast("Callable[..., Transport]", getattr(import_module(module), attribute))


def create(name: TransportName, credentials: Credentials, trust: TrustOptions) -> Transport:
    """Return a transport for all targets of a run that name it.

    A replay reads files of its own and is made by who has them: UsageError.
    """
    match name:
        case TransportName.LOCAL:
            return load(name)()
        case TransportName.PARAMIKO:
            return load(name)(credentials, trust)
        case TransportName.OPENSSH:
            return load(name)(trust)
        case TransportName.REPLAY:
            raise UsageError("a replay needs a saved exchange", hint="use it from tests")
