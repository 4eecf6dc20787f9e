"""Package URLs, held against packageurl-python: what it writes, and what it reads."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packageurl import PackageURL

from hipscan.evidence.purl import Purl, parse

TYPES = st.sampled_from(["deb", "rpm", "apk", "pypi", "npm", "maven", "generic", "golang", "oci"])
WORDS = st.text(
    st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), min_size=1, max_size=8
)
SEGMENTS = WORDS.map(lambda text: text.replace("/", "")).filter(
    lambda text: text not in {"", ".", ".."}
)
KEYS = st.sampled_from(["arch", "distro", "epoch", "upstream", "repository_url"])


@st.composite
def purls(draw: st.DrawFn) -> PackageURL:
    return PackageURL(
        type=draw(TYPES),
        namespace="/".join(draw(st.lists(SEGMENTS, max_size=2))) or None,
        name=draw(SEGMENTS),
        version=draw(st.none() | SEGMENTS),  # packageurl leaves / in a version as it is
        qualifiers=draw(st.dictionaries(KEYS, WORDS, max_size=3)),
        subpath="/".join(draw(st.lists(SEGMENTS, max_size=2))) or None,
    )


def _as_ours(purl: PackageURL) -> Purl:
    return Purl(
        type=purl.type,
        name=purl.name,
        namespace=purl.namespace or "",
        version=purl.version or "",
        qualifiers=dict(purl.qualifiers),
        subpath=purl.subpath or "",
    )


@given(purls())
def test_reads_what_packageurl_writes(purl: PackageURL) -> None:
    assert parse(purl.to_string()) == _as_ours(PackageURL.from_string(purl.to_string()))


@pytest.mark.parametrize(
    "text",
    [
        "pkg:deb/debian/openssl@3.0.11-1~deb12u2?arch=amd64&distro=debian-12",
        "pkg:deb/debian/libstdc%2B%2B6@12.2.0-14%2Bdeb12u1",
        "pkg:deb/debian/libstdc++6@12.2.0-14+deb12u1",
        "pkg:deb/debian/mutt@1%3A2.2",
        "pkg:rpm/fedora/curl@7.50.3-1.fc25?arch=i386&distro=fedora-25",
        "pkg:npm/%40angular/core@17.0.0",
        "pkg:npm/@angular/core@17.0.0",
        "pkg:npm/@angular/core",
        "pkg:maven/org.apache.logging.log4j/log4j-core@2.17.1?type=jar#META-INF",
        "pkg://deb/debian/less",
        "pkg:deb//debian//less@590",
    ],
)
def test_samples(text: str) -> None:
    assert parse(text) == _as_ours(PackageURL.from_string(text))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("deb/debian/less", "does not start with pkg:"),
        ("pkg:", "no type"),
        ("pkg:deb", "no name"),
        ("pkg:deb/debian/less@", "version is empty"),
        ("pkg:deb/debian/less?arch", "'arch' is not KEY=VALUE"),
        ("pkg:deb/debian/less?arch=a&ARCH=b", "'ARCH' twice"),
        ("pkg:deb/debian/less@590/2", "@ before its name"),
        ("pkg:deb/debian/100%", "starts no escape"),
        ("pkg:deb/debian/%ff", "not UTF-8"),
    ],
)
def test_refuses(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse(text)


def test_the_scheme_may_be_in_capitals() -> None:
    assert parse("PKG:DEB/debian/less") == parse("pkg:deb/debian/less")


@given(st.text(max_size=40))
def test_never_fails_otherwise(text: str) -> None:
    with suppress(ValueError):
        assert parse("pkg:" + text).name
