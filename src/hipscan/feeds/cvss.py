"""Base scores of CVSS vectors, versions 2.0, 3.0, 3.1 and 4.0, by FIRST's specifications.

    AV:N/AC:L/Au:N/C:P/I:P/A:P                                           2.0     7.5
    CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H                         3.1     9.8
    CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N      4.0     9.3

Only what the vendor says of the vulnerability itself counts: threat and environmental metrics in a
vector are left out.
"""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from math import floor
from typing import Final

from hipscan.feeds import cvss4
from hipscan.model.finding import Severity

_V2: Final[Mapping[str, Mapping[str, float]]] = {
    "AV": {"L": 0.395, "A": 0.646, "N": 1.0},
    "AC": {"H": 0.35, "M": 0.61, "L": 0.71},
    "Au": {"M": 0.45, "S": 0.56, "N": 0.704},
    "C": {"N": 0.0, "P": 0.275, "C": 0.660},
    "I": {"N": 0.0, "P": 0.275, "C": 0.660},
    "A": {"N": 0.0, "P": 0.275, "C": 0.660},
}
_V3: Final[Mapping[str, Mapping[str, float]]] = {
    "AV": {"N": 0.85, "A": 0.62, "L": 0.55, "P": 0.2},
    "AC": {"L": 0.77, "H": 0.44},
    "PR": {"N": 0.85, "L": 0.62, "H": 0.27},
    "UI": {"N": 0.85, "R": 0.62},
    "S": {"U": 6.42, "C": 7.52},
    "C": {"H": 0.56, "L": 0.22, "N": 0.0},
    "I": {"H": 0.56, "L": 0.22, "N": 0.0},
    "A": {"H": 0.56, "L": 0.22, "N": 0.0},
}
_PRIVILEGES_CHANGED: Final = {"N": 0.85, "L": 0.68, "H": 0.5}
_BANDS: Final = (
    (9.0, Severity.CRITICAL),
    (7.0, Severity.HIGH),
    (4.0, Severity.MEDIUM),
    (0.1, Severity.LOW),
)


def score(vector: str) -> float:
    """Return the base score of `vector`, 0.0 to 10.0; raise ValueError for what is no vector."""
    head, _, rest = vector.partition("/")
    match head:
        case "CVSS:4.0":
            return cvss4.score(_metrics(rest))
        case "CVSS:3.1" | "CVSS:3.0":
            return _score_3(_metrics(rest))
        case _:
            return _score_2(_metrics(vector.strip("()")))


def severity(value: float) -> Severity:
    """Return the severity of a score, by the bands of version 3.1; 0.0 is info."""
    return next((severity for least, severity in _BANDS if value >= least), Severity.INFO)


def _metrics(text: str) -> dict[str, str]:
    pairs = [part.partition(":") for part in text.split("/")]
    metrics = {name: value for name, _, value in pairs}
    if len(metrics) != len(pairs) or not all(metrics.values()):
        raise ValueError(f"{text[:80]!r} is no vector of CVSS")
    return metrics


def _weights(
    table: Mapping[str, Mapping[str, float]], metrics: Mapping[str, str]
) -> dict[str, float]:
    try:
        return {name: values[metrics[name]] for name, values in table.items()}
    except KeyError as error:
        raise ValueError(f"the vector lacks a metric, or a value is unknown: {error}") from None


def _score_2(metrics: Mapping[str, str]) -> float:
    weight = _weights(_V2, metrics)
    impact = 10.41 * (1 - (1 - weight["C"]) * (1 - weight["I"]) * (1 - weight["A"]))
    exploitability = 20 * weight["AV"] * weight["AC"] * weight["Au"]
    factor = 1.176 if impact else 0
    raw = (0.6 * impact + 0.4 * exploitability - 1.5) * factor
    return float(Decimal(str(raw)).quantize(Decimal("0.1"), ROUND_HALF_UP))


def _score_3(metrics: Mapping[str, str]) -> float:
    weight = _weights(_V3, metrics)
    is_changed = metrics["S"] == "C"
    base = 1 - (1 - weight["C"]) * (1 - weight["I"]) * (1 - weight["A"])
    impact = weight["S"] * base
    if is_changed:
        impact = 7.52 * (base - 0.029) - 3.25 * (base - 0.02) ** 15
        weight["PR"] = _PRIVILEGES_CHANGED[metrics["PR"]]
    if impact <= 0:
        return 0.0
    exploitability = 8.22 * weight["AV"] * weight["AC"] * weight["PR"] * weight["UI"]
    return _round_up(min((impact + exploitability) * (1.08 if is_changed else 1), 10))


def _round_up(value: float) -> float:
    """Round up to one place, as appendix A of version 3.1 has it, free of float's noise."""
    whole = round(value * 100_000)
    return whole / 100_000 if whole % 10_000 == 0 else (floor(whole / 10_000) + 1) / 10
