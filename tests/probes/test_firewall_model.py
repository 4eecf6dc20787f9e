"""The firewall's model against a naive reading of generated rules, port by port."""

from ipaddress import ip_address

from hypothesis import given
from hypothesis import strategies as st

from hipscan.probes.network.firewall_filter import Filter
from hipscan.probes.network.firewall_model import Chain, Condition, End, Packet, RuleLine
from hipscan.probes.network.firewall_strangers import passing

PACKET = Packet("ip", "tcp", "eth0", "", ip_address("45.83.77.99"), None)
VERDICTS = ("accept", "drop", "reject", "jump side", "goto side", "return", "")
Line = tuple[str, int, int, bool, str]  # verdict, first port, last port, negated, interface

_lines: st.SearchStrategy[list[Line]] = st.lists(
    st.tuples(
        st.sampled_from(VERDICTS),
        st.integers(0, 30),
        st.integers(0, 30),
        st.booleans(),
        st.sampled_from(["eth0", "lo", "eth*"]),
    ),
    max_size=7,
)
_ports = st.integers(0, 40)


def _rule(line: Line) -> RuleLine:
    verdict, low, high, negated, name = line
    tests = (Condition("dport", (f"{low}-{high}",), negated), Condition("iif", (name,)))
    return RuleLine(tests, verdict)


def _naive(lines: list[Line], side: list[Line], port: int) -> str:
    """Follow one packet as a person would: the first verdict that holds."""
    for verdict, low, high, negated, name in lines:
        if (low <= port <= high) is negated or name == "lo":
            continue
        if verdict in {"accept", "drop", "reject", "return"}:
            return verdict
        if verdict.endswith("side"):
            end = _naive(side, [], port)
            if end != "return" or verdict.startswith("goto"):
                return end
    return "return"


@given(_lines, _lines, st.sampled_from([End.ACCEPT, End.DROP]), _ports)
def test_a_packet_ends_where_a_person_finds_it(
    lines: list[Line], side: list[Line], policy: End, port: int
) -> None:
    flat = [line for line in side if not line[0].endswith("side")]
    chains = (
        Chain("inet", "filter", "input", tuple(map(_rule, lines)), "input", policy=policy),
        Chain("inet", "filter", "side", tuple(map(_rule, flat))),
    )
    found = Filter(chains, PACKET).ends("input", port)
    expected = _naive(lines, flat, port)
    assert found == {policy if expected == "return" else End(expected)}


@given(_lines, _ports)
def test_within_a_range_nothing_differs(lines: list[Line], port: int) -> None:
    chain = Chain("ip", "filter", "INPUT", tuple(map(_rule, lines)), "input")
    made = Filter((chain,), PACKET)
    ranges = passing(made, "input")
    assert [low for (low, _), _ in ranges] == [0, *(high + 1 for (_, high), _ in ranges[:-1])]
    assert ranges[-1][0][1] == 65535
    found = next(ends for (low, high), ends in ranges if low <= port <= high)
    assert found == made.ends("input", port)
