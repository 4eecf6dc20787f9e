"""What to tell a person when sudo did not give us a root shell.

Judged first by what sudo did (asked, asked again, ended, with which exit status), which no language
setting changes; its English words only sharpen the message. Whatever it said is quoted.
"""

import re
from typing import Final

from hipscan import sanitize
from hipscan.errors import TargetError, Unreachable
from hipscan.model.secret import Secret

_SAID_MAX: Final = 300
_NOT_EXECUTABLE: Final = 126
_NOT_FOUND: Final = 127

# (what sudo, or the shell that looked for it, says; what it means; what to do next)
_KNOWN: Final = (
    (
        r"you must have a tty|terminal is required to run|no tty present and no askpass",
        "sudo wants a terminal (requiretty)",
        "add `Defaults:ACCOUNT !requiretty` to sudoers; hipscan never asks for a terminal",
    ),
    (
        r"not in the sudoers|may not run sudo|is not allowed to (execute|run)|not allowed to run",
        "sudo does not allow this account to run a shell as root",
        "allow it in sudoers, use --become pinned, or --become none for what can be read without",
    ),
    (
        r"command not found|sudo: not found|no such file|not recogni[sz]ed",
        "sudo is not installed on the target",
        "install sudo, log in as root, or use --become none",
    ),
    (
        r"no new privileges|effective uid is not 0|setuid|must be owned by uid 0",
        "sudo cannot become root there (not set-uid root, or its container forbids it)",
        "repair sudo on the target, log in as root, or use --become none",
    ),
    (
        r"(account|password).{0,40}(expired|locked|validation failure)",
        "sudo refuses the account: expired or locked",
        "renew the account on the target",
    ),
    (
        r"incorrect password attempt|authentication failure|sorry, try again",
        "sudo did not accept the password",
        "check the sudo password; hipscan tries it once only",
    ),
    (
        r"password is required",
        "sudo wants a password and could not ask for it",
        "give one with --ask-sudo-password or allow the account NOPASSWD in sudoers",
    ),
)


def _error(message: str, hint: str) -> TargetError:
    return TargetError(Unreachable.SUDO, message, hint=hint)


def password_line(password: Secret) -> bytes:
    """Return what is typed at sudo's prompt. Raises TargetError if it would be two lines."""
    text = password.reveal()
    if any(char in text for char in "\n\r\0"):
        raise _error("the sudo password holds a line break", "check the file it was read from")
    return text.encode("utf-8", "surrogateescape") + b"\n"


def wrong_password() -> TargetError:
    """Return the error for a second prompt."""
    return _error(
        "sudo did not accept the password", "check the sudo password; hipscan tries it once only"
    )


def password_required() -> TargetError:
    """Return the error for a prompt where no password was given."""
    return _error(
        "sudo asks for a password and none was given",
        "give one with --ask-sudo-password or allow the account NOPASSWD in sudoers",
    )


def silent(seconds: float, *, answered: bool) -> TargetError:
    """Return the error for a sudo that neither asks nor starts the shell."""
    when = "after the password" if answered else "before it asked for anything"
    return _error(
        f"sudo was silent for {seconds:g} s, {when}",
        "it may wait for a directory service, a token or a fingerprint; try `sudo -v` there",
    )


def ended(stderr: bytes, exit_status: int | None, *, answered: bool) -> TargetError:
    """Return the error for a command that ended before the root shell was there.

    `answered` tells whether the password had been sent.
    """
    said = _words(stderr)
    for pattern, message, hint in _KNOWN:
        if re.search(pattern, said, re.IGNORECASE):
            return _error(_quote(message, said), hint)
    if exit_status in {_NOT_FOUND, _NOT_EXECUTABLE}:
        _, message, hint = _KNOWN[2]
        return _error(_quote(message, said), hint)
    if answered:
        message = "sudo ended after the password: it is wrong, or the account is not allowed"
        return _error(_quote(message, said), "try `sudo -v` on the target with this account")
    status = "" if exit_status is None else f" with exit status {exit_status}"
    return _error(
        _quote(f"sudo ended{status} before the root shell was there", said),
        "try `sudo -v` on the target with this account",
    )


def _words(stderr: bytes) -> str:
    """Return the last words of `stderr` that fit a message, printable."""
    lines = [part.strip() for part in stderr.decode("utf-8", "replace").splitlines()]
    return sanitize.line(" / ".join(part for part in lines if part))[-_SAID_MAX:]


def _quote(message: str, said: str) -> str:
    return f"{message}; it said: {said}" if said else message
