"""The web servers' lexers, which run on the target, under every awk here; trees made of them."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from hipscan.collect.library import LIBRARY
from hipscan.probes.web import apache, apache_lines, nginx, nginx_lines

HERE = Path(__file__).parent
LEXERS = {"nginx": nginx_lines.LEX, "apache": apache_lines.LEX}
CASES = [
    pytest.param(server, case, id=f"{server}: {case['name']}")
    for server in LEXERS
    for case in yaml.safe_load((HERE / f"{server}_lines.yaml").read_text())
]
AWKS = [name for name in ("mawk", "gawk", "busybox", "original-awk") if shutil.which(name)]
PIECES = st.sampled_from(
    [*"ab \t\n;{}#\"'\\$</>", "<VirtualHost *:1>\n", "</VirtualHost>\n", "Listen 1\n", "http {\n"]
)


def lex(server: str, text: str, awk: str = AWKS[0]) -> list[str]:
    call = 'awk() { busybox awk "$@"; }\n' if awk == "busybox" else f'awk() {{ {awk} "$@"; }}\n'
    body = "F/x\n" + "".join(f":{line}\n" for line in text.split("\n")[:-1])
    script = f"{LIBRARY}{call}{LEXERS[server]}\nlex"
    done = subprocess.run(
        ["sh", "-c", script], input=body, capture_output=True, text=True, check=True
    )
    assert not done.stderr
    return done.stdout.splitlines()[1:]


@pytest.mark.parametrize("awk", AWKS)
@pytest.mark.parametrize(("server", "case"), CASES)
def test_lexer(server: str, case: dict[str, Any], awk: str) -> None:
    lines = [line[1:].replace("\t", "|") for line in lex(server, case["text"], awk)]
    assert lines == case["lines"]
    assert "canary" not in "".join(lines)


@settings(deadline=None)  # processes are started
@given(st.lists(PIECES, max_size=40).map("".join))
def test_what_the_lexers_print_can_always_be_parsed(text: str) -> None:
    lines = lex("nginx", text + "\n")
    assert nginx.parse("\n".join(["F/etc/nginx/nginx.conf", *lines]), 0)
    lines = lex("apache", text + "\n")
    assert apache.parse("\n".join(["F/etc/apache2/apache2.conf", *lines]), 0)


def test_nginx_includes_stand_where_they_are_named_and_loops_end() -> None:
    files = {
        "/etc/nginx/nginx.conf": ["1\t{\thttp", "2\t;\tinclude\tsites/*", "3\t}"],
        "/etc/nginx/sites/b": ["1\t{\tserver", "2\t;\tlisten\t2", "3\t}"],
        "/etc/nginx/sites/a": ["1\t{\tserver", "2\t}", "3\t}", "4\t;\tinclude\tsites/a"],
        "/etc/nginx/sites/deeper/c": ["1\t;\tlisten\t3"],
    }
    http = nginx_lines.read_tree("/etc/nginx/nginx.conf", files).all("http")[0]
    assert http.all("server")[0].file == "/etc/nginx/sites/a"
    assert http.all("server")[-1].file == "/etc/nginx/sites/b"


@pytest.mark.parametrize(
    ("given", "protocols"),
    [
        ("all -SSLv3", "TLSv1 TLSv1.1 TLSv1.2 TLSv1.3"),
        ("-all +TLSv1.2 +tlsv1.3", "TLSv1.2 TLSv1.3"),
        ("TLSv1.2", "TLSv1.2"),
        ("+TLSv1 TLSv1.2 +TLSv1.3", "TLSv1.2 TLSv1.3"),
        ("All -TLSv1 -TLSv1.1 -SSLv2 -SSLv3", "TLSv1.2 TLSv1.3"),
        ("nonsense", ""),
    ],
)
def test_ssl_protocol_arithmetic(given: str, protocols: str) -> None:
    assert apache.protocols_of(given.split()) == protocols.split()
