"""What `hipscan vulns -f json` prints: an entry a target, source package and CVE."""

import json
from collections.abc import Sequence

from hipscan.cli.vulnerable_text import Seen
from hipscan.model.advisory import Advisory
from hipscan.model.codec import encode


def document(seen: Sequence[Seen]) -> str:
    """Return the list of entries; why a target has none is told on standard error."""
    entries = [_entry(each.target, advisory) for each in seen for advisory in each.found]
    return json.dumps(entries, indent=1) + "\n"


def _entry(target: str, advisory: Advisory) -> dict[str, object]:
    return {
        "target": target,
        "ecosystem": advisory.ecosystem,
        "source": advisory.source,
        "packages": list(advisory.packages),
        "installed": advisory.installed,
        "fixed": advisory.fixed,
        "state": str(advisory.state),
        "advisory": advisory.id,
        "cves": list(advisory.cves),
        "severity": str(advisory.severity or "none"),
        "kev": None if advisory.kev is None else bool(advisory.kev),
        "epss": advisory.epss,
        "published": advisory.published,
        **_placed(advisory),
        **_stated(advisory),
    }


def _placed(advisory: Advisory) -> dict[str, object]:
    """Return where a package of a language is, and what it is a copy in."""
    placed: dict[str, object] = {}
    if advisory.places:
        placed["places"] = list(advisory.places)
    if advisory.inside:
        placed["inside"] = advisory.inside
    return placed


def _stated(advisory: Advisory) -> dict[str, object]:
    """Return what somebody states about it, where somebody does."""
    if not advisory.vex:
        return {}
    justifications = dict.fromkeys(voucher.justification for voucher in advisory.vex)
    return {
        "justification": "; ".join(filter(None, justifications)),
        "why": advisory.why,
        "statements": encode(advisory.vex),
    }
