"""Which word on a mount's options counts at the next start, and patterns that could explode."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hipscan.probes.storage.mount_units import NAMES, configured, read_units
from hipscan.probes.system.mac import parse

ETC, LIB = "/etc/systemd/system", "/usr/lib/systemd/system"


@pytest.mark.parametrize(
    ("fstab", "units", "expected"),
    [
        (None, {}, None),
        (["nodev"], {}, ("nodev",)),
        (["nodev"], {f"{LIB}/home.mount": ["nosuid"]}, ("nodev",)),
        (["nodev"], {f"{ETC}/home.mount": ["nosuid"]}, ("nosuid",)),
        (None, {f"{LIB}/home.mount": ["nosuid", "noexec"]}, ("noexec",)),
        (None, {f"{ETC}/home.mount": []}, ()),
        (["nodev"], {f"{ETC}/home.mount.d/a.conf": ["noexec,ro"]}, ("noexec", "ro")),
        (None, {f"{ETC}/home.mount.d/a.conf": ["noexec"]}, None),
        (None, {f"{ETC}/var-log.mount": ["noexec"]}, None),
        (["nodev", "dev", "ro"], {}, ("dev", "ro")),
        (["user", "suid"], {}, ("user", "nodev", "noexec", "suid")),
        (["exec", "users"], {}, ("users", "nosuid", "nodev", "noexec")),
        (["owner"], {}, ("owner", "nosuid", "nodev")),
        (["noexec", "defaults"], {}, ("noexec", "defaults")),
        (["user=ops"], {}, ("user=ops",)),
    ],
)
def test_the_strongest_word_counts(
    fstab: list[str] | None, units: Mapping[str, list[str]], expected: tuple[str, ...] | None
) -> None:
    assert configured("/home", fstab, units) == expected


_PATHS = st.tuples(
    st.sampled_from([ETC, LIB]), st.sampled_from(NAMES), st.sampled_from(["", ".d/a.conf"])
).map(lambda parts: f"{parts[0]}/{parts[1]}.mount{parts[2]}")


@given(st.lists(st.tuples(_PATHS, st.sampled_from(["", "\tro", "\tnosuid,nodev"]))))
def test_no_option_comes_from_nowhere(lines: list[tuple[str, str]]) -> None:
    units = read_units(path + words for path, words in lines)
    said = {word for _, words in lines for word in words.strip().split(",")}
    for name in NAMES:
        found = configured("/" + name.replace("-", "/"), ["rw"], units)
        assert found is not None
        assert set(found) <= said | {"rw"}


def test_a_profile_with_a_million_forms_costs_nothing() -> None:
    pattern = "/" + "{a,b}" * 30
    found = parse(f"apparmor Y\nprofile {pattern} (enforce)\nprofiles read\nend\n", 0)
    assert found["apparmor_profile"].records == ({"name": pattern, "mode": "enforce"},)
