"""What the merged options of Orthanc mean, with the defaults that no file shows.

Sources: OrthancServer/Sources/main.cpp, Resources/Configuration.json (jodogne/OrthancMirror), and
the real server of Debian 12 and 13 (tests/lab/test_orthanc.py).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from hipscan.model.fact import Record, Value
from hipscan.probes.health.orthanc_files import BOOLEANS, NUMBERS, TEXTS, Merged

_ALLOWS: Final = {
    "echo": "DicomAlwaysAllowEcho",
    "store": "DicomAlwaysAllowStore",
    "find": "DicomAlwaysAllowFind",
    "find worklist": "DicomAlwaysAllowFindWorklist",
    "get": "DicomAlwaysAllowGet",
    "move": "DicomAlwaysAllowMove",
}
# civetweb's ssl_protocol_version: the lowest protocol by number.
_PROTOCOLS: Final = ("SSLv2", "SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
_WEAK: Final = ("empty", "known-default")
_STRONG: Final = 4  # TLS 1.2
# The versions, by Orthanc's NEWS, that brought a login by default, an own lowest protocol, belief
# in an empty list of users, and addresses to listen on.
_ASKS_SINCE: Final = (1, 5, 8)
_LOWEST_SINCE: Final = (1, 8, 2)
_BELIEVES_NONE_SINCE: Final = (1, 12, 9)
_BINDS_SINCE: Final = (1, 12, 10)
_WRITES_BEFORE: Final = (1, 12, 0)
_DICOM_TLS_SINCE: Final = (1, 9, 0)
_DICOM_LOWEST_SINCE: Final = (1, 12, 4)
_VERBOSE: Final = re.compile(r"^--(verbose|trace)(-(http|dicom|plugins|lua|jobs|sqlite|generic))?$")
_CLEAR: Final = re.compile(r"^http://(?!(localhost|127\.[0-9.]+|\[::1\])([:/]|$))", re.IGNORECASE)


def make_record(
    merged: Merged, *, config: str, version: str, start: Sequence[str], is_package: bool = True
) -> Record:
    """Return what Orthanc of this version does with these options, started with these words.

    Packages of distributions have the safe default for writing files in older versions as well
    (DSA-5473).
    """
    number = _number(version)
    options: dict[str, Value] = {**BOOLEANS, **NUMBERS, **TEXTS, **merged.options}
    options |= dict.fromkeys(merged.unknown)
    if number and number < _WRITES_BEFORE and not is_package:
        options["RestApiWriteToFileSystemEnabled"] = True
    if number and number < _DICOM_TLS_SINCE:
        options["DicomTlsEnabled"] = False
    record: dict[str, Value] = {
        "config": config,
        "version": version or None,
        "error": merged.error,
        **_http(options, merged, number),
        **_tls(options, number),
        **_dicom(options, merged, number),
        **_risks(options, merged),
        "verbose": [word for word in start if _VERBOSE.match(word)],
        "storage": options["StorageDirectory"],
        "index": options["IndexDirectory"] or options["StorageDirectory"],
    }
    if merged.error:  # what runs now runs on settings that no file shows
        keep = ("config", "version", "error", "verbose")
        return {key: value if key in keep else None for key, value in record.items()}
    return record


def _number(version: str) -> tuple[int, ...] | None:
    found = re.match(r"(\d+)\.(\d+)\.(\d+)", version)
    if found:
        return tuple(int(part) for part in found.groups())
    return (9999,) if version.startswith("mainline") else None


def _http(
    options: Mapping[str, Value], merged: Merged, version: tuple[int, ...] | None
) -> dict[str, Value]:
    remote, http = options["RemoteAccessAllowed"], options["HttpServerEnabled"]
    is_set = "AuthenticationEnabled" in merged.present
    asks: Value = options["AuthenticationEnabled"]
    if not is_set:
        asks = None if version is None else remote if version >= _ASKS_SINCE else False
    states = {
        entry.path[1]: entry.text
        for entry in merged.entries
        if entry.path[0] == "RegisteredUsers" and len(entry.path) == 2  # noqa: PLR2004  # table and name
    }
    binds = merged.lists.get("HttpBindAddresses", ())
    builtin = _all(http, remote, asks, _makes_user(merged, states, version))
    return {
        "http": http,
        "http_port": options["HttpPort"],
        "bind_addresses": list(binds) if version and version >= _BINDS_SINCE else [],
        "remote_access": remote,
        "authentication": asks,
        "authentication_implied": not is_set,
        "open": _is_open(_all(http, remote, None if asks is None else not asks), merged),
        "users": sorted(states),
        "weak_users": sorted(
            n for n, state in states.items() if state in ("empty", "known-default")
        ),
        "builtin_user": builtin,
    }


def _is_open(unasked: bool | None, merged: Merged) -> bool | None:  # noqa: FBT001  # three answers
    """Return whether others get in unasked; the plugin Authorization may ask all the same."""
    return None if unasked and "Authorization" in merged.present else unasked


def _makes_user(
    merged: Merged, states: Mapping[str, str], version: tuple[int, ...] | None
) -> bool | None:
    """Return whether Orthanc would make a user, did it ask others for a login."""
    if states:
        return False
    if version is None:
        return None
    told = "RegisteredUsers" in merged.present
    return version >= _ASKS_SINCE and not (told and version >= _BELIEVES_NONE_SINCE)


def _all(*values: Value) -> bool | None:
    """Return whether all are true; None where that hangs on what is not known."""
    if any(value is False for value in values):
        return False
    return None if None in values else True


def _none(*values: Value) -> bool | None:
    """Return whether none is true; None where that hangs on what is not known."""
    if any(value is True for value in values):
        return False
    return None if None in values else True


def _tls(options: Mapping[str, Value], version: tuple[int, ...] | None) -> dict[str, Value]:
    lowest = options["SslMinimumProtocolVersion"]
    known = isinstance(lowest, int) and version is not None and version >= _LOWEST_SINCE
    offered = list(_PROTOCOLS[lowest:]) if isinstance(lowest, int) else []
    return {
        "tls": options["SslEnabled"],
        "tls_protocols": offered if known else None,
        "weak_protocols": [p for p in offered if p in _PROTOCOLS[:_STRONG]] if known else None,
        "verifies_clients": _all(options["SslEnabled"], options["SslVerifyPeers"]),
    }


def _dicom(
    options: Mapping[str, Value], merged: Merged, version: tuple[int, ...] | None
) -> dict[str, Value]:
    allowed = {word: options[name] for word, name in _ALLOWS.items()}
    unknown = None in allowed.values()
    in_database = options["DicomModalitiesInDatabase"] is not False
    certificates = _all(options["DicomTlsEnabled"], options["DicomTlsRemoteCertificateRequired"])
    return {
        "dicom": options["DicomServerEnabled"],
        "dicom_port": options["DicomPort"],
        "dicom_tls": options["DicomTlsEnabled"],
        "dicom_client_certificates": certificates,
        "dicom_weak_protocols": _dicom_weak(options, version),
        "aet": options["DicomAet"],
        "anybody_may": None if unknown else [word for word, yes in allowed.items() if yes],
        "checks_host": options["DicomCheckModalityHost"],
        "title_only": _none(options["DicomCheckModalityHost"], certificates),
        "checks_called_aet": options["DicomCheckCalledAet"],
        "modalities": None if in_database else list(_names(merged, "DicomModalities")),
    }


def _dicom_weak(options: Mapping[str, Value], version: tuple[int, ...] | None) -> list[str] | None:
    """Return the protocols below TLS 1.2 that DICOM takes; 0, the default, is BCP 195."""
    lowest = options["DicomTlsMinimumProtocolVersion"]
    if version is not None and version < _DICOM_LOWEST_SINCE:
        return []
    if not isinstance(lowest, int) or (lowest and version is None):
        return None
    return list(_PROTOCOLS[lowest:_STRONG]) if lowest else []


def _names(merged: Merged, table: str) -> Iterator[str]:
    for entry in merged.entries:
        if entry.path[0] == table and len(entry.path) == 2:  # noqa: PLR2004  # table and name
            yield entry.path[1]


def _risks(options: Mapping[str, Value], merged: Merged) -> dict[str, Value]:
    in_database = options["OrthancPeersInDatabase"] is not False
    unchanged = _none(options["WebDavUploadAllowed"], options["WebDavDeleteAllowed"])
    writable = None if unchanged is None else not unchanged
    return {
        "clear_peers": None if in_database else sorted(_clear_peers(merged)),
        "verifies_peers": options["HttpsVerifyPeers"],
        "deidentifies_logs": options["DeidentifyLogs"],
        "lua": options["ExecuteLuaEnabled"],
        "file_writes": options["RestApiWriteToFileSystemEnabled"],
        "webdav": options["WebDavEnabled"],
        "webdav_writable": _all(options["WebDavEnabled"], writable),
    }


def _clear_peers(merged: Merged) -> set[str]:
    return {
        entry.path[-2]
        for entry in merged.entries
        if entry.path[:-2] in (("OrthancPeers",), ("DicomWeb", "Servers"))
        and entry.path[-1] in ("[0]", "Url", "URL")
        and _CLEAR.match(entry.text.strip('"'))
    }
