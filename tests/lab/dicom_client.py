"""Asks a DICOM server on this host what it lets a stranger do; runs inside a lab host.

    python3 - PORT TITLE          prints one JSON object of booleans

Hand-made PDUs (DICOM PS3.8) with the commands of PS3.7, as the hosts have no DICOM tools. NOBODY
is no modality of the server; CT1 may be one, whose address is another.
"""

import json
import socket
import struct
import sys

_VERIFICATION = "1.2.840.10008.1.1"
_CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
_FIND_STUDY = "1.2.840.10008.5.1.4.1.2.2.1"
_APPLICATION, _IMPLICIT = "1.2.840.10008.3.1.1.1", "1.2.840.10008.1.2"
_OURS = "1.2.826.0.1.3680043.8.498.1"
_STATUS = b"\x00\x00\x00\x09\x02\x00\x00\x00"  # (0000,0900), two bytes
_ACCEPTED, _DATA, _FINAL = 2, 4, b"\x00\x00"


def _item(kind: int, content: bytes) -> bytes:
    return struct.pack(">BBH", kind, 0, len(content)) + content


def _element(group: int, number: int, value: bytes) -> bytes:
    padded = value + b"\0" * (len(value) % 2)
    return struct.pack("<HHI", group, number, len(padded)) + padded


def _pdu(kind: int, content: bytes) -> bytes:
    return struct.pack(">BBI", kind, 0, len(content)) + content


def _association(called: str, calling: str, syntax: str) -> bytes:
    context = b"\x01\0\0\0" + _item(0x30, syntax.encode()) + _item(0x40, _IMPLICIT.encode())
    user = _item(0x51, struct.pack(">I", 16384)) + _item(0x52, _OURS.encode())
    return _pdu(
        1,
        struct.pack(
            ">HH16s16s32s", 1, 0, called.ljust(16).encode(), calling.ljust(16).encode(), b""
        )
        + _item(0x10, _APPLICATION.encode())
        + _item(0x20, context)
        + _item(0x50, user),
    )


def _message(field: int, syntax: str, data: bytes, instance: str = "") -> bytes:
    command = _element(0, 0x0002, syntax.encode()) + _element(0, 0x0100, struct.pack("<H", field))
    command += _element(0, 0x0110, struct.pack("<H", 1))
    if data:
        command += _element(0, 0x0700, b"\0\0")
    command += _element(0, 0x0800, b"\0\0" if data else b"\x01\x01")
    if instance:
        command += _element(0, 0x1000, instance.encode())
    whole = _element(0, 0x0000, struct.pack("<I", len(command))) + command
    parts = [(3, whole)] + ([(2, data)] if data else [])
    return b"".join(
        _pdu(_DATA, struct.pack(">IBB", len(part) + 2, 1, kind) + part) for kind, part in parts
    )


def _read(link: socket.socket) -> tuple[int, bytes]:
    """Return the kind and content of the next PDU; (0, b"") at the end."""
    head = b""
    while len(head) < 6:  # bytes of a PDU's head
        more = link.recv(6 - len(head))
        if not more:
            return 0, b""
        head += more
    kind, _, length = struct.unpack(">BBI", head)
    content = b""
    while len(content) < length:
        more = link.recv(length - len(content))
        if not more:
            return 0, b""
        content += more
    return kind, content


def _may(calling: str, called: str, syntax: str, message: bytes) -> bool:
    """Whether an association is accepted and its one request ends with status 0000."""
    try:
        with socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=10) as link:
            link.sendall(_association(called, calling, syntax))
            if _read(link)[0] != _ACCEPTED:
                return False
            link.sendall(message)
            while True:
                kind, content = _read(link)
                if kind != _DATA:
                    return False
                at = content.find(_STATUS)
                if at >= 0 and content[at + 8 : at + 10] in (_FINAL, b"\x00\xff"):
                    return True
                if at >= 0:
                    return False
    except OSError:
        return False


_ECHO = _message(0x30, _VERIFICATION, b"")
_QUERY = _element(8, 0x52, b"STUDY ") + _element(0x10, 0x20, b"")
_FIND = _message(0x20, _FIND_STUDY, _QUERY)
_IMAGE = (
    _element(8, 0x16, _CT_IMAGE.encode())
    + _element(8, 0x18, f"{_OURS}.3".encode())
    + _element(0x10, 0x20, b"P1")
    + _element(0x20, 0x0D, f"{_OURS}.1".encode())
    + _element(0x20, 0x0E, f"{_OURS}.2".encode())
)
_STORE = _message(1, _CT_IMAGE, _IMAGE, f"{_OURS}.3")
_TITLE = sys.argv[2]

print(
    json.dumps(
        {
            "echo": _may("NOBODY", _TITLE, _VERIFICATION, _ECHO),
            "store": _may("NOBODY", _TITLE, _CT_IMAGE, _STORE),
            "find": _may("NOBODY", _TITLE, _FIND_STUDY, _FIND),
            "another title": _may("NOBODY", "WRONG", _VERIFICATION, _ECHO),
            "another address": _may("CT1", _TITLE, _FIND_STUDY, _FIND),
        }
    )
)
