"""Small parsers of the access probes: against the shell, and against anything a host may send."""

import base64
import sqlite3
import struct
import subprocess
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hipscan.probes.accounts.last_logins import by_database, by_file, last_logins
from hipscan.probes.accounts.root_environment import leaves_of
from hipscan.probes.changers import PathStatus, above, changers

RIGHTS = st.lists(st.sampled_from("rwx"), unique=True).map("".join)
CLAUSES = st.lists(st.tuples(st.sampled_from(["u", "g", "o", "a", "ug", "go"]), RIGHTS), max_size=4)
TABLE = (
    "CREATE TABLE Lastlog2(Name TEXT PRIMARY KEY, Time INTEGER, TTY TEXT, RemoteHost TEXT,"
    " Service TEXT)"
)


def shell(word: str) -> int:
    """Ask a shell which rights a umask leaves."""
    done = subprocess.run(
        ["sh", "-c", 'umask "$1" && umask', "sh", word], capture_output=True, text=True, check=True
    )
    return 0o777 & ~int(done.stdout, 8)


@pytest.mark.parametrize("word", ["0", "022", "0027", "77", "777", "u=rwx,g=rx,o=", "a=rx"])
def test_a_umask_leaves_what_the_shell_says(word: str) -> None:
    assert leaves_of(word) == shell(word)


@given(clauses=CLAUSES)
def test_a_umask_in_words_is_what_the_shell_says_or_not_known(
    clauses: list[tuple[str, str]],
) -> None:
    word = ",".join(f"{who}={rights}" for who, rights in [("a", "r"), *clauses])
    assert leaves_of(word) == shell(word)


@pytest.mark.parametrize("word", ["u=rwx", "g-w", "u+x", "o=", ""])
def test_a_umask_that_changes_the_one_before_is_not_known(word: str) -> None:
    assert leaves_of(word) is None


def database(rows: dict[str, int]) -> str:
    """Make a database of lastlog2, base64."""
    with closing(sqlite3.connect(":memory:")) as made:
        made.execute(TABLE)
        made.executemany("INSERT INTO Lastlog2(Name, Time) VALUES (?, ?)", rows.items())
        made.commit()
        return base64.b64encode(made.serialize()).decode("ascii")


@given(st.dictionaries(st.text("abcdefgh", min_size=1), st.integers(1, 2**40), max_size=30))
def test_last_logins_come_back_from_a_database(rows: dict[str, int]) -> None:
    assert by_database(database(rows)) == ("Lastlog2", rows)
    assert last_logins((), [database(rows)], {}) == (rows, True)


@given(st.integers(0, 50), st.integers(946_684_800, 4_102_444_799), st.sampled_from(["<I", ">I"]))
def test_a_time_of_lastlogs_file_is_that_of_its_account(at: int, when: int, order: str) -> None:
    content = bytes(at * 292) + struct.pack(order, when) + bytes(288)
    numbers = {"root": 0, "ann": 1000 + at, "bob": 1001 + at}
    found = by_file(base64.b64encode(content).decode("ascii"), numbers)
    assert found.keys() == {"ann"}
    assert found["ann"] in {when, int.from_bytes(when.to_bytes(4), "little")}


@pytest.mark.parametrize("text", ["", "?", "AAAA"])
def test_a_file_of_lastlog_that_is_none_says_nothing(text: str) -> None:
    assert by_file(text, {"ann": 1000}) == {}


@given(st.binary(max_size=2000), st.integers(0, 4000))
def test_no_bytes_break_the_reading_of_databases(noise: bytes, at: int) -> None:
    whole = base64.b64decode(database({"ann": 1, "bob": 2}))
    spoilt = whole[:at] + noise + whole[at + len(noise) :]
    for content in (noise, spoilt, whole[:at]):
        found = by_database(base64.b64encode(content).decode("ascii"))
        assert found is None or found[0] in ("Lastlog2", "wtmp")


def test_a_table_that_computes_without_measure_is_refused() -> None:
    with closing(sqlite3.connect(":memory:")) as made:
        made.execute("CREATE TABLE Lastlog2(Name TEXT, Time AS (length(hex(zeroblob(400000000)))))")
        made.execute("INSERT INTO Lastlog2(Name) VALUES ('ann')")
        made.commit()
        content = base64.b64encode(made.serialize()).decode("ascii")
    assert by_database(content) is None


def test_an_empty_group_changes_nothing_and_a_sticky_folder_keeps_what_is_there() -> None:
    status = {
        "/": PathStatus(0o40755, 0, 0, "root", "root"),
        "/tmp": PathStatus(0o41777, 0, 0, "root", "root"),  # noqa: S108  # no file is made
        "/tmp/tool": PathStatus(0o100775, 0, 50, "root", "staff"),  # noqa: S108  # the same
    }
    path = "/tmp/tool"  # noqa: S108  # the same
    assert changers(path, path, status, set()) == []
    assert changers(path, path, status, {50}) == ["group staff: /tmp/tool"]


@given(st.text("/a.\n", max_size=12))
def test_the_way_up_ends_whatever_the_path(path: str) -> None:
    steps = list(above(path))
    assert steps[0] == path
    assert len(steps) <= len(path) + 1
