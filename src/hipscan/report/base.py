"""What a report format is: a function from a Report to pieces of text, streamed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from hipscan.model.finding import Severity
from hipscan.model.report import Report


@dataclass(frozen=True, slots=True)
class View:
    """How a person wants to see it. Machine formats take no notice of it.

    `least` is the lowest severity that is shown; `width` in columns, 0 for the terminal's own;
    `next_command` the command to suggest at the end.
    """

    least: Severity = Severity.INFO
    color: bool = False
    width: int = 0
    next_command: str = ""


Reporter = Callable[[Report, View], Iterator[str]]
