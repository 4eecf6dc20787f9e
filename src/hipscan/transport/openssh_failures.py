"""What the OpenSSH client means by its last words, which are English whatever the locale.

    kex_exchange_identification: Connection closed by remote host
    Connection closed by 192.0.2.7 port 22

Each becomes one TargetError with one cause and a hint.
"""

import re
from typing import Final

from hipscan import sanitize
from hipscan.errors import TargetError, Unreachable

BUSY_HINT: Final = (
    "the target may be at its limit (MaxStartups, PerSourcePenalties), or block this address"
    " (fail2ban, hosts.deny, a firewall)"
)
CHANNEL_HINT: Final = "MaxSessions, a forced command or a restricted shell may forbid it"
_MAX_SAID: Final = 300

# (what the OpenSSH client says, the cause, what to do); the first that matches counts.
_SAYINGS: Final = (
    (r"Could not resolve hostname", Unreachable.DNS, "check the spelling and the resolver"),
    (r"REVOKED HOST KEY|marked as revoked", Unreachable.HOST_KEY_REVOKED, "do not log in there"),
    (
        r"HOST IDENTIFICATION HAS CHANGED|differs from the key|host key .*has changed",
        Unreachable.HOST_KEY_CHANGED,
        "find out why before you change known_hosts: it may be an attack",
    ),
    (
        r"host key is known|Host key verification failed",
        Unreachable.HOST_KEY_UNKNOWN,
        "compare its fingerprint with the host's own, then connect once with ssh",
    ),
    (
        r"Unable to negotiate|no matching",
        Unreachable.KEX,
        "allow an algorithm of today in sshd_config there; hipscan never uses weak ones",
    ),
    (
        r"banner exchange|kex_exchange_identification|Exceeded MaxStartups",
        Unreachable.BANNER,
        BUSY_HINT,
    ),
    (
        r"Permission denied|Too many authentication failures|No more authentication methods",
        Unreachable.AUTH,
        "load a key with ssh-add or choose one with --identity; passwords need paramiko",
    ),
    (
        r"request failed on channel|open failed|administratively prohibited",
        Unreachable.CHANNEL,
        CHANNEL_HINT,
    ),
    (r"timed out|Timeout", Unreachable.TIMEOUT, "is the host up, and does a firewall drop it?"),
    (
        r"Connection refused|No route to host|unreachable",
        Unreachable.REFUSED,
        "is sshd running there, and is the port right?",
    ),
    (
        r"Bad configuration option|Bad owner or permissions|terminating, \d+ bad config",
        Unreachable.UNSUPPORTED,
        "repair ssh_config",
    ),
    (
        r"Connection (closed|reset)|client_loop|[Bb]roken pipe",
        Unreachable.PROTOCOL,
        "try `ssh -v`",
    ),
)


def explain_openssh(stderr: bytes) -> TargetError:
    """Return what the OpenSSH client, which ended with 255, means by its last words."""
    lines = [line.strip() for line in stderr.decode("utf-8", "replace").splitlines()]
    text = "\n".join(lines)
    said = sanitize.line(" / ".join(line for line in lines if line.strip("@ ")))[-_MAX_SAID:]
    for pattern, cause, hint in _SAYINGS:
        if re.search(pattern, text):
            return TargetError(cause, f"ssh: {said}", hint=hint)
    return TargetError(
        Unreachable.PROTOCOL, f"ssh failed: {said or 'without a word'}", hint="try `ssh -v`"
    )
