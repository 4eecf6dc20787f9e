"""What hides secrets: the awk that runs on the target, and the second look when it is parsed."""

import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hipscan.probes.secrets import HIDE, seen

AWKS = [name for name in ("mawk", "gawk", "busybox", "original-awk") if shutil.which(name)]
LINES = [
    ("F/etc/redis/redis.conf", "F/etc/redis/redis.conf"),
    ("!denied /x", "!denied /x"),
    (":requirepass canary", ":requirepass hidden"),
    (':requirepass ""', ":requirepass "),
    (":masterauth canary", ":masterauth hidden"),
    (":user joe on >canary ~*", ":user hidden"),
    (":tls-key-file /etc/redis/x.key", ":tls-key-file /etc/redis/x.key"),
    (":tls-key-file-pass /canary", ":tls-key-file-pass hidden"),
    (":# password canary", ":"),
    (":  ; password = canary", ":"),
    (":minlen = 12 # canary", ":minlen = 12 #"),
    (":PASS_MAX_DAYS\t90", ":PASS_MAX_DAYS\t90"),
    (":Token=canary", ":Token=hidden"),
    (":DefaultEnvironment=A=canary B=canary", ":DefaultEnvironment=hidden"),
    (":url http://joe:canary@db/x", ":url http://hidden@db/x"),
    (":", ":"),
    (":enforce_for_root", ":enforce_for_root"),
]


@pytest.mark.parametrize("awk", AWKS)
def test_nothing_secret_leaves_the_target(awk: str) -> None:
    call = 'awk() { busybox awk "$@"; }' if awk == "busybox" else f'awk() {{ {awk} "$@"; }}'
    text = "".join(f"{line}\n" for line, _ in LINES)
    done = subprocess.run(
        ["sh", "-c", f"{call}\n{HIDE}\nhide"],
        input=text,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split("\n")[:-1] == [hidden for _, hidden in LINES]
    assert not done.stderr


@given(st.text(min_size=1))
def test_a_password_is_only_set_or_empty(value: str) -> None:
    assert seen("Requirepass", value) in ("set", "empty")
    assert seen("db-password", value) in ("set", "empty")
    assert seen("umask", value) == value


def test_a_key_may_say_where_it_lies() -> None:
    assert seen("ssl_key", "/etc/x.key") == "/etc/x.key"
    assert seen("ssl_key", "MIIEvg") == "set"
    assert seen("password_encryption", "md5") == "md5"
