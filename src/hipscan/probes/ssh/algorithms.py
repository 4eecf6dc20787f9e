"""Grades for SSH algorithms and for keys: one table that the sshd and the key probes share.

Grades follow RFC 9142 (key exchange), SP 800-131A (sizes and hashes), the release notes of
OpenSSH and, where those say nothing, ssh-audit. NIST curves and methods without quantum
protection are sound here, which is where ssh-audit is stricter. `fips` says whether the algorithm
is on NIST's list (SP 800-56A, SP 800-38D, FIPS 186-5, 203 and 204), not that a validated module
runs.

Each line of a table: name | grade | severity when it is offered | fips | reason.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """What an algorithm of SSH does."""

    KEX = "kex"
    HOSTKEY = "hostkey"
    CIPHER = "cipher"
    MAC = "mac"


class Grade(StrEnum):
    """How far an algorithm or a key can be relied on."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The grade of one algorithm or key.

    `severity` is what offering it amounts to; `fips` is yes, partly or no.
    """

    grade: Grade
    severity: str
    reason: str
    fips: str = "no"


_KEX: Final = """
mlkem768x25519-sha256|ok|info|partly|post-quantum hybrid of ML-KEM-768 and X25519
mlkem768nistp256-sha256|ok|info|yes|post-quantum hybrid of ML-KEM-768 and P-256
mlkem1024nistp384-sha384|ok|info|yes|post-quantum hybrid of ML-KEM-1024 and P-384
sntrup761x25519-sha512|ok|info|no|post-quantum hybrid of NTRU Prime and X25519
sntrup761x25519-sha512@openssh.com|ok|info|no|post-quantum hybrid of NTRU Prime and X25519
sntrup4591761x25519-sha512@tinyssh.org|warn|low|no|an experiment that OpenSSH 8.5 replaced
curve25519-sha256|ok|info|no|X25519
curve25519-sha256@libssh.org|ok|info|no|X25519 under its first name
curve448-sha512|ok|info|no|X448
ecdh-sha2-nistp256|ok|info|yes|P-256
ecdh-sha2-nistp384|ok|info|yes|P-384
ecdh-sha2-nistp521|ok|info|yes|P-521
diffie-hellman-group14-sha256|warn|low|yes|a 2048-bit group gives only 112 bits of strength
diffie-hellman-group15-sha512|ok|info|yes|a 3072-bit group
diffie-hellman-group16-sha512|ok|info|yes|a 4096-bit group
diffie-hellman-group17-sha512|ok|info|yes|a 6144-bit group
diffie-hellman-group18-sha512|ok|info|yes|an 8192-bit group
diffie-hellman-group-exchange-sha256|ok|info|partly|as strong as the groups in the moduli file
diffie-hellman-group14-sha1|fail|medium|partly|rests on SHA-1
diffie-hellman-group-exchange-sha1|fail|medium|no|SHA-1, and a peer can ask for small groups
diffie-hellman-group1-sha1|fail|high|no|a 1024-bit group that a large attacker can break (Logjam)
diffie-hellman-group1-sha256|fail|high|no|a 1024-bit group that a large attacker can break (Logjam)
rsa2048-sha256|warn|low|partly|no forward secrecy: the key's loss opens recorded sessions
rsa1024-sha1|fail|high|no|a 1024-bit RSA key and SHA-1
ecdh-sha2-nistp224|fail|medium|partly|a curve below 128 bits of strength
ecdh-sha2-nistp192|fail|high|no|a curve that is too small
ecdh-sha2-nistk163|fail|high|no|a curve that is too small
ecdh-sha2-nistb233|fail|medium|no|a small binary curve
ecmqv-sha2|warn|low|no|hardly used and hardly studied
gss-curve25519-sha256-*|ok|info|no|Kerberos with X25519
gss-nistp256-sha256-*|ok|info|yes|Kerberos with P-256
gss-nistp384-sha384-*|ok|info|yes|Kerberos with P-384
gss-nistp521-sha512-*|ok|info|yes|Kerberos with P-521
gss-group15-sha512-*|ok|info|yes|Kerberos with a 3072-bit group
gss-group16-sha512-*|ok|info|yes|Kerberos with a 4096-bit group
gss-group17-sha512-*|ok|info|yes|Kerberos with a 6144-bit group
gss-group18-sha512-*|ok|info|yes|Kerberos with an 8192-bit group
gss-group14-sha256-*|warn|low|yes|Kerberos with a 2048-bit group, 112 bits of strength
gss-group14-sha1-*|fail|medium|no|Kerberos resting on SHA-1
gss-gex-sha1-*|fail|medium|no|Kerberos resting on SHA-1, and a peer can ask for small groups
gss-group1-sha1-*|fail|high|no|Kerberos with a 1024-bit group
sm2kep-sha2-nistp256|fail|medium|no|no public standard that NIST or the IETF reviewed
"""

_HOSTKEY: Final = """
ssh-ed25519|ok|info|yes|Ed25519
sk-ssh-ed25519@openssh.com|ok|info|yes|Ed25519 in a hardware token
rsa-sha2-512|ok|info|yes|RSA with SHA-512; the key's size is judged apart
rsa-sha2-256|ok|info|yes|RSA with SHA-256; the key's size is judged apart
ecdsa-sha2-nistp256|ok|info|yes|ECDSA on P-256
ecdsa-sha2-nistp384|ok|info|yes|ECDSA on P-384
ecdsa-sha2-nistp521|ok|info|yes|ECDSA on P-521
sk-ecdsa-sha2-nistp256@openssh.com|ok|info|yes|ECDSA in a hardware token
webauthn-sk-ecdsa-sha2-nistp256@openssh.com|ok|info|yes|ECDSA in a hardware token, by a browser
ssh-ed448|ok|info|yes|Ed448
ssh-mldsa44-ed25519|ok|info|yes|post-quantum hybrid of ML-DSA-44 and Ed25519
ssh-rsa|fail|medium|no|RSA signatures over SHA-1, off by default since OpenSSH 8.8
ssh-dss|fail|high|no|1024-bit DSA over SHA-1, gone from OpenSSH 10.0
ecdsa-sha2-nistp224|fail|medium|partly|a curve below 128 bits of strength
ecdsa-sha2-nistp192|fail|high|no|a curve that is too small
ssh-rsa1|fail|critical|no|a key of protocol 1
null|fail|critical|no|the server proves nothing about itself
"""

_CIPHER: Final = """
aes256-gcm@openssh.com|ok|info|yes|authenticated encryption
aes128-gcm@openssh.com|ok|info|yes|authenticated encryption
chacha20-poly1305@openssh.com|ok|info|no|authenticated encryption, given strict key exchange
aes256-ctr|ok|info|yes|counter mode
aes192-ctr|ok|info|yes|counter mode
aes128-ctr|ok|info|yes|counter mode
aes256-cbc|warn|low|yes|CBC mode can leak plaintext to an active attacker
aes192-cbc|warn|low|yes|CBC mode can leak plaintext to an active attacker
aes128-cbc|warn|low|yes|CBC mode can leak plaintext to an active attacker
rijndael-cbc@lysator.liu.se|fail|medium|no|a name of AES in CBC mode that nothing current uses
camellia256-ctr|warn|low|no|sound, but not on NIST's list
camellia256-cbc|warn|low|no|CBC mode, and not on NIST's list
twofish256-ctr|warn|low|no|hardly used, and not on NIST's list
3des-ctr|fail|high|no|64-bit blocks; NIST ended triple DES for encryption in 2023
3des-cbc|fail|high|no|64-bit blocks (Sweet32); NIST ended triple DES for encryption in 2023
blowfish-cbc|fail|high|no|64-bit blocks
cast128-cbc|fail|high|no|64-bit blocks
idea-cbc|fail|high|no|64-bit blocks
seed-cbc@ssh.com|fail|medium|no|out of use
serpent256-cbc|fail|medium|no|hardly used, in CBC mode
arcfour256|fail|high|no|RC4, whose key stream is biased
arcfour128|fail|high|no|RC4, whose key stream is biased
arcfour|fail|high|no|RC4, whose key stream is biased
des-cbc|fail|high|no|a 56-bit key
none|fail|critical|no|no encryption at all
"""

_MAC: Final = """
hmac-sha2-512-etm@openssh.com|ok|info|yes|the tag covers the ciphertext
hmac-sha2-256-etm@openssh.com|ok|info|yes|the tag covers the ciphertext
umac-128-etm@openssh.com|ok|info|no|the tag covers the ciphertext
hmac-sha2-512|warn|info|yes|a strong hash, but the tag covers the plaintext
hmac-sha2-256|warn|info|yes|a strong hash, but the tag covers the plaintext
umac-128@openssh.com|warn|info|no|the tag covers the plaintext
umac-64-etm@openssh.com|warn|low|no|a tag of only 64 bits
umac-64@openssh.com|warn|low|no|a tag of only 64 bits, over the plaintext
hmac-sha1-etm@openssh.com|warn|low|yes|SHA-1, which NIST retires from HMAC after 2030
hmac-sha1|warn|low|yes|SHA-1, which NIST retires from HMAC after 2030, over the plaintext
hmac-sha1-96|fail|medium|no|SHA-1 cut to 96 bits
hmac-sha1-96-etm@openssh.com|fail|medium|no|SHA-1 cut to 96 bits
hmac-ripemd160|fail|medium|no|a hash that is out of use
hmac-ripemd160@openssh.com|fail|medium|no|a hash that is out of use
hmac-ripemd160-etm@openssh.com|fail|medium|no|a hash that is out of use
hmac-md5|fail|medium|no|MD5, a broken hash
hmac-md5-etm@openssh.com|fail|medium|no|MD5, a broken hash
hmac-md5-96|fail|medium|no|MD5, a broken hash, cut to 96 bits
hmac-md5-96-etm@openssh.com|fail|medium|no|MD5, a broken hash, cut to 96 bits
none|fail|critical|no|nothing guards the data against change
"""

# Names in lists of algorithms that announce an extension and choose nothing.
ANNOUNCEMENTS: Final = frozenset(
    {
        "ext-info-c",
        "ext-info-s",
        "kex-strict-c-v00@openssh.com",
        "kex-strict-s-v00@openssh.com",
        "kexguess2@matt.ucc.asn.au",
    }
)

_SMELLS: Final = re.compile(
    r"-sha1(?:$|-|@)|-md5|-96(?:$|-|@)|(?:^|[-\d])des|arcfour|cast|blowfish"
)
_CERTIFICATE: Final = re.compile(r"-cert(?:-v\d\d@openssh\.com)?$")
_GSS_TAIL: Final = re.compile(r"^(gss-.+-sha\d+-)[^-]*$")


def _read(table: str) -> Mapping[str, Verdict]:
    rows = (line.split("|") for line in table.strip().splitlines())
    return {
        name: Verdict(Grade(grade), severity, reason, fips)
        for name, grade, severity, fips, reason in rows
    }


TABLES: Final[Mapping[Kind, Mapping[str, Verdict]]] = {
    Kind.KEX: _read(_KEX),
    Kind.HOSTKEY: _read(_HOSTKEY),
    Kind.CIPHER: _read(_CIPHER),
    Kind.MAC: _read(_MAC),
}

MEDIUM_RSA: Final = 2048
STRONG_RSA: Final = 3072
STRONG_EC: Final = 256
_USABLE_EC: Final = 224

_BAD_HASHES: Final = frozenset({"md2", "md4", "md5", "sha1"})


def grade_algorithm(kind: Kind, name: str) -> Verdict:
    """Return the verdict on one name from an SSH algorithm list.

    A certificate's algorithm counts as that of the key inside, and the tail of a GSSAPI method,
    which names a mechanism, is passed over. A name that the table does not know is a warning,
    or a fail where it says itself what it is made of.
    """
    table = TABLES[kind]
    for candidate in _names(name):
        if candidate in table:
            return table[candidate]
    if _SMELLS.search(name):
        return Verdict(Grade.FAIL, "medium", "its name tells of a broken hash or cipher")
    return Verdict(Grade.WARN, "low", "hipscan does not know this algorithm")


def _names(name: str) -> tuple[str, ...]:
    return (
        name,
        _CERTIFICATE.sub("", name),
        _CERTIFICATE.sub("@openssh.com", name),
        _GSS_TAIL.sub(r"\1*", name),
    )


def grade_key(kind: str, bits: int | None) -> Verdict:
    """Return the verdict on a key by its kind (rsa, dsa, ec, ed25519, ...) and size in bits.

    SP 800-131A sets the floor of 2048 bits for RSA; below 3072 a key has 112 bits of strength.
    """
    match kind:
        case "ed25519" | "ed448" | "mldsa44-ed25519":
            return Verdict(Grade.OK, "info", "a modern signature key", "yes")
        case "dsa":
            return Verdict(Grade.FAIL, "high", "DSA may no longer be used for signatures")
        case "rsa" | "ec" if bits is None:
            return Verdict(Grade.WARN, "low", "the size is not known")
        case "rsa":
            return _grade_rsa(bits or 0)
        case "ec":
            return _grade_ec(bits or 0)
        case _:
            return Verdict(Grade.WARN, "low", "hipscan does not know this kind of key")


def _grade_rsa(bits: int) -> Verdict:
    if bits < MEDIUM_RSA:
        return Verdict(Grade.FAIL, "high", f"{bits} bits of RSA can be broken")
    if bits < STRONG_RSA:
        return Verdict(Grade.WARN, "low", f"{bits} bits of RSA are to be retired by 2030", "yes")
    return Verdict(Grade.OK, "info", "a large RSA key", "yes")


def _grade_ec(bits: int) -> Verdict:
    if bits < _USABLE_EC:
        return Verdict(Grade.FAIL, "high", f"a curve of {bits} bits can be broken")
    if bits < STRONG_EC:
        return Verdict(Grade.WARN, "low", f"a curve of {bits} bits gives 112 bits of strength")
    return Verdict(Grade.OK, "info", "an elliptic curve of good size", "yes")


def grade_signature_hash(name: str) -> Grade:
    """Return the grade of the hash under a certificate's signature, for example sha256."""
    if name.lower().replace("-", "") in _BAD_HASHES:
        return Grade.FAIL
    return Grade.WARN if name.lower().endswith("224") else Grade.OK
