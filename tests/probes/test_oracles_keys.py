"""The certificate reader against OpenSSL's view of the same certificates."""

import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hipscan.probes.tls.der import read_certificate
from hipscan.probes.tls.keys import PROBE
from tests.probes.running import run_probe

pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="no openssl here")

KEYS = {
    "rsa": (("rsa:1024",), ("rsa", 1024)),
    "large rsa": (("rsa:3072",), ("rsa", 3072)),
    "ec": (("ec", "-pkeyopt", "ec_paramgen_curve:P-384"), ("ec", 384)),
    "odd ec": (("ec", "-pkeyopt", "ec_paramgen_curve:secp224r1"), ("ec", 224)),
    "ed25519": (("ed25519",), ("ed25519", 256)),
    "ed448": (("ed448",), ("ed448", 456)),
}


def openssl(*argv: str | Path) -> bytes:
    return subprocess.run(["openssl", *argv], capture_output=True, check=True).stdout


def make(folder: Path, *options: str) -> Path:
    path = folder / "a.pem"
    subject = ("-subj", "/O=Clinic/CN=pacs.example.org", "-days", "30")
    if "-key" not in options:
        options = (*options, "-keyout", str(folder / "a.key"))
    openssl("req", "-x509", "-nodes", "-out", path, *subject, *options)
    return path


@pytest.fixture(scope="module")
def rsa_key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rsa") / "rsa.key"
    openssl("genrsa", "-out", path, "2048")
    return path


def dates(path: Path) -> tuple[int, int]:
    text = openssl("x509", "-in", path, "-noout", "-startdate", "-enddate").decode()
    found = [line.partition("=")[2] for line in text.splitlines()]
    start, end = (datetime.strptime(day, "%b %d %H:%M:%S %Y GMT") for day in found)  # noqa: DTZ007  # GMT, next line
    return int(start.replace(tzinfo=UTC).timestamp()), int(end.replace(tzinfo=UTC).timestamp())


@pytest.mark.parametrize("name", KEYS)
def test_key_and_dates(tmp_path: Path, name: str) -> None:
    options, expected = KEYS[name]
    path = make(tmp_path, "-newkey", *options)
    seen = read_certificate(openssl("x509", "-in", path, "-outform", "DER"))
    assert (seen.key_type, seen.key_bits) == expected
    assert (seen.not_before, seen.not_after) == dates(path)
    assert (seen.subject, seen.self_signed, seen.is_ca) == ("pacs.example.org", True, True)


@pytest.mark.parametrize("digest", ["sha1", "sha224", "sha256", "sha384", "sha512"])
@pytest.mark.parametrize("padding", [(), ("-sigopt", "rsa_padding_mode:pss")], ids=["v1.5", "pss"])
def test_signature_hash(
    tmp_path: Path, rsa_key: Path, digest: str, padding: tuple[str, ...]
) -> None:
    path = make(tmp_path, "-key", str(rsa_key), f"-{digest}", *padding)
    seen = read_certificate(openssl("x509", "-in", path, "-outform", "DER"))
    assert seen.signature_hash == digest


def test_a_leaf_is_no_authority(tmp_path: Path) -> None:
    path = make(tmp_path, "-newkey", "ed25519", "-addext", "basicConstraints=critical,CA:FALSE")
    assert not read_certificate(openssl("x509", "-in", path, "-outform", "DER")).is_ca


def test_damage_is_a_value_error(tmp_path: Path) -> None:
    path = make(tmp_path, "-newkey", "ed25519")
    whole = openssl("x509", "-in", path, "-outform", "DER")
    for end in range(len(whole)):
        with pytest.raises(ValueError, match=r".*"):
            read_certificate(whole[:end])


@given(st.binary(max_size=200))
def test_noise_is_a_value_error(noise: bytes) -> None:
    with pytest.raises(ValueError, match=r".*"):
        read_certificate(noise)


@pytest.mark.parametrize("shell", ["dash", "bash", "mksh"])
def test_no_shell_makes_it_garbled(shell: str) -> None:
    if not shutil.which(shell):
        pytest.skip(f"no {shell} here")
    facts = run_probe(PROBE, shell=shell)
    assert {fact.status.value for fact in facts.values()} <= {"ok", "partial", "denied"}
