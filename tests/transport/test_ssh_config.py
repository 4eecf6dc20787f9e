"""Every snippet of the corpus equals `ssh -G` or is refused by name, also without the client."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml

from hipscan.errors import HipscanError
from hipscan.model.target import Target
from hipscan.transport import ssh_config_client
from hipscan.transport.base import TrustOptions
from hipscan.transport.ssh_config import SshSettings, resolve

CASES = yaml.safe_load(Path(__file__).with_name("ssh_config_cases.yaml").read_text("utf-8"))
HOME = pwd.getpwuid(os.getuid()).pw_dir
pytestmark = pytest.mark.skipif(
    shutil.which("ssh") is None, reason="the OpenSSH client, which is the oracle, is not installed"
)
Case = Mapping[str, Any]


def written(text: str, folder: Path) -> bytes:
    return text.replace("@DIR@", str(folder)).encode("latin-1" if "\xff" in text else "utf-8")


@pytest.fixture(params=CASES, ids=[case["name"] for case in CASES])
def case(request: pytest.FixtureRequest) -> Case:
    found: Case = request.param
    return found


@pytest.fixture
def target(case: Case, tmp_path: Path) -> Target:
    flags = dict(case.get("flags", {}))
    if "identity" in flags:
        flags["identity"] = Path(flags["identity"].replace("@DIR@", str(tmp_path)))
    return Target("name", case.get("host", "web1"), **flags)


@pytest.fixture
def options(case: Case, tmp_path: Path) -> TrustOptions:
    for name, text in {"config": case["config"], **case.get("files", {})}.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(written(text, tmp_path))
        path.chmod(0o600)
    return TrustOptions(ssh_config=tmp_path / "config")


def outcome(target: Target, options: TrustOptions) -> SshSettings | str:
    try:
        return resolve(target, options)
    except HipscanError as error:
        return f"refused: {error.message}"


def oracle(target: Target, options: TrustOptions, *extra: str) -> dict[str, list[str]] | None:
    arguments = ["ssh", "-G", "-F", str(options.ssh_config), "-o", "RemoteCommand=none", *extra]
    for flag, value in (("-p", target.port), ("-l", target.user), ("-i", target.identity)):
        arguments += [flag, str(value)] if value else []
    done = subprocess.run([*arguments, target.host, "x"], capture_output=True, check=False)
    if done.returncode:
        return None
    answer: dict[str, list[str]] = {}
    for line in os.fsdecode(done.stdout).splitlines():
        keyword, _, value = line.partition(" ")
        answer.setdefault(keyword, []).append(value)
    return answer


def reason_for(case: Case, answer: Mapping[str, list[str]]) -> str:
    """Return the reason to expect; clients since 10.0 expand RevokedHostKeys themselves."""
    reason = str(case.get("needs", ""))
    file = answer.get("revokedhostkeys", [""])[0]
    return "" if reason.startswith("RevokedHostKeys ") and file not in reason else reason


def seconds_of(answer: Mapping[str, list[str]]) -> str:
    """Return the client's timeout; for it, too, 0 is no limit."""
    return "none" if answer["connecttimeout"] == ["0"] else answer["connecttimeout"][0]


def test_the_client_is_believed(case: Case, target: Target, options: TrustOptions) -> None:
    answer, found = oracle(target, options), outcome(target, options)
    if isinstance(found, str):
        assert case.get("refused", "only what the corpus names").lower() in found.lower()
        return
    assert answer is not None
    assert found.needs_openssh == reason_for(case, answer)
    plain = (found.hostname, str(found.port), found.user)
    assert plain == tuple(answer[name][0] for name in ("hostname", "port", "user"))
    assert found.host_key_alias == answer.get("hostkeyalias", [""])[0]
    assert found.hash_known_hosts == (answer["hashknownhosts"] == ["yes"])
    assert found.identities_only == (answer["identitiesonly"] == ["yes"])
    assert found.password_authentication == (answer["passwordauthentication"] == ["yes"])
    assert found.keyboard_interactive == (answer["kbdinteractiveauthentication"] == ["yes"])
    assert str(found.required_rsa_size) == answer["requiredrsasize"][0]
    assert found.address_family == answer["addressfamily"][0]
    assert str(found.connect_timeout or "none") == seconds_of(answer)


def test_file_names_expand_as_the_client_expands_them(
    case: Case, target: Target, options: TrustOptions
) -> None:
    answer, found = oracle(target, options), outcome(target, options)
    if isinstance(found, str) or answer is None:
        assert "refused" in case
        return
    if "blank" not in found.needs_openssh:
        files = f"{answer['userknownhostsfile'][0]} {answer['globalknownhostsfile'][0]}"
        named = [name.replace("~", HOME, 1) for name in files.split() if name != "none"]
        assert [str(path) for path in found.known_hosts_files] == named
    raw = [name for name in answer["identityfile"] if name != "none"]
    expanded = []
    for name in raw:
        # The default names need no oracle, which takes a process for each.
        ours = name.startswith("~/.ssh/id_")
        asked = None if ours else oracle(target, options, "-o", f'UserKnownHostsFile="{name}"')
        expanded.append(asked["userknownhostsfile"][0] if asked else name.replace("~", HOME, 1))
    assert [str(path) for path in found.identity_files] == expanded


def test_without_the_client_nothing_differs_silently(
    case: Case, target: Target, options: TrustOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = outcome(target, options)
    monkeypatch.setattr(ssh_config_client, "program", lambda: None)
    read = outcome(target, options)
    if isinstance(read, str):
        name = case.get("alone", case.get("needs", case.get("refused")))
        assert name is not None, read
        assert name.lower() in read.lower()
        return
    assert not isinstance(asked, str), f"the client refuses: {asked}"
    # Clients before 10.0 try DSA keys, too, which no transport can use any more.
    files = tuple(path for path in asked.identity_files if path.name != "id_dsa")
    for each in fields(SshSettings):
        expected = files if each.name == "identity_files" else getattr(asked, each.name)
        assert getattr(read, each.name) == expected, each.name


def test_the_corpus_is_large_enough() -> None:
    assert len(CASES) >= 100
    assert len({case["name"] for case in CASES}) == len(CASES)
