"""The awk that takes configurations apart on the target, against Python's own readers.

What leaves the host must mean what the file means, and a secret must not be in it, however the
file is written.
"""

import json
import subprocess
from collections.abc import Mapping
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from hipscan.probes.base import listing
from hipscan.probes.containers.compose_files import MASK, read_compose
from hipscan.probes.health.orthanc_files import BOOLEANS, NUMBERS, TAKE_APART, Environment, merge
from hipscan.probes.properties import PROPERTIES, read_properties

CANARY = "c4n4ry"
FEW = settings(max_examples=60, deadline=None)  # each one starts processes


def run(functions: str, call: str, path: str, text: str) -> str:
    """Return what a shell function makes of one file."""
    given_lines = "".join(f":{line}\n" for line in text.split("\n"))
    done = subprocess.run(
        ["sh", "-c", functions + call],
        input=f"F{path}\n{given_lines}",
        capture_output=True,
        text=True,
        check=True,
        errors="surrogateescape",
    )
    return done.stdout


_WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
_JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | _WORDS | st.just(CANARY),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORDS, inner, max_size=3),
    max_leaves=8,
)
_OPTIONS = st.dictionaries(st.sampled_from(sorted(BOOLEANS)), st.booleans(), max_size=5)
_PORTS = st.dictionaries(st.sampled_from(sorted(NUMBERS)), st.integers(0, 65535), max_size=2)
_USERS = st.dictionaries(_WORDS, st.sampled_from(["", CANARY, "alicePassword"]), max_size=3)
_COMMENTS = st.sampled_from(["", "", ' // "HttpPort": 1', ' /* "HttpPort": 1, */', "\t/* /* */"])


@st.composite
def configurations(draw: st.DrawFn) -> tuple[dict[str, Any], str]:
    """Draw a configuration of Orthanc, and a text of it with comments at the ends of lines."""
    junk = draw(st.dictionaries(st.text("abc ", max_size=4), _JUNK, max_size=3))
    users = {"RegisteredUsers": draw(_USERS)} if draw(st.booleans()) else {}
    made = {**junk, **draw(_OPTIONS), **draw(_PORTS), **users}
    plain = json.dumps(made, indent=draw(st.sampled_from([None, 0, 2])))
    lines = [line + draw(_COMMENTS) for line in plain.split("\n")]
    return made, "\n".join(lines)


@FEW
@given(configurations())
def test_json_is_read_as_python_reads_it_and_gives_no_secret_away(
    drawn: tuple[dict[str, Any], str],
) -> None:
    made, text = drawn
    printed = run(TAKE_APART, "take_apart", "/x.json", text)
    assert CANARY not in printed
    seen = listing(printed)
    assert not seen.of_kind("broken"), printed
    merged = merge(seen.files, (), Environment(set()))
    known = BOOLEANS.keys() | NUMBERS.keys()
    assert merged.options == {key: value for key, value in made.items() if key in known}
    assert merged.present == made.keys()
    users = {
        e.path[1]: e.text for e in merged.entries if e.path[0] == "RegisteredUsers" and e.path[1:]
    }
    assert users.keys() == made.get("RegisteredUsers", {}).keys()


@FEW
@given(configurations(), st.data())
def test_json_that_is_cut_off_is_told(
    drawn: tuple[dict[str, Any], str], data: st.DataObject
) -> None:
    plain = json.dumps(drawn[0])
    cut = plain[: data.draw(st.integers(0, len(plain) - 1))]
    assert listing(run(TAKE_APART, "take_apart", "/x.json", cut)).of_kind("broken")


_KEYS = st.sampled_from(["https.port", "database.password", "a.secret", "other", "http.host"])
_VALUES = st.text("abc #!=:\\.-", max_size=8).map(str.strip) | st.just(CANARY)
_SHOWN, _SECRET = "https?[.](host|port)", "pass|secret"


@st.composite
def properties(draw: st.DrawFn) -> tuple[dict[str, str], str]:
    """Draw settings, and a text that java.util.Properties would read them from."""
    lines, made = [], {}
    for key, value in draw(st.lists(st.tuples(_KEYS, _VALUES), max_size=5)):
        made[key] = value
        escaped = value.replace("\\", "\\\\")
        if escaped[:1] in ("=", ":", " "):
            escaped = f"\\{escaped}"
        cut = draw(st.integers(0, len(value)))
        if "\\" not in escaped and escaped[cut : cut + 1] not in ("", " ") and cut:
            escaped = f"{escaped[:cut]}\\\n   {escaped[cut:]}"
        sign = draw(st.sampled_from(["=", " = ", ":", " :  ", "\t"]))
        lines += [f"{draw(st.sampled_from(['', '  ']))}{key}{sign}{escaped}", "# a=b", ""]
    return made, "\n".join(lines)


@FEW
@given(properties())
def test_properties_are_read_as_java_reads_them(drawn: tuple[dict[str, str], str]) -> None:
    made, text = drawn
    call = f"properties '{_SHOWN}' '{_SECRET}' 'published'"
    printed = run(PROPERTIES, call, "/x.properties", text)
    found = read_properties(listing(printed).files["/x.properties"])
    assert found.keys() == made.keys() - {"other"}
    for key, value in found.items():
        if key.startswith("http"):
            assert value == made[key]
        else:
            assert value == ("set" if made[key] else "empty")


_NAMES = st.sampled_from(["A_PASSWORD", "B_TOKEN", "PLAIN", "LDAP_TLS_VERIFY"])
_STATES: Mapping[str, str] = {"secret": "known-default", "": "empty", CANARY: "set"}
_SETTING = st.sampled_from(sorted(_STATES))


@st.composite
def compose_files(draw: st.DrawFn) -> tuple[dict[str, Any], str]:
    """Draw services, and a text of them in one of the styles of YAML."""
    services: dict[str, Any] = {}
    for name in draw(st.lists(st.sampled_from(["db", "web", "arc"]), unique=True, min_size=1)):
        environment: Any = draw(st.dictionaries(_NAMES.filter(lambda n: n[0] != "L"), _SETTING))
        if draw(st.booleans()):
            environment = [f"{key}={value}" for key, value in environment.items()]
        services[name] = {
            "image": "registry.example:5000/a/b:1",
            "command": ["run", CANARY],
            "labels": {"x": f"a {CANARY}\nb {CANARY}", "y": CANARY},
            "environment": environment,
            "ports": draw(st.lists(st.sampled_from(["80:80", "127.0.0.1:1:2"]), max_size=2)),
        }
    style = draw(st.sampled_from([False, False, None, True]))
    width = draw(st.sampled_from([20, 200]))
    text: str = yaml.safe_dump({"services": services}, default_flow_style=style, width=width)
    return services, text


@FEW
@given(compose_files())
def test_masked_yaml_means_what_the_file_means_and_gives_no_secret_away(
    drawn: tuple[dict[str, Any], str],
) -> None:
    services, text = drawn
    printed = run(MASK, "mask", "/x.yml", text)
    assert CANARY not in printed, text
    seen = listing(printed)
    if seen.of_kind("odd"):  # in one line: said, not guessed
        return
    found = read_compose(seen.files["/x.yml"])
    assert found.keys() == services.keys()
    for name, service in services.items():
        body = found[name]
        assert isinstance(body, dict)
        assert body["image"] == service["image"]
        assert list(body.get("ports") or []) == service["ports"]
        assert _states(body.get("environment")) == _meant(service["environment"])


def _states(node: object) -> dict[str, str]:
    if isinstance(node, list):
        pairs = (str(item).partition("=") for item in node)
        return {name: value for name, _, value in pairs}
    return {str(k): str(v) for k, v in node.items()} if isinstance(node, dict) else {}


def _meant(environment: object) -> dict[str, str]:
    return {
        key: "empty" if not value else "set" if key == "PLAIN" else _STATES[value]
        for key, value in _states(environment).items()
    }
