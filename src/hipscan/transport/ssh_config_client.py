"""Asks the OpenSSH client for the effective configuration of a host: `ssh -G`.

    user ann
    hostname web1.example.org
    port 2222
    identityfile ~/.ssh/id_ed25519
    userknownhostsfile /home/ann/.ssh/known_hosts /home/ann/.ssh/known_hosts2
    proxyjump bastion.example.org

OpenSSH resolves Include, Match (also `Match exec`, which runs the user's command), host name
canonicalisation and most tokens itself, so none of this is done twice.
"""

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

from hipscan.errors import TargetError, Unreachable, UsageError
from hipscan.model.target import Target
from hipscan.transport.base import TrustOptions
from hipscan.transport.ssh_config_keywords import Answer
from hipscan.transport.ssh_config_tokens import expand_tilde

# Long enough for a `Match exec` that asks the network, short enough for a scan.
SECONDS: Final = 15.0
# What `ssh` runs for hipscan: `Match sessiontype` and `Match command` look at it.
_COMMAND: Final = ("sh", "-s")
_FILE_MISTAKE: Final = re.compile(
    r"line \d+|terminating, \d+ bad config|Can't open user config|Bad owner or permissions"
)


def program() -> str | None:
    """Return the path of the OpenSSH client, None where it is not installed."""
    return shutil.which("ssh")


def ask(ssh: str, target: Target, options: TrustOptions, *, config: str = "") -> Answer:
    """Return what `ssh -G` answers for `target`; `config` replaces the user's configuration.

    Raises UsageError when a configuration file is wrong, TargetError when the client refuses the
    host or does not answer within SECONDS.
    """
    chosen = config or (os.fspath(options.ssh_config) if options.ssh_config else "")
    arguments = [ssh, "-G", "-o", "RemoteCommand=none"]
    arguments += ["-F", chosen] if chosen else []
    arguments += ["-p", str(target.port)] if target.port else []
    arguments += ["-l", target.user] if target.user else []
    arguments += ["-i", _identity(target)] if target.identity else []
    return parse(_run([*arguments, "--", target.host, *_COMMAND], target.host))


@lru_cache(maxsize=4)
def without_configuration(ssh: str) -> Answer:
    """Return what the client does when nobody configures anything."""
    return parse(_run([ssh, "-G", "-F", "none", "--", "localhost", *_COMMAND], "localhost"))


def parse(output: bytes) -> Answer:
    """Read what `ssh -G` prints: a keyword and a value on each line."""
    answer: dict[str, tuple[str, ...]] = {}
    for line in os.fsdecode(output).split("\n"):
        keyword, _, value = line.partition(" ")
        if keyword:
            name = keyword.lower()
            answer[name] = (*answer.get(name, ()), value)
    return answer


def _identity(target: Target) -> str:
    """Return the target's own identity file; ssh would pass over one that is missing."""
    path = Path(expand_tilde(os.fspath(target.identity or "")))
    try:
        path.stat()
    except OSError as error:
        raise TargetError(
            Unreachable.AUTH,
            f"identity file {path}: {error.strerror}",
            hint="correct --identity, or `identity` in the inventory",
        ) from error
    return os.fspath(path)


def _run(arguments: Sequence[str], host: str) -> bytes:
    """Run the client in a session of its own, so that a `Match exec` ends with it."""
    with subprocess.Popen(
        arguments,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        try:
            output, errors = process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired as error:
            raise TargetError(
                Unreachable.TIMEOUT,
                f"ssh -G {host} gave no answer within {SECONDS:.0f} s",
                hint="look at `Match exec` and host name canonicalisation in your ssh_config",
            ) from error
        finally:
            _end(process)
    if process.returncode != 0:
        raise _refusal(os.fsdecode(errors), host)
    return output


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End whatever the client left running; its group carries its process id."""
    if process.returncode is None:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return


def _refusal(errors: str, host: str) -> UsageError | TargetError:
    """Turn the client's complaint into an error: of a file, or of this host."""
    lines = [line for line in errors.splitlines() if "Pseudo-terminal" not in line]
    text = "; ".join(lines[-3:]) or "no reason given"
    if _FILE_MISTAKE.search(text):
        return UsageError(f"ssh_config: {text}", hint="`ssh -G HOST` shows the same")
    return TargetError(
        Unreachable.UNSUPPORTED,
        f"ssh refuses the configuration of {host}: {text}",
        hint=f"`ssh -G {host}` shows the same",
    )
