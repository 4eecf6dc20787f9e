"""The grammar of sudoers: how lines are cut up, and that no text makes it run wild."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from hipscan.probes.accounts import accounts
from hipscan.probes.network import sockets
from hipscan.probes.sudo import sudoers
from hipscan.probes.sudo.sudoers_words import items, logical_lines, split, without_comment

DATA = yaml.safe_load((Path(__file__).parent / "sudoers_grammar.yaml").read_text())
HEAD = "Hdb1\nVSudo version 1.9.13\nF/etc/sudoers\n"
WORDS = st.sampled_from(
    [
        *("ann", "%wheel", "ALL", "User_Alias", "Cmnd_Alias", "OPS", "Defaults", "NOPASSWD:"),
        *(
            "=",
            ",",
            ":",
            "!",
            "(",
            ")",
            '"',
            "\\",
            "#",
            " ",
            "\t",
            "/bin/sh",
            "@include",
            "sha224:",
        ),
        *("\n:", "+=", "\u00e9", "@includedir /etc/sudoers", "10.0.0.1", "CWD=/x", "%:x y"),
    ]
)


@pytest.mark.parametrize("case", DATA["items"], ids=lambda case: case["text"])
def test_lists_of_items(case: dict[str, object]) -> None:
    assert [list(found) for found in items(str(case["text"]))] == case["lists"]


@pytest.mark.parametrize("case", DATA["comments"], ids=lambda case: case["text"])
def test_comments(case: dict[str, str]) -> None:
    assert without_comment(case["text"]) == case["rest"]


@pytest.mark.parametrize("case", DATA["lines"], ids=lambda case: str(case["lines"]))
def test_lines_are_joined(case: dict[str, list[object]]) -> None:
    found = logical_lines(tuple(map(str, case["lines"])))
    assert [list(line) for line in found] == case["joined"]


@given(st.text())
def test_split_loses_nothing(text: str) -> None:
    assert "=".join(split(text, "=")) == text


@given(st.lists(WORDS, max_size=60))
def test_any_text_is_read_or_named_as_unread(words: list[str]) -> None:
    try:
        facts = sudoers.parse(f"{HEAD}:{''.join(words)}", 0)
    except ValueError:
        return
    assert set(facts) == {"sudo_grant", "sudo_default", "sudo_setting"}


def hostile(name: str) -> str:
    chain = " : ".join(f"A{n} = A{n + 1}, A{n + 1}" for n in range(40))
    loop = "".join(f"\nF/etc/sudoers.d/{n}\n:@includedir /etc/sudoers.d" for n in range(5))
    answers = {
        "aliases of aliases": f"{HEAD}:User_Alias {chain}\n:A0 ALL = ALL\n",
        "includes of includes": f"{HEAD}:@includedir /etc/sudoers.d{loop}\n",
        "users by commands": HEAD
        + f":{','.join(f'u{n}' for n in range(3000))} ALL = "
        + ",".join("NOPASSWD: /a, PASSWD: /b" for _ in range(3000)),
    }
    return answers[name]


@pytest.mark.parametrize(
    "name", ["aliases of aliases", "includes of includes", "users by commands"]
)
def test_what_grows_without_end_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="more than"):
        sudoers.parse(hostile(name), 0)


def test_keys_of_many_accounts_are_bounded() -> None:
    text = "Pu:x:1:0:/h:/bin/sh:1\n" + "Au:/h\n" * 1000 + "Y/h\n" + "Z1  ssh-rsa AAAA\n" * 1000
    with pytest.raises(ValueError, match="more than"):
        accounts.parse(text, 0)


def test_many_holders_of_a_socket_are_read_once() -> None:
    rows = "".join(f"P1 x{n}\n" for n in range(20000))
    facts = sockets.parse(f"Mx\nStcp 0100007F:0016 0 1\n{rows}E\n", 0)
    assert facts["listening_socket"].records[0]["process"] == "x0"
