"""How bad a vulnerability is: whose word counts where several speak."""

import pytest

from hipscan.feeds.severity import Said, grade


@pytest.mark.parametrize(
    ("ecosystem", "ratings", "urgencies", "said", "expected"),
    [
        ("Debian:12", [], [], Said(), None),
        ("Debian:12", [], ["low"], Said(), "low"),
        ("Debian:12", [], ["low"], Said(9.8), "critical"),
        ("Debian:12", [], [], Said(5.0), "medium"),
        ("Debian:12", [], [], Said(5.0, epss=0.4), "medium"),
        ("Debian:12", [], [], Said(5.0, epss=0.5), "high"),
        ("Debian:12", [], [], Said(epss=0.9), "high"),
        ("Debian:12", [], [], Said(9.8, epss=0.9), "critical"),
        ("Debian:12", [], [], Said(5.0, is_exploited=True), "critical"),
        ("Debian:12", [], ["unimportant"], Said(9.8, 0.9, is_exploited=True), "info"),
        ("Ubuntu:24.04:LTS", [], ["low"], Said(9.8), "low"),
        ("Ubuntu:24.04:LTS", [], ["negligible"], Said(), "info"),
        ("AlmaLinux:9", ["important", "moderate"], [], Said(9.8), "high"),
        ("AlmaLinux:9", ["low"], [], Said(epss=0.6), "high"),
        ("AlmaLinux:9", ["low"], [], Said(is_exploited=True), "critical"),
    ],
)
def test_whose_word_counts(
    ecosystem: str, ratings: list[str], urgencies: list[str], said: Said, expected: str | None
) -> None:
    assert grade(ecosystem, ratings, urgencies, said) == expected
