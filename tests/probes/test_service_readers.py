"""The readers of service configurations, each a dialect of its own, on what hypothesis makes up."""

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from hipscan.probes.addresses import is_loopback
from hipscan.probes.mail.postfix import offered
from hipscan.probes.mail.postfix_conf import expand
from hipscan.probes.sharing.exports import read_exports
from hipscan.probes.sharing.smb_conf import Section, settings
from hipscan.probes.tls.tls_grades import PROTOCOLS
from hipscan.probes.yaml_lines import yaml_settings

NAMES = st.text("abcdefXYZ_", min_size=1, max_size=8)
VALUES = st.text("abc./:0-9 ", min_size=1).map(str.strip).filter(bool)
TREES: st.SearchStrategy[Any] = st.dictionaries(
    NAMES,
    st.recursive(
        st.sampled_from(["true", "10.0.0.1", "/etc/x"]),
        lambda inner: st.dictionaries(NAMES, inner, min_size=1, max_size=3),
        max_leaves=6,
    ),
    min_size=1,
    max_size=4,
)


def flat(tree: dict[str, Any], above: str = "") -> dict[str, str]:
    """Return dotted names and values of nested mappings."""
    found: dict[str, str] = {}
    for key, value in tree.items():
        name = f"{above}{key}"
        found |= flat(value, f"{name}.") if isinstance(value, dict) else {name: value}
    return found


@given(TREES)
def test_nested_mappings_are_read_as_yaml_writes_them(tree: dict[str, Any]) -> None:
    text = yaml.safe_dump(tree, default_flow_style=False, width=1000)
    assert yaml_settings(text.split("\n")) == flat(tree)


@given(st.text(st.characters(blacklist_characters="$\n")))
def test_text_without_names_stands_for_itself(text: str) -> None:
    assert expand(text, {}) == text


@given(st.text(max_size=60), st.dictionaries(NAMES, st.text("$ab{}?: ", max_size=12), max_size=3))
def test_names_end_in_a_value_or_are_refused(text: str, held: dict[str, str]) -> None:
    try:
        assert isinstance(expand(text, held), str)
    except ValueError:
        return


@given(st.lists(st.sampled_from(PROTOCOLS[2:]), unique=True))
def test_excluded_protocols_are_not_offered(without: list[str]) -> None:
    kept = offered(", ".join(f"!{name}" for name in without))
    assert set(kept).isdisjoint(without)
    assert set(kept) | set(without) == set(PROTOCOLS[2:])


@given(st.text("abc/ #", min_size=1), st.lists(st.sampled_from(["10.0.0.1", "@staff", "*"])))
def test_quoted_paths_are_read_back(path: str, clients: list[str]) -> None:
    line = f'"{path}" ' + " ".join(f"{client}(rw,no_root_squash)" for client in clients)
    found = list(read_exports([line]))
    assert {each.path for each in found} == {path}
    assert [each.client for each in found] == (clients or ["*"])


@given(st.text("Guest OK", min_size=1).filter(str.strip), VALUES)
def test_blanks_and_case_do_not_matter_in_names(key: str, value: str) -> None:
    plain = "".join(key.split()).lower()
    ((name, read),) = settings([f"  {key} = {value}  "])
    assert (name, read) == ({"public": "guestok"}.get(plain, plain), value)


def test_a_copy_keeps_what_a_share_says_itself() -> None:
    one = Section("one", {"readonly": "no", "path": "/a"})
    two = Section("two", {"guestok": "yes"})
    two.put("path", "/b")
    two.copy(one)
    assert two.held == {"readonly": "no", "path": "/b"}


@pytest.mark.parametrize(
    ("address", "local"),
    [
        ("127.0.0.1", True),
        ("127.1", True),
        ("[::1]:9200", True),
        ("localhost:2375", True),
        ("::ffff:127.0.0.1", True),
        ("_local_", True),
        ("0.0.0.0", False),  # noqa: S104  # an address to judge, nothing is bound
        ("*", False),
        ("localhost.example.org", False),
        ("1127.0.0.1", False),
        ("", False),
    ],
)
def test_only_the_hosts_own_address_is_the_hosts_own(address: str, *, local: bool) -> None:
    assert is_loopback(address) is local
