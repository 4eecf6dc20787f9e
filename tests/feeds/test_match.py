"""Matching, case by case: records, what is installed, and what has to come out."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.feeds import making

CASES: list[dict[str, Any]] = [
    case
    for path in sorted((Path(__file__).parent / "cases").glob("*.yaml"))
    for case in yaml.safe_load(path.read_text())
]


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_case(case: dict[str, Any], tmp_path: Path) -> None:
    making.import_into(tmp_path / "feeds", making.write_zip(tmp_path / "x.zip", case["records"]))
    if "languages" in case:
        found = making.matched_languages(tmp_path / "feeds", case["languages"])
    else:
        found = making.matched(
            tmp_path / "feeds",
            case["platform"],
            case["packages"],
            case.get("kernel"),
            lists=case.get("lists", ()),
        )
    seen = [
        {name: _plain(getattr(advisory, name)) for name in expected}
        for advisory, expected in zip(found.advisories, case["expect"], strict=False)
    ]
    assert [item.cve for item in found.advisories][len(case["expect"]) :] == []
    assert seen == case["expect"]
    assert sorted(found.unjudged) == case.get("unjudged", [])


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value
