"""The effective configuration of a target, as the OpenSSH client itself understands it.

`ssh -G` resolves Host, Match, Include and tokens; what paramiko cannot honour of the result is
named in `needs_openssh`, never dropped. Without the client a smaller reader does the same and
refuses by name what it cannot honour. The reasons: docs/decisions/0002-ssh-trust.md.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Literal

from hipscan.errors import TargetError, Unreachable, UsageError
from hipscan.model.target import Target, check_host, check_user
from hipscan.transport import ssh_config_client as client
from hipscan.transport import ssh_config_reader as reader
from hipscan.transport.base import TrustOptions
from hipscan.transport.known_hosts_keys import Key, kind_of, read_blob, rsa_bits
from hipscan.transport.known_hosts_lines import SSH_PORT, read_revocations
from hipscan.transport.ssh_config_identity import is_hardware_key
from hipscan.transport.ssh_config_keywords import Answer, unhonoured
from hipscan.transport.ssh_config_system import restrictions, shared_with_all
from hipscan.transport.ssh_config_tokens import Tokens, expand_tilde

DEFAULT_RSA_BITS: Final = 1024
_EXPANDABLE: Final = frozenset("~%$")


@dataclass(frozen=True, slots=True)
class SshSettings:
    """What OpenSSH would use for one target. Paths are absolute or as the user wrote them.

    `identity_files` are in the order to try; they need not exist and may name a public key whose
    private half an agent holds. `identity_agent` is a socket, None for $SSH_AUTH_SOCK, or "none".
    `connect_timeout` is in seconds, None where nobody set one. `address_family` is any, inet or
    inet6. `restrictions` are lists of algorithms that the system's configuration allows, by keyword
    in lower case: nothing else may be used. `required_rsa_size` is in bits, for keys of both sides.
    `needs_openssh` names what paramiko cannot honour; empty when it can honour all.
    """

    hostname: str
    port: int
    user: str
    identity_files: tuple[Path, ...] = ()
    identities_only: bool = False
    identity_agent: Path | Literal["none"] | None = None
    certificate_files: tuple[Path, ...] = ()
    user_known_hosts_files: tuple[Path, ...] = ()
    global_known_hosts_files: tuple[Path, ...] = ()
    host_key_alias: str = ""
    revoked_host_keys: Path | None = None
    hash_known_hosts: bool = False
    connect_timeout: int | None = None
    address_family: str = "any"
    password_authentication: bool = True
    keyboard_interactive: bool = True
    required_rsa_size: int = DEFAULT_RSA_BITS
    restrictions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    needs_openssh: str = ""

    @property
    def known_hosts_files(self) -> tuple[Path, ...]:
        """All known_hosts files in the order OpenSSH reads them; a new key goes to the first."""
        return self.user_known_hosts_files + self.global_known_hosts_files

    @property
    def host_key_name(self) -> tuple[str, int]:
        """The name and port under which the host's key is looked up."""
        if self.host_key_alias:
            return self.host_key_alias, SSH_PORT
        return self.hostname.lower(), self.port

    def allows_key(self, key_blob: bytes) -> bool:
        """Tell whether a key of the user's may be offered: long enough, of an accepted kind."""
        key = read_blob(key_blob)
        accepted = self.restrictions.get("pubkeyacceptedalgorithms")
        if not isinstance(key, Key):
            return True
        bits = rsa_bits(key)
        if bits is not None and bits < self.required_rsa_size:
            return False
        return accepted is None or key.kind in map(kind_of, accepted)


def check_options(options: TrustOptions) -> None:
    """Raise UsageError when a file that the flags name is not there; before anything is scanned."""
    named = [("--ssh-config", options.ssh_config)]
    if not options.accept_new:
        named.append(("--known-hosts", options.known_hosts))
    for flag, file in named:
        if file is not None and os.fspath(file) != "none" and not file.exists():
            raise UsageError(f"{flag} {file}: no such file")


def resolve(target: Target, options: TrustOptions) -> SshSettings:
    """Return what OpenSSH would use for `target`.

    Runs `ssh -G` where the client is installed, so a `Match exec` of the user's configuration
    runs too, as it would with ssh. Raises TargetError when a configuration file is wrong, cannot
    be honoured, or the client hangs.
    """
    ssh = client.program()
    try:
        # Inventories are checked when they are read; old clients run what a name can hide.
        check_host(target.host)
        check_user(target.user or "unset")
        settings = (
            _without_client(target, options) if ssh is None else _with_client(ssh, target, options)
        )
    except UsageError as error:
        raise TargetError(Unreachable.UNSUPPORTED, error.message, hint=error.hint) from error
    if options.accept_new:
        _check_keeps_keys(settings)
    return settings


def _with_client(ssh: str, target: Target, options: TrustOptions) -> SshSettings:
    answer = client.ask(ssh, target, options)
    beyond = unhonoured(answer, client.without_configuration(ssh))
    shared = shared_with_all(ssh, target, options, answer, beyond)
    settings = _settings(answer, target, options, set(beyond) - shared)
    return replace(settings, restrictions=restrictions(answer, shared))


def _without_client(target: Target, options: TrustOptions) -> SshSettings:
    """Read the configuration here; what only the client could honour is an error."""
    answer = reader.read(target, options)
    settings = _settings(answer, target, options, unhonoured(answer, {}))
    if settings.needs_openssh:
        raise TargetError(
            Unreachable.UNSUPPORTED,
            f"{target.host}: {settings.needs_openssh} needs the OpenSSH client, which is not "
            "installed",
            hint="install the OpenSSH client, or name another configuration with --ssh-config",
        )
    return settings


def _check_keeps_keys(settings: SshSettings) -> None:
    """Refuse to accept new keys into a file such as /dev/null: that would be no check at all."""
    files = settings.user_known_hosts_files
    if not files or (files[0].exists() and not files[0].is_file()):
        raise TargetError(
            Unreachable.HOST_KEY_UNKNOWN,
            f"{settings.hostname}: accepting new host keys needs a known_hosts file that keeps "
            f"them, and UserKnownHostsFile is {files[0] if files else 'none'}",
            hint="name a file with --known-hosts",
        )


def _settings(
    answer: Answer, target: Target, options: TrustOptions, beyond: Iterable[str]
) -> SshSettings:
    """Type the answer, and name all that paramiko cannot honour of it."""
    alias = _one(answer, "hostkeyalias").lower()
    hostname, user = _one(answer, "hostname", target.host), _one(answer, "user")
    port = int(_one(answer, "port", str(SSH_PORT)))
    tokens = Tokens(target.host, hostname, port, user, alias)
    identities = _paths(answer, "identityfile", tokens)
    revoked = tuple(Path(name) for name in answer.get("revokedhostkeys", ()) if name != "none")
    users = (options.known_hosts,) if options.known_hosts else _files(answer, "userknownhostsfile")
    shared = _files(answer, "globalknownhostsfile")
    timeout = _one(answer, "connecttimeout", "none")
    reasons = [*sorted(beyond), *_file_reasons(identities, revoked)]
    if users is None or shared is None:
        reasons.append("a known_hosts file name with a blank")
    return SshSettings(
        hostname=hostname,
        port=port,
        user=user,
        identity_files=identities,
        identities_only=_flag(answer, "identitiesonly"),
        identity_agent=_agent(answer, tokens),
        certificate_files=_paths(answer, "certificatefile", tokens),
        user_known_hosts_files=users or (),
        global_known_hosts_files=shared or (),
        host_key_alias=alias,
        revoked_host_keys=revoked[0] if revoked else None,
        hash_known_hosts=_flag(answer, "hashknownhosts"),
        connect_timeout=None if timeout in ("none", "0") else int(timeout),
        address_family=_one(answer, "addressfamily", "any"),
        password_authentication=_flag(answer, "passwordauthentication", default=True),
        keyboard_interactive=_flag(answer, "kbdinteractiveauthentication", default=True),
        required_rsa_size=int(_one(answer, "requiredrsasize", str(DEFAULT_RSA_BITS))),
        needs_openssh=", ".join(reasons),
    )


def _one(answer: Answer, keyword: str, default: str = "") -> str:
    return answer.get(keyword, (default,))[0]


def _flag(answer: Answer, keyword: str, *, default: bool = False) -> bool:
    return _one(answer, keyword, "yes" if default else "no").lower() in ("yes", "true")


def _paths(answer: Answer, keyword: str, tokens: Tokens) -> tuple[Path, ...]:
    """Return the files of a keyword that is printed once for each, with its tokens expanded."""
    named = (value for value in answer.get(keyword, ()) if value.lower() != "none")
    return tuple(tokens.path(value) for value in named)


def _files(answer: Answer, keyword: str) -> tuple[Path, ...] | None:
    """Split file names printed on one line; None when a name with a blank is among them."""
    names = _one(answer, keyword).split(" ")
    if len(names) > 1 and not all(name.startswith(("/", "~")) for name in names):
        return None
    return tuple(Path(expand_tilde(name)) for name in names if name.lower() not in ("", "none"))


def _agent(answer: Answer, tokens: Tokens) -> Path | Literal["none"] | None:
    """Return the agent's socket: a path, the variable `$NAME` that holds one, or none at all."""
    named = _one(answer, "identityagent", "SSH_AUTH_SOCK")
    if named == "SSH_AUTH_SOCK":
        return None
    if named.startswith("$") and not named.startswith("${"):
        socket = tokens.environment.get(named[1:], "")
        return Path(socket) if socket else "none"
    return "none" if named == "none" else tokens.path(named)


def _file_reasons(identities: Iterable[Path], revoked: Iterable[Path]) -> list[str]:
    """Name the files that only the OpenSSH client can use.

    Whether it expands the name of a revocation list depends on its version (9.2 does not).
    """
    reasons = [f"the security key {path}" for path in identities if is_hardware_key(path)]
    reasons += [f"RevokedHostKeys {file}" for file in revoked if _EXPANDABLE & set(str(file))]
    reasons += [
        f"the binary RevokedHostKeys {file}" for file in revoked if read_revocations(file).krl
    ]
    return reasons
