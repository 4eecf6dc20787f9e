"""The reader of known_hosts on any bytes, its hashes and names against ssh-keygen, new keys."""

import base64
import io
import re
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hipscan.errors import TargetError, Unreachable
from hipscan.transport import known_hosts_lines
from hipscan.transport.known_hosts import KnownHosts, Outcome, accept_new, fingerprint, load
from hipscan.transport.known_hosts_keys import Key, decode, kind_of, read_blob, read_text
from hipscan.transport.ssh_config_patterns import any_of, matches


def blob_of(*parts: bytes) -> bytes:
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


KEY: Final = blob_of(b"ssh-ed25519", bytes(range(32)))
OTHER: Final = blob_of(b"ssh-ed25519", bytes(range(1, 33)))
RSA: Final = blob_of(b"ssh-rsa", b"\1\0\1", b"\0" + b"\xc5" * 256)
TEXT: Final = b"ssh-ed25519 " + base64.b64encode(KEY)
NAMES: Final = ("web1", "[web1]:2222", "192.0.2.7")
needs_keygen = pytest.mark.skipif(
    shutil.which("ssh-keygen") is None, reason="ssh-keygen, which is the oracle, is not installed"
)


def judged(content: bytes, host: str = "web1", port: int = 22, blob: bytes = KEY) -> Outcome:
    lines = tuple(known_hosts_lines.parse(Path("known_hosts"), content))
    return KnownHosts(lines).judge(host, port, "ssh-ed25519", blob).outcome


@contextmanager
def file_with(content: bytes) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "known_hosts"
        file.write_bytes(content)
        yield file


hosts = st.sampled_from(("web1", "WEB1", "[web1]:2222", "web*", "w?b1", "!web1", "*", "192.0.2.7"))
hashes = st.binary(min_size=20, max_size=20).map(
    lambda salt: known_hosts_lines.hashed_name("web1", salt)
)
names = st.lists(hosts | hashes | st.text("abw1*?!|,[]:", max_size=8), min_size=1, max_size=3).map(
    lambda some: ",".join(some).encode()
)
keys = st.sampled_from((TEXT, TEXT + b" me", TEXT[:-4], b"ssh-rsa " + TEXT[12:], b"#", b"1024 35"))
markers = st.sampled_from((b"", b"", b"@revoked ", b"@cert-authority ", b"@revoked\t", b"@x "))
blanks = st.sampled_from((b" ", b"\t", b"  ", b" \t "))
lines_of_files = st.builds(
    lambda marker, name, blank, key: marker + name + blank + key, markers, names, blanks, keys
) | st.binary(max_size=30).map(lambda junk: junk.replace(b"\r", b""))
files = st.lists(lines_of_files, max_size=6).map(b"\n".join)


@given(st.binary() | files, st.binary())
def test_no_bytes_raise(content: bytes, offered: bytes) -> None:
    for host, port in (("web1", 22), ("web1", 2222)):
        judged(content, host, port)
        verdict = KnownHosts().judge(host, port, "ssh-ed25519", offered)
        assert verdict.outcome is Outcome.UNKNOWN
    with file_with(content) as file:
        load([file], revoked=file).judge("web1", 22, "ssh-ed25519", KEY)


@given(st.binary())
def test_no_bytes_are_a_key_by_accident(blob: bytes) -> None:
    key = read_blob(blob)
    assert not isinstance(key, Key) or kind_of(blob[4 : 4 + blob[3]].decode("latin-1"))
    assert read_text(b"ssh-ed25519 " + base64.b64encode(blob))[1] in (b"", blob)


@given(st.binary(), st.booleans())
def test_base64_is_strict(content: bytes, cut: bool) -> None:  # noqa: FBT001  # drawn by hypothesis
    encoded = base64.b64encode(content)
    assert decode(encoded + b"\r") == content
    if cut and encoded.endswith(b"="):
        assert decode(encoded[:-1]) is None


@needs_keygen
@settings(max_examples=150)
@given(files)
def test_the_same_lines_as_ssh_keygen_finds(content: bytes) -> None:
    with file_with(content) as file:
        lines = known_hosts_lines.read(file)
        for name in NAMES:
            found_here = (line for line in lines if line.concerns(name.encode()))
            # ssh-keygen looks at the type of a key, not at the key itself.
            mine = [line.number for line in found_here if kind_of(read_text(line.key_text)[0])]
            found = subprocess.run(
                ["ssh-keygen", "-F", name, "-f", file], capture_output=True, check=False
            )
            theirs = re.findall(rb"^# Host .* found: line (\d+)", found.stdout, re.MULTILINE)
            assert mine == [int(number) for number in theirs]


@needs_keygen
@settings(max_examples=25)
@given(st.binary(min_size=20, max_size=20), st.sampled_from(NAMES))
def test_ssh_keygen_finds_our_hashes(salt: bytes, name: str) -> None:
    line = f"{known_hosts_lines.hashed_name(name, salt)} {TEXT.decode()}\n"
    with file_with(line.encode()) as file:
        done = subprocess.run(
            ["ssh-keygen", "-F", name, "-f", file], capture_output=True, check=False
        )
    assert b"found: line 1" in done.stdout


@needs_keygen
@settings(max_examples=25)
@given(st.from_regex(r"[a-z0-9][a-z0-9.-]{0,40}", fullmatch=True), st.sampled_from((22, 2222)))
def test_we_find_the_hashes_of_ssh_keygen(host: str, port: int) -> None:
    name = known_hosts_lines.display_name(host, port)
    with file_with(f"{name} {TEXT.decode()}\n".encode()) as file:
        subprocess.run(["ssh-keygen", "-q", "-H", "-f", file], capture_output=True, check=True)
        content = file.read_bytes()
    assert content.startswith(b"|1|")
    assert judged(content, host, port) is Outcome.ACCEPTED
    assert judged(content, f"x{host}", port) is Outcome.UNKNOWN


@given(st.text("ab*?", max_size=8), st.text("ab*", max_size=10))
def test_patterns_are_what_they_mean(pattern: str, text: str) -> None:
    meaning = "".join({"*": ".*", "?": "."}.get(char, re.escape(char)) for char in pattern)
    assert matches(pattern.encode(), text.encode()) == bool(re.fullmatch(meaning, text))


def test_no_pattern_takes_long() -> None:
    assert not matches(b"*a" * 500 + b"b", b"a" * 253)


def test_a_pattern_too_long_for_openssh_matches_nothing() -> None:
    assert any_of([b"web1"], b"web1")
    assert not any_of([b"web1", b"*" * 1023], b"web1")


@pytest.mark.parametrize(
    ("algorithm", "kind"),
    [
        ("rsa-sha2-512", "RSA"),
        ("sk-ssh-ed25519-cert-v01@openssh.com", "ED25519-SK-CERT"),
        ("ssh-rsa-cert-v01@openssh.com", "RSA-CERT"),
        ("x-cert-v01@openssh.com", ""),
        ("ssh-future", ""),
    ],
)
def test_algorithms_have_kinds(algorithm: str, kind: str) -> None:
    assert kind_of(algorithm) == kind


def test_a_number_with_more_zeros_is_the_same_number() -> None:
    padded = blob_of(b"ssh-rsa", b"\0\1\0\1", b"\0\0" + b"\xc5" * 256)
    assert read_blob(RSA) == read_blob(padded)


def test_algorithms_of_known_keys_come_first(tmp_path: Path) -> None:
    file = tmp_path / "known_hosts"
    file.write_bytes(b"web1 ssh-rsa " + base64.b64encode(RSA) + b"\n")
    first = load([file]).key_types("web1", 22)
    assert first[:3] == ("rsa-sha2-512", "rsa-sha2-256", "ssh-ed25519")
    assert sorted(first) == sorted(load([]).key_types("web1", 22))


def test_a_changed_key_names_line_and_fingerprints(tmp_path: Path) -> None:
    file = tmp_path / "known_hosts"
    file.write_bytes(b"# mine\nweb1 " + TEXT + b"\n")
    verdict = load([file]).judge("web1", 22, "ssh-ed25519", OTHER)
    assert verdict.outcome is Outcome.CHANGED
    for part in (f"{file}:2", fingerprint(KEY), fingerprint(OTHER), "HAS CHANGED"):
        assert part in verdict.text
    assert f"ssh-keygen -R 'web1' -f '{file}'" in verdict.hint
    assert verdict.error().cause is Unreachable.HOST_KEY_CHANGED


@needs_keygen
def test_fingerprints_are_those_of_ssh_keygen(tmp_path: Path) -> None:
    file = tmp_path / "key.pub"
    file.write_bytes(TEXT + b"\n")
    shown = subprocess.run(["ssh-keygen", "-l", "-f", file], capture_output=True, check=True)
    assert fingerprint(KEY) == shown.stdout.decode().split()[1]


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    verdict = load([tmp_path, tmp_path / "missing"]).judge("web1", 22, "ssh-ed25519", KEY)
    assert verdict.outcome is Outcome.UNKNOWN
    assert f"{tmp_path} was not read" in verdict.text
    assert "missing" not in verdict.text


def test_a_binary_revocation_list_is_left_to_openssh(tmp_path: Path) -> None:
    krl = tmp_path / "krl"
    krl.write_bytes(b"SSHKRL\n\0....")
    verdict = load([], revoked=krl).judge("web1", 22, "ssh-ed25519", KEY)
    assert verdict.outcome is Outcome.NEEDS_OPENSSH


@pytest.mark.parametrize("hashed", [False, True])
@pytest.mark.parametrize("before", [b"", b"web2 " + TEXT, b"# all mine\n"])
def test_a_new_key_gets_a_line_of_its_own(tmp_path: Path, before: bytes, hashed: bool) -> None:  # noqa: FBT001  # a parameter of the test
    file = tmp_path / "ssh/known_hosts"
    file.parent.mkdir()
    file.write_bytes(before)
    for _ in range(2):
        accept_new(file, "Web1", 2222, "ssh-ed25519", KEY, hashed=hashed)
    added = file.read_bytes().removeprefix(before).strip(b"\n").split(b"\n")
    assert len(added) == 1
    assert added[0].startswith(b"|1|" if hashed else b"[web1]:2222 ")
    assert judged(file.read_bytes(), "web1", 2222) is Outcome.ACCEPTED


def test_a_new_file_is_private(tmp_path: Path) -> None:
    file = tmp_path / "new/known_hosts"
    accept_new(file, "web1", 22, "ssh-ed25519", KEY)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        (b"web1 ssh-ed25519 " + base64.b64encode(OTHER), Unreachable.HOST_KEY_CHANGED),
        (b"@revoked * " + TEXT, Unreachable.HOST_KEY_REVOKED),
        (b"@cert-authority * " + TEXT, Unreachable.UNSUPPORTED),
    ],
)
def test_a_key_that_is_not_new_is_never_added(
    tmp_path: Path, line: bytes, cause: Unreachable
) -> None:
    file = tmp_path / "known_hosts"
    file.write_bytes(line + b"\n")
    with pytest.raises(TargetError) as caught:
        accept_new(file, "web1", 22, "ssh-ed25519", KEY)
    assert caught.value.cause is cause
    assert file.read_bytes() == line + b"\n"


def test_junk_is_never_added(tmp_path: Path) -> None:
    file = tmp_path / "known_hosts"
    with pytest.raises(TargetError, match="cannot be read"):
        accept_new(file, "web1", 22, "ssh-ed25519", b"junk\nweb2 ")
    assert not file.exists()


def test_a_file_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(TargetError, match="cannot be saved") as caught:
        accept_new(tmp_path / "file/known_hosts", "web1", 22, "ssh-ed25519", KEY)
    assert caught.value.cause is Unreachable.HOST_KEY_UNKNOWN


def test_half_a_line_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.FileIO):
        def write(self, data: object, /) -> int:
            return super().write(bytes(data)[:7])  # type: ignore[call-overload]  # always bytes

    file = tmp_path / "known_hosts"
    file.write_bytes(b"# all mine\n")
    monkeypatch.setattr(io, "FileIO", Full)
    with pytest.raises(TargetError, match="No space left"):
        accept_new(file, "web1", 22, "ssh-ed25519", KEY)
    assert file.read_bytes() == b"# all mine\n"


def test_many_at_once_lose_nothing(tmp_path: Path) -> None:
    file = tmp_path / "known_hosts"
    keys_of = {f"web{n}": blob_of(b"ssh-ed25519", bytes([n]) * 32) for n in range(40)}
    with ThreadPoolExecutor(16) as pool:
        for host, blob in [*keys_of.items()] * 2:
            pool.submit(accept_new, file, host, 22, "ssh-ed25519", blob)
    known = load([file])
    assert len(known.lines) == len(keys_of)
    for host, blob in keys_of.items():
        assert known.judge(host, 22, "ssh-ed25519", blob).outcome is Outcome.ACCEPTED
