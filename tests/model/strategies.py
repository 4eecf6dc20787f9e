"""Any value that the model allows, for property tests."""

import string
from datetime import UTC
from typing import Final

from hypothesis import strategies as st

from hipscan.model.application import Application, Cycle
from hipscan.model.fact import Fact, FactStatus
from hipscan.model.finding import Finding, Observation, Outcome, Severity, Waiver
from hipscan.model.knowledge import Knowledge, Lifecycle, TargetKnowledge
from hipscan.model.report import TargetResult, TargetStatus
from hipscan.model.snapshot import Snapshot, TargetData

TEXT: Final = st.text(max_size=20)
NAMES: Final = st.text(string.ascii_letters + string.digits, min_size=1, max_size=8)
_NUMBERS: Final = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
VALUES: Final = st.recursive(
    st.none() | st.booleans() | _NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=5,
)
FACTS: Final = st.builds(
    Fact,
    st.sampled_from(FactStatus),
    st.lists(st.dictionaries(NAMES, VALUES, max_size=3), max_size=3).map(tuple),
    TEXT,
)
_TEXTS: Final = st.lists(TEXT, max_size=3).map(tuple)
_MAPS: Final = st.dictionaries(NAMES, TEXT, max_size=3)
_SECONDS: Final = st.floats(min_value=0, max_value=1e6)
TARGETS: Final = st.builds(
    TargetData,
    name=TEXT,
    groups=_TEXTS,
    variables=st.dictionaries(NAMES, VALUES, max_size=3),
    phi=st.booleans(),
    phi_paths=_TEXTS,
)
SNAPSHOTS: Final = st.builds(
    Snapshot,
    target=TARGETS,
    taken=TEXT,
    hipscan=TEXT,
    script=TEXT,
    facts=st.dictionaries(NAMES, FACTS, max_size=3),
    seconds=_SECONDS,
    address=TEXT,
    broken=TEXT,
    peer=_MAPS,
)
WAIVERS: Final = st.builds(Waiver, *[TEXT] * 6)
_CYCLES: Final = st.builds(Cycle, *[TEXT] * 4)
_APPLICATIONS: Final = st.lists(
    st.builds(Application, *[TEXT] * 4, cycle=st.none() | _CYCLES, dated=TEXT), max_size=2
)
KNOWLEDGE: Final = st.builds(
    Knowledge,
    now=st.datetimes(timezones=st.just(UTC)),
    lifecycles=st.lists(st.builds(Lifecycle, *[TEXT] * 6), max_size=2).map(tuple),
    waivers=st.lists(WAIVERS, max_size=2).map(tuple),
    target=st.builds(
        TargetKnowledge,
        first_seen=_MAPS,
        unknown=_MAPS,
        applications=st.none() | _APPLICATIONS.map(tuple),
        lifecycles=st.lists(st.builds(Lifecycle, *[TEXT] * 6), max_size=2).map(tuple),
    ),
)
_OBSERVATIONS: Final = st.builds(
    Observation,
    *[TEXT] * 3,
    st.sampled_from(Severity),
    TEXT,
    st.none() | WAIVERS,
)
_FINDINGS: Final = st.builds(
    Finding,
    rule=TEXT,
    target=TEXT,
    outcome=st.sampled_from(Outcome),
    severity=st.sampled_from(Severity),
    reason=TEXT,
    observations=st.lists(_OBSERVATIONS, max_size=3).map(tuple),
)
RESULTS: Final = st.builds(
    TargetResult,
    name=TEXT,
    address=TEXT,
    status=st.sampled_from(TargetStatus),
    reason=TEXT,
    hint=TEXT,
    system=_MAPS,
    facts=st.dictionaries(NAMES, st.integers(0, 99), max_size=3),
    not_read=_MAPS,
    seconds=_SECONDS,
    peer=_MAPS,
    findings=st.lists(_FINDINGS, max_size=3).map(tuple),
    passed=_TEXTS,
    notapplicable=_MAPS,
)
