"""Verdicts that rest on other verdicts: standards on specifications, crosswalks on a catalogue."""

from collections.abc import Mapping, Sequence
from typing import Final

from hipscan.frameworks.catalogue import Control, Evidence
from hipscan.model.report import ControlStatus

Verdict = tuple[ControlStatus, str]

_ATTESTED: Final = "only people can attest it; no host can show it"
HOSTS_PART: Final = "the hosts' part holds; the rest needs an attestation"
_DECIDED: Final = frozenset({ControlStatus.NOT_SATISFIED, ControlStatus.PARTIAL})
_SOME: Final = frozenset({ControlStatus.SATISFIED, ControlStatus.PARTIAL})


def with_specifications(
    standard: Control, own: Verdict, beneath: Sequence[tuple[Control, ControlStatus]]
) -> Verdict:
    """Return the verdict on a standard, given its own and those on its specifications.

    A specification that is not satisfied decides, an addressable one too: it is met by an equal
    measure or a written reason, which no scan sees. One that is not known whole leaves the
    standard in part. A standard that only people can attest stays open where nothing fails.
    """
    status, reason = own
    failing = [control for control, found in beneath if found is ControlStatus.NOT_SATISFIED]
    if failing and status is not ControlStatus.NOT_SATISFIED:
        return ControlStatus.NOT_SATISFIED, f"beneath it, {_listed(failing)} not satisfied"
    is_begun = status in _SOME or any(found in _SOME for _, found in beneath)
    is_open = standard.evidence is not Evidence.ATTESTATION and is_begun
    if not is_open or status in _DECIDED:
        return own
    lacking = [control for control, found in beneath if found is not ControlStatus.SATISFIED]
    if lacking:
        return ControlStatus.PARTIAL, f"beneath it, {_listed(lacking)} not known to be satisfied"
    if status is ControlStatus.SATISFIED:
        return own
    return ControlStatus.PARTIAL, f"what is beneath it holds; of itself: {reason}"


def derived(control: Control, catalogue: Mapping[str, Verdict]) -> Verdict:
    """Return the verdict on a control of a crosswalk: the worst of those that it rests on.

    It is not assessed where none of them is, and in part where only some are, or where people
    must attest a part of it.
    """
    if control.evidence is Evidence.ATTESTATION:
        return ControlStatus.NOT_ASSESSED, _ATTESTED
    found = {name: catalogue[name][0] for name in control.maps_to}
    failing = [name for name, status in found.items() if status is ControlStatus.NOT_SATISFIED]
    if failing:
        why = f"{failing[0]}: {catalogue[failing[0]][1]}"
        return ControlStatus.NOT_SATISFIED, (
            why if len(failing) == 1 else f"{', '.join(failing)} not satisfied"
        )
    if not any(status in _SOME for status in found.values()):
        return ControlStatus.NOT_ASSESSED, f"nothing is known of {', '.join(found)}"
    lacking = [name for name, status in found.items() if status is not ControlStatus.SATISFIED]
    if lacking:
        return ControlStatus.PARTIAL, f"{', '.join(lacking)} not known to be satisfied"
    if control.needs_people:
        return ControlStatus.PARTIAL, HOSTS_PART
    return ControlStatus.SATISFIED, f"{', '.join(found)} satisfied"


def _listed(controls: Sequence[Control]) -> str:
    return ", ".join(f"{control.id} ({control.kind})" for control in controls)
