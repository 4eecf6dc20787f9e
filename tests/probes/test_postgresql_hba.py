"""Lines of pg_hba.conf: how they are split, and what it means that one covers another."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hipscan.probes.databases.postgresql_hba import TYPES, HbaLine, fields, read_hba

NAMES = st.sampled_from(["all", "sales", "joe", "replication", "+staff"])
ADDRESSES = st.sampled_from(
    ["all", "10.0.0.0/8", "10.1.0.0/255.255.0.0", "10.1.2.3/32", "::/0", "2001:db8::/32", "samenet"]
)
LINES = st.builds(
    HbaLine,
    type=st.sampled_from(TYPES[1:]),
    databases=st.lists(NAMES, min_size=1, max_size=2).map(tuple),
    users=st.lists(NAMES, min_size=1, max_size=2).map(tuple),
    address=ADDRESSES,
    method=st.just("md5"),
    options=st.just(()),
    file=st.just("pg_hba.conf"),
    line=st.just(1),
)
CONNECTIONS = st.tuples(
    st.booleans(),
    st.sampled_from(["sales", "joe", "other", "replication"]),
    st.sampled_from(["joe", "+staff", "other"]),
    st.sampled_from(["10.1.2.3", "10.1.9.9", "10.9.9.9", "192.0.2.1", "2001:db8::1", "::1"]),
)


def matches(line: HbaLine, connection: tuple[bool, str, str, str]) -> bool:
    """Decide as the server does, for the few names and addresses of this test."""
    encrypted, database, user, address = connection
    kinds = {"host", "hostnogssenc", "hostssl" if encrypted else "hostnossl"}
    if line.type not in kinds or line.address == "samenet":
        return False
    known = database in line.databases or ("all" in line.databases and database != "replication")
    if not known or not ({user, "all"} & set(line.users)):
        return False
    return line.address == "all" or ipaddress.ip_address(address) in ipaddress.ip_network(
        line.address
    )


@given(LINES, LINES, CONNECTIONS)
def test_a_line_that_covers_another_takes_all_its_connections(
    earlier: HbaLine, later: HbaLine, connection: tuple[bool, str, str, str]
) -> None:
    if earlier.covers(later) and matches(later, connection):
        assert matches(earlier, connection)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("host all,joe  x md5", [("host",), ("all", "joe"), ("x",), ("md5",)]),
        ("local a , b c peer # d", [("local",), ("a", "b"), ("c",), ("peer",)]),
        ('host "my db" "all" x md5', [("host",), ("my db",), ('"all"',), ("x",), ("md5",)]),
        ('x opt="a b"', [("x",), ("opt=a b",)]),
        ("# nothing", []),
        (",", []),
    ],
)
def test_fields(text: str, parts: list[tuple[str, ...]]) -> None:
    assert fields(text) == parts


@given(st.lists(st.text(max_size=40), max_size=5))
def test_any_text_gives_lines(text: list[str]) -> None:
    for line in read_hba(
        "pg_hba.conf", {"pg_hba.conf": [each.replace("\n", " ") for each in text]}
    ):
        assert line.method is None or line.method == line.method.lower()
        assert line.is_remote in (True, False)
        assert line.covers(line) in (True, False)
