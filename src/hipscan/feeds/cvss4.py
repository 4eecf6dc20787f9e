"""Base scores of CVSS 4.0 (FIRST, specification, section 8.2).

A vector falls into a class by five questions (EQ1 to EQ6, two of which go together). Each class
has a score, given by experts, that is the score of the worst vectors in it. How far a vector is
from them, as a part of the way to the next class, is taken off, as a mean over the questions.

For base metrics alone, EQ5 (exploit maturity) is 0, all security requirements are high, and EQ4
is 1 or 2, since only modified metrics can say "safety". So 60 of the 270 scores are in use here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Final

_LEVELS: Final = {
    "AV": "NALP",
    "PR": "NLH",
    "UI": "NPA",
    "AC": "LH",
    "AT": "NP",
    "VC": "HLN",
    "VI": "HLN",
    "VA": "HLN",
    "SC": "HLN",
    "SI": "HLN",
    "SA": "HLN",
}

# Scores by EQ1, EQ2, then EQ3 and EQ6 together, then EQ4 (1 and 2).
_IMPACTS: Final = ("00", "01", "10", "11", "21")
_SCORES: Final = {
    "00": "10.0 9.3  9.6 9.0  9.3 8.8  9.2 8.0  7.9 6.9",
    "01": "9.5 9.2  9.1 8.1  9.2 8.4  8.2 7.0  7.1 6.3",
    "10": "9.4 8.7  8.9 7.5  8.6 7.2  7.6 5.7  6.5 5.3",
    "11": "9.0 7.7  7.7 6.6  7.4 6.1  5.9 5.2  5.8 2.3",
    "20": "8.6 7.0  7.4 5.4  7.2 5.3  5.7 3.6  4.7 2.4",
    "21": "7.3 5.4  5.5 4.3  6.1 4.6  5.1 1.8  2.4 1.0",
}

# The worst vectors of each class, and how many steps it is deep.
_WORST: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "1": {"0": ("NNN",), "1": ("ANN", "NLN", "NNP"), "2": ("PNN", "ALP")},
    "2": {"0": ("LN",), "1": ("HN", "LP")},
    "36": {
        "00": ("HHH",),
        "10": ("LHH", "HLH"),
        "21": ("LLL",),
    },
    "4": {"1": ("HHH",), "2": ("LLL",)},
}
_DEPTH: Final = {
    "1": {"0": 1, "1": 4, "2": 5},
    "2": {"0": 1, "1": 2},
    "36": {"00": 7, "10": 8, "21": 10},
    "4": {"1": 5, "2": 4},
}
_METRICS: Final = {
    "1": ("AV", "PR", "UI"),
    "2": ("AC", "AT"),
    "36": ("VC", "VI", "VA"),
    "4": ("SC", "SI", "SA"),
}
_EPSILON: Final = 1e-6


def _table() -> dict[tuple[str, str, str, str], float]:
    return {
        (entry[0], entry[1], impact, fourth): float(value)
        for entry, values in _SCORES.items()
        for (impact, fourth), value in zip(product(_IMPACTS, "12"), values.split(), strict=True)
    }


_TABLE: Final = _table()


@dataclass(frozen=True, slots=True)
class _Class:
    """The answers to the questions: EQ1, EQ2, EQ3 with EQ6, EQ4."""

    one: str
    two: str
    impact: str
    four: str

    @property
    def score(self) -> float:
        return _TABLE[self.one, self.two, self.impact, self.four]


def score(metrics: Mapping[str, str]) -> float:
    """Return the base score of the metrics of a vector; raise ValueError."""
    wrong = [name for name, values in _LEVELS.items() if metrics.get(name, "?") not in values]
    if wrong:
        raise ValueError(f"the vector has no value, or an unknown one, for {', '.join(wrong)}")
    if all(metrics[name] == "N" for name in (*_METRICS["36"], *_METRICS["4"])):
        return 0.0
    found = _classify(metrics)
    taken = list(_distances(found, metrics))
    taken.append(0.0)  # EQ5: there is always a lower class, and no way to it
    value = found.score - sum(taken) / len(taken)
    return int(min(10.0, max(0.0, value)) * 10 + 0.5 + _EPSILON) / 10


def _classify(metrics: Mapping[str, str]) -> _Class:
    entry = [metrics[name] for name in _METRICS["1"]]
    impact = [metrics[name] for name in _METRICS["36"]]
    if all(value == "N" for value in entry):
        one = "0"
    else:
        one = "1" if "N" in entry and metrics["AV"] != "P" else "2"
    two = "0" if metrics["AC"] == "L" and metrics["AT"] == "N" else "1"
    three = "00" if impact[:2] == ["H", "H"] else "10"
    four = "1" if "H" in (metrics[name] for name in _METRICS["4"]) else "2"
    return _Class(one, two, three if "H" in impact else "21", four)


def _distances(found: _Class, metrics: Mapping[str, str]) -> Iterable[float]:
    """Yield, for each question that has a lower class, what the vector's distance takes off."""
    classes = {"1": found.one, "2": found.two, "36": found.impact, "4": found.four}
    for question, lower in _lower(found).items():
        if lower is not None:
            steps = _steps(question, classes[question], metrics)
            depth = _DEPTH[question][classes[question]]
            yield (found.score - lower) * steps / depth


def _lower(found: _Class) -> dict[str, float | None]:
    """Return the score of the next lower class by each question, None where there is none."""
    one, two = str(int(found.one) + 1), str(int(found.two) + 1)
    impacts = {"00": ("01", "10"), "10": ("11",), "21": ()}[found.impact]
    impact = [_TABLE[found.one, found.two, lower, found.four] for lower in impacts]
    return {
        "1": _TABLE.get((one, found.two, found.impact, found.four)),
        "2": _TABLE.get((found.one, two, found.impact, found.four)),
        "36": max(impact, default=None),
        "4": _TABLE.get((found.one, found.two, found.impact, "2")) if found.four == "1" else None,
    }


def _steps(question: str, answer: str, metrics: Mapping[str, str]) -> int:
    """Return how many steps the vector is below the first worst vector that is not below it."""
    names = _METRICS[question]
    for worst in _WORST[question][answer]:
        steps = [
            _LEVELS[name].index(metrics[name]) - _LEVELS[name].index(value)
            for name, value in zip(names, worst, strict=True)
        ]
        if min(steps) >= 0:
            return sum(steps)
    raise ValueError("the vector is above all vectors of its class")
