"""Orthanc as other hosts find it: its configuration, and the ports and mounts of the host.

Orthanc always opens its ports on every address but for HttpBindAddresses (since 1.12.10), and
without RemoteAccessAllowed refuses the HTTP requests of others. A port that something else made
local (a unit with its own network, say) is seen by the socket.
"""

import re
from collections.abc import Callable, Sequence
from typing import Final

from hipscan.model.fact import Fact, FactStatus, Record, Value
from hipscan.model.knowledge import Knowledge
from hipscan.probes.base import FactSpec
from hipscan.probes.health.orthanc_fields import REACH_FIELDS

SPEC: Final = FactSpec(
    "orthanc", "Orthanc, as it is configured and can be reached.", ("config",), REACH_FIELDS
)
_PROCESS: Final = "Orthanc"
_LOCAL: Final = re.compile(r"^(localhost|127\.[0-9.]+|::1)$")


def derive(fact: Callable[[str], Fact], _knowledge: Knowledge) -> Fact:
    """Return the fact `orthanc`; what is not known of sockets and mounts stays unknown."""
    config = fact("orthanc_config")
    sockets, mounts = fact("listening_socket"), fact("mount")
    records = tuple({**each, **_more(each, sockets, mounts)} for each in config.records)
    return Fact(config.status, records, config.reason)


def _more(config: Record, sockets: Fact, mounts: Fact) -> Record:
    running = _runs(sockets)
    http = _reached(config.get("http_port"), sockets, running=running, everywhere=_binds(config))
    dicom = _reached(config.get("dicom_port"), sockets, running=running, everywhere=True)
    return {
        "running": running,
        "http_remote": _both(config.get("http"), _both(config.get("remote_access"), http)),
        "dicom_remote": _both(config.get("dicom"), dicom),
        "storage_encrypted": _encrypted(config, mounts),
    }


def _both(one: Value, other: Value) -> bool | None:
    if one is False or other is False:
        return False
    return None if one is None or other is None else True


def _binds(config: Record) -> bool | None:
    """Return whether it would listen beyond this host."""
    places = config.get("bind_addresses")
    if not isinstance(places, Sequence):
        return None
    return not places or any(not _LOCAL.match(str(place)) for place in places)


def _runs(sockets: Fact) -> bool | None:
    holders = [record.get("processes") for record in sockets.records]
    if any(isinstance(names, Sequence) and _PROCESS in names for names in holders):
        return True
    return False if sockets.status is FactStatus.OK and None not in holders else None


def _reached(
    port: Value, sockets: Fact, *, running: bool | None, everywhere: bool | None
) -> bool | None:
    """Return whether other hosts reach the port; before it runs, whether they will."""
    if port is None or running is False:
        return everywhere
    mine = [r for r in sockets.records if r["port"] == port and r["protocol"] == "tcp"]
    if running is None and not mine:
        return everywhere
    return any(not record["loopback"] for record in mine)


def _encrypted(config: Record, mounts: Fact) -> bool | None:
    """Return whether the deepest mount above the storage is encrypted."""
    storage = config.get("storage")
    if not isinstance(storage, str) or mounts.status is not FactStatus.OK:
        return None
    if not storage.startswith("/"):
        storage = f"{_folder(str(config.get('config')))}/{storage}"
    above = [record for record in mounts.records if _is_below(storage, str(record["target"]))]
    if not above:
        return None
    found = max(above, key=lambda record: len(str(record["target"]))).get("encrypted")
    return found if isinstance(found, bool) else None


def _folder(config: str) -> str:
    return config.rpartition("/")[0] if config.endswith(".json") else config.rstrip("/")


def _is_below(path: str, folder: str) -> bool:
    return folder in ("/", path) or path.startswith(f"{folder}/")
