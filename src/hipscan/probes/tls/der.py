r"""X.509 certificates, as far as their dates, key, signature and names matter to a rule.

A small reader of DER (X.690) for what RFC 5280 section 4.1 lays down. Certificates come from
hosts that may lie, so everything that is not plain raises ValueError, and nothing is trusted to
be shorter, older or deeper than it says. It checks no signature and no chain.

    Certificate     SEQUENCE { tbsCertificate, signatureAlgorithm, signatureValue }
    tbsCertificate  SEQUENCE { [0] version, serial, signature, issuer, validity, subject,
                               subjectPublicKeyInfo, ..., [3] extensions }
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

_INTEGER, _BITS, _OCTETS, _OID, _SEQUENCE, _SET = 0x02, 0x03, 0x04, 0x06, 0x30, 0x31
_UTC_TIME, _LONG_TIME, _VERSION, _EXTENSIONS, _BOOLEAN = 0x17, 0x18, 0xA0, 0xA3, 0x01

_COMMON_NAME: Final = "2.5.4.3"
_BASIC_CONSTRAINTS: Final = "2.5.29.19"
_RSA: Final = "1.2.840.113549.1.1"
_KEYS: Final = {
    f"{_RSA}.1": "rsa",
    f"{_RSA}.10": "rsa",
    "1.2.840.10040.4.1": "dsa",
    "1.2.840.10045.2.1": "ec",
    "1.3.101.112": "ed25519",
    "1.3.101.113": "ed448",
}
_FIXED_BITS: Final = {"ed25519": 256, "ed448": 456}
_CURVES: Final = {
    "1.2.840.10045.3.1.1": 192,
    "1.2.840.10045.3.1.7": 256,
    "1.3.132.0.33": 224,
    "1.3.132.0.34": 384,
    "1.3.132.0.35": 521,
    "1.3.132.0.10": 256,
    "1.3.36.3.3.2.8.1.1.7": 256,
    "1.3.36.3.3.2.8.1.1.11": 384,
    "1.3.36.3.3.2.8.1.1.13": 512,
}
_SIGNATURES: Final = {
    f"{_RSA}.2": "md2",
    f"{_RSA}.3": "md4",
    f"{_RSA}.4": "md5",
    f"{_RSA}.5": "sha1",
    "1.3.14.3.2.29": "sha1",
    f"{_RSA}.14": "sha224",
    f"{_RSA}.11": "sha256",
    f"{_RSA}.12": "sha384",
    f"{_RSA}.13": "sha512",
    "1.2.840.10045.4.1": "sha1",
    "1.2.840.10045.4.3.1": "sha224",
    "1.2.840.10045.4.3.2": "sha256",
    "1.2.840.10045.4.3.3": "sha384",
    "1.2.840.10045.4.3.4": "sha512",
    "1.2.840.10040.4.3": "sha1",
    "2.16.840.1.101.3.4.3.1": "sha224",
    "2.16.840.1.101.3.4.3.2": "sha256",
    "1.3.101.112": "sha512",
    "1.3.101.113": "shake256",
}
_PSS: Final = f"{_RSA}.10"
_HASHES: Final = {
    "1.3.14.3.2.26": "sha1",
    "2.16.840.1.101.3.4.2.4": "sha224",
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a certificate says of itself; times are seconds since 1970.

    `key_bits` and `signature_hash` are None for algorithms that are not known here.
    """

    subject: str
    issuer: str
    not_before: int
    not_after: int
    key_type: str
    key_bits: int | None
    signature_hash: str | None
    self_signed: bool
    is_ca: bool


@dataclass(frozen=True, slots=True)
class _Element:
    """One tag, length and content of DER."""

    tag: int
    content: bytes

    def parts(self) -> list["_Element"]:
        return list(_elements(self.content))


def _elements(data: bytes) -> Iterator[_Element]:
    at = 0
    while at < len(data):
        header = data[at : at + 2]
        if len(header) < 2 or header[0] & 0x1F == 0x1F:  # noqa: PLR2004  # tag and length
            raise ValueError("no DER")
        length, at = header[1], at + 2
        if length & 0x80:
            octets = length & 0x7F
            if not 1 <= octets <= 4:  # noqa: PLR2004  # four octets count 4 GiB
                raise ValueError("a length that DER does not have")
            length, at = int.from_bytes(data[at : at + octets]), at + octets
        if at + length > len(data):
            raise ValueError("DER is cut off")
        yield _Element(header[0], data[at : at + length])
        at += length


def _one(data: bytes, tag: int) -> _Element:
    element = next(_elements(data), None)
    if element is None or element.tag != tag:
        raise ValueError(f"no element of type {tag:#x}")
    return element


def _oid(element: _Element) -> str:
    if element.tag != _OID or not element.content:
        raise ValueError("no object identifier")
    first = min(element.content[0] // 40, 2)
    numbers, value = [first, element.content[0] - 40 * first], 0
    for octet in element.content[1:]:
        value = value << 7 | octet & 0x7F
        if not octet & 0x80:
            numbers.append(value)
            value = 0
    return ".".join(map(str, numbers))


def _time(element: _Element) -> int:
    """Read `260101120000Z` (UTCTime, 1950 to 2049) or `20500101120000Z`."""
    text = element.content.decode("ascii")
    if element.tag == _UTC_TIME:
        text = ("19" if text[:2] >= "50" else "20") + text
    elif element.tag != _LONG_TIME:
        raise ValueError("no time")
    when = datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
    return int(when.timestamp())


def _name(element: _Element) -> str:
    """Return the last common name of a distinguished name, or an empty text."""
    found = ""
    for part in element.parts():
        for pair in part.parts():
            kind, value, *_ = pair.parts()
            if _oid(kind) == _COMMON_NAME:
                found = value.content.decode("utf-8", "replace")
    return found


def _key(element: _Element) -> tuple[str, int | None]:
    algorithm, public, *_ = element.parts()
    kind, *parameters = algorithm.parts()
    name = _KEYS.get(_oid(kind), _oid(kind))
    match name:
        case "rsa":
            modulus, *_ = _one(public.content[1:], _SEQUENCE).parts()
            return name, int.from_bytes(modulus.content).bit_length()
        case "dsa" if parameters:
            prime, *_ = parameters[0].parts()
            return name, int.from_bytes(prime.content).bit_length()
        case "ec" if parameters and parameters[0].tag == _OID:
            return name, _CURVES.get(_oid(parameters[0]))
        case _:
            return name, _FIXED_BITS.get(name)


def _signature_hash(element: _Element) -> str | None:
    kind, *parameters = element.parts()
    name = _oid(kind)
    if name != _PSS:
        return _SIGNATURES.get(name)
    if not parameters or not parameters[0].parts():
        return "sha1"  # the default of RSASSA-PSS (RFC 4055)
    first = parameters[0].parts()[0]
    if first.tag != 0xA0:  # noqa: PLR2004  # [0] hashAlgorithm; left out it is the default
        return "sha1"
    algorithm, *_ = _one(first.content, _SEQUENCE).parts()
    return _HASHES.get(_oid(algorithm))


def _is_ca(fields: list[_Element]) -> bool:
    for field in fields:
        if field.tag != _EXTENSIONS:
            continue
        for extension in _one(field.content, _SEQUENCE).parts():
            kind, *rest = extension.parts()
            if _oid(kind) == _BASIC_CONSTRAINTS and rest:
                parts = _one(rest[-1].content, _SEQUENCE).parts()
                return bool(parts) and parts[0].tag == _BOOLEAN and parts[0].content != b"\0"
    return False


def read_certificate(data: bytes) -> Certificate:
    """Read a certificate in DER; raise ValueError where it is none."""
    body, algorithm, *_ = _one(data, _SEQUENCE).parts()
    fields = body.parts()
    if fields and fields[0].tag == _VERSION:
        fields = fields[1:]
    if len(fields) < 6 or algorithm.tag != _SEQUENCE:  # noqa: PLR2004  # as in the docstring
        raise ValueError("no certificate")
    _, _, issuer, validity, subject, key, *rest = fields
    not_before, not_after, *_ = map(_time, validity.parts())
    key_type, key_bits = _key(key)
    return Certificate(
        subject=_name(subject),
        issuer=_name(issuer),
        not_before=not_before,
        not_after=not_after,
        key_type=key_type,
        key_bits=key_bits,
        signature_hash=_signature_hash(algorithm),
        self_signed=issuer.content == subject.content,
        is_ca=_is_ca(rest),
    )
