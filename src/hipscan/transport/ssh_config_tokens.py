"""`~`, `%h` and `${NAME}` in file names of ssh_config, for those that `ssh -G` prints as written.

    IdentityFile ~/.ssh/%h-${TEAM}    ->    /home/ann/.ssh/web1.example.org-ops

Source: ssh_config(5), TOKENS and ENVIRONMENT VARIABLES. OpenSSH expands `~` first and takes the
home of the account, not $HOME.
"""

import hashlib
import os
import pwd
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Final

from hipscan.errors import TargetError, Unreachable

_TOKEN: Final = re.compile(r"%(.?)|\$\{(\w*)\}", re.DOTALL)


@lru_cache(maxsize=1)
def account() -> pwd.struct_passwd:
    """Return the account that runs hipscan, as the password database has it."""
    return pwd.getpwuid(os.getuid())


def home(name: str = "") -> str:
    """Return the home of `name`, by default of the account that runs hipscan."""
    return pwd.getpwnam(name).pw_dir if name else account().pw_dir


def expand_tilde(text: str) -> str:
    """Return `text` with a leading `~` or `~name` replaced; TargetError for an unknown name."""
    if not text.startswith("~"):
        return text
    name, slash, rest = text[1:].partition("/")
    try:
        return home(name) + slash + rest
    except KeyError as error:
        raise TargetError(
            Unreachable.UNSUPPORTED, f"ssh_config: {text}: there is no account {name!r}"
        ) from error


@dataclass(frozen=True)
class Tokens:
    """What the `%` tokens stand for: `host` as typed, the rest as the configuration resolves."""

    host: str
    hostname: str
    port: int
    user: str
    host_key_alias: str = ""
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)

    @cached_property
    def _values(self) -> Mapping[str, str]:
        local = socket.gethostname()
        whole = f"{local}{self.hostname}{self.port}{self.user}"
        return {
            "%": "%",
            "C": hashlib.sha1(whole.encode(), usedforsecurity=False).hexdigest(),
            "d": home(),
            "h": self.hostname,
            "i": str(os.getuid()),
            "k": self.host_key_alias or self.host,
            "L": local.split(".", 1)[0],
            "l": local,
            "n": self.host,
            "p": str(self.port),
            "r": self.user,
            "u": account().pw_name,
        }

    def path(self, text: str) -> Path:
        """Return the file that `text` names; TargetError for a token nobody can expand."""
        return Path(_TOKEN.sub(self._replacement, expand_tilde(text)))

    def _replacement(self, found: re.Match[str]) -> str:
        token, name = found[1], found[2]
        values = self._values if name is None else self.environment
        value = values.get(token if name is None else name)
        if value is None:
            raise TargetError(
                Unreachable.UNSUPPORTED,
                f"ssh_config: {found[0]} cannot be expanded",
                hint="write the file name out, or set the variable",
            )
        return value
