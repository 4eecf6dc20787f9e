"""Cipher strings by words, with an OpenSSL that enforces a level and one that does not."""

import shutil
import subprocess

import pytest

from hipscan.probes.tls.tls_floor import Floor
from hipscan.probes.tls.tls_grades import (
    old_protocols,
    severity,
    unapproved_families,
    weak_families,
)

OLD = Floor(libraries=("1.1",))
NEW = Floor(libraries=("3",))


@pytest.mark.parametrize(
    ("ciphers", "old", "new"),
    [
        ("HIGH:!aNULL:!MD5", [], []),
        ("HIGH", ["anonymous"], []),
        ("HIGH:!aNULL", [], []),
        ("ALL:!ADH:!EXPORT:RC4+RSA:+HIGH", ["3DES", "IDEA", "RC4", "SEED"], ["RC4"]),
        ("'ECDHE-RSA-AES128-GCM-SHA256:DES-CBC3-SHA'", ["3DES"], ["3DES"]),
        ("ECDHE-RSA-DES-CBC3-SHA:!3DES", [], []),
        ("RC4-MD5:-RC4:AES128-SHA", ["MD5"], ["MD5"]),
        ("ECDHE-ECDSA-AES128-GCM-SHA256:DHE-RSA-CHACHA20-POLY1305", [], []),
        ("HIGH:@SECLEVEL=0", ["anonymous"], ["anonymous"]),
        ("ADH-AES256-SHA:NULL-SHA256", ["anonymous", "null"], ["anonymous", "null"]),
        ("PROFILE=SYSTEM", [], []),
        ("", [], []),
    ],
)
def test_weak_families(ciphers: str, old: list[str], new: list[str]) -> None:
    assert weak_families(ciphers, OLD) == old
    assert weak_families(ciphers, NEW) == new


UNAPPROVED = {
    "": ["CHACHA20"],
    "DEFAULT": ["CHACHA20"],
    "DEFAULT:!CHACHA20": [],
    "HIGH:!aNULL:!MD5": ["ARIA", "CAMELLIA", "CHACHA20"],
    "HIGH:!CHACHA20:!CAMELLIA:!ARIA": [],
    "HIGH:-CAMELLIA:!ARIA": ["CHACHA20"],
    "EECDH+AESGCM:EDH+AESGCM": [],
    "EECDH": ["ARIA", "CAMELLIA", "CHACHA20"],
    "AES256:+kRSA": [],
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-CHACHA20-POLY1305": ["CHACHA20"],
    "ECDHE-RSA-CAMELLIA256-SHA384": ["CAMELLIA"],
    "FIPS:!aNULL": [],
}


@pytest.mark.parametrize(("ciphers", "families"), UNAPPROVED.items())
def test_unapproved_families(ciphers: str, families: list[str]) -> None:
    assert unapproved_families(ciphers, NEW) == families
    assert unapproved_families(ciphers, Floor(libraries=("3",), policy="FIPS")) == []


@pytest.mark.skipif(not shutil.which("openssl"), reason="no openssl here")
@pytest.mark.parametrize(("ciphers", "families"), UNAPPROVED.items())
def test_openssl_lets_in_the_same_families(ciphers: str, families: list[str]) -> None:
    words = ["openssl", "ciphers", "-s", "-tls1_2", ciphers or "DEFAULT"]
    suites = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    assert [name for name in ("ARIA", "CAMELLIA", "CHACHA20") if name in suites] == families


def test_unapproved_families_hold_the_weak_ones() -> None:
    assert unapproved_families("AES128-SHA:RC4-SHA", NEW) == ["RC4"]


def test_old_protocols_weigh_less_where_the_library_refuses_them() -> None:
    shipped = ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"]
    assert old_protocols(shipped) == ["TLSv1", "TLSv1.1"]
    assert severity(shipped, "HIGH:!aNULL", NEW) == "low"
    assert severity(shipped, "HIGH:!aNULL", OLD) == "high"
    assert severity(shipped, "DEFAULT@SECLEVEL=0", NEW) == "high"
    assert severity(shipped, "", Floor()) == "high"
    assert severity(["TLSv1.2"], "", OLD) == "info"
