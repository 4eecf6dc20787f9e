"""The reference is that of the code, and its links lead somewhere."""

import re

from tests import reference

_LINK = re.compile(r"\]\(([^)#: ]+\.md)\)")


def test_the_pages_are_those_of_the_code() -> None:
    assert reference.differing(reference.pages()) == [], "make docs"


def test_every_link_leads_to_a_page() -> None:
    broken = [
        (name, link)
        for name, text in reference.pages().items()
        for link in _LINK.findall(text)
        if not (reference.FOLDER / name).parent.joinpath(link).resolve().is_file()
    ]
    assert broken == []
