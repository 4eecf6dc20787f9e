"""The host's own floor for TLS: OpenSSL's version and configuration, crypto policy, FIPS mode."""

from typing import Final

from hipscan.model.fact import Record, absent, ok
from hipscan.probes.base import Facts, FactSpec, Field, FieldType, Probe, judge_notes, listing
from hipscan.probes.tls.tls_floor import FLOOR, Floor, read_floor

SCRIPT: Final = (
    FLOOR
    + r"""
floor
value=0
read -r value </proc/sys/crypto/fips_enabled  # dash sees one byte and no end of line: enough
printf 'fips %s\n' "${value:-0}"
"""
)

FIELDS: Final = {
    "libraries": Field(FieldType.LIST, "versions of libssl that are installed: 3, 1.1"),
    "policy": Field(FieldType.TEXT, "RHEL's crypto policy: DEFAULT, LEGACY, FIPS; else nothing"),
    "min_protocol": Field(FieldType.TEXT, "MinProtocol of openssl.cnf; nothing where unset"),
    "seclevel": Field(FieldType.INTEGER, "SECLEVEL of openssl.cnf; left out where unset"),
    "old_protocols": Field(
        FieldType.BOOLEAN, "whether the library lets a service use a protocol below TLS 1.2"
    ),
    "lowered": Field(
        FieldType.BOOLEAN, "whether somebody lowered what the library or the policy ships"
    ),
    "fips_enabled": Field(FieldType.BOOLEAN, "whether the kernel runs in FIPS mode"),
    "file": Field(FieldType.TEXT, "the openssl.cnf that was read"),
}

_LOW: Final = ("None", "SSLv3", "TLSv1", "TLSv1.0", "TLSv1.1")


def parse(text: str, _status: int) -> Facts:
    """Parse what `floor` printed and the FIPS flag.

    libssl 3
    F/etc/ssl/openssl.cnf
    :openssl_conf = openssl_init
    fips 0
    """
    read = listing(text)
    if not any(line.startswith("fips ") for line in read.plain):
        raise ValueError("the FIPS flag is missing")
    floor = read_floor(read)
    if not floor.libraries and not floor.file:
        return {"crypto_policy": absent("OpenSSL is not installed")}
    record = _record(floor, fips="fips 1" in read.plain)
    return {"crypto_policy": judge_notes(read.notes, ok(record).records)}


def _record(floor: Floor, *, fips: bool) -> Record:
    legacy = floor.policy.startswith("LEGACY")
    record: Record = {
        "libraries": list(floor.libraries),
        "policy": floor.policy,
        "min_protocol": floor.min_protocol,
        "old_protocols": not floor.stops_old_protocols(),
        "lowered": legacy or floor.level == 0 or floor.min_protocol in _LOW,
        "fips_enabled": fips,
        "file": floor.file,
    }
    return record if floor.level is None else {**record, "seclevel": floor.level}


PROBE: Final = Probe(
    name="crypto_policy",
    facts=(
        FactSpec(
            "crypto_policy", "What the host's OpenSSL allows at the least.", ("file",), FIELDS
        ),
    ),
    script=SCRIPT,
    parse=parse,
)
