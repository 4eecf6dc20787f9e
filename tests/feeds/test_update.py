"""Downloads, from a server that does not always behave; nothing that it does harms the index."""

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from hipscan.errors import UsageError
from hipscan.feeds import schema, table
from hipscan.feeds.fetch import Limits
from hipscan.feeds.updating import Updated, address, names, update
from tests.feeds import making
from tests.feeds.server import Served, serving
from tests.feeds.test_index import cves, feeds, record

_FAST: Final = Limits(size=300_000, seconds=3, connect=2, silence=0.5, attempts=2, pause=0)
_BAD: Final = ("tampered", "truncated", "missing", "circle", "silent", "trickle", "endless")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the folder of an index with one record about Debian."""
    old = record("DEBIAN-CVE-2024-1000", modified="2026-11-01T00:00:00Z")
    making.import_into(tmp_path / "feeds", making.write_zip(tmp_path / "old.zip", [old]))
    return tmp_path / "feeds"


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """Serve a newer zip about Debian."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    records = [record(f"DEBIAN-CVE-2024-{n}") for n in (1001, 1002)]
    content = making.write_zip(tmp_path / "new.zip", records).read_bytes()
    with serving(content) as found:
        yield found


def _update(folder: Path, served: Served, way: str, *wanted: str) -> list[Updated]:
    mirrors = {"osv": f"{served.url}/{way}/{{name}}", "kev": f"{served.url}/{way}/kev"}
    return update(wanted or ("osv:Debian",), folder, mirrors, limits=_FAST)


@pytest.mark.parametrize("way", ["good", "moved", "busy", "interrupted"])
def test_imports_what_arrives_whole(folder: Path, served: Served, way: str) -> None:
    (result,) = _update(folder, served, way)
    assert result.error is None
    assert cves(folder) == ["CVE-2024-1001", "CVE-2024-1002"]
    feed = feeds(folder)["osv:Debian"]
    assert feed.dated.startswith("2026-11-20")
    assert feed.source == f"{served.url}/{way}/Debian"


@pytest.mark.parametrize("way", _BAD)
def test_keeps_the_last_good_index(folder: Path, served: Served, way: str) -> None:
    before = hashlib.sha256((folder / schema.FILE_NAME).read_bytes()).digest()
    (result,) = _update(folder, served, way)
    assert result.error is not None
    assert result.error.message.startswith(served.url)
    assert hashlib.sha256((folder / schema.FILE_NAME).read_bytes()).digest() == before


def test_asks_only_for_what_has_changed(folder: Path, served: Served) -> None:
    _update(folder, served, "good")
    (result,) = _update(folder, served, "good")
    assert (result.imported, result.error) == (None, None)
    assert served.headers[-1]["if-none-match"] == '"1"'
    served.etag = '"2"'
    (result,) = _update(folder, served, "good")
    assert result.imported is not None


def test_gets_a_list_without_a_date_again_where_it_is_old(folder: Path, served: Served) -> None:
    served.content = b"version,codename,series,created,release,eol,eol-lts\n12,B,b,2021,2023,\n"
    mirrors = {"releases": f"{served.url}/good/{{name}}"}
    first, again = (update(("releases:debian",), folder, mirrors, limits=_FAST) for _ in range(2))
    assert (first[0].imported is None, again[0].imported) == (False, None)
    with closing(sqlite3.connect(folder / schema.FILE_NAME)) as index, index:
        index.execute("UPDATE feed SET dated = '2025-01-01T00:00:00+00:00', newest = dated")
    (result,) = update(("releases:debian",), folder, mirrors, limits=_FAST)
    assert result.imported is not None


def test_asks_for_all_where_the_index_was_lost(folder: Path, served: Served) -> None:
    _update(folder, served, "good")
    (folder / schema.FILE_NAME).unlink()
    (result,) = _update(folder, served, "good")
    assert result.imported is not None


def test_takes_up_where_it_was_interrupted(folder: Path, served: Served) -> None:
    _update(folder, served, "interrupted")
    half = len(served.content) // 2
    assert served.headers[-1]["range"] == f"bytes={half}-"
    assert served.headers[-1]["if-range"] == '"1"'


def test_one_that_fails_does_not_keep_the_others_out(folder: Path, served: Served) -> None:
    mirrors = {"osv": f"{served.url}/good/{{name}}", "kev": f"{served.url}/missing"}
    results = update(("kev", "osv:Debian"), folder, mirrors, limits=_FAST)
    assert [result.error is None for result in results] == [False, True]


def test_another_feed_than_asked_for_is_refused(folder: Path, served: Served) -> None:
    (result,) = _update(folder, served, "good", "osv:Ubuntu")
    assert result.error is not None
    assert "is not osv:Ubuntu, but osv:Debian" in result.error.message
    assert cves(folder) == ["CVE-2024-1000"]


def test_nobody_there(folder: Path, served: Served) -> None:
    mirrors = {"osv": "http://127.0.0.1:9/{name}"}
    (result,) = update(("osv:Debian",), folder, mirrors, limits=_FAST)
    assert result.error is not None
    assert "no connection" in result.error.message
    assert served.headers == []


def test_goes_through_the_proxy_of_the_environment(
    folder: Path, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", served.url)
    monkeypatch.setenv("no_proxy", "")
    mirrors = {"osv": "http://osv.example/good/{name}"}
    (result,) = update(("osv:Debian",), folder, mirrors, limits=_FAST)
    # As a proxy, the server sees the whole address, and has no way of that name.
    assert result.error is not None
    assert served.headers[0]["host"] == "osv.example"


def test_names(folder: Path, tmp_path: Path) -> None:
    assert names(("debian", "KEV", "osv:debian"), folder) == ("osv:Debian", "kev")
    assert names((), folder) == ("osv:Debian", "kev", "epss")
    assert names((), tmp_path / "nothing") == table.DEFAULT
    with pytest.raises(UsageError, match="no feed is called"):
        names(("debain",), folder)


def test_addresses() -> None:
    base = "https://storage.googleapis.com/osv-vulnerabilities"
    assert address("osv:Rocky Linux", {}) == f"{base}/Rocky%20Linux/all.zip"
    assert address("osv:npm", {"osv": "https://mirror/{name}.zip"}) == "https://mirror/npm.zip"
