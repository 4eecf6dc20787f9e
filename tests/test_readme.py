"""README and docs say what the code does: statuses, commands, options, variables, matchers."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command

from hipscan.cli.app import app
from hipscan.config.schema import ConfigModel
from hipscan.errors import ExitCode
from hipscan.rules.matchers import OPERATORS
from tests import readme

ROOT = readme.ROOT
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_COMMAND = re.compile(r"^ {4}(?:\S*/)?hipscan ([a-z][^#\n|>]*)", re.MULTILINE)
_INLINE = re.compile(r"`hipscan ([a-z][^`]*)`")
_LINK = re.compile(r"\]\(([^)#:]+)\)")
_MENTION = re.compile(r"\b(?:docs/)?[\w/]+\.md\b")


def test_the_table_of_rules_is_that_of_the_pack() -> None:
    assert readme.table_in(readme.README.read_text("utf-8")) == readme.rules_table(), "make docs"


def test_nothing_is_a_placeholder() -> None:
    assert [page.name for page in PAGES if re.search(r"@[A-Z]+@|TODO|FIXME", _text(page))] == []


def test_every_exit_status_is_listed() -> None:
    rows = re.findall(r"^\| ([0-9, ]+) \|", _text(readme.README), re.MULTILINE)
    listed = [int(number) for row in rows for number in row.split(",")]
    assert listed == [int(code) for code in ExitCode]


def _text(page: Path) -> str:
    return page.read_text("utf-8")


def _commands() -> Iterator[tuple[str, str]]:
    for page in PAGES:
        text = _text(page)
        for words in (*_COMMAND.findall(text), *_INLINE.findall(text)):
            yield page.name, words.strip()


@pytest.mark.parametrize(("page", "words"), sorted(set(_commands())))
def test_every_command_and_option_exists(page: str, words: str) -> None:
    command = get_command(app)
    for word in words.split():
        inside = getattr(command, "commands", None)
        if inside is None:
            break
        assert word in inside, page
        command = inside[word]
    known = {name for option in command.params for name in (*option.opts, *option.secondary_opts)}
    used = re.findall(r"(?<![\w-])--?[a-z][a-z-]*", words)
    assert [option for option in used if option not in known | {"--help"}] == [], page


def test_every_command_has_a_row() -> None:
    rows = re.findall(r"^\| `([a-z]+)(?: ([a-z]+)\b)?", _text(ROOT / "docs/cli.md"), re.MULTILINE)
    top = get_command(app)
    names = set(getattr(top, "commands", {}))
    assert names <= {row[0] for row in rows}


def test_every_key_of_the_configuration_is_named() -> None:
    text = _text(ROOT / "docs/cli.md")
    assert [key for key in ConfigModel.model_fields if f"`{key}`" not in text] == []


def test_every_matcher_is_named() -> None:
    text = _text(ROOT / "docs/rules.md")
    assert [name for name in OPERATORS if f"`{name}:" not in text] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_is_referred_to_is_there(page: Path) -> None:
    links = [page.parent / link for link in _LINK.findall(_text(page))]
    mentions = [ROOT / name for name in _MENTION.findall(_text(page)) if "/" in name]
    assert [path for path in (*links, *mentions) if not path.exists()] == []
