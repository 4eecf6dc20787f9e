"""Every format of the made-up runs, compared with the reviewed files in golden/."""

import pytest

from tests.report import golden

_WRITTEN = dict(golden.written())


@pytest.mark.parametrize("name", _WRITTEN)
def test_a_report_is_what_was_reviewed(name: str) -> None:
    assert _WRITTEN[name] == (golden.FOLDER / name).read_text("utf-8"), "see `make golden`"


def test_there_is_no_golden_file_that_nothing_writes() -> None:
    assert {path.name for path in golden.FOLDER.iterdir()} == set(_WRITTEN)
