"""What the distribution's own ssh_config asks of everybody, which is no wish of this user.

    GSSAPIAuthentication yes                          Debian: nothing without a Kerberos ticket
    Ciphers aes256-gcm@openssh.com,aes256-ctr,...     Red Hat: the crypto policy of the machine

If these sent every target to the OpenSSH client, paramiko would never be used there. A list of
algorithms can be honoured in another way: paramiko uses nothing outside it.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from hipscan.model.target import Target
from hipscan.transport import ssh_config_client as client
from hipscan.transport.base import TrustOptions
from hipscan.transport.ssh_config_kerberos import has_ticket
from hipscan.transport.ssh_config_keywords import Answer

# Where distributions put it: most of them, and openSUSE.
FILES: Final = ("/etc/ssh/ssh_config", "/usr/etc/ssh/ssh_config")
_LISTS: Final = frozenset(
    {"Ciphers", "MACs", "KexAlgorithms", "HostKeyAlgorithms", "PubkeyAcceptedAlgorithms"}
)
_KERBEROS: Final = frozenset({"GSSAPIAuthentication", "GSSAPIKeyExchange"})


def shared_with_all(
    ssh: str, target: Target, options: TrustOptions, answer: Answer, beyond: tuple[str, ...]
) -> frozenset[str]:
    """Return those of `beyond` that only the system's file sets and paramiko can honour.

    A configuration named by the user replaces the system's, so all in it is the user's own.
    """
    asked = (_LISTS | _KERBEROS) & set(beyond)
    system = next((file for file in FILES if Path(file).exists()), None)
    if not asked or system is None or options.ssh_config is not None:
        return frozenset()
    everybodys = client.ask(ssh, target, options, config=system)
    shared = {name for name in asked if answer.get(name.lower()) == everybodys.get(name.lower())}
    return frozenset(shared - _KERBEROS if shared & _KERBEROS and has_ticket() else shared)


def restrictions(answer: Answer, shared: frozenset[str]) -> Mapping[str, tuple[str, ...]]:
    """Return the lists of algorithms among `shared`, by keyword in lower case."""
    names = sorted(name.lower() for name in shared & _LISTS)
    return {name: tuple(answer[name][0].split(",")) for name in names}
