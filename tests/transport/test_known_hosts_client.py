"""Every shape of known_hosts by three keys: the verdict is the real client's, so is paramiko's."""

import base64
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from hipscan.errors import TargetError, Unreachable
from hipscan.transport import known_hosts
from hipscan.transport.known_hosts import Outcome
from hipscan.transport.known_hosts_keys import KINDS, decode
from hipscan.transport.ssh_config import SshSettings
from tests.sshd import Sshd, make_key, running_sshd
from tests.transport.exchanges import PATIENT, paramiko_to, request, target

CASES = yaml.safe_load(Path(__file__).with_name("known_hosts_cases.yaml").read_text("utf-8"))
VARIANTS: Final = ("right", "wrong", "revoked")
# What the client prints for each outcome, and what paramiko's errors are called.
SAYS: Final = (
    (Outcome.REVOKED, "REVOKED HOST KEY DETECTED"),
    (Outcome.REVOKED, "revoked by file"),
    (Outcome.REVOKED, "in revoked keys file"),
    (Outcome.CHANGED, "REMOTE HOST IDENTIFICATION HAS CHANGED"),
    (Outcome.UNKNOWN, "host key is known for"),
)
CAUSES: Final = {
    Unreachable.HOST_KEY_UNKNOWN: Outcome.UNKNOWN,
    Unreachable.HOST_KEY_CHANGED: Outcome.CHANGED,
    Unreachable.HOST_KEY_REVOKED: Outcome.REVOKED,
}
pytestmark = pytest.mark.skipif(
    shutil.which("ssh") is None, reason="the OpenSSH client, which is the oracle, is not installed"
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    folder = tmp_path_factory.mktemp("known-hosts")
    with running_sshd(folder, host_key_types=("ed25519", "rsa")) as running:
        for kind in ("ed25519", "rsa", "ecdsa"):
            make_key(folder / f"other_{kind}", kind)
        yield running


def public(path: Path) -> str:
    return " ".join(path.with_suffix(".pub").read_text().split()[:2])


def line_of(algorithm: bytes, *parts: bytes) -> str:
    """Return `type base64` of a key made of `parts`."""
    blob = b"".join(len(part).to_bytes(4, "big") + part for part in (algorithm, *parts))
    return f"{algorithm.decode()} {base64.b64encode(blob).decode()}"


@cache
def hashed(name: str, folder: Path) -> str:
    """Hash a name as ssh-keygen does."""
    file = folder / "to-hash"
    file.write_text(f"{name} {public(folder / 'other_rsa')}\n")
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", str(file)], capture_output=True, check=True)
    return file.read_text().split()[0]


def words(server: Sshd, variant: str) -> dict[str, str]:
    """Return what stands for each placeholder."""
    name = f"[127.0.0.1]:{server.port}"
    other = {kind: public(server.folder / f"other_{kind}") for kind in ("ed25519", "rsa", "ecdsa")}
    ours = {kind: server.public(kind) for kind in ("ed25519", "rsa")}
    by_variant = other if variant == "wrong" else ours
    return {
        "NAME": name,
        "PORT": str(server.port),
        "HASHED": hashed(name, server.folder),
        "HASHED_BARE": hashed("127.0.0.1", server.folder),
        "KEY": by_variant["ed25519"],
        "KEY_TABS": by_variant["ed25519"].replace(" ", "\t"),
        "RSA": by_variant["rsa"],
        "RSA_512": by_variant["rsa"].replace("ssh-rsa", "rsa-sha2-512"),
        "OTHER": other["ed25519"],
        "OTHER_RSA": other["rsa"],
        "ECDSA": other["ecdsa"],
        "SK": line_of(b"sk-ssh-ed25519@openssh.com", bytes(32), b"ssh:"),
        "SHORT": line_of(b"ssh-rsa", b"\1\0\1", b"\0" + b"\xc5" * 96),
    }


def filled(text: str, placeholders: Mapping[str, str]) -> bytes:
    r"""Return the bytes of a file: placeholders replaced, then `\xNN`."""
    text = re.sub(r"@([A-Z_0-9]+)@", lambda found: placeholders[found[1]], text)
    return re.sub(
        rb"\\x([0-9a-f]{2})", lambda found: bytes([int(found[1], 16)]), text.encode("utf-8")
    )


@pytest.fixture(params=VARIANTS)
def variant(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=CASES, ids=[case["name"] for case in CASES])
def case(request: pytest.FixtureRequest) -> Mapping[str, Any]:
    found: Mapping[str, Any] = request.param
    return found


@pytest.fixture
def files(case: Mapping[str, Any], variant: str, server: Sshd, tmp_path: Path) -> tuple[Path, Path]:
    """Write the user's and the system's known_hosts."""
    placeholders = words(server, variant)
    mine, everybodys = tmp_path / "known_hosts", tmp_path / "ssh_known_hosts"
    content = filled(case["lines"], placeholders)
    if variant == "revoked":
        content += b"" if content.endswith(b"\n") or not content else b"\n"
        for kind in ("ed25519", "rsa"):
            content += f"@revoked * {server.public(kind)}\n".encode()
    mine.write_bytes(content)
    everybodys.write_bytes(filled(case.get("global", ""), placeholders))
    return mine, everybodys


def client_says(
    server: Sshd, files: tuple[Path, Path], *options: str, host: str = "127.0.0.1"
) -> Outcome:
    """Ask the real client, with StrictHostKeyChecking=yes."""
    settings = [
        f"UserKnownHostsFile={files[0]}",
        f"GlobalKnownHostsFile={files[1]}",
        f"IdentityFile={server.client_key}",
        "StrictHostKeyChecking=yes",
        "BatchMode=yes",
        "IdentityAgent=none",
        "LogLevel=INFO",
        # The default exchange costs six times the processor time and changes nothing here.
        "KexAlgorithms=curve25519-sha256",
        *options,
    ]
    flags = [word for setting in settings for word in ("-o", setting)]
    where = ["-p", str(server.port), "-l", server.user, host, "true"]
    done = subprocess.run(
        ["ssh", "-4", "-F", "none", *flags, *where],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    if done.returncode != 255:  # the client's own failures; whatever else comes from the server
        return Outcome.ACCEPTED
    text = done.stderr.decode(errors="replace")
    return next((outcome for outcome, sign in SAYS if sign in text), Outcome.NEEDS_OPENSSH)


def offered(server: Sshd, known: known_hosts.KnownHosts, name: str, port: int) -> tuple[str, bytes]:
    """Return the key the server shows to a client that asks for the known types first."""
    kinds = {KINDS[server.public(kind).split()[0]]: kind for kind in server.host_keys}
    chosen = next(kind for kind in known.key_types(name, port) if KINDS[kind] in kinds)
    key_type, text = server.public(kinds[KINDS[chosen]]).split()
    return key_type, decode(text.encode()) or b""


def test_the_verdict_is_the_clients(
    case: Mapping[str, Any], server: Sshd, files: tuple[Path, Path]
) -> None:
    known = known_hosts.load(files)
    key_type, blob = offered(server, known, "127.0.0.1", server.port)
    verdict = known.judge("127.0.0.1", server.port, key_type, blob)
    says = client_says(server, files)
    if verdict.outcome is Outcome.NEEDS_OPENSSH:
        assert case["authority"]
        assert says in (Outcome.UNKNOWN, Outcome.CHANGED)
    else:
        assert verdict.outcome is says, verdict.text


@pytest.mark.parametrize("variant", ["right"])
@pytest.mark.parametrize("host", ["localhost", "LocalHost"])
@pytest.mark.parametrize(
    "line", ["[localhost]:@PORT@", "[LOCALHOST]:@PORT@", "localhost", "LocalH*"]
)
def test_the_case_of_a_name_means_nothing(
    server: Sshd, tmp_path: Path, host: str, line: str, variant: str
) -> None:
    file = tmp_path / "known_hosts"
    file.write_bytes(filled(f"{line} @KEY@\n", words(server, variant)))
    known = known_hosts.load([file])
    verdict = known.judge(host, server.port, *offered(server, known, host, server.port))
    assert verdict.outcome is client_says(server, (file, Path("/dev/null")), host=host)
    assert verdict.outcome is Outcome.ACCEPTED


@pytest.mark.parametrize("variant", ["right"])
@pytest.mark.parametrize("line", ["farm", "FARM", "[farm]:@PORT@", "@NAME@", "127.0.0.1"])
def test_an_alias_stands_for_name_and_port(
    server: Sshd, tmp_path: Path, line: str, variant: str
) -> None:
    file = tmp_path / "known_hosts"
    file.write_bytes(filled(f"{line} @KEY@\n", words(server, variant)))
    settings = SshSettings("127.0.0.1", server.port, "ann", host_key_alias="farm")
    known = known_hosts.load([file])
    key = offered(server, known, *settings.host_key_name)
    verdict = known.judge(*settings.host_key_name, *key)
    says = client_says(server, (file, Path("/dev/null")), "HostKeyAlias=Farm")
    assert verdict.outcome is says


LISTS = {
    "the server's key": "@KEY@\n",
    "the server's key with a comment": "# old\n\n  @KEY@ me\n",
    "another key": "@OTHER@\n",
    "nothing": "",
    "a line that is no key": "hello\n",
    "a line that is no key, after the server's": "@KEY@\nhello\n",
    "a line of known_hosts": "@NAME@ @KEY@\n",
    "a short RSA key before": "@SHORT@\n@KEY@\n",
    "a short RSA key": "@SHORT@\n",
    "a key that is cut": "ssh-ed25519 AAAA\n",
    "windows line ends": "@KEY@\r\n",
    "junk bytes": "\\xff\\xfe\n",
    "no line end": "@KEY@",
}


@pytest.mark.parametrize("variant", ["right", "wrong"])
@pytest.mark.parametrize("content", LISTS.values(), ids=list(LISTS))
def test_revocation_lists_as_the_client_reads_them(
    server: Sshd, tmp_path: Path, content: str, variant: str
) -> None:
    revoked = tmp_path / "revoked"
    revoked.write_bytes(filled(content, words(server, variant)))
    known = known_hosts.load([server.known_hosts], revoked=revoked)
    verdict = known.judge(
        "127.0.0.1", server.port, *offered(server, known, "127.0.0.1", server.port)
    )
    files = (server.known_hosts, Path("/dev/null"))
    assert verdict.outcome is client_says(server, files, f"RevokedHostKeys={revoked}")


def test_a_missing_revocation_list_revokes_all(server: Sshd, tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    known = known_hosts.load([server.known_hosts], revoked=missing)
    verdict = known.judge(
        "127.0.0.1", server.port, *offered(server, known, "127.0.0.1", server.port)
    )
    files = (server.known_hosts, Path("/dev/null"))
    assert verdict.outcome is client_says(server, files, f"RevokedHostKeys={missing}")
    assert "No such file" in verdict.text


FACTS = [case for case in CASES if case.get("fact")]


@pytest.mark.parametrize("case", FACTS, ids=[case["name"] for case in FACTS])
def test_a_connection_ends_as_the_clients(server: Sshd, files: tuple[Path, Path]) -> None:
    try:
        paramiko_to(server, known_hosts=files[0]).exchange(target(server), request(), PATIENT)
        found = Outcome.ACCEPTED
    except TargetError as error:
        found = CAUSES[error.cause]
    assert found is client_says(server, (files[0], Path("/dev/null")))


def test_the_thirteen_shapes_of_the_facts_are_there() -> None:
    assert len(FACTS) == 13
    assert len({case["name"] for case in CASES}) == len(CASES)
